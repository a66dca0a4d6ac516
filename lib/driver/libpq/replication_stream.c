/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of a replication connection: messages in, words about what was kept out. */
#define _GNU_SOURCE
#include "driver/libpq/replication.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    DATA_HEAD = 1 + 8 + 8 + 8,
    KEEPALIVE_SIZE = 1 + 8 + 8 + 1,
    STATUS_SIZE = 1 + 8 + 8 + 8 + 8 + 1,
    TLS_SLICE_MS = 100,
    STOP_MS = 400,
    BUSY_US = 1000,
    PAUSE_US = 50
};

/* Seconds from 1970 to 2000, where PostgreSQL's time begins. */
#define EPOCH_US (INT64_C(946684800) * 1000000)

static const char receiving[] = "reading the server's log";

/* ---- numbers on the wire ---- */

static uint64_t
get_u64(const char *at)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | (unsigned char)at[i];
    return value;
}

static void
put_u64(char *at, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        at[i] = (char)(value & 0xff);
}

static int64_t
wall_of(uint64_t server_time)
{
    return (int64_t)(server_time + (uint64_t)EPOCH_US);
}

/* ---- messages ---- */

static int32_t
read_message(incload__pq *pq, char *bytes, size_t length, incload__log_message *out, incload_error **err)
{
    if (length >= DATA_HEAD && bytes[0] == 'w') {
        *out = (incload__log_message){
            .kind = INCLOAD__LOG_DATA,
            .end = get_u64(bytes + 9),
            .sent_us = wall_of(get_u64(bytes + 17)),
            .data = bytes + DATA_HEAD,
            .length = length - DATA_HEAD,
            .memory = bytes,
        };
        return INCLOAD_OK;
    }
    bool keepalive = length == KEEPALIVE_SIZE && bytes[0] == 'k';
    if (keepalive)
        *out = (incload__log_message){
            .kind = INCLOAD__LOG_KEEPALIVE,
            .end = get_u64(bytes + 1),
            .sent_us = wall_of(get_u64(bytes + 9)),
            .reply = bytes[17] != 0,
        };
    PQfreemem(bytes);
    return keepalive ? INCLOAD_OK : incload__pq_out_of_step(pq, receiving, err);
}

void
incload__pq_log_free_message(incload__log_message *message)
{
    PQfreemem(message->memory);
    message->memory = NULL;
}

/* The stream has ended: for an error, or since the server goes down. */
static int32_t
read_end(incload__pq *pq, incload_error **err)
{
    PGresult *result = NULL;
    int32_t status = incload__pq_next(pq, &result, receiving, err);

    if (status == INCLOAD_E_CONNECT)
        return incload__pq_lost(pq, receiving, err);
    if (status == INCLOAD_OK && result != NULL && PQresultStatus(result) == PGRES_FATAL_ERROR)
        status = incload__pq_fail(pq, result, receiving, err);
    else if (status == INCLOAD_OK)
        status = incload__pq_lost(pq, receiving, err);
    PQclear(result);
    pq->head.txn = INCLOAD__TXN_DEAD;
    return status;
}

/* *got: there was a whole message in memory. */
static int32_t
take(incload__pq *pq, incload__log_message *out, bool *got, incload_error **err)
{
    char *bytes = NULL;
    int saved = errno;
    int length = PQgetCopyData(pq->pg, &bytes, 1);

    errno = saved;
    *got = length != 0;
    if (length > 0)
        return read_message(pq, bytes, (size_t)length, out, err);
    if (length == 0)
        return INCLOAD_OK;
    if (length == -1)
        return read_end(pq, err);
    return PQstatus(pq->pg) == CONNECTION_BAD ? incload__pq_lost(pq, receiving, err) : incload__fail_memory(err);
}

/* ---- waiting ---- */

static int
wait_ms(const incload__pq *pq, int64_t until_us)
{
    int left = incload__deadline_left_ms(pq->head.env, until_us);

    /* TLS may hold decrypted bytes back that poll() knows nothing of. */
    return PQsslInUse(pq->pg) != 0 && (left < 0 || left > TLS_SLICE_MS) ? TLS_SLICE_MS : left;
}

/* The server sends message by message. While it sends fast, the next ones are left to gather for a moment: to be woken
 * for each costs both sides more than the message. For a moment only, since a socket holds a few hundred of them, and a
 * server that finds it full goes to sleep. */
static bool
pause_gathers(incload__pq *pq, struct pollfd *wake, int64_t since_us)
{
    struct timespec moment = { .tv_nsec = PAUSE_US * 1000L };

    if (incload__monotonic_us(pq->head.env) - since_us > BUSY_US)
        return false;
    return ppoll(wake, 1, &moment, NULL) == 0;
}

/* *woken: by a nudge or a cancel. */
static int32_t
sleep_until(incload__pq *pq, int64_t until_us, short events, bool *woken, incload_error **err)
{
    struct pollfd fds[2] = { { .fd = pq->wake_fd, .events = POLLIN }, { .fd = PQsocket(pq->pg), .events = events } };
    int64_t since = incload__monotonic_us(pq->head.env);
    uint64_t count;
    int saved = errno;

    if (fds[1].fd < 0)
        return incload__pq_lost(pq, receiving, err);
    int ready = poll(fds, 2, wait_ms(pq, until_us));
    if (ready == 1 && fds[1].revents == POLLIN)
        ready = pause_gathers(pq, &fds[0], since) ? 0 : 1;
    bool failed = ready < 0 && errno != EINTR && errno != EAGAIN;
    *woken = ready > 0 && fds[0].revents != 0;
    /* A cancel stays to be seen; a nudge is over with this. */
    if (*woken && !atomic_load(&pq->head.cancelled))
        (void)!read(pq->wake_fd, &count, sizeof count);
    errno = saved;
    return failed ? incload__fail(err, INCLOAD_E_NO_MEMORY, "%s: poll() failed", receiving) : INCLOAD_OK;
}

/* What libpq could not send at once. *events: what to wait for. */
static int32_t
push(incload__pq *pq, bool wants, short *events, incload_error **err)
{
    int saved = errno;
    int left = PQflush(pq->pg);

    errno = saved;
    *events = (short)((wants ? POLLIN : 0) | (left > 0 ? POLLOUT : 0));
    return left < 0 ? incload__pq_lost(pq, receiving, err) : INCLOAD_OK;
}

static int32_t
look(incload__pq *pq, incload__log_message *out, bool *got, incload_error **err)
{
    int32_t status = take(pq, out, got, err);

    if (status != INCLOAD_OK || *got)
        return status;
    int saved = errno;
    bool alive = PQconsumeInput(pq->pg) == 1;
    errno = saved;
    if (alive)
        return take(pq, out, got, err);
    /* The server's last words may have come with the end. */
    status = take(pq, out, got, err);
    return status != INCLOAD_OK || *got ? status : incload__pq_lost(pq, receiving, err);
}

int32_t
incload__pq_log_receive(incload__conn *conn, int64_t until_us, bool wants, incload__log_message *out,
                        incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);

    *out = (incload__log_message){ .kind = INCLOAD__LOG_NOTHING };
    pq->notices = 0;
    /* What is in memory costs no call of the system. */
    if (wants && !atomic_load(&conn->cancelled)) {
        bool got = false;
        int32_t status = take(pq, out, &got, err);
        if (status != INCLOAD_OK || got)
            return status;
    }
    for (;;) {
        bool got = false, woken = false;
        short events = 0;
        int64_t deadline = conn->deadline_us;
        conn->deadline_us = 0;
        int32_t status = incload__conn_check(conn, err);
        conn->deadline_us = deadline;
        if (status == INCLOAD_OK && wants)
            status = look(pq, out, &got, err);
        if (status == INCLOAD_OK && !got)
            status = push(pq, wants, &events, err);
        if (status != INCLOAD_OK || got)
            return status;
        if (until_us != 0 && incload__deadline_left_ms(conn->env, until_us) == 0)
            return INCLOAD_OK;
        status = sleep_until(pq, until_us, events, &woken, err);
        if (status != INCLOAD_OK || (woken && !atomic_load(&conn->cancelled)))
            return status;
    }
}

void
incload__pq_log_nudge(incload__conn *conn)
{
    uint64_t one = 1;
    int saved = errno;

    (void)!write(incload__pq_of(conn)->wake_fd, &one, sizeof one);
    errno = saved;
}

/* ---- telling the server ---- */

int32_t
incload__pq_log_confirm(incload__conn *conn, incload__lsn received, incload__lsn durable, bool ask, incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);
    char word[STATUS_SIZE] = { 'r' };
    short ignored;

    put_u64(word + 1, received);
    put_u64(word + 9, durable);
    put_u64(word + 17, durable);
    put_u64(word + 25, (uint64_t)(incload__wall_us(conn->env) - EPOCH_US));
    word[33] = ask ? 1 : 0;
    int saved = errno;
    int sent = PQputCopyData(pq->pg, word, STATUS_SIZE);
    errno = saved;
    if (sent < 0)
        return PQstatus(pq->pg) == CONNECTION_BAD ? incload__pq_lost(pq, receiving, err) : incload__fail_memory(err);
    /* 0: there is so much unsent that libpq takes no more; a later word says more than this one. */
    return push(pq, false, &ignored, err);
}

void
incload__pq_log_stop(incload__conn *conn)
{
    incload__pq *pq = incload__pq_of(conn);
    incload__log_message message = { .kind = INCLOAD__LOG_NOTHING };
    int64_t until = incload__deadline_in(conn->env, STOP_MS);
    int saved = errno;

    if (conn->txn == INCLOAD__TXN_DEAD || conn->pid != (int32_t)getpid())
        return;
    bool told = PQputCopyEnd(pq->pg, NULL) == 1;
    while (told && incload__deadline_left_ms(conn->env, until) > 0) {
        struct pollfd fd = { .fd = PQsocket(pq->pg), .events = (short)(POLLIN | (PQflush(pq->pg) > 0 ? POLLOUT : 0)) };
        bool got = false;
        if (fd.fd < 0 || look(pq, &message, &got, NULL) != INCLOAD_OK)
            break;
        incload__pq_log_free_message(&message);
        if (!got && poll(&fd, 1, wait_ms(pq, until)) < 0 && errno != EINTR)
            break;
    }
    conn->txn = INCLOAD__TXN_DEAD;
    errno = saved;
}
