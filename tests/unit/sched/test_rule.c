/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>

#include "sched/rule.h"

enum { OK, SKIP, BAD, MOST = 5 };

/* Decides after each end, as the scheduler does, and stops at the first decision. */
static int32_t
outcome_of(const incload__rule *rule, const int32_t *ends, int32_t count)
{
    incload__rule_counts counts = { .upstreams = count };
    int32_t decision = INCLOAD__DECIDE_WAIT;

    for (int32_t i = 0; i < count && decision == INCLOAD__DECIDE_WAIT; i++) {
        counts.ok += ends[i] == OK;
        counts.skip += ends[i] == SKIP;
        counts.bad += ends[i] == BAD;
        decision = incload__rule_decide(rule, &counts);
    }
    return decision;
}

/* The next order of the same ends; false after the last. */
static bool
next_order(int32_t *ends, int32_t count)
{
    int32_t i = count - 2, j = count - 1;

    while (i >= 0 && ends[i] >= ends[i + 1])
        i--;
    if (i < 0)
        return false;
    while (ends[j] <= ends[i])
        j--;
    int32_t swapped = ends[i];
    ends[i] = ends[j];
    ends[j] = swapped;
    for (int32_t a = i + 1, b = count - 1; a < b; a++, b--) {
        swapped = ends[a];
        ends[a] = ends[b];
        ends[b] = swapped;
    }
    return true;
}

/* The truth table, written down a second time: by what the ends are when all are known. */
static int32_t
expected(int32_t kind, int32_t least, int32_t ok, int32_t skip, int32_t bad)
{
    int32_t left_out = bad > 0 ? INCLOAD__DECIDE_SKIP_BAD : INCLOAD__DECIDE_SKIP;
    int32_t count = ok + skip + bad;

    switch (kind) {
    case INCLOAD__RULE_ALL_SUCCESS:
        return ok == count ? INCLOAD__DECIDE_RUN : left_out;
    case INCLOAD__RULE_ALL_DONE:
        return INCLOAD__DECIDE_RUN;
    case INCLOAD__RULE_NONE_FAILED:
        return bad == 0 ? INCLOAD__DECIDE_RUN : INCLOAD__DECIDE_SKIP_BAD;
    case INCLOAD__RULE_NONE_FAILED_MIN_ONE:
        return bad == 0 && ok > 0 ? INCLOAD__DECIDE_RUN : left_out;
    case INCLOAD__RULE_ONE_SUCCESS:
        return ok > 0 ? INCLOAD__DECIDE_RUN : left_out;
    case INCLOAD__RULE_ONE_FAILED:
        return bad > 0 ? INCLOAD__DECIDE_RUN : INCLOAD__DECIDE_SKIP;
    case INCLOAD__RULE_ALL_FAILED:
        return bad == count ? INCLOAD__DECIDE_RUN : INCLOAD__DECIDE_SKIP;
    default:
        return ok >= least ? INCLOAD__DECIDE_RUN : left_out;
    }
}

static int32_t orders;

static void
check_every_order(const incload__rule *rule, int32_t ok, int32_t skip, int32_t bad)
{
    int32_t ends[MOST], count = 0;

    for (int32_t i = 0; i < ok + skip + bad; i++)
        ends[count++] = i < ok ? OK : i < ok + skip ? SKIP : BAD;
    do {
        ck_assert_msg(outcome_of(rule, ends, count) == expected(rule->kind, rule->least, ok, skip, bad),
                      "rule %d (%d) with %d ok, %d skip, %d bad: %d in one order, not %d", rule->kind, rule->least, ok,
                      skip, bad, outcome_of(rule, ends, count), expected(rule->kind, rule->least, ok, skip, bad));
        orders++;
    } while (next_order(ends, count));
}

START_TEST(every_multiset_of_ends_gives_one_answer_in_every_order)
{
    orders = 0;
    for (int32_t kind = INCLOAD__RULE_ALL_SUCCESS; kind <= INCLOAD__RULE_MIN_SUCCESS; kind++) {
        for (int32_t n = 1; n <= MOST; n++) {
            for (int32_t least = 1; least <= (kind == INCLOAD__RULE_MIN_SUCCESS ? n : 1); least++) {
                const incload__rule rule = { .kind = kind, .least = least };
                for (int32_t ok = 0; ok <= n; ok++) {
                    for (int32_t skip = 0; ok + skip <= n; skip++)
                        check_every_order(&rule, ok, skip, n - ok - skip);
                }
            }
        }
    }
    /* 3 + 9 + 27 + 81 + 243 orders for each of seven rules, and for each k of the eighth. */
    ck_assert_int_eq(orders, 7 * 363 + 3 + 2 * 9 + 3 * 27 + 4 * 81 + 5 * 243);
}
END_TEST

START_TEST(a_failure_decides_before_the_rest_has_ended_and_a_skip_does_not)
{
    const incload__rule rule = { .kind = INCLOAD__RULE_ALL_SUCCESS };
    const incload__rule_counts bad = { .bad = 1, .upstreams = 3 }, skip = { .skip = 1, .upstreams = 3 };

    ck_assert_int_eq(incload__rule_decide(&rule, &bad), INCLOAD__DECIDE_SKIP_BAD);
    ck_assert_int_eq(incload__rule_decide(&rule, &skip), INCLOAD__DECIDE_WAIT);
}
END_TEST

START_TEST(a_node_without_upstreams_runs_unless_it_waits_for_one)
{
    const incload__rule_counts none = { .upstreams = 0 };

    for (int32_t kind = INCLOAD__RULE_ALL_SUCCESS; kind <= INCLOAD__RULE_MIN_SUCCESS; kind++) {
        const incload__rule rule = { .kind = kind, .least = kind == INCLOAD__RULE_MIN_SUCCESS };
        if (incload__rule_fault(&rule, 0) == NULL)
            ck_assert_int_eq(incload__rule_decide(&rule, &none), INCLOAD__DECIDE_RUN);
        else
            ck_assert(kind == INCLOAD__RULE_ONE_SUCCESS || kind == INCLOAD__RULE_ONE_FAILED
                      || kind == INCLOAD__RULE_MIN_SUCCESS);
    }
}
END_TEST

START_TEST(rules_that_cannot_be_met_are_refused)
{
    const incload__rule custom = { .kind = INCLOAD__RULE_CUSTOM }, unknown = { .kind = 77 };
    const incload__rule below = { .kind = -1 }, negative = { .kind = INCLOAD__RULE_MIN_SUCCESS, .least = -1 };
    const incload__rule three = { .kind = INCLOAD__RULE_MIN_SUCCESS, .least = 3 };

    ck_assert_ptr_nonnull(incload__rule_fault(&custom, 1));
    ck_assert_ptr_nonnull(incload__rule_fault(&unknown, 1));
    ck_assert_ptr_nonnull(incload__rule_fault(&below, 1));
    ck_assert_ptr_nonnull(incload__rule_fault(&negative, 1));
    ck_assert_ptr_nonnull(incload__rule_fault(&three, 2));
    ck_assert_ptr_null(incload__rule_fault(&three, 3));
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, every_multiset_of_ends_gives_one_answer_in_every_order);
    tcase_add_test(tests, a_failure_decides_before_the_rest_has_ended_and_a_skip_does_not);
    tcase_add_test(tests, a_node_without_upstreams_runs_unless_it_waits_for_one);
    tcase_add_test(tests, rules_that_cannot_be_met_are_refused);
}

HARNESS_MAIN("rule", add_tests)
