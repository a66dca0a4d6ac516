/* SPDX-License-Identifier: Apache-2.0 */
/* A backfill: a step whose units are the parts of a range. */
#ifndef INCLOAD_LIB_RUN_BACKFILL_H
#define INCLOAD_LIB_RUN_BACKFILL_H

#include "run/run_internal.h"
#include "run/selection.h"
#include "run/unit_bounds.h"
#include "sched/scheduler.h"

extern const incload__option_table incload__backfill_options;

/* The units that are still to be handed out, of one run. */
typedef struct incload__backfill_walk incload__backfill_walk;
typedef struct incload__backfill_units incload__backfill_units;

/* One unit. */
typedef struct incload__backfill_unit {
    const incload__range *range; /* borrowed; NULL of a step that is no backfill */
    incload__range_unit part;
    int32_t naive;
    incload__interval_source interval;
} incload__backfill_unit;

bool incload__step_is_load(const incload_step *step);
int32_t incload__backfill_set(incload_step *step, const char *name, const char *value, incload_error **err);
/* As its option says; NULL when it has none. */
const char *incload__backfill_name(const incload_step *step);
/* The load that each unit is; NULL when it is a function. */
incload_step *incload__backfill_load(const incload_step *step);
/* What is not set by the pipeline is as the backfill says, if the step is one. */
void incload__backfill_retries(const incload_step *step, int64_t *retries, int64_t *delay, int64_t *longest);
/* How many units at once; 1 of another step. */
int32_t incload__backfill_parallel(const incload_step *step);

/* A unit that this process has. */
typedef struct incload__held {
    int64_t key;     /* what the scheduler knows it by */
    int64_t ordinal; /* in the range */
    int64_t seq;     /* of a run that a ledger keeps, as the next two */
    int64_t epoch;
    int64_t worker_no;
} incload__held;

/* How a unit has ended, for the ledger. */
enum {
    INCLOAD__ENDING_LANDED, /* it is recorded already */
    INCLOAD__ENDING_FAILED,
    INCLOAD__ENDING_SKIPPED, /* by itself */
    INCLOAD__ENDING_DROPPED, /* another has it */
    INCLOAD__ENDING_RELEASED /* it did not fail: it is given back */
};

/* How a run takes part in what a ledger keeps. */
typedef struct incload__backfill_place {
    const char *run_key; /* borrowed; NULL: none */
    const char *run_id;  /* borrowed: what a new run is known by; NULL: anything */
    int64_t lease_ms;
    /* On the thread that comes to the run: what it is known by. */
    void (*named)(void *data, const char *run_id);
    /* On any thread: what runs of the step should stop; the units of that worker, or (0) all. */
    void (*stop)(void *data, int64_t worker_no, bool one_writer);
    void *data;
} incload__backfill_place;

/* `place` NULL: it is only planned. */
incload__backfill_walk *incload__backfill_walk_new(const incload__env *env, incload_step *step,
                                                   const incload__backfill_place *place, incload_error **err);
void incload__backfill_walk_free(incload__backfill_walk *walk);
/* In which its units read; NULL: each in its own. Let go of once all have ended. */
const incload__shared_snapshot *incload__backfill_walk_snapshot(const incload__backfill_walk *walk);
/* What the units of a load share of what they find out. */
incload__memo *incload__backfill_walk_memo(const incload__backfill_walk *walk);
void incload__backfill_walk_end_snapshot(incload__backfill_walk *walk);
/* For the scheduler. */
void incload__backfill_source(const incload_step *step, incload__backfill_walk *walk, int32_t node,
                              incload__sched_source *out);
/* A unit of the scheduler's; false when it was taken away. */
bool incload__backfill_walk_held(incload__backfill_walk *walk, int64_t key, incload__held *out);
/* The run is kept by a ledger, once it was opened; else all calls but the last are for nothing. */
incload__backfill_units *incload__backfill_walk_units(incload__backfill_walk *walk);
/* A unit has ended: how; the error and reason of a failure. */
void incload__backfill_walk_ended(incload__backfill_walk *walk, int64_t key, int32_t ending, const incload_error *error,
                                  int32_t reason);
/* The first unit has its target: the others may begin. */
void incload__backfill_walk_prepared(incload__backfill_walk *walk);
/* What the host wants of the run in all processes. */
void incload__backfill_walk_want(incload__backfill_walk *walk, int32_t want);
/* It was cancelled: no call to the ledger takes long from now on. */
void incload__backfill_walk_hurry(incload__backfill_walk *walk);
/* Of a run that a ledger keeps and that has ended: how many units have each status, in all processes. */
bool incload__backfill_walk_counts(incload__backfill_walk *walk, int64_t *counts);
/* The step has ended in this process. */
void incload__backfill_walk_close(incload__backfill_walk *walk, int32_t want, bool hurry);
/* Looks up what was done before; by itself with the first unit that is asked for. */
int32_t incload__backfill_walk_open(incload__backfill_walk *walk, incload_error **err);
/* After it was opened. */
const incload__unit_plan *incload__backfill_walk_plan(incload__backfill_walk *walk);
/* How many units the run takes; 0 before it was opened. From any thread. */
int64_t incload__backfill_walk_total(const incload__backfill_walk *walk);
/* Why it gave no units; a new reference, or NULL. */
incload_error *incload__backfill_walk_error(incload__backfill_walk *walk);

/* Fills in the unit of an ordinal; its label for people. */
void incload__backfill_unit_of(const incload_step *step, int64_t ordinal, incload__backfill_unit *out,
                               incload__str *label);

#endif
