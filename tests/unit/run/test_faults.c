/* SPDX-License-Identifier: Apache-2.0 */
/* Every statement of a load goes wrong once, in every way: nothing lands by halves, and the next run succeeds. */
#include "rig.h"

enum { FAULT_ERROR, FAULT_BEFORE, FAULT_AFTER, FAULT_CANCEL, FAULTS };
enum { LOAD_FIRST, LOAD_INCREMENT, LOAD_APPEND, LOAD_INSIDE, LOADS };

static rig
prepared(int load)
{
    rig r = rig_new_in(rig_context(), "postgres", load == LOAD_INSIDE);

    if (load == LOAD_INCREMENT || load == LOAD_INSIDE)
        rig_tell_earlier_load(r.to);
    return r;
}

static int32_t
load_once(rig *r, int load)
{
    return load == LOAD_APPEND ? rig_load(r, "append", NULL) : rig_load(r, BY_TIME);
}

static void
script(incload_mock *mock, int fault, int64_t nth)
{
    switch (fault) {
    case FAULT_ERROR:
        incload_mock_fail(mock, "%", nth, "42601", 0, "syntax error", NULL);
        break;
    case FAULT_BEFORE:
        incload_mock_disconnect(mock, "%", nth, INCLOAD_MOCK_BEFORE, NULL);
        break;
    case FAULT_AFTER:
        incload_mock_disconnect(mock, "%", nth, INCLOAD_MOCK_AFTER, NULL);
        /* What the ledger answers once the run is in it. */
        incload_mock_fail(mock, "INSERT INTO %run% (run_id%", 2, "23505", 0, "duplicate key", NULL);
        break;
    default:
        incload_mock_cancel(mock, "%", nth, NULL);
    }
}

/* How a load must end when `statement` goes wrong. */
static int32_t
expected_code(const char *statement, int fault)
{
    static const int32_t codes[FAULTS] = { INCLOAD_E_SQL, INCLOAD_E_CONNECT, INCLOAD_E_CONNECT, INCLOAD_E_CANCELLED };

    /* The reading snapshot is given up when all was read: nothing depends on its end. */
    if (strcmp(statement, "ROLLBACK") == 0)
        return INCLOAD_OK;
    if (strcmp(statement, "COMMIT") == 0 && (fault == FAULT_AFTER || fault == FAULT_CANCEL))
        return INCLOAD_OK;
    return codes[fault];
}

static void
check_failed_run(const rig *r, const char *statement, int32_t expected)
{
    incload_error *kept = incload_run_error(r->run);

    ck_assert_str_eq(incload_run_status_name(r->run), "FAILED");
    ck_assert_int_eq(incload_error_code(kept), expected);
    ck_assert_str_eq(incload_error_step(kept), r->from == r->to ? "copies" : "orders");
    ck_assert_msg(incload_error_is_retryable(kept) == (expected == INCLOAD_E_CONNECT), "%s", statement);
    ck_assert_int_eq(incload_run_rows_written(r->run), 0);
    ck_assert_ptr_null(incload_run_watermark(r->run));
    ck_assert_int_eq(incload_mock_row_count(r->to, "public.orders"), 0);
    incload_error_unref(kept);
}

static void
check_recovery(rig *r, int load, int64_t commits)
{
    incload_mock_clear_rules(r->from, NULL);
    incload_mock_clear_rules(r->to, NULL);
    rig_tell_source(r->from, rig_types("postgres"));
    if (load == LOAD_INCREMENT || load == LOAD_INSIDE)
        rig_tell_earlier_load(r->to);
    ck_assert_msg(load_once(r, load) == INCLOAD_OK, "%s", incload_error_message(r->err));
    ck_assert_int_eq(incload_mock_commit_count(r->to), commits + 1);
}

/* Runs with the fault at statement `nth`; false when there is no such statement. */
static bool
fail_at(int load, int fault, bool at_source, int64_t nth)
{
    rig r = prepared(load);
    incload_mock *mock = at_source ? r.from : r.to;

    script(mock, fault, nth);
    int32_t code = load_once(&r, load);
    const char *statement = incload_mock_statement(mock, nth - 1);
    if (statement != NULL) {
        int32_t expected = expected_code(statement, fault);
        int64_t commits = incload_mock_commit_count(r.to);
        ck_assert_msg(code == expected, "load %d, fault %d at '%s': %s %s", load, fault, statement,
                      incload_status_name(code), incload_error_message(r.err));
        ck_assert_msg(commits == (code == INCLOAD_OK), "load %d, fault %d at '%s': %lld commits", load, fault,
                      statement, (long long)commits);
        if (code != INCLOAD_OK)
            check_failed_run(&r, statement, expected);
        check_recovery(&r, load, commits);
    }
    rig_free(&r);
    return statement != NULL;
}

START_TEST(a_fault_at_any_statement_of_the_target_keeps_all_or_nothing)
{
    int load = _i / FAULTS, fault = _i % FAULTS;
    int64_t nth = 1;

    while (fail_at(load, fault, false, nth))
        nth++;
    ck_assert_int_gt(nth, 12);
}
END_TEST

START_TEST(a_fault_at_any_statement_of_the_source_keeps_all_or_nothing)
{
    int load = _i / FAULTS, fault = _i % FAULTS;
    int64_t nth = 1;

    while (fail_at(load, fault, true, nth))
        nth++;
    ck_assert_int_gt(nth, 6);
}
END_TEST

START_TEST(a_commit_whose_answer_is_lost_is_found_in_the_ledger)
{
    rig r = prepared(LOAD_INCREMENT);

    incload_mock_disconnect(r.to, "COMMIT", 1, INCLOAD_MOCK_AFTER, NULL);
    incload_mock_fail(r.to, "INSERT INTO %run% (run_id%", 2, "23505", 0, "duplicate key", NULL);
    ck_assert_int_eq(load_once(&r, LOAD_INCREMENT), INCLOAD_OK);
    ck_assert_str_eq(incload_run_status_name(r.run), "SUCCESS");
    ck_assert_int_eq(incload_run_rows_written(r.run), 1);
    ck_assert_str_eq(incload_run_watermark(r.run), "2024-01-02 08:00:00");
    ck_assert_int_eq(incload_mock_commit_count(r.to), 1);
    ck_assert_int_eq(incload_mock_connection_count(r.to), 2);
    rig_free(&r);
}
END_TEST

START_TEST(the_ledger_is_asked_by_adding_the_same_run_again_and_undoing_it)
{
    rig r = prepared(LOAD_INCREMENT);
    char probe[2048];

    incload_mock_disconnect(r.to, "COMMIT", 1, INCLOAD_MOCK_BEFORE, NULL);
    ck_assert_int_eq(load_once(&r, LOAD_INCREMENT), INCLOAD_E_CONNECT);
    /* Before the last, which gives the lease up. */
    int64_t last = incload_mock_statement_count(r.to) - 2;
    ck_assert_str_eq(incload_mock_statement(r.to, last - 3), "COMMIT");
    ck_assert_str_eq(incload_mock_statement(r.to, last - 2), "BEGIN ISOLATION LEVEL READ COMMITTED");
    rig_write(&r, r.to, last - 1, probe, sizeof probe);
    ck_assert_ptr_nonnull(strstr(probe, "INSERT INTO \"incload\".\"run\""));
    ck_assert_ptr_nonnull(strstr(probe, "{" RIG_RUN_ID "}"));
    ck_assert_str_eq(incload_mock_statement(r.to, last), "ROLLBACK");
    rig_free(&r);
}
END_TEST

START_TEST(a_commit_that_did_not_take_effect_is_told_as_one_that_may_be_retried)
{
    rig r = prepared(LOAD_INCREMENT);

    incload_mock_disconnect(r.to, "COMMIT", 1, INCLOAD_MOCK_BEFORE, NULL);
    ck_assert_int_eq(load_once(&r, LOAD_INCREMENT), INCLOAD_E_CONNECT);
    ck_assert_int_eq(incload_error_is_retryable(r.err), 1);
    ck_assert_str_eq(incload_error_sqlstate(r.err), "08007");
    rig_assert_says(&r, "nothing was committed: run the load again");
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
    rig_free(&r);
}
END_TEST

START_TEST(a_commit_stays_unknown_when_the_ledger_cannot_be_reached)
{
    rig r = prepared(LOAD_INCREMENT);

    incload_mock_disconnect(r.to, "COMMIT", 1, INCLOAD_MOCK_AFTER, NULL);
    incload_mock_fail(r.to, "CONNECT", 2, "28P01", 0, "password changed", NULL);
    ck_assert_int_eq(load_once(&r, LOAD_INCREMENT), INCLOAD_E_COMMIT_UNKNOWN);
    rig_assert_says(&r, "what became of run " RIG_RUN_ID);
    rig_assert_says(&r, "run the load again");
    ck_assert_str_eq(incload_run_status_name(r.run), "FAILED");
    rig_free(&r);
}
END_TEST

START_TEST(the_ledger_is_asked_again_when_the_server_comes_back)
{
    rig r = prepared(LOAD_INCREMENT);

    incload_mock_disconnect(r.to, "COMMIT", 1, INCLOAD_MOCK_AFTER, NULL);
    for (int64_t i = 2; i < 5; i++)
        incload_mock_fail(r.to, "CONNECT", i, "57P03", 0, "the database system is starting up", NULL);
    /* MariaDB's word for a lock that the old session still holds; and then the ledger's row itself. */
    incload_mock_fail(r.to, "INSERT INTO %run% (run_id%", 2, "55P03", 0, "lock timeout", NULL);
    incload_mock_fail(r.to, "INSERT INTO %run% (run_id%", 3, "23505", 0, "duplicate key", NULL);
    ck_assert_msg(load_once(&r, LOAD_INCREMENT) == INCLOAD_OK, "%s", incload_error_message(r.err));
    ck_assert_int_eq(incload_mock_commit_count(r.to), 1);
    rig_free(&r);
}
END_TEST

START_TEST(a_commit_stays_unknown_when_the_server_does_not_come_back_in_time)
{
    rig r = rig_new_in(incload_context_new(NULL, NULL), "postgres", false);

    rig_tell_earlier_load(r.to);
    incload_mock_disconnect(r.to, "COMMIT", 1, INCLOAD_MOCK_AFTER, NULL);
    for (int64_t i = 2; i < 200; i++)
        incload_mock_fail(r.to, "CONNECT", i, "57P03", 0, "the database system is starting up", NULL);
    /* Long enough to come to the COMMIT also under a sanitizer on a machine that is busy. */
    r.run_options = "timeout=1s retries=3";
    ck_assert_int_eq(load_once(&r, LOAD_INCREMENT), INCLOAD_E_COMMIT_UNKNOWN);
    ck_assert_int_lt(incload_run_duration_us(r.run), 5000000);
    rig_free(&r);
}
END_TEST

/* The session is named with the reading of the lease. */
static void
tell_session(incload_mock *mock, const char *session)
{
    const char *row[] = { "1700000000000000", session, NULL, NULL, NULL, NULL, NULL, NULL };

    incload_mock_answer_rows(mock, "SELECT n.now_us%", 0, "a,b,c,d,e,f,g,h", NULL, row, 1, NULL);
}

START_TEST(the_session_whose_commit_is_unknown_is_ended_before_the_ledger_is_asked)
{
    static const char *const id[] = { "17" };
    const char *dialect = _i == 0 ? "postgres" : "mariadb";
    rig r = rig_new(dialect);

    tell_session(r.to, "17/x");
    incload_mock_answer_rows(r.to, r.dialect->end_session_query, 0, "id", NULL, id, 1, NULL);
    incload_mock_disconnect(r.to, "COMMIT", 1, INCLOAD_MOCK_AFTER, NULL);
    incload_mock_fail(r.to, "INSERT INTO %run% (run_id%", 2, "23505", 1062, "duplicate key", NULL);
    ck_assert_msg(rig_load(&r, "append", NULL) == INCLOAD_OK, "%s", incload_error_message(r.err));
    int64_t last = incload_mock_statement_count(r.to) - 1;
    ck_assert_ptr_nonnull(strstr(incload_mock_statement(r.to, last - 1), "INSERT INTO "));
    ck_assert_str_eq(incload_mock_statement(r.to, last - 3 - _i), r.dialect->end_session_query);
    ck_assert_str_eq(incload_mock_statement_parameter(r.to, last - 3 - _i, 0), "17/x");
    if (_i == 1)
        ck_assert_str_eq(incload_mock_statement(r.to, last - 3), "KILL HARD CONNECTION 17");
    rig_free(&r);
}
END_TEST

START_TEST(who_may_not_end_the_session_waits_for_it)
{
    rig r = rig_new("postgres");

    tell_session(r.to, "17/x");
    incload_mock_fail(r.to, r.dialect->end_session_query, 0, "42501", 0, "permission denied", NULL);
    incload_mock_disconnect(r.to, "COMMIT", 1, INCLOAD_MOCK_AFTER, NULL);
    incload_mock_fail(r.to, "INSERT INTO %run% (run_id%", 2, "23505", 0, "duplicate key", NULL);
    ck_assert_msg(rig_load(&r, "append", NULL) == INCLOAD_OK, "%s", incload_error_message(r.err));
    rig_free(&r);
}
END_TEST

START_TEST(a_transaction_that_the_server_dropped_moves_no_watermark)
{
    static const char *const no[] = { "0" }, *const yes[] = { "1" };
    rig r = rig_new("mariadb");

    incload_mock_answer_rows(r.to, "SELECT @@in_transaction", 0, "open", NULL, yes, 1, NULL);
    incload_mock_answer_rows(r.to, "SELECT @@in_transaction", _i + 1, "open", NULL, no, 1, NULL);
    ck_assert_int_eq(rig_load(&r, "append", NULL), INCLOAD_E_STATE);
    rig_assert_says(&r, "the server has ended the transaction of this unit by itself");
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
    /* At the first look nothing of the ledger is written yet, which would then be there for good. */
    ck_assert_int_eq(rig_count(r.to, "INSERT INTO `incload_run`"), _i);
    rig_free(&r);
}
END_TEST

START_TEST(a_commit_stays_unknown_when_the_ledger_does_not_answer_the_question)
{
    rig r = prepared(LOAD_INCREMENT);

    incload_mock_disconnect(r.to, "COMMIT", 1, INCLOAD_MOCK_AFTER, NULL);
    incload_mock_fail(r.to, "INSERT INTO %run% (run_id%", 2, "42501", 0, "permission denied", NULL);
    ck_assert_int_eq(load_once(&r, LOAD_INCREMENT), INCLOAD_E_COMMIT_UNKNOWN);
    rig_free(&r);
}
END_TEST

START_TEST(a_commit_that_the_server_refuses_is_no_mystery)
{
    rig r = prepared(LOAD_INCREMENT);

    incload_mock_fail(r.to, "COMMIT", 1, "40001", 0, "could not serialize", NULL);
    ck_assert_int_eq(load_once(&r, LOAD_INCREMENT), INCLOAD_E_CONFLICT);
    ck_assert_int_eq(incload_error_is_retryable(r.err), 1);
    ck_assert_int_eq(incload_mock_connection_count(r.to), 1);
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
    rig_free(&r);
}
END_TEST

START_TEST(a_commit_without_an_answer_by_the_deadline_stays_unknown)
{
    rig r = rig_new_in(incload_context_new(NULL, NULL), "postgres", false);

    rig_tell_earlier_load(r.to);
    incload_mock_delay(r.to, "COMMIT", 1, 3000, NULL);
    rig_plan(&r, BY_TIME);
    r.run = incload_step_run(r.step, "timeout=1000", &r.err);
    ck_assert_int_eq(incload_error_code(r.err), INCLOAD_E_COMMIT_UNKNOWN);
    rig_assert_says(&r, "run the load again");
    ck_assert_str_eq(incload_run_status_name(r.run), "FAILED");
    ck_assert_int_eq(incload_mock_commit_count(r.to), 1);
    rig_free(&r);
}
END_TEST

START_TEST(a_connection_that_cannot_be_made_is_told_with_its_side)
{
    rig r = prepared(LOAD_FIRST);

    incload_mock_fail(_i == 0 ? r.from : r.to, "CONNECT", 0, "08001", 0, "refused", NULL);
    ck_assert_int_eq(load_once(&r, LOAD_FIRST), INCLOAD_E_CONNECT);
    rig_assert_says(&r, _i == 0 ? "source: " : "target: ");
    rig_free(&r);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_fault_at_any_statement_of_the_target_keeps_all_or_nothing, 0, LOADS * FAULTS);
    tcase_add_loop_test(tests, a_fault_at_any_statement_of_the_source_keeps_all_or_nothing, 0, LOAD_INSIDE * FAULTS);
    tcase_add_test(tests, a_commit_whose_answer_is_lost_is_found_in_the_ledger);
    tcase_add_test(tests, the_ledger_is_asked_by_adding_the_same_run_again_and_undoing_it);
    tcase_add_test(tests, a_commit_that_did_not_take_effect_is_told_as_one_that_may_be_retried);
    tcase_add_test(tests, a_commit_stays_unknown_when_the_ledger_cannot_be_reached);
    tcase_add_test(tests, a_commit_stays_unknown_when_the_ledger_does_not_answer_the_question);
    tcase_add_test(tests, the_ledger_is_asked_again_when_the_server_comes_back);
    tcase_add_test(tests, a_commit_stays_unknown_when_the_server_does_not_come_back_in_time);
    tcase_add_loop_test(tests, the_session_whose_commit_is_unknown_is_ended_before_the_ledger_is_asked, 0, 2);
    tcase_add_test(tests, who_may_not_end_the_session_waits_for_it);
    tcase_add_loop_test(tests, a_transaction_that_the_server_dropped_moves_no_watermark, 0, 2);
    tcase_add_test(tests, a_commit_that_the_server_refuses_is_no_mystery);
    tcase_add_test(tests, a_commit_without_an_answer_by_the_deadline_stays_unknown);
    tcase_add_loop_test(tests, a_connection_that_cannot_be_made_is_told_with_its_side, 0, 2);
}

HARNESS_MAIN("run faults", add_tests)
