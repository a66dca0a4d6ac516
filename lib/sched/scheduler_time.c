/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: of units that wait, rest, run, or were told to stop. */
#include "sched/scheduler_internal.h"

enum { FIRST_QUEUED = 16 };

static bool
passed(int64_t from_us, int64_t limit_us, int64_t now)
{
    return limit_us > 0 && from_us + limit_us <= now;
}

/* ---- nodes that were never begun ---- */

bool
incload__sched_queue_up(incload__sched *s, int32_t id)
{
    int32_t number = s->queue_of[s->nodes[id].policy];

    if (number < 0)
        return true;
    incload__sched_queue *queue = &s->queues[number];
    if (queue->count == queue->capacity) {
        int32_t capacity = queue->capacity > 0 ? 2 * queue->capacity : FIRST_QUEUED;
        int32_t *nodes = incload__realloc(&s->env->mem, queue->nodes, (size_t)capacity * sizeof *nodes);
        if (nodes == NULL)
            return false;
        queue->nodes = nodes;
        queue->capacity = capacity;
    }
    s->ready_us[id] = incload__sched_now(s);
    queue->nodes[queue->count++] = id;
    if (s->ready_us[id] + queue->limit_us < s->queues_us) {
        s->queues_us = s->ready_us[id] + queue->limit_us;
        s->moved = s->moved || s->queues_us < s->watch_us;
    }
    return true;
}

/* The first that still waits, or -1. */
static int32_t
first_waiting(const incload__sched *s, incload__sched_queue *queue)
{
    for (; queue->first < queue->count; queue->first++) {
        const incload__sched_node *node = &s->nodes[queue->nodes[queue->first]];
        /* One that is taken and not begun may come back. */
        if ((node->state == NODE_READY || node->state == NODE_RUNS) && (node->flags & NODE_STARTED) == 0)
            return queue->nodes[queue->first];
    }
    queue->first = queue->count = 0;
    return -1;
}

/* The first deadline of all queues, as it now is. */
static int64_t
look_at_queues(incload__sched *s)
{
    s->queues_us = INT64_MAX;
    for (int32_t i = 0; i < s->queue_count; i++) {
        int32_t id = first_waiting(s, &s->queues[i]);
        if (id >= 0 && s->ready_us[id] + s->queues[i].limit_us < s->queues_us)
            s->queues_us = s->ready_us[id] + s->queues[i].limit_us;
    }
    return s->queues_us;
}

static void
fail_waiting(incload__sched *s, int32_t id, int64_t now)
{
    bool total = passed(s->ready_us[id], incload__sched_policy_of(s, id)->total_us, now);
    int32_t reason = total ? INCLOAD__REASON_TIMEOUT_TOTAL : INCLOAD__REASON_TIMEOUT_QUEUE;
    incload__sched_event *event = incload__sched_tell(s, INCLOAD__SCHED_UNIT_FINISHED, id);

    if (event != NULL) {
        event->status = INCLOAD_STATUS_FAILED;
        event->reason = reason;
    }
    incload__sched_lane_remove(s, id);
    incload__sched_node_end(s, id, INCLOAD_STATUS_FAILED, reason);
}

static void
run_queues(incload__sched *s, int64_t now)
{
    while (look_at_queues(s) <= now) {
        for (int32_t i = 0; i < s->queue_count; i++) {
            int32_t id = first_waiting(s, &s->queues[i]);
            if (id >= 0 && s->ready_us[id] + s->queues[i].limit_us <= now)
                fail_waiting(s, id, now);
        }
    }
    incload__sched_release(s);
}

/* ---- slots ---- */

static void
fail_between_attempts(incload__sched *s, int32_t id)
{
    incload__sched_unit_end(s, id, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_TOTAL);
}

static void
wake_resting(incload__sched *s, int32_t id, int64_t now)
{
    const incload__sched_policy *policy = incload__sched_policy_of(s, s->slots[id].node);

    if (passed(s->slots[id].ready_us, policy->total_us, now)) {
        fail_between_attempts(s, id);
        return;
    }
    if (s->lanes[s->slots[id].lane].source != NULL)
        s->lanes[s->slots[id].lane].resting--;
    incload__sched_requeue(s, id);
}

static void
stop_running(incload__sched *s, int32_t id, int64_t now)
{
    const incload__sched_slot *slot = &s->slots[id];
    const incload__sched_policy *policy = incload__sched_policy_of(s, slot->node);

    if (passed(slot->ready_us, policy->total_us, now))
        incload__sched_slot_stop(s, id, INCLOAD__REASON_TIMEOUT_TOTAL, now);
    else if (passed(slot->started_us, policy->attempt_us, now))
        incload__sched_slot_stop(s, id, INCLOAD__REASON_TIMEOUT_ATTEMPT, now);
    else
        incload__sched_slot_stop(s, id, INCLOAD__REASON_HEARTBEAT_LOST, now);
}

/* It did not stop in time: whoever runs it is on its own, and what it brings is refused. */
static void
give_up(incload__sched *s, int32_t id)
{
    incload__sched_slot *slot = &s->slots[id];
    int32_t reason = slot->stop_reason;
    incload__sched_event *event = incload__sched_tell(s, INCLOAD__SCHED_UNIT_LOST, slot->node);

    if (event != NULL) {
        event->key = slot->key;
        event->attempt = slot->attempt;
        event->reason = reason;
    }
    incload__sched_give_back(s, slot->lane, false);
    slot->generation++;
    incload__sched_unit_end(s, id, INCLOAD_STATUS_FAILED, reason);
}

void
incload__sched_run_timers(incload__sched *s)
{
    if (!incload__sched_is_timed(s))
        return;
    int64_t now = incload__sched_now(s);
    if (s->queues_us > now && incload__timer_due(&s->timer, now) < 0)
        return;
    incload__sched_recall(s);
    if (s->queues_us <= now)
        run_queues(s, now);
    int32_t id = incload__timer_due(&s->timer, now);
    if (id < 0)
        return;
    for (; id >= 0; id = incload__timer_due(&s->timer, now)) {
        int64_t deadline = incload__sched_slot_deadline(s, id);
        if (deadline > now) {
            incload__timer_set(&s->timer, id, deadline);
            continue;
        }
        switch (s->slots[id].state) {
        case SLOT_QUEUED:
            fail_between_attempts(s, id);
            break;
        case SLOT_RESTS:
            wake_resting(s, id, now);
            break;
        case SLOT_RUNS:
            stop_running(s, id, now);
            break;
        default: /* SLOT_STOPS: one of a batch was taken back, and a free one has no deadline */
            give_up(s, id);
            break;
        }
    }
    incload__sched_release(s);
}

int64_t
incload__sched_next_us(incload__sched *s)
{
    while (s->timer.count > 0) {
        int32_t id = s->timer.heap[0].id;
        int64_t deadline = incload__sched_slot_deadline(s, id);
        if (deadline == s->timer.heap[0].at_us)
            break;
        incload__timer_set(&s->timer, id, deadline);
    }
    int64_t next = incload__timer_next(&s->timer), opens = incload__sched_opens_us(s), queues = look_at_queues(s);

    next = opens < next ? opens : next;
    return queues < next ? queues : next;
}
