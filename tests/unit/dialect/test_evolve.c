/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that change a table's columns, and where there are none. */
#include "fixture.h"

#include "dialect/evolve.h"

static char table_schema[] = "shop", table_name[] = "ord\"ers`";
static const incload__table target = { table_schema, table_name };

static const struct {
    const incload__dialect *dialect;
    const char *add, *change, *drop; /* change NULL: not in place */
} expected[] = {
    { &incload__dialect_postgres,
      "ALTER TABLE \"shop\".\"ord\"\"ers`\" ADD COLUMN IF NOT EXISTS \"a b\" numeric(12,2)",
      "ALTER TABLE \"shop\".\"ord\"\"ers`\" ALTER COLUMN \"a b\" TYPE bigint USING \"a b\"::bigint",
      "ALTER TABLE \"shop\".\"ord\"\"ers`\" DROP COLUMN IF EXISTS \"a b\"" },
    { &incload__dialect_mariadb,
      "ALTER TABLE `shop`.`ord\"ers``` WAIT 3 ADD COLUMN IF NOT EXISTS `a b` numeric(12,2) NULL",
      "ALTER TABLE `shop`.`ord\"ers``` WAIT 3 MODIFY COLUMN `a b` bigint NOT NULL DEFAULT 5",
      "ALTER TABLE `shop`.`ord\"ers``` WAIT 3 DROP COLUMN IF EXISTS `a b`" },
    { &incload__dialect_sqlite, "ALTER TABLE `shop`.\"ord\"\"ers`\" ADD COLUMN `a b` numeric(12,2)", NULL,
      "ALTER TABLE `shop`.\"ord\"\"ers`\" DROP COLUMN `a b`" },
};

static void
assert_written(incload__str *sql, int32_t status, const char *text)
{
    ck_assert_int_eq(status, INCLOAD_OK);
    ck_assert_str_eq(incload__str_text(sql), text);
    incload__str_clear(sql);
}

START_TEST(columns_are_changed_in_the_words_of_each_database)
{
    char name[] = "a b";
    const incload__evolution *rules = incload__evolution_of(expected[_i].dialect);
    const incload__column column = { .name = name, .type = { .kind = INCLOAD__INT32 } };
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    ck_assert_ptr_nonnull(rules);
    assert_written(&sql, rules->add_column(&sql, &target, name, "numeric(12,2)", NULL), expected[_i].add);
    assert_written(&sql, rules->drop_column(&sql, &target, name, NULL), expected[_i].drop);
    ck_assert_int_eq(rules->change_type != NULL, expected[_i].change != NULL);
    ck_assert_int_eq(rules->drop_not_null != NULL, expected[_i].dialect == &incload__dialect_postgres);
    if (rules->drop_not_null != NULL)
        assert_written(&sql, rules->drop_not_null(&sql, &target, name, NULL),
                       "ALTER TABLE \"shop\".\"ord\"\"ers`\" ALTER COLUMN \"a b\" DROP NOT NULL");
    if (rules->change_type != NULL)
        assert_written(
            &sql, rules->change_type(&sql, &target, &column, "bigint", INCLOAD__INT64, " NOT NULL DEFAULT 5", NULL),
            expected[_i].change);
    incload__str_free(&sql);
}
END_TEST

START_TEST(a_boolean_of_postgresql_becomes_a_number_by_way_of_integer)
{
    char name[] = "b";
    const incload__evolution *rules = incload__evolution_of(&incload__dialect_postgres);
    const incload__column column = { .name = name, .type = { .kind = INCLOAD__BOOL } };
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    assert_written(&sql, rules->change_type(&sql, &target, &column, "smallint", INCLOAD__INT16, "", NULL),
                   "ALTER TABLE \"shop\".\"ord\"\"ers`\" ALTER COLUMN \"b\" TYPE smallint"
                   " USING \"b\"::integer::smallint");
    assert_written(&sql, rules->change_type(&sql, &target, &column, "text", INCLOAD__TEXT, "", NULL),
                   "ALTER TABLE \"shop\".\"ord\"\"ers`\" ALTER COLUMN \"b\" TYPE text USING \"b\"::text");
    incload__str_free(&sql);
}
END_TEST

START_TEST(a_name_that_the_database_cannot_hold_is_refused)
{
    const incload__evolution *rules = incload__evolution_of(expected[_i].dialect);
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    ck_assert_int_eq(rules->add_column(&sql, &target, "", "integer", NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(rules->drop_column(&sql, &target, "", NULL), INCLOAD_E_INVALID);
    incload__str_free(&sql);
}
END_TEST

START_TEST(other_databases_columns_are_left_alone)
{
    ck_assert_ptr_null(incload__evolution_of(&incload__dialect_sqlserver));
    ck_assert_ptr_null(incload__evolution_of(&incload__dialect_ansi));
}
END_TEST

static void
add_tests(TCase *tests)
{
    int count = (int)(sizeof expected / sizeof expected[0]);

    tcase_add_loop_test(tests, columns_are_changed_in_the_words_of_each_database, 0, count);
    tcase_add_test(tests, a_boolean_of_postgresql_becomes_a_number_by_way_of_integer);
    tcase_add_loop_test(tests, a_name_that_the_database_cannot_hold_is_refused, 0, count);
    tcase_add_test(tests, other_databases_columns_are_left_alone);
}

HARNESS_MAIN("evolve", add_tests)
