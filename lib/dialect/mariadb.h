/* SPDX-License-Identifier: Apache-2.0 */
/* The two halves of the MariaDB dialect: statements (mariadb.c) and types (mariadb_types.c). */
#ifndef INCLOAD_LIB_DIALECT_MARIADB_H
#define INCLOAD_LIB_DIALECT_MARIADB_H

#include "dialect/dialect.h"

int32_t incload__mariadb_quote(incload__str *out, const char *what, const char *name, incload_error **err);
incload__type incload__mariadb_type_of(const char *native);
int32_t incload__mariadb_native_type(incload__str *out, const char *column, incload__type type, bool in_key,
                                     incload_error **err);
int32_t incload__mariadb_select_item(incload__str *out, const incload__column *column, incload__wire wire,
                                     incload_error **err);
void incload__mariadb_bind_item(incload__str *out, const incload__column *column, int32_t number);
void incload__mariadb_param(incload__str *out, const incload__column *column, int32_t number);
int32_t incload__mariadb_encode(const incload__view *view, int32_t column, int64_t row, const incload__column *target,
                                incload__str *out, incload_error **err);
void incload__mariadb_exact_text(incload__str *out, const incload__column *column, const char *expression);
void incload__mariadb_no_position(incload__str *out, const incload__column *column, const char *quoted);
/* The kind of the column's own type, also where cells travel as NATIVE text. */
incload__kind incload__mariadb_kind(const incload__column *column);

#endif
