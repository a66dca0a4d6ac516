/* SPDX-License-Identifier: Apache-2.0 */
/* The step behind the public handle. */
#ifndef INCLOAD_LIB_RUN_STEP_H
#define INCLOAD_LIB_RUN_STEP_H

#include <incload/step.h>

#include <stdatomic.h>

#include "load/load.h"

extern const incload__option_table incload__step_options;
extern const incload__option_table incload__run_options;
extern const incload__option_table incload__group_options;

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

enum { INCLOAD__STEP_LOAD, INCLOAD__STEP_FUNCTION, INCLOAD__STEP_BACKFILL };

typedef struct incload__backfill incload__backfill;

/* A load, a group of loads, a function of the host, or a backfill of one of them. */
struct incload_step {
    int32_t kind; /* INCLOAD__STEP_... */
    atomic_int refs;
    atomic_bool frozen;
    const incload__mem *mem;
    incload_database *source;
    incload_database *primary;
    incload_database *target;
    incload_strategy *strategy;
    char *source_table;
    char *query;
    char *target_table; /* of a group: the name that it was made with */
    incload__step_values values;
    incload__param *params;
    int32_t param_count;
    incload_batch_fn function;
    void *user_data;
    incload_destroy_fn destroy;
    incload__check *checks;
    int32_t check_count;
    incload_check_fn check_function;
    void *check_data;
    incload_destroy_fn check_destroy;
    incload_step **loads; /* of a group, which has no source and no strategy of its own */
    int32_t load_count;
    incload_unit_fn work; /* of a function, or of a backfill's units; NULL: the host pulls them */
    void *work_data;
    incload_destroy_fn work_destroy;
    incload_context *context; /* where events go when it runs alone; a load's are its target's */
    incload__backfill *backfill;
    struct incload__consumer *consumer; /* of one that applies changes: its work_data; else NULL */
};

const char *incload__step_name(const incload_step *step);
incload_database *incload__step_source(const incload_step *step);
/* May be NULL. */
incload_database *incload__step_primary(const incload_step *step);
incload_database *incload__step_target(const incload_step *step);
/* From now on the step stays as it is. */
void incload__step_freeze(incload_step *step);
/* The load as the engine takes it; borrowed from the step. */
void incload__step_spec(const incload_step *step, incload__load_spec *out);

/* group.c */
/* Of a group; a load has none. */
int32_t incload__step_load_count(const incload_step *step);
incload_step *incload__step_load(const incload_step *step, int32_t index);
/* INCLOAD_E_UNSUPPORTED for a group; `what` is said of it. */
int32_t incload__step_check_alone(const incload_step *step, const char *what, incload_error **err);

/* function.c */
/* A step without tables, in the memory of libc. Takes user_data over, also when it fails. */
incload_step *incload__step_bare(int32_t kind, const char *name, incload_unit_fn work, void *work_data,
                                 incload_destroy_fn work_destroy, incload_error **err);
/* Borrowed from the step; NULL when it has none. */
incload_context *incload__step_context(const incload_step *step);

/* backfill.c */
void incload__backfill_free(incload__backfill *backfill);

/* run.c */
incload_run *incload__run_new(incload_step *step, const char *options, incload_error **err);
/* Before it starts: it loads the step's rejects. */
void incload__run_set_replay(incload_run *run);
/* On the calling thread, to the end. */
int32_t incload__run_here(incload_run *run, incload_error **err);
/* On a thread of its own. Gives the run back; without a thread it is given up, and NULL. NULL is fine. */
incload_run *incload__run_there(incload_run *run, incload_error **err);

#endif
