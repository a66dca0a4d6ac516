/* SPDX-License-Identifier: Apache-2.0 */
/* What a cleanup node waits for: its setup node and all that comes after that one and not after the cleanup itself. */
#include <incload/error.h>

#include "sched/graph_internal.h"

enum { BELOW_SETUP = 1, BELOW_CLEANUP = 2, HAS_EDGE = 4 };

typedef struct walk {
    incload__graph *graph;
    uint8_t *marks;
    int32_t *stack;
    int32_t count;
    incload__graph_report_fn report;
    void *user_data;
} walk;

static void
reach(walk *w, int32_t node, uint8_t mark)
{
    if ((w->marks[node] & mark) != 0)
        return;
    w->marks[node] |= mark;
    w->stack[w->count++] = node;
}

static void
spread(walk *w, int32_t node, uint8_t mark)
{
    const incload__graph *graph = w->graph;

    reach(w, node, mark);
    while (w->count > 0) {
        node = w->stack[--w->count];
        for (int32_t i = graph->first[node]; i < graph->first[node + 1]; i++)
            reach(w, graph->to[i], mark);
    }
}

/* What cleans up after something inside is itself inside: the inner resource goes first. */
static void
spread_to_inner_cleanups(walk *w, int32_t cleanup)
{
    const incload__graph *graph = w->graph;
    bool grew = true;

    while (grew) {
        grew = false;
        for (int32_t node = 0; node < graph->nodes; node++) {
            const incload__rule *rule = &graph->rules[graph->rule[node]];
            if (rule->kind != INCLOAD__RULE_CLEANUP || node == cleanup || (w->marks[node] & BELOW_SETUP) != 0
                || rule->least == graph->rules[graph->rule[cleanup]].least
                || (w->marks[rule->least] & BELOW_SETUP) == 0)
                continue;
            spread(w, node, BELOW_SETUP);
            grew = true;
        }
    }
}

static int32_t
add_edges(walk *w, int32_t cleanup, int32_t edges)
{
    incload__graph *graph = w->graph;
    int32_t setup = graph->rules[graph->rule[cleanup]].least;

    for (int32_t i = 0; i < graph->nodes; i++)
        w->marks[i] = 0;
    spread(w, cleanup, BELOW_CLEANUP);
    if ((w->marks[setup] & BELOW_CLEANUP) != 0) {
        incload__graph_problem problem = { INCLOAD__PROBLEM_CLEANUP, &cleanup, 1,
                                           "comes before what it cleans up after" };
        if (w->report != NULL)
            w->report(w->user_data, &problem);
        return INCLOAD_E_INVALID;
    }
    spread(w, setup, BELOW_SETUP);
    spread_to_inner_cleanups(w, cleanup);
    for (int32_t i = 0; i < edges; i++) {
        if (graph->list[i].to == cleanup)
            w->marks[graph->list[i].from] |= HAS_EDGE;
    }
    for (int32_t i = 0; i < graph->nodes; i++) {
        if (w->marks[i] != BELOW_SETUP)
            continue;
        int32_t status = incload__graph_add_edge(graph, i, cleanup, 0);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

int32_t
incload__graph_add_cleanup_edges(incload__graph *graph, incload__graph_report_fn report, void *user_data)
{
    int32_t status = INCLOAD_OK, edges = graph->edges;
    walk w = { .graph = graph, .report = report, .user_data = user_data };
    bool any = false;

    for (int32_t i = 0; i < graph->rule_count; i++)
        any = any || graph->rules[i].kind == INCLOAD__RULE_CLEANUP;
    if (!any)
        return INCLOAD_OK;
    w.marks = incload__alloc_array(&graph->mem, (size_t)graph->nodes, 1);
    w.stack = incload__alloc_array(&graph->mem, (size_t)graph->nodes, sizeof *w.stack);
    if (w.marks == NULL || w.stack == NULL)
        status = INCLOAD_E_NO_MEMORY;
    for (int32_t i = 0; i < graph->nodes && status == INCLOAD_OK; i++) {
        if (graph->rules[graph->rule[i]].kind == INCLOAD__RULE_CLEANUP)
            status = add_edges(&w, i, edges);
    }
    incload__free(&graph->mem, w.marks);
    incload__free(&graph->mem, w.stack);
    return status == INCLOAD_OK ? incload__graph_index(graph) : status;
}
