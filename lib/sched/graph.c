/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/graph.h"

#include <incload/error.h>
#include <string.h>

#include "sched/graph_internal.h"

enum { FIRST_CAPACITY = 16, MOST_NODES = INT32_MAX / 4, MOST_NUMBER = 65535 };

incload__graph *
incload__graph_new(const incload__mem *mem)
{
    incload__graph *graph = incload__alloc(mem, sizeof *graph);

    if (graph == NULL)
        return NULL;
    graph->mem = *mem;
    graph->finish = -1;
    return graph;
}

void
incload__graph_free(incload__graph *graph)
{
    if (graph == NULL)
        return;
    incload__mem mem = graph->mem;
    void *const blocks[] = {
        graph->policy, graph->rule,        graph->flags, graph->by_place, graph->priority, graph->weight,
        graph->list,   graph->list_branch, graph->first, graph->to,       graph->branch,   graph->rules,
    };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        incload__free(&mem, blocks[i]);
    incload__free(&mem, graph);
}

static bool
grow(const incload__graph *graph, void *slot, size_t count, size_t size)
{
    void *before;

    memcpy(&before, slot, sizeof before);
    void *after = incload__realloc(&graph->mem, before, count * size);
    if (after == NULL)
        return false;
    memcpy(slot, &after, sizeof after);
    return true;
}

static bool
grow_nodes(incload__graph *graph)
{
    int32_t capacity = graph->node_capacity > 0 ? 2 * graph->node_capacity : FIRST_CAPACITY;
    size_t count = (size_t)capacity;

    if (!grow(graph, &graph->policy, count, sizeof *graph->policy)
        || !grow(graph, &graph->rule, count, sizeof *graph->rule)
        || !grow(graph, &graph->flags, count, sizeof *graph->flags)
        || (graph->priority != NULL && !grow(graph, &graph->priority, count, sizeof *graph->priority))
        || (graph->weight != NULL && !grow(graph, &graph->weight, count, sizeof *graph->weight)))
        return false;
    graph->node_capacity = capacity;
    return true;
}

/* An array that most graphs do without: made when the first value differs from what all have. */
static bool
set_rare(const incload__graph *graph, int32_t **array, int32_t node, int32_t value, int32_t usual)
{
    if (*array == NULL && value == usual)
        return true;
    if (*array == NULL) {
        *array = incload__alloc_array(&graph->mem, (size_t)graph->node_capacity, sizeof **array);
        for (int32_t i = 0; *array != NULL && i < node; i++)
            (*array)[i] = usual;
    }
    if (*array == NULL)
        return false;
    (*array)[node] = value;
    return true;
}

static bool
same_rule(const incload__rule *a, const incload__rule *b)
{
    return a->kind == b->kind && a->least == b->least && a->early == b->early && a->decide == b->decide
           && a->user_data == b->user_data;
}

/* Rules are few: the newest are looked at first, so equal ones in a row cost one look. */
static int32_t
number_rule(incload__graph *graph, const incload__rule *rule)
{
    for (int32_t i = graph->rule_count - 1; i >= 0; i--) {
        if (same_rule(&graph->rules[i], rule))
            return i;
    }
    if (graph->rule_count > MOST_NUMBER)
        return INCLOAD_E_INVALID;
    if (graph->rule_count == graph->rule_capacity) {
        int32_t capacity = graph->rule_capacity > 0 ? 2 * graph->rule_capacity : FIRST_CAPACITY;
        if (!grow(graph, &graph->rules, (size_t)capacity, sizeof *graph->rules))
            return INCLOAD_E_NO_MEMORY;
        graph->rule_capacity = capacity;
    }
    graph->rules[graph->rule_count] = *rule;
    return graph->rule_count++;
}

static incload__rule
rule_of(const incload__node_spec *spec)
{
    if ((spec->flags & INCLOAD__NODE_FINISH) != 0)
        return (incload__rule){ .kind = INCLOAD__RULE_FINISH };
    if ((spec->flags & INCLOAD__NODE_CLEANUP) != 0)
        return (incload__rule){ .kind = INCLOAD__RULE_CLEANUP, .least = spec->setup };
    return spec->rule;
}

int32_t
incload__graph_add_node(incload__graph *graph, const incload__node_spec *spec)
{
    const incload__rule rule = rule_of(spec);
    int32_t node = graph->nodes;

    if (graph->frozen || spec->policy < 0 || spec->policy > MOST_NUMBER || node == MOST_NODES)
        return INCLOAD_E_INVALID;
    if (node == graph->node_capacity && !grow_nodes(graph))
        return INCLOAD_E_NO_MEMORY;
    int32_t number = number_rule(graph, &rule);
    if (number < 0)
        return number;
    if (!set_rare(graph, &graph->priority, node, spec->priority, 0)
        || !set_rare(graph, &graph->weight, node, spec->weight > 0 ? spec->weight : 1, 1))
        return INCLOAD_E_NO_MEMORY;
    graph->policy[node] = (uint16_t)spec->policy;
    graph->rule[node] = (uint16_t)number;
    graph->flags[node] = (uint8_t)spec->flags;
    if (spec->policy > graph->max_policy)
        graph->max_policy = spec->policy;
    if ((spec->flags & INCLOAD__NODE_FINISH) != 0) {
        graph->finish = node;
        graph->finishes++;
    }
    graph->nodes++;
    return node;
}

static bool
grow_edges(incload__graph *graph)
{
    int32_t capacity = graph->edge_capacity > 0 ? 2 * graph->edge_capacity : FIRST_CAPACITY;

    if (!grow(graph, &graph->list, (size_t)capacity, sizeof *graph->list))
        return false;
    if (graph->list_branch != NULL && !grow(graph, &graph->list_branch, (size_t)capacity, 1))
        return false;
    graph->edge_capacity = capacity;
    return true;
}

int32_t
incload__graph_add_edge(incload__graph *graph, int32_t from, int32_t to, int32_t branch)
{
    int32_t edge = graph->edges;

    if (graph->frozen || from < 0 || from >= graph->nodes || to < 0 || to >= graph->nodes || branch < 0
        || branch > INCLOAD__GRAPH_MAX_BRANCH || edge == MOST_NODES)
        return INCLOAD_E_INVALID;
    if (edge == graph->edge_capacity && !grow_edges(graph))
        return INCLOAD_E_NO_MEMORY;
    if (branch != 0 && graph->list_branch == NULL) {
        graph->list_branch = incload__alloc_array(&graph->mem, (size_t)graph->edge_capacity, 1);
        if (graph->list_branch == NULL)
            return INCLOAD_E_NO_MEMORY;
    }
    graph->list[edge] = (incload__edge){ from, to };
    if (graph->list_branch != NULL)
        graph->list_branch[edge] = (uint8_t)branch;
    graph->edges++;
    return INCLOAD_OK;
}

static bool
renew(incload__graph *graph, void *slot, size_t count, size_t size)
{
    void *block;

    memcpy(&block, slot, sizeof block);
    incload__free(&graph->mem, block);
    block = incload__alloc_array(&graph->mem, count, size);
    memcpy(slot, &block, sizeof block);
    return block != NULL;
}

int32_t
incload__graph_index(incload__graph *graph)
{
    int32_t nodes = graph->nodes, edges = graph->edges;

    if (!renew(graph, &graph->first, (size_t)nodes + 1, sizeof *graph->first)
        || !renew(graph, &graph->to, (size_t)edges, sizeof *graph->to)
        || (graph->list_branch != NULL && !renew(graph, &graph->branch, (size_t)edges, 1)))
        return INCLOAD_E_NO_MEMORY;
    for (int32_t i = 0; i < edges; i++)
        graph->first[graph->list[i].from]++;
    for (int32_t i = 0, sum = 0; i <= nodes; i++) {
        sum += graph->first[i];
        graph->first[i] = sum;
    }
    /* Backwards, so that each count ends as the beginning and edges of a node keep their order. */
    for (int32_t i = edges - 1; i >= 0; i--) {
        int32_t place = --graph->first[graph->list[i].from];
        graph->to[place] = graph->list[i].to;
        if (graph->branch != NULL)
            graph->branch[place] = graph->list_branch[i];
    }
    return INCLOAD_OK;
}

int32_t
incload__graph_freeze(incload__graph *graph, incload__graph_report_fn report, void *user_data)
{
    int32_t status = graph->frozen ? INCLOAD_E_STATE : incload__graph_check(graph, report, user_data);

    if (status == INCLOAD_OK)
        status = incload__graph_add_cleanup_edges(graph, report, user_data);
    if (status != INCLOAD_OK)
        return status;
    int32_t *waiting = incload__alloc_array(&graph->mem, (size_t)graph->nodes * 2 + 1, sizeof *waiting);
    if (waiting == NULL)
        return INCLOAD_E_NO_MEMORY;
    int32_t *order = waiting + graph->nodes;
    if (incload__graph_sort(graph, waiting, order) < graph->nodes)
        status = incload__graph_report_cycles(graph, waiting, report, user_data);
    if (status == INCLOAD_OK)
        status = incload__graph_rank(graph, order);
    incload__free(&graph->mem, waiting);
    if (status != INCLOAD_OK)
        return status;
    incload__free(&graph->mem, graph->list);
    incload__free(&graph->mem, graph->list_branch);
    incload__free(&graph->mem, graph->weight);
    incload__free(&graph->mem, graph->priority);
    graph->list = NULL;
    graph->list_branch = NULL;
    graph->weight = graph->priority = NULL;
    graph->frozen = true;
    return INCLOAD_OK;
}

int64_t
incload__graph_edge_count(const incload__graph *graph)
{
    return graph->edges;
}

int32_t
incload__graph_successors(const incload__graph *graph, int32_t node, const int32_t **to)
{
    *to = graph->to + graph->first[node];
    return graph->first[node + 1] - graph->first[node];
}
