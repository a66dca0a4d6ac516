/* SPDX-License-Identifier: Apache-2.0 */
/* Single rows of the target, looked up by their key: for changes of keys, which take all values along. */
#ifndef INCLOAD_LIB_CDC_SEEK_H
#define INCLOAD_LIB_CDC_SEEK_H

#include "cdc/fold.h"
#include "cdc/table.h"

typedef struct incload__seek {
    incload__load *load;
    const incload__change_table *table;
    incload__log found; /* keeps the values */
} incload__seek;

/* For a fold; `data` is a seek. In the open transaction. */
int32_t incload__seek_row(void *data, const incload__cell *const *key, const incload__cell **cells, bool *found,
                          incload_error **err);

#endif
