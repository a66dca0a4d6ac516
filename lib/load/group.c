/* SPDX-License-Identifier: Apache-2.0 */
/* Loads that land together: what they share, and in which order each is taken. */
#include <string.h>

#include "load/internal.h"

void
incload__group_set_target(incload__group *group, incload__conn *conn)
{
    for (int32_t i = 0; i < group->count; i++)
        group->loads[i]->to = conn;
}

/* ---- what cannot stand together ---- */

int32_t
incload__group_check_options(const incload__group *group, incload_error **err)
{
    for (int32_t i = 0; i < group->count && group->count > 1; i++) {
        const incload__load *load = group->loads[i];
        if (load->how->write == INCLOAD__WRITE_SWAP)
            return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                                 "load '%s' has write=swap, which publishes by a transaction of its own and cannot be "
                                 "one of the loads of group '%s': take write=replace there, which has the same end, or "
                                 "run the load by itself",
                                 load->spec->name, group->unit->step);
    }
    return INCLOAD_OK;
}

static bool
equal_names(const incload__table *a, const incload__table *b)
{
    if (strcmp(a->name, b->name) != 0)
        return false;
    return a->schema == b->schema || (a->schema != NULL && b->schema != NULL && strcmp(a->schema, b->schema) == 0);
}

static int32_t
check_pair(const incload__load *a, const incload__load *b, incload_error **err)
{
    bool inside = a->road == INCLOAD__ROAD_SAME_DATABASE && b->road == INCLOAD__ROAD_SAME_DATABASE;
    char table[200];

    if (equal_names(&a->target_name, &b->target_name))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "loads '%s' and '%s' of one group have the same target table %s: run them one after the "
                             "other",
                             a->spec->name, b->spec->name, incload__table_text(&a->target_name, table, sizeof table));
    /* The target's transaction can be in the snapshot of one connection. */
    if (inside && a->from != b->from && a->from->dialect->export_snapshot != NULL)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "loads '%s' and '%s' of one group read the same database by two handles: make both with "
                             "one handle, so that they share a snapshot",
                             a->spec->name, b->spec->name);
    return INCLOAD_OK;
}

int32_t
incload__group_check_plan(incload__group *group, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < group->count; i++) {
        for (int32_t j = 0; j < i && status == INCLOAD_OK; j++)
            status = check_pair(group->loads[j], group->loads[i], err);
    }
    return status;
}

/* ---- each in turn ---- */

/* Of a load alone nobody needs to be told which it was. */
static int32_t
take(incload__group *group, int32_t index, int32_t (*phase)(incload__load *load, incload_error **err),
     incload_error **err)
{
    incload__load *load = group->loads[index];
    int32_t status = phase(load, err);

    if (status == INCLOAD_OK || group->count == 1)
        return status;
    group->failed = load;
    incload__error_prefix(err, "load '%s' into table %s", load->spec->name, load->spec->target_table);
    incload__error_set_place(err, load->spec->name, group->unit->label);
    return status;
}

int32_t
incload__group_each(incload__group *group, int32_t (*phase)(incload__load *load, incload_error **err),
                    incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < group->count && status == INCLOAD_OK; i++)
        status = take(group, i, phase, err);
    return status;
}

int32_t
incload__group_each_by_name(incload__group *group, int32_t (*phase)(incload__load *load, incload_error **err),
                            incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < group->count && status == INCLOAD_OK; i++)
        status = take(group, group->by_name[i], phase, err);
    return status;
}

int32_t
incload__group_each_backwards(incload__group *group, int32_t (*phase)(incload__load *load, incload_error **err),
                              incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = group->count - 1; i >= 0 && status == INCLOAD_OK; i--)
        status = take(group, i, phase, err);
    return status;
}
