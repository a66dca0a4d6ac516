/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>

#include "driver/libpq/params.h"

static const char *const texts[] = { "<1>", "<2>", "<3>" };
static const char *const branch_texts[] = { "<one>", "<two>", "<three>" };

static void
expect(const char *sql, const char *expected)
{
    incload__str out = INCLOAD__STR(&incload__mem_libc);
    incload_error *err = NULL;

    ck_assert_int_eq(incload__params_replace(&out, sql, texts, branch_texts, 3, &err), INCLOAD_OK);
    ck_assert_str_eq(incload__str_text(&out), expected);
    incload__str_free(&out);
}

START_TEST(placeholders_are_replaced)
{
    expect("SELECT $1, $2::int+$3", "SELECT <1>, <2>::int+<3>");
    expect("$1$2", "<1><2>");
    expect("a=$1", "a=<1>");
    expect("", "");
}
END_TEST

START_TEST(strings_and_names_stay)
{
    expect("'$1' \"$2\" $3", "'$1' \"$2\" <3>");
    expect("'it''s $1' $2", "'it''s $1' <2>");
    expect("\"a\"\"$1\" $2", "\"a\"\"$1\" <2>");
    expect("'back\\' $1", "'back\\' <1>");
    expect("U&'\\0041' $1 B'01' $2", "U&'\\0041' <1> B'01' <2>");
    expect("'open $1", "'open $1");
}
END_TEST

START_TEST(escape_strings_know_the_backslash)
{
    expect("E'\\' $1' $2", "E'\\' $1' <2>");
    expect("e'\\\\' $1", "e'\\\\' <1>");
    expect("E'a'\n  '\\' $1' $2", "E'a'\n  '\\' $1' <2>");
    expect("E'a' -- '\n '\\' $1' $2", "E'a' -- '\n '\\' $1' <2>");
    expect("name'\\' $1", "name'\\' <1>");
}
END_TEST

START_TEST(comments_stay)
{
    expect("-- $1 '\n$2", "-- $1 '\n<2>");
    expect("/* $1 /* ' */ $2 */ $3", "/* $1 /* ' */ $2 */ <3>");
    expect("a /* $9 */ + $1", "a /* $9 */ + <1>");
    expect("a - -$1", "a - -<1>");
}
END_TEST

START_TEST(dollar_quotes_stay)
{
    expect("$$ $1 $$ $2", "$$ $1 $$ <2>");
    expect("$tag$ $1 $$ $tag$ $2", "$tag$ $1 $$ $tag$ <2>");
    expect("$_x1$ $1 $_x1$ $2", "$_x1$ $1 $_x1$ <2>");
    expect("a$1 b$1c $2", "a$1 b$1c <2>");
    expect("$tag$ open $1", "$tag$ open $1");
}
END_TEST

START_TEST(the_end_is_made_fit_for_brackets)
{
    expect("SELECT $1;", "SELECT <1>");
    expect("SELECT $1 ; -- done\n ; /* really */ ", "SELECT <1>");
    expect("SELECT 'a;'", "SELECT 'a;'");
}
END_TEST

START_TEST(within_brackets_with_an_or_the_other_texts_are_taken)
{
    expect("a >= $1 AND (a > $1 OR (b >= $2 AND b > $3))", "a >= <1> AND (a > <one> OR (b >= <two> AND b > <three>))");
    expect("(a >= $1 AND (a > $1 or b > $2)) AND c = f($3)", "(a >= <1> AND (a > <one> or b > <two>)) AND c = f(<3>)");
    expect("a = $1 OR b = $2", "a = <1> OR b = <2>");
    expect("(a = $1 AND b = 'x OR y' AND \"or\" = $2) (orb $3)",
           "(a = <1> AND b = 'x OR y' AND \"or\" = <2>) (orb <3>)");
    expect("(a = $1 OR b) AND (c = $2)", "(a = <one> OR b) AND (c = <2>)");
    expect(") ( ) ) $1 ((", ") ( ) ) <1> ((");
}
END_TEST

START_TEST(a_number_without_a_value_is_refused)
{
    static const char *const wrong[] = { "$4", "$0", "$99999999999999999999" };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        incload__str out = INCLOAD__STR(&incload__mem_libc);
        incload_error *err = NULL;
        ck_assert_int_eq(incload__params_replace(&out, wrong[i], texts, branch_texts, 3, &err), INCLOAD_E_INVALID);
        incload_error_unref(err);
        incload__str_free(&out);
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, placeholders_are_replaced);
    tcase_add_test(tests, strings_and_names_stay);
    tcase_add_test(tests, escape_strings_know_the_backslash);
    tcase_add_test(tests, comments_stay);
    tcase_add_test(tests, dollar_quotes_stay);
    tcase_add_test(tests, the_end_is_made_fit_for_brackets);
    tcase_add_test(tests, within_brackets_with_an_or_the_other_texts_are_taken);
    tcase_add_test(tests, a_number_without_a_value_is_refused);
}

HARNESS_MAIN("pq_params", add_tests)
