/* SPDX-License-Identifier: Apache-2.0 */
/* Allocations fail while a group is applied, a change table is consumed and a stream is followed: that is told, nothing
 * leaks, what is there is all of it or nothing, and the next run makes it whole.
 *
 * INCLOAD_TEST_POINTS: how many of a life's allocations fail, each in a life of its own, on databases with a server
 * (default 25, spread over all of them); on SQLite alone it is every one. */
#include <stdio.h>
#include <stdlib.h>

#include "capturing.h"
#include "lending.h"
#include "streams.h"

enum { POINTS = 25 };

static int64_t
points(void)
{
    const char *text = getenv("INCLOAD_TEST_POINTS");
    long long count = text != NULL ? atoll(text) : 0;

    return count > 0 ? count : POINTS;
}

/* From one failing allocation to the next, where there are that many of them. */
static int64_t
stride_of(const lender *whole, bool every)
{
    int64_t stride = every ? 1 : whole->made / points();

    return stride > 0 ? stride : 1;
}

/* ---- a group ---- */

static void
group_life(incload_database *db, const char *name, incload_error **err)
{
    incload_changes *group = incload_changes_new_group(db, name, "retries=0", err);
    incload_changes *first = incload_changes_add_table(group, "torn_a", NULL, err);
    incload_changes *second = incload_changes_add_table(group, "torn_b", "key=id", err);

    if (*err == NULL) {
        try_push(first, INSERT, 1, NULL, "id=1 name=one qty=1", err);
        try_push(second, INSERT, 2, NULL, "id=1 name=- qty=1", err);
        try_push(first, UPDATE, 3, "id=1", "id=2 qty=5", err);
        try_push(second, DELETE, 4, NULL, "id=9", err);
        try_push(first, INSERT, 5, NULL, "id=3 name=three qty=3", err);
        try_push(first, UPDATE, 6, NULL, "id=8 qty=80", err);
        incload_changes_commit(group, err);
    }
    incload_changes_unref(second);
    incload_changes_unref(first);
    incload_changes_unref(group);
}

static incload_error *
group_with(lender *from, const char *url, const char *name)
{
    incload_error *err = NULL;
    incload_context *context = lend_context(from);
    incload_database *db = incload_database_new_in(context, url, NULL, &err);

    group_life(db, name, &err);
    incload_database_unref(db);
    incload_context_unref(context);
    lender_check(from, "group", err);
    return err;
}

static void
group_rows(place at)
{
    sql(at, "DELETE FROM torn_a");
    sql(at, "DELETE FROM torn_b");
    sql(at, "INSERT INTO torn_a (id, name, qty) VALUES (8, 'eight', 8)");
    sql(at, "INSERT INTO torn_b (id, name, qty) VALUES (9, 'nine', 9)");
}

/* Both tables have all, or neither has anything; what the position says comes with it. */
static void
expect_group(place at, const char *name, const incload_error *err)
{
    incload_watermark *mark = incload_watermark_open(at.db, name, NULL);
    bool landed = incload_watermark_value(mark) != NULL;

    ck_assert(landed || err != NULL);
    expect_items(at, "torn_a", false, landed ? "2|one|5\n3|three|3\n8|eight|80\n" : "8|eight|8\n");
    expect_items(at, "torn_b", false, landed ? "1|NULL|1\n" : "9|nine|9\n");
    incload_watermark_unref(mark);
}

START_TEST(a_group_lands_whole_or_not_at_all_whichever_allocation_fails)
{
    kind which = (kind)_i;
    place at = place_open(which, 0);
    lender whole = { .fails = 0 };
    bool refused = true;

    make_items(at, "torn_a", false);
    make_items(at, "torn_b", false);
    group_rows(at);
    ck_assert_ptr_null(group_with(&whole, place_url(which, 0), "torn"));
    int64_t stride = stride_of(&whole, which == SQLITE);
    for (int64_t fails = 1; refused; fails += stride) {
        lender from = { .fails = fails };
        char name[32];
        snprintf(name, sizeof name, "torn_%lld", (long long)fails);
        group_rows(at);
        incload_error *err = group_with(&from, place_url(which, 0), name);
        expect_group(at, name, err);
        incload_error_unref(err);
        refused = lender_refused(&from);
    }
    place_close(at);
}
END_TEST

/* ---- a change table ---- */

static incload_error *
capture_with(lender *from, const watched *w)
{
    incload_error *err = NULL;
    incload_context *context = lend_context(from);
    incload_database *source = incload_database_new_in(context, place_url(w->from.kind, 0), NULL, &err);
    incload_database *target = incload_database_new_in(context, place_url(w->to.kind, 1), NULL, &err);
    incload_capture *changes = incload_capture_new(source, w->table, target, w->table, "retries=0 lease=300ms", &err);

    incload_capture_run(changes, &err);
    incload_capture_unref(changes);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_context_unref(context);
    lender_check(from, "change table", err);
    return err;
}

static void
write_some(place at, const char *table, int64_t turn)
{
    long long id = 10 * (long long)turn;

    sql(at, "INSERT INTO %s (id, name, qty) VALUES (%lld, 'new', 1), (%lld, NULL, 2)", table, id, id + 1);
    sql(at, "UPDATE %s SET qty = qty + 1 WHERE id < 5", table);
    sql(at, "UPDATE %s SET id = %lld WHERE id = %lld", table, id + 2, id);
    sql(at, "DELETE FROM %s WHERE id < %lld AND id > 5", table, id);
}

static const struct {
    kind from, to;
} captures[] = { { SQLITE, SQLITE }, { POSTGRES, MARIADB }, { MARIADB, SQLITE } };

START_TEST(changes_that_were_caught_are_consumed_once_whichever_allocation_fails)
{
    int32_t route = (int32_t)captures[_i].from * KINDS + (int32_t)captures[_i].to;
    watched w = watch_rows("torn_capture", route, "lease=300ms", "(1, 'one', 1), (2, 'two', 2)");
    lender whole = { .fails = 0 };
    bool refused = true;

    write_some(w.from, w.table, 1);
    ck_assert_ptr_null(capture_with(&whole, &w));
    expect_mirrored(&w);
    int64_t stride = stride_of(&whole, false), turn = 1;
    for (int64_t fails = 1; refused; fails += stride) {
        lender from = { .fails = fails };
        write_some(w.from, w.table, ++turn);
        incload_error *err = capture_with(&from, &w);
        refused = lender_refused(&from);
        if (err != NULL)
            consume(&w);
        incload_error_unref(err);
        expect_mirrored(&w);
        ck_assert_int_eq(pending(&w), 0);
    }
    unwatch(&w);
}
END_TEST

/* ---- a stream ---- */

static const char stream_options[] = "tables=torn_stream lease=300ms retry_delay=20ms";

static incload_error *
stream_with(lender *from, const flow *f)
{
    incload_error *err = NULL;
    char options[300];
    incload_context *context = lend_context(from);
    incload_database *source = incload_database_new_in(context, place_url(POSTGRES, 0), NULL, &err);
    incload_database *target =
        incload_database_new_in(context, place_url(f->to.kind, f->to.kind == POSTGRES ? 1 : 0), NULL, &err);

    snprintf(options, sizeof options, "publication=%s slot=%s until=caught_up retries=200 %s", f->name, f->name,
             stream_options);
    incload_stream *stream = incload_stream_new(source, target, options, &err);
    incload_stream_run(stream, &err);
    incload_stream_unref(stream);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_context_unref(context);
    lender_check(from, "stream", err);
    return err;
}

START_TEST(a_stream_loses_nothing_whichever_allocation_fails)
{
    flow f = flow_open("torn", (kind)_i);
    lender whole = { .fails = 0 };
    bool refused = true;

    source_items(&f, "torn_stream");
    sql(f.from, "INSERT INTO torn_stream VALUES (1, 'one', 1), (2, 'two', 2)");
    follow(&f, stream_options);
    write_some(f.from, "torn_stream", 1);
    ck_assert_ptr_null(stream_with(&whole, &f));
    expect_same(&f, "torn_stream");
    int64_t stride = stride_of(&whole, false), turn = 1;
    for (int64_t fails = 1; refused; fails += stride) {
        lender from = { .fails = fails };
        write_some(f.from, "torn_stream", ++turn);
        incload_error *err = stream_with(&from, &f);
        refused = lender_refused(&from);
        if (err != NULL)
            follow(&f, stream_options);
        incload_error_unref(err);
        expect_same(&f, "torn_stream");
    }
    flow_close(&f);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_group_lands_whole_or_not_at_all_whichever_allocation_fails, 0, DATABASES);
    tcase_add_loop_test(tests, changes_that_were_caught_are_consumed_once_whichever_allocation_fails, 0,
                        (int)(sizeof captures / sizeof captures[0]));
    tcase_add_loop_test(tests, a_stream_loses_nothing_whichever_allocation_fails, 0, DATABASES);
}

int
main(void)
{
    return run_tests("changes_torture", 300, add_tests);
}
