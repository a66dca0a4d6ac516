/* SPDX-License-Identifier: Apache-2.0 */
/* What is loaded: tables and queries, columns by name, targets that are there or not; and what is refused, by name. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";
static const char one_row[] = "(1, '2024-03-01 10:00:05', 'x')";

START_TEST(columns_are_chosen_and_renamed)
{
    scene s = scene_begin("renamed", _i, "id:i at:t name:s secret:s", "id",
                          "cursor=at key=id columns='name:title, id:ident, at'");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:05', 'x', 'hidden'), (2, '2024-03-01 10:00:06', 'y', 'hidden')");
    load_counts(&s.what, 2, 2);
    sql(s.from, "UPDATE %s SET name = 'z', at = '2024-03-01 10:00:07.000000' WHERE id = 1", s.source);
    load_counts(&s.what, 2, 1);
    expect_rows(s.to, s.target, "title:s ident:i at:t",
                "y|2|2024-03-01 10:00:06.000000\nz|1|2024-03-01 10:00:07.000000\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_target_with_further_columns_keeps_what_they_hold)
{
    scene s = scene_begin("further", _i, columns, "id", "cursor=at key=id");

    table_add(s.from, s.source, one_row);
    table_make(s.to, s.target, "note:s name:s at:t id:i", "id");
    load_counts(&s.what, 1, 1);
    sql(s.to, "UPDATE %s SET note = 'mine'", s.target);
    sql(s.from, "UPDATE %s SET name = 'y', at = '2024-03-01 10:00:06.000000'", s.source);
    load_counts(&s.what, 1, 1);
    expect_rows(s.to, s.target, "note:s name:s at:t id:i", "mine|y|2024-03-01 10:00:06.000000|1\n");
    scene_end(&s);
}
END_TEST

/* Refused before anything is read; the words are in the message. */
static const struct {
    const char *preset, *options;
    int32_t code;
    const char *words;
} refusals[] = {
    { "timestamp", "cursor=at key=id columns=id,at,nome", INCLOAD_E_NOT_FOUND, "'columns'|'nome'" },
    { "timestamp", "cursor=at key=id columns=id,at,id", INCLOAD_E_INVALID, "'id' twice" },
    { "timestamp", "cursor=stamp key=id", INCLOAD_E_NOT_FOUND, "cursor column 'stamp'" },
    { "timestamp", "cursor=AT key=id", INCLOAD_E_NOT_FOUND, "'AT'|'at'" },
    { "timestamp", "cursor=at key=ident", INCLOAD_E_NOT_FOUND, "key column 'ident'" },
    { "timestamp", "cursor=at key=id columns=id,name", INCLOAD_E_NOT_FOUND, "cursor column 'at'|'columns'" },
    { "timestamp", "cursor=at key=id latest_by=rank", INCLOAD_E_NOT_FOUND, "latest_by column 'rank'" },
    { "timestamp", "key=id", INCLOAD_E_INVALID, "'cursor'" },
    { "timestamp", "cursor=at", INCLOAD_E_INVALID, "'key'" },
    { "upsert", "key=id initial=2024-01-01", INCLOAD_E_INVALID, "'initial'|window=since" },
    { "timestamp", "write=append cursor=at null_cursor=include", INCLOAD_E_INVALID, "null_cursor=include|write=merge" },
    { "timestamp", "write=append cursor=at missing_state=full", INCLOAD_E_INVALID, "missing_state=full|write=merge" },
    { "timestamp", "cursor=at key=id create_target=false", INCLOAD_E_NOT_FOUND, "target table|refused_" },
};

enum { REFUSALS = sizeof refusals / sizeof refusals[0] };

START_TEST(what_does_not_fit_is_refused_by_name)
{
    for (int32_t i = 0; i < REFUSALS; i++) {
        scene s = scene_begin("refused", _i, columns, "id", refusals[i].options);
        s.what.preset = refusals[i].preset;
        table_add(s.from, s.source, one_row);
        load_fails(&s.what, refusals[i].code, refusals[i].words);
        scene_end(&s);
    }
}
END_TEST

START_TEST(a_source_table_that_is_not_there_is_refused_by_name)
{
    scene s = scene_begin("absent", _i, columns, "id", "cursor=at key=id");

    s.what.table = "no_such_table";
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "source table|no_such_table");
    scene_end(&s);
}
END_TEST

START_TEST(a_column_that_the_target_lacks_is_refused_by_name)
{
    scene s = scene_begin("lacking", _i, columns, "id", "cursor=at key=id");

    table_add(s.from, s.source, one_row);
    table_make(s.to, s.target, "id:i at:t", "id");
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "no column 'name'|'columns'");
    scene_end(&s);
}
END_TEST

START_TEST(a_value_that_the_target_cannot_hold_is_refused_and_nothing_lands)
{
    scene s = scene_begin("narrow", _i, "id:i at:t n:i", "id", "cursor=at key=id");

    /* SQLite's integers are never narrow. */
    if (s.to.kind != SQLITE) {
        table_add(s.from, s.source, "(1, '2024-03-01 10:00:05', 7), (2, '2024-03-01 10:00:06', 70000)");
        sql(s.to, "CREATE TABLE %s (id bigint PRIMARY KEY, at %s, n smallint)", s.target,
            s.to.kind == MARIADB ? "datetime(6)" : "timestamp");
        load_fails(&s.what, INCLOAD_E_DATA, "");
        ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 0);
        sql(s.from, "UPDATE %s SET n = -32768 WHERE id = 2", s.source);
        load_counts(&s.what, 2, 2);
        expect_equal(s.from, s.to, s.source, s.target, "id:i at:t n:i");
    }
    scene_end(&s);
}
END_TEST

/* MariaDB would round it without a word, in strict mode too. */
START_TEST(digits_that_the_target_would_round_off_are_refused)
{
    scene s = scene_begin("digits", _i, "id:i at:t n:i", "id", "cursor=at key=id road=batches");

    if (s.to.kind == MARIADB && s.from.kind == MARIADB) {
        table_drop(s.from, s.source);
        sql(s.from, "CREATE TABLE %s (id bigint PRIMARY KEY, at datetime(6), n decimal(38,35))", s.source);
        sql(s.to, "CREATE TABLE %s (id bigint PRIMARY KEY, at datetime(6), n decimal(65,30))", s.target);
        sql(s.from, "INSERT INTO %s VALUES (1, '2024-03-01 10:00:05', 1.00000000000000000000000000000000001)",
            s.source);
        load_fails(&s.what, INCLOAD_E_DATA, "so many digits without rounding");
        ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 0);
    }
    scene_end(&s);
}
END_TEST

START_TEST(a_query_with_bound_parameters_is_a_source)
{
    static const char *const bound[] = { "it's \"so\" \\ 100% ?", "5", NULL };
    scene s = scene_begin("asked", _i, columns, "id", "cursor=at key=id");
    bool numbered = s.from.kind == POSTGRES;
    char *query = NULL;

    table_add(s.from, s.source,
              "(1, '2024-03-01 10:00:05', 'x'), (2, '2024-03-01 10:00:06', 'y'),"
              " (9, '2024-03-01 10:00:07', 'too far')");
    sql(s.from, "UPDATE %s SET name = 'it''s \"so\" %s 100%% ?' WHERE id = 2", s.source,
        s.from.kind == MARIADB ? "\\\\" : "\\");
    ck_assert_int_gt(asprintf(&query,
                              "SELECT id, at, name, id * 2 AS twice FROM %s"
                              " WHERE name <> %s AND id < CAST(%s AS %s) -- the end",
                              s.source, numbered ? "$1" : "?", numbered ? "$2" : "?",
                              s.from.kind == MARIADB ? "SIGNED" : "integer"),
                     0);
    s.what.table = NULL;
    s.what.query = query;
    s.what.bound = bound;
    load_counts(&s.what, 1, 1);
    expect_rows(s.to, s.target, "id:i at:t name:s twice:i", "1|2024-03-01 10:00:05.000000|x|2\n");
    table_add(s.from, s.source, "(3, '2024-03-01 10:00:08', 'z')");
    load_counts(&s.what, 2, 1);
    free(query);
    scene_end(&s);
}
END_TEST

START_TEST(any_text_arrives_as_it_is)
{
    scene s = scene_begin("texts", _i, columns, "id", "cursor=at key=id");
    const char *backslash = s.from.kind == MARIADB ? "\\\\" : "\\";

    table_add(s.from, s.source,
              "(1, '2024-03-01 10:00:01', ''), (2, '2024-03-01 10:00:01', NULL), (3, '2024-03-01 10:00:01', ' a  '),"
              " (4, '2024-03-01 10:00:01', 'it''s \"so\"'), (5, '2024-03-01 10:00:01', 'tab\there'),"
              " (6, '2024-03-01 10:00:01', '\xC3\xA4\xE6\x97\xA5\xF0\x9F\x8C\x8B'), (7, '2024-03-01 10:00:01', 'NULL'),"
              " (8, '2024-03-01 10:00:01', '$1 ? %s {}'), (9, '2024-03-01 10:00:01', 'a\r\nb')");
    sql(s.from, "INSERT INTO %s VALUES (10, '2024-03-01 10:00:01', '%sN %s. %s')", s.source, backslash, backslash,
        backslash);
    load_counts(&s.what, 10, 10);
    load_counts(&s.what, 10, 0);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s WHERE name IS NULL", s.target), 1);
    scene_end(&s);
}
END_TEST

START_TEST(odd_names_of_tables_and_columns_are_names)
{
    place from, to;
    load what = { .table = "\"odd \"\"table\"\" d'o.t\"", .target = "\"Odd \"\"copy\"\" d'o.t\"" };

    what.name = named("odd", _i); /* routes share databases, and so the ledger */
    route_open(_i, &from, &to);
    bool source_ticks = from.kind == MARIADB, target_ticks = to.kind == MARIADB;
    const char *source = source_ticks ? "`odd \"table\" d'o.t`" : what.table;
    const char *target = target_ticks ? "`Odd \"copy\" d'o.t`" : what.target;
    sql(from, "DROP TABLE IF EXISTS %s", source);
    sql(to, "DROP TABLE IF EXISTS %s", target);
    sql(from, source_ticks ? "CREATE TABLE %s (`select` bigint, `the at` bigint, `a:b` bigint, `q\"q` bigint)"
                           : "CREATE TABLE %s (\"select\" bigint, \"the at\" bigint, \"a:b\" bigint,"
                             " \"q\"\"q\" bigint)",
        source);
    sql(from, "INSERT INTO %s VALUES (1, 2, 3, 4)", source);
    what.from = from;
    what.to = to;
    what.options = "cursor='the at' key='select,\"a:b\"' columns='select, the at, \"a:b\", \"q\"\"q\":\"r\"\"r\"'";
    load_counts(&what, 1, 1);
    load_counts(&what, 1, 0);
    expect(to, "1|2|3|4\n",
           target_ticks ? "SELECT `select`, `the at`, `a:b`, `r\"r` FROM %s"
                        : "SELECT \"select\", \"the at\", \"a:b\", \"r\"\"r\" FROM %s",
           target);
    sql(from, "DROP TABLE %s", source);
    sql(to, "DROP TABLE %s", target);
    route_close(from, to);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, columns_are_chosen_and_renamed, 0, ROUTES);
    tcase_add_loop_test(tests, a_target_with_further_columns_keeps_what_they_hold, 0, ROUTES);
    tcase_add_loop_test(tests, what_does_not_fit_is_refused_by_name, 0, PAIRS);
    tcase_add_loop_test(tests, a_source_table_that_is_not_there_is_refused_by_name, 0, ROUTES);
    tcase_add_loop_test(tests, a_column_that_the_target_lacks_is_refused_by_name, 0, ROUTES);
    tcase_add_loop_test(tests, a_value_that_the_target_cannot_hold_is_refused_and_nothing_lands, 0, ROUTES);
    tcase_add_loop_test(tests, digits_that_the_target_would_round_off_are_refused, 0, ROUTES);
    tcase_add_loop_test(tests, a_query_with_bound_parameters_is_a_source, 0, ROUTES);
    tcase_add_loop_test(tests, any_text_arrives_as_it_is, 0, ROUTES);
    tcase_add_loop_test(tests, odd_names_of_tables_and_columns_are_names, 0, ROUTES);
}

int
main(void)
{
    return run_tests("plan", 60, add_tests);
}
