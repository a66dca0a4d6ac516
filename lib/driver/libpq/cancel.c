/* SPDX-License-Identifier: Apache-2.0 */
/* Cancelling. Any thread may ask: that sets a flag and wakes the owner, who alone touches the connection. The owner
 * then asks the server to stop, reads to the end of the statement, and gives up on the connection if that takes too
 * long. */
#define _GNU_SOURCE
#include "driver/libpq/pq.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sched/thread.h"

/* For a statement that nobody has stopped: it failed on this side. */
enum { SETTLE_MS = 2000, SLICE_MS = 20, HELPER_STACK = 128 * 1024 };

/* PQcancel() connects and reads without a timeout, and libpq 15 does not give the secret key away: so it runs on a
 * thread that can be left behind. The memory is libc's: it may outlive the context. */
typedef struct cancel_request {
    atomic_int refs;
    atomic_int state;
    incload_context *context; /* a reference; NULL: nobody counts */
    PGcancel *cancel;
    int done_fd; /* eventfd: the server has taken the request, or never will */
} cancel_request;

enum { REQUEST_RUNS, REQUEST_DONE, REQUEST_LEFT };

void
incload__pq_cancel(incload__conn *conn)
{
    incload__pq *pq = incload__pq_of(conn);
    uint64_t one = 1;
    int saved = errno;

    incload__conn_set_cancelled(conn);
    (void)!write(pq->wake_fd, &one, sizeof one);
    errno = saved;
}

static void
request_unref(cancel_request *request)
{
    if (request == NULL || atomic_fetch_sub(&request->refs, 1) != 1)
        return;
    if (request->done_fd >= 0)
        close(request->done_fd);
    PQfreeCancel(request->cancel);
    incload_context_unref(request->context);
    incload__free(&incload__mem_libc, request);
}

static void *
request_run(void *data)
{
    cancel_request *request = data;
    char ignored[256];
    uint64_t one = 1;

    PQcancel(request->cancel, ignored, sizeof ignored);
    (void)!write(request->done_fd, &one, sizeof one);
    bool left = atomic_exchange(&request->state, REQUEST_DONE) == REQUEST_LEFT;
    incload_context *context = left ? incload_context_ref(request->context) : NULL;
    request_unref(request);
    if (context != NULL)
        incload__context_came_back(context, "a cancel request that was left behind came back");
    incload_context_unref(context);
    return NULL;
}

/* Counted first: it may come back at any moment. */
static void
leave(cancel_request *request)
{
    int running = REQUEST_RUNS;

    if (request->context == NULL)
        return;
    incload__context_left_behind(request->context,
                                 "a cancel request to the server was not answered in time and was left behind");
    if (!atomic_compare_exchange_strong(&request->state, &running, REQUEST_LEFT))
        incload__context_came_back(request->context, "a cancel request that was left behind came back");
}

static cancel_request *
request_start(incload__pq *pq)
{
    cancel_request *request = incload__alloc(&incload__mem_libc, sizeof *request);

    if (request == NULL)
        return NULL;
    atomic_init(&request->refs, 2);
    atomic_init(&request->state, REQUEST_RUNS);
    request->context = incload_context_ref(pq->context);
    request->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    request->cancel = PQgetCancel(pq->pg);
    if (request->done_fd >= 0 && request->cancel != NULL
        && incload__thread_start(NULL, HELPER_STACK, request_run, request))
        return request;
    request_unref(request);
    request_unref(request);
    return NULL;
}

/* A request that arrives late would hit the next statement. */
static bool
request_wait(const cancel_request *request, const incload__pq *pq)
{
    struct pollfd fd = { .fd = request->done_fd, .events = POLLIN };
    int ready, left;

    /* In slices, since a cancel may come. */
    do {
        left = incload__deadline_left_ms(pq->head.env, incload__pq_deadline(pq));
        ready = poll(&fd, 1, left < SLICE_MS ? left : SLICE_MS);
    } while ((ready == 0 && left > 0) || (ready < 0 && errno == EINTR));
    return ready == 1;
}

static int32_t
drain_copy(incload__pq *pq)
{
    char *data = NULL;
    int length = 0;

    for (;;) {
        int32_t status = incload__pq_copy_data(pq, &data, &length, "stopping", NULL);
        if (status != INCLOAD_OK || length == 0)
            return status;
        PQfreemem(data);
    }
}

/* Reads whatever the statement still gives, whichever kind it is, to its end. */
static int32_t
drain(incload__pq *pq)
{
    for (;;) {
        PGresult *result = NULL;
        int32_t status = incload__pq_next(pq, &result, "stopping", NULL);
        if (status != INCLOAD_OK || result == NULL)
            return status;
        ExecStatusType kind = PQresultStatus(result);
        PQclear(result);
        /* The extended protocol has a second Sync behind the CopyFail: if the cancel came first, both are answered, and
         * the second answer would be taken for that to the next statement. */
        if (kind == PGRES_COPY_IN && pq->extended)
            return INCLOAD_E_CONNECT;
        if (kind == PGRES_COPY_IN && PQputCopyEnd(pq->pg, "stopped by the client") < 0)
            return INCLOAD_E_CONNECT;
        if (kind == PGRES_COPY_OUT)
            status = drain_copy(pq);
        if (status != INCLOAD_OK || kind == PGRES_COPY_BOTH || PQstatus(pq->pg) == CONNECTION_BAD)
            return status != INCLOAD_OK ? status : INCLOAD_E_CONNECT;
    }
}

/* What the transaction is after a statement was cut short: the server's word counts only where it is worse than ours.
 */
static incload__txn
txn_after(const incload__pq *pq)
{
    PGTransactionStatusType server = PQtransactionStatus(pq->pg);

    if (PQstatus(pq->pg) == CONNECTION_BAD || server == PQTRANS_UNKNOWN || server == PQTRANS_ACTIVE)
        return INCLOAD__TXN_DEAD;
    if (pq->head.txn == INCLOAD__TXN_IDLE && server == PQTRANS_IDLE)
        return INCLOAD__TXN_IDLE;
    return INCLOAD__TXN_FAILED;
}

incload__pq_grace
incload__pq_grace_of(const incload__pq *pq, incload__manner manner, int64_t most_ms)
{
    int64_t now = incload__monotonic_us(pq->head.env);
    int64_t limit = incload__conn_limit(&pq->head, manner, now);
    int64_t most = now + most_ms * 1000;

    return (incload__pq_grace){ limit == 0 || most < limit ? most : limit, now, manner };
}

void
incload__pq_settle(incload__pq *pq, incload__manner manner, int64_t most_ms)
{
    incload__pq_flight_forget(pq);
    if (pq->head.txn == INCLOAD__TXN_DEAD)
        return;

    int saved = errno;
    bool was_deaf = pq->deaf;
    incload__pq_grace old_grace = pq->grace;
    int32_t status = INCLOAD_OK;

    pq->deaf = true;
    pq->grace = incload__pq_grace_of(pq, manner, most_ms);
    /* Within a rollback that has a limit of its own. */
    if (old_grace.until_us != 0 && old_grace.until_us < pq->grace.until_us)
        pq->grace.until_us = old_grace.until_us;
    if (PQstatus(pq->pg) == CONNECTION_OK && PQtransactionStatus(pq->pg) == PQTRANS_ACTIVE) {
        cancel_request *request = request_start(pq);
        status = drain(pq);
        if (request != NULL && !request_wait(request, pq)) {
            status = INCLOAD_E_TIMEOUT;
            leave(request);
        }
        request_unref(request);
    }
    pq->head.txn = status == INCLOAD_OK ? txn_after(pq) : INCLOAD__TXN_DEAD;
    pq->deaf = was_deaf;
    pq->grace = old_grace;
    errno = saved;
}

int32_t
incload__pq_abort(incload__pq *pq, int32_t status)
{
    incload__pq_settle(pq, INCLOAD__MANNER_STATEMENT, SETTLE_MS);
    return status;
}
