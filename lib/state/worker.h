/* SPDX-License-Identifier: Apache-2.0 */
/* Who works on runs: one row per generation of a process. A worker is alive while it renews its lease; one row is
 * written for all its units. A generation whose lease ran out is dead for good, even if its process wakes again: its
 * units go to others, and it registers anew. */
#ifndef INCLOAD_LIB_STATE_WORKER_H
#define INCLOAD_LIB_STATE_WORKER_H

#include "state/pipeline_run.h"

typedef struct incload__worker {
    int64_t worker_no;
    int64_t ttl_us;
    /* Monotonic, by this process: until then nobody can have taken its units. Counted from before the renewal was
     * sent, with a margin for clocks that do not run alike. */
    int64_t trusted_until_us;
} incload__worker;

/* What a worker has done, told with its heartbeat. */
typedef struct incload__worker_progress {
    int64_t units_done;
    int64_t units_bad;
    int64_t rows_written;
} incload__worker_progress;

/* For run `run_no`; 0: for any. `holder` names the process to people. */
int32_t incload__worker_register(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                                 const char *holder, int64_t ttl_us, incload__worker *out, incload_error **err);
/* Renews the lease, each third of it. INCLOAD_E_BUSY: this generation is dead; stop what runs, and register anew. */
int32_t incload__worker_beat(const incload__ledger *ledger, incload__conn *conn, incload__worker *worker,
                             const incload__worker_progress *progress, incload_error **err);
/* At its end: what it still has may be taken at once. */
int32_t incload__worker_retire(const incload__ledger *ledger, incload__conn *conn, const incload__worker *worker,
                               const incload__worker_progress *progress, incload_error **err);
bool incload__worker_trusted(const incload__worker *worker, const incload__env *env);

/* What all workers of a run have told together. */
int32_t incload__worker_sum(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                            incload__worker_progress *out, int64_t *alive, incload_error **err);
/* Removes rows of dead workers that no running unit names, `keep_us` after their lease ended. */
int32_t incload__worker_prune(const incload__ledger *ledger, incload__conn *conn, int64_t keep_us,
                              incload_error **err);

/* Takes units away from dead workers, up to `limit` (1 to 1000) of one run: they are pending again after `pause_us`, or
 * failed once it happened max_orphans times. A unit whose data transaction is open is passed by: its worker may yet
 * commit. Any worker calls this now and then. */
typedef struct incload__reclaimed {
    int64_t orphaned; /* pending again */
    int64_t crashed;  /* failed for good */
} incload__reclaimed;

int32_t incload__units_reclaim(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int32_t limit,
                               int64_t pause_us, int32_t crash_reason, incload__reclaimed *out, incload_error **err);

#endif
