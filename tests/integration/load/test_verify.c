/* SPDX-License-Identifier: Apache-2.0 */
/* What a verification finds: every difference, told as what it is, and none where there is none; on all routes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifying.h"

static const char columns[] = "id:i at:t name:s size:i part:f";
static const char rows[] = "(1, '2024-03-01 10:00:01.000000', 'a', 10, 0.5), "
                           "(2, '2024-03-01 10:00:02.000000', 'b', 20, 0.1), "
                           "(3, '2024-03-01 10:00:03.000000', NULL, NULL, NULL), "
                           "(4, '2024-03-01 10:00:04.500000', '', 0, 0), "
                           "(5, '2024-03-01 10:00:05.123456', 'NULL', -5, -1e300), "
                           "(9, '2024-03-01 10:00:09.000000', 'a|b', 9, 9)";

/* Behind the routes: those between two PostgreSQL databases, and inside one, with digests by the servers. */
enum { WAYS = ROUTES + 2 };

static scene
begin(const char *name, int32_t way, const char *of, const char *key, const char *options)
{
    static char load_name[64];
    int32_t route = way < ROUTES ? way : way == ROUTES ? 0 : PAIRS;
    scene s = scene_begin(name, route, of, key, options);

    verify_always = way < ROUTES ? "" : "digest=database";
    snprintf(load_name, sizeof load_name, "%s %d", name, (int)way);
    s.what.name = load_name;
    return s;
}

/* A target that was just loaded. */
static scene
loaded(const char *name, int32_t way)
{
    scene s = begin(name, way, columns, "id", "cursor=at key=id");

    table_add(s.from, s.source, rows);
    load_counts(&s.what, 6, 6);
    return s;
}

static const char *
at_text(place at, const char *timestamp)
{
    static char text[64];

    snprintf(text, sizeof text, at.kind == SQLITE || at.kind == MARIADB ? "'%s'" : "timestamp '%s'", timestamp);
    return text;
}

START_TEST(a_target_is_equal_after_a_load)
{
    scene s = loaded("equal", _i);

    verify_equal(&s.what, NULL, 6);
    verify_equal(&s.what, "window=loaded", 6);
    verify_equal(&s.what, "digest=client", 6);
    scene_end(&s);
}
END_TEST

START_TEST(empty_tables_are_equal_and_one_empty_table_is_not)
{
    scene s = loaded("empty", _i);

    sql(s.from, "DELETE FROM %s", s.source);
    verify_counts(&s.what, NULL, (differences){ .extra = 6 });
    sql(s.to, "DELETE FROM %s", s.target);
    verify_equal(&s.what, NULL, 0);
    table_add(s.from, s.source, rows);
    verify_counts(&s.what, NULL, (differences){ .missing = 6 });
    scene_end(&s);
}
END_TEST

/* One cell of the target, and what the list must say. */
static const struct {
    const char *set, *says;
} cells[] = {
    { "name = 'A' WHERE id = 1", "CHANGED id = 1 (name)" },
    { "name = 'a ' WHERE id = 1", "CHANGED id = 1 (name)" },
    { "name = NULL WHERE id = 1", "CHANGED id = 1 (name)" },
    { "name = '' WHERE id = 3", "CHANGED id = 3 (name)" },
    { "name = 'NULL' WHERE id = 3", "CHANGED id = 3 (name)" },
    { "name = NULL WHERE id = 4", "CHANGED id = 4 (name)" },
    { "name = NULL WHERE id = 5", "CHANGED id = 5 (name)" },
    { "size = 11 WHERE id = 1", "CHANGED id = 1 (size)" },
    { "size = -10 WHERE id = 1", "CHANGED id = 1 (size)" },
    { "size = 0 WHERE id = 3", "CHANGED id = 3 (size)" },
    { "size = NULL WHERE id = 4", "CHANGED id = 4 (size)" },
    { "size = size + 4294967296 WHERE id = 4", "CHANGED id = 4 (size)" },
    { "part = 0.50000000000000011 WHERE id = 1", "CHANGED id = 1 (part)" },
    { "part = 0 WHERE id = 3", "CHANGED id = 3 (part)" },
    { "part = 1e300 WHERE id = 5", "CHANGED id = 5 (part)" },
    { "name = 'b', size = 20, part = 0.1 WHERE id = 1", "CHANGED id = 1 (name, size, part)" },
    { "id = 7 WHERE id = 1", "EXTRA id = 7\nMISSING id = 1" },
    { "id = -7 WHERE id = 9", "EXTRA id = -7\nMISSING id = 9" },
    { "id = 4294967305 WHERE id = 9", "EXTRA id = 4294967305\nMISSING id = 9" },
};

START_TEST(one_changed_cell_is_found_and_named)
{
    scene s = loaded("cell", _i);

    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        sql(s.to, "UPDATE %s SET %s", s.target, cells[i].set);
        verify_lists(&s.what, NULL, cells[i].says);
        sql(s.to, "DELETE FROM %s", s.target);
        table_add(s.to, s.target, rows);
        verify_equal(&s.what, NULL, 6);
    }
    scene_end(&s);
}
END_TEST

START_TEST(a_microsecond_is_a_difference)
{
    scene s = loaded("microsecond", _i);

    sql(s.to, "UPDATE %s SET at = %s WHERE id = 5", s.target, at_text(s.to, "2024-03-01 10:00:05.123457"));
    verify_lists(&s.what, NULL, "CHANGED id = 5 (at)");
    scene_end(&s);
}
END_TEST

START_TEST(values_that_changed_places_are_found)
{
    scene s = loaded("places", _i);

    /* Between rows: every column still has the same values. */
    sql(s.to, "UPDATE %s SET name = CASE id WHEN 1 THEN 'b' ELSE 'a' END WHERE id IN (1, 2)", s.target);
    verify_lists(&s.what, NULL, "CHANGED id = 1 (name)\nCHANGED id = 2 (name)");
    sql(s.to, "UPDATE %s SET name = CASE id WHEN 1 THEN 'a' ELSE 'b' END WHERE id IN (1, 2)", s.target);
    verify_equal(&s.what, NULL, 6);
    /* Between columns, and over their border. */
    sql(s.to, "UPDATE %s SET size = 9, part = 9, name = 'a' WHERE id = 9", s.target);
    verify_lists(&s.what, NULL, "CHANGED id = 9 (name)");
    scene_end(&s);
}
END_TEST

START_TEST(missing_and_extra_rows_are_told_apart)
{
    scene s = loaded("apart", _i);

    sql(s.to, "DELETE FROM %s WHERE id IN (2, 3)", s.target);
    table_add(s.to, s.target, "(0, '2024-03-01 10:00:00.000000', 'x', 1, 1)");
    table_add(s.to, s.target, "(100000, '2024-03-01 10:00:00.000000', 'x', 1, 1)");
    verify_lists(&s.what, NULL, "EXTRA id = 0\nEXTRA id = 100000\nMISSING id = 2\nMISSING id = 3");
    verify_counts(&s.what, "list=0", (differences){ .missing = 2, .extra = 2 });
    scene_end(&s);
}
END_TEST

START_TEST(rows_without_a_key_are_a_multiset)
{
    scene s = begin("multiset", _i, "a:s b:s", NULL, NULL);

    s.what.preset = "append";
    table_add(s.from, s.source, "('a|b', 'c'), ('a|b', 'c'), ('x', NULL), ('', 'x')");
    load_counts(&s.what, 4, 4);
    verify_equal(&s.what, NULL, 4);

    table_add(s.to, s.target, "('x', NULL)");
    verify_lists(&s.what, NULL, "DUPLICATED a = 'x', b = NULL");
    table_add(s.from, s.source, "('x', NULL), ('x', NULL)");
    verify_lists(&s.what, NULL, "MISSING a = 'x', b = NULL");
    table_add(s.to, s.target, "('x', NULL)");
    verify_equal(&s.what, NULL, 6);

    sql(s.to, "DELETE FROM %s WHERE a = 'a|b'", s.target);
    table_add(s.to, s.target, "('a', 'b|c'), ('a', 'b|c')");
    verify_lists(&s.what, NULL, "EXTRA a = 'a', b = 'b|c'\nMISSING a = 'a|b', b = 'c'");
    verify_counts(&s.what, NULL, (differences){ .missing = 2, .extra = 2 });
    scene_end(&s);
}
END_TEST

START_TEST(a_key_that_is_there_twice_is_told_as_duplicated)
{
    scene s = begin("twice", _i, columns, "id", "cursor=at key=id");

    table_add(s.from, s.source, rows);
    table_make(s.to, s.target, columns, NULL);
    table_add(s.to, s.target, rows);
    verify_equal(&s.what, NULL, 6);

    table_add(s.to, s.target, "(1, '2024-03-01 10:00:01.000000', 'a', 10, 0.5)");
    verify_lists(&s.what, NULL, "DUPLICATED id = 1");
    /* Another version beside the right one. */
    table_add(s.to, s.target, "(2, '2024-03-01 10:00:02.000000', 'old', 20, 0.1)");
    verify_lists(&s.what, NULL, "DUPLICATED id = 1\nDUPLICATED id = 2");
    sql(s.to, "DELETE FROM %s WHERE name = 'b'", s.target);
    table_add(s.to, s.target, "(2, '2024-03-01 10:00:02.000000', 'older', 20, 0.1)");
    verify_counts(&s.what, NULL, (differences){ .changed = 1, .duplicated = 2 });
    scene_end(&s);
}
END_TEST

START_TEST(keys_of_text_and_of_two_columns_serve_as_well)
{
    scene s = begin("text_key", _i, "a:s b:s n:i", "a, b", "key=a,b");

    s.what.preset = "upsert";
    table_make(s.to, s.target, "a:s b:s n:i", "a, b");
    table_add(s.from, s.source, "('a', 'b|c', 1), ('a|b', 'c', 2), ('A', 'b|c', 3), ('it''s', '', 4)");
    load_counts(&s.what, 4, 4);
    verify_equal(&s.what, NULL, 4);
    sql(s.to, "UPDATE %s SET n = 5 WHERE n = 4", s.target);
    sql(s.to, "DELETE FROM %s WHERE n = 3", s.target);
    table_add(s.to, s.target, "('a|b|c', '', 3)");
    verify_lists(&s.what, NULL, "CHANGED a = 'it''s', b = '' (n)\nEXTRA a = 'a|b|c', b = ''\n"
                                "MISSING a = 'A', b = 'b|c'");
    scene_end(&s);
}
END_TEST

START_TEST(a_query_is_verified_as_it_is_loaded)
{
    const char *const bound[] = { "5", NULL };
    scene s = begin("of_query", _i, columns, "id", "cursor=at key=id columns=id:number,at,twice");
    char text[200];

    table_add(s.from, s.source, rows);
    snprintf(text, sizeof text, "SELECT id, at, size * 2 AS twice FROM %s WHERE id < %s -- the end", s.source,
             s.from.kind == POSTGRES ? "$1::bigint" : "?");
    s.what.table = NULL;
    s.what.query = text;
    s.what.bound = bound;
    load_counts(&s.what, 4, 4);
    verify_equal(&s.what, NULL, 4);
    verify_equal(&s.what, "window=loaded", 4);
    sql(s.to, "UPDATE %s SET twice = 1 WHERE number = 2", s.target);
    verify_lists(&s.what, NULL, "CHANGED id = 2 (twice)");
    verify_lists(&s.what, "window=loaded", "CHANGED id = 2 (twice)");
    scene_end(&s);
}
END_TEST

START_TEST(only_loaded_columns_count)
{
    scene s = begin("some", _i, columns, "id", "cursor=at key=id columns=id:nr,at,name:word");

    table_add(s.from, s.source, rows);
    load_counts(&s.what, 6, 6);
    sql(s.from, "UPDATE %s SET size = 77", s.source);
    verify_equal(&s.what, NULL, 6);
    sql(s.to, "UPDATE %s SET word = 'z' WHERE nr = 1", s.target);
    verify_lists(&s.what, NULL, "CHANGED id = 1 (name)");
    scene_end(&s);
}
END_TEST

START_TEST(what_came_after_the_load_is_outside_of_the_loaded_window)
{
    scene s = loaded("window", _i);

    table_add(s.from, s.source, "(20, '2024-03-02 00:00:00.000000', 'new', 1, 1)");
    sql(s.from, "UPDATE %s SET at = %s, name = 'newer' WHERE id = 2", s.source,
        at_text(s.from, "2024-03-02 00:00:01.000000"));
    verify_lists(&s.what, NULL, "CHANGED id = 2 (at, name)\nMISSING id = 20");

    incload_verification *found = verify_ok(&s.what, "window=loaded");
    ck_assert_int_eq(incload_verification_is_equal(found), 1);
    ck_assert_int_eq(incload_verification_pending(found), 1);
    ck_assert_int_eq(incload_verification_source_rows(found), 5);
    ck_assert_int_eq(incload_verification_target_rows(found), 6);
    incload_verification_unref(found);

    /* But what was loaded and is wrong is found. */
    sql(s.to, "UPDATE %s SET name = 'wrong' WHERE id = 4", s.target);
    sql(s.to, "DELETE FROM %s WHERE id = 1", s.target);
    sql(s.to, "UPDATE %s SET at = %s WHERE id = 5", s.target, at_text(s.to, "2024-03-05 00:00:00.000000"));
    verify_lists(&s.what, "window=loaded", "CHANGED id = 4 (name)\nCHANGED id = 5 (at)\nMISSING id = 1");
    scene_end(&s);
}
END_TEST

START_TEST(rows_without_a_position_follow_the_policy)
{
    scene s = begin("policy", _i, columns, "id", "cursor=at key=id null_cursor=exclude");

    table_add(s.from, s.source, rows);
    table_add(s.from, s.source, "(30, NULL, 'x', 1, 1)");
    load_counts(&s.what, 6, 6);
    verify_equal(&s.what, NULL, 6);
    verify_equal(&s.what, "window=loaded", 6);
    s.what.options = "cursor=at key=id null_cursor=include";
    verify_lists(&s.what, NULL, "MISSING id = 30");
    verify_lists(&s.what, "window=loaded", "MISSING id = 30");
    s.what.options = "cursor=at key=id";
    verify_lists(&s.what, NULL, "MISSING id = 30");
    verify_equal(&s.what, "window=loaded", 6);
    scene_end(&s);
}
END_TEST

START_TEST(a_load_of_a_part_is_verified_in_that_part)
{
    scene s = begin("part", _i, columns, "id",
                          "cursor=at key=id initial='2024-03-01 10:00:02' until='2024-03-01 10:00:05'");

    table_add(s.from, s.source, rows);
    load_counts(&s.what, 3, 3);
    verify_equal(&s.what, NULL, 3);
    verify_equal(&s.what, "window=loaded", 3);
    sql(s.to, "UPDATE %s SET size = 1 WHERE id = 4", s.target);
    verify_lists(&s.what, NULL, "CHANGED id = 4 (size)");
    scene_end(&s);
}
END_TEST

START_TEST(long_values_of_a_key_are_cut_in_the_list_alone)
{
    scene s = begin("long", _i, "a:s n:i", "a", "key=a");
    char a[151], line[64];

    s.what.preset = "upsert";
    memset(a, 'x', 150);
    a[150] = '\0';
    snprintf(line, sizeof line, "MISSING a = '%.20s", a);
    sql(s.from, "INSERT INTO %s VALUES ('%s1', 1), ('%s2', 2)", s.source, a, a);
    load_counts(&s.what, 2, 2);
    sql(s.to, "DELETE FROM %s WHERE n = 2", s.target);
    incload_verification *found = verify_ok(&s.what, NULL);
    ck_assert_int_eq(incload_verification_difference_count(found), 1);
    char *text = difference_text(found, 0);
    ck_assert_ptr_eq(strstr(text, line), text);
    ck_assert_str_eq(text + strlen(text) - 3, "x2'");
    free(text);
    incload_verification_unref(found);
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_target_is_equal_after_a_load, 0, WAYS);
    tcase_add_loop_test(tests, empty_tables_are_equal_and_one_empty_table_is_not, 0, WAYS);
    tcase_add_loop_test(tests, one_changed_cell_is_found_and_named, 0, WAYS);
    tcase_add_loop_test(tests, a_microsecond_is_a_difference, 0, WAYS);
    tcase_add_loop_test(tests, values_that_changed_places_are_found, 0, WAYS);
    tcase_add_loop_test(tests, missing_and_extra_rows_are_told_apart, 0, WAYS);
    tcase_add_loop_test(tests, rows_without_a_key_are_a_multiset, 0, WAYS);
    tcase_add_loop_test(tests, a_key_that_is_there_twice_is_told_as_duplicated, 0, WAYS);
    tcase_add_loop_test(tests, keys_of_text_and_of_two_columns_serve_as_well, 0, WAYS);
    tcase_add_loop_test(tests, a_query_is_verified_as_it_is_loaded, 0, WAYS);
    tcase_add_loop_test(tests, only_loaded_columns_count, 0, WAYS);
    tcase_add_loop_test(tests, what_came_after_the_load_is_outside_of_the_loaded_window, 0, WAYS);
    tcase_add_loop_test(tests, rows_without_a_position_follow_the_policy, 0, WAYS);
    tcase_add_loop_test(tests, a_load_of_a_part_is_verified_in_that_part, 0, WAYS);
    tcase_add_loop_test(tests, long_values_of_a_key_are_cut_in_the_list_alone, 0, WAYS);
}

int
main(void)
{
    return run_tests("verify", 60, add_tests);
}
