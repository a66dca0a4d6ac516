/* SPDX-License-Identifier: Apache-2.0 */
/* Claims and completions against the mock: which statements are sent, in which order, and what each answer means. */
#include "rig.h"

#include "dialect/units.h"
#include "state/pipeline_run.h"
#include "state/unit.h"

static incload__env env;
static incload_mock *mock;
static incload__conn *conn;
static incload__ledger ledger;
static incload_error *err;

static const incload__worker worker = { .worker_no = 7, .ttl_us = 30000000 };

static void
open_as(const char *dialect)
{
    char url[40];

    env = (incload__env){
        .mem = incload__mem_libc, .monotonic_us = rig_monotonic, .wall_us = rig_wall, .random = rig_random
    };
    snprintf(url, sizeof url, "mock:dialect=%s", dialect);
    mock = incload_mock_new(NULL);
    incload__connect how = { .env = &env, .url = url, .role = INCLOAD__ROLE_WRITE, .host_data = mock };
    ck_assert_int_eq(incload__driver_mock.connect(&how, &conn, NULL), INCLOAD_OK);
    err = NULL;
    ck_assert_int_eq(incload__ledger_init(&ledger, &incload__mem_libc, conn->dialect, "incload", &err), INCLOAD_OK);
}

static void
set_up(void)
{
    open_as("postgres");
}

static void
tear_down(void)
{
    incload__ledger_free(&ledger);
    conn->driver->close(conn);
    incload_mock_unref(mock);
    incload_error_unref(err);
}

/* PostgreSQL is asked first for new units at once, which these answers leave to be weighed. */
static int32_t
asked_before(void)
{
    return conn->dialect->units->take != NULL ? 1 : 0;
}

/* A run of 100 units of which `next` were handed out. */
static void
answer_run(const char *next, const char *max_active, const char *want)
{
    const char *row[] = { "100", next, max_active, "-1", "3", "0", "2", want };
    static const char *const epoch[] = { "41" };

    incload_mock_answer_rows(mock, "SELECT units, next_seq%", 0, "a,b,c,d,e,f,g,h", NULL, row, 1, NULL);
    incload_mock_answer_rows(mock, "SELECT nextval%", 0, "n", NULL, epoch, 1, NULL);
    incload_mock_answer_rows(mock, "SELECT NEXT VALUE%", 0, "n", NULL, epoch, 1, NULL);
}

static void
answer_look(const char *const *cells, int64_t rows)
{
    incload_mock_answer_rows(mock, "SELECT r.kind%", 0, "kind,a,b,c", NULL, cells, rows, NULL);
}

/* Unit 3 once more, then two new ones. */
static void
expect_claim_of_three(void)
{
    static const char *const look[] = { "1", "3", "1", "0", "4", "1000", "1", "0" };
    incload__claim got;

    answer_run("10", "0", "0");
    answer_look(look, 2);
    incload_mock_answer_affected(mock, "UPDATE%unit%", 0, 1, NULL);
    incload_mock_answer_affected(mock, "INSERT INTO%unit%", 0, 2, NULL);
    incload_mock_answer_affected(mock, "WITH moved%AS last%", 0, 2, NULL);
    incload_mock_answer_affected(mock, "UPDATE%pipeline_run%", 0, 1, NULL);
    ck_assert_int_eq(incload__units_claim(&ledger, conn, 5, &worker, 3, &got, &err), INCLOAD_OK);
    ck_assert_int_eq(got.count, 3);
    ck_assert_int_eq(got.epoch, 41);
    ck_assert_int_eq(got.units[0].seq, 3);
    ck_assert_int_eq(got.units[0].attempt, 2);
    ck_assert_int_eq(got.units[1].seq, 10);
    ck_assert_int_eq(got.units[2].seq, 11);
    ck_assert_int_eq(got.hold, INCLOAD__CLAIM_FULL);
    ck_assert_ptr_nonnull(strstr(incload_mock_statement(mock, 4 + asked_before()), "AND status = 1 AND seq IN (3)"));
    ck_assert_int_eq(incload_mock_commit_count(mock), 1);
    incload__claim_free(&got);
}

START_TEST(a_claim_locks_the_run_takes_retries_first_and_moves_the_cursor_with_the_new_rows)
{
    static const char *const given[] = { "11", "5", "5", "41", "7", "1000", "10" };

    expect_claim_of_three();
    ck_assert_ptr_nonnull(strstr(incload_mock_statement(mock, 2), "WHERE run_no = $1 FOR NO KEY UPDATE"));
    ck_assert_ptr_nonnull(strstr(incload_mock_statement(mock, 6),
                                 "WITH moved AS (UPDATE \"incload\".\"pipeline_run\" SET next_seq = CAST($1 AS bigint)"
                                 " + 1 WHERE run_no = CAST($2 AS bigint) RETURNING next_seq - 1 AS last)"));
    ck_assert_ptr_nonnull(
        strstr(incload_mock_statement(mock, 6), "generate_series(CAST($7 AS bigint), moved.last) AS n (seq)"));
    for (int32_t i = 0; i < 7; i++)
        ck_assert_str_eq(incload_mock_statement_parameter(mock, 6, i), given[i]);
}
END_TEST

START_TEST(new_units_are_taken_by_one_statement_that_has_the_run_s_row_until_the_commit)
{
    static const char *const given[] = { "3", "5", "3", "7", "5", "\"incload\".\"unit_epoch\"", "5", "7", "3" };
    static const char *const taken[] = { "3", "10", "41" };
    incload__claim got;

    incload_mock_answer_rows(mock, "WITH moved%", 0, "n,first,epoch", NULL, taken, 1, NULL);
    ck_assert_int_eq(incload__units_claim(&ledger, conn, 5, &worker, 3, &got, &err), INCLOAD_OK);
    ck_assert_int_eq(got.count, 3);
    ck_assert_int_eq(got.epoch, 41);
    ck_assert_int_eq(got.hold, INCLOAD__CLAIM_FULL);
    ck_assert_int_eq(got.want, INCLOAD__WANT_RUN);
    for (int32_t i = 0; i < 3; i++) {
        ck_assert_int_eq(got.units[i].seq, 10 + i);
        ck_assert_int_eq(got.units[i].attempt, 1);
    }
    ck_assert_int_eq(incload_mock_statement_count(mock), 3);
    ck_assert_ptr_nonnull(strstr(incload_mock_statement(mock, 1), "AND status = 2 AND want = 0 AND max_active = 0"));
    for (int32_t i = 0; i < 9; i++)
        ck_assert_str_eq(incload_mock_statement_parameter(mock, 1, i), given[i]);
    incload__claim_free(&got);
}
END_TEST

START_TEST(rows_that_a_trigger_keeps_out_fail_the_claim)
{
    static const char *const taken[] = { "2", "10", "41" };
    incload__claim got;

    incload_mock_answer_rows(mock, "WITH moved%", 0, "n,first,epoch", NULL, taken, 1, NULL);
    ck_assert_int_eq(incload__units_claim(&ledger, conn, 5, &worker, 3, &got, &err), INCLOAD_E_STATE);
    ck_assert_ptr_null(got.units);
    ck_assert_int_eq(incload_mock_commit_count(mock), 0);
}
END_TEST

START_TEST(what_was_handed_out_before_comes_in_the_smaller_portion)
{
    static const char *const look[] = { "1", "3", "1", "0", "4", "1000", "1", "0" };
    incload__claim got;

    answer_run("10", "0", "0");
    answer_look(look, 2);
    incload_mock_answer_affected(mock, "UPDATE%unit%", 0, 1, NULL);
    incload_mock_answer_affected(mock, "WITH moved%AS last%", 0, 1, NULL);
    ck_assert_int_eq(incload__units_claim_portion(&ledger, conn, 5, &worker, 50, 2, &got, &err), INCLOAD_OK);
    ck_assert_int_eq(got.count, 2);
    ck_assert_int_eq(got.units[1].seq, 10);
    ck_assert_int_eq(got.hold, INCLOAD__CLAIM_FULL);
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 3, 1), "2");
    incload__claim_free(&got);
}
END_TEST

START_TEST(where_rows_do_not_come_as_arrays_the_cursor_moves_in_a_statement_of_its_own)
{
    tear_down();
    open_as("mariadb");
    expect_claim_of_three();
    ck_assert_ptr_nonnull(strstr(incload_mock_statement(mock, 1), "WHERE run_no = ? FOR UPDATE"));
    ck_assert_ptr_nonnull(strstr(incload_mock_statement(mock, 5), "SELECT 5, n.seq, 2, 0, 0, 0, 1, 0, 41, 7, 0, 0"));
    ck_assert_ptr_nonnull(strstr(incload_mock_statement(mock, 6), "SET next_seq = ? WHERE run_no = ?"));
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 6, 0), "12");
}
END_TEST

START_TEST(a_limit_counts_what_runs_and_leaves_room_only)
{
    static const char *const look[] = { "4", "1000", "1", "0", "2", "4", "0", "0" };
    incload__claim got;

    answer_run("10", "5", "0");
    answer_look(look, 2);
    incload_mock_answer_affected(mock, "WITH moved%AS last%", 0, 1, NULL);
    ck_assert_int_eq(incload__units_claim(&ledger, conn, 5, &worker, 3, &got, &err), INCLOAD_OK);
    ck_assert_int_eq(got.count, 1);
    ck_assert_int_eq(got.hold, INCLOAD__CLAIM_LIMITED);
    ck_assert_ptr_nonnull(strstr(incload_mock_statement(mock, 3), "SELECT 2, COUNT(*)"));
    incload__claim_free(&got);
}
END_TEST

START_TEST(a_paused_run_hands_out_nothing_and_is_not_looked_into)
{
    incload__claim got;

    answer_run("10", "0", "1");
    ck_assert_int_eq(incload__units_claim(&ledger, conn, 5, &worker, 3, &got, &err), INCLOAD_OK);
    ck_assert_int_eq(got.count, 0);
    ck_assert_int_eq(got.hold, INCLOAD__CLAIM_PAUSED);
    ck_assert_int_eq(incload_mock_statement_count(mock), 4);
    incload__claim_free(&got);
}
END_TEST

START_TEST(a_dead_worker_gets_nothing_and_the_claim_is_rolled_back)
{
    static const char *const look[] = { "4", "1000", "0", "0" };
    incload__claim got;

    answer_run("10", "0", "0");
    answer_look(look, 1);
    ck_assert_int_eq(incload__units_claim(&ledger, conn, 5, &worker, 3, &got, &err), INCLOAD_E_BUSY);
    ck_assert_ptr_null(got.units);
    ck_assert_int_eq(incload_mock_commit_count(mock), 0);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
}
END_TEST

START_TEST(a_claim_whose_commit_got_no_answer_keeps_its_epoch_to_be_resolved)
{
    static const char *const look[] = { "4", "1000", "1", "0" };
    incload__claim got;

    answer_run("10", "0", "0");
    answer_look(look, 1);
    incload_mock_answer_affected(mock, "WITH moved%AS last%", 0, 3, NULL);
    incload_mock_disconnect(mock, "COMMIT", 1, INCLOAD_MOCK_AFTER, NULL);
    ck_assert_int_eq(incload__units_claim(&ledger, conn, 5, &worker, 3, &got, &err), INCLOAD_E_COMMIT_UNKNOWN);
    ck_assert_int_eq(got.epoch, 41);
    ck_assert_int_eq(got.count, 3);
    incload__claim_free(&got);
}
END_TEST

START_TEST(a_claim_that_could_not_be_looked_up_at_first_has_all_its_units_when_it_is)
{
    static const char *const look[] = { "4", "1000", "1", "0" };
    static const char *const held[] = { "10", "1", "0", "11", "1", "0", "12", "1", "0" };
    incload__claim got;

    answer_run("10", "0", "0");
    answer_look(look, 1);
    incload_mock_answer_affected(mock, "WITH moved%AS last%", 0, 3, NULL);
    incload_mock_answer_rows(mock, "SELECT seq, attempt%", 0, "seq,attempt,orphans", NULL, held, 3, NULL);
    incload_mock_fail(mock, "SELECT seq, attempt%", 1, "40001", 0, "could not serialize access", NULL);
    ck_assert_int_eq(incload__units_claim(&ledger, conn, 5, &worker, 3, &got, &err), INCLOAD_OK);
    ck_assert_int_eq(incload__claim_resolve(&ledger, conn, &got, NULL), INCLOAD_E_CONFLICT);
    ck_assert_int_eq(incload__claim_resolve(&ledger, conn, &got, &err), INCLOAD_OK);
    ck_assert_int_eq(got.count, 3);
    ck_assert_int_eq(got.units[2].seq, 12);
    incload__claim_free(&got);
}
END_TEST

/* Two units, the second so many places behind the first. */
static void
expect_fenced(int64_t apart)
{
    const incload__landing landing = { .load = "days", .code_version = "1", .run_id = "r", .run_no = 5, .epoch = 41 };
    const incload__landed units[] = { { .seq = 3, .key = "d3", .lane = "", .high = 1, .rows_written = 8 },
                                      { .seq = 3 + apart, .key = "e", .lane = "", .high = 1, .rows_written = 8 } };

    incload_mock_answer_affected(mock, "UPDATE%", 0, 1, NULL);
    ck_assert_int_eq(incload__units_complete(&ledger, conn, &landing, units, 2, &err), INCLOAD_E_BUSY);
    ck_assert_int_eq(rig_count(mock, "INSERT"), 0);
}

START_TEST(a_completion_that_finds_no_row_of_its_epoch_is_fenced)
{
    static const char *const given[] = { "{8,8}", "{3,9}", "5", "41", "{3,9}" };

    expect_fenced(6);
    ck_assert_ptr_nonnull(strstr(incload_mock_statement(mock, 0),
                                 "WHERE run_no = CAST($3 AS bigint) AND epoch = CAST($4 AS bigint)"
                                 " AND status + 0 = 2 AND seq = ANY (CAST($5 AS bigint[]))"));
    for (int32_t i = 0; i < 5; i++)
        ck_assert_str_eq(incload_mock_statement_parameter(mock, 0, i), given[i]);
}
END_TEST

START_TEST(units_in_a_row_are_completed_by_the_ends_of_the_row)
{
    static const char *const given[] = { "8", "5", "41", "3", "4" };

    expect_fenced(1);
    ck_assert_ptr_nonnull(
        strstr(incload_mock_statement(mock, 0), "AND seq >= CAST($4 AS bigint) AND seq <= CAST($5 AS bigint)"));
    for (int32_t i = 0; i < 5; i++)
        ck_assert_str_eq(incload_mock_statement_parameter(mock, 0, i), given[i]);
}
END_TEST

START_TEST(where_rows_do_not_come_as_arrays_a_completion_names_its_units)
{
    tear_down();
    open_as("mariadb");
    expect_fenced(1);
    ck_assert_ptr_nonnull(strstr(incload_mock_statement(mock, 0), "AND epoch = ? AND status + 0 = 2 AND seq IN (3,4)"));
    ck_assert_str_eq(incload_mock_statement_parameter(mock, 0, 1), "41");
}
END_TEST

START_TEST(a_database_that_keeps_no_runs_says_which_do)
{
    incload__claim got;

    tear_down();
    open_as("sqlserver");
    ck_assert_int_eq(incload__units_claim(&ledger, conn, 5, &worker, 3, &got, &err), INCLOAD_E_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "PostgreSQL, MariaDB or SQLite, not in sqlserver"));
}
END_TEST

/* Of the key that another process brings in the same moment, what comes of the look at its run. */
static int32_t
meet_another(void)
{
    static const incload__run_spec spec = { .name = "landed", .key = "all", .hash = "h", .spec = "{}", .units = 5 };
    static const char *const number[] = { "41" };
    incload__pipeline_run run;
    bool created = true;

    incload_mock_answer_rows(mock, "SELECT nextval%", 0, "n", NULL, number, 1, NULL);
    incload_mock_fail(mock, "INSERT INTO%run_key%", 0, "23505", 0, "duplicate key", NULL);
    int32_t status = incload__pipeline_run_create(&ledger, conn, &spec, &run, &created, &err);
    ck_assert(!created);
    return status;
}

START_TEST(a_key_that_another_brought_is_looked_up_and_what_keeps_it_from_that_is_told)
{
    incload_mock_fail(mock, "SELECT run_no%", 2, "40001", 0, "could not serialize access", NULL);
    ck_assert_int_eq(meet_another(), INCLOAD_E_CONFLICT);
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
}
END_TEST

START_TEST(a_key_that_another_brought_is_tried_again_when_the_connection_is_lost_over_it)
{
    incload_mock_disconnect(mock, "ROLLBACK", 0, INCLOAD_MOCK_BEFORE, NULL);
    ck_assert_int_eq(meet_another(), INCLOAD_E_CONNECT);
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "another process brought key 'all'"));
}
END_TEST

START_TEST(a_key_that_is_refused_for_another_reason_stays_refused)
{
    ck_assert_int_eq(meet_another(), INCLOAD_E_CONSTRAINT);
    ck_assert_int_eq(incload_error_is_retryable(err), 0);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_claim_locks_the_run_takes_retries_first_and_moves_the_cursor_with_the_new_rows);
    tcase_add_test(tests, new_units_are_taken_by_one_statement_that_has_the_run_s_row_until_the_commit);
    tcase_add_test(tests, rows_that_a_trigger_keeps_out_fail_the_claim);
    tcase_add_test(tests, what_was_handed_out_before_comes_in_the_smaller_portion);
    tcase_add_test(tests, where_rows_do_not_come_as_arrays_the_cursor_moves_in_a_statement_of_its_own);
    tcase_add_test(tests, a_limit_counts_what_runs_and_leaves_room_only);
    tcase_add_test(tests, a_paused_run_hands_out_nothing_and_is_not_looked_into);
    tcase_add_test(tests, a_dead_worker_gets_nothing_and_the_claim_is_rolled_back);
    tcase_add_test(tests, a_claim_whose_commit_got_no_answer_keeps_its_epoch_to_be_resolved);
    tcase_add_test(tests, a_claim_that_could_not_be_looked_up_at_first_has_all_its_units_when_it_is);
    tcase_add_test(tests, a_completion_that_finds_no_row_of_its_epoch_is_fenced);
    tcase_add_test(tests, units_in_a_row_are_completed_by_the_ends_of_the_row);
    tcase_add_test(tests, where_rows_do_not_come_as_arrays_a_completion_names_its_units);
    tcase_add_test(tests, a_database_that_keeps_no_runs_says_which_do);
    tcase_add_test(tests, a_key_that_another_brought_is_looked_up_and_what_keeps_it_from_that_is_told);
    tcase_add_test(tests, a_key_that_another_brought_is_tried_again_when_the_connection_is_lost_over_it);
    tcase_add_test(tests, a_key_that_is_refused_for_another_reason_stays_refused);
}

HARNESS_MAIN("claim", add_tests)
