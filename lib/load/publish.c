/* SPDX-License-Identifier: Apache-2.0 */
/* Staging: a temporary table of the target session, and the statements that bring its rows into the target. */
#include <stdio.h>
#include <string.h>

#include "load/internal.h"

int32_t
incload__staging_make(incload__load *load, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem), name = INCLOAD__STR(load->mem);
    const incload__dialect *dialect = load->to->dialect;
    incload__table table = { NULL, load->staging };
    uint64_t token = incload__random(load->env);

    snprintf(load->staging, sizeof load->staging, "incload_staging_%08lx", (unsigned long)(token & 0xffffffffu));
    int32_t status = load->how->write == INCLOAD__WRITE_SCD2 ? incload__scd2_begin(load, err) : INCLOAD_OK;
    if (status == INCLOAD_OK)
        status = dialect->create_staging(&sql, load->staging, &load->target, err);
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = load->to->driver->execute(load->to, incload__str_text(&sql), NULL, 0, NULL, err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "making the staging table");
    if (status == INCLOAD_OK)
        status = incload__quote_table(dialect, &name, &table, err);
    if (status == INCLOAD_OK) {
        incload__free(load->mem, load->destination);
        load->destination = incload__str_take(&name);
        if (load->destination == NULL)
            status = incload__fail_memory(err);
    }
    incload__str_free(&sql);
    incload__str_free(&name);
    return status;
}

/* Rows read twice lie at the watermark: they are told by their cursor, compared in the target's own type. */
static int32_t
boundary_condition(const incload__load *load, incload__str *out, incload_error **err)
{
    const incload__dialect *dialect = load->to->dialect;
    const char *cursor = load->target.columns[load->cursor].name;

    incload__str_add(out, "s.");
    int32_t status = dialect->quote(out, "column", cursor, err);
    incload__str_add(out, " <= (SELECT MAX(");
    if (status == INCLOAD_OK)
        status = dialect->quote(out, "column", cursor, err);
    incload__str_add(out, ") FROM ");
    if (status == INCLOAD_OK)
        status = incload__quote_table(dialect, out, &load->target_name, err);
    incload__str_add(out, ")");
    if (status == INCLOAD_OK && out->failed)
        status = incload__fail_memory(err);
    return status;
}

static int32_t
drop_staging(incload__load *load, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem);

    load->to->dialect->drop_staging(&sql, load->staging);
    int32_t status = sql.failed ? incload__fail_memory(err)
                                : load->to->driver->execute(load->to, incload__str_text(&sql), NULL, 0, NULL, err);
    incload__str_free(&sql);
    return status;
}

int32_t
incload__publish(incload__load *load, incload_error **err)
{
    const incload__dialect *dialect = load->to->dialect;
    incload__statements list = { .mem = load->mem };
    incload__str boundary = INCLOAD__STR(load->mem);
    incload__merge merge = { .target = &load->target_name,
                             .staging = load->staging,
                             .columns = &load->target,
                             .key = load->key,
                             .key_count = load->key_count,
                             .latest_by = load->latest_by };
    int64_t written = 0;
    int32_t status = INCLOAD_OK;

    if (load->how->write == INCLOAD__WRITE_SCD2) {
        status = incload__scd2_publish(load, &written, err);
    } else if (load->how->write == INCLOAD__WRITE_MERGE) {
        status = dialect->merge(&list, &merge, err);
    } else {
        /* No boundary where no row is read twice: checks want staging all the same. */
        bool repeats = incload__by_cursor(load) && load->window.repeats;
        if (repeats)
            status = boundary_condition(load, &boundary, err);
        if (status == INCLOAD_OK)
            status = dialect->append(&list, &merge, repeats ? incload__str_text(&boundary) : NULL, err);
    }
    for (int32_t i = 0; i < list.count && status == INCLOAD_OK; i++) {
        int64_t affected = 0;
        status = incload__load_check(load, err);
        if (status == INCLOAD_OK)
            status = load->to->driver->execute(load->to, list.items[i].sql, NULL, 0, &affected, err);
        if (status == INCLOAD_OK && list.items[i].counts && affected > 0)
            written += affected;
    }
    if (status == INCLOAD_OK)
        status = drop_staging(load, err);
    if (status == INCLOAD_OK) {
        int64_t staged = atomic_exchange(&load->unit->rows_written, written);
        if (staged > written)
            atomic_fetch_add(&load->unit->rows_skipped, staged - written);
    } else {
        incload__error_prefix(err, "publishing the staged rows");
    }
    incload__statements_free(&list);
    incload__str_free(&boundary);
    return status;
}
