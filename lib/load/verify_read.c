/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the rows of one side. Both sides come out in the types that the load writes, so that equal rows have equal
 * cells. */
#include <string.h>

#include "load/verify_internal.h"

/* Short turns: a server goes on only until the socket is full, so that while one side is read for long the other
 * waits. They also fit the processor's cache. A quarter faster than batches of 8192 rows. */
enum { TURN_ROWS = 1000, TURN_BYTES = 1 << 17 };

int32_t
incload__verify_check(const verify *v, incload_error **err)
{
    if (v->unit->cancelled != NULL && atomic_load(v->unit->cancelled))
        return incload__fail(err, INCLOAD_E_CANCELLED, "the verification was cancelled");
    if (v->spec.deadline_us != 0 && incload__monotonic_us(v->load.env) >= v->spec.deadline_us)
        return incload__fail(err, INCLOAD_E_TIMEOUT, "the verification's time is over (option 'timeout')");
    return INCLOAD_OK;
}

int32_t
incload__verify_from(verify *v, int32_t side, incload__sql *sql, incload_error **err)
{
    if (side == SOURCE)
        return incload__sql_from(&v->load, sql, err);
    incload__str_add(&sql->text, " FROM ");
    return incload__quote_table(v->load.to->dialect, &sql->text, &v->load.target_name, err);
}

/* `column OP number` */
static int32_t
add_limit(const verify_side *side, incload__sql *sql, int32_t column, const char *operation, int64_t value,
          incload_error **err)
{
    const incload__dialect *dialect = side->conn->dialect;
    int32_t status = dialect->quote(&sql->text, "column", side->columns->columns[column].name, err);

    /* As a literal, which every dialect writes alike: the planner sees how wide the range is. The least integer is no
     * literal anywhere, but nothing is below it. */
    if (value == INT64_MIN)
        incload__str_addf(&sql->text, "%s-9223372036854775807 - 1", operation);
    else
        incload__str_addf(&sql->text, "%s%lld", operation, (long long)value);
    return status;
}

static int32_t
add_range(verify *v, const verify_side *side, incload__sql *sql, const verify_slice *slice, incload_error **err)
{
    int32_t status = add_limit(side, sql, v->key[0], " >= ", slice->low, err);

    incload__str_add(&sql->text, " AND ");
    if (status == INCLOAD_OK)
        status = add_limit(side, sql, v->key[0], " <= ", slice->high, err);
    return status;
}

/* Rows behind the last of the page before. */
static int32_t
add_page_start(const verify_reader *page, incload__sql *sql, incload_error **err)
{
    const verify_side *side = page->side;
    const incload__dialect *dialect = side->conn->dialect;
    const incload__column *columns[MAX_KEY];
    incload__str quoted[MAX_KEY];
    const char *texts[MAX_KEY];
    int32_t placeholders[2 * MAX_KEY];
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < page->order_count; i++) {
        columns[i] = &side->columns->columns[side->page_key[i]];
        quoted[i] = (incload__str)INCLOAD__STR(page->v->mem);
        if (status == INCLOAD_OK)
            status = dialect->quote(&quoted[i], "column", columns[i]->name, err);
        texts[i] = incload__str_text(&quoted[i]);
        if (status == INCLOAD_OK && texts[i] == NULL)
            status = incload__fail_memory(err);
    }
    if (status == INCLOAD_OK) {
        int32_t used = incload__keyset_after(dialect, &sql->text, columns, texts, page->order_count, sql->count + 1,
                                             placeholders);
        for (int32_t i = 0; i < used && status == INCLOAD_OK; i++) {
            const incload__str *value = &page->after[placeholders[i]];
            incload__kind kind = columns[placeholders[i]]->type.kind;
            status = incload__sql_add_param(sql, (incload__param){ value->data, value->length, kind }, err);
        }
    }
    for (int32_t i = 0; i < page->order_count; i++)
        incload__str_free(&quoted[i]);
    return status;
}

int32_t
incload__verify_where(verify *v, int32_t side, incload__sql *sql, const verify_slice *slice, const verify_reader *page,
                      incload_error **err)
{
    const char *glue = " WHERE ";
    int32_t status = INCLOAD_OK;

    incload__verify_taking_part(v, side, slice->outside, sql, &glue);
    if (v->windowed) {
        incload__str_addf(&sql->text, slice->outside ? "%sNOT (" : "%s(", glue);
        status = incload__verify_inside(v, side, sql, err);
        incload__str_add(&sql->text, ")");
        glue = " AND ";
    }
    if (status == INCLOAD_OK && slice->ranged) {
        incload__str_add(&sql->text, glue);
        status = add_range(v, &v->sides[side], sql, slice, err);
        glue = " AND ";
    }
    if (slice->buckets != NULL) {
        incload__str_addf(&sql->text, "%s%s IN (%s)", glue, v->sides[side].bucket, slice->buckets);
        glue = " AND ";
    }
    if (status == INCLOAD_OK && page != NULL && page->started) {
        incload__str_add(&sql->text, glue);
        status = add_page_start(page, sql, err);
    }
    return status;
}

static int32_t
build(verify_reader *reader, incload__sql *sql, incload_error **err)
{
    verify *v = reader->v;
    verify_side *side = reader->side;
    int32_t which = side == &v->sides[SOURCE] ? SOURCE : TARGET;
    const incload__dialect *dialect = side->conn->dialect;
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < side->read.count && status == INCLOAD_OK; i++) {
        incload__str_add(&sql->text, i == 0 ? "SELECT " : ", ");
        if (side->raw[i] != NULL)
            incload__str_add(&sql->text, side->raw[i]);
        else
            status = dialect->select_item(&sql->text, &side->read.columns[i], side->conn->wire, err);
    }
    if (status == INCLOAD_OK)
        status = incload__verify_from(v, which, sql, err);
    if (status == INCLOAD_OK)
        status = incload__verify_where(v, which, sql, &reader->slice, reader, err);
    for (int32_t i = 0; i < reader->order_count && status == INCLOAD_OK; i++) {
        incload__str_add(&sql->text, i == 0 ? " ORDER BY " : ", ");
        status = dialect->quote(&sql->text, "column", side->columns->columns[side->page_key[i]].name, err);
    }
    if (reader->order_count > 0)
        incload__str_addf(&sql->text, " LIMIT %lld", (long long)v->how.page_rows);
    return status == INCLOAD_OK ? incload__sql_check(sql, err) : status;
}

static int32_t
open_page(verify_reader *reader, incload_error **err)
{
    incload__conn *conn = reader->side->conn;
    incload__sql sql;

    incload__sql_init(&reader->v->load, &sql);
    int32_t status = build(reader, &sql, err);
    if (status == INCLOAD_OK)
        status = conn->driver->read_open(conn, incload__str_text(&sql.text), sql.params, sql.count, &reader->side->read,
                                         &reader->reader, err);
    incload__sql_free(&sql);
    reader->page_rows = 0;
    return status;
}

static int32_t
name_side(const verify_reader *reader, int32_t status, incload_error **err)
{
    if (status == INCLOAD_OK)
        return status;
    incload__error_prefix(err, reader->side == &reader->v->sides[SOURCE] ? "source" : "target");
    return status;
}

int32_t
incload__verify_open(verify *v, int32_t side, const verify_slice *slice, verify_reader **out, incload_error **err)
{
    verify_reader *reader = incload__alloc(v->mem, sizeof *reader);

    *out = reader;
    if (reader == NULL)
        return incload__fail_memory(err);
    reader->v = v;
    reader->side = &v->sides[side];
    reader->slice = *slice;
    for (int32_t i = 0; i < MAX_KEY; i++)
        reader->after[i].mem = v->mem;
    /* Without a unique key there are no pages, and a driver that buffers results buffers this one. */
    if (!reader->side->conn->streams)
        reader->order_count = reader->side->page_key_count;
    reader->builder = incload__builder_new(v->mem, &reader->side->read, err);
    if (reader->builder == NULL)
        return INCLOAD_E_NO_MEMORY;
    return name_side(reader, open_page(reader, err), err);
}

static void
drop_batch(verify_reader *reader)
{
    incload__view_free(&reader->view);
    incload__array_release(&reader->array);
    memset(&reader->view, 0, sizeof reader->view);
    memset(&reader->array, 0, sizeof reader->array);
}

/* Remembers where the page ended. */
static int32_t
note_last_row(verify_reader *reader, const struct ArrowArray *array, incload_error **err)
{
    const verify_side *side = reader->side;
    incload__view view;
    int32_t status = incload__view_init(&view, reader->v->mem, &side->read, array, err);

    for (int32_t i = 0; i < reader->order_count && status == INCLOAD_OK; i++) {
        int32_t column = side->page_key[i];
        incload__str_clear(&reader->after[i]);
        status = side->conn->dialect->encode(&view, column, view.rows - 1, &side->columns->columns[column],
                                             &reader->after[i], err);
        if (status == INCLOAD_OK && !incload__str_reserve(&reader->after[i], 0))
            status = incload__fail_memory(err);
    }
    incload__view_free(&view);
    reader->started = true;
    return status;
}

static int32_t
take_batch(verify_reader *reader, incload_error **err)
{
    verify *v = reader->v;
    struct ArrowArray array;

    memset(&array, 0, sizeof array);
    int32_t status = incload__builder_finish(reader->builder, &array, err);
    if (status == INCLOAD_OK && reader->order_count > 0)
        status = note_last_row(reader, &array, err);
    if (status == INCLOAD_OK)
        status = incload__convert(v->mem, &reader->side->read, &array, &v->common, &reader->array, err);
    else
        incload__array_release(&array);
    if (status == INCLOAD_OK)
        status = incload__view_init(&reader->view, v->mem, &v->common, &reader->array, err);
    return status;
}

int32_t
incload__verify_next(verify_reader *reader, incload_error **err)
{
    verify *v = reader->v;
    const incload__driver *driver = reader->side->conn->driver;
    int64_t most = v->how.batch_rows < TURN_ROWS ? v->how.batch_rows : TURN_ROWS, got = 0;
    int64_t bytes = v->how.batch_bytes < TURN_BYTES ? v->how.batch_bytes : TURN_BYTES;
    int32_t status = incload__verify_check(v, err);

    drop_batch(reader);
    while (status == INCLOAD_OK && reader->reader != NULL) {
        status = driver->read_next(reader->reader, reader->builder, most, bytes, &got, err);
        if (status != INCLOAD_OK || got > 0)
            break;
        driver->read_close(reader->reader);
        reader->reader = NULL;
        if (reader->order_count > 0 && reader->page_rows >= v->how.page_rows)
            status = open_page(reader, err);
    }
    if (status == INCLOAD_OK && got > 0) {
        reader->page_rows += got;
        atomic_fetch_add(&v->unit->rows_read, got);
        atomic_fetch_add(&v->unit->bytes, incload__builder_bytes(reader->builder));
        status = take_batch(reader, err);
    }
    return name_side(reader, status, err);
}

void
incload__verify_close(verify_reader *reader)
{
    if (reader == NULL)
        return;
    drop_batch(reader);
    if (reader->reader != NULL)
        reader->side->conn->driver->read_close(reader->reader);
    incload__builder_free(reader->builder);
    for (int32_t i = 0; i < MAX_KEY; i++)
        incload__str_free(&reader->after[i]);
    incload__free(reader->v->mem, reader);
}
