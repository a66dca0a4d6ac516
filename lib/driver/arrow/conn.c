/* SPDX-License-Identifier: Apache-2.0 */
/* A host's Arrow stream as a source: one table, with the columns of the stream, that is read once and as it comes. */
#define _DEFAULT_SOURCE
#include "driver/arrow/arrow.h"

#include <string.h>
#include <unistd.h>

static int32_t
arrow_connect(const incload__connect *how, incload__conn **out, incload_error **err)
{
    *out = NULL;
    if (how->role != INCLOAD__ROLE_READ)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "a stream of rows is a source: nothing can be written or kept there");
    incload__arrow_conn *conn = incload__alloc(&how->env->mem, sizeof *conn);
    if (conn == NULL)
        return incload__fail_memory(err);
    conn->base.driver = &incload__driver_arrow;
    conn->base.dialect = &incload__dialect_arrow;
    conn->base.env = how->env;
    conn->base.role = how->role;
    conn->base.wire = INCLOAD__WIRE_BINARY;
    conn->base.pid = (int32_t)getpid();
    conn->base.streams = true;
    conn->base.once = true;
    atomic_init(&conn->base.cancelled, false);
    conn->stream = how->host_data;
    *out = &conn->base;
    return INCLOAD_OK;
}

static void
arrow_close(incload__conn *conn)
{
    incload__free(&conn->env->mem, conn);
}

static int32_t
arrow_ping(incload__conn *conn, incload_error **err)
{
    return incload__conn_check(conn, err);
}

static int32_t
refuse(incload_error **err)
{
    return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                         "a stream of rows knows no SQL: load it as a table, by any name");
}

static int32_t
arrow_execute(incload__conn *conn, const char *sql, const incload__param *params, int32_t count, int64_t *affected,
              incload_error **err)
{
    (void)conn;
    (void)sql;
    (void)params;
    (void)count;
    (void)affected;
    return refuse(err);
}

/* As the dialect's columns_query: name, type, '1' nullable or '0', not generated, no id, nothing required. */
static int32_t
answer_columns(const incload__schema *columns, incload__rows *rows, incload_error **err)
{
    char type[48];

    for (int32_t i = 0; i < columns->count; i++) {
        const incload__column *column = &columns->columns[i];
        const char *cells[] = { column->name, incload__type_text(column->type, type, sizeof type),
                                column->nullable ? "1" : "0", "0", "0", "0" };
        if (incload__rows_add(rows, cells, NULL, sizeof cells / sizeof cells[0]) != INCLOAD_OK) {
            incload__rows_free(rows);
            return incload__fail_memory(err);
        }
    }
    return INCLOAD_OK;
}

static int32_t
arrow_select(incload__conn *base, const char *sql, const incload__param *params, int32_t count, incload__rows *rows,
             incload_error **err)
{
    const incload__arrow_conn *conn = (const incload__arrow_conn *)base;
    int32_t status = incload__conn_check(base, err);

    (void)params;
    (void)count;
    *rows = (incload__rows){ .mem = &base->env->mem };
    if (status != INCLOAD_OK)
        return status;
    if (strcmp(sql, base->dialect->keys_query) == 0)
        return INCLOAD_OK;
    if (strcmp(sql, base->dialect->columns_query) != 0)
        return refuse(err);
    /* Before the target is looked at, or made. */
    status = incload__arrow_stream_check(conn->stream, err);
    return status == INCLOAD_OK ? answer_columns(incload__arrow_stream_columns(conn->stream), rows, err) : status;
}

static int32_t
arrow_begin(incload__conn *conn, incload_error **err)
{
    int32_t status = incload__conn_check(conn, err);

    if (status == INCLOAD_OK)
        conn->txn = INCLOAD__TXN_OPEN;
    return status;
}

static int32_t
arrow_end(incload__conn *conn, incload_error **err)
{
    (void)err;
    conn->txn = INCLOAD__TXN_IDLE;
    return INCLOAD_OK;
}

static int32_t
arrow_describe(incload__conn *conn, const char *sql, int32_t param_count, incload__schema *out, incload_error **err)
{
    (void)sql;
    (void)param_count;
    incload__schema_init(out, &conn->env->mem);
    return refuse(err);
}

static int32_t
arrow_write_open(incload__conn *conn, const char *table, const incload__schema *schema, incload__writer **out,
                 incload_error **err)
{
    (void)conn;
    (void)table;
    (void)schema;
    *out = NULL;
    return refuse(err);
}

/* What follows write_open is never reached. */
const incload__driver incload__driver_arrow = {
    .name = "arrow",
    .connect = arrow_connect,
    .close = arrow_close,
    .ping = arrow_ping,
    .cancel = incload__conn_set_cancelled,
    .execute = arrow_execute,
    .select = arrow_select,
    .begin = arrow_begin,
    .commit = arrow_end,
    .rollback = arrow_end,
    .describe = arrow_describe,
    .read_open = incload__arrow_read_open,
    .read_next = incload__arrow_read_next,
    .read_close = incload__arrow_read_close,
    .write_open = arrow_write_open,
};
