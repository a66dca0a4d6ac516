/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>

#include "base/civil.h"

START_TEST(known_days_have_their_dates)
{
    ck_assert_int_eq(incload__days_from_civil(1970, 1, 1), 0);
    ck_assert_int_eq(incload__days_from_civil(2000, 3, 1), 11017);
    ck_assert_int_eq(incload__days_from_civil(1969, 12, 31), -1);
    ck_assert_int_eq(incload__days_from_civil(1, 1, 1), -719162);
    ck_assert_int_eq(incload__days_from_civil(0, 12, 31), -719163);
}
END_TEST

START_TEST(every_day_of_many_years_follows_the_one_before)
{
    int64_t year, last_year = 0;
    int32_t month, day, last_month = 0, last_day = 0;

    for (int64_t days = -800000; days <= 800000; days++) {
        incload__civil_from_days(days, &year, &month, &day);
        bool next_day = year == last_year && month == last_month && day == last_day + 1;
        bool next_month = day == 1 && (month == last_month + 1 || (month == 1 && year == last_year + 1));
        if (!incload__civil_exists(year, month, day) || incload__days_from_civil(year, month, day) != days
            || (days > -800000 && !next_day && !next_month))
            ck_abort_msg("day %lld", (long long)days);
        last_year = year;
        last_month = month;
        last_day = day;
    }
}
END_TEST

START_TEST(dates_that_do_not_exist_are_refused)
{
    ck_assert(incload__civil_exists(2000, 2, 29));
    ck_assert(incload__civil_exists(2024, 2, 29));
    ck_assert(!incload__civil_exists(1900, 2, 29));
    ck_assert(!incload__civil_exists(2023, 2, 29));
    ck_assert(!incload__civil_exists(2023, 4, 31));
    ck_assert(!incload__civil_exists(2023, 0, 1));
    ck_assert(!incload__civil_exists(2023, 13, 1));
    ck_assert(!incload__civil_exists(2023, 1, 0));
}
END_TEST

START_TEST(dates_are_read_and_written_alike)
{
    static const char *const dates[] = { "1970-01-01",    "2024-02-29",    "9999-12-31",  "0001-01-01",
                                         "0001-01-01 BC", "4713-11-24 BC", "12345-06-07", "5881580-07-11" };

    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        int64_t days;
        char text[40];
        ck_assert_msg(incload__parse_date(dates[i], strlen(dates[i]), &days), "%s", dates[i]);
        ck_assert_uint_eq(incload__format_date(days, text), strlen(dates[i]));
        ck_assert_str_eq(text, dates[i]);
    }
}
END_TEST

START_TEST(other_text_is_no_date)
{
    static const char *const texts[] = { "",
                                         "2024-1-01",
                                         "2024-02-30",
                                         "0000-00-00",
                                         "0000-01-01",
                                         "24-01-01",
                                         "2024-01-x1",
                                         "2024-01-01 ",
                                         " 2024-01-01",
                                         "2024-01-01x",
                                         "2024/01/01",
                                         "2024-01-01BC",
                                         "12345678-01-01",
                                         "2024-01",
                                         "-2024-01-01",
                                         "infinity" };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t days;
        ck_assert_msg(!incload__parse_date(texts[i], strlen(texts[i]), &days), "'%s'", texts[i]);
    }
}
END_TEST

START_TEST(times_are_read_to_the_microsecond)
{
    static const struct {
        const char *text;
        int64_t us;
        const char *canonical;
    } cases[] = {
        { "00:00:00", 0, "00:00:00" },
        { "12:34", INT64_C(45240000000), "12:34:00" },
        { "12:34:56.5", INT64_C(45296500000), "12:34:56.500000" },
        { "12:34:56.123456000", INT64_C(45296123456), "12:34:56.123456" },
        { "24:00:00", INT64_C(86400000000), "24:00:00" },
        { "-838:59:59", -INT64_C(3020399000000), "-838:59:59" },
        { "-00:00:00.000001", -1, "-00:00:00.000001" },
        { "7:05:00", INT64_C(25500000000), "07:05:00" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t us;
        char text[40];
        ck_assert_msg(incload__parse_time(cases[i].text, strlen(cases[i].text), &us), "%s", cases[i].text);
        ck_assert_int_eq(us, cases[i].us);
        incload__format_time(us, text);
        ck_assert_str_eq(text, cases[i].canonical);
    }
}
END_TEST

START_TEST(other_text_is_no_time)
{
    static const char *const texts[] = {
        "",          "12",        "12:60",   "12:00:60",          "12:00:00.",       "12:00:00.1234567",
        "12:00:00Z", "+12:00:00", "12:0:00", "99999999999:00:00", "9999999999:00:00",
        "2562047788:00:54.775808"
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t us;
        ck_assert_msg(!incload__parse_time(texts[i], strlen(texts[i]), &us), "'%s'", texts[i]);
    }
}
END_TEST

START_TEST(timestamps_are_read_with_and_without_zone)
{
    static const struct {
        const char *text;
        int64_t us;
        bool has_zone;
        int32_t zone;
    } cases[] = {
        { "1970-01-01 00:00:00", 0, false, 0 },          { "1970-01-02", INT64_C(86400000000), false, 0 },
        { "1970-01-01T00:00:01Z", 1000000, true, 0 },    { "1970-01-01 00:00:00.000001+05:30", 1, true, 19800 },
        { "1970-01-01 00:00:00-0330", 0, true, -12600 }, { "1970-01-01 00:00:00+02", 0, true, 7200 },
        { "1970-01-01 00:00:00 +02:00", 0, true, 7200 }, { "1970-01-01 00:00:00-00:01:15", 0, true, -75 },
        { "1969-12-31 24:00:00", 0, false, 0 },          { "1970-01-01 00:00:00z", 0, true, 0 },
        { "290309-12-21 19:59:05.224192 BC", INT64_MIN, false, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t us;
        bool has_zone;
        int32_t zone;
        ck_assert_msg(incload__parse_timestamp(cases[i].text, strlen(cases[i].text), &us, &has_zone, &zone), "%s",
                      cases[i].text);
        ck_assert_int_eq(us, cases[i].us);
        ck_assert_int_eq(has_zone, cases[i].has_zone);
        ck_assert_int_eq(zone, cases[i].zone);
    }
}
END_TEST

START_TEST(other_text_is_no_timestamp)
{
    static const char *const texts[] = {
        "1970-01-01 24:00:01",          "1970-01-01 ",           "1970-01-01  00:00:00",
        "1970-01-01 00:00:00+",         "1970-01-01 00:00:00+2", "1970-01-01 00:00:00+02:",
        "1970-01-01 00:00:00+02x",      "1970-01-01Z",           "1970-01-01 -01:00:00",
        "294247-01-10 04:00:54.775808", "300000-01-01",          "1970-01-01 00:00:00 UTC",
        "290309-12-21 19:59:05.224191 BC", "1970-01-01 00:00:00+24", "1970-01-01 00:00:00+x1",
        "1970-01-01 00:00:00+01:00:60", "1970-01-01 00:00:00Z ", "1970-01-01 00:00:00+01:00:00x"
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t us;
        bool has_zone;
        int32_t zone;
        ck_assert_msg(!incload__parse_timestamp(texts[i], strlen(texts[i]), &us, &has_zone, &zone), "'%s'", texts[i]);
    }
}
END_TEST

START_TEST(a_zone_is_refused_where_none_is_asked_for)
{
    const char *text = "1970-01-01 00:00:00+00";
    int64_t us;

    ck_assert(!incload__parse_timestamp(text, strlen(text), &us, NULL, NULL));
}
END_TEST

START_TEST(timestamps_are_written_in_their_canonical_form)
{
    static const struct {
        int64_t us;
        bool utc;
        const char *text;
    } cases[] = {
        { 0, false, "1970-01-01 00:00:00" },
        { 0, true, "1970-01-01 00:00:00+00" },
        { -1, true, "1969-12-31 23:59:59.999999+00" },
        { 100000, false, "1970-01-01 00:00:00.100000" },
        { INT64_MAX, false, "294247-01-10 04:00:54.775807" },
        { INT64_MIN, true, "290309-12-21 19:59:05.224192+00 BC" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[40];
        int64_t us;
        bool has_zone;
        int32_t zone;
        ck_assert_uint_eq(incload__format_timestamp(cases[i].us, cases[i].utc, text), strlen(cases[i].text));
        ck_assert_str_eq(text, cases[i].text);
        ck_assert(incload__parse_timestamp(text, strlen(text), &us, &has_zone, &zone));
        ck_assert_int_eq(us, cases[i].us);
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, known_days_have_their_dates);
    tcase_add_test(tests, every_day_of_many_years_follows_the_one_before);
    tcase_add_test(tests, dates_that_do_not_exist_are_refused);
    tcase_add_test(tests, dates_are_read_and_written_alike);
    tcase_add_test(tests, other_text_is_no_date);
    tcase_add_test(tests, times_are_read_to_the_microsecond);
    tcase_add_test(tests, other_text_is_no_time);
    tcase_add_test(tests, timestamps_are_read_with_and_without_zone);
    tcase_add_test(tests, other_text_is_no_timestamp);
    tcase_add_test(tests, a_zone_is_refused_where_none_is_asked_for);
    tcase_add_test(tests, timestamps_are_written_in_their_canonical_form);
}

HARNESS_MAIN("civil", add_tests)
