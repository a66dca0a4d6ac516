/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a run that a ledger keeps: asking for it, taking it over, telling its end. */
#include <string.h>

#include "run/flow_ledger.h"
#include "run/backfill_internal.h"
#include "run/backfill_past.h"
#include "run/kept_result.h"
#include "state/step.h"

enum { FIRST_PAUSE_US = 20000, LONGEST_PAUSE_US = 1000000, PAUSED_US = 250000, LOST_US = 10000 };

incload__kept_step *
incload__kept_of(const incload__flow *flow, int32_t node)
{
    return flow->ledger != NULL && flow->ledger->entered && node < flow->ledger->count ? &flow->ledger->steps[node]
                                                                                       : NULL;
}

static bool
cleans_up(const incload__flow_node *node)
{
    return node->as != NULL && (node->as->values.cleanup_of != NULL || node->as->values.finish);
}

/* A backfill whose ledger keeps a run of it. */
static bool
is_joint(const incload__flow_node *node)
{
    return node->walk != NULL && incload__backfill_home(node->step) != NULL;
}

void
incload__kept_set(incload__flow_ledger *ledger, incload__kept_step *kept, incload__keeping keeping)
{
    incload__monitor_lock(&ledger->monitor);
    kept->keeping = keeping;
    kept->known = kept->known || keeping == INCLOAD__KEPT_ENDED;
    incload__monitor_unlock(&ledger->monitor);
}

incload__keeping
incload__kept_get(incload__flow_ledger *ledger, const incload__kept_step *kept)
{
    incload__monitor_lock(&ledger->monitor);
    incload__keeping keeping = kept->keeping;
    incload__monitor_unlock(&ledger->monitor);
    return keeping;
}

/* ---- asking ---- */

typedef struct asking {
    incload__worker worker;
    int64_t run_no;
    int64_t seq;
    bool cleans_up;
    bool anyway;
    incload__claim claim;
    incload__unit_row row; /* once it has ended */
    char *result;
    const incload__flow *flow;
    bool others; /* others are at what is to be cleaned up */
} asking;

static void
forget(asking *a, const incload__mem *mem)
{
    incload__claim_free(&a->claim);
    incload__unit_row_free(&a->row);
    incload__free(mem, a->result);
    a->result = NULL;
}

/* In a run that should stop nothing may be cleaned up while another process is at work with it. */
static int32_t
look_for_others(const incload__ledger *ledger, incload__conn *conn, asking *a, incload_error **err)
{
    incload__unit_row row;
    int32_t count = 1, status = INCLOAD_OK;

    a->others = false;
    for (int64_t from = 0; status == INCLOAD_OK && count == 1 && !a->others; from = row.seq + 1) {
        status = incload__units_read(ledger, conn, a->run_no, from, 1, INCLOAD_STATUS_RUNNING, &row, &count, err);
        if (status != INCLOAD_OK || count == 0)
            break;
        a->others = row.seq < a->flow->ledger->count && !cleans_up(&a->flow->nodes[row.seq]);
        incload__unit_row_free(&row);
    }
    return status;
}

static int32_t
visit_ask(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    asking *a = data;
    int32_t count = 0, status = INCLOAD_OK;

    forget(a, ledger->mem);
    if (a->cleans_up)
        status = look_for_others(ledger, conn, a, err);
    if (status != INCLOAD_OK || a->others)
        return status;
    status = incload__unit_claim_one(ledger, conn, a->run_no, &a->worker, a->seq, a->anyway, &a->claim, err);
    bool ended = status == INCLOAD_OK && a->claim.unit_status >= INCLOAD_STATUS_SUCCESS;
    if (ended)
        status = incload__units_read(ledger, conn, a->run_no, a->seq, 1, 0, &a->row, &count, err);
    if (ended && status == INCLOAD_OK)
        status = incload__step_result_read(ledger, conn, a->run_no, a->seq, &a->result, err);
    return status;
}

static incload__flow_verdict
wait_for(incload__sched_outcome *outcome, int64_t pause_us)
{
    *outcome = (incload__sched_outcome){ .kind = INCLOAD__OUTCOME_YIELD, .after_us = pause_us };
    return INCLOAD__FLOW_WAIT;
}

/* Another one is at it: asked again less and less often, and its death is looked for. */
static incload__flow_verdict
wait_for_other(incload__flow_ledger *ledger, incload__kept_step *kept, incload__sched_outcome *outcome)
{
    int64_t pause = kept->pause_us > 0 ? kept->pause_us : FIRST_PAUSE_US;

    kept->pause_us = pause < LONGEST_PAUSE_US / 2 ? 2 * pause : LONGEST_PAUSE_US;
    incload__durable_reclaim(ledger->durable, INCLOAD__REASON_CRASHED, NULL);
    return wait_for(outcome, pause);
}

static incload__flow_verdict
judge(incload__flow *flow, incload__kept_step *kept, asking *a, incload__sched_outcome *outcome)
{
    incload__flow_ledger *ledger = flow->ledger;

    if (a->others)
        return wait_for_other(ledger, kept, outcome);
    if (a->claim.unit_status >= INCLOAD_STATUS_SUCCESS) {
        kept->row = a->row;
        kept->result = a->result;
        memset(&a->row, 0, sizeof a->row);
        a->result = NULL;
        incload__kept_set(ledger, kept, INCLOAD__KEPT_ENDED);
        return INCLOAD__FLOW_TAKE_OVER;
    }
    switch (a->claim.hold) {
    case INCLOAD__CLAIM_FULL:
        /* Of two threads that ask for one backfill the later answer counts. */
        kept->epoch = a->claim.epoch > kept->epoch ? a->claim.epoch : kept->epoch;
        kept->worker_no = a->worker.worker_no;
        kept->pause_us = 0;
        incload__kept_set(ledger, kept, INCLOAD__KEPT_HELD);
        return INCLOAD__FLOW_WORK;
    case INCLOAD__CLAIM_LATER:
        return wait_for(outcome, a->claim.wait_us);
    case INCLOAD__CLAIM_PAUSED:
        return wait_for(outcome, PAUSED_US);
    case INCLOAD__CLAIM_ENDED:
        /* It was cancelled, or ended so before this process came. */
        incload__flow_stop(flow, INCLOAD__CANCEL_NOW);
        return wait_for(outcome, PAUSED_US);
    default:
        return wait_for_other(ledger, kept, outcome);
    }
}

incload__flow_verdict
incload__flow_ledger_ask(incload__flow *flow, int32_t node, incload__sched_outcome *outcome, incload_error **err)
{
    const incload__kept_step *kept = incload__kept_of(flow, node);

    if (kept == NULL)
        return INCLOAD__FLOW_WORK;
    incload__keeping keeping = incload__kept_get(flow->ledger, kept);
    if (keeping == INCLOAD__KEPT_ENDED)
        return INCLOAD__FLOW_TAKE_OVER;
    if (keeping == INCLOAD__KEPT_HELD || is_joint(&flow->nodes[node]))
        return INCLOAD__FLOW_WORK;
    return incload__flow_ledger_claim(flow, node, true, outcome, err);
}

incload__flow_verdict
incload__flow_ledger_claim(incload__flow *flow, int32_t node, bool renews, incload__sched_outcome *outcome,
                           incload_error **err)
{
    incload__kept_step *kept = incload__kept_of(flow, node);
    incload__flow_ledger *ledger = flow->ledger;
    incload_error *failure = NULL;
    asking a = { .worker = incload__durable_worker(ledger->durable),
                 .run_no = ledger->run_no,
                 .seq = node,
                 .cleans_up = cleans_up(&flow->nodes[node]),
                 .anyway = cleans_up(&flow->nodes[node]) || is_joint(&flow->nodes[node]),
                 .flow = flow };
    int32_t status = incload__durable_call(ledger->durable, visit_ask, &a, &failure);
    incload__flow_verdict verdict = INCLOAD__FLOW_FAILED;
    if (status == INCLOAD_OK)
        verdict = judge(flow, kept, &a, outcome);
    if (status == INCLOAD_E_BUSY && renews) {
        incload_error_unref(failure);
        failure = NULL;
        if (incload__durable_renew(ledger->durable, a.worker.worker_no, &failure) == INCLOAD_OK)
            verdict = wait_for(outcome, LOST_US);
    }
    forget(&a, &ledger->env->mem);
    if (verdict == INCLOAD__FLOW_FAILED)
        incload__error_prefix(&failure, "asking the ledger for step '%.64s'", flow->nodes[node].name);
    incload__error_pass(err, failure);
    return verdict;
}

/* ---- taking over ---- */

/* An error that another process wrote down. */
static void
name_error(const incload__kept_step *kept, const char *name, incload_error **out)
{
    int32_t code = kept->row.error_code < 0 ? kept->row.error_code : INCLOAD_E_INTERNAL;

    if (kept->row.error != NULL)
        incload__fail(out, code, "%s", kept->row.error);
    else if (kept->row.reason == INCLOAD__REASON_CRASHED)
        incload__fail(out, INCLOAD_E_STATE, "the processes that were at it died %lld times: resume the run",
                      (long long)kept->row.orphans);
    else
        incload__fail(out, code, "it failed in another process");
    incload__error_set_place(out, name, name);
}

static int32_t
take_result(incload__flow_unit *unit, const incload__kept_step *kept, incload__sched_outcome *outcome)
{
    incload__kept_result result;

    if (!incload__kept_result_read(&unit->flow->env->mem, kept->result, &result))
        return incload__fail(&unit->error, INCLOAD_E_DATA,
                             "the result of '%.64s' in the ledger is damaged, or there is no memory for it",
                             unit->unit->label);
    if (unit->child == NULL) {
        incload__free(&unit->flow->env->mem, unit->result);
        unit->result = (void *)(uintptr_t)result.data;
        unit->result_size = result.size;
    }
    outcome->closed = result.closed;
    outcome->kind = result.short_circuit ? INCLOAD__OUTCOME_SHORT_CIRCUIT : INCLOAD__OUTCOME_OK;
    return INCLOAD_OK;
}

static void
take_over(incload__flow_unit *unit, incload__sched_outcome *outcome)
{
    incload__flow_node *node = &unit->flow->nodes[unit->node];
    const incload__kept_step *kept = incload__kept_of(unit->flow, unit->node);

    memset(outcome, 0, sizeof *outcome);
    /* The rest of a backfill that another process has ended meanwhile. */
    if (node->walk != NULL) {
        outcome->kind = INCLOAD__OUTCOME_SKIP;
        return;
    }
    if (kept->row.status == INCLOAD_STATUS_SUCCESS && take_result(unit, kept, outcome) == INCLOAD_OK) {
        atomic_store(&unit->unit->rows_written, kept->row.rows_written);
        if (kept->row.attempt > 0)
            atomic_store(&unit->unit->attempt, (int32_t)kept->row.attempt);
        return;
    }
    if (kept->row.status == INCLOAD_STATUS_SKIPPED) {
        node->condition_closed = kept->row.reason == INCLOAD__REASON_CONDITION;
        outcome->kind = INCLOAD__OUTCOME_SKIP;
        return;
    }
    if (unit->error == NULL)
        name_error(kept, node->name, &unit->error);
    outcome->kind = INCLOAD__OUTCOME_FAILED;
    outcome->reason = kept->row.reason;
    outcome->code = incload_error_code(unit->error);
}

void
incload__flow_ledger_settle(incload__flow_unit *unit, incload__flow_verdict verdict, incload_error *failure,
                            incload__sched_outcome *outcome)
{
    if (verdict == INCLOAD__FLOW_TAKE_OVER) {
        take_over(unit, outcome);
        return;
    }
    incload__error_set_place(&failure, unit->unit->step, unit->unit->label);
    *outcome = (incload__sched_outcome){ .kind = INCLOAD__OUTCOME_FAILED, .code = incload_error_code(failure) };
    incload_error_unref(unit->error);
    unit->error = failure;
}

incload_error *
incload__flow_ledger_error(const incload__flow *flow, int32_t node)
{
    const incload__kept_step *kept = incload__kept_of(flow, node);
    incload_error *told = NULL;

    if (kept != NULL && kept->keeping == INCLOAD__KEPT_ENDED && kept->row.status == INCLOAD_STATUS_FAILED)
        name_error(kept, flow->nodes[node].name, &told);
    return told;
}

/* ---- backfills ---- */

int32_t
incload__flow_ledger_next(void *data, int64_t *key, int64_t *again_us)
{
    incload__flow_node *node = data;
    incload__flow *flow = node->run->flow;
    incload_error *failure = NULL;
    incload__sched_outcome outcome;

    switch (incload__flow_ledger_ask(flow, node->run->node, &outcome, &failure)) {
    case INCLOAD__FLOW_WORK:
        return incload__backfill_walk_next(node->walk, key, again_us);
    case INCLOAD__FLOW_WAIT:
        *again_us = incload__monotonic_us(flow->env) + outcome.after_us;
        return INCLOAD__SOURCE_LATER;
    case INCLOAD__FLOW_TAKE_OVER:
        failure = incload__flow_ledger_error(flow, node->run->node);
        if (failure == NULL)
            return INCLOAD__SOURCE_END;
        break;
    default:
        break;
    }
    int32_t code = incload_error_code(failure);
    if (node->run->error == NULL)
        node->run->error = failure;
    else
        incload_error_unref(failure);
    return code;
}
