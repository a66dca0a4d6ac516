/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/ready.h"

bool
incload__ready_init(incload__ready *ready, const incload__mem *mem, int32_t count)
{
    size_t sizes[INCLOAD__READY_LEVELS];
    size_t size = (size_t)(count > 0 ? count : 1), total = 0;
    int32_t levels = 0;

    do {
        size = (size + 63) / 64;
        sizes[levels++] = size;
        total += size;
    } while (size > 1);
    uint64_t *words = incload__alloc_array(mem, total, sizeof *words);
    if (words == NULL)
        return false;
    for (int32_t i = 0; i < levels; i++) {
        ready->words[i] = words;
        words += sizes[i];
    }
    ready->levels = levels;
    ready->low = 0;
    return true;
}

void
incload__ready_free(incload__ready *ready, const incload__mem *mem)
{
    incload__free(mem, ready->words[0]);
    ready->words[0] = NULL;
    ready->levels = 0;
}
