/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the libpq driver share: connections to INCLOAD_TEST_POSTGRES and statements that must succeed. */
#ifndef INCLOAD_TESTS_INTEGRATION_PQ_SUPPORT_H
#define INCLOAD_TESTS_INTEGRATION_PQ_SUPPORT_H

#include "driver/driver.h"

static const incload__driver *const pq = &incload__driver_libpq;
static const incload__mem *const mem = &incload__mem_libc;

const char *pq_url(void);
int64_t pq_now_ms(void);
void pq_deadline(incload__conn *conn, int64_t ms);
int32_t pq_connect_to(const char *to, incload__role role, int64_t ms, incload__conn **out, incload_error **err);
incload__conn *pq_open(incload__role role);
void pq_expect(int32_t status, int32_t code, incload_error **err);
void pq_run(incload__conn *conn, const char *sql);
void pq_expect_text(incload__conn *conn, const char *sql, const char *expected);
/* Returns when the query, asked of a session of its own again and again, gives the text. */
void pq_wait_for(const char *sql, const char *text);
void pq_begin(incload__conn *conn);
void pq_roll_back(incload__conn *conn);
void pq_expect_usable(incload__conn *conn);
incload__param pq_text_param(const char *text);

/* The process of the server that serves the connection. */
int64_t pq_backend(incload__conn *conn);

/* What a thread cancels, as soon as its server has an event to wait for, and when it did. */
typedef struct pq_cancelling {
    incload__conn *conn;
    int64_t backend;
    const char *event;
    int64_t at_ms;
} pq_cancelling;

pq_cancelling pq_to_cancel(incload__conn *conn, const char *event);
void *pq_cancel_waiting(void *cancelling);

#endif
