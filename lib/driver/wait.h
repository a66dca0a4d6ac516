/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting on a condition by the environment's clock. */
#ifndef INCLOAD_LIB_DRIVER_WAIT_H
#define INCLOAD_LIB_DRIVER_WAIT_H

#include <pthread.h>

#include "base/env.h"

typedef struct incload__monitor {
    pthread_mutex_t lock;
    pthread_cond_t changed;
} incload__monitor;

/* INCLOAD_OK or INCLOAD_E_NO_MEMORY. */
int32_t incload__monitor_init(incload__monitor *monitor);
void incload__monitor_free(incload__monitor *monitor);
void incload__monitor_lock(incload__monitor *monitor);
void incload__monitor_unlock(incload__monitor *monitor);
/* Wakes every waiter; the lock is held. */
void incload__monitor_notify(incload__monitor *monitor);
/* With the lock held: waits for a notification, or until the environment's clock reads `until_us` (0: no end). It
 * may return early, so the caller looks at its condition and its clock again. */
void incload__monitor_wait(incload__monitor *monitor, const incload__env *env, int64_t until_us);

#endif
