/* SPDX-License-Identifier: Apache-2.0 */
/* Rows from the script to the library, and from the library to the history. */
#include "driver/mock/mock.h"

#include <string.h>

struct incload__reader {
    incload__mock_conn *conn;
    const incload__mock_rule *answer; /* NULL: no rows */
    int64_t next;
};

struct incload__writer {
    incload__mock_conn *conn;
    char *table;
    int32_t columns;
    int64_t rows;
};

/* "DESCRIBE SELECT ...", "WRITE ROWS t" */
static char *
statement_text(const incload__mem *mem, const char *verb, const char *object)
{
    incload__str text = INCLOAD__STR(mem);

    incload__str_add(&text, verb);
    incload__str_add(&text, object);
    char *taken = incload__str_take(&text);
    incload__str_free(&text);
    return taken;
}

static int32_t
describe_answer(const incload__dialect *dialect, const incload__mock_rule *answer, incload__schema *out,
                incload_error **err)
{
    if (answer == NULL || answer->shape.names.count == 0)
        return incload__fail(err, INCLOAD_E_SQL,
                             "describing a query: nothing answers it; script it with incload_mock_answer_rows()");
    for (int64_t i = 0; i < answer->shape.names.count; i++) {
        const char *native = answer->shape.types.items[i];
        incload__type type = dialect->type_of(native);
        incload__column *column = incload__schema_add(out, answer->shape.names.items[i], native, type);
        if (column == NULL)
            return incload__fail_memory(err);
        column->nullable = true;
    }
    return INCLOAD_OK;
}

int32_t
incload__mock_describe(incload__conn *base, const char *sql, int32_t param_count, incload__schema *out,
                       incload_error **err)
{
    incload__mock_conn *conn = (incload__mock_conn *)base;
    const char *doing = "describing a query";
    incload__mock_verdict verdict;

    (void)param_count;
    incload__schema_init(out, &base->env->mem);
    char *text = statement_text(&base->env->mem, "DESCRIBE ", sql);
    if (text == NULL)
        return incload__fail_memory(err);
    int32_t status = incload__mock_start(conn, doing, text, false, NULL, 0, &verdict, err);
    incload__free(&base->env->mem, text);
    if (status != INCLOAD_OK)
        return status;

    const incload__mock_rule *answer = verdict.answer;
    if (answer == NULL || answer->shape.names.count == 0)
        answer = incload__mock_next_answer(conn->mock, sql);
    status = describe_answer(base->dialect, answer, out, err);
    if (status == INCLOAD_OK)
        status = incload__mock_finish(conn, doing, &verdict, err);
    else if (base->txn == INCLOAD__TXN_OPEN)
        base->txn = INCLOAD__TXN_FAILED;
    if (status != INCLOAD_OK)
        incload__schema_free(out);
    return status;
}

static int32_t
check_width(incload__mock_conn *conn, const incload__mock_rule *answer, const incload__schema *schema,
            incload_error **err)
{
    if (answer == NULL || answer->rows.count == 0 || answer->rows.columns == schema->count)
        return INCLOAD_OK;
    if (conn->base.txn == INCLOAD__TXN_OPEN)
        conn->base.txn = INCLOAD__TXN_FAILED;
    return incload__fail(err, INCLOAD_E_PROTOCOL, "reading: the scripted answer has %d columns where the query has %d",
                         (int)answer->rows.columns, (int)schema->count);
}

int32_t
incload__mock_read_open(incload__conn *base, const char *sql, const incload__param *params, int32_t count,
                        const incload__schema *schema, incload__reader **out, incload_error **err)
{
    incload__mock_conn *conn = (incload__mock_conn *)base;
    incload__mock_verdict verdict;

    *out = NULL;
    incload__reader *reader = incload__alloc(&base->env->mem, sizeof *reader);
    if (reader == NULL)
        return incload__fail_memory(err);
    int32_t status = incload__mock_start(conn, "reading", sql, false, params, count, &verdict, err);
    if (status == INCLOAD_OK)
        status = incload__mock_unanswered(conn, sql, &verdict, err);
    if (status == INCLOAD_OK)
        status = check_width(conn, verdict.answer, schema, err);
    if (status == INCLOAD_OK)
        status = incload__mock_finish(conn, "reading", &verdict, err);
    if (status != INCLOAD_OK) {
        incload__free(&base->env->mem, reader);
        return status;
    }
    reader->conn = conn;
    reader->answer = verdict.answer;
    *out = reader;
    return INCLOAD_OK;
}

static int32_t
put_cell(incload__builder *builder, int32_t column, const char *cell, incload_error **err)
{
    int32_t status = cell == NULL ? incload__put_null(builder, column)
                                  : incload__put_text(builder, column, cell, strlen(cell));

    if (status == INCLOAD_E_NO_MEMORY)
        return incload__fail_memory(err);
    if (status == INCLOAD_OK)
        return INCLOAD_OK;
    const incload__column *told = &incload__builder_schema(builder)->columns[column];
    char type[48];
    return incload__fail(err, status, "reading: a scripted cell of column '%s' is no %s", told->name,
                         incload__type_text(told->type, type, sizeof type));
}

static int32_t
put_row(incload__builder *builder, const incload__rows *rows, int64_t row, incload_error **err)
{
    for (int32_t i = 0; i < rows->columns; i++) {
        int32_t status = put_cell(builder, i, incload__rows_get(rows, row, i), err);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

int32_t
incload__mock_read_next(incload__reader *reader, incload__builder *builder, int64_t max_rows, int64_t max_bytes,
                        int64_t *rows, incload_error **err)
{
    incload__mock_conn *conn = reader->conn;
    const incload__rows *from = reader->answer != NULL ? &reader->answer->rows : NULL;
    incload__mock_verdict verdict;

    *rows = 0;
    int32_t status = incload__mock_start(conn, "reading", "FETCH", true, NULL, 0, &verdict, err);
    while (status == INCLOAD_OK && from != NULL && reader->next < from->count && *rows < max_rows) {
        if (*rows > 0 && max_bytes > 0 && incload__builder_bytes(builder) >= max_bytes)
            break;
        status = put_row(builder, from, reader->next, err);
        if (status != INCLOAD_OK)
            break;
        reader->next++;
        ++*rows;
    }
    if (status == INCLOAD_OK)
        return incload__mock_finish(conn, "reading", &verdict, err);
    if (conn->base.txn == INCLOAD__TXN_OPEN)
        conn->base.txn = INCLOAD__TXN_FAILED;
    return status;
}

void
incload__mock_read_close(incload__reader *reader)
{
    if (reader != NULL)
        incload__free(&reader->conn->base.env->mem, reader);
}

static int32_t
write_statement(incload__writer *writer, const char *verb, incload__mock_verdict *verdict, incload_error **err)
{
    const incload__mem *mem = &writer->conn->base.env->mem;
    char *text = statement_text(mem, verb, writer->table);

    if (text == NULL)
        return incload__fail_memory(err);
    int32_t status = incload__mock_start(writer->conn, "writing", text, false, NULL, 0, verdict, err);
    incload__free(mem, text);
    return status;
}

static void
writer_free(incload__writer *writer)
{
    const incload__mem *mem = &writer->conn->base.env->mem;

    incload__free(mem, writer->table);
    incload__free(mem, writer);
}

/* A write that broke off leaves nothing but rolling back. */
static void
fail_transaction(incload__mock_conn *conn)
{
    if (conn->base.txn == INCLOAD__TXN_OPEN)
        conn->base.txn = INCLOAD__TXN_FAILED;
}

int32_t
incload__mock_write_open(incload__conn *base, const char *table, const incload__schema *schema, incload__writer **out,
                         incload_error **err)
{
    incload__mock_verdict verdict;

    *out = NULL;
    if (base->txn == INCLOAD__TXN_IDLE)
        return incload__fail(err, INCLOAD_E_STATE, "a bulk write into %s needs an open transaction", table);
    incload__writer *writer = incload__alloc(&base->env->mem, sizeof *writer);
    if (writer == NULL)
        return incload__fail_memory(err);
    writer->conn = (incload__mock_conn *)base;
    writer->columns = schema->count;
    writer->table = incload__strdup(&base->env->mem, table);
    int32_t status = INCLOAD_OK;
    if (writer->table == NULL)
        status = incload__fail_memory(err);
    else
        status = write_statement(writer, "WRITE ", &verdict, err);
    if (status == INCLOAD_OK)
        status = incload__mock_finish(writer->conn, "writing", &verdict, err);
    if (status != INCLOAD_OK) {
        writer_free(writer);
        return status;
    }
    *out = writer;
    return INCLOAD_OK;
}

static bool
add_cell(incload__mock_chunk *chunk, const incload__view *view, int32_t column, int64_t row)
{
    incload__str text = INCLOAD__STR(INCLOAD__MOCK_MEM);
    char *copy = NULL;

    if (!incload__is_null(view, column, row)) {
        incload__cell_text(view, column, row, &text);
        copy = incload__str_take(&text);
        incload__str_free(&text);
        if (copy == NULL)
            return false;
    }
    if (incload__mock_push(&chunk->cells, copy))
        return true;
    incload__free(INCLOAD__MOCK_MEM, copy);
    return false;
}

static incload__mock_chunk *
chunk_new(const char *table, const incload__view *view)
{
    incload__mock_chunk *chunk = incload__alloc(INCLOAD__MOCK_MEM, sizeof *chunk);

    if (chunk == NULL)
        return NULL;
    chunk->table = incload__strdup(INCLOAD__MOCK_MEM, table);
    chunk->columns = view->schema->count;
    bool whole = chunk->table != NULL;
    for (int64_t row = 0; whole && row < view->rows; row++) {
        for (int32_t column = 0; whole && column < chunk->columns; column++)
            whole = add_cell(chunk, view, column, row);
    }
    if (whole)
        return chunk;
    incload__mock_chunks_free(chunk);
    return NULL;
}

int32_t
incload__mock_write_batch(incload__writer *writer, const incload__view *view, incload_error **err)
{
    incload__mock_conn *conn = writer->conn;
    incload__mock_verdict verdict;

    if (view->schema->count != writer->columns)
        return incload__fail(err, INCLOAD_E_INTERNAL, "writing into %s: a batch has %d columns, not %d", writer->table,
                             (int)view->schema->count, (int)writer->columns);
    int32_t status = write_statement(writer, "WRITE ROWS ", &verdict, err);
    if (status == INCLOAD_OK) {
        incload__mock_chunk *chunk = chunk_new(writer->table, view);
        if (chunk == NULL) {
            fail_transaction(conn);
            return incload__fail_memory(err);
        }
        *conn->pending_end = chunk;
        conn->pending_end = &chunk->next;
        writer->rows += view->rows;
        status = incload__mock_finish(conn, "writing", &verdict, err);
    }
    return status;
}

int32_t
incload__mock_write_close(incload__writer *writer, int64_t *rows, incload_error **err)
{
    incload__mock_verdict verdict;

    if (rows == NULL && err == NULL) {
        incload__mock_write_abandon(writer);
        return INCLOAD_OK;
    }
    int32_t status = write_statement(writer, "WRITE END ", &verdict, err);
    if (status == INCLOAD_OK)
        status = incload__mock_finish(writer->conn, "writing", &verdict, err);
    if (status == INCLOAD_OK && rows != NULL)
        *rows = writer->rows;
    writer_free(writer);
    return status;
}

void
incload__mock_write_abandon(incload__writer *writer)
{
    if (writer == NULL)
        return;
    fail_transaction(writer->conn);
    writer_free(writer);
}

int32_t
incload__mock_write_text(incload__conn *base, const char *table, const incload__schema *schema, incload__str *out,
                         incload_error **err)
{
    (void)base;
    (void)schema;
    (void)err;
    incload__str_addf(out, "WRITE %s", table);
    return INCLOAD_OK;
}
