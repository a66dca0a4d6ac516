/* SPDX-License-Identifier: Apache-2.0 */
/* A heap of moments: which of many ids is due first. An id is in it once or not at all. */
#ifndef INCLOAD_LIB_SCHED_TIMER_H
#define INCLOAD_LIB_SCHED_TIMER_H

#include <stdbool.h>

#include "base/mem.h"

typedef struct incload__timer_entry {
    int64_t at_us;
    int32_t id;
} incload__timer_entry;

typedef struct incload__timer {
    incload__timer_entry *heap;
    int32_t *places; /* by id: its place in the heap, or -1 */
    int32_t count;
    int32_t capacity;
} incload__timer;

/* Room for ids below `capacity`, so that setting one never fails. */
bool incload__timer_reserve(incload__timer *timer, const incload__mem *mem, int32_t capacity);
void incload__timer_free(incload__timer *timer, const incload__mem *mem);
/* Puts the id in, or moves it. INT64_MAX takes it out. */
void incload__timer_set(incload__timer *timer, int32_t id, int64_t at_us);
void incload__timer_drop(incload__timer *timer, int32_t id);
/* The id that is due first if it is due by `now_us`, or -1; it stays in. */
int32_t incload__timer_due(const incload__timer *timer, int64_t now_us);
/* When the first is due; INT64_MAX when there is none. */
int64_t incload__timer_next(const incload__timer *timer);

#endif
