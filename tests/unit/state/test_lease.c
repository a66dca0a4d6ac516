/* SPDX-License-Identifier: Apache-2.0 */
/* The lease against the mock: when it may be taken, what is told of who has it, and that only its holder passes the
 * fence. */
#define _GNU_SOURCE
#include "rig.h"

#include <sys/wait.h>
#include <unistd.h>

#include "state/lease.h"

static incload__env env;
static incload_mock *mock;
static incload__conn *conn;
static incload__ledger ledger;
static incload__lease lease;
static incload_error *err;
static rig r; /* for writing statements down */

static void
open_as(const char *dialect)
{
    char url[40];

    env = (incload__env){ .mem = incload__mem_libc, .monotonic_us = rig_monotonic, .wall_us = rig_wall,
                          .random = rig_random };
    snprintf(url, sizeof url, "mock:dialect=%s", dialect);
    mock = incload_mock_new(NULL);
    incload__connect how = { .env = &env, .url = url, .role = INCLOAD__ROLE_WRITE, .host_data = mock };
    ck_assert_int_eq(incload__driver_mock.connect(&how, &conn, NULL), INCLOAD_OK);
    err = NULL;
    r.dialect = incload__dialect_find(dialect);
    ck_assert_int_eq(incload__ledger_init(&ledger, &incload__mem_libc, conn->dialect, "incload", &err), INCLOAD_OK);
    incload__lease_init(&lease, &env, "orders", RIG_RUN_ID, 30000, "nightly");
}

static void
set_up(void)
{
    open_as("postgres");
}

static void
tear_down(void)
{
    incload__ledger_free(&ledger);
    conn->driver->close(conn);
    incload_mock_unref(mock);
    incload_error_unref(err);
}

static void
says(const char *part)
{
    ck_assert_msg(strstr(incload_error_message(err), part) != NULL, "%s", incload_error_message(err));
}

/* The row as the server shows it at 100 s past midnight of 2024-03-01; holder NULL: given up. */
static void
answer(int64_t nth, const char *epoch, const char *run_id, const char *holder, const char *taken_us,
       const char *renewed_us)
{
    const char *row[] = { "1709251300000000", "17/3", epoch, run_id, holder, taken_us, "30000000", renewed_us };

    incload_mock_answer_rows(mock, "SELECT n.now_us%", nth, "now,session,epoch,run,holder,taken,ttl,beat", NULL, row, 1,
                             NULL);
}

static int32_t
take(void)
{
    return incload__lease_take(&lease, &ledger, conn, NULL, &err);
}

START_TEST(a_load_that_never_ran_gets_the_first_epoch)
{
    char holder[80];

    ck_assert_int_eq(take(), INCLOAD_OK);
    ck_assert_int_eq(lease.epoch, 1);
    ck_assert_str_eq(incload_mock_statement(mock, 1),
                     "INSERT INTO \"incload\".\"lease\" (load_name, epoch, run_id, holder, taken_us, ttl_us) VALUES "
                     "($1, $2, $3, $4, (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint, $5)");
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 1, 0), "orders");
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 1, 2), RIG_RUN_ID);
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 1, 4), "30000000");
    snprintf(holder, sizeof holder, " pid %ld (nightly)", (long)getpid());
    ck_assert_ptr_nonnull(strstr(incload_mock_statement_parameter(mock, 1, 3), holder));
}
END_TEST

START_TEST(a_lease_that_was_given_up_is_taken_in_the_next_epoch)
{
    answer(0, "7", "other", NULL, "1709251290000000", NULL);
    incload_mock_answer_affected(mock, "UPDATE%", 1, 1, NULL);
    ck_assert_int_eq(take(), INCLOAD_OK);
    ck_assert_int_eq(lease.epoch, 8);
    ck_assert_ptr_nonnull(
        strstr(incload_mock_statement(mock, 1), "WHERE load_name = $5 AND epoch = $6 AND holder IS NULL"));
    ck_assert_int_eq(incload_mock_statement_count(mock), 2);
}
END_TEST

START_TEST(a_lease_that_is_held_is_busy_and_its_holder_is_named)
{
    bool told = false;

    answer(0, "7", "0123456789abcdef0123456789abcdef", "etl-1 pid 77 (nightly)", "1709251280000000", NULL);
    ck_assert_int_eq(take(), INCLOAD_E_BUSY);
    ck_assert_int_eq(lease.epoch, 0);
    says("load 'orders' is being run by etl-1 pid 77 (nightly) since 2024-03-01 00:01:20 UTC "
         "(run 0123456789abcdef0123456789abcdef)");
    says("its lease is free after 2024-03-01 00:01:50 UTC");
    for (int32_t i = 0; i < incload_error_detail_count(err); i++) {
        told = told
               || (strcmp(incload_error_detail_key(err, i), "holder") == 0
                   && strcmp(incload_error_detail_value(err, i), "etl-1 pid 77 (nightly)") == 0);
    }
    ck_assert(told);
    ck_assert_int_eq(incload_error_is_retryable(err), 0);
    ck_assert_int_eq(incload_mock_statement_count(mock), 1);
}
END_TEST

START_TEST(a_lease_whose_time_is_over_is_taken_from_its_holder)
{
    answer(0, "7", "other", "etl-1 pid 77 (nightly)", "1709251269000000", NULL);
    incload_mock_answer_affected(mock, "UPDATE%", 1, 1, NULL);
    ck_assert_int_eq(take(), INCLOAD_OK);
    ck_assert_int_eq(lease.epoch, 8);
    ck_assert_ptr_nonnull(strstr(incload_mock_statement(mock, 1), "AND epoch = $6 AND holder = $7"));
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 1, 6), "etl-1 pid 77 (nightly)");
}
END_TEST

START_TEST(a_lease_that_was_renewed_is_held_past_its_first_time)
{
    answer(0, "7", "other", "etl-1 pid 77 (nightly)", "1709251200000000", "1709251301000000");
    ck_assert_int_eq(take(), INCLOAD_E_BUSY);
    says("free after 2024-03-01 00:01:41 UTC");
}
END_TEST

START_TEST(a_process_of_this_host_that_is_gone_is_not_waited_for)
{
    char holder[INCLOAD__HOLDER_SIZE + 20];
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    size_t host = (size_t)(strstr(lease.holder, " pid ") - lease.holder);
    snprintf(holder, sizeof holder, "%.*s pid %ld (nightly)", (int)host, lease.holder, (long)child);
    answer(0, "7", "other", holder, "1709251299000000", NULL);
    incload_mock_answer_affected(mock, "UPDATE%", 1, 1, NULL);
    ck_assert_int_eq(take(), INCLOAD_OK);
    ck_assert_int_eq(lease.epoch, 8);
}
END_TEST

START_TEST(another_run_of_this_process_is_waited_for)
{
    answer(0, "7", "other", lease.holder, "1709251299000000", NULL);
    ck_assert_int_eq(take(), INCLOAD_E_BUSY);
}
END_TEST

START_TEST(who_is_overtaken_between_reading_and_taking_looks_again)
{
    answer(1, "7", "other", NULL, "1709251290000000", NULL);
    incload_mock_answer_affected(mock, "UPDATE%", 1, 0, NULL);
    answer(2, "8", "third", "etl-2 pid 5 (x)", "1709251300000000", NULL);
    ck_assert_int_eq(take(), INCLOAD_E_BUSY);
    says("etl-2 pid 5 (x)");
}
END_TEST

START_TEST(two_that_take_the_first_lease_at_once_meet_at_the_key)
{
    incload_mock_fail(mock, "INSERT%lease%", 1, "23505", 0, "duplicate key", NULL);
    answer(2, "1", "other", "etl-2 pid 5 (x)", "1709251300000000", NULL);
    ck_assert_int_eq(take(), INCLOAD_E_BUSY);
    says("etl-2 pid 5 (x)");
}
END_TEST

START_TEST(a_row_that_stays_locked_is_busy_in_the_holders_name)
{
    answer(0, "7", "other", "etl-1 pid 77 (nightly)", "1709251200000000", NULL);
    incload_mock_fail(mock, "UPDATE%", 1, "55P03", 0, "lock timeout", NULL);
    ck_assert_int_eq(take(), INCLOAD_E_BUSY);
    says("etl-1 pid 77 (nightly)");
}
END_TEST

START_TEST(what_is_held_already_is_not_taken_again)
{
    lease.epoch = 7;
    answer(0, "7", RIG_RUN_ID, lease.holder, "1709251299000000", NULL);
    ck_assert_int_eq(take(), INCLOAD_OK);
    ck_assert_int_eq(lease.epoch, 7);
    ck_assert_int_eq(incload_mock_statement_count(mock), 1);
}
END_TEST

START_TEST(a_lease_whose_taking_was_not_answered_is_the_same_runs_all_the_same)
{
    answer(0, "7", RIG_RUN_ID, lease.holder, "1709251299000000", NULL);
    ck_assert_int_eq(take(), INCLOAD_OK);
    ck_assert_int_eq(lease.epoch, 7);
    ck_assert_int_eq(incload_mock_statement_count(mock), 1);
}
END_TEST

START_TEST(a_taking_that_was_not_answered_is_given_up_by_the_run_alone)
{
    answer(0, "6", "other", NULL, "1709251299000000", NULL);
    incload_mock_fail(mock, "UPDATE%", 1, "57014", 0, "interrupted", NULL);
    ck_assert_int_ne(take(), INCLOAD_OK);
    incload_error_unref(err);
    err = NULL;
    ck_assert_int_eq(lease.epoch, 0);
    incload_mock_clear_rules(mock, NULL);
    incload_mock_clear_history(mock, NULL);
    ck_assert_int_eq(incload__lease_release(&lease, &ledger, conn, &err), INCLOAD_OK);
    ck_assert_str_eq(incload_mock_statement(mock, 0), "UPDATE \"incload\".\"lease\" SET holder = NULL WHERE load_name ="
                                                      " $1 AND run_id = $2 AND holder IS NOT NULL");
    ck_assert_int_eq(incload__lease_release(&lease, &ledger, conn, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_mock_statement_count(mock), 1);
}
END_TEST

START_TEST(without_a_lease_only_the_session_is_asked_for)
{
    char *session = NULL;

    lease.ttl_us = 0;
    answer(0, "7", "other", "etl-1 pid 77 (nightly)", "1709251299000000", NULL);
    ck_assert_int_eq(incload__lease_take(&lease, &ledger, conn, &session, &err), INCLOAD_OK);
    ck_assert_int_eq(lease.epoch, 0);
    ck_assert_str_eq(session, "17/3");
    incload__free(&env.mem, session);
}
END_TEST

START_TEST(the_fence_gives_the_lease_up_in_its_own_row)
{
    static const char *const expected[] = {
        "UPDATE \"incload\".\"lease\" SET holder = NULL WHERE load_name = $1 AND epoch = $2 AND run_id = $3"
        " AND holder IS NOT NULL {orders} {7} {" RIG_RUN_ID "}",
    };

    lease.epoch = 7;
    ck_assert_int_eq(incload__lease_fence(&lease, &ledger, conn, &err), INCLOAD_OK);
    rig_expect_statements(&r, mock, expected);
}
END_TEST

START_TEST(a_fence_that_meets_no_row_or_does_not_say_stops_the_run)
{
    static const int64_t affected[] = { 0, -1, 2 };

    lease.epoch = 7;
    incload_mock_answer_affected(mock, "UPDATE%", 1, affected[_i], NULL);
    ck_assert_int_eq(incload__lease_fence(&lease, &ledger, conn, &err), INCLOAD_E_BUSY);
    says("this run of load 'orders' lost its lease");
    says("nothing of this run was kept");
}
END_TEST

START_TEST(a_renewal_touches_another_table_than_the_fence)
{
    lease.epoch = 7;
    answer(0, "7", RIG_RUN_ID, lease.holder, "1709251299000000", NULL);
    ck_assert_int_eq(incload__lease_renew(&lease, &ledger, conn, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_mock_statement_count(mock), 3);
    ck_assert_int_eq(rig_count(mock, "UPDATE \"incload\".\"lease_beat\" SET epoch = $1"), 1);
    ck_assert_int_eq(rig_count(mock, "INSERT INTO \"incload\".\"lease_beat\""), 1);
    incload_mock_answer_affected(mock, "UPDATE%", 0, 1, NULL);
    ck_assert_int_eq(incload__lease_renew(&lease, &ledger, conn, &err), INCLOAD_OK);
    ck_assert_int_eq(rig_count(mock, "INSERT INTO \"incload\".\"lease_beat\""), 1);
}
END_TEST

START_TEST(a_renewal_finds_out_that_the_lease_is_anothers)
{
    lease.epoch = 7;
    answer(1, "8", "other", "etl-1 pid 77 (nightly)", "1709251299000000", NULL);
    ck_assert_int_eq(incload__lease_renew(&lease, &ledger, conn, &err), INCLOAD_E_BUSY);
    says("lost its lease");
    ck_assert_int_eq(incload_mock_statement_count(mock), 1);
}
END_TEST

START_TEST(a_database_without_a_clock_gets_ours)
{
    tear_down();
    open_as("ansi");
    ck_assert_int_eq(take(), INCLOAD_OK);
    ck_assert_ptr_nonnull(
        strstr(incload_mock_statement(mock, 0), "SELECT 1700000000000000 AS now_us, NULL AS session_id"));
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_load_that_never_ran_gets_the_first_epoch);
    tcase_add_test(tests, a_lease_that_was_given_up_is_taken_in_the_next_epoch);
    tcase_add_test(tests, a_lease_that_is_held_is_busy_and_its_holder_is_named);
    tcase_add_test(tests, a_lease_whose_time_is_over_is_taken_from_its_holder);
    tcase_add_test(tests, a_lease_that_was_renewed_is_held_past_its_first_time);
    tcase_add_test(tests, a_process_of_this_host_that_is_gone_is_not_waited_for);
    tcase_add_test(tests, another_run_of_this_process_is_waited_for);
    tcase_add_test(tests, who_is_overtaken_between_reading_and_taking_looks_again);
    tcase_add_test(tests, two_that_take_the_first_lease_at_once_meet_at_the_key);
    tcase_add_test(tests, a_row_that_stays_locked_is_busy_in_the_holders_name);
    tcase_add_test(tests, what_is_held_already_is_not_taken_again);
    tcase_add_test(tests, a_lease_whose_taking_was_not_answered_is_the_same_runs_all_the_same);
    tcase_add_test(tests, a_taking_that_was_not_answered_is_given_up_by_the_run_alone);
    tcase_add_test(tests, without_a_lease_only_the_session_is_asked_for);
    tcase_add_test(tests, the_fence_gives_the_lease_up_in_its_own_row);
    tcase_add_loop_test(tests, a_fence_that_meets_no_row_or_does_not_say_stops_the_run, 0, 3);
    tcase_add_test(tests, a_renewal_touches_another_table_than_the_fence);
    tcase_add_test(tests, a_renewal_finds_out_that_the_lease_is_anothers);
    tcase_add_test(tests, a_database_without_a_clock_gets_ours);
}

HARNESS_MAIN("lease", add_tests)
