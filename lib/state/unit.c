/* SPDX-License-Identifier: Apache-2.0 */
#include "state/unit.h"

#include <string.h>

#include "base/utf8.h"
#include "state/numbers.h"

enum { MESSAGE_SIZE = 1001, MOST_READ = 1000, MOST_SKIPPED = 1000, MOST_GIVEN_BACK = 1000 };

/* ---- units that a worker has ---- */

static void
cut_message(const char *message, char out[MESSAGE_SIZE])
{
    size_t length = strnlen(message, MESSAGE_SIZE - 1);

    memcpy(out, message, length);
    /* A cut may have gone through a character. */
    while (length > 0 && !incload__utf8_valid(out, length))
        length--;
    out[length] = '\0';
}

static void
add_failure(incload__args *args, const incload__unit_failure *failure, char message[MESSAGE_SIZE])
{
    bool told = failure != NULL && failure->message != NULL;

    if (told)
        cut_message(failure->message, message);
    incload__args_number(args, failure != NULL ? failure->reason : 0);
    incload__args_number(args, failure != NULL ? failure->code : 0);
    incload__args_text(args, told ? message : NULL);
}

static void
add_unit(incload__args *args, const incload__held_unit *unit)
{
    incload__args_number(args, unit->run_no);
    incload__args_number(args, unit->seq);
    incload__args_number(args, unit->epoch);
}

/* One row, or it is another's. */
static int32_t
write_held(const incload__ledger *ledger, incload__conn *conn, const char *text, const incload__args *args,
           const incload__held_unit *unit, incload_error **err)
{
    int64_t affected = -1;
    int32_t status = incload__args_execute(ledger, conn, text, args, &affected, err);

    if (status == INCLOAD_OK && affected != 1)
        status = incload__unit_fail_fenced(unit->run_no, err);
    return status;
}

int32_t
incload__unit_fail(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit,
                   const incload__unit_failure *failure, incload_error **err)
{
    incload__args args = { .count = 0 }, run = { .count = 0 };
    char message[MESSAGE_SIZE];
    int32_t status = conn->driver->begin(conn, err);

    if (status != INCLOAD_OK)
        return status;
    incload__args_number(&run, unit->run_no);
    add_failure(&args, failure, message);
    add_unit(&args, unit);
    status = incload__args_execute(ledger, conn, "UPDATE {pipeline_run} SET failed = failed + 1 WHERE run_no = ?", &run,
                                   NULL, err);
    if (status == INCLOAD_OK)
        status = write_held(ledger, conn,
                            "UPDATE {unit} SET status = 4, again = 1, worker_no = 0, finished_us = {now}, reason = ?,"
                            " error_code = ?, error = ? WHERE run_no = ? AND seq = ? AND epoch = ? AND status = 2",
                            &args, unit, err);
    return incload__state_end(conn, status, err);
}

int32_t
incload__unit_release(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit,
                      const incload__unit_failure *failure, int64_t pause_us, bool counts, incload_error **err)
{
    incload__args args = { .count = 0 };
    char message[MESSAGE_SIZE];

    incload__args_number(&args, pause_us);
    incload__args_number(&args, counts ? 0 : 1);
    add_failure(&args, failure, message);
    add_unit(&args, unit);
    return write_held(ledger, conn,
                      "UPDATE {unit} SET status = 1, worker_no = 0, not_before_us = {now} + ?, attempt = attempt - ?,"
                      " reason = ?, error_code = ?, error = ? WHERE run_no = ? AND seq = ? AND epoch = ?"
                      " AND status = 2",
                      &args, unit, err);
}

/* The number is that of one generation, which never has a unit again that was taken from it. */
int32_t
incload__units_give_back(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t worker_no,
                         const int64_t *seqs, int32_t count, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__str query = INCLOAD__STR(ledger->mem);

    if (count < 1 || count > MOST_GIVEN_BACK)
        return incload__fail(err, INCLOAD_E_INVALID, "1 to %d units are given back at once", (int)MOST_GIVEN_BACK);
    incload__args_number(&args, run_no);
    incload__args_number(&args, worker_no);
    incload__str_add(&query,
                     "UPDATE {unit} SET status = 1, worker_no = 0, not_before_us = {now}, attempt = attempt - 1,"
                     " reason = 0, error_code = 0, error = NULL WHERE run_no = ? AND worker_no = ?"
                     " AND status = 2 AND seq IN (");
    incload__numbers_add_list(&query, seqs, count);
    incload__str_add_char(&query, ')');
    int32_t status = query.failed ? incload__fail_memory(err)
                                  : incload__args_execute(ledger, conn, incload__str_text(&query), &args, NULL, err);
    incload__str_free(&query);
    return status;
}

int32_t
incload__unit_skip(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit, int32_t reason,
                   bool again, incload_error **err)
{
    incload__args args = { .count = 0 };

    incload__args_number(&args, again ? 1 : 0);
    incload__args_number(&args, reason);
    add_unit(&args, unit);
    return write_held(ledger, conn,
                      "UPDATE {unit} SET status = 5, worker_no = 0, finished_us = {now}, again = ?, reason = ?"
                      " WHERE run_no = ? AND seq = ? AND epoch = ? AND status = 2",
                      &args, unit, err);
}

int32_t
incload__unit_count_retries(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit,
                            int64_t retries, incload_error **err)
{
    incload__args args = { .count = 0 };

    incload__args_number(&args, retries);
    add_unit(&args, unit);
    return write_held(ledger, conn,
                      "UPDATE {unit} SET attempt = attempt + ? WHERE run_no = ? AND seq = ? AND epoch = ?"
                      " AND status = 2",
                      &args, unit, err);
}

/* ---- units that nobody has ---- */

int32_t
incload__units_skip_pending(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const int64_t *seqs,
                            int32_t count, int32_t reason, bool again, int64_t *skipped, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__str query = INCLOAD__STR(ledger->mem);
    incload__run_row row = { 0 };

    *skipped = 0;
    if (count < 1 || count > MOST_SKIPPED)
        return incload__fail(err, INCLOAD_E_INVALID, "1 to %d units are skipped at once", (int)MOST_SKIPPED);
    incload__args_number(&args, again ? 1 : 0);
    incload__args_number(&args, reason);
    incload__args_number(&args, run_no);
    incload__str_add(&query, "UPDATE {unit} SET status = 5, finished_us = {now}, again = ?, reason = ?"
                             " WHERE run_no = ? AND status = 1 AND seq IN (");
    incload__numbers_add_list(&query, seqs, count);
    incload__str_add_char(&query, ')');
    int32_t status = query.failed ? incload__fail_memory(err) : conn->driver->begin(conn, err);
    if (status == INCLOAD_OK) {
        /* Whoever hands out units must not be at it. */
        status = incload__pipeline_run_lock(ledger, conn, run_no, &row, err);
        if (status == INCLOAD_OK)
            status = incload__args_execute(ledger, conn, incload__str_text(&query), &args, skipped, err);
        status = incload__state_end(conn, status, err);
    }
    incload__str_free(&query);
    return status;
}

/* ---- history ---- */

void
incload__unit_row_free(incload__unit_row *row)
{
    if (row->mem != NULL)
        incload__free(row->mem, row->error);
    memset(row, 0, sizeof *row);
}

static bool
copy_unit(const incload__ledger *ledger, const incload__rows *rows, int64_t at, incload__unit_row *out)
{
    const char *error = incload__rows_get(rows, at, 12);

    *out = (incload__unit_row){
        .mem = ledger->mem,
        .seq = incload__rows_number(rows, at, 0),
        .status = (int32_t)incload__rows_number(rows, at, 1),
        .reason = (int32_t)incload__rows_number(rows, at, 2),
        .attempt = incload__rows_number(rows, at, 3),
        .orphans = incload__rows_number(rows, at, 4),
        .epoch = incload__rows_number(rows, at, 5),
        .worker_no = incload__rows_number(rows, at, 6),
        .not_before_us = incload__rows_number(rows, at, 7),
        .started_us = incload__rows_number(rows, at, 8),
        .finished_us = incload__rows_number(rows, at, 9),
        .rows_written = incload__rows_number(rows, at, 10),
        .error_code = (int32_t)incload__rows_number(rows, at, 11),
        .error = error != NULL ? incload__strdup(ledger->mem, error) : NULL,
    };
    return error == NULL || out->error != NULL;
}

int32_t
incload__units_read(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t from, int32_t limit,
                    int32_t only, incload__unit_row *out, int32_t *count, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__rows rows;

    *count = 0;
    incload__args_number(&args, run_no);
    incload__args_number(&args, from);
    incload__args_number(&args, only);
    incload__args_number(&args, only);
    incload__args_number(&args, limit < 0 ? 0 : limit > MOST_READ ? MOST_READ : limit);
    int32_t status = incload__args_select(
        ledger, conn,
        "SELECT seq, status, reason, attempt, orphans, epoch, worker_no, not_before_us, started_us, finished_us,"
        " rows_written, error_code, error FROM {unit} WHERE run_no = ? AND seq >= ? AND (0 = ? OR status = ?)"
        " ORDER BY seq LIMIT ?",
        &args, &rows, err);
    for (int64_t i = 0; i < rows.count && *count < limit && status == INCLOAD_OK; i++) {
        if (!copy_unit(ledger, &rows, i, &out[(*count)++]))
            status = incload__fail_memory(err);
    }
    incload__rows_free(&rows);
    while (status != INCLOAD_OK && *count > 0)
        incload__unit_row_free(&out[--*count]);
    return status;
}

int32_t
incload__units_count(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                     int64_t counts[INCLOAD_STATUS_SKIPPED + 1], incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__rows rows;

    memset(counts, 0, (INCLOAD_STATUS_SKIPPED + 1) * sizeof counts[0]);
    incload__args_number(&args, run_no);
    incload__args_number(&args, run_no);
    int32_t status = incload__args_select(ledger, conn,
                                          "SELECT status, COUNT(*) FROM {unit} WHERE run_no = ? GROUP BY status"
                                          " UNION ALL SELECT 0, units - next_seq FROM {pipeline_run} WHERE run_no = ?",
                                          &args, &rows, err);
    for (int64_t i = 0; i < rows.count && status == INCLOAD_OK; i++) {
        int64_t what = incload__rows_number(&rows, i, 0), found = incload__rows_number(&rows, i, 1);
        if (what >= 0 && what <= INCLOAD_STATUS_SKIPPED)
            counts[what > 0 ? what : INCLOAD_STATUS_PENDING] += found;
    }
    incload__rows_free(&rows);
    return status;
}
