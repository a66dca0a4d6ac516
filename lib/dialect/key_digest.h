/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of keys, computed by the servers that hold them: sums of 128 bits for each range of a whole number, which are
 * equal on two servers exactly when the keys are, but for an accident of 2^-128. The number is the first column of the
 * key, where an index finds its ranges again, or else drawn from the digest itself. */
#ifndef INCLOAD_LIB_DIALECT_KEY_DIGEST_H
#define INCLOAD_LIB_DIALECT_KEY_DIGEST_H

#include "dialect/dialect.h"

typedef struct incload__key_digest {
    const incload__dialect *dialect; /* of this side */
    const incload__schema *here;     /* the columns of both sides, in one order */
    const incload__schema *there;
    const incload__dialect *other;
    const int32_t *key;
    int32_t key_count;
    const char *prefix; /* of this side's column names: "" or "t." */
    const char *seed;   /* hexadecimal digits; the same on both sides */
    bool by_column;     /* ranges of the first column of the key */
} incload__key_digest;

/* Why the two servers cannot compute it: static text; NULL when they can. *column (may be NULL) is the one it is about,
 * or -1. */
const char *incload__key_digest_refusal(const incload__key_digest *side, int32_t *column);
/* True where ranges of the first column of the key will do. */
bool incload__key_digest_by_column(const incload__key_digest *side);
/* The whole number of a row. */
int32_t incload__key_digest_place(incload__str *out, const incload__key_digest *side, incload_error **err);
/* Query: range, rows, sums of two halves; in the order of ranges, which are `width` wide from `low`. `from` is what
 * follows FROM, `only` a condition or NULL. */
int32_t incload__key_digest_query(incload__str *out, const incload__key_digest *side, const char *from,
                                  const char *only, int64_t low, uint64_t width, incload_error **err);
/* `place` / width, rounded down. */
void incload__key_digest_range(incload__str *out, const incload__key_digest *side, const char *place, int64_t low,
                               uint64_t width);

#endif
