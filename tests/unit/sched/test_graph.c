/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs that are wrong, each in its way, and graphs without memory. */
#include "lender.h"

#include <string.h>

#include "sched/graph_internal.h"

enum { MOST_TOLD = 8 };

static incload__graph *graph;
static int32_t told, kinds[MOST_TOLD], firsts[MOST_TOLD], lengths[MOST_TOLD];

static void
set_up(void)
{
    graph = incload__graph_new(&incload__mem_libc);
    told = 0;
}

static void
tear_down(void)
{
    incload__graph_free(graph);
}

static void
note(void *data, const incload__graph_problem *problem)
{
    (void)data;
    ck_assert_int_lt(told, MOST_TOLD);
    kinds[told] = problem->kind;
    firsts[told] = problem->nodes[0];
    lengths[told++] = problem->count;
}

static int32_t
node_of(incload__node_spec spec)
{
    int32_t id = incload__graph_add_node(graph, &spec);

    ck_assert_int_ge(id, 0);
    return id;
}

static int32_t
node(void)
{
    return node_of((incload__node_spec){ .flags = 0 });
}

static int32_t
cleanup_of(int32_t setup)
{
    return node_of((incload__node_spec){ .flags = INCLOAD__NODE_CLEANUP, .setup = setup });
}

static void
edge(int32_t from, int32_t to)
{
    ck_assert_int_eq(incload__graph_add_edge(graph, from, to, 0), INCLOAD_OK);
}

/* The one problem there is; told or not, the answer is the same. */
static void
is_wrong(int32_t kind, int32_t first)
{
    ck_assert_int_eq(incload__graph_freeze(graph, NULL, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__graph_freeze(graph, note, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(told, 1);
    ck_assert_int_eq(kinds[0], kind);
    ck_assert_int_eq(firsts[0], first);
}

START_TEST(nodes_and_edges_that_cannot_be_are_refused)
{
    const incload__node_spec low = { .policy = -1 }, high = { .policy = 65536 }, good = { .policy = 65535 };

    ck_assert_int_eq(incload__graph_add_node(graph, &low), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__graph_add_node(graph, &high), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__graph_add_node(graph, &good), 0);
    ck_assert_int_eq(node(), 1);
    ck_assert_int_eq(incload__graph_add_edge(graph, -1, 1, 0), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__graph_add_edge(graph, 2, 1, 0), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__graph_add_edge(graph, 0, -1, 0), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__graph_add_edge(graph, 0, 2, 0), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__graph_add_edge(graph, 0, 1, -1), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__graph_add_edge(graph, 0, 1, INCLOAD__GRAPH_MAX_BRANCH + 1), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__graph_add_edge(graph, 0, 1, INCLOAD__GRAPH_MAX_BRANCH), INCLOAD_OK);
    ck_assert_int_eq(incload__graph_freeze(graph, NULL, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__graph_add_node(graph, &good), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__graph_add_edge(graph, 0, 1, 0), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__graph_freeze(graph, NULL, NULL), INCLOAD_E_STATE);
    ck_assert_int_eq(incload__graph_edge_count(graph), 1);
    incload__graph_free(NULL);
}
END_TEST

START_TEST(more_nodes_edges_or_rules_than_can_be_numbered_are_refused)
{
    const incload__node_spec spec = { .rule = { .kind = INCLOAD__RULE_MIN_SUCCESS, .least = 1 } };
    int32_t nodes = graph->nodes;

    graph->nodes = INT32_MAX / 4;
    ck_assert_int_eq(incload__graph_add_node(graph, &spec), INCLOAD_E_INVALID);
    graph->nodes = nodes;
    ck_assert_int_eq(node(), 0);
    graph->edges = INT32_MAX / 4;
    ck_assert_int_eq(incload__graph_add_edge(graph, 0, 0, 0), INCLOAD_E_INVALID);
    graph->edges = 0;

    graph->rule_count = graph->rule_capacity = 65536;
    graph->rules = realloc(graph->rules, 65536 * sizeof *graph->rules);
    memset(graph->rules, 0, 65536 * sizeof *graph->rules);
    ck_assert_int_eq(incload__graph_add_node(graph, &spec), INCLOAD_E_INVALID);
    ck_assert_int_eq(node(), 1);
}
END_TEST

static int32_t
decide_to_run(const incload__rule_counts *counts, void *data)
{
    (void)counts;
    (void)data;
    return INCLOAD__DECIDE_RUN;
}

static int32_t
decide_to_skip(const incload__rule_counts *counts, void *data)
{
    (void)counts;
    (void)data;
    return INCLOAD__DECIDE_SKIP;
}

START_TEST(rules_count_as_one_when_all_of_them_is_the_same)
{
    int one, two;
    const incload__rule rules[] = {
        { .kind = INCLOAD__RULE_CUSTOM, .decide = decide_to_run, .user_data = &one },
        { .kind = INCLOAD__RULE_CUSTOM, .decide = decide_to_run, .user_data = &two },
        { .kind = INCLOAD__RULE_CUSTOM, .decide = decide_to_skip, .user_data = &one },
        { .kind = INCLOAD__RULE_CUSTOM, .decide = decide_to_run, .user_data = &one, .early = true },
        { .kind = INCLOAD__RULE_MIN_SUCCESS, .least = 1 },
        { .kind = INCLOAD__RULE_MIN_SUCCESS, .least = 2 },
        { .kind = INCLOAD__RULE_ALL_DONE },
    };
    const int32_t count = sizeof rules / sizeof rules[0];

    for (int32_t i = 0; i < 2 * count; i++) {
        int32_t id = node_of((incload__node_spec){ .rule = rules[i % count] });
        ck_assert_int_eq(graph->rule[id], i % count);
    }
    ck_assert_int_eq(graph->rule_count, count);
}
END_TEST

START_TEST(a_cleanup_needs_a_setup_that_is_another_ordinary_node)
{
    (void)node();
    (void)cleanup_of(_i);
    (void)node_of((incload__node_spec){ .flags = INCLOAD__NODE_FINISH });
    is_wrong(INCLOAD__PROBLEM_CLEANUP, 1);
}
END_TEST

START_TEST(a_cleanup_of_a_cleanup_is_refused)
{
    (void)node();
    (void)cleanup_of(0);
    (void)cleanup_of(1);
    is_wrong(INCLOAD__PROBLEM_CLEANUP, 2);
}
END_TEST

START_TEST(a_cleanup_that_comes_before_its_setup_is_refused)
{
    (void)node();
    edge(cleanup_of(0), 0);
    is_wrong(INCLOAD__PROBLEM_CLEANUP, 1);
}
END_TEST

START_TEST(the_node_at_the_end_has_no_edges)
{
    int32_t end = node_of((incload__node_spec){ .flags = INCLOAD__NODE_FINISH });

    if (_i == 0)
        edge(node(), end);
    else
        edge(end, node());
    is_wrong(INCLOAD__PROBLEM_FINISH, end);
}
END_TEST

START_TEST(one_node_alone_runs_at_the_end)
{
    for (int32_t i = 0; i < 2; i++)
        (void)node_of((incload__node_spec){ .flags = INCLOAD__NODE_FINISH });
    is_wrong(INCLOAD__PROBLEM_FINISH, 0);
}
END_TEST

/* Each cleanup is above the other's setup, which no edge that was given says. */
START_TEST(cleanups_that_wait_for_each_other_are_a_cycle)
{
    int32_t first = node(), second = node();

    edge(cleanup_of(first), second);
    edge(cleanup_of(second), first);
    ck_assert_int_eq(incload__graph_freeze(graph, note, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(told, 1);
    ck_assert_int_eq(kinds[0], INCLOAD__PROBLEM_CYCLE);
    ck_assert_int_eq(lengths[0], 4);
}
END_TEST

START_TEST(an_edge_to_a_cleanup_that_was_given_is_not_made_again)
{
    int32_t setup = node(), work = node(), cleanup = cleanup_of(setup);
    const int32_t *to;

    edge(setup, work);
    edge(work, cleanup);
    ck_assert_int_eq(incload__graph_freeze(graph, NULL, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__graph_successors(graph, work, &to), 1);
    ck_assert_int_eq(incload__graph_successors(graph, setup, &to), 2);
}
END_TEST

START_TEST(a_cycle_is_told_from_its_lowest_node_wherever_it_was_entered)
{
    for (int32_t i = 0; i < 4; i++)
        (void)node();
    edge(0, 3);
    edge(3, 1);
    edge(1, 3);
    edge(1, 2);
    edge(2, 0);
    ck_assert_int_eq(incload__graph_check(graph, NULL, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__graph_check(graph, note, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(told, 1);
    ck_assert_int_eq(firsts[0], 1);
    ck_assert_int_eq(lengths[0], 2);
}
END_TEST

/* ---- memory that runs out ---- */

/* Everything that takes memory: many nodes with rules, priorities and weights, many edges with branches, cleanups. */
static int32_t
build(const incload__mem *mem, bool cycle)
{
    int32_t status = INCLOAD_OK;
    incload__graph *large = incload__graph_new(mem);

    if (large == NULL)
        return INCLOAD_E_NO_MEMORY;
    for (int32_t i = 0; i < 45 && status >= 0; i++) {
        const incload__node_spec spec = { .priority = i == 3 ? 2 : 0,
                                          .weight = i == 5 ? 7 : 0,
                                          .rule = { .kind = INCLOAD__RULE_MIN_SUCCESS, .least = i / 2 } };
        status = incload__graph_add_node(large, &spec);
    }
    const incload__node_spec cleanup = { .flags = INCLOAD__NODE_CLEANUP, .setup = 0 };
    if (status >= 0)
        status = incload__graph_add_node(large, &cleanup);
    for (int32_t to = 1; to < 45 && status >= 0; to++) {
        for (int32_t from = 0; from < to && status >= 0; from++)
            status = incload__graph_add_edge(large, from, to, from == 0 ? 1 : 0);
    }
    if (status >= 0 && cycle)
        status = incload__graph_add_edge(large, 44, 43, 0);
    if (status >= 0)
        status = incload__graph_freeze(large, NULL, NULL);
    incload__graph_free(large);
    return status;
}

START_TEST(every_allocation_of_a_graph_may_fail)
{
    lender bank = { .failures = 1 };
    const incload__mem mem = { lender_allocate, lender_reallocate, lender_release, &bank };
    const int32_t end = _i == 0 ? INCLOAD_OK : INCLOAD_E_INVALID;
    int32_t status;

    do {
        bank.first++;
        bank.made = 0;
        status = build(&mem, _i != 0);
        ck_assert_msg(status == end || status == INCLOAD_E_NO_MEMORY, "allocation %lld", (long long)bank.first);
        lender_expect_all_back(&bank, "a graph");
    } while (status != end);
    ck_assert_int_gt(bank.first, 30);
}
END_TEST

START_TEST(knots_that_hang_together_are_told_one_by_one)
{
    for (int32_t i = 0; i < 5; i++)
        (void)node();
    edge(0, 1);
    edge(0, 2);
    edge(1, 2);
    edge(2, 0);
    edge(3, 0);
    edge(3, 4);
    edge(4, 3);
    ck_assert_int_eq(incload__graph_check(graph, note, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(told, 2);
    ck_assert_int_eq(firsts[0], 0);
    ck_assert_int_eq(firsts[1], 3);
    ck_assert_int_eq(lengths[1], 2);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, nodes_and_edges_that_cannot_be_are_refused);
    tcase_add_test(tests, more_nodes_edges_or_rules_than_can_be_numbered_are_refused);
    tcase_add_test(tests, rules_count_as_one_when_all_of_them_is_the_same);
    /* A setup that is none, itself, the node at the end, or that does not exist. */
    tcase_add_loop_test(tests, a_cleanup_needs_a_setup_that_is_another_ordinary_node, -1, 0);
    tcase_add_loop_test(tests, a_cleanup_needs_a_setup_that_is_another_ordinary_node, 1, 4);
    tcase_add_test(tests, a_cleanup_of_a_cleanup_is_refused);
    tcase_add_test(tests, a_cleanup_that_comes_before_its_setup_is_refused);
    tcase_add_loop_test(tests, the_node_at_the_end_has_no_edges, 0, 2);
    tcase_add_test(tests, one_node_alone_runs_at_the_end);
    tcase_add_test(tests, cleanups_that_wait_for_each_other_are_a_cycle);
    tcase_add_test(tests, an_edge_to_a_cleanup_that_was_given_is_not_made_again);
    tcase_add_test(tests, a_cycle_is_told_from_its_lowest_node_wherever_it_was_entered);
    tcase_add_loop_test(tests, every_allocation_of_a_graph_may_fail, 0, 2);
    tcase_add_test(tests, knots_that_hang_together_are_told_one_by_one);
}

HARNESS_MAIN("graph", add_tests)
