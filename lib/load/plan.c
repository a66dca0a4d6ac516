/* SPDX-License-Identifier: Apache-2.0 */
/* What will be loaded: the columns on both sides, the key, the cursor; checked whole before anything is read. */
#include <string.h>

#include "base/utf8.h"
#include "load/mode.h"

/* The loaded column of that name, or an error that names it and what there is. */
static int32_t
find_column(incload__load *load, const char *what, const char *name, int32_t *out, incload_error **err)
{
    *out = incload__schema_find(&load->shape, name);
    if (*out >= 0)
        return INCLOAD_OK;
    for (int32_t i = 0; i < load->shape.count; i++) {
        if (incload__ascii_equal(load->shape.columns[i].name, name))
            return incload__fail(err, INCLOAD_E_NOT_FOUND, "the %s column '%.64s' is written '%.64s' in the source",
                                 what, name, load->shape.columns[i].name);
    }
    return incload__fail(
        err, INCLOAD_E_NOT_FOUND,
        "the %s column '%.64s' is not among the loaded columns of the source: check its name, and option "
        "'columns'",
        what, name);
}

/* A part of a range is told in the form of the cursor's own type. */
static int32_t
find_bounds(incload__load *load, incload_error **err)
{
    const incload__interval_source *from = load->spec->interval;

    if (from == NULL)
        return INCLOAD_OK;
    int32_t status = from->bounds(from->data, load->mem, load->from->dialect, &load->shape.columns[load->cursor],
                                  load->bounds, err);
    if (status != INCLOAD_OK)
        return status;
    load->bounded = *load->how;
    load->bounded.initial = load->bounds[0];
    load->bounded.until = load->bounds[1];
    load->how = &load->bounded;
    return INCLOAD_OK;
}

static int32_t
find_cursor(incload__load *load, incload_error **err)
{
    const incload__dialect *dialect = load->from->dialect;
    int32_t status = find_column(load, "cursor", load->how->cursor, &load->cursor, err);

    if (status != INCLOAD_OK || dialect->misorders == NULL)
        return status;
    const incload__column *cursor = &load->shape.columns[load->cursor];
    if (dialect->misorders(cursor))
        return incload__fail(
            err, INCLOAD_E_TYPE,
            "the cursor column '%.64s' is %.64s, which %s orders as text: take a column whose order is that "
            "of its values, such as an integer or a timestamp",
            cursor->name, cursor->native != NULL ? cursor->native : "computed", dialect->name);
    return INCLOAD_OK;
}

static int32_t
find_key(incload__load *load, incload_error **err)
{
    incload__list list;
    int32_t status = incload__list_parse(load->mem, "key", load->how->key, &list, err);

    if (status == INCLOAD_OK && list.count > MAX_KEY)
        status = incload__fail(err, INCLOAD_E_INVALID, "option 'key' has %d columns: %d are the most", (int)list.count,
                               MAX_KEY);
    for (int32_t i = 0; i < list.count && status == INCLOAD_OK; i++) {
        if (list.items[i].alias != NULL)
            status = incload__fail(err, INCLOAD_E_INVALID,
                                   "option 'key' takes the source's column names, without new names behind a colon");
        else
            status = find_column(load, "key", list.items[i].name, &load->key[i], err);
        load->key_count = i + 1;
    }
    incload__list_free(&list);
    return status;
}

static int32_t
select_column(incload__load *load, const incload__column *from, incload_error **err)
{
    incload__column *column = incload__schema_add(&load->shape, from->name, from->native, from->type);

    if (column == NULL)
        return incload__fail_memory(err);
    column->nullable = from->nullable;
    column->native_id = from->native_id;
    return INCLOAD_OK;
}

static int32_t
select_stored(incload__load *load, const incload__schema *all, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < all->count && status == INCLOAD_OK; i++) {
        if (!all->columns[i].generated)
            status = select_column(load, &all->columns[i], err);
    }
    return status;
}

/* Keeps of the source's columns those that option 'columns' names; *names gets the target's names in the same order. */
static int32_t
select_columns(incload__load *load, incload__schema *all, incload__list *names, incload_error **err)
{
    int32_t status = incload__list_parse(load->mem, "columns", load->how->columns, names, err);

    if (status != INCLOAD_OK)
        return status;
    if (names->count == 0)
        return load->spec->stored_only ? select_stored(load, all, err) : incload__schema_copy(&load->shape, all, err);
    for (int32_t i = 0; i < names->count; i++) {
        int32_t at = incload__schema_find(all, names->items[i].name);
        if (at < 0)
            return incload__fail(err, INCLOAD_E_NOT_FOUND,
                                 "option 'columns' names '%.64s', which the source does not have",
                                 names->items[i].name);
        if (incload__schema_find(&load->shape, names->items[i].name) >= 0)
            return incload__fail(err, INCLOAD_E_INVALID, "option 'columns' names '%.64s' twice", names->items[i].name);
        status = select_column(load, &all->columns[at], err);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

/* Two columns of one name could not be told apart in any statement, and not every server says so. */
static int32_t
check_names_apart(const incload__schema *all, incload_error **err)
{
    for (int32_t i = 1; i < all->count; i++) {
        if (incload__schema_find(all, all->columns[i].name) < i)
            return incload__fail(err, INCLOAD_E_INVALID, "it gives two columns the name '%.64s': rename one by AS",
                                 all->columns[i].name);
    }
    return INCLOAD_OK;
}

static int32_t
plan_source(incload__load *load, incload__list *names, incload_error **err)
{
    const incload__load_spec *spec = load->spec;
    incload__conn *from = load->from;
    incload__schema all;
    incload__rows keys = { .mem = load->mem };
    int32_t status;

    incload__schema_init(&all, load->mem);
    if (spec->query != NULL) {
        status = from->driver->describe(from, spec->query, spec->param_count, &all, err);
        if (status == INCLOAD_OK)
            status = check_names_apart(&all, err);
        if (status != INCLOAD_OK)
            incload__error_prefix(err, "the source's query");
    } else {
        status = incload__table_parse(load->mem, spec->source_table, &load->source_name, err);
        if (status == INCLOAD_OK)
            status = incload__memo_look(load, INCLOAD__SOURCE_SIDE, &load->source_name, err);
        if (status == INCLOAD_OK)
            status = incload__inspect_table(load, from, &load->source_name, &all, err);
        if (status == INCLOAD_OK)
            status = incload__inspect_keys(load, from, &load->source_name, &keys, err);
        if (status != INCLOAD_OK)
            incload__error_prefix(err, "source table");
    }
    if (status == INCLOAD_OK)
        status = select_columns(load, &all, names, err);
    if (status == INCLOAD_OK && load->how->delete_marker != NULL)
        status = incload__marker_find(load, &all, err);
    if (status == INCLOAD_OK && load->how->cursor != NULL)
        status = find_cursor(load, err);
    if (status == INCLOAD_OK && load->how->cursor != NULL)
        status = find_bounds(load, err);
    if (status == INCLOAD_OK && load->how->latest_by != NULL)
        status = find_column(load, "latest_by", load->how->latest_by, &load->latest_by, err);
    if (status == INCLOAD_OK)
        status = find_key(load, err);
    if (status == INCLOAD_OK) {
        load->page_key_count = incload__keys_first(&keys, &load->shape, load->page_key);
        load->key_is_unique = load->key_count > 0
                              && incload__keys_match(&keys, &load->shape, load->key, load->key_count);
    }
    incload__rows_free(&keys);
    incload__schema_free(&all);
    return status;
}

const char *
incload__target_name(const incload__load *load, const incload__list *names, int32_t index)
{
    if (index < names->count && names->items[index].alias != NULL)
        return names->items[index].alias;
    return load->shape.columns[index].name;
}

bool
incload__is_key(const incload__load *load, int32_t index)
{
    for (int32_t i = 0; i < load->key_count; i++) {
        if (load->key[i] == index)
            return true;
    }
    return false;
}

/* The source's own type where both speak the same dialect. */
int32_t
incload__target_native(const incload__load *load, int32_t index, const char *name, incload__str *out, bool *kept,
                       incload_error **err)
{
    const incload__dialect *dialect = load->to->dialect;
    const incload__column *from = &load->shape.columns[index];
    /* User-defined types (PostgreSQL: ids from 16384) may not exist on the other side. */
    bool keep = dialect == load->from->dialect && from->native != NULL && from->native_id < 16384;

    /* What an ODBC driver calls a query's column need not be a whole type: MariaDB's says varchar without a length. */
    if (load->spec->query != NULL && load->from->wire == INCLOAD__WIRE_TEXT)
        keep = keep && from->type.kind == INCLOAD__NATIVE;
    /* SQLite columns may declare no type: they are read as text, and the target's column says so. */
    keep = keep && from->native[0] != '\0';
    *kept = keep;
    if (!keep)
        return dialect->native_type(out, name, from->type, incload__is_key(load, index), err);
    incload__str_add(out, from->native);
    return INCLOAD_OK;
}

/* The shape of the target to be made. */
static int32_t
shape_target(incload__load *load, const incload__list *names, incload__schema *out, incload_error **err)
{
    incload__str native = INCLOAD__STR(load->mem);
    int32_t status = INCLOAD_OK;
    bool kept = false;

    for (int32_t i = 0; i < load->shape.count && status == INCLOAD_OK; i++) {
        const incload__column *from = &load->shape.columns[i];
        const char *name = incload__target_name(load, names, i);
        if (i == load->marker)
            continue;
        incload__str_clear(&native);
        status = incload__target_native(load, i, name, &native, &kept, err);
        if (status == INCLOAD_OK && native.failed)
            status = incload__fail_memory(err);
        if (status != INCLOAD_OK)
            break;
        incload__column *column = incload__schema_add(out, name, incload__str_text(&native), from->type);
        if (column == NULL)
            status = incload__fail_memory(err);
        else
            column->nullable = from->nullable && !incload__is_key(load, i);
        if (column != NULL && kept)
            column->native_id = from->native_id;
    }
    incload__str_free(&native);
    return status == INCLOAD_OK ? incload__soft_add(load, out, err) : status;
}

/* An unqualified name gets its schema before the table is made, so that the ledger's schema cannot become its home. */
static int32_t
find_home(incload__load *load, incload_error **err)
{
    const char *ledger = load->ledger.place;
    incload__param param = { ledger, strlen(ledger), INCLOAD__TEXT };
    incload__rows rows = { .mem = load->mem };

    if (load->target_name.schema != NULL || load->to->dialect->home_query == NULL)
        return INCLOAD_OK;
    int32_t status = load->to->driver->select(load->to, load->to->dialect->home_query, &param, 1, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    const char *home = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    if (home == NULL) {
        status = incload__fail(err, INCLOAD_E_NOT_FOUND,
                               "no schema to create table '%.64s' in: name one as schema.table, or set search_path",
                               load->target_name.name);
    } else {
        load->target_name.schema = incload__strdup(load->mem, home);
        if (load->target_name.schema == NULL)
            status = incload__fail_memory(err);
    }
    incload__rows_free(&rows);
    return status;
}

/* The table that a run would make, as it would find it afterwards. */
static int32_t
imagine_target(const incload__load *load, const incload__schema *columns, incload__schema *out, incload_error **err)
{
    int32_t status = incload__schema_copy(out, columns, err);

    for (int32_t i = 0; i < out->count; i++)
        out->columns[i].type = load->to->dialect->type_of(out->columns[i].native);
    return status;
}

/* Fills in `out` only in a rehearsal. */
static int32_t
create_target(incload__load *load, const incload__list *names, incload__schema *out, incload_error **err)
{
    int32_t key[MAX_KEY + 1];
    int32_t key_count = incload__mode_created_key(load, key);
    incload__str sql = INCLOAD__STR(load->mem);
    incload__schema columns;
    char name[200];

    incload__schema_init(&columns, load->mem);
    int32_t status = find_home(load, err);
    if (status == INCLOAD_OK)
        status = shape_target(load, names, &columns, err);
    if (status == INCLOAD_OK && load->how->write == INCLOAD__WRITE_SCD2)
        status = incload__scd2_shape(load, &columns, key, &key_count, err);
    if (status == INCLOAD_OK)
        status = load->to->dialect->create_table(&sql, &load->target_name, &columns, key, key_count, err);
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = load->to->driver->execute(load->to, incload__str_text(&sql), NULL, 0, NULL, err);
    if (status == INCLOAD_OK && load->rehearsed)
        status = imagine_target(load, &columns, out, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "creating target table %s",
                              incload__table_text(&load->target_name, name, sizeof name));
    incload__str_free(&sql);
    incload__schema_free(&columns);
    return status;
}

static int32_t
check_target_key(incload__load *load, incload_error **err)
{
    incload__rows keys;

    if (load->key_count == 0)
        return INCLOAD_OK;
    /* One that is made has the key, but for a group of rows. */
    if (load->rehearsed && load->target_made) {
        load->one_per_key = load->key_is_unique || load->how->write != INCLOAD__WRITE_DELETE_INSERT;
        return incload__mode_check_key(load, err);
    }
    int32_t status = incload__inspect_keys(load, load->to, &load->target_name, &keys, err);
    if (status != INCLOAD_OK)
        return status;
    load->one_per_key = incload__keys_match(&keys, &load->target, load->key, load->key_count);
    incload__rows_free(&keys);
    return incload__mode_check_key(load, err);
}

/* A table that is not there, though the watermark says what it holds, was dropped or renamed by somebody: made anew it
 * would silently lack all rows before the watermark. */
static int32_t
check_never_loaded(const incload__load *load, incload_error **err)
{
    char name[200];

    if (load->how->write == INCLOAD__WRITE_SWAP && load->how->swap_by == INCLOAD__SWAP_PARTITION)
        return incload__fail(err, INCLOAD_E_NOT_FOUND,
                             "target table %s is missing, and only you can say how it is to be partitioned: create it, "
                             "or take swap_by=rename",
                             incload__table_text(&load->target_name, name, sizeof name));
    if (load->how->window != INCLOAD__WINDOW_SINCE || load->before.value == NULL)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_STATE,
                         "target table %s is gone, but load '%s' has a watermark and would bring only what came after "
                         "it: restore the table, or call incload_watermark_reset() to load everything again",
                         incload__table_text(&load->target_name, name, sizeof name), load->spec->name);
}

static int32_t
make_target(incload__load *load, const incload__list *names, incload__schema *all, incload_error **err)
{
    incload_error *failure = NULL;
    int32_t status = check_never_loaded(load, err);

    if (status == INCLOAD_OK)
        status = incload__marker_check_alone(load, err);
    if (status != INCLOAD_OK)
        return status;
    load->target_made = true;
    status = create_target(load, names, all, &failure);
    if (status == INCLOAD_OK && load->rehearsed)
        return INCLOAD_OK;
    if (status == INCLOAD_OK)
        return incload__inspect_table(load, load->to, &load->target_name, all, err);
    /* Another run may have made it in the same moment: IF NOT EXISTS does not save PostgreSQL from a unique violation
     * in its catalog. If the table is there now, all is well. */
    if (incload__inspect_table(load, load->to, &load->target_name, all, NULL) != INCLOAD_OK)
        return incload__error_pass(err, failure);
    incload_error_unref(failure);
    return INCLOAD_OK;
}

static int32_t
plan_target(incload__load *load, incload__list *names, incload_error **err)
{
    incload__schema all;

    incload__schema_init(&all, load->mem);
    incload_error *missing = NULL;
    int32_t status = incload__memo_look(load, INCLOAD__TARGET_SIDE, &load->target_name, err);
    if (status == INCLOAD_OK)
        status = incload__inspect_table(load, load->to, &load->target_name, &all, &missing);
    if (status == INCLOAD_E_NOT_FOUND && load->how->create_target) {
        incload_error_unref(missing);
        missing = NULL;
        status = make_target(load, names, &all, err);
    }
    if (missing != NULL) {
        incload__error_prefix(&missing, "target table");
        incload__error_pass(err, missing);
    }
    if (status == INCLOAD_OK)
        status = incload__evolve_match(load, names, &all, err);
    if (status == INCLOAD_OK)
        status = incload__check_transactional(load, load->to, &load->target_name, err);
    if (status == INCLOAD_OK && incload__mode_of(load)->takes_out)
        status = incload__check_no_followers(load, load->to, &load->target_name, err);
    if (status == INCLOAD_OK) {
        incload__marker_move_last(load);
        status = incload__soft_find(load, &all, err);
    }
    if (status == INCLOAD_OK)
        status = check_target_key(load, err);
    if (status == INCLOAD_OK && load->how->write == INCLOAD__WRITE_SCD2)
        status = incload__scd2_match(load, &all, err);
    incload__schema_free(&all);
    return status;
}

/* The target works at its answer while the source is asked. */
static int32_t
ask_target(incload__load *load, incload_error **err)
{
    int32_t status = incload__table_parse(load->mem, load->spec->target_table, &load->target_name, err);

    if (status == INCLOAD_OK)
        status = incload__memo_ask(load, err);
    return status == INCLOAD_OK ? INCLOAD_OK : incload__error_prefix(err, "target table");
}

/* What comes as it comes has no order: the cursor decides itself which of two rows of one key is the later one. */
static void
order_by_value(incload__load *load)
{
    if (load->from->once && load->cursor >= 0 && load->how->window != INCLOAD__WINDOW_ALL && load->one_per_key
        && load->latest_by < 0)
        load->latest_by = load->cursor;
}

static int32_t
check_once(const incload__load *load, incload_error **err)
{
    if (!load->from->once || load->how->detect_deletes == INCLOAD__DELETES_NONE)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                         "detect_deletes asks the source for its keys, but a stream of rows is read once: take "
                         "write=replace, or delete_marker");
}

int32_t
incload__plan(incload__load *load, incload_error **err)
{
    incload__list names;

    memset(&names, 0, sizeof names);
    int32_t status = incload__mode_check_options(load, err);
    if (status == INCLOAD_OK)
        status = check_once(load, err);
    if (status == INCLOAD_OK)
        status = ask_target(load, err);
    if (status == INCLOAD_OK)
        status = plan_source(load, &names, err);
    if (status != INCLOAD_OK)
        incload__memo_unask(load);
    if (status == INCLOAD_OK)
        status = plan_target(load, &names, err);
    if (status == INCLOAD_OK)
        order_by_value(load);
    if (status == INCLOAD_OK)
        status = incload__plan_road(load, err);
    incload__list_free(&names);
    return status;
}
