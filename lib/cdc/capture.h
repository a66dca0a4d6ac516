/* SPDX-License-Identifier: Apache-2.0 */
/* A change table behind the public handle.
 *
 * Why nothing is lost, and nothing lands that is too old:
 *
 * 1. A row of the change table becomes visible with the row that it speaks of, since one transaction writes both. In a
 *    snapshot in which it can be seen the source's row is at least as new. So a batch that takes row n of the change
 *    table and applies the source's row of that snapshot covers n, and every change of that key that the snapshot
 * shows.
 * 2. What is not visible yet (a number that was drawn early and commits late) is not among the numbers that were read,
 *    and only those are deleted: it is there for a later batch. The order of numbers means nothing, but for TRUNCATE:
 *    that holds its lock to the end of its transaction, so what is numbered before it came before it, and the rest
 * after.
 * 3. The target's commit comes first, then the deletion. A crash between the two leaves rows that are read again, with
 *    the source's rows of a later snapshot: the target only moves forward.
 * 4. A batch must not land behind one that was read later. The target's position is read before the source's snapshot
 *    is taken, and the commit lands only if it is still the same (`fenced`); each commit changes it to a place that no
 *    other commit has. A load of the whole table is kept out by the version of the same position, and with by=versions
 *    changes the place as well. So batches land in the order of their snapshots, and a batch that was overtaken lands
 *    not at all.
 * 5. When a consumer that was overtaken still deletes what it has landed before, that is covered by 1: its numbers were
 *    applied, and numbers do not come again. */
#ifndef INCLOAD_LIB_CDC_CAPTURE_H
#define INCLOAD_LIB_CDC_CAPTURE_H

#include <incload/capture.h>

#include "cdc/changes.h"
#include "dialect/capture.h"
#include "driver/wait.h"

/* Indexes into the words of the option table: the order is fixed. */
enum { INCLOAD__UNTIL_EMPTY, INCLOAD__UNTIL_CANCELLED };
enum { INCLOAD__BY_TRIGGERS, INCLOAD__BY_VERSIONS };

typedef struct incload__capture_values {
    char *key; /* list */
    char *change_table;
    char *name;
    int32_t deletes;
    char *deleted_column;
    char *deleted_at_column;
    int32_t unknown_columns;
    int64_t batch_rows;
    int64_t memory;
    int32_t until;
    int64_t poll; /* ms, as all below */
    int64_t timeout;
    int64_t lock_timeout;
    int64_t lease;
    int64_t wait;
    int64_t retries;
    int64_t retry_delay;
    int64_t retry_max_delay;
    int32_t by;
    bool delete_all;
    int64_t max_shrink;
} incload__capture_values;

extern const incload__option_table incload__capture_options;

struct incload_capture {
    atomic_int refs;
    atomic_bool cancelled;
    incload_database *source;
    incload_database *target;
    const incload__env *env;
    const incload__mem *mem;
    char *given; /* the tables as the host named them */
    char *given_target;
    char *name; /* under which the position is kept */
    char *mark;
    incload__capture_values values;
    incload__table table;    /* the source's */
    incload__table beside;   /* the change table */
    incload__schema columns; /* the source's, as they were found last */
    int32_t key[INCLOAD__CHANGE_KEY];
    int32_t key_count;
    incload__capture capture;
    /* Where the source keeps versions: its columns of row start and end ("": none), and the names of the server and of
     * the storage. */
    char *start, *end, *server, *storage;
    bool monitored;
    incload__monitor monitor; /* of what follows, and for pauses */
    incload_changes *changes; /* NULL: not made yet */
    int64_t consumed;
    int64_t written;
    int64_t deleted;
    const atomic_bool *told_to_stop; /* of the step that works with it, while it does; else NULL */
};

/* capture.c */
/* A connection to the source, with the deadline of a call that begins now. */
int32_t incload__capture_connect(incload_capture *table, incload__role role, incload__conn **out, incload_error **err);
/* Reads the source's columns anew, and finds the key among them. */
int32_t incload__capture_inspect(incload_capture *table, incload__conn *conn, incload_error **err);
/* Runs a query of the catalog about a name in the source's schema. */
int32_t incload__capture_ask(incload_capture *table, incload__conn *conn, const char *query, const char *name,
                             incload__rows *out, incload_error **err);
/* INCLOAD_E_CANCELLED, once it is. */
int32_t incload__capture_check(const incload_capture *table, incload_error **err);
/* For a public function: the name of the table ahead of the message, and what a cancel made of it. */
int32_t incload__capture_tell(const incload_capture *table, incload_error *failure, incload_error **err);
/* Sleeps; ends at once when cancelled. */
void incload__capture_pause(incload_capture *table, int64_t duration_us);

/* Any thread, after it has set the flag of a step: whoever works looks at once, and what runs is interrupted. */
void incload__capture_break(incload_capture *table);

/* capture_install.c */
/* INCLOAD_E_STATE unless all of it is there. */
int32_t incload__capture_installed(incload_capture *table, incload__conn *conn, incload_error **err);

/* capture_load.c */
/* What applies the changes, made when it is first asked for. *out is borrowed. */
int32_t incload__capture_applier(incload_capture *table, incload_changes **out, incload_error **err);
/* The target may be another than it was found: it is looked at again when it is next needed. */
void incload__capture_forget(incload_capture *table);

/* capture_batch.c */
typedef struct incload__capture_batch {
    int64_t *numbers; /* of the change table's rows, from the table's memory */
    int64_t count;
    bool truncated; /* all rows are gone among them */
    char *query;    /* with by=versions: how the rows are; from the table's memory */
} incload__capture_batch;

/* Reads at most `limit` rows of the change table, and pushes how the source's rows are, without a commit.
 * INCLOAD_E_STATE when they are more than the memory that events may have. */
int32_t incload__capture_read(incload_capture *table, incload_changes *changes, int64_t limit,
                              incload__capture_batch *batch, incload_error **err);
void incload__capture_batch_free(const incload_capture *table, incload__capture_batch *batch);
/* A place behind all others of the target that no other commit has. */
incload__place incload__capture_end(const incload_capture *table, uint64_t major);
/* Deletes them from the change table. */
int32_t incload__capture_consume(incload_capture *table, const incload__capture_batch *batch, incload_error **err);

/* capture_versions.c */
/* Looks at the source's table, and takes what the database keeps of versions out of the columns that were found.
 * INCLOAD_E_UNSUPPORTED with by=versions when it keeps none by which changes can be read. */
int32_t incload__capture_versions_look(incload_capture *table, incload__conn *conn, incload_error **err);
/* In a snapshot of the source: what changed behind the target's position, at least one transaction and about `limit`
 * versions; and what the position is once that has landed. */
int32_t incload__capture_versions_read(incload_capture *table, incload__conn *conn, incload__change_set *set,
                                       int64_t limit, incload__capture_batch *batch, incload_error **err);
/* The position of a target that will have all rows of a later snapshot. *note is the caller's. */
int32_t incload__capture_versions_begin(incload_capture *table, char **note, incload_error **err);
/* How many versions are behind the target's position, as a query. */
int32_t incload__capture_versions_pending(incload_capture *table, const char *note, incload__str *sql,
                                          incload_error **err);

/* capture_run.c */
/* One that consumes, over its batches. */
typedef struct incload__consuming {
    incload_capture *table;
    incload_changes *changes;
    bool checked;          /* all triggers were there */
    bool emptied;          /* the last batch took all that its snapshot showed */
    int64_t limit;         /* of changes in a batch; less than asked for while they are too large; 0: not begun */
    int64_t wait_until_us; /* monotonic, for another consumer; 0: none was met */
    int32_t failures;      /* in a row */
    int64_t count;         /* of changes in the last batch */
} incload__consuming;

/* For a step: a batch, with its attempts. `told_to_stop` may be NULL; deadline_us 0: none. */
int32_t incload__capture_turn(incload__consuming *c, const atomic_bool *told_to_stop, int64_t deadline_us,
                              incload_error **err);

#endif
