/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/unit.h"

#include <string.h>

int32_t
incload__unit_init(incload_unit *unit, const incload__env *env, const char *step, const char *label,
                   const char *run_id)
{
    unit->env = env;
    unit->step = incload__strdup(&env->mem, step);
    unit->label = incload__strdup(&env->mem, label);
    unit->run_id = incload__strdup(&env->mem, run_id);
    unit->attempt = 1;
    return unit->step != NULL && unit->label != NULL && unit->run_id != NULL ? INCLOAD_OK : INCLOAD_E_NO_MEMORY;
}

void
incload__unit_free(incload_unit *unit)
{
    if (unit->env == NULL)
        return;
    incload__free(&unit->env->mem, unit->step);
    incload__free(&unit->env->mem, unit->label);
    incload__free(&unit->env->mem, unit->run_id);
    incload__free(&unit->env->mem, unit->failure);
    unit->env = NULL;
}

const char *
incload_unit_label(const incload_unit *unit)
{
    return unit != NULL ? unit->label : "";
}

const char *
incload_unit_step(const incload_unit *unit)
{
    return unit != NULL ? unit->step : "";
}

const char *
incload_unit_run_id(const incload_unit *unit)
{
    return unit != NULL ? unit->run_id : "";
}

int32_t
incload_unit_attempt(const incload_unit *unit)
{
    return unit != NULL ? unit->attempt : 0;
}

int32_t
incload_unit_is_cancelled(const incload_unit *unit)
{
    if (unit == NULL)
        return 0;
    if (unit->cancelled != NULL && atomic_load(unit->cancelled))
        return 1;
    return unit->deadline_us != 0 && incload__monotonic_us(unit->env) >= unit->deadline_us;
}

int32_t
incload_unit_fail(incload_unit *unit, const char *message)
{
    if (unit != NULL && message != NULL) {
        incload__free(&unit->env->mem, unit->failure);
        unit->failure = incload__strdup(&unit->env->mem, message);
    }
    return 0;
}
