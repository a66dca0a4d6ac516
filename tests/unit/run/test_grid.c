/* SPDX-License-Identifier: Apache-2.0 */
/* Units of every grain in every zone of the system, 1970 to 2037: they cover the range, and begin where they should. */
#include "zones.h"

#include "base/civil.h"
#include "run/range.h"

enum { DAY = 86400, MOST_DAYS = 25000 };

#define US INT64_C(1000000)

static incload__calendar
calendar_of(const char *grain, const incload__zone *zone)
{
    incload__calendar calendar = { .zone = zone, .edges = INCLOAD__EDGES_CLIP };
    incload_error *err = NULL;

    ck_assert_msg(incload__grain_parse(grain, &calendar.grain, &err) == INCLOAD_OK, "%s", incload_error_message(err));
    return calendar;
}

static incload__range *
dates(const char *from, const char *through, const incload__calendar *calendar)
{
    incload_error *err = NULL;
    incload__range *range = incload__range_dates(&incload__mem_libc, from, through, calendar, &err);

    ck_assert_msg(range != NULL, "%s", incload_error_message(err));
    return range;
}

static int64_t
floor_days(int64_t clock)
{
    return clock / DAY - (clock % DAY < 0 ? 1 : 0);
}

/* The month of an instant's clock, counted from the year 0. */
static int64_t
month_at(const incload__zone *zone, int64_t us)
{
    int64_t year;
    int32_t month, day;

    incload__civil_from_days(floor_days(incload__zone_clock(zone, us / US)), &year, &month, &day);
    return year * 12 + month - 1;
}

/* From the first to the last: each begins where the one before ends. */
static void
check_cover(const char *name, const incload__range *range)
{
    incload__unit_part whole = incload__range_whole(range, 0);
    int64_t count = incload__range_count(range);
    int64_t at = whole.lo;
    incload__range_hint hint = { 0 };

    for (int64_t i = 0; i < count; i++) {
        incload__range_unit unit = incload__range_near(range, i, &hint);
        if (unit.ordinal != i || unit.parts[0].lo != at || unit.parts[0].hi <= at)
            ck_abort_msg("%s: unit %lld of %lld: %lld to %lld after %lld", name, (long long)i, (long long)count,
                         (long long)unit.parts[0].lo, (long long)unit.parts[0].hi, (long long)at);
        at = unit.parts[0].hi;
    }
    if (at != whole.hi)
        ck_abort_msg("%s: the units end at %lld, the range at %lld", name, (long long)at, (long long)whole.hi);
}

/* ---- days and more ---- */

/* The first instant of every day that exists, found by walking over the clock: an answer made in another way. */
typedef struct days {
    int64_t first[MOST_DAYS];
    bool exists[MOST_DAYS];
} days;

static void
find_days(const incload__zone *zone, days *out)
{
    incload__zone_span span = { 0, INT64_MIN, 0 };
    int64_t reached = -1; /* the greatest day that the clock has shown */

    memset(out, 0, sizeof *out);
    for (int64_t at = -2 * DAY; at < (MOST_DAYS - 2) * (int64_t)DAY;) {
        if (at >= span.to)
            span = incload__zone_span_at(zone, at);
        int64_t day = floor_days(at + span.offset);
        if (day > reached && day < MOST_DAYS) {
            out->first[day] = at;
            out->exists[day] = true;
            reached = day;
        }
        int64_t midnight = (day + 1) * DAY - span.offset;
        at = midnight < span.to ? midnight : span.to;
    }
}

/* Each unit is one existing day, in order, none left out. */
static void
check_days(const char *name, const incload__zone *zone, const days *all)
{
    incload__calendar calendar = calendar_of("day", zone);
    incload__range *range = dates("1970-01-02", "2037-12-31", &calendar);
    int64_t last = incload__days_from_civil(2037, 12, 31), ordinal = 0;

    for (int64_t day = 1; day <= last; day++) {
        if (!all->exists[day])
            continue;
        incload__range_unit unit = incload__range_at(range, ordinal++);
        if (unit.parts[0].lo != all->first[day] * US)
            ck_abort_msg("%s: day %lld begins at %lld, not %lld", name, (long long)day,
                         (long long)all->first[day], (long long)(unit.parts[0].lo / US));
    }
    ck_assert_msg(ordinal == incload__range_count(range), "%s: %lld days, %lld units", name, (long long)ordinal,
                  (long long)incload__range_count(range));
    check_cover(name, range);
    incload__range_free(range);
}

/* A grain of more days than one begins where one of its days begins. */
static void
check_long(const char *name, const incload__zone *zone, const days *all, const char *grain, int64_t months,
           int64_t apart)
{
    incload__calendar calendar = calendar_of(grain, zone);
    incload__range *range = dates("1970-01-05", "2037-12-31", &calendar);
    int64_t count = incload__range_count(range), month = month_at(zone, incload__range_at(range, 0).parts[0].lo);

    check_cover(name, range);
    for (int64_t i = 1; i < count; i++) {
        int64_t lo = incload__range_at(range, i).parts[0].lo;
        int64_t day = floor_days(incload__zone_clock(zone, lo / US));
        if (!all->exists[day] || all->first[day] * US != lo)
            ck_abort_msg("%s: %s %lld begins inside a day", name, grain, (long long)i);
        int64_t next = month_at(zone, lo);
        if (months > 0 && (next % months != 0 || next - month > apart))
            ck_abort_msg("%s: %s %lld begins in month %lld after %lld", name, grain, (long long)i, (long long)next,
                         (long long)month);
        month = next;
    }
    incload__range_free(range);
}

START_TEST(days_and_weeks_cover_every_zone_exactly)
{
    static zones all;
    static days found;

    zones_find(&all);
    for (int i = 0; i < all.count; i++) {
        incload__zone *zone = zones_load(all.names[i]);
        find_days(zone, &found);
        check_days(all.names[i], zone, &found);
        check_long(all.names[i], zone, &found, "week", 0, 0);
        incload__zone_free(zone);
    }
    zones_free(&all);
}
END_TEST

START_TEST(longer_units_cover_every_zone_exactly)
{
    static zones all;
    static days found;

    zones_find(&all);
    for (int i = 0; i < all.count; i++) {
        incload__zone *zone = zones_load(all.names[i]);
        find_days(zone, &found);
        check_long(all.names[i], zone, &found, "3 days", 0, 0);
        check_long(all.names[i], zone, &found, "2 weeks", 0, 0);
        check_long(all.names[i], zone, &found, "month", 1, 1);
        check_long(all.names[i], zone, &found, "quarter", 3, 3);
        check_long(all.names[i], zone, &found, "year", 12, 12);
        check_long(all.names[i], zone, &found, "2 years", 12, 24);
        incload__zone_free(zone);
    }
    zones_free(&all);
}
END_TEST

/* ---- hours and minutes ---- */

/* A unit may begin where the clock shows a multiple, or where it jumped. */
static void
check_begins(const char *name, const incload__zone *zone, const incload__range *range, int64_t step, int64_t from,
             int64_t to)
{
    for (int64_t i = from; i < to; i++) {
        incload__range_unit unit = incload__range_at(range, i);
        int64_t lo = unit.parts[0].lo / US;
        incload__zone_span span = incload__zone_span_at(zone, lo);
        if ((lo + span.offset) % step != 0 && span.from != lo)
            ck_abort_msg("%s: unit %lld of %lld s begins at the clock's %lld", name, (long long)i, (long long)step,
                         (long long)(lo + span.offset));
        /* A unit that no jump touches is as long as its grain. */
        incload__zone_span end = incload__zone_span_at(zone, unit.parts[0].hi / US - 1);
        if (span.from < lo && end.from == span.from && span.to > unit.parts[0].hi / US
            && unit.parts[0].hi - unit.parts[0].lo != step * US)
            ck_abort_msg("%s: unit %lld of %lld s has another length", name, (long long)i, (long long)step);
    }
}

static void
check_hours(const char *name, const incload__zone *zone, const char *grain, int64_t step)
{
    incload__calendar calendar = calendar_of(grain, zone);
    incload__range *range = dates("1970-01-02", "2037-12-31", &calendar);

    check_cover(name, range);
    check_begins(name, zone, range, step, 0, incload__range_count(range) < 3000 ? incload__range_count(range) : 3000);
    incload__range_free(range);
}

/* Two days around each change of the clock; the first and the last unit may be parts. */
static void
check_minutes(const char *name, const incload__zone *zone, const char *grain, int64_t step, int every)
{
    incload__calendar calendar = calendar_of(grain, zone);
    int64_t end = incload__days_from_civil(2037, 12, 1) * DAY;
    int taken = 0;

    for (int64_t at = incload__zone_span_at(zone, 0).to; at < end; at = incload__zone_span_at(zone, at).to) {
        char from[48], to[48];
        if (taken++ % every != 0)
            continue;
        incload__format_timestamp((at - DAY) * US, true, from);
        incload__format_timestamp((at + DAY) * US, true, to);
        incload_error *err = NULL;
        incload__range *range = incload__range_instants(&incload__mem_libc, from, to, &calendar, &err);
        ck_assert_msg(range != NULL, "%s", incload_error_message(err));
        check_cover(name, range);
        check_begins(name, zone, range, step, 1, incload__range_count(range) - 1);
        incload__range_free(range);
    }
}

/* In full, which takes half a million units a zone, for some; around every change of the clock for all. */
START_TEST(hours_cover_zones_exactly)
{
    static zones all;

    zones_find(&all);
    for (int i = 0; i < all.count; i += 4) {
        incload__zone *zone = zones_load(all.names[i]);
        if (i % 40 == 0)
            check_hours(all.names[i], zone, "hour", 3600);
        if (i % 16 == 0)
            check_hours(all.names[i], zone, "6h", 6 * 3600);
        check_hours(all.names[i], zone, "12 hours", 12 * 3600);
        incload__zone_free(zone);
    }
    zones_free(&all);
}
END_TEST

START_TEST(hours_and_minutes_cover_every_change_of_every_clock)
{
    static zones all;

    zones_find(&all);
    for (int i = 0; i < all.count; i++) {
        incload__zone *zone = zones_load(all.names[i]);
        check_minutes(all.names[i], zone, "hour", 3600, 1);
        check_minutes(all.names[i], zone, "15 min", 900, 5);
        check_minutes(all.names[i], zone, "minute", 60, 40);
        incload__zone_free(zone);
    }
    zones_free(&all);
}
END_TEST

START_TEST(a_unit_is_the_same_wherever_one_looked_before)
{
    static const char *const grains[] = { "minute", "hour", "day", "month" };
    incload__zone *zone = zones_load("America/New_York");

    for (size_t i = 0; i < sizeof grains / sizeof grains[0]; i++) {
        incload__calendar calendar = calendar_of(grains[i], zone);
        incload__range *range = dates("1990-01-01", "2020-12-31", &calendar);
        incload__range_hint hint = { 0 };
        uint64_t random = 42;
        for (int k = 0; k < 20000; k++) {
            random = random * 6364136223846793005 + 1442695040888963407;
            int64_t ordinal = (int64_t)((random >> 20) % (uint64_t)incload__range_count(range));
            incload__range_unit far = incload__range_at(range, ordinal);
            incload__range_unit near = incload__range_near(range, ordinal, &hint);
            ck_assert(far.parts[0].lo == near.parts[0].lo && far.parts[0].hi == near.parts[0].hi);
        }
        incload__range_free(range);
    }
    incload__zone_free(zone);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, days_and_weeks_cover_every_zone_exactly);
    tcase_add_test(tests, longer_units_cover_every_zone_exactly);
    tcase_add_test(tests, hours_cover_zones_exactly);
    tcase_add_test(tests, hours_and_minutes_cover_every_change_of_every_clock);
    tcase_add_test(tests, a_unit_is_the_same_wherever_one_looked_before);
}

HARNESS_MAIN("grid", add_tests)
