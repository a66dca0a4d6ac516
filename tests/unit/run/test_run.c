/* SPDX-License-Identifier: Apache-2.0 */
/* Runs: waiting, cancelling, deadlines, events, and what may be asked when. */
#include "rig.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static rig r;

/* The system's own clocks: what waits must be able to wake. */
static void
set_up(void)
{
    r = rig_new_in(incload_context_new(NULL, NULL), "postgres", false);
    rig_tell_earlier_load(r.to);
    rig_plan(&r, BY_TIME);
    ck_assert_msg(r.err == NULL, "%s", incload_error_message(r.err));
}

static void
tear_down(void)
{
    rig_free(&r);
}

static int64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
sleep_ms(int64_t ms)
{
    struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

    nanosleep(&time, NULL);
}

START_TEST(a_run_tells_what_it_did)
{
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    ck_assert_int_eq(incload_run_status(r.run), INCLOAD_STATUS_SUCCESS);
    ck_assert_str_eq(incload_run_status_name(r.run), "SUCCESS");
    ck_assert_int_eq(incload_run_rows_read(r.run), 2);
    ck_assert_int_eq(incload_run_rows_read(r.run), incload_run_rows_written(r.run) + incload_run_rows_skipped(r.run));
    ck_assert_int_gt(incload_run_bytes(r.run), 0);
    ck_assert_int_gt(incload_run_duration_us(r.run), 0);
    ck_assert_uint_eq(strlen(incload_run_id(r.run)), 32);
    ck_assert_str_eq(incload_run_road(r.run), "batches");
    ck_assert_str_eq(incload_run_watermark(r.run), "2024-01-02 08:00:00");
    ck_assert_str_eq(incload_run_level(r.run), "BEST_EFFORT");
    ck_assert_str_ne(incload_run_level_reason(r.run), "");
    ck_assert_ptr_null(incload_run_error(r.run));
}
END_TEST

START_TEST(the_duration_of_a_run_that_ended_stands_still)
{
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    int64_t first = incload_run_duration_us(r.run);
    sleep_ms(5);
    ck_assert_int_eq(incload_run_duration_us(r.run), first);
}
END_TEST

START_TEST(a_run_has_one_unit_that_can_be_asked)
{
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    const incload_unit *unit = incload_run_unit(r.run, 0);
    ck_assert_int_eq(incload_run_unit_count(r.run), 1);
    ck_assert_str_eq(incload_unit_step(unit), "orders");
    ck_assert_str_eq(incload_unit_label(unit), "orders");
    ck_assert_str_eq(incload_unit_run_id(unit), incload_run_id(r.run));
    ck_assert_int_eq(incload_unit_attempt(unit), 1);
    ck_assert_int_eq(incload_unit_is_cancelled(unit), 0);
    ck_assert_ptr_null(incload_run_unit(r.run, 1));
    ck_assert_ptr_null(incload_run_unit(r.run, -1));
}
END_TEST

START_TEST(a_run_that_failed_is_returned_with_its_error)
{
    incload_mock_fail(r.to, "COMMIT", 1, "40001", 0, "could not serialize", NULL);
    ck_assert_int_eq(rig_run(&r), INCLOAD_E_CONFLICT);
    ck_assert_ptr_nonnull(r.run);
    incload_error *kept = incload_run_error(r.run);
    ck_assert_ptr_eq(kept, r.err);
    incload_error_unref(kept);
    ck_assert_int_eq(incload_run_wait(r.run, 0, NULL), INCLOAD_E_CONFLICT);
}
END_TEST

START_TEST(bad_options_start_no_run)
{
    static const struct {
        const char *options;
        int32_t code;
        const char *says;
    } bad[] = {
        { "timeout=soon", INCLOAD_E_INVALID, "option 'timeout' of a run takes a duration" },
        { "timeout=-1", INCLOAD_E_INVALID, "option 'timeout' of a run" },
        { "timeuot=5s", INCLOAD_E_UNKNOWN_OPTION, "did you mean 'timeout'?" },
        { "timeout", INCLOAD_E_INVALID, "'=' is missing behind 'timeout'" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        incload_error *err = NULL;
        ck_assert_ptr_null(incload_step_run(r.step, bad[i].options, &err));
        ck_assert_int_eq(incload_error_code(err), bad[i].code);
        ck_assert_msg(strstr(incload_error_message(err), bad[i].says) != NULL, "%s", incload_error_message(err));
        incload_error_unref(err);
        ck_assert_ptr_null(incload_step_start(r.step, bad[i].options, NULL));
    }
    ck_assert_int_eq(incload_mock_statement_count(r.from), 0);
}
END_TEST

START_TEST(waiting_for_a_run_that_goes_on_leaves_the_error_untouched)
{
    incload_mock_delay(r.to, "COMMIT", 1, 300, NULL);
    r.run = incload_step_start(r.step, NULL, &r.err);
    ck_assert_int_eq(incload_run_wait(r.run, 0, &r.err), INCLOAD_E_TIMEOUT);
    ck_assert_ptr_null(r.err);
    int64_t begin = now_ms();
    ck_assert_int_eq(incload_run_wait(r.run, 50, &r.err), INCLOAD_E_TIMEOUT);
    ck_assert_int_ge(now_ms() - begin, 45);
    ck_assert_ptr_null(r.err);
    ck_assert_int_le(incload_run_status(r.run), INCLOAD_STATUS_RUNNING);
    ck_assert_ptr_null(incload_run_watermark(r.run));
    ck_assert_int_eq(incload_run_wait(r.run, -1, &r.err), INCLOAD_OK);
    ck_assert_int_eq(incload_run_status(r.run), INCLOAD_STATUS_SUCCESS);
    ck_assert_int_eq(incload_run_wait(r.run, 0, &r.err), INCLOAD_OK);
}
END_TEST

START_TEST(waiting_gives_the_error_of_a_run_that_failed)
{
    incload_mock_fail(r.from, "SELECT COUNT%", 1, "42501", 0, "permission denied", NULL);
    r.run = incload_step_start(r.step, NULL, &r.err);
    ck_assert_int_eq(incload_run_wait(r.run, -1, &r.err), INCLOAD_E_PERMISSION);
    rig_assert_says(&r, "counting rows without 'updated' in the source");
    ck_assert_str_eq(incload_error_step(r.err), "orders");
}
END_TEST

START_TEST(a_sticky_error_keeps_a_run_from_starting_and_a_wait_from_waiting)
{
    incload_error *sticky = NULL;

    incload_step_set(r.step, "nothing", "", &sticky);
    ck_assert_ptr_null(incload_step_run(r.step, NULL, &sticky));
    ck_assert_ptr_null(incload_step_start(r.step, NULL, &sticky));
    ck_assert_int_eq(incload_run_wait(NULL, -1, &sticky), INCLOAD_E_UNKNOWN_OPTION);
    ck_assert_int_eq(incload_mock_statement_count(r.from), 0);
    incload_error_unref(sticky);
}
END_TEST

START_TEST(cancelling_interrupts_the_running_statement_and_keeps_nothing)
{
    static const char *const slow[] = { "SELECT % FROM %orders%", "INSERT INTO %orders% SELECT %" };

    incload_mock *at = _i == 0 ? r.from : r.to;
    incload_mock_delay(at, slow[_i], 1, 20000, NULL);
    r.run = incload_step_start(r.step, NULL, &r.err);
    rig_wait_for_statement(at, slow[_i]);
    int64_t begin = now_ms();
    ck_assert_int_eq(incload_run_cancel(r.run), INCLOAD_OK);
    ck_assert_int_eq(incload_run_wait(r.run, 5000, &r.err), INCLOAD_E_CANCELLED);
    ck_assert_int_lt(now_ms() - begin, 2000);
    ck_assert_str_eq(incload_run_status_name(r.run), "FAILED");
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
    ck_assert_int_eq(incload_error_is_retryable(r.err), 0);
}
END_TEST

START_TEST(cancelling_a_run_that_ended_changes_nothing)
{
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    ck_assert_int_eq(incload_run_cancel(r.run), INCLOAD_OK);
    ck_assert_str_eq(incload_run_status_name(r.run), "SUCCESS");
    ck_assert_int_eq(incload_run_wait(r.run, 0, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload_run_cancel(NULL), INCLOAD_OK);
}
END_TEST

START_TEST(another_run_of_the_same_step_is_not_cancelled_with_it)
{
    incload_mock_delay(r.from, "SELECT COUNT%", 1, 20000, NULL);
    incload_run *slow = incload_step_start(r.step, NULL, &r.err);
    rig_wait_for_statement(r.from, "SELECT COUNT%");
    r.run = incload_step_start(r.step, NULL, &r.err);
    ck_assert_int_eq(incload_run_wait(r.run, 5000, &r.err), INCLOAD_OK);
    ck_assert_int_eq(incload_run_wait(slow, 0, &r.err), INCLOAD_E_TIMEOUT);
    incload_run_cancel(slow);
    ck_assert_int_eq(incload_run_wait(slow, 5000, NULL), INCLOAD_E_CANCELLED);
    incload_run_unref(slow);
}
END_TEST

START_TEST(the_timeout_ends_a_run_in_time)
{
    incload_mock_delay(r.from, "SELECT % FROM %orders%", 0, 20000, NULL);
    int64_t begin = now_ms();
    r.run = incload_step_run(r.step, "timeout=100ms", &r.err);
    ck_assert_int_eq(incload_error_code(r.err), INCLOAD_E_TIMEOUT);
    ck_assert_int_ge(now_ms() - begin, 95);
    ck_assert_int_lt(now_ms() - begin, 350);
    ck_assert_int_eq(incload_error_is_retryable(r.err), 1);
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
}
END_TEST

START_TEST(giving_back_a_run_that_goes_on_stops_it_without_waiting)
{
    incload_mock_delay(r.from, "SELECT COUNT%", 1, 20000, NULL);
    incload_run *run = incload_step_start(r.step, NULL, &r.err);
    rig_wait_for_statement(r.from, "SELECT COUNT%");
    int64_t begin = now_ms();
    incload_run_unref(run);
    ck_assert_int_lt(now_ms() - begin, 100);
    /* What it held goes away with its thread. */
    incload_step_unref(r.step);
    incload_database_unref(r.source);
    incload_database_unref(r.target);
    r.step = NULL;
    r.source = r.target = NULL;
    rig_expect_closed(r.from);
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
    sleep_ms(20);
}
END_TEST

static int32_t
note_signals(incload_unit *unit, incload_batch *batch, void *data)
{
    sigset_t *mask = data;
    (void)unit;
    (void)batch;

    pthread_sigmask(SIG_BLOCK, NULL, mask);
    return INCLOAD_DONE;
}

START_TEST(the_thread_of_a_run_blocks_the_signals_of_the_host)
{
    sigset_t there, here;

    sigemptyset(&there);
    ck_assert_int_eq(incload_step_set_batch_function(r.step, note_signals, &there, NULL, &r.err), INCLOAD_OK);
    r.run = incload_step_start(r.step, NULL, &r.err);
    ck_assert_int_eq(incload_run_wait(r.run, -1, &r.err), INCLOAD_OK);
    static const int signals[] = { SIGINT, SIGTERM, SIGCHLD, SIGALRM, SIGUSR1, SIGPIPE, SIGPROF };
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        ck_assert_int_eq(sigismember(&there, signals[i]), 1);
    pthread_sigmask(SIG_BLOCK, NULL, &here);
    ck_assert_int_eq(sigismember(&here, SIGINT), 0);
}
END_TEST

START_TEST(events_tell_a_run_from_its_start_to_its_end)
{
    static const int32_t kinds[] = { INCLOAD_EVENT_RUN_STARTED, INCLOAD_EVENT_UNIT_STARTED,
                                     INCLOAD_EVENT_UNIT_FINISHED, INCLOAD_EVENT_RUN_FINISHED };

    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0];) {
        incload_event *event = incload_context_next_event(r.context, 0, &r.err);
        ck_assert_ptr_nonnull(event);
        if (incload_event_kind(event) != INCLOAD_EVENT_PROGRESS) {
            ck_assert_int_eq(incload_event_kind(event), kinds[i]);
            ck_assert_str_eq(incload_event_run_id(event), incload_run_id(r.run));
            ck_assert_str_eq(incload_event_step(event), "orders");
            ck_assert_str_eq(incload_event_unit(event), i == 1 || i == 2 ? "orders" : "");
            ck_assert_int_eq(incload_event_status(event), i >= 2 ? INCLOAD_STATUS_SUCCESS : 0);
            i++;
        }
        if (incload_event_kind(event) == INCLOAD_EVENT_RUN_FINISHED) {
            ck_assert_int_eq(incload_event_rows_read(event), 2);
            ck_assert_int_eq(incload_event_rows_written(event), 1);
            ck_assert_int_eq(incload_event_bytes(event), incload_run_bytes(r.run));
        }
        incload_event_unref(event);
    }
    ck_assert_ptr_null(incload_context_next_event(r.context, 0, &r.err));
}
END_TEST

START_TEST(the_last_event_of_a_failed_run_says_why)
{
    incload_event *last = NULL;

    incload_mock_fail(r.to, "COMMIT", 1, "40001", 0, "could not serialize", NULL);
    rig_run(&r);
    for (incload_event *next; (next = incload_context_next_event(r.context, 0, NULL)) != NULL; last = next)
        incload_event_unref(last);
    ck_assert_int_eq(incload_event_kind(last), INCLOAD_EVENT_RUN_FINISHED);
    ck_assert_int_eq(incload_event_status(last), INCLOAD_STATUS_FAILED);
    ck_assert_str_eq(incload_event_message(last), incload_error_message(r.err));
    ck_assert_int_eq(incload_event_rows_written(last), 0);
    incload_event_unref(last);
}
END_TEST

START_TEST(a_busy_pool_makes_a_run_wait_for_its_turn)
{
    incload_run *runs[4];

    incload_database_set(r.source, "max_connections", "1", &r.err);
    ck_assert_ptr_null(r.err);
    for (size_t i = 0; i < 4; i++)
        runs[i] = incload_step_start(r.step, NULL, &r.err);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(incload_run_wait(runs[i], 5000, &r.err), INCLOAD_OK);
        incload_run_unref(runs[i]);
    }
    ck_assert_int_eq(incload_mock_connection_count(r.from), 1);
}
END_TEST

START_TEST(two_runs_have_two_ids)
{
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    char first[40];
    snprintf(first, sizeof first, "%s", incload_run_id(r.run));
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    ck_assert_str_ne(incload_run_id(r.run), first);
}
END_TEST

START_TEST(the_run_that_was_overtaken_is_busy_and_keeps_nothing)
{
    incload_mock_answer_affected(r.to, "UPDATE %watermark%", 1, 0, NULL);
    ck_assert_int_eq(rig_run(&r), INCLOAD_E_BUSY);
    rig_assert_says(&r, "another run of load 'orders' has moved its watermark");
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
    /* Behind it the lease is given up. */
    ck_assert_str_eq(incload_mock_statement(r.to, incload_mock_statement_count(r.to) - 2), "ROLLBACK");
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_run_tells_what_it_did);
    tcase_add_test(tests, the_duration_of_a_run_that_ended_stands_still);
    tcase_add_test(tests, a_run_has_one_unit_that_can_be_asked);
    tcase_add_test(tests, a_run_that_failed_is_returned_with_its_error);
    tcase_add_test(tests, bad_options_start_no_run);
    tcase_add_test(tests, waiting_for_a_run_that_goes_on_leaves_the_error_untouched);
    tcase_add_test(tests, waiting_gives_the_error_of_a_run_that_failed);
    tcase_add_test(tests, a_sticky_error_keeps_a_run_from_starting_and_a_wait_from_waiting);
    tcase_add_loop_test(tests, cancelling_interrupts_the_running_statement_and_keeps_nothing, 0, 2);
    tcase_add_test(tests, cancelling_a_run_that_ended_changes_nothing);
    tcase_add_test(tests, another_run_of_the_same_step_is_not_cancelled_with_it);
    tcase_add_test(tests, the_timeout_ends_a_run_in_time);
    tcase_add_test(tests, giving_back_a_run_that_goes_on_stops_it_without_waiting);
    tcase_add_test(tests, the_thread_of_a_run_blocks_the_signals_of_the_host);
    tcase_add_test(tests, events_tell_a_run_from_its_start_to_its_end);
    tcase_add_test(tests, the_last_event_of_a_failed_run_says_why);
    tcase_add_test(tests, a_busy_pool_makes_a_run_wait_for_its_turn);
    tcase_add_test(tests, two_runs_have_two_ids);
    tcase_add_test(tests, the_run_that_was_overtaken_is_busy_and_keeps_nothing);
}

HARNESS_MAIN("run", add_tests)
