/* SPDX-License-Identifier: Apache-2.0 */
/* The graph of a picture as it is drawn: steps by levels, steps that look alike drawn as one where there are too many,
 * and the critical path marked. */
#ifndef INCLOAD_LIB_RUN_REPORT_SHAPE_H
#define INCLOAD_LIB_RUN_REPORT_SHAPE_H

#include "run/report/critical.h"
#include "run/report/sink.h"

typedef struct incload__shape_node {
    int32_t step;  /* the first of them */
    int32_t count; /* steps drawn here */
    int32_t level; /* 0: waits for none */
    int32_t status;
    bool critical;
    bool rest; /* steps of any kind that found no place */
    incload__picture_tally units;
} incload__shape_node;

typedef struct incload__shape_edge {
    int32_t from;
    int32_t to;
    bool closed;
    bool critical;
    const char *label; /* borrowed from the picture */
} incload__shape_edge;

typedef struct incload__shape {
    const incload__mem *mem;
    incload__shape_node *nodes; /* by level */
    int32_t node_count;
    incload__shape_edge *edges; /* by their ends, one for each pair */
    int32_t edge_count;
    int32_t level_count;
    incload__critical critical;
} incload__shape;

enum { INCLOAD__SHAPE_NODES = 200 };

/* At most `max_nodes` nodes (0 is INCLOAD__SHAPE_NODES). INCLOAD_E_NO_MEMORY. */
int32_t incload__shape_make(incload__shape *shape, const incload__mem *mem, const incload__picture *picture,
                            int32_t max_nodes, incload_error **err);
void incload__shape_free(incload__shape *shape);
/* The name, with the number of steps when there are several: "orders", "load ×365", "12 more steps". */
void incload__shape_title(const incload__picture *picture, const incload__shape_node *node, incload__str *out,
                          void (*put)(incload__str *out, const char *text));
/* Under the name: kind, units, duration, rows and the reason, "·" between; may be nothing. */
void incload__shape_note(const incload__picture *picture, const incload__shape_node *node, incload__str *out,
                         void (*put)(incload__str *out, const char *text));

/* How a language says the parts of a graph. */
typedef struct incload__pen {
    void (*begin_group)(incload__str *out, const char *name, int32_t number);
    const char *end_group;
    void (*node)(incload__str *out, const incload__picture *picture, const incload__shape_node *node, int32_t number);
    /* `label` is the edge's own, or the rule of the step that it leads to; may be "". */
    void (*edge)(incload__str *out, const incload__shape_edge *edge, const char *label);
} incload__pen;

/* All nodes, those of one group together, and then all edges. */
void incload__shape_draw(const incload__shape *shape, const incload__picture *picture, const incload__pen *pen,
                         incload__sink *sink);

#endif
