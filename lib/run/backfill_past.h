/* SPDX-License-Identifier: Apache-2.0 */
/* What of a backfill's range was done before, by the ledger: what landed, by which version of the code, and which units
 * of earlier runs failed. */
#ifndef INCLOAD_LIB_RUN_BACKFILL_PAST_H
#define INCLOAD_LIB_RUN_BACKFILL_PAST_H

#include "run/backfill.h"
#include "run/key_set.h"
#include "state/complete.h"

typedef struct incload__past {
    const incload__mem *mem;
    incload__covers covers;                         /* of time and integers */
    incload__key_set keys[INCLOAD__COVER_DONE + 1]; /* of keys, by state */
} incload__past;

/* The database that has the ledger of a step: a load's is its target. NULL: there is none. */
incload_database *incload__backfill_home(const incload_step *step);
/* The name under which units are recorded; NULL when it was not told. */
const char *incload__backfill_record_name(const incload_step *step);
/* Nothing where the step has no ledger, or that is not there yet. `failed`: with what failed. */
int32_t incload__past_read(const incload_step *step, bool failed, incload__past *out, incload_error **err);
/* As incload__unit_state, `data` an incload__past. */
int32_t incload__past_state(const incload__range *range, const incload__range_unit *unit, void *data);
bool incload__past_is_empty(const incload__past *past);
void incload__past_free(incload__past *past);

/* What of a unit the ledger keeps when it lands; key and lane are the same text, which is the caller's. */
void incload__past_landed(const incload__range *range, const incload__range_unit *unit, const char *key,
                          incload__landed *out);

#endif
