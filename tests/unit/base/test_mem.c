/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>

#include "base/mem.h"

static void *
refuse_allocate(size_t size, void *user_data)
{
    (void)size;
    ++*(int *)user_data;
    return NULL;
}

static void *
refuse_reallocate(void *block, size_t size, void *user_data)
{
    (void)block;
    return refuse_allocate(size, user_data);
}

static void
refuse_release(void *block, void *user_data)
{
    (void)block;
    (void)user_data;
}

START_TEST(memory_comes_zeroed_and_never_null_for_size_zero)
{
    unsigned char *block = incload__alloc(&incload__mem_libc, 100);
    void *empty = incload__alloc(&incload__mem_libc, 0);

    ck_assert_ptr_nonnull(block);
    ck_assert_ptr_nonnull(empty);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(block[i], 0);
    incload__free(&incload__mem_libc, block);
    incload__free(&incload__mem_libc, empty);
}
END_TEST

START_TEST(a_block_of_size_zero_is_a_block)
{
    void *block = incload__realloc(&incload__mem_libc, NULL, 0);

    ck_assert_ptr_nonnull(block);
    block = incload__realloc(&incload__mem_libc, block, 0);
    ck_assert_ptr_nonnull(block);
    incload__free(&incload__mem_libc, block);
}
END_TEST

START_TEST(an_array_whose_size_overflows_is_refused)
{
    ck_assert_ptr_null(incload__alloc_array(&incload__mem_libc, SIZE_MAX / 4, 8));
}
END_TEST

START_TEST(the_hosts_allocator_is_asked_and_its_refusal_told)
{
    int asked = 0;
    incload__mem mem = { refuse_allocate, refuse_reallocate, refuse_release, &asked };

    ck_assert_ptr_null(incload__alloc(&mem, 10));
    ck_assert_ptr_null(incload__realloc(&mem, NULL, 10));
    ck_assert_ptr_null(incload__strdup(&mem, "text"));
    ck_assert_int_eq(asked, 3);
}
END_TEST

START_TEST(a_part_of_a_text_is_copied_with_an_end)
{
    char *copy = incload__strndup(&incload__mem_libc, "watermark", 5);

    ck_assert_str_eq(copy, "water");
    incload__free_secret(&incload__mem_libc, copy);
    incload__free_secret(&incload__mem_libc, NULL);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, memory_comes_zeroed_and_never_null_for_size_zero);
    tcase_add_test(tests, a_block_of_size_zero_is_a_block);
    tcase_add_test(tests, an_array_whose_size_overflows_is_refused);
    tcase_add_test(tests, the_hosts_allocator_is_asked_and_its_refusal_told);
    tcase_add_test(tests, a_part_of_a_text_is_copied_with_an_end);
}

HARNESS_MAIN("mem", add_tests)
