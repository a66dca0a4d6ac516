/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "state/heartbeat.h"

#include <signal.h>
#include <stdatomic.h>

#include "driver/wait.h"

enum { THREAD_STACK = 1 << 20, STOP_WAIT_MS = 25 };

struct incload__heartbeat {
    atomic_int refs; /* the run's and the thread's */
    const incload__env *env;
    incload_database *target;
    incload__lease lease; /* a copy, with texts of its own */
    char *load;
    char *run_id;
    void (*lost)(void *data);
    void *data;
    incload__monitor monitor; /* guards the rest */
    bool stopping;
    bool telling; /* `lost` is being called */
    bool ended;
};

static void
beat_free(incload__heartbeat *beat)
{
    const incload__mem *mem = &beat->env->mem;
    incload_database *target = beat->target;
    /* The other one may still be about to leave the lock under which it gave up its part. */
    incload__monitor_lock(&beat->monitor);
    incload__monitor_unlock(&beat->monitor);
    incload__monitor_free(&beat->monitor);
    incload__free(mem, beat->load);
    incload__free(mem, beat->run_id);
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

/* One renewal. A failure other than a lost lease is no news for anyone: it is tried again, and the fence decides. */
static int32_t
renew(incload__heartbeat *beat)
{
    incload__ledger ledger = { 0 };
    incload__conn *conn = NULL;
    int64_t deadline = incload__monotonic_us(beat->env) + beat->lease.ttl_us / 3;

    int32_t status = incload__database_take(beat->target, INCLOAD__ROLE_WRITE, deadline, beat, &conn, NULL);
    if (status != INCLOAD_OK)
        return status;
    /* Whoever stopped us before this connection was ours could not interrupt it. */
    if (is_stopping(beat))
        status = INCLOAD_E_CANCELLED;
    if (status == INCLOAD_OK)
        status = incload__ledger_init(&ledger, &beat->env->mem, conn->dialect, incload__database_ledger(beat->target),
                                      NULL);
    if (status == INCLOAD_OK)
        status = incload__lease_renew(&beat->lease, &ledger, conn, NULL);
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
    beat->lost(beat->data);
    incload__monitor_lock(&beat->monitor);
    beat->telling = false;
}

static void *
thread_main(void *data)
{
    incload__heartbeat *beat = data;
    int64_t next = incload__monotonic_us(beat->env) + beat->lease.ttl_us / 3;
    int32_t status = INCLOAD_OK;

    incload__monitor_lock(&beat->monitor);
    while (!beat->stopping && status != INCLOAD_E_BUSY) {
        incload__monitor_wait(&beat->monitor, beat->env, next);
        if (beat->stopping || incload__monotonic_us(beat->env) < next)
            continue;
        incload__monitor_unlock(&beat->monitor);
        status = renew(beat);
        next = incload__monotonic_us(beat->env) + beat->lease.ttl_us / (status == INCLOAD_OK ? 3 : 12);
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
start_thread(incload__heartbeat *beat)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, THREAD_STACK);
    /* The new thread inherits the mask: a host's signal handlers never run on it. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread, &attributes, thread_main, beat);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return failed == 0;
}

incload__heartbeat *
incload__heartbeat_start(incload_database *target, const incload__lease *lease, void (*lost)(void *data), void *data)
{
    const incload__env *env = incload__database_env(target);
    incload__heartbeat *beat = incload__alloc(&env->mem, sizeof *beat);

    if (beat == NULL)
        return NULL;
    beat->env = env;
    beat->lease = *lease;
    beat->lost = lost;
    beat->data = data;
    beat->load = incload__strdup(&env->mem, lease->load);
    beat->run_id = incload__strdup(&env->mem, lease->run_id);
    beat->lease.load = beat->load;
    beat->lease.run_id = beat->run_id;
    if (beat->load == NULL || beat->run_id == NULL || incload__monitor_init(&beat->monitor) != INCLOAD_OK) {
        incload__free(&env->mem, beat->load);
        incload__free(&env->mem, beat->run_id);
        incload__free(&env->mem, beat);
        return NULL;
    }
    beat->target = incload_database_ref(target);
    atomic_init(&beat->refs, 2);
    if (start_thread(beat))
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
