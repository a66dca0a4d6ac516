/* SPDX-License-Identifier: Apache-2.0 */
/* Retries, timeouts, pools, limits: what makes a unit wait, and for how long. The clock moves when told. */
#include "stage.h"

static int32_t told_node, told_reason, told_count;

static void
told_to_stop(void *data, const incload__sched_unit *unit, int32_t reason)
{
    (void)data;
    told_node = unit->node;
    told_reason = reason;
    told_count++;
}

static incload__sched_policy policy;

static void
with_policy(void)
{
    config.policies = &policy;
    config.policy_count = 1;
    config.hooks.cancel = told_to_stop;
    told_count = 0;
}

static void
reset_policy(void)
{
    memset(&policy, 0, sizeof policy);
    stage_set_up();
}

START_TEST(an_error_that_may_pass_is_retried_after_a_pause_that_doubles)
{
    policy = (incload__sched_policy){ .attempts = 3, .retry = { .base_us = 1000, .jitter = INCLOAD__JITTER_NONE } };
    with_policy();
    node();
    begin();
    complete_next(0, INCLOAD__OUTCOME_RETRY);
    expect(0, INCLOAD_STATUS_PENDING, INCLOAD__REASON_BACKOFF);
    ck_assert_int_eq(info(0).until_us, 2000);
    now_us = 1999;
    pull_nothing();
    now_us = 2000;
    incload__sched_unit again = pull(0);
    ck_assert_int_eq(again.attempt, 2);
    complete(again, INCLOAD__OUTCOME_RETRY);
    ck_assert_int_eq(incload__sched_tick(sched), 4000);
    now_us = 4000;
    complete_next(0, INCLOAD__OUTCOME_RETRY);
    expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

START_TEST(full_jitter_draws_from_nothing_to_the_pause)
{
    const incload__retry_rule full = { .base_us = 1000 }, equal = { .base_us = 1000, .jitter = INCLOAD__JITTER_EQUAL };
    const incload__retry_rule capped = { .base_us = 1000, .cap_us = 3000, .jitter = INCLOAD__JITTER_NONE };

    ck_assert_int_eq(incload__retry_delay_us(&env, &full, 1), 500);
    ck_assert_int_eq(incload__retry_delay_us(&env, &equal, 1), 500 + 500);
    ck_assert_int_eq(incload__retry_delay_us(&env, &capped, 2), 2000);
    ck_assert_int_eq(incload__retry_delay_us(&env, &capped, 2000000), 3000);
}
END_TEST

START_TEST(being_throttled_and_yielding_use_up_no_attempt)
{
    const incload__sched_outcome throttled = { .kind = INCLOAD__OUTCOME_THROTTLED, .after_us = 10 };
    const incload__sched_outcome yielded = { .kind = INCLOAD__OUTCOME_YIELD };

    policy = (incload__sched_policy){ .attempts = 1, .throttled_budget_us = 35 };
    with_policy();
    node();
    begin();
    for (int32_t i = 0; i < 3; i++) {
        incload__sched_unit unit = pull(0);
        ck_assert_int_eq(unit.attempt, 1);
        ck_assert_int_eq(incload__sched_complete(sched, unit.token, &throttled), INCLOAD_OK);
        pull_nothing();
        now_us += 10;
    }
    ck_assert_int_eq(incload__sched_complete(sched, pull(0).token, &yielded), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_complete(sched, pull(0).token, &throttled), INCLOAD_OK);
    expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
}
END_TEST

START_TEST(a_unit_that_is_not_started_in_time_fails)
{
    policy = (incload__sched_policy){ .queue_us = 100 };
    with_policy();
    node(), node();
    edge(0, 1);
    begin();
    now_us += 99;
    complete_next(0, OK);
    now_us += 99;
    incload__sched_tick(sched);
    expect(1, INCLOAD_STATUS_PENDING, INCLOAD__REASON_WAITING_WORKER);
    now_us += 1;
    pull_end(INCLOAD__RUN_FAILED);
    expect(1, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_QUEUE);
    ck_assert_int_eq(told_count, 0);
}
END_TEST

START_TEST(an_attempt_that_takes_too_long_is_told_and_retried_when_it_stops)
{
    policy = (incload__sched_policy){ .attempts = 2, .attempt_us = 100, .grace_us = 50,
                                      .retry = { .base_us = 10, .jitter = INCLOAD__JITTER_NONE } };
    with_policy();
    node();
    begin();
    incload__sched_unit unit = pull(0);
    ck_assert_int_eq(unit.deadline_us, 1100);
    now_us = 1100;
    incload__sched_tick(sched);
    ck_assert_int_eq(told_count, 1);
    ck_assert_int_eq(told_reason, INCLOAD__REASON_TIMEOUT_ATTEMPT);
    ck_assert_int_eq(incload__sched_beat(sched, unit.token), INCLOAD_E_CANCELLED);
    complete(unit, FAILED);
    now_us = 1110;
    unit = pull(0);
    now_us = 1300;
    incload__sched_tick(sched);
    complete(unit, FAILED);
    expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_ATTEMPT);
}
END_TEST

START_TEST(a_unit_that_does_not_stop_is_given_up_and_its_late_result_refused)
{
    const incload__sched_outcome late = { .kind = OK };

    policy = (incload__sched_policy){ .attempts = 5, .attempt_us = 100, .grace_us = 50 };
    with_policy();
    node();
    begin();
    incload__sched_unit unit = pull(0);
    now_us = 1100;
    incload__sched_tick(sched);
    now_us = 1149;
    incload__sched_tick(sched);
    expect(0, INCLOAD_STATUS_RUNNING, 0);
    now_us = 1150;
    incload__sched_tick(sched);
    expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_ATTEMPT);
    ck_assert_int_eq(incload__sched_complete(sched, unit.token, &late), INCLOAD_E_CONFLICT);
    ck_assert_int_eq(incload__sched_beat(sched, unit.token), INCLOAD_E_CONFLICT);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

START_TEST(what_ends_well_within_the_grace_counts)
{
    policy = (incload__sched_policy){ .attempt_us = 100, .grace_us = 50 };
    with_policy();
    node();
    begin();
    incload__sched_unit unit = pull(0);
    now_us = 1120;
    incload__sched_tick(sched);
    complete(unit, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(the_total_time_holds_over_pauses_and_attempts)
{
    policy = (incload__sched_policy){ .attempts = 100, .total_us = 500,
                                      .retry = { .base_us = 400, .jitter = INCLOAD__JITTER_NONE } };
    with_policy();
    node();
    begin();
    complete_next(0, INCLOAD__OUTCOME_RETRY);
    now_us = 1400;
    complete_next(0, INCLOAD__OUTCOME_RETRY);
    ck_assert_int_eq(incload__sched_tick(sched), 1500);
    now_us = 1500;
    pull_end(INCLOAD__RUN_FAILED);
    expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_TOTAL);
}
END_TEST

START_TEST(a_sign_of_life_puts_the_heartbeat_off)
{
    policy = (incload__sched_policy){ .heartbeat_us = 100 };
    with_policy();
    node();
    begin();
    incload__sched_unit unit = pull(0);
    now_us = 1090;
    ck_assert_int_eq(incload__sched_beat(sched, unit.token), INCLOAD_OK);
    now_us = 1189;
    ck_assert_int_eq(incload__sched_tick(sched), 1190);
    ck_assert_int_eq(told_count, 0);
    now_us = 1190;
    incload__sched_tick(sched);
    ck_assert_int_eq(told_reason, INCLOAD__REASON_HEARTBEAT_LOST);
    complete(unit, FAILED);
    expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_HEARTBEAT_LOST);
}
END_TEST

START_TEST(a_full_pool_holds_its_own_back_and_nobody_else)
{
    const incload__sched_pool pools[] = { { "warehouse", 3 }, { "api", 1 } };
    const incload__sched_gate gates[] = { { .weights = { 0 } },
                                          { .pools = { 0, 1 }, .weights = { 2, 1 } },
                                          { .pools = { 0 }, .weights = { 1 } } };
    const incload__sched_policy policies[] = { { .gate = 0 }, { .gate = 1 }, { .gate = 2 } };

    config.pools = pools;
    config.pool_count = 2;
    config.gates = gates;
    config.gate_count = 3;
    config.policies = policies;
    config.policy_count = 3;
    node_with(0, 0, 1), node_with(0, 0, 1), node_with(0, 0, 2), node_with(0, 0, 2), node();
    begin();
    incload__sched_unit first = pull(0);
    incload__sched_unit second = pull(2);
    expect(1, INCLOAD_STATUS_PENDING, INCLOAD__REASON_WAITING_POOL);
    ck_assert_str_eq(info(1).pool, "warehouse");
    pull(4);
    pull_nothing();
    complete(second, OK);
    ck_assert_str_eq(info(1).pool, "warehouse");
    second = pull(3);
    complete(first, OK);
    pull(1);
    complete(second, OK);
}
END_TEST

START_TEST(what_was_overtaken_often_enough_is_served_first)
{
    const incload__sched_pool pools[] = { { "p", 2 } };
    const incload__sched_gate gates[] = { { .pools = { 0 }, .weights = { 2 } }, { .pools = { 0 }, .weights = { 1 } } };
    const incload__sched_policy policies[] = { { .gate = 0 }, { .gate = 1 } };

    config.pools = pools;
    config.pool_count = 1;
    config.gates = gates;
    config.gate_count = 2;
    config.policies = policies;
    config.policy_count = 2;
    for (int32_t i = 0; i < 200; i++)
        node_with(0, 0, 1);
    node_with(0, 0, 0);
    begin();
    incload__sched_unit running[2] = { pull(0), pull(1) };
    int32_t begun = 2;
    while (begun < 200) {
        incload__sched_unit unit;
        complete(running[begun % 2], OK);
        if (incload__sched_pull(sched, &unit, 0) != INCLOAD__PULL_UNIT)
            break;
        running[begun % 2] = unit;
        begun++;
    }
    /* The first start found room for the wide one too; each later one went past it. */
    ck_assert_int_eq(begun, 1 + 64);
    complete(running[(begun + 1) % 2], OK);
    pull(200);
}
END_TEST

START_TEST(a_pool_that_a_gate_names_twice_gives_the_sum_or_is_refused)
{
    const incload__sched_pool pools[] = { { "p", 3 } };
    incload__sched_gate gate = { .pools = { 0, 0 }, .weights = { 1, 1 } };
    incload_error *err = NULL;

    config.pools = pools;
    config.pool_count = 1;
    config.gates = &gate;
    config.gate_count = 1;
    node(), node();
    begin();
    pull(0);
    pull_nothing();
    incload__sched_free(sched);
    gate.weights[1] = 3;
    sched = incload__sched_new(&env, graph, &config, &err);
    ck_assert_ptr_null(sched);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "4 slots of pool 'p', which has 3"));
    incload_error_unref(err);
}
END_TEST

START_TEST(gates_that_ask_the_same_of_the_pools_cost_as_much_as_one)
{
    enum { COUNT = 2000 };
    static incload__sched_gate gates[COUNT];
    static incload__sched_policy policies[COUNT];
    const incload__sched_pool pools[] = { { "p", 2 } };

    for (int32_t i = 0; i < COUNT; i++) {
        gates[i] = (incload__sched_gate){ .pools = { 0 }, .weights = { 1 } };
        policies[i] = (incload__sched_policy){ .gate = i };
        node_with(0, 0, i);
    }
    config.pools = pools;
    config.pool_count = 1;
    config.gates = gates;
    config.policies = policies;
    config.gate_count = config.policy_count = COUNT;
    begin();
    ck_assert_uint_le(incload__sched_memory(sched), COUNT * 64);
    incload__sched_unit first = pull(0);
    pull(1);
    pull_nothing();
    complete(first, OK);
    pull(2);
}
END_TEST

START_TEST(a_rate_lets_a_burst_through_and_then_one_for_each_interval)
{
    const incload__sched_gate gate = { .limit = { .interval_us = 100, .burst = 2 } };

    config.gates = &gate;
    config.gate_count = 1;
    for (int32_t i = 0; i < 4; i++)
        node();
    begin();
    pull(0);
    pull(1);
    pull_nothing();
    expect(2, INCLOAD_STATUS_PENDING, INCLOAD__REASON_WAITING_RATE);
    ck_assert_int_eq(info(2).until_us, 1100);
    ck_assert_int_eq(incload__sched_tick(sched), 1100);
    now_us = 1100;
    pull(2);
    pull_nothing();
    now_us = 1200;
    pull(3);
}
END_TEST

START_TEST(a_paused_run_starts_nothing_until_it_goes_on)
{
    node();
    config.paused = true;
    begin();
    pull_nothing();
    expect(0, INCLOAD_STATUS_PENDING, INCLOAD__REASON_PAUSED);
    ck_assert_int_eq(incload__sched_pause(sched, -1, false), INCLOAD_OK);
    complete_next(0, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(a_drain_lets_what_runs_end_and_starts_nothing)
{
    with_policy();
    policy.attempts = 3;
    node(), node(), node();
    begin();
    incload__sched_unit first = pull(0), second = pull(1);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_DRAIN), INCLOAD_OK);
    ck_assert_int_eq(told_count, 0);
    expect(2, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_RUN_CANCELLED);
    complete(first, OK);
    complete(second, INCLOAD__OUTCOME_RETRY);
    expect(0, INCLOAD_STATUS_SUCCESS, INCLOAD__REASON_NONE);
    expect(1, INCLOAD_STATUS_FAILED, INCLOAD__REASON_CANCELLED);
    pull_end(INCLOAD__RUN_CANCELLED);
}
END_TEST

START_TEST(a_cancel_tells_what_runs_and_ends_what_rests_but_not_the_cleanup)
{
    const incload__node_spec cleanup = { .flags = INCLOAD__NODE_CLEANUP, .setup = 0 };

    policy = (incload__sched_policy){ .attempts = 2, .retry = { .base_us = 1000000 } };
    with_policy();
    node(), node(), node();
    edge(0, 1);
    ck_assert_int_eq(incload__graph_add_node(graph, &cleanup), 3);
    begin();
    complete_next(0, OK);
    incload__sched_unit running = pull(1);
    complete_next(2, INCLOAD__OUTCOME_RETRY);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_NOW), INCLOAD_OK);
    ck_assert_int_eq(told_count, 1);
    ck_assert_int_eq(told_node, 1);
    ck_assert_int_eq(told_reason, INCLOAD__REASON_CANCELLED);
    expect(2, INCLOAD_STATUS_FAILED, INCLOAD__REASON_CANCELLED);
    complete(running, INCLOAD__OUTCOME_RETRY);
    incload__sched_unit last = pull(3);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_NOW), INCLOAD_OK);
    ck_assert_int_eq(told_count, 1);
    complete(last, OK);
    pull_end(INCLOAD__RUN_CANCELLED);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, reset_policy, stage_tear_down);
    tcase_add_test(tests, an_error_that_may_pass_is_retried_after_a_pause_that_doubles);
    tcase_add_test(tests, full_jitter_draws_from_nothing_to_the_pause);
    tcase_add_test(tests, being_throttled_and_yielding_use_up_no_attempt);
    tcase_add_test(tests, a_unit_that_is_not_started_in_time_fails);
    tcase_add_test(tests, an_attempt_that_takes_too_long_is_told_and_retried_when_it_stops);
    tcase_add_test(tests, a_unit_that_does_not_stop_is_given_up_and_its_late_result_refused);
    tcase_add_test(tests, what_ends_well_within_the_grace_counts);
    tcase_add_test(tests, the_total_time_holds_over_pauses_and_attempts);
    tcase_add_test(tests, a_sign_of_life_puts_the_heartbeat_off);
    tcase_add_test(tests, a_full_pool_holds_its_own_back_and_nobody_else);
    tcase_add_test(tests, what_was_overtaken_often_enough_is_served_first);
    tcase_add_test(tests, a_pool_that_a_gate_names_twice_gives_the_sum_or_is_refused);
    tcase_add_test(tests, gates_that_ask_the_same_of_the_pools_cost_as_much_as_one);
    tcase_add_test(tests, a_rate_lets_a_burst_through_and_then_one_for_each_interval);
    tcase_add_test(tests, a_paused_run_starts_nothing_until_it_goes_on);
    tcase_add_test(tests, a_drain_lets_what_runs_end_and_starts_nothing);
    tcase_add_test(tests, a_cancel_tells_what_runs_and_ends_what_rests_but_not_the_cleanup);
}

HARNESS_MAIN("scheduler_time", add_tests)
