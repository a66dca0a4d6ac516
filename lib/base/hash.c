/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { ALIGNMENT = 64 };

_Static_assert(INCLOAD__HASH_ROOM >= sizeof(XXH3_state_t) + ALIGNMENT - 1, "the state fits wherever the room begins");

static XXH3_state_t *
state_of(const incload__hash *hash)
{
    uintptr_t begin = (uintptr_t)hash->room;

    return (XXH3_state_t *)((begin + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1));
}

void
incload__hash_init(incload__hash *hash)
{
    (void)XXH3_128bits_reset(state_of(hash));
}

void
incload__hash_bytes(incload__hash *hash, const void *bytes, size_t length)
{
    (void)XXH3_128bits_update(state_of(hash), bytes, length);
}

void
incload__hash_number(incload__hash *hash, int64_t number)
{
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)number >> (8 * i));
    incload__hash_bytes(hash, bytes, sizeof bytes);
}

void
incload__hash_text(incload__hash *hash, const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;

    incload__hash_number(hash, text != NULL ? (int64_t)length : -1);
    incload__hash_bytes(hash, text != NULL ? text : "", length);
}

void
incload__hash_end(const incload__hash *hash, unsigned char out[INCLOAD__HASH_SIZE])
{
    XXH128_canonical_t digest;

    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(state_of(hash)));
    memcpy(out, digest.digest, INCLOAD__HASH_SIZE);
}
