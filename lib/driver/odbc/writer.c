/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/odbc/writer.h"

#include <string.h>

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
    return rows < 1 ? 1 : rows;
}

static int32_t
writer_init(incload__writer *writer, incload__conn *conn, const char *table, const incload__schema *schema,
            incload_error **err)
{
    const incload__mem *mem = &conn->env->mem;

    writer->conn = incload__odbc_of(conn);
    writer->text = (incload__str)INCLOAD__STR(mem);
    incload__schema_init(&writer->schema, mem);
    int32_t status = incload__schema_copy(&writer->schema, schema, err);
    if (status != INCLOAD_OK)
        return status;
    writer->method = method_of(writer->conn->profile);
    writer->max_rows = rows_at_once(conn, writer->conn->profile, schema->count);
    writer->table = incload__strdup(mem, table);
    writer->forms = incload__alloc_array(mem, (size_t)schema->count, sizeof *writer->forms);
    writer->cells = incload__alloc_array(mem, (size_t)schema->count * (size_t)writer->max_rows, sizeof *writer->cells);
    if (writer->table == NULL || writer->forms == NULL || writer->cells == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < schema->count && status == INCLOAD_OK; i++)
        status = incload__cell_write(conn, writer->conn->profile, &writer->schema.columns[i], &writer->forms[i], err);
    return status;
}

int32_t
incload__odbc_write_open(incload__conn *conn, const char *table, const incload__schema *schema, incload__writer **out,
                         incload_error **err)
{
    *out = NULL;
    int32_t status = incload__conn_check(conn, err);
    if (status != INCLOAD_OK)
        return status;
    if (conn->txn != INCLOAD__TXN_OPEN)
        return incload__fail(err, INCLOAD_E_STATE, "writing into %s needs an open transaction", table);
    if (schema->count < 1)
        return incload__fail(err, INCLOAD_E_INVALID, "writing into %s needs at least one column", table);

    incload__writer *writer = incload__alloc(&conn->env->mem, sizeof *writer);
    if (writer == NULL)
        return incload__fail_memory(err);
    status = writer_init(writer, conn, table, schema, err);
    if (status != INCLOAD_OK) {
        incload__odbc_write_abandon(writer);
        return status;
    }
    *out = writer;
    return INCLOAD_OK;
}

void
incload__odbc_write_abandon(incload__writer *writer)
{
    if (writer == NULL)
        return;
    const incload__mem *mem = &writer->conn->base.env->mem;

    if (writer->prepared != NULL)
        SQLFreeHandle(SQL_HANDLE_STMT, writer->prepared);
    incload__str_free(&writer->text);
    incload__free(mem, writer->cells);
    incload__free(mem, writer->forms);
    incload__free(mem, writer->table);
    incload__schema_free(&writer->schema);
    incload__free(mem, writer);
}

/* ---- for the methods ---- */

int32_t
incload__write_head(incload__writer *writer, incload__str *sql, incload_error **err)
{
    incload__str_addf(sql, "INSERT INTO %s (", writer->table);
    int32_t status = incload__quote_columns(writer->conn->base.dialect, sql, &writer->schema, "", err);
    incload__str_add(sql, ") ");
    return status;
}

int32_t
incload__write_fail(incload__writer *writer, incload_error **err)
{
    incload__str doing = INCLOAD__STR(&writer->conn->base.env->mem);

    incload__str_addf(&doing, "writing into %s", writer->table);
    const char *text = incload__str_text(&doing);
    int32_t status =
        incload__odbc_fail(writer->conn, SQL_HANDLE_STMT, writer->prepared, text != NULL ? text : "writing", err);
    incload__str_free(&doing);
    return status;
}

static int32_t
write_check(incload__writer *writer, SQLRETURN rc, incload_error **err)
{
    if (rc == SQL_SUCCESS)
        return INCLOAD_OK;
    if (rc != SQL_SUCCESS_WITH_INFO)
        return incload__write_fail(writer, err);
    return incload__odbc_check(writer->conn, writer->prepared, rc, "writing", err);
}

int32_t
incload__write_prepare(incload__writer *writer, const char *sql, int32_t rows, incload_error **err)
{
    if (writer->prepared != NULL)
        SQLFreeHandle(SQL_HANDLE_STMT, writer->prepared);
    writer->prepared_rows = 0;
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, writer->conn->dbc, &writer->prepared))) {
        writer->prepared = NULL;
        return incload__odbc_fail(writer->conn, SQL_HANDLE_DBC, writer->conn->dbc, "starting to write", err);
    }
    int32_t status = incload__watch_enter(writer->conn, writer->prepared, err);
    if (status != INCLOAD_OK)
        return status;
    SQLRETURN rc = SQLPrepare(writer->prepared, incload__sqlchar(sql), SQL_NTS);
    incload__watch_leave(writer->conn);
    status = write_check(writer, rc, err);
    if (status == INCLOAD_OK)
        writer->prepared_rows = rows;
    return status;
}

int32_t
incload__write_run(incload__writer *writer, int64_t *taken, incload_error **err)
{
    SQLLEN count = 0;

    int32_t status = incload__watch_enter(writer->conn, writer->prepared, err);
    if (status != INCLOAD_OK)
        return status;
    SQLRETURN rc = incload__odbc_exec(writer->conn, writer->prepared, NULL);
    incload__watch_leave(writer->conn);
    if (rc == SQL_NO_DATA)
        return INCLOAD_OK;
    status = write_check(writer, rc, err);
    if (status == INCLOAD_OK && SQL_SUCCEEDED(SQLRowCount(writer->prepared, &count)) && count > 0)
        *taken += count;
    return status;
}

/* ---- gathering ---- */

static int32_t
flush(incload__writer *writer, incload_error **err)
{
    int64_t taken = 0;

    if (writer->rows == 0)
        return INCLOAD_OK;
    int32_t status = writer->method->send(writer, &taken, err);
    if (status == INCLOAD_OK && taken != writer->rows)
        status = incload__fail(err, INCLOAD_E_DATA,
                               "%s took %lld of %d rows: a trigger or rule of the table drops or adds rows",
                               writer->table, (long long)taken, writer->rows);
    if (status != INCLOAD_OK && writer->conn->base.txn == INCLOAD__TXN_OPEN)
        writer->conn->base.txn = INCLOAD__TXN_FAILED;
    writer->taken += taken;
    writer->rows = 0;
    incload__str_clear(&writer->text);
    return status;
}

/* bytea's hex form, for a driver that gets PostgreSQL's values one by one. */
static void
add_hex(incload__str *out, const uint8_t *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";

    incload__str_add(out, "\\x");
    for (size_t i = 0; i < length; i++) {
        incload__str_add_char(out, digits[bytes[i] >> 4]);
        incload__str_add_char(out, digits[bytes[i] & 15]);
    }
}

static int32_t
gather_text(incload__writer *writer, const incload__view *view, int32_t column, int64_t row, incload__write_cell *cell,
            incload_error **err)
{
    const incload__column *target = &writer->schema.columns[column];
    int32_t status = INCLOAD_OK;

    cell->start = writer->text.length;
    if (target->type.kind == INCLOAD__BINARY) {
        size_t length;
        const void *bytes = incload__get_bytes(view, column, row, &length);
        if (writer->forms[column] == INCLOAD__CELL_TEXT && writer->method == &incload__method_values)
            add_hex(&writer->text, bytes, length);
        else
            incload__str_add_bytes(&writer->text, bytes, length);
    } else {
        status = writer->conn->base.dialect->encode(view, column, row, target, &writer->text, err);
    }
    cell->length = writer->text.length - cell->start;
    incload__str_add_char(&writer->text, '\0');
    if (status == INCLOAD_OK && writer->text.failed)
        status = incload__fail_memory(err);
    return status;
}

static int32_t
gather_double(incload__writer *writer, const incload__view *view, int32_t column, int64_t row,
              incload__write_cell *cell, incload_error **err)
{
    double value = incload__get_float(view, column, row);

    if (!__builtin_isfinite(value) || (!(value < 0 || value > 0) && __builtin_signbit(value) != 0)) {
        /* The dialect knows what its database cannot hold: infinities, NaN, a negative zero. */
        size_t before = writer->text.length;
        int32_t status =
            writer->conn->base.dialect->encode(view, column, row, &writer->schema.columns[column], &writer->text, err);
        if (status != INCLOAD_OK)
            return status;
        writer->text.length = before;
    }
    cell->real = value;
    return INCLOAD_OK;
}

static int32_t
gather_row(incload__writer *writer, const incload__view *view, int64_t row, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < writer->schema.count && status == INCLOAD_OK; i++) {
        incload__write_cell *cell = incload__write_at(writer, writer->rows, i);
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
    writer->rows++;
    return status;
}

static int32_t
write_rows(incload__writer *writer, const incload__view *view, incload_error **err)
{
    for (int64_t row = 0; row < view->rows; row++) {
        int32_t status = gather_row(writer, view, row, err);
        if (status != INCLOAD_OK)
            return status;
        if (writer->rows == writer->max_rows || writer->text.length >= INCLOAD__WRITE_BYTES)
            status = flush(writer, err);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

int32_t
incload__odbc_write_batch(incload__writer *writer, const incload__view *view, incload_error **err)
{
    int32_t status = incload__conn_check(&writer->conn->base, err);

    if (status == INCLOAD_OK && writer->failed)
        status = incload__fail(err, INCLOAD_E_STATE, "writing into %s has failed before", writer->table);
    if (status != INCLOAD_OK)
        return status;
    if (view->schema->count != writer->schema.count)
        return incload__fail(err, INCLOAD_E_INTERNAL, "a batch of %d columns for %d of %s", view->schema->count,
                             writer->schema.count, writer->table);
    status = write_rows(writer, view, err);
    writer->given += view->rows;
    writer->failed = status != INCLOAD_OK;
    return status;
}

int32_t
incload__odbc_write_close(incload__writer *writer, int64_t *rows, incload_error **err)
{
    int32_t status = incload__conn_check(&writer->conn->base, err);

    if (rows != NULL)
        *rows = 0;
    if (status == INCLOAD_OK && writer->failed)
        status = incload__fail(err, INCLOAD_E_STATE, "writing into %s has failed before", writer->table);
    if (status == INCLOAD_OK)
        status = flush(writer, err);
    if (status == INCLOAD_OK && rows != NULL)
        *rows = writer->taken;
    incload__odbc_write_abandon(writer);
    return status;
}
