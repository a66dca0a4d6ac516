/* SPDX-License-Identifier: Apache-2.0 */
/* What a run waited for: from the step that ended last back to one that waited for none. */
#ifndef INCLOAD_LIB_RUN_REPORT_CRITICAL_H
#define INCLOAD_LIB_RUN_REPORT_CRITICAL_H

#include "run/report/picture.h"

typedef struct incload__critical {
    int32_t *steps; /* first to last */
    int32_t count;
    int64_t work_us; /* the steps' own time together */
    int64_t wait_us; /* between them: for workers, pools, pauses */
} incload__critical;

/* Of steps that have begun. INCLOAD_E_NO_MEMORY. */
int32_t incload__critical_find(incload__critical *critical, const incload__mem *mem, const incload__picture *picture,
                               incload_error **err);
void incload__critical_free(incload__critical *critical, const incload__mem *mem);
bool incload__critical_has(const incload__critical *critical, int32_t step);

#endif
