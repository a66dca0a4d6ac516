/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes that are built once the staging table has its rows, each from them all at once. */
#include "driver/failpoint.h"
#include "load/swap.h"

/* The statements, out of the words in which the server itself describes the table. */
static int32_t
split(incload__swap *swap, const char *create, incload__str *drop, incload__str *add, incload_error **err)
{
    incload__str name = INCLOAD__STR(swap->load->mem);
    int32_t status = incload__quote_table(swap->load->to->dialect, &name, &swap->stage, err);

    if (status == INCLOAD_OK && name.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        swap->rules->set_aside(drop, add, create, incload__str_text(&name));
    incload__str_free(&name);
    return status;
}

/* In a rehearsal there is no staging table: the target has the same indexes. */
static int32_t
describe(const incload__swap *swap, incload__rows *rows, incload_error **err)
{
    incload__load *load = swap->load;
    incload__str sql = INCLOAD__STR(load->mem);

    incload__str_add(&sql, swap->rules->create_query);
    int32_t status = incload__quote_table(load->to->dialect, &sql,
                                          load->rehearsed ? &load->target_name : &swap->stage, err);
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = load->to->driver->select(load->to, incload__str_text(&sql), NULL, 0, rows, err);
    incload__str_free(&sql);
    return status;
}

int32_t
incload__swap_set_indexes_aside(incload__swap *swap, incload_error **err)
{
    const incload__mem *mem = swap->load->mem;
    incload__str drop = INCLOAD__STR(mem), add = INCLOAD__STR(mem);
    incload__rows rows = { .mem = mem };

    if (swap->rules->set_aside == NULL)
        return INCLOAD_OK;
    int32_t status = describe(swap, &rows, err);
    const char *create = status == INCLOAD_OK && rows.count == 1 ? incload__rows_get(&rows, 0, 1) : NULL;
    if (create != NULL)
        status = split(swap, create, &drop, &add, err);
    if (status == INCLOAD_OK && add.length > 0) {
        swap->indexes = incload__str_take(&add);
        status = swap->indexes == NULL ? incload__fail_memory(err) : incload__swap_execute(swap, &drop, err);
    }
    INCLOAD__FAILPOINT_ON(status, swap->load->to, "swap.indexes.aside", INCLOAD_E_CONNECT, err);
    incload__rows_free(&rows);
    incload__str_free(&drop);
    incload__str_free(&add);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "setting the staging table's indexes aside");
}

int32_t
incload__swap_build_indexes(incload__swap *swap, incload_error **err)
{
    incload__conn *conn = swap->load->to;

    if (swap->indexes == NULL)
        return INCLOAD_OK;
    int32_t status = conn->driver->execute(conn, swap->indexes, NULL, 0, NULL, err);
    INCLOAD__FAILPOINT_ON(status, conn, "swap.indexes.built", INCLOAD_E_CONNECT, err);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "building the staging table's indexes");
}
