/* SPDX-License-Identifier: Apache-2.0 */
/* What events make of a table, on every kind of database. */
#include <stdio.h>
#include <stdlib.h>

#include "events.h"

/* The database of this turn of the loop, with an empty table. PostgreSQL by ODBC has one of its own. */
#define BEGIN(table, marks)                                                                                            \
    place at = place_open((kind)_i, _i == PG_ODBC);                                                                    \
    make_items(at, table, marks)
#define END(changes)                                                                                                   \
    incload_changes_unref(changes);                                                                                    \
    place_close(at)

START_TEST(a_delete_takes_its_row_out_and_everything_else_upserts)
{
    BEGIN("plain", false);
    incload_changes *changes = changes_open(at, "plain", "key=id");

    push(changes, READ, 1, "id=1 name=one qty=1");
    push(changes, INSERT, 2, "id=2 name=two qty=-");
    push(changes, INSERT, 3, "id=3 name=three qty=3");
    ck_assert_int_eq(incload_changes_pending(changes), 3);
    expect_items(at, "plain", false, "");
    commit(changes);
    push(changes, UPDATE, 4, "id=1 name=uno qty=11");
    push(changes, DELETE, 5, "id=2");
    push(changes, TOMBSTONE, 6, "id=2");
    push(changes, UPDATE, 7, "id=4 name=four qty=4");
    push(changes, DELETE, 8, "id=7 name=never");
    commit(changes);
    expect_items(at, "plain", false, "1|uno|11\n3|three|3\n4|four|4\n");
    ck_assert_uint_eq(position_of(changes), 8);
    ck_assert_int_eq(incload_changes_applied(changes), 8);
    ck_assert_int_eq(incload_changes_rows_written(changes), 5);
    ck_assert_int_eq(incload_changes_rows_deleted(changes), 1);
    ck_assert_int_eq(staging_tables(at), 0);
    END(changes);
}
END_TEST

START_TEST(a_table_with_columns_for_it_keeps_deleted_rows_marked)
{
    BEGIN("soft", true);
    incload_changes *changes = changes_open(at, "soft", NULL);

    push(changes, INSERT, 1, "id=1 name=one qty=1");
    push(changes, INSERT, 2, "id=2 name=two qty=2");
    commit(changes);
    expect_items(at, "soft", true, "1|one|1|live|untimed\n2|two|2|live|untimed\n");
    push(changes, DELETE, 3, "id=1");
    push(changes, INSERT, 4, "id=3 name=three qty=3");
    push(changes, DELETE, 5, "id=3");
    push(changes, DELETE, 6, "id=9");
    commit(changes);
    expect_items(at, "soft", true, "1|one|1|deleted|timed\n2|two|2|live|untimed\n3|three|3|deleted|timed\n");
    push(changes, INSERT, 7, "id=1 name=again qty=-");
    commit(changes);
    expect_items(at, "soft", true, "1|again|NULL|live|untimed\n2|two|2|live|untimed\n3|three|3|deleted|timed\n");
    ck_assert_int_eq(incload_changes_rows_deleted(changes), 1);
    END(changes);
}
END_TEST

START_TEST(rows_of_such_a_table_are_deleted_where_that_is_asked_for)
{
    BEGIN("soft_hard", true);
    incload_changes *changes = changes_open(at, "soft_hard", "deletes=hard");

    push(changes, INSERT, 1, "id=1 name=one qty=1");
    push(changes, INSERT, 2, "id=2 name=two qty=2");
    commit(changes);
    push(changes, DELETE, 3, "id=1");
    commit(changes);
    expect_items(at, "soft_hard", true, "2|two|2|live|untimed\n");
    END(changes);
}
END_TEST

START_TEST(columns_that_an_event_does_not_bring_keep_their_values)
{
    BEGIN("partial", false);
    incload_changes *changes = changes_open(at, "partial", NULL);

    push(changes, INSERT, 1, "id=1 name=one qty=1");
    push(changes, INSERT, 2, "id=2 name=two qty=2");
    push(changes, INSERT, 3, "id=3 name=three qty=3");
    commit(changes);
    push(changes, UPDATE, 4, "id=1 qty=-");
    push(changes, UPDATE, 5, "id=2 qty=22");
    push(changes, UPDATE, 6, "id=2 name=deux");
    push(changes, UPDATE, 7, "id=3 name=trois");
    push(changes, UPDATE, 8, "id=4 name=quatre");
    commit(changes);
    expect_items(at, "partial", false, "1|one|NULL\n2|deux|22\n3|trois|3\n4|quatre|NULL\n");
    /* Deleted and inserted anew, it keeps nothing. */
    push(changes, DELETE, 9, "id=3");
    push(changes, INSERT, 10, "id=3 qty=33");
    commit(changes);
    expect_items(at, "partial", false, "1|one|NULL\n2|deux|22\n3|NULL|33\n4|quatre|NULL\n");
    END(changes);
}
END_TEST

START_TEST(an_update_needs_not_bring_what_its_row_has_and_every_row_needs)
{
    place at = place_open((kind)_i, _i == PG_ODBC);
    incload_error *err = NULL;

    table_drop(at, "needy");
    sql(at, "CREATE TABLE needy (id bigint PRIMARY KEY NOT NULL, name varchar(200) NOT NULL, qty bigint)");
    incload_changes *changes = changes_open(at, "needy", NULL);
    push(changes, INSERT, 1, "id=1 name=one qty=1");
    commit(changes);
    push(changes, UPDATE, 2, "id=1 qty=2");
    commit(changes);
    expect_items(at, "needy", false, "1|one|2\n");
    push(changes, UPDATE, 3, "id=1 qty=3");
    push(changes, UPDATE, 4, "id=5 qty=5");
    ck_assert_int_eq(incload_changes_commit(changes, &err), INCLOAD_E_CONSTRAINT);
    expect_words(incload_error_message(err), "needy|'name'|snapshot");
    incload_error_unref(err);
    expect_items(at, "needy", false, "1|one|2\n");
    ck_assert_uint_eq(position_of(changes), 2);
    END(changes);
}
END_TEST

START_TEST(a_row_moves_to_its_new_key_with_all_of_its_columns)
{
    BEGIN("moved", false);
    incload_changes *changes = changes_open(at, "moved", NULL);

    push(changes, INSERT, 1, "id=1 name=one qty=1");
    push(changes, INSERT, 2, "id=2 name=two qty=2");
    push(changes, INSERT, 3, "id=3 name=three qty=3");
    commit(changes);
    push_from(changes, 4, "id=1", "id=10 qty=100");
    /* Two rows change places, by way of a third key. */
    push_from(changes, 5, "id=2", "id=20");
    push_from(changes, 6, "id=3 name=three", "id=2 name=drei qty=-");
    push_from(changes, 7, "id=20", "id=3");
    commit(changes);
    expect_items(at, "moved", false, "10|one|100\n2|drei|NULL\n3|two|2\n");
    /* Of a row that is not there it is an update of the new key. */
    push_from(changes, 8, "id=77", "id=10 name=known");
    push_from(changes, 9, "id=3", "id=3 qty=4");
    commit(changes);
    expect_items(at, "moved", false, "10|known|100\n2|drei|NULL\n3|two|4\n");
    END(changes);
}
END_TEST

START_TEST(a_row_that_moves_stays_marked_under_its_old_key)
{
    BEGIN("moved_soft", true);
    incload_changes *changes = changes_open(at, "moved_soft", NULL);

    push(changes, INSERT, 1, "id=1 name=one qty=1");
    commit(changes);
    push_from(changes, 2, "id=1", "id=2 qty=5");
    commit(changes);
    expect_items(at, "moved_soft", true, "1|one|1|deleted|timed\n2|one|5|live|untimed\n");
    END(changes);
}
END_TEST

START_TEST(a_truncate_takes_all_rows_that_came_before_it)
{
    BEGIN("truncated", _i % 2 == 0);
    incload_changes *changes = changes_open(at, "truncated", NULL);

    push(changes, INSERT, 1, "id=1 name=one qty=1");
    push(changes, INSERT, 2, "id=2 name=two qty=2");
    commit(changes);
    push(changes, INSERT, 3, "id=3 name=three qty=3");
    push(changes, TRUNCATE, 4, NULL);
    push(changes, INSERT, 5, "id=2 name=new qty=-");
    commit(changes);
    if (_i % 2 == 0)
        expect_items(at, "truncated", true,
                     "1|one|1|deleted|timed\n2|new|NULL|live|untimed\n3|three|3|deleted|timed\n");
    else
        expect_items(at, "truncated", false, "2|new|NULL\n");
    END(changes);
}
END_TEST

/* ---- exactly once ---- */

START_TEST(events_that_were_committed_are_skipped_also_by_another_process)
{
    BEGIN("once", false);
    incload_changes *changes = changes_open(at, "once", "name=once_told");

    push(changes, INSERT, 5, "id=1 name=one qty=1");
    push(changes, UPDATE, 9, "id=1 qty=2");
    commit(changes);
    incload_changes_unref(changes);
    changes = changes_open(at, "once", "name=once_told");
    ck_assert_uint_eq(position_of(changes), 9);
    push(changes, INSERT, 5, "id=1 name=one qty=1");
    push(changes, UPDATE, 9, "id=1 qty=3");
    push(changes, UPDATE, 10, "id=1 name=uno");
    commit(changes);
    expect_items(at, "once", false, "1|uno|2\n");
    ck_assert_int_eq(incload_changes_skipped(changes), 2);
    ck_assert_int_eq(incload_changes_applied(changes), 1);
    END(changes);
}
END_TEST

START_TEST(the_position_is_a_watermark_that_can_be_read_and_reset)
{
    BEGIN("marked", false);
    incload_changes *changes = changes_open(at, "marked", NULL);
    incload_error *err = NULL;

    push(changes, INSERT, 7, "id=1 name=one qty=1");
    commit(changes);
    incload_changes_unref(changes);
    incload_watermark *mark = incload_watermark_open(at.db, "marked:changes", &err);
    ck_assert_str_eq(incload_watermark_value(mark), "7.0");
    ck_assert_str_eq(incload_watermark_level(mark), "EXACT");
    ck_assert_str_eq(incload_watermark_describe(mark), "every event up to 7.0 is applied");
    incload_watermark_set(mark, "3.0", &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    changes = changes_open(at, "marked", NULL);
    ck_assert_uint_eq(position_of(changes), 3);
    incload_watermark_set(mark, "2024-05-01", &err);
    ck_assert_ptr_null(incload_changes_new(at.db, "marked", NULL, NULL));
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    incload_watermark_reset(mark, &err);
    push(changes, INSERT, 5, "id=2 name=two qty=2");
    commit(changes);
    expect_items(at, "marked", false, "1|one|1\n2|two|2\n");
    incload_watermark_unref(mark);
    END(changes);
}
END_TEST

START_TEST(of_two_that_read_the_same_events_the_second_does_nothing)
{
    BEGIN("twice", false);
    incload_changes *first = changes_open(at, "twice", NULL), *second = changes_open(at, "twice", NULL);

    push(first, INSERT, 1, "id=1 name=one qty=1");
    push(first, UPDATE, 2, "id=1 name=uno");
    push(second, INSERT, 1, "id=1 name=other qty=7");
    push(second, UPDATE, 2, "id=1 name=other");
    commit(first);
    commit(second);
    expect_items(at, "twice", false, "1|uno|1\n");
    ck_assert_int_eq(incload_changes_skipped(second), 2);
    ck_assert_uint_eq(position_of(second), 2);
    /* It has given the turn back. */
    push(first, UPDATE, 3, "id=1 qty=3");
    push(second, UPDATE, 2, "id=1 qty=9");
    commit(first);
    push(second, UPDATE, 4, "id=1 name=last");
    commit(second);
    expect_items(at, "twice", false, "1|last|3\n");
    incload_changes_unref(first);
    END(second);
}
END_TEST

START_TEST(events_of_one_commit_may_come_in_any_order_and_twice)
{
    BEGIN("disorder", false);
    incload_changes *changes = changes_open(at, "disorder", NULL);

    push(changes, UPDATE, 4, "id=1 qty=4");
    push(changes, INSERT, 5, "id=2 name=two qty=5");
    push(changes, UPDATE, 2, "id=1 name=two qty=2");
    push(changes, DELETE, 6, "id=2");
    push(changes, UPDATE, 4, "id=1 qty=4");
    push(changes, INSERT, 1, "id=1 name=one qty=1");
    push(changes, UPDATE, 3, "id=1 qty=3");
    push(changes, INSERT, 5, "id=2 name=two qty=5");
    commit(changes);
    expect_items(at, "disorder", false, "1|two|4\n");
    ck_assert_int_eq(incload_changes_skipped(changes), 2);
    ck_assert_uint_eq(position_of(changes), 6);
    END(changes);
}
END_TEST

START_TEST(what_is_not_committed_is_dropped)
{
    BEGIN("dropped", false);
    incload_changes *changes = changes_open(at, "dropped", NULL);

    push(changes, INSERT, 1, "id=1 name=one qty=1");
    incload_changes_discard(changes);
    ck_assert_int_eq(incload_changes_pending(changes), 0);
    push(changes, INSERT, 2, "id=2 name=two qty=2");
    incload_changes_unref(changes);
    changes = changes_open(at, "dropped", NULL);
    ck_assert_uint_eq(position_of(changes), 0);
    expect_items(at, "dropped", false, "");
    END(changes);
}
END_TEST

START_TEST(events_without_a_position_are_applied_each_time)
{
    BEGIN("placeless", false);
    incload_changes *changes = changes_open(at, "placeless", NULL);
    incload_error *err = NULL;

    push(changes, INSERT, 0, "id=1 name=one qty=1");
    push(changes, DELETE, 0, "id=1");
    push(changes, INSERT, 0, "id=1 name=again qty=2");
    commit(changes);
    push(changes, UPDATE, 0, "id=1 qty=3");
    ck_assert_int_eq(try_push(changes, UPDATE, 7, NULL, "id=1 qty=4", &err), INCLOAD_E_INVALID);
    expect_words(incload_error_message(err), "position");
    incload_error_unref(err);
    commit(changes);
    expect_items(at, "placeless", false, "1|again|3\n");
    END(changes);
}
END_TEST

START_TEST(a_commit_that_fails_keeps_nothing_and_can_be_made_again)
{
    BEGIN("again", false);
    incload_changes *changes = changes_open(at, "again", NULL);
    incload_error *err = NULL;

    push(changes, INSERT, 1, "id=1 name=one qty=1");
    commit(changes);
    sql(at, "CREATE UNIQUE INDEX again_qty ON again (qty)");
    push(changes, INSERT, 2, "id=2 name=two qty=2");
    push(changes, INSERT, 3, "id=3 name=three qty=1");
    ck_assert_int_eq(incload_changes_commit(changes, &err), INCLOAD_E_CONSTRAINT);
    expect_words(incload_error_message(err), "again");
    incload_error_unref(err);
    ck_assert_int_eq(incload_changes_pending(changes), 2);
    ck_assert_uint_eq(position_of(changes), 1);
    expect_items(at, "again", false, "1|one|1\n");
    sql(at, at.kind == MARIADB ? "DROP INDEX again_qty ON again" : "DROP INDEX again_qty");
    commit(changes);
    expect_items(at, "again", false, "1|one|1\n2|two|2\n3|three|1\n");
    END(changes);
}
END_TEST

START_TEST(rows_that_swap_a_unique_value_are_written_one_by_one)
{
    BEGIN("swapped", false);
    incload_changes *changes = changes_open(at, "swapped", "key=id");

    sql(at, "CREATE UNIQUE INDEX swapped_qty ON swapped (qty)");
    push(changes, INSERT, 1, "id=1 name=one qty=1");
    push(changes, INSERT, 2, "id=2 name=two qty=2");
    commit(changes);
    push(changes, UPDATE, 3, "id=1 qty=-");
    push(changes, UPDATE, 4, "id=2 qty=1");
    push(changes, UPDATE, 5, "id=1 qty=2");
    commit(changes);
    expect_items(at, "swapped", false, "1|one|2\n2|two|1\n");
    ck_assert_uint_eq(position_of(changes), 5);
    END(changes);
}
END_TEST

/* ---- room ---- */

static void
push_many(incload_changes *changes, int32_t first, int32_t last)
{
    char row[64];

    for (int32_t i = first; i <= last; i++) {
        snprintf(row, sizeof row, "id=%d name=n%d qty=%d", (int)i, (int)i, (int)i);
        push(changes, INSERT, (uint64_t)i, row);
    }
}

START_TEST(events_beyond_the_memory_commit_those_before_them)
{
    BEGIN("filled", false);
    incload_changes *changes = changes_open(at, "filled", "memory=131072");

    push_many(changes, 1, 3000);
    ck_assert_int_gt(incload_changes_applied(changes), 500);
    ck_assert_int_gt(incload_changes_pending(changes), 0);
    commit(changes);
    ck_assert_int_eq(ask_number(at, "SELECT COUNT(*) AS c FROM filled"), 3000);
    ck_assert_int_eq(incload_changes_applied(changes), 3000);
    END(changes);
}
END_TEST

START_TEST(events_beyond_the_memory_are_refused_where_that_is_asked_for)
{
    BEGIN("refused", false);
    incload_changes *changes = changes_open(at, "refused", "memory=65536 full=refuse");
    incload_error *err = NULL;
    int32_t i = 1;

    while (try_push(changes, INSERT, (uint64_t)i, NULL, "id=1 name=one", &err) == INCLOAD_OK)
        i++;
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_STATE);
    expect_words(incload_error_message(err), "refused|'memory'|commit");
    incload_error_unref(err);
    ck_assert_int_eq(incload_changes_pending(changes), i - 1);
    ck_assert_int_gt(i, 300);
    commit(changes);
    ck_assert_uint_eq(position_of(changes), (uint64_t)i - 1);
    END(changes);
}
END_TEST

/* ---- what is refused ---- */

static void
refuses(incload_changes *changes, int32_t operation, const char *row, int32_t code, const char *words)
{
    incload_error *err = NULL;

    ck_assert_msg(try_push(changes, operation, 1, NULL, row, &err) == code, "%s: %s instead of %s", row,
                  incload_error_name(err), incload_status_name(code));
    expect_words(incload_error_message(err), words);
    incload_error_unref(err);
    ck_assert_int_eq(incload_changes_pending(changes), 0);
}

START_TEST(an_event_that_cannot_be_written_is_refused_and_named)
{
    BEGIN("bad", true);
    incload_changes *changes = changes_open(at, "bad", NULL);

    refuses(changes, INSERT, "id=1 nome=x", INCLOAD_E_NOT_FOUND, "'nome'|unknown_columns=ignore");
    refuses(changes, INSERT, "id=1 qty=many", INCLOAD_E_DATA, "'qty'|bad|int64");
    refuses(changes, INSERT, "name=x", INCLOAD_E_INVALID, "'id'|key");
    refuses(changes, INSERT, "id=- name=x", INCLOAD_E_INVALID, "'id'|NULL");
    refuses(changes, INSERT, "id=1 id=2", INCLOAD_E_INVALID, "'id'|twice");
    refuses(changes, INSERT, "id=1 _deleted=true", INCLOAD_E_INVALID, "'_deleted'|deletes=hard");
    refuses(changes, 17, "id=1", INCLOAD_E_INVALID, "17|INCLOAD_CHANGE_");
    push(changes, INSERT, 1, "id=1 name=fine");
    commit(changes);
    expect_items(at, "bad", true, "1|fine|NULL|live|untimed\n");
    END(changes);
}
END_TEST

static void
cannot_open(place at, const char *table, const char *options, int32_t code, const char *words)
{
    incload_error *err = NULL;

    ck_assert_ptr_null(incload_changes_new(at.db, table, options, &err));
    ck_assert_msg(incload_error_code(err) == code, "%s: %s", incload_error_name(err), incload_error_message(err));
    expect_words(incload_error_message(err), words);
    incload_error_unref(err);
}

START_TEST(a_table_that_cannot_take_changes_is_refused)
{
    BEGIN("unfit", false);

    cannot_open(at, "no_such_table", NULL, INCLOAD_E_NOT_FOUND, "no_such_table");
    cannot_open(at, "unfit", "key=name", INCLOAD_E_CONSTRAINT, "unfit|unique index|'key'");
    cannot_open(at, "unfit", "key=nome", INCLOAD_E_NOT_FOUND, "'nome'|unfit");
    cannot_open(at, "unfit", "deletes=soft", INCLOAD_E_NOT_FOUND, "_deleted|deleted_column");
    cannot_open(at, "unfit", "delets=soft", INCLOAD_E_UNKNOWN_OPTION, "deletes");
    table_drop(at, "keyless");
    sql(at, "CREATE TABLE keyless (id bigint, name varchar(20))");
    cannot_open(at, "keyless", NULL, INCLOAD_E_CONSTRAINT, "keyless|primary key");
    if (at.kind == MARIADB) {
        table_drop(at, "unsafe");
        sql(at, "CREATE TABLE unsafe (id bigint PRIMARY KEY) ENGINE=MyISAM");
        cannot_open(at, "unsafe", NULL, INCLOAD_E_UNSUPPORTED, "unsafe|InnoDB");
    }
    place_close(at);
}
END_TEST

START_TEST(changes_that_were_cancelled_commit_no_more)
{
    BEGIN("cancelled", false);
    incload_changes *changes = changes_open(at, "cancelled", NULL);
    incload_error *err = NULL;

    push(changes, INSERT, 1, "id=1");
    incload_changes_cancel(changes);
    ck_assert_int_eq(incload_changes_commit(changes, &err), INCLOAD_E_CANCELLED);
    incload_error_unref(err);
    expect_items(at, "cancelled", false, "");
    END(changes);
}
END_TEST

/* ---- how rows are found ---- */

START_TEST(a_few_changes_do_not_scan_a_large_table)
{
    place at = place_open(_i == 0 ? POSTGRES : PG_ODBC, _i);
    char row[64];

    make_items(at, "seeks", false);
    sql(at, "ALTER TABLE seeks ALTER COLUMN name SET NOT NULL");
    sql(at, "INSERT INTO seeks SELECT g, 'n' || g, g FROM generate_series(1, 100000) g");
    sql(at, "ANALYZE seeks");
    place own = place_open(at.kind, _i);
    incload_changes *changes = changes_open(own, "seeks", NULL);
    int64_t before = ask_number(at, "SELECT seq_scan AS c FROM pg_stat_user_tables WHERE relname = 'seeks'");
    for (int32_t i = 1; i <= 900; i++) {
        static const int32_t operations[] = { UPDATE, DELETE, INSERT };
        snprintf(row, sizeof row,
                 i % 3 == 2   ? "id=%d name=n qty=1"
                 : i % 3 == 1 ? "id=%d"
                              : "id=%d qty=5",
                 (int)(i * 100));
        push(changes, operations[i % 3], (uint64_t)i, row);
    }
    push_from(changes, 901, "id=7", "id=1000007");
    commit(changes);
    incload_changes_unref(changes);
    place_close(own);
    /* The server counts when the session ends. */
    await_number(at, 301, "SELECT n_tup_del AS c FROM pg_stat_user_tables WHERE relname = 'seeks'");
    ck_assert_int_eq(ask_number(at, "SELECT seq_scan AS c FROM pg_stat_user_tables WHERE relname = 'seeks'"), before);
    ck_assert_int_eq(ask_number(at, "SELECT COUNT(*) AS c FROM seeks WHERE qty = 5"), 301);
    place_close(at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_delete_takes_its_row_out_and_everything_else_upserts, 0, KINDS);
    tcase_add_loop_test(tests, a_table_with_columns_for_it_keeps_deleted_rows_marked, 0, KINDS);
    tcase_add_loop_test(tests, rows_of_such_a_table_are_deleted_where_that_is_asked_for, 0, KINDS);
    tcase_add_loop_test(tests, columns_that_an_event_does_not_bring_keep_their_values, 0, KINDS);
    tcase_add_loop_test(tests, an_update_needs_not_bring_what_its_row_has_and_every_row_needs, 0, KINDS);
    tcase_add_loop_test(tests, a_row_moves_to_its_new_key_with_all_of_its_columns, 0, KINDS);
    tcase_add_loop_test(tests, a_row_that_moves_stays_marked_under_its_old_key, 0, KINDS);
    tcase_add_loop_test(tests, a_truncate_takes_all_rows_that_came_before_it, 0, KINDS);
    tcase_add_loop_test(tests, events_that_were_committed_are_skipped_also_by_another_process, 0, KINDS);
    tcase_add_loop_test(tests, the_position_is_a_watermark_that_can_be_read_and_reset, 0, KINDS);
    tcase_add_loop_test(tests, of_two_that_read_the_same_events_the_second_does_nothing, 0, KINDS);
    tcase_add_loop_test(tests, events_of_one_commit_may_come_in_any_order_and_twice, 0, KINDS);
    tcase_add_loop_test(tests, what_is_not_committed_is_dropped, 0, KINDS);
    tcase_add_loop_test(tests, events_without_a_position_are_applied_each_time, 0, KINDS);
    tcase_add_loop_test(tests, a_commit_that_fails_keeps_nothing_and_can_be_made_again, 0, KINDS);
    tcase_add_loop_test(tests, rows_that_swap_a_unique_value_are_written_one_by_one, 0, KINDS);
    tcase_add_loop_test(tests, events_beyond_the_memory_commit_those_before_them, 0, KINDS);
    tcase_add_loop_test(tests, events_beyond_the_memory_are_refused_where_that_is_asked_for, 0, KINDS);
    tcase_add_loop_test(tests, an_event_that_cannot_be_written_is_refused_and_named, 0, KINDS);
    tcase_add_loop_test(tests, a_table_that_cannot_take_changes_is_refused, 0, KINDS);
    tcase_add_loop_test(tests, changes_that_were_cancelled_commit_no_more, 0, KINDS);
    tcase_add_loop_test(tests, a_few_changes_do_not_scan_a_large_table, 0, 2);
}

int
main(void)
{
    return run_tests("changes", 60, add_tests);
}
