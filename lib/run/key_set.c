/* SPDX-License-Identifier: Apache-2.0 */
#include "run/key_set.h"

#include <string.h>

static uint64_t
hash_of(const char *key)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * UINT64_C(1099511628211);
    return hash ^ hash >> 29;
}

static uint64_t
place_of(const incload__key_set *set, const char *key)
{
    uint64_t at = hash_of(key) & (set->size - 1);

    while (set->slots[at] != NULL && strcmp(set->slots[at], key) != 0)
        at = (at + 1) & (set->size - 1);
    return at;
}

bool
incload__key_set_has(const incload__key_set *set, const char *key)
{
    return set->size > 0 && set->slots[place_of(set, key)] != NULL;
}

void
incload__key_set_free(incload__key_set *set)
{
    for (uint64_t i = 0; i < set->size; i++)
        incload__free(set->mem, set->slots[i]);
    incload__free(set->mem, set->slots);
    set->slots = NULL;
    set->size = set->count = 0;
}

static bool
grow(incload__key_set *set)
{
    incload__key_set wider = { set->mem, NULL, set->size > 0 ? 2 * set->size : 16, set->count };

    wider.slots = incload__alloc_array(set->mem, wider.size, sizeof *wider.slots);
    if (wider.slots == NULL)
        return false;
    for (uint64_t i = 0; i < set->size; i++) {
        if (set->slots[i] != NULL)
            wider.slots[place_of(&wider, set->slots[i])] = set->slots[i];
    }
    incload__free(set->mem, set->slots);
    *set = wider;
    return true;
}

int32_t
incload__key_set_add(incload__key_set *set, const char *key, incload_error **err)
{
    /* At most half full, so that a free place is never far. */
    if (2 * (set->count + 1) > set->size && !grow(set))
        return incload__fail_memory(err);
    uint64_t at = place_of(set, key);
    if (set->slots[at] != NULL)
        return INCLOAD_OK;
    set->slots[at] = incload__strdup(set->mem, key);
    if (set->slots[at] == NULL)
        return incload__fail_memory(err);
    set->count++;
    return INCLOAD_OK;
}
