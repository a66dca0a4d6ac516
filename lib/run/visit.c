/* SPDX-License-Identifier: Apache-2.0 */
#include "run/visit.h"

#include <string.h>

int32_t
incload__visit_begin(incload__visit *at, incload_database *database, const void *owner, incload_error **err)
{
    memset(at, 0, sizeof *at);
    at->database = database;
    int32_t status = incload__database_take(database, INCLOAD__ROLE_WRITE,
                                            incload__database_statement_deadline(database), owner, &at->conn, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__ledger_init(&at->ledger, &incload__database_env(database)->mem, at->conn->dialect,
                                  incload__database_ledger(database), err);
    return status == INCLOAD_OK ? incload__ledger_find_units(&at->ledger, at->conn, &at->exists, err) : status;
}

void
incload__visit_end(incload__visit *at)
{
    incload__ledger_free(&at->ledger);
    if (at->conn != NULL)
        incload__database_give_back(at->database, at->conn);
}
