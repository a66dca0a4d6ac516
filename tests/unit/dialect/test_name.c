/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a table's name, and finding a dialect. */
#include "fixture.h"

static void
expect_table(const char *text, const char *schema, const char *name)
{
    incload__table table;
    incload_error *err = NULL;

    ck_assert_int_eq(incload__table_parse(&incload__mem_libc, text, &table, &err), INCLOAD_OK);
    ck_assert_pstr_eq(table.schema, schema);
    ck_assert_str_eq(table.name, name);
    incload__table_free(&incload__mem_libc, &table);
    ck_assert_ptr_null(table.name);
}

static void
refuse_table(const char *text, const char *part)
{
    incload__table table;
    incload_error *err = NULL;

    ck_assert_int_eq(incload__table_parse(&incload__mem_libc, text, &table, &err), INCLOAD_E_INVALID);
    ck_assert_ptr_null(table.schema);
    ck_assert_ptr_null(table.name);
    expect_error(&err, INCLOAD_E_INVALID, part);
}

START_TEST(a_plain_name_keeps_its_case)
{
    expect_table("Orders", NULL, "Orders");
    expect_table("Sales.Orders", "Sales", "Orders");
}
END_TEST

START_TEST(quoted_parts_may_hold_dots_quotes_and_spaces)
{
    expect_table("\"my.schema\".\"a \"\"b\"\" c\"", "my.schema", "a \"b\" c");
    expect_table("sales.\"order lines\"", "sales", "order lines");
    expect_table("\"sales\".lines", "sales", "lines");
    expect_table("[x]", NULL, "[x]");
}
END_TEST

START_TEST(what_is_no_table_name_is_refused)
{
    refuse_table("", "empty");
    refuse_table(NULL, "empty");
    refuse_table(".t", "empty part");
    refuse_table("s.", "empty part");
    refuse_table("\"\"", "empty part");
    refuse_table("a.b.c", "only table or schema.table");
    refuse_table("\"a\"b", "only table or schema.table");
    refuse_table("\"open", "not closed");
    refuse_table("two words", "double quotes");
    refuse_table("a\"b", "double quotes");
    refuse_table("a\xff", "UTF-8");
}
END_TEST

START_TEST(a_table_is_quoted_with_its_schema)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    incload__table table = { (char *)"s", (char *)"t" };

    ck_assert_int_eq(incload__quote_table(&incload__dialect_mariadb, &sql, &table, NULL), INCLOAD_OK);
    expect_sql(&sql, "`s`.`t`");
    table.schema = NULL;
    ck_assert_int_eq(incload__quote_table(&incload__dialect_postgres, &sql, &table, NULL), INCLOAD_OK);
    expect_sql(&sql, "\"t\"");
}
END_TEST

START_TEST(dialects_are_found_by_name_and_by_what_drivers_say)
{
    for (int i = 0; i < DIALECT_COUNT; i++)
        ck_assert_ptr_eq(incload__dialect_find(all_dialects[i]->name), all_dialects[i]);
    ck_assert_ptr_null(incload__dialect_find("oracle"));

    ck_assert_ptr_eq(incload__dialect_of_dbms("PostgreSQL"), &incload__dialect_postgres);
    ck_assert_ptr_eq(incload__dialect_of_dbms("MariaDB"), &incload__dialect_mariadb);
    ck_assert_ptr_eq(incload__dialect_of_dbms("SQLite"), &incload__dialect_sqlite);
    ck_assert_ptr_eq(incload__dialect_of_dbms("Microsoft SQL Server"), &incload__dialect_sqlserver);
    ck_assert_ptr_eq(incload__dialect_of_dbms("OpenLink Virtuoso"), &incload__dialect_ansi);
}
END_TEST

START_TEST(a_list_of_statements_is_bounded)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload_error *err = NULL;

    for (int i = 0; i < 9; i++) {
        incload__str sql = INCLOAD__STR(&incload__mem_libc);
        incload__str_add(&sql, "SELECT 1");
        ck_assert_int_eq(incload__statements_add(&list, &sql, true, &err), i < 8 ? INCLOAD_OK : INCLOAD_E_INTERNAL);
    }
    incload_error_unref(err);
    incload__statements_free(&list);
    ck_assert_int_eq(list.count, 0);
}
END_TEST

START_TEST(a_statement_whose_memory_failed_is_refused)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    sql.failed = true;
    ck_assert_int_eq(incload__statements_add(&list, &sql, true, NULL), INCLOAD_E_NO_MEMORY);
    ck_assert_int_eq(list.count, 0);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_plain_name_keeps_its_case);
    tcase_add_test(tests, quoted_parts_may_hold_dots_quotes_and_spaces);
    tcase_add_test(tests, what_is_no_table_name_is_refused);
    tcase_add_test(tests, a_table_is_quoted_with_its_schema);
    tcase_add_test(tests, dialects_are_found_by_name_and_by_what_drivers_say);
    tcase_add_test(tests, a_list_of_statements_is_bounded);
    tcase_add_test(tests, a_statement_whose_memory_failed_is_refused);
}

HARNESS_MAIN("dialect-name", add_tests)
