/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the ODBC driver share. ANSI entry points with UTF-8; every statement handle lives no longer than
 * the call or the reader that made it; the connection is always in autocommit mode and transactions are SQL text,
 * since SQLEndTran lies about dead connections in one driver and ignores BEGIN in another.
 *
 * No ODBC call can be bounded, so no caller makes one. Each connection has a worker thread that makes them all, on an
 * object of its own (incload__odbc_conn); the caller holds the other end (link.h), asks, and waits no longer than its
 * limit. What is declared here runs on the worker and never touches memory of the caller. */
#ifndef INCLOAD_LIB_DRIVER_ODBC_ODBC_H
#define INCLOAD_LIB_DRIVER_ODBC_ODBC_H

#include <pthread.h>
#include <sql.h>
#include <sqlext.h>

#include "driver/driver.h"
#include "driver/odbc/profile.h"
#include "driver/wait.h"

/* The running statement, for whoever interrupts it. */
typedef struct incload__watch {
    pthread_mutex_t lock; /* guards all but fired; held during SQLCancel, so that the handle is alive */
    SQLHSTMT running;     /* NULL: none */
    SQLHSTMT spare;       /* the handle that SQLCancel is given, where the running one must not be; else NULL */
    int64_t call;         /* the number of the call that runs it */
    atomic_bool fired;    /* the deadline passed during the call */
} incload__watch;

typedef struct incload__call incload__call;
typedef struct incload__thing incload__thing;

/* What a connection owns besides itself: its readers and writers. */
struct incload__thing {
    incload__thing *next;
    void (*free)(incload__thing *thing);
};

/* The worker's end. Held by the link, the worker and an interrupter, whichever is there; the last frees it. */
typedef struct incload__odbc_conn {
    incload__conn base;
    const incload__odbc_profile *profile;
    SQLHDBC dbc;
    int64_t busy_wait_us; /* how long a statement waits for a busy file */
    bool has_environment;
    bool connected;
    incload__thing *things;
    incload__watch watch;

    incload_context *context; /* may be NULL */
    atomic_int refs;
    pthread_t worker;
    incload__monitor monitor; /* guards what follows */
    incload__call *call;      /* asked for and not yet done */
    int64_t number;           /* of that call */
    int64_t to_interrupt;     /* the number of the call that is to be interrupted */
    int32_t interrupters;     /* threads inside or on the way to SQLCancel */
    bool stopping;            /* the worker is to clean up and end */
    bool ended;               /* it has cleaned up */
    bool left;                /* nobody waits any more: the worker frees the call, too */
} incload__odbc_conn;

typedef struct incload__odbc_diag {
    char sqlstate[6];
    int32_t native_code;
    char message[1024];
} incload__odbc_diag;

static inline incload__odbc_conn *
incload__odbc_of(incload__conn *conn)
{
    return (incload__odbc_conn *)conn;
}

static inline SQLCHAR *
incload__sqlchar(const char *text)
{
    return (SQLCHAR *)(uintptr_t)text; /* ODBC's prototypes know no const; drivers only read */
}

/* ---- environment.c ---- */
int32_t incload__odbc_environment_take(SQLHENV *out, incload_error **err);
void incload__odbc_environment_give(void);

/* ---- diag.c ---- */
/* The first diagnostic record, cleaned of driver prefixes, row data and secrets. False when there is none. */
bool incload__odbc_diag_get(SQLSMALLINT type, SQLHANDLE handle, incload__odbc_diag *out);
/* The failure of a call on `handle`: cancelled, timed out, or as the dialect classifies it. Returns the code. */
int32_t incload__odbc_fail(incload__odbc_conn *conn, SQLSMALLINT type, SQLHANDLE handle, const char *doing,
                           incload_error **err);
/* SQL_SUCCESS; or SQL_SUCCESS_WITH_INFO without a record that tells of lost data. Else fails. */
int32_t incload__odbc_check(incload__odbc_conn *conn, SQLHSTMT stmt, SQLRETURN rc, const char *doing,
                            incload_error **err);
/* Removes passwords and quoted row values, in place. */
void incload__odbc_scrub(char *message);

/* ---- interrupt.c ---- */
/* Checks the connection, then makes `stmt` the running statement until incload__watch_leave(). */
int32_t incload__watch_enter(incload__odbc_conn *conn, SQLHSTMT stmt, incload_error **err);
/* The same for COMMIT, which a cancel that came before it does not keep from running. */
void incload__watch_enter_always(incload__odbc_conn *conn, SQLHSTMT stmt);
void incload__watch_leave(incload__odbc_conn *conn);
/* With the monitor locked: a thread of its own cancels the running statement of the present call, again and again until
 * the call is done, since a first SQLCancel may come before the server has begun. Without memory or a thread for it
 * nothing happens. */
void incload__interrupt(incload__odbc_conn *conn);

/* ---- params.c ---- */
/* `$1` outside strings, names and comments becomes `?`; *order gets the parameter's index (from 0) of each `?`, in
 * memory of its own. Where the dialect's parameters are not numbered the text is copied and the order is 0, 1, 2,
 * ... */
int32_t incload__params_rewrite(const incload__conn *conn, const char *sql, int32_t count, incload__str *out,
                                int32_t **order, int32_t *placeholders, incload_error **err);
/* The SQL text with every `?` as a literal, for SQLite, where a doubled quote is the only escape in a string. */
int32_t incload__params_inline(const incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                               incload__str *out, incload_error **err);

/* A statement ready to run: its text rewritten, its parameters bound. The params must stay alive until it has run. */
typedef struct incload__stmt {
    incload__odbc_conn *conn;
    SQLHSTMT handle;
    incload__str sql;
    int32_t *order;
    int64_t *ints; /* values of integer parameters */
    SQLLEN *lengths;
    bool fetched; /* at least once */
} incload__stmt;

/* ---- statement.c ---- */
int32_t incload__stmt_open(incload__stmt *stmt, incload__odbc_conn *conn, incload_error **err);
int32_t incload__stmt_bind(incload__stmt *stmt, const char *sql, const incload__param *params, int32_t count,
                           incload_error **err);
int32_t incload__stmt_run(incload__stmt *stmt, const char *doing, incload_error **err); /* between enter and leave */
void incload__stmt_close(incload__stmt *stmt);
/* SQLFetch; the first one begins anew while the database file is busy. */
SQLRETURN incload__stmt_fetch(incload__stmt *stmt);
/* SQLExecDirect, or SQLExecute where `sql` is NULL; again while the database file is busy. */
SQLRETURN incload__odbc_exec(incload__odbc_conn *conn, SQLHSTMT handle, const char *sql);
/* One cell of the fetched row by SQLGetData, appended to `out`, whatever its length. */
int32_t incload__stmt_get(incload__odbc_conn *conn, SQLHSTMT handle, int32_t column, SQLSMALLINT c_type,
                          incload__str *out, bool *is_null, incload_error **err);

/* ---- exec.c, transaction.c, describe.c, reader.c, writer.c: see driver.h ---- */
int32_t incload__odbc_execute(incload__odbc_conn *conn, const char *sql, const incload__param *params, int32_t count,
                              int64_t *affected, incload_error **err);
int32_t incload__odbc_select(incload__odbc_conn *conn, const char *sql, const incload__param *params, int32_t count,
                             incload__rows *rows, incload_error **err);
int32_t incload__odbc_commit(incload__odbc_conn *conn, incload_error **err);
int32_t incload__odbc_rollback(incload__odbc_conn *conn, incload_error **err);
int32_t incload__odbc_describe(incload__odbc_conn *conn, const char *sql, int32_t param_count, incload__schema *out,
                               incload_error **err);

/* Takes the schema's contents over, also when it fails. The reader is one of the connection's things. */
typedef struct incload__odbc_reader incload__odbc_reader;
int32_t incload__odbc_read_open(incload__odbc_conn *conn, const char *sql, const incload__param *params, int32_t count,
                                incload__schema *schema, incload__odbc_reader **out, incload_error **err);
int32_t incload__odbc_read_next(incload__odbc_reader *reader, int64_t max_rows, int64_t max_bytes, int64_t *rows,
                                incload_error **err);
/* Where incload__odbc_read_next() puts the rows: the reader's own, which nobody else has while it runs. */
incload__builder *incload__odbc_reader_builder(incload__odbc_reader *reader);

/* For a thing that is being made or is no longer wanted. */
void incload__thing_add(incload__odbc_conn *conn, incload__thing *thing, void (*free)(incload__thing *thing));
void incload__thing_drop(incload__odbc_conn *conn, incload__thing *thing);

#endif
