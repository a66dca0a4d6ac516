/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "state/lease.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/utf8.h"
#include "driver/failpoint.h"
#include "state/statement.h"

/* How often the row may change between reading and taking it, and how long another may keep it locked. */
enum { TAKE_ATTEMPTS = 5, TAKE_WAIT_MS = 2000 };

/* The lease's row as it was read. */
typedef struct lease_row {
    incload__rows cells;
    bool exists;
    int64_t epoch;
    const char *run_id; /* borrowed from the cells */
    const char *holder; /* NULL: it was given up */
    int64_t taken_us;
    int64_t expires_us;
    int64_t now_us;
} lease_row;

static const char read_row[] =
    "SELECT n.now_us, n.session_id, l.epoch, l.run_id, l.holder, l.taken_us, l.ttl_us, b.expires_us"
    " FROM (SELECT {now} AS now_us, {session} AS session_id) n"
    " LEFT JOIN {lease} l ON l.load_name = ? LEFT JOIN {beat} b ON b.load_name = l.load_name AND b.epoch = l.epoch";

static void
host_name(char out[80])
{
    int saved = errno;

    if (gethostname(out, 80) != 0)
        out[0] = '\0';
    out[79] = '\0';
    errno = saved;
    if (out[0] == '\0' || !incload__utf8_valid(out, strlen(out)))
        snprintf(out, 80, "an unnamed host");
}

void
incload__lease_init(incload__lease *lease, const incload__env *env, const char *load, const char *run_id,
                    int64_t ttl_ms, const char *application)
{
    char host[80];

    host_name(host);
    *lease = (incload__lease){ .mem = &env->mem, .load = load, .run_id = run_id, .ttl_us = ttl_ms * 1000 };
    snprintf(lease->holder, sizeof lease->holder, "%s pid %ld (%.60s)", host, (long)getpid(), application);
    /* A cut may have gone through a character. */
    for (size_t length = strlen(lease->holder); !incload__utf8_valid(lease->holder, length); length--)
        lease->holder[length - 1] = '\0';
}

static int32_t
read_lease(const incload__lease *lease, const incload__ledger *ledger, incload__conn *conn, lease_row *out,
           incload_error **err)
{
    const incload__param name = incload__text_param(lease->load);
    int32_t status = incload__state_select(ledger, conn, read_row, &name, 1, &out->cells, err);

    out->exists = false;
    INCLOAD__FAILPOINT_ON(status, conn, "lease.read", INCLOAD_E_CONNECT, err);
    if (status != INCLOAD_OK)
        return status;
    const incload__rows *cells = &out->cells;
    out->exists = incload__rows_get(cells, 0, 2) != NULL;
    out->now_us = incload__to_number(incload__rows_get(cells, 0, 0));
    out->epoch = incload__to_number(incload__rows_get(cells, 0, 2));
    out->run_id = incload__rows_get(cells, 0, 3);
    out->holder = incload__rows_get(cells, 0, 4);
    out->taken_us = incload__to_number(incload__rows_get(cells, 0, 5));
    out->expires_us = out->taken_us + incload__to_number(incload__rows_get(cells, 0, 6));
    int64_t renewed = incload__to_number(incload__rows_get(cells, 0, 7));
    if (renewed > out->expires_us)
        out->expires_us = renewed;
    return INCLOAD_OK;
}

/* A process of this host that is not there any more need not be waited for. Should it live on unseen after all, in
 * another namespace of process ids, the fence keeps it from committing. */
static bool
process_is_gone(const incload__lease *lease, const char *holder)
{
    static const char mark[] = " pid ";
    const char *at = strstr(lease->holder, mark);
    size_t same = at != NULL ? (size_t)(at - lease->holder) + strlen(mark) : 0;
    int64_t pid = 0;

    if (same == 0 || strncmp(holder, lease->holder, same) != 0
        || !incload__parse_int64(holder + same, strspn(holder + same, "0123456789"), &pid) || pid <= 1
        || pid > INT32_MAX)
        return false;
    int saved = errno;
    bool gone = getpgid((pid_t)pid) < 0 && errno == ESRCH;
    errno = saved;
    return gone;
}

static bool
is_held(const incload__lease *lease, const lease_row *row)
{
    return row->exists && row->holder != NULL && row->expires_us > row->now_us
           && !process_is_gone(lease, row->holder);
}

/* By the run, which is one over all its attempts: the answer to taking it may have been lost with a connection. */
static bool
is_ours(const incload__lease *lease, const lease_row *row)
{
    return row->exists && row->holder != NULL && row->run_id != NULL && strcmp(row->run_id, lease->run_id) == 0;
}

static void
add_number_detail(incload_error **err, const char *key, int64_t value)
{
    incload__number text = incload__as_number(value);

    incload__error_add_detail(err, key, text.text);
}

/* To the second: who reads it wants to know whether to wait. */
static void
instant(int64_t us, char out[64])
{
    incload__format_timestamp(us - us % 1000000, false, out);
    out[strcspn(out, ".")] = '\0';
}

static int32_t
fail_held(const incload__lease *lease, const lease_row *row, incload_error **err)
{
    char since[64], until[64];
    bool first = err != NULL && *err == NULL;

    instant(row->taken_us, since);
    instant(row->expires_us, until);
    incload__fail(err, INCLOAD_E_BUSY,
                  "load '%s' is being run by %.199s since %s UTC (run %.32s): wait for it, by the run's option 'wait' "
                  "if you like; if that process is gone its lease is free after %s UTC",
                  lease->load, row->holder, since, row->run_id, until);
    if (!first)
        return INCLOAD_E_BUSY;
    incload__error_add_detail(err, "holder", row->holder);
    incload__error_add_detail(err, "run_id", row->run_id);
    add_number_detail(err, "epoch", row->epoch);
    add_number_detail(err, "taken_us", row->taken_us);
    add_number_detail(err, "expires_us", row->expires_us);
    return INCLOAD_E_BUSY;
}

int32_t
incload__lease_fail_lost(const incload__lease *lease, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_BUSY,
                         "this run of load '%s' lost its lease: it was not renewed in time (was the process or its "
                         "connection paused?) and another run has taken over; nothing of this run was kept",
                         lease->load);
}

/* Only if the row is still as it was read. *taken: it was. */
static int32_t
take_row(const incload__lease *lease, const incload__ledger *ledger, incload__conn *conn, const lease_row *row,
         bool *taken, incload_error **err)
{
    incload__number epoch = incload__as_number(row->epoch + 1), before = incload__as_number(row->epoch);
    incload__number ttl = incload__as_number(lease->ttl_us);
    const incload__param name = incload__text_param(lease->load), run = incload__text_param(lease->run_id);
    const incload__param holder = incload__text_param(lease->holder), to = incload__number_param(&epoch);
    const incload__param length = incload__number_param(&ttl), from = incload__number_param(&before);
    const incload__param was = incload__text_param(row->holder);
    incload_error *failure = NULL;
    int64_t affected = -1;
    int32_t status = INCLOAD_OK;

    INCLOAD__FAILPOINT_ON(status, conn, "lease.take.before", INCLOAD_E_CONNECT, err);
    if (status != INCLOAD_OK)
        return status;
    if (!row->exists) {
        const incload__param params[] = { name, to, run, holder, length };
        status = incload__state_execute(ledger, conn,
                                        "INSERT INTO {lease} (load_name, epoch, run_id, holder, taken_us, ttl_us)"
                                        " VALUES (?, ?, ?, ?, {now}, ?)",
                                        params, 5, NULL, &failure);
        *taken = status == INCLOAD_OK;
        if (status == INCLOAD_E_CONSTRAINT) {
            incload_error_unref(failure);
            return INCLOAD_OK;
        }
    } else {
        const incload__param params[] = { to, run, holder, length, name, from, was };
        status = incload__state_execute(
            ledger, conn,
            row->holder == NULL ? "UPDATE {lease} SET epoch = ?, run_id = ?, holder = ?, taken_us = {now}, ttl_us = ?"
                                  " WHERE load_name = ? AND epoch = ? AND holder IS NULL"
                                : "UPDATE {lease} SET epoch = ?, run_id = ?, holder = ?, taken_us = {now}, ttl_us = ?"
                                  " WHERE load_name = ? AND epoch = ? AND holder = ?",
            params, row->holder == NULL ? 6 : 7, &affected, &failure);
        *taken = status == INCLOAD_OK && affected == 1;
    }
    INCLOAD__FAILPOINT_ON(status, conn, "lease.taken", INCLOAD_E_CONNECT, &failure);
    incload__error_pass(err, failure);
    return status;
}

/* The row is locked for as long as a holder is between its fence and the end of its commit, and a file for as long as
 * anyone writes to it: after a moment that is as good as busy. The moment has to hold a write to a busy disk, too. */
static int32_t
take_in_time(const incload__lease *lease, const incload__ledger *ledger, incload__conn *conn, const lease_row *row,
             bool *taken, incload_error **err)
{
    int64_t deadline = conn->deadline_us;
    int64_t moment = incload__deadline_in(conn->env, TAKE_WAIT_MS);
    incload_error *failure = NULL;

    if (deadline != 0 && deadline < moment)
        moment = deadline;
    conn->deadline_us = moment;
    int32_t status = take_row(lease, ledger, conn, row, taken, &failure);
    conn->deadline_us = deadline;
    bool waited = status == INCLOAD_E_TIMEOUT || status == INCLOAD_E_CONFLICT;
    if (waited && moment != deadline && row->holder != NULL) {
        incload_error_unref(failure);
        return fail_held(lease, row, err);
    }
    if (waited && moment != deadline) {
        incload_error *told = NULL;
        status = incload__fail(&told, INCLOAD_E_BUSY,
                               "the lease of load '%s' is locked: another run is about to end or to begin, or another "
                               "program writes to the target; run it again, or let it wait by the run's option 'wait'",
                               lease->load);
        incload__error_set_cause(&told, failure);
        failure = told;
    }
    incload__error_pass(err, failure);
    return status;
}

static int32_t
copy_session(const incload__lease *lease, const char *text, char **session, incload_error **err)
{
    if (session == NULL || text == NULL)
        return INCLOAD_OK;
    incload__free(lease->mem, *session);
    *session = incload__strdup(lease->mem, text);
    return *session != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

/* It is the same for as long as the connection lasts. */
static void
keep_session(incload__conn *conn, const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;

    if (length < sizeof conn->session)
        memcpy(conn->session, text != NULL ? text : "", length + 1);
}

int32_t
incload__lease_take(incload__lease *lease, const incload__ledger *ledger, incload__conn *conn, char **session,
                    incload_error **err)
{
    lease_row row;

    /* Nothing is taken: only the session is to be known. */
    if (lease->ttl_us == 0 && conn->session[0] != '\0')
        return copy_session(lease, conn->session, session, err);
    for (int32_t i = 0; i < TAKE_ATTEMPTS; i++) {
        bool taken = false;
        int32_t status = read_lease(lease, ledger, conn, &row, err);
        const char *text = status == INCLOAD_OK ? incload__rows_get(&row.cells, 0, 1) : NULL;
        keep_session(conn, text);
        if (status == INCLOAD_OK)
            status = copy_session(lease, text, session, err);
        if (status == INCLOAD_OK && lease->ttl_us > 0 && is_ours(lease, &row)) {
            lease->epoch = row.epoch;
        } else if (status == INCLOAD_OK && lease->ttl_us > 0) {
            /* An epoch that is not in the row any more was another's turn, or ours that was given up. */
            lease->epoch = 0;
            lease->asked = !is_held(lease, &row);
            status = lease->asked ? take_in_time(lease, ledger, conn, &row, &taken, err) : fail_held(lease, &row, err);
            if (status == INCLOAD_OK)
                lease->asked = false;
            if (status == INCLOAD_OK && taken)
                lease->epoch = row.epoch + 1;
        }
        incload__rows_free(&row.cells);
        if (status != INCLOAD_OK || lease->ttl_us == 0 || lease->epoch != 0)
            return status;
    }
    return incload__fail(err, INCLOAD_E_BUSY,
                         "the lease of load '%s' changes hands faster than it can be taken: too many runs of it are "
                         "started at once",
                         lease->load);
}

int32_t
incload__lease_fence(const incload__lease *lease, const incload__ledger *ledger, incload__conn *conn,
                     incload_error **err)
{
    incload__number epoch = incload__as_number(lease->epoch);
    const incload__param params[] = { incload__text_param(lease->load), incload__number_param(&epoch),
                                      incload__text_param(lease->run_id) };
    int64_t affected = -1;
    int32_t status = incload__state_execute(ledger, conn,
                                            "UPDATE {lease} SET holder = NULL WHERE load_name = ? AND epoch = ?"
                                            " AND run_id = ? AND holder IS NOT NULL",
                                            params, 3, &affected, err);

    INCLOAD__FAILPOINT_ON(status, conn, "lease.fenced", INCLOAD_E_CONNECT, err);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "giving up the lease of load '%s'", lease->load);
    return affected == 1 ? INCLOAD_OK : incload__lease_fail_lost(lease, err);
}

int32_t
incload__lease_renew(const incload__lease *lease, const incload__ledger *ledger, incload__conn *conn,
                     incload_error **err)
{
    incload__number epoch = incload__as_number(lease->epoch), ttl = incload__as_number(lease->ttl_us);
    const incload__param name = incload__text_param(lease->load), number = incload__number_param(&epoch);
    const incload__param length = incload__number_param(&ttl);
    const incload__param renewed[] = { number, length, name, number }, made[] = { name, number, length };
    int64_t affected = -1;
    lease_row row;

    int32_t status = read_lease(lease, ledger, conn, &row, err);
    INCLOAD__FAILPOINT_ON(status, conn, "lease.renew.before", INCLOAD_E_CONNECT, err);
    bool ours = status == INCLOAD_OK && is_ours(lease, &row) && row.epoch == lease->epoch;
    incload__rows_free(&row.cells);
    if (status != INCLOAD_OK)
        return status;
    if (!ours)
        return incload__lease_fail_lost(lease, err);
    /* A later holder's renewal is never taken back; one of ours that comes too late counts for nothing. */
    status = incload__state_execute(ledger, conn,
                                    "UPDATE {beat} SET epoch = ?, expires_us = {now} + ? WHERE load_name = ?"
                                    " AND epoch <= ?",
                                    renewed, 4, &affected, err);
    if (status == INCLOAD_OK && affected != 1)
        status = incload__state_execute(ledger, conn,
                                        "INSERT INTO {beat} (load_name, epoch, expires_us) VALUES (?, ?, {now} + ?)",
                                        made, 3, NULL, err);
    INCLOAD__FAILPOINT_ON(status, conn, "lease.renewed", INCLOAD_E_CONNECT, err);
    return status;
}

/* By the run alone: whether it was taken, and in which epoch, is not known. */
static int32_t
release_if_taken(const incload__lease *lease, const incload__ledger *ledger, incload__conn *conn, incload_error **err)
{
    const incload__param params[] = { incload__text_param(lease->load), incload__text_param(lease->run_id) };

    return incload__state_execute(
        ledger, conn, "UPDATE {lease} SET holder = NULL WHERE load_name = ? AND run_id = ? AND holder IS NOT NULL",
        params, 2, NULL, err);
}

int32_t
incload__lease_release(incload__lease *lease, const incload__ledger *ledger, incload__conn *conn, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    INCLOAD__FAILPOINT_ON(status, conn, "lease.release.before", INCLOAD_E_CONNECT, err);
    if (status != INCLOAD_OK)
        return status;
    if (lease->epoch != 0)
        status = incload__lease_fence(lease, ledger, conn, err);
    else if (lease->asked)
        status = release_if_taken(lease, ledger, conn, err);
    INCLOAD__FAILPOINT_ON(status, conn, "lease.released", INCLOAD_E_CONNECT, err);
    lease->epoch = 0;
    lease->asked = false;
    return status;
}
