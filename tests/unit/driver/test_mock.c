/* SPDX-License-Identifier: Apache-2.0 */
#include "await.h"
#include "harness.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "driver/mock_fixture.h"
#include "driver/mock/mock.h"

static incload_mock *mock;
static incload__conn *conn;

static void
set_up(void)
{
    mock = incload_mock_new(NULL);
    conn = mock_connection(mock, "mock:");
}

static void
tear_down(void)
{
    DRIVER->close(conn);
    incload_mock_unref(mock);
}

static int32_t
begin(void)
{
    return DRIVER->begin(conn, NULL);
}

static int32_t
commit(void)
{
    return DRIVER->commit(conn, NULL);
}

static int32_t
rollback(void)
{
    return DRIVER->rollback(conn, NULL);
}

static const char *
last_statement(void)
{
    return incload_mock_statement(mock, incload_mock_statement_count(mock) - 1);
}

static int32_t
last_applied(void)
{
    return incload_mock_statement_applied(mock, incload_mock_statement_count(mock) - 1);
}

START_TEST(patterns_match_whole_statements_with_wildcards_and_any_case)
{
    ck_assert(incload__mock_matches("select%", "SELECT 1"));
    ck_assert(incload__mock_matches("%", ""));
    ck_assert(incload__mock_matches("%", "anything"));
    ck_assert(incload__mock_matches("INSERT%orders%", "insert into staging select from orders"));
    ck_assert(incload__mock_matches("%ab%ab", "ab ab ab"));
    ck_assert(incload__mock_matches("a%%b", "ab"));
    ck_assert(!incload__mock_matches("SELECT", "SELECT 1"));
    ck_assert(!incload__mock_matches("%a%b", "b a"));
    ck_assert(!incload__mock_matches("", "x"));
}
END_TEST

START_TEST(the_history_keeps_statements_parameters_and_connections)
{
    incload__conn *other = mock_connection(mock, "mock:");
    incload__param params[] = { { "42", 2, INCLOAD__INT64 }, { NULL, 0, INCLOAD__TEXT } };

    ck_assert_int_eq(DRIVER->execute(conn, "UPDATE a SET b = $1", params, 2, NULL, NULL), INCLOAD_OK);
    ck_assert_int_eq(execute(other, "DELETE FROM a"), INCLOAD_OK);
    ck_assert_int_eq(incload_mock_statement_count(mock), 2);
    ck_assert_str_eq(incload_mock_statement(mock, 0), "UPDATE a SET b = $1");
    ck_assert_int_eq(incload_mock_statement_connection(mock, 0), 1);
    ck_assert_int_eq(incload_mock_statement_parameter_count(mock, 0), 2);
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 0, 0), "42");
    ck_assert_ptr_null(incload_mock_statement_parameter(mock, 0, 1));
    ck_assert_str_eq(incload_mock_statement(mock, 1), "DELETE FROM a");
    ck_assert_int_eq(incload_mock_statement_connection(mock, 1), 2);
    ck_assert_ptr_null(incload_mock_statement(mock, 2));
    ck_assert_ptr_null(incload_mock_statement(mock, -1));
    DRIVER->close(other);
}
END_TEST

START_TEST(connections_are_counted)
{
    incload__conn *other = mock_connection(mock, "mock:");

    ck_assert_int_eq(incload_mock_connection_count(mock), 2);
    ck_assert_int_eq(incload_mock_open_connection_count(mock), 2);
    DRIVER->close(other);
    ck_assert_int_eq(incload_mock_connection_count(mock), 2);
    ck_assert_int_eq(incload_mock_open_connection_count(mock), 1);
}
END_TEST

START_TEST(an_unanswered_select_gives_no_rows_and_an_unanswered_statement_affects_none)
{
    incload__rows rows;
    int64_t affected = 9;

    ck_assert_int_eq(DRIVER->select(conn, "SELECT 1", NULL, 0, &rows, NULL), INCLOAD_OK);
    ck_assert_int_eq(rows.count, 0);
    ck_assert_int_eq(DRIVER->execute(conn, "DELETE FROM a", NULL, 0, &affected, NULL), INCLOAD_OK);
    ck_assert_int_eq(affected, 0);
}
END_TEST

START_TEST(a_strict_mock_refuses_what_nothing_answers)
{
    incload_error *err = NULL;
    incload__rows rows;

    incload_mock_strict(mock, 1, NULL);
    incload_mock_answer_affected(mock, "UPDATE%", 0, 3, NULL);
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(execute(conn, "UPDATE a"), INCLOAD_OK);
    ck_assert_int_eq(DRIVER->select(conn, "SELECT 1", NULL, 0, &rows, &err), INCLOAD_E_SQL);
    ck_assert(contains(incload_error_message(err), "SELECT 1"));
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_FAILED);
    ck_assert_int_eq(rollback(), INCLOAD_OK);
    incload_error_unref(err);
}
END_TEST

START_TEST(scripted_rows_are_selected)
{
    const char *cells[] = { "1", "ann", "2", NULL };
    incload__rows rows;

    incload_mock_answer_rows(mock, "SELECT id%", 0, "id, name", "bigint, text", cells, 2, NULL);
    ck_assert_int_eq(DRIVER->select(conn, "select id, name from people", NULL, 0, &rows, NULL), INCLOAD_OK);
    ck_assert_int_eq(rows.count, 2);
    ck_assert_int_eq(rows.columns, 2);
    ck_assert_str_eq(incload__rows_get(&rows, 0, 1), "ann");
    ck_assert_str_eq(incload__rows_get(&rows, 1, 0), "2");
    ck_assert_ptr_null(incload__rows_get(&rows, 1, 1));
    incload__rows_free(&rows);
}
END_TEST

START_TEST(scripted_numbers_are_affected)
{
    int64_t affected = 0;

    incload_mock_answer_affected(mock, "DELETE%", 0, 7, NULL);
    ck_assert_int_eq(DRIVER->execute(conn, "DELETE FROM a", NULL, 0, &affected, NULL), INCLOAD_OK);
    ck_assert_int_eq(affected, 7);
}
END_TEST

START_TEST(the_nth_match_is_answered_and_the_last_rule_wins)
{
    int64_t affected[3];

    incload_mock_answer_affected(mock, "%", 0, 1, NULL);
    incload_mock_answer_affected(mock, "UPDATE%", 2, 2, NULL);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(DRIVER->execute(conn, "UPDATE a", NULL, 0, &affected[i], NULL), INCLOAD_OK);
    ck_assert_int_eq(affected[0], 1);
    ck_assert_int_eq(affected[1], 2);
    ck_assert_int_eq(affected[2], 1);
}
END_TEST

START_TEST(a_scripted_failure_is_classified_by_the_dialect)
{
    incload_error *err = NULL;

    incload_mock_fail(mock, "INSERT%", 2, "40001", 0, "could not serialize", NULL);
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(execute(conn, "INSERT 1"), INCLOAD_OK);
    ck_assert_int_eq(DRIVER->execute(conn, "INSERT 2", NULL, 0, NULL, &err), INCLOAD_E_CONFLICT);
    ck_assert_str_eq(incload_error_sqlstate(err), "40001");
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    ck_assert_int_eq(last_applied(), 0);
    ck_assert_int_eq(incload_mock_statement_applied(mock, 1), 1);
    incload_error_unref(err);
}
END_TEST

START_TEST(a_native_code_is_classified_by_the_dialect_of_the_url)
{
    incload__conn *maria = mock_connection(mock, "mock:dialect=mariadb");

    ck_assert_str_eq(maria->dialect->name, "mariadb");
    ck_assert_int_eq(maria->server_version, 101100);
    incload_mock_fail(mock, "INSERT%", 0, "40001", 1213, "deadlock found", NULL);
    ck_assert_int_eq(execute(maria, "INSERT 1"), INCLOAD_E_CONFLICT);
    DRIVER->close(maria);
}
END_TEST

START_TEST(a_url_with_an_unknown_dialect_or_key_is_refused)
{
    incload__connect how = { .env = &incload__env_system, .url = "mock:dialect=oracle", .host_data = mock };
    incload__conn *none = NULL;

    ck_assert_int_eq(DRIVER->connect(&how, &none, NULL), INCLOAD_E_INVALID);
    how.url = "mock:dialect=sqlite;speed=9";
    ck_assert_int_eq(DRIVER->connect(&how, &none, NULL), INCLOAD_E_UNKNOWN_OPTION);
    how.url = "mock:version=fast";
    ck_assert_int_eq(DRIVER->connect(&how, &none, NULL), INCLOAD_E_INVALID);
    ck_assert_ptr_null(none);
}
END_TEST

START_TEST(a_mock_url_without_its_mock_is_refused)
{
    incload__connect how = { .env = &incload__env_system, .url = "mock:" };
    incload__conn *none = NULL;

    ck_assert_int_eq(DRIVER->connect(&how, &none, NULL), INCLOAD_E_INVALID);
}
END_TEST

START_TEST(a_connection_can_be_refused)
{
    incload__connect how = { .env = &incload__env_system, .url = "mock:", .host_data = mock };
    incload__conn *none = NULL;

    incload_mock_fail(mock, "CONNECT", 1, NULL, 0, NULL, NULL);
    incload_mock_fail(mock, "CONNECT", 2, "28P01", 0, "password authentication failed", NULL);
    ck_assert_int_eq(DRIVER->connect(&how, &none, NULL), INCLOAD_E_CONNECT);
    ck_assert_int_eq(DRIVER->connect(&how, &none, NULL), INCLOAD_E_AUTH);
    ck_assert_int_eq(DRIVER->connect(&how, &none, NULL), INCLOAD_OK);
    DRIVER->close(none);
}
END_TEST

START_TEST(events_are_matched_by_their_exact_name_and_not_recorded)
{
    incload_mock_fail(mock, "%", 0, "XX000", 0, NULL, NULL);
    ck_assert_int_eq(DRIVER->ping(conn, NULL), INCLOAD_OK);
    incload_mock_fail(mock, "PING", 0, "08006", 0, NULL, NULL);
    ck_assert_int_eq(DRIVER->ping(conn, NULL), INCLOAD_E_CONNECT);
    ck_assert_int_eq(incload_mock_statement_count(mock), 0);
}
END_TEST

START_TEST(a_committed_transaction_leaves_the_connection_idle)
{
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_OPEN);
    ck_assert_str_eq(last_statement(), conn->dialect->begin_write);
    ck_assert_int_eq(commit(), INCLOAD_OK);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
    ck_assert_str_eq(last_statement(), "COMMIT");
    ck_assert_int_eq(incload_mock_commit_count(mock), 1);
}
END_TEST

START_TEST(after_a_failed_statement_only_rollback_is_possible)
{
    incload_mock_fail(mock, "BAD", 0, "42601", 0, "syntax error", NULL);
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(execute(conn, "BAD"), INCLOAD_E_SQL);
    ck_assert_int_eq(execute(conn, "GOOD"), INCLOAD_E_STATE);
    ck_assert_int_eq(commit(), INCLOAD_E_STATE);
    ck_assert_int_eq(incload_mock_commit_count(mock), 0);
    ck_assert_int_eq(rollback(), INCLOAD_OK);
    ck_assert_int_eq(execute(conn, "GOOD"), INCLOAD_OK);
}
END_TEST

START_TEST(transaction_control_out_of_order_is_refused)
{
    ck_assert_int_eq(commit(), INCLOAD_E_STATE);
    ck_assert_int_eq(rollback(), INCLOAD_OK);
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(begin(), INCLOAD_E_STATE);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_OPEN);
}
END_TEST

START_TEST(a_disconnect_before_a_statement_leaves_it_without_effect)
{
    incload_mock_disconnect(mock, "UPDATE%", 0, INCLOAD_MOCK_BEFORE, NULL);
    ck_assert_int_eq(execute(conn, "UPDATE a"), INCLOAD_E_CONNECT);
    ck_assert_int_eq(last_applied(), 0);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_DEAD);
    ck_assert_int_eq(execute(conn, "UPDATE a"), INCLOAD_E_STATE);
}
END_TEST

START_TEST(a_disconnect_after_a_statement_loses_its_answer_only)
{
    incload_mock_disconnect(mock, "UPDATE%", 0, INCLOAD_MOCK_AFTER, NULL);
    ck_assert_int_eq(execute(conn, "UPDATE a"), INCLOAD_E_CONNECT);
    ck_assert_int_eq(last_applied(), 1);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_DEAD);
}
END_TEST

START_TEST(a_disconnect_can_be_placed_at_any_statement_of_all)
{
    for (int64_t at = 1; at <= 4; at++) {
        incload__conn *victim = mock_connection(mock, "mock:");
        incload_mock_clear_rules(mock, NULL);
        incload_mock_disconnect(mock, "%", at, INCLOAD_MOCK_BEFORE, NULL);
        int64_t done = 0;
        while (execute(victim, "STEP") == INCLOAD_OK)
            done++;
        ck_assert_int_eq(done, at - 1);
        DRIVER->close(victim);
    }
}
END_TEST

START_TEST(a_disconnect_in_commit_is_unknown_whether_or_not_it_took_effect)
{
    incload_error *err = NULL;

    incload_mock_disconnect(mock, "COMMIT", 1, INCLOAD_MOCK_BEFORE, NULL);
    incload_mock_disconnect(mock, "COMMIT", 2, INCLOAD_MOCK_AFTER, NULL);
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(DRIVER->commit(conn, &err), INCLOAD_E_COMMIT_UNKNOWN);
    ck_assert_int_eq(incload_error_is_retryable(err), 0);
    ck_assert_int_eq(incload_mock_commit_count(mock), 0);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_DEAD);

    incload__conn *next = mock_connection(mock, "mock:");
    ck_assert_int_eq(DRIVER->begin(next, NULL), INCLOAD_OK);
    ck_assert_int_eq(DRIVER->commit(next, NULL), INCLOAD_E_COMMIT_UNKNOWN);
    ck_assert_int_eq(incload_mock_commit_count(mock), 1);
    ck_assert_int_eq(next->txn, INCLOAD__TXN_DEAD);
    DRIVER->close(next);
    incload_error_unref(err);
}
END_TEST

START_TEST(a_server_that_says_the_wire_broke_in_commit_leaves_it_unknown)
{
    incload_mock_fail(mock, "COMMIT", 0, "08006", 0, NULL, NULL);
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(commit(), INCLOAD_E_COMMIT_UNKNOWN);
}
END_TEST

START_TEST(a_commit_that_the_server_refuses_is_surely_not_committed)
{
    incload_mock_fail(mock, "COMMIT", 0, "40001", 0, "could not serialize", NULL);
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(commit(), INCLOAD_E_CONFLICT);
    ck_assert_int_eq(incload_mock_commit_count(mock), 0);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_FAILED);
    ck_assert_int_eq(rollback(), INCLOAD_OK);
}
END_TEST

START_TEST(a_failed_rollback_leaves_a_dead_connection)
{
    incload_mock_fail(mock, "ROLLBACK", 0, "XX000", 0, NULL, NULL);
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_ne(rollback(), INCLOAD_OK);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_DEAD);
}
END_TEST

START_TEST(rolling_back_works_after_a_cancel)
{
    incload_mock_cancel(mock, "UPDATE%", 0, NULL);
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(execute(conn, "UPDATE a"), INCLOAD_E_CANCELLED);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_FAILED);
    ck_assert_int_eq(last_applied(), 0);
    ck_assert_int_eq(rollback(), INCLOAD_OK);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
}
END_TEST

START_TEST(a_cancel_comes_too_late_for_a_commit_under_way)
{
    incload_mock_cancel(mock, "COMMIT", 0, NULL);
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(commit(), INCLOAD_OK);
    ck_assert_int_eq(incload_mock_commit_count(mock), 1);
    ck_assert_int_eq(execute(conn, "NEXT"), INCLOAD_E_CANCELLED);
}
END_TEST

static int64_t
now_ms(void)
{
    return incload__monotonic_us(&incload__env_system) / 1000;
}

START_TEST(a_delay_passes_before_the_statement_takes_effect)
{
    int64_t before = now_ms();

    incload_mock_delay(mock, "SLOW", 0, 20, NULL);
    incload_mock_delay(mock, "S%", 0, 20, NULL);
    ck_assert_int_eq(execute(conn, "SLOW"), INCLOAD_OK);
    ck_assert_int_ge(now_ms() - before, 40);
}
END_TEST

START_TEST(the_deadline_ends_a_delay)
{
    int64_t before = now_ms();
    incload_error *err = NULL;

    incload_mock_delay(mock, "SLOW", 0, 60000, NULL);
    conn->deadline_us = incload__deadline_in(&incload__env_system, 30);
    ck_assert_int_eq(DRIVER->execute(conn, "SLOW", NULL, 0, NULL, &err), INCLOAD_E_TIMEOUT);
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    ck_assert_int_lt(now_ms() - before, 10000);
    ck_assert_int_eq(last_applied(), 0);
    incload_error_unref(err);
}
END_TEST

START_TEST(a_deadline_that_passes_inside_commit_leaves_it_unknown)
{
    incload_mock_delay(mock, "COMMIT", 0, 60000, NULL);
    ck_assert_int_eq(begin(), INCLOAD_OK);
    conn->deadline_us = incload__deadline_in(&incload__env_system, 20);
    ck_assert_int_eq(commit(), INCLOAD_E_COMMIT_UNKNOWN);
    ck_assert_int_eq(incload_mock_commit_count(mock), 1);
}
END_TEST

START_TEST(a_deadline_that_passed_before_commit_is_a_plain_timeout)
{
    ck_assert_int_eq(begin(), INCLOAD_OK);
    conn->deadline_us = 1;
    ck_assert_int_eq(commit(), INCLOAD_E_TIMEOUT);
    ck_assert_int_eq(incload_mock_commit_count(mock), 0);
    ck_assert_int_eq(rollback(), INCLOAD_OK);
}
END_TEST

static void *
cancel_soon(void *data)
{
    AWAIT(incload_mock_statement_count(mock) > 0);
    DRIVER->cancel(data);
    return NULL;
}

START_TEST(a_cancel_from_another_thread_ends_a_delay)
{
    pthread_t thread;

    incload_mock_delay(mock, "SLOW", 0, 60000, NULL);
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, conn), 0);
    ck_assert_int_eq(execute(conn, "SLOW"), INCLOAD_E_CANCELLED);
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(a_cleared_history_starts_again)
{
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(incload_mock_clear_history(mock, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload_mock_statement_count(mock), 0);
    ck_assert_int_eq(commit(), INCLOAD_OK);
    ck_assert_str_eq(incload_mock_statement(mock, 0), "COMMIT");
    ck_assert_int_eq(incload_mock_statement_applied(mock, 0), 1);
}
END_TEST

START_TEST(wrong_arguments_are_refused_by_name)
{
    incload_error *err = NULL;
    const char *cells[] = { "1" };

    ck_assert_int_eq(incload_mock_fail(NULL, "%", 0, NULL, 0, NULL, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_mock_fail(mock, "%", -1, NULL, 0, NULL, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_mock_fail(mock, "%", 0, "4000", 0, NULL, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_mock_delay(mock, "%", 0, -1, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_mock_disconnect(mock, "%", 0, 2, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_mock_answer_affected(mock, "%", 0, -2, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_mock_answer_rows(mock, "%", 0, "a,,b", NULL, cells, 0, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_mock_answer_rows(mock, "%", 0, "a", NULL, NULL, 1, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_mock_table(mock, "t", "a", "text", "b", NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_mock_table(mock, ".t", "a", "text", NULL, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_mock_answer_rows(mock, "%", 0, "a,b", "text", cells, 0, &err), INCLOAD_E_INVALID);
    ck_assert_str_eq(incload_error_message(err), "2 columns but 1 types");
    ck_assert_int_eq(incload_mock_strict(mock, 1, &err), INCLOAD_E_INVALID);
    ck_assert_int_eq(execute(conn, "A"), INCLOAD_OK);
    incload_error_unref(err);
}
END_TEST

enum { THREADS = 8, ROUNDS = 200 };

static void *
run_transactions(void *data)
{
    incload__conn *own = mock_connection(mock, "mock:");

    (void)data;
    for (int i = 0; i < ROUNDS; i++) {
        DRIVER->begin(own, NULL);
        execute(own, "UPDATE a");
        DRIVER->commit(own, NULL);
        incload_mock_row_count(mock, "t");
        incload_mock_statement(mock, i);
    }
    DRIVER->close(own);
    return NULL;
}

START_TEST(eight_connections_work_at_once_and_no_statement_is_lost)
{
    pthread_t threads[THREADS];

    incload_mock_answer_affected(mock, "UPDATE%", 0, 1, NULL);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_transactions, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(incload_mock_statement_count(mock), THREADS * ROUNDS * 3);
    ck_assert_int_eq(incload_mock_commit_count(mock), THREADS * ROUNDS);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, patterns_match_whole_statements_with_wildcards_and_any_case);
    tcase_add_test(tests, the_history_keeps_statements_parameters_and_connections);
    tcase_add_test(tests, connections_are_counted);
    tcase_add_test(tests, an_unanswered_select_gives_no_rows_and_an_unanswered_statement_affects_none);
    tcase_add_test(tests, a_strict_mock_refuses_what_nothing_answers);
    tcase_add_test(tests, scripted_rows_are_selected);
    tcase_add_test(tests, scripted_numbers_are_affected);
    tcase_add_test(tests, the_nth_match_is_answered_and_the_last_rule_wins);
    tcase_add_test(tests, a_scripted_failure_is_classified_by_the_dialect);
    tcase_add_test(tests, a_native_code_is_classified_by_the_dialect_of_the_url);
    tcase_add_test(tests, a_url_with_an_unknown_dialect_or_key_is_refused);
    tcase_add_test(tests, a_mock_url_without_its_mock_is_refused);
    tcase_add_test(tests, a_connection_can_be_refused);
    tcase_add_test(tests, events_are_matched_by_their_exact_name_and_not_recorded);
    tcase_add_test(tests, a_committed_transaction_leaves_the_connection_idle);
    tcase_add_test(tests, after_a_failed_statement_only_rollback_is_possible);
    tcase_add_test(tests, transaction_control_out_of_order_is_refused);
    tcase_add_test(tests, a_disconnect_before_a_statement_leaves_it_without_effect);
    tcase_add_test(tests, a_disconnect_after_a_statement_loses_its_answer_only);
    tcase_add_test(tests, a_disconnect_can_be_placed_at_any_statement_of_all);
    tcase_add_test(tests, a_disconnect_in_commit_is_unknown_whether_or_not_it_took_effect);
    tcase_add_test(tests, a_server_that_says_the_wire_broke_in_commit_leaves_it_unknown);
    tcase_add_test(tests, a_commit_that_the_server_refuses_is_surely_not_committed);
    tcase_add_test(tests, a_failed_rollback_leaves_a_dead_connection);
    tcase_add_test(tests, rolling_back_works_after_a_cancel);
    tcase_add_test(tests, a_cancel_comes_too_late_for_a_commit_under_way);
    tcase_add_test(tests, a_delay_passes_before_the_statement_takes_effect);
    tcase_add_test(tests, the_deadline_ends_a_delay);
    tcase_add_test(tests, a_deadline_that_passes_inside_commit_leaves_it_unknown);
    tcase_add_test(tests, a_deadline_that_passed_before_commit_is_a_plain_timeout);
    tcase_add_test(tests, a_cancel_from_another_thread_ends_a_delay);
    tcase_add_test(tests, a_cleared_history_starts_again);
    tcase_add_test(tests, wrong_arguments_are_refused_by_name);
    tcase_add_test(tests, eight_connections_work_at_once_and_no_statement_is_lost);
}

HARNESS_MAIN("mock", add_tests)
