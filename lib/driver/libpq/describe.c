/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of a query without running it: Parse and Describe, nothing else. */
#include "driver/libpq/pq.h"

#include "base/utf8.h"

/* *out gets the last result. */
static int32_t
take_results(incload__pq *pq, const char *doing, PGresult **out, incload_error **err)
{
    int32_t first = INCLOAD_OK;

    for (;;) {
        PGresult *result = NULL;
        int32_t status = incload__pq_next(pq, &result, doing, err);
        if (status == INCLOAD_E_CONNECT)
            status = incload__pq_lost(pq, doing, err);
        if (status != INCLOAD_OK)
            return first != INCLOAD_OK ? first : incload__pq_abort(pq, status);
        if (result == NULL)
            return first;
        if (incload__pq_is_copy(result)) {
            PQclear(result);
            status = incload__pq_out_of_step(pq, doing, err);
            return first != INCLOAD_OK ? first : status;
        }
        if (PQresultStatus(result) != PGRES_COMMAND_OK && first == INCLOAD_OK)
            first = incload__pq_fail(pq, result, doing, err);
        PQclear(*out);
        *out = result;
        if (pq->head.txn == INCLOAD__TXN_DEAD)
            return first;
    }
}

int32_t
incload__pq_ask_shape(incload__pq *pq, const char *sql, const char *doing, incload_error **err)
{
    int32_t status = incload__pq_ready(pq, doing, err);

    if (status != INCLOAD_OK)
        return status;
    pq->notices = 0;
    pq->extended = true;
    status = incload__pq_flight_open(pq, doing, err);
    int sent = status == INCLOAD_OK ? PQsendPrepare(pq->pg, "", sql, 0, NULL) : 0;
    if (sent == 1 && pq->flies)
        sent = PQsendDescribePrepared(pq->pg, "");
    bool flies = pq->flies;
    sent = incload__pq_flight_close(pq, sent);
    if (status == INCLOAD_OK && sent != 1)
        status = incload__pq_refused(pq, doing, err);
    pq->describes = status == INCLOAD_OK && !flies;
    return status;
}

int32_t
incload__pq_take_shape(incload__pq *pq, const char *doing, PGresult **out, incload_error **err)
{
    *out = NULL;
    int32_t status = take_results(pq, doing, out, err);
    if (status == INCLOAD_OK && pq->describes)
        status = PQsendDescribePrepared(pq->pg, "") == 1 ? take_results(pq, doing, out, err)
                                                         : incload__pq_refused(pq, doing, err);
    if (status == INCLOAD_OK && *out == NULL)
        status = incload__pq_out_of_step(pq, doing, err);
    if (status != INCLOAD_OK) {
        PQclear(*out);
        *out = NULL;
    }
    return status;
}

int32_t
incload__pq_shape(incload__pq *pq, const char *sql, const char *doing, PGresult **out, incload_error **err)
{
    int32_t status = incload__pq_ask_shape(pq, sql, doing, err);

    *out = NULL;
    return status == INCLOAD_OK ? incload__pq_take_shape(pq, doing, out, err) : status;
}

/* The names of the types, one row a column of the query. */
static int32_t
type_names(incload__pq *pq, const PGresult *shape, incload__rows *rows, incload_error **err)
{
    incload__str sql = INCLOAD__STR(&pq->head.env->mem);
    int32_t status = INCLOAD_E_NO_MEMORY;

    incload__str_add(&sql, "SELECT pg_catalog.format_type(oid, mod) FROM (VALUES ");
    for (int32_t i = 0; i < PQnfields(shape); i++)
        incload__str_addf(&sql, "%s(%d, %u::oid, %d)", i > 0 ? ", " : "", i, PQftype(shape, i), PQfmod(shape, i));
    incload__str_add(&sql, ") AS t(n, oid, mod) ORDER BY n");
    if (!sql.failed)
        status = incload__pq_select(&pq->head, sql.data, NULL, 0, rows, err);
    else
        incload__fail_memory(err);
    incload__str_free(&sql);
    if (status == INCLOAD_OK && rows->count != PQnfields(shape))
        status = incload__fail(err, INCLOAD_E_PROTOCOL, "the server did not name the query's types");
    return status;
}

static int32_t
add_columns(incload__pq *pq, const PGresult *shape, const incload__rows *names, incload__schema *out,
            incload_error **err)
{
    for (int32_t i = 0; i < PQnfields(shape); i++) {
        const char *native = incload__rows_get(names, i, 0);
        /* A bare literal that nothing gave a type. */
        if (native == NULL || incload__ascii_equal(native, "unknown"))
            native = "text";
        incload__column *column =
            incload__schema_add(out, PQfname(shape, i), native, pq->head.dialect->type_of(native));
        if (column == NULL)
            return incload__fail_memory(err);
        column->nullable = true;
        column->native_id = PQftype(shape, i);
    }
    return INCLOAD_OK;
}

int32_t
incload__pq_describe(incload__conn *conn, const char *sql, int32_t param_count, incload__schema *out,
                     incload_error **err)
{
    incload__pq *pq = incload__pq_of(conn);
    incload__rows names = { .mem = &conn->env->mem };
    PGresult *shape = NULL;
    int32_t status = incload__pq_shape(pq, sql, "describing a query", &shape, err);

    if (status != INCLOAD_OK)
        return status;
    if (PQnfields(shape) == 0)
        status = incload__fail(err, INCLOAD_E_INVALID, "the query gives no columns: it must be a SELECT");
    else if (PQnparams(shape) != param_count)
        status = incload__fail(err, INCLOAD_E_INVALID, "the query has %d parameters, but %d are given",
                               PQnparams(shape), param_count);
    else
        status = type_names(pq, shape, &names, err);
    incload__schema_init(out, &conn->env->mem);
    if (status == INCLOAD_OK)
        status = add_columns(pq, shape, &names, out, err);
    if (status != INCLOAD_OK)
        incload__schema_free(out);
    incload__rows_free(&names);
    PQclear(shape);
    return status;
}
