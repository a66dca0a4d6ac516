/* SPDX-License-Identifier: Apache-2.0 */
/* What the end of an attempt means for its unit: done, again later, or failed. */
#include "sched/scheduler_internal.h"

static void
drop_retry(incload__sched *s, incload__sched_lane *lane, int32_t id)
{
    int32_t *at = &lane->retry_first, last = -1;

    while (*at != id) {
        last = *at;
        at = &s->slots[*at].next;
    }
    *at = s->slots[id].next;
    if (lane->retry_last == id)
        lane->retry_last = last;
}

/* Takes a unit that does not run out of where it waits. */
static void
take_out(incload__sched *s, int32_t id)
{
    incload__sched_slot *slot = &s->slots[id];
    incload__sched_lane *lane = &s->lanes[slot->lane];

    if (lane->source != NULL && slot->state == SLOT_RESTS)
        lane->resting--;
    else if (lane->source != NULL && slot->state == SLOT_QUEUED)
        drop_retry(s, lane, id);
    else if (slot->state == SLOT_QUEUED)
        incload__sched_lane_remove(s, slot->node);
}

/* The source starts no more: what waits for another attempt stays as it is. */
static void
trip(incload__sched *s, incload__sched_lane *lane)
{
    lane->tripped = true;
    for (int32_t id = 0; id < s->slot_count; id++) {
        incload__sched_slot *slot = &s->slots[id];
        if (&s->lanes[slot->lane] != lane || (slot->state != SLOT_QUEUED && slot->state != SLOT_RESTS))
            continue;
        take_out(s, id);
        incload__sched_slot_free(s, id);
    }
    lane->ahead_count = 0;
    lane->ended = true;
}

static bool
too_many_failed(const incload__sched_lane *lane)
{
    const incload__sched_source *source = lane->source;
    int64_t ended = lane->failed + lane->succeeded + lane->skipped;

    return (source->max_failures >= 0 && lane->failed > source->max_failures)
           || (source->max_failed_permille > 0 && ended >= source->min_samples
               && lane->failed * 1000 > ended * source->max_failed_permille)
           || (source->max_consecutive > 0 && lane->failed_in_row >= source->max_consecutive);
}

static void
count_unit(incload__sched *s, incload__sched_lane *lane, int32_t status, int32_t code)
{
    lane->succeeded += status == INCLOAD_STATUS_SUCCESS;
    lane->skipped += status == INCLOAD_STATUS_SKIPPED;
    lane->failed += status == INCLOAD_STATUS_FAILED;
    lane->failed_in_row = status == INCLOAD_STATUS_FAILED ? lane->failed_in_row + 1 : 0;
    if (status == INCLOAD_STATUS_FAILED)
        lane->last_code = code;
    if (status == INCLOAD_STATUS_FAILED && s->cancel == 0 && !lane->tripped && too_many_failed(lane))
        trip(s, lane);
}

void
incload__sched_source_look(incload__sched *s, incload__sched_lane *lane)
{
    int32_t id = lane->source->node;
    bool whole = !lane->stopped && lane->ended && lane->ahead_count == 0 && lane->retry_first < 0 && lane->resting == 0;

    if (!lane->open || lane->asking || lane->running > 0
        || (!whole && (s->cancel == 0 || incload__sched_is_spared(s, id))))
        return;
    lane->open = false;
    if (lane->tripped)
        incload__sched_node_end(s, id, INCLOAD_STATUS_FAILED, INCLOAD__REASON_THRESHOLD);
    else if (!whole && (s->nodes[id].flags & NODE_STARTED) == 0)
        incload__sched_node_end(s, id, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_RUN_CANCELLED);
    else if (lane->failed > lane->cancelled || lane->end_code != 0)
        incload__sched_node_end(s, id, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
    else if (!whole || lane->cancelled > 0)
        incload__sched_node_end(s, id, INCLOAD_STATUS_FAILED, INCLOAD__REASON_CANCELLED);
    else
        incload__sched_node_end(s, id, INCLOAD_STATUS_SUCCESS, INCLOAD__REASON_NONE);
}

void
incload__sched_unit_end(incload__sched *s, int32_t id, int32_t status, int32_t reason)
{
    incload__sched_slot *slot = &s->slots[id];
    incload__sched_lane *lane = &s->lanes[slot->lane];
    int32_t node = slot->node, code = slot->code;

    take_out(s, id);
    s->promised -= slot->promised;
    slot->promised = false;
    incload__sched_event *event =
        s->hooks.event != NULL ? incload__sched_tell(s, INCLOAD__SCHED_UNIT_FINISHED, node) : NULL;
    if (event != NULL) {
        event->key = slot->key;
        event->attempt = slot->attempt;
        event->status = status;
        event->reason = reason;
        event->code = code;
    }
    incload__sched_slot_free(s, id);
    if (lane->source != NULL) {
        lane->cancelled += reason == INCLOAD__REASON_CANCELLED;
        count_unit(s, lane, status, code);
        incload__sched_source_look(s, lane);
        return;
    }
    s->nodes[node].link = -1;
    incload__sched_node_end(s, node, status, reason);
}

void
incload__sched_requeue(incload__sched *s, int32_t id)
{
    incload__sched_slot *slot = &s->slots[id];
    incload__sched_lane *lane = &s->lanes[slot->lane];

    slot->state = SLOT_QUEUED;
    incload__sched_slot_arm(s, id);
    if (lane->source == NULL) {
        s->nodes[slot->node].state = NODE_READY;
        incload__sched_lane_push(s, slot->node);
        return;
    }
    slot->next = -1;
    if (lane->retry_last >= 0)
        s->slots[lane->retry_last].next = id;
    else
        lane->retry_first = id;
    lane->retry_last = id;
}

static void
rest(incload__sched *s, int32_t id, int64_t pause_us, int32_t reason)
{
    incload__sched_slot *slot = &s->slots[id];
    incload__sched_lane *lane = &s->lanes[slot->lane];
    int64_t now = incload__sched_now(s);

    slot->until_us = now + (pause_us > 0 ? pause_us : 0);
    if (lane->source == NULL) {
        s->nodes[slot->node].status = INCLOAD_STATUS_PENDING;
        s->nodes[slot->node].state = NODE_RESTS;
        s->nodes[slot->node].link = id;
    }
    incload__sched_event *event = incload__sched_tell(s, INCLOAD__SCHED_UNIT_WAITS, slot->node);
    if (event != NULL) {
        event->key = slot->key;
        event->attempt = slot->attempt;
        event->reason = reason;
        event->code = slot->code;
        event->until_us = slot->until_us;
    }
    if (pause_us <= 0) {
        incload__sched_requeue(s, id);
        return;
    }
    slot->state = SLOT_RESTS;
    if (lane->source != NULL)
        lane->resting++;
    incload__sched_slot_arm(s, id);
}

/* A cancelled run starts nothing again, and a tripped source neither. */
static bool
goes_on(const incload__sched *s, const incload__sched_slot *slot)
{
    return !s->lanes[slot->lane].tripped
           && (s->cancel == 0 || incload__sched_is_spared(s, slot->node));
}

void
incload__sched_try_again(incload__sched *s, int32_t id, int32_t reason, int64_t after_us)
{
    incload__sched_slot *slot = &s->slots[id];
    const incload__sched_policy *policy = incload__sched_policy_of(s, slot->node);

    slot->failures++;
    if (slot->attempt >= policy->attempts)
        incload__sched_unit_end(s, id, INCLOAD_STATUS_FAILED, reason);
    else if (!goes_on(s, slot))
        incload__sched_unit_end(s, id, INCLOAD_STATUS_FAILED,
                                s->cancel != 0 ? INCLOAD__REASON_CANCELLED : INCLOAD__REASON_THRESHOLD);
    else
        rest(s, id, after_us > 0 ? after_us : incload__retry_delay_us(s->env, &policy->retry, slot->failures), reason);
}

/* Not finished and not failed: no attempt is used up. */
static void
come_back(incload__sched *s, int32_t id, const incload__sched_outcome *outcome)
{
    incload__sched_slot *slot = &s->slots[id];
    const incload__sched_policy *policy = incload__sched_policy_of(s, slot->node);
    int64_t pause = outcome->after_us;

    if (!goes_on(s, slot)) {
        incload__sched_unit_end(s, id, INCLOAD_STATUS_FAILED,
                                s->cancel != 0 ? INCLOAD__REASON_CANCELLED : INCLOAD__REASON_THRESHOLD);
        return;
    }
    slot->attempt--;
    if (outcome->kind == INCLOAD__OUTCOME_THROTTLED) {
        slot->throttles++;
        if (pause <= 0)
            pause = incload__retry_delay_us(s->env, &policy->throttled, slot->throttles);
        slot->throttled_us += pause;
        if (policy->throttled_budget_us > 0 && slot->throttled_us > policy->throttled_budget_us) {
            slot->attempt++;
            incload__sched_unit_end(s, id, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
            return;
        }
    }
    rest(s, id, pause, INCLOAD__REASON_NONE);
}

/* An attempt that was told to stop, and did. */
static void
stopped(incload__sched *s, int32_t id, int32_t reason)
{
    if (reason == INCLOAD__REASON_TIMEOUT_ATTEMPT || reason == INCLOAD__REASON_HEARTBEAT_LOST)
        incload__sched_try_again(s, id, reason, 0);
    else
        incload__sched_unit_end(s, id, INCLOAD_STATUS_FAILED, reason);
}

static void
settle(incload__sched *s, int32_t id, const incload__sched_outcome *outcome)
{
    int32_t stop = s->slots[id].stop_reason;
    int32_t node = s->slots[id].node;

    switch (outcome->kind) {
    case INCLOAD__OUTCOME_OK:
    case INCLOAD__OUTCOME_SHORT_CIRCUIT:
        s->mask_node = node;
        s->mask = outcome->closed;
        s->mask_all = outcome->kind == INCLOAD__OUTCOME_SHORT_CIRCUIT;
        incload__sched_unit_end(s, id, INCLOAD_STATUS_SUCCESS, INCLOAD__REASON_NONE);
        return;
    case INCLOAD__OUTCOME_SKIP:
        incload__sched_unit_end(s, id, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_SELF);
        return;
    default:
        break;
    }
    if (stop != 0) {
        stopped(s, id, stop);
        return;
    }
    switch (outcome->kind) {
    case INCLOAD__OUTCOME_RETRY:
        incload__sched_try_again(s, id, INCLOAD__REASON_ERROR, outcome->after_us);
        break;
    case INCLOAD__OUTCOME_THROTTLED:
    case INCLOAD__OUTCOME_YIELD:
        come_back(s, id, outcome);
        break;
    case INCLOAD__OUTCOME_FAILED:
        incload__sched_unit_end(s, id, INCLOAD_STATUS_FAILED,
                                outcome->reason != 0 ? outcome->reason : INCLOAD__REASON_ERROR);
        break;
    default:
        incload__sched_unit_end(s, id, INCLOAD_STATUS_FAILED, INCLOAD__REASON_PANIC);
        break;
    }
}

/* A unit of a node of one that did what it should: nothing is left to weigh. */
static void
succeed(incload__sched *s, int32_t id, uint64_t closed)
{
    const incload__sched_slot *slot = &s->slots[id];
    int32_t node = slot->node;
    incload__sched_event *event =
        s->hooks.event != NULL ? incload__sched_tell(s, INCLOAD__SCHED_UNIT_FINISHED, node) : NULL;

    if (event != NULL) {
        event->attempt = slot->attempt;
        event->status = INCLOAD_STATUS_SUCCESS;
        event->code = slot->code;
    }
    if (closed != 0) {
        s->mask_node = node;
        s->mask = closed;
        s->mask_all = false;
    }
    incload__sched_slot_free(s, id);
    incload__sched_node_end(s, node, INCLOAD_STATUS_SUCCESS, INCLOAD__REASON_NONE);
}

int32_t
incload__sched_finish(incload__sched *s, uint64_t token, const incload__sched_outcome *outcome)
{
    int32_t id = incload__sched_slot_of(s, token);

    if (id < 0)
        return INCLOAD_E_CONFLICT;
    incload__sched_slot *slot = &s->slots[id];
    slot->code = outcome->code;
    if (slot->hook_due) {
        slot->hook_due = false;
        s->hooks_due--;
    }
    if (!s->lanes[slot->lane].plain)
        incload__sched_give_back(s, slot->lane, outcome->kind == INCLOAD__OUTCOME_THROTTLED);
    /* Fenced from here on, whatever becomes of the unit. */
    slot->generation++;
    if (outcome->kind == INCLOAD__OUTCOME_OK && s->lanes[slot->lane].source == NULL)
        succeed(s, id, outcome->closed);
    else
        settle(s, id, outcome);
    return INCLOAD_OK;
}
