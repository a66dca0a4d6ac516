/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: one load of one table, or several that land together, as one unit. window -> process function -> staging
 * -> publish, with the watermark in the transaction of the rows. Knows nothing of pipelines. */
#ifndef INCLOAD_LIB_LOAD_LOAD_H
#define INCLOAD_LIB_LOAD_LOAD_H

#include <incload/step.h>

#include "driver/database.h"
#include "load/memo.h"
#include "load/shared_snapshot.h"
#include "load/strategy.h"
#include "sched/unit.h"
#include "state/ledger.h"

typedef struct incload__load incload__load; /* load/internal.h */

/* SQL of the host that must return no row; {staging} and {target} stand for the tables. */
typedef struct incload__check {
    char *name;
    char *sql;
} incload__check;

/* Who gives window=interval its bounds once the cursor is known, in the place of `initial` and `until`. */
typedef struct incload__interval_source {
    /* `low` and `high` in the source's own text; the caller's, from mem. */
    int32_t (*bounds)(const void *data, const incload__mem *mem, const incload__dialect *dialect,
                      const incload__column *cursor, char *bounds[2], incload_error **err);
    const void *data;
    const char *column; /* in the place of the strategy's cursor; NULL: that */
} incload__interval_source;

/* Who keeps a record of what lands, in the data's transaction. A failure rolls that back. */
typedef struct incload__load_landing {
    /* First in the transaction; with the target's table there. May be NULL. */
    int32_t (*begin)(void *data, const incload__ledger *ledger, incload__conn *to, incload_error **err);
    /* Last, before COMMIT. */
    int32_t (*land)(void *data, const incload__ledger *ledger, incload__conn *to, int64_t rows_written,
                    incload_error **err);
    /* INCLOAD_E_BUSY when the same has landed since `begin`. NULL: the load's own watermark tells that; else it has
     * none, nor anything else that is kept from one time to the next. */
    int32_t (*overtaken)(void *data, const incload__ledger *ledger, incload__conn *to, incload_error **err);
    void *data;
} incload__load_landing;

/* What a load does in the place of reading a source: writes to the target by itself, in a transaction that it begins
 * and ends by incload__commit(), and sets the position that is recorded with it. */
typedef struct incload__apply {
    int32_t (*carry_out)(incload__load *load, void *data, incload_error **err);
    void *data;
} incload__apply;

typedef struct incload__load_spec {
    const char *name; /* of the load: its watermark is kept under it */
    incload_database *source;
    const char *source_table; /* or */
    const char *query;
    const incload__param *params; /* of the query */
    int32_t param_count;
    incload_database *primary; /* of a source that is a standby; may be NULL */
    incload_database *target;
    const char *target_table;
    const incload__strategy_values *how;
    incload_batch_fn function; /* may be NULL */
    void *user_data;
    const incload__check *checks;
    int32_t check_count;
    incload_check_fn check_function; /* may be NULL */
    void *check_data;
    bool stored_only;                         /* columns that the source computes stay out */
    bool replay;                              /* the load's rejects are read in the place of its source */
    bool columns_only;                        /* there are no rows: it leaves no record unless columns have changed */
    const incload__interval_source *interval; /* may be NULL */
    const incload__shared_snapshot *snapshot; /* in which the source is read; NULL: the load's own */
    const incload__load_landing *landing;     /* may be NULL */
    incload__memo *memo;                      /* of the backfill whose unit it is; may be NULL */
    const incload__apply *apply;              /* may be NULL; there is no source then, and no other load in the unit */
    const void *owner;                        /* for cancel: see incload__database_cancel() */
    int64_t deadline_us;
    int64_t lease_ms; /* 0: none */
    int64_t wait_ms;  /* for another run of this load */
    int32_t retries;
    int64_t retry_delay_ms;
    int64_t retry_max_delay_ms;
    void (*notice)(void *data, const char *message); /* what a person should know; data is progress_data; may be NULL */
    void (*progress)(void *data);                    /* told now and then that the unit's counters moved; may be NULL */
    void *progress_data;
    void *unit_data; /* in its place for a notice about all loads of the unit */
} incload__load_spec;

/* What a load reports beside the unit's counters. Owned by the caller, from mem. */
typedef struct incload__load_result {
    _Atomic(const char *) road; /* static text, set as soon as it is known */
    char *road_reason;
    char *watermark;
    const char *level; /* static text */
    char *level_reason;
    char *held_by;
    char *schema_changes;
    int64_t rows_late;
    int64_t lateness;  /* in the cursor's unit */
    int64_t keys_read; /* of the source, to find deleted rows */
} incload__load_result;

enum { INCLOAD__MOST_LOADS = 64 };

/* One load of a unit. */
typedef struct incload__load_part {
    incload__load_spec spec;
    incload_unit *unit;
    incload__load_result *result;
} incload__load_part;

/* Runs loads of one target in one transaction, published in the order given; owner, deadline, wait and retries are the
 * same in all specs. `unit` is that of all of them: of a load alone its own. At most INCLOAD__MOST_LOADS. */
int32_t incload__load_run(const incload__load_part *parts, int32_t count, incload_unit *unit, incload_error **err);
void incload__load_result_free(const incload__mem *mem, incload__load_result *result);

#endif
