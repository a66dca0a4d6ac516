/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of our own that nobody needs any more: of runs that ended before they could drop them. Only a table that is
 * written down in the ledger, and bears the mark of the run that made it, is dropped. */
#include <stdio.h>
#include <string.h>

#include "load/swap.h"
#include "driver/failpoint.h"
#include "state/statement.h"

/* A table is ours by its name, and where a comment can stay on it all the time by that as well. */
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
    *ours = strncmp(table->name, "incload_", 8) == 0
            && (swap->rules->manner == INCLOAD__SWAP_BY_STATEMENT || (comment != NULL && strcmp(comment, mark) == 0));
    incload__rows_free(&rows);
    return INCLOAD_OK;
}

static int32_t
drop_table(incload__swap *swap, const incload__table *table, incload_error **err)
{
    const incload__load *load = swap->load;
    incload__str sql = INCLOAD__STR(load->mem), limit = INCLOAD__STR(load->mem);

    if (swap->rules->drop_timeout != NULL)
        incload__str_add(&limit, swap->rules->drop_timeout);
    else
        swap->rules->set_lock_timeout(&limit, load->how->lock_timeout > 0 ? load->how->lock_timeout : 1);
    incload__str_add(&sql, "DROP TABLE IF EXISTS ");
    int32_t status = incload__quote_table(load->to->dialect, &sql, table, err);
    if (status == INCLOAD_OK)
        status = incload__swap_execute(swap, &limit, err);
    if (status == INCLOAD_OK)
        status = incload__swap_execute(swap, &sql, err);
    incload__str_free(&limit);
    incload__str_free(&sql);
    if (swap->rules->no_drop_timeout != NULL && load->to->txn != INCLOAD__TXN_DEAD)
        load->to->driver->execute(load->to, swap->rules->no_drop_timeout, NULL, 0, NULL, NULL);
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
    /* What is renamed is there under its new name in a run alone. */
    if (swap->load->rehearsed && table == &swap->old)
        there = ours = true;
    if (status == INCLOAD_OK && there && ours)
        status = drop_table(swap, table, err);
    if (status == INCLOAD_OK)
        status = incload__object_remove(&swap->load->ledger, conn, table->name, err);
    INCLOAD__FAILPOINT_ON(status, conn, "swap.drop.commit.before", INCLOAD_E_CONNECT, err);
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
    return status == INCLOAD_E_CONFLICT || status == INCLOAD_E_TIMEOUT || status == INCLOAD_E_SQL
           || status == INCLOAD_E_PERMISSION || status == INCLOAD_E_CONSTRAINT;
}

/* A row of objects_orphaned. */
typedef struct orphan {
    incload__table table;
    incload__object object;
    char mark[96];
} orphan;

static bool
read_orphan(const incload__rows *rows, int64_t row, orphan *out)
{
    char *name = (char *)(uintptr_t)incload__rows_get(rows, row, 0);
    char *schema = (char *)(uintptr_t)incload__rows_get(rows, row, 1);

    out->table = (incload__table){ schema, name };
    out->object = (incload__object){ .name = name,
                                     .schema = schema,
                                     .target = incload__rows_get(rows, row, 2),
                                     .load = incload__rows_get(rows, row, 3),
                                     .run_id = incload__rows_get(rows, row, 4),
                                     .state = incload__rows_get(rows, row, 5),
                                     .rows_read = incload__to_number(incload__rows_get(rows, row, 6)),
                                     .rows_written = incload__to_number(incload__rows_get(rows, row, 7)) };
    if (name == NULL || strlen(name) > 40 || out->object.run_id == NULL || out->object.state == NULL)
        return false;
    snprintf(out->mark, sizeof out->mark, "made by libincload for run %.40s", out->object.run_id);
    return true;
}

/* The rename was announced, and whether it was done is told by the tables: then the staging table's name is free, and
 * the old table has its own. The run's record is made up for, so that its outcome can be asked for; an earlier attempt
 * of this same run needs none, since this one makes it. */
static int32_t
complete_rename(incload__swap *swap, orphan *found, char old_name[48], incload_error **err)
{
    incload__load *load = swap->load;
    incload__table old = { found->table.schema, old_name };
    bool stage_there = false, old_there = false, ours = false;
    const incload__run_record record = { .run_id = found->object.run_id,
                                         .load = found->object.load,
                                         .target = found->object.target,
                                         .started_us = incload__wall_us(load->env),
                                         .finished_us = incload__wall_us(load->env),
                                         .rows_read = found->object.rows_read,
                                         .rows_written = found->object.rows_written };

    snprintf(old_name, 48, "%s_old", found->table.name);
    int32_t status = is_ours(swap, &found->table, found->mark, &stage_there, &ours, err);
    if (status == INCLOAD_OK && !stage_there)
        status = is_ours(swap, &old, found->mark, &old_there, &ours, err);
    if (status != INCLOAD_OK || stage_there || !old_there)
        return status;
    status = load->to->driver->begin(load->to, err);
    if (status == INCLOAD_OK && strcmp(found->object.run_id, load->unit->run_id) != 0)
        status = incload__ledger_add_run(&load->ledger, load->to, &record, err);
    if (status == INCLOAD_OK)
        status = incload__object_change(&load->ledger, load->to, found->table.name, old_name, "old", NULL, err);
    if (status == INCLOAD_OK)
        status = load->to->driver->commit(load->to, err);
    if (status != INCLOAD_OK)
        load->to->driver->rollback(load->to, NULL);
    else
        found->table.name = old_name;
    return status;
}

static int32_t
sweep_one(incload__swap *swap, orphan *found, incload_error **err)
{
    incload_error *failure = NULL;
    bool gone = false;
    char old_name[48];
    int32_t status = INCLOAD_OK;

    INCLOAD__FAILPOINT_ON(status, swap->load->to, "swap.orphan.found", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK && strcmp(found->object.state, "swapping") == 0)
        status = complete_rename(swap, found, old_name, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__swap_drop(swap, &found->table, found->mark, &gone, &failure);
    if (status == INCLOAD_OK && !gone)
        incload__swap_notice(swap, "table %.64s is written down as the library's own, but lost its mark: it was left",
                             found->table.name);
    if (!may_wait(status)) {
        incload__error_pass(err, failure);
        return status;
    }
    incload__swap_notice(swap, "table %.64s of an earlier run could not be dropped yet: %s", found->table.name,
                         incload_error_message(failure));
    incload_error_unref(failure);
    return INCLOAD_OK;
}

int32_t
incload__swap_sweep(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    incload__rows rows;
    int32_t status = incload__objects_orphaned(&load->ledger, load->to, load->unit->run_id, &rows, err);

    for (int64_t i = 0; i < rows.count && status == INCLOAD_OK; i++) {
        orphan found;
        if (read_orphan(&rows, i, &found))
            status = sweep_one(swap, &found, err);
    }
    incload__rows_free(&rows);
    return status;
}
