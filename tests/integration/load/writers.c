/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "writers.h"

#include <pthread.h>
#include <sql.h>
#include <sqlext.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    SQLHENV env;
    SQLHDBC dbc;
    pthread_t thread;
    char *statement;
    char problem[600]; /* of the thread */
};

static void
tell(char out[600], SQLSMALLINT type, SQLHANDLE handle, const char *doing)
{
    SQLCHAR state[6], message[400];
    SQLINTEGER native;
    SQLSMALLINT length;

    if (!SQL_SUCCEEDED(SQLGetDiagRec(type, handle, 1, state, &native, message, sizeof message, &length)))
        message[0] = '\0';
    snprintf(out, 600, "%.150s: %s", doing, (char *)message);
}

writer *
writer_open(const char *url)
{
    writer *w = calloc(1, sizeof *w);
    char problem[600];

    ck_assert_ptr_nonnull(w);
    ck_assert_int_eq(strncmp(url, "odbc:", 5), 0);
    SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &w->env);
    SQLSetEnvAttr(w->env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    SQLAllocHandle(SQL_HANDLE_DBC, w->env, &w->dbc);
    SQLRETURN rc = SQLDriverConnect(w->dbc, NULL, (SQLCHAR *)(uintptr_t)(url + 5), SQL_NTS, NULL, 0, NULL,
                                    SQL_DRIVER_NOPROMPT);
    if (!SQL_SUCCEEDED(rc)) {
        tell(problem, SQL_HANDLE_DBC, w->dbc, "connecting");
        ck_abort_msg("%s", problem);
    }
    return w;
}

void
writer_close(writer *w)
{
    SQLDisconnect(w->dbc);
    SQLFreeHandle(SQL_HANDLE_DBC, w->dbc);
    SQLFreeHandle(SQL_HANDLE_ENV, w->env);
    free(w);
}

/* The first cell of the result, if there is any. */
static bool
run(writer *w, const char *text, int64_t *number, char problem[600])
{
    SQLHSTMT stmt;
    SQLBIGINT value = 0;
    SQLLEN there = 0;

    SQLAllocHandle(SQL_HANDLE_STMT, w->dbc, &stmt);
    SQLRETURN rc = SQLExecDirect(stmt, (SQLCHAR *)(uintptr_t)text, SQL_NTS);
    bool done = SQL_SUCCEEDED(rc) || rc == SQL_NO_DATA;
    if (!done)
        tell(problem, SQL_HANDLE_STMT, stmt, text);
    if (done && number != NULL && SQL_SUCCEEDED(SQLFetch(stmt))
        && SQL_SUCCEEDED(SQLGetData(stmt, 1, SQL_C_SBIGINT, &value, sizeof value, &there)))
        *number = value;
    SQLFreeHandle(SQL_HANDLE_STMT, stmt);
    return done;
}

void
writer_do(writer *w, const char *format, ...)
{
    char *text = NULL, problem[600];
    va_list args;

    va_start(args, format);
    ck_assert_int_ge(vasprintf(&text, format, args), 0);
    va_end(args);
    if (!run(w, text, NULL, problem))
        ck_abort_msg("%s", problem);
    free(text);
}

int64_t
writer_number(writer *w, const char *format, ...)
{
    char *text = NULL, problem[600];
    int64_t number = 0;
    va_list args;

    va_start(args, format);
    ck_assert_int_ge(vasprintf(&text, format, args), 0);
    va_end(args);
    if (!run(w, text, &number, problem))
        ck_abort_msg("%s", problem);
    free(text);
    return number;
}

int64_t
writer_try(writer *w, char problem[600], const char *format, ...)
{
    char *text = NULL;
    int64_t number = -1;
    va_list args;

    va_start(args, format);
    ck_assert_int_ge(vasprintf(&text, format, args), 0);
    va_end(args);
    problem[0] = '\0';
    run(w, text, &number, problem);
    free(text);
    return number;
}

static void *
work(void *data)
{
    writer *w = data;

    w->problem[0] = '\0';
    run(w, w->statement, NULL, w->problem);
    return NULL;
}

void
writer_start(writer *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    ck_assert_int_ge(vasprintf(&w->statement, format, args), 0);
    va_end(args);
    ck_assert_int_eq(pthread_create(&w->thread, NULL, work, w), 0);
}

void
writer_wait(writer *w)
{
    pthread_join(w->thread, NULL);
    free(w->statement);
    w->statement = NULL;
    ck_assert_msg(w->problem[0] == '\0', "%s", w->problem);
}
