/* SPDX-License-Identifier: Apache-2.0 */
/* A unit of work: what the scheduler runs, and what a process function is handed. Knows nothing of SQL. */
#ifndef INCLOAD_LIB_SCHED_UNIT_H
#define INCLOAD_LIB_SCHED_UNIT_H

#include <incload/unit.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/env.h"

struct incload_unit {
    const incload__env *env;
    char *label;
    char *step;
    char *run_id;
    _Atomic int32_t attempt;
    atomic_bool *cancelled; /* the run's flag */
    atomic_bool lost;       /* the unit may go on no more: its lease is another's */
    int64_t deadline_us;    /* the run's */
    pthread_mutex_t lock;   /* for the pause alone */
    pthread_cond_t woken;
    char *failure;          /* what the process function said, or NULL */
    void *owner;            /* of what runs it, for the functions of a unit that only that knows */
    const atomic_bool *told_to_stop; /* beside the run's flag; may be NULL */

    /* Written by the thread that drives the unit, read by any. */
    _Atomic int64_t rows_read;
    _Atomic int64_t rows_written;
    _Atomic int64_t rows_skipped;
    _Atomic int64_t rows_rejected;
    _Atomic int64_t rows_without_cursor;
    _Atomic int64_t rows_deleted;
    _Atomic int64_t bytes;
};

/* Copies the texts. */
int32_t incload__unit_init(incload_unit *unit, const incload__env *env, const char *step, const char *label,
                           const char *run_id);
void incload__unit_free(incload_unit *unit);

/* Counts from the beginning. */
void incload__unit_clear(incload_unit *unit);
/* Likewise, as the next attempt. */
void incload__unit_restart(incload_unit *unit);
/* Sleeps until the environment's monotonic clock reads `until_us`; ends at once when the unit is cancelled, out of time
 * or lost. False when it ended so. */
bool incload__unit_pause(incload_unit *unit, int64_t until_us);
/* The same; it ends at once, and well, when `enough` is set and the unit woken. */
bool incload__unit_rest(incload_unit *unit, int64_t until_us, const atomic_bool *enough);
/* Any thread, after it has set one of the flags. */
void incload__unit_wake(incload_unit *unit);

#endif
