/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the program `server` share. */
#ifndef INCLOAD_TESTS_FAULT_SERVER_H
#define INCLOAD_TESTS_FAULT_SERVER_H

#include <stdatomic.h>

#include "private.h"
#include "stage.h"

/* A load on a thread of its own. */
typedef struct working {
    const stage *s;
    const char *run_options;
    outcome said;
    atomic_bool ended;
    unsigned long thread;
} working;

void load_begin(working *w, const stage *s, const char *run_options);
void load_end(working *w);

/* What went wrong, over all parts. */
typedef struct verdicts {
    int wrong; /* another end than it should be, or not as the run said */
    int late;
    int stuck; /* the next run did not complete */
} verdicts;

/* Loads every 100 ms, with retries, while servers and sessions are killed and stopped at moments drawn by the seed. */
void nemesis(kind which, int64_t seconds, uint64_t seed, verdicts *v);

#endif
