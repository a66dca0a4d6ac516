/* SPDX-License-Identifier: Apache-2.0 */
/* Errors that may pass start the unit over, and no others; a lease that is another's makes a run wait or fail. */
#include "rig.h"

#include "sched/backoff.h"

static rig
prepared(const char *run_options)
{
    rig r = rig_new("postgres");

    rig_tell_earlier_load(r.to);
    r.run_options = run_options;
    return r;
}

/* How many notices the context has, and whether the last one says `part`. */
static int32_t
notices(const rig *r, const char *part)
{
    int32_t count = 0;
    incload_event *event;

    while ((event = incload_context_next_event(r->context, 0, NULL)) != NULL) {
        if (incload_event_kind(event) == INCLOAD_EVENT_NOTICE) {
            count++;
            ck_assert_msg(strstr(incload_event_message(event), part) != NULL, "%s", incload_event_message(event));
            ck_assert_str_eq(incload_event_step(event), "orders");
        }
        incload_event_unref(event);
    }
    return count;
}

START_TEST(an_error_that_may_pass_starts_the_unit_over)
{
    rig r = prepared("retries=3 retry_delay=1ms");

    incload_mock_fail(r.to, "INSERT INTO %orders% SELECT%", 1, "40P01", 0, "deadlock detected", NULL);
    incload_mock_disconnect(r.from, "SELECT %FROM %orders%", 2, INCLOAD_MOCK_BEFORE, NULL);
    ck_assert_msg(rig_load(&r, BY_TIME) == INCLOAD_OK, "%s", incload_error_message(r.err));
    ck_assert_int_ge(incload_run_attempts(r.run), 2);
    ck_assert_int_eq(incload_mock_commit_count(r.to), 1);
    ck_assert_int_eq(incload_run_rows_read(r.run), 2);
    ck_assert_int_eq(incload_run_rows_written(r.run), 1);
    ck_assert_str_eq(incload_run_status_name(r.run), "SUCCESS");
    rig_free(&r);
}
END_TEST

START_TEST(each_retry_is_told_with_its_reason)
{
    rig r = prepared("retries=5 retry_delay=1ms");

    for (int64_t i = 1; i < 4; i++)
        incload_mock_fail(r.to, "COMMIT", i, "40001", 0, "could not serialize", NULL);
    ck_assert_int_eq(rig_load(&r, BY_TIME), INCLOAD_OK);
    ck_assert_int_eq(incload_run_attempts(r.run), 4);
    ck_assert_int_eq(notices(&r, "could not serialize"), 3);
    rig_free(&r);
}
END_TEST

START_TEST(after_the_last_retry_the_error_is_told)
{
    rig r = prepared("retries=2 retry_delay=1ms");

    incload_mock_fail(r.to, "COMMIT", 0, "40001", 0, "could not serialize", NULL);
    ck_assert_int_eq(rig_load(&r, BY_TIME), INCLOAD_E_CONFLICT);
    ck_assert_int_eq(incload_run_attempts(r.run), 3);
    ck_assert_int_eq(incload_error_is_retryable(r.err), 1);
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
    rig_free(&r);
}
END_TEST

START_TEST(an_error_that_does_not_pass_is_not_tried_again)
{
    rig r = prepared("retries=5 retry_delay=1ms");

    incload_mock_fail(r.to, "INSERT INTO %orders% SELECT%", 0, "23514", 0, "check violated", NULL);
    ck_assert_int_eq(rig_load(&r, BY_TIME), INCLOAD_E_CONSTRAINT);
    ck_assert_int_eq(incload_run_attempts(r.run), 1);
    rig_free(&r);
}
END_TEST

static int32_t
fail_always(incload_unit *unit, incload_batch *batch, void *data)
{
    int32_t *calls = data;

    (void)batch;
    ++*calls;
    return incload_unit_fail(unit, "no");
}

START_TEST(a_process_function_that_failed_is_not_called_again)
{
    rig r = prepared("retries=5 retry_delay=1ms");
    int32_t calls = 0;

    rig_plan(&r, BY_TIME);
    incload_step_set_batch_function(r.step, fail_always, &calls, NULL, &r.err);
    ck_assert_int_eq(rig_run(&r), INCLOAD_E_CALLBACK);
    ck_assert_int_eq(calls, 1);
    ck_assert_int_eq(incload_run_attempts(r.run), 1);
    rig_free(&r);
}
END_TEST

static int32_t
note_attempt(incload_unit *unit, incload_batch *batch, void *data)
{
    int32_t *last = data;

    (void)batch;
    *last = incload_unit_attempt(unit);
    return INCLOAD_DONE;
}

START_TEST(a_process_function_can_tell_an_attempt_from_the_one_before)
{
    rig r = prepared("retries=5 retry_delay=1ms");
    int32_t last = 0;

    incload_mock_fail(r.to, "COMMIT", 1, "40001", 0, "could not serialize", NULL);
    rig_plan(&r, BY_TIME);
    incload_step_set_batch_function(r.step, note_attempt, &last, NULL, &r.err);
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    ck_assert_int_eq(last, 2);
    rig_free(&r);
}
END_TEST

START_TEST(a_commit_that_was_not_done_is_made_good_by_the_next_attempt)
{
    rig r = prepared("retries=3 retry_delay=1ms");

    incload_mock_disconnect(r.to, "COMMIT", 1, INCLOAD_MOCK_BEFORE, NULL);
    ck_assert_msg(rig_load(&r, BY_TIME) == INCLOAD_OK, "%s", incload_error_message(r.err));
    ck_assert_int_eq(incload_run_attempts(r.run), 2);
    ck_assert_int_eq(incload_mock_commit_count(r.to), 1);
    rig_free(&r);
}
END_TEST

START_TEST(a_retry_that_would_come_after_the_deadline_is_none)
{
    rig r = rig_new_in(incload_context_new(NULL, NULL), "postgres", false);

    r.run_options = "retries=9 retry_delay=24h retry_max_delay=24h timeout=2s";
    incload_mock_fail(r.to, "COMMIT", 0, "40001", 0, "could not serialize", NULL);
    ck_assert_int_eq(rig_load(&r, BY_TIME), INCLOAD_E_CONFLICT);
    ck_assert_int_eq(incload_run_attempts(r.run), 1);
    rig_free(&r);
}
END_TEST

START_TEST(a_cancel_ends_the_pause_at_once)
{
    rig r = rig_new_in(incload_context_new(NULL, NULL), "postgres", false);

    incload_mock_fail(r.to, "COMMIT", 0, "40001", 0, "could not serialize", NULL);
    rig_plan(&r, BY_TIME);
    r.run = incload_step_start(r.step, "retries=9 retry_delay=24h retry_max_delay=24h", &r.err);
    for (int32_t kind = 0; kind != INCLOAD_EVENT_NOTICE;) {
        incload_event *event = incload_context_next_event(r.context, 5000, NULL);
        ck_assert_ptr_nonnull(event);
        kind = incload_event_kind(event);
        incload_event_unref(event);
    }
    incload_run_cancel(r.run);
    ck_assert_int_eq(incload_run_wait(r.run, 5000, &r.err), INCLOAD_E_CANCELLED);
    ck_assert_int_eq(rig_count(r.to, "UPDATE \"incload\".\"lease\" SET holder = NULL"), 2);
    rig_free(&r);
}
END_TEST

START_TEST(a_run_that_failed_gives_its_lease_up)
{
    rig r = prepared("retries=0");

    incload_mock_fail(r.to, "INSERT INTO %orders% SELECT%", 0, "23514", 0, "check violated", NULL);
    ck_assert_int_eq(rig_load(&r, BY_TIME), INCLOAD_E_CONSTRAINT);
    int64_t last = incload_mock_statement_count(r.to) - 1;
    ck_assert_str_eq(incload_mock_statement(r.to, last),
                     "UPDATE \"incload\".\"lease\" SET holder = NULL WHERE load_name = $1 AND epoch = $2"
                     " AND run_id = $3 AND holder IS NOT NULL");
    rig_free(&r);
}
END_TEST

static void
tell_holder(incload_mock *mock, int64_t nth)
{
    static const char *const row[] = { "1700000000000000", NULL, "4", "0123", "etl-1 pid 77 (nightly)",
                                       "1699999999000000", "30000000", NULL };

    incload_mock_answer_rows(mock, "SELECT n.now_us%", nth, "a,b,c,d,e,f,g,h", NULL, row, 1, NULL);
}

START_TEST(a_load_that_is_run_by_another_is_busy_before_anything_is_read)
{
    rig r = prepared("retries=3");

    tell_holder(r.to, 0);
    ck_assert_int_eq(rig_load(&r, BY_TIME), INCLOAD_E_BUSY);
    rig_assert_says(&r, "load 'orders' is being run by etl-1 pid 77 (nightly)");
    ck_assert_int_eq(incload_run_attempts(r.run), 1);
    ck_assert_int_eq(incload_mock_connection_count(r.from), 0);
    ck_assert_int_eq(incload_mock_statement_count(r.to), 2);
    rig_free(&r);
}
END_TEST

START_TEST(who_waits_goes_on_when_the_other_has_ended)
{
    rig r = prepared("wait=60s");

    for (int64_t i = 1; i < 4; i++)
        tell_holder(r.to, i);
    ck_assert_msg(rig_load(&r, BY_TIME) == INCLOAD_OK, "%s", incload_error_message(r.err));
    ck_assert_int_eq(incload_run_attempts(r.run), 1);
    rig_free(&r);
}
END_TEST

START_TEST(waiting_ends_by_its_own_time_or_the_runs)
{
    static const char *const options[] = { "wait=30ms", "wait=1h timeout=30ms" };
    static const int32_t codes[] = { INCLOAD_E_BUSY, INCLOAD_E_TIMEOUT };
    rig r = rig_new_in(incload_context_new(NULL, NULL), "postgres", false);

    r.run_options = options[_i];
    tell_holder(r.to, 0);
    ck_assert_int_eq(rig_load(&r, BY_TIME), codes[_i]);
    rig_free(&r);
}
END_TEST

START_TEST(a_fence_that_fails_keeps_nothing_and_is_not_tried_again)
{
    rig r = prepared("retries=3 retry_delay=1ms");

    incload_mock_answer_affected(r.to, "UPDATE %lease% SET holder = NULL%", 1, 0, NULL);
    ck_assert_int_eq(rig_load(&r, BY_TIME), INCLOAD_E_BUSY);
    rig_assert_says(&r, "lost its lease");
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
    ck_assert_int_eq(rig_count(r.to, "INSERT INTO \"incload\".\"run\""), 0);
    rig_free(&r);
}
END_TEST

START_TEST(without_a_lease_nothing_is_taken_and_nothing_fenced)
{
    rig r = prepared("retries=0");

    rig_plan(&r, BY_TIME);
    incload_step_set(r.step, "lease", "0", &r.err);
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    ck_assert_int_eq(rig_count(r.to, "INSERT INTO \"incload\".\"lease\""), 0);
    ck_assert_int_eq(rig_count(r.to, "UPDATE \"incload\".\"lease\""), 0);
    rig_free(&r);
}
END_TEST

static uint64_t
greatest(void *data)
{
    (void)data;
    return UINT64_MAX - 1;
}

START_TEST(pauses_double_up_to_the_longest_and_are_drawn_from_zero)
{
    incload__env env = { .random = greatest };

    for (int32_t failures = 1; failures < 100; failures++) {
        int64_t ceiling = failures < 7 ? (int64_t)500 << (failures - 1) : 30000;
        if (ceiling > 30000)
            ceiling = 30000;
        int64_t us = incload__backoff_us(&env, 500, 30000, failures);
        ck_assert_int_ge(us, 0);
        ck_assert_int_le(us, ceiling * 1000);
    }
    ck_assert_int_eq(incload__backoff_us(&env, 0, 0, 5), 0);
    ck_assert_int_le(incload__backoff_us(&env, 5000, 1000, 1), 1000000);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, an_error_that_may_pass_starts_the_unit_over);
    tcase_add_test(tests, each_retry_is_told_with_its_reason);
    tcase_add_test(tests, after_the_last_retry_the_error_is_told);
    tcase_add_test(tests, an_error_that_does_not_pass_is_not_tried_again);
    tcase_add_test(tests, a_process_function_that_failed_is_not_called_again);
    tcase_add_test(tests, a_process_function_can_tell_an_attempt_from_the_one_before);
    tcase_add_test(tests, a_commit_that_was_not_done_is_made_good_by_the_next_attempt);
    tcase_add_test(tests, a_retry_that_would_come_after_the_deadline_is_none);
    tcase_add_test(tests, a_cancel_ends_the_pause_at_once);
    tcase_add_test(tests, a_run_that_failed_gives_its_lease_up);
    tcase_add_test(tests, a_load_that_is_run_by_another_is_busy_before_anything_is_read);
    tcase_add_test(tests, who_waits_goes_on_when_the_other_has_ended);
    tcase_add_loop_test(tests, waiting_ends_by_its_own_time_or_the_runs, 0, 2);
    tcase_add_test(tests, a_fence_that_fails_keeps_nothing_and_is_not_tried_again);
    tcase_add_test(tests, without_a_lease_nothing_is_taken_and_nothing_fenced);
    tcase_add_test(tests, pauses_double_up_to_the_longest_and_are_drawn_from_zero);
}

HARNESS_MAIN("run retry", add_tests)
