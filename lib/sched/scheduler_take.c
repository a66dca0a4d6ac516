/* SPDX-License-Identifier: Apache-2.0 */
/* Which unit is next. Ready units wait in lanes, one for each gate and each source; the one whose head is first in the
 * order of dispatch goes, unless something holds its lane back. */
#include "sched/scheduler_internal.h"

enum { OVERTAKEN_ENOUGH = 64 };

void
incload__sched_lane_push_added(incload__sched *s, incload__sched_lane *lane, int32_t id)
{
    int32_t at = lane->added_count;

    /* Room for all was made when the node was added. */
    lane->added_count++;
    for (; at > 0; at--) {
        int32_t before = lane->added[at - 1];
        if (s->nodes[before].place < s->nodes[id].place
            || (s->nodes[before].place == s->nodes[id].place && before < id))
            break;
        lane->added[at] = before;
    }
    lane->added[at] = id;
}

void
incload__sched_lane_remove(incload__sched *s, int32_t id)
{
    incload__sched_lane *lane = &s->lanes[incload__sched_policy_of(s, id)->gate];
    int32_t at = 0;

    if (id < s->graph->nodes) {
        incload__ready_take(&lane->ready, s->nodes[id].place);
        return;
    }
    while (lane->added[at] != id)
        at++;
    lane->added_count--;
    for (; at < lane->added_count; at++)
        lane->added[at] = lane->added[at + 1];
}

static bool
source_has_unit(const incload__sched_lane *lane)
{
    return lane->open && !lane->stopped
           && (lane->retry_first >= 0 || lane->ahead_count > 0 || (!lane->ended && !lane->asking));
}

int32_t
incload__sched_head_of(const incload__sched *s, incload__sched_lane *lane)
{
    if (lane->source != NULL)
        return source_has_unit(lane) ? lane->source->node : -1;
    int32_t place = incload__ready_first(&lane->ready);
    int32_t id = place >= 0 ? s->graph->by_place[place] : -1;
    if (lane->added_count > 0 && (id < 0 || s->nodes[lane->added[0]].place < place))
        id = lane->added[0];
    return id;
}

static int32_t
limit_holds(const incload__limit *limit, int64_t now, int64_t *until_us)
{
    int32_t held = incload__limit_look(limit, now);

    if (held == INCLOAD__LIMIT_RATE) {
        *until_us = incload__limit_opens_us(limit);
        return INCLOAD__REASON_WAITING_RATE;
    }
    return held == INCLOAD__LIMIT_FULL ? INCLOAD__REASON_WAITING_LIMIT : 0;
}

static int32_t
source_holds(const incload__sched_lane *lane, int64_t now, int64_t *until_us)
{
    if (lane->paused)
        return INCLOAD__REASON_PAUSED;
    if (lane->retry_first < 0 && lane->ahead_count == 0 && lane->again_us > now) {
        *until_us = lane->again_us;
        return INCLOAD__REASON_NOT_READY;
    }
    return limit_holds(&lane->limit, now, until_us);
}

static int32_t
gate_holds(const incload__sched *s, const incload__sched_gate_state *gate, int64_t now, const char **pool,
           int64_t *until_us)
{
    for (int32_t i = 0; i < gate->pairs && s->tight > 0; i++) {
        const incload__sched_pool_state *p = &s->pools[gate->spec.pools[i]];
        if (p->used + gate->spec.weights[i] > p->slots) {
            *pool = p->name;
            return INCLOAD__REASON_WAITING_POOL;
        }
    }
    return limit_holds(&gate->limit, now, until_us);
}

int32_t
incload__sched_held_by(const incload__sched *s, const incload__sched_lane *lane, int64_t now, const char **pool,
                       int64_t *until_us)
{
    int32_t reason = s->paused ? INCLOAD__REASON_PAUSED : 0;

    if (reason == 0 && lane->source != NULL)
        reason = source_holds(lane, now, until_us);
    return reason != 0 ? reason : gate_holds(s, &s->gates[lane->gate], now, pool, until_us);
}

static bool
gates_share_a_pool(const incload__sched_gate_state *a, const incload__sched_gate_state *b)
{
    for (int32_t i = 0; i < a->pairs; i++) {
        for (int32_t j = 0; j < b->pairs; j++) {
            if (a->spec.pools[i] == b->spec.pools[j])
                return true;
        }
    }
    return false;
}

/* Whether nothing but a pool holds the lane back; with `or_free`, also whether nothing does. */
static bool
wants_pool(const incload__sched *s, incload__sched_lane *lane, int64_t now, bool or_free)
{
    const char *pool = NULL;
    int64_t until = 0;

    if (incload__sched_head_of(s, lane) < 0)
        return false;
    int32_t held = incload__sched_held_by(s, lane, now, &pool, &until);
    return held == INCLOAD__REASON_WAITING_POOL || (or_free && held == 0);
}

/* Whether a lane that was overtaken too often is to have what this one would take. */
static bool
must_let_pass(const incload__sched *s, const incload__sched_lane *lane, int64_t now)
{
    for (int32_t i = 0; i < s->lane_count && s->overtaken > 0; i++) {
        incload__sched_lane *other = &s->lanes[i];
        if (other != lane && other->overtaken >= OVERTAKEN_ENOUGH && lane->overtaken < OVERTAKEN_ENOUGH
            && gates_share_a_pool(&s->gates[lane->gate], &s->gates[other->gate]) && wants_pool(s, other, now, true))
            return true;
    }
    return false;
}

static void
count_overtaking(incload__sched *s, incload__sched_lane *lane, int64_t now)
{
    s->overtaken -= lane->overtaken >= OVERTAKEN_ENOUGH;
    lane->overtaken = 0;
    for (int32_t i = 0; i < s->lane_count && s->tight > 0; i++) {
        incload__sched_lane *other = &s->lanes[i];
        if (other != lane && gates_share_a_pool(&s->gates[lane->gate], &s->gates[other->gate])
            && wants_pool(s, other, now, false))
            s->overtaken += ++other->overtaken == OVERTAKEN_ENOUGH;
    }
}

static void
use_slots(incload__sched *s, incload__sched_pool_state *pool, int32_t slots)
{
    s->tight -= pool->used + pool->most > pool->slots;
    pool->used += slots;
    s->tight += pool->used + pool->most > pool->slots;
}

int32_t
incload__sched_pick(const incload__sched *s, int64_t now, int32_t *head, bool *passed)
{
    int32_t best = -1, best_place = INT32_MAX;

    for (int32_t i = 0; i < s->lane_count && !s->paused; i++) {
        incload__sched_lane *lane = &s->lanes[i];
        const char *pool = NULL;
        int64_t until = 0;
        int32_t id = incload__sched_head_of(s, lane);
        if (id < 0 || s->nodes[id].place >= best_place)
            continue;
        if (!lane->plain
            && (incload__sched_held_by(s, lane, now, &pool, &until) != 0
                || (s->overtaken > 0 && must_let_pass(s, lane, now)))) {
            *passed = true;
            continue;
        }
        best = i;
        best_place = s->nodes[id].place;
        *head = id;
    }
    return best;
}

static int64_t
now_if_needed(incload__sched *s)
{
    return s->timed ? incload__sched_now(s) : 0;
}

bool
incload__sched_has_work(incload__sched *s)
{
    bool passed;
    int32_t head;

    return incload__sched_pick(s, now_if_needed(s), &head, &passed) >= 0;
}

int64_t
incload__sched_opens_us(incload__sched *s)
{
    int64_t opens = INT64_MAX;

    if (!s->timed)
        return opens;
    int64_t now = incload__sched_now(s);
    for (int32_t i = 0; i < s->lane_count; i++) {
        const char *pool = NULL;
        int64_t until = INT64_MAX;
        if (incload__sched_head_of(s, &s->lanes[i]) >= 0)
            incload__sched_held_by(s, &s->lanes[i], now, &pool, &until);
        opens = until < opens ? until : opens;
    }
    return opens;
}

/* Asks the source for the next keys, without the lock: as many as may start now. */
static void
ask_source(incload__sched *s, incload__sched_lane *lane)
{
    const incload__sched_source *source = lane->source;
    int32_t room = lane->limit.now == INT32_MAX ? LANE_AHEAD : lane->limit.now - lane->limit.running;
    int64_t keys[LANE_AHEAD], again_us = 0;
    int32_t count = 0, answer = INCLOAD__SOURCE_UNIT;

    if (room > LANE_AHEAD)
        room = LANE_AHEAD;
    lane->asking = true;
    incload__sched_unlock(s);
    while (count < room && answer == INCLOAD__SOURCE_UNIT) {
        answer = source->next(source->user_data, &keys[count], &again_us);
        count += answer == INCLOAD__SOURCE_UNIT;
    }
    incload__sched_lock(s);
    lane->asking = false;
    /* Nothing was ahead, and nobody else asked meanwhile. */
    lane->ahead_first = 0;
    lane->ahead_count = count;
    for (int32_t i = 0; i < count; i++)
        lane->ahead[i] = keys[i];
    if (answer == INCLOAD__SOURCE_LATER)
        lane->again_us = again_us;
    else if (answer != INCLOAD__SOURCE_UNIT)
        lane->ended = true;
    if (answer != INCLOAD__SOURCE_LATER && answer != INCLOAD__SOURCE_UNIT && answer != INCLOAD__SOURCE_END) {
        lane->end_code = answer;
        lane->last_code = answer;
    }
    incload__sched_source_look(s, lane);
    incload__sched_release(s);
}

/* The slot of the unit at the lane's head, which leaves the lane. -1: no memory. */
static int32_t
slot_from_source(incload__sched *s, incload__sched_lane *lane, int64_t now)
{
    int32_t id = lane->retry_first;

    if (id >= 0) {
        lane->retry_first = s->slots[id].next;
        if (lane->retry_first < 0)
            lane->retry_last = -1;
        return id;
    }
    int64_t key = lane->ahead[lane->ahead_first];
    id = incload__sched_slot_new(s, lane->source->node, (int32_t)(lane - s->lanes), key, now);
    if (id < 0)
        return -1;
    if (!incload__sched_promise(s, id)) {
        incload__sched_slot_free(s, id);
        return -1;
    }
    lane->ahead_first++;
    lane->ahead_count--;
    return id;
}

void
incload__sched_hold(incload__sched *s, incload__sched_lane *lane, int64_t now)
{
    incload__sched_gate_state *gate = &s->gates[lane->gate];

    incload__limit_start(&gate->limit, now);
    if (gate->pairs == 0)
        return;
    count_overtaking(s, lane, now);
    for (int32_t i = 0; i < gate->pairs; i++)
        use_slots(s, &s->pools[gate->spec.pools[i]], gate->spec.weights[i]);
}

void
incload__sched_let_go(incload__sched *s, const incload__sched_lane *lane)
{
    incload__sched_gate_state *gate = &s->gates[lane->gate];

    gate->limit.running--;
    for (int32_t i = 0; i < gate->pairs; i++)
        use_slots(s, &s->pools[gate->spec.pools[i]], -gate->spec.weights[i]);
}

static void
start(incload__sched *s, int32_t id, int64_t now)
{
    incload__sched_slot *slot = &s->slots[id];
    incload__sched_node *node = &s->nodes[slot->node];
    incload__sched_lane *lane = &s->lanes[slot->lane];

    slot->generation++;
    slot->attempt++;
    slot->state = SLOT_RUNS;
    slot->stop_reason = 0;
    slot->started_us = slot->beat_us = now;
    node->status = INCLOAD_STATUS_RUNNING;
    node->flags |= NODE_STARTED;
    node->reason = 0;
    if (lane->source != NULL) {
        lane->running++;
        incload__limit_start(&lane->limit, now);
    } else {
        node->state = NODE_RUNS;
        node->link = id;
    }
    if (!lane->plain)
        incload__sched_hold(s, lane, now);
    if (s->deadlines)
        incload__sched_slot_arm(s, id);
    incload__sched_event *event =
        s->hooks.event != NULL ? incload__sched_tell(s, INCLOAD__SCHED_UNIT_STARTED, slot->node) : NULL;
    if (event != NULL) {
        event->key = slot->key;
        event->attempt = slot->attempt;
    }
}

void
incload__sched_give_back(incload__sched *s, int32_t number, bool throttled)
{
    incload__sched_lane *lane = &s->lanes[number];
    incload__sched_gate_state *gate = &s->gates[lane->gate];

    if (lane->plain)
        return;
    bool changed = incload__limit_end(&gate->limit, throttled);
    int32_t limit = gate->limit.now;

    for (int32_t i = 0; i < gate->pairs; i++)
        use_slots(s, &s->pools[gate->spec.pools[i]], -gate->spec.weights[i]);
    if (lane->source != NULL) {
        lane->running--;
        if (incload__limit_end(&lane->limit, throttled)) {
            changed = true;
            limit = lane->limit.now;
        }
    }
    incload__sched_event *event = NULL;
    if (changed)
        event = incload__sched_tell(s, INCLOAD__SCHED_LIMIT_CHANGED, lane->source != NULL ? lane->source->node : -1);
    if (event != NULL)
        event->code = limit;
}

/* With one lane that nothing holds back there is nothing to compare. */
static bool
take_plain(incload__sched *s, incload__sched_unit *unit, bool *again)
{
    int32_t place = s->paused ? -1 : incload__ready_pop(&s->lanes[0].ready);

    if (place < 0)
        return false;
    int32_t head = s->graph->by_place[place], id = s->nodes[head].link;
    int64_t now = now_if_needed(s);
    if (id < 0)
        id = incload__sched_slot_new(s, head, 0, 0, s->queue_count > 0 ? s->ready_us[head] : now);
    if (id >= 0) {
        start(s, id, now);
        incload__sched_slot_unit(s, id, unit);
        return true;
    }
    incload__sched_node_end(s, head, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
    incload__sched_release(s);
    *again = true;
    return false;
}

bool
incload__sched_take(incload__sched *s, incload__sched_unit *unit, bool *again)
{
    if (s->lane_count == 1 && s->lanes[0].plain && s->lanes[0].added_count == 0)
        return take_plain(s, unit, again);
    bool passed = false;
    int64_t now = now_if_needed(s);
    int32_t head = -1, id, number = incload__sched_pick(s, now, &head, &passed);

    /* Perhaps it is only held back by what others have taken and not begun. */
    if (passed && s->holding > 0 && incload__sched_recall(s)) {
        *again = true;
        return false;
    }
    if (number < 0)
        return false;
    incload__sched_lane *lane = &s->lanes[number];
    if (lane->source != NULL && lane->retry_first < 0 && lane->ahead_count == 0) {
        ask_source(s, lane);
        *again = true;
        return false;
    }
    if (lane->source != NULL) {
        id = slot_from_source(s, lane, now);
    } else {
        incload__sched_lane_remove(s, head);
        id = s->nodes[head].link;
        if (id < 0)
            id = incload__sched_slot_new(s, head, number, 0, s->queue_count > 0 ? s->ready_us[head] : now);
    }
    if (id >= 0) {
        start(s, id, now);
        incload__sched_slot_unit(s, id, unit);
        return true;
    }
    /* Without memory for its slot the unit cannot be told from others: the node fails rather than being asked for
     * for ever. */
    if (lane->source != NULL) {
        lane->end_code = lane->last_code = INCLOAD_E_NO_MEMORY;
        lane->ended = true;
        lane->ahead_count = 0;
        incload__sched_source_look(s, lane);
    } else {
        incload__sched_node_end(s, head, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
    }
    incload__sched_release(s);
    *again = true;
    return false;
}
