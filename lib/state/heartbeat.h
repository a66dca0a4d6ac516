/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the leases of a unit alive while it is at work: a thread of its own, which wakes after each third of the
 * shortest lease's time and uses a connection of its own for the moment of the renewal. A load that ends before the
 * first third never sees one. */
#ifndef INCLOAD_LIB_STATE_HEARTBEAT_H
#define INCLOAD_LIB_STATE_HEARTBEAT_H

#include "driver/database.h"
#include "state/lease.h"

typedef struct incload__heartbeat incload__heartbeat;

/* Of the leases those that are held (epoch not 0). `lost` is called on that thread, once at the most, when one is found
 * to be another's; never after stop has returned. NULL when there is no memory or no thread: the leases then end by
 * their time. */
incload__heartbeat *incload__heartbeat_start(incload_database *target, const incload__lease *leases, int32_t count,
                                             void (*lost)(void *data, int32_t which), void *data);
/* Interrupts a renewal under way and waits for the thread, but not for a connection that cannot be interrupted: such a
 * thread ends by itself. NULL is fine. */
void incload__heartbeat_stop(incload__heartbeat *heartbeat);

#endif
