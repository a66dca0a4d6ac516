/* SPDX-License-Identifier: Apache-2.0 */
/* A run that a ledger keeps, as one process takes part in it: its worker, which a thread keeps alive, and calls to the
 * ledger, which go on through errors that may pass. Nothing here knows what the units are.
 *
 * Connections are the database's, for the moment of a call. Lock order: `entering` before the monitor's; none of them
 * is held around a hook or a call to the server, but `entering` around those that register. */
#ifndef INCLOAD_LIB_RUN_DURABLE_H
#define INCLOAD_LIB_RUN_DURABLE_H

#include "base/str.h"
#include "driver/database.h"
#include "state/unit.h"

typedef struct incload__durable incload__durable;

/* Called on any thread, never two at once, never after close has begun to return; each may be NULL. */
typedef struct incload__durable_hooks {
    /* This process was not heard of for longer than its lease: what it has as `worker_no` is another's by now, or will
     * be. It is known to the ledger by a new number already. */
    void (*lost)(void *data, int64_t worker_no);
    /* INCLOAD__WANT_..., when it changes. */
    void (*wanted)(void *data, int32_t want);
    void *data;
    int64_t deadline_us; /* no call takes longer than until then, unless it is told to hurry; 0: there is none */
} incload__durable_hooks;

/* `lease_ms` at least 100. The ledger's tables are made if they are missing. */
incload__durable *incload__durable_open(incload_database *ledger, int64_t lease_ms, const incload__durable_hooks *hooks,
                                        incload_error **err);
/* Retires the worker and ends the thread; units that it still has must have been given back, or are found by others
 * after a while. Waits for what is under way, but not for a server that does not answer. NULL is fine. */
void incload__durable_close(incload__durable *durable);
/* From now on no call takes longer than this; those under way are interrupted. */
void incload__durable_hurry(incload__durable *durable, int64_t limit_ms);

/* Makes the run, or joins the one that has its key, and registers this process as a worker of it. *created: this call
 * made it. INCLOAD_E_CONFLICT, with the first difference of the two specs named, when the key belongs to other work. */
int32_t incload__durable_enter(incload__durable *durable, const incload__run_spec *spec, bool *created,
                               incload_error **err);
/* The same for a run that is there, by its number. */
int32_t incload__durable_enter_run(incload__durable *durable, int64_t run_no, incload_error **err);
/* As it was read when it was entered. */
const incload__pipeline_run *incload__durable_run(const incload__durable *durable);
/* The database has one writer, who keeps everyone else out while it writes: the others' leases mean nothing then. */
bool incload__durable_one_writer(const incload__durable *durable);

/* One visit to the ledger, for anything lib/state has. Errors that may pass, INCLOAD_E_BUSY aside, and commits without
 * an answer are followed by another try, so `visit` must stand being done twice: what it ends for good says
 * INCLOAD_E_BUSY the second time. */
typedef int32_t (*incload__durable_visit)(const incload__ledger *ledger, incload__conn *conn, void *data,
                                          incload_error **err);
int32_t incload__durable_call(incload__durable *durable, incload__durable_visit visit, void *data, incload_error **err);

/* The worker as it is now. */
incload__worker incload__durable_worker(incload__durable *durable);
/* After INCLOAD_E_BUSY to something that worker was to do: registers anew, if no other thread has, and calls `lost`. */
int32_t incload__durable_renew(incload__durable *durable, int64_t worker_no, incload_error **err);

/* incload__units_claim_portion, with what may happen on the way: a worker that was lost, a commit without an answer.
 * The caller frees `out`. */
int32_t incload__durable_claim(incload__durable *durable, int32_t limit, int32_t again, incload__claim *out,
                               incload_error **err);
/* Takes units from dead workers, if it is time to look for some again: each third of the lease. */
int32_t incload__durable_reclaim(incload__durable *durable, int32_t crash_reason, incload_error **err);
/* incload__pipeline_run_finish; *status is the run's, INCLOAD__PIPELINE_RUNNING as long as something is left to do. */
int32_t incload__durable_finish(incload__durable *durable, int64_t optional, int32_t *status, incload_error **err);

/* What the host wants of the run, in all processes. Never blocks: it is written soon, or at the latest by close. */
void incload__durable_want(incload__durable *durable, int32_t want);
/* What is wanted by what was heard last. */
int32_t incload__durable_wanted(incload__durable *durable);
/* Adds to what is told with the heartbeat. */
void incload__durable_count(incload__durable *durable, int64_t done, int64_t bad, int64_t rows_written);

/* The first member in which two specs differ, in words; nothing when there is none. */
void incload__durable_difference(const char *there, const char *here, incload__str *out);

#endif
