/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/slot.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "dialect/sql.h"
#include "driver/failpoint.h"

enum { LOOK_MS = 3000 };

/* Columns of slot.sql. */
enum { PLUGIN, DATABASE, IS_HERE, READER, CONFIRMED, STATUS, REASON, RETAINED, LIMIT, END };

static int64_t
number(const incload__rows *rows, int32_t column, int64_t otherwise)
{
    const char *text = incload__rows_get(rows, 0, column);
    int64_t value = 0;

    return text != NULL && incload__parse_int64(text, strlen(text), &value) ? value : otherwise;
}

static void
copy(char *out, size_t size, const incload__rows *rows, int32_t column)
{
    const char *text = incload__rows_get(rows, 0, column);

    snprintf(out, size, "%s", text != NULL ? text : "");
}

static void
read_row(const incload__rows *rows, incload__slot *out)
{
    const char *plugin = incload__rows_get(rows, 0, PLUGIN);

    out->exists = true;
    out->logical = plugin != NULL && strcmp(plugin, "pgoutput") == 0;
    out->here = number(rows, IS_HERE, 0) == 1;
    out->reader = number(rows, READER, 0);
    out->retained = number(rows, RETAINED, 0);
    out->limit = number(rows, LIMIT, -1);
    copy(out->database, sizeof out->database, rows, DATABASE);
    copy(out->status, sizeof out->status, rows, STATUS);
    copy(out->reason, sizeof out->reason, rows, REASON);
    out->lost = strcmp(out->status, "lost") == 0 || out->reason[0] != '\0';
    /* Both are positions, or NULL. */
    incload__lsn_parse(incload__rows_get(rows, 0, CONFIRMED), &out->confirmed);
    incload__lsn_parse(incload__rows_get(rows, 0, END), &out->end);
}

int32_t
incload__slot_look(incload__conn *conn, const char *name, incload__slot *out, incload_error **err)
{
    incload__param param = { name, strlen(name), INCLOAD__TEXT };
    incload__rows rows = { .mem = NULL };

    memset(out, 0, sizeof *out);
    out->limit = -1;
    int32_t status = conn->driver->select(conn, incload__sql_postgres_slot, &param, 1, &rows, err);
    if (status != INCLOAD_OK) {
        incload__error_prefix(err, "looking at replication slot '%.63s'", name);
        return status;
    }
    if (rows.count > 0)
        read_row(&rows, out);
    incload__rows_free(&rows);
    return INCLOAD_OK;
}

int32_t
incload__slot_check(const incload__slot *slot, const char *name, incload_error **err)
{
    if (!slot->exists)
        return incload__fail(err, INCLOAD_E_NOT_FOUND,
                             "there is no replication slot '%.63s' on the source: it was dropped, or the server took "
                             "over from one that had it; take a new snapshot",
                             name);
    if (!slot->logical)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "replication slot '%.63s' is not made for pgoutput: name another one", name);
    if (!slot->here)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "replication slot '%.63s' belongs to database '%.63s': name another one", name,
                             slot->database);
    if (slot->lost)
        return incload__fail(err, INCLOAD_E_STATE_MISSING,
                             "the server has thrown away log that replication slot '%.63s' needs%s%s: what was changed "
                             "since is lost to it. Drop the slot and take a new snapshot; max_slot_wal_keep_size is "
                             "the limit",
                             name, slot->reason[0] != '\0' ? ", reason " : "", slot->reason);
    return INCLOAD_OK;
}

int32_t
incload__slot_share(const incload__slot *slot)
{
    if (slot->limit <= 0)
        return 0;
    int64_t share = slot->retained / (slot->limit / 100 > 0 ? slot->limit / 100 : 1);
    return share > INT32_MAX ? INT32_MAX : (int32_t)share;
}

/* ---- making one ---- */

/* Those for whose end it waits, ", " between them; empty when that cannot be told. */
static void
add_blockers(incload_database *source, const void *owner, incload__str *out)
{
    const incload__env *env = incload__database_env(source);
    incload__rows rows = { .mem = NULL };
    incload__conn *conn = NULL;

    if (incload__database_take(source, INCLOAD__ROLE_READ, incload__deadline_in(env, LOOK_MS), owner, &conn, NULL)
        != INCLOAD_OK)
        return;
    if (conn->driver->select(conn, incload__sql_postgres_slot_blockers, NULL, 0, &rows, NULL) == INCLOAD_OK) {
        for (int64_t i = 0; i < rows.count; i++) {
            incload__str_add(out, i == 0 ? "" : ", ");
            incload__str_add(out, incload__rows_get(&rows, i, 0));
        }
        incload__rows_free(&rows);
    }
    incload__database_give_back(source, conn);
}

int32_t
incload__slot_create(incload_database *source, incload__conn *log, const char *name, bool failover, int64_t deadline_us,
                     incload__slot_made *out, incload_error **err)
{
    incload__str blockers = INCLOAD__STR(&incload__database_env(source)->mem);
    incload_error *failure = NULL;

    log->deadline_us = deadline_us;
    int32_t status = INCLOAD_OK;
    INCLOAD__FAILPOINT_ON(status, log, "slot.make.before", INCLOAD_E_CONNECT, &failure);
    if (status == INCLOAD_OK)
        status = log->driver->replication->create_slot(log, name, failover, out, &failure);
    INCLOAD__FAILPOINT_ON(status, log, "slot.made", INCLOAD_E_CONNECT, &failure);
    if (status != INCLOAD_E_TIMEOUT)
        return incload__error_pass(err, failure);
    add_blockers(source, log, &blockers);
    const char *who = incload__str_text(&blockers);
    incload__fail(err, INCLOAD_E_TIMEOUT,
                  "replication slot '%.63s' was not ready by the deadline: it waits for the end of every transaction "
                  "that was open when it began%s%.300s; end them, or set slot_timeout higher",
                  name, who != NULL && who[0] != '\0' ? ", of " : "", who != NULL ? who : "");
    incload__error_set_retryable(err, true);
    incload__error_set_cause(err, failure);
    incload__str_free(&blockers);
    return INCLOAD_E_TIMEOUT;
}
