/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

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

START_TEST(a_cycle_is_told_as_a_path)
{
    add("a");
    add("b");
    add("c");
    edge("a", "b");
    edge("b", "c");
    edge("c", "a");
    ck_assert_int_eq(incload__graph_names_freeze(names, "pipeline 'p'", &err), INCLOAD_E_INVALID);
    ck_assert_str_eq(incload_error_message(err), "pipeline 'p' has 1 problem: the cycle a -> b -> c -> a");
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
    ck_assert_int_eq(incload__graph_names_freeze(names, "it", &err), INCLOAD_E_INVALID);
    ck_assert_str_eq(incload_error_message(err), "it has 2 problems: the cycle a -> b -> a; the cycle c -> d -> c");
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
    ck_assert_int_eq(incload__graph_names_freeze(names, "it", &err), INCLOAD_E_INVALID);
    ck_assert_str_eq(incload_error_message(err),
                     "it has 5 problems: step 'orders' is there twice; there is no step 'order', which 'items' waits "
                     "for: did you mean 'orders'?; there is no step 'quite_other', which 'items' comes before; the "
                     "edge orders -> items is there twice; step 'items' waits for itself");
}
END_TEST

START_TEST(a_rule_that_cannot_be_met_is_told_with_its_step)
{
    const incload__node_spec spec = { .rule = { .kind = INCLOAD__RULE_ONE_FAILED } };

    ck_assert_int_ge(incload__graph_names_add(names, "alert", &spec), 0);
    ck_assert_int_eq(incload__graph_names_freeze(names, "it", &err), INCLOAD_E_INVALID);
    ck_assert_str_eq(incload_error_message(err),
                     "it has 1 problem: step 'alert' waits for one of its upstreams and has none");
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
}

HARNESS_MAIN("graph_names", add_tests)
