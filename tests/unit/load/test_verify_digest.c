/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of cells and rows: what is the same to them, and what is not; and sums of them. */
#include "batch/cells.h"
#include "load/verify_digest.h"

enum { MOST = 8 };

static const uint8_t exact[MOST];
static const int32_t all[MOST] = { 0, 1, 2, 3, 4, 5, 6, 7 };

static incload__digest
digest_of(incload__type type, const char *cell, uint8_t rule, uint64_t seed)
{
    incload__schema schema = one_column(type);
    struct ArrowArray batch;
    incload__view view;
    incload__digest digest;
    incload__hasher hasher = { seed, &rule, INCLOAD__STR(&incload__mem_libc) };

    batch_of(&schema, &cell, 1, &batch);
    ck_assert_int_eq(incload__view_init(&view, &incload__mem_libc, &schema, &batch, NULL), INCLOAD_OK);
    ck_assert(incload__hash_cells(&hasher, &view, all, 1, 0, &digest));
    incload__view_free(&view);
    incload__array_release(&batch);
    incload__schema_free(&schema);
    incload__str_free(&hasher.bytes);
    return digest;
}

static bool
same(incload__type type, const char *a, const char *b, uint8_t rule)
{
    return incload__digest_equal(digest_of(type, a, rule, 1), digest_of(type, b, rule, 1));
}

static const struct {
    incload__type type;
    const char *a, *b;
} apart[] = {
    { { .kind = INCLOAD__TEXT }, NULL, "" },
    { { .kind = INCLOAD__TEXT }, NULL, "NULL" },
    { { .kind = INCLOAD__TEXT }, "", " " },
    { { .kind = INCLOAD__TEXT }, "a", "A" },
    { { .kind = INCLOAD__TEXT }, "a", "a " },
    { { .kind = INCLOAD__TEXT }, "1.0", "1.00" },
    { { .kind = INCLOAD__INT64 }, NULL, "0" },
    { { .kind = INCLOAD__INT64 }, "1", "-1" },
    { { .kind = INCLOAD__INT64 }, "1", "4294967296" },
    { { .kind = INCLOAD__INT64 }, "-1", "9223372036854775807" },
    { { .kind = INCLOAD__UINT64 }, "0", "18446744073709551615" },
    { { .kind = INCLOAD__BOOL }, "true", "false" },
    { { .kind = INCLOAD__BOOL }, NULL, "false" },
    { { .kind = INCLOAD__FLOAT64 }, "0", "-0" },
    { { .kind = INCLOAD__FLOAT64 }, "1", "1.0000000000000002" },
    { { .kind = INCLOAD__FLOAT64 }, "NaN", "Infinity" },
    { { .kind = INCLOAD__FLOAT64 }, "Infinity", "-Infinity" },
    { { .kind = INCLOAD__NUMERIC }, "1", "-1" },
    { { .kind = INCLOAD__NUMERIC }, "1", "10" },
    { { .kind = INCLOAD__NUMERIC }, "1.1", "11" },
    { { .kind = INCLOAD__NUMERIC }, "0", NULL },
    { { .kind = INCLOAD__NUMERIC }, "0", "NaN" },
    { { .kind = INCLOAD__NUMERIC }, "0.1", "0.01" },
    { { .kind = INCLOAD__NUMERIC }, "123456789012345678901234567890.1", "123456789012345678901234567890.2" },
    { { .kind = INCLOAD__DECIMAL, .precision = 38, .scale = 2 }, "1.00", "1.01" },
    { { .kind = INCLOAD__TIMESTAMP, .scale = 6 }, "2024-01-01 00:00:00", "2024-01-01 00:00:00.000001" },
    { { .kind = INCLOAD__DATE }, "2024-01-01", "2024-01-02" },
    { { .kind = INCLOAD__TIME, .scale = 6 }, "00:00:00", NULL },
    { { .kind = INCLOAD__JSON }, "{\"a\": 1}", "{\"a\":1}" },
    { { .kind = INCLOAD__NATIVE }, "30 days", "1 mon" },
};

START_TEST(different_values_have_different_digests)
{
    ck_assert_msg(!same(apart[_i].type, apart[_i].a, apart[_i].b, INCLOAD__CELL_EXACT), "%s and %s", apart[_i].a,
                  apart[_i].b);
}
END_TEST

START_TEST(numbers_are_the_same_however_many_zeros_they_show)
{
    static const char *const pairs[][2] = { { "1.0", "1.00" }, { "0", "0.000" }, { "-0.50", "-0.5" }, { "100", "1e2" },
                                            { "0", "-0.0" } };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        ck_assert_msg(same(TYPE(NUMERIC), pairs[i][0], pairs[i][1], INCLOAD__CELL_EXACT), "%s", pairs[i][0]);
        ck_assert_msg(same(TYPE(NATIVE), pairs[i][0], pairs[i][1], INCLOAD__CELL_NUMBER), "%s", pairs[i][0]);
        ck_assert_msg(!same(TYPE(NATIVE), pairs[i][0], pairs[i][1], INCLOAD__CELL_EXACT), "%s", pairs[i][0]);
    }
    ck_assert(!same(TYPE(NATIVE), "1", "2", INCLOAD__CELL_NUMBER));
    ck_assert(same(TYPE(NATIVE), "NaN", "NaN", INCLOAD__CELL_NUMBER));
    ck_assert(!same(TYPE(NATIVE), "NaN", "0", INCLOAD__CELL_NUMBER));
    ck_assert(!same(TYPE(NATIVE), "Infinity", "-Infinity", INCLOAD__CELL_NUMBER));
}
END_TEST

START_TEST(blanks_count_unless_the_type_pads)
{
    ck_assert(same(TYPE(TEXT), "a", "a  ", INCLOAD__CELL_PADDED));
    ck_assert(same(TYPE(TEXT), "", "  ", INCLOAD__CELL_PADDED));
    ck_assert(!same(TYPE(TEXT), " a", "a", INCLOAD__CELL_PADDED));
    ck_assert(!same(TYPE(TEXT), NULL, "  ", INCLOAD__CELL_PADDED));
}
END_TEST

START_TEST(another_seed_gives_another_digest)
{
    ck_assert(!incload__digest_equal(digest_of(TYPE(TEXT), "a", 0, 1), digest_of(TYPE(TEXT), "a", 0, 2)));
}
END_TEST

/* A row of two texts. */
static incload__digest
pair_of(const char *a, const char *b)
{
    incload__schema schema = one_column(TYPE(TEXT));
    incload__view view;
    struct ArrowArray batch;
    incload__digest digest;
    incload__hasher hasher = { 7, exact, INCLOAD__STR(&incload__mem_libc) };

    ck_assert_ptr_nonnull(incload__schema_add(&schema, "d", NULL, TYPE(TEXT)));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, NULL);
    const char *cells[2] = { a, b };
    for (int32_t i = 0; i < 2; i++) {
        if (cells[i] == NULL)
            incload__put_null(builder, i);
        else
            incload__put_text(builder, i, cells[i], strlen(cells[i]));
    }
    ck_assert_int_eq(incload__builder_finish(builder, &batch, NULL), INCLOAD_OK);
    incload__builder_free(builder);
    ck_assert_int_eq(incload__view_init(&view, &incload__mem_libc, &schema, &batch, NULL), INCLOAD_OK);
    ck_assert(incload__hash_cells(&hasher, &view, all, 2, 0, &digest));
    incload__view_free(&view);
    incload__array_release(&batch);
    incload__schema_free(&schema);
    incload__str_free(&hasher.bytes);
    return digest;
}

START_TEST(cells_do_not_run_into_each_other)
{
    ck_assert(incload__digest_equal(pair_of("a", "b"), pair_of("a", "b")));
    ck_assert(!incload__digest_equal(pair_of("a", "b"), pair_of("b", "a")));
    ck_assert(!incload__digest_equal(pair_of("ab", ""), pair_of("a", "b")));
    ck_assert(!incload__digest_equal(pair_of("a|b", "c"), pair_of("a", "b|c")));
    ck_assert(!incload__digest_equal(pair_of(NULL, "a"), pair_of("a", NULL)));
    ck_assert(!incload__digest_equal(pair_of(NULL, ""), pair_of("", NULL)));
}
END_TEST

static incload__bucket
sum_of(const incload__digest *rows, const int32_t *order, int32_t count)
{
    incload__bucket sum = { 0, { 0, 0 } };

    for (int32_t i = 0; i < count; i++)
        incload__bucket_add(&sum, rows[order[i]]);
    return sum;
}

START_TEST(a_sum_is_of_a_multiset)
{
    const incload__digest rows[] = { pair_of("a", "b"), pair_of("c", "d"), pair_of("a", "d"), pair_of("c", "b") };
    incload__bucket ab = sum_of(rows, (int32_t[]){ 0, 1 }, 2), ba = sum_of(rows, (int32_t[]){ 1, 0 }, 2);
    incload__bucket swapped = sum_of(rows, (int32_t[]){ 2, 3 }, 2);
    incload__bucket twice = sum_of(rows, (int32_t[]){ 0, 0 }, 2), none = sum_of(rows, NULL, 0);
    incload__bucket joined = sum_of(rows, (int32_t[]){ 0 }, 1), other = sum_of(rows, (int32_t[]){ 1 }, 1);

    ck_assert(incload__bucket_equal(&ab, &ba));
    ck_assert(!incload__bucket_equal(&ab, &swapped));
    ck_assert(!incload__bucket_equal(&twice, &none));
    ck_assert(twice.sum.low != 0);
    incload__bucket_join(&joined, &other);
    ck_assert(incload__bucket_equal(&joined, &ab));
    incload__bucket_join(&joined, &none);
    ck_assert(incload__bucket_equal(&joined, &ab));
}
END_TEST

START_TEST(sums_carry_into_their_upper_half)
{
    incload__bucket sum = { 0, { 0, 0 } };

    incload__bucket_add(&sum, (incload__digest){ UINT64_MAX, 1 });
    incload__bucket_add(&sum, (incload__digest){ 2, 3 });
    ck_assert_uint_eq(sum.sum.low, 1);
    ck_assert_uint_eq(sum.sum.high, 5);
    ck_assert_int_eq(sum.rows, 2);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, different_values_have_different_digests, 0, sizeof apart / sizeof apart[0]);
    tcase_add_test(tests, numbers_are_the_same_however_many_zeros_they_show);
    tcase_add_test(tests, blanks_count_unless_the_type_pads);
    tcase_add_test(tests, another_seed_gives_another_digest);
    tcase_add_test(tests, cells_do_not_run_into_each_other);
    tcase_add_test(tests, a_sum_is_of_a_multiset);
    tcase_add_test(tests, sums_carry_into_their_upper_half);
}

HARNESS_MAIN("verify digest", add_tests)
