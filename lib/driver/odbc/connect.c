/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "driver/odbc/connect.h"

#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

enum { DEFAULT_CONNECT_SECONDS = 30, MAX_CONNECT_SECONDS = 3600, NAME_SIZE = 256 };
enum { DEFAULT_BUSY_MS = 10000, MAX_BUSY_MS = 86400000 };

/* ---- refusing before connecting ---- */

/* SQLite makes the file it does not find: welcome for a target, a typo for a source. */
static int32_t
check_file(const incload__connstr *list, incload__role role, const incload__mem *mem, incload_error **err)
{
    const char *path = incload__connstr_get(list, "Database");
    bool by_dsn = incload__connstr_get(list, "DSN") != NULL;

    if (path == NULL || path[0] == '\0')
        return by_dsn ? INCLOAD_OK
                      : incload__fail(err, INCLOAD_E_INVALID,
                                      "odbc: the connection string names no file: add Database=...");
    if (path[0] == ':' || incload__ascii_prefix(path, "file:"))
        return INCLOAD_OK;
    if (access(path, F_OK) == 0) {
        if (access(path, role == INCLOAD__ROLE_WRITE ? R_OK | W_OK : R_OK) == 0)
            return INCLOAD_OK;
        return incload__fail(err, INCLOAD_E_PERMISSION, "the database file %s may not be %s", path,
                             role == INCLOAD__ROLE_WRITE ? "written" : "read");
    }
    if (role == INCLOAD__ROLE_READ)
        return incload__fail(err, INCLOAD_E_NOT_FOUND, "there is no database file %s", path);

    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path)
        return INCLOAD_OK;
    char *folder = incload__strndup(mem, path, (size_t)(slash - path));
    if (folder == NULL)
        return incload__fail_memory(err);
    bool missing = access(folder, F_OK) != 0;
    incload__free(mem, folder);
    if (missing)
        return incload__fail(err, INCLOAD_E_NOT_FOUND, "the database file %s cannot be made: its folder does not exist",
                             path);
    return INCLOAD_OK;
}

/* ---- connecting ---- */

static int64_t
connect_seconds(const incload__odbc_conn *conn)
{
    if (conn->base.deadline_us == 0)
        return DEFAULT_CONNECT_SECONDS;
    int64_t left_us = conn->base.deadline_us - incload__monotonic_us(conn->base.env);
    /* Drivers count whole seconds: rather a moment early than more than a moment late. */
    int64_t seconds = (left_us + 250000) / 1000000;
    return seconds < 1 ? 1 : seconds > MAX_CONNECT_SECONDS ? MAX_CONNECT_SECONDS : seconds;
}

static int32_t
dial(incload__odbc_conn *conn, SQLHENV environment, const incload__connstr *list, incload_error **err)
{
    incload__str text = INCLOAD__STR(&conn->base.env->mem);
    int64_t seconds = connect_seconds(conn);
    int32_t status = incload__conn_check(&conn->base, err);

    if (status != INCLOAD_OK)
        return status;
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, environment, &conn->dbc))) {
        conn->dbc = NULL;
        return incload__fail_memory(err);
    }
    if (!conn->profile->database_is_file)
        SQLSetConnectAttr(conn->dbc, SQL_ATTR_LOGIN_TIMEOUT, (SQLPOINTER)(uintptr_t)seconds, SQL_IS_UINTEGER);

    incload__connstr_text(list, conn->profile, conn->base.role == INCLOAD__ROLE_WRITE, seconds, &text);
    if (text.failed) {
        status = incload__fail_memory(err);
        goto done;
    }
    SQLSMALLINT length = 0;
    SQLCHAR completed[8]; /* what the driver completes it to is of no interest, and would hold the password */
    SQLRETURN rc = SQLDriverConnect(conn->dbc, NULL, incload__sqlchar(text.data), SQL_NTS, completed, sizeof completed,
                                    &length, SQL_DRIVER_NOPROMPT);
    explicit_bzero(completed, sizeof completed);
    conn->connected = SQL_SUCCEEDED(rc);
    if (!conn->connected)
        status = incload__odbc_fail_connect(conn, environment, list, err);
done:
    incload__free_secret(text.mem, incload__str_take(&text));
    return status;
}

static void
disconnect(incload__odbc_conn *conn)
{
    if (conn->watch.spare != NULL)
        SQLFreeHandle(SQL_HANDLE_STMT, conn->watch.spare);
    conn->watch.spare = NULL;
    if (conn->connected)
        SQLDisconnect(conn->dbc);
    conn->connected = false;
    if (conn->dbc != NULL)
        SQLFreeHandle(SQL_HANDLE_DBC, conn->dbc);
    conn->dbc = NULL;
}

/* The driver itself has the last word on who it is; an alias that hid it costs one more connect. */
static int32_t
dial_as_itself(incload__odbc_conn *conn, SQLHENV environment, const incload__connstr *list, incload_error **err)
{
    char name[NAME_SIZE];

    conn->profile = incload__odbc_guess_profile(environment, list);
    for (int32_t turn = 0; turn < 2; turn++) {
        int32_t status = INCLOAD_OK;
        if (conn->profile->database_is_file)
            status = check_file(list, conn->base.role, &conn->base.env->mem, err);
        if (status == INCLOAD_OK)
            status = dial(conn, environment, list, err);
        if (status != INCLOAD_OK)
            return status;
        const incload__odbc_profile *itself = conn->profile;
        if (incload__odbc_info(conn, SQL_DRIVER_NAME, name, sizeof name))
            itself = incload__odbc_profile_of(name);
        if (itself == conn->profile)
            return INCLOAD_OK;
        conn->profile = itself;
        if (turn == 0)
            disconnect(conn);
    }
    return INCLOAD_OK;
}

static bool
streams(const incload__odbc_profile *profile, const incload__connstr *list, incload__role role)
{
    if (profile->stream_key == NULL)
        return profile->streams;
    const char *value = incload__connstr_get(list, profile->stream_key);
    for (const incload__odbc_option *option = profile->options; value == NULL && option->key != NULL; option++) {
        if (strcmp(option->key, profile->stream_key) == 0
            && (role == INCLOAD__ROLE_READ ? option->reader : option->writer))
            value = option->value;
    }
    return value != NULL && strcmp(value, "1") == 0;
}

static int64_t
busy_wait_us(const incload__odbc_profile *profile, const incload__connstr *list)
{
    const char *text = profile->busy_key != NULL ? incload__connstr_get(list, profile->busy_key) : NULL;
    int64_t ms;

    if (text == NULL || !incload__parse_int64(text, strlen(text), &ms) || ms < 0 || ms > MAX_BUSY_MS)
        ms = DEFAULT_BUSY_MS;
    return ms * 1000;
}

int32_t
incload__odbc_open(incload__odbc_conn *conn, const incload__connstr *list, const char *application_name,
                   incload_error **err)
{
    SQLHENV environment = NULL;
    int32_t status = incload__odbc_environment_take(&environment, err);

    if (status != INCLOAD_OK)
        return status;
    conn->has_environment = true;
    status = dial_as_itself(conn, environment, list, err);
    if (status != INCLOAD_OK)
        return status;
    conn->busy_wait_us = busy_wait_us(conn->profile, list);
    conn->base.streams = streams(conn->profile, list, conn->base.role);
    return incload__odbc_settle(conn, application_name, err);
}

static void
roll_back(incload__odbc_conn *conn)
{
    SQLHSTMT stmt = NULL;

    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, conn->dbc, &stmt)))
        return;
    SQLExecDirect(stmt, incload__sqlchar("ROLLBACK"), SQL_NTS);
    SQLFreeHandle(SQL_HANDLE_STMT, stmt);
}

void
incload__odbc_hang_up(incload__odbc_conn *conn)
{
    /* A COMMIT or ROLLBACK that was left behind may have ended it; another ROLLBACK does no harm. */
    if (conn->connected && conn->base.txn != INCLOAD__TXN_IDLE && !conn->profile->disconnect_rolls_back)
        roll_back(conn);
    disconnect(conn);
    if (conn->has_environment)
        incload__odbc_environment_give();
    conn->has_environment = false;
}
