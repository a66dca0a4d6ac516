/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of one database, taken and given back. Any thread; a connection that was taken belongs to its taker
 * alone.
 *
 * No lock is held while a connection is made, pinged, cancelled or closed. In a forked child nothing talks and nothing
 * locks: take is refused, the rest frees memory only. */
#ifndef INCLOAD_LIB_DRIVER_POOL_H
#define INCLOAD_LIB_DRIVER_POOL_H

#include "driver/driver.h"

typedef struct incload__pool incload__pool;

typedef struct incload__pool_config {
    const incload__env *env;  /* outlives the pool */
    incload_context *context; /* the one that owns env, or NULL */
    const incload__driver *driver;
    const char *url;              /* copied, and wiped in the end */
    const char *application_name; /* copied; may be NULL */
    void *host_data;              /* for the driver; outlives the pool */
    int64_t connect_timeout_ms;   /* for a connect or a ping; 0: the taker's deadline alone */
    int32_t max;                  /* connections in use at once, 1 to 10000 */
    int32_t max_idle;             /* kept for each role, 0 to 10000 */
} incload__pool_config;

/* NULL with INCLOAD_E_INVALID for a limit out of range, INCLOAD_E_NO_MEMORY. Does not connect. */
incload__pool *incload__pool_new(const incload__pool_config *config, incload_error **err);
/* Closes the idle connections. None may be in use. NULL is fine. */
void incload__pool_free(incload__pool *pool);

/* An idle connection of that role (pinged if it has rested for more than half a second) or a new one. While `max`
 * are in use it waits, first come first served: INCLOAD_E_TIMEOUT says the limit. `deadline_us` 0: no deadline.
 * `owner` is what incload__pool_cancel() goes by. */
int32_t incload__pool_take(incload__pool *pool, incload__role role, int64_t deadline_us, const void *owner,
                           incload__conn **out, incload_error **err);
/* As above, for an owner that may be cancelled before it takes: `cancelled` is set before incload__pool_cancel() is
 * called, so one of the two is seen. */
int32_t incload__pool_take_unless(incload__pool *pool, const atomic_bool *cancelled, incload__role role,
                                  int64_t deadline_us, const void *owner, incload__conn **out, incload_error **err);
/* Kept if no transaction is open and nothing is wrong with it, else closed. NULL is fine. */
void incload__pool_give_back(incload__pool *pool, incload__conn *conn);

/* Cancels what this owner's connections are doing, and its waiting for one; owner NULL: everyone's. Takes that
 * begin later are not touched. */
void incload__pool_cancel(incload__pool *pool, const void *owner);
/* Closes connections that have been idle for at least so long; 0: all idle ones. */
void incload__pool_close_idle(incload__pool *pool, int64_t idle_ms);
void incload__pool_counts(incload__pool *pool, int32_t *in_use, int32_t *idle);
/* How many wait for a connection. */
int32_t incload__pool_waiting(incload__pool *pool);

#endif
