/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline behind the public handle. A function or backfill that is run alone is a pipeline of one step. */
#ifndef INCLOAD_LIB_RUN_PIPELINE_H
#define INCLOAD_LIB_RUN_PIPELINE_H

#include <incload/pipeline.h>

#include "run/step.h"
#include "sched/graph_names.h"
#include "sched/scheduler.h"

extern const incload__option_table incload__pipeline_step_options;

typedef struct incload__node_values {
    int32_t rule;
    int64_t least;
    bool optional;
    bool finish;
    bool fails_run;
    char *cleanup_of;
    int64_t priority;
    int64_t weight;
    char *pool;
    int64_t pool_slots;
    int64_t retries; /* -1: as is usual for its kind */
    int64_t retry_delay;
    int64_t retry_max_delay;
    int64_t timeout;
    int64_t total_timeout;
    int64_t queue_timeout;
    int64_t heartbeat;
    int64_t grace;
    char *version;
} incload__node_values;

/* A step in its place. */
typedef struct incload__node {
    char *name;
    incload_step *step;
    incload__list depends;
    incload__node_values values;
    incload_unit_fn condition;
    void *condition_data;
    incload_destroy_fn condition_destroy;
} incload__node;

typedef struct incload__named_pool {
    char *name;
    int32_t slots;
} incload__named_pool;

struct incload_pipeline {
    atomic_int refs;
    atomic_bool frozen;
    pthread_mutex_t lock; /* for the one moment at which it is frozen */
    incload_context *context;
    const incload__env *env;
    char *name;
    incload__node *nodes;
    int32_t node_count;
    incload__named_pool *pools;
    int32_t pool_count;
    incload_database *ledger;    /* that keeps its runs; NULL: none does */
    bool single;                 /* made for one step that is run alone */
    incload__graph_names *graph; /* once it is frozen; numbers of nodes are places in `nodes` */
};

/* Of one step, for a run of it alone. */
incload_pipeline *incload__pipeline_of_step(incload_step *step, incload_error **err);
/* Builds the graph, tells all that is wrong with it, and keeps it when nothing is. From then on the pipeline does not
 * change. */
int32_t incload__pipeline_freeze(incload_pipeline *pipeline, incload_error **err);
/* The number of a step, or -1. */
int32_t incload__pipeline_find(const incload_pipeline *pipeline, const char *name);
/* Borrowed for the life of the pipeline. */
void incload__pipeline_policy(const incload__node_values *values, const incload_step *step, int32_t gate,
                              incload__sched_policy *out);

/* ---- pipeline_graph.c ---- */

/* A graph of all nodes, not frozen. */
int32_t incload__pipeline_build(const incload_pipeline *pipeline, incload__graph_names **out, incload_error **err);
/* Names with blanks or commas between. */
int32_t incload__names_parse(const incload__mem *mem, const char *text, incload__list *out, incload_error **err);

#endif
