/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/call.h"

#include "driver/database.h"

incload_call *
incload_call_new(incload_database *database, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (database == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the database must not be NULL");
        return NULL;
    }
    incload_call *call = incload__alloc(&incload__database_env(database)->mem, sizeof *call);
    if (call == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&call->refs, 1);
    atomic_init(&call->cancelled, false);
    call->database = incload_database_ref(database);
    return call;
}

incload_call *
incload_call_ref(incload_call *call)
{
    if (call != NULL)
        atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
    return call;
}

void
incload_call_unref(incload_call *call)
{
    if (call == NULL || atomic_fetch_sub_explicit(&call->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload_database *database = call->database;
    incload__free(&incload__database_env(database)->mem, call);
    incload_database_unref(database);
}

/* From here on each call holds a reference of its own: another thread may give back the host's last one meanwhile. */

int32_t
incload_call_check(incload_call *call, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (call == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the call must not be NULL");
    incload_call_ref(call);
    int32_t status = incload__database_check(call->database, call, err);
    incload_call_unref(call);
    return status;
}

int32_t
incload_call_execute(incload_call *call, const char *sql, int64_t *rows, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (call == NULL || sql == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "call and sql must not be NULL");
    incload_call_ref(call);
    int32_t status = incload__database_execute(call->database, call, sql, rows, err);
    incload_call_unref(call);
    return status;
}

int32_t
incload_call_query(incload_call *call, const char *sql, struct ArrowArrayStream *out, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (call == NULL || sql == NULL || out == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "call, sql and out must not be NULL");
    incload_call_ref(call);
    int32_t status = incload__database_query(call->database, call, sql, out, err);
    incload_call_unref(call);
    return status;
}

void
incload_call_cancel(incload_call *call)
{
    if (call == NULL)
        return;
    incload_call_ref(call);
    atomic_store(&call->cancelled, true);
    incload__database_cancel(call->database, call);
    incload_call_unref(call);
}
