/* SPDX-License-Identifier: Apache-2.0 */
/* Slots: the units that were begun and have not ended. */
#include "sched/scheduler_internal.h"

enum { FIRST_SLOTS = 8, MOST_SLOTS = INT32_MAX / 4 };

bool
incload__sched_slot_more(incload__sched *s)
{
    const incload__mem *mem = &s->env->mem;
    int32_t before = s->slot_capacity, capacity = before > 0 ? 2 * before : FIRST_SLOTS;

    if (capacity > MOST_SLOTS || !incload__timer_reserve(&s->timer, mem, capacity))
        return false;
    incload__sched_slot *slots = incload__realloc(mem, s->slots, (size_t)capacity * sizeof *slots);
    if (slots == NULL)
        return false;
    s->slots = slots;
    s->slot_capacity = s->slot_count = capacity;
    for (int32_t id = capacity - 1; id >= before; id--) {
        slots[id] = (incload__sched_slot){ .state = SLOT_FREE, .node = -1, .next = s->slot_free };
        s->slot_free = id;
    }
    return true;
}

int64_t
incload__sched_slot_deadline(const incload__sched *s, int32_t id)
{
    const incload__sched_slot *slot = &s->slots[id];
    const incload__sched_policy *policy = incload__sched_policy_of(s, slot->node);
    int64_t total = incload__sched_sooner(INT64_MAX, slot->ready_us, policy->total_us);

    switch (slot->state) {
    case SLOT_QUEUED:
        return total;
    case SLOT_RESTS:
        return slot->until_us < total ? slot->until_us : total;
    case SLOT_RUNS:
        return incload__sched_sooner(incload__sched_sooner(total, slot->started_us, policy->attempt_us), slot->beat_us,
                                     policy->heartbeat_us);
    case SLOT_STOPS:
    case SLOT_BATCH:
        return slot->until_us;
    default:
        return INT64_MAX;
    }
}

void
incload__sched_slot_arm(incload__sched *s, int32_t id)
{
    int64_t at = incload__sched_slot_deadline(s, id);
    int32_t place = s->timer.places[id];

    if (at == INT64_MAX || (place >= 0 && s->timer.heap[place].at_us <= at))
        return;
    incload__timer_set(&s->timer, id, at);
    s->moved = s->moved || (s->timer.heap[0].id == id && at < s->watch_us);
}

void
incload__sched_slot_stop(incload__sched *s, int32_t id, int32_t reason, int64_t now)
{
    incload__sched_slot *slot = &s->slots[id];
    int64_t grace = incload__sched_policy_of(s, slot->node)->grace_us;

    slot->state = SLOT_STOPS;
    slot->stop_reason = (uint8_t)reason;
    slot->until_us = grace > 0 ? now + grace : INT64_MAX;
    if (s->hooks.cancel != NULL) {
        slot->hook_due = true;
        s->hooks_due++;
    }
    incload__sched_slot_arm(s, id);
}

int32_t
incload__sched_lane_of(const incload__sched *s, int32_t node)
{
    for (int32_t i = s->gate_count; i < s->lane_count; i++) {
        if (s->lanes[i].source->node == node)
            return i;
    }
    return -1;
}
