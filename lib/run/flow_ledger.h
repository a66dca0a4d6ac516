/* SPDX-License-Identifier: Apache-2.0 */
/* A run of a pipeline that a ledger keeps. In each process that takes part the scheduler runs the whole graph; before a
 * step is worked on its row in the ledger is asked, so that one of them does it and the others take over how it ended.
 * Rules decide the same everywhere, since they depend on nothing but how steps ended.
 *
 * A step is known when its end is in the ledger, or follows from such ends. One that was given up by this process alone
 * (its time was over, the ledger did not answer) is not: nothing that follows from it is written, and the run goes on
 * without this process.
 *
 * Lock order: the ledger's lock is taken alone. */
#ifndef INCLOAD_LIB_RUN_FLOW_LEDGER_H
#define INCLOAD_LIB_RUN_FLOW_LEDGER_H

#include "driver/wait.h"
#include "run/durable.h"
#include "run/flow.h"

/* What this process knows of one step. */
typedef enum incload__keeping {
    INCLOAD__KEPT_OPEN,
    INCLOAD__KEPT_HELD, /* this process is at it */
    INCLOAD__KEPT_LOST, /* it was, and was not heard of for longer than its lease */
    INCLOAD__KEPT_ENDED /* how is in `row` */
} incload__keeping;

typedef struct incload__kept_step {
    incload__keeping keeping;
    bool known;
    int64_t epoch;
    int64_t worker_no;
    int64_t pause_us; /* before it is asked again */
    incload__unit_row row;
    char *result;
} incload__kept_step;

/* Left out by its rule. */
typedef struct incload__kept_skip {
    int32_t node;
    int32_t reason;
} incload__kept_skip;

struct incload__flow_ledger {
    const incload__env *env;
    int64_t lease_ms;
    int64_t run_no;
    char run_id[INCLOAD__RUN_ID_SIZE];
    bool entered;
    bool one_writer;           /* of the ledger's database */
    incload__monitor monitor;  /* guards what follows */
    incload__durable *durable; /* NULL once this process has left */
    int32_t users;             /* calls to it that may go on when the scheduler has ended */
    incload__kept_step *steps; /* by the numbers of nodes */
    int32_t count;
    incload__kept_skip *skips; /* still to be written */
    int32_t skip_count;
};

/* ---- flow_ledger.c ---- */

/* Before the run is told to have started: makes, joins or resumes what the ledger keeps. */
int32_t incload__flow_ledger_enter(incload__flow *flow, incload_error **err);
/* After the scheduler has ended: ends the run, if nothing of it is left. `late`: nobody waits any more. */
int32_t incload__flow_ledger_leave(incload__flow *flow, bool late, incload_error **err);
void incload__flow_ledger_free(incload__flow_ledger *ledger);
/* A call for a unit that may have been given up. INCLOAD_E_STATE once this process has left. */
int32_t incload__flow_ledger_call(incload__flow_ledger *ledger, incload__durable_visit visit, void *data,
                                  incload_error **err);
/* What the host wants, in all processes; nothing where there is no ledger. */
void incload__flow_ledger_want(const incload__flow *flow, int32_t want);

/* ---- flow_kept.c ---- */

typedef enum incload__flow_verdict {
    INCLOAD__FLOW_WORK,
    INCLOAD__FLOW_TAKE_OVER, /* it has ended: incload__flow_ledger_settle */
    INCLOAD__FLOW_WAIT,      /* the outcome says for how long */
    INCLOAD__FLOW_FAILED     /* the ledger could not be asked */
} incload__flow_verdict;

/* NULL where no ledger keeps the step. */
incload__kept_step *incload__kept_of(const incload__flow *flow, int32_t node);
void incload__kept_set(incload__flow_ledger *ledger, incload__kept_step *kept, incload__keeping keeping);
incload__keeping incload__kept_get(incload__flow_ledger *ledger, const incload__kept_step *kept);

/* Without a ledger: to work. */
incload__flow_verdict incload__flow_ledger_ask(incload__flow *flow, int32_t node, incload__sched_outcome *outcome,
                                               incload_error **err);
/* The same, if it is not known yet, also of a backfill that all take part in. `renews`: a worker that was lost
 * registers anew; not from within a hook, which would wait for itself. */
incload__flow_verdict incload__flow_ledger_claim(incload__flow *flow, int32_t node, bool renews,
                                                 incload__sched_outcome *outcome, incload_error **err);
/* With another verdict than to work or to wait: the unit is as if it had been worked on here, or has failed. `failure`
 * is taken over. */
void incload__flow_ledger_settle(incload__flow_unit *unit, incload__flow_verdict verdict, incload_error *failure,
                                 incload__sched_outcome *outcome);
/* As incload__sched_next_fn, of a node of the flow. A backfill that a ledger keeps is a run of its own, which all
 * processes take part in; the units of another are given by the one that has its step. */
int32_t incload__flow_ledger_next(void *node, int64_t *key, int64_t *again_us);
/* A load whose target keeps the run is ended in the ledger by the transaction of its data. */
void incload__flow_ledger_join_landing(incload__flow_unit *unit);
/* Why a step failed elsewhere; NULL when it did not. */
incload_error *incload__flow_ledger_error(const incload__flow *flow, int32_t node);

/* ---- flow_told.c ---- */

/* An attempt has ended: what is final goes into the ledger before anyone learns of it. The outcome is another one when
 * that failed, or when the step is another process's by now. */
void incload__flow_ledger_tell(incload__flow_unit *unit, incload__sched_outcome *outcome);
/* The scheduler has ended a step: what this process still holds is written or given back. error: its; may be NULL. */
void incload__flow_ledger_ended(incload__flow *flow, const incload__sched_event *event, const incload_error *error);

#endif
