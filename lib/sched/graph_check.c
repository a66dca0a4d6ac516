/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is wrong with a graph, told at once. */
#include <incload/error.h>
#include <string.h>

#include "sched/graph_internal.h"

typedef struct checking {
    const incload__graph *graph;
    incload__graph_report_fn report;
    void *user_data;
    int32_t found;
} checking;

static void
tell(checking *c, int32_t kind, const int32_t *nodes, int32_t count, const char *text)
{
    incload__graph_problem problem = { kind, nodes, count, text };

    c->found++;
    if (c->report != NULL)
        c->report(c->user_data, &problem);
}

/* Each edge once: `seen` holds, by node, the last one that an edge to it came from, and 1 more. */
static void
check_edges(checking *c, int32_t *seen)
{
    const incload__graph *graph = c->graph;

    memset(seen, 0, (size_t)graph->nodes * sizeof *seen);
    for (int32_t from = 0; from < graph->nodes; from++) {
        for (int32_t i = graph->first[from]; i < graph->first[from + 1]; i++) {
            const int32_t both[] = { from, graph->to[i] };
            if (both[1] == from)
                tell(c, INCLOAD__PROBLEM_SELF_EDGE, both, 1, "waits for itself");
            else if (seen[both[1]] == from + 1)
                tell(c, INCLOAD__PROBLEM_TWICE, both, 2, "is there twice");
            seen[both[1]] = from + 1;
        }
    }
}

static void
check_cleanup(checking *c, int32_t node, const incload__rule *rule)
{
    const incload__graph *graph = c->graph;
    int32_t setup = rule->least;

    if (setup < 0 || setup >= graph->nodes)
        tell(c, INCLOAD__PROBLEM_CLEANUP, &node, 1, "cleans up after a node that does not exist");
    else if (setup == node)
        tell(c, INCLOAD__PROBLEM_CLEANUP, &node, 1, "cleans up after itself");
    else if ((graph->flags[setup] & (INCLOAD__NODE_CLEANUP | INCLOAD__NODE_FINISH)) != 0)
        tell(c, INCLOAD__PROBLEM_CLEANUP, &node, 1, "cleans up after a node that cleans up itself");
}

static void
check_rules(checking *c, const int32_t *upstreams)
{
    const incload__graph *graph = c->graph;

    for (int32_t node = 0; node < graph->nodes; node++) {
        const incload__rule *rule = &graph->rules[graph->rule[node]];
        if (rule->kind == INCLOAD__RULE_CLEANUP) {
            check_cleanup(c, node, rule);
        } else if (rule->kind == INCLOAD__RULE_FINISH) {
            if (upstreams[node] > 0 || graph->first[node] < graph->first[node + 1])
                tell(c, INCLOAD__PROBLEM_FINISH, &node, 1, "runs at the end of all and may have no edges");
            else if (node != graph->finish)
                tell(c, INCLOAD__PROBLEM_FINISH, &node, 1, "runs at the end of all, and there is another that does");
        } else {
            const char *fault = incload__rule_fault(rule, upstreams[node]);
            if (fault != NULL)
                tell(c, INCLOAD__PROBLEM_RULE, &node, 1, fault);
        }
    }
}

static int32_t
check_all(checking *c, int32_t *block)
{
    const incload__graph *graph = c->graph;

    check_edges(c, block);
    memset(block, 0, (size_t)graph->nodes * sizeof *block);
    for (int32_t i = 0; i < graph->edges; i++)
        block[graph->to[i]]++;
    check_rules(c, block);
    if (incload__graph_sort(graph, block, block + graph->nodes) < graph->nodes)
        return incload__graph_report_cycles(graph, block, c->report, c->user_data);
    return c->found > 0 ? INCLOAD_E_INVALID : INCLOAD_OK;
}

int32_t
incload__graph_check(incload__graph *graph, incload__graph_report_fn report, void *user_data)
{
    checking c = { graph, report, user_data, 0 };

    if (incload__graph_index(graph) != INCLOAD_OK)
        return INCLOAD_E_NO_MEMORY;
    int32_t *block = incload__alloc_array(&graph->mem, (size_t)graph->nodes * 2 + 1, sizeof *block);
    if (block == NULL)
        return INCLOAD_E_NO_MEMORY;
    int32_t status = check_all(&c, block);
    incload__free(&graph->mem, block);
    return status;
}
