/* SPDX-License-Identifier: Apache-2.0 */
/* One load from begin to end: connect, plan, and carry out. */
#include "load/load.h"

#include <string.h>

#include "load/internal.h"

static int32_t
connect_both(incload__load *load, incload_error **err)
{
    const incload__load_spec *spec = load->spec;
    int32_t status =
        incload__database_take(spec->source, INCLOAD__ROLE_READ, spec->deadline_us, spec->owner, &load->from, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "source");
    status = incload__database_take(spec->target, INCLOAD__ROLE_WRITE, spec->deadline_us, spec->owner, &load->to, err);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "target");
    status =
        incload__ledger_init(&load->ledger, load->mem, load->to->dialect, incload__database_ledger(spec->target), err);
    if (status == INCLOAD_OK)
        status = incload__ledger_ensure(&load->ledger, load->to, err);
    if (status == INCLOAD_OK)
        status = incload__ledger_read(&load->ledger, load->to, spec->name, &load->before, err);
    return status;
}

static void
load_free(incload__load *load)
{
    if (load->from != NULL)
        incload__database_give_back(load->spec->source, load->from);
    if (load->to != NULL)
        incload__database_give_back(load->spec->target, load->to);
    incload__ledger_free(&load->ledger);
    incload__position_free(&load->before);
    incload__table_free(load->mem, &load->source_name);
    incload__table_free(load->mem, &load->target_name);
    incload__schema_free(&load->shape);
    incload__schema_free(&load->travel);
    incload__schema_free(&load->target);
    incload__schema_free(&load->write);
    incload__free(load->mem, load->destination);
    incload__free(load->mem, load->high);
    incload__free(load->mem, load);
}

int32_t
incload__load_run(const incload__load_spec *spec, incload_unit *unit, incload__load_result *result, incload_error **err)
{
    const incload__env *env = incload__database_env(spec->target);
    incload__load *load = incload__alloc(&env->mem, sizeof *load);

    if (load == NULL)
        return incload__fail_memory(err);
    load->spec = spec;
    load->how = spec->how;
    load->unit = unit;
    load->result = result;
    load->env = env;
    load->mem = &env->mem;
    load->cursor = -1;
    load->latest_by = -1;
    load->started_us = incload__wall_us(env);
    incload__schema_init(&load->shape, load->mem);
    incload__schema_init(&load->travel, load->mem);
    incload__schema_init(&load->target, load->mem);
    incload__schema_init(&load->write, load->mem);

    int32_t status = connect_both(load, err);
    if (status == INCLOAD_OK)
        status = incload__plan(load, err);
    if (status == INCLOAD_OK)
        status = incload__carry_out(load, err);
    if (status != INCLOAD_OK)
        incload__withdraw_report(load);
    load_free(load);
    return status;
}

void
incload__load_result_free(const incload__mem *mem, incload__load_result *result)
{
    incload__free(mem, result->road_reason);
    incload__free(mem, result->watermark);
    result->road_reason = NULL;
    result->watermark = NULL;
}
