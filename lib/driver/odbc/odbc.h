/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the ODBC driver share. ANSI entry points with UTF-8; every statement handle lives no longer than
 * the call or the reader that made it; the connection is always in autocommit mode and transactions are SQL text,
 * since SQLEndTran lies about dead connections in one driver and ignores BEGIN in another. */
#ifndef INCLOAD_LIB_DRIVER_ODBC_ODBC_H
#define INCLOAD_LIB_DRIVER_ODBC_ODBC_H

#include <pthread.h>
#include <sql.h>
#include <sqlext.h>

#include "driver/driver.h"
#include "driver/odbc/profile.h"

/* The running call, which the watchdog thread interrupts when it is cancelled or its deadline passes. */
typedef struct incload__watch {
    pthread_mutex_t lock; /* guards everything below; held during SQLCancel, so that the handle is alive */
    pthread_cond_t wake;
    pthread_t thread;
    bool made;            /* lock and wake exist */
    bool started;         /* the thread exists */
    bool stopping;
    SQLHSTMT running;     /* NULL: no call */
    SQLHSTMT spare;       /* the handle that SQLCancel is given, where the running one must not be; else NULL */
    int64_t deadline_us;
    int64_t wakes_us;     /* when the thread looks next; INT64_MAX: when it is told to */
    bool heeds_cancel;
    atomic_bool fired;    /* the deadline passed during the call; read without the lock */
} incload__watch;

typedef struct incload__odbc_conn {
    incload__conn base;
    const incload__odbc_profile *profile;
    SQLHDBC dbc;
    int64_t busy_wait_us; /* how long a statement waits for a busy file */
    bool has_environment;
    bool connected;
    incload__watch watch;
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

/* ---- watchdog.c ---- */
int32_t incload__watch_init(incload__watch *watch, incload_error **err);
/* Ends the thread. Not in a forked child. */
void incload__watch_end(incload__watch *watch);
/* Checks the connection, then makes `stmt` the running call until incload__watch_leave(). */
int32_t incload__watch_enter(incload__odbc_conn *conn, SQLHSTMT stmt, incload_error **err);
/* The same for COMMIT and ROLLBACK: neither cancel nor a failed transaction keeps it from running. */
int32_t incload__watch_enter_always(incload__odbc_conn *conn, SQLHSTMT stmt, int64_t deadline_us, incload_error **err);
void incload__watch_leave(incload__odbc_conn *conn);
void incload__odbc_cancel(incload__conn *conn);

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

/* ---- exec.c, transaction.c, describe.c, reader.c, writer.c: the driver's table ---- */
int32_t incload__odbc_execute(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                              int64_t *affected, incload_error **err);
int32_t incload__odbc_select(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                             incload__rows *rows, incload_error **err);
int32_t incload__odbc_begin(incload__conn *conn, incload_error **err);
int32_t incload__odbc_commit(incload__conn *conn, incload_error **err);
int32_t incload__odbc_rollback(incload__conn *conn, incload_error **err);
int32_t incload__odbc_describe(incload__conn *conn, const char *sql, int32_t param_count, incload__schema *out,
                               incload_error **err);
int32_t incload__odbc_read_open(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                                const incload__schema *schema, incload__reader **out, incload_error **err);
int32_t incload__odbc_read_next(incload__reader *reader, incload__builder *builder, int64_t max_rows, int64_t max_bytes,
                                int64_t *rows, incload_error **err);
void incload__odbc_read_close(incload__reader *reader);
int32_t incload__odbc_write_open(incload__conn *conn, const char *table, const incload__schema *schema,
                                 incload__writer **out, incload_error **err);
int32_t incload__odbc_write_batch(incload__writer *writer, const incload__view *view, incload_error **err);
int32_t incload__odbc_write_close(incload__writer *writer, int64_t *rows, incload_error **err);
void incload__odbc_write_abandon(incload__writer *writer);

#endif
