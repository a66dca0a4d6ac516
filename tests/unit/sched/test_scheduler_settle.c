/* SPDX-License-Identifier: Apache-2.0 */
/* Who settles knows what has ended: whoever is telling it, how far that one is, and however short memory is. */
#include "edges.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

/* More than the boxes hold at first: without memory for a second one of that size a few are told at a time. */
enum { UNITS = 40, BEFORE = 20 };

static lender bank;
static _Atomic int32_t told[UNITS];
static _Atomic int32_t told_count;

static void
lend(int64_t first, int64_t failures)
{
    bank.first = first > 0 ? atomic_load(&bank.made) + first : 0;
    bank.failures = failures;
}

static void
open_stage(void (*event)(void *, const incload__sched_event *))
{
    set_up();
    lend(0, 0);
    env.mem = (incload__mem){ lender_allocate, lender_reallocate, lender_release, &bank };
    for (int32_t i = 0; i < UNITS; i++)
        told[i] = 0;
    told_count = 0;
    config.hooks.event = event;
    source_of(UNITS, 0, 0);
    begin();
}

static bool
count_end(const incload__sched_event *event)
{
    if (event->kind != INCLOAD__SCHED_UNIT_FINISHED)
        return false;
    told[event->key]++;
    told_count++;
    return true;
}

/* ---- one tells, another settles ---- */

static incload__sched_unit open_units[UNITS];
static int32_t stop_at;       /* the end at which who is told stops, */
static _Atomic bool stopped;   /* is there, */
static _Atomic bool may_go_on; /* and goes on: at the latest when somebody settles */
static _Atomic bool held;      /* so far none but one end may be told */

static bool
somebody_settles(void)
{
    incload__sched_lock(sched);
    bool settles = sched->settling > 0;
    incload__sched_unlock(sched);
    return settles;
}

static bool
has_ended(incload__sched_unit unit)
{
    incload__sched_lock(sched);
    bool is_over = incload__sched_slot_of(sched, unit.token) < 0;
    incload__sched_unlock(sched);
    return is_over;
}

static void
stop_once(void *data, const incload__sched_event *event)
{
    (void)data;
    if (event->kind != INCLOAD__SCHED_UNIT_FINISHED)
        return;
    while (held)
        sched_yield();
    if (event->key == stop_at) {
        stopped = true;
        while (!may_go_on && !somebody_settles())
            sched_yield();
    }
    count_end(event);
}

static void *
tell_first_end(void *data)
{
    complete(open_units[0], OK);
    return data;
}

static void
expect_told(int32_t count, const char *when)
{
    for (int32_t i = 0; i < count; i++)
        ck_assert_msg(told[i] == 1, "%s: the end of unit %d of %d was told %d times", when, i, count, told[i]);
}

static void
settle_while_told(int32_t at, int32_t later, bool has_memory)
{
    char when[100];
    pthread_t teller;

    snprintf(when, sizeof when, "stopped at %d, %d later, %s memory", at, later, has_memory ? "with" : "without");
    open_stage(stop_once);
    stop_at = at;
    held = true;
    stopped = may_go_on = false;
    open_units[0] = pull(0);
    ck_assert_int_eq(pthread_create(&teller, NULL, tell_first_end, NULL), 0);
    while (!has_ended(open_units[0]))
        sched_yield();
    /* While the first end is told: so only one box grows. */
    for (int32_t i = 1; i < UNITS; i++)
        open_units[i] = pull(0);
    lend(has_memory ? 0 : 1, INT64_MAX);
    for (int32_t i = 1; i < BEFORE; i++)
        complete(open_units[i], OK);
    held = false;
    while (!stopped)
        sched_yield();
    for (int32_t i = BEFORE; i < BEFORE + later; i++)
        complete(open_units[i], OK);
    incload__sched_settle(sched);
    expect_told(BEFORE + later, when);
    may_go_on = true;
    ck_assert_int_eq(pthread_join(teller, NULL), 0);
    lend(0, 0);
    for (int32_t i = BEFORE + later; i < UNITS; i++)
        complete(open_units[i], OK);
    expect_told(UNITS, when);
    pull_end(INCLOAD__RUN_SUCCESS);
    stage_tear_down();
}

START_TEST(what_has_ended_has_been_told_wherever_the_telling_stands)
{
    for (int32_t at = 0; at < BEFORE; at++) {
        for (int32_t later = 0; later <= BEFORE; later += later < 2 ? 1 : BEFORE - 2) {
            settle_while_told(at, later, true);
            settle_while_told(at, later, false);
        }
    }
}
END_TEST

/* ---- all at once, and memory fails now and then ---- */

enum { THREADS = 3, ROUNDS = 40 };

static _Atomic int32_t ended;
static _Atomic int32_t lacking; /* ends that were not told when who settled came back */

static void
note_end(void *data, const incload__sched_event *event)
{
    (void)data;
    if (count_end(event))
        sched_yield();
}

static void *
end_and_settle(void *data)
{
    const incload__sched_outcome done = { .kind = OK };
    incload__sched_unit unit;

    while (incload__sched_pull(sched, &unit, -1) == INCLOAD__PULL_UNIT) {
        incload__sched_complete(sched, unit.token, &done);
        int32_t least = ++ended;
        incload__sched_settle(sched);
        int32_t found = told_count;
        if (told[unit.key] != 1 || found < least)
            lacking += least - found > 1 ? least - found : 1;
    }
    return data;
}

START_TEST(what_has_ended_has_been_told_while_memory_fails_now_and_then)
{
    for (int32_t round = 0; round < ROUNDS; round++) {
        pthread_t threads[THREADS];
        open_stage(note_end);
        ended = lacking = 0;
        lend(1 + round % 4, 1 + round % 7);
        for (int32_t i = 0; i < THREADS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, end_and_settle, NULL), 0);
        for (int32_t i = 0; i < THREADS; i++)
            ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        incload__sched_settle(sched);
        ck_assert_msg(lacking == 0, "round %d: %d ends were not told when settling was over", round, lacking);
        ck_assert_int_eq(told_count, ended);
        ck_assert_int_eq(info(0).succeeded, ended);
        stage_tear_down();
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, what_has_ended_has_been_told_wherever_the_telling_stands);
    tcase_add_test(tests, what_has_ended_has_been_told_while_memory_fails_now_and_then);
}

HARNESS_MAIN("scheduler_settle", add_tests)
