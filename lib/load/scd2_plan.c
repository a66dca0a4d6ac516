/* SPDX-License-Identifier: Apache-2.0 */
/* write=scd2 as it is planned: the columns that tell a version's time, and what must be true of them. */
#include <string.h>

#include "dialect/scd2.h"
#include "load/internal.h"

static const char *
name_of(const incload__strategy_values *how, int32_t which)
{
    const char *const names[INCLOAD__HISTORY_COLUMNS] = {
        [INCLOAD__HISTORY_FROM] = how->valid_from_column,
        [INCLOAD__HISTORY_TO] = how->valid_to_column,
        [INCLOAD__HISTORY_CURRENT] = how->current_column,
        [INCLOAD__HISTORY_DELETED] = how->is_deleted_column,
    };

    return names[which];
}

bool
incload__scd2_fills(const incload__load *load, const char *name)
{
    for (int32_t i = 0; i < INCLOAD__HISTORY_COLUMNS; i++) {
        if (strcmp(name_of(load->how, i), name) == 0)
            return true;
    }
    return false;
}

static const char *const options[INCLOAD__HISTORY_COLUMNS] = {
    [INCLOAD__HISTORY_FROM] = "valid_from_column",
    [INCLOAD__HISTORY_TO] = "valid_to_column",
    [INCLOAD__HISTORY_CURRENT] = "current_column",
    [INCLOAD__HISTORY_DELETED] = "is_deleted_column",
};

static int32_t
check_names(const incload__strategy_values *how, incload_error **err)
{
    for (int32_t i = 0; i < INCLOAD__HISTORY_COLUMNS; i++) {
        if (name_of(how, i) == NULL || name_of(how, i)[0] == '\0')
            return incload__fail(err, INCLOAD_E_INVALID, "option '%s' must not be empty", options[i]);
        for (int32_t k = 0; k < i; k++) {
            if (strcmp(name_of(how, i), name_of(how, k)) == 0)
                return incload__fail(err, INCLOAD_E_INVALID, "options '%s' and '%s' name the same column '%.64s'",
                                     options[k], options[i], name_of(how, i));
        }
    }
    return INCLOAD_OK;
}

int32_t
incload__scd2_check_options(const incload__load *load, incload_error **err)
{
    const incload__strategy_values *how = load->how;
    bool by_stamp = how->scd2_compare == INCLOAD__SCD2_TIMESTAMP;

    if (how->write != INCLOAD__WRITE_SCD2) {
        if (by_stamp || how->scd2_columns != NULL || how->scd2_deletes != INCLOAD__SCD2_IGNORE)
            return incload__fail(err, INCLOAD_E_INVALID,
                                 "options 'scd2_compare', 'scd2_columns' and 'scd2_deletes' need write=scd2");
        return INCLOAD_OK;
    }
    if (by_stamp && how->latest_by == NULL && how->cursor == NULL)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "scd2_compare=timestamp needs option 'latest_by' (or 'cursor'): the column with the time "
                             "of a row's last change");
    if (by_stamp && how->scd2_columns != NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "option 'scd2_columns' needs scd2_compare=columns");
    if (by_stamp && how->latest_by == NULL && how->null_cursor == INCLOAD__NULL_CURSOR_INCLUDE)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "null_cursor=include needs scd2_compare=columns: a row without a time begins no version");
    if (how->scd2_deletes != INCLOAD__SCD2_IGNORE && how->window != INCLOAD__WINDOW_ALL)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "scd2_deletes needs window=all: a window of changes does not show which keys are gone");
    return check_names(how, err);
}

/* Which column has a row's own time; -1 when columns are compared. */
static int32_t
stamp_of(const incload__load *load)
{
    if (load->how->scd2_compare != INCLOAD__SCD2_TIMESTAMP)
        return -1;
    return load->how->latest_by != NULL ? load->latest_by : load->cursor;
}

static bool
is_time(incload__type type)
{
    return type.kind == INCLOAD__TIMESTAMP || type.kind == INCLOAD__TIMESTAMPTZ;
}

static int32_t
fail_stamp(const incload__load *load, int32_t stamp, incload_error **err)
{
    char text[64];

    return incload__fail(err, INCLOAD_E_TYPE,
                         "scd2_compare=timestamp needs a column of timestamps, and '%.64s' is %s: name another by "
                         "option 'latest_by', or take scd2_compare=columns",
                         load->shape.columns[stamp].name,
                         incload__type_text(load->shape.columns[stamp].type, text, sizeof text));
}

/* ---- a table that is made ---- */

static int32_t
add_column(incload__schema *columns, const char *name, const char *native, incload__type type, incload_error **err)
{
    if (incload__schema_find(columns, name) >= 0)
        return incload__fail(err, INCLOAD_E_EXISTS,
                             "the source has a column '%.64s', which is the name of a column that write=scd2 adds: "
                             "rename one, by option 'columns' or by the options 'valid_from_column' and the like",
                             name);
    return incload__schema_add(columns, name, native, type) != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

int32_t
incload__scd2_shape(incload__load *load, incload__schema *columns, int32_t *key, int32_t *key_count,
                    incload_error **err)
{
    static const incload__type flag = { INCLOAD__BOOL, 0, 0 };
    const incload__dialect *dialect = load->to->dialect;
    int32_t stamp = stamp_of(load), loaded = columns->count;
    incload__type time = { INCLOAD__TIMESTAMPTZ, 0, 6 };
    incload__str time_native = INCLOAD__STR(load->mem), flag_native = INCLOAD__STR(load->mem);
    int32_t status = INCLOAD_OK, count = INCLOAD__HISTORY_DELETED;

    if (stamp >= 0 && !is_time(columns->columns[stamp].type))
        return fail_stamp(load, stamp, err);
    if (stamp >= 0) {
        time = columns->columns[stamp].type;
        incload__str_add(&time_native, columns->columns[stamp].native);
    } else {
        status = dialect->native_type(&time_native, name_of(load->how, INCLOAD__HISTORY_FROM), time, true, err);
    }
    if (status == INCLOAD_OK)
        status = dialect->native_type(&flag_native, name_of(load->how, INCLOAD__HISTORY_CURRENT), flag, false, err);
    if (status == INCLOAD_OK && (time_native.failed || flag_native.failed))
        status = incload__fail_memory(err);
    if (load->how->scd2_deletes == INCLOAD__SCD2_NEW_RECORD)
        count = INCLOAD__HISTORY_COLUMNS;
    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++) {
        bool is_flag = i >= INCLOAD__HISTORY_CURRENT;
        status = add_column(columns, name_of(load->how, i),
                            incload__str_text(is_flag ? &flag_native : &time_native), is_flag ? flag : time, err);
        if (status == INCLOAD_OK)
            columns->columns[columns->count - 1].nullable = i == INCLOAD__HISTORY_TO;
    }
    memcpy(key, load->key, (size_t)load->key_count * sizeof *key);
    key[load->key_count] = loaded;
    *key_count = load->key_count + 1;
    incload__str_free(&time_native);
    incload__str_free(&flag_native);
    return status;
}

/* ---- a table that is there ---- */

static bool
is_flag(incload__kind kind)
{
    return kind == INCLOAD__BOOL || kind == INCLOAD__INT8 || kind == INCLOAD__INT16 || kind == INCLOAD__INT32
           || kind == INCLOAD__INT64;
}

static int32_t
check_type(const incload__load *load, int32_t which, const incload__column *column, incload_error **err)
{
    char table[200];
    bool time = which <= INCLOAD__HISTORY_TO;

    if (column->generated || (time ? !is_time(column->type) : !is_flag(column->type.kind)))
        return incload__fail(err, INCLOAD_E_TYPE,
                             "column '%.64s' of target table %s is %.64s, where write=scd2 needs %s: change it, or "
                             "name another by option '%s'",
                             column->name, incload__table_text(&load->target_name, table, sizeof table),
                             column->native != NULL ? column->native : "computed",
                             time ? "a timestamp" : "a boolean", options[which]);
    if (which == INCLOAD__HISTORY_TO && !column->nullable)
        return incload__fail(err, INCLOAD_E_TYPE,
                             "column '%.64s' of target table %s must allow NULL: a current version has no end",
                             column->name, incload__table_text(&load->target_name, table, sizeof table));
    return INCLOAD_OK;
}

static int32_t
find_own(incload__load *load, const incload__schema *all, int32_t which, incload_error **err)
{
    const char *name = name_of(load->how, which);
    int32_t at = incload__schema_find(all, name);
    bool wanted = which < INCLOAD__HISTORY_DELETED || load->how->scd2_deletes == INCLOAD__SCD2_NEW_RECORD;
    bool loaded = incload__schema_find(&load->target, name) >= 0;
    char table[200];

    /* A mark of deleted keys that is there is heeded, whatever the option is now. */
    if (!wanted && (at < 0 || loaded || !is_flag(all->columns[at].type.kind)))
        return INCLOAD_OK;
    if (at < 0)
        return incload__fail(err, INCLOAD_E_NOT_FOUND,
                             "target table %s has no column '%.64s', which write=scd2 needs: add it (valid_from, "
                             "valid_to: timestamp; is_current, is_deleted: boolean), or name another by option '%s'",
                             incload__table_text(&load->target_name, table, sizeof table), name, options[which]);
    if (loaded)
        return incload__fail(err, INCLOAD_E_EXISTS,
                             "column '%.64s' is loaded from the source, and write=scd2 keeps its own there: rename "
                             "one, by option 'columns' or '%s'",
                             name, options[which]);
    const incload__column *column = &all->columns[at];
    int32_t status = check_type(load, which, column, err);
    if (status != INCLOAD_OK)
        return status;
    incload__column *copy = incload__schema_add(&load->history, column->name, column->native, column->type);
    if (copy == NULL)
        return incload__fail_memory(err);
    copy->nullable = column->nullable;
    copy->native_id = column->native_id;
    return INCLOAD_OK;
}

/* A time that was rounded could make two versions one. */
static int32_t
check_stamp(const incload__load *load, incload_error **err)
{
    const incload__type from = load->history.columns[INCLOAD__HISTORY_FROM].type;
    const incload__type to = load->history.columns[INCLOAD__HISTORY_TO].type;
    const incload__column *stamp = load->stamp >= 0 ? &load->target.columns[load->stamp] : NULL;
    bool as_text = load->to->dialect->history->civil == NULL;
    char table[200];

    if (stamp != NULL && !is_time(stamp->type))
        return fail_stamp(load, load->stamp, err);
    if (to.scale >= from.scale && (!as_text || to.kind == from.kind)
        && (stamp == NULL || (from.scale >= stamp->type.scale && (!as_text || from.kind == stamp->type.kind))))
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_TYPE,
                         "columns '%.64s' and '%.64s' of target table %s must hold %s exactly: give them one type with "
                         "as many digits of a second",
                         load->history.columns[INCLOAD__HISTORY_FROM].name,
                         load->history.columns[INCLOAD__HISTORY_TO].name,
                         incload__table_text(&load->target_name, table, sizeof table),
                         stamp != NULL ? "a row's time" : "the same times");
}

static int32_t
add_compared(incload__load *load, int32_t column, incload_error **err)
{
    const incload__column *from = &load->target.columns[column];
    incload__column *copy = incload__schema_add(&load->compared, from->name, from->native, from->type);

    if (copy == NULL)
        return incload__fail_memory(err);
    copy->nullable = from->nullable;
    copy->native_id = from->native_id;
    return INCLOAD_OK;
}

static int32_t
find_compared(incload__load *load, incload_error **err)
{
    incload__list list;
    int32_t status = incload__list_parse(load->mem, "scd2_columns", load->how->scd2_columns, &list, err);

    for (int32_t i = 0; i < list.count && status == INCLOAD_OK; i++) {
        int32_t at = incload__schema_find(&load->shape, list.items[i].name);
        if (at < 0 || list.items[i].alias != NULL)
            status = incload__fail(err, at < 0 ? INCLOAD_E_NOT_FOUND : INCLOAD_E_INVALID,
                                   "option 'scd2_columns' takes loaded columns by their names in the source, and "
                                   "'%.64s' is none",
                                   list.items[i].name);
        else if (!incload__is_key(load, at))
            status = add_compared(load, at, err);
    }
    for (int32_t i = 0; i < load->target.count && list.count == 0 && status == INCLOAD_OK; i++) {
        if (!incload__is_key(load, i))
            status = add_compared(load, i, err);
    }
    incload__list_free(&list);
    return status;
}

static int32_t
check_key(incload__load *load, incload_error **err)
{
    incload__schema columns;
    incload__rows keys = { .mem = load->mem };
    int32_t key[MAX_KEY + 1];
    char table[200];
    const incload__column *from = &load->history.columns[INCLOAD__HISTORY_FROM];

    memcpy(key, load->key, (size_t)load->key_count * sizeof *key);
    key[load->key_count] = load->target.count;
    incload__schema_init(&columns, load->mem);
    int32_t status = incload__schema_copy(&columns, &load->target, err);
    if (status == INCLOAD_OK && incload__schema_add(&columns, from->name, from->native, from->type) == NULL)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = incload__inspect_keys(load, load->to, &load->target_name, &keys, err);
    if (status == INCLOAD_OK && !incload__keys_match(&keys, &columns, key, load->key_count + 1))
        status = incload__fail(err, INCLOAD_E_CONSTRAINT,
                               "target table %s has no primary key or unique index on exactly the columns of option "
                               "'key' and '%.64s': create one, since without it a version could be there twice",
                               incload__table_text(&load->target_name, table, sizeof table), from->name);
    incload__rows_free(&keys);
    incload__schema_free(&columns);
    return status;
}

int32_t
incload__scd2_match(incload__load *load, const incload__schema *all, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    if (load->to->dialect->history == NULL || load->to->dialect->now_us == NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED, "write=scd2 is not possible in a %s target",
                             load->to->dialect->name);
    for (int32_t i = 0; i < INCLOAD__HISTORY_COLUMNS && status == INCLOAD_OK; i++)
        status = find_own(load, all, i, err);
    load->stamp = stamp_of(load);
    if (status == INCLOAD_OK)
        status = check_stamp(load, err);
    if (status == INCLOAD_OK)
        status = find_compared(load, err);
    /* One that is made has it. */
    if (status == INCLOAD_OK && !(load->rehearsed && load->target_made))
        status = check_key(load, err);
    /* Of the rows that come, one of each key makes a version. */
    load->one_per_key = true;
    return status;
}
