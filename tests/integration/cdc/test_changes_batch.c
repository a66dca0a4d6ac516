/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of events: all of their rows, or none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrays.h"
#include "events.h"

enum { MANY = 4000 };

static int32_t
try_batch(incload_changes *changes, rows *batch, const char *options, incload_error **err)
{
    int32_t status = incload_changes_push_batch(changes, &batch->schema, &batch->array, options, err);

    ck_assert_int_eq(batch->released, 2);
    rows_free(batch);
    return status;
}

static void
push_rows(incload_changes *changes, rows *batch, const char *options)
{
    incload_error *err = NULL;
    int32_t status = try_batch(changes, batch, options, &err);

    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
}

static rows *
items(int64_t count, const char *const *ops, const int64_t *positions, const int64_t *ids, const char *const *names,
      const int64_t *quantities)
{
    rows *batch = rows_new(count);

    rows_add_texts(batch, "op", ops);
    if (positions != NULL)
        rows_add_numbers(batch, "at", "l", 8, positions);
    rows_add_numbers(batch, "id", "l", 8, ids);
    rows_add_texts(batch, "name", names);
    rows_add_numbers(batch, "qty", "i", 4, quantities);
    return batch;
}

static const char *const some_ops[] = { "c", "INSERT", "r", "u", "d", "Delete" };
static const int64_t some_ids[] = { 1, 2, 3, 1, 2, 9 };
static const char *const some_names[] = { "one", "two", "three", NULL, "ignored", NULL };
static const int64_t some_quantities[] = { 10, 20, 30, -11, 0, 0 };
static const int64_t some_positions[] = { 1, 2, 3, 4, 5, 6 };

START_TEST(the_rows_of_a_batch_land_as_their_events_would)
{
    place at = place_open((kind)_i, _i == PG_ODBC);
    make_items(at, "batched", false);
    incload_changes *changes = changes_open(at, "batched", NULL);

    push_rows(changes, items(6, some_ops, some_positions, some_ids, some_names, some_quantities), "position=at");
    ck_assert_int_eq(incload_changes_pending(changes), 6);
    commit(changes);
    expect_items(at, "batched", false, "1|NULL|-11\n3|three|30\n");
    ck_assert_uint_eq(position_of(changes), 6);
    /* Told again, and one row more. */
    static const char *const ops[] = { "u", "t", "upsert" };
    static const int64_t ids[] = { 3, 0, 5 }, quantities[] = { 1, 0, 5 }, positions[] = { 5, 7, 8 };
    static const char *const names[] = { "late", NULL, "five" };
    push_rows(changes, items(3, ops, positions, ids, names, quantities), "position=at");
    ck_assert_int_eq(incload_changes_pending(changes), 2);
    ck_assert_int_eq(incload_changes_skipped(changes), 1);
    commit(changes);
    expect_items(at, "batched", false, "5|five|5\n");
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

START_TEST(values_become_those_of_the_columns_without_a_loss)
{
    static const char *const columns[KINDS] = {
        "price numeric(12,2), day date, at timestamp, seen timestamptz, flag boolean, note text",
        "price decimal(12,2), day date, at datetime(6), seen datetime(6), flag boolean, note text",
        "price DECIMAL(12,2), day DATE, at TIMESTAMP, seen TIMESTAMPTZ TEXT, flag BOOLEAN, note TEXT",
        "price numeric(12,2), day date, at timestamp, seen timestamptz, flag boolean, note text",
    };
    static const char *const ops[] = { "c", "c" }, *const notes[] = { "caf\xc3\xa9", NULL };
    static const int64_t ids[] = { 1, 2 }, days[] = { 19844, -1 };
    static const int64_t instants[] = { 1714557600250, -1 }, flags[] = { 1, 1 };
    const __int128 prices[] = { 1234, -1 };
    place at = place_open((kind)_i, _i == PG_ODBC);
    table_drop(at, "typed");
    sql(at, "CREATE TABLE typed (id bigint PRIMARY KEY NOT NULL, %s)", columns[_i]);
    incload_changes *changes = changes_open(at, "typed", NULL);

    rows *batch = rows_new(2);
    rows_add_texts(batch, "op", ops);
    rows_add_numbers(batch, "id", "i", 4, ids);
    rows_add_bytes(batch, "price", "d:12,2", 16, prices);
    rows_add_numbers(batch, "day", "tdD", 4, days);
    rows_add_numbers(batch, "at", "tsm:", 8, instants);
    rows_add_numbers(batch, "seen", "tsm:Europe/Berlin", 8, instants);
    rows_add_numbers(batch, "flag", "c", 1, flags);
    rows_add_texts(batch, "note", notes);
    push_rows(changes, batch, NULL);
    commit(changes);
    expect_rows(at, "typed", "id:i at:t seen:z day:s price:s note:s",
                "1|2024-05-01 10:00:00.250000|2024-05-01 10:00:00.250000|2024-05-01|12.34|caf\xc3\xa9\n"
                "2|1969-12-31 23:59:59.999000|1969-12-31 23:59:59.999000|1969-12-31|-0.01|NULL\n");
    ck_assert_int_eq(ask_number(at, "SELECT count(*) FROM typed WHERE flag"), 2);
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

/* ---- bad rows ---- */

typedef struct bad_case {
    const char *op;
    const char *id, *name, *qty, *at; /* of the row in the middle */
    int32_t code;
    const char *words;
} bad_case;

static const bad_case bad[] = {
    { "x", "2", "secret", "1", "2", INCLOAD_E_INVALID, "row 1|'op'|misread" },
    { NULL, "2", "secret", "1", "2", INCLOAD_E_INVALID, "row 1|'op'" },
    { "deleteddeleteddeleted", "2", "secret", "1", "2", INCLOAD_E_INVALID, "row 1|'op'" },
    { "d", NULL, "secret", "1", "2", INCLOAD_E_INVALID, "row 1|'id'" },
    { "c", "secret", "x", "1", "2", INCLOAD_E_DATA, "row 1|'id'" },
    { "c", "2", "x", "secret", "2", INCLOAD_E_DATA, "row 1|'qty'" },
    { "c", "2", "x", "9223372036854775808", "2", INCLOAD_E_DATA, "row 1|'qty'" },
    { "c", "2", "x", "1", NULL, INCLOAD_E_INVALID, "row 1|'at'" },
    { "c", "2", "x", "1", "-2", INCLOAD_E_DATA, "row 1|'at'" },
    { "c", "2", "x", "1", "0", INCLOAD_E_INVALID, "row 1|position" },
};

START_TEST(a_bad_row_is_told_and_leaves_nothing_of_its_batch)
{
    place at = place_open(SQLITE, 0);
    make_items(at, "misread", false);
    incload_changes *changes = changes_open(at, "misread", NULL);

    push(changes, INCLOAD_CHANGE_INSERT, 1, "id=7 name=seven");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *const ops[] = { "c", bad[i].op, "c" }, *const ids[] = { "1", bad[i].id, "3" };
        const char *const names[] = { "x", bad[i].name, "y" }, *const quantities[] = { "1", bad[i].qty, "3" };
        const char *const positions[] = { "5", bad[i].at, "7" };
        incload_error *err = NULL;
        rows *batch = rows_new(3);
        rows_add_texts(batch, "op", ops);
        rows_add_texts(batch, "id", ids);
        rows_add_texts(batch, "name", names);
        rows_add_texts(batch, "qty", quantities);
        rows_add_texts(batch, "at", positions);
        int32_t status = try_batch(changes, batch, "position=at", &err);
        ck_assert_msg(status == bad[i].code, "%zu: %s", i, incload_error_message(err));
        expect_words(incload_error_message(err), bad[i].words);
        ck_assert_ptr_null(strstr(incload_error_message(err), "secret"));
        ck_assert_int_eq(incload_changes_pending(changes), 1);
        incload_error_unref(err);
    }
    commit(changes);
    expect_items(at, "misread", false, "7|seven|NULL\n");
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

START_TEST(a_batch_with_wrong_columns_is_refused_by_name)
{
    static const char *const ops[] = { "c" }, *const texts[] = { "1" };
    static const struct {
        const char *names[3];
        const char *format; /* of the last, NULL: text */
        const char *options;
        int32_t code;
        const char *words;
    } cases[] = {
        { { "op", "id", "nobody" }, NULL, NULL, INCLOAD_E_NOT_FOUND, "'nobody'|unknown_columns" },
        { { "what", "id", "name" }, NULL, NULL, INCLOAD_E_NOT_FOUND, "'what'" },
        { { "name", "id", "qty" }, NULL, NULL, INCLOAD_E_NOT_FOUND, "'op'|'operation'" },
        { { "op", "id", "name" }, NULL, "position=at", INCLOAD_E_NOT_FOUND, "'at'|'position'" },
        { { "op", "id", "id" }, NULL, NULL, INCLOAD_E_INVALID, "'id' twice" },
        { { "op", "name", "qty" }, NULL, NULL, INCLOAD_E_INVALID, "'id' is missing" },
        { { "op", "id", "qty" }, "tsu:", NULL, INCLOAD_E_TYPE, "'qty'" },
        { { "op", "id", "qty" }, "tiM", NULL, INCLOAD_E_TYPE, "'qty'|tiM" },
        { { "op", "id", "qty" }, NULL, "operations=op", INCLOAD_E_UNKNOWN_OPTION, "operations" },
    };
    static const int64_t one[] = { 1 };
    place at = place_open(SQLITE, 0);
    make_items(at, "columns", false);
    incload_changes *changes = changes_open(at, "columns", NULL);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        incload_error *err = NULL;
        rows *batch = rows_new(1);
        for (int32_t j = 0; j < 3; j++) {
            if (j == 2 && cases[i].format != NULL)
                rows_add_numbers(batch, cases[i].names[j], cases[i].format, 8, one);
            else
                rows_add_texts(batch, cases[i].names[j], j == 0 ? ops : texts);
        }
        int32_t status = try_batch(changes, batch, cases[i].options, &err);
        ck_assert_msg(status == cases[i].code, "%zu: %s", i, incload_error_message(err));
        expect_words(incload_error_message(err), cases[i].words);
        ck_assert_int_eq(incload_changes_pending(changes), 0);
        incload_error_unref(err);
    }
    incload_changes_unref(changes);
    changes = changes_open(at, "columns", "unknown_columns=ignore");
    rows *batch = rows_new(1);
    rows_add_texts(batch, "op", ops);
    rows_add_texts(batch, "id", texts);
    rows_add_texts(batch, "nobody", texts);
    push_rows(changes, batch, NULL);
    commit(changes);
    expect_items(at, "columns", false, "1|NULL|NULL\n");
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

/* ---- memory ---- */

static rows *
many(int64_t first, int64_t count)
{
    static const char *ops[MANY], *names[MANY];
    static int64_t ids[MANY];

    for (int64_t i = 0; i < count; i++) {
        ops[i] = "c";
        names[i] = "a name of some length";
        ids[i] = first + i;
    }
    return items(count, ops, NULL, ids, names, ids);
}

START_TEST(a_batch_for_which_there_is_no_room_commits_those_before_it_or_is_refused)
{
    place at = place_open(SQLITE, 0);
    incload_error *err = NULL;
    make_items(at, "filled", false);
    incload_changes *changes = changes_open(at, "filled", "memory=65536");

    push_rows(changes, many(1, 300), NULL);
    push_rows(changes, many(1001, 300), NULL);
    ck_assert_int_eq(incload_changes_pending(changes), 300);
    ck_assert_int_eq(incload_changes_applied(changes), 300);
    /* Alone it is too large, and those before are not lost. */
    ck_assert_int_eq(try_batch(changes, many(2001, MANY), NULL, &err), INCLOAD_E_STATE);
    expect_words(incload_error_message(err), "filled|'memory'|in parts");
    incload_error_unref(err);
    err = NULL;
    commit(changes);
    ck_assert_int_eq(ask_number(at, "SELECT count(*) FROM filled"), 600);
    incload_changes_unref(changes);
    changes = changes_open(at, "filled", "memory=65536 full=refuse");
    push_rows(changes, many(1, 300), NULL);
    ck_assert_int_eq(try_batch(changes, many(1001, 300), NULL, &err), INCLOAD_E_STATE);
    expect_words(incload_error_message(err), "commit them");
    ck_assert_int_eq(incload_changes_pending(changes), 300);
    incload_error_unref(err);
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

START_TEST(a_batch_without_rows_does_nothing)
{
    place at = place_open(SQLITE, 0);
    make_items(at, "no_rows", false);
    incload_changes *changes = changes_open(at, "no_rows", NULL);

    push_rows(changes, items(0, NULL, NULL, NULL, NULL, NULL), NULL);
    ck_assert_int_eq(incload_changes_pending(changes), 0);
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

/* ---- tables of a group, and tables without a key ---- */

START_TEST(batches_of_the_tables_of_a_group_land_together)
{
    place at = place_open((kind)_i, _i == PG_ODBC);
    incload_error *err = NULL;
    make_items(at, "grouped_a", false);
    make_items(at, "grouped_b", false);
    incload_changes *group = group_open(at, "grouped", NULL);
    incload_changes *first = group_add(group, "grouped_a", NULL), *second = group_add(group, "grouped_b", NULL);
    static const int64_t later[] = { 7, 8, 9, 10, 11, 12 };

    push_rows(first, items(6, some_ops, some_positions, some_ids, some_names, some_quantities), "position=at");
    push_rows(second, items(3, some_ops, later, some_ids, some_names, some_quantities), "position=at");
    ck_assert_int_eq(incload_changes_pending(first), 6);
    ck_assert_int_eq(incload_changes_pending(second), 3);
    ck_assert_int_eq(incload_changes_pending(group), 9);
    commit(group);
    expect_items(at, "grouped_a", false, "1|NULL|-11\n3|three|30\n");
    expect_items(at, "grouped_b", false, "1|one|10\n2|two|20\n3|three|30\n");
    ck_assert_uint_eq(position_of(group), 9);
    push_rows(second, items(3, some_ops, later, some_ids, some_names, some_quantities), "position=at");
    ck_assert_int_eq(incload_changes_skipped(second), 3);
    ck_assert_int_eq(incload_changes_skipped(first), 0);
    ck_assert_int_eq(try_batch(group, items(1, some_ops, NULL, some_ids, some_names, some_quantities), NULL, &err),
                     INCLOAD_E_INVALID);
    expect_words(incload_error_message(err), "incload_changes_add_table()");
    incload_error_unref(err);
    incload_changes_unref(first);
    incload_changes_unref(second);
    incload_changes_unref(group);
    place_close(at);
}
END_TEST

static rows *
keyless_items(int64_t count, const char *const *ops, const int64_t *ids, const char *const *names)
{
    rows *batch = rows_new(count);

    rows_add_texts(batch, "op", ops);
    rows_add_numbers(batch, "id", "l", 8, ids);
    if (names != NULL)
        rows_add_texts(batch, "name", names);
    return batch;
}

START_TEST(rows_of_a_table_without_a_key_are_told_by_all_of_their_columns)
{
    static const char *const ops[] = { "c", "c", "c", "d", "d" }, *const updates[] = { "c", "u" };
    static const char *const names[] = { "x", "x", NULL, "x", NULL }, *const deletes[] = { "c", "d" };
    static const int64_t ids[] = { 1, 1, 2, 1, 2 };
    place at = place_open((kind)_i, _i == PG_ODBC);
    incload_error *err = NULL;
    table_drop(at, "unkeyed");
    sql(at, "CREATE TABLE unkeyed (id bigint, name varchar(200))");
    incload_changes *changes = changes_open(at, "unkeyed", "match=whole");

    push_rows(changes, keyless_items(5, ops, ids, names), NULL);
    commit(changes);
    expect(at, "1|x\n", "SELECT id, name FROM unkeyed");
    ck_assert_int_eq(try_batch(changes, keyless_items(2, updates, ids, names), NULL, &err), INCLOAD_E_INVALID);
    expect_words(incload_error_message(err), "unkeyed|row 1|an update|a delete and an insert");
    incload_error_unref(err);
    err = NULL;
    ck_assert_int_eq(try_batch(changes, keyless_items(2, deletes, ids, NULL), NULL, &err), INCLOAD_E_INVALID);
    expect_words(incload_error_message(err), "unkeyed|row 1|'name'|all of its columns");
    incload_error_unref(err);
    ck_assert_int_eq(incload_changes_pending(changes), 0);
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, the_rows_of_a_batch_land_as_their_events_would, 0, KINDS);
    tcase_add_loop_test(tests, values_become_those_of_the_columns_without_a_loss, 0, KINDS);
    tcase_add_test(tests, a_bad_row_is_told_and_leaves_nothing_of_its_batch);
    tcase_add_test(tests, a_batch_with_wrong_columns_is_refused_by_name);
    tcase_add_test(tests, a_batch_for_which_there_is_no_room_commits_those_before_it_or_is_refused);
    tcase_add_test(tests, a_batch_without_rows_does_nothing);
    tcase_add_loop_test(tests, batches_of_the_tables_of_a_group_land_together, 0, KINDS);
    tcase_add_loop_test(tests, rows_of_a_table_without_a_key_are_told_by_all_of_their_columns, 0, KINDS);
}

int
main(void)
{
    return run_tests("changes_batch", 60, add_tests);
}
