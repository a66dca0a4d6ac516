/* SPDX-License-Identifier: Apache-2.0 */
/* The units of a backfill as the scheduler asks for them: what was done before is looked up when the first is. */
#include <string.h>

#include "run/backfill_internal.h"
#include "run/backfill_units.h"

enum { LOOK_AGAIN_US = 2000 };

struct incload__backfill_walk {
    const incload__env *env;
    incload_step *step; /* borrowed from the run */
    incload__backfill_place place;
    incload__selection selection;
    incload__unit_walk walk; /* where no ledger keeps the run */
    incload__unit_plan plan;
    incload__past past;
    incload__backfill_units *_Atomic units;
    incload_error *error;
    incload__shared_snapshot *snapshot;
    incload__memo *memo;
    bool ready;
    int64_t given;
    _Atomic int64_t total;
    _Atomic int64_t ended;
    atomic_bool prepared; /* the target is there */
};

incload__backfill_walk *
incload__backfill_walk_new(const incload__env *env, incload_step *step, const incload__backfill_place *place,
                           incload_error **err)
{
    incload__backfill_walk *walk = incload__alloc(&env->mem, sizeof *walk);

    if (walk == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    walk->env = env;
    walk->step = step;
    if (place != NULL)
        walk->place = *place;
    walk->past.mem = walk->past.covers.mem = &env->mem;
    for (int32_t i = 0; i <= INCLOAD__COVER_DONE; i++)
        walk->past.keys[i].mem = &env->mem;
    walk->memo = incload__memo_new(&env->mem, err);
    if (walk->memo == NULL) {
        incload__backfill_walk_free(walk);
        return NULL;
    }
    return walk;
}

void
incload__backfill_walk_free(incload__backfill_walk *walk)
{
    if (walk == NULL)
        return;
    incload__backfill_walk_end_snapshot(walk);
    incload__backfill_units_free(walk->units);
    incload__past_free(&walk->past);
    incload__memo_free(walk->memo);
    incload_error_unref(walk->error);
    incload__free(&walk->env->mem, walk);
}

static int32_t
check_fingerprint(incload__backfill_walk *walk, incload_error **err)
{
    const incload__backfill_values *values = &walk->step->backfill->values;

    if (values->fingerprint == NULL)
        return INCLOAD_OK;
    incload__unit_plan_make(&walk->selection, values->version, &walk->plan);
    if (strcmp(walk->plan.fingerprint, values->fingerprint) == 0)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_CONFLICT,
                         "the plan of backfill '%.64s' is no more the one with fingerprint %.32s: it is %.32s now, and "
                         "takes %lld of %lld units; look at it again",
                         incload__step_name(walk->step), values->fingerprint, walk->plan.fingerprint,
                         (long long)walk->plan.taken, (long long)walk->plan.units);
}

int32_t
incload__backfill_walk_open(incload__backfill_walk *walk, incload_error **err)
{
    const incload__backfill *backfill = walk->step->backfill;
    static const int32_t selects[] = { INCLOAD__SELECT_MISSING, INCLOAD__SELECT_ALL, INCLOAD__SELECT_FAILED,
                                       INCLOAD__SELECT_STALE };
    int32_t select = selects[backfill->values.select];
    int32_t status = incload__past_read(walk->step, select == INCLOAD__SELECT_FAILED, &walk->past, err);

    walk->selection = (incload__selection){
        .range = backfill->range,
        .select = select,
        .order = backfill->values.order,
        .state = incload__past_state,
        .data = &walk->past,
    };
    incload__unit_walk_init(&walk->walk, &walk->selection);
    return status;
}

/* Where nothing was done before there is no need to look at each. */
static int64_t
count_taken(incload__backfill_walk *walk)
{
    if (walk->units != NULL)
        return incload__backfill_units_total(walk->units);
    if (walk->selection.select == INCLOAD__SELECT_ALL || incload__past_is_empty(&walk->past))
        return incload__range_count(walk->selection.range);
    return incload__backfill_walk_plan(walk)->taken;
}

const incload__shared_snapshot *
incload__backfill_walk_snapshot(const incload__backfill_walk *walk)
{
    return walk->snapshot;
}

incload__memo *
incload__backfill_walk_memo(const incload__backfill_walk *walk)
{
    return walk->memo;
}

void
incload__backfill_walk_end_snapshot(incload__backfill_walk *walk)
{
    incload__shared_snapshot_close(walk->snapshot);
    walk->snapshot = NULL;
}

static int32_t
begin_snapshot(incload__backfill_walk *walk, incload_error **err)
{
    const incload__backfill *backfill = walk->step->backfill;

    if (backfill->values.snapshot != INCLOAD__SNAPSHOT_SHARED)
        return INCLOAD_OK;
    return incload__shared_snapshot_open(backfill->load->source, walk->step, &walk->snapshot, err);
}

/* ---- a run that a ledger keeps ---- */

static void
told_lost(void *data, int64_t worker_no)
{
    incload__backfill_walk *walk = data;
    incload__backfill_units *units = walk->units;
    bool one_writer = units != NULL && incload__durable_one_writer(incload__backfill_units_durable(units));

    walk->place.stop(walk->place.data, worker_no, one_writer);
}

static void
told_want(void *data, int32_t want)
{
    incload__backfill_walk *walk = data;

    if (want == INCLOAD__WANT_CANCEL)
        walk->place.stop(walk->place.data, 0, false);
}

/* In ascending order, whatever the order of the run is: of that the ledger keeps but the name. */
static int32_t
take_all(incload__backfill_walk *walk, incload__taken *taken, incload_error **err)
{
    incload__selection ascending = walk->selection;
    incload__unit_walk over;
    incload__range_unit unit;
    int32_t status = INCLOAD_OK;

    ascending.order = INCLOAD__ORDER_OLDEST;
    incload__unit_walk_init(&over, &ascending);
    while (status == INCLOAD_OK && incload__unit_walk_next(&over, &unit))
        status = incload__taken_add(taken, unit.ordinal, err);
    return status;
}

static int32_t
open_units(incload__backfill_walk *walk, incload_error **err)
{
    incload__taken taken = INCLOAD__TAKEN(&walk->env->mem);
    incload__units_config config = {
        .step = walk->step,
        .run_key = walk->place.run_key,
        .run_id = walk->place.run_id,
        .lease_ms = walk->place.lease_ms,
        .hooks = { .lost = told_lost, .wanted = told_want, .data = walk },
    };
    incload_error *refusal = NULL;
    int32_t status = take_all(walk, &taken, err);

    check_fingerprint(walk, &refusal);
    config.refusal = refusal;
    if (status == INCLOAD_OK) {
        walk->units = incload__backfill_units_open(&config, &taken, err);
        status = walk->units != NULL ? INCLOAD_OK : INCLOAD_E_STATE;
    }
    if (status == INCLOAD_OK)
        walk->place.named(walk->place.data, incload__backfill_units_run_id(walk->units));
    incload__taken_free(&taken);
    incload_error_unref(refusal);
    return status;
}

static int32_t
get_ready(incload__backfill_walk *walk, incload_error **err)
{
    int32_t status = incload__backfill_walk_open(walk, err);

    if (status == INCLOAD_OK)
        status = incload__backfill_home(walk->step) != NULL ? open_units(walk, err) : check_fingerprint(walk, err);
    if (status == INCLOAD_OK)
        status = begin_snapshot(walk, err);
    if (status == INCLOAD_OK)
        return status;
    return incload__entered_with(err) != INCLOAD_OK ? incload__entered_with(err) : status;
}

/* ---- for the scheduler ---- */

/* Until a load has found its target, or made it, it is one alone that looks: the others would make it as well. */
static bool
waits_for_first(incload__backfill_walk *walk)
{
    return walk->step->backfill->load != NULL && !walk->prepared && walk->given > walk->ended;
}

/* Called by one thread at a time. */
int32_t
incload__backfill_walk_next(void *data, int64_t *key, int64_t *again_us)
{
    incload__backfill_walk *walk = data;
    incload__range_unit unit;
    int32_t answer = INCLOAD__SOURCE_UNIT;

    if (!walk->ready) {
        int32_t status = get_ready(walk, &walk->error);
        if (status != INCLOAD_OK)
            return status;
        walk->ready = true;
        walk->total = count_taken(walk);
    }
    if (waits_for_first(walk)) {
        *again_us = incload__monotonic_us(walk->env) + LOOK_AGAIN_US;
        return INCLOAD__SOURCE_LATER;
    }
    if (walk->units != NULL)
        answer = incload__backfill_units_next(walk->units, key, again_us, &walk->error);
    else if (incload__unit_walk_next(&walk->walk, &unit))
        *key = unit.ordinal;
    else
        answer = INCLOAD__SOURCE_END;
    walk->given += answer == INCLOAD__SOURCE_UNIT;
    return answer;
}

void
incload__backfill_walk_prepared(incload__backfill_walk *walk)
{
    walk->prepared = true;
}

bool
incload__backfill_walk_held(incload__backfill_walk *walk, int64_t key, incload__held *out)
{
    if (walk->units != NULL)
        return incload__backfill_units_held(walk->units, key, out);
    *out = (incload__held){ .key = key, .ordinal = key };
    return true;
}

incload__backfill_units *
incload__backfill_walk_units(incload__backfill_walk *walk)
{
    return walk->units;
}

void
incload__backfill_walk_ended(incload__backfill_walk *walk, int64_t key, int32_t ending, const incload_error *error,
                             int32_t reason)
{
    if (walk->units != NULL)
        incload__backfill_units_ended(walk->units, key, ending, error, reason);
    walk->ended++;
}

int64_t
incload__backfill_walk_total(const incload__backfill_walk *walk)
{
    return atomic_load(&walk->total);
}

void
incload__backfill_walk_want(incload__backfill_walk *walk, int32_t want)
{
    if (walk->units != NULL)
        incload__backfill_units_want(walk->units, want);
}

void
incload__backfill_walk_hurry(incload__backfill_walk *walk)
{
    if (walk->units != NULL)
        incload__backfill_units_hurry(walk->units);
}

bool
incload__backfill_walk_counts(incload__backfill_walk *walk, int64_t *counts)
{
    return walk->units != NULL && incload__backfill_units_counts(walk->units, counts);
}

void
incload__backfill_walk_close(incload__backfill_walk *walk, int32_t want, bool hurry)
{
    if (walk->units != NULL)
        incload__backfill_units_close(walk->units, want, hurry);
}

incload_error *
incload__backfill_walk_error(incload__backfill_walk *walk)
{
    return incload_error_ref(walk->error);
}

const incload__unit_plan *
incload__backfill_walk_plan(incload__backfill_walk *walk)
{
    incload__unit_plan_make(&walk->selection, walk->step->backfill->values.version, &walk->plan);
    return &walk->plan;
}
