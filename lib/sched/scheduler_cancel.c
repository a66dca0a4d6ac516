/* SPDX-License-Identifier: Apache-2.0 */
/* Cancel and pause, from the outside. */
#include <unistd.h>

#include "sched/scheduler_internal.h"

/* A node that is not running ends where it stands. */
static void
end_node(incload__sched *s, int32_t id)
{
    incload__sched_node *node = &s->nodes[id];

    if (node->state == NODE_RESTS || (node->state == NODE_READY && (node->flags & NODE_STARTED) != 0)) {
        incload__sched_unit_end(s, node->link, INCLOAD_STATUS_FAILED, INCLOAD__REASON_CANCELLED);
        return;
    }
    if (node->state == NODE_READY)
        incload__sched_lane_remove(s, id);
    incload__sched_node_end(s, id, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_RUN_CANCELLED);
}

static void
end_source(incload__sched *s, incload__sched_lane *lane)
{
    lane->stopped = !lane->ended || lane->ahead_count > 0;
    for (int32_t id = 0; id < s->slot_count && lane->open; id++) {
        const incload__sched_slot *slot = &s->slots[id];
        if (&s->lanes[slot->lane] == lane && (slot->state == SLOT_QUEUED || slot->state == SLOT_RESTS)) {
            s->cut = true;
            incload__sched_unit_end(s, id, INCLOAD_STATUS_FAILED, INCLOAD__REASON_CANCELLED);
        }
    }
    if (lane->open)
        incload__sched_source_look(s, lane);
}

static void
drain(incload__sched *s)
{
    for (int32_t id = 0; id < s->node_count; id++) {
        const incload__sched_node *node = &s->nodes[id];
        bool waits = node->state == NODE_WAITS || node->state == NODE_READY || node->state == NODE_RESTS;
        bool source = (node->flags & INCLOAD__NODE_SOURCE) != 0 && node->state != NODE_WAITS;
        if (waits && !source && !incload__sched_is_spared(s, id))
            end_node(s, id);
    }
    for (int32_t i = s->gate_count; i < s->lane_count; i++) {
        if (s->lanes[i].open && !incload__sched_is_spared(s, s->lanes[i].source->node))
            end_source(s, &s->lanes[i]);
    }
}

static void
stop_all(incload__sched *s)
{
    int64_t now = incload__sched_now(s);

    for (int32_t id = 0; id < s->slot_count; id++) {
        if (s->slots[id].state == SLOT_RUNS && !incload__sched_is_spared(s, s->slots[id].node))
            incload__sched_slot_stop(s, id, INCLOAD__REASON_CANCELLED, now);
    }
}

int32_t
incload__sched_cancel(incload__sched *s, int32_t level)
{
    if (s->pid != (int32_t)getpid())
        return INCLOAD_E_FORKED;
    incload__sched_enter(s);
    int32_t before = s->cancel;
    if (level > before && s->state == INCLOAD__RUN_RUNNING) {
        s->cancel = level;
        if (before == 0)
            drain(s);
        if (level == INCLOAD__CANCEL_NOW)
            stop_all(s);
        if (s->begun)
            incload__sched_release(s);
    }
    pthread_cond_broadcast(&s->work);
    pthread_cond_broadcast(&s->timing);
    incload__sched_deliver(s);
    incload__sched_unlock(s);
    return INCLOAD_OK;
}

int32_t
incload__sched_pause(incload__sched *s, int32_t node, bool paused)
{
    int32_t lane, status = INCLOAD_OK;

    if (s->pid != (int32_t)getpid())
        return INCLOAD_E_FORKED;
    incload__sched_enter(s);
    if (node < 0)
        s->paused = paused;
    else if ((lane = incload__sched_lane_of(s, node)) >= 0)
        s->lanes[lane].paused = paused;
    else
        status = INCLOAD_E_INVALID;
    pthread_cond_broadcast(&s->work);
    incload__sched_leave(s);
    return status;
}
