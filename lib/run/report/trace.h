/* SPDX-License-Identifier: Apache-2.0 */
/* A Chrome trace, as Perfetto reads it, written while the run goes on: what was passed on before a crash can be loaded,
 * since the array form needs no closing bracket. Workers are processes, slots are threads, attempts are slices; process
 * 0 stands for the run itself, with a thread for each step. One thread at a time.
 *
 * Times are told from the start of the run: microseconds since 1970 are more than a double of a reader holds exactly
 * once they have fractions. */
#ifndef INCLOAD_LIB_RUN_REPORT_TRACE_H
#define INCLOAD_LIB_RUN_REPORT_TRACE_H

#include "run/report/picture.h"
#include "run/report/sink.h"

enum { INCLOAD__TRACE_RUN = 0 };

typedef struct incload__trace {
    incload__sink *sink;
    int64_t zero_us;
    char **workers; /* in the order they were met; the first is process 1 */
    int32_t worker_count;
    int32_t worker_space;
    int32_t last; /* the worker of the last attempt: the next is often its own */
    bool begun;
} incload__trace;

/* Borrows the sink until the end; incload__sink_flush after an event puts it out of reach of a crash. */
void incload__trace_begin(incload__trace *trace, incload__sink *sink, const char *run, int64_t start_us);
/* An attempt that ended, or goes on until `end_us` if it has no end. */
void incload__trace_attempt(incload__trace *trace, const char *step, const incload__picture_unit *unit, int32_t number,
                            int64_t end_us);
void incload__trace_end(incload__trace *trace);

/* For events of other kinds: an object up to the values that differ, and the state of a slice with "args" left open. */
incload__str *incload__trace_event(incload__trace *trace, const char *kind, const char *name, int32_t process,
                                   int64_t thread, int64_t us);
void incload__trace_state(incload__str *out, int64_t duration_us, int32_t status, const char *reason);
/* `what`: process_name or thread_name. */
void incload__trace_name(incload__trace *trace, const char *what, const char *name, int32_t process, int64_t thread);

#endif
