/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of tables, as they were told: each an operation on a row, with the values it brings and its place in the
 * order of all of them. */
#ifndef INCLOAD_LIB_CDC_EVENT_H
#define INCLOAD_LIB_CDC_EVENT_H

#include <incload/changes.h>

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

enum { INCLOAD__CHANGE_KEY = 32 };

/* Where an event stands in the order of all: first by `major`, then by `minor`. Both 0: it was not told. */
typedef struct incload__place {
    uint64_t major;
    uint64_t minor;
} incload__place;

static inline int
incload__place_order(incload__place a, incload__place b)
{
    if (a.major != b.major)
        return a.major < b.major ? -1 : 1;
    return a.minor == b.minor ? 0 : a.minor < b.minor ? -1 : 1;
}

static inline bool
incload__place_is_told(incload__place place)
{
    return (place.major | place.minor) != 0;
}

/* "17.3"; INCLOAD_E_DATA for a text that is none. */
void incload__place_print(incload__place place, incload__str *out);
int32_t incload__place_parse(const char *text, incload__place *out, incload_error **err);

/* One value; columns that an image does not bring have no cell. */
typedef struct incload__cell {
    const char *text; /* NULL: SQL NULL */
    uint32_t length;
    int32_t column;
} incload__cell;

typedef struct incload__event {
    incload__place place;
    int32_t operation; /* INCLOAD_CHANGE_... */
    int32_t table;     /* index into those of its set */
    int32_t count;
    const incload__cell *cells; /* in the order of their columns */
    int32_t old_count;          /* 0: the key is the same as before */
    const incload__cell *old;   /* the key's columns, before an update changed them; without a key the whole row */
} incload__event;

/* The cell of a column, or NULL. */
const incload__cell *incload__cell_of(const incload__cell *cells, int32_t count, int32_t column);

/* ---- events that wait for their commit ---- */

typedef struct incload__log {
    const incload__mem *mem;
    struct incload__log_block *blocks;
    incload__event *events;
    int64_t count;
    int64_t capacity;
    size_t bytes;   /* of its events; what is kept for those to come is little beside them */
    bool unordered; /* some event came after one with a later place */
    bool placed;    /* its events have places */
} incload__log;

void incload__log_init(incload__log *log, const incload__mem *mem);
/* Empties it. */
void incload__log_free(incload__log *log);
/* Copies the event with all it points to. INCLOAD_E_INVALID when some events have a place and some have none. */
int32_t incload__log_add(incload__log *log, const incload__event *event, incload_error **err);
/* For what is added in whole or not at all: where the log is now, and back to there, unsorted meanwhile. */
typedef struct incload__log_mark {
    struct incload__log_block *block;
    size_t used;
    size_t bytes;
    int64_t count;
    bool unordered;
    bool placed;
} incload__log_mark;
incload__log_mark incload__log_here(const incload__log *log);
void incload__log_rewind(incload__log *log, const incload__log_mark *mark);
/* Its events are of one transaction, which turns out to end there. */
void incload__log_end(incload__log *log, uint64_t major);
/* Moves the events of `from`, which is empty then, behind those of `to`. */
int32_t incload__log_move(incload__log *to, incload__log *from, incload_error **err);
/* In the order of their places; those that came before keep their turn where the place is the same. */
int32_t incload__log_sort(incload__log *log, incload_error **err);

#endif
