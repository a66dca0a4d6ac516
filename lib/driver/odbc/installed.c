/* SPDX-License-Identifier: Apache-2.0 */
/* What the driver manager knows: drivers and data sources. */
#include <string.h>

#include "base/utf8.h"
#include "driver/odbc/connect.h"

enum { NAME_SIZE = 256 };

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

void
incload__odbc_installed(SQLHENV environment, incload__str *out)
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

const incload__odbc_profile *
incload__odbc_guess_profile(SQLHENV environment, const incload__connstr *list)
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
