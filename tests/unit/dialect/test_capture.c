/* SPDX-License-Identifier: Apache-2.0 */
/* Change tables: every statement, word by word. The source has a key of two columns. */
#include "fixture.h"

#include "dialect/capture.h"
#include "dialect/tracking.h"
#include "dialect/versions.h"

enum { POSTGRES, MARIADB, SQLITE, CAPTURES };

static incload__table source = { (char *)"s", (char *)"t" }, changes = { (char *)"s", (char *)"ch" };
static incload__schema columns;
static const int32_t key[] = { 1, 0 };

static incload__capture
capture_of(const incload__dialect *dialect)
{
    incload__schema_init(&columns, &incload__mem_libc);
    add_column(&columns, "a", "bigint", (incload__type){ INCLOAD__INT64, 0, 0 }, false);
    add_column(&columns, "b", "bigint", (incload__type){ INCLOAD__INT64, 0, 0 }, false);
    add_column(&columns, "v", "bigint", (incload__type){ INCLOAD__INT64, 0, 0 }, true);
    return (incload__capture){ .dialect = dialect,
                               .source = &source,
                               .changes = &changes,
                               .columns = &columns,
                               .key = key,
                               .key_count = 2,
                               .mark = "it's ours" };
}

static void
expect_list(incload__statements *list, const char *const *expected)
{
    int32_t count = 0;

    for (; expected[count] != NULL; count++) {
        ck_assert_int_lt(count, list->count);
        ck_assert_str_eq(list->items[count].sql, expected[count]);
    }
    ck_assert_int_eq(list->count, count);
    incload__statements_free(list);
    incload__schema_free(&columns);
}

START_TEST(a_change_table_has_the_keys_types_and_a_mark)
{
    static const char *const expected[CAPTURES][4] = {
        { "CREATE TABLE \"s\".\"ch\" AS SELECT CAST('R' AS text) AS incload_op, CAST(0 AS bigint) AS incload_us,"
          " \"b\" AS incload_k0, \"a\" AS incload_k1, \"b\" AS incload_j0, \"a\" AS incload_j1 FROM \"s\".\"t\""
          " WHERE false",
          "ALTER TABLE \"s\".\"ch\" ADD COLUMN incload_no bigserial PRIMARY KEY",
          "COMMENT ON TABLE \"s\".\"ch\" IS 'it''s ours'" },
        { "CREATE TABLE `s`.`ch` (incload_no BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, incload_op CHAR(1) NOT NULL"
          " DEFAULT 'R', incload_us BIGINT NOT NULL DEFAULT 0) ENGINE=InnoDB COMMENT='it''s ours' SELECT `b` AS"
          " incload_k0, `a` AS incload_k1, `b` AS incload_j0, `a` AS incload_j1 FROM `s`.`t` WHERE FALSE" },
        { "CREATE TABLE `s`.`ch` (incload_no INTEGER PRIMARY KEY AUTOINCREMENT, incload_op TEXT NOT NULL,"
          " incload_us INTEGER NOT NULL, incload_k0 bigint, incload_k1 bigint, incload_j0 bigint, incload_j1 bigint,"
          " incload_mark TEXT DEFAULT 'it''s ours')" },
    };

    for (int i = 0; i < CAPTURES; i++) {
        incload__statements list = { .mem = &incload__mem_libc };
        incload__capture capture = capture_of(all_dialects[i]);
        ck_assert_int_eq(all_dialects[i]->capture->make_table(&list, &capture, NULL), INCLOAD_OK);
        expect_list(&list, expected[i]);
    }
}
END_TEST

#define PG_US "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint"
#define MY_US "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"
#define LITE_US "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000"
#define KEYS "(incload_op, incload_us, incload_k0, incload_k1, incload_j0, incload_j1"

START_TEST(triggers_write_the_key_before_and_behind)
{
    static const char *const expected[CAPTURES][7] = {
        { "CREATE OR REPLACE FUNCTION \"s\".\"ch_f\"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
          " SET search_path = pg_catalog, pg_temp AS $incload$ BEGIN IF TG_OP = 'TRUNCATE' THEN INSERT INTO"
          " \"s\".\"ch\" (incload_op, incload_us) VALUES ('T', " PG_US "); ELSIF TG_OP = 'INSERT' THEN INSERT INTO"
          " \"s\".\"ch\" " KEYS ") VALUES ('R', " PG_US ", NEW.\"b\", NEW.\"a\", NEW.\"b\", NEW.\"a\");"
          " ELSIF TG_OP = 'UPDATE' THEN INSERT INTO \"s\".\"ch\" " KEYS ") VALUES ('R', " PG_US
          ", OLD.\"b\", OLD.\"a\", NEW.\"b\", NEW.\"a\"); ELSE INSERT INTO \"s\".\"ch\" " KEYS ") VALUES ('R', " PG_US
          ", OLD.\"b\", OLD.\"a\", OLD.\"b\", OLD.\"a\"); END IF; RETURN NULL; END $incload$",
          "DROP TRIGGER IF EXISTS \"ch_r\" ON \"s\".\"t\"", "DROP TRIGGER IF EXISTS \"ch_t\" ON \"s\".\"t\"",
          "CREATE TRIGGER \"ch_r\" AFTER INSERT OR UPDATE OR DELETE ON \"s\".\"t\" FOR EACH ROW EXECUTE PROCEDURE"
          " \"s\".\"ch_f\"()",
          "CREATE TRIGGER \"ch_t\" AFTER TRUNCATE ON \"s\".\"t\" FOR EACH STATEMENT EXECUTE PROCEDURE \"s\".\"ch_f\"()",
          "ALTER TABLE \"s\".\"t\" ENABLE ALWAYS TRIGGER \"ch_r\", ENABLE ALWAYS TRIGGER \"ch_t\"" },
        { "CREATE OR REPLACE TRIGGER `s`.`ch_i` AFTER INSERT ON `s`.`t` FOR EACH ROW INSERT INTO `s`.`ch` " KEYS
          ") VALUES ('R', " MY_US ", NEW.`b`, NEW.`a`, NEW.`b`, NEW.`a`)",
          "CREATE OR REPLACE TRIGGER `s`.`ch_u` AFTER UPDATE ON `s`.`t` FOR EACH ROW INSERT INTO `s`.`ch` " KEYS
          ") VALUES ('R', " MY_US ", OLD.`b`, OLD.`a`, NEW.`b`, NEW.`a`)",
          "CREATE OR REPLACE TRIGGER `s`.`ch_d` AFTER DELETE ON `s`.`t` FOR EACH ROW INSERT INTO `s`.`ch` " KEYS
          ") VALUES ('R', " MY_US ", OLD.`b`, OLD.`a`, OLD.`b`, OLD.`a`)" },
        { "CREATE TRIGGER IF NOT EXISTS `s`.`ch_i` AFTER INSERT ON `t` BEGIN INSERT INTO `ch` " KEYS
          ", incload_mark) VALUES ('R', " LITE_US ", NEW.`b`, NEW.`a`, NEW.`b`, NEW.`a`, NULL); END",
          "CREATE TRIGGER IF NOT EXISTS `s`.`ch_u` AFTER UPDATE ON `t` BEGIN INSERT INTO `ch` " KEYS
          ", incload_mark) VALUES ('R', " LITE_US ", OLD.`b`, OLD.`a`, NEW.`b`, NEW.`a`, NULL); END",
          "CREATE TRIGGER IF NOT EXISTS `s`.`ch_d` AFTER DELETE ON `t` BEGIN INSERT INTO `ch` " KEYS
          ", incload_mark) VALUES ('R', " LITE_US ", OLD.`b`, OLD.`a`, OLD.`b`, OLD.`a`, NULL); END" },
    };

    for (int i = 0; i < CAPTURES; i++) {
        incload__statements list = { .mem = &incload__mem_libc };
        incload__capture capture = capture_of(all_dialects[i]);
        ck_assert_int_eq(all_dialects[i]->capture->make_triggers(&list, &capture, NULL), INCLOAD_OK);
        expect_list(&list, expected[i]);
    }
}
END_TEST

START_TEST(sqlite_looks_for_rows_that_a_replace_takes_out)
{
    static int32_t unique_columns[] = { 2, 0 };
    const incload__capture_unique other = { unique_columns, 2 };
    incload__statements list = { .mem = &incload__mem_libc };
    incload__capture capture = capture_of(&incload__dialect_sqlite);

    capture.others = &other;
    capture.other_count = 1;
    ck_assert_int_eq(incload__capture_sqlite.make_triggers(&list, &capture, NULL), INCLOAD_OK);
    ck_assert_int_eq(list.count, 5);
    ck_assert_str_eq(list.items[3].sql,
                     "CREATE TRIGGER IF NOT EXISTS `s`.`ch_b` BEFORE INSERT ON `t` BEGIN INSERT INTO `ch` " KEYS
                     ", incload_mark) SELECT 'R', " LITE_US ", `b` AS incload_k0, `a` AS incload_k1, `b` AS"
                     " incload_j0, `a` AS incload_j1, NULL FROM `t` WHERE `v` = NEW.`v` AND `a` = NEW.`a`;"
                     " END");
    incload__statements_free(&list);
    incload__schema_free(&columns);
}
END_TEST

START_TEST(all_of_it_is_dropped_the_triggers_first)
{
    static const char *const expected[CAPTURES][7] = {
        { "DROP TRIGGER IF EXISTS \"ch_r\" ON \"s\".\"t\"", "DROP TRIGGER IF EXISTS \"ch_t\" ON \"s\".\"t\"",
          "DROP FUNCTION IF EXISTS \"s\".\"ch_f\"()", "DROP TABLE IF EXISTS \"s\".\"ch\"" },
        { "DROP TRIGGER IF EXISTS `s`.`ch_i`", "DROP TRIGGER IF EXISTS `s`.`ch_u`", "DROP TRIGGER IF EXISTS `s`.`ch_d`",
          "DROP TABLE IF EXISTS `s`.`ch`" },
        { "DROP TRIGGER IF EXISTS `s`.`ch_i`", "DROP TRIGGER IF EXISTS `s`.`ch_u`", "DROP TRIGGER IF EXISTS `s`.`ch_d`",
          "DROP TRIGGER IF EXISTS `s`.`ch_b`", "DROP TRIGGER IF EXISTS `s`.`ch_c`", "DROP TABLE IF EXISTS `s`.`ch`" },
    };

    for (int i = 0; i < CAPTURES; i++) {
        incload__statements list = { .mem = &incload__mem_libc };
        incload__capture capture = capture_of(all_dialects[i]);
        ck_assert_int_eq(all_dialects[i]->capture->drop(&list, &capture, NULL), INCLOAD_OK);
        expect_list(&list, expected[i]);
    }
}
END_TEST

START_TEST(a_batch_is_read_by_its_last_number_and_deleted_by_all)
{
    static const char *const rows[CAPTURES] = {
        "SELECT c.incload_k0, c.incload_k1, t.\"a\", t.\"b\", t.\"v\" FROM (SELECT \"incload_k0\","
        " CAST(\"incload_k0\" AS text) AS incload_e0, \"incload_k1\", CAST(\"incload_k1\" AS text) AS incload_e1 FROM"
        " \"s\".\"ch\" WHERE incload_op = 'R' AND incload_no <= 9 UNION SELECT \"incload_j0\", CAST(\"incload_j0\" AS"
        " text) AS incload_e0, \"incload_j1\", CAST(\"incload_j1\" AS text) AS incload_e1 FROM \"s\".\"ch\" WHERE"
        " incload_op = 'R' AND incload_no <= 9) AS c LEFT JOIN \"s\".\"t\" AS t ON t.\"b\" = c.incload_k0 AND"
        " CAST(t.\"b\" AS text) = c.incload_e0 AND t.\"a\" = c.incload_k1 AND CAST(t.\"a\" AS text) = c.incload_e1",
        "SELECT c.incload_k0, c.incload_k1, t.`a`, t.`b`, t.`v` FROM (SELECT `incload_k0`,"
        " CAST(`incload_k0` AS BINARY) AS incload_e0, `incload_k1`, CAST(`incload_k1` AS BINARY) AS incload_e1 FROM"
        " `s`.`ch` WHERE incload_op = 'R' AND incload_no <= 9 UNION SELECT `incload_j0`, CAST(`incload_j0` AS"
        " BINARY) AS incload_e0, `incload_j1`, CAST(`incload_j1` AS BINARY) AS incload_e1 FROM `s`.`ch` WHERE"
        " incload_op = 'R' AND incload_no <= 9) AS c LEFT JOIN `s`.`t` AS t ON t.`b` = c.incload_k0 AND"
        " CAST(t.`b` AS BINARY) = c.incload_e0 AND t.`a` = c.incload_k1 AND CAST(t.`a` AS BINARY) = c.incload_e1",
        "SELECT c.incload_k0, c.incload_k1, t.`a`, t.`b`, t.`v` FROM (SELECT `incload_k0`,"
        " `incload_k0` COLLATE BINARY AS incload_e0, `incload_k1`, `incload_k1` COLLATE BINARY AS incload_e1 FROM"
        " `s`.`ch` WHERE incload_op = 'R' AND incload_no <= 9 UNION SELECT `incload_j0`, `incload_j0` COLLATE"
        " BINARY AS incload_e0, `incload_j1`, `incload_j1` COLLATE BINARY AS incload_e1 FROM `s`.`ch` WHERE"
        " incload_op = 'R' AND incload_no <= 9) AS c LEFT JOIN `s`.`t` AS t ON t.`b` = c.incload_k0 AND"
        " t.`b` COLLATE BINARY = c.incload_e0 AND t.`a` = c.incload_k1 AND t.`a` COLLATE BINARY = c.incload_e1",
    };
    static const char *const removal[CAPTURES] = {
        "DELETE FROM \"s\".\"ch\" WHERE incload_no IN (3, 5, 9)",
        "DELETE c FROM `s`.`ch` AS c FORCE INDEX (PRIMARY) WHERE c.incload_no IN (3, 5, 9)",
        "DELETE FROM `s`.`ch` WHERE incload_no IN (3, 5, 9)",
    };
    static const int64_t numbers[] = { 3, 5, 9 };

    for (int i = 0; i < CAPTURES; i++) {
        incload__str sql = INCLOAD__STR(&incload__mem_libc);
        incload__capture capture = capture_of(all_dialects[i]);
        ck_assert_int_eq(incload__capture_rows(&sql, &capture, 9, NULL), INCLOAD_OK);
        expect_sql(&sql, rows[i]);
        ck_assert_int_eq(incload__capture_remove(&sql, &capture, numbers, 3, NULL), INCLOAD_OK);
        expect_sql(&sql, removal[i]);
        incload__schema_free(&columns);
    }
}
END_TEST

START_TEST(dialects_without_change_tables_say_so)
{
    ck_assert_ptr_null(incload__dialect_sqlserver.capture);
    ck_assert_ptr_null(incload__dialect_ansi.capture);
}
END_TEST

START_TEST(sql_server_tells_what_it_tracked_itself)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    incload__capture capture = capture_of(&incload__dialect_sqlserver);

    ck_assert_str_eq(incload__tracking_begin, "SET TRANSACTION ISOLATION LEVEL SNAPSHOT");
    ck_assert_int_eq(incload__tracking_versions(&sql, &capture, NULL), INCLOAD_OK);
    expect_sql(&sql, "SELECT CHANGE_TRACKING_CURRENT_VERSION(), CHANGE_TRACKING_MIN_VALID_VERSION("
                     "OBJECT_ID(N'[s].[t]'))");
    ck_assert_int_eq(incload__tracking_rows(&sql, &capture, 17, NULL), INCLOAD_OK);
    expect_sql(&sql, "SELECT c.[b] AS incload_k0, c.[a] AS incload_k1, t.[a], t.[b], t.[v] FROM CHANGETABLE(CHANGES"
                     " [s].[t], 17) AS c LEFT JOIN [s].[t] AS t ON t.[b] = c.[b] AND t.[a] = c.[a]");
    incload__schema_free(&columns);
}
END_TEST

/* Each range is one of an index. */
START_TEST(versions_are_found_by_the_transactions_that_wrote_and_ended_them)
{
    static const uint64_t done[] = { 44, 46 };
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    incload__capture capture = capture_of(&incload__dialect_mariadb);
    incload__versions versions = { .start = "rs", .end = "re", .first = 40, .last = 50, .done = done, .done_count = 2 };

    ck_assert_int_eq(incload__versions_transactions(&sql, &capture, &versions, 7, NULL), INCLOAD_OK);
    expect_sql(&sql, "SELECT CAST(v.incload_no AS CHAR), COUNT(*) FROM (SELECT `rs` AS incload_no FROM `s`.`t` FOR"
                     " SYSTEM_TIME ALL WHERE `rs` >= 40 AND `rs` <= 50 AND `rs` NOT IN (44, 46) UNION ALL SELECT `re`"
                     " FROM `s`.`t` FOR SYSTEM_TIME ALL WHERE `re` >= 40 AND `re` <= 50 AND `re` NOT IN (44, 46)) AS v"
                     " GROUP BY v.incload_no ORDER BY v.incload_no LIMIT 7");
    versions.done_count = 0;
    ck_assert_int_eq(incload__versions_rows(&sql, &capture, &versions, NULL), INCLOAD_OK);
    expect_sql(&sql, "SELECT c.incload_k0, c.incload_k1, t.`a`, t.`b`, t.`v` FROM (SELECT `b` AS incload_k0,"
                     " CAST(`b` AS BINARY) AS incload_e0, `a` AS incload_k1, CAST(`a` AS BINARY) AS incload_e1 FROM"
                     " `s`.`t` FOR SYSTEM_TIME ALL WHERE `rs` >= 40 AND `rs` <= 50 UNION SELECT `b` AS incload_k0,"
                     " CAST(`b` AS BINARY) AS incload_e0, `a` AS incload_k1, CAST(`a` AS BINARY) AS incload_e1 FROM"
                     " `s`.`t` FOR SYSTEM_TIME ALL WHERE `re` >= 40 AND `re` <= 50) AS c LEFT JOIN `s`.`t` AS t ON"
                     " t.`b` = c.incload_k0 AND CAST(t.`b` AS BINARY) = c.incload_e0 AND t.`a` = c.incload_k1 AND"
                     " CAST(t.`a` AS BINARY) = c.incload_e1");
    incload__schema_free(&columns);
}
END_TEST

START_TEST(a_name_that_cannot_be_quoted_is_refused)
{
    incload__table bad = { NULL, (char *)"" };

    for (int i = 0; i < CAPTURES; i++) {
        incload__statements list = { .mem = &incload__mem_libc };
        incload__str sql = INCLOAD__STR(&incload__mem_libc);
        incload__capture capture = capture_of(all_dialects[i]);
        incload_error *err = NULL;
        capture.source = &bad;
        ck_assert_int_eq(all_dialects[i]->capture->make_triggers(&list, &capture, &err), INCLOAD_E_INVALID);
        expect_error(&err, INCLOAD_E_INVALID, "must not be empty");
        ck_assert_int_eq(incload__capture_rows(&sql, &capture, 9, NULL), INCLOAD_E_INVALID);
        incload__str_free(&sql);
        incload__statements_free(&list);
        incload__schema_free(&columns);
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_change_table_has_the_keys_types_and_a_mark);
    tcase_add_test(tests, triggers_write_the_key_before_and_behind);
    tcase_add_test(tests, sqlite_looks_for_rows_that_a_replace_takes_out);
    tcase_add_test(tests, all_of_it_is_dropped_the_triggers_first);
    tcase_add_test(tests, a_batch_is_read_by_its_last_number_and_deleted_by_all);
    tcase_add_test(tests, dialects_without_change_tables_say_so);
    tcase_add_test(tests, sql_server_tells_what_it_tracked_itself);
    tcase_add_test(tests, versions_are_found_by_the_transactions_that_wrote_and_ended_them);
    tcase_add_test(tests, a_name_that_cannot_be_quoted_is_refused);
}

HARNESS_MAIN("dialect-capture", add_tests)
