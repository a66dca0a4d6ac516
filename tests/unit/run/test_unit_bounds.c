/* SPDX-License-Identifier: Apache-2.0 */
/* Units as intervals of a cursor: the texts that each database compares. */
#include "zones.h"

#include "run/unit_bounds.h"

static const incload__mem *const mem = &incload__mem_libc;

static incload__range *
range_in(const char *grain, const char *from, const char *to, const incload__zone *zone)
{
    incload__calendar calendar = { .zone = zone, .edges = INCLOAD__EDGES_CLIP };
    incload_error *err = NULL;

    ck_assert_int_eq(incload__grain_parse(grain, &calendar.grain, NULL), INCLOAD_OK);
    incload__range *range = incload__range_instants(mem, from, to, &calendar, &err);
    ck_assert_msg(range != NULL, "%s", incload_error_message(err));
    return range;
}

static int32_t
bounds_of(const incload__range *range, int64_t ordinal, const incload__dialect *dialect, incload__type type,
          int32_t naive, char *bounds[2], incload_error **err)
{
    char name[] = "at";
    incload__column cursor = { .name = name, .type = type };
    incload__bounds_spec spec = { mem, dialect, &cursor, naive };
    incload__range_unit unit = incload__range_at(range, ordinal);

    return incload__bounds_of(&spec, range, &unit, 0, bounds, err);
}

static void
expect(const incload__range *range, int64_t ordinal, const incload__dialect *dialect, incload__type type,
       int32_t naive, const char *lo, const char *hi)
{
    char *bounds[2];
    incload_error *err = NULL;

    ck_assert_msg(bounds_of(range, ordinal, dialect, type, naive, bounds, &err) == INCLOAD_OK, "%s",
                  incload_error_message(err));
    ck_assert_str_eq(bounds[0], lo);
    ck_assert_str_eq(bounds[1], hi);
    free(bounds[0]);
    free(bounds[1]);
}

static void
refuse(const incload__range *range, int64_t ordinal, incload__type type, int32_t naive, int32_t code,
       const char *part)
{
    char *bounds[2];
    incload_error *err = NULL;

    ck_assert_int_eq(bounds_of(range, ordinal, &incload__dialect_postgres, type, naive, bounds, &err), code);
    ck_assert_msg(strstr(incload_error_message(err), part) != NULL, "%s", incload_error_message(err));
    ck_assert(bounds[0] == NULL && bounds[1] == NULL);
    incload_error_unref(err);
}

static const incload__type date = { .kind = INCLOAD__DATE }, naive = { .kind = INCLOAD__TIMESTAMP, .scale = 6 };
static const incload__type zoned = { .kind = INCLOAD__TIMESTAMPTZ, .scale = 6 }, whole = { .kind = INCLOAD__INT32 };

START_TEST(a_day_has_the_bounds_of_each_database_and_type)
{
    incload__zone *zone = zones_load("Europe/Berlin");
    /* The day of 23 hours. */
    incload__range *range = range_in("day", "2024-03-31", "2024-04-01", zone);

    expect(range, 0, &incload__dialect_postgres, zoned, 0, "2024-03-30 23:00:00+00", "2024-03-31 22:00:00+00");
    expect(range, 0, &incload__dialect_mariadb, zoned, 0, "2024-03-30 23:00:00", "2024-03-31 22:00:00");
    expect(range, 0, &incload__dialect_sqlite, zoned, 0, "2024-03-30 23:00:00", "2024-03-31 22:00:00");
    expect(range, 0, &incload__dialect_postgres, naive, INCLOAD__NAIVE_UTC, "2024-03-30 23:00:00",
           "2024-03-31 22:00:00");
    expect(range, 0, &incload__dialect_postgres, naive, INCLOAD__NAIVE_LOCAL, "2024-03-31 00:00:00",
           "2024-04-01 00:00:00");
    expect(range, 0, &incload__dialect_sqlite, naive, INCLOAD__NAIVE_LOCAL, "2024-03-31", "2024-04-01");
    expect(range, 0, &incload__dialect_postgres, date, 0, "2024-03-31", "2024-04-01");
    expect(range, 0, &incload__dialect_mariadb, date, 0, "2024-03-31", "2024-04-01");
    expect(range, 0, &incload__dialect_sqlite, date, 0, "2024-03-31", "2024-04-01");
    incload__range_free(range);
    incload__zone_free(zone);
}
END_TEST

START_TEST(integers_have_the_bounds_of_each_kind_of_number)
{
    incload__range *range = incload__range_integers(mem, 0, 250, 100, NULL);

    expect(range, 2, &incload__dialect_postgres, whole, 0, "200", "250");
    expect(range, 1, &incload__dialect_sqlite, (incload__type){ .kind = INCLOAD__NUMERIC }, 0, "100", "200");
    expect(range, 1, &incload__dialect_mariadb, (incload__type){ INCLOAD__DECIMAL, 10, 0 }, 0, "100", "200");
    incload__range_free(range);

    range = incload__range_integers(mem, 0, INT64_C(3000000000), INT64_C(1000000000), NULL);
    refuse(range, 2, whole, 0, INCLOAD_E_DATA, "an end of the range lies beyond what the cursor 'at' can hold");
    incload__range_free(range);
}
END_TEST

/* Texts of one clock that only rises: each unit begins where the one before ended, for every zone. */
START_TEST(days_of_a_naive_cursor_cover_it_without_gap_in_every_zone)
{
    static const char *const names[] = { "Pacific/Apia", "America/Sao_Paulo", "America/Havana", "Africa/Cairo",
                                         "America/St_Johns", "Asia/Beirut", "Atlantic/Azores", "Pacific/Kwajalein" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        incload__zone *zone = zones_load(names[i]);
        incload__range *range = range_in("day", "1987-01-01", "2013-01-01", zone);
        char *last = NULL;
        for (int64_t k = 0; k < incload__range_count(range); k++) {
            char *bounds[2];
            ck_assert_int_eq(bounds_of(range, k, &incload__dialect_postgres, naive, INCLOAD__NAIVE_LOCAL, bounds, NULL),
                             INCLOAD_OK);
            if ((last != NULL && strcmp(last, bounds[0]) != 0) || strcmp(bounds[0], bounds[1]) >= 0)
                ck_abort_msg("%s: %s to %s", names[i], bounds[0], bounds[1]);
            free(last);
            free(bounds[0]);
            last = bounds[1];
        }
        free(last);
        incload__range_free(range);
        incload__zone_free(zone);
    }
}
END_TEST

START_TEST(a_cursor_that_cannot_tell_a_unit_is_refused)
{
    static const char *const keys[] = { "a" };
    incload__zone *zone = zones_load("Europe/Berlin");
    incload__range *hours = range_in("hour", "2024-10-27", "2024-10-28", zone);
    incload__range *summer = range_in("hour", "2024-07-01", "2024-07-02", zone);
    incload__range *part = range_in("day", "2024-07-01 06:00", "2024-07-02", zone);
    incload__range *numbers = incload__range_integers(mem, 0, 1, 1, NULL);
    incload__range *list = incload__range_keys(mem, keys, 1, NULL);

    refuse(hours, 0, naive, INCLOAD__NAIVE_LOCAL, INCLOAD_E_TYPE, "shows an end of a unit twice: take units of a day");
    refuse(hours, 0, date, 0, INCLOAD_E_TYPE, "holds days, which units of hours or minutes would cut");
    refuse(part, 0, date, 0, INCLOAD_E_TYPE, "an end of the range lies inside one: begin and end with whole days");
    refuse(summer, 0, whole, 0, INCLOAD_E_TYPE, "the cursor 'at' is not of time, the range is one of time");
    refuse(numbers, 0, zoned, 0, INCLOAD_E_TYPE, "the cursor 'at' is of time, the range is one of integers");
    refuse(numbers, 0, (incload__type){ .kind = INCLOAD__TEXT }, 0, INCLOAD_E_TYPE, "neither of time nor a number");
    refuse(list, 0, whole, 0, INCLOAD_E_UNSUPPORTED, "a list of keys is no interval");
    /* Where no clock goes back, hours are told apart; and so they are by a cursor with a zone. */
    expect(summer, 5, &incload__dialect_postgres, naive, INCLOAD__NAIVE_LOCAL, "2024-07-01 05:00:00",
           "2024-07-01 06:00:00");
    expect(hours, 2, &incload__dialect_postgres, zoned, 0, "2024-10-27 00:00:00+00", "2024-10-27 01:00:00+00");
    expect(hours, 3, &incload__dialect_postgres, zoned, 0, "2024-10-27 01:00:00+00", "2024-10-27 02:00:00+00");
    incload__range_free(hours);
    incload__range_free(summer);
    incload__range_free(part);
    incload__range_free(numbers);
    incload__range_free(list);
    incload__zone_free(zone);
}
END_TEST

/* ---- memory ---- */

typedef struct lender {
    int64_t made;
    int64_t first_refused;
    int64_t live;
} lender;

static bool
refuses(lender *from)
{
    return ++from->made >= from->first_refused;
}

static void *
lend(size_t size, void *data)
{
    lender *from = data;
    void *block = refuses(from) ? NULL : malloc(size);

    from->live += block != NULL;
    return block;
}

static void *
lend_more(void *block, size_t size, void *data)
{
    lender *from = data;

    if (block == NULL)
        return lend(size, data);
    return refuses(from) ? NULL : realloc(block, size);
}

static void
take_back(void *block, void *data)
{
    lender *from = data;

    from->live -= block != NULL;
    free(block);
}

/* A zone, a product of days and keys, and bounds: true when all of it worked. */
static bool
do_all(const incload__mem *lent, incload_error **err)
{
    static const char *const keys[] = { "a", "b", "c" };
    char name[] = "at";
    incload__column cursor = { .name = name, .type = zoned };
    incload__bounds_spec spec = { lent, &incload__dialect_postgres, &cursor, 0 };
    incload__calendar calendar = { .grain = { INCLOAD__GRAIN_DAY, 1 } };
    incload__zone *zone = incload__zone_load(lent, "Europe/Berlin", err);
    incload__range *range = NULL;
    char *bounds[2] = { NULL, NULL };

    calendar.zone = zone;
    if (zone != NULL)
        range = incload__range_product(incload__range_dates(lent, "2000-01-01", "2023-12-31", &calendar, err),
                                       incload__range_keys(lent, keys, 3, err), err);
    incload__range_unit unit = { 0 };
    if (range != NULL)
        unit = incload__range_at(range, 100);
    bool good = range != NULL && incload__bounds_of(&spec, range, &unit, 0, bounds, err) == INCLOAD_OK;
    incload__free(lent, bounds[0]);
    incload__free(lent, bounds[1]);
    incload__range_free(range);
    incload__zone_free(zone);
    return good;
}

START_TEST(every_allocation_may_fail)
{
    lender from = { 0 };
    incload__mem lent = { lend, lend_more, take_back, &from };
    bool good = false;

    for (int64_t n = 1; !good; n++) {
        incload_error *err = NULL;
        from = (lender){ .first_refused = n };
        good = do_all(&lent, &err);
        ck_assert_int_eq(from.live, 0);
        ck_assert_int_eq(incload_error_code(err), good ? INCLOAD_OK : INCLOAD_E_NO_MEMORY);
        incload_error_unref(err);
        ck_assert_int_lt(n, 1000);
    }
    ck_assert_int_gt(from.made, 10);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_day_has_the_bounds_of_each_database_and_type);
    tcase_add_test(tests, integers_have_the_bounds_of_each_kind_of_number);
    tcase_add_test(tests, days_of_a_naive_cursor_cover_it_without_gap_in_every_zone);
    tcase_add_test(tests, a_cursor_that_cannot_tell_a_unit_is_refused);
    tcase_add_test(tests, every_allocation_may_fail);
}

HARNESS_MAIN("unit-bounds", add_tests)
