/* SPDX-License-Identifier: Apache-2.0 */
/* The two halves of the PostgreSQL dialect: statements (postgres.c) and types (postgres_types.c). */
#ifndef INCLOAD_LIB_DIALECT_POSTGRES_H
#define INCLOAD_LIB_DIALECT_POSTGRES_H

#include "dialect/dialect.h"

int32_t incload__postgres_quote(incload__str *out, const char *what, const char *name, incload_error **err);
incload__type incload__postgres_type_of(const char *native);
int32_t incload__postgres_native_type(incload__str *out, const char *column, incload__type type, bool in_key,
                                      incload_error **err);
int32_t incload__postgres_select_item(incload__str *out, const incload__column *column, incload__wire wire,
                                      incload_error **err);
void incload__postgres_bind_item(incload__str *out, const incload__column *column, int32_t number);
void incload__postgres_param(incload__str *out, const incload__column *column, int32_t number);
int32_t incload__postgres_encode(const incload__view *view, int32_t column, int64_t row, const incload__column *target,
                                 incload__str *out, incload_error **err);
void incload__postgres_exact_text(incload__str *out, const incload__column *column, const char *expression);
bool incload__postgres_infinite(incload__str *out, const incload__column *column, const char *quoted);
void incload__postgres_no_position(incload__str *out, const incload__column *column, const char *quoted);
/* The kind of the column's own type, also where cells travel as NATIVE text. */
incload__kind incload__postgres_kind(const incload__column *column);

#endif
