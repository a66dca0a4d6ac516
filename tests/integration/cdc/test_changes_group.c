/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of several tables that land together, on every kind of database. */
#include <stdio.h>
#include <string.h>

#include "events.h"

/* A group of two tables "id, name, qty", of which the second may refer to the first by `qty`. */
typedef struct pair {
    place at;
    char first_table[40], second_table[40];
    incload_changes *group, *first, *second;
} pair;

/* SQLite looks at foreign keys only where a session asks for it; there the order of writing shows in nothing. */
static pair
pair_open(kind which, const char *name, const char *reference)
{
    pair p = { .at = place_open(which, which == PG_ODBC) };

    snprintf(p.first_table, sizeof p.first_table, "%s_a", name);
    snprintf(p.second_table, sizeof p.second_table, "%s_b", name);
    table_drop(p.at, p.second_table);
    make_items(p.at, p.first_table, false);
    if (reference == NULL)
        make_items(p.at, p.second_table, false);
    else
        sql(p.at,
            "CREATE TABLE %s (id bigint PRIMARY KEY NOT NULL, name varchar(200), qty bigint,"
            " FOREIGN KEY (qty) REFERENCES %s (id)%s)",
            p.second_table, p.first_table, reference);
    p.group = group_open(p.at, name, NULL);
    /* The one that refers to the other stands first: the order is the library's to find. */
    p.second = group_add(p.group, p.second_table, "key=id");
    p.first = group_add(p.group, p.first_table, NULL);
    return p;
}

static void
pair_close(pair *p)
{
    incload_changes_unref(p->group);
    incload_changes_unref(p->second);
    incload_changes_unref(p->first);
    place_close(p->at);
}

/* ---- one transaction ---- */

START_TEST(events_of_several_tables_land_together_under_one_position)
{
    pair p = pair_open((kind)_i, "together", NULL);

    push(p.first, INSERT, 1, "id=1 name=one qty=1");
    push(p.second, INSERT, 2, "id=1 name=eins qty=1");
    push(p.first, UPDATE, 3, "id=1 qty=2");
    push(p.second, DELETE, 4, "id=7");
    ck_assert_int_eq(incload_changes_pending(p.group), 4);
    ck_assert_int_eq(incload_changes_pending(p.first), 2);
    expect_items(p.at, p.first_table, false, "");
    /* Whichever of them is told to. */
    commit(p.second);
    expect_items(p.at, p.first_table, false, "1|one|2\n");
    expect_items(p.at, p.second_table, false, "1|eins|1\n");
    ck_assert_uint_eq(position_of(p.first), 4);
    ck_assert_uint_eq(position_of(p.group), 4);
    ck_assert_int_eq(incload_changes_applied(p.group), 4);
    ck_assert_int_eq(incload_changes_applied(p.second), 2);
    ck_assert_int_eq(incload_changes_rows_written(p.group), 2);
    ck_assert_int_eq(incload_changes_rows_written(p.first), 1);
    incload_watermark *mark = incload_watermark_open(p.at.db, "together", NULL);
    ck_assert_str_eq(incload_watermark_value(mark), "4.0");
    incload_watermark_unref(mark);
    pair_close(&p);
}
END_TEST

START_TEST(what_one_table_refuses_keeps_nothing_of_the_others)
{
    pair p = pair_open((kind)_i, "refused", NULL);
    incload_error *err = NULL;

    sql(p.at, "CREATE UNIQUE INDEX refused_qty ON %s (qty)", p.second_table);
    push(p.first, INSERT, 1, "id=1 name=one qty=1");
    push(p.second, INSERT, 2, "id=1 name=eins qty=1");
    push(p.second, INSERT, 3, "id=2 name=zwei qty=1");
    ck_assert_int_eq(incload_changes_commit(p.group, &err), INCLOAD_E_CONSTRAINT);
    expect_words(incload_error_message(err), "changes of refused|refused_b");
    incload_error_unref(err);
    expect_items(p.at, p.first_table, false, "");
    expect_items(p.at, p.second_table, false, "");
    ck_assert_int_eq(incload_changes_pending(p.group), 3);
    ck_assert_uint_eq(position_of(p.group), 0);
    incload_changes_discard(p.first);
    ck_assert_int_eq(incload_changes_pending(p.group), 0);
    pair_close(&p);
}
END_TEST

START_TEST(events_that_were_committed_are_skipped_in_all_tables)
{
    pair p = pair_open((kind)_i, "skipped", NULL);

    push(p.first, INSERT, 5, "id=1 name=one qty=1");
    push(p.second, INSERT, 6, "id=1 name=eins qty=1");
    commit(p.group);
    incload_changes *again = group_open(p.at, "skipped", NULL);
    incload_changes *second = group_add(again, p.second_table, NULL);
    ck_assert_uint_eq(position_of(again), 6);
    push(second, DELETE, 6, "id=1");
    push(second, INSERT, 7, "id=2 name=zwei qty=2");
    commit(second);
    expect_items(p.at, p.second_table, false, "1|eins|1\n2|zwei|2\n");
    ck_assert_int_eq(incload_changes_skipped(again), 1);
    /* The first group knows of it when it commits. */
    push(p.first, INSERT, 7, "id=3 name=three qty=3");
    commit(p.group);
    expect_items(p.at, p.first_table, false, "1|one|1\n");
    ck_assert_uint_eq(position_of(p.group), 7);
    incload_changes_unref(again);
    incload_changes_unref(second);
    pair_close(&p);
}
END_TEST

START_TEST(the_memory_is_that_of_all_tables)
{
    pair p = pair_open((kind)_i, "filled", NULL);
    incload_changes *group = group_open(p.at, "filled_small", "memory=65536 full=refuse");
    incload_changes *first = group_add(group, p.first_table, NULL), *second = group_add(group, p.second_table, NULL);
    incload_error *err = NULL;
    int32_t i = 1;

    while (try_push(i % 2 == 0 ? first : second, INSERT, (uint64_t)i, NULL, "id=1 name=one", &err) == INCLOAD_OK)
        i++;
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_STATE);
    expect_words(incload_error_message(err), "filled_small|'memory'");
    incload_error_unref(err);
    ck_assert_int_gt(i, 300);
    ck_assert_int_lt(i, 1000);
    ck_assert_int_le(incload_changes_pending(first), i / 2 + 1);
    incload_changes_unref(group);
    incload_changes_unref(first);
    incload_changes_unref(second);
    pair_close(&p);
}
END_TEST

START_TEST(a_table_lives_as_long_as_the_last_handle)
{
    pair p = pair_open((kind)_i, "outlived", NULL);

    push(p.second, INSERT, 1, "id=1 name=eins qty=1");
    incload_changes_unref(p.second);
    p.second = NULL;
    incload_changes_unref(p.group);
    p.group = NULL;
    push(p.first, INSERT, 2, "id=1 name=one qty=1");
    commit(p.first);
    expect_items(p.at, p.first_table, false, "1|one|1\n");
    expect_items(p.at, p.second_table, false, "1|eins|1\n");
    pair_close(&p);
}
END_TEST

/* ---- tables that refer to each other ---- */

START_TEST(rows_that_others_refer_to_come_before_them_and_go_after_them)
{
    pair p = pair_open((kind)_i, "referred", "");

    push(p.first, INSERT, 1, "id=1 name=one");
    push(p.second, INSERT, 2, "id=10 name=child qty=1");
    push(p.first, INSERT, 3, "id=2 name=two");
    push(p.second, INSERT, 4, "id=20 name=child qty=2");
    commit(p.group);
    push(p.second, DELETE, 5, "id=10");
    push(p.first, DELETE, 6, "id=1");
    push(p.first, INSERT, 7, "id=3 name=three");
    push(p.second, UPDATE, 8, "id=20 qty=3");
    push(p.first, DELETE, 9, "id=2");
    commit(p.group);
    expect_items(p.at, p.first_table, false, "3|three|NULL\n");
    expect_items(p.at, p.second_table, false, "20|child|3\n");
    pair_close(&p);
}
END_TEST

START_TEST(a_row_that_changes_its_parent_outlives_the_old_one)
{
    pair p = pair_open((kind)_i, "adopted", " ON DELETE CASCADE");

    push(p.first, INSERT, 1, "id=1 name=one");
    push(p.first, INSERT, 2, "id=2 name=two");
    push(p.second, INSERT, 3, "id=10 name=child qty=1");
    commit(p.group);
    push(p.second, UPDATE, 4, "id=10 qty=2");
    push(p.first, DELETE, 5, "id=1");
    commit(p.group);
    expect_items(p.at, p.first_table, false, "2|two|NULL\n");
    expect_items(p.at, p.second_table, false, "10|child|2\n");
    pair_close(&p);
}
END_TEST

START_TEST(tables_that_refer_to_each_other_are_truncated_together)
{
    pair p = pair_open((kind)_i, "emptied", "");

    push(p.first, INSERT, 1, "id=1 name=one");
    push(p.second, INSERT, 2, "id=10 name=child qty=1");
    commit(p.group);
    push(p.first, TRUNCATE, 3, NULL);
    push(p.second, TRUNCATE, 4, NULL);
    push(p.first, INSERT, 5, "id=2 name=two");
    push(p.second, INSERT, 6, "id=20 name=child qty=2");
    commit(p.group);
    expect_items(p.at, p.first_table, false, "2|two|NULL\n");
    expect_items(p.at, p.second_table, false, "20|child|2\n");
    pair_close(&p);
}
END_TEST

START_TEST(tables_in_a_ring_wait_for_the_end_of_the_transaction)
{
    pair p = pair_open(_i == 0 ? POSTGRES : PG_ODBC, "ring", " DEFERRABLE");
    incload_error *err = NULL;

    sql(p.at, "ALTER TABLE %s ADD FOREIGN KEY (qty) REFERENCES %s (id) DEFERRABLE", p.first_table, p.second_table);
    incload_changes *group = group_open(p.at, "ring_again", NULL);
    incload_changes *first = group_add(group, p.first_table, NULL), *second = group_add(group, p.second_table, NULL);
    push(first, INSERT, 1, "id=1 name=one qty=10");
    push(second, INSERT, 2, "id=10 name=ten qty=1");
    commit(group);
    expect_items(p.at, p.first_table, false, "1|one|10\n");
    push(first, INSERT, 3, "id=2 name=two qty=99");
    ck_assert_int_eq(incload_changes_commit(group, &err), INCLOAD_E_CONSTRAINT);
    expect_words(incload_error_message(err), "ring_again");
    incload_error_unref(err);
    incload_changes_unref(group);
    incload_changes_unref(first);
    incload_changes_unref(second);
    sql(p.at, "DROP TABLE %s, %s", p.first_table, p.second_table);
    pair_close(&p);
}
END_TEST

/* ---- what is refused together ---- */

START_TEST(unique_values_that_change_hands_among_many_rows_are_written_in_order)
{
    pair p = pair_open((kind)_i, "hands", NULL);
    char row[64];
    uint64_t position = 1;

    sql(p.at, "CREATE UNIQUE INDEX hands_qty ON %s (qty)", p.second_table);
    for (int32_t i = 1; i <= 60; i++) {
        snprintf(row, sizeof row, "id=%d name=n%d qty=%d", (int)i, (int)i, (int)i);
        push(p.first, INSERT, position++, row);
        push(p.second, INSERT, position++, row);
    }
    commit(p.group);
    push(p.second, UPDATE, position++, "id=7 qty=-");
    push(p.second, UPDATE, position++, "id=8 qty=7");
    for (int32_t i = 1; i <= 60; i++) {
        snprintf(row, sizeof row, "id=%d name=m%d", (int)i, (int)i);
        push(p.first, UPDATE, position++, row);
    }
    push(p.second, UPDATE, position++, "id=7 qty=8");
    push(p.second, DELETE, position++, "id=60");
    push(p.second, INSERT, position++, "id=61 name=heir qty=60");
    commit(p.group);
    expect(p.at, "61|60\n7|8\n8|7\n", "SELECT id, qty FROM %s WHERE id IN (7, 8, 60, 61)", p.second_table);
    ck_assert_int_eq(ask_number(p.at, "SELECT COUNT(*) AS c FROM %s WHERE name LIKE 'm%%'", p.first_table), 60);
    ck_assert_uint_eq(position_of(p.group), position - 1);
    ck_assert_int_eq(incload_changes_rows_written(p.second), 64);
    ck_assert_int_eq(incload_changes_rows_deleted(p.second), 1);
    ck_assert_int_eq(staging_tables(p.at), 0);
    pair_close(&p);
}
END_TEST

START_TEST(a_new_row_that_is_there_already_is_written_over)
{
    pair p = pair_open((kind)_i, "told_again", NULL);

    push(p.first, INSERT, 0, "id=1 name=one qty=1");
    push(p.second, INSERT, 0, "id=1 name=eins qty=1");
    commit(p.group);
    push(p.first, INSERT, 0, "id=2 name=two qty=2");
    push(p.second, INSERT, 0, "id=1 name=uno");
    push(p.second, INSERT, 0, "id=3 name=tre qty=3");
    commit(p.group);
    expect_items(p.at, p.first_table, false, "1|one|1\n2|two|2\n");
    expect_items(p.at, p.second_table, false, "1|uno|1\n3|tre|3\n");
    pair_close(&p);
}
END_TEST

START_TEST(values_that_an_event_does_not_bring_stay_however_large_they_are)
{
    pair p = pair_open((kind)_i, "unchanged", NULL);
    char large[100 + 1];
    char row[160];

    memset(large, 'x', sizeof large);
    large[sizeof large - 1] = '\0';
    snprintf(row, sizeof row, "id=1 name=%s qty=1", large);
    push(p.first, INSERT, 1, row);
    push(p.second, INSERT, 2, "id=1 name=eins qty=1");
    commit(p.group);
    push(p.first, UPDATE, 3, "id=1 qty=2");
    push_from(p.second, 4, "id=1", "id=2 qty=2");
    commit(p.group);
    ck_assert_int_eq(
        ask_number(p.at, "SELECT COUNT(*) AS c FROM %s WHERE name = '%s' AND qty = 2", p.first_table, large), 1);
    expect_items(p.at, p.second_table, false, "2|eins|2\n");
    pair_close(&p);
}
END_TEST

/* ---- what cannot be ---- */

static void
cannot_add(incload_changes *group, const char *table, const char *options, int32_t code, const char *words)
{
    incload_error *err = NULL;

    ck_assert_ptr_null(incload_changes_add_table(group, table, options, &err));
    ck_assert_msg(incload_error_code(err) == code, "%s: %s", incload_error_name(err), incload_error_message(err));
    expect_words(incload_error_message(err), words);
    incload_error_unref(err);
}

START_TEST(what_a_group_cannot_do_is_refused_and_named)
{
    pair p = pair_open((kind)_i, "unfit", NULL);
    incload_error *err = NULL;

    cannot_add(p.group, p.first_table, NULL, INCLOAD_E_EXISTS, "unfit_a|already");
    cannot_add(p.group, "no_such_table", NULL, INCLOAD_E_NOT_FOUND, "no_such_table");
    cannot_add(p.group, p.first_table, "memory=100000", INCLOAD_E_INVALID, "'memory'|incload_changes_new_group");
    cannot_add(p.first, p.second_table, NULL, INCLOAD_E_INVALID, "incload_changes_new_group");
    ck_assert_int_eq(try_push(p.group, INSERT, 1, NULL, "id=1", &err), INCLOAD_E_INVALID);
    expect_words(incload_error_message(err), "incload_changes_add_table");
    incload_error_unref(err);
    err = NULL;
    ck_assert_ptr_null(incload_changes_new_group(p.at.db, "unfit", "key=id", &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_INVALID);
    expect_words(incload_error_message(err), "'key'");
    incload_error_unref(err);
    ck_assert_ptr_null(incload_changes_new_group(p.at.db, "", NULL, NULL));
    /* It is as it was. */
    push(p.first, INSERT, 1, "id=1 name=one qty=1");
    commit(p.group);
    expect_items(p.at, p.first_table, false, "1|one|1\n");
    pair_close(&p);
}
END_TEST

START_TEST(a_group_without_events_commits_nothing)
{
    place at = place_open((kind)_i, 0);
    incload_changes *group = group_open(at, "eventless", NULL);

    commit(group);
    ck_assert_int_eq(incload_changes_applied(group), 0);
    incload_changes_unref(group);
    place_close(at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, events_of_several_tables_land_together_under_one_position, 0, KINDS);
    tcase_add_loop_test(tests, what_one_table_refuses_keeps_nothing_of_the_others, 0, KINDS);
    tcase_add_loop_test(tests, events_that_were_committed_are_skipped_in_all_tables, 0, KINDS);
    tcase_add_loop_test(tests, the_memory_is_that_of_all_tables, 0, KINDS);
    tcase_add_loop_test(tests, a_table_lives_as_long_as_the_last_handle, 0, KINDS);
    tcase_add_loop_test(tests, rows_that_others_refer_to_come_before_them_and_go_after_them, 0, KINDS);
    tcase_add_loop_test(tests, a_row_that_changes_its_parent_outlives_the_old_one, 0, KINDS);
    tcase_add_loop_test(tests, tables_that_refer_to_each_other_are_truncated_together, 0, KINDS);
    tcase_add_loop_test(tests, tables_in_a_ring_wait_for_the_end_of_the_transaction, 0, 2);
    tcase_add_loop_test(tests, unique_values_that_change_hands_among_many_rows_are_written_in_order, 0, KINDS);
    tcase_add_loop_test(tests, a_new_row_that_is_there_already_is_written_over, 0, KINDS);
    tcase_add_loop_test(tests, values_that_an_event_does_not_bring_stay_however_large_they_are, 0, KINDS);
    tcase_add_loop_test(tests, what_a_group_cannot_do_is_refused_and_named, 0, KINDS);
    tcase_add_loop_test(tests, a_group_without_events_commits_nothing, 0, KINDS);
}

int
main(void)
{
    return run_tests("changes_group", 60, add_tests);
}
