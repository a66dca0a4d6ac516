/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/seek.h"

#include <string.h>

enum { MOST_BYTES = 1024 * 1024 };

/* ---- the question ---- */

/* The key's texts as the target reads them. */
static int32_t
encode_key(const incload__seek *seek, const incload__cell *const *key, incload__str *texts, incload_error **err)
{
    const incload__change_table *table = seek->table;
    struct ArrowArray row = { .release = NULL };
    incload__builder *builder = incload__builder_new(table->mem, &table->columns, err);
    incload__view view;
    int32_t status = builder != NULL ? INCLOAD_OK : INCLOAD_E_NO_MEMORY;

    for (int32_t i = 0; i < table->columns.count && status == INCLOAD_OK; i++) {
        int32_t at = incload__change_key_at(table, i);
        status =
            incload__change_put(table, builder, i, i, at >= 0 ? key[at]->text : NULL, at >= 0 ? key[at]->length : 0);
        if (status != INCLOAD_OK)
            status = incload__fail_memory(err);
    }
    if (status == INCLOAD_OK)
        status = incload__builder_finish(builder, &row, err);
    if (status == INCLOAD_OK)
        status = incload__view_init(&view, table->mem, &table->columns, &row, err);
    if (status == INCLOAD_OK) {
        for (int32_t i = 0; i < table->key_count && status == INCLOAD_OK; i++) {
            status =
                table->dialect->encode(&view, table->key[i], 0, &table->columns.columns[table->key[i]], &texts[i], err);
            if (status == INCLOAD_OK && !incload__str_reserve(&texts[i], 0))
                status = incload__fail_memory(err);
        }
        incload__view_free(&view);
    }
    incload__array_release(&row);
    incload__builder_free(builder);
    return status;
}

static int32_t
write_question(const incload__seek *seek, const incload__str *texts, incload__sql *sql, incload_error **err)
{
    const incload__change_table *table = seek->table;
    const incload__dialect *dialect = table->dialect;
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < table->columns.count && status == INCLOAD_OK; i++) {
        incload__str_add(&sql->text, i == 0 ? "SELECT " : ", ");
        status = dialect->select_item(&sql->text, &table->columns.columns[i], seek->load->to->wire, err);
    }
    incload__str_add(&sql->text, " FROM ");
    if (status == INCLOAD_OK)
        status = incload__quote_table(dialect, &sql->text, &table->name, err);
    for (int32_t i = 0; i < table->key_count && status == INCLOAD_OK; i++) {
        const incload__column *column = &table->columns.columns[table->key[i]];
        incload__str_add(&sql->text, i == 0 ? " WHERE " : " AND ");
        status = dialect->quote(&sql->text, "column", column->name, err);
        incload__str_add(&sql->text, " = ");
        if (status == INCLOAD_OK)
            status = incload__sql_bind(sql, dialect, column, incload__str_text(&texts[i]), texts[i].length, err);
    }
    return status == INCLOAD_OK ? incload__sql_check(sql, err) : status;
}

/* ---- the answer ---- */

/* Keeps the values as an event of the log that is never told: they live as long as it does. */
static int32_t
keep(incload__seek *seek, const incload__view *view, const incload__cell **cells, incload_error **err)
{
    int32_t count = view->schema->count;
    incload__str text = INCLOAD__STR(seek->table->mem);
    incload__cell *row = incload__alloc_array(seek->table->mem, (size_t)count, sizeof *row);
    size_t *starts = incload__alloc_array(seek->table->mem, (size_t)count, sizeof *starts);
    int32_t status = row != NULL && starts != NULL ? INCLOAD_OK : incload__fail_memory(err);

    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++) {
        starts[i] = text.length;
        row[i].column = i;
        if (!incload__is_null(view, i, 0))
            incload__cell_text(view, i, 0, &text);
        row[i].length = (uint32_t)(text.length - starts[i]);
        if (text.failed)
            status = incload__fail_memory(err);
    }
    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++) {
        if (!incload__is_null(view, i, 0))
            row[i].text = incload__str_text(&text) + starts[i];
    }
    if (status == INCLOAD_OK)
        status = incload__log_add(&seek->found, &(incload__event){ .cells = row, .count = count }, err);
    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++) {
        if (cells[i] == NULL)
            cells[i] = &seek->found.events[seek->found.count - 1].cells[i];
    }
    incload__str_free(&text);
    incload__free(seek->table->mem, row);
    incload__free(seek->table->mem, starts);
    return status;
}

static int32_t
read_answer(incload__seek *seek, incload__reader *reader, const incload__cell **cells, bool *found, incload_error **err)
{
    const incload__schema *schema = &seek->table->columns;
    incload__builder *builder = incload__builder_new(seek->table->mem, schema, err);
    struct ArrowArray row = { .release = NULL };
    incload__view view;
    int64_t rows = 0;

    if (builder == NULL)
        return INCLOAD_E_NO_MEMORY;
    int32_t status = seek->load->to->driver->read_next(reader, builder, 1, MOST_BYTES, &rows, err);
    *found = status == INCLOAD_OK && rows > 0;
    if (*found)
        status = incload__builder_finish(builder, &row, err);
    /* To its end: a reading that is broken off would end the transaction. */
    if (*found && status == INCLOAD_OK)
        status = seek->load->to->driver->read_next(reader, builder, 1, MOST_BYTES, &rows, err);
    if (*found && status == INCLOAD_OK)
        status = incload__view_init(&view, seek->table->mem, schema, &row, err);
    if (*found && status == INCLOAD_OK) {
        status = keep(seek, &view, cells, err);
        incload__view_free(&view);
    }
    incload__array_release(&row);
    incload__builder_free(builder);
    return status;
}

int32_t
incload__seek_row(void *data, const incload__cell *const *key, const incload__cell **cells, bool *found,
                  incload_error **err)
{
    incload__seek *seek = data;
    const incload__driver *driver = seek->load->to->driver;
    incload__str texts[INCLOAD__CHANGE_KEY];
    incload__reader *reader = NULL;
    incload__sql sql;

    for (int32_t i = 0; i < INCLOAD__CHANGE_KEY; i++)
        texts[i] = (incload__str)INCLOAD__STR(seek->table->mem);
    incload__sql_init(seek->load, &sql);
    int32_t status = incload__load_check(seek->load, err);
    if (status == INCLOAD_OK)
        status = encode_key(seek, key, texts, err);
    if (status == INCLOAD_OK)
        status = write_question(seek, texts, &sql, err);
    if (status == INCLOAD_OK)
        status = driver->read_open(seek->load->to, incload__str_text(&sql.text), sql.params, sql.count,
                                   &seek->table->columns, &reader, err);
    if (status == INCLOAD_OK)
        status = read_answer(seek, reader, cells, found, err);
    if (reader != NULL)
        driver->read_close(reader);
    for (int32_t i = 0; i < INCLOAD__CHANGE_KEY; i++)
        incload__str_free(&texts[i]);
    incload__sql_free(&sql);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "looking up a row whose key changed");
}
