/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/write.h"

#include <string.h>

#include "base/civil.h"
#include "cdc/key_order.h"
#include "dialect/clause.h"

enum { FLAG, AT };

/* How rows are written. */
typedef enum manner {
    INSERT, /* the table has none of them */
    UPDATE, /* it has all of them, as a rule */
    MERGE
} manner;

typedef struct incload__change_write_group {
    uint64_t mask; /* tells the columns its rows write, unless two sets share a hash */
    manner way;
    incload__chain rows;
} group;

/* ---- what becomes of which row ---- */

static void
append(int64_t *links, incload__chain *chain, int64_t row)
{
    if (chain->first < 0)
        chain->first = row;
    else
        links[chain->last] = row;
    chain->last = row;
    chain->next = links;
    links[row] = -1;
}

static uint64_t
mask_of(const incload__change_write *w, const incload__folded *row)
{
    uint64_t mask = 14695981039346656037u;

    for (int32_t i = 0; i < w->fold->columns; i++)
        mask = (mask ^ (uint64_t)(row->cells[i] != NULL)) * 1099511628211u;
    return mask;
}

static bool
same_columns(const incload__change_write *w, int64_t a, int64_t b)
{
    for (int32_t i = 0; i < w->fold->columns; i++) {
        if ((w->fold->rows[a].cells[i] != NULL) != (w->fold->rows[b].cells[i] != NULL))
            return false;
    }
    return true;
}

static bool
is_emptied(const incload__change_write *w)
{
    return w->fold->truncated && !w->fold->soft;
}

/* A table without a key has no other way in. */
static manner
way_of(const incload__change_write *w, const incload__folded *row)
{
    bool stays = !row->emptied || is_emptied(w);

    if (w->fold->key_count == 0 || (w->straight && row->first == INCLOAD_CHANGE_INSERT && stays))
        return INSERT;
    return row->first == INCLOAD_CHANGE_UPDATE && !row->emptied && w->table->dialect->update_tells ? UPDATE : MERGE;
}

static bool
add_to_group(incload__change_write *w, int64_t row)
{
    uint64_t mask = mask_of(w, &w->fold->rows[row]);
    manner way = way_of(w, &w->fold->rows[row]);

    for (int32_t i = 0; i < w->group_count; i++) {
        if (w->groups[i].mask == mask && w->groups[i].way == way && same_columns(w, w->groups[i].rows.first, row)) {
            append(w->links, &w->groups[i].rows, row);
            return true;
        }
    }
    if (w->group_count == w->group_room) {
        int32_t room = w->group_room * 2 + 8;
        group *more = incload__realloc(w->table->mem, w->groups, (size_t)room * sizeof *more);
        if (more == NULL)
            return false;
        w->groups = more;
        w->group_room = room;
    }
    w->groups[w->group_count] = (group){ .mask = mask, .way = way, .rows = { -1, -1, NULL } };
    append(w->links, &w->groups[w->group_count++].rows, row);
    return true;
}

/* A row that is written whole takes the place of the old one without its help. A key can be in two chains, so those of
 * removals have links of their own. */
static int32_t
choose_ways(incload__change_write *w, const incload__key_place *order, incload_error **err)
{
    bool keyless = w->fold->key_count == 0;

    for (int64_t i = 0; i < w->fold->count; i++) {
        int64_t at = order != NULL ? order[i].row : i;
        const incload__folded *row = &w->fold->rows[at];
        if (row->written && !add_to_group(w, at))
            return incload__fail_memory(err);
        if (!row->written && (keyless || !w->fold->truncated))
            append(w->removals, &w->gone, at);
        else if (row->written && row->emptied && !keyless && !is_emptied(w) && !incload__folded_is_whole(w->fold, row))
            append(w->removals, &w->replaced, at);
    }
    return INCLOAD_OK;
}

int32_t
incload__change_write_prepare(incload__change_write *w, incload_error **err)
{
    const incload__mem *mem = w->table->mem;
    size_t count = (size_t)w->fold->count + 1;
    incload__key_place *order = NULL;

    w->replaced = w->gone = (incload__chain){ -1, -1, NULL };
    w->moment_us = incload__wall_us(w->load->env);
    w->links = incload__alloc_array(mem, count, sizeof *w->links);
    w->removals = incload__alloc_array(mem, count, sizeof *w->removals);
    if (w->links == NULL || w->removals == NULL)
        return incload__fail_memory(err);
    if (!w->ordered && w->fold->key_count > 0) {
        order = incload__key_order(w->fold);
        if (order == NULL)
            return incload__fail_memory(err);
    }
    int32_t status = choose_ways(w, order, err);
    incload__free(mem, order);
    return status;
}

void
incload__change_write_free(incload__change_write *w)
{
    incload__free(w->table->mem, w->links);
    incload__free(w->table->mem, w->removals);
    incload__free(w->table->mem, w->groups);
}

/* ---- statements ---- */

static incload__param
moment(const incload__change_write *w, char text[64])
{
    const incload__column *at = &w->table->marks.columns[AT];
    bool zone = at->type.kind == INCLOAD__TIMESTAMPTZ && !w->table->dialect->civil_is_utc;
    size_t length = incload__format_timestamp(w->moment_us, zone, text);

    return (incload__param){ text, length, at->type.kind };
}

static int32_t
run(const incload__change_write *w, const char *sql, bool marks, int64_t *affected, incload_error **err)
{
    int64_t rows = 0;
    char text[64];
    incload__param param = { .text = NULL };
    int32_t status = incload__load_check(w->load, err);

    if (marks)
        param = moment(w, text);
    if (status == INCLOAD_OK)
        status = w->load->to->driver->execute(w->load->to, sql, marks ? &param : NULL, marks ? 1 : 0, &rows, err);
    if (status == INCLOAD_OK && rows > 0)
        *affected += rows;
    return status;
}

static int32_t
run_all(const incload__change_write *w, incload__statements *list, int32_t status, bool marks, int64_t *affected,
        incload_error **err)
{
    for (int32_t i = 0; i < list->count && status == INCLOAD_OK; i++)
        status = run(w, list->items[i].sql, marks, affected, err);
    incload__statements_free(list);
    return status;
}

/* DELETE, not TRUNCATE: that would show readers of older snapshots an empty table, and commit on MariaDB. */
static int32_t
remove_all(const incload__change_write *w, incload_error **err)
{
    incload__str sql = INCLOAD__STR(w->table->mem);
    incload__clause clause = { w->table->dialect, &sql, err, INCLOAD_OK };
    incload__removal how = { .missing = false };

    if (w->fold->soft) {
        how.flag = &w->table->marks.columns[FLAG];
        how.at = &w->table->marks.columns[AT];
    }
    incload__clause_add(&clause, w->fold->soft ? "UPDATE " : "DELETE FROM ");
    incload__clause_table(&clause, &w->table->name);
    if (w->fold->soft)
        incload__clause_mark(&clause, &how, "");
    incload__clause_add(&clause, " WHERE 1 = 1");
    incload__clause_unmarked(&clause, &how, "");
    int32_t status = incload__clause_status(&clause);
    if (status == INCLOAD_OK)
        status = run(w, incload__str_text(&sql), w->fold->soft, &w->count->deleted, err);
    incload__str_free(&sql);
    return status;
}

/* One statement for all of them. */
static int32_t
remove_keys(const incload__change_write *w, incload__chain rows, bool mark, incload_error **err)
{
    incload__stage stage = { .load = w->load, .table = w->table, .fold = w->fold, .rows = rows, .keys_only = true };
    incload__statements list = { .mem = w->table->mem };
    incload__removal how = { .missing = false };

    if (mark) {
        how.flag = &w->table->marks.columns[FLAG];
        how.at = &w->table->marks.columns[AT];
    }
    int32_t status = incload__stage_fill(&stage, err);
    incload__merge merge = incload__stage_merge(&stage);
    if (status == INCLOAD_OK) {
        status = w->table->dialect->remove_rows(&list, &merge, &how, err);
        status = run_all(w, &list, status, mark, &w->count->deleted, err);
    }
    if (status == INCLOAD_OK)
        status = incload__stage_drop(&stage, err);
    incload__stage_free(&stage);
    return status;
}

/* A value that is there is compared by =, for which there may be an index. */
static void
tell_nulls(incload__stage *stage, const incload__rows *places, int64_t row)
{
    for (int32_t i = 0; i < stage->written; i++)
        stage->columns.columns[i].nullable = incload__stage_is_null(places, row, i);
}

static int32_t
remove_each(const incload__change_write *w, incload__stage *stage, incload_error **err)
{
    incload__rows places = { .mem = w->table->mem };
    incload__merge merge = incload__stage_merge(stage);
    int32_t status = incload__stage_places(stage, &places, err);

    for (int64_t i = 0; i < places.count && status == INCLOAD_OK; i++) {
        incload__str sql = INCLOAD__STR(w->table->mem);
        tell_nulls(stage, &places, i);
        status = w->table->dialect->remove_one(&sql, &merge, incload__rows_get(&places, i, 0), err);
        if (status == INCLOAD_OK)
            status = run(w, incload__str_text(&sql), false, &w->count->deleted, err);
        incload__str_free(&sql);
    }
    incload__rows_free(&places);
    return status;
}

/* Of rows that are equal one goes for each event: a statement for each of them. */
static int32_t
remove_equals(const incload__change_write *w, incload__chain rows, incload_error **err)
{
    incload__stage stage = { .load = w->load, .table = w->table, .fold = w->fold, .rows = rows };
    int32_t status = incload__stage_fill(&stage, err);

    if (status == INCLOAD_OK)
        status = remove_each(w, &stage, err);
    if (status == INCLOAD_OK)
        status = incload__stage_drop(&stage, err);
    incload__stage_free(&stage);
    return status;
}

/* A column that a new row must bring and these do not, or NULL. */
static const char *
missing_column(const incload__stage *stage)
{
    for (int32_t i = 0; i < stage->table->columns.count; i++) {
        const incload__column *column = &stage->table->columns.columns[i];
        if (column->required && incload__schema_find(&stage->columns, column->name) < 0)
            return column->name;
    }
    return NULL;
}

static int32_t
fail_strangers(const incload__change_write *w, int64_t strangers, const char *missing, incload_error **err)
{
    char name[200];

    return incload__fail(err, INCLOAD_E_CONSTRAINT,
                         "%lld changes of rows that are not in table %s bring no value for its column '%.64s', "
                         "which every row needs: begin with a load or snapshot of all rows, or give the column a "
                         "default",
                         (long long)strangers, incload__table_text(&w->table->name, name, sizeof name), missing);
}

static int32_t
merge_rows(const incload__change_write *w, const incload__stage *stage, incload_error **err)
{
    incload__statements list = { .mem = w->table->mem };
    incload__merge merge = incload__stage_merge(stage);

    return run_all(w, &list, w->table->dialect->merge(&list, &merge, err), false, &w->count->written, err);
}

/* Where the database tells how many rows it found, what is left of them is known without another look. */
static int32_t
update_and_merge(const incload__change_write *w, const incload__stage *stage, const char *missing, incload_error **err)
{
    incload__statements list = { .mem = w->table->mem };
    incload__merge merge = incload__stage_merge(stage);
    int64_t found = 0;

    merge.all_rows = true;
    int32_t status = w->table->dialect->update_rows(&list, &merge, err);
    status = run_all(w, &list, status, false, &found, err);
    w->count->written += found;
    if (status != INCLOAD_OK || found == stage->staged)
        return status;
    return missing != NULL ? fail_strangers(w, stage->staged - found, missing, err) : merge_rows(w, stage, err);
}

/* An upsert that leaves such a column out is refused even where the row is there. */
static int32_t
update_only(const incload__change_write *w, const incload__stage *stage, const char *missing, incload_error **err)
{
    incload__statements list = { .mem = w->table->mem };
    incload__merge merge = incload__stage_merge(stage);
    int64_t strangers = 0;
    int32_t status = incload__stage_strangers(stage, &strangers, err);

    if (status == INCLOAD_OK && strangers > 0)
        return fail_strangers(w, strangers, missing, err);
    if (status == INCLOAD_OK)
        status = w->table->dialect->update_rows(&list, &merge, err);
    return run_all(w, &list, status, false, &w->count->written, err);
}

static int32_t
write_staged(const incload__change_write *w, const incload__stage *stage, manner way, incload_error **err)
{
    const char *missing = missing_column(stage);

    if (way == UPDATE || (missing != NULL && w->table->dialect->update_tells))
        return update_and_merge(w, stage, missing, err);
    return missing != NULL ? update_only(w, stage, missing, err) : merge_rows(w, stage, err);
}

static int32_t
insert_group(incload__change_write *w, incload__chain rows, incload_error **err)
{
    incload__stage stage = {
        .load = w->load, .table = w->table, .fold = w->fold, .rows = rows, .moment_us = w->moment_us
    };
    int64_t written = 0;

    w->went_straight = true;
    int32_t status = incload__stage_insert(&stage, &written, err);
    w->count->written += written;
    incload__stage_free(&stage);
    return status;
}

static int32_t
stage_group(const incload__change_write *w, const group *which, incload_error **err)
{
    incload__stage stage = {
        .load = w->load, .table = w->table, .fold = w->fold, .rows = which->rows, .moment_us = w->moment_us
    };
    int32_t status = incload__stage_fill(&stage, err);

    if (status == INCLOAD_OK)
        status = write_staged(w, &stage, which->way, err);
    if (status == INCLOAD_OK)
        status = incload__stage_drop(&stage, err);
    incload__stage_free(&stage);
    return status;
}

/* ---- the parts ---- */

int32_t
incload__change_write_clear(incload__change_write *w, incload_error **err)
{
    int32_t status = w->fold->truncated ? remove_all(w, err) : INCLOAD_OK;

    if (status == INCLOAD_OK && w->replaced.first >= 0)
        status = remove_keys(w, w->replaced, false, err);
    return status;
}

int32_t
incload__change_write_rows(incload__change_write *w, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < w->group_count && status == INCLOAD_OK; i++)
        status =
            w->groups[i].way == INSERT ? insert_group(w, w->groups[i].rows, err) : stage_group(w, &w->groups[i], err);
    return status;
}

int32_t
incload__change_write_remove(incload__change_write *w, incload_error **err)
{
    if (w->gone.first < 0)
        return INCLOAD_OK;
    return w->fold->key_count == 0 ? remove_equals(w, w->gone, err) : remove_keys(w, w->gone, w->fold->soft, err);
}
