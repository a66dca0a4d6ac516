/* SPDX-License-Identifier: Apache-2.0 */
/* A run as it remembers itself. */
#include "run/flow.h"

void
incload__flow_attempt_begins(incload__flow_unit *unit, int64_t now_us)
{
    incload__flow *flow = unit->flow;
    incload__flow_node *node = &flow->nodes[unit->node];

    unit->trail.node = unit->node;
    unit->trail.key = node->walk != NULL ? unit->backfill.part.ordinal : unit->key;
    int64_t began_us = incload__trail_begin(&flow->trail, &unit->trail, now_us);
    if (atomic_load(&node->first_us) == 0)
        atomic_store(&node->first_us, began_us);
}

/* What an attempt was that ended so; the rest are failures. */
static int32_t
status_of(int32_t outcome)
{
    switch (outcome) {
    case INCLOAD__OUTCOME_OK:
    case INCLOAD__OUTCOME_SHORT_CIRCUIT:
    case INCLOAD__OUTCOME_YIELD:
        return INCLOAD_STATUS_SUCCESS;
    case INCLOAD__OUTCOME_SKIP:
        return INCLOAD_STATUS_SKIPPED;
    default:
        return INCLOAD_STATUS_FAILED;
    }
}

void
incload__flow_attempt_over(incload__flow_unit *unit, uint64_t token, const incload__sched_outcome *outcome)
{
    incload__flow *flow = unit->flow;
    int64_t now = incload__monotonic_us(flow->env);

    pthread_mutex_lock(&flow->lock);
    if (unit->token == token) {
        incload__trail_end(&flow->trail, &unit->trail, now, status_of(outcome->kind), outcome->reason);
        unit->short_circuit = outcome->kind == INCLOAD__OUTCOME_SHORT_CIRCUIT;
    }
    pthread_mutex_unlock(&flow->lock);
}

void
incload__flow_attempt_told(incload__flow_unit *unit, const incload__sched_event *event)
{
    incload__flow *flow = unit->flow;
    incload__trail_unit *past = &unit->trail;

    pthread_mutex_lock(&flow->lock);
    /* The next one may have begun before this was told. */
    int32_t last = past->attempt_count - 1;
    if (last > 0 && past->attempts[last].end_us == 0)
        last--;
    if (last >= 0 && past->attempts[last].end_us != 0)
        past->attempts[last].reason = (uint8_t)event->reason;
    pthread_mutex_unlock(&flow->lock);
}

void
incload__flow_unit_over(incload__flow_unit *unit, const incload__sched_event *event)
{
    incload__flow *flow = unit->flow;
    incload__flow_node *node = &flow->nodes[unit->node];
    incload__trail_unit *past = &unit->trail;

    pthread_mutex_lock(&flow->lock);
    incload__trail_end(&flow->trail, past, event->time_us, event->status, event->reason);
    if (past->attempt_count > 0) {
        past->attempts[past->attempt_count - 1].status = (int8_t)event->status;
        past->attempts[past->attempt_count - 1].reason = (uint8_t)event->reason;
    }
    past->status = (uint8_t)event->status;
    past->reason = (uint8_t)event->reason;
    past->rows = event->status == INCLOAD_STATUS_SUCCESS ? atomic_load(&unit->unit->rows_written) : 0;
    past->bytes = event->status == INCLOAD_STATUS_SUCCESS ? atomic_load(&unit->unit->bytes) : 0;
    past->error = event->status == INCLOAD_STATUS_FAILED ? incload_error_ref(unit->error) : NULL;
    incload__trail_keep(&flow->trail, past);
    node->closed = unit->closed;
    node->short_circuit = unit->short_circuit;
    pthread_mutex_unlock(&flow->lock);
}
