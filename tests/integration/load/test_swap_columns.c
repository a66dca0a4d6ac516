/* SPDX-License-Identifier: Apache-2.0 */
/* write=swap when the source's columns have changed: the new table is built with the columns that the policies say, and
 * has what the old one had beside them. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* The routes of all tests, and one over psqlODBC. */
enum { EVERY = ROUTES + 1 };

/* A source with `id` and the given columns, each written as all kinds of database understand it. */
static void
remake(const scene *s, const char *columns, const char *values)
{
    sql(s->from, "DROP TABLE IF EXISTS %s", s->source);
    sql(s->from, "CREATE TABLE %s (id bigint NOT NULL PRIMARY KEY, %s)", s->source, columns);
    table_add(s->from, s->source, values);
}

static scene
begin(const char *name, int32_t route, const char *columns, const char *values)
{
    scene s;

    if (route < ROUTES) {
        s = scene_begin(name, route, "id:i", "id", NULL);
    } else {
        s = (scene){ .from = place_open(SQLITE, 0), .to = place_open(PG_ODBC, 0) };
        ck_assert_int_gt(asprintf(&s.source, "%s_%d", name, (int)route), 0);
        ck_assert_int_gt(asprintf(&s.target, "%s_copy_%d", name, (int)route), 0);
        table_drop(s.to, s.target);
        s.what = (load){ .from = s.from, .to = s.to, .table = s.source, .target = s.target };
    }
    s.what.preset = "swap";
    remake(&s, columns, values);
    incload_run_unref(load_ok(&s.what));
    return s;
}

static void
swaps(const scene *s, const char *words)
{
    incload_run *run = load_ok(&s->what);
    const char *told = incload_run_schema_changes(run);

    if (words[0] == '\0')
        ck_assert_str_eq(told, "");
    else
        expect_words(told, words);
    incload_run_unref(run);
}

static void
expect_clean(place at)
{
    bool postgres = at.kind == POSTGRES || at.kind == PG_ODBC;

    ck_assert_int_eq(ask_number(at, "SELECT COUNT(*) AS c FROM %sobject", postgres ? "incload." : "incload_"), 0);
}

START_TEST(a_new_column_is_in_the_new_table_with_all_its_values)
{
    scene s = begin("sc_added", _i, "name varchar(20)", "(1, 'a'), (2, 'b')");

    sql(s.to, "CREATE INDEX sc_added_by_name_%d ON %s (name)", _i, s.target);
    remake(&s, "extra integer NOT NULL, name varchar(20), note varchar(9)", "(1, 5, 'a', NULL), (2, 6, 'b', 'x')");
    swaps(&s, "'extra'|'note'|new in the source|added to target table|may be NULL though");
    expect_rows(s.to, s.target, "id:i name:s extra:i note:s", "1|a|5|NULL\n2|b|6|x\n");
    swaps(&s, "");
    expect_rows(s.to, s.target, "id:i name:s extra:i note:s", "1|a|5|NULL\n2|b|6|x\n");
    expect_clean(s.to);
    scene_end(&s);
}
END_TEST

START_TEST(a_view_of_the_target_stays_when_columns_are_added)
{
    scene s = begin("sc_view", _i, "name varchar(20)", "(1, 'a')");

    sql(s.to, "CREATE VIEW sc_seen_%d AS SELECT id, name FROM %s", _i, s.target);
    remake(&s, "name varchar(20), extra integer", "(1, 'a', 5), (2, 'b', 6)");
    swaps(&s, "'extra'");
    expect(s.to, "1|a\n2|b\n", "SELECT id, name FROM sc_seen_%d", _i);
    sql(s.to, "DROP VIEW sc_seen_%d", _i);
    expect_clean(s.to);
    scene_end(&s);
}
END_TEST

START_TEST(a_load_that_fails_leaves_the_columns_as_they_were)
{
    scene s = begin("sc_failed", _i, "name varchar(20)", "(1, 'a')");

    remake(&s, "name varchar(20), extra integer", "(1, 'a', 5)");
    s.what.options = "min_rows=2";
    load_fails(&s.what, INCLOAD_E_CHECK, "min_rows=2");
    ck_assert(!table_has_column(s.to, s.target, "extra"));
    expect_clean(s.to);
    s.what.options = NULL;
    swaps(&s, "'extra'");
    scene_end(&s);
}
END_TEST

START_TEST(a_new_column_is_left_out_or_refused_by_option)
{
    scene s = begin("sc_out", _i, "name varchar(20)", "(1, 'a')");

    remake(&s, "name varchar(20), extra integer", "(1, 'a', 5)");
    s.what.options = "new_columns=error";
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "'extra'|new_columns=evolve");
    s.what.options = "new_columns=ignore";
    swaps(&s, "'extra'|left out");
    ck_assert(!table_has_column(s.to, s.target, "extra"));
    expect_clean(s.to);
    scene_end(&s);
}
END_TEST

/* SQLite's columns of either type hold the other's values. */
START_TEST(a_wider_type_is_the_new_tables_type)
{
    scene s = begin("sc_wide", _i, "n integer, t varchar(5)", "(1, 1, 'a')");
    bool lite = s.from.kind == SQLITE || s.to.kind == SQLITE;

    remake(&s, "n bigint, t varchar(30)", "(1, 5000000000, 'twelve chars'), (2, NULL, NULL)");
    if (!lite)
        swaps(&s, "'n'|'t'|after the source");
    else if (s.to.kind == SQLITE)
        incload_run_unref(load_ok(&s.what));
    if (!lite || s.to.kind == SQLITE)
        expect_rows(s.to, s.target, "id:i n:i t:s", "1|5000000000|twelve chars\n2|NULL|NULL\n");
    expect_clean(s.to);
    scene_end(&s);
}
END_TEST

START_TEST(a_column_that_is_gone_is_refused_kept_or_dropped)
{
    scene s = begin("sc_gone", _i, "name varchar(20), old integer, number integer NOT NULL",
                    "(1, 'a', 5, 7), (2, 'b', 6, 8)");
    bool required = s.from.kind != s.to.kind || s.to.kind != SQLITE;

    /* What is made of a column goes with it; SQLite drops none that has an index. */
    if (s.to.kind != SQLITE)
        sql(s.to, "CREATE INDEX sc_gone_by_old_%d ON %s (old)", _i, s.target);
    if (s.to.kind == POSTGRES && required)
        sql(s.to, "ALTER TABLE %s ALTER COLUMN old SET NOT NULL", s.target);
    remake(&s, "name varchar(20), number integer NOT NULL", "(1, 'a', 7), (3, 'c', 9)");
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "'old'|gone from the source|dropped_columns=evolve");
    if (s.to.kind != POSTGRES) {
        s.what.options = "dropped_columns=ignore";
        swaps(&s, "'old'|stays");
        expect_rows(s.to, s.target, "id:i name:s old:i number:i", "1|a|NULL|7\n3|c|NULL|9\n");
    }
    s.what.options = "dropped_columns=evolve";
    swaps(&s, "'old'|dropped");
    ck_assert(!table_has_column(s.to, s.target, "old"));
    expect_rows(s.to, s.target, "id:i name:s number:i", "1|a|7\n3|c|9\n");
    swaps(&s, "");
    expect_clean(s.to);
    scene_end(&s);
}
END_TEST

START_TEST(postgres_names_the_views_of_a_column_that_would_go)
{
    scene s = begin("sc_under", POSTGRES, "name varchar(20), old integer", "(1, 'a', 5)");

    sql(s.to, "CREATE VIEW sc_under_seen AS SELECT old FROM %s", s.target);
    remake(&s, "name varchar(20)", "(1, 'a')");
    s.what.options = "dropped_columns=evolve";
    load_fails(&s.what, INCLOAD_E_UNSUPPORTED, "views depend on it|sc_under_seen");
    ck_assert(table_has_column(s.to, s.target, "old"));
    expect_clean(s.to);
    sql(s.to, "DROP VIEW sc_under_seen");
    swaps(&s, "'old'|dropped");
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_new_column_is_in_the_new_table_with_all_its_values, 0, EVERY);
    tcase_add_loop_test(tests, a_view_of_the_target_stays_when_columns_are_added, 0, EVERY);
    tcase_add_loop_test(tests, a_load_that_fails_leaves_the_columns_as_they_were, 0, EVERY);
    tcase_add_loop_test(tests, a_new_column_is_left_out_or_refused_by_option, 0, EVERY);
    tcase_add_loop_test(tests, a_wider_type_is_the_new_tables_type, 0, EVERY);
    tcase_add_loop_test(tests, a_column_that_is_gone_is_refused_kept_or_dropped, 0, EVERY);
    tcase_add_test(tests, postgres_names_the_views_of_a_column_that_would_go);
}

int
main(void)
{
    return run_tests("swap_columns", 60, add_tests);
}
