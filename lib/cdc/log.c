/* SPDX-License-Identifier: Apache-2.0 */
/* Events that wait for their commit, in blocks of memory that are given back together. */
#include "cdc/event.h"

#include <string.h>

#include "batch/number.h"

enum { BLOCK = 16 * 1024, FIRST_BLOCK = 512, FIRST = 64 };

typedef struct incload__log_block {
    struct incload__log_block *next;
    size_t used;
    size_t size;
    max_align_t data[];
} log_block;

/* ---- places ---- */

void
incload__place_print(incload__place place, incload__str *out)
{
    incload__str_addf(out, "%llu.%llu", (unsigned long long)place.major, (unsigned long long)place.minor);
}

int32_t
incload__place_parse(const char *text, incload__place *out, incload_error **err)
{
    const char *point = strchr(text, '.');

    if (point != NULL && incload__parse_uint64(text, (size_t)(point - text), &out->major)
        && incload__parse_uint64(point + 1, strlen(point + 1), &out->minor))
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_DATA,
                         "the watermark in the ledger is no position of changes, such as 17.0: another load has this "
                         "name, so name this one by option 'name', or set it by incload_watermark_set()");
}

const incload__cell *
incload__cell_of(const incload__cell *cells, int32_t count, int32_t column)
{
    for (int32_t i = 0; i < count; i++) {
        if (cells[i].column == column)
            return &cells[i];
    }
    return NULL;
}

/* ---- the log ---- */

void
incload__log_init(incload__log *log, const incload__mem *mem)
{
    *log = (incload__log){ .mem = mem };
}

void
incload__log_free(incload__log *log)
{
    while (log->blocks != NULL) {
        log_block *next = log->blocks->next;
        incload__free(log->mem, log->blocks);
        log->blocks = next;
    }
    incload__free(log->mem, log->events);
    incload__log_init(log, log->mem);
}

/* As much again as there is, since many a log is that of a small transaction. */
static size_t
next_block(const incload__log *log)
{
    return log->bytes < FIRST_BLOCK ? FIRST_BLOCK : log->bytes < BLOCK ? log->bytes : BLOCK;
}

static void *
take(incload__log *log, size_t size)
{
    size_t rounded = (size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
    log_block *block = log->blocks;

    if (block == NULL || block->size - block->used < rounded) {
        size_t usual = next_block(log), room = rounded > usual ? rounded : usual;
        block = incload__alloc(log->mem, sizeof *block + room);
        if (block == NULL)
            return NULL;
        block->size = room;
        block->next = log->blocks;
        log->blocks = block;
    }
    void *taken = (char *)block->data + block->used;
    block->used += rounded;
    log->bytes += rounded;
    return taken;
}

static bool
copy_cells(incload__log *log, const incload__cell *from, int32_t count, const incload__cell **to)
{
    size_t text = 0;

    for (int32_t i = 0; i < count; i++)
        text += from[i].text != NULL ? (size_t)from[i].length + 1 : 0;
    incload__cell *cells = take(log, (size_t)count * sizeof *cells + text);
    if (cells == NULL)
        return false;
    char *at = (char *)(cells + count);
    for (int32_t i = 0; i < count; i++) {
        cells[i] = from[i];
        if (from[i].text == NULL)
            continue;
        memcpy(at, from[i].text, from[i].length);
        at[from[i].length] = '\0';
        cells[i].text = at;
        at += from[i].length + 1;
    }
    *to = cells;
    return true;
}

static bool
make_room(incload__log *log, int64_t count)
{
    int64_t capacity = log->capacity == 0 ? FIRST : log->capacity;

    while (capacity < log->count + count)
        capacity *= 2;
    if (capacity == log->capacity)
        return true;
    incload__event *events = incload__realloc(log->mem, log->events, (size_t)capacity * sizeof *events);
    if (events == NULL)
        return false;
    log->events = events;
    log->capacity = capacity;
    return true;
}

int32_t
incload__log_add(incload__log *log, const incload__event *event, incload_error **err)
{
    bool placed = incload__place_is_told(event->place);

    if (log->count > 0 && placed != log->placed)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "some of the events have a position and some have none: give one to all of them, or to "
                             "none");
    if (!make_room(log, 1))
        return incload__fail_memory(err);
    incload__event copy = *event;
    if (!copy_cells(log, event->cells, event->count, &copy.cells)
        || !copy_cells(log, event->old, event->old_count, &copy.old))
        return incload__fail_memory(err);
    if (log->count > 0 && incload__place_order(log->events[log->count - 1].place, event->place) > 0)
        log->unordered = true;
    log->placed = placed;
    log->bytes += sizeof copy;
    log->events[log->count++] = copy;
    return INCLOAD_OK;
}

incload__log_mark
incload__log_here(const incload__log *log)
{
    return (incload__log_mark){ .block = log->blocks,
                                .used = log->blocks != NULL ? log->blocks->used : 0,
                                .bytes = log->bytes,
                                .count = log->count,
                                .unordered = log->unordered,
                                .placed = log->placed };
}

void
incload__log_rewind(incload__log *log, const incload__log_mark *mark)
{
    while (log->blocks != mark->block) {
        log_block *next = log->blocks->next;
        incload__free(log->mem, log->blocks);
        log->blocks = next;
    }
    if (log->blocks != NULL)
        log->blocks->used = mark->used;
    log->bytes = mark->bytes;
    log->count = mark->count;
    log->unordered = mark->unordered;
    log->placed = mark->placed;
}

/* ---- of one transaction ---- */

void
incload__log_end(incload__log *log, uint64_t major)
{
    for (int64_t i = 0; i < log->count; i++)
        log->events[i].place.major = major;
}

static void
swap(incload__log *a, incload__log *b)
{
    incload__log kept = *a;

    *a = *b;
    *b = kept;
}

static void
move_blocks(incload__log *to, incload__log *from)
{
    log_block **last = &from->blocks;

    while (*last != NULL)
        last = &(*last)->next;
    *last = to->blocks;
    to->blocks = from->blocks;
    from->blocks = NULL;
}

/* What is kept for events to come stays where it is, or the other gets as much. */
int32_t
incload__log_move(incload__log *to, incload__log *from, incload_error **err)
{
    if (from->count == 0)
        return INCLOAD_OK;
    if (to->count == 0) {
        swap(to, from);
        return INCLOAD_OK;
    }
    if (!make_room(to, from->count))
        return incload__fail_memory(err);
    memcpy(to->events + to->count, from->events, (size_t)from->count * sizeof *from->events);
    move_blocks(to, from);
    to->unordered = to->unordered || from->unordered
                    || incload__place_order(to->events[to->count - 1].place, from->events[0].place) > 0;
    to->count += from->count;
    to->bytes += from->bytes;
    from->count = 0;
    from->bytes = 0;
    return INCLOAD_OK;
}

/* ---- order ---- */

static void
merge_halves(const incload__event *from, int64_t middle, int64_t count, incload__event *to)
{
    int64_t left = 0, right = middle;

    for (int64_t i = 0; i < count; i++) {
        bool second =
            left == middle || (right < count && incload__place_order(from[right].place, from[left].place) < 0);
        to[i] = second ? from[right++] : from[left++];
    }
}

/* Bottom up, so that the depth of the stack does not follow the number of events. */
int32_t
incload__log_sort(incload__log *log, incload_error **err)
{
    if (!log->unordered)
        return INCLOAD_OK;
    incload__event *other = incload__alloc_array(log->mem, (size_t)log->capacity, sizeof *other);
    if (other == NULL)
        return incload__fail_memory(err);
    for (int64_t width = 1; width < log->count; width *= 2) {
        for (int64_t at = 0; at < log->count; at += 2 * width) {
            int64_t rest = log->count - at;
            int64_t count = rest < 2 * width ? rest : 2 * width;
            merge_halves(log->events + at, width < count ? width : count, count, other + at);
        }
        incload__event *sorted = other;
        other = log->events;
        log->events = sorted;
    }
    incload__free(log->mem, other);
    log->unordered = false;
    return INCLOAD_OK;
}
