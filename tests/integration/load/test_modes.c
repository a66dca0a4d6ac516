/* SPDX-License-Identifier: Apache-2.0 */
/* Ways of writing beside append and merge: only new rows, groups by key, one interval of the cursor, everything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";

static int32_t
let_pass(incload_unit *unit, incload_batch *batch, void *user_data)
{
    (void)unit;
    (void)batch;
    (void)user_data;
    return INCLOAD_DONE;
}

/* Routes by number, then the same with a process function. */
enum { WAYS = 2 * ROUTES };

static scene
begin(const char *name, int32_t way, const char *shape, const char *key, const char *preset, const char *options)
{
    scene s = scene_begin(name, way % ROUTES, shape, key, options);

    s.what.preset = preset;
    if (way >= ROUTES)
        s.what.function = let_pass;
    return s;
}

/* The table of this way alone. */
static const char *
own(const char *name, int32_t way)
{
    static char text[8][80];
    static int32_t turn;
    char *out = text[turn++ % 8];

    snprintf(out, sizeof text[0], "%s%s", name, way >= ROUTES ? "_f" : "");
    return out;
}

/* ---- insert_new ---- */

START_TEST(insert_new_leaves_rows_that_are_there_and_adds_the_others)
{
    scene s = begin(own("new", _i), _i, columns, "id", "upsert", "write=insert_new key=id");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01', 'a'), (2, NULL, NULL)");
    load_counts(&s.what, 2, 2);
    load_counts(&s.what, 2, 0);
    sql(s.from, "UPDATE %s SET name = 'changed' WHERE id = 1", s.source);
    table_add(s.from, s.source, "(3, '2024-03-01 10:00:03', 'c')");
    load_counts(&s.what, 3, 1);
    expect_rows(s.to, s.target, columns,
                "1|2024-03-01 10:00:01.000000|a\n2|NULL|NULL\n3|2024-03-01 10:00:03.000000|c\n");
    scene_end(&s);
}
END_TEST

START_TEST(insert_new_takes_the_latest_of_several_rows_of_a_new_key)
{
    scene s = begin(own("new_latest", _i), _i, "id:i at:t rank:i", NULL, "timestamp",
                    "write=insert_new cursor=at key=id latest_by=rank");

    table_add(s.from, s.source,
              "(1, '2024-03-01 10:00:01', 7), (1, '2024-03-01 10:00:02', 5), (2, '2024-03-01 10:00:01', 1),"
              " (2, '2024-03-01 10:00:02', 3)");
    load_counts(&s.what, 4, 2);
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:03', 9), (3, '2024-03-01 10:00:03', 1)");
    incload_run_unref(load_ok(&s.what));
    expect_rows(s.to, s.target, "id:i at:t rank:i",
                "1|2024-03-01 10:00:01.000000|7\n2|2024-03-01 10:00:02.000000|3\n3|2024-03-01 10:00:03.000000|1\n");
    scene_end(&s);
}
END_TEST

/* ---- delete_insert ---- */

START_TEST(delete_insert_puts_whole_groups_in_place_of_those_that_were_there)
{
    scene s = begin(own("groups", _i), _i, "id:i line:i name:s", "id, line", "upsert", "write=delete_insert key=id");

    table_add(s.from, s.source, "(1, 1, 'a'), (1, 2, 'b'), (2, 1, 'c'), (3, 1, 'd')");
    load_counts(&s.what, 4, 4);
    sql(s.from, "DELETE FROM %s WHERE id = 3 OR (id = 1 AND line = 2)", s.source);
    table_add(s.from, s.source, "(2, 2, 'new'), (2, 3, NULL)");
    load_counts(&s.what, 4, 4);
    /* Group 3 did not come: it stays. */
    expect_rows(s.to, s.target, "id:i line:i name:s", "1|1|a\n2|1|c\n2|2|new\n2|3|NULL\n3|1|d\n");
    scene_end(&s);
}
END_TEST

START_TEST(delete_insert_keeps_the_latest_row_where_the_target_takes_one_of_each_key)
{
    scene s = begin(own("one_each", _i), _i, "id:i rank:i name:s", NULL, "upsert",
                    "write=delete_insert key=id latest_by=rank");

    table_make(s.to, s.target, "id:i rank:i name:s", "id");
    table_add(s.from, s.source, "(1, 1, 'old'), (1, 2, 'new'), (2, 5, 'x'), (2, 4, 'y')");
    load_counts(&s.what, 4, 2);
    table_add(s.from, s.source, "(1, 3, 'newest')");
    load_counts(&s.what, 5, 2);
    expect_rows(s.to, s.target, "id:i rank:i name:s", "1|3|newest\n2|5|x\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_part_of_a_group_never_takes_the_place_of_the_whole)
{
    scene s = begin(own("part", _i), _i, "id:i at:t line:i", "id, line", "timestamp",
                    "write=delete_insert cursor=at key=id");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01', 1)");
    load_fails(&s.what, INCLOAD_E_INVALID, "delete_insert|window=all|unique index|part of a group");
    scene_end(&s);
}
END_TEST

START_TEST(rows_with_null_in_the_key_are_refused)
{
    scene s = begin(own("null_key", _i), _i, "id:i name:s", NULL, "upsert", "write=delete_insert key=id");

    table_make(s.to, s.target, "id:i name:s", NULL);
    table_add(s.from, s.source, "(1, 'a')");
    load_counts(&s.what, 1, 1);
    table_add(s.from, s.source, "(NULL, 'b')");
    load_fails(&s.what, INCLOAD_E_DATA, "NULL in key column|'id'");
    expect_rows(s.to, s.target, "id:i name:s", "1|a\n");
    scene_end(&s);
}
END_TEST

/* ---- replace_interval ---- */

static const char january[] = "cursor=at initial='2024-01-01 00:00:00' until='2024-02-01 00:00:00'";

START_TEST(an_interval_takes_the_place_of_what_was_in_it_and_leaves_its_neighbours)
{
    scene s = begin(own("interval", _i), _i, columns, "id", "interval", january);

    table_add(s.from, s.source,
              "(1, '2023-12-31 23:59:59.999999', 'before'), (2, '2024-01-01 00:00:00', 'first'),"
              " (3, '2024-01-31 23:59:59.999999', 'last'), (4, '2024-02-01 00:00:00', 'after')");
    load_counts(&s.what, 2, 2);
    table_add(s.to, s.target, "(1, '2023-12-31 23:59:59.999999', 'kept'), (4, '2024-02-01 00:00:00.000000', 'kept'),"
                              " (9, '2024-01-15 00:00:00', 'gone')");
    sql(s.from, "DELETE FROM %s WHERE id = 3", s.source);
    sql(s.from, "UPDATE %s SET name = 'changed' WHERE id = 2", s.source);
    load_counts(&s.what, 1, 1);
    expect_rows(s.to, s.target, columns,
                "1|2023-12-31 23:59:59.999999|kept\n2|2024-01-01 00:00:00.000000|changed\n"
                "4|2024-02-01 00:00:00.000000|kept\n");
    scene_end(&s);
}
END_TEST

START_TEST(an_interval_without_rows_empties_that_of_the_target)
{
    scene s = begin(own("interval_none", _i), _i, columns, "id", "interval", january);

    table_add(s.from, s.source, "(1, '2024-01-10 00:00:00', 'a'), (2, '2024-01-11 00:00:00', 'b')");
    load_counts(&s.what, 2, 2);
    table_add(s.to, s.target, "(3, '2024-02-11 00:00:00', 'c')");
    sql(s.from, "DELETE FROM %s", s.source);
    load_counts(&s.what, 0, 0);
    expect_rows(s.to, s.target, columns, "3|2024-02-11 00:00:00.000000|c\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_row_that_moved_out_of_its_interval_is_replaced_by_its_key)
{
    scene s = begin(own("moved", _i), _i, columns, "id", "interval",
                    "key=id cursor=at initial='2024-01-01 00:00:00' until='2024-02-01 00:00:00'");

    table_add(s.from, s.source, "(1, '2024-01-10 00:00:00', 'a'), (2, '2024-01-11 00:00:00', 'b')");
    load_counts(&s.what, 2, 2);
    sql(s.to, "UPDATE %s SET at = '2023-06-01 00:00:00.000000' WHERE id = 1", s.target);
    load_counts(&s.what, 2, 2);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(rows_without_a_position_follow_null_cursor_in_an_interval)
{
    char options[200];
    scene s = begin(own("interval_null", _i), _i, columns, "id", "interval", january);

    table_add(s.from, s.source, "(1, '2024-01-10 00:00:00', 'a'), (2, NULL, 'b'), (3, '2024-05-10 00:00:00', 'c')");
    load_fails(&s.what, INCLOAD_E_NULL_CURSOR, "'at'|null_cursor=include|null_cursor=exclude");
    snprintf(options, sizeof options, "%s null_cursor=exclude", january);
    s.what.options = options;
    load_counts(&s.what, 1, 1);
    snprintf(options, sizeof options, "%s null_cursor=include", january);
    load_counts(&s.what, 2, 2);
    sql(s.from, "UPDATE %s SET name = 'changed' WHERE id = 2", s.source);
    load_counts(&s.what, 2, 2);
    expect_rows(s.to, s.target, columns, "1|2024-01-10 00:00:00.000000|a\n2|NULL|changed\n");
    scene_end(&s);
}
END_TEST

START_TEST(an_interval_of_numbers_and_a_day_as_a_bound_are_understood)
{
    scene s = begin(own("numbers", _i), _i, "id:i n:i", "id", "interval", "cursor=n initial=9 until=11");

    table_add(s.from, s.source, "(1, 8), (2, 9), (3, 10), (4, 11), (5, 100)");
    load_counts(&s.what, 2, 2);
    load_counts(&s.what, 2, 2);
    expect_rows(s.to, s.target, "id:i n:i", "2|9\n3|10\n");
    scene_end(&s);

    scene day = begin(own("days", _i), _i, columns, "id", "interval", "cursor=at initial=2024-01-01 until=2024-01-02");
    table_add(day.from, day.source,
              "(1, '2024-01-01 00:00:00', 'a'), (2, '2024-01-01 23:59:59.999999', 'b'),"
              " (3, '2024-01-02 00:00:00', 'c')");
    load_counts(&day.what, 2, 2);
    load_counts(&day.what, 2, 2);
    expect_rows(day.to, day.target, columns,
                "1|2024-01-01 00:00:00.000000|a\n2|2024-01-01 23:59:59.999999|b\n");
    scene_end(&day);
}
END_TEST

START_TEST(an_interval_moves_no_watermark)
{
    scene s = begin(own("no_mark", _i), _i, columns, "id", "interval", january);

    table_add(s.from, s.source, "(1, '2024-01-10 00:00:00', 'a')");
    incload_run *run = load_ok(&s.what);
    ck_assert_str_eq(incload_run_watermark(run) != NULL ? incload_run_watermark(run) : "", "");
    incload_run_unref(run);
    scene_end(&s);
}
END_TEST

START_TEST(an_interval_may_be_merged_or_appended)
{
    char options[200];
    scene s = begin(own("backfill", _i), _i, columns, "id", "interval", NULL);

    table_add(s.from, s.source, "(1, '2024-01-10 00:00:00', 'a'), (2, '2024-03-10 00:00:00', 'b')");
    snprintf(options, sizeof options, "write=merge key=id %s", january);
    s.what.options = options;
    load_counts(&s.what, 1, 1);
    load_counts(&s.what, 1, 0);
    snprintf(options, sizeof options,
             "write=append cursor=at initial='2024-03-01 00:00:00' until='2024-04-01 00:00:00'");
    load_fails(&s.what, INCLOAD_E_STATE, "has rows|append_to_rows=true");
    snprintf(options, sizeof options,
             "write=append append_to_rows=true cursor=at initial='2024-03-01 00:00:00' until='2024-04-01 00:00:00'");
    load_counts(&s.what, 1, 1);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

/* ---- replace ---- */

START_TEST(replace_makes_the_target_equal_to_the_source)
{
    scene s = begin(own("whole", _i), _i, columns, "id", "full_refresh", NULL);

    table_add(s.from, s.source, "(1, '2024-01-10 00:00:00', 'a'), (2, NULL, 'b')");
    load_counts(&s.what, 2, 2);
    sql(s.from, "DELETE FROM %s WHERE id = 1", s.source);
    table_add(s.from, s.source, "(3, NULL, NULL)");
    load_counts(&s.what, 2, 2);
    load_counts(&s.what, 2, 2);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(replace_by_nothing_is_refused_unless_it_is_allowed)
{
    scene s = begin(own("nothing", _i), _i, columns, "id", "full_refresh", NULL);

    load_counts(&s.what, 0, 0);
    table_add(s.from, s.source, "(1, '2024-01-10 00:00:00', 'a')");
    load_counts(&s.what, 1, 1);
    sql(s.from, "DELETE FROM %s", s.source);
    load_fails(&s.what, INCLOAD_E_STATE, "no row came|allow_empty=true");
    load_fails(&s.what, INCLOAD_E_STATE, s.target);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 1);
    s.what.options = "allow_empty=true";
    load_counts(&s.what, 0, 0);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 0);
    scene_end(&s);
}
END_TEST

START_TEST(replace_keeps_the_latest_row_of_a_key)
{
    scene s = begin(own("whole_key", _i), _i, "id:i rank:i", NULL, "full_refresh", "key=id latest_by=rank");

    table_add(s.from, s.source, "(1, 2), (1, 1), (2, 1)");
    load_counts(&s.what, 3, 2);
    load_counts(&s.what, 3, 2);
    expect_rows(s.to, s.target, "id:i rank:i", "1|2\n2|1\n");
    scene_end(&s);
}
END_TEST

START_TEST(rows_that_others_follow_by_a_foreign_key_are_not_taken_out)
{
    static const char *const presets[] = { "full_refresh", "interval", "upsert" };
    static const char *const options[] = { NULL, "cursor=n initial=0 until=9", "write=delete_insert key=id" };
    scene s = scene_begin("parent", _i, "id:i n:i", "id", NULL);
    char child[80];

    snprintf(child, sizeof child, "%s_child", s.target);
    table_make(s.to, s.target, "id:i n:i", "id");
    table_add(s.from, s.source, "(1, 1)");
    table_add(s.to, s.target, "(1, 2)");
    sql(s.to, "CREATE TABLE %s (parent bigint, FOREIGN KEY (parent) REFERENCES %s (id) ON DELETE CASCADE)", child,
        s.target);
    sql(s.to, "INSERT INTO %s VALUES (1)", child);
    for (int i = 0; i < 3; i++) {
        s.what.preset = presets[i];
        s.what.options = options[i];
        load_fails(&s.what, INCLOAD_E_UNSUPPORTED, "_child|foreign key|ON DELETE CASCADE|write=merge");
    }
    s.what.preset = "upsert";
    s.what.options = "key=id";
    load_counts(&s.what, 1, 1);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", child), 1);
    table_drop(s.to, child);
    scene_end(&s);
}
END_TEST

/* ---- what makes no sense ---- */

START_TEST(what_does_not_go_together_is_refused_with_the_remedy)
{
    static const struct {
        const char *preset, *options, *words;
    } bad[] = {
        { "full_refresh", "window=since cursor=at", "write=replace needs window=all|write=merge" },
        { "full_refresh", "window=interval cursor=at initial=1 until=2", "write=replace needs window=all" },
        { "interval", "cursor=at", "'initial' and 'until'" },
        { "interval", "cursor=at initial=2024-01-01", "'initial' and 'until'" },
        { "interval", "initial=2024-01-01 until=2024-01-02", "option 'cursor'" },
        { "interval", "window=all", "write=replace_interval needs window=interval" },
        { "upsert", "write=insert_new", "write=insert_new needs option 'key'" },
        { "upsert", "write=delete_insert", "write=delete_insert needs option 'key'" },
        { "upsert", "key=id initial=1", "window=since or window=interval" },
        { "upsert", "key=id allow_empty=true", "allow_empty needs write=replace" },
        { "upsert", "key=id deletes=soft", "deletes=soft needs delete_marker or detect_deletes" },
        { "upsert", "key=id write=insert_new detect_deletes=keys", "detect_deletes needs write=merge" },
        { "full_refresh", "delete_marker=name", "delete_marker needs write=merge" },
    };
    scene s = scene_begin("senseless", 0, columns, "id", NULL);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        s.what.preset = bad[i].preset;
        s.what.options = bad[i].options;
        load_fails(&s.what, INCLOAD_E_INVALID, bad[i].words);
    }
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, insert_new_leaves_rows_that_are_there_and_adds_the_others, 0, WAYS);
    tcase_add_loop_test(tests, insert_new_takes_the_latest_of_several_rows_of_a_new_key, 0, WAYS);
    tcase_add_loop_test(tests, delete_insert_puts_whole_groups_in_place_of_those_that_were_there, 0, WAYS);
    tcase_add_loop_test(tests, delete_insert_keeps_the_latest_row_where_the_target_takes_one_of_each_key, 0, WAYS);
    tcase_add_loop_test(tests, a_part_of_a_group_never_takes_the_place_of_the_whole, 0, ROUTES);
    tcase_add_loop_test(tests, rows_with_null_in_the_key_are_refused, 0, ROUTES);
    tcase_add_loop_test(tests, an_interval_takes_the_place_of_what_was_in_it_and_leaves_its_neighbours, 0, WAYS);
    tcase_add_loop_test(tests, an_interval_without_rows_empties_that_of_the_target, 0, WAYS);
    tcase_add_loop_test(tests, a_row_that_moved_out_of_its_interval_is_replaced_by_its_key, 0, WAYS);
    tcase_add_loop_test(tests, rows_without_a_position_follow_null_cursor_in_an_interval, 0, WAYS);
    tcase_add_loop_test(tests, an_interval_of_numbers_and_a_day_as_a_bound_are_understood, 0, WAYS);
    tcase_add_loop_test(tests, an_interval_moves_no_watermark, 0, DATABASES);
    tcase_add_loop_test(tests, an_interval_may_be_merged_or_appended, 0, ROUTES);
    tcase_add_loop_test(tests, replace_makes_the_target_equal_to_the_source, 0, WAYS);
    tcase_add_loop_test(tests, replace_by_nothing_is_refused_unless_it_is_allowed, 0, WAYS);
    tcase_add_loop_test(tests, replace_keeps_the_latest_row_of_a_key, 0, WAYS);
    tcase_add_loop_test(tests, rows_that_others_follow_by_a_foreign_key_are_not_taken_out, 0, DATABASES);
    tcase_add_test(tests, what_does_not_go_together_is_refused_with_the_remedy);
}

int
main(void)
{
    return run_tests("modes", 60, add_tests);
}
