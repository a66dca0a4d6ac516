/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions are SQL text in autocommit mode: SQLEndTran reports success on a dead connection (psqlODBC) and
 * ignores a BEGIN that was text (SQLite). What counts is the state kept here. */
#include <string.h>

#include "driver/odbc/odbc.h"

static bool
connection_dead(const incload__odbc_conn *conn)
{
    SQLUINTEGER dead = SQL_CD_FALSE;
    SQLRETURN rc = SQLGetConnectAttr(conn->dbc, SQL_ATTR_CONNECTION_DEAD, &dead, SQL_IS_UINTEGER, NULL);

    return SQL_SUCCEEDED(rc) && dead == SQL_CD_TRUE;
}

static int32_t
commit_unknown(incload__odbc_conn *conn, const incload__odbc_diag *diag, const char *why, incload_error **err)
{
    bool first = err != NULL && *err == NULL;

    conn->base.txn = INCLOAD__TXN_DEAD;
    incload__fail(err, INCLOAD_E_COMMIT_UNKNOWN, "COMMIT was sent and %s: only the ledger knows whether it was done",
                  why);
    if (first && diag != NULL)
        incload__error_set_server(err, diag->sqlstate, diag->native_code, false);
    return INCLOAD_E_COMMIT_UNKNOWN;
}

/* Most errors of MariaDB have the general SQLSTATE: by their class some say that nothing was done. */
static bool
is_refusal(const incload__odbc_conn *conn, const incload__odbc_diag *diag)
{
    int32_t code = conn->base.dialect->classify(diag->sqlstate, diag->native_code).code;

    return incload__is_refusal(diag->sqlstate) || code == INCLOAD_E_PERMISSION || code == INCLOAD_E_CONFLICT
           || code == INCLOAD_E_CONSTRAINT;
}

static int32_t
commit_failed(incload__odbc_conn *conn, SQLHSTMT stmt, incload_error **err)
{
    incload__odbc_diag diag;

    if (!incload__odbc_diag_get(SQL_HANDLE_STMT, stmt, &diag))
        return commit_unknown(conn, NULL, "the driver gave no reason for failing", err);
    if (conn->base.dialect->classify(diag.sqlstate, diag.native_code).code == INCLOAD_E_CONNECT)
        return commit_unknown(conn, &diag, "the connection was lost", err);
    /* A file has no server that may have gone on: an interrupted commit of one is not done. */
    if (atomic_load(&conn->watch.fired) && !conn->profile->database_is_file)
        return commit_unknown(conn, &diag, "the deadline passed", err);
    /* Of a driver's own, such as a wait that failed after COMMIT was on its way. */
    if (!is_refusal(conn, &diag) && !conn->profile->database_is_file)
        return commit_unknown(conn, &diag, "the driver has no answer of the server", err);
    return incload__odbc_fail(conn, SQL_HANDLE_STMT, stmt, "committing", err);
}

int32_t
incload__odbc_commit(incload__odbc_conn *conn, incload_error **err)
{
    incload__stmt stmt = { 0 };
    int32_t status = incload__conn_check(&conn->base, err);

    if (status == INCLOAD_OK)
        status = incload__stmt_open(&stmt, conn, err);
    if (status != INCLOAD_OK)
        return status;
    incload__watch_enter_always(conn, stmt.handle);
    SQLRETURN rc = incload__odbc_exec(conn, stmt.handle, "COMMIT");
    incload__watch_leave(conn);
    if (!SQL_SUCCEEDED(rc))
        status = commit_failed(conn, stmt.handle, err);
    else if (connection_dead(conn))
        status = commit_unknown(conn, NULL, "the connection was lost", err);
    else
        conn->base.txn = INCLOAD__TXN_IDLE;
    incload__stmt_close(&stmt);
    return status;
}

/* SQLite ends the transaction itself on some errors (disk full, interrupt): nothing is left to roll back then. */
static bool
nothing_to_roll_back(SQLHSTMT stmt)
{
    incload__odbc_diag diag;

    return incload__odbc_diag_get(SQL_HANDLE_STMT, stmt, &diag)
           && strstr(diag.message, "no transaction is active") != NULL;
}

int32_t
incload__odbc_rollback(incload__odbc_conn *conn, incload_error **err)
{
    incload__stmt stmt = { 0 };
    int32_t status = incload__stmt_open(&stmt, conn, err);

    if (status == INCLOAD_OK) {
        SQLRETURN rc = SQLExecDirect(stmt.handle, incload__sqlchar("ROLLBACK"), SQL_NTS);
        if (!SQL_SUCCEEDED(rc) && !nothing_to_roll_back(stmt.handle))
            status = incload__odbc_fail(conn, SQL_HANDLE_STMT, stmt.handle, "rolling back", err);
    }
    incload__stmt_close(&stmt);
    conn->base.txn = status == INCLOAD_OK ? INCLOAD__TXN_IDLE : INCLOAD__TXN_DEAD;
    return status;
}
