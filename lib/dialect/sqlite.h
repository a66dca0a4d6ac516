/* SPDX-License-Identifier: Apache-2.0 */
/* The two halves of the SQLite dialect: statements (sqlite.c) and types (sqlite_types.c). */
#ifndef INCLOAD_LIB_DIALECT_SQLITE_H
#define INCLOAD_LIB_DIALECT_SQLITE_H

#include "dialect/dialect.h"

/* What SQLite itself makes of a declared type. */
typedef enum incload__affinity {
    INCLOAD__AFFINITY_INTEGER,
    INCLOAD__AFFINITY_TEXT,
    INCLOAD__AFFINITY_BLOB,
    INCLOAD__AFFINITY_REAL,
    INCLOAD__AFFINITY_NUMERIC
} incload__affinity;

incload__affinity incload__sqlite_affinity(const char *native);
int32_t incload__sqlite_quote(incload__str *out, const char *what, const char *name, incload_error **err);
incload__type incload__sqlite_type_of(const char *native);
int32_t incload__sqlite_native_type(incload__str *out, const char *column, incload__type type, bool in_key,
                                    incload_error **err);
int32_t incload__sqlite_select_item(incload__str *out, const incload__column *column, incload__wire wire,
                                    incload_error **err);
void incload__sqlite_bind_item(incload__str *out, const incload__column *column, int32_t number);
void incload__sqlite_param(incload__str *out, const incload__column *column, int32_t number);
int32_t incload__sqlite_encode(const incload__view *view, int32_t column, int64_t row, const incload__column *target,
                               incload__str *out, incload_error **err);
void incload__sqlite_exact_text(incload__str *out, const incload__column *column, const char *expression);
void incload__sqlite_no_position(incload__str *out, const incload__column *column, const char *quoted);
bool incload__sqlite_misorders(const incload__column *column);
/* The kind of the column's own type, also where cells travel as NATIVE text. */
incload__kind incload__sqlite_kind(const incload__column *column);

#endif
