/* SPDX-License-Identifier: Apache-2.0 */
/* From a pipeline to a run of it, and to the run's end. */
#include "run/flow.h"

#include <stdio.h>
#include <string.h>

#include "run/backfill_past.h"
#include "run/consumer.h"
#include "run/flow_ledger.h"
#include "sched/context.h"

enum { USUAL_THREADS = 4, LONGEST_KEY = 180 };

static const incload__option flow_option_list[] = {
    { "parallel", INCLOAD_OPTION_INTEGER, offsetof(incload__flow_values, parallel), "-1", -1, 1000, "threads", "",
      "0.1",
      "How many threads of the library run units. 0: threads of the host do, see incload_run_participate() and "
      "incload_run_next_unit(). -1 is 4, and for a backfill alone as many as its own option parallel." },
    { "timeout", INCLOAD_OPTION_DURATION, offsetof(incload__flow_values, timeout), "0", 0, 2592000000, "ms", "", "0.1",
      "How long the run may take; 0 sets no limit. When it is over, running SQL is interrupted and what has not "
      "started does not." },
    { "max_added", INCLOAD_OPTION_INTEGER, offsetof(incload__flow_values, max_added), "1000", 0, 60000, "steps", "",
      "0.1", "How many steps its units may add while it runs." },
    { "paused", INCLOAD_OPTION_BOOLEAN, offsetof(incload__flow_values, paused), "false", 0, 0, "", "", "0.1",
      "Starts nothing before incload_run_continue()." },
    { "run_key", INCLOAD_OPTION_TEXT, offsetof(incload__flow_values, run_key), "", 0, 0, "", "", "0.1",
      "Names the run where a ledger keeps it: who runs the same with the same key, in whichever process, joins that "
      "run and returns with its end, at once if it has ended. Without one each run is a new one. At most 180 bytes." },
    { "lease", INCLOAD_OPTION_DURATION, offsetof(incload__flow_values, lease), "30s", 100, 86400000, "ms", "", "0.1",
      "Where a ledger keeps the run: after so long without a sign of life from a process its units go to others." },
};

const incload__option_table incload__flow_options = INCLOAD__OPTION_TABLE("pipeline_run", flow_option_list);

/* ---- what the scheduler calls ---- */

/* A unit that could not be begun. */
static void
name_outcome(const incload_error *failure, incload__sched_outcome *outcome)
{
    int32_t code = incload_error_code(failure);

    *outcome =
        (incload__sched_outcome){ .kind = code == INCLOAD_E_BUSY ? INCLOAD__OUTCOME_SKIP : INCLOAD__OUTCOME_FAILED,
                                  .code = code != INCLOAD_OK ? code : INCLOAD_E_NO_MEMORY };
}

static void
work(void *data, const incload__sched_unit *given, incload__sched_outcome *outcome)
{
    incload__flow *flow = data;
    incload_error *failure = NULL;
    incload__flow_verdict verdict = incload__flow_ledger_ask(flow, given->node, outcome, &failure);

    if (verdict == INCLOAD__FLOW_WAIT)
        return;
    incload_error *unopened = NULL;
    incload__flow_unit *unit = incload__flow_unit_open(flow, given, &unopened);
    if (unit == NULL) {
        name_outcome(unopened, outcome);
        incload_error_unref(unopened);
        incload_error_unref(failure);
        return;
    }
    if (verdict == INCLOAD__FLOW_WORK)
        incload__flow_unit_work(unit, outcome);
    else
        incload__flow_ledger_settle(unit, verdict, failure, outcome);
    incload__flow_attempt_over(unit, given->token, outcome);
    incload__flow_unit_unref(unit);
}

static void
told_to_stop(void *data, const incload__sched_unit *given, int32_t reason)
{
    incload__flow_unit *unit = incload__flow_unit_find(data, given->token);

    if (unit == NULL)
        return;
    incload__flow_unit_stop(unit, reason != INCLOAD__REASON_CANCELLED && reason != INCLOAD__REASON_RUN_CANCELLED);
    incload__flow_unit_unref(unit);
}

/* ---- making ---- */

static void
stop_units(void *data, int64_t worker_no, bool one_writer)
{
    incload__flow_unit_stop_all(data, worker_no, one_writer);
}

/* The key of a backfill's run: of one that is run alone the host's, within a pipeline's run that and its name. */
static int32_t
name_run(const incload__flow *flow, incload__flow_node *node, incload_error **err)
{
    const char *key = flow->values.run_key;
    incload__str text = INCLOAD__STR(&flow->env->mem);

    /* It is filled in when the pipeline's own run is known. */
    if (flow->pipeline->ledger != NULL) {
        node->run_key = incload__alloc(&flow->env->mem, LONGEST_KEY + 1);
        return node->run_key != NULL ? INCLOAD_OK : incload__fail_memory(err);
    }
    if (key == NULL)
        return INCLOAD_OK;
    incload__str_add(&text, key);
    if (!flow->pipeline->single)
        incload__str_addf(&text, "/%s", node->name);
    if (text.length > LONGEST_KEY) {
        incload__str_free(&text);
        return incload__fail(err, INCLOAD_E_INVALID,
                             "option run_key: with the name of the step it has at most %d bytes", LONGEST_KEY);
    }
    node->run_key = incload__str_take(&text);
    return node->run_key != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

/* A backfill that runs alone is one run, here and in the ledger: of one that was joined the host is told that one's. */
static void
name_single(void *data, const char *run_id)
{
    const incload__flow_node *node = data;
    incload__flow *flow = node->run->flow;

    if (!flow->pipeline->single || strcmp(run_id, flow->run->id) == 0)
        return;
    snprintf(flow->joined_id, sizeof flow->joined_id, "%s", run_id);
    atomic_store(&flow->run->told_id, flow->joined_id);
}

static int32_t
add_walk(incload__flow *flow, incload__flow_node *node, incload_error **err)
{
    int32_t status = name_run(flow, node, err);

    if (status != INCLOAD_OK)
        return status;
    incload__backfill_place place = { .run_key = node->run_key,
                                      .run_id = flow->pipeline->single ? flow->run->id : NULL,
                                      .lease_ms = flow->values.lease,
                                      .named = name_single,
                                      .stop = stop_units,
                                      .data = node };
    node->walk = incload__backfill_walk_new(flow->env, node->step, &place, err);
    return node->walk != NULL ? INCLOAD_OK : INCLOAD_E_NO_MEMORY;
}

static int32_t
add_step(incload__flow *flow, int32_t index, incload_error **err)
{
    const incload__node *as = &flow->pipeline->nodes[index];
    incload__flow_node *node = &flow->nodes[index];
    incload__run_values values = { .retries = as->values.retries >= 0 ? as->values.retries : 3,
                                   .retry_delay = as->values.retry_delay,
                                   .retry_max_delay = as->values.retry_max_delay };
    bool load = incload__step_is_load(as->step);
    const incload__env *env = load ? incload__database_env(incload__step_target(as->step)) : flow->env;

    node->as = as;
    node->step = as->step;
    node->name = as->name;
    node->run = incload__run_bare(env, flow->run->context, as->step, as->name, &values, err);
    if (node->run == NULL)
        return INCLOAD_E_NO_MEMORY;
    node->run->parent = flow->run;
    node->run->flow = flow;
    node->run->node = index;
    atomic_store(&flow->count, index + 1);
    return as->step->kind == INCLOAD__STEP_BACKFILL ? add_walk(flow, node, err) : INCLOAD_OK;
}

static void
fill_gate(const incload_pipeline *pipeline, int32_t index, incload__sched_gate *gate)
{
    const incload__node_values *values = &pipeline->nodes[index].values;

    memset(gate, 0, sizeof *gate);
    for (int32_t i = 0; i < pipeline->pool_count && values->pool != NULL; i++) {
        if (strcmp(pipeline->pools[i].name, values->pool) == 0) {
            gate->pools[0] = i;
            gate->weights[0] = (int32_t)values->pool_slots;
        }
    }
}

typedef struct parts {
    incload__sched_pool *pools;
    incload__sched_gate *gates;
    incload__sched_policy *policies;
    incload__sched_source *sources;
    int32_t source_count;
} parts;

static void
fill_parts(const incload__flow *flow, parts *p)
{
    static const incload__node_values usual = { .retries = -1, .retry_delay = 500, .retry_max_delay = 30000 };
    const incload_pipeline *pipeline = flow->pipeline;

    for (int32_t i = 0; i < pipeline->pool_count; i++)
        p->pools[i] = (incload__sched_pool){ pipeline->pools[i].name, pipeline->pools[i].slots };
    for (int32_t i = 0; i < pipeline->node_count; i++) {
        const incload__node *node = &pipeline->nodes[i];
        fill_gate(pipeline, i, &p->gates[i]);
        incload__pipeline_policy(&node->values, node->step, i, &p->policies[i]);
        if (flow->nodes[i].walk == NULL)
            continue;
        incload__backfill_source(node->step, flow->nodes[i].walk, i, &p->sources[p->source_count]);
        if (pipeline->ledger != NULL) {
            p->sources[p->source_count].next = incload__flow_ledger_next;
            p->sources[p->source_count].user_data = &flow->nodes[i];
        }
        p->source_count++;
    }
    /* The last ones are for what is added on the way. */
    incload__pipeline_policy(&usual, pipeline->nodes[0].step, pipeline->node_count, &p->policies[pipeline->node_count]);
    p->policies[pipeline->node_count].attempts = 1;
}

static int32_t
make_scheduler(incload__flow *flow, incload_error **err)
{
    const incload_pipeline *pipeline = flow->pipeline;
    const incload__mem *mem = &flow->env->mem;
    size_t count = (size_t)pipeline->node_count + 1;
    parts p = {
        .pools = incload__alloc_array(mem, (size_t)pipeline->pool_count + 1, sizeof *p.pools),
        .gates = incload__alloc_array(mem, count, sizeof *p.gates),
        .policies = incload__alloc_array(mem, count, sizeof *p.policies),
        .sources = incload__alloc_array(mem, count, sizeof *p.sources),
    };
    int32_t status = INCLOAD_OK;

    if (p.pools == NULL || p.gates == NULL || p.policies == NULL || p.sources == NULL) {
        status = incload__fail_memory(err);
    } else {
        fill_parts(flow, &p);
        incload__sched_config config = {
            .pools = p.pools,
            .pool_count = pipeline->pool_count,
            .gates = p.gates,
            .gate_count = (int32_t)count,
            .policies = p.policies,
            .policy_count = (int32_t)count,
            .sources = p.sources,
            .source_count = p.source_count,
            .max_added = (int32_t)flow->values.max_added,
            .paused = flow->values.paused,
            .hooks = { .run = work, .cancel = told_to_stop, .event = incload__flow_event, .user_data = flow },
        };
        flow->sched = incload__sched_new(flow->env, incload__graph_names_graph(pipeline->graph), &config, err);
        status = flow->sched != NULL ? INCLOAD_OK : INCLOAD_E_INVALID;
    }
    incload__free(mem, p.pools);
    incload__free(mem, p.gates);
    incload__free(mem, p.policies);
    incload__free(mem, p.sources);
    return status;
}

/* Threads of the library cannot do what the host is to pull. */
static int32_t
check_functions(const incload__flow *flow, incload_error **err)
{
    for (int32_t i = 0; i < flow->pipeline->node_count && flow->values.parallel > 0; i++) {
        const incload_step *step = flow->pipeline->nodes[i].step;
        if (!incload__step_is_load(step) && step->work == NULL && incload__backfill_load(step) == NULL)
            return incload__fail(err, INCLOAD_E_INVALID,
                                 "step '%.64s' has no function, so the host is to pull its units: start the run with "
                                 "parallel=0",
                                 flow->pipeline->nodes[i].name);
    }
    return INCLOAD_OK;
}

/* Without a ledger a key would be a promise that nobody keeps. */
static int32_t
check_key(const incload__flow *flow, incload_error **err)
{
    const incload_step *step = flow->pipeline->nodes[0].step;

    if (flow->values.run_key == NULL || !flow->pipeline->single
        || (step->kind == INCLOAD__STEP_BACKFILL && incload__backfill_home(step) != NULL))
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_INVALID,
                         "option run_key needs a ledger that keeps the run: say where by incload_step_set_ledger()");
}

static int32_t
fill_flow(incload__flow *flow, const char *options, incload_error **err)
{
    const incload_pipeline *pipeline = flow->pipeline;
    const incload__mem *mem = &flow->env->mem;
    int32_t status = incload__options_init(&incload__flow_options, mem, &flow->values, err);

    if (status == INCLOAD_OK)
        status = incload__options_parse(&incload__flow_options, mem, &flow->values, options, err);
    if (status != INCLOAD_OK)
        return status;
    if (flow->values.parallel < 0)
        flow->values.parallel = pipeline->single ? incload__backfill_parallel(pipeline->nodes[0].step) : USUAL_THREADS;
    status = check_functions(flow, err);
    if (status == INCLOAD_OK)
        status = check_key(flow, err);
    if (status != INCLOAD_OK)
        return status;
    flow->capacity = pipeline->node_count + (int32_t)flow->values.max_added;
    flow->nodes = incload__alloc_array(mem, (size_t)flow->capacity, sizeof *flow->nodes);
    if (flow->nodes == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < pipeline->node_count && status == INCLOAD_OK; i++)
        status = add_step(flow, i, err);
    return status == INCLOAD_OK ? make_scheduler(flow, err) : status;
}

incload_run *
incload__flow_of_pipeline(incload_pipeline *pipeline, const char *options, incload_error **err)
{
    incload__run_values values = { 0 };

    if (pipeline == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the pipeline must not be NULL");
        return NULL;
    }
    if (incload__pipeline_freeze(pipeline, err) != INCLOAD_OK)
        return NULL;
    incload_run *run = incload__run_bare(pipeline->env, pipeline->context, NULL, pipeline->name, &values, err);
    if (run == NULL)
        return NULL;
    incload__flow *flow = incload__alloc(&pipeline->env->mem, sizeof *flow);
    if (flow == NULL) {
        incload__run_free(run);
        incload__fail_memory(err);
        return NULL;
    }
    run->flow = flow;
    flow->run = run;
    flow->pipeline = incload_pipeline_ref(pipeline);
    flow->env = pipeline->env;
    pthread_mutex_init(&flow->lock, NULL);
    pthread_mutex_init(&flow->adding, NULL);
    incload__trail_init(&flow->trail, &flow->env->mem);
    if (fill_flow(flow, options, err) != INCLOAD_OK) {
        incload__run_free(run);
        return NULL;
    }
    return run;
}

incload_run *
incload__flow_of_step(incload_step *step, const char *options, incload_error **err)
{
    incload_pipeline *pipeline = incload__pipeline_of_step(step, err);
    incload_run *run = pipeline != NULL ? incload__flow_of_pipeline(pipeline, options, err) : NULL;

    incload_pipeline_unref(pipeline);
    return run;
}

static void
free_node(const incload__mem *mem, incload__flow_node *node)
{
    incload__backfill_walk_free(node->walk);
    incload__free(mem, node->run_key);
    incload__free(mem, node->result);
    incload__free(mem, node->edges);
    incload__run_free(node->run);
    if (node->as == NULL) {
        incload__free(mem, node->name);
        incload_step_unref(node->step);
    }
}

void
incload__flow_free(incload__flow *flow)
{
    if (flow == NULL)
        return;
    const incload__mem *mem = &flow->env->mem;
    incload_pipeline *pipeline = flow->pipeline;
    /* Joins the threads: nobody is at work after it. */
    incload__sched_free(flow->sched);
    for (incload__flow_unit *unit = flow->open; unit != NULL; unit = flow->open) {
        flow->open = unit->next;
        incload__flow_unit_unref(unit);
    }
    for (int32_t i = 0; i < flow->failure_count; i++) {
        incload__free(mem, flow->failures[i].label);
        incload_error_unref(flow->failures[i].error);
    }
    incload__free(mem, flow->failures);
    incload__trail_free(&flow->trail);
    incload__flow_ledger_free(flow->ledger);
    incload__free(mem, flow->resume_id);
    for (int32_t i = 0; i < flow->count; i++)
        free_node(mem, &flow->nodes[i]);
    incload__free(mem, flow->nodes);
    incload__options_free(&incload__flow_options, mem, &flow->values);
    pthread_mutex_destroy(&flow->adding);
    pthread_mutex_destroy(&flow->lock);
    incload__free(mem, flow);
    incload_pipeline_unref(pipeline);
}

/* ---- the run ---- */

/* The first step that failed and counts, as the cause. */
static void
name_failure(incload__flow *flow, bool late, int32_t state, incload_error **failure)
{
    const char *name = flow->pipeline->name;
    int32_t failed = 0, first = -1, count = atomic_load(&flow->count);

    for (int32_t i = 0; i < count; i++) {
        const incload__flow_node *node = &flow->nodes[i];
        bool counts = node->as == NULL || !node->as->values.optional;
        if (incload_run_status(node->run) != INCLOAD_STATUS_FAILED || !counts)
            continue;
        failed++;
        first = first < 0 || node->reason == INCLOAD__REASON_ERROR ? first < 0 ? i : first : first;
    }
    if (late)
        incload__fail(failure, INCLOAD_E_TIMEOUT, "the time of the run was over before '%.64s' was through", name);
    else if (state == INCLOAD__RUN_CANCELLED)
        incload__fail(failure, INCLOAD_E_CANCELLED, "the run of '%.64s' was cancelled before it was through", name);
    else if (first >= 0 && flow->pipeline->single)
        *failure = incload_error_ref(flow->nodes[first].run->error);
    else if (first >= 0)
        incload__fail(failure, incload_error_code(flow->nodes[first].run->error),
                      "pipeline '%.64s': %d of %d steps failed: '%.64s': %s", name, (int)failed, (int)count,
                      flow->nodes[first].name, incload_error_message(flow->nodes[first].run->error));
    if (*failure == NULL)
        incload__fail(failure, INCLOAD_E_INTERNAL, "the run of '%.64s' failed without an error: please report this",
                      name);
    else if (first >= 0 && !(flow->pipeline->single && !late && state != INCLOAD__RUN_CANCELLED))
        incload__error_set_cause(failure, incload_error_ref(flow->nodes[first].run->error));
}

/* Threads that could not all be started are no failure as long as there is one. */
static int32_t
start(incload__flow *flow, incload_error **err)
{
    int32_t status = incload__sched_begin(flow->sched);

    if (status != INCLOAD_OK)
        return incload__fail(err, status, "the run could not begin");
    return incload__sched_start_pool(flow->sched, (int32_t)flow->values.parallel, 0, err);
}

/* Which may have a ledger by itself. */
static bool
has_backfill(const incload__flow *flow)
{
    for (int32_t i = 0; i < flow->pipeline->node_count; i++) {
        if (flow->nodes[i].walk != NULL)
            return true;
    }
    return false;
}

int32_t
incload__flow_enter(incload__flow *flow, incload_error **err)
{
    if (flow->values.run_key != NULL && flow->pipeline->ledger == NULL && !has_backfill(flow))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "a run of '%.64s' can have a run_key once it has a ledger: see "
                             "incload_pipeline_set_ledger()",
                             flow->pipeline->name);
    return incload__flow_ledger_enter(flow, err);
}

/* Threads of the host may wait for its end already. */
static void
end_unstarted(incload__flow *flow)
{
    for (int32_t i = 0; i < flow->pipeline->node_count; i++)
        incload__sched_preset(flow->sched, i, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_NOT_SELECTED);
    incload__sched_begin(flow->sched);
}

int32_t
incload__flow_drive(incload__flow *flow)
{
    incload_error *failure = NULL;
    int64_t timeout = flow->values.timeout > 0 ? flow->values.timeout * 1000 : -1;
    bool late = false;

    if (flow->run->error != NULL) {
        end_unstarted(flow);
        return INCLOAD_STATUS_FAILED;
    }
    if (start(flow, &failure) != INCLOAD_OK) {
        incload__sched_cancel(flow->sched, INCLOAD__CANCEL_NOW);
        flow->run->error = failure;
        return INCLOAD_STATUS_FAILED;
    }
    int32_t state = incload__sched_wait(flow->sched, timeout);
    if (state == INCLOAD__RUN_RUNNING) {
        late = true;
        incload__flow_ledger_want(flow, INCLOAD__WANT_CANCEL);
        incload__flow_stop(flow, INCLOAD__CANCEL_NOW);
        state = incload__sched_wait(flow->sched, -1);
    }
    incload__flow_settle(flow);
    int32_t left = incload__flow_ledger_leave(flow, late, &failure);
    if (left != INCLOAD_OK && (state == INCLOAD__RUN_SUCCESS || state == INCLOAD__RUN_PARTIAL)) {
        flow->run->error = failure;
        return INCLOAD_STATUS_FAILED;
    }
    incload_error_unref(failure);
    failure = NULL;
    late = late && state != INCLOAD__RUN_SUCCESS && state != INCLOAD__RUN_PARTIAL;
    if (state == INCLOAD__RUN_SUCCESS || state == INCLOAD__RUN_PARTIAL)
        return INCLOAD_STATUS_SUCCESS;
    name_failure(flow, late, state, &failure);
    flow->run->error = failure;
    return INCLOAD_STATUS_FAILED;
}

void
incload__flow_stop(incload__flow *flow, int32_t level)
{
    atomic_store(&flow->stopping, true);
    incload__sched_cancel(flow->sched, level);
    /* What applies changes without an end may rest. */
    for (int32_t i = 0; i < flow->pipeline->node_count; i++) {
        if (flow->nodes[i].step->consumer == NULL)
            continue;
        incload__consumer_drain(flow->nodes[i].step->consumer);
        incload__unit_wake(&flow->nodes[i].run->unit);
    }
    for (int32_t i = 0; i < flow->pipeline->node_count && level == INCLOAD__CANCEL_NOW; i++) {
        if (flow->nodes[i].walk != NULL)
            incload__backfill_walk_hurry(flow->nodes[i].walk);
    }
}

void
incload__flow_want(incload__flow *flow, int32_t want)
{
    for (int32_t i = 0; i < flow->pipeline->node_count; i++) {
        if (flow->nodes[i].walk != NULL)
            incload__backfill_walk_want(flow->nodes[i].walk, want);
    }
}

void
incload__flow_cancel(incload__flow *flow)
{
    atomic_store(&flow->run->cancelled, true);
    if (!atomic_load(&flow->run->left))
        incload__flow_ledger_want(flow, INCLOAD__WANT_CANCEL);
    incload__flow_stop(flow, INCLOAD__CANCEL_NOW);
}

int32_t
incload__flow_check_threads(const incload__flow *flow, incload_error **err)
{
    if (flow == NULL || flow->values.parallel > 0)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_INVALID,
                         "parallel=0 leaves the work to threads of the host: start the run instead of running it");
}

int64_t
incload__flow_total(const incload__flow *flow, size_t counter)
{
    int32_t count = atomic_load(&flow->count);
    int64_t sum = 0;

    for (int32_t i = 0; i < count; i++)
        sum += incload__run_total(flow->nodes[i].run, counter);
    return sum;
}

/* A run that cannot come to its ledger was never one. */
static incload_run *
run_now(incload_run *run, incload_error **err)
{
    if (run == NULL)
        return NULL;
    if (incload__flow_check_threads(run->flow, err) != INCLOAD_OK
        || incload__flow_enter(run->flow, err) != INCLOAD_OK) {
        incload_run_unref(run);
        return NULL;
    }
    incload__run_here(run, err);
    return run;
}

incload_run *
incload_pipeline_run(incload_pipeline *pipeline, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    return run_now(incload__flow_of_pipeline(pipeline, options, err), err);
}

/* A run that is to be resumed, and not yet driven; NULL: there is none. */
static incload_run *
resumption_of(incload_pipeline *pipeline, const char *run_id, const char *options, incload_error **err)
{
    if (pipeline != NULL && pipeline->ledger == NULL) {
        incload__fail(err, INCLOAD_E_INVALID,
                      "pipeline '%.64s' has no ledger that could know runs to be resumed: see "
                      "incload_pipeline_set_ledger()",
                      pipeline->name);
        return NULL;
    }
    incload_run *run = incload__flow_of_pipeline(pipeline, options, err);
    if (run == NULL)
        return NULL;
    run->flow->resumes = true;
    run->flow->resume_id = run_id != NULL ? incload__strdup(&run->flow->env->mem, run_id) : NULL;
    int32_t status = INCLOAD_OK;
    if (run->flow->values.run_key != NULL)
        status = incload__fail(err, INCLOAD_E_INVALID, "a run that is resumed has its run_key: name it by its id");
    else if (run_id != NULL && run->flow->resume_id == NULL)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        return run;
    incload_run_unref(run);
    return NULL;
}

incload_run *
incload_pipeline_resume(incload_pipeline *pipeline, const char *run_id, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    return run_now(resumption_of(pipeline, run_id, options, err), err);
}

incload_run *
incload_pipeline_start(incload_pipeline *pipeline, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    return incload__run_there(incload__flow_of_pipeline(pipeline, options, err), err);
}

incload_run *
incload_pipeline_start_resume(incload_pipeline *pipeline, const char *run_id, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    return incload__run_there(resumption_of(pipeline, run_id, options, err), err);
}
