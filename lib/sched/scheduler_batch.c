/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: units that a thread takes under one lock, and whose ends come back under one. What is gathered is what the
 * thread would take next by itself if it took one by one; what cannot be foretold is not gathered. */
#include "sched/scheduler_internal.h"

enum { NOTHING = -1 };

/* ---- gathering ---- */

/* A thread sleeps only when all batches are empty; while one does, a batch of more than a chain always leaves something
 * ready, for which it is woken; and when it has woken and others still sleep, batches are emptied again. So nobody
 * sleeps while a unit, or the end of one, waits in a batch behind one that takes long.
 *
 * Whether taking several units keeps none from a thread that would take one. Who listens to events learns of a unit's
 * end when the thread has the lock again, so there must be a thread that looks when a unit takes long after all. */
static bool
may_gather(const incload__sched *s, int32_t first)
{
    return (s->hooks.event == NULL || s->watched) && s->link_first == NULL && s->cancel == 0 && s->tight == 0
           && s->overtaken == 0 && (s->nodes[first].flags & INCLOAD__NODE_SOURCE) == 0;
}

static int32_t
ready_count(const incload__sched *s)
{
    int32_t count = 0;

    for (int32_t i = 0; i < s->gate_count; i++)
        count += s->lanes[i].ready.count;
    return count;
}

/* After this unit, every thread still finds room for one more. */
static bool
is_roomy(const incload__sched *s, const incload__sched_gate_state *gate)
{
    const incload__limit *limit = &gate->limit;

    if (limit->spec.interval_us > 0 || (limit->now != INT32_MAX && limit->now - limit->running <= s->drivers))
        return false;
    for (int32_t i = 0; i < gate->pairs; i++) {
        const incload__sched_pool_state *pool = &s->pools[gate->spec.pools[i]];
        int64_t most = (int64_t)pool->most * s->drivers;
        if (pool->used + gate->spec.weights[i] + most > pool->slots)
            return false;
    }
    return true;
}

static bool
can_gather(const incload__sched *s, int32_t id)
{
    const incload__sched_node *node = &s->nodes[id];
    int32_t gate = s->policies[node->policy].gate;

    return node->link < 0 && (node->flags & INCLOAD__NODE_SOURCE) == 0
           && (s->lanes[gate].plain || is_roomy(s, &s->gates[gate]));
}

/* The first in the order of dispatch, or NOTHING. Whether something holds it back is asked by can_gather. */
static int32_t
first_ready(const incload__sched *s)
{
    int32_t first = NOTHING, least = INT32_MAX;

    /* None was added. */
    for (int32_t i = 0; i < s->gate_count; i++) {
        int32_t place = incload__ready_first(&s->lanes[i].ready);
        if (place >= 0 && place < least) {
            least = place;
            first = s->graph->by_place[place];
        }
    }
    for (int32_t i = s->gate_count; i < s->lane_count; i++) {
        int32_t id = incload__sched_head_of(s, &s->lanes[i]);
        if (id >= 0 && s->nodes[id].place < least) {
            least = s->nodes[id].place;
            first = id;
        }
    }
    return first;
}

/* The node that nothing but this one's end makes ready, if it is the only one below; or NOTHING. One whose events are
 * to be told first, or whose waiting is timed, is not run straight away. */
static int32_t
follower(const incload__sched *s, int32_t id)
{
    const incload__graph *graph = s->graph;
    const int32_t odd = INCLOAD__NODE_SOURCE | INCLOAD__NODE_CLEANUP | INCLOAD__NODE_FINISH;

    if (graph->first[id + 1] - graph->first[id] != 1 || s->hooks.event != NULL || s->queue_count > 0)
        return NOTHING;
    int32_t below = graph->to[graph->first[id]];
    const incload__sched_node *node = &s->nodes[below];
    bool simple = node->upstreams == 1 && node->state == NODE_WAITS && (node->flags & NODE_ALL_SUCCESS) != 0
                  && (node->flags & odd) == 0 && s->lanes[s->policies[node->policy].gate].plain;
    return simple ? below : NOTHING;
}

/* Counts one more unit of the batch that the node waits for: how many, or, without room to count, as many as it may be.
 */
static int32_t
await(incload__sched *s, int32_t id)
{
    incload__sched_awaited *awaited = &s->awaited;
    uint32_t at = (uint32_t)id % AWAITED_PLACES;

    while (awaited->nodes[at] != 0 && awaited->nodes[at] != id + 1)
        at = (at + 1) % AWAITED_PLACES;
    if (awaited->nodes[at] == 0) {
        if (awaited->count == AWAITED_MOST)
            return BATCH_MOST;
        awaited->count++;
        awaited->nodes[at] = id + 1;
        awaited->units[at] = 0;
    }
    return ++awaited->units[at];
}

/* The least rank of what the node, below a unit that was just added to the batch, may make ready when the batch's units
 * succeed: its own, or, where its rule may end it unrun and so touch those further below, any. */
static int32_t
rank_released(incload__sched *s, int32_t id, int32_t bound)
{
    const incload__sched_node *node = &s->nodes[id];
    int32_t missing = node->upstreams - node->ok - node->skip - node->bad;

    if (node->state != NODE_WAITS)
        return INT32_MAX;
    if ((node->flags & NODE_ALL_SUCCESS) == 0)
        return -1;
    /* What is no better than what bounds the batch already need not be counted: the bound only gets better. */
    if (node->place >= bound && node->ok + missing == node->upstreams)
        return INT32_MAX;
    if (missing > 1 && (missing > BATCH_MOST || await(s, id) < missing))
        return INT32_MAX;
    return node->ok + missing == node->upstreams ? node->place : -1;
}

/* The least rank of those that may become ready when the batch's units end: they may go before what is ready now. */
static int32_t
bound_by(incload__sched *s, int32_t id, int32_t bound)
{
    const incload__graph *graph = s->graph;

    for (int32_t i = graph->first[id]; i < graph->first[id + 1] && bound >= 0; i++) {
        int32_t rank = rank_released(s, graph->to[i], bound);
        bound = rank < bound ? rank : bound;
    }
    return bound;
}

static void
reserve(incload__sched *s, incload__sched_batch *b, int32_t id, bool follows)
{
    incload__sched_node *node = &s->nodes[id];
    const incload__sched_policy *policy = &s->policies[node->policy];
    incload__sched_lane *lane = &s->lanes[policy->gate];
    incload__sched_item *item = &b->items[b->count++];

    item->node = id;
    item->policy = node->policy;
    item->follows = follows;
    if (follows)
        node->state = NODE_READY;
    else
        incload__ready_take(&lane->ready, node->place);
    if (s->deadlines) {
        /* A policy with a total time has a queue. */
        item->latest_us =
            s->queue_count > 0 ? incload__sched_sooner(INT64_MAX, s->ready_us[id], policy->total_us) : INT64_MAX;
        b->until_us = item->latest_us < b->until_us ? item->latest_us : b->until_us;
    }
    if (!lane->plain) {
        incload__sched_hold(s, lane, s->timed ? incload__sched_now(s) : 0);
        b->holds++;
    }
}

static void
gather(incload__sched *s, incload__sched_batch *b)
{
    /* Those that wait are counted twice if they take part: so each finds something when it has woken. */
    int32_t share = (ready_count(s) + 1) / (s->drivers + s->waiting), bound = INT32_MAX;
    int32_t id = b->items[0].node;

    /* There is neither another that is ready to spare nor a follower. */
    if (share < 2 && (s->hooks.event != NULL || s->queue_count > 0))
        return;
    for (int32_t taken = 1; b->count < b->size;) {
        int32_t first = first_ready(s), next = follower(s, id);
        int32_t place = first >= 0 ? s->nodes[first].place : INT32_MAX;
        bool follows = next >= 0 && s->nodes[next].place < bound && s->nodes[next].place < place;
        if (!follows) {
            bound = bound_by(s, id, bound);
            next = first;
            taken++;
            if (first < 0 || taken > share || place >= bound || !can_gather(s, first))
                return;
        }
        reserve(s, b, next, follows);
        id = next;
    }
}

static int32_t
slot_of(const incload__sched_batch *b)
{
    return (int32_t)(b->token & UINT32_MAX) - 1;
}

/* Its slot is that of all its units; and their first time limit. */
static void
share_slot(incload__sched *s, incload__sched_batch *b)
{
    int32_t number = slot_of(b);
    incload__sched_slot *slot = &s->slots[number];

    if (s->deadlines) {
        int64_t own = incload__sched_slot_deadline(s, number), soonest = incload__sched_now(s) + s->soonest_us;
        b->until_us = own < b->until_us ? own : b->until_us;
        b->until_us = soonest < b->until_us ? soonest : b->until_us;
    }
    slot->state = SLOT_BATCH;
    slot->until_us = b->until_us;
    if (s->deadlines)
        incload__sched_slot_arm(s, number);
}

static void
enlist(incload__sched *s, incload__sched_batch *b)
{
    b->before = s->newest;
    b->next = NULL;
    if (s->newest != NULL)
        s->newest->next = b;
    else
        s->batches = b;
    s->newest = b;
    b->listed = true;
    s->batched = true;
    s->holding += b->holds;
}

static void
leave_list(incload__sched *s, incload__sched_batch *b)
{
    if (b->before != NULL)
        b->before->next = b->next;
    else
        s->batches = b->next;
    if (b->next != NULL)
        b->next->before = b->before;
    else
        s->newest = b->before;
    b->listed = false;
    s->holding -= b->holds;
}

void
incload__sched_batch_fill(incload__sched *s, incload__sched_batch *b, const incload__sched_unit *unit)
{
    incload__sched_item *first = &b->items[0];

    first->node = unit->node;
    first->follows = false;
    b->token = unit->token;
    b->until_us = INT64_MAX;
    b->at = b->holds = 0;
    b->count = 1;
    if (s->awaited.count > 0)
        s->awaited = (incload__sched_awaited){ .count = 0 };
    atomic_store_explicit(&b->ended, 0, memory_order_relaxed);
    atomic_store_explicit(&b->head, 1, memory_order_relaxed);
    if (b->size > 1 && may_gather(s, unit->node))
        gather(s, b);
    b->made_us = b->count > 1 || b->size == 1 ? incload__monotonic_us(&incload__env_system) : 0;
    if (b->count > 1) {
        share_slot(s, b);
        enlist(s, b);
    }
}

/* ---- taking in what a thread tells, taking back what it has not begun ---- */

static void
set_time(incload__sched *s, int64_t us)
{
    s->now_us = us;
    s->now_known = s->timed;
}

/* The first was told when it was taken. */
static void
tell_begun(incload__sched *s, const incload__sched_item *item)
{
    incload__sched_node *node = &s->nodes[item->node];

    node->flags |= NODE_STARTED;
    if (s->hooks.event == NULL)
        return;
    set_time(s, item->started_us);
    incload__sched_event *event = incload__sched_tell(s, INCLOAD__SCHED_UNIT_STARTED, item->node);
    if (event != NULL)
        event->attempt = 1;
}

static void
tell_ended(incload__sched *s, const incload__sched_item *item, int32_t attempt)
{
    incload__sched_event *event = incload__sched_tell(s, INCLOAD__SCHED_UNIT_FINISHED, item->node);

    if (event == NULL)
        return;
    event->attempt = attempt;
    event->status = INCLOAD_STATUS_SUCCESS;
    event->code = item->code;
}

static void
take_in(incload__sched *s, incload__sched_batch *b, int32_t ended, int32_t attempt)
{
    for (int32_t i = 0; i < ended; i++, attempt = 1) {
        const incload__sched_item *item = &b->items[i];
        if (i > 0)
            tell_begun(s, item);
        set_time(s, item->ended_us);
        if (b->holds > 0 || i == 0)
            incload__sched_give_back(s, s->policies[s->nodes[item->node].policy].gate, false);
        if (s->hooks.event != NULL)
            tell_ended(s, item, attempt);
        incload__sched_node_end(s, item->node, INCLOAD_STATUS_SUCCESS, INCLOAD__REASON_NONE);
    }
}

/* The slot is that of the unit which runs, and no longer that of the first. */
static void
pass_slot_on(incload__sched *s, const incload__sched_item *item, int32_t number)
{
    incload__sched_slot *slot = &s->slots[number];
    incload__sched_node *node = &s->nodes[item->node];

    slot->node = item->node;
    slot->lane = s->policies[node->policy].gate;
    slot->attempt = 1;
    slot->ready_us = s->queue_count > 0 ? s->ready_us[item->node] : item->started_us;
    slot->started_us = slot->beat_us = item->started_us;
    slot->throttled_us = 0;
    slot->code = slot->failures = slot->throttles = 0;
    node->state = NODE_RUNS;
    node->link = number;
    node->status = INCLOAD_STATUS_RUNNING;
    node->reason = 0;
    tell_begun(s, item);
}

static void
undo(incload__sched *s, const incload__sched_item *item)
{
    incload__sched_node *node = &s->nodes[item->node];
    const incload__sched_lane *lane = &s->lanes[s->policies[node->policy].gate];

    if (!lane->plain)
        incload__sched_let_go(s, lane);
    if (!item->follows) {
        incload__sched_lane_push(s, item->node);
        return;
    }
    node->state = NODE_WAITS;
    if (node->ok == node->upstreams)
        incload__sched_evaluate(s, item->node);
}

void
incload__sched_batch_empty(incload__sched *s, incload__sched_batch *b)
{
    if (!b->listed)
        return;
    int32_t begun = atomic_exchange(&b->head, BATCH_TAKEN_BACK);
    int32_t ended = atomic_load_explicit(&b->ended, memory_order_acquire);
    int32_t number = slot_of(b);
    incload__sched_slot *slot = &s->slots[number];

    slot->state = SLOT_RUNS;
    slot->generation += (uint32_t)ended;
    take_in(s, b, ended, slot->attempt);
    if (begun == ended)
        incload__sched_slot_free(s, number);
    else if (ended > 0)
        pass_slot_on(s, &b->items[ended], number);
    s->now_known = false;
    for (int32_t i = b->count - 1; i >= begun; i--)
        undo(s, &b->items[i]);
    leave_list(s, b);
}

void
incload__sched_batch_hand_over(incload__sched *s, incload__sched_batch *b)
{
    b->next_handed = atomic_load_explicit(&s->handed, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&s->handed, &b->next_handed, b))
        continue;
}

/* A batch stays where it is while its thread waits for the lock. True when there was one. */
static bool
take_in_handed(incload__sched *s)
{
    incload__sched_batch *b = atomic_exchange(&s->handed, NULL);
    bool any = b != NULL;

    for (; b != NULL; b = b->next_handed) {
        const incload__sched_outcome outcome = { .kind = INCLOAD__OUTCOME_OK, .code = b->last_code };
        incload__sched_batch_empty(s, b);
        set_time(s, b->last_us);
        /* Passed over when who took the rest back has counted it. */
        incload__sched_finish(s, incload__sched_batch_token(b, b->at), &outcome);
    }
    if (any)
        s->now_known = false;
    return any;
}

bool
incload__sched_recall_older(incload__sched *s, int64_t us)
{
    bool any = take_in_handed(s);

    while (s->batches != NULL && s->batches->made_us < us) {
        incload__sched_batch_empty(s, s->batches);
        any = true;
    }
    if (any)
        incload__sched_release(s);
    return any;
}
