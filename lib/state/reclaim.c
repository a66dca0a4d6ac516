/* SPDX-License-Identifier: Apache-2.0 */
/* Units of dead workers go back among the pending ones. */
#include "dialect/units.h"
#include "state/args.h"
#include "state/numbers.h"
#include "state/worker.h"

enum { MOST_AT_ONCE = 1000 };

/* A worker whose row is gone is dead as well. */
static int32_t
find_orphans(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int32_t limit, incload__rows *out,
             incload_error **err)
{
    incload__args args = { .count = 0 };

    incload__args_number(&args, run_no);
    incload__args_number(&args, limit);
    return incload__args_select(ledger, conn,
                                "SELECT u.seq FROM {unit} u LEFT JOIN {worker} w ON w.worker_no = u.worker_no"
                                " WHERE u.run_no = ? AND u.status = 2 AND (w.worker_no IS NULL OR w.state <> 0"
                                " OR w.expires_us <= {now}) ORDER BY u.seq LIMIT ?",
                                &args, out, err);
}

/* Of those, the ones whose rows are not locked by a data transaction, and that are orphans still; each with how often
 * it was one. */
static int32_t
lock_orphans(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const incload__rows *found,
             incload__rows *out, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__str query = INCLOAD__STR(ledger->mem);

    incload__args_number(&args, run_no);
    incload__str_add(&query, "SELECT seq, orphans FROM {unit} WHERE run_no = ? AND status = 2 AND seq IN (");
    incload__numbers_add_column(&query, found, 0);
    incload__str_add(&query, ") AND NOT EXISTS (SELECT 1 FROM {worker} w WHERE w.worker_no = {unit}.worker_no"
                             " AND w.state = 0 AND w.expires_us > {now})");
    incload__str_add(&query, ledger->dialect->units->lock_free);
    int32_t status = query.failed ? incload__fail_memory(err)
                                  : incload__args_select(ledger, conn, incload__str_text(&query), &args, out, err);
    incload__str_free(&query);
    return status;
}

static int32_t
put_back(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const incload__rows *units,
         int64_t max_orphans, int64_t pause_us, int32_t crash_reason, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__str query = INCLOAD__STR(ledger->mem);
    int64_t affected = -1;

    incload__args_number(&args, max_orphans);
    incload__args_number(&args, max_orphans);
    incload__args_number(&args, crash_reason);
    incload__args_number(&args, max_orphans);
    incload__args_number(&args, max_orphans);
    incload__args_number(&args, pause_us);
    incload__args_number(&args, run_no);
    /* `orphans` is the last: MariaDB's assignments see those before them. */
    incload__str_add(&query,
                     "UPDATE {unit} SET status = CASE WHEN orphans + 1 >= ? THEN 4 ELSE 1 END,"
                     " reason = CASE WHEN orphans + 1 >= ? THEN ? ELSE 0 END,"
                     " again = CASE WHEN orphans + 1 >= ? THEN 1 ELSE 0 END,"
                     " finished_us = CASE WHEN orphans + 1 >= ? THEN {now} END,"
                     " not_before_us = {now} + ?, worker_no = 0, orphans = orphans + 1"
                     " WHERE run_no = ? AND status = 2 AND seq IN (");
    incload__numbers_add_column(&query, units, 0);
    incload__str_add_char(&query, ')');
    int32_t status = query.failed
                         ? incload__fail_memory(err)
                         : incload__args_execute(ledger, conn, incload__str_text(&query), &args, &affected, err);
    incload__str_free(&query);
    if (status == INCLOAD_OK && affected != units->count)
        status = incload__fail(err, INCLOAD_E_CONFLICT, "units of dead workers changed while they were reclaimed");
    return status;
}

static int32_t
count_crashed(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t crashed, incload_error **err)
{
    incload__args args = { .count = 0 };

    if (crashed == 0)
        return INCLOAD_OK;
    incload__args_number(&args, crashed);
    incload__args_number(&args, run_no);
    return incload__args_execute(ledger, conn, "UPDATE {pipeline_run} SET failed = failed + ? WHERE run_no = ?", &args,
                                 NULL, err);
}

static int32_t
reclaim_found(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const incload__rows *found,
              int64_t pause_us, int32_t crash_reason, incload__reclaimed *out, incload_error **err)
{
    incload__rows locked = { .mem = ledger->mem };
    incload__run_row row = { 0 };
    incload__reclaimed told = { 0 };

    int32_t status = conn->driver->begin(conn, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__pipeline_run_lock(ledger, conn, run_no, &row, err);
    if (status == INCLOAD_OK)
        status = lock_orphans(ledger, conn, run_no, found, &locked, err);
    for (int64_t i = 0; i < locked.count && status == INCLOAD_OK; i++) {
        if (incload__rows_number(&locked, i, 1) + 1 >= row.max_orphans)
            told.crashed++;
        else
            told.orphaned++;
    }
    if (status == INCLOAD_OK && locked.count > 0)
        status = put_back(ledger, conn, run_no, &locked, row.max_orphans, pause_us, crash_reason, err);
    if (status == INCLOAD_OK)
        status = count_crashed(ledger, conn, run_no, told.crashed, err);
    incload__rows_free(&locked);
    status = incload__state_end(conn, status, err);
    if (status == INCLOAD_OK)
        *out = told;
    return status;
}

int32_t
incload__units_reclaim(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int32_t limit,
                       int64_t pause_us, int32_t crash_reason, incload__reclaimed *out, incload_error **err)
{
    incload__rows found = { .mem = ledger->mem };

    *out = (incload__reclaimed){ 0 };
    if (limit < 1 || limit > MOST_AT_ONCE)
        return incload__fail(err, INCLOAD_E_INVALID, "units are reclaimed 1 to %d at once", (int)MOST_AT_ONCE);
    /* Nothing is locked as a rule, since as a rule nobody is dead. */
    int32_t status = find_orphans(ledger, conn, run_no, limit, &found, err);
    if (status == INCLOAD_OK && found.count > 0)
        status = reclaim_found(ledger, conn, run_no, &found, pause_us, crash_reason, out, err);
    incload__rows_free(&found);
    return status;
}
