/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's table. ODBC drivers change errno as they like; a host must not see that of it. */
#include <errno.h>

#include "driver/odbc/connect.h"

static int32_t
odbc_connect(const incload__connect *how, incload__conn **out, incload_error **err)
{
    int saved = errno;
    int32_t status = incload__odbc_connect(how, out, err);

    errno = saved;
    return status;
}

static void
odbc_close(incload__conn *conn)
{
    int saved = errno;

    incload__odbc_close(conn);
    errno = saved;
}

static int32_t
odbc_ping(incload__conn *conn, incload_error **err)
{
    int saved = errno;
    int32_t status = incload__odbc_ping(conn, err);

    errno = saved;
    return status;
}

static int32_t
odbc_execute(incload__conn *conn, const char *sql, const incload__param *params, int32_t count, int64_t *affected,
             incload_error **err)
{
    int saved = errno;
    int32_t status = incload__odbc_execute(conn, sql, params, count, affected, err);

    errno = saved;
    return status;
}

static int32_t
odbc_select(incload__conn *conn, const char *sql, const incload__param *params, int32_t count, incload__rows *rows,
            incload_error **err)
{
    int saved = errno;
    int32_t status = incload__odbc_select(conn, sql, params, count, rows, err);

    errno = saved;
    return status;
}

static int32_t
odbc_begin(incload__conn *conn, incload_error **err)
{
    int saved = errno;
    int32_t status = incload__odbc_begin(conn, err);

    errno = saved;
    return status;
}

static int32_t
odbc_commit(incload__conn *conn, incload_error **err)
{
    int saved = errno;
    int32_t status = incload__odbc_commit(conn, err);

    errno = saved;
    return status;
}

static int32_t
odbc_rollback(incload__conn *conn, incload_error **err)
{
    int saved = errno;
    int32_t status = incload__odbc_rollback(conn, err);

    errno = saved;
    return status;
}

static int32_t
odbc_describe(incload__conn *conn, const char *sql, int32_t param_count, incload__schema *out, incload_error **err)
{
    int saved = errno;
    int32_t status = incload__odbc_describe(conn, sql, param_count, out, err);

    errno = saved;
    return status;
}

static int32_t
odbc_read_open(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
               const incload__schema *schema, incload__reader **out, incload_error **err)
{
    int saved = errno;
    int32_t status = incload__odbc_read_open(conn, sql, params, count, schema, out, err);

    errno = saved;
    return status;
}

static int32_t
odbc_read_next(incload__reader *reader, incload__builder *builder, int64_t max_rows, int64_t max_bytes, int64_t *rows,
               incload_error **err)
{
    int saved = errno;
    int32_t status = incload__odbc_read_next(reader, builder, max_rows, max_bytes, rows, err);

    errno = saved;
    return status;
}

static void
odbc_read_close(incload__reader *reader)
{
    int saved = errno;

    incload__odbc_read_close(reader);
    errno = saved;
}

static int32_t
odbc_write_open(incload__conn *conn, const char *table, const incload__schema *schema, incload__writer **out,
                incload_error **err)
{
    int saved = errno;
    int32_t status = incload__odbc_write_open(conn, table, schema, out, err);

    errno = saved;
    return status;
}

static int32_t
odbc_write_batch(incload__writer *writer, const incload__view *view, incload_error **err)
{
    int saved = errno;
    int32_t status = incload__odbc_write_batch(writer, view, err);

    errno = saved;
    return status;
}

static int32_t
odbc_write_close(incload__writer *writer, int64_t *rows, incload_error **err)
{
    int saved = errno;
    int32_t status = incload__odbc_write_close(writer, rows, err);

    errno = saved;
    return status;
}

static void
odbc_write_abandon(incload__writer *writer)
{
    int saved = errno;

    incload__odbc_write_abandon(writer);
    errno = saved;
}

const incload__driver incload__driver_odbc = {
    .name = "odbc",
    .connect = odbc_connect,
    .close = odbc_close,
    .ping = odbc_ping,
    .cancel = incload__odbc_cancel,
    .execute = odbc_execute,
    .select = odbc_select,
    .begin = odbc_begin,
    .commit = odbc_commit,
    .rollback = odbc_rollback,
    .describe = odbc_describe,
    .read_open = odbc_read_open,
    .read_next = odbc_read_next,
    .read_close = odbc_read_close,
    .write_open = odbc_write_open,
    .write_batch = odbc_write_batch,
    .write_close = odbc_write_close,
    .write_abandon = odbc_write_abandon,
    .relay = NULL, /* no two ODBC drivers share an undecoded form */
};
