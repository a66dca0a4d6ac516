/* SPDX-License-Identifier: Apache-2.0 */
/* The step behind the public handle. */
#ifndef INCLOAD_LIB_RUN_STEP_H
#define INCLOAD_LIB_RUN_STEP_H

#include <incload/step.h>

#include "load/load.h"

extern const incload__option_table incload__step_options;
extern const incload__option_table incload__run_options;

typedef struct incload__step_values {
    char *name;
    int64_t lease;
} incload__step_values;

typedef struct incload__run_values {
    int64_t timeout;
    int64_t wait;
    int64_t retries;
    int64_t retry_delay;
    int64_t retry_max_delay;
} incload__run_values;

const char *incload__step_name(const incload_step *step);
incload_database *incload__step_source(const incload_step *step);
/* May be NULL. */
incload_database *incload__step_primary(const incload_step *step);
incload_database *incload__step_target(const incload_step *step);
/* From now on the step stays as it is. */
void incload__step_freeze(incload_step *step);
/* The load as the engine takes it; borrowed from the step. */
void incload__step_spec(const incload_step *step, incload__load_spec *out);

/* run.c */
incload_run *incload__run_new(incload_step *step, const char *options, incload_error **err);
/* Before it starts: it loads the step's rejects. */
void incload__run_set_replay(incload_run *run);
/* On the calling thread, to the end. */
int32_t incload__run_here(incload_run *run, incload_error **err);
/* On a thread of its own. */
int32_t incload__run_there(incload_run *run, incload_error **err);

#endif
