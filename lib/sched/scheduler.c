/* SPDX-License-Identifier: Apache-2.0 */
/* A scheduler's beginning, its clock and events, and what it answers. */
#include "sched/scheduler.h"

#include <unistd.h>

#include "sched/scheduler_internal.h"

int64_t
incload__sched_read_clock(incload__sched *s)
{
    s->now_us = incload__monotonic_us(s->env);
    s->now_known = true;
    return s->now_us;
}

static bool
enlarge_outbox(incload__sched *s)
{
    int32_t capacity = 2 * s->outbox_capacity;
    incload__sched_event *box = incload__realloc(&s->env->mem, s->outbox, (size_t)capacity * sizeof *box);

    if (box == NULL)
        return false;
    s->outbox = box;
    s->outbox_capacity = capacity;
    return true;
}

static bool
has_place(incload__sched *s)
{
    return s->outbox_count + s->promised < s->outbox_capacity || enlarge_outbox(s);
}

bool
incload__sched_promise(incload__sched *s, int32_t id)
{
    if (s->hooks.event == NULL)
        return true;
    if (!has_place(s))
        return false;
    s->slots[id].promised = true;
    s->promised++;
    return true;
}

incload__sched_event *
incload__sched_tell(incload__sched *s, int32_t kind, int32_t node)
{
    if (s->hooks.event == NULL || !has_place(s))
        return NULL;
    incload__sched_event *event = &s->outbox[s->outbox_count++];
    *event = (incload__sched_event){ .kind = kind, .node = node, .time_us = incload__sched_now(s) };
    return event;
}

/* ---- beginning ---- */

int32_t
incload__sched_preset(incload__sched *s, int32_t id, int32_t status, int32_t reason)
{
    int32_t result = INCLOAD_E_STATE;

    if (id < 0 || id >= s->graph->nodes || (status != INCLOAD_STATUS_SUCCESS && status != INCLOAD_STATUS_SKIPPED))
        return INCLOAD_E_INVALID;
    incload__sched_lock(s);
    if (!s->begun && s->nodes[id].state == NODE_WAITS) {
        incload__sched_node_end(s, id, status, reason);
        result = INCLOAD_OK;
    }
    incload__sched_unlock(s);
    return result;
}

int32_t
incload__sched_begin(incload__sched *s)
{
    if (s->pid != (int32_t)getpid())
        return INCLOAD_E_FORKED;
    incload__sched_lock(s);
    int32_t status = s->begun ? INCLOAD_E_STATE : INCLOAD_OK;
    if (status == INCLOAD_OK) {
        s->begun = true;
        for (int32_t i = 0; i < s->node_count; i++) {
            const incload__sched_node *node = &s->nodes[i];
            bool at_once = node->upstreams == 0
                           || ((node->flags & NODE_ALL_SUCCESS) == 0
                               && incload__sched_rule_of(s, i)->kind == INCLOAD__RULE_MIN_SUCCESS);
            if (node->state == NODE_WAITS && at_once)
                incload__sched_evaluate(s, i);
        }
        incload__sched_release(s);
        pthread_cond_broadcast(&s->work);
    }
    incload__sched_deliver(s);
    incload__sched_unlock(s);
    return status;
}

/* ---- answers ---- */

int32_t
incload__sched_state(incload__sched *s)
{
    if (s->pid != (int32_t)getpid())
        return INCLOAD_E_FORKED;
    incload__sched_lock(s);
    int32_t state = s->state;
    incload__sched_unlock(s);
    return state;
}

static void
say_source(const incload__sched *s, int32_t id, incload__sched_info *info)
{
    const incload__sched_lane *lane = &s->lanes[incload__sched_lane_of(s, id)];

    info->running = lane->running;
    info->succeeded = lane->succeeded;
    info->failed = lane->failed;
    info->skipped = lane->skipped;
    info->code = lane->last_code;
    info->limit = lane->limit.now == INT32_MAX ? 0 : lane->limit.now;
}

/* Why a node that may run does not. */
static void
say_why(incload__sched *s, int32_t id, incload__sched_info *info)
{
    const incload__sched_node *node = &s->nodes[id];
    bool source = (node->flags & INCLOAD__NODE_SOURCE) != 0;

    if (node->state == NODE_WAITS) {
        info->reason = INCLOAD__REASON_WAITING_DEPS;
    } else if (node->state == NODE_RESTS) {
        info->reason = INCLOAD__REASON_BACKOFF;
        info->until_us = s->slots[node->link].until_us;
    } else if (node->state == NODE_READY) {
        const incload__sched_lane *lane =
            &s->lanes[source ? incload__sched_lane_of(s, id) : incload__sched_policy_of(s, id)->gate];
        info->reason = incload__sched_held_by(s, lane, incload__sched_now(s), &info->pool, &info->until_us);
        if (info->reason == 0)
            info->reason = INCLOAD__REASON_WAITING_WORKER;
    }
}

int32_t
incload__sched_info_of(incload__sched *s, int32_t id, incload__sched_info *info)
{
    if (s->pid != (int32_t)getpid())
        return INCLOAD_E_FORKED;
    incload__sched_enter(s);
    bool known = id >= 0 && id < s->node_count;
    if (known) {
        const incload__sched_node *node = &s->nodes[id];
        *info = (incload__sched_info){ .status = node->status, .reason = node->reason };
        if (node->state == NODE_READY || node->state == NODE_RUNS || node->state == NODE_RESTS) {
            if (node->link >= 0) {
                info->attempt = s->slots[node->link].attempt;
                info->code = s->slots[node->link].code;
            }
        }
        if ((node->flags & INCLOAD__NODE_SOURCE) != 0)
            say_source(s, id, info);
        say_why(s, id, info);
    }
    incload__sched_leave(s);
    return known ? INCLOAD_OK : INCLOAD_E_INVALID;
}

size_t
incload__sched_memory(incload__sched *s)
{
    incload__sched_lock(s);
    size_t nodes = (size_t)(s->link_first != NULL ? s->graph->nodes + s->max_added : s->graph->nodes);
    size_t bytes = sizeof *s + nodes * sizeof *s->nodes;
    bytes += (size_t)s->slot_capacity * (sizeof *s->slots + sizeof(incload__timer_entry) + sizeof(int32_t));
    bytes += (size_t)s->gate_count * ((size_t)s->graph->nodes / 8 + (size_t)s->graph->nodes / 504 + sizeof(int64_t));
    bytes += (size_t)s->lane_count * sizeof *s->lanes + (size_t)s->link_capacity * sizeof *s->links;
    bytes += (size_t)(s->outbox_capacity + s->spare_capacity) * sizeof *s->outbox;
    bytes += s->link_first != NULL ? nodes * sizeof *s->link_first : 0;
    if (s->ready_us != NULL)
        bytes += ((size_t)s->graph->nodes + (size_t)s->max_added) * sizeof *s->ready_us;
    for (int32_t i = 0; i < s->queue_count; i++)
        bytes += (size_t)s->queues[i].capacity * sizeof(int32_t);
    incload__sched_unlock(s);
    return bytes;
}
