/* SPDX-License-Identifier: Apache-2.0 */
/* One unit of a load: everything inside the two transactions. */
#include <string.h>

#include "load/evolve.h"
#include "driver/failpoint.h"
#include "load/mode.h"
#include "load/reject.h"

bool
incload__by_cursor(const incload__load *load)
{
    return load->how->window == INCLOAD__WINDOW_SINCE;
}

bool
incload__is_remembered(const incload__load *load)
{
    return load->spec->landing != NULL && load->spec->landing->overtaken != NULL;
}

int32_t
incload__target_has_rows(incload__load *load, bool *has, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem);
    incload__rows rows = { .mem = load->mem };

    incload__str_add(&sql, "SELECT CASE WHEN EXISTS (SELECT 1 FROM ");
    int32_t status = incload__quote_table(load->to->dialect, &sql,
                                          load->replaced != NULL ? load->replaced : &load->target_name, err);
    incload__str_add(&sql, ") THEN 1 ELSE 0 END");
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = load->to->driver->select(load->to, incload__str_text(&sql), NULL, 0, &rows, err);
    if (status == INCLOAD_OK) {
        const char *text = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
        *has = text != NULL && strcmp(text, "1") == 0;
        incload__rows_free(&rows);
    }
    incload__str_free(&sql);
    return status;
}

/* The greatest cursor value in the target, as the watermark it must have had. */
static int32_t
derive_position(incload__load *load, incload_error **err)
{
    const incload__column *cursor = &load->target.columns[load->cursor];
    incload__str sql = INCLOAD__STR(load->mem), quoted = INCLOAD__STR(load->mem), max = INCLOAD__STR(load->mem);
    incload__rows rows = { .mem = load->mem };

    /* Its text is the target's, which the source reads the same way only if it speaks the same dialect. */
    if (load->from->dialect != load->to->dialect)
        return incload__fail(
            err, INCLOAD_E_UNSUPPORTED,
            "missing_state=derive needs source and target of one kind (here %s and %s): set the watermark of "
            "load '%s' with incload_watermark_set() instead",
            load->from->dialect->name, load->to->dialect->name, load->spec->name);
    int32_t status = load->to->dialect->quote(&quoted, "column", cursor->name, err);
    if (status == INCLOAD_OK && !quoted.failed)
        incload__str_addf(&max, "MAX(%s)", incload__str_text(&quoted));
    if (status == INCLOAD_OK && (quoted.failed || max.failed))
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        incload__str_add(&sql, "SELECT ");
        load->to->dialect->exact_text(&sql, cursor, incload__str_text(&max));
        incload__str_add(&sql, " FROM ");
        status = incload__quote_table(load->to->dialect, &sql, &load->target_name, err);
    }
    if (status == INCLOAD_OK) {
        /* Infinity would be a watermark that nothing is ever past. */
        incload__str_add(&sql, " WHERE NOT (");
        load->to->dialect->no_position(&sql, cursor, incload__str_text(&quoted));
        incload__str_add(&sql, ")");
    }
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = load->to->driver->select(load->to, incload__str_text(&sql), NULL, 0, &rows, err);
    if (status == INCLOAD_OK) {
        const char *text = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
        load->before.value = text != NULL ? incload__strdup(load->mem, text) : NULL;
        if (text != NULL && load->before.value == NULL)
            status = incload__fail_memory(err);
        incload__rows_free(&rows);
    }
    incload__str_free(&quoted);
    incload__str_free(&max);
    incload__str_free(&sql);
    return status;
}

int32_t
incload__check_not_overtaken(incload__load *load, incload_error **err)
{
    const incload__load_landing *landing = load->spec->landing;
    incload__position now;

    if (incload__is_remembered(load))
        return landing->overtaken(landing->data, &load->ledger, load->to, err);
    int32_t status = incload__ledger_read(&load->ledger, load->to, load->spec->name, &now, err);
    if (status != INCLOAD_OK)
        return status;
    if (now.version != load->before.version)
        status = incload__ledger_fail_busy(load->spec->name, err);
    incload__position_free(&now);
    return status;
}

/* Rows without a known position are never taken for "from the beginning" by themselves. */
static int32_t
check_state(incload__load *load, bool has_rows, incload_error **err)
{
    char table[200];

    incload__table_text(&load->target_name, table, sizeof table);
    if (!has_rows)
        return INCLOAD_OK;
    if (!incload__by_cursor(load))
        return incload__mode_check_rows(load, has_rows, err);
    if (load->before.value != NULL)
        return INCLOAD_OK;
    /* They may be the rows of a run that was at work when the position was read. */
    int32_t status = incload__check_not_overtaken(load, err);
    if (status != INCLOAD_OK)
        return status;
    switch (load->how->missing_state) {
    case INCLOAD__MISSING_DERIVE:
        return derive_position(load, err);
    case INCLOAD__MISSING_FULL:
        return INCLOAD_OK;
    default:
        return incload__fail(
            err, INCLOAD_E_STATE_MISSING,
            "target table %s has rows, but load '%s' has no watermark: name the position with "
            "incload_watermark_set(), or set missing_state=derive (take the greatest '%s' in the target), or "
            "missing_state=full (read everything again)",
            table, load->spec->name, load->how->cursor);
    }
}

static int32_t
use_target(incload__load *load, incload_error **err)
{
    incload__str name = INCLOAD__STR(load->mem);
    int32_t status = incload__quote_table(load->to->dialect, &name, &load->target_name, err);

    load->destination = incload__str_take(&name);
    if (status == INCLOAD_OK && load->destination == NULL)
        status = incload__fail_memory(err);
    return status;
}

/* A key that another run of this load has put in meanwhile says no more than that the other was first. */
static int32_t
explain_constraint(incload__group *group, incload_error **err)
{
    incload__load *load = group->failed != NULL ? group->failed : group->loads[0];
    incload_error *told = NULL;

    if (load->to == NULL || incload__check_not_overtaken(load, &told) != INCLOAD_E_BUSY || err == NULL) {
        incload_error_unref(told);
        return INCLOAD_E_CONSTRAINT;
    }
    incload__error_set_cause(&told, *err);
    *err = told;
    return INCLOAD_E_BUSY;
}

/* ---- begin ---- */

/* A load that is read inside the target's transaction and needs the snapshot of its source there: for what the finder
 * says of that to hold, or for several loads to see one state. */
static incload__load *
importing(const incload__group *group)
{
    for (int32_t i = 0; i < group->count; i++) {
        incload__load *load = group->loads[i];
        bool bound = load->finder != NULL && load->finder->kind != INCLOAD__MARK_CURSOR;
        if (load->road == INCLOAD__ROAD_SAME_DATABASE && load->from->dialect->export_snapshot != NULL
            && (bound || group->count > 1))
            return load;
    }
    return NULL;
}

static int32_t
begin_importing(incload__load *load, incload_error **err)
{
    const incload__dialect *dialect = load->from->dialect;
    const incload__driver *driver = load->to->driver;
    incload__str sql = INCLOAD__STR(load->mem);
    incload__rows rows = { .mem = load->mem };

    int32_t status = incload__ask_row(load, load->from, dialect->export_snapshot, NULL, 0, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    const char *snapshot = incload__rows_get(&rows, 0, 0);
    if (snapshot == NULL || snapshot[strspn(snapshot, "0123456789ABCDEFabcdef-")] != '\0') {
        incload__rows_free(&rows);
        return incload__fail(err, INCLOAD_E_PROTOCOL, "the source named its snapshot in an unknown form");
    }
    load->to->begin_text = dialect->begin_import;
    status = driver->begin(load->to, err);
    load->to->begin_text = NULL;
    incload__str_addf(&sql, "%s'%s'", dialect->import_snapshot, snapshot);
    if (status == INCLOAD_OK)
        status = sql.failed ? incload__fail_memory(err)
                            : driver->execute(load->to, incload__str_text(&sql), NULL, 0, NULL, err);
    incload__rows_free(&rows);
    incload__str_free(&sql);
    return status;
}

/* Units beside each other replace what their intervals have: without locks on what lies between the rows. */
static int32_t
before_copy(incload__load *load, incload_error **err)
{
    const char *sql = load->to->dialect->before_copy;
    bool beside_others = load->spec->interval != NULL && load->how->write == INCLOAD__WRITE_REPLACE_INTERVAL;

    if (sql == NULL || (load->road != INCLOAD__ROAD_SAME_DATABASE && !beside_others))
        return INCLOAD_OK;
    return load->to->driver->execute(load->to, sql, NULL, 0, NULL, err);
}

static int32_t
begin_landing(incload__load *load, incload_error **err)
{
    const incload__load_landing *landing = load->spec->landing;

    if (landing == NULL || landing->begin == NULL)
        return INCLOAD_OK;
    return landing->begin(landing->data, &load->ledger, load->to, err);
}

/* The target's transaction. Inside one database that shows how, it reads in the source's own snapshot. */
static int32_t
begin_target(incload__group *group, incload_error **err)
{
    incload__load *first = group->loads[0], *load = importing(group);
    int32_t status = incload__group_each(group, before_copy, err);

    INCLOAD__FAILPOINT_ON(status, first->to, "target.begin.before", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = load != NULL ? begin_importing(load, err) : first->to->driver->begin(first->to, err);
    INCLOAD__FAILPOINT_ON(status, first->to, "target.begun", INCLOAD_E_CONFLICT, err);
    if (status == INCLOAD_OK)
        status = incload__group_each(group, begin_landing, err);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "target");
}

static int32_t
list(incload__load *load, incload_error **err)
{
    int32_t status = incload__horizon_list(load, err);

    INCLOAD__FAILPOINT_ON(status, load->from, "horizon.listed", INCLOAD_E_CONNECT, err);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "source");
}

/* Loads of one source share its connection, and with it the snapshot. */
static int32_t
begin_source(incload__load *load, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    if (load->from->txn != INCLOAD__TXN_OPEN) {
        INCLOAD__FAILPOINT(status, "source.begin.before", INCLOAD_E_CONNECT, err);
        if (status == INCLOAD_OK)
            status = load->from->driver->begin(load->from, err);
        INCLOAD__FAILPOINT_ON(status, load->from, "source.begun", INCLOAD_E_CONNECT, err);
        if (status == INCLOAD_OK && load->spec->snapshot != NULL)
            status = incload__shared_snapshot_enter(load->spec->snapshot, load->from, err);
    }
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "source");
}

/* Listing, snapshot, target: in this order. Who was in flight must be known before the snapshot is taken. */
static int32_t
begin_all(incload__group *group, incload_error **err)
{
    int32_t status = incload__group_each(group, list, err);

    if (status == INCLOAD_OK)
        status = incload__group_each(group, begin_source, err);
    return status == INCLOAD_OK ? begin_target(group, err) : status;
}

/* ---- read ---- */

/* In company the target changes as late as can be, and in the given order: rows go straight to it only while none are
 * kept back, and no reader would have to wait for it. */
static bool
must_wait(const incload__load *load)
{
    const incload__group *group = load->group;

    if (group->count == 1 || load->window.empty)
        return false;
    for (int32_t i = 0; group->loads[i] != load; i++) {
        if (group->loads[i]->staged)
            return true;
    }
    return load->evolve->change_count > 0;
}

static int32_t
prepare(incload__load *load, incload_error **err)
{
    return incload__evolve_apply(load, false, err);
}

static int32_t
find(incload__load *load, incload_error **err)
{
    int32_t status = incload__reject_begin(load, err);

    /* Where the rows of an interval give way first nothing depends on it, and others of the same backfill may be about
     * to commit the first. */
    load->had_rows = load->spec->interval != NULL && incload__mode_clears_first(load);
    if (status == INCLOAD_OK && !load->had_rows)
        status = incload__target_has_rows(load, &load->had_rows, err);
    if (status == INCLOAD_OK)
        status = check_state(load, load->had_rows, err);
    if (status == INCLOAD_OK)
        status = incload__window_find(load, load->from, err);
    INCLOAD__FAILPOINT_ON(status, load->from, "window.found", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK && incload__by_cursor(load))
        status = incload__window_probe(load, load->from, err);
    return status;
}

static int32_t
read_rows(incload__load *load, incload_error **err)
{
    int32_t status = find(load, err);

    if (status == INCLOAD_OK) {
        load->staged = incload__audit_wants_staging(load) || must_wait(load)
                       || (!load->window.empty && incload__mode_needs_staging(load, load->had_rows));
        status = load->staged ? incload__staging_make(load, err) : use_target(load, err);
    }
    if (status == INCLOAD_OK && !load->staged)
        status = incload__evolve_apply(load, true, err);
    if (status == INCLOAD_OK && !load->staged && load->had_rows && incload__mode_clears_first(load))
        status = incload__clear_interval(load, err);
    if (status == INCLOAD_OK)
        status = incload__clearing(load, incload__transfer(load, err), err);
    INCLOAD__FAILPOINT_ON(status, load->to, "rows.transferred", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = incload__horizon_close(load, err);
    INCLOAD__FAILPOINT_ON(status, load->from, "horizon.closed", INCLOAD_E_CONNECT, err);
    return status == INCLOAD_OK ? incload__deletes_read(load, err) : status;
}

/* The reading snapshots end before the commit: on one SQLite file they would stand in its way. */
static void
end_reading(const incload__group *group)
{
    for (int32_t i = 0; i < group->count; i++)
        incload__conn_leave(group->loads[i]->from, NULL);
}

/* ---- write, audit, publish ---- */

static int32_t
audit(incload__load *load, incload_error **err)
{
    int32_t status = incload__audit(load, err);

    INCLOAD__FAILPOINT_ON(status, load->to, "audit.passed", INCLOAD_E_CONFLICT, err);
    return status == INCLOAD_OK ? incload__mode_check_staged(load, load->had_rows, err) : status;
}

static int32_t
publish(incload__load *load, incload_error **err)
{
    int32_t status = load->staged ? incload__evolve_apply(load, true, err) : INCLOAD_OK;

    if (status == INCLOAD_OK)
        status = incload__late_count(load, err);
    INCLOAD__FAILPOINT_ON(status, load->to, "publish.before", INCLOAD_E_CONFLICT, err);
    return status == INCLOAD_OK && load->staged ? incload__publish_others(load, err) : status;
}

static int32_t
settle(incload__load *load, incload_error **err)
{
    int32_t status = incload__audit_balance(load, err);

    return status == INCLOAD_OK ? incload__reject_end(load, err) : status;
}

static int32_t
carry_out(incload__group *group, incload_error **err)
{
    int32_t status = incload__group_each(group, prepare, err);

    if (status == INCLOAD_OK)
        status = begin_all(group, err);
    if (status == INCLOAD_OK)
        status = incload__group_each(group, read_rows, err);
    end_reading(group);
    if (status == INCLOAD_OK)
        status = incload__group_each(group, audit, err);
    /* As late as can be: from here to the commit readers of the target wait. */
    if (status == INCLOAD_OK)
        status = incload__group_each(group, publish, err);
    INCLOAD__FAILPOINT_ON(status, group->loads[0]->to, "publish.done", INCLOAD_E_CONNECT, err);
    /* A row that others refer to comes before them and goes after them. */
    if (status == INCLOAD_OK)
        status = incload__group_each_backwards(group, incload__deletes_apply, err);
    INCLOAD__FAILPOINT_ON(status, group->loads[0]->to, "deletes.applied", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = incload__group_each(group, settle, err);
    return status == INCLOAD_OK ? incload__commit(group, err) : status;
}

/* Only the columns may have changed, and they have not: the turn ends without a transaction. */
static int32_t
carry_out_columns(incload__group *group, incload_error **err)
{
    bool due = false;
    int32_t status = incload__evolve_is_due(group->loads[0], &due, err);

    if (status == INCLOAD_OK && due)
        return carry_out(group, err);
    if (status == INCLOAD_OK)
        incload__turn_end(group);
    return status;
}

int32_t
incload__carry_out(incload__group *group, incload_error **err)
{
    incload__load *first = group->loads[0];

    if (first->spec->replay)
        return incload__replay_carry_out(first, err);
    if (first->how->write == INCLOAD__WRITE_SWAP)
        return incload__swap_carry_out(first, err);
    int32_t status = first->spec->columns_only ? carry_out_columns(group, err) : carry_out(group, err);
    if (status != INCLOAD_OK && first->to != NULL)
        first->to->driver->rollback(first->to, NULL);
    return status == INCLOAD_E_CONSTRAINT ? explain_constraint(group, err) : status;
}
