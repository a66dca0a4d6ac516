/* SPDX-License-Identifier: Apache-2.0 */
/* Changes that triggers write down, carried between every kind of database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../load/writers.h"
#include "capturing.h"

/* From each kind; the targets take turns. */
static int32_t
from_kind(int32_t source)
{
    return source * KINDS + (source + 1) % KINDS;
}

START_TEST(every_change_arrives)
{
    watched w = watch_rows("every", _i, NULL, "(1, 'one', 1), (2, 'two', NULL), (3, 'three', 3), (8, '', -8)");

    sql(w.from, "INSERT INTO %s VALUES (4, 'four', 4), (5, 'it''s', 5)", w.table);
    sql(w.from, "UPDATE %s SET qty = 22 WHERE id = 2", w.table);
    sql(w.from, "UPDATE %s SET name = NULL WHERE id = 8", w.table);
    sql(w.from, "DELETE FROM %s WHERE id = 3", w.table);
    sql(w.from, "UPDATE %s SET id = 9 WHERE id = 1", w.table);
    sql(w.from, "INSERT INTO %s VALUES (6, 'gone', 6)", w.table);
    sql(w.from, "DELETE FROM %s WHERE id = 6", w.table);
    ck_assert_int_eq(pending(&w), 8);
    consume(&w);
    expect_items(w.to, w.table, false, "2|two|22\n4|four|4\n5|it's|5\n8|NULL|-8\n9|one|1\n");
    expect_mirrored(&w);
    ck_assert_int_eq(pending(&w), 0);
    ck_assert_int_eq(incload_capture_consumed(w.changes), 8);
    ck_assert_int_eq(incload_capture_rows_deleted(w.changes), 2);
    ck_assert_int_ge(incload_capture_rows_written(w.changes), 5);
    consume(&w);
    ck_assert_int_eq(incload_capture_consumed(w.changes), 8);
    unwatch(&w);
}
END_TEST

START_TEST(rows_that_swap_their_keys_do_so_in_the_target)
{
    watched w = watch_rows("swapped", from_kind(_i), NULL, "(1, 'one', 1), (2, 'two', 2)");

    sql(w.from, "UPDATE %s SET id = 0 WHERE id = 1", w.table);
    sql(w.from, "UPDATE %s SET id = 1 WHERE id = 2", w.table);
    sql(w.from, "UPDATE %s SET id = 2 WHERE id = 0", w.table);
    consume(&w);
    expect_items(w.to, w.table, false, "1|two|2\n2|one|1\n");
    unwatch(&w);
}
END_TEST

/* Numbers are drawn before the commit: the lower one is seen last. SQLite has one writer, and no such thing. */
START_TEST(a_change_that_becomes_visible_late_is_not_passed_over)
{
    static const kind kinds[] = { POSTGRES, MARIADB, PG_ODBC };
    watched w = watch_rows("late", from_kind((int32_t)kinds[_i]), NULL, "(1, 'one', 1), (2, 'two', 2)");
    writer *slow = writer_open(place_url(w.from.kind == POSTGRES ? PG_ODBC : w.from.kind, 0));

    writer_do(slow, "BEGIN");
    writer_do(slow, "INSERT INTO %s VALUES (3, 'slow', 3)", w.table);
    writer_do(slow, "UPDATE %s SET qty = 11 WHERE id = 1", w.table);
    sql(w.from, "INSERT INTO %s VALUES (4, 'fast', 4)", w.table);
    int64_t began = now_ms();
    consume(&w);
    /* Nobody waits for whoever is still writing. */
    ck_assert_int_lt(now_ms() - began, 20000);
    expect_items(w.to, w.table, false, "1|one|1\n2|two|2\n4|fast|4\n");
    ck_assert_int_eq(pending(&w), 0);
    writer_do(slow, "COMMIT");
    ck_assert_int_eq(pending(&w), 2);
    consume(&w);
    expect_items(w.to, w.table, false, "1|one|11\n2|two|2\n3|slow|3\n4|fast|4\n");
    writer_close(slow);
    unwatch(&w);
}
END_TEST

START_TEST(what_was_rolled_back_leaves_nothing)
{
    watched w = watch_rows("undone", from_kind(_i), NULL, "(1, 'one', 1)");
    writer *undone = writer_open(place_url(w.from.kind == POSTGRES ? PG_ODBC : w.from.kind, 0));

    writer_do(undone, "BEGIN");
    writer_do(undone, "UPDATE %s SET qty = 11 WHERE id = 1", w.table);
    writer_do(undone, "DELETE FROM %s", w.table);
    writer_do(undone, "ROLLBACK");
    ck_assert_int_eq(pending(&w), 0);
    consume(&w);
    expect_items(w.to, w.table, false, "1|one|1\n");
    writer_close(undone);
    unwatch(&w);
}
END_TEST

START_TEST(a_truncate_empties_the_target_and_what_comes_after_it_stays)
{
    watched w = watch_rows("emptied", from_kind(_i == 0 ? (int32_t)POSTGRES : (int32_t)PG_ODBC), NULL,
                           "(1, 'one', 1), (2, 'two', 2)");

    sql(w.from, "INSERT INTO %s VALUES (3, 'three', 3)", w.table);
    sql(w.from, "TRUNCATE %s", w.table);
    sql(w.from, "INSERT INTO %s VALUES (2, 'deux', 2), (4, 'quatre', 4)", w.table);
    consume(&w);
    expect_items(w.to, w.table, false, "2|deux|2\n4|quatre|4\n");
    unwatch(&w);
}
END_TEST

START_TEST(a_truncate_in_a_batch_of_its_own_is_followed_by_the_rest)
{
    watched w = watch_rows("parted", from_kind(_i == 0 ? (int32_t)POSTGRES : (int32_t)PG_ODBC), "batch_rows=1",
                           "(1, 'one', 1), (2, 'two', 2)");

    sql(w.from, "UPDATE %s SET qty = 5", w.table);
    sql(w.from, "TRUNCATE %s", w.table);
    sql(w.from, "INSERT INTO %s VALUES (2, 'deux', 2)", w.table);
    consume(&w);
    expect_items(w.to, w.table, false, "2|deux|2\n");
    unwatch(&w);
}
END_TEST

/* What a crash between the target's commit and the deletion leaves: the rows that were consumed are there again. */
START_TEST(changes_that_landed_and_are_read_again_do_no_harm)
{
    watched w = watch_rows("again", _i, NULL, "(1, 'one', 1), (2, 'two', 2), (3, 'three', 3)");

    sql(w.from, "UPDATE %s SET qty = 11 WHERE id = 1", w.table);
    sql(w.from, "DELETE FROM %s WHERE id = 2", w.table);
    sql(w.from, "INSERT INTO %s VALUES (4, 'four', 4)", w.table);
    sql(w.from, "DROP TABLE IF EXISTS kept_%s", w.table);
    sql(w.from, "CREATE TABLE kept_%s AS SELECT * FROM incload_changes_%s", w.table, w.table);
    consume(&w);
    expect_mirrored(&w);
    sql(w.from, "INSERT INTO incload_changes_%s SELECT * FROM kept_%s", w.table, w.table);
    sql(w.from, "UPDATE %s SET qty = 111 WHERE id = 1", w.table);
    sql(w.from, "INSERT INTO %s VALUES (2, 'back', 2)", w.table);
    sql(w.from, "DELETE FROM %s WHERE id = 4", w.table);
    consume(&w);
    expect_items(w.to, w.table, false, "1|one|111\n2|back|2\n3|three|3\n");
    ck_assert_int_eq(pending(&w), 0);
    sql(w.from, "DROP TABLE kept_%s", w.table);
    unwatch(&w);
}
END_TEST

START_TEST(a_batch_that_is_larger_than_the_memory_is_read_in_parts)
{
    watched w = watch_rows("parts", from_kind(_i), "memory=65536 batch_rows=64", NULL);
    char text[201] = "";

    memset(text, 'x', sizeof text - 1);
    for (int32_t i = 0; i < 600; i += 4)
        sql(w.from, "INSERT INTO %s VALUES (%d, '%s', 1), (%d, '%s', 2), (%d, '%s', 3), (%d, '%s', 4)", w.table, (int)i,
            text, (int)i + 1, text, (int)i + 2, text, (int)i + 3, text);
    consume(&w);
    expect_mirrored(&w);
    ck_assert_int_eq(incload_capture_consumed(w.changes), 600);
    incload_capture_unref(w.changes);
    w.changes = change_table_of(&w, "memory=65536");
    sql(w.from, "UPDATE %s SET qty = qty + 1", w.table);
    consume(&w);
    expect_mirrored(&w);
    unwatch(&w);
}
END_TEST

START_TEST(deleted_rows_are_marked_where_the_target_has_columns_for_it)
{
    watched w = watch("marked", from_kind(_i), NULL);
    incload_error *err = NULL;

    make_items(w.to, w.table, true);
    sql(w.from, "INSERT INTO %s VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)", w.table);
    sql(w.to, "INSERT INTO %s (id, name, qty) VALUES (3, 'old', 3), (7, 'stray', 7)", w.table);
    install(&w);
    ck_assert_int_eq(incload_capture_load(w.changes, &err), INCLOAD_OK);
    expect_items(w.to, w.table, true,
                 "1|one|1|live|untimed\n2|two|2|live|untimed\n3|three|3|live|untimed\n7|stray|7|deleted|timed\n");
    sql(w.from, "DELETE FROM %s WHERE id = 2", w.table);
    consume(&w);
    expect_items(w.to, w.table, true,
                 "1|one|1|live|untimed\n2|two|2|deleted|timed\n3|three|3|live|untimed\n7|stray|7|deleted|timed\n");
    unwatch(&w);
}
END_TEST

START_TEST(a_target_that_is_missing_is_made_by_the_load)
{
    watched w = watch("fresh", _i, NULL);
    incload_error *err = NULL;

    table_drop(w.to, w.table);
    sql(w.from, "INSERT INTO %s VALUES (1, 'one', 1)", w.table);
    install(&w);
    refused(incload_capture_run(w.changes, &err), &err, INCLOAD_E_NOT_FOUND, w.table);
    ck_assert_int_eq(incload_capture_load(w.changes, &err), INCLOAD_OK);
    sql(w.from, "INSERT INTO %s VALUES (2, 'two', 2)", w.table);
    consume(&w);
    expect_mirrored(&w);
    unwatch(&w);
}
END_TEST

/* MariaDB's text keys are equal for 'a' and 'A'; PostgreSQL's are not. */
START_TEST(a_key_that_changes_only_in_its_case_moves_its_row)
{
    place from = place_open((kind)_i, 0), to = place_open(POSTGRES, 1);
    incload_error *err = NULL;

    table_drop(from, "cases");
    table_drop(to, "cases");
    sql(from, "CREATE TABLE cases (code varchar(40)%s PRIMARY KEY NOT NULL, n bigint)",
        from.kind == SQLITE ? " COLLATE NOCASE" : "");
    sql(to, "CREATE TABLE cases (code varchar(40) PRIMARY KEY NOT NULL, n bigint)");
    incload_capture *changes = incload_capture_new(from.db, "cases", to.db, "cases", NULL, &err);
    ck_assert_int_eq(incload_capture_install(changes, &err), INCLOAD_OK);
    sql(from, "INSERT INTO cases VALUES ('abc', 1), ('xyz', 2)");
    ck_assert_int_eq(incload_capture_run(changes, &err), INCLOAD_OK);
    expect(to, "abc|1\nxyz|2\n", "SELECT code, n FROM cases");
    sql(from, "UPDATE cases SET code = 'ABC' WHERE n = 1");
    ck_assert_int_eq(incload_capture_run(changes, &err), INCLOAD_OK);
    expect(to, "ABC|1\nxyz|2\n", "SELECT code, n FROM cases");
    ck_assert_int_eq(incload_capture_remove(changes, &err), INCLOAD_OK);
    incload_capture_unref(changes);
    place_close(from);
    place_close(to);
}
END_TEST

START_TEST(values_of_every_kind_arrive_as_they_are)
{
    static const char *const types[KINDS] = { "numeric(12,4), f double precision, t timestamp, b bytea",
                                              "decimal(12,4), f double, t datetime(6), b varbinary(20)",
                                              "DECIMAL TEXT(12,4), f DOUBLE, t TIMESTAMP TEXT, b BLOB",
                                              "numeric(12,4), f double precision, t timestamp, b bytea" };
    static const char *const bytes[KINDS] = { "'\\x00ff27'", "x'00ff27'", "x'00ff27'", "'\\x00ff27'" };
    int32_t source = _i / KINDS, target = _i % KINDS;
    place from = place_open((kind)source, 0), to = place_open((kind)target, 1);
    incload_error *err = NULL;

    table_drop(from, named("values_of", _i));
    table_drop(to, named("values_of", _i));
    sql(from, "CREATE TABLE %s (a bigint NOT NULL, k bigint NOT NULL, d %s, PRIMARY KEY (a, k))",
        named("values_of", _i), types[source]);
    sql(to, "CREATE TABLE %s (a bigint NOT NULL, k bigint NOT NULL, d %s, PRIMARY KEY (a, k))", named("values_of", _i),
        types[target]);
    incload_capture *changes =
        incload_capture_new(from.db, named("values_of", _i), to.db, named("values_of", _i), NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_capture_install(changes, &err), INCLOAD_OK);
    sql(from, "INSERT INTO %s VALUES (9007199254740993, -1, '12345678.9012', 0.1, '2024-02-29 23:59:59.123456', %s)",
        named("values_of", _i), bytes[source]);
    sql(from, "INSERT INTO %s VALUES (1, 2, NULL, NULL, NULL, NULL)", named("values_of", _i));
    int32_t status = incload_capture_run(changes, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s to %s: %s", kind_names[source], kind_names[target],
                  incload_error_message(err));
    ck_assert_int_eq(ask_number(to,
                                "SELECT COUNT(*) AS c FROM %s WHERE a = 9007199254740993 AND k = -1 AND f = 0.1"
                                " AND CAST(d AS %s) LIKE '12345678.9012%%' AND b = %s",
                                named("values_of", _i), target == MARIADB ? "char" : "varchar(40)", bytes[target]),
                     1);
    ck_assert_int_eq(ask_number(to, "SELECT COUNT(*) AS c FROM %s WHERE CAST(t AS %s) = '2024-02-29 23:59:59.123456'",
                                named("values_of", _i), target == MARIADB ? "char" : "varchar(40)"),
                     1);
    ck_assert_int_eq(ask_number(to,
                                "SELECT COUNT(*) AS c FROM %s WHERE a = 1 AND f IS NULL AND t IS NULL AND b IS NULL",
                                named("values_of", _i)),
                     1);
    ck_assert_int_eq(incload_capture_remove(changes, &err), INCLOAD_OK);
    incload_capture_unref(changes);
    table_drop(from, named("values_of", _i));
    table_drop(to, named("values_of", _i));
    place_close(from);
    place_close(to);
}
END_TEST

START_TEST(a_column_that_the_target_does_not_have_is_named_and_nothing_is_lost)
{
    watched w = watch_rows("wider", from_kind(_i), NULL, "(1, 'one', 1)");
    incload_error *err = NULL;

    sql(w.from, "ALTER TABLE %s ADD COLUMN colour varchar(20)", w.table);
    sql(w.from, "UPDATE %s SET colour = 'red', qty = 11 WHERE id = 1", w.table);
    refused(incload_capture_run(w.changes, &err), &err, INCLOAD_E_NOT_FOUND, "'colour'|unknown_columns");
    ck_assert_int_eq(pending(&w), 1);
    expect_items(w.to, w.table, false, "1|one|1\n");
    sql(w.to, "ALTER TABLE %s ADD COLUMN colour varchar(20)", w.table);
    consume(&w);
    expect(w.to, "1|11|red\n", "SELECT id, qty, colour FROM %s", w.table);
    unwatch(&w);
}
END_TEST

START_TEST(such_a_column_is_left_out_where_that_is_asked_for)
{
    watched w = watch_rows("left_out", from_kind(_i), "unknown_columns=ignore", "(1, 'one', 1)");

    sql(w.from, "ALTER TABLE %s ADD COLUMN colour varchar(20)", w.table);
    sql(w.from, "UPDATE %s SET colour = 'red', qty = 11 WHERE id = 1", w.table);
    consume(&w);
    expect_items(w.to, w.table, false, "1|one|11\n");
    unwatch(&w);
}
END_TEST

/* SQLite fires no trigger for them, unless a writer asks for it. */
START_TEST(rows_that_another_takes_the_place_of_are_gone)
{
    place from = place_open(SQLITE, 0), to = place_open((kind)_i, 1);
    incload_error *err = NULL;

    table_drop(from, "replaced");
    sql(from, "CREATE TABLE replaced (id bigint PRIMARY KEY NOT NULL, code bigint UNIQUE, a bigint, b bigint, UNIQUE "
              "(a, b))");
    table_drop(to, "replaced");
    sql(to, "CREATE TABLE replaced (id bigint PRIMARY KEY NOT NULL, code bigint, a bigint, b bigint)");
    incload_capture *changes = incload_capture_new(from.db, "replaced", to.db, "replaced", NULL, &err);
    ck_assert_int_eq(incload_capture_install(changes, &err), INCLOAD_OK);
    sql(from, "INSERT INTO replaced VALUES (1, 10, 1, 1), (2, 20, 2, 2), (3, 30, 3, NULL), (4, 40, 4, 4)");
    ck_assert_int_eq(incload_capture_run(changes, &err), INCLOAD_OK);
    sql(from, "REPLACE INTO replaced VALUES (5, 10, 5, 5)");
    sql(from, "UPDATE OR REPLACE replaced SET a = 2, b = 2 WHERE id = 4");
    ck_assert_int_eq(incload_capture_run(changes, &err), INCLOAD_OK);
    expect(to, "3|30|3|NULL\n4|40|2|2\n5|10|5|5\n", "SELECT id, code, a, b FROM replaced");
    ck_assert_int_eq(incload_capture_remove(changes, &err), INCLOAD_OK);
    ck_assert_int_eq(ask_number(from, "SELECT COUNT(*) AS c FROM sqlite_schema WHERE tbl_name = 'replaced'"
                                      " AND type = 'trigger'"),
                     0);
    incload_capture_unref(changes);
    table_drop(from, "replaced");
    table_drop(to, "replaced");
    place_close(from);
    place_close(to);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, every_change_arrives, 0, CAPTURE_ROUTES);
    tcase_add_loop_test(tests, rows_that_swap_their_keys_do_so_in_the_target, 0, KINDS);
    tcase_add_loop_test(tests, a_change_that_becomes_visible_late_is_not_passed_over, 0, 3);
    tcase_add_loop_test(tests, what_was_rolled_back_leaves_nothing, 0, KINDS);
    tcase_add_loop_test(tests, a_truncate_empties_the_target_and_what_comes_after_it_stays, 0, 2);
    tcase_add_loop_test(tests, a_truncate_in_a_batch_of_its_own_is_followed_by_the_rest, 0, 2);
    tcase_add_loop_test(tests, changes_that_landed_and_are_read_again_do_no_harm, 0, CAPTURE_ROUTES);
    tcase_add_loop_test(tests, a_batch_that_is_larger_than_the_memory_is_read_in_parts, 0, KINDS);
    tcase_add_loop_test(tests, deleted_rows_are_marked_where_the_target_has_columns_for_it, 0, KINDS);
    tcase_add_loop_test(tests, a_target_that_is_missing_is_made_by_the_load, 0, CAPTURE_ROUTES);
    tcase_add_loop_test(tests, a_key_that_changes_only_in_its_case_moves_its_row, 0, KINDS);
    tcase_add_loop_test(tests, rows_that_another_takes_the_place_of_are_gone, 0, KINDS);
    tcase_add_loop_test(tests, values_of_every_kind_arrive_as_they_are, 0, CAPTURE_ROUTES);
    tcase_add_loop_test(tests, a_column_that_the_target_does_not_have_is_named_and_nothing_is_lost, 0, KINDS);
    tcase_add_loop_test(tests, such_a_column_is_left_out_where_that_is_asked_for, 0, KINDS);
}

int
main(void)
{
    return run_tests("change_table", 60, add_tests);
}
