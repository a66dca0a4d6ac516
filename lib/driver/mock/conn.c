/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's table: connections that follow the script. */
#define _DEFAULT_SOURCE
#include "driver/mock/mock.h"

#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "driver/mock/url.h"

static incload__mock_conn *
of(incload__conn *base)
{
    return (incload__mock_conn *)base;
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
    incload__mock_drop_pending(conn);
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

bool
incload__mock_in_child(const incload__conn *conn)
{
    return conn->pid != (int32_t)getpid();
}

static void
mock_close(incload__conn *base)
{
    incload__mock_conn *conn = of(base);

    if (!incload__mock_in_child(base)) {
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
    if (incload__mock_in_child(base))
        return;
    incload__monitor_lock(&conn->mock->monitor);
    incload__monitor_notify(&conn->mock->monitor);
    incload__monitor_unlock(&conn->mock->monitor);
}

/* What a server says of a statement that goes as the library means it to. */
static int64_t
usual_affected(const char *sql)
{
    bool one_row = incload__ascii_prefix(sql, "INSERT INTO ") && strstr(sql, " VALUES (") != NULL;
    bool fence = incload__ascii_prefix(sql, "UPDATE ") && strstr(sql, " SET holder = NULL WHERE ") != NULL;

    return one_row || fence ? 1 : 0;
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
        *affected = verdict.answer != NULL ? verdict.answer->affected : usual_affected(sql);
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

const incload__driver incload__driver_mock = {
    .name = "mock",
    .connect = mock_connect,
    .close = mock_close,
    .ping = mock_ping,
    .cancel = mock_cancel,
    .execute = mock_execute,
    .select = mock_select,
    .begin = incload__mock_begin,
    .commit = incload__mock_commit,
    .rollback = incload__mock_rollback,
    .describe = incload__mock_describe,
    .read_open = incload__mock_read_open,
    .read_next = incload__mock_read_next,
    .read_close = incload__mock_read_close,
    .write_open = incload__mock_write_open,
    .write_batch = incload__mock_write_batch,
    .write_close = incload__mock_write_close,
    .write_abandon = incload__mock_write_abandon,
    .write_text = incload__mock_write_text,
};
