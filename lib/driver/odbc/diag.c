/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/utf8.h"
#include "driver/odbc/odbc.h"

/* Where servers put a row's value into a message: what stands between `from` and the last `to` (NULL: the end) is
 * cut. */
static const struct {
    const char *from;
    const char *to;
} values[] = {
    { "Duplicate entry '", "' for key" },         /* MariaDB 1062 */
    { " value: '", "' for column" },              /* MariaDB 1366 */
    { " value: '", "' for function" },            /* MariaDB 1411 */
    { " value: '", NULL },                        /* MariaDB 1292 */
    { "partition for value ", NULL },             /* MariaDB 1526 */
    { " value is out of range in '", NULL },      /* MariaDB 1690 */
    { "invalid input syntax for ", NULL },        /* PostgreSQL 22P02 */
    { "out of range: \"", NULL },                 /* PostgreSQL 22008 */
    { "literal: \"", NULL },                      /* PostgreSQL 22P02, arrays and ranges */
    { "value \"", "\" is out of range" },         /* PostgreSQL 22003 */
    { "for encoding \"", NULL },                  /* PostgreSQL 22021: the bytes follow */
    { "Key (", NULL },                            /* PostgreSQL 23505, 23503: detail */
    { "Failing row contains", NULL },             /* PostgreSQL 23502, 23514: detail */
};

static const char *const secrets[] = { "PWD=", "password=", "Password=", "pwd=" };

static char *
last(char *text, const char *part)
{
    char *found = NULL;

    for (char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        found = at;
    return found;
}

/* Replaces [from, to) by "..." where that is shorter, else by nothing longer than it was. */
static void
cut(char *from, char *to)
{
    size_t gap = (size_t)(to - from);
    size_t dots = gap < 3 ? gap : 3;

    memset(from, '.', dots);
    memmove(from + dots, to, strlen(to) + 1);
}

static void
cut_secret(char *value)
{
    char *end = value + strcspn(value, "; \t\n'\"");

    if (*value == '{' && strchr(value, '}') != NULL)
        end = strrchr(value, '}') + 1;
    cut(value, end);
}

void
incload__odbc_scrub(char *message)
{
    const char *done = "";

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char *from = strstr(message, values[i].from);
        /* What stands behind a value that was cut out, the column's name, must not go with the next rule. */
        if (from == NULL || strcmp(values[i].from, done) == 0)
            continue;
        from += strlen(values[i].from);
        char *to = values[i].to != NULL ? last(from, values[i].to) : from + strlen(from);
        if (to == NULL)
            continue;
        cut(from, to);
        done = values[i].from;
    }
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        size_t length = strlen(secrets[i]);
        for (char *at = strstr(message, secrets[i]); at != NULL; at = strstr(at + length, secrets[i]))
            cut_secret(at + length);
    }
}

/* "[unixODBC][SQLite]UNIQUE constraint failed" without its vendors; a second line is detail, which holds row data. */
static void
tidy(char *message)
{
    char *text = message;

    while (*text == '[' && strchr(text, ']') != NULL)
        text = strchr(text, ']') + 1;
    while (incload__is_space(*text))
        text++;
    memmove(message, text, strlen(text) + 1);
    message[strcspn(message, "\r\n")] = '\0';

    size_t length = strlen(message);
    while (length > 0 && (incload__is_space(message[length - 1]) || message[length - 1] == ';'))
        message[--length] = '\0';
    while (length > 0 && !incload__utf8_valid(message, length)) /* the buffer's end may have split a character */
        message[--length] = '\0';
}

bool
incload__odbc_diag_get(SQLSMALLINT type, SQLHANDLE handle, incload__odbc_diag *out)
{
    SQLCHAR state[6] = { 0 };
    SQLINTEGER native = 0;
    SQLSMALLINT length = 0;

    memset(out, 0, sizeof *out);
    SQLRETURN rc = SQLGetDiagRec(type, handle, 1, state, &native, (SQLCHAR *)out->message,
                                 (SQLSMALLINT)(sizeof out->message - 1), &length);
    if (!SQL_SUCCEEDED(rc))
        return false;
    memcpy(out->sqlstate, state, sizeof out->sqlstate);
    out->native_code = native;
    incload__odbc_scrub(out->message);
    tidy(out->message);
    return true;
}

static void
refine(const incload__odbc_profile *profile, incload__odbc_diag *diag)
{
    /* Only where the driver says nothing by itself. */
    if (strcmp(diag->sqlstate, "HY000") != 0)
        return;
    for (const incload__odbc_state_rule *rule = profile->state_rules; rule->text != NULL; rule++) {
        char *found = strstr(diag->message, rule->text);
        if (found == NULL)
            continue;
        memcpy(diag->sqlstate, rule->sqlstate, sizeof diag->sqlstate);
        if (rule->cut) {
            memmove(diag->message, found + strlen(rule->text), strlen(found + strlen(rule->text)) + 1);
            char *end = strrchr(diag->message, '\'');
            if (end != NULL)
                *end = '\0';
        }
        return;
    }
}

static int32_t
fail_timeout(incload__odbc_conn *conn, const incload__odbc_diag *diag, const char *doing, incload_error **err)
{
    if (conn->base.txn == INCLOAD__TXN_OPEN)
        conn->base.txn = INCLOAD__TXN_FAILED;
    if (err != NULL && *err == NULL) {
        incload__fail(err, INCLOAD_E_TIMEOUT, "%s: the deadline has passed", doing);
        incload__error_set_server(err, diag->sqlstate, diag->native_code, true);
    }
    return INCLOAD_E_TIMEOUT;
}

int32_t
incload__odbc_fail(incload__odbc_conn *conn, SQLSMALLINT type, SQLHANDLE handle, const char *doing, incload_error **err)
{
    incload__odbc_diag diag;

    if (!incload__odbc_diag_get(type, handle, &diag))
        memcpy(diag.message, "the driver gave no reason", sizeof "the driver gave no reason");
    refine(conn->profile, &diag);

    /* What the driver says of an interrupted call depends on where it was just then. A lost connection stays one. */
    bool lost = conn->base.dialect != NULL
                && conn->base.dialect->classify(diag.sqlstate, diag.native_code).code == INCLOAD_E_CONNECT;
    if (atomic_load(&conn->watch.fired) && !lost && !atomic_load(&conn->base.cancelled))
        return fail_timeout(conn, &diag, doing, err);
    return incload__conn_fail(&conn->base, err, doing, diag.sqlstate, diag.native_code, diag.message);
}

/* Warnings and notices may pass; a truncation (01004, 22001 and the rest of class 22) means that data was lost. */
static bool
tells_of_loss(const char *state)
{
    return strcmp(state, "01004") == 0 || strncmp(state, "22", 2) == 0;
}

int32_t
incload__odbc_check(incload__odbc_conn *conn, SQLHSTMT stmt, SQLRETURN rc, const char *doing, incload_error **err)
{
    if (rc == SQL_SUCCESS)
        return INCLOAD_OK;
    if (rc != SQL_SUCCESS_WITH_INFO)
        return incload__odbc_fail(conn, SQL_HANDLE_STMT, stmt, doing, err);

    for (SQLSMALLINT i = 1; i <= 100; i++) {
        SQLCHAR state[6] = { 0 };
        SQLCHAR text[8];
        SQLINTEGER native = 0;
        SQLSMALLINT length = 0;
        if (!SQL_SUCCEEDED(SQLGetDiagRec(SQL_HANDLE_STMT, stmt, i, state, &native, text, sizeof text, &length)))
            break;
        if (tells_of_loss((const char *)state))
            return incload__conn_fail(&conn->base, err, doing, "22001", native, "the driver reports that data was cut");
    }
    return INCLOAD_OK;
}
