/* SPDX-License-Identifier: Apache-2.0 */
#include "pq_support.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

#define PATIENCE_MS 10000

const char *
pq_url(void)
{
    const char *url = getenv("INCLOAD_TEST_POSTGRES");

    ck_assert_msg(url != NULL, "INCLOAD_TEST_POSTGRES names no server: run this by tests/run.sh");
    return url;
}

int64_t
pq_now_ms(void)
{
    return incload__monotonic_us(&incload__env_system) / 1000;
}

void
pq_deadline(incload__conn *conn, int64_t ms)
{
    conn->deadline_us = incload__deadline_in(&incload__env_system, ms);
}

int32_t
pq_connect_to(const char *to, incload__role role, int64_t ms, incload__conn **out, incload_error **err)
{
    incload__connect how = {
        .env = &incload__env_system,
        .url = to,
        .role = role,
        .deadline_us = incload__deadline_in(&incload__env_system, ms),
        .application_name = "incload-test",
    };
    return pq->connect(&how, out, err);
}

incload__conn *
pq_open(incload__role role)
{
    incload__conn *conn = NULL;
    incload_error *err = NULL;

    int32_t status = pq_connect_to(pq_url(), role, 10000, &conn, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
    pq_deadline(conn, 25000);
    return conn;
}

/* Asserts that the call before gave this code, and forgets its error. */
void
pq_expect(int32_t status, int32_t code, incload_error **err)
{
    ck_assert_msg(status == code, "expected %s, got %s: %s", incload_status_name(code), incload_status_name(status),
                  incload_error_message(*err));
    ck_assert_int_eq(incload_error_code(*err), code);
    incload_error_unref(*err);
    *err = NULL;
}

void
pq_run(incload__conn *conn, const char *sql)
{
    incload_error *err = NULL;

    pq_expect(pq->execute(conn, sql, NULL, 0, NULL, &err), INCLOAD_OK, &err);
}

void
pq_expect_text(incload__conn *conn, const char *sql, const char *expected)
{
    incload__rows rows = { .mem = mem };
    incload_error *err = NULL;

    pq_expect(pq->select(conn, sql, NULL, 0, &rows, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(rows.count, 1);
    ck_assert_str_eq(incload__rows_get(&rows, 0, 0), expected);
    incload__rows_free(&rows);
}

void
pq_wait_for(const char *sql, const char *text)
{
    incload__conn *watch = pq_open(INCLOAD__ROLE_WRITE);
    int64_t until = pq_now_ms() + PATIENCE_MS;
    incload_error *err = NULL;

    for (bool found = false; !found;) {
        incload__rows rows = { .mem = mem };
        pq_expect(pq->select(watch, sql, NULL, 0, &rows, &err), INCLOAD_OK, &err);
        const char *now = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
        found = now != NULL && strcmp(now, text) == 0;
        incload__rows_free(&rows);
        ck_assert_msg(found || pq_now_ms() < until, "it does not come to be %s: %s", text, sql);
        if (!found)
            usleep(2000);
    }
    pq->close(watch);
}

void
pq_begin(incload__conn *conn)
{
    incload_error *err = NULL;

    pq_expect(pq->begin(conn, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_OPEN);
}

void
pq_roll_back(incload__conn *conn)
{
    incload_error *err = NULL;

    pq_expect(pq->rollback(conn, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
}

void
pq_expect_usable(incload__conn *conn)
{
    pq_deadline(conn, 10000);
    pq_roll_back(conn);
    pq_expect_text(conn, "SELECT 'usable'", "usable");
}

int64_t
pq_backend(incload__conn *conn)
{
    incload__rows rows = { .mem = mem };
    incload_error *err = NULL;
    int64_t pid = 0;

    pq_expect(pq->select(conn, "SELECT pg_backend_pid()", NULL, 0, &rows, &err), INCLOAD_OK, &err);
    const char *text = incload__rows_get(&rows, 0, 0);
    ck_assert(incload__parse_int64(text, strlen(text), &pid));
    incload__rows_free(&rows);
    return pid;
}

pq_cancelling
pq_to_cancel(incload__conn *conn, const char *event)
{
    return (pq_cancelling){ .conn = conn, .backend = pq_backend(conn), .event = event };
}

void *
pq_cancel_waiting(void *cancelling)
{
    pq_cancelling *self = cancelling;
    char sql[128];

    snprintf(sql, sizeof sql, "SELECT wait_event FROM pg_stat_activity WHERE state = 'active' AND pid = %" PRId64,
             self->backend);
    pq_wait_for(sql, self->event);
    self->at_ms = pq_now_ms();
    pq->cancel(self->conn);
    return NULL;
}

incload__param
pq_text_param(const char *text)
{
    return (incload__param){ text, text != NULL ? strlen(text) : 0, INCLOAD__TEXT };
}
