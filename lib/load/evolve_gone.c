/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of the target that no row of the source fills: those that the source has lost, and those it never had. */
#include <string.h>

#include "load/evolve.h"
#include "load/mode.h"

static bool
in_some_key(const incload__rows *keys, const char *name)
{
    for (int64_t i = 0; i < keys->count; i++) {
        const char *column = incload__rows_get(keys, i, 3);
        if (column != NULL && strcmp(column, name) == 0)
            return true;
    }
    return false;
}

static int32_t
drop_gone(incload__matching *m, const incload__column *there, incload_error **err)
{
    incload__load *load = m->load;
    incload__str text = INCLOAD__STR(load->mem);
    incload__rows keys;
    int32_t status = incload__inspect_keys(load, load->to, &load->target_name, &keys, err);

    if (status != INCLOAD_OK)
        return status;
    bool in_key = in_some_key(&keys, there->name);
    incload__rows_free(&keys);
    if (in_key || incload__evolution_of(load->to->dialect) == NULL) {
        incload__refuse(m, INCLOAD_E_NOT_FOUND,
                        "column '%.64s' is gone from the source, and %s: drop it there by hand, or set "
                        "dropped_columns=ignore",
                        there->name,
                        in_key ? "part of a unique key of the target" : "the target's columns are not changed here");
        return INCLOAD_OK;
    }
    status = incload__evolve_add(m, INCLOAD__DROP_COLUMN, there, NULL, there->type, err);
    if (status != INCLOAD_OK)
        return status;
    incload__str_addf(&text, "column '%.64s' is gone from the source and dropped from target table %s", there->name,
                      m->table);
    return incload__evolve_say(m->load, &text, err);
}

static int32_t
ignore_gone(incload__matching *m, const incload__loaded_column *was, const incload__column *there, incload_error **err)
{
    incload__str text = INCLOAD__STR(m->load->mem);

    if (there->required) {
        incload__refuse(m, INCLOAD_E_CONSTRAINT,
                        "column '%.64s' is gone from the source, and NOT NULL without a default in the target: give it "
                        "one, or let it be NULL",
                        there->name);
        return INCLOAD_OK;
    }
    incload__str_addf(&text,
                      "column '%.64s' is gone from the source and stays in target table %s (dropped_columns=ignore): "
                      "new rows have NULL or its default in it",
                      there->name, m->table);
    int32_t status = incload__evolve_say(m->load, &text, err);
    if (status == INCLOAD_OK)
        status = incload__loaded_add(&m->evolve->after, was->source, was->target, was->native, was->type, err);
    return status;
}

static int32_t
match_gone(incload__matching *m, const incload__loaded_column *was, const incload__column *there, incload_error **err)
{
    char text[48];

    switch (m->load->how->dropped_columns) {
    case INCLOAD__EVOLVE:
        return drop_gone(m, there, err);
    case INCLOAD__EVOLVE_IGNORE:
        return ignore_gone(m, was, there, err);
    default:
        m->gone = true;
        incload__refuse(m, INCLOAD_E_NOT_FOUND,
                        "column '%.64s' (%.100s) is gone from the source: dropped_columns=ignore keeps it in the "
                        "target, with NULL or its default in new rows; dropped_columns=evolve drops it there with all "
                        "it holds",
                        there->name, incload__type_words(was->native, was->type, text, sizeof text));
        return INCLOAD_OK;
    }
}

/* What option 'columns' leaves out is not gone, and what the target no longer has is nobody's loss. */
int32_t
incload__evolve_gone(incload__matching *m, incload_error **err)
{
    const incload__loaded *before = &m->evolve->before;
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < before->count && m->names->count == 0 && status == INCLOAD_OK; i++) {
        const incload__loaded_column *was = &before->columns[i];
        int32_t at = incload__schema_find(m->all, was->target);
        if (at >= 0 && incload__schema_find(&m->load->shape, was->source) < 0
            && incload__schema_find(&m->load->target, was->target) < 0)
            status = match_gone(m, was, &m->all->columns[at], err);
    }
    return status;
}

static bool
is_dropped(const struct incload__evolve *evolve, const char *name)
{
    for (int32_t i = 0; i < evolve->change_count; i++) {
        if (evolve->changes[i].kind == INCLOAD__DROP_COLUMN && strcmp(evolve->changes[i].name, name) == 0)
            return true;
    }
    return false;
}

/* What the load fills beside the source's columns: a version's times and flags, the marks of deleted rows. */
static bool
is_own(const incload__load *load, const char *name)
{
    /* A verification does not know any more how the rows landed. */
    if ((load->how->write == INCLOAD__WRITE_SCD2 || load->verified) && incload__scd2_fills(load, name))
        return true;
    return incload__soft_is_on(load)
           && (strcmp(name, incload__soft_name(load, 0)) == 0 || strcmp(name, incload__soft_name(load, 1)) == 0);
}

/* The host's own columns are none of the load's business, as long as a row can do without them. */
int32_t
incload__evolve_required(const incload__matching *m, incload_error **err)
{
    for (int32_t i = 0; i < m->all->count; i++) {
        const incload__column *column = &m->all->columns[i];
        if (column->required && incload__schema_find(&m->load->target, column->name) < 0
            && !is_own(m->load, column->name) && !is_dropped(m->evolve, column->name))
            return incload__fail(err, INCLOAD_E_CONSTRAINT,
                                 "column '%.64s' of target table %s is NOT NULL without a default, and the load does "
                                 "not fill it: no row could be inserted; give it a default, or load it",
                                 column->name, m->table);
    }
    return INCLOAD_OK;
}
