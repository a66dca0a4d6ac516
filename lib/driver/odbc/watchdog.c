/* SPDX-License-Identifier: Apache-2.0 */
/* Cancel and deadlines. ODBC calls block, so one small thread per connection, made when it is first needed,
 * interrupts the running call by SQLCancel when the host cancels or the deadline passes, and again until the call
 * returns: a first SQLCancel may come before the server has begun. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "driver/odbc/odbc.h"

enum { AGAIN_US = 20000, LONGEST_SLEEP_US = 60000000 };

static void
wait_for(incload__watch *watch, int64_t us)
{
    struct timespec until;

    if (us > LONGEST_SLEEP_US)
        us = LONGEST_SLEEP_US;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nanoseconds = (int64_t)until.tv_nsec + us % 1000000 * 1000;
    until.tv_sec += (time_t)(us / 1000000 + nanoseconds / 1000000000);
    until.tv_nsec = (long)(nanoseconds % 1000000000);
    pthread_cond_timedwait(&watch->wake, &watch->lock, &until);
}

static void
interrupt(incload__odbc_conn *conn)
{
    SQLCancel(conn->watch.spare != NULL ? conn->watch.spare : conn->watch.running);
}

/* With the lock held: interrupts if there is reason to, and says in how many microseconds to look again. */
static int64_t
look(incload__odbc_conn *conn)
{
    incload__watch *watch = &conn->watch;

    if (watch->running == NULL)
        return INT64_MAX;
    bool cancelled = watch->heeds_cancel && atomic_load(&conn->base.cancelled);
    int64_t left = INT64_MAX;
    if (watch->deadline_us != 0)
        left = watch->deadline_us - incload__monotonic_us(conn->base.env);
    if (!cancelled && left > 0)
        return left;
    if (left <= 0)
        atomic_store(&watch->fired, true);
    interrupt(conn);
    return AGAIN_US;
}

static void *
watch_main(void *data)
{
    incload__odbc_conn *conn = data;
    incload__watch *watch = &conn->watch;

    pthread_mutex_lock(&watch->lock);
    while (!watch->stopping) {
        int64_t us = look(conn);
        watch->wakes_us = us == INT64_MAX ? INT64_MAX : incload__monotonic_us(conn->base.env) + us;
        if (us == INT64_MAX)
            pthread_cond_wait(&watch->wake, &watch->lock);
        else
            wait_for(watch, us);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

/* With the lock held. The thread takes no signal of the host's. */
static bool
watch_start(incload__odbc_conn *conn)
{
    sigset_t all, before;

    if (conn->watch.started)
        return true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    conn->watch.wakes_us = INT64_MIN; /* it looks as soon as it has the lock */
    conn->watch.started = pthread_create(&conn->watch.thread, NULL, watch_main, conn) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return conn->watch.started;
}

int32_t
incload__watch_init(incload__watch *watch, incload_error **err)
{
    pthread_condattr_t attributes;

    if (pthread_condattr_init(&attributes) != 0)
        return incload__fail_memory(err);
    bool made = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0
                && pthread_cond_init(&watch->wake, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    if (!made)
        return incload__fail_memory(err);
    pthread_mutex_init(&watch->lock, NULL);
    watch->made = true;
    return INCLOAD_OK;
}

void
incload__watch_end(incload__watch *watch)
{
    if (!watch->made)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->stopping = true;
    pthread_cond_signal(&watch->wake);
    pthread_mutex_unlock(&watch->lock);
    if (watch->started)
        pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
    watch->made = false;
}

/* With the lock held. */
static int32_t
watch_register(incload__odbc_conn *conn, SQLHSTMT stmt, int64_t deadline_us, bool heeds_cancel, incload_error **err)
{
    incload__watch *watch = &conn->watch;

    atomic_store(&watch->fired, false);
    if (!conn->profile->cancels)
        return INCLOAD_OK;
    watch->running = stmt;
    watch->deadline_us = deadline_us;
    watch->heeds_cancel = heeds_cancel;
    if (deadline_us == 0)
        return INCLOAD_OK;
    if (!watch_start(conn)) {
        watch->running = NULL;
        return incload__fail(err, INCLOAD_E_NO_MEMORY, "no thread");
    }
    if (watch->wakes_us > deadline_us)
        pthread_cond_signal(&watch->wake);
    return INCLOAD_OK;
}

int32_t
incload__watch_enter(incload__odbc_conn *conn, SQLHSTMT stmt, incload_error **err)
{
    /* Under the lock: a cancel that comes after the check finds the call registered. */
    pthread_mutex_lock(&conn->watch.lock);
    int32_t status = incload__conn_check(&conn->base, err);
    if (status == INCLOAD_OK)
        status = watch_register(conn, stmt, conn->base.deadline_us, true, err);
    pthread_mutex_unlock(&conn->watch.lock);
    return status;
}

int32_t
incload__watch_enter_always(incload__odbc_conn *conn, SQLHSTMT stmt, int64_t deadline_us, incload_error **err)
{
    pthread_mutex_lock(&conn->watch.lock);
    int32_t status = watch_register(conn, stmt, deadline_us, false, err);
    pthread_mutex_unlock(&conn->watch.lock);
    return status;
}

void
incload__watch_leave(incload__odbc_conn *conn)
{
    pthread_mutex_lock(&conn->watch.lock);
    conn->watch.running = NULL;
    pthread_mutex_unlock(&conn->watch.lock);
}

/* The thread does the work: SQLCancel may open a connection of its own, and the canceller must not wait for that. */
void
incload__odbc_cancel(incload__conn *base)
{
    incload__odbc_conn *conn = incload__odbc_of(base);
    int saved = errno;

    atomic_store(&base->cancelled, true);
    if (base->pid == (int32_t)getpid()) {
        pthread_mutex_lock(&conn->watch.lock);
        if (conn->watch.running != NULL && conn->watch.heeds_cancel) {
            if (watch_start(conn))
                pthread_cond_signal(&conn->watch.wake);
            else
                interrupt(conn);
        }
        pthread_mutex_unlock(&conn->watch.lock);
    }
    errno = saved;
}
