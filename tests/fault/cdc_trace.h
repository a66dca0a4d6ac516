/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream's function saw, written where a process that is killed cannot take it along, and what is to be said of
 * it: each change that landed was seen once more than it was lost, right behind the one before it. */
#ifndef INCLOAD_TESTS_FAULT_CDC_TRACE_H
#define INCLOAD_TESTS_FAULT_CDC_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include <incload/stream.h>

typedef struct spot {
    uint64_t position, ordinal;
} spot;

typedef struct trace {
    spot landed;          /* how far the target was when the run before had ended */
    int64_t changes;      /* that landed, since trace_begin() */
    uint64_t digest;      /* over them in their order: place and content */
    int64_t again;        /* seen, and lost with a commit that did not land: they come again. Ever, as the next */
    int64_t out_of_order; /* not the next one, or one that had landed before */
} trace;

/* Another digest begins. */
void trace_begin(trace *t);

/* Empties the file, for a run that writes to it. */
int trace_open(const char *path);
/* A stream's function; `data` is the file's descriptor (int *). */
int32_t trace_see(incload_change *change, void *data);

/* Whether a run that writes to it has seen anything yet. */
bool trace_has_begun(const char *path);
/* Of a run that has ended, and of which nothing can land any more: that is how far the target is. How many it saw. */
int64_t trace_take(trace *t, const char *path, spot landed);

#endif
