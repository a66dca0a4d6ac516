/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <errno.h>

#include "base/error.h"

START_TEST(the_first_error_stays)
{
    incload_error *err = NULL;

    ck_assert_int_eq(incload__fail(&err, INCLOAD_E_DATA, "column '%s'", "a"), INCLOAD_E_DATA);
    ck_assert_int_eq(incload__fail(&err, INCLOAD_E_TYPE, "later"), INCLOAD_E_TYPE);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_DATA);
    ck_assert_str_eq(incload_error_message(err), "column 'a'");
    ck_assert_str_eq(incload_error_name(err), "INCLOAD_E_DATA");
    ck_assert_int_eq(incload__entered_with(&err), INCLOAD_E_DATA);
    incload_error_unref(err);
}
END_TEST

START_TEST(without_a_place_for_it_an_error_is_its_code)
{
    ck_assert_int_eq(incload__fail(NULL, INCLOAD_E_BUSY, "unseen"), INCLOAD_E_BUSY);
    ck_assert_int_eq(incload__error_prefix(NULL, "unseen"), INCLOAD_E_STATE);
    incload__error_set_server(NULL, "40001", 0, true);
    ck_assert_int_eq(incload_error_code(NULL), INCLOAD_OK);
    ck_assert_str_eq(incload_error_message(NULL), "");
}
END_TEST

START_TEST(no_error_says_nothing)
{
    ck_assert_str_eq(incload_error_sqlstate(NULL), "");
    ck_assert_int_eq(incload_error_native_code(NULL), 0);
    ck_assert_int_eq(incload_error_is_retryable(NULL), 0);
    ck_assert_str_eq(incload_error_step(NULL), "");
    ck_assert_str_eq(incload_error_unit(NULL), "");
    ck_assert_int_eq(incload_error_detail_count(NULL), 0);
    ck_assert_ptr_null(incload_error_detail_key(NULL, 0));
    ck_assert_ptr_null(incload_error_detail_value(NULL, 0));
    ck_assert_ptr_null(incload_error_cause(NULL));
    ck_assert_int_eq(incload_status_code(-1), INCLOAD_OK);
    ck_assert_int_eq(incload_status_code(incload_status_count()), INCLOAD_OK);
}
END_TEST

START_TEST(an_error_says_empty_what_it_does_not_know)
{
    incload_error *err = NULL;

    incload__fail(&err, INCLOAD_E_DATA, "x\x7fy");
    ck_assert_str_eq(incload_error_message(err), "x y");
    ck_assert_str_eq(incload_error_step(err), "");
    ck_assert_str_eq(incload_error_unit(err), "");
    ck_assert_ptr_null(incload_error_detail_key(err, -1));
    ck_assert_ptr_null(incload_error_detail_value(err, -1));
    ck_assert_ptr_null(incload_error_detail_value(err, 0));
    incload__error_set_server(&err, NULL, 7, false);
    ck_assert_str_eq(incload_error_sqlstate(err), "");
    ck_assert_int_eq(incload_error_native_code(err), 7);
    incload_error_unref(err);
}
END_TEST

START_TEST(the_first_place_and_cause_stay)
{
    incload_error *err = NULL, *first = NULL, *second = NULL;

    incload__fail(&err, INCLOAD_E_DATA, "x");
    incload__error_set_place(&err, "orders", NULL);
    incload__error_set_place(&err, "all", "2024-01");
    ck_assert_str_eq(incload_error_step(err), "orders");
    ck_assert_str_eq(incload_error_unit(err), "2024-01");

    incload__fail(&first, INCLOAD_E_CONNECT, "first");
    incload__fail(&second, INCLOAD_E_CONNECT, "second");
    incload__error_set_cause(&err, first);
    incload__error_set_cause(&err, second);
    incload__error_set_cause(&err, incload_error_ref(err));
    ck_assert_ptr_eq(incload_error_cause(err), first);
    incload_error_unref(err);
}
END_TEST

START_TEST(an_error_cannot_be_its_own_cause)
{
    incload_error *err = NULL;

    incload__fail(&err, INCLOAD_E_DATA, "x");
    incload__error_set_cause(&err, incload_error_ref(err));
    ck_assert_ptr_null(incload_error_cause(err));
    incload_error_unref(err);
}
END_TEST

START_TEST(details_beyond_the_last_place_or_without_a_value_are_left_out)
{
    incload_error *err = NULL;
    int32_t most = 0;

    incload__error_add_detail(&err, "table", "orders");
    ck_assert_ptr_null(err);
    incload__fail(&err, INCLOAD_E_DATA, "x");
    incload__error_add_detail(&err, "none", NULL);
    ck_assert_int_eq(incload_error_detail_count(err), 0);
    while (incload_error_detail_count(err) == most && most < 1000) {
        incload__error_add_detail(&err, "key", "first");
        most++;
    }
    ck_assert_int_lt(incload_error_detail_count(err), 1000);
    ck_assert_int_eq(incload_error_detail_count(err), most - 1);
    incload_error_unref(err);
}
END_TEST

START_TEST(an_error_is_passed_on_unless_there_is_one)
{
    incload_error *err = NULL, *more = NULL;

    incload__fail(&more, INCLOAD_E_DATA, "first");
    ck_assert_int_eq(incload__error_pass(&err, more), INCLOAD_E_DATA);
    ck_assert_ptr_eq(err, more);
    more = NULL;
    incload__fail(&more, INCLOAD_E_TYPE, "second");
    ck_assert_int_eq(incload__error_pass(&err, more), INCLOAD_E_TYPE);
    ck_assert_str_eq(incload_error_message(err), "first");
    more = NULL;
    incload__fail(&more, INCLOAD_E_TYPE, "unseen");
    ck_assert_int_eq(incload__error_pass(NULL, more), INCLOAD_E_TYPE);
    incload_error_unref(err);
}
END_TEST

START_TEST(a_message_is_utf8_where_a_value_was_cut)
{
    incload_error *err = NULL;

    incload__fail(&err, INCLOAD_E_INVALID, "not '%.3s' \xff", "a\xC3\xA4\xE2\x82\xAC");
    ck_assert_str_eq(incload_error_message(err), "not 'a\xC3\xA4' ?");
    incload__error_prefix(&err, "option '%.2s'", "a\xC3\xA4");
    ck_assert_str_eq(incload_error_message(err), "option 'a?': not 'a\xC3\xA4' ?");
    incload_error_unref(err);
}
END_TEST

START_TEST(a_message_is_one_line)
{
    incload_error *err = NULL;

    incload__fail(&err, INCLOAD_E_SQL, "syntax\nerror\tat\r1");
    ck_assert_str_eq(incload_error_message(err), "syntax error at 1");
    incload__error_prefix(&err, "table\n%s", "t");
    ck_assert_str_eq(incload_error_message(err), "table t: syntax error at 1");
    incload_error_unref(err);
}
END_TEST

START_TEST(what_the_server_said_is_kept)
{
    incload_error *err = NULL;

    incload__fail(&err, INCLOAD_E_CONFLICT, "deadlock");
    incload__error_set_server(&err, "40P01", 1213, true);
    incload__error_set_place(&err, "orders", "2024-01");
    incload__error_add_detail(&err, "table", "orders");
    incload__error_add_detail(&err, "empty", "");
    ck_assert_str_eq(incload_error_sqlstate(err), "40P01");
    ck_assert_int_eq(incload_error_native_code(err), 1213);
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    ck_assert_str_eq(incload_error_step(err), "orders");
    ck_assert_str_eq(incload_error_unit(err), "2024-01");
    ck_assert_int_eq(incload_error_detail_count(err), 1);
    ck_assert_str_eq(incload_error_detail_key(err, 0), "table");
    ck_assert_str_eq(incload_error_detail_value(err, 0), "orders");
    ck_assert_ptr_null(incload_error_detail_key(err, 1));
    incload_error_unref(err);
}
END_TEST

START_TEST(only_what_may_pass_is_retryable)
{
    for (int32_t i = 0; i < incload_status_count(); i++) {
        int32_t code = incload_status_code(i);
        incload_error *by_hand = NULL, *by_server = NULL;

        incload__fail(&by_hand, code, "it failed");
        ck_assert_int_eq(incload_error_is_retryable(by_hand), 0);
        incload__error_set_retryable(&by_hand, true);
        ck_assert_int_eq(incload_error_is_retryable(by_hand), incload__status_may_pass(code));
        incload__fail(&by_server, code, "it failed");
        incload__error_set_server(&by_server, "XX000", 1, true);
        ck_assert_int_eq(incload_error_is_retryable(by_server), incload__status_may_pass(code));
        incload__error_set_server(&by_server, "XX000", 1, false);
        ck_assert_int_eq(incload_error_is_retryable(by_server), 0);
        incload_error_unref(by_hand);
        incload_error_unref(by_server);
    }
    ck_assert(incload__status_may_pass(INCLOAD_E_CONFLICT) && !incload__status_may_pass(INCLOAD_E_DATA));
    ck_assert(!incload__status_may_pass(-9999));
}
END_TEST

START_TEST(a_cause_lives_as_long_as_its_error)
{
    incload_error *cause = NULL, *err = NULL;

    incload__fail(&cause, INCLOAD_E_CONNECT, "wire");
    incload__fail(&err, INCLOAD_E_COMMIT_UNKNOWN, "commit");
    incload__error_set_cause(&err, cause);
    incload_error *again = incload_error_ref(err);
    incload_error_unref(err);
    ck_assert_str_eq(incload_error_message(incload_error_cause(again)), "wire");
    incload_error_unref(again);
}
END_TEST

START_TEST(no_memory_needs_no_memory_and_no_release)
{
    incload_error *err = NULL;

    ck_assert_int_eq(incload__fail_memory(&err), INCLOAD_E_NO_MEMORY);
    incload__error_add_detail(&err, "table", "orders");
    ck_assert_int_eq(incload_error_detail_count(err), 0);
    incload_error_unref(err);
    incload_error_unref(err);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_NO_MEMORY);
}
END_TEST

START_TEST(errno_is_left_alone)
{
    incload_error *err = NULL;

    errno = EINTR;
    incload__fail(&err, INCLOAD_E_DATA, "x");
    incload_error_unref(err);
    ck_assert_int_eq(errno, EINTR);
}
END_TEST

START_TEST(every_status_has_a_name_of_its_own)
{
    for (int32_t i = 0; i < incload_status_count(); i++) {
        ck_assert_str_ne(incload_status_name(incload_status_code(i)), "INCLOAD_E_?");
        for (int32_t j = 0; j < i; j++)
            ck_assert_int_ne(incload_status_code(i), incload_status_code(j));
    }
    ck_assert_str_eq(incload_status_name(-9999), "INCLOAD_E_?");
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, the_first_error_stays);
    tcase_add_test(tests, without_a_place_for_it_an_error_is_its_code);
    tcase_add_test(tests, no_error_says_nothing);
    tcase_add_test(tests, an_error_says_empty_what_it_does_not_know);
    tcase_add_test(tests, the_first_place_and_cause_stay);
    tcase_add_test(tests, an_error_cannot_be_its_own_cause);
    tcase_add_test(tests, details_beyond_the_last_place_or_without_a_value_are_left_out);
    tcase_add_test(tests, an_error_is_passed_on_unless_there_is_one);
    tcase_add_test(tests, a_message_is_utf8_where_a_value_was_cut);
    tcase_add_test(tests, a_message_is_one_line);
    tcase_add_test(tests, what_the_server_said_is_kept);
    tcase_add_test(tests, only_what_may_pass_is_retryable);
    tcase_add_test(tests, a_cause_lives_as_long_as_its_error);
    tcase_add_test(tests, no_memory_needs_no_memory_and_no_release);
    tcase_add_test(tests, errno_is_left_alone);
    tcase_add_test(tests, every_status_has_a_name_of_its_own);
}

HARNESS_MAIN("error", add_tests)
