/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "server.h"

#include <libpq-fe.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz.h"

enum { SIDES = 2, HEARD = 1 << 18, CHEAP = 64, MOST_WAITS = 200000, BEGIN_US = 1000000 };

typedef struct side {
    const uint8_t *bytes;
    size_t length, sent;
    size_t framed; /* before it are whole messages */
    int32_t turns; /* that ended among them */
    int fd;        /* -1: not here yet, or gone */
    bool came;
    bool started;  /* its first message, which has no letter, was heard */
    size_t heard;
    uint8_t hearing[HEARD];
    bool asked;      /* for a COMMIT, when so much had been said: */
    size_t asked_at;
} side;

static struct {
    side sides[SIDES];
    int32_t count;
    server_pace pace;
    bool silent;
    int listener;
    char host[48];
    int64_t now_us, cancelled_us;
    int32_t waits, cancel_in;
    incload__conn *cancels[SIDES];
    bool open;
    int64_t given; /* by libpq, and not given back */
    atomic_int helpers; /* threads of cancel requests */
    incload__env env;
} server = { .listener = -1 };

/* libpq makes room for as much as a message claims to have before any of it has come. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
    return "max_allocation_size_mb=256:allocator_may_return_null=1";
}

/* It loses a result of its own now and then, when a server describes rows twice. Whether all that it gave is given back
 * is counted below. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

const char *
__lsan_default_suppressions(void)
{
    return "leak:libpq.so";
}

const char *
__lsan_default_options(void)
{
    return "print_suppressions=0";
}

/* ---- time and chance ---- */

static int64_t
monotonic_us(void *data)
{
    (void)data;
    return server.now_us;
}

static int64_t
wall_us(void *data)
{
    (void)data;
    return server.now_us + INT64_C(1700000000) * 1000000;
}

static uint64_t
no_chance(void *data)
{
    (void)data;
    return 17;
}

/* ---- what is said ---- */

static uint32_t
get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The end of the message that begins there; `length` where none does, or it does not end. */
static size_t
message_end(const uint8_t *bytes, size_t length, size_t at)
{
    if (length - at < 5)
        return length;
    uint32_t size = get32(bytes + at + 1);
    return size < 4 || size > length - at - 1 ? length : at + 1 + size;
}

/* Whether a server waits for its client then. */
static bool
ends_turn(const side *s, size_t at, size_t end)
{
    bool asks = s->bytes[at] == 'R' && end - at >= 9 && get32(s->bytes + at + 5) != 0;

    return asks || strchr("ZGW", s->bytes[at]) != NULL;
}

static size_t
goal_of(const side *s)
{
    size_t at = s->framed;

    if (server.pace == BY_BYTE && s->sent < CHEAP)
        return s->sent + 1;
    if (server.pace == AHEAD && s->turns > 1)
        return s->length;
    for (;;) {
        size_t end = message_end(s->bytes, s->length, at);
        bool ends = server.pace == BY_MESSAGE || server.pace == BY_BYTE || (end < s->length && ends_turn(s, at, end));
        if (end >= s->length || (end > s->sent && ends))
            return end;
        at = end;
    }
}

/* False when there was nothing more to say. */
static bool
speak(side *s)
{
    size_t before = s->sent;

    if (s->fd < 0 || s->sent == s->length)
        return false;
    size_t goal = goal_of(s);
    while (s->sent < goal) {
        ssize_t sent = send(s->fd, s->bytes + s->sent, goal - s->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent <= 0)
            break;
        s->sent += (size_t)sent;
    }
    while (s->framed < s->sent) {
        size_t end = message_end(s->bytes, s->length, s->framed);
        if (end > s->sent)
            break;
        s->turns += s->bytes[s->framed] == 'Z';
        s->framed = end;
    }
    return s->sent > before;
}

/* ---- what is heard ---- */

static void
note_heard(side *s, const uint8_t *message, size_t size)
{
    static const char commit[] = "Q\0\0\0\013COMMIT";

    if (size == sizeof commit && memcmp(message, commit, sizeof commit) == 0) {
        s->asked = true;
        s->asked_at = s->sent;
    }
}

static void
cut_messages(side *s)
{
    size_t at = 0;

    for (;;) {
        size_t head = s->started ? 5 : 4;
        if (s->heard - at < head)
            break;
        size_t size = get32(s->hearing + at + head - 4) + head - 4;
        if (s->heard - at < size)
            break;
        if (s->started)
            note_heard(s, s->hearing + at, size);
        s->started = true;
        at += size;
    }
    memmove(s->hearing, s->hearing + at, s->heard - at);
    s->heard -= at;
}

static void
hear(side *s)
{
    while (s->fd >= 0) {
        fuzz_check(s->heard < HEARD, "the client's messages are short");
        ssize_t got = recv(s->fd, s->hearing + s->heard, HEARD - s->heard, MSG_DONTWAIT);
        if (got <= 0)
            return;
        s->heard += (size_t)got;
        cut_messages(s);
    }
}

/* Those that nobody expects ask for a cancel. */
static void
let_in(void)
{
    for (;;) {
        int fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        side *last = server.count > 0 ? &server.sides[server.count - 1] : NULL;
        if (last != NULL && !last->came) {
            last->came = true;
            last->fd = fd;
        } else {
            close(fd);
        }
    }
}

static void
leave(side *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

/* ---- waiting ---- */

int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);

static bool
waits_for_us(const struct pollfd *fds, nfds_t count)
{
    for (nfds_t i = 0; i < count; i++) {
        int kind;
        socklen_t size = sizeof kind;
        if (fds[i].fd >= 0 && getsockopt(fds[i].fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0)
            return true;
    }
    return false;
}

/* For threads that ask for a cancel: they need no more than to be let in. */
static void
await_helpers(void)
{
    while (atomic_load(&server.helpers) > 0) {
        struct pollfd fd = { .fd = server.listener, .events = POLLIN };
        __real_poll(&fd, 1, 1);
        let_in();
    }
}

/* False when the time is over. */
static bool
act(const struct pollfd *fds, nfds_t count, int timeout)
{
    bool spoke = false;

    if (!waits_for_us(fds, count)) {
        await_helpers();
        return false;
    }
    for (int32_t i = 0; i < server.count; i++)
        spoke = speak(&server.sides[i]) || spoke;
    if (spoke)
        return true;
    await_helpers();
    for (int32_t i = 0; i < server.count && !server.silent; i++) {
        spoke = spoke || server.sides[i].fd >= 0;
        leave(&server.sides[i]);
    }
    if (spoke)
        return true;
    fuzz_check(timeout > 0, "no wait is without an end");
    server.now_us += (int64_t)timeout * 1000;
    return false;
}

int
__wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    if (!server.open)
        return __real_poll(fds, count, timeout);
    fuzz_check(++server.waits < MOST_WAITS, "it does not spin");
    if (server.cancel_in > 0 && timeout != 0 && --server.cancel_in == 0) {
        for (int i = 0; i < SIDES && server.cancels[i] != NULL; i++)
            server.cancels[i]->driver->cancel(server.cancels[i]);
        server.cancelled_us = server.now_us;
    }
    for (;;) {
        let_in();
        for (int32_t i = 0; i < server.count; i++)
            hear(&server.sides[i]);
        int ready = __real_poll(fds, count, 0);
        if (ready != 0 || timeout == 0 || !act(fds, count, timeout))
            return ready != 0 || timeout == 0 ? ready : __real_poll(fds, count, 0);
    }
}

/* As a build with fortified functions calls it. */
int __wrap___poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);

int
__wrap___poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
    fuzz_check(count <= size / sizeof *fds, "there are as many as are told");
    return __wrap_poll(fds, count, timeout);
}

typedef struct helper {
    void *(*main)(void *data);
    void *data;
} helper;

int __real_pthread_create(pthread_t *out, const pthread_attr_t *how, void *(*main)(void *), void *data);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *how, void *(*main)(void *), void *data);

static void *
help(void *data)
{
    helper h = *(helper *)data;

    free(data);
    void *result = h.main(h.data);
    atomic_fetch_sub(&server.helpers, 1);
    return result;
}

int
__wrap_pthread_create(pthread_t *out, const pthread_attr_t *how, void *(*main)(void *), void *data)
{
    helper *h = server.open ? malloc(sizeof *h) : NULL;

    if (h == NULL)
        return __real_pthread_create(out, how, main, data);
    *h = (helper){ main, data };
    atomic_fetch_add(&server.helpers, 1);
    int failed = __real_pthread_create(out, how, help, h);
    if (failed != 0) {
        atomic_fetch_sub(&server.helpers, 1);
        free(h);
    }
    return failed;
}

/* ---- what libpq gives ---- */

PGresult *__real_PQgetResult(PGconn *pg);
PGresult *__wrap_PQgetResult(PGconn *pg);
int __real_PQgetCopyData(PGconn *pg, char **out, int async);
int __wrap_PQgetCopyData(PGconn *pg, char **out, int async);
PGnotify *__real_PQnotifies(PGconn *pg);
PGnotify *__wrap_PQnotifies(PGconn *pg);
void __real_PQclear(PGresult *result);
void __wrap_PQclear(PGresult *result);
void __real_PQfreemem(void *memory);
void __wrap_PQfreemem(void *memory);

PGresult *
__wrap_PQgetResult(PGconn *pg)
{
    PGresult *result = __real_PQgetResult(pg);

    server.given += result != NULL;
    return result;
}

int
__wrap_PQgetCopyData(PGconn *pg, char **out, int async)
{
    int length = __real_PQgetCopyData(pg, out, async);

    server.given += *out != NULL;
    return length;
}

PGnotify *
__wrap_PQnotifies(PGconn *pg)
{
    PGnotify *notify = __real_PQnotifies(pg);

    server.given += notify != NULL;
    return notify;
}

void
__wrap_PQclear(PGresult *result)
{
    server.given -= result != NULL;
    __real_PQclear(result);
}

void
__wrap_PQfreemem(void *memory)
{
    server.given -= memory != NULL;
    __real_PQfreemem(memory);
}

/* ---- from outside ---- */

static void
listen_once(void)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };

    if (server.listener >= 0)
        return;
    /* What libpq makes room for, up to a gigabyte, must not be filled by way of MALLOC_PERTURB_. */
    mallopt(M_PERTURB, 0);
    snprintf(server.host, sizeof server.host, "@incload-fuzz-%d", (int)getpid());
    int length = snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "%s/.s.PGSQL.5432", server.host + 1);
    server.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    fuzz_check(server.listener >= 0
                   && bind(server.listener, (struct sockaddr *)&at,
                           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) == 0
                   && listen(server.listener, 64) == 0,
               "there is an abstract socket");
}

void
server_begin(server_pace pace, bool silent)
{
    listen_once();
    server.env = incload__env_system;
    server.env.monotonic_us = monotonic_us;
    server.env.wall_us = wall_us;
    server.env.random = no_chance;
    server.count = 0;
    server.pace = pace;
    server.silent = silent;
    server.now_us = BEGIN_US;
    server.cancelled_us = 0;
    server.waits = 0;
    server.cancel_in = 0;
    server.given = 0;
    server.open = true;
}

int32_t
server_play(const uint8_t *bytes, size_t length)
{
    side *s = &server.sides[server.count];

    fuzz_check(server.count < SIDES, "there are two sides");
    await_helpers();
    let_in();
    s->bytes = bytes;
    s->length = length;
    s->sent = s->framed = s->heard = 0;
    s->turns = 0;
    s->asked = false;
    s->fd = -1;
    s->came = s->started = false;
    return server.count++;
}

int64_t
server_completed(int32_t number)
{
    const side *s = &server.sides[number];
    int64_t count = 0;

    for (size_t i = 0; i + 1 < s->sent; i++)
        count += (s->bytes[i] == 'C' || s->bytes[i] == 'I') && s->bytes[i + 1] == 0;
    return count;
}

int64_t
server_rows(int32_t number)
{
    const side *s = &server.sides[number];
    int64_t count = 0;

    for (size_t i = 0; i < s->sent; i++)
        count += s->bytes[i] == 'D';
    return count;
}

bool
server_copied(int32_t number, int64_t rows)
{
    const side *s = &server.sides[number];
    char tag[32];
    int length = snprintf(tag, sizeof tag, "COPY %lld", (long long)rows);

    return memmem(s->bytes, s->sent, tag, (size_t)length + 1) != NULL;
}

bool
server_committed(int32_t number)
{
    static const char word[] = "C\0\0\0\013COMMIT";
    const side *s = &server.sides[number];
    size_t from = s->asked_at < sizeof word ? 0 : s->asked_at - sizeof word + 1;

    return s->asked && memmem(s->bytes + from, s->sent - from, word, sizeof word) != NULL;
}

bool
server_was_asked(int32_t number)
{
    /* The client may not have waited since. */
    hear(&server.sides[number]);
    return server.sides[number].asked;
}

void
server_cancel(incload__conn *conn, incload__conn *other, int32_t wait)
{
    server.cancels[0] = conn;
    server.cancels[1] = other;
    server.cancel_in = wait;
}

int64_t
server_now(void)
{
    return server.now_us;
}

int64_t
server_cancelled(void)
{
    return server.cancelled_us;
}

void
server_end(void)
{
    await_helpers();
    let_in();
    for (int32_t i = 0; i < server.count; i++)
        leave(&server.sides[i]);
    server.open = false;
    fuzz_check(server.given == 0, "what libpq gave is given back");
}

const char *
server_host(void)
{
    return server.host;
}

const incload__env *
server_env(void)
{
    return &server.env;
}
