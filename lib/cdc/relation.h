/* SPDX-License-Identifier: Apache-2.0 */
/* Tables as the stream describes them: the server tells a relation before the first change of it and again after its
 * definition changed. What it tells belongs to its place in the stream, so that it is kept by version and the catalog
 * of the source, which may be ahead, is never asked. */
#ifndef INCLOAD_LIB_CDC_RELATION_H
#define INCLOAD_LIB_CDC_RELATION_H

#include "base/str.h"
#include "cdc/pgoutput.h"

typedef struct incload__relation_column {
    const char *name;
    uint32_t type;
    int32_t typmod;
    bool key; /* belongs to the replica identity */
} incload__relation_column;

/* Never changes, and lives as long as the relations. */
typedef struct incload__relation {
    uint32_t oid;
    int32_t version; /* from 1, of this oid */
    const char *schema;
    const char *name;
    char identity; /* 'd' default, 'n' nothing, 'f' full, 'i' an index */
    int32_t count;
    const incload__relation_column *columns;
    const struct incload__relation *before; /* the version before; NULL: this is the first */
} incload__relation;

typedef struct incload__relations {
    const incload__mem *mem;
    struct incload__relation_slot *slots; /* by oid; the newest versions */
    size_t size;
    size_t count;
    struct incload__relation_block *blocks;
    struct incload__relation_type *types; /* that are not built in */
} incload__relations;

void incload__relations_init(incload__relations *relations, const incload__mem *mem);
void incload__relations_free(incload__relations *relations);
/* The newest version, or NULL. */
const incload__relation *incload__relations_find(const incload__relations *relations, uint32_t oid);
/* Takes a message R or Y. *out is the new version, or NULL where the message tells what is known. */
int32_t incload__relations_take(incload__relations *relations, const incload__pgoutput_message *message,
                                const incload__relation **out, incload_error **err);
/* Whether the newest version was not asked for before: once for each version, then false. */
bool incload__relations_first_use(incload__relations *relations, uint32_t oid);
/* The same without asking for it; true also of one that was not told. */
bool incload__relations_is_unused(const incload__relations *relations, uint32_t oid);
/* Appends "int4", "public.mood", or "type 20001" when nothing is known of it. */
void incload__relations_print_type(const incload__relations *relations, uint32_t type, incload__str *out);

/* ---- what is different between two versions ---- */

typedef enum incload__relation_change_kind {
    INCLOAD__RELATION_ADDED = 1,   /* a column; `before` is -1 */
    INCLOAD__RELATION_DROPPED,     /* `after` is -1 */
    INCLOAD__RELATION_RENAMED,     /* a column that has its place and its type, under another name */
    INCLOAD__RELATION_RETYPED,     /* another type or typmod */
    INCLOAD__RELATION_REKEYED,     /* it belongs to the replica identity, or no longer */
    INCLOAD__RELATION_MOVED,       /* the table has another name or schema; no column */
    INCLOAD__RELATION_REIDENTIFIED /* another replica identity; no column */
} incload__relation_change_kind;

typedef struct incload__relation_change {
    incload__relation_change_kind kind;
    /* Of a rename: columns are told without their numbers, and one that was dropped while another was added at the end
     * looks the same. False then. */
    bool sure;
    int32_t before; /* index of the column, or -1 */
    int32_t after;
} incload__relation_change;

/* How many changes there are, of which the first `room` are written. In the order of the columns before, then of those
 * that were added, then of the table. At most incload__relation_most(). */
int32_t incload__relation_difference(const incload__relation *before, const incload__relation *after,
                                     incload__relation_change *changes, int32_t room);
int32_t incload__relation_most(const incload__relation *before, const incload__relation *after);
/* Appends one change: "column \"a\" was added (int4)". */
void incload__relation_tell(const incload__relations *relations, const incload__relation *before,
                            const incload__relation *after, const incload__relation_change *change, incload__str *out);

#endif
