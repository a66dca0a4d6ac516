/* SPDX-License-Identifier: Apache-2.0 */
/* A change table and its triggers: made, completed, looked for, taken away. */
#include <stdio.h>
#include <string.h>

#include "cdc/capture.h"
#include "dialect/swap.h"
#include "driver/failpoint.h"
#include "state/statement.h"

/* What is there of it. */
typedef struct state {
    bool there; /* a table of that name */
    bool ours;  /* with our mark */
    bool whole; /* and all triggers */
} state;

static int32_t
find(incload_capture *table, incload__conn *conn, state *out, incload_error **err)
{
    const incload__capture_rules *rules = conn->dialect->capture;
    incload__rows rows;
    int32_t status = incload__capture_ask(table, conn, rules->found, table->beside.name, &rows, err);

    *out = (state){ .there = status == INCLOAD_OK && rows.count > 0 };
    if (out->there) {
        const char *mark = incload__rows_get(&rows, 0, 0);
        out->ours = mark != NULL && strcmp(mark, table->mark) == 0;
        out->whole = out->ours && incload__to_number(incload__rows_get(&rows, 0, 1)) == rules->triggers;
    }
    incload__rows_free(&rows);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "looking for the change table");
}

static int32_t
fail_name(const incload_capture *table, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_STATE,
                         "there is a table %.64s that was not made for the changes of this one: name another by option "
                         "'change_table'",
                         table->beside.name);
}

int32_t
incload__capture_installed(incload_capture *table, incload__conn *conn, incload_error **err)
{
    state found;
    int32_t status;

    if (table->values.by == INCLOAD__BY_VERSIONS)
        return INCLOAD_OK;
    status = find(table, conn, &found, err);
    if (status != INCLOAD_OK || found.whole)
        return status;
    if (found.there && !found.ours)
        return fail_name(table, err);
    if (!found.there)
        return incload__fail(err, INCLOAD_E_STATE,
                             "there is no change table %.64s: call incload_capture_install(), then "
                             "incload_capture_load()",
                             table->beside.name);
    return incload__fail(err, INCLOAD_E_STATE,
                         "a trigger of change table %.64s is missing or disabled, or this user may not see it, so "
                         "changes may have been lost: call incload_capture_install() and "
                         "incload_capture_load() again",
                         table->beside.name);
}

/* ---- statements ---- */

static int32_t
run_all(incload__conn *conn, incload__statements *list, int32_t status, incload_error **err)
{
    for (int32_t i = 0; i < list->count && status == INCLOAD_OK; i++) {
        status = conn->driver->execute(conn, list->items[i].sql, NULL, 0, NULL, err);
        INCLOAD__FAILPOINT_ON(status, conn, "capture.install.statement", INCLOAD_E_CONNECT, err);
    }
    incload__statements_free(list);
    return status;
}

static int32_t
limit_wait(const incload_capture *table, incload__conn *conn, incload_error **err)
{
    const incload__swap_rules *rules = conn->dialect->swap;
    incload__str sql = INCLOAD__STR(table->mem);

    if (rules == NULL || rules->set_lock_timeout == NULL)
        return INCLOAD_OK;
    rules->set_lock_timeout(&sql, table->values.lock_timeout);
    int32_t status = sql.failed ? incload__fail_memory(err)
                                : conn->driver->execute(conn, incload__str_text(&sql), NULL, 0, NULL, err);
    incload__str_free(&sql);
    return status;
}

typedef int32_t (*work_fn)(incload_capture *table, incload__conn *conn, incload_error **err);

/* In one transaction, where DDL bears that. */
static int32_t
in_turn(incload_capture *table, incload__conn *conn, work_fn work, incload_error **err)
{
    const incload__swap_rules *rules = conn->dialect->swap;
    bool whole = !conn->dialect->ddl_commits;
    int32_t status = whole ? conn->driver->begin(conn, err) : INCLOAD_OK;

    if (status == INCLOAD_OK)
        status = limit_wait(table, conn, err);
    if (status == INCLOAD_OK)
        status = work(table, conn, err);
    INCLOAD__FAILPOINT_ON(status, conn, "capture.install.commit.before", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK && whole)
        status = conn->driver->commit(conn, err);
    if (status != INCLOAD_OK && whole)
        conn->driver->rollback(conn, NULL);
    if (!whole && rules != NULL && rules->no_lock_timeout != NULL && conn->txn != INCLOAD__TXN_DEAD)
        conn->driver->execute(conn, rules->no_lock_timeout, NULL, 0, NULL, NULL);
    return status;
}

/* ---- what is made and taken away ---- */

static int32_t
check_obstacles(incload_capture *table, incload__conn *conn, incload_error **err)
{
    incload__rows rows;
    int32_t status =
        incload__capture_ask(table, conn, conn->dialect->capture->obstacles, table->table.name, &rows, err);

    if (status == INCLOAD_OK && rows.count > 0)
        status = incload__fail(err, INCLOAD_E_UNSUPPORTED, "triggers would not see every change of this table: %.200s",
                               incload__rows_get(&rows, 0, 0));
    incload__rows_free(&rows);
    return status;
}

/* Whoever drops a source by itself leaves its change table behind. */
static int32_t
sweep(incload_capture *table, incload__conn *conn, incload_error **err)
{
    char mark[sizeof "made by libincload for the changes of "] = "";
    incload__rows rows;

    memcpy(mark, table->mark, sizeof mark - 1);
    int32_t status = incload__capture_ask(table, conn, conn->dialect->capture->orphans, mark, &rows, err);
    for (int64_t i = 0; i < rows.count && status == INCLOAD_OK; i++) {
        incload__table orphan = { table->beside.schema, (char *)(uintptr_t)incload__rows_get(&rows, i, 0) };
        incload__capture capture = table->capture;
        incload__statements list = { .mem = table->mem };
        if (orphan.name == NULL || strlen(orphan.name) > INCLOAD__CAPTURE_NAME
            || strcmp(orphan.name, table->beside.name) == 0)
            continue;
        capture.changes = &orphan;
        status = run_all(conn, &list, conn->dialect->capture->drop(&list, &capture, err), err);
    }
    incload__rows_free(&rows);
    return status == INCLOAD_OK ? status
                                : incload__error_prefix(err, "dropping change tables of sources that are gone");
}

/* ---- the source's other unique keys ---- */

static bool
is_key(const incload_capture *table, const incload__capture_unique *unique)
{
    int32_t found = 0;

    for (int32_t i = 0; i < unique->count; i++) {
        for (int32_t k = 0; k < table->key_count; k++)
            found += unique->columns[i] == table->key[k];
    }
    return found == table->key_count && unique->count == table->key_count;
}

/* One behind the other in `columns`, which has room for all. */
static int32_t
sort_keys(const incload_capture *table, const incload__rows *rows, int32_t *columns, incload__capture_unique *others)
{
    int32_t count = 0;

    for (int64_t i = 0; i < rows->count;) {
        const char *name = incload__rows_get(rows, i, 0);
        incload__capture_unique *unique = &others[count];
        *unique = (incload__capture_unique){ .columns = columns + i };
        bool known = name != NULL;
        for (; i < rows->count && name != NULL && strcmp(incload__rows_get(rows, i, 0), name) == 0; i++) {
            const char *column = incload__rows_get(rows, i, 3);
            int32_t at = column != NULL ? incload__schema_find(&table->columns, column) : -1;
            unique->columns[unique->count++] = at;
            known = known && at >= 0;
        }
        if (name == NULL)
            return count;
        if (known && !is_key(table, unique))
            count++;
    }
    return count;
}

static int32_t
make_triggers(incload_capture *table, incload__conn *conn, incload_error **err)
{
    incload__statements list = { .mem = table->mem };
    incload__capture capture = table->capture;
    incload__rows keys;
    int32_t status = incload__capture_ask(table, conn, conn->dialect->keys_query, table->table.name, &keys, err);

    if (status != INCLOAD_OK)
        return status;
    int32_t *columns = incload__alloc_array(table->mem, (size_t)keys.count, sizeof *columns);
    incload__capture_unique *others = incload__alloc_array(table->mem, (size_t)keys.count + 1, sizeof *others);
    if (columns == NULL || others == NULL)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        capture.others = others;
        capture.other_count = sort_keys(table, &keys, columns, others);
        status = run_all(conn, &list, conn->dialect->capture->make_triggers(&list, &capture, err), err);
    }
    incload__free(table->mem, columns);
    incload__free(table->mem, others);
    incload__rows_free(&keys);
    return status;
}

static int32_t
make(incload_capture *table, incload__conn *conn, incload_error **err)
{
    const incload__capture_rules *rules = conn->dialect->capture;
    incload__statements list = { .mem = table->mem };
    state found;
    int32_t status = find(table, conn, &found, err);

    if (status == INCLOAD_OK && found.there && !found.ours)
        status = fail_name(table, err);
    if (status != INCLOAD_OK || found.whole)
        return status;
    status = check_obstacles(table, conn, err);
    if (status == INCLOAD_OK)
        status = sweep(table, conn, err);
    if (status == INCLOAD_OK && !found.there)
        status = run_all(conn, &list, rules->make_table(&list, &table->capture, err), err);
    return status == INCLOAD_OK ? make_triggers(table, conn, err) : status;
}

static int32_t
unmake(incload_capture *table, incload__conn *conn, incload_error **err)
{
    incload__statements list = { .mem = table->mem };
    state found;
    int32_t status = find(table, conn, &found, err);

    if (status == INCLOAD_OK && found.there && !found.ours)
        return fail_name(table, err);
    if (status == INCLOAD_OK)
        status = run_all(conn, &list, conn->dialect->capture->drop(&list, &table->capture, err), err);
    return status;
}

static int32_t
do_work(incload_capture *table, work_fn work, bool look, incload_error **err)
{
    incload_error *failure = NULL;
    incload__conn *conn = NULL;
    int32_t status = incload__capture_connect(table, INCLOAD__ROLE_WRITE, &conn, &failure);

    if (status == INCLOAD_OK && look)
        status = incload__capture_inspect(table, conn, &failure);
    if (status == INCLOAD_OK && table->values.by == INCLOAD__BY_TRIGGERS)
        status = in_turn(table, conn, work, &failure);
    if (conn != NULL)
        incload__database_give_back(table->source, conn);
    return status == INCLOAD_OK ? status : incload__capture_tell(table, failure, err);
}

int32_t
incload_capture_install(incload_capture *table, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (table == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the change table must not be NULL");
    return do_work(table, make, true, err);
}

int32_t
incload_capture_remove(incload_capture *table, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (table == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the change table must not be NULL");
    return do_work(table, unmake, false, err);
}
