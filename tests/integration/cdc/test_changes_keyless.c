/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of tables without a key, on every kind of database: rows are told by all of their columns. */
#include <stdio.h>
#include <string.h>

#include "events.h"

static place
begin(kind which, const char *table)
{
    place at = place_open(which, which == PG_ODBC);

    table_drop(at, table);
    sql(at, "CREATE TABLE %s (id bigint, name varchar(200), qty numeric(10,2), at %s)", table,
        at.kind == MARIADB ? "datetime(6)" : "timestamp");
    return at;
}

static void
expect_log(place at, const char *table, const char *expected)
{
    expect(at, expected, "SELECT id, name, CASE WHEN qty = 1.5 THEN 'half' ELSE 'other' END AS h FROM %s", table);
}

START_TEST(of_equal_rows_one_is_deleted_for_each_event)
{
    place at = begin((kind)_i, "equals");
    incload_changes *changes = changes_open(at, "equals", "match=whole");

    push(changes, INSERT, 1, "id=1 name=x qty=1.5 at=2024-05-01T10:00:00");
    push(changes, INSERT, 2, "id=1 name=x qty=1.5 at=2024-05-01T10:00:00");
    push(changes, INSERT, 3, "id=1 name=x qty=1.50 at=2024-05-01T10:00:00");
    push(changes, INSERT, 4, "id=1 name=X qty=1.5 at=2024-05-01T10:00:00");
    push(changes, INSERT, 5, "id=- name=- qty=- at=-");
    push(changes, INSERT, 6, "id=- name=- qty=- at=-");
    commit(changes);
    push(changes, DELETE, 7, "id=1 name=x qty=1.5 at=2024-05-01T10:00:00");
    push(changes, DELETE, 8, "id=1 name=x qty=1.5 at=2024-05-01T10:00:00");
    push(changes, DELETE, 9, "id=- name=- qty=- at=-");
    push(changes, DELETE, 10, "id=9 name=- qty=- at=-");
    commit(changes);
    expect_log(at, "equals", "1|X|half\n1|x|half\nNULL|NULL|other\n");
    ck_assert_int_eq(incload_changes_rows_deleted(changes), 3);
    ck_assert_int_eq(incload_changes_rows_written(changes), 6);
    ck_assert_int_eq(staging_tables(at), 0);
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

/* A database may put a row into a page before that of the row it was given last. */
START_TEST(rows_are_found_wherever_they_were_staged)
{
    enum { ROWS = 600, WIDEST = 1900 };
    place at = begin((kind)_i, "widths");
    char wide[WIDEST + 1], row[WIDEST + 100];
    uint64_t seed = 3;
    incload_changes *changes = NULL;

    table_drop(at, "widths");
    sql(at, "CREATE TABLE widths (id bigint, name varchar(2000), qty bigint)");
    changes = changes_open(at, "widths", "match=whole");
    for (int32_t turn = 0; turn < 2; turn++) {
        seed = 3;
        for (int32_t i = 0; i < ROWS; i++) {
            size_t width = 1 + (size_t)(draw(&seed) % WIDEST);
            memset(wide, 'x', width);
            wide[width] = '\0';
            snprintf(row, sizeof row, "id=%d name=%s qty=%s", (int)i, i % 3 == 0 ? "-" : wide, i % 2 == 0 ? "-" : "5");
            push(changes, turn == 0 ? INSERT : DELETE, (uint64_t)(turn * ROWS + i + 1), row);
        }
        commit(changes);
    }
    ck_assert_int_eq(incload_changes_rows_deleted(changes), ROWS);
    expect(at, "0\n", "SELECT COUNT(*) FROM widths");
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

START_TEST(an_update_changes_one_of_the_rows_that_are_as_it_was_before)
{
    place at = begin((kind)_i, "updates");
    incload_changes *changes = changes_open(at, "updates", "match=whole");

    push(changes, INSERT, 1, "id=1 name=x qty=1.5 at=-");
    push(changes, INSERT, 2, "id=1 name=x qty=1.5 at=-");
    push_from(changes, 3, "id=1 name=x qty=1.5 at=-", "id=1 name=y");
    push_from(changes, 4, "id=1 name=y qty=1.5 at=-", "id=2 name=z qty=2");
    commit(changes);
    expect_log(at, "updates", "1|x|half\n2|z|other\n");
    push(changes, TRUNCATE, 5, NULL);
    push(changes, INSERT, 6, "id=3 name=w");
    push(changes, INSERT, 7, "id=4 name=v qty=1.5 at=-");
    push(changes, DELETE, 8, "id=4 name=v qty=1.5 at=-");
    commit(changes);
    expect_log(at, "updates", "3|w|other\n");
    ck_assert_uint_eq(position_of(changes), 8);
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

START_TEST(an_event_that_does_not_bring_the_whole_row_before_is_refused)
{
    place at = begin((kind)_i, "halves");
    incload_changes *changes = changes_open(at, "halves", "match=whole");
    incload_error *err = NULL;

    ck_assert_int_eq(try_push(changes, DELETE, 1, NULL, "id=1 name=x", &err), INCLOAD_E_INVALID);
    expect_words(incload_error_message(err), "halves|'qty'|without a key");
    incload_error_unref(err);
    err = NULL;
    ck_assert_int_eq(try_push(changes, UPDATE, 1, NULL, "id=1 name=x", &err), INCLOAD_E_INVALID);
    expect_words(incload_error_message(err), "halves|without a key");
    incload_error_unref(err);
    ck_assert_int_eq(incload_changes_pending(changes), 0);
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

START_TEST(a_table_with_a_key_is_not_matched_by_its_rows)
{
    place at = place_open((kind)_i, _i == PG_ODBC);
    incload_error *err = NULL;

    make_items(at, "keyed", false);
    ck_assert_ptr_null(incload_changes_new(at.db, "keyed", "match=whole", &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_INVALID);
    expect_words(incload_error_message(err), "match=whole|keyed");
    incload_error_unref(err);
    place_close(at);
}
END_TEST

START_TEST(tables_with_and_without_a_key_land_together)
{
    place at = begin((kind)_i, "loose");

    make_items(at, "fast", false);
    incload_changes *group = group_open(at, "mixed", NULL);
    incload_changes *loose = group_add(group, "loose", "match=whole"), *fast = group_add(group, "fast", NULL);
    push(fast, INSERT, 1, "id=1 name=one qty=1");
    push(loose, INSERT, 2, "id=1 name=one qty=1.5 at=-");
    commit(group);
    push(fast, DELETE, 3, "id=1");
    push(fast, INSERT, 4, "id=2 name=two qty=2");
    push_from(loose, 5, "id=1 name=one qty=1.5 at=-", "id=1 name=uno qty=1.5 at=-");
    commit(group);
    expect_items(at, "fast", false, "2|two|2\n");
    expect_log(at, "loose", "1|uno|half\n");
    incload_changes_unref(loose);
    incload_changes_unref(fast);
    incload_changes_unref(group);
    place_close(at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, of_equal_rows_one_is_deleted_for_each_event, 0, KINDS);
    tcase_add_loop_test(tests, rows_are_found_wherever_they_were_staged, 0, KINDS);
    tcase_add_loop_test(tests, an_update_changes_one_of_the_rows_that_are_as_it_was_before, 0, KINDS);
    tcase_add_loop_test(tests, an_event_that_does_not_bring_the_whole_row_before_is_refused, 0, KINDS);
    tcase_add_loop_test(tests, a_table_with_a_key_is_not_matched_by_its_rows, 0, KINDS);
    tcase_add_loop_test(tests, tables_with_and_without_a_key_land_together, 0, KINDS);
}

int
main(void)
{
    return run_tests("changes_keyless", 60, add_tests);
}
