/* SPDX-License-Identifier: Apache-2.0 */
/* What landed, as the database that received it knows. */
#include <string.h>

#include "dialect/units.h"
#include "state/complete.h"
#include "state/fence.h"
#include "state/numbers.h"
#include "state/unit_tables.h"

/* Parameters of a row that are text: load, key, run, version, lane. The numbers are ours and stand in the statement. */
enum { TEXTS = 5 };

/* The server's clock, asked once for all rows of a batch: as an expression in each it is dear to parse. */
static int32_t
read_now(const incload__ledger *ledger, incload__conn *conn, int32_t count, int64_t *now_us, incload_error **err)
{
    incload__rows rows;

    *now_us = 0;
    if (count == 1)
        return INCLOAD_OK;
    int32_t status = incload__state_select(ledger, conn, "SELECT {now}", NULL, 0, &rows, err);
    *now_us = incload__rows_number(&rows, 0, 0);
    incload__rows_free(&rows);
    return status;
}

/* The same for rows that come as arrays. */
static const char insert_arrays[] =
    "INSERT INTO {applied} (load_name, unit_key, epoch, run_id, code_version, lane, low, high, rows_written,"
    " applied_us) SELECT CAST(? AS text), u.unit_key, CAST(? AS bigint), CAST(? AS text), CAST(? AS text), u.lane,"
    " u.low, u.high, u.n, (SELECT {now}) FROM unnest(CAST(? AS text[]), CAST(? AS text[]), CAST(? AS bigint[]),"
    " CAST(? AS bigint[]), CAST(? AS bigint[])) AS u (unit_key, lane, low, high, n)";

static const char insert_rows[] =
    "INSERT INTO {applied} (load_name, unit_key, epoch, run_id, code_version, lane, low, high, rows_written,"
    " applied_us) VALUES ";

static int32_t
check(const incload__landing *landing, const incload__landed *units, int32_t count, incload_error **err)
{
    if (count < 1 || count > INCLOAD__LANDED_MOST || (units[0].seen != 0 && count > 1))
        return incload__fail(err, INCLOAD_E_INVALID, "1 to %d units land at once, and one that looked back alone",
                             (int)INCLOAD__LANDED_MOST);
    if (strlen(landing->code_version) > INCLOAD__CODE_VERSION_LENGTH)
        return incload__fail(err, INCLOAD_E_INVALID, "load '%s': a version of its code has at most %d bytes",
                             landing->load, (int)INCLOAD__CODE_VERSION_LENGTH);
    for (int32_t i = 0; i < count; i++) {
        if (units[i].key[0] == '\0' || strlen(units[i].key) > INCLOAD__UNIT_KEY_LENGTH
            || strlen(units[i].lane) > INCLOAD__UNIT_KEY_LENGTH)
            return incload__fail(err, INCLOAD_E_INVALID,
                                 "load '%s': the key of a unit has 1 to %d bytes, its lane at most as many: shorten "
                                 "the keys of the list",
                                 landing->load, (int)INCLOAD__UNIT_KEY_LENGTH);
    }
    return INCLOAD_OK;
}

static void
add_row(incload__str *sql, const incload__landing *landing, const incload__landed *unit, int64_t now_us)
{
    incload__str_add(sql, "(?, ?, ");
    incload__numbers_add(sql, landing->epoch);
    incload__str_add(sql, ", ?, ?, ?, ");
    incload__numbers_add(sql, unit->low);
    incload__str_add(sql, ", ");
    incload__numbers_add(sql, unit->high);
    incload__str_add(sql, ", ");
    incload__numbers_add(sql, unit->rows_written);
    incload__str_add(sql, ", ");
    if (now_us != 0)
        incload__numbers_add(sql, now_us);
    else
        incload__str_add(sql, "{now}");
    incload__str_add_char(sql, ')');
}

/* What a row of the key must be, to give way; the statement's last parameter is added where it has one more. */
static const char *
condition_of(const incload__ledger *ledger, const incload__landed *units)
{
    return units[0].seen != 0 ? ledger->dialect->units->newer_still : ledger->dialect->units->newer;
}

int32_t
incload__applied_fail_overtaken(const incload__landing *landing, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_BUSY,
                         "a unit of load '%s' has landed by another claim or run while this one was at it: nothing of "
                         "this attempt was kept",
                         landing->load);
}

static int32_t
fail_newer(const incload__landing *landing, const incload__landed *units, incload_error **err)
{
    if (units[0].seen != 0)
        return incload__applied_fail_overtaken(landing, err);
    return incload__fail(err, INCLOAD_E_BUSY,
                         "a unit of load '%s' has landed in this run already, or by a later claim: was this process or "
                         "its connection paused for longer than its lease? Nothing of this attempt was kept",
                         landing->load);
}

static int32_t
insert(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
       const incload__landed *units, int32_t count, int64_t now_us, int64_t *affected, incload_error **err)
{
    incload__param *params = incload__alloc_array(ledger->mem, (size_t)count * TEXTS + 1, sizeof *params);
    incload__number seen = incload__as_number(units[0].seen);
    int32_t more = units[0].seen != 0 ? 1 : 0;
    incload__str sql = INCLOAD__STR(ledger->mem);

    if (params == NULL)
        return incload__fail_memory(err);
    incload__str_add(&sql, insert_rows);
    for (int32_t i = 0; i < count; i++) {
        incload__param *at = &params[i * TEXTS];
        incload__str_add(&sql, i > 0 ? ", " : "");
        add_row(&sql, landing, &units[i], now_us);
        at[0] = incload__text_param(landing->load);
        at[1] = incload__text_param(units[i].key);
        at[2] = incload__text_param(landing->run_id);
        at[3] = incload__text_param(landing->code_version);
        at[4] = incload__text_param(units[i].lane);
    }
    params[count * TEXTS] = incload__number_param(&seen);
    incload__str_add(&sql, condition_of(ledger, units));
    int32_t status = sql.failed ? incload__fail_memory(err)
                                : incload__state_execute(ledger, conn, incload__str_text(&sql), params,
                                                         count * TEXTS + more, affected, err);
    incload__free(ledger->mem, params);
    incload__str_free(&sql);
    return status;
}

enum { ARRAYS = 5 };

static int32_t
insert_by_arrays(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                 const incload__landed *units, int32_t count, int64_t *affected, incload_error **err)
{
    incload__str arrays[ARRAYS], sql = INCLOAD__STR(ledger->mem);
    incload__args args = { .count = 0 };
    bool failed = false;

    for (int32_t i = 0; i < ARRAYS; i++)
        arrays[i] = (incload__str)INCLOAD__STR(ledger->mem);
    for (int32_t i = 0; i < count; i++) {
        incload__array_add_text(&arrays[0], units[i].key);
        incload__array_add_text(&arrays[1], units[i].lane);
        incload__array_add_number(&arrays[2], units[i].low);
        incload__array_add_number(&arrays[3], units[i].high);
        incload__array_add_number(&arrays[4], units[i].rows_written);
    }
    incload__args_text(&args, landing->load);
    incload__args_number(&args, landing->epoch);
    incload__args_text(&args, landing->run_id);
    incload__args_text(&args, landing->code_version);
    for (int32_t i = 0; i < ARRAYS; i++) {
        incload__str_add_char(&arrays[i], '}');
        incload__args_text(&args, incload__str_text(&arrays[i]));
        failed = failed || arrays[i].failed;
    }
    if (units[0].seen != 0)
        incload__args_number(&args, units[0].seen);
    incload__str_add(&sql, insert_arrays);
    incload__str_add(&sql, condition_of(ledger, units));
    int32_t status = failed || sql.failed
                         ? incload__fail_memory(err)
                         : incload__args_execute(ledger, conn, incload__str_text(&sql), &args, affected, err);
    for (int32_t i = 0; i < ARRAYS; i++)
        incload__str_free(&arrays[i]);
    incload__str_free(&sql);
    return status;
}

int32_t
incload__applied_add(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                     const incload__landed *units, int32_t count, incload_error **err)
{
    const incload__unit_rules *rules = ledger->dialect->units;
    int64_t epoch = 0, written = -1, now = 0;
    incload_error *failure = NULL;

    if (rules == NULL)
        return incload__next_epoch(ledger, conn, &epoch, err);
    if (!INCLOAD__FENCED)
        return INCLOAD_OK;
    int32_t status = check(landing, units, count, err);
    if (status == INCLOAD_OK && !rules->arrays)
        status = read_now(ledger, conn, count, &now, err);
    if (status != INCLOAD_OK)
        return status;
    status = rules->arrays ? insert_by_arrays(ledger, conn, landing, units, count, &written, &failure)
                           : insert(ledger, conn, landing, units, count, now, &written, &failure);
    bool older = rules->newer_or_fails ? status == INCLOAD_E_CONSTRAINT : status == INCLOAD_OK && written != count;
    if (older) {
        incload_error_unref(failure);
        return fail_newer(landing, units, err);
    }
    incload__error_pass(err, failure);
    return status;
}

int32_t
incload__applied_find(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                      const char *key, bool *by_run, int64_t *epoch, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__rows rows;

    incload__args_text(&args, landing->load);
    incload__args_text(&args, key);
    int32_t status = incload__args_select(
        ledger, conn, "SELECT epoch, run_id FROM {applied} WHERE load_name = ? AND unit_key = ?", &args, &rows, err);
    const char *run_id = incload__rows_get(&rows, 0, 1);
    *epoch = incload__rows_number(&rows, 0, 0);
    *by_run = run_id != NULL && strcmp(run_id, landing->run_id) == 0;
    incload__rows_free(&rows);
    return status;
}

int32_t
incload__applied_resolve(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                         const incload__landed *unit, bool *committed, incload_error **err)
{
    incload_error *failure = NULL;
    bool by_run = false;
    int64_t epoch = 0;

    /* Adding it is held up by the old session, if that has not ended yet; then it succeeds, or meets what that one
     * has committed. Nothing of this stays. */
    *committed = false;
    int32_t status = conn->driver->begin(conn, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__applied_add(ledger, conn, landing, unit, 1, &failure);
    conn->driver->rollback(conn, NULL);
    if (status != INCLOAD_OK && status != INCLOAD_E_BUSY) {
        incload__error_pass(err, failure);
        return status;
    }
    incload_error_unref(failure);
    status = incload__applied_find(ledger, conn, landing, unit->key, &by_run, &epoch, err);
    *committed = status == INCLOAD_OK && by_run && epoch == landing->epoch;
    return status;
}
