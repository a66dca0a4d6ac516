/* SPDX-License-Identifier: Apache-2.0 */
/* What a load says to its databases, statement by statement. A change here is a change of what hosts' servers see. */
#include "rig.h"

#define READ_ORDERS "SELECT \"id\", \"updated\"::text, \"item\" FROM \"public\".\"orders\""
#define NO_POSITION "(\"updated\" IS NULL OR \"updated\" IN ('infinity', '-infinity'))"
#define LEDGER_TABLES                                                                                                 \
    "CREATE SCHEMA IF NOT EXISTS \"incload\"",                                                                        \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"watermark\" (\"load_name\" text NOT NULL, "                         \
        "\"version\" bigint NOT NULL, \"value\" text, \"type\" text, \"level\" text, \"document\" text, "             \
        "\"run_id\" text NOT NULL, \"updated_us\" bigint NOT NULL, PRIMARY KEY (\"load_name\"))",                     \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"watermark_history\" (\"load_name\" text NOT NULL, "                 \
        "\"version\" bigint NOT NULL, \"value\" text, \"document\" text, \"run_id\" text NOT NULL, "                  \
        "\"updated_us\" bigint NOT NULL, PRIMARY KEY (\"load_name\", \"version\"))",                                  \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"run\" (\"run_id\" text NOT NULL, \"load_name\" text NOT NULL, "     \
        "\"unit\" text, \"source\" text, \"target\" text, \"road\" text, \"low\" text, \"high\" text, "               \
        "\"started_us\" bigint NOT NULL, \"finished_us\" bigint NOT NULL, \"rows_read\" bigint NOT NULL, "            \
        "\"rows_written\" bigint NOT NULL, PRIMARY KEY (\"run_id\"))",                                                \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"lease\" (\"load_name\" text NOT NULL, \"epoch\" bigint NOT NULL, "  \
        "\"run_id\" text NOT NULL, \"holder\" text, \"taken_us\" bigint NOT NULL, \"ttl_us\" bigint NOT NULL, "       \
        "PRIMARY KEY (\"load_name\"))",                                                                               \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"lease_beat\" (\"load_name\" text NOT NULL, "                        \
        "\"epoch\" bigint NOT NULL, \"expires_us\" bigint NOT NULL, PRIMARY KEY (\"load_name\"))",                    \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"reject\" (\"run_id\" text NOT NULL, \"number\" bigint NOT NULL, "  \
        "\"load_name\" text NOT NULL, \"unit\" text, \"reason\" text NOT NULL, \"sql_state\" text, "                \
        "\"form\" text NOT NULL, \"row_json\" text NOT NULL, \"at_us\" bigint NOT NULL, \"replayed_us\" bigint, "   \
        "\"replay_run_id\" text, PRIMARY KEY (\"run_id\", \"number\"))",                                            \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"loaded_columns\" (\"load_name\" text NOT NULL, "                    \
        "\"document\" text NOT NULL, \"run_id\" text NOT NULL, \"updated_us\" bigint NOT NULL, "                      \
        "PRIMARY KEY (\"load_name\"))",                                                                               \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"object\" (\"object_name\" text NOT NULL, \"schema_name\" text, "    \
        "\"target_name\" text NOT NULL, \"load_name\" text NOT NULL, \"run_id\" text NOT NULL, "                      \
        "\"state\" text NOT NULL, \"made_us\" bigint NOT NULL, \"keep_us\" bigint NOT NULL, "                         \
        "\"rows_read\" bigint NOT NULL, \"rows_written\" bigint NOT NULL, PRIMARY KEY (\"object_name\"))",             \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"pipeline_run\" (\"run_no\" bigint NOT NULL, "                       \
        "\"run_id\" text NOT NULL, \"name\" text NOT NULL, \"kind\" bigint NOT NULL, \"idem_key\" "                   \
        "text, \"spec_hash\" text NOT NULL, \"spec\" text NOT NULL, \"status\" bigint NOT NULL, "                     \
        "\"want\" bigint NOT NULL, \"want_reason\" text, \"units\" bigint NOT NULL, \"next_seq\" "                    \
        "bigint NOT NULL, \"max_active\" bigint NOT NULL, \"max_failures\" bigint NOT NULL, "                         \
        "\"max_orphans\" bigint NOT NULL, \"failed\" bigint NOT NULL, \"attempt\" bigint NOT NULL, "                  \
        "\"created_us\" bigint NOT NULL, \"finished_us\" bigint, PRIMARY KEY (\"run_no\"))",                          \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"run_key\" (\"idem_key\" text NOT NULL, \"run_no\" "                 \
        "bigint NOT NULL, PRIMARY KEY (\"idem_key\"))",                                                               \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"unit\" (\"run_no\" bigint NOT NULL, \"seq\" bigint "                \
        "NOT NULL, \"status\" bigint NOT NULL, \"reason\" bigint NOT NULL, \"again\" bigint NOT "                     \
        "NULL, \"waits\" bigint NOT NULL, \"attempt\" bigint NOT NULL, \"orphans\" bigint NOT NULL, "                 \
        "\"epoch\" bigint NOT NULL, \"worker_no\" bigint NOT NULL, \"priority\" bigint NOT NULL, "                    \
        "\"not_before_us\" bigint NOT NULL, \"started_us\" bigint, \"finished_us\" bigint, "                          \
        "\"rows_written\" bigint, \"error_code\" bigint, \"error\" text, PRIMARY KEY (\"run_no\", "                   \
        "\"seq\"))",                                                                                                  \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"step\" (\"run_no\" bigint NOT NULL, \"seq\" bigint "                \
        "NOT NULL, \"name\" text NOT NULL, \"code_version\" text NOT NULL, \"input_hash\" text NOT "                  \
        "NULL, \"upstream\" text NOT NULL, \"pending\" bigint NOT NULL, \"up_ok\" bigint NOT NULL, "                  \
        "\"up_skip\" bigint NOT NULL, \"up_bad\" bigint NOT NULL, \"result\" text, PRIMARY KEY "                      \
        "(\"run_no\", \"seq\"))",                                                                                     \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"worker\" (\"worker_no\" bigint NOT NULL, "                          \
        "\"run_no\" bigint NOT NULL, \"state\" bigint NOT NULL, \"holder\" text NOT NULL, "                           \
        "\"started_us\" bigint NOT NULL, \"expires_us\" bigint NOT NULL, \"units_done\" bigint NOT "                  \
        "NULL, \"units_bad\" bigint NOT NULL, \"rows_written\" bigint NOT NULL, PRIMARY KEY "                         \
        "(\"worker_no\"))",                                                                                           \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"applied\" (\"load_name\" text NOT NULL, "                           \
        "\"unit_key\" character varying(180) NOT NULL, \"epoch\" bigint NOT NULL, \"run_id\" text "                   \
        "NOT NULL, \"code_version\" text NOT NULL, \"lane\" text NOT NULL, \"low\" bigint NOT NULL, "                 \
        "\"high\" bigint NOT NULL, \"rows_written\" bigint NOT NULL, \"applied_us\" bigint NOT NULL, "                \
        "PRIMARY KEY (\"load_name\", \"unit_key\"))",                                                                 \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"coverage\" (\"load_name\" text NOT NULL, "                          \
        "\"code_version\" character varying(60) NOT NULL, \"lane\" character varying(180) NOT NULL, "                 \
        "\"low\" bigint NOT NULL, \"high\" bigint NOT NULL, \"updated_us\" bigint NOT NULL, PRIMARY "                 \
        "KEY (\"load_name\", \"code_version\", \"lane\", \"low\"))",                                                  \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"rate_limit\" (\"name\" text NOT NULL, \"tat_us\" "                  \
        "bigint NOT NULL, PRIMARY KEY (\"name\"))",                                                                   \
        "CREATE SEQUENCE IF NOT EXISTS \"incload\".\"unit_epoch\"",                                                   \
        "CREATE INDEX IF NOT EXISTS \"unit_ready\" ON \"incload\".\"unit\" (run_no, priority, "                       \
        "not_before_us, seq) WHERE status = 1",                                                                       \
        "CREATE INDEX IF NOT EXISTS \"unit_running\" ON \"incload\".\"unit\" (run_no, worker_no) "                    \
        "WHERE status = 2",                                                                                           \
        "ALTER TABLE \"incload\".\"unit\" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = "                    \
        "0.02)",                                                                                                      \
        "ALTER TABLE \"incload\".\"pipeline_run\" SET (fillfactor = 50)",                                             \
        "ALTER TABLE \"incload\".\"worker\" SET (fillfactor = 50)",                                                   \
        "CREATE TABLE IF NOT EXISTS \"incload\".\"meta\" (\"version\" bigint NOT NULL, "                              \
        "\"created_us\" bigint NOT NULL, PRIMARY KEY (\"version\"))",                                                 \
        "INSERT INTO \"incload\".\"meta\" (version, created_us) VALUES ($1, $2) {4} {1700000000000000}"
/* One statement to look who has the lease and one to take it; giving it up is the fence, in the unit's transaction. */
#define TAKE_LEASE(load)                                                                                              \
    "<lease> {" load "}",                                                                                             \
        "INSERT INTO \"incload\".\"lease\" (load_name, epoch, run_id, holder, taken_us, ttl_us) VALUES ($1, $2, $3, " \
        "$4, (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint, $5) {" load "} {1} {" RIG_RUN_ID              \
        "} {<holder>} {30000000}"
#define FENCE(load)                                                                                                   \
    "UPDATE \"incload\".\"lease\" SET holder = NULL WHERE load_name = $1 AND epoch = $2 AND run_id = $3"              \
    " AND holder IS NOT NULL {" load "} {1} {" RIG_RUN_ID "}"
#define LEDGER_READ                                                                                                   \
    "SELECT version, value, type, level, document, updated_us FROM \"incload\".\"watermark\""                         \
    " WHERE load_name = $1 {orders}"
#define HAS_ROWS "SELECT CASE WHEN EXISTS (SELECT 1 FROM \"public\".\"orders\") THEN 1 ELSE 0 END"
#define ADD_RUN                                                                                                       \
    "INSERT INTO \"incload\".\"run\" (run_id, load_name, unit, source, target, road, low, high, started_us, "         \
    "finished_us, rows_read, rows_written) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "               \
    "{" RIG_RUN_ID "} {orders} {orders} {public.orders} {public.orders} {batches}"
#define NOW "{1700000000000000}"
#define HIGH "2024-01-02 08:00:00"
#define DOCUMENT                                                                                                      \
    "{{\"version\":2,\"kind\":\"cursor\",\"column\":\"updated\",\"type\":\"timestamp\",\"value\":\"" HIGH "\"}}"
#define HISTORY                                                                                                       \
    "INSERT INTO \"incload\".\"watermark_history\" (load_name, version, value, document, run_id, updated_us) "        \
    "VALUES ($1, $2, $3, $4, $5, $6) "
#define FIRST_VERSION(load)                                                                                           \
    "SELECT COALESCE(MAX(version), 0) FROM \"incload\".\"watermark_history\" WHERE load_name = $1 {" load "}"
/* A load of all rows has no position, but of two at once only one may land. */
#define TAKE_TURN(load)                                                                                               \
    FIRST_VERSION(load),                                                                                              \
        "INSERT INTO \"incload\".\"watermark\" (load_name, version, value, type, level, document, run_id, updated_us)"\
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) {" load "} {1} {NULL} {NULL} {NULL} {NULL} {" RIG_RUN_ID "} " NOW,   \
        HISTORY "{" load "} {1} {NULL} {NULL} {" RIG_RUN_ID "} " NOW

#define COLUMNS_READ "SELECT document FROM \"incload\".\"loaded_columns\" WHERE load_name = $1 {orders}"
#define COLUMNS_WRITE(load)                                                                                           \
    "DELETE FROM \"incload\".\"loaded_columns\" WHERE load_name = $1 {" load "}",                                     \
        "INSERT INTO \"incload\".\"loaded_columns\" (load_name, document, run_id, updated_us)"                        \
        " VALUES ($1, $2, $3, $4) {" load "} {{\"version\":1,\"table\":\"public." load "\",\"columns\":"              \
        "[[\"id\",\"id\",\"bigint\",\"int64\",0,0],[\"updated\",\"updated\",\"timestamp\",\"timestamp\",0,6],"        \
        "[\"item\",\"item\",\"text\",\"text\",0,0]]}} {" RIG_RUN_ID "} " NOW

START_TEST(a_first_load_makes_the_ledger_and_writes_straight_into_the_empty_target)
{
    static const char *const source[] = {
        "<schema> {NULL} {orders}",
        "<columns> {public} {orders}",
        "<keys> {public} {orders}",
        "<identity>",
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "SELECT COUNT(*) FROM \"public\".\"orders\" WHERE " NO_POSITION,
        "SELECT (MAX(\"updated\"))::text FROM \"public\".\"orders\""
        " WHERE NOT (" NO_POSITION ")",
        READ_ORDERS " WHERE NOT (" NO_POSITION ")"
                    " AND \"updated\" <= $1::timestamp {" HIGH "}",
        "ROLLBACK",
    };
    static const char *const target[] = {
        "SELECT MAX(version) FROM \"incload\".\"meta\"",
        LEDGER_TABLES,
        TAKE_LEASE("orders"),
        LEDGER_READ,
        "<schema> {NULL} {orders}",
        "<columns> {public} {orders}",
        "<keys> {public} {orders}",
        "<identity>",
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        HAS_ROWS,
        "WRITE \"public\".\"orders\"",
        "WRITE ROWS \"public\".\"orders\"",
        "WRITE END \"public\".\"orders\"",
        FENCE("orders"),
        ADD_RUN " {NULL} {" HIGH "} " NOW " " NOW " {2} {2}",
        FIRST_VERSION("orders"),
        "INSERT INTO \"incload\".\"watermark\" (load_name, version, value, type, level, document, run_id, updated_us)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) {orders} {1} {" HIGH "} {timestamp} {BEST_EFFORT} " DOCUMENT
        " {" RIG_RUN_ID "} " NOW,
        HISTORY "{orders} {1} {" HIGH "} " DOCUMENT " {" RIG_RUN_ID "} " NOW,
        COLUMNS_WRITE("orders"),
        "COMMIT",
    };
    rig r = rig_new("postgres");

    ck_assert_int_eq(rig_load(&r, "timestamp", "cursor=updated key=id horizon=none"), INCLOAD_OK);
    rig_expect_statements(&r, r.from, source);
    rig_expect_statements(&r, r.to, target);
    ck_assert_int_eq(incload_mock_row_count(r.to, "public.orders"), 2);
    ck_assert_str_eq(incload_mock_cell(r.to, "public.orders", 1, 2), "cake");
    ck_assert_int_eq(incload_mock_commit_count(r.from), 0);
    ck_assert_int_eq(incload_mock_commit_count(r.to), 1);
    rig_free(&r);
}
END_TEST

START_TEST(an_increment_reads_past_the_watermark_stages_and_merges)
{
    static const char *const source[] = {
        "<schema> {NULL} {orders}",
        "<columns> {public} {orders}",
        "<keys> {public} {orders}",
        "<identity>",
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "SELECT COUNT(*) FROM \"public\".\"orders\" WHERE " NO_POSITION,
        "SELECT (MAX(\"updated\"))::text FROM \"public\".\"orders\" WHERE NOT (" NO_POSITION ")"
        " AND \"updated\" >= $1::timestamp {2024-01-01 08:00:00}",
        READ_ORDERS " WHERE NOT (" NO_POSITION ") AND \"updated\" >= $1::timestamp AND \"updated\" <= $2::timestamp"
                    " {2024-01-01 08:00:00} {" HIGH "}",
        "ROLLBACK",
    };
    static const char *const target[] = {
        "SELECT MAX(version) FROM \"incload\".\"meta\"",
        TAKE_LEASE("orders"),
        LEDGER_READ,
        "<schema> {NULL} {orders}",
        "<columns> {public} {orders}",
        COLUMNS_READ,
        "<keys> {public} {orders}",
        "<identity>",
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        HAS_ROWS,
        "CREATE TEMP TABLE \"incload_staging_89abcdef\" (\"id\" bigint, \"updated\" timestamp, \"item\" text)"
        " ON COMMIT DROP",
        "WRITE \"incload_staging_89abcdef\"",
        "WRITE ROWS \"incload_staging_89abcdef\"",
        "WRITE END \"incload_staging_89abcdef\"",
        "SELECT COUNT(*) FROM \"incload_staging_89abcdef\"",
        "INSERT INTO \"public\".\"orders\" AS t (\"id\", \"updated\", \"item\") OVERRIDING SYSTEM VALUE"
        " SELECT DISTINCT ON (s.\"id\") s.\"id\", s.\"updated\", s.\"item\""
        " FROM pg_temp.\"incload_staging_89abcdef\" AS s ORDER BY s.\"id\", s.ctid DESC"
        " ON CONFLICT (\"id\") DO UPDATE SET \"updated\" = EXCLUDED.\"updated\", \"item\" = EXCLUDED.\"item\""
        " WHERE t.\"updated\" IS DISTINCT FROM EXCLUDED.\"updated\""
        " OR t.\"item\" COLLATE \"C\" IS DISTINCT FROM EXCLUDED.\"item\" COLLATE \"C\"",
        "DROP TABLE IF EXISTS pg_temp.\"incload_staging_89abcdef\"",
        FENCE("orders"),
        ADD_RUN " {2024-01-01 08:00:00} {" HIGH "} " NOW " " NOW " {2} {1}",
        "UPDATE \"incload\".\"watermark\" SET version = $1, value = $2, type = $3, level = $4, document = $5,"
        " run_id = $6, updated_us = $7 WHERE load_name = $8 AND version = $9 {4} {" HIGH "} {timestamp} {BEST_EFFORT} "
        DOCUMENT " {" RIG_RUN_ID "} " NOW " {orders} {3}",
        HISTORY "{orders} {4} {" HIGH "} " DOCUMENT " {" RIG_RUN_ID "} " NOW,
        COLUMNS_WRITE("orders"),
        "COMMIT",
    };
    rig r = rig_new("postgres");

    rig_tell_earlier_load(r.to);
    ck_assert_int_eq(rig_load(&r, "timestamp", "cursor=updated key=id horizon=none"), INCLOAD_OK);
    rig_expect_statements(&r, r.from, source);
    rig_expect_statements(&r, r.to, target);
    ck_assert_int_eq(incload_run_rows_read(r.run), 2);
    ck_assert_int_eq(incload_run_rows_written(r.run), 1);
    ck_assert_int_eq(incload_run_rows_skipped(r.run), 1);
    rig_free(&r);
}
END_TEST

START_TEST(an_append_reads_all_rows_and_takes_its_turn_without_a_position)
{
    static const char *const source[] = {
        "<schema> {NULL} {orders}", "<columns> {public} {orders}", "<keys> {public} {orders}", "<identity>",
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", READ_ORDERS, "ROLLBACK",
    };
    static const char *const target[] = {
        "SELECT MAX(version) FROM \"incload\".\"meta\"",
        LEDGER_TABLES,
        TAKE_LEASE("orders"),
        LEDGER_READ,
        "<schema> {NULL} {orders}",
        "<columns> {public} {orders}",
        "<identity>",
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        HAS_ROWS,
        "WRITE \"public\".\"orders\"",
        "WRITE ROWS \"public\".\"orders\"",
        "WRITE END \"public\".\"orders\"",
        FENCE("orders"),
        ADD_RUN " {NULL} {NULL} " NOW " " NOW " {2} {2}",
        TAKE_TURN("orders"),
        COLUMNS_WRITE("orders"),
        "COMMIT",
    };
    rig r = rig_new("postgres");

    ck_assert_int_eq(rig_load(&r, "append", NULL), INCLOAD_OK);
    rig_expect_statements(&r, r.from, source);
    rig_expect_statements(&r, r.to, target);
    ck_assert_ptr_null(incload_run_watermark(r.run));
    ck_assert_str_eq(incload_run_level(r.run), "");
    rig_free(&r);
}
END_TEST

START_TEST(inside_one_database_the_server_moves_the_rows_itself)
{
    static const char *const both[] = {
        "SELECT MAX(version) FROM \"incload\".\"meta\"",
        LEDGER_TABLES,
        TAKE_LEASE("copies"),
        "SELECT version, value, type, level, document, updated_us FROM \"incload\".\"watermark\""
        " WHERE load_name = $1 {copies}",
        "<schema> {NULL} {orders}",
        "<columns> {public} {orders}",
        "<keys> {public} {orders}",
        "<schema> {NULL} {copies}",
        "<columns> {public} {copies}",
        "<identity>",
        "<identity>",
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM \"public\".\"copies\") THEN 1 ELSE 0 END",
        "INSERT INTO \"public\".\"copies\" (\"id\", \"updated\", \"item\")"
        " SELECT \"id\", \"updated\", \"item\" FROM \"public\".\"orders\"",
        "ROLLBACK",
        FENCE("copies"),
        "INSERT INTO \"incload\".\"run\" (run_id, load_name, unit, source, target, road, low, high, started_us, "
        "finished_us, rows_read, rows_written) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) {" RIG_RUN_ID
        "} {copies} {copies} {public.orders} {public.copies} {same-database} {NULL} {NULL} " NOW " " NOW " {7} {7}",
        TAKE_TURN("copies"),
        COLUMNS_WRITE("copies"),
        "COMMIT",
    };
    rig r = rig_new_in(rig_context(), "postgres", true);

    incload_mock_answer_affected(r.from, "INSERT INTO % SELECT %", 0, 7, NULL);
    ck_assert_int_eq(rig_load(&r, "append", NULL), INCLOAD_OK);
    rig_expect_statements(&r, r.from, both);
    ck_assert_str_eq(incload_run_road(r.run), "same-database");
    ck_assert_str_eq(incload_run_road_reason(r.run), "");
    ck_assert_int_eq(incload_run_rows_written(r.run), 7);
    rig_free(&r);
}
END_TEST

START_TEST(a_second_step_of_one_database_uses_the_ledger_that_is_there)
{
    rig r = rig_new("postgres");

    rig_tell_earlier_load(r.to);
    ck_assert_int_eq(rig_load(&r, "timestamp", "cursor=updated key=id horizon=none"), INCLOAD_OK);
    ck_assert_int_eq(rig_count(r.to, "CREATE SCHEMA"), 0);
    ck_assert_int_eq(rig_count(r.to, "CREATE TABLE"), 0);
    rig_free(&r);
}
END_TEST

START_TEST(every_statement_between_begin_and_commit_is_on_one_connection)
{
    rig r = rig_new("postgres");
    int64_t begin = -1, commit = -1;

    rig_tell_earlier_load(r.to);
    ck_assert_int_eq(rig_load(&r, "timestamp", "cursor=updated key=id horizon=none"), INCLOAD_OK);
    for (int64_t i = 0; i < incload_mock_statement_count(r.to); i++) {
        ck_assert_int_eq(incload_mock_statement_connection(r.to, i), 1);
        ck_assert_int_eq(incload_mock_statement_applied(r.to, i), 1);
        if (strncmp(incload_mock_statement(r.to, i), "BEGIN", 5) == 0)
            begin = i;
        if (strcmp(incload_mock_statement(r.to, i), "COMMIT") == 0)
            commit = i;
    }
    ck_assert_int_lt(begin, commit);
    ck_assert_int_eq(commit, incload_mock_statement_count(r.to) - 1);
    ck_assert_int_eq(incload_mock_connection_count(r.to), 1);
    rig_free(&r);
}
END_TEST

static const char *const dialects[] = { "postgres", "mariadb", "sqlite", "sqlserver", "ansi" };

START_TEST(every_dialect_loads_first_and_then_an_increment)
{
    rig r = rig_new(dialects[_i]);

    ck_assert_msg(rig_load(&r, BY_TIME) == INCLOAD_OK, "%s: %s", dialects[_i],
                  incload_error_message(r.err));
    ck_assert_int_eq(incload_mock_commit_count(r.to), 1);
    ck_assert_int_eq(incload_run_rows_read(r.run), 2);
    rig_tell_earlier_load(r.to);
    ck_assert_msg(rig_load(&r, BY_TIME) == INCLOAD_OK, "%s: %s", dialects[_i],
                  incload_error_message(r.err));
    ck_assert_int_eq(incload_mock_commit_count(r.to), 2);
    rig_free(&r);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_first_load_makes_the_ledger_and_writes_straight_into_the_empty_target);
    tcase_add_test(tests, an_increment_reads_past_the_watermark_stages_and_merges);
    tcase_add_test(tests, an_append_reads_all_rows_and_takes_its_turn_without_a_position);
    tcase_add_test(tests, inside_one_database_the_server_moves_the_rows_itself);
    tcase_add_test(tests, a_second_step_of_one_database_uses_the_ledger_that_is_there);
    tcase_add_test(tests, every_statement_between_begin_and_commit_is_on_one_connection);
    tcase_add_loop_test(tests, every_dialect_loads_first_and_then_an_increment, 0,
                        (int)(sizeof dialects / sizeof dialects[0]));
}

HARNESS_MAIN("run statements", add_tests)
