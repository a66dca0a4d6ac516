/* SPDX-License-Identifier: Apache-2.0 */
/* The images of an event, from the host's texts to objects of JSON. */
#include <string.h>

#include "cdc/debezium_out.h"
#include "cdc/encoding.h"

/* ---- taking them ---- */

static int32_t
find_column(const incload_debezium *debezium, const char *name, int32_t *at, incload_error **err)
{
    const incload__change_table *table = &debezium->table;

    *at = name != NULL ? incload__schema_find(&table->columns, name) : -1;
    if (*at >= 0 || (name != NULL && incload__schema_find(&table->computed, name) >= 0))
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_NOT_FOUND, "an event brings column '%.64s', which the table does not have",
                         name != NULL ? name : "");
}

/* Which of the image's values each column has: -1 for none. */
static int32_t
place_values(const incload_debezium *debezium, const incload__image *image, int32_t *from, incload_error **err)
{
    for (int32_t i = 0; i < debezium->table.columns.count; i++)
        from[i] = -1;
    for (int32_t i = 0; i < image->count; i++) {
        int32_t at = -1, status = find_column(debezium, image->names[i], &at, err);
        if (status != INCLOAD_OK)
            return status;
        if (at < 0)
            continue;
        if (from[at] >= 0)
            return incload__fail(err, INCLOAD_E_INVALID, "an event brings column '%.64s' twice", image->names[i]);
        from[at] = i;
    }
    return INCLOAD_OK;
}

static int32_t
fail_value(const incload__column *column, int32_t status, incload_error **err)
{
    char type[48];

    if (status == INCLOAD_E_NO_MEMORY)
        return incload__fail_memory(err);
    return incload__fail(err, INCLOAD_E_DATA,
                         "the event's value for column '%.64s' is none of type %s: the form of each type is told at "
                         "incload_changes_push()",
                         column->name, incload__type_text(column->type, type, sizeof type));
}

static int32_t
put_values(incload_debezium *debezium, const incload__image *image, const int32_t *from, bool *present,
           incload_error **err)
{
    incload__change_table *table = &debezium->table;

    for (int32_t i = 0; i < table->columns.count; i++) {
        const char *text = from[i] >= 0 ? image->values[from[i]] : NULL;
        int32_t status = incload__change_put(table, table->builder, i, i, text, text != NULL ? strlen(text) : 0);
        if (status != INCLOAD_OK)
            return fail_value(&table->columns.columns[i], status, err);
        present[i] = from[i] >= 0;
    }
    return INCLOAD_OK;
}

static int32_t
build(incload_debezium *debezium, const incload__image *image, const int32_t *from, incload__debezium_row *row,
      incload_error **err)
{
    incload__change_table *table = &debezium->table;

    if (table->builder == NULL)
        table->builder = incload__builder_new(debezium->mem, &table->columns, err);
    if (table->builder == NULL)
        return INCLOAD_E_NO_MEMORY;
    int32_t status = put_values(debezium, image, from, row->present, err);
    if (status == INCLOAD_OK)
        status = incload__builder_finish(table->builder, &row->array, err);
    if (status == INCLOAD_OK)
        return incload__view_init(&row->view, debezium->mem, &table->columns, &row->array, err);
    /* Its columns are of unequal length. */
    incload__builder_free(table->builder);
    table->builder = NULL;
    return status;
}

int32_t
incload__debezium_row_take(incload_debezium *debezium, const incload__image *image, bool *present,
                           incload__debezium_row *row, incload_error **err)
{
    int32_t columns = debezium->table.columns.count;
    int32_t *from = incload__alloc_array(debezium->mem, (size_t)columns, sizeof *from);

    if (from == NULL)
        return incload__fail_memory(err);
    row->present = present;
    int32_t status = place_values(debezium, image, from, err);
    if (status == INCLOAD_OK)
        status = build(debezium, image, from, row, err);
    for (int32_t i = 0; i < columns && status == INCLOAD_OK; i++)
        row->count += row->present[i];
    incload__free(debezium->mem, from);
    return status;
}

void
incload__debezium_row_free(incload__debezium_row *row)
{
    incload__view_free(&row->view);
    incload__array_release(&row->array);
}

/* ---- values ---- */

static bool
is_placeholder(const incload_debezium *debezium, int32_t column, const incload__view *view)
{
    const char *unavailable = debezium->values.unavailable;
    size_t length = 0;

    if (!debezium->fields[column].placeholder)
        return false;
    const char *bytes = incload__get_bytes(view, column, 0, &length);
    return length == strlen(unavailable) && memcmp(bytes, unavailable, length) == 0;
}

static int32_t
add_value(const incload_debezium *debezium, const incload__view *view, int32_t column, incload__str *out,
          incload_error **err)
{
    const char *name = debezium->table.columns.columns[column].name;

    if (incload__is_null(view, column, 0)) {
        incload__str_add(out, "null");
        return INCLOAD_OK;
    }
    if (is_placeholder(debezium, column, view))
        return incload__fail(err, INCLOAD_E_DATA,
                             "the event's value for column '%.64s' is what stands for values that are not known: set "
                             "another by option 'unavailable'",
                             name);
    int32_t status = incload__debezium_field_value(&debezium->fields[column], view, column, 0, out, err);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "column '%.64s'", name);
}

static void
add_name(const incload_debezium *debezium, int32_t column, incload__str *out)
{
    const char *name = debezium->table.columns.columns[column].name;

    if (out->length > 0 && out->data[out->length - 1] != '{')
        incload__str_add_char(out, ',');
    incload__json_string(name, strlen(name), out);
    incload__str_add_char(out, ':');
}

static int32_t
add_member(const incload_debezium *debezium, const incload__debezium_row *row, int32_t column, incload__str *out,
           incload_error **err)
{
    add_name(debezium, column, out);
    return add_value(debezium, &row->view, column, out, err);
}

/* ---- objects ---- */

bool
incload__debezium_row_has_key(const incload_debezium *debezium, const incload__debezium_row *row)
{
    const incload__change_table *table = &debezium->table;

    for (int32_t i = 0; i < table->key_count; i++) {
        if (!row->present[table->key[i]] || incload__is_null(&row->view, table->key[i], 0))
            return false;
    }
    return table->key_count > 0;
}

int32_t
incload__debezium_row_key(const incload_debezium *debezium, const incload__debezium_row *row, incload__str *out,
                          incload_error **err)
{
    const incload__change_table *table = &debezium->table;
    int32_t status = INCLOAD_OK;

    if (!incload__debezium_row_has_key(debezium, row))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "an event does not bring its whole key, or NULL in it: its row cannot be told");
    incload__str_add_char(out, '{');
    for (int32_t i = 0; i < table->key_count && status == INCLOAD_OK; i++)
        status = add_member(debezium, row, table->key[i], out, err);
    incload__str_add_char(out, '}');
    return status == INCLOAD_OK && out->failed ? incload__fail_memory(err) : status;
}

int32_t
incload__debezium_row_before(const incload_debezium *debezium, const incload__debezium_row *row, incload__str *out,
                             incload_error **err)
{
    int32_t status = INCLOAD_OK;

    incload__str_add_char(out, '{');
    for (int32_t i = 0; i < debezium->table.columns.count && status == INCLOAD_OK; i++)
        status = add_member(debezium, row, i, out, err);
    incload__str_add_char(out, '}');
    return status;
}

/* A value that nobody has told. */
static int32_t
add_unknown(const incload_debezium *debezium, int32_t column, bool whole, incload__str *out, incload_error **err)
{
    const incload__debezium_field *field = &debezium->fields[column];
    const char *name = debezium->table.columns.columns[column].name, *unavailable = debezium->values.unavailable;

    if (whole)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "an update that changed the key does not bring column '%.64s': messages of a changed key "
                             "tell the whole row, so give it, or the row before",
                             name);
    if (!field->placeholder && debezium->values.partial == INCLOAD__PARTIAL_OMIT)
        return INCLOAD_OK;
    if (!field->placeholder)
        return incload__fail(
            err, INCLOAD_E_INVALID,
            "an event does not bring column '%.64s', and Debezium has no form for that: bring it, give "
            "the row before, or set partial=omit",
            name);
    add_name(debezium, column, out);
    if (field->form == INCLOAD__FORM_TEXT) {
        incload__json_string(unavailable, strlen(unavailable), out);
        return INCLOAD_OK;
    }
    incload__str_add_char(out, '"');
    incload__base64_encode((const unsigned char *)unavailable, strlen(unavailable), out);
    incload__str_add_char(out, '"');
    return INCLOAD_OK;
}

int32_t
incload__debezium_row_after(const incload_debezium *debezium, const incload__debezium_row *row,
                            const incload__debezium_row *old, bool whole, incload__str *out, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    incload__str_add_char(out, '{');
    for (int32_t i = 0; i < debezium->table.columns.count && status == INCLOAD_OK; i++) {
        if (row->present[i])
            status = add_member(debezium, row, i, out, err);
        else if (old != NULL && old->present[i])
            status = add_member(debezium, old, i, out, err);
        else
            status = add_unknown(debezium, i, whole, out, err);
    }
    incload__str_add_char(out, '}');
    return status;
}
