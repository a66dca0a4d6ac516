/* SPDX-License-Identifier: Apache-2.0 */
/* The lease of a load: who may run it now. Its row in the ledger names the holder and the epoch, which rises with every
 * taking. Whoever commits must still hold it: the fence in the unit's transaction sees to that, so a process that was
 * paused for longer than its lease and wakes cannot commit. Time only decides when another may take over; it is the
 * target server's clock throughout.
 *
 * The row of `lease` changes when a lease is taken and at its end. Renewals go to `lease_beat`, so that they never
 * touch the row that the fence updates: in a transaction with one snapshot that would be a conflict. */
#ifndef INCLOAD_LIB_STATE_LEASE_H
#define INCLOAD_LIB_STATE_LEASE_H

#include "state/ledger.h"

enum { INCLOAD__HOLDER_SIZE = 200 };

typedef struct incload__lease {
    const incload__mem *mem;
    const char *load;   /* borrowed */
    const char *run_id; /* borrowed */
    int64_t ttl_us;     /* 0: no lease; the compare-and-set on the watermark's version alone decides then */
    int64_t epoch;      /* 0: not held, as far as is known */
    bool asked;         /* taking it was tried, and no answer has come */
    char holder[INCLOAD__HOLDER_SIZE];
} incload__lease;

void incload__lease_init(incload__lease *lease, const incload__env *env, const char *load, const char *run_id,
                         int64_t ttl_ms, const char *application);

/* Takes it, or makes sure that it is still held. Outside of a transaction. INCLOAD_E_BUSY names the holder; details:
 * holder, run_id, epoch, taken_us, expires_us. *session (may be NULL): the connection's session as the dialect names
 * it, freed by the caller; NULL where there is no name. */
int32_t incload__lease_take(incload__lease *lease, const incload__ledger *ledger, incload__conn *conn, char **session,
                            incload_error **err);
/* In the unit's transaction, before anything else of the ledger is written: gives the lease up with the commit.
 * INCLOAD_E_BUSY when it is another's by now: the caller must roll back. */
int32_t incload__lease_fence(const incload__lease *lease, const incload__ledger *ledger, incload__conn *conn,
                             incload_error **err);
/* Renews it. Outside of a transaction. INCLOAD_E_BUSY when it is another's by now. */
int32_t incload__lease_renew(const incload__lease *lease, const incload__ledger *ledger, incload__conn *conn,
                             incload_error **err);
/* Gives it up after a failure. Outside of a transaction. */
int32_t incload__lease_release(incload__lease *lease, const incload__ledger *ledger, incload__conn *conn,
                               incload_error **err);
/* INCLOAD_E_BUSY, in the words for a lease that was lost. */
int32_t incload__lease_fail_lost(const incload__lease *lease, incload_error **err);

#endif
