/* SPDX-License-Identifier: Apache-2.0 */
/* Progress at a terminal and in a log, and how long a run will still take. */
#include "harness.h"

#include <string.h>

#include "run/report/picture.h"
#include "run/report/progress.h"

static const int64_t second = 1000000;

/* ---- estimates ---- */

static incload__eta
observed(const int64_t *durations_s, int32_t count)
{
    incload__eta eta = { .seed = 7 };

    for (int32_t i = 0; i < count; i++)
        incload__eta_observe(&eta, durations_s[i] * second);
    return eta;
}

START_TEST(nothing_is_estimated_before_a_unit_has_ended)
{
    incload__eta eta = { 0 };
    incload__eta_left left = { .waiting = 5, .parallel = 1 };
    int64_t p50;
    int64_t p90;

    ck_assert(!incload__eta_tell(&eta, &left, &p50, &p90));
}
END_TEST

START_TEST(units_of_one_duration_end_in_waves)
{
    incload__eta eta = observed((int64_t[]){ 10 }, 1);
    incload__eta_left left = { .waiting = 9, .parallel = 4 };
    int64_t p50;
    int64_t p90;

    ck_assert(incload__eta_tell(&eta, &left, &p50, &p90));
    ck_assert_int_eq(p50, 30 * second); /* 4, 4 and 1: a share of the whole would have told 22.5 s */
    ck_assert_int_eq(p90, 30 * second);
}
END_TEST

START_TEST(what_a_running_unit_has_done_already_is_not_counted_again)
{
    incload__eta eta = observed((int64_t[]){ 10 }, 1);
    int64_t running[] = { 8 * second, 3 * second };
    incload__eta_left left = { .waiting = 0, .parallel = 2, .running = running, .running_count = 2 };
    int64_t p50;
    int64_t p90;

    ck_assert(incload__eta_tell(&eta, &left, &p50, &p90));
    ck_assert_int_eq(p50, 7 * second);
}
END_TEST

START_TEST(one_slow_unit_in_five_widens_the_estimate)
{
    incload__eta eta = observed((int64_t[]){ 1, 1, 1, 1, 60 }, 5);
    incload__eta_left left = { .waiting = 20, .parallel = 4 };
    int64_t p50;
    int64_t p90;

    ck_assert(incload__eta_tell(&eta, &left, &p50, &p90));
    ck_assert_int_ge(p50, 60 * second);
    ck_assert_int_le(p50, 130 * second);
    ck_assert_int_gt(p90, p50);
}
END_TEST

START_TEST(a_million_units_are_estimated_near_their_mean)
{
    incload__eta eta = observed((int64_t[]){ 1, 2, 3 }, 3);
    incload__eta_left left = { .waiting = 1000000, .parallel = 8 };
    int64_t p50;
    int64_t p90;

    ck_assert(incload__eta_tell(&eta, &left, &p50, &p90));
    ck_assert_int_ge(p50, 249000 * second);
    ck_assert_int_le(p50, 251000 * second);
    ck_assert_int_gt(p90, p50);
    ck_assert_int_le(p90, 252000 * second);
}
END_TEST

START_TEST(a_thousand_slots_are_estimated_too)
{
    incload__eta eta = observed((int64_t[]){ 10 }, 1);
    incload__eta_left left = { .waiting = 1000000, .parallel = 1000 };
    int64_t p50;
    int64_t p90;

    ck_assert(incload__eta_tell(&eta, &left, &p50, &p90));
    ck_assert_int_ge(p50, 9900 * second);
    ck_assert_int_le(p50, 10100 * second);
}
END_TEST

/* ---- what is written ---- */

typedef struct screen {
    incload__str text;
    incload__progress progress;
} screen;

static int32_t
show(void *user_data, const char *text, size_t size)
{
    incload__str_add_bytes(&((screen *)user_data)->text, text, size);
    return INCLOAD_OK;
}

static screen *
screen_with(incload__progress_style style)
{
    screen *made = calloc(1, sizeof *made);

    made->text = (incload__str)INCLOAD__STR(&incload__mem_libc);
    incload__progress_begin(&made->progress, &incload__mem_libc, &style, show, made, 100 * second);
    return made;
}

static void
screen_free(screen *shown)
{
    incload__str_free(&shown->progress.sink.text);
    incload__str_free(&shown->text);
    free(shown);
}

static void
expect(const screen *shown, const char *text)
{
    ck_assert_str_eq(incload__str_text(&shown->text), text);
}

START_TEST(a_log_has_a_line_for_each_unit_and_no_control_codes)
{
    screen *shown = screen_with((incload__progress_style){ 0 });

    incload__progress_unit(&shown->progress, "history", "2024-01-01", INCLOAD_STATUS_SUCCESS, 12345, 2500000, NULL);
    incload__progress_unit(&shown->progress, "history", "2024-01-02", INCLOAD_STATUS_FAILED, 0, 900000,
                           "value too\nlong \x1b[2J");
    expect(shown, "\xe2\x9c\x93 SUCCESS history 2024-01-01, 12.3 k rows in 2.5 s\n"
                  "\xe2\x9c\x97 FAILED history 2024-01-02 in 900 ms: value too long  [2J\n");
    screen_free(shown);
}
END_TEST

START_TEST(a_log_has_a_line_for_the_whole_each_half_minute)
{
    screen *shown = screen_with((incload__progress_style){ 0 });
    incload__progress_state state = { .total = 91, .done = 10, .failed = 1, .running = 4, .parallel = 4, .rows = 3000 };

    incload__progress_tell(&shown->progress, &state, 110 * second);
    expect(shown, "");
    incload__progress_tell(&shown->progress, &state, 130 * second);
    expect(shown, "11/91 \xc2\xb7 4 running \xc2\xb7 1 failed \xc2\xb7 100 rows/s\n");
    incload__progress_tell(&shown->progress, &state, 131 * second);
    expect(shown, "11/91 \xc2\xb7 4 running \xc2\xb7 1 failed \xc2\xb7 100 rows/s\n");
    screen_free(shown);
}
END_TEST

START_TEST(a_bar_is_redrawn_in_place_at_most_ten_times_a_second)
{
    screen *shown = screen_with((incload__progress_style){ .bar = true });
    incload__progress_state state = { .total = 4, .done = 1, .running = 1, .parallel = 1 };

    incload__progress_tell(&shown->progress, &state, 100 * second);
    incload__progress_tell(&shown->progress, &state, 100 * second + 50000);
    expect(shown, "\r\xe2\x96\xb0\xe2\x96\xb0\xe2\x96\xb0\xe2\x96\xb1\xe2\x96\xb1\xe2\x96\xb1\xe2\x96\xb1\xe2\x96\xb1"
                  "\xe2\x96\xb1\xe2\x96\xb1\xe2\x96\xb1\xe2\x96\xb1 1/4 \xc2\xb7 1 running \xc2\xb7 0 rows/s\x1b[K");
    screen_free(shown);
}
END_TEST

START_TEST(a_bar_tells_when_it_will_end)
{
    screen *shown = screen_with((incload__progress_style){ .bar = true, .width = 120 });
    int64_t running_us[] = { 4 * second };
    incload__progress_state state = { .total = 4, .done = 1, .running = 1, .parallel = 1, .running_us = running_us };

    incload__progress_unit(&shown->progress, "load", "1", INCLOAD_STATUS_SUCCESS, 0, 10 * second, NULL);
    expect(shown, "");
    incload__progress_tell(&shown->progress, &state, 104 * second);
    ck_assert_ptr_nonnull(strstr(incload__str_text(&shown->text), " \xc2\xb7 ETA 26.0 s (p90 26.0 s)\x1b[K"));
    screen_free(shown);
}
END_TEST

START_TEST(a_failure_stands_above_the_bar)
{
    screen *shown = screen_with((incload__progress_style){ .bar = true });
    incload__progress_state state = { .total = 4 };

    incload__progress_tell(&shown->progress, &state, 100 * second);
    incload__str_clear(&shown->text);
    incload__progress_unit(&shown->progress, "load", "7", INCLOAD_STATUS_FAILED, 0, second, "no such table");
    expect(shown, "\r\x1b[K\xe2\x9c\x97 FAILED load 7 in 1.0 s: no such table\n");
    screen_free(shown);
}
END_TEST

START_TEST(a_bar_never_wraps)
{
    screen *shown = screen_with((incload__progress_style){ .bar = true, .width = 30 });
    incload__progress_state state = { .total = 1000000, .done = 999, .running = 64, .failed = 12, .parallel = 64 };
    int32_t columns = 0;

    incload__progress_tell(&shown->progress, &state, 100 * second);
    const char *text = incload__str_text(&shown->text);
    ck_assert_str_eq(text + strlen(text) - 3, "\x1b[K");
    for (const char *at = text + 1; strcmp(at, "\x1b[K") != 0; at++)
        columns += ((unsigned char)*at & 0xc0) != 0x80;
    ck_assert_int_eq(columns, 29);
    screen_free(shown);
}
END_TEST

START_TEST(only_who_asks_for_colour_gets_it)
{
    for (int32_t coloured = 0; coloured < 2; coloured++) {
        screen *shown = screen_with((incload__progress_style){ .colour = coloured == 1 });
        incload__progress_unit(&shown->progress, "load", NULL, INCLOAD_STATUS_FAILED, 0, second, NULL);
        expect(shown, coloured == 1 ? "\x1b[31m\xe2\x9c\x97 FAILED\x1b[0m load in 1.0 s\n"
                                    : "\xe2\x9c\x97 FAILED load in 1.0 s\n");
        screen_free(shown);
    }
}
END_TEST

START_TEST(the_end_is_always_told_and_ends_the_line)
{
    screen *shown = screen_with((incload__progress_style){ .bar = true });
    incload__progress_state state = { .total = 4, .done = 4, .rows = 4000000 };

    incload__progress_tell(&shown->progress, &state, 100 * second);
    incload__str_clear(&shown->text);
    ck_assert_int_eq(incload__progress_end(&shown->progress, &state, 104 * second, NULL), INCLOAD_OK);
    ck_assert_ptr_nonnull(
        strstr(incload__str_text(&shown->text), " 4/4 \xc2\xb7 0 running \xc2\xb7 1.0 M rows/s\x1b[K\n"));
    screen_free(shown);
}
END_TEST

static int32_t
refuse(void *user_data, const char *text, size_t size)
{
    (void)user_data;
    (void)text;
    (void)size;
    return INCLOAD_E_CALLBACK;
}

START_TEST(a_host_that_cannot_write_is_told_at_the_end)
{
    incload__progress progress;
    incload__progress_style style = { 0 };
    incload__progress_state state = { .total = 1 };
    incload_error *err = NULL;

    incload__progress_begin(&progress, &incload__mem_libc, &style, refuse, NULL, 0);
    incload__progress_unit(&progress, "load", NULL, INCLOAD_STATUS_SUCCESS, 0, second, NULL);
    ck_assert_int_eq(incload__progress_end(&progress, &state, second, &err), INCLOAD_E_CALLBACK);
    incload_error_unref(err);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, nothing_is_estimated_before_a_unit_has_ended);
    tcase_add_test(tests, units_of_one_duration_end_in_waves);
    tcase_add_test(tests, what_a_running_unit_has_done_already_is_not_counted_again);
    tcase_add_test(tests, one_slow_unit_in_five_widens_the_estimate);
    tcase_add_test(tests, a_million_units_are_estimated_near_their_mean);
    tcase_add_test(tests, a_thousand_slots_are_estimated_too);
    tcase_add_test(tests, a_log_has_a_line_for_each_unit_and_no_control_codes);
    tcase_add_test(tests, a_log_has_a_line_for_the_whole_each_half_minute);
    tcase_add_test(tests, a_bar_is_redrawn_in_place_at_most_ten_times_a_second);
    tcase_add_test(tests, a_bar_tells_when_it_will_end);
    tcase_add_test(tests, a_failure_stands_above_the_bar);
    tcase_add_test(tests, a_bar_never_wraps);
    tcase_add_test(tests, only_who_asks_for_colour_gets_it);
    tcase_add_test(tests, the_end_is_always_told_and_ends_the_line);
    tcase_add_test(tests, a_host_that_cannot_write_is_told_at_the_end);
}

HARNESS_MAIN("progress", add_tests)
