/* SPDX-License-Identifier: Apache-2.0 */
/* by=versions where the source's server is set up in another way: on servers of its own. */
#include "capturing.h"

#define BY_VERSIONS "by=versions"

/* What others replicate into it has numbers that this server's transactions do not account for. */
START_TEST(a_replica_is_refused)
{
    watched w = watch_versions("replica", SQLITE, BY_VERSIONS, "(1, 'one', 1)");
    incload_error *err = NULL;

    sql(w.from, "CHANGE MASTER 'elsewhere' TO MASTER_HOST='127.0.0.1', MASTER_PORT=1, MASTER_USER='nobody'");
    sql(w.from, "START SLAVE 'elsewhere' SQL_THREAD");
    sql(w.from, "INSERT INTO %s (id, name, qty) VALUES (2, 'two', 2)", w.table);
    ck_assert_ptr_null(incload_capture_new(w.from.db, w.table, w.to.db, w.table, BY_VERSIONS, &err));
    refused(incload_error_code(err), &err, INCLOAD_E_UNSUPPORTED, "as a replica|from the primary|by=triggers");
    /* One that was open as it became one. */
    refused(incload_capture_run(w.changes, &err), &err, INCLOAD_E_UNSUPPORTED, "as a replica");
    refused(incload_capture_load(w.changes, &err), &err, INCLOAD_E_UNSUPPORTED, "as a replica");
    expect_items(w.to, w.table, false, "1|one|1\n");
    sql(w.from, "STOP SLAVE 'elsewhere'");
    sql(w.from, "RESET SLAVE 'elsewhere' ALL");
    consume(&w);
    expect_mirrored(&w);
    unwatch(&w);
}
END_TEST

START_TEST(a_server_that_shows_the_past_is_read_as_it_is_now)
{
    watched w = watch_versions("past", SQLITE, BY_VERSIONS, "(1, 'one', 1), (2, 'two', 2)");

    sql(w.from, "SET GLOBAL system_versioning_asof = '2001-01-01 00:00:00'");
    sql(w.from, "UPDATE %s SET qty = 22 WHERE id = 2", w.table);
    incload_capture_unref(w.changes);
    place_close(w.from);
    w.from = place_open(MARIADB, 0);
    w.changes = change_table_of(&w, BY_VERSIONS);
    consume(&w);
    expect_items(w.to, w.table, false, "1|one|1\n2|two|22\n");
    sql(w.to, "DELETE FROM %s WHERE id = 1", w.table);
    load_whole(&w);
    expect_items(w.to, w.table, false, "1|one|1\n2|two|22\n");
    sql(w.from, "SET GLOBAL system_versioning_asof = DEFAULT");
    unwatch(&w);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_replica_is_refused);
    tcase_add_test(tests, a_server_that_shows_the_past_is_read_as_it_is_now);
}

int
main(void)
{
    return run_tests("capture_versions_server", 120, add_tests);
}
