/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a step of a run that a ledger keeps, on its way into it. */
#include <string.h>

#include "run/flow_ledger.h"
#include "driver/failpoint.h"
#include "run/kept_result.h"
#include "state/args.h"
#include "state/step.h"

enum { LOST_US = 10000 };

typedef struct telling {
    incload__held_unit unit;
    int32_t status; /* as it shall stand: PENDING gives it back */
    int32_t reason;
    int64_t rows_written;
    int64_t retries; /* attempts beside the one that the ledger has counted */
    const char *result;
    incload__unit_failure failure;
} telling;

static int32_t
write_done(const incload__ledger *ledger, incload__conn *conn, const telling *t, incload_error **err)
{
    incload__landing landing = { .run_no = t->unit.run_no, .epoch = t->unit.epoch };
    incload__landed landed = { .seq = t->unit.seq, .rows_written = t->rows_written };
    int32_t status = conn->driver->begin(conn, err);

    if (status != INCLOAD_OK)
        return status;
    status = incload__units_done(ledger, conn, &landing, &landed, 1, err);
    if (status == INCLOAD_OK && t->result != NULL)
        status = incload__step_result(ledger, conn, t->unit.run_no, t->unit.seq, t->result, err);
    return incload__state_end(conn, status, err);
}

static int32_t
write_end(const incload__ledger *ledger, incload__conn *conn, const telling *t, incload_error **err)
{
    switch (t->status) {
    case INCLOAD_STATUS_SUCCESS:
        return write_done(ledger, conn, t, err);
    case INCLOAD_STATUS_FAILED:
        return incload__unit_fail(ledger, conn, &t->unit, &t->failure, err);
    case INCLOAD_STATUS_SKIPPED:
        return incload__unit_skip(ledger, conn, &t->unit, t->reason, false, err);
    default:
        return incload__unit_release(ledger, conn, &t->unit, NULL, 0, false, err);
    }
}

/* What is not counted for want of an answer does no harm. */
static int32_t
visit_count(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    const telling *t = data;

    return incload__unit_count_retries(ledger, conn, &t->unit, t->retries, err);
}

/* An end that was written by a try of which no answer came is no loss. */
static int32_t
visit_tell(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    const telling *t = data;
    incload_error *failure = NULL;
    incload__unit_row row = { 0 };
    int32_t count = 0, status = write_end(ledger, conn, t, &failure);

    if (status == INCLOAD_E_BUSY
        && incload__units_read(ledger, conn, t->unit.run_no, t->unit.seq, 1, 0, &row, &count, NULL) == INCLOAD_OK
        && count == 1 && row.epoch == t->unit.epoch && row.status == t->status) {
        incload_error_unref(failure);
        failure = NULL;
        status = INCLOAD_OK;
    }
    incload__unit_row_free(&row);
    incload__error_pass(err, failure);
    return status;
}

static void
note_told(incload__flow_ledger *ledger, incload__kept_step *kept, const telling *t)
{
    incload__monitor_lock(&ledger->monitor);
    kept->keeping = INCLOAD__KEPT_OPEN;
    kept->known = t->status != INCLOAD_STATUS_PENDING;
    if (ledger->durable != NULL)
        incload__durable_count(ledger->durable, t->status == INCLOAD_STATUS_SUCCESS, t->status == INCLOAD_STATUS_FAILED,
                               t->rows_written);
    incload__monitor_unlock(&ledger->monitor);
}

static int32_t
tell(incload__flow *flow, int32_t node, telling *t, incload_error **err)
{
    incload__flow_ledger *ledger = flow->ledger;
    incload__kept_step *kept = incload__kept_of(flow, node);

    t->unit = (incload__held_unit){ ledger->run_no, node, kept->epoch };
    if (t->retries > 0)
        incload__flow_ledger_call(ledger, visit_count, t, NULL);
    int32_t status = incload__flow_ledger_call(ledger, visit_tell, t, err);
    if (status != INCLOAD_OK)
        return status;
    note_told(ledger, kept, t);
    return INCLOAD_OK;
}

static void
fill_failure(telling *t, int32_t reason, int32_t code, const incload_error *error)
{
    t->status = INCLOAD_STATUS_FAILED;
    t->failure = (incload__unit_failure){ .code = error != NULL ? incload_error_code(error) : code,
                                          .reason = reason,
                                          .message = error != NULL ? incload_error_message(error) : NULL };
}

/* True when the outcome is an end for good, as far as can be told before the scheduler has judged. */
static bool
is_final(const incload__flow_unit *unit, const incload__sched_outcome *outcome, telling *t)
{
    const incload__flow_node *node = &unit->flow->nodes[unit->node];
    incload__sched_policy policy;

    t->retries = atomic_load(&unit->unit->attempt) - 1;
    switch (outcome->kind) {
    case INCLOAD__OUTCOME_OK:
    case INCLOAD__OUTCOME_SHORT_CIRCUIT:
        t->status = INCLOAD_STATUS_SUCCESS;
        t->rows_written =
            unit->child != NULL ? incload_run_rows_written(unit->child) : atomic_load(&unit->unit->rows_written);
        return true;
    case INCLOAD__OUTCOME_SKIP:
        t->status = INCLOAD_STATUS_SKIPPED;
        t->reason = node->condition_closed ? INCLOAD__REASON_CONDITION : INCLOAD__REASON_SELF;
        return true;
    case INCLOAD__OUTCOME_RETRY:
    case INCLOAD__OUTCOME_FAILED:
        incload__pipeline_policy(&node->as->values, node->step, 0, &policy);
        fill_failure(t, INCLOAD__REASON_ERROR, outcome->code, unit->error);
        /* One that was told to stop has a reason that the scheduler knows. */
        return !atomic_load(&unit->stop)
               && (outcome->kind == INCLOAD__OUTCOME_FAILED || atomic_load(&unit->unit->attempt) >= policy.attempts);
    default:
        return false;
    }
}

static int32_t
tell_final(incload__flow_unit *unit, const incload__sched_outcome *outcome, telling *t, incload_error **err)
{
    incload__kept_result result = { .short_circuit = outcome->kind == INCLOAD__OUTCOME_SHORT_CIRCUIT,
                                    .closed = outcome->closed,
                                    .data = unit->result,
                                    .size = unit->result_size };
    incload__str text = INCLOAD__STR(&unit->flow->env->mem);

    if (t->status == INCLOAD_STATUS_SUCCESS)
        incload__kept_result_write(&result, &text);
    if (text.length > 0)
        t->result = incload__str_text(&text);
    int32_t status = text.failed ? incload__fail_memory(err) : tell(unit->flow, unit->node, t, err);
    incload__str_free(&text);
    return status;
}

/* ---- in the data's transaction ---- */

static int32_t
begin_landing(void *data, const incload__ledger *ledger, incload__conn *to, incload_error **err)
{
    incload__flow_unit *unit = data;
    const incload__kept_step *kept = incload__kept_of(unit->flow, unit->node);
    incload__held_unit held = { unit->flow->ledger->run_no, unit->node, kept->epoch };

    unit->landed_parts = 0;
    unit->landed_rows = 0;
    int32_t status = incload__unit_fence(ledger, to, &held, err);
    if (status == INCLOAD_E_BUSY)
        incload__error_set_retryable(err, false);
    return status;
}

/* Once for each load of a group; with the last of them the step is done. */
static int32_t
land(void *data, const incload__ledger *ledger, incload__conn *to, int64_t rows_written, incload_error **err)
{
    incload__flow_unit *unit = data;
    const incload__kept_step *kept = incload__kept_of(unit->flow, unit->node);
    int32_t parts = unit->child->load_count > 0 ? unit->child->load_count : 1;
    incload__landing landing = { .run_no = unit->flow->ledger->run_no, .epoch = kept->epoch };

    unit->landed_rows += rows_written;
    if (++unit->landed_parts < parts)
        return INCLOAD_OK;
    incload__landed landed = { .seq = unit->node, .rows_written = unit->landed_rows };
    int32_t status = incload__units_done(ledger, to, &landing, &landed, 1, err);
    INCLOAD__FAILPOINT_ON(status, to, "step.done", INCLOAD_E_CONFLICT, err);
    if (status == INCLOAD_E_BUSY)
        incload__error_set_retryable(err, false);
    return status;
}

void
incload__flow_ledger_join_landing(incload__flow_unit *unit)
{
    const incload__flow *flow = unit->flow;
    const incload_step *step = flow->nodes[unit->node].step;

    if (incload__kept_of(flow, unit->node) == NULL || incload__step_target(step) != flow->pipeline->ledger)
        return;
    unit->landing = (incload__load_landing){ .begin = begin_landing, .land = land, .data = unit };
    unit->child->landing = &unit->landing;
}

/* All of it was recorded with its data. */
static bool
has_landed(const incload__flow_unit *unit)
{
    int32_t parts = unit->child != NULL && unit->child->load_count > 0 ? unit->child->load_count : 1;

    return unit->landed_parts == parts;
}

/* The step is another's, or this process's again in a while: what was done does not count. */
static void
give_up(incload__flow_unit *unit, incload__kept_step *kept, incload__sched_outcome *outcome)
{
    incload_error_unref(unit->error);
    unit->error = NULL;
    incload__free(&unit->flow->env->mem, unit->result);
    unit->result = NULL;
    incload__kept_set(unit->flow->ledger, kept, INCLOAD__KEPT_OPEN);
    *outcome = (incload__sched_outcome){ .kind = INCLOAD__OUTCOME_YIELD, .after_us = LOST_US };
}

void
incload__flow_ledger_tell(incload__flow_unit *unit, incload__sched_outcome *outcome)
{
    incload__kept_step *kept = incload__kept_of(unit->flow, unit->node);
    incload_error *failure = NULL;
    telling t = { .status = 0 };

    if (kept == NULL)
        return;
    incload__keeping keeping = incload__kept_get(unit->flow->ledger, kept);
    /* A backfill's units are recorded by themselves. */
    if (unit->flow->nodes[unit->node].walk != NULL) {
        if (keeping == INCLOAD__KEPT_LOST && outcome->kind != INCLOAD__OUTCOME_OK)
            *outcome = (incload__sched_outcome){ .kind = INCLOAD__OUTCOME_YIELD, .after_us = LOST_US };
        return;
    }
    if (keeping == INCLOAD__KEPT_LOST)
        give_up(unit, kept, outcome);
    if (keeping != INCLOAD__KEPT_HELD || !is_final(unit, outcome, &t))
        return;
    if (t.status == INCLOAD_STATUS_SUCCESS && has_landed(unit)) {
        note_told(unit->flow->ledger, kept, &t);
        return;
    }
    int32_t status = tell_final(unit, outcome, &t, &failure);
    if (status == INCLOAD_OK)
        return;
    if (status == INCLOAD_E_BUSY) {
        incload_error_unref(failure);
        give_up(unit, kept, outcome);
        return;
    }
    /* It stays held, and is given back with the worker: whoever takes it next does it again. */
    incload__error_prefix(&failure, "the step was done, and could not be recorded");
    incload__error_set_place(&failure, unit->unit->step, unit->unit->label);
    incload_error_unref(unit->error);
    unit->error = failure;
    *outcome = (incload__sched_outcome){ .kind = INCLOAD__OUTCOME_FAILED, .code = status };
}

/* ---- what the scheduler decided ---- */

/* What follows from ends that are known is known. */
static bool
follows(const incload__flow *flow, int32_t node)
{
    const incload__node *as = flow->nodes[node].as;

    for (int32_t i = 0; i < as->depends.count; i++) {
        int32_t up = incload__pipeline_find(flow->pipeline, as->depends.items[i].name);
        if (up >= 0 && !flow->ledger->steps[up].known)
            return false;
    }
    int32_t setup = as->values.cleanup_of != NULL ? incload__pipeline_find(flow->pipeline, as->values.cleanup_of) : -1;
    return setup < 0 || flow->ledger->steps[setup].known;
}

/* Left out by its rule: written at the end with the others, since every process decides the same. */
static void
note_skip(incload__flow *flow, int32_t node, int32_t reason)
{
    incload__flow_ledger *ledger = flow->ledger;

    if (reason != INCLOAD__REASON_UPSTREAM_FAILED && reason != INCLOAD__REASON_UPSTREAM_SKIPPED)
        return;
    incload__monitor_lock(&ledger->monitor);
    if (!ledger->steps[node].known && follows(flow, node)) {
        ledger->steps[node].known = true;
        ledger->skips[ledger->skip_count++] = (incload__kept_skip){ node, reason };
    }
    incload__monitor_unlock(&ledger->monitor);
}

void
incload__flow_ledger_ended(incload__flow *flow, const incload__sched_event *event, const incload_error *error)
{
    incload__kept_step *kept = incload__kept_of(flow, event->node);
    telling t = { .status = event->status };

    if (kept == NULL || (flow->nodes[event->node].walk != NULL && event->kind != INCLOAD__SCHED_NODE_FINISHED))
        return;
    incload__keeping keeping = incload__kept_get(flow->ledger, kept);
    incload__sched_outcome waits;
    bool cancelled = event->reason == INCLOAD__REASON_CANCELLED || event->reason == INCLOAD__REASON_RUN_CANCELLED;
    /* A backfill that all take part in has ended: one of them writes it down. */
    if (keeping == INCLOAD__KEPT_OPEN && flow->nodes[event->node].walk != NULL && !cancelled
        && event->status != INCLOAD_STATUS_SKIPPED) {
        incload__flow_verdict verdict = incload__flow_ledger_claim(flow, event->node, false, &waits, NULL);
        keeping = incload__kept_get(flow->ledger, kept);
        kept->known = kept->known || verdict == INCLOAD__FLOW_WAIT;
    }
    if (keeping == INCLOAD__KEPT_HELD) {
        if (event->status == INCLOAD_STATUS_FAILED)
            fill_failure(&t, event->reason, event->code, error);
        /* A run that was cancelled can be resumed, and then does it. */
        if (event->status != INCLOAD_STATUS_SUCCESS && cancelled)
            t.status = INCLOAD_STATUS_PENDING;
        if (event->status == INCLOAD_STATUS_SUCCESS)
            t.rows_written = incload_run_rows_written(flow->nodes[event->node].run);
        tell(flow, event->node, &t, NULL);
    } else if (event->kind == INCLOAD__SCHED_NODE_FINISHED && event->status == INCLOAD_STATUS_SKIPPED) {
        note_skip(flow, event->node, event->reason);
    }
}
