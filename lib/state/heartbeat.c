/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "state/heartbeat.h"

#include <stdatomic.h>

#include "driver/failpoint.h"
#include "driver/wait.h"
#include "sched/thread.h"

enum { THREAD_STACK = 1 << 20, STOP_WAIT_MS = 25 };

struct incload__heartbeat {
    atomic_int refs; /* the run's and the thread's */
    const incload__env *env;
    incload_database *target;
    incload__lease *leases; /* copies, with texts of their own */
    int32_t count;
    int32_t gone;   /* the one that was lost */
    int64_t ttl_us; /* the shortest of them */
    void (*lost)(void *data, int32_t which);
    void *data;
    incload__monitor monitor; /* guards the rest */
    bool stopping;
    bool telling; /* `lost` is being called */
    bool ended;
};

static void
free_leases(incload__heartbeat *beat)
{
    const incload__mem *mem = &beat->env->mem;

    for (int32_t i = 0; i < beat->count; i++) {
        incload__free(mem, (char *)(uintptr_t)beat->leases[i].load);
        incload__free(mem, (char *)(uintptr_t)beat->leases[i].run_id);
    }
    incload__free(mem, beat->leases);
}

static void
beat_free(incload__heartbeat *beat)
{
    const incload__mem *mem = &beat->env->mem;
    incload_database *target = beat->target;
    /* The other one may still be about to leave the lock under which it gave up its part. */
    incload__monitor_lock(&beat->monitor);
    incload__monitor_unlock(&beat->monitor);
    incload__monitor_free(&beat->monitor);
    free_leases(beat);
    incload__free(mem, beat);
    /* Last: the memory is the context's, which the database holds. */
    incload_database_unref(target);
}

static bool
is_stopping(incload__heartbeat *beat)
{
    incload__monitor_lock(&beat->monitor);
    bool stopping = beat->stopping;
    incload__monitor_unlock(&beat->monitor);
    return stopping;
}

static int32_t
renew_each(incload__heartbeat *beat, const incload__ledger *ledger, incload__conn *conn)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < beat->count && status == INCLOAD_OK; i++) {
        beat->gone = i;
        if (beat->leases[i].epoch != 0)
            status = incload__lease_renew(&beat->leases[i], ledger, conn, NULL);
    }
    return status;
}

/* One renewal. A failure other than a lost lease is no news for anyone: it is tried again, and the fence decides. */
static int32_t
renew(incload__heartbeat *beat)
{
    incload__ledger ledger = { 0 };
    incload__conn *conn = NULL;
    int64_t deadline = incload__monotonic_us(beat->env) + beat->ttl_us / 3;

    int32_t status = incload__database_take(beat->target, INCLOAD__ROLE_WRITE, deadline, beat, &conn, NULL);
    if (status != INCLOAD_OK)
        return status;
    /* Whoever stopped us before this connection was ours could not interrupt it. */
    if (is_stopping(beat))
        status = INCLOAD_E_CANCELLED;
    INCLOAD__FAILPOINT_ON(status, conn, "heartbeat.beat", INCLOAD_E_CONNECT, NULL);
    if (status == INCLOAD_OK)
        status = incload__ledger_init(&ledger, &beat->env->mem, conn->dialect, incload__database_ledger(beat->target),
                                      NULL);
    if (status == INCLOAD_OK)
        status = renew_each(beat, &ledger, conn);
    incload__ledger_free(&ledger);
    incload__database_give_back(beat->target, conn);
    return status;
}

/* With the lock held. */
static void
tell_lost(incload__heartbeat *beat)
{
    if (beat->stopping)
        return;
    beat->telling = true;
    incload__monitor_unlock(&beat->monitor);
    beat->lost(beat->data, beat->gone);
    incload__monitor_lock(&beat->monitor);
    beat->telling = false;
}

static void *
thread_main(void *data)
{
    incload__heartbeat *beat = data;
    int64_t next = incload__monotonic_us(beat->env) + beat->ttl_us / 3;
    int32_t status = INCLOAD_OK;

    incload__monitor_lock(&beat->monitor);
    while (!beat->stopping && status != INCLOAD_E_BUSY) {
        incload__monitor_wait(&beat->monitor, beat->env, next);
        if (beat->stopping || incload__monotonic_us(beat->env) < next)
            continue;
        incload__monitor_unlock(&beat->monitor);
        status = renew(beat);
        next = incload__monotonic_us(beat->env) + beat->ttl_us / (status == INCLOAD_OK ? 3 : 12);
        incload__monitor_lock(&beat->monitor);
    }
    if (status == INCLOAD_E_BUSY)
        tell_lost(beat);
    /* Given up before anyone can learn of the end: who has waited for it is then the last, and what it frees is gone
     * when it returns. */
    bool last = atomic_fetch_sub_explicit(&beat->refs, 1, memory_order_acq_rel) == 1;
    beat->ended = true;
    incload__monitor_notify(&beat->monitor);
    incload__monitor_unlock(&beat->monitor);
    if (last)
        beat_free(beat);
    return NULL;
}

static bool
copy_leases(incload__heartbeat *beat, const incload__lease *leases, int32_t count)
{
    const incload__mem *mem = &beat->env->mem;
    bool whole = true;

    beat->leases = incload__alloc_array(mem, (size_t)count, sizeof *leases);
    if (beat->leases == NULL)
        return false;
    beat->count = count;
    for (int32_t i = 0; i < count; i++) {
        incload__lease *copy = &beat->leases[i];
        *copy = leases[i];
        copy->load = incload__strdup(mem, leases[i].load);
        copy->run_id = incload__strdup(mem, leases[i].run_id);
        whole = whole && copy->load != NULL && copy->run_id != NULL;
        if (copy->epoch != 0 && (beat->ttl_us == 0 || copy->ttl_us < beat->ttl_us))
            beat->ttl_us = copy->ttl_us;
    }
    return whole;
}

incload__heartbeat *
incload__heartbeat_start(incload_database *target, const incload__lease *leases, int32_t count,
                         void (*lost)(void *data, int32_t which), void *data)
{
    const incload__env *env = incload__database_env(target);
    incload__heartbeat *beat = incload__alloc(&env->mem, sizeof *beat);

    if (beat == NULL)
        return NULL;
    beat->env = env;
    beat->lost = lost;
    beat->data = data;
    if (!copy_leases(beat, leases, count) || incload__monitor_init(&beat->monitor) != INCLOAD_OK) {
        free_leases(beat);
        incload__free(&env->mem, beat);
        return NULL;
    }
    beat->target = incload_database_ref(target);
    atomic_init(&beat->refs, 2);
    int32_t status = INCLOAD_OK;
    INCLOAD__FAILPOINT(status, "heartbeat.start", INCLOAD_E_STATE, NULL);
    if (status == INCLOAD_OK && incload__thread_start(NULL, THREAD_STACK, thread_main, beat))
        return beat;
    beat_free(beat);
    return NULL;
}

void
incload__heartbeat_stop(incload__heartbeat *beat)
{
    if (beat == NULL)
        return;
    incload__monitor_lock(&beat->monitor);
    beat->stopping = true;
    bool ended = beat->ended;
    incload__monitor_notify(&beat->monitor);
    incload__monitor_unlock(&beat->monitor);
    if (!ended)
        incload__database_cancel(beat->target, beat);

    int64_t until = incload__deadline_in(&incload__env_system, STOP_WAIT_MS);
    incload__monitor_lock(&beat->monitor);
    while (!beat->ended && (beat->telling || incload__monotonic_us(&incload__env_system) < until))
        incload__monitor_wait(&beat->monitor, &incload__env_system, beat->telling ? 0 : until);
    incload__monitor_unlock(&beat->monitor);
    if (atomic_fetch_sub_explicit(&beat->refs, 1, memory_order_acq_rel) == 1)
        beat_free(beat);
}
