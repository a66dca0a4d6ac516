/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/libpq/copy_reader.h"
#include "driver/libpq/params.h"
#include "driver/libpq/pq.h"

#include <string.h>

enum { CLOSE_MS = 2000 };

static const char reading[] = "reading a query";

typedef struct pq_reader {
    incload__pq *pq;
    incload__copy_decoder *decoder;
    int32_t param_count;
    int64_t rows;
    bool at_end; /* all data has come */
    bool ended;  /* and the server has confirmed it, or nothing more can be had */
} pq_reader;

static pq_reader *
reader_of(incload__reader *reader)
{
    return (pq_reader *)(void *)reader;
}

int32_t
incload__pq_copy_out(incload__pq *pq, const char *sql, const PGresult *shape, const incload__param *params,
                     int32_t count, incload__str *out, incload_error **err)
{
    incload__str_add(out, "COPY (");
    int32_t status = incload__pq_bind_copy(pq, sql, shape, params, count, out, err);
    /* On a line of its own: the query may end in a comment. */
    incload__str_add(out, "\n) TO STDOUT (FORMAT binary)");
    if (status == INCLOAD_OK && out->failed)
        status = incload__fail_memory(err);
    return status;
}

static int32_t
make_decoder(incload__pq *pq, const PGresult *shape, const incload__schema *schema, incload__copy_decoder **out,
             incload_error **err)
{
    const incload__mem *mem = &pq->head.env->mem;
    uint32_t *oids;

    if (PQnfields(shape) != schema->count)
        return incload__fail(err, INCLOAD_E_INVALID, "the query gives %d columns, but %d are expected",
                             PQnfields(shape), schema->count);
    oids = incload__alloc_array(mem, (size_t)schema->count, sizeof *oids);
    if (oids == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < schema->count; i++)
        oids[i] = PQftype(shape, i);
    int32_t status = incload__copy_decoder_new(mem, schema, oids, out, err);
    incload__free(mem, oids);
    return status;
}

static void
reader_free(pq_reader *reader)
{
    if (reader == NULL)
        return;
    incload__copy_decoder_free(reader->decoder);
    incload__free(&reader->pq->head.env->mem, reader);
}

int32_t
incload__pq_read_open(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                      const incload__schema *schema, incload__reader **out, incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);
    incload__str copy = INCLOAD__STR(&conn->env->mem);
    PGresult *shape = NULL;
    pq_reader *reader = incload__alloc(&conn->env->mem, sizeof *reader);
    int32_t status = reader != NULL ? INCLOAD_OK : incload__fail_memory(err);

    *out = NULL;
    if (status == INCLOAD_OK) {
        reader->pq = pq;
        reader->param_count = conn->txn == INCLOAD__TXN_IDLE ? count : 0;
        /* The types that the columns have now, not those that were planned with: binary data does not tell them. */
        status = incload__pq_shape(pq, sql, reading, &shape, err);
    }
    if (status == INCLOAD_OK)
        status = make_decoder(pq, shape, schema, &reader->decoder, err);
    if (status == INCLOAD_OK)
        status = incload__pq_copy_out(pq, sql, shape, params, count, &copy, err);
    if (status == INCLOAD_OK)
        status = incload__pq_start_copy(pq, copy.data, PGRES_COPY_OUT, reading, err);
    incload__str_free(&copy);
    PQclear(shape);
    if (status == INCLOAD_OK)
        *out = (incload__reader *)(void *)reader;
    else
        reader_free(reader);
    return status;
}

static int32_t
read_more(pq_reader *reader, incload__builder *builder, int64_t max_rows, int64_t max_bytes, int64_t *rows,
          incload_error **err)
{
    int64_t bytes = 0;
    int32_t status = incload__copy_decode(reader->decoder, NULL, 0, builder, max_rows, rows, err);

    while (status == INCLOAD_OK && !reader->at_end && *rows < max_rows && bytes < max_bytes) {
        char *data = NULL;
        int length = 0;
        status = incload__pq_copy_data(reader->pq, &data, &length, reading, err);
        reader->at_end = status == INCLOAD_OK && length == 0;
        if (status != INCLOAD_OK || length == 0)
            return status;
        status = incload__copy_decode(reader->decoder, data, (size_t)length, builder, max_rows, rows, err);
        PQfreemem(data);
        bytes += length;
    }
    return status;
}

static int32_t
read_end(pq_reader *reader, incload_error **err)
{
    int64_t rows = 0;
    int32_t status = incload__pq_end_copy(reader->pq, &rows, reading, err);

    reader->ended = true;
    if (status == INCLOAD_OK)
        status = incload__copy_decode_end(reader->decoder, err);
    if (status == INCLOAD_OK && rows != reader->rows)
        status = incload__pq_reject(
            reader->pq, incload__fail(err, INCLOAD_E_PROTOCOL, "%s: %lld rows came, and the server says it sent %lld",
                                      reading, (long long)reader->rows, (long long)rows));
    return status;
}

int32_t
incload__pq_read_next(incload__reader *opaque, incload__builder *builder, int64_t max_rows, int64_t max_bytes,
                      int64_t *rows, incload_error **err)
{
    pq_reader *reader = reader_of(opaque);

    *rows = 0;
    if (reader->ended)
        return reader->pq->head.txn == INCLOAD__TXN_DEAD ? incload__conn_check(&reader->pq->head, err) : INCLOAD_OK;
    int32_t status = incload__conn_check(&reader->pq->head, err);
    if (status == INCLOAD_E_FORKED)
        return status;
    if (status == INCLOAD_OK)
        status = read_more(reader, builder, max_rows, max_bytes, rows, err);
    reader->rows += *rows;
    /* Only an empty batch means the end, so the server's last word is heard before that is said. */
    if (status == INCLOAD_OK && reader->at_end && *rows == 0)
        return read_end(reader, err);
    if (status == INCLOAD_OK)
        return INCLOAD_OK;

    reader->ended = true;
    if (status == INCLOAD_E_CONNECT)
        return incload__pq_lost(reader->pq, reading, err);
    return incload__pq_abort(reader->pq, incload__pq_reject(reader->pq, status));
}

void
incload__pq_read_close(incload__reader *opaque)
{
    pq_reader *reader = reader_of(opaque);
    incload_error *forked = NULL;

    if (reader == NULL)
        return;
    bool ours = incload__conn_check(&reader->pq->head, &forked) != INCLOAD_E_FORKED;
    incload_error_unref(forked);
    if (ours && !reader->ended)
        incload__pq_settle(reader->pq, INCLOAD__MANNER_RELEASE, CLOSE_MS);
    if (ours)
        incload__pq_forget_params(reader->pq, reader->param_count);
    reader_free(reader);
}
