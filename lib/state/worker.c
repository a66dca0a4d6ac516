/* SPDX-License-Identifier: Apache-2.0 */
#include "state/worker.h"

#include "driver/failpoint.h"
#include "state/args.h"

/* A tenth of the lease is not trusted: so much may clocks differ in speed. */
enum { MARGIN_SHARE = 10 };

static void
trust_from(incload__worker *worker, int64_t sent_us)
{
    worker->trusted_until_us = sent_us + worker->ttl_us - worker->ttl_us / MARGIN_SHARE;
}

bool
incload__worker_trusted(const incload__worker *worker, const incload__env *env)
{
    return incload__monotonic_us(env) < worker->trusted_until_us;
}

int32_t
incload__worker_register(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const char *holder,
                         int64_t ttl_us, incload__worker *out, incload_error **err)
{
    incload__args args = { .count = 0 };

    *out = (incload__worker){ .ttl_us = ttl_us };
    int32_t status = conn->driver->begin(conn, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__next_epoch(ledger, conn, &out->worker_no, err);
    trust_from(out, incload__monotonic_us(conn->env));
    incload__args_number(&args, out->worker_no);
    incload__args_number(&args, run_no);
    incload__args_text(&args, holder);
    incload__args_number(&args, ttl_us);
    if (status == INCLOAD_OK)
        status = incload__state_insert(ledger, conn,
                                       "INSERT INTO {worker} (worker_no, run_no, state, holder, started_us, expires_us,"
                                       " units_done, units_bad, rows_written)"
                                       " VALUES (?, ?, 0, ?, {now}, {now} + ?, 0, 0, 0)",
                                       args.params, args.count, err);
    INCLOAD__FAILPOINT_ON(status, conn, "worker.registered", INCLOAD_E_CONNECT, err);
    return incload__state_end(conn, status, err);
}

static void
add_progress(incload__args *args, const incload__worker_progress *progress)
{
    incload__args_number(args, progress->units_done);
    incload__args_number(args, progress->units_bad);
    incload__args_number(args, progress->rows_written);
}

int32_t
incload__worker_beat(const incload__ledger *ledger, incload__conn *conn, incload__worker *worker,
                     const incload__worker_progress *progress, incload_error **err)
{
    int64_t sent = incload__monotonic_us(conn->env), affected = -1;
    incload__args args = { .count = 0 };

    incload__args_number(&args, worker->ttl_us);
    add_progress(&args, progress);
    incload__args_number(&args, worker->worker_no);
    /* A lease that has run out is never renewed: its units may be another's already. */
    int32_t status = incload__args_execute(ledger, conn,
                                           "UPDATE {worker} SET expires_us = {now} + ?, units_done = ?, units_bad = ?,"
                                           " rows_written = ? WHERE worker_no = ? AND state = 0 AND expires_us > {now}",
                                           &args, &affected, err);
    if (status != INCLOAD_OK)
        return status;
    if (affected == 1) {
        trust_from(worker, sent);
        return INCLOAD_OK;
    }
    worker->trusted_until_us = 0;
    return incload__fail(err, INCLOAD_E_BUSY,
                         "this worker (number %lld) was not heard of for longer than its lease: its units go to others "
                         "and nothing it still does is kept; let it register again",
                         (long long)worker->worker_no);
}

int32_t
incload__worker_retire(const incload__ledger *ledger, incload__conn *conn, const incload__worker *worker,
                       const incload__worker_progress *progress, incload_error **err)
{
    incload__args args = { .count = 0 };

    add_progress(&args, progress);
    incload__args_number(&args, worker->worker_no);
    return incload__args_execute(ledger, conn,
                                 "UPDATE {worker} SET state = 1, units_done = ?, units_bad = ?, rows_written = ?"
                                 " WHERE worker_no = ?",
                                 &args, NULL, err);
}

int32_t
incload__worker_sum(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, incload__worker_progress *out,
                    int64_t *alive, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__rows rows;

    incload__args_number(&args, run_no);
    int32_t status = incload__args_select(
        ledger, conn,
        "SELECT COALESCE(SUM(units_done), 0), COALESCE(SUM(units_bad), 0), COALESCE(SUM(rows_written), 0),"
        " COALESCE(SUM(CASE WHEN state = 0 AND expires_us > {now} THEN 1 ELSE 0 END), 0)"
        " FROM {worker} WHERE run_no = ?",
        &args, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    *out = (incload__worker_progress){ .units_done = incload__rows_number(&rows, 0, 0),
                                       .units_bad = incload__rows_number(&rows, 0, 1),
                                       .rows_written = incload__rows_number(&rows, 0, 2) };
    *alive = incload__rows_number(&rows, 0, 3);
    incload__rows_free(&rows);
    return INCLOAD_OK;
}

int32_t
incload__worker_prune(const incload__ledger *ledger, incload__conn *conn, int64_t keep_us, incload_error **err)
{
    incload__args args = { .count = 0 };

    incload__args_number(&args, keep_us);
    return incload__args_execute(ledger, conn,
                                 "DELETE FROM {worker} WHERE expires_us + ? < {now} AND NOT EXISTS"
                                 " (SELECT 1 FROM {unit} u WHERE u.worker_no = {worker}.worker_no AND u.status = 2)",
                                 &args, NULL, err);
}
