/* SPDX-License-Identifier: Apache-2.0 */
/* Units that end or wait without data: failed, given back, left out. Each function is one transaction of its own. */
#ifndef INCLOAD_LIB_STATE_UNIT_H
#define INCLOAD_LIB_STATE_UNIT_H

#include "state/complete.h"

/* How an attempt went wrong, for history; no row data. */
typedef struct incload__unit_failure {
    int32_t code;        /* INCLOAD_E_... */
    int32_t reason;      /* kept as it is */
    const char *message; /* at most 1000 bytes of it are kept; may be NULL */
} incload__unit_failure;

/* The unit has failed for good, and is counted. All of these: INCLOAD_E_BUSY when it is another worker's by now. */
int32_t incload__unit_fail(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit,
                           const incload__unit_failure *failure, incload_error **err);
/* Pending again, not before pause_us from now. `counts`: the attempt was one (a failure that may pass); else it is
 * given back as if it had not been (the other side is overloaded, the worker stops). failure may be NULL. */
int32_t incload__unit_release(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit,
                              const incload__unit_failure *failure, int64_t pause_us, bool counts,
                              incload_error **err);
/* Up to 1000 that a worker has, and has not begun: given back in one statement. Those it has no more are passed by. */
int32_t incload__units_give_back(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t worker_no,
                                 const int64_t *seqs, int32_t count, incload_error **err);
/* Left out by the worker that has it. `again`: a resumed run runs it. */
int32_t incload__unit_skip(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit,
                           int32_t reason, bool again, incload_error **err);
/* Attempts that the worker made by itself while it had the unit: history counts them. */
int32_t incload__unit_count_retries(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit,
                                    int64_t retries, incload_error **err);
/* Left out although nobody has it: pending ones only (*skipped: how many of them were), such as steps whose rule
 * decided. */
int32_t incload__units_skip_pending(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                                    const int64_t *seqs, int32_t count, int32_t reason, bool again, int64_t *skipped,
                                    incload_error **err);

/* One unit, as history knows it. */
typedef struct incload__unit_row {
    const incload__mem *mem;
    int64_t seq;
    int32_t status; /* INCLOAD_STATUS_... */
    int32_t reason;
    int64_t attempt;
    int64_t orphans;
    int64_t epoch;
    int64_t worker_no;
    int64_t not_before_us;
    int64_t started_us;
    int64_t finished_us; /* 0: not yet */
    int64_t rows_written;
    int32_t error_code;
    char *error; /* NULL: none */
} incload__unit_row;

/* Those that have a row, in order, from `from` on: up to `limit` (at most 1000). only: a status, or 0 for all. */
int32_t incload__units_read(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t from,
                            int32_t limit, int32_t only, incload__unit_row *out, int32_t *count, incload_error **err);
void incload__unit_row_free(incload__unit_row *row);

/* How many units have each status; those never handed out are pending. Looks at each row: for a report, not a loop. */
int32_t incload__units_count(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                             int64_t counts[INCLOAD_STATUS_SKIPPED + 1], incload_error **err);

#endif
