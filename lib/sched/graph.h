/* SPDX-License-Identifier: Apache-2.0 */
/* A graph of nodes for the scheduler: built once, checked as a whole, then frozen and shared by any number of runs.
 *
 * Nodes are numbered from 0 in the order they are added; their names stay with the caller (sched/graph_names.h). Edges
 * may be added in any order. Threads: one at a time until it is frozen; then it never changes. */
#ifndef INCLOAD_LIB_SCHED_GRAPH_H
#define INCLOAD_LIB_SCHED_GRAPH_H

#include "base/mem.h"
#include "sched/rule.h"

typedef struct incload__graph incload__graph;

enum {
    /* Its failure does not fail the run. */
    INCLOAD__NODE_OPTIONAL = 1,
    /* Runs once everything below `setup` has ended, if `setup` was started, and also when the run is cancelled. The
     * edges that say so are added when the graph is frozen. Its failure is told but does not fail the run. */
    INCLOAD__NODE_CLEANUP = 2,
    /* The one node that runs when all others have ended, whatever happened. It has no edges; failure as above. */
    INCLOAD__NODE_FINISH = 4,
    /* The failure of a cleanup or finish node fails the run after all. */
    INCLOAD__NODE_COUNTS = 8,
    /* Its units come from a source, which the run is given (sched/scheduler.h). */
    INCLOAD__NODE_SOURCE = 16
};

typedef struct incload__node_spec {
    int32_t flags;
    int32_t setup;    /* with INCLOAD__NODE_CLEANUP */
    int32_t priority; /* the higher goes first */
    int32_t weight;   /* how long it is expected to take, in any unit; 0 is 1 */
    int32_t policy;   /* number of one of the run's policies, 0 to 65535 */
    incload__rule rule;
} incload__node_spec;

enum { INCLOAD__GRAPH_MAX_BRANCH = 64 };

/* What is wrong with a graph. */
enum {
    INCLOAD__PROBLEM_CYCLE = 1,     /* nodes: the path, without its first node again; one for each knot of cycles */
    INCLOAD__PROBLEM_SELF_EDGE = 2, /* nodes: the one */
    INCLOAD__PROBLEM_TWICE = 3,     /* nodes: from, to */
    INCLOAD__PROBLEM_RULE = 4,      /* nodes: the one; `text` says what it is */
    INCLOAD__PROBLEM_CLEANUP = 5,   /* nodes: the cleanup node; `text` */
    INCLOAD__PROBLEM_FINISH = 6     /* nodes: the node; `text` */
};

typedef struct incload__graph_problem {
    int32_t kind;
    const int32_t *nodes; /* borrowed for the call */
    int32_t count;
    const char *text;
} incload__graph_problem;

typedef void (*incload__graph_report_fn)(void *user_data, const incload__graph_problem *problem);

incload__graph *incload__graph_new(const incload__mem *mem);
void incload__graph_free(incload__graph *graph);

/* The node's number; INCLOAD_E_NO_MEMORY, or INCLOAD_E_INVALID for a policy or a number of different rules above
 * 65535. */
int32_t incload__graph_add_node(incload__graph *graph, const incload__node_spec *spec);
/* `to` waits for `from`. `branch` is 0 for an edge that is always open, or 1 to 64: the unit of `from` may close it
 * when it completes. INCLOAD_E_INVALID when a node or branch does not exist, INCLOAD_E_NO_MEMORY. Edges from a node to
 * itself and edges that are there twice are found by the check. */
int32_t incload__graph_add_edge(incload__graph *graph, int32_t from, int32_t to, int32_t branch);

/* Tells every problem there is, in time proportional to nodes and edges. INCLOAD_OK when there is none,
 * INCLOAD_E_INVALID, INCLOAD_E_NO_MEMORY. */
int32_t incload__graph_check(incload__graph *graph, incload__graph_report_fn report, void *user_data);
/* Checks (report may be NULL), then builds what runs use. After it nothing can be added. */
int32_t incload__graph_freeze(incload__graph *graph, incload__graph_report_fn report, void *user_data);

int64_t incload__graph_edge_count(const incload__graph *graph);
/* Frozen graphs: those that wait for `node`; their number is returned. */
int32_t incload__graph_successors(const incload__graph *graph, int32_t node, const int32_t **to);

#endif
