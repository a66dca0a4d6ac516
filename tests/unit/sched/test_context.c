/* SPDX-License-Identifier: Apache-2.0 */
/* What a host lends: taken before anything is made, refused afterwards, given back once. */
#include "harness.h"

#include <incload/incload.h>

#include <string.h>

#include "sched/context.h"

static incload_context *context;
static incload_error *err;
static int32_t given_back;

static void
set_up(void)
{
    err = NULL;
    given_back = 0;
    context = incload_context_new(NULL, &err);
}

static void
tear_down(void)
{
    incload_context_unref(context);
    incload_error_unref(err);
}

static void
give_back(void *data)
{
    (void)data;
    given_back++;
}

static void
says(const char *part)
{
    ck_assert_msg(strstr(incload_error_message(err), part) != NULL, "%s", incload_error_message(err));
    incload_error_unref(err);
    err = NULL;
}

static int64_t lent;

static void *
lend(size_t size, void *data)
{
    lent++;
    ck_assert_ptr_eq(data, &lent);
    return malloc(size);
}

static void *
lend_more(void *block, size_t size, void *data)
{
    (void)data;
    return realloc(block, size);
}

static void
take(void *block, void *data)
{
    (void)data;
    lent--;
    free(block);
}

static int64_t
seven(void *data)
{
    (void)data;
    return 7;
}

static int64_t
million(void *data)
{
    (void)data;
    return 1000000;
}

static uint64_t
four(void *data)
{
    (void)data;
    return 4;
}

static const incload_allocator allocator = { .struct_size = sizeof allocator, .allocate = lend,
                                             .reallocate = lend_more, .release = take };
static const incload_clock clocks = { .struct_size = sizeof clocks, .monotonic_us = seven, .wall_us = million };

static int32_t
set_allocator(const incload_allocator *table)
{
    return incload_context_set_allocator(context, table, &lent, give_back, &err);
}

static int32_t
set_clock(const incload_clock *table)
{
    return incload_context_set_clock(context, table, NULL, give_back, &err);
}

static int32_t
set_random(incload_random_fn random)
{
    return incload_context_set_random(context, random, NULL, give_back, &err);
}

START_TEST(what_is_lent_is_used_and_given_back_with_the_context)
{
    lent = 0;
    ck_assert_int_eq(set_allocator(&allocator), INCLOAD_OK);
    ck_assert_int_eq(set_clock(&clocks), INCLOAD_OK);
    ck_assert_int_eq(set_random(four), INCLOAD_OK);
    const incload__env *env = incload__context_env(context);
    ck_assert_int_eq(incload__monotonic_us(env), 7);
    ck_assert_int_eq(incload__wall_us(env), 1000000);
    ck_assert_uint_eq(incload__random(env), 4);
    incload_strategy *strategy = incload_strategy_new_in(context, "append", NULL, &err);
    ck_assert_int_gt(lent, 0);
    incload_context_unref(context);
    context = NULL;
    ck_assert_int_eq(given_back, 0);
    incload_strategy_unref(strategy);
    ck_assert_int_eq(given_back, 3);
    ck_assert_int_eq(lent, 0);
}
END_TEST

START_TEST(nothing_is_taken_once_something_was_made)
{
    incload_strategy *strategy = incload_strategy_new_in(context, "append", NULL, &err);

    ck_assert_int_eq(set_allocator(&allocator), INCLOAD_E_STATE);
    ck_assert_int_eq(given_back, 1);
    says("must be set before anything is made in the context");
    ck_assert_int_eq(set_clock(&clocks), INCLOAD_E_STATE);
    ck_assert_int_eq(given_back, 2);
    says("must be set before anything is made in the context");
    ck_assert_int_eq(set_random(four), INCLOAD_E_STATE);
    ck_assert_int_eq(given_back, 3);
    says("must be set before anything is made in the context");
    incload_strategy_unref(strategy);
    ck_assert_int_eq(set_random(four), INCLOAD_E_STATE);
    ck_assert_int_eq(given_back, 4);
}
END_TEST

START_TEST(a_database_freezes_its_context_too)
{
    incload_database *database = incload_database_new_in(context, "mock:", NULL, &err);

    ck_assert_ptr_nonnull(database);
    ck_assert_int_eq(set_clock(&clocks), INCLOAD_E_STATE);
    incload_database_unref(database);
}
END_TEST

START_TEST(lending_again_gives_back_what_was_lent_before)
{
    ck_assert_int_eq(set_clock(&clocks), INCLOAD_OK);
    ck_assert_int_eq(set_clock(&clocks), INCLOAD_OK);
    ck_assert_int_eq(given_back, 1);
    incload_context_unref(context);
    context = NULL;
    ck_assert_int_eq(given_back, 2);
}
END_TEST

START_TEST(tables_without_a_function_are_refused_and_given_back)
{
    incload_allocator holes[3] = { allocator, allocator, allocator };
    incload_clock gaps[2] = { clocks, clocks };

    holes[0].allocate = NULL;
    holes[1].reallocate = NULL;
    holes[2].release = NULL;
    gaps[0].monotonic_us = NULL;
    gaps[1].wall_us = NULL;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(incload_context_set_allocator(context, &holes[i], NULL, give_back, NULL), INCLOAD_E_INVALID);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(incload_context_set_clock(context, &gaps[i], NULL, give_back, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_context_set_allocator(context, NULL, NULL, give_back, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_context_set_clock(context, NULL, NULL, give_back, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(set_random(NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(given_back, 8);
}
END_TEST

START_TEST(a_size_that_is_not_known_is_refused)
{
    static const size_t sizes[] = { 0, 1, sizeof(incload_allocator) - 1, 4097, SIZE_MAX };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        incload_allocator table = allocator;
        table.struct_size = sizes[i];
        ck_assert_int_eq(set_allocator(&table), INCLOAD_E_INVALID);
        incload_error_unref(err);
        err = NULL;
    }
    incload_clock table = clocks;
    table.struct_size--;
    ck_assert_int_eq(set_clock(&table), INCLOAD_E_INVALID);
}
END_TEST

typedef struct later_allocator {
    incload_allocator known;
    void (*more)(void);
    void *reserved[4];
} later_allocator;

START_TEST(a_later_hosts_larger_table_is_taken_as_long_as_it_wants_nothing_new)
{
    later_allocator later = { .known = allocator };

    later.known.struct_size = sizeof later;
    ck_assert_int_eq(set_allocator(&later.known), INCLOAD_OK);
}
END_TEST

START_TEST(a_later_hosts_table_that_wants_something_new_is_refused)
{
    later_allocator later = { .known = allocator };

    later.known.struct_size = sizeof later;
    later.reserved[3] = &later;
    ck_assert_int_eq(set_allocator(&later.known), INCLOAD_E_INVALID);
    ck_assert_int_eq(given_back, 1);
}
END_TEST

START_TEST(a_sticky_error_refuses_and_gives_back)
{
    incload__fail(&err, INCLOAD_E_BUSY, "earlier");
    ck_assert_int_eq(set_allocator(&allocator), INCLOAD_E_BUSY);
    ck_assert_int_eq(set_clock(&clocks), INCLOAD_E_BUSY);
    ck_assert_int_eq(set_random(four), INCLOAD_E_BUSY);
    ck_assert_int_eq(given_back, 3);
    ck_assert_ptr_null(incload_context_new(NULL, &err));
    ck_assert_ptr_null(incload_context_next_event(context, 0, &err));
    ck_assert_int_eq(incload_context_event_fd(context, &err), INCLOAD_E_BUSY);
}
END_TEST

START_TEST(without_a_context_things_are_given_back_all_the_same)
{
    ck_assert_int_eq(incload_context_set_allocator(NULL, &allocator, NULL, give_back, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_context_set_clock(NULL, &clocks, NULL, give_back, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_context_set_random(NULL, four, NULL, give_back, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(given_back, 3);
    ck_assert_int_eq(incload_context_set_random(NULL, four, NULL, NULL, NULL), INCLOAD_E_INVALID);
}
END_TEST

START_TEST(bad_options_make_no_context)
{
    static const struct {
        const char *options;
        int32_t code;
        const char *says;
    } bad[] = {
        { "events=-1", INCLOAD_E_INVALID, "option 'events' of a context takes a number from 0 to 1000000 events" },
        { "events=1000001", INCLOAD_E_INVALID, "option 'events' of a context" },
        { "event=1", INCLOAD_E_UNKNOWN_OPTION, "did you mean 'events'?" },
        { "events", INCLOAD_E_INVALID, "'=' is missing" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_ptr_null(incload_context_new(bad[i].options, &err));
        ck_assert_int_eq(incload_error_code(err), bad[i].code);
        says(bad[i].says);
    }
}
END_TEST

START_TEST(the_version_is_told_as_text_and_as_a_number)
{
    ck_assert_str_eq(incload_version(), "0.1.0");
    ck_assert_int_eq(incload_version_number(), 1000);
    ck_assert_int_eq(incload_has_driver("mock"), 1);
    ck_assert_int_eq(incload_has_driver("Mock"), 0);
    ck_assert_int_eq(incload_has_driver(""), 0);
    ck_assert_int_eq(incload_has_driver(NULL), 0);
}
END_TEST

START_TEST(references_are_counted)
{
    ck_assert_ptr_eq(incload_context_ref(context), context);
    ck_assert_int_eq(set_clock(&clocks), INCLOAD_OK);
    incload_context_unref(context);
    ck_assert_int_eq(given_back, 0);
    incload_context_unref(context);
    context = NULL;
    ck_assert_int_eq(given_back, 1);
    ck_assert_ptr_null(incload_context_ref(NULL));
    incload_context_unref(NULL);
}
END_TEST

START_TEST(no_context_has_no_events_and_left_nothing_behind)
{
    incload_error *none = NULL;

    ck_assert_ptr_null(incload_context_next_event(NULL, 0, &none));
    ck_assert_int_eq(incload_error_code(none), INCLOAD_E_INVALID);
    incload_error_unref(none);
    none = NULL;
    ck_assert_int_eq(incload_context_event_fd(NULL, &none), INCLOAD_E_INVALID);
    incload_error_unref(none);
    ck_assert_int_eq(incload_context_abandoned_calls(NULL), 0);
}
END_TEST

START_TEST(what_is_left_behind_is_counted_and_told_until_it_comes_back)
{
    incload_context *own = incload_context_new(NULL, NULL);

    incload__context_left_behind(own, "a call was left behind");
    incload__context_left_behind(own, "another was left behind");
    ck_assert_int_eq(incload_context_abandoned_calls(own), 2);
    incload__context_came_back(own, "a call came back");
    ck_assert_int_eq(incload_context_abandoned_calls(own), 1);
    static const struct {
        const char *message;
        int32_t status;
    } told[] = { { "a call was left behind", INCLOAD_E_TIMEOUT },
                 { "another was left behind", INCLOAD_E_TIMEOUT },
                 { "a call came back", INCLOAD_OK } };
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        incload_event *event = incload_context_next_event(own, 0, NULL);
        ck_assert_int_eq(incload_event_kind(event), INCLOAD_EVENT_NOTICE);
        ck_assert_str_eq(incload_event_message(event), told[i].message);
        ck_assert_int_eq(incload_event_status(event), told[i].status);
        incload_event_unref(event);
    }
    incload_context_unref(own);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_is_lent_is_used_and_given_back_with_the_context);
    tcase_add_test(tests, nothing_is_taken_once_something_was_made);
    tcase_add_test(tests, a_database_freezes_its_context_too);
    tcase_add_test(tests, lending_again_gives_back_what_was_lent_before);
    tcase_add_test(tests, tables_without_a_function_are_refused_and_given_back);
    tcase_add_test(tests, a_size_that_is_not_known_is_refused);
    tcase_add_test(tests, a_later_hosts_larger_table_is_taken_as_long_as_it_wants_nothing_new);
    tcase_add_test(tests, a_later_hosts_table_that_wants_something_new_is_refused);
    tcase_add_test(tests, a_sticky_error_refuses_and_gives_back);
    tcase_add_test(tests, without_a_context_things_are_given_back_all_the_same);
    tcase_add_test(tests, bad_options_make_no_context);
    tcase_add_test(tests, the_version_is_told_as_text_and_as_a_number);
    tcase_add_test(tests, references_are_counted);
    tcase_add_test(tests, no_context_has_no_events_and_left_nothing_behind);
    tcase_add_test(tests, what_is_left_behind_is_counted_and_told_until_it_comes_back);
}

HARNESS_MAIN("context", add_tests)
