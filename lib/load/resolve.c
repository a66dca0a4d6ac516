/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a COMMIT whose answer was lost. The run's row is in the same transaction as all else, so the ledger
 * knows, once the old session is gone: until then its COMMIT may still be on the way. */
#include "load/internal.h"
#include "base/failpoint.h"
#include "sched/backoff.h"
#include "state/session.h"

/* Without a deadline: that of a server's restart. */
enum { LIMIT_MS = 60000, FIRST_PAUSE_MS = 50, LONGEST_PAUSE_MS = 2000 };

static int32_t
ask_ledger(incload__load *load, int64_t limit_us, bool *committed, incload_error **err)
{
    incload__conn *conn = NULL;
    int32_t status = incload__database_take(load->spec->target, INCLOAD__ROLE_WRITE, limit_us, load->spec->owner,
                                            &conn, err);

    if (status != INCLOAD_OK)
        return status;
    incload__session_end(conn, load->session, incload__monotonic_us(load->env) - load->connected_us);
    status = incload__ledger_resolve(&load->ledger, conn, load->group->unit->run_id, committed, err);
    incload__database_give_back(load->spec->target, conn);
    return status;
}

/* Through a server that restarts, and MariaDB's lock timeout, which comes while the old session still has its lock. */
static int32_t
ask_until(incload__load *load, int64_t limit_us, bool *committed, incload_error **err)
{
    for (int32_t failures = 1;; failures++) {
        incload_error *failure = NULL;
        int32_t status = ask_ledger(load, limit_us, committed, &failure);
        int64_t next = incload__monotonic_us(load->env) + FIRST_PAUSE_MS * 100
                       + incload__backoff_us(load->env, FIRST_PAUSE_MS, LONGEST_PAUSE_MS, failures);
        if (status == INCLOAD_OK || incload_error_is_retryable(failure) == 0 || next >= limit_us
            || !incload__unit_pause(load->group->unit, next)) {
            incload__error_pass(err, failure);
            return status;
        }
        incload_error_unref(failure);
    }
}

int32_t
incload__resolve_commit(incload__group *group, incload_error *unknown, incload_error **err)
{
    incload__load *load = group->loads[0];
    bool committed = false;
    int64_t deadline = load->spec->deadline_us;
    int64_t limit = deadline != 0 ? deadline : incload__deadline_in(load->env, LIMIT_MS);
    incload_error *failure = NULL;

    /* The broken connection makes room for the one that asks: there may be a limit on them. */
    incload__database_give_back(load->spec->target, load->to);
    incload__group_set_target(group, NULL);
    /* A server that did not answer until then would not answer this either. */
    int32_t status = incload__load_check(load, &failure);
    /* Whoever has the lease now: the COMMIT was sent under ours. */
    if (status == INCLOAD_E_BUSY) {
        incload_error_unref(failure);
        failure = NULL;
        status = INCLOAD_OK;
    }
    if (status == INCLOAD_OK)
        status = ask_until(load, limit, &committed, &failure);
    if (status != INCLOAD_OK) {
        incload__error_prefix(
            &unknown,
            "the connection broke inside COMMIT and the ledger could not be asked what became of run %s "
            "(run the load again: it goes on from what was committed)",
            group->unit->run_id);
        incload__error_add_detail(&unknown, "asking", incload_error_message(failure));
        incload_error_unref(failure);
        return incload__error_pass(err, unknown);
    }
    incload_error_unref(unknown);
    if (committed)
        return INCLOAD_OK;
    status =
        incload__fail(err, INCLOAD_E_CONNECT,
                      "the connection to the target broke inside COMMIT; the ledger shows that nothing was committed: "
                      "run the load again");
    incload__error_set_server(err, "08007", 0, true);
    return status;
}
