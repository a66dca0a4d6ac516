/* SPDX-License-Identifier: Apache-2.0 */
/* Changes that MariaDB keeps by itself, as versions of a table's rows, carried to every kind of database. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../load/writers.h"
#include "capturing.h"

#define BY_VERSIONS "by=versions"

enum { WRITERS = 4 };

/* It locks no gaps, in which others write. */
static writer *
open_writer(void)
{
    writer *made = writer_open(place_url(MARIADB, 0));

    writer_do(made, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    return made;
}

START_TEST(every_change_arrives)
{
    watched w = watch_versions("kept", _i, BY_VERSIONS, "(1, 'one', 1), (2, 'two', NULL), (3, 'three', 3), (8, '', 8)");

    ck_assert_int_eq(pending(&w), 0);
    sql(w.from, "INSERT INTO %s (id, name, qty) VALUES (4, 'four', 4), (5, 'it''s', 5)", w.table);
    sql(w.from, "UPDATE %s SET qty = 22 WHERE id = 2", w.table);
    sql(w.from, "UPDATE %s SET name = NULL WHERE id = 8", w.table);
    sql(w.from, "DELETE FROM %s WHERE id = 3", w.table);
    sql(w.from, "UPDATE %s SET id = 9 WHERE id = 1", w.table);
    sql(w.from, "INSERT INTO %s (id, name, qty) VALUES (6, 'gone', 6)", w.table);
    sql(w.from, "DELETE FROM %s WHERE id = 6", w.table);
    ck_assert_int_gt(pending(&w), 0);
    consume(&w);
    expect_items(w.to, w.table, false, "2|two|22\n4|four|4\n5|it's|5\n8|NULL|8\n9|one|1\n");
    ck_assert_int_eq(pending(&w), 0);
    ck_assert_int_eq(incload_capture_rows_deleted(w.changes), 2);
    int64_t consumed = incload_capture_consumed(w.changes);
    consume(&w);
    ck_assert_int_eq(incload_capture_consumed(w.changes), consumed);
    /* Whoever comes next goes on where this one was. */
    incload_capture_unref(w.changes);
    w.changes = change_table_of(&w, BY_VERSIONS);
    sql(w.from, "INSERT INTO %s (id, name, qty) VALUES (3, 'back', 33)", w.table);
    consume(&w);
    ck_assert_int_eq(incload_capture_consumed(w.changes), 1);
    expect_mirrored(&w);
    unwatch(&w);
}
END_TEST

/* The number of a transaction is drawn at its first change, that of its commit before it is seen. */
START_TEST(transactions_that_commit_in_another_order_than_they_began_are_not_passed_over)
{
    watched w = watch_versions("order", _i, BY_VERSIONS, "(1, 'one', 1), (2, 'two', 2), (3, 'three', 3)");
    writer *first = open_writer(), *second = open_writer();

    writer_do(first, "BEGIN");
    writer_do(first, "UPDATE %s SET qty = 11 WHERE id = 1", w.table);
    writer_do(second, "BEGIN");
    writer_do(second, "DELETE FROM %s WHERE id = 2", w.table);
    sql(w.from, "INSERT INTO %s (id, name, qty) VALUES (4, 'four', 4)", w.table);
    consume(&w);
    expect_items(w.to, w.table, false, "1|one|1\n2|two|2\n3|three|3\n4|four|4\n");
    writer_do(first, "INSERT INTO %s (id, name, qty) VALUES (5, 'five', 5)", w.table);
    writer_do(second, "COMMIT");
    consume(&w);
    expect_items(w.to, w.table, false, "1|one|1\n3|three|3\n4|four|4\n");
    /* What has landed does not come again, although an older one is still open. */
    int64_t consumed = incload_capture_consumed(w.changes);
    consume(&w);
    ck_assert_int_eq(incload_capture_consumed(w.changes), consumed);
    sql(w.from, "UPDATE %s SET qty = 33 WHERE id = 3", w.table);
    writer_do(first, "COMMIT");
    consume(&w);
    expect_items(w.to, w.table, false, "1|one|11\n3|three|33\n4|four|4\n5|five|5\n");
    ck_assert_int_eq(pending(&w), 0);
    writer_close(first);
    writer_close(second);
    unwatch(&w);
}
END_TEST

START_TEST(a_load_amid_an_open_transaction_is_followed_by_its_changes)
{
    watched w = watch_versions("amid", _i, BY_VERSIONS, "(1, 'one', 1), (2, 'two', 2)");
    writer *slow = open_writer();

    writer_do(slow, "BEGIN");
    writer_do(slow, "DELETE FROM %s WHERE id = 1", w.table);
    sql(w.from, "INSERT INTO %s (id, name, qty) VALUES (3, 'three', 3)", w.table);
    load_whole(&w);
    expect_items(w.to, w.table, false, "1|one|1\n2|two|2\n3|three|3\n");
    writer_do(slow, "COMMIT");
    consume(&w);
    expect_items(w.to, w.table, false, "2|two|2\n3|three|3\n");
    writer_close(slow);
    unwatch(&w);
}
END_TEST

START_TEST(what_was_rolled_back_leaves_nothing)
{
    watched w = watch_versions("undone", _i, BY_VERSIONS, "(1, 'one', 1)");
    writer *undone = open_writer();

    writer_do(undone, "BEGIN");
    writer_do(undone, "UPDATE %s SET qty = 11 WHERE id = 1", w.table);
    writer_do(undone, "DELETE FROM %s", w.table);
    writer_do(undone, "ROLLBACK");
    ck_assert_int_eq(pending(&w), 0);
    consume(&w);
    expect_items(w.to, w.table, false, "1|one|1\n");
    ck_assert_int_eq(incload_capture_consumed(w.changes), 0);
    writer_close(undone);
    unwatch(&w);
}
END_TEST

/* Each batch has a few whole transactions, of which some are past an older one that is open. */
START_TEST(batches_end_between_transactions)
{
    watched w = watch_versions("parts", _i, BY_VERSIONS " batch_rows=5", "(1, 'one', 1)");
    writer *slow = open_writer();

    for (int32_t i = 0; i < 4; i++)
        sql(w.from, "INSERT INTO %s (id, name, qty) VALUES (%d, 'early', 1), (%d, 'early', 2)", w.table, 10 + 2 * i,
            11 + 2 * i);
    writer_do(slow, "BEGIN");
    writer_do(slow, "UPDATE %s SET name = 'slow' WHERE id = 1", w.table);
    for (int32_t i = 0; i < 9; i++)
        sql(w.from, "INSERT INTO %s (id, name, qty) VALUES (%d, 'late', 1), (%d, 'late', 2)", w.table, 30 + 2 * i,
            31 + 2 * i);
    consume(&w);
    ck_assert_int_eq(incload_capture_consumed(w.changes), 26);
    expect_mirrored(&w);
    writer_do(slow, "COMMIT");
    sql(w.from, "DELETE FROM %s WHERE id > 35", w.table);
    consume(&w);
    expect_mirrored(&w);
    writer_close(slow);
    unwatch(&w);
}
END_TEST

START_TEST(a_transaction_that_does_not_fit_is_told_with_the_remedy)
{
    watched w = watch_versions("wide", _i, BY_VERSIONS " memory=65536", "(1, 'one', 1)");
    incload_error *err = NULL;

    sql(w.from, "INSERT INTO %s (id, name, qty) SELECT seq, REPEAT('x', 150), seq FROM seq_2_to_2000", w.table);
    refused(incload_capture_run(w.changes, &err), &err, INCLOAD_E_STATE, "as a whole|'memory'|raise it");
    incload_capture_unref(w.changes);
    w.changes = change_table_of(&w, BY_VERSIONS);
    consume(&w);
    expect_mirrored(&w);
    unwatch(&w);
}
END_TEST

START_TEST(writers_at_random_and_their_mirror_end_alike)
{
    watched w = watch_versions("random", _i, BY_VERSIONS " batch_rows=7", "(1, 'one', 1)");
    writer *writers[WRITERS];
    bool open[WRITERS] = { false };
    uint64_t seed = 11;

    for (int32_t i = 0; i < WRITERS; i++)
        writers[i] = open_writer();
    for (int32_t i = 0; i < 150; i++) {
        int32_t who = (int32_t)(draw(&seed) % WRITERS), what = (int32_t)(draw(&seed) % 10);
        /* Each has rows of its own, so that none waits for another. */
        int32_t id = 100 * who + (int32_t)(draw(&seed) % 9);
        if (!open[who])
            writer_do(writers[who], "BEGIN");
        open[who] = what > 2;
        if (what > 6)
            writer_do(writers[who], "REPLACE INTO %s (id, name, qty) VALUES (%d, 'new', %d)", w.table, id, i);
        else if (what > 4)
            writer_do(writers[who], "UPDATE %s SET qty = %d WHERE id = %d", w.table, i, id);
        else if (what > 2)
            writer_do(writers[who], "DELETE FROM %s WHERE id = %d", w.table, id);
        else
            writer_do(writers[who], what > 0 ? "COMMIT" : "ROLLBACK");
        if (i % 11 == 0) {
            consume(&w);
            expect_mirrored(&w);
        }
    }
    for (int32_t i = 0; i < WRITERS; i++) {
        writer_do(writers[i], "COMMIT");
        writer_close(writers[i]);
    }
    consume(&w);
    expect_mirrored(&w);
    unwatch(&w);
}
END_TEST

START_TEST(a_table_that_keeps_no_such_versions_is_refused_with_the_remedy)
{
    watched w = { .from = place_open(MARIADB, 0), .to = place_open(SQLITE, 1) };
    incload_error *err = NULL;

    table_drop(w.from, "unfit");
    make_items(w.from, "unfit", false);
    ck_assert_ptr_null(incload_capture_new(w.from.db, "unfit", w.to.db, "unfit", BY_VERSIONS, &err));
    refused(incload_error_code(err), &err, INCLOAD_E_UNSUPPORTED, "unfit|BIGINT UNSIGNED GENERATED|by=triggers");
    /* Its versions have times, not transactions. */
    sql(w.from, "ALTER TABLE unfit ADD SYSTEM VERSIONING");
    ck_assert_ptr_null(incload_capture_new(w.from.db, "unfit", w.to.db, "unfit", BY_VERSIONS, &err));
    refused(incload_error_code(err), &err, INCLOAD_E_UNSUPPORTED, "BIGINT UNSIGNED GENERATED");
    /* An update of it would leave no version. */
    table_drop(w.from, "unfit");
    sql(w.from, "CREATE TABLE unfit (id INT PRIMARY KEY, qty INT WITHOUT SYSTEM VERSIONING, "
                "s BIGINT UNSIGNED GENERATED ALWAYS AS ROW START INVISIBLE, "
                "e BIGINT UNSIGNED GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME (s, e)) "
                "WITH SYSTEM VERSIONING");
    ck_assert_ptr_null(incload_capture_new(w.from.db, "unfit", w.to.db, "unfit", BY_VERSIONS, &err));
    refused(incload_error_code(err), &err, INCLOAD_E_UNSUPPORTED, "'qty'|WITHOUT SYSTEM VERSIONING|by=triggers");
    make_items(w.to, "unfit", false);
    ck_assert_ptr_null(incload_capture_new(w.to.db, "unfit", w.from.db, "unfit", BY_VERSIONS, &err));
    refused(incload_error_code(err), &err, INCLOAD_E_UNSUPPORTED, "MariaDB|sqlite|by=triggers");
    table_drop(w.from, "unfit");
    place_close(w.from);
    place_close(w.to);
}
END_TEST

START_TEST(of_changes_that_the_server_forgot_when_the_age_is_not_known)
{
    watched w = watch_versions("ageless", SQLITE, BY_VERSIONS, "(1, 'one', 1)");
    int64_t rows = 0, age = -1;
    incload_error *err = NULL;

    sql(w.from, "INSERT INTO %s (id, name, qty) VALUES (2, 'two', 2)", w.table);
    sql(w.from, "TRUNCATE TABLE mysql.transaction_registry");
    int32_t status = incload_capture_pending(w.changes, &rows, &age, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
    ck_assert_int_gt(rows, 0);
    ck_assert_int_eq(age, 0);
    consume(&w);
    expect_mirrored(&w);
    unwatch(&w);
}
END_TEST

START_TEST(without_the_privilege_it_is_refused_with_the_remedy)
{
    watched w = watch_versions("plain", SQLITE, BY_VERSIONS, "(1, 'one', 1)");
    char *schema = ask(w.from, "SELECT DATABASE()"), table[200];
    incload_error *err = NULL;

    schema[strcspn(schema, "\n")] = '\0';
    sql(w.from, "GRANT SELECT ON %s.* TO incload_password@127.0.0.1", schema);
    snprintf(table, sizeof table, "%s.%s", schema, w.table);
    incload_database *plain = incload_database_new(getenv("INCLOAD_TEST_MARIADB_PASSWORD_URL"), NULL, &err);
    ck_assert_msg(plain != NULL, "%s", incload_error_message(err));
    ck_assert_ptr_null(incload_capture_new(plain, table, w.to.db, w.table, BY_VERSIONS, &err));
    refused(incload_error_code(err), &err, INCLOAD_E_PERMISSION, "by=versions|GRANT PROCESS ON *.*");
    incload_database_unref(plain);
    free(schema);
    unwatch(&w);
}
END_TEST

START_TEST(a_position_of_another_table_is_refused)
{
    watched w = watch_versions("anew", _i, BY_VERSIONS, "(1, 'one', 1)");
    incload_error *err = NULL;

    sql(w.from, "DROP TABLE %s", w.table);
    make_items(w.from, w.table, false);
    sql(w.from, "ALTER TABLE %s " VERSION_COLUMNS "ADD SYSTEM VERSIONING", w.table);
    sql(w.from, "INSERT INTO %s (id, name, qty) VALUES (3, 'three', 3)", w.table);
    refused(incload_capture_run(w.changes, &err), &err, INCLOAD_E_STATE_MISSING, "made anew|incload_capture_load()");
    load_whole(&w);
    expect_mirrored(&w);
    sql(w.from, "INSERT INTO %s (id, name, qty) VALUES (2, 'two', 2)", w.table);
    consume(&w);
    expect_mirrored(&w);
    unwatch(&w);
}
END_TEST

/* The load reads no row. */
START_TEST(a_source_without_rows_empties_the_target_only_when_told)
{
    watched w = watch_versions("emptied", _i, BY_VERSIONS, "(1, 'one', 1), (2, 'two', 2)");
    incload_error *err = NULL;

    sql(w.from, "DELETE FROM %s", w.table);
    refused(incload_capture_load(w.changes, &err), &err, INCLOAD_E_STATE, "delete_all=true");
    expect_items(w.to, w.table, false, "1|one|1\n2|two|2\n");
    incload_capture_unref(w.changes);
    w.changes = change_table_of(&w, BY_VERSIONS " delete_all=true");
    load_whole(&w);
    expect_items(w.to, w.table, false, "");
    sql(w.from, "INSERT INTO %s (id, name, qty) VALUES (3, 'three', 3)", w.table);
    consume(&w);
    expect_mirrored(&w);
    unwatch(&w);
}
END_TEST

START_TEST(a_load_that_takes_most_rows_out_must_be_told_so)
{
    watched w = watch_versions("shrunk", SQLITE, BY_VERSIONS, "(1, 'one', 1)");
    incload_error *err = NULL;

    sql(w.from, "INSERT INTO %s (id, name, qty) SELECT seq, 'x', seq FROM seq_2_to_1000", w.table);
    consume(&w);
    sql(w.from, "DELETE FROM %s WHERE id > 400", w.table);
    refused(incload_capture_load(w.changes, &err), &err, INCLOAD_E_CHECK, "1000 rows|max_shrink=100");
    expect(w.to, "1000\n", "SELECT COUNT(*) AS c FROM %s", w.table);
    incload_capture_unref(w.changes);
    w.changes = change_table_of(&w, BY_VERSIONS " max_shrink=100");
    load_whole(&w);
    expect_mirrored(&w);
    unwatch(&w);
}
END_TEST

/* ---- a load beside a consumer ---- */

/* One that works in a thread of its own, by sessions that are known by their name. */
typedef struct rival {
    incload_database *to;
    incload_capture *changes;
    int32_t (*work)(incload_capture *, incload_error **);
    pthread_t thread;
    int32_t status;
    incload_error *err;
} rival;

static void *
work(void *data)
{
    rival *r = data;

    r->status = r->work(r->changes, &r->err);
    return NULL;
}

static void
rival_start(rival *r, const watched *w, const char *name, const char *options,
            int32_t (*what)(incload_capture *, incload_error **))
{
    char session[80];
    incload_error *err = NULL;

    snprintf(session, sizeof session, "application_name=%s", name);
    *r = (rival){ .to = incload_database_new(place_url(w->to.kind, 1), session, &err), .work = what };
    ck_assert_msg(r->to != NULL, "%s", incload_error_message(err));
    r->changes = incload_capture_new(w->from.db, w->table, r->to, w->table, options, &err);
    ck_assert_msg(r->changes != NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(pthread_create(&r->thread, NULL, work, r), 0);
}

static void
await_blocked(const watched *w, const char *name)
{
    await_number(w->to, 1,
                 "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = '%s' AND wait_event_type = 'Lock'",
                 name);
}

static void
rival_end(rival *r, int32_t code, const char *words)
{
    pthread_join(r->thread, NULL);
    if (code == INCLOAD_OK)
        ck_assert_msg(r->status == INCLOAD_OK, "%s", incload_error_message(r->err));
    else
        refused(r->status, &r->err, code, words);
    incload_capture_unref(r->changes);
    incload_database_unref(r->to);
}

/* Its rows are older than those of the consumer, of which it knows nothing. */
START_TEST(a_load_that_a_consumer_overtakes_lands_nothing)
{
    watched w = watch_versions("overtaken", POSTGRES, BY_VERSIONS, "(1, 'one', 1), (2, 'two', 2)");
    writer *holder = writer_open(place_url(PG_ODBC, 1));
    rival loader;

    sql(w.to, "UPDATE %s SET qty = 99 WHERE id = 1", w.table);
    writer_do(holder, "BEGIN");
    writer_do(holder, "SELECT id FROM %s WHERE id = 1 FOR UPDATE", w.table);
    rival_start(&loader, &w, "overtaken_load", BY_VERSIONS " lease=0", incload_capture_load);
    await_blocked(&w, "overtaken_load");
    sql(w.from, "INSERT INTO %s (id, name, qty) VALUES (3, 'three', 3)", w.table);
    incload_capture_unref(w.changes);
    w.changes = change_table_of(&w, BY_VERSIONS " lease=0");
    consume(&w);
    writer_do(holder, "COMMIT");
    rival_end(&loader, INCLOAD_E_BUSY, "overtaken|meanwhile");
    expect_items(w.to, w.table, false, "1|one|99\n2|two|2\n3|three|3\n");
    load_whole(&w);
    expect_mirrored(&w);
    ck_assert_int_eq(pending(&w), 0);
    writer_close(holder);
    unwatch(&w);
}
END_TEST

/* The load stands in line behind a consumer: what that lands is older than what the load reads afterwards. */
START_TEST(a_load_that_waits_for_a_consumer_lands_behind_it)
{
    watched w = watch_versions("behind", POSTGRES, BY_VERSIONS, "(1, 'one', 1), (2, 'two', 2)");
    writer *holder = writer_open(place_url(PG_ODBC, 1));
    rival consumer, loader;

    writer_do(holder, "BEGIN");
    writer_do(holder, "SELECT id FROM %s WHERE id = 1 FOR UPDATE", w.table);
    sql(w.from, "UPDATE %s SET qty = 11 WHERE id = 1", w.table);
    rival_start(&consumer, &w, "behind_consumer", BY_VERSIONS, incload_capture_run);
    await_blocked(&w, "behind_consumer");
    sql(w.from, "UPDATE %s SET qty = 12 WHERE id = 1", w.table);
    rival_start(&loader, &w, "behind_load", BY_VERSIONS " wait=60s", incload_capture_load);
    await_number(w.to, 1,
                 "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'behind_load' AND query LIKE "
                 "'%%lease%%'");
    writer_do(holder, "COMMIT");
    rival_end(&consumer, INCLOAD_OK, NULL);
    rival_end(&loader, INCLOAD_OK, NULL);
    expect_items(w.to, w.table, false, "1|one|12\n2|two|2\n");
    sql(w.from, "DELETE FROM %s WHERE id = 2", w.table);
    consume(&w);
    expect_mirrored(&w);
    writer_close(holder);
    unwatch(&w);
}
END_TEST

/* ---- tables whose versions are not asked for ---- */

/* The server puts the end of versions into each unique key. */
START_TEST(keys_of_versioned_tables_are_found_without_the_end_of_versions)
{
    watched w = { .from = place_open(MARIADB, 0), .to = place_open((kind)_i, 1) };

    snprintf(w.table, sizeof w.table, "keyed_%d", _i);
    table_drop(w.from, w.table);
    sql(w.from, "DROP TABLE IF EXISTS incload_changes_%s", w.table);
    make_items(w.from, w.table, false);
    make_items(w.to, w.table, false);
    sql(w.from, "INSERT INTO %s VALUES (1, 'one', 1), (2, 'two', 2)", w.table);
    sql(w.from, "ALTER TABLE %s " VERSION_COLUMNS "ADD SYSTEM VERSIONING", w.table);
    if (w.to.kind == MARIADB)
        sql(w.to, "ALTER TABLE %s " VERSION_COLUMNS "ADD SYSTEM VERSIONING", w.table);
    w.changes = change_table_of(&w, NULL);
    install(&w);
    load_whole(&w);
    expect_mirrored(&w);
    sql(w.from, "UPDATE %s SET qty = 22 WHERE id = 2", w.table);
    sql(w.from, "DELETE FROM %s WHERE id = 1", w.table);
    sql(w.from, "INSERT INTO %s (id, name, qty) VALUES (3, 'three', 3)", w.table);
    consume(&w);
    expect_items(w.to, w.table, false, "2|two|22\n3|three|3\n");
    unwatch(&w);
}
END_TEST

START_TEST(columns_that_have_the_names_of_an_earlier_row_start_and_end_are_read)
{
    watched w = watch_rows("plain", MARIADB * KINDS + MARIADB, NULL, "(1, 'one', 1), (2, 'two', 2)");

    sql(w.to, "ALTER TABLE %s ADD s bigint", w.table);
    sql(w.from, "ALTER TABLE %s " VERSION_COLUMNS "ADD SYSTEM VERSIONING", w.table);
    sql(w.from, "UPDATE %s SET qty = 22 WHERE id = 2", w.table);
    consume(&w);
    expect(w.to, "1|1|NULL\n2|22|NULL\n", "SELECT id, qty, s FROM %s", w.table);
    sql(w.from,
        "SET STATEMENT system_versioning_alter_history = KEEP FOR ALTER TABLE %s DROP SYSTEM VERSIONING,"
        " DROP PERIOD FOR SYSTEM_TIME, DROP COLUMN s, DROP COLUMN e",
        w.table);
    sql(w.from, "ALTER TABLE %s ADD s bigint", w.table);
    sql(w.from, "UPDATE %s SET s = 7 WHERE id = 2", w.table);
    consume(&w);
    expect(w.to, "1|NULL\n2|7\n", "SELECT id, s FROM %s", w.table);
    unwatch(&w);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, every_change_arrives, 0, KINDS);
    tcase_add_loop_test(tests, transactions_that_commit_in_another_order_than_they_began_are_not_passed_over, 0, KINDS);
    tcase_add_loop_test(tests, a_load_amid_an_open_transaction_is_followed_by_its_changes, 0, KINDS);
    tcase_add_loop_test(tests, what_was_rolled_back_leaves_nothing, 0, KINDS);
    tcase_add_loop_test(tests, batches_end_between_transactions, 0, KINDS);
    tcase_add_loop_test(tests, a_transaction_that_does_not_fit_is_told_with_the_remedy, 0, KINDS);
    tcase_add_loop_test(tests, writers_at_random_and_their_mirror_end_alike, 0, KINDS);
    tcase_add_test(tests, a_table_that_keeps_no_such_versions_is_refused_with_the_remedy);
    tcase_add_test(tests, of_changes_that_the_server_forgot_when_the_age_is_not_known);
    tcase_add_test(tests, without_the_privilege_it_is_refused_with_the_remedy);
    tcase_add_loop_test(tests, a_position_of_another_table_is_refused, 0, KINDS);
    tcase_add_loop_test(tests, a_source_without_rows_empties_the_target_only_when_told, 0, KINDS);
    tcase_add_test(tests, a_load_that_takes_most_rows_out_must_be_told_so);
    tcase_add_test(tests, a_load_that_a_consumer_overtakes_lands_nothing);
    tcase_add_test(tests, a_load_that_waits_for_a_consumer_lands_behind_it);
    tcase_add_test(tests, columns_that_have_the_names_of_an_earlier_row_start_and_end_are_read);
    tcase_add_loop_test(tests, keys_of_versioned_tables_are_found_without_the_end_of_versions, 0, KINDS);
}

int
main(void)
{
    return run_tests("capture_versions", 120, add_tests);
}
