/* SPDX-License-Identifier: Apache-2.0 */
/* A process that loads is killed at any moment; whoever runs the load again finds all of it or nothing, and goes on. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "quakes.h"

enum { KILLS = 32, SEED = 1906 };

extern char **environ;

/* Small batches and pages make many moments out of a small load. */
static const char options_of_load[] = "cursor=updated key=id batch_rows=40 page_rows=60";

static const struct route {
    kind from, to;
    int32_t number;
} routes[] = {
    { POSTGRES, POSTGRES, 0 }, { POSTGRES, POSTGRES, 1 }, { POSTGRES, MARIADB, 0 }, { POSTGRES, SQLITE, 0 },
    { MARIADB, POSTGRES, 0 },  { MARIADB, MARIADB, 0 },   { MARIADB, SQLITE, 0 },   { SQLITE, POSTGRES, 0 },
    { SQLITE, MARIADB, 0 },    { SQLITE, SQLITE, 1 },     { POSTGRES, PG_ODBC, 1 },
};

typedef struct stage {
    const struct route *route;
    place from, to;
    char source[32], target[32];
    load what;
    int64_t usual_us; /* how long the loader takes undisturbed, as far as is known */
    int64_t killed;   /* loaders that were still at work */
} stage;

static int64_t
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static pid_t
start_loader(const stage *s)
{
    const char *path = getenv("INCLOAD_TEST_LOADER");
    const char *words[] = { path, place_url(s->route->from, 0), s->source, place_url(s->route->to, s->route->number),
                            s->target, "timestamp", options_of_load, NULL };
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;

    ck_assert_msg(path != NULL, "INCLOAD_TEST_LOADER is not set");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ck_assert_int_eq(posix_spawn(&pid, path, &actions, NULL, (char *const *)(uintptr_t)words, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static int
wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    return status;
}

/* A machine that is busy for a moment must not stretch all that follows. */
static void
learn(stage *s, int64_t took_us)
{
    s->usual_us = s->usual_us == 0 ? took_us : (s->usual_us + took_us) / 2;
}

/* False when it ended before that. */
static bool
still_at_work_after(pid_t pid, int64_t us)
{
    const struct timespec limit = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
    struct pollfd end = { .fd = pidfd_open(pid, 0), .events = POLLIN };

    ck_assert_int_ge(end.fd, 0);
    int ended = ppoll(&end, 1, &limit, NULL);
    ck_assert_int_ge(ended, 0);
    close(end.fd);
    return ended == 0;
}

static void
load_undisturbed(stage *s)
{
    int64_t started = now_us();
    int status = wait_for(start_loader(s));

    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the loader failed");
    learn(s, now_us() - started);
}

static void
load_and_kill(stage *s, int64_t after_us)
{
    int64_t started = now_us();
    pid_t pid = start_loader(s);

    if (still_at_work_after(pid, after_us))
        kill(pid, SIGKILL);
    else
        learn(s, now_us() - started);
    int status = wait_for(pid);
    ck_assert_msg(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "the loader failed by itself");
    s->killed += WIFSIGNALED(status);
}

/* What the server has not noticed yet may still hold a lock or commit in between: that is told, and a run later all is
 * well. */
static void
load_again(const stage *s)
{
    for (int32_t i = 0;; i++) {
        incload_error *err = NULL;
        incload_run_unref(load_run(&s->what, &err));
        if (err == NULL)
            return;
        bool passing = incload_error_is_retryable(err) || incload_error_code(err) == INCLOAD_E_BUSY;
        ck_assert_msg(passing && i < 20, "%s: %s", incload_error_name(err), incload_error_message(err));
        incload_error_unref(err);
        pause_ms(50);
    }
}

static const char *
ledger(place at)
{
    return at.kind == POSTGRES || at.kind == PG_ODBC ? "incload." : "incload_";
}

/* One run, one change of the watermark, one version: none is missing, none is there twice. */
static void
check_ledger(const stage *s, int64_t rows)
{
    const char *l = ledger(s->to), *name = s->target;
    int64_t version = ask_number(s->to, "SELECT version AS c FROM %swatermark WHERE load_name = '%s'", l, name);

    ck_assert_int_ge(version, QUAKE_DAYS);
    ck_assert_int_eq(ask_number(s->to, "SELECT COUNT(*) AS c FROM %swatermark_history WHERE load_name = '%s'", l, name),
                     version);
    ck_assert_int_eq(
        ask_number(s->to, "SELECT MIN(version) AS c FROM %swatermark_history WHERE load_name = '%s'", l, name), 1);
    ck_assert_int_eq(
        ask_number(s->to, "SELECT MAX(version) AS c FROM %swatermark_history WHERE load_name = '%s'", l, name),
        version);
    ck_assert_int_eq(ask_number(s->to, "SELECT COUNT(*) AS c FROM %srun WHERE load_name = '%s'", l, name), version);
    ck_assert_int_eq(ask_number(s->to,
                                "SELECT COUNT(*) AS c FROM %swatermark_history h JOIN %srun r ON r.run_id = h.run_id"
                                " WHERE h.load_name = '%s'",
                                l, l, name),
                     version);
    ck_assert_int_eq(
        ask_number(s->to, "SELECT CAST(SUM(rows_written) AS CHAR(20)) AS c FROM %srun WHERE load_name = '%s'", l, name),
        rows);
}

static void
check_no_staging(const stage *s)
{
    /* A server needs a moment to see that a client is gone. */
    for (int32_t i = 0; i < 200 && staging_tables(s->to) > 0; i++)
        pause_ms(25);
    ck_assert_int_eq(staging_tables(s->to), 0);
}

static void
begin_round(stage *s, int32_t round)
{
    snprintf(s->source, sizeof s->source, "quakes_%d_%d", (int)(s->route - routes), round);
    snprintf(s->target, sizeof s->target, "copy_%d_%d", (int)(s->route - routes), round);
    quakes_make(s->from, s->source);
}

static void
end_round(const stage *s)
{
    check_ledger(s, QUAKES);
    check_no_staging(s);
    table_drop(s->from, s->source);
    table_drop(s->to, s->target);
}

/* One day of earthquakes, loaded by a process that is killed, then loaded again. */
static void
one_day(stage *s, int32_t day, int64_t kill_after_us)
{
    quakes_add(s->from, s->source, day, SEED + (uint64_t)day);
    load_and_kill(s, kill_after_us);
    load_again(s);
    expect_equal(s->from, s->to, s->source, s->target, quake_columns);
}

START_TEST(a_load_that_was_killed_at_any_moment_is_whole_after_the_next_run)
{
    const struct route *route = &routes[_i];
    stage s = { .route = route, .from = place_open(route->from, 0), .to = place_open(route->to, route->number) };
    uint64_t seed = SEED + (uint64_t)_i;

    s.what = (load){ .from = s.from, .to = s.to, .table = s.source, .target = s.target, .options = options_of_load };
    quakes_read();
    begin_round(&s, 0);
    for (int32_t day = 0; day < QUAKE_DAYS; day++) {
        quakes_add(s.from, s.source, day, SEED);
        load_undisturbed(&s);
    }
    end_round(&s);

    for (int32_t i = 0; i < KILLS; i++) {
        int32_t day = i % QUAKE_DAYS;
        /* Each thirty-second part of a load's duration once, in an order that gives every day early and late ones. */
        int64_t part = i * 5 % KILLS;
        int64_t within = (int64_t)(draw(&seed) % 1000);
        if (day == 0)
            begin_round(&s, 1 + i / QUAKE_DAYS);
        one_day(&s, day, (part * 1000 + within) * s.usual_us / (KILLS * 1000));
        if (day == QUAKE_DAYS - 1)
            end_round(&s);
    }
    ck_assert_msg(s.killed >= KILLS / 2, "only %d of %d loads were still at work when they were killed", (int)s.killed,
                  KILLS);
    place_close(s.from);
    place_close(s.to);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_load_that_was_killed_at_any_moment_is_whole_after_the_next_run, 0,
                        sizeof routes / sizeof routes[0]);
}

int
main(void)
{
    return run_tests("kill", 200, add_tests);
}
