/* SPDX-License-Identifier: Apache-2.0 */
/* Playing what the script has for one statement. */
#include "driver/mock/mock.h"

void
incload__mock_drop_pending(incload__mock_conn *conn)
{
    incload__mock_chunks_free(conn->pending);
    conn->pending = NULL;
    conn->pending_end = &conn->pending;
}

void
incload__mock_break(incload__mock_conn *conn)
{
    conn->base.txn = INCLOAD__TXN_DEAD;
    incload__mock_drop_pending(conn);
}

int32_t
incload__mock_lost(incload__mock_conn *conn, const char *doing, incload_error **err)
{
    incload__mock_break(conn);
    incload__fail(err, INCLOAD_E_CONNECT, "%s: the connection was lost (SQLSTATE 08006)", doing);
    incload__error_set_server(err, "08006", 0, true);
    return INCLOAD_E_CONNECT;
}

int32_t
incload__mock_interrupted(incload__mock_conn *conn, const char *doing, int32_t code, incload_error **err)
{
    const char *why = code == INCLOAD_E_CANCELLED ? "cancelled by the host" : "the deadline has passed";

    if (conn->base.txn == INCLOAD__TXN_OPEN)
        conn->base.txn = INCLOAD__TXN_FAILED;
    incload__fail(err, code, "%s: %s (SQLSTATE 57014)", doing, why);
    incload__error_set_server(err, "57014", 0, code == INCLOAD_E_TIMEOUT);
    return code;
}

int32_t
incload__mock_pass_time(incload__mock_conn *conn, int64_t delay_us)
{
    const incload__env *env = conn->base.env;
    int64_t deadline = conn->base.deadline_us;
    int64_t now = incload__monotonic_us(env);
    int64_t end = now + delay_us;
    int64_t until = deadline != 0 && deadline < end ? deadline : end;

    incload__monitor_lock(&conn->mock->monitor);
    while (now < until && !atomic_load(&conn->base.cancelled)) {
        incload__monitor_wait(&conn->mock->monitor, env, until);
        now = incload__monotonic_us(env);
    }
    incload__monitor_unlock(&conn->mock->monitor);
    if (atomic_load(&conn->base.cancelled))
        return INCLOAD_E_CANCELLED;
    return now >= end ? INCLOAD_OK : INCLOAD_E_TIMEOUT;
}

int32_t
incload__mock_scripted_failure(incload__mock_conn *conn, const char *doing, const incload__mock_rule *failure,
                               incload_error **err)
{
    int32_t code =
        incload__conn_fail(&conn->base, err, doing, failure->sqlstate, failure->native_code, failure->message);

    if (conn->base.txn == INCLOAD__TXN_DEAD)
        incload__mock_drop_pending(conn);
    return code;
}

static int32_t
play(incload__mock_conn *conn, const char *doing, const incload__mock_verdict *verdict, incload_error **err)
{
    int32_t status = incload__mock_pass_time(conn, verdict->delay_us);

    if (verdict->cancel) {
        atomic_store(&conn->base.cancelled, true);
        status = INCLOAD_E_CANCELLED;
    }
    if (status != INCLOAD_OK)
        return incload__mock_interrupted(conn, doing, status, err);
    if (verdict->drop_before)
        return incload__mock_lost(conn, doing, err);
    if (verdict->failure != NULL)
        return incload__mock_scripted_failure(conn, doing, verdict->failure, err);
    return INCLOAD_OK;
}

int32_t
incload__mock_start(incload__mock_conn *conn, const char *doing, const char *text, bool event,
                    const incload__param *params, int32_t count, incload__mock_verdict *verdict, incload_error **err)
{
    int32_t status = incload__conn_check(&conn->base, err);

    if (status == INCLOAD_OK)
        status = incload__mock_arrive(conn->mock, conn->number, text, event, params, count, verdict, err);
    if (status == INCLOAD_OK)
        status = play(conn, doing, verdict, err);
    return status;
}

static void
mark_applied(incload__mock_conn *conn, const incload__mock_verdict *verdict)
{
    if (verdict->statement < 0)
        return;
    incload__monitor_lock(&conn->mock->monitor);
    incload__mock_applied(conn->mock, verdict->statement);
    incload__monitor_unlock(&conn->mock->monitor);
}

int32_t
incload__mock_finish(incload__mock_conn *conn, const char *doing, const incload__mock_verdict *verdict,
                     incload_error **err)
{
    mark_applied(conn, verdict);
    return verdict->drop_after ? incload__mock_lost(conn, doing, err) : INCLOAD_OK;
}

int32_t
incload__mock_unanswered(incload__mock_conn *conn, const char *text, const incload__mock_verdict *verdict,
                         incload_error **err)
{
    if (!verdict->strict || verdict->answer != NULL)
        return INCLOAD_OK;
    if (conn->base.txn == INCLOAD__TXN_OPEN)
        conn->base.txn = INCLOAD__TXN_FAILED;
    incload__fail(err, INCLOAD_E_SQL, "the mock is strict and nothing answers: %.200s", text);
    incload__error_set_server(err, "42000", 0, false);
    return INCLOAD_E_SQL;
}
