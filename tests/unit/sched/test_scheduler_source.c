/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of many units: generated as they are needed, under a limit, with a threshold. */
#include "stage.h"

#include "lender.h"

typedef struct range {
    int64_t next;
    int64_t end;
    int64_t later_us; /* LATER until then */
    int64_t asked;
} range;

static range units;
static incload__sched_source source;

static int32_t
next_unit(void *data, int64_t *key, int64_t *again_us)
{
    range *r = data;

    r->asked++;
    if (now_us < r->later_us) {
        *again_us = r->later_us;
        return INCLOAD__SOURCE_LATER;
    }
    if (r->next == r->end)
        return INCLOAD__SOURCE_END;
    *key = r->next++;
    return INCLOAD__SOURCE_UNIT;
}

static void
set_up(void)
{
    stage_set_up();
    units = (range){ .end = 1000 };
    source = (incload__sched_source){ .node = 0, .next = next_unit, .user_data = &units, .max_failures = -1 };
    config.sources = &source;
    config.source_count = 1;
    node_with(INCLOAD__NODE_SOURCE, INCLOAD__RULE_ALL_SUCCESS, 0);
}

START_TEST(one_failed_unit_of_a_thousand_leaves_the_others_done_at_every_concurrency)
{
    for (int32_t limit = 1; limit <= 64; limit++) {
        incload__sched_unit running[64];
        int32_t count = 0;

        source.limit.max_running = limit;
        begin();
        for (int32_t got = INCLOAD__PULL_NONE; got != INCLOAD__PULL_END || count > 0;) {
            got = incload__sched_pull(sched, &running[count], 0);
            count += got == INCLOAD__PULL_UNIT;
            ck_assert_int_le(count, limit);
            if (got == INCLOAD__PULL_UNIT)
                continue;
            /* Full: the oldest ends. */
            if (count > 0) {
                complete(running[0], running[0].key == 500 ? FAILED : OK);
                memmove(&running[0], &running[1], (size_t)--count * sizeof running[0]);
            }
        }
        incload__sched_info found = info(0);
        ck_assert_int_eq(found.succeeded, 999);
        ck_assert_int_eq(found.failed, 1);
        expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
        stage_tear_down();
        set_up();
    }
    begin();
}
END_TEST

START_TEST(units_start_in_the_order_of_the_source_and_are_generated_as_needed)
{
    source.limit.max_running = 4;
    begin();
    for (int64_t i = 0; i < 4; i++)
        ck_assert_int_eq(pull(0).key, i);
    pull_nothing();
    expect(0, INCLOAD_STATUS_RUNNING, INCLOAD__REASON_WAITING_LIMIT);
    ck_assert_int_eq(units.asked, 4);
}
END_TEST

START_TEST(what_comes_after_waits_for_all_units)
{
    units.end = 2;
    node();
    edge(0, 1);
    begin();
    incload__sched_unit first = pull(0), second = pull(0);
    complete(second, OK);
    pull_nothing();
    complete(first, OK);
    complete_next(1, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(a_source_without_units_succeeds)
{
    units.end = 0;
    begin();
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(more_failures_than_allowed_stop_the_source_and_leave_the_rest_as_it_is)
{
    source.limit.max_running = 2;
    source.max_failures = 1;
    begin();
    complete_next(0, FAILED);
    incload__sched_unit running = pull(0);
    complete_next(0, FAILED);
    pull_nothing();
    complete(running, OK);
    pull_end(INCLOAD__RUN_FAILED);
    expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_THRESHOLD);
    ck_assert_int_eq(info(0).succeeded, 1);
    ck_assert_int_eq(info(0).failed, 2);
}
END_TEST

START_TEST(a_share_of_failures_counts_once_there_are_enough_and_a_row_of_them_at_once)
{
    for (int32_t i = 0; i < 2; i++) {
        int32_t failed = 0;
        source.limit.max_running = 1;
        source.max_failed_permille = i == 0 ? 500 : 0;
        source.min_samples = 10;
        source.max_consecutive = i == 1 ? 3 : 0;
        begin();
        while (incload__sched_state(sched) == INCLOAD__RUN_RUNNING) {
            complete_next(0, FAILED);
            failed++;
        }
        ck_assert_int_eq(failed, i == 0 ? 10 : 3);
        expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_THRESHOLD);
        stage_tear_down();
        set_up();
    }
    begin();
}
END_TEST

START_TEST(a_failed_attempt_comes_back_before_new_units)
{
    const incload__sched_policy policy = { .attempts = 2, .retry = { .base_us = 100, .jitter = INCLOAD__JITTER_NONE } };

    config.policies = &policy;
    config.policy_count = 1;
    source.limit.max_running = 1;
    units.end = 3;
    begin();
    complete_next(0, INCLOAD__OUTCOME_RETRY);
    incload__sched_unit second = pull(0);
    ck_assert_int_eq(second.key, 1);
    now_us += 100;
    complete(second, OK);
    incload__sched_unit again = pull(0);
    ck_assert_int_eq(again.key, 0);
    ck_assert_int_eq(again.attempt, 2);
    complete(again, OK);
    complete_next(0, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
    ck_assert_int_eq(info(0).succeeded, 3);
}
END_TEST

START_TEST(the_end_waits_for_a_unit_that_rests)
{
    const incload__sched_policy policy = { .attempts = 2, .retry = { .base_us = 100, .jitter = INCLOAD__JITTER_NONE } };

    config.policies = &policy;
    config.policy_count = 1;
    units.end = 1;
    begin();
    complete_next(0, INCLOAD__OUTCOME_RETRY);
    pull_nothing();
    now_us += 100;
    complete_next(0, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(a_source_that_is_not_ready_is_asked_again_when_it_said)
{
    units.later_us = 5000;
    begin();
    pull_nothing();
    expect(0, INCLOAD_STATUS_PENDING, INCLOAD__REASON_NOT_READY);
    ck_assert_int_eq(incload__sched_tick(sched), 5000);
    pull_nothing();
    ck_assert_int_eq(units.asked, 1);
    now_us = 5000;
    pull(0);
}
END_TEST

START_TEST(a_paused_source_holds_back_only_itself)
{
    node();
    source.paused = true;
    begin();
    complete_next(1, OK);
    pull_nothing();
    expect(0, INCLOAD_STATUS_PENDING, INCLOAD__REASON_PAUSED);
    ck_assert_int_eq(incload__sched_pause(sched, 0, false), INCLOAD_OK);
    pull(0);
}
END_TEST

START_TEST(concurrency_grows_while_all_goes_well_and_falls_when_throttled)
{
    const incload__sched_outcome throttled = { .kind = INCLOAD__OUTCOME_THROTTLED, .after_us = 1000000 };

    source.limit = (incload__limit_spec){ .min_running = 2, .max_running = 20 };
    begin();
    for (int32_t i = 0; i < 200; i++)
        complete_next(0, OK);
    ck_assert_int_eq(info(0).limit, 20);
    incload__sched_unit running[20];
    for (int32_t i = 0; i < 20; i++)
        running[i] = pull(0);
    /* All twenty ran under the old limit: they complain once. */
    for (int32_t i = 0; i < 20; i++)
        ck_assert_int_eq(incload__sched_complete(sched, running[i].token, &throttled), INCLOAD_OK);
    ck_assert_int_eq(info(0).limit, 18);
}
END_TEST

START_TEST(a_cancelled_source_starts_no_more_and_ends_with_what_runs)
{
    source.limit.max_running = 3;
    begin();
    incload__sched_unit running = pull(0);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_DRAIN), INCLOAD_OK);
    pull_nothing();
    complete(running, OK);
    pull_end(INCLOAD__RUN_CANCELLED);
    expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_CANCELLED);
}
END_TEST

START_TEST(memory_does_not_grow_with_the_number_of_units)
{
    source.limit.max_running = 4;
    units.end = 100000;
    begin();
    size_t before = incload__sched_memory(sched);
    for (int32_t i = 0; i < 100000; i++)
        complete_next(0, OK);
    ck_assert_uint_le(incload__sched_memory(sched), before + 4096);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

enum { IN_A_CALLBACK = 40 };

static lender bank;
static int32_t begun, ends_told[IN_A_CALLBACK];
static incload__sched_unit open_units[IN_A_CALLBACK];

static void
lend(bool has_memory)
{
    bank.first = has_memory ? 0 : 1;
    bank.failures = INT64_MAX;
}

static void
count_end(const incload__sched_event *event)
{
    if (event->kind == INCLOAD__SCHED_UNIT_FINISHED)
        ends_told[event->key]++;
}

static void
begin_with_bank(void (*event)(void *, const incload__sched_event *))
{
    begun = 0;
    memset(ends_told, 0, sizeof ends_told);
    lend(true);
    env.mem = (incload__mem){ lender_allocate, lender_reallocate, lender_release, &bank };
    config.hooks.event = event;
    units.end = IN_A_CALLBACK;
    begin();
}

/* While one event is told others come, and there is no memory for them. */
static void
work_while_told(void *data, const incload__sched_event *event)
{
    incload__sched_unit unit;

    (void)data;
    count_end(event);
    if (begun++ > 0)
        return;
    lend(false);
    for (; incload__sched_pull(sched, &unit, 0) == INCLOAD__PULL_UNIT; begun++)
        complete(unit, OK);
    lend(true);
}

START_TEST(every_unit_that_began_is_told_to_have_ended_without_memory_for_more_events)
{
    begin_with_bank(work_while_told);
    complete_next(0, OK);
    int32_t told = 0;
    incload__sched_info found = info(0);
    for (int32_t i = 0; i < IN_A_CALLBACK; i++)
        told += ends_told[i];
    ck_assert_int_gt(found.succeeded, 4);
    ck_assert_int_eq(told, found.succeeded);
    expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
    ck_assert_int_eq(found.code, INCLOAD_E_NO_MEMORY);
}
END_TEST

/* Many begin while the first event is told, and end while the next one is: for that the box with room is away. */
static void
begin_and_end_while_told(void *data, const incload__sched_event *event)
{
    const int32_t most = IN_A_CALLBACK - 1;

    (void)data;
    count_end(event);
    if (begun == most)
        lend(false);
    for (int32_t i = 0; begun == most && i < most; i++)
        complete(open_units[i], OK);
    begun += begun == most;
    while (begun < most && incload__sched_pull(sched, &open_units[begun], 0) == INCLOAD__PULL_UNIT)
        begun++;
}

START_TEST(units_that_began_with_memory_are_told_to_have_ended_without)
{
    begin_with_bank(begin_and_end_while_told);
    complete_next(0, OK);
    ck_assert_int_eq(begun, IN_A_CALLBACK);
    for (int32_t i = 0; i < IN_A_CALLBACK; i++)
        ck_assert_msg(ends_told[i] == 1, "the end of unit %d was told %d times", i, ends_told[i]);
    lend(true);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, stage_tear_down);
    tcase_add_test(tests, one_failed_unit_of_a_thousand_leaves_the_others_done_at_every_concurrency);
    tcase_add_test(tests, units_start_in_the_order_of_the_source_and_are_generated_as_needed);
    tcase_add_test(tests, what_comes_after_waits_for_all_units);
    tcase_add_test(tests, a_source_without_units_succeeds);
    tcase_add_test(tests, more_failures_than_allowed_stop_the_source_and_leave_the_rest_as_it_is);
    tcase_add_test(tests, a_share_of_failures_counts_once_there_are_enough_and_a_row_of_them_at_once);
    tcase_add_test(tests, a_failed_attempt_comes_back_before_new_units);
    tcase_add_test(tests, the_end_waits_for_a_unit_that_rests);
    tcase_add_test(tests, a_source_that_is_not_ready_is_asked_again_when_it_said);
    tcase_add_test(tests, a_paused_source_holds_back_only_itself);
    tcase_add_test(tests, concurrency_grows_while_all_goes_well_and_falls_when_throttled);
    tcase_add_test(tests, a_cancelled_source_starts_no_more_and_ends_with_what_runs);
    tcase_add_test(tests, memory_does_not_grow_with_the_number_of_units);
    tcase_add_test(tests, every_unit_that_began_is_told_to_have_ended_without_memory_for_more_events);
    tcase_add_test(tests, units_that_began_with_memory_are_told_to_have_ended_without);
}

HARNESS_MAIN("scheduler_source", add_tests)
