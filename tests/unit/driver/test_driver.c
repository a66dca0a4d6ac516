/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver/driver.h"

static incload__error_class
classify_like_postgres(const char *sqlstate, int64_t native_code)
{
    (void)native_code;
    if (strncmp(sqlstate, "08", 2) == 0)
        return (incload__error_class){ INCLOAD_E_CONNECT, true };
    if (strcmp(sqlstate, "40001") == 0)
        return (incload__error_class){ INCLOAD_E_CONFLICT, true };
    if (strcmp(sqlstate, "57014") == 0)
        return (incload__error_class){ INCLOAD_E_CANCELLED, false };
    return (incload__error_class){ INCLOAD_E_SQL, false };
}

static const incload__dialect dialect = { .name = "test", .classify = classify_like_postgres };

static incload__conn
open_connection(void)
{
    return (incload__conn){
        .dialect = &dialect,
        .env = &incload__env_system,
        .txn = INCLOAD__TXN_OPEN,
        .pid = (int32_t)getpid(),
    };
}

static void
expect_scheme(const char *url, const char *name)
{
    const incload__driver *driver = NULL;

    ck_assert_int_eq(incload__driver_find(url, &driver, NULL), INCLOAD_OK);
    ck_assert_str_eq(driver->name, name);
}

START_TEST(the_scheme_of_the_url_names_the_driver)
{
#ifdef INCLOAD_HAVE_LIBPQ
    expect_scheme("postgresql://user@host/db", "libpq");
    expect_scheme("postgres://user@host/db", "libpq");
#endif
#ifdef INCLOAD_HAVE_ODBC
    expect_scheme("odbc:Driver=SQLite3;Database=a.db", "odbc");
#endif
    expect_scheme("mock:dialect=sqlite", "mock");
}
END_TEST

START_TEST(a_url_without_a_known_scheme_is_refused_and_never_repeated)
{
    const char *urls[] = {
        "mysql://root:secret@host/db", "POSTGRESQL://root:secret@host", "host=x password=secret", "", NULL,
    };

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        const incload__driver *driver = &incload__driver_mock;
        incload_error *err = NULL;
        ck_assert_int_eq(incload__driver_find(urls[i], &driver, &err), INCLOAD_E_INVALID);
        ck_assert_ptr_null(driver);
        ck_assert_str_eq(incload_error_message(err), "a database is named postgresql://... or odbc:Driver=...;...");
        incload_error_unref(err);
    }
}
END_TEST

START_TEST(rows_are_read_back_by_row_and_column)
{
    incload__rows rows = { .mem = &incload__mem_libc };

    for (int i = 0; i < 100; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        const char *cells[] = { number, i % 2 == 0 ? "even" : NULL };
        ck_assert_int_eq(incload__rows_add(&rows, cells, NULL, 2), INCLOAD_OK);
    }
    ck_assert_int_eq(rows.count, 100);
    ck_assert_str_eq(incload__rows_get(&rows, 77, 0), "77");
    ck_assert_ptr_null(incload__rows_get(&rows, 77, 1));
    ck_assert_str_eq(incload__rows_get(&rows, 98, 1), "even");
    incload__rows_free(&rows);
    ck_assert_int_eq(rows.count, 0);
}
END_TEST

START_TEST(a_cell_outside_the_rows_is_null)
{
    incload__rows rows = { .mem = &incload__mem_libc };
    const char *cells[] = { "a" };

    incload__rows_add(&rows, cells, NULL, 1);
    ck_assert_ptr_null(incload__rows_get(&rows, 1, 0));
    ck_assert_ptr_null(incload__rows_get(&rows, 0, 1));
    ck_assert_ptr_null(incload__rows_get(&rows, -1, 0));
    incload__rows_free(&rows);
}
END_TEST

START_TEST(cells_end_where_their_lengths_say)
{
    incload__rows rows = { .mem = &incload__mem_libc };
    const char *cells[] = { "abcdef" };
    size_t lengths[] = { 3 };

    ck_assert_int_eq(incload__rows_add(&rows, cells, lengths, 1), INCLOAD_OK);
    ck_assert_str_eq(incload__rows_get(&rows, 0, 0), "abc");
    incload__rows_free(&rows);
}
END_TEST

START_TEST(a_row_of_another_width_is_refused)
{
    incload__rows rows = { .mem = &incload__mem_libc };
    const char *cells[] = { "a", "b" };

    incload__rows_add(&rows, cells, NULL, 2);
    ck_assert_int_eq(incload__rows_add(&rows, cells, NULL, 1), INCLOAD_E_INTERNAL);
    ck_assert_int_eq(rows.count, 1);
    incload__rows_free(&rows);
}
END_TEST

START_TEST(more_than_a_million_cells_are_refused)
{
    incload__rows rows = { .mem = &incload__mem_libc };
    static const char *const cells[1000];

    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(incload__rows_add(&rows, cells, NULL, 1000), INCLOAD_OK);
    ck_assert_int_eq(incload__rows_add(&rows, cells, NULL, 1000), INCLOAD_E_UNSUPPORTED);
    ck_assert_int_eq(rows.count, 1000);
    incload__rows_free(&rows);
}
END_TEST

static void *
failing_allocate(size_t size, void *left)
{
    return (*(int *)left)-- > 0 ? malloc(size) : NULL;
}

static void *
failing_reallocate(void *block, size_t size, void *left)
{
    return (*(int *)left)-- > 0 ? realloc(block, size) : NULL;
}

static void
plain_release(void *block, void *left)
{
    (void)left;
    free(block);
}

START_TEST(a_row_is_added_whole_or_not_at_all_when_memory_fails)
{
    const char *cells[] = { "a", "b", "c" };

    for (int allowed = 0; allowed < 4; allowed++) {
        int left = allowed;
        incload__mem mem = { failing_allocate, failing_reallocate, plain_release, &left };
        incload__rows rows = { .mem = &mem };
        ck_assert_int_eq(incload__rows_add(&rows, cells, NULL, 3), INCLOAD_E_NO_MEMORY);
        ck_assert_int_eq(rows.count, 0);
        left = 100;
        ck_assert_int_eq(incload__rows_add(&rows, cells, NULL, 3), INCLOAD_OK);
        ck_assert_str_eq(incload__rows_get(&rows, 0, 2), "c");
        incload__rows_free(&rows);
    }
}
END_TEST

START_TEST(a_healthy_connection_passes_the_check)
{
    incload__conn conn = open_connection();

    errno = EDOM;
    ck_assert_int_eq(incload__conn_check(&conn, NULL), INCLOAD_OK);
    ck_assert_int_eq(errno, EDOM);
}
END_TEST

START_TEST(a_connection_of_the_parent_is_refused_in_a_child)
{
    incload__conn conn = open_connection();

    conn.pid = 1;
    atomic_store(&conn.cancelled, true);
    ck_assert_int_eq(incload__conn_check(&conn, NULL), INCLOAD_E_FORKED);
}
END_TEST

START_TEST(a_cancelled_connection_is_refused)
{
    incload__conn conn = open_connection();

    atomic_store(&conn.cancelled, true);
    ck_assert_int_eq(incload__conn_check(&conn, NULL), INCLOAD_E_CANCELLED);
}
END_TEST

START_TEST(a_passed_deadline_is_a_retryable_timeout)
{
    incload__conn conn = open_connection();
    incload_error *err = NULL;

    conn.deadline_us = 1;
    ck_assert_int_eq(incload__conn_check(&conn, &err), INCLOAD_E_TIMEOUT);
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    incload_error_unref(err);
}
END_TEST

START_TEST(a_failed_or_dead_connection_says_what_to_do)
{
    incload__conn conn = open_connection();
    incload_error *failed = NULL;
    incload_error *dead = NULL;

    conn.txn = INCLOAD__TXN_FAILED;
    ck_assert_int_eq(incload__conn_check(&conn, &failed), INCLOAD_E_STATE);
    ck_assert_ptr_nonnull(strstr(incload_error_message(failed), "roll it back"));
    conn.txn = INCLOAD__TXN_DEAD;
    ck_assert_int_eq(incload__conn_check(&conn, &dead), INCLOAD_E_STATE);
    ck_assert_ptr_nonnull(strstr(incload_error_message(dead), "take another one"));
    incload_error_unref(failed);
    incload_error_unref(dead);
}
END_TEST

START_TEST(a_failed_statement_fails_its_transaction)
{
    incload__conn conn = open_connection();
    incload_error *err = NULL;

    ck_assert_int_eq(incload__conn_fail(&conn, &err, "reading table orders", "40001", 7, "could not serialize access"),
                     INCLOAD_E_CONFLICT);
    ck_assert_int_eq(conn.txn, INCLOAD__TXN_FAILED);
    ck_assert_str_eq(incload_error_message(err),
                     "reading table orders: could not serialize access (SQLSTATE 40001)");
    ck_assert_str_eq(incload_error_sqlstate(err), "40001");
    ck_assert_int_eq(incload_error_native_code(err), 7);
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    incload_error_unref(err);
}
END_TEST

START_TEST(a_failed_statement_without_transaction_leaves_the_connection_idle)
{
    incload__conn conn = open_connection();

    conn.txn = INCLOAD__TXN_IDLE;
    ck_assert_int_eq(incload__conn_fail(&conn, NULL, "executing", "42601", 0, "syntax error"), INCLOAD_E_SQL);
    ck_assert_int_eq(conn.txn, INCLOAD__TXN_IDLE);
}
END_TEST

START_TEST(a_lost_connection_is_dead)
{
    incload__conn conn = open_connection();

    ck_assert_int_eq(incload__conn_fail(&conn, NULL, "executing", "08006", 0, NULL), INCLOAD_E_CONNECT);
    ck_assert_int_eq(conn.txn, INCLOAD__TXN_DEAD);
}
END_TEST

START_TEST(a_statement_that_the_host_cancelled_is_cancelled_whatever_the_server_says)
{
    incload__conn conn = open_connection();

    atomic_store(&conn.cancelled, true);
    ck_assert_int_eq(incload__conn_fail(&conn, NULL, "executing", "XX000", 0, "odd"), INCLOAD_E_CANCELLED);
    ck_assert_int_eq(conn.txn, INCLOAD__TXN_FAILED);
}
END_TEST

START_TEST(a_statement_interrupted_after_its_deadline_timed_out)
{
    incload__conn conn = open_connection();

    conn.deadline_us = 1;
    ck_assert_int_eq(incload__conn_fail(&conn, NULL, "executing", "57014", 0, "canceled"), INCLOAD_E_TIMEOUT);
}
END_TEST

START_TEST(before_the_dialect_is_known_the_standard_classes_hold)
{
    incload__conn conn = open_connection();

    conn.dialect = NULL;
    ck_assert_int_eq(incload__conn_fail(&conn, NULL, "connecting", "28P01", 0, NULL), INCLOAD_E_AUTH);
    ck_assert_int_eq(incload__conn_fail(&conn, NULL, "connecting", "08001", 0, NULL), INCLOAD_E_CONNECT);
    ck_assert_int_eq(incload__conn_fail(&conn, NULL, "connecting", NULL, 0, NULL), INCLOAD_E_SQL);
}
END_TEST

START_TEST(only_a_servers_ordinary_error_refuses_a_commit)
{
    static const char *const refusals[] = { "23505", "23503", "40001", "40P01", "P0001", "0A000" };
    static const char *const doubts[] = { "", "08006", "57P01", "57014", "58030", "70100", "XX000", "40003",
                                          "HY000", "HYT00", "S1000", "IM002" };

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        ck_assert_msg(incload__is_refusal(refusals[i]), "%s", refusals[i]);
    for (size_t i = 0; i < sizeof doubts / sizeof doubts[0]; i++)
        ck_assert_msg(!incload__is_refusal(doubts[i]), "%s", doubts[i]);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, the_scheme_of_the_url_names_the_driver);
    tcase_add_test(tests, a_url_without_a_known_scheme_is_refused_and_never_repeated);
    tcase_add_test(tests, rows_are_read_back_by_row_and_column);
    tcase_add_test(tests, a_cell_outside_the_rows_is_null);
    tcase_add_test(tests, cells_end_where_their_lengths_say);
    tcase_add_test(tests, a_row_of_another_width_is_refused);
    tcase_add_test(tests, more_than_a_million_cells_are_refused);
    tcase_add_test(tests, a_row_is_added_whole_or_not_at_all_when_memory_fails);
    tcase_add_test(tests, a_healthy_connection_passes_the_check);
    tcase_add_test(tests, a_connection_of_the_parent_is_refused_in_a_child);
    tcase_add_test(tests, a_cancelled_connection_is_refused);
    tcase_add_test(tests, a_passed_deadline_is_a_retryable_timeout);
    tcase_add_test(tests, a_failed_or_dead_connection_says_what_to_do);
    tcase_add_test(tests, a_failed_statement_fails_its_transaction);
    tcase_add_test(tests, a_failed_statement_without_transaction_leaves_the_connection_idle);
    tcase_add_test(tests, a_lost_connection_is_dead);
    tcase_add_test(tests, a_statement_that_the_host_cancelled_is_cancelled_whatever_the_server_says);
    tcase_add_test(tests, a_statement_interrupted_after_its_deadline_timed_out);
    tcase_add_test(tests, before_the_dialect_is_known_the_standard_classes_hold);
    tcase_add_test(tests, only_a_servers_ordinary_error_refuses_a_commit);
}

HARNESS_MAIN("driver", add_tests)
