/* SPDX-License-Identifier: Apache-2.0 */
#include "run/pipeline_spec.h"

#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "run/backfill.h"
#include "run/json.h"

void
incload__pipeline_spec_free(incload__pipeline_spec *spec)
{
    if (spec->mem == NULL)
        return;
    incload__str_free(&spec->text);
    incload__free(spec->mem, spec->steps);
    incload__free(spec->mem, spec->upstream);
    memset(spec, 0, sizeof *spec);
}

/* ---- what it is ---- */

static const char *
kind_of(const incload_step *step)
{
    if (step->kind == INCLOAD__STEP_FUNCTION)
        return step->consumer != NULL ? "changes" : "function";
    if (step->kind == INCLOAD__STEP_BACKFILL)
        return incload__backfill_load(step) != NULL ? "backfill of a load" : "backfill of a function";
    return incload__step_load_count(step) > 0 ? "group" : "load";
}

/* Retries, times, pools and the like may differ between two processes: they decide nothing of what is done. */
static void
describe(const incload__node *node, incload__str *out)
{
    incload__str_add(out, kind_of(node->step));
    if (node->step->kind != INCLOAD__STEP_FUNCTION)
        incload__str_addf(out, " '%s'", incload__step_name(node->step));
    for (int32_t i = 0; i < node->depends.count; i++)
        incload__str_addf(out, "%s'%s'", i == 0 ? " after " : ", ", node->depends.items[i].name);
    incload__str_add(out, " rule ");
    incload__options_get(&incload__pipeline_step_options, &node->values, "rule", out);
    if (node->values.least != 1)
        incload__str_addf(out, " %lld", (long long)node->values.least);
    if (node->values.cleanup_of != NULL)
        incload__str_addf(out, " cleans up '%s'", node->values.cleanup_of);
    incload__str_addf(out, "%s%s%s%s", node->values.optional ? " optional" : "", node->values.finish ? " finish" : "",
                      node->values.fails_run ? " fails_run" : "", node->condition != NULL ? " condition" : "");
}

static int32_t
write_text(incload__pipeline_spec *spec, const incload_pipeline *pipeline, incload_error **err)
{
    incload__str name = INCLOAD__STR(spec->mem), what = INCLOAD__STR(spec->mem);
    bool failed = false;

    incload__str_add_char(&spec->text, '{');
    incload__json_member(&spec->text, "pipeline", pipeline->name);
    for (int32_t i = 0; i < pipeline->node_count; i++) {
        incload__str_clear(&name);
        incload__str_clear(&what);
        incload__str_addf(&name, "step '%s'", pipeline->nodes[i].name);
        describe(&pipeline->nodes[i], &what);
        incload__json_member(&spec->text, incload__str_text(&name), incload__str_text(&what));
        /* It is forgotten when they are cleared. */
        failed = failed || name.failed || what.failed;
    }
    incload__str_add_char(&spec->text, '}');
    failed = failed || spec->text.failed;
    incload__str_free(&name);
    incload__str_free(&what);
    if (failed)
        return incload__fail_memory(err);
    XXH128_hash_t hash = XXH3_128bits(incload__str_text(&spec->text), spec->text.length);
    snprintf(spec->hash, sizeof spec->hash, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
    return INCLOAD_OK;
}

/* ---- its steps ---- */

/* Edges as one list of those that are waited for, each with who waits. */
typedef struct edges {
    int32_t *from;
    int32_t *to;
    int64_t count;
} edges;

static void
add_edge(edges *list, int32_t from, int32_t to)
{
    if (list->from != NULL && from != to) {
        list->from[list->count] = from;
        list->to[list->count] = to;
    }
    list->count += from != to;
}

/* What a resume has to know of: also that a setup whose product was cleaned up is to run again with what used it, and
 * that the finish step comes after all. Without room they are only counted. */
static void
walk_edges(const incload_pipeline *pipeline, edges *list)
{
    const incload__graph *graph = incload__graph_names_graph(pipeline->graph);

    list->count = 0;
    for (int32_t i = 0; i < pipeline->node_count; i++) {
        const int32_t *behind = NULL;
        int32_t count = incload__graph_successors(graph, i, &behind);
        for (int32_t j = 0; j < count; j++) {
            const incload__node_values *values = &pipeline->nodes[behind[j]].values;
            add_edge(list, i, behind[j]);
            if (values->cleanup_of != NULL)
                add_edge(list, i, incload__pipeline_find(pipeline, values->cleanup_of));
        }
    }
    for (int32_t i = 0; i < pipeline->node_count; i++) {
        for (int32_t j = 0; j < pipeline->node_count && pipeline->nodes[i].values.finish; j++)
            add_edge(list, j, i);
    }
}

static void
spread_edges(incload__pipeline_spec *spec, const edges *list)
{
    int64_t at = 0;

    for (int64_t i = 0; i < list->count; i++)
        spec->steps[list->to[i]].upstream_count++;
    for (int32_t i = 0; i < spec->count; i++) {
        spec->steps[i].upstream = spec->upstream + at;
        at += spec->steps[i].upstream_count;
        spec->steps[i].upstream_count = 0;
    }
    for (int64_t i = 0; i < list->count; i++) {
        incload__step_plan *step = &spec->steps[list->to[i]];
        ((int64_t *)(uintptr_t)step->upstream)[step->upstream_count++] = list->from[i];
    }
}

static int32_t
fill_steps(incload__pipeline_spec *spec, const incload_pipeline *pipeline, incload_error **err)
{
    edges list = { NULL, NULL, 0 };
    int32_t status = INCLOAD_OK;

    walk_edges(pipeline, &list);
    size_t room = (size_t)list.count + 1;
    list.from = incload__alloc_array(spec->mem, room, sizeof *list.from);
    list.to = incload__alloc_array(spec->mem, room, sizeof *list.to);
    spec->upstream = incload__alloc_array(spec->mem, room, sizeof *spec->upstream);
    spec->steps = incload__alloc_array(spec->mem, (size_t)pipeline->node_count, sizeof *spec->steps);
    if (list.from == NULL || list.to == NULL || spec->upstream == NULL || spec->steps == NULL) {
        status = incload__fail_memory(err);
    } else {
        spec->count = pipeline->node_count;
        for (int32_t i = 0; i < spec->count; i++) {
            const incload__node *node = &pipeline->nodes[i];
            spec->steps[i] =
                (incload__step_plan){ .seq = i,
                                      .name = node->name,
                                      .input_hash = "",
                                      .code_version = node->values.version != NULL ? node->values.version : "" };
        }
        walk_edges(pipeline, &list);
        spread_edges(spec, &list);
    }
    incload__free(spec->mem, list.from);
    incload__free(spec->mem, list.to);
    return status;
}

int32_t
incload__pipeline_spec_init(incload__pipeline_spec *spec, const incload_pipeline *pipeline, incload_error **err)
{
    const incload__mem *mem = &pipeline->env->mem;

    memset(spec, 0, sizeof *spec);
    spec->mem = mem;
    spec->text = (incload__str)INCLOAD__STR(mem);
    int32_t status = write_text(spec, pipeline, err);
    return status == INCLOAD_OK ? fill_steps(spec, pipeline, err) : status;
}
