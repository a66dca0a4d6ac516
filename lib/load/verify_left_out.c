/* SPDX-License-Identifier: Apache-2.0 */
/* What a verification leaves out because the load itself treats the two sides unlike: rows that the source marks as
 * deleted, rows that the target keeps though they are gone, versions of the past; and columns the target need not have
 * or follow. */
#include <string.h>

#include "dialect/clause.h"
#include "load/mode.h"
#include "load/verify_internal.h"

/* ---- the plan ---- */

void
incload__verify_as_append(verify *v, verify_history *history)
{
    *history = (verify_history){ .on = v->how.write == INCLOAD__WRITE_SCD2,
                                 .columns = v->how.scd2_columns,
                                 .marks_deleted = v->how.scd2_deletes == INCLOAD__SCD2_NEW_RECORD };
    v->load.verified = true;
    v->how.detect_deletes = INCLOAD__DELETES_NONE;
    v->how.scd2_compare = INCLOAD__SCD2_COLUMNS;
    v->how.scd2_columns = NULL;
    v->how.scd2_deletes = INCLOAD__SCD2_IGNORE;
    /* A target that lost its unique key may well be looked at. */
    v->how.write = INCLOAD__WRITE_APPEND;
}

/* ---- conditions ---- */

/* Takes the text over as the side's condition. */
static int32_t
set_condition(verify *v, int32_t side, incload__str *text, int32_t status, incload_error **err)
{
    if (status == INCLOAD_OK) {
        v->only[side] = incload__str_take(text);
        if (v->only[side] == NULL)
            status = incload__fail_memory(err);
    }
    incload__str_free(text);
    return status;
}

/* CASE: a marker that is NULL marks nothing, and NOT of an unknown would be unknown. */
static int32_t
leave_out_marked(verify *v, incload_error **err)
{
    incload__load *load = &v->load;
    incload__str text = INCLOAD__STR(v->mem);

    incload__str_add(&text, "CASE WHEN ");
    int32_t status =
        incload__marker_is_set(load->from->dialect, &load->shape.columns[load->marker], "", &text, err);
    incload__str_add(&text, " THEN 0 ELSE 1 END = 1");
    return set_condition(v, SOURCE, &text, status, err);
}

static int32_t
leave_out_kept(verify *v, incload_error **err)
{
    const incload__removal how = { .flag = &v->load.marks.columns[0] };
    incload__str text = INCLOAD__STR(v->mem);
    incload__clause clause = { v->load.to->dialect, &text, err, INCLOAD_OK };

    incload__clause_add(&clause, "1 = 1");
    incload__clause_unmarked(&clause, &how, "");
    return set_condition(v, TARGET, &text, incload__clause_status(&clause), err);
}

static int32_t
add_flag(const verify *v, const incload__schema *all, const char *name, incload__str *text, incload_error **err)
{
    int32_t at = incload__schema_find(all, name);
    char table[200];

    if (at < 0)
        return incload__fail(err, INCLOAD_E_NOT_FOUND,
                             "target table %s has no column '%.64s', which says what its versions are: name another by "
                             "option 'current_column' or 'is_deleted_column'",
                             incload__table_text(&v->load.target_name, table, sizeof table), name);
    int32_t status = v->load.to->dialect->quote(text, "column", name, err);
    incload__str_addf(text, " = %s",
                      all->columns[at].type.kind == INCLOAD__BOOL ? v->load.to->dialect->words[1] : "1");
    return status;
}

/* Of a history, the versions that are current and not those of deleted keys. */
static int32_t
leave_out_past(verify *v, const verify_history *history, incload_error **err)
{
    incload__load *load = &v->load;
    incload__str text = INCLOAD__STR(v->mem);
    incload__schema all;

    incload__schema_init(&all, v->mem);
    int32_t status = incload__inspect_table(load, load->to, &load->target_name, &all, err);
    if (status == INCLOAD_OK)
        status = add_flag(v, &all, v->how.current_column, &text, err);
    if (status == INCLOAD_OK && history->marks_deleted) {
        incload__str_add(&text, " AND CASE WHEN ");
        status = add_flag(v, &all, v->how.is_deleted_column, &text, err);
        incload__str_add(&text, " THEN 0 ELSE 1 END = 1");
    }
    incload__schema_free(&all);
    return set_condition(v, TARGET, &text, status, err);
}

/* ---- columns ---- */

static void
forget_column(incload__schema *schema, int32_t column)
{
    incload__free(schema->mem, schema->columns[column].name);
    incload__free(schema->mem, schema->columns[column].native);
    schema->count--;
    memmove(&schema->columns[column], &schema->columns[column + 1],
            (size_t)(schema->count - column) * sizeof schema->columns[0]);
}

/* Where a column stands when another is gone; -1: it is the one. */
static int32_t
moved(int32_t index, int32_t gone)
{
    return index == gone ? -1 : index > gone ? index - 1 : index;
}

static void
leave_out_column(incload__load *load, int32_t column)
{
    incload__schema *const schemas[] = { &load->shape, &load->travel, &load->target, &load->write };
    bool paged = true;

    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++)
        forget_column(schemas[i], column);
    for (int32_t i = 0; i < load->key_count; i++)
        load->key[i] = moved(load->key[i], column);
    for (int32_t i = 0; i < load->page_key_count; i++) {
        load->page_key[i] = moved(load->page_key[i], column);
        paged = paged && load->page_key[i] >= 0;
    }
    if (!paged)
        load->page_key_count = 0;
    load->cursor = load->cursor >= 0 ? moved(load->cursor, column) : -1;
    load->latest_by = load->latest_by >= 0 ? moved(load->latest_by, column) : -1;
}

static bool
names(const incload__list *list, const char *name)
{
    for (int32_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, name) == 0)
            return true;
    }
    return false;
}

/* A change in other columns than those of option scd2_columns makes no version. */
static int32_t
leave_out_unfollowed(verify *v, const verify_history *history, incload_error **err)
{
    incload__load *load = &v->load;
    incload__list followed;

    if (history->columns == NULL)
        return INCLOAD_OK;
    int32_t status = incload__list_parse(v->mem, "scd2_columns", history->columns, &followed, err);
    for (int32_t i = load->shape.count - 1; i >= 0 && status == INCLOAD_OK; i--) {
        const char *name = load->shape.columns[i].name;
        if (names(&followed, name) || incload__is_key(load, i))
            continue;
        if (i == load->cursor && load->how->window != INCLOAD__WINDOW_ALL)
            status = incload__fail(err, INCLOAD_E_UNSUPPORTED,
                                   "a history that does not follow its cursor '%.64s' (option 'scd2_columns') cannot "
                                   "be verified: its current versions have cursors of the past; verify a step with "
                                   "window=all",
                                   name);
        else
            leave_out_column(load, i);
    }
    incload__list_free(&followed);
    return status;
}

int32_t
incload__verify_leave_out(verify *v, const verify_history *history, incload_error **err)
{
    incload__load *load = &v->load;
    int32_t status = INCLOAD_OK;

    if (load->marker >= 0)
        status = leave_out_marked(v, err);
    if (status == INCLOAD_OK && load->marker >= 0 && !load->marker_stored)
        leave_out_column(load, load->marker);
    if (status == INCLOAD_OK && load->marks.count > 0)
        status = leave_out_kept(v, err);
    if (status == INCLOAD_OK && history->on)
        status = leave_out_past(v, history, err);
    return status == INCLOAD_OK ? leave_out_unfollowed(v, history, err) : status;
}

void
incload__verify_taking_part(const verify *v, int32_t side, bool outside, incload__sql *sql, const char **glue)
{
    /* A source's row that was marked since the load is a change since then, and no row that was never there. */
    if (v->only[side] == NULL || (side == SOURCE && outside))
        return;
    incload__str_addf(&sql->text, "%s(%s)", *glue, v->only[side]);
    *glue = " AND ";
}
