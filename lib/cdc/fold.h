/* SPDX-License-Identifier: Apache-2.0 */
/* Many events become at most one write for each key, with the same end as all events one after the other. Knows no SQL.
 *
 * What an event means, one after the other:
 * - insert, update and read: the row of the key has the values that the event brings and keeps the others; where there
 *   was no row there is one now, with defaults for the others; a row that was marked as deleted is no longer.
 * - delete: the row is gone, or with soft deletes marked, if there was one.
 * - update with another key before it: the row moves with all of its values, over whatever was under its new key, and
 *   the old key is deleted. Where there was no row it is an update of the new key.
 * - truncate: every row is deleted.
 * - tombstone: nothing.
 *
 * Without a key rows are told by all of their columns, and an update deletes one and inserts another.
 */
#ifndef INCLOAD_LIB_CDC_FOLD_H
#define INCLOAD_LIB_CDC_FOLD_H

#include "cdc/event.h"

/* What becomes of one key. */
typedef struct incload__folded {
    const incload__cell *const *key; /* one cell for each column of the key */
    const incload__cell **cells;     /* one for each column; NULL: the row keeps what it has */
    uint64_t hash;
    bool emptied; /* the row that the target has is no longer there, or goes before this is written */
    bool written; /* there is a row, with these cells */
    bool live;    /* it stands at the end; false: deleted */
    bool asked;   /* the target's values are among the cells already */
    int32_t first; /* operation of the first of its events; 0 for a row that came from another key */
} incload__folded;

/* Looks up the row that the target has under a key, as it was before the first of these events. Fills `cells` (column
 * by column, NULL before) where they are NULL, with memory that lasts as long as the fold. */
typedef struct incload__base {
    int32_t (*find)(void *data, const incload__cell *const *key, const incload__cell **cells, bool *found,
                    incload_error **err);
    void *data;
} incload__base;

typedef struct incload__fold {
    const incload__mem *mem;
    const int32_t *key; /* columns */
    int32_t key_count;  /* 0: nothing is folded; a row that events insert is `written`, one that they delete is not */
    int32_t columns;
    bool soft; /* deleted rows stay, marked */
    incload__base base;
    incload__folded *rows;
    int64_t count;
    int64_t capacity;
    int64_t *slots; /* by hash: index into rows + 1 */
    int64_t slot_count;
    bool truncated; /* before all of the rows */
} incload__fold;

/* `key` must outlive it. */
void incload__fold_init(incload__fold *fold, const incload__mem *mem, const int32_t *key, int32_t key_count,
                        int32_t columns, bool soft, incload__base base);
void incload__fold_free(incload__fold *fold);
/* The event must outlive the fold. */
int32_t incload__fold_add(incload__fold *fold, const incload__event *event, incload_error **err);
/* Every column has a cell. */
bool incload__folded_is_whole(const incload__fold *fold, const incload__folded *row);

#endif
