/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's statements against the mock: what is asked, what is written, and what each answer means. */
#include "rig.h"

#include "state/ledger.h"

static const incload__env env = {
    .mem = { NULL, NULL, NULL, NULL }, .monotonic_us = rig_monotonic, .wall_us = rig_wall, .random = rig_random,
};
static incload__env real_env;
static incload_mock *mock;
static incload__conn *conn;
static incload__ledger ledger;
static incload_error *err;
static rig r; /* for writing statements down */

static void
open_as(const char *dialect, const char *place)
{
    char url[40];

    real_env = env;
    real_env.mem = incload__mem_libc;
    snprintf(url, sizeof url, "mock:dialect=%s", dialect);
    mock = incload_mock_new(NULL);
    incload__connect how = { .env = &real_env, .url = url, .role = INCLOAD__ROLE_WRITE, .host_data = mock };
    ck_assert_int_eq(incload__driver_mock.connect(&how, &conn, NULL), INCLOAD_OK);
    err = NULL;
    r.dialect = incload__dialect_find(dialect);
    ck_assert_int_eq(incload__ledger_init(&ledger, &incload__mem_libc, conn->dialect, place, &err), INCLOAD_OK);
}

static void
set_up(void)
{
    open_as("postgres", "incload");
}

static void
tear_down(void)
{
    incload__ledger_free(&ledger);
    conn->driver->close(conn);
    incload_mock_unref(mock);
    incload_error_unref(err);
}

static void
reopen(const char *dialect, const char *place)
{
    tear_down();
    open_as(dialect, place);
}

static void
says(const char *part)
{
    ck_assert_msg(strstr(incload_error_message(err), part) != NULL, "%s", incload_error_message(err));
}

static void
answer_version(const char *version)
{
    incload_mock_answer_rows(mock, "SELECT MAX(version)%", 0, "version", "bigint", &version, 1, NULL);
}

/* ---- finding and making ---- */

START_TEST(a_ledger_is_found_by_its_version)
{
    bool exists = false;

    answer_version("1");
    ck_assert_int_eq(incload__ledger_find(&ledger, conn, &exists, &err), INCLOAD_OK);
    ck_assert(exists);
    ck_assert_str_eq(incload_mock_statement(mock, 0), "SELECT MAX(version) FROM \"incload\".\"meta\"");
}
END_TEST

START_TEST(a_missing_table_or_an_empty_one_is_no_ledger_and_no_error)
{
    bool exists = true;

    incload_mock_fail(mock, "SELECT MAX(version)%", 1, "42P01", 0, "relation does not exist", NULL);
    ck_assert_int_eq(incload__ledger_find(&ledger, conn, &exists, &err), INCLOAD_OK);
    ck_assert(!exists);
    ck_assert_ptr_null(err);
    answer_version(NULL);
    ck_assert_int_eq(incload__ledger_find(&ledger, conn, &exists, &err), INCLOAD_OK);
    ck_assert(!exists);
}
END_TEST

START_TEST(another_failure_of_the_question_is_told)
{
    bool exists = true;

    incload_mock_fail(mock, "SELECT MAX(version)%", 1, "42501", 0, "permission denied", NULL);
    ck_assert_int_eq(incload__ledger_find(&ledger, conn, &exists, &err), INCLOAD_E_PERMISSION);
    ck_assert(!exists);
    says("permission denied");
}
END_TEST

START_TEST(a_newer_ledger_is_refused_with_what_to_do)
{
    bool exists = true;

    answer_version("5");
    ck_assert_int_eq(incload__ledger_find(&ledger, conn, &exists, &err), INCLOAD_E_UNSUPPORTED);
    says(
        "the ledger 'incload' in the target has version 5, this library knows up to 4: use a newer libincload, or name "
        "another ledger");
    ck_assert(!exists);
    ck_assert_int_eq(incload__ledger_ensure(&ledger, conn, NULL), INCLOAD_E_UNSUPPORTED);
    ck_assert_int_eq(incload_mock_statement_count(mock), 2);
}
END_TEST

START_TEST(a_ledger_that_is_there_is_not_made_again)
{
    answer_version("4");
    ck_assert_int_eq(incload__ledger_ensure(&ledger, conn, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_mock_statement_count(mock), 1);
}
END_TEST

START_TEST(a_ledger_of_version_one_gets_the_tables_it_lacks_and_then_its_new_version)
{
    answer_version("1");
    ck_assert_int_eq(incload__ledger_ensure(&ledger, conn, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_mock_statement_count(mock), 21);
    ck_assert_str_eq(incload_mock_statement(mock, 1),
                     "CREATE TABLE IF NOT EXISTS \"incload\".\"lease\" (\"load_name\" text NOT NULL, \"epoch\" bigint"
                     " NOT NULL, \"run_id\" text NOT NULL, \"holder\" text, \"taken_us\" bigint NOT NULL, \"ttl_us\""
                     " bigint NOT NULL, PRIMARY KEY (\"load_name\"))");
    ck_assert_str_eq(incload_mock_statement(mock, 2),
                     "CREATE TABLE IF NOT EXISTS \"incload\".\"lease_beat\" (\"load_name\" text NOT NULL, \"epoch\""
                     " bigint NOT NULL, \"expires_us\" bigint NOT NULL, PRIMARY KEY (\"load_name\"))");
    ck_assert_str_eq(incload_mock_statement(mock, 3),
                     "CREATE TABLE IF NOT EXISTS \"incload\".\"reject\" (\"run_id\" text NOT NULL, \"number\" bigint"
                     " NOT NULL, \"load_name\" text NOT NULL, \"unit\" text, \"reason\" text NOT NULL, \"sql_state\""
                     " text, \"form\" text NOT NULL, \"row_json\" text NOT NULL, \"at_us\" bigint NOT NULL,"
                     " \"replayed_us\" bigint, \"replay_run_id\" text, PRIMARY KEY (\"run_id\", \"number\"))");
    ck_assert_str_eq(incload_mock_statement(mock, 4),
                     "CREATE TABLE IF NOT EXISTS \"incload\".\"loaded_columns\" (\"load_name\" text NOT NULL,"
                     " \"document\" text NOT NULL, \"run_id\" text NOT NULL, \"updated_us\" bigint NOT NULL,"
                     " PRIMARY KEY (\"load_name\"))");
    ck_assert_int_eq(rig_count(mock, "CREATE TABLE IF NOT EXISTS \"incload\".\"object\" "), 1);
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 20, 0), "4");
}
END_TEST

START_TEST(a_ledger_of_version_three_gets_the_tables_of_runs_then_their_counter_and_indexes)
{
    answer_version("3");
    ck_assert_int_eq(incload__ledger_ensure(&ledger, conn, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_mock_statement_count(mock), 16);
    ck_assert_str_eq(incload_mock_statement(mock, 2),
                     "CREATE TABLE IF NOT EXISTS \"incload\".\"run_key\" (\"idem_key\" text NOT NULL, \"run_no\""
                     " bigint NOT NULL, PRIMARY KEY (\"idem_key\"))");
    ck_assert_str_eq(incload_mock_statement(mock, 9), "CREATE SEQUENCE IF NOT EXISTS \"incload\".\"unit_epoch\"");
    ck_assert_str_eq(incload_mock_statement(mock, 10),
                     "CREATE INDEX IF NOT EXISTS \"unit_ready\" ON \"incload\".\"unit\" (run_no, priority,"
                     " not_before_us, seq) WHERE status = 1");
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 15, 0), "4");
}
END_TEST

START_TEST(two_that_bring_a_ledger_to_this_version_at_once_both_go_on)
{
    static const char *const four[] = { "4" };

    answer_version("1");
    incload_mock_fail(mock, "INSERT INTO %meta%", 1, "23505", 0, "duplicate key", NULL);
    incload_mock_answer_rows(mock, "SELECT MAX(version)%", 2, "version", "bigint", four, 1, NULL);
    ck_assert_int_eq(incload__ledger_ensure(&ledger, conn, &err), INCLOAD_OK);
    ck_assert_ptr_null(err);
}
END_TEST

START_TEST(an_older_ledger_that_cannot_be_changed_is_told_by_name)
{
    answer_version("1");
    incload_mock_fail(mock, "CREATE TABLE%", 1, "42501", 0, "permission denied for schema", NULL);
    ck_assert_int_eq(incload__ledger_ensure(&ledger, conn, &err), INCLOAD_E_PERMISSION);
    says("bringing the ledger 'incload' in the target to this version: ");
}
END_TEST

START_TEST(a_ledger_is_made_with_its_version_last)
{
    ck_assert_int_eq(incload__ledger_ensure(&ledger, conn, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_mock_statement_count(mock), 26);
    ck_assert_str_eq(incload_mock_statement(mock, 1), "CREATE SCHEMA IF NOT EXISTS \"incload\"");
    ck_assert_str_eq(incload_mock_statement(mock, 25),
                     "INSERT INTO \"incload\".\"meta\" (version, created_us) VALUES ($1, $2)");
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 25, 0), "4");
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 25, 1), "1700000000000000");
}
END_TEST

START_TEST(without_schemas_the_ledger_is_a_prefix)
{
    static const char *const dialects[] = { "mariadb", "sqlite" };

    for (size_t i = 0; i < 2; i++) {
        reopen(dialects[i], "books");
        ck_assert_int_eq(incload__ledger_ensure(&ledger, conn, &err), INCLOAD_OK);
        ck_assert_int_eq(rig_count(mock, "CREATE SCHEMA"), 0);
        ck_assert_int_eq(rig_count(mock, "CREATE TABLE IF NOT EXISTS `books_watermark` "), 1);
        ck_assert_int_eq(rig_count(mock, "CREATE TABLE IF NOT EXISTS `books_watermark_history` "), 1);
        ck_assert_int_eq(rig_count(mock, "CREATE TABLE IF NOT EXISTS `books_run` "), 1);
        ck_assert_int_eq(rig_count(mock, "CREATE TABLE IF NOT EXISTS `books_meta` "), 1);
        ck_assert_int_eq(rig_count(mock, "CREATE TABLE IF NOT EXISTS `books_lease` "), 1);
        ck_assert_int_eq(rig_count(mock, "CREATE TABLE IF NOT EXISTS `books_lease_beat` "), 1);
        ck_assert_int_eq(rig_count(mock, "CREATE TABLE IF NOT EXISTS `books_reject` "), 1);
        ck_assert_int_eq(rig_count(mock, "CREATE TABLE IF NOT EXISTS `books_loaded_columns` "), 1);
        ck_assert_int_eq(rig_count(mock, "CREATE TABLE IF NOT EXISTS `books_object` "), 1);
        ck_assert_int_eq(rig_count(mock, "CREATE TABLE IF NOT EXISTS `books_unit` "), 1);
        ck_assert_int_eq(rig_count(mock, "CREATE INDEX IF NOT EXISTS `books_unit_ready` ON `books_unit` "), 1);
        ck_assert_str_eq(incload_mock_statement(mock, incload_mock_statement_count(mock) - 1),
                         "INSERT INTO `books_meta` (version, created_us) VALUES (?, ?)");
    }
}
END_TEST

START_TEST(two_that_make_the_ledger_at_once_both_go_on)
{
    static const char *const one[] = { "4" };

    incload_mock_fail(mock, "CREATE TABLE%", 2, "23505", 0, "duplicate key in the catalog", NULL);
    incload_mock_answer_rows(mock, "SELECT MAX(version)%", 2, "version", "bigint", one, 1, NULL);
    ck_assert_int_eq(incload__ledger_ensure(&ledger, conn, &err), INCLOAD_OK);
    ck_assert_ptr_null(err);
}
END_TEST

START_TEST(a_ledger_that_another_has_made_in_part_is_completed)
{
    incload_mock_fail(mock, "CREATE TABLE%", 2, "23505", 0, "duplicate key in the catalog", NULL);
    ck_assert_int_eq(incload__ledger_ensure(&ledger, conn, &err), INCLOAD_OK);
    ck_assert_ptr_null(err);
    ck_assert_int_eq(rig_count(mock, "INSERT INTO \"incload\".\"meta\""), 1);
}
END_TEST

START_TEST(a_ledger_that_cannot_be_made_is_told_by_name)
{
    incload_mock_fail(mock, "CREATE SCHEMA%", 1, "42501", 0, "permission denied for database", NULL);
    ck_assert_int_eq(incload__ledger_ensure(&ledger, conn, &err), INCLOAD_E_PERMISSION);
    says("making the ledger 'incload' in the target: ");
    says("permission denied for database");
}
END_TEST

START_TEST(odd_names_of_a_ledger_are_quoted_or_refused)
{
    char name[300];

    reopen("postgres", "odd \"name\"; --");
    ck_assert_str_eq(ledger.meta, "\"odd \"\"name\"\"; --\".\"meta\"");
    memset(name, 'x', sizeof name);
    name[299] = '\0';
    incload__ledger other;
    ck_assert_int_eq(incload__ledger_init(&other, &incload__mem_libc, conn->dialect, name, &err), INCLOAD_E_INVALID);
    says("option 'ledger' of the target database is too long");
    incload__ledger_free(&other);
    incload_error_unref(err);
    err = NULL;
    name[64] = '\0';
    ck_assert_int_eq(incload__ledger_init(&other, &incload__mem_libc, conn->dialect, name, &err), INCLOAD_E_INVALID);
    says("option 'ledger' of the target database: ");
    says("takes at most 63 bytes");
    incload__ledger_free(&other);
}
END_TEST

/* ---- positions ---- */

START_TEST(a_load_that_never_ran_has_no_position)
{
    incload__position position;

    ck_assert_int_eq(incload__ledger_read(&ledger, conn, "orders", &position, &err), INCLOAD_OK);
    ck_assert_int_eq(position.version, 0);
    ck_assert_ptr_null(position.value);
    incload__position_free(&position);
}
END_TEST

START_TEST(a_position_is_read_with_all_its_parts)
{
    static const char *const cells[] = { "7", "2024-01-01", "date", "BEST_EFFORT", "{\"a\":1}", "99" };
    incload__position position;

    incload_mock_answer_rows(mock, "SELECT version, value%", 0, "version,value,type,level,document,updated_us", NULL,
                             cells, 1, NULL);
    ck_assert_int_eq(incload__ledger_read(&ledger, conn, "it's", &position, &err), INCLOAD_OK);
    ck_assert_int_eq(position.version, 7);
    ck_assert_str_eq(position.value, "2024-01-01");
    ck_assert_str_eq(position.type, "date");
    ck_assert_str_eq(position.level, "BEST_EFFORT");
    ck_assert_str_eq(position.document, "{\"a\":1}");
    ck_assert_int_eq(position.updated_us, 99);
    ck_assert_ptr_null(strstr(incload_mock_statement(mock, 0), "it's"));
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 0, 0), "it's");
    incload__position_free(&position);
}
END_TEST

static const incload__position to = { .value = (char *)(uintptr_t)"9", .type = (char *)(uintptr_t)"bigint" };

static int32_t
move(int64_t version)
{
    int32_t status;

    conn->driver->begin(conn, NULL);
    status = incload__ledger_move(&ledger, conn, "orders", version, &to, "0123", &err);
    conn->driver->rollback(conn, NULL);
    return status;
}

START_TEST(the_first_move_inserts_version_one_and_its_history)
{
    static const char *const expected[] = {
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        "SELECT COALESCE(MAX(version), 0) FROM \"incload\".\"watermark_history\" WHERE load_name = $1 {orders}",
        "INSERT INTO \"incload\".\"watermark\" (load_name, version, value, type, level, document, run_id, updated_us)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) {orders} {1} {9} {bigint} {NULL} {NULL} {0123} {1700000000000000}",
        "INSERT INTO \"incload\".\"watermark_history\" (load_name, version, value, document, run_id, updated_us)"
        " VALUES ($1, $2, $3, $4, $5, $6) {orders} {1} {9} {NULL} {0123} {1700000000000000}",
        "ROLLBACK",
    };

    ck_assert_int_eq(move(0), INCLOAD_OK);
    rig_expect_statements(&r, mock, expected);
}
END_TEST

START_TEST(a_move_without_a_watermark_goes_on_behind_the_history)
{
    static const char *const newest[] = { "41" };
    static const char *const expected[] = {
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        "SELECT COALESCE(MAX(version), 0) FROM \"incload\".\"watermark_history\" WHERE load_name = $1 {orders}",
        "INSERT INTO \"incload\".\"watermark\" (load_name, version, value, type, level, document, run_id, updated_us)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) {orders} {42} {9} {bigint} {NULL} {NULL} {0123} {1700000000000000}",
        "INSERT INTO \"incload\".\"watermark_history\" (load_name, version, value, document, run_id, updated_us)"
        " VALUES ($1, $2, $3, $4, $5, $6) {orders} {42} {9} {NULL} {0123} {1700000000000000}",
        "ROLLBACK",
    };

    incload_mock_answer_rows(mock, "SELECT COALESCE%history%", 1, "version", "bigint", newest, 1, NULL);
    ck_assert_int_eq(move(0), INCLOAD_OK);
    rig_expect_statements(&r, mock, expected);
}
END_TEST

START_TEST(a_first_move_whose_history_cannot_be_read_writes_nothing)
{
    incload_mock_fail(mock, "SELECT COALESCE%history%", 1, "57014", 0, "stopped", NULL);
    ck_assert_int_ne(move(0), INCLOAD_OK);
    says("recording the watermark of load 'orders'");
    ck_assert_int_eq(rig_count(mock, "INSERT INTO "), 0);
}
END_TEST

START_TEST(a_first_move_that_meets_another_is_busy)
{
    incload_mock_fail(mock, "INSERT INTO %watermark\" %", 1, "23505", 0, "duplicate key", NULL);
    ck_assert_int_eq(move(0), INCLOAD_E_BUSY);
    says("another run of load 'orders' has moved its watermark meanwhile: nothing of this run was kept; run it again");
    ck_assert_int_eq(rig_count(mock, "INSERT INTO \"incload\".\"watermark_history\""), 0);
}
END_TEST

START_TEST(a_later_move_compares_the_version_that_was_read)
{
    static const char *const expected[] = {
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        ("UPDATE \"incload\".\"watermark\" SET version = $1, value = $2, type = $3, level = $4, document = $5,"
        " run_id = $6, updated_us = $7 WHERE load_name = $8 AND version = $9"
        " {6} {9} {bigint} {NULL} {NULL} {0123} {1700000000000000} {orders} {5}"),
        "INSERT INTO \"incload\".\"watermark_history\" (load_name, version, value, document, run_id, updated_us)"
        " VALUES ($1, $2, $3, $4, $5, $6) {orders} {6} {9} {NULL} {0123} {1700000000000000}",
        "ROLLBACK",
    };

    incload_mock_answer_affected(mock, "UPDATE%", 1, 1, NULL);
    ck_assert_int_eq(move(5), INCLOAD_OK);
    rig_expect_statements(&r, mock, expected);
}
END_TEST

START_TEST(an_update_that_finds_no_row_or_does_not_say_is_busy)
{
    static const int64_t affected[] = { 0, -1, 2 };

    incload_mock_answer_affected(mock, "UPDATE%", 1, affected[_i], NULL);
    ck_assert_int_eq(move(5), INCLOAD_E_BUSY);
    ck_assert_int_eq(rig_count(mock, "INSERT INTO \"incload\".\"watermark_history\""), 0);
}
END_TEST

START_TEST(a_move_that_fails_otherwise_names_the_load_and_keeps_the_code)
{
    incload_mock_fail(mock, "UPDATE%", 1, "40001", 0, "could not serialize", NULL);
    ck_assert_int_eq(move(5), INCLOAD_E_CONFLICT);
    says("recording the watermark of load 'orders': ");
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
}
END_TEST

/* ---- runs ---- */

static int32_t
resolve(bool *committed)
{
    *committed = false;
    return incload__ledger_resolve(&ledger, conn, RIG_RUN_ID, committed, &err);
}

START_TEST(a_run_that_can_be_added_was_not_committed)
{
    bool committed;

    ck_assert_int_eq(resolve(&committed), INCLOAD_OK);
    ck_assert(!committed);
    ck_assert_int_eq(incload_mock_commit_count(mock), 0);
    ck_assert_str_eq(incload_mock_statement(mock, 0), "BEGIN ISOLATION LEVEL READ COMMITTED");
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 1, 0), RIG_RUN_ID);
    ck_assert_str_eq(incload_mock_statement(mock, 2), "ROLLBACK");
}
END_TEST

START_TEST(a_run_that_is_there_already_was_committed)
{
    bool committed;

    incload_mock_fail(mock, "INSERT%", 1, "23505", 0, "duplicate key", NULL);
    ck_assert_int_eq(resolve(&committed), INCLOAD_OK);
    ck_assert(committed);
    ck_assert_ptr_null(err);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
}
END_TEST

START_TEST(an_answer_of_another_kind_tells_nothing_about_the_run)
{
    bool committed;

    incload_mock_fail(mock, "INSERT%", 1, "40001", 0, "could not serialize", NULL);
    ck_assert_int_eq(resolve(&committed), INCLOAD_E_CONFLICT);
    ck_assert(!committed);
}
END_TEST

START_TEST(run_ids_are_32_digits_of_the_lent_randomness)
{
    char id[INCLOAD__RUN_ID_SIZE];

    incload__run_id(&real_env, id);
    ck_assert_str_eq(id, RIG_RUN_ID);
}
END_TEST

START_TEST(a_run_that_the_server_swallows_is_an_error)
{
    incload__run_record record = { .run_id = "a", .load = "b" };

    incload_mock_answer_affected(mock, "INSERT INTO %run%", 1, 0, NULL);
    ck_assert_int_eq(incload__ledger_add_run(&ledger, conn, &record, &err), INCLOAD_E_STATE);
    says("the ledger 'incload' did not take a row (0 in place of 1)");
}
END_TEST

START_TEST(numbers_of_any_size_are_recorded_plainly)
{
    incload__run_record record = { .run_id = "a", .load = "b", .started_us = INT64_MIN, .finished_us = INT64_MAX,
                                   .rows_read = 0, .rows_written = -1 };

    ck_assert_int_eq(incload__ledger_add_run(&ledger, conn, &record, &err), INCLOAD_OK);
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 0, 8), "-9223372036854775808");
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 0, 9), "9223372036854775807");
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 0, 10), "0");
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 0, 11), "-1");
    ck_assert_ptr_null(incload_mock_statement_parameter(mock, 0, 2));
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_ledger_is_found_by_its_version);
    tcase_add_test(tests, a_missing_table_or_an_empty_one_is_no_ledger_and_no_error);
    tcase_add_test(tests, another_failure_of_the_question_is_told);
    tcase_add_test(tests, a_newer_ledger_is_refused_with_what_to_do);
    tcase_add_test(tests, a_ledger_that_is_there_is_not_made_again);
    tcase_add_test(tests, a_ledger_of_version_one_gets_the_tables_it_lacks_and_then_its_new_version);
    tcase_add_test(tests, a_ledger_of_version_three_gets_the_tables_of_runs_then_their_counter_and_indexes);
    tcase_add_test(tests, two_that_bring_a_ledger_to_this_version_at_once_both_go_on);
    tcase_add_test(tests, an_older_ledger_that_cannot_be_changed_is_told_by_name);
    tcase_add_test(tests, a_ledger_that_another_has_made_in_part_is_completed);
    tcase_add_test(tests, a_run_that_the_server_swallows_is_an_error);
    tcase_add_test(tests, a_ledger_is_made_with_its_version_last);
    tcase_add_test(tests, without_schemas_the_ledger_is_a_prefix);
    tcase_add_test(tests, two_that_make_the_ledger_at_once_both_go_on);
    tcase_add_test(tests, a_ledger_that_cannot_be_made_is_told_by_name);
    tcase_add_test(tests, odd_names_of_a_ledger_are_quoted_or_refused);
    tcase_add_test(tests, a_load_that_never_ran_has_no_position);
    tcase_add_test(tests, a_position_is_read_with_all_its_parts);
    tcase_add_test(tests, the_first_move_inserts_version_one_and_its_history);
    tcase_add_test(tests, a_move_without_a_watermark_goes_on_behind_the_history);
    tcase_add_test(tests, a_first_move_whose_history_cannot_be_read_writes_nothing);
    tcase_add_test(tests, a_first_move_that_meets_another_is_busy);
    tcase_add_test(tests, a_later_move_compares_the_version_that_was_read);
    tcase_add_loop_test(tests, an_update_that_finds_no_row_or_does_not_say_is_busy, 0, 3);
    tcase_add_test(tests, a_move_that_fails_otherwise_names_the_load_and_keeps_the_code);
    tcase_add_test(tests, a_run_that_can_be_added_was_not_committed);
    tcase_add_test(tests, a_run_that_is_there_already_was_committed);
    tcase_add_test(tests, an_answer_of_another_kind_tells_nothing_about_the_run);
    tcase_add_test(tests, run_ids_are_32_digits_of_the_lent_randomness);
    tcase_add_test(tests, numbers_of_any_size_are_recorded_plainly);
}

HARNESS_MAIN("ledger", add_tests)
