/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks of any size become batches of the size that is wanted: one chunk is held at a time, and taken in parts. */
#include <string.h>

#include "batch/import.h"
#include "driver/arrow/arrow.h"

/* Rows are taken a few at a time, so that a batch ends soon behind its limit in bytes, however long they are. */
enum { FIRST_ROWS = 16, MOST_ROWS = 4096 };

struct incload__reader {
    incload__arrow_conn *conn;
    const incload__schema *wanted;
    int64_t *children;           /* of the stream, for each wanted column */
    incload__importing *columns; /* of the chunk, for each wanted column */
    struct ArrowArray chunk;
    int64_t next; /* row of the chunk */
    bool ended;
};

static int32_t
find_child(const struct ArrowSchema *schema, const char *name, int64_t *out, incload_error **err)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->name != NULL && strcmp(schema->children[i]->name, name) == 0) {
            *out = i;
            return INCLOAD_OK;
        }
    }
    return incload__fail(err, INCLOAD_E_NOT_FOUND, "the stream has no column '%.64s'", name);
}

static int32_t
find_children(incload__reader *reader, incload_error **err)
{
    const incload__schema *wanted = reader->wanted;
    const struct ArrowSchema *schema = incload__arrow_stream_schema(reader->conn->stream);
    const incload__mem *mem = &reader->conn->base.env->mem;
    int32_t status = INCLOAD_OK;

    reader->children = incload__alloc_array(mem, (size_t)wanted->count, sizeof *reader->children);
    reader->columns = incload__alloc_array(mem, (size_t)wanted->count, sizeof *reader->columns);
    if (reader->children == NULL || reader->columns == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < wanted->count && status == INCLOAD_OK; i++)
        status = find_child(schema, wanted->columns[i].name, &reader->children[i], err);
    return status;
}

static void
reader_free(incload__reader *reader)
{
    const incload__mem *mem = &reader->conn->base.env->mem;

    incload__array_release(&reader->chunk);
    incload__free(mem, reader->children);
    incload__free(mem, reader->columns);
    incload__free(mem, reader);
}

int32_t
incload__arrow_read_open(incload__conn *base, const char *sql, const incload__param *params, int32_t count,
                         const incload__schema *schema, incload__reader **out, incload_error **err)
{
    incload__arrow_conn *conn = (incload__arrow_conn *)base;
    int32_t status = incload__conn_check(base, err);

    (void)sql;
    (void)params;
    *out = NULL;
    if (status == INCLOAD_OK && count > 0)
        status = incload__fail(err, INCLOAD_E_UNSUPPORTED, "a stream of rows cannot be asked for some of them");
    if (status != INCLOAD_OK)
        return status;
    incload__reader *reader = incload__alloc(&base->env->mem, sizeof *reader);
    if (reader == NULL)
        return incload__fail_memory(err);
    reader->conn = conn;
    reader->wanted = schema;
    status = find_children(reader, err);
    if (status == INCLOAD_OK)
        status = incload__arrow_stream_claim(conn->stream, err);
    if (status != INCLOAD_OK) {
        reader_free(reader);
        return status;
    }
    base->spent = true;
    *out = reader;
    return INCLOAD_OK;
}

/* The next chunk that has rows, checked; none at the end. */
static int32_t
next_chunk(incload__reader *reader, incload_error **err)
{
    const struct ArrowSchema *schema = incload__arrow_stream_schema(reader->conn->stream);
    int32_t status = INCLOAD_OK;

    while (status == INCLOAD_OK && !reader->ended && reader->next >= reader->chunk.length) {
        incload__array_release(&reader->chunk);
        reader->chunk.length = reader->next = 0;
        status = incload__conn_check(&reader->conn->base, err);
        if (status == INCLOAD_OK)
            status = incload__arrow_stream_next(reader->conn->stream, &reader->chunk, err);
        reader->ended = status != INCLOAD_OK || reader->chunk.release == NULL;
        if (!reader->ended)
            status = incload__import_check(schema, &reader->chunk, err);
        for (int32_t i = 0; i < reader->wanted->count && status == INCLOAD_OK && !reader->ended; i++)
            status = incload__import_open(schema, &reader->chunk, reader->children[i], &reader->wanted->columns[i],
                                          &reader->columns[i], err);
    }
    return status;
}

/* How many rows may be taken before it is looked again at the bytes. */
static int64_t
rows_to_take(const incload__builder *builder, int64_t taken, int64_t max_bytes)
{
    int64_t bytes = incload__builder_bytes(builder);

    if (taken == 0)
        return FIRST_ROWS;
    if (max_bytes <= 0 || bytes <= 0)
        return MOST_ROWS;
    int64_t room = (max_bytes - bytes) / (bytes / taken + 1);
    return room < 1 ? 1 : room < MOST_ROWS ? room : MOST_ROWS;
}

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int32_t
incload__arrow_read_next(incload__reader *reader, incload__builder *builder, int64_t max_rows, int64_t max_bytes,
                         int64_t *rows, incload_error **err)
{
    int32_t status = incload__conn_check(&reader->conn->base, err);

    *rows = 0;
    while (status == INCLOAD_OK && *rows < max_rows) {
        if (*rows > 0 && max_bytes > 0 && incload__builder_bytes(builder) >= max_bytes)
            break;
        status = next_chunk(reader, err);
        if (status != INCLOAD_OK || reader->ended)
            break;
        int64_t count = least(rows_to_take(builder, *rows, max_bytes),
                              least(max_rows - *rows, reader->chunk.length - reader->next));
        for (int32_t i = 0; i < reader->wanted->count && status == INCLOAD_OK; i++)
            status = incload__import_take(&reader->columns[i], reader->next, count, builder, i, err);
        reader->next += count;
        *rows += count;
    }
    if (status != INCLOAD_OK && reader->conn->base.txn == INCLOAD__TXN_OPEN)
        reader->conn->base.txn = INCLOAD__TXN_FAILED;
    return status;
}

void
incload__arrow_read_close(incload__reader *reader)
{
    if (reader == NULL)
        return;
    incload__array_release(&reader->chunk);
    incload__arrow_stream_end(reader->conn->stream);
    reader_free(reader);
}
