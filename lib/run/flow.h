/* SPDX-License-Identifier: Apache-2.0 */
/* A run of a pipeline: the scheduler says what may start, this does it, and keeps what the host may ask. Each step has
 * a run of its own within the pipeline's; a unit of a backfill that is a load has one for as long as it goes on.
 *
 * Lock order: the flow's lock is taken alone; nothing of the scheduler's, of the host's or of a driver's is called
 * under it. */
#ifndef INCLOAD_LIB_RUN_FLOW_H
#define INCLOAD_LIB_RUN_FLOW_H

#include "run/backfill.h"
#include "run/trail.h"
#include "run/pipeline.h"
#include "run/run_internal.h"

extern const incload__option_table incload__flow_options;

typedef struct incload__flow_values {
    int64_t parallel;
    int64_t timeout;
    int64_t max_added;
    bool paused;
    char *run_key;
    int64_t lease;
} incload__flow_values;

typedef struct incload__flow_unit incload__flow_unit;
typedef struct incload__flow_ledger incload__flow_ledger;

/* A unit that failed for good. */
typedef struct incload__flow_failure {
    char *label;
    int32_t attempts;
    incload_error *error;
    const incload_run *step; /* of which step */
} incload__flow_failure;

/* A step while it runs. */
typedef struct incload__flow_node {
    const incload__node *as; /* in the pipeline; NULL of one that was added by a unit */
    incload_step *step;
    char *name;
    incload_run *run;
    incload__backfill_walk *walk; /* of a backfill */
    char *run_key;                /* of its run in the ledger, or NULL */
    void *result;
    size_t result_size;
    int32_t reason; /* once it has ended */
    bool condition_closed;
    bool short_circuit;               /* all edges from it are closed */
    uint64_t closed;                  /* its branches that are, once it has ended */
    incload__sched_added_edge *edges; /* of one that was added; numbers of steps, and -1 is itself */
    int32_t edge_count;
    _Atomic int64_t first_us; /* when its first attempt began */
    atomic_bool started;
} incload__flow_node;

struct incload__flow {
    incload_run *run;
    incload_pipeline *pipeline;
    const incload__env *env;
    incload__flow_values values;
    incload__sched *sched;
    incload__flow_ledger *ledger; /* once it was entered; NULL: the run is kept nowhere */
    char *resume_id;              /* of the run to be resumed; NULL: the newest */
    bool resumes;
    char joined_id[INCLOAD__RUN_ID_SIZE]; /* of the run of others that a backfill alone takes part in */
    atomic_bool stopping;      /* it was cancelled, drained, or its time was over */
    pthread_mutex_t adding;    /* held while a step is added; the scheduler's is taken under it, and no other */
    pthread_mutex_t lock;      /* guards what follows */
    incload__flow_node *nodes; /* room for all that may be added */
    _Atomic int32_t count;
    int32_t capacity;
    incload__flow_unit *open;
    incload__flow_failure *failures;
    int32_t failure_count;
    int64_t failures_told; /* also those past the most that are kept */
    incload__trail trail;
};

/* One unit, from its first attempt to its end. */
struct incload__flow_unit {
    atomic_int refs;
    incload__flow *flow;
    int32_t node;
    int64_t key;
    uint64_t token;   /* of the attempt that goes on */
    incload_unit own; /* when no load has one */
    incload_unit *unit;
    incload_run *child; /* a load: the step's own run, or of a unit of a backfill one that it owns */
    bool owns_child;
    atomic_bool stop;
    atomic_bool late; /* told to stop since its time was over */
    bool short_circuit;
    incload_error *error;
    incload_error *met; /* by one that applies changes, in this attempt */
    int64_t again_us;   /* what the function asked for */
    uint64_t closed;
    void *result;
    size_t result_size;
    incload__backfill_unit backfill;
    int64_t seen; /* of it, when its work began; see incload__unit_fence_key() */
    incload__trail_unit trail; /* under the flow's lock */
    int32_t landed_parts;      /* of a step that is a load: how much of it was recorded with its data */
    int64_t landed_rows;
    int64_t worker_no; /* of a run that a ledger keeps: who has it there; else 0 */
    incload__load_landing landing;
    atomic_bool dropped; /* another process has it: nothing of it counts here */
    atomic_bool revoked; /* the run was cancelled in the ledger: it is given back */
    incload__flow_unit *next;
};

/* A pipeline's run; one step alone is a pipeline of one. NULL on failure. */
incload_run *incload__flow_of_pipeline(incload_pipeline *pipeline, const char *options, incload_error **err);
incload_run *incload__flow_of_step(incload_step *step, const char *options, incload_error **err);
void incload__flow_free(incload__flow *flow);
/* Before it is told to have started: comes to the run in the ledger, if one keeps it. Once. */
int32_t incload__flow_enter(incload__flow *flow, incload_error **err);
/* Tells the scheduler, and what waits for a ledger. */
void incload__flow_stop(incload__flow *flow, int32_t level);
/* In all processes that take part in runs of it; INCLOAD__WANT_.... */
void incload__flow_want(incload__flow *flow, int32_t want);
/* From begin to end: the status. */
int32_t incload__flow_drive(incload__flow *flow);
void incload__flow_cancel(incload__flow *flow);
/* INCLOAD_E_INVALID when only threads of the host would do its work: then nobody can wait for it on the only one. */
int32_t incload__flow_check_threads(const incload__flow *flow, incload_error **err);
/* INCLOAD__REASON_... as a word; "" for none. */
const char *incload__flow_reason(int32_t reason);
/* A counter, over all steps. */
int64_t incload__flow_total(const incload__flow *flow, size_t counter);

/* ---- flow_unit.c ---- */

/* Begins an attempt: the unit with a reference, or NULL without memory. */
incload__flow_unit *incload__flow_unit_open(incload__flow *flow, const incload__sched_unit *given, incload_error **err);
/* The unit of a token that is at work, with a reference; NULL when there is none. */
incload__flow_unit *incload__flow_unit_find(incload__flow *flow, uint64_t token);
/* The unit that has ended, taken out of those at work; NULL when it was never begun. */
incload__flow_unit *incload__flow_unit_close(incload__flow *flow, int32_t node, int64_t key);
void incload__flow_unit_unref(incload__flow_unit *unit);
void incload__flow_unit_stop(incload__flow_unit *unit, bool late);
/* All units of a step that are at work. */
void incload__flow_units_stop(incload__flow *flow, int32_t node);
/* Stops units of a backfill that are no more this process's: of that worker, or (0: the run was cancelled) all. */
void incload__flow_unit_stop_all(incload__flow_node *node, int64_t worker_no, bool one_writer);
/* It was taken away from this process. */
bool incload__flow_unit_is_gone(const incload__flow_unit *unit);
/* The host pulls it. */
bool incload__flow_unit_is_pulled(const incload__flow_unit *unit);
/* Does the work of one attempt. */
void incload__flow_unit_work(incload__flow_unit *unit, incload__sched_outcome *outcome);
/* What a function returned. */
void incload__flow_unit_answer(incload__flow_unit *unit, int32_t answer, incload__sched_outcome *outcome);

/* ---- flow_trail.c ---- */

/* Under the flow's lock, which the clock is not read under. */
void incload__flow_attempt_begins(incload__flow_unit *unit, int64_t now_us);
/* The work of the attempt with that token is done; nothing when another has begun. */
void incload__flow_attempt_over(incload__flow_unit *unit, uint64_t token, const incload__sched_outcome *outcome);
/* Why the attempt before a pause ended. */
void incload__flow_attempt_told(incload__flow_unit *unit, const incload__sched_event *event);
/* The unit has ended. */
void incload__flow_unit_over(incload__flow_unit *unit, const incload__sched_event *event);

/* ---- flow_event.c ---- */
void incload__flow_event(void *data, const incload__sched_event *event);
/* Once the scheduler has ended: tells of the steps whose end it could not tell for want of memory. */
void incload__flow_settle(incload__flow *flow);

#endif
