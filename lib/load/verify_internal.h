/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a verification share. */
#ifndef INCLOAD_LIB_LOAD_VERIFY_INTERNAL_H
#define INCLOAD_LIB_LOAD_VERIFY_INTERNAL_H

#include "load/internal.h"
#include "load/verify.h"

/* The bounds of the window on one side, in that side's own text; NULL: none. */
enum { BOUND_INITIAL, BOUND_UNTIL, BOUND_MARK, BOUNDS };

/* One of the two tables. */
typedef struct verify_side {
    incload_database *database;
    incload__conn *conn;
    const incload__schema *columns; /* as the database declares them */
    incload__schema read;           /* as they are read; converted to v->common before anything looks at them */
    char **raw;                     /* expressions in place of columns, for those that are read as bytes; or NULL */
    int32_t page_key[MAX_KEY];      /* a unique key, for pages and for ranges */
    int32_t page_key_count;
    char *bounds[BOUNDS];
    char *items; /* digest=database: the select list, and the expression that gives a row's bucket */
    char *bucket;
} verify_side;

typedef struct verify {
    incload__load load; /* the plan */
    incload__load_spec spec;
    incload__strategy_values how;
    incload__load_result report;
    const incload__verify_values *values;
    incload__verify_result *result;
    incload_unit *unit;
    const incload__mem *mem;
    verify_side sides[2]; /* source, target */

    incload__schema common; /* what rows of both sides are compared as: what the load writes, or bytes */
    int32_t *all;           /* 0, 1, 2, ...: every column */
    int32_t key[MAX_KEY];
    int32_t key_count; /* 0: a row is its own key */
    uint8_t *rules;
    incload__hasher rows; /* digests of rows, and of keys: other seeds */
    incload__hasher keys;
    bool windowed; /* not every row of the two tables takes part */
    bool leave_positionless;
    bool in_database;
    uint64_t seeds[3]; /* of the servers' hashes: row, row, key */
    char *only[2]; /* conditions for the rows that take part at all; NULL: every row */
    int32_t rounds; /* comparisons of rows that needed a scan of everything */
} verify;

enum { SOURCE, TARGET };

/* Which rows of a side are read. */
typedef struct verify_slice {
    bool outside; /* those the window leaves out, instead of those in it */
    bool ranged;  /* low <= first key column <= high */
    int64_t low, high;
    const char *buckets; /* digest=database: only these, "1,2,3" */
} verify_slice;

/* verify_read.c: rows of one side, batch by batch, in the types of v->common. */
typedef struct verify_reader {
    verify *v;
    verify_side *side;
    verify_slice slice;
    incload__builder *builder;
    incload__reader *reader;
    struct ArrowArray array;
    incload__view view; /* the batch; rows 0 at the end */
    int32_t order_count;
    incload__str after[MAX_KEY];
    bool started;
    int64_t page_rows; /* of the page being read */
} verify_reader;

int32_t incload__verify_open(verify *v, int32_t side, const verify_slice *slice, verify_reader **out,
                             incload_error **err);
int32_t incload__verify_next(verify_reader *reader, incload_error **err);
void incload__verify_close(verify_reader *reader);
/* ` WHERE ...` for a slice. */
int32_t incload__verify_where(verify *v, int32_t side, incload__sql *sql, const verify_slice *slice,
                              const verify_reader *page, incload_error **err);
int32_t incload__verify_from(verify *v, int32_t side, incload__sql *sql, incload_error **err);
int32_t incload__verify_check(const verify *v, incload_error **err);

/* verify_window.c: which rows take part, said to both databases. */
int32_t incload__verify_window(verify *v, const incload__position *position, incload_error **err);
/* A condition that is true for rows in the window and false for others. */
int32_t incload__verify_inside(verify *v, int32_t side, incload__sql *sql, incload_error **err);

/* verify_left_out.c: what the load itself treats unlike on the two sides. The plan is that of an append; of what the
 * strategy said of a history this remains. */
typedef struct verify_history {
    bool on;
    const char *columns; /* option scd2_columns */
    bool marks_deleted;
} verify_history;

void incload__verify_as_append(verify *v, verify_history *history);
/* After the plan: finds the conditions, and forgets the columns that are not compared. */
int32_t incload__verify_leave_out(verify *v, const verify_history *history, incload_error **err);
/* Appends the side's condition behind *glue, and sets that to what comes before the next. */
void incload__verify_taking_part(const verify *v, int32_t side, bool outside, incload__sql *sql, const char **glue);

/* verify_scan.c: one pass over both sides. Rows fall into buckets by ranges of the key, or by its digest. */
typedef struct verify_pass {
    verify_slice slice;
    bool by_range;  /* bucket = (first key column - slice.low) / width */
    uint64_t width; /* > 0 */
    int32_t count;  /* of buckets; a power of two unless by_range */
    incload__bucket *buckets[2];
} verify_pass;

int32_t incload__verify_scan(verify *v, verify_pass *pass, incload_error **err);
/* A row's digest and that of its key (`key` NULL: not wanted). */
int32_t incload__verify_digests(verify *v, const incload__view *view, int64_t row, incload__digest *whole,
                                incload__digest *key, incload_error **err);
/* The bucket of a row. */
int32_t incload__verify_bucket_of(const verify *v, const verify_pass *pass, const incload__view *view, int64_t row,
                                  incload__digest key);

/* verify_database.c: the same pass, computed by two PostgreSQL servers. */
int32_t incload__verify_database_prepare(verify *v, incload_error **err);
int32_t incload__verify_database_scan(verify *v, verify_pass *pass, incload_error **err);

/* verify_match.c: compares the rows of a slice one by one, in bounded memory, and counts what differs. `picked` (may be
 * NULL) has a bit for each bucket of `pass` whose rows count. */
int64_t incload__verify_match_rows(const verify *v); /* as many as fit in memory, of both sides together */
int32_t incload__verify_match(verify *v, const verify_pass *pass, const verify_slice *slice, const uint8_t *picked,
                              incload_error **err);

#endif
