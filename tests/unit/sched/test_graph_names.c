/* SPDX-License-Identifier: Apache-2.0 */
#include "lender.h"

#include <stdio.h>
#include <string.h>

#include "sched/graph_names.h"

static incload__graph_names *names;
static incload_error *err;

static void
set_up(void)
{
    names = incload__graph_names_new(&incload__mem_libc);
    err = NULL;
}

static void
tear_down(void)
{
    incload_error_unref(err);
    incload__graph_names_free(names);
}

static void
add(const char *name)
{
    const incload__node_spec spec = { .flags = 0 };

    ck_assert_int_ge(incload__graph_names_add(names, name, &spec), 0);
}

static void
edge(const char *from, const char *to)
{
    ck_assert_int_eq(incload__graph_names_edge(names, from, to, 0), INCLOAD_OK);
}

START_TEST(edges_may_be_told_before_their_steps)
{
    const int32_t *to;

    edge("a", "b");
    add("b");
    add("a");
    ck_assert_int_eq(incload__graph_names_freeze(names, "pipeline 'p'", &err), INCLOAD_OK);
    ck_assert_int_eq(incload__graph_successors(incload__graph_names_graph(names), 1, &to), 1);
    ck_assert_str_eq(incload__graph_names_of(names, to[0]), "b");
}
END_TEST

static void
expect_problems(const char *what, const char *message)
{
    ck_assert_int_eq(incload__graph_names_freeze(names, what, &err), INCLOAD_E_INVALID);
    ck_assert_str_eq(incload_error_message(err), message);
}

START_TEST(a_cycle_is_told_as_a_path)
{
    add("a");
    add("b");
    add("c");
    edge("a", "b");
    edge("b", "c");
    edge("c", "a");
    expect_problems("pipeline 'p'", "pipeline 'p' has 1 problem: the cycle a -> b -> c -> a");
}
END_TEST

START_TEST(every_knot_of_cycles_is_told_and_what_hangs_between_is_not)
{
    static const char *const all[] = { "a", "b", "between", "c", "d", "after" };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        add(all[i]);
    edge("a", "b");
    edge("b", "a");
    edge("b", "between");
    edge("between", "c");
    edge("c", "d");
    edge("d", "c");
    edge("d", "after");
    expect_problems("it", "it has 2 problems: the cycle a -> b -> a; the cycle c -> d -> c");
}
END_TEST

START_TEST(all_problems_are_told_at_once)
{
    add("orders");
    add("items");
    add("orders");
    edge("order", "items");
    edge("items", "items");
    edge("orders", "items");
    edge("orders", "items");
    edge("items", "quite_other");
    expect_problems("it",
                    "it has 5 problems: step 'orders' is there twice; there is no step 'order', which 'items' waits "
                    "for: did you mean 'orders'?; there is no step 'quite_other', which 'items' comes before; the edge "
                    "orders -> items is there twice; step 'items' waits for itself");
}
END_TEST

START_TEST(a_rule_that_cannot_be_met_is_told_with_its_step)
{
    const incload__node_spec spec = { .rule = { .kind = INCLOAD__RULE_ONE_FAILED } };

    ck_assert_int_ge(incload__graph_names_add(names, "alert", &spec), 0);
    expect_problems("it", "it has 1 problem: step 'alert' waits for one of its upstreams and has none");
}
END_TEST

START_TEST(ten_thousand_names_are_found_again)
{
    char name[16];

    for (int32_t i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "step%d", i);
        add(name);
    }
    for (int32_t i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "step%d", i);
        ck_assert_int_eq(incload__graph_names_find(names, name), i);
    }
    ck_assert_int_eq(incload__graph_names_find(names, "step"), -1);
}
END_TEST

START_TEST(a_long_cycle_is_told_in_short)
{
    char name[16], next[16];

    for (int32_t i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "s%d", i);
        snprintf(next, sizeof next, "s%d", (i + 1) % 100);
        add(name);
        edge(name, next);
    }
    ck_assert_int_eq(incload__graph_names_freeze(names, "it", &err), INCLOAD_E_INVALID);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "the cycle s0 -> s1 -> "));
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "s11 -> ... (87 more) -> s99 -> s0"));
}
END_TEST

START_TEST(more_problems_than_are_told_are_counted)
{
    for (int32_t i = 0; i < 12; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        add(name);
        add(name);
        edge("unknown", name);
    }
    ck_assert_int_eq(incload__graph_names_freeze(names, "pipeline 'p'", &err), INCLOAD_E_INVALID);
    ck_assert_msg(strstr(incload_error_message(err), "pipeline 'p' has 24 problems: ") != NULL, "%s",
                  incload_error_message(err));
    ck_assert_msg(strstr(incload_error_message(err), "; and 4 more") != NULL, "%s", incload_error_message(err));
}
END_TEST

START_TEST(problems_of_every_kind_are_counted_beyond_those_told)
{
    for (int32_t i = 0; i < 25; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        add(name);
        if (_i == 0)
            add(name);
        else
            edge(name, name);
    }
    ck_assert_int_eq(incload__graph_names_freeze(names, "pipeline 'p'", &err), INCLOAD_E_INVALID);
    ck_assert_msg(strstr(incload_error_message(err), "; and 5 more") != NULL, "%s", incload_error_message(err));
}
END_TEST

START_TEST(a_cycle_of_just_as_many_as_are_told_is_told_whole)
{
    for (int32_t i = 0; i < 13; i++) {
        char name[16], next[16];
        snprintf(name, sizeof name, "s%d", i);
        snprintf(next, sizeof next, "s%d", (i + 1) % 13);
        add(name);
        edge(name, next);
    }
    ck_assert_int_eq(incload__graph_names_freeze(names, "pipeline 'p'", &err), INCLOAD_E_INVALID);
    ck_assert_msg(strstr(incload_error_message(err), "s11 -> s12 -> s0") != NULL, "%s", incload_error_message(err));
}
END_TEST

START_TEST(what_was_built_is_not_built_again)
{
    add("a");
    ck_assert_int_eq(incload__graph_names_freeze(names, "pipeline 'p'", &err), INCLOAD_OK);
    ck_assert_int_eq(incload__graph_names_freeze(names, "pipeline 'p'", &err), INCLOAD_E_STATE);
    ck_assert_str_eq(incload_error_message(err), "pipeline 'p' was built already");
}
END_TEST

START_TEST(branches_and_numbers_that_do_not_exist_are_refused)
{
    ck_assert_int_eq(incload__graph_names_edge(names, "a", "b", -1), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload__graph_names_edge(names, "a", "b", INCLOAD__GRAPH_MAX_BRANCH + 1), INCLOAD_E_INVALID);
    add("a");
    ck_assert_str_eq(incload__graph_names_of(names, 0), "a");
    ck_assert_str_eq(incload__graph_names_of(names, -1), "");
    ck_assert_str_eq(incload__graph_names_of(names, 1), "");
}
END_TEST

static int32_t
build_named(const incload__mem *mem)
{
    static const char *const words[] = { "a", "b", "a", "c", "d" };
    const incload__node_spec spec = { .flags = 0 };
    incload__graph_names *built = incload__graph_names_new(mem);
    int32_t status = built != NULL ? INCLOAD_OK : INCLOAD_E_NO_MEMORY;

    for (size_t i = 0; i < 5 && status >= 0; i++)
        status = incload__graph_names_add(built, words[i], &spec);
    for (int32_t i = 0; i < 20 && status >= 0; i++)
        status = incload__graph_names_edge(built, i % 2 == 0 ? "a" : "bb", "b", 0);
    if (status >= 0)
        status = incload__graph_names_freeze(built, "pipeline", NULL);
    incload__graph_names_free(built);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    lender bank = { .failures = 1 };
    const incload__mem mem = { lender_allocate, lender_reallocate, lender_release, &bank };
    int32_t status;

    do {
        bank.first++;
        bank.made = 0;
        status = build_named(&mem);
        ck_assert(status == INCLOAD_E_INVALID || status == INCLOAD_E_NO_MEMORY);
        lender_expect_all_back(&bank, "a graph with names");
    } while (status != INCLOAD_E_INVALID);
    ck_assert_int_gt(bank.first, 40);
}
END_TEST

START_TEST(of_very_many_names_not_all_are_compared)
{
    for (int32_t i = 0; i < 20000; i++) {
        char name[32];
        snprintf(name, sizeof name, "step_of_many_%d", i);
        add(name);
    }
    add("order");
    edge("orders", "order");
    expect_problems("pipeline 'p'", "pipeline 'p' has 1 problem: there is no step 'orders', which 'order' waits for");
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, edges_may_be_told_before_their_steps);
    tcase_add_test(tests, a_cycle_is_told_as_a_path);
    tcase_add_test(tests, every_knot_of_cycles_is_told_and_what_hangs_between_is_not);
    tcase_add_test(tests, all_problems_are_told_at_once);
    tcase_add_test(tests, a_rule_that_cannot_be_met_is_told_with_its_step);
    tcase_add_test(tests, ten_thousand_names_are_found_again);
    tcase_add_test(tests, a_long_cycle_is_told_in_short);
    tcase_add_test(tests, more_problems_than_are_told_are_counted);
    tcase_add_test(tests, what_was_built_is_not_built_again);
    tcase_add_test(tests, a_cycle_of_just_as_many_as_are_told_is_told_whole);
    tcase_add_test(tests, branches_and_numbers_that_do_not_exist_are_refused);
    tcase_add_test(tests, every_allocation_may_fail);
    tcase_add_loop_test(tests, problems_of_every_kind_are_counted_beyond_those_told, 0, 2);
    tcase_add_test(tests, of_very_many_names_not_all_are_compared);
}

HARNESS_MAIN("graph_names", add_tests)
