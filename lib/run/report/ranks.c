/* SPDX-License-Identifier: Apache-2.0 */
#include "run/report/ranks.h"

#include "base/error.h"

static void
index_edges(incload__ranks *order, const incload__picture *picture)
{
    /* Counted two places on: filling moves each start to where it belongs. */
    for (int32_t i = 0; i < picture->edge_count; i++)
        order->first[picture->edges[i].from + 2]++;
    for (int32_t i = 2; i < picture->step_count + 2; i++)
        order->first[i] += order->first[i - 1];
    for (int32_t i = 0; i < picture->edge_count; i++)
        order->out[order->first[picture->edges[i].from + 1]++] = i;
}

/* `waits` counts the edges to a step that were not yet followed. */
static void
sort_steps(incload__ranks *order, const incload__picture *picture, int32_t *waits)
{
    int32_t count = 0;

    for (int32_t i = 0; i < picture->edge_count; i++)
        waits[picture->edges[i].to]++;
    for (int32_t i = 0; i < picture->step_count; i++) {
        if (waits[i] == 0)
            order->steps[count++] = i;
    }
    for (int32_t done = 0; done < count; done++) {
        int32_t step = order->steps[done];
        for (int32_t e = order->first[step]; e < order->first[step + 1]; e++) {
            int32_t to = picture->edges[order->out[e]].to;
            if (order->levels[to] <= order->levels[step])
                order->levels[to] = order->levels[step] + 1;
            if (--waits[to] == 0)
                order->steps[count++] = to;
        }
    }
    for (int32_t i = 0; i < picture->step_count; i++) {
        if (waits[i] > 0)
            order->steps[count++] = i;
    }
}

int32_t
incload__ranks_make(incload__ranks *order, const incload__mem *mem, const incload__picture *picture,
                    incload_error **err)
{
    size_t steps = (size_t)picture->step_count;

    *order = (incload__ranks){ .mem = mem };
    order->steps = incload__alloc_array(mem, steps, sizeof *order->steps);
    order->levels = incload__alloc_array(mem, steps, sizeof *order->levels);
    order->first = incload__alloc_array(mem, steps + 2, sizeof *order->first);
    order->out = incload__alloc_array(mem, (size_t)picture->edge_count, sizeof *order->out);
    int32_t *waits = incload__alloc_array(mem, steps, sizeof *waits);
    if (order->steps == NULL || order->levels == NULL || order->first == NULL || order->out == NULL || waits == NULL) {
        incload__free(mem, waits);
        incload__ranks_free(order);
        return incload__fail_memory(err);
    }
    index_edges(order, picture);
    sort_steps(order, picture, waits);
    incload__free(mem, waits);
    return INCLOAD_OK;
}

void
incload__ranks_free(incload__ranks *order)
{
    incload__free(order->mem, order->steps);
    incload__free(order->mem, order->levels);
    incload__free(order->mem, order->first);
    incload__free(order->mem, order->out);
    *order = (incload__ranks){ .mem = order->mem };
}
