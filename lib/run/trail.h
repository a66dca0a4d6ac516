/* SPDX-License-Identifier: Apache-2.0 */
/* What a run remembers of its units, for reports: when each attempt began and ended, on which slot, and why. Its memory
 * is bounded: past INCLOAD__TRAIL_KEPT units an even sample stands for those that succeeded at once, while those that
 * failed or were tried again stay as long as there is room. The scheduler's counts tell how many are not here.
 *
 * It is an account and never a condition: without memory something is left out of it. Guarded by its owner's lock;
 * times are monotonic. */
#ifndef INCLOAD_LIB_RUN_TRAIL_H
#define INCLOAD_LIB_RUN_TRAIL_H

#include <incload/run.h>

#include "base/error.h"
#include "base/mem.h"

enum { INCLOAD__TRAIL_KEPT = 20000, INCLOAD__TRAIL_ATTEMPTS = 16, INCLOAD__TRAIL_SLOTS = 1024 };

typedef struct incload__trail_attempt {
    int64_t start_us;
    int64_t end_us; /* 0: it goes on */
    int16_t slot;   /* two attempts at one time have different ones, up to INCLOAD__TRAIL_SLOTS at once */
    int8_t status;  /* INCLOAD_STATUS_... */
    uint8_t reason; /* INCLOAD__REASON_... */
} incload__trail_attempt;

/* A unit that was begun. */
typedef struct incload__trail_unit {
    int64_t key;
    int64_t number; /* in the order in which they ended, from 1 */
    int64_t rows;
    int64_t bytes;
    incload_error *error;
    incload__trail_attempt *attempts; /* the first ones, and the last */
    int32_t attempt_count;
    int32_t begun; /* attempts, also those that are not listed */
    int32_t node;
    uint8_t status;
    uint8_t reason;
} incload__trail_unit;

typedef struct incload__trail {
    const incload__mem *mem;
    incload__trail_unit *units; /* that have ended, in that order */
    int32_t count;
    int32_t capacity;
    int64_t ended;  /* also those that are not kept */
    int64_t stride; /* of units that succeeded at once, each so-manieth is kept */
    int64_t plain;
    int32_t plain_kept;
    int64_t
        last_us; /* the latest time that was told: nothing begins before it, so that a slot does one thing at a time */
    uint64_t busy[INCLOAD__TRAIL_SLOTS / 64];
} incload__trail;

void incload__trail_init(incload__trail *trail, const incload__mem *mem);
void incload__trail_free(incload__trail *trail);

/* An attempt of an open unit; one that goes on is over. When it began: at `now_us`, or a moment later where threads
 * told their times out of order. */
int64_t incload__trail_begin(incload__trail *trail, incload__trail_unit *past, int64_t now_us);
/* Nothing when it is over already. */
void incload__trail_end(incload__trail *trail, incload__trail_unit *past, int64_t now_us, int32_t status,
                        int32_t reason);
/* The unit has ended: takes its attempts and error over. */
void incload__trail_keep(incload__trail *trail, incload__trail_unit *past);
void incload__trail_unit_free(const incload__mem *mem, incload__trail_unit *past);
/* A copy with memory of its own: false without. */
bool incload__trail_unit_copy(const incload__mem *mem, const incload__trail_unit *past, incload__trail_unit *out);

#endif
