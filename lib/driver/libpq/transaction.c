/* SPDX-License-Identifier: Apache-2.0 */
/* BEGIN, COMMIT, ROLLBACK. The server's answers are checked against what this side knows, since libpq calls the COMMIT
 * of a failed transaction a success. */
#include "driver/libpq/pq.h"

#include <stdio.h>
#include <string.h>

enum { COMMIT_MS = 2000, SETTLE_MS = 2000, ROLLBACK_MS = 30000 };

static const char committing[] = "committing";
static const char rolling_back[] = "rolling back";
static const incload__pq_grace no_grace = { .until_us = 0 };

int32_t
incload__pq_begin(incload__conn *conn, incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);
    const char *sql = conn->role == INCLOAD__ROLE_READ ? conn->dialect->begin_read : conn->dialect->begin_write;
    int32_t status = incload__conn_check(conn, err);

    if (conn->begin_text != NULL)
        sql = conn->begin_text;
    if (status != INCLOAD_OK)
        return status;
    if (conn->txn != INCLOAD__TXN_IDLE)
        return incload__fail(err, INCLOAD_E_STATE, "a transaction is open on this connection already");
    if (PQstatus(pq->pg) == CONNECTION_BAD)
        return incload__pq_lost(pq, "beginning a transaction", err);
    /* A snapshot is taken by a statement, not by BEGIN: so that is sent with the first one. */
    incload__pq_flight_begin(pq);
    conn->txn = INCLOAD__TXN_OPEN;
    pq->begin = sql;
    return INCLOAD_OK;
}

static bool
is_certain(const incload__pq *pq, const incload_error *error)
{
    return pq->head.txn != INCLOAD__TXN_DEAD && incload__is_refusal(incload_error_sqlstate(error));
}

static int32_t
commit_unknown(incload__pq *pq, incload_error *cause, incload_error **err)
{
    bool first = err != NULL && *err == NULL;

    pq->head.txn = INCLOAD__TXN_DEAD;
    incload__fail(err, INCLOAD_E_COMMIT_UNKNOWN,
                  "the server at %s did not answer COMMIT: whether it was done is in the ledger", pq->place);
    if (first)
        incload__error_set_cause(err, cause);
    else
        incload_error_unref(cause);
    return INCLOAD_E_COMMIT_UNKNOWN;
}

typedef struct commit_answer {
    char tag[16];
    bool ended; /* and the server is ready for the next statement */
} commit_answer;

static int32_t
take_answer(incload__pq *pq, PGresult *result, commit_answer *answer, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    if (result == NULL)
        return incload__pq_out_of_step(pq, committing, err);
    if (PQresultStatus(result) == PGRES_COMMAND_OK)
        snprintf(answer->tag, sizeof answer->tag, "%s", PQcmdStatus(result));
    else
        status = incload__pq_fail(pq, result, committing, err);
    PQclear(result);
    answer->ended = pq->head.txn != INCLOAD__TXN_DEAD && incload__pq_skip(pq) == INCLOAD_OK;
    return status;
}

/* Waits for COMMIT's answer whatever the cancel flag says, but no longer than a moment once it is set. */
static int32_t
wait_for_commit(incload__pq *pq, commit_answer *answer, incload_error **err)
{
    PGresult *result = NULL;
    int32_t status = incload__pq_next(pq, &result, committing, NULL);

    pq->deaf = true;
    if (status == INCLOAD_E_CANCELLED) {
        pq->grace = incload__pq_grace_of(pq, INCLOAD__MANNER_STATEMENT, COMMIT_MS);
        status = incload__pq_next(pq, &result, committing, NULL);
    }
    if (status == INCLOAD_OK)
        status = take_answer(pq, result, answer, err);
    else if (status == INCLOAD_E_CONNECT)
        status = incload__pq_lost(pq, committing, err);
    else
        incload__fail(err, status, "committing: no answer from the server at %s by the deadline", pq->place);
    pq->deaf = false;
    pq->grace = no_grace;
    return status;
}

int32_t
incload__pq_commit(incload__conn *conn, incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);
    commit_answer answer = { .ended = false };
    incload_error *cause = NULL;
    int32_t status = incload__conn_check(conn, err);

    if (status != INCLOAD_OK)
        return status;
    if (conn->txn != INCLOAD__TXN_OPEN)
        return incload__fail(err, INCLOAD_E_STATE, "no transaction is open: there is nothing to commit");
    /* What shows before COMMIT was sent: surely not committed. */
    status = incload__pq_ready(pq, committing, err);
    if (status == INCLOAD_OK)
        status = incload__pq_settle_posted(conn, err);
    if (status != INCLOAD_OK)
        return status;
    /* Nothing was done in it. */
    if (pq->begin != NULL) {
        pq->begin = NULL;
        conn->txn = INCLOAD__TXN_IDLE;
        return INCLOAD_OK;
    }
    status = incload__pq_expect_silence(pq, committing, err);
    if (status != INCLOAD_OK)
        return status;
    pq->notices = 0;
    pq->extended = false;
    if (PQsendQuery(pq->pg, "COMMIT") != 1 && PQstatus(pq->pg) != CONNECTION_BAD)
        return incload__pq_refused(pq, committing, err);

    status = wait_for_commit(pq, &answer, &cause);
    if (status != INCLOAD_OK && !is_certain(pq, cause))
        return commit_unknown(pq, cause, err);
    if (status != INCLOAD_OK) {
        conn->txn = answer.ended ? INCLOAD__TXN_FAILED : INCLOAD__TXN_DEAD;
        if (err != NULL && *err == NULL)
            *err = incload_error_ref(cause);
        incload_error_unref(cause);
        return status;
    }
    if (strcmp(answer.tag, "COMMIT") != 0) {
        conn->txn = INCLOAD__TXN_FAILED;
        return incload__fail(
            err, INCLOAD_E_STATE,
            "the server rolled the transaction back in place of committing it: a statement in it had failed");
    }
    conn->txn = answer.ended ? INCLOAD__TXN_IDLE : INCLOAD__TXN_DEAD;
    return INCLOAD_OK;
}

static int32_t
send_rollback(incload__pq *pq, incload_error **err)
{
    pq->notices = 0;
    pq->extended = false;
    if (PQsendQuery(pq->pg, "ROLLBACK") != 1)
        return incload__pq_refused(pq, rolling_back, err);
    pq->leaves = true;
    return INCLOAD_OK;
}

int32_t
incload__pq_left(incload__pq *pq, incload_error **err)
{
    if (!pq->leaves)
        return INCLOAD_OK;
    pq->leaves = false;
    int32_t status = incload__pq_collect(pq, rolling_back, NULL, err);
    if (status == INCLOAD_OK && PQtransactionStatus(pq->pg) != PQTRANS_IDLE) {
        pq->head.txn = INCLOAD__TXN_DEAD;
        status = incload__fail(err, INCLOAD_E_PROTOCOL, "rolling back: the transaction is still open");
    }
    return status;
}

/* A cancel has done its work when the transaction is rolled back. */
static void
forget_cancel(incload__conn *conn)
{
    atomic_store(&conn->cancelled, false);
    atomic_store(&conn->cancelled_us, 0);
}

int32_t
incload__pq_rollback(incload__conn *conn, incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);
    incload_error *ignored = NULL;

    int32_t status = incload__conn_check(conn, &ignored);
    incload_error_unref(ignored);
    if (status == INCLOAD_E_FORKED)
        return incload__conn_check(conn, err);
    if (conn->txn == INCLOAD__TXN_DEAD)
        return incload__fail(err, INCLOAD_E_CONNECT, "the connection to the server at %s is gone: take another one",
                             pq->place);

    pq->begin = NULL;
    incload__pq_flight_forget(pq);
    /* A cancel or a passed deadline is often the reason: the rollback has a moment of its own. */
    incload__pq_grace grace = incload__pq_grace_of(pq, INCLOAD__MANNER_ROLLBACK, ROLLBACK_MS);
    if (conn->txn == INCLOAD__TXN_IDLE && PQtransactionStatus(pq->pg) == PQTRANS_IDLE) {
        forget_cancel(conn);
        return INCLOAD_OK;
    }
    pq->deaf = true;
    if (PQtransactionStatus(pq->pg) == PQTRANS_ACTIVE && !pq->leaves)
        incload__pq_settle(pq, INCLOAD__MANNER_ROLLBACK, SETTLE_MS);
    forget_cancel(conn);
    pq->grace = grace;
    status = INCLOAD_OK;
    if (conn->txn == INCLOAD__TXN_DEAD)
        status = incload__fail(err, INCLOAD_E_CONNECT, "rolling back: the server at %s does not answer", pq->place);
    else if (!pq->leaves && PQtransactionStatus(pq->pg) != PQTRANS_IDLE)
        status = send_rollback(pq, err);
    if (status == INCLOAD_OK)
        status = incload__pq_left(pq, err);
    pq->deaf = false;
    pq->grace = no_grace;
    conn->txn = status == INCLOAD_OK ? INCLOAD__TXN_IDLE : INCLOAD__TXN_DEAD;
    forget_cancel(conn);
    return status;
}

int32_t
incload__pq_leave(incload__conn *conn, incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);

    /* Whatever is not as usual is for rollback, which waits. */
    if (incload__conn_check(conn, NULL) != INCLOAD_OK || conn->txn != INCLOAD__TXN_OPEN
        || PQtransactionStatus(pq->pg) != PQTRANS_INTRANS)
        return incload__pq_rollback(conn, err);
    int32_t status = send_rollback(pq, NULL);
    /* What stays with libpq would keep the transaction open. */
    if (status == INCLOAD_OK)
        status = incload__pq_flush(pq, rolling_back, NULL);
    if (status != INCLOAD_OK)
        return incload__pq_rollback(conn, err);
    conn->txn = INCLOAD__TXN_IDLE;
    return INCLOAD_OK;
}
