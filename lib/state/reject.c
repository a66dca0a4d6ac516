/* SPDX-License-Identifier: Apache-2.0 */
#include "state/reject.h"

#include <stdio.h>
#include <string.h>

#include "state/statement.h"

/* Whether the same row of this load waits already: it is read again where a cursor's edge is, or by a load of all
 * rows. */
static int32_t
is_waiting(const incload__ledger *ledger, incload__conn *conn, const incload__reject *reject, bool *waits,
           incload_error **err)
{
    incload__param params[] = { incload__text_param(reject->load), incload__text_param(reject->form),
                                incload__text_param(reject->row) };
    incload__rows rows;

    int32_t status = incload__state_select(ledger, conn,
                                           "SELECT COUNT(*) FROM {reject} WHERE load_name = ? AND form = ? AND"
                                           " replayed_us IS NULL AND row_json = ?",
                                           params, 3, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    *waits = incload__to_number(incload__rows_get(&rows, 0, 0)) > 0;
    incload__rows_free(&rows);
    return INCLOAD_OK;
}

int32_t
incload__reject_add(const incload__ledger *ledger, incload__conn *conn, const incload__reject *reject,
                    incload_error **err)
{
    incload__number number = incload__as_number(reject->number);
    incload__number now = incload__as_number(incload__wall_us(conn->env));
    incload__param params[] = {
        incload__text_param(reject->run_id), incload__number_param(&number),
        incload__text_param(reject->load),   incload__text_param(reject->unit),
        incload__text_param(reject->reason), incload__text_param(reject->sqlstate[0] != '\0' ? reject->sqlstate : NULL),
        incload__text_param(reject->form),   incload__text_param(reject->row),
        incload__number_param(&now),
    };
    bool waits = false;
    int32_t status = is_waiting(ledger, conn, reject, &waits, err);

    if (status == INCLOAD_OK && !waits)
        status = incload__state_insert(ledger, conn,
                                       "INSERT INTO {reject} (run_id, number, load_name, unit, reason, sql_state, form,"
                                       " row_json, at_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                       params, 9, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "recording a rejected row of load '%s'", reject->load);
    return status;
}

int32_t
incload__reject_page(const incload__ledger *ledger, incload__conn *conn, const char *load,
                     incload__reject_place *place, incload__rows *rows, incload_error **err)
{
    incload__number at = incload__as_number(place->at_us), number = incload__as_number(place->number);
    const incload__param instant = incload__number_param(&at), run = incload__text_param(place->run_id);
    const incload__param params[] = { incload__text_param(load), instant, instant, run, run,
                                      incload__number_param(&number) };

    int32_t status = incload__state_select(
        ledger, conn,
        "SELECT run_id, number, at_us, form, row_json FROM {reject} WHERE load_name = ? AND replayed_us IS NULL"
        " AND at_us >= ? AND (at_us > ? OR (run_id >= ? AND (run_id > ? OR number > ?)))"
        " ORDER BY at_us, run_id, number LIMIT 50",
        params, 6, rows, err);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "reading the rejected rows of load '%s'", load);
    if (rows->count > 0) {
        const char *last = incload__rows_get(rows, rows->count - 1, INCLOAD__REJECT_RUN);
        place->at_us = incload__to_number(incload__rows_get(rows, rows->count - 1, INCLOAD__REJECT_AT));
        place->number = incload__to_number(incload__rows_get(rows, rows->count - 1, INCLOAD__REJECT_NUMBER));
        snprintf(place->run_id, sizeof place->run_id, "%s", last != NULL ? last : "");
    }
    return INCLOAD_OK;
}

int32_t
incload__reject_landed(const incload__ledger *ledger, incload__conn *conn, const char *run_id, int64_t number,
                       const char *replay_run_id, incload_error **err)
{
    incload__number now = incload__as_number(incload__wall_us(conn->env)), at = incload__as_number(number);
    const incload__param params[] = { incload__number_param(&now), incload__text_param(replay_run_id),
                                      incload__text_param(run_id), incload__number_param(&at) };

    return incload__state_insert(ledger, conn,
                                 "UPDATE {reject} SET replayed_us = ?, replay_run_id = ? WHERE run_id = ? AND"
                                 " number = ?",
                                 params, 4, err);
}

int32_t
incload__reject_again(const incload__ledger *ledger, incload__conn *conn, const char *run_id, int64_t number,
                      const char *reason, const char *sqlstate, incload_error **err)
{
    incload__number at = incload__as_number(number);
    const incload__param params[] = { incload__text_param(reason),
                                      incload__text_param(sqlstate[0] != '\0' ? sqlstate : NULL),
                                      incload__text_param(run_id), incload__number_param(&at) };

    return incload__state_execute(ledger, conn,
                                  "UPDATE {reject} SET reason = ?, sql_state = ? WHERE run_id = ? AND number = ?",
                                  params, 4, NULL, err);
}
