/* SPDX-License-Identifier: Apache-2.0 */
#include "state/objects.h"

#include "driver/failpoint.h"
#include "state/statement.h"

int32_t
incload__object_add(const incload__ledger *ledger, incload__conn *conn, const incload__object *object,
                    int64_t keep_for_us, incload_error **err)
{
    incload__number keep = incload__as_number(keep_for_us);
    incload__number read = incload__as_number(object->rows_read), written = incload__as_number(object->rows_written);
    const incload__param params[] = {
        incload__text_param(object->name), incload__text_param(object->schema), incload__text_param(object->target),
        incload__text_param(object->load), incload__text_param(object->run_id), incload__text_param(object->state),
        incload__number_param(&keep),      incload__number_param(&read),        incload__number_param(&written),
    };
    int32_t status = incload__state_insert(
        ledger, conn,
        keep_for_us > 0
            ? "INSERT INTO {object} (object_name, schema_name, target_name, load_name, run_id, state,"
              " keep_us, rows_read, rows_written, made_us) VALUES (?, ?, ?, ?, ?, ?, {now} + ?, ?, ?, {now})"
            : "INSERT INTO {object} (object_name, schema_name, target_name, load_name, run_id, state,"
              " keep_us, rows_read, rows_written, made_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, {now})",
        params, 9, err);

    INCLOAD__FAILPOINT_ON(status, conn, "object.written_down", INCLOAD_E_CONNECT, err);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "writing down a table of our own");
}

int32_t
incload__object_change(const incload__ledger *ledger, incload__conn *conn, const char *name, const char *new_name,
                       const char *state, bool *found, incload_error **err)
{
    const incload__param params[] = { incload__text_param(new_name), incload__text_param(state),
                                      incload__text_param(name) };
    int64_t affected = 0;
    int32_t status =
        incload__state_execute(ledger, conn, "UPDATE {object} SET object_name = ?, state = ? WHERE object_name = ?",
                               params, 3, &affected, err);

    if (found != NULL)
        *found = affected > 0;
    else if (status == INCLOAD_OK && affected != 1)
        status = incload__fail(err, INCLOAD_E_BUSY,
                               "another run has swept this run's staging table %s: was the process paused for longer "
                               "than its lease? Nothing of this run was kept",
                               name);
    return status;
}

int32_t
incload__object_announce(const incload__ledger *ledger, incload__conn *conn, const char *name, int64_t rows_read,
                         int64_t rows_written, incload_error **err)
{
    incload__number read = incload__as_number(rows_read), written = incload__as_number(rows_written);
    const incload__param params[] = { incload__number_param(&read), incload__number_param(&written),
                                      incload__text_param(name) };

    return incload__state_insert(
        ledger, conn, "UPDATE {object} SET state = 'swapping', rows_read = ?, rows_written = ? WHERE object_name = ?",
        params, 3, err);
}

int32_t
incload__object_remove(const incload__ledger *ledger, incload__conn *conn, const char *name, incload_error **err)
{
    const incload__param param = incload__text_param(name);

    return incload__state_execute(ledger, conn, "DELETE FROM {object} WHERE object_name = ?", &param, 1, NULL, err);
}

int32_t
incload__objects_orphaned(const incload__ledger *ledger, incload__conn *conn, const char *run_id, incload__rows *out,
                          incload_error **err)
{
    const incload__param param = incload__text_param(run_id);

    return incload__state_select(
        ledger, conn,
        "SELECT o.object_name, o.schema_name, o.target_name, o.load_name, o.run_id, o.state, o.rows_read,"
        " o.rows_written FROM {object} o WHERE o.run_id = ? OR (o.keep_us < {now} AND NOT EXISTS (SELECT 1"
        " FROM {lease} l LEFT JOIN {beat} b ON b.load_name = l.load_name AND b.epoch = l.epoch"
        " WHERE l.load_name = o.load_name AND l.run_id = o.run_id AND l.holder IS NOT NULL"
        " AND (l.taken_us + l.ttl_us > {now} OR b.expires_us > {now})))",
        &param, 1, out, err);
}
