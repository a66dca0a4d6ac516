/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/utf8.h"
#include "driver/odbc/odbc.h"

enum { NAME_SIZE = 1024 };

typedef struct described {
    char name[NAME_SIZE];
    char type_name[128];
    SQLSMALLINT type;
    SQLULEN size;
    SQLSMALLINT digits;
    bool is_unsigned;
} described;

/* psqlODBC's answer for a numeric without limits, which is none. */
static bool
is_fiction(const described *column)
{
    return column->size == 28 && column->digits == 6;
}

static bool
is_time(SQLSMALLINT type)
{
    return type == SQL_TYPE_TIME || type == SQL_TYPE_TIMESTAMP;
}

/* Without a length their names would mean a length of 1. */
static bool
is_fixed(SQLSMALLINT type)
{
    return type == SQL_CHAR || type == SQL_WCHAR || type == SQL_BINARY;
}

/* The type as the dialect reads it: with precision and scale where the driver tells the truth about them. A wider
 * type than the true one loses nothing. */
static void
native_text(const incload__odbc_profile *profile, const described *column, incload__str *out)
{
    const char *space = strchr(column->type_name, ' ');
    size_t head = space != NULL ? (size_t)(space - column->type_name) : strlen(column->type_name);

    if (strchr(column->type_name, '(') != NULL || profile->database_is_file) {
        incload__str_add(out, column->type_name);
        return;
    }
    /* psqlODBC's word for character(n), which PostgreSQL itself would read as one character; and for json, arrays and
     * whatever else the driver does not know, which arrive as the server's text. */
    if (profile->params_as_text && strcmp(column->type_name, "char") == 0) {
        incload__str_add(out, "bpchar");
        return;
    }
    if (profile->params_as_text && strcmp(column->type_name, "unknown") == 0) {
        incload__str_add(out, "text");
        return;
    }
    incload__str_add_bytes(out, column->type_name, head);
    if ((column->type == SQL_DECIMAL || column->type == SQL_NUMERIC)
        && !(profile->params_as_text && is_fiction(column)))
        incload__str_addf(out, "(%u,%d)", (unsigned)column->size, (int)column->digits);
    else if (is_time(column->type) && column->digits >= 0 && column->digits <= 6)
        incload__str_addf(out, "(%d)", (int)column->digits);
    else if (is_fixed(column->type) && !profile->params_as_text && column->size > 0)
        incload__str_addf(out, "(%u)", (unsigned)column->size);
    incload__str_add(out, column->type_name + head);
    if (column->is_unsigned && strstr(column->type_name, "nsigned") == NULL
        && strstr(column->type_name, "NSIGNED") == NULL)
        incload__str_add(out, " unsigned");
}

static SQLRETURN
ask_column(SQLHSTMT stmt, SQLUSMALLINT number, described *out)
{
    SQLSMALLINT length = 0;
    SQLSMALLINT nullable = SQL_NULLABLE;
    SQLLEN is_unsigned = SQL_FALSE;

    memset(out, 0, sizeof *out);
    SQLRETURN rc = SQLDescribeCol(stmt, number, (SQLCHAR *)out->name, (SQLSMALLINT)(sizeof out->name - 1), &length,
                                  &out->type, &out->size, &out->digits, &nullable);
    if (SQL_SUCCEEDED(rc))
        rc = SQLColAttribute(stmt, number, SQL_DESC_TYPE_NAME, out->type_name, (SQLSMALLINT)(sizeof out->type_name - 1),
                             &length, NULL);
    if (SQL_SUCCEEDED(SQLColAttribute(stmt, number, SQL_DESC_UNSIGNED, NULL, 0, NULL, &is_unsigned)))
        out->is_unsigned = is_unsigned == SQL_TRUE && strcmp(out->type_name, "year") != 0
                           && (out->type == SQL_BIGINT || out->type == SQL_INTEGER || out->type == SQL_SMALLINT
                               || out->type == SQL_TINYINT);
    return rc;
}

static int32_t
add_columns(incload__stmt *stmt, incload__schema *out, incload_error **err)
{
    incload__conn *conn = &stmt->conn->base;
    SQLSMALLINT count = 0;
    described column;

    if (!SQL_SUCCEEDED(SQLNumResultCols(stmt->handle, &count)))
        return incload__odbc_fail(stmt->conn, SQL_HANDLE_STMT, stmt->handle, "describing a query", err);
    if (count <= 0)
        return incload__fail(err, INCLOAD_E_INVALID, "the statement is no query: it gives no columns");
    for (SQLSMALLINT i = 1; i <= count; i++) {
        if (!SQL_SUCCEEDED(ask_column(stmt->handle, (SQLUSMALLINT)i, &column)))
            return incload__odbc_fail(stmt->conn, SQL_HANDLE_STMT, stmt->handle, "describing a query", err);
        incload__str native = INCLOAD__STR(&conn->env->mem);
        native_text(stmt->conn->profile, &column, &native);
        const char *text = incload__str_text(&native);
        incload__column *added = NULL;
        if (text != NULL)
            added = incload__schema_add(out, column.name, text, conn->dialect->type_of(text));
        incload__str_free(&native);
        if (added == NULL)
            return incload__fail_memory(err);
        added->nullable = true;
    }
    return INCLOAD_OK;
}

int32_t
incload__odbc_describe(incload__odbc_conn *conn, const char *sql, int32_t param_count, incload__schema *out,
                       incload_error **err)
{
    const incload__conn *base = &conn->base;
    incload__stmt stmt = { 0 };
    int32_t placeholders = 0;

    incload__schema_init(out, &base->env->mem);
    int32_t status = incload__conn_check(&conn->base, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__stmt_open(&stmt, conn, err);
    if (status == INCLOAD_OK)
        status = incload__params_rewrite(base, sql, param_count, &stmt.sql, &stmt.order, &placeholders, err);
    if (status == INCLOAD_OK)
        status = incload__watch_enter(conn, stmt.handle, err);
    if (status != INCLOAD_OK)
        goto done;
    SQLRETURN rc = SQLPrepare(stmt.handle, incload__sqlchar(stmt.sql.data), SQL_NTS);
    status = incload__odbc_check(conn, stmt.handle, rc, "describing a query", err);
    if (status == INCLOAD_OK)
        status = add_columns(&stmt, out, err);
    incload__watch_leave(conn);
done:
    incload__stmt_close(&stmt);
    if (status != INCLOAD_OK)
        incload__schema_free(out);
    return status;
}
