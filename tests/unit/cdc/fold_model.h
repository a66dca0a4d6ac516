/* SPDX-License-Identifier: Apache-2.0 */
/* A target that does one event after the other, and what a fold tells such a target at the end. Whoever includes it
 * says before how many KEYS and COLUMNS there are. Column 0 is the key; values are small numbers, told as one letter
 * from '0' on. DEFAULT is what no event has brought. */
#ifndef INCLOAD_TESTS_UNIT_CDC_FOLD_MODEL_H
#define INCLOAD_TESTS_UNIT_CDC_FOLD_MODEL_H

#include <string.h>

#include "cdc/fold.h"

typedef struct row {
    bool there, marked;
    int32_t values[COLUMNS];
} row;

typedef struct table {
    row rows[KEYS];
} table;

static int32_t
value_of(const incload__cell *c)
{
    return c->text[0] - '0';
}

/* ---- the model ---- */

static void
model_delete(row *r, bool soft)
{
    if (soft && r->there)
        r->marked = true;
    else
        memset(r, 0, sizeof *r);
}

static void
model_write(row *r, const incload__event *event)
{
    if (!r->there) {
        for (int32_t i = 0; i < COLUMNS; i++)
            r->values[i] = DEFAULT;
    }
    r->there = true;
    r->marked = false;
    for (int32_t i = 0; i < event->count; i++)
        r->values[event->cells[i].column] = value_of(&event->cells[i]);
}

static void
model_event(table *t, const incload__event *event, bool soft)
{
    row *at = event->count > 0 ? &t->rows[value_of(&event->cells[0])] : NULL;
    row *old = event->old_count > 0 ? &t->rows[value_of(&event->old[0])] : NULL;

    switch (event->operation) {
    case INCLOAD_CHANGE_DELETE:
        model_delete(at, soft);
        return;
    case INCLOAD_CHANGE_TRUNCATE:
        for (int32_t i = 0; i < KEYS; i++)
            model_delete(&t->rows[i], soft);
        return;
    case INCLOAD_CHANGE_TOMBSTONE:
        return;
    default:
        if (old != NULL && old->there)
            *at = *old;
        if (old != NULL)
            model_delete(old, soft);
        model_write(at, event);
    }
}

/* ---- what is told to the target at the end ---- */

static void
apply_row(table *t, const incload__fold *fold, const incload__folded *f)
{
    row *r = &t->rows[value_of(f->key[0])];

    if (f->emptied || (!f->written && !f->live && !fold->soft))
        memset(r, 0, sizeof *r);
    if (!f->written && r->there)
        r->marked = true;
    if (!f->written)
        return;
    if (!r->there) {
        for (int32_t i = 0; i < COLUMNS; i++)
            r->values[i] = DEFAULT;
    }
    r->there = true;
    r->marked = !f->live;
    for (int32_t i = 0; i < COLUMNS; i++) {
        if (f->cells[i] != NULL)
            r->values[i] = value_of(f->cells[i]);
    }
}

#endif
