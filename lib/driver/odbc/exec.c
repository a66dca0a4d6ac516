/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/utf8.h"
#include "driver/odbc/odbc.h"

/* Every result of the text: an error of a later statement must not go unseen. The count is the first result's. */
static int32_t
drain(incload__stmt *stmt, int64_t *affected, incload_error **err)
{
    SQLLEN count = -1;

    if (SQL_SUCCEEDED(SQLRowCount(stmt->handle, &count)) && affected != NULL)
        *affected = count;
    for (;;) {
        SQLRETURN rc = SQLMoreResults(stmt->handle);
        if (rc == SQL_NO_DATA)
            return INCLOAD_OK;
        int32_t status = incload__odbc_check(stmt->conn, stmt->handle, rc, "running a statement", err);
        if (status != INCLOAD_OK)
            return status;
    }
}

int32_t
incload__odbc_execute(incload__odbc_conn *conn, const char *sql, const incload__param *params, int32_t count,
                      int64_t *affected, incload_error **err)
{
    incload__stmt stmt = { 0 };

    if (affected != NULL)
        *affected = -1;
    int32_t status = incload__conn_check(&conn->base, err);
    if (status != INCLOAD_OK)
        return status;
    while (incload__is_space(*sql))
        sql++;
    if (conn->profile->copy_hangs && incload__ascii_prefix(sql, "copy") && (sql[4] == ' ' || sql[4] == '('))
        return incload__fail(err, INCLOAD_E_UNSUPPORTED, "COPY never returns in %s: use a postgresql:// URL",
                             conn->profile->name);

    status = incload__stmt_open(&stmt, conn, err);
    if (status == INCLOAD_OK)
        status = incload__stmt_bind(&stmt, sql, params, count, err);
    if (status == INCLOAD_OK)
        status = incload__watch_enter(conn, stmt.handle, err);
    if (status != INCLOAD_OK)
        goto done;
    status = incload__stmt_run(&stmt, "running a statement", err);
    if (status == INCLOAD_OK)
        status = drain(&stmt, affected, err);
    incload__watch_leave(conn);
done:
    incload__stmt_close(&stmt);
    return status;
}

/* ---- small results ---- */

/* The cells of one row in one text, and where each begins (-1: NULL). */
typedef struct row {
    incload__str text;
    int64_t *starts;
    const char **cells;
    size_t *lengths;
} row;

static int32_t
row_init(row *r, const incload__mem *mem, int32_t columns, incload_error **err)
{
    size_t count = columns > 0 ? (size_t)columns : 1;

    *r = (row){ .text = INCLOAD__STR(mem) };
    r->starts = incload__alloc_array(mem, count, sizeof *r->starts);
    r->cells = incload__alloc_array(mem, count, sizeof *r->cells);
    r->lengths = incload__alloc_array(mem, count, sizeof *r->lengths);
    return r->starts != NULL && r->cells != NULL && r->lengths != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

static void
row_free(row *r)
{
    const incload__mem *mem = r->text.mem;

    incload__free(mem, r->starts);
    incload__free(mem, r->cells);
    incload__free(mem, r->lengths);
    incload__str_free(&r->text);
}

static int32_t
row_get(row *r, incload__stmt *stmt, int32_t columns, incload_error **err)
{
    incload__str_clear(&r->text);
    for (int32_t i = 0; i < columns; i++) {
        bool is_null = false;
        r->starts[i] = (int64_t)r->text.length;
        int32_t status = incload__stmt_get(stmt->conn, stmt->handle, i, SQL_C_CHAR, &r->text, &is_null, err);
        if (status != INCLOAD_OK)
            return status;
        r->lengths[i] = r->text.length - (size_t)r->starts[i];
        if (is_null)
            r->starts[i] = -1;
    }
    for (int32_t i = 0; i < columns; i++)
        r->cells[i] = r->starts[i] < 0 ? NULL : r->text.data + r->starts[i];
    return INCLOAD_OK;
}

static int32_t
add_row(incload__rows *rows, const row *r, int32_t columns, incload_error **err)
{
    int32_t status = incload__rows_add(rows, r->cells, r->lengths, columns);

    if (status == INCLOAD_E_NO_MEMORY)
        return incload__fail_memory(err);
    if (status != INCLOAD_OK)
        return incload__fail(err, status, "a query whose result should be small has too many rows");
    return INCLOAD_OK;
}

static int32_t
fetch_all(incload__stmt *stmt, incload__rows *rows, incload_error **err)
{
    incload__conn *conn = &stmt->conn->base;
    SQLSMALLINT columns = 0;
    row r = { 0 };

    SQLRETURN rc = SQLNumResultCols(stmt->handle, &columns);
    int32_t status = incload__odbc_check(stmt->conn, stmt->handle, rc, "reading a result", err);
    if (status != INCLOAD_OK || columns <= 0)
        return status;
    status = row_init(&r, &conn->env->mem, columns, err);
    while (status == INCLOAD_OK) {
        status = incload__conn_check(conn, err); /* a fetched block answers no SQLCancel */
        if (status != INCLOAD_OK)
            break;
        rc = incload__stmt_fetch(stmt);
        if (rc == SQL_NO_DATA)
            break;
        status = incload__odbc_check(stmt->conn, stmt->handle, rc, "reading a result", err);
        if (status == INCLOAD_OK)
            status = row_get(&r, stmt, columns, err);
        if (status == INCLOAD_OK)
            status = add_row(rows, &r, columns, err);
    }
    if (status == INCLOAD_OK)
        rows->columns = columns;
    row_free(&r);
    return status;
}

int32_t
incload__odbc_select(incload__odbc_conn *conn, const char *sql, const incload__param *params, int32_t count,
                     incload__rows *rows, incload_error **err)
{
    incload__stmt stmt = { 0 };

    *rows = (incload__rows){ .mem = &conn->base.env->mem };
    int32_t status = incload__conn_check(&conn->base, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__stmt_open(&stmt, conn, err);
    if (status == INCLOAD_OK)
        status = incload__stmt_bind(&stmt, sql, params, count, err);
    if (status == INCLOAD_OK)
        status = incload__watch_enter(conn, stmt.handle, err);
    if (status != INCLOAD_OK)
        goto done;
    status = incload__stmt_run(&stmt, "running a query", err);
    if (status == INCLOAD_OK)
        status = fetch_all(&stmt, rows, err);
    incload__watch_leave(conn);
done:
    incload__stmt_close(&stmt);
    if (status != INCLOAD_OK)
        incload__rows_free(rows);
    return status;
}
