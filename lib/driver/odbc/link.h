/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's end of a connection. A call is a request with copies of its inputs: it is handed to the worker, waited
 * for until it is done or its limit has come, and in the second case left behind. Whatever was handed over is the
 * worker's from then on, and it frees everything when the ODBC call returns at last. */
#ifndef INCLOAD_LIB_DRIVER_ODBC_LINK_H
#define INCLOAD_LIB_DRIVER_ODBC_LINK_H

#include "driver/odbc/connect.h"
#include "driver/odbc/odbc.h"

typedef struct incload__link {
    incload__conn base; /* what driver.h promises; brought up to date after each call */
    incload__odbc_conn *far;
    bool left; /* a call was left behind: nothing that was handed over may be touched */

    /* The last request. */
    incload__call *under_way; /* NULL: it was waited for */
    incload__call *lost;      /* the one that was left behind: to be compared, no more */
    int64_t began_us;
    const char *doing;
    const char *remedy;
    bool is_commit;
} incload__link;

struct incload__call {
    int32_t (*run)(incload__odbc_conn *conn, incload__call *call, incload_error **err);
    const incload__mem *mem;
    incload__manner manner;
    bool heeds_deadline;          /* the deadline interrupts it */
    bool heeds_cancel;            /* a cancel interrupts it */
    bool is_commit;               /* left behind, its outcome is unknown */
    const char *doing;            /* for messages; static */
    const char *remedy;           /* the same: what to do when it was left behind */
    const atomic_bool *cancelled; /* looked at while waiting; the caller's, so not for the worker; may be NULL */

    /* Inputs; owned, but for `thing`. */
    char *sql;
    incload__param *params; /* and their texts, in one block */
    int32_t count;
    incload__schema schema; /* of describe and readers; describe's output */
    incload__connstr list;  /* of connect */
    char *application_name;
    void *thing; /* reader or writer: the connection's */
    int64_t max_rows;
    int64_t max_bytes;

    /* Outputs. */
    int32_t status;
    incload_error *error;
    int64_t number; /* affected or read rows */
    incload__rows rows;
};

static inline incload__link *
incload__link_of(incload__conn *conn)
{
    return (incload__link *)(void *)conn;
}

/* ---- link.c ---- */

/* A request for `run`, interrupted by deadline and cancel; NULL when there is no memory. */
incload__call *incload__call_new(const incload__mem *mem,
                                 int32_t (*run)(incload__odbc_conn *conn, incload__call *call, incload_error **err),
                                 const char *doing);
/* Copies a statement and its parameters. INCLOAD_OK or INCLOAD_E_NO_MEMORY. */
int32_t incload__call_set(incload__call *call, const char *sql, const incload__param *params, int32_t count);
/* NULL is fine. */
void incload__call_free(incload__call *call);

/* Runs the request on the worker. *call is NULL afterwards if it was left behind; else it holds the outputs and is the
 * caller's to free. A connection on which a call was left behind is DEAD. */
int32_t incload__link_run(incload__link *link, incload__call **call, incload_error **err);
/* The same in two steps, between which the caller has work of its own: handing it over, which waits for the request
 * before it, and waiting for it. Whatever else runs on the connection meanwhile waits first, too. */
int32_t incload__link_start(incload__link *link, incload__call *call, incload_error **err);
int32_t incload__link_finish(incload__link *link, incload__call **call, incload_error **err);
/* The same for a request without inputs or outputs. */
int32_t incload__link_run_plain(incload__link *link,
                                int32_t (*run)(incload__odbc_conn *conn, incload__call *call, incload_error **err),
                                incload__manner manner, const char *doing, incload_error **err);
/* write_text.c: needs no server. */
int32_t incload__link_write_text(incload__conn *conn, const char *table, const incload__schema *schema,
                                 incload__str *out, incload_error **err);
int32_t incload__link_connect(const incload__connect *how, incload__conn **out, incload_error **err);
void incload__link_close(incload__conn *conn);
void incload__link_cancel(incload__conn *conn);
bool incload__link_in_child(const incload__link *link);

/* ---- stream.c: readers and writers ---- */

int32_t incload__link_read_open(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                                const incload__schema *schema, incload__reader **out, incload_error **err);
int32_t incload__link_read_next(incload__reader *reader, incload__builder *builder, int64_t max_rows, int64_t max_bytes,
                                int64_t *rows, incload_error **err);
void incload__link_read_close(incload__reader *reader);
int32_t incload__link_write_open(incload__conn *conn, const char *table, const incload__schema *schema,
                                 incload__writer **out, incload_error **err);
int32_t incload__link_write_batch(incload__writer *writer, const incload__view *view, incload_error **err);
int32_t incload__link_write_close(incload__writer *writer, int64_t *rows, incload_error **err);
void incload__link_write_abandon(incload__writer *writer);

/* ---- worker.c ---- */

/* INCLOAD_E_CONNECT when the system gives no thread. From then on the worker holds a reference. */
int32_t incload__worker_start(incload__odbc_conn *conn, incload_error **err);
void incload__odbc_conn_unref(incload__odbc_conn *conn);

#endif
