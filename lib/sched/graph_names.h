/* SPDX-License-Identifier: Apache-2.0 */
/* Names for the nodes of a graph: steps and the edges between them are told by name, in any order, and everything that
 * is wrong is told at once, as one error. */
#ifndef INCLOAD_LIB_SCHED_GRAPH_NAMES_H
#define INCLOAD_LIB_SCHED_GRAPH_NAMES_H

#include "base/error.h"
#include "sched/graph.h"

typedef struct incload__graph_names incload__graph_names;

/* Owns a graph of its own. NULL without memory. */
incload__graph_names *incload__graph_names_new(const incload__mem *mem);
void incload__graph_names_free(incload__graph_names *names);

/* The node's number. A name that is there already gives that one's number, and an error when the graph is frozen. With
 * INCLOAD__NODE_CLEANUP, `spec->setup` is a number that incload__graph_names_find gave. Errors as
 * incload__graph_add_node. */
int32_t incload__graph_names_add(incload__graph_names *names, const char *name, const incload__node_spec *spec);
/* `to` waits for `from`; either may be added later. */
int32_t incload__graph_names_edge(incload__graph_names *names, const char *from, const char *to, int32_t branch);
/* The number of a name, or -1. */
int32_t incload__graph_names_find(const incload__graph_names *names, const char *name);
/* Borrowed. */
const char *incload__graph_names_of(const incload__graph_names *names, int32_t node);
/* Borrowed; to be frozen with the function below only. */
incload__graph *incload__graph_names_graph(const incload__graph_names *names);

/* Checks and freezes. INCLOAD_E_INVALID names every problem in one message that begins with `what`, such as
 * "pipeline 'nightly'". */
int32_t incload__graph_names_freeze(incload__graph_names *names, const char *what, incload_error **err);

#endif
