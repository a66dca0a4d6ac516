/* SPDX-License-Identifier: Apache-2.0 */
/* SQL Server's change tracking, which keeps the keys of changed rows by itself, as text: what a reader of it says to
 * the server. No driver of the library reads it yet.
 *
 * The order is this, in one transaction of SNAPSHOT isolation, so that the versions and the rows are those of one
 * moment: begin, versions, and unless the last version that was consumed is less than the least one that is valid (then
 * all rows must be read again), rows. What was consumed then is the current version that was told first. */
#ifndef INCLOAD_LIB_DIALECT_TRACKING_H
#define INCLOAD_LIB_DIALECT_TRACKING_H

#include "dialect/capture.h"

/* Statement before BEGIN; the database must have ALLOW_SNAPSHOT_ISOLATION ON. */
extern const char incload__tracking_begin[];

/* Query: the current version, and the least one from which the source's changes are known; NULL when they are not
 * tracked. */
int32_t incload__tracking_versions(incload__str *out, const incload__capture *capture, incload_error **err);
/* Query: the keys that were touched behind a version, each once, as incload_k0, incload_k1, ..., and the columns of the
 * source's row, which are all NULL where there is none. */
int32_t incload__tracking_rows(incload__str *out, const incload__capture *capture, int64_t behind, incload_error **err);

#endif
