/* SPDX-License-Identifier: Apache-2.0 */
/* One PostgreSQL connection over libpq, and how its files talk to each other.
 *
 * Nothing here may block in libpq: its own timeouts do not hold against a server that is frozen or talks without end.
 * Every wait goes through wait.c, which knows the deadline and the cancel flag. Layers, lowest first: wait.c, errors.c,
 * flight.c (several statements at once), cancel.c (ends what runs), exec.c (one statement), describe.c and bind.c
 * (shape and parameters), then readers, writers, relay. */
#ifndef INCLOAD_LIB_DRIVER_LIBPQ_PQ_H
#define INCLOAD_LIB_DRIVER_LIBPQ_PQ_H

#include <libpq-fe.h>

#include "driver/driver.h"

/* For cleaning up: the deadline in place of head.deadline_us. A cancel that comes meanwhile shortens it. */
typedef struct incload__pq_grace {
    int64_t until_us; /* 0: none */
    int64_t from_us;
    incload__manner manner;
} incload__pq_grace;

/* What became of the statements that were posted in a transaction. Those after `told` are under way: their answers come
 * before that to the last statement. */
typedef struct incload__pq_posts {
    incload__answer *answers;
    int32_t capacity;
    int32_t count;
    int32_t told;
    int64_t before; /* were posted in transactions before */
} incload__pq_posts;

typedef struct incload__pq {
    incload__conn head;
    PGconn *pg;
    incload_context *context; /* may be NULL */
    const atomic_bool *asked; /* while connecting: becomes true when that is to stop; else NULL */
    int wake_fd;      /* eventfd, readable from the first cancel until the next rollback */
    const char *begin; /* of the transaction that is open here but not yet at the server: it goes with the first
                          statement; NULL: none */
    bool flies;       /* statements are under way by incload__pq_flight_open() */
    bool gathers;     /* and it was not closed yet: more may come */
    bool begins;      /* the answer to come is that to its BEGIN */
    bool between;     /* the end of one of them was seen */
    incload__pq_posts posts;
    bool leaves;      /* a ROLLBACK was sent whose answer was not read */
    bool describes;   /* a shape was asked for of which only the first of two steps was sent */
    bool extended;    /* the statement was sent by the extended protocol */
    bool deaf;        /* a cancel ends nothing: while cleaning up, and once COMMIT was sent */
    incload__pq_grace grace;
    int64_t notices;  /* since the statement began */
    int64_t read_us;  /* monotonic: when messages of a stream came last */
    bool astray;      /* an answer came that nothing had asked for */
    struct incload__pq_prepared *prepared; /* NULL: nothing was yet */
    char *place;      /* host:port as the person who reads an error would write it */
} incload__pq;

static inline incload__pq *
incload__pq_of(incload__conn *conn)
{
    return (incload__pq *)(void *)conn;
}

/* ---- wait.c: INCLOAD_OK, or INCLOAD_E_TIMEOUT, INCLOAD_E_CANCELLED, INCLOAD_E_CONNECT with txn untouched ---- */

/* Monotonic, when all waiting must be over; 0: never. */
int64_t incload__pq_deadline(const incload__pq *pq);
/* Waits until the socket is ready for one of `events` (POLLIN, POLLOUT). */
int32_t incload__pq_wait(incload__pq *pq, short events, const char *doing, incload_error **err);
/* The same for either of two connections; events may be 0. */
int32_t incload__pq_wait_either(incload__pq *a, short a_events, incload__pq *b, short b_events, const char *doing,
                                incload_error **err);
/* Takes in what has arrived, without waiting. */
int32_t incload__pq_consume(incload__pq *pq, const char *doing, incload_error **err);
/* Between two statements: an answer that is here already is none to the next. INCLOAD_E_PROTOCOL, and the connection is
 * DEAD; INCLOAD_E_CONNECT. */
int32_t incload__pq_expect_silence(incload__pq *pq, const char *doing, incload_error **err);
/* Sends all that libpq holds back, reading meanwhile: a server that wants to be read stops reading itself. */
int32_t incload__pq_flush(incload__pq *pq, const char *doing, incload_error **err);
/* The next result, NULL at the end of the statement. */
int32_t incload__pq_next(incload__pq *pq, PGresult **out, const char *doing, incload_error **err);
/* Reads to the end of a statement whose result is known, for at most a moment. INCLOAD_E_PROTOCOL: it is a COPY by now.
 */
int32_t incload__pq_skip(incload__pq *pq);
/* Of these libpq gives the same one again and again, until the data is read or written. */
bool incload__pq_is_copy(const PGresult *result);
/* Nobody listens; a hostile server would fill libpq's list of them. */
void incload__pq_drop_notifies(incload__pq *pq);
/* One piece of COPY data: *length > 0 and *out to be freed by PQfreemem, 0 at the end of the data. */
int32_t incload__pq_copy_data(incload__pq *pq, char **out, int *length, const char *doing, incload_error **err);

/* ---- flight.c ---- */

/* Opens one for what is sent next, with the BEGIN that is due as its first statement; one that gathers goes on. */
int32_t incload__pq_flight_open(incload__pq *pq, const char *doing, incload_error **err);
/* After all was sent: returns `sent`, or 0 where that failed here. */
int incload__pq_flight_close(incload__pq *pq, int sent);
/* A place for the answer to one more statement that is posted. */
int32_t incload__pq_flight_promise(incload__pq *pq, incload_error **err);
/* It was sent into the one that gathers. Returns its number. */
int64_t incload__pq_flight_posted(incload__pq *pq);
/* A transaction begins: what became of those before is of no use any more. */
void incload__pq_flight_begin(incload__pq *pq);
/* Nobody wants the answers any more; what gathers is closed. */
void incload__pq_flight_forget(incload__pq *pq);
/* For incload__pq_next: true when *result says nothing of a statement and the next one is to be had. *status may become
 * INCLOAD_E_CONNECT. */
bool incload__pq_flight_passes(incload__pq *pq, PGresult **result, int32_t *status);

/* ---- errors.c ---- */

/* What the server said in `result`. */
int32_t incload__pq_fail(incload__pq *pq, const PGresult *result, const char *doing, incload_error **err);
/* The wire broke: INCLOAD_E_CONNECT, the connection is DEAD. */
int32_t incload__pq_lost(incload__pq *pq, const char *doing, incload_error **err);
/* The answer is not one to what was asked: INCLOAD_E_PROTOCOL, the connection is DEAD. */
int32_t incload__pq_out_of_step(incload__pq *pq, const char *doing, incload_error **err);
/* libpq would not take a statement or data. */
int32_t incload__pq_refused(incload__pq *pq, const char *doing, incload_error **err);
/* The driver's own refusal of what it saw; the transaction has failed with it. Returns `code`. */
int32_t incload__pq_reject(incload__pq *pq, int32_t code);
/* Why the connecting failed. */
int32_t incload__pq_fail_connect(incload__pq *pq, incload_error **err);
/* Appends `text` as printable UTF-8, at most `limit` bytes of it. */
void incload__pq_add_clean(incload__str *out, const char *text, size_t limit);

/* ---- cancel.c ---- */

void incload__pq_cancel(incload__conn *conn);
/* For something that begins now: by its manner, and in any case for so many milliseconds. */
incload__pq_grace incload__pq_grace_of(const incload__pq *pq, incload__manner manner, int64_t most_ms);
/* Ends whatever runs on the connection so that it can roll back, waiting no longer than that; else it is DEAD. */
void incload__pq_settle(incload__pq *pq, incload__manner manner, int64_t most_ms);
/* After a failed step: settles if the statement may still be running. Returns `status`. */
int32_t incload__pq_abort(incload__pq *pq, int32_t status);

/* ---- prepared.c ---- */

enum { INCLOAD__PQ_NAME_SIZE = 32 };

/* The name under which a statement that repeats is prepared on the server by now; "" for any other. */
int32_t incload__pq_prepare(incload__pq *pq, const char *sql, const char *doing, char name[INCLOAD__PQ_NAME_SIZE],
                            incload_error **err);
/* What the server says of a prepared statement that it does not know, or not any more as it was: none is used on this
 * connection from now on. */
void incload__pq_prepared_failed(incload__pq *pq, const char *sqlstate);
void incload__pq_prepared_free(incload__pq *pq);

/* ---- exec.c ---- */

/* Before a statement is sent: the answer to a ROLLBACK is read; and the connection is not busy. */
int32_t incload__pq_ready(incload__pq *pq, const char *doing, incload_error **err);

/* What a statement gave. `row`, if set, is called with each row; a failure of it ends the statement. */
typedef struct incload__pq_answer {
    int32_t (*row)(void *data, const PGresult *result, incload_error **err);
    void *data;
    int64_t affected; /* -1: the server does not say */
    char tag[32];
} incload__pq_answer;

/* How many rows a statement says that it changed; -1: it does not. */
int64_t incload__pq_affected(PGresult *result);
/* One statement with parameters; several without any if `simple`. */
int32_t incload__pq_run(incload__pq *pq, const char *sql, const incload__param *params, int32_t count, bool simple,
                        const char *doing, incload__pq_answer *answer, incload_error **err);
/* After a PQsend...(): reads all its results. */
int32_t incload__pq_collect(incload__pq *pq, const char *doing, incload__pq_answer *answer, incload_error **err);
/* Sends a COPY, whose shape was asked for before, and waits for the answer `expected` (PGRES_COPY_IN or
 * PGRES_COPY_OUT). */
int32_t incload__pq_start_copy(incload__pq *pq, const char *sql, ExecStatusType expected, const char *doing,
                               incload_error **err);
/* The same in two. */
int32_t incload__pq_send_copy(incload__pq *pq, const char *sql, const char *doing, incload_error **err);
int32_t incload__pq_await_copy(incload__pq *pq, ExecStatusType expected, const char *doing, incload_error **err);
/* After the end of a COPY's data: its row count. */
int32_t incload__pq_end_copy(incload__pq *pq, int64_t *rows, const char *doing, incload_error **err);

int32_t incload__pq_ping(incload__conn *conn, incload_error **err);
int32_t incload__pq_execute(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                            int64_t *affected, incload_error **err);
int32_t incload__pq_post(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                         incload__posted *out, incload_error **err);
incload__answer incload__pq_answer_to(const incload__conn *conn, int64_t number);
int32_t incload__pq_settle_posted(incload__conn *conn, incload_error **err);
int32_t incload__pq_ask(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                        incload_error **err);
int32_t incload__pq_take(incload__conn *conn, incload__rows *rows, incload_error **err);
int32_t incload__pq_select(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                           incload__rows *rows, incload_error **err);

/* ---- transaction.c ---- */

int32_t incload__pq_begin(incload__conn *conn, incload_error **err);
int32_t incload__pq_commit(incload__conn *conn, incload_error **err);
int32_t incload__pq_rollback(incload__conn *conn, incload_error **err);
int32_t incload__pq_leave(incload__conn *conn, incload_error **err);
/* The answer to what incload__pq_leave() has sent. */
int32_t incload__pq_left(incload__pq *pq, incload_error **err);

/* ---- bind.c ---- */

/* Parameters in the form that libpq takes. */
typedef struct incload__pq_bound {
    const incload__mem *mem;
    Oid *types;
    const char **values;
    int *lengths;
    int *formats;
    char *text;
} incload__pq_bound;

int32_t incload__pq_bind(incload__pq_bound *bound, const incload__mem *mem, const incload__param *params, int32_t count,
                         incload_error **err);
void incload__pq_unbind(incload__pq_bound *bound);
/* COPY takes no parameters: numbers and times are written into `sql`; where there is any other all go into settings of
 * the session, and `sql` reads those. `shape` is the statement's description. */
int32_t incload__pq_bind_copy(incload__pq *pq, const char *sql, const PGresult *shape, const incload__param *params,
                              int32_t count, incload__str *out, incload_error **err);
/* Forgets the settings; only needed outside a transaction, whose end forgets them. */
void incload__pq_forget_params(incload__pq *pq, int32_t count);

/* ---- describe.c ---- */

/* Prepares without running; the description has parameter and column types. The caller frees it by PQclear. */
int32_t incload__pq_shape(incload__pq *pq, const char *sql, const char *doing, PGresult **out, incload_error **err);
/* The same in two: nothing else may be sent in between. */
int32_t incload__pq_ask_shape(incload__pq *pq, const char *sql, const char *doing, incload_error **err);
int32_t incload__pq_take_shape(incload__pq *pq, const char *doing, PGresult **out, incload_error **err);
int32_t incload__pq_describe(incload__conn *conn, const char *sql, int32_t param_count, incload__schema *out,
                             incload_error **err);

/* ---- connect.c, reader.c, writer.c, relay.c: see driver.h ---- */

int32_t incload__pq_connect(const incload__connect *how, incload__conn **out, incload_error **err);
void incload__pq_close(incload__conn *conn);

int32_t incload__pq_read_open(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                              const incload__schema *schema, incload__reader **out, incload_error **err);
int32_t incload__pq_read_next(incload__reader *reader, incload__builder *builder, int64_t max_rows, int64_t max_bytes,
                              int64_t *rows, incload_error **err);
void incload__pq_read_close(incload__reader *reader);
/* Writes `COPY (query) TO STDOUT (FORMAT binary)` for a query with parameters. */
int32_t incload__pq_copy_out(incload__pq *pq, const char *sql, const PGresult *shape, const incload__param *params,
                             int32_t count, incload__str *out, incload_error **err);

int32_t incload__pq_write_open(incload__conn *conn, const char *table, const incload__schema *schema,
                               incload__writer **out, incload_error **err);
int32_t incload__pq_write_text(incload__conn *conn, const char *table, const incload__schema *schema,
                               incload__str *out, incload_error **err);
int32_t incload__pq_write_batch(incload__writer *writer, const incload__view *view, incload_error **err);
int32_t incload__pq_write_close(incload__writer *writer, int64_t *rows, incload_error **err);
void incload__pq_write_abandon(incload__writer *writer);

int32_t incload__pq_relay(incload__conn *from, const char *select, const incload__param *params, int32_t count,
                          incload__conn *to, const char *table, const char *columns,
                          int32_t (*progress)(int64_t bytes, void *data), void *data, int64_t *rows, int64_t *bytes,
                          incload_error **err);

#endif
