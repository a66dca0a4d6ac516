/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of backfills that a ledger keeps: several share one, a key names it, and what it did is known afterwards. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support.h"

enum { DAYS = 91, MOST_LABELS = 400 };

/* ---- a backfill of a function, and what it was called for ---- */

typedef struct log {
    pthread_mutex_t lock;
    char labels[MOST_LABELS][40];
    int count;
    const char *bad; /* a day that fails */
    atomic_bool slow;
} log_t;

static int32_t
note_day(incload_unit *unit, void *data)
{
    log_t *log = data;

    pthread_mutex_lock(&log->lock);
    if (log->count < MOST_LABELS)
        snprintf(log->labels[log->count++], sizeof log->labels[0], "%s", incload_unit_label(unit));
    pthread_mutex_unlock(&log->lock);
    if (atomic_load(&log->slow))
        pause_ms(5);
    return log->bad != NULL && strcmp(log->bad, incload_unit_label(unit)) == 0 ? INCLOAD_FAIL : INCLOAD_DONE;
}

static int
times(const log_t *log, const char *label)
{
    int count = 0;

    for (int i = 0; i < log->count; i++)
        count += strcmp(log->labels[i], label) == 0;
    return count;
}

static void
expect_each_once(const log_t *log, int count)
{
    ck_assert_int_eq(log->count, count);
    for (int i = 0; i < log->count; i++)
        ck_assert_msg(times(log, log->labels[i]) == 1, "%s ran %d times", log->labels[i], times(log, log->labels[i]));
}

static incload_step *
days_of(place at, const char *name, const char *through, const char *options, log_t *log)
{
    incload_error *err = NULL;
    incload_step *days = incload_step_new_backfill("2024-01-01", through, options, note_day, log, NULL, &err);

    incload_step_set(days, "name", name, &err);
    incload_step_set_ledger(days, at.db, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    return days;
}

/* PostgreSQL by two roads is one database, and a key is of the whole ledger: the names are of one kind each. Static
 * text of the thread's. */
static const char *
with_key(const char *name, const char *options)
{
    static _Thread_local char text[4][200];
    static _Thread_local int next;
    char *out = text[next++ % 4];

    snprintf(out, sizeof text[0], "run_key=%s %s", name, options);
    return out;
}

static int32_t
run_step(incload_step *step, const char *options, incload_run **run, incload_error **err)
{
    incload_run *mine = incload_step_run(step, options, err);

    incload_step_unref(step);
    if (run != NULL)
        *run = mine;
    else
        incload_run_unref(mine);
    return incload_error_code(err != NULL ? *err : NULL);
}

/* ---- one key ---- */

typedef struct sharer {
    pthread_t thread;
    kind which;
    const char *name;
    log_t *log;
    int32_t code;
    int64_t succeeded;
    char message[400];
} sharer;

static void *
share(void *data)
{
    sharer *s = data;
    place at = place_open(s->which, 0);
    incload_error *err = NULL;
    incload_run *run = NULL;

    s->code =
        run_step(days_of(at, s->name, "2024-03-31", "parallel=2", s->log), with_key(s->name, "lease=2s"), &run, &err);
    snprintf(s->message, sizeof s->message, "%s", incload_error_message(err));
    s->succeeded = incload_run_count_units(run, INCLOAD_STATUS_SUCCESS);
    incload_error_unref(err);
    incload_run_unref(run);
    place_close(at);
    return NULL;
}

START_TEST(who_brings_the_same_key_shares_the_run)
{
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const char *name = named("shared", _i);
    sharer sharers[3];

    atomic_store(&log.slow, true);
    for (int i = 0; i < 3; i++) {
        sharers[i] = (sharer){ .which = (kind)_i, .name = name, .log = &log };
        ck_assert_int_eq(pthread_create(&sharers[i].thread, NULL, share, &sharers[i]), 0);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(sharers[i].thread, NULL);
    expect_each_once(&log, DAYS);
    for (int i = 0; i < 3; i++) {
        ck_assert_msg(sharers[i].code == INCLOAD_OK, "%s", sharers[i].message);
        ck_assert_int_eq((int)sharers[i].succeeded, DAYS);
    }
}
END_TEST

START_TEST(a_run_that_has_ended_is_had_back_by_its_key)
{
    place at = place_open((kind)_i, 0);
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER, .bad = "2024-02-11" };
    const char *name = named("ended", _i);
    incload_error *err = NULL;
    incload_run *run = NULL;

    ck_assert_int_eq(run_step(days_of(at, name, "2024-03-31", "parallel=4", &log), with_key(name, ""), &run, &err),
                     INCLOAD_E_CALLBACK);
    incload_run_unref(run);
    incload_error_unref(err);
    err = NULL;
    expect_each_once(&log, DAYS);

    ck_assert_int_eq(run_step(days_of(at, name, "2024-03-31", "parallel=4", &log), with_key(name, ""), &run, &err),
                     INCLOAD_E_CALLBACK);
    expect_words(incload_error_message(err), "1 of 91 units failed|2024-02-11");
    ck_assert_int_eq(incload_run_failed_count(run), 1);
    ck_assert_str_eq(incload_run_failed_label(run, 0), "2024-02-11");
    ck_assert_int_eq((int)incload_run_count_units(run, INCLOAD_STATUS_SUCCESS), DAYS - 1);
    expect_each_once(&log, DAYS);
    incload_run_unref(run);
    incload_error_unref(err);
    place_close(at);
}
END_TEST

START_TEST(a_key_of_other_work_is_refused_with_what_differs)
{
    place at = place_open((kind)_i, 0);
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const char *name = named("other", _i);
    incload_error *err = NULL;

    ck_assert_int_eq(run_step(days_of(at, name, "2024-01-03", NULL, &log), with_key(name, ""), NULL, &err), INCLOAD_OK);
    ck_assert_int_eq(run_step(days_of(at, name, "2024-01-05", NULL, &log), with_key(name, ""), NULL, &err),
                     INCLOAD_E_CONFLICT);
    expect_words(incload_error_message(err), "belongs to run|through is '2024-01-03' there and '2024-01-05' here");
    expect_each_once(&log, 3);
    incload_error_unref(err);
    place_close(at);
}
END_TEST

START_TEST(a_key_without_a_ledger_is_refused)
{
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    incload_error *err = NULL;
    incload_step *days = incload_step_new_backfill("2024-01-01", "2024-01-02", NULL, note_day, &log, NULL, &err);

    ck_assert_int_eq(run_step(days, "run_key=nowhere", NULL, &err), INCLOAD_E_INVALID);
    expect_words(incload_error_message(err), "run_key|incload_step_set_ledger");
    incload_error_unref(err);
}
END_TEST

START_TEST(a_plan_is_checked_by_who_makes_the_run_and_not_by_who_joins_it)
{
    place at = place_open((kind)_i, 0);
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const char *name = named("planned", _i);
    incload_error *err = NULL;
    char print[40], options[80];

    incload_step *days = days_of(at, name, "2024-01-10", NULL, &log);
    incload_backfill_plan *plan = incload_backfill_plan_new(days, &err);
    snprintf(print, sizeof print, "%s", incload_backfill_plan_fingerprint(plan));
    snprintf(options, sizeof options, "fingerprint=%s", print);
    incload_backfill_plan_unref(plan);
    incload_step_unref(days);
    for (int turn = 0; turn < 2; turn++)
        ck_assert_int_eq(run_step(days_of(at, name, "2024-01-10", options, &log), with_key(name, ""), NULL, &err),
                         INCLOAD_OK);
    expect_each_once(&log, 10);
    ck_assert_int_eq(run_step(days_of(at, name, "2024-01-10", options, &log), NULL, NULL, &err), INCLOAD_E_CONFLICT);
    expect_words(incload_error_message(err), print);
    expect_each_once(&log, 10);
    incload_error_unref(err);
    place_close(at);
}
END_TEST

/* ---- a process that dies ---- */

static void
die_on_the_way(kind which, const char *name)
{
    place at = place_open(which, 0);
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    incload_error *err = NULL;

    atomic_store(&log.slow, true);
    incload_step *days = days_of(at, name, "2024-03-31", "parallel=3", &log);
    incload_run *run = incload_step_start(days, with_key(name, "lease=1s"), &err);
    AWAIT(incload_run_count_units(run, INCLOAD_STATUS_SUCCESS) >= 20);
    kill(getpid(), SIGKILL);
}

START_TEST(what_a_killed_process_had_is_done_by_another)
{
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const char *name = named("killed", _i);
    incload_error *err = NULL;
    incload_run *run = NULL;
    int status = 0;

    pid_t child = fork();
    if (child == 0)
        die_on_the_way((kind)_i, name);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));

    place at = place_open((kind)_i, 0);
    int code = run_step(days_of(at, name, "2024-03-31", "parallel=3", &log), with_key(name, "lease=1s"), &run, &err);
    ck_assert_msg(code == INCLOAD_OK, "%s", incload_error_message(err));
    ck_assert_int_eq((int)incload_run_count_units(run, INCLOAD_STATUS_SUCCESS), DAYS);
    ck_assert_int_le(log.count, DAYS - 20);
    ck_assert_int_ge(log.count, 1);
    expect_each_once(&log, log.count);
    incload_run_unref(run);
    place_close(at);
}
END_TEST

/* ---- selection ---- */

START_TEST(failed_selects_what_was_tried_in_vain)
{
    place at = place_open((kind)_i, 0);
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER, .bad = "2024-01-02" };
    const char *name = named("retried", _i);
    incload_error *err = NULL;

    ck_assert_int_eq(run_step(days_of(at, name, "2024-01-03", NULL, &log), NULL, NULL, &err), INCLOAD_E_CALLBACK);
    incload_error_unref(err);
    err = NULL;
    log.bad = NULL;
    /* A longer range, of which most was never tried. */
    ck_assert_int_eq(run_step(days_of(at, name, "2024-01-31", "select=failed", &log), NULL, NULL, &err), INCLOAD_OK);
    ck_assert_int_eq(log.count, 4);
    ck_assert_int_eq(times(&log, "2024-01-02"), 2);
    ck_assert_int_eq(run_step(days_of(at, name, "2024-01-31", "select=failed", &log), NULL, NULL, &err), INCLOAD_OK);
    ck_assert_int_eq(log.count, 4);
    ck_assert_int_eq(run_step(days_of(at, name, "2024-01-31", "select=missing", &log), NULL, NULL, &err), INCLOAD_OK);
    ck_assert_int_eq(log.count, 32);
    place_close(at);
}
END_TEST

START_TEST(stale_selects_what_another_version_did)
{
    place at = place_open((kind)_i, 0);
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const char *name = named("versions", _i);
    incload_error *err = NULL;

    run_step(days_of(at, name, "2024-01-10", "version=1", &log), NULL, NULL, &err);
    run_step(days_of(at, name, "2024-01-12", "version=2 select=missing", &log), NULL, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(log.count, 12);
    run_step(days_of(at, name, "2024-01-31", "version=2 select=stale", &log), NULL, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(log.count, 22);
    ck_assert_int_eq(times(&log, "2024-01-10"), 2);
    ck_assert_int_eq(times(&log, "2024-01-11"), 1);
    place_close(at);
}
END_TEST

START_TEST(a_part_of_a_unit_that_landed_is_missing_still)
{
    place at = place_open((kind)_i, 0);
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const char *name = named("parts", _i);
    incload_error *err = NULL;

    run_step(days_of(at, name, "2024-01-20", NULL, &log), NULL, NULL, &err);
    ck_assert_int_eq(log.count, 20);
    /* January is not whole yet; once it is, its days are. */
    run_step(days_of(at, name, "2024-02-29", "grain=month", &log), NULL, NULL, &err);
    ck_assert_int_eq(log.count, 22);
    run_step(days_of(at, name, "2024-02-29", NULL, &log), NULL, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(log.count, 22);
    place_close(at);
}
END_TEST

START_TEST(keys_that_are_done_are_left_out)
{
    static const char *const first[] = { "north", "south" }, *const all[] = { "east", "south", "north", "west" };
    place at = place_open((kind)_i, 0);
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    incload_error *err = NULL;

    for (int turn = 0; turn < 2; turn++) {
        incload_step *keys = incload_step_new_backfill_keys(turn == 0 ? first : all, turn == 0 ? 2 : 4, NULL, note_day,
                                                            &log, NULL, &err);
        incload_step_set(keys, "name", named("regions", _i), &err);
        incload_step_set_ledger(keys, at.db, &err);
        run_step(keys, NULL, NULL, &err);
    }
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    expect_each_once(&log, 4);
    place_close(at);
}
END_TEST

START_TEST(what_landed_long_ago_is_coalesced_when_a_run_ends_well)
{
    place at = place_open((kind)_i, 0);
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const char *name = named("coalesced", _i), *l = ledger_of(at);
    incload_error *err = NULL;

    run_step(days_of(at, name, "2024-01-10", NULL, &log), NULL, NULL, &err);
    sql(at, "UPDATE %sapplied SET applied_us = 0 WHERE load_name = '%s'", l, name);
    run_step(days_of(at, name, "2024-01-12", NULL, &log), NULL, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq((int)ask_number(at, "SELECT COUNT(*) FROM %sapplied WHERE load_name = '%s'", l, name), 2);
    ck_assert_int_eq((int)ask_number(at, "SELECT COUNT(*) FROM %scoverage WHERE load_name = '%s'", l, name), 1);
    run_step(days_of(at, name, "2024-01-12", NULL, &log), NULL, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    expect_each_once(&log, 12);
    place_close(at);
}
END_TEST

START_TEST(short_units_are_taken_more_at_a_time_than_run_side_by_side)
{
    enum { YEAR = 366, PARALLEL = 4 };
    place at = place_open((kind)_i, 0);
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const char *name = named("short", _i), *l = ledger_of(at);
    incload_error *err = NULL;

    run_step(days_of(at, name, "2024-12-31", "parallel=4", &log), NULL, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    expect_each_once(&log, YEAR);
    /* Each taking has an epoch of its own. */
    ck_assert_int_lt((int)ask_number(at,
                                     "SELECT COUNT(DISTINCT epoch) FROM %sunit WHERE run_no IN"
                                     " (SELECT run_no FROM %spipeline_run WHERE name = '%s')",
                                     l, l, name),
                     YEAR / PARALLEL);
    place_close(at);
}
END_TEST

/* A clock that a test puts forward, as a process meets it that was stopped for a while. */
static _Atomic int64_t stopped_us;

static int64_t
clock_us(clockid_t which)
{
    struct timespec now;

    clock_gettime(which, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static int64_t
monotonic_and_stopped(void *data)
{
    (void)data;
    return clock_us(CLOCK_MONOTONIC) + atomic_load(&stopped_us);
}

static int64_t
wall(void *data)
{
    (void)data;
    return clock_us(CLOCK_REALTIME);
}

static int32_t
stop_twice(incload_unit *unit, void *data)
{
    int32_t status = note_day(unit, data);
    int count = ((const log_t *)data)->count;

    if (count == 30 || count == 60)
        atomic_fetch_add(&stopped_us, 950000);
    return status;
}

START_TEST(units_wait_for_the_next_sign_of_life_when_the_lease_is_not_certain)
{
    place at = place_open((kind)_i, 0);
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    incload_clock clock = { .struct_size = sizeof clock, .monotonic_us = monotonic_and_stopped, .wall_us = wall };
    incload_error *err = NULL;

    incload_context *context = incload_context_new(NULL, &err);
    incload_context_set_clock(context, &clock, NULL, NULL, &err);
    incload_database *ledger = incload_database_new_in(context, place_url((kind)_i, 0), NULL, &err);
    incload_step *days =
        incload_step_new_backfill("2024-01-01", "2024-03-31", "parallel=1", stop_twice, &log, NULL, &err);
    incload_step_set(days, "name", named("uncertain", _i), &err);
    incload_step_set_ledger(days, ledger, &err);
    run_step(days, "lease=1s", NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    expect_each_once(&log, DAYS);
    incload_database_unref(ledger);
    incload_context_unref(context);
    place_close(at);
}
END_TEST

/* A ledger of its own, which a test may break. */
static place at_own;
static char own_ledger[40];

/* From then on this process has no way to say that it lives. */
static int32_t
lose_the_ledger(incload_unit *unit, void *data)
{
    int32_t status = note_day(unit, data);
    bool in_schema = at_own.kind == POSTGRES || at_own.kind == PG_ODBC;

    if (((const log_t *)data)->count == 30) {
        sql(at_own, "ALTER TABLE %s%cworker RENAME TO %s%sworker_gone", own_ledger, in_schema ? '.' : '_',
            in_schema ? "" : own_ledger, in_schema ? "" : "_");
        atomic_fetch_add(&stopped_us, 120000000);
    }
    return status;
}

START_TEST(a_ledger_that_is_lost_while_units_wait_ends_the_run)
{
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    incload_clock clock = { .struct_size = sizeof clock, .monotonic_us = monotonic_and_stopped, .wall_us = wall };
    incload_error *err = NULL;
    char options[60];

    snprintf(own_ledger, sizeof own_ledger, "lost%d_%ld", _i, (long)getpid());
    snprintf(options, sizeof options, "ledger=%s", own_ledger);
    incload_context *context = incload_context_new(NULL, &err);
    incload_context_set_clock(context, &clock, NULL, NULL, &err);
    place at = place_open_with(context, (kind)_i, 0, options);
    at_own = place_open((kind)_i, 0);
    incload_step *days =
        incload_step_new_backfill("2024-01-01", "2024-03-31", "parallel=1", lose_the_ledger, &log, NULL, &err);
    incload_step_set(days, "name", "lost", &err);
    incload_step_set_ledger(days, at.db, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_ne(run_step(days, "lease=1s", NULL, &err), INCLOAD_OK);
    ck_assert_int_lt(log.count, DAYS);
    incload_error_unref(err);
    incload_context_unref(context);
    place_close(at_own);
    place_close(at);
}
END_TEST

static incload_step *
days_of_regions(place at, const char *name, const char *through, const char *options, log_t *log)
{
    static const char *const regions[] = { "north", "south" };
    incload_error *err = NULL;
    incload_step *days = days_of(at, name, through, options, log);

    incload_step_set_keys(days, regions, 2, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    return days;
}

START_TEST(a_day_of_one_region_is_missing_though_that_of_another_is_done)
{
    place at = place_open((kind)_i, 0);
    const char *name = named("days_of_regions", _i);
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER, .bad = "2024-01-02 x south" };
    incload_error *err = NULL;

    ck_assert_int_ne(run_step(days_of_regions(at, name, "2024-01-03", NULL, &log), NULL, NULL, &err), INCLOAD_OK);
    incload_error_unref(err);
    err = NULL;
    expect_each_once(&log, 6);
    log.bad = NULL;
    log.count = 0;
    ck_assert_int_eq(run_step(days_of_regions(at, name, "2024-01-04", "select=failed", &log), NULL, NULL, &err),
                     INCLOAD_OK);
    expect_each_once(&log, 1);
    ck_assert_str_eq(log.labels[0], "2024-01-02 x south");
    ck_assert_int_eq(run_step(days_of_regions(at, name, "2024-01-04", NULL, &log), NULL, NULL, &err), INCLOAD_OK);
    expect_each_once(&log, 3);
    ck_assert_str_eq(log.labels[2], "2024-01-04 x south");
    place_close(at);
}
END_TEST

/* ---- steering ---- */

typedef struct begun {
    place at;
    incload_run *run;
} begun;

static begun
begin(kind which, const char *name, log_t *log, const char *options)
{
    incload_error *err = NULL;
    begun b = { .at = place_open(which, 0) };
    incload_step *days = days_of(b.at, name, "2024-03-31", "parallel=1", log);

    b.run = incload_step_start(days, options, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    incload_step_unref(days);
    return b;
}

static int32_t
end(begun b)
{
    incload_error *err = NULL;
    int32_t code = incload_run_wait(b.run, 60000, &err);

    incload_error_unref(err);
    incload_run_unref(b.run);
    place_close(b.at);
    return code;
}

static void
await_some(incload_run *run)
{
    AWAIT(incload_run_count_units(run, INCLOAD_STATUS_SUCCESS) >= 3);
}

START_TEST(cancel_reaches_every_process)
{
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const char *name = named("cancelled", _i);

    atomic_store(&log.slow, true);
    begun one = begin((kind)_i, name, &log, with_key(name, "lease=600ms"));
    begun two = begin((kind)_i, name, &log, with_key(name, "lease=600ms"));
    await_some(one.run);
    incload_run_cancel(one.run);
    ck_assert_int_eq(end(one), INCLOAD_E_CANCELLED);
    ck_assert_int_eq(end(two), INCLOAD_E_CANCELLED);
    ck_assert_int_lt(log.count, DAYS);
}
END_TEST

START_TEST(who_lets_go_of_a_run_leaves_it_to_the_others)
{
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const char *name = named("left", _i);
    incload_error *err = NULL;

    atomic_store(&log.slow, true);
    begun one = begin((kind)_i, name, &log, with_key(name, "lease=600ms"));
    begun two = begin((kind)_i, name, &log, with_key(name, "lease=600ms"));
    await_some(one.run);
    incload_run_unref(one.run);
    place_close(one.at);
    ck_assert_int_eq(end(two), INCLOAD_OK);
    /* What it was at was given back and done once more. */
    ck_assert_int_ge(log.count, DAYS);
    ck_assert_int_le(log.count, DAYS + 1);
    incload_error_unref(err);
}
END_TEST

START_TEST(who_leaves_a_run_is_cancelled_alone)
{
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const char *name = named("leaves", _i);

    atomic_store(&log.slow, true);
    begun one = begin((kind)_i, name, &log, with_key(name, "lease=600ms"));
    begun two = begin((kind)_i, name, &log, with_key(name, "lease=600ms"));
    await_some(one.run);
    ck_assert_int_eq(incload_run_leave(one.run), INCLOAD_OK);
    ck_assert_int_eq(end(one), INCLOAD_E_CANCELLED);
    ck_assert_int_eq(end(two), INCLOAD_OK);
    ck_assert_int_ge(log.count, DAYS);
    ck_assert_int_le(log.count, DAYS + 1);
}
END_TEST

START_TEST(a_run_is_cancelled_from_its_history)
{
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    const char *name = named("listed", _i);
    incload_error *err = NULL;

    atomic_store(&log.slow, true);
    begun one = begin((kind)_i, name, &log, with_key(name, "lease=600ms"));
    place at = place_open((kind)_i, 0);
    await_some(one.run);
    incload_history *history = incload_history_new(at.db, name, 1, &err);
    ck_assert_int_eq(incload_history_count(history), 1);
    ck_assert_int_eq(incload_history_cancel(history, 1, &err), INCLOAD_E_INVALID);
    incload_error_unref(err);
    err = NULL;
    ck_assert_int_eq(incload_history_cancel(history, 0, &err), INCLOAD_OK);
    ck_assert_int_eq(end(one), INCLOAD_E_CANCELLED);
    ck_assert_int_lt(log.count, DAYS);
    incload_history_unref(history);
    history = incload_history_new(at.db, name, 1, &err);
    ck_assert_int_eq(incload_history_status(history, 0), INCLOAD_STATUS_CANCELLED);
    ck_assert_int_eq(incload_history_cancel(history, 0, &err), INCLOAD_E_STATE);
    incload_error_unref(err);
    incload_history_unref(history);
    place_close(at);
}
END_TEST

START_TEST(too_many_failures_end_the_run_for_all)
{
    place at = place_open((kind)_i, 0);
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER, .bad = "2024-01-05" };
    const char *name = named("brittle", _i);
    incload_error *err = NULL;
    incload_run *run = NULL;

    ck_assert_int_eq(
        run_step(days_of(at, name, "2024-03-31", "parallel=1 max_failures=0", &log), with_key(name, ""), &run, &err),
        INCLOAD_E_CALLBACK);
    ck_assert_int_eq(log.count, 5);
    incload_run_unref(run);
    incload_error_unref(err);
    err = NULL;
    ck_assert_int_eq(
        run_step(days_of(at, name, "2024-03-31", "parallel=1 max_failures=0", &log), with_key(name, ""), &run, &err),
        INCLOAD_E_CALLBACK);
    ck_assert_int_eq(log.count, 5);
    incload_run_unref(run);
    incload_error_unref(err);
    place_close(at);
}
END_TEST

/* ---- loads ---- */

static const char columns[] = "id:i at:t name:s";

START_TEST(a_load_s_units_begin_side_by_side_though_the_target_is_missing)
{
    scene s = scene_begin("fresh", _i, columns, "id", "cursor=at");
    incload_error *err = NULL;
    load what = s.what;

    what.preset = "interval";
    for (int day = 1; day <= 8; day++) {
        char row[80];
        snprintf(row, sizeof row, "(%d, '2024-01-%02d 10:00:00.000000', 'n')", day, day);
        table_add(s.from, s.source, row);
    }
    for (int turn = 0; turn < 2; turn++) {
        incload_step *one = load_step(&what, &err);
        incload_step *days = incload_step_new_load_backfill(one, "2024-01-01", "2024-01-08", "parallel=8", &err);
        incload_run *run = NULL;
        incload_step_unref(one);
        char options[40];
        snprintf(options, sizeof options, "run_key=fresh-%d", _i);
        run_step(days, options, &run, &err);
        ck_assert_msg(err == NULL, "%s", incload_error_message(err));
        ck_assert_int_eq((int)incload_run_count_units(run, INCLOAD_STATUS_SUCCESS), 8);
        ck_assert_int_eq((int)incload_run_rows_written(run), turn == 0 ? 8 : 0);
        incload_run_unref(run);
    }
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(a_swap_is_no_unit_of_a_backfill)
{
    scene s = scene_begin("swapped", 0, columns, "id", "cursor=at write=swap");
    incload_error *err = NULL;
    load what = s.what;

    what.preset = "swap";
    what.options = NULL;
    incload_step *one = load_step(&what, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_ptr_null(incload_step_new_load_backfill(one, "2024-01-01", "2024-01-08", NULL, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_UNSUPPORTED);
    expect_words(incload_error_message(err), "write=swap|write=replace_interval");
    incload_error_unref(err);
    incload_step_unref(one);
    scene_end(&s);
}
END_TEST

/* Each word of the host is newer than what the ledger said before it, whoever asked it when. */
START_TEST(a_run_that_is_paused_and_goes_on_again_and_again_ends)
{
    place at = place_open((kind)_i, 0);
    const char *name = named("stuttering", _i);
    log_t log = { .lock = PTHREAD_MUTEX_INITIALIZER };
    incload_error *err = NULL;
    incload_step *days = days_of(at, name, "2024-03-31", "parallel=2", &log);
    incload_run *run = incload_step_start(days, NULL, &err);

    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    for (int32_t i = 0; i < 200 && incload_run_status(run) <= INCLOAD_STATUS_RUNNING; i++) {
        incload_run_pause(run);
        incload_run_wait(run, i % 4, NULL);
        incload_run_continue(run);
        incload_run_wait(run, i % 7, NULL);
    }
    ck_assert_int_eq(incload_run_wait(run, 60000, &err), INCLOAD_OK);
    expect_each_once(&log, 91);
    incload_run_unref(run);
    incload_step_unref(days);
    place_close(at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, who_brings_the_same_key_shares_the_run, 0, KINDS);
    tcase_add_loop_test(tests, a_run_that_has_ended_is_had_back_by_its_key, 0, KINDS);
    tcase_add_loop_test(tests, a_key_of_other_work_is_refused_with_what_differs, 0, KINDS);
    tcase_add_test(tests, a_key_without_a_ledger_is_refused);
    tcase_add_loop_test(tests, a_plan_is_checked_by_who_makes_the_run_and_not_by_who_joins_it, 0, KINDS);
    tcase_add_loop_test(tests, what_a_killed_process_had_is_done_by_another, 0, KINDS);
    tcase_add_loop_test(tests, failed_selects_what_was_tried_in_vain, 0, KINDS);
    tcase_add_loop_test(tests, stale_selects_what_another_version_did, 0, KINDS);
    tcase_add_loop_test(tests, a_part_of_a_unit_that_landed_is_missing_still, 0, KINDS);
    tcase_add_loop_test(tests, keys_that_are_done_are_left_out, 0, KINDS);
    tcase_add_loop_test(tests, units_wait_for_the_next_sign_of_life_when_the_lease_is_not_certain, 0, KINDS);
    tcase_add_loop_test(tests, a_ledger_that_is_lost_while_units_wait_ends_the_run, 0, KINDS);
    tcase_add_loop_test(tests, what_landed_long_ago_is_coalesced_when_a_run_ends_well, 0, KINDS);
    tcase_add_loop_test(tests, short_units_are_taken_more_at_a_time_than_run_side_by_side, 0, KINDS);
    tcase_add_loop_test(tests, a_day_of_one_region_is_missing_though_that_of_another_is_done, 0, KINDS);
    tcase_add_loop_test(tests, a_run_that_is_paused_and_goes_on_again_and_again_ends, 0, KINDS);
    tcase_add_loop_test(tests, cancel_reaches_every_process, 0, KINDS);
    tcase_add_loop_test(tests, who_leaves_a_run_is_cancelled_alone, 0, KINDS);
    tcase_add_loop_test(tests, a_run_is_cancelled_from_its_history, 0, KINDS);
    tcase_add_loop_test(tests, who_lets_go_of_a_run_leaves_it_to_the_others, 0, KINDS);
    tcase_add_loop_test(tests, too_many_failures_end_the_run_for_all, 0, KINDS);
    tcase_add_loop_test(tests, a_load_s_units_begin_side_by_side_though_the_target_is_missing, 0, ROUTES);
    tcase_add_test(tests, a_swap_is_no_unit_of_a_backfill);
}

int
main(void)
{
    return run_tests("durable", 120, add_tests);
}
