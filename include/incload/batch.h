/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file batch.h
 * @brief A batch of rows on its way, in Arrow's layout: for process functions.
 */
#ifndef INCLOAD_BATCH_H
#define INCLOAD_BATCH_H

#include <incload/base.h>
#include <incload/arrow.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief A process function: sees every batch between source and target.
 *
 * It may look at the batch and leave it as it is, replace it, drop rows of it, or fail. It runs inside the unit:
 * what it lets
 * pass lands in the same transaction as the watermark, and when it fails nothing lands. It must return
 * #INCLOAD_DONE; any
 * other value fails the unit (0 and garbage included, since that is what a crashed foreign function returns). To
 * say why, call
 * incload_unit_fail() first. `unit` and `batch` are borrowed for the call. It is called from the thread that drives
 * the run, one call at
 * a time for each unit, with no lock of the library held. @since 0.1
 */
typedef int32_t (*incload_batch_fn)(incload_unit *unit, incload_batch *batch, void *user_data);

/**
 * @brief How many rows it holds now.
 * @param batch  a batch, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_batch_rows(const incload_batch *batch);

/**
 * @brief Lend the rows to an Arrow consumer, without a copy.
 * @param batch  a batch
 * @param schema  gets the schema: a struct with a child for each column
 * @param array  gets the rows: a struct array. Its buffers are read-only
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY.
 * Ownership: the caller calls release of both once; they may outlive the call and the run.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_batch_export(incload_batch *batch, struct ArrowSchema *schema, struct ArrowArray *array,
                                         incload_error **err);

/**
 * @brief Put other rows in their place.
 * @param batch  a batch
 * @param schema  of a struct with the batch's columns, by name and in any order; values are converted where that
 *   loses nothing
 * @param array  the rows; any number, also 0
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_NOT_FOUND (a column is missing or unknown; the message names it), #INCLOAD_E_TYPE,
 * #INCLOAD_E_DATA, #INCLOAD_E_INVALID (the arrays contradict themselves), #INCLOAD_E_NO_MEMORY. The batch is then as it
 * was.
 * Ownership: both are copied from, and released by the library in any case.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_batch_replace(incload_batch *batch, struct ArrowSchema *schema, struct ArrowArray *array,
                                          incload_error **err);

/**
 * @brief Keep only some rows.
 * @param batch  a batch
 * @param bits  one bit a row, least significant first: 1 keeps it
 * @param size  bytes in `bits`: at least (rows + 7) / 8
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_batch_keep(incload_batch *batch, const uint8_t *bits, size_t size, incload_error **err);

INCLOAD_END_DECLS

#endif /* INCLOAD_BATCH_H */
