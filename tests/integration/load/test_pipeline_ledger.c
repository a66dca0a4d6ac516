/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of pipelines that a ledger keeps are resumed, and told by its history. */
#include "pipelines.h"

/* ---- resuming ---- */

START_TEST(a_failed_run_is_resumed_from_the_step_that_failed_with_what_was_left_before)
{
    incload_error *err = NULL;
    const char *name = own("failed", _i);

    share();
    place at = place_open((kind)_i, 0);
    incload_pipeline *first = nightly(at, name);
    incload_run *run = incload_pipeline_run(first, NULL, &err);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_CALLBACK);
    expect_words(incload_error_message(err), "the disk is full");
    forget(&err);
    expect_begun(1, 1, 1, 0);
    expect_status(at, name, "FAILED", 1);

    seen->open = true;
    incload_pipeline *second = nightly(at, name);
    incload_run *again = incload_pipeline_resume(second, NULL, NULL, &err);
    fine(err);
    expect_begun(1, 1, 2, 1);
    expect_status(at, name, "SUCCESS", 2);
    ck_assert_str_eq(incload_run_id(again), incload_run_id(run));
    ck_assert_int_eq(incload_run_status(again), INCLOAD_STATUS_SUCCESS);
    ck_assert_int_eq(incload_run_step_status(again, EXTRACT), INCLOAD_STATUS_SUCCESS);
    size_t size = 0;
    ck_assert_ptr_nonnull(incload_run_step_result(again, EXTRACT, &size));
    ck_assert_int_eq((int)size, LARGE);
    ck_assert_int_eq((int)incload_run_rows_written(again), 8);

    ck_assert_ptr_null(incload_pipeline_resume(second, incload_run_id(again), NULL, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_STATE);
    forget(&err);
    ck_assert_ptr_null(incload_pipeline_resume(second, NULL, NULL, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_NOT_FOUND);
    forget(&err);
    incload_run_unref(run);
    incload_run_unref(again);
    incload_pipeline_unref(first);
    incload_pipeline_unref(second);
    place_close(at);
}
END_TEST

START_TEST(a_run_is_resumed_on_threads_of_the_library)
{
    incload_error *err = NULL;
    const char *name = own("there", _i);

    share();
    place at = place_open((kind)_i, 0);
    incload_pipeline *pipeline = nightly(at, name), *bare = incload_pipeline_new("bare", NULL, NULL);
    incload_run *run = incload_pipeline_run(pipeline, NULL, &err);
    forget(&err);
    seen->open = true;
    incload_run *again = incload_pipeline_start_resume(pipeline, incload_run_id(run), NULL, &err);
    fine(err);
    ck_assert_int_eq(incload_run_wait(again, -1, &err), INCLOAD_OK);
    ck_assert_str_eq(incload_run_id(again), incload_run_id(run));
    expect_begun(1, 1, 2, 1);
    expect_status(at, name, "SUCCESS", 2);

    incload_run *none = incload_pipeline_start_resume(pipeline, "no such run", NULL, &err);
    fine(err);
    ck_assert_int_eq(incload_run_wait(none, -1, NULL), INCLOAD_E_NOT_FOUND);
    ck_assert_int_eq(incload_run_status(none), INCLOAD_STATUS_FAILED);
    ck_assert_ptr_null(incload_pipeline_start_resume(bare, NULL, NULL, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_INVALID);
    forget(&err);
    incload_run_unref(none);
    incload_run_unref(again);
    incload_run_unref(run);
    incload_pipeline_unref(bare);
    incload_pipeline_unref(pipeline);
    place_close(at);
}
END_TEST

START_TEST(a_resume_runs_a_step_of_another_version_again_and_what_is_behind_it)
{
    incload_error *err = NULL;
    const char *name = own("version", _i);

    share();
    place at = place_open((kind)_i, 0);
    incload_pipeline *first = nightly(at, name), *second = nightly(at, name), *third = nightly(at, name);
    well(incload_pipeline_set(first, "files", "version", "v1", &err));
    well(incload_pipeline_set(second, "files", "version", "v2", &err));
    well(incload_pipeline_set(third, "files", "version", "v2", &err));
    incload_run_unref(incload_pipeline_run(first, NULL, &err));
    forget(&err);
    expect_begun(1, 1, 1, 0);
    incload_run_unref(incload_pipeline_resume(second, NULL, NULL, &err));
    forget(&err);
    expect_begun(1, 2, 2, 0);
    seen->open = true;
    incload_run_unref(incload_pipeline_resume(third, NULL, NULL, &err));
    fine(err);
    expect_begun(1, 2, 3, 1);
    expect_status(at, name, "SUCCESS", 3);
    incload_pipeline_unref(first);
    incload_pipeline_unref(second);
    incload_pipeline_unref(third);
    place_close(at);
}
END_TEST

START_TEST(only_the_pipeline_that_was_started_is_resumed)
{
    incload_error *err = NULL;
    const char *name = own("other", _i);

    share();
    place at = place_open((kind)_i, 0);
    incload_pipeline *first = nightly(at, name), *other = nightly(at, name), *bare = NULL;
    incload_run *run = incload_pipeline_run(first, NULL, &err);
    forget(&err);
    add(other, "mail", count, NIGHTLY, "report");
    ck_assert_ptr_null(incload_pipeline_resume(other, incload_run_id(run), NULL, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_CONFLICT);
    expect_words(incload_error_message(err), "step 'mail'|here");
    forget(&err);
    ck_assert_ptr_null(incload_pipeline_resume(first, "no such run", NULL, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_NOT_FOUND);
    forget(&err);
    bare = incload_pipeline_new("bare", NULL, &err);
    ck_assert_ptr_null(incload_pipeline_resume(bare, NULL, NULL, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_INVALID);
    forget(&err);
    expect_begun(1, 1, 1, 0);
    incload_run_unref(run);
    incload_pipeline_unref(first);
    incload_pipeline_unref(other);
    incload_pipeline_unref(bare);
    place_close(at);
}
END_TEST

/* What was taken away must be made again before it is used again. */
START_TEST(a_resume_sets_up_again_what_was_cleaned_up)
{
    incload_error *err = NULL;
    const char *name = own("cleanup", _i);
    enum { SETUP, USE, CLEANUP, BEFORE };

    share();
    place at = place_open((kind)_i, 0);
    for (int round = 1; round <= 2; round++) {
        incload_pipeline *pipeline = incload_pipeline_new(name, NULL, &err);
        well(incload_pipeline_set_ledger(pipeline, at.db, &err));
        add(pipeline, "before", count, BEFORE, NULL);
        add(pipeline, "setup", count, SETUP, "before");
        add(pipeline, "use", round == 1 ? NULL : count, USE, "setup");
        add(pipeline, "cleanup", count, CLEANUP, NULL);
        well(incload_pipeline_set(pipeline, "cleanup", "cleanup_of", "setup", &err));
        if (round == 2) {
            incload_run_unref(incload_pipeline_resume(pipeline, NULL, NULL, &err));
            fine(err);
            incload_pipeline_unref(pipeline);
            break;
        }
        incload_run *run = incload_pipeline_start(pipeline, "parallel=0", &err);
        fine(err);
        incload_unit *unit = incload_run_next_unit(run, 20000, &err);
        ck_assert_str_eq(incload_unit_label(unit), "use");
        incload_unit_complete(unit, INCLOAD_FAIL, &err);
        while (incload_run_next_unit(run, 20000, &err) != NULL)
            ;
        incload_run_wait(run, -1, &err);
        forget(&err);
        ck_assert_int_eq(seen->begun[CLEANUP], 1);
        incload_run_unref(run);
        incload_pipeline_unref(pipeline);
    }
    ck_assert_int_eq(seen->begun[BEFORE], 1);
    ck_assert_int_eq(seen->begun[SETUP], 2);
    ck_assert_int_eq(seen->begun[USE], 1);
    ck_assert_int_eq(seen->begun[CLEANUP], 2);
    place_close(at);
}
END_TEST

/* ---- history ---- */

static int32_t
left_out(incload_unit *unit, void *data)
{
    (void)unit;
    (void)data;
    return INCLOAD_SKIP;
}

START_TEST(history_tells_runs_and_steps_as_they_ended)
{
    incload_error *err = NULL;
    const char *name = own("history", _i);
    char options[120];

    share();
    place at = place_open((kind)_i, 0);
    snprintf(options, sizeof options, "run_key='of %s'", name);
    incload_pipeline *pipeline = nightly(at, name);
    add(pipeline, "mail", count, NIGHTLY, NULL);
    well(incload_pipeline_set_condition(pipeline, "mail", left_out, NULL, NULL, &err));
    incload_run *run = incload_pipeline_run(pipeline, options, &err);
    forget(&err);
    incload_run_unref(incload_pipeline_run(pipeline, NULL, &err));
    forget(&err);
    incload_history *history = incload_history_new(at.db, name, 10, &err);
    fine(err);
    ck_assert_int_eq(incload_history_count(history), 2);
    ck_assert_str_eq(incload_history_key(history, 0), "");
    ck_assert_str_eq(incload_history_key(history, 1), own("of history", _i));
    ck_assert_str_eq(incload_history_run_id(history, 1), incload_run_id(run));
    ck_assert_str_eq(incload_history_name(history, 1), name);
    ck_assert_str_eq(incload_history_kind(history, 1), "pipeline");
    ck_assert_int_eq(incload_history_status(history, 1), INCLOAD_STATUS_FAILED);
    ck_assert_int_eq((int)incload_history_units(history, 1), 5);
    ck_assert_int_eq((int)incload_history_failed(history, 1), 1);
    ck_assert_int_gt(incload_history_started_us(history, 1), 1700000000000000);
    ck_assert_int_ge(incload_history_finished_us(history, 1), incload_history_started_us(history, 1));
    ck_assert_str_eq(incload_history_name(history, 2), "");

    incload_unit_history *units = incload_unit_history_new(at.db, incload_run_id(run), 1, 10, &err);
    fine(err);
    ck_assert_int_eq(incload_unit_history_count(units), 4);
    ck_assert_str_eq(incload_unit_history_label(units, 0), "files");
    ck_assert_str_eq(incload_unit_history_status_name(units, 0), "SUCCESS");
    ck_assert_int_eq((int)incload_unit_history_rows_written(units, 0), 2);
    ck_assert_int_eq(incload_unit_history_attempts(units, 0), 1);
    ck_assert_int_eq(incload_unit_history_status(units, 1), INCLOAD_STATUS_FAILED);
    ck_assert_int_eq(incload_unit_history_error_code(units, 1), INCLOAD_E_CALLBACK);
    expect_words(incload_unit_history_error(units, 1), "the disk is full");
    ck_assert_str_eq(incload_unit_history_status_name(units, 2), "SKIPPED");
    ck_assert_str_eq(incload_unit_history_label(units, 3), "mail");
    ck_assert_int_eq(incload_unit_history_status(units, 3), INCLOAD_STATUS_SKIPPED);
    incload_unit_history_unref(units);
    ck_assert_ptr_null(incload_unit_history_new(at.db, "no such run", 0, 10, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_NOT_FOUND);
    forget(&err);
    incload_history_unref(history);
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
    place_close(at);
}
END_TEST

START_TEST(a_run_whose_optional_step_failed_is_partial_and_resumed_all_the_same)
{
    incload_error *err = NULL;
    const char *name = own("partial", _i);

    share();
    place at = place_open((kind)_i, 0);
    incload_pipeline *pipeline = nightly(at, name);
    well(incload_pipeline_set(pipeline, "clean", "optional", "true", &err));
    incload_run_unref(incload_pipeline_run(pipeline, NULL, &err));
    fine(err);
    expect_status(at, name, "PARTIAL", 1);
    seen->open = true;
    incload_run_unref(incload_pipeline_resume(pipeline, NULL, NULL, &err));
    fine(err);
    expect_begun(1, 1, 2, 1);
    expect_status(at, name, "SUCCESS", 2);
    incload_pipeline_unref(pipeline);
    place_close(at);
}
END_TEST

/* ---- loads ---- */

START_TEST(a_load_that_landed_is_not_run_again_when_its_pipeline_is_resumed)
{
    scene s = scene_begin("kept", _i, "id:i at:t name:s", "id", "cursor=at key=id");
    incload_error *err = NULL;
    char name[40];

    share();
    snprintf(name, sizeof name, "load-%d", _i);
    table_add(s.from, s.source, "(1, '2024-01-01 10:00:00.000000', 'a'), (2, '2024-02-01 10:00:00.000000', 'b')");
    for (int round = 1; round <= 2; round++) {
        incload_pipeline *pipeline = incload_pipeline_new(name, NULL, &err);
        incload_step *step = load_step(&s.what, &err);
        well(incload_pipeline_set_ledger(pipeline, s.to.db, &err));
        add(pipeline, "extract", extract, EXTRACT, NULL);
        add(pipeline, "files", name_files, FILES, NULL);
        well(incload_pipeline_add(pipeline, "load", step, "extract", &err));
        add(pipeline, "clean", clean, CLEAN, "files load");
        seen->open = round == 2;
        incload_run *run = round == 1 ? incload_pipeline_run(pipeline, NULL, &err)
                                      : incload_pipeline_resume(pipeline, NULL, NULL, &err);
        ck_assert_msg((err == NULL) == (round == 2), "%s", incload_error_message(err));
        forget(&err);
        ck_assert_int_eq((int)incload_run_rows_written(incload_run_step(run, 2)), 2);
        /* Nothing was read the second time. */
        ck_assert_int_eq((int)incload_run_rows_read(incload_run_step(run, 2)), round == 1 ? 2 : 0);
        incload_run_unref(run);
        incload_step_unref(step);
        incload_pipeline_unref(pipeline);
    }
    expect_equal(s.from, s.to, s.source, s.target, "id:i at:t name:s");
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_failed_run_is_resumed_from_the_step_that_failed_with_what_was_left_before, 0, KINDS);
    tcase_add_loop_test(tests, a_run_is_resumed_on_threads_of_the_library, 0, KINDS);
    tcase_add_loop_test(tests, a_resume_runs_a_step_of_another_version_again_and_what_is_behind_it, 0, KINDS);
    tcase_add_loop_test(tests, only_the_pipeline_that_was_started_is_resumed, 0, KINDS);
    tcase_add_loop_test(tests, a_resume_sets_up_again_what_was_cleaned_up, 0, KINDS);
    tcase_add_loop_test(tests, history_tells_runs_and_steps_as_they_ended, 0, KINDS);
    tcase_add_loop_test(tests, a_run_whose_optional_step_failed_is_partial_and_resumed_all_the_same, 0, KINDS);
    tcase_add_loop_test(tests, a_load_that_landed_is_not_run_again_when_its_pipeline_is_resumed, 0, ROUTES_AND_ODBC);
}

int
main(void)
{
    return run_tests("pipeline_ledger", 60, add_tests);
}
