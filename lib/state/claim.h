/* SPDX-License-Identifier: Apache-2.0 */
/* Handing out units: a batch at a time, to one worker, in one short transaction. Claims of one run wait for each other
 * at its row, so that a limit on what runs at once holds for all processes, and the cursor over units that were never
 * handed out moves with the rows it makes. */
#ifndef INCLOAD_LIB_STATE_CLAIM_H
#define INCLOAD_LIB_STATE_CLAIM_H

#include "state/worker.h"

enum { INCLOAD__CLAIM_MOST = 1000 };

/* Why fewer units than asked for were handed out. */
typedef enum incload__claim_hold {
    INCLOAD__CLAIM_FULL,    /* as many as asked for */
    INCLOAD__CLAIM_ENDED,   /* the run has ended, or hands out nothing more for good */
    INCLOAD__CLAIM_PAUSED,
    INCLOAD__CLAIM_LIMITED, /* as many run as may */
    INCLOAD__CLAIM_LATER,   /* those that are left are to be tried again, the first in wait_us */
    INCLOAD__CLAIM_EMPTY    /* all are with a worker, wait for others, or have ended: is the run finished? */
} incload__claim_hold;

typedef struct incload__claimed {
    int64_t seq;
    int64_t attempt; /* from 1 */
    int64_t orphans; /* how often a worker died with it */
} incload__claimed;

typedef struct incload__claim {
    const incload__mem *mem;
    int64_t run_no;
    int64_t worker_no;
    int64_t epoch; /* of all its units: no earlier claim of one of them can complete it any more */
    int32_t want;  /* of the run: INCLOAD__WANT_... */
    incload__claim_hold hold;
    int64_t wait_us;
    incload__claimed *units;
    int32_t count;
    int32_t unit_status; /* of incload__unit_claim_one: how the unit stood before it */
} incload__claim;

/* Retries and orphans first, by priority and time, then those never handed out in their order. INCLOAD_E_BUSY when the
 * worker's lease has run out. INCLOAD_E_COMMIT_UNKNOWN: incload__claim_resolve. */
int32_t incload__units_claim(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                             const incload__worker *worker, int32_t limit, incload__claim *out, incload_error **err);
/* The same, but no more than `again` in all when one of them was handed out before: a unit that its workers die of
 * shall not take many others along each time. */
int32_t incload__units_claim_portion(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                                     const incload__worker *worker, int32_t limit, int32_t again, incload__claim *out,
                                     incload_error **err);
/* Just the unit of that place, which has a row and which the caller knows to be due: whether it `waits` is not looked
 * at, nor is max_active. EMPTY: it has ended, or is another worker's (unit_status); LATER: it is to be tried again in
 * wait_us. One that this worker has already is given to it again, in a new epoch. `anyway`: also when the run should
 * pause or stop, for what cleans up. Errors as above. */
int32_t incload__unit_claim_one(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                                const incload__worker *worker, int64_t seq, bool anyway, incload__claim *out,
                                incload_error **err);
/* On another connection, after a claim whose COMMIT got no answer: leaves in it what the worker has of it, if
 * anything. */
int32_t incload__claim_resolve(const incload__ledger *ledger, incload__conn *conn, incload__claim *claim,
                               incload_error **err);
void incload__claim_free(incload__claim *claim);
/* INCLOAD_E_BUSY, in the words for a worker whose lease ran out. */
int32_t incload__claim_fail_dead(int64_t worker_no, incload_error **err);

#endif
