/* SPDX-License-Identifier: Apache-2.0 */
/* A query's result as an Arrow stream: incload_database_query(), incload_call_query(). */
#include <errno.h>
#include <string.h>

#include "driver/call.h"
#include "driver/database.h"

enum { QUERY_BATCH_ROWS = 8192, QUERY_BATCH_BYTES = 1 << 20 };

typedef struct query_stream {
    incload_database *database;
    incload_call *call; /* that it belongs to; may be NULL */
    const incload__mem *mem;
    incload__conn *conn;
    incload__schema schema;
    incload__builder *builder;
    incload__reader *reader;
    incload_error *error;
    bool done;
} query_stream;

int32_t
incload__wrap_query(const incload__conn *conn, const char *query, const incload__schema *schema, incload__str *out,
                    incload_error **err)
{
    incload__str items = INCLOAD__STR(out->mem), plain = INCLOAD__STR(out->mem);
    const incload__dialect *dialect = conn->dialect;
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < schema->count && status == INCLOAD_OK; i++) {
        if (i > 0) {
            incload__str_add(&items, ", ");
            incload__str_add(&plain, ", ");
        }
        status = dialect->select_item(&items, &schema->columns[i], conn->wire, err);
        if (status == INCLOAD_OK)
            status = dialect->quote(&plain, "column", schema->columns[i].name, err);
    }
    if (status == INCLOAD_OK && (items.failed || plain.failed))
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        /* MariaDB may ignore an ORDER BY inside a derived table, so the query is only wrapped where it has to be. */
        if (strcmp(incload__str_text(&items), incload__str_text(&plain)) == 0) {
            incload__str_add(out, query);
        } else {
            incload__str_add(out, "SELECT ");
            incload__str_add(out, incload__str_text(&items));
            incload__str_addf(out, " FROM (%s) AS q", query);
        }
        if (out->failed)
            status = incload__fail_memory(err);
    }
    incload__str_free(&items);
    incload__str_free(&plain);
    return status;
}

static void
stream_free(query_stream *stream)
{
    incload_database *database = stream->database;
    const incload__mem *mem = stream->mem;

    if (stream->reader != NULL)
        stream->conn->driver->read_close(stream->reader);
    if (stream->conn != NULL) {
        stream->conn->driver->rollback(stream->conn, NULL);
        incload__database_give_back(database, stream->conn);
    }
    incload__builder_free(stream->builder);
    incload__schema_free(&stream->schema);
    incload_error_unref(stream->error);
    incload_call_unref(stream->call);
    incload__free(mem, stream);
    incload_database_unref(database);
}

/* The Arrow stream interface reports errors as errno values. */
static int
as_errno(int32_t status)
{
    switch (status) {
    case INCLOAD_OK:
        return 0;
    case INCLOAD_E_NO_MEMORY:
        return ENOMEM;
    case INCLOAD_E_CANCELLED:
        return ECANCELED;
    case INCLOAD_E_TIMEOUT:
        return ETIMEDOUT;
    default:
        return EIO;
    }
}

static int
get_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    query_stream *stream = self->private_data;

    return as_errno(incload__schema_export(&stream->schema, out, &stream->error));
}

static int
get_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    query_stream *stream = self->private_data;
    int64_t rows = 0;
    int32_t status = incload__entered_with(&stream->error);

    memset(out, 0, sizeof *out);
    if (status == INCLOAD_OK && !stream->done)
        status = stream->conn->driver->read_next(stream->reader, stream->builder, QUERY_BATCH_ROWS, QUERY_BATCH_BYTES,
                                                 &rows, &stream->error);
    if (status == INCLOAD_OK && rows > 0)
        status = incload__builder_finish(stream->builder, out, &stream->error);
    stream->done = rows == 0;
    return as_errno(status);
}

static const char *
get_last_error(struct ArrowArrayStream *self)
{
    const query_stream *stream = self->private_data;

    return stream->error != NULL ? incload_error_message(stream->error) : NULL;
}

static void
release(struct ArrowArrayStream *self)
{
    stream_free(self->private_data);
    self->release = NULL;
}

static int32_t
stream_open(query_stream *stream, const char *sql, incload_error **err)
{
    incload__conn *conn = stream->conn;
    incload__str text = INCLOAD__STR(stream->mem);
    int32_t status = conn->driver->begin(conn, err);

    if (status == INCLOAD_OK)
        status = conn->driver->describe(conn, sql, 0, &stream->schema, err);
    if (status == INCLOAD_OK)
        status = incload__wrap_query(conn, sql, &stream->schema, &text, err);
    if (status == INCLOAD_OK) {
        stream->builder = incload__builder_new(stream->mem, &stream->schema, err);
        status = stream->builder != NULL ? INCLOAD_OK : INCLOAD_E_NO_MEMORY;
    }
    if (status == INCLOAD_OK)
        status =
            conn->driver->read_open(conn, incload__str_text(&text), NULL, 0, &stream->schema, &stream->reader, err);
    incload__str_free(&text);
    return status;
}

int32_t
incload__database_query(incload_database *database, incload_call *call, const char *sql, struct ArrowArrayStream *out,
                        incload_error **err)
{
    const incload__env *env = incload__database_env(database);
    int64_t deadline = incload__database_statement_deadline(database);
    query_stream *stream = incload__alloc(&env->mem, sizeof *stream);

    if (stream == NULL)
        return incload__fail_memory(err);
    stream->database = incload_database_ref(database);
    stream->call = incload_call_ref(call);
    stream->mem = &env->mem;
    incload__schema_init(&stream->schema, &env->mem);

    int32_t status = incload__database_take_for(database, call, INCLOAD__ROLE_READ, deadline, &stream->conn, err);
    if (status == INCLOAD_OK)
        status = stream_open(stream, sql, err);
    if (status != INCLOAD_OK) {
        stream_free(stream);
        return status;
    }
    *out = (struct ArrowArrayStream){ get_schema, get_next, get_last_error, release, stream };
    return INCLOAD_OK;
}

int32_t
incload_database_query(incload_database *database, const char *sql, struct ArrowArrayStream *out, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (database == NULL || sql == NULL || out == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "database, sql and out must not be NULL");
    return incload__database_query(database, NULL, sql, out, err);
}
