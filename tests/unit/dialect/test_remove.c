/* SPDX-License-Identifier: Apache-2.0 */
/* Taking rows out of the target, keeping the winners of staging, and inserting new keys alone: whole statements. The
 * table has a key of two columns, a text, and two columns that mark deleted rows. */
#include <string.h>

#include "fixture.h"

static incload__table target = { NULL, (char *)"t" };
static incload__schema columns, marks;
static const int32_t key[] = { 0, 1 };

static void
add(const incload__dialect *dialect, incload__schema *to, const char *name, incload__kind kind, bool in_key)
{
    incload__str native = INCLOAD__STR(&incload__mem_libc);
    incload__type type = { kind, 0, kind == INCLOAD__TIMESTAMP ? 6 : 0 };

    ck_assert_int_eq(dialect->native_type(&native, name, type, in_key, NULL), INCLOAD_OK);
    add_column(to, name, incload__str_text(&native), type, !in_key);
    incload__str_free(&native);
}

static void
fill(const incload__dialect *dialect)
{
    incload__schema_init(&columns, &incload__mem_libc);
    incload__schema_init(&marks, &incload__mem_libc);
    add(dialect, &columns, "a", INCLOAD__INT64, true);
    add(dialect, &columns, "b", INCLOAD__INT64, true);
    add(dialect, &columns, "v", INCLOAD__INT64, false);
    add(dialect, &marks, "_deleted", INCLOAD__BOOL, false);
    add(dialect, &marks, "deleted_at", INCLOAD__TIMESTAMP, false);
}

static void
empty(void)
{
    incload__schema_free(&columns);
    incload__schema_free(&marks);
}

static incload__merge
merge_by(int32_t latest_by)
{
    return (incload__merge){ .target = &target, .staging = "g", .columns = &columns, .key = key, .key_count = 2,
                             .latest_by = latest_by };
}

/* What each dialect makes of one request: in the order of all_dialects. */
typedef struct expectation {
    const char *sql[DIALECT_COUNT];
} expectation;

static void
expect_removal(const expectation *expected, bool missing, const char *staged, bool marked)
{
    for (int i = 0; i < DIALECT_COUNT; i++) {
        const incload__dialect *dialect = all_dialects[i];
        incload__statements list = { .mem = &incload__mem_libc };
        incload__merge merge = merge_by(-1);
        fill(dialect);
        incload__removal how = { .missing = missing, .staged = staged };
        if (marked) {
            how.flag = &marks.columns[0];
            how.at = &marks.columns[1];
        }
        ck_assert_int_eq(dialect->remove_rows(&list, &merge, &how, NULL), INCLOAD_OK);
        ck_assert_int_eq(list.count, 1);
        ck_assert_str_eq(list.items[0].sql, expected->sql[i]);
        ck_assert(list.items[0].counts);
        incload__statements_free(&list);
        empty();
    }
}

START_TEST(rows_whose_key_is_staged_are_deleted)
{
    static const expectation expected = {
        {
          "DELETE FROM \"t\" AS t WHERE EXISTS (SELECT 1 FROM pg_temp.\"g\" AS s WHERE t.\"a\" = s.\"a\" AND t.\"b\" "
          "= s.\"b\" AND (s.v > 0))",
          "DELETE t FROM (SELECT DISTINCT s.`a`, s.`b` FROM `g` AS s WHERE (s.v > 0)) AS s STRAIGHT_JOIN `t` AS t ON "
          "t.`a` = s.`a` AND t.`b` = s.`b`",
          "DELETE FROM `t` WHERE (`a`, `b`) IN (SELECT s.`a`, s.`b` FROM temp.`g` AS s WHERE (s.v > 0))",
          "DELETE t FROM [t] AS t WHERE EXISTS (SELECT 1 FROM [#g] AS s WHERE t.[a] = s.[a] AND t.[b] = s.[b] AND "
          "(s.v > 0))",
          "DELETE FROM \"t\" AS t WHERE EXISTS (SELECT 1 FROM \"g\" AS s WHERE t.\"a\" = s.\"a\" AND t.\"b\" = "
          "s.\"b\" AND (s.v > 0))",
        },
    };

    expect_removal(&expected, false, "s.v > 0", false);
}
END_TEST

START_TEST(rows_whose_key_is_not_staged_are_deleted)
{
    static const expectation expected = {
        {
          "DELETE FROM \"t\" AS t WHERE NOT EXISTS (SELECT 1 FROM pg_temp.\"g\" AS s WHERE t.\"a\" = s.\"a\" AND "
          "t.\"b\" = s.\"b\")",
          "DELETE t FROM `t` AS t LEFT JOIN `g` AS s ON t.`a` = s.`a` AND t.`b` = s.`b` WHERE s.`a` IS NULL",
          "DELETE FROM `t` WHERE (`a`, `b`) NOT IN (SELECT s.`a`, s.`b` FROM temp.`g` AS s)",
          "DELETE t FROM [t] AS t WHERE NOT EXISTS (SELECT 1 FROM [#g] AS s WHERE t.[a] = s.[a] AND t.[b] = s.[b])",
          "DELETE FROM \"t\" AS t WHERE NOT EXISTS (SELECT 1 FROM \"g\" AS s WHERE t.\"a\" = s.\"a\" AND t.\"b\" = "
          "s.\"b\")",
        },
    };

    expect_removal(&expected, true, NULL, false);
}
END_TEST

START_TEST(rows_whose_key_is_staged_are_marked_once)
{
    static const expectation expected = {
        {
          "UPDATE \"t\" AS t SET \"_deleted\" = TRUE, \"deleted_at\" = $1::timestamp without time zone WHERE EXISTS "
          "(SELECT 1 FROM pg_temp.\"g\" AS s WHERE t.\"a\" = s.\"a\" AND t.\"b\" = s.\"b\" AND (s.v > 0)) AND "
          "(t.\"_deleted\" IS NULL OR t.\"_deleted\" = FALSE)",
          "UPDATE (SELECT DISTINCT s.`a`, s.`b` FROM `g` AS s WHERE (s.v > 0)) AS s STRAIGHT_JOIN `t` AS t ON t.`a` "
          "= s.`a` AND t.`b` = s.`b` SET t.`_deleted` = TRUE, t.`deleted_at` = ? WHERE TRUE AND (t.`_deleted` IS "
          "NULL OR t.`_deleted` = FALSE)",
          "UPDATE `t` SET `_deleted` = 1, `deleted_at` = CAST(? AS TEXT) WHERE (`a`, `b`) IN (SELECT s.`a`, s.`b` "
          "FROM temp.`g` AS s WHERE (s.v > 0)) AND (`_deleted` IS NULL OR `_deleted` = 0)",
          "UPDATE t SET [_deleted] = 1, [deleted_at] = CAST(? AS datetime2(6)) FROM [t] AS t WHERE EXISTS (SELECT 1 "
          "FROM [#g] AS s WHERE t.[a] = s.[a] AND t.[b] = s.[b] AND (s.v > 0)) AND (t.[_deleted] IS NULL OR "
          "t.[_deleted] = 0)",
          "UPDATE \"t\" AS t SET \"_deleted\" = TRUE, \"deleted_at\" = CAST(? AS TIMESTAMP(6)) WHERE EXISTS (SELECT "
          "1 FROM \"g\" AS s WHERE t.\"a\" = s.\"a\" AND t.\"b\" = s.\"b\" AND (s.v > 0)) AND (t.\"_deleted\" IS "
          "NULL OR t.\"_deleted\" = FALSE)",
        },
    };

    expect_removal(&expected, false, "s.v > 0", true);
}
END_TEST

START_TEST(rows_whose_key_is_not_staged_are_marked_once)
{
    static const expectation expected = {
        {
          "UPDATE \"t\" AS t SET \"_deleted\" = TRUE, \"deleted_at\" = $1::timestamp without time zone WHERE NOT "
          "EXISTS (SELECT 1 FROM pg_temp.\"g\" AS s WHERE t.\"a\" = s.\"a\" AND t.\"b\" = s.\"b\") AND "
          "(t.\"_deleted\" IS NULL OR t.\"_deleted\" = FALSE)",
          "UPDATE `t` AS t LEFT JOIN `g` AS s ON t.`a` = s.`a` AND t.`b` = s.`b` SET t.`_deleted` = TRUE, "
          "t.`deleted_at` = ? WHERE s.`a` IS NULL AND (t.`_deleted` IS NULL OR t.`_deleted` = FALSE)",
          "UPDATE `t` SET `_deleted` = 1, `deleted_at` = CAST(? AS TEXT) WHERE (`a`, `b`) NOT IN (SELECT s.`a`, "
          "s.`b` FROM temp.`g` AS s) AND (`_deleted` IS NULL OR `_deleted` = 0)",
          "UPDATE t SET [_deleted] = 1, [deleted_at] = CAST(? AS datetime2(6)) FROM [t] AS t WHERE NOT EXISTS "
          "(SELECT 1 FROM [#g] AS s WHERE t.[a] = s.[a] AND t.[b] = s.[b]) AND (t.[_deleted] IS NULL OR t.[_deleted] "
          "= 0)",
          "UPDATE \"t\" AS t SET \"_deleted\" = TRUE, \"deleted_at\" = CAST(? AS TIMESTAMP(6)) WHERE NOT EXISTS "
          "(SELECT 1 FROM \"g\" AS s WHERE t.\"a\" = s.\"a\" AND t.\"b\" = s.\"b\") AND (t.\"_deleted\" IS NULL OR "
          "t.\"_deleted\" = FALSE)",
        },
    };

    expect_removal(&expected, true, NULL, true);
}
END_TEST

START_TEST(of_the_staged_rows_of_a_key_only_the_winner_is_kept)
{
    static const expectation expected = {
        {
          "DELETE FROM pg_temp.\"g\" AS s USING (SELECT n.ctid AS id, row_number() OVER (PARTITION BY n.\"a\", "
          "n.\"b\" ORDER BY n.\"v\" DESC NULLS LAST, n.ctid DESC) AS place FROM pg_temp.\"g\" AS n) AS r WHERE "
          "s.ctid = r.id AND r.place > 1",
          "DELETE s FROM (SELECT r.`_incload_seq` FROM (SELECT n.`_incload_seq`, ROW_NUMBER() OVER (PARTITION BY "
          "n.`a`, n.`b` ORDER BY n.`v` DESC, n.`_incload_seq` DESC) AS place FROM `g` AS n) AS r WHERE r.place > 1) "
          "AS w STRAIGHT_JOIN `g` AS s ON s.`_incload_seq` = w.`_incload_seq` ",
          "DELETE FROM temp.`g` WHERE `_incload_seq` IN (SELECT r.`_incload_seq` FROM (SELECT n.`_incload_seq`, "
          "row_number() OVER (PARTITION BY n.`a`, n.`b` ORDER BY n.`v` DESC, n.`_incload_seq` DESC) AS "
          "`_incload_place` FROM temp.`g` AS n) AS r WHERE r.`_incload_place` > 1)",
          "WITH d AS (SELECT ROW_NUMBER() OVER (PARTITION BY s.[a], s.[b] ORDER BY s.[v] DESC, s.[_incload_seq] "
          "DESC) AS place FROM [#g] AS s) DELETE FROM d WHERE place > 1",
          "DELETE FROM \"g\" WHERE EXISTS (SELECT 1 FROM \"g\" AS n WHERE n.\"a\" = \"g\".\"a\" AND n.\"b\" = "
          "\"g\".\"b\" AND (n.\"v\" > \"g\".\"v\" OR (n.\"v\" IS NOT NULL AND \"g\".\"v\" IS NULL) OR ((n.\"v\" = "
          "\"g\".\"v\" OR (n.\"v\" IS NULL AND \"g\".\"v\" IS NULL)) AND n.\"_incload_seq\" > "
          "\"g\".\"_incload_seq\")))",
        },
    };

    for (int i = 0; i < DIALECT_COUNT; i++) {
        incload__statements list = { .mem = &incload__mem_libc };
        incload__merge merge = merge_by(2);
        fill(all_dialects[i]);
        ck_assert_int_eq(all_dialects[i]->keep_winners(&list, &merge, NULL), INCLOAD_OK);
        ck_assert_int_eq(list.count, 1);
        ck_assert_str_eq(list.items[0].sql, expected.sql[i]);
        ck_assert(!list.items[0].counts);
        incload__statements_free(&list);
        empty();
    }
}
END_TEST

/* The last statement of each; those before take away what does not win. */
START_TEST(an_insert_of_new_keys_alone_changes_no_row)
{
    static const expectation expected = {
        {
          "INSERT INTO \"t\" AS t (\"a\", \"b\", \"v\") OVERRIDING SYSTEM VALUE SELECT DISTINCT ON (s.\"a\", "
          "s.\"b\") s.\"a\", s.\"b\", s.\"v\" FROM pg_temp.\"g\" AS s ORDER BY s.\"a\", s.\"b\", s.ctid DESC ON "
          "CONFLICT (\"a\", \"b\") DO NOTHING",
          "INSERT INTO `t` (`a`, `b`, `v`) SELECT s.`a`, s.`b`, s.`v` FROM (SELECT r.`_incload_seq` FROM (SELECT "
          "n.`_incload_seq`, ROW_NUMBER() OVER (PARTITION BY n.`a`, n.`b` ORDER BY n.`_incload_seq` DESC) AS place "
          "FROM `g` AS n) AS r WHERE r.place = 1) AS w STRAIGHT_JOIN `g` AS s ON s.`_incload_seq` = w.`_incload_seq` "
          "LEFT JOIN `t` AS t ON t.`a` = s.`a` AND t.`b` = s.`b` WHERE t.`a` IS NULL",
          "INSERT INTO `t` AS t (`a`, `b`, `v`) SELECT s.`a`, s.`b`, s.`v` FROM (SELECT n.`a`, n.`b`, n.`v`, "
          "row_number() OVER (PARTITION BY n.`a`, n.`b` ORDER BY n.`_incload_seq` DESC) AS `_incload_place` FROM "
          "temp.`g` AS n) AS s WHERE s.`_incload_place` = 1 ON CONFLICT (`a`, `b`) DO NOTHING",
          "MERGE INTO [t] WITH (HOLDLOCK) AS t USING [#g] AS s ON t.[a] = s.[a] AND t.[b] = s.[b] WHEN NOT MATCHED "
          "BY TARGET THEN INSERT ([a], [b], [v]) VALUES (s.[a], s.[b], s.[v]);",
          "INSERT INTO \"t\" (\"a\", \"b\", \"v\") SELECT s.\"a\", s.\"b\", s.\"v\" FROM \"g\" AS s WHERE NOT EXISTS "
          "(SELECT 1 FROM \"t\" AS t WHERE t.\"a\" = s.\"a\" AND t.\"b\" = s.\"b\")",
        },
    };

    for (int i = 0; i < DIALECT_COUNT; i++) {
        incload__statements list = { .mem = &incload__mem_libc };
        incload__merge merge = merge_by(-1);
        merge.insert_only = true;
        fill(all_dialects[i]);
        ck_assert_int_eq(all_dialects[i]->merge(&list, &merge, NULL), INCLOAD_OK);
        ck_assert_str_eq(list.items[list.count - 1].sql, expected.sql[i]);
        incload__statements_free(&list);
        empty();
    }
}
END_TEST

START_TEST(a_flag_of_integers_is_told_by_a_number)
{
    incload__statements list = { .mem = &incload__mem_libc };
    incload__merge merge = merge_by(-1);

    fill(&incload__dialect_postgres);
    marks.columns[0].type.kind = INCLOAD__INT16;
    incload__removal how = { .flag = &marks.columns[0], .at = &marks.columns[1] };
    ck_assert_int_eq(incload__dialect_postgres.remove_rows(&list, &merge, &how, NULL), INCLOAD_OK);
    ck_assert(strstr(list.items[0].sql, " SET \"_deleted\" = 1, ") != NULL);
    ck_assert(strstr(list.items[0].sql, " AND (t.\"_deleted\" IS NULL OR t.\"_deleted\" = 0)") != NULL);
    incload__statements_free(&list);
    empty();
}
END_TEST

START_TEST(a_removal_without_a_key_is_refused)
{
    incload_error *err = NULL;

    for (int i = 0; i < DIALECT_COUNT; i++) {
        incload__statements list = { .mem = &incload__mem_libc };
        incload__merge merge = merge_by(-1);
        fill(all_dialects[i]);
        merge.key_count = 0;
        all_dialects[i]->remove_rows(&list, &merge, &(incload__removal){ .missing = true }, &err);
        expect_error(&err, INCLOAD_E_INVALID, "a merge needs a key");
        all_dialects[i]->keep_winners(&list, &merge, &err);
        expect_error(&err, INCLOAD_E_INVALID, "a merge needs a key");
        ck_assert_int_eq(list.count, 0);
        empty();
    }
}
END_TEST

/* ---- updating rows that are there ---- */

START_TEST(rows_of_a_staged_key_are_updated_and_none_is_added)
{
    static const char *const expected[DIALECT_COUNT] = {
        "UPDATE \"t\" AS t SET \"v\" = s.\"v\" FROM pg_temp.\"g\" AS s WHERE t.\"a\" = s.\"a\" AND t.\"b\" = s.\"b\""
        " AND (t.\"v\" IS DISTINCT FROM s.\"v\")",
        "UPDATE (SELECT r.`_incload_seq` FROM (SELECT n.`_incload_seq`, ROW_NUMBER() OVER (PARTITION BY n.`a`, n.`b`"
        " ORDER BY n.`_incload_seq` DESC) AS place FROM `g` AS n) AS r WHERE r.place = 1) AS w STRAIGHT_JOIN `g` AS s"
        " ON s.`_incload_seq` = w.`_incload_seq` STRAIGHT_JOIN `t` AS t ON t.`a` = s.`a` AND t.`b` = s.`b`"
        " SET t.`v` = s.`v` WHERE NOT (t.`v` <=> s.`v`)",
        "UPDATE `t` AS t SET `v` = s.`v` FROM temp.`g` AS s WHERE t.`a` = s.`a` AND t.`b` = s.`b`"
        " AND (t.`v` COLLATE BINARY IS NOT s.`v`)",
    };

    for (int i = 0; i < DIALECT_COUNT; i++) {
        const incload__dialect *dialect = all_dialects[i];
        incload__statements list = { .mem = &incload__mem_libc };
        incload__merge merge = merge_by(-1);
        ck_assert((dialect->update_rows == NULL) == (expected[i] == NULL));
        if (dialect->update_rows == NULL)
            continue;
        fill(dialect);
        ck_assert_int_eq(dialect->update_rows(&list, &merge, NULL), INCLOAD_OK);
        ck_assert_int_eq(list.count, 1);
        ck_assert_str_eq(list.items[0].sql, expected[i]);
        incload__statements_free(&list);
        /* Of a row that is all key there is nothing to update. */
        columns.count = 2;
        ck_assert_int_eq(dialect->update_rows(&list, &merge, NULL), INCLOAD_OK);
        ck_assert_int_eq(list.count, 0);
        columns.count = 3;
        empty();
    }
}
END_TEST

START_TEST(of_rows_that_equal_a_staged_one_any_single_one_is_deleted)
{
    static const char *const expected[DIALECT_COUNT] = {
        "DELETE FROM \"t\" AS d USING (SELECT t.ctid AS place, t.tableoid AS part FROM \"t\" AS t, pg_temp.\"g\" AS s"
        " WHERE s.ctid = '7' AND t.\"a\" = s.\"a\" AND t.\"b\" = s.\"b\" AND t.\"v\" IS NOT DISTINCT FROM s.\"v\""
        " LIMIT 1) AS f WHERE d.ctid = f.place AND d.tableoid = f.part",
        "DELETE FROM `t` WHERE `t`.`a` <=> (SELECT s.`a` FROM `g` AS s WHERE s.`_incload_seq` = '7') AND `t`.`b` <=>"
        " (SELECT s.`b` FROM `g` AS s WHERE s.`_incload_seq` = '7') AND `t`.`v` <=> (SELECT s.`v` FROM `g` AS s WHERE"
        " s.`_incload_seq` = '7') LIMIT 1",
        "DELETE FROM `t` WHERE _rowid_ = (SELECT t._rowid_ FROM `t` AS t, temp.`g` AS s WHERE s.`_incload_seq` = '7'"
        " AND t.`a` IS s.`a` AND t.`b` IS s.`b` AND t.`v` IS s.`v`"
        " LIMIT 1)",
    };

    for (int i = 0; i < DIALECT_COUNT; i++) {
        const incload__dialect *dialect = all_dialects[i];
        incload__str sql = INCLOAD__STR(&incload__mem_libc);
        incload__merge merge = merge_by(-1);
        ck_assert((dialect->remove_one == NULL) == (expected[i] == NULL));
        if (dialect->remove_one == NULL)
            continue;
        fill(dialect);
        ck_assert_int_eq(dialect->remove_one(&sql, &merge, "7", NULL), INCLOAD_OK);
        ck_assert_str_eq(incload__str_text(&sql), expected[i]);
        incload__str_free(&sql);
        empty();
    }
}
END_TEST

static void
expect_postgres(int32_t status, incload__statements *list, const char *expected)
{
    ck_assert_int_eq(status, INCLOAD_OK);
    ck_assert_int_eq(list->count, 1);
    ck_assert_str_eq(list->items[0].sql, expected);
    incload__statements_free(list);
}

START_TEST(keys_that_are_staged_once_need_no_look_for_others)
{
    const incload__dialect *postgres = &incload__dialect_postgres;
    incload__statements list = { .mem = &incload__mem_libc };
    incload__merge merge = merge_by(-1);
    incload__removal how = { .missing = false };

    merge.one_per_key = merge.all_rows = true;
    fill(postgres);
    expect_postgres(postgres->merge(&list, &merge, NULL), &list,
                    "INSERT INTO \"t\" AS t (\"a\", \"b\", \"v\") OVERRIDING SYSTEM VALUE"
                    " SELECT s.\"a\", s.\"b\", s.\"v\" FROM pg_temp.\"g\" AS s"
                    " ON CONFLICT (\"a\", \"b\") DO UPDATE SET \"v\" = EXCLUDED.\"v\""
                    " WHERE t.\"v\" IS DISTINCT FROM EXCLUDED.\"v\"");
    expect_postgres(postgres->update_rows(&list, &merge, NULL), &list,
                    "UPDATE \"t\" AS t SET \"v\" = s.\"v\" FROM pg_temp.\"g\" AS s WHERE t.\"a\" = s.\"a\""
                    " AND t.\"b\" = s.\"b\"");
    expect_postgres(postgres->remove_rows(&list, &merge, &how, NULL), &list,
                    "DELETE FROM \"t\" AS t USING pg_temp.\"g\" AS s WHERE t.\"a\" = s.\"a\" AND t.\"b\" = s.\"b\"");
    how.flag = &marks.columns[0];
    how.at = &marks.columns[1];
    ck_assert_int_eq(postgres->remove_rows(&list, &merge, &how, NULL), INCLOAD_OK);
    ck_assert_ptr_nonnull(strstr(list.items[0].sql, " FROM pg_temp.\"g\" AS s WHERE t.\"a\" = s.\"a\""));
    ck_assert_ptr_null(strstr(list.items[0].sql, "EXISTS"));
    incload__statements_free(&list);
    empty();
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, of_rows_that_equal_a_staged_one_any_single_one_is_deleted);
    tcase_add_test(tests, keys_that_are_staged_once_need_no_look_for_others);
    tcase_add_test(tests, rows_of_a_staged_key_are_updated_and_none_is_added);
    tcase_add_test(tests, rows_whose_key_is_staged_are_deleted);
    tcase_add_test(tests, rows_whose_key_is_not_staged_are_deleted);
    tcase_add_test(tests, rows_whose_key_is_staged_are_marked_once);
    tcase_add_test(tests, rows_whose_key_is_not_staged_are_marked_once);
    tcase_add_test(tests, of_the_staged_rows_of_a_key_only_the_winner_is_kept);
    tcase_add_test(tests, an_insert_of_new_keys_alone_changes_no_row);
    tcase_add_test(tests, a_flag_of_integers_is_told_by_a_number);
    tcase_add_test(tests, a_removal_without_a_key_is_refused);
}

HARNESS_MAIN("dialect-remove", add_tests)
