/* SPDX-License-Identifier: Apache-2.0 */
/* The widening lattice: its laws over all types, and values that go through every pair of it. */
#include "../batch/cells.h"

#include <stdio.h>

#include "dialect/widen.h"

/* Types of every kind, with cells at their edges. */
static const struct {
    incload__type type;
    const char *cells[4];
} samples[] = {
    { { .kind = INCLOAD__BOOL }, { "true", "false" } },
    { { .kind = INCLOAD__INT8 }, { "-128", "127", "0" } },
    { { .kind = INCLOAD__INT16 }, { "-32768", "32767" } },
    { { .kind = INCLOAD__INT32 }, { "-2147483648", "2147483647", "16777217" } },
    { { .kind = INCLOAD__INT64 }, { "-9223372036854775808", "9223372036854775807", "9007199254740993" } },
    { { .kind = INCLOAD__UINT64 }, { "0", "18446744073709551615" } },
    { { .kind = INCLOAD__FLOAT32 }, { "0.1", "-16777216", "3.4028235e38" } },
    { { .kind = INCLOAD__FLOAT64 }, { "0.1", "-9007199254740992", "1e308" } },
    { { INCLOAD__DECIMAL, 1, 0 }, { "9", "-9" } },
    { { INCLOAD__DECIMAL, 2, 2 }, { "0.99", "-0.99" } },
    { { INCLOAD__DECIMAL, 10, 2 }, { "99999999.99", "-0.01" } },
    { { INCLOAD__DECIMAL, 12, 8 }, { "9999.99999999", "0.00000001" } },
    { { INCLOAD__DECIMAL, 38, 0 }, { "99999999999999999999999999999999999999" } },
    { { INCLOAD__DECIMAL, 38, 38 }, { "0.99999999999999999999999999999999999999" } },
    { { .kind = INCLOAD__NUMERIC }, { "123456789012345678901234567890123456789012345.5" } },
    { { .kind = INCLOAD__DATE }, { "0001-01-01", "9999-12-31", "1970-01-01" } },
    { { INCLOAD__TIME, 0, 0 }, { "23:59:59", "00:00:00" } },
    { { INCLOAD__TIME, 0, 6 }, { "23:59:59.999999" } },
    { { INCLOAD__TIMESTAMP, 0, 0 }, { "0001-01-01 00:00:00", "9999-12-31 23:59:59" } },
    { { INCLOAD__TIMESTAMP, 0, 3 }, { "2024-03-01 10:00:00.123" } },
    { { INCLOAD__TIMESTAMP, 0, 6 }, { "2024-03-01 10:00:00.123456" } },
    { { INCLOAD__TIMESTAMPTZ, 0, 0 }, { "2024-03-01 10:00:00+00" } },
    { { INCLOAD__TIMESTAMPTZ, 0, 6 }, { "2024-03-01 10:00:00.123456+00" } },
    { { INCLOAD__TEXT, 1, 0 }, { "\xc3\xa9", "" } },
    { { INCLOAD__TEXT, 200, 0 }, { "blanks  ", "'\"\\" } },
    { { .kind = INCLOAD__TEXT }, { "as long as it gets" } },
    { { INCLOAD__BINARY, 3, 0 }, { "616263" } },
    { { .kind = INCLOAD__BINARY }, { "00ff" } },
    { { .kind = INCLOAD__UUID }, { "6f9619ff-8b86-d011-b42d-00c04fc964ff" } },
    { { .kind = INCLOAD__JSON }, { "{\"a\": 1}" } },
    { { .kind = INCLOAD__NATIVE }, { "1 mon" } },
};

enum { SAMPLES = sizeof samples / sizeof samples[0] };

static const char *
text_of(incload__type type)
{
    static char buffers[4][48];
    static int next;

    return incload__type_text(type, buffers[next++ % 4], sizeof buffers[0]);
}

/* UNKNOWN for "there is none", which joins with nothing. */
static incload__type
join(incload__type a, incload__type b)
{
    incload__type out = { .kind = INCLOAD__UNKNOWN };

    return incload__type_join(a, b, &out) ? out : (incload__type){ .kind = INCLOAD__UNKNOWN };
}

static void
assert_join(incload__type a, incload__type b, incload__type expected)
{
    incload__type got = join(a, b);

    ck_assert_msg(incload__type_equal(got, expected), "%s and %s give %s, not %s", text_of(a), text_of(b), text_of(got),
                  text_of(expected));
}

START_TEST(a_type_joined_with_itself_is_itself)
{
    for (int32_t i = 0; i < SAMPLES; i++)
        assert_join(samples[i].type, samples[i].type, samples[i].type);
}
END_TEST

START_TEST(the_order_of_two_types_does_not_matter)
{
    for (int32_t i = 0; i < SAMPLES; i++) {
        for (int32_t j = 0; j < SAMPLES; j++)
            assert_join(samples[i].type, samples[j].type, join(samples[j].type, samples[i].type));
    }
}
END_TEST

START_TEST(the_grouping_of_three_types_does_not_matter)
{
    for (int32_t i = 0; i < SAMPLES; i++) {
        for (int32_t j = 0; j < SAMPLES; j++) {
            for (int32_t k = 0; k < SAMPLES; k++) {
                incload__type a = samples[i].type, b = samples[j].type, c = samples[k].type;
                incload__type left = join(join(a, b), c), right = join(a, join(b, c));
                ck_assert_msg(incload__type_equal(left, right), "%s, %s and %s give %s or %s", text_of(a), text_of(b),
                              text_of(c), text_of(left), text_of(right));
            }
        }
    }
}
END_TEST

START_TEST(what_two_types_join_into_joins_with_either_into_itself)
{
    for (int32_t i = 0; i < SAMPLES; i++) {
        for (int32_t j = 0; j < SAMPLES; j++) {
            incload__type wide = join(samples[i].type, samples[j].type);
            if (wide.kind != INCLOAD__UNKNOWN)
                assert_join(samples[i].type, wide, wide);
        }
    }
}
END_TEST

/* Where one value went: its text in the wider type, read back as the narrower one, must be the text it had. */
static void
assert_survives(incload__type from, incload__type to, const char *cell)
{
    incload__schema narrow = one_column(from), wide = one_column(to);
    const char *const cells[] = { cell };
    struct ArrowArray before, array, back;
    incload_error *err = NULL;

    batch_of(&narrow, cells, 1, &before);
    char *expected = text_at(&narrow, &before, 0, 0);
    ck_assert_msg(incload__convert(&incload__mem_libc, &narrow, &before, &wide, &array, &err) == INCLOAD_OK,
                  "%s of %s into %s: %s", cell, text_of(from), text_of(to), incload_error_message(err));
    ck_assert_msg(incload__convert(&incload__mem_libc, &wide, &array, &narrow, &back, &err) == INCLOAD_OK,
                  "%s of %s back from %s: %s", cell, text_of(from), text_of(to), incload_error_message(err));
    ck_assert_cell(&narrow, &back, 0, 0, expected);
    free(expected);
    incload__array_release(&back);
    incload__schema_free(&narrow);
    incload__schema_free(&wide);
}

/* A boolean becomes another kind of number inside the target only: the source's column is no boolean any more. */
static bool
goes_through_batches(incload__type from, incload__type to)
{
    return from.kind != INCLOAD__BOOL || incload__convertible(to, from);
}

START_TEST(every_value_of_the_narrower_type_survives_in_the_wider)
{
    int32_t pairs = 0;

    for (int32_t i = 0; i < SAMPLES; i++) {
        for (int32_t j = 0; j < SAMPLES; j++) {
            incload__type from = samples[i].type, wide = join(from, samples[j].type);
            if (wide.kind == INCLOAD__UNKNOWN || !goes_through_batches(from, wide))
                continue;
            for (int32_t k = 0; k < 4 && samples[i].cells[k] != NULL; k++)
                assert_survives(from, wide, samples[i].cells[k]);
            pairs++;
        }
    }
    ck_assert_int_gt(pairs, 100);
}
END_TEST

START_TEST(the_wider_type_holds_the_narrower_one)
{
    for (int32_t i = 0; i < SAMPLES; i++) {
        for (int32_t j = 0; j < SAMPLES; j++) {
            incload__type from = samples[i].type, wide = join(from, samples[j].type);
            if (wide.kind != INCLOAD__UNKNOWN && goes_through_batches(from, wide))
                ck_assert_msg(incload__type_holds(wide, from), "%s does not hold %s", text_of(wide), text_of(from));
        }
    }
}
END_TEST

START_TEST(types_widen_as_the_lattice_says)
{
    static const struct {
        incload__type a, b, wide;
    } known[] = {
        { { .kind = INCLOAD__BOOL }, { .kind = INCLOAD__INT16 }, { .kind = INCLOAD__INT16 } },
        { { .kind = INCLOAD__INT32 }, { .kind = INCLOAD__INT64 }, { .kind = INCLOAD__INT64 } },
        { { .kind = INCLOAD__INT64 }, { .kind = INCLOAD__UINT64 }, { INCLOAD__DECIMAL, 20, 0 } },
        { { .kind = INCLOAD__INT32 }, { .kind = INCLOAD__FLOAT64 }, { .kind = INCLOAD__FLOAT64 } },
        { { .kind = INCLOAD__INT32 }, { .kind = INCLOAD__FLOAT32 }, { .kind = INCLOAD__FLOAT64 } },
        { { .kind = INCLOAD__INT16 }, { .kind = INCLOAD__FLOAT32 }, { .kind = INCLOAD__FLOAT32 } },
        { { .kind = INCLOAD__INT64 }, { INCLOAD__DECIMAL, 10, 2 }, { INCLOAD__DECIMAL, 21, 2 } },
        { { INCLOAD__DECIMAL, 10, 2 }, { INCLOAD__DECIMAL, 8, 4 }, { INCLOAD__DECIMAL, 12, 4 } },
        { { INCLOAD__DECIMAL, 38, 0 }, { INCLOAD__DECIMAL, 4, 2 }, { .kind = INCLOAD__NUMERIC } },
        { { .kind = INCLOAD__DATE }, { INCLOAD__TIMESTAMP, 0, 3 }, { INCLOAD__TIMESTAMP, 0, 3 } },
        { { INCLOAD__TIMESTAMP, 0, 0 }, { INCLOAD__TIMESTAMP, 0, 6 }, { INCLOAD__TIMESTAMP, 0, 6 } },
        { { INCLOAD__TEXT, 10, 0 }, { INCLOAD__TEXT, 20, 0 }, { INCLOAD__TEXT, 20, 0 } },
        { { INCLOAD__TEXT, 10, 0 }, { .kind = INCLOAD__TEXT }, { .kind = INCLOAD__TEXT } },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_join(known[i].a, known[i].b, known[i].wide);
}
END_TEST

START_TEST(types_that_would_lose_a_value_or_a_meaning_do_not_widen)
{
    static const incload__type pairs[][2] = {
        { { .kind = INCLOAD__INT64 }, { .kind = INCLOAD__FLOAT64 } },
        { { .kind = INCLOAD__UINT64 }, { .kind = INCLOAD__FLOAT64 } },
        { { INCLOAD__DECIMAL, 5, 2 }, { .kind = INCLOAD__FLOAT64 } },
        { { .kind = INCLOAD__NUMERIC }, { .kind = INCLOAD__FLOAT64 } },
        { { INCLOAD__TIMESTAMP, 0, 6 }, { INCLOAD__TIMESTAMPTZ, 0, 6 } },
        { { .kind = INCLOAD__DATE }, { INCLOAD__TIMESTAMPTZ, 0, 6 } },
        { { .kind = INCLOAD__INT32 }, { .kind = INCLOAD__TEXT } },
        { { .kind = INCLOAD__UUID }, { .kind = INCLOAD__TEXT } },
        { { .kind = INCLOAD__TEXT }, { .kind = INCLOAD__BINARY } },
        { { .kind = INCLOAD__JSON }, { .kind = INCLOAD__TEXT } },
        { { .kind = INCLOAD__UNKNOWN }, { .kind = INCLOAD__UNKNOWN } },
    };
    static const incload__type nothing = { .kind = INCLOAD__UNKNOWN };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_join(pairs[i][0], pairs[i][1], nothing);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_type_joined_with_itself_is_itself);
    tcase_add_test(tests, the_order_of_two_types_does_not_matter);
    tcase_add_test(tests, the_grouping_of_three_types_does_not_matter);
    tcase_add_test(tests, what_two_types_join_into_joins_with_either_into_itself);
    tcase_add_test(tests, every_value_of_the_narrower_type_survives_in_the_wider);
    tcase_add_test(tests, the_wider_type_holds_the_narrower_one);
    tcase_add_test(tests, types_widen_as_the_lattice_says);
    tcase_add_test(tests, types_that_would_lose_a_value_or_a_meaning_do_not_widen);
}

HARNESS_MAIN("widening", add_tests)
