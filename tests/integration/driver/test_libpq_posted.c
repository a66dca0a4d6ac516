/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that go with the next one, reading that is left without waiting, and a query asked in two. */
#include <stdio.h>
#include <stdlib.h>

#include "../../unit/harness.h"
#include "pq_support.h"

enum { MANY = 250 };

static int32_t
post(incload__conn *conn, const char *sql, incload__posted *out, incload_error **err)
{
    return incload__conn_post(conn, sql, NULL, 0, out, err);
}

static void
expect_posted(incload__conn *conn, const char *sql, incload__posted *out)
{
    incload_error *err = NULL;

    pq_expect(post(conn, sql, out, &err), INCLOAD_OK, &err);
}

static int64_t
rows_of(const incload__conn *conn, const incload__posted *posted)
{
    return incload__conn_answer(conn, posted).affected;
}

static bool
has_failed(const incload__conn *conn, const incload__posted *posted)
{
    return incload__conn_answer(conn, posted).failed;
}

static incload__conn *
open_with_table(void)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);

    pq_run(conn, "CREATE TEMP TABLE posted (id int PRIMARY KEY)");
    pq_begin(conn);
    return conn;
}

static void
expect_rows(incload__conn *conn, const char *count)
{
    pq_expect_text(conn, "SELECT COUNT(*) FROM posted", count);
}

START_TEST(what_was_posted_comes_before_the_next_statement_and_tells_its_rows)
{
    incload__conn *conn = open_with_table();
    incload__posted one, three, gone;

    expect_posted(conn, "INSERT INTO posted VALUES (1)", &one);
    expect_posted(conn, "INSERT INTO posted VALUES (2), (3), (4)", &three);
    expect_posted(conn, "DELETE FROM posted WHERE id = 9", &gone);
    expect_rows(conn, "4");
    ck_assert_int_eq(rows_of(conn, &one), 1);
    ck_assert_int_eq(rows_of(conn, &three), 3);
    ck_assert_int_eq(rows_of(conn, &gone), 0);
    ck_assert(!has_failed(conn, &one) && !has_failed(conn, &three) && !has_failed(conn, &gone));
    pq->close(conn);
}
END_TEST

START_TEST(settling_awaits_what_was_posted)
{
    incload__conn *conn = open_with_table();
    incload_error *err = NULL;
    incload__posted one;

    expect_posted(conn, "INSERT INTO posted VALUES (1)", &one);
    ck_assert_int_eq(rows_of(conn, &one), -1);
    pq_expect(incload__conn_settle(conn, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(rows_of(conn, &one), 1);
    pq_expect(incload__conn_settle(conn, &err), INCLOAD_OK, &err);
    expect_rows(conn, "1");
    pq->close(conn);
}
END_TEST

START_TEST(the_next_statement_fails_when_what_was_posted_has)
{
    incload__conn *conn = open_with_table();
    incload__posted good, bad, behind;
    incload_error *err = NULL;
    int64_t affected = 0;

    expect_posted(conn, "INSERT INTO posted VALUES (1)", &good);
    expect_posted(conn, "INSERT INTO posted VALUES (1)", &bad);
    expect_posted(conn, "INSERT INTO posted VALUES (2)", &behind);
    pq_expect(pq->execute(conn, "INSERT INTO posted VALUES (3)", NULL, 0, &affected, &err), INCLOAD_E_CONSTRAINT,
              &err);
    ck_assert(has_failed(conn, &bad) && !has_failed(conn, &good) && !has_failed(conn, &behind));
    ck_assert_int_eq(rows_of(conn, &good), 1);
    ck_assert_int_eq(rows_of(conn, &behind), -1);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_FAILED);
    pq_roll_back(conn);
    expect_rows(conn, "0");
    pq->close(conn);
}
END_TEST

START_TEST(nothing_is_committed_of_what_has_failed)
{
    incload__conn *conn = open_with_table();
    incload_error *err = NULL;
    incload__posted good, bad;

    expect_posted(conn, "INSERT INTO posted VALUES (1)", &good);
    expect_posted(conn, "INSERT INTO posted VALUES (1)", &bad);
    pq_expect(pq->commit(conn, &err), INCLOAD_E_CONSTRAINT, &err);
    ck_assert(has_failed(conn, &bad));
    pq_roll_back(conn);
    expect_rows(conn, "0");
    pq->close(conn);
}
END_TEST

START_TEST(a_commit_takes_what_was_posted_with_it)
{
    incload__conn *conn = open_with_table();
    incload_error *err = NULL;
    incload__posted one;

    expect_posted(conn, "INSERT INTO posted VALUES (1)", &one);
    pq_expect(pq->commit(conn, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(rows_of(conn, &one), 1);
    expect_rows(conn, "1");
    pq->close(conn);
}
END_TEST

START_TEST(a_rollback_undoes_what_was_posted_and_forgets_who_asked)
{
    incload__conn *conn = open_with_table();
    incload__posted one;

    expect_posted(conn, "INSERT INTO posted VALUES (1)", &one);
    pq_roll_back(conn);
    ck_assert_int_eq(rows_of(conn, &one), -1);
    expect_rows(conn, "0");
    pq->close(conn);
}
END_TEST

START_TEST(statements_of_either_protocol_may_follow)
{
    incload__conn *conn = open_with_table();
    incload_error *err = NULL;
    incload__posted posted;

    expect_posted(conn, "INSERT INTO posted VALUES (1)", &posted);
    pq_expect(pq->ping(conn, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(rows_of(conn, &posted), 1);

    incload__schema schema;
    expect_posted(conn, "INSERT INTO posted VALUES (2)", &posted);
    pq_expect(pq->describe(conn, "SELECT id FROM posted", 0, &schema, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(rows_of(conn, &posted), 1);
    ck_assert_int_eq(schema.count, 1);
    incload__schema_free(&schema);

    expect_posted(conn, "SELECT id FROM posted", &posted);
    expect_rows(conn, "2");
    ck_assert(!has_failed(conn, &posted));
    pq->close(conn);
}
END_TEST

START_TEST(who_posted_may_be_gone_when_the_answer_comes)
{
    incload__conn *conn = open_with_table();
    incload__posted *asked = malloc(sizeof *asked);
    incload_error *err = NULL;

    expect_posted(conn, "INSERT INTO posted VALUES (1), (2)", asked);
    const incload__posted posted = *asked;
    free(asked);
    pq_expect(incload__conn_settle(conn, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(rows_of(conn, &posted), 2);
    pq_roll_back(conn);
    ck_assert_int_eq(rows_of(conn, &posted), 2);
    /* It is not taken for one of the next transaction. */
    incload__posted later;
    pq_begin(conn);
    expect_posted(conn, "INSERT INTO posted VALUES (3)", &later);
    pq_expect(incload__conn_settle(conn, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(rows_of(conn, &posted), -1);
    ck_assert(!has_failed(conn, &posted));
    ck_assert_int_eq(rows_of(conn, &later), 1);
    pq->close(conn);
}
END_TEST

/* Some of them prepare the statement, or make its plan anew, in between. */
START_TEST(repeated_statements_may_be_posted)
{
    incload__conn *conn = open_with_table();
    incload__posted posted[MANY];
    incload_error *err = NULL;
    char id[16], expected[16];

    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "%d", i);
        incload__param param = pq_text_param(id);
        conn->repeats = true;
        pq_expect(incload__conn_post(conn, "INSERT INTO posted VALUES (CAST($1 AS int))", &param, 1, &posted[i], &err),
                  INCLOAD_OK, &err);
        conn->repeats = false;
    }
    snprintf(expected, sizeof expected, "%d", MANY);
    expect_rows(conn, expected);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(rows_of(conn, &posted[i]), 1);
    pq->close(conn);
}
END_TEST

/* ---- leaving ---- */

START_TEST(what_was_left_is_over_at_the_server_and_the_connection_goes_on)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);
    char sql[128];
    incload_error *err = NULL;

    snprintf(sql, sizeof sql, "SELECT state FROM pg_stat_activity WHERE pid = %lld", (long long)pq_backend(conn));
    for (int i = 0; i < 3; i++) {
        pq_begin(conn);
        pq_expect_text(conn, "SELECT 1", "1");
        pq_wait_for(sql, "idle in transaction");
        pq_expect(incload__conn_leave(conn, &err), INCLOAD_OK, &err);
        ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
        pq_wait_for(sql, "idle");
    }
    pq_expect_text(conn, "SELECT 2", "2");
    pq->close(conn);
}
END_TEST

START_TEST(each_call_may_follow_what_was_left)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);
    incload_error *err = NULL;

    for (int i = 0; i < 5; i++) {
        pq_begin(conn);
        pq_expect_text(conn, "SELECT 1", "1");
        pq_expect(incload__conn_leave(conn, &err), INCLOAD_OK, &err);
        if (i == 0)
            pq_expect(pq->ping(conn, &err), INCLOAD_OK, &err);
        if (i == 1)
            pq_roll_back(conn);
        if (i == 2) {
            pq_begin(conn);
            pq_expect(pq->commit(conn, &err), INCLOAD_OK, &err);
        }
        if (i == 3)
            pq_expect(incload__conn_leave(conn, &err), INCLOAD_OK, &err);
    }
    pq->close(conn);
}
END_TEST

START_TEST(what_failed_or_was_cancelled_is_left_as_well)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);
    incload_error *err = NULL;

    pq_begin(conn);
    pq_expect(pq->execute(conn, "SELECT 1 / 0", NULL, 0, NULL, &err), INCLOAD_E_DATA, &err);
    pq_expect(incload__conn_leave(conn, &err), INCLOAD_OK, &err);
    pq_expect_usable(conn);

    pq_begin(conn);
    pq_expect_text(conn, "SELECT 1", "1");
    pq->cancel(conn);
    pq_expect(incload__conn_leave(conn, &err), INCLOAD_OK, &err);
    pq_expect_usable(conn);
    pq->close(conn);
}
END_TEST

START_TEST(the_call_after_it_tells_that_the_server_is_gone)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ), *other = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;
    char sql[128];

    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%lld, 5000)", (long long)pq_backend(conn));
    pq_begin(conn);
    pq_expect_text(conn, "SELECT 1", "1");
    pq_expect(incload__conn_leave(conn, &err), INCLOAD_OK, &err);
    pq_expect_text(other, sql, "t");
    pq_expect(pq->execute(conn, "SELECT 1", NULL, 0, NULL, &err), INCLOAD_E_CONNECT, &err);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_DEAD);
    pq->close(conn);
    pq->close(other);
}
END_TEST

/* ---- asking in two ---- */

START_TEST(two_servers_are_asked_at_once)
{
    incload__conn *one = pq_open(INCLOAD__ROLE_READ), *two = pq_open(INCLOAD__ROLE_READ);
    incload_error *err = NULL;
    incload__rows rows;

    pq_expect(pq->ask(one, "SELECT 'one'", NULL, 0, &err), INCLOAD_OK, &err);
    pq_expect(pq->ask(two, "SELECT 'two'", NULL, 0, &err), INCLOAD_OK, &err);
    pq_expect(pq->execute(one, "SELECT 1", NULL, 0, NULL, &err), INCLOAD_E_STATE, &err);
    pq_expect(pq->take(one, &rows, &err), INCLOAD_OK, &err);
    ck_assert_str_eq(incload__rows_get(&rows, 0, 0), "one");
    incload__rows_free(&rows);
    pq_expect(pq->take(two, &rows, &err), INCLOAD_OK, &err);
    ck_assert_str_eq(incload__rows_get(&rows, 0, 0), "two");
    incload__rows_free(&rows);
    pq->close(one);
    pq->close(two);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, what_was_posted_comes_before_the_next_statement_and_tells_its_rows);
    tcase_add_test(tests, settling_awaits_what_was_posted);
    tcase_add_test(tests, the_next_statement_fails_when_what_was_posted_has);
    tcase_add_test(tests, nothing_is_committed_of_what_has_failed);
    tcase_add_test(tests, a_commit_takes_what_was_posted_with_it);
    tcase_add_test(tests, a_rollback_undoes_what_was_posted_and_forgets_who_asked);
    tcase_add_test(tests, statements_of_either_protocol_may_follow);
    tcase_add_test(tests, who_posted_may_be_gone_when_the_answer_comes);
    tcase_add_test(tests, repeated_statements_may_be_posted);
    tcase_add_test(tests, what_was_left_is_over_at_the_server_and_the_connection_goes_on);
    tcase_add_test(tests, each_call_may_follow_what_was_left);
    tcase_add_test(tests, what_failed_or_was_cancelled_is_left_as_well);
    tcase_add_test(tests, the_call_after_it_tells_that_the_server_is_gone);
    tcase_add_test(tests, two_servers_are_asked_at_once);
}

HARNESS_MAIN("libpq_posted", add_tests)
