/* SPDX-License-Identifier: Apache-2.0 */
/* What a host asks of a run that has steps, and how it drives one. */
#include <string.h>

#include "run/flow_ledger.h"
#include "state/pipeline_run.h"

static const char *const reasons[] = {
    [INCLOAD__REASON_ERROR] = "ERROR",
    [INCLOAD__REASON_TIMEOUT_ATTEMPT] = "TIMEOUT_ATTEMPT",
    [INCLOAD__REASON_TIMEOUT_TOTAL] = "TIMEOUT_TOTAL",
    [INCLOAD__REASON_TIMEOUT_QUEUE] = "TIMEOUT_QUEUE",
    [INCLOAD__REASON_HEARTBEAT_LOST] = "HEARTBEAT_LOST",
    [INCLOAD__REASON_CANCELLED] = "CANCELLED",
    [INCLOAD__REASON_FENCED] = "FENCED",
    [INCLOAD__REASON_CRASHED] = "CRASHED",
    [INCLOAD__REASON_RULE] = "RULE",
    [INCLOAD__REASON_PANIC] = "PANIC",
    [INCLOAD__REASON_THRESHOLD] = "THRESHOLD",
    [INCLOAD__REASON_UPSTREAM_FAILED] = "UPSTREAM_FAILED",
    [INCLOAD__REASON_UPSTREAM_SKIPPED] = "UPSTREAM_SKIPPED",
    [INCLOAD__REASON_CONDITION] = "CONDITION",
    [INCLOAD__REASON_SHORT_CIRCUIT] = "SHORT_CIRCUIT",
    [INCLOAD__REASON_SELF] = "SELF",
    [INCLOAD__REASON_RUN_CANCELLED] = "RUN_CANCELLED",
    [INCLOAD__REASON_ALREADY_DONE] = "ALREADY_DONE",
    [INCLOAD__REASON_NOT_SELECTED] = "NOT_SELECTED",
    [INCLOAD__REASON_WAITING_DEPS] = "WAITING_DEPS",
    [INCLOAD__REASON_WAITING_POOL] = "WAITING_POOL",
    [INCLOAD__REASON_WAITING_LIMIT] = "WAITING_LIMIT",
    [INCLOAD__REASON_WAITING_RATE] = "WAITING_RATE",
    [INCLOAD__REASON_BACKOFF] = "BACKOFF",
    [INCLOAD__REASON_PAUSED] = "PAUSED",
    [INCLOAD__REASON_NOT_READY] = "NOT_READY",
    [INCLOAD__REASON_WAITING_WORKER] = "WAITING_WORKER",
};

const char *
incload__flow_reason(int32_t reason)
{
    bool known = reason > 0 && (size_t)reason < sizeof reasons / sizeof reasons[0] && reasons[reason] != NULL;

    return known ? reasons[reason] : "";
}

/* The steps of a run that has some; NULL of another. */
static incload__flow *
flow_of(const incload_run *run)
{
    return run != NULL && run->parent == NULL ? run->flow : NULL;
}

static const incload__flow_node *
node_at(const incload_run *run, int32_t index)
{
    incload__flow *flow = flow_of(run);

    return flow != NULL && index >= 0 && index < atomic_load(&flow->count) ? &flow->nodes[index] : NULL;
}

/* ---- driving ---- */

int32_t
incload_run_drain(incload_run *run)
{
    incload__flow *flow = run != NULL ? flow_of(incload__run_root(run)) : NULL;

    if (flow != NULL) {
        incload__flow_ledger_want(flow, INCLOAD__WANT_DRAIN);
        incload__flow_stop(flow, INCLOAD__CANCEL_DRAIN);
    }
    return INCLOAD_OK;
}

static int32_t
set_paused(incload_run *run, bool paused)
{
    incload__flow *flow = run != NULL ? flow_of(incload__run_root(run)) : NULL;

    if (flow != NULL) {
        incload__flow_ledger_want(flow, paused ? INCLOAD__WANT_PAUSE : INCLOAD__WANT_RUN);
        incload__sched_pause(flow->sched, -1, paused);
        incload__flow_want(flow, paused ? INCLOAD__WANT_PAUSE : INCLOAD__WANT_RUN);
    }
    return INCLOAD_OK;
}

int32_t
incload_run_pause(incload_run *run)
{
    return set_paused(run, true);
}

int32_t
incload_run_continue(incload_run *run)
{
    return set_paused(run, false);
}

static int32_t
check_flow(const incload_run *run, incload_error **err)
{
    if (run == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the run must not be NULL");
    if (flow_of(run) == NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "a run of a load has one unit, which the library does: put the load into a pipeline");
    return INCLOAD_OK;
}

static int32_t
fail_forked(incload_error **err)
{
    return incload__fail(err, INCLOAD_E_FORKED, "the run belongs to the parent process: start one after the fork");
}

int32_t
incload_run_participate(incload_run *run, incload_error **err)
{
    INCLOAD_ENTER(err);
    int32_t status = check_flow(run, err);
    if (status != INCLOAD_OK)
        return status;
    for (int32_t i = 0; i < flow_of(run)->pipeline->node_count; i++) {
        const incload_step *step = flow_of(run)->nodes[i].step;
        if (!incload__step_is_load(step) && step->work == NULL && incload__backfill_load(step) == NULL)
            return incload__fail(err, INCLOAD_E_INVALID,
                                 "step '%.64s' has no function: pull its units by incload_run_next_unit()",
                                 flow_of(run)->nodes[i].name);
    }
    incload_run_ref(run);
    status = incload__sched_participate(flow_of(run)->sched);
    incload_run_unref(run);
    return status == INCLOAD_E_FORKED ? fail_forked(err) : INCLOAD_OK;
}

incload_unit *
incload_run_next_unit(incload_run *run, int64_t timeout_ms, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (check_flow(run, err) != INCLOAD_OK)
        return NULL;
    incload__flow *flow = flow_of(run);
    int64_t until = timeout_ms > 0 ? incload__monotonic_us(flow->env) + timeout_ms * 1000 : 0;
    for (;;) {
        incload__sched_unit given;
        incload__sched_outcome outcome = { .kind = INCLOAD__OUTCOME_FAILED, .code = INCLOAD_E_NO_MEMORY };
        int64_t left = timeout_ms > 0 ? until - incload__monotonic_us(flow->env) : 0;
        int32_t pulled = incload__sched_pull(flow->sched, &given, timeout_ms < 0 ? -1 : left > 0 ? left : 0);
        if (pulled == INCLOAD_E_FORKED)
            fail_forked(err);
        if (pulled != INCLOAD__PULL_UNIT)
            return NULL;
        incload_error *failure = NULL;
        incload__flow_verdict verdict = incload__flow_ledger_ask(flow, given.node, &outcome, &failure);
        if (verdict == INCLOAD__FLOW_WAIT) {
            incload__sched_complete(flow->sched, given.token, &outcome);
            continue;
        }
        incload__flow_unit *unit = incload__flow_unit_open(flow, &given, err);
        if (unit != NULL && verdict == INCLOAD__FLOW_WORK && incload__flow_unit_is_pulled(unit)
            && !incload__flow_unit_is_gone(unit)) {
            incload_run_ref(run);
            return unit->unit;
        }
        if (unit != NULL && verdict == INCLOAD__FLOW_WORK)
            incload__flow_unit_work(unit, &outcome);
        else if (unit != NULL)
            incload__flow_ledger_settle(unit, verdict, failure, &outcome);
        else
            incload_error_unref(failure);
        if (unit != NULL)
            incload__flow_attempt_over(unit, given.token, &outcome);
        incload__sched_complete(flow->sched, given.token, &outcome);
        incload__flow_unit_unref(unit);
    }
}

int32_t
incload_unit_complete(incload_unit *unit, int32_t outcome, incload_error **err)
{
    incload__sched_outcome told;

    INCLOAD_ENTER(err);
    if (unit == NULL || unit->owner == NULL || !incload__flow_unit_is_pulled(unit->owner))
        return incload__fail(err, INCLOAD_E_INVALID, "only a unit that incload_run_next_unit() gave is completed");
    incload__flow_unit *of = unit->owner;
    incload_run *run = of->flow->run;
    memset(&told, 0, sizeof told);
    incload__flow_unit_answer(of, outcome, &told);
    incload__flow_ledger_tell(of, &told);
    incload__flow_attempt_over(of, of->token, &told);
    int32_t status = incload__sched_complete(of->flow->sched, of->token, &told);
    if (status != INCLOAD_OK)
        incload__fail(err, status, "the unit '%.64s' was given up before: what it did does not count", unit->label);
    incload__flow_unit_unref(of);
    incload_run_unref(run);
    return status;
}

/* ---- steps ---- */

int32_t
incload_run_step_count(const incload_run *run)
{
    return flow_of(run) != NULL ? atomic_load(&flow_of(run)->count) : 0;
}

const incload_run *
incload_run_step(const incload_run *run, int32_t index)
{
    return node_at(run, index) != NULL ? node_at(run, index)->run : NULL;
}

const char *
incload_run_step_name(const incload_run *run, int32_t index)
{
    return node_at(run, index) != NULL ? node_at(run, index)->name : "";
}

int32_t
incload_run_step_status(const incload_run *run, int32_t index)
{
    return incload_run_status(incload_run_step(run, index));
}

const char *
incload_run_step_status_name(const incload_run *run, int32_t index)
{
    return incload_run_status_name(incload_run_step(run, index));
}

const char *
incload_run_step_reason(const incload_run *run, int32_t index)
{
    const incload__flow_node *node = node_at(run, index);
    incload__sched_info info;

    if (node == NULL)
        return "";
    int32_t reason = incload__run_has_ended(node->run) ? node->reason : -1;
    if (reason < 0) {
        memset(&info, 0, sizeof info);
        incload__sched_info_of(flow_of(run)->sched, index, &info);
        reason = info.reason;
    }
    return incload__flow_reason(reason);
}

const void *
incload_run_step_result(const incload_run *run, int32_t index, size_t *size)
{
    const incload__flow_node *node = node_at(run, index);
    bool there = node != NULL && incload__run_has_ended(node->run) && node->result != NULL;

    if (size != NULL)
        *size = there ? node->result_size : 0;
    return there ? node->result : NULL;
}

/* The scheduler counts units of sources; another step has one. */
static int64_t
units_of(const incload_run *run, int32_t index, int32_t status)
{
    const incload__flow_node *node = node_at(run, index);
    int64_t told[INCLOAD_STATUS_SKIPPED + 1];
    incload__sched_info info;

    if (node->walk == NULL)
        return incload_run_status(node->run) == status ? 1 : 0;
    if (status >= INCLOAD_STATUS_PENDING && status <= INCLOAD_STATUS_SKIPPED && incload__run_has_ended(node->run)
        && incload__backfill_walk_counts(node->walk, told))
        return told[status];
    memset(&info, 0, sizeof info);
    incload__sched_info_of(flow_of(run)->sched, index, &info);
    const int64_t counts[] = {
        [INCLOAD_STATUS_RUNNING] = info.running,
        [INCLOAD_STATUS_SUCCESS] = info.succeeded,
        [INCLOAD_STATUS_FAILED] = info.failed,
        [INCLOAD_STATUS_SKIPPED] = info.skipped,
    };
    return status >= INCLOAD_STATUS_RUNNING && status <= INCLOAD_STATUS_SKIPPED ? counts[status] : 0;
}

int64_t
incload_run_count_units(const incload_run *run, int32_t status)
{
    int64_t sum = 0;

    for (int32_t i = 0; i < incload_run_step_count(run) && status != INCLOAD_STATUS_PENDING; i++)
        sum += units_of(run, i, status);
    return sum;
}

/* ---- failures ---- */

/* A copy: the list may grow meanwhile, but what is in it stays. */
static bool
failure_at(const incload_run *run, int32_t index, incload__flow_failure *out)
{
    incload__flow *flow = flow_of(run);

    if (flow == NULL || index < 0)
        return false;
    pthread_mutex_lock(&flow->lock);
    bool there = index < flow->failure_count;
    if (there)
        *out = flow->failures[index];
    pthread_mutex_unlock(&flow->lock);
    return there;
}

int32_t
incload_run_failed_count(const incload_run *run)
{
    incload__flow *flow = flow_of(run);

    if (flow == NULL)
        return 0;
    pthread_mutex_lock(&flow->lock);
    int32_t count = flow->failure_count;
    pthread_mutex_unlock(&flow->lock);
    return count;
}

const char *
incload_run_failed_label(const incload_run *run, int32_t index)
{
    incload__flow_failure failure;

    return failure_at(run, index, &failure) ? failure.label : "";
}

incload_error *
incload_run_failed_error(const incload_run *run, int32_t index)
{
    incload__flow_failure failure;

    return failure_at(run, index, &failure) ? incload_error_ref(failure.error) : NULL;
}

int32_t
incload_run_failed_attempts(const incload_run *run, int32_t index)
{
    incload__flow_failure failure;

    return failure_at(run, index, &failure) ? failure.attempts : 0;
}
