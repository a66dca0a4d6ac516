/* SPDX-License-Identifier: Apache-2.0 */
/* A replication slot of the source: where it stands, and what the server keeps for it. Asked over an ordinary
 * connection. */
#ifndef INCLOAD_LIB_CDC_SLOT_H
#define INCLOAD_LIB_CDC_SLOT_H

#include "driver/database.h"
#include "driver/replication.h"

typedef struct incload__slot {
    bool exists;
    bool here;              /* it is of this database */
    bool logical;           /* and made for pgoutput */
    int64_t reader;         /* pid of who reads it; 0: nobody */
    incload__lsn confirmed; /* the stream begins behind it */
    bool lost;              /* the server has thrown away what it needs */
    char status[16];        /* wal_status: reserved, extended, unreserved, lost; "" before PostgreSQL 13 */
    char reason[32];        /* why it lost it, from PostgreSQL 17 on */
    char database[64];
    int64_t retained; /* bytes of log that are kept for it */
    int64_t limit;    /* the most that are; -1: no limit */
    incload__lsn end; /* of the server's log */
} incload__slot;

int32_t incload__slot_look(incload__conn *conn, const char *name, incload__slot *out, incload_error **err);
/* INCLOAD_E_NOT_FOUND, INCLOAD_E_INVALID (it is for something else), INCLOAD_E_STATE_MISSING (it is lost). */
int32_t incload__slot_check(const incload__slot *slot, const char *name, incload_error **err);
/* What is retained, in hundredths of the limit; 0 without a limit. */
int32_t incload__slot_share(const incload__slot *slot);

/* Makes one over `log`, a connection to the source's log, and names those that it waited for when `deadline_us` came
 * first. */
int32_t incload__slot_create(incload_database *source, incload__conn *log, const char *name, bool failover,
                             int64_t deadline_us, incload__slot_made *out, incload_error **err);

#endif
