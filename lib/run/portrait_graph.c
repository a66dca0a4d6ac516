/* SPDX-License-Identifier: Apache-2.0 */
/* Steps and edges of a pipeline as a picture has them. */
#include <string.h>

#include "run/portrait.h"
#include "run/report/ranks.h"

static bool
is_cleanup(const incload__node *node)
{
    return node->values.cleanup_of != NULL || node->values.finish;
}

void
incload__portrait_kind(incload__portrait *portrait, const incload_step *step, int32_t number)
{
    static const char *const kinds[] = {
        [INCLOAD__STEP_LOAD] = "load",
        [INCLOAD__STEP_FUNCTION] = "function",
        [INCLOAD__STEP_BACKFILL] = "backfill",
    };
    const char *kind = step->load_count > 0 ? "group" : step->consumer != NULL ? "changes" : kinds[step->kind];

    const incload_step *load = step->kind == INCLOAD__STEP_LOAD ? step : incload__backfill_load(step);

    portrait->steps[number].kind = kind;
    if (load != NULL && load->load_count == 0)
        incload__portrait_tables(portrait, load, number);
}

/* When it runs, where that is not once all it waits for have succeeded. */
static void
put_rule(const incload__node_values *values, incload__str *out)
{
    if (values->cleanup_of != NULL)
        incload__str_addf(out, "cleanup of %s", values->cleanup_of);
    else if (values->finish)
        incload__str_add(out, "at the very end");
    else if (values->rule != 0)
        incload__options_get(&incload__pipeline_step_options, values, "rule", out);
}

static void
fill_step(incload__portrait *portrait, const incload__node *node, int32_t number)
{
    incload__picture_step *out = &portrait->steps[number];
    incload__str rule = INCLOAD__STR(portrait->mem);

    out->name = incload__portrait_keep(portrait, node->name);
    out->optional = node->values.optional;
    out->cleanup = is_cleanup(node);
    incload__portrait_kind(portrait, node->step, number);
    put_rule(&node->values, &rule);
    out->rule = incload__portrait_keep(portrait, incload__str_text(&rule));
    portrait->failed = portrait->failed || rule.failed;
    incload__str_free(&rule);
}

/* ---- edges ---- */

static void
add_edge(incload__portrait *portrait, int32_t from, int32_t to)
{
    int32_t count = portrait->picture.edge_count;

    if (from < 0 || to < 0)
        return;
    if ((count & (count - 1)) == 0) {
        size_t room = count > 0 ? 2 * (size_t)count : 1;
        incload__picture_edge *edges = incload__realloc(portrait->mem, portrait->edges, room * sizeof *edges);
        portrait->failed = portrait->failed || edges == NULL;
        if (edges == NULL)
            return;
        portrait->edges = edges;
        portrait->picture.edges = edges;
    }
    portrait->edges[portrait->picture.edge_count++] = (incload__picture_edge){ .from = from, .to = to };
}

/* Marks what comes after the marked steps, cleanups aside. */
static void
spread(const incload_pipeline *pipeline, const incload__picture *picture, const incload__ranks *order, bool *marked)
{
    for (int32_t i = 0; i < picture->step_count; i++) {
        int32_t step = order->steps[i];
        for (int32_t e = order->first[step]; marked[step] && e < order->first[step + 1]; e++) {
            int32_t to = picture->edges[order->out[e]].to;
            marked[to] = marked[to] || !is_cleanup(&pipeline->nodes[to]);
        }
    }
}

static bool
is_last(const incload_pipeline *pipeline, const incload__picture *picture, const incload__ranks *order, int32_t step)
{
    for (int32_t e = order->first[step]; e < order->first[step + 1]; e++) {
        if (!is_cleanup(&pipeline->nodes[picture->edges[order->out[e]].to]))
            return false;
    }
    return true;
}

/* A cleanup waits for all that comes after its setup, and the finish for everything: the last of them stand for the
 * rest. */
static void
add_cleanup(incload__portrait *portrait, const incload_pipeline *pipeline, const incload__ranks *order, int32_t index,
            bool *marked)
{
    const incload__node_values *values = &pipeline->nodes[index].values;

    for (int32_t i = 0; i < pipeline->node_count; i++)
        marked[i] = values->finish && i != index;
    if (values->cleanup_of != NULL)
        marked[incload__pipeline_find(pipeline, values->cleanup_of)] = true;
    spread(pipeline, &portrait->picture, order, marked);
    for (int32_t i = 0; i < pipeline->node_count; i++) {
        if (marked[i] && is_last(pipeline, &portrait->picture, order, i))
            add_edge(portrait, i, index);
    }
}

static int32_t
add_cleanups(incload__portrait *portrait, const incload_pipeline *pipeline, incload_error **err)
{
    incload__ranks order;
    int32_t status = incload__ranks_make(&order, portrait->mem, &portrait->picture, err);

    if (status != INCLOAD_OK)
        return status;
    bool *marked = incload__alloc_array(portrait->mem, (size_t)pipeline->node_count, sizeof *marked);
    for (int32_t i = 0; i < pipeline->node_count && marked != NULL; i++) {
        if (is_cleanup(&pipeline->nodes[i]))
            add_cleanup(portrait, pipeline, &order, i, marked);
    }
    status = marked != NULL ? INCLOAD_OK : incload__fail_memory(err);
    incload__free(portrait->mem, marked);
    incload__ranks_free(&order);
    return status;
}

int32_t
incload__portrait_graph(incload__portrait *portrait, const incload_pipeline *pipeline, int32_t more,
                        incload_error **err)
{
    incload__picture *picture = &portrait->picture;
    int32_t status = incload__portrait_steps(portrait, pipeline->node_count + more, err);

    if (status != INCLOAD_OK)
        return status;
    picture->name = incload__portrait_keep(portrait, pipeline->name);
    picture->step_count = pipeline->node_count;
    for (int32_t i = 0; i < pipeline->node_count; i++) {
        const incload__node *node = &pipeline->nodes[i];
        fill_step(portrait, node, i);
        for (int32_t j = 0; j < node->depends.count; j++)
            add_edge(portrait, incload__pipeline_find(pipeline, node->depends.items[j].name), i);
    }
    portrait->named_edges = picture->edge_count;
    return add_cleanups(portrait, pipeline, err);
}

/* Branches are numbered as the pipeline's graph numbers them: in the order in which edges were told, up to the most. */
static bool
is_closed(const incload__flow_node *from, int32_t branch)
{
    return from->short_circuit
           || (branch <= INCLOAD__GRAPH_MAX_BRANCH && (from->closed & (UINT64_C(1) << (branch - 1))) != 0);
}

void
incload__portrait_edges_of_run(incload__portrait *portrait, const incload__flow *flow, int32_t count)
{
    int32_t *used = incload__alloc_array(portrait->mem, (size_t)count, sizeof *used);

    portrait->failed = portrait->failed || used == NULL;
    for (int32_t i = 0; i < portrait->named_edges && used != NULL; i++) {
        incload__picture_edge *edge = &portrait->edges[i];
        edge->closed = is_closed(&flow->nodes[edge->from], ++used[edge->from]);
    }
    incload__free(portrait->mem, used);
    for (int32_t i = flow->pipeline->node_count; i < count; i++) {
        const incload__flow_node *node = &flow->nodes[i];
        for (int32_t j = 0; j < node->edge_count; j++)
            add_edge(portrait, node->edges[j].from < 0 ? i : node->edges[j].from,
                     node->edges[j].to < 0 ? i : node->edges[j].to);
    }
}
