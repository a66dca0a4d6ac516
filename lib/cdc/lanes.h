/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of work that several threads do, each the next that is left. */
#ifndef INCLOAD_LIB_CDC_LANES_H
#define INCLOAD_LIB_CDC_LANES_H

#include <stdatomic.h>

#include "base/error.h"
#include "base/mem.h"

typedef struct incload__lanes {
    int32_t count; /* of threads, the caller's among them */
    int32_t pieces;
    /* One piece; `lane` 0 is the caller's thread. */
    int32_t (*work)(void *data, int32_t lane, int32_t piece, incload_error **err);
    /* Once, after the first failure, on the thread that met it: what the others do is to end soon. */
    void (*stop)(void *data);
    void *data;
    atomic_bool failed; /* no piece is begun any more */
} incload__lanes;

/* Returns when all threads have ended, with the first failure. Fewer threads than asked for are enough. */
int32_t incload__lanes_run(incload__lanes *lanes, const incload__mem *mem, incload_error **err);

#endif
