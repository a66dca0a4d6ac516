/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/fold.h"

#include <string.h>

enum { FIRST_SLOTS = 16 };

typedef const incload__cell *key_cells[INCLOAD__CHANGE_KEY];

void
incload__fold_init(incload__fold *fold, const incload__mem *mem, const int32_t *key, int32_t key_count, int32_t columns,
                   bool soft, incload__base base)
{
    *fold = (incload__fold){
        .mem = mem, .key = key, .key_count = key_count, .columns = columns, .soft = soft, .base = base
    };
}

void
incload__fold_free(incload__fold *fold)
{
    for (int64_t i = 0; i < fold->count; i++)
        incload__free(fold->mem, fold->rows[i].cells);
    incload__free(fold->mem, fold->rows);
    incload__free(fold->mem, fold->slots);
    fold->rows = NULL;
    fold->slots = NULL;
    fold->count = 0;
}

bool
incload__folded_is_whole(const incload__fold *fold, const incload__folded *row)
{
    for (int32_t i = 0; i < fold->columns; i++) {
        if (row->cells[i] == NULL)
            return false;
    }
    return true;
}

/* ---- keys ---- */

/* FNV-1a over the texts, each behind its length. */
static uint64_t
hash_key(const incload__fold *fold, const key_cells key)
{
    uint64_t hash = 14695981039346656037u;

    for (int32_t i = 0; i < fold->key_count; i++) {
        hash = (hash ^ key[i]->length) * 1099511628211u;
        for (uint32_t j = 0; j < key[i]->length; j++)
            hash = (hash ^ (unsigned char)key[i]->text[j]) * 1099511628211u;
    }
    return hash ^ hash >> 29;
}

static bool
same_key(const incload__fold *fold, const incload__cell *const *a, const incload__cell *const *b)
{
    for (int32_t i = 0; i < fold->key_count; i++) {
        if (a[i]->length != b[i]->length || memcmp(a[i]->text, b[i]->text, a[i]->length) != 0)
            return false;
    }
    return true;
}

/* The slot of the key, or the free one where it belongs. */
static int64_t *
slot_of(incload__fold *fold, const incload__cell *const *key, uint64_t hash)
{
    uint64_t mask = (uint64_t)fold->slot_count - 1;

    for (uint64_t at = hash & mask;; at = (at + 1) & mask) {
        int64_t *slot = &fold->slots[at];
        if (*slot == 0)
            return slot;
        const incload__folded *row = &fold->rows[*slot - 1];
        if (row->hash == hash && same_key(fold, row->key, key))
            return slot;
    }
}

/* At most half of the slots are taken. */
static bool
grow(incload__fold *fold)
{
    if (fold->count < fold->capacity)
        return true;
    int64_t slot_count = fold->slot_count == 0 ? FIRST_SLOTS : fold->slot_count * 2;
    int64_t *slots = incload__alloc_array(fold->mem, (size_t)slot_count, sizeof *slots);
    incload__folded *rows = NULL;
    if (slots != NULL)
        rows = incload__realloc(fold->mem, fold->rows, (size_t)(slot_count / 2) * sizeof *rows);
    if (rows == NULL) {
        incload__free(fold->mem, slots);
        return false;
    }
    incload__free(fold->mem, fold->slots);
    fold->slots = slots;
    fold->slot_count = slot_count;
    fold->rows = rows;
    fold->capacity = slot_count / 2;
    for (int64_t i = 0; i < fold->count; i++)
        *slot_of(fold, rows[i].key, rows[i].hash) = i + 1;
    return true;
}

/* Its index, or -1 without memory: rows move when there are more. The key's cells are kept behind the row's. */
static int64_t
row_of(incload__fold *fold, const key_cells key)
{
    uint64_t hash = hash_key(fold, key);

    if (!grow(fold))
        return -1;
    int64_t *slot = slot_of(fold, key, hash);
    if (*slot != 0)
        return *slot - 1;
    size_t cells = (size_t)fold->columns + (size_t)fold->key_count;
    incload__folded row = { .hash = hash, .emptied = fold->truncated && !fold->soft };
    row.cells = incload__alloc_array(fold->mem, cells, sizeof(const incload__cell *));
    if (row.cells == NULL)
        return -1;
    memcpy(row.cells + fold->columns, key, (size_t)fold->key_count * sizeof key[0]);
    row.key = row.cells + fold->columns;
    fold->rows[fold->count++] = row;
    *slot = fold->count;
    return fold->count - 1;
}

static int32_t
find_key(const incload__fold *fold, const incload__cell *cells, int32_t count, key_cells key, incload_error **err)
{
    for (int32_t i = 0; i < fold->key_count; i++) {
        key[i] = incload__cell_of(cells, count, fold->key[i]);
        if (key[i] == NULL || key[i]->text == NULL)
            return incload__fail(err, INCLOAD_E_INVALID, "an event does not bring the whole key of its row");
    }
    return INCLOAD_OK;
}

/* ---- what events do ---- */

static void
put_cells(incload__folded *row, const incload__event *event)
{
    for (int32_t i = 0; i < event->count; i++)
        row->cells[event->cells[i].column] = &event->cells[i];
    row->written = true;
    row->live = true;
}

static void
forget_cells(const incload__fold *fold, incload__folded *row)
{
    memset(row->cells, 0, (size_t)fold->columns * sizeof row->cells[0]);
    row->written = false;
    row->asked = false;
}

/* A row that is only marked keeps its values. */
static void
delete_row(const incload__fold *fold, incload__folded *row)
{
    row->live = false;
    if (fold->soft)
        return;
    forget_cells(fold, row);
    row->emptied = true;
}

static int32_t
write_row(incload__fold *fold, const incload__event *event, incload_error **err)
{
    key_cells key;
    int32_t status = find_key(fold, event->cells, event->count, key, err);

    if (status != INCLOAD_OK)
        return status;
    int64_t known = fold->count;
    int64_t at = row_of(fold, key);
    if (at < 0)
        return incload__fail_memory(err);
    put_cells(&fold->rows[at], event);
    if (at == known)
        fold->rows[at].first = event->operation;
    return INCLOAD_OK;
}

/* Whether there is a row; what the target has of it comes among its cells. */
static int32_t
complete(incload__fold *fold, incload__folded *row, bool *exists, incload_error **err)
{
    bool found = false;
    int32_t status = INCLOAD_OK;

    if (!row->emptied && !row->asked && !incload__folded_is_whole(fold, row))
        status = fold->base.find(fold->base.data, row->key, row->cells, &found, err);
    row->written = row->written || found;
    row->asked = true;
    *exists = row->written;
    return status;
}

/* All values of the row under the old key go to the new one, in the place of what is there. */
static void
carry(const incload__fold *fold, const incload__folded *from, incload__folded *to)
{
    memcpy(to->cells, from->cells, (size_t)fold->columns * sizeof to->cells[0]);
    to->emptied = true;
    to->asked = true;
}

static int32_t
move_row(incload__fold *fold, const incload__event *event, incload_error **err)
{
    key_cells old, new;
    bool exists = false;
    int32_t status = find_key(fold, event->old, event->old_count, old, err);

    if (status == INCLOAD_OK)
        status = find_key(fold, event->cells, event->count, new, err);
    if (status != INCLOAD_OK)
        return status;
    if (same_key(fold, old, new))
        return write_row(fold, event, err);
    int64_t from = row_of(fold, old), to = row_of(fold, new);
    if (from < 0 || to < 0)
        return incload__fail_memory(err);
    /* Of a row that is brought whole nothing needs to be known. */
    if (event->count < fold->columns)
        status = complete(fold, &fold->rows[from], &exists, err);
    if (status != INCLOAD_OK)
        return status;
    if (exists)
        carry(fold, &fold->rows[from], &fold->rows[to]);
    put_cells(&fold->rows[to], event);
    delete_row(fold, &fold->rows[from]);
    return INCLOAD_OK;
}

static int32_t
remove_row(incload__fold *fold, const incload__event *event, incload_error **err)
{
    key_cells key;
    int32_t status = find_key(fold, event->cells, event->count, key, err);

    if (status != INCLOAD_OK)
        return status;
    int64_t at = row_of(fold, key);
    if (at < 0)
        return incload__fail_memory(err);
    delete_row(fold, &fold->rows[at]);
    return INCLOAD_OK;
}

static void
remove_all(incload__fold *fold)
{
    for (int64_t i = 0; i < fold->count; i++)
        delete_row(fold, &fold->rows[i]);
    fold->truncated = true;
}

/* ---- rows without a key ---- */

/* `under` (may be empty): values for columns that `cells` do not bring. */
static int32_t
append_row(incload__fold *fold, const incload__cell *under, int32_t under_count, const incload__cell *cells,
           int32_t count, bool written, incload_error **err)
{
    incload__folded row = { .written = written, .live = written, .emptied = !written };

    if (fold->count == fold->capacity) {
        int64_t capacity = fold->capacity * 2 + FIRST_SLOTS;
        incload__folded *rows = incload__realloc(fold->mem, fold->rows, (size_t)capacity * sizeof *rows);
        if (rows == NULL)
            return incload__fail_memory(err);
        fold->rows = rows;
        fold->capacity = capacity;
    }
    row.cells = incload__alloc_array(fold->mem, (size_t)fold->columns, sizeof(const incload__cell *));
    if (row.cells == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < under_count; i++)
        row.cells[under[i].column] = &under[i];
    for (int32_t i = 0; i < count; i++)
        row.cells[cells[i].column] = &cells[i];
    fold->rows[fold->count++] = row;
    return INCLOAD_OK;
}

static int32_t
add_keyless(incload__fold *fold, const incload__event *event, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    switch (event->operation) {
    case INCLOAD_CHANGE_INSERT:
    case INCLOAD_CHANGE_READ:
        return append_row(fold, NULL, 0, event->cells, event->count, true, err);
    case INCLOAD_CHANGE_UPDATE:
        status = append_row(fold, event->old, event->old_count, event->cells, event->count, true, err);
        return status == INCLOAD_OK ? append_row(fold, NULL, 0, event->old, event->old_count, false, err) : status;
    case INCLOAD_CHANGE_DELETE:
        return append_row(fold, NULL, 0, event->cells, event->count, false, err);
    case INCLOAD_CHANGE_TRUNCATE:
        incload__fold_free(fold);
        fold->capacity = 0;
        fold->truncated = true;
        return INCLOAD_OK;
    default:
        return INCLOAD_OK;
    }
}

int32_t
incload__fold_add(incload__fold *fold, const incload__event *event, incload_error **err)
{
    if (fold->key_count == 0)
        return add_keyless(fold, event, err);
    switch (event->operation) {
    case INCLOAD_CHANGE_INSERT:
    case INCLOAD_CHANGE_READ:
        return write_row(fold, event, err);
    case INCLOAD_CHANGE_UPDATE:
        return event->old_count > 0 ? move_row(fold, event, err) : write_row(fold, event, err);
    case INCLOAD_CHANGE_DELETE:
        return remove_row(fold, event, err);
    case INCLOAD_CHANGE_TRUNCATE:
        remove_all(fold);
        return INCLOAD_OK;
    default:
        return INCLOAD_OK;
    }
}
