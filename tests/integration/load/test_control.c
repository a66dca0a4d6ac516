/* SPDX-License-Identifier: Apache-2.0 */
/* What a host holds in its hands while a load runs: cancel, timeout, events, its own allocator. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";

/* ---- cancel and timeout ---- */

enum { SOON_MS = 500 };

/* A source that would take minutes: the server sleeps, or counts. */
static const char *const slow_queries[KINDS] = {
    "SELECT id, at, name FROM %s, (SELECT pg_sleep(60)) AS pause",
    "SELECT id, at, name FROM %s WHERE SLEEP(60) = 0",
    ("SELECT id, at, name FROM %s WHERE (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
     " WHERE i < 10000000000) SELECT COUNT(*) FROM n) > 0"),
    "SELECT id, at, name FROM %s, (SELECT pg_sleep(60)) AS pause",
};

/* How many of them are at it; NULL: nobody tells. */
static const char *const slow_at_work[KINDS] = {
    [POSTGRES] = "SELECT COUNT(*) AS c FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                 " AND datname = current_database()",
    [MARIADB] = "SELECT COUNT(*) AS c FROM information_schema.processlist WHERE state = 'User sleep'"
                " AND db = DATABASE()",
    [PG_ODBC] = "SELECT COUNT(*) AS c FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                " AND datname = current_database()",
};

/* Slow where the source is read, whichever kind it is; the target is another database. */
static scene
begin_slow(const char *name, int32_t number, char **query)
{
    scene s = { .from = place_open((kind)(number % KINDS), 0), .to = place_open((kind)(number / KINDS), 1) };

    ck_assert_int_gt(asprintf(&s.source, "%s_%d", name, (int)number), 0);
    ck_assert_int_gt(asprintf(&s.target, "%s_copy_%d", name, (int)number), 0);
    table_make(s.from, s.source, columns, "id");
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a')");
    table_make(s.to, s.target, columns, "id");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    ck_assert_int_gt(asprintf(query, slow_queries[s.from.kind], s.source), 0);
#pragma GCC diagnostic pop
    s.what = (load){ .from = s.from, .to = s.to, .query = *query, .target = s.target, .options = "cursor=at key=id" };
    return s;
}

static void
await_slow(const scene *s)
{
    /* Come back too early from SQLite, the test would only prove less. */
    if (slow_at_work[s->from.kind] == NULL)
        pause_ms(300);
    else
        AWAIT(ask_number(s->from, "%s", slow_at_work[s->from.kind]) > 0);
}

static void
expect_nothing_landed(const scene *s)
{
    incload_error *err = NULL;
    incload_watermark *mark = incload_watermark_open(s->to.db, s->target, &err);

    ck_assert_int_eq(ask_number(s->to, "SELECT COUNT(*) AS c FROM %s", s->target), 0);
    ck_assert_int_eq(incload_watermark_version(mark), 0);
    incload_watermark_unref(mark);
    ck_assert_int_eq(staging_tables(s->to), 0);
}

START_TEST(a_running_load_is_cancelled_from_another_thread)
{
    char *query = NULL;
    scene s = begin_slow("cancelled", _i, &query);
    incload_error *err = NULL;
    incload_step *step = load_step(&s.what, &err);
    incload_run *run = incload_step_start(step, NULL, &err);

    ck_assert_int_eq(incload_run_wait(run, 700, &err), INCLOAD_E_TIMEOUT);
    ck_assert_ptr_null(err);
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_RUNNING);
    int64_t asked = now_ms();
    ck_assert_int_eq(incload_run_cancel(run), INCLOAD_OK);
    ck_assert_msg(now_ms() - asked < SOON_MS, "cancel blocked for %d ms", (int)(now_ms() - asked));
    int32_t status = incload_run_wait(run, 10000, &err);
    ck_assert_msg(status == INCLOAD_E_CANCELLED, "%s: %s", incload_error_name(err), incload_error_message(err));
    ck_assert_msg(now_ms() - asked < SOON_MS, "it took %d ms", (int)(now_ms() - asked));
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_FAILED);
    incload_error_unref(err);
    incload_run_unref(run);
    incload_step_unref(step);
    expect_nothing_landed(&s);
    free(query);
    scene_end(&s);
}
END_TEST

START_TEST(a_load_ends_when_its_time_is_over)
{
    char *query = NULL;
    scene s = begin_slow("late", _i, &query);
    incload_error *err = NULL;

    s.what.run = "timeout=700ms";
    int64_t started = now_ms();
    incload_run *run = load_run(&s.what, &err);
    int64_t took = now_ms() - started;
    ck_assert_msg(incload_error_code(err) == INCLOAD_E_TIMEOUT, "%s: %s", incload_error_name(err),
                  incload_error_message(err));
    ck_assert_msg(took >= 600 && took < 700 + SOON_MS, "it took %d ms", (int)took);
    incload_error_unref(err);
    incload_run_unref(run);
    expect_nothing_landed(&s);
    free(query);
    scene_end(&s);
}
END_TEST

static int32_t
wait_for_cancel(incload_unit *unit, incload_batch *batch, void *user_data)
{
    (void)batch;
    atomic_store((atomic_int *)user_data, 1);
    for (int32_t i = 0; i < 1000 && !incload_unit_is_cancelled(unit); i++)
        pause_ms(5);
    return INCLOAD_DONE;
}

START_TEST(a_process_function_can_see_that_its_run_is_cancelled)
{
    atomic_int called = 0;
    scene s = scene_begin("told", _i, columns, "id", "cursor=at key=id");
    incload_error *err = NULL;

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a')");
    table_make(s.to, s.target, columns, "id");
    s.what.function = wait_for_cancel;
    s.what.user_data = &called;
    incload_step *step = load_step(&s.what, &err);
    incload_run *run = incload_step_start(step, NULL, &err);
    AWAIT(atomic_load(&called) != 0);
    int64_t asked = now_ms();
    incload_run_cancel(run);
    ck_assert_int_eq(incload_run_wait(run, 10000, &err), INCLOAD_E_CANCELLED);
    ck_assert_int_lt(now_ms() - asked, SOON_MS);
    incload_error_unref(err);
    incload_run_unref(run);
    incload_step_unref(step);
    expect_nothing_landed(&s);
    scene_end(&s);
}
END_TEST

START_TEST(a_run_that_nobody_holds_any_more_stops_and_lands_nothing)
{
    char *query = NULL;
    scene s = begin_slow("dropped", _i, &query);
    incload_error *err = NULL;
    incload_step *step = load_step(&s.what, &err);
    incload_run *run = incload_step_start(step, NULL, &err);

    ck_assert_msg(run != NULL, "%s", incload_error_message(err));
    incload_step_unref(step);
    await_slow(&s);
    int64_t asked = now_ms();
    incload_run_unref(run);
    ck_assert_int_lt(now_ms() - asked, SOON_MS);
    pause_ms(SOON_MS);
    expect_nothing_landed(&s);
    free(query);
    scene_end(&s);
}
END_TEST

/* ---- events ---- */

static bool
is_readable(int32_t fd)
{
    struct pollfd one = { .fd = fd, .events = POLLIN };

    return poll(&one, 1, 0) == 1 && (one.revents & POLLIN) != 0;
}

/* RUN_STARTED, UNIT_STARTED, any PROGRESS, UNIT_FINISHED, RUN_FINISHED. */
static void
expect_events(incload_context *context, const char *run_id, int32_t status)
{
    static const int32_t order[] = { INCLOAD_EVENT_RUN_STARTED, INCLOAD_EVENT_UNIT_STARTED, INCLOAD_EVENT_UNIT_FINISHED,
                                     INCLOAD_EVENT_RUN_FINISHED };
    int32_t fd = incload_context_event_fd(context, NULL);
    int64_t before = 0;

    for (int32_t next = 0; next < 4;) {
        ck_assert(is_readable(fd));
        incload_event *event = incload_context_next_event(context, 0, NULL);
        ck_assert_ptr_nonnull(event);
        ck_assert_str_eq(incload_event_run_id(event), run_id);
        ck_assert_int_ge(incload_event_time_us(event), before);
        before = incload_event_time_us(event);
        if (incload_event_kind(event) == INCLOAD_EVENT_PROGRESS) {
            ck_assert_int_eq(next, 2);
        } else {
            ck_assert_int_eq(incload_event_kind(event), order[next]);
            ck_assert_int_eq(incload_event_status(event), next < 2 ? 0 : status);
            next++;
        }
        incload_event_unref(event);
    }
    ck_assert(!is_readable(fd));
    ck_assert_ptr_null(incload_context_next_event(context, 0, NULL));
}

START_TEST(events_come_in_order_and_the_descriptor_tells_of_them)
{
    incload_error *err = NULL;
    incload_context *context = incload_context_new(NULL, &err);
    scene s = scene_begin("events", _i, columns, "id", "cursor=at key=id");
    place to = place_open_with(context, s.to.kind, _i >= PAIRS || s.from.kind != s.to.kind ? 0 : 1, NULL);
    int32_t fd = incload_context_event_fd(context, &err);

    ck_assert_int_ge(fd, 0);
    ck_assert(!is_readable(fd));
    s.what.to = to;
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a')");
    incload_run *run = load_ok(&s.what);
    expect_events(context, incload_run_id(run), INCLOAD_STATUS_SUCCESS);
    incload_run_unref(run);

    sql(s.from, "UPDATE %s SET at = NULL", s.source);
    run = load_run(&s.what, &err);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_NULL_CURSOR);
    expect_events(context, incload_run_id(run), INCLOAD_STATUS_FAILED);
    incload_error_unref(err);
    incload_run_unref(run);
    place_close(to);
    scene_end(&s);
    incload_context_unref(context);
}
END_TEST

/* ---- memory ---- */

typedef struct counts {
    atomic_long blocks, calls;
    atomic_int destroyed;
} counts;

static void *
count_allocate(size_t size, void *user_data)
{
    counts *c = user_data;

    atomic_fetch_add(&c->blocks, 1);
    atomic_fetch_add(&c->calls, 1);
    return malloc(size);
}

static void *
count_reallocate(void *block, size_t size, void *user_data)
{
    counts *c = user_data;

    atomic_fetch_add(&c->calls, 1);
    if (block == NULL)
        atomic_fetch_add(&c->blocks, 1);
    return realloc(block, size);
}

static void
count_release(void *block, void *user_data)
{
    atomic_fetch_sub(&((counts *)user_data)->blocks, 1);
    free(block);
}

static void
count_destroyed(void *user_data)
{
    atomic_fetch_add(&((counts *)user_data)->destroyed, 1);
}

static void
load_twice(incload_context *context, const scene *s)
{
    place from = place_open_with(context, s->from.kind, 0, NULL);
    place to = place_open_with(context, s->to.kind, s->to.kind == s->from.kind ? 1 : 0, NULL);
    incload_error *err = NULL;
    incload_strategy *how = incload_strategy_new_in(context, "timestamp", "cursor=at key=id", &err);
    incload_step *step = incload_step_new_load(from.db, s->source, to.db, s->target, how, &err);

    for (int32_t i = 0; i < 2; i++) {
        incload_run *run = incload_step_run(step, NULL, &err);
        ck_assert_msg(err == NULL, "%s", incload_error_message(err));
        ck_assert_int_eq(incload_run_rows_written(run), i == 0 ? 2 : 0);
        incload_run_unref(run);
    }
    incload_watermark *mark = incload_watermark_open(to.db, s->target, &err);
    ck_assert_int_eq(incload_watermark_history_count(mark, &err), 2);
    incload_watermark_unref(mark);
    expect_equal(from, to, s->source, s->target, columns);
    incload_step_unref(step);
    incload_strategy_unref(how);
    place_close(from);
    place_close(to);
}

START_TEST(a_hosts_allocator_gets_everything_back)
{
    counts c = { 0 };
    incload_allocator allocator = { .struct_size = sizeof allocator, .allocate = count_allocate,
                                    .reallocate = count_reallocate, .release = count_release };
    incload_error *err = NULL;
    incload_context *context = incload_context_new(NULL, &err);
    scene s = scene_begin("counted", _i, columns, "id", "cursor=at key=id");

    ck_assert_int_eq(incload_context_set_allocator(context, &allocator, &c, count_destroyed, &err), INCLOAD_OK);
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:02.000000', NULL)");
    load_twice(context, &s);
    incload_context_unref(context);
    ck_assert_int_gt(atomic_load(&c.calls), 100);
    ck_assert_int_eq(atomic_load(&c.blocks), 0);
    ck_assert_int_eq(atomic_load(&c.destroyed), 1);
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_running_load_is_cancelled_from_another_thread, 0, KINDS *DATABASES);
    tcase_add_loop_test(tests, a_load_ends_when_its_time_is_over, 0, KINDS *DATABASES);
    tcase_add_loop_test(tests, a_process_function_can_see_that_its_run_is_cancelled, 0, ROUTES);
    tcase_add_loop_test(tests, a_run_that_nobody_holds_any_more_stops_and_lands_nothing, 0, KINDS);
    tcase_add_loop_test(tests, events_come_in_order_and_the_descriptor_tells_of_them, 0, ROUTES);
    tcase_add_loop_test(tests, a_hosts_allocator_gets_everything_back, 0, PAIRS);
}

int
main(void)
{
    return run_tests("control", 60, add_tests);
}
