/* SPDX-License-Identifier: Apache-2.0 */
/* Which units of a range a backfill takes, given what was loaded before; and a plan of that as a value, with a
 * fingerprint, so that what is applied is what was looked at. */
#ifndef INCLOAD_LIB_RUN_SELECTION_H
#define INCLOAD_LIB_RUN_SELECTION_H

#include "run/covers.h"
#include "run/order.h"
#include "run/range.h"

enum {
    INCLOAD__SELECT_MISSING, /* all that is not loaded, whether it was tried or not */
    INCLOAD__SELECT_FAILED,  /* what was tried and is not loaded */
    INCLOAD__SELECT_STALE,   /* what an older version of the code loaded */
    INCLOAD__SELECT_ALL
};

/* INCLOAD__COVER_... of a unit. */
typedef int32_t (*incload__unit_state)(const incload__range *range, const incload__range_unit *unit, void *data);

typedef struct incload__selection {
    const incload__range *range;
    int32_t select;
    int32_t order;
    const incload__covers *coverage; /* of a range with one axis of time or integers; NULL: nothing was loaded */
    incload__unit_state state;       /* else; comes before `coverage` */
    void *data;
} incload__selection;

typedef struct incload__unit_walk {
    const incload__selection *selection; /* borrowed */
    incload__order order;
    incload__range_hint hint;
    int64_t near; /* in the coverage */
} incload__unit_walk;

bool incload__selection_takes(int32_t select, int32_t state);

/* The selected units, in order; false at the end. */
void incload__unit_walk_init(incload__unit_walk *walk, const incload__selection *selection);
bool incload__unit_walk_next(incload__unit_walk *walk, incload__range_unit *unit);

enum { INCLOAD__FINGERPRINT_SIZE = 33 };

typedef struct incload__unit_plan {
    int64_t units; /* of the range */
    int64_t taken;
    int64_t by_state[INCLOAD__COVER_DONE + 1];
    int64_t first; /* ordinals of the first and the last that is taken; -1 when there is none */
    int64_t last;
    char fingerprint[INCLOAD__FINGERPRINT_SIZE]; /* hexadecimal */
} incload__unit_plan;

/* `code` is the version of the host's code, or NULL. The fingerprint changes with the range, with the zone's clock in
 * it, with what is selected, with the states of the units, and with the code. */
void incload__unit_plan_make(const incload__selection *selection, const char *code, incload__unit_plan *out);
/* Before a plan is applied: refuses when the world is no more what it was. */
int32_t incload__unit_plan_check(const incload__unit_plan *plan, const incload__selection *selection, const char *code,
                                 incload_error **err);

#endif
