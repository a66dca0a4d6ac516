/* SPDX-License-Identifier: Apache-2.0 */
/* A unit's turn: the connection to the target with the leases of its loads, and waiting for them. */
#include "load/internal.h"

/* Between two looks at another's lease; and how long giving up one's own may take. */
enum { POLL_MS = 10, POLL_MAX_MS = 500, RELEASE_MS = 1000, RELEASE_LATE_MS = 100, RELEASE_CANCELLED_MS = 300 };

static void
leave_target(incload__group *group)
{
    const incload__load *first = group->loads[0];

    if (first->to != NULL)
        incload__database_give_back(first->spec->target, first->to);
    incload__group_set_target(group, NULL);
    for (int32_t i = 0; i < group->count; i++)
        incload__ledger_free(&group->loads[i]->ledger);
}

static int32_t
name_ledger(incload__load *load, incload_error **err)
{
    if (load->ledger.mem != NULL)
        return INCLOAD_OK;
    return incload__ledger_init(&load->ledger, load->mem, load->to->dialect,
                                incload__database_ledger(load->spec->target), err);
}

static int32_t
take_lease(incload__load *load, incload_error **err)
{
    return incload__lease_take(load->lease, &load->ledger, load->to, &load->session, err);
}

static int32_t
enter_target(incload__group *group, incload_error **err)
{
    incload__load *first = group->loads[0];
    const incload__load_spec *spec = first->spec;
    incload__conn *conn = NULL;
    int32_t status =
        incload__database_take(spec->target, INCLOAD__ROLE_WRITE, spec->deadline_us, spec->owner, &conn, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "target");
    incload__group_set_target(group, conn);
    first->connected_us = incload__monotonic_us(first->env);
    for (int32_t i = 0; i < group->count && status == INCLOAD_OK; i++)
        status = name_ledger(group->loads[i], err);
    if (status == INCLOAD_OK && !incload__memo_noted(spec->memo, INCLOAD__LEDGER_IS_THERE))
        status = incload__ledger_ensure(&first->ledger, conn, err);
    if (status == INCLOAD_OK)
        incload__memo_note_that(spec->memo, INCLOAD__LEDGER_IS_THERE);
    /* In one order, whatever the order of the loads is: two groups never each wait for what the other has. */
    return status == INCLOAD_OK ? incload__group_each_by_name(group, take_lease, err) : status;
}

/* Who waits for one of several leases keeps the others from nobody. */
static void
release_taken(incload__group *group)
{
    for (int32_t i = 0; i < group->count && group->count > 1; i++) {
        incload__load *load = group->loads[i];
        if (load->lease->epoch != 0 && incload__lease_release(load->lease, &load->ledger, load->to, NULL) != INCLOAD_OK)
            load->lease->asked = true;
    }
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
wait_for_turn(const incload__group *group, int64_t wait_until_us, int32_t round)
{
    const incload__load *first = group->loads[0];
    int64_t next = incload__monotonic_us(first->env) + poll_us(first, round);

    return incload__unit_pause(group->unit, next < wait_until_us ? next : wait_until_us);
}

int32_t
incload__turn_take(incload__group *group, int64_t *wait_until_us, incload_error **err)
{
    const incload__load *first = group->loads[0];

    for (int32_t round = 0;; round++) {
        incload_error *failure = NULL;
        int32_t status = enter_target(group, &failure);
        if (status == INCLOAD_E_BUSY && *wait_until_us == 0)
            *wait_until_us = incload__monotonic_us(first->env) + first->spec->wait_ms * 1000;
        if (status != INCLOAD_E_BUSY || incload__monotonic_us(first->env) >= *wait_until_us) {
            incload__error_pass(err, failure);
            return status;
        }
        /* While it waits it holds no connection: there may be a limit on them. */
        release_taken(group);
        leave_target(group);
        if (!wait_for_turn(group, *wait_until_us, round)) {
            incload_error *told = NULL;
            status = incload__load_check(first, &told);
            incload__error_set_cause(&told, failure);
            incload__error_pass(err, told);
            return status;
        }
        incload_error_unref(failure);
    }
}

static bool
is_late(const incload__group *group)
{
    return incload_unit_is_cancelled(group->unit) != 0;
}

/* All that is done after a deadline ends within 250 ms, and after a cancel within 500. */
static int64_t
release_ms(const incload__group *group)
{
    const incload__load *first = group->loads[0];
    int64_t deadline = first->spec->deadline_us;

    if (!is_late(group))
        return RELEASE_MS;
    bool passed = deadline != 0 && incload__monotonic_us(first->env) >= deadline;
    return passed ? RELEASE_LATE_MS : RELEASE_CANCELLED_MS;
}

/* A connection on which the leases can be given up: the group's own, if it is as good as new. */
static bool
can_release(incload__group *group)
{
    incload__load *first = group->loads[0];
    const incload__load_spec *spec = first->spec;
    int64_t limit = incload__deadline_in(first->env, release_ms(group));
    incload__conn *conn = first->to;
    bool answered = conn != NULL && conn->txn == INCLOAD__TXN_IDLE;

    /* A server that did not answer in time would not answer this either. */
    if (conn != NULL && !answered && is_late(group))
        return false;
    if (!answered || atomic_load(&conn->cancelled)) {
        if (conn != NULL)
            incload__database_give_back(spec->target, conn);
        conn = NULL;
        incload__group_set_target(group, NULL);
        if (incload__database_take(spec->target, INCLOAD__ROLE_WRITE, limit, first->lease, &conn, NULL) != INCLOAD_OK)
            return false;
        incload__group_set_target(group, conn);
    }
    conn->deadline_us = limit;
    return true;
}

void
incload__turn_end(incload__group *group)
{
    bool held = false;

    for (int32_t i = 0; i < group->count; i++)
        held = held || group->loads[i]->lease->epoch != 0 || group->loads[i]->lease->asked;
    if (!held || !can_release(group))
        return;
    for (int32_t i = 0; i < group->count; i++) {
        incload__load *load = group->loads[i];
        bool its = load->lease->epoch != 0 || load->lease->asked;
        if (its && name_ledger(load, NULL) == INCLOAD_OK)
            incload__lease_release(load->lease, &load->ledger, load->to, NULL);
    }
}
