/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL: a row's digest computed by the server. */
#ifndef INCLOAD_LIB_DIALECT_POSTGRES_DIGEST_H
#define INCLOAD_LIB_DIALECT_POSTGRES_DIGEST_H

#include "dialect/dialect.h"

/* The expression whose binary form is equal for a value `here` and one `there` exactly when the two are the same to
 * the library, whichever server computes it. False when there is none. */
bool incload__postgres_digest_item(incload__str *out, const incload__column *here, const incload__column *there,
                                   const char *quoted);
/* 64 bits of `bytes`, a bytea expression. */
void incload__postgres_digest_hash(incload__str *out, const char *bytes, uint64_t seed);
/* One row, one text: equal on two servers whose hashes and binary forms agree; an error where they are not known. The
 * second column is 1 when the client is on the server's machine. */
extern const char incload__postgres_digest_probe[];
/* For the transaction that computes digests; NULL-terminated. */
extern const char *const incload__postgres_digest_settings[];

#endif
