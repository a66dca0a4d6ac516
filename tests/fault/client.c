/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "client.h"

#include <libpq-fe.h>
#include <sql.h>
#include <sqlext.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* The role's own schema, which the ledger has the name of, would come first. */
#define PG_SESSION "SET search_path = public;\nSET timezone = 'UTC'"

struct client {
    PGconn *pg; /* or */
    SQLHENV env;
    SQLHDBC dbc;
};

static char problem[512];

const char *
client_problem(void)
{
    return problem;
}

static bool
odbc_problem(SQLSMALLINT type, SQLHANDLE handle)
{
    SQLCHAR state[6] = "", text[400] = "";
    SQLINTEGER code = 0;

    SQLGetDiagRec(type, handle, 1, state, &code, text, sizeof text, NULL);
    snprintf(problem, sizeof problem, "%s (%d): %s", (char *)state, (int)code, (char *)text);
    return false;
}

static bool
exec_pg(client *c, const char *text)
{
    PGresult *result = PQexec(c->pg, text);
    ExecStatusType status = PQresultStatus(result);
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

    if (!good)
        snprintf(problem, sizeof problem, "%s", PQresultErrorMessage(result));
    PQclear(result);
    return good;
}

static bool
exec_odbc(client *c, char *text)
{
    SQLHSTMT stmt;
    bool good = true;

    for (char *next = text; good && next != NULL;) {
        char *one = next, *end = strstr(next, ";\n");
        next = end != NULL ? end + 2 : NULL;
        if (end != NULL)
            *end = '\0';
        if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, c->dbc, &stmt)))
            return odbc_problem(SQL_HANDLE_DBC, c->dbc);
        SQLRETURN rc = SQLExecDirect(stmt, (SQLCHAR *)one, SQL_NTS);
        good = SQL_SUCCEEDED(rc) || rc == SQL_NO_DATA || odbc_problem(SQL_HANDLE_STMT, stmt);
        SQLFreeHandle(SQL_HANDLE_STMT, stmt);
    }
    return good;
}

static void
ignore_notice(void *data, const char *message)
{
    (void)data;
    (void)message;
}

static bool
open_pg(client *c, const char *url)
{
    c->pg = PQconnectdb(url);
    if (PQstatus(c->pg) != CONNECTION_OK) {
        snprintf(problem, sizeof problem, "%s", PQerrorMessage(c->pg));
        return false;
    }
    PQsetNoticeProcessor(c->pg, ignore_notice, NULL);
    return exec_pg(c, PG_SESSION);
}

static bool
open_odbc(client *c, const char *text)
{
    SQLRETURN rc;

    SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &c->env);
    SQLSetEnvAttr(c->env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)(uintptr_t)SQL_OV_ODBC3, 0);
    SQLAllocHandle(SQL_HANDLE_DBC, c->env, &c->dbc);
    rc = SQLDriverConnect(c->dbc, NULL, (SQLCHAR *)(uintptr_t)text, SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT);
    if (!SQL_SUCCEEDED(rc))
        return odbc_problem(SQL_HANDLE_DBC, c->dbc);
    if (strstr(text, "Driver=PostgreSQL") == NULL)
        return true;
    char session[] = PG_SESSION;
    return exec_odbc(c, session);
}

client *
client_try_open(const char *url)
{
    client *c = calloc(1, sizeof *c);

    if (c == NULL)
        report_die("no memory");
    bool opened = strncmp(url, "odbc:", 5) == 0 ? open_odbc(c, url + 5) : open_pg(c, url);
    if (opened)
        return c;
    client_close(c);
    return NULL;
}

client *
client_open(const char *url)
{
    client *c = client_try_open(url);

    if (c == NULL)
        report_die("cannot connect: %s", problem);
    return c;
}

void
client_close(client *c)
{
    if (c == NULL)
        return;
    if (c->pg != NULL)
        PQfinish(c->pg);
    if (c->dbc != NULL) {
        SQLDisconnect(c->dbc);
        SQLFreeHandle(SQL_HANDLE_DBC, c->dbc);
    }
    if (c->env != NULL)
        SQLFreeHandle(SQL_HANDLE_ENV, c->env);
    free(c);
}

static char *text_of(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

static char *
text_of(const char *format, va_list args)
{
    char *text = NULL;

    if (vasprintf(&text, format, args) < 0)
        report_die("no memory");
    return text;
}

bool
client_try(client *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = text_of(format, args);
    va_end(args);
    bool good = c->pg != NULL ? exec_pg(c, text) : exec_odbc(c, text);
    free(text);
    return good;
}

void
client_do(client *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = text_of(format, args);
    va_end(args);
    bool good = c->pg != NULL ? exec_pg(c, text) : exec_odbc(c, text);
    if (!good)
        report_die("%.200s: %s", text, problem);
    free(text);
}

static bool
ask_pg(client *c, const char *text, FILE *out)
{
    PGresult *result = PQexec(c->pg, text);
    bool good = PQresultStatus(result) == PGRES_TUPLES_OK;

    if (!good)
        snprintf(problem, sizeof problem, "%s", PQresultErrorMessage(result));
    for (int row = 0; good && row < PQntuples(result); row++) {
        for (int i = 0; i < PQnfields(result); i++)
            fprintf(out, "%s%s", i > 0 ? "|" : "", PQgetisnull(result, row, i) ? "NULL" : PQgetvalue(result, row, i));
        fputc('\n', out);
    }
    PQclear(result);
    return good;
}

static bool
ask_odbc(client *c, char *text, FILE *out)
{
    SQLHSTMT stmt;
    SQLSMALLINT columns = 0;
    SQLRETURN rc = SQL_NO_DATA;
    char cell[4096];
    SQLLEN length;

    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, c->dbc, &stmt)))
        return odbc_problem(SQL_HANDLE_DBC, c->dbc);
    bool good = SQL_SUCCEEDED(SQLExecDirect(stmt, (SQLCHAR *)text, SQL_NTS)) || odbc_problem(SQL_HANDLE_STMT, stmt);
    if (good)
        SQLNumResultCols(stmt, &columns);
    while (good && SQL_SUCCEEDED(rc = SQLFetch(stmt))) {
        for (SQLUSMALLINT i = 1; i <= columns; i++) {
            SQLGetData(stmt, i, SQL_C_CHAR, cell, sizeof cell, &length);
            fprintf(out, "%s%s", i > 1 ? "|" : "", length == SQL_NULL_DATA ? "NULL" : cell);
        }
        fputc('\n', out);
    }
    if (good && rc != SQL_NO_DATA)
        good = odbc_problem(SQL_HANDLE_STMT, stmt);
    SQLFreeHandle(SQL_HANDLE_STMT, stmt);
    return good;
}

static char *ask_list(client *c, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static char *
ask_list(client *c, const char *format, va_list args)
{
    char *text = text_of(format, args), *found = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&found, &size);

    if (out == NULL)
        report_die("no memory");
    bool good = c->pg != NULL ? ask_pg(c, text, out) : ask_odbc(c, text, out);
    fclose(out);
    if (!good)
        report_die("%.200s: %s", text, problem);
    free(text);
    return found;
}

char *
client_ask(client *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *found = ask_list(c, format, args);
    va_end(args);
    return found;
}

int64_t
client_number(client *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *found = ask_list(c, format, args);
    va_end(args);
    int64_t number = strtoll(found, NULL, 10);
    free(found);
    return number;
}
