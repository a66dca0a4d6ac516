/* SPDX-License-Identifier: Apache-2.0 */
/* What conversion, filter and import need beyond batch.h: cells that are known to be right, one column at a time. */
#ifndef INCLOAD_LIB_BATCH_BUILDER_H
#define INCLOAD_LIB_BATCH_BUILDER_H

#include "batch/batch.h"

/* One cell as it lies in a column of the same type, unchecked: `length` is the kind's width for fixed ones. Not for
 * BOOL. */
int32_t incload__put_raw(incload__builder *builder, int32_t column, const void *cell, size_t length);
/* Everything that one holds becomes the other's, memory and schema included. */
void incload__builder_swap(incload__builder *a, incload__builder *b);
/* Moves one column out and leaves it empty. */
int32_t incload__builder_take(incload__builder *builder, int32_t column, struct ArrowArray *out, incload_error **err);
/* The microseconds that incload__put_text() would put into a column of TIME, TIMESTAMP or TIMESTAMPTZ. */
bool incload__clock_parse(incload__kind kind, const char *text, size_t length, int64_t *us);

#endif
