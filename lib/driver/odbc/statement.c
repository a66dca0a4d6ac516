/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include <string.h>
#include <time.h>

#include "base/utf8.h"
#include "driver/odbc/cell.h"

enum { FIRST_CHUNK = 1024 };

int32_t
incload__stmt_open(incload__stmt *stmt, incload__odbc_conn *conn, incload_error **err)
{
    *stmt = (incload__stmt){ .conn = conn, .sql = INCLOAD__STR(&conn->base.env->mem) };
    if (SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, conn->dbc, &stmt->handle)))
        return INCLOAD_OK;
    stmt->handle = NULL;
    return incload__odbc_fail(conn, SQL_HANDLE_DBC, conn->dbc, "starting a statement", err);
}

void
incload__stmt_close(incload__stmt *stmt)
{
    if (stmt->conn == NULL)
        return;
    const incload__mem *mem = &stmt->conn->base.env->mem;
    if (stmt->handle != NULL)
        SQLFreeHandle(SQL_HANDLE_STMT, stmt->handle);
    incload__str_free(&stmt->sql);
    incload__free(mem, stmt->order);
    incload__free(mem, stmt->ints);
    incload__free(mem, stmt->lengths);
    *stmt = (incload__stmt){ 0 };
}

/* ---- parameters ---- */

static int32_t
bind_one(incload__stmt *stmt, int32_t at, const incload__param *param, incload_error **err)
{
    incload__odbc_conn *conn = stmt->conn;
    incload__cell form = INCLOAD__CELL_TEXT;
    void *value = param->text != NULL ? (void *)(uintptr_t)param->text : (void *)&stmt->lengths[at];
    size_t length = param->text != NULL ? param->length : 0;

    if (param->kind == INCLOAD__BINARY)
        form = INCLOAD__CELL_BYTES;
    else if (incload__kind_is_int(param->kind) && !conn->profile->params_as_text)
        form = INCLOAD__CELL_INT;

    stmt->lengths[at] = param->text != NULL ? (SQLLEN)length : SQL_NULL_DATA;
    if (form == INCLOAD__CELL_INT && param->text != NULL) {
        if (!incload__parse_int64(param->text, length, &stmt->ints[at]))
            return incload__fail(err, INCLOAD_E_INVALID, "parameter %d is not an integer", at + 1);
        value = &stmt->ints[at];
        length = sizeof stmt->ints[at];
        stmt->lengths[at] = (SQLLEN)length;
    }
    if (form == INCLOAD__CELL_TEXT && param->text != NULL && conn->profile->nul_cuts
        && memchr(param->text, '\0', length) != NULL)
        return incload__fail(err, INCLOAD_E_DATA, "parameter %d holds a NUL byte, at which %s would cut it", at + 1,
                             conn->profile->name);

    SQLRETURN rc = SQLBindParameter(stmt->handle, (SQLUSMALLINT)(at + 1), SQL_PARAM_INPUT, incload__cell_c_type(form),
                                    incload__cell_sql_type(form), length > 0 ? length : 1, 0, value, (SQLLEN)length,
                                    &stmt->lengths[at]);
    return incload__odbc_check(conn, stmt->handle, rc, "binding a parameter", err);
}

int32_t
incload__stmt_bind(incload__stmt *stmt, const char *sql, const incload__param *params, int32_t count,
                   incload_error **err)
{
    const incload__mem *mem = &stmt->conn->base.env->mem;
    int32_t placeholders = 0;

    int32_t status =
        incload__params_rewrite(&stmt->conn->base, sql, count, &stmt->sql, &stmt->order, &placeholders, err);
    if (status != INCLOAD_OK || placeholders == 0)
        return status;
    stmt->ints = incload__alloc_array(mem, (size_t)placeholders, sizeof *stmt->ints);
    stmt->lengths = incload__alloc_array(mem, (size_t)placeholders, sizeof *stmt->lengths);
    if (stmt->ints == NULL || stmt->lengths == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < placeholders && status == INCLOAD_OK; i++)
        status = bind_one(stmt, i, &params[stmt->order[i]], err);
    return status;
}

/* A busy statement has done nothing, not even a COMMIT: it may be run again as it is. */
static bool
is_busy(const incload__odbc_conn *conn, SQLHSTMT handle)
{
    incload__odbc_diag diag;

    return conn->profile->busy_code != 0 && incload__odbc_diag_get(SQL_HANDLE_STMT, handle, &diag)
           && diag.native_code == conn->profile->busy_code && !atomic_load(&conn->base.cancelled)
           && !atomic_load(&conn->watch.fired);
}

static void
pause_briefly(void)
{
    const struct timespec pause = { .tv_nsec = 2000000 };

    nanosleep(&pause, NULL);
}

static SQLRETURN
exec_once(const incload__odbc_conn *conn, SQLHSTMT handle, const char *sql)
{
    if (sql != NULL && !conn->profile->direct_crashes)
        return SQLExecDirect(handle, incload__sqlchar(sql), SQL_NTS);
    SQLRETURN rc = sql != NULL ? SQLPrepare(handle, incload__sqlchar(sql), SQL_NTS) : SQL_SUCCESS;
    return SQL_SUCCEEDED(rc) ? SQLExecute(handle) : rc;
}

SQLRETURN
incload__odbc_exec(incload__odbc_conn *conn, SQLHSTMT handle, const char *sql)
{
    int64_t until = incload__monotonic_us(conn->base.env) + conn->busy_wait_us;

    for (;;) {
        SQLRETURN rc = exec_once(conn, handle, sql);
        if (rc != SQL_ERROR || !is_busy(conn, handle) || incload__monotonic_us(conn->base.env) >= until)
            return rc;
        pause_briefly();
    }
}

SQLRETURN
incload__stmt_fetch(incload__stmt *stmt)
{
    incload__odbc_conn *conn = stmt->conn;
    int64_t until = incload__monotonic_us(conn->base.env) + conn->busy_wait_us;
    SQLRETURN rc = SQLFetch(stmt->handle);

    while (rc == SQL_ERROR && !stmt->fetched && is_busy(conn, stmt->handle)
           && incload__monotonic_us(conn->base.env) < until) {
        pause_briefly();
        SQLFreeStmt(stmt->handle, SQL_CLOSE);
        rc = incload__odbc_exec(conn, stmt->handle, stmt->sql.data);
        if (SQL_SUCCEEDED(rc))
            rc = SQLFetch(stmt->handle);
    }
    stmt->fetched = true;
    return rc;
}

static void
set_query_timeout(const incload__stmt *stmt)
{
    const incload__conn *conn = &stmt->conn->base;

    if (!stmt->conn->profile->query_timeout || conn->deadline_us == 0)
        return;
    int left_ms = incload__deadline_left_ms(conn->env, conn->deadline_us);
    /* A driver without it says so, and the call is then as long as it is. */
    SQLSetStmtAttr(stmt->handle, SQL_ATTR_QUERY_TIMEOUT, (SQLPOINTER)(uintptr_t)((unsigned)left_ms / 1000 + 1), 0);
}

int32_t
incload__stmt_run(incload__stmt *stmt, const char *doing, incload_error **err)
{
    set_query_timeout(stmt);
    SQLRETURN rc = incload__odbc_exec(stmt->conn, stmt->handle, stmt->sql.data);

    /* No row was there to be changed: some drivers say so in this way. */
    if (rc == SQL_NO_DATA)
        return INCLOAD_OK;
    return incload__odbc_check(stmt->conn, stmt->handle, rc, doing, err);
}

/* ---- one cell ---- */

/* Bytes that SQLGetData may fill; for text one more holds its NUL. */
static size_t
make_room(incload__str *out, size_t wanted)
{
    if (!incload__str_reserve(out, wanted))
        return 0;
    return out->capacity - out->length - 1;
}

int32_t
incload__stmt_get(incload__odbc_conn *conn, SQLHSTMT handle, int32_t column, SQLSMALLINT c_type, incload__str *out,
                  bool *is_null, incload_error **err)
{
    size_t nul = c_type == SQL_C_CHAR ? 1 : 0;
    size_t wanted = FIRST_CHUNK;

    *is_null = false;
    for (bool first = true;; first = false) {
        size_t room = make_room(out, wanted);
        if (room == 0)
            return incload__fail_memory(err);
        SQLLEN length = SQL_NULL_DATA;
        SQLRETURN rc = SQLGetData(handle, (SQLUSMALLINT)(column + 1), c_type, out->data + out->length,
                                  (SQLLEN)(room + nul), &length);
        if (rc == SQL_NO_DATA && !first)
            break;
        if (!SQL_SUCCEEDED(rc))
            return incload__odbc_fail(conn, SQL_HANDLE_STMT, handle, "reading a column", err);
        if (length == SQL_NULL_DATA) {
            *is_null = first;
            break;
        }
        /* The length alone tells of a cut: not every driver answers SQL_SUCCESS_WITH_INFO. */
        bool all = length != SQL_NO_TOTAL && length >= 0 && (size_t)length <= room;
        out->length += all ? (size_t)length : room;
        if (all)
            break;
        wanted = length > 0 ? (size_t)length - room + 1 : 2 * room;
    }
    if (incload__str_reserve(out, 0))
        out->data[out->length] = '\0';
    return out->failed ? incload__fail_memory(err) : INCLOAD_OK;
}
