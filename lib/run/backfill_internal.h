/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a backfill share. */
#ifndef INCLOAD_LIB_RUN_BACKFILL_INTERNAL_H
#define INCLOAD_LIB_RUN_BACKFILL_INTERNAL_H

#include "run/backfill.h"

typedef struct incload__backfill_values {
    char *name;
    char *grain;
    char *zone;
    int64_t week_begins;
    int32_t edges;
    int64_t step;
    int32_t naive;
    char *column;
    int64_t parallel;
    int64_t min_parallel;
    int32_t order;
    int32_t select;
    char *version;
    char *fingerprint;
    int64_t retries;
    int64_t retry_delay;
    int64_t retry_max_delay;
    int64_t rate;
    int64_t max_failures;
    int64_t max_consecutive;
    int64_t max_failed_percent;
    int32_t snapshot;
} incload__backfill_values;

enum { INCLOAD__SNAPSHOT_UNIT, INCLOAD__SNAPSHOT_SHARED };

struct incload__backfill {
    const incload__mem *mem;
    incload__backfill_values values;
    char *from;
    char *to; /* of days the last one, else the first that is not in it */
    bool days;
    char **keys;
    int64_t key_count;
    incload__zone *zone;
    incload__range *range;
    incload_step *load; /* NULL: a function */
    incload_database *ledger;
};

/* As incload__sched_next_fn. */
int32_t incload__backfill_walk_next(void *walk, int64_t *key, int64_t *again_us);

#endif
