/* SPDX-License-Identifier: Apache-2.0 */
/* What a pipeline's steps, a load's coverage and a limit of starts leave in the ledger. */
#include "state.h"

#include "state/coverage.h"
#include "state/rate.h"
#include "state/step.h"

enum { EXTRACT, CLEAN, LOAD, REPORT, STEPS };

static const int64_t after_extract[] = { EXTRACT }, after_clean[] = { CLEAN }, after_load[] = { LOAD };
static const incload__step_plan specs[STEPS] = {
    { EXTRACT, "extract", "v1", "i1", NULL, 0, 0 },
    { CLEAN, "clean", "v1", "i1", after_extract, 1, 0 },
    { LOAD, "load", "v1", "i1", after_clean, 1, 0 },
    { REPORT, "report", "v1", "i1", after_load, 1, 0 },
};

static incload__pipeline_run run;
static incload__worker worker;

static void
begin_pipeline(int kind)
{
    open_kind(kind);
    run = make_run(0, 0, -1);
    well(one->driver->begin(one, &err));
    well(incload__steps_add(&ledger, one, run.run_no, specs, STEPS, &err));
    well(one->driver->commit(one, &err));
    worker = make_worker(one);
}

static void
end_pipeline(void)
{
    incload__pipeline_run_free(&run);
    close_kind();
}

/* The step that is to be handed out next, and nothing else; ended well, with its result. */
static void
do_step(int64_t expected, const char *result, const int64_t *behind, int32_t count)
{
    incload__claim got = claim(one, run.run_no, &worker, 10);

    ck_assert_int_eq(got.count, 1);
    ck_assert_int_eq(got.units[0].seq, expected);
    well(one->driver->begin(one, &err));
    well(land(one, &run, &got, 0));
    well(incload__step_result(&ledger, one, run.run_no, expected, result, &err));
    well(incload__step_tell(&ledger, one, run.run_no, behind, count, INCLOAD__UP_OK, &err));
    well(one->driver->commit(one, &err));
    incload__claim_free(&got);
}

static void
open_step(int64_t seq)
{
    bool opened = false;

    well(incload__step_open(&ledger, two, run.run_no, seq, &opened, &err));
    ck_assert(opened);
    well(incload__step_open(&ledger, one, run.run_no, seq, &opened, &err));
    ck_assert(!opened);
}

static void
read_steps(incload__step_row rows[STEPS])
{
    int32_t count = 0;

    well(incload__steps_read(&ledger, two, run.run_no, STEPS, rows, &count, &err));
    ck_assert_int_eq(count, STEPS);
}

static void
free_steps(incload__step_row rows[STEPS])
{
    for (int32_t i = 0; i < STEPS; i++)
        incload__step_row_free(&rows[i]);
}

START_TEST(steps_wait_until_they_are_opened_and_keep_results)
{
    incload__step_row rows[STEPS];

    begin_pipeline(_i);
    do_step(EXTRACT, "{\"files\":3}", (const int64_t[]){ CLEAN }, 1);
    incload__claim none = claim(one, run.run_no, &worker, 10);
    ck_assert_int_eq(none.hold, INCLOAD__CLAIM_EMPTY);
    incload__claim_free(&none);
    read_steps(rows);
    ck_assert_str_eq(rows[EXTRACT].result, "{\"files\":3}");
    ck_assert_int_eq(rows[EXTRACT].status, INCLOAD_STATUS_SUCCESS);
    ck_assert_str_eq(rows[CLEAN].name, "clean");
    ck_assert_int_eq(rows[CLEAN].pending, 0);
    ck_assert_int_eq(rows[CLEAN].up_ok, 1);
    ck_assert(!rows[CLEAN].opened);
    ck_assert_int_eq(rows[LOAD].pending, 1);
    free_steps(rows);
    open_step(CLEAN);
    do_step(CLEAN, NULL, (const int64_t[]){ LOAD }, 1);
    end_pipeline();
}
END_TEST

START_TEST(a_result_that_is_too_large_is_refused)
{
    char *large = malloc(INCLOAD__STEP_RESULT_MOST + 2);

    begin_pipeline(_i);
    memset(large, 'x', INCLOAD__STEP_RESULT_MOST + 1);
    large[INCLOAD__STEP_RESULT_MOST + 1] = '\0';
    ck_assert_int_eq(incload__step_result(&ledger, one, run.run_no, CLEAN, large, &err), INCLOAD_E_INVALID);
    forget();
    large[INCLOAD__STEP_RESULT_MOST] = '\0';
    well(incload__step_result(&ledger, one, run.run_no, CLEAN, large, &err));
    free(large);
    end_pipeline();
}
END_TEST

START_TEST(a_failed_run_goes_on_from_its_failed_step)
{
    const incload__unit_failure failure = { INCLOAD_E_DATA, 1, "bad" };
    incload__step_row rows[STEPS];
    bool again[STEPS], finished = false;
    int64_t count = 0, skipped = 0;
    int32_t status = 0;

    begin_pipeline(_i);
    do_step(EXTRACT, "r", (const int64_t[]){ CLEAN }, 1);
    open_step(CLEAN);
    incload__claim got = claim(one, run.run_no, &worker, 1);
    incload__held_unit unit = held(&got, 0);
    well(incload__unit_fail(&ledger, one, &unit, &failure, &err));
    well(incload__units_skip_pending(&ledger, one, run.run_no, (const int64_t[]){ LOAD, REPORT }, 2, 32, true, &skipped,
                                     &err));
    ck_assert_int_eq(skipped, 2);
    well(incload__pipeline_run_finish(&ledger, one, run.run_no, 0, &status, &finished, &err));
    ck_assert(finished && status == INCLOAD__PIPELINE_FAILED);

    read_steps(rows);
    well(incload__steps_again(rows, STEPS, specs, -1, again, &err));
    ck_assert(!again[EXTRACT] && again[CLEAN] && again[LOAD] && again[REPORT]);
    well(incload__pipeline_run_resume(&ledger, one, run.run_no, &count, &err));
    ck_assert_int_eq(count, 3);
    well(incload__steps_put_back(&ledger, one, run.run_no, rows, STEPS, again, &err));
    free_steps(rows);
    open_step(CLEAN);
    do_step(CLEAN, NULL, (const int64_t[]){ LOAD }, 1);
    open_step(LOAD);
    do_step(LOAD, NULL, (const int64_t[]){ REPORT }, 1);
    open_step(REPORT);
    do_step(REPORT, NULL, NULL, 0);
    well(incload__pipeline_run_finish(&ledger, one, run.run_no, 0, &status, &finished, &err));
    ck_assert(finished && status == INCLOAD__PIPELINE_SUCCESS);
    incload__claim_free(&got);
    end_pipeline();
}
END_TEST

START_TEST(changed_code_and_a_step_by_name_run_again_with_all_behind_them)
{
    char version[] = "v1", input[] = "i1", upstream[STEPS][2] = { "", "0", "1", "2" };
    incload__step_row rows[STEPS];
    incload__step_plan now[STEPS];
    bool again[STEPS];

    memset(rows, 0, sizeof rows);
    memcpy(now, specs, sizeof now);
    for (int32_t i = 0; i < STEPS; i++)
        rows[i] = (incload__step_row){ .seq = i,
                                       .status = INCLOAD_STATUS_SUCCESS,
                                       .code_version = version,
                                       .input_hash = input,
                                       .upstream = upstream[i] };
    well(incload__steps_again(rows, STEPS, now, -1, again, &err));
    ck_assert(!again[EXTRACT] && !again[CLEAN] && !again[LOAD] && !again[REPORT]);
    now[CLEAN].code_version = "v2";
    well(incload__steps_again(rows, STEPS, now, -1, again, &err));
    ck_assert(!again[EXTRACT] && again[CLEAN] && again[LOAD] && again[REPORT]);
    now[CLEAN].code_version = "v1";
    well(incload__steps_again(rows, STEPS, now, LOAD, again, &err));
    ck_assert(!again[EXTRACT] && !again[CLEAN] && again[LOAD] && again[REPORT]);
    ck_assert_int_eq(incload__steps_again(rows, STEPS, now, 9, again, &err), INCLOAD_E_NOT_FOUND);
    forget();
}
END_TEST

/* ---- one step, by its place ---- */

/* How it stood before is told when it is not handed out. */
static void
expect_held_back(const incload__worker *by, int64_t seq, bool anyway, incload__claim_hold hold, int32_t unit_status)
{
    incload__claim got;

    well(incload__unit_claim_one(&ledger, two, run.run_no, by, seq, anyway, &got, &err));
    ck_assert_int_eq(got.count, 0);
    ck_assert_int_eq(got.hold, hold);
    ck_assert_int_eq(got.unit_status, unit_status);
    incload__claim_free(&got);
}

static incload__claim
claim_step(int64_t seq, bool anyway, int64_t attempt)
{
    incload__claim got;

    well(incload__unit_claim_one(&ledger, one, run.run_no, &worker, seq, anyway, &got, &err));
    ck_assert_int_eq(got.hold, INCLOAD__CLAIM_FULL);
    ck_assert_int_eq(got.count, 1);
    ck_assert_int_eq(got.units[0].seq, seq);
    ck_assert_int_eq(got.units[0].attempt, attempt);
    return got;
}

START_TEST(a_step_is_handed_out_by_its_place_to_one_worker)
{
    begin_pipeline(_i);
    incload__worker other = make_worker(two);
    incload__claim first = claim_step(LOAD, false, 1);
    expect_held_back(&other, LOAD, false, INCLOAD__CLAIM_EMPTY, INCLOAD_STATUS_RUNNING);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {unit} WHERE status = 2"), 1);
    /* Its own one, of which it was never told, it gets again: the claim before that is fenced. */
    incload__claim again = claim_step(LOAD, false, 1);
    ck_assert_int_gt(again.epoch, first.epoch);
    incload__held_unit before = held(&first, 0), now = held(&again, 0);
    ck_assert_int_eq(incload__unit_fail(&ledger, one, &before, NULL, &err), INCLOAD_E_BUSY);
    forget();
    well(incload__unit_release(&ledger, one, &now, NULL, 3600000000, true, &err));
    expect_held_back(&other, LOAD, false, INCLOAD__CLAIM_LATER, INCLOAD_STATUS_PENDING);
    run_sql(one, "UPDATE {unit} SET not_before_us = 0");
    incload__claim retried = claim_step(LOAD, false, 2);
    incload__held_unit last = held(&retried, 0);
    well(incload__unit_skip(&ledger, one, &last, 35, false, &err));
    expect_held_back(&other, LOAD, false, INCLOAD__CLAIM_EMPTY, INCLOAD_STATUS_SKIPPED);
    incload__claim none;
    ck_assert_int_eq(incload__unit_claim_one(&ledger, one, run.run_no, &worker, 99, false, &none, &err),
                     INCLOAD_E_NOT_FOUND);
    ck_assert_int_eq(one->txn, INCLOAD__TXN_IDLE);
    incload__claim_free(&first);
    incload__claim_free(&again);
    incload__claim_free(&retried);
    end_pipeline();
}
END_TEST

START_TEST(what_cleans_up_is_handed_out_of_a_cancelled_run_and_of_no_ended_one)
{
    int32_t status = 0;
    bool finished = false;

    begin_pipeline(_i);
    well(incload__pipeline_run_want(&ledger, one, run.run_no, INCLOAD__WANT_PAUSE, NULL, &err));
    expect_held_back(&worker, EXTRACT, false, INCLOAD__CLAIM_PAUSED, INCLOAD_STATUS_PENDING);
    well(incload__pipeline_run_want(&ledger, one, run.run_no, INCLOAD__WANT_CANCEL, "enough", &err));
    expect_held_back(&worker, EXTRACT, false, INCLOAD__CLAIM_ENDED, INCLOAD_STATUS_PENDING);
    incload__claim got = claim_step(REPORT, true, 1);
    ck_assert_int_eq(got.want, INCLOAD__WANT_CANCEL);
    incload__held_unit unit = held(&got, 0);
    well(incload__unit_skip(&ledger, one, &unit, 36, true, &err));
    well(incload__pipeline_run_finish(&ledger, one, run.run_no, 0, &status, &finished, &err));
    ck_assert(finished && status == INCLOAD__PIPELINE_CANCELLED);
    expect_held_back(&worker, CLEAN, true, INCLOAD__CLAIM_ENDED, INCLOAD_STATUS_PENDING);
    incload__claim_free(&got);
    end_pipeline();
}
END_TEST

START_TEST(a_dead_worker_is_given_no_step)
{
    incload__claim none;

    begin_pipeline(_i);
    run_sql(one, "UPDATE {worker} SET expires_us = 1");
    ck_assert_int_eq(incload__unit_claim_one(&ledger, one, run.run_no, &worker, EXTRACT, true, &none, &err),
                     INCLOAD_E_BUSY);
    ck_assert_int_eq(one->txn, INCLOAD__TXN_IDLE);
    end_pipeline();
}
END_TEST

/* ---- coverage ---- */

static void
land_interval(int64_t epoch, const char *key, const char *version, int64_t low, int64_t high)
{
    incload__landing landing = { .load = "days", .code_version = version, .run_id = "r", .run_no = 1, .epoch = epoch };
    incload__landed unit = { .seq = 0, .key = key, .lane = "", .low = low, .high = high, .rows_written = 1 };

    well(incload__applied_add(&ledger, one, &landing, &unit, 1, &err));
}

static void
expect_coverage(const char *expected)
{
    incload__coverage found;
    char text[200] = "";

    well(incload__coverage_read(&ledger, two, "days", NULL, 0, 100, &found, &err));
    for (int64_t i = 0; i < found.count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s[%lld,%lld)%s", i > 0 ? " " : "", (long long)found.items[i].low,
                 (long long)found.items[i].high, found.items[i].code_version);
    }
    ck_assert_str_eq(text, expected);
    incload__coverage_free(&found);
}

START_TEST(coverage_is_what_landed_last_and_pruning_changes_nothing)
{
    int64_t moved = 0;

    open_kind(_i);
    expect_coverage("");
    land_interval(1, "a", "v1", 0, 10);
    land_interval(2, "b", "v1", 10, 20);
    land_interval(3, "c", "v1", 30, 40);
    expect_coverage("[0,20)v1 [30,40)v1");
    land_interval(4, "d", "v2", 5, 12);
    expect_coverage("[0,5)v1 [5,12)v2 [12,20)v1 [30,40)v1");
    well(incload__coverage_prune(&ledger, two, "days", 3600000000, 100, &moved, &err));
    ck_assert_int_eq(moved, 0);
    run_sql(one, "UPDATE {applied} SET applied_us = 0");
    well(incload__coverage_prune(&ledger, two, "days", 3600000000, 2, &moved, &err));
    ck_assert_int_eq(moved, 2);
    expect_coverage("[0,5)v1 [5,12)v2 [12,20)v1 [30,40)v1");
    well(incload__coverage_prune(&ledger, two, "days", 3600000000, 100, &moved, &err));
    ck_assert_int_eq(moved, 2);
    expect_coverage("[0,5)v1 [5,12)v2 [12,20)v1 [30,40)v1");
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {applied}"), 0);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {coverage}"), 4);
    land_interval(9, "e", "v2", 0, 100);
    expect_coverage("[0,100)v2");
    close_kind();
}
END_TEST

enum { POINTS = 60, LANDINGS = 80 };

/* Each point's version, as a list of points would say. */
static void
expect_points(const int32_t *points)
{
    incload__coverage found;
    int32_t seen[POINTS] = { 0 };

    well(incload__coverage_read(&ledger, two, "days", NULL, 0, POINTS, &found, &err));
    for (int64_t i = 0; i < found.count; i++) {
        const incload__covered *item = &found.items[i];
        ck_assert(i == 0 || item[-1].high <= item->low);
        for (int64_t at = item->low; at < item->high; at++)
            seen[at] = item->code_version[1] - '0';
    }
    for (int32_t i = 0; i < POINTS; i++)
        ck_assert_msg(seen[i] == points[i], "at %d: %d in place of %d", i, seen[i], points[i]);
    incload__coverage_free(&found);
}

START_TEST(coverage_of_many_that_overlap_is_the_last_at_each_point)
{
    static const char *const versions[] = { "v1", "v2", "v3" };
    int32_t points[POINTS] = { 0 };
    uint64_t random = 88172645463325252;
    int64_t moved = 0;

    open_kind(_i);
    for (int32_t i = 0; i < LANDINGS; i++) {
        char key[24];
        random = random * 6364136223846793005 + 1442695040888963407;
        int64_t low = (int64_t)(random >> 33) % POINTS, high = low + (int64_t)(random >> 45) % 12;
        int32_t version = (int32_t)(random >> 60) % 3;
        high = high > POINTS ? POINTS : high;
        snprintf(key, sizeof key, "unit %d", i);
        land_interval(i + 1, key, versions[version], low, high);
        for (int64_t at = low; at < high; at++)
            points[at] = version + 1;
    }
    expect_points(points);
    run_sql(one, "UPDATE {applied} SET applied_us = 0");
    for (int32_t left = LANDINGS; left > 0; left -= 16) {
        well(incload__coverage_prune(&ledger, two, "days", 3600000000, 16, &moved, &err));
        ck_assert_int_eq(moved, 16);
        expect_points(points);
    }
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {applied}"), 0);
    close_kind();
}
END_TEST

START_TEST(a_claim_is_pruned_as_a_whole_and_other_lanes_are_left_alone)
{
    int64_t moved = -1;

    open_kind(_i);
    land_interval(1, "a", "v1", 0, 10);
    land_interval(1, "b", "v1", 10, 20);
    land_interval(2, "c", "v1", 20, 30);
    run_sql(one, "UPDATE {applied} SET applied_us = 0");
    run_sql(one, "INSERT INTO {coverage} (load_name, code_version, lane, low, high, updated_us)"
                 " VALUES ('days', 'v0', 'north', 5, 6, 77)");
    well(incload__coverage_prune(&ledger, two, "days", 3600000000, 1, &moved, &err));
    ck_assert_int_eq(moved, 0);
    well(incload__coverage_prune(&ledger, two, "days", 3600000000, 2, &moved, &err));
    ck_assert_int_eq(moved, 2);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {applied} WHERE epoch = 2"), 1);
    ck_assert_int_eq(ask(one, "SELECT COUNT(*) FROM {coverage} WHERE lane = '' AND low = 0 AND high = 20"), 1);
    ck_assert_int_eq(ask(one, "SELECT updated_us FROM {coverage} WHERE lane = 'north'"), 77);
    close_kind();
}
END_TEST

START_TEST(what_a_running_run_landed_is_not_pruned)
{
    int64_t moved = -1;

    open_kind(_i);
    run = make_run(1, 0, -1);
    worker = make_worker(one);
    incload__claim got = claim(one, run.run_no, &worker, 1);
    well(land(one, &run, &got, 0));
    run_sql(one, "UPDATE {applied} SET applied_us = 0");
    well(incload__coverage_prune(&ledger, two, "days", 0, 100, &moved, &err));
    ck_assert_int_eq(moved, 0);
    incload__claim_free(&got);
    end_pipeline();
}
END_TEST

/* ---- the limit of starts ---- */

START_TEST(a_limit_lets_a_burst_through_and_then_one_at_a_time)
{
    int64_t wait = -1;

    open_kind(_i);
    for (int32_t i = 0; i < 3; i++) {
        well(incload__rate_take(&ledger, i == 1 ? two : one, "api", 3600000000, 3, 1, &wait, &err));
        ck_assert_int_eq(wait, 0);
    }
    well(incload__rate_take(&ledger, two, "api", 3600000000, 3, 1, &wait, &err));
    ck_assert_int_gt(wait, 3500000000);
    ck_assert_int_le(wait, 3600000000);
    run_sql(one, "UPDATE {rate} SET tat_us = tat_us - 3600000000");
    well(incload__rate_take(&ledger, one, "api", 3600000000, 3, 1, &wait, &err));
    ck_assert_int_eq(wait, 0);
    ck_assert_int_eq(incload__rate_take(&ledger, one, "api", 10, 3, 4, &wait, &err), INCLOAD_E_INVALID);
    close_kind();
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, steps_wait_until_they_are_opened_and_keep_results, 0, KINDS);
    tcase_add_loop_test(tests, a_result_that_is_too_large_is_refused, 0, KINDS);
    tcase_add_loop_test(tests, a_failed_run_goes_on_from_its_failed_step, 0, KINDS);
    tcase_add_test(tests, changed_code_and_a_step_by_name_run_again_with_all_behind_them);
    tcase_add_loop_test(tests, a_step_is_handed_out_by_its_place_to_one_worker, 0, KINDS);
    tcase_add_loop_test(tests, what_cleans_up_is_handed_out_of_a_cancelled_run_and_of_no_ended_one, 0, KINDS);
    tcase_add_loop_test(tests, a_dead_worker_is_given_no_step, 0, KINDS);
    tcase_add_loop_test(tests, coverage_is_what_landed_last_and_pruning_changes_nothing, 0, KINDS);
    tcase_add_loop_test(tests, coverage_of_many_that_overlap_is_the_last_at_each_point, 0, KINDS);
    tcase_add_loop_test(tests, a_claim_is_pruned_as_a_whole_and_other_lanes_are_left_alone, 0, KINDS);
    tcase_add_loop_test(tests, what_a_running_run_landed_is_not_pruned, 0, KINDS);
    tcase_add_loop_test(tests, a_limit_lets_a_burst_through_and_then_one_at_a_time, 0, KINDS);
}

HARNESS_MAIN("steps", add_tests)
