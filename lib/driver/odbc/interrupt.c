/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupting the running statement. SQLCancel may open a connection of its own to the server, so neither the caller
 * nor the canceller makes it: a thread does, made when it is needed, which is seldom. */
#define _DEFAULT_SOURCE

#include "driver/odbc/link.h"
#include "sched/thread.h"

enum { AGAIN_US = 20000, SELDOM_US = 2000000, STACK_SIZE = 512 * 1024 };

int32_t
incload__watch_enter(incload__odbc_conn *conn, SQLHSTMT stmt, incload_error **err)
{
    int32_t status = incload__conn_check(&conn->base, err);

    if (status == INCLOAD_OK)
        incload__watch_enter_always(conn, stmt);
    return status;
}

void
incload__watch_enter_always(incload__odbc_conn *conn, SQLHSTMT stmt)
{
    if (!conn->profile->cancels)
        return;
    incload__monitor_lock(&conn->monitor);
    int64_t number = conn->number;
    incload__monitor_unlock(&conn->monitor);
    pthread_mutex_lock(&conn->watch.lock);
    conn->watch.running = stmt;
    conn->watch.call = number;
    pthread_mutex_unlock(&conn->watch.lock);
}

void
incload__watch_leave(incload__odbc_conn *conn)
{
    pthread_mutex_lock(&conn->watch.lock);
    conn->watch.running = NULL;
    pthread_mutex_unlock(&conn->watch.lock);
}

static void
cancel_statement(incload__odbc_conn *conn, int64_t number)
{
    incload__watch *watch = &conn->watch;

    pthread_mutex_lock(&watch->lock);
    if (watch->running != NULL && watch->call == number)
        SQLCancel(watch->spare != NULL ? watch->spare : watch->running);
    pthread_mutex_unlock(&watch->lock);
}

static void *
interrupter_main(void *data)
{
    incload__odbc_conn *conn = data;
    const incload__env *env = &incload__env_system; /* a replayed clock wakes nobody */
    int64_t pause_us = AGAIN_US;

    incload__monitor_lock(&conn->monitor);
    int64_t number = conn->to_interrupt; /* that call may be done by now, and another one running */
    while (conn->call != NULL && conn->number == number) {
        incload__monitor_unlock(&conn->monitor);
        cancel_statement(conn, number);
        incload__monitor_lock(&conn->monitor);
        if (conn->call != NULL && conn->number == number)
            incload__monitor_wait(&conn->monitor, env, incload__monotonic_us(env) + pause_us);
        /* Nobody waits for it any more, and each SQLCancel may be a connection to the server. */
        if (conn->left && pause_us < SELDOM_US)
            pause_us *= 2;
    }
    conn->interrupters--;
    incload__monitor_notify(&conn->monitor);
    incload__monitor_unlock(&conn->monitor);
    incload__odbc_conn_unref(conn);
    return NULL;
}

void
incload__interrupt(incload__odbc_conn *conn)
{
    if (!conn->profile->cancels)
        return;
    atomic_fetch_add(&conn->refs, 1);
    conn->interrupters++;
    conn->to_interrupt = conn->number;
    bool started = incload__thread_start(NULL, STACK_SIZE, interrupter_main, conn);
    if (!started) {
        conn->interrupters--;
        atomic_fetch_sub(&conn->refs, 1);
    }
}
