/* SPDX-License-Identifier: Apache-2.0 */
/* 128 bits of a text that comes in pieces: XXH3. The same on every machine. */
#ifndef INCLOAD_LIB_BASE_HASH_H
#define INCLOAD_LIB_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { INCLOAD__HASH_ROOM = 640, INCLOAD__HASH_SIZE = 16 };

/* The state wants to begin at a multiple of 64 bytes, which gcc before 12.4 does not keep on a stack that the address
 * sanitizer watches: it has room to begin where it likes. Not to be copied. */
typedef struct incload__hash {
    unsigned char room[INCLOAD__HASH_ROOM];
} incload__hash;

void incload__hash_init(incload__hash *hash);
void incload__hash_bytes(incload__hash *hash, const void *bytes, size_t length);
void incload__hash_number(incload__hash *hash, int64_t number);
/* With its length, so that no two lists of texts run into one; NULL is another than "". */
void incload__hash_text(incload__hash *hash, const char *text);
/* The most significant byte first. */
void incload__hash_end(const incload__hash *hash, unsigned char out[INCLOAD__HASH_SIZE]);

#endif
