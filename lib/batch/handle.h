/* SPDX-License-Identifier: Apache-2.0 */
/* The batch that a process function is handed: rows that can be lent without a copy, replaced, and filtered. */
#ifndef INCLOAD_LIB_BATCH_HANDLE_H
#define INCLOAD_LIB_BATCH_HANDLE_H

#include <incload/batch.h>

#include "batch/batch.h"

/* Takes `array` over, also on failure. `schema` must outlive the batch. */
incload_batch *incload__batch_new(const incload__mem *mem, const incload__schema *schema, struct ArrowArray *array,
                                  incload_error **err);
/* Moves the rows out (as they are now) and frees the batch. */
int32_t incload__batch_end(incload_batch *batch, struct ArrowArray *out, incload_error **err);
/* Rows [first, last) as an array of its own, without a copy. */
int32_t incload__batch_lend(const incload_batch *batch, int64_t first, int64_t last, struct ArrowArray *out,
                            incload_error **err);
void incload__batch_free(incload_batch *batch);

#endif
