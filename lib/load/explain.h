/* SPDX-License-Identifier: Apache-2.0 */
/* What a load would do: the engine is run on a rehearsal, and the server is asked what the window's read will bring. */
#ifndef INCLOAD_LIB_LOAD_EXPLAIN_H
#define INCLOAD_LIB_LOAD_EXPLAIN_H

#include "load/load.h"
#include "load/script.h"

typedef struct incload__explained {
    incload__load_result result; /* road and its reason, watermark, level and its reason, held_by */
    incload__script script;
    char *low;
    char *high;
    char *before;           /* the watermark as it stands; NULL: none */
    int64_t estimated_rows; /* -1: not known */
    const char *estimate;   /* static: where that comes from */
    bool makes_target;
    bool makes_ledger;
    bool is_idle;           /* nothing is new: no row will be read */
    char *busy;             /* who runs this load right now; NULL: nobody */
} incload__explained;

/* Fills in `out`, which is to be freed also after a failure. A failure is what a run would fail with now. */
int32_t incload__explain(const incload__load_spec *spec, incload_unit *unit, incload__explained *out,
                         incload_error **err);
void incload__explained_free(const incload__mem *mem, incload__explained *explained);

#endif
