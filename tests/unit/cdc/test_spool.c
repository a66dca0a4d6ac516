/* SPDX-License-Identifier: Apache-2.0 */
/* Records come back as they went in, from memory and from files alike. */
#include "cdc/spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness.h"

static incload__spool_space space;
static incload__spool spool;
static incload__spool_reader reader;

/* Everything in memory, some of it, and nothing at all. */
static const size_t limits[] = { 1 << 30, 100000, 0 };
enum { LIMITS = sizeof limits / sizeof limits[0] };

static void
begin(size_t limit)
{
    incload__spool_space_init(&space, &incload__mem_libc, NULL, limit);
    incload__spool_init(&spool, &space);
    reader = (incload__spool_reader){ .at = 0 };
}

static void
end(void)
{
    incload__spool_free(&spool);
    incload__spool_reader_free(&reader);
    incload__spool_space_free(&space);
    ck_assert_uint_eq(space.used, 0);
}

/* The record of a number: its length and bytes follow from it. */
static size_t
record(unsigned number, char *out)
{
    size_t length = number * 31 % 97;

    if (number % 500 == 499)
        length = 70000;
    for (size_t i = 0; i < length; i++)
        out[i] = (char)(number + i);
    return length;
}

static void
add(incload__spool *to, unsigned first, unsigned count)
{
    static char bytes[70000];

    for (unsigned i = first; i < first + count; i++) {
        size_t length = record(i, bytes);
        ck_assert_int_eq(incload__spool_add(to, bytes, length, NULL), INCLOAD_OK);
    }
}

/* The next records are those numbers. */
static void
follow(unsigned first, unsigned count)
{
    static char expected[70000];
    const unsigned char *bytes;
    size_t length;

    for (unsigned i = first; i < first + count; i++) {
        ck_assert_int_eq(incload__spool_next(&reader, &bytes, &length, NULL), INCLOAD_OK);
        ck_assert_ptr_nonnull(bytes);
        ck_assert_uint_eq(length, record(i, expected));
        ck_assert(memcmp(bytes, expected, length) == 0);
    }
}

static void
nothing_follows(void)
{
    const unsigned char *bytes;
    size_t length;

    ck_assert_int_eq(incload__spool_next(&reader, &bytes, &length, NULL), INCLOAD_OK);
    ck_assert_ptr_null(bytes);
}

START_TEST(records_come_back_in_their_order)
{
    begin(limits[_i]);
    add(&spool, 0, 5000);
    for (int turn = 0; turn < 2; turn++) {
        incload__spool_rewind(&reader, &spool);
        follow(0, 5000);
        nothing_follows();
    }
    ck_assert_int_eq(space.files, _i > 0);
    end();
}
END_TEST

START_TEST(an_empty_spool_has_no_record)
{
    begin(limits[_i]);
    incload__spool_rewind(&reader, &spool);
    nothing_follows();
    end();
}
END_TEST

START_TEST(what_is_cut_is_gone_and_more_may_follow)
{
    begin(limits[_i]);
    add(&spool, 0, 1000);
    uint64_t first = spool.end;
    add(&spool, 5000, 1700);
    uint64_t second = spool.end;
    add(&spool, 9000, 3);
    ck_assert_int_eq(incload__spool_cut(&spool, second, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__spool_cut(&spool, first, NULL), INCLOAD_OK);
    add(&spool, 1000, 1200);
    incload__spool_rewind(&reader, &spool);
    follow(0, 2200);
    nothing_follows();
    ck_assert_int_eq(incload__spool_cut(&spool, 0, NULL), INCLOAD_OK);
    add(&spool, 7, 2);
    incload__spool_rewind(&reader, &spool);
    follow(7, 2);
    nothing_follows();
    end();
}
END_TEST

START_TEST(the_largest_gives_its_memory_first)
{
    incload__spool small;

    begin(400000);
    incload__spool_init(&small, &space);
    add(&small, 0, 10);
    while (space.files == 0)
        add(&spool, 0, 10);
    ck_assert_int_eq(small.file, -1);
    ck_assert_int_ge(spool.file, 0);
    incload__spool_rewind(&reader, &small);
    follow(0, 10);
    nothing_follows();
    incload__spool_free(&small);
    end();
}
END_TEST

START_TEST(memory_stays_below_the_limit)
{
    begin(200000);
    for (unsigned i = 0; i < 100; i++) {
        add(&spool, 0, 400);
        ck_assert_uint_le(space.used, 200000);
    }
    end();
}
END_TEST

START_TEST(errno_stays_as_it_was)
{
    begin(0);
    errno = 77;
    add(&spool, 0, 10);
    incload__spool_rewind(&reader, &spool);
    follow(0, 10);
    ck_assert_int_eq(incload__spool_cut(&spool, 0, NULL), INCLOAD_OK);
    end();
    ck_assert_int_eq(errno, 77);
}
END_TEST

START_TEST(no_file_stays_behind)
{
    char directory[] = "/tmp/incload-spool-XXXXXX";
    char command[128];

    ck_assert_ptr_nonnull(mkdtemp(directory));
    incload__spool_space_init(&space, &incload__mem_libc, directory, 0);
    incload__spool_init(&spool, &space);
    add(&spool, 0, 10);
    ck_assert_int_eq(space.files, 1);
    /* Even while it is in use it has no name. */
    snprintf(command, sizeof command, "rmdir '%s'", directory);
    ck_assert_int_eq(system(command), 0);
    end();
}
END_TEST

/* Fails each allocation in turn. */
static int allowed;

static void *
few_allocate(size_t size, void *data)
{
    (void)data;
    return allowed-- > 0 ? malloc(size) : NULL;
}

static void *
few_reallocate(void *block, size_t size, void *data)
{
    (void)data;
    return allowed-- > 0 ? realloc(block, size) : NULL;
}

static void
few_release(void *block, void *data)
{
    (void)data;
    free(block);
}

START_TEST(without_memory_it_fails_and_frees_all)
{
    static const incload__mem few = { few_allocate, few_reallocate, few_release, NULL };
    static char bytes[40000];
    bool whole = false;

    for (int count = 0; !whole; count++) {
        int32_t status = INCLOAD_OK;
        allowed = count;
        incload__spool_space_init(&space, &few, NULL, 50000);
        incload__spool_init(&spool, &space);
        reader = (incload__spool_reader){ .at = 0 };
        for (int i = 0; i < 5 && status == INCLOAD_OK; i++)
            status = incload__spool_add(&spool, bytes, sizeof bytes, NULL);
        const unsigned char *read = NULL;
        size_t length;
        incload__spool_rewind(&reader, &spool);
        if (status == INCLOAD_OK)
            status = incload__spool_next(&reader, &read, &length, NULL);
        whole = status == INCLOAD_OK;
        ck_assert(whole || status == INCLOAD_E_NO_MEMORY);
        end();
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, records_come_back_in_their_order, 0, LIMITS);
    tcase_add_loop_test(tests, an_empty_spool_has_no_record, 0, LIMITS);
    tcase_add_loop_test(tests, what_is_cut_is_gone_and_more_may_follow, 0, LIMITS);
    tcase_add_test(tests, the_largest_gives_its_memory_first);
    tcase_add_test(tests, memory_stays_below_the_limit);
    tcase_add_test(tests, errno_stays_as_it_was);
    tcase_add_test(tests, no_file_stays_behind);
    tcase_add_test(tests, without_memory_it_fails_and_frees_all);
}

HARNESS_MAIN("spool", add_tests)
