/* SPDX-License-Identifier: Apache-2.0 */
/* Finding exactly the rows that changed since the load before, in a database where transactions commit in another order
 * than they stamp their rows. One finder per way in which a database shows who is in flight.
 *
 * A finder is called at three moments of a load: `list` before the source's snapshot is taken, in autocommit; `bound`
 * inside it, where it fills in load->window; `close` inside it too, after the rows were read, when it completes
 * load->after, the mark that is committed with the rows. load->mark is the mark of the load before. */
#ifndef INCLOAD_LIB_LOAD_HORIZON_H
#define INCLOAD_LIB_LOAD_HORIZON_H

#include <stdbool.h>

#include "driver/driver.h"
#include "state/mark.h"

typedef struct incload__load incload__load;

/* What the cursor's values are made of: decides how a bound becomes a value of the column. */
typedef enum incload__cursor_unit {
    INCLOAD__UNIT_OTHER,  /* text, floats, ...: no bound can be computed */
    INCLOAD__UNIT_MICROS, /* timestamps and dates: microseconds since 1970 UTC */
    INCLOAD__UNIT_NUMBER, /* integers */
    INCLOAD__UNIT_XID     /* PostgreSQL's xid8: the transaction itself */
} incload__cursor_unit;

/* The window as the finder bounds it. */
typedef struct incload__window {
    char *low;       /* rows with cursor >= it (a value in the source's text); NULL: from the beginning */
    char *filter;    /* SQL condition on the source's rows that leaves out what was delivered; NULL: none. `?n` stands
                        for filter_params[n - 1] */
    char *filter_params[4];
    bool any_position; /* `low` is only where lateness begins: a deep read looks at all positions */
    bool repeats;    /* rows delivered before may come again: those equal to a target row are not written */
    bool empty;      /* nothing passes: see incload__window_probe() */
    bool filter_positionless; /* the filter also holds for rows without a position */
    bool indexed;    /* an index begins with the cursor: its newest rows are looked at first at no cost */
    const char *level; /* "EXACT", "EXACT_IF_STAMPED" or "BEST_EFFORT" */
    char *reason;    /* why not more exact; NULL: nothing to say */
    char *held_by;   /* the oldest transaction in flight, for people; NULL: none */
} incload__window;

typedef struct incload__finder {
    incload__mark_kind kind;
    int32_t (*list)(incload__load *load, incload_error **err);
    int32_t (*bound)(incload__load *load, incload_error **err);
    int32_t (*close)(incload__load *load, incload_error **err);
    void (*free)(incload__load *load); /* load->found; may be NULL */
} incload__finder;

/* horizon.c: picks the finder for this source and cursor, and calls `list`. Every load by cursor has one. */
int32_t incload__horizon_list(incload__load *load, incload_error **err);
int32_t incload__horizon_bound(incload__load *load, incload_error **err);
int32_t incload__horizon_close(incload__load *load, incload_error **err);
void incload__window_free(incload__load *load);

/* Where nothing is known but the cursor: horizon=none, and sources that show nothing (horizon_cursor.c). Looks back by
 * the option `lookback` or twice the lateness that was measured, and compares everything now and then. */
extern const incload__finder incload__finder_cursor;
extern const incload__finder incload__finder_postgres;  /* horizon_postgres.c */
extern const incload__finder incload__finder_mariadb;   /* horizon_mariadb.c */
extern const incload__finder incload__finder_versioned; /* horizon_versioned.c: MariaDB's system versioning */
extern const incload__finder incload__finder_sqlite;    /* horizon_sqlite.c */

/* ---- shared by the finders (horizon.c) ---- */
/* One row of texts from the source. INCLOAD_E_PROTOCOL when there is none. */
int32_t incload__ask_row(incload__load *load, incload__conn *conn, const char *sql, const char *const *params,
                         int32_t param_count, incload__rows *rows, incload_error **err);
incload__cursor_unit incload__cursor_unit_of(const incload__load *load);
/* A bound as a value of the cursor column in the source's text, cut down to its unit: to window.low. */
int32_t incload__window_set_low(incload__load *load, int64_t bound, incload_error **err);
/* Appends a sentence to the reason. */
int32_t incload__window_say(incload__load *load, incload_error **err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Whether a deep read is due, by the options `deep` and `deep_every` and the mark. */
bool incload__deep_is_due(const incload__load *load, int64_t clock);
/* The same where no filter leaves out what was delivered, so that a deep read compares the whole table. */
bool incload__whole_is_due(const incload__load *load, int64_t clock);
/* How far the source's clock went back against ours since the last load of this process: 0 when not. */
int64_t incload__clock_step(incload__load *load, int64_t clock);

#endif
