/* SPDX-License-Identifier: Apache-2.0 */
/* Finding bad rows: how many attempts it takes, and what is in when it is done. */
#include <incload/incload.h>

#include <string.h>

#include "../harness.h"
#include "load/bisect.h"

enum { MOST_ROWS = 300 };

typedef struct trial {
    int64_t rows;
    bool bad[MOST_ROWS];
    bool in[MOST_ROWS];
    bool rejected[MOST_ROWS];
    int64_t reasons[MOST_ROWS]; /* the row that the reason speaks of */
    int32_t fails_with;         /* what an attempt fails with that has nothing to do with a row */
    bool together;              /* refuses all rows at once, and no part of them */
} trial;

/* Of several bad rows the last is named: a server need not name the first. */
static int64_t
culprit(const trial *t, int64_t first, int64_t last)
{
    for (int64_t row = last - 1; row >= first; row--) {
        if (t->bad[row])
            return row;
    }
    return t->together && last - first == t->rows ? last - 1 : -1;
}

static int32_t
try_rows(void *data, int64_t first, int64_t last, bool *bad, incload_error **err)
{
    trial *t = data;
    int64_t row = culprit(t, first, last);

    ck_assert_int_lt(first, last);
    ck_assert_int_le(last, t->rows);
    if (t->fails_with != INCLOAD_OK)
        return incload__fail(err, t->fails_with, "the wire broke");
    if (row < 0) {
        for (int64_t i = first; i < last; i++) {
            ck_assert(!t->in[i]);
            t->in[i] = true;
        }
        return INCLOAD_OK;
    }
    *bad = true;
    return incload__fail(err, INCLOAD_E_DATA, "%lld", (long long)row);
}

static int32_t
reject_row(void *data, int64_t row, const incload_error *why, incload_error **err)
{
    trial *t = data;

    (void)err;
    ck_assert(!t->rejected[row]);
    t->rejected[row] = true;
    t->reasons[row] = strtoll(incload_error_message(why), NULL, 10);
    return INCLOAD_OK;
}

/* From the refusal of all rows together. */
static int32_t
search(trial *t, int64_t most, int64_t *attempts, incload_error **err)
{
    incload__bisect how = { .data = t, .attempt = try_rows, .reject = reject_row, .most = most };
    incload_error *why = NULL;

    incload__fail(&why, INCLOAD_E_DATA, "%lld", (long long)culprit(t, 0, t->rows));
    int32_t status = incload__bisect_rows(&how, t->rows, why, err);
    *attempts = how.attempts;
    return status;
}

static int64_t
log2_up(int64_t n)
{
    int64_t log = 0;

    while ((INT64_C(1) << log) < n)
        log++;
    return log;
}

START_TEST(one_bad_row_at_any_place_is_found_in_log2_and_one_attempts)
{
    for (int64_t rows = 1; rows <= 130; rows++) {
        for (int64_t place = 0; place < rows; place++) {
            trial t = { .rows = rows };
            int64_t attempts = 0;
            t.bad[place] = true;
            ck_assert_int_eq(search(&t, 0, &attempts, NULL), INCLOAD_OK);
            ck_assert_int_le(attempts, log2_up(rows) + 1);
            for (int64_t i = 0; i < rows; i++) {
                ck_assert(t.rejected[i] == (i == place));
                ck_assert(t.in[i] == (i != place));
            }
        }
    }
}
END_TEST

START_TEST(every_bad_row_is_found_with_its_own_reason)
{
    uint64_t seed = 7;

    for (int32_t round = 0; round < 300; round++) {
        trial t = { .rows = 1 + (int64_t)(seed % (MOST_ROWS - 1)) };
        int64_t attempts = 0, bad = 0;
        for (int64_t i = 0; i < t.rows; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            t.bad[i] = (seed >> 60) == 0;
            bad += t.bad[i];
        }
        if (bad == 0)
            continue;
        ck_assert_int_eq(search(&t, 0, &attempts, NULL), INCLOAD_OK);
        ck_assert_int_le(attempts, bad * (log2_up(t.rows) + 1));
        for (int64_t i = 0; i < t.rows; i++) {
            ck_assert(t.rejected[i] == t.bad[i]);
            ck_assert(t.in[i] == !t.bad[i]);
            ck_assert(!t.bad[i] || t.reasons[i] == i);
        }
    }
}
END_TEST

START_TEST(a_search_for_one_row_ends_with_it)
{
    trial t = { .rows = 64 };
    int64_t attempts = 0;

    t.bad[10] = t.bad[40] = true;
    ck_assert_int_eq(search(&t, 1, &attempts, NULL), INCLOAD_OK);
    ck_assert(t.rejected[10]);
    ck_assert(!t.rejected[40]);
    ck_assert_int_le(attempts, 6);
}
END_TEST

START_TEST(another_failure_ends_the_search_and_is_told)
{
    trial t = { .rows = 8, .fails_with = INCLOAD_E_CONNECT };
    incload_error *err = NULL;
    int64_t attempts = 0;

    t.bad[3] = true;
    ck_assert_int_eq(search(&t, 0, &attempts, &err), INCLOAD_E_CONNECT);
    ck_assert_str_eq(incload_error_message(err), "the wire broke");
    ck_assert_int_eq(attempts, 1);
    incload_error_unref(err);
}
END_TEST

START_TEST(no_row_is_rejected_that_is_taken_alone)
{
    trial t = { .rows = 8, .together = true };
    incload_error *err = NULL;
    int64_t attempts = 0;

    ck_assert_int_eq(search(&t, 0, &attempts, &err), INCLOAD_E_DATA);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "no single row is at fault"));
    for (int64_t i = 0; i < t.rows; i++)
        ck_assert(!t.rejected[i]);
    incload_error_unref(err);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, one_bad_row_at_any_place_is_found_in_log2_and_one_attempts);
    tcase_add_test(tests, every_bad_row_is_found_with_its_own_reason);
    tcase_add_test(tests, a_search_for_one_row_ends_with_it);
    tcase_add_test(tests, another_failure_ends_the_search_and_is_told);
    tcase_add_test(tests, no_row_is_rejected_that_is_taken_alone);
}

HARNESS_MAIN("bisect", add_tests)
