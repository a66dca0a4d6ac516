/* SPDX-License-Identifier: Apache-2.0 */
/* A step that is a function of the host, and what such a function may ask of the unit it was given. */
#include <string.h>

#include "base/nearest.h"
#include "base/utf8.h"
#include "run/flow.h"
#include "sched/context.h"

enum { MOST_RESULT = 65536, LONGEST_NAME = 180 };

incload_step *
incload__step_bare(int32_t kind, const char *name, incload_unit_fn work, void *work_data,
                   incload_destroy_fn work_destroy, incload_error **err)
{
    const incload__mem *mem = &incload__mem_libc;
    int32_t status = incload__entered_with(err);
    incload_step *step = status == INCLOAD_OK ? incload__alloc(mem, sizeof *step) : NULL;

    if (step == NULL) {
        if (status == INCLOAD_OK)
            incload__fail_memory(err);
        if (work_destroy != NULL)
            work_destroy(work_data);
        return NULL;
    }
    atomic_init(&step->refs, 1);
    atomic_init(&step->frozen, false);
    step->kind = kind;
    step->mem = mem;
    step->work = work;
    step->work_data = work_data;
    step->work_destroy = work_destroy;
    step->target_table = incload__strdup(mem, name);
    if (step->target_table == NULL)
        incload__fail_memory(err);
    if (step->target_table == NULL
        || incload__options_init(&incload__step_options, mem, &step->values, err) != INCLOAD_OK) {
        incload_step_unref(step);
        return NULL;
    }
    return step;
}

incload_step *
incload_step_new_function(incload_unit_fn function, void *user_data, incload_destroy_fn destroy, incload_error **err)
{
    return incload__step_bare(INCLOAD__STEP_FUNCTION, "function", function, user_data, destroy, err);
}

int32_t
incload_step_set_context(incload_step *step, incload_context *context, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (step == NULL || context == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the step and the context must not be NULL");
    if (incload__step_is_load(step) || incload__backfill_load(step) != NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED, "the events of a load go to the context of its target");
    if (atomic_load(&step->frozen))
        return incload__fail(err, INCLOAD_E_STATE, "the step was started: make a new one to change it");
    incload_context *before = step->context;
    step->context = incload_context_ref(context);
    incload_context_unref(before);
    return INCLOAD_OK;
}

incload_context *
incload__step_context(const incload_step *step)
{
    const incload_step *load = incload__backfill_load(step);

    if (load == NULL && step->kind == INCLOAD__STEP_LOAD)
        load = step;
    return load != NULL ? incload__database_context(load->target) : step->context;
}

/* ---- of a unit at work ---- */

static incload__flow_unit *
at_work(const incload_unit *unit)
{
    return unit != NULL ? unit->owner : NULL;
}

int32_t
incload_unit_again_in(incload_unit *unit, int64_t delay_ms)
{
    if (at_work(unit) == NULL || delay_ms < 0 || delay_ms > INT64_MAX / 1000)
        return INCLOAD_E_INVALID;
    at_work(unit)->again_us = delay_ms * 1000;
    return INCLOAD_OK;
}

int32_t
incload_unit_beat(incload_unit *unit)
{
    if (at_work(unit) != NULL && incload__sched_beat(at_work(unit)->flow->sched, at_work(unit)->token) != INCLOAD_OK)
        return 1;
    return incload_unit_is_cancelled(unit);
}

int32_t
incload_unit_add_rows(incload_unit *unit, int64_t rows_read, int64_t rows_written)
{
    if (unit == NULL || rows_read < 0 || rows_written < 0)
        return INCLOAD_E_INVALID;
    atomic_fetch_add(&unit->rows_read, rows_read);
    atomic_fetch_add(&unit->rows_written, rows_written);
    return INCLOAD_OK;
}

int64_t
incload_unit_low(const incload_unit *unit)
{
    return at_work(unit) != NULL && at_work(unit)->backfill.range != NULL ? at_work(unit)->backfill.part.parts[0].lo
                                                                          : 0;
}

int64_t
incload_unit_high(const incload_unit *unit)
{
    return at_work(unit) != NULL && at_work(unit)->backfill.range != NULL ? at_work(unit)->backfill.part.parts[0].hi
                                                                          : 0;
}

const char *
incload_unit_key(const incload_unit *unit)
{
    const incload__flow_unit *of = at_work(unit);

    for (int32_t i = 0; of != NULL && of->backfill.range != NULL && i < incload__range_axes(of->backfill.range); i++) {
        if (of->backfill.part.parts[i].key != NULL)
            return of->backfill.part.parts[i].key;
    }
    return "";
}

int32_t
incload_unit_set_result(incload_unit *unit, const void *data, size_t size, incload_error **err)
{
    INCLOAD_ENTER(err);
    incload__flow_unit *of = at_work(unit);
    if (of == NULL || (data == NULL && size > 0))
        return incload__fail(err, INCLOAD_E_INVALID, "a result is left by a unit of a pipeline, and has data");
    if (of->backfill.range != NULL || of->child != NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED, "only the unit of a function leaves a result");
    if (size > MOST_RESULT)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "a result has at most %d bytes, not %llu: leave the data in a table or file, and its name "
                             "as the result",
                             MOST_RESULT, (unsigned long long)size);
    const incload__mem *mem = &of->flow->env->mem;
    char *copy = incload__alloc(mem, size + 1);
    if (copy == NULL)
        return incload__fail_memory(err);
    if (size > 0)
        memcpy(copy, data, size);
    incload__free(mem, of->result);
    of->result = copy;
    of->result_size = size;
    return INCLOAD_OK;
}

/* The number of a step of the run, added ones included; -1. */
static int32_t
find_step(const incload__flow *flow, const char *name)
{
    int32_t found = incload__pipeline_find(flow->pipeline, name), count = atomic_load(&flow->count);

    for (int32_t i = flow->pipeline->node_count; i < count && found < 0; i++) {
        if (strcmp(flow->nodes[i].name, name) == 0)
            found = i;
    }
    return found;
}

const void *
incload_unit_input(const incload_unit *unit, const char *step_name, size_t *size)
{
    int32_t node = at_work(unit) != NULL && step_name != NULL ? find_step(at_work(unit)->flow, step_name) : -1;

    if (size != NULL)
        *size = 0;
    if (node < 0)
        return NULL;
    const incload__flow *flow = at_work(unit)->flow;
    const void *found = incload_run_step_result(flow->run, node, size);
    if (found != NULL)
        return found;
    /* Another thread may be about to keep it. */
    incload__sched_settle(flow->sched);
    return incload_run_step_result(flow->run, node, size);
}

/* Edges are numbered in the order in which their steps were added, see pipeline_graph.c. */
static int32_t
branch_between(const incload_pipeline *pipeline, const char *from, const char *to)
{
    int32_t branch = 0;

    for (int32_t i = 0; i < pipeline->node_count; i++) {
        const incload__node *node = &pipeline->nodes[i];
        for (int32_t j = 0; j < node->depends.count; j++) {
            if (strcmp(node->depends.items[j].name, from) != 0)
                continue;
            branch++;
            if (strcmp(node->name, to) == 0)
                return branch;
        }
    }
    return 0;
}

int32_t
incload_unit_leave_out(incload_unit *unit, const char *step_name, incload_error **err)
{
    INCLOAD_ENTER(err);
    incload__flow_unit *of = at_work(unit);
    if (of == NULL || step_name == NULL || of->child != NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "a function in a pipeline leaves out a step by its name");
    int32_t branch = branch_between(of->flow->pipeline, of->flow->nodes[of->node].name, step_name);
    if (branch == 0 || branch > INCLOAD__GRAPH_MAX_BRANCH)
        return incload__fail(err, INCLOAD_E_NOT_FOUND, "'%.64s' is none of the first %d steps that wait for '%.64s'",
                             step_name, INCLOAD__GRAPH_MAX_BRANCH, of->flow->nodes[of->node].name);
    of->closed |= UINT64_C(1) << (branch - 1);
    return INCLOAD_OK;
}

/* ---- steps that are added on the way ---- */

static int32_t
check_added(const incload__flow_unit *of, const char *name, const incload_step *step, incload_error **err)
{
    if (of == NULL || of->backfill.range != NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "steps are added by the unit of a step that is no backfill");
    if (of->flow->pipeline->ledger != NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "a pipeline with a ledger takes no steps on the way: other processes that take part in "
                             "its run could not know them");
    if (step == NULL || name == NULL || name[0] == '\0' || strlen(name) > LONGEST_NAME
        || !incload__utf8_valid(name, strlen(name)))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "an added step needs a name of 1 to %d bytes, and must not be NULL", LONGEST_NAME);
    if (step->kind == INCLOAD__STEP_BACKFILL)
        return incload__fail(err, INCLOAD_E_INVALID, "backfill '%.64s' cannot be added to a run", name);
    if (step->kind == INCLOAD__STEP_FUNCTION && step->work == NULL && of->flow->values.parallel > 0)
        return incload__fail(err, INCLOAD_E_INVALID, "step '%.64s' has no function", name);
    return INCLOAD_OK;
}

/* Without the lock: the place is not looked at before the count says that it is there. */
static int32_t
fill_added(incload__flow *flow, int32_t index, const char *name, incload_step *step, incload_error **err)
{
    incload__flow_node *node = &flow->nodes[index];
    incload__run_values values = { .retries = 3, .retry_delay = 500, .retry_max_delay = 30000 };
    const incload__env *env =
        incload__step_is_load(step) ? incload__database_env(incload__step_target(step)) : flow->env;

    memset(node, 0, sizeof *node);
    node->name = incload__strdup(&flow->env->mem, name);
    node->run = incload__run_bare(env, flow->run->context, step, name, &values, err);
    if (node->name == NULL || node->run == NULL) {
        incload__free(&flow->env->mem, node->name);
        if (node->run != NULL)
            incload__run_free(node->run);
        return incload__fail_memory(err);
    }
    node->step = incload_step_ref(step);
    incload__step_freeze(step);
    node->run->parent = flow->run;
    node->run->flow = flow;
    node->run->node = index;
    return INCLOAD_OK;
}

static void
take_back(incload__flow *flow, int32_t index)
{
    incload__flow_node *node = &flow->nodes[index];

    incload__run_free(node->run);
    incload__free(&flow->env->mem, node->name);
    incload__free(&flow->env->mem, node->edges);
    incload_step_unref(node->step);
    memset(node, 0, sizeof *node);
}

static int32_t
edges_to(const incload__flow_unit *of, const incload__list *before, incload__sched_added_edge *edges,
         incload_error **err)
{
    edges[0] = (incload__sched_added_edge){ of->node, -1 };
    for (int32_t i = 0; i < before->count; i++) {
        int32_t to = find_step(of->flow, before->items[i].name);
        if (to < 0)
            return incload__fail(err, INCLOAD_E_NOT_FOUND, "the run has no step '%.64s'", before->items[i].name);
        edges[i + 1] = (incload__sched_added_edge){ -1, to };
    }
    return INCLOAD_OK;
}

/* For pictures, which go without when there is no memory. */
static void
keep_edges(incload__flow *flow, int32_t index, const incload__sched_added_edge *edges, int32_t count)
{
    incload__flow_node *node = &flow->nodes[index];

    node->edges = incload__alloc_array(&flow->env->mem, (size_t)count, sizeof *edges);
    if (node->edges == NULL)
        return;
    memcpy(node->edges, edges, (size_t)count * sizeof *edges);
    node->edge_count = count;
}

/* One at a time: the scheduler numbers steps as they come. */
static int32_t
add_to_run(incload__flow_unit *of, const char *name, incload_step *step, const incload__list *before,
           incload__sched_added_edge *edges, incload_error **err)
{
    incload__flow *flow = of->flow;
    incload__node_spec spec = { .policy = flow->pipeline->node_count, .weight = 1 };

    pthread_mutex_lock(&flow->adding);
    int32_t index = atomic_load(&flow->count), status = edges_to(of, before, edges, err);
    if (status == INCLOAD_OK && find_step(flow, name) >= 0)
        status = incload__fail(err, INCLOAD_E_EXISTS, "the run has a step '%.64s' already", name);
    if (status == INCLOAD_OK && index == flow->capacity)
        status = incload__fail(err, INCLOAD_E_STATE, "more steps than the run's option max_added allows");
    if (status == INCLOAD_OK)
        status = fill_added(flow, index, name, step, err);
    if (status == INCLOAD_OK) {
        keep_edges(flow, index, edges, before->count + 1);
        /* It may start at once. */
        atomic_store(&flow->count, index + 1);
        int32_t added = incload__sched_add(flow->sched, of->token, &spec, 1, edges, before->count + 1);
        if (added < 0) {
            atomic_store(&flow->count, index);
            take_back(flow, index);
            status =
                incload__fail(err, added,
                              "step '%.64s' cannot be added: those it goes before must come after '%.64s' and wait "
                              "still",
                              name, flow->nodes[of->node].name);
        }
    }
    pthread_mutex_unlock(&flow->adding);
    return status;
}

int32_t
incload_unit_add_step(incload_unit *unit, const char *name, incload_step *step, const char *before, incload_error **err)
{
    incload__list list;

    INCLOAD_ENTER(err);
    incload__flow_unit *of = at_work(unit);
    int32_t status = check_added(of, name, step, err);
    if (status != INCLOAD_OK)
        return status;
    const incload__mem *mem = &of->flow->env->mem;
    memset(&list, 0, sizeof list);
    status = incload__names_parse(mem, before, &list, err);
    if (status != INCLOAD_OK)
        return status;
    incload__sched_added_edge *edges = incload__alloc_array(mem, (size_t)list.count + 1, sizeof *edges);
    status = edges != NULL ? add_to_run(of, name, step, &list, edges, err) : incload__fail_memory(err);
    incload__free(mem, edges);
    incload__list_free(&list);
    return status;
}
