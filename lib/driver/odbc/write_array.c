/* SPDX-License-Identifier: Apache-2.0 */
/* Column-wise parameter arrays: the native bulk protocol of MariaDB. One row that is much longer than the others
 * must not widen a thousand cells, so the gathered rows go in runs whose arrays stay small. */
#include "driver/odbc/writer.h"

#include <string.h>

enum { ARRAY_BYTES = 8 << 20 };

typedef struct arrays {
    char **cells;
    SQLLEN **lengths;
    size_t *widths;
} arrays;

static int32_t
prepare(incload__odbc_writer *writer, incload_error **err)
{
    incload__str sql = INCLOAD__STR(&writer->conn->base.env->mem);
    int32_t status = incload__write_array_sql(writer, &sql, err);

    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = incload__write_prepare(writer, sql.data, 1, err);
    incload__str_free(&sql);
    return status;
}

static size_t
cell_width(incload__cell form, const incload__write_cell *cell)
{
    if (form == INCLOAD__CELL_INT || form == INCLOAD__CELL_DOUBLE)
        return sizeof(int64_t);
    return cell->is_null || cell->length == 0 ? 1 : cell->length;
}

/* All rows from `first` on go together, as they nearly always do; their widths are then in a->widths. */
static bool
fit_together(const incload__odbc_writer *writer, arrays *a, int32_t first)
{
    size_t total = 0;

    for (int32_t i = 0; i < writer->schema.count; i++) {
        const incload__write_cell *cell = incload__write_at(writer, first, i);
        a->widths[i] = cell_width(writer->forms[i], cell);
        for (int32_t row = first; row < writer->sent->rows; row++, cell += writer->schema.count) {
            size_t width = cell_width(writer->forms[i], cell);
            a->widths[i] = width > a->widths[i] ? width : a->widths[i];
        }
        total += a->widths[i];
    }
    return total <= ARRAY_BYTES / (size_t)(writer->sent->rows - first);
}

/* How many rows from `first` on may go together; their widths are then in a->widths. */
static int32_t
plan_run(const incload__odbc_writer *writer, arrays *a, int32_t first)
{
    size_t total = 0;
    int32_t rows = 0;

    if (fit_together(writer, a, first))
        return writer->sent->rows - first;
    for (int32_t i = 0; i < writer->schema.count; i++)
        a->widths[i] = 0;
    for (int32_t row = first; row < writer->sent->rows; row++, rows++) {
        size_t wider = 0;
        for (int32_t i = 0; i < writer->schema.count; i++) {
            size_t width = cell_width(writer->forms[i], incload__write_at(writer, row, i));
            wider += width > a->widths[i] ? width - a->widths[i] : 0;
        }
        if (rows > 0 && (total + wider) * ((size_t)rows + 1) > ARRAY_BYTES)
            break;
        for (int32_t i = 0; i < writer->schema.count; i++) {
            size_t width = cell_width(writer->forms[i], incload__write_at(writer, row, i));
            a->widths[i] = width > a->widths[i] ? width : a->widths[i];
        }
        total += wider;
    }
    return rows;
}

static void
fill(const incload__odbc_writer *writer, const arrays *a, int32_t column, int32_t first, int32_t rows)
{
    size_t width = a->widths[column];

    for (int32_t row = 0; row < rows; row++) {
        const incload__write_cell *cell = incload__write_at(writer, first + row, column);
        char *to = a->cells[column] + (size_t)row * width;
        a->lengths[column][row] = SQL_NULL_DATA;
        if (cell->is_null)
            continue;
        if (writer->forms[column] == INCLOAD__CELL_INT || writer->forms[column] == INCLOAD__CELL_DOUBLE) {
            memcpy(to, &cell->number, sizeof cell->number);
            a->lengths[column][row] = (SQLLEN)sizeof cell->number;
        } else {
            memcpy(to, incload__write_bytes(writer, cell), cell->length);
            a->lengths[column][row] = (SQLLEN)cell->length;
        }
    }
}

static int32_t
bind_column(incload__odbc_writer *writer, const arrays *a, int32_t column, int32_t first, int32_t rows,
            incload_error **err)
{
    incload__cell form = writer->forms[column];

    fill(writer, a, column, first, rows);
    SQLRETURN rc = SQLBindParameter(writer->prepared, (SQLUSMALLINT)(column + 1), SQL_PARAM_INPUT,
                                    incload__cell_c_type(form), incload__cell_sql_type(form), a->widths[column], 0,
                                    a->cells[column], (SQLLEN)a->widths[column], a->lengths[column]);
    return SQL_SUCCEEDED(rc) ? INCLOAD_OK : incload__write_fail(writer, err);
}

/* A multiple of what any cell must be aligned to. */
static size_t
aligned(size_t bytes)
{
    return (bytes + sizeof(int64_t) - 1) / sizeof(int64_t) * sizeof(int64_t);
}

/* Places for the arrays of a run: in one block, since fresh memory for each run would be fresh pages each time. */
static int32_t
lay_out(incload__odbc_writer *writer, arrays *a, int32_t rows, incload_error **err)
{
    const incload__mem *mem = &writer->conn->base.env->mem;
    size_t lengths = (size_t)rows * sizeof *a->lengths[0];
    size_t needed = 0;

    for (int32_t i = 0; i < writer->schema.count; i++)
        needed += lengths + aligned((size_t)rows * a->widths[i]);
    if (needed > writer->block_size) {
        incload__free(mem, writer->block);
        writer->block_size = 0;
        writer->block = incload__alloc(mem, needed);
        if (writer->block == NULL)
            return incload__fail_memory(err);
        writer->block_size = needed;
    }
    char *at = writer->block;
    for (int32_t i = 0; i < writer->schema.count; i++) {
        a->lengths[i] = (SQLLEN *)(void *)at;
        a->cells[i] = at + lengths;
        at += lengths + aligned((size_t)rows * a->widths[i]);
    }
    return INCLOAD_OK;
}

static int32_t
send_run(incload__odbc_writer *writer, arrays *a, int32_t first, int32_t rows, int64_t *taken, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    SQLSetStmtAttr(writer->prepared, SQL_ATTR_PARAM_BIND_TYPE, (SQLPOINTER)SQL_PARAM_BIND_BY_COLUMN, 0);
    if (!SQL_SUCCEEDED(SQLSetStmtAttr(writer->prepared, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)(uintptr_t)rows, 0)))
        return incload__write_fail(writer, err);
    status = lay_out(writer, a, rows, err);
    for (int32_t i = 0; i < writer->schema.count && status == INCLOAD_OK; i++)
        status = bind_column(writer, a, i, first, rows, err);
    if (status == INCLOAD_OK)
        status = incload__write_run(writer, taken, err);
    SQLFreeStmt(writer->prepared, SQL_RESET_PARAMS);
    return status;
}

/* The server cuts some values with no more than a note, even in strict mode. */
static int32_t
refuse_truncation(incload__odbc_writer *writer, incload_error **err)
{
    incload__rows rows;
    int32_t status = incload__odbc_select(writer->conn, "SHOW WARNINGS LIMIT 1", NULL, 0, &rows, err);

    if (status != INCLOAD_OK || rows.count == 0) {
        incload__rows_free(&rows);
        return status;
    }
    const char *code = incload__rows_get(&rows, 0, 1);
    status =
        incload__fail(err, INCLOAD_E_DATA, "writing into %s: the server changed a value to make it fit (warning %s)",
                      writer->table, code != NULL ? code : "?");
    incload__rows_free(&rows);
    return status;
}

static int32_t
array_send(incload__odbc_writer *writer, int64_t *taken, incload_error **err)
{
    const incload__mem *mem = &writer->conn->base.env->mem;
    size_t columns = (size_t)writer->schema.count;
    arrays a = {
        .cells = incload__alloc_array(mem, columns, sizeof *a.cells),
        .lengths = incload__alloc_array(mem, columns, sizeof *a.lengths),
        .widths = incload__alloc_array(mem, columns, sizeof *a.widths),
    };
    int32_t status = INCLOAD_OK;

    if (a.cells == NULL || a.lengths == NULL || a.widths == NULL)
        status = incload__fail_memory(err);
    else if (writer->prepared_rows == 0)
        status = prepare(writer, err);
    for (int32_t first = 0; first < writer->sent->rows && status == INCLOAD_OK;) {
        int32_t rows = plan_run(writer, &a, first);
        status = send_run(writer, &a, first, rows, taken, err);
        if (status == INCLOAD_OK && writer->conn->profile->warns_of_truncation)
            status = refuse_truncation(writer, err);
        first += rows;
    }
    incload__free(mem, a.cells);
    incload__free(mem, a.lengths);
    incload__free(mem, a.widths);
    return status;
}

const incload__method incload__method_array = { .send = array_send };
