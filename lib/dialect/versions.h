/* SPDX-License-Identifier: Apache-2.0 */
/* MariaDB's system versioning by transaction as a source of changes: each version of a row has the numbers of the
 * transactions that wrote it and that ended it. What a reader of it says to the server. */
#ifndef INCLOAD_LIB_DIALECT_VERSIONS_H
#define INCLOAD_LIB_DIALECT_VERSIONS_H

#include "dialect/capture.h"

/* Transactions from the first to the last of them, but those that are done. */
typedef struct incload__versions {
    const char *start; /* columns of the source */
    const char *end;
    uint64_t first;
    uint64_t last;
    const uint64_t *done;
    int32_t done_count;
} incload__versions;

/* Query: those that have touched the table, the least numbers first, each with how many versions it wrote or ended. */
int32_t incload__versions_transactions(incload__str *out, const incload__capture *capture,
                                       const incload__versions *versions, int64_t limit, incload_error **err);
/* Query: as incload__capture_rows(), the keys that they have touched. */
int32_t incload__versions_rows(incload__str *out, const incload__capture *capture, const incload__versions *versions,
                               incload_error **err);
/* Query: as incload__capture_pending(); the time is that of the first commit. */
int32_t incload__versions_pending(incload__str *out, const incload__capture *capture,
                                  const incload__versions *versions, incload_error **err);

#endif
