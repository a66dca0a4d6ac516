/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the engine share: the load as it is being planned and carried out. */
#ifndef INCLOAD_LIB_LOAD_INTERNAL_H
#define INCLOAD_LIB_LOAD_INTERNAL_H

#include "base/option.h"
#include "load/horizon.h"
#include "load/load.h"
#include "state/lease.h"
#include "state/ledger.h"

enum { MAX_KEY = 32 };

/* The loads of one unit, in the order in which they are published: one target, one transaction, one commit. A load
 * alone is a group of one. */
typedef struct incload__group {
    incload__load **loads;
    const int32_t *by_name; /* the order in which leases are taken and the ledger is written */
    int32_t count;
    incload_unit *unit;    /* of all of them; with a load alone its own */
    incload__load *failed; /* the one that a failure came from; NULL: none, or all */
} incload__group;

struct incload__load {
    incload__group *group; /* NULL for a load that is only looked at */
    const incload__load_spec *spec;
    const incload__strategy_values *how;
    incload__strategy_values bounded; /* of a part of a range: `how` with its bounds */
    char *bounds[2];
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
    /* The lease is being given up with more to do behind that: that it cannot be renewed any more is no loss. */
    atomic_bool *settling;
    char *session;         /* the target's session, as its dialect names it; NULL: cannot be told */
    int64_t connected_us;  /* monotonic */

    bool verified;  /* nothing is to be written: it is only looked at what earlier loads have written */
    bool rehearsed; /* nothing is run, so what is made is not there to be looked at */

    /* ---- the plan ---- */
    incload__table source_name; /* name NULL for a query */
    incload__table target_name;
    const incload__table *replaced; /* the partition of it that write=swap exchanges; NULL: none */
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
    bool one_per_key;   /* the target has a unique key on exactly the key, or keeps the versions of one (write=scd2) */
    int32_t marker;     /* column that marks a row as deleted; -1: none */
    bool marker_stored; /* the target has that column; else it is the last one, of staging alone */
    incload__schema marks; /* with deletes=soft: the target's columns for it, flag and time */
    char *versions[INCLOAD__SIDES]; /* of the tables, as this load has found them; NULL: nothing is recalled of one */
    bool asked;         /* the target's was asked for, and not answered yet */
    int32_t road;       /* INCLOAD__ROAD_... */
    bool target_made;   /* it was missing */
    bool had_rows;      /* the target, before the unit */
    bool staged;        /* through a temporary table, then published */
    incload__posted cleared;  /* the statement by which the rows of its interval gave way */
    incload__posted recorded; /* that by which the run is kept */
    char staging[64];
    char *destination; /* quoted: the staging table, or the target */
    char keys_table[64];   /* the source's keys, for detect_deletes; "": there are none */
    int64_t keys_read;
    bool keys_agree;    /* detect_deletes=digest: source and target have the same keys */
    char *only_source;  /* and the condition under which they differ, on either side; NULL: none */
    char *only_target;
    int64_t keys_there; /* in the source */
    struct incload__evolve *evolve; /* see load/evolve.h */

    /* ---- the window ---- */
    const incload__finder *finder; /* with window=since */
    void *found;                   /* the finder's own */
    incload__mark mark;            /* of the load before */
    incload__mark after;           /* of this one */
    incload__window window;
    char *high; /* rows up to it; NULL with window=since: no row has a position in the window */
    int64_t retries_for_bad_rows;
    int64_t rows_added; /* by a process function, beyond those it was given */
    int64_t late_rows; /* met by a deep read behind the place where the cursor would have begun */
    int64_t lateness;  /* how far the worst of them lay behind it, in the cursor's unit */

    /* ---- write=scd2 ---- */
    incload__schema history;  /* the target's columns INCLOAD__HISTORY_... */
    incload__schema compared; /* the target's columns whose difference makes a version */
    int32_t stamp;            /* the column with a row's own time, or -1 */
    int64_t moment_us;        /* of the load, by the target's clock, at the precision of its valid_from */
};

/* shape.c: what a table looks like. INCLOAD_E_NOT_FOUND when there is none (without a message if `err` is NULL). Fills
 * in the schema of an unqualified name. */
/* Asks one of the dialect's catalog queries about a table. */
int32_t incload__ask_about_table(incload__load *load, incload__conn *conn, const char *query,
                                 const incload__table *table, incload__rows *out, incload_error **err);
int32_t incload__inspect_table(incload__load *load, incload__conn *conn, incload__table *table, incload__schema *out,
                               incload_error **err);
/* Unique keys of a table, as keys_query gives them. */
int32_t incload__inspect_keys(incload__load *load, incload__conn *conn, const incload__table *table, incload__rows *out,
                              incload_error **err);
/* Tables that the table's foreign keys refer to, as parents_query gives them. */
int32_t incload__inspect_parents(incload__load *load, incload__conn *conn, const incload__table *table,
                                 incload__rows *out, incload_error **err);
/* INCLOAD_E_UNSUPPORTED when what is written to the table could not be rolled back. */
int32_t incload__check_transactional(incload__load *load, incload__conn *conn, const incload__table *table,
                                     incload_error **err);
/* INCLOAD_E_UNSUPPORTED when deleting rows of the table would delete or change rows of another. */
int32_t incload__check_no_followers(incload__load *load, incload__conn *conn, const incload__table *table,
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
/* The name of the loaded column in the target. */
const char *incload__target_name(const incload__load *load, const incload__list *names, int32_t index);
bool incload__is_key(const incload__load *load, int32_t index);
/* Appends the type that a column made for it gets there; *kept: it is the source's own. */
int32_t incload__target_native(const incload__load *load, int32_t index, const char *name, incload__str *out,
                               bool *kept, incload_error **err);
/* road.c */
int32_t incload__plan_road(incload__load *load, incload_error **err);

/* evolve*.c: the target's columns after those of the source. `match` fills load->target and finds what is to be
 * changed; `apply` changes it: outside of the unit where DDL commits, else in its transaction; `record` puts what is
 * loaded now into the ledger, in the same transaction; `tell` is for after the commit. */
int32_t incload__evolve_match(incload__load *load, incload__list *names, const incload__schema *all,
                              incload_error **err);
int32_t incload__evolve_apply(incload__load *load, bool in_unit, incload_error **err);
int32_t incload__evolve_record(incload__load *load, incload_error **err);
/* Whether the plan changes the target's columns, or what is kept of them. */
int32_t incload__evolve_is_due(const incload__load *load, bool *due, incload_error **err);
void incload__evolve_tell(incload__load *load);
void incload__evolve_free(incload__load *load);
/* INCLOAD_E_UNSUPPORTED when there is something to change: for a load that cannot do that. */
int32_t incload__evolve_refuse(const incload__load *load, incload_error **err);
/* write=swap: the changes of the target, carried out on its staging table, which is empty still. */
int32_t incload__evolve_stage(incload__load *load, const incload__table *stage, incload_error **err);
/* What of it is left for the moment when that is the target, under its name: while a column is gone, what was made of
 * it is not. The next statement, from the change `*at` on; nothing is written when there is none. */
int32_t incload__evolve_next_drop(const incload__load *load, int32_t *at, incload__str *sql, incload_error **err);

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
/* The order of reading decides which of two rows of one key wins. */
bool incload__order_decides(const incload__load *load);
/* ` ORDER BY cursor` where the order of reading decides which of two rows of one key wins. */
int32_t incload__sql_load_order(const incload__load *load, incload__sql *sql, int32_t part, incload_error **err);
/* A placeholder compared with the column; `value` must outlive the statement. */
int32_t incload__sql_bind(incload__sql *sql, const incload__dialect *dialect, const incload__column *column,
                                const char *value, size_t length, incload_error **err);
int32_t incload__sql_add_param(incload__sql *sql, incload__param param, incload_error **err);
int32_t incload__sql_check(const incload__sql *sql, incload_error **err);
/* Runs a statement on the target, unless the run is to end; frees the text. */
int32_t incload__execute(incload__load *load, incload__str *sql, incload_error **err);

/* window.c: the bounds, found on the source; then the statements that read between them. */
int32_t incload__window_find(incload__load *load, incload__conn *conn, incload_error **err);
/* Where a filter tells rows that were delivered, an idle run finds that nothing is left, and needs no staging. */
int32_t incload__window_probe(incload__load *load, incload__conn *conn, incload_error **err);
/* A window is read in parts, each an SQL condition: rows with a position, rows without. */
enum { PART_ALL, PART_POSITIONED, PART_POSITIONLESS };
bool incload__window_has(const incload__load *load, int32_t part);
/* Where positions begin: a value of the cursor in the source's text, or NULL. */
const char *incload__window_first(const incload__load *load);
/* ` WHERE ...` of a part; `after` (may be NULL) has the values of `order` in the last row of the page before. */
int32_t incload__window_where(const incload__load *load, incload__sql *sql, const incload__dialect *dialect,
                              int32_t part, const int32_t *order, int32_t order_count, const incload__str *after,
                              incload_error **err);
/* The columns by which a part is paged: cursor and unique key. The number, or 0 when it cannot be paged. */
int32_t incload__window_order(const incload__load *load, int32_t part, int32_t *order);

/* bound.c: a bound's text as one cell of the cursor's type as it is read, and the schema of that, which the caller
 * frees in any case. */
int32_t incload__bound_cell(const incload__load *load, const char *text, incload__schema *schema,
                            struct ArrowArray *out, incload_error **err);

/* transfer.c: moves the rows of the window into `destination`. */
int32_t incload__transfer(incload__load *load, incload_error **err);
/* batches.c: one part over the host. */
int32_t incload__transfer_batches(incload__load *load, int32_t part, incload_error **err);
/* Lets the process function see a batch (of the layout `travel`), which it may change. */
int32_t incload__call_function(incload__load *load, struct ArrowArray *array, incload_error **err);
/* Prefixes a refusal with the columns whose values only the server can judge. */
void incload__name_suspects(const incload__load *load, incload_error **err);

/* audit.c: write, audit, publish. Guards and checks look at the staged rows before the target is changed. */
/* True when there is one that needs the rows in staging. */
bool incload__audit_wants_staging(const incload__load *load);
/* INCLOAD_E_CHECK when one of them refuses the rows. */
int32_t incload__audit(incload__load *load, incload_error **err);
/* The same of rows that were counted. `staged`: they are in a table of their own, the destination. */
int32_t incload__audit_rows(incload__load *load, int64_t rows, bool staged, incload_error **err);
/* After publishing: every row that was read was written, rejected or skipped. INCLOAD_E_INTERNAL otherwise. */
int32_t incload__audit_balance(const incload__load *load, incload_error **err);
/* audit_checks.c: options check_not_null and check_unique, and the host's own checks. `staged`: rows in staging. */
int32_t incload__audit_checks(incload__load *load, int64_t staged, incload_error **err);
/* The one number that a query on the target gives; `doing` says what for. */
int32_t incload__audit_number(incload__load *load, const incload__str *sql, const char *doing, int64_t *out,
                              incload_error **err);

/* publish.c: from staging into the target. */
int32_t incload__staging_make(incload__load *load, incload_error **err);
/* What a staging table has: the columns that are loaded, and with deletes=soft the target's marks. */
int32_t incload__staging_columns(const incload__load *load, incload__schema *out, incload_error **err);
int32_t incload__publish(incload__load *load, incload_error **err);
/* Deletes the target's rows of the interval, for rows that come straight into their place; it may be sent with what
 * brings them. */
int32_t incload__clear_interval(incload__load *load, incload_error **err);
/* Returns `status`, with the error telling of the clearing if that is what failed. */
int32_t incload__clearing(const incload__load *load, int32_t status, incload_error **err);

/* reject_publish.c: the same; with bad_rows=reject the staged rows that the target refuses are taken out. */
int32_t incload__publish_others(incload__load *load, incload_error **err);

/* replay.c: a run of the load's rejects. Fills in a spec for it. */
int32_t incload__replay_spec(const incload__load_spec *spec, incload__load_spec *out, incload__strategy_values *how,
                             incload_error **err);
/* The unit of such a run, as incload__carry_out(). */
int32_t incload__replay_carry_out(incload__load *load, incload_error **err);
/* scd2_plan.c: write=scd2, where plan.c plans. Options that fit together; the target's columns for a created table,
 * behind those that are loaded, and its key; the same found in a table, which must have a unique key on the key and
 * valid_from. */
int32_t incload__scd2_check_options(const incload__load *load, incload_error **err);
int32_t incload__scd2_shape(incload__load *load, incload__schema *columns, int32_t *key, int32_t *key_count,
                            incload_error **err);
int32_t incload__scd2_match(incload__load *load, const incload__schema *all, incload_error **err);
/* True for a column that write=scd2 itself fills. */
bool incload__scd2_fills(const incload__load *load, const char *name);

/* scd2.c: the time of the load, taken before its rows are read; then what publishing is with write=scd2. */
int32_t incload__scd2_begin(incload__load *load, incload_error **err);
int32_t incload__scd2_publish(incload__load *load, int64_t *written, incload_error **err);

/* late.c: between staging and publishing. Counts the rows that a deep read met behind window.low and that the target
 * does not have: into late_rows and lateness, and into the mark. Does nothing after any other read. */
int32_t incload__late_count(incload__load *load, incload_error **err);

/* deletes.c: option detect_deletes. `read` brings all keys of the source's snapshot into a table of the target's
 * session, `apply` deletes what the target has beyond them. Both do nothing when the option is off. */
int32_t incload__deletes_read(incload__load *load, incload_error **err);
int32_t incload__deletes_apply(incload__load *load, incload_error **err);
/* deletes_digest.c: where the keys of source and target differ. Leaves everything as it is, and says why, where the two
 * servers compute no digest. */
int32_t incload__deletes_narrow(incload__load *load, incload_error **err);

/* load.c: an empty load, its `env` and `mem` known; and its end, which leaves its connections alone. */
void incload__load_init(incload__load *load);
void incload__load_free(incload__load *load);

/* group.c: loads that land together. */
static inline bool
incload__in_company(const incload__load *load)
{
    return load->group != NULL && load->group->count > 1;
}

/* The connection to the target, which they share; NULL when it was given back. */
void incload__group_set_target(incload__group *group, incload__conn *conn);
/* Before anything is asked: ways of writing that cannot share a transaction. */
int32_t incload__group_check_options(const incload__group *group, incload_error **err);
/* After all are planned: one table each, and one snapshot for those that are read inside the target's transaction. */
int32_t incload__group_check_plan(incload__group *group, incload_error **err);
/* Does it for each of them, in their order, until one fails; an error names that one. */
int32_t incload__group_each(incload__group *group, int32_t (*phase)(incload__load *load, incload_error **err),
                            incload_error **err);
/* The same in the order of the names, or backwards. */
int32_t incload__group_each_by_name(incload__group *group, int32_t (*phase)(incload__load *load, incload_error **err),
                                    incload_error **err);
int32_t incload__group_each_backwards(incload__group *group, int32_t (*phase)(incload__load *load, incload_error **err),
                                      incload_error **err);

/* carry.c: one unit, from the two begins to the commit; on failure everything is rolled back. */
int32_t incload__carry_out(incload__group *group, incload_error **err);
bool incload__by_cursor(const incload__load *load);
/* Who keeps a record of what lands remembers it, too: the load has no watermark of its own. */
bool incload__is_remembered(const incload__load *load);
/* The target, or the part of it that the load replaces, has a row. */
int32_t incload__target_has_rows(incload__load *load, bool *has, incload_error **err);
/* INCLOAD_E_BUSY when another run of this load has committed since its position was read. */
int32_t incload__check_not_overtaken(incload__load *load, incload_error **err);

/* turn.c: the connection to the target, with the ledger found or made and the leases taken; waits for them if asked to.
 */
int32_t incload__turn_take(incload__group *group, int64_t *wait_until_us, incload_error **err);
/* After a failure that is not retried: gives the leases up, within a moment. */
void incload__turn_end(incload__group *group);

/* resolve.c: the wire broke inside COMMIT. Finds out what became of it: INCLOAD_OK when it was done; an error that may
 * be retried when it was not; `unknown`, which is taken over, when the target cannot be asked in time. */
int32_t incload__resolve_commit(incload__group *group, incload_error *unknown, incload_error **err);

/* swap.c: the whole of a unit with write=swap, in place of the rest of carry.c. */
int32_t incload__swap_carry_out(incload__load *load, incload_error **err);

/* commit.c: run records and watermarks into the open transaction, and the commit; an unknown outcome is resolved. */
int32_t incload__commit(incload__group *group, incload_error **err);
/* Its two halves, for a transaction of one load that has more to say between them. */
int32_t incload__commit_record(incload__load *load, incload_error **err);
int32_t incload__commit_end(incload__group *group, incload_error **err);
/* A load that failed has moved no watermark: takes back what was prepared to be reported. */
void incload__withdraw_report(incload__load *load);

/* Stops the load when it was cancelled or its time is over. */
int32_t incload__load_check(const incload__load *load, incload_error **err);

#endif
