/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's table: connections that follow the script, and transactions as a server keeps them. */
#define _DEFAULT_SOURCE
#include "driver/mock/mock.h"

#include <string.h>
#include <unistd.h>

#include "driver/mock/url.h"

static incload__mock_conn *
of(incload__conn *base)
{
    return (incload__mock_conn *)base;
}

static void
drop_pending(incload__mock_conn *conn)
{
    incload__mock_chunks_free(conn->pending);
    conn->pending = NULL;
    conn->pending_end = &conn->pending;
}

void
incload__mock_break(incload__mock_conn *conn)
{
    conn->base.txn = INCLOAD__TXN_DEAD;
    drop_pending(conn);
}

static int32_t
lost(incload__mock_conn *conn, const char *doing, incload_error **err)
{
    incload__mock_break(conn);
    incload__fail(err, INCLOAD_E_CONNECT, "%s: the connection was lost (SQLSTATE 08006)", doing);
    incload__error_set_server(err, "08006", 0, true);
    return INCLOAD_E_CONNECT;
}

/* A statement that ended before it took effect, without a word from the server. */
static int32_t
interrupted(incload__mock_conn *conn, const char *doing, int32_t code, incload_error **err)
{
    const char *why = code == INCLOAD_E_CANCELLED ? "cancelled by the host" : "the deadline has passed";

    if (conn->base.txn == INCLOAD__TXN_OPEN)
        conn->base.txn = INCLOAD__TXN_FAILED;
    incload__fail(err, code, "%s: %s (SQLSTATE 57014)", doing, why);
    incload__error_set_server(err, "57014", 0, code == INCLOAD_E_TIMEOUT);
    return code;
}

/* Lets the scripted time pass. INCLOAD_E_CANCELLED or INCLOAD_E_TIMEOUT when something ended it early. */
static int32_t
pass_time(incload__mock_conn *conn, int64_t delay_us)
{
    const incload__env *env = conn->base.env;
    int64_t deadline = conn->base.deadline_us;
    int64_t now = incload__monotonic_us(env);
    int64_t end = now + delay_us;
    int64_t until = deadline != 0 && deadline < end ? deadline : end;

    incload__monitor_lock(&conn->mock->monitor);
    while (now < until && !atomic_load(&conn->base.cancelled)) {
        incload__monitor_wait(&conn->mock->monitor, env, until);
        now = incload__monotonic_us(env);
    }
    incload__monitor_unlock(&conn->mock->monitor);
    if (atomic_load(&conn->base.cancelled))
        return INCLOAD_E_CANCELLED;
    return now >= end ? INCLOAD_OK : INCLOAD_E_TIMEOUT;
}

static int32_t
scripted_failure(incload__mock_conn *conn, const char *doing, const incload__mock_rule *failure, incload_error **err)
{
    int32_t code =
        incload__conn_fail(&conn->base, err, doing, failure->sqlstate, failure->native_code, failure->message);

    if (conn->base.txn == INCLOAD__TXN_DEAD)
        drop_pending(conn);
    return code;
}

static int32_t
play(incload__mock_conn *conn, const char *doing, const incload__mock_verdict *verdict, incload_error **err)
{
    int32_t status = pass_time(conn, verdict->delay_us);

    if (verdict->cancel) {
        atomic_store(&conn->base.cancelled, true);
        status = INCLOAD_E_CANCELLED;
    }
    if (status != INCLOAD_OK)
        return interrupted(conn, doing, status, err);
    if (verdict->drop_before)
        return lost(conn, doing, err);
    if (verdict->failure != NULL)
        return scripted_failure(conn, doing, verdict->failure, err);
    return INCLOAD_OK;
}

int32_t
incload__mock_start(incload__mock_conn *conn, const char *doing, const char *text, bool event,
                    const incload__param *params, int32_t count, incload__mock_verdict *verdict, incload_error **err)
{
    int32_t status = incload__conn_check(&conn->base, err);

    if (status == INCLOAD_OK)
        status = incload__mock_arrive(conn->mock, conn->number, text, event, params, count, verdict, err);
    if (status == INCLOAD_OK)
        status = play(conn, doing, verdict, err);
    return status;
}

static void
mark_applied(incload__mock_conn *conn, const incload__mock_verdict *verdict)
{
    if (verdict->statement < 0)
        return;
    incload__monitor_lock(&conn->mock->monitor);
    incload__mock_applied(conn->mock, verdict->statement);
    incload__monitor_unlock(&conn->mock->monitor);
}

int32_t
incload__mock_finish(incload__mock_conn *conn, const char *doing, const incload__mock_verdict *verdict,
                     incload_error **err)
{
    mark_applied(conn, verdict);
    return verdict->drop_after ? lost(conn, doing, err) : INCLOAD_OK;
}

int32_t
incload__mock_unanswered(incload__mock_conn *conn, const char *text, const incload__mock_verdict *verdict,
                         incload_error **err)
{
    if (!verdict->strict || verdict->answer != NULL)
        return INCLOAD_OK;
    if (conn->base.txn == INCLOAD__TXN_OPEN)
        conn->base.txn = INCLOAD__TXN_FAILED;
    incload__fail(err, INCLOAD_E_SQL, "the mock is strict and nothing answers: %.200s", text);
    incload__error_set_server(err, "42000", 0, false);
    return INCLOAD_E_SQL;
}

static incload__mock_conn *
conn_new(const incload__connect *how, const incload__mock_url *url)
{
    incload__mock_conn *conn = incload__alloc(&how->env->mem, sizeof *conn);

    if (conn == NULL)
        return NULL;
    conn->base.driver = &incload__driver_mock;
    conn->base.dialect = url->dialect;
    conn->base.env = how->env;
    conn->base.role = how->role;
    conn->base.wire = INCLOAD__WIRE_TEXT;
    conn->base.server_version = url->version;
    conn->base.deadline_us = how->deadline_us;
    conn->base.pid = (int32_t)getpid();
    conn->base.streams = true;
    atomic_init(&conn->base.cancelled, false);
    conn->mock = incload_mock_ref(how->host_data);
    conn->pending_end = &conn->pending;
    return conn;
}

static void
conn_free(incload__mock_conn *conn)
{
    drop_pending(conn);
    incload_mock_unref(conn->mock);
    incload__free(&conn->base.env->mem, conn);
}

static int32_t
mock_connect(const incload__connect *how, incload__conn **out, incload_error **err)
{
    incload__mock_verdict verdict;
    incload__mock_url url;

    *out = NULL;
    if (how->host_data == NULL)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "a mock: database needs its mock: make it with incload_mock_database()");
    int32_t status = incload__mock_url_read(how->url, &url, err);
    if (status != INCLOAD_OK)
        return status;
    incload__mock_conn *conn = conn_new(how, &url);
    if (conn == NULL)
        return incload__fail_memory(err);

    status = incload__mock_start(conn, "connecting", "CONNECT", true, NULL, 0, &verdict, err);
    if (status == INCLOAD_OK)
        status = incload__mock_finish(conn, "connecting", &verdict, err);
    if (status != INCLOAD_OK) {
        conn_free(conn);
        return status;
    }
    conn->base.deadline_us = 0;
    incload__monitor_lock(&conn->mock->monitor);
    conn->number = ++conn->mock->connections;
    conn->mock->open_connections++;
    incload__monitor_unlock(&conn->mock->monitor);
    *out = &conn->base;
    return INCLOAD_OK;
}

/* In a forked child the lock may be held for ever, by a thread that is not there. */
static bool
in_child(const incload__conn *conn)
{
    return conn->pid != (int32_t)getpid();
}

static void
mock_close(incload__conn *base)
{
    incload__mock_conn *conn = of(base);

    if (!in_child(base)) {
        incload__monitor_lock(&conn->mock->monitor);
        conn->mock->open_connections--;
        incload__monitor_unlock(&conn->mock->monitor);
    }
    conn_free(conn);
}

static int32_t
mock_ping(incload__conn *base, incload_error **err)
{
    incload__mock_verdict verdict;

    int32_t status = incload__mock_start(of(base), "pinging", "PING", true, NULL, 0, &verdict, err);
    return status == INCLOAD_OK ? incload__mock_finish(of(base), "pinging", &verdict, err) : status;
}

static void
mock_cancel(incload__conn *base)
{
    incload__mock_conn *conn = of(base);

    atomic_store(&base->cancelled, true);
    if (in_child(base))
        return;
    incload__monitor_lock(&conn->mock->monitor);
    incload__monitor_notify(&conn->mock->monitor);
    incload__monitor_unlock(&conn->mock->monitor);
}

static int32_t
mock_execute(incload__conn *base, const char *sql, const incload__param *params, int32_t count, int64_t *affected,
             incload_error **err)
{
    incload__mock_verdict verdict;

    int32_t status = incload__mock_start(of(base), "executing", sql, false, params, count, &verdict, err);
    if (status == INCLOAD_OK)
        status = incload__mock_unanswered(of(base), sql, &verdict, err);
    if (status == INCLOAD_OK)
        status = incload__mock_finish(of(base), "executing", &verdict, err);
    if (status == INCLOAD_OK && affected != NULL)
        *affected = verdict.answer != NULL ? verdict.answer->affected : 0;
    return status;
}

static int32_t
copy_rows(incload__rows *to, const incload__rows *from)
{
    for (int64_t i = 0; i < from->count; i++) {
        const char *const *cells = (const char *const *)(from->cells + i * from->columns);
        int32_t status = incload__rows_add(to, cells, NULL, from->columns);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

static int32_t
answer(incload__mock_conn *conn, const char *sql, const incload__param *params, int32_t count,
       const incload__mock_verdict *verdict, incload__rows *rows, incload_error **err)
{
    bool known = true;
    int32_t status;

    if (verdict->answer != NULL)
        status = copy_rows(rows, &verdict->answer->rows);
    else
        status = incload__mock_catalog(conn->mock, conn->base.dialect, sql, params, count, rows, &known);
    if (status != INCLOAD_OK)
        return incload__fail_memory(err);
    return known ? INCLOAD_OK : incload__mock_unanswered(conn, sql, verdict, err);
}

static int32_t
mock_select(incload__conn *base, const char *sql, const incload__param *params, int32_t count, incload__rows *rows,
            incload_error **err)
{
    incload__mock_verdict verdict;

    *rows = (incload__rows){ .mem = &base->env->mem };
    int32_t status = incload__mock_start(of(base), "selecting", sql, false, params, count, &verdict, err);
    if (status == INCLOAD_OK)
        status = answer(of(base), sql, params, count, &verdict, rows, err);
    if (status == INCLOAD_OK)
        status = incload__mock_finish(of(base), "selecting", &verdict, err);
    if (status != INCLOAD_OK)
        incload__rows_free(rows);
    return status;
}

static int32_t
mock_begin(incload__conn *base, incload_error **err)
{
    incload__mock_verdict verdict;
    const char *sql = base->role == INCLOAD__ROLE_READ ? base->dialect->begin_read : base->dialect->begin_write;

    if (base->txn == INCLOAD__TXN_OPEN)
        return incload__fail(err, INCLOAD_E_STATE, "a transaction is open already: commit it or roll it back first");
    int32_t status = incload__mock_start(of(base), "beginning a transaction", sql, false, NULL, 0, &verdict, err);
    if (status != INCLOAD_OK)
        return status;
    base->txn = INCLOAD__TXN_OPEN;
    return incload__mock_finish(of(base), "beginning a transaction", &verdict, err);
}

static int32_t
outcome_unknown(incload__mock_conn *conn, incload_error **err)
{
    incload__mock_break(conn);
    incload__fail(err, INCLOAD_E_COMMIT_UNKNOWN,
                  "the connection was lost inside COMMIT (SQLSTATE 08007): the ledger knows whether it took effect");
    incload__error_set_server(err, "08007", 0, false);
    return INCLOAD_E_COMMIT_UNKNOWN;
}

/* The rows move by their links: no allocation can fail between the effect and its record. */
static void
commit_effect(incload__mock_conn *conn, const incload__mock_verdict *verdict)
{
    incload_mock *mock = conn->mock;

    incload__monitor_lock(&mock->monitor);
    if (conn->pending != NULL) {
        *mock->chunks_end = conn->pending;
        mock->chunks_end = conn->pending_end;
    }
    mock->commits++;
    incload__mock_applied(mock, verdict->statement);
    incload__monitor_unlock(&mock->monitor);
    conn->pending = NULL;
    conn->pending_end = &conn->pending;
    conn->base.txn = INCLOAD__TXN_IDLE;
}

static bool
breaks_the_wire(const incload__mock_conn *conn, const incload__mock_verdict *verdict)
{
    const incload__mock_rule *failure = verdict->failure;

    if (verdict->drop_before)
        return true;
    return failure != NULL
           && conn->base.dialect->classify(failure->sqlstate, failure->native_code).code == INCLOAD_E_CONNECT;
}

static int32_t
mock_commit(incload__conn *base, incload_error **err)
{
    incload__mock_conn *conn = of(base);
    incload__mock_verdict verdict;

    int32_t status = incload__conn_check(base, err);
    if (status != INCLOAD_OK)
        return status;
    if (base->txn != INCLOAD__TXN_OPEN)
        return incload__fail(err, INCLOAD_E_STATE, "no transaction is open: there is nothing to commit");
    status = incload__mock_arrive(conn->mock, conn->number, "COMMIT", false, NULL, 0, &verdict, err);
    if (status != INCLOAD_OK)
        return status;

    /* A cancel comes too late for a COMMIT under way, and a server goes on when its client has left. */
    int32_t waited = pass_time(conn, verdict.delay_us);
    if (breaks_the_wire(conn, &verdict))
        return outcome_unknown(conn, err);
    if (verdict.failure != NULL && waited != INCLOAD_E_TIMEOUT)
        return scripted_failure(conn, "committing", verdict.failure, err);
    if (verdict.failure == NULL)
        commit_effect(conn, &verdict);
    if (verdict.cancel)
        atomic_store(&base->cancelled, true);
    if (verdict.drop_after || waited == INCLOAD_E_TIMEOUT)
        return outcome_unknown(conn, err);
    return INCLOAD_OK;
}

/* Rolling back must work when nothing else does: cancelled, past the deadline, after a failure. */
static int32_t
mock_rollback(incload__conn *base, incload_error **err)
{
    incload__mock_conn *conn = of(base);
    incload__mock_verdict verdict;

    if (in_child(base) || base->txn == INCLOAD__TXN_DEAD)
        return incload__conn_check(base, err);
    if (base->txn == INCLOAD__TXN_IDLE)
        return INCLOAD_OK;
    int32_t status = incload__mock_arrive(conn->mock, conn->number, "ROLLBACK", false, NULL, 0, &verdict, err);
    if (status != INCLOAD_OK) {
        incload__mock_break(conn);
        return status;
    }
    status = pass_time(conn, verdict.delay_us);
    if (verdict.drop_before)
        return lost(conn, "rolling back", err);
    if (verdict.failure != NULL)
        status = scripted_failure(conn, "rolling back", verdict.failure, err);
    else if (status == INCLOAD_E_TIMEOUT && verdict.delay_us > 0)
        status = interrupted(conn, "rolling back", status, err);
    else
        status = INCLOAD_OK;
    if (status != INCLOAD_OK) {
        incload__mock_break(conn);
        return status;
    }
    drop_pending(conn);
    base->txn = INCLOAD__TXN_IDLE;
    if (verdict.cancel)
        atomic_store(&base->cancelled, true);
    return incload__mock_finish(conn, "rolling back", &verdict, err);
}

const incload__driver incload__driver_mock = {
    .name = "mock",
    .connect = mock_connect,
    .close = mock_close,
    .ping = mock_ping,
    .cancel = mock_cancel,
    .execute = mock_execute,
    .select = mock_select,
    .begin = mock_begin,
    .commit = mock_commit,
    .rollback = mock_rollback,
    .describe = incload__mock_describe,
    .read_open = incload__mock_read_open,
    .read_next = incload__mock_read_next,
    .read_close = incload__mock_read_close,
    .write_open = incload__mock_write_open,
    .write_batch = incload__mock_write_batch,
    .write_close = incload__mock_write_close,
    .write_abandon = incload__mock_write_abandon,
};
