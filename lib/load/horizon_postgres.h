/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the PostgreSQL finder: the walk (horizon_postgres.c), snapshots (snapshot.c), words for people. */
#ifndef INCLOAD_LIB_LOAD_HORIZON_POSTGRES_H
#define INCLOAD_LIB_LOAD_HORIZON_POSTGRES_H

#include "load/internal.h"

/* Which transactions a snapshot sees: those below xmin, and those below xmax that were not running. */
typedef struct incload__snapshot {
    uint64_t xmin;
    uint64_t xmax;
    uint64_t *running;
    int32_t running_count;
} incload__snapshot;

typedef struct incload__postgres_found {
    incload__rows facts;
    incload__rows backends; /* before the snapshot */
    incload__rows prepared;
    incload__snapshot snapshot;
    int64_t cache; /* numbers a session takes from the cursor's sequence at once; 0: there is no sequence */
    char zone[64]; /* of sessions that set none; "": not asked */
    bool primary_asked; /* the lists are of the standby's primary, which the standby has caught up with */
    int64_t started; /* when the server that the lists are of was started, microseconds */
    int64_t now;     /* the source's clock, microseconds */
    int64_t clock; /* the same, or the greatest number of an integer cursor */
    int64_t step;  /* how far the source's clock went back */
} incload__postgres_found;

/* "xmin:xmax:running,..." */
int32_t incload__snapshot_parse(const incload__mem *mem, const char *text, incload__snapshot *out, incload_error **err);
bool incload__snapshot_sees(const incload__snapshot *snapshot, uint64_t xid);
/* The 64-bit id behind 32 bits, not older than `from`. */
uint64_t incload__xid_widen(uint64_t from, uint64_t xid);
/* Whether the snapshot surely lacks that transaction: it is listed after the snapshot was taken, and holds no id that
 * the snapshot sees. */
bool incload__flight_open(const incload__snapshot *snapshot, const char *who, const incload__rows *backends,
                          const incload__rows *prepared, const incload__rows *xids);

/* The columns of dialect/sql/postgres/facts.sql. */
enum {
    INCLOAD__FACT_SOURCE,
    INCLOAD__FACT_STARTED,
    INCLOAD__FACT_STANDBY,
    INCLOAD__FACT_KIND,
    INCLOAD__FACT_HEAP,
    INCLOAD__FACT_STORAGE,
    INCLOAD__FACT_TRIGGER,
    INCLOAD__FACT_INDEXED
};

/* horizon_postgres.c. "" where the source says nothing. */
const char *incload__postgres_fact(const incload__load *load, int32_t which);
/* A cursor without a zone means what the writers' sessions were set to. */
const char *incload__postgres_zone(const incload__load *load);
/* Tables, partitioned ones and materialized views show the transaction of a row; views and foreign tables do not. */
bool incload__postgres_shows_xmin(const incload__load *load);
/* Whether bounds by the cursor are possible; else each load looks at the whole table. */
bool incload__postgres_bounds(const incload__load *load);

/* Both lists of who is in flight; backends first: one that is being prepared is then in one of the two. */
int32_t incload__postgres_in_flight(incload__load *load, incload__conn *conn, incload__rows *backends,
                                    incload__rows *prepared, incload_error **err);
/* standby.c: the lists from the primary, then waits until the standby has replayed what was done by then. Leaves
 * primary_asked false when it does not catch up soon. */
int32_t incload__postgres_ask_primary(incload__load *load, incload_error **err);

/* horizon_postgres_end.c: level, reason and who holds back; then what the mark must remember of the rows. */
int32_t incload__postgres_report(incload__load *load, incload_error **err);
int32_t incload__postgres_close(incload__load *load, incload_error **err);

#endif
