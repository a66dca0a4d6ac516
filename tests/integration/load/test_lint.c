/* SPDX-License-Identifier: Apache-2.0 */
/* Each finding made true, and made false, on every kind of database where it can be. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static bool
is_postgres(place at)
{
    return at.kind == POSTGRES || at.kind == PG_ODBC;
}

static incload_lint *
lint_of(const load *what)
{
    incload_error *err = NULL;
    incload_step *step = load_step(what, &err);
    incload_lint *lint = incload_step_lint(step, &err);

    ck_assert_msg(lint != NULL, "%s to %s: %s", kind_names[what->from.kind], kind_names[what->to.kind],
                  incload_error_message(err));
    incload_step_unref(step);
    return lint;
}

static int32_t
find(const incload_lint *lint, const char *id)
{
    for (int32_t i = 0; i < incload_lint_count(lint); i++) {
        if (strcmp(incload_lint_id(lint, i), id) == 0)
            return i;
    }
    return -1;
}

/* The finding is there, on that object. */
static void
expect_found(const load *what, const char *id, int32_t severity, const char *object)
{
    incload_lint *lint = lint_of(what);
    int32_t at = find(lint, id);

    ck_assert_msg(at >= 0, "%s to %s: no %s in: %s", kind_names[what->from.kind], kind_names[what->to.kind], id,
                  incload_lint_text(lint));
    ck_assert_int_eq(incload_lint_severity(lint, at), severity);
    expect_words(incload_lint_object(lint, at), object);
    ck_assert_int_gt((int)strlen(incload_lint_what(lint, at)), 20);
    ck_assert_int_gt((int)strlen(incload_lint_remedy(lint, at)), 10);
    expect_words(incload_lint_text(lint), id);
    expect_words(incload_lint_json(lint), id);
    incload_lint_unref(lint);
}

static void
expect_clean(const load *what, const char *id)
{
    incload_lint *lint = lint_of(what);

    ck_assert_msg(find(lint, id) < 0, "%s to %s: %s", kind_names[what->from.kind], kind_names[what->to.kind],
                  incload_lint_text(lint));
    incload_lint_unref(lint);
}

/* A trigger that sets updated_at, in each database's words. */
static void
add_trigger(place at, const char *table)
{
    if (is_postgres(at)) {
        sql(at, "CREATE OR REPLACE FUNCTION touch_%s() RETURNS trigger LANGUAGE plpgsql AS"
                " 'BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END'",
            table);
        sql(at, "CREATE TRIGGER touch_%s BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION touch_%s()", table, table,
            table);
    } else if (at.kind == MARIADB) {
        sql(at, "CREATE TRIGGER touch_%s BEFORE UPDATE ON %s FOR EACH ROW SET NEW.updated_at = SYSDATE(6)", table,
            table);
    } else {
        sql(at, "CREATE TRIGGER touch_%s AFTER UPDATE ON %s BEGIN SELECT 1; END", table, table);
    }
}

START_TEST(an_index_on_the_cursor)
{
    scene s = scene_begin("indexed", _i, "id:i updated_at:t", "id", "cursor=updated_at key=id");
    char object[100];

    snprintf(object, sizeof object, "%s.updated_at", s.source);
    expect_found(&s.what, "cursor_not_indexed", INCLOAD_SEVERITY_WARNING, object);
    sql(s.from, "CREATE INDEX %s_at ON %s (updated_at)", s.source, s.source);
    expect_clean(&s.what, "cursor_not_indexed");
    scene_end(&s);
}
END_TEST

START_TEST(a_cursor_that_may_be_null)
{
    scene s = scene_begin("nullable", _i, "id:i updated_at:t", "id", "cursor=updated_at key=id");

    expect_found(&s.what, "cursor_nullable", INCLOAD_SEVERITY_WARNING, "updated_at");
    s.what.options = "cursor=updated_at key=id null_cursor=include";
    expect_clean(&s.what, "cursor_nullable");
    s.what.options = "cursor=updated_at key=id";
    table_drop(s.from, s.source);
    sql(s.from, "CREATE TABLE %s (id bigint PRIMARY KEY, updated_at %s NOT NULL)", s.source,
        s.from.kind == MARIADB ? "datetime(6)" : "timestamp");
    expect_clean(&s.what, "cursor_nullable");
    scene_end(&s);
}
END_TEST

START_TEST(a_cursor_without_a_time_zone)
{
    scene s = scene_begin("zoned", _i, "id:i updated_at:t", "id", "cursor=updated_at key=id");

    expect_found(&s.what, "cursor_without_zone", INCLOAD_SEVERITY_WARNING, "updated_at");
    s.what.options = "cursor=updated_at key=id cursor_zone=UTC";
    expect_clean(&s.what, "cursor_without_zone");
    s.what.options = "cursor=updated_at key=id";
    table_drop(s.from, s.source);
    sql(s.from, "CREATE TABLE %s (id bigint PRIMARY KEY, updated_at %s)", s.source,
        is_postgres(s.from)       ? "timestamptz"
        : s.from.kind == MARIADB ? "timestamp(6) NULL"
                                 : "TIMESTAMPTZ TEXT");
    expect_clean(&s.what, "cursor_without_zone");
    scene_end(&s);
}
END_TEST

START_TEST(a_cursor_of_days)
{
    scene s = scene_begin("days", _i, "id:i updated_at:t", "id", "cursor=updated_at key=id");

    expect_clean(&s.what, "cursor_date_only");
    table_drop(s.from, s.source);
    sql(s.from, "CREATE TABLE %s (id bigint PRIMARY KEY, updated_at date)", s.source);
    expect_found(&s.what, "cursor_date_only", INCLOAD_SEVERITY_WARNING, "updated_at");
    scene_end(&s);
}
END_TEST

START_TEST(who_sets_the_cursor)
{
    scene s = scene_begin("setters", _i, "id:i updated_at:t", "id", "cursor=updated_at key=id");
    bool mariadb = s.from.kind == MARIADB;

    expect_found(&s.what, "cursor_set_by_client", INCLOAD_SEVERITY_WARNING, "updated_at");
    expect_clean(&s.what, "cursor_not_set_at_update");
    table_drop(s.from, s.source);
    sql(s.from, "CREATE TABLE %s (id bigint PRIMARY KEY, updated_at %s DEFAULT %s)", s.source,
        mariadb ? "datetime(6)" : "timestamp", mariadb ? "CURRENT_TIMESTAMP(6)" : "CURRENT_TIMESTAMP");
    expect_clean(&s.what, "cursor_set_by_client");
    expect_found(&s.what, "cursor_not_set_at_update", INCLOAD_SEVERITY_WARNING, "updated_at");
    add_trigger(s.from, s.source);
    expect_clean(&s.what, "cursor_not_set_at_update");
    expect_clean(&s.what, "cursor_set_by_client");
    if (mariadb) {
        table_drop(s.from, s.source);
        sql(s.from, "CREATE TABLE %s (id bigint PRIMARY KEY, updated_at datetime(6) DEFAULT CURRENT_TIMESTAMP(6)"
                    " ON UPDATE CURRENT_TIMESTAMP(6))",
            s.source);
        expect_clean(&s.what, "cursor_not_set_at_update");
    }
    scene_end(&s);
}
END_TEST

START_TEST(a_key_of_the_target)
{
    scene s = scene_begin("unique", _i, "id:i updated_at:t", "id",
                          "cursor=updated_at key=id columns='id:ident,updated_at'");

    expect_clean(&s.what, "no_unique_key");
    table_make(s.to, s.target, "ident:i updated_at:t", NULL);
    expect_found(&s.what, "no_unique_key", INCLOAD_SEVERITY_ERROR, s.target);
    sql(s.to, "CREATE UNIQUE INDEX %s_id ON %s (ident)", s.target, s.target);
    expect_clean(&s.what, "no_unique_key");
    scene_end(&s);
}
END_TEST

START_TEST(several_rows_of_one_key)
{
    scene s = scene_begin("latest", _i, "id:i updated_at:t", NULL, "cursor=updated_at key=id");

    expect_found(&s.what, "latest_by_missing", INCLOAD_SEVERITY_WARNING, s.source);
    expect_found(&s.what, "key_nullable", INCLOAD_SEVERITY_WARNING, s.source);
    s.what.options = "cursor=updated_at key=id latest_by=updated_at";
    expect_clean(&s.what, "latest_by_missing");
    s.what.options = "cursor=updated_at key=id";
    table_drop(s.from, s.source);
    sql(s.from, "CREATE TABLE %s (id bigint NOT NULL, updated_at %s)", s.source,
        s.from.kind == MARIADB ? "datetime(6)" : "timestamp");
    expect_clean(&s.what, "key_nullable");
    sql(s.from, "CREATE UNIQUE INDEX %s_id ON %s (id)", s.source, s.source);
    expect_clean(&s.what, "latest_by_missing");
    scene_end(&s);
}
END_TEST

/* Each way that needs a key. */
static const struct {
    const char *preset, *options, *unique; /* the target's key; NULL: it needs none */
    bool several;                          /* rows of one key may come together, and all of them land */
} keyed[] = {
    { "upsert", "key=id write=insert_new", "id", false },
    { "timestamp", "key=id cursor=updated_at write=delete_insert", "id", false },
    { "history", "key=id", "id, valid_from", false },
    { "history", "key=id scd2_compare=timestamp latest_by=updated_at", "id, valid_from", true },
    { "upsert", "key=id detect_deletes=keys", "id", false },
    { "upsert", "key=id delete_marker=gone", "id", false },
    { "upsert", "key=id write=delete_insert", NULL, true },
};

START_TEST(every_way_that_needs_a_key_is_told_what_is_wrong_with_it)
{
    for (size_t i = 0; i < sizeof keyed / sizeof keyed[0]; i++) {
        scene s = scene_begin("keyed", _i, "id:s updated_at:t gone:i", NULL, keyed[i].options);
        s.what.preset = keyed[i].preset;
        expect_found(&s.what, "key_nullable", INCLOAD_SEVERITY_WARNING, s.source);
        expect_found(&s.what, "wide_key", INCLOAD_SEVERITY_INFO, s.source);
        if (keyed[i].several)
            expect_clean(&s.what, "latest_by_missing");
        else
            expect_found(&s.what, "latest_by_missing", INCLOAD_SEVERITY_WARNING, s.source);
        expect_clean(&s.what, "no_unique_key");
        sql(s.to, "CREATE TABLE %s (id varchar(40) NOT NULL, updated_at %s, gone bigint, valid_from %s NOT NULL)",
            s.target, s.to.kind == MARIADB ? "datetime(6)" : "timestamp",
            s.to.kind == MARIADB ? "datetime(6)" : "timestamp");
        if (keyed[i].unique == NULL) {
            expect_clean(&s.what, "no_unique_key");
        } else {
            expect_found(&s.what, "no_unique_key", INCLOAD_SEVERITY_ERROR, s.target);
            sql(s.to, "CREATE UNIQUE INDEX %s_key ON %s (%s)", s.target, s.target, keyed[i].unique);
            expect_clean(&s.what, "no_unique_key");
        }
        scene_end(&s);
    }
}
END_TEST

START_TEST(a_key_that_is_one_of_many_wishes_is_looked_at_only_where_it_counts)
{
    scene s = scene_begin("wished", _i, "id:i updated_at:t", NULL, "key=id");

    s.what.preset = "full_refresh";
    expect_clean(&s.what, "no_unique_key");
    expect_clean(&s.what, "key_nullable");
    expect_clean(&s.what, "latest_by_missing");
    sql(s.to, "CREATE TABLE %s (id bigint PRIMARY KEY, updated_at %s)", s.target,
        s.to.kind == MARIADB ? "datetime(6)" : "timestamp");
    expect_found(&s.what, "latest_by_missing", INCLOAD_SEVERITY_WARNING, s.source);
    scene_end(&s);
}
END_TEST

START_TEST(a_key_of_long_texts)
{
    scene s = scene_begin("wide", _i, "id:s updated_at:t", "id", "cursor=updated_at key=id");

    expect_found(&s.what, "wide_key", INCLOAD_SEVERITY_INFO, s.source);
    table_drop(s.from, s.source);
    sql(s.from, "CREATE TABLE %s (id varchar(20) PRIMARY KEY, updated_at %s)", s.source,
        s.from.kind == MARIADB ? "datetime(6)" : "timestamp");
    if (s.from.kind != SQLITE)
        expect_clean(&s.what, "wide_key");
    scene_end(&s);
}
END_TEST

START_TEST(a_target_without_transactions)
{
    scene s = scene_begin("engine", _i, "id:i updated_at:t", "id", "cursor=updated_at key=id");

    if (s.to.kind == MARIADB) {
        sql(s.to, "CREATE TABLE %s (id bigint PRIMARY KEY, updated_at datetime(6)) ENGINE=Aria", s.target);
        expect_found(&s.what, "target_not_transactional", INCLOAD_SEVERITY_ERROR, s.target);
        sql(s.to, "ALTER TABLE %s ENGINE=InnoDB", s.target);
    }
    expect_clean(&s.what, "target_not_transactional");
    scene_end(&s);
}
END_TEST

START_TEST(settings_of_the_servers)
{
    scene s = scene_begin("settings", _i, "id:i updated_at:t", "id", "cursor=updated_at key=id");

    expect_clean(&s.what, "activities_not_tracked");
    expect_clean(&s.what, "long_transaction");
    if (is_postgres(s.from)) {
        char *name = ask(s.from, "SELECT current_database()::text AS c");
        name[strcspn(name, "\n")] = '\0';
        sql(s.from, "ALTER DATABASE \"%s\" SET track_activities = off", name);
        place fresh = place_open(s.from.kind, 0);
        s.what.from = fresh;
        expect_found(&s.what, "activities_not_tracked", INCLOAD_SEVERITY_WARNING, "source server");
        sql(s.from, "ALTER DATABASE \"%s\" RESET track_activities", name);
        s.what.from = s.from;
        place_close(fresh);
        free(name);
    }
    if (is_postgres(s.to)) {
        char *name = ask(s.to, "SELECT current_database()::text AS c");
        name[strcspn(name, "\n")] = '\0';
        expect_clean(&s.what, "target_not_utc");
        sql(s.to, "ALTER DATABASE \"%s\" SET timezone = 'Europe/Berlin'", name);
        place fresh = place_open(s.to.kind, is_postgres(s.from) ? 1 : 0);
        s.what.to = fresh;
        expect_found(&s.what, "target_not_utc", INCLOAD_SEVERITY_INFO, "Europe/Berlin");
        sql(s.to, "ALTER DATABASE \"%s\" RESET timezone", name);
        s.what.to = s.to;
        place_close(fresh);
        free(name);
    }
    scene_end(&s);
}
END_TEST

START_TEST(a_load_of_all_rows_has_no_cursor_to_complain_of)
{
    scene s = scene_begin("whole", _i, "id:i updated_at:t", "id", "key=id");

    s.what.preset = "upsert";
    expect_clean(&s.what, "cursor_not_indexed");
    expect_clean(&s.what, "cursor_nullable");
    expect_clean(&s.what, "cursor_set_by_client");
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, an_index_on_the_cursor, 0, PAIRS);
    tcase_add_loop_test(tests, an_index_on_the_cursor, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, a_cursor_that_may_be_null, 0, PAIRS);
    tcase_add_loop_test(tests, a_cursor_that_may_be_null, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, a_cursor_without_a_time_zone, 0, PAIRS);
    tcase_add_loop_test(tests, a_cursor_without_a_time_zone, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, a_cursor_of_days, 0, PAIRS);
    tcase_add_loop_test(tests, a_cursor_of_days, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, who_sets_the_cursor, 0, PAIRS);
    tcase_add_loop_test(tests, who_sets_the_cursor, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, a_key_of_the_target, 0, PAIRS);
    tcase_add_loop_test(tests, a_key_of_the_target, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, several_rows_of_one_key, 0, PAIRS);
    tcase_add_loop_test(tests, several_rows_of_one_key, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, every_way_that_needs_a_key_is_told_what_is_wrong_with_it, 0, PAIRS);
    tcase_add_loop_test(tests, every_way_that_needs_a_key_is_told_what_is_wrong_with_it, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, a_key_that_is_one_of_many_wishes_is_looked_at_only_where_it_counts, 0, PAIRS);
    tcase_add_loop_test(tests, a_key_of_long_texts, 0, PAIRS);
    tcase_add_loop_test(tests, a_key_of_long_texts, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, a_target_without_transactions, 0, PAIRS);
    tcase_add_loop_test(tests, a_target_without_transactions, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, settings_of_the_servers, 0, PAIRS);
    tcase_add_loop_test(tests, settings_of_the_servers, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, a_load_of_all_rows_has_no_cursor_to_complain_of, 0, PAIRS);
    tcase_add_loop_test(tests, a_load_of_all_rows_has_no_cursor_to_complain_of, ODBC_ROUTE, ROUTES_AND_ODBC);
}

int
main(void)
{
    return run_tests("lint", 60, add_tests);
}
