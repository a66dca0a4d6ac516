/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger keeps of a backfill's run: which units are taken, in which order, and what they were told. */
#include <incload/backfill.h>

#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "run/backfill_internal.h"
#include "run/backfill_spec.h"
#include "run/durable_internal.h"
#include "run/key_set.h"

static const incload__mem *
mem(void)
{
    return &incload__env_system.mem;
}

static incload__taken
taken_of(const int64_t *ordinals, int count)
{
    incload__taken taken = INCLOAD__TAKEN(mem());

    for (int i = 0; i < count; i++)
        ck_assert_int_eq(incload__taken_add(&taken, ordinals[i], NULL), INCLOAD_OK);
    return taken;
}

START_TEST(neighbours_are_told_as_one_range)
{
    static const int64_t ordinals[] = { 0, 1, 2, 5, 7, 8 };
    incload__taken taken = taken_of(ordinals, 6);
    incload__str text = INCLOAD__STR(mem());

    incload__taken_print(&taken, &text);
    ck_assert_str_eq(incload__str_text(&text), "0-2,5,7-8");
    ck_assert_int_eq(taken.places, 6);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(incload__taken_at(&taken, i), ordinals[i]);
    incload__str_free(&text);
    incload__taken_free(&taken);
}
END_TEST

START_TEST(what_was_printed_is_read_back)
{
    incload__taken taken = INCLOAD__TAKEN(mem());

    ck_assert(incload__taken_parse(&taken, "0-54,57,60-90", 91));
    ck_assert_int_eq(taken.places, 87);
    ck_assert_int_eq(incload__taken_at(&taken, 54), 54);
    ck_assert_int_eq(incload__taken_at(&taken, 55), 57);
    ck_assert_int_eq(incload__taken_at(&taken, 56), 60);
    ck_assert_int_eq(incload__taken_at(&taken, 86), 90);
    incload__taken_free(&taken);
    ck_assert(incload__taken_parse(&taken, "", 91));
    ck_assert_int_eq(taken.places, 0);
}
END_TEST

START_TEST(what_is_no_list_of_ranges_is_refused)
{
    static const char *const bad[] = { "x",   "1-", "-1",   "3-2",  "1,1",
                                       "2,1", "0,", "0,,2", "0-91", "99999999999999999999" };
    incload__taken taken = INCLOAD__TAKEN(mem());

    ck_assert_msg(!incload__taken_parse(&taken, bad[_i], 91), "%s", bad[_i]);
    incload__taken_free(&taken);
}
END_TEST

START_TEST(every_order_hands_out_each_taken_unit_once)
{
    static const int64_t ordinals[] = { 3, 4, 5, 10, 11, 20, 30, 31, 32, 33, 34 };
    enum { COUNT = sizeof ordinals / sizeof ordinals[0] };
    incload__sequence sequence = { .mem = mem(), .taken = taken_of(ordinals, COUNT) };
    bool seen[64] = { false };

    ck_assert_int_eq(incload__sequence_init(&sequence, _i, NULL), INCLOAD_OK);
    for (int i = 0; i < COUNT; i++)
        seen[incload__sequence_at(&sequence, i)] = true;
    for (int i = 0; i < COUNT; i++)
        ck_assert(seen[ordinals[i]]);
    ck_assert_int_eq(incload__sequence_at(&sequence, 0), _i == INCLOAD__ORDER_NEWEST ? 34 : 3);
    incload__sequence_free(&sequence);
}
END_TEST

/* ---- specs ---- */

static incload_step *
days(const char *through, const char *options)
{
    incload_error *err = NULL;
    incload_step *step = incload_step_new_backfill("2024-01-01", through, options, NULL, NULL, NULL, &err);

    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    incload_step_set(step, "name", "scores", &err);
    return step;
}

static char *
spec_of(const incload_step *step, const incload__taken *taken)
{
    incload__str text = INCLOAD__STR(mem());

    ck_assert_int_eq(incload__backfill_spec_print(step, taken, &text, NULL), INCLOAD_OK);
    return incload__str_take(&text);
}

START_TEST(a_spec_brings_back_range_order_and_units)
{
    static const int64_t ordinals[] = { 0, 1, 4 };
    incload_step *step =
        days("2024-03-30", "grain='2 days' zone=Europe/Berlin order=newest version='2 b' edges=clip");
    incload__taken taken = taken_of(ordinals, 3);
    char *spec = spec_of(step, &taken);
    incload__sequence sequence;

    ck_assert_int_eq(incload__backfill_spec_read(mem(), spec, 3, &sequence, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__sequence_at(&sequence, 0), 4);
    ck_assert_int_eq(incload__sequence_at(&sequence, 2), 0);
    incload_step *again = incload__backfill_spec_step(spec);
    ck_assert_ptr_nonnull(again);
    ck_assert_int_eq(incload__range_count(again->backfill->range), incload__range_count(step->backfill->range));
    incload__range_unit one = incload__range_at(step->backfill->range, 40);
    incload__range_unit other = incload__range_at(again->backfill->range, 40);
    ck_assert_int_eq(one.parts[0].lo, other.parts[0].lo);
    ck_assert_int_eq(one.parts[0].hi, other.parts[0].hi);
    incload_step_unref(again);
    incload__sequence_free(&sequence);
    incload__free(mem(), spec);
    incload__taken_free(&taken);
    incload_step_unref(step);
}
END_TEST

START_TEST(a_spec_that_is_damaged_is_refused)
{
    static const char *const bad[] = { NULL,
                                       "",
                                       "{",
                                       "[]",
                                       "{\"order\":\"oldest\"}",
                                       "{\"order\":\"up\",\"taken\":\"0\"}",
                                       "{\"order\":\"oldest\",\"taken\":\"0-2\"}" };
    incload__sequence sequence;
    incload_error *err = NULL;

    ck_assert_int_eq(incload__backfill_spec_read(mem(), bad[_i], 1, &sequence, &err), INCLOAD_E_STATE);
    incload__sequence_free(&sequence);
    incload_error_unref(err);
}
END_TEST

START_TEST(the_hash_is_of_what_was_told_and_not_of_what_is_left)
{
    static const int64_t ordinals[] = { 0 };
    incload_step *one = days("2024-03-31", "parallel=4"), *same = days("2024-03-31", "parallel=8 retries=2");
    incload_step *other = days("2024-03-30", "parallel=4");
    char *specs[] = { spec_of(one, NULL), spec_of(same, NULL), spec_of(other, NULL) };
    char hashes[3][INCLOAD__SPEC_HASH_SIZE];
    incload__taken taken = taken_of(ordinals, 1);
    char *whole = spec_of(one, &taken);

    for (int i = 0; i < 3; i++)
        incload__backfill_spec_hash(specs[i], hashes[i]);
    ck_assert_str_eq(hashes[0], hashes[1]);
    ck_assert_str_ne(hashes[0], hashes[2]);
    incload__str words = INCLOAD__STR(mem());
    incload__durable_difference(whole, specs[1], &words);
    ck_assert_str_eq(incload__str_text(&words), "");
    incload__durable_difference(whole, specs[2], &words);
    ck_assert_str_eq(incload__str_text(&words), "through is '2024-03-31' there and '2024-03-30' here");
    incload__str_free(&words);
    for (int i = 0; i < 3; i++)
        incload__free(mem(), specs[i]);
    incload__free(mem(), whole);
    incload__taken_free(&taken);
    incload_step_unref(one);
    incload_step_unref(same);
    incload_step_unref(other);
}
END_TEST

START_TEST(a_set_has_what_was_added)
{
    incload__key_set set = { .mem = mem() };
    char key[16];

    ck_assert(!incload__key_set_has(&set, "0"));
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < 1000; i++) {
            snprintf(key, sizeof key, "%d", i);
            ck_assert_int_eq(incload__key_set_add(&set, key, NULL), INCLOAD_OK);
        }
    }
    ck_assert_int_eq((int)set.count, 1000);
    ck_assert(incload__key_set_has(&set, "999"));
    ck_assert(!incload__key_set_has(&set, "1000"));
    incload__key_set_free(&set);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, neighbours_are_told_as_one_range);
    tcase_add_test(tests, what_was_printed_is_read_back);
    tcase_add_loop_test(tests, what_is_no_list_of_ranges_is_refused, 0, 10);
    tcase_add_loop_test(tests, every_order_hands_out_each_taken_unit_once, 0, 3);
    tcase_add_test(tests, a_spec_brings_back_range_order_and_units);
    tcase_add_loop_test(tests, a_spec_that_is_damaged_is_refused, 0, 7);
    tcase_add_test(tests, the_hash_is_of_what_was_told_and_not_of_what_is_left);
    tcase_add_test(tests, a_set_has_what_was_added);
}

HARNESS_MAIN("taken", add_tests)
