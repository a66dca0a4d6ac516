/* SPDX-License-Identifier: Apache-2.0 */
/* Records in the order they came, for transactions that wait for their end: in memory while there is room for all of
 * them, and beyond it those of the largest in a file that has no name. */
#ifndef INCLOAD_LIB_CDC_SPOOL_H
#define INCLOAD_LIB_CDC_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct incload__spool {
    struct incload__spool_space *space;
    struct incload__spool *before, *after; /* of all spools of the space */
    struct incload__spool_block *first, *last;
    size_t memory;  /* of its blocks */
    uint64_t saved; /* bytes in the file, which come before those in the blocks */
    uint64_t end;   /* bytes of all records: where the next will begin */
    int file;       /* -1: none */
} incload__spool;

/* What several spools share. Not to be copied once it has spools. */
typedef struct incload__spool_space {
    const incload__mem *mem;
    const char *directory; /* borrowed */
    size_t limit;          /* bytes in memory, of all spools */
    size_t used;
    struct incload__spool_block *spare;
    incload__spool *spools;
    int64_t files; /* that were ever made */
} incload__spool_space;

/* `directory` NULL: /var/tmp, which is a disk where /tmp may be memory. */
void incload__spool_space_init(incload__spool_space *space, const incload__mem *mem, const char *directory,
                               size_t limit);
/* After its spools. */
void incload__spool_space_free(incload__spool_space *space);

void incload__spool_init(incload__spool *spool, incload__spool_space *space);
/* Zero is fine, too. */
void incload__spool_free(incload__spool *spool);
/* Copies a record. INCLOAD_E_STATE when a file cannot be made or written. */
int32_t incload__spool_add(incload__spool *spool, const void *bytes, size_t length, incload_error **err);
/* Forgets all records from the one that begins at `offset`. */
int32_t incload__spool_cut(incload__spool *spool, uint64_t offset, incload_error **err);

/* Reads from the first record on. All zero at first; the spool stays as it is meanwhile. */
typedef struct incload__spool_reader {
    const incload__mem *mem;
    const incload__spool *spool;
    uint64_t at;
    const struct incload__spool_block *block;
    char *buffer; /* part of the file from `base` on */
    size_t size;
    size_t filled;
    uint64_t base;
} incload__spool_reader;

void incload__spool_rewind(incload__spool_reader *reader, const incload__spool *spool);
/* *bytes is NULL behind the last record, and else lives until the next call. */
int32_t incload__spool_next(incload__spool_reader *reader, const unsigned char **bytes, size_t *length,
                            incload_error **err);
void incload__spool_reader_free(incload__spool_reader *reader);

#endif
