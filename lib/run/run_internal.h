/* SPDX-License-Identifier: Apache-2.0 */
/* The run behind the public handle: of a load, of a group of loads, or of steps that the scheduler runs. Runs lie
 * within each other: those of a group's loads in the group's, those of steps in the pipeline's. One within another
 * lives as long as the outermost. */
#ifndef INCLOAD_LIB_RUN_RUN_INTERNAL_H
#define INCLOAD_LIB_RUN_RUN_INTERNAL_H

#include <incload/run.h>

#include <pthread.h>

#include "run/step.h"
#include "state/ledger.h"

typedef struct incload__flow incload__flow;

struct incload_run {
    atomic_int refs;    /* hosts' references; the thread has one of its own kind */
    atomic_int holders; /* 1 for the hosts together, 1 for the running thread: the last one frees */
    atomic_bool cancelled;
    atomic_int status; /* INCLOAD_STATUS_...; what is written at the end is published by it */
    const incload__env *env;
    incload_context *context; /* where its events go */
    incload_step *step;       /* NULL of a pipeline's */
    incload__run_values values;
    bool replay;
    atomic_bool stop_late; /* it was cancelled since its time was over */
    char id[INCLOAD__RUN_ID_SIZE];
    _Atomic(const char *) told_id; /* of the run that it joined in a ledger; NULL: its own */
    _Atomic int64_t started_us;    /* monotonic */
    _Atomic int64_t finished_us;
    int64_t wall_offset_us; /* from monotonic times to those since 1970: the same in all that is told of the run */
    int64_t reported_us;    /* the last progress event */
    incload_unit unit;
    incload__load_result result;
    incload_error *error;
    pthread_mutex_t lock; /* guards the change to an end status, for `ended`; nothing is called under it */
    pthread_cond_t ended;
    incload_run *whole;  /* of one load of a group: the group's run, with which it lives and ends; else NULL */
    incload_run **loads; /* of a group */
    int32_t load_count;
    incload_run *parent; /* of a step of a pipeline or a unit of a backfill: the run it belongs to; else NULL */
    incload__flow *flow; /* of steps that the scheduler runs; of one of them the same */
    int32_t node;        /* of one of them: its number; else -1 */
    const incload__interval_source *interval; /* of a unit of a backfill */
    const incload__shared_snapshot *snapshot; /* of one whose units share one */
    const incload__load_landing *landing;     /* the same, of a run that a ledger keeps; else NULL */
    incload__memo *memo;                      /* of a unit of a backfill */
    atomic_bool left; /* it was left, or let go of: it stops here, which is no wish for other processes */
};

/* The outermost, which the host refers to. */
incload_run *incload__run_root(const incload_run *run);
/* With its step's name unless `name` is given. `values` are taken over. */
incload_run *incload__run_bare(const incload__env *env, incload_context *context, incload_step *step, const char *name,
                               const incload__run_values *values, incload_error **err);
/* A load or group within another run. */
incload_run *incload__run_within(incload_run *parent, incload_step *step, const incload__run_values *values,
                                 incload_error **err);
void incload__run_free(incload_run *run);
/* Runs the load or group on the calling thread; `error` is set when it fails. Tells no events but progress. */
int32_t incload__run_load(incload_run *run);
/* Asks this one alone to stop. */
void incload__run_stop(incload_run *run);
void incload__run_tell(incload_run *run, int32_t kind, int32_t status, const char *unit, const char *message);
bool incload__run_has_ended(const incload_run *run);
/* A counter of its own unit and of all within it. */
int64_t incload__run_total(const incload_run *run, size_t counter);

#endif
