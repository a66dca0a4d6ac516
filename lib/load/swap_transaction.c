/* SPDX-License-Identifier: Apache-2.0 */
/* A swap where DDL is transactional: the staging table is made, loaded and built in one transaction, which leaves
 * nothing behind when it fails, and takes the target's place in another, which is short. */
#include <string.h>

#include "load/swap.h"

#include "driver/failpoint.h"

/* The digest first: what changes while the catalog is read shows under the lock. */
static int32_t
make_plan(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    const incload__driver *driver = load->to->driver;
    int32_t status = driver->begin(load->to, err);

    if (status == INCLOAD_OK && swap->rules->whole_names != NULL)
        status = driver->execute(load->to, swap->rules->whole_names, NULL, 0, NULL, err);
    if (status == INCLOAD_OK)
        status = incload__swap_find_partition(swap, err);
    if (status == INCLOAD_OK)
        status = incload__swap_read_digest(swap, &swap->digest, err);
    if (status == INCLOAD_OK)
        status = incload__swap_find_obstacles(swap, err);
    if (status == INCLOAD_OK)
        status = incload__swap_ask(swap, swap->rules->plan, swap->replaced, swap->token, &swap->plan, err);
    INCLOAD__FAILPOINT_ON(status, load->to, "swap.planned", INCLOAD_E_CONNECT, err);
    driver->rollback(load->to, NULL);
    return status;
}

static int32_t
grant(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    incload__rows rows;
    int32_t status = incload__swap_ask(swap, swap->rules->grants, swap->replaced, swap->token, &rows, err);

    for (int64_t i = 0; i < rows.count && status == INCLOAD_OK; i++) {
        const char *sql = incload__rows_get(&rows, i, 0);
        status = load->to->driver->execute(load->to, sql != NULL ? sql : "", NULL, 0, NULL, err);
    }
    incload__rows_free(&rows);
    return status;
}

static int32_t
build(incload__swap *swap, incload_error **err)
{
    int32_t status = incload__swap_phase(swap, "build", err);

    if (status == INCLOAD_OK)
        status = grant(swap, err);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "building the staging table");
}

int32_t
incload__swap_stage_unknown(incload_error *unknown, incload_error **err)
{
    incload_error *told = NULL;
    int32_t status = incload__fail(&told, INCLOAD_E_CONNECT,
                                   "the connection to the target broke while the staging table was committed: nothing "
                                   "was published; run the load again");

    incload__error_set_server(&told, "08006", 0, true);
    incload__error_set_cause(&told, unknown);
    incload__error_pass(err, told);
    return status;
}

static int32_t
commit_stage(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    incload_error *failure = NULL;
    int32_t status = INCLOAD_OK;

    INCLOAD__FAILPOINT_ON(status, load->to, "swap.stage.commit.before", INCLOAD_E_CONFLICT, &failure);
    if (status == INCLOAD_OK)
        status = load->to->driver->commit(load->to, &failure);
    INCLOAD__FAILPOINT_ON(status, load->to, "swap.stage.commit.after", INCLOAD_E_COMMIT_UNKNOWN, &failure);

    if (status == INCLOAD_E_COMMIT_UNKNOWN)
        status = incload__swap_stage_unknown(failure, err);
    else
        incload__error_pass(err, failure);
    swap->loaded_us = incload__wall_us(load->env);
    return status;
}

static int32_t
make_stage(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    int32_t status = load->from->driver->begin(load->from, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "source");
    status = incload__window_find(load, load->from, err);
    if (status == INCLOAD_OK)
        status = load->to->driver->begin(load->to, err);
    if (status == INCLOAD_OK)
        status = incload__swap_write_down(swap, err);
    if (status == INCLOAD_OK && (status = incload__swap_phase(swap, "make", err)) != INCLOAD_OK)
        incload__error_prefix(err, "making the staging table");
    if (status == INCLOAD_OK)
        status = incload__evolve_stage(load, &swap->stage, err);
    if (status == INCLOAD_OK)
        status = incload__swap_transfer(swap, err);
    if (status == INCLOAD_OK)
        status = incload__swap_check(swap, err);
    if (status == INCLOAD_OK)
        status = build(swap, err);
    return status == INCLOAD_OK ? commit_stage(swap, err) : status;
}

int32_t
incload__swap_by_transaction(incload__swap *swap, incload_error **err)
{
    int32_t status = make_plan(swap, err);

    if (status == INCLOAD_OK)
        status = make_stage(swap, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__swap_publish(swap, err);
    if (status != INCLOAD_OK)
        incload__swap_discard_stage(swap);
    return status;
}
