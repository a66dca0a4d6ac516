/* SPDX-License-Identifier: Apache-2.0 */
#include "load/shared_snapshot.h"

#include <string.h>

struct incload__shared_snapshot {
    const incload__mem *mem;
    incload_database *source;
    incload__conn *holder;
    char *name; /* as the server says it */
};

static int32_t
check_source(const incload__conn *conn, incload_error **err)
{
    if (conn->dialect->export_snapshot != NULL)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                         "snapshot=shared needs a PostgreSQL source, and this is %s, which lends no snapshot to other "
                         "connections: take snapshot=unit, by which each unit reads one of its own",
                         conn->dialect->name);
}

/* Between units nobody asks anything of the holder: a limit on idle transactions must not end it. */
static int32_t
begin_holding(incload__conn *conn, incload_error **err)
{
    int32_t status = conn->driver->begin(conn, err);

    if (status == INCLOAD_OK && conn->dialect->hold_snapshot != NULL)
        status = conn->driver->execute(conn, conn->dialect->hold_snapshot, NULL, 0, NULL, err);
    return status;
}

static int32_t
export(incload__shared_snapshot *shared, incload_error **err)
{
    incload__rows rows = { .mem = shared->mem };
    int32_t status =
        shared->holder->driver->select(shared->holder, shared->holder->dialect->export_snapshot, NULL, 0, &rows, err);

    if (status != INCLOAD_OK)
        return status;
    const char *name = incload__rows_get(&rows, 0, 0);
    if (name == NULL || name[strspn(name, "0123456789ABCDEFabcdef-")] != '\0')
        status = incload__fail(err, INCLOAD_E_PROTOCOL, "the source named its snapshot in an unknown form");
    else if ((shared->name = incload__strdup(shared->mem, name)) == NULL)
        status = incload__fail_memory(err);
    incload__rows_free(&rows);
    return status;
}

int32_t
incload__shared_snapshot_open(incload_database *source, const void *owner, incload__shared_snapshot **out,
                              incload_error **err)
{
    const incload__mem *mem = &incload__database_env(source)->mem;
    incload__shared_snapshot *shared = incload__alloc(mem, sizeof *shared);

    if (shared == NULL)
        return incload__fail_memory(err);
    shared->mem = mem;
    shared->source = incload_database_ref(source);
    int32_t status = incload__database_take(source, INCLOAD__ROLE_READ, incload__database_statement_deadline(source),
                                            owner, &shared->holder, err);
    if (status == INCLOAD_OK)
        status = check_source(shared->holder, err);
    if (status == INCLOAD_OK)
        status = begin_holding(shared->holder, err);
    if (status == INCLOAD_OK)
        status = export(shared, err);
    if (status == INCLOAD_OK) {
        shared->holder->deadline_us = 0;
        *out = shared;
        return INCLOAD_OK;
    }
    incload__shared_snapshot_close(shared);
    return incload__error_prefix(err, "sharing one snapshot of the source");
}

int32_t
incload__shared_snapshot_adopt(incload_database *source, const char *name, incload__shared_snapshot **out,
                               incload_error **err)
{
    const incload__mem *mem = &incload__database_env(source)->mem;
    incload__shared_snapshot *shared = incload__alloc(mem, sizeof *shared);

    if (shared == NULL)
        return incload__fail_memory(err);
    shared->mem = mem;
    shared->source = incload_database_ref(source);
    shared->name = incload__strdup(mem, name);
    if (shared->name != NULL) {
        *out = shared;
        return INCLOAD_OK;
    }
    incload__shared_snapshot_close(shared);
    return incload__fail_memory(err);
}

/* What the server says of a snapshot that it does not know. */
static bool
is_gone(const incload_error *failure)
{
    const char *sqlstate = incload_error_sqlstate(failure);

    return strcmp(sqlstate, "22023") == 0 || strcmp(sqlstate, "42704") == 0;
}

int32_t
incload__shared_snapshot_enter(const incload__shared_snapshot *shared, incload__conn *conn, incload_error **err)
{
    incload__str sql = INCLOAD__STR(shared->mem);
    incload_error *failure = NULL;

    incload__str_addf(&sql, "%s'%s'", conn->dialect->import_snapshot, shared->name);
    int32_t status = sql.failed ? incload__fail_memory(&failure)
                                : conn->driver->execute(conn, incload__str_text(&sql), NULL, 0, NULL, &failure);
    incload__str_free(&sql);
    if (status != INCLOAD_OK && is_gone(failure)) {
        incload_error *told = NULL;
        status = incload__fail(&told, INCLOAD_E_STATE,
                               "the snapshot that all units of this run share is gone: the connection that held it "
                               "was lost or ended. Run the backfill again: what has landed stays, and the rest reads "
                               "a new snapshot; select=all brings everything from that one");
        incload__error_set_cause(&told, failure);
        failure = told;
    }
    incload__error_pass(err, failure);
    return status;
}

void
incload__shared_snapshot_close(incload__shared_snapshot *shared)
{
    if (shared == NULL)
        return;
    if (shared->holder != NULL) {
        shared->holder->driver->rollback(shared->holder, NULL);
        incload__database_give_back(shared->source, shared->holder);
    }
    incload_database *source = shared->source;
    incload__free(shared->mem, shared->name);
    incload__free(shared->mem, shared);
    incload_database_unref(source);
}
