/* SPDX-License-Identifier: Apache-2.0 */
/* A system that refuses: the linker puts the functions below in the place of those that the library calls. */
#include "harness.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/env.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/zone.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
ssize_t __wrap_getrandom(void *buffer, size_t length, unsigned flags);
int __real_fstat64(int fd, struct stat *about);
int __wrap_fstat64(int fd, struct stat *about);
ssize_t __real_read(int fd, void *buffer, size_t length);
ssize_t __wrap_read(int fd, void *buffer, size_t length);
int __real_open64(const char *path, int flags);
int __wrap_open64(const char *path, int flags);
int __wrap_access(const char *path, int mode);

static int32_t allocations_left = -1; /* before one fails; negative: none does */
static int32_t no_stat, no_zones, interrupts, read_fails;
static const char *content; /* what files hold; NULL: what they hold */

void *
__wrap_malloc(size_t size)
{
    if (allocations_left >= 0 && allocations_left-- == 0)
        return NULL;
    return __real_malloc(size);
}

ssize_t
__wrap_getrandom(void *buffer, size_t length, unsigned flags)
{
    (void)buffer;
    (void)length;
    (void)flags;
    errno = EAGAIN;
    return -1;
}

int
__wrap_fstat64(int fd, struct stat *about)
{
    return no_stat ? -1 : __real_fstat64(fd, about);
}

ssize_t
__wrap_read(int fd, void *buffer, size_t length)
{
    if (interrupts > 0) {
        interrupts--;
        errno = EINTR;
        return -1;
    }
    if (read_fails) {
        errno = EIO;
        return -1;
    }
    if (content == NULL)
        return __real_read(fd, buffer, length);
    size_t size = strlen(content) < length ? strlen(content) : length;
    memcpy(buffer, content, size);
    content += size;
    return (ssize_t)size;
}

int
__wrap_open64(const char *path, int flags)
{
    if (!no_zones)
        return __real_open64(path, flags);
    errno = ENOENT;
    return -1;
}

int
__wrap_access(const char *path, int mode)
{
    (void)path;
    (void)mode;
    return no_zones ? -1 : 0;
}

static void
set_up(void)
{
    allocations_left = -1;
    no_stat = no_zones = interrupts = read_fails = 0;
    content = NULL;
}

/* The code of that zone; what is said names `said`. */
static int32_t
load(const char *name, const char *said)
{
    incload_error *err = NULL;
    incload__zone *zone = incload__zone_load(&incload__mem_libc, name, &err);
    int32_t code = incload_error_code(err);

    ck_assert((zone == NULL) == (code != INCLOAD_OK));
    ck_assert_msg(strstr(incload_error_message(err), said) != NULL, "%s", incload_error_message(err));
    incload__zone_free(zone);
    incload_error_unref(err);
    return code;
}

START_TEST(an_error_without_memory_is_that_there_is_none)
{
    for (int32_t i = 0; i < 2; i++) {
        incload_error *err = NULL;
        allocations_left = i;
        ck_assert_int_eq(incload__fail(&err, INCLOAD_E_DATA, "column '%s'", "a"), INCLOAD_E_NO_MEMORY);
        ck_assert_int_eq(incload_error_code(err), INCLOAD_E_NO_MEMORY);
        allocations_left = -1;
        incload_error_unref(err);
    }
}
END_TEST

START_TEST(what_there_is_no_memory_to_add_is_left_out)
{
    incload_error *err = NULL;

    incload__fail(&err, INCLOAD_E_DATA, "column '%s'", "a");
    allocations_left = 0;
    ck_assert_int_eq(incload__error_prefix(&err, "table"), INCLOAD_E_DATA);
    ck_assert_str_eq(incload_error_message(err), "column 'a'");
    for (int32_t i = 0; i < 2; i++) {
        allocations_left = i;
        incload__error_add_detail(&err, "table", "orders");
        ck_assert_int_eq(incload_error_detail_count(err), 0);
    }
    allocations_left = -1;
    incload_error_unref(err);
}
END_TEST

START_TEST(without_randomness_numbers_still_differ)
{
    uint64_t first = incload__random(&incload__env_system);

    for (int32_t i = 0; i < 100; i++) {
        int64_t now = incload__monotonic_us(&incload__env_system);
        while (incload__monotonic_us(&incload__env_system) == now)
            continue;
        ck_assert(incload__random(&incload__env_system) != first);
    }
}
END_TEST

static int64_t
fixed_clock(void *data)
{
    return *(int64_t *)data;
}

START_TEST(a_deadline_is_as_far_as_it_was_said)
{
    int64_t now = 5000000;
    incload__env env = { .mem = incload__mem_libc, .monotonic_us = fixed_clock, .clock_data = &now };

    ck_assert_int_eq(incload__deadline_in(&env, 0), 0);
    ck_assert_int_eq(incload__deadline_in(&env, 250), 5250000);
    ck_assert_int_gt(incload__deadline_in(&env, INT64_MAX), INT64_MAX / 8);
    ck_assert_int_eq(incload__deadline_left_ms(&env, 0), -1);
    ck_assert_int_eq(incload__deadline_left_ms(&env, 5000001), 1);
    ck_assert_int_eq(incload__deadline_left_ms(&env, 5250000), 250);
    ck_assert_int_eq(incload__deadline_left_ms(&env, 5000000), 0);
    ck_assert_int_eq(incload__deadline_left_ms(&env, 1), 0);
    ck_assert_int_eq(incload__deadline_left_ms(&env, incload__deadline_in(&env, INT64_MAX)), INT_MAX);
}
END_TEST

START_TEST(words_too_long_to_compare_are_far_apart)
{
    static const char word[] = "a_word_that_is_longer_than_what_is_looked_at_for_a_slip_of_the_pen";

    ck_assert_int_eq(incload__edit_distance("kitten", "sitting"), 3);
    ck_assert_int_eq(incload__edit_distance("a", word), 40);
    ck_assert_int_eq(incload__edit_distance(word, "a"), 40);
}
END_TEST

START_TEST(a_zone_is_read_though_a_signal_interrupts)
{
    interrupts = 3;
    ck_assert_int_eq(load("Europe/Berlin", ""), INCLOAD_OK);
    ck_assert_int_eq(interrupts, 0);
}
END_TEST

START_TEST(a_file_that_is_no_zone_or_cannot_be_read_is_told)
{
    static const char *const contents[] = { "", "TZ", "no zone at all", "TZif" };

    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        content = contents[i];
        ck_assert_msg(load("Europe/Berlin", "Europe/Berlin") == INCLOAD_E_INVALID, "'%s'", contents[i]);
    }
    content = NULL;
    read_fails = 1;
    ck_assert_int_eq(load("Europe/Berlin", "'Europe/Berlin' is no time zone"), INCLOAD_E_INVALID);
    no_stat = 1;
    ck_assert_int_eq(load("Europe/Berlin", "'Europe/Berlin' is no time zone"), INCLOAD_E_INVALID);
}
END_TEST

START_TEST(a_file_without_end_is_given_up)
{
    char *large = malloc((size_t)3 << 20);

    memset(large, 'x', (size_t)3 << 20);
    memcpy(large, "TZif", 4);
    large[((size_t)3 << 20) - 1] = '\0';
    content = large;
    ck_assert_int_eq(load("Europe/Berlin", "'Europe/Berlin' is no time zone"), INCLOAD_E_INVALID);
    ck_assert_uint_gt(strlen(content), 1 << 20);
    free(large);
}
END_TEST

START_TEST(a_system_without_zones_says_what_to_install)
{
    no_zones = 1;
    ck_assert_int_eq(load("Europe/Berlin", "install the package tzdata, or use UTC"), INCLOAD_E_NOT_FOUND);
    ck_assert_int_eq(load("UTC", ""), INCLOAD_OK);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, an_error_without_memory_is_that_there_is_none);
    tcase_add_test(tests, what_there_is_no_memory_to_add_is_left_out);
    tcase_add_test(tests, without_randomness_numbers_still_differ);
    tcase_add_test(tests, a_deadline_is_as_far_as_it_was_said);
    tcase_add_test(tests, words_too_long_to_compare_are_far_apart);
    tcase_add_test(tests, a_zone_is_read_though_a_signal_interrupts);
    tcase_add_test(tests, a_file_that_is_no_zone_or_cannot_be_read_is_told);
    tcase_add_test(tests, a_file_without_end_is_given_up);
    tcase_add_test(tests, a_system_without_zones_says_what_to_install);
}

HARNESS_MAIN("system", add_tests)
