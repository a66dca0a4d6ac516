/* SPDX-License-Identifier: Apache-2.0 */
/* How rows land: which of several rows of one key wins, keys of many columns, what is not written, and appending. */
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";

/* Two tables as one source: a key may come twice. Freed by the caller with the scene's second table. */
static char *
both(const scene *s)
{
    char *query = malloc(512);

    table_make(s->from, "other_rows", columns, NULL);
    snprintf(query, 512, "SELECT id, at, name FROM %s UNION ALL SELECT id, at, name FROM other_rows", s->source);
    return query;
}

START_TEST(the_last_row_of_a_key_in_cursor_order_wins)
{
    scene s = scene_begin("last", _i, columns, NULL, "cursor=at key=id");
    char *query = both(&s);

    s.what.table = NULL;
    s.what.query = query;
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:02', 'new'), (2, '2024-03-01 10:00:01', 'old')");
    table_add(s.from, "other_rows", "(1, '2024-03-01 10:00:01', 'old'), (2, '2024-03-01 10:00:02', 'new')");
    load_counts(&s.what, 4, 2);
    expect_rows(s.to, s.target, columns,
                "1|2024-03-01 10:00:02.000000|new\n2|2024-03-01 10:00:02.000000|new\n");
    /* Into a target with rows as well. */
    table_add(s.from, s.source, "(3, '2024-03-01 10:00:04', 'new'), (1, '2024-03-01 10:00:05', 'newest')");
    table_add(s.from, "other_rows", "(3, '2024-03-01 10:00:03', 'old'), (1, '2024-03-01 10:00:04', 'newer')");
    load_counts(&s.what, 6, 2);
    expect_rows(s.to, s.target, columns,
                "1|2024-03-01 10:00:05.000000|newest\n2|2024-03-01 10:00:02.000000|new\n"
                "3|2024-03-01 10:00:04.000000|new\n");
    free(query);
    scene_end(&s);
}
END_TEST

START_TEST(the_greatest_value_of_latest_by_wins_where_it_is_named)
{
    scene s = scene_begin("latest", _i, "id:i at:t rank:i", NULL, "cursor=at key=id latest_by=rank");

    table_add(s.from, s.source,
              "(1, '2024-03-01 10:00:01', 7), (1, '2024-03-01 10:00:02', 5), (2, '2024-03-01 10:00:01', 1),"
              " (2, '2024-03-01 10:00:02', NULL), (3, '2024-03-01 10:00:01', 10), (3, '2024-03-01 10:00:00', 9)");
    load_counts(&s.what, 6, 3);
    expect_rows(s.to, s.target, "id:i at:t rank:i",
                "1|2024-03-01 10:00:01.000000|7\n2|2024-03-01 10:00:01.000000|1\n3|2024-03-01 10:00:01.000000|10\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_later_load_wins_over_a_newer_stamp_in_the_target)
{
    scene s = scene_begin("later", _i, columns, "id", "key=id");

    s.what.preset = "upsert";
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:05', 'x')");
    load_counts(&s.what, 1, 1);
    sql(s.from, "UPDATE %s SET at = '2024-03-01 10:00:03.000000', name = 'y'", s.source);
    load_counts(&s.what, 1, 1);
    expect_rows(s.to, s.target, columns, "1|2024-03-01 10:00:03.000000|y\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_key_of_several_columns_identifies_a_row_by_all_of_them)
{
    static const char wide[] = "tenant:s id:i at:t name:s";
    scene s = scene_begin("composite", _i, wide, "tenant, id", "cursor=at key=tenant,id");

    table_add(s.from, s.source,
              "('a', 1, '2024-03-01 10:00:01', 'a1'), ('b', 1, '2024-03-01 10:00:01', 'b1'),"
              " ('A', 1, '2024-03-01 10:00:01', 'A1'), ('a b', 1, '2024-03-01 10:00:01', 'a b 1')");
    load_counts(&s.what, 4, 4);
    sql(s.from, "UPDATE %s SET name = 'changed', at = '2024-03-01 10:00:02.000000' WHERE tenant = 'b'", s.source);
    load_counts(&s.what, 4, 1);
    expect_equal(s.from, s.to, s.source, s.target, wide);
    scene_end(&s);
}
END_TEST

START_TEST(rows_that_are_there_unchanged_are_not_written)
{
    static const char wide[] = "id:i at:t name:s f:f n:i";
    scene s = scene_begin("unchanged", _i, wide, "id", "key=id");

    s.what.preset = "upsert";
    table_add(s.from, s.source,
              "(1, '2024-03-01 10:00:01.5', NULL, 0.1, NULL), (2, NULL, '', NULL, 0), (3, NULL, 'a', 1e-7, 1)");
    load_counts(&s.what, 3, 3);
    load_counts(&s.what, 3, 0);
    sql(s.from, "UPDATE %s SET name = NULL WHERE id = 2", s.source);
    load_counts(&s.what, 3, 1);
    sql(s.from, "UPDATE %s SET name = 'A' WHERE id = 3", s.source);
    load_counts(&s.what, 3, 1);
    sql(s.from, "UPDATE %s SET name = 'A ' WHERE id = 3", s.source);
    load_counts(&s.what, 3, 1);
    expect_equal(s.from, s.to, s.source, s.target, wide);
    scene_end(&s);
}
END_TEST

START_TEST(a_table_that_is_all_key_can_be_merged)
{
    scene s = scene_begin("all_key", _i, "a:i b:s", "a, b", "key=a,b");

    s.what.preset = "upsert";
    table_add(s.from, s.source, "(1, 'x'), (1, 'y')");
    load_counts(&s.what, 2, 2);
    table_add(s.from, s.source, "(2, 'x')");
    load_counts(&s.what, 3, 1);
    expect_equal(s.from, s.to, s.source, s.target, "a:i b:s");
    scene_end(&s);
}
END_TEST

START_TEST(a_merge_into_a_table_without_that_key_is_refused)
{
    scene s = scene_begin("no_key", _i, columns, "id", "cursor=at key=id");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:05', 'x')");
    table_make(s.to, s.target, columns, NULL);
    load_fails(&s.what, INCLOAD_E_CONSTRAINT, s.target);
    load_fails(&s.what, INCLOAD_E_CONSTRAINT, "primary key or unique index|'key'");
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 0);
    scene_end(&s);
}
END_TEST

/* ---- append ---- */

START_TEST(appending_a_whole_table_is_refused_when_the_target_has_rows)
{
    scene s = scene_begin("append_all", _i, columns, "id", NULL);

    s.what.preset = "append";
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:05', 'x'), (2, NULL, 'y')");
    load_counts(&s.what, 2, 2);
    load_fails(&s.what, INCLOAD_E_STATE, "has rows|write=merge|append_to_rows=true");
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(appending_to_rows_repeats_them_when_that_is_asked_for)
{
    scene s = scene_begin("append_more", _i, columns, NULL, "append_to_rows=true");

    s.what.preset = "append";
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:05', 'x')");
    load_counts(&s.what, 1, 1);
    load_counts(&s.what, 1, 1);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 2);
    scene_end(&s);
}
END_TEST

START_TEST(appending_what_is_new_keeps_every_version_and_doubles_no_row)
{
    scene s = scene_begin("append_since", _i, columns, "id", "write=append cursor=at");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:05', 'x'), (2, '2024-03-01 10:00:05', NULL)");
    load_counts(&s.what, 2, 2);
    load_counts(&s.what, 2, 0);
    table_add(s.from, s.source, "(3, '2024-03-01 10:00:05', 'late')");
    load_counts(&s.what, 3, 1);
    sql(s.from, "UPDATE %s SET name = 'z', at = '2024-03-01 10:00:06.000000' WHERE id = 1", s.source);
    load_counts(&s.what, 3, 1);
    load_counts(&s.what, 1, 0);
    expect_rows(s.to, s.target, columns,
                "1|2024-03-01 10:00:05.000000|x\n1|2024-03-01 10:00:06.000000|z\n2|2024-03-01 10:00:05.000000|NULL\n"
                "3|2024-03-01 10:00:05.000000|late\n");
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, the_last_row_of_a_key_in_cursor_order_wins, 0, ROUTES);
    tcase_add_loop_test(tests, the_greatest_value_of_latest_by_wins_where_it_is_named, 0, ROUTES);
    tcase_add_loop_test(tests, a_later_load_wins_over_a_newer_stamp_in_the_target, 0, ROUTES);
    tcase_add_loop_test(tests, a_key_of_several_columns_identifies_a_row_by_all_of_them, 0, ROUTES);
    tcase_add_loop_test(tests, rows_that_are_there_unchanged_are_not_written, 0, ROUTES);
    tcase_add_loop_test(tests, a_table_that_is_all_key_can_be_merged, 0, ROUTES);
    tcase_add_loop_test(tests, a_merge_into_a_table_without_that_key_is_refused, 0, ROUTES);
    tcase_add_loop_test(tests, appending_a_whole_table_is_refused_when_the_target_has_rows, 0, ROUTES);
    tcase_add_loop_test(tests, appending_to_rows_repeats_them_when_that_is_asked_for, 0, ROUTES);
    tcase_add_loop_test(tests, appending_what_is_new_keeps_every_version_and_doubles_no_row, 0, ROUTES);
}

int
main(void)
{
    return run_tests("merge", 60, add_tests);
}
