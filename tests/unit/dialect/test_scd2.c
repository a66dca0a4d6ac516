/* SPDX-License-Identifier: Apache-2.0 */
/* write=scd2: whole statements. The table has a key, a text and an instant; a version's times stand beside them. */
#include "fixture.h"

#include "dialect/scd2.h"

static incload__table target = { NULL, (char *)"t" };
static incload__schema columns, own, compared;
static const int32_t key[] = { 0 };
static incload__merge rows;

static void
put(incload__schema *schema, const incload__dialect *dialect, const char *name, incload__type type, bool in_key)
{
    incload__str native = INCLOAD__STR(&incload__mem_libc);

    ck_assert_int_eq(dialect->native_type(&native, name, type, in_key, NULL), INCLOAD_OK);
    add_column(schema, name, incload__str_text(&native), type, !in_key);
    incload__str_free(&native);
}

/* With stamps: by column `at`. Without: the latest by `at`, and keys that are gone are marked. */
static incload__history
fill(const incload__dialect *dialect, bool stamps)
{
    static const incload__type flag = { INCLOAD__BOOL, 0, 0 }, text = { INCLOAD__TEXT, 0, 0 };
    incload__type time = { stamps ? INCLOAD__TIMESTAMP : INCLOAD__TIMESTAMPTZ, 0, 6 };

    incload__schema_init(&columns, &incload__mem_libc);
    incload__schema_init(&own, &incload__mem_libc);
    incload__schema_init(&compared, &incload__mem_libc);
    put(&columns, dialect, "id", (incload__type){ INCLOAD__INT64, 0, 0 }, true);
    put(&columns, dialect, "v", text, false);
    put(&columns, dialect, "at", (incload__type){ INCLOAD__TIMESTAMP, 0, 6 }, false);
    put(&compared, dialect, "v", text, false);
    put(&own, dialect, "valid_from", time, true);
    put(&own, dialect, "valid_to", time, false);
    put(&own, dialect, "is_current", flag, false);
    if (!stamps)
        put(&own, dialect, "is_deleted", flag, false);
    rows = (incload__merge){ .target = &target,
                             .staging = "g",
                             .columns = &columns,
                             .key = key,
                             .key_count = 1,
                             .latest_by = stamps ? -1 : 2 };
    return (incload__history){ .rows = &rows, .own = &own, .compared = &compared, .versions = "v", .keys = "k",
                               .moment = "2024-03-01 10:00:00.000000", .stamp = stamps ? 2 : -1 };
}

static void
done(incload__statements *list)
{
    incload__statements_free(list);
    incload__schema_free(&columns);
    incload__schema_free(&own);
    incload__schema_free(&compared);
}

static void
expect_only(const incload__statements *list, bool counts, const char *sql)
{
    ck_assert_int_eq(list->count, 1);
    ck_assert_str_eq(list->items[0].sql, sql);
    ck_assert(list->items[0].counts == counts);
}

START_TEST(postgres_finds_versions_by_the_columns_that_differ)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__history history = fill(&incload__dialect_postgres, false);

    ck_assert_int_eq(incload__history_find(&list, &history, &incload__dialect_postgres, NULL),
                     INCLOAD_OK);
    expect_only(&list, false,
                "INSERT INTO pg_temp.\"v\" (\"id\", \"v\", \"at\", \"_incload_from\", \"_incload_gone\") SELECT "
                "w.\"id\", w.\"v\", w.\"at\", CASE WHEN EXISTS (SELECT 1 FROM \"t\" AS h WHERE h.\"id\" = w.\"id\" "
                "AND (h.\"valid_from\" >= CAST('2024-03-01 10:00:00.000000+00' AS timestamptz) OR (h.\"valid_to\" "
                "> CAST('2024-03-01 10:00:00.000000+00' AS timestamptz) AND h.\"is_current\" = FALSE))) THEN NULL "
                "ELSE CAST('2024-03-01 10:00:00.000000+00' AS timestamptz) END, 0 FROM (SELECT n.\"id\", n.\"v\", "
                "n.\"at\", ROW_NUMBER() OVER (PARTITION BY n.\"id\" ORDER BY n.\"at\" DESC NULLS LAST, n.ctid "
                "DESC) AS incload_place FROM pg_temp.\"g\" AS n) AS w LEFT JOIN \"t\" AS t ON t.\"id\" = w.\"id\" "
                "AND t.\"is_current\" = TRUE WHERE w.incload_place = 1 AND (t.\"valid_from\" IS NULL OR "
                "t.\"is_deleted\" = TRUE OR t.\"v\" COLLATE \"C\" IS DISTINCT FROM w.\"v\" COLLATE \"C\")");
    done(&list);
}
END_TEST

START_TEST(postgres_finds_versions_by_their_stamps)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__history history = fill(&incload__dialect_postgres, true);

    ck_assert_int_eq(incload__history_find(&list, &history, &incload__dialect_postgres, NULL),
                     INCLOAD_OK);
    expect_only(&list, false,
                "INSERT INTO pg_temp.\"v\" (\"id\", \"v\", \"at\", \"_incload_from\", \"_incload_gone\") SELECT "
                "w.\"id\", w.\"v\", w.\"at\", CASE WHEN NOT EXISTS (SELECT 1 FROM \"t\" AS h WHERE h.\"id\" = "
                "w.\"id\" AND (h.\"valid_from\" >= w.\"at\" OR (h.\"valid_to\" > w.\"at\" AND h.\"is_current\" = "
                "FALSE))) THEN w.\"at\" WHEN EXISTS (SELECT 1 FROM \"t\" AS h WHERE h.\"id\" = w.\"id\" AND "
                "(h.\"valid_from\" >= CAST('2024-03-01 10:00:00.000000' AS timestamp) OR (h.\"valid_to\" > "
                "CAST('2024-03-01 10:00:00.000000' AS timestamp) AND h.\"is_current\" = FALSE))) THEN NULL ELSE "
                "CAST('2024-03-01 10:00:00.000000' AS timestamp) END, 0 FROM (SELECT n.\"id\", n.\"v\", n.\"at\", "
                "ROW_NUMBER() OVER (PARTITION BY n.\"id\", n.\"at\" ORDER BY n.ctid DESC) AS incload_place, "
                "ROW_NUMBER() OVER (PARTITION BY n.\"id\" ORDER BY n.\"at\" DESC, n.ctid DESC) AS incload_rank "
                "FROM pg_temp.\"g\" AS n) AS w LEFT JOIN \"t\" AS t ON t.\"id\" = w.\"id\" AND t.\"is_current\" = "
                "TRUE WHERE w.incload_place = 1 AND (NOT EXISTS (SELECT 1 FROM \"t\" AS h WHERE h.\"id\" = "
                "w.\"id\" AND (h.\"valid_from\" >= w.\"at\" OR (h.\"valid_to\" > w.\"at\" AND h.\"is_current\" = "
                "FALSE))) OR (w.incload_rank = 1 AND (t.\"valid_from\" IS NULL)))");
    done(&list);
}
END_TEST

START_TEST(postgres_finds_keys_that_are_gone)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__history history = fill(&incload__dialect_postgres, false);

    ck_assert_int_eq(incload__history_find_gone(&list, &history, &incload__dialect_postgres, NULL),
                     INCLOAD_OK);
    expect_only(&list, true,
                "INSERT INTO pg_temp.\"v\" (\"id\", \"v\", \"at\", \"_incload_from\", \"_incload_gone\") SELECT "
                "t.\"id\", t.\"v\", t.\"at\", CASE WHEN t.\"valid_from\" < CAST('2024-03-01 10:00:00.000000+00' AS "
                "timestamptz) THEN CAST('2024-03-01 10:00:00.000000+00' AS timestamptz) END, 1 FROM \"t\" AS t "
                "WHERE t.\"is_current\" = TRUE AND (t.\"is_deleted\" IS NULL OR t.\"is_deleted\" = FALSE) AND NOT "
                "EXISTS (SELECT 1 FROM pg_temp.\"k\" AS s WHERE s.\"id\" = t.\"id\")");
    done(&list);
}
END_TEST

START_TEST(postgres_ends_current_versions_where_the_next_begin)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__history history = fill(&incload__dialect_postgres, false);

    ck_assert_int_eq(incload__history_close(&list, &history, &incload__dialect_postgres, NULL),
                     INCLOAD_OK);
    expect_only(&list, false,
                "UPDATE \"t\" AS t SET \"valid_to\" = v.\"_incload_from\", \"is_current\" = FALSE FROM (SELECT "
                "\"id\", MIN(\"_incload_from\") AS \"_incload_from\" FROM pg_temp.\"v\" GROUP BY \"id\") AS v "
                "WHERE t.\"id\" = v.\"id\" AND t.\"is_current\" = TRUE");
    done(&list);
}
END_TEST

START_TEST(postgres_marks_new_versions_of_keys_that_are_gone)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__history history = fill(&incload__dialect_postgres, false);

    ck_assert_int_eq(incload__history_insert(&list, &history, true, &incload__dialect_postgres, NULL),
                     INCLOAD_OK);
    expect_only(&list, true,
                "INSERT INTO \"t\" (\"id\", \"v\", \"at\", \"valid_from\", \"valid_to\", \"is_current\", "
                "\"is_deleted\") OVERRIDING SYSTEM VALUE SELECT v.\"id\", v.\"v\", v.\"at\", v.\"_incload_from\", "
                "NULL, TRUE, CASE WHEN v.\"_incload_gone\" = 1 THEN TRUE ELSE FALSE END FROM pg_temp.\"v\" AS v");
    done(&list);
}
END_TEST

START_TEST(postgres_ends_a_version_of_a_batch_where_the_next_begins)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__history history = fill(&incload__dialect_postgres, true);

    ck_assert_int_eq(incload__history_insert(&list, &history, false, &incload__dialect_postgres, NULL),
                     INCLOAD_OK);
    expect_only(&list, true,
                "INSERT INTO \"t\" (\"id\", \"v\", \"at\", \"valid_from\", \"valid_to\", \"is_current\") "
                "OVERRIDING SYSTEM VALUE SELECT v.\"id\", v.\"v\", v.\"at\", v.\"_incload_from\", "
                "LEAD(v.\"_incload_from\") OVER (PARTITION BY v.\"id\" ORDER BY v.\"_incload_from\"), CASE WHEN "
                "LEAD(v.\"_incload_from\") OVER (PARTITION BY v.\"id\" ORDER BY v.\"_incload_from\") IS NULL THEN "
                "TRUE ELSE FALSE END FROM pg_temp.\"v\" AS v WHERE v.\"_incload_gone\" = 0");
    done(&list);
}
END_TEST

START_TEST(postgres_moves_what_must_follow_a_version_ahead_of_the_clock)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__history history = fill(&incload__dialect_postgres, false);

    ck_assert_int_eq(incload__history_settle(&list, &history, "2024-03-01 10:00:00.000001", &incload__dialect_postgres,
                                             NULL),
                     INCLOAD_OK);
    expect_only(&list, false,
                "UPDATE pg_temp.\"v\" SET \"_incload_from\" = CAST('2024-03-01 10:00:00.000001+00' AS timestamptz) "
                "WHERE \"_incload_from\" IS NULL");
    done(&list);
}
END_TEST

START_TEST(mariadb_finds_versions_by_the_columns_that_differ)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__history history = fill(&incload__dialect_mariadb, false);

    ck_assert_int_eq(incload__history_find(&list, &history, &incload__dialect_mariadb, NULL),
                     INCLOAD_OK);
    expect_only(&list, false,
                "INSERT INTO `v` (`id`, `v`, `at`, `_incload_from`, `_incload_gone`) SELECT w.`id`, w.`v`, w.`at`, "
                "CASE WHEN EXISTS (SELECT 1 FROM `t` AS h WHERE h.`id` = w.`id` AND (h.`valid_from` >= "
                "CAST('2024-03-01 10:00:00.000000' AS datetime(6)) OR (h.`valid_to` > CAST('2024-03-01 "
                "10:00:00.000000' AS datetime(6)) AND h.`is_current` = 0))) THEN NULL ELSE CAST('2024-03-01 "
                "10:00:00.000000' AS datetime(6)) END, 0 FROM (SELECT n.`id`, n.`v`, n.`at`, ROW_NUMBER() OVER "
                "(PARTITION BY n.`id` ORDER BY n.`at` DESC, n.`_incload_seq` DESC) AS incload_place FROM `g` AS n) "
                "AS w LEFT JOIN `t` AS t ON t.`id` = w.`id` AND t.`is_current` = 1 WHERE w.incload_place = 1 AND "
                "(t.`valid_from` IS NULL OR t.`is_deleted` = 1 OR NOT (CAST(t.`v` AS BINARY) <=> CAST(w.`v` AS "
                "BINARY)))");
    done(&list);
}
END_TEST

START_TEST(mariadb_looks_keys_up_in_a_table_with_an_index)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__history history = fill(&incload__dialect_mariadb, false);

    ck_assert_int_eq(incload__history_find_gone(&list, &history, &incload__dialect_mariadb, NULL),
                     INCLOAD_OK);
    expect_only(&list, true,
                "INSERT INTO `v` (`id`, `v`, `at`, `_incload_from`, `_incload_gone`) SELECT t.`id`, t.`v`, t.`at`, "
                "CASE WHEN t.`valid_from` < CAST('2024-03-01 10:00:00.000000' AS datetime(6)) THEN "
                "CAST('2024-03-01 10:00:00.000000' AS datetime(6)) END, 1 FROM `t` AS t WHERE t.`is_current` = 1 "
                "AND (t.`is_deleted` IS NULL OR t.`is_deleted` = 0) AND NOT EXISTS (SELECT 1 FROM `k` AS s WHERE "
                "s.`id` = t.`id`)");
    done(&list);
}
END_TEST

START_TEST(mariadb_ends_versions_by_a_join_in_key_order)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__history history = fill(&incload__dialect_mariadb, false);

    ck_assert_int_eq(incload__history_close(&list, &history, &incload__dialect_mariadb, NULL),
                     INCLOAD_OK);
    expect_only(&list, false,
                "UPDATE (SELECT `id`, MIN(`_incload_from`) AS `_incload_from` FROM `v` GROUP BY `id`) AS v "
                "STRAIGHT_JOIN `t` AS t ON t.`id` = v.`id` SET t.`valid_to` = v.`_incload_from`, t.`is_current` = "
                "0 WHERE t.`is_current` = 1");
    done(&list);
}
END_TEST

START_TEST(sqlite_finds_versions_by_the_columns_that_differ)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__history history = fill(&incload__dialect_sqlite, false);

    ck_assert_int_eq(incload__history_find(&list, &history, &incload__dialect_sqlite, NULL),
                     INCLOAD_OK);
    expect_only(&list, false,
                "INSERT INTO temp.`v` (`id`, `v`, `at`, `_incload_from`, `_incload_gone`) SELECT w.`id`, w.`v`, "
                "w.`at`, CASE WHEN EXISTS (SELECT 1 FROM `t` AS h WHERE h.`id` = w.`id` AND (h.`valid_from` >= "
                "'2024-03-01 10:00:00.000000+00' OR (h.`valid_to` > '2024-03-01 10:00:00.000000+00' AND "
                "h.`is_current` = 0))) THEN NULL ELSE '2024-03-01 10:00:00.000000+00' END, 0 FROM (SELECT n.`id`, "
                "n.`v`, n.`at`, ROW_NUMBER() OVER (PARTITION BY n.`id` ORDER BY n.`at` DESC, n.`_incload_seq` "
                "DESC) AS incload_place FROM temp.`g` AS n) AS w LEFT JOIN `t` AS t ON t.`id` = w.`id` AND "
                "t.`is_current` = 1 WHERE w.incload_place = 1 AND (t.`valid_from` IS NULL OR t.`is_deleted` = 1 OR "
                "t.`v` COLLATE BINARY IS NOT w.`v`)");
    done(&list);
}
END_TEST

START_TEST(sqlite_finds_keys_that_are_gone_by_a_list)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__history history = fill(&incload__dialect_sqlite, false);

    ck_assert_int_eq(incload__history_find_gone(&list, &history, &incload__dialect_sqlite, NULL),
                     INCLOAD_OK);
    expect_only(&list, true,
                "INSERT INTO temp.`v` (`id`, `v`, `at`, `_incload_from`, `_incload_gone`) SELECT t.`id`, t.`v`, "
                "t.`at`, CASE WHEN t.`valid_from` < '2024-03-01 10:00:00.000000+00' THEN '2024-03-01 "
                "10:00:00.000000+00' END, 1 FROM `t` AS t WHERE t.`is_current` = 1 AND (t.`is_deleted` IS NULL OR "
                "t.`is_deleted` = 0) AND (t.`id`) NOT IN (SELECT s.`id` FROM temp.`k` AS s)");
    done(&list);
}
END_TEST

START_TEST(sqlite_ends_a_version_of_a_batch_where_the_next_begins)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__history history = fill(&incload__dialect_sqlite, true);

    ck_assert_int_eq(incload__history_insert(&list, &history, false, &incload__dialect_sqlite, NULL),
                     INCLOAD_OK);
    expect_only(&list, true,
                "INSERT INTO `t` (`id`, `v`, `at`, `valid_from`, `valid_to`, `is_current`) SELECT v.`id`, v.`v`, "
                "v.`at`, v.`_incload_from`, LEAD(v.`_incload_from`) OVER (PARTITION BY v.`id` ORDER BY "
                "v.`_incload_from`), CASE WHEN LEAD(v.`_incload_from`) OVER (PARTITION BY v.`id` ORDER BY "
                "v.`_incload_from`) IS NULL THEN 1 ELSE 0 END FROM temp.`v` AS v WHERE v.`_incload_gone` = 0");
    done(&list);
}
END_TEST

START_TEST(mariadb_asks_for_the_last_of_the_versions_ahead_of_the_clock)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__history history = fill(&incload__dialect_mariadb, false);
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    ck_assert_int_eq(incload__history_ahead(&sql, &history, &incload__dialect_mariadb, NULL), INCLOAD_OK);
    expect_sql(&sql,
               "SELECT CAST(MAX(h.`valid_from`) AS CHAR), CAST(MAX(CASE WHEN h.`is_current` = 0 THEN h.`valid_to` "
               "END) AS CHAR) FROM (SELECT DISTINCT `id` FROM `v` WHERE `_incload_from` IS NULL) AS v JOIN `t` AS "
               "h ON h.`id` = v.`id`");
    done(&list);
}
END_TEST

START_TEST(staging_with_one_row_a_key_is_read_without_sorting)
{
    for (int i = 0; i < 3; i++) {
        incload__statements list = { .mem = &incload__mem_libc };
        incload__history history = fill(all_dialects[i], i == 1);
        history.one_each = true;
        ck_assert_int_eq(incload__history_find(&list, &history, all_dialects[i], NULL), INCLOAD_OK);
        ck_assert_ptr_null(strstr(list.items[0].sql, "OVER ("));
        ck_assert_ptr_null(strstr(list.items[0].sql, "incload_place"));
        done(&list);
    }
}
END_TEST

START_TEST(a_database_without_these_statements_is_refused)
{
    for (int i = 3; i < DIALECT_COUNT; i++) {
        incload__statements list = { .mem = &incload__mem_libc };
        incload__history history = fill(all_dialects[i], false);
        incload_error *err = NULL;
        ck_assert_int_eq(incload__history_find(&list, &history, all_dialects[i], &err), INCLOAD_E_UNSUPPORTED);
        expect_error(&err, INCLOAD_E_UNSUPPORTED, "write=scd2");
        ck_assert_int_eq(list.count, 0);
        done(&list);
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, postgres_finds_versions_by_the_columns_that_differ);
    tcase_add_test(tests, postgres_finds_versions_by_their_stamps);
    tcase_add_test(tests, postgres_finds_keys_that_are_gone);
    tcase_add_test(tests, postgres_ends_current_versions_where_the_next_begin);
    tcase_add_test(tests, postgres_marks_new_versions_of_keys_that_are_gone);
    tcase_add_test(tests, postgres_ends_a_version_of_a_batch_where_the_next_begins);
    tcase_add_test(tests, postgres_moves_what_must_follow_a_version_ahead_of_the_clock);
    tcase_add_test(tests, mariadb_finds_versions_by_the_columns_that_differ);
    tcase_add_test(tests, mariadb_looks_keys_up_in_a_table_with_an_index);
    tcase_add_test(tests, mariadb_ends_versions_by_a_join_in_key_order);
    tcase_add_test(tests, sqlite_finds_versions_by_the_columns_that_differ);
    tcase_add_test(tests, sqlite_finds_keys_that_are_gone_by_a_list);
    tcase_add_test(tests, sqlite_ends_a_version_of_a_batch_where_the_next_begins);
    tcase_add_test(tests, mariadb_asks_for_the_last_of_the_versions_ahead_of_the_clock);
    tcase_add_test(tests, staging_with_one_row_a_key_is_read_without_sorting);
    tcase_add_test(tests, a_database_without_these_statements_is_refused);
}

HARNESS_MAIN("dialect-scd2", add_tests)
