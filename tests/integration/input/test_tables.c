/* SPDX-License-Identifier: Apache-2.0 */
/* Loads that cannot be: the tables, columns, keys, types and values that hosts get wrong, on every kind of database. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "canary.h"

static scene s;
static incload_context *context;

/* A source with one row that must never be told, and a target of the same shape. */
static void
begin(const char *name, int kind_number)
{
    context = incload_context_new(NULL, NULL);
    s = scene_begin(name, PAIRS + kind_number, "id:i at:t item:s", "id", "cursor=at key=id");
    place_close(s.from);
    place_close(s.to);
    s.what.from = s.from = place_open_with(context, (kind)kind_number, 0, NULL);
    s.what.to = s.to = place_open_with(context, (kind)kind_number, 1, NULL);
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:05', '" CANARY_VALUE "')");
    table_drop(s.to, s.target);
}

static void
end(void)
{
    no_canary_in_events(context);
    table_drop(s.to, s.target);
    s.what.to = s.to;
    scene_end(&s);
    incload_context_unref(context);
}

static void
refused(int32_t code, const char *words)
{
    incload_error *err = NULL;
    incload_run *run = load_run(&s.what, &err);

    ck_assert_str_eq(incload_run_status_name(run), "FAILED");
    incload_run_unref(run);
    refused_with(err, code, words);
}

START_TEST(a_source_table_that_is_not_there_is_named)
{
    begin("nosource", _i);
    s.what.table = "no_such_table";
    refused(INCLOAD_E_NOT_FOUND, "source table: there is no table '|no_such_table'|check the name|privileges");
    s.what.table = s.source;
    s.what.query = "SELECT * FROM no_such_table";
    s.what.table = NULL;
    refused(INCLOAD_E_NOT_FOUND, "the source's query|no_such_table");
    s.what.query = NULL;
    s.what.table = s.source;
    end();
}
END_TEST

START_TEST(a_schema_that_is_not_there_is_named)
{
    begin("noschema", _i);
    s.what.table = "no_such_schema.orders";
    refused(INCLOAD_E_NOT_FOUND, "source table: |no_such_schema.orders");
    s.what.table = s.source;
    end();
}
END_TEST

START_TEST(columns_that_are_not_there_are_named_with_their_role)
{
    static const struct {
        const char *options;
        const char *says;
    } bad[] = {
        { "cursor=changed key=id", "the cursor column 'changed' is not among the loaded columns" },
        { "cursor=At key=id", "the cursor column 'At' is written 'at' in the source" },
        { "cursor=at key=nr", "the key column 'nr' is not among the loaded columns" },
        { "cursor=at key=id columns=id,at,price", "option 'columns' names 'price', which the source does not have" },
        { "cursor=at key=id latest_by=rank", "the latest_by column 'rank' is not among the loaded columns" },
    };

    begin("nocolumn", _i);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        s.what.options = bad[i].options;
        refused(INCLOAD_E_NOT_FOUND, bad[i].says);
    }
    end();
}
END_TEST

START_TEST(options_that_are_missing_are_named)
{
    begin("missing", _i);
    s.what.options = "cursor=at";
    refused(INCLOAD_E_INVALID, "write=merge needs option 'key'");
    s.what.options = "key=id";
    refused(INCLOAD_E_INVALID, "window=since needs option 'cursor'");
    end();
}
END_TEST

START_TEST(a_target_without_a_unique_key_is_refused)
{
    begin("nokey", _i);
    table_make(s.to, s.target, "id:i at:t item:s", NULL);
    refused(INCLOAD_E_CONSTRAINT,
            "has no primary key or unique index on exactly the columns of option 'key': create one");
    end();
}
END_TEST

START_TEST(a_target_that_lacks_a_column_is_refused)
{
    begin("lacks", _i);
    table_make(s.to, s.target, "id:i at:t", "id");
    refused(INCLOAD_E_NOT_FOUND, "has no column 'item': add it there, or name the columns to load in option 'columns'");
    end();
}
END_TEST

START_TEST(a_target_that_must_not_be_made_is_missing)
{
    begin("notmade", _i);
    s.what.options = "cursor=at key=id create_target=false";
    refused(INCLOAD_E_NOT_FOUND, "target table: there is no table '");
    end();
}
END_TEST

static const char *const timestamps[] = { "timestamp", "datetime(6)", "timestamp" };
static const char *const texts[] = { "text", "varchar(200)", "text" };

/* A type into which no timestamp goes. */
static const char *const narrow_types[] = { "boolean", "blob", "BLOB" };

START_TEST(a_type_that_cannot_be_held_is_refused_with_both_names)
{
    begin("types", _i);
    sql(s.to, "CREATE TABLE %s (id bigint PRIMARY KEY, at %s, item text)", s.target, narrow_types[_i]);
    refused(INCLOAD_E_TYPE, "column 'at' is timestamp|cannot hold in its column of type |change the type there");
    end();
}
END_TEST

START_TEST(a_value_that_does_not_fit_names_the_column_and_never_the_value)
{
    begin("value", _i);
    sql(s.to, "CREATE TABLE %s (id bigint PRIMARY KEY, at %s, item %s)", s.target, timestamps[_i],
        _i == SQLITE ? "integer" : "varchar(3)");
    refused(INCLOAD_E_DATA, "item");
    ck_assert_int_eq(ask_number(s.to, "SELECT count(*) FROM %s", s.target), 0);
    end();
}
END_TEST

START_TEST(a_row_that_a_constraint_refuses_is_not_told)
{
    begin("constraint", _i);
    sql(s.to,
        "CREATE TABLE %s (id bigint PRIMARY KEY, at %s, item %s NOT NULL, CONSTRAINT short_items CHECK (length(item)"
        " < 5))",
        s.target, timestamps[_i], texts[_i]);
    refused(INCLOAD_E_CONSTRAINT, "short_items");
    ck_assert_int_eq(ask_number(s.to, "SELECT count(*) FROM %s", s.target), 0);
    end();
}
END_TEST

START_TEST(a_null_in_a_column_that_takes_none_is_refused_by_name)
{
    begin("notnull", _i);
    sql(s.from, "INSERT INTO %s VALUES (2, '2024-03-01 10:00:06.000000', NULL)", s.source);
    sql(s.to, "CREATE TABLE %s (id bigint PRIMARY KEY, at %s, item %s NOT NULL)", s.target, timestamps[_i],
        texts[_i]);
    refused(INCLOAD_E_CONSTRAINT, "item");
    ck_assert_int_eq(ask_number(s.to, "SELECT count(*) FROM %s", s.target), 0);
    end();
}
END_TEST

START_TEST(a_query_that_is_no_query_is_refused)
{
    static const char *const bad[] = { "", "SELEC 1", "SELECT 1; SELECT 2", "SELECT ", "SELECT 'open", "/*" };

    begin("query", _i);
    s.what.table = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        incload_error *err = NULL;
        s.what.query = bad[i];
        incload_run *run = load_run(&s.what, &err);
        ck_assert_msg(err != NULL, "'%s' was taken", bad[i]);
        no_canary(err);
        incload_error_unref(err);
        incload_run_unref(run);
    }
    s.what.query = NULL;
    s.what.table = s.source;
    end();
}
END_TEST

START_TEST(a_query_with_two_columns_of_one_name_is_refused)
{
    begin("twice", _i);
    s.what.table = NULL;
    s.what.query = "SELECT 1 AS id, 2 AS id";
    refused(INCLOAD_E_INVALID, "the source's query: it gives two columns the name 'id': rename one by AS");
    s.what.query = NULL;
    s.what.table = s.source;
    end();
}
END_TEST

START_TEST(a_query_cannot_do_more_than_read)
{
    incload_error *err = NULL;
    char query[400];

    begin("reads", _i);
    s.what.table = NULL;
    s.what.query = query;
    snprintf(query, sizeof query, "SELECT * FROM %s) AS q; DELETE FROM %s; SELECT * FROM (SELECT * FROM %s", s.source,
             s.source, s.source);
    incload_run_unref(load_run(&s.what, &err));
    ck_assert_ptr_nonnull(err);
    no_canary(err);
    incload_error_unref(err);
    err = NULL;
    snprintf(query, sizeof query, "DELETE FROM %s", s.source);
    incload_run_unref(load_run(&s.what, &err));
    ck_assert_ptr_nonnull(err);
    incload_error_unref(err);
    ck_assert_int_eq(ask_number(s.from, "SELECT count(*) FROM %s", s.source), 1);
    s.what.query = NULL;
    s.what.table = s.source;
    end();
}
END_TEST

START_TEST(a_position_that_the_source_cannot_read_is_refused)
{
    begin("initial", _i);
    s.what.options = "cursor=at key=id initial='" CANARY_VALUE "'";
    incload_error *err = NULL;
    incload_run *run = load_run(&s.what, &err);
    /* MariaDB and SQLite compare any text: they may find rows or none, but must not tell it. */
    if (_i == POSTGRES)
        ck_assert_int_eq(incload_error_code(err), INCLOAD_E_DATA);
    no_canary(err);
    incload_error_unref(err);
    incload_run_unref(run);
    end();
}
END_TEST

START_TEST(a_strategy_names_what_is_wrong_with_it)
{
    static const struct {
        const char *options;
        int32_t code;
        const char *says;
    } bad[] = {
        { "window=some", INCLOAD_E_INVALID, "option 'window' of a strategy takes one of: all since|not 'some'" },
        { "batch_rows=many", INCLOAD_E_INVALID, "option 'batch_rows' of a strategy takes a number from 1" },
        { "curser=at", INCLOAD_E_UNKNOWN_OPTION, "did you mean 'cursor'?" },
        { "key='\"open'", INCLOAD_E_INVALID, "option 'key' has a name without its closing double quote" },
        { "columns=a,,b", INCLOAD_E_INVALID, "option 'columns' has an empty name" },
        { "cursor=\xff", INCLOAD_E_INVALID, "the value of option 'cursor' of a strategy is not valid UTF-8" },
    };
    incload_error *err = NULL;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_ptr_null(incload_strategy_new("timestamp", bad[i].options, &err));
        refused_with(err, bad[i].code, bad[i].says);
        err = NULL;
    }
    incload_strategy_new("timestemp", NULL, &err);
    refused_with(err, INCLOAD_E_INVALID, "there is no strategy 'timestemp': take timestamp, upsert, append, ");
    err = NULL;
    incload_context_new("events=all", &err);
    refused_with(err, INCLOAD_E_INVALID, "option 'events' of a context takes a number from 0 to 1000000 events");
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_source_table_that_is_not_there_is_named, 0, DATABASES);
    tcase_add_loop_test(tests, a_schema_that_is_not_there_is_named, 0, DATABASES);
    tcase_add_loop_test(tests, columns_that_are_not_there_are_named_with_their_role, 0, DATABASES);
    tcase_add_loop_test(tests, options_that_are_missing_are_named, 0, DATABASES);
    tcase_add_loop_test(tests, a_target_without_a_unique_key_is_refused, 0, DATABASES);
    tcase_add_loop_test(tests, a_target_that_lacks_a_column_is_refused, 0, DATABASES);
    tcase_add_loop_test(tests, a_target_that_must_not_be_made_is_missing, 0, DATABASES);
    tcase_add_loop_test(tests, a_type_that_cannot_be_held_is_refused_with_both_names, 0, DATABASES);
    tcase_add_loop_test(tests, a_value_that_does_not_fit_names_the_column_and_never_the_value, 0, DATABASES);
    tcase_add_loop_test(tests, a_row_that_a_constraint_refuses_is_not_told, 0, DATABASES);
    tcase_add_loop_test(tests, a_null_in_a_column_that_takes_none_is_refused_by_name, 0, DATABASES);
    tcase_add_loop_test(tests, a_query_that_is_no_query_is_refused, 0, DATABASES);
    tcase_add_loop_test(tests, a_query_with_two_columns_of_one_name_is_refused, 0, DATABASES);
    tcase_add_loop_test(tests, a_query_cannot_do_more_than_read, 0, DATABASES);
    tcase_add_loop_test(tests, a_position_that_the_source_cannot_read_is_refused, 0, DATABASES);
    tcase_add_test(tests, a_strategy_names_what_is_wrong_with_it);
}

int
main(void)
{
    return run_tests("input_tables", 60, add_tests);
}
