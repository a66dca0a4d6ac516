/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of events: bounded, in order, and with a descriptor that says whether anything waits. */
#include "harness.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <incload/run.h>

#include "sched/context.h"

static incload_context *context;

static void
open_with(const char *options)
{
    incload_context_unref(context);
    context = incload_context_new(options, NULL);
    ck_assert_ptr_nonnull(context);
}

static void
set_up(void)
{
    context = NULL;
    open_with("events=4");
}

static void
tear_down(void)
{
    incload_context_unref(context);
}

static void
post(int32_t kind, const char *message)
{
    incload__event_facts facts = { .kind = kind, .message = message };

    incload__context_post(context, &facts);
}

/* The messages of all events that wait, with spaces between. */
static void
waiting(const char *expected)
{
    char found[400] = "";
    size_t used = 0;
    incload_event *event;

    while ((event = incload_context_next_event(context, 0, NULL)) != NULL) {
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%s", used > 0 ? " " : "",
                                 incload_event_message(event));
        incload_event_unref(event);
    }
    ck_assert_str_eq(found, expected);
}

static int64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
readable(int fd)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };

    return poll(&wait, 1, 0);
}

START_TEST(events_come_in_the_order_they_were_posted)
{
    post(INCLOAD_EVENT_RUN_STARTED, "a");
    post(INCLOAD_EVENT_PROGRESS, "b");
    post(INCLOAD_EVENT_RUN_FINISHED, "c");
    waiting("a b c");
    waiting("");
}
END_TEST

START_TEST(an_event_carries_all_that_was_told)
{
    incload__event_facts facts = {
        .kind = INCLOAD_EVENT_UNIT_FINISHED, .status = INCLOAD_STATUS_FAILED, .run_id = "0123", .step = "orders",
        .unit = "2024-01-01", .message = "no", .rows_read = 5, .rows_written = 4, .bytes = 300,
    };

    incload__context_post(context, &facts);
    incload_event *event = incload_context_next_event(context, 0, NULL);
    ck_assert_int_eq(incload_event_kind(event), INCLOAD_EVENT_UNIT_FINISHED);
    ck_assert_int_eq(incload_event_status(event), INCLOAD_STATUS_FAILED);
    ck_assert_str_eq(incload_event_run_id(event), "0123");
    ck_assert_str_eq(incload_event_step(event), "orders");
    ck_assert_str_eq(incload_event_unit(event), "2024-01-01");
    ck_assert_str_eq(incload_event_message(event), "no");
    ck_assert_int_eq(incload_event_rows_read(event), 5);
    ck_assert_int_eq(incload_event_rows_written(event), 4);
    ck_assert_int_eq(incload_event_bytes(event), 300);
    ck_assert_int_gt(incload_event_time_us(event), 1600000000000000);
    incload_event_unref(event);
}
END_TEST

START_TEST(an_event_outlives_its_context)
{
    post(INCLOAD_EVENT_NOTICE, "still here");
    incload_event *event = incload_event_ref(incload_context_next_event(context, 0, NULL));
    incload_event_unref(event);
    incload_context_unref(context);
    context = NULL;
    ck_assert_str_eq(incload_event_message(event), "still here");
    ck_assert_str_eq(incload_event_run_id(event), "");
    incload_event_unref(event);
}
END_TEST

START_TEST(a_full_queue_takes_no_more_progress)
{
    for (int i = 0; i < 4; i++)
        post(INCLOAD_EVENT_NOTICE, "n");
    post(INCLOAD_EVENT_PROGRESS, "p");
    waiting("n n n n");
}
END_TEST

START_TEST(a_full_queue_gives_up_its_oldest_progress_first)
{
    post(INCLOAD_EVENT_RUN_STARTED, "start");
    post(INCLOAD_EVENT_PROGRESS, "p1");
    post(INCLOAD_EVENT_NOTICE, "note");
    post(INCLOAD_EVENT_PROGRESS, "p2");
    post(INCLOAD_EVENT_UNIT_FINISHED, "unit");
    post(INCLOAD_EVENT_RUN_FINISHED, "end");
    waiting("start note unit end");
}
END_TEST

START_TEST(a_full_queue_without_progress_gives_up_the_oldest)
{
    static const char *const names[] = { "1", "2", "3", "4", "5", "6" };

    for (size_t i = 0; i < 6; i++)
        post(INCLOAD_EVENT_NOTICE, names[i]);
    waiting("3 4 5 6");
}
END_TEST

START_TEST(the_ring_goes_round)
{
    for (int round = 0; round < 10; round++) {
        post(INCLOAD_EVENT_NOTICE, "a");
        post(INCLOAD_EVENT_PROGRESS, "b");
        post(INCLOAD_EVENT_NOTICE, "c");
        waiting("a b c");
    }
}
END_TEST

START_TEST(a_queue_of_none_keeps_none)
{
    open_with("events=0");
    post(INCLOAD_EVENT_RUN_FINISHED, "gone");
    waiting("");
    ck_assert_int_ge(incload_context_event_fd(context, NULL), 0);
}
END_TEST

START_TEST(the_descriptor_is_readable_while_events_wait)
{
    int fd = incload_context_event_fd(context, NULL);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(incload_context_event_fd(context, NULL), fd);
    ck_assert_int_eq(readable(fd), 0);
    post(INCLOAD_EVENT_NOTICE, "a");
    post(INCLOAD_EVENT_NOTICE, "b");
    ck_assert_int_eq(readable(fd), 1);
    incload_event_unref(incload_context_next_event(context, 0, NULL));
    ck_assert_int_eq(readable(fd), 1);
    incload_event_unref(incload_context_next_event(context, 0, NULL));
    ck_assert_int_eq(readable(fd), 0);
    for (int i = 0; i < 9; i++)
        post(INCLOAD_EVENT_NOTICE, "c");
    ck_assert_int_eq(readable(fd), 1);
    waiting("c c c c");
    ck_assert_int_eq(readable(fd), 0);
}
END_TEST

START_TEST(a_descriptor_asked_for_late_knows_what_waits)
{
    post(INCLOAD_EVENT_NOTICE, "a");
    ck_assert_int_eq(readable(incload_context_event_fd(context, NULL)), 1);
}
END_TEST

START_TEST(waiting_ends_when_the_time_is_over)
{
    int64_t begin = now_ms();
    ck_assert_ptr_null(incload_context_next_event(context, 60, NULL));
    ck_assert_int_ge(now_ms() - begin, 55);
    ck_assert_int_lt(now_ms() - begin, 1000);
}
END_TEST

static void *
post_later(void *data)
{
    struct timespec time = { .tv_nsec = 40000000 };
    (void)data;

    nanosleep(&time, NULL);
    post(INCLOAD_EVENT_NOTICE, "late");
    return NULL;
}

START_TEST(waiting_ends_when_an_event_comes)
{
    static const int64_t timeouts[] = { 10000, -1, INT64_MAX };
    pthread_t thread;

    pthread_create(&thread, NULL, post_later, NULL);
    int64_t begin = now_ms();
    incload_event *event = incload_context_next_event(context, timeouts[_i], NULL);
    ck_assert_str_eq(incload_event_message(event), "late");
    ck_assert_int_lt(now_ms() - begin, 5000);
    incload_event_unref(event);
    pthread_join(thread, NULL);
}
END_TEST

static void *
post_many(void *data)
{
    (void)data;
    for (int i = 0; i < 500; i++)
        post(INCLOAD_EVENT_NOTICE, "n");
    return NULL;
}

START_TEST(many_threads_may_post_and_read_at_once)
{
    pthread_t threads[4];
    int32_t got = 0;

    open_with("events=10000");
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, post_many, NULL);
    while (got < 2000) {
        incload_event *event = incload_context_next_event(context, 5000, NULL);
        ck_assert_ptr_nonnull(event);
        incload_event_unref(event);
        got++;
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_ptr_null(incload_context_next_event(context, 0, NULL));
}
END_TEST

START_TEST(no_event_is_all_empty)
{
    ck_assert_int_eq(incload_event_kind(NULL), 0);
    ck_assert_int_eq(incload_event_time_us(NULL), 0);
    ck_assert_str_eq(incload_event_run_id(NULL), "");
    ck_assert_str_eq(incload_event_step(NULL), "");
    ck_assert_str_eq(incload_event_unit(NULL), "");
    ck_assert_int_eq(incload_event_status(NULL), 0);
    ck_assert_str_eq(incload_event_message(NULL), "");
    ck_assert_ptr_null(incload_event_ref(NULL));
    incload_event_unref(NULL);
    ck_assert_int_eq(incload_event_rows_read(NULL), 0);
    ck_assert_int_eq(incload_event_rows_written(NULL), 0);
    ck_assert_int_eq(incload_event_bytes(NULL), 0);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, events_come_in_the_order_they_were_posted);
    tcase_add_test(tests, an_event_carries_all_that_was_told);
    tcase_add_test(tests, an_event_outlives_its_context);
    tcase_add_test(tests, a_full_queue_takes_no_more_progress);
    tcase_add_test(tests, a_full_queue_gives_up_its_oldest_progress_first);
    tcase_add_test(tests, a_full_queue_without_progress_gives_up_the_oldest);
    tcase_add_test(tests, the_ring_goes_round);
    tcase_add_test(tests, a_queue_of_none_keeps_none);
    tcase_add_test(tests, the_descriptor_is_readable_while_events_wait);
    tcase_add_test(tests, a_descriptor_asked_for_late_knows_what_waits);
    tcase_add_test(tests, waiting_ends_when_the_time_is_over);
    tcase_add_loop_test(tests, waiting_ends_when_an_event_comes, 0, 3);
    tcase_add_test(tests, many_threads_may_post_and_read_at_once);
    tcase_add_test(tests, no_event_is_all_empty);
}

HARNESS_MAIN("event", add_tests)
