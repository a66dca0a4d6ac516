/* SPDX-License-Identifier: Apache-2.0 */
/* How many units a process takes at once, by how long those before lasted. */
#include "harness.h"

#include "run/portion.h"

enum { LEASE_US = 30000000, SHORT_US = 100000, MEDIUM_US = 600000, LONG_US = 2000000 };

/* Takes all there is room for, of units that all last so long. *attempt: which it is of the last of them. */
static int32_t
take(incload__portion *portion, int64_t *now, int64_t lasts_us, int64_t attempt)
{
    static incload__claimed units[INCLOAD__CLAIM_MOST];
    incload__claim claim = { .units = units, .count = incload__portion_next(portion, *now) };

    for (int32_t i = 0; i < claim.count; i++)
        units[i] = (incload__claimed){ .seq = i, .attempt = i + 1 < claim.count ? 1 : attempt };
    incload__portion_took(portion, &claim, *now);
    *now += lasts_us;
    return claim.count;
}

START_TEST(short_units_are_taken_twice_as_many_each_time)
{
    incload__portion portion;
    int64_t now = 5000;

    incload__portion_init(&portion, 4, LEASE_US, false);
    for (int32_t expected = 4; expected < 512; expected *= 2)
        ck_assert_int_eq(take(&portion, &now, SHORT_US, 1), expected);
    for (int32_t i = 0; i < 5; i++)
        take(&portion, &now, SHORT_US, 1);
    ck_assert_int_eq(take(&portion, &now, SHORT_US, 1), INCLOAD__CLAIM_MOST);
}
END_TEST

START_TEST(a_portion_that_lasts_a_moment_stays_and_one_that_lasts_longer_shrinks)
{
    incload__portion portion;
    int64_t now = 5000;

    incload__portion_init(&portion, 3, LEASE_US, false);
    take(&portion, &now, SHORT_US, 1);
    take(&portion, &now, SHORT_US, 1);
    ck_assert_int_eq(take(&portion, &now, MEDIUM_US, 1), 12);
    ck_assert_int_eq(take(&portion, &now, LONG_US, 1), 12);
    ck_assert_int_eq(take(&portion, &now, LONG_US, 1), 6);
    ck_assert_int_eq(take(&portion, &now, LONG_US, 1), 3);
    ck_assert_int_eq(take(&portion, &now, LONG_US, 1), 3);
}
END_TEST

START_TEST(what_was_handed_out_before_ends_the_growth)
{
    incload__portion portion;
    int64_t now = 5000;

    incload__portion_init(&portion, 2, LEASE_US, false);
    take(&portion, &now, SHORT_US, 1);
    take(&portion, &now, SHORT_US, 1);
    ck_assert_int_eq(take(&portion, &now, SHORT_US, 2), 8);
    ck_assert_int_eq(take(&portion, &now, SHORT_US, 2), 2);
    ck_assert_int_eq(take(&portion, &now, SHORT_US, 1), 2);
    ck_assert_int_eq(take(&portion, &now, SHORT_US, 1), 4);
}
END_TEST

START_TEST(fewer_than_there_was_room_for_say_nothing)
{
    incload__claimed unit = { .attempt = 1 };
    incload__claim claim = { .units = &unit, .count = 1 };
    incload__portion portion;

    incload__portion_init(&portion, 4, LEASE_US, false);
    for (int64_t now = 5000; now < 9000; now += 1000) {
        ck_assert_int_eq(incload__portion_next(&portion, now), 4);
        incload__portion_took(&portion, &claim, now);
    }
}
END_TEST

START_TEST(a_short_lease_makes_the_moment_shorter)
{
    incload__portion portion;
    int64_t now = 5000;

    incload__portion_init(&portion, 4, 1000000, false);
    take(&portion, &now, SHORT_US, 1);
    ck_assert_int_eq(take(&portion, &now, 20000, 1), 4);
    ck_assert_int_eq(take(&portion, &now, 20000, 1), 8);
}
END_TEST

START_TEST(where_one_failure_may_be_the_last_no_more_are_taken_than_run)
{
    incload__portion portion;
    int64_t now = 5000;

    incload__portion_init(&portion, 4, LEASE_US, true);
    for (int32_t i = 0; i < 5; i++)
        ck_assert_int_eq(take(&portion, &now, SHORT_US, 1), 4);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, short_units_are_taken_twice_as_many_each_time);
    tcase_add_test(tests, a_portion_that_lasts_a_moment_stays_and_one_that_lasts_longer_shrinks);
    tcase_add_test(tests, what_was_handed_out_before_ends_the_growth);
    tcase_add_test(tests, fewer_than_there_was_room_for_say_nothing);
    tcase_add_test(tests, a_short_lease_makes_the_moment_shorter);
    tcase_add_test(tests, where_one_failure_may_be_the_last_no_more_are_taken_than_run);
}

HARNESS_MAIN("portion", add_tests)
