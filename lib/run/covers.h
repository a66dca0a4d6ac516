/* SPDX-License-Identifier: Apache-2.0 */
/* What of a range has been loaded before: intervals with a state, ascending and disjoint, as few as say it. Built from
 * the ledger's units in the order in which they ended. */
#ifndef INCLOAD_LIB_RUN_COVERS_H
#define INCLOAD_LIB_RUN_COVERS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"

enum {
    INCLOAD__COVER_NONE,
    INCLOAD__COVER_FAILED,
    INCLOAD__COVER_STALE, /* loaded, by an older version of the code */
    INCLOAD__COVER_DONE
};

typedef struct incload__cover {
    int64_t lo;
    int64_t hi;
    int32_t state;
} incload__cover;

typedef struct incload__covers {
    const incload__mem *mem;
    incload__cover *covers;
    int64_t count;
    int64_t capacity;
} incload__covers;

#define INCLOAD__COVERS(mem_pointer)                                                                                   \
    {                                                                                                                  \
        .mem = (mem_pointer)                                                                                           \
    }

/* What was loaded later takes the place of what was there. A failure takes nothing away: it fills only what nobody has
 * loaded. */
int32_t incload__covers_add(incload__covers *coverage, int64_t lo, int64_t hi, int32_t state, incload_error **err);
void incload__covers_free(incload__covers *coverage);
/* Of an interval: DONE or STALE when it is loaded throughout, and none or some of that by an older version; else FAILED
 * when some of it failed; else NONE. */
int32_t incload__covers_state(const incload__covers *coverage, int64_t lo, int64_t hi);
/* The same, faster for intervals near the last one asked for: *near begins as 0. */
int32_t incload__covers_state_near(const incload__covers *coverage, int64_t lo, int64_t hi, int64_t *near);
/* The first interval at or after `from` and before `to` that is not loaded; false when there is none. */
bool incload__covers_gap(const incload__covers *coverage, int64_t from, int64_t to, int64_t *lo, int64_t *hi);

#endif
