/* SPDX-License-Identifier: Apache-2.0 */
#include "state/complete.h"

#include <stdio.h>

#include "dialect/units.h"
#include "state/fence.h"
#include "state/numbers.h"

void
incload__landing_run(const incload__pipeline_run *run, char out[INCLOAD__LANDING_RUN_SIZE])
{
    if (run->attempt > 1)
        snprintf(out, INCLOAD__LANDING_RUN_SIZE, "%s.%lld", run->run_id, (long long)run->attempt);
    else
        snprintf(out, INCLOAD__LANDING_RUN_SIZE, "%s", run->run_id);
}

int32_t
incload__unit_fail_fenced(int64_t run_no, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_BUSY,
                         "a unit of run number %lld is another worker's by now: was this process or its connection "
                         "paused for longer than its lease? Nothing of it was kept; let the worker register again",
                         (long long)run_no);
}

/* Status and epoch of a unit, its row locked. */
static int32_t
lock_unit(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit, int64_t *state,
          int64_t *epoch, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__str query = INCLOAD__STR(ledger->mem);
    incload__rows rows = { .mem = ledger->mem };

    if (ledger->dialect->units == NULL)
        return incload__next_epoch(ledger, conn, epoch, err);
    incload__args_number(&args, unit->run_no);
    incload__args_number(&args, unit->seq);
    incload__str_addf(&query, "SELECT status, epoch FROM {unit} WHERE run_no = ? AND seq = ?%s",
                      ledger->dialect->units->lock);
    int32_t status = query.failed ? incload__fail_memory(err)
                                  : incload__args_select(ledger, conn, incload__str_text(&query), &args, &rows, err);
    *state = incload__rows_number(&rows, 0, 0);
    *epoch = incload__rows_number(&rows, 0, 1);
    incload__rows_free(&rows);
    incload__str_free(&query);
    return status;
}

int32_t
incload__unit_fence(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit,
                    incload_error **err)
{
    int64_t state = 0, epoch = 0;

    if (!INCLOAD__FENCED)
        return INCLOAD_OK;
    int32_t status = lock_unit(ledger, conn, unit, &state, &epoch, err);
    if (status != INCLOAD_OK || (state == INCLOAD_STATUS_RUNNING && epoch == unit->epoch))
        return status;
    return incload__unit_fail_fenced(unit->run_no, err);
}

/* In one statement. What lands behind it is met by `seen`. */
static int32_t
lock_unit_and_look(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit,
                   const char *load, const char *key, incload__rows *rows, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__str query = INCLOAD__STR(ledger->mem);

    incload__args_text(&args, load);
    incload__args_text(&args, key);
    incload__args_number(&args, unit->run_no);
    incload__args_number(&args, unit->seq);
    incload__str_addf(&query,
                      "SELECT status, epoch, (SELECT a.epoch FROM {applied} a WHERE a.load_name = ? AND a.unit_key = ?)"
                      " FROM {unit} WHERE run_no = ? AND seq = ?%s",
                      ledger->dialect->units->lock);
    int32_t status = query.failed ? incload__fail_memory(err)
                                  : incload__args_select(ledger, conn, incload__str_text(&query), &args, rows, err);
    incload__str_free(&query);
    return status;
}

int32_t
incload__unit_fence_key(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit,
                        const char *load, const char *key, int64_t *seen, incload_error **err)
{
    incload__rows rows = { .mem = ledger->mem };

    *seen = 0;
    if (!INCLOAD__FENCED || ledger->dialect->units == NULL)
        return incload__unit_fence(ledger, conn, unit, err);
    int32_t status = lock_unit_and_look(ledger, conn, unit, load, key, &rows, err);
    bool held = incload__rows_number(&rows, 0, 0) == INCLOAD_STATUS_RUNNING
                && incload__rows_number(&rows, 0, 1) == unit->epoch;
    bool before = incload__rows_get(&rows, 0, 2) != NULL;
    *seen = before ? incload__rows_number(&rows, 0, 2) : INCLOAD__SEEN_NOTHING;
    incload__rows_free(&rows);
    return status != INCLOAD_OK || held ? status : incload__unit_fail_fenced(unit->run_no, err);
}

static void
add_rows_written(incload__str *query, const incload__landed *units, int32_t count)
{
    bool differ = false;

    for (int32_t i = 1; i < count; i++)
        differ = differ || units[i].rows_written != units[0].rows_written;
    if (!differ) {
        incload__numbers_add(query, units[0].rows_written);
        return;
    }
    incload__str_add(query, "CASE seq");
    for (int32_t i = 0; i < count; i++) {
        incload__str_add(query, " WHEN ");
        incload__numbers_add(query, units[i].seq);
        incload__str_add(query, " THEN ");
        incload__numbers_add(query, units[i].rows_written);
    }
    incload__str_add(query, " END");
}

static int32_t
check_done(const incload__landing *landing, int32_t status, int64_t affected, int32_t count, incload_error **err)
{
    if (status == INCLOAD_OK && affected != count && INCLOAD__FENCED)
        status = incload__unit_fail_fenced(landing->run_no, err);
    return status;
}

/* A clock that is a query of its own is read once for all rows. */
#define DONE                                                                                                           \
    "UPDATE {unit} SET status = 3, reason = 0, worker_no = 0, finished_us = (SELECT {now}), error_code = NULL,"        \
    " error = NULL, rows_written = "
#define OF_CLAIM " WHERE run_no = CAST(? AS bigint) AND epoch = CAST(? AS bigint) AND status + 0 = 2"

/* Not joined with the arrays: the server would read the whole table for that, while it takes it for a small one. */
static const char done_by_arrays[] = DONE "(CAST(? AS bigint[]))[array_position(CAST(? AS bigint[]), seq)]" OF_CLAIM
                                          " AND seq = ANY (CAST(? AS bigint[]))";

/* Found by one walk along the key, in place of a search for each. */
static const char done_in_a_row[] =
    DONE "CAST(? AS bigint)" OF_CLAIM " AND seq >= CAST(? AS bigint) AND seq <= CAST(? AS bigint)";

/* As new units come: one after the other, and with nothing to tell them apart. */
static bool
are_in_a_row(const incload__landed *units, int32_t count)
{
    for (int32_t i = 1; i < count; i++) {
        if (units[i].seq != units[0].seq + i || units[i].rows_written != units[0].rows_written)
            return false;
    }
    return true;
}

static void
add_row_args(incload__args *args, const incload__landing *landing, const incload__landed *units, int32_t count)
{
    incload__args_number(args, units[0].rows_written);
    incload__args_number(args, landing->run_no);
    incload__args_number(args, landing->epoch);
    incload__args_number(args, units[0].seq);
    incload__args_number(args, units[count - 1].seq);
}

static int32_t
write_done_in_a_row(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                    const incload__landed *units, int32_t count, incload_error **err)
{
    incload__args args = { .count = 0 };
    int64_t affected = -1;

    add_row_args(&args, landing, units, count);
    int32_t status = incload__args_execute(ledger, conn, done_in_a_row, &args, &affected, err);
    return check_done(landing, status, affected, count, err);
}

/* One statement for any number of units, so that it can be kept prepared. */
static int32_t
write_done_by_arrays(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                     const incload__landed *units, int32_t count, incload_error **err)
{
    incload__str seqs = INCLOAD__STR(ledger->mem), rows = INCLOAD__STR(ledger->mem);
    incload__args args = { .count = 0 };
    int64_t affected = -1;

    for (int32_t i = 0; i < count; i++) {
        incload__array_add_number(&seqs, units[i].seq);
        incload__array_add_number(&rows, units[i].rows_written);
    }
    incload__str_add_char(&seqs, '}');
    incload__str_add_char(&rows, '}');
    incload__args_text(&args, incload__str_text(&rows));
    incload__args_text(&args, incload__str_text(&seqs));
    incload__args_number(&args, landing->run_no);
    incload__args_number(&args, landing->epoch);
    incload__args_text(&args, incload__str_text(&seqs));
    int32_t status = seqs.failed || rows.failed
                         ? incload__fail_memory(err)
                         : incload__args_execute(ledger, conn, done_by_arrays, &args, &affected, err);
    incload__str_free(&seqs);
    incload__str_free(&rows);
    return check_done(landing, status, affected, count, err);
}

static bool
by_arrays(const incload__ledger *ledger)
{
    return ledger->dialect->units != NULL && ledger->dialect->units->arrays;
}

int32_t
incload__units_done(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                    const incload__landed *units, int32_t count, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__str query = INCLOAD__STR(ledger->mem);
    int64_t affected = -1;

    if (by_arrays(ledger))
        return (are_in_a_row(units, count) ? write_done_in_a_row : write_done_by_arrays)(ledger, conn, landing, units,
                                                                                         count, err);
    incload__args_number(&args, landing->run_no);
    incload__args_number(&args, landing->epoch);
    incload__str_add(&query, "UPDATE {unit} SET status = 3, reason = 0, worker_no = 0, finished_us = {now},"
                             " error_code = NULL, error = NULL, rows_written = ");
    add_rows_written(&query, units, count);
    /* No index on status shall be taken for this: it holds all that run, and on PostgreSQL all that ran lately. */
    incload__str_add(&query, " WHERE run_no = ? AND epoch = ? AND status + 0 = 2 AND seq IN (");
    for (int32_t i = 0; i < count; i++) {
        incload__str_add(&query, i > 0 ? "," : "");
        incload__numbers_add(&query, units[i].seq);
    }
    incload__str_add_char(&query, ')');
    int32_t status = query.failed
                         ? incload__fail_memory(err)
                         : incload__args_execute(ledger, conn, incload__str_text(&query), &args, &affected, err);
    incload__str_free(&query);
    return check_done(landing, status, affected, count, err);
}

int32_t
incload__unit_post_done(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                        const incload__landed *unit, incload__posted *out, incload_error **err)
{
    incload__args args = { .count = 0 };

    if (!by_arrays(ledger)) {
        *out = (incload__posted){ .done.affected = 1 };
        return incload__units_done(ledger, conn, landing, unit, 1, err);
    }
    add_row_args(&args, landing, unit, 1);
    return incload__state_post(ledger, conn, done_in_a_row, args.params, args.count, out, err);
}

int32_t
incload__unit_end_done(const incload__conn *conn, const incload__landing *landing, const incload__posted *posted,
                       incload_error **err)
{
    return check_done(landing, INCLOAD_OK, incload__conn_answer(conn, posted).affected, 1, err);
}

int32_t
incload__units_complete(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                        const incload__landed *units, int32_t count, incload_error **err)
{
    /* The own row first: a fenced worker shall not wait for whoever is applying the unit. */
    int32_t status = incload__units_done(ledger, conn, landing, units, count, err);

    return status == INCLOAD_OK ? incload__applied_add(ledger, conn, landing, units, count, err) : status;
}

int32_t
incload__unit_resolve(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit,
                      bool *committed, incload_error **err)
{
    int64_t state = 0, epoch = 0;
    int32_t status = conn->driver->begin(conn, err);

    if (status != INCLOAD_OK)
        return status;
    status = lock_unit(ledger, conn, unit, &state, &epoch, err);
    conn->driver->rollback(conn, NULL);
    *committed = status == INCLOAD_OK && state == INCLOAD_STATUS_SUCCESS && epoch == unit->epoch;
    return status;
}
