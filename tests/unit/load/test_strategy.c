/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <stdbool.h>
#include <string.h>

#include "load/strategy.h"

static incload_error *err;

static void
set_up(void)
{
    err = NULL;
}

static void
tear_down(void)
{
    incload_error_unref(err);
}

static void
says(const char *part)
{
    ck_assert_msg(strstr(incload_error_message(err), part) != NULL, "%s", incload_error_message(err));
    incload_error_unref(err);
    err = NULL;
}

START_TEST(a_preset_is_a_window_and_a_write)
{
    static const struct {
        const char *preset;
        const char *window;
        const char *write;
    } presets[] = { { "timestamp", "since", "merge" }, { "upsert", "all", "merge" }, { "append", "all", "append" },
                    { "full_refresh", "all", "replace" }, { "interval", "interval", "replace_interval" },
                    { "swap", "all", "swap" }, { "history", "all", "scd2" } };

    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        incload_strategy *strategy = incload_strategy_new(presets[i].preset, NULL, &err);
        ck_assert_str_eq(incload_strategy_get(strategy, "window"), presets[i].window);
        ck_assert_str_eq(incload_strategy_get(strategy, "write"), presets[i].write);
        incload_strategy_unref(strategy);
    }
}
END_TEST

START_TEST(options_go_over_the_preset)
{
    incload_strategy *strategy = incload_strategy_new("timestamp", "write=append cursor='my cursor'", &err);

    ck_assert_str_eq(incload_strategy_get(strategy, "window"), "since");
    ck_assert_str_eq(incload_strategy_get(strategy, "write"), "append");
    ck_assert_str_eq(incload_strategy_get(strategy, "cursor"), "my cursor");
    incload_strategy_unref(strategy);
}
END_TEST

/* Durations read back in milliseconds. */
static const char *
read_back(const char *preset)
{
    static const char *const durations[][2] = { { "1h", "3600000" }, { "1min", "60000" }, { "100ms", "100" } };

    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        if (strcmp(preset, durations[i][0]) == 0)
            return durations[i][1];
    }
    return preset;
}

START_TEST(every_option_reads_back_its_default)
{
    incload_strategy *strategy = incload_strategy_new("append", NULL, &err);

    for (int32_t i = 0; i < incload_option_count("strategy"); i++) {
        const char *name = incload_option_name("strategy", i), *preset = incload_option_default("strategy", i);
        ck_assert_str_eq(incload_strategy_get(strategy, name), read_back(preset));
    }
    ck_assert_ptr_null(incload_strategy_get(strategy, "nothing"));
    ck_assert_ptr_null(incload_strategy_get(strategy, NULL));
    ck_assert_ptr_null(incload_strategy_get(NULL, "window"));
    incload_strategy_unref(strategy);
}
END_TEST

START_TEST(a_text_that_was_got_lives_until_its_option_is_got_again)
{
    incload_strategy *strategy = incload_strategy_new("append", "cursor=a key=b", &err);
    const char *cursor = incload_strategy_get(strategy, "cursor");
    const char *key = incload_strategy_get(strategy, "key");

    ck_assert_str_eq(cursor, "a");
    ck_assert_str_eq(key, "b");
    ck_assert_int_eq(incload_strategy_set(strategy, "cursor", "c", &err), INCLOAD_OK);
    ck_assert_str_eq(incload_strategy_get(strategy, "cursor"), "c");
    ck_assert_str_eq(key, "b");
    incload_strategy_unref(strategy);
}
END_TEST

START_TEST(what_is_wrong_makes_no_strategy_and_says_why)
{
    static const struct {
        const char *preset;
        const char *options;
        int32_t code;
        const char *says;
    } bad[] = {
        { NULL, NULL, INCLOAD_E_INVALID, "context and preset must not be NULL" },
        { "", NULL, INCLOAD_E_INVALID, "there is no strategy '': take timestamp, upsert, append, " },
        { "Timestamp", NULL, INCLOAD_E_INVALID, "there is no strategy 'Timestamp'" },
        { "append", "curser=x", INCLOAD_E_UNKNOWN_OPTION, "a strategy has no option 'curser': did you mean 'cursor'?" },
        { "append", "window=some", INCLOAD_E_INVALID, "option 'window' of a strategy takes one of: all since " },
        { "append", "key='a,,b'", INCLOAD_E_INVALID, "option 'key' has an empty name" },
        { "append", "batch_rows=0", INCLOAD_E_INVALID, "option 'batch_rows' of a strategy takes a number from 1 to" },
        { "append", "batch_bytes=1", INCLOAD_E_INVALID, "option 'batch_bytes' of a strategy takes a number from 1024" },
        { "append", "page_rows=10000001", INCLOAD_E_INVALID, "option 'page_rows'" },
        { "append", "create_target=2", INCLOAD_E_INVALID, "takes true or false" },
        { "append", "road=fast", INCLOAD_E_INVALID, "takes one of: auto same-database relay batches" },
        { "append", "null_cursor=drop", INCLOAD_E_INVALID, "takes one of: raise include exclude" },
        { "append", "missing_state=guess", INCLOAD_E_INVALID, "takes one of: fail derive full" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_ptr_null(incload_strategy_new(bad[i].preset, bad[i].options, &err));
        ck_assert_int_eq(incload_error_code(err), bad[i].code);
        says(bad[i].says);
    }
}
END_TEST

START_TEST(a_frozen_strategy_takes_no_more_options)
{
    incload_strategy *strategy = incload_strategy_new("append", NULL, &err);

    incload__strategy_freeze(strategy);
    ck_assert_int_eq(incload_strategy_set(strategy, "cursor", "c", &err), INCLOAD_E_STATE);
    says("a load was started with this strategy: make a new one to change it");
    ck_assert_int_eq(incload_strategy_set(NULL, "cursor", "c", &err), INCLOAD_E_INVALID);
    incload_strategy_unref(strategy);
}
END_TEST

START_TEST(references_are_counted)
{
    incload_strategy *strategy = incload_strategy_new("append", NULL, &err);

    ck_assert_ptr_eq(incload_strategy_ref(strategy), strategy);
    incload_strategy_unref(strategy);
    ck_assert_str_eq(incload_strategy_get(strategy, "write"), "append");
    incload_strategy_unref(strategy);
    ck_assert_ptr_null(incload_strategy_ref(NULL));
    incload_strategy_unref(NULL);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_preset_is_a_window_and_a_write);
    tcase_add_test(tests, options_go_over_the_preset);
    tcase_add_test(tests, every_option_reads_back_its_default);
    tcase_add_test(tests, a_text_that_was_got_lives_until_its_option_is_got_again);
    tcase_add_test(tests, what_is_wrong_makes_no_strategy_and_says_why);
    tcase_add_test(tests, a_frozen_strategy_takes_no_more_options);
    tcase_add_test(tests, references_are_counted);
}

HARNESS_MAIN("strategy", add_tests)
