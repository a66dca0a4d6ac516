/* SPDX-License-Identifier: Apache-2.0 */
/* A swap where DDL commits: one statement takes both tables to their new names, and the ledger, which cannot be in its
 * transaction, says before it that it comes and after it that it is done. What was cut off between the two is completed
 * or undone by the next run (swap_sweep.c), which tells by the tables that are there. */
#include <string.h>

#include "load/swap.h"

#include "driver/failpoint.h"

/* Every table of ours is in the ledger before it is in the schema. */
static int32_t
make_stage(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    int32_t status = incload__swap_read_digest(swap, &swap->digest, err);

    if (status == INCLOAD_OK)
        status = incload__swap_find_obstacles(swap, err);
    if (status == INCLOAD_OK)
        status = incload__swap_ask(swap, swap->rules->plan, &load->target_name, swap->token, &swap->plan, err);
    if (status == INCLOAD_OK)
        status = incload__swap_write_down(swap, err);
    if (status == INCLOAD_OK && (status = incload__swap_phase(swap, "make", err)) != INCLOAD_OK)
        incload__error_prefix(err, "making the staging table");
    if (status == INCLOAD_OK)
        status = incload__evolve_stage(load, &swap->stage, err);
    return status == INCLOAD_OK ? incload__swap_set_indexes_aside(swap, err) : status;
}

static int32_t
fill_stage(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    const char *before_copy = load->to->dialect->before_copy;
    int64_t begun_us = incload__monotonic_us(load->env);
    incload_error *failure = NULL;
    int32_t status = load->from->driver->begin(load->from, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "source");
    if (load->road == INCLOAD__ROAD_SAME_DATABASE && before_copy != NULL)
        status = load->to->driver->execute(load->to, before_copy, NULL, 0, NULL, err);
    if (status == INCLOAD_OK)
        status = load->to->driver->begin(load->to, err);
    if (status == INCLOAD_OK)
        status = incload__swap_transfer(swap, err);
    if (status == INCLOAD_OK)
        status = incload__swap_check(swap, err);
    INCLOAD__FAILPOINT_ON(status, load->to, "swap.fill.commit.before", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = load->to->driver->commit(load->to, &failure);
    if (status == INCLOAD_E_COMMIT_UNKNOWN)
        status = incload__swap_stage_unknown(failure, err);
    else if (failure != NULL)
        incload__error_pass(err, failure);
    swap->filling_us = incload__monotonic_us(load->env) - begun_us;
    return status;
}

static int32_t
finish_stage(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    incload__str sql = INCLOAD__STR(load->mem);
    incload__rows rows = { .mem = load->mem };
    int32_t status = incload__swap_build_indexes(swap, err);

    /* An index is refused to snapshots from before it was built, as the rebuilt table is. */
    if (status == INCLOAD_OK)
        status = incload__swap_settle_views(swap, err);
    incload__str_addf(&sql, "%s%s", swap->rules->analyze, load->destination);
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK && load->rehearsed)
        status = load->to->driver->execute(load->to, incload__str_text(&sql), NULL, 0, NULL, err);
    else if (status == INCLOAD_OK)
        status = load->to->driver->select(load->to, incload__str_text(&sql), NULL, 0, &rows, err);
    incload__rows_free(&rows);
    incload__str_free(&sql);
    return status;
}

/* Under the lease, so that a run that took over does not meet a rename it has not seen announced. */
static int32_t
announce(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    const incload_unit *unit = load->unit;
    int32_t status = load->to->driver->begin(load->to, err);

    /* The lease that a rehearsal takes stands in no ledger. */
    if (status == INCLOAD_OK && load->lease->epoch != 0 && !load->rehearsed)
        status = incload__lease_renew(load->lease, &load->ledger, load->to, err);
    if (status == INCLOAD_OK)
        status = incload__object_announce(&load->ledger, load->to, swap->stage_name, atomic_load(&unit->rows_read),
                                          atomic_load(&unit->rows_written), err);
    if (status == INCLOAD_OK)
        status = load->to->driver->commit(load->to, err);
    INCLOAD__FAILPOINT_ON(status, load->to, "swap.announced", INCLOAD_E_CONNECT, err);
    if (status != INCLOAD_OK)
        load->to->driver->rollback(load->to, NULL);
    return status;
}

static int32_t
check_shape(incload__swap *swap, incload_error **err)
{
    char *now = NULL;
    int32_t status = incload__swap_read_digest(swap, &now, err);

    if (status == INCLOAD_OK && strcmp(now, swap->digest) != 0)
        status = incload__swap_fail_changed(swap, NULL, err);
    incload__free(swap->load->mem, now);
    return status;
}

/* An interrupt may come when the rename is done already. */
static bool
was_done(incload__swap *swap)
{
    incload__rows stage, old;
    bool done =
        incload__swap_ask(swap, swap->rules->made, &swap->stage, NULL, &stage, NULL) == INCLOAD_OK && stage.count == 0;

    done = incload__swap_ask(swap, swap->rules->made, &swap->old, NULL, &old, NULL) == INCLOAD_OK && old.count == 1
           && done;
    incload__rows_free(&stage);
    incload__rows_free(&old);
    return done;
}

static int32_t
rename_once(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    incload__str limit = INCLOAD__STR(load->mem);
    incload_error *failure = NULL;
    int32_t status = check_shape(swap, err);

    if (status != INCLOAD_OK)
        return status;
    swap->rules->set_lock_timeout(&limit, load->how->lock_timeout > 0 ? load->how->lock_timeout : 1);
    status = incload__swap_execute(swap, &limit, err);
    if (status == INCLOAD_OK)
        status = incload__swap_phase(swap, "publish", &failure);
    INCLOAD__FAILPOINT_ON(status, load->to, "swap.renamed", INCLOAD_E_CONNECT, &failure);
    load->to->driver->execute(load->to, swap->rules->no_lock_timeout, NULL, 0, NULL, NULL);
    if (status != INCLOAD_OK && was_done(swap)) {
        incload_error_unref(failure);
        return INCLOAD_OK;
    }
    incload__error_pass(err, failure);
    return status;
}

/* The rename stands: only the ledger is behind it, and the next run brings it up if this one cannot. */
static int32_t
record(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    int32_t status = load->to->driver->begin(load->to, err);

    if (status == INCLOAD_OK)
        status = incload__object_change(&load->ledger, load->to, swap->stage_name, swap->old_name, "old", NULL, err);
    atomic_store(load->settling, true);
    INCLOAD__FAILPOINT_ON(status, load->to, "swap.record", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = incload__commit(load->group, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "the new table is in its place, but was not recorded (the next run does that)");
    return status;
}

int32_t
incload__swap_by_statement(incload__swap *swap, incload_error **err)
{
    int32_t status = make_stage(swap, err);

    if (status == INCLOAD_OK)
        status = fill_stage(swap, err);
    if (status == INCLOAD_OK)
        status = finish_stage(swap, err);
    if (status == INCLOAD_OK)
        status = announce(swap, err);
    if (status == INCLOAD_OK)
        status = incload__swap_in_time(swap, rename_once, err);
    if (status != INCLOAD_OK) {
        incload__swap_discard_stage(swap);
        return status;
    }
    status = record(swap, err);
    INCLOAD__PASS("swap.recorded");
    if (status == INCLOAD_OK)
        incload__swap_drop_old(swap);
    return status;
}
