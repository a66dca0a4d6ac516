/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of the source that are altered while a stream follows them, with schema_changes=apply. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "streams.h"

#define APPLY "tables=changed schema_changes=apply"

/* Followed from the beginning, with one row. */
static flow
open_followed(const char *name, kind to)
{
    flow f = flow_open(name, to);

    source_items(&f, "changed");
    sql(f.from, "INSERT INTO changed VALUES (1, 'one', 1)");
    follow(&f, APPLY);
    return f;
}

static void
expect_columns_same(const flow *f, const char *columns)
{
    char *here = ask(f->from, "SELECT %s FROM changed", columns);
    char *there = ask(f->to, "SELECT %s FROM changed", columns);

    ck_assert_msg(strcmp(here, there) == 0, "%s:\nsource\n%.300s\ntarget\n%.300s", kind_names[f->to.kind], here, there);
    free(here);
    free(there);
}

START_TEST(columns_that_are_added_come_to_the_target_with_their_values)
{
    flow f = open_followed("added", (kind)_i);

    sql(f.from, "INSERT INTO changed VALUES (2, 'two', 2)");
    sql(f.from, "ALTER TABLE changed ADD COLUMN extra int, ADD COLUMN odd_one text");
    sql(f.from, "INSERT INTO changed VALUES (3, 'three', 3, 33, 'x')");
    sql(f.from, "UPDATE changed SET extra = 22 WHERE id = 2");
    sql(f.from,
        "DO $$ BEGIN INSERT INTO changed VALUES (4, 'four', 4, 44, NULL); ALTER TABLE changed ADD COLUMN late text;"
        " INSERT INTO changed VALUES (5, 'five', 5, 55, 'y', '2024-02-29'); DELETE FROM changed WHERE id = 1;"
        " END $$");
    follow(&f, APPLY);
    expect_columns_same(&f, "id, name, qty, extra, odd_one, late");
    /* One that came while nobody followed, after a change of the rows that did not. */
    sql(f.from, "ALTER TABLE changed ADD COLUMN last_one bigint");
    sql(f.from, "UPDATE changed SET last_one = id WHERE id > 2");
    follow(&f, APPLY);
    expect_columns_same(&f, "id, name, qty, extra, odd_one, late, last_one");
    follow(&f, APPLY);
    flow_close(&f);
}
END_TEST

START_TEST(a_column_that_holds_more_than_before_does_so_in_the_target)
{
    flow f = flow_open("widened", (kind)_i);

    source_items(&f, "changed");
    sql(f.from, "ALTER TABLE changed ALTER qty TYPE int");
    follow(&f, APPLY);
    sql(f.from, "INSERT INTO changed VALUES (1, 'one', 2000000000)");
    follow(&f, APPLY);
    sql(f.from, "ALTER TABLE changed ALTER qty TYPE bigint");
    sql(f.from, "INSERT INTO changed VALUES (2, 'two', 9000000000000000000)");
    follow(&f, APPLY);
    expect_same(&f, "changed");
    flow_close(&f);
}
END_TEST

START_TEST(a_column_that_is_dropped_ends_the_stream_unless_an_option_says_what_to_do)
{
    flow f = open_followed("dropped", (kind)_i);

    sql(f.from, "ALTER TABLE changed DROP COLUMN qty");
    sql(f.from, "INSERT INTO changed VALUES (2, 'two')");
    follow_fails(&f, APPLY, INCLOAD_E_NOT_FOUND, "changed|'qty'|dropped_columns=ignore");
    expect(f.to, "1|one|1\n", "SELECT id, name, qty FROM changed");
    follow(&f, APPLY " dropped_columns=ignore");
    expect(f.to, "1|one|1\n2|two|NULL\n", "SELECT id, name, qty FROM changed");
    sql(f.from, "ALTER TABLE changed DROP COLUMN name");
    sql(f.from, "INSERT INTO changed VALUES (3)");
    follow(&f, APPLY " dropped_columns=evolve");
    ck_assert_int_eq(ask_number(f.to, "SELECT COUNT(*) FROM changed"), 3);
    expect_columns_same(&f, "id");
    follow(&f, APPLY);
    flow_close(&f);
}
END_TEST

START_TEST(a_column_under_another_name_is_one_that_is_gone_and_one_that_is_new)
{
    flow f = open_followed("renamed", (kind)_i);

    sql(f.from, "ALTER TABLE changed RENAME qty TO amount");
    sql(f.from, "INSERT INTO changed VALUES (2, 'two', 2)");
    follow_fails(&f, APPLY, INCLOAD_E_NOT_FOUND, "'qty'|'amount'|rename that in the target");
    follow(&f, APPLY " dropped_columns=ignore");
    expect(f.to, "1|1|NULL\n2|NULL|2\n", "SELECT id, qty, amount FROM changed");
    flow_close(&f);
}
END_TEST

START_TEST(a_type_that_means_something_else_ends_the_stream_with_both)
{
    flow f = open_followed("retyped", (kind)_i);

    sql(f.from, "ALTER TABLE changed ALTER qty TYPE date USING DATE '2024-01-01'");
    sql(f.from, "INSERT INTO changed VALUES (2, 'two', '2024-02-29')");
    follow_fails(&f, APPLY, INCLOAD_E_TYPE, "'qty'|bigint|date");
    expect(f.to, "1|one|1\n", "SELECT id, name, qty FROM changed");
    flow_close(&f);
}
END_TEST

START_TEST(a_table_that_has_another_name_ends_the_stream)
{
    flow f = open_followed("named", (kind)_i);
    incload_stream *stream = stream_new(&f, "until=stopped schema_changes=apply");
    runner r;

    runner_start(&r, stream);
    sql(f.from, "INSERT INTO changed VALUES (2, 'two', 2)");
    await_rows(&f, "changed", 2);
    sql(f.from, "ALTER TABLE changed RENAME TO renamed");
    sql(f.from, "INSERT INTO renamed VALUES (3, 'three', 3)");
    ck_assert_int_eq(runner_end(&r), INCLOAD_E_TYPE);
    expect_words(incload_error_message(r.err), "\"changed\"|\"renamed\"");
    incload_error_unref(r.err);
    incload_stream_unref(stream);
    sql(f.from, "ALTER TABLE renamed RENAME TO changed");
    flow_close(&f);
}
END_TEST

static int32_t
refuse_new(incload_change *change, void *data)
{
    (void)data;
    return incload_change_column_count(change) > 3 ? 0 : INCLOAD_DONE;
}

START_TEST(who_is_broken_off_behind_the_change_of_the_target_goes_on)
{
    flow f = open_followed("again", (kind)_i);
    incload_error *err = NULL;

    sql(f.from, "INSERT INTO changed VALUES (2, 'two', 2)");
    sql(f.from, "DO $$ BEGIN INSERT INTO changed VALUES (3, 'three', 3); ALTER TABLE changed ADD COLUMN extra int;"
                " INSERT INTO changed VALUES (4, 'four', 4, 44); END $$");
    incload_stream *stream = stream_new(&f, APPLY);
    ck_assert_int_eq(incload_stream_set_function(stream, refuse_new, NULL, NULL, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_stream_run(stream, &err), INCLOAD_E_CALLBACK);
    incload_error_unref(err);
    incload_stream_unref(stream);
    /* What was before it has landed, amid its transaction. */
    expect(f.to, "1|NULL\n2|NULL\n3|NULL\n", "SELECT id, extra FROM changed");
    follow(&f, APPLY);
    expect_columns_same(&f, "id, name, qty, extra");
    flow_close(&f);
}
END_TEST

/* Runs of the load that copies the table, and later alters it, as the ledger has them. */
static int64_t
runs_of(const flow *f)
{
    bool postgres = f->to.kind == POSTGRES || f->to.kind == PG_ODBC;

    return ask_number(f->to, "SELECT COUNT(*) FROM %srun WHERE load_name = 'stream:%s:public.changed'",
                      postgres ? "incload." : "incload_", f->name);
}

START_TEST(who_finds_nothing_altered_leaves_no_record_of_having_looked)
{
    flow f = open_followed("unaltered", (kind)_i);

    sql(f.from, "INSERT INTO changed VALUES (2, 'two', 2)");
    follow(&f, APPLY);
    int64_t runs = runs_of(&f);
    for (int32_t i = 3; i < 6; i++) {
        sql(f.from, "INSERT INTO changed VALUES (%d, 'more', %d)", (int)i, (int)i);
        follow(&f, APPLY);
    }
    ck_assert_int_eq(runs_of(&f), runs);
    sql(f.from, "ALTER TABLE changed ADD COLUMN extra int");
    sql(f.from, "INSERT INTO changed VALUES (7, 'seven', 7, 77)");
    follow(&f, APPLY);
    ck_assert_int_eq(runs_of(&f), runs + 1);
    expect_columns_same(&f, "id, name, qty, extra");
    flow_close(&f);
}
END_TEST

/* Its sessions call a function in the place of the catalog's, which ends the first that does. */
static incload_database *
open_dying(const flow *f)
{
    incload_error *err = NULL;
    char url[2000];

    sql(f->from, "DROP SCHEMA IF EXISTS dying CASCADE");
    sql(f->from, "CREATE SCHEMA dying");
    sql(f->from, "CREATE SEQUENCE dying.calls");
    sql(f->from, "CREATE FUNCTION dying.format_type(integer, integer) RETURNS text LANGUAGE sql AS $$ SELECT CASE WHEN "
                 "nextval('dying.calls') = 1 THEN pg_terminate_backend(pg_backend_pid())::text ELSE "
                 "pg_catalog.format_type($1::oid, $2) END $$");
    snprintf(url, sizeof url, "%s&options=-c%%20search_path%%3Ddying%%2Cpg_catalog%%2Cpublic", place_url(POSTGRES, 0));
    incload_database *db = incload_database_new(url, NULL, &err);
    ck_assert_msg(db != NULL, "%s", incload_error_message(err));
    return db;
}

START_TEST(a_source_that_is_lost_while_the_target_is_altered_is_asked_again)
{
    flow f = open_followed("dying", (kind)_i), dying = f;

    dying.from.db = open_dying(&f);
    sql(f.from, "ALTER TABLE changed ADD COLUMN extra int");
    sql(f.from, "INSERT INTO changed VALUES (2, 'two', 2, 22)");
    follow_fails(&dying, APPLY " retries=0", INCLOAD_E_CONNECT, "target table");
    sql(f.from, "ALTER SEQUENCE dying.calls RESTART");
    follow(&dying, APPLY " retry_delay=10ms");
    ck_assert_int_gt(ask_number(f.from, "SELECT last_value FROM dying.calls"), 1);
    expect_columns_same(&f, "id, name, qty, extra");
    incload_database_unref(dying.from.db);
    sql(f.from, "DROP SCHEMA dying CASCADE");
    flow_close(&f);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, columns_that_are_added_come_to_the_target_with_their_values, 0, KINDS);
    tcase_add_loop_test(tests, a_column_that_holds_more_than_before_does_so_in_the_target, 0, KINDS);
    tcase_add_loop_test(tests, a_column_that_is_dropped_ends_the_stream_unless_an_option_says_what_to_do, 0, KINDS);
    tcase_add_loop_test(tests, a_column_under_another_name_is_one_that_is_gone_and_one_that_is_new, 0, KINDS);
    tcase_add_loop_test(tests, a_type_that_means_something_else_ends_the_stream_with_both, 0, KINDS);
    tcase_add_loop_test(tests, a_table_that_has_another_name_ends_the_stream, 0, KINDS);
    tcase_add_loop_test(tests, who_is_broken_off_behind_the_change_of_the_target_goes_on, 0, KINDS);
    tcase_add_loop_test(tests, who_finds_nothing_altered_leaves_no_record_of_having_looked, 0, KINDS);
    tcase_add_loop_test(tests, a_source_that_is_lost_while_the_target_is_altered_is_asked_again, 0, KINDS);
}

int
main(void)
{
    return run_tests("stream_altered", 120, add_tests);
}
