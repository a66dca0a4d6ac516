/* SPDX-License-Identifier: Apache-2.0 */
/* A step that is several loads, which land in one transaction. */
#include <string.h>

#include "run/step.h"

static const incload__option group_option_list[] = {
    { "name", INCLOAD_OPTION_TEXT, offsetof(incload__step_values, name), "", 0, 0, "", "", "0.1",
      "The group's name, for messages, events and the ledger's table of runs. It must be given, and none of its loads "
      "may have it." },
};

const incload__option_table incload__group_options = INCLOAD__OPTION_TABLE("group", group_option_list);

/* ---- what may stand together ---- */

static int32_t
check_load(incload_step *const *loads, int32_t index, incload_error **err)
{
    const incload_step *load = loads[index];

    if (load == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "load %d of the group must not be NULL", (int)index);
    if (load->load_count > 0)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "'%s' is a group itself, and groups do not nest: name its loads instead",
                             incload__step_name(load));
    if (load->kind != INCLOAD__STEP_LOAD)
        return incload__fail(err, INCLOAD_E_INVALID, "'%s' is no load: a group is of loads alone",
                             incload__step_name(load));
    if (load->target != loads[0]->target)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "loads '%s' and '%s' have different targets, so no transaction can hold both: make all "
                             "loads of a group with one handle of the target",
                             incload__step_name(loads[0]), incload__step_name(load));
    return INCLOAD_OK;
}

/* Names that are written in another way are told by the run, which knows the schema. */
static int32_t
check_pair(const incload_step *a, const incload_step *b, incload_error **err)
{
    if (strcmp(incload__step_name(a), incload__step_name(b)) == 0)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "two loads of the group have the name '%s': give each its own by the step's option 'name'",
                             incload__step_name(a));
    if (strcmp(a->target_table, b->target_table) == 0)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "loads '%s' and '%s' of one group have the same target table %s: run them one after the "
                             "other",
                             incload__step_name(a), incload__step_name(b), a->target_table);
    return INCLOAD_OK;
}

static int32_t
check_loads(incload_step *const *loads, int32_t count, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    if (loads == NULL || count < 2 || count > INCLOAD__MOST_LOADS)
        return incload__fail(err, INCLOAD_E_INVALID, "a group has 2 to %d loads, not %d", INCLOAD__MOST_LOADS,
                             loads != NULL ? (int)count : 0);
    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++)
        status = check_load(loads, i, err);
    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++) {
        for (int32_t j = 0; j < i && status == INCLOAD_OK; j++)
            status = check_pair(loads[j], loads[i], err);
    }
    return status;
}

static int32_t
check_name(const incload_step *group, incload_error **err)
{
    const char *name = group->values.name;

    if (name == NULL || name[0] == '\0')
        return incload__fail(err, INCLOAD_E_INVALID, "a group needs a name: give it one by the option 'name'");
    for (int32_t i = 0; i < group->load_count; i++) {
        if (strcmp(incload__step_name(group->loads[i]), name) == 0)
            return incload__fail(err, INCLOAD_E_INVALID,
                                 "the group has the name of its load '%s': give it one of its own", name);
    }
    return INCLOAD_OK;
}

/* ---- the step ---- */

static incload_step *
group_new(incload_step *const *loads, int32_t count, incload_error **err)
{
    const incload__mem *mem = loads[0]->mem;
    incload_step *group = incload__alloc(mem, sizeof *group);

    if (group == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&group->refs, 1);
    atomic_init(&group->frozen, false);
    group->mem = mem;
    group->target = incload_database_ref(loads[0]->target);
    group->loads = incload__alloc_array(mem, (size_t)count, sizeof *group->loads);
    if (group->loads == NULL) {
        incload__fail_memory(err);
        incload_step_unref(group);
        return NULL;
    }
    for (; group->load_count < count; group->load_count++)
        group->loads[group->load_count] = incload_step_ref(loads[group->load_count]);
    return group;
}

static int32_t
fill(incload_step *group, const char *options, incload_error **err)
{
    int32_t status = incload__options_init(&incload__group_options, group->mem, &group->values, err);

    if (status == INCLOAD_OK)
        status = incload__options_parse(&incload__group_options, group->mem, &group->values, options, err);
    if (status == INCLOAD_OK)
        status = check_name(group, err);
    if (status != INCLOAD_OK)
        return status;
    group->target_table = incload__strdup(group->mem, group->values.name);
    return group->target_table != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

incload_step *
incload_step_new_group(incload_step *const *loads, int32_t count, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (check_loads(loads, count, err) != INCLOAD_OK)
        return NULL;
    incload_step *group = group_new(loads, count, err);
    if (group == NULL)
        return NULL;
    if (fill(group, options, err) != INCLOAD_OK) {
        incload_step_unref(group);
        return NULL;
    }
    /* What was found to stand together stays so. */
    incload__step_freeze(group);
    return group;
}

int32_t
incload__step_load_count(const incload_step *step)
{
    return step->load_count;
}

incload_step *
incload__step_load(const incload_step *step, int32_t index)
{
    return step->loads[index];
}

int32_t
incload__step_check_alone(const incload_step *step, const char *what, incload_error **err)
{
    if (step == NULL || (step->kind == INCLOAD__STEP_LOAD && step->load_count == 0))
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_UNSUPPORTED, "%s '%s' %s",
                         step->kind == INCLOAD__STEP_LOAD       ? "group"
                         : step->kind == INCLOAD__STEP_FUNCTION ? "function"
                                                                : "backfill",
                         incload__step_name(step), what);
}
