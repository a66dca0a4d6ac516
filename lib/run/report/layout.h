/* SPDX-License-Identifier: Apache-2.0 */
/* Where the nodes of a graph are drawn: a column for each level, and within it an order that crosses few edges. An edge
 * over several levels is led through places of its own, so that it runs beside nodes and not behind them. */
#ifndef INCLOAD_LIB_RUN_REPORT_LAYOUT_H
#define INCLOAD_LIB_RUN_REPORT_LAYOUT_H

#include "run/report/shape.h"

typedef struct incload__layout_item {
    int32_t node;  /* of the shape, or -1: a bend of an edge */
    int32_t level; /* column */
    int32_t row;   /* within the column, from 0 */
} incload__layout_item;

/* A piece of an edge, from a column to the next (or further, when there are too many for bends). */
typedef struct incload__layout_link {
    int32_t from; /* items */
    int32_t to;
    int32_t edge;
    bool last; /* it reaches the edge's end */
} incload__layout_link;

typedef struct incload__layout {
    const incload__mem *mem;
    incload__layout_item *items; /* the nodes first, under their own numbers */
    int32_t item_count;
    incload__layout_link *links;
    int32_t link_count;
    int32_t *column_rows; /* how many rows each column has */
    int32_t max_rows;
} incload__layout;

/* INCLOAD_E_NO_MEMORY. */
int32_t incload__layout_make(incload__layout *layout, const incload__mem *mem, const incload__shape *shape,
                             incload_error **err);
void incload__layout_free(incload__layout *layout);

#endif
