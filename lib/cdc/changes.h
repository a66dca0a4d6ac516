/* SPDX-License-Identifier: Apache-2.0 */
/* Changes behind the public handle: a set of tables, or one of its tables. */
#ifndef INCLOAD_LIB_CDC_CHANGES_H
#define INCLOAD_LIB_CDC_CHANGES_H

#include "cdc/set.h"

struct incload_changes {
    atomic_int refs;
    const incload__mem *mem;
    incload_changes *group; /* whose table it is, and which it keeps; NULL: the set is its own */
    incload__change_set *set;
    int32_t table; /* index in the set; -1: a group */
};

/* The table behind a handle. INCLOAD_E_INVALID for a group, or without a handle. */
int32_t incload__changes_member(const incload_changes *changes, incload__change_member **out, incload_error **err);

extern const incload__option_table incload__changes_batch_options;

#endif
