/* SPDX-License-Identifier: Apache-2.0 */
/* A system that refuses threads, memory or descriptors, and a process that is another's child: the linker puts the
 * functions below in the place of those that the library calls. */
#include "lender.h"
#include "sched/stage.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "sched/context.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
pid_t __real_getpid(void);
pid_t __wrap_getpid(void);
int __wrap_eventfd(unsigned value, int flags);
int __real_pthread_attr_init(pthread_attr_t *attributes);
int __wrap_pthread_attr_init(pthread_attr_t *attributes);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *), void *data);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *), void *data);
int __real_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_clock_gettime(clockid_t id, struct timespec *now);

static int32_t allocations_left = -1; /* before one fails; negative: none does */
static int32_t threads_left = 100;    /* before there are no more */
static bool is_child, no_attributes;
static long nanoseconds = -1; /* of a clock that is a second behind; negative: the true one */

void *
__wrap_malloc(size_t size)
{
    if (allocations_left >= 0 && allocations_left-- == 0)
        return NULL;
    return __real_malloc(size);
}

pid_t
__wrap_getpid(void)
{
    return __real_getpid() + is_child;
}

int
__wrap_eventfd(unsigned value, int flags)
{
    (void)value;
    (void)flags;
    errno = EMFILE;
    return -1;
}

int
__wrap_pthread_attr_init(pthread_attr_t *attributes)
{
    return no_attributes ? ENOMEM : __real_pthread_attr_init(attributes);
}

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *), void *data)
{
    return threads_left-- > 0 ? __real_pthread_create(thread, attributes, main, data) : EAGAIN;
}

int
__wrap_clock_gettime(clockid_t id, struct timespec *now)
{
    int failed = __real_clock_gettime(id, now);

    if (nanoseconds >= 0) {
        now->tv_sec--;
        now->tv_nsec = nanoseconds;
    }
    return failed;
}

static void
set_up(void)
{
    stage_set_up();
    allocations_left = -1;
    threads_left = 100;
    nanoseconds = -1;
    is_child = no_attributes = false;
}

static void
tear_down(void)
{
    is_child = false;
    stage_tear_down();
}

static void
succeed(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    (void)data;
    (void)unit;
    outcome->kind = OK;
}

START_TEST(a_child_of_the_process_is_refused_everything)
{
    const incload__sched_outcome done = { .kind = OK };
    const incload__node_spec spec = { .flags = 0 };
    incload__sched_unit unit;
    incload__sched_info found;
    incload_error *err = NULL;

    (void)node();
    (void)node();
    config.hooks.run = succeed;
    config.max_added = 1;
    begin();
    incload__sched_unit running = pull(0);
    is_child = true;
    ck_assert_int_eq(incload__sched_begin(sched), INCLOAD_E_FORKED);
    ck_assert_int_eq(incload__sched_state(sched), INCLOAD_E_FORKED);
    ck_assert_int_eq(incload__sched_info_of(sched, 0, &found), INCLOAD_E_FORKED);
    ck_assert_int_eq(incload__sched_pull(sched, &unit, 0), INCLOAD_E_FORKED);
    ck_assert_int_eq(incload__sched_complete(sched, running.token, &done), INCLOAD_E_FORKED);
    ck_assert_int_eq(incload__sched_beat(sched, running.token), INCLOAD_E_FORKED);
    ck_assert_int_eq(incload__sched_add(sched, running.token, &spec, 1, NULL, 0), INCLOAD_E_FORKED);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_NOW), INCLOAD_E_FORKED);
    ck_assert_int_eq(incload__sched_pause(sched, -1, true), INCLOAD_E_FORKED);
    ck_assert_int_eq(incload__sched_participate(sched), INCLOAD_E_FORKED);
    ck_assert_int_eq(incload__sched_wait(sched, 0), INCLOAD_E_FORKED);
    ck_assert_int_eq(incload__sched_tick(sched), INT64_MAX);
    incload__sched_settle(sched);
    ck_assert_int_eq(incload__sched_start_pool(sched, 1, 0, &err), INCLOAD_E_FORKED);
    ck_assert_str_eq(incload_error_message(err), "the scheduler belongs to the parent process");
    incload_error_unref(err);
    is_child = false;
    ck_assert_int_eq(incload__sched_state(sched), INCLOAD__RUN_RUNNING);
    complete(running, OK);
    complete_next(1, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
    is_child = true;
    incload__sched_free(sched);
    sched = NULL;
}
END_TEST

START_TEST(threads_that_the_system_does_not_give_are_counted)
{
    static const char *const said[] = { "the system gave 0 of 3 threads", "the system gave 2 of 3 threads",
                                        "the system gave 0 of 3 threads" };
    const incload__sched_policy timed = { .attempt_us = 1000000000 };
    incload_error *err = NULL;

    (void)node();
    config.hooks.run = succeed;
    if (_i == 2) {
        config.policies = &timed;
        config.policy_count = 1;
    }
    begin();
    no_attributes = _i == 0;
    threads_left = _i == 1 ? 2 : 0;
    ck_assert_int_eq(incload__sched_start_pool(sched, 3, 0, &err), INCLOAD_E_STATE);
    ck_assert_str_eq(incload_error_message(err), said[_i]);
    incload_error_unref(err);
    /* Who is there does the work, or the host itself. */
    ck_assert_int_eq(incload__sched_participate(sched), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_wait(sched, -1), INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(a_context_without_memory_is_none)
{
    incload_context *context = NULL;
    int32_t failures = 0;

    while (context == NULL) {
        incload_error *err = NULL;
        allocations_left = failures++;
        context = incload_context_new("events=5", &err);
        allocations_left = -1;
        ck_assert_int_eq(incload_error_code(err), context != NULL ? INCLOAD_OK : INCLOAD_E_NO_MEMORY);
        incload_error_unref(err);
    }
    ck_assert_int_gt(failures, 2);
    incload_context_unref(context);
}
END_TEST

START_TEST(an_event_without_memory_is_left_out)
{
    incload_context *context = incload_context_new(NULL, NULL);
    const incload__event_facts facts = { .kind = INCLOAD_EVENT_NOTICE, .message = "here" };

    for (int32_t i = 0; i < 5; i++) {
        allocations_left = i;
        incload__context_post(context, &facts);
        allocations_left = -1;
        ck_assert_ptr_null(incload_context_next_event(context, 0, NULL));
    }
    incload__context_post(context, &facts);
    incload_event *event = incload_context_next_event(context, 0, NULL);
    ck_assert_str_eq(incload_event_message(event), "here");
    incload_event_unref(event);
    incload_context_unref(context);
}
END_TEST

START_TEST(a_descriptor_that_the_system_does_not_give_is_told)
{
    incload_context *context = incload_context_new(NULL, NULL);
    incload_error *err = NULL;

    ck_assert_int_eq(incload_context_event_fd(context, &err), INCLOAD_E_STATE);
    ck_assert_str_eq(incload_error_message(err), "the system gave no file descriptor for events");
    incload_error_unref(err);
    incload_context_unref(context);
}
END_TEST

START_TEST(waiting_for_an_event_ends_at_every_fraction_of_a_second)
{
    incload_context *context = incload_context_new(NULL, NULL);

    for (int32_t i = 0; i < 2; i++) {
        nanoseconds = i == 0 ? 0 : 999999999;
        incload_event *event = incload_context_next_event(context, 1, NULL);
        nanoseconds = -1;
        ck_assert_ptr_null(event);
    }
    incload_context_unref(context);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_child_of_the_process_is_refused_everything);
    tcase_add_loop_test(tests, threads_that_the_system_does_not_give_are_counted, 0, 3);
    tcase_add_test(tests, a_context_without_memory_is_none);
    tcase_add_test(tests, an_event_without_memory_is_left_out);
    tcase_add_test(tests, a_descriptor_that_the_system_does_not_give_is_told);
    tcase_add_test(tests, waiting_for_an_event_ends_at_every_fraction_of_a_second);
}

HARNESS_MAIN("scheduler_system", add_tests)
