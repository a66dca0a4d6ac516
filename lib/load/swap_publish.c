/* SPDX-License-Identifier: Apache-2.0 */
/* The moment in which the staging table becomes the target. Readers wait behind a try for the lock for as long as
 * lock_timeout at most; what they are in the way of is tried again. */
#include <string.h>

#include "load/swap.h"
#include "driver/failpoint.h"
#include "sched/backoff.h"
#include "state/statement.h"

enum { PAUSE_MS = 20, LONGEST_PAUSE_MS = 1000, DURABLE_MS = 5000 };

/* How long the run may go on trying for a lock, and pausing between tries. */
typedef struct attempts {
    int64_t until_us;
    int32_t made;
} attempts;

static void
begin_tries(const incload__swap *swap, attempts *tries)
{
    const incload__load *load = swap->load;

    tries->until_us = incload__monotonic_us(load->env) + load->how->swap_wait * 1000;
    tries->made = 1;
}

/* False when it is to be given up. */
static bool
try_again(const incload__swap *swap, attempts *tries)
{
    const incload__load *load = swap->load;
    /* A pause at least as long as the try lets through whoever stood in line. */
    int64_t next = incload__monotonic_us(load->env) + load->how->lock_timeout * 500
                   + incload__backoff_us(load->env, PAUSE_MS, LONGEST_PAUSE_MS, tries->made);

    if (tries->made > load->how->swap_retries || next >= tries->until_us)
        return false;
    tries->made++;
    return incload__unit_pause(load->unit, next);
}

/* INCLOAD_E_CONFLICT, with the names of who is in the way. */
static int32_t
give_up(incload__swap *swap, const attempts *tries, const char *what, const incload__rows *who, incload_error **err)
{
    incload__load *load = swap->load;
    incload__str list = INCLOAD__STR(load->mem);
    char name[200];
    int32_t status = incload__load_check(load, err);

    if (status != INCLOAD_OK)
        return status;
    status = incload__swap_list(who, &list);
    if (status == INCLOAD_OK)
        status = incload__fail(err, INCLOAD_E_CONFLICT,
                               "target table %s could not be swapped in %d tries: %s %s; nothing was published. Run "
                               "the load again when they are done, or raise the options swap_wait or lock_timeout",
                               incload__table_text(&load->target_name, name, sizeof name), (int)tries->made, what,
                               list.length > 0 ? incload__str_text(&list) : "sessions that have ended meanwhile");
    else
        incload__fail_memory(err);
    incload__str_free(&list);
    return status;
}

/* ---- snapshots ---- */

/* Rows that came by INSERT are not in snapshots from before: whoever has one would find an empty table. */
static int32_t
wait_for_snapshots(incload__swap *swap, incload_error **err)
{
    char loaded[40];
    attempts tries;
    incload__number seconds = incload__as_number(swap->loaded_us / 1000000 + 1);

    if (!swap->rules->freezes || incload__swap_freezes(swap->load) || swap->load->rehearsed)
        return INCLOAD_OK;
    memcpy(loaded, seconds.text, seconds.length + 1);
    begin_tries(swap, &tries);
    for (;;) {
        incload__rows rows;
        int32_t status = incload__swap_ask(swap, swap->rules->snapshots, &swap->stage, loaded, &rows, err);
        bool alone = status == INCLOAD_OK && rows.count == 0;
        bool more = status == INCLOAD_OK && !alone && try_again(swap, &tries);
        if (status == INCLOAD_OK && !alone && !more)
            status = give_up(swap, &tries,
                             "to snapshots from before the load it would look empty, and over ODBC its rows cannot be "
                             "frozen: those of",
                             &rows, err);
        incload__rows_free(&rows);
        if (status != INCLOAD_OK || alone)
            return status;
    }
}

/* ---- one try ---- */

static int32_t
count_locks(const incload__swap *swap)
{
    int32_t locks = 0;

    for (int64_t i = 0; i < swap->plan.count; i++) {
        const char *phase = incload__rows_get(&swap->plan, i, 0);
        locks += phase != NULL && strcmp(phase, "lock") == 0;
    }
    return locks > 0 ? locks : 1;
}

/* Columns that the source has lost, once the new table has its names. */
static int32_t
add_drops(incload__swap *swap, incload__str *out, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t at = 0; status == INCLOAD_OK;) {
        incload__str line = INCLOAD__STR(swap->load->mem);
        status = incload__evolve_next_drop(swap->load, &at, &line, err);
        bool some = line.length > 0;
        if (status == INCLOAD_OK && line.failed)
            status = incload__fail_memory(err);
        if (status == INCLOAD_OK && some)
            swap->rules->line(out, incload__str_text(&line));
        incload__str_free(&line);
        if (!some)
            break;
    }
    return status;
}

/* One statement: lock, look again, rename. A reader may stand behind every lock in turn, so they share the time. */
static int32_t
take_place(incload__swap *swap, incload_error **err)
{
    static const char *const phases[] = { "lock", "publish" };
    incload__load *load = swap->load;
    incload__str sql = INCLOAD__STR(load->mem);
    int64_t timeout = load->how->lock_timeout / count_locks(swap);

    swap->rules->open(&sql, swap->token, timeout > 0 ? timeout : 1);
    for (int32_t at = 0; at < 2; at++) {
        for (int64_t i = 0; i < swap->plan.count; i++) {
            const char *phase = incload__rows_get(&swap->plan, i, 0), *line = incload__rows_get(&swap->plan, i, 1);
            if (phase != NULL && line != NULL && strcmp(phase, phases[at]) == 0)
                swap->rules->line(&sql, line);
        }
        if (at == 0)
            swap->rules->guard(&sql, swap->replaced, swap->digest);
    }
    int32_t status = add_drops(swap, &sql, err);
    swap->rules->close(&sql, swap->token);
    if (status == INCLOAD_OK)
        return incload__swap_execute(swap, &sql, err);
    incload__str_free(&sql);
    return status;
}

/* Everything of the ledger comes before the lock. */
static int32_t
publish_once(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    int32_t status = load->to->driver->begin(load->to, err);

    if (status == INCLOAD_OK)
        status = incload__commit_record(load, err);
    if (status == INCLOAD_OK)
        status = incload__object_change(&load->ledger, load->to, swap->stage_name, swap->old_name, "old", NULL, err);
    atomic_store(load->settling, true);
    if (status == INCLOAD_OK)
        status = take_place(swap, err);
    INCLOAD__FAILPOINT_ON(status, load->to, "swap.placed", INCLOAD_E_CONFLICT, err);
    if (status == INCLOAD_OK)
        status = incload__commit_end(load->group, err);
    else
        load->to->driver->rollback(load->to, NULL);
    if (status != INCLOAD_OK)
        atomic_store(load->settling, false);
    return status;
}

/* A try ended since others had the table for too long. */
static bool
was_locked(const incload__swap *swap, const incload_error *failure, int64_t took_us)
{
    const incload__swap_rules *rules = swap->rules;
    const char *state = incload_error_sqlstate(failure);
    int64_t code = incload_error_native_code(failure);

    if (rules->lock_failure == NULL)
        return code == rules->lock_failure_code
               || (code != 0 && code == rules->lock_failure_late && took_us >= swap->load->how->lock_timeout * 1000);
    return strcmp(state, rules->lock_failure) == 0 || strcmp(state, "40P01") == 0;
}

static int32_t
give_up_lock(incload__swap *swap, const attempts *tries, incload_error *failure, incload_error **err)
{
    incload__rows rows = { .mem = swap->load->mem };
    incload_error *told = NULL;

    incload__swap_ask(swap, swap->rules->blockers, &swap->load->target_name, NULL, &rows, NULL);
    int32_t status =
        give_up(swap, tries, "its exclusive lock was not to be had in time, in the way stood", &rows, &told);
    incload__error_set_cause(&told, failure);
    incload__error_pass(err, told);
    incload__rows_free(&rows);
    return status;
}

int32_t
incload__swap_in_time(incload__swap *swap, int32_t (*publish)(incload__swap *, incload_error **), incload_error **err)
{
    attempts tries;

    begin_tries(swap, &tries);
    for (;;) {
        incload_error *failure = NULL;
        int64_t began_us = incload__monotonic_us(swap->load->env);
        int32_t status = publish(swap, &failure);
        if (status == INCLOAD_OK)
            return INCLOAD_OK;
        int64_t took_us = incload__monotonic_us(swap->load->env) - began_us;
        if (swap->rules->changed != NULL && strcmp(incload_error_sqlstate(failure), swap->rules->changed) == 0)
            return incload__swap_fail_changed(swap, failure, err);
        if (!was_locked(swap, failure, took_us)) {
            incload__error_prefix(&failure, "publishing the staging table");
            incload__error_pass(err, failure);
            return status;
        }
        if (!try_again(swap, &tries))
            return give_up_lock(swap, &tries, failure, err);
        incload_error_unref(failure);
    }
}

/* ---- after it ---- */

static int32_t
record_swapped(incload__swap *swap, incload__conn *conn, bool *found, incload_error **err)
{
    int32_t status = conn->driver->begin(conn, err);

    if (status == INCLOAD_OK)
        status =
            incload__object_change(&swap->load->ledger, conn, swap->old_name, swap->old_name, "swapped", found, err);
    if (status == INCLOAD_OK)
        status = conn->driver->commit(conn, err);
    if (status != INCLOAD_OK)
        conn->driver->rollback(conn, NULL);
    return status;
}

/* The swap's COMMIT was not flushed; this one is, and with it all before it. A cancel or a lost connection must not
 * keep the run from knowing what it did: then it is asked on another connection, under an owner of its own. */
static int32_t
make_durable(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    incload__conn *conn = NULL;
    incload_error *failure = NULL;
    bool found = false;

    if (load->to != NULL && record_swapped(swap, load->to, &found, NULL) == INCLOAD_OK && found)
        return INCLOAD_OK;
    int32_t status = incload__database_take(load->spec->target, INCLOAD__ROLE_WRITE,
                                            incload__deadline_in(load->env, DURABLE_MS), &found, &conn, &failure);
    if (status == INCLOAD_OK)
        status = record_swapped(swap, conn, &found, &failure);
    if (conn != NULL)
        incload__database_give_back(load->spec->target, conn);
    if (status == INCLOAD_OK && !found) {
        status = incload__fail(err, INCLOAD_E_CONNECT,
                               "the target's server ended before the swap was on its disk: the old table stands; run "
                               "the load again");
        incload__error_set_server(err, "08006", 0, true);
    } else if (status != INCLOAD_OK) {
        status = incload__fail(err, INCLOAD_E_COMMIT_UNKNOWN,
                               "the swap was committed, but whether it is on the target's disk could not be learned: "
                               "run the load again, it repairs what there is to repair");
        incload__error_set_cause(err, failure);
        return status;
    }
    incload_error_unref(failure);
    return status;
}

void
incload__swap_drop_old(incload__swap *swap)
{
    incload_error *failure = NULL;
    bool gone = false;

    if (swap->load->to == NULL)
        return;
    if (incload__swap_drop(swap, &swap->old, swap->mark, &gone, &failure) != INCLOAD_OK)
        incload__swap_notice(swap, "the old table %s could not be dropped yet, the next load does it: %s",
                             swap->old_name, incload_error_message(failure));
    incload_error_unref(failure);
}

int32_t
incload__swap_publish(incload__swap *swap, incload_error **err)
{
    int32_t status = wait_for_snapshots(swap, err);

    if (status == INCLOAD_OK)
        status = incload__swap_in_time(swap, publish_once, err);
    INCLOAD__PASS("swap.published");
    if (status == INCLOAD_OK)
        status = make_durable(swap, err);
    INCLOAD__PASS("swap.durable");
    if (status == INCLOAD_OK)
        incload__swap_drop_old(swap);
    return status;
}
