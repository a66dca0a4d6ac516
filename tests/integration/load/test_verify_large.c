/* SPDX-License-Identifier: Apache-2.0 */
/* Verifications of many rows: all of ten thousand differences, bounded memory, ends on request; and what is refused. */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifying.h"

/* ---- ten thousand differences ---- */

/* From PostgreSQL, where they are made, into each kind; the last by digests of the servers. Rows, and about one
 * difference in `one_in`. */
static const struct {
    kind to;
    const char *always, *key, *columns;
    int32_t rows, one_in;
} ways[] = {
    { POSTGRES, "digest=client", "id", "id:i a:s b:i c:f d:t", 60000, 6 },
    { POSTGRES, "digest=database", "id", "id:i a:s b:i c:f d:t", 60000, 6 },
    { POSTGRES, "digest=client", "id", "id:s a:s b:i c:f d:t", 60000, 6 },
    { POSTGRES, "digest=database", "id", "id:s a:s b:i c:f d:t", 60000, 6 },
    { POSTGRES, "digest=client memory=1048576", "id", "id:s a:s b:i c:f d:t", 60000, 6 },
    { MARIADB, "", "id", "id:i a:s b:i c:f d:t", 60000, 6 },
    { SQLITE, "", "id", "id:i a:s b:i c:f d:t", 50000, 5 },
    { SQLITE, "memory=1048576", "id", "id:i a:s b:i c:f d:t", 50000, 5 },
};

START_TEST(ten_thousand_differences_are_found_and_no_other)
{
    place from = place_open(POSTGRES, 0), to = place_open(ways[_i].to, 1);
    load what = { .from = from, .to = to, .table = "many", .target = named("many_copy", _i), .options = "key=id",
                  .preset = "upsert" };
    const char *quote = strchr(ways[_i].columns, 's') == ways[_i].columns + 3 ? "''" : "";

    table_make(from, "many", ways[_i].columns, "id");
    table_drop(to, what.target);
    /* Numbers scattered over a range, negative ones too. */
    sql(from, "INSERT INTO many SELECT g * 3 - 100000, 'text ' || g, g %% 1000, g / 7.0, "
              "timestamp '2024-01-01' + g * interval '1 second' FROM generate_series(1, %d) AS g", (int)ways[_i].rows);
    load_counts(&what, ways[_i].rows, ways[_i].rows);
    verify_always = ways[_i].always;
    verify_equal(&what, NULL, ways[_i].rows);

    /* What is drawn for each row decides what happens to it, once and for all. */
    sql(from, "DROP TABLE IF EXISTS fate");
    sql(from, "CREATE TABLE fate AS SELECT id, n / %d %% 6 AS what FROM (SELECT id, "
              "('x' || substr(md5(id::text), 1, 7))::bit(28)::integer AS n FROM many) AS r WHERE n %% %d = 0",
        (int)ways[_i].one_in, (int)ways[_i].one_in);
    sql(from, "DELETE FROM many USING fate WHERE many.id = fate.id AND what = 0");
    sql(from, "UPDATE many SET a = a || ' ' FROM fate WHERE many.id = fate.id AND what = 1");
    sql(from, "UPDATE many SET b = NULL FROM fate WHERE many.id = fate.id AND what = 2");
    sql(from, "UPDATE many SET d = d + interval '1 microsecond' FROM fate WHERE many.id = fate.id AND what = 3");
    sql(from, "UPDATE many SET c = -c, a = NULL FROM fate WHERE many.id = fate.id AND what = 4");
    sql(from, "INSERT INTO many SELECT (many.id::bigint + 1), many.a, many.b, many.c, many.d FROM many JOIN fate ON "
              "many.id = fate.id AND what = 5");
    char *expected = ask(from,
                         "SELECT CASE what WHEN 0 THEN 'EXTRA id = %s' || id || '%s' "
                         "WHEN 5 THEN 'MISSING id = %s' || (id::bigint + 1) || '%s' "
                         "ELSE 'CHANGED id = %s' || id || '%s' || "
                         "CASE what WHEN 1 THEN ' (a)' WHEN 2 THEN ' (b)' WHEN 3 THEN ' (d)' ELSE ' (a, c)' END END "
                         "AS line FROM fate", quote, quote, quote, quote, quote, quote);
    size_t length = strlen(expected);
    ck_assert_uint_gt(length, 0);
    expected[length - 1] = '\0';
    ck_assert_int_gt(ask_number(from, "SELECT COUNT(*) AS c FROM fate"), 9000);
    verify_lists(&what, "list=20000", expected);
    free(expected);
    table_drop(to, what.target);
    route_close(from, to);
}
END_TEST

/* ---- memory ---- */

typedef struct ration {
    _Atomic int64_t now;
    _Atomic int64_t most;
    _Atomic int64_t left; /* allocations that succeed; -1: all do */
} ration;

static bool
granted(ration *all)
{
    int64_t left = atomic_load(&all->left);

    if (left > 0)
        atomic_fetch_sub(&all->left, 1);
    return left != 0;
}

static void
note(ration *all, int64_t change)
{
    int64_t now = atomic_fetch_add(&all->now, change) + change;

    if (now > atomic_load(&all->most))
        atomic_store(&all->most, now);
}

static void *
counted_allocate(size_t size, void *data)
{
    void *block = granted(data) ? malloc(size) : NULL;

    if (block != NULL)
        note(data, (int64_t)malloc_usable_size(block));
    return block;
}

static void *
counted_reallocate(void *block, size_t size, void *data)
{
    int64_t before = (int64_t)malloc_usable_size(block);
    void *moved = granted(data) ? realloc(block, size) : NULL;

    if (moved != NULL)
        note(data, (int64_t)malloc_usable_size(moved) - before);
    return moved;
}

static void
counted_release(void *block, void *data)
{
    note(data, -(int64_t)malloc_usable_size(block));
    free(block);
}

static incload_context *
counted(ration *all)
{
    incload_allocator allocator = { sizeof allocator, counted_allocate, counted_reallocate, counted_release, { NULL } };
    incload_context *context = incload_context_new(NULL, NULL);

    ck_assert_int_eq(incload_context_set_allocator(context, &allocator, all, NULL, NULL), INCLOAD_OK);
    return context;
}

/* Every row differs, of a million and of a third of that; by a number, which is found again by ranges, and by text,
 * where a round over everything finds as many as fit. */
static const struct {
    const char *type, *options;
    int32_t rows;
    int64_t limit;
    bool exact;
} crowds[] = {
    { "bigint", "memory=8388608", 1000000, 20 << 20, true },
    { "bigint", "memory=8388608 digest=database", 300000, 20 << 20, true },
    { "text", "memory=8388608", 300000, 20 << 20, true },
    { "text", "memory=8388608 digest=database", 300000, 20 << 20, true },
    { "text", "memory=1048576 list=0", 300000, 10 << 20, false },
};

START_TEST(memory_is_bounded_also_when_everything_differs)
{
    ration all = { 0, 0, -1 };
    incload_context *context = counted(&all);
    place from = place_open_with(context, POSTGRES, 0, NULL), to = place_open_with(context, POSTGRES, 1, NULL);
    load what = { .from = from, .to = to, .table = "crowd", .options = "key=id", .preset = "upsert" };
    const place both[] = { from, to };

    incload_context_unref(context);
    for (int32_t i = 0; i < 2; i++) {
        table_drop(both[i], "crowd");
        sql(both[i], "CREATE UNLOGGED TABLE crowd (id %s PRIMARY KEY, a text, b bigint, c text)", crowds[_i].type);
        sql(both[i], "INSERT INTO crowd SELECT g, 'side %d', g, 'x' FROM generate_series(1, %d) AS g", (int)i,
            (int)crowds[_i].rows);
    }
    incload_verification *found = verify_ok(&what, crowds[_i].options);
    ck_assert_int_eq(incload_verification_is_equal(found), 0);
    ck_assert_int_eq(incload_verification_is_exact(found), crowds[_i].exact);
    ck_assert_int_eq(incload_verification_source_rows(found), crowds[_i].rows);
    if (crowds[_i].exact)
        ck_assert_int_eq(incload_verification_changed(found), crowds[_i].rows);
    else
        ck_assert_int_gt(incload_verification_changed(found), crowds[_i].rows / 20);
    ck_assert_int_eq(incload_verification_missing(found) + incload_verification_extra(found)
                     + incload_verification_duplicated(found), 0);
    ck_assert_msg(atomic_load(&all.most) < crowds[_i].limit, "%lld bytes at most", (long long)atomic_load(&all.most));
    if (strstr(crowds[_i].options, "list=0") == NULL) {
        ck_assert_int_eq(incload_verification_difference_count(found), 100);
        ck_assert_str_eq(incload_verification_difference_columns(found, 99), "a");
    }
    incload_verification_unref(found);
    table_drop(from, "crowd");
    table_drop(to, "crowd");
    route_close(from, to);
    ck_assert_int_eq(atomic_load(&all.now), 0);
}
END_TEST

/* Each allocation in turn is the last that succeeds. */
START_TEST(a_lack_of_memory_is_told_and_nothing_is_lost)
{
    ration all = { 0, 0, -1 };
    incload_context *context = counted(&all);
    place from = place_open_with(context, (kind)_i, 0, NULL), to = place_open_with(context, POSTGRES, 1, NULL);
    load what = { .from = from, .to = to, .table = "lack", .options = "key=id cursor=at initial='2024-01-01'" };
    int32_t refused = 0;

    incload_context_unref(context);
    table_make(from, "lack", "id:i at:t a:s", "id");
    table_make(to, "lack", "id:i at:t a:s", "id");
    table_add(from, "lack", "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:01.000000', 'b')");
    table_add(to, "lack", "(1, '2024-03-01 10:00:01.000000', 'x'), (3, '2024-03-01 10:00:01.000000', 'b')");
    incload_step *step = load_step(&what, NULL);
    for (int64_t count = 0;; count++) {
        incload_error *err = NULL;
        atomic_store(&all.left, count);
        incload_verification *found = incload_verify(step, NULL, &err);
        atomic_store(&all.left, -1);
        if (found != NULL) {
            ck_assert_ptr_null(err);
            ck_assert_int_eq(incload_verification_difference_count(found), 3);
            incload_verification_unref(found);
            break;
        }
        ck_assert_msg(incload_error_code(err) == INCLOAD_E_NO_MEMORY, "allocation %lld: %s: %s", (long long)count,
                      incload_error_name(err), incload_error_message(err));
        incload_error_unref(err);
        refused++;
    }
    ck_assert_int_gt(refused, 100);
    incload_step_unref(step);
    table_drop(from, "lack");
    table_drop(to, "lack");
    route_close(from, to);
    ck_assert_int_eq(atomic_load(&all.now), 0);
}
END_TEST

/* ---- few rows in a wide range ---- */

START_TEST(keys_at_the_ends_of_their_type_are_found)
{
    static const char *const digests[] = { "digest=client", "digest=database" };
    place from = place_open(POSTGRES, 0), to = place_open(POSTGRES, 1);
    load what = { .from = from, .to = to, .table = "ends", .options = "key=id", .preset = "upsert" };
    const place both[] = { from, to };

    verify_always = digests[_i];
    for (int32_t i = 0; i < 2; i++) {
        table_drop(both[i], "ends");
        sql(both[i], "CREATE TABLE ends (id bigint PRIMARY KEY, a integer)");
        sql(both[i], "INSERT INTO ends VALUES (-9223372036854775808, 1), (-1, 1), (0, 1), (9223372036854775807, 1)");
    }
    verify_equal(&what, NULL, 4);
    sql(to, "UPDATE ends SET a = 2 WHERE id NOT IN (-1, 0)");
    verify_lists(&what, NULL, "CHANGED id = -9223372036854775808 (a)\nCHANGED id = 9223372036854775807 (a)");
    /* A span that a bigint still holds, with crowds at both ends. */
    for (int32_t i = 0; i < 2; i++) {
        sql(both[i], "DELETE FROM ends");
        sql(both[i], "INSERT INTO ends SELECT CASE WHEN g < 30000 THEN g ELSE 9223372036854775806 - g END, 1 "
                     "FROM generate_series(0, 60000) AS g");
    }
    verify_equal(&what, NULL, 60001);
    sql(to, "UPDATE ends SET a = NULL WHERE id IN (0, 777, 9223372036854745806)");
    verify_lists(&what, "memory=1048576", "CHANGED id = 0 (a)\nCHANGED id = 777 (a)\n"
                                          "CHANGED id = 9223372036854745806 (a)");
    route_close(from, to);
}
END_TEST

START_TEST(many_rows_behind_one_first_column_are_split_by_their_digest)
{
    place from = place_open(POSTGRES, 0), to = place_open(POSTGRES, 1);
    load what = { .from = from, .to = to, .table = "composite", .options = "key=tenant,name", .preset = "upsert" };
    const place both[] = { from, to };

    verify_always = _i == 0 ? "digest=client memory=1048576" : "digest=database memory=1048576";
    for (int32_t i = 0; i < 2; i++) {
        table_drop(both[i], "composite");
        sql(both[i], "CREATE TABLE composite (tenant integer, name text, a integer, PRIMARY KEY (tenant, name))");
        sql(both[i], "INSERT INTO composite SELECT 7, g::text, 1 FROM generate_series(1, 40000) AS g");
        sql(both[i], "INSERT INTO composite VALUES (1, 'x', 1), (9, 'y', 1)");
    }
    verify_equal(&what, NULL, 40002);
    sql(to, "UPDATE composite SET a = 2 WHERE name IN ('77', '39999', 'y')");
    verify_lists(&what, NULL, "CHANGED tenant = 7, name = '39999' (a)\nCHANGED tenant = 7, name = '77' (a)\n"
                              "CHANGED tenant = 9, name = 'y' (a)");
    route_close(from, to);
}
END_TEST

/* ---- ends on request ---- */

static void *
cancel_when_it_reads(void *data)
{
    incload_verification *running = data;

    AWAIT(incload_verification_rows_read(running) > 0);
    incload_verification_cancel(running);
    return NULL;
}

static incload_step *
endless(place from, place to)
{
    load what = { .from = from, .to = to, .target = "endless", .preset = "upsert",
                  .query = "SELECT generate_series(1, 2000000000::bigint) AS id, repeat('x', 50) AS a",
                  .options = "key=id" };

    table_drop(to, "endless");
    table_make(to, "endless", "id:i a:s", "id");
    return load_step(&what, NULL);
}

START_TEST(another_thread_cancels_it)
{
    place from = place_open(POSTGRES, 0), to = place_open((kind)_i, 1);
    incload_step *step = endless(from, to);
    incload_verification *running = incload_verification_new(step, NULL, NULL);
    incload_error *err = NULL;
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_when_it_reads, running), 0);
    ck_assert_int_eq(incload_verification_run(running, &err), INCLOAD_E_CANCELLED);
    pthread_join(thread, NULL);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_CANCELLED);
    ck_assert_int_eq(incload_verification_is_equal(running), 0);
    incload_error_unref(err);
    incload_verification_unref(running);
    incload_step_unref(step);
    route_close(from, to);
}
END_TEST

START_TEST(a_timeout_ends_it)
{
    place from = place_open(POSTGRES, 0), to = place_open((kind)_i, 1);
    incload_step *step = endless(from, to);
    incload_error *err = NULL;
    int64_t started = now_ms();

    ck_assert_ptr_null(incload_verify(step, "timeout=500ms", &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_TIMEOUT);
    ck_assert_int_lt(now_ms() - started, 5000);
    incload_error_unref(err);
    incload_step_unref(step);
    route_close(from, to);
}
END_TEST

START_TEST(a_verification_runs_once_and_not_after_a_cancel)
{
    place from = place_open(SQLITE, 0), to = place_open(SQLITE, 1);
    load what = { .from = from, .to = to, .table = "once", .options = "key=id", .preset = "upsert" };
    incload_error *err = NULL;

    table_make(from, "once", "id:i", "id");
    table_make(to, "once", "id:i", "id");
    incload_step *step = load_step(&what, NULL);
    incload_verification *found = incload_verify(step, NULL, NULL);
    ck_assert_int_eq(incload_verification_is_equal(found), 1);
    ck_assert_int_eq(incload_verification_run(found, &err), INCLOAD_E_STATE);
    ck_assert_int_eq(incload_verification_is_equal(found), 1);
    incload_verification_cancel(found);
    incload_verification_unref(incload_verification_ref(found));
    incload_verification_unref(found);
    incload_error_unref(err);
    err = NULL;

    found = incload_verification_new(step, NULL, NULL);
    ck_assert_int_eq(incload_verification_is_equal(found), 0);
    ck_assert_str_eq(incload_verification_source_digest(found), "");
    ck_assert_str_eq(incload_verification_digest_reason(found), "");
    incload_verification_cancel(found);
    ck_assert_int_eq(incload_verification_run(found, &err), INCLOAD_E_CANCELLED);
    ck_assert_int_eq(incload_step_set(step, "name", "x", NULL), INCLOAD_E_STATE);
    incload_error_unref(err);
    incload_verification_unref(found);
    incload_step_unref(step);
    route_close(from, to);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(a_missing_target_is_an_error_and_is_not_made)
{
    scene s = scene_begin("refused", _i, "id:i at:t a:s", "id", "cursor=at key=id");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a')");
    verify_fails(&s.what, NULL, INCLOAD_E_NOT_FOUND, "target table|there is no table");
    verify_fails(&s.what, NULL, INCLOAD_E_NOT_FOUND, "target table|there is no table");
    table_make(s.to, s.target, "id:i at:t", "id");
    verify_fails(&s.what, NULL, INCLOAD_E_NOT_FOUND, "no column 'a'");
    table_drop(s.to, s.target);
    table_make(s.to, s.target, "id:i at:t a:s", "id");
    verify_fails(&s.what, "window=loaded", INCLOAD_E_STATE_MISSING, "no watermark yet|window=all");
    s.what.options = "key=id";
    s.what.preset = "upsert";
    verify_fails(&s.what, "window=loaded", INCLOAD_E_INVALID, "window=since");
    s.what.table = "nowhere";
    verify_fails(&s.what, NULL, INCLOAD_E_NOT_FOUND, "source table|nowhere");
    scene_end(&s);
}
END_TEST

static int32_t
pass(incload_unit *unit, incload_batch *batch, void *user_data)
{
    (void)unit;
    (void)batch;
    (void)user_data;
    return INCLOAD_DONE;
}

START_TEST(options_and_steps_that_make_no_sense_are_refused)
{
    place from = place_open(SQLITE, 0), to = place_open(SQLITE, 1);
    load what = { .from = from, .to = to, .table = "sense", .options = "key=id", .preset = "upsert" };

    table_make(from, "sense", "id:i", "id");
    table_make(to, "sense", "id:i", "id");
    verify_fails(&what, "list=-1", INCLOAD_E_INVALID, "list");
    verify_fails(&what, "memory=1", INCLOAD_E_INVALID, "memory");
    verify_fails(&what, "lists=1", INCLOAD_E_UNKNOWN_OPTION, "list");
    verify_fails(&what, "window=some", INCLOAD_E_INVALID, "window");
    verify_fails(&what, "digest=database", INCLOAD_E_UNSUPPORTED, "two PostgreSQL servers");
    what.function = pass;
    verify_fails(&what, NULL, INCLOAD_E_UNSUPPORTED, "process function");
    what.function = NULL;
    what.to = from;
    verify_fails(&what, NULL, INCLOAD_E_INVALID, "same table");
    route_close(from, to);
}
END_TEST

START_TEST(without_the_right_to_read_there_is_an_error)
{
    place from = place_open(POSTGRES, 0), to = place_open(POSTGRES, 1);
    const char *with_password = getenv("INCLOAD_TEST_POSTGRES_PASSWORD_URL"), *name = place_url(POSTGRES, 1);
    load what = { .from = from, .to = to, .table = "forbidden", .target = "public.forbidden", .options = "key=id",
                  .preset = "upsert" };
    char url[512];

    ck_assert_ptr_nonnull(with_password);
    const char *path = strrchr(with_password, '/');
    name = strstr(name, "@/") + 2;
    snprintf(url, sizeof url, "%.*s/%.*s", (int)(path - with_password), with_password, (int)strcspn(name, "?"), name);
    table_make(from, "forbidden", "id:i", "id");
    sql(to, "DROP TABLE IF EXISTS public.forbidden");
    sql(to, "CREATE TABLE public.forbidden (id bigint PRIMARY KEY)");
    what.to = (place){ POSTGRES, incload_database_new(url, NULL, NULL) };
    verify_fails(&what, NULL, INCLOAD_E_PERMISSION, "target|permission denied");
    place_close(what.to);
    route_close(from, to);
}
END_TEST

START_TEST(no_message_shows_what_is_in_a_row)
{
    place from = place_open(SQLITE, 0), to = place_open(POSTGRES, 1);
    load what = { .from = from, .to = to, .table = "secret", .options = "key=id", .preset = "upsert" };
    incload_error *err = NULL;

    table_make(from, "secret", "id:i a:t", "id");
    table_make(to, "secret", "id:i a:t", "id");
    sql(from, "INSERT INTO secret VALUES (1, 'hunter2')");
    incload_step *step = load_step(&what, NULL);
    ck_assert_ptr_null(incload_verify(step, NULL, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_DATA);
    expect_words(incload_error_message(err), "source|a");
    ck_assert_ptr_null(strstr(incload_error_message(err), "hunter2"));
    incload_error_unref(err);
    incload_step_unref(step);
    route_close(from, to);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, ten_thousand_differences_are_found_and_no_other, 0, sizeof ways / sizeof ways[0]);
    tcase_add_loop_test(tests, memory_is_bounded_also_when_everything_differs, 0, sizeof crowds / sizeof crowds[0]);
    tcase_add_loop_test(tests, a_lack_of_memory_is_told_and_nothing_is_lost, 0, DATABASES);
    tcase_add_loop_test(tests, keys_at_the_ends_of_their_type_are_found, 0, 2);
    tcase_add_loop_test(tests, many_rows_behind_one_first_column_are_split_by_their_digest, 0, 2);
    tcase_add_loop_test(tests, another_thread_cancels_it, 0, DATABASES);
    tcase_add_loop_test(tests, a_timeout_ends_it, 0, DATABASES);
    tcase_add_test(tests, a_verification_runs_once_and_not_after_a_cancel);
    tcase_add_loop_test(tests, a_missing_target_is_an_error_and_is_not_made, 0, ROUTES);
    tcase_add_test(tests, options_and_steps_that_make_no_sense_are_refused);
    tcase_add_test(tests, without_the_right_to_read_there_is_an_error);
    tcase_add_test(tests, no_message_shows_what_is_in_a_row);
}

int
main(void)
{
    return run_tests("verify_large", 200, add_tests);
}
