/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a fold in about the order of their keys: those that are near in an index are then written one after the
 * other, which spares the target half of its work where they are scattered. */
#ifndef INCLOAD_LIB_CDC_KEY_ORDER_H
#define INCLOAD_LIB_CDC_KEY_ORDER_H

#include "cdc/fold.h"

typedef struct incload__key_place {
    uint64_t place; /* by the first column of the key: its number, or the first bytes of its text */
    int64_t row;
} incload__key_place;

/* One for each row, from the fold's memory; rows of one place stay in the order in which they came. NULL without
 * memory. The fold has a key. */
incload__key_place *incload__key_order(const incload__fold *fold);

#endif
