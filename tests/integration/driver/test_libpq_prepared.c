/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that are kept prepared: nobody notices, but for the server's list of them. */
#include <stdio.h>
#include <string.h>

#include "../../unit/harness.h"
#include "pq_support.h"

static const char count_prepared[] = "SELECT COUNT(*) FROM pg_prepared_statements WHERE name LIKE 'incload%'";

static int32_t
repeat_select(incload__conn *conn, const char *sql, const char *param, char out[64], incload_error **err)
{
    incload__param given = pq_text_param(param);
    incload__rows rows;

    conn->repeats = true;
    int32_t status = pq->select(conn, sql, &given, 1, &rows, err);
    conn->repeats = false;
    if (status == INCLOAD_OK) {
        const char *cell = incload__rows_get(&rows, 0, 0);
        snprintf(out, 64, "%s", cell != NULL ? cell : "NULL");
        incload__rows_free(&rows);
    }
    return status;
}

static void
expect_repeated(incload__conn *conn, const char *sql, const char *param, const char *expected)
{
    incload_error *err = NULL;
    char got[64];

    pq_expect(repeat_select(conn, sql, param, got, &err), INCLOAD_OK, &err);
    ck_assert_str_eq(got, expected);
}

START_TEST(the_second_time_prepares_and_many_more_answer_the_same)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    char text[24];

    expect_repeated(conn, "SELECT CAST($1 AS int) + 1", "1", "2");
    pq_expect_text(conn, count_prepared, "0");
    expect_repeated(conn, "SELECT CAST($1 AS int) + 1", "2", "3");
    pq_expect_text(conn, count_prepared, "1");
    for (int i = 0; i < 350; i++) {
        char expected[24];
        snprintf(text, sizeof text, "%d", i);
        snprintf(expected, sizeof expected, "%d", i + 1);
        expect_repeated(conn, "SELECT CAST($1 AS int) + 1", text, expected);
    }
    pq_expect_text(conn, count_prepared, "1");
    pq->close(conn);
}
END_TEST

START_TEST(what_does_not_repeat_is_not_prepared)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);

    for (int i = 0; i < 5; i++)
        pq_expect_text(conn, count_prepared, "0");
    pq->close(conn);
}
END_TEST

START_TEST(any_number_of_statements_is_answered_and_the_list_stays_bounded)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload__rows rows;
    incload_error *err = NULL;

    for (int i = 0; i < 1500; i++) {
        char sql[64], expected[24];
        snprintf(sql, sizeof sql, "SELECT CAST($1 AS int) + %d", i % 500);
        snprintf(expected, sizeof expected, "%d", i % 500 + 1);
        expect_repeated(conn, sql, "1", expected);
    }
    pq_expect(pq->select(conn, count_prepared, NULL, 0, &rows, &err), INCLOAD_OK, &err);
    ck_assert_int_le((int)strlen(incload__rows_get(&rows, 0, 0)), 3);
    incload__rows_free(&rows);
    pq->close(conn);
}
END_TEST

START_TEST(a_table_that_is_made_anew_is_read_anew)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    static const char query[] = "SELECT name FROM prepared_anew WHERE id = CAST($1 AS int)";

    for (int i = 0; i < 3; i++) {
        pq_run(conn, "CREATE TEMP TABLE prepared_anew (name text, id int)");
        pq_run(conn, i == 1 ? "INSERT INTO prepared_anew VALUES ('one', 1)"
                            : "INSERT INTO prepared_anew VALUES ('a', 1)");
        for (int j = 0; j < 3; j++)
            expect_repeated(conn, query, "1", i == 1 ? "one" : "a");
        pq_run(conn, "DROP TABLE prepared_anew");
    }
    pq->close(conn);
}
END_TEST

START_TEST(a_statement_prepared_in_what_was_rolled_back_goes_on)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);

    pq_begin(conn);
    expect_repeated(conn, "SELECT CAST($1 AS int) * 2", "1", "2");
    expect_repeated(conn, "SELECT CAST($1 AS int) * 2", "2", "4");
    pq_roll_back(conn);
    expect_repeated(conn, "SELECT CAST($1 AS int) * 2", "3", "6");
    pq->close(conn);
}
END_TEST

START_TEST(an_error_in_preparing_is_that_of_the_statement)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;
    char got[64];

    for (int i = 0; i < 3; i++)
        pq_expect(repeat_select(conn, "SELECT $1 FROM no_such_table", "1", got, &err), INCLOAD_E_NOT_FOUND, &err);
    pq_expect_usable(conn);
    pq->close(conn);
}
END_TEST

/* As a pooler does that gives each transaction another server session. */
START_TEST(a_statement_that_was_lost_may_be_tried_again_and_is_not_prepared_then)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;
    char got[64];

    expect_repeated(conn, "SELECT CAST($1 AS int) * 3", "1", "3");
    expect_repeated(conn, "SELECT CAST($1 AS int) * 3", "1", "3");
    pq_run(conn, "DEALLOCATE ALL");
    ck_assert_int_eq(repeat_select(conn, "SELECT CAST($1 AS int) * 3", "1", got, &err), INCLOAD_E_CONFLICT);
    ck_assert_int_ne(incload_error_is_retryable(err), 0);
    incload_error_unref(err);
    for (int i = 0; i < 3; i++)
        expect_repeated(conn, "SELECT CAST($1 AS int) * 3", "2", "6");
    pq_expect_text(conn, count_prepared, "0");
    pq->close(conn);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, the_second_time_prepares_and_many_more_answer_the_same);
    tcase_add_test(tests, what_does_not_repeat_is_not_prepared);
    tcase_add_test(tests, any_number_of_statements_is_answered_and_the_list_stays_bounded);
    tcase_add_test(tests, a_table_that_is_made_anew_is_read_anew);
    tcase_add_test(tests, a_statement_prepared_in_what_was_rolled_back_goes_on);
    tcase_add_test(tests, an_error_in_preparing_is_that_of_the_statement);
    tcase_add_test(tests, a_statement_that_was_lost_may_be_tried_again_and_is_not_prepared_then);
}

HARNESS_MAIN("libpq_prepared", add_tests)
