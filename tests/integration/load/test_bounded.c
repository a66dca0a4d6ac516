/* SPDX-License-Identifier: Apache-2.0 */
/* Runs between servers that are stopped by SIGSTOP in the middle: each ends by its time + 250 ms, or within 500 ms of a
 * cancel, and the next one, when the servers go on, makes the target equal to the source. The servers are private to
 * this program. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../driver/frozen.h"
#include "support.h"

enum { TIME_MS = 900, LATE_MS = 250, CANCEL_MS = 500, FREEZE_AFTER_MS = 250 };

static const char columns[] = "id:i at:t name:s";

/* Each road, and each driver at either end. */
static const struct {
    kind from, to;
    int32_t to_number; /* 0: the source's own database */
} routes[] = {
    { POSTGRES, POSTGRES, 1 }, /* relayed */
    { POSTGRES, POSTGRES, 0 }, /* inside */
    { MARIADB, MARIADB, 0 },   /* inside, over ODBC */
    { PG_ODBC, MARIADB, 1 },
    { MARIADB, PG_ODBC, 1 },
    { SQLITE, MARIADB, 1 },
    { MARIADB, SQLITE, 1 },
    { PG_ODBC, SQLITE, 1 },
};

enum { COUNT = sizeof routes / sizeof routes[0] };

static const char *const servers[] = { "INCLOAD_TEST_POSTGRES_PID", "INCLOAD_TEST_MARIADB_PID" };

static void
thaw_all(void)
{
    for (size_t i = 0; i < 2; i++)
        thaw_server(servers[i]);
}

static void
freeze_all(void)
{
    for (size_t i = 0; i < 2; i++)
        freeze_server(servers[i]);
}

/* As long as a query sleeps nothing is finished before the servers stop: on the first statement in SQLite's case too,
 * whose rows then go into a target that does not answer. */
static const char *const sources[KINDS] = {
    "SELECT id, at, name FROM %s, (SELECT pg_sleep(%s)) AS pause",
    "SELECT id, at, name FROM %s WHERE SLEEP(%s / 1000) = 0",
    "SELECT a.id * 1000 + b.id AS id, a.at AS at, a.name AS name FROM %1$s AS a, %1$s AS b WHERE %2$s >= 0",
    "SELECT id, at, name FROM %s, (SELECT pg_sleep(%s)) AS pause",
};

typedef struct setting {
    incload_context *context;
    scene s;
    char *query;
} setting;

static void
fill(place at, const char *table)
{
    char values[64000];
    size_t length = 0;

    for (int32_t i = 1; i <= 999; i++)
        length += (size_t)snprintf(values + length, sizeof values - length,
                                   "%s(%d, '2024-03-01 10:00:01.000000', 'name %d')", i > 1 ? ", " : "", i, i);
    table_add(at, table, values);
}

static setting
setting_begin(const char *name, int32_t number)
{
    setting t = { .context = incload_context_new(NULL, NULL) };
    scene *s = &t.s;

    s->from = place_open_with(t.context, routes[number].from, 0, NULL);
    s->to = place_open_with(t.context, routes[number].to, routes[number].to_number, NULL);
    ck_assert_int_gt(asprintf(&s->source, "%s_%d", name, (int)number), 0);
    ck_assert_int_gt(asprintf(&s->target, "%s_copy_%d", name, (int)number), 0);
    table_make(s->from, s->source, columns, "id");
    fill(s->from, s->source);
    table_drop(s->to, s->target);
    table_make(s->to, s->target, columns, "id");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    ck_assert_int_gt(asprintf(&t.query, sources[s->from.kind], s->source, "20"), 0);
#pragma GCC diagnostic pop
    s->what = (load){ .from = s->from, .to = s->to, .query = t.query, .target = s->target, .preset = "upsert",
                      .options = "key=id", .name = s->target };
    return t;
}

/* Its lease cannot be given up while the server is stopped, and is not to be waited for long. */
static incload_step *
short_lease(const load *what, incload_error **err)
{
    incload_step *step = load_step(what, err);

    ck_assert_msg(incload_step_set(step, "lease", "2s", err) == INCLOAD_OK, "%s", incload_error_message(*err));
    return step;
}

/* What was left behind comes back, and a load that does not sleep makes the two equal. */
static void
expect_recovery(setting *t)
{
    thaw_all();
    while (incload_context_abandoned_calls(t->context) > 0) {
        incload_event *event = incload_context_next_event(t->context, 20000, NULL);
        ck_assert_ptr_nonnull(event);
        incload_event_unref(event);
    }
    t->s.what.query = NULL;
    t->s.what.table = t->s.source;
    t->s.what.run = "wait=40s";
    incload_run_unref(load_ok(&t->s.what));
    expect_equal(t->s.from, t->s.to, t->s.source, t->s.target, columns);
}

static void
setting_end(setting *t)
{
    scene *s = &t->s;

    table_drop(s->from, s->source);
    table_drop(s->to, s->target);
    place_close(s->from);
    place_close(s->to);
    free(s->source);
    free(s->target);
    free(t->query);
    incload_context_unref(t->context);
}

/* So late, and with that word; gives all three back. */
static void
expect_end(incload_run *run, incload_step *step, incload_error *err, int32_t code, int64_t took_ms, int64_t most_ms)
{
    thaw_all();
    ck_assert_msg(incload_error_code(err) == code, "%s: %s", incload_error_name(err), incload_error_message(err));
    ck_assert_msg(took_ms <= most_ms, "it took %d ms", (int)took_ms);
    incload_error_unref(err);
    incload_run_unref(run);
    incload_step_unref(step);
}

START_TEST(a_run_ends_by_its_time_while_the_servers_are_stopped)
{
    setting t = setting_begin("stopped", _i);
    incload_error *err = NULL;
    incload_step *step = short_lease(&t.s.what, &err);
    incload_run *run = incload_step_start(step, "timeout=900ms", &err);
    int64_t began = clock_ms();

    ck_assert_msg(run != NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_run_wait(run, FREEZE_AFTER_MS, &err), INCLOAD_E_TIMEOUT);
    freeze_all();
    incload_run_wait(run, 20000, &err);
    int64_t took = clock_ms() - began;
    expect_end(run, step, err, INCLOAD_E_TIMEOUT, took, TIME_MS + LATE_MS);
    expect_recovery(&t);
    setting_end(&t);
}
END_TEST

START_TEST(a_cancelled_run_ends_soon_while_the_servers_are_stopped)
{
    setting t = setting_begin("unwanted", _i);
    incload_error *err = NULL;
    incload_step *step = short_lease(&t.s.what, &err);
    incload_run *run = incload_step_start(step, NULL, &err);

    ck_assert_msg(run != NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_run_wait(run, FREEZE_AFTER_MS, &err), INCLOAD_E_TIMEOUT);
    freeze_all();
    incload_run_wait(run, 200, NULL); /* it goes on until it meets the server that is stopped */
    int64_t asked = clock_ms();
    incload_run_cancel(run);
    ck_assert_int_le(clock_ms() - asked, 50);
    incload_run_wait(run, 20000, &err);
    int64_t took = clock_ms() - asked;
    expect_end(run, step, err, INCLOAD_E_CANCELLED, took, CANCEL_MS);
    expect_recovery(&t);
    setting_end(&t);
}
END_TEST

/* A COMMIT on PostgreSQL that sleeps, by either driver, in another database than the source's. */
static const int32_t committing[] = { 0, 4 };

static void
make_commit_slow(const setting *t)
{
    sql(t->s.to, "CREATE OR REPLACE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS "
                 "'BEGIN PERFORM pg_sleep(20); RETURN NULL; END'");
    sql(t->s.to,
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON %s DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION slow_commit()",
        t->s.target);
}

static const char in_commit[] = "SELECT COUNT(*) AS c FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND "
                                "query ILIKE 'COMMIT%%' AND datname = current_database()";

static incload_run *
start_until_commit(setting *t, incload_step **step, const char *options)
{
    incload_error *err = NULL;

    t->s.what.query = NULL;
    t->s.what.table = t->s.source;
    *step = short_lease(&t->s.what, &err);
    incload_run *run = incload_step_start(*step, options, &err);
    ck_assert_msg(run != NULL, "%s", incload_error_message(err));
    while (ask_number(t->s.to, in_commit) == 0)
        ck_assert_msg(incload_run_wait(run, 5, NULL) == INCLOAD_E_TIMEOUT, "it ended before its COMMIT slept");
    return run;
}

static void
expect_recovery_after_commit(setting *t)
{
    ask_number(t->s.to,
               "SELECT COUNT(pg_terminate_backend(pid)) AS c FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND "
               "datname = current_database()");
    sql(t->s.to, "DROP FUNCTION slow_commit() CASCADE");
    expect_recovery(t);
}

START_TEST(a_commit_that_the_server_keeps_ends_with_the_run_s_time)
{
    setting t = setting_begin("kept", committing[_i]);
    incload_error *err = NULL;
    incload_step *step;

    make_commit_slow(&t);
    int64_t began = clock_ms();
    incload_run *run = start_until_commit(&t, &step, "timeout=3s");
    freeze_all();
    incload_run_wait(run, 20000, &err);
    int64_t took = clock_ms() - began;
    expect_end(run, step, err, INCLOAD_E_COMMIT_UNKNOWN, took, 3000 + LATE_MS);
    expect_recovery_after_commit(&t);
    setting_end(&t);
}
END_TEST

START_TEST(a_commit_that_the_server_keeps_ends_soon_after_a_cancel)
{
    setting t = setting_begin("left", committing[_i]);
    incload_error *err = NULL;
    incload_step *step;

    make_commit_slow(&t);
    incload_run *run = start_until_commit(&t, &step, NULL);
    freeze_all();
    int64_t asked = clock_ms();
    incload_run_cancel(run);
    incload_run_wait(run, 20000, &err);
    int64_t took = clock_ms() - asked;
    expect_end(run, step, err, INCLOAD_E_COMMIT_UNKNOWN, took, CANCEL_MS);
    expect_recovery_after_commit(&t);
    setting_end(&t);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, thaw_all, NULL); /* a test that failed half-way has left them stopped */
    tcase_add_loop_test(tests, a_run_ends_by_its_time_while_the_servers_are_stopped, 0, COUNT);
    tcase_add_loop_test(tests, a_cancelled_run_ends_soon_while_the_servers_are_stopped, 0, COUNT);
    tcase_add_loop_test(tests, a_commit_that_the_server_keeps_ends_with_the_run_s_time, 0, 2);
    tcase_add_loop_test(tests, a_commit_that_the_server_keeps_ends_soon_after_a_cancel, 0, 2);
}

int
main(void)
{
    return run_tests("bounded", 90, add_tests);
}
