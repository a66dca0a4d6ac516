/* SPDX-License-Identifier: Apache-2.0 */
/* One statement, from sending it to its last result. */
#include "driver/libpq/pq.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static const char executing[] = "running a statement";
static const char asking[] = "running a query";

enum { MAX_CELLS = 1000000, MAX_SELECT_BYTES = 256 * 1024 * 1024, MAX_COLUMNS = 1700 };

int32_t
incload__pq_ready(incload__pq *pq, const char *doing, incload_error **err)
{
    int32_t status = incload__conn_check(&pq->head, err);

    if (status == INCLOAD_OK)
        status = incload__pq_left(pq, err);
    if (status != INCLOAD_OK)
        return status;
    if (PQstatus(pq->pg) == CONNECTION_BAD)
        return incload__pq_lost(pq, doing, err);
    if (PQtransactionStatus(pq->pg) == PQTRANS_ACTIVE && !pq->gathers)
        return incload__pq_refused(pq, doing, err);
    PQisBusy(pq->pg);
    return pq->astray ? incload__pq_out_of_step(pq, doing, err) : INCLOAD_OK;
}

/* Closes the flight that gathers, and reads its answers. */
static int32_t
land(incload__pq *pq, const char *doing, incload_error **err)
{
    if (!pq->gathers)
        return INCLOAD_OK;
    if (incload__pq_flight_close(pq, 1) != 1)
        return incload__pq_refused(pq, doing, err);
    return incload__pq_collect(pq, doing, NULL, err);
}

/* A BEGIN that is due goes before it in the same message. */
static int
send_simple(incload__pq *pq, const char *sql)
{
    incload__str both = INCLOAD__STR(&pq->head.env->mem);

    if (pq->begin == NULL)
        return PQsendQuery(pq->pg, sql);
    incload__str_addf(&both, "%s; %s", pq->begin, sql);
    int sent = both.failed ? 0 : PQsendQuery(pq->pg, both.data);
    incload__str_free(&both);
    pq->begin = NULL;
    return sent;
}

/* With `waits` more may be sent before the server answers. */
static int32_t
send_extended(incload__pq *pq, const char *sql, const incload__param *params, int32_t count, bool waits,
              const char *doing, incload_error **err)
{
    char name[INCLOAD__PQ_NAME_SIZE] = "";
    incload__pq_bound bound = { .mem = NULL };
    int sent = 0;
    int32_t status = incload__pq_prepare(pq, sql, doing, name, err);

    if (status != INCLOAD_OK)
        return status;
    status = incload__pq_bind(&bound, &pq->head.env->mem, params, count, err);
    if (status != INCLOAD_OK)
        return incload__pq_reject(pq, status);
    if (pq->begin != NULL || waits)
        status = incload__pq_flight_open(pq, doing, err);
    if (status == INCLOAD_OK && name[0] != '\0')
        sent = PQsendQueryPrepared(pq->pg, name, count, bound.values, bound.lengths, bound.formats, 0);
    else if (status == INCLOAD_OK)
        sent = PQsendQueryParams(pq->pg, sql, count, bound.types, bound.values, bound.lengths, bound.formats, 0);
    if (!waits)
        sent = incload__pq_flight_close(pq, sent);
    incload__pq_unbind(&bound);
    if (status != INCLOAD_OK)
        return status;
    return sent == 1 ? INCLOAD_OK : incload__pq_refused(pq, doing, err);
}

static int32_t
send_statement(incload__pq *pq, const char *sql, const incload__param *params, int32_t count, bool simple,
               const char *doing, incload_error **err)
{
    int32_t status = simple ? land(pq, doing, err) : INCLOAD_OK;

    if (status != INCLOAD_OK)
        return status;
    pq->notices = 0;
    pq->extended = !simple;
    if (!simple)
        return send_extended(pq, sql, params, count, false, doing, err);
    return send_simple(pq, sql) == 1 ? INCLOAD_OK : incload__pq_refused(pq, doing, err);
}

int64_t
incload__pq_affected(PGresult *result)
{
    const char *affected = PQcmdTuples(result);
    int64_t count = 0;

    return incload__parse_int64(affected, strlen(affected), &count) ? count : -1;
}

static void
keep_tag(incload__pq_answer *answer, PGresult *result)
{
    if (answer == NULL)
        return;
    answer->affected = incload__pq_affected(result);
    snprintf(answer->tag, sizeof answer->tag, "%s", PQcmdStatus(result));
}

/* *running tells whether the server may still be at it. */
static int32_t
take_result(incload__pq *pq, PGresult *result, incload__pq_answer *answer, bool *running, const char *doing,
            incload_error **err)
{
    int32_t status = INCLOAD_OK;

    switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
        if (answer != NULL && answer->row != NULL)
            status = answer->row(answer->data, result, err);
        *running = status != INCLOAD_OK;
        return status;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        keep_tag(answer, result);
        return INCLOAD_OK;
    case PGRES_EMPTY_QUERY:
        return INCLOAD_OK;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
        *running = true;
        return incload__fail(err, INCLOAD_E_INVALID, "%s: COPY from or to the client cannot be run as a statement",
                             doing);
    default:
        return incload__pq_fail(pq, result, doing, err);
    }
}

/* A COMMIT or ROLLBACK hidden in a host's own SQL would tear our unit apart; a BEGIN would leave it hanging. */
static int32_t
check_transaction(incload__pq *pq, const char *doing, incload_error **err)
{
    PGTransactionStatusType want = pq->head.txn == INCLOAD__TXN_OPEN ? PQTRANS_INTRANS : PQTRANS_IDLE;

    if (PQtransactionStatus(pq->pg) == want)
        return INCLOAD_OK;
    pq->head.txn = INCLOAD__TXN_FAILED;
    return incload__fail(err, INCLOAD_E_STATE,
                         "%s: the statement began or ended a transaction; transactions are the library's own", doing);
}

/* The results of one statement, without judging the transaction. */
int32_t
incload__pq_collect(incload__pq *pq, const char *doing, incload__pq_answer *answer, incload_error **err)
{
    int32_t first = INCLOAD_OK;
    bool answered = false;

    /* Rows one by one: a large result must not pile up in libpq. */
    PQsetSingleRowMode(pq->pg);
    for (;;) {
        PGresult *result = NULL;
        bool running = false;
        int32_t status = incload__pq_next(pq, &result, doing, err);

        if (status == INCLOAD_E_CONNECT)
            status = incload__pq_lost(pq, doing, err);
        if (status != INCLOAD_OK)
            return first != INCLOAD_OK ? first : incload__pq_abort(pq, status);
        if (result == NULL)
            return answered ? first : incload__pq_out_of_step(pq, doing, err);
        answered = true;
        status = take_result(pq, result, answer, &running, doing, err);
        PQclear(result);
        if (first == INCLOAD_OK)
            first = status;
        if (running)
            return incload__pq_abort(pq, incload__pq_reject(pq, first));
        if (pq->head.txn == INCLOAD__TXN_DEAD)
            return first;
    }
}

int32_t
incload__pq_run(incload__pq *pq, const char *sql, const incload__param *params, int32_t count, bool simple,
                const char *doing, incload__pq_answer *answer, incload_error **err)
{
    int32_t status = incload__pq_ready(pq, doing, err);

    if (status == INCLOAD_OK)
        status = send_statement(pq, sql, params, count, simple, doing, err);
    if (status == INCLOAD_OK)
        status = incload__pq_collect(pq, doing, answer, err);
    if (status == INCLOAD_OK)
        status = check_transaction(pq, doing, err);
    return status;
}

static int32_t
fail_and_skip(incload__pq *pq, const PGresult *result, const char *doing, incload_error **err)
{
    int32_t status = incload__pq_fail(pq, result, doing, err);

    if (pq->head.txn != INCLOAD__TXN_DEAD)
        incload__pq_skip(pq);
    return status;
}

int32_t
incload__pq_send_copy(incload__pq *pq, const char *sql, const char *doing, incload_error **err)
{
    int32_t status = incload__pq_ready(pq, doing, err);

    /* Simple protocol: after an error in COPY FROM libpq would wait for a Sync that the extended one never sends. */
    return status == INCLOAD_OK ? send_statement(pq, sql, NULL, 0, true, doing, err) : status;
}

int32_t
incload__pq_await_copy(incload__pq *pq, ExecStatusType expected, const char *doing, incload_error **err)
{
    PGresult *result = NULL;
    int32_t status = incload__pq_next(pq, &result, doing, err);

    if (status == INCLOAD_OK && result != NULL && PQresultStatus(result) == expected) {
        PQclear(result);
        return INCLOAD_OK;
    }
    if (status == INCLOAD_E_CONNECT)
        status = incload__pq_lost(pq, doing, err);
    else if (status == INCLOAD_OK && result != NULL && PQresultStatus(result) == PGRES_FATAL_ERROR)
        status = fail_and_skip(pq, result, doing, err);
    else if (status == INCLOAD_OK)
        status = incload__pq_out_of_step(pq, doing, err);
    PQclear(result);
    return incload__pq_abort(pq, incload__pq_reject(pq, status));
}

int32_t
incload__pq_start_copy(incload__pq *pq, const char *sql, ExecStatusType expected, const char *doing,
                       incload_error **err)
{
    int32_t status = incload__pq_send_copy(pq, sql, doing, err);

    return status == INCLOAD_OK ? incload__pq_await_copy(pq, expected, doing, err) : status;
}

int32_t
incload__pq_end_copy(incload__pq *pq, int64_t *rows, const char *doing, incload_error **err)
{
    incload__pq_answer answer = { .affected = -1 };
    int32_t status = incload__pq_collect(pq, doing, &answer, err);

    if (status == INCLOAD_OK)
        status = check_transaction(pq, doing, err);
    *rows = answer.affected;
    if (status == INCLOAD_OK && strncmp(answer.tag, "COPY ", 5) != 0)
        status = incload__pq_reject(
            pq, incload__fail(err, INCLOAD_E_PROTOCOL, "%s: the server did not say how many rows it copied", doing));
    return status;
}

/* An empty statement is answered even in a failed transaction. */
int32_t
incload__pq_ping(incload__conn *conn, incload_error **err)
{
    return incload__pq_run(incload__pq_of(conn), "", NULL, 0, true, "checking the connection", NULL, err);
}

int32_t
incload__pq_execute(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                    int64_t *affected, incload_error **err)
{
    incload__pq_answer answer = { .affected = -1 };
    int32_t status = incload__pq_run(incload__pq_of(conn), sql, params, count, false, executing, &answer, err);

    if (affected != NULL)
        *affected = answer.affected;
    return status;
}

int32_t
incload__pq_settle_posted(incload__conn *conn, incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);
    int32_t status = incload__conn_check(conn, err);

    if (status == INCLOAD_OK && pq->gathers)
        status = land(pq, executing, err);
    return status;
}

#ifdef LIBPQ_HAS_PIPELINING

int32_t
incload__pq_post(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                 incload__posted *out, incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);
    int32_t status = incload__pq_ready(pq, executing, err);

    if (status == INCLOAD_OK)
        status = incload__pq_flight_promise(pq, err);
    if (status != INCLOAD_OK)
        return status;
    pq->extended = true;
    status = send_extended(pq, sql, params, count, true, executing, err);
    if (status == INCLOAD_OK)
        out->number = incload__pq_flight_posted(pq);
    return status;
}

#else

int32_t
incload__pq_post(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                 incload__posted *out, incload_error **err)
{
    return incload__pq_execute(conn, sql, params, count, &out->done.affected, err);
}

#endif

incload__answer
incload__pq_answer_to(const incload__conn *conn, int64_t number)
{
    const incload__pq_posts *posts = &((const incload__pq *)(const void *)conn)->posts;
    int64_t at = number - posts->before - 1;

    return at >= 0 && at < posts->count ? posts->answers[at] : (incload__answer){ .affected = -1 };
}

typedef struct selection {
    incload__rows *rows;
    int64_t bytes;
    const char *cells[MAX_COLUMNS];
    size_t lengths[MAX_COLUMNS];
} selection;

static int32_t
select_row(void *data, const PGresult *result, incload_error **err)
{
    selection *chosen = data;
    int32_t columns = PQnfields(result);

    if (columns > MAX_COLUMNS)
        return incload__fail(err, INCLOAD_E_PROTOCOL, "a query's row has %d columns, more than PostgreSQL can have",
                             columns);
    for (int32_t i = 0; i < columns; i++) {
        chosen->cells[i] = PQgetisnull(result, 0, i) ? NULL : PQgetvalue(result, 0, i);
        chosen->lengths[i] = (size_t)PQgetlength(result, 0, i);
        chosen->bytes += PQgetlength(result, 0, i);
    }
    if ((chosen->rows->count + 1) * columns > MAX_CELLS || chosen->bytes > MAX_SELECT_BYTES)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "a query gave more than %d cells or %d MiB: read it as a table instead", (int)MAX_CELLS,
                             MAX_SELECT_BYTES / 1024 / 1024);
    int32_t status = incload__rows_add(chosen->rows, chosen->cells, chosen->lengths, columns);
    return status == INCLOAD_OK ? INCLOAD_OK : incload__fail(err, status, "a query's rows could not be kept");
}

int32_t
incload__pq_ask(incload__conn *conn, const char *sql, const incload__param *params, int32_t count, incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);
    int32_t status = incload__pq_ready(pq, asking, err);

    return status == INCLOAD_OK ? send_statement(pq, sql, params, count, false, asking, err) : status;
}

int32_t
incload__pq_take(incload__conn *conn, incload__rows *rows, incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);
    const incload__mem *mem = &conn->env->mem;
    selection *chosen = incload__alloc(mem, sizeof *chosen);

    *rows = (incload__rows){ .mem = mem };
    if (chosen == NULL)
        return incload__pq_abort(pq, incload__pq_reject(pq, incload__fail_memory(err)));
    chosen->rows = rows;
    incload__pq_answer answer = { .row = select_row, .data = chosen, .affected = -1 };
    int32_t status = incload__pq_collect(pq, asking, &answer, err);
    if (status == INCLOAD_OK)
        status = check_transaction(pq, asking, err);
    incload__free(mem, chosen);
    if (status != INCLOAD_OK)
        incload__rows_free(rows);
    return status;
}

int32_t
incload__pq_select(incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                   incload__rows *rows, incload_error **err)
{
    *rows = (incload__rows){ .mem = &conn->env->mem };
    int32_t status = incload__pq_ask(conn, sql, params, count, err);

    return status == INCLOAD_OK ? incload__pq_take(conn, rows, err) : status;
}
