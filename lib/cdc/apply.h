/* SPDX-License-Identifier: Apache-2.0 */
/* One commit of changes: the events past the stored position are folded table by table and written in one transaction
 * of the target, with the position. */
#ifndef INCLOAD_LIB_CDC_APPLY_H
#define INCLOAD_LIB_CDC_APPLY_H

#include "cdc/set.h"

typedef struct incload__changes_job {
    incload__change_set *set;
    incload__place place;          /* out: the position that is stored at the end */
    incload__change_count *counts; /* out: one for each table, all zero before */
} incload__changes_job;

/* For an incload__apply; `data` is a job. */
int32_t incload__changes_apply(incload__load *load, void *data, incload_error **err);

#endif
