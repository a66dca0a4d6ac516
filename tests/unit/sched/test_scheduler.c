/* SPDX-License-Identifier: Apache-2.0 */
/* What runs, in which order, and what is left out. */
#include "stage.h"

START_TEST(a_chain_runs_in_order_and_the_run_succeeds)
{
    node(), node(), node();
    edge(0, 1);
    edge(1, 2);
    begin();
    incload__sched_unit first = pull(0);
    pull_nothing();
    expect(1, INCLOAD_STATUS_PENDING, INCLOAD__REASON_WAITING_DEPS);
    complete(first, OK);
    complete_next(1, OK);
    complete_next(2, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(a_failed_step_skips_its_dependants_at_any_distance_and_nothing_else)
{
    for (int32_t i = 0; i < 6; i++)
        node();
    edge(0, 1);
    edge(1, 2);
    edge(2, 3);
    edge(4, 5);
    begin();
    complete_next(0, FAILED);
    expect(3, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_UPSTREAM_FAILED);
    complete_next(4, OK);
    complete_next(5, OK);
    pull_end(INCLOAD__RUN_FAILED);
    expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
}
END_TEST

START_TEST(a_skip_stays_harmless_at_any_distance)
{
    for (int32_t i = 0; i < 3; i++)
        node();
    node_with(0, INCLOAD__RULE_NONE_FAILED, 0);
    edge(0, 1);
    edge(1, 2);
    edge(2, 3);
    begin();
    complete_next(0, INCLOAD__OUTCOME_SKIP);
    expect(0, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_SELF);
    expect(2, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_UPSTREAM_SKIPPED);
    complete_next(3, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(a_short_circuit_tells_skip_and_the_rules_below_decide)
{
    node(), node();
    node_with(0, INCLOAD__RULE_ALL_DONE, 0);
    edge(0, 1);
    edge(1, 2);
    begin();
    complete_next(0, INCLOAD__OUTCOME_SHORT_CIRCUIT);
    expect(0, INCLOAD_STATUS_SUCCESS, INCLOAD__REASON_NONE);
    expect(1, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_UPSTREAM_SKIPPED);
    complete_next(2, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(a_closed_branch_tells_skip_and_the_open_one_runs)
{
    node(), node(), node();
    ck_assert_int_eq(incload__graph_add_edge(graph, 0, 1, 1), INCLOAD_OK);
    ck_assert_int_eq(incload__graph_add_edge(graph, 0, 2, 64), INCLOAD_OK);
    begin();
    const incload__sched_outcome outcome = { .kind = OK, .closed = 1 };
    ck_assert_int_eq(incload__sched_complete(sched, pull(0).token, &outcome), INCLOAD_OK);
    expect(1, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_UPSTREAM_SKIPPED);
    complete_next(2, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(the_longest_path_goes_first_then_the_order_of_insertion_and_priority_before_both)
{
    const incload__node_spec urgent = { .priority = 1 }, heavy = { .weight = 10 };

    node(), node(), node(), node();
    ck_assert_int_eq(incload__graph_add_node(graph, &heavy), 4);
    ck_assert_int_eq(incload__graph_add_node(graph, &urgent), 5);
    edge(2, 3);
    begin();
    pull(5);
    pull(4);
    pull(2);
    pull(0);
    pull(1);
}
END_TEST

START_TEST(an_optional_failure_leaves_the_run_partial)
{
    node_with(INCLOAD__NODE_OPTIONAL, INCLOAD__RULE_ALL_SUCCESS, 0);
    node();
    begin();
    complete_next(0, FAILED);
    complete_next(1, OK);
    pull_end(INCLOAD__RUN_PARTIAL);
}
END_TEST

START_TEST(a_cleanup_that_succeeds_does_not_hide_a_failure)
{
    node();
    node_with(0, INCLOAD__RULE_ALL_DONE, 0);
    edge(0, 1);
    begin();
    complete_next(0, FAILED);
    complete_next(1, OK);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

static int32_t
add_cleanup(int32_t setup)
{
    const incload__node_spec spec = { .flags = INCLOAD__NODE_CLEANUP, .setup = setup };

    return incload__graph_add_node(graph, &spec);
}

START_TEST(a_cleanup_waits_for_all_between_and_runs_after_a_failure)
{
    node(), node(), node();
    int32_t cleanup = add_cleanup(0);
    edge(0, 1);
    edge(0, 2);
    begin();
    complete_next(0, OK);
    complete_next(1, FAILED);
    incload__sched_unit last = pull(2);
    pull_nothing();
    complete(last, OK);
    complete_next(cleanup, FAILED);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

START_TEST(a_cleanup_is_left_out_when_its_setup_never_started)
{
    node(), node();
    int32_t cleanup = add_cleanup(1);
    edge(0, 1);
    begin();
    complete_next(0, FAILED);
    expect(cleanup, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_UPSTREAM_FAILED);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

START_TEST(the_inner_cleanup_goes_before_the_outer_and_its_failure_leaves_the_run_partial)
{
    node(), node(), node();
    int32_t outer = add_cleanup(0), inner = add_cleanup(1);
    edge(0, 1);
    edge(1, 2);
    begin();
    for (int32_t i = 0; i < 3; i++)
        complete_next(i, OK);
    complete_next(inner, FAILED);
    complete_next(outer, OK);
    pull_end(INCLOAD__RUN_PARTIAL);
}
END_TEST

START_TEST(a_cleanup_before_its_setup_is_refused)
{
    node();
    edge(add_cleanup(0), 0);
    ck_assert_int_eq(incload__graph_freeze(graph, NULL, NULL), INCLOAD_E_INVALID);
}
END_TEST

START_TEST(the_finish_node_runs_last_and_once_after_a_failure_and_a_cancel)
{
    int32_t finish = node_with(INCLOAD__NODE_FINISH, 0, 0);

    node(), node();
    edge(1, 2);
    begin();
    incload__sched_unit unit = pull(1);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_NOW), INCLOAD_OK);
    expect(2, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_RUN_CANCELLED);
    pull_nothing();
    complete(unit, FAILED);
    expect(1, INCLOAD_STATUS_FAILED, INCLOAD__REASON_CANCELLED);
    complete_next(finish, OK);
    pull_end(INCLOAD__RUN_CANCELLED);
}
END_TEST

START_TEST(what_another_run_settled_is_not_run_again)
{
    node(), node();
    edge(0, 1);
    ck_assert_int_eq(incload__graph_freeze(graph, NULL, NULL), INCLOAD_OK);
    sched = incload__sched_new(&env, graph, &config, NULL);
    ck_assert_int_eq(incload__sched_preset(sched, 0, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_ALREADY_DONE), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_begin(sched), INCLOAD_OK);
    complete_next(1, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

static int32_t asked;

static int32_t
two_must_have_ended(const incload__rule_counts *counts, void *data)
{
    (void)data;
    asked++;
    return counts->ok + counts->bad + counts->skip >= 2 ? INCLOAD__DECIDE_RUN : INCLOAD__DECIDE_WAIT;
}

START_TEST(a_custom_rule_is_asked_after_each_end_only_if_it_wants_to)
{
    for (int32_t early = 0; early < 2; early++) {
        const incload__node_spec spec = { .rule = { .kind = INCLOAD__RULE_CUSTOM, .early = early != 0,
                                                    .decide = two_must_have_ended } };
        asked = 0;
        node(), node(), node();
        ck_assert_int_eq(incload__graph_add_node(graph, &spec), 3);
        for (int32_t i = 0; i < 3; i++)
            edge(i, 3);
        begin();
        complete_next(0, OK);
        complete_next(1, FAILED);
        if (early == 0) {
            complete_next(2, OK);
            complete_next(3, OK);
        } else {
            incload__sched_unit last = pull(2);
            complete_next(3, OK);
            complete(last, OK);
        }
        ck_assert_int_eq(asked, early == 0 ? 1 : 2);
        pull_end(INCLOAD__RUN_FAILED);
        stage_tear_down();
        stage_set_up();
    }
}
END_TEST

START_TEST(a_custom_rule_that_does_not_answer_fails_its_node)
{
    const incload__node_spec spec = { .rule = { .kind = INCLOAD__RULE_CUSTOM, .decide = two_must_have_ended } };

    node();
    ck_assert_int_eq(incload__graph_add_node(graph, &spec), 1);
    edge(0, 1);
    begin();
    complete_next(0, OK);
    expect(1, INCLOAD_STATUS_FAILED, INCLOAD__REASON_RULE);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

START_TEST(a_running_step_adds_steps_before_one_that_waits_for_it)
{
    const incload__node_spec specs[2] = { { .flags = 0 }, { .flags = 0 } };
    const incload__sched_added_edge edges[] = { { 0, -1 }, { -1, -2 }, { -2, 1 } };
    const incload__sched_added_edge backward[] = { { -2, -1 } }, unrelated[] = { { -1, 2 } }, to_self[] = { { -1, 0 } };

    config.max_added = 2;
    node(), node(), node();
    edge(0, 1);
    begin();
    incload__sched_unit unit = pull(0);
    ck_assert_int_eq(incload__sched_add(sched, unit.token, specs, 2, backward, 1), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__sched_add(sched, unit.token, specs, 1, unrelated, 1), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__sched_add(sched, unit.token, specs, 1, to_self, 1), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__sched_add(sched, unit.token, specs, 2, edges, 3), 3);
    ck_assert_int_eq(incload__sched_add(sched, unit.token, specs, 1, NULL, 0), INCLOAD_E_STATE);
    complete(unit, OK);
    /* New ones go where the one that added them stood. */
    complete_next(3, OK);
    complete_next(4, OK);
    complete_next(1, OK);
    complete_next(2, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
    ck_assert_int_eq(incload__sched_add(sched, unit.token, specs, 1, NULL, 0), INCLOAD_E_CONFLICT);
}
END_TEST

START_TEST(a_chain_of_a_million_is_skipped_without_recursion)
{
    enum { COUNT = 1000000 };

    for (int32_t i = 0; i < COUNT; i++)
        node();
    for (int32_t i = 1; i < COUNT; i++)
        edge(i - 1, i);
    begin();
    complete_next(0, FAILED);
    expect(COUNT - 1, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_UPSTREAM_FAILED);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

START_TEST(a_token_counts_once)
{
    const incload__sched_outcome done = { .kind = OK };

    node(), node();
    begin();
    incload__sched_unit unit = pull(0);
    complete(unit, OK);
    ck_assert_int_eq(incload__sched_complete(sched, unit.token, &done), INCLOAD_E_CONFLICT);
    incload__sched_unit other = pull(1);
    ck_assert_int_eq(incload__sched_complete(sched, unit.token, &done), INCLOAD_E_CONFLICT);
    ck_assert_int_eq(incload__sched_complete(sched, 0, &done), INCLOAD_E_CONFLICT);
    complete(other, 99);
    expect(1, INCLOAD_STATUS_FAILED, INCLOAD__REASON_PANIC);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, stage_set_up, stage_tear_down);
    tcase_add_test(tests, a_chain_runs_in_order_and_the_run_succeeds);
    tcase_add_test(tests, a_failed_step_skips_its_dependants_at_any_distance_and_nothing_else);
    tcase_add_test(tests, a_skip_stays_harmless_at_any_distance);
    tcase_add_test(tests, a_short_circuit_tells_skip_and_the_rules_below_decide);
    tcase_add_test(tests, a_closed_branch_tells_skip_and_the_open_one_runs);
    tcase_add_test(tests, the_longest_path_goes_first_then_the_order_of_insertion_and_priority_before_both);
    tcase_add_test(tests, an_optional_failure_leaves_the_run_partial);
    tcase_add_test(tests, a_cleanup_that_succeeds_does_not_hide_a_failure);
    tcase_add_test(tests, a_cleanup_waits_for_all_between_and_runs_after_a_failure);
    tcase_add_test(tests, a_cleanup_is_left_out_when_its_setup_never_started);
    tcase_add_test(tests, the_inner_cleanup_goes_before_the_outer_and_its_failure_leaves_the_run_partial);
    tcase_add_test(tests, a_cleanup_before_its_setup_is_refused);
    tcase_add_test(tests, the_finish_node_runs_last_and_once_after_a_failure_and_a_cancel);
    tcase_add_test(tests, what_another_run_settled_is_not_run_again);
    tcase_add_test(tests, a_custom_rule_is_asked_after_each_end_only_if_it_wants_to);
    tcase_add_test(tests, a_custom_rule_that_does_not_answer_fails_its_node);
    tcase_add_test(tests, a_running_step_adds_steps_before_one_that_waits_for_it);
    tcase_add_test(tests, a_chain_of_a_million_is_skipped_without_recursion);
    tcase_add_test(tests, a_token_counts_once);
}

HARNESS_MAIN("scheduler", add_tests)
