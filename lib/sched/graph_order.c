/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a graph: who may come before whom, and who goes first among those that may. */
#include <incload/error.h>
#include <string.h>

#include "sched/graph_internal.h"

enum { DIGIT_BITS = 16, DIGITS = 65536 };

int32_t
incload__graph_sort(const incload__graph *graph, int32_t *waiting, int32_t *order)
{
    int32_t count = 0;

    memset(waiting, 0, (size_t)graph->nodes * sizeof *waiting);
    for (int32_t i = 0; i < graph->edges; i++)
        waiting[graph->to[i]]++;
    for (int32_t node = 0; node < graph->nodes; node++) {
        if (waiting[node] == 0)
            order[count++] = node;
    }
    for (int32_t done = 0; done < count; done++) {
        for (int32_t i = graph->first[order[done]]; i < graph->first[order[done] + 1]; i++) {
            if (--waiting[graph->to[i]] == 0)
                order[count++] = graph->to[i];
        }
    }
    return count;
}

/* The longest way from each node to an end, its own weight included. */
static void
measure(const incload__graph *graph, const int32_t *order, uint64_t *level)
{
    for (int32_t i = graph->nodes - 1; i >= 0; i--) {
        int32_t node = order[i];
        uint64_t longest = 0;
        for (int32_t e = graph->first[node]; e < graph->first[node + 1]; e++) {
            if (level[graph->to[e]] > longest)
                longest = level[graph->to[e]];
        }
        level[node] = longest + (uint64_t)(graph->weight != NULL ? graph->weight[node] : 1);
    }
}

typedef struct ranking {
    int32_t count;
    int32_t *nodes;
    int32_t *spare;
    int32_t *digits; /* how many nodes have each */
    uint64_t *key;   /* the greater goes first */
} ranking;

static uint32_t
digit_of(const ranking *r, int32_t node, int32_t shift)
{
    return (uint32_t)(~r->key[node] >> shift) & (DIGITS - 1);
}

/* One pass of a stable radix sort; one for a digit that is the same everywhere is left out. */
static void
sort_by_digit(ranking *r, int32_t shift)
{
    memset(r->digits, 0, DIGITS * sizeof *r->digits);
    for (int32_t i = 0; i < r->count; i++)
        r->digits[digit_of(r, i, shift)]++;
    if (r->count == 0 || r->digits[digit_of(r, 0, shift)] == r->count)
        return;
    for (int32_t i = 0, sum = 0; i < DIGITS; i++) {
        int32_t here = r->digits[i];
        r->digits[i] = sum;
        sum += here;
    }
    for (int32_t i = 0; i < r->count; i++)
        r->spare[r->digits[digit_of(r, r->nodes[i], shift)]++] = r->nodes[i];
    int32_t *sorted = r->spare;
    r->spare = r->nodes;
    r->nodes = sorted;
}

static void
sort_by_key(ranking *r)
{
    for (int32_t shift = 0; shift < 64; shift += DIGIT_BITS)
        sort_by_digit(r, shift);
}

int32_t
incload__graph_rank(incload__graph *graph, const int32_t *order)
{
    size_t count = (size_t)graph->nodes;
    int32_t *block = incload__alloc_array(&graph->mem, 2 * count + DIGITS, sizeof *block);
    ranking r = { .count = graph->nodes };

    r.key = incload__alloc_array(&graph->mem, count, sizeof *r.key);
    graph->by_place = incload__alloc_array(&graph->mem, count, sizeof *graph->by_place);
    if (block == NULL || r.key == NULL || graph->by_place == NULL) {
        incload__free(&graph->mem, block);
        incload__free(&graph->mem, r.key);
        incload__free(&graph->mem, graph->by_place);
        graph->by_place = NULL;
        return INCLOAD_E_NO_MEMORY;
    }
    r.nodes = block;
    r.spare = block + count;
    r.digits = block + 2 * count;
    for (int32_t i = 0; i < graph->nodes; i++)
        r.nodes[i] = i;
    measure(graph, order, r.key);
    sort_by_key(&r);
    if (graph->priority != NULL) {
        for (int32_t i = 0; i < graph->nodes; i++)
            r.key[i] = (uint64_t)((int64_t)graph->priority[i] - INT32_MIN);
        sort_by_key(&r);
    }
    for (int32_t i = 0; i < graph->nodes; i++)
        graph->by_place[i] = r.nodes[i];
    incload__free(&graph->mem, block);
    incload__free(&graph->mem, r.key);
    return INCLOAD_OK;
}
