/* SPDX-License-Identifier: Apache-2.0 */
/* What change tables refuse, and what they leave behind: nothing. */
#include <stdio.h>
#include <stdlib.h>

#include "capturing.h"

static int32_t
from_kind(int32_t source)
{
    return source * KINDS + (source + 1) % KINDS;
}

/* How many tables and triggers of the library the source has. */
static int64_t
remains(place at, const char *table)
{
    const char *form = "SELECT COUNT(*) + 0 * length('%s') + 0 * length('%s') AS c FROM sqlite_schema"
                       " WHERE name LIKE 'incload_changes_%s%%'";
    char text[600];

    if (at.kind == POSTGRES || at.kind == PG_ODBC)
        form = "SELECT (SELECT COUNT(*) FROM pg_class WHERE relname LIKE 'incload_changes_%s%%')"
               " + (SELECT COUNT(*) FROM pg_trigger WHERE tgname LIKE 'incload_changes_%s%%')"
               " + (SELECT COUNT(*) FROM pg_proc WHERE proname LIKE 'incload_changes_%s%%') AS c";
    if (at.kind == MARIADB)
        form = "SELECT (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_NAME LIKE 'incload_changes_%s%%')"
               " + (SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_NAME LIKE 'incload_changes_%s%%')"
               " + 0 * LENGTH('%s') AS c";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, form, table, table, table);
#pragma GCC diagnostic pop
    return ask_number(at, "%s", text);
}

START_TEST(what_was_installed_can_be_removed_and_installed_again)
{
    watched w = watch_rows("anew", from_kind(_i), NULL, "(1, 'one', 1)");
    incload_error *err = NULL;

    ck_assert_int_gt(remains(w.from, w.table), 0);
    install(&w);
    sql(w.from, "UPDATE %s SET qty = 2", w.table);
    install(&w);
    ck_assert_int_eq(pending(&w), 1);
    ck_assert_int_eq(incload_capture_remove(w.changes, &err), INCLOAD_OK);
    ck_assert_int_eq(remains(w.from, w.table), 0);
    ck_assert_int_eq(incload_capture_remove(w.changes, &err), INCLOAD_OK);
    sql(w.from, "UPDATE %s SET qty = 3", w.table);
    refused(incload_capture_run(w.changes, &err), &err, INCLOAD_E_STATE, "incload_capture_install");
    refused(incload_capture_load(w.changes, &err), &err, INCLOAD_E_STATE, "incload_capture_install");
    install(&w);
    ck_assert_int_eq(incload_capture_load(w.changes, &err), INCLOAD_OK);
    sql(w.from, "INSERT INTO %s VALUES (5, 'five', 5)", w.table);
    consume(&w);
    expect_items(w.to, w.table, false, "1|one|3\n5|five|5\n");
    unwatch(&w);
}
END_TEST

START_TEST(a_table_that_the_library_did_not_make_is_left_alone)
{
    watched w = watch("alien", from_kind(_i), NULL);
    incload_error *err = NULL;

    sql(w.from, "CREATE TABLE incload_changes_%s (note varchar(20))", w.table);
    sql(w.from, "INSERT INTO incload_changes_%s VALUES ('mine')", w.table);
    refused(incload_capture_install(w.changes, &err), &err, INCLOAD_E_STATE, "incload_changes_alien|change_table");
    refused(incload_capture_remove(w.changes, &err), &err, INCLOAD_E_STATE, "incload_changes_alien|change_table");
    refused(incload_capture_run(w.changes, &err), &err, INCLOAD_E_STATE, "incload_changes_alien|change_table");
    ck_assert_int_eq(ask_number(w.from, "SELECT COUNT(*) AS c FROM incload_changes_%s", w.table), 1);
    table_drop(w.from, named("incload_changes_alien", from_kind(_i)));
    unwatch(&w);
}
END_TEST

START_TEST(a_trigger_that_was_dropped_is_noticed_and_put_back)
{
    watched w = watch_rows("halved", from_kind(_i), NULL, "(1, 'one', 1)");
    incload_error *err = NULL;
    bool postgres = w.from.kind == POSTGRES || w.from.kind == PG_ODBC;

    sql(w.from, "DROP TRIGGER incload_changes_%s_%s%s%s", w.table, postgres ? "r" : "d", postgres ? " ON " : "",
        postgres ? w.table : "");
    sql(w.from, "DELETE FROM %s", w.table);
    refused(incload_capture_run(w.changes, &err), &err, INCLOAD_E_STATE, "trigger|lost|install|load");
    install(&w);
    sql(w.from, "INSERT INTO %s VALUES (2, 'two', 2)", w.table);
    ck_assert_int_eq(incload_capture_load(w.changes, &err), INCLOAD_OK);
    consume(&w);
    expect_items(w.to, w.table, false, "2|two|2\n");
    unwatch(&w);
}
END_TEST

START_TEST(two_consumers_of_one_table_have_change_tables_of_their_own)
{
    watched w = watch_rows("shared", from_kind(_i), NULL, "(1, 'one', 1)");
    incload_error *err = NULL;
    place other = place_open(w.to.kind, 0);

    make_items(other, "shared_too", false);
    incload_capture *second =
        incload_capture_new(w.from.db, w.table, other.db, "shared_too", "change_table=incload_shared_second", &err);
    ck_assert_int_eq(incload_capture_install(second, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_capture_load(second, &err), INCLOAD_OK);
    sql(w.from, "INSERT INTO %s VALUES (2, 'two', 2)", w.table);
    consume(&w);
    ck_assert_int_eq(incload_capture_run(second, &err), INCLOAD_OK);
    expect_mirrored(&w);
    expect_items(other, "shared_too", false, "1|one|1\n2|two|2\n");
    ck_assert_int_eq(incload_capture_remove(second, &err), INCLOAD_OK);
    incload_capture_unref(second);
    table_drop(other, "shared_too");
    place_close(other);
    unwatch(&w);
}
END_TEST

START_TEST(the_change_table_of_a_source_that_was_dropped_goes_with_the_next_install)
{
    watched gone = watch_rows("dropped", from_kind(_i), NULL, "(1, 'one', 1)");
    watched w = watch("staying", from_kind(_i), NULL);

    sql(gone.from, "DROP TABLE %s", gone.table);
    ck_assert_int_gt(remains(gone.from, gone.table), 0);
    install(&w);
    ck_assert_int_eq(remains(gone.from, gone.table), 0);
    ck_assert_int_gt(remains(w.from, w.table), 0);
    incload_capture_unref(gone.changes);
    place_close(gone.from);
    place_close(gone.to);
    unwatch(&w);
}
END_TEST

START_TEST(a_source_without_a_key_is_refused)
{
    place from = place_open((kind)_i, 0);
    incload_error *err = NULL;

    table_drop(from, "keyless");
    sql(from, "CREATE TABLE keyless (id bigint, name varchar(20))");
    ck_assert_ptr_null(incload_capture_new(from.db, "keyless", from.db, "copy", NULL, &err));
    refused(incload_error_code(err), &err, INCLOAD_E_CONSTRAINT, "keyless|primary key|'key'");
    ck_assert_ptr_null(incload_capture_new(from.db, "keyless", from.db, "copy", "key=id", &err));
    refused(incload_error_code(err), &err, INCLOAD_E_CONSTRAINT, "keyless|unique");
    ck_assert_ptr_null(incload_capture_new(from.db, "keyless", from.db, "copy", "key=nothing", &err));
    refused(incload_error_code(err), &err, INCLOAD_E_NOT_FOUND, "keyless|'nothing'");
    ck_assert_ptr_null(incload_capture_new(from.db, "no_such_table", from.db, "copy", NULL, &err));
    refused(incload_error_code(err), &err, INCLOAD_E_NOT_FOUND, "no_such_table");
    table_drop(from, "keyless");
    place_close(from);
}
END_TEST

START_TEST(a_table_whose_rows_a_foreign_key_changes_unseen_is_refused)
{
    watched w = watch("child", from_kind(MARIADB), NULL);
    incload_error *err = NULL;

    table_drop(w.from, w.table);
    table_drop(w.from, "parents");
    sql(w.from, "CREATE TABLE parents (id bigint PRIMARY KEY)");
    sql(w.from,
        "CREATE TABLE %s (id bigint PRIMARY KEY, name varchar(200), qty bigint,"
        " CONSTRAINT follows FOREIGN KEY (qty) REFERENCES parents (id) ON DELETE CASCADE)",
        w.table);
    refused(incload_capture_install(w.changes, &err), &err, INCLOAD_E_UNSUPPORTED, "follows|parents|RESTRICT");
    ck_assert_int_eq(remains(w.from, w.table), 0);
    table_drop(w.from, w.table);
    sql(w.from, "CREATE TABLE %s (id bigint PRIMARY KEY, name varchar(200), qty bigint) ENGINE=MyISAM", w.table);
    refused(incload_capture_install(w.changes, &err), &err, INCLOAD_E_UNSUPPORTED, "MyISAM|InnoDB");
    table_drop(w.from, "parents");
    unwatch(&w);
}
END_TEST

START_TEST(a_view_is_refused)
{
    watched w = watch("viewed", from_kind(_i), NULL);
    incload_error *err = NULL;

    incload_capture_unref(w.changes);
    sql(w.from, "CREATE VIEW glance AS SELECT * FROM %s", w.table);
    ck_assert_ptr_null(incload_capture_new(w.from.db, "glance", w.to.db, w.table, "key=id", &err));
    refused(incload_error_code(err), &err, INCLOAD_E_CONSTRAINT, "glance");
    sql(w.from, "DROP VIEW glance");
    w.changes = change_table_of(&w, NULL);
    unwatch(&w);
}
END_TEST

/* Whoever may write to the table need not be able to write to the change table. */
START_TEST(writers_need_no_privilege_on_the_change_table)
{
    watched w = watch_rows("granted", from_kind(POSTGRES), NULL, "(1, 'one', 1)");

    sql(w.from, "DROP ROLE IF EXISTS incload_test_writer");
    sql(w.from, "CREATE ROLE incload_test_writer");
    sql(w.from,
        "DO $$ DECLARE s text := current_schema(); BEGIN"
        " EXECUTE format('GRANT USAGE ON SCHEMA %%I TO incload_test_writer', s);"
        " EXECUTE format('GRANT SELECT, UPDATE ON %%I.%s TO incload_test_writer', s);"
        " SET LOCAL ROLE incload_test_writer;"
        " EXECUTE format('UPDATE %%I.%s SET qty = 7', s); END $$",
        w.table, w.table);
    consume(&w);
    expect_items(w.to, w.table, false, "1|one|7\n");
    sql(w.from, "DROP OWNED BY incload_test_writer");
    sql(w.from, "DROP ROLE incload_test_writer");
    unwatch(&w);
}
END_TEST

START_TEST(a_name_that_needs_quotes_is_quoted)
{
    place from = place_open((kind)_i, 0), to = place_open(SQLITE, 1);
    char quote = from.kind == MARIADB ? '`' : '"';
    incload_error *err = NULL;

    sql(from, "DROP TABLE IF EXISTS %cOdd 'na\\me.%c", quote, quote);
    sql(from, "CREATE TABLE %cOdd 'na\\me.%c (%cI d%c bigint PRIMARY KEY NOT NULL, %cselect%c bigint)", quote, quote,
        quote, quote, quote, quote);
    table_drop(to, "odd");
    incload_capture *changes = incload_capture_new(from.db, "\"Odd 'na\\me.\"", to.db, "odd", "key='\"I d\"'", &err);
    ck_assert_msg(changes != NULL, "%s", incload_error_message(err));
    int32_t status = incload_capture_install(changes, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_capture_load(changes, &err), INCLOAD_OK);
    sql(from, "INSERT INTO %cOdd 'na\\me.%c VALUES (1, 2)", quote, quote);
    status = incload_capture_run(changes, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
    expect(to, "1|2\n", "SELECT \"I d\", \"select\" FROM odd");
    ck_assert_int_eq(incload_capture_remove(changes, &err), INCLOAD_OK);
    incload_capture_unref(changes);
    sql(from, "DROP TABLE %cOdd 'na\\me.%c", quote, quote);
    place_close(from);
    place_close(to);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, what_was_installed_can_be_removed_and_installed_again, 0, KINDS);
    tcase_add_loop_test(tests, a_table_that_the_library_did_not_make_is_left_alone, 0, KINDS);
    tcase_add_loop_test(tests, a_trigger_that_was_dropped_is_noticed_and_put_back, 0, KINDS);
    tcase_add_loop_test(tests, two_consumers_of_one_table_have_change_tables_of_their_own, 0, KINDS);
    tcase_add_loop_test(tests, the_change_table_of_a_source_that_was_dropped_goes_with_the_next_install, 0, KINDS);
    tcase_add_loop_test(tests, a_source_without_a_key_is_refused, 0, KINDS);
    tcase_add_test(tests, a_table_whose_rows_a_foreign_key_changes_unseen_is_refused);
    tcase_add_loop_test(tests, a_view_is_refused, 0, KINDS);
    tcase_add_test(tests, writers_need_no_privilege_on_the_change_table);
    tcase_add_loop_test(tests, a_name_that_needs_quotes_is_quoted, 0, KINDS);
}

int
main(void)
{
    return run_tests("change_table_guards", 60, add_tests);
}
