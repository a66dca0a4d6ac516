/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a unit that did its work. What makes it exactly once is the row in `applied`, written in the transaction
 * of the data by the database that receives them; where that database keeps the run as well, the unit's own row is in
 * that transaction, too, and nothing is left to do. Else the unit's row follows, and may be lost: it is repaired from
 * what was applied. */
#ifndef INCLOAD_LIB_STATE_COMPLETE_H
#define INCLOAD_LIB_STATE_COMPLETE_H

#include "state/claim.h"

/* A unit that a worker has. */
typedef struct incload__held_unit {
    int64_t run_no;
    int64_t seq;
    int64_t epoch;
} incload__held_unit;

/* What landed. */
typedef struct incload__landed {
    int64_t seq;
    const char *key;  /* of the unit, unlike for unlike units; at most 180 bytes */
    const char *lane; /* "", or what the intervals of a load are told apart by (a key); at most 180 bytes */
    int64_t low;      /* [low, high) of the lane */
    int64_t high;
    int64_t rows_written;
    /* What incload__unit_fence_key found: what has landed since keeps the unit from landing. For one unit at a time; 0:
     * whatever landed by an earlier claim gives way. */
    int64_t seen;
} incload__landed;

enum { INCLOAD__SEEN_NOTHING = -1 };

/* Of all units of one completion. */
typedef struct incload__landing {
    const char *load;
    const char *code_version; /* at most 60 bytes */
    const char *run_id; /* what lands once: the run, and from its second attempt on that (incload__landing_run) */
    int64_t run_no;
    int64_t epoch; /* of the claim */
} incload__landing;

enum { INCLOAD__LANDED_MOST = 100 };

/* In the data's transaction, if the target keeps the run: early, so that nobody takes the unit away while its data are
 * written. INCLOAD_E_BUSY: another worker has it; the caller must roll back. */
int32_t incload__unit_fence(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit,
                            incload_error **err);

/* The same, and which epoch of the unit's key has landed before: with that in `seen` of what lands two runs that are at
 * the same unit side by side never both land. */
int32_t incload__unit_fence_key(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit,
                                const char *load, const char *key, int64_t *seen, incload_error **err);

/* The run_id of what a run lands in its present attempt: what it loaded before it was resumed it may load again. */
enum { INCLOAD__LANDING_RUN_SIZE = INCLOAD__RUN_ID_SIZE + 24 };
void incload__landing_run(const incload__pipeline_run *run, char out[INCLOAD__LANDING_RUN_SIZE]);

/* In the data's transaction: up to INCLOAD__LANDED_MOST units of one claim. INCLOAD_E_BUSY: one of them has landed in
 * this run already, or by a later claim of another; the caller must roll back, and where another database keeps the run
 * ask incload__applied_find whether only the news of it was lost. */
int32_t incload__applied_add(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                             const incload__landed *units, int32_t count, incload_error **err);
/* INCLOAD_E_BUSY, in the words for a unit whose key has landed since it was looked at. */
int32_t incload__applied_fail_overtaken(const incload__landing *landing, incload_error **err);
/* The units' own rows: in the data's transaction if the target keeps the run (INCLOAD_E_BUSY as above), else in one of
 * its own after that. */
int32_t incload__units_done(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                            const incload__landed *units, int32_t count, incload_error **err);
/* The same of one unit in two, with what is sent next between them: INCLOAD_E_BUSY may come from either. */
int32_t incload__unit_post_done(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                                const incload__landed *unit, incload__posted *posted, incload_error **err);
int32_t incload__unit_end_done(const incload__conn *conn, const incload__landing *landing,
                               const incload__posted *posted, incload_error **err);
/* Both, for a target that keeps the run. */
int32_t incload__units_complete(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                                const incload__landed *units, int32_t count, incload_error **err);

/* Outside of a transaction, in the target: whether a unit of this load landed in this run, and in which epoch it did
 * last; 0: it never did. To be asked before a unit is run again whose worker died, if another database keeps the run:
 * it may have landed, and only the news of it was lost. */
int32_t incload__applied_find(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                              const char *key, bool *by_run, int64_t *epoch, incload_error **err);

/* On another connection, after a COMMIT that got no answer. Waits for the old session's end. */
int32_t incload__unit_resolve(const incload__ledger *ledger, incload__conn *conn, const incload__held_unit *unit,
                              bool *committed, incload_error **err);
/* The same in a target that does not keep the run. */
int32_t incload__applied_resolve(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
                                 const incload__landed *unit, bool *committed, incload_error **err);

/* INCLOAD_E_BUSY, in the words for it. */
int32_t incload__unit_fail_fenced(int64_t run_no, incload_error **err);

#endif
