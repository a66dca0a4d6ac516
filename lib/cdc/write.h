/* SPDX-License-Identifier: Apache-2.0 */
/* What was folded of one table, written to the target in its open transaction, together with all rows that write the
 * same columns. In parts, since those of several tables may have to stand in an order of their own. */
#ifndef INCLOAD_LIB_CDC_WRITE_H
#define INCLOAD_LIB_CDC_WRITE_H

#include "cdc/set.h"
#include "cdc/stage.h"

typedef struct incload__change_write {
    incload__load *load;
    const incload__change_table *table;
    const incload__fold *fold;
    incload__change_count *count; /* rows are added to it */
    bool straight;                /* new rows may go straight into the table; else they may find others there */
    bool ordered;                 /* rows stay in the order in which they came; else they are sorted by their keys */
    bool went_straight;           /* out: some did */

    /* ---- its own ---- */
    int64_t moment_us;
    int64_t *links, *removals;
    struct incload__change_write_group *groups;
    int32_t group_count, group_room;
    incload__chain replaced; /* keys whose row goes before a new one comes that does not bring all columns */
    incload__chain gone;     /* keys whose row is taken out, or marked */
} incload__change_write;

/* Finds out what becomes of which row. Fields up to `straight` are set, others zero; to be freed in any case. */
int32_t incload__change_write_prepare(incload__change_write *write, incload_error **err);
void incload__change_write_free(incload__change_write *write);
/* First: all rows if they were truncated, and those that others take the place of. */
int32_t incload__change_write_clear(incload__change_write *write, incload_error **err);
/* Then, in either order: rows that stand at the end, and rows that are gone. */
int32_t incload__change_write_rows(incload__change_write *write, incload_error **err);
int32_t incload__change_write_remove(incload__change_write *write, incload_error **err);

#endif
