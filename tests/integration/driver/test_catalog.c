/* SPDX-License-Identifier: Apache-2.0 */
/* What every load asks of MariaDB's catalog is looked up there. A question that must be searched for has the server
 * open each table of each database, which takes seconds where there are thousands. */
#include "../../unit/harness.h"

#include <stdlib.h>
#include <string.h>

#include "dialect/sql.h"
#include "driver/driver.h"

static const struct {
    const char *name;
    const char *sql;
    const char *parameters; /* schema, table, column */
} queries[] = {
    { "columns", incload__sql_mariadb_columns, "stst" },
    { "facts", incload__sql_mariadb_facts, "ststcstcst" },
    { "keys", incload__sql_mariadb_keys, "stst" },
    { "look", incload__sql_mariadb_look, "stst" },
    { "look_columns", incload__sql_mariadb_look_columns, "stst" },
    { "parents", incload__sql_mariadb_parents, "st" },
    { "schema", incload__sql_mariadb_schema, "st" },
    { "storage", incload__sql_mariadb_storage, "st" },
    { "swap_shape", incload__sql_mariadb_swap_shape, "stst" },
};

enum { QUERIES = sizeof queries / sizeof queries[0] };

static incload_error *err;

#define well(call) ck_assert_msg((call) == INCLOAD_OK, "%s", incload_error_message(err))

static incload__conn *
connect(void)
{
    const char *url = getenv("INCLOAD_TEST_MARIADB");
    const incload__driver *driver = NULL;
    incload__conn *conn = NULL;

    ck_assert_msg(url != NULL, "INCLOAD_TEST_MARIADB is not set: run the tests by tests/run.sh");
    well(incload__driver_find(url, &driver, &err));
    incload__connect how = { .env = &incload__env_system, .url = url, .role = INCLOAD__ROLE_WRITE,
                             .deadline_us = incload__deadline_in(&incload__env_system, 30000),
                             .application_name = "catalog" };
    well(driver->connect(&how, &conn, &err));
    return conn;
}

START_TEST(the_catalog_is_never_searched)
{
    incload__conn *conn = connect();
    char sql[8192] = "EXPLAIN ";
    incload__rows plan = { .mem = &incload__mem_libc };
    incload__param params[12];
    int32_t count = 0;

    for (const char *at = queries[_i].parameters; *at != '\0'; at++) {
        const char *text = *at == 's' ? NULL : *at == 't' ? "orders" : "at";
        params[count++] = (incload__param){ text, text != NULL ? strlen(text) : 0, INCLOAD__TEXT };
    }
    ck_assert_uint_lt(strlen(queries[_i].sql), sizeof sql - 9);
    strcat(sql, queries[_i].sql);
    well(conn->driver->execute(conn, "CREATE OR REPLACE TABLE orders (id bigint PRIMARY KEY, at datetime(6))", NULL, 0,
                               NULL, &err));
    well(conn->driver->select(conn, sql, params, count, &plan, &err));
    int32_t looked_up = 0;
    for (int64_t i = 0; i < plan.count; i++) {
        const char *how = incload__rows_get(&plan, i, plan.columns - 1);
        ck_assert_msg(how == NULL || strstr(how, "Scanned all") == NULL, "%s: %s", queries[_i].name, how);
        looked_up += how != NULL && strstr(how, "Scanned 0 databases") != NULL;
    }
    ck_assert_msg(looked_up > 0, "%s: the server no longer says how it looks", queries[_i].name);
    incload__rows_free(&plan);
    conn->driver->close(conn);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, the_catalog_is_never_searched, 0, QUERIES);
}

HARNESS_MAIN("catalog", add_tests)
