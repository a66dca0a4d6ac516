/* SPDX-License-Identifier: Apache-2.0 */
/* A run of a pipeline or a backfill as the ledger keeps it: made of units, which any number of processes take, run and
 * complete. There is no leader: every function here may be called by any of them at any time, and each is one
 * transaction. They stand outside of a transaction unless they say otherwise; only the database's clock decides.
 *
 * The order of locks is the run's row, then rows of units. A unit's completion takes no lock on the run, so that units
 * never wait for each other. */
#ifndef INCLOAD_LIB_STATE_PIPELINE_RUN_H
#define INCLOAD_LIB_STATE_PIPELINE_RUN_H

#include <incload/run.h>

#include "state/ledger.h"

enum { INCLOAD__RUN_OF_PIPELINE = 1, INCLOAD__RUN_OF_BACKFILL = 2 };

/* What is wanted of a run. */
enum {
    INCLOAD__WANT_RUN = 0,
    INCLOAD__WANT_PAUSE = 1, /* no unit is handed out until it is wanted again */
    INCLOAD__WANT_DRAIN = 2, /* none any more; those that run go on, then the run has ended */
    INCLOAD__WANT_CANCEL = 3 /* the same, and those that run should stop */
};

/* Statuses of a run, kept in the ledger. A run that has ended stays so unless it is resumed. */
enum {
    INCLOAD__PIPELINE_RUNNING = 2,
    INCLOAD__PIPELINE_SUCCESS = 3,
    INCLOAD__PIPELINE_FAILED = 4,
    INCLOAD__PIPELINE_PARTIAL = 6, /* only optional steps failed */
    INCLOAD__PIPELINE_CANCELLED = 7
};

typedef struct incload__run_spec {
    const char *run_id; /* that it shall have; NULL: a new one */
    const char *name;   /* of the pipeline, or of the backfill's load */
    int32_t kind;       /* INCLOAD__RUN_OF_... */
    const char *key;    /* idempotency key; NULL: none */
    const char *hash;   /* of everything that decides what the units are */
    const char *spec;   /* from which a process can tell any unit by its place */
    int64_t units;
    int64_t max_active;   /* units that run at once, in all processes; 0: no limit */
    int64_t max_failures; /* more failed units than this stop the run; -1: any number may fail */
    int64_t max_orphans;  /* a unit whose workers died so often has failed; 0: 3 */
    /* In the transaction that makes the run, such as its steps; may be NULL. */
    int32_t (*within)(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, void *data,
                      incload_error **err);
    void *within_data;
} incload__run_spec;

typedef struct incload__pipeline_run {
    const incload__mem *mem;
    int64_t run_no;
    char run_id[INCLOAD__RUN_ID_SIZE];
    char *name;
    char *key; /* NULL: none */
    char *hash;
    char *spec;
    char *want_reason; /* NULL: none */
    int32_t kind;
    int32_t status;
    int32_t want;
    int64_t units;
    int64_t next_seq;
    int64_t max_active;
    int64_t max_failures;
    int64_t max_orphans;
    int64_t failed;
    int64_t attempt; /* from 1; a resume is a new one */
    int64_t created_us;
    int64_t finished_us; /* 0: not yet */
} incload__pipeline_run;

void incload__pipeline_run_free(incload__pipeline_run *run);

/* One row, however many units. A key that is known (without one: the run_id that it shall have, so that a second try
 * after a COMMIT without an answer makes no second run) gives the run it belongs to (*created false) when the hash is
 * the same, and INCLOAD_E_CONFLICT, not retryable, when it is another. */
int32_t incload__pipeline_run_create(const incload__ledger *ledger, incload__conn *conn, const incload__run_spec *spec,
                                     incload__pipeline_run *out, bool *created, incload_error **err);
/* INCLOAD_E_NOT_FOUND. */
int32_t incload__pipeline_run_read(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                                   incload__pipeline_run *out, incload_error **err);
/* By its id. INCLOAD_E_NOT_FOUND. */
int32_t incload__pipeline_run_by_id(const incload__ledger *ledger, incload__conn *conn, const char *run_id,
                                    incload__pipeline_run *out, incload_error **err);
/* By its key; out->mem NULL: there is none. */
int32_t incload__pipeline_run_find(const incload__ledger *ledger, incload__conn *conn, const char *key,
                                   incload__pipeline_run *out, incload_error **err);
/* What of a run changes while it goes on. */
int32_t incload__pipeline_run_wanted(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                                     int32_t *status, int32_t *want, incload_error **err);
/* The newest first: up to `limit` (at most 1000) of those older than run `before` (0: all). name NULL: of all names.
 * The array has room for `limit`; each of *count is freed by the caller. */
int32_t incload__pipeline_run_list(const incload__ledger *ledger, incload__conn *conn, const char *name, int64_t before,
                                   int32_t limit, incload__pipeline_run *out, int32_t *count, incload_error **err);

/* Says what is wanted from now on. INCLOAD_E_STATE when the run has ended. */
int32_t incload__pipeline_run_want(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int32_t want,
                                   const char *reason, incload_error **err);

/* Ends the run if nothing of it is left to do: all its units have ended, or nothing more is handed out (it was drained
 * or cancelled, or too many failed) and none is running. Of any number that call it, one is told *finished. *status:
 * the run's. `optional`: that many failures do not count (the caller knows its optional steps): with no other the run
 * is PARTIAL. */
int32_t incload__pipeline_run_finish(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                                     int64_t optional, int32_t *status, bool *finished, incload_error **err);

/* Starts a run that has ended again, as a new attempt: units that failed, or were skipped for a reason that may be
 * gone, are pending again, those never handed out go on; what succeeded stays. *again: how many units were put back. A
 * run that was never ended, by a crash, is continued just so: its dead workers' units are reclaimed as ever. */
int32_t incload__pipeline_run_resume(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t *again,
                                     incload_error **err);

/* The same in an open transaction that has locked the run's row. */
int32_t incload__pipeline_run_again(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t *again,
                                    incload_error **err);

/* In an open transaction: locks the run's row, and reads what a decision about its units needs. */
typedef struct incload__run_row {
    int64_t units;
    int64_t next_seq;
    int64_t max_active;
    int64_t max_failures;
    int64_t max_orphans;
    int64_t failed;
    int32_t status;
    int32_t want;
} incload__run_row;

int32_t incload__pipeline_run_lock(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                                   incload__run_row *out, incload_error **err);
bool incload__run_row_stopped(const incload__run_row *row); /* nothing more is handed out for good */

#endif
