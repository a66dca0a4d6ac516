/* SPDX-License-Identifier: Apache-2.0 */
/* What one unit of a run does, attempt by attempt. */
#include <string.h>

#include "run/backfill_units.h"
#include "run/consumer.h"
#include "run/flow_ledger.h"

enum { LONGEST_TURN_MS = 60000 };

static void
unit_free(incload__flow_unit *unit)
{
    const incload__mem *mem = &unit->flow->env->mem;

    incload__unit_free(&unit->own);
    if (unit->owns_child) {
        incload__run_free(unit->child);
    } else if (unit->child != NULL) {
        unit->child->unit.told_to_stop = NULL;
        unit->child->unit.owner = NULL;
        unit->child->landing = NULL;
    } else if (unit->unit != &unit->own && unit->unit != NULL) {
        unit->unit->told_to_stop = NULL;
        unit->unit->owner = NULL;
    }
    incload_error_unref(unit->error);
    incload_error_unref(unit->met);
    incload__trail_unit_free(mem, &unit->trail);
    incload__free(mem, unit->result);
    incload__free(mem, unit);
}

void
incload__flow_unit_unref(incload__flow_unit *unit)
{
    if (unit != NULL && atomic_fetch_sub_explicit(&unit->refs, 1, memory_order_acq_rel) == 1)
        unit_free(unit);
}

/* ---- at work ---- */

static incload__flow_unit *
look_up(incload__flow *flow, int32_t node, int64_t key)
{
    incload__flow_unit *unit = flow->open;

    while (unit != NULL && (unit->node != node || unit->key != key))
        unit = unit->next;
    return unit;
}

incload__flow_unit *
incload__flow_unit_find(incload__flow *flow, uint64_t token)
{
    pthread_mutex_lock(&flow->lock);
    incload__flow_unit *unit = flow->open;
    while (unit != NULL && unit->token != token)
        unit = unit->next;
    if (unit != NULL)
        atomic_fetch_add(&unit->refs, 1);
    pthread_mutex_unlock(&flow->lock);
    return unit;
}

incload__flow_unit *
incload__flow_unit_close(incload__flow *flow, int32_t node, int64_t key)
{
    pthread_mutex_lock(&flow->lock);
    incload__flow_unit **at = &flow->open;
    while (*at != NULL && ((*at)->node != node || (*at)->key != key))
        at = &(*at)->next;
    incload__flow_unit *unit = *at;
    if (unit != NULL)
        *at = unit->next;
    pthread_mutex_unlock(&flow->lock);
    return unit;
}

/* ---- in the data's transaction ---- */

/* Of a unit that another process has nothing is told: it is that one's. */
static int32_t
note_dropped(incload__flow_unit *unit, int32_t status)
{
    if (status == INCLOAD_E_BUSY)
        atomic_store(&unit->dropped, true);
    return status;
}

static int32_t
begin_landing(void *data, const incload__ledger *ledger, incload__conn *to, incload_error **err)
{
    incload__flow_unit *unit = data;
    incload__backfill_walk *walk = unit->flow->nodes[unit->node].walk;

    incload__backfill_walk_prepared(walk);
    if (incload__backfill_walk_units(walk) == NULL)
        return INCLOAD_OK;
    return note_dropped(unit, incload__backfill_units_fence(incload__backfill_walk_units(walk), unit->key, ledger, to,
                                                            &unit->seen, err));
}

static int32_t
overtaken(void *data, const incload__ledger *ledger, incload__conn *to, incload_error **err)
{
    incload__flow_unit *unit = data;
    incload__backfill_units *units = incload__backfill_walk_units(unit->flow->nodes[unit->node].walk);

    if (units == NULL)
        return INCLOAD_OK;
    return incload__backfill_units_overtaken(units, unit->key, ledger, to, unit->seen, err);
}

static int32_t
land(void *data, const incload__ledger *ledger, incload__conn *to, int64_t rows_written, incload_error **err)
{
    incload__flow_unit *unit = data;
    incload__backfill_units *units = incload__backfill_walk_units(unit->flow->nodes[unit->node].walk);

    bool taken_away = false;

    if (units == NULL)
        return INCLOAD_OK;
    const incload__unit_landing what = { unit->key, unit->seen, rows_written };
    int32_t status = incload__backfill_units_land(units, &what, ledger, to, &taken_away, err);
    return taken_away ? note_dropped(unit, status) : status;
}

/* ---- making ---- */

/* A load of a part of the range: it has a name of its own, by which the ledger knows that it landed. */
static int32_t
make_child(incload__flow_unit *unit, const char *label, incload_error **err)
{
    incload__flow_node *node = &unit->flow->nodes[unit->node];
    incload_step *load = incload__backfill_load(node->step);
    incload__run_values values = node->run->values;
    incload__str name = INCLOAD__STR(&unit->flow->env->mem);
    int64_t retries = node->as->values.retries;

    incload__backfill_retries(node->step, &retries, &values.retry_delay, &values.retry_max_delay);
    values.retries = retries;
    /* Where one writer has the whole database the units wait for each other. */
    values.wait = LONGEST_TURN_MS;
    unit->child = incload__run_within(node->run, load, &values, err);
    if (unit->child == NULL)
        return INCLOAD_E_NO_MEMORY;
    unit->owns_child = true;
    const incload__mem *mem = &unit->child->env->mem;
    incload__str_addf(&name, "%s@", incload__step_name(load));
    incload__range_key(unit->backfill.range, &unit->backfill.part, &name);
    incload__free(mem, unit->child->unit.step);
    incload__free(mem, unit->child->unit.label);
    unit->child->unit.step = name.failed ? NULL : incload__strdup(mem, incload__str_text(&name));
    unit->child->unit.label = incload__strdup(mem, label);
    incload__str_free(&name);
    if (unit->child->unit.step == NULL || unit->child->unit.label == NULL)
        return incload__fail_memory(err);
    unit->child->interval = &unit->backfill.interval;
    unit->child->snapshot = incload__backfill_walk_snapshot(node->walk);
    unit->child->memo = incload__backfill_walk_memo(node->walk);
    unit->landing = (incload__load_landing){ begin_landing, land, overtaken, unit };
    unit->child->landing = &unit->landing;
    unit->unit = &unit->child->unit;
    return INCLOAD_OK;
}

static int32_t
fill_unit(incload__flow_unit *unit, incload_error **err)
{
    incload__flow *flow = unit->flow;
    incload__flow_node *node = &flow->nodes[unit->node];
    incload__str label = INCLOAD__STR(&flow->env->mem);
    int32_t status = INCLOAD_OK;

    if (incload__step_is_load(node->step)) {
        unit->child = node->run;
        unit->unit = &node->run->unit;
        incload__flow_ledger_join_landing(unit);
        return INCLOAD_OK;
    }
    /* It may go on for long: what it has done shows while it does. */
    if (node->step->consumer != NULL) {
        unit->unit = &node->run->unit;
        return INCLOAD_OK;
    }
    incload__held held = { .key = unit->key };
    bool gone = node->walk != NULL && !incload__backfill_walk_held(node->walk, unit->key, &held);
    unit->worker_no = held.worker_no;
    if (gone)
        return incload__fail(err, INCLOAD_E_BUSY, "a unit of '%.64s' is another process's by now", node->name);
    if (node->walk != NULL)
        incload__backfill_unit_of(node->step, held.ordinal, &unit->backfill, &label);
    else
        incload__str_add(&label, node->name);
    if (label.failed)
        status = incload__fail_memory(err);
    else if (node->walk != NULL && incload__backfill_load(node->step) != NULL)
        status = make_child(unit, incload__str_text(&label), err);
    else if (incload__unit_init(&unit->own, flow->env, node->name, incload__str_text(&label), incload_run_id(flow->run))
             != INCLOAD_OK)
        status = incload__fail_memory(err);
    else
        unit->unit = &unit->own;
    incload__str_free(&label);
    return status;
}

static incload__flow_unit *
unit_new(incload__flow *flow, const incload__sched_unit *given, incload_error **err)
{
    incload__flow_unit *unit = incload__alloc(&flow->env->mem, sizeof *unit);

    if (unit == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&unit->refs, 1);
    atomic_init(&unit->stop, false);
    atomic_init(&unit->dropped, false);
    atomic_init(&unit->revoked, false);
    unit->flow = flow;
    unit->node = given->node;
    unit->key = given->key;
    if (fill_unit(unit, err) != INCLOAD_OK) {
        unit_free(unit);
        return NULL;
    }
    unit->unit->told_to_stop = &unit->stop;
    unit->unit->owner = unit;
    return unit;
}

/* The next attempt of a unit that nobody is at. */
static void
begin_again(incload__flow_unit *unit, int32_t attempt)
{
    if (atomic_load(&unit->unit->attempt) < attempt) {
        incload__unit_restart(unit->unit);
        atomic_store(&unit->unit->attempt, attempt);
    }
    incload_error_unref(unit->error);
    unit->error = NULL;
    incload_error_unref(unit->met);
    unit->met = NULL;
    /* A load that was stopped since its step was another's for a while. */
    if (unit->child != NULL && !unit->owns_child) {
        atomic_store(&unit->child->cancelled, false);
        atomic_store(&unit->child->stop_late, false);
        incload_error_unref(unit->child->error);
        unit->child->error = NULL;
    }
    unit->again_us = 0;
    unit->closed = 0;
    atomic_store(&unit->late, false);
    atomic_store(&unit->stop, false);
}

incload__flow_unit *
incload__flow_unit_open(incload__flow *flow, const incload__sched_unit *given, incload_error **err)
{
    incload__flow_node *node = &flow->nodes[given->node];

    pthread_mutex_lock(&flow->lock);
    incload__flow_unit *unit = look_up(flow, given->node, given->key);
    pthread_mutex_unlock(&flow->lock);
    bool fresh = unit == NULL;
    if (fresh)
        unit = unit_new(flow, given, err);
    else
        begin_again(unit, given->attempt);
    if (unit == NULL)
        return NULL;
    atomic_fetch_add(&unit->refs, 1);
    int64_t now = incload__monotonic_us(flow->env);
    pthread_mutex_lock(&flow->lock);
    unit->token = given->token;
    incload__flow_attempt_begins(unit, now);
    if (fresh) {
        unit->next = flow->open;
        flow->open = unit;
    }
    pthread_mutex_unlock(&flow->lock);
    if (!atomic_exchange(&node->started, true)) {
        atomic_store(&node->run->started_us, incload__monotonic_us(node->run->env));
        atomic_store(&node->run->status, INCLOAD_STATUS_RUNNING);
    }
    if (unit->child != NULL)
        atomic_store(&unit->child->status, INCLOAD_STATUS_RUNNING);
    incload__run_tell(node->run, INCLOAD_EVENT_UNIT_STARTED, 0, unit->unit->label, "");
    /* It may have been told to stop before it could be found. */
    if (incload__sched_beat(flow->sched, given->token) == INCLOAD_E_CANCELLED)
        incload__flow_unit_stop(unit, false);
    return unit;
}

void
incload__flow_unit_stop(incload__flow_unit *unit, bool late)
{
    atomic_store(&unit->late, late);
    atomic_store(&unit->stop, true);
    incload__unit_wake(unit->unit);
    incload__consumer *consumer = unit->flow->nodes[unit->node].step->consumer;
    if (consumer != NULL)
        incload__consumer_stop(consumer);
    if (unit->child == NULL)
        return;
    atomic_store(&unit->child->stop_late, late);
    incload__run_stop(unit->child);
}

/* One unit that is to be stopped and was not told yet, with a reference. */
static incload__flow_unit *
next_to_stop(incload__flow_node *node, int64_t worker_no, bool one_writer)
{
    incload__flow *flow = node->run->flow;

    pthread_mutex_lock(&flow->lock);
    incload__flow_unit *unit = flow->open;
    for (; unit != NULL; unit = unit->next) {
        atomic_bool *told = worker_no != 0 ? &unit->dropped : &unit->revoked;
        /* Nobody can have taken what writes where there is one writer: it may yet land. */
        bool spared = worker_no != 0 && one_writer && unit->child != NULL;
        if (unit->node == node->run->node && (worker_no == 0 || unit->worker_no == worker_no) && !spared
            && !atomic_exchange(told, true))
            break;
    }
    if (unit != NULL)
        atomic_fetch_add(&unit->refs, 1);
    pthread_mutex_unlock(&flow->lock);
    return unit;
}

void
incload__flow_unit_stop_all(incload__flow_node *node, int64_t worker_no, bool one_writer)
{
    incload__flow_unit *unit;

    while ((unit = next_to_stop(node, worker_no, one_writer)) != NULL) {
        incload__flow_unit_stop(unit, false);
        incload__flow_unit_unref(unit);
    }
}

/* One of a step that is at work and was not told yet, with a reference. */
static incload__flow_unit *
next_of_step(incload__flow *flow, int32_t node)
{
    pthread_mutex_lock(&flow->lock);
    incload__flow_unit *unit = flow->open;
    while (unit != NULL && (unit->node != node || atomic_load(&unit->stop)))
        unit = unit->next;
    if (unit != NULL)
        atomic_fetch_add(&unit->refs, 1);
    pthread_mutex_unlock(&flow->lock);
    return unit;
}

void
incload__flow_units_stop(incload__flow *flow, int32_t node)
{
    incload__flow_unit *unit;

    while ((unit = next_of_step(flow, node)) != NULL) {
        incload__flow_unit_stop(unit, false);
        incload__flow_unit_unref(unit);
    }
}

bool
incload__flow_unit_is_gone(const incload__flow_unit *unit)
{
    return atomic_load(&unit->dropped) || atomic_load(&unit->revoked);
}

bool
incload__flow_unit_is_pulled(const incload__flow_unit *unit)
{
    return unit->child == NULL && unit->flow->nodes[unit->node].step->work == NULL;
}

/* ---- the work ---- */

/* What was taken away is no failure, and nothing that the step left out. */
static void
pass_over(incload__flow_unit *unit, incload__sched_outcome *outcome)
{
    bool ended = outcome->kind == INCLOAD__OUTCOME_OK || outcome->kind == INCLOAD__OUTCOME_SHORT_CIRCUIT;

    if (!ended && (atomic_load(&unit->dropped) || atomic_load(&unit->revoked)))
        *outcome = (incload__sched_outcome){ .kind = INCLOAD__OUTCOME_SKIP };
    if (ended) {
        atomic_store(&unit->dropped, false);
        atomic_store(&unit->revoked, false);
    }
}

static void
work_load(incload__flow_unit *unit, incload__sched_outcome *outcome)
{
    int32_t status = incload__run_load(unit->child);

    outcome->kind = status == INCLOAD_OK ? INCLOAD__OUTCOME_OK : INCLOAD__OUTCOME_FAILED;
    outcome->code = status;
    if (status != INCLOAD_OK)
        unit->error = incload_error_ref(unit->child->error);
    /* Another run, with another key, loaded the same part meanwhile: it is handed out again. */
    if (status == INCLOAD_E_BUSY && unit->worker_no != 0 && !atomic_load(&unit->dropped))
        atomic_store(&unit->revoked, true);
    if (status != INCLOAD_OK && unit->owns_child)
        atomic_store(&unit->child->status, INCLOAD_STATUS_FAILED);
    pass_over(unit, outcome);
}

/* What a function returned that is no failure. */
static const struct {
    int32_t answer;
    int32_t kind;
} answers[] = {
    { INCLOAD_DONE, INCLOAD__OUTCOME_OK },
    { INCLOAD_SKIP, INCLOAD__OUTCOME_SKIP },
    { INCLOAD_SHORT_CIRCUIT, INCLOAD__OUTCOME_SHORT_CIRCUIT },
    { INCLOAD_THROTTLED, INCLOAD__OUTCOME_THROTTLED },
    { INCLOAD_YIELD, INCLOAD__OUTCOME_YIELD },
    { INCLOAD_FAIL, INCLOAD__OUTCOME_FAILED },
};

/* Said in the words of the function, if it left any. */
static void
name_failure(incload__flow_unit *unit, int32_t answer)
{
    incload_unit *work = unit->unit;
    incload_error *met = unit->met;

    unit->met = NULL;
    /* Of a COMMIT without an answer nobody knows what was kept, and the host must. */
    if (met != NULL && (!atomic_load(&unit->stop) || incload_error_code(met) == INCLOAD_E_COMMIT_UNKNOWN)) {
        unit->error = met;
        incload__error_set_place(&unit->error, work->step, work->label);
        return;
    }
    if (atomic_load(&unit->stop) && atomic_load(&unit->late))
        incload__fail(&unit->error, INCLOAD_E_TIMEOUT, "the time of '%.64s' was over", work->label);
    else if (atomic_load(&unit->stop))
        incload__fail(&unit->error, INCLOAD_E_CANCELLED, "the run was cancelled while '%.64s' was at work",
                      work->label);
    else if (work->failure != NULL)
        incload__fail(&unit->error, INCLOAD_E_CALLBACK, "the function for '%.64s' failed: %.500s", work->label,
                      work->failure);
    else
        incload__fail(&unit->error, INCLOAD_E_CALLBACK,
                      "the function for '%.64s' returned %d where INCLOAD_DONE says that it is done", work->label,
                      (int)answer);
    if (met != NULL)
        incload__error_set_cause(&unit->error, met);
    incload__error_set_place(&unit->error, work->step, work->label);
}

/* A unit counts as done once that is recorded. */
static void
record(incload__flow_unit *unit, incload__sched_outcome *outcome)
{
    incload__backfill_walk *walk = unit->flow->nodes[unit->node].walk;
    incload__backfill_units *units = walk != NULL ? incload__backfill_walk_units(walk) : NULL;

    if (units == NULL || outcome->kind != INCLOAD__OUTCOME_OK)
        return;
    int32_t status = note_dropped(unit, incload__backfill_units_done(units, unit->key, &unit->error));
    if (status == INCLOAD_OK) {
        atomic_store(&unit->dropped, false);
        return;
    }
    incload__error_prefix(&unit->error, "the unit was done, and could not be recorded");
    incload__error_set_place(&unit->error, unit->unit->step, unit->unit->label);
    outcome->kind = INCLOAD__OUTCOME_RETRY;
    outcome->code = status;
}

void
incload__flow_unit_answer(incload__flow_unit *unit, int32_t answer, incload__sched_outcome *outcome)
{
    /* Whatever fails may be tried again, if its step has retries. */
    outcome->kind = INCLOAD__OUTCOME_RETRY;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (answers[i].answer == answer)
            outcome->kind = answers[i].kind;
    }
    outcome->after_us = unit->again_us;
    outcome->closed = unit->closed;
    bool failed = outcome->kind == INCLOAD__OUTCOME_RETRY || outcome->kind == INCLOAD__OUTCOME_FAILED
                  || outcome->kind == INCLOAD__OUTCOME_THROTTLED;
    if (!failed) {
        record(unit, outcome);
        pass_over(unit, outcome);
        return;
    }
    incload_error_unref(unit->error);
    unit->error = NULL;
    name_failure(unit, answer);
    outcome->code = incload_error_code(unit->error);
    pass_over(unit, outcome);
}

/* True when the work is to be done. */
static bool
condition_holds(incload__flow_unit *unit, incload__sched_outcome *outcome)
{
    incload__flow_node *node = &unit->flow->nodes[unit->node];

    if (node->as == NULL || node->as->condition == NULL)
        return true;
    int32_t answer = node->as->condition(unit->unit, node->as->condition_data);
    if (answer == INCLOAD_DONE)
        return true;
    node->condition_closed = answer == INCLOAD_SKIP;
    incload__flow_unit_answer(unit, answer, outcome);
    return false;
}

void
incload__flow_unit_work(incload__flow_unit *unit, incload__sched_outcome *outcome)
{
    incload_step *step = unit->flow->nodes[unit->node].step;

    memset(outcome, 0, sizeof *outcome);
    if (incload__flow_unit_is_gone(unit)) {
        outcome->kind = INCLOAD__OUTCOME_SKIP;
        return;
    }
    if (condition_holds(unit, outcome)) {
        if (unit->child != NULL)
            work_load(unit, outcome);
        else
            incload__flow_unit_answer(unit, step->work(unit->unit, step->work_data), outcome);
    }
    incload__flow_ledger_tell(unit, outcome);
}
