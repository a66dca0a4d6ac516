/* SPDX-License-Identifier: Apache-2.0 */
/* Arrow arrays that own their memory: each keeps a copy of the allocator, so it may outlive whoever made it, and be
 * released by any thread. */
#ifndef INCLOAD_LIB_BATCH_ARRAY_H
#define INCLOAD_LIB_BATCH_ARRAY_H

#include "base/error.h"
#include "batch/type.h"

/* A column of `buffer_count` buffers (2 or 3) that are still NULL. Released arrays free the buffers. */
int32_t incload__array_column(const incload__mem *mem, int32_t buffer_count, struct ArrowArray *out,
                              incload_error **err);
void incload__array_set_buffer(struct ArrowArray *array, int32_t index, void *buffer);

/* A struct array whose children are released ones, to be filled in. */
int32_t incload__array_struct(const incload__mem *mem, int32_t children, int64_t rows, struct ArrowArray *out,
                              incload_error **err);

/* Moves child `index` of a struct array out, so that it stands alone: with the parent's offset and length. */
void incload__array_take_child(struct ArrowArray *parent, int32_t index, struct ArrowArray *out);

/* Moves all: *out gets what *array was, which is then released. */
void incload__array_move(struct ArrowArray *array, struct ArrowArray *out);

#endif
