/* SPDX-License-Identifier: Apache-2.0 */
/* A change table as a step: until it is empty, or its run is drained. */
#include <stdlib.h>
#include <string.h>

#include "capturing.h"

enum { SOON_MS = 20000 };

static incload_step *
step_of(const watched *w, const char *options)
{
    incload_error *err = NULL;
    incload_step *step = incload_step_new_capture(w->changes, options, &err);

    ck_assert_msg(step != NULL, "%s", incload_error_message(err));
    return step;
}

static void
run_well(incload_step *step, int64_t read, int64_t written, int64_t deleted)
{
    incload_error *err = NULL;
    incload_run *run = incload_step_run(step, NULL, &err);

    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_run_rows_read(run), read);
    ck_assert_int_eq(incload_run_rows_written(run), written);
    ck_assert_int_eq(incload_run_rows_deleted(run), deleted);
    incload_run_unref(run);
}

START_TEST(a_step_consumes_what_there_is)
{
    watched w = watch_rows("step_consume", _i, "batch_rows=2", "(1, 'one', 1), (2, 'two', 2)");
    incload_step *step = step_of(&w, NULL);

    consume(&w);
    run_well(step, 0, 0, 0);
    sql(w.from, "INSERT INTO %s VALUES (3, 'three', 3)", w.table);
    sql(w.from, "INSERT INTO %s VALUES (4, 'four', 4)", w.table);
    sql(w.from, "UPDATE %s SET name = 'deux' WHERE id = 2", w.table);
    sql(w.from, "DELETE FROM %s WHERE id = 1", w.table);
    run_well(step, 4, 3, 1);
    expect_mirrored(&w);
    ck_assert_int_eq(pending(&w), 0);
    run_well(step, 0, 0, 0);
    incload_step_unref(step);
    unwatch(&w);
}
END_TEST

START_TEST(a_step_without_an_end_goes_on_until_its_run_is_drained)
{
    watched w = watch_rows("step_drain", _i * KINDS + _i, NULL, "(1, 'one', 1)");
    incload_step *step = step_of(&w, "until=stopped poll=5ms");
    incload_error *err = NULL;

    consume(&w);
    incload_run *run = incload_step_start(step, NULL, &err);
    sql(w.from, "INSERT INTO %s VALUES (2, 'two', 2)", w.table);
    await_written(run, 1);
    sql(w.from, "INSERT INTO %s VALUES (3, 'three', 3)", w.table);
    await_written(run, 2);
    incload_run_drain(run);
    ck_assert_msg(incload_run_wait(run, SOON_MS, &err) == INCLOAD_OK, "%s", incload_error_message(err));
    incload_run_unref(run);
    expect_mirrored(&w);
    incload_step_unref(step);
    unwatch(&w);
}
END_TEST

START_TEST(a_step_that_rests_is_woken_by_a_cancel_and_can_run_again)
{
    watched w = watch_rows("step_rest", _i * KINDS + _i, NULL, "(1, 'one', 1)");
    incload_step *step = step_of(&w, "until=stopped poll=1h");
    incload_error *err = NULL;

    sql(w.from, "INSERT INTO %s VALUES (2, 'two', 2)", w.table);
    incload_run *run = incload_step_start(step, NULL, &err);
    await_written(run, 1);
    incload_run_cancel(run);
    ck_assert_int_eq(incload_run_wait(run, SOON_MS, &err), INCLOAD_E_CANCELLED);
    incload_error_unref(err);
    incload_run_unref(run);
    sql(w.from, "INSERT INTO %s VALUES (3, 'three', 3)", w.table);
    incload_step *rest = step_of(&w, NULL);
    run_well(rest, 1, 1, 0);
    expect_mirrored(&w);
    incload_step_unref(rest);
    incload_step_unref(step);
    unwatch(&w);
}
END_TEST

START_TEST(a_change_table_that_is_not_installed_is_told)
{
    watched w = watch("step_absent", 0, NULL);
    incload_step *step = step_of(&w, NULL);
    incload_error *err = NULL;
    incload_run *run = incload_step_run(step, NULL, &err);

    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_STATE);
    expect_words(incload_error_message(err), "incload_capture_install");
    incload_error_unref(err);
    incload_run_unref(run);
    err = NULL;
    ck_assert_ptr_null(incload_step_new_capture(w.changes, "until=position", &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_INVALID);
    incload_error_unref(err);
    incload_step_unref(step);
    unwatch(&w);
}
END_TEST

static void
add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, a_step_consumes_what_there_is, 0, CAPTURE_ROUTES);
    tcase_add_loop_test(tcase, a_step_without_an_end_goes_on_until_its_run_is_drained, 0, KINDS);
    tcase_add_loop_test(tcase, a_step_that_rests_is_woken_by_a_cancel_and_can_run_again, 0, KINDS);
    tcase_add_test(tcase, a_change_table_that_is_not_installed_is_told);
}

int
main(void)
{
    return run_tests("change_table_step", 120, add_tests);
}
