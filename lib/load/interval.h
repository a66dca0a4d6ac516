/* SPDX-License-Identifier: Apache-2.0 */
/* The bounds of window=interval from numbers: `initial` and `until` are the source's own text, which differs by
 * database and type. */
#ifndef INCLOAD_LIB_LOAD_INTERVAL_H
#define INCLOAD_LIB_LOAD_INTERVAL_H

#include "dialect/dialect.h"

/* `value` is what the cursor's kind counts: days of a DATE, microseconds of a TIMESTAMP (its clock) or TIMESTAMPTZ
 * (UTC), itself for a kind of numbers. *out is the caller's. */
int32_t incload__interval_text(const incload__mem *mem, const incload__dialect *dialect, const incload__column *cursor,
                               int64_t value, char **out, incload_error **err);

/* SQLite compares times as text, and writers leave out a fraction or a time of zero: of all texts of an instant the
 * bound is the least one, which is the beginning of the others. Other databases' bounds stay as they are. */
void incload__interval_shorten(const incload__dialect *dialect, const incload__column *cursor, char *bound);

#endif
