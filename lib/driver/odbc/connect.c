/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "driver/odbc/connect.h"

#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "driver/odbc/connstr.h"

enum { DEFAULT_CONNECT_SECONDS = 30, MAX_CONNECT_SECONDS = 3600, NAME_SIZE = 256, CLOSE_GRACE_US = 900000 };

/* ---- what is installed ---- */

/* The library file of an installed driver, or false. */
static bool
driver_file(SQLHENV environment, const char *driver, char *file, size_t size)
{
    SQLCHAR name[NAME_SIZE];
    SQLCHAR attributes[1024];
    SQLSMALLINT length;
    SQLUSMALLINT direction = SQL_FETCH_FIRST;

    for (;;) {
        memset(attributes, 0, sizeof attributes);
        if (!SQL_SUCCEEDED(SQLDrivers(environment, direction, name, sizeof name, &length, attributes,
                                      (SQLSMALLINT)(sizeof attributes - 2), &length)))
            return false;
        direction = SQL_FETCH_NEXT;
        if (!incload__ascii_equal((const char *)name, driver))
            continue;
        for (const char *at = (const char *)attributes; *at != '\0'; at += strlen(at) + 1) {
            if (incload__ascii_prefix(at, "Driver=") && strlen(at + 7) < size) {
                memcpy(file, at + 7, strlen(at + 7) + 1);
                return true;
            }
        }
        return false;
    }
}

/* The driver's name behind a data source, or false. */
static bool
dsn_driver(SQLHENV environment, const char *dsn, char *driver, size_t size)
{
    SQLCHAR name[NAME_SIZE];
    SQLSMALLINT length;
    SQLUSMALLINT direction = SQL_FETCH_FIRST;

    while (SQL_SUCCEEDED(SQLDataSources(environment, direction, name, sizeof name, &length, (SQLCHAR *)driver,
                                        (SQLSMALLINT)size, &length))) {
        if (incload__ascii_equal((const char *)name, dsn))
            return true;
        direction = SQL_FETCH_NEXT;
    }
    return false;
}

static void
installed_drivers(SQLHENV environment, incload__str *out)
{
    SQLCHAR name[NAME_SIZE];
    SQLCHAR attributes[8];
    SQLSMALLINT length;
    SQLUSMALLINT direction = SQL_FETCH_FIRST;

    while (SQL_SUCCEEDED(SQLDrivers(environment, direction, name, sizeof name, &length, attributes, sizeof attributes,
                                    &length))) {
        incload__str_addf(out, "%s%s", direction == SQL_FETCH_FIRST ? "" : ", ", (const char *)name);
        direction = SQL_FETCH_NEXT;
    }
    if (direction == SQL_FETCH_FIRST)
        incload__str_add(out, "none");
}

/* Options must be given before the driver can be asked for its name, so its file name tells at first. */
static const incload__odbc_profile *
guess_profile(SQLHENV environment, const incload__connstr *list)
{
    char name[NAME_SIZE] = { 0 };
    char file[NAME_SIZE] = { 0 };
    const char *driver = incload__connstr_get(list, "Driver");

    if (driver == NULL && dsn_driver(environment, incload__connstr_get(list, "DSN"), name, sizeof name))
        driver = name;
    if (driver != NULL && strchr(driver, '/') == NULL && driver_file(environment, driver, file, sizeof file))
        driver = file;
    return incload__odbc_profile_of(driver);
}

/* ---- refusing before connecting ---- */

/* SQLite makes the file it does not find: welcome for a target, a typo for a source. */
static int32_t
check_file(const incload__connstr *list, incload__role role, const incload__mem *mem, incload_error **err)
{
    const char *path = incload__connstr_get(list, "Database");
    bool by_dsn = incload__connstr_get(list, "DSN") != NULL;

    if (path == NULL || path[0] == '\0')
        return by_dsn ? INCLOAD_OK
                      : incload__fail(err, INCLOAD_E_INVALID, "odbc: the connection string names no file: add Database=...");
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
        return incload__fail(err, INCLOAD_E_NOT_FOUND, "the database file %s cannot be made: its folder does not exist", path);
    return INCLOAD_OK;
}

/* ---- failing to connect ---- */

static int32_t
fail_no_driver(SQLHENV environment, const incload__connstr *list, const incload__odbc_diag *diag,
               const incload__mem *mem, incload_error **err)
{
    const char *driver = incload__connstr_get(list, "Driver");
    const char *dsn = incload__connstr_get(list, "DSN");
    incload__str installed = INCLOAD__STR(mem);

    installed_drivers(environment, &installed);
    const char *names = installed.failed ? "?" : incload__str_text(&installed);
    if (driver != NULL)
        incload__fail(err, INCLOAD_E_NOT_FOUND, "odbc: the driver '%s' cannot be loaded: %s; installed drivers: %s", driver,
                      diag->message, names);
    else
        incload__fail(err, INCLOAD_E_NOT_FOUND,
                      "odbc: the data source '%s' is not known or its driver cannot be loaded: %s; installed drivers: %s",
                      dsn, diag->message, names);
    incload__str_free(&installed);
    return INCLOAD_E_NOT_FOUND;
}

static int32_t
fail_connect(incload__odbc_conn *conn, SQLHENV environment, const incload__connstr *list, incload_error **err)
{
    incload__odbc_diag diag;
    int32_t code = INCLOAD_E_CONNECT;

    if (!incload__odbc_diag_get(SQL_HANDLE_DBC, conn->dbc, &diag))
        memcpy(diag.message, "the driver gave no reason", sizeof "the driver gave no reason");
    if (strncmp(diag.sqlstate, "IM", 2) == 0 || strstr(diag.message, "Can't open lib") != NULL)
        return fail_no_driver(environment, list, &diag, &conn->base.env->mem, err);

    const char *sqlstate = diag.sqlstate;
    if (strncmp(sqlstate, "28", 2) == 0)
        code = INCLOAD_E_AUTH;
    for (const incload__odbc_connect_rule *rule = conn->profile->connect_rules; rule->text != NULL; rule++) {
        if (strstr(diag.message, rule->text) != NULL) {
            code = rule->code;
            sqlstate = rule->sqlstate;
            break;
        }
    }
    int64_t deadline_us = conn->base.deadline_us;
    if (code == INCLOAD_E_CONNECT && deadline_us != 0 && incload__monotonic_us(conn->base.env) >= deadline_us)
        code = INCLOAD_E_TIMEOUT;
    if (strncmp(sqlstate, "HYT", 3) == 0)
        code = INCLOAD_E_TIMEOUT;

    bool first = err != NULL && *err == NULL;
    incload__fail(err, code, "odbc: connecting by %s: %s", conn->profile->name, diag.message);
    if (first)
        incload__error_set_server(err, sqlstate, diag.native_code,
                                  code == INCLOAD_E_CONNECT || code == INCLOAD_E_TIMEOUT);
    return code;
}

/* ---- connecting ---- */

static int64_t
connect_seconds(const incload__odbc_conn *conn)
{
    if (conn->base.deadline_us == 0)
        return DEFAULT_CONNECT_SECONDS;
    int64_t left_us = conn->base.deadline_us - incload__monotonic_us(conn->base.env);
    int64_t seconds = (left_us + 999999) / 1000000;
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
    SQLRETURN rc = SQLDriverConnect(conn->dbc, NULL, incload__sqlchar(text.data), SQL_NTS, completed,
                                    sizeof completed, &length, SQL_DRIVER_NOPROMPT);
    explicit_bzero(completed, sizeof completed);
    conn->connected = SQL_SUCCEEDED(rc);
    if (!conn->connected)
        status = fail_connect(conn, environment, list, err);
done:
    incload__free_secret(text.mem, incload__str_take(&text));
    return status;
}

static void
hang_up(incload__odbc_conn *conn)
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

static bool
info_text(const incload__odbc_conn *conn, SQLUSMALLINT what, char *out, size_t size)
{
    SQLSMALLINT length = 0;

    memset(out, 0, size);
    return SQL_SUCCEEDED(SQLGetInfo(conn->dbc, what, out, (SQLSMALLINT)(size - 1), &length));
}

/* The driver itself has the last word on who it is; an alias that hid it costs one more connect. */
static int32_t
dial_as_itself(incload__odbc_conn *conn, SQLHENV environment, const incload__connstr *list, incload_error **err)
{
    char name[NAME_SIZE];

    conn->profile = guess_profile(environment, list);
    for (int32_t turn = 0; turn < 2; turn++) {
        int32_t status = INCLOAD_OK;
        if (conn->profile->database_is_file)
            status = check_file(list, conn->base.role, &conn->base.env->mem, err);
        if (status == INCLOAD_OK)
            status = dial(conn, environment, list, err);
        if (status != INCLOAD_OK)
            return status;
        const incload__odbc_profile *itself = conn->profile;
        if (info_text(conn, SQL_DRIVER_NAME, name, sizeof name))
            itself = incload__odbc_profile_of(name);
        if (itself == conn->profile)
            return INCLOAD_OK;
        conn->profile = itself;
        if (turn == 0)
            hang_up(conn);
    }
    return INCLOAD_OK;
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
        if (info_text(conn, SQL_DBMS_VER, text, sizeof text))
            conn->base.server_version = incload__odbc_version(text);
        return INCLOAD_OK;
    }
    incload__rows rows;
    int32_t status = incload__odbc_select(&conn->base, conn->profile->version_query, NULL, 0, &rows, err);
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
    int32_t status = incload__odbc_select(&conn->base, conn->profile->application_query, &param, 1, &rows, err);
    incload__rows_free(&rows);
    return status;
}

static int32_t
settle(incload__odbc_conn *conn, const incload__connect *how, incload_error **err)
{
    char dbms[NAME_SIZE];

    conn->base.dialect = incload__dialect_of_dbms(info_text(conn, SQL_DBMS_NAME, dbms, sizeof dbms) ? dbms : "");
    if (conn->profile->cancel_by_spare
        && !SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, conn->dbc, &conn->watch.spare))) {
        conn->watch.spare = NULL;
        return incload__odbc_fail(conn, SQL_HANDLE_DBC, conn->dbc, "connecting", err);
    }

    int32_t status = INCLOAD_OK;
    for (const char *const *sql = conn->base.dialect->session; status == INCLOAD_OK && sql != NULL && *sql != NULL; sql++)
        status = incload__odbc_execute(&conn->base, *sql, NULL, 0, NULL, err);
    if (status == INCLOAD_OK)
        status = ask_version(conn, err);
    if (status == INCLOAD_OK)
        status = name_application(conn, how->application_name, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "odbc: setting up the session");
    return status;
}

static bool
streams(const incload__odbc_profile *profile, const incload__connstr *list, incload__role role)
{
    if (profile->stream_key == NULL)
        return profile->streams;
    const char *value = incload__connstr_get(list, profile->stream_key);
    for (const incload__odbc_option *option = profile->options; value == NULL && option->key != NULL; option++) {
        if (strcmp(option->key, profile->stream_key) == 0 && (role == INCLOAD__ROLE_READ ? option->reader : option->writer))
            value = option->value;
    }
    return value != NULL && strcmp(value, "1") == 0;
}

static incload__odbc_conn *
conn_new(const incload__connect *how)
{
    incload__odbc_conn *conn = incload__alloc(&how->env->mem, sizeof *conn);

    if (conn == NULL)
        return NULL;
    conn->base.driver = &incload__driver_odbc;
    conn->base.env = how->env;
    conn->base.role = how->role;
    conn->base.wire = INCLOAD__WIRE_TEXT;
    conn->base.deadline_us = how->deadline_us;
    conn->base.pid = (int32_t)getpid();
    atomic_init(&conn->base.cancelled, false);
    atomic_init(&conn->watch.fired, false);
    conn->profile = &incload__odbc_profile_unknown;
    return conn;
}

int32_t
incload__odbc_connect(const incload__connect *how, incload__conn **out, incload_error **err)
{
    incload__connstr list;
    SQLHENV environment = NULL;

    *out = NULL;
    int32_t status = incload__connstr_parse(&how->env->mem, how->url, &list, err);
    if (status != INCLOAD_OK)
        return status;
    incload__odbc_conn *conn = conn_new(how);
    if (conn == NULL)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = incload__watch_init(&conn->watch, err);
    if (status == INCLOAD_OK)
        status = incload__odbc_environment_take(&environment, err);
    if (status == INCLOAD_OK) {
        conn->has_environment = true;
        status = dial_as_itself(conn, environment, &list, err);
    }
    if (status == INCLOAD_OK)
        status = settle(conn, how, err);
    if (status == INCLOAD_OK) {
        conn->base.streams = streams(conn->profile, &list, how->role);
        *out = &conn->base;
    } else if (conn != NULL) {
        incload__odbc_close(&conn->base);
    }
    incload__connstr_free(&list);
    return status;
}

void
incload__odbc_close(incload__conn *base)
{
    if (base == NULL)
        return;
    incload__odbc_conn *conn = incload__odbc_of(base);
    const incload__mem *mem = &base->env->mem;

    /* A forked child must not touch the parent's socket, nor locks that the parent may hold. */
    if (base->pid != (int32_t)getpid()) {
        incload__free(mem, conn);
        return;
    }
    bool open = base->txn == INCLOAD__TXN_OPEN || base->txn == INCLOAD__TXN_FAILED;
    if (conn->connected && open && !conn->profile->disconnect_rolls_back) {
        SQLHSTMT stmt = NULL;
        if (SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, conn->dbc, &stmt))) {
            if (incload__watch_enter_always(conn, stmt, incload__monotonic_us(base->env) + CLOSE_GRACE_US, NULL) == INCLOAD_OK)
                SQLExecDirect(stmt, incload__sqlchar("ROLLBACK"), SQL_NTS);
            incload__watch_leave(conn);
            SQLFreeHandle(SQL_HANDLE_STMT, stmt);
        }
    }
    incload__watch_end(&conn->watch);
    hang_up(conn);
    if (conn->has_environment)
        incload__odbc_environment_give();
    incload__free(mem, conn);
}

int32_t
incload__odbc_ping(incload__conn *conn, incload_error **err)
{
    incload__rows rows;
    int32_t status = incload__odbc_select(conn, "SELECT 1", NULL, 0, &rows, err);

    incload__rows_free(&rows);
    return status;
}
