/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads: the pool, hosts that take part, hosts that pull; against a naive model of what must have happened. */
#include "stage.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 400 };

/* The thread sanitizer takes what the parent's threads wrote for races with the child, where they are not. */
#ifdef __SANITIZE_THREAD__
enum { CAN_FORK = 0 };
#else
enum { CAN_FORK = 1 };
#endif

static _Atomic int32_t runs_of[MOST];
static _Atomic int32_t order_of[MOST];
static _Atomic int32_t clock_tick;
static _Atomic int32_t running_now;
static _Atomic int32_t running_most;
static _Atomic bool stop_now;
static int32_t plan[MOST]; /* the outcome each node is to have */

static void
run_as_planned(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    (void)data;
    int32_t now = ++running_now;
    for (int32_t most = running_most; now > most;) {
        if (atomic_compare_exchange_weak(&running_most, &most, now))
            break;
    }
    runs_of[unit->node]++;
    order_of[unit->node] = ++clock_tick;
    outcome->kind = plan[unit->node];
    running_now--;
}

static void
set_up(void)
{
    stage_set_up();
    env = incload__env_system;
    config.hooks.run = run_as_planned;
    for (int32_t i = 0; i < MOST; i++) {
        runs_of[i] = 0;
        plan[i] = OK;
    }
    running_most = 0;
    stop_now = false;
}

static uint32_t seed;

static int32_t
draw(int32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (int32_t)((seed >> 8) % (uint32_t)below);
}

static bool edges[MOST][MOST];
static int32_t rules[MOST];

static void
make_random_graph(int32_t count)
{
    memset(edges, 0, sizeof edges);
    for (int32_t i = 0; i < count; i++) {
        int32_t ups = i == 0 ? 0 : draw(4);
        bool any = false;
        for (int32_t k = 0; k < ups; k++) {
            int32_t from = draw(i);
            edges[from][i] = true;
            any = true;
        }
        rules[i] = any ? draw(INCLOAD__RULE_ALL_FAILED + 1) : INCLOAD__RULE_ALL_SUCCESS;
        int32_t kind = draw(10);
        plan[i] = kind == 0 ? FAILED : kind == 1 ? INCLOAD__OUTCOME_SKIP : OK;
        node_with(0, rules[i], 0);
    }
    for (int32_t i = 0; i < count; i++) {
        for (int32_t j = 0; j < count; j++) {
            if (edges[i][j])
                edge(i, j);
        }
    }
}

/* In the order of their numbers, all ends known: what each node must end as. 0 ok, 1 skip, 2 bad. */
static int32_t
model(int32_t count, bool *must_run)
{
    int32_t class[MOST], failed = 0;

    for (int32_t i = 0; i < count; i++) {
        incload__rule_counts counts = { .ok = 0 };
        for (int32_t j = 0; j < i; j++) {
            counts.upstreams += edges[j][i];
            counts.ok += edges[j][i] && class[j] == 0;
            counts.skip += edges[j][i] && class[j] == 1;
            counts.bad += edges[j][i] && class[j] == 2;
        }
        const incload__rule rule = { .kind = rules[i] };
        int32_t decision = incload__rule_decide(&rule, &counts);
        must_run[i] = decision == INCLOAD__DECIDE_RUN;
        if (must_run[i])
            class[i] = plan[i] == OK ? 0 : plan[i] == FAILED ? 2 : 1;
        else
            class[i] = decision == INCLOAD__DECIDE_SKIP_BAD ? 2 : 1;
        failed += must_run[i] && plan[i] == FAILED;
    }
    return failed > 0 ? INCLOAD__RUN_FAILED : INCLOAD__RUN_SUCCESS;
}

START_TEST(random_graphs_run_as_a_naive_model_says)
{
    for (uint32_t round = 1; round <= 40; round++) {
        bool must_run[MOST];
        seed = round;
        int32_t count = 50 + draw(MOST - 50);
        make_random_graph(count);
        begin();
        ck_assert_int_eq(incload__sched_start_pool(sched, 1 + draw(4), 0, NULL), INCLOAD_OK);
        int32_t state = incload__sched_wait(sched, -1);
        ck_assert_int_eq(state, model(count, must_run));
        for (int32_t i = 0; i < count; i++) {
            ck_assert_int_eq(runs_of[i], must_run[i]);
            for (int32_t j = 0; j < i && must_run[i] && rules[i] == INCLOAD__RULE_ALL_SUCCESS; j++)
                ck_assert(!edges[j][i] || order_of[j] < order_of[i]);
        }
        stage_tear_down();
        set_up();
    }
    begin();
}
END_TEST

static void *
take_part(void *data)
{
    (void)data;
    incload__sched_participate(sched);
    return NULL;
}

static void *
pull_until_the_end(void *data)
{
    incload__sched_unit unit;
    incload__sched_outcome outcome = { .kind = 0 };

    (void)data;
    while (incload__sched_pull(sched, &unit, -1) == INCLOAD__PULL_UNIT) {
        run_as_planned(NULL, &unit, &outcome);
        incload__sched_complete(sched, unit.token, &outcome);
    }
    return NULL;
}

START_TEST(pool_participants_and_pullers_share_one_run)
{
    pthread_t threads[4];

    for (int32_t i = 0; i < MOST; i++)
        node();
    for (int32_t i = 10; i < MOST; i++)
        edge(i - 10, i);
    begin();
    ck_assert_int_eq(incload__sched_start_pool(sched, 2, 0, NULL), INCLOAD_OK);
    for (int32_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, i % 2 == 0 ? take_part : pull_until_the_end, NULL);
    for (int32_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_SUCCESS);
    for (int32_t i = 0; i < MOST; i++)
        ck_assert_int_eq(runs_of[i], 1);
}
END_TEST

START_TEST(a_pool_of_two_slots_never_runs_three)
{
    const incload__sched_pool pools[] = { { "p", 2 } };
    const incload__sched_gate gates[] = { { .pools = { 0 }, .weights = { 1 } } };

    config.pools = pools;
    config.pool_count = 1;
    config.gates = gates;
    config.gate_count = 1;
    for (int32_t i = 0; i < MOST; i++)
        node();
    begin();
    ck_assert_int_eq(incload__sched_start_pool(sched, 6, 0, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_SUCCESS);
    ck_assert_int_le(running_most, 2);
}
END_TEST

static pthread_mutex_t stop_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stopped = PTHREAD_COND_INITIALIZER;
static int32_t inside;

static void
run_until_told(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    (void)data;
    (void)unit;
    pthread_mutex_lock(&stop_lock);
    inside++;
    pthread_cond_broadcast(&stopped);
    while (!stop_now)
        pthread_cond_wait(&stopped, &stop_lock);
    pthread_mutex_unlock(&stop_lock);
    outcome->kind = FAILED;
}

static void
tell(void *data, const incload__sched_unit *unit, int32_t reason)
{
    (void)data;
    (void)unit;
    (void)reason;
    pthread_mutex_lock(&stop_lock);
    stop_now = true;
    pthread_cond_broadcast(&stopped);
    pthread_mutex_unlock(&stop_lock);
}

START_TEST(a_cancel_reaches_units_that_run)
{
    config.hooks.run = run_until_told;
    config.hooks.cancel = tell;
    inside = 0;
    for (int32_t i = 0; i < 8; i++)
        node();
    begin();
    ck_assert_int_eq(incload__sched_start_pool(sched, 4, 0, NULL), INCLOAD_OK);
    pthread_mutex_lock(&stop_lock);
    while (inside < 4)
        pthread_cond_wait(&stopped, &stop_lock);
    pthread_mutex_unlock(&stop_lock);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_NOW), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_CANCELLED);
    ck_assert_int_eq(inside, 4);
}
END_TEST

START_TEST(deadlines_are_kept_while_every_thread_is_busy)
{
    const incload__sched_policy policy = { .attempt_us = 2000 };

    config.hooks.run = run_until_told;
    config.hooks.cancel = tell;
    config.policies = &policy;
    config.policy_count = 1;
    node();
    begin();
    ck_assert_int_eq(incload__sched_start_pool(sched, 1, 0, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_FAILED);
    expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_ATTEMPT);
}
END_TEST

static int32_t seen[8];
static int32_t seen_count;

static void
see(void *data, const incload__sched_event *event)
{
    (void)data;
    if (seen_count < 8)
        seen[seen_count++] = event->kind;
}

START_TEST(events_are_told_in_order_and_before_the_wait_ends)
{
    static const int32_t expected[] = { INCLOAD__SCHED_UNIT_STARTED, INCLOAD__SCHED_UNIT_FINISHED,
                                        INCLOAD__SCHED_NODE_FINISHED, INCLOAD__SCHED_RUN_FINISHED };

    config.hooks.event = see;
    seen_count = 0;
    node();
    begin();
    ck_assert_int_eq(incload__sched_start_pool(sched, 2, 0, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_SUCCESS);
    ck_assert_int_eq(seen_count, 4);
    for (int32_t i = 0; i < 4; i++)
        ck_assert_int_eq(seen[i], expected[i]);
}
END_TEST

static void
look_at_the_mask(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    sigset_t mask;

    (void)data;
    (void)unit;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    outcome->kind = sigismember(&mask, SIGINT) && sigismember(&mask, SIGALRM) ? OK : FAILED;
}

START_TEST(no_signal_handler_of_the_host_runs_on_a_thread_of_the_pool)
{
    config.hooks.run = look_at_the_mask;
    node();
    begin();
    ck_assert_int_eq(incload__sched_start_pool(sched, 1, 0, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(a_forked_child_is_refused_and_frees)
{
    int status = 1;

    node();
    begin();
    ck_assert_int_eq(incload__sched_start_pool(sched, 2, 0, NULL), INCLOAD_OK);
    pid_t child = fork();
    if (child == 0) {
        incload__sched_unit unit;
        bool refused = incload__sched_pull(sched, &unit, 0) == INCLOAD_E_FORKED
                       && incload__sched_cancel(sched, INCLOAD__CANCEL_NOW) == INCLOAD_E_FORKED;
        incload__sched_free(sched);
        _exit(refused ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

/* ---- settling ---- */

static _Atomic bool second_runs;
static _Atomic bool first_told;
static _Atomic bool told_after_settling;

static void
settle_in_the_second(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    run_as_planned(data, unit, outcome);
    if (unit->node != 1)
        return;
    second_runs = true;
    incload__sched_settle(sched);
    told_after_settling = first_told;
}

/* Who is told of the first node's end takes until the second runs, or longer than any thread takes to begin it. */
static void
note_slowly(void *data, const incload__sched_event *event)
{
    (void)data;
    if (event->kind != INCLOAD__SCHED_NODE_FINISHED || event->node != 0)
        return;
    for (int32_t i = 0; i < 400 && !second_runs; i++)
        usleep(1000);
    usleep(5000);
    first_told = true;
}

START_TEST(what_a_unit_waits_for_has_been_told_when_it_settles)
{
    for (int32_t threads = 1; threads <= 3; threads++) {
        second_runs = first_told = told_after_settling = false;
        if (graph == NULL)
            stage_set_up();
        env = incload__env_system;
        config.hooks.run = settle_in_the_second;
        config.hooks.event = note_slowly;
        node();
        node();
        edge(0, 1);
        begin();
        ck_assert_int_eq(incload__sched_start_pool(sched, threads, 0, NULL), INCLOAD_OK);
        ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_SUCCESS);
        ck_assert(told_after_settling);
        stage_tear_down();
        graph = NULL;
        sched = NULL;
    }
    stage_set_up();
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, stage_tear_down);
    tcase_add_test(tests, random_graphs_run_as_a_naive_model_says);
    tcase_add_test(tests, pool_participants_and_pullers_share_one_run);
    tcase_add_test(tests, a_pool_of_two_slots_never_runs_three);
    tcase_add_test(tests, a_cancel_reaches_units_that_run);
    tcase_add_test(tests, deadlines_are_kept_while_every_thread_is_busy);
    tcase_add_test(tests, events_are_told_in_order_and_before_the_wait_ends);
    tcase_add_test(tests, what_a_unit_waits_for_has_been_told_when_it_settles);
    tcase_add_test(tests, no_signal_handler_of_the_host_runs_on_a_thread_of_the_pool);
    if (CAN_FORK)
        tcase_add_test(tests, a_forked_child_is_refused_and_frees);
}

HARNESS_MAIN("scheduler_threads", add_tests)
