/* SPDX-License-Identifier: Apache-2.0 */
/* Making and closing connections. */
#define _GNU_SOURCE
#include "driver/libpq/look_up.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/utf8.h"

enum { CLOSE_MS = 400, PG_VERSION_MIN = 100000 };

static const char connecting[] = "connecting";

/* libpq's own message repeats what it could not read, which may be a part of the password. */
static int32_t
fail_string(incload_error **err)
{
    return incload__fail(
        err, INCLOAD_E_INVALID,
        "the connection string is not valid: check it for unescaped %%, =, @, / or spaces, and the port");
}

static const char *
option(const PQconninfoOption *options, const char *keyword)
{
    for (; options != NULL && options->keyword != NULL; options++) {
        if (strcmp(options->keyword, keyword) == 0)
            return options->val;
    }
    return NULL;
}

/* A password with an unescaped @ or / in it ends up in host or port, and from there in messages. */
static bool
is_plausible(const PQconninfoOption *options)
{
    const char *host = option(options, "host");
    const char *port = option(options, "port");

    if (host != NULL && strpbrk(host, host[0] == '/' ? "%?" : "@?%#/ ") != NULL && host[0] != '@')
        return false;
    return port == NULL || strspn(port, "0123456789,") == strlen(port);
}

/* libpq keeps connect_timeout only for its blocking calls. */
static int64_t
connect_deadline(const incload__connect *how, const PQconninfoOption *options)
{
    const char *text = option(options, "connect_timeout");
    int64_t seconds = 0;

    if (text == NULL || !incload__parse_int64(text, strlen(text), &seconds) || seconds <= 0 || seconds > INT32_MAX)
        return how->deadline_us;
    int64_t own = incload__deadline_in(how->env, seconds * 1000);
    return how->deadline_us != 0 && how->deadline_us < own ? how->deadline_us : own;
}

static int32_t
check_string(const incload__connect *how, int64_t *deadline_us, incload_error **err)
{
    char *message = NULL;
    int saved = errno;
    PQconninfoOption *options = how->url != NULL ? PQconninfoParse(how->url, &message) : NULL;

    PQfreemem(message);
    bool valid = options != NULL && is_plausible(options);
    *deadline_us = connect_deadline(how, options);
    PQconninfoFree(options);
    errno = saved;
    return valid ? INCLOAD_OK : fail_string(err);
}

/* Notices go nowhere: libpq would print them. Counted, since a server may never stop. Those without a sqlstate, while
 * nothing runs, are libpq's own: of an answer to nothing. */
static void
count_notice(void *data, const PGresult *result)
{
    incload__pq *pq = data;

    pq->notices++;
    if (PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL && PQtransactionStatus(pq->pg) != PQTRANS_ACTIVE)
        pq->astray = true;
}

static char *
place_of(const incload__mem *mem, const PGconn *pg)
{
    incload__str place = INCLOAD__STR(mem);
    const char *host = PQhost(pg);
    const char *port = PQport(pg);

    incload__pq_add_clean(&place, host != NULL && host[0] != '\0' ? host : "localhost", 200);
    if (port != NULL && port[0] != '\0') {
        incload__str_add_char(&place, ':');
        incload__pq_add_clean(&place, port, 8);
    }
    return incload__str_take(&place);
}

/* With several hosts in the string the place changes as libpq goes from one to the next. */
static int32_t
update_place(incload__pq *pq, incload_error **err)
{
    char *place = place_of(&pq->head.env->mem, pq->pg);

    if (place == NULL)
        return incload__fail_memory(err);
    incload__free(&pq->head.env->mem, pq->place);
    pq->place = place;
    return INCLOAD_OK;
}

/* Names in the string, or where it says nothing, in libpq's own defaults. A service file may name others: then libpq
 * looks them up itself. */
static int32_t
look_up(incload__pq *pq, const incload__connect *how, incload__pq_addresses *out, incload_error **err)
{
    PQconninfoOption *given = PQconninfoParse(how->url, NULL);
    PQconninfoOption *defaults = PQconndefaults();
    int32_t status = INCLOAD_OK;

    if (given == NULL || defaults == NULL)
        status = incload__fail_memory(err);
    const char *host = option(given, "host") != NULL ? option(given, "host") : option(defaults, "host");
    const char *port = option(given, "port") != NULL ? option(given, "port") : option(defaults, "port");
    bool known =
        option(given, "hostaddr") != NULL || option(defaults, "hostaddr") != NULL || option(given, "service") != NULL;
    if (status == INCLOAD_OK && !known)
        status = incload__pq_look_up(pq, host, port, how->context, out, err);
    PQconninfoFree(given);
    PQconninfoFree(defaults);
    return status;
}

static int32_t
start(incload__pq *pq, const incload__connect *how, const incload__pq_addresses *found, incload_error **err)
{
    /* What stands before dbname gives way to what the string says, which gives way to what stands behind. GSS is off: a
     * look for a ticket may hang or crash. */
    const char *host = found->count > 0 ? "host" : NULL;
    const char *keywords[] = { "gssencmode",      "replication", "fallback_application_name",
                               "client_encoding", "dbname",      host,
                               "hostaddr",        "port",        NULL };
    const char *values[] = { "disable",
                             how->replication ? "database" : NULL,
                             how->application_name,
                             "UTF8",
                             how->url,
                             found->hosts.data,
                             found->addresses.data,
                             found->ports.data,
                             NULL };

    pq->pg = PQconnectStartParams(keywords, values, 1);
    if (pq->pg == NULL)
        return incload__fail_memory(err);
    PQsetNoticeReceiver(pq->pg, count_notice, pq);
    PQsetErrorVerbosity(pq->pg, PQERRORS_SQLSTATE);
    int32_t status = update_place(pq, err);
    if (status == INCLOAD_OK && PQstatus(pq->pg) == CONNECTION_BAD)
        status = incload__pq_fail_connect(pq, err);
    return status;
}

static int32_t
fail_timeout(incload__pq *pq, incload_error **err)
{
    if (err == NULL || *err != NULL)
        return INCLOAD_E_TIMEOUT;
    incload__fail(
        err, INCLOAD_E_TIMEOUT,
        "connecting: the server at %s did not answer by the deadline; check host and port, or raise the timeout",
        pq->place);
    incload__error_set_server(err, "08001", 0, true);
    return INCLOAD_E_TIMEOUT;
}

static int32_t
shake_hands(incload__pq *pq, incload_error **err)
{
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;
    int32_t status = INCLOAD_OK;

    while (status == INCLOAD_OK && want != PGRES_POLLING_OK) {
        incload_error *ignored = NULL;
        status = incload__pq_wait(pq, want == PGRES_POLLING_READING ? POLLIN : POLLOUT, connecting, &ignored);
        incload_error_unref(ignored);
        if (status == INCLOAD_E_TIMEOUT)
            return fail_timeout(pq, err);
        if (status == INCLOAD_OK)
            want = PQconnectPoll(pq->pg);
        if (status == INCLOAD_E_CONNECT || want == PGRES_POLLING_FAILED) {
            status = update_place(pq, err);
            return status == INCLOAD_OK ? incload__pq_fail_connect(pq, err) : status;
        }
        if (status != INCLOAD_OK)
            return incload__fail(err, status, "connecting to the server at %s failed", pq->place);
        status = update_place(pq, err);
    }
    return status;
}

/* All statements of the session in one round trip. */
static int32_t
set_session(incload__pq *pq, incload_error **err)
{
    incload__str sql = INCLOAD__STR(&pq->head.env->mem);

    for (const char *const *text = pq->head.dialect->session; text != NULL && *text != NULL; text++) {
        incload__str_add(&sql, *text);
        incload__str_add_char(&sql, ';');
    }
    int32_t status = sql.failed ? incload__fail_memory(err) : INCLOAD_OK;
    if (status == INCLOAD_OK && sql.length > 0)
        status = incload__pq_run(pq, sql.data, NULL, 0, true, "setting the session up", NULL, err);
    incload__str_free(&sql);
    return status;
}

/* What the codec and the quoting rely on, in the server's own words. */
static int32_t
check_session(incload__pq *pq, incload_error **err)
{
    static const struct {
        const char *name;
        const char *value;
    } needed[] = {
        { "client_encoding", "UTF8" },
        { "standard_conforming_strings", "on" },
        { "integer_datetimes", "on" },
    };

    pq->head.server_version = PQserverVersion(pq->pg);
    if (pq->head.server_version < PG_VERSION_MIN)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "the server at %s is PostgreSQL %d: version 10 or later is needed", pq->place,
                             pq->head.server_version / 10000);
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        const char *value = PQparameterStatus(pq->pg, needed[i].name);
        if (value == NULL || strcmp(value, needed[i].value) != 0)
            return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                                 "the server at %s does not keep %s = %s: if a pooler stands "
                                 "between, connect without it",
                                 pq->place, needed[i].name, needed[i].value);
    }
    return INCLOAD_OK;
}

static incload__pq *
pq_new(const incload__connect *how, incload_error **err)
{
    const incload__mem *mem = &how->env->mem;
    incload__pq *pq = incload__alloc(mem, sizeof *pq);

    if (pq == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    pq->head.driver = &incload__driver_libpq;
    pq->head.dialect = &incload__dialect_postgres;
    pq->head.env = how->env;
    pq->context = how->context;
    pq->head.role = how->role;
    pq->head.wire = INCLOAD__WIRE_BINARY;
    pq->head.streams = true;
    pq->head.pid = (int32_t)getpid();
    atomic_init(&pq->head.cancelled, false);
    atomic_init(&pq->head.cancelled_us, 0);
    int saved = errno;
    pq->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    errno = saved;
    if (pq->wake_fd >= 0)
        return pq;
    incload__free(mem, pq);
    incload__fail(err, INCLOAD_E_CONNECT, "connecting: the process has no file descriptors left; raise its limit");
    return NULL;
}

static void
pq_free(incload__pq *pq)
{
    int saved = errno;

    PQfinish(pq->pg);
    close(pq->wake_fd);
    incload__pq_prepared_free(pq);
    incload__free(&pq->head.env->mem, pq->posts.answers);
    incload__free(&pq->head.env->mem, pq->place);
    incload__free(&pq->head.env->mem, pq);
    errno = saved;
}

int32_t
incload__pq_connect(const incload__connect *how, incload__conn **out, incload_error **err)
{
    int64_t deadline_us = 0;
    int32_t status = check_string(how, &deadline_us, err);

    *out = NULL;
    if (status != INCLOAD_OK)
        return status;
    incload__pq *pq = pq_new(how, err);
    if (pq == NULL)
        return err != NULL && *err != NULL ? incload_error_code(*err) : INCLOAD_E_NO_MEMORY;

    int saved = errno;
    pq->head.deadline_us = deadline_us;
    pq->asked = how->cancelled;
    incload__pq_addresses found;
    incload__pq_addresses_init(&found, &incload__mem_libc);
    status = look_up(pq, how, &found, err);
    if (status == INCLOAD_OK)
        status = start(pq, how, &found, err);
    incload__pq_addresses_free(&found);
    if (status == INCLOAD_OK)
        status = shake_hands(pq, err);
    if (status == INCLOAD_OK && PQsetnonblocking(pq->pg, 1) != 0)
        status = incload__pq_lost(pq, connecting, err);
    if (status == INCLOAD_OK)
        status = set_session(pq, err);
    if (status == INCLOAD_OK)
        status = check_session(pq, err);
    pq->head.deadline_us = how->deadline_us;
    pq->asked = NULL;
    errno = saved;
    if (status == INCLOAD_OK)
        *out = &pq->head;
    else
        pq_free(pq);
    return status;
}

/* The parent's session must not hear our goodbye: another file takes the place of the socket first. */
static void
detach(incload__pq *pq)
{
    int fd = PQsocket(pq->pg);
    int null = fd >= 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;

    if (null >= 0) {
        dup3(null, fd, O_CLOEXEC);
        close(null);
    } else if (fd >= 0) {
        close(fd);
    }
}

void
incload__pq_close(incload__conn *conn)
{
    incload__pq *pq = incload__pq_of(conn);

    if (pq == NULL)
        return;
    int saved = errno;
    bool forked = conn->pid != (int32_t)getpid();
    if (forked)
        detach(pq);
    else if (conn->txn != INCLOAD__TXN_DEAD && PQtransactionStatus(pq->pg) != PQTRANS_IDLE && !pq->leaves) {
        /* A statement that runs on would hold its locks. */
        incload__pq_settle(pq, INCLOAD__MANNER_CLOSE, CLOSE_MS);
        if (conn->deadline_us == 0)
            conn->deadline_us = incload__deadline_in(conn->env, CLOSE_MS);
        if (conn->txn != INCLOAD__TXN_DEAD)
            incload__pq_rollback(conn, NULL);
    }
    pq_free(pq);
    errno = saved;
}
