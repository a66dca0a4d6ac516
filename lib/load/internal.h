/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the engine share: the load as it is being planned and carried out. */
#ifndef INCLOAD_LIB_LOAD_INTERNAL_H
#define INCLOAD_LIB_LOAD_INTERNAL_H

#include "load/horizon.h"
#include "load/load.h"
#include "state/lease.h"
#include "state/ledger.h"

enum { MAX_KEY = 32 };

struct incload__load {
    const incload__load_spec *spec;
    const incload__strategy_values *how;
    incload_unit *unit;
    incload__load_result *result;
    const incload__env *env;
    const incload__mem *mem;

    incload__conn *from; /* reads; the same database as `to` may still be another connection */
    incload__conn *to;   /* writes */
    incload__ledger ledger;
    incload__position before;
    int64_t started_us;
    incload__lease *lease; /* the run's; outlives its attempts */
    char *session;         /* the target's session, as its dialect names it; NULL: cannot be told */
    int64_t connected_us;  /* monotonic */

    bool rehearsed; /* nothing is run, so what is made is not there to be looked at */

    /* ---- the plan ---- */
    incload__table source_name; /* name NULL for a query */
    incload__table target_name;
    incload__schema shape;  /* the source's columns that are loaded, in order, as the source declares them */
    incload__schema travel; /* the same as they are read: what a process function sees */
    incload__schema target; /* the target's columns they go to, as the target declares them */
    incload__schema write;  /* the same as they are written */
    int32_t cursor;         /* column indexes; -1: none */
    int32_t latest_by;
    int32_t key[MAX_KEY];
    int32_t key_count;
    int32_t page_key[MAX_KEY]; /* a unique key of the source among the loaded columns */
    int32_t page_key_count;
    bool key_is_unique; /* in the source: one read cannot bring two rows of one key */
    int32_t road;       /* INCLOAD__ROAD_... */
    bool target_made;   /* it was missing */
    bool staged;        /* through a temporary table, then published */
    char staging[64];
    char *destination; /* quoted: the staging table, or the target */
    char keys_table[64];   /* the source's keys, for detect_deletes; "": there are none */
    int64_t keys_read;

    /* ---- the window ---- */
    const incload__finder *finder; /* with window=since */
    void *found;                   /* the finder's own */
    incload__mark mark;            /* of the load before */
    incload__mark after;           /* of this one */
    incload__window window;
    char *high; /* rows up to it; NULL with window=since: no row has a position in the window */
    int64_t late_rows; /* met by a deep read behind the place where the cursor would have begun */
    int64_t lateness;  /* how far the worst of them lay behind it, in the cursor's unit */
};

/* shape.c: what a table looks like. INCLOAD_E_NOT_FOUND when there is none (without a message if `err` is NULL). Fills
 * in the schema of an unqualified name. */
int32_t incload__inspect_table(incload__load *load, incload__conn *conn, incload__table *table, incload__schema *out,
                               incload_error **err);
/* Unique keys of a table, as keys_query gives them. */
int32_t incload__inspect_keys(incload__load *load, incload__conn *conn, const incload__table *table, incload__rows *out,
                              incload_error **err);
/* INCLOAD_E_UNSUPPORTED when what is written to the table could not be rolled back. */
int32_t incload__check_transactional(incload__load *load, incload__conn *conn, const incload__table *table,
                                     incload_error **err);
/* True when some unique key consists of exactly these columns of `schema`. */
bool incload__keys_match(const incload__rows *keys, const incload__schema *schema, const int32_t *columns,
                         int32_t count);
/* The columns of the first unique key that lies wholly in `schema`: their number, or 0. */
int32_t incload__keys_first(const incload__rows *keys, const incload__schema *schema, int32_t *columns);
/* "schema.table" for messages. */
const char *incload__table_text(const incload__table *table, char *buffer, size_t size);

/* plan.c: everything up to the road, with the target made if it has to be. Nothing is written to it yet. */
int32_t incload__plan(incload__load *load, incload_error **err);
/* road.c */
int32_t incload__plan_road(incload__load *load, incload_error **err);

/* sql.c: a statement with its parameters. */
typedef struct incload__sql {
    incload__str text;
    incload__param *params;
    int32_t count;
    int32_t capacity;
} incload__sql;

void incload__sql_init(const incload__load *load, incload__sql *sql);
void incload__sql_free(incload__sql *sql);
/* `FROM source`, with the query's parameters. */
int32_t incload__sql_from(const incload__load *load, incload__sql *sql, incload_error **err);
/* ` ORDER BY cursor` where the order of reading decides which of two rows of one key wins. */
int32_t incload__sql_load_order(const incload__load *load, incload__sql *sql, int32_t part, incload_error **err);
/* A placeholder compared with the column; `value` must outlive the statement. */
int32_t incload__sql_bind(incload__sql *sql, const incload__dialect *dialect, const incload__column *column,
                                const char *value, size_t length, incload_error **err);
int32_t incload__sql_add_param(incload__sql *sql, incload__param param, incload_error **err);
int32_t incload__sql_check(const incload__sql *sql, incload_error **err);

/* window.c: the bounds, found on the source; then the statements that read between them. */
int32_t incload__window_find(incload__load *load, incload__conn *conn, incload_error **err);
/* Where a filter tells rows that were delivered, an idle run finds that nothing is left, and needs no staging. */
int32_t incload__window_probe(incload__load *load, incload__conn *conn, incload_error **err);
/* A window is read in parts, each an SQL condition: rows with a position, rows without. */
enum { PART_ALL, PART_POSITIONED, PART_POSITIONLESS };
bool incload__window_has(const incload__load *load, int32_t part);
/* ` WHERE ...` of a part; `after` (may be NULL) has the values of `order` in the last row of the page before. */
int32_t incload__window_where(const incload__load *load, incload__sql *sql, const incload__dialect *dialect,
                              int32_t part, const int32_t *order, int32_t order_count, const incload__str *after,
                              incload_error **err);
/* The columns by which a part is paged: cursor and unique key. The number, or 0 when it cannot be paged. */
int32_t incload__window_order(const incload__load *load, int32_t part, int32_t *order);

/* transfer.c: moves the rows of the window into `destination`. */
int32_t incload__transfer(incload__load *load, incload_error **err);
/* batches.c: one part over the host. */
int32_t incload__transfer_batches(incload__load *load, int32_t part, incload_error **err);

/* publish.c: from staging into the target. */
int32_t incload__staging_make(incload__load *load, incload_error **err);
int32_t incload__publish(incload__load *load, incload_error **err);

/* late.c: between staging and publishing. Counts the rows that a deep read met behind window.low and that the target
 * does not have: into late_rows and lateness, and into the mark. Does nothing after any other read. */
int32_t incload__late_count(incload__load *load, incload_error **err);

/* deletes.c: option detect_deletes. `read` brings all keys of the source's snapshot into a table of the target's
 * session, `apply` deletes what the target has beyond them. Both do nothing when the option is off. */
int32_t incload__deletes_read(incload__load *load, incload_error **err);
int32_t incload__deletes_apply(incload__load *load, incload_error **err);

/* carry.c: one unit, from the two begins to the commit; on failure everything is rolled back. */
int32_t incload__carry_out(incload__load *load, incload_error **err);
bool incload__by_cursor(const incload__load *load);
int32_t incload__target_has_rows(incload__load *load, bool *has, incload_error **err);
/* INCLOAD_E_BUSY when another run of this load has committed since its position was read. */
int32_t incload__check_not_overtaken(incload__load *load, incload_error **err);

/* turn.c: the connection to the target, with the ledger found or made and the lease taken; waits for it if asked to.
 */
int32_t incload__turn_take(incload__load *load, int64_t *wait_until_us, incload_error **err);
/* After a failure that is not retried: gives the lease up, within a moment. */
void incload__turn_end(incload__load *load);

/* resolve.c: the wire broke inside COMMIT. Finds out what became of it: INCLOAD_OK when it was done; an error that may
 * be retried when it was not; `unknown`, which is taken over, when the target cannot be asked in time. */
int32_t incload__resolve_commit(incload__load *load, incload_error *unknown, incload_error **err);

/* commit.c: run record and watermark into the open transaction, and the commit; an unknown outcome is resolved. */
int32_t incload__commit(incload__load *load, incload_error **err);
/* A load that failed has moved no watermark: takes back what was prepared to be reported. */
void incload__withdraw_report(incload__load *load);

/* Stops the load when it was cancelled or its time is over. */
int32_t incload__load_check(const incload__load *load, incload_error **err);

#endif
