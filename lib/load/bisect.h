/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the bad rows among many by trying parts. Knows nothing of SQL. */
#ifndef INCLOAD_LIB_LOAD_BISECT_H
#define INCLOAD_LIB_LOAD_BISECT_H

#include "base/error.h"

typedef struct incload__bisect {
    void *data;
    /* Tries rows [first, last). INCLOAD_OK: they are in; *bad: refused for what is in a row, and undone; else the
     * search ends with the error. */
    int32_t (*attempt)(void *data, int64_t first, int64_t last, bool *bad, incload_error **err);
    /* That row alone is at fault, and `why` was said of no other. Something else than INCLOAD_OK ends the search. */
    int32_t (*reject)(void *data, int64_t row, const incload_error *why, incload_error **err);
    int64_t most;     /* ends well after so many bad rows; 0: goes on to the last row */
    int64_t attempts; /* made so far */
} incload__bisect;

/* Rows [0, rows) were refused together, with `why`, which is taken over. For one bad row among n it takes at most
 * ceil(log2(n)) + 1 attempts, of which the last brings in what stands behind it. */
int32_t incload__bisect_rows(incload__bisect *how, int64_t rows, incload_error *why, incload_error **err);

#endif
