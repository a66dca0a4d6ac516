/* SPDX-License-Identifier: Apache-2.0 */
/* In which order units are taken. Each is told from the last, without a list. */
#ifndef INCLOAD_LIB_RUN_ORDER_H
#define INCLOAD_LIB_RUN_ORDER_H

#include <stdbool.h>
#include <stdint.h>

enum {
    INCLOAD__ORDER_OLDEST,
    INCLOAD__ORDER_NEWEST,
    INCLOAD__ORDER_BISECT /* both ends, then the middle, then the middles of the halves: a coarse picture early */
};

typedef struct incload__order {
    int32_t kind;
    int64_t count;
    int64_t taken;
    uint64_t parts; /* of a bisection: how many the range is cut into, a power of two */
    uint64_t part;  /* odd */
} incload__order;

void incload__order_init(incload__order *order, int32_t kind, int64_t count);
/* Every ordinal from 0 to count - 1 once; false at the end. */
bool incload__order_next(incload__order *order, int64_t *ordinal);

#endif
