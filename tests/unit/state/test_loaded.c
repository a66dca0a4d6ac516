/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger keeps of the columns that a load filled: written, read back, and refused when it cannot be read. */
#include "harness.h"

#include <string.h>

#include "state/loaded.h"

static incload__loaded loaded;
static incload_error *err;

static void
set_up(void)
{
    incload__loaded_init(&loaded, &incload__mem_libc);
    err = NULL;
}

static void
tear_down(void)
{
    incload__loaded_free(&loaded);
    incload_error_unref(err);
}

static const char document[] = "{\"version\":1,\"table\":\"public.orders\",\"columns\":["
                               "[\"id\",\"id\",\"bigint\",\"int64\",0,0],"
                               "[\"price\",\"amount\",\"numeric(12,2)\",\"decimal\",12,2],"
                               "[\"at\",\"at\",\"timestamp with time zone\",\"timestamptz\",0,6],"
                               "[\"day \\\"x\\\"\",\"day\",null,\"timestamp\",0,3]]}";

START_TEST(what_is_written_is_read_back)
{
    incload__str text = INCLOAD__STR(&incload__mem_libc);

    ck_assert_int_eq(incload__loaded_parse(document, &loaded, &err), INCLOAD_OK);
    ck_assert_int_eq(loaded.count, 4);
    ck_assert_str_eq(loaded.table, "public.orders");
    const incload__loaded_column *amount = incload__loaded_find(&loaded, "amount");
    ck_assert_str_eq(amount->source, "price");
    ck_assert_str_eq(amount->native, "numeric(12,2)");
    ck_assert(incload__type_equal(amount->type, (incload__type){ INCLOAD__DECIMAL, 12, 2 }));
    ck_assert_int_eq(incload__loaded_find(&loaded, "at")->type.kind, INCLOAD__TIMESTAMPTZ);
    ck_assert_int_eq(incload__loaded_find(&loaded, "day")->type.kind, INCLOAD__TIMESTAMP);
    ck_assert_ptr_null(incload__loaded_find(&loaded, "price"));
    ck_assert_int_eq(incload__loaded_print(&loaded, &text, &err), INCLOAD_OK);
    ck_assert_str_eq(incload__str_text(&text), document);
    incload__str_free(&text);
}
END_TEST

START_TEST(nothing_known_is_an_empty_list)
{
    ck_assert_int_eq(incload__loaded_parse(NULL, &loaded, &err), INCLOAD_OK);
    ck_assert_int_eq(incload__loaded_parse("", &loaded, &err), INCLOAD_OK);
    ck_assert_int_eq(loaded.count, 0);
    ck_assert_ptr_null(loaded.table);
}
END_TEST

static const char *const damaged[] = {
    "{",
    "[]",
    "{\"version\":1}",
    "{\"version\":0,\"table\":\"t\",\"columns\":[]}",
    "{\"version\":1,\"table\":\"t\",\"columns\":[[\"a\",\"a\",\"int\",\"integer\",0,0]]}",
    "{\"version\":1,\"table\":\"t\",\"columns\":[[\"a\",\"a\",\"int\",\"int32\",0,0],[\"b\"]]}",
};

START_TEST(a_damaged_document_is_refused_with_the_remedy)
{
    ck_assert_int_eq(incload__loaded_parse(damaged[_i], &loaded, &err), INCLOAD_E_DATA);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "delete its row there"));
    ck_assert_int_eq(loaded.count, 0);
    ck_assert_ptr_null(loaded.table);
}
END_TEST

START_TEST(a_newer_document_is_left_alone)
{
    ck_assert_int_eq(incload__loaded_parse("{\"version\":2,\"table\":\"t\",\"columns\":[]}", &loaded, &err),
                     INCLOAD_E_UNSUPPORTED);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_is_written_is_read_back);
    tcase_add_test(tests, nothing_known_is_an_empty_list);
    tcase_add_loop_test(tests, a_damaged_document_is_refused_with_the_remedy, 0,
                        (int)(sizeof damaged / sizeof damaged[0]));
    tcase_add_test(tests, a_newer_document_is_left_alone);
}

HARNESS_MAIN("loaded", add_tests)
