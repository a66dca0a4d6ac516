/* SPDX-License-Identifier: Apache-2.0 */
/* INSERT ... VALUES (?, ?), (?, ?), ...: many rows in one statement. Numbers, and short texts where the driver allows
 * it, are bound once, to where the cells of each run are copied: a call to bind costs more than the copy. Bytes and
 * long texts are bound anew for each run, since SQLite's driver keeps the length of a blob from the run before. With
 * one row a statement it suits every driver. */
#include "driver/odbc/writer.h"

#include <string.h>

#include "base/utf8.h"

enum { SLOT = 64 }; /* bytes of a text that is copied, with its NUL */

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

static bool
is_number(incload__cell form)
{
    return form == INCLOAD__CELL_INT || form == INCLOAD__CELL_DOUBLE;
}

/* The parameter of the cell `at` of a statement. `value` is never NULL: that would mean SQL NULL to some drivers. */
static int32_t
bind_cell(incload__odbc_writer *writer, int32_t at, incload__cell form, void *value, size_t size, incload_error **err)
{
    SQLRETURN rc = SQLBindParameter(writer->prepared, (SQLUSMALLINT)(at + 1), SQL_PARAM_INPUT,
                                    incload__cell_c_type(form), incload__cell_sql_type(form), size > 0 ? size : 1, 0,
                                    value, (SQLLEN)size, &writer->lengths[at]);

    return SQL_SUCCEEDED(rc) ? INCLOAD_OK : incload__write_fail(writer, err);
}

static char *
slot_of(const incload__odbc_writer *writer, int32_t at)
{
    return writer->slots + (size_t)at * SLOT;
}

static int32_t
bind_once(incload__odbc_writer *writer, int32_t rows, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t at = 0; at < rows * writer->schema.count && status == INCLOAD_OK; at++) {
        incload__cell form = writer->forms[at % writer->schema.count];
        if (is_number(form))
            status = bind_cell(writer, at, form, &writer->numbers[at], sizeof writer->numbers[at], err);
        else if (form == INCLOAD__CELL_TEXT && writer->slots != NULL)
            status = bind_cell(writer, at, form, slot_of(writer, at), SLOT, err);
        writer->moved[at] = false;
    }
    return status;
}

/* A text with a NUL goes by its length, which is exact but copied by the driver. */
static int32_t
put_text(incload__odbc_writer *writer, int32_t at, const incload__write_cell *cell, incload_error **err)
{
    if (cell->is_null) {
        writer->lengths[at] = SQL_NULL_DATA;
        return INCLOAD_OK;
    }
    char *text = incload__write_bytes(writer, cell);
    bool moves = cell->length >= SLOT;
    writer->lengths[at] = cell->has_nul ? (SQLLEN)cell->length : SQL_NTS;
    if (!moves)
        memcpy(slot_of(writer, at), text, cell->length + 1);
    if (!moves && !writer->moved[at])
        return INCLOAD_OK;
    writer->moved[at] = moves;
    return bind_cell(writer, at, INCLOAD__CELL_TEXT, moves ? text : slot_of(writer, at), moves ? cell->length : SLOT,
                     err);
}

static int32_t
put_cell(incload__odbc_writer *writer, int32_t at, incload__cell form, const incload__write_cell *cell,
         incload_error **err)
{
    if (is_number(form)) {
        writer->lengths[at] = cell->is_null ? SQL_NULL_DATA : (SQLLEN)sizeof cell->number;
        writer->numbers[at] = cell->number;
        return INCLOAD_OK;
    }
    if (form == INCLOAD__CELL_TEXT && writer->slots != NULL)
        return put_text(writer, at, cell, err);
    writer->lengths[at] = cell->is_null ? SQL_NULL_DATA : (SQLLEN)cell->length;
    return bind_cell(writer, at, form, cell->is_null ? &writer->numbers[at] : incload__write_bytes(writer, cell),
                     cell->is_null ? 0 : cell->length, err);
}

/* How many rows the statement that has just run put in, where the driver does not say it. */
static int32_t
count_changes(incload__odbc_writer *writer, int64_t *taken, incload_error **err)
{
    incload__odbc_conn *conn = writer->conn;
    incload__str text = INCLOAD__STR(&conn->base.env->mem);
    int64_t changes = 0;
    bool is_null;
    int32_t status = incload__conn_check(&conn->base, err);

    if (status == INCLOAD_OK && writer->counter == NULL)
        status = incload__write_prepare_on(writer, &writer->counter, conn->profile->changes_query, err);
    if (status == INCLOAD_OK)
        status = incload__watch_enter(conn, writer->counter, err);
    if (status != INCLOAD_OK)
        return status;
    SQLRETURN rc = incload__odbc_exec(conn, writer->counter, NULL);
    if (SQL_SUCCEEDED(rc))
        rc = SQLFetch(writer->counter);
    incload__watch_leave(conn);
    status = incload__odbc_check(conn, writer->counter, rc, "counting the rows written", err);
    if (status == INCLOAD_OK)
        status = incload__stmt_get(conn, writer->counter, 0, SQL_C_CHAR, &text, &is_null, err);
    if (status == INCLOAD_OK && incload__parse_int64(text.data, text.length, &changes))
        *taken += changes;
    /* To the end: SQLite's driver goes on in what it did not read to its end when it is run again. */
    while (SQL_SUCCEEDED(SQLFetch(writer->counter)))
        ;
    SQLFreeStmt(writer->counter, SQL_CLOSE);
    incload__str_free(&text);
    return status;
}

static int32_t
send_rows(incload__odbc_writer *writer, int32_t first, int32_t rows, int64_t *taken, incload_error **err)
{
    int32_t status = INCLOAD_OK;
    int32_t at = 0;

    if (writer->prepared_rows != rows) {
        status = prepare(writer, rows, err);
        if (status == INCLOAD_OK)
            status = bind_once(writer, rows, err);
    }
    for (int32_t row = first; row < first + rows && status == INCLOAD_OK; row++) {
        for (int32_t i = 0; i < writer->schema.count && status == INCLOAD_OK; i++, at++)
            status = put_cell(writer, at, writer->forms[i], incload__write_at(writer, row, i), err);
    }
    if (status == INCLOAD_OK)
        status = incload__write_run(writer, taken, err);
    if (status == INCLOAD_OK && writer->conn->profile->changes_query != NULL)
        status = count_changes(writer, taken, err);
    return status;
}

static int32_t
make_room(incload__odbc_writer *writer, incload_error **err)
{
    const incload__mem *mem = &writer->conn->base.env->mem;
    size_t cells = (size_t)writer->step * (size_t)writer->schema.count;

    if (writer->numbers == NULL)
        writer->numbers = incload__alloc_array(mem, cells, sizeof *writer->numbers);
    if (writer->lengths == NULL)
        writer->lengths = incload__alloc_array(mem, cells, sizeof *writer->lengths);
    if (writer->moved == NULL)
        writer->moved = incload__alloc_array(mem, cells, sizeof *writer->moved);
    if (writer->slots == NULL && writer->conn->profile->text_stays_bound)
        writer->slots = incload__alloc_array(mem, cells, SLOT);
    bool complete = writer->numbers != NULL && writer->lengths != NULL && writer->moved != NULL
                    && (writer->slots != NULL || !writer->conn->profile->text_stays_bound);
    return complete ? INCLOAD_OK : incload__fail_memory(err);
}

static int32_t
values_send(incload__odbc_writer *writer, int64_t *taken, incload_error **err)
{
    int32_t status = make_room(writer, err);

    for (int32_t first = 0; first < writer->sent->rows && status == INCLOAD_OK; first += writer->step) {
        int32_t left = writer->sent->rows - first;
        status = send_rows(writer, first, left < writer->step ? left : writer->step, taken, err);
    }
    return status;
}

const incload__method incload__method_values = { .send = values_send };
