/* SPDX-License-Identifier: Apache-2.0 */
/* A pipeline as a ledger keeps it: what it is, so that two processes know that they run the same, and its steps. */
#ifndef INCLOAD_LIB_RUN_PIPELINE_SPEC_H
#define INCLOAD_LIB_RUN_PIPELINE_SPEC_H

#include "run/pipeline.h"
#include "state/step.h"

enum { INCLOAD__SPEC_HASH_SIZE = 33 };

typedef struct incload__pipeline_spec {
    const incload__mem *mem;
    incload__str text; /* JSON: a member for each step, which says what it is and what it waits for */
    char hash[INCLOAD__SPEC_HASH_SIZE];
    incload__step_plan *steps; /* by the numbers of the nodes */
    int64_t *upstream;
    int32_t count;
} incload__pipeline_spec;

/* Of a frozen pipeline. To be freed also when it fails. */
int32_t incload__pipeline_spec_init(incload__pipeline_spec *spec, const incload_pipeline *pipeline,
                                    incload_error **err);
void incload__pipeline_spec_free(incload__pipeline_spec *spec);

#endif
