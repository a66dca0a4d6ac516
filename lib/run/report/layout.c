/* SPDX-License-Identifier: Apache-2.0 */
#include "run/report/layout.h"

#include <stdlib.h>

#include "base/error.h"

enum { MAX_BENDS = 4000, SWEEPS = 12 };

/* Where an item would like to be: the mean of its neighbours' rows, in thousandths. */
typedef struct wish {
    int64_t sum;
    int64_t count;
    int32_t item;
    int32_t level;
    int64_t mean;
    int32_t row;
} wish;

static int64_t
span_of(const incload__shape *shape, const incload__shape_edge *edge)
{
    return (int64_t)shape->nodes[edge->to].level - shape->nodes[edge->from].level;
}

static int64_t
bends_of(const incload__shape *shape)
{
    int64_t bends = 0;

    for (int32_t i = 0; i < shape->edge_count; i++) {
        int64_t span = span_of(shape, &shape->edges[i]);
        bends += span > 1 ? span - 1 : 0;
    }
    return bends;
}

static void
add_link(incload__layout *layout, int32_t from, int32_t to, int32_t edge, bool last)
{
    layout->links[layout->link_count++] = (incload__layout_link){ from, to, edge, last };
}

static int32_t
add_item(incload__layout *layout, int32_t node, int32_t level)
{
    int32_t row = layout->column_rows[level]++;

    layout->items[layout->item_count] = (incload__layout_item){ node, level, row };
    if (layout->column_rows[level] > layout->max_rows)
        layout->max_rows = layout->column_rows[level];
    return layout->item_count++;
}

static void
fill(incload__layout *layout, const incload__shape *shape, bool bend)
{
    for (int32_t i = 0; i < shape->node_count; i++)
        add_item(layout, i, shape->nodes[i].level);
    for (int32_t i = 0; i < shape->edge_count; i++) {
        const incload__shape_edge *edge = &shape->edges[i];
        int32_t at = edge->from;
        int64_t span = bend ? span_of(shape, edge) : 1;
        for (int64_t step = 1; step < span; step++) {
            int32_t next = add_item(layout, -1, shape->nodes[edge->from].level + (int32_t)step);
            add_link(layout, at, next, i, false);
            at = next;
        }
        add_link(layout, at, edge->to, i, true);
    }
}

static int
by_wish(const void *a, const void *b)
{
    const wish *x = a;
    const wish *y = b;

    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    if (x->mean != y->mean)
        return x->mean < y->mean ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Moves every item towards those before it, or after it. */
static void
sweep(incload__layout *layout, wish *wishes, bool forward)
{
    for (int32_t i = 0; i < layout->item_count; i++)
        wishes[i] = (wish){ .item = i, .level = layout->items[i].level, .row = layout->items[i].row };
    for (int32_t i = 0; i < layout->link_count; i++) {
        int32_t moved = forward ? layout->links[i].to : layout->links[i].from;
        int32_t other = forward ? layout->links[i].from : layout->links[i].to;
        /* Columns are centred: rows count from the middle, in halves. */
        wishes[moved].sum += 2 * layout->items[other].row - layout->column_rows[layout->items[other].level];
        wishes[moved].count++;
    }
    for (int32_t i = 0; i < layout->item_count; i++) {
        int64_t own = 2 * (int64_t)layout->items[i].row - layout->column_rows[layout->items[i].level];
        wishes[i].mean = wishes[i].count > 0 ? wishes[i].sum * 1000 / wishes[i].count : own * 1000;
    }
    qsort(wishes, (size_t)layout->item_count, sizeof *wishes, by_wish);
    for (int32_t i = 0, row = 0; i < layout->item_count; i++, row++) {
        if (i > 0 && wishes[i].level != wishes[i - 1].level)
            row = 0;
        layout->items[wishes[i].item].row = row;
    }
}

int32_t
incload__layout_make(incload__layout *layout, const incload__mem *mem, const incload__shape *shape, incload_error **err)
{
    int64_t bends = bends_of(shape);
    bool bend = bends <= MAX_BENDS;
    size_t extra = bend ? (size_t)bends : 0;
    size_t items = (size_t)shape->node_count + extra;

    *layout = (incload__layout){ .mem = mem };
    layout->items = incload__alloc_array(mem, items, sizeof *layout->items);
    layout->links = incload__alloc_array(mem, (size_t)shape->edge_count + extra, sizeof *layout->links);
    layout->column_rows = incload__alloc_array(mem, (size_t)shape->level_count, sizeof *layout->column_rows);
    wish *wishes = incload__alloc_array(mem, items, sizeof *wishes);
    if (layout->items == NULL || layout->links == NULL || layout->column_rows == NULL || wishes == NULL) {
        incload__free(mem, wishes);
        incload__layout_free(layout);
        return incload__fail_memory(err);
    }
    fill(layout, shape, bend);
    for (int32_t i = 0; i < SWEEPS; i++)
        sweep(layout, wishes, i % 2 == 0);
    incload__free(mem, wishes);
    return INCLOAD_OK;
}

void
incload__layout_free(incload__layout *layout)
{
    incload__free(layout->mem, layout->items);
    incload__free(layout->mem, layout->links);
    incload__free(layout->mem, layout->column_rows);
    *layout = (incload__layout){ .mem = layout->mem };
}
