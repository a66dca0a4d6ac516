/* SPDX-License-Identifier: Apache-2.0 */
/* When the units that are left will have ended: they are replayed many times with durations that were observed, drawn
 * at random, on as many slots as there are. No share of the whole is extrapolated: the last units run beside each
 * other. */
#ifndef INCLOAD_LIB_RUN_REPORT_ETA_H
#define INCLOAD_LIB_RUN_REPORT_ETA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INCLOAD__ETA_OBSERVED = 64, INCLOAD__ETA_SLOTS = 64 };

/* Zeroed: nothing was observed. */
typedef struct incload__eta {
    int64_t durations_us[INCLOAD__ETA_OBSERVED]; /* the last of them; with retries and their pauses */
    int64_t observed;
    uint64_t seed; /* the same seed tells the same */
} incload__eta;

typedef struct incload__eta_left {
    int64_t waiting;        /* units not yet begun */
    int32_t parallel;       /* at once; less than 1 is 1 */
    const int64_t *running; /* how long each unit that runs has run, in microseconds; may be NULL */
    int32_t running_count;
} incload__eta_left;

void incload__eta_observe(incload__eta *eta, int64_t duration_us);
/* Microseconds from now that half and nine in ten of the replays needed. False while nothing was observed. */
bool incload__eta_tell(incload__eta *eta, const incload__eta_left *left, int64_t *p50_us, int64_t *p90_us);

#endif
