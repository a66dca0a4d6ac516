/* SPDX-License-Identifier: Apache-2.0 */
/* The watermark's document: what is written is read again, older ones are understood, damaged ones are refused. */
#include <incload/incload.h>

#include <string.h>

#include "../harness.h"
#include "base/env.h"
#include "state/mark.h"

static const incload__mem *const mem = &incload__env_system.mem;

static incload__mark
parsed(const char *document)
{
    incload__mark mark;
    incload_error *err = NULL;

    incload__mark_init(&mark, mem);
    ck_assert_int_eq(incload__mark_parse(document, &mark, &err), INCLOAD_OK);
    ck_assert_ptr_null(err);
    return mark;
}

static void
refused(const char *document, int32_t code, const char *words)
{
    incload__mark mark;
    incload_error *err = NULL;

    incload__mark_init(&mark, mem);
    ck_assert_int_eq(incload__mark_parse(document, &mark, &err), code);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), words));
    ck_assert_ptr_null(mark.value);
    incload_error_unref(err);
    incload__mark_free(&mark);
}

static char *
printed(const incload__mark *mark)
{
    incload__str out = INCLOAD__STR(mem);

    ck_assert_int_eq(incload__mark_print(mark, &out, NULL), INCLOAD_OK);
    return incload__str_take(&out);
}

START_TEST(a_mark_comes_back_as_it_was)
{
    incload__mark mark;

    incload__mark_init(&mark, mem);
    mark.kind = INCLOAD__MARK_XID;
    mark.clock = 1700000000123456;
    mark.started = 5;
    mark.xmin = UINT64_C(5000000000);
    mark.deep_xmin = 17;
    mark.deep_clock = 18;
    mark.lateness = 19;
    mark.late_rows = 20;
    ck_assert_int_eq(incload__mark_text(&mark, &mark.value, "2024-01-01 \"q\" \\ \n", NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__mark_text(&mark, &mark.source, "1/2/3", NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__mark_text(&mark, &mark.policy, "raise", NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__mark_add_flight(&mark, "17:3/4", -7, true, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__mark_add_flight(&mark, "prepared 9", 0, false, NULL), INCLOAD_OK);
    for (uint64_t xid = 20; xid > 10; xid--)
        ck_assert_int_eq(incload__mark_add_done(&mark, xid == 15 ? 99 : xid, NULL), INCLOAD_OK);
    incload__mark_sort_done(&mark);
    char *text = printed(&mark);
    ck_assert_ptr_nonnull(strstr(text, "\"done\":\"11-14,16-20,99\""));

    incload__mark again = parsed(text);
    char *twice = printed(&again);
    ck_assert_str_eq(text, twice);
    ck_assert_str_eq(again.value, mark.value);
    ck_assert_int_eq(again.flight_count, 2);
    ck_assert_int_eq(incload__mark_flight(&again, "17:3/4")->bound, -7);
    ck_assert(!incload__mark_flight(&again, "prepared 9")->known);
    ck_assert_uint_eq(again.xmin, UINT64_C(5000000000));
    incload__free(mem, text);
    incload__free(mem, twice);
    incload__mark_free(&mark);
    incload__mark_free(&again);
}
END_TEST

START_TEST(a_document_of_version_1_is_a_cursor_value)
{
    incload__mark mark = parsed("{\"version\":1,\"kind\":\"cursor\",\"column\":\"at\",\"type\":\"timestamptz\","
                                "\"value\":\"2024-05-01 10:00:00+00\"}");

    ck_assert_int_eq(mark.kind, INCLOAD__MARK_CURSOR);
    ck_assert_str_eq(mark.column, "at");
    ck_assert_str_eq(mark.value, "2024-05-01 10:00:00+00");
    incload__mark_free(&mark);
}
END_TEST

START_TEST(no_document_is_an_empty_mark)
{
    incload__mark none = parsed(NULL), empty = parsed("");

    ck_assert_int_eq(none.kind, INCLOAD__MARK_CURSOR);
    ck_assert_ptr_null(empty.value);
}
END_TEST

START_TEST(a_newer_document_is_refused_with_its_version)
{
    refused("{\"version\":3,\"kind\":\"cursor\"}", INCLOAD_E_UNSUPPORTED, "document version 3");
}
END_TEST

START_TEST(a_damaged_document_is_refused_with_the_remedy)
{
    static const char *const damaged[] = {
        "{", "[]", "17", "{\"version\":2}", "{\"version\":2,\"kind\":\"other\"}", "{\"version\":2,\"kind\":\"xid\"}",
        "{\"version\":2,\"kind\":\"xid\",\"horizon\":{\"done\":\"1,x\"}}",
        "{\"version\":2,\"kind\":\"xid\",\"horizon\":{\"done\":\"9-1\"}}",
        "{\"version\":2,\"kind\":\"xid\",\"horizon\":{\"done\":\"1-99999999999999999999999\"}}",
        "{\"version\":2,\"kind\":\"xid\",\"horizon\":{\"done\":\"1-9999999999\"}}",
        "{\"version\":2,\"kind\":\"xid\",\"horizon\":{\"in_flight\":[[1,2]]}}",
        "{\"version\":2,\"version\":2,\"kind\":\"cursor\"}",
    };

    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++)
        refused(damaged[i], INCLOAD_E_DATA, "incload_watermark_reset");
}
END_TEST

START_TEST(the_greatest_transaction_is_read_once)
{
    incload__mark mark;

    incload__mark_init(&mark, &incload__mem_libc);
    ck_assert_int_eq(incload__mark_parse("{\"version\":2,\"kind\":\"xid\",\"horizon\":"
                                         "{\"done\":\"18446744073709551614-18446744073709551615\"}}",
                                         &mark, NULL),
                     INCLOAD_OK);
    ck_assert_int_eq(mark.done_count, 2);
    ck_assert(mark.done[1] == UINT64_MAX && !mark.done_overflow);
    incload__mark_free(&mark);
}
END_TEST

START_TEST(transactions_past_the_limit_are_forgotten_and_that_is_remembered)
{
    incload__mark mark;

    incload__mark_init(&mark, mem);
    for (uint64_t xid = 1; xid <= INCLOAD__MARK_DONE_LIMIT + 1; xid++)
        ck_assert_int_eq(incload__mark_add_done(&mark, 2 * xid, NULL), INCLOAD_OK);
    ck_assert(mark.done_overflow);
    ck_assert_int_eq(mark.done_count, 0);
    incload__mark_free(&mark);
}
END_TEST

static void
described(int64_t clock, const char *type, int64_t bound, const char *expected)
{
    incload__mark mark;
    incload__str out = INCLOAD__STR(mem);

    incload__mark_init(&mark, mem);
    mark.kind = INCLOAD__MARK_XID;
    mark.clock = clock;
    ck_assert_int_eq(incload__mark_text(&mark, &mark.type, type, NULL), INCLOAD_OK);
    if (bound != 0)
        ck_assert_int_eq(incload__mark_add_flight(&mark, "1:1/1", bound, true, NULL), INCLOAD_OK);
    incload__mark_describe(&mark, &out);
    ck_assert_str_eq(incload__str_text(&out), expected);
    incload__str_free(&out);
    incload__mark_free(&mark);
}

START_TEST(it_is_described_by_what_is_surely_loaded)
{
    described(1700000000000000, "timestamp with time zone", 0,
              "every row stamped before 2023-11-14 22:13:20+00 is loaded");
    described(1700000000000000, "timestamp with time zone", 1699999999000000,
              "every row stamped before 2023-11-14 22:13:19+00 is loaded; 1 transaction was still open");
    described(40, "bigint", 30, "every row up to number 30 is loaded; 1 transaction was still open");
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_mark_comes_back_as_it_was);
    tcase_add_test(tests, a_document_of_version_1_is_a_cursor_value);
    tcase_add_test(tests, no_document_is_an_empty_mark);
    tcase_add_test(tests, a_newer_document_is_refused_with_its_version);
    tcase_add_test(tests, a_damaged_document_is_refused_with_the_remedy);
    tcase_add_test(tests, the_greatest_transaction_is_read_once);
    tcase_add_test(tests, transactions_past_the_limit_are_forgotten_and_that_is_remembered);
    tcase_add_test(tests, it_is_described_by_what_is_surely_loaded);
}

HARNESS_MAIN("mark", add_tests)
