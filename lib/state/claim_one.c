/* SPDX-License-Identifier: Apache-2.0 */
/* Handing out one unit that the caller names: a step, whose turn it is by what came before it. */
#include "state/args.h"
#include "driver/failpoint.h"
#include "state/claim.h"

/* The unit and the worker, as the statement after the run's lock sees them. */
typedef struct unit_look {
    int64_t status;
    int64_t attempt;
    int64_t orphans;
    int64_t not_before_us;
    int64_t worker_no;
    int64_t now_us;
    int64_t alive;
} unit_look;

static int32_t
look_at(const incload__ledger *ledger, incload__conn *conn, const incload__claim *claim, int64_t seq, unit_look *out,
        incload_error **err)
{
    int64_t *const numbers[] = { &out->status,    &out->attempt, &out->orphans, &out->not_before_us,
                                 &out->worker_no, &out->now_us,  &out->alive };
    incload__args args = { .count = 0 };
    incload__rows rows;

    incload__args_number(&args, claim->worker_no);
    incload__args_number(&args, claim->run_no);
    incload__args_number(&args, seq);
    int32_t status = incload__args_select(
        ledger, conn,
        "SELECT u.status, u.attempt, u.orphans, u.not_before_us, u.worker_no, {now}, (SELECT COUNT(*) FROM {worker} w"
        " WHERE w.worker_no = ? AND w.state = 0 AND w.expires_us > {now}) FROM {unit} u WHERE u.run_no = ?"
        " AND u.seq = ?",
        &args, &rows, err);
    if (status == INCLOAD_OK && rows.count != 1)
        status = incload__fail(err, INCLOAD_E_NOT_FOUND, "run number %lld has no unit number %lld",
                               (long long)claim->run_no, (long long)seq);
    for (int32_t i = 0; i < 7 && status == INCLOAD_OK; i++)
        *numbers[i] = incload__rows_number(&rows, 0, i);
    incload__rows_free(&rows);
    return status;
}

static int32_t
write_taken(const incload__ledger *ledger, incload__conn *conn, const incload__claim *claim, bool mine,
            incload_error **err)
{
    incload__args args = { .count = 0 };
    int64_t affected = -1;

    incload__args_number(&args, claim->worker_no);
    incload__args_number(&args, claim->epoch);
    incload__args_number(&args, mine ? 0 : 1);
    incload__args_number(&args, claim->run_no);
    incload__args_number(&args, claim->units[0].seq);
    incload__args_number(&args, claim->worker_no);
    int32_t status = incload__args_execute(
        ledger, conn,
        "UPDATE {unit} SET status = 2, waits = 0, worker_no = ?, epoch = ?, attempt = attempt + ?, reason = 0,"
        " started_us = {now} WHERE run_no = ? AND seq = ? AND (status = 1 OR (status = 2 AND worker_no = ?))",
        &args, &affected, err);
    if (status != INCLOAD_OK || affected == 1)
        return status;
    status = incload__fail(err, INCLOAD_E_CONFLICT, "a unit of run number %lld changed while it was handed out",
                           (long long)claim->run_no);
    incload__error_set_retryable(err, true);
    return status;
}

/* Under the run's lock. */
static int32_t
take_one(const incload__ledger *ledger, incload__conn *conn, incload__claim *claim, int64_t seq,
         const incload__run_row *row, bool anyway, incload_error **err)
{
    unit_look seen = { 0 };
    int32_t status = look_at(ledger, conn, claim, seq, &seen, err);

    if (status != INCLOAD_OK)
        return status;
    /* What this worker has already is what a claim without an answer has left: it is given a newer epoch. */
    bool mine = seen.status == INCLOAD_STATUS_RUNNING && seen.worker_no == claim->worker_no;
    claim->unit_status = (int32_t)seen.status;
    claim->hold = INCLOAD__CLAIM_EMPTY;
    if (seen.status != INCLOAD_STATUS_PENDING && !mine)
        return INCLOAD_OK;
    bool ended = row->status != INCLOAD__PIPELINE_RUNNING || (!anyway && incload__run_row_stopped(row));
    claim->hold = ended                                       ? INCLOAD__CLAIM_ENDED
                  : !anyway && row->want != INCLOAD__WANT_RUN ? INCLOAD__CLAIM_PAUSED
                  : seen.not_before_us > seen.now_us          ? INCLOAD__CLAIM_LATER
                                                              : INCLOAD__CLAIM_FULL;
    claim->wait_us = claim->hold == INCLOAD__CLAIM_LATER ? seen.not_before_us - seen.now_us : 0;
    if (claim->hold != INCLOAD__CLAIM_FULL)
        return INCLOAD_OK;
    if (seen.alive == 0)
        return incload__claim_fail_dead(claim->worker_no, err);
    status = incload__next_epoch(ledger, conn, &claim->epoch, err);
    claim->units[0] = (incload__claimed){ seq, seen.attempt + (mine ? 0 : 1), seen.orphans };
    claim->count = 1;
    return status == INCLOAD_OK ? write_taken(ledger, conn, claim, mine, err) : status;
}

int32_t
incload__unit_claim_one(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                        const incload__worker *worker, int64_t seq, bool anyway, incload__claim *out,
                        incload_error **err)
{
    incload__run_row row = { 0 };

    *out = (incload__claim){ .mem = ledger->mem, .run_no = run_no, .worker_no = worker->worker_no };
    out->units = incload__alloc_array(ledger->mem, 1, sizeof *out->units);
    if (out->units == NULL)
        return incload__fail_memory(err);
    int32_t status = conn->driver->begin(conn, err);
    if (status == INCLOAD_OK) {
        status = incload__pipeline_run_lock(ledger, conn, run_no, &row, err);
        out->want = row.want;
        if (status == INCLOAD_OK)
            status = take_one(ledger, conn, out, seq, &row, anyway, err);
        INCLOAD__FAILPOINT_ON(status, conn, "claim.one.taken", INCLOAD_E_CONNECT, err);
        status = incload__state_end(conn, status, err);
    }
    if (status != INCLOAD_OK && status != INCLOAD_E_COMMIT_UNKNOWN)
        incload__claim_free(out);
    return status;
}
