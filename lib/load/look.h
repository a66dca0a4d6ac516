/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at a live table without changing anything: what the catalogue says of it and of its columns. */
#ifndef INCLOAD_LIB_LOAD_LOOK_H
#define INCLOAD_LIB_LOAD_LOOK_H

#include "load/internal.h"

/* Columns of look.sql; the meaning of LOG to READER differs by database. */
enum {
    INCLOAD__LOOK_KIND,
    INCLOAD__LOOK_ROWS,
    INCLOAD__LOOK_BYTES,
    INCLOAD__LOOK_LOGGED,
    INCLOAD__LOOK_LOG,
    INCLOAD__LOOK_FORMAT,
    INCLOAD__LOOK_IMAGE,
    INCLOAD__LOOK_READER,
    INCLOAD__LOOK_TRIGGER
};

/* Columns of look_columns.sql. */
enum {
    INCLOAD__LOOK_NAME,
    INCLOAD__LOOK_DEFAULT,
    INCLOAD__LOOK_EXTRA,
    INCLOAD__LOOK_INDEXED,
    INCLOAD__LOOK_NULLS
};

typedef struct incload__looked {
    incload__table name;
    incload__schema shape;
    incload__rows table;   /* one row of look.sql, or none */
    incload__rows columns; /* rows of look_columns.sql, in the order of `shape` or another */
    incload__rows keys;    /* rows of keys_query */
} incload__looked;

/* INCLOAD_E_NOT_FOUND when there is no such table, INCLOAD_E_UNSUPPORTED for a database that cannot be looked at.
 * `load` lends its memory. To be freed in any case. */
int32_t incload__look_at(incload__load *load, incload__conn *conn, const char *table, incload__looked *out,
                         incload_error **err);
void incload__looked_free(const incload__mem *mem, incload__looked *looked);
/* A fact of a column by its name, or NULL. */
const char *incload__looked_column(const incload__looked *looked, const char *column, int32_t what);
/* One small query in a read-only transaction of its own: what fails in it spoils nothing. */
int32_t incload__look_select(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                             incload__rows *out, incload_error **err);

/* look_cursor.c: the column that most likely grows when a row changes, by name, type, default and index; -1 for none.
 * With `append_only` one that only says when the row was made will do. `why` tells what spoke for it. */
int32_t incload__look_cursor(const incload__looked *looked, const incload__dialect *dialect, bool append_only,
                             incload__str *why);

#endif
