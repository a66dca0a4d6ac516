/* SPDX-License-Identifier: Apache-2.0 */
/* Which intervals of a load are loaded, and by which version of its code: what a backfill selects from. Intervals are
 * half-open. What landed lately is a row a unit in `applied`; what landed before is coalesced in `coverage`. At any
 * place of a lane there is one version at most: the last that landed. */
#ifndef INCLOAD_LIB_STATE_COVERAGE_H
#define INCLOAD_LIB_STATE_COVERAGE_H

#include "state/ledger.h"

typedef struct incload__covered {
    char *lane;
    char *code_version;
    int64_t low;
    int64_t high;
} incload__covered;

typedef struct incload__coverage {
    const incload__mem *mem;
    incload__covered *items; /* by lane, then place; neighbours of one version are one */
    int64_t count;
} incload__coverage;

/* What of [low, high) is covered, of one lane or (NULL) of all. In the database that receives the load's data. */
int32_t incload__coverage_read(const incload__ledger *ledger, incload__conn *conn, const char *load, const char *lane,
                               int64_t low, int64_t high, incload__coverage *out, incload_error **err);
void incload__coverage_free(incload__coverage *coverage);

/* Outside of a transaction: moves rows of `applied` that are older than keep_us into `coverage`, up to `limit` (at most
 * 20,000), and all units of one claim (up to 1000) or none; *moved: how many. Of what was moved no row is left that
 * would refuse a claim from before: keep_us must be longer than any worker may have been paused (a day is), and its run
 * must have ended. INCLOAD_E_CONFLICT, retryable, when another does the same at the same time. */
int32_t incload__coverage_prune(const incload__ledger *ledger, incload__conn *conn, const char *load, int64_t keep_us,
                                int32_t limit, int64_t *moved, incload_error **err);

#endif
