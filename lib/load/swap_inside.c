/* SPDX-License-Identifier: Apache-2.0 */
/* A swap where one transaction holds all of it, DDL as well, and readers see none of it until its commit. */
#include <string.h>

#include "load/swap.h"

#include "driver/failpoint.h"

static int32_t
run_all(incload__swap *swap, const char *const *statements, incload_error **err)
{
    incload__conn *conn = swap->load->to;
    int32_t status = INCLOAD_OK;

    for (; status == INCLOAD_OK && statements != NULL && *statements != NULL; statements++)
        status = conn->driver->execute(conn, *statements, NULL, 0, NULL, err);
    return status;
}

static int32_t
ask_keys(incload__swap *swap, bool *enforced, incload_error **err)
{
    incload__conn *conn = swap->load->to;
    incload__rows rows = { .mem = swap->load->mem };
    int32_t status = conn->driver->select(conn, swap->rules->keys_query, NULL, 0, &rows, err);

    if (status != INCLOAD_OK)
        return status;
    const char *text = incload__rows_get(&rows, 0, 0);
    *enforced = text != NULL && strcmp(text, "1") == 0;
    incload__rows_free(&rows);
    return INCLOAD_OK;
}

static int32_t
make_stage(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    incload__str name = INCLOAD__STR(load->mem), sql = INCLOAD__STR(load->mem);
    const char *create = incload__rows_get(&swap->plan, 0, 1);
    char target[200];
    int32_t status = incload__quote_table(load->to->dialect, &name, &swap->stage, err);

    if (status == INCLOAD_OK && name.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK && (create == NULL || !swap->rules->rename_create(&sql, create, incload__str_text(&name))))
        status = incload__fail(err, INCLOAD_E_UNSUPPORTED,
                               "the catalog describes target table %s in an unknown form: take write=merge",
                               incload__table_text(&load->target_name, target, sizeof target));
    incload__str_free(&name);
    if (status == INCLOAD_OK)
        return incload__swap_execute(swap, &sql, err);
    incload__str_free(&sql);
    return status;
}

/* Where the session enforces foreign keys they must hold for the new rows, too, on both of their ends. */
static int32_t
check_keys(incload__swap *swap, bool enforced, incload_error **err)
{
    incload__str list = INCLOAD__STR(swap->load->mem);
    incload__rows rows;
    char name[200];

    if (!enforced)
        return INCLOAD_OK;
    int32_t status = incload__swap_ask(swap, swap->rules->strays, &swap->load->target_name, NULL, &rows, err);
    if (status == INCLOAD_OK && rows.count > 0) {
        status = incload__swap_list(&rows, &list);
        status = status != INCLOAD_OK
                     ? incload__fail_memory(err)
                     : incload__fail(err, INCLOAD_E_CONSTRAINT,
                                     "with the new rows of target table %s, foreign keys point to nothing, in table "
                                     "(parent): %s; nothing was published",
                                     incload__table_text(&swap->load->target_name, name, sizeof name),
                                     incload__str_text(&list));
    }
    incload__rows_free(&rows);
    incload__str_free(&list);
    return status;
}

static int32_t
swap_tables(incload__swap *swap, bool enforced, incload_error **err)
{
    incload__load *load = swap->load;
    int32_t status = load->from->driver->begin(load->from, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "source");
    status = load->to->driver->begin(load->to, err);
    if (status == INCLOAD_OK)
        status = incload__swap_find_obstacles(swap, err);
    if (status == INCLOAD_OK)
        status = incload__swap_ask(swap, swap->rules->plan, &load->target_name, swap->token, &swap->plan, err);
    if (status == INCLOAD_OK)
        status = make_stage(swap, err);
    if (status == INCLOAD_OK)
        status = incload__evolve_stage(load, &swap->stage, err);
    if (status == INCLOAD_OK)
        status = incload__swap_transfer(swap, err);
    if (status == INCLOAD_OK)
        status = incload__swap_check(swap, err);
    if (status == INCLOAD_OK && (status = incload__swap_phase(swap, "publish", err)) != INCLOAD_OK)
        incload__error_prefix(err, "publishing the staging table");
    INCLOAD__FAILPOINT_ON(status, load->to, "swap.inside.published", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = check_keys(swap, enforced, err);
    return status == INCLOAD_OK ? incload__commit(load->group, err) : status;
}

/* A connection that could not be set back is no good for others. */
static void
set_back(incload__swap *swap, bool enforced)
{
    incload__conn *conn = swap->load->to;

    if (conn == NULL)
        return;
    conn->driver->rollback(conn, NULL);
    if (run_all(swap, swap->rules->after, NULL) != INCLOAD_OK
        || (enforced && conn->driver->execute(conn, swap->rules->keys_on, NULL, 0, NULL, NULL) != INCLOAD_OK))
        conn->txn = INCLOAD__TXN_DEAD;
}

int32_t
incload__swap_inside(incload__swap *swap, incload_error **err)
{
    bool enforced = false;
    int32_t status = ask_keys(swap, &enforced, err);

    if (status == INCLOAD_OK)
        status = run_all(swap, swap->rules->before, err);
    if (status == INCLOAD_OK)
        status = swap_tables(swap, enforced, err);
    swap->load->from->driver->rollback(swap->load->from, NULL);
    set_back(swap, enforced);
    return status;
}
