/* SPDX-License-Identifier: Apache-2.0 */
/* One batch of changes: which rows were touched, how they are now, and, once that has landed, taking out what was
 * read. */
#include <stdio.h>
#include <string.h>

#include "batch/builder.h"
#include "cdc/capture.h"
#include "driver/failpoint.h"
#include "state/statement.h"

enum { READ_ROWS = 1024, READ_BYTES = 1 << 20, DELETE_ROWS = 1000 };

/* ---- which rows ---- */

static int32_t
read_numbers(incload_capture *table, incload__conn *conn, int64_t limit, incload__capture_batch *batch,
             incload_error **err)
{
    incload__str sql = INCLOAD__STR(table->mem);
    incload__rows rows = { .mem = table->mem };
    int32_t status = incload__capture_numbers(&sql, &table->capture, limit, err);

    if (status == INCLOAD_OK)
        status = conn->driver->select(conn, incload__str_text(&sql), NULL, 0, &rows, err);
    if (status == INCLOAD_OK) {
        batch->numbers = incload__alloc_array(table->mem, (size_t)rows.count, sizeof *batch->numbers);
        if (batch->numbers == NULL)
            status = incload__fail_memory(err);
    }
    for (int64_t i = 0; i < rows.count && status == INCLOAD_OK; i++) {
        const char *what = incload__rows_get(&rows, i, 1);
        batch->numbers[batch->count++] = incload__to_number(incload__rows_get(&rows, i, 0));
        batch->truncated = batch->truncated || (what != NULL && what[0] == 'T');
    }
    incload__rows_free(&rows);
    incload__str_free(&sql);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "reading the change table");
}

/* ---- how they are now ---- */

/* A reading: columns are those of the keys that were touched, then the source's. */
typedef struct reading {
    incload_capture *table;
    incload__change_set *set; /* of the target's table alone */
    incload__schema schema;
    incload__builder *builder;
    const char **names;
    const char **values;
    size_t *lengths;
    size_t *starts;
    incload__str text; /* of one row, all values one behind the other */
    uint64_t major;
    uint64_t minor;
} reading;

static int32_t
make_schema(reading *r, incload_error **err)
{
    const incload_capture *table = r->table;
    char name[24];

    for (int32_t i = 0; i < table->key_count + table->columns.count; i++) {
        bool key = i < table->key_count;
        const incload__column *from = &table->columns.columns[key ? table->key[i] : i - table->key_count];
        snprintf(name, sizeof name, "incload_k%d", (int)i);
        incload__column *column = incload__schema_add(&r->schema, key ? name : from->name, from->native, from->type);
        if (column == NULL)
            return incload__fail_memory(err);
        column->nullable = true;
        column->native_id = from->native_id;
    }
    return INCLOAD_OK;
}

static int32_t
reading_begin(reading *r, incload_error **err)
{
    size_t count = (size_t)r->table->key_count + (size_t)r->table->columns.count;
    const incload__mem *mem = r->table->mem;

    incload__schema_init(&r->schema, mem);
    r->text = (incload__str)INCLOAD__STR(mem);
    r->names = incload__alloc_array(mem, count, sizeof *r->names);
    r->values = incload__alloc_array(mem, count, sizeof *r->values);
    r->lengths = incload__alloc_array(mem, count, sizeof *r->lengths);
    r->starts = incload__alloc_array(mem, count, sizeof *r->starts);
    if (r->names == NULL || r->values == NULL || r->lengths == NULL || r->starts == NULL)
        return incload__fail_memory(err);
    int32_t status = make_schema(r, err);
    if (status != INCLOAD_OK)
        return status;
    r->builder = incload__builder_new(mem, &r->schema, err);
    return r->builder != NULL ? INCLOAD_OK : INCLOAD_E_NO_MEMORY;
}

static void
reading_end(reading *r)
{
    const incload__mem *mem = r->table->mem;

    incload__builder_free(r->builder);
    incload__schema_free(&r->schema);
    incload__str_free(&r->text);
    incload__free(mem, r->names);
    incload__free(mem, r->values);
    incload__free(mem, r->lengths);
    incload__free(mem, r->starts);
}

static bool
is_gone(const reading *r, const incload__view *view, int64_t row)
{
    return incload__is_null(view, r->table->key_count + r->table->key[0], row);
}

/* Of a row that is gone there is its key, as it was touched. */
static int32_t
push_row(reading *r, const incload__view *view, int64_t row, incload_error **err)
{
    const incload_capture *table = r->table;
    bool gone = is_gone(r, view, row);
    int32_t first = gone ? 0 : table->key_count, count = gone ? table->key_count : table->columns.count;

    incload__str_clear(&r->text);
    for (int32_t i = 0; i < count; i++) {
        r->names[i] = table->columns.columns[gone ? table->key[i] : i].name;
        r->starts[i] = r->text.length;
        if (!incload__is_null(view, first + i, row))
            incload__cell_text(view, first + i, row, &r->text);
        r->lengths[i] = r->text.length - r->starts[i];
    }
    /* Room for the NUL makes a text of nothing at all, too. */
    if (!incload__str_reserve(&r->text, 0) || r->text.failed)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < count; i++)
        r->values[i] = incload__is_null(view, first + i, row) ? NULL : r->text.data + r->starts[i];
    incload__image image = { r->names, r->values, r->lengths, count };
    return incload__change_set_push(r->set, 0, gone ? INCLOAD_CHANGE_DELETE : INCLOAD_CHANGE_READ, NULL, &image,
                                    (incload__place){ r->major, ++r->minor }, err);
}

static int32_t
push_rows(reading *r, struct ArrowArray *rows, incload_error **err)
{
    incload__view view;
    int32_t status = incload__view_init(&view, r->table->mem, &r->schema, rows, err);

    if (status != INCLOAD_OK)
        return status;
    for (int64_t i = 0; i < rows->length && status == INCLOAD_OK; i++)
        status = push_row(r, &view, i, err);
    incload__view_free(&view);
    return status;
}

static int32_t
read_on(reading *r, incload__conn *conn, incload__reader *reader, incload_error **err)
{
    int64_t count = 1;
    int32_t status = INCLOAD_OK;

    while (status == INCLOAD_OK && count > 0) {
        struct ArrowArray rows = { .release = NULL };
        status = incload__capture_check(r->table, err);
        if (status == INCLOAD_OK)
            status = conn->driver->read_next(reader, r->builder, READ_ROWS, READ_BYTES, &count, err);
        if (status == INCLOAD_OK && count > 0)
            status = incload__builder_finish(r->builder, &rows, err);
        if (status == INCLOAD_OK && count > 0)
            status = push_rows(r, &rows, err);
        incload__array_release(&rows);
    }
    return status;
}

/* Few rows are looked up among many: by their key, whatever the server knows of the change table. */
static int32_t
seek_rows(const incload_capture *table, incload__conn *conn, incload_error **err)
{
    incload__rows rows = { .mem = table->mem };
    int32_t status = INCLOAD_OK;

    if (conn->dialect->seek_rows != NULL)
        status = conn->driver->select(conn, conn->dialect->seek_rows, NULL, 0, &rows, err);
    incload__rows_free(&rows);
    return status;
}

static int32_t
read_rows(reading *r, incload__conn *conn, const incload__capture_batch *batch, incload_error **err)
{
    incload__str query = INCLOAD__STR(r->table->mem), sql = INCLOAD__STR(r->table->mem);
    incload__reader *reader = NULL;
    int32_t status = INCLOAD_OK;

    if (batch->query != NULL)
        incload__str_add(&query, batch->query);
    else
        status = incload__capture_rows(&query, &r->table->capture, batch->numbers[batch->count - 1], err);

    if (status == INCLOAD_OK)
        status = incload__wrap_query(conn, incload__str_text(&query), &r->schema, &sql, err);
    if (status == INCLOAD_OK)
        status = seek_rows(r->table, conn, err);
    if (status == INCLOAD_OK)
        status = conn->driver->read_open(conn, incload__str_text(&sql), NULL, 0, &r->schema, &reader, err);
    if (status == INCLOAD_OK)
        status = read_on(r, conn, reader, err);
    if (reader != NULL)
        conn->driver->read_close(reader);
    incload__str_free(&query);
    incload__str_free(&sql);
    return status;
}

/* By it a commit is known. */
incload__place
incload__capture_end(const incload_capture *table, uint64_t major)
{
    return (incload__place){ major, (incload__random(table->env) | UINT64_C(1) << 62) & INT64_MAX };
}

void
incload__capture_batch_free(const incload_capture *table, incload__capture_batch *batch)
{
    incload__free(table->mem, batch->numbers);
    incload__free(table->mem, batch->query);
    batch->numbers = NULL;
    batch->query = NULL;
}

/* Which rows, and what columns they have. */
static int32_t
choose(reading *r, incload__conn *conn, int64_t limit, incload__capture_batch *batch, incload_error **err)
{
    incload_capture *table = r->table;
    bool by_versions = table->values.by == INCLOAD__BY_VERSIONS;
    int32_t status = by_versions ? incload__capture_inspect(table, conn, err)
                                 : read_numbers(table, conn, limit, batch, err);

    if (status == INCLOAD_OK && by_versions)
        status = incload__capture_versions_read(table, conn, r->set, limit, batch, err);
    if (status == INCLOAD_OK && !by_versions && batch->count > 0)
        status = incload__capture_inspect(table, conn, err);
    return status;
}

/* In one snapshot. */
static int32_t
read_snapshot(reading *r, incload__conn *conn, int64_t limit, incload__capture_batch *batch, incload_error **err)
{
    int32_t status = choose(r, conn, limit, batch, err);

    if (status != INCLOAD_OK || batch->count == 0)
        return status;
    status = reading_begin(r, err);
    if (status == INCLOAD_OK && batch->truncated)
        status = incload__change_set_push(r->set, 0, INCLOAD_CHANGE_TRUNCATE, NULL, &(incload__image){ .count = 0 },
                                          (incload__place){ r->major, ++r->minor }, err);
    if (status == INCLOAD_OK)
        status = read_rows(r, conn, batch, err);
    if (status == INCLOAD_OK)
        status = incload__change_set_reach(r->set, incload__capture_end(r->table, r->major), err);
    reading_end(r);
    return status;
}

int32_t
incload__capture_read(incload_capture *table, incload_changes *changes, int64_t limit, incload__capture_batch *batch,
                      incload_error **err)
{
    reading r = { .table = table, .set = changes->set };
    incload__conn *conn = NULL;

    *batch = (incload__capture_batch){ .numbers = NULL };
    incload__change_set_discard(r.set);
    int32_t status = incload__change_set_refresh(r.set, err);
    if (status == INCLOAD_OK)
        status = incload__capture_connect(table, INCLOAD__ROLE_READ, &conn, err);
    if (status != INCLOAD_OK)
        return status;
    r.major = r.set->place.major + 1;
    status = conn->driver->begin(conn, err);
    if (status == INCLOAD_OK)
        status = read_snapshot(&r, conn, limit, batch, err);
    INCLOAD__FAILPOINT_ON(status, conn, "capture.read", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = conn->driver->commit(conn, err);
    if (status != INCLOAD_OK)
        conn->driver->rollback(conn, NULL);
    incload__database_give_back(table->source, conn);
    return status;
}

/* ---- taking out what was read ---- */

int32_t
incload__capture_consume(incload_capture *table, const incload__capture_batch *batch, incload_error **err)
{
    incload__conn *conn = NULL;
    incload__str sql = INCLOAD__STR(table->mem);
    int32_t status;

    if (table->values.by == INCLOAD__BY_VERSIONS)
        return INCLOAD_OK;
    status = incload__capture_connect(table, INCLOAD__ROLE_WRITE, &conn, err);
    if (status != INCLOAD_OK)
        return status;
    status = conn->driver->begin(conn, err);
    for (int64_t at = 0; at < batch->count && status == INCLOAD_OK; at += DELETE_ROWS) {
        int64_t left = batch->count - at;
        incload__str_clear(&sql);
        status = incload__capture_remove(&sql, &table->capture, batch->numbers + at,
                                         left < DELETE_ROWS ? left : DELETE_ROWS, err);
        if (status == INCLOAD_OK)
            status = conn->driver->execute(conn, incload__str_text(&sql), NULL, 0, NULL, err);
    }
    INCLOAD__FAILPOINT_ON(status, conn, "capture.consume.commit.before", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = conn->driver->commit(conn, err);
    INCLOAD__FAILPOINT_ON(status, conn, "capture.consumed", INCLOAD_E_CONNECT, err);
    if (status != INCLOAD_OK)
        conn->driver->rollback(conn, NULL);
    incload__str_free(&sql);
    incload__database_give_back(table->source, conn);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "deleting changes that have landed");
}
