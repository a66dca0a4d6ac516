/* SPDX-License-Identifier: Apache-2.0 */
/* Values as bytes, for two columns of one native type: cheaper to read than text, and nothing is refused. */
#ifndef INCLOAD_LIB_DIALECT_RAW_H
#define INCLOAD_LIB_DIALECT_RAW_H

#include "dialect/dialect.h"

/* An expression of binary type that is equal for two values of the column's type exactly when these are the same to the
 * library. False when there is none, or the value itself is as good. */
bool incload__postgres_raw_item(incload__str *out, const incload__column *column, const char *quoted);
/* `typed`: 1 is not '1'; else only blobs are apart from the rest, as for a column that keeps everything as text. */
void incload__sqlite_raw_item(incload__str *out, const char *quoted, bool typed);

#endif
