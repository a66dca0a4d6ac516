/* SPDX-License-Identifier: Apache-2.0 */
/* Which units are taken, in which order, and what a plan of them says. */
#include "harness.h"

#include <stdint.h>
#include <string.h>

#include "run/selection.h"

static incload__range *
integers(int64_t from, int64_t to, int64_t step)
{
    return incload__range_integers(&incload__mem_libc, from, to, step, NULL);
}

/* ---- orders ---- */

START_TEST(every_order_takes_every_unit_once)
{
    static unsigned char seen[70000];

    for (int32_t kind = INCLOAD__ORDER_OLDEST; kind <= INCLOAD__ORDER_BISECT; kind++) {
        for (int64_t count = 0; count < 70000; count = count < 300 ? count + 1 : count * 3 + 1) {
            incload__order order;
            int64_t ordinal, taken = 0;
            memset(seen, 0, sizeof seen);
            incload__order_init(&order, kind, count);
            while (incload__order_next(&order, &ordinal)) {
                if (ordinal < 0 || ordinal >= count || seen[ordinal]++ != 0)
                    ck_abort_msg("order %d of %lld: %lld", kind, (long long)count, (long long)ordinal);
                taken++;
            }
            ck_assert_int_eq(taken, count);
        }
    }
}
END_TEST

static void
check_order(int32_t kind, int64_t count, const int64_t *expected)
{
    incload__order order;
    int64_t ordinal;

    incload__order_init(&order, kind, count);
    for (int64_t i = 0; i < count; i++) {
        ck_assert(incload__order_next(&order, &ordinal));
        ck_assert_int_eq(ordinal, expected[i]);
    }
    ck_assert(!incload__order_next(&order, &ordinal));
}

START_TEST(orders_begin_where_they_say)
{
    static const int64_t oldest[] = { 0, 1, 2, 3 }, newest[] = { 3, 2, 1, 0 };
    static const int64_t bisected[] = { 0, 8, 4, 2, 6, 1, 3, 5, 7 };

    check_order(INCLOAD__ORDER_OLDEST, 4, oldest);
    check_order(INCLOAD__ORDER_NEWEST, 4, newest);
    check_order(INCLOAD__ORDER_BISECT, 9, bisected);
}
END_TEST

/* After n units of a bisection no stretch without one is longer than twice the fairest. */
START_TEST(a_bisection_leaves_no_large_hole)
{
    enum { COUNT = 10007 };
    static bool taken[COUNT];
    incload__order order;
    int64_t ordinal;

    incload__order_init(&order, INCLOAD__ORDER_BISECT, COUNT);
    for (int n = 1; n <= 1025 && incload__order_next(&order, &ordinal); n++) {
        taken[ordinal] = true;
        if (n != 3 && n != 17 && n != 129 && n != 1025)
            continue;
        int hole = 0, longest = 0;
        for (int i = 0; i < COUNT; i++) {
            hole = taken[i] ? 0 : hole + 1;
            longest = hole > longest ? hole : longest;
        }
        ck_assert_int_le(longest, COUNT / (n - 1) + 1);
    }
}
END_TEST

/* ---- coverage ---- */

enum { POINTS = 64 };

static void
check_coverage(const incload__covers *coverage, const int32_t points[POINTS])
{
    int64_t near = 0;

    for (int64_t i = 0; i < coverage->count; i++) {
        const incload__cover *cover = &coverage->covers[i];
        ck_assert_int_lt(cover->lo, cover->hi);
        if (i > 0)
            ck_assert(cover[-1].hi < cover->lo || (cover[-1].hi == cover->lo && cover[-1].state != cover->state));
    }
    for (int64_t lo = 0; lo < POINTS; lo++) {
        bool loaded = true, stale = false, failed = false;
        int64_t gap_lo, gap_hi;
        for (int64_t hi = lo + 1; hi <= POINTS; hi++) {
            int32_t state = points[hi - 1];
            loaded = loaded && (state == INCLOAD__COVER_DONE || state == INCLOAD__COVER_STALE);
            stale = stale || state == INCLOAD__COVER_STALE;
            failed = failed || state == INCLOAD__COVER_FAILED;
            int32_t expected = loaded ? (stale ? INCLOAD__COVER_STALE : INCLOAD__COVER_DONE)
                                      : (failed ? INCLOAD__COVER_FAILED : INCLOAD__COVER_NONE);
            ck_assert_int_eq(incload__covers_state(coverage, lo, hi), expected);
            ck_assert_int_eq(incload__covers_state_near(coverage, lo, hi, &near), expected);
        }
        bool found = incload__covers_gap(coverage, lo, POINTS, &gap_lo, &gap_hi);
        int64_t first = lo;
        while (first < POINTS && points[first] >= INCLOAD__COVER_STALE)
            first++;
        int64_t end = first;
        while (end < POINTS && points[end] < INCLOAD__COVER_STALE)
            end++;
        ck_assert_int_eq(found, first < POINTS);
        if (found) {
            ck_assert_int_eq(gap_lo, first);
            ck_assert_int_eq(gap_hi, end);
        }
    }
}

START_TEST(coverage_is_what_a_list_of_points_would_say)
{
    uint64_t random = 2463534242;

    for (int round = 0; round < 60; round++) {
        incload__covers coverage = INCLOAD__COVERS(&incload__mem_libc);
        int32_t points[POINTS] = { 0 };
        for (int step = 0; step < 25; step++) {
            random = random * 6364136223846793005 + 1442695040888963407;
            int64_t lo = (int64_t)(random >> 33) % POINTS;
            int64_t hi = lo + (int64_t)(random >> 45) % 9;
            int32_t state = 1 + (int32_t)(random >> 60) % 3;
            hi = hi > POINTS ? POINTS : hi;
            ck_assert_int_eq(incload__covers_add(&coverage, lo, hi, state, NULL), INCLOAD_OK);
            for (int64_t i = lo; i < hi; i++) {
                if (state != INCLOAD__COVER_FAILED || points[i] == INCLOAD__COVER_NONE)
                    points[i] = state;
            }
        }
        check_coverage(&coverage, points);
        incload__covers_free(&coverage);
    }
}
END_TEST

START_TEST(a_million_adjoining_units_are_one_interval)
{
    incload__covers coverage = INCLOAD__COVERS(&incload__mem_libc);

    for (int64_t i = 0; i < 1000000; i++)
        (void)incload__covers_add(&coverage, i, i + 1, INCLOAD__COVER_DONE, NULL);
    ck_assert_int_eq(coverage.count, 1);
    ck_assert_int_eq(coverage.covers[0].hi, 1000000);
    incload__covers_free(&coverage);
}
END_TEST

/* ---- selection ---- */

/* Units of 10 from 0 to 100: 0-1 done, 2 failed, 3 stale, 4 half done, 5 done and failed again later, the rest new. */
typedef struct scene {
    incload__range *range;
    incload__covers coverage;
    incload__selection selection;
} scene;

static void
set_scene(scene *s, int32_t select)
{
    static const incload__cover covers[] = {
        { 0, 20, INCLOAD__COVER_DONE },  { 20, 30, INCLOAD__COVER_FAILED }, { 30, 40, INCLOAD__COVER_STALE },
        { 40, 45, INCLOAD__COVER_DONE }, { 50, 60, INCLOAD__COVER_DONE },   { 50, 60, INCLOAD__COVER_FAILED },
    };

    *s = (scene){ .range = integers(0, 100, 10), .coverage = INCLOAD__COVERS(&incload__mem_libc) };
    for (size_t i = 0; i < sizeof covers / sizeof covers[0]; i++)
        (void)incload__covers_add(&s->coverage, covers[i].lo, covers[i].hi, covers[i].state, NULL);
    s->selection = (incload__selection){ .range = s->range, .select = select, .coverage = &s->coverage };
}

static void
strike_scene(scene *s)
{
    incload__covers_free(&s->coverage);
    incload__range_free(s->range);
}

START_TEST(a_selection_takes_units_by_what_was_loaded_before)
{
    static const struct {
        int32_t select;
        const char *taken;
    } cases[] = { { INCLOAD__SELECT_MISSING, "246789" },
                  { INCLOAD__SELECT_FAILED, "2" },
                  { INCLOAD__SELECT_STALE, "3" },
                  { INCLOAD__SELECT_ALL, "0123456789" } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scene s;
        incload__unit_walk walk;
        incload__range_unit unit;
        char taken[16] = "";
        set_scene(&s, cases[i].select);
        incload__unit_walk_init(&walk, &s.selection);
        while (incload__unit_walk_next(&walk, &unit))
            taken[strlen(taken)] = (char)('0' + unit.ordinal);
        ck_assert_str_eq(taken, cases[i].taken);
        strike_scene(&s);
    }
}
END_TEST

START_TEST(a_plan_counts_units_by_state)
{
    scene s;
    incload__unit_plan plan;

    set_scene(&s, INCLOAD__SELECT_MISSING);
    incload__unit_plan_make(&s.selection, "v1", &plan);
    ck_assert_int_eq(plan.units, 10);
    ck_assert_int_eq(plan.taken, 6);
    ck_assert_int_eq(plan.first, 2);
    ck_assert_int_eq(plan.last, 9);
    ck_assert_int_eq(plan.by_state[INCLOAD__COVER_DONE], 3);
    ck_assert_int_eq(plan.by_state[INCLOAD__COVER_FAILED], 1);
    ck_assert_int_eq(plan.by_state[INCLOAD__COVER_STALE], 1);
    ck_assert_int_eq(plan.by_state[INCLOAD__COVER_NONE], 5);
    ck_assert_uint_eq(strlen(plan.fingerprint), 32);
    strike_scene(&s);
}
END_TEST

START_TEST(a_plan_is_refused_when_the_world_has_moved_on)
{
    scene s;
    incload__unit_plan plan;
    incload_error *err = NULL;

    set_scene(&s, INCLOAD__SELECT_MISSING);
    incload__unit_plan_make(&s.selection, "v1", &plan);
    ck_assert_int_eq(incload__unit_plan_check(&plan, &s.selection, "v1", NULL), INCLOAD_OK);
    /* The same state from other pieces is the same state. */
    ck_assert_int_eq(incload__covers_add(&s.coverage, 10, 13, INCLOAD__COVER_DONE, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__unit_plan_check(&plan, &s.selection, "v1", NULL), INCLOAD_OK);

    ck_assert_int_eq(incload__unit_plan_check(&plan, &s.selection, "v2", NULL), INCLOAD_E_STATE);
    ck_assert_int_eq(incload__unit_plan_check(&plan, &s.selection, NULL, NULL), INCLOAD_E_STATE);
    ck_assert_int_eq(incload__covers_add(&s.coverage, 90, 100, INCLOAD__COVER_DONE, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__unit_plan_check(&plan, &s.selection, "v1", &err), INCLOAD_E_STATE);
    ck_assert_str_eq(incload_error_message(err),
                     "the plan is out of date: it takes 6 of 10 units, now it would be 5 of 10: plan again and look at "
                     "it before applying it");
    incload_error_unref(err);
    strike_scene(&s);
}
END_TEST

static void
fingerprint(incload__range *range, char out[INCLOAD__FINGERPRINT_SIZE])
{
    incload__unit_plan plan;
    incload__selection selection = { .range = range };

    incload__unit_plan_make(&selection, NULL, &plan);
    memcpy(out, plan.fingerprint, sizeof plan.fingerprint);
    incload__range_free(range);
}

START_TEST(ranges_that_differ_have_other_fingerprints)
{
    static const char *const first[] = { "a", "bc" }, *const second[] = { "ab", "c" };
    incload__calendar day = { .grain = { INCLOAD__GRAIN_DAY, 1 } }, week = { .grain = { INCLOAD__GRAIN_WEEK, 1 } };
    incload__zone *berlin = incload__zone_load(&incload__mem_libc, "Europe/Berlin", NULL);
    incload__zone *paris = incload__zone_load(&incload__mem_libc, "Europe/Paris", NULL);
    incload__calendar there = { .grain = { INCLOAD__GRAIN_DAY, 1 }, .zone = berlin };
    incload__calendar elsewhere = { .grain = { INCLOAD__GRAIN_DAY, 1 }, .zone = paris };
    char all[10][INCLOAD__FINGERPRINT_SIZE], again[INCLOAD__FINGERPRINT_SIZE];
    const incload__mem *mem = &incload__mem_libc;

    fingerprint(integers(0, 10, 6), all[0]);
    fingerprint(integers(0, 10, 7), all[1]);
    fingerprint(integers(0, 11, 7), all[2]);
    fingerprint(incload__range_keys(mem, first, 2, NULL), all[3]);
    fingerprint(incload__range_keys(mem, second, 2, NULL), all[4]);
    fingerprint(incload__range_dates(mem, "2024-01-01", "2024-01-07", &day, NULL), all[5]);
    fingerprint(incload__range_dates(mem, "2024-01-01", "2024-01-07", &week, NULL), all[6]);
    fingerprint(incload__range_dates(mem, "2024-01-01", "2024-01-07", &there, NULL), all[7]);
    fingerprint(incload__range_dates(mem, "2024-01-01", "2024-01-07", &elsewhere, NULL), all[8]);
    fingerprint(incload__range_product(integers(0, 10, 6), integers(0, 10, 6), NULL), all[9]);
    for (int i = 0; i < 10; i++) {
        for (int j = 0; j < i; j++)
            ck_assert_msg(strcmp(all[i], all[j]) != 0, "%d and %d", i, j);
    }
    fingerprint(integers(0, 10, 6), again);
    ck_assert_str_eq(again, all[0]);
    incload__zone_free(berlin);
    incload__zone_free(paris);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, every_order_takes_every_unit_once);
    tcase_add_test(tests, orders_begin_where_they_say);
    tcase_add_test(tests, a_bisection_leaves_no_large_hole);
    tcase_add_test(tests, coverage_is_what_a_list_of_points_would_say);
    tcase_add_test(tests, a_million_adjoining_units_are_one_interval);
    tcase_add_test(tests, a_selection_takes_units_by_what_was_loaded_before);
    tcase_add_test(tests, a_plan_counts_units_by_state);
    tcase_add_test(tests, a_plan_is_refused_when_the_world_has_moved_on);
    tcase_add_test(tests, ranges_that_differ_have_other_fingerprints);
}

HARNESS_MAIN("units", add_tests)
