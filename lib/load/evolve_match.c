/* SPDX-License-Identifier: Apache-2.0 */
/* Finds each loaded column in the target, and those that the source has gained or lost since the load ran before. */
#include <string.h>

#include "base/utf8.h"
#include "load/evolve.h"
#include "load/mode.h"

/* Its index among the target's columns, or -1; *other is then one whose name differs by case alone, or NULL. */
static int32_t
find_target(const incload__matching *m, const char *name, const char **other)
{
    const incload__evolution *rules = incload__evolution_of(m->load->to->dialect);
    int32_t at = incload__schema_find(m->all, name);

    *other = NULL;
    for (int32_t i = 0; i < m->all->count && at < 0; i++) {
        if (!incload__ascii_equal(m->all->columns[i].name, name))
            continue;
        *other = m->all->columns[i].name;
        if (rules != NULL && rules->folds_names)
            at = i;
    }
    return at;
}

/* Only a load that has run before can tell what is new: at first sight a column that is missing is a mistake. And what
 * was filled before and is gone from the target was taken away there, by somebody. */
static bool
is_new(const incload__matching *m, const char *name, const char *other)
{
    return m->load->before.version > 0 && other == NULL && incload__loaded_find(&m->evolve->before, name) == NULL;
}

static int32_t
fail_missing(const incload__matching *m, const char *name, const char *other, incload_error **err)
{
    if (other != NULL)
        return incload__fail(err, INCLOAD_E_NOT_FOUND,
                             "target table %s has no column '%.64s', but one written '%.64s': rename it there, or load "
                             "it under that name by option 'columns'",
                             m->table, name, other);
    return incload__fail(err, INCLOAD_E_NOT_FOUND,
                         "target table %s has no column '%.64s'%s: add it there, or name the columns to load in option "
                         "'columns'",
                         m->table, name,
                         incload__loaded_find(&m->evolve->before, name) != NULL ? ", which earlier loads filled" : "");
}

static bool
is_needed(const incload__load *load, int32_t index)
{
    return index == load->cursor || index == load->latest_by || incload__is_key(load, index);
}

/* Takes one column out of the load; the indexes behind it move up. */
static void
leave_out(incload__load *load, incload__list *names, int32_t index)
{
    incload__schema *shape = &load->shape;

    incload__free(shape->mem, shape->columns[index].name);
    incload__free(shape->mem, shape->columns[index].native);
    shape->count--;
    memmove(&shape->columns[index], &shape->columns[index + 1],
            (size_t)(shape->count - index) * sizeof *shape->columns);
    if (index < names->count) {
        incload__free(names->mem, names->items[index].name);
        incload__free(names->mem, names->items[index].alias);
        names->count--;
        memmove(&names->items[index], &names->items[index + 1], (size_t)(names->count - index) * sizeof *names->items);
    }
    load->cursor -= load->cursor > index;
    load->latest_by -= load->latest_by > index;
    load->marker -= load->marker > index;
    for (int32_t i = 0; i < load->key_count; i++)
        load->key[i] -= load->key[i] > index;
    for (int32_t i = 0; i < load->page_key_count; i++) {
        if (load->page_key[i] == index)
            load->page_key_count = 0;
        else
            load->page_key[i] -= load->page_key[i] > index;
    }
}

static int32_t
say_left_out(incload__matching *m, const incload__column *from, incload_error **err)
{
    incload__str text = INCLOAD__STR(m->load->mem);

    incload__str_addf(&text, "column '%.64s' is new in the source and left out of target table %s (new_columns=ignore)",
                      from->name, m->table);
    return incload__evolve_say(m->load, &text, err);
}

static int32_t
ignore_new(incload__matching *m, incload_error **err)
{
    incload__load *load = m->load;

    for (int32_t i = load->shape.count - 1; i >= 0; i--) {
        const char *other, *name = incload__target_name(load, m->names, i);
        if (i == load->marker || find_target(m, name, &other) >= 0 || !is_new(m, name, other))
            continue;
        if (is_needed(load, i))
            return incload__fail(err, INCLOAD_E_NOT_FOUND,
                                 "target table %s has no column '%.64s', which is key, cursor or latest_by and cannot "
                                 "be left out: add it there, or set new_columns=evolve",
                                 m->table, name);
        int32_t status = say_left_out(m, &load->shape.columns[i], err);
        if (status != INCLOAD_OK)
            return status;
        leave_out(load, m->names, i);
    }
    return INCLOAD_OK;
}

static int32_t
say_added(incload__matching *m, const char *name, const char *native, bool nullable, incload_error **err)
{
    bool anew = m->load->how->write == INCLOAD__WRITE_SWAP || m->load->how->write == INCLOAD__WRITE_REPLACE;
    incload__str text = INCLOAD__STR(m->load->mem);

    incload__str_addf(&text, "column '%.64s' (%.100s) is new in the source and added to target table %s%s%s", name,
                      native, m->table, nullable ? "" : ", where it may be NULL though it may not in the source",
                      anew ? ""
                           : ": rows loaded before have NULL in it until they change, or the watermark is reset and "
                             "all are loaded again");
    return incload__evolve_say(m->load, &text, err);
}

/* What the target will declare is what it would have declared had it been made with the column. */
static int32_t
take_new(incload__matching *m, const char *name, const char *native, const incload__column *from, uint32_t native_id,
         incload_error **err)
{
    const incload__dialect *dialect = m->load->to->dialect;
    incload__type made = dialect->type_of(native), type = made;

    if (dialect->civil_is_utc && made.kind == INCLOAD__TIMESTAMP && from->type.kind == INCLOAD__TIMESTAMPTZ)
        type.kind = INCLOAD__TIMESTAMPTZ;
    incload__column *column = incload__schema_add(&m->load->target, name, native, type);
    if (column == NULL)
        return incload__fail_memory(err);
    column->native_id = native_id;
    return incload__evolve_add(m, INCLOAD__ADD_COLUMN, column, native, made, err);
}

static int32_t
add_new(incload__matching *m, int32_t index, const char *name, incload_error **err)
{
    incload__load *load = m->load;
    const incload__column *from = &load->shape.columns[index];
    incload__str native = INCLOAD__STR(load->mem);
    bool kept = false;
    char text[48];

    if (load->how->new_columns == INCLOAD__EVOLVE_ERROR || incload__evolution_of(load->to->dialect) == NULL) {
        incload__refuse(m, INCLOAD_E_NOT_FOUND, "column '%.64s' (%.100s) is new in the source: %s", name,
                        incload__type_words(from->native, from->type, text, sizeof text),
                        load->how->new_columns == INCLOAD__EVOLVE_ERROR
                            ? "add it to the target, or set new_columns=evolve (it is added) or new_columns=ignore"
                            : "add it to the target, or set new_columns=ignore");
        return INCLOAD_OK;
    }
    int32_t status = incload__target_native(load, index, name, &native, &kept, err);
    if (status == INCLOAD_OK && native.failed)
        status = incload__fail_memory(err);
    const char *type = incload__str_text(&native);
    if (status == INCLOAD_OK)
        status = take_new(m, name, type, from, kept ? from->native_id : 0, err);
    if (status == INCLOAD_OK)
        status = say_added(m, name, type, from->nullable, err);
    incload__str_free(&native);
    return status;
}

/* ---- the column that marks deleted rows ---- */

static bool
is_soft_name(const incload__load *load, const char *name)
{
    return incload__soft_is_on(load)
           && (strcmp(name, incload__soft_name(load, 0)) == 0 || strcmp(name, incload__soft_name(load, 1)) == 0);
}

/* Only a target that has a column for the marker is given it. */
static bool
is_marker_alone(const incload__matching *m, int32_t index, int32_t at)
{
    incload__load *load = m->load;

    if (index != load->marker)
        return false;
    load->marker_stored = at >= 0 && !m->all->columns[at].generated
                          && !is_soft_name(load, m->all->columns[at].name);
    return !load->marker_stored;
}

/* In staging it stands under a name that none of the target's hides. */
static int32_t
stage_marker(incload__load *load, incload_error **err)
{
    const incload__column *from = &load->shape.columns[load->marker];
    incload__str native = INCLOAD__STR(load->mem);
    bool kept = false;
    int32_t status = incload__marker_check_alone(load, err);

    if (status == INCLOAD_OK)
        status = incload__target_native(load, load->marker, from->name, &native, &kept, err);
    if (status == INCLOAD_OK && native.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        incload__column *column = incload__schema_add(&load->target, "_incload_marker", incload__str_text(&native),
                                                      from->type);
        if (column == NULL)
            status = incload__fail_memory(err);
        else if (load->from->dialect == load->to->dialect)
            column->native_id = from->native_id;
    }
    incload__str_free(&native);
    return status;
}

static int32_t
match_column(incload__matching *m, int32_t index, incload_error **err)
{
    const char *other, *name = incload__target_name(m->load, m->names, index);
    int32_t at = find_target(m, name, &other);

    if (is_marker_alone(m, index, at))
        return stage_marker(m->load, err);
    if (at < 0)
        return is_new(m, name, other) ? add_new(m, index, name, err) : fail_missing(m, name, other, err);
    const incload__column *to = &m->all->columns[at];
    if (to->generated)
        return incload__fail(err, INCLOAD_E_TYPE,
                             "column '%.64s' of target table %s is computed by the database: leave it out by option "
                             "'columns'",
                             name, m->table);
    if (incload__schema_find(&m->load->target, to->name) >= 0)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "two columns of the source would go into column '%.64s' of target table %s: name them "
                             "apart by option 'columns'",
                             to->name, m->table);
    return incload__evolve_type(m, index, to, err);
}

/* ---- the whole ---- */

/* The whole name, where messages cut a long one, perhaps inside a character. */
static int32_t
name_table(incload__matching *m, incload_error **err)
{
    const incload__table *table = &m->load->target_name;
    incload__str text = INCLOAD__STR(m->load->mem);

    if (table->schema != NULL)
        incload__str_addf(&text, "%s.", table->schema);
    incload__str_add(&text, table->name);
    int32_t status = text.failed ? incload__fail_memory(err)
                                 : incload__loaded_set_table(&m->evolve->after, incload__str_text(&text), err);
    incload__str_free(&text);
    return status;
}

static int32_t
read_before(incload__matching *m, incload_error **err)
{
    incload__load *load = m->load;
    struct incload__evolve *evolve = m->evolve;

    if (load->before.version == 0)
        return INCLOAD_OK;
    int32_t status = incload__loaded_read(&load->ledger, load->to, load->spec->name, &evolve->document, err);
    if (status == INCLOAD_OK)
        status = incload__loaded_parse(evolve->document, &evolve->before, err);
    if (status == INCLOAD_OK && evolve->before.table != NULL
        && strcmp(evolve->before.table, evolve->after.table) != 0)
        incload__loaded_free(&evolve->before);
    return status;
}

/* What is kept narrower than the source by option stays known as it was, so that it can still be widened later. */
static int32_t
note_after(incload__matching *m, incload_error **err)
{
    const incload__load *load = m->load;
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < load->shape.count && status == INCLOAD_OK; i++) {
        const incload__column *from = &load->shape.columns[i], *to = &load->target.columns[i];
        const incload__loaded_column *was = incload__loaded_find(&m->evolve->before, to->name);
        if (i == load->marker && !load->marker_stored)
            continue;
        bool keeps = was != NULL && !incload__type_holds(to->type, from->type);
        status = incload__loaded_add(&m->evolve->after, from->name, to->name, keeps ? was->native : from->native,
                                     keeps ? was->type : from->type, err);
    }
    return status;
}

static int32_t
tell_refusals(incload__matching *m, incload_error **err)
{
    for (int32_t i = 0; i < m->evolve->change_count && m->gone; i++) {
        if (m->evolve->changes[i].kind == INCLOAD__ADD_COLUMN)
            incload__refuse(m, INCLOAD_E_NOT_FOUND,
                            "column '%.64s' is new there: if it is another one's new name, rename that in the target "
                            "too",
                            m->evolve->changes[i].name);
    }
    if (m->refusals.failed)
        return incload__fail_memory(err);
    return incload__fail(err, m->code, "the source's columns have changed, and target table %s was left as it is: %s",
                         m->table, incload__str_text(&m->refusals));
}

static int32_t
match_all(incload__matching *m, incload_error **err)
{
    int32_t status = name_table(m, err);

    if (status == INCLOAD_OK)
        status = read_before(m, err);
    if (status == INCLOAD_OK && m->load->how->new_columns == INCLOAD__EVOLVE_IGNORE)
        status = ignore_new(m, err);
    for (int32_t i = 0; i < m->load->shape.count && status == INCLOAD_OK; i++)
        status = match_column(m, i, err);
    if (status == INCLOAD_OK)
        status = incload__evolve_gone(m, err);
    if (status == INCLOAD_OK && m->code != INCLOAD_OK)
        status = tell_refusals(m, err);
    if (status == INCLOAD_OK)
        status = incload__evolve_required(m, err);
    return status == INCLOAD_OK ? note_after(m, err) : status;
}

int32_t
incload__evolve_match(incload__load *load, incload__list *names, const incload__schema *all, incload_error **err)
{
    incload__matching m = { .load = load, .names = names, .all = all, .refusals = INCLOAD__STR(load->mem) };

    load->evolve = m.evolve = incload__alloc(load->mem, sizeof *m.evolve);
    if (m.evolve == NULL)
        return incload__fail_memory(err);
    incload__loaded_init(&m.evolve->before, load->mem);
    incload__loaded_init(&m.evolve->after, load->mem);
    incload__table_text(&load->target_name, m.table, sizeof m.table);
    int32_t status = match_all(&m, err);
    incload__str_free(&m.refusals);
    return status;
}
