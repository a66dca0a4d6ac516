/* SPDX-License-Identifier: Apache-2.0 */
/* Cycles as paths: one for each knot, a set of nodes that all reach each other. Tarjan's algorithm without recursion, a
 * graph may be a chain of a million. */
#include <incload/error.h>

#include "sched/graph_internal.h"

typedef struct search {
    const incload__graph *graph;
    int32_t *number; /* by node: when it was found, from 1; 0: not yet */
    int32_t *low;    /* by node: the lowest number it reaches; when its knot is known, minus the knot's number */
    int32_t *next;   /* by node: the edge to follow next */
    int32_t *path;   /* nodes on the way to the current one */
    int32_t *open;   /* nodes whose knot is not known yet */
    int32_t path_count;
    int32_t open_count;
    int32_t numbers;
    int32_t knots;
} search;

static void
enter(search *s, int32_t node)
{
    s->number[node] = s->low[node] = ++s->numbers;
    s->next[node] = s->graph->first[node];
    s->path[s->path_count++] = node;
    s->open[s->open_count++] = node;
}

static void
leave(search *s, int32_t node)
{
    s->path_count--;
    if (s->low[node] == s->number[node]) {
        int32_t member;
        s->knots++;
        do {
            member = s->open[--s->open_count];
            s->low[member] = -s->knots;
        } while (member != node);
    } else if (s->low[node] < s->low[s->path[s->path_count - 1]]) {
        s->low[s->path[s->path_count - 1]] = s->low[node];
    }
}

static void
follow(search *s, int32_t root)
{
    enter(s, root);
    while (s->path_count > 0) {
        int32_t node = s->path[s->path_count - 1];
        if (s->next[node] == s->graph->first[node + 1]) {
            leave(s, node);
            continue;
        }
        int32_t to = s->graph->to[s->next[node]++];
        if (s->number[to] == 0)
            enter(s, to);
        else if (s->low[to] > 0 && s->number[to] < s->low[node])
            s->low[node] = s->number[to];
    }
}

/* A successor in the same knot; a node of a knot of several has one. -1: it is a knot by itself. */
static int32_t
next_in_knot(const search *s, int32_t node)
{
    for (int32_t i = s->graph->first[node]; i < s->graph->first[node + 1]; i++) {
        int32_t to = s->graph->to[i];
        if (to != node && s->low[to] == s->low[node])
            return to;
    }
    return -1;
}

/* Walks within the knot until a node comes again: what lies between is a cycle. `path` is free by now; `next` marks
 * places on it. The cycle begins at its lowest number. */
static void
tell_cycle(search *s, int32_t node, incload__graph_report_fn report, void *user_data)
{
    int32_t count = 0;

    while (s->next[node] >= 0) {
        s->next[node] = -1;
        node = next_in_knot(s, node);
    }
    int32_t least = node, at = node;
    do {
        if (at < least)
            least = at;
        at = next_in_knot(s, at);
    } while (at != node);
    for (at = least; count == 0 || at != least; at = next_in_knot(s, at))
        s->path[count++] = at;
    incload__graph_problem problem = { INCLOAD__PROBLEM_CYCLE, s->path, count, "is a cycle" };
    if (report != NULL)
        report(user_data, &problem);
}

int32_t
incload__graph_report_cycles(const incload__graph *graph, const int32_t *waiting, incload__graph_report_fn report,
                             void *user_data)
{
    size_t count = (size_t)graph->nodes;
    int32_t *block = incload__alloc_array(&graph->mem, 6 * count + 1, sizeof *block);
    search s = { .graph = graph };

    if (block == NULL)
        return INCLOAD_E_NO_MEMORY;
    s.number = block;
    s.low = block + count;
    s.next = block + 2 * count;
    s.path = block + 3 * count;
    s.open = block + 4 * count;
    int32_t *told = block + 5 * count; /* by knot */
    for (int32_t node = 0; node < graph->nodes; node++) {
        if (waiting[node] > 0 && s.number[node] == 0)
            follow(&s, node);
    }
    for (int32_t node = 0; node < graph->nodes; node++) {
        if (s.number[node] == 0 || told[-s.low[node] - 1] != 0 || next_in_knot(&s, node) < 0)
            continue;
        told[-s.low[node] - 1] = 1;
        tell_cycle(&s, node, report, user_data);
    }
    incload__free(&graph->mem, block);
    return INCLOAD_E_INVALID;
}
