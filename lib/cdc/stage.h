/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a fold in a temporary table of the target's session: those that write the same columns, or keys alone. */
#ifndef INCLOAD_LIB_CDC_STAGE_H
#define INCLOAD_LIB_CDC_STAGE_H

#include "cdc/fold.h"
#include "cdc/table.h"

/* Rows of a fold by index, each with the one behind it. */
typedef struct incload__chain {
    int64_t first, last; /* -1: none */
    int64_t *next;       /* -1 behind the last; of all chains of one fold */
} incload__chain;

typedef struct incload__stage {
    incload__load *load;
    const incload__change_table *table;
    const incload__fold *fold;
    incload__chain rows;
    bool keys_only;
    int64_t moment_us;       /* at which rows are marked as deleted */
    incload__schema columns; /* as they are staged: those that are written, then the marks */
    int32_t *from;           /* of the written ones, the index into the table's columns */
    int32_t written;
    int32_t key[INCLOAD__CHANGE_KEY]; /* indexes into `columns` */
    char name[64];
    int64_t staged; /* rows */
} incload__stage;

/* Makes the temporary table and fills it. The first row tells which columns all of them have. The other fields are
 * zero but `load`, `table`, `fold`, `rows`, `keys_only` and `moment_us`. */
int32_t incload__stage_fill(incload__stage *stage, incload_error **err);
/* The same rows straight into the table itself, without a temporary one: they must be new to it. */
int32_t incload__stage_insert(incload__stage *stage, int64_t *rows, incload_error **err);
/* The places of its rows by the dialect's load_order, which need not be the order in which they were staged, and which
 * of their values are NULL. */
int32_t incload__stage_places(const incload__stage *stage, incload__rows *out, incload_error **err);
/* The value of that staged column at the place of `row`. */
bool incload__stage_is_null(const incload__rows *places, int64_t row, int32_t column);
/* Drops it, in the transaction. */
int32_t incload__stage_drop(incload__stage *stage, incload_error **err);
void incload__stage_free(incload__stage *stage);
incload__merge incload__stage_merge(const incload__stage *stage);
/* Staged rows whose key the target does not have. */
int32_t incload__stage_strangers(const incload__stage *stage, int64_t *count, incload_error **err);

#endif
