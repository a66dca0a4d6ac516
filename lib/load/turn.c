/* SPDX-License-Identifier: Apache-2.0 */
/* A load's turn: the connection to the target with the lease of the load, and waiting for it. */
#include "load/internal.h"

/* Between two looks at another's lease; and how long giving up one's own may take. */
enum { POLL_MS = 10, POLL_MAX_MS = 500, RELEASE_MS = 1000, RELEASE_LATE_MS = 100 };

static void
leave_target(incload__load *load)
{
    if (load->to != NULL)
        incload__database_give_back(load->spec->target, load->to);
    load->to = NULL;
    incload__ledger_free(&load->ledger);
}

static int32_t
enter_target(incload__load *load, incload_error **err)
{
    const incload__load_spec *spec = load->spec;
    int32_t status =
        incload__database_take(spec->target, INCLOAD__ROLE_WRITE, spec->deadline_us, spec->owner, &load->to, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "target");
    load->connected_us = incload__monotonic_us(load->env);
    status =
        incload__ledger_init(&load->ledger, load->mem, load->to->dialect, incload__database_ledger(spec->target), err);
    if (status == INCLOAD_OK)
        status = incload__ledger_ensure(&load->ledger, load->to, err);
    if (status == INCLOAD_OK)
        status = incload__lease_take(load->lease, &load->ledger, load->to, &load->session, err);
    return status;
}

/* At least half of each step, so that many who wait do not look at the same moments. */
static int64_t
poll_us(const incload__load *load, int32_t round)
{
    int64_t step = POLL_MS;

    for (int32_t i = 0; i < round && step < POLL_MAX_MS; i++)
        step *= 2;
    if (step > POLL_MAX_MS)
        step = POLL_MAX_MS;
    return step * 500 + (int64_t)(incload__random(load->env) % (uint64_t)(step * 500 + 1));
}

/* False when the waiting is over. */
static bool
wait_for_turn(const incload__load *load, int64_t wait_until_us, int32_t round)
{
    int64_t next = incload__monotonic_us(load->env) + poll_us(load, round);

    return incload__unit_pause(load->unit, next < wait_until_us ? next : wait_until_us);
}

int32_t
incload__turn_take(incload__load *load, int64_t *wait_until_us, incload_error **err)
{
    for (int32_t round = 0;; round++) {
        incload_error *failure = NULL;
        int32_t status = enter_target(load, &failure);
        if (status == INCLOAD_E_BUSY && *wait_until_us == 0)
            *wait_until_us = incload__monotonic_us(load->env) + load->spec->wait_ms * 1000;
        if (status != INCLOAD_E_BUSY || incload__monotonic_us(load->env) >= *wait_until_us) {
            incload__error_pass(err, failure);
            return status;
        }
        /* While it waits it holds no connection: there may be a limit on them. */
        leave_target(load);
        if (!wait_for_turn(load, *wait_until_us, round)) {
            incload_error *told = NULL;
            status = incload__load_check(load, &told);
            incload__error_set_cause(&told, failure);
            incload__error_pass(err, told);
            return status;
        }
        incload_error_unref(failure);
    }
}

static bool
is_late(const incload__load *load)
{
    return incload_unit_is_cancelled(load->unit) != 0;
}

/* A connection on which the lease can be given up: the load's own, if it is as good as new. */
static bool
can_release(incload__load *load)
{
    const incload__load_spec *spec = load->spec;
    int64_t limit = incload__deadline_in(load->env, is_late(load) ? RELEASE_LATE_MS : RELEASE_MS);
    bool answered = load->to != NULL && load->to->txn == INCLOAD__TXN_IDLE;

    /* A server that did not answer in time would not answer this either. */
    if (load->to != NULL && !answered && is_late(load))
        return false;
    if (!answered || atomic_load(&load->to->cancelled)) {
        if (load->to != NULL)
            incload__database_give_back(spec->target, load->to);
        load->to = NULL;
        if (incload__database_take(spec->target, INCLOAD__ROLE_WRITE, limit, load->lease, &load->to, NULL)
            != INCLOAD_OK)
            return false;
    }
    load->to->deadline_us = limit;
    return true;
}

void
incload__turn_end(incload__load *load)
{
    if ((load->lease->epoch == 0 && !load->lease->asked) || !can_release(load))
        return;
    if (load->ledger.mem == NULL
        && incload__ledger_init(&load->ledger, load->mem, load->to->dialect,
                                incload__database_ledger(load->spec->target), NULL)
               != INCLOAD_OK)
        return;
    incload__lease_release(load->lease, &load->ledger, load->to, NULL);
}
