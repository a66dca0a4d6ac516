/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a pipeline as the scheduler takes them. */
#include <string.h>

#include "run/backfill.h"
#include "run/pipeline.h"

/* ---- names with blanks or commas between ---- */

static bool
is_between(char letter)
{
    return letter == ' ' || letter == ',' || letter == '\t' || letter == '\n';
}

/* The list of options has commas between: what came with blanks is written in its form. */
static void
rewrite(const char *text, incload__str *out)
{
    bool quoted = false;

    for (; *text != '\0'; text++) {
        if (*text == '"')
            quoted = !quoted;
        if (quoted || !is_between(*text)) {
            incload__str_addf(out, "%c", *text);
            continue;
        }
        while (is_between(text[1]))
            text++;
        if (out->length > 0 && text[1] != '\0')
            incload__str_add(out, ",");
    }
}

int32_t
incload__names_parse(const incload__mem *mem, const char *text, incload__list *out, incload_error **err)
{
    incload__str list = INCLOAD__STR(mem);

    rewrite(text != NULL ? text : "", &list);
    int32_t status = list.failed ? incload__fail_memory(err)
                                 : incload__list_parse(mem, "depends_on", incload__str_text(&list), out, err);
    incload__str_free(&list);
    return status;
}

/* ---- the graph ---- */

static int32_t
flags_of(const incload__node *node)
{
    return (node->values.optional ? INCLOAD__NODE_OPTIONAL : 0)
           | (node->values.cleanup_of != NULL ? INCLOAD__NODE_CLEANUP : 0)
           | (node->values.finish ? INCLOAD__NODE_FINISH : 0) | (node->values.fails_run ? INCLOAD__NODE_COUNTS : 0)
           | (node->step->kind == INCLOAD__STEP_BACKFILL ? INCLOAD__NODE_SOURCE : 0);
}

static int32_t
add_node(const incload_pipeline *pipeline, int32_t index, incload__graph_names *graph, incload_error **err)
{
    const incload__node *node = &pipeline->nodes[index];
    incload__node_spec spec = {
        .flags = flags_of(node),
        .priority = (int32_t)node->values.priority,
        .weight = (int32_t)node->values.weight,
        .policy = index,
        .rule = { .kind = node->values.rule, .least = (int32_t)node->values.least },
    };
    int32_t status = INCLOAD_OK;

    if (node->values.cleanup_of != NULL) {
        spec.setup = incload__pipeline_find(pipeline, node->values.cleanup_of);
        if (spec.setup < 0) {
            /* An edge from a name that there is not is told with the rest of what is wrong. */
            spec.flags &= ~INCLOAD__NODE_CLEANUP;
            status = incload__graph_names_edge(graph, node->values.cleanup_of, node->name, 0);
        }
    }
    if (status == INCLOAD_OK)
        status = incload__graph_names_add(graph, node->name, &spec);
    return status < 0 ? incload__fail_memory(err) : INCLOAD_OK;
}

/* How many steps were told before `index` to wait for that one: its edges are numbered, so that its unit can close one
 * of them. Those past the last number cannot be closed. */
static int32_t
branch_of(int32_t *used, int32_t from)
{
    if (from < 0 || used[from] == INCLOAD__GRAPH_MAX_BRANCH)
        return 0;
    return ++used[from];
}

static int32_t
add_edges(const incload_pipeline *pipeline, incload__graph_names *graph, incload_error **err)
{
    const incload__mem *mem = &pipeline->env->mem;
    int32_t *used = incload__alloc_array(mem, (size_t)pipeline->node_count + 1, sizeof *used);
    int32_t status = used != NULL ? INCLOAD_OK : INCLOAD_E_NO_MEMORY;

    for (int32_t i = 0; i < pipeline->node_count && status == INCLOAD_OK; i++) {
        const incload__node *node = &pipeline->nodes[i];
        for (int32_t j = 0; j < node->depends.count && status == INCLOAD_OK; j++) {
            const char *from = node->depends.items[j].name;
            int32_t branch = branch_of(used, incload__graph_names_find(graph, from));
            status = incload__graph_names_edge(graph, from, node->name, branch);
        }
    }
    incload__free(mem, used);
    return status != INCLOAD_OK ? incload__fail_memory(err) : INCLOAD_OK;
}

static int32_t
check_pools(const incload_pipeline *pipeline, incload_error **err)
{
    for (int32_t i = 0; i < pipeline->node_count; i++) {
        const incload__node *node = &pipeline->nodes[i];
        int32_t slots = 0;
        for (int32_t j = 0; j < pipeline->pool_count && node->values.pool != NULL; j++) {
            if (strcmp(pipeline->pools[j].name, node->values.pool) == 0)
                slots = pipeline->pools[j].slots;
        }
        if (node->values.pool != NULL && slots == 0)
            return incload__fail(err, INCLOAD_E_INVALID,
                                 "step '%.64s' of pipeline '%.64s' needs pool '%.64s', which there is not: add it",
                                 node->name, pipeline->name, node->values.pool);
        if (node->values.pool != NULL && node->values.pool_slots > slots)
            return incload__fail(
                err, INCLOAD_E_INVALID, "step '%.64s' of pipeline '%.64s' needs %d slots of pool '%.64s', which has %d",
                node->name, pipeline->name, (int)node->values.pool_slots, node->values.pool, (int)slots);
    }
    return INCLOAD_OK;
}

int32_t
incload__pipeline_build(const incload_pipeline *pipeline, incload__graph_names **out, incload_error **err)
{
    incload__str what = INCLOAD__STR(&pipeline->env->mem);
    int32_t status = check_pools(pipeline, err);

    *out = NULL;
    if (status == INCLOAD_OK && pipeline->node_count == 0)
        status = incload__fail(err, INCLOAD_E_INVALID, "pipeline '%.64s' has no steps: add some", pipeline->name);
    if (status != INCLOAD_OK)
        return status;
    incload__graph_names *graph = incload__graph_names_new(&pipeline->env->mem);
    if (graph == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < pipeline->node_count && status == INCLOAD_OK; i++)
        status = add_node(pipeline, i, graph, err);
    if (status == INCLOAD_OK)
        status = add_edges(pipeline, graph, err);
    incload__str_addf(&what, "pipeline '%.64s'", pipeline->name);
    if (status == INCLOAD_OK && what.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = incload__graph_names_freeze(graph, incload__str_text(&what), err);
    incload__str_free(&what);
    if (status == INCLOAD_OK)
        *out = graph;
    else
        incload__graph_names_free(graph);
    return status;
}

void
incload__pipeline_policy(const incload__node_values *values, const incload_step *step, int32_t gate,
                         incload__sched_policy *out)
{
    int64_t retries = values->retries, delay = values->retry_delay, longest = values->retry_max_delay;

    memset(out, 0, sizeof *out);
    incload__backfill_retries(step, &retries, &delay, &longest);
    out->gate = gate;
    /* A load tries again by itself: it knows what it has to look after before it does. */
    out->attempts = incload__step_is_load(step) || retries < 0 ? 1 : 1 + (int32_t)retries;
    out->retry = (incload__retry_rule){ .base_us = delay * 1000, .cap_us = longest * 1000 };
    out->throttled = (incload__retry_rule){ .base_us = 1000000, .cap_us = 60000000 };
    out->throttled_budget_us = 3600000000;
    out->attempt_us = values->timeout * 1000;
    out->total_us = values->total_timeout * 1000;
    out->queue_us = values->queue_timeout * 1000;
    out->heartbeat_us = values->heartbeat * 1000;
    out->grace_us = values->grace * 1000;
}
