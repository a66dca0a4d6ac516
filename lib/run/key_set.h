/* SPDX-License-Identifier: Apache-2.0 */
/* A set of texts. */
#ifndef INCLOAD_LIB_RUN_KEY_SET_H
#define INCLOAD_LIB_RUN_KEY_SET_H

#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"

typedef struct incload__key_set {
    const incload__mem *mem;
    char **slots;
    uint64_t size; /* a power of two, or 0 */
    uint64_t count;
} incload__key_set;

int32_t incload__key_set_add(incload__key_set *set, const char *key, incload_error **err);
bool incload__key_set_has(const incload__key_set *set, const char *key);
void incload__key_set_free(incload__key_set *set);

#endif
