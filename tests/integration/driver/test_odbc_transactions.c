/* SPDX-License-Identifier: Apache-2.0 */
/* The ODBC driver: transactions, cancel and deadlines. */
#include "odbc_support.h"

#include <sys/stat.h>

#include "await.h"

/* ---- transactions ---- */

static void
fresh_counter(incload__conn *conn)
{
    run(conn, "DROP TABLE IF EXISTS t_txn");
    run(conn, "CREATE TABLE t_txn (a bigint PRIMARY KEY)");
    run(conn, "INSERT INTO t_txn VALUES (1)");
}

START_TEST(rollback_undoes_and_commit_keeps)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__conn *other = dial(INCLOAD__ROLE_WRITE);

    fresh_counter(conn);
    ok(driver->begin(conn, &err));
    run(conn, "INSERT INTO t_txn VALUES (2)");
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_txn"), 2);
    ck_assert_int_eq(number(other, "SELECT count(*) FROM t_txn"), 1);
    ok(driver->rollback(conn, &err));
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_txn"), 1);

    ok(driver->begin(conn, &err));
    run(conn, "INSERT INTO t_txn VALUES (3)");
    ok(driver->commit(conn, &err));
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
    ck_assert_int_eq(number(other, "SELECT count(*) FROM t_txn"), 2);
    ok(driver->rollback(conn, &err)); /* nothing is open: succeeds */
    driver->close(other);
    driver->close(conn);
}
END_TEST

START_TEST(closing_with_an_open_transaction_rolls_back)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);

    fresh_counter(conn);
    ok(driver->begin(conn, &err));
    run(conn, "INSERT INTO t_txn VALUES (2)");
    driver->close(conn);
    conn = dial(INCLOAD__ROLE_WRITE);
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_txn"), 1);
    run(conn, "INSERT INTO t_txn VALUES (5)"); /* no lock is left behind */
    driver->close(conn);
}
END_TEST

START_TEST(a_reading_transaction_sees_one_snapshot_while_another_connection_writes)
{
    incload_error *err = NULL;
    incload__conn *writer = dial(INCLOAD__ROLE_WRITE);
    incload__conn *reader = dial(INCLOAD__ROLE_READ);

    fresh_counter(writer);
    ok(driver->begin(reader, &err));
    ck_assert_int_eq(number(reader, "SELECT count(*) FROM t_txn"), 1);
    ok(driver->begin(writer, &err));
    run(writer, "INSERT INTO t_txn VALUES (2)");
    ok(driver->commit(writer, &err));
    ck_assert_int_eq(number(writer, "SELECT count(*) FROM t_txn"), 2);
    ck_assert_int_eq(number(reader, "SELECT count(*) FROM t_txn"), 1);
    ok(driver->commit(reader, &err));
    ck_assert_int_eq(number(reader, "SELECT count(*) FROM t_txn"), 2);
    driver->close(reader);
    driver->close(writer);
}
END_TEST

START_TEST(an_open_reader_keeps_its_snapshot_while_another_connection_deletes)
{
    incload_error *err = NULL;
    incload__conn *writer = dial(INCLOAD__ROLE_WRITE);
    incload__conn *conn = dial(INCLOAD__ROLE_READ);
    incload__schema schema;
    incload__reader *reader = NULL;
    int64_t rows = 0;
    int64_t total = 3;

    run(writer, "DROP TABLE IF EXISTS t_snap");
    run(writer, "CREATE TABLE t_snap (id bigint)");
    run(writer, "INSERT INTO t_snap VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)");
    for (int32_t i = 0; i < 9; i++)
        run(writer, "INSERT INTO t_snap SELECT id FROM t_snap");
    incload__schema_init(&schema, &incload__mem_libc);
    add_column(conn, &schema, "id", type_of(INCLOAD__INT64, 0, 0));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, &err);
    ok(driver->begin(conn, &err));
    ok(driver->read_open(conn, "SELECT id FROM t_snap", NULL, 0, &schema, &reader, &err));
    ok(driver->read_next(reader, builder, 3, 1 << 20, &rows, &err));
    ck_assert_int_eq(rows, 3);
    run(writer, "DELETE FROM t_snap");
    do {
        ok(driver->read_next(reader, builder, 999, 1 << 20, &rows, &err));
        total += rows;
    } while (rows > 0);
    driver->read_close(reader);
    ck_assert_int_eq(total, 5120);
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_snap"), 5120);
    ok(driver->rollback(conn, &err));
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_snap"), 0);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    driver->close(conn);
    driver->close(writer);
}
END_TEST

START_TEST(after_a_failed_statement_only_rollback_is_possible)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);

    fresh_counter(conn);
    ok(driver->begin(conn, &err));
    run(conn, "INSERT INTO t_txn VALUES (2)");
    expect(driver->execute(conn, "INSERT INTO t_txn VALUES (1)", NULL, 0, NULL, &err), INCLOAD_E_CONSTRAINT, &err);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_FAILED);
    expect(driver->execute(conn, "INSERT INTO t_txn VALUES (3)", NULL, 0, NULL, &err), INCLOAD_E_STATE, &err);
    expect(driver->commit(conn, &err), INCLOAD_E_STATE, &err);
    ok(driver->rollback(conn, &err));
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_txn"), 1);
    driver->close(conn);
}
END_TEST

START_TEST(a_bulk_write_that_hits_a_duplicate_fails_as_a_whole)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__schema schema;
    struct ArrowArray array;
    incload__view view;
    incload__writer *writer = NULL;

    fresh_counter(conn);
    incload__schema_init(&schema, &incload__mem_libc);
    add_column(conn, &schema, "a", type_of(INCLOAD__INT64, 0, 0));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, &err);
    for (int64_t i = 0; i < 250; i++)
        incload__put_int(builder, 0, i == 180 ? 1 : 1000 + i);
    ok(incload__builder_finish(builder, &array, &err));
    ok(incload__view_init(&view, &incload__mem_libc, &schema, &array, &err));
    ok(driver->begin(conn, &err));
    ok(driver->write_open(conn, "t_txn", &schema, &writer, &err));
    int32_t status = driver->write_batch(writer, &view, &err);
    if (status == INCLOAD_OK)
        status = driver->write_close(writer, NULL, &err);
    else
        driver->write_abandon(writer);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "t_txn"));
    expect(status, INCLOAD_E_CONSTRAINT, &err);
    expect(driver->commit(conn, &err), INCLOAD_E_STATE, &err);
    ok(driver->rollback(conn, &err));
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_txn"), 1);
    incload__view_free(&view);
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    driver->close(conn);
}
END_TEST

START_TEST(writing_without_a_transaction_is_refused)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__schema schema;
    incload__writer *writer = NULL;

    incload__schema_init(&schema, &incload__mem_libc);
    add_column(conn, &schema, "a", type_of(INCLOAD__INT64, 0, 0));
    expect(driver->write_open(conn, "t_txn", &schema, &writer, &err), INCLOAD_E_STATE, &err);
    ck_assert_ptr_null(writer);
    incload__schema_free(&schema);
    driver->close(conn);
}
END_TEST

/* ---- what another session is at ---- */

typedef struct session {
    incload__conn *conn;
    incload__conn *watch;
    incload__conn *holder; /* of the lock that it waits for */
    int64_t id;
    int64_t acted_us; /* when a thread did to it what it is for */
} session;

static session
watched(incload__conn *conn)
{
    session s = { .conn = conn, .watch = dial(INCLOAD__ROLE_WRITE) };

    if (!is(conn, "sqlite"))
        s.id = number(conn, is(conn, "postgres") ? "SELECT pg_backend_pid()" : "SELECT connection_id()");
    return s;
}

static bool
asked(const session *s, const char *postgres, const char *mariadb)
{
    char sql[200];

    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s = %" PRId64, is(s->watch, "postgres") ? postgres : mariadb,
             s->id);
    return number(s->watch, sql) > 0;
}

/* Whether a statement of this process reads or writes the file: it then has a lock of the write-ahead log. */
static bool
file_is_at_work(void)
{
    char path[512];
    char line[256];
    struct stat log;
    bool found = false;

    snprintf(path, sizeof path, "%s-shm", strstr(url, "Database=") + strlen("Database="));
    if (stat(path, &log) != 0)
        return false;
    FILE *locks = fopen("/proc/locks", "re");
    ck_assert_ptr_nonnull(locks);
    while (fgets(line, sizeof line, locks) != NULL) {
        unsigned long long inode = 0;
        long long from = 0;
        if (sscanf(line, "%*s %*s %*s %*s %*d %*x:%*x:%llu %lld", &inode, &from) == 2 && inode == log.st_ino)
            found = found || (from >= 120 && from <= 127);
    }
    fclose(locks);
    return found;
}

static bool
is_at_work(const session *s)
{
    if (is(s->watch, "sqlite"))
        return file_is_at_work();
    return asked(s, "pg_stat_activity WHERE wait_event = 'PgSleep' AND pid",
                 "information_schema.processlist WHERE state = 'User sleep' AND id");
}

static bool
waits_for_lock(const session *s)
{
    return asked(s, "pg_stat_activity WHERE wait_event_type = 'Lock' AND pid",
                 "information_schema.processlist WHERE info LIKE 'UPDATE%' AND id");
}

static bool
has_ended(const session *s)
{
    return !asked(s, "pg_stat_activity WHERE pid", "information_schema.processlist WHERE id");
}

/* ---- cancel and deadlines ---- */

static const char *
slow_query(const incload__conn *conn)
{
    if (is(conn, "postgres"))
        return "SELECT count(*) FROM (SELECT pg_sleep(20)) s";
    if (is(conn, "mariadb"))
        return "SELECT sleep(20)";
    return "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 200000000) "
           "SELECT count(*) FROM c, (SELECT count(*) FROM sqlite_master) AS m";
}

static void *
cancel_at_work(void *data)
{
    session *s = data;

    AWAIT(is_at_work(s));
    s->acted_us = incload__monotonic_us(&incload__env_system);
    driver->cancel(s->conn);
    return NULL;
}

START_TEST(cancel_from_another_thread_ends_the_running_query_soon)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_READ);
    incload__rows rows;
    pthread_t thread;
    session s = watched(conn);

    pthread_create(&thread, NULL, cancel_at_work, &s);
    int32_t status = driver->select(conn, slow_query(conn), NULL, 0, &rows, &err);
    int64_t returned = incload__monotonic_us(&incload__env_system);
    pthread_join(thread, NULL);
    expect(status, INCLOAD_E_CANCELLED, &err);
    ck_assert_int_lt(returned - s.acted_us, 3000000);
    expect(driver->ping(conn, &err), INCLOAD_E_CANCELLED, &err);
    driver->close(s.watch);
    driver->close(conn);
}
END_TEST

START_TEST(a_deadline_ends_the_running_query_and_the_transaction_can_be_rolled_back)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__rows rows;

    fresh_counter(conn);
    ok(driver->begin(conn, &err));
    run(conn, "INSERT INTO t_txn VALUES (2)");
    int64_t start = incload__monotonic_us(&incload__env_system);
    conn->deadline_us = start + 300000;
    expect(driver->select(conn, slow_query(conn), NULL, 0, &rows, &err), INCLOAD_E_TIMEOUT, &err);
    ck_assert_int_lt(incload__monotonic_us(&incload__env_system) - start, 3000000);
    ok(driver->rollback(conn, &err)); /* past its deadline */
    conn->deadline_us = 0;
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_txn"), 1);
    driver->close(conn);
}
END_TEST

START_TEST(waiting_for_another_connections_lock_ends_at_the_deadline)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__conn *other = dial(INCLOAD__ROLE_WRITE);

    fresh_counter(conn);
    ok(driver->begin(conn, &err));
    run(conn, "UPDATE t_txn SET a = 10");
    int64_t start = incload__monotonic_us(&incload__env_system);
    other->deadline_us = start + 300000;
    int32_t status = driver->begin(other, &err);
    if (status == INCLOAD_OK)
        status = driver->execute(other, "UPDATE t_txn SET a = 20", NULL, 0, NULL, &err);
    expect(status, INCLOAD_E_TIMEOUT, &err);
    ck_assert_int_lt(incload__monotonic_us(&incload__env_system) - start, 3000000);
    ok(driver->rollback(other, &err));
    ok(driver->commit(conn, &err));
    driver->close(other);
    driver->close(conn);
}
END_TEST

static void *
commit_when_waited_for(void *data)
{
    session *s = data;

    if (is(s->watch, "sqlite"))
        usleep(300000); /* nobody tells who waits for a file; committed too early, it would only prove less */
    else
        AWAIT(waits_for_lock(s));
    ck_assert_int_eq(driver->commit(s->holder, NULL), INCLOAD_OK);
    return NULL;
}

START_TEST(a_lock_that_is_given_back_in_time_is_waited_for)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__conn *other = dial(INCLOAD__ROLE_WRITE);
    pthread_t thread;

    fresh_counter(conn);
    ok(driver->begin(conn, &err));
    run(conn, "UPDATE t_txn SET a = 10");
    session waiting = watched(other);
    waiting.holder = conn;
    pthread_create(&thread, NULL, commit_when_waited_for, &waiting);
    ok(driver->begin(other, &err));
    if (is(other, "postgres"))
        run(other, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
    int32_t status = driver->execute(other, "UPDATE t_txn SET a = 20", NULL, 0, NULL, &err);
    pthread_join(thread, NULL);
    ck_assert(status == INCLOAD_OK || status == INCLOAD_E_CONFLICT); /* a snapshot may refuse it, the wait may not */
    incload_error_unref(err);
    err = NULL;
    ok(driver->rollback(other, &err));
    driver->close(waiting.watch);
    driver->close(other);
    driver->close(conn);
}
END_TEST

/* A file without a write-ahead log, as other programs make them, locks its readers out while a commit is written. */
START_TEST(a_reader_waits_for_a_file_that_is_locked_for_a_moment)
{
    if (!url_names("SQLite"))
        return;
    incload_error *err = NULL;
    char *kept = (char *)(uintptr_t)url;
    char *rollback_journal = NULL;
    incload__str text = INCLOAD__STR(&incload__mem_libc);
    incload__str_addf(&text, "odbc:Driver=SQLite3;JournalMode=DELETE;Database=%s-journal.db",
                      strstr(url, "Database=") + 9);
    rollback_journal = incload__str_take(&text);
    url = rollback_journal;
    incload__conn *writer = dial(INCLOAD__ROLE_WRITE);
    fresh_counter(writer);
    incload__conn *reader = dial(INCLOAD__ROLE_READ);
    ck_assert_int_eq(number(reader, "SELECT count(*) FROM t_txn"), 1);
    pthread_t thread;
    session waiting = watched(reader);
    waiting.holder = writer;

    run(writer, "BEGIN EXCLUSIVE");
    writer->txn = INCLOAD__TXN_OPEN;
    run(writer, "INSERT INTO t_txn VALUES (2)");
    pthread_create(&thread, NULL, commit_when_waited_for, &waiting);
    ok(driver->begin(reader, &err));
    ck_assert_int_eq(number(reader, "SELECT count(*) FROM t_txn"), 2);
    pthread_join(thread, NULL);
    driver->close(waiting.watch);
    driver->close(reader);
    driver->close(writer);
    free(rollback_journal);
    url = kept;
}
END_TEST

START_TEST(a_deadline_that_is_not_reached_does_no_harm)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_READ);

    for (int32_t i = 0; i < 200; i++) {
        conn->deadline_us = incload__monotonic_us(&incload__env_system) + 5000000;
        ok(driver->ping(conn, &err));
    }
    driver->close(conn);
}
END_TEST

START_TEST(a_forked_child_is_refused_and_does_not_touch_the_parents_connection)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_READ);

    conn->pid--; /* as the child of another process would find it */
    expect(driver->ping(conn, &err), INCLOAD_E_FORKED, &err);
    conn->pid++;
    ok(driver->ping(conn, &err));
    driver->close(conn);
}
END_TEST

/* The server ends the connection while a transaction is open. */
START_TEST(a_connection_ended_by_the_server_is_dead_and_never_reports_a_commit)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    session s = watched(conn);
    char sql[100];

    if (!is(conn, "sqlite")) {
        bool postgres = is(conn, "postgres");
        fresh_counter(conn);
        ok(driver->begin(conn, &err));
        run(conn, "INSERT INTO t_txn VALUES (2)");
        snprintf(sql, sizeof sql, postgres ? "SELECT pg_terminate_backend(%" PRId64 ")" : "KILL %" PRId64, s.id);
        run(s.watch, sql);
        AWAIT(has_ended(&s));
        int32_t status = driver->commit(conn, &err);
        ck_assert_int_eq(conn->txn, INCLOAD__TXN_DEAD);
        ck_assert_int_ne(status, INCLOAD_OK);
        ck_assert(status == INCLOAD_E_COMMIT_UNKNOWN || status == INCLOAD_E_CONNECT);
        incload_error_unref(err);
        err = NULL;
        ck_assert_int_ne(driver->rollback(conn, &err), INCLOAD_OK);
        incload_error_unref(err);
        ck_assert_int_eq(number(s.watch, "SELECT count(*) FROM t_txn"), 1);
    }
    driver->close(s.watch);
    driver->close(conn);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, rollback_undoes_and_commit_keeps);
    tcase_add_test(tests, closing_with_an_open_transaction_rolls_back);
    tcase_add_test(tests, a_reading_transaction_sees_one_snapshot_while_another_connection_writes);
    tcase_add_test(tests, an_open_reader_keeps_its_snapshot_while_another_connection_deletes);
    tcase_add_test(tests, after_a_failed_statement_only_rollback_is_possible);
    tcase_add_test(tests, a_bulk_write_that_hits_a_duplicate_fails_as_a_whole);
    tcase_add_test(tests, writing_without_a_transaction_is_refused);
    tcase_add_test(tests, cancel_from_another_thread_ends_the_running_query_soon);
    tcase_add_test(tests, a_deadline_ends_the_running_query_and_the_transaction_can_be_rolled_back);
    tcase_add_test(tests, waiting_for_another_connections_lock_ends_at_the_deadline);
    tcase_add_test(tests, a_lock_that_is_given_back_in_time_is_waited_for);
    tcase_add_test(tests, a_reader_waits_for_a_file_that_is_locked_for_a_moment);
    tcase_add_test(tests, a_deadline_that_is_not_reached_does_no_harm);
    tcase_add_test(tests, a_forked_child_is_refused_and_does_not_touch_the_parents_connection);
    tcase_add_test(tests, a_connection_ended_by_the_server_is_dead_and_never_reports_a_commit);
}

int
main(int argc, char **argv)
{
    return odbc_main(argc, argv, add_tests);
}
