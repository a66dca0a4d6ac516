/* SPDX-License-Identifier: Apache-2.0 */
/* Write, audit, publish: what guards and checks refuse has not touched the target, and the watermark stays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";
static const char first_rows[] = "(1, '2024-03-01 10:00:01', 'one'), (2, '2024-03-01 10:00:02', 'two'),"
                                 " (3, '2024-03-01 10:00:03', 'three')";
static const char first_contents[] = "1|2024-03-01 10:00:01.000000|one\n2|2024-03-01 10:00:02.000000|two\n"
                                     "3|2024-03-01 10:00:03.000000|three\n";

static scene
three_rows(const char *name, int32_t route, const char *options)
{
    scene s = scene_begin(name, route, columns, NULL, options);

    table_add(s.from, s.source, first_rows);
    return s;
}

/* Of the load's steps; the run, failed or not. */
static incload_run *
run_step(incload_step *step, incload_error **err)
{
    incload_run *run = incload_step_run(step, NULL, err);

    incload_step_unref(step);
    return run;
}

static void
step_ok(incload_step *step, incload_error *err)
{
    incload_run *run = run_step(step, &err);

    ck_assert_msg(err == NULL, "%s: %s", incload_error_name(err), incload_error_message(err));
    ck_assert_int_eq(incload_run_rows_read(run), incload_run_rows_written(run) + incload_run_rows_skipped(run));
    incload_run_unref(run);
}

static void
step_fails(incload_step *step, int32_t code, const char *words)
{
    incload_error *err = NULL;
    incload_run *run = run_step(step, &err);

    ck_assert_msg(incload_error_code(err) == code, "%s instead of %s: %s", incload_error_name(err),
                  incload_status_name(code), incload_error_message(err));
    expect_words(incload_error_message(err), words);
    ck_assert_int_eq(incload_run_rows_written(run), 0);
    incload_error_unref(err);
    incload_run_unref(run);
}

static incload_step *
checked_step(const scene *s, const char *name, const char *query)
{
    incload_error *err = NULL;
    incload_step *step = load_step(&s->what, &err);

    incload_step_add_check(step, name, query, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    return step;
}

START_TEST(fewer_rows_than_min_rows_are_not_published)
{
    scene s = three_rows("fewer", _i, "cursor=at key=id min_rows=4");

    load_fails(&s.what, INCLOAD_E_CHECK, "3 rows|min_rows=4|nothing was published");
    expect_rows(s.to, s.target, columns, "");
    s.what.options = "cursor=at key=id min_rows=3";
    load_counts(&s.what, 3, 3);
    expect_rows(s.to, s.target, columns, first_contents);
    scene_end(&s);
}
END_TEST

START_TEST(an_empty_source_is_refused_by_min_rows)
{
    scene s = scene_begin("nothing", _i, columns, NULL, "cursor=at key=id min_rows=1");

    load_fails(&s.what, INCLOAD_E_CHECK, "0 rows|min_rows=1");
    scene_end(&s);
}
END_TEST

START_TEST(more_rows_than_max_rows_are_not_published)
{
    scene s = three_rows("more", _i, "cursor=at key=id max_rows=2");

    load_fails(&s.what, INCLOAD_E_CHECK, "3 rows|max_rows=2|nothing was published");
    expect_rows(s.to, s.target, columns, "");
    s.what.options = "cursor=at key=id max_rows=3";
    load_counts(&s.what, 3, 3);
    scene_end(&s);
}
END_TEST

START_TEST(a_refused_load_leaves_target_and_watermark_and_comes_again_whole)
{
    scene s = three_rows("again", _i, "cursor=at key=id");

    load_counts(&s.what, 3, 3);
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:07', NULL), (4, '2024-03-01 10:00:08', 'four')");
    s.what.options = "cursor=at key=id check_not_null=name";
    load_fails(&s.what, INCLOAD_E_CHECK, "check_not_null|column 'name'|1 of ");
    expect_rows(s.to, s.target, columns, first_contents);
    s.what.options = "cursor=at key=id";
    incload_run *run = load_ok(&s.what);
    ck_assert_int_eq(incload_run_rows_written(run), 2);
    incload_run_unref(run);
    expect_rows(s.to, s.target, columns,
                "1|2024-03-01 10:00:07.000000|NULL\n2|2024-03-01 10:00:02.000000|two\n"
                "3|2024-03-01 10:00:03.000000|three\n4|2024-03-01 10:00:08.000000|four\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_null_in_a_column_that_must_have_none_is_refused)
{
    scene s = three_rows("nulls", _i, "cursor=at key=id check_not_null=id,name");

    table_add(s.from, s.source, "(4, '2024-03-01 10:00:04', NULL), (5, '2024-03-01 10:00:05', NULL)");
    load_fails(&s.what, INCLOAD_E_CHECK, "check_not_null|column 'name'|2 of 5 rows|nothing was published");
    sql(s.from, "UPDATE %s SET name = 'x' WHERE name IS NULL", s.source);
    load_counts(&s.what, 5, 5);
    scene_end(&s);
}
END_TEST

START_TEST(a_repeated_value_is_refused_and_nulls_repeat_freely)
{
    scene s = three_rows("repeated", _i, "cursor=at key=id check_unique=name");

    table_add(s.from, s.source,
              "(4, '2024-03-01 10:00:04', 'one'), (5, '2024-03-01 10:00:05', 'one'),"
              " (6, '2024-03-01 10:00:05', NULL), (7, '2024-03-01 10:00:05', NULL)");
    load_fails(&s.what, INCLOAD_E_CHECK, "check_unique|'name'|2 of 7 rows");
    sql(s.from, "DELETE FROM %s WHERE id IN (4, 5)", s.source);
    load_counts(&s.what, 5, 5);
    scene_end(&s);
}
END_TEST

START_TEST(values_of_several_columns_may_repeat_one_by_one)
{
    scene s = scene_begin("pairs", _i, columns, NULL, "cursor=at key=id check_unique='at,name'");

    table_add(s.from, s.source,
              "(1, '2024-03-01 10:00:01', 'a'), (2, '2024-03-01 10:00:01', 'b'), (3, '2024-03-01 10:00:02', 'a')");
    load_counts(&s.what, 3, 3);
    table_add(s.from, s.source, "(4, '2024-03-01 10:00:09', 'a'), (5, '2024-03-01 10:00:09', 'a')");
    load_fails(&s.what, INCLOAD_E_CHECK, "check_unique|1 of ");
    scene_end(&s);
}
END_TEST

START_TEST(options_of_checks_name_columns_as_the_source_does)
{
    scene s = three_rows("renamed", _i, "cursor=at key=id columns=id,at,name:title check_not_null=name");

    table_add(s.from, s.source, "(4, '2024-03-01 10:00:04', NULL)");
    load_fails(&s.what, INCLOAD_E_CHECK, "column 'name'|1 of 4 rows");
    s.what.options = "cursor=at key=id columns=id,at,name:title check_unique=title";
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "check_unique|'title'");
    scene_end(&s);
}
END_TEST

START_TEST(a_query_that_gives_a_row_refuses_the_load)
{
    scene s = three_rows("query", _i, "cursor=at key=id");

    step_fails(checked_step(&s, "no low ids", "SELECT id FROM {staging} WHERE id < 3 -- a comment"), INCLOAD_E_CHECK,
               "check 'no low ids'|2 of 3 rows|nothing was published");
    expect_rows(s.to, s.target, columns, "");
    step_ok(checked_step(&s, "no low ids", "SELECT id FROM {staging} WHERE id < 1"), NULL);
    expect_rows(s.to, s.target, columns, first_contents);
    scene_end(&s);
}
END_TEST

START_TEST(a_query_sees_the_target_as_it_was_before)
{
    static const char lower[] = "SELECT s.id FROM {staging} AS s JOIN {target} AS t ON t.id = s.id WHERE s.at < t.at";
    scene s = three_rows("target", _i, "key=id");

    s.what.preset = "upsert";
    step_ok(checked_step(&s, "goes on", lower), NULL);
    sql(s.from, "UPDATE %s SET at = '2023-01-01 00:00:00.000000' WHERE id = 2", s.source);
    step_fails(checked_step(&s, "goes on", lower), INCLOAD_E_CHECK, "check 'goes on'|1 of 3 rows");
    expect_rows(s.to, s.target, columns, first_contents);
    scene_end(&s);
}
END_TEST

START_TEST(a_query_that_the_server_refuses_is_named)
{
    scene s = three_rows("wrong", _i, "cursor=at key=id");
    incload_error *err = NULL;
    incload_run *run = run_step(checked_step(&s, "my check", "SELECT nothing_here FROM {staging}"), &err);

    ck_assert_ptr_nonnull(err);
    ck_assert_int_ne(incload_error_code(err), INCLOAD_E_CHECK);
    expect_words(incload_error_message(err), "check 'my check'");
    expect_rows(s.to, s.target, columns, "");
    incload_error_unref(err);
    incload_run_unref(run);
    scene_end(&s);
}
END_TEST

typedef struct counted {
    int32_t calls, destroyed, answer;
    int64_t read, staged;
    const char *reason;
} counted;

static int32_t
count_rows(incload_unit *unit, int64_t read, int64_t staged, void *data)
{
    counted *c = data;

    c->calls++;
    c->read = read;
    c->staged = staged;
    if (c->reason != NULL)
        return incload_unit_fail(unit, c->reason);
    return c->answer;
}

static void
count_destroy(void *data)
{
    ((counted *)data)->destroyed++;
}

static incload_step *
function_step(const scene *s, counted *c)
{
    incload_error *err = NULL;
    incload_step *step = load_step(&s->what, &err);

    incload_step_set_check_function(step, count_rows, c, count_destroy, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    return step;
}

START_TEST(a_function_sees_the_counts_and_lets_the_rows_pass)
{
    scene s = three_rows("function", _i, "cursor=at key=id");
    counted c = { .answer = INCLOAD_DONE };

    step_ok(function_step(&s, &c), NULL);
    ck_assert_int_eq(c.calls, 1);
    ck_assert_int_eq(c.read, 3);
    ck_assert_int_eq(c.staged, 3);
    ck_assert_int_eq(c.destroyed, 1);
    expect_rows(s.to, s.target, columns, first_contents);
    scene_end(&s);
}
END_TEST

START_TEST(a_function_refuses_by_any_other_answer_and_says_why)
{
    scene s = three_rows("refusal", _i, "cursor=at key=id");
    counted silent = { .answer = 0 }, talking = { .reason = "too many of them" };

    step_fails(function_step(&s, &silent), INCLOAD_E_CHECK, "check function|returned 0|nothing was published");
    step_fails(function_step(&s, &talking), INCLOAD_E_CHECK, "check function|too many of them");
    ck_assert_int_eq(silent.destroyed + talking.destroyed, 2);
    expect_rows(s.to, s.target, columns, "");
    scene_end(&s);
}
END_TEST

START_TEST(checks_see_the_rows_of_a_first_append_too)
{
    scene s = three_rows("appended", _i, "check_not_null=name");

    s.what.preset = "append";
    table_add(s.from, s.source, "(4, '2024-03-01 10:00:04', NULL)");
    load_fails(&s.what, INCLOAD_E_CHECK, "1 of 4 rows");
    expect_rows(s.to, s.target, columns, "");
    sql(s.from, "DELETE FROM %s WHERE id = 4", s.source);
    load_counts(&s.what, 3, 3);
    expect_rows(s.to, s.target, columns, first_contents);
    scene_end(&s);
}
END_TEST

/* 1,500 rows, of which 15 to a hundred are left in the source. */
static scene
many_rows(const char *name, int32_t route, const char *options, int32_t rows)
{
    scene s = scene_begin(name, route, columns, NULL, options);
    char values[64 * 100];

    for (int32_t from = 1; from <= rows; from += 100) {
        size_t used = 0;
        for (int32_t id = from; id < from + 100 && id <= rows; id++)
            used += (size_t)snprintf(values + used, sizeof values - used, "%s(%d, '2024-03-01 10:00:01', 'x')",
                                     id == from ? "" : ", ", (int)id);
        table_add(s.from, s.source, values);
    }
    load_counts(&s.what, rows, rows);
    return s;
}

START_TEST(detect_deletes_does_not_take_more_than_half_of_a_table_away)
{
    scene s = many_rows("halved", _i, "cursor=at key=id detect_deletes=keys", 1500);

    sql(s.from, "DELETE FROM %s WHERE id > 700", s.source);
    load_fails(&s.what, INCLOAD_E_CHECK, "1500 rows|700|50 per cent|max_shrink=100");
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) FROM %s", s.target), 1500);
    s.what.options = "cursor=at key=id detect_deletes=keys max_shrink=54";
    incload_run *run = load_ok(&s.what);
    ck_assert_int_eq(incload_run_rows_deleted(run), 800);
    incload_run_unref(run);
    scene_end(&s);
}
END_TEST

START_TEST(a_limit_of_ones_own_holds_for_small_tables_too)
{
    scene s = three_rows("small", _i, "cursor=at key=id detect_deletes=keys max_shrink=33");

    load_counts(&s.what, 3, 3);
    sql(s.from, "DELETE FROM %s WHERE id = 1", s.source);
    load_fails(&s.what, INCLOAD_E_CHECK, "3 rows|only 2|33 per cent");
    expect_rows(s.to, s.target, columns, first_contents);
    s.what.options = "cursor=at key=id detect_deletes=keys";
    incload_run *run = load_ok(&s.what);
    ck_assert_int_eq(incload_run_rows_deleted(run), 1);
    incload_run_unref(run);
    scene_end(&s);
}
END_TEST

START_TEST(a_check_needs_a_name_of_its_own_and_a_step_that_was_not_started)
{
    scene s = three_rows("names", 0, "cursor=at key=id");
    incload_error *err = NULL;
    incload_step *step = checked_step(&s, "a", "SELECT 1 WHERE 1 = 0");

    ck_assert_int_eq(incload_step_add_check(step, "a", "SELECT 1", &err), INCLOAD_E_EXISTS);
    expect_words(incload_error_message(err), "'a'");
    incload_error_unref(err);
    err = NULL;
    ck_assert_int_eq(incload_step_add_check(step, "", "SELECT 1", NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_step_add_check(step, "b\nc", "SELECT 1", NULL), INCLOAD_E_INVALID);
    incload_run_unref(incload_step_run(step, NULL, &err));
    ck_assert_ptr_null(err);
    ck_assert_int_eq(incload_step_add_check(step, "b", "SELECT 1", NULL), INCLOAD_E_STATE);
    counted c = { .answer = INCLOAD_DONE };
    ck_assert_int_eq(incload_step_set_check_function(step, count_rows, &c, count_destroy, NULL), INCLOAD_E_STATE);
    ck_assert_int_eq(c.destroyed, 1);
    incload_step_unref(step);
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, fewer_rows_than_min_rows_are_not_published, 0, ROUTES);
    tcase_add_loop_test(tests, an_empty_source_is_refused_by_min_rows, 0, DATABASES);
    tcase_add_loop_test(tests, more_rows_than_max_rows_are_not_published, 0, ROUTES);
    tcase_add_loop_test(tests, a_refused_load_leaves_target_and_watermark_and_comes_again_whole, 0, ROUTES);
    tcase_add_loop_test(tests, a_null_in_a_column_that_must_have_none_is_refused, 0, ROUTES);
    tcase_add_loop_test(tests, a_repeated_value_is_refused_and_nulls_repeat_freely, 0, ROUTES);
    tcase_add_loop_test(tests, values_of_several_columns_may_repeat_one_by_one, 0, DATABASES);
    tcase_add_loop_test(tests, options_of_checks_name_columns_as_the_source_does, 0, DATABASES);
    tcase_add_loop_test(tests, a_query_that_gives_a_row_refuses_the_load, 0, ROUTES);
    tcase_add_loop_test(tests, a_query_sees_the_target_as_it_was_before, 0, ROUTES);
    tcase_add_loop_test(tests, a_query_that_the_server_refuses_is_named, 0, ROUTES);
    tcase_add_loop_test(tests, a_function_sees_the_counts_and_lets_the_rows_pass, 0, ROUTES);
    tcase_add_loop_test(tests, a_function_refuses_by_any_other_answer_and_says_why, 0, ROUTES);
    tcase_add_loop_test(tests, checks_see_the_rows_of_a_first_append_too, 0, ROUTES);
    tcase_add_loop_test(tests, detect_deletes_does_not_take_more_than_half_of_a_table_away, 0, DATABASES);
    tcase_add_loop_test(tests, a_limit_of_ones_own_holds_for_small_tables_too, 0, ROUTES);
    tcase_add_test(tests, a_check_needs_a_name_of_its_own_and_a_step_that_was_not_started);
}

int
main(void)
{
    return run_tests("audit", 120, add_tests);
}
