/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <fenv.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "batch/bignum.h"
#include "batch/number.h"

static double
parsed(const char *text, bool single)
{
    double value = 0;

    ck_assert_msg(incload__float_parse(text, strlen(text), single, &value), "%s", text);
    return value;
}

static uint64_t
bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double
double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

START_TEST(doubles_are_written_with_the_fewest_digits)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        { 0.0, "0" },
        { -0.0, "-0" },
        { 1.0, "1" },
        { -1.5, "-1.5" },
        { 0.1, "0.1" },
        { 0.1 + 0.2, "0.30000000000000004" },
        { 1.0 / 3, "0.3333333333333333" },
        { 100.0, "100" },
        { 123456.789, "123456.789" },
        { 0.0001, "0.0001" },
        { 0.00001, "1e-05" },
        { 123456789012345.0, "123456789012345" },
        { 1e15, "1e+15" },
        { 9007199254740993.0, "9.007199254740992e+15" },
        { 1e23, "1e+23" },
        { 5e-324, "5e-324" },
        { 0x1p-25, "2.9802322387695312e-08" },
        { DBL_MIN, "2.2250738585072014e-308" },
        { DBL_MAX, "1.7976931348623157e+308" },
        { (double)INFINITY, "Infinity" },
        { -(double)INFINITY, "-Infinity" },
        { (double)NAN, "NaN" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[INCLOAD__NUMBER_TEXT];
        ck_assert_uint_eq(incload__float_text(cases[i].value, false, text), strlen(cases[i].text));
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(singles_are_written_with_the_fewest_digits_of_a_single)
{
    static const struct {
        float value;
        const char *text;
    } cases[] = {
        { 0.1f, "0.1" },
        { 16777216.0f, "1.6777216e+07" },
        { 999999.0f, "999999" },
        { 1.0e-45f, "1e-45" },
        { FLT_MAX, "3.4028235e+38" },
        { FLT_MIN, "1.1754944e-38" },
        { 3.1415927f, "3.1415927" },
        { 0x1p-12f, "0.00024414062" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[INCLOAD__NUMBER_TEXT];
        incload__float_text((double)cases[i].value, true, text);
        ck_assert_str_eq(text, cases[i].text);
        ck_assert(bits_of(parsed(text, true)) == bits_of((double)cases[i].value));
    }
}
END_TEST

START_TEST(doubles_of_every_exponent_read_back_to_the_same_bits)
{
    uint64_t state = 42;

    for (uint64_t exponent = 0; exponent < 2047; exponent++) {
        for (int i = 0; i < 12; i++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            uint64_t fraction = i == 0 ? 0 : i == 1 ? UINT64_MAX >> 12 : state >> 12;
            uint64_t bits = exponent << 52 | fraction;
            char text[INCLOAD__NUMBER_TEXT];
            double back;
            size_t length = incload__float_text(double_of(bits), false, text);
            if (!incload__float_parse(text, length, false, &back) || bits_of(back) != bits)
                ck_abort_msg("%s", text);
        }
    }
}
END_TEST

START_TEST(text_is_rounded_to_the_nearest_once)
{
    /* Halfway between two doubles: to the even one; and a digit far behind decides otherwise. */
    ck_assert(bits_of(parsed("9007199254740993", false)) == bits_of(9007199254740992.0));
    ck_assert(bits_of(parsed("9007199254740993.00000000000000000000000000000001", false))
              == bits_of(9007199254740994.0));
    ck_assert(bits_of(parsed("2.2250738585072012e-308", false)) == bits_of(DBL_MIN));
    ck_assert(bits_of(parsed("6.9294956446009195e15", false)) == bits_of(6929495644600919.5));
    /* By way of a double this would round twice, to the neighbour. */
    ck_assert(bits_of(parsed("1.000000059604644775390626", true)) == bits_of((double)1.00000012f));
}
END_TEST

START_TEST(many_digits_are_all_looked_at)
{
    char text[1200];

    /* 2^53 + 1, then 1000 zeros, then a 1. */
    memset(text, '0', sizeof text);
    memcpy(text, "9007199254740993.", 17);
    text[1100] = '1';
    double value;
    ck_assert(incload__float_parse(text, 1100, false, &value));
    ck_assert(bits_of(value) == bits_of(9007199254740992.0));
    ck_assert(incload__float_parse(text, 1101, false, &value));
    ck_assert(bits_of(value) == bits_of(9007199254740994.0));
}
END_TEST

START_TEST(numbers_out_of_range_are_refused_not_bent)
{
    static const char *const texts[] = { "1e309",  "-1e400", "1e99999999999999999999",
                                         "1e-400", "2e-324", "1.7976931348623159e308" };
    double value;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(!incload__float_parse(texts[i], strlen(texts[i]), false, &value), "%s", texts[i]);
    ck_assert(!incload__float_parse("1e39", 4, true, &value));
    ck_assert(!incload__float_parse("1e-50", 5, true, &value));
    ck_assert(!incload__float_parse("1e-300", 6, true, &value));
    ck_assert(bits_of(parsed("0e999999999", false)) == 0);
    ck_assert(bits_of(parsed("3e-324", false)) == 1);
}
END_TEST

START_TEST(only_numbers_are_numbers)
{
    static const char *const texts[] = { "",     "-",     ".",    "e5", "1e",      "1e+", "1,5",   " 1",   "1 ",
                                         "0x10", "1.2.3", "nano", "in", "infinit", "--1", "1e5.0", "1_000" };
    double value;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(!incload__float_parse(texts[i], strlen(texts[i]), false, &value), "'%s'", texts[i]);
    ck_assert(!incload__float_parse("infinity_and_beyond", 19, false, &value));
    ck_assert(!incload__float_parse("nan\0", 4, false, &value));
    ck_assert(isinf(parsed("-INF", false)));
    ck_assert(isnan(parsed("nan", false)));
    ck_assert(bits_of(parsed(".5", false)) == bits_of(0.5));
    ck_assert(bits_of(parsed("5.", false)) == bits_of(5.0));
}
END_TEST

START_TEST(neither_locale_nor_rounding_mode_of_the_host_matters)
{
    char text[INCLOAD__NUMBER_TEXT];

    /* Where that locale is not installed the rest still stands. */
    setlocale(LC_ALL, "de_DE.UTF-8");
    fesetround(FE_UPWARD);
    incload__float_text(1234.1, false, text);
    double value = parsed("0.1", false);
    double small = parsed("1.7e-300", false);
    fesetround(FE_TONEAREST);
    setlocale(LC_ALL, "C");
    ck_assert_str_eq(text, "1234.1");
    ck_assert(bits_of(value) == bits_of(0.1));
    ck_assert(bits_of(small) == bits_of(1.7e-300));
}
END_TEST

START_TEST(decimals_keep_their_scale)
{
    static const struct {
        __int128 unscaled;
        int32_t scale;
        const char *text;
    } cases[] = {
        { 0, 0, "0" }, { 0, 2, "0.00" }, { 5, 2, "0.05" }, { -5, 2, "-0.05" }, { 12345, 2, "123.45" }, { -7, 0, "-7" },
    };
    char text[INCLOAD__NUMBER_TEXT];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        incload__decimal_text(cases[i].unscaled, cases[i].scale, text);
        ck_assert_str_eq(text, cases[i].text);
    }
    incload__decimal_text(-(incload__power_of_ten(38) - 1), 38, text);
    ck_assert_str_eq(text, "-0.99999999999999999999999999999999999999");
}
END_TEST

START_TEST(decimals_are_read_exactly_or_refused)
{
    static const struct {
        const char *text;
        int32_t scale;
        bool valid;
        int64_t unscaled;
    } cases[] = {
        { "12.30", 1, true, 123 }, { "12.30", 2, true, 1230 }, { "12.34", 1, false, 0 },   { "-0.5", 3, true, -500 },
        { "+7", 0, true, 7 },      { "1e3", 0, true, 1000 },   { "1500e-3", 1, true, 15 }, { "-0", 0, true, 0 },
        { "1E3", 0, true, 1000 },
        { "0.000", 0, true, 0 },   { "", 0, false, 0 },        { "NaN", 2, false, 0 },     { "1 000", 0, false, 0 },
        { "1e400", 0, false, 0 },  { "1e-400", 0, false, 0 },
    };
    __int128 value;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool valid = incload__decimal_parse(cases[i].text, strlen(cases[i].text), cases[i].scale, &value);
        ck_assert_msg(valid == cases[i].valid, "'%s'", cases[i].text);
        if (valid)
            ck_assert_msg(value == cases[i].unscaled, "'%s'", cases[i].text);
    }
    ck_assert(incload__decimal_parse("99999999999999999999999999999999999999", 38, 0, &value));
    ck_assert(value == incload__power_of_ten(38) - 1);
    ck_assert(!incload__decimal_parse("100000000000000000000000000000000000000", 39, 0, &value));
}
END_TEST

START_TEST(unsigned_numbers_may_have_a_plus)
{
    uint64_t value = 0;

    ck_assert(incload__parse_uint64("+42", 3, &value));
    ck_assert_uint_eq(value, 42);
    ck_assert(incload__parse_uint64("18446744073709551615", 20, &value));
    ck_assert_uint_eq(value, UINT64_MAX);
    ck_assert(!incload__parse_uint64("18446744073709551616", 20, &value));
    ck_assert(!incload__parse_uint64("+", 1, &value));
    ck_assert(!incload__parse_uint64("-1", 2, &value));
    ck_assert(!incload__parse_uint64("", 0, &value));
}
END_TEST

START_TEST(a_large_number_never_grows_past_its_room)
{
    incload__big big;

    incload__big_set(&big, 0);
    ck_assert_int_eq(incload__big_bits(&big), 0);
    incload__big_shift_left(&big, 100);
    ck_assert_int_eq(big.count, 0);
    incload__big_set(&big, 1);
    incload__big_shift_left(&big, 32 * INCLOAD__BIG_WORDS - 1);
    ck_assert_int_eq(incload__big_bits(&big), 32 * INCLOAD__BIG_WORDS);
    incload__big_multiply_add(&big, 2, 0);
    ck_assert_int_eq(big.count, INCLOAD__BIG_WORDS);
    incload__big_set(&big, 3);
    incload__big_shift_left(&big, 32 * INCLOAD__BIG_WORDS);
    ck_assert_int_eq(incload__big_bits(&big), 2);
    incload__big_shift_left(&big, 32 * INCLOAD__BIG_WORDS - 1);
    ck_assert_int_le(big.count, INCLOAD__BIG_WORDS);
}
END_TEST

START_TEST(a_sum_is_compared_to_its_last_word)
{
    incload__big a, b, c;

    incload__big_set(&a, UINT64_MAX);
    incload__big_set(&b, 1);
    incload__big_set(&c, 1);
    incload__big_shift_left(&c, 64);
    ck_assert_int_eq(incload__big_compare_sum(&a, &b, &c), 0);
    incload__big_multiply_add(&c, 1, 1);
    ck_assert_int_lt(incload__big_compare_sum(&a, &b, &c), 0);
    ck_assert_int_lt(incload__big_compare_sum(&b, &a, &c), 0);
    incload__big_set(&b, 3);
    ck_assert_int_gt(incload__big_compare_sum(&a, &b, &c), 0);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, doubles_are_written_with_the_fewest_digits);
    tcase_add_test(tests, singles_are_written_with_the_fewest_digits_of_a_single);
    tcase_add_test(tests, doubles_of_every_exponent_read_back_to_the_same_bits);
    tcase_add_test(tests, text_is_rounded_to_the_nearest_once);
    tcase_add_test(tests, many_digits_are_all_looked_at);
    tcase_add_test(tests, numbers_out_of_range_are_refused_not_bent);
    tcase_add_test(tests, only_numbers_are_numbers);
    tcase_add_test(tests, neither_locale_nor_rounding_mode_of_the_host_matters);
    tcase_add_test(tests, decimals_keep_their_scale);
    tcase_add_test(tests, decimals_are_read_exactly_or_refused);
    tcase_add_test(tests, unsigned_numbers_may_have_a_plus);
    tcase_add_test(tests, a_large_number_never_grows_past_its_room);
    tcase_add_test(tests, a_sum_is_compared_to_its_last_word);
}

HARNESS_MAIN("batch-number", add_tests)
