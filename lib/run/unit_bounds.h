/* SPDX-License-Identifier: Apache-2.0 */
/* A unit of a range as the interval of a load: which values of the cursor lie in it. */
#ifndef INCLOAD_LIB_RUN_UNIT_BOUNDS_H
#define INCLOAD_LIB_RUN_UNIT_BOUNDS_H

#include "dialect/dialect.h"
#include "run/range.h"

/* What a column of time without a zone holds. */
enum {
    INCLOAD__NAIVE_UTC,  /* the time in UTC, as this library's own sessions have it */
    INCLOAD__NAIVE_LOCAL /* what the clock of the range's zone showed */
};

typedef struct incload__bounds_spec {
    const incload__mem *mem;
    const incload__dialect *dialect; /* of the source */
    const incload__column *cursor;
    int32_t naive; /* INCLOAD__NAIVE_... */
} incload__bounds_spec;

/* Can every unit of an axis be told by the cursor? To be asked before the first unit runs. */
int32_t incload__bounds_check(const incload__bounds_spec *spec, const incload__range *range, int32_t axis,
                              incload_error **err);
/* `initial` and `until` of window=interval, in the source's own text; the caller's. On failure both are NULL. */
int32_t incload__bounds_of(const incload__bounds_spec *spec, const incload__range *range,
                           const incload__range_unit *unit, int32_t axis, char *bounds[2], incload_error **err);

#endif
