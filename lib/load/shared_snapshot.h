/* SPDX-License-Identifier: Apache-2.0 */
/* One snapshot of a source, in which several loads read: a connection of its own holds it until it is closed. */
#ifndef INCLOAD_LIB_LOAD_SHARED_SNAPSHOT_H
#define INCLOAD_LIB_LOAD_SHARED_SNAPSHOT_H

#include "driver/database.h"

typedef struct incload__shared_snapshot incload__shared_snapshot;

/* `owner` as incload__database_cancel() names it. INCLOAD_E_UNSUPPORTED where the source lends no snapshots. */
int32_t incload__shared_snapshot_open(incload_database *source, const void *owner, incload__shared_snapshot **out,
                                      incload_error **err);
/* One that another connection holds, by the name that the server gave it. */
int32_t incload__shared_snapshot_adopt(incload_database *source, const char *name, incload__shared_snapshot **out,
                                       incload_error **err);
/* For any thread, once it is open: lets the transaction that has just begun on `conn` read in it. INCLOAD_E_STATE when
 * it is gone. */
int32_t incload__shared_snapshot_enter(const incload__shared_snapshot *shared, incload__conn *conn,
                                       incload_error **err);
/* Nobody reads in it any more. NULL is nothing to close. */
void incload__shared_snapshot_close(incload__shared_snapshot *shared);

#endif
