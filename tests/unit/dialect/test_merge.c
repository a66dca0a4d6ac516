/* SPDX-License-Identifier: Apache-2.0 */
/* Merge and append: whole statements. The table has a key, a text and an instant. */
#include "fixture.h"

static incload__table target = { NULL, (char *)"t" };
static incload__schema columns;
static const int32_t key[] = { 0 };
static const int32_t all_key[] = { 0, 1, 2 };

static void
fill(const incload__dialect *dialect)
{
    static const struct {
        const char *name;
        incload__type type;
        bool nullable;
    } list[] = {
        { "id", { INCLOAD__INT64, 0, 0 }, false },
        { "v", { INCLOAD__TEXT, 0, 0 }, true },
        { "at", { INCLOAD__TIMESTAMP, 0, 6 }, true },
    };

    incload__schema_init(&columns, &incload__mem_libc);
    for (int i = 0; i < 3; i++) {
        incload__str native = INCLOAD__STR(&incload__mem_libc);
        ck_assert_int_eq(dialect->native_type(&native, list[i].name, list[i].type, i == 0, NULL), INCLOAD_OK);
        add_column(&columns, list[i].name, incload__str_text(&native), list[i].type, list[i].nullable);
        incload__str_free(&native);
    }
}

static incload__merge
merge_by(const int32_t *columns_of_key, int32_t count, int32_t latest_by)
{
    return (incload__merge){ .target = &target, .staging = "g", .columns = &columns, .key = columns_of_key,
                             .key_count = count, .latest_by = latest_by };
}

static void
expect_next(incload__statements *list, int32_t index, bool counts, const char *sql)
{
    ck_assert_int_lt(index, list->count);
    ck_assert_str_eq(list->items[index].sql, sql);
    ck_assert(list->items[index].counts == counts);
}

START_TEST(postgres_merges_in_one_statement_that_skips_equal_rows)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__merge merge = merge_by(key, 1, 2);

    fill(&incload__dialect_postgres);
    ck_assert_int_eq(incload__dialect_postgres.merge(&list, &merge, NULL), INCLOAD_OK);
    ck_assert_int_eq(list.count, 1);
    expect_next(&list, 0, true,
                "INSERT INTO \"t\" AS t (\"id\", \"v\", \"at\") OVERRIDING SYSTEM VALUE "
                "SELECT DISTINCT ON (s.\"id\") s.\"id\", s.\"v\", s.\"at\" FROM pg_temp.\"g\" AS s "
                "ORDER BY s.\"id\", s.\"at\" DESC NULLS LAST, s.ctid DESC "
                "ON CONFLICT (\"id\") DO UPDATE SET \"v\" = EXCLUDED.\"v\", \"at\" = EXCLUDED.\"at\" "
                "WHERE t.\"v\" COLLATE \"C\" IS DISTINCT FROM EXCLUDED.\"v\" COLLATE \"C\" "
                "OR t.\"at\" IS DISTINCT FROM EXCLUDED.\"at\"");
    incload__statements_free(&list);
    incload__schema_free(&columns);
}
END_TEST

START_TEST(postgres_compares_types_without_equality_as_text)
{
    static const char *const natives[] = { "json", "jsonb", "xml", "point", "interval", "s1.mood" };

    for (size_t i = 0; i < sizeof natives / sizeof natives[0]; i++) {
        incload__statements list = { .mem = &incload__mem_libc };
        incload__merge merge = merge_by(key, 1, -1);

        incload__schema_init(&columns, &incload__mem_libc);
        add_column(&columns, "id", "bigint", (incload__type){ INCLOAD__INT64, 0, 0 }, false);
        add_column(&columns, "x", natives[i], (incload__type){ INCLOAD__NATIVE, 0, 0 }, true);
        ck_assert_int_eq(incload__dialect_postgres.merge(&list, &merge, NULL), INCLOAD_OK);
        ck_assert(strstr(list.items[0].sql, "WHERE t.\"x\"::text IS DISTINCT FROM EXCLUDED.\"x\"::text") != NULL);
        incload__statements_free(&list);
        incload__schema_free(&columns);
    }
}
END_TEST

START_TEST(postgres_does_nothing_on_conflict_when_all_columns_are_key)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__merge merge = merge_by(all_key, 3, -1);

    fill(&incload__dialect_postgres);
    ck_assert_int_eq(incload__dialect_postgres.merge(&list, &merge, NULL), INCLOAD_OK);
    expect_next(&list, 0, true,
                "INSERT INTO \"t\" AS t (\"id\", \"v\", \"at\") OVERRIDING SYSTEM VALUE "
                "SELECT DISTINCT ON (s.\"id\", s.\"v\", s.\"at\") s.\"id\", s.\"v\", s.\"at\" FROM pg_temp.\"g\" AS s "
                "ORDER BY s.\"id\", s.\"v\", s.\"at\", s.ctid DESC ON CONFLICT (\"id\", \"v\", \"at\") DO NOTHING");
    incload__statements_free(&list);
    incload__schema_free(&columns);
}
END_TEST

#define WINNERS                                                                                                       \
    "(SELECT r.`_incload_seq` FROM (SELECT n.`_incload_seq`, ROW_NUMBER() OVER (PARTITION BY n.`id` "                  \
    "ORDER BY n.`at` DESC, n.`_incload_seq` DESC) AS place FROM `g` AS n) AS r WHERE r.place = 1) AS w "               \
    "STRAIGHT_JOIN `g` AS s ON s.`_incload_seq` = w.`_incload_seq` "

START_TEST(mariadb_updates_and_inserts_the_winner_of_each_key)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__merge merge = merge_by(key, 1, 2);

    fill(&incload__dialect_mariadb);
    ck_assert_int_eq(incload__dialect_mariadb.merge(&list, &merge, NULL), INCLOAD_OK);
    ck_assert_int_eq(list.count, 2);
    expect_next(&list, 0, true,
                "UPDATE " WINNERS "STRAIGHT_JOIN `t` AS t ON t.`id` = s.`id` SET t.`v` = s.`v`, t.`at` = s.`at` "
                "WHERE NOT (CAST(t.`v` AS BINARY) <=> CAST(s.`v` AS BINARY) AND t.`at` <=> s.`at`)");
    expect_next(&list, 1, true,
                "INSERT INTO `t` (`id`, `v`, `at`) SELECT s.`id`, s.`v`, s.`at` FROM " WINNERS
                "LEFT JOIN `t` AS t ON t.`id` = s.`id` WHERE t.`id` IS NULL");
    incload__statements_free(&list);
    incload__schema_free(&columns);
}
END_TEST

START_TEST(mariadb_updates_nothing_when_all_columns_are_key)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__merge merge = merge_by(all_key, 3, -1);

    fill(&incload__dialect_mariadb);
    ck_assert_int_eq(incload__dialect_mariadb.merge(&list, &merge, NULL), INCLOAD_OK);
    ck_assert_int_eq(list.count, 1);
    ck_assert(strncmp(list.items[0].sql, "INSERT INTO ", 12) == 0);
    incload__statements_free(&list);
    incload__schema_free(&columns);
}
END_TEST

START_TEST(sqlite_merges_the_winner_of_each_key)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__merge merge = merge_by(key, 1, 2);

    fill(&incload__dialect_sqlite);
    ck_assert_int_eq(incload__dialect_sqlite.merge(&list, &merge, NULL), INCLOAD_OK);
    ck_assert_int_eq(list.count, 1);
    expect_next(&list, 0, true,
                "INSERT INTO `t` AS t (`id`, `v`, `at`) SELECT s.`id`, s.`v`, s.`at` FROM (SELECT "
                "n.`id`, n.`v`, n.`at`, row_number() OVER (PARTITION BY n.`id` "
                "ORDER BY n.`at` DESC, n.`_incload_seq` DESC) AS `_incload_place` FROM temp.`g` AS n) AS s "
                "WHERE s.`_incload_place` = 1 "
                "ON CONFLICT (`id`) DO UPDATE SET `v` = excluded.`v`, `at` = excluded.`at` "
                "WHERE t.`v` COLLATE BINARY IS NOT excluded.`v` OR t.`at` COLLATE BINARY IS NOT excluded.`at`");
    incload__statements_free(&list);
    incload__schema_free(&columns);
}
END_TEST

START_TEST(sqlite_orders_decimals_kept_as_text_by_their_value)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__merge merge = merge_by(key, 1, 1);

    incload__schema_init(&columns, &incload__mem_libc);
    add_column(&columns, "id", "BIGINT", (incload__type){ INCLOAD__INT64, 0, 0 }, false);
    add_column(&columns, "n", "DECIMAL TEXT(9,2)", (incload__type){ INCLOAD__DECIMAL, 9, 2 }, true);
    ck_assert_int_eq(incload__dialect_sqlite.merge(&list, &merge, NULL), INCLOAD_OK);
    ck_assert(strstr(list.items[0].sql, "ORDER BY CAST(n.`n` AS NUMERIC) DESC, n.`_incload_seq` DESC") != NULL);
    incload__statements_free(&list);
    incload__schema_free(&columns);
}
END_TEST

START_TEST(sqlserver_removes_duplicates_before_merge)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__merge merge = merge_by(key, 1, -1);

    fill(&incload__dialect_sqlserver);
    ck_assert_int_eq(incload__dialect_sqlserver.merge(&list, &merge, NULL), INCLOAD_OK);
    ck_assert_int_eq(list.count, 2);
    expect_next(&list, 0, false,
                "WITH d AS (SELECT ROW_NUMBER() OVER (PARTITION BY s.[id] ORDER BY s.[_incload_seq] DESC) AS place "
                "FROM [#g] AS s) DELETE FROM d WHERE place > 1");
    expect_next(&list, 1, true,
                "MERGE INTO [t] WITH (HOLDLOCK) AS t USING [#g] AS s ON t.[id] = s.[id] "
                "WHEN MATCHED AND EXISTS (SELECT CONVERT(varbinary(max), s.[v]), s.[at] "
                "EXCEPT SELECT CONVERT(varbinary(max), t.[v]), t.[at]) THEN UPDATE SET [v] = s.[v], [at] = s.[at] "
                "WHEN NOT MATCHED BY TARGET THEN INSERT ([id], [v], [at]) VALUES (s.[id], s.[v], s.[at]);");
    incload__statements_free(&list);
    incload__schema_free(&columns);
}
END_TEST

START_TEST(ansi_updates_then_inserts_what_is_missing)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__merge merge = merge_by(key, 1, -1);

    fill(&incload__dialect_ansi);
    columns.count = 2;
    ck_assert_int_eq(incload__dialect_ansi.merge(&list, &merge, NULL), INCLOAD_OK);
    ck_assert_int_eq(list.count, 3);
    expect_next(&list, 0, false,
                "DELETE FROM \"g\" WHERE EXISTS (SELECT 1 FROM \"g\" AS n WHERE n.\"id\" = \"g\".\"id\" AND "
                "n.\"_incload_seq\" > \"g\".\"_incload_seq\")");
    expect_next(&list, 1, true,
                "UPDATE \"t\" AS t SET \"v\" = (SELECT s.\"v\" FROM \"g\" AS s WHERE t.\"id\" = s.\"id\") "
                "WHERE EXISTS (SELECT 1 FROM \"g\" AS s WHERE t.\"id\" = s.\"id\" AND ((t.\"v\" <> s.\"v\" "
                "OR (t.\"v\" IS NULL AND s.\"v\" IS NOT NULL) OR (t.\"v\" IS NOT NULL AND s.\"v\" IS NULL))))");
    expect_next(&list, 2, true,
                "INSERT INTO \"t\" (\"id\", \"v\") SELECT s.\"id\", s.\"v\" FROM \"g\" AS s "
                "WHERE NOT EXISTS (SELECT 1 FROM \"t\" AS t WHERE t.\"id\" = s.\"id\")");
    incload__statements_free(&list);
    columns.count = 3;
    incload__schema_free(&columns);
}
END_TEST

START_TEST(ansi_latest_by_outdoes_with_nulls_last)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__merge merge = merge_by(key, 1, 2);

    fill(&incload__dialect_ansi);
    ck_assert_int_eq(incload__dialect_ansi.merge(&list, &merge, NULL), INCLOAD_OK);
    expect_next(&list, 0, false,
                "DELETE FROM \"g\" WHERE EXISTS (SELECT 1 FROM \"g\" AS n WHERE n.\"id\" = \"g\".\"id\" AND "
                "(n.\"at\" > \"g\".\"at\" OR (n.\"at\" IS NOT NULL AND \"g\".\"at\" IS NULL) OR "
                "((n.\"at\" = \"g\".\"at\" OR (n.\"at\" IS NULL AND \"g\".\"at\" IS NULL)) AND "
                "n.\"_incload_seq\" > \"g\".\"_incload_seq\")))");
    incload__statements_free(&list);
    incload__schema_free(&columns);
}
END_TEST

static void
expect_append(const incload__dialect *dialect, const char *boundary, const char *sql)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__merge merge = merge_by(NULL, 0, -1);

    fill(dialect);
    ck_assert_int_eq(dialect->append(&list, &merge, boundary, NULL), INCLOAD_OK);
    ck_assert_int_eq(list.count, 1);
    expect_next(&list, 0, true, sql);
    incload__statements_free(&list);
    incload__schema_free(&columns);
}

START_TEST(append_is_a_plain_insert)
{
    expect_append(&incload__dialect_postgres, NULL,
                  "INSERT INTO \"t\" AS t (\"id\", \"v\", \"at\") OVERRIDING SYSTEM VALUE "
                  "SELECT s.\"id\", s.\"v\", s.\"at\" FROM pg_temp.\"g\" AS s");
    expect_append(&incload__dialect_mariadb, NULL,
                  "INSERT INTO `t` (`id`, `v`, `at`) SELECT s.`id`, s.`v`, s.`at` FROM `g` AS s "
                  "ORDER BY s.`_incload_seq`");
    expect_append(&incload__dialect_sqlite, NULL,
                  "INSERT INTO `t` AS t (`id`, `v`, `at`) SELECT s.`id`, s.`v`, s.`at` FROM temp.`g` AS s "
                  "ORDER BY s.`_incload_seq`");
    expect_append(&incload__dialect_sqlserver, NULL,
                  "INSERT INTO [t] ([id], [v], [at]) SELECT s.[id], s.[v], s.[at] FROM [#g] AS s "
                  "ORDER BY s.[_incload_seq]");
    expect_append(&incload__dialect_ansi, NULL,
                  "INSERT INTO \"t\" (\"id\", \"v\", \"at\") SELECT s.\"id\", s.\"v\", s.\"at\" FROM \"g\" AS s");
}
END_TEST

START_TEST(append_leaves_out_boundary_rows_that_the_target_has_already)
{
    expect_append(&incload__dialect_postgres, "s.at <= 'x'",
                  "INSERT INTO \"t\" AS t (\"id\", \"v\", \"at\") OVERRIDING SYSTEM VALUE "
                  "SELECT s.\"id\", s.\"v\", s.\"at\" FROM pg_temp.\"g\" AS s WHERE (s.at <= 'x') IS NOT TRUE "
                  "OR NOT EXISTS (SELECT 1 FROM \"t\" AS t WHERE t.\"id\" = s.\"id\" "
                  "AND t.\"v\" COLLATE \"C\" IS NOT DISTINCT FROM s.\"v\" COLLATE \"C\" "
                  "AND t.\"at\" IS NOT DISTINCT FROM s.\"at\")");
    expect_append(&incload__dialect_mariadb, "s.at <= 'x'",
                  "INSERT INTO `t` (`id`, `v`, `at`) SELECT s.`id`, s.`v`, s.`at` FROM `g` AS s "
                  "WHERE (s.at <= 'x') IS NOT TRUE OR NOT EXISTS (SELECT 1 FROM `t` AS t WHERE t.`id` <=> s.`id` "
                  "AND t.`v` <=> s.`v` AND CAST(t.`v` AS BINARY) <=> CAST(s.`v` AS BINARY) "
                  "AND t.`at` <=> s.`at`) ORDER BY s.`_incload_seq`");
    expect_append(&incload__dialect_sqlite, "s.at <= 'x'",
                  "INSERT INTO `t` AS t (`id`, `v`, `at`) SELECT s.`id`, s.`v`, s.`at` FROM temp.`g` AS s "
                  "WHERE (s.at <= 'x') IS NOT TRUE OR NOT EXISTS (SELECT 1 FROM `t` AS t WHERE t.`id` IS s.`id` "
                  "AND t.`v` IS s.`v` AND t.`v` COLLATE BINARY IS s.`v` AND t.`at` IS s.`at` "
                  "AND t.`at` COLLATE BINARY IS s.`at`) ORDER BY s.`_incload_seq`");
    expect_append(&incload__dialect_sqlserver, "s.at <= 'x'",
                  "INSERT INTO [t] ([id], [v], [at]) SELECT s.[id], s.[v], s.[at] FROM [#g] AS s "
                  "WHERE CASE WHEN (s.at <= 'x') THEN 1 ELSE 0 END = 0 OR NOT EXISTS (SELECT 1 FROM [t] AS t WHERE "
                  "EXISTS (SELECT s.[id], CONVERT(varbinary(max), s.[v]), s.[at] INTERSECT "
                  "SELECT t.[id], CONVERT(varbinary(max), t.[v]), t.[at])) ORDER BY s.[_incload_seq]");
    expect_append(&incload__dialect_ansi, "s.at <= 'x'",
                  "INSERT INTO \"t\" (\"id\", \"v\", \"at\") SELECT s.\"id\", s.\"v\", s.\"at\" FROM \"g\" AS s "
                  "WHERE CASE WHEN (s.at <= 'x') THEN 1 ELSE 0 END = 0 OR NOT EXISTS (SELECT 1 FROM \"t\" AS t WHERE "
                  "(t.\"id\" = s.\"id\" OR (t.\"id\" IS NULL AND s.\"id\" IS NULL)) AND "
                  "(t.\"v\" = s.\"v\" OR (t.\"v\" IS NULL AND s.\"v\" IS NULL)) AND "
                  "(t.\"at\" = s.\"at\" OR (t.\"at\" IS NULL AND s.\"at\" IS NULL)))");
}
END_TEST

START_TEST(a_merge_without_a_key_or_with_a_hostile_name_is_refused)
{
    for (int i = 0; i < DIALECT_COUNT; i++) {
        incload__statements list = { .mem = &incload__mem_libc };
        incload__merge merge = merge_by(NULL, 0, -1);
        incload_error *err = NULL;

        fill(all_dialects[i]);
        ck_assert_int_eq(all_dialects[i]->merge(&list, &merge, &err), INCLOAD_E_INVALID);
        expect_error(&err, INCLOAD_E_INVALID, "table 't': a merge needs a key");

        merge = merge_by(key, 1, -1);
        merge.staging = "bad\xff";
        ck_assert_int_eq(all_dialects[i]->merge(&list, &merge, &err), INCLOAD_E_INVALID);
        expect_error(&err, INCLOAD_E_INVALID, "not valid UTF-8");
        ck_assert_int_eq(list.count, 0);
        incload__statements_free(&list);
        incload__schema_free(&columns);
    }
}
END_TEST

/* Lets the nth allocation fail, and all after it. */
static int32_t allocations_left;

static void *
failing_realloc(void *block, size_t size, void *user_data)
{
    (void)user_data;
    return allocations_left-- > 0 ? realloc(block, size) : NULL;
}

static void *
failing_alloc(size_t size, void *user_data)
{
    return failing_realloc(NULL, size, user_data);
}

static void
release(void *block, void *user_data)
{
    (void)user_data;
    free(block);
}

START_TEST(a_merge_survives_every_failing_allocation)
{
    static const incload__mem failing = { failing_alloc, failing_realloc, release, NULL };

    for (int i = 0; i < DIALECT_COUNT; i++) {
        int32_t status = INCLOAD_E_NO_MEMORY;

        fill(all_dialects[i]);
        for (int32_t nth = 0; nth < 200 && status != INCLOAD_OK; nth++) {
            incload__statements list = { .mem = &failing };
            incload__merge merge = merge_by(key, 1, 2);

            allocations_left = nth;
            status = all_dialects[i]->merge(&list, &merge, NULL);
            ck_assert(status == INCLOAD_OK || status == INCLOAD_E_NO_MEMORY);
            incload__statements_free(&list);
        }
        ck_assert_int_eq(status, INCLOAD_OK);
        incload__schema_free(&columns);
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, postgres_merges_in_one_statement_that_skips_equal_rows);
    tcase_add_test(tests, postgres_compares_types_without_equality_as_text);
    tcase_add_test(tests, postgres_does_nothing_on_conflict_when_all_columns_are_key);
    tcase_add_test(tests, mariadb_updates_and_inserts_the_winner_of_each_key);
    tcase_add_test(tests, mariadb_updates_nothing_when_all_columns_are_key);
    tcase_add_test(tests, sqlite_merges_the_winner_of_each_key);
    tcase_add_test(tests, sqlite_orders_decimals_kept_as_text_by_their_value);
    tcase_add_test(tests, sqlserver_removes_duplicates_before_merge);
    tcase_add_test(tests, ansi_updates_then_inserts_what_is_missing);
    tcase_add_test(tests, ansi_latest_by_outdoes_with_nulls_last);
    tcase_add_test(tests, append_is_a_plain_insert);
    tcase_add_test(tests, append_leaves_out_boundary_rows_that_the_target_has_already);
    tcase_add_test(tests, a_merge_without_a_key_or_with_a_hostile_name_is_refused);
    tcase_add_test(tests, a_merge_survives_every_failing_allocation);
}

HARNESS_MAIN("dialect-merge", add_tests)
