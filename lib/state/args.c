/* SPDX-License-Identifier: Apache-2.0 */
#include "state/args.h"

#include "dialect/units.h"
#include "driver/failpoint.h"

void
incload__args_text(incload__args *args, const char *text)
{
    args->params[args->count++] = incload__text_param(text);
}

void
incload__args_number(incload__args *args, int64_t number)
{
    args->numbers[args->count] = incload__as_number(number);
    args->params[args->count] = incload__number_param(&args->numbers[args->count]);
    args->count++;
}

int32_t
incload__args_execute(const incload__ledger *ledger, incload__conn *conn, const char *text, const incload__args *args,
                      int64_t *affected, incload_error **err)
{
    return incload__state_execute(ledger, conn, text, args->params, args->count, affected, err);
}

int32_t
incload__args_select(const incload__ledger *ledger, incload__conn *conn, const char *text, const incload__args *args,
                     incload__rows *rows, incload_error **err)
{
    return incload__state_select(ledger, conn, text, args->params, args->count, rows, err);
}

int64_t
incload__rows_number(const incload__rows *rows, int64_t row, int32_t column)
{
    return incload__to_number(incload__rows_get(rows, row, column));
}

int32_t
incload__state_end(incload__conn *conn, int32_t status, incload_error **err)
{
    INCLOAD__FAILPOINT_ON(status, conn, "ledger.commit.before", INCLOAD_E_CONFLICT, err);
    if (status == INCLOAD_OK)
        status = conn->driver->commit(conn, err);
    else
        conn->driver->rollback(conn, NULL);
    INCLOAD__FAILPOINT_ON(status, conn, "ledger.commit.after", INCLOAD_E_COMMIT_UNKNOWN, err);
    return status;
}

int32_t
incload__next_epoch(const incload__ledger *ledger, incload__conn *conn, int64_t *epoch, incload_error **err)
{
    const incload__unit_rules *rules = ledger->dialect->units;
    incload__args args = { .count = 0 };
    incload__rows rows;

    if (rules == NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "runs of pipelines and backfills are kept in PostgreSQL, MariaDB or SQLite, not in %s: "
                             "name another database as the coordinator",
                             ledger->dialect->name);
    if (rules->next_by_name)
        incload__args_text(&args, ledger->epoch);
    int32_t status = rules->count == NULL ? INCLOAD_OK
                                          : incload__state_execute(ledger, conn, rules->count, NULL, 0, NULL, err);
    if (status == INCLOAD_OK)
        status = incload__args_select(ledger, conn, rules->next, &args, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    *epoch = incload__rows_number(&rows, 0, 0);
    incload__rows_free(&rows);
    return *epoch > 0 ? INCLOAD_OK
                      : incload__fail(err, INCLOAD_E_STATE,
                                      "the ledger '%s' has lost its counter of epochs: restore the ledger from a "
                                      "backup, or name another",
                                      ledger->place);
}
