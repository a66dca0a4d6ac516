/* SPDX-License-Identifier: Apache-2.0 */
/* Every call of a driver returns by its deadline + 250 ms, and within 500 ms of a cancel, while the server is stopped;
 * what cannot be ended is left behind, counted, and cleaned up when the server goes on. */
#define _GNU_SOURCE
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/driver.h"
#include "frozen.h"

enum { DEADLINE_MS = 300, LATE_MS = 250, CANCEL_AFTER_MS = 200, CANCEL_MS = 500, WIDE = 4000, ROWS = 2000 };

static const char *url;
static const char *server; /* the variable with its process id */
static const incload__driver *driver;
static bool leaves_behind; /* its calls block: the ODBC driver's */
static bool reads_all;     /* the whole result is here when a read begins */

/* What the calls work on. */
typedef struct subject {
    incload_context *context;
    incload__conn *conn;
    incload__schema schema;
    incload__builder *builder;
    struct ArrowArray array;
    incload__view view;
    incload__reader *reader;
    incload__writer *writer;
    incload__rows rows;
} subject;

typedef struct phase {
    const char *name;
    incload__role role;
    void (*prepare)(subject *s); /* while the server is well; may be NULL */
    int32_t (*act)(subject *s, incload_error **err);
    int32_t late; /* the code at the deadline; 0: it may also succeed */
} phase;

static void
well(int32_t status, incload_error **err)
{
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(*err));
}

static int64_t
in_ms(int64_t ms)
{
    return incload__deadline_in(&incload__env_system, ms);
}

static int32_t
dial(subject *s, incload__role role, int64_t ms, incload_error **err)
{
    incload__connect how = { .env = incload__context_env(s->context),
                             .context = s->context,
                             .url = url,
                             .role = role,
                             .deadline_us = in_ms(ms),
                             .application_name = "bounded" };

    return driver->connect(&how, &s->conn, err);
}

static void
run(incload__conn *conn, const char *sql)
{
    incload_error *err = NULL;

    well(driver->execute(conn, sql, NULL, 0, NULL, &err), &err);
}

/* ---- phases ---- */

static void
prepare_transaction(subject *s)
{
    incload_error *err = NULL;

    well(driver->begin(s->conn, &err), &err);
}

static void
prepare_rows(subject *s)
{
    incload_error *err = NULL;
    char *wide = calloc(WIDE + 1, 1);

    memset(wide, 'x', WIDE);
    for (int64_t i = 0; i < ROWS; i++) {
        ck_assert_int_eq(incload__put_int(s->builder, 0, i), INCLOAD_OK);
        ck_assert_int_eq(incload__put_bytes(s->builder, 1, wide, WIDE), INCLOAD_OK);
    }
    free(wide);
    well(incload__builder_finish(s->builder, &s->array, &err), &err);
    well(incload__view_init(&s->view, &incload__mem_libc, &s->schema, &s->array, &err), &err);
}

static void
prepare_writer(subject *s)
{
    incload_error *err = NULL;

    run(s->conn, "DROP TABLE IF EXISTS bounded_written");
    run(s->conn, "CREATE TABLE bounded_written (id bigint, v text)");
    prepare_transaction(s);
    prepare_rows(s);
    well(driver->write_open(s->conn, "bounded_written", &s->schema, &s->writer, &err), &err);
}

static void
prepare_full_writer(subject *s)
{
    incload_error *err = NULL;

    prepare_writer(s);
    s->view.rows = 10;
    well(driver->write_batch(s->writer, &s->view, &err), &err);
}

static const char read_text[] = "SELECT id, v FROM bounded_read";

static void
prepare_read(subject *s)
{
    prepare_transaction(s);
}

static void
prepare_reader(subject *s)
{
    incload_error *err = NULL;
    int64_t rows = 0;

    prepare_read(s);
    well(driver->read_open(s->conn, read_text, NULL, 0, &s->schema, &s->reader, &err), &err);
    well(driver->read_next(s->reader, s->builder, 10, 1 << 20, &rows, &err), &err);
    ck_assert_int_eq(rows, 10);
}

static void
prepare_change(subject *s)
{
    run(s->conn, "DROP TABLE IF EXISTS bounded_changed");
    run(s->conn, "CREATE TABLE bounded_changed (id bigint)");
    prepare_transaction(s);
    run(s->conn, "INSERT INTO bounded_changed VALUES (1)");
}

static int32_t
act_execute(subject *s, incload_error **err)
{
    return driver->execute(s->conn, "UPDATE bounded_read SET id = -1 WHERE id = -1", NULL, 0, NULL, err);
}

static int32_t
act_select(subject *s, incload_error **err)
{
    int32_t status = driver->select(s->conn, "SELECT count(*) FROM bounded_read", NULL, 0, &s->rows, err);

    incload__rows_free(&s->rows);
    return status;
}

static int32_t
act_ping(subject *s, incload_error **err)
{
    return driver->ping(s->conn, err);
}

static int32_t
act_begin(subject *s, incload_error **err)
{
    int32_t status = driver->begin(s->conn, err);

    /* BEGIN may be sent with the first statement only. */
    return status == INCLOAD_OK ? driver->ping(s->conn, err) : status;
}

static int32_t
act_describe(subject *s, incload_error **err)
{
    incload__schema shape;
    int32_t status = driver->describe(s->conn, read_text, 0, &shape, err);

    incload__schema_free(&shape);
    return status;
}

static int32_t
act_read_open(subject *s, incload_error **err)
{
    return driver->read_open(s->conn, read_text, NULL, 0, &s->schema, &s->reader, err);
}

static int32_t
act_read(subject *s, incload_error **err)
{
    int32_t status = INCLOAD_OK;
    int64_t rows = 1;

    while (status == INCLOAD_OK && rows > 0) {
        struct ArrowArray array;
        status = driver->read_next(s->reader, s->builder, 1000, 1 << 20, &rows, err);
        if (status == INCLOAD_OK)
            status = incload__builder_finish(s->builder, &array, err);
        if (status == INCLOAD_OK)
            incload__array_release(&array);
    }
    return status;
}

static int32_t
act_write(subject *s, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < 100 && status == INCLOAD_OK; i++)
        status = driver->write_batch(s->writer, &s->view, err);
    return status;
}

static int32_t
act_write_close(subject *s, incload_error **err)
{
    int64_t rows = 0;
    incload__writer *writer = s->writer;

    s->writer = NULL;
    return driver->write_close(writer, &rows, err);
}

static int32_t
act_commit(subject *s, incload_error **err)
{
    return driver->commit(s->conn, err);
}

static int32_t
act_rollback(subject *s, incload_error **err)
{
    return driver->rollback(s->conn, err);
}

static int32_t
act_close(subject *s, incload_error **err)
{
    (void)err;
    driver->close(s->conn);
    s->conn = NULL;
    return INCLOAD_OK;
}

static int32_t
act_connect(subject *s, incload_error **err)
{
    driver->close(s->conn);
    s->conn = NULL;
    return dial(s, INCLOAD__ROLE_WRITE, DEADLINE_MS, err);
}

static const phase phases[] = {
    { "execute", INCLOAD__ROLE_WRITE, NULL, act_execute, INCLOAD_E_TIMEOUT },
    { "execute in a transaction", INCLOAD__ROLE_WRITE, prepare_transaction, act_execute, INCLOAD_E_TIMEOUT },
    { "select", INCLOAD__ROLE_READ, NULL, act_select, INCLOAD_E_TIMEOUT },
    { "ping", INCLOAD__ROLE_READ, NULL, act_ping, INCLOAD_E_TIMEOUT },
    { "begin", INCLOAD__ROLE_WRITE, NULL, act_begin, INCLOAD_E_TIMEOUT },
    { "describe", INCLOAD__ROLE_READ, NULL, act_describe, INCLOAD_E_TIMEOUT },
    { "read_open", INCLOAD__ROLE_READ, prepare_read, act_read_open, INCLOAD_E_TIMEOUT },
    { "read_next", INCLOAD__ROLE_READ, prepare_reader, act_read, INCLOAD_E_TIMEOUT },
    { "write_batch", INCLOAD__ROLE_WRITE, prepare_writer, act_write, INCLOAD_E_TIMEOUT },
    { "write_close", INCLOAD__ROLE_WRITE, prepare_full_writer, act_write_close, INCLOAD_E_TIMEOUT },
    { "commit", INCLOAD__ROLE_WRITE, prepare_change, act_commit, INCLOAD_E_COMMIT_UNKNOWN },
    { "rollback", INCLOAD__ROLE_WRITE, prepare_change, act_rollback, 0 },
    { "close", INCLOAD__ROLE_WRITE, prepare_change, act_close, 0 },
    { "connect", INCLOAD__ROLE_WRITE, NULL, act_connect, INCLOAD_E_TIMEOUT },
};

enum { PHASES = sizeof phases / sizeof phases[0] };

/* ---- before and after ---- */

static void
subject_begin(subject *s, incload__role role)
{
    incload_error *err = NULL;

    memset(s, 0, sizeof *s);
    s->context = incload_context_new(NULL, &err);
    incload__schema_init(&s->schema, &incload__mem_libc);
    well(dial(s, role, 20000, &err), &err);
    incload__type number = { .kind = INCLOAD__INT64 }, text = { .kind = INCLOAD__TEXT };
    incload__schema_add(&s->schema, "id", "bigint", number);
    incload__schema_add(&s->schema, "v", "text", text)->nullable = true;
    s->builder = incload__builder_new(&incload__mem_libc, &s->schema, &err);
    s->conn->deadline_us = 0;
}

static void
stop_using(subject *s)
{
    if (s->reader != NULL)
        driver->read_close(s->reader);
    if (s->writer != NULL)
        driver->write_abandon(s->writer);
    if (s->conn != NULL) {
        driver->rollback(s->conn, NULL);
        driver->close(s->conn);
    }
    s->reader = NULL;
    s->writer = NULL;
    s->conn = NULL;
}

static void
subject_end(subject *s)
{
    stop_using(s);
    if (s->view.schema != NULL)
        incload__view_free(&s->view);
    incload__array_release(&s->array);
    incload__builder_free(s->builder);
    incload__schema_free(&s->schema);
    incload_context_unref(s->context);
}

/* Waits for the event that tells of a call's return. */
static void
wait_for_return(incload_context *context)
{
    for (bool back = false; !back;) {
        incload_event *event = incload_context_next_event(context, 20000, NULL);
        ck_assert_msg(event != NULL, "no call came back");
        ck_assert_int_eq(incload_event_kind(event), INCLOAD_EVENT_NOTICE);
        back = incload_event_status(event) == INCLOAD_OK;
        incload_event_unref(event);
    }
}

static void
expect_nothing_is_left(subject *s, int32_t threads)
{
    while (incload_context_abandoned_calls(s->context) > 0)
        wait_for_return(s->context);
    ck_assert_int_le(wait_for_threads(threads), threads);
}

static void
expect_server_works(subject *s, int32_t threads)
{
    incload_error *err = NULL;
    subject other = { .context = s->context };

    expect_nothing_is_left(s, threads);
    well(dial(&other, INCLOAD__ROLE_WRITE, 20000, &err), &err);
    run(other.conn, "DROP TABLE IF EXISTS bounded_written");
    driver->close(other.conn);
}

static void
make_tables(void)
{
    incload_error *err = NULL;
    subject s;
    int64_t rows = 0;

    subject_begin(&s, INCLOAD__ROLE_WRITE);
    run(s.conn, "DROP TABLE IF EXISTS bounded_read");
    run(s.conn, "CREATE TABLE bounded_read (id bigint, v text)");
    well(driver->begin(s.conn, &err), &err);
    prepare_rows(&s);
    well(driver->write_open(s.conn, "bounded_read", &s.schema, &s.writer, &err), &err);
    well(driver->write_batch(s.writer, &s.view, &err), &err);
    incload__writer *writer = s.writer;
    s.writer = NULL;
    well(driver->write_close(writer, &rows, &err), &err);
    well(driver->commit(s.conn, &err), &err);
    subject_end(&s);
}

/* A test that failed half-way has left the server stopped. */
static void
thaw(void)
{
    thaw_server(server);
    make_tables();
}

/* ---- deadlines ---- */

static bool
may_be_quick(const phase *p)
{
    return p->late == 0 || (reads_all && strcmp(p->name, "read_next") == 0);
}

static void
check_code(const phase *p, int32_t status, int32_t late, const incload_error *err)
{
    if (may_be_quick(p))
        return;
    ck_assert_msg(status == late, "%s: %s instead of %s: %s", p->name, incload_status_name(status),
                  incload_status_name(late), incload_error_message(err));
}

START_TEST(a_call_returns_by_its_deadline_while_the_server_is_stopped)
{
    const phase *p = &phases[_i];
    int32_t threads = count_threads();
    incload_error *err = NULL;
    subject s;

    subject_begin(&s, p->role);
    if (p->prepare != NULL)
        p->prepare(&s);
    freeze_server(server);
    int64_t began = clock_ms();
    s.conn->deadline_us = in_ms(DEADLINE_MS);
    int32_t status = p->act(&s, &err);
    int64_t took = clock_ms() - began;
    int64_t left = incload_context_abandoned_calls(s.context);
    /* What a run does next: nothing of it may add to the delay. */
    stop_using(&s);
    int64_t all = clock_ms() - began;
    thaw_server(server);

    check_code(p, status, p->late, err);
    ck_assert_msg(took <= DEADLINE_MS + LATE_MS, "%s took %d ms", p->name, (int)took);
    ck_assert_msg(all <= DEADLINE_MS + LATE_MS, "%s and what follows took %d ms", p->name, (int)all);
    if (leaves_behind && !may_be_quick(p))
        ck_assert_int_eq(left, 1);
    if (!may_be_quick(p))
        ck_assert_int_eq(incload_error_is_retryable(err), p->late == INCLOAD_E_TIMEOUT);
    incload_error_unref(err);
    expect_server_works(&s, threads);
    subject_end(&s);
}
END_TEST

/* ---- cancel ---- */

typedef struct canceller {
    incload__conn *conn;
    int64_t at;
} canceller;

static void *
cancel_soon(void *data)
{
    canceller *c = data;

    sleep_ms(CANCEL_AFTER_MS);
    c->at = clock_ms();
    driver->cancel(c->conn);
    return NULL;
}

static bool
is_cancellable(const phase *p)
{
    return p->act != act_connect && p->act != act_close && p->act != act_rollback;
}

START_TEST(a_cancelled_call_returns_soon_while_the_server_is_stopped)
{
    const phase *p = &phases[_i];
    int32_t threads = count_threads();
    incload_error *err = NULL;
    pthread_t thread;
    subject s;

    if (!is_cancellable(p))
        return;
    subject_begin(&s, p->role);
    if (p->prepare != NULL)
        p->prepare(&s);
    freeze_server(server);
    canceller c = { .conn = s.conn };
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, &c), 0);
    int32_t status = p->act(&s, &err);
    int64_t returned = clock_ms();
    pthread_join(thread, NULL);
    stop_using(&s);
    int64_t ended = clock_ms();
    thaw_server(server);

    check_code(p, status, p->late == INCLOAD_E_TIMEOUT ? INCLOAD_E_CANCELLED : p->late, err);
    ck_assert_msg(returned - c.at <= CANCEL_MS, "%s took %d ms", p->name, (int)(returned - c.at));
    ck_assert_msg(ended - c.at <= CANCEL_MS, "%s and what follows took %d ms", p->name, (int)(ended - c.at));
    incload_error_unref(err);
    expect_server_works(&s, threads);
    subject_end(&s);
}
END_TEST

static void *
cancel_now(void *conn)
{
    driver->cancel(conn);
    return NULL;
}

START_TEST(several_threads_may_cancel_at_once)
{
    int32_t own = count_threads();
    enum { CANCELLERS = 8 };
    pthread_t threads[CANCELLERS];
    incload_error *err = NULL;
    subject s;
    canceller first;
    pthread_t soon;

    subject_begin(&s, INCLOAD__ROLE_WRITE);
    freeze_server(server);
    first = (canceller){ .conn = s.conn };
    pthread_create(&soon, NULL, cancel_soon, &first);
    for (int32_t i = 0; i < CANCELLERS; i++)
        pthread_create(&threads[i], NULL, cancel_now, s.conn);
    int64_t began = clock_ms();
    int32_t status = act_execute(&s, &err);
    ck_assert_int_le(clock_ms() - began, CANCEL_MS);
    ck_assert_int_eq(status, INCLOAD_E_CANCELLED);
    for (int32_t i = 0; i < CANCELLERS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(soon, NULL);
    incload_error_unref(err);
    stop_using(&s);
    thaw_server(server);
    expect_nothing_is_left(&s, own);
    subject_end(&s);
}
END_TEST

static atomic_bool asked_to_stop;

static void *
ask_soon(void *data)
{
    sleep_ms(CANCEL_AFTER_MS);
    *(int64_t *)data = clock_ms();
    atomic_store(&asked_to_stop, true);
    return NULL;
}

START_TEST(connecting_to_a_stopped_server_can_be_cancelled)
{
    int32_t own = count_threads();
    incload_error *err = NULL;
    incload__conn *conn = NULL;
    pthread_t thread;
    int64_t asked = 0;
    subject s = { .context = incload_context_new(NULL, &err) };
    incload__connect how = {
        .env = incload__context_env(s.context), .context = s.context, .url = url, .cancelled = &asked_to_stop
    };

    freeze_server(server);
    atomic_store(&asked_to_stop, false);
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_soon, &asked), 0);
    int32_t status = driver->connect(&how, &conn, &err);
    int64_t returned = clock_ms();
    thaw_server(server);
    pthread_join(thread, NULL);
    ck_assert_msg(status == INCLOAD_E_CANCELLED, "%s", incload_error_message(err));
    ck_assert_ptr_null(conn);
    ck_assert_int_le(returned - asked, CANCEL_MS);
    incload_error_unref(err);
    expect_nothing_is_left(&s, own);
    incload_context_unref(s.context);
}
END_TEST

/* ---- what was left behind ---- */

START_TEST(the_count_and_events_tell_of_a_call_that_was_left_behind)
{
    int32_t own = count_threads();
    incload_error *err = NULL;
    subject s;

    if (!leaves_behind)
        return;
    subject_begin(&s, INCLOAD__ROLE_WRITE);
    ck_assert_int_eq(incload_context_abandoned_calls(s.context), 0);
    freeze_server(server);
    s.conn->deadline_us = in_ms(50);
    ck_assert_int_eq(act_execute(&s, &err), INCLOAD_E_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "left behind"));
    ck_assert_str_eq(incload_error_detail_key(err, 0), "abandoned_calls");
    ck_assert_str_eq(incload_error_detail_value(err, 0), "1");
    ck_assert_int_eq(incload_context_abandoned_calls(s.context), 1);
    incload_event *event = incload_context_next_event(s.context, 0, NULL);
    ck_assert_ptr_nonnull(event);
    ck_assert_int_eq(incload_event_kind(event), INCLOAD_EVENT_NOTICE);
    ck_assert_int_eq(incload_event_status(event), INCLOAD_E_TIMEOUT);
    incload_event_unref(event);
    incload_error_unref(err);
    err = NULL;
    ck_assert_int_eq(act_execute(&s, &err), INCLOAD_E_TIMEOUT); /* its deadline has passed */
    incload_error_unref(err);
    err = NULL;
    s.conn->deadline_us = 0;
    ck_assert_int_eq(act_execute(&s, &err), INCLOAD_E_STATE);
    incload_error_unref(err);
    thaw_server(server);
    wait_for_return(s.context);
    expect_nothing_is_left(&s, own);
    subject_end(&s);
}
END_TEST

/* The host forgets everything while the call is still out: what it holds keeps alive by itself. */
START_TEST(the_context_may_be_given_up_while_a_call_is_out)
{
    int32_t own = count_threads();
    incload_error *err = NULL;
    subject s;

    subject_begin(&s, INCLOAD__ROLE_WRITE);
    freeze_server(server);
    s.conn->deadline_us = in_ms(50);
    ck_assert_int_eq(act_execute(&s, &err), INCLOAD_E_TIMEOUT);
    incload_error_unref(err);
    subject_end(&s);
    thaw_server(server);
    ck_assert_int_le(wait_for_threads(own), own);
}
END_TEST

START_TEST(a_process_may_exit_while_a_call_is_out)
{
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        subject s;
        subject_begin(&s, INCLOAD__ROLE_WRITE);
        freeze_server(server);
        s.conn->deadline_us = in_ms(50);
        int32_t status = act_execute(&s, NULL);
        subject_end(&s);
        exit(status == INCLOAD_E_TIMEOUT ? 7 : 1);
    }
    int state = 0;
    int64_t until = clock_ms() + 10000;
    pid_t ended = 0;
    while (ended == 0 && clock_ms() < until) {
        ended = waitpid(child, &state, WNOHANG);
        sleep_ms(1);
    }
    if (ended == 0)
        kill(child, SIGKILL);
    thaw_server(server);
    ck_assert_int_eq(ended, child);
    ck_assert(WIFEXITED(state));
    ck_assert_int_eq(WEXITSTATUS(state), 7);
}
END_TEST

/* A connect that hangs must not hold up the others: driver managers have locks of their own. */
START_TEST(other_connections_go_on_while_calls_are_out)
{
    int32_t own = count_threads();
    incload_error *err = NULL;
    const char *other = getenv("INCLOAD_TEST_SQLITE");
    subject s;
    incload__conn *conn = NULL;

    subject_begin(&s, INCLOAD__ROLE_WRITE);
    freeze_server(server);
    s.conn->deadline_us = in_ms(50);
    ck_assert_int_eq(act_execute(&s, &err), INCLOAD_E_TIMEOUT);
    incload_error_unref(err);
    err = NULL;
    ck_assert_int_ne(act_connect(&s, &err), INCLOAD_OK);
    incload_error_unref(err);
    err = NULL;
    incload__connect how = { .env = incload__context_env(s.context),
                             .context = s.context,
                             .url = other,
                             .role = INCLOAD__ROLE_WRITE,
                             .deadline_us = in_ms(5000) };
    int64_t began = clock_ms();
    well(incload__driver_odbc.connect(&how, &conn, &err), &err);
    well(incload__driver_odbc.execute(conn, "CREATE TABLE IF NOT EXISTS t (a)", NULL, 0, NULL, &err), &err);
    incload__driver_odbc.close(conn);
    ck_assert_int_le(clock_ms() - began, 1000);
    thaw_server(server);
    expect_nothing_is_left(&s, own);
    subject_end(&s);
}
END_TEST

int
main(int argc, char **argv)
{
    incload_error *err = NULL;

    url = argc > 2 ? getenv(argv[1]) : NULL;
    server = argc > 2 ? argv[2] : "";
    if (url == NULL || incload__driver_find(url, &driver, &err) != INCLOAD_OK) {
        puts("1..0 # SKIP no database is named");
        return 0;
    }
    leaves_behind = driver == &incload__driver_odbc;
    reads_all = strstr(url, "MariaDB") != NULL;
    Suite *suite = suite_create("bounded");
    TCase *tests = tcase_create("bounded");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, thaw, NULL);
    tcase_add_loop_test(tests, a_call_returns_by_its_deadline_while_the_server_is_stopped, 0, PHASES);
    tcase_add_loop_test(tests, a_cancelled_call_returns_soon_while_the_server_is_stopped, 0, PHASES);
    tcase_add_test(tests, several_threads_may_cancel_at_once);
    tcase_add_test(tests, connecting_to_a_stopped_server_can_be_cancelled);
    tcase_add_test(tests, the_count_and_events_tell_of_a_call_that_was_left_behind);
    tcase_add_test(tests, the_context_may_be_given_up_while_a_call_is_out);
    tcase_add_test(tests, a_process_may_exit_while_a_call_is_out);
    tcase_add_test(tests, other_connections_go_on_while_calls_are_out);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
