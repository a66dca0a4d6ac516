/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>

#include "base/utf8.h"

#define VALID(literal) incload__utf8_valid(literal, sizeof(literal) - 1)

START_TEST(text_of_every_length_of_sequence_is_valid)
{
    ck_assert(VALID(""));
    ck_assert(VALID("plain ascii, longer than one word of eight bytes"));
    ck_assert(VALID("nul \0 inside"));
    ck_assert(VALID("\xC2\x80 \xDF\xBF \xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF"));
    ck_assert(VALID("\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF"));
    ck_assert(VALID("1234567\xC3\xA4"));
}
END_TEST

START_TEST(broken_sequences_are_refused)
{
    ck_assert_msg(!VALID("\xC0\xAF"), "overlong of two");
    ck_assert_msg(!VALID("\xE0\x9F\xBF"), "overlong of three");
    ck_assert_msg(!VALID("\xF0\x8F\xBF\xBF"), "overlong of four");
    ck_assert_msg(!VALID("\xED\xA0\x80"), "surrogate");
    ck_assert_msg(!VALID("\xF4\x90\x80\x80"), "past U+10FFFF");
    ck_assert_msg(!VALID("\xF5\x80\x80\x80"), "no such lead");
    ck_assert_msg(!VALID("\x80"), "continuation alone");
    ck_assert_msg(!VALID("12345678\xE2\x82"), "cut off");
    ck_assert_msg(!VALID("\xE2\x82\x28"), "third byte");
}
END_TEST

START_TEST(a_sequence_is_as_long_as_its_code_point)
{
    ck_assert_uint_eq(incload__utf8_sequence(""), 0);
    ck_assert_uint_eq(incload__utf8_sequence("ab"), 1);
    ck_assert_uint_eq(incload__utf8_sequence("\xC3\xA4z"), 2);
    ck_assert_uint_eq(incload__utf8_sequence("\xE2\x82\xAC"), 3);
    ck_assert_uint_eq(incload__utf8_sequence("\xF0\x9F\x98\x80"), 4);
    ck_assert_uint_eq(incload__utf8_sequence("\xF0\x9F\x98"), 0);
    ck_assert_uint_eq(incload__utf8_sequence("\xA4"), 0);
}
END_TEST

START_TEST(length_counts_code_points)
{
    ck_assert_uint_eq(incload__utf8_length("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 10), 4);
    ck_assert_uint_eq(incload__utf8_length("", 0), 0);
}
END_TEST

START_TEST(case_is_ignored_for_ascii_alone)
{
    ck_assert(incload__ascii_equal("Driver", "dRIVER"));
    ck_assert(!incload__ascii_equal("Driver", "Drivers"));
    ck_assert(!incload__ascii_equal("\xC3\x84", "\xC3\xA4"));
    ck_assert(incload__ascii_prefix("POSTGRESQL://x", "postgresql:"));
    ck_assert(!incload__ascii_prefix("post", "postgresql:"));
    ck_assert(incload__is_space('\n') && !incload__is_space('x'));
}
END_TEST

START_TEST(integers_are_read_whole_or_not_at_all)
{
    static const struct {
        const char *text;
        bool valid;
        int64_t value;
    } cases[] = {
        { "0", true, 0 },
        { "-0", true, 0 },
        { "+42", true, 42 },
        { "0012", true, 12 },
        { "9223372036854775807", true, INT64_MAX },
        { "-9223372036854775808", true, INT64_MIN },
        { "9223372036854775808", false, 0 },
        { "-9223372036854775809", false, 0 },
        { "", false, 0 },
        { "-", false, 0 },
        { " 1", false, 0 },
        { "1 ", false, 0 },
        { "1.0", false, 0 },
        { "0x1", false, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = 0;
        ck_assert_msg(incload__parse_int64(cases[i].text, strlen(cases[i].text), &value) == cases[i].valid, "'%s'",
                      cases[i].text);
        if (cases[i].valid)
            ck_assert_int_eq(value, cases[i].value);
    }
}
END_TEST

START_TEST(a_quoted_part_ends_behind_its_quote_or_with_the_text)
{
    static const struct {
        const char *text;
        bool backslashes, doubles;
        size_t length;
    } cases[] = {
        { "'a'b", false, false, 3 },     { "'a''b'c", false, true, 6 },  { "'a''b'c", false, false, 3 },
        { "'a\\'b'c", true, false, 6 }, { "'a\\'b'c", false, true, 4 }, { "'a\\", true, true, 3 },
        { "'open", true, true, 5 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = cases[i].text;
        const char *end = incload__skip_quoted(text, '\'', cases[i].backslashes, cases[i].doubles);
        ck_assert_msg((size_t)(end - text) == cases[i].length, "%s: %td", text, end - text);
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, text_of_every_length_of_sequence_is_valid);
    tcase_add_test(tests, broken_sequences_are_refused);
    tcase_add_test(tests, a_sequence_is_as_long_as_its_code_point);
    tcase_add_test(tests, length_counts_code_points);
    tcase_add_test(tests, case_is_ignored_for_ascii_alone);
    tcase_add_test(tests, a_quoted_part_ends_behind_its_quote_or_with_the_text);
    tcase_add_test(tests, integers_are_read_whole_or_not_at_all);
}

HARNESS_MAIN("utf8", add_tests)
