/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite sources: what the order of one writer's commits promises, and what it does not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "writers.h"

static const char stamped[] = "id INTEGER PRIMARY KEY, name TEXT, at TIMESTAMP DEFAULT CURRENT_TIMESTAMP";

typedef struct stage {
    place from, to;
    char table[64], target[64], options[160];
    load what;
    writer *w;
} stage;

static stage *
begin(const char *name, int32_t target, const char *columns, const char *options)
{
    static const kind kinds[] = { POSTGRES, MARIADB, SQLITE, SQLITE };
    stage *s = calloc(1, sizeof *s);

    s->from = place_open(SQLITE, 0);
    s->to = place_open(kinds[target], target == 3 ? 0 : 1);
    snprintf(s->table, sizeof s->table, "%s_%d", name, (int)target);
    snprintf(s->target, sizeof s->target, "%s_copy_%d", name, (int)target);
    snprintf(s->options, sizeof s->options, "%s", options);
    table_drop(s->from, s->table);
    sql(s->from, "CREATE TABLE %s (%s)", s->table, columns);
    table_drop(s->to, s->target);
    s->w = writer_open(place_url(SQLITE, 0));
    s->what = (load){ .from = s->from, .to = s->to, .table = s->table, .target = s->target, .options = s->options };
    return s;
}

static void
end(stage *s)
{
    writer_close(s->w);
    table_drop(s->from, s->table);
    table_drop(s->to, s->target);
    place_close(s->from);
    place_close(s->to);
    free(s);
}

typedef struct counts {
    int64_t read, written, late, lateness;
    char level[24], reason[1200];
} counts;

static counts
loaded(stage *s)
{
    incload_run *run = load_ok(&s->what);
    counts c = { incload_run_rows_read(run), incload_run_rows_written(run), incload_run_rows_late(run),
                 incload_run_lateness(run), "", "" };

    snprintf(c.level, sizeof c.level, "%s", incload_run_level(run));
    snprintf(c.reason, sizeof c.reason, "%s", incload_run_level_reason(run));
    incload_run_unref(run);
    return c;
}

enum { TARGETS = 4 };

START_TEST(rows_of_the_watermarks_own_second_are_found_also_when_they_change)
{
    stage *s = begin("second", _i, stamped, "cursor=at key=id");

    writer_do(s->w, "INSERT INTO %s (id, name, at) VALUES (1, 'a', '2024-03-01 10:00:00')", s->table);
    counts c = loaded(s);
    ck_assert_str_eq(c.level, "EXACT_IF_STAMPED");
    writer_do(s->w, "INSERT INTO %s (id, name, at) VALUES (2, 'b', '2024-03-01 10:00:00')", s->table);
    writer_do(s->w, "UPDATE %s SET name = 'changed' WHERE id = 1", s->table);
    ck_assert_int_eq(loaded(s).written, 2);
    ck_assert_int_eq(loaded(s).written, 0);
    expect_equal(s->from, s->to, s->table, s->target, "id:i name:s at:t");
    end(s);
}
END_TEST

START_TEST(rows_with_a_programs_old_stamp_are_found_and_measured_by_a_deep_read)
{
    stage *s = begin("clock", _i, stamped, "cursor=at key=id");

    writer_do(s->w, "INSERT INTO %s VALUES (1, 'a', '2024-03-01 10:00:00')", s->table);
    loaded(s);
    writer_do(s->w, "INSERT INTO %s VALUES (2, 'old', '2024-03-01 09:00:00'), (3, 'older', '2024-03-01 08:30:00')",
              s->table);
    ck_assert_int_eq(loaded(s).written, 0);
    snprintf(s->options, sizeof s->options, "cursor=at key=id deep=always");
    counts c = loaded(s);
    ck_assert_int_eq(c.written, 2);
    ck_assert_int_eq(c.late, 2);
    ck_assert_int_eq(c.lateness, INT64_C(5400000000));
    expect_words(c.reason, "2 rows were found behind the watermark|5400.000 s");
    ck_assert_int_eq(loaded(s).late, 0);
    expect_equal(s->from, s->to, s->table, s->target, "id:i name:s at:t");
    end(s);
}
END_TEST

START_TEST(rowids_that_are_used_again_are_no_sure_cursor)
{
    stage *s = begin("rowid", _i, "id INTEGER PRIMARY KEY, name TEXT", "cursor=id key=id");

    writer_do(s->w, "INSERT INTO %s VALUES (1, 'a')", s->table);
    counts c = loaded(s);
    ck_assert_str_eq(c.level, "BEST_EFFORT");
    expect_words(c.reason, "without AUTOINCREMENT|used again");
    end(s);
}
END_TEST

START_TEST(rowids_that_are_used_once_are_a_sure_cursor)
{
    stage *s = begin("once", _i, "id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT", "cursor=id key=id");

    writer_do(s->w, "INSERT INTO %s (name) VALUES ('a')", s->table);
    ck_assert_str_eq(loaded(s).level, "EXACT_IF_STAMPED");
    writer_do(s->w, "DELETE FROM %s", s->table);
    writer_do(s->w, "INSERT INTO %s (name) VALUES ('b')", s->table);
    ck_assert_int_eq(loaded(s).written, 1);
    end(s);
}
END_TEST

START_TEST(stamps_in_two_forms_are_named)
{
    stage *s = begin("forms", _i, stamped, "cursor=at key=id");

    writer_do(s->w, "INSERT INTO %s VALUES (1, 'a', '2024-03-01 10:00:00'), (2, 'b', '2024-03-01 10:00:00.5')",
              s->table);
    ck_assert_str_eq(loaded(s).level, "EXACT_IF_STAMPED");
    writer_do(s->w, "INSERT INTO %s VALUES (3, 'c', '2024-03-01T11:00:00')", s->table);
    counts c = loaded(s);
    ck_assert_str_eq(c.level, "BEST_EFFORT");
    expect_words(c.reason, "more than one form");
    end(s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, rows_of_the_watermarks_own_second_are_found_also_when_they_change, 0, TARGETS);
    tcase_add_loop_test(tests, rows_with_a_programs_old_stamp_are_found_and_measured_by_a_deep_read, 0, TARGETS);
    tcase_add_loop_test(tests, rowids_that_are_used_again_are_no_sure_cursor, 0, TARGETS);
    tcase_add_loop_test(tests, rowids_that_are_used_once_are_a_sure_cursor, 0, TARGETS);
    tcase_add_loop_test(tests, stamps_in_two_forms_are_named, 0, TARGETS);
}

int
main(void)
{
    return run_tests("late_sqlite", 60, add_tests);
}
