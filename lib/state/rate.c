/* SPDX-License-Identifier: Apache-2.0 */
#include "state/rate.h"

#include "state/args.h"

static int32_t
make_limit(const incload__ledger *ledger, incload__conn *conn, const char *name, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload_error *failure = NULL;

    incload__args_text(&args, name);
    int32_t status = incload__args_execute(ledger, conn, "INSERT INTO {rate} (name, tat_us) VALUES (?, 0)", &args, NULL,
                                           &failure);
    if (status == INCLOAD_E_CONSTRAINT) {
        incload_error_unref(failure);
        return INCLOAD_OK;
    }
    incload__error_pass(err, failure);
    return status;
}

/* How long until they could be taken; *known: there is such a limit. */
static int32_t
read_wait(const incload__ledger *ledger, incload__conn *conn, const char *name, int64_t ahead_us, int64_t *wait_us,
          bool *known, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__rows rows;

    incload__args_text(&args, name);
    int32_t status = incload__args_select(ledger, conn, "SELECT tat_us, {now} FROM {rate} WHERE name = ?", &args,
                                          &rows, err);
    *known = rows.count > 0;
    *wait_us = incload__rows_number(&rows, 0, 0) + ahead_us - incload__rows_number(&rows, 0, 1);
    /* Another may have been quicker by a moment only: the next try is not at once. */
    if (*wait_us < 1)
        *wait_us = 1;
    incload__rows_free(&rows);
    return status;
}

int32_t
incload__rate_take(const incload__ledger *ledger, incload__conn *conn, const char *name, int64_t every_us,
                   int64_t burst, int64_t count, int64_t *wait_us, incload_error **err)
{
    incload__args args = { .count = 0 };
    int64_t affected = 0;
    bool known = true;

    if (every_us < 0 || count < 1 || count > burst || (every_us > 0 && burst > INT64_MAX / 4 / every_us))
        return incload__fail(err, INCLOAD_E_INVALID, "limit '%s': 1 to burst (%lld) starts are taken at once", name,
                             (long long)burst);
    int64_t ahead = every_us * count - every_us * burst;
    incload__args_number(&args, every_us * count);
    incload__args_text(&args, name);
    incload__args_number(&args, ahead);
    int32_t status = INCLOAD_OK;
    for (int32_t i = 0; i < 2; i++) {
        status = incload__args_execute(ledger, conn,
                                       "UPDATE {rate} SET tat_us = CASE WHEN tat_us > {now} THEN tat_us ELSE {now} END"
                                       " + ? WHERE name = ? AND tat_us + ? <= {now}",
                                       &args, &affected, err);
        *wait_us = 0;
        if (status == INCLOAD_OK && affected != 1)
            status = read_wait(ledger, conn, name, ahead, wait_us, &known, err);
        if (status != INCLOAD_OK || affected == 1 || known)
            return status;
        status = make_limit(ledger, conn, name, err);
        if (status != INCLOAD_OK)
            return status;
    }
    return status;
}
