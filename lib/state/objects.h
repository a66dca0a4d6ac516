/* SPDX-License-Identifier: Apache-2.0 */
/* The library's own tables in the target's schemas: staging tables, and tables whose place was taken. Each is written
 * down before or with its making, and a table that is not written down here is never dropped. */
#ifndef INCLOAD_LIB_STATE_OBJECTS_H
#define INCLOAD_LIB_STATE_OBJECTS_H

#include "state/ledger.h"

typedef struct incload__object {
    const char *name;   /* of the table, without its schema: unique by the token in it */
    const char *schema; /* may be NULL */
    const char *target; /* the table whose place it takes, or had */
    const char *load;
    const char *run_id;
    const char *state; /* staging, swapping, old */
    int64_t rows_read;
    int64_t rows_written;
} incload__object;

/* keep_for_us: how long it is nobody's orphan, for a run without a lease; 0: the lease tells. */
int32_t incload__object_add(const incload__ledger *ledger, incload__conn *conn, const incload__object *object,
                            int64_t keep_for_us, incload_error **err);
/* The object goes on under another name and state. *found (may be NULL): it was there. */
int32_t incload__object_change(const incload__ledger *ledger, incload__conn *conn, const char *name,
                               const char *new_name, const char *state, bool *found, incload_error **err);
/* Its table is about to take the target's place: state swapping, with what a record of the run needs. */
int32_t incload__object_announce(const incload__ledger *ledger, incload__conn *conn, const char *name,
                                 int64_t rows_read, int64_t rows_written, incload_error **err);
int32_t incload__object_remove(const incload__ledger *ledger, incload__conn *conn, const char *name,
                               incload_error **err);
/* Those whose run is not at work any more, and what an earlier attempt of this run has left: name, schema, target,
 * load, run, state, rows read, rows written. */
int32_t incload__objects_orphaned(const incload__ledger *ledger, incload__conn *conn, const char *run_id,
                                  incload__rows *out, incload_error **err);

#endif
