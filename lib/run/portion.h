/* SPDX-License-Identifier: Apache-2.0 */
/* How many units a process takes from a ledger at once. Each taking is a commit, so short units are taken many at a
 * time: twice as many while what was taken is done within a moment, half as many when it lasts. What lies here is with
 * this process alone, so that moment is also the longest for which others may wait for it at the run's end. */
#ifndef INCLOAD_LIB_RUN_PORTION_H
#define INCLOAD_LIB_RUN_PORTION_H

#include "state/claim.h"

typedef struct incload__portion {
    int32_t least; /* as many as run side by side */
    int32_t most;
    int32_t size; /* for the next taking */
    int64_t moment_us;
    int64_t taken_us; /* monotonic; 0: what was taken last says nothing of how long units last */
} incload__portion;

/* `steady`: always the least, where each unit's end may decide whether another begins. */
void incload__portion_init(incload__portion *portion, int32_t least, int64_t lease_us, bool steady);
/* All that was taken has begun: how many to take now. */
int32_t incload__portion_next(incload__portion *portion, int64_t now_us);
/* What was taken. Units that were handed out before end the growth: they are taken in the least portions, so that one
 * whose workers die of it does not take along many others. */
void incload__portion_took(incload__portion *portion, const incload__claim *claim, int64_t now_us);

#endif
