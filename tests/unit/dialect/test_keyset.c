/* SPDX-License-Identifier: Apache-2.0 */
/* The keyset condition and the order of its placeholders. */
#include "fixture.h"

static incload__column columns[3] = {
    { .name = (char *)"ts", .native = NULL, .type = { INCLOAD__TIMESTAMP, 0, 6 } },
    { .name = (char *)"id", .native = NULL, .type = { INCLOAD__INT64, 0, 0 } },
    { .name = (char *)"part", .native = NULL, .type = { INCLOAD__TEXT, 0, 0 } },
};
static const incload__column *const pointers[3] = { &columns[0], &columns[1], &columns[2] };

START_TEST(one_column_is_plainly_greater)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    const char *const quoted[] = { "`ts`" };
    int32_t order[2];

    ck_assert_int_eq(incload__keyset_after(&incload__dialect_mariadb, &sql, pointers, quoted, 1, 1, order), 1);
    ck_assert_int_eq(order[0], 0);
    expect_sql(&sql, "`ts` > ?");
}
END_TEST

START_TEST(numbered_parameters_are_used_twice_under_one_number)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    const char *const quoted[] = { "\"ts\"", "\"id\"" };
    int32_t order[4];

    columns[0].native = (char *)"timestamp with time zone";
    columns[1].native = (char *)"bigint";
    ck_assert_int_eq(incload__keyset_after(&incload__dialect_postgres, &sql, pointers, quoted, 2, 3, order), 3);
    expect_sql(&sql, "\"ts\" >= $3::timestamp with time zone AND (\"ts\" > $3::timestamp with time zone "
                     "OR \"id\" > $4::bigint)");
    ck_assert_int_eq(order[0], 0);
    ck_assert_int_eq(order[1], 0);
    ck_assert_int_eq(order[2], 1);
    columns[0].native = columns[1].native = NULL;
}
END_TEST

START_TEST(three_columns_nest_and_tell_their_order)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    const char *const quoted[] = { "`ts`", "`id`", "`part`" };
    static const int32_t expected[] = { 0, 0, 1, 1, 2 };
    int32_t order[6];

    ck_assert_int_eq(incload__keyset_after(&incload__dialect_mariadb, &sql, pointers, quoted, 3, 1, order), 5);
    expect_sql(&sql, "`ts` >= ? AND (`ts` > ? OR (`id` >= ? AND (`id` > ? OR `part` > ?)))");
    ck_assert_mem_eq(order, expected, sizeof expected);
}
END_TEST

START_TEST(the_order_need_not_be_asked_for)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    const char *const quoted[] = { "`ts`", "`id`" };

    ck_assert_int_eq(incload__keyset_after(&incload__dialect_sqlite, &sql, pointers, quoted, 2, 1, NULL), 3);
    expect_sql(&sql, "`ts` >= CAST(? AS TEXT) AND (`ts` > CAST(? AS TEXT) OR `id` > CAST(? AS INTEGER))");
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, one_column_is_plainly_greater);
    tcase_add_test(tests, numbered_parameters_are_used_twice_under_one_number);
    tcase_add_test(tests, three_columns_nest_and_tell_their_order);
    tcase_add_test(tests, the_order_need_not_be_asked_for);
}

HARNESS_MAIN("dialect-keyset", add_tests)
