/* SPDX-License-Identifier: Apache-2.0 */
/* The graph's arrays, for its own files and for the scheduler, which walks them at every end of a node. */
#ifndef INCLOAD_LIB_SCHED_GRAPH_INTERNAL_H
#define INCLOAD_LIB_SCHED_GRAPH_INTERNAL_H

#include "sched/graph.h"

typedef struct incload__edge {
    int32_t from;
    int32_t to;
} incload__edge;

/* Internal kinds of rules, behind the public ones: decided by the scheduler itself. `least` is the setup node. */
enum { INCLOAD__RULE_CLEANUP = INCLOAD__RULE_COUNT, INCLOAD__RULE_FINISH };

struct incload__graph {
    incload__mem mem;
    bool frozen;
    int32_t nodes;
    int32_t node_capacity;
    int32_t edges;
    int32_t edge_capacity;
    int32_t finish; /* the finish node, or -1 */
    int32_t finishes;
    uint16_t *policy; /* by node, as the next two */
    uint16_t *rule;   /* into rules */
    uint8_t *flags;
    /* Frozen: the nodes in the order of dispatch. Higher priority first, then the longer path (by weights) to an end of
     * the graph, then the lower number. */
    int32_t *by_place;
    int32_t *priority; /* until frozen; NULL while all are 0 */
    int32_t *weight;   /* until frozen; NULL while all are 1 */
    incload__edge *list; /* until frozen */
    uint8_t *list_branch; /* NULL while all are 0; sorted as `to` when frozen */
    int32_t *first; /* nodes + 1: where a node's edges begin in `to` */
    int32_t *to;
    uint8_t *branch;
    incload__rule *rules;
    int32_t rule_count;
    int32_t rule_capacity;
    int32_t max_policy;
};

/* Sorts the edges by their first node into first, to and branch (replacing what is there). */
int32_t incload__graph_index(incload__graph *graph);
/* Nodes so that each comes after those it waits for; the number of nodes, fewer when there are cycles. `waiting` and
 * `order` have room for all nodes; what is left in `waiting` above 0 is on a cycle or behind one. */
int32_t incload__graph_sort(const incload__graph *graph, int32_t *waiting, int32_t *order);
/* Fills in `by_place`. */
int32_t incload__graph_rank(incload__graph *graph, const int32_t *order);
/* The edges that make cleanup nodes wait. */
int32_t incload__graph_add_cleanup_edges(incload__graph *graph, incload__graph_report_fn report, void *user_data);
int32_t incload__graph_report_cycles(const incload__graph *graph, const int32_t *waiting,
                                     incload__graph_report_fn report, void *user_data);

#endif
