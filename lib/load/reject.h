/* SPDX-License-Identifier: Apache-2.0 */
/* Bad rows, with bad_rows=reject: found under savepoints, kept in the ledger, and out of the way of the others. */
#ifndef INCLOAD_LIB_LOAD_REJECT_H
#define INCLOAD_LIB_LOAD_REJECT_H

#include "load/internal.h"

/* What a stored row has: the source's columns as they were read; the same behind the process function; the target's. */
#define INCLOAD__FORM_SOURCE "source"
#define INCLOAD__FORM_PROCESSED "processed"
#define INCLOAD__FORM_TARGET "target"

/* reject.c. In the open transaction of the target, before anything is written. Does nothing with bad_rows=fail. */
int32_t incload__reject_begin(incload__load *load, incload_error **err);
/* Before the commit: the budget in per cent, and a notice of what was rejected. */
int32_t incload__reject_end(incload__load *load, incload_error **err);
/* True for a refusal of what is in a row: without that row the others may land. */
bool incload__reject_is_bad_row(const incload__load *load, const incload_error *why);
/* The SQLSTATE that is kept of it: the server's, or that of the standard's class where it told none. */
const char *incload__reject_state(const incload_error *why);
/* Writes a batch (of the layout `travel`, taken over) into the destination, without its bad rows. */
int32_t incload__reject_batch(incload__load *load, struct ArrowArray *array, incload_error **err);
/* Counts a bad row and puts it into the ledger, in the open transaction. INCLOAD_E_CHECK when there are too many. */
int32_t incload__reject_keep(incload__load *load, const char *form, const incload__view *view, int64_t row,
                             const incload_error *why, incload_error **err);
/* INCLOAD_E_CHECK when so many more would be too many. */
int32_t incload__reject_check_budget(const incload__load *load, int64_t more, const incload_error *why,
                                     incload_error **err);
/* Writes rows of the layout `write` into the destination; *written is what the server took. INCLOAD_E_DATA when one has
 * NULL in the key. */
int32_t incload__reject_write(incload__load *load, struct ArrowArray *converted, int64_t *written,
                              incload_error **err);

/* reject_row.c: a row as a JSON object, each value in its canonical text or null. */
int32_t incload__reject_print(const incload__view *view, int64_t row, incload__str *out, incload_error **err);
/* Puts it into a builder: columns that the row lacks are NULL, what the builder lacks is left out. */
int32_t incload__reject_parse(const char *text, incload__builder *builder, incload_error **err);

#endif
