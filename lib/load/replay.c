/* SPDX-License-Identifier: Apache-2.0 */
/* A run of what the ledger keeps of a load's rejects. They are few, and are written one by one, each by the whole way
 * of a load: process function, staging, checks, publishing. */
#include <string.h>

#include "load/mode.h"
#include "load/reject.h"
#include "state/reject.h"
#include "state/statement.h"

static const char row_point[] = "incload_row";

/* ---- the strategy of a replay ---- */

/* One row at a time must not stand for the whole table: where a mode takes rows away, a replay adds. */
static const struct {
    const char *write;
    const char *replay; /* NULL: not possible */
} modes[] = {
    { "append", "append" },         { "merge", "merge" },   { "insert_new", "insert_new" },
    { "delete_insert", "delete_insert" }, { "replace", "append" }, { "replace_interval", "append" },
    { "swap", "append" },
};

static const char *
replay_mode(const char *write)
{
    for (size_t i = 0; write != NULL && i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(modes[i].write, write) == 0)
            return modes[i].replay;
    }
    return NULL;
}

int32_t
incload__replay_spec(const incload__load_spec *spec, incload__load_spec *out, incload__strategy_values *how,
                     incload_error **err)
{
    const incload__mem *mem = &incload__database_env(spec->target)->mem;
    incload__str word = INCLOAD__STR(mem);

    *out = *spec;
    *how = *spec->how;
    out->how = how;
    how->window = INCLOAD__WINDOW_ALL;
    how->null_cursor = INCLOAD__NULL_CURSOR_RAISE;
    how->missing_state = INCLOAD__MISSING_FAIL;
    how->initial = NULL;
    how->until = NULL;
    how->detect_deletes = INCLOAD__DELETES_NONE;
    how->append_to_rows = true;
    how->allow_empty = false;
    how->min_rows = 0;
    how->max_rows = 0;
    how->max_shrink = 100;
    how->bad_rows = INCLOAD__BAD_ROWS_REJECT;
    how->max_rejected = INT64_MAX;
    how->max_rejected_percent = 100;
    how->road = INCLOAD__ROAD_AUTO;
    incload__options_get(&incload__strategy_options, how, "write", &word);
    const char *mode = replay_mode(incload__str_text(&word));
    int32_t status = INCLOAD_OK;
    if (word.failed)
        status = incload__fail_memory(err);
    else if (mode == NULL)
        status = incload__fail(err, INCLOAD_E_UNSUPPORTED,
                               "write=%s cannot land rejected rows one by one: run the load again once their cause is "
                               "gone",
                               incload__str_text(&word));
    else
        status = incload__options_set(&incload__strategy_options, mem, how, "write", mode, err);
    incload__str_free(&word);
    return status;
}

/* ---- one row ---- */

/* The stored row, through the process function if it has not been there, as a batch for the target. */
static int32_t
rebuild(incload__load *load, const char *form, const char *json, struct ArrowArray *out, incload_error **err)
{
    bool staged = strcmp(form, INCLOAD__FORM_TARGET) == 0;
    struct ArrowArray array;
    incload__builder *builder = incload__builder_new(load->mem, staged ? &load->write : &load->travel, err);

    if (builder == NULL)
        return INCLOAD_E_NO_MEMORY;
    memset(&array, 0, sizeof array);
    int32_t status = incload__reject_parse(json, builder, err);
    if (status == INCLOAD_OK)
        status = incload__builder_finish(builder, &array, err);
    incload__builder_free(builder);
    if (status != INCLOAD_OK)
        return status;
    if (strcmp(form, INCLOAD__FORM_SOURCE) == 0 && load->spec->function != NULL)
        status = incload__call_function(load, &array, err);
    if (staged)
        *out = array;
    else if (status == INCLOAD_OK)
        status = incload__convert(load->mem, &load->travel, &array, &load->write, out, err);
    return status;
}

/* t.column OP staging.column */
static int32_t
add_comparison(const incload__load *load, incload__str *sql, int32_t column, const char *operator, incload_error **err)
{
    const incload__dialect *dialect = load->to->dialect;
    const char *name = load->target.columns[column].name;

    incload__str_add(sql, "t.");
    int32_t status = dialect->quote(sql, "column", name, err);
    incload__str_addf(sql, " %s %s.", operator, load->destination);
    return status == INCLOAD_OK ? dialect->quote(sql, "column", name, err) : status;
}

/* A row that a later load has brought in a newer version: the older one stays out. */
static int32_t
drop_stale(incload__load *load, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem);
    int64_t dropped = 0;

    if (load->key_count == 0 || load->cursor < 0)
        return INCLOAD_OK;
    incload__str_addf(&sql, "DELETE FROM %s WHERE EXISTS (SELECT 1 FROM ", load->destination);
    int32_t status = incload__quote_table(load->to->dialect, &sql, &load->target_name, err);
    incload__str_add(&sql, " AS t WHERE ");
    for (int32_t i = 0; i < load->key_count && status == INCLOAD_OK; i++) {
        status = add_comparison(load, &sql, load->key[i], "=", err);
        incload__str_add(&sql, " AND ");
    }
    if (status == INCLOAD_OK)
        status = add_comparison(load, &sql, load->cursor, ">", err);
    incload__str_add(&sql, ")");
    if (status == INCLOAD_OK)
        status = sql.failed
                     ? incload__fail_memory(err)
                     : load->to->driver->execute(load->to, incload__str_text(&sql), NULL, 0, &dropped, err);
    incload__str_free(&sql);
    if (status == INCLOAD_OK && dropped > 0) {
        atomic_fetch_sub(&load->unit->rows_written, dropped);
        atomic_fetch_add(&load->unit->rows_skipped, dropped);
    }
    return status;
}

static int32_t
land(incload__load *load, const char *form, const char *json, incload_error **err)
{
    struct ArrowArray array;
    int64_t staged = 0;

    memset(&array, 0, sizeof array);
    int32_t status = rebuild(load, form, json, &array, err);
    if (status == INCLOAD_OK)
        status = incload__staging_make(load, err);
    if (status == INCLOAD_OK && array.length > 0)
        status = incload__reject_write(load, &array, &staged, err);
    incload__array_release(&array);
    atomic_store(&load->unit->rows_written, staged);
    if (status == INCLOAD_OK)
        status = drop_stale(load, err);
    if (status == INCLOAD_OK)
        status = incload__audit(load, err);
    if (status == INCLOAD_OK)
        status = incload__mode_check_staged(load, true, err);
    return status == INCLOAD_OK ? incload__publish(load, err) : status;
}

/* Undoes what was tried, and keeps the row with its new reason. */
static int32_t
keep_again(incload__load *load, const char *run_id, int64_t number, const incload_error *why, incload_error **err)
{
    incload__str drop = INCLOAD__STR(load->mem);
    int32_t status = incload__savepoint_undo(load->to, row_point, err);

    load->to->dialect->drop_staging(&drop, load->staging);
    if (status == INCLOAD_OK && load->staging[0] != '\0')
        status = drop.failed ? incload__fail_memory(err)
                             : load->to->driver->execute(load->to, incload__str_text(&drop), NULL, 0, NULL, err);
    incload__str_free(&drop);
    if (status == INCLOAD_OK)
        status = incload__reject_again(&load->ledger, load->to, run_id, number, incload_error_message(why),
                                       incload__reject_state(why), err);
    return status;
}

static int32_t
replay_row(incload__load *load, const incload__rows *rows, int64_t row, incload_error **err)
{
    incload_unit *unit = load->unit;
    const char *run_id = incload__rows_get(rows, row, INCLOAD__REJECT_RUN);
    const char *form = incload__rows_get(rows, row, INCLOAD__REJECT_FORM);
    const char *json = incload__rows_get(rows, row, INCLOAD__REJECT_ROW);
    int64_t number = incload__to_number(incload__rows_get(rows, row, INCLOAD__REJECT_NUMBER));
    int64_t written = atomic_load(&unit->rows_written), skipped = atomic_load(&unit->rows_skipped);
    int64_t added = load->rows_added, deleted = atomic_load(&unit->rows_deleted);
    incload_error *why = NULL;

    if (run_id == NULL || form == NULL || json == NULL)
        return incload__fail(err, INCLOAD_E_PROTOCOL, "a row of the ledger's table of rejects lacks a value");
    int32_t status = incload__load_check(load, err);
    if (status == INCLOAD_OK)
        status = incload__savepoint_set(load->to, row_point, err);
    if (status != INCLOAD_OK)
        return status;
    atomic_fetch_add(&unit->rows_read, 1);
    status = land(load, form, json, &why);
    if (status == INCLOAD_OK) {
        atomic_fetch_add(&unit->rows_written, written);
        status = incload__savepoint_release(load->to, row_point, err);
        return status == INCLOAD_OK
                   ? incload__reject_landed(&load->ledger, load->to, run_id, number, unit->run_id, err)
                   : status;
    }
    if (!incload__reject_is_bad_row(load, why) && status != INCLOAD_E_CHECK)
        return incload__error_pass(err, why);
    status = keep_again(load, run_id, number, why, err);
    incload_error_unref(why);
    load->rows_added = added;
    atomic_store(&unit->rows_written, written);
    atomic_store(&unit->rows_skipped, skipped);
    atomic_store(&unit->rows_deleted, deleted);
    atomic_fetch_add(&unit->rows_rejected, 1);
    return status;
}

/* ---- all of them ---- */

static int32_t
replay_all(incload__load *load, incload_error **err)
{
    incload__reject_place place = { .at_us = -1 };
    int32_t status = INCLOAD_OK;
    int64_t got = 1;

    while (status == INCLOAD_OK && got > 0) {
        incload__rows rows;
        status = incload__reject_page(&load->ledger, load->to, load->spec->name, &place, &rows, err);
        got = status == INCLOAD_OK ? rows.count : 0;
        for (int64_t i = 0; i < got && status == INCLOAD_OK; i++)
            status = replay_row(load, &rows, i, err);
        if (got > 0)
            incload__rows_free(&rows);
    }
    return status;
}

int32_t
incload__replay_carry_out(incload__load *load, incload_error **err)
{
    int32_t status = incload__evolve_apply(load, false, err);

    load->staged = true;
    if (status == INCLOAD_OK)
        status = load->to->driver->begin(load->to, err);
    if (status == INCLOAD_OK)
        status = incload__evolve_apply(load, true, err);
    if (status == INCLOAD_OK)
        status = incload__reject_begin(load, err);
    if (status == INCLOAD_OK)
        status = replay_all(load, err);
    if (status == INCLOAD_OK)
        status = incload__audit_balance(load, err);
    if (status == INCLOAD_OK)
        status = incload__commit(load->group, err);
    if (status != INCLOAD_OK)
        load->to->driver->rollback(load->to, NULL);
    return status;
}
