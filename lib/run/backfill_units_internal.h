/* SPDX-License-Identifier: Apache-2.0 */
/* What taking units and ending with them share. */
#ifndef INCLOAD_LIB_RUN_BACKFILL_UNITS_INTERNAL_H
#define INCLOAD_LIB_RUN_BACKFILL_UNITS_INTERNAL_H

#include "run/backfill_units.h"
#include "run/portion.h"

enum { INCLOAD__UNITS_HURRY_MS = 800 };

typedef struct held_unit {
    struct held_unit *next;
    incload__held as;
    bool given; /* to the scheduler */
} held_unit;

struct incload__backfill_units {
    const incload__mem *mem;
    const incload__env *env;
    const incload_step *step; /* borrowed from the run */
    incload_database *home;
    incload__durable *durable;
    incload__sequence sequence;
    char landing_run[INCLOAD__LANDING_RUN_SIZE];
    incload__landing landing; /* but for the epoch */
    int32_t run_status;       /* once it is known to have ended */
    incload__portion portion;
    int64_t ask_us;           /* when the ledger is asked again */
    int64_t pause_us;
    bool waited_alone;    /* this process had no unit when it was asked last */
    pthread_mutex_t lock; /* guards what follows */
    bool closed;          /* the durable part is gone, or about to be */
    held_unit *held;      /* in the order in which they came */
    int64_t held_count;
    int64_t last_key;
    int64_t *own_failures; /* numbers of units that failed here */
    int64_t own_failure_count;
    /* After the end. */
    bool counted;
    int64_t counts[INCLOAD_STATUS_SKIPPED + 1];
    incload__unit_row *failed;
    int32_t failed_count;
};

/* Releases what this process still has. */
void incload__backfill_units_give_back(incload__backfill_units *units);
/* backfill_end.c: the error of a run whose units failed in other processes. */
int32_t incload__backfill_units_tell_failed(incload__backfill_units *units, incload_error **err);

#endif
