/* SPDX-License-Identifier: Apache-2.0 */
/* What a range is made of; for the files that make and write ranges. */
#ifndef INCLOAD_LIB_RUN_RANGE_INTERNAL_H
#define INCLOAD_LIB_RUN_RANGE_INTERNAL_H

#include "run/grid.h"
#include "run/range.h"

#define INCLOAD__US INT64_C(1000000)

typedef struct incload__axis {
    int32_t kind;
    int64_t count;
    int64_t from; /* of the units together */
    int64_t to;
    int64_t step; /* of integers */
    char **keys;
    incload__calendar calendar;
    incload__grid grid;
    int64_t first; /* boundary of the first unit */
} incload__axis;

struct incload__range {
    const incload__mem *mem;
    int32_t axes;
    int64_t count;
    incload__axis axis[INCLOAD__RANGE_AXES];
};

/* One axis, empty as yet. */
incload__range *incload__range_new(const incload__mem *mem, int32_t kind, incload_error **err);

#endif
