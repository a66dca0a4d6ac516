/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's log into each kind of database: copied, followed, broken off and run again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "streams.h"

START_TEST(two_tables_are_copied_and_then_every_change_of_them_follows)
{
    flow f = flow_open("both", (kind)_i);

    source_items(&f, "stream_a");
    source_items(&f, "stream_b");
    sql(f.from, "INSERT INTO stream_a VALUES (1, 'one', 1), (2, 'two', NULL), (3, NULL, 3)");
    follow(&f, "tables='stream_a, stream_b'");
    expect_same(&f, "stream_a");
    expect_same(&f, "stream_b");
    ck_assert_int_eq(slots_of(&f), 1);

    sql(f.from, "INSERT INTO stream_b VALUES (7, 'it''s \"odd\" \\ text', 7), (8, '', 8), (9, 'nine', 9)");
    sql(f.from, "UPDATE stream_a SET qty = qty + 10");
    sql(f.from, "DELETE FROM stream_a WHERE id = 1");
    sql(f.from, "UPDATE stream_a SET id = 30 WHERE id = 3");
    follow(&f, "tables='stream_a, stream_b'");
    expect_same(&f, "stream_a");
    expect_same(&f, "stream_b");
    expect(f.to, "2|two|NULL\n30|NULL|13\n", "SELECT id, name, qty FROM stream_a");

    sql(f.from, "TRUNCATE stream_a, stream_b");
    sql(f.from, "INSERT INTO stream_a VALUES (1, 'new', 1)");
    follow(&f, "tables='stream_a, stream_b'");
    expect(f.to, "1|new|1\n", "SELECT id, name, qty FROM stream_a");
    expect(f.to, "", "SELECT id, name, qty FROM stream_b");
    flow_close(&f);
}
END_TEST

/* It is not in the log, so a copy of it would never change again. */
START_TEST(what_the_source_computes_is_not_copied_and_may_be_computed_by_the_target)
{
    flow f = flow_open("computed", (kind)_i);
    static const char *const tables[] = { "stream_computed", "stream_computing" };
    static const char columns[] = "(id bigint NOT NULL PRIMARY KEY, name varchar(9), qty bigint,"
                                  " twice bigint GENERATED ALWAYS AS (qty * 2) STORED)";

    for (int32_t i = 0; i < 2; i++) {
        source_items(&f, tables[i]);
        sql(f.from, "DROP TABLE %s", tables[i]);
        sql(f.from, "CREATE TABLE %s %s", tables[i], columns);
        sql(f.from, "INSERT INTO %s (id, name, qty) VALUES (1, 'one', 1), (2, 'two', 2)", tables[i]);
    }
    sql(f.to, "CREATE TABLE stream_computing %s", columns);
    follow(&f, "tables='stream_computed, stream_computing'");
    for (int32_t i = 0; i < 2; i++) {
        sql(f.from, "UPDATE %s SET qty = 5 WHERE id = 1", tables[i]);
        sql(f.from, "INSERT INTO %s (id, name, qty) VALUES (3, 'three', 3)", tables[i]);
    }
    follow(&f, "tables='stream_computed, stream_computing'");
    expect(f.to, "1|one|5\n2|two|2\n3|three|3\n", "SELECT * FROM stream_computed");
    expect(f.to, "1|one|5|10\n2|two|2|4\n3|three|3|6\n", "SELECT * FROM stream_computing");
    flow_close(&f);
}
END_TEST

START_TEST(a_run_without_news_changes_nothing_and_counts_nothing_twice)
{
    flow f = flow_open("quiet", (kind)_i);
    incload_error *err = NULL;
    uint64_t position = 0, ordinal = 0;

    source_items(&f, "stream_quiet");
    sql(f.from, "INSERT INTO stream_quiet VALUES (1, 'one', 1)");
    incload_stream *stream = stream_new(&f, "tables=stream_quiet");
    ck_assert_int_eq(incload_stream_run(stream, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_stream_changes(stream, INCLOAD_CHANGE_READ), 1);
    sql(f.from, "INSERT INTO stream_quiet VALUES (2, 'two', 2), (3, 'three', 3)");
    sql(f.from, "DELETE FROM stream_quiet WHERE id = 2");
    ck_assert_int_eq(incload_stream_run(stream, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_stream_changes(stream, INCLOAD_CHANGE_INSERT), 2);
    ck_assert_int_eq(incload_stream_changes(stream, INCLOAD_CHANGE_DELETE), 1);
    ck_assert_int_eq(incload_stream_transactions(stream), 2);
    ck_assert_int_eq(incload_stream_run(stream, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_stream_changes(stream, 0), 4);
    ck_assert_int_eq(incload_stream_position(stream, &position, &ordinal, &err), INCLOAD_OK);
    ck_assert_uint_gt(position, 0);
    ck_assert_uint_ge(incload_stream_received(stream), incload_stream_confirmed(stream));
    ck_assert_uint_le(incload_stream_confirmed(stream), position);
    ck_assert_int_eq(incload_stream_alarm(stream), 0);
    incload_stream_unref(stream);
    expect_same(&f, "stream_quiet");
    flow_close(&f);
}
END_TEST

START_TEST(a_running_stream_brings_changes_at_once_and_stops_when_told)
{
    flow f = flow_open("live", (kind)_i);
    runner r;

    source_items(&f, "stream_live");
    follow(&f, "tables=stream_live");
    incload_stream *stream = stream_new(&f, "tables=stream_live until=stopped");
    runner_start(&r, stream);
    sql(f.from, "INSERT INTO stream_live VALUES (1, 'one', 1)");
    await_rows(&f, "stream_live", 1);
    sql(f.from, "INSERT INTO stream_live SELECT i, 'many', i FROM generate_series(2, 500) AS i");
    await_rows(&f, "stream_live", 500);
    ck_assert_int_eq(incload_stream_run(stream, NULL), INCLOAD_E_STATE);
    incload_stream_stop(stream);
    int32_t status = runner_end(&r);
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(r.err));
    expect_same(&f, "stream_live");
    incload_stream_unref(stream);
    flow_close(&f);
}
END_TEST

START_TEST(a_cancelled_run_says_so_and_the_next_one_goes_on)
{
    flow f = flow_open("cancel", (kind)_i);
    runner r;

    source_items(&f, "stream_cancel");
    follow(&f, "tables=stream_cancel");
    incload_stream *stream = stream_new(&f, "tables=stream_cancel until=stopped");
    runner_start(&r, stream);
    sql(f.from, "INSERT INTO stream_cancel VALUES (1, 'one', 1)");
    await_rows(&f, "stream_cancel", 1);
    incload_stream_cancel(stream);
    ck_assert_int_eq(runner_end(&r), INCLOAD_E_CANCELLED);
    incload_error_unref(r.err);
    ck_assert_int_eq(incload_stream_run(stream, NULL), INCLOAD_E_CANCELLED);
    incload_stream_unref(stream);
    sql(f.from, "INSERT INTO stream_cancel VALUES (2, 'two', 2)");
    follow(&f, "tables=stream_cancel");
    expect_same(&f, "stream_cancel");
    flow_close(&f);
}
END_TEST

START_TEST(a_large_transaction_comes_whole_and_what_was_undone_in_it_does_not)
{
    flow f = flow_open("large", (kind)_i);

    source_items(&f, "stream_large");
    follow(&f, "tables=stream_large");
    sql(f.from, "DO $$ BEGIN"
                " INSERT INTO stream_large SELECT i, repeat('x', 40), i FROM generate_series(1, 6000) AS i;"
                " BEGIN INSERT INTO stream_large SELECT i, 'no', i FROM generate_series(7001, 8000) AS i;"
                " RAISE EXCEPTION 'undo'; EXCEPTION WHEN OTHERS THEN NULL; END;"
                " UPDATE stream_large SET qty = -qty WHERE id %% 2 = 0;"
                " END $$");
    follow(&f, "tables=stream_large batch_bytes=200000 memory=200000");
    expect_same(&f, "stream_large");
    flow_close(&f);
}
END_TEST

START_TEST(values_that_are_kept_elsewhere_and_not_touched_stay)
{
    flow f = flow_open("toast", (kind)_i);

    source_items(&f, "stream_toast");
    sql(f.from, "ALTER TABLE stream_toast ALTER name SET STORAGE EXTERNAL");
    sql(f.from, "INSERT INTO stream_toast VALUES (1, repeat('abc', 3000), 1), (2, repeat('def', 3000), 2)");
    follow(&f, "tables=stream_toast");
    sql(f.from, "UPDATE stream_toast SET qty = 10 WHERE id = 1");
    sql(f.from, "UPDATE stream_toast SET id = 20 WHERE id = 2");
    follow(&f, "tables=stream_toast");
    expect_same(&f, "stream_toast");
    flow_close(&f);
}
END_TEST

START_TEST(rows_without_a_key_are_told_by_all_of_their_values)
{
    flow f = flow_open("bare", (kind)_i);

    sql(f.from, "DROP TABLE IF EXISTS stream_bare");
    sql(f.from, "CREATE TABLE stream_bare (id bigint, name text, qty bigint)");
    follow_fails(&f, "tables=stream_bare", INCLOAD_E_CONSTRAINT, "stream_bare|primary key|REPLICA IDENTITY FULL");
    sql(f.from, "ALTER TABLE stream_bare REPLICA IDENTITY FULL");
    table_drop(f.to, "stream_bare");
    sql(f.from, "INSERT INTO stream_bare VALUES (1, 'twin', 1), (1, 'twin', 1), (2, NULL, 2)");
    follow(&f, "tables=stream_bare");
    expect_same(&f, "stream_bare");
    sql(f.from, "DELETE FROM stream_bare WHERE ctid = (SELECT min(ctid) FROM stream_bare)");
    sql(f.from, "UPDATE stream_bare SET qty = 5 WHERE id = 2");
    sql(f.from, "INSERT INTO stream_bare VALUES (3, 'three', 3)");
    follow(&f, "tables=stream_bare");
    expect_same(&f, "stream_bare");
    flow_close(&f);
}
END_TEST

/* As those of pgbench_history: the source would refuse updates and deletes. */
START_TEST(rows_without_a_key_are_added_where_the_source_can_only_add)
{
    flow f = flow_open("added", (kind)_i);

    sql(f.from, "DROP TABLE IF EXISTS stream_added");
    sql(f.from, "CREATE TABLE stream_added (id bigint, name text, qty bigint)");
    sql(f.from, "CREATE PUBLICATION %s FOR TABLE stream_added", f.name);
    table_drop(f.to, "stream_added");
    sql(f.from, "INSERT INTO stream_added VALUES (1, 'twin', 1), (1, 'twin', 1), (2, NULL, 2)");
    follow(&f, "");
    expect_same(&f, "stream_added");
    sql(f.from, "INSERT INTO stream_added VALUES (1, 'twin', 1), (3, 'three', 3)");
    follow(&f, "");
    expect_same(&f, "stream_added");
    flow_close(&f);
}
END_TEST

/* ---- another name, other values ---- */

static int32_t
alter(incload_change *change, void *user_data)
{
    int64_t length = 0;
    int32_t *seen = user_data;

    (*seen)++;
    if (incload_change_operation(change) == INCLOAD_CHANGE_TRUNCATE)
        return INCLOAD_DONE;
    ck_assert_int_eq(incload_change_column_count(change), 3);
    ck_assert_str_eq(incload_change_column_name(change, 1), "name");
    ck_assert_str_eq(incload_change_schema(change), "public");
    ck_assert_int_gt(incload_change_committed_us(change), 0);
    const char *name = incload_change_value(change, 1, &length);
    if (name != NULL && length == 6 && memcmp(name, "secret", 6) == 0)
        return INCLOAD_SKIP;
    if (name != NULL)
        ck_assert_int_eq(incload_change_set_value(change, 1, "hidden", NULL), INCLOAD_OK);
    return INCLOAD_DONE;
}

static void
forget(void *user_data)
{
    *(int32_t *)user_data += 1000;
}

START_TEST(a_function_sees_each_change_leaves_some_out_and_alters_others)
{
    flow f = flow_open("alter", (kind)_i);
    incload_error *err = NULL;
    int32_t seen = 0;

    source_items(&f, "stream_alter");
    table_drop(f.to, "renamed");
    follow(&f, "tables=stream_alter:renamed");
    sql(f.from, "INSERT INTO stream_alter VALUES (1, 'one', 1), (2, 'secret', 2), (3, NULL, 3)");
    incload_stream *stream = stream_new(&f, "tables=stream_alter:renamed");
    ck_assert_int_eq(incload_stream_set_function(stream, alter, &seen, forget, &err), INCLOAD_OK);
    int32_t status = incload_stream_run(stream, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
    expect(f.to, "1|hidden|1\n3|NULL|3\n", "SELECT id, name, qty FROM renamed");
    ck_assert_int_eq(seen, 3);
    ck_assert_int_eq(incload_stream_changes(stream, INCLOAD_CHANGE_INSERT), 2);
    incload_stream_unref(stream);
    ck_assert_int_eq(seen, 1003);
    flow_close(&f);
}
END_TEST

static int32_t
refuse(incload_change *change, void *user_data)
{
    (void)change;
    (void)user_data;
    return 0;
}

START_TEST(a_function_that_fails_ends_the_run_and_its_changes_come_again)
{
    flow f = flow_open("refuse", (kind)_i);

    source_items(&f, "stream_refuse");
    follow(&f, "tables=stream_refuse");
    sql(f.from, "INSERT INTO stream_refuse VALUES (1, 'one', 1)");
    incload_stream *stream = stream_new(&f, "tables=stream_refuse");
    ck_assert_int_eq(incload_stream_set_function(stream, refuse, NULL, NULL, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload_stream_run(stream, NULL), INCLOAD_E_CALLBACK);
    expect(f.to, "", "SELECT id, name, qty FROM stream_refuse");
    ck_assert_int_eq(incload_stream_set_function(stream, NULL, NULL, NULL, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload_stream_run(stream, NULL), INCLOAD_OK);
    incload_stream_unref(stream);
    expect_same(&f, "stream_refuse");
    flow_close(&f);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, two_tables_are_copied_and_then_every_change_of_them_follows, 0, KINDS);
    tcase_add_loop_test(tests, what_the_source_computes_is_not_copied_and_may_be_computed_by_the_target, 0, KINDS);
    tcase_add_loop_test(tests, a_run_without_news_changes_nothing_and_counts_nothing_twice, 0, DATABASES);
    tcase_add_loop_test(tests, a_running_stream_brings_changes_at_once_and_stops_when_told, 0, DATABASES);
    tcase_add_loop_test(tests, a_cancelled_run_says_so_and_the_next_one_goes_on, 0, DATABASES);
    tcase_add_loop_test(tests, a_large_transaction_comes_whole_and_what_was_undone_in_it_does_not, 0, DATABASES);
    tcase_add_loop_test(tests, values_that_are_kept_elsewhere_and_not_touched_stay, 0, DATABASES);
    tcase_add_loop_test(tests, rows_without_a_key_are_told_by_all_of_their_values, 0, DATABASES);
    tcase_add_loop_test(tests, rows_without_a_key_are_added_where_the_source_can_only_add, 0, DATABASES);
    tcase_add_loop_test(tests, a_function_sees_each_change_leaves_some_out_and_alters_others, 0, DATABASES);
    tcase_add_loop_test(tests, a_function_that_fails_ends_the_run_and_its_changes_come_again, 0, DATABASES);
}

int
main(void)
{
    return run_tests("stream", 120, add_tests);
}
