/* SPDX-License-Identifier: Apache-2.0 */
/* One seed: processes that load, writers, readers, harm, and what must hold at every commit and at the end. */
#ifndef INCLOAD_TESTS_FAULT_SIMULATION_WORLD_H
#define INCLOAD_TESTS_FAULT_SIMULATION_WORLD_H

#include <stdbool.h>
#include <stdint.h>

/* What a seed was made of, and what came of it. */
typedef struct world_result {
    uint64_t hash;       /* of its trace */
    const char *kind;    /* increments, replacements, swaps, backfill, pipelines */
    char wrong[600];     /* "": all that must hold holds */
    int64_t virtual_us;  /* how long it took in there */
    int32_t runs;        /* of the library */
    int32_t landed;      /* of these */
    int32_t killed;      /* processes */
} world_result;

/* Tables, and the library's own among them, as every seed finds them. Once. */
void world_prepare(void);
void world_try(uint64_t seed, bool tells, world_result *out);

#endif
