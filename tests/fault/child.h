/* SPDX-License-Identifier: Apache-2.0 */
/* A load of a stage in a process of its own, under the shim. */
#ifndef INCLOAD_TESTS_FAULT_CHILD_H
#define INCLOAD_TESTS_FAULT_CHILD_H

#include <stddef.h>

#include "shim.h"
#include "stage.h"

typedef enum child_end {
    CHILD_DONE,    /* the load landed, it says */
    CHILD_FAILED,  /* it failed, and says why */
    CHILD_BUSY,    /* it failed, and says that running it again may help */
    CHILD_UNKNOWN, /* the commit broke and it could not learn what became of it */
    CHILD_KILLED,  /* as was meant */
    CHILD_CRASHED, /* by another signal or status: never right */
    CHILD_HUNG     /* it did not end in time and was killed: never right */
} child_end;

extern const char *const child_ends[];
extern const char *const shim_actions[SHIM_ACTIONS];

/* Once. The page is shared with every child. */
shim_page *child_prepare(void);
/* What it said on the standard error stream is in `said`; the calls are counted in the page, whose action and place are
 * the caller's to set. */
child_end child_run(const stage *s, char said[400]);
/* The same between other tables of the stage's databases. */
child_end child_load(const stage *s, const char *source, const char *target, const char *options, char said[400]);

/* ---- any other program ---- */

/* Once in a process: memory that every child has under that descriptor. */
void *child_share(size_t size, int *fd);
/* `before`, and the path of a program of that name beside this one. */
void child_path(char *out, size_t size, const char *before, const char *name);
/* A program by its path, with its words, NULL behind the last. */
child_end child_start(const char *const *words, char said[400]);

#endif
