/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/driver.h"

static int32_t
say(incload__conn *conn, const char *words, const char *name, incload_error **err)
{
    incload__str sql = INCLOAD__STR(&conn->env->mem);

    incload__str_add(&sql, words);
    incload__str_add(&sql, name);
    int32_t status = sql.failed ? incload__fail_memory(err)
                                : conn->driver->execute(conn, incload__str_text(&sql), NULL, 0, NULL, err);
    incload__str_free(&sql);
    return status;
}

int32_t
incload__savepoint_set(incload__conn *conn, const char *name, incload_error **err)
{
    return say(conn, "SAVEPOINT ", name, err);
}

int32_t
incload__savepoint_release(incload__conn *conn, const char *name, incload_error **err)
{
    return say(conn, "RELEASE SAVEPOINT ", name, err);
}

int32_t
incload__savepoint_undo(incload__conn *conn, const char *name, incload_error **err)
{
    bool failed = conn->txn == INCLOAD__TXN_FAILED;

    /* The one statement that a failed transaction takes. */
    if (failed)
        conn->txn = INCLOAD__TXN_OPEN;
    int32_t status = say(conn, "ROLLBACK TO SAVEPOINT ", name, err);
    if (status == INCLOAD_OK)
        return incload__savepoint_release(conn, name, err);
    if (failed && conn->txn == INCLOAD__TXN_OPEN)
        conn->txn = INCLOAD__TXN_FAILED;
    return status;
}
