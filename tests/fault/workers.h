/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that share the points of a sweep, so that both processors of a small machine have work. */
#ifndef INCLOAD_TESTS_FAULT_WORKERS_H
#define INCLOAD_TESTS_FAULT_WORKERS_H

#include <stdatomic.h>
#include <stdint.h>

enum { WORKERS = 2, COUNTERS = 16 };

/* What they count together; made before the first of them. */
typedef struct counters {
    _Atomic int64_t of[COUNTERS];
} counters;

counters *counters_new(void);

typedef void (*work_fn)(int worker, void *data);

/* Runs `work` once in each of the processes, with the worker's number, and waits for all; ends the program when one did
 * not come to its end. The caller has no threads and no connections at that moment. */
void workers_run(work_fn work, void *data);

#endif
