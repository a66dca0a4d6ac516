/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that makes a connection's ODBC calls, and the end of what it holds. */
#define _DEFAULT_SOURCE

#include "driver/odbc/link.h"
#include "sched/thread.h"

/* OpenSSL, Kerberos and the resolver run on it, within a driver. */
enum { STACK_SIZE = 1024 * 1024 };

void
incload__thing_add(incload__odbc_conn *conn, incload__thing *thing, void (*free)(incload__thing *thing))
{
    thing->free = free;
    thing->next = conn->things;
    conn->things = thing;
}

void
incload__thing_drop(incload__odbc_conn *conn, incload__thing *thing)
{
    incload__thing **link = &conn->things;

    while (*link != thing)
        link = &(*link)->next;
    *link = thing->next;
    thing->free(thing);
}

void
incload__odbc_conn_unref(incload__odbc_conn *conn)
{
    if (atomic_fetch_sub(&conn->refs, 1) != 1)
        return;
    incload_context *context = conn->context;
    pthread_mutex_destroy(&conn->watch.lock);
    incload__monitor_free(&conn->monitor);
    incload__free(&conn->base.env->mem, conn);
    incload_context_unref(context);
}

static void
clean_up(incload__odbc_conn *conn)
{
    while (conn->things != NULL)
        incload__thing_drop(conn, conn->things);
    incload__odbc_hang_up(conn);
}

/* Whoever closes a connection in time joins the thread; one that nobody waits for tells by the count that it is back,
 * when everything is free. */
static void
end(incload__odbc_conn *conn)
{
    incload_context *context = incload_context_ref(conn->context);

    incload__monitor_lock(&conn->monitor);
    bool left = conn->left;
    conn->ended = true;
    incload__monitor_notify(&conn->monitor);
    incload__monitor_unlock(&conn->monitor);
    incload__odbc_conn_unref(conn);
    if (left && context != NULL)
        incload__context_came_back(context, "an ODBC call that was left behind came back: its connection is closed");
    incload_context_unref(context);
}

static void *
worker_main(void *data)
{
    incload__odbc_conn *conn = data;

    incload__monitor_lock(&conn->monitor);
    while (!conn->left) {
        while (conn->call == NULL && !conn->stopping)
            incload__monitor_wait(&conn->monitor, &incload__env_system, 0);
        incload__call *call = conn->call;
        if (call == NULL)
            break;
        incload__monitor_unlock(&conn->monitor);
        call->status = call->run(conn, call, &call->error);
        incload__monitor_lock(&conn->monitor);
        if (conn->left)
            break;
        conn->call = NULL;
        incload__monitor_notify(&conn->monitor);
    }
    incload__call *mine = conn->call; /* what was left behind */
    conn->call = NULL;
    incload__monitor_unlock(&conn->monitor);
    clean_up(conn);
    incload__call_free(mine);
    end(conn);
    return NULL;
}

int32_t
incload__worker_start(incload__odbc_conn *conn, incload_error **err)
{
    atomic_fetch_add(&conn->refs, 1);
    if (incload__thread_start(&conn->worker, STACK_SIZE, worker_main, conn))
        return INCLOAD_OK;
    atomic_fetch_sub(&conn->refs, 1);
    bool first = err != NULL && *err == NULL;
    incload__fail(
        err, INCLOAD_E_CONNECT,
        "odbc: connecting: the system gave no thread for the connection; raise the process's limit of threads");
    if (first)
        incload__error_set_retryable(err, true);
    return INCLOAD_E_CONNECT;
}
