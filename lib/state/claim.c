/* SPDX-License-Identifier: Apache-2.0 */
#include "state/claim.h"

#include <string.h>

#include "dialect/units.h"
#include "driver/failpoint.h"
#include "state/numbers.h"

void
incload__claim_free(incload__claim *claim)
{
    if (claim->mem != NULL)
        incload__free(claim->mem, claim->units);
    memset(claim, 0, sizeof *claim);
}

/* ---- looking ---- */

/* What is there to hand out, as the statement after the lock sees it. */
typedef struct look {
    int64_t running;
    int64_t next_try_us; /* of units that are to be tried again later, the first; 0: there is none */
    int64_t now_us;
    bool alive; /* the worker */
} look;

/* One statement for all: rows of a kind, a number, and two more. */
static const char look_query[] =
    "SELECT r.kind, r.a, r.b, r.c FROM (SELECT 1 AS kind, u.seq AS a, u.attempt AS b, u.orphans AS c FROM {unit} u"
    " WHERE u.run_no = ? AND u.status = 1 AND u.waits = 0 AND u.not_before_us <= {now}"
    " ORDER BY u.priority, u.not_before_us, u.seq LIMIT ?) r"
    " UNION ALL SELECT 3, COALESCE(MIN(u.not_before_us), 0), 0, 0 FROM {unit} u WHERE u.run_no = ? AND u.status = 1"
    " AND u.waits = 0 AND u.not_before_us > {now}"
    " UNION ALL SELECT 4, {now}, CASE WHEN w.expires_us > {now} THEN 1 ELSE 0 END, 0 FROM {worker} w"
    " WHERE w.worker_no = ? AND w.state = 0";
/* Only where there is a limit: on PostgreSQL it walks over entries of units that ran before, until they are
 * vacuumed. */
static const char count_query[] =
    " UNION ALL SELECT 2, COUNT(*), 0, 0 FROM {unit} u WHERE u.run_no = ? AND u.status = 2";

static int32_t
look_around(const incload__ledger *ledger, incload__conn *conn, incload__claim *claim, int32_t limit, bool counts,
            look *out, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__str query = INCLOAD__STR(ledger->mem);
    incload__rows rows = { .mem = ledger->mem };

    memset(out, 0, sizeof *out);
    incload__args_number(&args, claim->run_no);
    incload__args_number(&args, limit);
    incload__args_number(&args, claim->run_no);
    incload__args_number(&args, claim->worker_no);
    incload__str_add(&query, look_query);
    if (counts) {
        incload__str_add(&query, count_query);
        incload__args_number(&args, claim->run_no);
    }
    int32_t status = query.failed ? incload__fail_memory(err)
                                  : incload__args_select(ledger, conn, incload__str_text(&query), &args, &rows, err);
    incload__str_free(&query);
    for (int64_t i = 0; i < rows.count && status == INCLOAD_OK; i++) {
        int64_t kind = incload__rows_number(&rows, i, 0), value = incload__rows_number(&rows, i, 1);
        if (kind == 1 && claim->count < limit)
            claim->units[claim->count++] =
                (incload__claimed){ value, incload__rows_number(&rows, i, 2) + 1, incload__rows_number(&rows, i, 3) };
        else if (kind == 2)
            out->running = value;
        else if (kind == 3)
            out->next_try_us = value;
        else if (kind == 4)
            *out = (look){ out->running, out->next_try_us, value, incload__rows_number(&rows, i, 2) == 1 };
    }
    incload__rows_free(&rows);
    return status;
}

/* ---- taking ---- */

static int32_t
take_again(const incload__ledger *ledger, incload__conn *conn, const incload__claim *claim, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__str query = INCLOAD__STR(ledger->mem);
    int64_t affected = -1;

    if (claim->count == 0)
        return INCLOAD_OK;
    incload__args_number(&args, claim->worker_no);
    incload__args_number(&args, claim->epoch);
    incload__args_number(&args, claim->run_no);
    incload__str_add(&query, "UPDATE {unit} SET status = 2, worker_no = ?, epoch = ?, attempt = attempt + 1,"
                             " reason = 0, started_us = {now} WHERE run_no = ? AND status = 1 AND seq IN (");
    for (int32_t i = 0; i < claim->count; i++) {
        incload__str_add(&query, i > 0 ? "," : "");
        incload__numbers_add(&query, claim->units[i].seq);
    }
    incload__str_add_char(&query, ')');
    int32_t status = query.failed
                         ? incload__fail_memory(err)
                         : incload__args_execute(ledger, conn, incload__str_text(&query), &args, &affected, err);
    incload__str_free(&query);
    if (status == INCLOAD_OK && affected != claim->count) {
        status = incload__fail(err, INCLOAD_E_CONFLICT, "units of run number %lld changed while they were handed out",
                               (long long)claim->run_no);
        incload__error_set_retryable(err, true);
    }
    return status;
}

static int32_t
move_cursor(const incload__ledger *ledger, incload__conn *conn, const incload__claim *claim, int64_t next,
            incload_error **err)
{
    incload__args args = { .count = 0 };

    incload__args_number(&args, next);
    incload__args_number(&args, claim->run_no);
    return incload__state_insert(ledger, conn, "UPDATE {pipeline_run} SET next_seq = ? WHERE run_no = ?", args.params,
                                 args.count, err);
}

/* Rows that the server counts out itself are several times cheaper for it than as many that it must parse. */
static const char new_rows[] =
    "INSERT INTO {unit} (run_no, seq, status, reason, again, waits, attempt, orphans, epoch, worker_no, priority,"
    " not_before_us, started_us) ";

static int32_t
insert_counted(const incload__ledger *ledger, incload__conn *conn, const incload__claim *claim, int64_t last,
               int64_t now_us, int64_t *affected, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__str query = INCLOAD__STR(ledger->mem);

    incload__str_add(&query, new_rows);
    incload__str_add(&query, "WITH RECURSIVE n (seq) AS (SELECT r.next_seq FROM {pipeline_run} r WHERE r.run_no = ?"
                             " UNION ALL SELECT n.seq + 1 FROM n WHERE n.seq < ?) SELECT ");
    incload__numbers_add(&query, claim->run_no);
    incload__str_add(&query, ", n.seq, 2, 0, 0, 0, 1, 0, ");
    incload__numbers_add(&query, claim->epoch);
    incload__str_add(&query, ", ");
    incload__numbers_add(&query, claim->worker_no);
    incload__str_add(&query, ", 0, 0, ");
    incload__numbers_add(&query, now_us);
    incload__str_add(&query, " FROM n");
    incload__args_number(&args, claim->run_no);
    incload__args_number(&args, last);
    int32_t status = query.failed
                         ? incload__fail_memory(err)
                         : incload__args_execute(ledger, conn, incload__str_text(&query), &args, affected, err);
    incload__str_free(&query);
    return status == INCLOAD_OK ? move_cursor(ledger, conn, claim, last + 1, err) : status;
}

/* The cursor goes with the rows, in one statement that is the same for every claim. */
static int32_t
insert_series(const incload__ledger *ledger, incload__conn *conn, const incload__claim *claim, int64_t first,
              int64_t last, int64_t now_us, int64_t *affected, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__str query = INCLOAD__STR(ledger->mem);

    incload__str_add(&query, "WITH moved AS (UPDATE {pipeline_run} SET next_seq = CAST(? AS bigint) + 1"
                             " WHERE run_no = CAST(? AS bigint) RETURNING next_seq - 1 AS last) ");
    incload__str_add(&query, new_rows);
    incload__str_add(&query, "SELECT CAST(? AS bigint), n.seq, 2, 0, 0, 0, 1, 0, CAST(? AS bigint), CAST(? AS bigint),"
                             " 0, 0, CAST(? AS bigint) FROM moved, generate_series(CAST(? AS bigint), moved.last)"
                             " AS n (seq)");
    incload__args_number(&args, last);
    incload__args_number(&args, claim->run_no);
    incload__args_number(&args, claim->run_no);
    incload__args_number(&args, claim->epoch);
    incload__args_number(&args, claim->worker_no);
    incload__args_number(&args, now_us);
    incload__args_number(&args, first);
    int32_t status = query.failed
                         ? incload__fail_memory(err)
                         : incload__args_execute(ledger, conn, incload__str_text(&query), &args, affected, err);
    incload__str_free(&query);
    return status;
}

static int32_t
fail_rows(const incload__ledger *ledger, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_STATE,
                         "the ledger '%s' did not take the rows of units: no trigger or rule may stand on its tables",
                         ledger->place);
}

/* In the same transaction as the cursor: units that it has passed and that have no row would be lost. */
static int32_t
take_new(const incload__ledger *ledger, incload__conn *conn, incload__claim *claim, const incload__run_row *row,
         int64_t count, int64_t now_us, incload_error **err)
{
    int64_t affected = -1, last = row->next_seq + count - 1;

    if (count <= 0)
        return INCLOAD_OK;
    int32_t status = ledger->dialect->units->arrays
                         ? insert_series(ledger, conn, claim, row->next_seq, last, now_us, &affected, err)
                         : insert_counted(ledger, conn, claim, last, now_us, &affected, err);
    for (int64_t i = 0; i < count; i++)
        claim->units[claim->count++] = (incload__claimed){ row->next_seq + i, 1, 0 };
    return status == INCLOAD_OK && affected != count ? fail_rows(ledger, err) : status;
}

int32_t
incload__claim_fail_dead(int64_t worker_no, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_BUSY,
                         "worker number %lld was not heard of for longer than its lease: let it register again",
                         (long long)worker_no);
}

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* New units by one statement, which has the run's row for no longer than itself and the commit take: nobody waits
 * while this side is asked what to do next. *taken false: nothing was, and everything is to be weighed. */
static int32_t
take_next(const incload__ledger *ledger, incload__conn *conn, incload__claim *claim, int32_t limit, bool *taken,
          incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__rows rows;

    *taken = false;
    if (ledger->dialect->units == NULL || ledger->dialect->units->take == NULL)
        return INCLOAD_OK;
    incload__args_number(&args, limit);
    incload__args_number(&args, claim->run_no);
    incload__args_number(&args, limit);
    incload__args_number(&args, claim->worker_no);
    incload__args_number(&args, claim->run_no);
    incload__args_text(&args, ledger->epoch);
    incload__args_number(&args, claim->run_no);
    incload__args_number(&args, claim->worker_no);
    incload__args_number(&args, limit);
    int32_t status = incload__args_select(ledger, conn, ledger->dialect->units->take, &args, &rows, err);
    int64_t count = incload__rows_number(&rows, 0, 0), first = incload__rows_number(&rows, 0, 1);
    *taken = status == INCLOAD_OK && count > 0;
    claim->epoch = *taken ? incload__rows_number(&rows, 0, 2) : 0;
    claim->hold = INCLOAD__CLAIM_FULL;
    incload__rows_free(&rows);
    if (*taken && count != limit)
        return fail_rows(ledger, err);
    for (int32_t i = 0; i < limit && *taken; i++)
        claim->units[claim->count++] = (incload__claimed){ first + i, 1, 0 };
    return status;
}

/* Under the run's lock, of a run that hands out units. */
static int32_t
take(const incload__ledger *ledger, incload__conn *conn, incload__claim *claim, const incload__run_row *row,
     int32_t limit, int32_t again, incload_error **err)
{
    look seen;
    int32_t status = look_around(ledger, conn, claim, again, row->max_active > 0, &seen, err);

    if (status != INCLOAD_OK)
        return status;
    if (claim->count > 0)
        limit = again;
    if (!seen.alive)
        return incload__claim_fail_dead(claim->worker_no, err);
    int64_t room = row->max_active > 0 ? least(limit, row->max_active - seen.running) : limit;
    if (room <= 0) {
        claim->count = 0;
        claim->hold = INCLOAD__CLAIM_LIMITED;
        return INCLOAD_OK;
    }
    claim->count = (int32_t)least(claim->count, room);
    int64_t fresh = least(room - claim->count, row->units - row->next_seq);
    claim->hold = claim->count + fresh == limit  ? INCLOAD__CLAIM_FULL
                  : claim->count + fresh == room ? INCLOAD__CLAIM_LIMITED
                  : seen.next_try_us > 0         ? INCLOAD__CLAIM_LATER
                                                 : INCLOAD__CLAIM_EMPTY;
    claim->wait_us = claim->hold == INCLOAD__CLAIM_LATER ? seen.next_try_us - seen.now_us : 0;
    if (claim->count + fresh <= 0)
        return INCLOAD_OK;
    status = incload__next_epoch(ledger, conn, &claim->epoch, err);
    if (status == INCLOAD_OK)
        status = take_again(ledger, conn, claim, err);
    if (status == INCLOAD_OK)
        status = take_new(ledger, conn, claim, row, fresh, seen.now_us, err);
    return status;
}

/* Whatever there is, with the run's row locked. */
static int32_t
weigh(const incload__ledger *ledger, incload__conn *conn, incload__claim *out, int32_t limit, int32_t again,
      incload_error **err)
{
    incload__run_row row = { 0 };
    int32_t status = incload__pipeline_run_lock(ledger, conn, out->run_no, &row, err);

    out->want = row.want;
    if (status != INCLOAD_OK)
        return status;
    if (incload__run_row_stopped(&row))
        out->hold = INCLOAD__CLAIM_ENDED;
    else if (row.want != INCLOAD__WANT_RUN)
        out->hold = INCLOAD__CLAIM_PAUSED;
    else
        status = take(ledger, conn, out, &row, limit, again, err);
    return status;
}

/* What took nothing has written nothing but a lock, for which a COMMIT would wait for the disk. */
static int32_t
end_claim(incload__conn *conn, const incload__claim *claim, int32_t status, incload_error **err)
{
    if (status != INCLOAD_OK || claim->count > 0)
        return incload__state_end(conn, status, err);
    return conn->driver->rollback(conn, err);
}

int32_t
incload__units_claim(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const incload__worker *worker,
                     int32_t limit, incload__claim *out, incload_error **err)
{
    return incload__units_claim_portion(ledger, conn, run_no, worker, limit, limit, out, err);
}

int32_t
incload__units_claim_portion(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                             const incload__worker *worker, int32_t limit, int32_t again, incload__claim *out,
                             incload_error **err)
{
    bool taken = false;

    *out = (incload__claim){ .mem = ledger->mem, .run_no = run_no, .worker_no = worker->worker_no };
    if (limit < 1 || limit > INCLOAD__CLAIM_MOST || again < 1 || again > limit)
        return incload__fail(err, INCLOAD_E_INVALID, "units are handed out 1 to %d at once", (int)INCLOAD__CLAIM_MOST);
    out->units = incload__alloc_array(ledger->mem, (size_t)limit, sizeof *out->units);
    if (out->units == NULL)
        return incload__fail_memory(err);
    int32_t status = conn->driver->begin(conn, err);
    INCLOAD__FAILPOINT_ON(status, conn, "claim.begun", INCLOAD_E_CONFLICT, err);
    if (status == INCLOAD_OK) {
        status = take_next(ledger, conn, out, limit, &taken, err);
        if (status == INCLOAD_OK && !taken)
            status = weigh(ledger, conn, out, limit, again, err);
        INCLOAD__FAILPOINT_ON(status, conn, "claim.taken", INCLOAD_E_CONNECT, err);
        status = end_claim(conn, out, status, err);
    }
    if (status != INCLOAD_OK && status != INCLOAD_E_COMMIT_UNKNOWN)
        incload__claim_free(out);
    return status;
}

/* ---- an unknown commit ---- */

static int32_t
read_held(const incload__ledger *ledger, incload__conn *conn, incload__claim *claim, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__rows rows;
    int32_t found = 0;

    incload__args_number(&args, claim->run_no);
    incload__args_number(&args, claim->epoch);
    incload__args_number(&args, claim->worker_no);
    int32_t status = incload__args_select(ledger, conn,
                                          "SELECT seq, attempt, orphans FROM {unit} WHERE run_no = ? AND status = 2"
                                          " AND epoch = ? AND worker_no = ? ORDER BY seq",
                                          &args, &rows, err);
    for (int64_t i = 0; i < rows.count && status == INCLOAD_OK && found < claim->count; i++)
        claim->units[found++] =
            (incload__claimed){ incload__rows_number(&rows, i, 0), incload__rows_number(&rows, i, 1),
                                incload__rows_number(&rows, i, 2) };
    /* Whoever asks again must have room for all that it may hold. */
    if (status == INCLOAD_OK)
        claim->count = found;
    incload__rows_free(&rows);
    return status;
}

int32_t
incload__claim_resolve(const incload__ledger *ledger, incload__conn *conn, incload__claim *claim, incload_error **err)
{
    incload__run_row row = { 0 };
    int32_t status = conn->driver->begin(conn, err);

    if (status != INCLOAD_OK)
        return status;
    /* Waits for the old session, which has the run's row until it is gone. */
    status = incload__pipeline_run_lock(ledger, conn, claim->run_no, &row, err);
    if (status == INCLOAD_OK)
        status = read_held(ledger, conn, claim, err);
    conn->driver->rollback(conn, NULL);
    return status;
}
