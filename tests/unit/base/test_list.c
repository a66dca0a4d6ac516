/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "base/option.h"

static incload__list list;
static incload_error *err;

static void
set_up(void)
{
    memset(&list, 0, sizeof list);
    err = NULL;
}

static void
tear_down(void)
{
    incload__list_free(&list);
    incload_error_unref(err);
}

static int32_t
parse(const char *text)
{
    incload__list_free(&list);
    incload_error_unref(err);
    err = NULL;
    return incload__list_parse(&incload__mem_libc, "columns", text, &list, &err);
}

/* Names with '|' between, an alias behind '>'. */
static void
holds(const char *text, const char *expected)
{
    char found[400] = "";
    size_t used = 0;

    ck_assert_msg(parse(text) == INCLOAD_OK, "'%s': %s", text, incload_error_message(err));
    for (int32_t i = 0; i < list.count; i++) {
        const incload__list_item *item = &list.items[i];
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%s%s%s", i > 0 ? "|" : "", item->name,
                                 item->alias != NULL ? ">" : "", item->alias != NULL ? item->alias : "");
    }
    ck_assert_str_eq(found, expected);
}

START_TEST(nothing_is_an_empty_list)
{
    holds(NULL, "");
    holds("", "");
    holds(" \t ", "");
    ck_assert_int_eq(list.count, 0);
}
END_TEST

START_TEST(names_stand_between_commas)
{
    holds("id", "id");
    holds("id,updated", "id|updated");
    holds(" id , updated at ,x ", "id|updated at|x");
    holds("a,a", "a|a");
}
END_TEST

START_TEST(odd_names_stand_in_double_quotes)
{
    holds("\"a,b\"", "a,b");
    holds("\"a:b\":c", "a:b>c");
    holds("\" x \" , y", " x |y");
    holds("\"say \"\"hi\"\"\"", "say \"hi\"");
    holds("\"\"\"\"", "\"");
    holds("\"\xf0\x9f\x98\x80\"", "\xf0\x9f\x98\x80");
}
END_TEST

START_TEST(an_alias_stands_behind_a_colon)
{
    holds("total:amount", "total>amount");
    holds("id,total : amount , x", "id|total>amount|x");
    holds("total:\"a, b\"", "total>a, b");
}
END_TEST

START_TEST(broken_lists_are_refused_and_leave_nothing)
{
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        { ",", "option 'columns' has an empty name in its list" },
        { "a,,b", "option 'columns' has an empty name in its list" },
        { ",a", "option 'columns' has an empty name in its list" },
        { "a,", "option 'columns' ends in a comma" },
        { "a, ", "option 'columns' ends in a comma" },
        { "\"a", "a name without its closing double quote" },
        { "\"a\"\"", "a name without its closing double quote" },
        { "\"", "a name without its closing double quote" },
        { "\"\"", "option 'columns' has an empty name in its list" },
        { "\"a\"b", "option 'columns' needs a comma between names" },
        { "a\"b\"", "option 'columns' needs a comma between names" },
        { "a:", "option 'columns' has an empty name in its list" },
        { ":a", "option 'columns' has an empty name in its list" },
        { "a:b:c", "option 'columns' has two colons in one item of its list" },
        { "a::b", "option 'columns' has an empty name in its list" },
        { "a:\"b", "a name without its closing double quote" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(parse(bad[i].text) == INCLOAD_E_INVALID, "'%s'", bad[i].text);
        ck_assert_msg(strstr(incload_error_message(err), bad[i].says) != NULL, "'%s': %s", bad[i].text,
                      incload_error_message(err));
        ck_assert_int_eq(list.count, 0);
        ck_assert_ptr_null(list.items);
    }
}
END_TEST

START_TEST(a_long_list_and_a_long_name_are_no_trouble)
{
    static char text[200001];

    for (size_t i = 0; i < sizeof text - 1; i++)
        text[i] = i % 2 == 0 ? 'a' : ',';
    text[sizeof text - 2] = '\0';
    ck_assert_int_eq(parse(text), INCLOAD_OK);
    ck_assert_int_eq(list.count, 100000);
    memset(text, 'b', sizeof text - 1);
    ck_assert_int_eq(parse(text), INCLOAD_OK);
    ck_assert_uint_eq(strlen(list.items[0].name), sizeof text - 1);
}
END_TEST

/* ---- memory that runs out ---- */

static int64_t left;

static void *
scarce(size_t size, void *data)
{
    (void)data;
    return left-- > 0 ? malloc(size) : NULL;
}

static void *
scarce_again(void *block, size_t size, void *data)
{
    (void)data;
    return left-- > 0 ? realloc(block, size) : NULL;
}

static void
give_back(void *block, void *data)
{
    (void)data;
    free(block);
}

START_TEST(every_allocation_may_fail)
{
    static const incload__mem mem = { scarce, scarce_again, give_back, NULL };
    int32_t status = INCLOAD_E_NO_MEMORY;
    int64_t tried = 0;

    for (; status != INCLOAD_OK; tried++) {
        ck_assert_int_lt(tried, 100);
        left = tried;
        status = incload__list_parse(&mem, "columns", "id, \"a \"\"b\":c, total:amount", &list, &err);
        ck_assert_msg(status == INCLOAD_OK || status == INCLOAD_E_NO_MEMORY, "%d", (int)status);
        if (status != INCLOAD_OK)
            ck_assert_int_eq(list.count, 0);
        incload_error_unref(err);
        err = NULL;
    }
    ck_assert_int_gt(tried, 6);
    ck_assert_int_eq(list.count, 3);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, nothing_is_an_empty_list);
    tcase_add_test(tests, names_stand_between_commas);
    tcase_add_test(tests, odd_names_stand_in_double_quotes);
    tcase_add_test(tests, an_alias_stands_behind_a_colon);
    tcase_add_test(tests, broken_lists_are_refused_and_leave_nothing);
    tcase_add_test(tests, a_long_list_and_a_long_name_are_no_trouble);
    tcase_add_test(tests, every_allocation_may_fail);
}

HARNESS_MAIN("list", add_tests)
