/* SPDX-License-Identifier: Apache-2.0 */
/* The library's own tables in the target: watermarks, their history, and runs. What they hold is only ever written in
 * the transaction of the data it speaks of. */
#ifndef INCLOAD_LIB_STATE_LEDGER_H
#define INCLOAD_LIB_STATE_LEDGER_H

#include "driver/driver.h"

enum { INCLOAD__LEDGER_VERSION = 4, INCLOAD__RUN_ID_SIZE = 33 };

typedef struct incload__ledger {
    const incload__mem *mem;
    const incload__dialect *dialect;
    char *place;     /* schema or prefix, as the host named it */
    char *meta;      /* quoted names */
    char *watermark;
    char *history;
    char *run;
    char *lease;
    char *beat;
    char *reject;
    char *loaded;
    char *object;
    /* Of runs of pipelines and backfills (state/unit_tables.h). */
    char *pipeline_run;
    char *run_key;
    char *unit;
    char *step;
    char *worker;
    char *applied;
    char *coverage;
    char *rate;
    char *epoch;
    char *unit_ready; /* indexes */
    char *unit_running;
} incload__ledger;

/* What the ledger knows of one load. */
typedef struct incload__position {
    const incload__mem *mem;
    int64_t version; /* 0: never ran */
    int64_t updated_us;
    char *value; /* NULL: never completed, or reset */
    char *type;
    char *level;
    char *document;
} incload__position;

/* What a run leaves behind. */
typedef struct incload__run_record {
    const char *run_id;
    const char *load;
    const char *unit;
    const char *source; /* what was read, for people */
    const char *target;
    const char *road;
    const char *low; /* window as read; may be NULL */
    const char *high;
    int64_t started_us;
    int64_t finished_us;
    int64_t rows_read;
    int64_t rows_written;
} incload__run_record;

int32_t incload__ledger_init(incload__ledger *ledger, const incload__mem *mem, const incload__dialect *dialect,
                             const char *place, incload_error **err);
void incload__ledger_free(incload__ledger *ledger);
/* Whether a table of that name, in the ledger's schema, is the ledger's. */
bool incload__ledger_has(const char *table);

/* *exists: the tables are there, in a version this library reads (a newer one is INCLOAD_E_UNSUPPORTED). */
int32_t incload__ledger_find(const incload__ledger *ledger, incload__conn *conn, bool *exists, incload_error **err);
/* The same of the tables that runs of pipelines and backfills need. */
int32_t incload__ledger_find_units(const incload__ledger *ledger, incload__conn *conn, bool *exists,
                                   incload_error **err);
/* Creates what is missing, and brings an older ledger to this version. Outside of a transaction. Safe when two do it at
 * once. */
int32_t incload__ledger_ensure(const incload__ledger *ledger, incload__conn *conn, incload_error **err);

int32_t incload__ledger_read(const incload__ledger *ledger, incload__conn *conn, const char *load,
                             incload__position *out, incload_error **err);
void incload__position_free(incload__position *position);

/* In the open transaction: moves the watermark from `version` (as it was read; 0: there is none) to the next, and adds
 * it to the history. INCLOAD_E_BUSY when another run has moved it meanwhile: the caller must roll back. Fields of `to`
 * may be NULL. */
int32_t incload__ledger_move(const incload__ledger *ledger, incload__conn *conn, const char *load, int64_t version,
                             const incload__position *to, const char *run_id, incload_error **err);
/* INCLOAD_E_BUSY, in the words for it. */
int32_t incload__ledger_fail_busy(const char *load, incload_error **err);
/* In the open transaction. */
int32_t incload__ledger_add_run(const incload__ledger *ledger, incload__conn *conn, const incload__run_record *record,
                                incload_error **err);
/* The same in two, with what is sent next between them. */
int32_t incload__ledger_post_run(const incload__ledger *ledger, incload__conn *conn, const incload__run_record *record,
                                 incload__posted *posted, incload_error **err);
int32_t incload__ledger_end_run(const incload__ledger *ledger, incload__conn *conn, const incload__posted *posted,
                                incload_error **err);
/* In the transaction that moved a load's watermark to `version`: takes out, now and then, what is older than its last
 * 100 versions. */
int32_t incload__ledger_prune(const incload__ledger *ledger, incload__conn *conn, const char *load, int64_t version,
                              incload_error **err);
/* Whether the transaction that added this run has committed. Waits for one that is still open: it tries to add the run
 * itself, which the database holds up until the other has ended, and undoes that. Outside of a transaction. */
int32_t incload__ledger_resolve(const incload__ledger *ledger, incload__conn *conn, const char *run_id,
                                bool *committed, incload_error **err);

/* 32 hexadecimal digits. */
void incload__run_id(const incload__env *env, char out[INCLOAD__RUN_ID_SIZE]);

/* `$n` or `?`. */
void incload__placeholder(const incload__dialect *dialect, incload__str *out, int32_t index);

#endif
