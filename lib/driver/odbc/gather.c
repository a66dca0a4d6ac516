/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/odbc/writer.h"

#include <string.h>

enum { GATHER_ROWS = 2000, GATHER_CELLS = 1 << 16, GATHER_LEAST = 100 };

/* ---- opening ---- */

static const incload__method *
method_of(const incload__odbc_profile *profile)
{
    switch (profile->bulk) {
    case INCLOAD__BULK_ARRAY:
        return &incload__method_array;
    case INCLOAD__BULK_UNNEST:
        return &incload__method_unnest;
    default:
        return &incload__method_values;
    }
}

static int32_t
rows_at_once(const incload__conn *conn, const incload__odbc_profile *profile, int32_t columns)
{
    int32_t rows = profile->bulk_rows;

    if (profile->bulk == INCLOAD__BULK_VALUES && conn->dialect->max_params > 0
        && rows > conn->dialect->max_params / columns)
        rows = conn->dialect->max_params / columns;
    /* A wide table must not make thousands of rows a matter of many megabytes. */
    if (profile->bulk != INCLOAD__BULK_VALUES && rows > GATHER_CELLS / columns)
        rows = GATHER_CELLS / columns > GATHER_LEAST ? GATHER_CELLS / columns : GATHER_LEAST;
    return rows < 1 ? 1 : rows;
}

static int32_t
writer_init(incload__odbc_writer *writer, const char *table, const incload__schema *schema, incload_error **err)
{
    const incload__conn *conn = &writer->conn->base;
    const incload__mem *mem = &conn->env->mem;

    writer->filling = &writer->gathered[0];
    writer->sent = &writer->gathered[1];
    for (int32_t i = 0; i < 2; i++)
        writer->gathered[i].text = (incload__str)INCLOAD__STR(mem);
    incload__schema_init(&writer->schema, mem);
    int32_t status = incload__schema_copy(&writer->schema, schema, err);
    if (status != INCLOAD_OK)
        return status;
    writer->method = method_of(writer->conn->profile);
    writer->step = rows_at_once(conn, writer->conn->profile, schema->count);
    /* Short statements go by the dozen: each request costs two switches of threads. */
    writer->max_rows = writer->step < GATHER_ROWS ? GATHER_ROWS / writer->step * writer->step : writer->step;
    writer->table = incload__strdup(mem, table);
    writer->forms = incload__alloc_array(mem, (size_t)schema->count, sizeof *writer->forms);
    if (writer->table == NULL || writer->forms == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < 2; i++) {
        writer->gathered[i].cells = incload__alloc_array(mem, (size_t)schema->count * (size_t)writer->max_rows,
                                                         sizeof *writer->gathered[i].cells);
        if (writer->gathered[i].cells == NULL)
            return incload__fail_memory(err);
    }
    for (int32_t i = 0; i < schema->count; i++)
        writer->forms[i] = incload__cell_write(conn, writer->conn->profile, &writer->schema.columns[i]);
    return INCLOAD_OK;
}

int32_t
incload__gather_new(incload__odbc_conn *conn, const char *table, const incload__schema *schema,
                    incload__odbc_writer **out, incload_error **err)
{
    incload__odbc_writer *writer = incload__alloc(&conn->base.env->mem, sizeof *writer);

    *out = NULL;
    if (writer == NULL)
        return incload__fail_memory(err);
    writer->conn = conn;
    int32_t status = writer_init(writer, table, schema, err);
    if (status != INCLOAD_OK) {
        incload__write_free(&writer->thing);
        return status;
    }
    incload__thing_add(conn, &writer->thing, incload__write_free);
    *out = writer;
    return INCLOAD_OK;
}

bool
incload__gather_full(const incload__odbc_writer *writer)
{
    return writer->filling->rows == writer->max_rows || writer->filling->text.length >= INCLOAD__WRITE_BYTES;
}

void
incload__gather_turn(incload__odbc_writer *writer)
{
    incload__gathered *sent = writer->sent;

    writer->sent = writer->filling;
    writer->filling = sent;
}

/* ---- cells ---- */

static int32_t
gather_text(incload__odbc_writer *writer, const incload__view *view, int32_t column, int64_t row,
            incload__write_cell *cell, incload_error **err)
{
    const incload__column *target = &writer->schema.columns[column];
    incload__str *text = &writer->filling->text;
    int32_t status = INCLOAD_OK;

    cell->start = text->length;
    if (target->type.kind == INCLOAD__BINARY) {
        size_t length;
        const void *bytes = incload__get_bytes(view, column, row, &length);
        /* bytea's hex form, for a driver that gets PostgreSQL's values one by one. */
        if (writer->forms[column] == INCLOAD__CELL_TEXT && writer->method == &incload__method_values) {
            incload__str_add(text, "\\x");
            incload__str_add_hex(text, bytes, length);
        } else {
            incload__str_add_bytes(text, bytes, length);
        }
    } else {
        status = writer->conn->base.dialect->encode(view, column, row, target, text, err);
    }
    cell->length = text->length - cell->start;
    /* What is not text in the batch was written here, without one. */
    if (view->columns[column].offsets != NULL && cell->length > 0)
        cell->has_nul = memchr(text->data + cell->start, '\0', cell->length) != NULL;
    incload__str_add_char(text, '\0');
    if (status == INCLOAD_OK && text->failed)
        status = incload__fail_memory(err);
    return status;
}

static int32_t
gather_double(incload__odbc_writer *writer, const incload__view *view, int32_t column, int64_t row,
              incload__write_cell *cell, incload_error **err)
{
    double value = incload__get_float(view, column, row);
    incload__str *text = &writer->filling->text;

    if (!__builtin_isfinite(value) || (!(value < 0 || value > 0) && __builtin_signbit(value) != 0)) {
        /* The dialect knows what its database cannot hold: infinities, NaN, a negative zero. */
        size_t before = text->length;
        int32_t status =
            writer->conn->base.dialect->encode(view, column, row, &writer->schema.columns[column], text, err);
        if (status != INCLOAD_OK)
            return status;
        text->length = before;
    }
    cell->real = value;
    return INCLOAD_OK;
}

int32_t
incload__gather_row(incload__odbc_writer *writer, const incload__view *view, int64_t row, incload_error **err)
{
    incload__gathered *into = writer->filling;
    incload__write_cell *cells = &into->cells[(int64_t)into->rows * writer->schema.count];
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < writer->schema.count && status == INCLOAD_OK; i++) {
        incload__write_cell *cell = &cells[i];
        *cell = (incload__write_cell){ .is_null = incload__is_null(view, i, row) };
        if (cell->is_null)
            continue;
        if (writer->forms[i] == INCLOAD__CELL_INT)
            cell->number = incload__get_int(view, i, row);
        else if (writer->forms[i] == INCLOAD__CELL_DOUBLE)
            status = gather_double(writer, view, i, row, cell, err);
        else
            status = gather_text(writer, view, i, row, cell, err);
    }
    into->rows++;
    return status;
}
