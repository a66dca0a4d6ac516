/* SPDX-License-Identifier: Apache-2.0 */
/* A process that loads is killed at any moment; whoever runs the load again finds all of it or nothing, and goes on. */
#include <stdio.h>
#include <string.h>

#include "quakes.h"
#include "victim.h"

enum { KILLS = 32, SEED = 1906 };

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
    victim loader;
} stage;

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
one_day(stage *s, int32_t day, int64_t after_permille)
{
    quakes_add(s->from, s->source, day, SEED + (uint64_t)day);
    victim_kill(&s->loader, after_permille);
    load_again(s);
    expect_equal(s->from, s->to, s->source, s->target, quake_columns);
}

START_TEST(a_load_that_was_killed_at_any_moment_is_whole_after_the_next_run)
{
    const struct route *route = &routes[_i];
    stage s = { .route = route, .from = place_open(route->from, 0), .to = place_open(route->to, route->number) };
    uint64_t seed = SEED + (uint64_t)_i;

    s.loader = (victim){ .words = { "", place_url(route->from, 0), s.source, place_url(route->to, route->number),
                                    s.target, "timestamp", options_of_load } };
    s.what = (load){ .from = s.from, .to = s.to, .table = s.source, .target = s.target, .options = options_of_load };
    quakes_read();
    begin_round(&s, 0);
    for (int32_t day = 0; day < QUAKE_DAYS; day++) {
        quakes_add(s.from, s.source, day, SEED);
        victim_spare(&s.loader);
    }
    end_round(&s);

    for (int32_t i = 0; i < KILLS; i++) {
        int32_t day = i % QUAKE_DAYS;
        /* Each thirty-second part of a load's duration once, in an order that gives every day early and late ones. */
        int64_t part = i * 5 % KILLS;
        int64_t within = (int64_t)(draw(&seed) % 1000);
        if (day == 0)
            begin_round(&s, 1 + i / QUAKE_DAYS);
        one_day(&s, day, (part * 1000 + within) / KILLS);
        if (day == QUAKE_DAYS - 1)
            end_round(&s);
    }
    ck_assert_msg(s.loader.killed >= KILLS / 2, "only %d of %d loads were still at work when they were killed",
                  (int)s.loader.killed, KILLS);
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
