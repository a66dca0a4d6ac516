/* SPDX-License-Identifier: Apache-2.0 */
/* What a fresh connection is told and asked before anyone uses it. */
#include <string.h>

#include "base/utf8.h"
#include "driver/odbc/connect.h"

enum { NAME_SIZE = 256 };

bool
incload__odbc_info(const incload__odbc_conn *conn, SQLUSMALLINT what, char *out, size_t size)
{
    SQLSMALLINT length = 0;

    memset(out, 0, size);
    return SQL_SUCCEEDED(SQLGetInfo(conn->dbc, what, out, (SQLSMALLINT)(size - 1), &length));
}

/* "15.20", "10.11.19-MariaDB", "3.40.1" or PostgreSQL's 150020. */
int32_t
incload__odbc_version(const char *text)
{
    int64_t parts[3] = { 0, 0, 0 };
    int32_t part = 0;

    for (; part < 3 && incload__is_digit(*text); part++) {
        for (; incload__is_digit(*text); text++)
            parts[part] = parts[part] > 100000 ? parts[part] : parts[part] * 10 + (*text - '0');
        if (*text == '.')
            text++;
    }
    return (int32_t)(parts[0] >= 10000 ? parts[0] : parts[0] % 10000 * 10000 + parts[1] % 100 * 100 + parts[2] % 100);
}

static int32_t
ask_version(incload__odbc_conn *conn, incload_error **err)
{
    char text[NAME_SIZE];

    if (conn->profile->version_query == NULL) {
        if (incload__odbc_info(conn, SQL_DBMS_VER, text, sizeof text))
            conn->base.server_version = incload__odbc_version(text);
        return INCLOAD_OK;
    }
    incload__rows rows;
    int32_t status = incload__odbc_select(conn, conn->profile->version_query, NULL, 0, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    const char *cell = incload__rows_get(&rows, 0, 0);
    conn->base.server_version = cell != NULL ? incload__odbc_version(cell) : 0;
    incload__rows_free(&rows);
    return INCLOAD_OK;
}

static int32_t
name_application(incload__odbc_conn *conn, const char *name, incload_error **err)
{
    if (name == NULL || conn->profile->application_query == NULL)
        return INCLOAD_OK;
    incload__rows rows;
    const incload__param param = { .text = name, .length = strlen(name), .kind = INCLOAD__TEXT };
    int32_t status = incload__odbc_select(conn, conn->profile->application_query, &param, 1, &rows, err);
    incload__rows_free(&rows);
    return status;
}

static bool
skipped(const incload__odbc_profile *profile, const char *sql)
{
    for (const char *const *skip = profile->session_skips; *skip != NULL; skip++) {
        if (incload__ascii_prefix(sql, *skip))
            return true;
    }
    return false;
}

static int32_t
set_session(incload__odbc_conn *conn, incload_error **err)
{
    const char *const *sql = conn->base.dialect->session;
    int32_t status = INCLOAD_OK;

    for (; status == INCLOAD_OK && sql != NULL && *sql != NULL; sql++) {
        if (!skipped(conn->profile, *sql))
            status = incload__odbc_execute(conn, *sql, NULL, 0, NULL, err);
    }
    return status;
}

int32_t
incload__odbc_settle(incload__odbc_conn *conn, const char *application_name, incload_error **err)
{
    char dbms[NAME_SIZE];

    conn->base.dialect =
        incload__dialect_of_dbms(incload__odbc_info(conn, SQL_DBMS_NAME, dbms, sizeof dbms) ? dbms : "");
    if (conn->profile->cancel_by_spare
        && !SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, conn->dbc, &conn->watch.spare))) {
        conn->watch.spare = NULL;
        return incload__odbc_fail(conn, SQL_HANDLE_DBC, conn->dbc, "connecting", err);
    }

    int32_t status = set_session(conn, err);
    if (status == INCLOAD_OK)
        status = ask_version(conn, err);
    if (status == INCLOAD_OK)
        status = name_application(conn, application_name, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "odbc: setting up the session");
    return status;
}
