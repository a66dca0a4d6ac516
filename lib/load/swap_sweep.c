/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of our own that nobody needs any more: of runs that ended before they could drop them. Only a table that is
 * written down in the ledger, and bears the mark of the run that made it, is dropped. */
#include <stdio.h>
#include <string.h>

#include "load/swap.h"

/* A table is ours by its name, and where tables have comments of their own by that as well. */
static int32_t
is_ours(incload__swap *swap, const incload__table *table, const char *mark, bool *there, bool *ours,
        incload_error **err)
{
    incload__rows rows;
    int32_t status = incload__swap_ask(swap, swap->rules->made, table, NULL, &rows, err);

    if (status != INCLOAD_OK)
        return status;
    const char *comment = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    *there = rows.count > 0;
    *ours = strncmp(table->name, "incload_", 8) == 0 && comment != NULL && strcmp(comment, mark) == 0;
    incload__rows_free(&rows);
    return INCLOAD_OK;
}

static int32_t
drop_table(incload__swap *swap, const incload__table *table, incload_error **err)
{
    incload__load *load = swap->load;
    incload__str sql = INCLOAD__STR(load->mem), limit = INCLOAD__STR(load->mem);
    int32_t status = INCLOAD_OK;

    if (swap->rules->set_lock_timeout != NULL) {
        swap->rules->set_lock_timeout(&limit, load->how->lock_timeout);
        status = incload__swap_execute(swap, &limit, err);
    }
    incload__str_add(&sql, "DROP TABLE IF EXISTS ");
    if (status == INCLOAD_OK)
        status = incload__quote_table(load->to->dialect, &sql, table, err);
    if (status == INCLOAD_OK)
        return incload__swap_execute(swap, &sql, err);
    incload__str_free(&sql);
    return status;
}

int32_t
incload__swap_drop(incload__swap *swap, const incload__table *table, const char *mark, bool *gone, incload_error **err)
{
    const incload__driver *driver = swap->load->to->driver;
    incload__conn *conn = swap->load->to;
    bool there = false, ours = false;
    int32_t status = driver->begin(conn, err);

    *gone = false;
    if (status == INCLOAD_OK)
        status = is_ours(swap, table, mark, &there, &ours, err);
    if (status == INCLOAD_OK && there && ours)
        status = drop_table(swap, table, err);
    if (status == INCLOAD_OK)
        status = incload__object_remove(&swap->load->ledger, conn, table->name, err);
    if (status == INCLOAD_OK)
        status = driver->commit(conn, err);
    if (status != INCLOAD_OK)
        driver->rollback(conn, NULL);
    *gone = status == INCLOAD_OK && (!there || ours);
    return status;
}

/* Whatever keeps one orphan in its place (a reader, a view made on it) keeps no load from its work. */
static bool
may_wait(int32_t status)
{
    return status == INCLOAD_E_CONFLICT || status == INCLOAD_E_SQL || status == INCLOAD_E_PERMISSION
           || status == INCLOAD_E_CONSTRAINT;
}

int32_t
incload__swap_sweep(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    incload__rows rows;
    int32_t status = incload__objects_orphaned(&load->ledger, load->to, load->unit->run_id, &rows, err);

    if (status != INCLOAD_OK)
        return status;
    for (int64_t i = 0; i < rows.count && status == INCLOAD_OK; i++) {
        char *name = (char *)(uintptr_t)incload__rows_get(&rows, i, 0);
        char *schema = (char *)(uintptr_t)incload__rows_get(&rows, i, 1);
        const char *run_id = incload__rows_get(&rows, i, 4);
        incload__table table = { schema, name };
        incload_error *failure = NULL;
        bool gone = false;
        char mark[96];

        if (name == NULL || run_id == NULL)
            continue;
        snprintf(mark, sizeof mark, "made by libincload for run %.40s", run_id);
        status = incload__swap_drop(swap, &table, mark, &gone, &failure);
        if (status == INCLOAD_OK && !gone)
            incload__swap_notice(swap,
                                 "table %.64s is written down as the library's own, but lost its mark: "
                                 "it was left",
                                 name);
        if (may_wait(status)) {
            incload__swap_notice(swap, "table %.64s of an earlier run could not be dropped yet: %s", name,
                                 incload_error_message(failure));
            status = INCLOAD_OK;
            incload_error_unref(failure);
        } else {
            incload__error_pass(err, failure);
        }
    }
    incload__rows_free(&rows);
    return status;
}
