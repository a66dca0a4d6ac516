/* SPDX-License-Identifier: Apache-2.0 */
/* The libpq driver's connections, statements and transactions, against a real server and servers that misbehave. */
#include "../../unit/harness.h"
#include "fake_server.h"
#include "pq_support.h"

#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/utf8.h"

/* ---- connecting ---- */

START_TEST(connect_knows_the_server_and_reads_in_binary)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);

    ck_assert_int_ge(conn->server_version, 100000);
    ck_assert_int_eq(conn->wire, INCLOAD__WIRE_BINARY);
    ck_assert(conn->streams);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
    pq_expect_text(conn, "SHOW application_name", "incload-test");
    pq_expect_text(conn, "SHOW TimeZone", "UTC");
    pq->close(conn);
}
END_TEST

/* What the environment, the role or the database says must not change what a text means. */
START_TEST(a_session_is_the_same_in_a_hostile_environment)
{
    static const struct {
        const char *name;
        const char *value;
    } environment[] = {
        { "PGOPTIONS", "-c DateStyle=German -c TimeZone=Asia/Tokyo -c IntervalStyle=iso_8601 -c extra_float_digits=-15"
                       " -c bytea_output=escape -c standard_conforming_strings=off -c array_nulls=off"
                       " -c default_transaction_isolation=serializable" },
        { "PGCLIENTENCODING", "LATIN1" },
        { "PGDATESTYLE", "SQL, DMY" },
        { "PGTZ", "America/New_York" },
    };
    static const struct {
        const char *query;
        const char *answer;
    } same[] = {
        { "SHOW client_encoding", "UTF8" },
        { "SHOW standard_conforming_strings", "on" },
        { "SELECT date '2024-01-02'::text", "2024-01-02" },
        { "SELECT timestamptz '2024-01-02 03:04:05+00'::text", "2024-01-02 03:04:05+00" },
        { "SELECT interval '1 day 02:03:04'::text", "1 day 02:03:04" },
        { "SELECT (0.1::float8 + 0.2::float8)::text", "0.30000000000000004" },
        { "SELECT '\\x00ff'::bytea::text", "\\x00ff" },
        { "SELECT coalesce(('{NULL}'::text[])[1], 'none')", "none" },
        { "SELECT U&'\\00e9'", "\xc3\xa9" },
    };
    enum { COUNT = sizeof environment / sizeof environment[0] };

    for (size_t i = 0; i < COUNT; i++)
        setenv(environment[i].name, environment[i].value, 1);
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);
    for (size_t i = 0; i < COUNT; i++)
        unsetenv(environment[i].name);
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        pq_expect_text(conn, same[i].query, same[i].answer);
    pq_begin(conn);
    pq_expect_text(conn, "SHOW transaction_isolation", "repeatable read");
    pq_roll_back(conn);
    pq->close(conn);
}
END_TEST

/* Who made a role or database read-only by default means it, as a host does that has run out of disk: it is not
 * overruled, neither by a transaction nor by a statement alone. */
START_TEST(a_session_that_is_read_only_by_default_is_not_made_to_write)
{
    incload_error *err = NULL;

    setenv("PGOPTIONS", "-c default_transaction_read_only=on", 1);
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    unsetenv("PGOPTIONS");
    for (int i = 0; i < 2; i++) {
        if (i == 0)
            pq_begin(conn);
        int32_t status = pq->execute(conn, "CREATE TABLE read_only_by_default(a int)", NULL, 0, NULL, &err);
        ck_assert_int_eq(status, INCLOAD_E_PERMISSION);
        ck_assert_str_eq(incload_error_sqlstate(err), "25006");
        ck_assert(!incload_error_is_retryable(err));
        incload_error_unref(err);
        err = NULL;
        if (i == 0)
            pq_roll_back(conn);
    }
    pq->close(conn);
}
END_TEST

START_TEST(a_wrong_password_is_refused_without_showing_it)
{
    incload__conn *conn = NULL;
    incload_error *err = NULL;
    fake_server server;

    fake_server_start(&server, FAKE_BAD_PASSWORD);
    ck_assert_int_eq(pq_connect_to(server.url, INCLOAD__ROLE_READ, 5000, &conn, &err), INCLOAD_E_AUTH);
    ck_assert_str_eq(incload_error_sqlstate(err), "28P01");
    ck_assert_int_eq(incload_error_is_retryable(err), 0);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "somebody"));
    ck_assert_ptr_null(strstr(incload_error_message(err), "s3kret"));
    ck_assert_ptr_null(conn);
    incload_error_unref(err);
    fake_server_stop(&server);
}
END_TEST

START_TEST(a_wrong_password_is_refused_by_a_real_server)
{
    const char *good = getenv("INCLOAD_TEST_POSTGRES_PASSWORD_URL");
    incload__conn *conn = NULL;
    incload_error *err = NULL;
    char bad[256];

    if (good == NULL)
        return;
    pq_expect(pq_connect_to(good, INCLOAD__ROLE_READ, 5000, &conn, &err), INCLOAD_OK, &err);
    pq->close(conn);
    snprintf(bad, sizeof bad, "postgresql://incload_password:wrong@%s", strrchr(good, '@') + 1);
    pq_expect(pq_connect_to(bad, INCLOAD__ROLE_READ, 5000, &conn, &err), INCLOAD_E_AUTH, &err);
    snprintf(bad, sizeof bad, "postgresql://incload_password@%s", strrchr(good, '@') + 1);
    pq_expect(pq_connect_to(bad, INCLOAD__ROLE_READ, 5000, &conn, &err), INCLOAD_E_AUTH, &err);
}
END_TEST

/* The same server with other words in its string: a later word wins. */
static void
connect_with(const char *more, int32_t code, const char *word)
{
    incload__conn *conn = NULL;
    incload_error *err = NULL;
    char to[512];

    snprintf(to, sizeof to, "%s%c%s", pq_url(), strchr(pq_url(), '?') != NULL ? '&' : '?', more);
    int32_t status = pq_connect_to(to, INCLOAD__ROLE_READ, 5000, &conn, &err);
    ck_assert_msg(status == code, "%s: %s", incload_status_name(status), incload_error_message(err));
    ck_assert_msg(strstr(incload_error_message(err), word) != NULL, "%s", incload_error_message(err));
    incload_error_unref(err);
}

START_TEST(a_database_that_does_not_exist_is_not_found)
{
    connect_with("dbname=no_such_database_at_all", INCLOAD_E_NOT_FOUND, "no_such_database_at_all");
}
END_TEST

START_TEST(a_user_that_does_not_exist_is_refused)
{
    connect_with("user=no_such_user_at_all", INCLOAD_E_AUTH, "no_such_user_at_all");
}
END_TEST

START_TEST(an_unreachable_server_is_named_with_host_and_port)
{
    incload__conn *conn = NULL;
    incload_error *err = NULL;
    fake_server server;
    char place[32];

    fake_server_start(&server, FAKE_SILENT);
    fake_server_stop(&server);
    ck_assert_int_eq(pq_connect_to(server.url, INCLOAD__ROLE_READ, 5000, &conn, &err), INCLOAD_E_CONNECT);
    snprintf(place, sizeof place, "127.0.0.1:%d", server.port);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), place));
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    incload_error_unref(err);
}
END_TEST

static void
expect_connect_timeout(fake_manner manner)
{
    incload__conn *conn = NULL;
    incload_error *err = NULL;
    fake_server server;
    char place[32];

    fake_server_start(&server, manner);
    int64_t start = pq_now_ms();
    ck_assert_int_eq(pq_connect_to(server.url, INCLOAD__ROLE_READ, 300, &conn, &err), INCLOAD_E_TIMEOUT);
    ck_assert_int_ge(pq_now_ms() - start, 290);
    ck_assert_int_le(pq_now_ms() - start, 800);
    snprintf(place, sizeof place, "127.0.0.1:%d", server.port);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), place));
    incload_error_unref(err);
    fake_server_stop(&server);
}

START_TEST(a_silent_server_is_given_up_at_the_deadline)
{
    expect_connect_timeout(FAKE_SILENT);
}
END_TEST

START_TEST(a_server_that_falls_silent_after_the_login_is_given_up_at_the_deadline)
{
    expect_connect_timeout(FAKE_STUCK_SESSION);
}
END_TEST

START_TEST(a_server_that_sends_notices_for_ever_is_given_up)
{
    incload__conn *conn = NULL;
    incload_error *err = NULL;
    fake_server server;

    fake_server_start(&server, FAKE_ENDLESS_NOTICES);
    int32_t status = pq_connect_to(server.url, INCLOAD__ROLE_READ, 1000, &conn, &err);
    ck_assert_msg(status == INCLOAD_E_TIMEOUT || status == INCLOAD_E_PROTOCOL, "%s", incload_error_message(err));
    incload_error_unref(err);
    fake_server_stop(&server);
}
END_TEST

START_TEST(a_broken_connection_string_is_refused_without_showing_it)
{
    static const char *const broken[] = {
        "postgresql://user:se%zzkret@host/db", "postgresql://user:x@kret@host/db", "postgresql://user:se/kret@host/db",
        "postgresql://user@host:kret/db",      "postgresql://user@host/db?kret",   "postgresql://u:%00kret@host/db",
    };

    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        incload__conn *conn = NULL;
        incload_error *err = NULL;
        int32_t status = pq_connect_to(broken[i], INCLOAD__ROLE_READ, 2000, &conn, &err);
        ck_assert_msg(status == INCLOAD_E_INVALID, "%s: %s", broken[i], incload_error_message(err));
        ck_assert_ptr_null(strstr(incload_error_message(err), "kret"));
        incload_error_unref(err);
    }
}
END_TEST

START_TEST(a_forked_child_does_not_end_the_session_of_its_parent)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;

    pid_t child = fork();
    if (child == 0) {
        bool refused = pq->execute(conn, "SELECT 1", NULL, 0, NULL, NULL) == INCLOAD_E_FORKED;
        pq->close(conn);
        _exit(refused ? 0 : 1);
    }
    int how = -1;
    ck_assert_int_eq(waitpid(child, &how, 0), child);
    ck_assert_int_eq(how, 0);
    /* What the child may have sent, the server reads before this. */
    pq_expect(pq->ping(conn, &err), INCLOAD_OK, &err);
    pq_expect_text(conn, "SELECT 'alive'", "alive");
    pq->close(conn);
}
END_TEST

/* ---- statements ---- */

START_TEST(parameters_arrive_as_they_are)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;
    incload__rows rows = { .mem = mem };
    const char *nasty = "o'Reilly\\'; DROP TABLE x; -- \"$1\" \xE2\x82\xAC\n";
    incload__param params[] = {
        pq_text_param(nasty),
        pq_text_param(NULL),
        { "42", 2, INCLOAD__INT64 },
        { "a\0b", 3, INCLOAD__BINARY },
    };

    pq_expect(pq->select(conn, "SELECT $1::text, $2::text, $3::int8 + 1, encode($4, 'hex')", params, 4, &rows, &err),
              INCLOAD_OK, &err);
    ck_assert_str_eq(incload__rows_get(&rows, 0, 0), nasty);
    ck_assert_ptr_null(incload__rows_get(&rows, 0, 1));
    ck_assert_str_eq(incload__rows_get(&rows, 0, 2), "43");
    ck_assert_str_eq(incload__rows_get(&rows, 0, 3), "610062");
    incload__rows_free(&rows);
    pq->close(conn);
}
END_TEST

START_TEST(a_text_parameter_with_a_nul_byte_is_refused)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;
    incload__param param = { "a\0b", 3, INCLOAD__TEXT };

    pq_expect(pq->execute(conn, "SELECT $1::text", &param, 1, NULL, &err), INCLOAD_E_DATA, &err);
    pq_expect_text(conn, "SELECT 1", "1");
    pq->close(conn);
}
END_TEST

START_TEST(execute_tells_the_affected_rows)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;
    int64_t affected = 0;

    pq_run(conn, "CREATE TEMP TABLE t(a int)");
    pq_expect(pq->execute(conn, "INSERT INTO t SELECT generate_series(1, 7)", NULL, 0, &affected, &err), INCLOAD_OK,
              &err);
    ck_assert_int_eq(affected, 7);
    pq_expect(pq->execute(conn, "CREATE TEMP TABLE u(a int)", NULL, 0, &affected, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(affected, -1);
    pq->close(conn);
}
END_TEST

START_TEST(two_statements_in_one_text_are_refused)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;

    pq_expect(pq->execute(conn, "SELECT 1; SELECT 2", NULL, 0, NULL, &err), INCLOAD_E_SQL, &err);
    pq_expect_text(conn, "SELECT 1", "1");
    pq->close(conn);
}
END_TEST

START_TEST(a_copy_statement_is_refused)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;

    pq_expect(pq->execute(conn, "COPY (SELECT generate_series(1, 100000)) TO STDOUT", NULL, 0, NULL, &err),
              INCLOAD_E_INVALID, &err);
    pq_expect_usable(conn);
    pq_run(conn, "CREATE TEMP TABLE t(a int)");
    pq_expect(pq->execute(conn, "COPY t FROM STDIN", NULL, 0, NULL, &err), INCLOAD_E_INVALID, &err);
    /* What the server will still say to it cannot be told from the answer to the next statement. */
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_DEAD);
    pq->close(conn);
}
END_TEST

START_TEST(a_result_of_a_million_cells_is_refused)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;
    incload__rows rows = { .mem = mem };

    pq_expect(
        pq->select(conn, "SELECT a, a, a, a, a, a, a, a, a, a FROM generate_series(1, 100001) a", NULL, 0, &rows, &err),
        INCLOAD_E_UNSUPPORTED, &err);
    ck_assert_ptr_null(rows.cells);
    pq_expect_usable(conn);
    pq->close(conn);
}
END_TEST

START_TEST(an_error_names_the_constraint_and_not_the_row)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;

    pq_run(conn, "CREATE TEMP TABLE t(a text CONSTRAINT a_is_short CHECK (length(a) < 3), b int)");
    ck_assert_int_eq(pq->execute(conn, "INSERT INTO t VALUES ('secret-4111')", NULL, 0, NULL, &err),
                     INCLOAD_E_CONSTRAINT);
    ck_assert_str_eq(incload_error_sqlstate(err), "23514");
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "a_is_short"));
    ck_assert_ptr_null(strstr(incload_error_message(err), "4111"));
    incload_error_unref(err);
    err = NULL;
    ck_assert_int_ne(pq->execute(conn, "INSERT INTO t(b) SELECT 'secret-4111'::text::int", NULL, 0, NULL, &err),
                     INCLOAD_OK);
    ck_assert_str_eq(incload_error_sqlstate(err), "22P02");
    ck_assert_ptr_null(strstr(incload_error_message(err), "4111"));
    incload_error_unref(err);
    pq->close(conn);
}
END_TEST

/* ---- transactions ---- */

START_TEST(a_committed_row_is_seen_by_others)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload__conn *other = pq_open(INCLOAD__ROLE_READ);
    incload_error *err = NULL;

    pq_run(conn, "DROP TABLE IF EXISTS pq_commit");
    pq_run(conn, "CREATE TABLE pq_commit(a int)");
    pq_begin(conn);
    pq_run(conn, "INSERT INTO pq_commit VALUES (1)");
    pq_expect_text(other, "SELECT count(*) FROM pq_commit", "0");
    pq_expect(pq->commit(conn, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
    pq_expect_text(other, "SELECT count(*) FROM pq_commit", "1");
    pq_run(conn, "DROP TABLE pq_commit");
    pq->close(conn);
    pq->close(other);
}
END_TEST

static void
expect_state(incload__conn *watcher, const char *session, const char *state)
{
    char sql[120];

    snprintf(sql, sizeof sql, "SELECT state FROM pg_stat_activity WHERE pid = %s", session);
    pq_expect_text(watcher, sql, state);
}

START_TEST(a_transaction_begins_at_the_server_with_its_first_statement)
{
    enum { BY_STATEMENT, BY_PING, BY_SHAPE, WAYS };
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ), *watcher = pq_open(INCLOAD__ROLE_READ);
    incload_error *err = NULL;
    incload__rows rows;
    char session[24];

    pq_expect(pq->select(conn, "SELECT pg_backend_pid()", NULL, 0, &rows, &err), INCLOAD_OK, &err);
    snprintf(session, sizeof session, "%s", incload__rows_get(&rows, 0, 0));
    incload__rows_free(&rows);
    for (int32_t way = BY_STATEMENT; way < WAYS; way++) {
        incload__schema schema;
        incload__schema_init(&schema, mem);
        pq_begin(conn);
        expect_state(watcher, session, "idle");
        if (way == BY_STATEMENT)
            pq_run(conn, "SELECT 1");
        else if (way == BY_PING)
            pq_expect(pq->ping(conn, &err), INCLOAD_OK, &err);
        else
            pq_expect(pq->describe(conn, "SELECT 1 AS a", 0, &schema, &err), INCLOAD_OK, &err);
        ck_assert_int_eq(conn->txn, INCLOAD__TXN_OPEN);
        expect_state(watcher, session, "idle in transaction");
        pq_expect_text(conn, "SHOW transaction_isolation", "repeatable read");
        pq_expect_text(conn, "SHOW transaction_read_only", "on");
        pq_roll_back(conn);
        expect_state(watcher, session, "idle");
        incload__schema_free(&schema);
    }
    pq->close(conn);
    pq->close(watcher);
}
END_TEST

START_TEST(a_transaction_without_a_statement_ends_without_a_word)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;

    pq_begin(conn);
    pq_expect(pq->commit(conn, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
    pq_begin(conn);
    pq_roll_back(conn);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
    pq_expect_usable(conn);
    pq->close(conn);
}
END_TEST

/* The BEGIN before it was sent in the same breath. */
START_TEST(a_first_statement_that_fails_leaves_a_transaction_to_be_rolled_back)
{
    static const char *const broken[] = { "SELECT * FROM nowhere", "SELEC", "SELECT 1/0" };
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;

    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        pq_begin(conn);
        ck_assert_int_ne(pq->execute(conn, broken[i], NULL, 0, NULL, &err), INCLOAD_OK);
        ck_assert_int_eq(conn->txn, INCLOAD__TXN_FAILED);
        incload_error_unref(err);
        err = NULL;
        pq_expect(pq->execute(conn, "SELECT 1", NULL, 0, NULL, &err), INCLOAD_E_STATE, &err);
        pq_roll_back(conn);
        pq_expect_usable(conn);
    }
    pq->close(conn);
}
END_TEST

START_TEST(after_a_failed_statement_only_rollback_is_possible)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;

    pq_begin(conn);
    pq_expect(pq->execute(conn, "SELECT * FROM no_such_table", NULL, 0, NULL, &err), INCLOAD_E_NOT_FOUND, &err);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_FAILED);
    pq_expect(pq->execute(conn, "SELECT 1", NULL, 0, NULL, &err), INCLOAD_E_STATE, &err);
    pq_expect(pq->commit(conn, &err), INCLOAD_E_STATE, &err);
    pq_expect_usable(conn);
    pq->close(conn);
}
END_TEST

/* The state is forged: the server's own answer, ROLLBACK, has to be noticed too. */
START_TEST(commit_of_a_transaction_that_the_server_has_failed_is_an_error)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;

    pq_begin(conn);
    pq_expect(pq->execute(conn, "SELECT 1/0", NULL, 0, NULL, &err), INCLOAD_E_DATA, &err);
    conn->txn = INCLOAD__TXN_OPEN;
    ck_assert_int_ne(pq->commit(conn, &err), INCLOAD_OK);
    incload_error_unref(err);
    pq_expect_usable(conn);
    pq->close(conn);
}
END_TEST

START_TEST(a_constraint_that_fails_at_commit_is_surely_not_committed)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;

    pq_run(conn, "CREATE TEMP TABLE t(a int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    pq_begin(conn);
    pq_run(conn, "INSERT INTO t VALUES (1), (1)");
    pq_expect(pq->commit(conn, &err), INCLOAD_E_CONSTRAINT, &err);
    pq_expect_usable(conn);
    pq_expect_text(conn, "SELECT count(*) FROM t", "0");
    pq->close(conn);
}
END_TEST

START_TEST(a_transaction_hidden_in_a_statement_is_noticed)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;

    pq_begin(conn);
    pq_expect(pq->execute(conn, "COMMIT", NULL, 0, NULL, &err), INCLOAD_E_STATE, &err);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_FAILED);
    pq_roll_back(conn);
    pq_expect(pq->execute(conn, "BEGIN", NULL, 0, NULL, &err), INCLOAD_E_STATE, &err);
    pq_expect_usable(conn);
    pq->close(conn);
}
END_TEST

START_TEST(a_wire_that_breaks_in_commit_leaves_the_outcome_unknown)
{
    incload__conn *conn = NULL;
    incload_error *err = NULL;
    fake_server server;

    fake_server_start(&server, FAKE_LOST_COMMIT);
    pq_expect(pq_connect_to(server.url, INCLOAD__ROLE_WRITE, 5000, &conn, &err), INCLOAD_OK, &err);
    pq_begin(conn);
    pq_expect(pq->ping(conn, &err), INCLOAD_OK, &err);
    pq_expect(pq->commit(conn, &err), INCLOAD_E_COMMIT_UNKNOWN, &err);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_DEAD);
    pq_expect(pq->rollback(conn, &err), INCLOAD_E_CONNECT, &err);
    pq->close(conn);
    fake_server_stop(&server);
}
END_TEST

START_TEST(a_terminated_backend_is_a_dead_connection)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload__conn *killer = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;
    incload__rows rows = { .mem = mem };
    char sql[96];

    pq_begin(conn);
    pq_expect(pq->select(conn, "SELECT pg_backend_pid()", NULL, 0, &rows, &err), INCLOAD_OK, &err);
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%s, 5000)", incload__rows_get(&rows, 0, 0));
    incload__rows_free(&rows);
    pq_run(killer, sql);
    int32_t status = pq->execute(conn, "SELECT 1", NULL, 0, NULL, &err);
    pq_expect(status, INCLOAD_E_CONNECT, &err);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_DEAD);
    pq_expect(pq->rollback(conn, &err), INCLOAD_E_CONNECT, &err);
    pq->close(conn);
    pq->close(killer);
}
END_TEST

/* ---- deadline and cancel ---- */

START_TEST(a_statement_that_outlives_the_deadline_is_stopped)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;

    pq_begin(conn);
    pq_deadline(conn, 200);
    int64_t start = pq_now_ms();
    pq_expect(pq->execute(conn, "SELECT pg_sleep(20)", NULL, 0, NULL, &err), INCLOAD_E_TIMEOUT, &err);
    ck_assert_int_le(pq_now_ms() - start, 700);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_FAILED);
    pq_roll_back(conn);
    pq_expect_usable(conn);
    pq->close(conn);
}
END_TEST

START_TEST(cancel_from_another_thread_stops_a_statement)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;
    pq_cancelling cancelling = pq_to_cancel(conn, "PgSleep");
    pthread_t thread;

    pq_begin(conn);
    conn->deadline_us = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, pq_cancel_waiting, &cancelling), 0);
    pq_expect(pq->execute(conn, "SELECT pg_sleep(20)", NULL, 0, NULL, &err), INCLOAD_E_CANCELLED, &err);
    int64_t returned = pq_now_ms();
    pthread_join(thread, NULL);
    ck_assert_int_le(returned - cancelling.at_ms, 500);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_FAILED);
    pq_expect(pq->execute(conn, "SELECT 1", NULL, 0, NULL, &err), INCLOAD_E_CANCELLED, &err);
    pq_expect_usable(conn);
    pq_expect_text(conn, "SELECT pg_sleep(0.3)::text || 'slept'", "slept");
    pq->close(conn);
}
END_TEST

/* A frozen process keeps its sockets open: no timeout of libpq's own helps. */
START_TEST(a_frozen_backend_is_given_up_at_the_deadline)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;
    pid_t pid = (pid_t)pq_backend(conn);

    pq_begin(conn);
    if (kill(pid, SIGSTOP) != 0) { /* another user's server, or another machine's */
        pq->close(conn);
        return;
    }
    pq_deadline(conn, 300);
    int64_t start = pq_now_ms();
    int32_t status = pq->execute(conn, "SELECT 1", NULL, 0, NULL, &err);
    int64_t answered = pq_now_ms();
    incload__txn txn = conn->txn;
    pq->close(conn);
    int64_t closed = pq_now_ms();
    kill(pid, SIGCONT);
    pq_expect(status, INCLOAD_E_TIMEOUT, &err);
    ck_assert_int_eq(txn, INCLOAD__TXN_DEAD);
    ck_assert_int_le(answered - start, 900);
    ck_assert_int_le(closed - answered, 1000);
}
END_TEST

START_TEST(close_ends_a_statement_that_still_runs)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);
    incload__schema schema;
    incload__reader *reader = NULL;
    incload_error *err = NULL;

    incload__schema_init(&schema, mem);
    pq_expect(pq->describe(conn, "SELECT 1 AS a", 0, &schema, &err), INCLOAD_OK, &err);
    pq_expect(pq->read_open(conn, "SELECT generate_series(1, 100000000) AS a", NULL, 0, &schema, &reader, &err),
              INCLOAD_OK, &err);
    int64_t start = pq_now_ms();
    pq->read_close(reader);
    pq->close(conn);
    ck_assert_int_le(pq_now_ms() - start, 1500);
    pq_wait_for("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%100000000%' AND state = 'active'", "0");
    incload__schema_free(&schema);
}
END_TEST

/* ---- languages ---- */

static const char *const languages[] = { "", "de", "fr", "ja" };

enum { LANGUAGES = sizeof languages / sizeof languages[0], WIDE = 60000000, SPARE = 32 << 20, BUFFER = 64 << 20 };

static void
speak(const char *language)
{
    setenv("LANGUAGE", language, 1);
    ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
}

START_TEST(why_no_server_was_reached_is_told_whatever_language_libpq_speaks)
{
    static const char url[] = "postgresql://u@127.0.0.1:1/d";
    static const char place[] = "cannot reach the server at 127.0.0.1:1: ", remedy[] = ": check host";
    incload__conn *conn = NULL;
    incload_error *err = NULL;

    speak(languages[_i]);
    ck_assert_int_eq(pq_connect_to(url, INCLOAD__ROLE_READ, 5000, &conn, &err), INCLOAD_E_CONNECT);
    const char *said = strstr(incload_error_message(err), place);
    ck_assert_msg(said != NULL && strstr(said, remedy) > said + strlen(place), "%s", incload_error_message(err));
    incload_error_unref(err);
}
END_TEST

/* Room for libpq's buffer that holds the row, and not for the row beside it. */
static struct rlimit
limit_memory(void)
{
    struct rlimit old, small;
    long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    ck_assert_int_eq(fscanf(file, "%lld", &pages), 1);
    fclose(file);
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &old), 0);
    small = (struct rlimit){ (rlim_t)(pages * sysconf(_SC_PAGESIZE) + BUFFER + SPARE), old.rlim_max };
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &small), 0);
    return old;
}

/* What a sanitizer or valgrind puts beside the program's memory is more than any limit. */
static bool
can_limit_memory(void)
{
    return getenv("CK_TIMEOUT_MULTIPLIER") == NULL && getenv("ASAN_OPTIONS") == NULL;
}

/* Of the languages that libpq has on this machine; it speaks English for any other. */
START_TEST(memory_that_libpq_lacks_is_told_as_such_whatever_language_it_speaks)
{
    incload_error *err = NULL;
    incload__rows rows;
    char sql[64];

    speak(languages[_i]);
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);
    snprintf(sql, sizeof sql, "SELECT pg_catalog.repeat('x', %d)", WIDE);
    pq_begin(conn);
    pq_expect_text(conn, "SELECT 1", "1");
    const struct rlimit old = limit_memory();
    int32_t status = pq->select(conn, sql, NULL, 0, &rows, &err);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &old), 0);
    pq_expect(status, INCLOAD_E_NO_MEMORY, &err);
    pq_roll_back(conn);
    pq_expect_usable(conn);
    pq->close(conn);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, connect_knows_the_server_and_reads_in_binary);
    tcase_add_test(tests, a_session_is_the_same_in_a_hostile_environment);
    tcase_add_test(tests, a_session_that_is_read_only_by_default_is_not_made_to_write);
    tcase_add_test(tests, a_wrong_password_is_refused_without_showing_it);
    tcase_add_test(tests, a_wrong_password_is_refused_by_a_real_server);
    tcase_add_test(tests, a_database_that_does_not_exist_is_not_found);
    tcase_add_test(tests, a_user_that_does_not_exist_is_refused);
    tcase_add_test(tests, an_unreachable_server_is_named_with_host_and_port);
    tcase_add_test(tests, a_silent_server_is_given_up_at_the_deadline);
    tcase_add_test(tests, a_server_that_falls_silent_after_the_login_is_given_up_at_the_deadline);
    tcase_add_test(tests, a_server_that_sends_notices_for_ever_is_given_up);
    tcase_add_test(tests, a_broken_connection_string_is_refused_without_showing_it);
    tcase_add_test(tests, a_forked_child_does_not_end_the_session_of_its_parent);
    tcase_add_test(tests, parameters_arrive_as_they_are);
    tcase_add_test(tests, a_text_parameter_with_a_nul_byte_is_refused);
    tcase_add_test(tests, execute_tells_the_affected_rows);
    tcase_add_test(tests, two_statements_in_one_text_are_refused);
    tcase_add_test(tests, a_copy_statement_is_refused);
    tcase_add_test(tests, a_result_of_a_million_cells_is_refused);
    tcase_add_test(tests, an_error_names_the_constraint_and_not_the_row);
    tcase_add_test(tests, a_committed_row_is_seen_by_others);
    tcase_add_test(tests, a_transaction_begins_at_the_server_with_its_first_statement);
    tcase_add_test(tests, a_transaction_without_a_statement_ends_without_a_word);
    tcase_add_test(tests, a_first_statement_that_fails_leaves_a_transaction_to_be_rolled_back);
    tcase_add_test(tests, after_a_failed_statement_only_rollback_is_possible);
    tcase_add_test(tests, commit_of_a_transaction_that_the_server_has_failed_is_an_error);
    tcase_add_test(tests, a_constraint_that_fails_at_commit_is_surely_not_committed);
    tcase_add_test(tests, a_transaction_hidden_in_a_statement_is_noticed);
    tcase_add_test(tests, a_wire_that_breaks_in_commit_leaves_the_outcome_unknown);
    tcase_add_test(tests, a_terminated_backend_is_a_dead_connection);
    tcase_add_test(tests, a_statement_that_outlives_the_deadline_is_stopped);
    tcase_add_test(tests, cancel_from_another_thread_stops_a_statement);
    tcase_add_test(tests, a_frozen_backend_is_given_up_at_the_deadline);
    tcase_add_test(tests, close_ends_a_statement_that_still_runs);
    tcase_add_loop_test(tests, why_no_server_was_reached_is_told_whatever_language_libpq_speaks, 0, LANGUAGES);
    if (can_limit_memory())
        tcase_add_loop_test(tests, memory_that_libpq_lacks_is_told_as_such_whatever_language_it_speaks, 0, LANGUAGES);
}

HARNESS_MAIN("libpq", add_tests)
