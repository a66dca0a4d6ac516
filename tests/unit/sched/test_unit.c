/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>

#include "sched/unit.h"

static incload_unit unit;
static int64_t now_us;

static int64_t
clock_now(void *data)
{
    (void)data;
    return now_us;
}

static incload__env env;

static void
set_up(void)
{
    memset(&unit, 0, sizeof unit);
    env = incload__env_system;
    env.monotonic_us = clock_now;
    now_us = 0;
    ck_assert_int_eq(incload__unit_init(&unit, &env, "orders", "2024-01-01", "0123"), INCLOAD_OK);
}

static void
tear_down(void)
{
    incload__unit_free(&unit);
}

START_TEST(a_unit_says_what_it_is)
{
    ck_assert_str_eq(incload_unit_step(&unit), "orders");
    ck_assert_str_eq(incload_unit_label(&unit), "2024-01-01");
    ck_assert_str_eq(incload_unit_run_id(&unit), "0123");
    ck_assert_int_eq(incload_unit_attempt(&unit), 1);
}
END_TEST

START_TEST(no_unit_is_all_empty)
{
    ck_assert_str_eq(incload_unit_step(NULL), "");
    ck_assert_str_eq(incload_unit_label(NULL), "");
    ck_assert_str_eq(incload_unit_run_id(NULL), "");
    ck_assert_int_eq(incload_unit_attempt(NULL), 0);
    ck_assert_int_eq(incload_unit_is_cancelled(NULL), 0);
    ck_assert_int_ne(incload_unit_fail(NULL, "x"), INCLOAD_DONE);
}
END_TEST

START_TEST(a_unit_is_cancelled_with_its_run_or_when_its_time_is_over)
{
    atomic_bool cancelled = false;

    ck_assert_int_eq(incload_unit_is_cancelled(&unit), 0);
    unit.cancelled = &cancelled;
    unit.deadline_us = 100;
    now_us = 99;
    ck_assert_int_eq(incload_unit_is_cancelled(&unit), 0);
    now_us = 100;
    ck_assert_int_eq(incload_unit_is_cancelled(&unit), 1);
    now_us = 0;
    atomic_store(&cancelled, true);
    ck_assert_int_eq(incload_unit_is_cancelled(&unit), 1);
}
END_TEST

START_TEST(the_last_reason_of_a_failure_counts_and_failing_is_never_done)
{
    ck_assert_int_ne(incload_unit_fail(&unit, "first"), INCLOAD_DONE);
    ck_assert_int_ne(incload_unit_fail(&unit, "second"), INCLOAD_DONE);
    ck_assert_str_eq(unit.failure, "second");
    ck_assert_int_ne(incload_unit_fail(&unit, NULL), INCLOAD_DONE);
    ck_assert_str_eq(unit.failure, "second");
}
END_TEST

START_TEST(a_unit_that_was_never_begun_can_be_freed)
{
    incload_unit never;

    memset(&never, 0, sizeof never);
    incload__unit_free(&never);
    incload__unit_free(&unit);
    incload__unit_free(&unit);
}
END_TEST

static int64_t
hurried_clock(void *data)
{
    (void)data;
    return now_us += 1000;
}

START_TEST(a_unit_rests_until_its_time_or_its_end_or_until_it_is_enough)
{
    atomic_bool enough = false;

    env.monotonic_us = hurried_clock;
    ck_assert(incload__unit_pause(&unit, 20000));
    ck_assert_int_ge(now_us, 20000);
    ck_assert(incload__unit_rest(&unit, now_us + 20000, &enough));
    atomic_store(&enough, true);
    int64_t before = now_us;
    ck_assert(incload__unit_rest(&unit, now_us + INT64_C(1000000000), &enough));
    ck_assert_int_lt(now_us, before + 100000);
    /* The time of the unit ends its rest, wherever in it that is seen. */
    for (int64_t i = 0; i < 8; i++) {
        unit.deadline_us = now_us + 500 * (i + 1);
        ck_assert(!incload__unit_pause(&unit, now_us + INT64_C(1000000000)));
    }
}
END_TEST

START_TEST(a_unit_that_is_anothers_by_now_is_cancelled)
{
    atomic_store(&unit.lost, true);
    ck_assert_int_eq(incload_unit_is_cancelled(&unit), 1);
    ck_assert(!incload__unit_pause(&unit, 1000));
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_unit_says_what_it_is);
    tcase_add_test(tests, no_unit_is_all_empty);
    tcase_add_test(tests, a_unit_is_cancelled_with_its_run_or_when_its_time_is_over);
    tcase_add_test(tests, the_last_reason_of_a_failure_counts_and_failing_is_never_done);
    tcase_add_test(tests, a_unit_that_was_never_begun_can_be_freed);
    tcase_add_test(tests, a_unit_rests_until_its_time_or_its_end_or_until_it_is_enough);
    tcase_add_test(tests, a_unit_that_is_anothers_by_now_is_cancelled);
}

HARNESS_MAIN("unit", add_tests)
