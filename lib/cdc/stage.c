/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/stage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dialect/clause.h"
#include "state/statement.h"

enum { BATCH_ROWS = 8192, BATCH_BYTES = 1024 * 1024, FLAG = 0, AT = 1, NULLS_OF_A_CELL = 60 };

/* ---- its columns ---- */

static int32_t
add_column(incload__stage *stage, const incload__column *from, incload_error **err)
{
    incload__column *column = incload__schema_add(&stage->columns, from->name, from->native, from->type);

    if (column == NULL)
        return incload__fail_memory(err);
    column->native_id = from->native_id;
    column->nullable = true;
    return INCLOAD_OK;
}

static bool
is_staged(const incload__stage *stage, int32_t column)
{
    if (incload__change_key_at(stage->table, column) >= 0)
        return true;
    return !stage->keys_only && stage->fold->rows[stage->rows.first].cells[column] != NULL;
}

static int32_t
choose_columns(incload__stage *stage, incload_error **err)
{
    const incload__change_table *table = stage->table;
    int32_t status = INCLOAD_OK;

    incload__schema_init(&stage->columns, table->mem);
    stage->from = incload__alloc_array(table->mem, (size_t)table->columns.count, sizeof *stage->from);
    if (stage->from == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < table->columns.count && status == INCLOAD_OK; i++) {
        int32_t key = incload__change_key_at(table, i);
        if (!is_staged(stage, i))
            continue;
        status = add_column(stage, &table->columns.columns[i], err);
        if (key >= 0)
            stage->key[key] = stage->written;
        stage->from[stage->written++] = i;
    }
    for (int32_t i = 0; i < table->marks.count && !stage->keys_only && status == INCLOAD_OK; i++)
        status = add_column(stage, &table->marks.columns[i], err);
    return status;
}

static int32_t
make(incload__stage *stage, incload_error **err)
{
    const incload__dialect *dialect = stage->table->dialect;
    incload__str sql = INCLOAD__STR(stage->table->mem);

    snprintf(stage->name, sizeof stage->name, "incload_staging_%08lx",
             (unsigned long)(incload__random(stage->load->env) & 0xffffffffu));
    int32_t status =
        (stage->keys_only ? dialect->create_keys : dialect->create_staging)(&sql, stage->name, &stage->columns, err);
    if (status == INCLOAD_OK)
        return incload__execute(stage->load, &sql, err);
    incload__str_free(&sql);
    return status;
}

/* ---- its rows ---- */

/* A row that stands is not marked, and has no time. */
static int32_t
put_marks(const incload__stage *stage, incload__builder *builder, bool live)
{
    int32_t status = incload__put_int(builder, stage->written + FLAG, live ? 0 : 1);

    if (status != INCLOAD_OK)
        return status;
    return live ? incload__put_null(builder, stage->written + AT)
                : incload__put_int(builder, stage->written + AT, stage->moment_us);
}

static int32_t
put_row(const incload__stage *stage, incload__builder *builder, const incload__folded *row, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < stage->written && status == INCLOAD_OK; i++) {
        int32_t key = incload__change_key_at(stage->table, stage->from[i]);
        const incload__cell *cell = key >= 0 ? row->key[key] : row->cells[stage->from[i]];
        status = incload__change_put(stage->table, builder, i, stage->from[i], cell->text, cell->length);
    }
    if (status == INCLOAD_OK && stage->columns.count > stage->written)
        status = put_marks(stage, builder, row->live);
    if (status == INCLOAD_E_NO_MEMORY)
        return incload__fail_memory(err);
    return status == INCLOAD_OK ? status
                                : incload__fail(err, INCLOAD_E_INTERNAL,
                                                "a value that was taken for table %s cannot be staged: please report",
                                                stage->table->name.name);
}

static int32_t
write_batch(const incload__stage *stage, incload__builder *builder, incload__writer *writer, incload_error **err)
{
    struct ArrowArray array = { .release = NULL };
    incload__view view;
    int32_t status = incload__load_check(stage->load, err);

    if (status == INCLOAD_OK)
        status = incload__builder_finish(builder, &array, err);
    if (status == INCLOAD_OK)
        status = incload__view_init(&view, stage->table->mem, &stage->columns, &array, err);
    if (status == INCLOAD_OK) {
        status = stage->load->to->driver->write_batch(writer, &view, err);
        incload__view_free(&view);
    }
    incload__array_release(&array);
    return status;
}

static int32_t
write_rows(const incload__stage *stage, incload__builder *builder, incload__writer *writer, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int64_t at = stage->rows.first; at >= 0 && status == INCLOAD_OK; at = stage->rows.next[at]) {
        status = put_row(stage, builder, &stage->fold->rows[at], err);
        bool full = incload__builder_rows(builder) >= BATCH_ROWS || incload__builder_bytes(builder) >= BATCH_BYTES;
        if (status == INCLOAD_OK && (full || stage->rows.next[at] < 0))
            status = write_batch(stage, builder, writer, err);
    }
    return status;
}

static int32_t
fill(const incload__stage *stage, const incload__table *destination, int64_t *rows, incload_error **err)
{
    const incload__driver *driver = stage->load->to->driver;
    incload__builder *builder = incload__builder_new(stage->table->mem, &stage->columns, err);
    incload__str name = INCLOAD__STR(stage->table->mem);
    incload__writer *writer = NULL;

    if (builder == NULL)
        return INCLOAD_E_NO_MEMORY;
    int32_t status = incload__quote_table(stage->table->dialect, &name, destination, err);
    if (status == INCLOAD_OK && name.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = driver->write_open(stage->load->to, incload__str_text(&name), &stage->columns, &writer, err);
    if (status == INCLOAD_OK) {
        status = write_rows(stage, builder, writer, err);
        if (status == INCLOAD_OK)
            status = driver->write_close(writer, rows, err);
        else
            driver->write_abandon(writer);
    }
    incload__str_free(&name);
    incload__builder_free(builder);
    return status;
}

int32_t
incload__stage_fill(incload__stage *stage, incload_error **err)
{
    incload__table table = { NULL, stage->name };
    int32_t status = choose_columns(stage, err);

    if (status == INCLOAD_OK)
        status = make(stage, err);
    if (status == INCLOAD_OK)
        status = fill(stage, &table, &stage->staged, err);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "staging changes");
}

int32_t
incload__stage_insert(incload__stage *stage, int64_t *rows, incload_error **err)
{
    int32_t status = choose_columns(stage, err);

    return status == INCLOAD_OK ? fill(stage, &stage->table->name, rows, err) : status;
}

/* Many columns in one number: answers of many cells are refused. */
static void
add_nulls(incload__clause *clause, const incload__stage *stage)
{
    for (int32_t i = 0; i < stage->written; i++) {
        incload__clause_add(clause, i % NULLS_OF_A_CELL == 0 ? ", " : " + ");
        incload__clause_name(clause, "CASE WHEN ", stage->columns.columns[i].name);
        incload__str_addf(clause->out, " IS NULL THEN %" PRId64 " ELSE 0 END", INT64_C(1) << (i % NULLS_OF_A_CELL));
    }
}

bool
incload__stage_is_null(const incload__rows *places, int64_t row, int32_t column)
{
    int64_t nulls = incload__to_number(incload__rows_get(places, row, 1 + column / NULLS_OF_A_CELL));

    return ((nulls >> (column % NULLS_OF_A_CELL)) & 1) != 0;
}

int32_t
incload__stage_places(const incload__stage *stage, incload__rows *out, incload_error **err)
{
    const incload__dialect *dialect = stage->table->dialect;
    incload__str sql = INCLOAD__STR(stage->table->mem);
    incload__clause clause = { dialect, &sql, err, INCLOAD_OK };
    const incload__driver *driver = stage->load->to->driver;

    incload__clause_add(&clause, "SELECT ");
    incload__clause_add(&clause, dialect->load_order);
    add_nulls(&clause, stage);
    incload__clause_name(&clause, " FROM ", stage->name);
    int32_t status = incload__clause_status(&clause);
    if (status == INCLOAD_OK)
        status = driver->select(stage->load->to, incload__str_text(&sql), NULL, 0, out, err);
    incload__str_free(&sql);
    return status;
}

int32_t
incload__stage_drop(incload__stage *stage, incload_error **err)
{
    incload__str sql = INCLOAD__STR(stage->table->mem);

    stage->table->dialect->drop_staging(&sql, stage->name);
    return incload__execute(stage->load, &sql, err);
}

void
incload__stage_free(incload__stage *stage)
{
    incload__free(stage->table->mem, stage->from);
    incload__schema_free(&stage->columns);
}

incload__merge
incload__stage_merge(const incload__stage *stage)
{
    return (incload__merge){ .target = &stage->table->name,
                             .staging = stage->name,
                             .columns = &stage->columns,
                             .key = stage->key,
                             .key_count = stage->table->key_count,
                             .latest_by = -1,
                             .one_per_key = true };
}

int32_t
incload__stage_strangers(const incload__stage *stage, int64_t *count, incload_error **err)
{
    incload__str sql = INCLOAD__STR(stage->table->mem);
    incload__clause clause = { stage->table->dialect, &sql, err, INCLOAD_OK };
    incload__merge merge = incload__stage_merge(stage);

    incload__clause_name(&clause, "SELECT COUNT(*) FROM ", stage->name);
    incload__clause_add(&clause, " AS s WHERE NOT EXISTS (SELECT 1 FROM ");
    incload__clause_table(&clause, &stage->table->name);
    incload__clause_add(&clause, " AS t WHERE ");
    incload__clause_join(&clause, &merge, "t.", "s.");
    incload__clause_add(&clause, ")");
    int32_t status = incload__clause_status(&clause);
    if (status == INCLOAD_OK)
        status = incload__audit_number(stage->load, &sql, "looking for rows that are not there", count, err);
    incload__str_free(&sql);
    return status;
}
