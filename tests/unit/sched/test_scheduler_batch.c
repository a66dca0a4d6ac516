/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that take many short units at once: nobody may notice, but by the speed. */
#include "stage.h"

#include <pthread.h>
#include <sched.h>

enum { MOST = 3000, LONG = 1700, PATIENCE_US = 20000000 };

static _Atomic int32_t runs_of[MOST];
static _Atomic int32_t started;
static _Atomic int32_t ended;
static _Atomic int32_t running;
static _Atomic int32_t running_most;
static _Atomic bool given_up;
static _Atomic bool told_end[MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static _Atomic bool released;

static void
set_up(void)
{
    stage_set_up();
    env = incload__env_system;
    for (int32_t i = 0; i < MOST; i++) {
        runs_of[i] = 0;
        told_end[i] = false;
    }
    started = ended = running = running_most = 0;
    given_up = released = false;
}

static void
start_threads(int32_t count)
{
    ck_assert_int_eq(incload__sched_start_pool(sched, count, 0, NULL), INCLOAD_OK);
}

/* Waits in the midst of a unit until the flag is set; what it waits for must come by itself. */
static void
wait_for(const _Atomic bool *flag)
{
    int64_t until = incload__monotonic_us(&env) + PATIENCE_US;
    struct timespec wake = { .tv_sec = 0 };

    pthread_mutex_lock(&lock);
    while (!*flag && !given_up) {
        clock_gettime(CLOCK_REALTIME, &wake);
        wake.tv_sec++;
        pthread_cond_timedwait(&changed, &lock, &wake);
        given_up = incload__monotonic_us(&env) > until;
    }
    pthread_mutex_unlock(&lock);
}

static void
set_flag(_Atomic bool *flag)
{
    pthread_mutex_lock(&lock);
    *flag = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* ---- one that takes long ---- */

static int32_t long_one;

static void
run_one_long(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    (void)data;
    runs_of[unit->node]++;
    if (unit->node == long_one)
        wait_for(&released);
    if (++ended == MOST - 1)
        set_flag(&released);
    outcome->kind = OK;
}

START_TEST(a_long_unit_holds_up_none_of_those_taken_with_it)
{
    /* In the midst, and where nothing else is left for the other thread. */
    long_one = _i == 0 ? LONG : MOST - 30;
    config.hooks.run = run_one_long;
    for (int32_t i = 0; i < MOST; i++)
        node();
    begin();
    start_threads(2);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_SUCCESS);
    ck_assert_msg(!given_up, "units waited behind one that took long");
    for (int32_t i = 0; i < MOST; i++)
        ck_assert_int_eq(runs_of[i], 1);
}
END_TEST

static void
run_until_one_below(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    (void)data;
    runs_of[unit->node]++;
    if (unit->node == LONG)
        wait_for(&released);
    if (unit->node == MOST - 1)
        set_flag(&released);
    outcome->kind = OK;
}

START_TEST(what_a_long_unit_was_taken_with_releases_those_below_to_others)
{
    config.hooks.run = run_until_one_below;
    for (int32_t i = 0; i < MOST; i++)
        node();
    /* All but the long one end before it does, and only then the last is ready. */
    for (int32_t i = 0; i < MOST - 1; i++) {
        if (i != LONG)
            edge(i, MOST - 1);
    }
    begin();
    start_threads(2);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_SUCCESS);
    ck_assert_msg(!given_up, "an end was not told while the next unit took long");
}
END_TEST

static void
see_ends(void *data, const incload__sched_event *event)
{
    (void)data;
    if (event->kind == INCLOAD__SCHED_UNIT_FINISHED)
        set_flag(&told_end[event->node]);
}

static void
run_until_the_one_before_is_told(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    (void)data;
    if (unit->node == LONG)
        wait_for(&told_end[LONG - 1]);
    outcome->kind = OK;
}

START_TEST(ends_are_told_while_the_next_unit_takes_long)
{
    const incload__sched_policy policy = { .attempt_us = 60000000 };

    config.policies = &policy;
    config.policy_count = 1;
    config.hooks.run = run_until_the_one_before_is_told;
    config.hooks.event = see_ends;
    for (int32_t i = 0; i < MOST; i++)
        node();
    begin();
    start_threads(1);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_SUCCESS);
    ck_assert_msg(!given_up, "nobody told of an end while its thread was busy");
}
END_TEST

static void
run_into_a_timeout(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    (void)data;
    outcome->kind = OK;
    if (unit->node != LONG)
        return;
    ck_assert_int_ge(unit->deadline_us, incload__monotonic_us(&env) + 1000000);
    wait_for(&released);
    outcome->kind = FAILED;
}

static void
stop_it(void *data, const incload__sched_unit *unit, int32_t reason)
{
    (void)data;
    if (unit->node == LONG && reason == INCLOAD__REASON_TIMEOUT_ATTEMPT)
        set_flag(&released);
}

START_TEST(the_time_of_a_unit_counts_from_its_own_beginning)
{
    const incload__sched_policy policies[] = { { .attempt_us = 2000000 }, { .attempt_us = 1500000 } };

    config.policies = policies;
    config.policy_count = 2;
    config.hooks.run = run_into_a_timeout;
    config.hooks.cancel = stop_it;
    for (int32_t i = 0; i < MOST; i++)
        node_with(0, INCLOAD__RULE_ALL_SUCCESS, i == LONG);
    begin();
    start_threads(1);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_FAILED);
    ck_assert(!given_up);
    expect(LONG, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_ATTEMPT);
    expect(LONG + 1, INCLOAD_STATUS_SUCCESS, INCLOAD__REASON_NONE);
}
END_TEST

/* ---- units so short that threads keep away ---- */

enum { MEETING = 500, MEMBERS = 3 };

static _Atomic int32_t came;

/* A meeting is over when all its members are at it, each on a thread of its own. */
static void
run_and_meet(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    int64_t until = incload__monotonic_us(&env) + PATIENCE_US;

    (void)data;
    outcome->kind = OK;
    if (unit->node % MEETING < MEETING - MEMBERS)
        return;
    int32_t all = (came++ / MEMBERS + 1) * MEMBERS;
    while (came < all && !given_up) {
        sched_yield();
        given_up = incload__monotonic_us(&env) > until;
    }
}

START_TEST(threads_that_kept_away_are_there_when_units_take_long)
{
    came = 0;
    config.hooks.run = run_and_meet;
    for (int32_t i = 0; i < 40 * MEETING; i++) {
        int32_t round = i / MEETING * MEETING;
        node();
        /* A round begins when the last meeting is over, and its own waits for some of its short ones. */
        for (int32_t j = 1; i == round && i > 0 && j <= MEMBERS; j++)
            edge(i - j, i);
        if (i % MEETING >= MEETING - MEMBERS)
            edge(i - MEMBERS, i);
        else if (i > round)
            edge(round, i);
    }
    begin();
    start_threads(MEMBERS);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_SUCCESS);
    ck_assert_msg(!given_up, "a thread stayed away from a unit that was ready");
    ck_assert_int_eq(came, 40 * MEMBERS);
}
END_TEST

enum { WIDTH = 60, EDGES = 4 };

static int32_t
upstream(int32_t node, int32_t which)
{
    return (node / WIDTH - 1) * WIDTH + (node % WIDTH + which * 7) % WIDTH;
}

static void
run_after_those_above(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    (void)data;
    outcome->kind = OK;
    for (int32_t j = 0; j < EDGES && unit->node >= WIDTH; j++) {
        if (runs_of[upstream(unit->node, j)] != 1)
            outcome->kind = FAILED;
    }
    if (++runs_of[unit->node] != 1)
        outcome->kind = FAILED;
}

START_TEST(short_units_of_many_threads_run_once_and_after_those_above)
{
    const incload__sched_policy policy = { .attempt_us = 60000000 };

    config.hooks.run = run_after_those_above;
    if (_i % 2 != 0) {
        config.policies = &policy;
        config.policy_count = 1;
        config.hooks.event = see_ends;
    }
    for (int32_t i = 0; i < MOST; i++) {
        node();
        for (int32_t j = 0; j < EDGES && i >= WIDTH; j++)
            edge(upstream(i, j), i);
    }
    begin();
    start_threads(4);
    for (int32_t i = 0; _i >= 2 && incload__sched_state(sched) == INCLOAD__RUN_RUNNING; i++)
        ck_assert_int_ne(info(i % MOST).status, INCLOAD_STATUS_FAILED);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_SUCCESS);
    for (int32_t i = 0; i < MOST; i++) {
        ck_assert_int_eq(runs_of[i], 1);
        ck_assert_int_eq(told_end[i], _i % 2);
    }
}
END_TEST

/* ---- looks and changes from the outside ---- */

static void
run_and_look(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    static int32_t before;

    (void)data;
    outcome->kind = OK;
    if (started++ == 0)
        before = -1;
    if (unit->node == LONG) {
        if (info(unit->node).status != INCLOAD_STATUS_RUNNING || info(before).status != INCLOAD_STATUS_SUCCESS)
            outcome->kind = FAILED;
        for (int32_t i = unit->node + 1; i < unit->node + 200; i++) {
            if (info(i).status != INCLOAD_STATUS_PENDING || info(i).reason != INCLOAD__REASON_WAITING_WORKER)
                outcome->kind = FAILED;
        }
    }
    before = unit->node;
}

START_TEST(a_look_sees_what_has_ended_what_runs_and_what_waits)
{
    config.hooks.run = run_and_look;
    for (int32_t i = 0; i < MOST; i++)
        node();
    begin();
    start_threads(1);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_SUCCESS);
}
END_TEST

static void
run_and_pause(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    (void)data;
    started++;
    if (unit->node == LONG) {
        incload__sched_pause(sched, -1, true);
        set_flag(&released);
    }
    outcome->kind = OK;
}

START_TEST(nothing_starts_after_a_pause_has_returned)
{
    incload__sched_unit unit;

    config.hooks.run = run_and_pause;
    for (int32_t i = 0; i < MOST; i++)
        node();
    begin();
    start_threads(1);
    wait_for(&released);
    ck_assert_int_eq(incload__sched_pull(sched, &unit, 20000), INCLOAD__PULL_NONE);
    ck_assert_int_eq(started, LONG + 1);
    incload__sched_pause(sched, -1, false);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_SUCCESS);
    ck_assert_int_eq(started, MOST);
}
END_TEST

static void
run_and_cancel(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    (void)data;
    started++;
    if (unit->node == LONG)
        incload__sched_cancel(sched, INCLOAD__CANCEL_DRAIN);
    outcome->kind = OK;
}

START_TEST(nothing_starts_after_a_cancel_has_returned)
{
    config.hooks.run = run_and_cancel;
    for (int32_t i = 0; i < MOST; i++)
        node();
    begin();
    start_threads(1);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_CANCELLED);
    ck_assert_int_eq(started, LONG + 1);
    expect(LONG, INCLOAD_STATUS_SUCCESS, INCLOAD__REASON_NONE);
    expect(LONG + 1, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_RUN_CANCELLED);
}
END_TEST

/* ---- places ---- */

static void
run_and_count(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    (void)data;
    (void)unit;
    int32_t now = ++running;
    for (int32_t most = running_most; now > most;) {
        if (atomic_compare_exchange_weak(&running_most, &most, now))
            break;
    }
    running--;
    outcome->kind = OK;
}

START_TEST(places_that_are_kept_for_units_of_a_batch_are_taken_back_by_who_needs_them)
{
    const incload__sched_pool pools[] = { { "p", 40 } };
    const incload__sched_gate gates[] = { { .pools = { 0 }, .weights = { 1 } },
                                          { .pools = { 0 }, .weights = { 39 }, .limit.max_running = 1 } };
    const incload__sched_policy policies[] = { { .gate = 0 }, { .gate = 1 } };

    config.pools = pools;
    config.pool_count = 1;
    config.gates = gates;
    config.gate_count = 2;
    config.policies = policies;
    config.policy_count = 2;
    config.hooks.run = run_and_count;
    for (int32_t i = 0; i < MOST; i++)
        node_with(0, INCLOAD__RULE_ALL_SUCCESS, i % 10 == 9);
    begin();
    start_threads(3);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_SUCCESS);
    ck_assert_int_le(running_most, 3);
}
END_TEST

/* ---- the order ---- */

static int32_t order[2][4 * MOST];
static int32_t ran;
static int32_t round_no;

static uint32_t
mix(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

/* The same for both ways to drive: some fail, are left out, come back at once, or are tried again at once. */
static int32_t
outcome_of(const incload__sched_unit *unit)
{
    uint32_t call = (uint32_t)runs_of[unit->node]++;

    switch (mix((uint32_t)unit->node * 7u + call * 31u + (uint32_t)round_no * 1009u) % 40) {
    case 0:
        return FAILED;
    case 1:
        return INCLOAD__OUTCOME_SKIP;
    case 2:
        return INCLOAD__OUTCOME_YIELD;
    case 3:
        return INCLOAD__OUTCOME_RETRY;
    default:
        return OK;
    }
}

static void
run_in_order(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    int32_t *told = data;

    ck_assert_int_lt(ran, 4 * MOST);
    told[ran++] = unit->node;
    outcome->kind = outcome_of(unit);
}

static void
make_graph(void)
{
    static const int32_t rules[] = { INCLOAD__RULE_ALL_SUCCESS, INCLOAD__RULE_ALL_SUCCESS, INCLOAD__RULE_ALL_SUCCESS,
                                     INCLOAD__RULE_ALL_DONE, INCLOAD__RULE_NONE_FAILED };

    for (int32_t i = 0; i < MOST; i++) {
        uint32_t chance = mix((uint32_t)i + (uint32_t)round_no * 7919u);
        const incload__node_spec spec = { .priority = (int32_t)(round_no % 2 == 0 ? chance % 50 == 0 : chance % 3),
                                          .weight = 1 + (int32_t)(chance % 3), .policy = (int32_t)(chance / 512 % 2),
                                          .rule.kind = i > 0 ? rules[chance / 64 % 5] : 0 };
        ck_assert_int_eq(incload__graph_add_node(graph, &spec), i);
    }
    for (int32_t i = 1; i < MOST; i++) {
        uint32_t chance = mix((uint32_t)i * 3u + (uint32_t)round_no * 104729u);
        /* Chains, trees and loose ends; by turns, layers of units that wait for several. */
        for (int32_t k = 0; round_no % 2 != 0 && i > 64 && k < (int32_t)(chance % 5); k++)
            edge(i - 1 - 13 * k - (int32_t)(chance / 8 % 13), i);
        if (round_no % 2 == 0 && chance % 4 != 0)
            edge(chance % 8 < 5 ? i - 1 : (int32_t)(chance / 8 % (uint32_t)i), i);
    }
}

static int32_t
drive(bool together)
{
    incload__sched_unit unit;
    int32_t count;

    stage_set_up();
    env = incload__env_system;
    for (int32_t i = 0; i < MOST; i++)
        runs_of[i] = 0;
    ran = 0;
    static const incload__sched_gate gates[] = { { .limit.max_running = 0 }, { .limit.max_running = 40 } };
    static const incload__sched_policy policies[] = { { .attempts = 3 }, { .attempts = 3, .gate = 1 } };
    config.gates = gates;
    config.gate_count = 2;
    config.policies = policies;
    config.policy_count = 2;
    config.hooks.run = run_in_order;
    config.hooks.user_data = order[together];
    make_graph();
    begin();
    if (together)
        ck_assert_int_eq(incload__sched_participate(sched), INCLOAD_OK);
    while (!together && incload__sched_pull(sched, &unit, -1) == INCLOAD__PULL_UNIT) {
        incload__sched_outcome outcome = { .kind = 0 };
        run_in_order(order[0], &unit, &outcome);
        ck_assert_int_eq(incload__sched_complete(sched, unit.token, &outcome), INCLOAD_OK);
    }
    count = ran;
    stage_tear_down();
    sched = NULL;
    graph = NULL;
    return count;
}

START_TEST(one_thread_runs_units_in_the_order_of_one_by_one)
{
    stage_tear_down();
    for (round_no = 0; round_no < 12; round_no++) {
        int32_t one_by_one = drive(false), together = drive(true);
        ck_assert_int_eq(one_by_one, together);
        for (int32_t i = 0; i < together; i++)
            ck_assert_msg(order[0][i] == order[1][i], "round %d: unit %d is of node %d, not %d", round_no, i,
                          order[1][i], order[0][i]);
    }
    set_up();
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, stage_tear_down);
    tcase_add_loop_test(tests, a_long_unit_holds_up_none_of_those_taken_with_it, 0, 2);
    tcase_add_test(tests, what_a_long_unit_was_taken_with_releases_those_below_to_others);
    tcase_add_test(tests, ends_are_told_while_the_next_unit_takes_long);
    tcase_add_test(tests, the_time_of_a_unit_counts_from_its_own_beginning);
    tcase_add_test(tests, threads_that_kept_away_are_there_when_units_take_long);
    tcase_add_loop_test(tests, short_units_of_many_threads_run_once_and_after_those_above, 0, 4);
    tcase_add_test(tests, a_look_sees_what_has_ended_what_runs_and_what_waits);
    tcase_add_test(tests, nothing_starts_after_a_pause_has_returned);
    tcase_add_test(tests, nothing_starts_after_a_cancel_has_returned);
    tcase_add_test(tests, places_that_are_kept_for_units_of_a_batch_are_taken_back_by_who_needs_them);
    tcase_add_test(tests, one_thread_runs_units_in_the_order_of_one_by_one);
}

HARNESS_MAIN("scheduler_batch", add_tests)
