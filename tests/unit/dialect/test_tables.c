/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: created, staged, dropped; and the parts of a dialect that are plain text. */
#include "fixture.h"

static const int32_t key[] = { 0 };

static void
fill(const incload__dialect *dialect, incload__schema *schema)
{
    static const struct {
        const char *name;
        incload__type type;
    } columns[] = {
        { "id", { INCLOAD__INT64, 0, 0 } }, { "name", { INCLOAD__TEXT, 0, 0 } }, { "at", { INCLOAD__TIMESTAMP, 0, 6 } },
    };

    incload__schema_init(schema, &incload__mem_libc);
    for (int i = 0; i < 3; i++) {
        incload__str native = INCLOAD__STR(&incload__mem_libc);
        ck_assert_int_eq(dialect->native_type(&native, columns[i].name, columns[i].type, i == 0, NULL), INCLOAD_OK);
        add_column(schema, columns[i].name, incload__str_text(&native), columns[i].type, i > 0);
        incload__str_free(&native);
    }
}

static void
expect_statements(const incload__dialect *dialect, const char *create, const char *staging, const char *drop)
{
    incload__table table = { (char *)"s", (char *)"t" };
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    incload__schema schema;

    fill(dialect, &schema);
    ck_assert_int_eq(dialect->create_table(&sql, &table, &schema, key, 1, NULL), INCLOAD_OK);
    expect_sql(&sql, create);
    ck_assert_int_eq(dialect->create_staging(&sql, "g", &schema, NULL), INCLOAD_OK);
    expect_sql(&sql, staging);
    dialect->drop_staging(&sql, "g");
    expect_sql(&sql, drop);
    incload__schema_free(&schema);
}

START_TEST(postgres_tables)
{
    expect_statements(&incload__dialect_postgres,
                      "CREATE TABLE IF NOT EXISTS \"s\".\"t\" (\"id\" bigint NOT NULL, \"name\" text, "
                      "\"at\" timestamp(6) without time zone, PRIMARY KEY (\"id\"))",
                      "CREATE TEMP TABLE \"g\" (\"id\" bigint, \"name\" text, \"at\" timestamp(6) without time zone) "
                      "ON COMMIT DROP",
                      "DROP TABLE IF EXISTS pg_temp.\"g\"");
}
END_TEST

START_TEST(mariadb_tables)
{
    expect_statements(&incload__dialect_mariadb,
                      "CREATE TABLE IF NOT EXISTS `s`.`t` (`id` bigint NOT NULL, "
                      "`name` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NULL, `at` datetime(6) NULL, "
                      "PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
                      "CREATE TEMPORARY TABLE `g` (`_incload_seq` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, "
                      "`id` bigint NULL, `name` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NULL, "
                      "`at` datetime(6) NULL) ENGINE=InnoDB",
                      "DROP TEMPORARY TABLE IF EXISTS `g`");
}
END_TEST

START_TEST(sqlite_tables)
{
    expect_statements(&incload__dialect_sqlite,
                      "CREATE TABLE IF NOT EXISTS `s`.`t` (`id` BIGINT NOT NULL, `name` TEXT, `at` TIMESTAMP TEXT, "
                      "PRIMARY KEY (`id`))",
                      "CREATE TEMP TABLE `g` (`_incload_seq` INTEGER PRIMARY KEY, `id` BIGINT, `name` TEXT, "
                      "`at` TIMESTAMP TEXT)",
                      "DROP TABLE IF EXISTS temp.`g`");
}
END_TEST

START_TEST(sqlserver_tables)
{
    expect_statements(&incload__dialect_sqlserver,
                      "IF OBJECT_ID(N'[s].[t]', N'U') IS NULL CREATE TABLE [s].[t] ([id] bigint NOT NULL, "
                      "[name] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [at] datetime2(6) NULL, "
                      "PRIMARY KEY ([id]))",
                      "CREATE TABLE [#g] ([_incload_seq] bigint IDENTITY(1,1) NOT NULL PRIMARY KEY, [id] bigint NULL, "
                      "[name] nvarchar(max) COLLATE Latin1_General_100_BIN2 NULL, [at] datetime2(6) NULL)",
                      "DROP TABLE IF EXISTS [#g]");
}
END_TEST

START_TEST(ansi_tables)
{
    expect_statements(&incload__dialect_ansi,
                      "CREATE TABLE IF NOT EXISTS \"s\".\"t\" (\"id\" BIGINT NOT NULL, "
                      "\"name\" CHARACTER LARGE OBJECT, \"at\" TIMESTAMP(6), PRIMARY KEY (\"id\"))",
                      "CREATE LOCAL TEMPORARY TABLE \"g\" (\"_incload_seq\" BIGINT GENERATED ALWAYS AS IDENTITY, "
                      "\"id\" BIGINT, \"name\" CHARACTER LARGE OBJECT, \"at\" TIMESTAMP(6)) ON COMMIT PRESERVE ROWS",
                      "DROP TABLE IF EXISTS \"g\"");
}
END_TEST

START_TEST(sqlserver_doubles_apostrophes_of_a_name_inside_a_string)
{
    incload__table table = { NULL, (char *)"o'brien" };
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    incload__schema schema;

    incload__schema_init(&schema, &incload__mem_libc);
    add_column(&schema, "a", "int", (incload__type){ INCLOAD__INT32, 0, 0 }, true);
    ck_assert_int_eq(incload__dialect_sqlserver.create_table(&sql, &table, &schema, NULL, 0, NULL), INCLOAD_OK);
    expect_sql(&sql, "IF OBJECT_ID(N'[o''brien]', N'U') IS NULL CREATE TABLE [o'brien] ([a] int NULL)");
    incload__schema_free(&schema);
}
END_TEST

START_TEST(a_column_without_a_native_type_is_refused)
{
    for (int i = 0; i < DIALECT_COUNT; i++) {
        incload__str sql = INCLOAD__STR(&incload__mem_libc);
        incload_error *err = NULL;
        incload__schema schema;

        incload__schema_init(&schema, &incload__mem_libc);
        add_column(&schema, "price", NULL, (incload__type){ INCLOAD__INT32, 0, 0 }, true);
        ck_assert_int_eq(all_dialects[i]->create_staging(&sql, "g", &schema, &err), INCLOAD_E_TYPE);
        expect_error(&err, INCLOAD_E_TYPE, "column 'price'");
        incload__str_free(&sql);
        incload__schema_free(&schema);
    }
}
END_TEST

START_TEST(transactions_and_sessions_are_pinned)
{
    ck_assert_str_eq(incload__dialect_postgres.begin_read, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    ck_assert_str_eq(incload__dialect_postgres.begin_write, "BEGIN ISOLATION LEVEL READ COMMITTED");
    ck_assert_str_eq(incload__dialect_mariadb.begin_read, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
    ck_assert_str_eq(incload__dialect_sqlite.begin_read, "BEGIN");
    ck_assert_str_eq(incload__dialect_sqlite.begin_write, "BEGIN IMMEDIATE");
    ck_assert(!incload__dialect_sqlserver.snapshot_reads);
    for (int i = 0; i < DIALECT_COUNT; i++)
        ck_assert_ptr_nonnull(all_dialects[i]->session);
}
END_TEST

START_TEST(catalog_queries_take_pairs_of_schema_and_table)
{
    for (int i = 0; i < DIALECT_COUNT; i++) {
        const char *const queries[] = { all_dialects[i]->columns_query, all_dialects[i]->keys_query,
                                        all_dialects[i]->schema_query };
        for (int q = 0; q < 3; q++) {
            int marks = 0;

            ck_assert(strncmp(queries[q], "SELECT", 6) == 0 || strncmp(queries[q], "WITH", 4) == 0);
            ck_assert_ptr_null(strstr(queries[q], "--"));
            for (const char *at = queries[q]; *at != '\0'; at++)
                marks += *at == '?';
            if (all_dialects[i]->numbered_params)
                ck_assert(marks == 0 && strstr(queries[q], "$1") != NULL && strstr(queries[q], "$2") != NULL);
            else
                ck_assert(marks > 0 && marks <= 8 && marks % 2 == 0);
        }
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, postgres_tables);
    tcase_add_test(tests, mariadb_tables);
    tcase_add_test(tests, sqlite_tables);
    tcase_add_test(tests, sqlserver_tables);
    tcase_add_test(tests, ansi_tables);
    tcase_add_test(tests, sqlserver_doubles_apostrophes_of_a_name_inside_a_string);
    tcase_add_test(tests, a_column_without_a_native_type_is_refused);
    tcase_add_test(tests, transactions_and_sessions_are_pinned);
    tcase_add_test(tests, catalog_queries_take_pairs_of_schema_and_table);
}

HARNESS_MAIN("dialect-tables", add_tests)
