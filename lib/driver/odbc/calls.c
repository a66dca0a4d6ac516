/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's table: each function refuses what it can at once, makes a request of the rest, and takes its outputs. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "driver/odbc/link.h"

/* ---- connecting ---- */

static int32_t
run_connect(incload__odbc_conn *conn, incload__call *call, incload_error **err)
{
    return incload__odbc_open(conn, &call->list, call->application_name, err);
}

static incload__odbc_conn *
far_new(const incload__connect *how)
{
    incload__odbc_conn *far = incload__alloc(&how->env->mem, sizeof *far);

    if (far == NULL)
        return NULL;
    if (incload__monitor_init(&far->monitor) != INCLOAD_OK) {
        incload__free(&how->env->mem, far);
        return NULL;
    }
    pthread_mutex_init(&far->watch.lock, NULL);
    atomic_init(&far->watch.fired, false);
    atomic_init(&far->refs, 1);
    far->context = incload_context_ref(how->context);
    far->profile = &incload__odbc_profile_unknown;
    return far;
}

static void
base_init(incload__conn *base, const incload__connect *how)
{
    base->driver = &incload__driver_odbc;
    base->env = how->env;
    base->role = how->role;
    base->wire = INCLOAD__WIRE_TEXT;
    base->deadline_us = how->deadline_us;
    base->pid = (int32_t)getpid();
    atomic_init(&base->cancelled, false);
    atomic_init(&base->cancelled_us, 0);
}

static incload__link *
link_new(const incload__connect *how, incload_error **err)
{
    incload__link *link = incload__alloc(&how->env->mem, sizeof *link);

    if (link != NULL)
        link->far = far_new(how);
    if (link == NULL || link->far == NULL) {
        incload__free(&how->env->mem, link);
        incload__fail_memory(err);
        return NULL;
    }
    base_init(&link->base, how);
    base_init(&link->far->base, how);
    if (incload__worker_start(link->far, err) == INCLOAD_OK)
        return link;
    incload__odbc_conn_unref(link->far);
    incload__free(&how->env->mem, link);
    return NULL;
}

static incload__call *
connect_call(const incload__connect *how, incload__connstr *list, incload_error **err)
{
    incload__call *call = incload__call_new(&how->env->mem, run_connect, "odbc: connecting");

    if (call == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    /* The driver's own limits end it as well as SQLCancel could; it has no statement yet. */
    call->heeds_deadline = false;
    call->heeds_cancel = false;
    call->cancelled = how->cancelled;
    call->remedy = "check host and port, or raise the timeout";
    if (how->application_name != NULL)
        call->application_name = incload__strdup(call->mem, how->application_name);
    if (how->application_name != NULL && call->application_name == NULL) {
        incload__call_free(call);
        incload__fail_memory(err);
        return NULL;
    }
    call->list = *list;
    *list = (incload__connstr){ .mem = call->mem };
    return call;
}

/* The list is the worker's by now: where it leads was noted before. */
static int32_t
dial(incload__link *link, incload__call *call, const char *place, incload_error **err)
{
    bool first = err != NULL && *err == NULL;
    int32_t status = incload__link_run(link, &call, err);

    if (call == NULL && first)
        incload__error_prefix(err, "'%.200s'", place);
    incload__call_free(call);
    return status;
}

static int32_t
odbc_connect(const incload__connect *how, incload__conn **out, incload_error **err)
{
    incload__connstr list;
    char place[201];
    incload__link *link = NULL;
    int saved = errno;

    *out = NULL;
    int32_t status = incload__connstr_parse(&how->env->mem, how->url, &list, err);
    if (status != INCLOAD_OK)
        return status;
    const char *where = incload__odbc_place(&list);
    size_t length = strlen(where) < sizeof place ? strlen(where) : sizeof place - 1;
    memcpy(place, where, length);
    place[length] = '\0';

    incload__call *call = connect_call(how, &list, err);
    incload__connstr_free(&list);
    if (call != NULL)
        link = link_new(how, err);
    if (link == NULL) {
        incload__call_free(call);
        status = incload__entered_with(err);
        return status != INCLOAD_OK ? status : INCLOAD_E_CONNECT;
    }
    status = dial(link, call, place, err);
    if (status == INCLOAD_OK)
        *out = &link->base;
    else
        incload__link_close(&link->base);
    errno = saved;
    return status;
}

/* ---- statements ---- */

static int32_t
run_execute(incload__odbc_conn *conn, incload__call *call, incload_error **err)
{
    return incload__odbc_execute(conn, call->sql, call->params, call->count, &call->number, err);
}

static int32_t
run_select(incload__odbc_conn *conn, incload__call *call, incload_error **err)
{
    return incload__odbc_select(conn, call->sql, call->params, call->count, &call->rows, err);
}

static int32_t
run_describe(incload__odbc_conn *conn, incload__call *call, incload_error **err)
{
    return incload__odbc_describe(conn, call->sql, call->count, &call->schema, err);
}

/* A request with a statement, run. *call is NULL if it was left behind or never made. */
static int32_t
run_statement(incload__conn *conn, const char *doing,
              int32_t (*run)(incload__odbc_conn *conn, incload__call *call, incload_error **err), const char *sql,
              const incload__param *params, int32_t count, incload__call **call, incload_error **err)
{
    int32_t status = incload__conn_check(conn, err);

    *call = NULL;
    if (status != INCLOAD_OK)
        return status;
    *call = incload__call_new(&conn->env->mem, run, doing);
    if (*call == NULL)
        return incload__fail_memory(err);
    if (incload__call_set(*call, sql, params, params != NULL ? count : 0) != INCLOAD_OK)
        return incload__fail_memory(err);
    (*call)->count = count;
    return incload__link_run(incload__link_of(conn), call, err);
}

static int32_t
odbc_execute(incload__conn *conn, const char *sql, const incload__param *params, int32_t count, int64_t *affected,
             incload_error **err)
{
    incload__call *call;
    int32_t status = run_statement(conn, "running a statement", run_execute, sql, params, count, &call, err);

    if (affected != NULL)
        *affected = status == INCLOAD_OK ? call->number : -1;
    incload__call_free(call);
    return status;
}

static int32_t
odbc_select(incload__conn *conn, const char *sql, const incload__param *params, int32_t count, incload__rows *rows,
            incload_error **err)
{
    incload__call *call;
    int32_t status = run_statement(conn, "running a query", run_select, sql, params, count, &call, err);

    *rows = (incload__rows){ .mem = &conn->env->mem };
    if (status == INCLOAD_OK) {
        *rows = call->rows;
        call->rows = (incload__rows){ .mem = call->mem };
    }
    incload__call_free(call);
    return status;
}

static int32_t
odbc_describe(incload__conn *conn, const char *sql, int32_t param_count, incload__schema *out, incload_error **err)
{
    incload__call *call;
    int32_t status = run_statement(conn, "describing a query", run_describe, sql, NULL, param_count, &call, err);

    incload__schema_init(out, &conn->env->mem);
    if (status == INCLOAD_OK) {
        *out = call->schema;
        incload__schema_init(&call->schema, call->mem);
    }
    incload__call_free(call);
    return status;
}

static int32_t
odbc_ping(incload__conn *conn, incload_error **err)
{
    incload__rows rows;
    int32_t status = odbc_select(conn, "SELECT 1", NULL, 0, &rows, err);

    incload__rows_free(&rows);
    return status;
}

/* ---- transactions ---- */

static int32_t
run_begin(incload__odbc_conn *conn, incload__call *call, incload_error **err)
{
    int32_t status = incload__odbc_execute(conn, call->sql, NULL, 0, NULL, err);

    if (status == INCLOAD_OK)
        conn->base.txn = INCLOAD__TXN_OPEN;
    return status;
}

static int32_t
odbc_begin(incload__conn *conn, incload_error **err)
{
    const char *sql = conn->role == INCLOAD__ROLE_READ ? conn->dialect->begin_read : conn->dialect->begin_write;
    incload__call *call;
    int32_t status = incload__conn_check(conn, err);

    if (status != INCLOAD_OK)
        return status;
    if (conn->txn != INCLOAD__TXN_IDLE)
        return incload__fail(err, INCLOAD_E_STATE, "a transaction is open already");
    if (conn->begin_text != NULL)
        sql = conn->begin_text;
    status = run_statement(conn, "running a statement", run_begin, sql, NULL, 0, &call, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "beginning a transaction");
    incload__call_free(call);
    return status;
}

static int32_t
run_commit(incload__odbc_conn *conn, incload__call *call, incload_error **err)
{
    (void)call;
    return incload__odbc_commit(conn, err);
}

static int32_t
run_rollback(incload__odbc_conn *conn, incload__call *call, incload_error **err)
{
    (void)call;
    return incload__odbc_rollback(conn, err);
}

static int32_t
odbc_commit(incload__conn *conn, incload_error **err)
{
    int32_t status = incload__conn_check(conn, err);

    if (status != INCLOAD_OK)
        return status;
    if (conn->txn != INCLOAD__TXN_OPEN)
        return incload__fail(err, INCLOAD_E_STATE, "no transaction is open");
    incload__call *call = incload__call_new(&conn->env->mem, run_commit, "committing");
    if (call == NULL)
        return incload__fail_memory(err);
    call->heeds_cancel = false;
    call->is_commit = true;
    status = incload__link_run(incload__link_of(conn), &call, err);
    incload__call_free(call);
    return status;
}

static int32_t
odbc_rollback(incload__conn *conn, incload_error **err)
{
    if (conn->txn == INCLOAD__TXN_IDLE)
        return INCLOAD_OK;
    if (conn->txn == INCLOAD__TXN_DEAD || incload__link_in_child(incload__link_of(conn)))
        return incload__conn_check(conn, err);
    /* Even after a cancel and past the deadline, though not for ever. */
    int32_t status =
        incload__link_run_plain(incload__link_of(conn), run_rollback, INCLOAD__MANNER_ROLLBACK, "rolling back", err);
    if (status != INCLOAD_OK)
        conn->txn = INCLOAD__TXN_DEAD;
    return status;
}

const incload__driver incload__driver_odbc = {
    .name = "odbc",
    .connect = odbc_connect,
    .close = incload__link_close,
    .ping = odbc_ping,
    .cancel = incload__link_cancel,
    .execute = odbc_execute,
    .select = odbc_select,
    .begin = odbc_begin,
    .commit = odbc_commit,
    .rollback = odbc_rollback,
    .describe = odbc_describe,
    .read_open = incload__link_read_open,
    .read_next = incload__link_read_next,
    .read_close = incload__link_read_close,
    .write_open = incload__link_write_open,
    .write_batch = incload__link_write_batch,
    .writes_values = true,
    .write_close = incload__link_write_close,
    .write_abandon = incload__link_write_abandon,
    .relay = NULL, /* no two ODBC drivers share an undecoded form */
    .write_text = incload__link_write_text,
};
