/* SPDX-License-Identifier: Apache-2.0 */
/* The road over the host: read, process function, convert, write; batch by batch, page by page where a driver buffers.
 */
#include <string.h>

#include "batch/handle.h"
#include "driver/failpoint.h"
#include "load/internal.h"
#include "load/reject.h"
#include "load/sieve.h"

typedef struct pages {
    int32_t order[MAX_KEY + 1];
    int32_t count;                    /* 0: one read for all */
    incload__str after[MAX_KEY + 1];  /* values of `order` in the last row that was read */
    bool started;
} pages;

/* Remembers where the page ended. */
static int32_t
note_last_row(incload__load *load, pages *page, const struct ArrowArray *array, incload_error **err)
{
    incload__view view;
    int32_t status = incload__view_init(&view, load->mem, &load->travel, array, err);

    if (status != INCLOAD_OK)
        return status;
    for (int32_t i = 0; i < page->count && status == INCLOAD_OK; i++) {
        int32_t column = page->order[i];
        incload__str_clear(&page->after[i]);
        if (incload__is_null(&view, column, view.rows - 1))
            status = incload__fail(err, INCLOAD_E_INTERNAL, "column '%s' of a unique key is NULL",
                                   load->travel.columns[column].name);
        else
            status = load->from->dialect->encode(&view, column, view.rows - 1, &load->shape.columns[column],
                                                 &page->after[i], err);
        if (status == INCLOAD_OK && !incload__str_reserve(&page->after[i], 0))
            status = incload__fail_memory(err);
    }
    incload__view_free(&view);
    page->started = true;
    return status;
}

int32_t
incload__call_function(incload__load *load, struct ArrowArray *array, incload_error **err)
{
    incload_unit *unit = load->unit;
    incload_batch *batch = incload__batch_new(load->mem, &load->travel, array, err);

    if (batch == NULL)
        return INCLOAD_E_NO_MEMORY;
    incload__free(load->mem, unit->failure);
    unit->failure = NULL;
    int64_t before = incload_batch_rows(batch);
    int32_t answer = load->spec->function(unit, batch, load->spec->user_data);
    if (answer == INCLOAD_DONE) {
        int64_t after = incload_batch_rows(batch);
        if (after < before)
            atomic_fetch_add(&unit->rows_skipped, before - after);
        else
            load->rows_added += after - before;
        return incload__batch_end(batch, array, err);
    }
    incload__batch_free(batch);
    memset(array, 0, sizeof *array);
    if (unit->failure != NULL)
        return incload__fail(err, INCLOAD_E_CALLBACK, "the process function failed: %.400s", unit->failure);
    return incload__fail(err, INCLOAD_E_CALLBACK,
                         "the process function returned %d: it must return INCLOAD_DONE (%d) when all is well",
                         (int)answer, INCLOAD_DONE);
}

/* Values that only the target's server can judge: when it refuses one, drivers do not say of which column. */
void
incload__name_suspects(const incload__load *load, incload_error **err)
{
    incload__str names = INCLOAD__STR(load->mem);

    if (incload__entered_with(err) != INCLOAD_E_DATA || incload_error_sqlstate(*err)[0] == '\0')
        return;
    for (int32_t i = 0; i < load->write.count; i++) {
        const incload__column *column = &load->write.columns[i];
        if (column->type.kind == INCLOAD__JSON || column->type.kind == INCLOAD__NATIVE)
            incload__str_addf(&names, "%s'%.64s'", names.length > 0 ? ", " : "", column->name);
    }
    if (names.length > 0 && !names.failed)
        incload__error_prefix(err, "column %.300s", incload__str_text(&names));
    incload__str_free(&names);
}

/* Where batches go. */
typedef struct outlet {
    incload__writer *writer; /* NULL: each batch is written by itself */
    incload__schema schema;  /* the target's columns, with the types of the batches that the writer is given */
} outlet;

static int32_t
outlet_open(incload__load *load, outlet *to, incload_error **err)
{
    const incload__driver *driver = load->to->driver;
    int32_t status = incload__schema_copy(&to->schema, &load->write, err);

    for (int32_t i = 0; i < to->schema.count && driver->writes_values; i++) {
        incload__type read = load->travel.columns[i].type, written = to->schema.columns[i].type;
        bool judged = written.kind != INCLOAD__NUMERIC || load->to->dialect->judges_decimals;
        if (judged && incload__type_spells(written, read))
            to->schema.columns[i].type = read;
    }
    /* Where bad rows are looked for each batch is written by itself. */
    if (status == INCLOAD_OK && load->how->bad_rows == INCLOAD__BAD_ROWS_FAIL)
        status = driver->write_open(load->to, load->destination, &to->schema, &to->writer, err);
    return status;
}

/* One batch from the source's layout into the target. Takes `array` over. */
static int32_t
pass_on(incload__load *load, const outlet *to, struct ArrowArray *array, incload_error **err)
{
    struct ArrowArray converted;
    incload__view view;
    int32_t status = INCLOAD_OK;

    memset(&converted, 0, sizeof converted);
    if (load->spec->function != NULL)
        status = incload__call_function(load, array, err);
    if (status == INCLOAD_OK && load->how->bad_rows == INCLOAD__BAD_ROWS_REJECT)
        return incload__reject_batch(load, array, err);
    if (status == INCLOAD_OK)
        status = incload__convert(load->mem, &load->travel, array, &to->schema, &converted, err);
    else
        incload__array_release(array);
    if (status == INCLOAD_OK && converted.length > 0) {
        status = incload__view_init(&view, load->mem, &to->schema, &converted, err);
        if (status == INCLOAD_OK) {
            status = load->to->driver->write_batch(to->writer, &view, err);
            INCLOAD__FAILPOINT_ON(status, load->to, "copy.batch.written", INCLOAD_E_CONNECT, err);
            if (status != INCLOAD_OK)
                incload__name_suspects(load, err);
            incload__view_free(&view);
        }
    }
    incload__array_release(&converted);
    return status;
}

/* One batch that was read. Takes `array` over. */
static int32_t
take_batch(incload__load *load, const outlet *to, pages *page, incload__sieve *sieve, struct ArrowArray *array,
           incload_error **err)
{
    int32_t status = sieve != NULL ? incload__sieve_batch(load, sieve, array, err) : INCLOAD_OK;

    if (status == INCLOAD_OK)
        atomic_fetch_add(&load->unit->rows_read, array->length);
    if (status == INCLOAD_OK && page->count > 0)
        status = note_last_row(load, page, array, err);
    if (status == INCLOAD_OK && array->length > 0)
        return pass_on(load, to, array, err);
    incload__array_release(array);
    return status;
}

/* Reads one statement to its end; *rows is what it gave. */
static int32_t
read_page(incload__load *load, const incload__sql *sql, incload__builder *builder, const outlet *to, pages *page,
          int64_t *rows, incload_error **err)
{
    bool sieves = load->from->once && load->how->window != INCLOAD__WINDOW_ALL;
    incload__sieve sieve;
    const incload__driver *driver = load->from->driver;
    incload__reader *reader = NULL;
    int32_t status = sieves ? incload__sieve_open(load, &sieve, err) : INCLOAD_OK;

    *rows = 0;
    if (status == INCLOAD_OK)
        status = driver->read_open(load->from, incload__str_text(&sql->text), sql->params, sql->count, &load->travel,
                                   &reader, err);
    INCLOAD__FAILPOINT_ON(status, load->from, "copy.read.opened", INCLOAD_E_CONNECT, err);
    while (status == INCLOAD_OK) {
        struct ArrowArray array;
        int64_t got = 0;
        memset(&array, 0, sizeof array);
        status = incload__load_check(load, err);
        if (status == INCLOAD_OK)
            status = driver->read_next(reader, builder, load->how->batch_rows, load->how->batch_bytes, &got, err);
        if (status != INCLOAD_OK || got == 0)
            break;
        *rows += got;
        atomic_fetch_add(&load->unit->bytes, incload__builder_bytes(builder));
        status = incload__builder_finish(builder, &array, err);
        if (status == INCLOAD_OK)
            status = take_batch(load, to, page, sieves ? &sieve : NULL, &array, err);
        if (load->spec->progress != NULL)
            load->spec->progress(load->spec->progress_data);
    }
    if (reader != NULL)
        driver->read_close(reader);
    return status;
}

static int32_t
add_order(const incload__load *load, incload__sql *sql, const pages *page, incload_error **err)
{
    for (int32_t i = 0; i < page->count; i++) {
        incload__str_add(&sql->text, i == 0 ? " ORDER BY " : ", ");
        int32_t status =
            load->from->dialect->quote(&sql->text, "column", load->shape.columns[page->order[i]].name, err);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

static int32_t
build_statement(incload__load *load, incload__sql *sql, int32_t part, const pages *page, incload_error **err)
{
    const incload__dialect *dialect = load->from->dialect;
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < load->travel.count && status == INCLOAD_OK; i++) {
        incload__str_add(&sql->text, i == 0 ? "SELECT " : ", ");
        status = dialect->select_item(&sql->text, &load->travel.columns[i], load->from->wire, err);
    }
    if (status == INCLOAD_OK)
        status = incload__sql_from(load, sql, err);
    if (status == INCLOAD_OK)
        status = incload__window_where(load, sql, dialect, part, page->order, page->count,
                                       page->started ? page->after : NULL, err);
    if (status == INCLOAD_OK && page->count > 0) {
        status = add_order(load, sql, page, err);
        incload__str_addf(&sql->text, " LIMIT %lld", (long long)load->how->page_rows);
    } else if (status == INCLOAD_OK) {
        status = incload__sql_load_order(load, sql, part, err);
    }
    return status == INCLOAD_OK ? incload__sql_check(sql, err) : status;
}

int32_t
incload__transfer_batches(incload__load *load, int32_t part, incload_error **err)
{
    const incload__driver *driver = load->to->driver;
    incload__builder *builder = incload__builder_new(load->mem, &load->travel, err);
    outlet to = { .schema = { .mem = load->mem } };
    int64_t rows = 0, written = 0;
    pages page;

    if (builder == NULL)
        return INCLOAD_E_NO_MEMORY;
    memset(&page, 0, sizeof page);
    for (size_t i = 0; i < sizeof page.after / sizeof page.after[0]; i++)
        page.after[i].mem = load->mem;
    if (!load->from->streams)
        page.count = incload__window_order(load, part, page.order);

    int32_t status = INCLOAD_OK;
    INCLOAD__FAILPOINT(status, "copy.open.before", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = outlet_open(load, &to, err);
    while (status == INCLOAD_OK) {
        incload__sql sql;
        incload__sql_init(load, &sql);
        status = build_statement(load, &sql, part, &page, err);
        if (status == INCLOAD_OK)
            status = read_page(load, &sql, builder, &to, &page, &rows, err);
        incload__sql_free(&sql);
        if (page.count == 0 || rows < load->how->page_rows)
            break;
    }
    if (to.writer != NULL && status == INCLOAD_OK) {
        status = driver->write_close(to.writer, &written, err);
        INCLOAD__FAILPOINT_ON(status, load->to, "copy.closed", INCLOAD_E_CONNECT, err);
        if (status != INCLOAD_OK)
            incload__name_suspects(load, err);
    } else if (to.writer != NULL) {
        driver->write_abandon(to.writer);
    }
    if (status == INCLOAD_OK)
        atomic_fetch_add(&load->unit->rows_written, written);
    for (size_t i = 0; i < sizeof page.after / sizeof page.after[0]; i++)
        incload__str_free(&page.after[i]);
    incload__schema_free(&to.schema);
    incload__builder_free(builder);
    return status;
}
