/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/table.h"

#include <string.h>

#include "batch/builder.h"
#include "load/mode.h"

/* ---- what is found ---- */

static bool
is_mark(const incload__change_table *table, const char *name)
{
    return incload__schema_find(&table->marks, name) >= 0;
}

static int32_t
copy_column(incload__schema *to, const incload__column *from, incload_error **err)
{
    incload__column *column = incload__schema_add(to, from->name, from->native, from->type);

    if (column == NULL)
        return incload__fail_memory(err);
    column->nullable = from->nullable;
    column->native_id = from->native_id;
    column->required = from->required;
    return INCLOAD_OK;
}

static int32_t
sort_columns(incload__change_table *table, const incload__schema *all, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < all->count && status == INCLOAD_OK; i++) {
        const incload__column *column = &all->columns[i];
        if (!is_mark(table, column->name))
            status = copy_column(column->generated ? &table->computed : &table->columns, column, err);
    }
    return status;
}

/* With deletes=auto rows are marked where the table has both columns for it. */
static int32_t
find_marks(incload__change_table *table, incload__load *shell, const incload__schema *all,
           const incload__changes_values *values, incload_error **err)
{
    incload__strategy_values how = { .deletes = INCLOAD__REMOVE_SOFT,
                                     .deleted_column = values->deleted_column,
                                     .deleted_at_column = values->deleted_at_column };
    incload_error *failure = NULL;

    if (values->deletes == INCLOAD__CHANGES_HARD)
        return INCLOAD_OK;
    shell->how = &how;
    int32_t status = incload__soft_find(shell, all, &failure);
    shell->how = NULL;
    if (status == INCLOAD_E_NOT_FOUND && values->deletes == INCLOAD__CHANGES_AUTO) {
        incload_error_unref(failure);
        return INCLOAD_OK;
    }
    if (status == INCLOAD_OK)
        return incload__schema_copy(&table->marks, &shell->marks, err);
    return incload__error_pass(err, failure);
}

/* ---- the key ---- */

static int32_t
name_key(incload__change_table *table, const incload__list *list, incload_error **err)
{
    char text[200];

    if (list->count > INCLOAD__CHANGE_KEY)
        return incload__fail(err, INCLOAD_E_INVALID, "option 'key' has %d columns: %d are the most", (int)list->count,
                             INCLOAD__CHANGE_KEY);
    for (int32_t i = 0; i < list->count; i++) {
        int32_t at = incload__schema_find(&table->columns, list->items[i].name);
        if (at < 0 || list->items[i].alias != NULL)
            return incload__fail(err, INCLOAD_E_NOT_FOUND,
                                 "option 'key' names '%.64s', which is no column of table %s that can be written",
                                 list->items[i].name, incload__table_text(&table->name, text, sizeof text));
        table->key[table->key_count++] = at;
    }
    return INCLOAD_OK;
}

/* Rows of a table with a key are found by it: many at once, and by an index. */
static int32_t
check_keyless(const incload__change_table *table, const char *option, incload_error **err)
{
    char text[200];

    incload__table_text(&table->name, text, sizeof text);
    if (table->key_count > 0 || option != NULL)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "match=whole is for tables without a key, but table %s has one: leave the option out",
                             text);
    if (table->marks.count > 0)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "rows of table %s, which has no key, cannot be marked as deleted: take deletes=hard",
                             text);
    if (table->dialect->remove_one == NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED, "match=whole is not offered for %s databases: give %s a key",
                             table->dialect->name, text);
    return INCLOAD_OK;
}

static int32_t
find_key(incload__change_table *table, const char *option, int32_t match, const incload__rows *keys,
         incload_error **err)
{
    incload__list list;
    char text[200];
    int32_t status = incload__list_parse(table->mem, "key", option, &list, err);

    if (status != INCLOAD_OK)
        return status;
    status = name_key(table, &list, err);
    incload__list_free(&list);
    if (status != INCLOAD_OK)
        return status;
    if (table->key_count == 0)
        table->key_count = incload__keys_first(keys, &table->columns, table->key);
    if (match == INCLOAD__MATCH_WHOLE)
        return check_keyless(table, option, err);
    if (table->key_count > 0 && incload__keys_match(keys, &table->columns, table->key, table->key_count))
        return INCLOAD_OK;
    return incload__fail(
        err, INCLOAD_E_CONSTRAINT,
        "table %s has no primary key or unique index on exactly the columns of option 'key', by which "
        "changes find their rows: make one, name the columns of one that is there, or take match=whole",
        incload__table_text(&table->name, text, sizeof text));
}

static int32_t
look(incload__change_table *table, incload__load *shell, incload__conn *conn, const incload__changes_values *values,
     incload_error **err)
{
    incload__schema all;
    incload__rows keys = { .mem = table->mem };

    incload__schema_init(&all, table->mem);
    int32_t status = incload__inspect_table(shell, conn, &table->name, &all, err);
    shell->target_name = table->name;
    if (status == INCLOAD_OK)
        status = incload__check_transactional(shell, conn, &table->name, err);
    if (status == INCLOAD_OK)
        status = find_marks(table, shell, &all, values, err);
    if (status == INCLOAD_OK)
        status = sort_columns(table, &all, err);
    if (status == INCLOAD_OK)
        status = incload__inspect_keys(shell, conn, &table->name, &keys, err);
    if (status == INCLOAD_OK)
        status = find_key(table, values->key, values->match, &keys, err);
    if (status == INCLOAD_OK && conn->dialect->parents_query != NULL)
        status = incload__inspect_parents(shell, conn, &table->name, &table->parents, err);
    incload__rows_free(&keys);
    incload__schema_free(&all);
    return status;
}

int32_t
incload__change_table_open(incload__change_table *table, const incload__mem *mem, incload__conn *conn, const char *name,
                           const incload__changes_values *values, incload_error **err)
{
    incload__load *shell;

    table->mem = mem;
    table->dialect = conn->dialect;
    incload__schema_init(&table->columns, mem);
    incload__schema_init(&table->computed, mem);
    incload__schema_init(&table->marks, mem);
    if (conn->dialect->update_rows == NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "changes are not applied to %s databases: take PostgreSQL, MariaDB or SQLite",
                             conn->dialect->name);
    int32_t status = incload__table_parse(mem, name, &table->name, err);
    if (status != INCLOAD_OK)
        return status;
    shell = incload__alloc(mem, sizeof *shell);
    if (shell == NULL)
        return incload__fail_memory(err);
    shell->mem = mem;
    shell->to = conn;
    shell->marker = -1;
    incload__schema_init(&shell->marks, mem);
    status = look(table, shell, conn, values, err);
    incload__schema_free(&shell->marks);
    incload__free(mem, shell);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "target table");
    table->builder = incload__builder_new(mem, &table->columns, err);
    return table->builder != NULL ? INCLOAD_OK : INCLOAD_E_NO_MEMORY;
}

void
incload__change_table_close(incload__change_table *table)
{
    if (table->mem == NULL)
        return;
    incload__builder_free(table->builder);
    incload__table_free(table->mem, &table->name);
    incload__schema_free(&table->columns);
    incload__schema_free(&table->computed);
    incload__schema_free(&table->marks);
    incload__rows_free(&table->parents);
}

bool
incload__change_table_is(const incload__change_table *table, const char *schema, const char *name)
{
    const char *own = table->name.schema;

    return name != NULL && strcmp(table->name.name, name) == 0
           && (own == NULL || schema == NULL ? own == schema : strcmp(own, schema) == 0);
}

/* ---- values ---- */

int32_t
incload__change_key_at(const incload__change_table *table, int32_t column)
{
    for (int32_t i = 0; i < table->key_count; i++) {
        if (table->key[i] == column)
            return i;
    }
    return -1;
}

int32_t
incload__change_put(const incload__change_table *table, incload__builder *builder, int32_t at, int32_t column,
                    const char *text, size_t length)
{
    incload__kind kind = table->columns.columns[column].type.kind;
    int64_t us = 0;

    if (text == NULL)
        return incload__put_null(builder, at);
    int32_t status = incload__put_text(builder, at, text, length);
    /* MariaDB's boolean is a tinyint. */
    if (status == INCLOAD_E_DATA && kind == INCLOAD__INT8 && length == 4 && memcmp(text, "true", 4) == 0)
        return incload__put_int(builder, at, 1);
    if (status == INCLOAD_E_DATA && kind == INCLOAD__INT8 && length == 5 && memcmp(text, "false", 5) == 0)
        return incload__put_int(builder, at, 0);
    /* Where instants are kept as civil time in UTC, one with an offset names what is kept. */
    bool utc = table->dialect != NULL && table->dialect->civil_is_utc;
    if (status == INCLOAD_E_DATA && kind == INCLOAD__TIMESTAMP && utc
        && incload__clock_parse(INCLOAD__TIMESTAMPTZ, text, length, &us))
        return incload__put_int(builder, at, us);
    return status;
}

static int32_t
fail_value(const incload__change_table *table, int32_t column, incload_error **err)
{
    const incload__column *to = &table->columns.columns[column];
    char type[48], name[200];

    return incload__fail(err, INCLOAD_E_DATA,
                         "the event's value for column '%.64s' of table %s is none of type %s: the form of each type "
                         "is told at incload_changes_push()",
                         to->name, incload__table_text(&table->name, name, sizeof name),
                         incload__type_text(to->type, type, sizeof type));
}

static int32_t
put_row(const incload__change_table *table, const incload__cell *cells, int32_t count, incload_error **err)
{
    for (int32_t column = 0, at = 0; column < table->columns.count; column++) {
        const incload__cell *cell = at < count && cells[at].column == column ? &cells[at++] : NULL;
        int32_t status = incload__change_put(table, table->builder, column, column, cell != NULL ? cell->text : NULL,
                                             cell != NULL ? cell->length : 0);
        if (status == INCLOAD_E_NO_MEMORY)
            return incload__fail_memory(err);
        if (status != INCLOAD_OK)
            return fail_value(table, column, err);
    }
    return INCLOAD_OK;
}

static int32_t
read_key(const incload__change_table *table, const struct ArrowArray *row, incload__str key[INCLOAD__CHANGE_KEY],
         incload_error **err)
{
    incload__view view;
    int32_t status = incload__view_init(&view, table->mem, &table->columns, row, err);

    if (status != INCLOAD_OK)
        return status;
    for (int32_t i = 0; i < table->key_count && status == INCLOAD_OK; i++) {
        incload__str_clear(&key[i]);
        if (incload__is_null(&view, table->key[i], 0))
            continue;
        incload__cell_text(&view, table->key[i], 0, &key[i]);
        if (key[i].failed)
            status = incload__fail_memory(err);
    }
    incload__view_free(&view);
    return status;
}

/* After a refusal its columns are of unequal length. */
static int32_t
renew_builder(incload__change_table *table, incload_error **err)
{
    incload__builder_free(table->builder);
    table->builder = incload__builder_new(table->mem, &table->columns, err);
    return table->builder != NULL ? INCLOAD_OK : INCLOAD_E_NO_MEMORY;
}

int32_t
incload__change_check(incload__change_table *table, const incload__cell *cells, int32_t count,
                      incload__str key[INCLOAD__CHANGE_KEY], incload_error **err)
{
    struct ArrowArray row = { .release = NULL };
    int32_t status = table->builder != NULL ? INCLOAD_OK : renew_builder(table, err);

    if (status != INCLOAD_OK)
        return status;
    status = put_row(table, cells, count, err);
    if (status == INCLOAD_OK)
        status = incload__builder_finish(table->builder, &row, err);
    if (status != INCLOAD_OK) {
        incload__builder_free(table->builder);
        table->builder = NULL;
    }
    if (status == INCLOAD_OK)
        status = read_key(table, &row, key, err);
    incload__array_release(&row);
    return status;
}
