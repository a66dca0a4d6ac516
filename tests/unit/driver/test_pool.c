/* SPDX-License-Identifier: Apache-2.0 */
#include "await.h"
#include "harness.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/pool.h"
#include "driver/mock_fixture.h"

#define READ INCLOAD__ROLE_READ
#define WRITE INCLOAD__ROLE_WRITE

static incload_mock *mock;
static incload__pool *pool;

/* The system's clock, which a test may put forward. */
static atomic_llong clock_skip_us;

static int64_t
skipping_clock(void *data)
{
    (void)data;
    return incload__monotonic_us(&incload__env_system) + atomic_load(&clock_skip_us);
}

static incload__env env;

static void
open_pool(int32_t max, int32_t max_idle)
{
    env = incload__env_system;
    env.monotonic_us = skipping_clock;
    mock = incload_mock_new(NULL);
    incload__pool_config config = {
        .env = &env,
        .driver = &incload__driver_mock,
        .url = "mock:",
        .host_data = mock,
        .connect_timeout_ms = 5000,
        .max = max,
        .max_idle = max_idle,
    };
    pool = incload__pool_new(&config, NULL);
    ck_assert_ptr_nonnull(pool);
}

static void
close_pool(void)
{
    incload__pool_free(pool);
    ck_assert_int_eq(incload_mock_open_connection_count(mock), 0);
    incload_mock_unref(mock);
}

static incload__conn *
take(incload__role role)
{
    incload__conn *conn = NULL;

    ck_assert_int_eq(incload__pool_take(pool, role, 0, NULL, &conn, NULL), INCLOAD_OK);
    return conn;
}

static int64_t
deadline_in_ms(int64_t ms)
{
    return incload__deadline_in(&env, ms);
}

START_TEST(a_connection_given_back_is_taken_again)
{
    open_pool(4, 4);
    incload__conn *first = take(WRITE);
    first->deadline_us = 5;
    incload__pool_give_back(pool, first);
    incload__conn *second = take(WRITE);
    ck_assert_ptr_eq(first, second);
    ck_assert_int_eq(second->deadline_us, 0);
    ck_assert_int_eq(incload_mock_connection_count(mock), 1);
    incload__pool_give_back(pool, second);
    close_pool();
}
END_TEST

START_TEST(a_role_never_gets_the_other_roles_connection)
{
    open_pool(4, 4);
    incload__pool_give_back(pool, take(WRITE));
    incload__conn *reader = take(READ);
    ck_assert_int_eq(reader->role, READ);
    ck_assert_int_eq(incload_mock_connection_count(mock), 2);
    incload__pool_give_back(pool, reader);
    close_pool();
}
END_TEST

START_TEST(no_more_than_max_idle_are_kept_for_a_role)
{
    int32_t in_use, idle;
    incload__conn *conns[3];

    open_pool(4, 2);
    for (int i = 0; i < 3; i++)
        conns[i] = take(WRITE);
    for (int i = 0; i < 3; i++)
        incload__pool_give_back(pool, conns[i]);
    incload__pool_counts(pool, &in_use, &idle);
    ck_assert_int_eq(in_use, 0);
    ck_assert_int_eq(idle, 2);
    ck_assert_int_eq(incload_mock_open_connection_count(mock), 2);
    close_pool();
}
END_TEST

START_TEST(a_connection_with_an_open_transaction_is_closed)
{
    open_pool(4, 4);
    incload__conn *conn = take(WRITE);
    ck_assert_int_eq(DRIVER->begin(conn, NULL), INCLOAD_OK);
    incload__pool_give_back(pool, conn);
    ck_assert_int_eq(incload_mock_open_connection_count(mock), 0);
    close_pool();
}
END_TEST

START_TEST(a_cancelled_connection_is_closed_since_the_cancel_may_still_be_on_its_way)
{
    open_pool(4, 4);
    incload__conn *conn = take(WRITE);
    incload__pool_cancel(pool, NULL);
    ck_assert(atomic_load(&conn->cancelled));
    incload__pool_give_back(pool, conn);
    ck_assert_int_eq(incload_mock_open_connection_count(mock), 0);
    close_pool();
}
END_TEST

START_TEST(a_connection_used_just_now_is_not_pinged)
{
    open_pool(4, 4);
    incload_mock_fail(mock, "PING", 0, "08006", 0, NULL, NULL);
    incload__pool_give_back(pool, take(WRITE));
    incload__pool_give_back(pool, take(WRITE));
    ck_assert_int_eq(incload_mock_connection_count(mock), 1);
    close_pool();
}
END_TEST

START_TEST(a_rested_connection_that_answers_is_used)
{
    open_pool(4, 4);
    incload__pool_give_back(pool, take(WRITE));
    atomic_fetch_add(&clock_skip_us, 600000);
    incload__pool_give_back(pool, take(WRITE));
    ck_assert_int_eq(incload_mock_connection_count(mock), 1);
    close_pool();
}
END_TEST

START_TEST(a_rested_connection_that_does_not_answer_is_replaced)
{
    open_pool(4, 4);
    incload_mock_fail(mock, "PING", 0, "08006", 0, NULL, NULL);
    incload__pool_give_back(pool, take(WRITE));
    atomic_fetch_add(&clock_skip_us, 600000);
    incload__conn *conn = take(WRITE);
    ck_assert_int_eq(incload_mock_connection_count(mock), 2);
    ck_assert_int_eq(incload_mock_open_connection_count(mock), 1);
    incload__pool_give_back(pool, conn);
    close_pool();
}
END_TEST

START_TEST(waiting_for_a_connection_ends_at_the_deadline_and_says_the_limit)
{
    incload_error *err = NULL;
    incload__conn *other = NULL;

    open_pool(1, 4);
    incload__conn *conn = take(WRITE);
    ck_assert_int_eq(incload__pool_take(pool, READ, deadline_in_ms(30), NULL, &other, &err), INCLOAD_E_TIMEOUT);
    ck_assert_ptr_null(other);
    ck_assert(contains(incload_error_message(err), "all 1 are in use"));
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    incload_error_unref(err);
    incload__pool_give_back(pool, conn);
    close_pool();
}
END_TEST

START_TEST(a_refused_connection_is_told_and_leaves_its_place_free)
{
    incload__conn *conn = NULL;

    open_pool(1, 4);
    incload_mock_fail(mock, "CONNECT", 1, NULL, 0, "connection refused", NULL);
    ck_assert_int_eq(incload__pool_take(pool, WRITE, 0, NULL, &conn, NULL), INCLOAD_E_CONNECT);
    ck_assert_ptr_null(conn);
    incload__pool_give_back(pool, take(WRITE));
    close_pool();
}
END_TEST

START_TEST(connecting_ends_at_the_deadline)
{
    incload__conn *conn = NULL;

    open_pool(1, 4);
    incload_mock_delay(mock, "CONNECT", 0, 60000, NULL);
    ck_assert_int_eq(incload__pool_take(pool, WRITE, deadline_in_ms(30), NULL, &conn, NULL), INCLOAD_E_TIMEOUT);
    close_pool();
}
END_TEST

typedef struct taker {
    pthread_t thread;
    const void *owner;
    const char *sql;
    int32_t status;
    atomic_bool began;
} taker;

static void *
take_and_execute(void *data)
{
    taker *self = data;
    incload__conn *conn = NULL;

    atomic_store(&self->began, true);
    self->status = incload__pool_take(pool, WRITE, 0, self->owner, &conn, NULL);
    if (self->status != INCLOAD_OK)
        return NULL;
    if (self->sql != NULL)
        self->status = execute(conn, self->sql);
    incload__pool_give_back(pool, conn);
    return NULL;
}

static void
start(taker *self)
{
    ck_assert_int_eq(pthread_create(&self->thread, NULL, take_and_execute, self), 0);
    AWAIT(atomic_load(&self->began));
}

static void
wait_for_statements(int64_t count)
{
    AWAIT(incload_mock_statement_count(mock) >= count);
}

static void
wait_for_waiters(int32_t count)
{
    AWAIT(incload__pool_waiting(pool) >= count);
}

START_TEST(a_waiter_gets_the_connection_that_is_given_back)
{
    taker waiter = { .sql = "A" };

    open_pool(1, 4);
    incload__conn *conn = take(WRITE);
    start(&waiter);
    wait_for_waiters(1);
    ck_assert_int_eq(incload_mock_statement_count(mock), 0);
    incload__pool_give_back(pool, conn);
    pthread_join(waiter.thread, NULL);
    ck_assert_int_eq(waiter.status, INCLOAD_OK);
    ck_assert_int_eq(incload_mock_connection_count(mock), 1);
    close_pool();
}
END_TEST

START_TEST(a_cancel_ends_waiting_for_a_connection)
{
    taker waiter = { 0 };

    open_pool(1, 4);
    incload__conn *conn = take(WRITE);
    start(&waiter);
    wait_for_waiters(1);
    incload__pool_cancel(pool, NULL);
    pthread_join(waiter.thread, NULL);
    ck_assert_int_eq(waiter.status, INCLOAD_E_CANCELLED);
    incload__pool_give_back(pool, conn);
    close_pool();
}
END_TEST

START_TEST(a_cancel_reaches_the_statements_of_its_owner_only)
{
    int mine, yours;
    taker one = { .owner = &mine, .sql = "SLOW" };
    taker two = { .owner = &yours, .sql = "OTHER" };

    open_pool(4, 4);
    incload_mock_delay(mock, "SLOW", 0, 60000, NULL);
    incload_mock_delay(mock, "OTHER", 0, 100, NULL);
    start(&one);
    start(&two);
    wait_for_statements(2);
    incload__pool_cancel(pool, &mine);
    pthread_join(one.thread, NULL);
    pthread_join(two.thread, NULL);
    ck_assert_int_eq(one.status, INCLOAD_E_CANCELLED);
    ck_assert_int_eq(two.status, INCLOAD_OK);
    close_pool();
}
END_TEST

START_TEST(a_take_after_a_cancel_is_not_touched_by_it)
{
    open_pool(4, 4);
    incload__pool_cancel(pool, NULL);
    incload__conn *conn = take(WRITE);
    ck_assert_int_eq(execute(conn, "A"), INCLOAD_OK);
    incload__pool_give_back(pool, conn);
    close_pool();
}
END_TEST

START_TEST(idle_connections_are_closed_by_their_age)
{
    int32_t in_use, idle;

    open_pool(4, 4);
    incload__conn *old = take(WRITE);
    incload__conn *young = take(WRITE);
    incload__pool_give_back(pool, old);
    atomic_fetch_add(&clock_skip_us, 10000000);
    incload__pool_give_back(pool, young);
    incload__pool_close_idle(pool, 5000);
    incload__pool_counts(pool, &in_use, &idle);
    ck_assert_int_eq(idle, 1);
    incload__pool_close_idle(pool, 0);
    incload__pool_counts(pool, &in_use, &idle);
    ck_assert_int_eq(idle, 0);
    close_pool();
}
END_TEST

START_TEST(a_forked_child_gets_no_connection_and_frees_without_talking)
{
    open_pool(4, 4);
    incload__conn *held = take(WRITE);
    incload__pool_give_back(pool, take(READ));
    pid_t child = fork();
    if (child == 0) {
        incload__conn *conn = NULL;
        bool refused = incload__pool_take(pool, READ, 0, NULL, &conn, NULL) == INCLOAD_E_FORKED;
        bool statement_refused = execute(held, "A") == INCLOAD_E_FORKED;
        incload__pool_give_back(pool, held);
        incload__pool_cancel(pool, NULL);
        incload__pool_close_idle(pool, 0);
        incload__pool_free(pool);
        _exit(refused && statement_refused && incload_mock_statement_count(mock) == 0 ? 0 : 1);
    }
    int result = -1;
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert_int_eq(result, 0);
    ck_assert_int_eq(execute(held, "A"), INCLOAD_OK);
    incload__pool_give_back(pool, held);
    close_pool();
}
END_TEST

START_TEST(limits_out_of_range_are_refused)
{
    incload__pool_config config = { .env = &incload__env_system, .driver = DRIVER, .url = "mock:", .max = 0 };

    ck_assert_ptr_null(incload__pool_new(&config, NULL));
    config.max = 1;
    config.max_idle = -1;
    ck_assert_ptr_null(incload__pool_new(&config, NULL));
}
END_TEST

enum { THREADS = 8, ROUNDS = 200, LIMIT = 3 };

static atomic_int holders;
static atomic_int most;
static atomic_bool stop;

static void
note_holder(void)
{
    int now = atomic_fetch_add(&holders, 1) + 1;
    int seen = atomic_load(&most);

    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
        continue;
}

static void *
use_the_pool(void *data)
{
    unsigned seed = (unsigned)(uintptr_t)data;
    intptr_t wrong = 0;

    for (int i = 0; i < ROUNDS; i++) {
        incload__conn *conn = NULL;
        int32_t status = incload__pool_take(pool, seed % 2 == 0 ? READ : WRITE, 0, data, &conn, NULL);
        if (status == INCLOAD_E_CANCELLED)
            continue;
        if (status != INCLOAD_OK) {
            wrong++;
            continue;
        }
        note_holder();
        seed = seed * 1103515245 + 12345;
        if ((seed >> 16) % 4 == 0)
            DRIVER->begin(conn, NULL);
        status = execute(conn, "work");
        wrong += status != INCLOAD_OK && status != INCLOAD_E_CANCELLED;
        if ((seed >> 16) % 8 == 0)
            DRIVER->rollback(conn, NULL);
        atomic_fetch_sub(&holders, 1);
        incload__pool_give_back(pool, conn);
    }
    return (void *)wrong;
}

static void *
disturb(void *data)
{
    uintptr_t owner = 0;

    (void)data;
    while (!atomic_load(&stop)) {
        incload__pool_cancel(pool, (const void *)(owner % 2 + 1));
        incload__pool_close_idle(pool, 0);
        owner++;
        usleep(500);
    }
    return NULL;
}

START_TEST(eight_threads_share_three_connections_under_cancels)
{
    pthread_t threads[THREADS], disturber;
    int32_t in_use, idle;

    open_pool(LIMIT, 2);
    incload_mock_delay(mock, "work", 0, 1, NULL);
    ck_assert_int_eq(pthread_create(&disturber, NULL, disturb, NULL), 0);
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_the_pool, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        ck_assert_ptr_null(wrong);
    }
    atomic_store(&stop, true);
    pthread_join(disturber, NULL);
    incload__pool_counts(pool, &in_use, &idle);
    ck_assert_int_eq(in_use, 0);
    ck_assert_int_le(atomic_load(&most), LIMIT);
    ck_assert_int_ge(atomic_load(&most), 2);
    close_pool();
}
END_TEST

static atomic_int order;

static void *
queue_up(void *data)
{
    incload__conn *conn = NULL;

    if (incload__pool_take(pool, WRITE, 0, NULL, &conn, NULL) == INCLOAD_OK)
        *(int *)data = atomic_fetch_add(&order, 1);
    incload__pool_give_back(pool, conn);
    return NULL;
}

START_TEST(waiters_are_served_in_the_order_they_came)
{
    pthread_t threads[4];
    int place[4];

    open_pool(1, 1);
    incload__conn *conn = take(WRITE);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, queue_up, &place[i]), 0);
        wait_for_waiters(i + 1);
    }
    incload__pool_give_back(pool, conn);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(place[i], i);
    close_pool();
}
END_TEST

static void *
counted_allocate(size_t size, void *left)
{
    return (*(int *)left)-- > 0 ? malloc(size) : NULL;
}

static void *
counted_reallocate(void *block, size_t size, void *left)
{
    return (*(int *)left)-- > 0 ? realloc(block, size) : NULL;
}

static void
plain_release(void *block, void *left)
{
    (void)left;
    free(block);
}

START_TEST(every_failed_allocation_is_told_and_nothing_is_lost)
{
    bool done = false;

    for (int allowed = 0; !done; allowed++) {
        int left = allowed;
        incload__env poor = incload__env_system;
        poor.mem = (incload__mem){ counted_allocate, counted_reallocate, plain_release, &left };
        incload_mock *own = incload_mock_new(NULL);
        incload__pool_config config = {
            .env = &poor, .driver = DRIVER, .url = "mock:", .host_data = own, .application_name = "a", .max = 1,
            .max_idle = 1,
        };
        incload_error *err = NULL;
        incload__conn *conn = NULL;
        incload__pool *made = incload__pool_new(&config, &err);
        done = made != NULL && incload__pool_take(made, WRITE, 0, NULL, &conn, &err) == INCLOAD_OK;
        ck_assert_int_eq(incload_error_code(err), done ? INCLOAD_OK : INCLOAD_E_NO_MEMORY);
        if (made != NULL)
            incload__pool_give_back(made, conn);
        incload__pool_free(made);
        ck_assert_int_eq(incload_mock_open_connection_count(own), 0);
        incload_mock_unref(own);
        ck_assert_int_lt(allowed, 50);
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_connection_given_back_is_taken_again);
    tcase_add_test(tests, a_role_never_gets_the_other_roles_connection);
    tcase_add_test(tests, no_more_than_max_idle_are_kept_for_a_role);
    tcase_add_test(tests, a_connection_with_an_open_transaction_is_closed);
    tcase_add_test(tests, a_cancelled_connection_is_closed_since_the_cancel_may_still_be_on_its_way);
    tcase_add_test(tests, a_connection_used_just_now_is_not_pinged);
    tcase_add_test(tests, a_rested_connection_that_answers_is_used);
    tcase_add_test(tests, a_rested_connection_that_does_not_answer_is_replaced);
    tcase_add_test(tests, waiting_for_a_connection_ends_at_the_deadline_and_says_the_limit);
    tcase_add_test(tests, a_refused_connection_is_told_and_leaves_its_place_free);
    tcase_add_test(tests, connecting_ends_at_the_deadline);
    tcase_add_test(tests, a_waiter_gets_the_connection_that_is_given_back);
    tcase_add_test(tests, a_cancel_ends_waiting_for_a_connection);
    tcase_add_test(tests, a_cancel_reaches_the_statements_of_its_owner_only);
    tcase_add_test(tests, a_take_after_a_cancel_is_not_touched_by_it);
    tcase_add_test(tests, idle_connections_are_closed_by_their_age);
    tcase_add_test(tests, a_forked_child_gets_no_connection_and_frees_without_talking);
    tcase_add_test(tests, limits_out_of_range_are_refused);
    tcase_add_test(tests, eight_threads_share_three_connections_under_cancels);
    tcase_add_test(tests, waiters_are_served_in_the_order_they_came);
    tcase_add_test(tests, every_failed_allocation_is_told_and_nothing_is_lost);
}

HARNESS_MAIN("pool", add_tests)
