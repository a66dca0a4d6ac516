/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "driver/wait.h"

#include <incload/base.h>

#include <time.h>

/* A host's own clock cannot wake a thread: it is looked at this often. */
enum { HOST_CLOCK_SLICE_US = 5000 };

int32_t
incload__monitor_init(incload__monitor *monitor)
{
    pthread_condattr_t attributes;

    if (pthread_condattr_init(&attributes) != 0)
        return INCLOAD_E_NO_MEMORY;
    /* By the wall clock a wait would end early or late when someone sets the time. */
    int failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (failed == 0)
        failed = pthread_cond_init(&monitor->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (failed != 0)
        return INCLOAD_E_NO_MEMORY;
    if (pthread_mutex_init(&monitor->lock, NULL) != 0) {
        pthread_cond_destroy(&monitor->changed);
        return INCLOAD_E_NO_MEMORY;
    }
    return INCLOAD_OK;
}

void
incload__monitor_free(incload__monitor *monitor)
{
    pthread_mutex_destroy(&monitor->lock);
    pthread_cond_destroy(&monitor->changed);
}

void
incload__monitor_lock(incload__monitor *monitor)
{
    pthread_mutex_lock(&monitor->lock);
}

void
incload__monitor_unlock(incload__monitor *monitor)
{
    pthread_mutex_unlock(&monitor->lock);
}

void
incload__monitor_notify(incload__monitor *monitor)
{
    pthread_cond_broadcast(&monitor->changed);
}

void
incload__monitor_wait(incload__monitor *monitor, const incload__env *env, int64_t until_us)
{
    int64_t left = INT64_MAX;

    if (until_us != 0)
        left = until_us - incload__monotonic_us(env);
    if (env->monotonic_us != NULL && left > HOST_CLOCK_SLICE_US)
        left = HOST_CLOCK_SLICE_US;
    if (left <= 0)
        return;
    if (left == INT64_MAX) {
        pthread_cond_wait(&monitor->changed, &monitor->lock);
        return;
    }
    int64_t end = incload__monotonic_us(&incload__env_system) + left;
    struct timespec when = { .tv_sec = (time_t)(end / 1000000), .tv_nsec = (long)(end % 1000000) * 1000 };
    pthread_cond_timedwait(&monitor->changed, &monitor->lock, &when);
}
