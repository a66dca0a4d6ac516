/* SPDX-License-Identifier: Apache-2.0 */
/* Binary COPY from one server to another, never decoded. One thread and no blocking call: what keeps both servers busy
 * is room between them, in the kernel's socket buffers where they can be had, else in a queue of our own. */
#define _GNU_SOURCE
#include "driver/libpq/oid.h"
#include "driver/libpq/pq.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* Rows are joined before libpq sees them again: a million calls become a few thousand. With the five bytes of the
 * message's head a chunk is 64 KiB, a multiple of what libpq sends at once, so nothing is left over for a call of its
 * own. The chunks do not end where rows do: the protocol lets COPY data be cut anywhere. */
enum {
    CHUNK = 64 * 1024 - 5,
    SOCKET_BUFFER = 4 * 1024 * 1024,
    CHUNKS_WITH_ROOM = 2,
    CHUNKS_WITHOUT = 32,
    PROGRESS_BYTES = 4 * 1024 * 1024,
    PROGRESS_US = 100000,
    SETTLE_MS = 2000
};

static const char relaying[] = "relaying rows";

typedef struct relay {
    incload__pq *from;
    incload__pq *to;
    int32_t (*progress)(int64_t bytes, void *data);
    void *data;
    const char *doing; /* "writing into t" */
    char *chunks;      /* a ring of chunk_count pieces of CHUNK bytes */
    int32_t chunk_count;
    int32_t first;  /* the oldest full chunk; the one behind the full ones is being filled */
    int32_t full;   /* whole chunks, the last one of all excepted */
    int32_t filled; /* bytes in the one that is being filled */
    char *row;      /* what came from the source last, of which row_at bytes are in a chunk */
    int32_t row_length;
    int32_t row_at;
    bool at_end; /* the source has sent all */
    int64_t bytes;
    int64_t told_bytes;
    int64_t told_us;
} relay;

/* ---- before ---- */

/* A value is read as whatever type the target's column has: equal sizes would pass for equal types. Types that were
 * made in a database have a number of their own there; the caller has compared those by name. */
static bool
same_wire(uint32_t from, uint32_t to)
{
    static const uint32_t texts[] = { INCLOAD__OID_TEXT, INCLOAD__OID_VARCHAR, INCLOAD__OID_BPCHAR };
    int32_t text_like = 0;

    if (from == to || (from >= INCLOAD__OID_FIRST_OWN && to >= INCLOAD__OID_FIRST_OWN))
        return true;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        text_like += (from == texts[i]) + (to == texts[i]);
    return text_like == 2;
}

static int32_t
check_shapes(const PGresult *source, const PGresult *target, incload_error **err)
{
    if (PQnfields(source) != PQnfields(target))
        return incload__fail(err, INCLOAD_E_TYPE, "relaying rows: the query gives %d columns, the target takes %d",
                             PQnfields(source), PQnfields(target));
    for (int i = 0; i < PQnfields(source); i++) {
        if (!same_wire(PQftype(source, i), PQftype(target, i)))
            return incload__fail(err, INCLOAD_E_TYPE,
                                 "relaying rows: column '%s' has type OID %u at the source and %u at the target; if a "
                                 "table was changed, start again",
                                 PQfname(target, i), PQftype(source, i), PQftype(target, i));
    }
    return INCLOAD_OK;
}

static int32_t
consume(incload__pq *pq, const char *doing, incload_error **err)
{
    int32_t status = incload__pq_consume(pq, doing, err);

    incload__pq_drop_notifies(pq);
    return status == INCLOAD_E_CONNECT ? incload__pq_lost(pq, doing, err) : status;
}

/* The server says that its COPY has begun with the first rows that it sends, which may be long after: a cancel of
 * either side is heard meanwhile. */
static int32_t
await_source(relay *run, incload_error **err)
{
    int32_t status = incload__pq_flush(run->from, relaying, err);

    while (status == INCLOAD_OK && PQisBusy(run->from->pg)) {
        status = incload__pq_wait_either(run->from, POLLIN, run->to, 0, relaying, err);
        if (status == INCLOAD_OK)
            status = consume(run->from, relaying, err);
    }
    if (status == INCLOAD_E_CONNECT && run->from->head.txn != INCLOAD__TXN_DEAD)
        status = incload__pq_lost(run->from, relaying, err);
    return status == INCLOAD_OK ? incload__pq_await_copy(run->from, PGRES_COPY_OUT, relaying, err) : status;
}

static int32_t
start(relay *run, const char *select, const incload__param *params, int32_t count, const char *table,
      const char *columns, incload_error **err)
{
    incload__str source = INCLOAD__STR(&run->from->head.env->mem);
    incload__str shape = INCLOAD__STR(&run->from->head.env->mem);
    incload__str target = INCLOAD__STR(&run->from->head.env->mem);
    PGresult *source_shape = NULL;
    PGresult *target_shape = NULL;

    incload__str_addf(&shape, "SELECT %s FROM %s", columns, table);
    incload__str_addf(&target, "COPY %s (%s) FROM STDIN (FORMAT binary%s)", table, columns,
                      run->to->head.freezes ? ", FREEZE" : "");
    int32_t status = shape.failed || target.failed ? incload__fail_memory(err) : INCLOAD_OK;
    if (status == INCLOAD_OK)
        status = incload__pq_ask_shape(run->from, select, relaying, err);
    if (status == INCLOAD_OK)
        status = incload__pq_ask_shape(run->to, shape.data, run->doing, err);
    if (status == INCLOAD_OK)
        status = incload__pq_take_shape(run->from, relaying, &source_shape, err);
    if (status == INCLOAD_OK)
        status = incload__pq_copy_out(run->from, select, source_shape, params, count, &source, err);
    /* The source reads while the target tells what it takes. */
    if (status == INCLOAD_OK)
        status = incload__pq_send_copy(run->from, source.data, relaying, err);
    if (status == INCLOAD_OK)
        status = incload__pq_take_shape(run->to, run->doing, &target_shape, err);
    if (status == INCLOAD_OK)
        status = check_shapes(source_shape, target_shape, err);
    if (status == INCLOAD_OK)
        status = incload__pq_send_copy(run->to, target.data, run->doing, err);
    if (status == INCLOAD_OK)
        status = incload__pq_await_copy(run->to, PGRES_COPY_IN, run->doing, err);
    if (status == INCLOAD_OK)
        status = await_source(run, err);
    PQclear(source_shape);
    PQclear(target_shape);
    incload__str_free(&source);
    incload__str_free(&shape);
    incload__str_free(&target);
    return status;
}

/* True when the socket holds enough by itself. Without the privilege a plain SO_RCVBUF would end TCP's own tuning and
 * may well make the buffer smaller, so that is for unix sockets only. */
static bool
widen(int fd, int force_option, int option)
{
    int size = SOCKET_BUFFER;
    int domain = 0;
    socklen_t length = sizeof domain;

    if (setsockopt(fd, SOL_SOCKET, force_option, &size, sizeof size) == 0)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 || domain != AF_UNIX)
        return false;
    setsockopt(fd, SOL_SOCKET, option, &size, sizeof size);
    length = sizeof size;
    return getsockopt(fd, SOL_SOCKET, option, &size, &length) == 0 && size >= SOCKET_BUFFER;
}

static int32_t
make_room(relay *run, incload_error **err)
{
    const incload__mem *mem = &run->from->head.env->mem;
    int saved = errno;
    bool in = widen(PQsocket(run->from->pg), SO_RCVBUFFORCE, SO_RCVBUF);
    bool out = widen(PQsocket(run->to->pg), SO_SNDBUFFORCE, SO_SNDBUF);
    errno = saved;

    run->chunk_count = in && out ? CHUNKS_WITH_ROOM : CHUNKS_WITHOUT;
    run->chunks = incload__alloc_array(mem, (size_t)run->chunk_count, CHUNK);
    return run->chunks != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

static void
free_room(relay *run)
{
    PQfreemem(run->row);
    incload__free(&run->from->head.env->mem, run->chunks);
}

/* ---- the loop ---- */

static char *
chunk_at(relay *run, int32_t behind)
{
    return run->chunks + (size_t)((run->first + behind) % run->chunk_count) * CHUNK;
}

static bool
has_room(const relay *run)
{
    return !run->at_end && run->full < run->chunk_count;
}

static void
append_row(relay *run)
{
    while (run->row_at < run->row_length && run->full < run->chunk_count) {
        int32_t left = run->row_length - run->row_at;
        int32_t room = CHUNK - run->filled;
        int32_t count = left < room ? left : room;

        memcpy(chunk_at(run, run->full) + run->filled, run->row + run->row_at, (size_t)count);
        run->row_at += count;
        run->filled += count;
        if (run->filled == CHUNK) {
            run->full++;
            run->filled = 0;
        }
    }
    if (run->row_at < run->row_length)
        return;
    PQfreemem(run->row);
    run->row = NULL;
}

static int32_t
next_row(relay *run, incload_error **err)
{
    int length = PQgetCopyData(run->from->pg, &run->row, 1);

    if (length == -2)
        return PQstatus(run->from->pg) == CONNECTION_BAD ? incload__pq_lost(run->from, relaying, err)
                                                         : incload__fail_memory(err);
    run->at_end = length == -1;
    run->row_length = length > 0 ? length : 0;
    run->row_at = 0;
    run->bytes += run->row_length;
    return INCLOAD_OK;
}

/* Takes rows until libpq has none or the room is used up; *got tells whether there was any, or the end. */
static int32_t
take_rows(relay *run, bool *got, incload_error **err)
{
    *got = false;
    while (has_room(run)) {
        int32_t status = run->row != NULL ? INCLOAD_OK : next_row(run, err);

        *got = *got || run->row != NULL || run->at_end;
        if (status != INCLOAD_OK || run->row == NULL)
            return status;
        append_row(run);
    }
    return INCLOAD_OK;
}

/* libpq moves on to the next row only after it was asked for it: poll() too early would wait for what is here already.
 */
static int32_t
fill(relay *run, bool *got, incload_error **err)
{
    int32_t status = take_rows(run, got, err);

    if (status == INCLOAD_OK && !*got && has_room(run))
        status = consume(run->from, relaying, err);
    else
        return status;
    return status == INCLOAD_OK ? take_rows(run, got, err) : status;
}

/* The server ends a COPY it cannot do whenever it likes; its reason is the statement's result. */
static int32_t
target_refused(relay *run, incload_error **err)
{
    int64_t rows = 0;
    int32_t status = incload__pq_end_copy(run->to, &rows, run->doing, err);

    if (status == INCLOAD_OK)
        status = incload__fail(err, INCLOAD_E_PROTOCOL, "%s: the server ended the COPY early", run->doing);
    return status;
}

/* The oldest full chunk, or in the end the one that did not become full. */
static int32_t
put_chunk(relay *run, incload_error **err)
{
    int32_t length = run->full > 0 ? CHUNK : run->filled;
    int32_t status = consume(run->to, run->doing, err);

    if (status != INCLOAD_OK)
        return status;
    if (PQputCopyData(run->to->pg, chunk_at(run, 0), length) != 1)
        return target_refused(run, err);
    if (run->full == 0) {
        run->filled = 0;
        return INCLOAD_OK;
    }
    run->first = (run->first + 1) % run->chunk_count;
    run->full--;
    return INCLOAD_OK;
}

static bool
has_chunk(const relay *run)
{
    return run->full > 0 || (run->at_end && run->filled > 0);
}

static int32_t
tell(relay *run, incload_error **err)
{
    if (run->progress == NULL)
        return INCLOAD_OK;
    int64_t now = incload__monotonic_us(run->from->head.env);
    if (run->bytes - run->told_bytes < PROGRESS_BYTES && now - run->told_us < PROGRESS_US)
        return INCLOAD_OK;
    run->told_bytes = run->bytes;
    run->told_us = now;
    int32_t status = run->progress(run->bytes, run->data);
    return status == INCLOAD_OK ? INCLOAD_OK : incload__fail(err, status, "the relay was stopped by its caller");
}

/* Sends full chunks while libpq holds nothing back: onto a full buffer it would grow and move it. */
static int32_t
drain(relay *run, bool *held_back, incload_error **err)
{
    for (;;) {
        int saved = errno;
        int left = PQflush(run->to->pg);
        errno = saved;
        *held_back = left == 1;
        if (left < 0)
            return incload__pq_lost(run->to, run->doing, err);
        if (left == 1 || !has_chunk(run))
            return INCLOAD_OK;
        int32_t status = put_chunk(run, err);
        if (status == INCLOAD_OK)
            status = tell(run, err);
        if (status != INCLOAD_OK)
            return status;
    }
}

static int32_t
pump(relay *run, incload_error **err)
{
    for (;;) {
        bool held_back = false;
        bool got = false;
        int32_t status = drain(run, &held_back, err);

        if (status == INCLOAD_OK)
            status = fill(run, &got, err);
        if (status != INCLOAD_OK)
            return status;
        if (run->at_end && !has_chunk(run) && !held_back)
            return INCLOAD_OK;
        if (got && !held_back)
            continue;
        if (got && has_room(run))
            continue;
        status = incload__pq_wait_either(run->from, has_room(run) ? POLLIN : 0, run->to,
                                         held_back ? POLLIN | POLLOUT : 0, relaying, err);
        if (status == INCLOAD_OK && held_back)
            status = consume(run->to, run->doing, err);
        if (status == INCLOAD_E_CONNECT)
            status = incload__pq_lost(PQsocket(run->to->pg) < 0 ? run->to : run->from, relaying, err);
        if (status != INCLOAD_OK)
            return status;
    }
}

/* The target's COPY ends only after the source has said that it sent everything. */
static int32_t
finish(relay *run, int64_t *rows, incload_error **err)
{
    int64_t read = 0;
    int32_t status = incload__pq_end_copy(run->from, &read, relaying, err);

    if (status != INCLOAD_OK)
        return status;
    if (PQputCopyEnd(run->to->pg, NULL) != 1)
        return target_refused(run, err);
    status = incload__pq_end_copy(run->to, rows, run->doing, err);
    if (status == INCLOAD_OK && *rows != read)
        status = incload__fail(err, INCLOAD_E_DATA,
                               "%s: the server kept %lld of %lld rows; a trigger or rule of the table drops some",
                               run->doing, (long long)*rows, (long long)read);
    return status;
}

/* Both sides end: neither may be used before a rollback. */
static void
stop(relay *run, int32_t status)
{
    incload__pq_reject(run->from, status);
    incload__pq_reject(run->to, status);
    incload__pq_settle(run->from, INCLOAD__MANNER_STATEMENT, SETTLE_MS);
    incload__pq_settle(run->to, INCLOAD__MANNER_RELEASE, SETTLE_MS);
}

static int32_t
check_both(incload__pq *from, incload__pq *to, incload_error **err)
{
    int32_t status = incload__conn_check(&from->head, err);

    if (status == INCLOAD_OK)
        status = incload__conn_check(&to->head, err);
    if (status == INCLOAD_OK && from == to)
        status = incload__fail(err, INCLOAD_E_INVALID, "a relay needs two connections");
    return status;
}

int32_t
incload__pq_relay(incload__conn *from, const char *select, const incload__param *params, int32_t count,
                  incload__conn *to, const char *table, const char *columns,
                  int32_t (*progress)(int64_t bytes, void *data), void *data, int64_t *rows, int64_t *bytes,
                  incload_error **err)
{
    const incload__mem *mem = &from->env->mem;
    relay run = { .from = incload__pq_of(from), .to = incload__pq_of(to), .progress = progress, .data = data };
    incload__str doing = INCLOAD__STR(mem);
    int32_t own_params = from->txn == INCLOAD__TXN_IDLE ? count : 0;
    int64_t kept = 0;

    *rows = 0;
    *bytes = 0;
    int32_t status = check_both(run.from, run.to, err);
    if (status != INCLOAD_OK)
        return status;
    incload__str_addf(&doing, "writing into %s", table);
    run.doing = incload__str_text(&doing);
    run.told_us = incload__monotonic_us(from->env);
    status = run.doing != NULL ? make_room(&run, err) : incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = start(&run, select, params, count, table, columns, err);
    if (status == INCLOAD_OK)
        status = pump(&run, err);
    if (status == INCLOAD_OK)
        status = finish(&run, &kept, err);
    if (status != INCLOAD_OK) {
        stop(&run, status);
    } else {
        *rows = kept;
        *bytes = run.bytes;
    }
    incload__pq_forget_params(run.from, own_params);
    free_room(&run);
    incload__str_free(&doing);
    return status;
}
