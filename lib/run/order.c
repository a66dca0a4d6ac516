/* SPDX-License-Identifier: Apache-2.0 */
#include "run/order.h"

void
incload__order_init(incload__order *order, int32_t kind, int64_t count)
{
    *order = (incload__order){ .kind = kind, .count = count, .parts = 2, .part = 1 };
}

/* Where a part of [0, width] begins. */
static uint64_t
cut(uint64_t width, uint64_t part, uint64_t parts)
{
    return (uint64_t)((unsigned __int128)width * part / parts);
}

/* The next middle that no coarser cut had: the even parts were met before, and towards the end some odd ones fall on
 * their neighbours. */
static int64_t
next_middle(incload__order *order)
{
    uint64_t width = (uint64_t)order->count - 1;

    for (;;) {
        uint64_t at = cut(width, order->part, order->parts);
        bool fresh = at != cut(width, order->part - 1, order->parts) && at != cut(width, order->part + 1, order->parts);
        order->part += 2;
        if (order->part > order->parts) {
            order->parts *= 2;
            order->part = 1;
        }
        if (fresh)
            return (int64_t)at;
    }
}

bool
incload__order_next(incload__order *order, int64_t *ordinal)
{
    if (order->taken >= order->count)
        return false;
    int64_t taken = order->taken++;
    if (order->kind == INCLOAD__ORDER_OLDEST)
        *ordinal = taken;
    else if (order->kind == INCLOAD__ORDER_NEWEST)
        *ordinal = order->count - 1 - taken;
    else if (taken < 2)
        *ordinal = taken == 0 ? 0 : order->count - 1;
    else
        *ordinal = next_middle(order);
    return true;
}
