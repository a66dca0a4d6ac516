/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that a running step adds. Checked as a whole first, then done as a whole. */
#include <string.h>
#include <unistd.h>

#include "sched/scheduler_internal.h"

enum { LINKS_AT_ONCE = 64, NO_FLAGS_BUT = INCLOAD__NODE_OPTIONAL, MOST_RULES = 65535 };

typedef struct addition {
    incload__sched *s;
    int32_t self;
    const incload__node_spec *specs;
    int32_t spec_count;
    const incload__sched_added_edge *edges;
    int32_t edge_count;
    int32_t *upstreams; /* by new node */
    uint8_t *below;     /* by node: it comes after self */
} addition;

/* Marks what comes after the unit's node. */
static bool
mark_below(addition *a)
{
    incload__sched *s = a->s;
    const incload__graph *graph = s->graph;
    int32_t *stack = incload__alloc_array(&s->env->mem, (size_t)s->node_count + 1, sizeof *stack);
    int32_t count = 0;

    if (stack == NULL)
        return false;
    stack[count++] = a->self;
    a->below[a->self] = 1;
    while (count > 0) {
        int32_t id = stack[--count];
        for (int32_t i = id < graph->nodes ? graph->first[id] : 0; id < graph->nodes && i < graph->first[id + 1]; i++) {
            if (a->below[graph->to[i]] == 0)
                stack[count++] = graph->to[i];
            a->below[graph->to[i]] = 1;
        }
        for (int32_t i = s->link_first != NULL ? s->link_first[id] : -1; i >= 0; i = s->links[i].next) {
            if (a->below[s->links[i].to] == 0)
                stack[count++] = s->links[i].to;
            a->below[s->links[i].to] = 1;
        }
    }
    incload__free(&s->env->mem, stack);
    return true;
}

static bool
edge_is_allowed(const addition *a, const incload__sched_added_edge *edge)
{
    int32_t from = -1 - edge->from, to = -1 - edge->to;
    bool from_new = edge->from < 0 && from < a->spec_count, to_new = edge->to < 0 && to < a->spec_count;

    if (to_new)
        return edge->from == a->self || (from_new && from < to);
    return from_new && edge->to >= 0 && edge->to < a->s->node_count && edge->to != a->self && a->below[edge->to] != 0
           && a->s->nodes[edge->to].state == NODE_WAITS;
}

static int32_t
check(addition *a)
{
    const incload__sched *s = a->s;

    for (int32_t i = 0; i < a->edge_count; i++) {
        if (!edge_is_allowed(a, &a->edges[i]))
            return INCLOAD_E_INVALID;
        if (a->edges[i].to < 0)
            a->upstreams[-1 - a->edges[i].to]++;
    }
    for (int32_t i = 0; i < a->spec_count; i++) {
        const incload__node_spec *spec = &a->specs[i];
        if ((spec->flags & ~NO_FLAGS_BUT) != 0 || spec->policy < 0 || spec->policy >= s->policy_count
            || incload__rule_fault(&spec->rule, a->upstreams[i]) != NULL)
            return INCLOAD_E_INVALID;
    }
    return s->graph->rule_count + s->rule_count + a->spec_count > MOST_RULES ? INCLOAD_E_STATE : INCLOAD_OK;
}

static bool
grow(incload__sched *s, void *slot, size_t count, size_t size)
{
    void *before;

    memcpy(&before, slot, sizeof before);
    void *after = incload__realloc(&s->env->mem, before, count * size);
    if (after == NULL)
        return false;
    memcpy(slot, &after, sizeof after);
    return true;
}

/* Room for everything, so that what follows cannot fail half-way. */
static bool
make_room(addition *a)
{
    incload__sched *s = a->s;
    size_t nodes = (size_t)s->graph->nodes + (size_t)s->max_added;

    if (s->link_first == NULL) {
        if (!grow(s, &s->nodes, nodes, sizeof *s->nodes))
            return false;
        s->link_first = incload__alloc_array(&s->env->mem, nodes, sizeof *s->link_first);
        if (s->link_first == NULL)
            return false;
        memset(s->link_first, 0xff, nodes * sizeof *s->link_first);
    }
    if (!grow(s, &s->rules, (size_t)s->rule_count + (size_t)a->spec_count, sizeof *s->rules))
        return false;
    if (s->link_count + a->edge_count > s->link_capacity) {
        int32_t capacity = s->link_count + a->edge_count + LINKS_AT_ONCE;
        if (!grow(s, &s->links, (size_t)capacity, sizeof *s->links))
            return false;
        s->link_capacity = capacity;
    }
    for (int32_t i = 0; i < a->spec_count; i++) {
        incload__sched_lane *lane = &s->lanes[s->policies[a->specs[i].policy].gate];
        if (lane->added == NULL)
            lane->added = incload__alloc_array(&s->env->mem, (size_t)s->max_added, sizeof *lane->added);
        if (lane->added == NULL)
            return false;
    }
    return true;
}

static void
add_all(addition *a)
{
    incload__sched *s = a->s;
    int32_t first = s->node_count;

    for (int32_t i = 0; i < a->spec_count; i++) {
        s->rules[s->rule_count] = a->specs[i].rule;
        s->nodes[first + i] = (incload__sched_node){ .upstreams = a->upstreams[i], .place = s->nodes[a->self].place,
                                                     .link = -1, .policy = (uint16_t)a->specs[i].policy,
                                                     .rule = (uint16_t)(s->graph->rule_count + s->rule_count),
                                                     .status = INCLOAD_STATUS_PENDING,
                                                     .flags = (uint8_t)a->specs[i].flags };
        if (a->specs[i].rule.kind == INCLOAD__RULE_ALL_SUCCESS)
            s->nodes[first + i].flags |= NODE_ALL_SUCCESS;
        s->rule_count++;
    }
    s->node_count += a->spec_count;
    s->open_nodes += a->spec_count;
    for (int32_t i = 0; i < a->edge_count; i++) {
        int32_t from = a->edges[i].from < 0 ? first - 1 - a->edges[i].from : a->edges[i].from;
        int32_t to = a->edges[i].to < 0 ? first - 1 - a->edges[i].to : a->edges[i].to;
        s->links[s->link_count] = (incload__sched_link){ to, s->link_first[from] };
        s->link_first[from] = s->link_count++;
        s->nodes[to].upstreams += a->edges[i].to >= 0;
    }
    for (int32_t i = 0; i < a->spec_count; i++) {
        if (s->nodes[first + i].upstreams == 0 || a->specs[i].rule.kind == INCLOAD__RULE_MIN_SUCCESS)
            incload__sched_evaluate(s, first + i);
    }
    incload__sched_release(s);
}

static int32_t
add(addition *a)
{
    incload__sched *s = a->s;
    const incload__mem *mem = &s->env->mem;

    a->upstreams = incload__alloc_array(mem, (size_t)a->spec_count, sizeof *a->upstreams);
    a->below = incload__alloc_array(mem, (size_t)s->node_count, 1);
    int32_t status = a->upstreams == NULL || a->below == NULL || !mark_below(a) ? INCLOAD_E_NO_MEMORY : check(a);
    if (status == INCLOAD_OK && !make_room(a))
        status = INCLOAD_E_NO_MEMORY;
    int32_t first = s->node_count;
    if (status == INCLOAD_OK)
        add_all(a);
    incload__free(mem, a->upstreams);
    incload__free(mem, a->below);
    return status == INCLOAD_OK ? first : status;
}

int32_t
incload__sched_add(incload__sched *s, uint64_t token, const incload__node_spec *specs, int32_t spec_count,
                   const incload__sched_added_edge *edges, int32_t edge_count)
{
    addition a = { .s = s, .specs = specs, .spec_count = spec_count, .edges = edges, .edge_count = edge_count };

    if (s->pid != (int32_t)getpid())
        return INCLOAD_E_FORKED;
    incload__sched_enter(s);
    int32_t id = incload__sched_slot_of(s, token), status;
    if (id < 0)
        status = INCLOAD_E_CONFLICT;
    else if (spec_count > s->max_added - (s->node_count - s->graph->nodes))
        status = INCLOAD_E_STATE;
    else {
        a.self = s->slots[id].node;
        status = add(&a);
    }
    if (s->waiting > 0)
        pthread_cond_broadcast(&s->work);
    incload__sched_deliver(s);
    incload__sched_unlock(s);
    return status;
}
