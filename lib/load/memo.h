/* SPDX-License-Identifier: Apache-2.0 */
/* What the units of one backfill find alike, so that not each of them asks for it: what the catalogs tell of source and
 * target, for as long as the tables are as they were, and some answers that stay. Any thread may use it. */
#ifndef INCLOAD_LIB_LOAD_MEMO_H
#define INCLOAD_LIB_LOAD_MEMO_H

#include "driver/driver.h"

struct incload__load;

typedef struct incload__memo incload__memo;

typedef enum incload__memo_side { INCLOAD__SOURCE_SIDE, INCLOAD__TARGET_SIDE, INCLOAD__SIDES } incload__memo_side;

/* Answers that stay for as long as the backfill runs in this process. */
typedef enum incload__memo_note {
    INCLOAD__LEDGER_IS_THERE,
    INCLOAD__DATABASES_DIFFER,
    INCLOAD__ALL_HAVE_POSITIONS, /* once no row of the source was without one */
    INCLOAD__NOTES
} incload__memo_note;

incload__memo *incload__memo_new(const incload__mem *mem, incload_error **err);
void incload__memo_free(incload__memo *memo);

/* `memo` may be NULL: nothing is noted there. */
bool incload__memo_noted(const incload__memo *memo, incload__memo_note note);
void incload__memo_note_that(incload__memo *memo, incload__memo_note note);

/* Asks whether the table is as it was; what was kept of an earlier version is dropped. Does nothing in a load without a
 * memo, or where the database has no word for that: then nothing is kept or recalled. */
int32_t incload__memo_look(struct incload__load *load, incload__memo_side side, const incload__table *table,
                           incload_error **err);
/* Asks it of the target without waiting for the answer, which is for the look at that side, or for nobody. */
int32_t incload__memo_ask(struct incload__load *load, incload_error **err);
void incload__memo_unask(struct incload__load *load);
/* This load has changed the table, or may have: it asks by itself from now on. */
void incload__memo_distrust(struct incload__load *load, incload__memo_side side);

/* The answer to one of the dialect's queries about a table, as it was given to another unit; false: it is to be asked
 * for. */
bool incload__memo_recall(const struct incload__load *load, const incload__conn *conn, const char *query,
                          const incload__table *table, incload__rows *out);
/* Where memory is short it is not kept. */
void incload__memo_keep(const struct incload__load *load, const incload__conn *conn, const char *query,
                        const incload__table *table, const incload__rows *rows);

#endif
