/* SPDX-License-Identifier: Apache-2.0 */
/* One visit to the ledger: a connection of the pool for a few statements. */
#ifndef INCLOAD_LIB_RUN_VISIT_H
#define INCLOAD_LIB_RUN_VISIT_H

#include "driver/database.h"
#include "state/ledger.h"

typedef struct incload__visit {
    incload_database *database;
    incload__conn *conn;
    incload__ledger ledger;
    bool exists; /* the ledger, with the tables of runs and units */
} incload__visit;

/* To be ended also when it fails. */
int32_t incload__visit_begin(incload__visit *at, incload_database *database, const void *owner, incload_error **err);
void incload__visit_end(incload__visit *at);

#endif
