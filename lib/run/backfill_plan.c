/* SPDX-License-Identifier: Apache-2.0 */
/* What a run of a backfill would do now, as a value. */
#include <incload/backfill.h>

#include <stdio.h>
#include <string.h>

#include "run/backfill_internal.h"

enum { LABEL_SIZE = 200 };

struct incload_backfill_plan {
    atomic_int refs;
    const incload__mem *mem;
    incload__unit_plan plan;
    char first[LABEL_SIZE];
    char last[LABEL_SIZE];
};

static void
put_label(const incload_step *step, int64_t ordinal, char out[LABEL_SIZE])
{
    incload__str label = INCLOAD__STR(step->mem);
    incload__backfill_unit unit;

    if (ordinal < 0)
        return;
    memset(&unit, 0, sizeof unit);
    incload__backfill_unit_of(step, ordinal, &unit, &label);
    if (!label.failed)
        snprintf(out, LABEL_SIZE, "%s", incload__str_text(&label));
    incload__str_free(&label);
}

incload_backfill_plan *
incload_backfill_plan_new(incload_step *step, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (step == NULL || step->backfill == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "only a backfill is planned by its units: the step must be one");
        return NULL;
    }
    incload_backfill_plan *plan = incload__alloc(step->mem, sizeof *plan);
    incload__backfill_walk *walk =
        plan != NULL ? incload__backfill_walk_new(&incload__env_system, step, NULL, err) : NULL;
    if (plan == NULL)
        incload__fail_memory(err);
    if (walk == NULL || incload__backfill_walk_open(walk, err) != INCLOAD_OK) {
        incload__backfill_walk_free(walk);
        incload__free(step->mem, plan);
        return NULL;
    }
    atomic_init(&plan->refs, 1);
    plan->mem = step->mem;
    plan->plan = *incload__backfill_walk_plan(walk);
    put_label(step, plan->plan.first, plan->first);
    put_label(step, plan->plan.last, plan->last);
    incload__backfill_walk_free(walk);
    return plan;
}

incload_backfill_plan *
incload_backfill_plan_ref(incload_backfill_plan *plan)
{
    if (plan != NULL)
        atomic_fetch_add_explicit(&plan->refs, 1, memory_order_relaxed);
    return plan;
}

void
incload_backfill_plan_unref(incload_backfill_plan *plan)
{
    if (plan != NULL && atomic_fetch_sub_explicit(&plan->refs, 1, memory_order_acq_rel) == 1)
        incload__free(plan->mem, plan);
}

int64_t
incload_backfill_plan_units(const incload_backfill_plan *plan)
{
    return plan != NULL ? plan->plan.units : 0;
}

int64_t
incload_backfill_plan_taken(const incload_backfill_plan *plan)
{
    return plan != NULL ? plan->plan.taken : 0;
}

const char *
incload_backfill_plan_first(const incload_backfill_plan *plan)
{
    return plan != NULL ? plan->first : "";
}

const char *
incload_backfill_plan_last(const incload_backfill_plan *plan)
{
    return plan != NULL ? plan->last : "";
}

const char *
incload_backfill_plan_fingerprint(const incload_backfill_plan *plan)
{
    return plan != NULL ? plan->plan.fingerprint : "";
}
