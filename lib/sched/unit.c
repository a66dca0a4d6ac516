/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "sched/unit.h"

#include <string.h>
#include <time.h>

/* A host's own clock cannot wake a thread: it is looked at this often. */
enum { HOST_CLOCK_SLICE_US = 5000, LONGEST_SLICE_US = 3600000000 };

static void
make_clockwork(incload_unit *unit)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&unit->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&unit->woken, &attributes);
    pthread_condattr_destroy(&attributes);
}

int32_t
incload__unit_init(incload_unit *unit, const incload__env *env, const char *step, const char *label,
                   const char *run_id)
{
    make_clockwork(unit);
    unit->env = env;
    unit->step = incload__strdup(&env->mem, step);
    unit->label = incload__strdup(&env->mem, label);
    unit->run_id = incload__strdup(&env->mem, run_id);
    atomic_init(&unit->attempt, 1);
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
    pthread_cond_destroy(&unit->woken);
    pthread_mutex_destroy(&unit->lock);
    unit->env = NULL;
}

void
incload__unit_clear(incload_unit *unit)
{
    incload__free(&unit->env->mem, unit->failure);
    unit->failure = NULL;
    atomic_store(&unit->rows_read, 0);
    atomic_store(&unit->rows_written, 0);
    atomic_store(&unit->rows_skipped, 0);
    atomic_store(&unit->rows_rejected, 0);
    atomic_store(&unit->rows_without_cursor, 0);
    atomic_store(&unit->rows_deleted, 0);
    atomic_store(&unit->bytes, 0);
}

void
incload__unit_restart(incload_unit *unit)
{
    incload__unit_clear(unit);
    atomic_fetch_add(&unit->attempt, 1);
}

/* With the lock held. */
static void
sleep_for(incload_unit *unit, int64_t us)
{
    struct timespec until;

    if (unit->env->monotonic_us != NULL && us > HOST_CLOCK_SLICE_US)
        us = HOST_CLOCK_SLICE_US;
    if (us > LONGEST_SLICE_US)
        us = LONGEST_SLICE_US;
    int64_t end = incload__monotonic_us(&incload__env_system) + us;
    until.tv_sec = (time_t)(end / 1000000);
    until.tv_nsec = (long)(end % 1000000) * 1000;
    pthread_cond_timedwait(&unit->woken, &unit->lock, &until);
}

bool
incload__unit_pause(incload_unit *unit, int64_t until_us)
{
    return incload__unit_rest(unit, until_us, NULL);
}

bool
incload__unit_rest(incload_unit *unit, int64_t until_us, const atomic_bool *enough)
{
    pthread_mutex_lock(&unit->lock);
    bool goes_on = incload_unit_is_cancelled(unit) == 0;
    int64_t now = incload__monotonic_us(unit->env);
    while (goes_on && now < until_us && (enough == NULL || !atomic_load(enough))) {
        int64_t end = unit->deadline_us != 0 && unit->deadline_us < until_us ? unit->deadline_us : until_us;
        if (end > now)
            sleep_for(unit, end - now);
        goes_on = incload_unit_is_cancelled(unit) == 0;
        now = incload__monotonic_us(unit->env);
    }
    pthread_mutex_unlock(&unit->lock);
    return goes_on;
}

void
incload__unit_wake(incload_unit *unit)
{
    pthread_mutex_lock(&unit->lock);
    pthread_cond_broadcast(&unit->woken);
    pthread_mutex_unlock(&unit->lock);
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
    return unit != NULL ? atomic_load(&unit->attempt) : 0;
}

int32_t
incload_unit_is_cancelled(const incload_unit *unit)
{
    if (unit == NULL)
        return 0;
    if (unit->cancelled != NULL && atomic_load(unit->cancelled))
        return 1;
    if (unit->told_to_stop != NULL && atomic_load(unit->told_to_stop))
        return 1;
    if (atomic_load(&unit->lost))
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
