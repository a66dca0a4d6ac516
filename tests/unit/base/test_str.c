/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>
#include <wchar.h>

#include "base/str.h"

static void *
refuse(void *block, size_t size, void *user_data)
{
    (void)block;
    (void)size;
    (void)user_data;
    return NULL;
}

static void *
refuse_new(size_t size, void *user_data)
{
    return refuse(NULL, size, user_data);
}

static void
release_nothing(void *block, void *user_data)
{
    (void)block;
    (void)user_data;
}

START_TEST(an_empty_string_reads_as_empty_text)
{
    incload__str str = INCLOAD__STR(&incload__mem_libc);

    ck_assert_str_eq(incload__str_text(&str), "");
    char *text = incload__str_take(&str);
    ck_assert_str_eq(text, "");
    incload__free(&incload__mem_libc, text);
}
END_TEST

START_TEST(pieces_of_every_kind_are_appended)
{
    incload__str str = INCLOAD__STR(&incload__mem_libc);

    incload__str_add(&str, "SELECT ");
    incload__str_add_bytes(&str, "abc", 2);
    incload__str_add_char(&str, ',');
    incload__str_addf(&str, " $%d, '%s'", 7, "x");
    ck_assert_str_eq(incload__str_text(&str), "SELECT ab, $7, 'x'");
    ck_assert_uint_eq(str.length, strlen("SELECT ab, $7, 'x'"));
    incload__str_clear(&str);
    ck_assert_str_eq(incload__str_text(&str), "");
    incload__str_free(&str);
}
END_TEST

START_TEST(a_string_grows_past_its_first_memory_and_keeps_nul_bytes)
{
    incload__str str = INCLOAD__STR(&incload__mem_libc);

    for (int i = 0; i < 1000; i++)
        incload__str_add_bytes(&str, "a\0b", 3);
    ck_assert_uint_eq(str.length, 3000);
    ck_assert_int_eq(memcmp(str.data + 2997, "a\0b", 4), 0);
    incload__str_free(&str);
}
END_TEST

START_TEST(bytes_are_written_with_two_digits_each)
{
    incload__str str = INCLOAD__STR(&incload__mem_libc);

    incload__str_add_hex(&str, "", 0);
    ck_assert_str_eq(incload__str_text(&str), "");
    incload__str_add(&str, "0x");
    incload__str_add_hex(&str, "\x00\x7f\x80\xff", 4);
    ck_assert_str_eq(incload__str_text(&str), "0x007f80ff");
    incload__str_add_hex(&str, "", SIZE_MAX / 2 + 1);
    ck_assert(str.failed);
    incload__str_free(&str);
}
END_TEST

START_TEST(a_failed_step_stays_until_the_string_is_cleared)
{
    incload__mem mem = { refuse_new, refuse, release_nothing, NULL };
    incload__str str = INCLOAD__STR(&mem);

    incload__str_add(&str, "lost");
    incload__str_add(&str, "lost too");
    ck_assert_ptr_null(incload__str_text(&str));
    ck_assert_ptr_null(incload__str_take(&str));
    ck_assert(!str.failed);
    incload__str_add_hex(&str, "lost", 4);
    ck_assert_ptr_null(incload__str_take(&str));
    ck_assert(!str.failed);
}
END_TEST

START_TEST(more_than_memory_can_hold_is_refused)
{
    static const size_t too_many[] = { SIZE_MAX, SIZE_MAX - 3, SIZE_MAX - 4 };
    incload__mem mem = { incload__mem_libc.allocate, refuse, incload__mem_libc.release, NULL };

    for (size_t i = 0; i < sizeof too_many / sizeof too_many[0]; i++) {
        incload__str str = INCLOAD__STR(&mem);
        incload__str_add(&str, "abc");
        ck_assert(!incload__str_reserve(&str, too_many[i]));
        ck_assert_ptr_null(incload__str_text(&str));
        incload__str_free(&str);
    }
}
END_TEST

/* Half of a surrogate pair is no character of any encoding. */
START_TEST(what_cannot_be_written_is_no_text)
{
    incload__str str = INCLOAD__STR(&incload__mem_libc);

    incload__str_addf(&str, "%lc", (wint_t)0xD800);
    ck_assert_ptr_null(incload__str_text(&str));
    incload__str_free(&str);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, an_empty_string_reads_as_empty_text);
    tcase_add_test(tests, pieces_of_every_kind_are_appended);
    tcase_add_test(tests, a_string_grows_past_its_first_memory_and_keeps_nul_bytes);
    tcase_add_test(tests, bytes_are_written_with_two_digits_each);
    tcase_add_test(tests, more_than_memory_can_hold_is_refused);
    tcase_add_test(tests, what_cannot_be_written_is_no_text);
    tcase_add_test(tests, a_failed_step_stays_until_the_string_is_cleared);
}

HARNESS_MAIN("str", add_tests)
