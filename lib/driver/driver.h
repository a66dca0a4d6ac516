/* SPDX-License-Identifier: Apache-2.0 */
/* Talking to a database: one table of functions per driver. A driver knows how to talk, nothing of loading.
 *
 * A connection is used by one thread at a time; cancel alone may be called from any thread. Every call obeys
 * `conn->deadline_us`. Every failure is INCLOAD_E_..., with sqlstate and native code in the error, classified by
 * `conn->dialect->classify`, without row data or secrets in the message.
 *
 * Transactions: the driver keeps `conn->txn` and believes no server or driver manager about it. After any failed
 * statement inside a transaction only rollback is possible. commit has three outcomes: INCLOAD_OK, a failure (surely
 * not committed), and INCLOAD_E_COMMIT_UNKNOWN (the wire broke, or the deadline passed, after COMMIT was sent). */
#ifndef INCLOAD_LIB_DRIVER_DRIVER_H
#define INCLOAD_LIB_DRIVER_DRIVER_H

#include <stdatomic.h>

#include "base/env.h"
#include "dialect/dialect.h"
#include "sched/context.h"

typedef struct incload__driver incload__driver;
typedef struct incload__conn incload__conn;
typedef struct incload__reader incload__reader;
typedef struct incload__writer incload__writer;
typedef struct incload__relay incload__relay;
typedef struct incload__replication incload__replication; /* driver/replication.h */

typedef enum incload__txn {
    INCLOAD__TXN_IDLE,
    INCLOAD__TXN_OPEN,
    INCLOAD__TXN_FAILED, /* a statement failed: only rollback */
    INCLOAD__TXN_DEAD    /* the connection is gone */
} incload__txn;

/* A reader may be given options that break writing (psqlODBC's declare/fetch), so each connection has one role. */
typedef enum incload__role { INCLOAD__ROLE_READ, INCLOAD__ROLE_WRITE } incload__role;

/* The head of every driver's connection object. */
struct incload__conn {
    const incload__driver *driver;
    const incload__dialect *dialect;
    const incload__env *env;
    incload__role role;
    incload__wire wire;
    incload__txn txn;
    int32_t
        server_version; /* major * 10000 + minor * 100 + patch where known (PostgreSQL 15.20: 150020 as libpq says) */
    int64_t deadline_us;        /* monotonic; 0: none. Set by the caller before it calls */
    atomic_bool cancelled;      /* set by the driver's cancel; calls then end with INCLOAD_E_CANCELLED */
    _Atomic int64_t cancelled_us; /* monotonic, when that was; 0: not yet */
    const char *begin_text;     /* for the next begin, in place of the dialect's; NULL as a rule */
    int32_t pid;                /* the process that made it */
    int64_t used_us;            /* monotonic, when it was last given back to a pool */
    bool freezes;               /* bulk writes go into a table of this transaction's own: every snapshot may see them */
    bool repeats; /* the next statement is the library's own and comes again and again: it may be kept prepared. Set and
                     taken back by the caller; it has no binary parameters */
    char session[64]; /* as its dialect names it, once that was asked for; "": not known */
    bool streams; /* read_open needs memory for one batch only; false: the driver buffers the whole result */
    bool once;    /* its rows are read once, as they come: no condition, order or other question is understood */
    bool spent;   /* that was begun: nothing can be started over */
};

typedef struct incload__connect {
    const incload__env *env;
    const char *url;   /* the whole string the host gave: postgresql://..., odbc:..., mock:... */
    incload__role role;
    int64_t deadline_us;
    const char *application_name;
    void *host_data;              /* mock: the incload_mock; arrow: the incload__arrow_stream */
    incload_context *context;     /* owns env; what may outlive the call takes a reference. NULL: env lives for ever */
    const atomic_bool *cancelled; /* looked at while connecting, when no cancel can be sent yet; may be NULL */
    bool replication;             /* for the server's log, by driver->replication alone */
} incload__connect;

/* A parameter of a statement. INT64 and UINT64 kinds go as integers, BINARY as bytes, everything else as text. */
typedef struct incload__param {
    const char *text; /* NULL: SQL NULL */
    size_t length;
    incload__kind kind;
} incload__param;

/* A small result held in memory: cells are NUL-terminated text or NULL. */
typedef struct incload__rows {
    const incload__mem *mem;
    char **cells; /* row by row */
    int32_t columns;
    int64_t count;
} incload__rows;

/* Whether an error with this SQLSTATE in answer to COMMIT is the server's word that nothing was committed. One that
 * ends the session, an interrupt, or an error of the driver's own may come after the commit was done. */
bool incload__is_refusal(const char *sqlstate);

/* A query about one table: its schema and name are parameters as often as the query has a pair of them (4 at most). */
int32_t incload__select_about(incload__conn *conn, const char *sql, const char *schema, const char *table,
                              incload__rows *rows, incload_error **err);
/* The same by driver->ask. */
int32_t incload__ask_about(incload__conn *conn, const char *sql, const char *schema, const char *table,
                           incload_error **err);
const char *incload__rows_get(const incload__rows *rows, int64_t row, int32_t column);
void incload__rows_free(incload__rows *rows);
/* For drivers: appends one row of `columns` cells (NULL pointers for SQL NULL); sets rows->columns on the first.
 * lengths NULL: the cells end with NUL. INCLOAD_E_NO_MEMORY, or INCLOAD_E_UNSUPPORTED past 1,000,000 cells; nothing was
 * added then. */
int32_t incload__rows_add(incload__rows *rows, const char *const *cells, const size_t *lengths, int32_t columns);

typedef struct incload__answer {
    int64_t affected; /* -1: the server does not say, or has not answered */
    bool failed;
} incload__answer;

/* A statement that was posted. */
typedef struct incload__posted {
    int64_t number;      /* by which its connection knows the answer; 0: it has been done, */
    incload__answer done; /* so */
} incload__posted;

/* As driver->post; at once where a driver has no such. */
int32_t incload__conn_post(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                           incload__posted *out, incload_error **err);
/* What became of it, as far as that is known; of a transaction that is over until the next one begins. */
incload__answer incload__conn_answer(const incload__conn *conn, const incload__posted *posted);
/* Every statement that was posted has been done, or that failed. */
int32_t incload__conn_settle(incload__conn *conn, incload_error **err);
/* As driver->leave, or rollback where a driver has no such. */
int32_t incload__conn_leave(incload__conn *conn, incload_error **err);

struct incload__driver {
    const char *name; /* libpq, odbc, mock, arrow */

    int32_t (*connect)(const incload__connect *how, incload__conn **out, incload_error **err);
    /* Rolls back what is open, closes, frees. In a forked child: frees only. Never blocks beyond a second. */
    void (*close)(incload__conn *conn);
    /* Cheap proof that the server answers. */
    int32_t (*ping)(incload__conn *conn, incload_error **err);
    /* Any thread: interrupts the running call soon; the connection's owner sees INCLOAD_E_CANCELLED. Sets
     * conn->cancelled. */
    void (*cancel)(incload__conn *conn);

    /* One statement without result rows. *affected may be NULL; -1 when the server does not say. */
    int32_t (*execute)(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                       int64_t *affected, incload_error **err);
    /* One query with a small result, as text. Refuses more than 1,000,000 cells. */
    int32_t (*select)(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                      incload__rows *rows, incload_error **err);
    int32_t (*begin)(incload__conn *conn, incload_error **err); /* begin_read or begin_write, by role */
    int32_t (*commit)(incload__conn *conn, incload_error **err);
    /* Succeeds when no transaction is open. When it fails the connection is DEAD. */
    int32_t (*rollback)(incload__conn *conn, incload_error **err);

    /* A select in two, so that the server works while others are asked; nothing else may be done on the connection
     * before `take`. NULL where there is none. */
    int32_t (*ask)(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                   incload_error **err);
    int32_t (*take)(incload__conn *conn, incload__rows *rows, incload_error **err);
    /* As execute, but the server may be told of it with the next statement only, in one round trip: that one fails when
     * this does. *out tells by which number `answer` knows it. NULL where there is none. */
    int32_t (*post)(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                    incload__posted *out, incload_error **err);
    incload__answer (*answer)(const incload__conn *conn, int64_t number);
    int32_t (*settle)(incload__conn *conn, incload_error **err);
    /* As rollback, but what the server says of it is awaited by the next call only. NULL where there is none. */
    int32_t (*leave)(incload__conn *conn, incload_error **err);

    /* The shape of a query's result, without running it: names, native types, logical types (all nullable). */
    int32_t (*describe)(incload__conn *conn, const char *sql, int32_t param_count, incload__schema *out,
                        incload_error **err);

    /* Reads a query whose select list matches `schema` (items made by dialect->select_item). */
    int32_t (*read_open)(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                         const incload__schema *schema, incload__reader **out, incload_error **err);
    /* Puts up to max_rows more rows (fewer when they take max_bytes) into the builder; *rows = 0 at the end. */
    int32_t (*read_next)(incload__reader *reader, incload__builder *builder, int64_t max_rows, int64_t max_bytes,
                         int64_t *rows, incload_error **err);
    /* Ends the reading, early or not, and frees. An unread rest is abandoned at no greater cost than a cancel. */
    void (*read_close)(incload__reader *reader);

    /* Bulk write into `table` (quoted) by the driver's fastest sound method, inside the open transaction. `schema` has
     * the target's columns: names, native types, and types that the batches have. */
    int32_t (*write_open)(incload__conn *conn, const char *table, const incload__schema *schema, incload__writer **out,
                          incload_error **err);
    int32_t (*write_batch)(incload__writer *writer, const incload__view *view, incload_error **err);
    /* It sends values one by one: a type that its column's type spells needs no conversion. */
    bool writes_values;
    /* Sends what is left; *rows is what the server took, which equals what was given or it is an error. Frees the
     * writer also on failure. NULL err and rows: abandon. */
    int32_t (*write_close)(incload__writer *writer, int64_t *rows, incload_error **err);
    void (*write_abandon)(incload__writer *writer);

    /* Relay of undecoded bytes from one connection to another of the same driver; NULL where there is none.
     * `select` is read on `from` (with parameters), `table` and quoted column list are written on `to`, inside its open
     * transaction. Both sides must have equal types. Runs to the end; `progress` (may be NULL) is told the bytes now
     * and then and stops the relay by a non-zero status. */
    int32_t (*relay)(incload__conn *from, const char *select, const incload__param *params, int32_t count,
                     incload__conn *to, const char *table, const char *columns,
                     int32_t (*progress)(int64_t bytes, void *data), void *data, int64_t *rows, int64_t *bytes,
                     incload_error **err);

    /* ---- the same as texts, for people: nothing is sent ---- */

    /* What stands around a query that read_open sends; NULL: nothing. */
    const char *read_before;
    const char *read_after;
    /* The statement by which write_open writes, appended; for one row where a statement takes as many as fit. */
    int32_t (*write_text)(incload__conn *conn, const char *table, const incload__schema *schema, incload__str *out,
                          incload_error **err);

    const incload__replication *replication; /* the server's log as a stream; NULL: there is none */
};

#ifdef INCLOAD_HAVE_LIBPQ
extern const incload__driver incload__driver_libpq;
#endif
#ifdef INCLOAD_HAVE_ODBC
extern const incload__driver incload__driver_odbc;
#endif
extern const incload__driver incload__driver_mock;
extern const incload__driver incload__driver_arrow; /* of a database that was made of a stream; no URL names it */

/* By the URL's scheme. INCLOAD_E_INVALID names the schemes there are, INCLOAD_E_UNSUPPORTED what this build left out.
 */
int32_t incload__driver_find(const char *url, const incload__driver **out, incload_error **err);

/* For drivers: fails with the server's error, classified; sets an open transaction to FAILED, and any state to DEAD for
 * a lost connection. A connection that was cancelled fails with INCLOAD_E_CANCELLED, an interruption after the deadline
 * with INCLOAD_E_TIMEOUT. `doing` says what was being done ("reading table orders"); `server_message` must be free of
 * row data. */
int32_t incload__conn_fail(incload__conn *conn, incload_error **err, const char *doing, const char *sqlstate,
                           int64_t native_code, const char *server_message);
/* INCLOAD_E_FORKED in a child of the process that made the connection, INCLOAD_E_CANCELLED, INCLOAD_E_TIMEOUT when the
 * deadline has passed, INCLOAD_E_STATE when the transaction has failed or the connection is dead; else INCLOAD_OK. */
int32_t incload__conn_check(incload__conn *conn, incload_error **err);

/* ---- savepoints: plain SQL, the same in every dialect that has `load_order` ---- */

int32_t incload__savepoint_set(incload__conn *conn, const char *name, incload_error **err);
int32_t incload__savepoint_release(incload__conn *conn, const char *name, incload_error **err);
/* Undoes what came after it, and the savepoint itself; the transaction is open again, also after a statement in it had
 * failed. */
int32_t incload__savepoint_undo(incload__conn *conn, const char *name, incload_error **err);

/* ---- how long a call may go on once it is late ----
 * A run has several calls to make after its deadline or a cancel: the one that was interrupted ends, transactions are
 * rolled back, connections closed. Each may wait a little longer than the one before, counted from the deadline or the
 * cancel, so that all of them together keep the promise: 250 ms after a deadline, 500 ms after a cancel. */
typedef enum incload__manner {
    INCLOAD__MANNER_STATEMENT,
    INCLOAD__MANNER_RELEASE, /* ends a reader or a writer */
    INCLOAD__MANNER_ROLLBACK,
    INCLOAD__MANNER_CLOSE,
    INCLOAD__MANNERS
} incload__manner;

/* Monotonic, when a call that began at `began_us` must have returned, whatever the server does; 0: no limit. To be
 * asked again after a cancel. */
int64_t incload__conn_limit(const incload__conn *conn, incload__manner manner, int64_t began_us);
/* For a driver's cancel: notes the time, then sets the flag. */
void incload__conn_set_cancelled(incload__conn *conn);

#endif
