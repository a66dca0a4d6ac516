/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones: the C library, told by TZ in this process alone, is what they are compared with. */
#include "zones.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/zone.h"

enum { HOUR = 3600, DAY = 86400 };

static int64_t
seconds(int64_t year, int32_t month, int32_t day, int32_t hour, int32_t minute)
{
    return incload__days_from_civil(year, month, day) * DAY + hour * HOUR + minute * 60;
}

static void
use_clock_of(const char *name)
{
    char value[400];

    snprintf(value, sizeof value, ":%s", name);
    setenv("TZ", value, 1);
    tzset();
}

static int32_t
offset_by_c_library(int64_t instant)
{
    time_t at = (time_t)instant;
    struct tm parts;

    if (localtime_r(&at, &parts) == NULL)
        ck_abort_msg("the C library has no clock for %lld", (long long)instant);
    return (int32_t)parts.tm_gmtoff;
}

static void
compare(const char *name, const incload__zone *zone, int64_t instant)
{
    int32_t own = incload__zone_span_at(zone, instant).offset;
    int32_t other = offset_by_c_library(instant);

    if (own != other)
        ck_abort_msg("%s at %lld: %d, the C library says %d", name, (long long)instant, own, other);
}

/* Days apart find every change that lasts; the changes themselves are looked at to the second. */
static void
compare_years(const char *name, const incload__zone *zone, int64_t from, int64_t to)
{
    for (int64_t at = from; at < to; at += 19 * DAY + 7919)
        compare(name, zone, at);
    for (int64_t at = incload__zone_span_at(zone, from).to; at < to; at = incload__zone_span_at(zone, at).to) {
        compare(name, zone, at - 1);
        compare(name, zone, at);
    }
}

START_TEST(every_zone_of_the_system_shows_what_the_c_library_shows)
{
    static zones all;

    zones_find(&all);
    for (int i = 0; i < all.count; i++) {
        incload__zone *zone = zones_load(all.names[i]);
        use_clock_of(all.names[i]);
        compare_years(all.names[i], zone, seconds(1900, 1, 1, 0, 0), seconds(2110, 1, 1, 0, 0));
        incload__zone_free(zone);
    }
    zones_free(&all);
}
END_TEST

/* The rule at the end of a file must hold as long as the calendar does. */
START_TEST(changes_of_far_years_follow_the_rule_of_the_file)
{
    static const char *const names[] = { "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin",
                                         "America/Santiago", "Africa/Cairo", "Asia/Jerusalem", "Asia/Tokyo" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        incload__zone *zone = zones_load(names[i]);
        use_clock_of(names[i]);
        compare_years(names[i], zone, seconds(2400, 1, 1, 0, 0), seconds(2420, 1, 1, 0, 0));
        compare_years(names[i], zone, seconds(9980, 1, 1, 0, 0), seconds(9999, 12, 1, 0, 0));
        incload__zone_free(zone);
    }
}
END_TEST

/* `first` is the least instant whose clock is not below: so says a walk over everything before it. */
static void
check_first(const char *name, const incload__zone *zone, int64_t clock)
{
    int64_t first = incload__zone_first(zone, clock);
    bool good = incload__zone_clock(zone, first) >= clock;

    for (int64_t at = first - 1; at > first - 30 * HOUR && good; at -= 1777)
        good = incload__zone_clock(zone, at) < clock;
    for (int64_t at = first - 60 * DAY; good;) {
        incload__zone_span span = incload__zone_span_at(zone, at);
        if (span.to > first)
            break;
        good = incload__zone_clock(zone, span.to - 1) < clock;
        at = span.to;
    }
    if (!good)
        ck_abort_msg("%s: the clock %lld first at %lld", name, (long long)clock, (long long)first);
}

START_TEST(the_first_instant_of_a_clock_is_found_around_every_change)
{
    static const int32_t around[] = { -1800, -1, 0, 1, 1800, 3600 };
    static zones all;

    zones_find(&all);
    for (int i = 0; i < all.count; i++) {
        incload__zone *zone = zones_load(all.names[i]);
        int64_t end = seconds(2040, 1, 1, 0, 0);
        for (int64_t at = incload__zone_span_at(zone, 0).to; at < end; at = incload__zone_span_at(zone, at).to) {
            for (size_t k = 0; k < sizeof around / sizeof around[0]; k++)
                check_first(all.names[i], zone, incload__zone_clock(zone, at) + around[k]);
        }
        incload__zone_free(zone);
    }
    zones_free(&all);
}
END_TEST

START_TEST(a_clock_that_stands_once_or_is_skipped_or_comes_twice_is_told_apart)
{
    static const struct {
        const char *zone;
        int32_t year, month, day, hour, minute;
        int32_t shown;
        int64_t between; /* the first and the last instant */
    } cases[] = {
        { "Europe/Berlin", 2024, 3, 31, 1, 59, INCLOAD__CLOCK_ONCE, 0 },
        { "Europe/Berlin", 2024, 3, 31, 2, 0, INCLOAD__CLOCK_SKIPPED, 0 },
        { "Europe/Berlin", 2024, 3, 31, 2, 59, INCLOAD__CLOCK_SKIPPED, 0 },
        { "Europe/Berlin", 2024, 3, 31, 3, 0, INCLOAD__CLOCK_ONCE, 0 },
        { "Europe/Berlin", 2024, 10, 27, 1, 59, INCLOAD__CLOCK_ONCE, 0 },
        { "Europe/Berlin", 2024, 10, 27, 2, 0, INCLOAD__CLOCK_TWICE, HOUR },
        { "Europe/Berlin", 2024, 10, 27, 2, 59, INCLOAD__CLOCK_TWICE, HOUR },
        { "Europe/Berlin", 2024, 10, 27, 3, 0, INCLOAD__CLOCK_ONCE, 0 },
        { "Pacific/Apia", 2011, 12, 30, 12, 0, INCLOAD__CLOCK_SKIPPED, 0 },
        { "Africa/Cairo", 2024, 4, 26, 0, 0, INCLOAD__CLOCK_SKIPPED, 0 },
        { "Asia/Beirut", 2022, 3, 27, 0, 30, INCLOAD__CLOCK_SKIPPED, 0 },
        { "Australia/Lord_Howe", 2024, 4, 7, 1, 45, INCLOAD__CLOCK_TWICE, HOUR / 2 },
        { "Australia/Lord_Howe", 2024, 10, 6, 2, 15, INCLOAD__CLOCK_SKIPPED, 0 },
        { "Africa/Casablanca", 2024, 3, 10, 2, 30, INCLOAD__CLOCK_TWICE, HOUR },
        { "Africa/Casablanca", 2024, 4, 14, 2, 30, INCLOAD__CLOCK_SKIPPED, 0 },
        { "Europe/Dublin", 2024, 10, 27, 1, 30, INCLOAD__CLOCK_TWICE, HOUR },
        { "Europe/Dublin", 2045, 3, 26, 1, 30, INCLOAD__CLOCK_SKIPPED, 0 },
        { "America/Sao_Paulo", 2018, 11, 4, 0, 0, INCLOAD__CLOCK_SKIPPED, 0 },
        { "America/Sao_Paulo", 2018, 2, 17, 23, 30, INCLOAD__CLOCK_TWICE, HOUR },
        { "America/St_Johns", 2010, 11, 7, 0, 0, INCLOAD__CLOCK_TWICE, HOUR },
        { "Antarctica/Troll", 2024, 10, 27, 1, 30, INCLOAD__CLOCK_TWICE, 2 * HOUR },
        { "UTC", 2024, 3, 31, 2, 30, INCLOAD__CLOCK_ONCE, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        incload__zone *zone = zones_load(cases[i].zone);
        int64_t clock =
            seconds(cases[i].year, cases[i].month, cases[i].day, cases[i].hour, cases[i].minute);
        int64_t first, last;
        ck_assert_msg(incload__zone_instants(zone, clock, &first, &last) == cases[i].shown, "case %zu", i);
        ck_assert_msg(last - first == cases[i].between, "case %zu: %lld", i, (long long)(last - first));
        if (cases[i].shown != INCLOAD__CLOCK_SKIPPED) {
            ck_assert_int_eq(incload__zone_clock(zone, first), clock);
            ck_assert_int_eq(incload__zone_clock(zone, last), clock);
        } else
            ck_assert_int_gt(incload__zone_clock(zone, first), clock);
        incload__zone_free(zone);
    }
}
END_TEST

START_TEST(utc_needs_no_file_and_no_zone_is_utc)
{
    incload__zone *zone = zones_load("UTC");
    incload__zone_span span = incload__zone_span_at(NULL, 12345);

    ck_assert_str_eq(incload__zone_name(zone), "UTC");
    ck_assert_str_eq(incload__zone_name(NULL), "UTC");
    ck_assert_int_eq(span.offset, 0);
    ck_assert(span.from == INT64_MIN && span.to == INT64_MAX);
    ck_assert_int_eq(incload__zone_clock(zone, -5), -5);
    ck_assert_int_eq(incload__zone_first(NULL, 77), 77);
    incload__zone_free(zone);
}
END_TEST

START_TEST(a_name_that_is_no_zone_is_refused_and_never_leads_out_of_the_folder)
{
    static const struct {
        const char *name;
        int32_t code;
    } cases[] = {
        { "", INCLOAD_E_INVALID },
        { "../../../etc/passwd", INCLOAD_E_INVALID },
        { "/etc/localtime", INCLOAD_E_INVALID },
        { "Europe/../Europe/Berlin", INCLOAD_E_INVALID },
        { "Europe//Berlin", INCLOAD_E_INVALID },
        { "Europe/", INCLOAD_E_INVALID },
        { "-v", INCLOAD_E_INVALID },
        { "Europe/Ber lin", INCLOAD_E_INVALID },
        { "Europe/Berlin\n", INCLOAD_E_INVALID },
        { "Europe/Berlin{", INCLOAD_E_INVALID },
        { "Europe[Berlin", INCLOAD_E_INVALID },
        { "Europe@Berlin", INCLOAD_E_INVALID },
        { "tzdata.zi", INCLOAD_E_INVALID },
        { "Europe", INCLOAD_E_INVALID },
        { "Europe/Atlantis", INCLOAD_E_NOT_FOUND },
        { "right/Europe/Berlin", INCLOAD_E_UNSUPPORTED },
        { "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", INCLOAD_E_INVALID },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        incload_error *err = NULL;
        /* Not every system has the zones with leap seconds. */
        if (cases[i].code == INCLOAD_E_UNSUPPORTED && access(ZONES_FOLDER "/right", F_OK) != 0)
            continue;
        ck_assert_msg(incload__zone_load(&incload__mem_libc, cases[i].name, &err) == NULL, "%s", cases[i].name);
        ck_assert_msg(incload_error_code(err) == cases[i].code, "%s: %s", cases[i].name, incload_error_message(err));
        ck_assert(strchr(incload_error_message(err), '\n') == NULL || strchr(cases[i].name, '\n') != NULL);
        incload_error_unref(err);
    }
}
END_TEST

START_TEST(loading_a_zone_leaves_errno_as_it_was)
{
    errno = ENOTTY;
    incload__zone *zone = zones_load("Europe/Berlin");
    ck_assert_int_eq(errno, ENOTTY);
    incload__zone_free(zone);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, every_zone_of_the_system_shows_what_the_c_library_shows);
    tcase_add_test(tests, changes_of_far_years_follow_the_rule_of_the_file);
    tcase_add_test(tests, the_first_instant_of_a_clock_is_found_around_every_change);
    tcase_add_test(tests, a_clock_that_stands_once_or_is_skipped_or_comes_twice_is_told_apart);
    tcase_add_test(tests, utc_needs_no_file_and_no_zone_is_utc);
    tcase_add_test(tests, a_name_that_is_no_zone_is_refused_and_never_leads_out_of_the_folder);
    tcase_add_test(tests, loading_a_zone_leaves_errno_as_it_was);
}

HARNESS_MAIN("zone", add_tests)
