/* SPDX-License-Identifier: Apache-2.0 */
/* Backfills of functions through the public interface. */
#include <incload/incload.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

enum { MOST_DAYS = 400 };

/* What the function saw. */
typedef struct log {
    pthread_mutex_t lock;
    int32_t calls;
    char labels[MOST_DAYS][32];
    int32_t now;
    int32_t most;
    const char *const *bad; /* these fail, the first so many attempts */
    int32_t bad_attempts;
} log_t;

static bool
is_bad(const log_t *log, const char *label)
{
    for (const char *const *at = log->bad; at != NULL && *at != NULL; at++) {
        if (strcmp(*at, label) == 0)
            return true;
    }
    return false;
}

static int32_t
process_day(incload_unit *unit, void *data)
{
    log_t *log = data;

    pthread_mutex_lock(&log->lock);
    if (log->calls < MOST_DAYS)
        strncpy(log->labels[log->calls], incload_unit_label(unit), sizeof log->labels[0] - 1);
    log->calls++;
    log->now++;
    if (log->now > log->most)
        log->most = log->now;
    pthread_mutex_unlock(&log->lock);
    incload_unit_add_rows(unit, 10, 10);
    pthread_mutex_lock(&log->lock);
    log->now--;
    pthread_mutex_unlock(&log->lock);
    if (is_bad(log, incload_unit_label(unit)) && incload_unit_attempt(unit) <= log->bad_attempts)
        return incload_unit_fail(unit, "the source was closed");
    return INCLOAD_DONE;
}

typedef struct world {
    incload_error *err;
    incload_step *step;
    incload_run *run;
    log_t log;
} world;

static world *
world_new(void)
{
    world *w = calloc(1, sizeof *w);

    pthread_mutex_init(&w->log.lock, NULL);
    return w;
}

static void
world_free(world *w)
{
    incload_run_unref(w->run);
    incload_step_unref(w->step);
    incload_error_unref(w->err);
    pthread_mutex_destroy(&w->log.lock);
    free(w);
}

static int32_t
days(world *w, const char *from, const char *through, const char *options)
{
    w->step = incload_step_new_backfill(from, through, options, process_day, &w->log, NULL, &w->err);
    w->run = incload_step_run(w->step, NULL, &w->err);
    return incload_error_code(w->err);
}

static const char *const three_days[] = { "2024-01-15", "2024-02-11", "2024-03-31", NULL };

START_TEST(every_day_of_the_range_is_a_unit_and_both_ends_are_in_it)
{
    world *w = world_new();

    ck_assert_int_eq(days(w, "2024-01-01", "2024-03-31", "grain=day"), INCLOAD_OK);
    ck_assert_int_eq(w->log.calls, 91);
    ck_assert_str_eq(w->log.labels[0], "2024-01-01");
    ck_assert_str_eq(w->log.labels[90], "2024-03-31");
    ck_assert_int_eq((int)incload_run_count_units(w->run, INCLOAD_STATUS_SUCCESS), 91);
    ck_assert_int_eq((int)incload_run_rows_written(w->run), 910);
    world_free(w);
}
END_TEST

START_TEST(three_days_that_fail_at_first_are_tried_again_and_no_other)
{
    world *w = world_new();

    w->log.bad = three_days;
    w->log.bad_attempts = 2;
    ck_assert_int_eq(days(w, "2024-01-01", "2024-03-31", "parallel=4 retries=2 retry_delay=1ms"), INCLOAD_OK);
    ck_assert_int_eq(w->log.calls, 91 + 3 * 2);
    ck_assert_int_eq(incload_run_failed_count(w->run), 0);
    ck_assert_int_eq((int)incload_run_rows_written(w->run), 910);
    world_free(w);
}
END_TEST

START_TEST(three_days_that_fail_are_told_and_the_others_done)
{
    world *w = world_new();

    w->log.bad = three_days;
    w->log.bad_attempts = 1;
    ck_assert_int_eq(days(w, "2024-01-01", "2024-03-31", "parallel=4"), INCLOAD_E_CALLBACK);
    ck_assert_ptr_nonnull(strstr(incload_error_message(w->err), "3 of 91 units failed"));
    ck_assert_int_eq((int)incload_run_count_units(w->run, INCLOAD_STATUS_SUCCESS), 88);
    ck_assert_int_eq((int)incload_run_count_units(w->run, INCLOAD_STATUS_FAILED), 3);
    ck_assert_int_eq(incload_run_failed_count(w->run), 3);
    for (int32_t i = 0; i < 3; i++) {
        incload_error *why = incload_run_failed_error(w->run, i);
        ck_assert(is_bad(&w->log, incload_run_failed_label(w->run, i)));
        ck_assert_str_eq(incload_error_unit(why), incload_run_failed_label(w->run, i));
        ck_assert_ptr_nonnull(strstr(incload_error_message(why), "the source was closed"));
        incload_error_unref(why);
    }
    ck_assert_ptr_null(incload_run_failed_error(w->run, 3));
    world_free(w);
}
END_TEST

START_TEST(the_newest_day_comes_first_when_asked_for)
{
    world *w = world_new();

    ck_assert_int_eq(days(w, "2024-01-01", "2024-01-03", "order=newest"), INCLOAD_OK);
    ck_assert_str_eq(w->log.labels[0], "2024-01-03");
    ck_assert_str_eq(w->log.labels[2], "2024-01-01");
    world_free(w);
}
END_TEST

START_TEST(no_more_units_start_once_too_many_failed)
{
    static const char *const first[] = { "2024-01-01", "2024-01-02", "2024-01-03", NULL };
    world *w = world_new();

    w->log.bad = first;
    w->log.bad_attempts = 1;
    ck_assert_int_eq(days(w, "2024-01-01", "2024-12-31", "max_failures=1"), INCLOAD_E_CALLBACK);
    ck_assert_int_eq(w->log.calls, 2);
    ck_assert_ptr_nonnull(strstr(incload_error_message(w->err), "more than may"));
    ck_assert_str_eq(incload_run_step_reason(w->run, 0), "THRESHOLD");
    world_free(w);
}
END_TEST

typedef struct meeting {
    pthread_barrier_t barrier;
} meeting;

static int32_t
meet(incload_unit *unit, void *data)
{
    meeting *m = data;

    (void)unit;
    pthread_barrier_wait(&m->barrier);
    return INCLOAD_DONE;
}

START_TEST(as_many_run_at_once_as_may)
{
    world *w = world_new();
    meeting m;

    pthread_barrier_init(&m.barrier, NULL, 4);
    w->step = incload_step_new_backfill("2024-01-01", "2024-01-08", "parallel=4", meet, &m, NULL, &w->err);
    w->run = incload_step_run(w->step, NULL, &w->err);
    ck_assert_int_eq(incload_error_code(w->err), INCLOAD_OK);
    pthread_barrier_destroy(&m.barrier);
    world_free(w);
}
END_TEST

START_TEST(never_more_run_at_once_than_may)
{
    world *w = world_new();

    w->step = incload_step_new_backfill("2024-01-01", "2024-03-31", "parallel=2", process_day, &w->log, NULL, &w->err);
    w->run = incload_step_run(w->step, "parallel=8", &w->err);
    ck_assert_int_eq(incload_error_code(w->err), INCLOAD_OK);
    ck_assert_int_le(w->log.most, 2);
    world_free(w);
}
END_TEST

static int32_t
check_bounds(incload_unit *unit, void *data)
{
    int64_t *sum = data;

    *sum += incload_unit_high(unit) - incload_unit_low(unit);
    return INCLOAD_DONE;
}

START_TEST(a_range_of_integers_is_cut_by_step)
{
    world *w = world_new();
    int64_t sum = 0;

    w->step = incload_step_new_backfill_between("0", "1050", "step=100", check_bounds, &sum, NULL, &w->err);
    w->run = incload_step_run(w->step, NULL, &w->err);
    ck_assert_int_eq(incload_error_code(w->err), INCLOAD_OK);
    ck_assert_int_eq((int)sum, 1050);
    ck_assert_int_eq((int)incload_run_count_units(w->run, INCLOAD_STATUS_SUCCESS), 11);
    world_free(w);
}
END_TEST

START_TEST(the_day_the_clock_goes_forward_has_23_hours)
{
    world *w = world_new();
    int64_t sum = 0;

    w->step =
        incload_step_new_backfill("2024-03-31", "2024-03-31", "zone=Europe/Berlin", check_bounds, &sum, NULL, &w->err);
    w->run = incload_step_run(w->step, NULL, &w->err);
    ck_assert_int_eq(incload_error_code(w->err), INCLOAD_OK);
    ck_assert_int_eq((int)(sum / 3600000000), 23);
    world_free(w);
}
END_TEST

START_TEST(keys_are_units)
{
    static const char *const shops[] = { "berlin", "lisbon" };
    world *w = world_new();

    w->step = incload_step_new_backfill_keys(shops, 2, "name=shops", process_day, &w->log, NULL, &w->err);
    w->run = incload_step_run(w->step, NULL, &w->err);
    ck_assert_int_eq(incload_error_code(w->err), INCLOAD_OK);
    ck_assert_str_eq(w->log.labels[1], "lisbon");
    ck_assert_str_eq(incload_run_step_name(w->run, 0), "shops");
    world_free(w);
}
END_TEST

static int32_t
check_key(incload_unit *unit, void *data)
{
    char expected[60];

    snprintf(expected, sizeof expected, "2024-01-0%d x %s", incload_unit_low(unit) == 1704067200000000 ? 1 : 2,
             incload_unit_key(unit));
    ck_assert_str_eq(incload_unit_label(unit), expected);
    return process_day(unit, data);
}

START_TEST(each_day_is_done_once_for_each_key)
{
    static const char *const shops[] = { "berlin", "lisbon", "oslo" };
    world *w = world_new();

    w->step = incload_step_new_backfill("2024-01-01", "2024-01-02", "name=shops", check_key, &w->log, NULL, &w->err);
    incload_step_set_keys(w->step, shops, 3, &w->err);
    w->run = incload_step_run(w->step, NULL, &w->err);
    ck_assert_int_eq(incload_error_code(w->err), INCLOAD_OK);
    ck_assert_int_eq(incload_run_count_units(w->run, INCLOAD_STATUS_SUCCESS), 6);
    ck_assert_str_eq(w->log.labels[0], "2024-01-01 x berlin");
    ck_assert_str_eq(w->log.labels[5], "2024-01-02 x oslo");
    world_free(w);
}
END_TEST

START_TEST(keys_that_cannot_be_are_refused_and_the_range_stays)
{
    static const char *const twice[] = { "berlin", "berlin" }, *const one[] = { "berlin" };
    world *w = world_new();

    w->step = incload_step_new_backfill("2024-01-01", "2024-01-02", NULL, process_day, &w->log, NULL, &w->err);
    ck_assert_int_eq(incload_step_set_keys(w->step, twice, 2, &w->err), INCLOAD_E_INVALID);
    ck_assert_ptr_nonnull(strstr(incload_error_message(w->err), "place 2"));
    incload_error_unref(w->err);
    w->err = NULL;
    ck_assert_int_eq(incload_step_set_keys(w->step, one, 0, NULL), INCLOAD_E_INVALID);
    w->run = incload_step_run(w->step, NULL, &w->err);
    ck_assert_int_eq(incload_run_count_units(w->run, INCLOAD_STATUS_SUCCESS), 2);
    ck_assert_int_eq(incload_step_set_keys(w->step, one, 1, NULL), INCLOAD_E_STATE);
    world_free(w);
}
END_TEST

START_TEST(ends_that_are_no_days_are_refused_where_they_are_written)
{
    world *w = world_new();

    ck_assert_ptr_null(
        incload_step_new_backfill("2024-01-01", "2024-02-30", NULL, process_day, &w->log, NULL, &w->err));
    ck_assert_int_eq(incload_error_code(w->err), INCLOAD_E_INVALID);
    world_free(w);
}
END_TEST

START_TEST(an_option_that_there_is_not_is_refused)
{
    world *w = world_new();

    ck_assert_ptr_null(
        incload_step_new_backfill("2024-01-01", "2024-01-02", "grian=day", process_day, &w->log, NULL, &w->err));
    ck_assert_int_eq(incload_error_code(w->err), INCLOAD_E_UNKNOWN_OPTION);
    world_free(w);
}
END_TEST

static void
count_destroy(void *data)
{
    ++*(int *)data;
}

START_TEST(user_data_is_given_back_once_also_after_a_failure)
{
    world *w = world_new();
    int destroyed = 0;

    ck_assert_ptr_null(
        incload_step_new_backfill("x", "2024-01-02", NULL, process_day, &destroyed, count_destroy, &w->err));
    ck_assert_int_eq(destroyed, 1);
    world_free(w);
}
END_TEST

START_TEST(the_host_pulls_days)
{
    world *w = world_new();
    int32_t pulled = 0;

    w->step = incload_step_new_backfill("2024-01-01", "2024-01-31", "parallel=3", NULL, NULL, NULL, &w->err);
    w->run = incload_step_start(w->step, "parallel=0", &w->err);
    for (incload_unit *unit; (unit = incload_run_next_unit(w->run, -1, &w->err)) != NULL; pulled++)
        incload_unit_complete(unit, INCLOAD_DONE, &w->err);
    ck_assert_int_eq(incload_run_wait(w->run, -1, &w->err), INCLOAD_OK);
    ck_assert_int_eq(pulled, 31);
    world_free(w);
}
END_TEST

START_TEST(a_backfill_is_a_step_of_a_pipeline)
{
    world *w = world_new();
    incload_pipeline *pipeline = incload_pipeline_new("nightly", NULL, &w->err);

    w->step = incload_step_new_backfill("2024-01-01", "2024-01-31", "parallel=3", process_day, &w->log, NULL, &w->err);
    incload_step *after = incload_step_new_function(process_day, &w->log, NULL, &w->err);
    incload_pipeline_add(pipeline, "days", w->step, NULL, &w->err);
    incload_pipeline_add(pipeline, "report", after, "days", &w->err);
    w->run = incload_pipeline_run(pipeline, "parallel=2", &w->err);
    ck_assert_msg(w->err == NULL, "%s", incload_error_message(w->err));
    ck_assert_int_eq(w->log.calls, 32);
    ck_assert_str_eq(w->log.labels[31], "report");
    ck_assert_int_eq((int)incload_run_rows_read(incload_run_step(w->run, 0)), 310);
    incload_step_unref(after);
    incload_pipeline_unref(pipeline);
    world_free(w);
}
END_TEST

START_TEST(a_plan_tells_what_would_run_and_its_fingerprint_holds_a_run_to_it)
{
    world *w = world_new();

    w->step = incload_step_new_backfill("2024-01-01", "2024-01-31", NULL, process_day, &w->log, NULL, &w->err);
    incload_backfill_plan *plan = incload_backfill_plan_new(w->step, &w->err);
    ck_assert_int_eq((int)incload_backfill_plan_units(plan), 31);
    ck_assert_int_eq((int)incload_backfill_plan_taken(plan), 31);
    ck_assert_str_eq(incload_backfill_plan_first(plan), "2024-01-01");
    ck_assert_str_eq(incload_backfill_plan_last(plan), "2024-01-31");
    ck_assert_int_eq((int)strlen(incload_backfill_plan_fingerprint(plan)), 32);
    ck_assert_int_eq(w->log.calls, 0);
    incload_step_set(w->step, "fingerprint", incload_backfill_plan_fingerprint(plan), &w->err);
    incload_run_unref(incload_step_run(w->step, NULL, &w->err));
    ck_assert_msg(w->err == NULL, "%s", incload_error_message(w->err));
    ck_assert_int_eq(w->log.calls, 31);
    incload_step_unref(w->step);

    w->step = incload_step_new_backfill("2024-01-01", "2024-02-01", NULL, process_day, &w->log, NULL, &w->err);
    incload_step_set(w->step, "fingerprint", incload_backfill_plan_fingerprint(plan), &w->err);
    w->run = incload_step_run(w->step, NULL, &w->err);
    ck_assert_int_eq(incload_error_code(w->err), INCLOAD_E_CONFLICT);
    ck_assert_ptr_nonnull(strstr(incload_error_message(w->err), "is no more the one"));
    ck_assert_int_eq(w->log.calls, 31);
    incload_backfill_plan_unref(plan);
    world_free(w);
}
END_TEST

START_TEST(a_run_that_only_the_host_could_drive_is_not_waited_for)
{
    world *w = world_new();

    w->step = incload_step_new_backfill("2024-01-01", "2024-01-31", NULL, process_day, &w->log, NULL, &w->err);
    ck_assert_ptr_null(incload_step_run(w->step, "parallel=0", &w->err));
    ck_assert_int_eq(incload_error_code(w->err), INCLOAD_E_INVALID);
    world_free(w);
}
END_TEST

static int32_t
cancel_own_run(incload_unit *unit, void *data)
{
    world *w = data;

    (void)unit;
    incload_run_cancel(w->run);
    return INCLOAD_DONE;
}

START_TEST(a_backfill_that_cleans_up_runs_whole_though_its_run_was_cancelled)
{
    world *w = world_new();
    incload_pipeline *pipeline = incload_pipeline_new("shops", NULL, &w->err);
    incload_step *work = incload_step_new_function(cancel_own_run, w, NULL, &w->err);

    w->step = incload_step_new_backfill("2024-01-01", "2024-01-04", "parallel=2", process_day, &w->log, NULL, &w->err);
    incload_pipeline_add(pipeline, "work", work, NULL, &w->err);
    incload_pipeline_add(pipeline, "clean", w->step, NULL, &w->err);
    incload_pipeline_set(pipeline, "clean", "cleanup_of", "work", &w->err);
    w->run = incload_pipeline_start(pipeline, "parallel=0", &w->err);
    ck_assert_msg(w->err == NULL, "%s", incload_error_message(w->err));
    (void)incload_run_participate(w->run, NULL);
    (void)incload_run_wait(w->run, -1, &w->err);
    ck_assert_int_eq(w->log.calls, 4);
    incload_step_unref(work);
    incload_pipeline_unref(pipeline);
    world_free(w);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, every_day_of_the_range_is_a_unit_and_both_ends_are_in_it);
    tcase_add_test(tests, three_days_that_fail_at_first_are_tried_again_and_no_other);
    tcase_add_test(tests, three_days_that_fail_are_told_and_the_others_done);
    tcase_add_test(tests, the_newest_day_comes_first_when_asked_for);
    tcase_add_test(tests, no_more_units_start_once_too_many_failed);
    tcase_add_test(tests, as_many_run_at_once_as_may);
    tcase_add_test(tests, never_more_run_at_once_than_may);
    tcase_add_test(tests, a_range_of_integers_is_cut_by_step);
    tcase_add_test(tests, the_day_the_clock_goes_forward_has_23_hours);
    tcase_add_test(tests, keys_are_units);
    tcase_add_test(tests, each_day_is_done_once_for_each_key);
    tcase_add_test(tests, keys_that_cannot_be_are_refused_and_the_range_stays);
    tcase_add_test(tests, ends_that_are_no_days_are_refused_where_they_are_written);
    tcase_add_test(tests, an_option_that_there_is_not_is_refused);
    tcase_add_test(tests, user_data_is_given_back_once_also_after_a_failure);
    tcase_add_test(tests, the_host_pulls_days);
    tcase_add_test(tests, a_backfill_is_a_step_of_a_pipeline);
    tcase_add_test(tests, a_plan_tells_what_would_run_and_its_fingerprint_holds_a_run_to_it);
    tcase_add_test(tests, a_run_that_only_the_host_could_drive_is_not_waited_for);
    tcase_add_test(tests, a_backfill_that_cleans_up_runs_whole_though_its_run_was_cancelled);
}

HARNESS_MAIN("backfill", add_tests)
