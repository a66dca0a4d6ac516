/* SPDX-License-Identifier: Apache-2.0 */
/* Recommendations from live tables that fit each row of the decision matrix, on every kind of database. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* A source of some rows, with a target that may be there. */
static void
fill(place at, const char *table, int32_t rows)
{
    for (int32_t i = 1; i <= rows; i++)
        sql(at, "INSERT INTO %s VALUES (%d, '2024-03-01 10:00:%02d', 'x')", table, (int)i, (int)(i % 60));
}

static incload_recommendation *
look(const scene *s, const char *facts)
{
    incload_error *err = NULL;
    incload_recommendation *answer =
        incload_strategy_recommend_for(s->from.db, s->source, s->to.db, s->target, facts, &err);

    ck_assert_msg(answer != NULL, "%s: %s", kind_names[s->from.kind], incload_error_message(err));
    return answer;
}

static void
expect_answer(const scene *s, const char *facts, const char *rule, const char *ideal, const char *strategy,
              const char *options, const char *words)
{
    incload_recommendation *answer = look(s, facts);
    const char *text = incload_recommendation_text(answer);

    ck_assert_msg(strcmp(incload_recommendation_rule(answer), rule) == 0, "%s: %s", kind_names[s->from.kind], text);
    ck_assert_msg(strcmp(incload_recommendation_ideal(answer), ideal) == 0, "%s: %s", kind_names[s->from.kind], text);
    ck_assert_msg(strcmp(incload_recommendation_strategy(answer), strategy) == 0, "%s: %s", kind_names[s->from.kind],
                  text);
    ck_assert_msg(strcmp(incload_recommendation_options(answer), options) == 0, "%s: %s", kind_names[s->from.kind],
                  text);
    expect_words(text, words);
    incload_recommendation_unref(answer);
}

START_TEST(a_small_table_is_loaded_whole)
{
    scene s = scene_begin("small", _i, "id:i updated_at:t name:s", "id", "");

    fill(s.from, s.source, 4);
    expect_answer(&s, "small_rows=5", "small", "full_refresh", "full_refresh", "",
                  "4 rows are fewer than 5|rows=4 (counted");
    expect_answer(&s, "small_rows=4 supports_cdc=no", "timestamps", "timestamp", "timestamp",
                  "cursor=updated_at key=id", "4 rows are not fewer than 4");
    scene_end(&s);
}
END_TEST

START_TEST(a_large_table_goes_by_its_timestamp_and_its_key)
{
    scene s = scene_begin("stamped", _i, "id:i updated_at:t name:s", "id", "");

    fill(s.from, s.source, 4);
    expect_answer(&s, "small_rows=2 supports_cdc=no", "timestamps", "timestamp", "timestamp",
                  "cursor=updated_at key=id",
                  "'updated_at' grows when a row changes|cursor_indexed=no (catalogue: no index begins with"
                  "|an index on 'updated_at'|key=id (catalogue: (id) is unique in the source)");
    sql(s.from, "CREATE INDEX %s_at ON %s (updated_at)", s.source, s.source);
    incload_recommendation *answer = look(&s, "small_rows=2 supports_cdc=no");
    ck_assert_str_eq(incload_recommendation_fact(answer, "cursor_indexed"), "yes");
    ck_assert_str_eq(incload_recommendation_better(answer), "");
    incload_recommendation_unref(answer);
    scene_end(&s);
}
END_TEST

START_TEST(the_recommended_load_runs)
{
    scene s = scene_begin("running", _i, "id:i updated_at:t name:s", "id", "");

    fill(s.from, s.source, 4);
    incload_recommendation *answer = look(&s, "small_rows=2 deletes_matter=true");
    s.what.preset = incload_recommendation_strategy(answer);
    s.what.options = incload_recommendation_options(answer);
    ck_assert_str_eq(s.what.options, "cursor=updated_at key=id detect_deletes=keys");
    load_counts(&s.what, 4, 4);
    incload_recommendation_unref(answer);
    answer = look(&s, "small_rows=2");
    expect_words(incload_recommendation_fact_note(answer, "key"), "in the source and in the target");
    incload_recommendation_unref(answer);
    scene_end(&s);
}
END_TEST

/* The PostgreSQL of the tests keeps a logical log, the MariaDB none, SQLite never has one. */
START_TEST(a_source_that_tells_its_changes_is_followed)
{
    scene s = scene_begin("events", _i, "id:i updated_at:t name:s", "id", "");
    bool events = s.from.kind == POSTGRES || s.from.kind == PG_ODBC;

    fill(s.from, s.source, 4);
    if (events) {
        expect_answer(&s, "small_rows=2", "cdc", "cdc", "timestamp", "cursor=updated_at key=id",
                      "supports_cdc=yes (catalogue|best: cdc, which is no strategy of a load|incload_stream_new()");
        sql(s.from, "ALTER TABLE %s REPLICA IDENTITY NOTHING", s.source);
        expect_answer(&s, "small_rows=2", "timestamps", "timestamp", "timestamp", "cursor=updated_at key=id",
                      "supports_cdc=no (catalogue: the table needs a primary key");
    } else {
        expect_answer(&s, "small_rows=2 freshness=5s", "timestamps", "timestamp", "timestamp",
                      "cursor=updated_at key=id",
                      s.from.kind == MARIADB ? "supports_cdc=no (catalogue: start the server with log_bin)|as fresh as"
                                             : "supports_cdc=no (catalogue: SQLite keeps no log|as fresh as");
    }
    scene_end(&s);
}
END_TEST

START_TEST(history_is_backfilled_and_critical_tables_are_swapped)
{
    scene s = scene_begin("history", _i, "id:i updated_at:t name:s", "id", "");

    fill(s.from, s.source, 4);
    expect_answer(&s, "small_rows=2 one_time=true", "one_time", "backfill", "timestamp", "cursor=updated_at key=id",
                  "best: backfill|incload_step_new_load_backfill()");
    expect_answer(&s, "small_rows=2 critical=true", "critical", "swap", "swap", "", "the table is critical");
    scene_end(&s);
}
END_TEST

START_TEST(without_a_cursor_the_key_decides_and_without_a_key_nothing)
{
    scene s = scene_begin("keyed", _i, "id:i born:t name:s", "id", "");

    fill(s.from, s.source, 4);
    expect_answer(&s, "small_rows=2 supports_cdc=no", "keyed", "upsert", "upsert", "key=id",
                  "no column has the name and type|cursor=none (catalogue|name it by cursor=");
    table_drop(s.from, s.source);
    table_make(s.from, s.source, "id:i born:t name:s", NULL);
    fill(s.from, s.source, 4);
    expect_answer(&s, "small_rows=2 supports_cdc=no", "otherwise", "full_refresh", "full_refresh", "",
                  "the source has no primary key|nothing tells which rows changed");
    scene_end(&s);
}
END_TEST

START_TEST(a_target_without_the_key_cannot_be_merged_into)
{
    scene s = scene_begin("unkeyed", _i, "id:i updated_at:t name:s", "id", "");

    fill(s.from, s.source, 4);
    table_make(s.to, s.target, "id:i updated_at:t name:s", NULL);
    expect_answer(&s, "small_rows=2 supports_cdc=no", "otherwise", "full_refresh", "full_refresh", "",
                  "has no unique index on it|a primary key or unique index in source and target");
    scene_end(&s);
}
END_TEST

START_TEST(a_cursor_that_is_often_null_is_none)
{
    scene s = scene_begin("nulls", _i, "id:i updated_at:t name:s", "id", "");

    fill(s.from, s.source, 19);
    sql(s.from, "INSERT INTO %s VALUES (90, NULL, 'x')", s.source);
    expect_answer(&s, "small_rows=2 supports_cdc=no", "timestamps", "timestamp", "timestamp",
                  "cursor=updated_at null_cursor=include key=id", "cursor_null_percent=5 (counted");
    for (int32_t i = 91; i < 93; i++)
        sql(s.from, "INSERT INTO %s VALUES (%d, NULL, 'x')", s.source, (int)i);
    expect_answer(&s, "small_rows=2 supports_cdc=no", "keyed", "upsert", "upsert", "key=id",
                  "14 of 100 rows have no value in 'updated_at', more than 10");
    scene_end(&s);
}
END_TEST

START_TEST(statistics_are_enough_where_they_leave_no_doubt)
{
    scene s = scene_begin("counted", _i, "id:i updated_at:t name:s", "id", "");
    bool mariadb = s.from.kind == MARIADB;

    fill(s.from, s.source, 20);
    sql(s.from, mariadb ? "ANALYZE TABLE %s" : "ANALYZE %s", s.source);
    incload_recommendation *answer = look(&s, "small_rows=3");
    ck_assert_str_eq(incload_recommendation_fact_origin(answer, "rows"), "statistics");
    ck_assert_str_eq(incload_recommendation_fact(answer, "rows"), "20");
    incload_recommendation_unref(answer);
    answer = look(&s, "small_rows=20");
    ck_assert_str_eq(incload_recommendation_fact_origin(answer, "rows"), "counted");
    bool events = s.from.kind == POSTGRES || s.from.kind == PG_ODBC;
    ck_assert_str_eq(incload_recommendation_rule(answer), events ? "cdc" : "timestamps");
    incload_recommendation_unref(answer);
    scene_end(&s);
}
END_TEST

START_TEST(nothing_is_changed_by_looking)
{
    scene s = scene_begin("untouched", _i, "id:i updated_at:t name:s", "id", "");

    fill(s.from, s.source, 4);
    incload_recommendation_unref(look(&s, "small_rows=2"));
    expect_rows(s.from, s.source, "id:i",
                "1\n2\n3\n4\n");
    incload_error *err = NULL;
    ck_assert_int_lt(incload_database_execute(s.to.db, "SELECT 1 FROM no_such_table_here", NULL, &err), 0);
    incload_error_unref(err);
    err = NULL;
    struct ArrowArrayStream stream;
    char query[300];
    snprintf(query, sizeof query, "SELECT 1 AS c FROM %s", s.target);
    ck_assert_int_eq(incload_database_query(s.to.db, query, &stream, &err), INCLOAD_E_NOT_FOUND);
    incload_error_unref(err);
    scene_end(&s);
}
END_TEST

START_TEST(a_source_that_is_not_there_is_refused_by_name)
{
    incload_error *err = NULL;
    place from, to;

    route_open(_i, &from, &to);
    ck_assert_ptr_null(incload_strategy_recommend_for(from.db, "no_such_table", to.db, "x", NULL, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_NOT_FOUND);
    expect_words(incload_error_message(err), "source|no_such_table");
    incload_error_unref(err);
    err = NULL;
    route_close(from, to);
}
END_TEST

START_TEST(odd_names_are_found_and_given_back_as_options)
{
    place from, to;
    incload_error *err = NULL;
    incload_strategy *how;

    route_open(_i, &from, &to);
    bool ticks = from.kind == MARIADB;
    const char *table = ticks ? "`the odd't`" : "\"the odd't\"";
    sql(from, "DROP TABLE IF EXISTS %s", table);
    sql(from, ticks ? "CREATE TABLE %s (`a, b` bigint, `it's updated` datetime(6), PRIMARY KEY (`a, b`))"
                    : "CREATE TABLE %s (\"a, b\" bigint, \"it's updated\" timestamp, PRIMARY KEY (\"a, b\"))",
        table);
    sql(from, ticks ? "INSERT INTO %s VALUES (1, '2024-03-01')" : "INSERT INTO %s VALUES (1, '2024-03-01 00:00:00')",
        table);
    incload_recommendation *answer = incload_strategy_recommend_for(from.db, "\"the odd't\"", to.db, "\"not there\"",
                                                                    "small_rows=0 supports_cdc=no", &err);
    ck_assert_msg(answer != NULL, "%s", incload_error_message(err));
    how = incload_strategy_new(incload_recommendation_strategy(answer), incload_recommendation_options(answer), &err);
    ck_assert_msg(how != NULL, "%s", incload_error_message(err));
    ck_assert_str_eq(incload_strategy_get(how, "cursor"), "it's updated");
    /* SQLite lets a primary key be NULL. */
    if (from.kind != SQLITE)
        ck_assert_str_eq(incload_strategy_get(how, "key"), "\"a, b\"");
    incload_strategy_unref(how);
    incload_recommendation_unref(answer);
    sql(from, "DROP TABLE %s", table);
    route_close(from, to);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_small_table_is_loaded_whole, 0, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, a_large_table_goes_by_its_timestamp_and_its_key, 0, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, the_recommended_load_runs, 0, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, a_source_that_tells_its_changes_is_followed, 0, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, history_is_backfilled_and_critical_tables_are_swapped, 0, PAIRS);
    tcase_add_loop_test(tests, history_is_backfilled_and_critical_tables_are_swapped, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, without_a_cursor_the_key_decides_and_without_a_key_nothing, 0, PAIRS);
    tcase_add_loop_test(tests, without_a_cursor_the_key_decides_and_without_a_key_nothing, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, a_target_without_the_key_cannot_be_merged_into, 0, PAIRS);
    tcase_add_loop_test(tests, a_target_without_the_key_cannot_be_merged_into, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, a_cursor_that_is_often_null_is_none, 0, PAIRS);
    tcase_add_loop_test(tests, a_cursor_that_is_often_null_is_none, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, statistics_are_enough_where_they_leave_no_doubt, 0, PAIRS);
    tcase_add_loop_test(tests, statistics_are_enough_where_they_leave_no_doubt, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, nothing_is_changed_by_looking, 0, PAIRS);
    tcase_add_loop_test(tests, nothing_is_changed_by_looking, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, a_source_that_is_not_there_is_refused_by_name, 0, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, odd_names_are_found_and_given_back_as_options, 0, PAIRS);
    tcase_add_loop_test(tests, odd_names_are_found_and_given_back_as_options, ODBC_ROUTE, ROUTES_AND_ODBC);
}

int
main(void)
{
    return run_tests("advice", 60, add_tests);
}
