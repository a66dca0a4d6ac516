/* SPDX-License-Identifier: Apache-2.0 */
/* What the end of a node means for those below it. A list instead of recursion: a chain may be a million long. */
#include "sched/scheduler_internal.h"

enum { CLASS_OK, CLASS_SKIP, CLASS_BAD };

static int32_t
class_of(const incload__sched_node *node)
{
    if (node->status == INCLOAD_STATUS_SUCCESS || node->reason == INCLOAD__REASON_ALREADY_DONE)
        return CLASS_OK;
    if (node->status == INCLOAD_STATUS_FAILED || node->reason == INCLOAD__REASON_UPSTREAM_FAILED
        || node->reason == INCLOAD__REASON_RUN_CANCELLED)
        return CLASS_BAD;
    return CLASS_SKIP;
}

static void
forget_to_ask(incload__sched *s, int32_t node)
{
    int32_t *at = &s->ask;

    while (*at != node)
        at = &s->nodes[*at].link;
    *at = s->nodes[node].link;
    s->nodes[node].flags &= (uint8_t)~NODE_ASKED;
}

/* What a node that failed or was skipped makes of the run. */
static void
judge(incload__sched *s, const incload__sched_node *node)
{
    bool aside = (node->flags & INCLOAD__NODE_OPTIONAL) != 0
                 || ((node->flags & (INCLOAD__NODE_CLEANUP | INCLOAD__NODE_FINISH)) != 0
                     && (node->flags & INCLOAD__NODE_COUNTS) == 0);

    if (node->status == INCLOAD_STATUS_SKIPPED)
        s->cut = s->cut || node->reason == INCLOAD__REASON_RUN_CANCELLED;
    else if (node->reason == INCLOAD__REASON_CANCELLED && s->cancel != 0)
        s->cut = true;
    else if (aside)
        s->partial = true;
    else
        s->failed = true;
}

static bool
has_any_below(const incload__sched *s, int32_t id)
{
    return s->link_first != NULL || s->graph->first[id] < s->graph->first[id + 1];
}

void
incload__sched_node_end(incload__sched *s, int32_t id, int32_t status, int32_t reason)
{
    incload__sched_node *node = &s->nodes[id];

    if ((node->flags & NODE_ASKED) != 0)
        forget_to_ask(s, id);
    node->state = NODE_DONE;
    node->status = (uint8_t)status;
    node->reason = (uint8_t)reason;
    node->link = -1;
    if (has_any_below(s, id)) {
        node->link = s->done;
        s->done = id;
    }
    s->open_nodes--;
    if (status != INCLOAD_STATUS_SUCCESS)
        judge(s, node);
    incload__sched_event *event =
        s->hooks.event != NULL ? incload__sched_tell(s, INCLOAD__SCHED_NODE_FINISHED, id) : NULL;
    if (event != NULL) {
        event->status = status;
        event->reason = reason;
    }
}

static void
make_ready(incload__sched *s, int32_t id)
{
    incload__sched_node *node = &s->nodes[id];

    node->state = NODE_READY;
    node->link = -1;
    if ((node->flags & INCLOAD__NODE_SOURCE) != 0) {
        s->lanes[incload__sched_lane_of(s, id)].open = true;
        return;
    }
    if (s->queue_count > 0 && !incload__sched_queue_up(s, id))
        incload__sched_node_end(s, id, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
    else
        incload__sched_lane_push(s, id);
}

void
incload__sched_decide(incload__sched *s, int32_t id, int32_t decision)
{
    incload__sched_node *node = &s->nodes[id];

    switch (decision) {
    case INCLOAD__DECIDE_RUN:
        if (s->cancel != 0 && !incload__sched_is_spared(s, id))
            incload__sched_node_end(s, id, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_RUN_CANCELLED);
        else
            make_ready(s, id);
        break;
    case INCLOAD__DECIDE_SKIP_BAD:
        incload__sched_node_end(s, id, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_UPSTREAM_FAILED);
        break;
    case INCLOAD__DECIDE_SKIP:
        incload__sched_node_end(s, id, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_UPSTREAM_SKIPPED);
        break;
    case INCLOAD__DECIDE_FAIL:
        incload__sched_node_end(s, id, INCLOAD_STATUS_FAILED, INCLOAD__REASON_RULE);
        break;
    case INCLOAD__DECIDE_ASK:
        if ((node->flags & NODE_ASKED) != 0)
            break;
        node->flags |= NODE_ASKED;
        node->link = s->ask;
        s->ask = id;
        break;
    default:
        break;
    }
}

static int32_t
decide_cleanup(const incload__sched *s, const incload__rule *rule, const incload__rule_counts *counts)
{
    if (counts->ok + counts->skip + counts->bad < counts->upstreams)
        return INCLOAD__DECIDE_WAIT;
    if ((s->nodes[rule->least].flags & NODE_STARTED) != 0)
        return INCLOAD__DECIDE_RUN;
    return counts->bad > 0 ? INCLOAD__DECIDE_SKIP_BAD : INCLOAD__DECIDE_SKIP;
}

void
incload__sched_evaluate(incload__sched *s, int32_t id)
{
    const incload__sched_node *node = &s->nodes[id];
    if ((node->flags & NODE_ALL_SUCCESS) != 0 && node->ok == node->upstreams && s->cancel == 0) {
        make_ready(s, id);
        return;
    }
    const incload__rule *rule = incload__sched_rule_of(s, id);
    const incload__rule_counts counts = { node->ok, node->skip, node->bad, node->upstreams };

    if (rule->kind < INCLOAD__RULE_COUNT)
        incload__sched_decide(s, id, incload__rule_decide(rule, &counts));
    else if (rule->kind == INCLOAD__RULE_CLEANUP)
        incload__sched_decide(s, id, decide_cleanup(s, rule, &counts));
}

static void
tell_one(incload__sched *s, int32_t to, int32_t class)
{
    incload__sched_node *node = &s->nodes[to];

    if (class == CLASS_OK)
        node->ok++;
    else if (class == CLASS_SKIP)
        node->skip++;
    else
        node->bad++;
    if (node->state != NODE_WAITS)
        return;
    /* The usual case, without a look at the rule: while all went well it waits for the last. */
    if ((node->flags & NODE_ALL_SUCCESS) != 0 && class == CLASS_OK
        && node->ok + node->skip + node->bad < node->upstreams)
        return;
    incload__sched_evaluate(s, to);
}

static void
tell_successors(incload__sched *s, int32_t id)
{
    const incload__graph *graph = s->graph;
    int32_t class = class_of(&s->nodes[id]);
    bool masked = s->mask_node == id;

    if (id < graph->nodes) {
        for (int32_t i = graph->first[id]; i < graph->first[id + 1]; i++) {
            bool closed =
                masked
                && (s->mask_all
                    || (graph->branch != NULL && graph->branch[i] > 0 && (s->mask >> (graph->branch[i] - 1) & 1) != 0));
            tell_one(s, graph->to[i], closed ? CLASS_SKIP : class);
        }
    }
    for (int32_t i = s->link_first != NULL ? s->link_first[id] : -1; i >= 0; i = s->links[i].next)
        tell_one(s, s->links[i].to, masked && s->mask_all ? CLASS_SKIP : class);
}

static void
end_run(incload__sched *s)
{
    if (s->failed)
        s->state = INCLOAD__RUN_FAILED;
    else if (s->cut)
        s->state = INCLOAD__RUN_CANCELLED;
    else
        s->state = s->partial ? INCLOAD__RUN_PARTIAL : INCLOAD__RUN_SUCCESS;
    incload__sched_event *event = incload__sched_tell(s, INCLOAD__SCHED_RUN_FINISHED, -1);
    if (event != NULL)
        event->status = s->state;
    pthread_cond_broadcast(&s->ending);
    pthread_cond_broadcast(&s->work);
    pthread_cond_broadcast(&s->timing);
}

void
incload__sched_release(incload__sched *s)
{
    do {
        while (s->done >= 0) {
            int32_t id = s->done;
            s->done = s->nodes[id].link;
            s->nodes[id].link = -1;
            tell_successors(s, id);
        }
        int32_t finish = s->graph->finish;
        if (s->open_nodes == 1 && finish >= 0 && s->nodes[finish].state == NODE_WAITS)
            incload__sched_decide(s, finish, INCLOAD__DECIDE_RUN);
    } while (s->done >= 0);
    s->mask_node = -1;
    if (s->open_nodes == 0 && s->state == INCLOAD__RUN_RUNNING)
        end_run(s);
}
