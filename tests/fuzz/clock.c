/* SPDX-License-Identifier: Apache-2.0 */
/* Dates, times and timestamps: what is read is written, and what is written reads the same; days against the C
 * library's calendar. Eight bytes for a number of days and of microseconds, the others are a text. */
#define _GNU_SOURCE
#include <time.h>

#include "base/civil.h"
#include "input.h"

enum { ROOM = 40 };
#define SECONDS_PER_DAY INT64_C(86400)

static void
check_days(int64_t days)
{
    int64_t year = 0, again = 0;
    int32_t month = 0, day = 0;
    time_t seconds = (time_t)(days * SECONDS_PER_DAY);
    struct tm tm;
    char text[ROOM + 1], expected[64];

    incload__civil_from_days(days, &year, &month, &day);
    fuzz_check(incload__civil_exists(year, month, day), "a day has a date");
    fuzz_check(incload__days_from_civil(year, month, day) == days, "and the date that day");
    fuzz_check(gmtime_r(&seconds, &tm) != NULL, "the C library knows the day");
    fuzz_check(tm.tm_year + INT64_C(1900) == year && tm.tm_mon + 1 == month && tm.tm_mday == day,
               "as the C library counts");
    size_t length = incload__format_date(days, text);
    fuzz_check(length <= ROOM, "there is room");
    fuzz_check(incload__parse_date(text, length, &again) && again == days, "a date is read as it was written");
    if (year < 1 || year > 9999)
        return;
    text[length] = '\0';
    snprintf(expected, sizeof expected, "%04d-%02d-%02d", (int)year, (int)month, (int)day);
    fuzz_check(strcmp(text, expected) == 0, "in its usual form");
}

static void
check_instant(int64_t us)
{
    int64_t again = 0;
    int32_t zone = 1;
    bool has_zone = false;
    char text[ROOM];

    size_t length = incload__format_timestamp(us, false, text);
    fuzz_check(length <= ROOM, "there is room");
    fuzz_check(incload__parse_timestamp(text, length, &again, &has_zone, NULL) && again == us && !has_zone,
               "a timestamp is read as it was written");
    length = incload__format_timestamp(us, true, text);
    fuzz_check(length <= ROOM, "there is room");
    fuzz_check(incload__parse_timestamp(text, length, &again, &has_zone, &zone) && again == us && has_zone
                   && zone == 0,
               "so is one in UTC");
}

static void
check_time(int64_t us)
{
    int64_t again = 0;
    char text[ROOM];
    size_t length = incload__format_time(us, text);

    fuzz_check(length <= ROOM, "there is room");
    fuzz_check(incload__parse_time(text, length, &again) && again == us, "a time is read as it was written");
}

/* The least and greatest that the parsers take: years 290000 BC to 290000 AD. */
static int64_t
within(int64_t number, int64_t most)
{
    return number % most;
}

static void
read_text(const char *text, size_t length)
{
    int64_t value = 0;
    int32_t zone = 0;
    bool has_zone = false;

    if (incload__parse_date(text, length, &value))
        check_days(value);
    if (incload__parse_time(text, length, &value))
        check_time(value);
    if (incload__parse_timestamp(text, length, &value, &has_zone, NULL)) {
        fuzz_check(!has_zone, "without a place for it no zone is taken");
        check_instant(value);
    }
    if (incload__parse_timestamp(text, length, &value, &has_zone, &zone)) {
        fuzz_check(zone > -100 * 3600 && zone < 100 * 3600, "a zone is near UTC");
        fuzz_check(has_zone || zone == 0, "what has none is not shifted");
        check_instant(value);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = { data, size };
    int64_t number = (int64_t)take_number(&in);

    check_days(within(number, INT64_C(290000) * 365));
    check_instant(within(number, INT64_C(290000) * 365 * SECONDS_PER_DAY * 1000000));
    check_time(within(number, INT64_C(10000000000000)));
    size_t length = in.left;
    char *text = take_rest(&in);
    read_text(text, length);
    free(text);
    return 0;
}
