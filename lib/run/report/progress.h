/* SPDX-License-Identifier: Apache-2.0 */
/* How a run goes on, for people at a terminal or readers of a log: a bar that is redrawn, or plain lines, one for each
 * unit that ended and one now and then for the whole. Whether there is a terminal, how wide it is and whether it may be
 * coloured (NO_COLOR) the host knows and tells: the library reads no environment. One thread at a time; no clock is
 * read. */
#ifndef INCLOAD_LIB_RUN_REPORT_PROGRESS_H
#define INCLOAD_LIB_RUN_REPORT_PROGRESS_H

#include "run/report/eta.h"
#include "run/report/sink.h"

typedef struct incload__progress_style {
    bool bar; /* one line that is redrawn; else plain lines */
    bool colour;
    int32_t width;    /* columns of the terminal; 0 is 80 */
    int64_t every_us; /* at most one bar in this time, or one line for the whole; 0 is 0.1 s and 30 s */
} incload__progress_style;

/* How the run stands; durations of units that run are told for the estimate. */
typedef struct incload__progress_state {
    int64_t total; /* units; 0: not known */
    int64_t done;
    int64_t failed;
    int64_t skipped;
    int32_t running;
    int32_t parallel;
    int64_t rows;              /* written and durable */
    const int64_t *running_us; /* how long each of them has run; NULL or `running` of them */
} incload__progress_state;

typedef struct incload__progress {
    incload__progress_style style;
    incload__sink sink;
    incload__eta eta;
    int64_t began_us;
    int64_t told_us; /* when a bar, or a line for the whole, was last written */
    int64_t rate_us; /* when the rate was last taken */
    int64_t rate_rows;
    int64_t rows_per_s; /* smoothed */
    bool drawn;         /* a bar stands on the last line */
} incload__progress;

void incload__progress_begin(incload__progress *progress, const incload__mem *mem, const incload__progress_style *style,
                             incload__write_fn write, void *user_data, int64_t now_us);
/* A unit ended, after `duration_us` with all its attempts. A line of its own where lines are written, or where it
 * failed. `what` is the error of one that failed, or NULL. */
void incload__progress_unit(incload__progress *progress, const char *step, const char *label, int32_t status,
                            int64_t rows, int64_t duration_us, const char *what);
/* Draws how it stands, if it is time for it. */
void incload__progress_tell(incload__progress *progress, const incload__progress_state *state, int64_t now_us);
/* Draws the last state whatever the time, ends the line, gives the memory back. What `write` returned, if it failed. */
int32_t incload__progress_end(incload__progress *progress, const incload__progress_state *state, int64_t now_us,
                              incload_error **err);

#endif
