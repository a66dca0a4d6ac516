/* SPDX-License-Identifier: Apache-2.0 */
/* Readers and writers at the caller's end: a box for what the worker's side owns. */
#include "batch/builder.h"
#include "driver/odbc/link.h"
#include "driver/odbc/writer.h"

struct incload__reader {
    incload__link *link;
    incload__odbc_reader *inner;
};

struct incload__writer {
    incload__link *link;
    incload__odbc_writer *inner;
    incload__call *call; /* the request that sends what was gathered before; NULL: none */
    int64_t taken;
    bool failed;
};

/* The thing of a reader or writer that is over. */
static int32_t
run_drop(incload__odbc_conn *conn, incload__call *call, incload_error **err)
{
    (void)err;
    incload__thing_drop(conn, call->thing);
    return INCLOAD_OK;
}

/* Nothing is left to do where a call was left behind: the worker frees what the connection owns. */
static void
drop(incload__link *link, void *thing, const char *doing)
{
    if (link->left || thing == NULL || incload__link_in_child(link))
        return;
    incload__call *call = incload__call_new(&link->base.env->mem, run_drop, doing);
    if (call == NULL)
        return; /* the connection keeps it until it is closed */
    call->manner = INCLOAD__MANNER_RELEASE;
    call->thing = thing;
    incload__link_run(link, &call, NULL);
    incload__call_free(call);
}

/* ---- reading ---- */

static int32_t
run_read_open(incload__odbc_conn *conn, incload__call *call, incload_error **err)
{
    incload__odbc_reader *reader = NULL;
    int32_t status = incload__odbc_read_open(conn, call->sql, call->params, call->count, &call->schema, &reader, err);

    call->thing = reader;
    return status;
}

static int32_t
run_read_next(incload__odbc_conn *conn, incload__call *call, incload_error **err)
{
    (void)conn;
    return incload__odbc_read_next(call->thing, call->max_rows, call->max_bytes, &call->number, err);
}

static int32_t
open_inner(incload__reader *reader, const char *sql, const incload__param *params, int32_t count,
           const incload__schema *schema, incload_error **err)
{
    incload__call *call = incload__call_new(&reader->link->base.env->mem, run_read_open, "reading");
    int32_t status = INCLOAD_OK;

    if (call == NULL || incload__call_set(call, sql, params, count) != INCLOAD_OK)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = incload__schema_copy(&call->schema, schema, err);
    if (status == INCLOAD_OK)
        status = incload__link_run(reader->link, &call, err);
    if (status == INCLOAD_OK)
        reader->inner = call->thing;
    incload__call_free(call);
    return status;
}

int32_t
incload__link_read_open(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                        const incload__schema *schema, incload__reader **out, incload_error **err)
{
    int32_t status = incload__conn_check(conn, err);

    *out = NULL;
    if (status != INCLOAD_OK)
        return status;
    incload__reader *reader = incload__alloc(&conn->env->mem, sizeof *reader);
    if (reader == NULL)
        return incload__fail_memory(err);
    reader->link = incload__link_of(conn);
    status = open_inner(reader, sql, params, count, schema, err);
    if (status == INCLOAD_OK)
        *out = reader;
    else
        incload__free(&conn->env->mem, reader);
    return status;
}

int32_t
incload__link_read_next(incload__reader *reader, incload__builder *builder, int64_t max_rows, int64_t max_bytes,
                        int64_t *rows, incload_error **err)
{
    incload__link *link = reader->link;
    int32_t status = incload__conn_check(&link->base, err);

    *rows = 0;
    if (status != INCLOAD_OK)
        return status;
    incload__call *call = incload__call_new(&link->base.env->mem, run_read_next, "reading");
    if (call == NULL)
        return incload__fail_memory(err);
    call->thing = reader->inner;
    call->max_rows = max_rows;
    call->max_bytes = max_bytes;
    /* Rows that are in it stay first: it goes along, and comes back by the swap below. */
    bool lend = incload__builder_rows(builder) > 0;
    if (lend)
        incload__builder_swap(builder, incload__odbc_reader_builder(reader->inner));
    status = incload__link_run(link, &call, err);
    if (call != NULL) {
        *rows = call->number;
        incload__builder_swap(builder, incload__odbc_reader_builder(reader->inner));
    }
    incload__call_free(call);
    return status;
}

void
incload__link_read_close(incload__reader *reader)
{
    if (reader == NULL)
        return;
    drop(reader->link, reader->inner, "ending a read");
    incload__free(&reader->link->base.env->mem, reader);
}

/* ---- writing ---- */

static int32_t
run_send(incload__odbc_conn *conn, incload__call *call, incload_error **err)
{
    (void)conn;
    return incload__write_send(call->thing, &call->number, err);
}

int32_t
incload__link_write_open(incload__conn *conn, const char *table, const incload__schema *schema, incload__writer **out,
                         incload_error **err)
{
    int32_t status = incload__conn_check(conn, err);

    *out = NULL;
    if (status != INCLOAD_OK)
        return status;
    if (conn->txn != INCLOAD__TXN_OPEN)
        return incload__fail(err, INCLOAD_E_STATE, "writing into %s needs an open transaction", table);
    if (schema->count < 1)
        return incload__fail(err, INCLOAD_E_INVALID, "writing into %s needs at least one column", table);

    incload__writer *writer = incload__alloc(&conn->env->mem, sizeof *writer);
    if (writer == NULL)
        return incload__fail_memory(err);
    writer->link = incload__link_of(conn);
    status = incload__gather_new(writer->link->far, table, schema, &writer->inner, err);
    if (status == INCLOAD_OK)
        *out = writer;
    else
        incload__free(&conn->env->mem, writer);
    return status;
}

/* Waits for the rows that are on their way. */
static int32_t
collect(incload__writer *writer, incload_error **err)
{
    if (writer->call == NULL)
        return INCLOAD_OK;
    int32_t status = incload__link_finish(writer->link, &writer->call, err);
    if (writer->call != NULL)
        writer->taken += writer->call->number;
    incload__call_free(writer->call);
    writer->call = NULL;
    return status;
}

/* Sends what is gathered, and does not wait for it: the next rows are gathered meanwhile. */
static int32_t
flush(incload__writer *writer, incload_error **err)
{
    int32_t status = collect(writer, err);

    if (status != INCLOAD_OK || writer->inner->filling->rows == 0)
        return status;
    incload__call *call = incload__call_new(&writer->link->base.env->mem, run_send, "writing");
    if (call == NULL)
        return incload__fail_memory(err);
    call->thing = writer->inner;
    incload__gather_turn(writer->inner);
    status = incload__link_start(writer->link, call, err);
    if (status == INCLOAD_OK)
        writer->call = call;
    else
        incload__call_free(call);
    return status;
}

static int32_t
write_rows(incload__writer *writer, const incload__view *view, incload_error **err)
{
    for (int64_t row = 0; row < view->rows; row++) {
        int32_t status = incload__gather_row(writer->inner, view, row, err);
        if (status != INCLOAD_OK)
            return status;
        if (incload__gather_full(writer->inner))
            status = flush(writer, err);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

/* The inner writer is looked at only after the connection was found whole. */
static int32_t
check(const incload__writer *writer, incload_error **err)
{
    int32_t status = incload__conn_check(&writer->link->base, err);

    if (status == INCLOAD_OK && writer->failed)
        status = incload__fail(err, INCLOAD_E_STATE, "writing into %s has failed before", writer->inner->table);
    return status;
}

int32_t
incload__link_write_batch(incload__writer *writer, const incload__view *view, incload_error **err)
{
    int32_t status = check(writer, err);

    if (status != INCLOAD_OK)
        return status;
    const incload__odbc_writer *inner = writer->inner;
    if (view->schema->count != inner->schema.count)
        return incload__fail(err, INCLOAD_E_INTERNAL, "a batch of %d columns for %d of %s", view->schema->count,
                             inner->schema.count, inner->table);
    status = write_rows(writer, view, err);
    writer->failed = status != INCLOAD_OK;
    return status;
}

int32_t
incload__link_write_close(incload__writer *writer, int64_t *rows, incload_error **err)
{
    int32_t status = check(writer, err);

    if (rows != NULL)
        *rows = 0;
    if (status == INCLOAD_OK)
        status = flush(writer, err);
    if (status == INCLOAD_OK)
        status = collect(writer, err);
    if (status == INCLOAD_OK && rows != NULL)
        *rows = writer->taken;
    incload__link_write_abandon(writer);
    return status;
}

void
incload__link_write_abandon(incload__writer *writer)
{
    if (writer == NULL)
        return;
    if (incload__link_in_child(writer->link))
        incload__call_free(writer->call); /* the worker is the parent's */
    else
        collect(writer, NULL);
    drop(writer->link, writer->inner, "ending a write");
    incload__free(&writer->link->base.env->mem, writer);
}
