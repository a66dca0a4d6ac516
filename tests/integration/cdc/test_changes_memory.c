/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a whole life of changes fails, one after the other: that is told, nothing leaks, and the table
 * has all of the events or none, as the position says. */
#include <stdio.h>
#include <stdlib.h>

#include <incload/debezium.h>

#include "arrays.h"
#include "events.h"
#include "lending.h"

static void
push_rows(incload_changes *changes, incload_error **err)
{
    static const char *const ops[] = { "c", "u" }, *const names[] = { "V", "five" };
    static const int64_t ids[] = { 5, 5 }, positions[] = { 5, 6 };
    rows *batch = rows_new(2);

    rows_add_texts(batch, "op", ops);
    rows_add_numbers(batch, "at", "l", 8, positions);
    rows_add_numbers(batch, "id", "i", 4, ids);
    rows_add_texts(batch, "name", names);
    incload_changes_push_batch(changes, &batch->schema, &batch->array, "position=at", err);
    ck_assert_int_eq(batch->released, 2);
    rows_free(batch);
}

static int32_t
count_message(const char *key, size_t key_size, const char *value, size_t value_size, void *data)
{
    (void)key;
    (void)key_size;
    (void)value;
    (void)value_size;
    ++*(int32_t *)data;
    return INCLOAD_DONE;
}

/* Events go out as well: an event that fails has handed nothing over. */
static void
write_messages(incload_database *db, incload_error **err)
{
    static const char *const names[] = { "id", "name", "qty" }, *const values[] = { "1", "one", "7" };
    int32_t messages = 0;
    incload_debezium *writer = incload_debezium_new(db, "lent", "partial=omit", count_message, &messages, NULL, err);

    int32_t status =
        incload_debezium_write(writer, INCLOAD_CHANGE_UPDATE, names, values, 1, names, values, 3, 1, 0, 0, err);
    ck_assert_int_eq(messages, status == INCLOAD_OK);
    status = incload_debezium_write(writer, INCLOAD_CHANGE_DELETE, NULL, NULL, 0, names, values, 1, 2, 0, 0, err);
    ck_assert_int_ge(messages, status == INCLOAD_OK ? 3 : 0);
    incload_debezium_unref(writer);
}

static void
live(incload_database *db, const char *options, incload_error **err)
{
    incload_changes *changes = incload_changes_new(db, "lent", options, err);

    if (changes != NULL) {
        try_push(changes, INCLOAD_CHANGE_INSERT, 1, NULL, "id=2 name=two qty=2", err);
        try_push(changes, INCLOAD_CHANGE_UPDATE, 3, "id=1", "id=3 qty=5", err);
        try_push(changes, INCLOAD_CHANGE_DELETE, 2, NULL, "id=2", err);
        incload_changes_push_debezium(changes, "{\"id\":4}", "{\"op\":\"c\",\"after\":{\"id\":4,\"name\":\"four\"}}", 4,
                                      0, err);
        push_rows(changes, err);
        incload_changes_commit(changes, err);
    }
    incload_changes_unref(changes);
}

/* The error, or NULL; *done: no allocation failed. */
static incload_error *
live_with(const char *url, const char *options, int64_t fails, bool *done)
{
    lender from = { .fails = fails };
    incload_error *err = NULL;
    incload_context *context = lend_context(&from);

    incload_database *db = incload_database_new_in(context, url, NULL, &err);
    live(db, options, &err);
    write_messages(db, &err);
    incload_database_unref(db);
    incload_context_unref(context);
    lender_check(&from, "changes", err);
    *done = !lender_refused(&from);
    return err;
}

static void
check_whole(place at, const char *name, const incload_error *err)
{
    incload_watermark *mark = incload_watermark_open(at.db, name, NULL);
    const char *value = incload_watermark_value(mark);

    ck_assert_ptr_nonnull(mark);
    if (err == NULL || value != NULL)
        expect_items(at, "lent", true,
                     "1|one|1|deleted|timed\n2|two|2|deleted|timed\n3|one|5|live|untimed\n4|four|NULL|live|untimed\n"
                     "5|five|NULL|live|untimed\n");
    else
        expect_items(at, "lent", true, "1|one|1|live|untimed\n");
    if (err == NULL)
        ck_assert_str_eq(value, "6.0");
    incload_watermark_unref(mark);
}

START_TEST(every_allocation_may_fail)
{
    place at = place_open(SQLITE, 0);
    char options[64], name[32];
    bool done = false;

    make_items(at, "lent", true);
    for (int64_t fails = 1; !done; fails++) {
        sql(at, "DELETE FROM lent");
        sql(at, "INSERT INTO lent (id, name, qty) VALUES (1, 'one', 1)");
        snprintf(name, sizeof name, "lent_%lld", (long long)fails);
        snprintf(options, sizeof options, "deletes=soft retries=0 name=%s", name);
        incload_error *err = live_with(place_url(SQLITE, 0), options, fails, &done);
        check_whole(at, name, err);
        incload_error_unref(err);
    }
    place_close(at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, every_allocation_may_fail);
}

int
main(void)
{
    return run_tests("changes_memory", 200, add_tests);
}
