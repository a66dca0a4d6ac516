/* SPDX-License-Identifier: Apache-2.0 */
/* Plain SQL to each kind of server, past the library: libpq for PostgreSQL, ODBC for the rest. */
#define _GNU_SOURCE
#include "torture.h"

#include <libpq-fe.h>
#include <sql.h>
#include <sqlext.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 6, CELL = 256, PLACES = 2 };

const char *const kind_names[KINDS] = { "postgres", "mariadb", "sqlite", "postgres-odbc" };

struct session {
    PGconn *pq;
    SQLHDBC odbc;
    char error[256];
};

static pthread_once_t odbc_once = PTHREAD_ONCE_INIT;
static SQLHENV odbc_env;
static char names[PLACES][64];
static char urls[KINDS][PLACES][1024];

/* ---- places ---- */

static const char *
variable(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL)
        report_die("%s is not set: start this by tests/fault/run.sh or tests/run.sh", name);
    return value;
}

/* `url` with the word behind `before` replaced. */
static void
with_name(char out[1024], const char *url, const char *before, const char *name)
{
    const char *at = strstr(url, before);

    if (at == NULL)
        report_die("a database's URL has no '%s'", before);
    at += strlen(before);
    snprintf(out, 1024, "%.*s%s%s", (int)(at - url), url, name, at + strcspn(at, "?;"));
}

void
place_file_url(char url[1024], const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/torture_%ld_%s.db", variable("INCLOAD_TEST_DIR"), (long)getpid(), name);
    with_name(url, variable("INCLOAD_TEST_SQLITE"), "Database=", path);
}

void
places_make(void)
{
    session *postgres = session_open(variable("INCLOAD_TEST_POSTGRES"));
    session *mariadb = session_open(variable("INCLOAD_TEST_MARIADB"));

    for (int i = 0; i < PLACES; i++) {
        snprintf(names[i], sizeof names[i], "torture_%ld_%d", (long)getpid(), i);
        with_name(urls[POSTGRES][i], variable("INCLOAD_TEST_POSTGRES"), "@/", names[i]);
        with_name(urls[PG_ODBC][i], variable("INCLOAD_TEST_PG_ODBC"), "Database=", names[i]);
        with_name(urls[MARIADB][i], variable("INCLOAD_TEST_MARIADB"), "Database=", names[i]);
        place_file_url(urls[SQLITE][i], i == 0 ? "0" : "1");
        session_must(postgres, "CREATE DATABASE %s", names[i]);
        session_must(mariadb, "CREATE DATABASE %s", names[i]);
    }
    session_close(postgres);
    session_close(mariadb);
}

void
places_drop(void)
{
    session *postgres = session_open(variable("INCLOAD_TEST_POSTGRES"));
    session *mariadb = session_open(variable("INCLOAD_TEST_MARIADB"));

    for (int i = 0; i < PLACES; i++) {
        session_must(postgres, "DROP DATABASE %s WITH (FORCE)", names[i]);
        session_must(mariadb, "DROP DATABASE %s", names[i]);
    }
    session_close(postgres);
    session_close(mariadb);
}

const char *
place_url(kind which, int number)
{
    return urls[which][number];
}

/* ---- ODBC ---- */

static void
odbc_start(void)
{
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &odbc_env))
        || !SQL_SUCCEEDED(SQLSetEnvAttr(odbc_env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0)))
        report_die("unixODBC does not start");
}

static void
odbc_error(session *s, SQLSMALLINT type, SQLHANDLE handle)
{
    SQLCHAR state[6] = "", text[240] = "";
    SQLINTEGER native = 0;
    SQLSMALLINT length = 0;

    SQLGetDiagRec(type, handle, 1, state, &native, text, sizeof text, &length);
    snprintf(s->error, sizeof s->error, "%.5s %.240s", (const char *)state, (const char *)text);
}

static void
odbc_open(session *s, const char *text)
{
    pthread_once(&odbc_once, odbc_start);
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, odbc_env, &s->odbc)))
        report_die("unixODBC gives no connection");
    if (!SQL_SUCCEEDED(SQLDriverConnect(s->odbc, NULL, (SQLCHAR *)(uintptr_t)text, SQL_NTS, NULL, 0, NULL,
                                        SQL_DRIVER_NOPROMPT))) {
        odbc_error(s, SQL_HANDLE_DBC, s->odbc);
        report_die("no connection: %s", s->error);
    }
}

static bool
odbc_fetch(session *s, SQLHSTMT statement, SQLSMALLINT columns, row_fn row, void *user_data)
{
    char cells[COLUMNS][CELL];
    SQLLEN lengths[COLUMNS];
    const char *texts[COLUMNS] = { 0 };
    SQLRETURN got;

    for (SQLSMALLINT i = 0; i < columns; i++)
        SQLBindCol(statement, (SQLUSMALLINT)(i + 1), SQL_C_CHAR, cells[i], CELL, &lengths[i]);
    while (SQL_SUCCEEDED(got = SQLFetch(statement))) {
        for (SQLSMALLINT i = 0; i < columns; i++)
            texts[i] = lengths[i] == SQL_NULL_DATA ? NULL : cells[i];
        row(user_data, texts);
    }
    if (got != SQL_NO_DATA)
        odbc_error(s, SQL_HANDLE_STMT, statement);
    return got == SQL_NO_DATA;
}

static bool
odbc_run(session *s, const char *sql, row_fn row, void *user_data)
{
    SQLHSTMT statement;
    SQLSMALLINT columns = 0;

    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, s->odbc, &statement))) {
        odbc_error(s, SQL_HANDLE_DBC, s->odbc);
        return false;
    }
    SQLRETURN status = SQLExecDirect(statement, (SQLCHAR *)(uintptr_t)sql, SQL_NTS);
    bool good = SQL_SUCCEEDED(status) || status == SQL_NO_DATA;

    if (!good)
        odbc_error(s, SQL_HANDLE_STMT, statement);
    if (good && status != SQL_NO_DATA)
        SQLNumResultCols(statement, &columns);
    if (good && columns > 0 && columns <= COLUMNS && row != NULL)
        good = odbc_fetch(s, statement, columns, row, user_data);
    SQLFreeHandle(SQL_HANDLE_STMT, statement);
    return good;
}

/* ---- libpq ---- */

static bool
pq_run(session *s, const char *sql, row_fn row, void *user_data)
{
    PGresult *result = PQexec(s->pq, sql);
    ExecStatusType status = PQresultStatus(result);
    /* COMMIT of a failed transaction is answered by the tag ROLLBACK, as a success. */
    bool refused = strncmp(sql, "COMMIT", 6) == 0 && strncmp(PQcmdStatus(result), "ROLLBACK", 8) == 0;
    bool good = (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) && !refused;

    if (!good)
        snprintf(s->error, sizeof s->error, "%.250s", refused ? "rolled back" : PQresultErrorMessage(result));
    for (int i = 0; good && row != NULL && i < PQntuples(result); i++) {
        const char *texts[COLUMNS] = { 0 };
        for (int c = 0; c < PQnfields(result) && c < COLUMNS; c++)
            texts[c] = PQgetisnull(result, i, c) ? NULL : PQgetvalue(result, i, c);
        row(user_data, texts);
    }
    PQclear(result);
    return good;
}

/* ---- both ---- */

session *
session_open(const char *url)
{
    session *s = calloc(1, sizeof *s);

    if (s == NULL)
        report_die("no memory for a session");
    if (strncmp(url, "odbc:", 5) == 0) {
        odbc_open(s, url + 5);
        return s;
    }
    s->pq = PQconnectdb(url);
    if (PQstatus(s->pq) != CONNECTION_OK)
        report_die("no connection: %s", PQerrorMessage(s->pq));
    session_must(s, "SET client_min_messages = warning");
    return s;
}

void
session_close(session *s)
{
    if (s == NULL)
        return;
    if (s->pq != NULL)
        PQfinish(s->pq);
    if (s->odbc != NULL) {
        SQLDisconnect(s->odbc);
        SQLFreeHandle(SQL_HANDLE_DBC, s->odbc);
    }
    free(s);
}

bool
session_each(session *s, const char *sql, row_fn row, void *user_data)
{
    return s->pq != NULL ? pq_run(s, sql, row, user_data) : odbc_run(s, sql, row, user_data);
}

bool
session_run(session *s, const char *sql)
{
    return session_each(s, sql, NULL, NULL);
}

const char *
session_error(const session *s)
{
    return s->error;
}

void
session_must(session *s, const char *format, ...)
{
    va_list args;
    char *sql = NULL;

    va_start(args, format);
    if (vasprintf(&sql, format, args) < 0)
        report_die("no memory for a statement");
    va_end(args);
    if (!session_run(s, sql))
        report_die("%s: %s", sql, s->error);
    free(sql);
}
