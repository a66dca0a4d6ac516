/* SPDX-License-Identifier: Apache-2.0 */
/* Batches whose threads keep away: others tell of their ends, once, and in order. The test stands for the thread. */
#include "stage.h"

#include "sched/scheduler_internal.h"

enum { NODES = 4, CODE = 7 };

static incload__sched_batch batch;
static incload__sched_event told[3 * NODES];
static int32_t told_count;

static void
note_end(void *data, const incload__sched_event *event)
{
    (void)data;
    if (event->kind == INCLOAD__SCHED_UNIT_FINISHED)
        told[told_count++] = *event;
}

static void
set_up(void)
{
    stage_set_up();
    told_count = 0;
    config.hooks.event = note_end;
    for (int32_t i = 0; i < NODES; i++)
        node();
}

/* As a thread that takes part takes them, with the first begun. */
static void
take(int32_t count)
{
    incload__sched_unit unit;

    batch = (incload__sched_batch){ .size = count };
    incload__sched_lock(sched);
    sched->drivers = 1;
    /* Who listens to events is served by a thread that looks; here the test does. */
    sched->watched = true;
    ck_assert_int_eq(incload__sched_next(sched, &unit, 0), INCLOAD__PULL_UNIT);
    incload__sched_batch_fill(sched, &batch, &unit);
    sched->drivers = 0;
    incload__sched_unlock(sched);
    ck_assert_int_eq(batch.count, count);
}

/* The batch's thread is through with all before this one, and at it. */
static void
go_to(int32_t item)
{
    for (int32_t i = 0; i < item; i++)
        batch.items[i].ended_us = batch.items[i + 1].started_us = ++now_us;
    atomic_store(&batch.ended, item);
    atomic_store(&batch.head, item + 1);
    batch.at = item;
}

static void
hand_over(void)
{
    batch.last_code = CODE;
    batch.last_us = ++now_us;
    incload__sched_batch_hand_over(sched, &batch);
}

START_TEST(who_looks_tells_of_an_end_that_was_handed_over)
{
    edge(0, 1);
    begin();
    take(1);
    hand_over();
    int64_t ended = now_us;
    now_us += 500;
    expect(0, INCLOAD_STATUS_SUCCESS, INCLOAD__REASON_NONE);
    incload__sched_settle(sched);
    ck_assert_int_eq(told_count, 1);
    ck_assert_int_eq(told[0].node, 0);
    ck_assert_int_eq(told[0].status, INCLOAD_STATUS_SUCCESS);
    ck_assert_int_eq(told[0].code, CODE);
    ck_assert_int_eq(told[0].time_us, ended);
    expect(1, INCLOAD_STATUS_PENDING, INCLOAD__REASON_WAITING_WORKER);
}
END_TEST

START_TEST(who_finds_nothing_takes_up_what_an_end_that_was_handed_over_releases)
{
    for (int32_t i = 1; i < NODES; i++)
        edge(i - 1, i);
    begin();
    take(1);
    pull_nothing();
    hand_over();
    for (int32_t i = 1; i < NODES; i++)
        complete_next(i, INCLOAD__OUTCOME_OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(ends_before_the_last_are_told_before_it)
{
    begin();
    take(3);
    go_to(2);
    hand_over();
    incload__sched_settle(sched);
    ck_assert_int_eq(told_count, 3);
    for (int32_t i = 0; i < 3; i++) {
        ck_assert_int_eq(told[i].node, i);
        ck_assert_int_eq(told[i].code, i == 2 ? CODE : 0);
        ck_assert_int_eq(told[i].time_us, 1000 + 1 + i);
    }
    complete_next(3, INCLOAD__OUTCOME_OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(an_end_that_was_counted_when_the_rest_was_taken_back_is_counted_once)
{
    begin();
    take(2);
    /* It has ended, and the next is taken back before its thread can begin it. */
    atomic_store(&batch.ended, 1);
    expect(0, INCLOAD_STATUS_SUCCESS, INCLOAD__REASON_NONE);
    expect(1, INCLOAD_STATUS_PENDING, INCLOAD__REASON_WAITING_WORKER);
    hand_over();
    for (int32_t i = 1; i < NODES; i++)
        complete_next(i, INCLOAD__OUTCOME_OK);
    pull_end(INCLOAD__RUN_SUCCESS);
    ck_assert_int_eq(told_count, NODES);
}
END_TEST

START_TEST(several_are_told_at_once)
{
    static incload__sched_batch first;

    begin();
    take(1);
    first = batch;
    take(1);
    ck_assert_int_eq(first.items[0].node, 0);
    ck_assert_int_eq(batch.items[0].node, 1);
    incload__sched_batch_hand_over(sched, &first);
    hand_over();
    for (int32_t i = 0; i < 2; i++)
        expect(i, INCLOAD_STATUS_SUCCESS, INCLOAD__REASON_NONE);
    ck_assert_ptr_null(sched->handed);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, stage_tear_down);
    tcase_add_test(tests, who_looks_tells_of_an_end_that_was_handed_over);
    tcase_add_test(tests, who_finds_nothing_takes_up_what_an_end_that_was_handed_over_releases);
    tcase_add_test(tests, ends_before_the_last_are_told_before_it);
    tcase_add_test(tests, an_end_that_was_counted_when_the_rest_was_taken_back_is_counted_once);
    tcase_add_test(tests, several_are_told_at_once);
}

HARNESS_MAIN("scheduler_handed", add_tests)
