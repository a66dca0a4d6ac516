/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a picture in an order in which each comes after those it waits for. */
#ifndef INCLOAD_LIB_RUN_REPORT_RANKS_H
#define INCLOAD_LIB_RUN_REPORT_RANKS_H

#include "run/report/picture.h"

typedef struct incload__ranks {
    const incload__mem *mem;
    int32_t *steps;  /* all of them; those on a cycle last */
    int32_t *levels; /* of each step: the longest way from one that waits for none */
    int32_t *first;  /* where the edges that leave a step begin in `out`; one more at the end */
    int32_t *out;    /* numbers of edges */
} incload__ranks;

/* INCLOAD_E_NO_MEMORY. */
int32_t incload__ranks_make(incload__ranks *order, const incload__mem *mem, const incload__picture *picture,
                            incload_error **err);
void incload__ranks_free(incload__ranks *order);

#endif
