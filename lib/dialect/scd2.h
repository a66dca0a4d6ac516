/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of write=scd2: a target that keeps every version of a row, with the time from which and to which it
 * was valid. What changes is found first, into a temporary table of versions; then versions that end are closed, and
 * new ones inserted, so that no statement reads what another has half done. */
#ifndef INCLOAD_LIB_DIALECT_SCD2_H
#define INCLOAD_LIB_DIALECT_SCD2_H

#include "dialect/clause.h"

/* The columns of the target that tell a version's time, in this order; the last one need not be there. */
enum {
    INCLOAD__HISTORY_FROM,
    INCLOAD__HISTORY_TO,
    INCLOAD__HISTORY_CURRENT,
    INCLOAD__HISTORY_DELETED,
    INCLOAD__HISTORY_COLUMNS
};

/* Behind the loaded columns in the table of versions. */
#define INCLOAD__VERSION_FROM "_incload_from" /* NULL: behind a time that lies ahead of the clock; see settle */
#define INCLOAD__VERSION_GONE "_incload_gone" /* 1: the key is not in the source any more */

/* How databases differ here. */
struct incload__history_style {
    incload__compare differs;
    const char *temp;       /* before the name of a temporary table */
    const char *load_order; /* column of staging that grows from row to row, quoted */
    const char *descending; /* NULLs last */
    const char *overriding; /* behind the column list of an INSERT */
    const char *civil;      /* type of a literal of time without a zone, and with one; NULL: text will do */
    const char *instant;
    bool has_boolean;     /* TRUE is not 1 */
    bool joins_updates;   /* UPDATE a JOIN b SET, in place of UPDATE a SET FROM b */
    bool keys_apart;      /* an anti-join needs an index, which staging has not: staged keys are looked up elsewhere */
    bool missing_by_list; /* NOT IN, made once, in place of an anti-join */
    bool numbers_as_text; /* whose order is not theirs */
};

typedef struct incload__history {
    const incload__merge *rows;      /* target, staging, columns, key; latest_by where there is no stamp */
    const incload__schema *own;      /* INCLOAD__HISTORY_... */
    const incload__schema *compared; /* what makes a version without a stamp, in the target's types */
    const char *versions;            /* name of the temporary table */
    const char *keys;                /* of the one with the staged keys */
    const char *moment;              /* of the load: "YYYY-MM-DD HH:MM:SS.ffffff" in UTC */
    int32_t stamp;                   /* the column with a row's own time, or -1 */
    bool one_each;                   /* staging has no two rows of one key */
} incload__history;

/* Staged rows that are new versions, into the table of versions. */
int32_t incload__history_find(incload__statements *out, const incload__history *history,
                              const incload__dialect *dialect, incload_error **err);
/* Current rows of the target whose key is not staged, into the table of versions. */
int32_t incload__history_find_gone(incload__statements *out, const incload__history *history,
                                   const incload__dialect *dialect, incload_error **err);
/* Query, one row: the greatest beginning and the greatest end among the versions that stand ahead of the clock where a
 * new one must follow; NULLs when there is none. */
int32_t incload__history_ahead(incload__str *out, const incload__history *history, const incload__dialect *dialect,
                               incload_error **err);
/* Those that follow begin at `later`, which is behind all of them. */
int32_t incload__history_settle(incload__statements *out, const incload__history *history, const char *later,
                                const incload__dialect *dialect, incload_error **err);
/* Ends the current version of each key in the table of versions where the first new one begins. */
int32_t incload__history_close(incload__statements *out, const incload__history *history,
                               const incload__dialect *dialect, incload_error **err);
/* Inserts the new versions; also those of keys that are gone, marked so, when `with_gone`. */
int32_t incload__history_insert(incload__statements *out, const incload__history *history, bool with_gone,
                                const incload__dialect *dialect, incload_error **err);

#endif
