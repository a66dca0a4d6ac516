/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "base/option.h"

typedef struct values {
    char *name;
    int64_t count;
    bool loud;
    int32_t colour;
    int64_t patience;
    char *columns;
} values;

#define AT(field) offsetof(values, field)

static const incload__option list[] = {
    { "name", INCLOAD_OPTION_TEXT, AT(name), "", 0, 0, "", "", "0.1", "A text." },
    { "count", INCLOAD_OPTION_INTEGER, AT(count), "3", -5, 1000, "rows", "", "0.1", "A number." },
    { "loud", INCLOAD_OPTION_BOOLEAN, AT(loud), "true", 0, 0, "", "", "0.1", "A switch." },
    { "colour", INCLOAD_OPTION_CHOICE, AT(colour), "green", 0, 0, "", "red green blue-green", "0.1", "A choice." },
    { "patience", INCLOAD_OPTION_DURATION, AT(patience), "5s", 1, 7200000, "ms", "", "0.1", "A duration." },
    { "columns", INCLOAD_OPTION_LIST, AT(columns), "", 0, 0, "", "", "0.1", "A list." },
};
static const incload__option_table table = INCLOAD__OPTION_TABLE("thing", list);

static values v;
static incload_error *err;

static void
set_up(void)
{
    memset(&v, 0, sizeof v);
    err = NULL;
    ck_assert_int_eq(incload__options_init(&table, &incload__mem_libc, &v, &err), INCLOAD_OK);
}

static void
tear_down(void)
{
    incload__options_free(&table, &incload__mem_libc, &v);
    incload_error_unref(err);
}

static int32_t
set(const char *name, const char *value)
{
    incload_error_unref(err);
    err = NULL;
    return incload__options_set(&table, &incload__mem_libc, &v, name, value, &err);
}

static int32_t
parse(const char *text)
{
    incload_error_unref(err);
    err = NULL;
    return incload__options_parse(&table, &incload__mem_libc, &v, text, &err);
}

static void
says(const char *part)
{
    ck_assert_msg(strstr(incload_error_message(err), part) != NULL, "'%s' does not say '%s'",
                  incload_error_message(err), part);
}

static void
gives(const char *name, const char *expected)
{
    incload__str text = INCLOAD__STR(&incload__mem_libc);

    ck_assert(incload__options_get(&table, &v, name, &text));
    ck_assert_str_eq(incload__str_text(&text), expected);
    incload__str_free(&text);
}

START_TEST(defaults_are_there_before_anything_is_set)
{
    ck_assert_ptr_null(v.name);
    ck_assert_int_eq(v.count, 3);
    ck_assert(v.loud);
    ck_assert_int_eq(v.colour, 1);
    ck_assert_int_eq(v.patience, 5000);
    ck_assert_ptr_null(v.columns);
}
END_TEST

START_TEST(each_value_reads_back_as_text)
{
    ck_assert_int_eq(parse("name=x count=-5 loud=off colour=blue-green patience=2min columns=a,b"), INCLOAD_OK);
    gives("name", "x");
    gives("count", "-5");
    gives("loud", "false");
    gives("colour", "blue-green");
    gives("patience", "120000");
    gives("columns", "a,b");
    incload__str text = INCLOAD__STR(&incload__mem_libc);
    ck_assert(!incload__options_get(&table, &v, "nothing", &text));
    incload__str_free(&text);
}
END_TEST

START_TEST(an_empty_text_is_none)
{
    ck_assert_int_eq(set("name", "x"), INCLOAD_OK);
    ck_assert_int_eq(set("name", ""), INCLOAD_OK);
    ck_assert_ptr_null(v.name);
    gives("name", "");
}
END_TEST

START_TEST(numbers_keep_to_their_range_and_their_form)
{
    static const char *const good[] = { "-5", "0", "+7", "1000", "0010" };
    static const char *const bad[] = { "",    "-6",  "1001", "1.0", "1e3", " 1", "1 ", "0x10", "99999999999999999999",
                                       "one", "1,0", "-",    "+",   "\xd9\xa3" };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(set("count", good[i]) == INCLOAD_OK, "%s", good[i]);
    ck_assert_int_eq(set("count", "42"), INCLOAD_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(set("count", bad[i]) == INCLOAD_E_INVALID, "'%s'", bad[i]);
        says("option 'count' of a thing takes a number from -5 to 1000 rows");
        ck_assert_int_eq(v.count, 42);
    }
}
END_TEST

START_TEST(durations_have_units)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = { { "1", 1 }, { "500", 500 }, { "500ms", 500 }, { "7s", 7000 }, { "2min", 120000 }, { "2h", 7200000 } };
    static const char *const bad[] = { "",  "0",   "3h",  "s",    "5 s",   "-5s", "5m",    "5sec", "1.5s",
                                       "h", "5S", "5s5", "9999999999999999h", "99999999999999999999" };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_msg(set("patience", good[i].text) == INCLOAD_OK, "%s", good[i].text);
        ck_assert_int_eq(v.patience, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(set("patience", bad[i]) == INCLOAD_E_INVALID, "'%s'", bad[i]);
        says("takes a duration (such as 500, 5s, 2min) from 1 to 7200000 ms");
    }
}
END_TEST

START_TEST(switches_know_eight_words_in_any_case)
{
    static const char *const on[] = { "true", "on", "yes", "1", "TRUE", "Yes" };
    static const char *const off[] = { "false", "off", "no", "0", "FALSE", "oFF" };

    for (size_t i = 0; i < sizeof on / sizeof on[0]; i++) {
        ck_assert_int_eq(set("loud", off[i]), INCLOAD_OK);
        ck_assert(!v.loud);
        ck_assert_int_eq(set("loud", on[i]), INCLOAD_OK);
        ck_assert(v.loud);
    }
    ck_assert_int_eq(set("loud", "maybe"), INCLOAD_E_INVALID);
    says("option 'loud' of a thing takes true or false, not 'maybe'");
    ck_assert_int_eq(set("loud", ""), INCLOAD_E_INVALID);
}
END_TEST

START_TEST(choices_are_whole_words_of_the_list)
{
    static const char *const bad[] = { "", "gre", "greenish", "GREEN", "red green", " ", "blue", "red " };

    ck_assert_int_eq(set("colour", "red"), INCLOAD_OK);
    ck_assert_int_eq(v.colour, 0);
    ck_assert_int_eq(set("colour", "blue-green"), INCLOAD_OK);
    ck_assert_int_eq(v.colour, 2);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(set("colour", bad[i]) == INCLOAD_E_INVALID, "'%s'", bad[i]);
        says("option 'colour' of a thing takes one of: red green blue-green");
    }
}
END_TEST

START_TEST(an_unknown_name_is_told_with_the_nearest_or_with_where_to_look)
{
    ck_assert_int_eq(set("colums", "a"), INCLOAD_E_UNKNOWN_OPTION);
    says("a thing has no option 'colums': did you mean 'columns'?");
    ck_assert_int_eq(set("Name", "a"), INCLOAD_E_UNKNOWN_OPTION);
    says("did you mean 'name'?");
    ck_assert_int_eq(set("something_else", "a"), INCLOAD_E_UNKNOWN_OPTION);
    says("a thing has no option 'something_else': see incload_option_name(\"thing\", ...)");
    ck_assert_int_eq(set("", "a"), INCLOAD_E_UNKNOWN_OPTION);
}
END_TEST

START_TEST(a_very_long_unknown_name_is_cut_in_the_message)
{
    char name[5000];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert_int_eq(set(name, "a"), INCLOAD_E_UNKNOWN_OPTION);
    ck_assert_uint_lt(strlen(incload_error_message(err)), 300);
}
END_TEST

START_TEST(null_and_invalid_utf8_are_refused)
{
    ck_assert_int_eq(set(NULL, "a"), INCLOAD_E_INVALID);
    ck_assert_int_eq(set("name", NULL), INCLOAD_E_INVALID);
    says("an option of a thing needs a name and a value, not NULL");
    ck_assert_int_eq(set("name", "\xff"), INCLOAD_E_INVALID);
    says("the value of option 'name' of a thing is not valid UTF-8");
    ck_assert_int_eq(set("name", "\xf0\x9f\x98\x80"), INCLOAD_OK);
}
END_TEST

START_TEST(pairs_stand_apart_by_any_white_space)
{
    ck_assert_int_eq(parse(NULL), INCLOAD_OK);
    ck_assert_int_eq(parse(""), INCLOAD_OK);
    ck_assert_int_eq(parse(" \t\r\n "), INCLOAD_OK);
    ck_assert_int_eq(parse("  name=a\n\tcount=7\r\nloud=no  "), INCLOAD_OK);
    gives("name", "a");
    gives("count", "7");
    gives("loud", "false");
}
END_TEST

START_TEST(quoted_values_hold_spaces_quotes_and_backslashes)
{
    ck_assert_int_eq(parse("name='it\\'s \\\\ here' count=8"), INCLOAD_OK);
    gives("name", "it's \\ here");
    gives("count", "8");
    ck_assert_int_eq(parse("name=''"), INCLOAD_OK);
    gives("name", "");
    ck_assert_int_eq(parse("name="), INCLOAD_OK);
    gives("name", "");
    ck_assert_int_eq(parse("name=a=b"), INCLOAD_OK);
    gives("name", "a=b");
    ck_assert_int_eq(parse("name=a\\nb"), INCLOAD_OK);
    gives("name", "a\\nb");
    ck_assert_int_eq(parse("name=x'y"), INCLOAD_OK);
    gives("name", "x'y");
    ck_assert_int_eq(parse("columns='\"odd, name\":plain, b'"), INCLOAD_OK);
    gives("columns", "\"odd, name\":plain, b");
}
END_TEST

START_TEST(values_that_were_written_are_read_back_as_they_were)
{
    static const char *const written[] = { "plain", "", "two words", "it's", "back\\slash", "\\'", "a=b", "line\nbreak",
                                          "'quoted'", "\"odd, name\":plain, b", "\v\f" };
    incload__str text = INCLOAD__STR(&incload__mem_libc);

    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
        incload__str_clear(&text);
        incload__options_add(&text, "name", written[i]);
        incload__options_add(&text, "columns", NULL);
        incload__options_add(&text, "count", "7");
        ck_assert_int_eq(parse("count=1"), INCLOAD_OK);
        ck_assert_int_eq(parse(incload__str_text(&text)), INCLOAD_OK);
        gives("name", written[i]);
        gives("count", "7");
    }
    incload__str_clear(&text);
    incload__options_add(&text, "name", "plain");
    incload__options_add(&text, "columns", "two words");
    ck_assert_str_eq(incload__str_text(&text), "name=plain columns='two words'");
    incload__str_free(&text);
}
END_TEST

START_TEST(broken_pairs_are_refused_by_name)
{
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        { "name", "'=' is missing behind 'name'" },
        { "name a", "'=' is missing behind 'name'" },
        { "name = a", "'=' is missing behind 'name'" },
        { "=a", "'=' is missing behind ''" },
        { "name='a", "the value of option 'name' of a thing has no closing quote" },
        { "name='a\\'", "the value of option 'name' of a thing has no closing quote" },
        { "name='a'b", "a space is missing behind the value of option 'name' of a thing" },
        { "name='a'count=7", "a space is missing behind the value of option 'name' of a thing" },
        { "nmae=a", "did you mean 'name'?" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(parse(bad[i].text) < 0, "%s", bad[i].text);
        says(bad[i].says);
    }
}
END_TEST

START_TEST(what_stood_before_a_broken_pair_is_set_and_the_last_of_two_wins)
{
    ck_assert_int_lt(parse("count=9 broken"), 0);
    gives("count", "9");
    ck_assert_int_eq(parse("count=10 count=11"), INCLOAD_OK);
    gives("count", "11");
}
END_TEST

START_TEST(a_list_is_read_when_it_is_set_and_a_bad_one_leaves_the_old)
{
    ck_assert_int_eq(set("columns", "a, b"), INCLOAD_OK);
    ck_assert_int_eq(set("columns", "a,,b"), INCLOAD_E_INVALID);
    says("option 'columns' has an empty name in its list");
    gives("columns", "a, b");
}
END_TEST

/* ---- every object of the library ---- */

static void
check_choice(const char *object, int32_t index)
{
    char words[400];
    const char *standard = incload_option_default(object, index);

    snprintf(words, sizeof words, " %s ", incload_option_choices(object, index));
    char wanted[80];
    snprintf(wanted, sizeof wanted, " %s ", standard);
    ck_assert_msg(strstr(words, wanted) != NULL, "'%s' is none of '%s'", standard, words);
    ck_assert_ptr_null(strstr(words, "   "));
}

static void
check_option(const char *object, int32_t index)
{
    const char *name = incload_option_name(object, index);
    int32_t type = incload_option_type(object, index);
    const char *description = incload_option_description(object, index);

    ck_assert_uint_gt(strlen(name), 1);
    ck_assert_uint_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789"), strlen(name));
    ck_assert_int_ge(type, INCLOAD_OPTION_TEXT);
    ck_assert_int_le(type, INCLOAD_OPTION_LIST);
    ck_assert_msg(strlen(description) > 20 && description[strlen(description) - 1] == '.', "%s.%s", object, name);
    ck_assert_msg(description[0] >= 'A' && description[0] <= 'Z', "%s.%s", object, name);
    ck_assert_str_eq(incload_option_since(object, index), "0.1");
    ck_assert_ptr_nonnull(incload_option_unit(object, index));
    ck_assert_msg((incload_option_choices(object, index)[0] != '\0') == (type == INCLOAD_OPTION_CHOICE), "%s.%s",
                  object, name);
    bool ranged = type == INCLOAD_OPTION_INTEGER || type == INCLOAD_OPTION_DURATION;
    ck_assert_msg((incload_option_maximum(object, index) > incload_option_minimum(object, index)) == ranged, "%s.%s",
                  object, name);
    if (type == INCLOAD_OPTION_CHOICE)
        check_choice(object, index);
    for (int32_t other = 0; other < index; other++)
        ck_assert_str_ne(incload_option_name(object, other), name);
}

START_TEST(every_option_of_every_object_is_told_whole)
{
    static const char *const expected[] = { "context", "database", "strategy", "step", "run", "verify",
                                            "facts", "group", "pipeline_step", "pipeline_run", "backfill",
                                            "report", "watch", "changes", "stream", "debezium",
                                            "changes_batch", "changes_step", "capture",
                                            "stream_step", "capture_step" };

    ck_assert_int_eq(incload_option_object_count(), 21);
    for (int32_t i = 0; i < incload_option_object_count(); i++) {
        const char *object = incload_option_object(i);
        ck_assert_str_eq(object, expected[i]);
        ck_assert_int_gt(incload_option_count(object), 0);
        for (int32_t j = 0; j < incload_option_count(object); j++)
            check_option(object, j);
    }
}
END_TEST

START_TEST(every_default_is_taken_by_its_own_option)
{
    for (int32_t i = 0; i < incload__option_table_count; i++) {
        const incload__option_table *real = incload__option_tables[i];
        /* Room for any object's values. */
        char room[1024] = { 0 };
        for (int32_t j = 0; j < real->count; j++)
            ck_assert_uint_le(real->options[j].offset + sizeof(int64_t), sizeof room);
        ck_assert_int_eq(incload__options_init(real, &incload__mem_libc, room, &err), INCLOAD_OK);
        for (int32_t j = 0; j < real->count; j++) {
            incload__str first = INCLOAD__STR(&incload__mem_libc), second = INCLOAD__STR(&incload__mem_libc);
            const char *name = real->options[j].name;
            ck_assert(incload__options_get(real, room, name, &first));
            ck_assert_int_eq(
                incload__options_set(real, &incload__mem_libc, room, name, incload__str_text(&first), &err),
                INCLOAD_OK);
            ck_assert(incload__options_get(real, room, name, &second));
            ck_assert_str_eq(incload__str_text(&first), incload__str_text(&second));
            incload__str_free(&first);
            incload__str_free(&second);
        }
        incload__options_free(real, &incload__mem_libc, room);
    }
}
END_TEST

START_TEST(asking_past_the_end_or_for_nothing_gives_nothing)
{
    static const char *const objects[] = { "strategy", "nothing", "", NULL };
    static const int32_t past[] = { -1, 1000, INT32_MAX, INT32_MIN };

    ck_assert_ptr_null(incload_option_object(-1));
    ck_assert_ptr_null(incload_option_object(21));
    for (size_t i = 1; i < 4; i++)
        ck_assert_int_eq(incload_option_count(objects[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            ck_assert_ptr_null(incload_option_name(objects[i], past[j]));
            ck_assert_int_eq(incload_option_type(objects[i], past[j]), 0);
            ck_assert_ptr_null(incload_option_default(objects[i], past[j]));
            ck_assert_int_eq(incload_option_minimum(objects[i], past[j]), 0);
            ck_assert_int_eq(incload_option_maximum(objects[i], past[j]), 0);
            ck_assert_ptr_null(incload_option_unit(objects[i], past[j]));
            ck_assert_ptr_null(incload_option_choices(objects[i], past[j]));
            ck_assert_ptr_null(incload_option_since(objects[i], past[j]));
            ck_assert_ptr_null(incload_option_description(objects[i], past[j]));
        }
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, defaults_are_there_before_anything_is_set);
    tcase_add_test(tests, each_value_reads_back_as_text);
    tcase_add_test(tests, an_empty_text_is_none);
    tcase_add_test(tests, numbers_keep_to_their_range_and_their_form);
    tcase_add_test(tests, durations_have_units);
    tcase_add_test(tests, switches_know_eight_words_in_any_case);
    tcase_add_test(tests, choices_are_whole_words_of_the_list);
    tcase_add_test(tests, an_unknown_name_is_told_with_the_nearest_or_with_where_to_look);
    tcase_add_test(tests, a_very_long_unknown_name_is_cut_in_the_message);
    tcase_add_test(tests, null_and_invalid_utf8_are_refused);
    tcase_add_test(tests, pairs_stand_apart_by_any_white_space);
    tcase_add_test(tests, quoted_values_hold_spaces_quotes_and_backslashes);
    tcase_add_test(tests, values_that_were_written_are_read_back_as_they_were);
    tcase_add_test(tests, broken_pairs_are_refused_by_name);
    tcase_add_test(tests, what_stood_before_a_broken_pair_is_set_and_the_last_of_two_wins);
    tcase_add_test(tests, a_list_is_read_when_it_is_set_and_a_bad_one_leaves_the_old);
    tcase_add_test(tests, every_option_of_every_object_is_told_whole);
    tcase_add_test(tests, every_default_is_taken_by_its_own_option);
    tcase_add_test(tests, asking_past_the_end_or_for_nothing_gives_nothing);
}

HARNESS_MAIN("option", add_tests)
