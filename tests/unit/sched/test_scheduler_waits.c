/* SPDX-License-Identifier: Apache-2.0 */
/* How long who waits sleeps, and who wakes it. */
#include "sched/edges.h"

static int64_t
hurried_clock(void *data)
{
    (void)data;
    return atomic_fetch_add(&now_us, 1000) + 1000;
}

START_TEST(who_waits_looks_at_a_clock_of_the_host_again_and_again)
{
    incload__sched_unit unit;

    (void)node();
    env.monotonic_us = hurried_clock;
    config.paused = true;
    begin();
    ck_assert_int_eq(incload__sched_pull(sched, &unit, 20000), INCLOAD__PULL_NONE);
    ck_assert_int_eq(incload__sched_wait(sched, 20000), INCLOAD__RUN_RUNNING);
}
END_TEST

static void *
end_it_soon(void *data)
{
    (void)data;
    for (bool waits = false; !waits;) {
        incload__sched_lock(sched);
        waits = sched->waiting > 0;
        incload__sched_unlock(sched);
    }
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_DRAIN), INCLOAD_OK);
    return NULL;
}

START_TEST(who_waits_for_years_is_woken_by_the_end)
{
    incload__sched_unit unit;
    pthread_t other;

    (void)node();
    env.monotonic_us = NULL;
    config.paused = true;
    begin();
    ck_assert_int_eq(pthread_create(&other, NULL, end_it_soon, NULL), 0);
    ck_assert_int_eq(incload__sched_pull(sched, &unit, INT64_C(100000000) * SECOND), INCLOAD__PULL_END);
    pthread_join(other, NULL);
}
END_TEST

START_TEST(the_thread_of_the_deadlines_ends_with_the_run)
{
    int32_t only = node_with(0, 0, 1);

    env.monotonic_us = NULL;
    policies[1].queue_us = 1000;
    config.paused = true;
    begin();
    ck_assert_int_eq(incload__sched_start_pool(sched, 0, 0, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_FAILED);
    expect(only, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_QUEUE);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, stage_tear_down);
    tcase_add_test(tests, who_waits_looks_at_a_clock_of_the_host_again_and_again);
    tcase_add_test(tests, who_waits_for_years_is_woken_by_the_end);
    tcase_add_test(tests, the_thread_of_the_deadlines_ends_with_the_run);
}

HARNESS_MAIN("scheduler_waits", add_tests)
