/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of rows: 128 bits of a row's typed cells, keyed by a seed that nobody can know beforehand; and sums of them,
 * which are equal for two multisets of rows exactly when the multisets are, but for an accident of 2^-128. Sums, not
 * exclusive ors: a row that is there twice must not cancel itself out. */
#ifndef INCLOAD_LIB_LOAD_VERIFY_DIGEST_H
#define INCLOAD_LIB_LOAD_VERIFY_DIGEST_H

#include "batch/batch.h"

typedef struct incload__digest {
    uint64_t low;
    uint64_t high;
} incload__digest;

/* A multiset of rows. */
typedef struct incload__bucket {
    int64_t rows;
    incload__digest sum;
} incload__bucket;

void incload__bucket_add(incload__bucket *bucket, incload__digest row);
void incload__bucket_join(incload__bucket *bucket, const incload__bucket *other);
bool incload__bucket_equal(const incload__bucket *a, const incload__bucket *b);
static inline bool
incload__digest_equal(incload__digest a, incload__digest b)
{
    return a.low == b.low && a.high == b.high;
}

/* What of a cell's text says nothing about its value. */
enum {
    INCLOAD__CELL_EXACT,
    INCLOAD__CELL_NUMBER, /* decimal text: 1.0 is 1.00 */
    INCLOAD__CELL_PADDED  /* char(n): blanks at the end come and go */
};

typedef struct incload__hasher {
    uint64_t seed;
    const uint8_t *rules; /* by column, INCLOAD__CELL_... */
    incload__str bytes;   /* of the cells being hashed; kept for the next */
} incload__hasher;

/* The digest of some cells of a row. Every cell goes in with its kind, NULL or not, and its length, so that no two
 * different rows give the same bytes. False when memory failed. */
bool incload__hash_cells(incload__hasher *hasher, const incload__view *view, const int32_t *columns, int32_t count,
                         int64_t row, incload__digest *out);

#endif
