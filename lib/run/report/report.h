/* SPDX-License-Identifier: Apache-2.0 */
/* A run for people and their tools: one picture, written in several formats to a host's function or into a file. */
#ifndef INCLOAD_LIB_RUN_REPORT_H
#define INCLOAD_LIB_RUN_REPORT_H

#include "run/report/picture.h"
#include "run/report/sink.h"

enum {
    INCLOAD__REPORT_HTML = 1, /* one page that needs nothing else */
    INCLOAD__REPORT_DOT,      /* the graph for Graphviz */
    INCLOAD__REPORT_MERMAID,  /* the graph as a flowchart */
    INCLOAD__REPORT_GANTT,    /* the timeline for Mermaid */
    INCLOAD__REPORT_TRACE,    /* the timeline for Perfetto and chrome://tracing; any prefix of it loads */
    INCLOAD__REPORT_LINEAGE   /* OpenLineage events, a JSON object a line */
};

/* Zeros are the usual. */
typedef struct incload__report_options {
    int32_t max_nodes; /* of a graph: above it steps are drawn together; 0 is 200 */
    int64_t max_units; /* units, attempts or rows that are listed one by one; 0 is 5,000, and for a trace no limit */
} incload__report_options;

/* Renders to `write`. INCLOAD_E_INVALID (the picture, a format that does not exist), INCLOAD_E_NO_MEMORY, or the code
 * that `write` returned. `options` may be NULL. */
int32_t incload__report_write(const incload__mem *mem, const incload__picture *picture, int32_t format,
                              const incload__report_options *options, incload__write_fn write, void *user_data,
                              incload_error **err);
/* Into a file: written beside it, then renamed over it, so that a reader sees the old one or the whole new one. Errors
 * name the path and the remedy: INCLOAD_E_NOT_FOUND (no such folder), INCLOAD_E_PERMISSION, INCLOAD_E_INVALID (no name
 * of a file), INCLOAD_E_STATE (anything else, such as a full disk). */
int32_t incload__report_file(const incload__mem *mem, const incload__picture *picture, int32_t format,
                             const incload__report_options *options, const char *path, incload_error **err);

/* The renderers. What they need beside the sink's text is taken from its memory and given back. */
int32_t incload__render_html(incload__sink *sink, const incload__picture *picture,
                             const incload__report_options *options, incload_error **err);
int32_t incload__render_dot(incload__sink *sink, const incload__picture *picture,
                            const incload__report_options *options, incload_error **err);
int32_t incload__render_mermaid(incload__sink *sink, const incload__picture *picture,
                                const incload__report_options *options, incload_error **err);
int32_t incload__render_gantt(incload__sink *sink, const incload__picture *picture,
                              const incload__report_options *options, incload_error **err);
int32_t incload__render_trace(incload__sink *sink, const incload__picture *picture,
                              const incload__report_options *options, incload_error **err);
int32_t incload__render_lineage(incload__sink *sink, const incload__picture *picture,
                                const incload__report_options *options, incload_error **err);

#endif
