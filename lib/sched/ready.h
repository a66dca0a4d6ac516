/* SPDX-License-Identifier: Apache-2.0 */
/* A set of small integers that gives its least at once: one bit each, and a bit for each word below that is not empty,
 * level over level. Adding one that is not in, taking away one that is, and finding cost one word per level: four
 * levels hold 16 million. */
#ifndef INCLOAD_LIB_SCHED_READY_H
#define INCLOAD_LIB_SCHED_READY_H

#include <stdbool.h>

#include "base/mem.h"

enum { INCLOAD__READY_LEVELS = 6 };

typedef struct incload__ready {
    uint64_t *words[INCLOAD__READY_LEVELS]; /* [0] holds the members; all in one block that starts there */
    int32_t levels;
    int32_t count;
    uint32_t low; /* no word of [0] before this one has a member */
} incload__ready;

/* For members from 0 to count - 1; false without memory. */
bool incload__ready_init(incload__ready *ready, const incload__mem *mem, int32_t count);
void incload__ready_free(incload__ready *ready, const incload__mem *mem);

static inline void
incload__ready_add(incload__ready *ready, int32_t member)
{
    uint32_t at = (uint32_t)member;

    ready->count++;
    if (at >> 6 < ready->low)
        ready->low = at >> 6;
    for (int32_t level = 0; level < ready->levels; level++, at >>= 6) {
        uint64_t before = ready->words[level][at >> 6];
        ready->words[level][at >> 6] = before | (uint64_t)1 << (at & 63);
        if (before != 0)
            return;
    }
}

static inline void
incload__ready_take(incload__ready *ready, int32_t member)
{
    uint32_t at = (uint32_t)member;

    ready->count--;
    for (int32_t level = 0; level < ready->levels; level++, at >>= 6) {
        ready->words[level][at >> 6] &= ~((uint64_t)1 << (at & 63));
        if (ready->words[level][at >> 6] != 0)
            return;
    }
}

/* The least member, or -1. */
static inline int32_t
incload__ready_first(incload__ready *ready)
{
    uint32_t at = 0;

    if (ready->words[ready->levels - 1][0] == 0)
        return -1;
    if (ready->words[0][ready->low] != 0)
        return (int32_t)(ready->low << 6 | (uint32_t)__builtin_ctzll(ready->words[0][ready->low]));
    for (int32_t level = ready->levels - 1; level >= 0; level--)
        at = at << 6 | (uint32_t)__builtin_ctzll(ready->words[level][at]);
    ready->low = at >> 6;
    return (int32_t)at;
}

/* The least member, which is taken away; -1. */
static inline int32_t
incload__ready_pop(incload__ready *ready)
{
    int32_t least = incload__ready_first(ready);

    if (least >= 0)
        incload__ready_take(ready, least);
    return least;
}

#endif
