/* SPDX-License-Identifier: Apache-2.0 */
/* The watermark of a load as a document: a cursor value for people, and what an exact load must remember of the source:
 * which transactions it had not seen, and since when they were open. Kept as versioned JSON in the ledger. */
#ifndef INCLOAD_LIB_STATE_MARK_H
#define INCLOAD_LIB_STATE_MARK_H

#include "base/error.h"
#include "base/str.h"

enum { INCLOAD__MARK_VERSION = 2, INCLOAD__MARK_DONE_LIMIT = 50000, INCLOAD__MARK_FLIGHT_LIMIT = 10000 };

/* How rows are found. The names in the document are fixed. */
typedef enum incload__mark_kind {
    INCLOAD__MARK_CURSOR,    /* "cursor": by the cursor value alone */
    INCLOAD__MARK_XID,       /* "xid": by the transaction that wrote a row (PostgreSQL) */
    INCLOAD__MARK_IN_FLIGHT, /* "in-flight": by stamps, bounded by the list of who was in flight */
    INCLOAD__MARK_VERSIONED, /* "versioned": by the transaction ids of a system-versioned table (MariaDB) */
    INCLOAD__MARK_WRITER     /* "one-writer": by the cursor, in a database with one writer at a time */
} incload__mark_kind;

/* A transaction that was in flight: the least position its rows can have. */
typedef struct incload__flight {
    char *who;
    int64_t bound; /* in the cursor's unit: microseconds since 1970, or the integer itself */
    bool known;    /* false: any position */
} incload__flight;

typedef struct incload__mark {
    const incload__mem *mem;
    incload__mark_kind kind;
    char *column;
    char *type;
    char *value; /* the greatest cursor value that was loaded, in the source's own text; NULL: none */

    /* ---- kinds other than CURSOR ---- */
    char *source;   /* names the server and database: positions of another mean nothing here */
    char *table;    /* names the table's storage: rewritten, truncated or re-partitioned ones differ */
    char *policy;   /* what of the strategy decides which rows were passed over */
    int64_t started; /* when that server started, microseconds */
    int64_t clock;  /* the source's clock (or greatest number) before the listing */
    incload__flight *flights;
    int32_t flight_count;
    uint64_t xmin;  /* transactions below it were all seen, one way or the other */
    uint64_t *done; /* those at or past it whose rows were delivered; ascending */
    int32_t done_count;
    bool done_overflow; /* there were too many to remember: rows may come again */
    uint64_t deep_xmin; /* of the last deep read */
    int64_t deep_clock;
    int64_t lateness; /* the worst that a deep read has met, in the cursor's unit */
    int64_t late_rows;
} incload__mark;

void incload__mark_init(incload__mark *mark, const incload__mem *mem);
void incload__mark_free(incload__mark *mark);
/* Replaces one of the mark's texts; `text` may be NULL. */
int32_t incload__mark_text(incload__mark *mark, char **field, const char *text, incload_error **err);
int32_t incload__mark_add_flight(incload__mark *mark, const char *who, int64_t bound, bool known, incload_error **err);
const incload__flight *incload__mark_flight(const incload__mark *mark, const char *who);
/* Keeps `done` sorted and without repetition; past the limit it is forgotten and done_overflow set. */
int32_t incload__mark_add_done(incload__mark *mark, uint64_t xid, incload_error **err);
void incload__mark_sort_done(incload__mark *mark);

/* Reads a document of this or an older version. NULL or "" give an empty CURSOR mark. INCLOAD_E_UNSUPPORTED for a
 * newer one, INCLOAD_E_DATA for one that is damaged; the remedy is named. */
int32_t incload__mark_parse(const char *document, incload__mark *out, incload_error **err);
int32_t incload__mark_print(const incload__mark *mark, incload__str *out, incload_error **err);
/* One line for people. */
void incload__mark_describe(const incload__mark *mark, incload__str *out);

#endif
