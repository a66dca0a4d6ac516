/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows a load reads: from the watermark on, ties included; rows without a position; bounds set by hand. */
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";

static scene
begin(const char *name, int32_t route, const char *options)
{
    return scene_begin(name, route, columns, "id", options);
}

START_TEST(rows_with_the_watermarks_own_stamp_that_come_later_are_written_once)
{
    scene s = begin("ties", _i, "cursor=at key=id");

    table_add(s.from, s.source, "(5, '2024-03-01 10:00:00.123456', 'a'), (7, '2024-03-01 10:00:00.123456', 'b')");
    load_counts(&s.what, 2, 2);
    table_add(s.from, s.source, "(3, '2024-03-01 10:00:00.123456', 'c'), (9, '2024-03-01 10:00:00.123456', 'd')");
    load_counts(&s.what, 4, 2);
    load_counts(&s.what, 4, 0);
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:00.123457', 'e')");
    load_counts(&s.what, 5, 1);
    load_counts(&s.what, 1, 0);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(a_row_that_changes_is_loaded_again_and_updates_the_copy)
{
    scene s = begin("changes", _i, "cursor=at key=id");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:00', 'a'), (2, '2024-03-01 10:00:01', 'b')");
    load_counts(&s.what, 2, 2);
    sql(s.from, "UPDATE %s SET name = 'new', at = '2024-03-01 10:00:02.000000' WHERE id = 1", s.source);
    load_counts(&s.what, 2, 1);
    expect_rows(s.to, s.target, columns,
                "1|2024-03-01 10:00:02.000000|new\n2|2024-03-01 10:00:01.000000|b\n");
    scene_end(&s);
}
END_TEST

START_TEST(an_empty_source_leaves_no_watermark)
{
    scene s = begin("empty", _i, "cursor=at key=id");
    incload_run *run = load_ok(&s.what);

    ck_assert_ptr_null(incload_run_watermark(run));
    ck_assert_str_eq(incload_run_level(run), "EXACT_IF_STAMPED");
    ck_assert_int_eq(incload_run_rows_read(run), 0);
    incload_run_unref(run);
    table_add(s.from, s.source, "(1, '1999-12-31 23:59:59.999999', 'a')");
    load_counts(&s.what, 1, 1);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

static void
add_rows_without_stamp(const scene *s)
{
    table_add(s->from, s->source, "(1, NULL, 'x'), (2, '2024-03-01 10:00:00', 'a'), (3, NULL, 'y')");
}

static void
expect_without_cursor(const load *what, int64_t count, int64_t read, int64_t written)
{
    incload_run *run = load_ok(what);

    ck_assert_int_eq(incload_run_rows_without_cursor(run), count);
    ck_assert_int_le(incload_run_rows_read(run), read);
    ck_assert_int_ge(incload_run_rows_read(run), written);
    ck_assert_int_eq(incload_run_rows_written(run), written);
    incload_run_unref(run);
}

START_TEST(rows_without_a_stamp_are_refused_and_counted_unless_a_policy_is_named)
{
    scene s = begin("null_raise", _i, "cursor=at key=id");
    incload_error *err = NULL;

    add_rows_without_stamp(&s);
    incload_run *run = load_run(&s.what, &err);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_NULL_CURSOR);
    expect_words(incload_error_message(err), "2 rows|'at'|null_cursor=include|null_cursor=exclude");
    ck_assert_int_eq(incload_run_rows_without_cursor(run), 2);
    incload_run_unref(run);
    incload_error_unref(err);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 0);
    scene_end(&s);
}
END_TEST

START_TEST(rows_without_a_stamp_are_loaded_in_every_run_when_included)
{
    scene s = begin("null_include", _i, "cursor=at key=id null_cursor=include");

    add_rows_without_stamp(&s);
    expect_without_cursor(&s.what, 2, 3, 3);
    sql(s.from, "UPDATE %s SET name = 'changed' WHERE id = 3", s.source);
    expect_without_cursor(&s.what, 2, 3, 1);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(rows_without_a_stamp_are_left_out_when_excluded)
{
    scene s = begin("null_exclude", _i, "cursor=at key=id null_cursor=exclude");

    add_rows_without_stamp(&s);
    expect_without_cursor(&s.what, 2, 1, 1);
    expect_rows(s.to, s.target, columns, "2|2024-03-01 10:00:00.000000|a\n");
    scene_end(&s);
}
END_TEST

/* PostgreSQL's timestamps may be infinite: no watermark may ever become that. */
START_TEST(infinite_stamps_have_no_position)
{
    kind which = _i < 2 ? POSTGRES : PG_ODBC;
    place from = place_open(which, 0), to = place_open(_i % 2 == 0 ? POSTGRES : PG_ODBC, 1);
    load what = { .from = from, .to = to, .table = named("endless", _i), .options = "cursor=at key=id" };

    table_make(from, what.table, columns, "id");
    table_drop(to, what.table);
    table_add(from, what.table, "(1, 'infinity', 'x'), (2, '2024-03-01 10:00:00', 'a'), (3, '-infinity', 'y')");
    load_fails(&what, INCLOAD_E_NULL_CURSOR, "2 rows|infinite");
    what.options = "cursor=at key=id null_cursor=exclude";
    expect_without_cursor(&what, 2, 1, 1);
    what.options = "cursor=at key=id null_cursor=include";
    expect_without_cursor(&what, 2, 3, 2);
    expect_without_cursor(&what, 2, 3, 0);
    expect_equal(from, to, what.table, what.table, columns);
    route_close(from, to);
}
END_TEST

START_TEST(an_infinite_stamp_is_refused_by_a_target_that_cannot_hold_it)
{
    place from = place_open(POSTGRES, 0), to = place_open(MARIADB, 0);
    load what = { .from = from, .to = to, .table = "endless_elsewhere",
                  .options = "cursor=at key=id null_cursor=include" };

    table_make(from, what.table, columns, "id");
    table_drop(to, what.table);
    table_add(from, what.table, "(1, 'infinity', 'x'), (2, '2024-03-01 10:00:00', 'a')");
    load_fails(&what, INCLOAD_E_DATA, "at");
    ck_assert_int_eq(ask_number(to, "SELECT COUNT(*) AS c FROM %s", what.table), 0);
    route_close(from, to);
}
END_TEST

START_TEST(initial_and_until_bound_the_window_half_open)
{
    scene s = begin("bounds", _i,
                    "cursor=at key=id initial='2024-03-02 00:00:00.000000' until='2024-03-04 00:00:00.000000'");

    table_add(s.from, s.source,
              "(1, '2024-03-01 23:59:59.999999', 'before'), (2, '2024-03-02 00:00:00.000000', 'first'),"
              " (3, '2024-03-03 23:59:59.999999', 'last'), (4, '2024-03-04 00:00:00.000000', 'behind')");
    load_counts(&s.what, 2, 2);
    expect_rows(s.to, s.target, columns,
                "2|2024-03-02 00:00:00.000000|first\n3|2024-03-03 23:59:59.999999|last\n");
    load_counts(&s.what, 1, 0);
    /* Without the bound the next load takes what was left: from the watermark on, or, where rows are told by their
     * transaction from now on, all there is once. */
    s.what.options = "cursor=at key=id initial='2024-03-02 00:00:00.000000'";
    load_counts(&s.what, s.from.kind == POSTGRES ? 3 : 2, 1);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 3);
    scene_end(&s);
}
END_TEST

/* What a watermark must not lose: digits beyond a double, blanks, letters of any alphabet. */
static const struct {
    const char *type; /* of the column, as table_make() takes it */
    const char *low, *high, *higher;
    const char *watermark;
} cursors[] = {
    { "id:i at:i", "9007199254740992", "9007199254740993", "9007199254740994", "9007199254740993" },
    { "id:i at:i", "-9223372036854775807", "0", "9223372036854775807", "0" },
    { "id:i at:s", "'b'", "'b c'", "'b d'", "b c" },
    { "id:i at:s", "'z'", "'\xC3\xA4'", "'\xE6\x97\xA5'", "\xC3\xA4" },
    { "id:i at:s", "'it''s'", "'it''s \"so\"'", "'j'", "it's \"so\"" },
    { "id:i at:f", "-1.5", "0.1", "1e300", "0.1" },
};

enum { CURSORS = sizeof cursors / sizeof cursors[0] };

START_TEST(a_cursor_of_any_type_keeps_the_sources_own_text_and_order)
{
    int32_t which = _i / DATABASES;
    place from = place_open((kind)(_i % DATABASES), 0), to = place_open((kind)((_i + 1) % DATABASES), 1);
    load what = { .from = from, .to = to, .table = named("cursors", _i), .options = "cursor=at key=id" };

    table_make(from, what.table, cursors[which].type, "id");
    table_drop(to, what.table);
    sql(from, "INSERT INTO %s VALUES (2, %s), (1, %s)", what.table, cursors[which].high, cursors[which].low);
    incload_run *run = load_ok(&what);
    ck_assert_int_eq(incload_run_rows_written(run), 2);
    if (strcmp(cursors[which].type, "id:i at:f") != 0)
        ck_assert_str_eq(incload_run_watermark(run), cursors[which].watermark);
    else
        ck_assert_double_eq(strtod(incload_run_watermark(run), NULL), 0.1);
    incload_run_unref(run);
    sql(from, "INSERT INTO %s VALUES (3, %s)", what.table, cursors[which].higher);
    load_counts(&what, 2, 1);
    load_counts(&what, 1, 0);
    expect_equal(from, to, what.table, what.table, cursors[which].type);
    route_close(from, to);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, rows_with_the_watermarks_own_stamp_that_come_later_are_written_once, 0, ROUTES);
    tcase_add_loop_test(tests, a_row_that_changes_is_loaded_again_and_updates_the_copy, 0, ROUTES);
    tcase_add_loop_test(tests, an_empty_source_leaves_no_watermark, 0, ROUTES);
    tcase_add_loop_test(tests, rows_without_a_stamp_are_refused_and_counted_unless_a_policy_is_named, 0, ROUTES);
    tcase_add_loop_test(tests, rows_without_a_stamp_are_loaded_in_every_run_when_included, 0, ROUTES);
    tcase_add_loop_test(tests, rows_without_a_stamp_are_left_out_when_excluded, 0, ROUTES);
    tcase_add_loop_test(tests, infinite_stamps_have_no_position, 0, 4);
    tcase_add_test(tests, an_infinite_stamp_is_refused_by_a_target_that_cannot_hold_it);
    tcase_add_loop_test(tests, initial_and_until_bound_the_window_half_open, 0, ROUTES);
    tcase_add_loop_test(tests, a_cursor_of_any_type_keeps_the_sources_own_text_and_order, 0, CURSORS *DATABASES);
}

int
main(void)
{
    return run_tests("window", 60, add_tests);
}
