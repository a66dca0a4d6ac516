/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream refuses, what it answers, and where it ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "streams.h"

/* The server decodes what others commit meanwhile: after their DDL, up to PostgreSQL 15 at least, it may fail to let go
 * of its snapshot at the statement's end (SQLSTATE XX000), with the slot made or not. */
static void
make_slot(const flow *f)
{
    char make[200];

    snprintf(make, sizeof make, "SELECT pg_create_logical_replication_slot('%s', 'pgoutput')", f->name);
    while (slots_of(f) == 0) {
        incload_error *err = NULL;
        int32_t status = incload_database_execute(f->from.db, make, NULL, &err);
        ck_assert_msg(status == INCLOAD_OK || strcmp(incload_error_sqlstate(err), "XX000") == 0, "%s",
                      incload_error_message(err));
        incload_error_unref(err);
    }
}

START_TEST(a_target_with_rows_is_not_mixed_with_others)
{
    flow f = flow_open("mixed", (kind)_i);

    source_items(&f, "edge_mixed");
    sql(f.from, "INSERT INTO edge_mixed VALUES (1, 'one', 1)");
    make_items(f.to, "edge_mixed", false);
    sql(f.to, "INSERT INTO edge_mixed (id) VALUES (99)");
    follow_fails(&f, "tables=edge_mixed", INCLOAD_E_EXISTS, "edge_mixed|has rows|snapshot=replace|snapshot=never");
    ck_assert_int_eq(slots_of(&f), 0);
    follow(&f, "tables=edge_mixed snapshot=replace");
    expect_same(&f, "edge_mixed");
    flow_close(&f);
}
END_TEST

START_TEST(a_slot_of_somebody_else_is_left_alone_or_gone_on_from)
{
    flow f = flow_open("other", (kind)_i);

    source_items(&f, "edge_other");
    make_items(f.to, "edge_other", false);
    make_slot(&f);
    follow_fails(&f, "tables=edge_other", INCLOAD_E_EXISTS, "slot|snapshot=never");
    sql(f.from, "INSERT INTO edge_other VALUES (1, 'one', 1)");
    follow(&f, "tables=edge_other snapshot=never");
    expect_same(&f, "edge_other");
    flow_close(&f);
}
END_TEST

START_TEST(what_is_missing_is_named)
{
    flow f = flow_open("missing", (kind)_i);

    source_items(&f, "edge_here");
    follow_fails(&f, "create=never", INCLOAD_E_NOT_FOUND, "no publication|create=missing");
    sql(f.from, "CREATE PUBLICATION %s FOR TABLE edge_here", f.name);
    follow_fails(&f, "tables=edge_gone", INCLOAD_E_NOT_FOUND, "no table edge_gone|ALTER PUBLICATION");
    follow_fails(&f, "create=never", INCLOAD_E_NOT_FOUND, "no replication slot|create=never");
    ck_assert_int_eq(slots_of(&f), 0);
    follow(&f, NULL);
    sql(f.from, "SELECT pg_drop_replication_slot('%s')", f.name);
    follow_fails(&f, NULL, INCLOAD_E_NOT_FOUND, "no replication slot|new snapshot");
    flow_close(&f);
}
END_TEST

START_TEST(a_slot_that_another_reader_moved_is_told_as_loss)
{
    flow f = flow_open("moved", (kind)_i);

    source_items(&f, "edge_moved");
    follow(&f, "tables=edge_moved");
    sql(f.from, "INSERT INTO edge_moved VALUES (1, 'one', 1)");
    free(ask(f.from,
             "SELECT CASE WHEN pg_switch_wal() IS NULL THEN 0 ELSE 1 END FROM pg_replication_slots WHERE slot_name ="
             " '%s' AND (SELECT pg_logical_emit_message(true, 'x', 'x')) IS NOT NULL",
             f.name));
    free(ask(f.from, "SELECT slot_name FROM pg_replication_slot_advance('%s', pg_current_wal_flush_lsn())", f.name));
    follow_fails(&f, "tables=edge_moved", INCLOAD_E_STATE_MISSING, "moved past the position|another reader");
    flow_close(&f);
}
END_TEST

START_TEST(a_table_that_was_altered_ends_the_stream_with_the_difference)
{
    flow f = flow_open("altered", (kind)_i);

    source_items(&f, "edge_altered");
    follow(&f, "tables=edge_altered");
    sql(f.from, "INSERT INTO edge_altered VALUES (1, 'one', 1)");
    sql(f.from, "ALTER TABLE edge_altered ADD COLUMN extra int, DROP COLUMN qty");
    sql(f.from, "INSERT INTO edge_altered VALUES (2, 'two', 22)");
    follow_fails(&f, "tables=edge_altered", INCLOAD_E_TYPE, "edge_altered|extra|qty|schema_changes=ignore");
    follow(&f, "tables=edge_altered schema_changes=ignore");
    expect(f.to, "1|one|1\n2|two|NULL\n", "SELECT id, name, qty FROM edge_altered");
    flow_close(&f);
}
END_TEST

START_TEST(a_column_that_the_target_got_first_is_no_surprise)
{
    flow f = flow_open("ahead", (kind)_i);

    source_items(&f, "edge_ahead");
    follow(&f, "tables=edge_ahead");
    sql(f.to, "ALTER TABLE edge_ahead ADD extra int");
    sql(f.from, "INSERT INTO edge_ahead VALUES (1, 'one', 1)");
    sql(f.from, "ALTER TABLE edge_ahead ADD COLUMN extra int");
    sql(f.from, "INSERT INTO edge_ahead VALUES (2, 'two', 2, 22)");
    follow(&f, "tables=edge_ahead");
    expect(f.to, "1|NULL\n2|22\n", "SELECT id, extra FROM edge_ahead");
    flow_close(&f);
}
END_TEST

START_TEST(a_run_until_a_position_leaves_what_is_behind_it)
{
    flow f = flow_open("until", (kind)_i);
    char options[160];

    source_items(&f, "edge_until");
    follow(&f, "tables=edge_until");
    sql(f.from, "INSERT INTO edge_until VALUES (1, 'one', 1)");
    char *position = ask(f.from, "SELECT pg_current_wal_insert_lsn()");
    position[strcspn(position, "\n")] = '\0';
    sql(f.from, "INSERT INTO edge_until VALUES (2, 'two', 2)");
    snprintf(options, sizeof options, "tables=edge_until until=position until_position=%s", position);
    free(position);
    follow(&f, options);
    expect(f.to, "1|one|1\n", "SELECT id, name, qty FROM edge_until");
    follow(&f, "tables=edge_until");
    expect_same(&f, "edge_until");
    flow_close(&f);
}
END_TEST

START_TEST(an_idle_stream_lets_the_source_forget_the_log_of_others)
{
    flow f = flow_open("idle", (kind)_i);
    runner r;

    source_items(&f, "edge_idle");
    sql(f.from, "DROP TABLE IF EXISTS edge_busy");
    sql(f.from, "CREATE TABLE edge_busy (id bigint)");
    follow(&f, "tables=edge_idle");
    incload_stream *stream = stream_new(&f, "tables=edge_idle until=stopped status_interval=100ms slot_interval=100ms");
    runner_start(&r, stream);
    sql(f.from, "INSERT INTO edge_busy SELECT i FROM generate_series(1, 1000) AS i");
    char *position = ask(f.from, "SELECT pg_current_wal_insert_lsn()");
    position[strcspn(position, "\n")] = '\0';
    await_number(f.from, 1,
                 "SELECT COUNT(*) FROM pg_replication_slots WHERE slot_name = '%s' AND confirmed_flush_lsn >="
                 " '%s'::pg_lsn",
                 f.name, position);
    free(position);
    int64_t until = now_ms() + 30000;
    while (incload_stream_retained_bytes(stream) == 0)
        ck_assert_msg(now_ms() < until, "the slot was not looked at");
    incload_stream_stop(stream);
    ck_assert_int_eq(runner_end(&r), INCLOAD_OK);
    incload_stream_unref(stream);
    flow_close(&f);
}
END_TEST

START_TEST(a_stream_of_a_publication_without_tables_waits_for_the_first)
{
    flow f = flow_open("none", (kind)_i);

    source_items(&f, "edge_none");
    sql(f.to, "CREATE TABLE edge_none (id bigint NOT NULL PRIMARY KEY, name varchar(40), qty bigint)");
    sql(f.from, "CREATE PUBLICATION %s", f.name);
    follow(&f, NULL);
    sql(f.from, "INSERT INTO edge_none VALUES (1, 'before it was published', 1)");
    char *position = ask(f.from, "SELECT pg_current_wal_insert_lsn()");
    position[strcspn(position, "\n")] = '\0';
    follow(&f, NULL);
    ck_assert_int_eq(ask_number(f.from,
                                "SELECT COUNT(*) FROM pg_replication_slots WHERE slot_name = '%s' AND "
                                "confirmed_flush_lsn >= '%s'::pg_lsn",
                                f.name, position),
                     1);
    free(position);
    sql(f.from, "ALTER PUBLICATION %s ADD TABLE edge_none", f.name);
    sql(f.from, "INSERT INTO edge_none VALUES (2, 'two', 2)");
    follow(&f, NULL);
    expect(f.to, "2|two|2\n", "SELECT id, name, qty FROM edge_none");
    sql(f.from, "DROP PUBLICATION %s", f.name);
    flow_close(&f);
}
END_TEST

START_TEST(a_table_beside_those_of_the_ledger_is_followed)
{
    flow f = flow_open("beside", (kind)_i);

    sql(f.from, "CREATE SCHEMA IF NOT EXISTS incload");
    source_items(&f, "incload.edge_beside");
    table_drop(f.to, "edge_beside");
    sql(f.from, "INSERT INTO incload.edge_beside VALUES (1, 'copied', 1)");
    sql(f.from, "CREATE PUBLICATION %s FOR TABLE incload.edge_beside", f.name);
    follow(&f, NULL);
    sql(f.from, "INSERT INTO incload.edge_beside VALUES (2, 'two', 2)");
    follow(&f, NULL);
    expect(f.to, "1|copied|1\n2|two|2\n", "SELECT id, name, qty FROM edge_beside ORDER BY id");
    sql(f.from, "DROP PUBLICATION %s", f.name);
    sql(f.from, "DROP TABLE incload.edge_beside");
    flow_close(&f);
}
END_TEST

START_TEST(two_streams_of_one_slot_do_not_read_it_at_once)
{
    flow f = flow_open("two", (kind)_i);
    runner r;

    source_items(&f, "edge_two");
    follow(&f, "tables=edge_two");
    incload_stream *stream = stream_new(&f, "tables=edge_two until=stopped");
    runner_start(&r, stream);
    await_number(f.from, 1, "SELECT COUNT(*) FROM pg_replication_slots WHERE slot_name = '%s' AND active", f.name);
    follow_fails(&f, "tables=edge_two retries=0", INCLOAD_E_BUSY, "another connection reads it");
    incload_stream_stop(stream);
    ck_assert_int_eq(runner_end(&r), INCLOAD_OK);
    incload_stream_unref(stream);
    flow_close(&f);
}
END_TEST

START_TEST(more_tables_than_one_transaction_holds_are_copied_in_several)
{
    flow f = flow_open("many", SQLITE);
    incload_error *err = NULL;

    sql(f.from,
        "DO $$ DECLARE names text; BEGIN FOR i IN 1..66 LOOP"
        " EXECUTE format('CREATE TABLE many_%%s (id bigint PRIMARY KEY)', i);"
        " EXECUTE format('INSERT INTO many_%%s VALUES (%%s)', i, i); names := concat_ws(', ', names, 'many_' || i);"
        " END LOOP; EXECUTE 'CREATE PUBLICATION %s FOR TABLE ' || names; END $$",
        f.name);
    incload_stream *stream = stream_new(&f, NULL);
    int32_t status = incload_stream_run(stream, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_stream_changes(stream, INCLOAD_CHANGE_READ), 66);
    sql(f.from, "INSERT INTO many_66 VALUES (660)");
    ck_assert_int_eq(incload_stream_run(stream, &err), INCLOAD_OK);
    expect(f.to, "66\n660\n", "SELECT id FROM many_66");
    expect(f.to, "1\n", "SELECT id FROM many_1");
    incload_stream_unref(stream);
    flow_close(&f);
}
END_TEST

START_TEST(only_a_source_with_a_log_can_be_followed)
{
    place from = place_open((kind)_i, 0), to = place_open(SQLITE, 1);
    incload_error *err = NULL;

    ck_assert_ptr_null(incload_stream_new(from.db, to.db, NULL, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_UNSUPPORTED);
    expect_words(incload_error_message(err), "libpq|postgresql://");
    incload_error_unref(err);
    place_close(from);
    place_close(to);
}
END_TEST

START_TEST(a_copy_may_take_longer_than_a_session_of_the_source_may_rest)
{
    flow f = flow_open("rests", POSTGRES);

    source_items(&f, "edge_rests");
    sql(f.from, "INSERT INTO edge_rests VALUES (1, 'one', 1)");
    make_items(f.to, "edge_rests", false);
    sql(f.to, "CREATE OR REPLACE FUNCTION rest() RETURNS trigger LANGUAGE plpgsql AS"
              " 'BEGIN PERFORM pg_sleep(1); RETURN NEW; END'");
    sql(f.to, "CREATE TRIGGER rest BEFORE INSERT ON edge_rests FOR EACH ROW EXECUTE FUNCTION rest()");
    char *name = ask(f.from, "SELECT current_database()");
    name[strcspn(name, "\n")] = '\0';
    sql(f.from, "ALTER DATABASE \"%s\" SET idle_in_transaction_session_timeout = '200ms'", name);
    follow(&f, "tables=edge_rests decoding_memory=131072 retries=0");
    sql(f.from, "ALTER DATABASE \"%s\" RESET idle_in_transaction_session_timeout", name);
    free(name);
    expect_same(&f, "edge_rests");
    flow_close(&f);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_copy_may_take_longer_than_a_session_of_the_source_may_rest);
    tcase_add_loop_test(tests, a_target_with_rows_is_not_mixed_with_others, 0, DATABASES);
    tcase_add_loop_test(tests, a_slot_of_somebody_else_is_left_alone_or_gone_on_from, 0, DATABASES);
    tcase_add_loop_test(tests, what_is_missing_is_named, 0, 1);
    tcase_add_loop_test(tests, a_slot_that_another_reader_moved_is_told_as_loss, 0, 1);
    tcase_add_loop_test(tests, a_table_that_was_altered_ends_the_stream_with_the_difference, 0, DATABASES);
    tcase_add_loop_test(tests, a_column_that_the_target_got_first_is_no_surprise, 0, DATABASES);
    tcase_add_loop_test(tests, a_run_until_a_position_leaves_what_is_behind_it, 0, DATABASES);
    tcase_add_loop_test(tests, an_idle_stream_lets_the_source_forget_the_log_of_others, 0, DATABASES);
    tcase_add_loop_test(tests, a_stream_of_a_publication_without_tables_waits_for_the_first, 0, DATABASES);
    tcase_add_loop_test(tests, a_table_beside_those_of_the_ledger_is_followed, 0, DATABASES);
    tcase_add_loop_test(tests, two_streams_of_one_slot_do_not_read_it_at_once, 0, 1);
    tcase_add_test(tests, more_tables_than_one_transaction_holds_are_copied_in_several);
    tcase_add_loop_test(tests, only_a_source_with_a_log_can_be_followed, MARIADB, KINDS);
}

int
main(void)
{
    return run_tests("stream_edges", 120, add_tests);
}
