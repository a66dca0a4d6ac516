/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges as people write them, their units, and how those are called. */
#include "zones.h"

#include "run/range.h"

typedef struct wanted {
    const char *grain;
    const char *zone; /* NULL is UTC */
    int32_t edges;
    const char *from;
    const char *to;
} wanted;

static incload__range *
make(const wanted *from, bool dates, const incload__zone *zone, incload_error **err)
{
    incload__calendar calendar = { .zone = zone, .edges = from->edges };

    if (incload__grain_parse(from->grain, &calendar.grain, err) != INCLOAD_OK)
        return NULL;
    return dates ? incload__range_dates(&incload__mem_libc, from->from, from->to, &calendar, err)
                 : incload__range_instants(&incload__mem_libc, from->from, from->to, &calendar, err);
}

/* All labels with blanks between. */
static char *
labels(const incload__range *range)
{
    incload__str text = INCLOAD__STR(&incload__mem_libc);

    for (int64_t i = 0; i < incload__range_count(range); i++) {
        incload__range_unit unit = incload__range_at(range, i);
        if (i > 0)
            incload__str_add_char(&text, ' ');
        incload__range_label(range, &unit, &text);
    }
    return text.data != NULL ? incload__str_take(&text) : strdup("");
}

static void
expect(const wanted *from, bool dates, const char *expected)
{
    incload__zone *zone = from->zone != NULL ? zones_load(from->zone) : NULL;
    incload_error *err = NULL;
    incload__range *range = make(from, dates, zone, &err);

    ck_assert_msg(range != NULL, "%s", incload_error_message(err));
    char *text = labels(range);
    ck_assert_str_eq(text, expected);
    free(text);
    incload__range_free(range);
    incload__zone_free(zone);
}

START_TEST(dates_are_inclusive)
{
    wanted march = { "day", NULL, 0, "2024-02-28", "2024-03-01" };
    wanted one = { "day", NULL, 0, "2024-02-29", "2024-02-29" };

    expect(&march, true, "2024-02-28 2024-02-29 2024-03-01");
    expect(&one, true, "2024-02-29");
}
END_TEST

START_TEST(instants_are_half_open)
{
    wanted days = { "day", NULL, 0, "2024-02-28", "2024-03-01" };
    wanted hours = { "6h", NULL, 0, "2024-02-28 12:00", "2024-02-29 06:00" };
    wanted exact = { "6h", "Europe/Berlin", 0, "2024-02-28T11:00:00Z", "2024-02-29T06:00:00+01:00" };

    expect(&days, false, "2024-02-28 2024-02-29");
    expect(&hours, false, "2024-02-28T12:00Z 2024-02-28T18:00Z 2024-02-29T00:00Z");
    expect(&exact, false, "2024-02-28T12:00+01:00 2024-02-28T18:00+01:00 2024-02-29T00:00+01:00");
}
END_TEST

START_TEST(each_grain_names_its_units)
{
    static const struct {
        wanted range;
        const char *labels;
    } cases[] = {
        { { "week", NULL, 0, "2024-01-01", "2024-01-14" }, "2024-01-01..2024-01-07 2024-01-08..2024-01-14" },
        { { "2 weeks", NULL, 0, "2024-01-01", "2024-01-28" }, "2024-01-01..2024-01-14 2024-01-15..2024-01-28" },
        { { "3 days", NULL, 0, "2024-02-27", "2024-03-03" }, "2024-02-27..2024-02-29 2024-03-01..2024-03-03" },
        { { "month", NULL, 0, "2023-12-01", "2024-02-29" }, "2023-12 2024-01 2024-02" },
        { { "2 months", NULL, 0, "2024-02-01", "2024-05-31" }, "2024-02..2024-03 2024-04..2024-05" },
        { { "quarter", NULL, 0, "2023-10-01", "2024-06-30" }, "2023-Q4 2024-Q1 2024-Q2" },
        { { "year", NULL, 0, "1969-01-01", "1970-12-31" }, "1969 1970" },
        { { "12 hours", NULL, 0, "1969-12-31", "1969-12-31" }, "1969-12-31T00:00Z 1969-12-31T12:00Z" },
        { { "15 min", "Asia/Kathmandu", 0, "2024-01-01 00:00", "2024-01-01 00:30" }, NULL },
    };

    for (size_t i = 0; i + 1 < sizeof cases / sizeof cases[0]; i++)
        expect(&cases[i].range, true, cases[i].labels);
    expect(&cases[8].range, false, "2024-01-01T00:00+05:45 2024-01-01T00:15+05:45");
}
END_TEST

/* Days and hours that clocks skip, repeat or stretch. */
START_TEST(units_follow_the_clock_of_their_zone)
{
    static const struct {
        wanted range;
        const char *labels;
    } cases[] = {
        /* The day that Samoa never had. */
        { { "day", "Pacific/Apia", 0, "2011-12-28", "2012-01-01" }, "2011-12-28 2011-12-29 2011-12-31 2012-01-01" },
        { { "day", "Pacific/Apia", 0, "2011-12-30", "2011-12-30" }, "" },
        { { "12h", "Pacific/Apia", 0, "2011-12-29", "2011-12-31" },
          "2011-12-29T00:00-10:00 2011-12-29T12:00-10:00 2011-12-31T00:00+14:00 2011-12-31T12:00+14:00" },
        /* Midnights that do not exist. */
        { { "day", "America/Sao_Paulo", 0, "2018-11-03", "2018-11-05" }, "2018-11-03 2018-11-04 2018-11-05" },
        { { "day", "Africa/Cairo", 0, "2024-04-25", "2024-04-26" }, "2024-04-25 2024-04-26" },
        { { "day", "Asia/Beirut", 0, "2022-03-26", "2022-03-27" }, "2022-03-26 2022-03-27" },
        { { "12h", "America/Sao_Paulo", 0, "2018-11-04", "2018-11-04" },
          "2018-11-04T01:00-02:00 2018-11-04T12:00-02:00" },
        /* The hour that comes twice is two; the one that is skipped is none. */
        { { "hour", "Europe/Berlin", 0, "2024-10-27T01:00+02:00", "2024-10-27T04:00+01:00" },
          "2024-10-27T01:00+02:00 2024-10-27T02:00+02:00 2024-10-27T02:00+01:00 2024-10-27T03:00+01:00" },
        { { "hour", "Europe/Berlin", 0, "2024-03-31T01:00+01:00", "2024-03-31T05:00+02:00" },
          "2024-03-31T01:00+01:00 2024-03-31T03:00+02:00 2024-03-31T04:00+02:00" },
        { { "6h", "Europe/Berlin", 0, "2024-10-27", "2024-10-28" },
          "2024-10-27T00:00+02:00 2024-10-27T06:00+01:00 2024-10-27T12:00+01:00 2024-10-27T18:00+01:00" },
        /* Half an hour comes twice: the hour around it has ninety minutes, and half hours are three. */
        { { "hour", "Australia/Lord_Howe", 0, "2024-04-07T01:00+11:00", "2024-04-07T03:00+10:30" },
          "2024-04-07T01:00+11:00 2024-04-07T02:00+10:30" },
        { { "30 min", "Australia/Lord_Howe", 0, "2024-04-07T01:00+11:00", "2024-04-07T02:00+10:30" },
          "2024-04-07T01:00+11:00 2024-04-07T01:30+11:00 2024-04-07T01:30+10:30" },
        { { "hour", "Africa/Casablanca", 0, "2024-03-10T01:00+01:00", "2024-03-10T03:00+00:00" },
          "2024-03-10T01:00+01:00 2024-03-10T02:00+01:00 2024-03-10T02:00+00:00" },
        { { "hour", "Europe/Dublin", 0, "2024-10-27T00:00:00Z", "2024-10-27T02:00:00Z" },
          "2024-10-27T01:00+01:00 2024-10-27T01:00+00:00" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool dates = strlen(cases[i].range.from) == 10 && strcmp(cases[i].range.grain, "6h") != 0;
        expect(&cases[i].range, dates, cases[i].labels);
    }
}
END_TEST

START_TEST(ends_inside_a_unit_do_what_was_asked)
{
    wanted range = { "week", "Europe/Berlin", INCLOAD__EDGES_EXPAND, "2024-01-03", "2024-01-16" };

    expect(&range, true, "2024-01-01..2024-01-07 2024-01-08..2024-01-14 2024-01-15..2024-01-21");
    range.edges = INCLOAD__EDGES_SHRINK;
    expect(&range, true, "2024-01-08..2024-01-14");
    range.edges = INCLOAD__EDGES_CLIP;
    expect(&range, true,
           "2024-01-03T00:00+01:00..2024-01-08T00:00+01:00 2024-01-08..2024-01-14 "
           "2024-01-15T00:00+01:00..2024-01-17T00:00+01:00");
    range.to = "2024-01-04";
    expect(&range, true, "2024-01-03T00:00+01:00..2024-01-05T00:00+01:00");
    range.edges = INCLOAD__EDGES_SHRINK;
    expect(&range, true, "");
    range.edges = INCLOAD__EDGES_EXPAND;
    expect(&range, true, "2024-01-01..2024-01-07");
}
END_TEST

START_TEST(what_is_wrong_is_said_with_its_remedy)
{
    static const struct {
        wanted range;
        bool dates;
        const char *part;
    } cases[] = {
        { { "fortnight", NULL, 0, "2024-01-01", "2024-01-02" }, true, "'fortnight' is no grain: write minute, hour" },
        { { "0 days", NULL, 0, "2024-01-01", "2024-01-02" }, true, "is no grain" },
        { { "99999999999999999999 days", NULL, 0, "2024-01-01", "2024-01-02" }, true, "is no grain" },
        { { "7h", NULL, 0, "2024-01-01", "2024-01-02" }, true, "a day cannot be cut into units of 7h" },
        { { "36 hours", NULL, 0, "2024-01-01", "2024-01-02" }, true, "a day cannot be cut" },
        { { "day", NULL, 0, "2024-02-30", "2024-03-02" }, true, "'2024-02-30' is no day" },
        { { "day", NULL, 0, "2024-02-20", "2024-02-30" }, true, "'2024-02-30' is no day" },
        { { "day", NULL, 0, "2024-02-20", NULL }, true, "'' is no day" },
        { { "day", NULL, 0, "2024-03-02", "2024-03-01" }, true, "goes through '2024-03-01', which is before" },
        { { "day", NULL, 0, "2024-03-02", "2024-03-01" }, false, "ends at '2024-03-01', before it begins" },
        { { "day", NULL, 0, "yesterday", "2024-03-01" }, false, "'yesterday' is no end of a range of time" },
        { { "day", NULL, 0, "12024-03-01 00:00", "12024-03-02" }, false, "is no end of a range of time" },
        { { "hour", "Europe/Berlin", 0, "2024-10-27 02:00", "2024-10-28" }, false,
          "the clock of Europe/Berlin shows '2024-10-27 02:00' twice: write the offset" },
        { { "hour", "Europe/Berlin", 0, "2024-03-31 02:00", "2024-04-01" }, false,
          "the clock of Europe/Berlin skips '2024-03-31 02:00'" },
        { { "week", "Europe/Berlin", 0, "2024-01-02", "2024-01-07" }, true,
          "the end '2024-01-02' of the range lies inside a unit of week, which goes from 2024-01-01 00:00:00 to "
          "2024-01-08 00:00:00 in Europe/Berlin: move it there, or let the range expand, shrink or clip" },
        { { "month", NULL, 0, "2024-01-01", "2024-02-28" }, true, "the end '2024-02-28' of the range lies inside" },
        { { "day", NULL, 0, "2024-01-01 00:00:00.5", "2024-02-28" }, false, "lies inside a unit of day" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        incload__zone *zone = cases[i].range.zone != NULL ? zones_load(cases[i].range.zone) : NULL;
        incload_error *err = NULL;
        ck_assert_msg(make(&cases[i].range, cases[i].dates, zone, &err) == NULL, "case %zu", i);
        ck_assert_int_eq(incload_error_code(err), INCLOAD_E_INVALID);
        ck_assert_msg(strstr(incload_error_message(err), cases[i].part) != NULL, "%s", incload_error_message(err));
        incload_error_unref(err);
        incload__zone_free(zone);
    }
}
END_TEST

START_TEST(integers_are_cut_to_their_last)
{
    incload__range *range = incload__range_integers(&incload__mem_libc, -5, 12, 10, NULL);
    char *text = labels(range);

    ck_assert_str_eq(text, "-5..4 5..11");
    free(text);
    incload__range_free(range);

    range = incload__range_integers(&incload__mem_libc, INT64_MIN, INT64_MAX, INT64_MAX, NULL);
    ck_assert_int_eq(incload__range_count(range), 3);
    ck_assert(incload__range_at(range, 0).parts[0].lo == INT64_MIN);
    ck_assert(incload__range_at(range, 1).parts[0].lo == -1);
    ck_assert(incload__range_at(range, 2).parts[0].lo == INT64_MAX - 1);
    ck_assert(incload__range_at(range, 2).parts[0].hi == INT64_MAX);
    incload__range_free(range);

    ck_assert_ptr_null(incload__range_integers(&incload__mem_libc, INT64_MIN, INT64_MAX, 1, NULL));
    ck_assert_ptr_null(incload__range_integers(&incload__mem_libc, 0, 10, 0, NULL));
    ck_assert_ptr_null(incload__range_integers(&incload__mem_libc, 1, 0, 1, NULL));
    range = incload__range_integers(&incload__mem_libc, 7, 7, 1, NULL);
    ck_assert_int_eq(incload__range_count(range), 0);
    incload__range_free(range);
}
END_TEST

START_TEST(a_key_is_a_unit_and_comes_once)
{
    static const char *const good[] = { "north", "south & west" }, *const twins[] = { "a", "b", "a" };
    static const char *const holes[] = { "a", "" };
    incload__range *range = incload__range_keys(&incload__mem_libc, good, 2, NULL);
    incload_error *err = NULL;

    ck_assert_int_eq(incload__range_count(range), 2);
    ck_assert_str_eq(incload__range_at(range, 1).parts[0].key, "south & west");
    incload__range_free(range);
    ck_assert_ptr_null(incload__range_keys(&incload__mem_libc, twins, 3, &err));
    ck_assert_str_eq(incload_error_message(err),
                     "the key at place 3 of the list is there before: name each key once");
    incload_error_unref(err);
    ck_assert_ptr_null(incload__range_keys(&incload__mem_libc, holes, 2, NULL));
}
END_TEST

START_TEST(a_product_has_each_unit_with_each_other)
{
    static const char *const tenants[] = { "a", "b" };
    wanted days = { "day", NULL, 0, "2024-01-01", "2024-01-02" };
    incload__range *range = incload__range_product(make(&days, true, NULL, NULL),
                                                   incload__range_keys(&incload__mem_libc, tenants, 2, NULL), NULL);
    char *text = labels(range);

    ck_assert_str_eq(text, "2024-01-01 x a 2024-01-01 x b 2024-01-02 x a 2024-01-02 x b");
    free(text);
    ck_assert_ptr_null(incload__range_product(range, incload__range_integers(&incload__mem_libc, 0, 1, 1, NULL), NULL));
    ck_assert_ptr_null(incload__range_product(NULL, incload__range_integers(&incload__mem_libc, 0, 1, 1, NULL), NULL));
}
END_TEST

static void
expect_key(incload__range *range, int64_t ordinal, const char *expected)
{
    incload__str key = INCLOAD__STR(&incload__mem_libc);
    incload__range_unit unit = incload__range_at(range, ordinal);

    incload__range_key(range, &unit, &key);
    ck_assert_str_eq(incload__str_text(&key), expected);
    incload__str_free(&key);
    incload__range_free(range);
}

START_TEST(the_ledgers_keys_do_not_depend_on_how_the_range_was_written)
{
    static const char *const odd[] = { "a/b&c=d%\n" };
    wanted berlin = { "day", "Europe/Berlin", 0, "2024-03-30", "2024-04-02" };
    wanted instants = { "hour", NULL, 0, "2024-03-30 23:00", "2024-03-31" };
    incload__zone *zone = zones_load("Europe/Berlin");

    expect_key(make(&berlin, true, zone, NULL), 1, "2024-03-30T23:00Z/2024-03-31T22:00Z");
    expect_key(make(&instants, false, NULL, NULL), 0, "2024-03-30T23:00Z/2024-03-31T00:00Z");
    expect_key(incload__range_integers(&incload__mem_libc, 0, 5, 3, NULL), 1, "3/5");
    expect_key(incload__range_keys(&incload__mem_libc, odd, 1, NULL), 0, "=a%2Fb%26c%3Dd%25%0A");
    expect_key(incload__range_product(incload__range_integers(&incload__mem_libc, 0, 5, 3, NULL),
                                      incload__range_keys(&incload__mem_libc, odd, 1, NULL), NULL),
               1, "3/5&=a%2Fb%26c%3Dd%25%0A");
    incload__zone_free(zone);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, dates_are_inclusive);
    tcase_add_test(tests, instants_are_half_open);
    tcase_add_test(tests, each_grain_names_its_units);
    tcase_add_test(tests, units_follow_the_clock_of_their_zone);
    tcase_add_test(tests, ends_inside_a_unit_do_what_was_asked);
    tcase_add_test(tests, what_is_wrong_is_said_with_its_remedy);
    tcase_add_test(tests, integers_are_cut_to_their_last);
    tcase_add_test(tests, a_key_is_a_unit_and_comes_once);
    tcase_add_test(tests, a_product_has_each_unit_with_each_other);
    tcase_add_test(tests, the_ledgers_keys_do_not_depend_on_how_the_range_was_written);
}

HARNESS_MAIN("range", add_tests)
