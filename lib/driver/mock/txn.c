/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions as a server keeps them, COMMIT with its three outcomes among them. */
#include "driver/mock/mock.h"

int32_t
incload__mock_begin(incload__conn *base, incload_error **err)
{
    incload__mock_conn *conn = (incload__mock_conn *)base;
    const char *sql = base->role == INCLOAD__ROLE_READ ? base->dialect->begin_read : base->dialect->begin_write;
    const char *doing = "beginning a transaction";
    incload__mock_verdict verdict;

    if (base->txn == INCLOAD__TXN_OPEN)
        return incload__fail(err, INCLOAD_E_STATE, "a transaction is open already: commit it or roll it back first");
    int32_t status = incload__mock_start(conn, doing, sql, false, NULL, 0, &verdict, err);
    if (status != INCLOAD_OK)
        return status;
    base->txn = INCLOAD__TXN_OPEN;
    return incload__mock_finish(conn, doing, &verdict, err);
}

static int32_t
outcome_unknown(incload__mock_conn *conn, incload_error **err)
{
    incload__mock_break(conn);
    incload__fail(err, INCLOAD_E_COMMIT_UNKNOWN,
                  "the connection was lost inside COMMIT (SQLSTATE 08007): the ledger knows whether it took effect");
    incload__error_set_server(err, "08007", 0, false);
    return INCLOAD_E_COMMIT_UNKNOWN;
}

/* The rows move by their links: no allocation can fail between the effect and its record. */
static void
commit_effect(incload__mock_conn *conn, const incload__mock_verdict *verdict)
{
    incload_mock *mock = conn->mock;

    incload__monitor_lock(&mock->monitor);
    if (conn->pending != NULL) {
        *mock->chunks_end = conn->pending;
        mock->chunks_end = conn->pending_end;
    }
    mock->commits++;
    incload__mock_applied(mock, verdict->statement);
    incload__monitor_unlock(&mock->monitor);
    conn->pending = NULL;
    conn->pending_end = &conn->pending;
    conn->base.txn = INCLOAD__TXN_IDLE;
}

static bool
breaks_the_wire(const incload__mock_conn *conn, const incload__mock_verdict *verdict)
{
    const incload__mock_rule *failure = verdict->failure;

    if (verdict->drop_before)
        return true;
    return failure != NULL
           && conn->base.dialect->classify(failure->sqlstate, failure->native_code).code == INCLOAD_E_CONNECT;
}

int32_t
incload__mock_commit(incload__conn *base, incload_error **err)
{
    incload__mock_conn *conn = (incload__mock_conn *)base;
    incload__mock_verdict verdict;

    int32_t status = incload__conn_check(base, err);
    if (status != INCLOAD_OK)
        return status;
    if (base->txn != INCLOAD__TXN_OPEN)
        return incload__fail(err, INCLOAD_E_STATE, "no transaction is open: there is nothing to commit");
    status = incload__mock_arrive(conn->mock, conn->number, "COMMIT", false, NULL, 0, &verdict, err);
    if (status != INCLOAD_OK)
        return status;

    /* A cancel comes too late for a COMMIT under way, and a server goes on when its client has left. */
    int32_t waited = incload__mock_pass_time(conn, verdict.delay_us);
    if (breaks_the_wire(conn, &verdict))
        return outcome_unknown(conn, err);
    if (verdict.failure != NULL && waited != INCLOAD_E_TIMEOUT)
        return incload__mock_scripted_failure(conn, "committing", verdict.failure, err);
    if (verdict.failure == NULL)
        commit_effect(conn, &verdict);
    if (verdict.cancel)
        atomic_store(&base->cancelled, true);
    if (verdict.drop_after || waited == INCLOAD_E_TIMEOUT)
        return outcome_unknown(conn, err);
    return INCLOAD_OK;
}

/* Rolling back must work when nothing else does: cancelled, past the deadline, after a failure. */
int32_t
incload__mock_rollback(incload__conn *base, incload_error **err)
{
    incload__mock_conn *conn = (incload__mock_conn *)base;
    incload__mock_verdict verdict;

    if (incload__mock_in_child(base) || base->txn == INCLOAD__TXN_DEAD)
        return incload__conn_check(base, err);
    if (base->txn == INCLOAD__TXN_IDLE)
        return INCLOAD_OK;
    int32_t status = incload__mock_arrive(conn->mock, conn->number, "ROLLBACK", false, NULL, 0, &verdict, err);
    if (status != INCLOAD_OK) {
        incload__mock_break(conn);
        return status;
    }
    status = incload__mock_pass_time(conn, verdict.delay_us);
    if (verdict.drop_before)
        return incload__mock_lost(conn, "rolling back", err);
    if (verdict.failure != NULL)
        status = incload__mock_scripted_failure(conn, "rolling back", verdict.failure, err);
    else if (status == INCLOAD_E_TIMEOUT && verdict.delay_us > 0)
        status = incload__mock_interrupted(conn, "rolling back", status, err);
    else
        status = INCLOAD_OK;
    if (status != INCLOAD_OK) {
        incload__mock_break(conn);
        return status;
    }
    incload__mock_drop_pending(conn);
    base->txn = INCLOAD__TXN_IDLE;
    if (verdict.cancel)
        atomic_store(&base->cancelled, true);
    return incload__mock_finish(conn, "rolling back", &verdict, err);
}
