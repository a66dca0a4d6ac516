/* SPDX-License-Identifier: Apache-2.0 */
/* Backfills with snapshot=shared: whatever is changed in the source while their units run, they bring it as it was when
 * the first began. */
#include <stdlib.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";

/* PostgreSQL into each kind, into its own database, and by ODBC. */
static const int32_t lending[] = { 0, 1, 2, PAIRS, ODBC_ROUTE };
enum { LENDING = sizeof lending / sizeof lending[0] };
/* From MariaDB, and from SQLite. */
static const int32_t refusing[] = { DATABASES, 2 * DATABASES };
enum { REFUSING = sizeof refusing / sizeof refusing[0] };

static void
add_rows(const scene *s)
{
    table_add(s->from, s->source,
              "(1, '2024-01-01 10:00:00.000000', 'a'), (2, '2024-01-02 10:00:00.000000', 'b'), "
              "(3, '2024-01-03 10:00:00.000000', 'c'), (4, '2024-01-04 10:00:00.000000', 'd'), "
              "(5, '2024-01-05 10:00:00.000000', 'e'), (6, '2024-01-06 10:00:00.000000', 'f')");
}

/* What others do to the source while the first unit is at work. */
typedef struct meddling {
    const scene *scene;
    void (*does)(const scene *s);
    bool done;
} meddling;

static int32_t
meddle(incload_unit *unit, int64_t read, int64_t staged, void *data)
{
    meddling *m = data;

    (void)unit;
    (void)read;
    (void)staged;
    if (!m->done)
        m->does(m->scene);
    m->done = true;
    return INCLOAD_DONE;
}

/* A row is changed, one is deleted, one comes, and one goes from a later day to an earlier. */
static void
change_rows(const scene *s)
{
    sql(s->from, "UPDATE %s SET name = 'later' WHERE id = 2", s->source);
    sql(s->from, "DELETE FROM %s WHERE id = 3", s->source);
    table_add(s->from, s->source, "(7, '2024-01-04 11:00:00.000000', 'new')");
    sql(s->from, "UPDATE %s SET at = '2024-01-02 09:00:00' WHERE id = 5", s->source);
}

static void
end_holder(const scene *s)
{
    int64_t ended = ask_number(s->from, "SELECT COUNT(pg_terminate_backend(pid)) AS c FROM pg_stat_activity"
                                        " WHERE datname = current_database() AND state = 'idle in transaction'"
                                        " AND query LIKE '%%pg_export_snapshot%%' AND pid <> pg_backend_pid()");
    ck_assert_int_eq((int)ended, 1);
}

static incload_run *
run_days(scene *s, void (*does)(const scene *), const char *options, incload_error **err)
{
    meddling m = { s, does, false };

    s->what.preset = "interval";
    incload_step *one = load_step(&s->what, err);
    if (does != NULL)
        incload_step_set_check_function(one, meddle, &m, NULL, err);
    incload_step *days = incload_step_new_load_backfill(one, "2024-01-01", "2024-01-06", options, err);
    incload_run *run = incload_step_run(days, NULL, err);

    incload_step_unref(one);
    incload_step_unref(days);
    return run;
}

START_TEST(all_units_of_a_run_see_the_source_at_one_instant)
{
    scene s = scene_begin("instant", lending[_i], columns, "id", "cursor=at");
    incload_error *err = NULL;

    add_rows(&s);
    char *before = contents(s.from, s.source, columns);
    incload_run_unref(run_days(&s, change_rows, "parallel=2 snapshot=shared", &err));
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    expect_rows(s.to, s.target, columns, before);
    free(before);
    /* The next run has a snapshot of its own. */
    incload_run_unref(run_days(&s, NULL, "parallel=2 snapshot=shared select=all", &err));
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(units_with_snapshots_of_their_own_see_what_came_before_them)
{
    scene s = scene_begin("own", lending[_i], columns, "id", "cursor=at");
    incload_error *err = NULL;

    add_rows(&s);
    incload_run_unref(run_days(&s, change_rows, "", &err));
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(days_are_replaced_in_the_shared_snapshot_without_a_check)
{
    scene s = scene_begin("relayed", lending[_i], columns, "id", "cursor=at");
    incload_error *err = NULL;

    add_rows(&s);
    incload_run_unref(run_days(&s, NULL, "parallel=3 snapshot=shared", &err));
    change_rows(&s);
    incload_run_unref(run_days(&s, NULL, "parallel=3 snapshot=shared select=all", &err));
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    expect_equal(s.from, s.to, s.source, s.target, columns);
    ck_assert_int_eq(staging_tables(s.to), 0);
    scene_end(&s);
}
END_TEST

START_TEST(the_snapshot_is_let_go_when_the_units_have_ended)
{
    scene s = scene_begin("let_go", 0, columns, "id", "cursor=at");
    incload_error *err = NULL;

    add_rows(&s);
    incload_run *run = run_days(&s, NULL, "snapshot=shared", &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(ask_number(s.from, "SELECT COUNT(*) AS c FROM pg_stat_activity WHERE datname = current_database()"
                                        " AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%%'"),
                     0);
    incload_run_unref(run);
    scene_end(&s);
}
END_TEST

START_TEST(a_holder_that_is_gone_fails_the_units_that_follow)
{
    scene s = scene_begin("gone", 0, columns, "id", "cursor=at");
    incload_error *err = NULL;

    add_rows(&s);
    incload_run *run = run_days(&s, end_holder, "snapshot=shared", &err);
    ck_assert_msg(incload_error_code(err) == INCLOAD_E_STATE, "%s", incload_error_message(err));
    expect_words(incload_error_message(err), "5 of 6 units failed|snapshot that all units of this run share is gone");
    ck_assert_int_eq((int)incload_run_count_units(run, INCLOAD_STATUS_SUCCESS), 1);
    incload_run_unref(run);
    incload_error_unref(err);
    err = NULL;
    incload_run_unref(run_days(&s, NULL, "snapshot=shared", &err));
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(a_source_that_lends_no_snapshot_is_refused)
{
    scene s = scene_begin("lends_none", refusing[_i], columns, "id", "cursor=at");
    incload_error *err = NULL;

    add_rows(&s);
    incload_run_unref(run_days(&s, NULL, "snapshot=shared", &err));
    ck_assert_msg(incload_error_code(err) == INCLOAD_E_UNSUPPORTED, "%s", incload_error_message(err));
    expect_words(incload_error_message(err), "snapshot=shared needs a PostgreSQL source|take snapshot=unit");
    incload_error_unref(err);
    scene_end(&s);
}
END_TEST

START_TEST(the_backfill_of_a_function_has_no_snapshot_to_share)
{
    incload_error *err = NULL;
    incload_step *days =
        incload_step_new_backfill("2024-01-01", "2024-01-02", "snapshot=shared", NULL, NULL, NULL, &err);

    ck_assert_ptr_null(days);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_INVALID);
    expect_words(incload_error_message(err), "snapshot=shared is for the backfill of a load");
    incload_error_unref(err);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, all_units_of_a_run_see_the_source_at_one_instant, 0, LENDING);
    tcase_add_loop_test(tests, units_with_snapshots_of_their_own_see_what_came_before_them, 0, LENDING);
    tcase_add_loop_test(tests, days_are_replaced_in_the_shared_snapshot_without_a_check, 0, LENDING);
    tcase_add_test(tests, the_snapshot_is_let_go_when_the_units_have_ended);
    tcase_add_test(tests, a_holder_that_is_gone_fails_the_units_that_follow);
    tcase_add_loop_test(tests, a_source_that_lends_no_snapshot_is_refused, 0, REFUSING);
    tcase_add_test(tests, the_backfill_of_a_function_has_no_snapshot_to_share);
}

int
main(void)
{
    return run_tests("backfill_snapshot", 120, add_tests);
}
