/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of a pipeline's run: each is a unit of the run that has a row from the beginning, and beside it a name, the
 * steps it depends on, how many of them have not ended and how the others did, and a result.
 *
 * A step with dependencies is not handed out until it is opened. Who ends a step tells those behind it in the same
 * transaction; whoever then finds that the rule of one has decided opens or skips it. Both are conditions on what the
 * ledger holds, so it does not matter who does it, or how often. */
#ifndef INCLOAD_LIB_STATE_STEP_H
#define INCLOAD_LIB_STATE_STEP_H

#include "state/unit.h"

/* Room for 64 KiB in a form that every database takes as text. */
enum { INCLOAD__STEP_RESULT_MOST = 90000 };

/* How an upstream step ended, as those behind it see it. */
typedef enum incload__up { INCLOAD__UP_OK, INCLOAD__UP_SKIP, INCLOAD__UP_BAD } incload__up;

typedef struct incload__step_plan {
    int64_t seq; /* its place in the run */
    const char *name;
    const char *code_version;
    const char *input_hash;
    const int64_t *upstream; /* places of the steps it depends on */
    int32_t upstream_count;
    int64_t priority; /* the smaller is handed out first */
} incload__step_plan;

typedef struct incload__step_row {
    const incload__mem *mem;
    int64_t seq;
    int32_t status; /* INCLOAD_STATUS_... */
    int32_t reason;
    bool opened; /* it is, or was, to be handed out */
    bool again;  /* a resume runs it again, as it ended */
    int64_t pending;
    int64_t up_ok;
    int64_t up_skip;
    int64_t up_bad;
    char *name;
    char *code_version;
    char *input_hash;
    char *upstream; /* places with commas */
    char *result;   /* NULL: none */
} incload__step_row;

void incload__step_row_free(incload__step_row *row);

/* In an open transaction: the steps of a run that was just made with as many units, or those that a running step adds
 * behind the ones there are (its units grow with them): before the step that adds them has ended. */
int32_t incload__steps_add(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                           const incload__step_plan *steps, int32_t count, incload_error **err);
/* The steps of a run, in order; the array has room for `limit`. */
int32_t incload__steps_read(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int32_t limit,
                            incload__step_row *out, int32_t *count, incload_error **err);

/* Names of the steps from place `from` on: places and names, up to `limit`; none of a run that is no pipeline's. */
int32_t incload__steps_names(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t from,
                             int32_t limit, incload__rows *out, incload_error **err);

/* In the transaction that ends the step: its result (text of at most INCLOAD__STEP_RESULT_MOST bytes; NULL: none). */
int32_t incload__step_result(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t seq,
                             const char *result, incload_error **err);
/* In the transaction that ends a step: tells those that depend on it. */
int32_t incload__step_tell(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const int64_t *behind,
                           int32_t count, incload__up how, incload_error **err);
/* Its rule has decided that it runs: it may be handed out. *opened: by this call. */
int32_t incload__step_open(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t seq,
                           bool *opened, incload_error **err);

/* Which steps a resume runs again, of those that were read; again[i] for each. A step that succeeded is kept while its
 * code and input are as `now` tells (by place; NULL: all are) and nothing it depends on runs again; `from` (a place, or
 * -1) runs again whatever it was, and so does what is behind it. */
int32_t incload__steps_again(const incload__step_row *rows, int32_t count, const incload__step_plan *now, int64_t from,
                             bool *again, incload_error **err);
/* Puts those steps back, after incload__pipeline_run_resume: pending, closed where they depend on others, with counts
 * of upstreams that are kept. One transaction. */
int32_t incload__steps_put_back(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                                const incload__step_row *rows, int32_t count, const bool *again, incload_error **err);

/* Adds them if nobody has: whoever made the run may have died before it did. One transaction. */
int32_t incload__steps_ensure(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                              const incload__step_plan *steps, int32_t count, incload_error **err);
/* All that a resume is, in one transaction: incload__pipeline_run_again, and steps put back as they are told by `now`,
 * by place and all of them, whose versions are written. *resumed false: somebody is at work on the run, so there is
 * nothing to do but join. */
int32_t incload__steps_resume(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                              const incload__step_plan *now, int32_t count, bool *resumed, incload_error **err);
/* *result NULL: none. */
int32_t incload__step_result_read(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t seq,
                                  char **result, incload_error **err);

#endif
