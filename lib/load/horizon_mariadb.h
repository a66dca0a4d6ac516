/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the MariaDB finders: the lists (horizon_mariadb.c), what follows from them (horizon_mariadb_bound.c,
 * horizon_versioned.c), and the server's own report on InnoDB (innodb_status.c). */
#ifndef INCLOAD_LIB_LOAD_HORIZON_MARIADB_H
#define INCLOAD_LIB_LOAD_HORIZON_MARIADB_H

#include "load/internal.h"

/* The columns of dialect/sql/mariadb/facts.sql. */
enum {
    INCLOAD__MARIADB_SOURCE,
    INCLOAD__MARIADB_CLOCK,
    INCLOAD__MARIADB_UPTIME,
    INCLOAD__MARIADB_ENGINE,
    INCLOAD__MARIADB_DEFAULT,
    INCLOAD__MARIADB_EXTRA,
    INCLOAD__MARIADB_GENERATED,
    INCLOAD__MARIADB_INDEXED,
    INCLOAD__MARIADB_TRIGGER,
    INCLOAD__MARIADB_ZONE,
    INCLOAD__MARIADB_REPLICATES,
    INCLOAD__MARIADB_CLUSTER,
    INCLOAD__MARIADB_DISTANCE,
    INCLOAD__MARIADB_LOGS_TEXT
};

/* Of in_flight.sql. */
enum { INCLOAD__RUNS_CLOCK, INCLOAD__RUNS_WHO, INCLOAD__RUNS_START, INCLOAD__RUNS_ME, INCLOAD__RUNS_REPLICA };

/* Of transactions.sql; innodb_status.c fills in the same. */
enum {
    INCLOAD__OPEN_TOKEN,
    INCLOAD__OPEN_ID,
    INCLOAD__OPEN_THREAD,
    INCLOAD__OPEN_QUERY,
    INCLOAD__OPEN_SECONDS,
    INCLOAD__OPEN_WORDS,
    INCLOAD__OPEN_COLUMNS
};

typedef struct incload__mariadb_found {
    incload__rows facts;
    incload__rows running; /* statements */
    incload__rows open;    /* transactions */
    char *storage;
    int64_t now;     /* the source's clock, microseconds */
    int64_t started; /* when the server started, to a second or so */
    int64_t clock;   /* `now`, or the greatest number of an integer cursor */
    int64_t step;    /* how far the source's clock went back */
    bool by_status;  /* INNODB_TRX was never fresh */
} incload__mariadb_found;

incload__mariadb_found *incload__mariadb_found_of(const incload__load *load);
/* "" where the source says nothing. */
const char *incload__mariadb_fact(const incload__load *load, int32_t which);
int64_t incload__mariadb_number(const char *text);
void incload__mariadb_free(incload__load *load);
/* The cursor is the transaction that wrote the row, as a system-versioned table keeps it. */
bool incload__mariadb_by_versions(const incload__load *load);
/* Before an integer cursor has any value. */
#define INCLOAD__NO_NUMBER_YET (INT64_MIN / 2)

/* horizon_mariadb_bound.c */
int32_t incload__mariadb_bound(incload__load *load, incload_error **err);
/* The mark goes on where this load begins: it is of this kind, for this cursor, and nobody has set the value since. */
bool incload__mariadb_goes_on(const incload__load *load, incload__mark_kind kind);
/* Without a horizon: everything, or on from a value that was set. */
int32_t incload__mariadb_bound_anew(incload__load *load, incload__mark_kind kind, incload_error **err);
int32_t incload__mariadb_keep_text(incload__load *load, char **field, const char *text, incload_error **err);
/* Source, table and what was measured: into the mark of this load. */
int32_t incload__mariadb_note_source(incload__load *load, incload_error **err);
int32_t incload__mariadb_say_who_holds(incload__load *load, incload_error **err);

/* horizon_versioned.c */
/* In an open transaction: the least id of one that its snapshot may lack. */
int32_t incload__mariadb_read_view(incload__conn *conn, const incload__mem *mem, uint64_t *least, incload_error **err);

/* ---- pure rules ---- */

/* The flights of a load from its lists, into *next. `mark` is that of the load before, or NULL where there is none. A
 * statement's start counts where the cursor is of time. */
int32_t incload__mariadb_flights(incload__mark *next, const incload__mark *mark, const incload__mariadb_found *found,
                                 bool by_time, incload_error **err);
/* The least bound of the flights of `mark` that are not among those of `next`; with `all`, of all. *known is false when
 * one of them had none. */
void incload__mariadb_ended(const incload__mark *mark, const incload__mark *next, bool all, int64_t *ended,
                            bool *known);
/* Down to a unit of `digits` behind the second's point; dates are whole days. */
int64_t incload__mariadb_cut(int64_t us, int32_t digits, bool date);

/* innodb_status.c: SHOW ENGINE INNODB STATUS. */

/* The transactions that have written, as rows of INCLOAD__OPEN_COLUMNS. INCLOAD_E_CONFLICT for a text that the server
 * has cut, INCLOAD_E_PROTOCOL for one that is not such a report. */
int32_t incload__innodb_transactions(const char *text, incload__rows *out, incload_error **err);
/* What the read view of that thread does not see: *least is the first id that may be missing in it. False: the thread
 * has none in the text. */
bool incload__innodb_read_view(const char *text, uint64_t thread, uint64_t *least);

#endif
