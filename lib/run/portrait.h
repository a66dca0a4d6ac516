/* SPDX-License-Identifier: Apache-2.0 */
/* The picture of a run in memory, finished or going on, or of a pipeline that has not run. It is a copy: once it is
 * taken nothing of the run is looked at any more, so that a renderer may take its time and call the host. */
#ifndef INCLOAD_LIB_RUN_PORTRAIT_H
#define INCLOAD_LIB_RUN_PORTRAIT_H

#include "run/flow.h"
#include "run/report/picture.h"

typedef struct incload__portrait {
    incload__picture picture;
    const incload__mem *mem;
    incload__picture_step *steps;
    incload__picture_edge *edges;
    incload__picture_unit *units;
    incload__picture_attempt *attempts;
    incload__picture_table *tables; /* two for each step */
    char **texts;                   /* all that the picture says */
    int64_t text_count;
    int32_t named_edges; /* the first of the edges: those that steps name */
    bool failed;         /* something is missing for want of memory */
} incload__portrait;

/* Of the whole run, whichever part of it is asked about. INCLOAD_E_NO_MEMORY; then nothing has to be freed. */
int32_t incload__portrait_of_run(const incload_run *run, incload__portrait *out, incload_error **err);
/* The graph alone, with state 0. The pipeline must be valid. */
int32_t incload__portrait_of_pipeline(const incload_pipeline *pipeline, incload__portrait *out, incload_error **err);
void incload__portrait_free(incload__portrait *portrait);

/* For its parts: a copy that lives as long as the portrait; NULL for nothing. */
const char *incload__portrait_keep(incload__portrait *portrait, const char *text);

/* Room for so many steps. */
int32_t incload__portrait_steps(incload__portrait *portrait, int32_t count, incload_error **err);

/* ---- portrait_graph.c ---- */
/* The pipeline's steps as they are configured, with room for more, and the edges between them. */
int32_t incload__portrait_graph(incload__portrait *portrait, const incload_pipeline *pipeline, int32_t more,
                                incload_error **err);
void incload__portrait_kind(incload__portrait *portrait, const incload_step *step, int32_t number);
/* Edges of the run that are closed, and those of steps that were added. */
void incload__portrait_edges_of_run(incload__portrait *portrait, const incload__flow *flow, int32_t count);

/* ---- portrait_table.c ---- */
/* The tables of a load, or of the load that each unit of a backfill is, as those of the step with that number. */
void incload__portrait_tables(incload__portrait *portrait, const incload_step *load, int32_t number);

/* ---- portrait_units.c ---- */
/* The units that were begun, in the order of their numbers. */
int32_t incload__portrait_units(incload__portrait *portrait, incload__flow *flow, incload_error **err);

#endif
