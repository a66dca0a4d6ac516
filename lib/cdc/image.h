/* SPDX-License-Identifier: Apache-2.0 */
/* The tuples of a change as cells, in the order of the relation's columns.
 *
 * - A large value that the statement did not touch has no cell, unless the old row came whole and has it.
 * - The old tuple of kind 'K' has cells for the columns of the replica identity alone: its NULLs elsewhere are no
 * values.
 * - Values are texts: the stream is to be asked for without `binary`. */
#ifndef INCLOAD_LIB_CDC_IMAGE_H
#define INCLOAD_LIB_CDC_IMAGE_H

#include "cdc/assembler.h"

/* Of an insert, update or delete. `row`: the row as it is now, of a delete as far as it is told how it was; `old`: what
 * an update tells of the row before, nothing when its replica identity did not change. Both have room for a cell of
 * each column; texts are not ended by NUL and live as long as the change. INCLOAD_E_UNSUPPORTED: a binary
 * value. */
int32_t incload__image_read(const incload__assembled *change, incload__cell *row, int32_t *row_count,
                            incload__cell *old, int32_t *old_count, incload_error **err);

#endif
