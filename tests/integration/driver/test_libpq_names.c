/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts' names over libpq: looked up within the deadline, whatever the resolver does. This program brings a resolver of
 * its own. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/driver.h"
#include "frozen.h"
#include "harness.h"

enum { DEADLINE_MS = 300, LATE_MS = 250, CANCEL_AFTER_MS = 100, CANCEL_MS = 500 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool held;
static atomic_int asked; /* look-ups of names */

static int
real_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

    memcpy(&real, &symbol, sizeof real);
    return real(name, service, hints, out);
}

/* held.test: answers when it is let go. two.test: an address where nobody listens, then the server's. */
int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    if (name == NULL || strstr(name, ".test") == NULL)
        return real_getaddrinfo(name, service, hints, out);
    atomic_fetch_add(&asked, 1);
    if (strcmp(name, "none.test") == 0)
        return EAI_NONAME;
    pthread_mutex_lock(&lock);
    while (held && strcmp(name, "held.test") == 0)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    int failed = real_getaddrinfo(strcmp(name, "two.test") == 0 ? "127.0.0.2" : "127.0.0.1", service, hints, out);
    if (failed == 0 && strcmp(name, "two.test") == 0)
        failed = real_getaddrinfo("127.0.0.1", service, hints, &(*out)->ai_next);
    return failed;
}

static void
hold(bool on)
{
    pthread_mutex_lock(&lock);
    held = on;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* The server's URL by TCP with another host in it. */
static const char *
url_of(const char *hosts)
{
    static char text[512];
    const char *url = getenv("INCLOAD_TEST_POSTGRES_PASSWORD_URL");

    ck_assert_msg(url != NULL, "INCLOAD_TEST_POSTGRES_PASSWORD_URL names no server: run this by tests/run.sh");
    const char *at = strstr(url, "127.0.0.1");
    ck_assert_ptr_nonnull(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - url), url, hosts, at + strlen("127.0.0.1"));
    return text;
}

static int32_t
dial(incload_context *context, const char *hosts, const atomic_bool *cancelled, incload__conn **out,
     incload_error **err)
{
    const incload__env *env = incload__context_env(context);
    incload__connect how = { .env = env,
                             .context = context,
                             .url = url_of(hosts),
                             .role = INCLOAD__ROLE_READ,
                             .deadline_us = incload__deadline_in(env, cancelled != NULL ? 0 : DEADLINE_MS),
                             .cancelled = cancelled };

    return incload__driver_libpq.connect(&how, out, err);
}

static void
expect_connects(const char *hosts, int32_t look_ups)
{
    incload_context *context = incload_context_new(NULL, NULL);
    incload_error *err = NULL;
    incload__conn *conn = NULL;

    atomic_store(&asked, 0);
    int32_t status = dial(context, hosts, NULL, &conn, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s: %s", hosts, incload_error_message(err));
    ck_assert_int_eq(incload__driver_libpq.ping(conn, &err), INCLOAD_OK);
    incload__driver_libpq.close(conn);
    ck_assert_msg(atomic_load(&asked) == look_ups, "%d look-ups", atomic_load(&asked));
    incload_context_unref(context);
}

START_TEST(a_name_is_looked_up_once_and_all_its_addresses_are_tried)
{
    expect_connects("one.test", 1);
    expect_connects("two.test", 1);
    expect_connects("none.test,two.test", 2);
    expect_connects("127.0.0.2,one.test", 1);
}
END_TEST

START_TEST(an_address_is_not_looked_up)
{
    expect_connects("127.0.0.1", 0);
    expect_connects("127.0.0.2,127.0.0.1", 0);
}
END_TEST

START_TEST(a_name_without_an_address_is_named)
{
    incload_context *context = incload_context_new(NULL, NULL);
    incload_error *err = NULL;
    incload__conn *conn = NULL;

    ck_assert_int_eq(dial(context, "none.test", NULL, &conn, &err), INCLOAD_E_CONNECT);
    ck_assert_ptr_null(conn);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "'none.test' has no address"));
    ck_assert_ptr_null(strstr(incload_error_message(err), "correct horse"));
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    incload_error_unref(err);
    incload_context_unref(context);
}
END_TEST

/* The event of the return comes after the count has fallen. */
static void
let_go(incload_context *context, int32_t threads)
{
    ck_assert_int_eq(incload_context_abandoned_calls(context), 1);
    hold(false);
    for (bool back = false; !back;) {
        incload_event *event = incload_context_next_event(context, 10000, NULL);
        ck_assert_ptr_nonnull(event);
        back = incload_event_status(event) == INCLOAD_OK;
        incload_event_unref(event);
    }
    ck_assert_int_eq(incload_context_abandoned_calls(context), 0);
    ck_assert_int_le(wait_for_threads(threads), threads);
}

START_TEST(a_resolver_that_does_not_answer_is_given_up_at_the_deadline)
{
    int32_t threads = count_threads();
    incload_context *context = incload_context_new(NULL, NULL);
    incload_error *err = NULL;
    incload__conn *conn = NULL;

    hold(true);
    int64_t began = clock_ms();
    ck_assert_int_eq(dial(context, "held.test", NULL, &conn, &err), INCLOAD_E_TIMEOUT);
    int64_t took = clock_ms() - began;
    ck_assert_int_ge(took, DEADLINE_MS - 10);
    ck_assert_int_le(took, DEADLINE_MS + LATE_MS);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "held.test"));
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    incload_error_unref(err);
    let_go(context, threads);
    incload_context_unref(context);
}
END_TEST

static atomic_bool cancelled;

static void *
cancel_soon(void *data)
{
    sleep_ms(CANCEL_AFTER_MS);
    *(int64_t *)data = clock_ms();
    atomic_store(&cancelled, true);
    return NULL;
}

START_TEST(a_look_up_can_be_cancelled)
{
    int32_t threads = count_threads();
    incload_context *context = incload_context_new(NULL, NULL);
    incload_error *err = NULL;
    incload__conn *conn = NULL;
    pthread_t thread;
    int64_t at = 0;

    hold(true);
    atomic_store(&cancelled, false);
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, &at), 0);
    ck_assert_int_eq(dial(context, "held.test", &cancelled, &conn, &err), INCLOAD_E_CANCELLED);
    int64_t returned = clock_ms();
    pthread_join(thread, NULL);
    ck_assert_int_le(returned - at, CANCEL_MS);
    incload_error_unref(err);
    let_go(context, threads);
    incload_context_unref(context);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_name_is_looked_up_once_and_all_its_addresses_are_tried);
    tcase_add_test(tests, an_address_is_not_looked_up);
    tcase_add_test(tests, a_name_without_an_address_is_named);
    tcase_add_test(tests, a_resolver_that_does_not_answer_is_given_up_at_the_deadline);
    tcase_add_test(tests, a_look_up_can_be_cancelled);
}

HARNESS_MAIN("libpq names", add_tests)
