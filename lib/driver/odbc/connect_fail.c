/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "driver/odbc/connect.h"

static int32_t
fail_no_driver(SQLHENV environment, const incload__connstr *list, const incload__odbc_diag *diag,
               const incload__mem *mem, incload_error **err)
{
    const char *driver = incload__connstr_get(list, "Driver");
    const char *dsn = incload__connstr_get(list, "DSN");
    incload__str installed = INCLOAD__STR(mem);

    incload__odbc_installed(environment, &installed);
    const char *names = installed.failed ? "?" : incload__str_text(&installed);
    if (driver != NULL)
        incload__fail(err, INCLOAD_E_NOT_FOUND, "odbc: the driver '%s' cannot be loaded: %s; installed drivers: %s",
                      driver, diag->message, names);
    else
        incload__fail(
            err, INCLOAD_E_NOT_FOUND,
            "odbc: the data source '%s' is not known or its driver cannot be loaded: %s; installed drivers: %s", dsn,
            diag->message, names);
    incload__str_free(&installed);
    return INCLOAD_E_NOT_FOUND;
}

/* Which database it was, without its secrets. */
static void
add_place(const incload__connstr *list, const incload__mem *mem, incload_error **err)
{
    incload__str text = INCLOAD__STR(mem);

    incload__connstr_scrubbed(list, &text);
    incload__error_add_detail(err, "connection", incload__str_text(&text));
    incload__str_free(&text);
}

/* Some drivers do not say where they tried to go. */
const char *
incload__odbc_place(const incload__connstr *list)
{
    static const char *const keys[] = { "Server", "Servername", "Socket", "DSN", "Database" };

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *value = incload__connstr_get(list, keys[i]);
        if (value != NULL && value[0] != '\0')
            return value;
    }
    return "?";
}

/* What to do next, by what it turned out to be. */
static const char *
remedy(int32_t code)
{
    switch (code) {
    case INCLOAD_E_AUTH:
        return "check user and password (UID, PWD), and that they may connect to this database";
    case INCLOAD_E_NOT_FOUND:
        return "check the name of the database, or create it";
    case INCLOAD_E_TIMEOUT:
        return "check host and port, or raise connect_timeout";
    default:
        return "check host and port or file, and that the server is running";
    }
}

int32_t
incload__odbc_fail_connect(incload__odbc_conn *conn, SQLHENV environment, const incload__connstr *list,
                           incload_error **err)
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
    incload__fail(err, code, "odbc: connecting by %s to '%s': %s: %s", conn->profile->name, incload__odbc_place(list),
                  diag.message, remedy(code));
    if (first)
        incload__error_set_server(err, sqlstate, diag.native_code,
                                  code == INCLOAD_E_CONNECT || code == INCLOAD_E_TIMEOUT);
    if (first)
        add_place(list, &conn->base.env->mem, err);
    return code;
}
