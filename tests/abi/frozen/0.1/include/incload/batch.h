/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_BATCH_H
#define INCLOAD_BATCH_H
#include <incload/base.h>
#include <incload/arrow.h>
INCLOAD_BEGIN_DECLS
typedef int32_t (*incload_batch_fn)(incload_unit *unit, incload_batch *batch, void *user_data);
INCLOAD_API int64_t incload_batch_rows(const incload_batch *batch);
INCLOAD_API int32_t incload_batch_export(incload_batch *batch, struct ArrowSchema *schema, struct ArrowArray *array,
                                         incload_error **err);
INCLOAD_API int32_t incload_batch_replace(incload_batch *batch, struct ArrowSchema *schema, struct ArrowArray *array,
                                          incload_error **err);
INCLOAD_API int32_t incload_batch_keep(incload_batch *batch, const uint8_t *bits, size_t size, incload_error **err);
INCLOAD_END_DECLS
#endif
