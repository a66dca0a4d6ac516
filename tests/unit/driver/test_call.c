/* SPDX-License-Identifier: Apache-2.0 */
#include "await.h"
#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include <incload/call.h>
#include <incload/database.h>

#include "driver/database.h"
#include "driver/mock_fixture.h"

static incload_mock *mock;
static incload_database *database;

static void
setup(void)
{
    mock = incload_mock_new(NULL);
    database = incload_mock_database(mock, NULL, NULL, "max_connections=1", NULL);
    ck_assert_ptr_nonnull(database);
}

static void
teardown(void)
{
    incload_database_unref(database);
    ck_assert_int_eq(incload_mock_open_connection_count(mock), 0);
    incload_mock_unref(mock);
}

static incload_call *
new_call(void)
{
    incload_call *call = incload_call_new(database, NULL);

    ck_assert_ptr_nonnull(call);
    return call;
}

typedef struct statement {
    pthread_t thread;
    incload_call *call; /* NULL: by the database itself */
    const char *sql;
    incload_error *error;
    int32_t status;
} statement;

static void *
execute_it(void *data)
{
    statement *self = data;

    if (self->call != NULL)
        self->status = incload_call_execute(self->call, self->sql, NULL, &self->error);
    else
        self->status = incload_database_execute(database, self->sql, NULL, &self->error);
    return NULL;
}

static void
begin(statement *self)
{
    ck_assert_int_eq(pthread_create(&self->thread, NULL, execute_it, self), 0);
}

static void
wait_for_statement(void)
{
    AWAIT(incload_mock_statement_count(mock) > 0);
}

START_TEST(a_call_does_what_the_database_does)
{
    incload_call *call = new_call();
    int64_t rows = 0;

    incload_mock_answer_affected(mock, "UPDATE t", 0, 3, NULL);
    ck_assert_int_eq(incload_call_check(call, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload_call_execute(call, "UPDATE t", &rows, NULL), INCLOAD_OK);
    ck_assert_int_eq(rows, 3);
    incload_call_unref(call);
}
END_TEST

START_TEST(a_cancel_interrupts_its_statement)
{
    statement slow = { .call = new_call(), .sql = "SLOW" };

    incload_mock_delay(mock, "SLOW", 0, 60000, NULL);
    begin(&slow);
    wait_for_statement();
    incload_call_cancel(slow.call);
    pthread_join(slow.thread, NULL);
    ck_assert_int_eq(slow.status, INCLOAD_E_CANCELLED);
    incload_error_unref(slow.error);
    incload_call_unref(slow.call);
}
END_TEST

START_TEST(a_cancel_reaches_no_other_statement)
{
    statement slow = { .sql = "SLOW" };
    incload_call *other = new_call();

    incload_mock_delay(mock, "SLOW", 0, 100, NULL);
    begin(&slow);
    wait_for_statement();
    incload_call_cancel(other);
    pthread_join(slow.thread, NULL);
    ck_assert_int_eq(slow.status, INCLOAD_OK);
    incload_call_unref(other);
}
END_TEST

START_TEST(a_cancel_ends_the_waiting_for_a_connection)
{
    statement slow = { .sql = "SLOW" };
    statement waiting = { .call = new_call(), .sql = "A" };

    incload_mock_delay(mock, "SLOW", 0, 60000, NULL);
    slow.call = new_call();
    begin(&slow);
    wait_for_statement();
    begin(&waiting);
    AWAIT(incload__database_waiting(database) > 0);
    incload_call_cancel(waiting.call);
    pthread_join(waiting.thread, NULL);
    ck_assert_int_eq(waiting.status, INCLOAD_E_CANCELLED);
    ck_assert_int_eq(incload_mock_statement_count(mock), 1);
    incload_call_cancel(slow.call);
    pthread_join(slow.thread, NULL);
    ck_assert_int_eq(slow.status, INCLOAD_E_CANCELLED);
    incload_error_unref(slow.error);
    incload_call_unref(slow.call);
    incload_error_unref(waiting.error);
    incload_call_unref(waiting.call);
}
END_TEST

START_TEST(a_cancelled_call_refuses_all_that_comes_later)
{
    incload_call *call = new_call();
    struct ArrowArrayStream rows = { .release = NULL };

    incload_call_cancel(call);
    ck_assert_int_eq(incload_call_check(call, NULL), INCLOAD_E_CANCELLED);
    ck_assert_int_eq(incload_call_execute(call, "A", NULL, NULL), INCLOAD_E_CANCELLED);
    ck_assert_int_eq(incload_call_query(call, "SELECT 1", &rows, NULL), INCLOAD_E_CANCELLED);
    ck_assert_ptr_null(rows.release);
    ck_assert_int_eq(incload_mock_statement_count(mock), 0);
    ck_assert_int_eq(incload_database_execute(database, "A", NULL, NULL), INCLOAD_OK);
    incload_call_unref(call);
}
END_TEST

START_TEST(a_cancel_ends_the_reading_of_a_result)
{
    incload_call *call = new_call();
    struct ArrowArrayStream rows = { .release = NULL };
    struct ArrowArray batch;
    const char *const cells[] = { "1", "2" };

    incload_mock_answer_rows(mock, "SELECT id FROM t", 0, "id", "integer", cells, 2, NULL);
    ck_assert_int_eq(incload_call_query(call, "SELECT id FROM t", &rows, NULL), INCLOAD_OK);
    incload_call_cancel(call);
    incload_call_unref(call);
    ck_assert_int_eq(rows.get_next(&rows, &batch), ECANCELED);
    rows.release(&rows);
}
END_TEST

START_TEST(a_statement_outlives_the_hosts_last_reference)
{
    statement slow = { .call = new_call(), .sql = "SLOW" };

    incload_mock_delay(mock, "SLOW", 0, 300, NULL);
    begin(&slow);
    wait_for_statement();
    incload_call_unref(slow.call);
    /* Memory that was given back would be this one's, and its cancel the other's. */
    incload_call *next = new_call();
    incload_call_cancel(next);
    pthread_join(slow.thread, NULL);
    ck_assert_int_eq(slow.status, INCLOAD_OK);
    incload_call_unref(next);
}
END_TEST

START_TEST(null_is_refused_or_nothing)
{
    struct ArrowArrayStream rows;

    ck_assert_ptr_null(incload_call_new(NULL, NULL));
    ck_assert_ptr_null(incload_call_ref(NULL));
    ck_assert_int_eq(incload_call_check(NULL, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_call_execute(NULL, "A", NULL, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_call_query(NULL, "A", &rows, NULL), INCLOAD_E_INVALID);
    incload_call_cancel(NULL);
    incload_call_unref(NULL);
    incload_call *call = new_call();
    ck_assert_int_eq(incload_call_execute(call, NULL, NULL, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_call_query(call, "A", NULL, NULL), INCLOAD_E_INVALID);
    incload_call_unref(incload_call_ref(call));
    incload_call_unref(call);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_call_does_what_the_database_does);
    tcase_add_test(tests, a_cancel_interrupts_its_statement);
    tcase_add_test(tests, a_cancel_reaches_no_other_statement);
    tcase_add_test(tests, a_cancel_ends_the_waiting_for_a_connection);
    tcase_add_test(tests, a_cancelled_call_refuses_all_that_comes_later);
    tcase_add_test(tests, a_cancel_ends_the_reading_of_a_result);
    tcase_add_test(tests, a_statement_outlives_the_hosts_last_reference);
    tcase_add_test(tests, null_is_refused_or_nothing);
}

HARNESS_MAIN("call", add_tests)
