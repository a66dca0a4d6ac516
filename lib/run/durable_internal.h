/* SPDX-License-Identifier: Apache-2.0 */
/* What the calls and the heart of a durable run share. */
#ifndef INCLOAD_LIB_RUN_DURABLE_INTERNAL_H
#define INCLOAD_LIB_RUN_DURABLE_INTERNAL_H

#include <stdatomic.h>

#include "base/str.h"
#include "driver/wait.h"
#include "run/durable.h"
#include "state/lease.h"

enum { INCLOAD__WANT_NOTHING = -1 };

/* The member of a spec that does not decide whether two are the same. */
#define INCLOAD__SPEC_TAKEN "taken"

struct incload__durable {
    atomic_int refs; /* the run's and the thread's */
    const incload__env *env;
    incload_database *database;
    incload__durable_hooks hooks;
    char holder[sizeof((incload__lease *)0)->holder];
    int64_t ttl_us;
    incload__pipeline_run run;
    atomic_bool one_writer;
    int32_t pid;                  /* the process that made it */
    _Atomic int64_t hurry_ms;     /* how long a call may take; 0: nobody is in a hurry */
    _Atomic int64_t reclaimed_us; /* when it was looked for dead workers last */
    pthread_mutex_t entering;     /* held while the worker registers anew */
    incload__monitor monitor;     /* guards the rest */
    incload__worker worker;
    incload__worker_progress progress;
    int32_t want;
    int32_t asked; /* what the host wants, still to be written; INCLOAD__WANT_NOTHING: all is */
    uint32_t said; /* how often the host has said what it wants */
    bool beating;  /* there is a thread */
    bool stopping;
    bool telling; /* a hook is being called */
    bool ended;
};

/* One try. */
int32_t incload__durable_visit_once(incload__durable *durable, const void *owner, int64_t limit_us,
                                    incload__durable_visit visit, void *data, incload_error **err);
void incload__durable_unref(incload__durable *durable);

/* durable_heart.c */
bool incload__durable_start_heart(incload__durable *durable);
void incload__durable_tell_lost(incload__durable *durable, int64_t worker_no);
/* What the ledger says is wanted, as it was asked when the host had spoken `said` times. */
void incload__durable_note_want(incload__durable *durable, int32_t want, uint32_t said);
uint32_t incload__durable_said(incload__durable *durable);

#endif
