/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "driver/libpq/pq.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* A statement may well raise a notice a row; nobody needs more of them than this, and a hostile server sends them for
 * ever. */
enum { MAX_NOTICES = 1000000, TLS_SLICE_MS = 100, ASKED_SLICE_MS = 20, SKIP_MS = 250 };

int64_t
incload__pq_deadline(const incload__pq *pq)
{
    const incload__pq_grace *grace = &pq->grace;

    if (grace->until_us == 0)
        return pq->head.deadline_us;
    int64_t limit = incload__conn_limit(&pq->head, grace->manner, grace->from_us);
    return limit != 0 && limit < grace->until_us ? limit : grace->until_us;
}

static int32_t
fail_timeout(const incload__pq *pq, const char *doing, incload_error **err)
{
    if (err == NULL || *err != NULL)
        return INCLOAD_E_TIMEOUT;
    incload__fail(err, INCLOAD_E_TIMEOUT,
                  "%s: no answer from the server at %s by the deadline; raise the timeout, or look in pg_stat_activity "
                  "for what it waits for",
                  doing, pq->place);
    incload__error_set_retryable(err, true);
    return INCLOAD_E_TIMEOUT;
}

/* Looked at before each wait, too: a server that never stops sending makes every poll() return at once. */
static int32_t
interrupted(incload__pq *pq, const char *doing, incload_error **err)
{
    int64_t deadline = incload__pq_deadline(pq);

    if (pq->asked != NULL && atomic_load(pq->asked))
        incload__conn_set_cancelled(&pq->head);
    if (!pq->deaf && atomic_load_explicit(&pq->head.cancelled, memory_order_acquire))
        return incload__fail(err, INCLOAD_E_CANCELLED, "%s: cancelled by the host", doing);
    if (deadline != 0 && incload__deadline_left_ms(pq->head.env, deadline) == 0)
        return fail_timeout(pq, doing, err);
    if (pq->notices > MAX_NOTICES)
        return incload__fail(err, INCLOAD_E_PROTOCOL, "%s: the server at %s sent more than %d notices", doing,
                             pq->place, (int)MAX_NOTICES);
    return INCLOAD_OK;
}

/* TLS may hold decrypted bytes back that poll() knows nothing of: look again soon. */
static int
poll_ms(const incload__pq *pq)
{
    int left = incload__deadline_left_ms(pq->head.env, incload__pq_deadline(pq));
    bool sliced = pq->pg != NULL && PQsslInUse(pq->pg) != 0;

    if (pq->asked != NULL)
        return left < 0 || left > ASKED_SLICE_MS ? ASKED_SLICE_MS : left;
    return sliced && (left < 0 || left > TLS_SLICE_MS) ? TLS_SLICE_MS : left;
}

static bool
ends_slice(const incload__pq *pq, int timeout)
{
    return timeout == TLS_SLICE_MS
           || (timeout == ASKED_SLICE_MS && pq->asked != NULL && pq->pg != NULL && PQsslInUse(pq->pg) != 0);
}

static int
shorter(int a, int b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

/* A wake-up that no cancel flag explains is left over from before a rollback. */
static void
drain_wake(const incload__pq *pq)
{
    uint64_t count;
    int saved = errno;

    if (!atomic_load(&pq->head.cancelled))
        (void)!read(pq->wake_fd, &count, sizeof count);
    errno = saved;
}

/* poll() would wait for ever on a socket that libpq has closed. */
static bool
is_gone(const incload__pq *pq, short events)
{
    return events != 0 && PQsocket(pq->pg) < 0;
}

static nfds_t
watch(const incload__pq *pq, short events, struct pollfd *fds)
{
    nfds_t count = 0;

    if (events != 0)
        fds[count++] = (struct pollfd){ .fd = PQsocket(pq->pg), .events = events };
    /* Who is deaf has less time from then on. */
    if (!pq->deaf || !atomic_load(&pq->head.cancelled))
        fds[count++] = (struct pollfd){ .fd = pq->wake_fd, .events = POLLIN };
    return count;
}

int32_t
incload__pq_wait_either(incload__pq *a, short a_events, incload__pq *b, short b_events, const char *doing,
                        incload_error **err)
{
    for (;;) {
        struct pollfd fds[4];
        nfds_t count = watch(a, a_events, fds);
        int timeout = poll_ms(a);
        int saved = errno;
        int32_t status = interrupted(a, doing, err);

        if (status == INCLOAD_OK && b != NULL)
            status = interrupted(b, doing, err);
        if (status != INCLOAD_OK)
            return status;
        if (is_gone(a, a_events) || (b != NULL && is_gone(b, b_events)))
            return INCLOAD_E_CONNECT;
        if (b != NULL) {
            count += watch(b, b_events, fds + count);
            timeout = shorter(timeout, poll_ms(b));
        }

        int ready = poll(fds, count, timeout);
        bool failed = ready < 0 && errno != EINTR && errno != EAGAIN;
        errno = saved;
        if (failed)
            return incload__fail(err, INCLOAD_E_NO_MEMORY, "%s: poll() failed", doing);
        bool woken = false;
        bool traffic = ready == 0 && ends_slice(a, timeout);
        for (nfds_t i = 0; ready > 0 && i < count; i++) {
            bool is_wake = fds[i].fd == a->wake_fd || (b != NULL && fds[i].fd == b->wake_fd);
            woken = woken || (is_wake && fds[i].revents != 0);
            traffic = traffic || (!is_wake && fds[i].revents != 0);
        }
        if (woken) {
            drain_wake(a);
            if (b != NULL)
                drain_wake(b);
        }
        if (traffic)
            return INCLOAD_OK;
    }
}

int32_t
incload__pq_wait(incload__pq *pq, short events, const char *doing, incload_error **err)
{
    return incload__pq_wait_either(pq, events, NULL, 0, doing, err);
}

int32_t
incload__pq_consume(incload__pq *pq, const char *doing, incload_error **err)
{
    int32_t status = interrupted(pq, doing, err);

    if (status != INCLOAD_OK)
        return status;
    int saved = errno;
    bool alive = PQconsumeInput(pq->pg) == 1;
    errno = saved;
    return alive ? INCLOAD_OK : INCLOAD_E_CONNECT;
}

static bool
has_input(const incload__pq *pq)
{
    struct pollfd fd = { .fd = PQsocket(pq->pg), .events = POLLIN };
    int saved = errno;
    bool ready = fd.fd >= 0 && poll(&fd, 1, 0) > 0;

    errno = saved;
    return ready;
}

/* What comes while nothing runs libpq reads, tells as a notice and drops. */
int32_t
incload__pq_expect_silence(incload__pq *pq, const char *doing, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    PQisBusy(pq->pg);
    while (status == INCLOAD_OK && !pq->astray && has_input(pq)) {
        status = incload__pq_consume(pq, doing, err);
        PQisBusy(pq->pg);
        incload__pq_drop_notifies(pq);
    }
    if (status == INCLOAD_E_CONNECT)
        status = incload__pq_lost(pq, doing, err);
    return status == INCLOAD_OK && pq->astray ? incload__pq_out_of_step(pq, doing, err) : status;
}

int32_t
incload__pq_flush(incload__pq *pq, const char *doing, incload_error **err)
{
    for (;;) {
        int saved = errno;
        int left = PQflush(pq->pg);
        errno = saved;
        if (left == 0)
            return INCLOAD_OK;
        if (left < 0)
            return INCLOAD_E_CONNECT;
        int32_t status = incload__pq_wait(pq, POLLIN | POLLOUT, doing, err);
        if (status == INCLOAD_OK)
            status = incload__pq_consume(pq, doing, err);
        if (status != INCLOAD_OK)
            return status;
    }
}

void
incload__pq_drop_notifies(incload__pq *pq)
{
    for (PGnotify *notify = PQnotifies(pq->pg); notify != NULL; notify = PQnotifies(pq->pg)) {
        PQfreemem(notify);
        pq->notices++;
    }
}

static int32_t
next_result(incload__pq *pq, PGresult **out, const char *doing, incload_error **err)
{
    /* A connection that breaks while sending may still have the server's reason in its input: go on reading. */
    int32_t status = incload__pq_flush(pq, doing, err);
    if (status != INCLOAD_OK && status != INCLOAD_E_CONNECT)
        return status;
    while (PQisBusy(pq->pg)) {
        status = incload__pq_consume(pq, doing, err);
        incload__pq_drop_notifies(pq);
        if (status == INCLOAD_OK && PQisBusy(pq->pg))
            status = incload__pq_wait(pq, POLLIN, doing, err);
        if (status != INCLOAD_OK)
            return status;
    }
    *out = PQgetResult(pq->pg);
    return INCLOAD_OK;
}

int32_t
incload__pq_next(incload__pq *pq, PGresult **out, const char *doing, incload_error **err)
{
    int32_t status;

    do {
        *out = NULL;
        status = next_result(pq, out, doing, err);
    } while (status == INCLOAD_OK && incload__pq_flight_passes(pq, out, &status));
    return status;
}

bool
incload__pq_is_copy(const PGresult *result)
{
    ExecStatusType kind = PQresultStatus(result);

    return kind == PGRES_COPY_IN || kind == PGRES_COPY_OUT || kind == PGRES_COPY_BOTH;
}

int32_t
incload__pq_skip(incload__pq *pq)
{
    bool was_deaf = pq->deaf;
    incload__pq_grace old_grace = pq->grace;
    PGresult *result = NULL;
    int32_t status;

    pq->deaf = true;
    pq->grace = incload__pq_grace_of(pq, INCLOAD__MANNER_RELEASE, SKIP_MS);
    do {
        status = incload__pq_next(pq, &result, "ending a statement", NULL);
        if (status == INCLOAD_OK && incload__pq_is_copy(result))
            status = INCLOAD_E_PROTOCOL;
        PQclear(result);
    } while (status == INCLOAD_OK && result != NULL);
    pq->deaf = was_deaf;
    pq->grace = old_grace;
    return status;
}

int32_t
incload__pq_copy_data(incload__pq *pq, char **out, int *length, const char *doing, incload_error **err)
{
    bool fresh = false;

    *length = 0;
    for (;;) {
        int got = PQgetCopyData(pq->pg, out, 1);
        if (got == -2)
            return PQstatus(pq->pg) == CONNECTION_BAD ? INCLOAD_E_CONNECT : incload__fail_memory(err);
        if (got != 0) {
            *length = got > 0 ? got : 0;
            return INCLOAD_OK;
        }
        /* Read first, poll only when that gave nothing whole: most of the time there is more already. */
        int32_t status = fresh ? incload__pq_wait(pq, POLLIN, doing, err) : INCLOAD_OK;
        if (status == INCLOAD_OK)
            status = incload__pq_consume(pq, doing, err);
        if (status != INCLOAD_OK)
            return status;
        fresh = true;
    }
}
