/* SPDX-License-Identifier: Apache-2.0 */
/* In which order the tables of a set are written: one that others refer to comes before them. In a ring there is no
 * such order: constraints that can be deferred wait for the end of the transaction, and what others refuse is written
 * in the order of the events. */
#include <string.h>

#include "cdc/set.h"

enum { SCHEMA, TABLE, DEFERRABLE };

static bool
is_text(const incload__rows *rows, int64_t row, int32_t column, const char *text)
{
    const char *cell = incload__rows_get(rows, row, column);

    return cell != NULL && strcmp(cell, text) == 0;
}

/* Whether a key of `child` refers to `parent`; *deferrable: by one that can be deferred. */
static bool
refers(const incload__change_table *child, const incload__change_table *parent, bool *deferrable)
{
    bool found = false;

    for (int64_t i = 0; i < child->parents.count; i++) {
        if (!incload__change_table_is(parent, incload__rows_get(&child->parents, i, SCHEMA),
                                      incload__rows_get(&child->parents, i, TABLE)))
            continue;
        found = true;
        *deferrable = *deferrable || is_text(&child->parents, i, DEFERRABLE, "1");
    }
    return found;
}

bool
incload__change_table_refers_to(const incload__change_table *child, const incload__change_table *parent)
{
    bool deferrable = false;

    return refers(child, parent, &deferrable);
}

/* One that must come before the table and has no place yet, or -1. */
static int32_t
awaited(const incload__change_set *set, int32_t index, const bool *placed)
{
    for (int32_t i = 0; i < set->count; i++) {
        if (i != index && !placed[i]
            && incload__change_table_refers_to(&set->tables[index]->table, &set->tables[i]->table))
            return i;
    }
    return -1;
}

/* Where all wait for another, whoever follows that for long enough is in a ring: it is cut there. */
static int32_t
next_table(const incload__change_set *set, const bool *placed)
{
    int32_t at = -1;

    for (int32_t i = 0; i < set->count; i++) {
        if (placed[i])
            continue;
        if (awaited(set, i, placed) < 0)
            return i;
        if (at < 0)
            at = i;
    }
    for (int32_t i = 0; i < set->count; i++)
        at = awaited(set, at, placed);
    return at;
}

int32_t
incload__change_set_order(incload__change_set *set, incload_error **err)
{
    bool *placed = incload__alloc_array(set->mem, (size_t)set->count, sizeof *placed);

    if (placed == NULL)
        return incload__fail_memory(err);
    set->related = false;
    set->deferred = false;
    for (int32_t i = 0; i < set->count; i++) {
        set->order[i] = next_table(set, placed);
        placed[set->order[i]] = true;
    }
    for (int32_t i = 0; i < set->count; i++) {
        for (int32_t j = 0; j < set->count; j++)
            set->related |= refers(&set->tables[i]->table, &set->tables[j]->table, &set->deferred);
    }
    incload__free(set->mem, placed);
    return INCLOAD_OK;
}
