/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/libpq/copy_writer.h"
#include "driver/libpq/pq.h"
#include "driver/libpq/text_writer.h"

#include <string.h>

/* Rows are joined to this before libpq sees them: a call a row costs a fifth of the client's CPU. With the five bytes
 * of the message's head it is a multiple of what libpq sends at once; COPY data may be cut anywhere. */
enum { PIECE = 64 * 1024 - 5, MAX_KEPT = 8 * 1024 * 1024, ABANDON_MS = 2000 };

typedef struct pq_writer {
    incload__pq *pq;
    incload__schema schema;
    incload__copy_encoder *encoder; /* NULL: text */
    incload__str buffer;
    incload__str cell;
    char *doing;
    int64_t given;
    bool failed; /* the COPY is over already */
} pq_writer;

static pq_writer *
writer_of(incload__writer *writer)
{
    return (pq_writer *)(void *)writer;
}

static void
writer_free(pq_writer *writer)
{
    if (writer == NULL)
        return;
    const incload__mem *mem = &writer->pq->head.env->mem;
    incload__copy_encoder_free(writer->encoder);
    incload__schema_free(&writer->schema);
    incload__str_free(&writer->buffer);
    incload__str_free(&writer->cell);
    incload__free(mem, writer->doing);
    incload__free(mem, writer);
}

static pq_writer *
writer_new(incload__pq *pq, const char *table, const incload__schema *schema, incload_error **err)
{
    const incload__mem *mem = &pq->head.env->mem;
    pq_writer *writer = incload__alloc(mem, sizeof *writer);
    incload__str doing = INCLOAD__STR(mem);

    if (writer == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    writer->pq = pq;
    writer->buffer.mem = mem;
    writer->cell.mem = mem;
    incload__schema_init(&writer->schema, mem);
    incload__str_add(&doing, "writing into ");
    incload__str_add(&doing, table);
    writer->doing = incload__str_take(&doing);
    int32_t status =
        writer->doing != NULL ? incload__schema_copy(&writer->schema, schema, err) : incload__fail_memory(err);
    if (status == INCLOAD_OK)
        return writer;
    writer_free(writer);
    return NULL;
}

/* Binary only when every column has a form equal to the type that the server's column has now: binary data does not
 * tell its type, and eight bytes of one type are eight bytes of another. */
static int32_t
choose_format(pq_writer *writer, const char *table, const char *columns, incload_error **err)
{
    const incload__mem *mem = &writer->pq->head.env->mem;
    const incload__schema *schema = &writer->schema;
    incload__str sql = INCLOAD__STR(mem);
    PGresult *shape = NULL;
    uint32_t *oids = incload__alloc_array(mem, (size_t)schema->count, sizeof *oids);
    bool binary = true;

    incload__str_addf(&sql, "SELECT %s FROM %s", columns, table);
    int32_t status = oids == NULL || sql.failed ? incload__fail_memory(err) : INCLOAD_OK;
    if (status == INCLOAD_OK)
        status = incload__pq_shape(writer->pq, sql.data, writer->doing, &shape, err);
    if (status == INCLOAD_OK && PQnfields(shape) != schema->count)
        status = incload__fail(err, INCLOAD_E_PROTOCOL, "%s: the server described %d columns in place of %d",
                               writer->doing, PQnfields(shape), schema->count);
    for (int32_t i = 0; status == INCLOAD_OK && i < schema->count; i++) {
        oids[i] = PQftype(shape, i);
        binary = binary && incload__copy_encodable(schema->columns[i].type.kind, oids[i]);
    }
    if (status == INCLOAD_OK && binary)
        status = incload__copy_encoder_new(mem, schema, oids, &writer->encoder, err);
    PQclear(shape);
    incload__str_free(&sql);
    incload__free(mem, oids);
    return status;
}

static int32_t
start(pq_writer *writer, const char *table, const char *columns, incload_error **err)
{
    incload__str sql = INCLOAD__STR(&writer->pq->head.env->mem);

    incload__str_addf(&sql, "COPY %s (%s) FROM STDIN (FORMAT %s%s)", table, columns,
                      writer->encoder != NULL ? "binary" : "text", writer->pq->head.freezes ? ", FREEZE" : "");
    int32_t status = sql.failed ? incload__fail_memory(err)
                                : incload__pq_start_copy(writer->pq, sql.data, PGRES_COPY_IN, writer->doing, err);
    incload__str_free(&sql);
    if (status == INCLOAD_OK && writer->encoder != NULL)
        incload__copy_encode_header(&writer->buffer);
    return status;
}

/* By the types as the catalogue told them; the format is asked of the server when it is written. */
int32_t
incload__pq_write_text(incload__conn *conn, const char *table, const incload__schema *schema, incload__str *out,
                       incload_error **err)
{
    bool binary = true;

    for (int32_t i = 0; i < schema->count; i++)
        binary = binary && incload__copy_encodable(schema->columns[i].type.kind, schema->columns[i].native_id);
    incload__str_addf(out, "COPY %s (", table);
    int32_t status = incload__quote_columns(conn->dialect, out, schema, "", err);
    incload__str_addf(out, ") FROM STDIN%s%s%s", binary ? " (FORMAT binary" : "",
                      binary && conn->freezes ? ", FREEZE" : "", binary ? ")" : "");
    return status;
}

int32_t
incload__pq_write_open(incload__conn *conn, const char *table, const incload__schema *schema, incload__writer **out,
                       incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);
    incload__str columns = INCLOAD__STR(&conn->env->mem);
    int32_t status = incload__conn_check(conn, err);
    pq_writer *writer = NULL;

    *out = NULL;
    if (status == INCLOAD_OK && schema->count == 0)
        status = incload__fail(err, INCLOAD_E_INVALID, "writing into %s: there are no columns to write", table);
    if (status == INCLOAD_OK)
        status = incload__quote_columns(conn->dialect, &columns, schema, "", err);
    if (status == INCLOAD_OK && columns.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        writer = writer_new(pq, table, schema, err);
        status = writer != NULL ? choose_format(writer, table, columns.data, err) : INCLOAD_E_NO_MEMORY;
    }
    if (status == INCLOAD_OK)
        status = start(writer, table, columns.data, err);
    incload__str_free(&columns);
    if (status == INCLOAD_OK)
        *out = (incload__writer *)(void *)writer;
    else
        writer_free(writer);
    return status;
}

/* The server ends a COPY it cannot do whenever it likes; its reason is the statement's result. */
static int32_t
copy_refused(pq_writer *writer, incload_error **err)
{
    int64_t rows = 0;
    int32_t status = incload__pq_end_copy(writer->pq, &rows, writer->doing, err);

    if (status == INCLOAD_OK)
        status = incload__pq_reject(
            writer->pq, incload__fail(err, INCLOAD_E_PROTOCOL, "%s: the server ended the COPY early", writer->doing));
    return status;
}

/* Hands one piece to libpq, which must hold nothing by then: it would grow its own buffer and move it about. */
static int32_t
put_piece(pq_writer *writer, const char *bytes, size_t length, incload_error **err)
{
    incload__pq *pq = writer->pq;
    int32_t status = incload__pq_flush(pq, writer->doing, err);

    if (status == INCLOAD_OK)
        status = incload__pq_consume(pq, writer->doing, err);
    if (status != INCLOAD_OK)
        return status;
    int sent = PQputCopyData(pq->pg, bytes, (int)length);
    if (sent == 1)
        return INCLOAD_OK;
    if (PQstatus(pq->pg) == CONNECTION_BAD)
        return INCLOAD_E_CONNECT;
    return sent == 0 ? incload__fail_memory(err) : copy_refused(writer, err);
}

/* One huge row must not keep its memory for the rest of the load. */
static void
drop_front(incload__str *buffer, size_t count)
{
    incload__str kept = INCLOAD__STR(buffer->mem);
    size_t rest = buffer->length - count;

    if (buffer->capacity > MAX_KEPT) {
        incload__str_add_bytes(&kept, buffer->data + count, rest);
        incload__str_free(buffer);
        *buffer = kept;
        return;
    }
    if (rest > 0)
        memmove(buffer->data, buffer->data + count, rest);
    buffer->length = rest;
}

/* Hands over the pieces that are whole, in the end also the rest. */
static int32_t
put(pq_writer *writer, bool all, incload_error **err)
{
    incload__str *buffer = &writer->buffer;
    int32_t status = INCLOAD_OK;
    size_t at = 0;

    while (status == INCLOAD_OK && at < buffer->length && (all || buffer->length - at >= PIECE)) {
        size_t left = buffer->length - at;
        size_t length = left < PIECE ? left : PIECE;
        status = put_piece(writer, buffer->data + at, length, err);
        at += length;
    }
    drop_front(buffer, at);
    return status;
}

static int32_t
end_failed(pq_writer *writer, int32_t status, incload_error **err)
{
    writer->failed = true;
    if (status == INCLOAD_E_CONNECT && writer->pq->head.txn != INCLOAD__TXN_DEAD)
        status = incload__pq_lost(writer->pq, writer->doing, err);
    return incload__pq_abort(writer->pq, incload__pq_reject(writer->pq, status));
}

int32_t
incload__pq_write_batch(incload__writer *opaque, const incload__view *view, incload_error **err)
{
    pq_writer *writer = writer_of(opaque);
    const incload__dialect *dialect = writer->pq->head.dialect;
    int64_t row = 0;
    int32_t status = incload__conn_check(&writer->pq->head, err);

    if (status == INCLOAD_E_FORKED)
        return status;
    if (status == INCLOAD_OK && writer->failed)
        return incload__fail(err, INCLOAD_E_STATE, "%s has failed already", writer->doing);
    while (status == INCLOAD_OK && row < view->rows) {
        if (writer->encoder != NULL)
            status = incload__copy_encode(writer->encoder, view, &row, PIECE, &writer->buffer, err);
        else
            status =
                incload__text_encode(dialect, &writer->schema, view, &row, PIECE, &writer->cell, &writer->buffer, err);
        if (status == INCLOAD_OK && writer->buffer.length >= PIECE)
            status = put(writer, false, err);
    }
    if (status == INCLOAD_OK)
        writer->given += view->rows;
    return status == INCLOAD_OK ? INCLOAD_OK : end_failed(writer, status, err);
}

static int32_t
finish(pq_writer *writer, int64_t *rows, incload_error **err)
{
    incload__pq *pq = writer->pq;

    if (writer->encoder != NULL)
        incload__copy_encode_trailer(&writer->buffer);
    int32_t status = writer->buffer.failed ? incload__fail_memory(err) : put(writer, true, err);
    if (status == INCLOAD_OK)
        status = incload__pq_flush(pq, writer->doing, err);
    if (status != INCLOAD_OK)
        return status;
    if (PQputCopyEnd(pq->pg, NULL) != 1)
        return copy_refused(writer, err);
    status = incload__pq_end_copy(pq, rows, writer->doing, err);
    if (status == INCLOAD_OK && *rows != writer->given)
        status = incload__fail(err, INCLOAD_E_DATA,
                               "%s: the server kept %lld of %lld rows; a trigger or rule of the table drops some",
                               writer->doing, (long long)*rows, (long long)writer->given);
    return status;
}

void
incload__pq_write_abandon(incload__writer *opaque)
{
    pq_writer *writer = writer_of(opaque);
    incload_error *forked = NULL;

    if (writer == NULL)
        return;
    bool ours = incload__conn_check(&writer->pq->head, &forked) != INCLOAD_E_FORKED;
    incload_error_unref(forked);
    if (ours && !writer->failed) {
        incload__pq_reject(writer->pq, INCLOAD_E_CANCELLED);
        incload__pq_settle(writer->pq, INCLOAD__MANNER_RELEASE, ABANDON_MS);
    }
    writer_free(writer);
}

int32_t
incload__pq_write_close(incload__writer *opaque, int64_t *rows, incload_error **err)
{
    pq_writer *writer = writer_of(opaque);
    int64_t kept = 0;

    if (rows == NULL && err == NULL) {
        incload__pq_write_abandon(opaque);
        return INCLOAD_OK;
    }
    int32_t status = incload__conn_check(&writer->pq->head, err);
    if (status == INCLOAD_OK && writer->failed)
        status = incload__fail(err, INCLOAD_E_STATE, "%s has failed already", writer->doing);
    if (status == INCLOAD_OK)
        status = finish(writer, &kept, err);
    if (status != INCLOAD_OK && status != INCLOAD_E_FORKED)
        status = end_failed(writer, status, err);
    writer_free(writer);
    if (rows != NULL)
        *rows = status == INCLOAD_OK ? kept : 0;
    return status;
}
