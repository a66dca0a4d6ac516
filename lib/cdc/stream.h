/* SPDX-License-Identifier: Apache-2.0 */
/* Following a source behind the public handle. A run is one or more sessions, each from connecting to the end of the
 * connection:
 *
 *     stream_open.c      slot, publication and position are found or made, the log is started
 *     stream_turn.c      one process at a time begins it
 *     stream_snapshot.c  the first copy of the tables
 *     stream_follow.c    messages become events of a set of tables, commits, and words to the server
 *
 * Threads: the host's runs it, the receiver's takes messages in. `lock` guards what others may look at or interrupt. */
#ifndef INCLOAD_LIB_CDC_STREAM_H
#define INCLOAD_LIB_CDC_STREAM_H

#include <incload/stream.h>

#include "cdc/assembler.h"
#include "cdc/receiver.h"
#include "cdc/set.h"
#include "cdc/slot.h"
#include "driver/wait.h"
#include "state/heartbeat.h"

/* Indexes into the words of the option table: the order is fixed. */
enum { INCLOAD__STREAM_CREATE_MISSING, INCLOAD__STREAM_CREATE_NEVER };
enum { INCLOAD__SNAPSHOT_INITIAL, INCLOAD__SNAPSHOT_REPLACE, INCLOAD__SNAPSHOT_NEVER };
enum { INCLOAD__UNTIL_STOPPED, INCLOAD__UNTIL_CAUGHT_UP, INCLOAD__UNTIL_POSITION };
enum { INCLOAD__SCHEMA_ERROR, INCLOAD__SCHEMA_IGNORE, INCLOAD__SCHEMA_APPLY };

typedef struct incload__stream_values {
    char *name;
    char *publication;
    char *slot;
    char *tables; /* list */
    int32_t create;
    bool failover;
    int32_t snapshot;
    int32_t until;
    char *until_position;
    int64_t batch_events;
    int64_t batch_bytes;
    int64_t batch_delay; /* ms */
    int64_t memory;
    char *spool_directory;
    int32_t deletes;
    char *deleted_column;
    char *deleted_at_column;
    int32_t unknown_columns;
    int32_t schema_changes;
    int64_t status_interval; /* ms, as the next */
    int64_t slot_interval;
    int64_t slot_alarm; /* per cent */
    int64_t slot_alarm_bytes;
    int64_t slot_timeout; /* ms, as all below */
    int64_t timeout;
    int64_t lease;
    int64_t wait;
    int64_t retries;
    int64_t retry_delay;
    int64_t retry_max_delay;
    int32_t dropped_columns; /* as a strategy's, as the next */
    int32_t changed_types;
    int64_t decoding_memory;
    int64_t snapshot_parallel;
} incload__stream_values;

extern const incload__option_table incload__stream_options;

typedef struct incload__stream_statistics {
    incload__place committed;
    incload__lsn received;
    incload__lsn confirmed;
    incload__lsn end; /* of the source's log */
    int64_t lag_us;
    int64_t retained;
    bool alarm;
    int64_t changes[INCLOAD_CHANGE_TOMBSTONE + 1];
    int64_t transactions;
    int64_t commits;
    incload__change_count done; /* committed, with the rows of the first copy */
} incload__stream_statistics;

/* What a run is for, and how it is told and tells. */
typedef struct incload__stream_run {
    int32_t until;                   /* INCLOAD__UNTIL_... */
    incload__lsn position;           /* with INCLOAD__UNTIL_POSITION */
    const atomic_bool *told_to_stop; /* this run alone is cancelled; may be NULL, as the next two */
    const atomic_bool *enough;       /* it is to end, and well, once it follows: a first copy comes to its end */
    void (*tell)(void *data);        /* on the thread of the run, now and then */
    void *data;
    bool arrived; /* out: all that `until` says is committed */
} incload__stream_run;

struct incload_stream {
    atomic_int refs;
    atomic_bool cancelled;
    atomic_bool stopping;
    atomic_bool halted; /* what runs is to be interrupted: by a cancel, or by a stop before the log was started */
    incload_database *source;
    incload_database *target;
    const incload__env *env;
    const incload__mem *mem;
    incload__stream_values values;
    incload__list tables; /* that the host named */
    const char *slot;     /* as the options say, or their defaults */
    const char *publication;
    char *name; /* under which the position is kept */
    incload__lsn until;
    incload_change_fn function;
    void *user_data;
    incload_destroy_fn destroy;
    incload__monitor lock;
    bool running;
    incload__stream_run *run; /* while it runs */
    bool opening;             /* the log is not started yet */
    incload__conn *log;       /* that is asked now, before the receiver has it */
    incload__receiver *receiver;
    incload__change_set *set;
    incload__stream_statistics seen;
};

/* A table of the source, and where its changes go. */
typedef struct incload__stream_table {
    char *schema;
    char *name;
    char *target;                      /* as incload__change_set_add() takes it */
    bool whole;                        /* its replica identity is the whole row */
    bool plain;                        /* all of its rows and columns are published */
    int32_t index;                     /* in the set */
    const incload__relation *relation; /* for which the following is; NULL: none was told yet */
    int32_t *columns;                  /* of the target, by column of the relation; -1: it does not count */
    int32_t *order;                    /* columns of the relation that count, in the order of the target's */
    int32_t order_count;
    int32_t room;
    incload__cell *row; /* by column of the relation: column -1 where the change does not tell it */
    incload__cell *old;
    incload__cell *scratch; /* room for two rows of cells */
    char **own;             /* values that the host's function put in */
} incload__stream_table;

/* To begin the stream: stream_turn.c. */
typedef struct incload__stream_turn {
    incload__lease lease;
    char run_id[INCLOAD__RUN_ID_SIZE];
    incload__heartbeat *heartbeat;
    atomic_bool lost; /* the lease is another's by now */
} incload__stream_turn;

/* A large transaction of the source that is written while it comes: stream_large.c. */
typedef struct incload__stream_large {
    bool at_work;
    bool ended;             /* its commit has come */
    bool given_up;          /* this one is written when all of it has come */
    incload_error *failure; /* of the source, or to be cancelled */
    int64_t due_us;         /* monotonic, as the next */
    int64_t heard_us;
} incload__stream_large;

/* One session. */
typedef struct incload__stream_session {
    incload_stream *stream;
    incload__stream_turn turn;
    incload__log_server server;
    incload__stream_table *tables;
    int32_t table_count;
    incload__change_set *set;
    incload__assembler assembler;
    bool assembling;
    incload__receiver *receiver;
    incload__lsn goal;     /* at which it ends; 0: none */
    incload__lsn progress; /* all commits below it were read, in this session */
    bool done;
    incload__stream_large large;
    int64_t open_changes[INCLOAD_CHANGE_TOMBSTONE + 1]; /* of the transaction that has not ended */
    uint32_t messages;             /* that were taken: now and then the run tells */
    incload__change_count counted; /* of the set, in the statistics already */
    bool advanced;                 /* it has committed something */
    bool target_failed;            /* the failure is the target's */
    int64_t batch_began_us;        /* monotonic, as the next two */
    int64_t idle_due_us;
    int64_t look_due_us;
    int64_t committed_at_us; /* by the source's clock, of the last transaction that was read */
} incload__stream_session;

/* For another thread to interrupt: the connection that commands go over. NULL: none. */
void incload__stream_show_log(incload_stream *stream, incload__conn *log);
/* On the run's thread, as all below: by the host, or whoever the run is for. */
bool incload__stream_is_cancelled(const incload_stream *stream);
bool incload__stream_is_ending(const incload_stream *stream);
/* INCLOAD_E_CANCELLED when the run is to end at once. */
int32_t incload__stream_check(const incload_stream *stream, incload_error **err);
/* How long the target may take over what is to be said when all is over: all that is done after a cancel ends soon. */
int64_t incload__stream_end_ms(const incload_stream *stream);
/* Until then, or until it is to end at once. */
void incload__stream_pause(incload_stream *stream, int64_t until_us);

/* ---- for a step ---- */

/* As incload_stream_run(), for what `run` says in the place of the stream's options. */
int32_t incload__stream_run_for(incload_stream *stream, incload__stream_run *run, incload_error **err);
/* Any thread, after it has set a flag of that run: it looks at once, and what it waits for is interrupted. Nothing
 * happens when it is not the one that runs. */
void incload__stream_break(incload_stream *stream, const incload__stream_run *run);
/* The same, without interrupting anything. */
void incload__stream_nudge(incload_stream *stream, const incload__stream_run *run);
void incload__stream_count(incload_stream *stream, incload__change_count *done, incload__place *committed);

/* ---- stream_state.c: what the target knows of the stream ---- */

/* A connection to the target, with its ledger. */
typedef struct incload__stream_visit {
    incload_stream *stream;
    incload__conn *conn;
    incload__ledger ledger;
    bool exists;       /* the ledger's tables are there */
    char *source_name; /* of the row of the source */
} incload__stream_visit;

/* `most_ms`: for all of it; 0: no limit. The end is due also when it failed. */
int32_t incload__stream_visit_begin(incload__stream_visit *v, incload_stream *stream, int64_t most_ms,
                                    incload_error **err);
void incload__stream_visit_end(incload__stream_visit *v);

typedef struct incload__stream_state {
    int64_t version; /* of the row of the source: whoever begins moves it, and lands only while it is the same */
    bool known;      /* this stream has begun here */
    bool copying;    /* and its first copy had not ended */
    bool placed;     /* it has a position */
    incload__place place;
    char system_id[INCLOAD__SYSTEM_ID];
    char slot[INCLOAD__SLOT_NAME];
    char copy[INCLOAD__RUN_ID_SIZE]; /* names the copy that has not ended, over all of its attempts */
} incload__stream_state;

int32_t incload__stream_state_read(incload_stream *stream, incload__stream_state *out, incload_error **err);
/* Before the slot is made: whose it will be, and by which copy. In a transaction of its own; moves state->version.
 * INCLOAD_E_BUSY, as with all below that take a version: another process has begun meanwhile. */
int32_t incload__stream_state_begin(incload_stream *stream, const char *system_id, const char *slot,
                                    incload__stream_state *state, incload_error **err);
/* In the open transaction on `to`: that it is still so. */
int32_t incload__stream_state_check(incload_stream *stream, int64_t version, const incload__ledger *ledger,
                                    incload__conn *to, incload_error **err);
/* The same alone, soon; false also when it cannot be told. */
bool incload__stream_state_holds(incload_stream *stream, int64_t version);
/* In the open transaction on `to`, which copies a table: by which copy its rows came. */
int32_t incload__stream_state_copied(const incload__ledger *ledger, incload__conn *to, const char *load_name,
                                     const char *copy, incload_error **err);
/* In the open transaction on `to`: the position where following begins. */
int32_t incload__stream_state_land(incload_stream *stream, const char *system_id, int64_t version,
                                   const incload__ledger *ledger, incload__conn *to, incload__place place,
                                   incload_error **err);
/* The same in a transaction of its own. */
int32_t incload__stream_state_place(incload_stream *stream, const char *system_id, int64_t version,
                                    incload__place place, incload_error **err);
int32_t incload__stream_state_forget(incload_stream *stream, incload_error **err);

/* ---- stream_turn.c ---- */

/* Waits for another process that begins this stream, as long as option `wait` says. INCLOAD_E_BUSY names it. */
int32_t incload__stream_turn_take(incload__stream_session *session, incload_error **err);
/* incload__stream_check(), and that the turn was not lost. */
int32_t incload__stream_turn_check(const incload__stream_session *session, incload_error **err);
/* Also when it was not taken. Passes the failure of what was done in it on, which may be NULL. */
int32_t incload__stream_turn_end(incload__stream_session *session, incload_error *failure, incload_error **err);

/* ---- stream_tables.c ---- */

/* Those of the publication that the host wants. */
int32_t incload__stream_tables_find(incload__stream_session *session, incload__conn *conn, incload_error **err);
void incload__stream_tables_free(incload__stream_session *session);
/* Adds one to the set. */
int32_t incload__stream_table_add(incload__stream_session *session, incload__stream_table *table, incload_error **err);
/* The table of a relation, with its columns; NULL: the host does not want it. */
int32_t incload__stream_table_of(incload__stream_session *session, const incload__relation *relation,
                                 incload__stream_table **out, incload_error **err);
/* What a new version of a relation means for it, by option `schema_changes`. */
int32_t incload__stream_relation_changed(incload__stream_session *session, const incload__relation *relation,
                                         incload_error **err);
/* Whether it is the library's own in the source: a user's table may be beside those, as where the role that made it has
 * the name of the ledger's schema, which stands first in its search path then. */
bool incload__stream_is_own(const incload_stream *stream, const char *schema, const char *table);

/* ---- stream_change.c ---- */

struct incload_change {
    const incload__mem *mem;
    const incload__assembled *item;
    const incload__stream_table *table;
    char **own;
};

/* A change on its way into the set. */
int32_t incload__stream_push(incload__stream_session *session, const incload__assembled *item, incload_error **err);

/* ---- stream_snapshot.c ---- */

/* Whether the tables can be copied, and none would be mixed with rows that the copy of that name did not bring. */
int32_t incload__stream_copy_check(incload__stream_session *session, const char *copy, incload_error **err);
/* Of the load that copies a table; NULL without memory. */
char *incload__stream_load_name(const incload_stream *stream, const incload__stream_table *table);
/* Copies them in the snapshot, and records with them where following begins. */
int32_t incload__stream_copy(incload__stream_session *session, const incload__slot_made *made,
                             const incload__stream_state *state, incload_error **err);

/* ---- stream_kin.c ---- */

/* The order of the targets, those that others refer to first (the caller's to free), and whether any refers to another.
 * There is a table at least. */
int32_t incload__stream_kin(const incload__stream_session *session, incload__conn *conn, int32_t **order, bool *related,
                            incload_error **err);

/* ---- stream_evolve.c ---- */

/* Commits what was read, and alters the target's table after this version of the source's. */
int32_t incload__stream_evolve(incload__stream_session *session, const incload__stream_table *table,
                               const incload__relation *relation, incload_error **err);

/* ---- stream_open.c, stream_follow.c ---- */

int32_t incload__stream_open(incload__stream_session *session, incload_error **err);
/* Of what was read by now, also amid a transaction of the source. */
int32_t incload__stream_commit(incload__stream_session *session, incload_error **err);
int32_t incload__stream_follow(incload__stream_session *session, incload_error **err);
/* A message, which is not NOTHING, and all that it completes. */
int32_t incload__stream_take(incload__stream_session *session, const incload__log_message *message,
                             incload_error **err);
/* What a commit of the set means for the stream. */
int32_t incload__stream_committed(incload__stream_session *session, bool changed, int32_t status, incload_error **err);

/* ---- stream_large.c ---- */

/* Whether the open transaction is one to be written while it comes. Where there is no more room for it the rest of it
 * has to wait. */
bool incload__stream_is_large(incload__stream_session *session);
/* Until it has been, or it has to wait until all of it has come. */
int32_t incload__stream_write_large(incload__stream_session *session, incload_error **err);
/* The end of the source's log: everything that is committed by now is before it, and will be sent. */
int32_t incload__stream_find_end(incload__stream_session *session, incload__lsn *end, incload_error **err);
/* Asks the source for the slot, and keeps what it says. */
int32_t incload__stream_look(incload__stream_session *session, incload__slot *out, incload_error **err);

#endif
