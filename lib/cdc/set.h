/* SPDX-License-Identifier: Apache-2.0 */
/* Tables whose changes land together: one log of events, one position, one transaction a commit. A table alone is a set
 * of one. Used by one thread at a time; cancel and interrupt alone may be called from any. */
#ifndef INCLOAD_LIB_CDC_SET_H
#define INCLOAD_LIB_CDC_SET_H

#include <pthread.h>
#include <stdatomic.h>

#include "cdc/event.h"
#include "cdc/table.h"

typedef struct incload__change_count {
    int64_t applied; /* events */
    int64_t skipped; /* events */
    int64_t written; /* rows */
    int64_t deleted; /* rows */
} incload__change_count;

typedef struct incload__change_member {
    char *given;             /* the table as the host named it */
    char *unavailable_bytes; /* option debezium_unavailable in base64, or NULL */
    incload__changes_values values;
    incload__change_table table;
    incload__cell *cells; /* scratch: room for two rows */
    incload__str keys[2][INCLOAD__CHANGE_KEY];
    int64_t pending; /* events */
    incload__change_count done;
    int32_t wary; /* commits for which new rows are not written straight to the table: it had some of them */
} incload__change_member;

typedef struct incload__change_set {
    const incload__env *env;
    const incload__mem *mem;
    incload_database *target;
    atomic_bool cancelled;
    const void *owner;              /* for cancel: see incload__database_cancel() */
    char *name;                     /* under which the position is kept */
    char *options;                  /* of all of its tables, unless they have their own; may be NULL */
    incload__changes_values values; /* of its commits */
    incload__change_member **tables;
    int32_t count;
    int32_t *order; /* of the tables, those that others refer to first */
    bool related;   /* some refer to others */
    bool deferred;  /* by constraints that can wait for the end of the transaction */
    incload__log log;
    incload__log open;      /* events of a transaction whose end is not known yet: no commit writes them */
    bool opening;           /* what is pushed goes there */
    incload__place place;   /* that is known to be committed */
    char *note;             /* that the ledger keeps beside it; NULL: none */
    char *next_note;        /* that the next commit puts in its place; NULL: it stays */
    incload__place reached; /* to which everything has been told, if that is behind the last event */
    bool fenced;            /* a commit, whose end is `reached`, lands only if nothing was committed behind `place` */
    bool durable;           /* a commit that was answered is on disk, also where the target does not care as a rule */
    /* While a commit writes events of a transaction that is still coming: brings some more, or their end. */
    int32_t (*feed)(void *data, bool *more, incload_error **err);
    void *feed_data;
    /* Of the step that works with it, while it does; else NULL and 0. */
    const atomic_bool *told_to_stop;
    int64_t deadline_us;
    pthread_mutex_t lock;  /* for this alone */
    incload_unit *at_work; /* a commit's */
} incload__change_set;

/* Columns with their values, as hosts hand them over. */
typedef struct incload__image {
    const char *const *names;
    const char *const *values;
    const size_t *lengths; /* NULL: the texts end with NUL */
    int32_t count;
} incload__image;

/* A set without tables, with the position that the target has for it. `name` NULL: that of its only table, which is
 * added next. */
int32_t incload__change_set_new(incload_database *target, const char *name, const char *options, const void *owner,
                                incload__change_set **out, incload_error **err);
void incload__change_set_free(incload__change_set *set);
/* Looks at a table of the target and adds it; *index is its place in the set. `options` are read after the set's.
 * INCLOAD_E_EXISTS when the set has it already. */
int32_t incload__change_set_add(incload__change_set *set, const char *table, const char *options, int32_t *index,
                                incload_error **err);

/* The same anew for a table of the set that was altered; no events wait. */
int32_t incload__change_set_look_again(incload__change_set *set, int32_t index, incload_error **err);

/* One event of a table; `old` (may be NULL) is its row before. Events up to the committed place are skipped. Commits
 * what is there first when there is no room, if option `full` says so. */
int32_t incload__change_set_push(incload__change_set *set, int32_t table, int32_t operation, const incload__image *old,
                                 const incload__image *row, incload__place place, incload_error **err);
/* The same with cells in the order of the table's columns, as those who know them have them: `old_count` 0 when there
 * is no row before. Texts are copied. */
int32_t incload__change_set_push_cells(incload__change_set *set, int32_t table, int32_t operation,
                                       const incload__cell *old, int32_t old_count, const incload__cell *row,
                                       int32_t count, incload__place place, incload_error **err);
/* That every event up to there has been told, of tables of this set or not: committed with the next events, or by
 * itself when there are none. */
int32_t incload__change_set_reach(incload__change_set *set, incload__place place, incload_error **err);
/* Reads the place that is committed now. */
int32_t incload__change_set_refresh(incload__change_set *set, incload_error **err);
/* Writes what was pushed, with the place of the last. Nothing happens without events. */
int32_t incload__change_set_commit(incload__change_set *set, incload_error **err);
void incload__change_set_discard(incload__change_set *set);
void incload__change_set_cancel(incload__change_set *set);
/* A commit under way looks at once whether it is told to stop, and running SQL is interrupted. */
void incload__change_set_interrupt(incload__change_set *set);

/* The table's column of that name; -1: it does not count. */
int32_t incload__change_column(const incload__change_member *member, const char *name, bool key_only, int32_t *at,
                               incload_error **err);

/* order.c: fills in `order`, `related` and `deferred` from what its tables refer to. */
int32_t incload__change_set_order(incload__change_set *set, incload_error **err);
bool incload__change_table_refers_to(const incload__change_table *child, const incload__change_table *parent);

#endif
