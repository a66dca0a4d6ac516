/* SPDX-License-Identifier: Apache-2.0 */
/* What the scheduler refuses, and steps that are added while it runs. */
#include "sched/edges.h"

static void
is_refused(int32_t code, const char *part)
{
    incload_error *err = NULL;

    ck_assert_ptr_null(incload__sched_new(&env, graph, &config, &err));
    ck_assert_int_eq(incload_error_code(err), code);
    ck_assert_msg(strstr(incload_error_message(err), part) != NULL, "%s", incload_error_message(err));
    incload_error_unref(err);
}

START_TEST(a_configuration_that_names_what_is_not_there_is_refused)
{
    const incload__sched_pool pool = { "p", 2 };
    incload__sched_gate gate = { .weights = { -1 } };
    incload__sched_source two[2] = { { .node = 0 } };

    (void)node_with(INCLOAD__NODE_SOURCE, INCLOAD__RULE_ALL_SUCCESS, 1);
    (void)node();
    is_refused(INCLOAD_E_STATE, "frozen");
    ck_assert_int_eq(incload__graph_freeze(graph, NULL, NULL), INCLOAD_OK);
    config.policy_count = 0;
    is_refused(INCLOAD_E_INVALID, "a node names policy 1, which does not exist");
    config.policy_count = 3;
    config.gates = &gate;
    config.gate_count = 1;
    is_refused(INCLOAD_E_INVALID, "gate 0 names a pool that does not exist");
    gate = (incload__sched_gate){ .pools = { -1 } };
    is_refused(INCLOAD_E_INVALID, "gate 0 names a pool that does not exist");
    gate = (incload__sched_gate){ .pools = { 0 }, .weights = { 1 } };
    is_refused(INCLOAD_E_INVALID, "gate 0 names a pool that does not exist");
    config.pools = &pool;
    config.pool_count = 1;
    policies[2].gate = 1;
    is_refused(INCLOAD_E_INVALID, "policy 2 names a gate that does not exist");
    policies[2].gate = -1;
    is_refused(INCLOAD_E_INVALID, "policy 2 names a gate that does not exist");
    policies[2].gate = 0;
    is_refused(INCLOAD_E_INVALID, "a node is without its source");
    config.sources = two;
    config.source_count = 1;
    is_refused(INCLOAD_E_INVALID, "source 0 is for no node that takes one");
    two[0].next = give;
    for (int32_t wrong = -1; wrong <= 2; wrong++) {
        two[0].node = wrong;
        if (wrong != 0)
            is_refused(INCLOAD_E_INVALID, "source 0 is for no node that takes one");
    }
    two[0].node = 0;
    two[1] = two[0];
    config.source_count = 2;
    is_refused(INCLOAD_E_INVALID, "node 0 has two sources");
    config.source_count = 1;
    sched = incload__sched_new(&env, graph, &config, NULL);
    ck_assert_ptr_nonnull(sched);
}
END_TEST

START_TEST(what_comes_too_late_or_names_no_node_is_refused)
{
    incload__sched_info found;
    incload_error *err = NULL;
    const incload__sched_outcome done = { .kind = OK };

    (void)node();
    (void)node();
    ck_assert_int_eq(incload__graph_freeze(graph, NULL, NULL), INCLOAD_OK);
    sched = incload__sched_new(&env, graph, &config, NULL);
    ck_assert_int_eq(incload__sched_preset(sched, -1, INCLOAD_STATUS_SUCCESS, 0), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__sched_preset(sched, 2, INCLOAD_STATUS_SUCCESS, 0), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__sched_preset(sched, 0, INCLOAD_STATUS_FAILED, 0), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__sched_preset(sched, 0, INCLOAD_STATUS_SUCCESS, 0), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_preset(sched, 0, INCLOAD_STATUS_SUCCESS, 0), INCLOAD_E_STATE);
    ck_assert_int_eq(incload__sched_begin(sched), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_begin(sched), INCLOAD_E_STATE);
    ck_assert_int_eq(incload__sched_preset(sched, 1, INCLOAD_STATUS_SUCCESS, 0), INCLOAD_E_STATE);
    ck_assert_int_eq(incload__sched_info_of(sched, -1, &found), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__sched_info_of(sched, 2, &found), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__sched_pause(sched, 1, true), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__sched_participate(sched), INCLOAD_E_STATE);
    ck_assert_int_eq(incload__sched_start_pool(sched, -1, 0, &err), INCLOAD_E_STATE);
    incload_error_unref(err);
    err = NULL;
    ck_assert_int_eq(incload__sched_start_pool(sched, 1, 0, &err), INCLOAD_E_STATE);
    incload_error_unref(err);
    ck_assert_int_eq(incload__sched_start_pool(sched, 0, 1 << 16, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_start_pool(sched, 0, 0, NULL), INCLOAD_E_STATE);
    incload__sched_unit unit = pull(1);
    ck_assert_int_eq(incload__sched_complete(sched, UINT64_C(1) << 32, &done), INCLOAD_E_CONFLICT);
    ck_assert_int_eq(incload__sched_complete(sched, (unit.token & UINT64_C(0xffffffff00000000)) | 1000, &done),
                     INCLOAD_E_CONFLICT);
    ck_assert_int_eq(incload__sched_complete(sched, 2, &done), INCLOAD_E_CONFLICT);
    complete(unit, OK);
    ck_assert_int_eq(incload__sched_complete(sched, unit.token, &done), INCLOAD_E_CONFLICT);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(steps_that_may_not_be_added_are_refused)
{
    int32_t first = node(), below = node(), aside = node();
    int32_t end = node_with(INCLOAD__NODE_FINISH, 0, 0);
    const incload__node_spec good[2] = { { .flags = 0 }, { .rule = { .kind = INCLOAD__RULE_ALL_DONE } } };
    const incload__node_spec bad[] = { { .flags = INCLOAD__NODE_FINISH },
                                       { .policy = -1 },
                                       { .policy = 3 },
                                       { .rule = { .kind = INCLOAD__RULE_ONE_SUCCESS } } };
    const incload__sched_added_edge wrong[] = { { aside, -1 },    { -2, -1 },       { -1, -1 },    { -1, -3 },
                                                { -3, below },    { first, below }, { -1, aside }, { -1, first },
                                                { -1, end },      { -1, 99 },       { aside, below } };

    edge(first, below);
    config.max_added = 4;
    begin();
    incload__sched_unit unit = pull(first);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(incload__sched_add(sched, unit.token, good, 2, &wrong[i], 1) == INCLOAD_E_INVALID, "%zu", i);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(incload__sched_add(sched, unit.token, &bad[i], 1, NULL, 0) == INCLOAD_E_INVALID, "%zu", i);
    ck_assert_int_eq(incload__sched_add(sched, unit.token + (UINT64_C(1) << 32), good, 1, NULL, 0),
                     INCLOAD_E_CONFLICT);
    int32_t rules = graph->rule_count;
    graph->rule_count = 65535;
    ck_assert_int_eq(incload__sched_add(sched, unit.token, good, 1, NULL, 0), INCLOAD_E_STATE);
    graph->rule_count = rules;
    complete(unit, OK);
    complete_next(below, OK);
    complete_next(aside, OK);
    complete_next(end, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(added_steps_that_wait_for_nothing_run_at_once)
{
    const incload__node_spec specs[] = { { .flags = INCLOAD__NODE_OPTIONAL },
                                         { .rule = { .kind = INCLOAD__RULE_MIN_SUCCESS, .least = 0 } } };
    const incload__sched_added_edge edges[] = { { -1, -2 } };
    int32_t first = node();

    config.max_added = 2;
    begin();
    incload__sched_unit unit = pull(first);
    ck_assert_int_eq(incload__sched_add(sched, unit.token, specs, 2, edges, 1), 1);
    complete(unit, OK);
    complete(pull(1), FAILED);
    complete_next(2, OK);
    pull_end(INCLOAD__RUN_PARTIAL);
}
END_TEST

START_TEST(a_short_circuit_reaches_added_steps_and_a_closed_branch_does_not)
{
    const incload__node_spec spec = { .flags = 0 };
    const incload__sched_added_edge added[] = { { 0, -1 } };
    int32_t first = node(), closed = node(), plain = node(), open = node();

    ck_assert_int_eq(incload__graph_add_edge(graph, first, closed, 1), INCLOAD_OK);
    edge(first, plain);
    ck_assert_int_eq(incload__graph_add_edge(graph, first, open, 2), INCLOAD_OK);
    config.max_added = 1;
    begin();
    incload__sched_unit unit = pull(first);
    ck_assert_int_eq(incload__sched_add(sched, unit.token, &spec, 1, added, 1), 4);
    complete_with(unit, (incload__sched_outcome){ .kind = _i == 0 ? INCLOAD__OUTCOME_SHORT_CIRCUIT : OK, .closed = 1 });
    expect(closed, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_UPSTREAM_SKIPPED);
    if (_i == 0) {
        expect(plain, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_UPSTREAM_SKIPPED);
        expect(4, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_UPSTREAM_SKIPPED);
    } else {
        complete_next(4, OK);
        complete_next(plain, OK);
        complete_next(open, OK);
    }
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(added_steps_that_are_ready_are_taken_out_by_a_cancel)
{
    const incload__node_spec specs[3] = { { .flags = 0 } };
    int32_t first = node();

    config.max_added = 3;
    begin();
    incload__sched_unit unit = pull(first);
    ck_assert_int_eq(incload__sched_add(sched, unit.token, specs, 3, NULL, 0), 1);
    /* In no order of those that wait. */
    complete_next(1, OK);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_DRAIN), INCLOAD_OK);
    expect(2, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_RUN_CANCELLED);
    expect(3, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_RUN_CANCELLED);
    complete(unit, OK);
    pull_end(INCLOAD__RUN_CANCELLED);
}
END_TEST

START_TEST(steps_that_are_added_to_a_cancelled_run_are_skipped)
{
    const incload__node_spec spec = { .flags = 0 };
    int32_t first = node();

    config.max_added = 1;
    begin();
    incload__sched_unit unit = pull(first);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_DRAIN), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_add(sched, unit.token, &spec, 1, NULL, 0), 1);
    expect(1, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_RUN_CANCELLED);
    complete(unit, OK);
    pull_end(INCLOAD__RUN_CANCELLED);
}
END_TEST

START_TEST(an_added_step_whose_time_to_begin_is_over_is_taken_out_behind_another)
{
    const incload__node_spec specs[2] = { { .policy = 0 }, { .policy = 1 } };
    int32_t first = node();

    policies[1].queue_us = 100;
    config.max_added = 2;
    begin();
    incload__sched_unit unit = pull(first);
    ck_assert_int_eq(incload__sched_add(sched, unit.token, specs, 2, NULL, 0), 1);
    now_us += 100;
    (void)incload__sched_tick(sched);
    expect(2, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_QUEUE);
    complete(unit, OK);
    complete_next(1, OK);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, stage_tear_down);
    tcase_add_test(tests, a_configuration_that_names_what_is_not_there_is_refused);
    tcase_add_test(tests, what_comes_too_late_or_names_no_node_is_refused);
    tcase_add_test(tests, steps_that_may_not_be_added_are_refused);
    tcase_add_test(tests, added_steps_that_wait_for_nothing_run_at_once);
    tcase_add_loop_test(tests, a_short_circuit_reaches_added_steps_and_a_closed_branch_does_not, 0, 2);
    tcase_add_test(tests, added_steps_that_are_ready_are_taken_out_by_a_cancel);
    tcase_add_test(tests, steps_that_are_added_to_a_cancelled_run_are_skipped);
    tcase_add_test(tests, an_added_step_whose_time_to_begin_is_over_is_taken_out_behind_another);
}

HARNESS_MAIN("scheduler_refused", add_tests)
