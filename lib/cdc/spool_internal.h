/* SPDX-License-Identifier: Apache-2.0 */
/* What writing and reading a spool share. */
#ifndef INCLOAD_LIB_CDC_SPOOL_INTERNAL_H
#define INCLOAD_LIB_CDC_SPOOL_INTERNAL_H

#include "cdc/spool.h"

/* Whole records, each behind its length. */
typedef struct incload__spool_block {
    struct incload__spool_block *next, *before;
    uint64_t base; /* of its first byte, among all of the spool */
    size_t used;
    size_t size;
    char data[];
} spool_block;

/* Of a file, as errno tells. */
int32_t incload__spool_fail(const incload__spool *spool, const char *what, incload_error **err);

#endif
