/* SPDX-License-Identifier: Apache-2.0 */
/* INSERT ... VALUES (?, ?), (?, ?), ...: many rows in one statement, every parameter bound anew for each run, since
 * SQLite's driver keeps the length of a blob from the run before. With one row a statement it suits every driver. */
#include "driver/odbc/writer.h"

#include <string.h>

#include "base/utf8.h"

static int32_t
prepare(incload__odbc_writer *writer, int32_t rows, incload_error **err)
{
    const incload__conn *conn = &writer->conn->base;
    incload__str sql = INCLOAD__STR(&conn->env->mem);
    incload__str text = INCLOAD__STR(&conn->env->mem);
    int32_t *order = NULL;
    int32_t placeholders = 0;
    int32_t count = rows * writer->schema.count;

    incload__str_add(&sql, writer->conn->profile->with_stays_prepared ? "WITH kept AS (SELECT 1) " : "");
    int32_t status = incload__write_head(writer, &sql, err);
    incload__str_add(&sql, "VALUES ");
    for (int32_t row = 0; row < rows; row++) {
        for (int32_t i = 0; i < writer->schema.count; i++) {
            incload__str_add(&sql, i > 0 ? ", " : row > 0 ? ", (" : "(");
            conn->dialect->bind_item(&sql, &writer->schema.columns[i], row * writer->schema.count + i + 1);
        }
        incload__str_add_char(&sql, ')');
    }
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = incload__params_rewrite(conn, sql.data, count, &text, &order, &placeholders, err);
    if (status == INCLOAD_OK && placeholders != count)
        status = incload__fail(err, INCLOAD_E_INTERNAL, "a row of %s has %d placeholders", writer->table, placeholders);
    if (status == INCLOAD_OK)
        status = incload__write_prepare(writer, text.data, rows, err);
    incload__free(&conn->env->mem, order);
    incload__str_free(&text);
    incload__str_free(&sql);
    return status;
}

static SQLRETURN
bind_cell(incload__odbc_writer *writer, SQLUSMALLINT number, incload__cell form, incload__write_cell *cell,
          SQLLEN *length)
{
    void *value = &cell->number; /* never NULL: that would mean SQL NULL to some drivers */
    SQLULEN size = 1;

    *length = SQL_NULL_DATA;
    if (!cell->is_null && (form == INCLOAD__CELL_TEXT || form == INCLOAD__CELL_BYTES)) {
        value = incload__write_bytes(writer, cell);
        *length = (SQLLEN)cell->length;
        size = cell->length > 0 ? cell->length : 1;
    } else if (!cell->is_null) {
        *length = (SQLLEN)sizeof cell->number;
    }
    return SQLBindParameter(writer->prepared, number, SQL_PARAM_INPUT, incload__cell_c_type(form),
                            incload__cell_sql_type(form), size, 0, value, (SQLLEN)(cell->is_null ? 0 : *length),
                            length);
}

/* How many rows the statement that has just run put in, where the driver does not say it. */
static int32_t
count_changes(incload__odbc_writer *writer, int64_t *taken, incload_error **err)
{
    incload__rows rows;
    int32_t status = incload__odbc_select(writer->conn, writer->conn->profile->changes_query, NULL, 0, &rows, err);
    const char *text = status == INCLOAD_OK && rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    int64_t changes = 0;

    if (text != NULL && incload__parse_int64(text, strlen(text), &changes))
        *taken += changes;
    incload__rows_free(&rows);
    return status;
}

static int32_t
send_rows(incload__odbc_writer *writer, int32_t first, int32_t rows, SQLLEN *lengths, int64_t *taken,
          incload_error **err)
{
    int32_t status = INCLOAD_OK;

    if (writer->prepared_rows != rows)
        status = prepare(writer, rows, err);
    if (status != INCLOAD_OK)
        return status;
    SQLUSMALLINT number = 0;
    for (int32_t row = first; row < first + rows; row++) {
        for (int32_t i = 0; i < writer->schema.count; i++, number++) {
            if (!SQL_SUCCEEDED(bind_cell(writer, (SQLUSMALLINT)(number + 1), writer->forms[i],
                                         incload__write_at(writer, row, i), &lengths[number])))
                return incload__write_fail(writer, err);
        }
    }
    status = incload__write_run(writer, taken, err);
    if (status == INCLOAD_OK && writer->conn->profile->changes_query != NULL)
        status = count_changes(writer, taken, err);
    return status;
}

static int32_t
values_send(incload__odbc_writer *writer, int64_t *taken, incload_error **err)
{
    const incload__mem *mem = &writer->conn->base.env->mem;
    SQLLEN *lengths = incload__alloc_array(mem, (size_t)writer->step * (size_t)writer->schema.count, sizeof *lengths);
    int32_t status = INCLOAD_OK;

    if (lengths == NULL)
        return incload__fail_memory(err);
    for (int32_t first = 0; first < writer->sent->rows && status == INCLOAD_OK; first += writer->step) {
        int32_t left = writer->sent->rows - first;
        status = send_rows(writer, first, left < writer->step ? left : writer->step, lengths, taken, err);
    }
    /* The statement outlives this call, and must not hold what is freed here. */
    if (writer->prepared != NULL)
        SQLFreeStmt(writer->prepared, SQL_RESET_PARAMS);
    incload__free(mem, lengths);
    return status;
}

const incload__method incload__method_values = { .send = values_send };
