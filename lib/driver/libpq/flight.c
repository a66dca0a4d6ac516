/* SPDX-License-Identifier: Apache-2.0 */
/* Several statements of the extended protocol in one round trip. Who reads the results sees one statement that has
 * several: incload__pq_next() passes over what stands between them, and over what was not done since one before had
 * failed. A libpq without pipelines (before 14) sends one by one. */
#include "driver/libpq/pq.h"

#ifdef LIBPQ_HAS_PIPELINING

enum { FIRST_ANSWERS = 8 };

int32_t
incload__pq_flight_open(incload__pq *pq, const char *doing, incload_error **err)
{
    const char *begin = pq->begin;

    if (pq->gathers)
        return INCLOAD_OK;
    if (PQenterPipelineMode(pq->pg) != 1)
        return incload__pq_refused(pq, doing, err);
    pq->flies = true;
    pq->gathers = true;
    pq->between = false;
    pq->begins = begin != NULL;
    pq->posts.told = pq->posts.count;
    pq->begin = NULL;
    if (begin != NULL && PQsendQueryParams(pq->pg, begin, 0, NULL, NULL, NULL, NULL, 0) != 1)
        return incload__pq_refused(pq, doing, err);
    return INCLOAD_OK;
}

int
incload__pq_flight_close(incload__pq *pq, int sent)
{
    bool closes = pq->gathers;

    pq->gathers = false;
    /* Also behind what was not sent whole: the server answers up to here. */
    if (closes && PQpipelineSync(pq->pg) != 1)
        return 0;
    return sent;
}

int32_t
incload__pq_flight_promise(incload__pq *pq, incload_error **err)
{
    incload__pq_posts *posts = &pq->posts;
    int32_t capacity = posts->capacity > 0 ? 2 * posts->capacity : FIRST_ANSWERS;

    if (posts->count < posts->capacity)
        return INCLOAD_OK;
    incload__answer *answers =
        incload__realloc(&pq->head.env->mem, posts->answers, (size_t)capacity * sizeof *answers);
    if (answers == NULL)
        return incload__pq_reject(pq, incload__fail_memory(err));
    posts->answers = answers;
    posts->capacity = capacity;
    return INCLOAD_OK;
}

int64_t
incload__pq_flight_posted(incload__pq *pq)
{
    incload__pq_posts *posts = &pq->posts;

    posts->answers[posts->count++] = (incload__answer){ .affected = -1 };
    return posts->before + posts->count;
}

void
incload__pq_flight_begin(incload__pq *pq)
{
    incload__pq_posts *posts = &pq->posts;

    if (posts->told < posts->count)
        return;
    posts->before += posts->count;
    posts->count = posts->told = 0;
}

void
incload__pq_flight_forget(incload__pq *pq)
{
    pq->posts.told = pq->posts.count;
    incload__pq_flight_close(pq, 1);
}

/* The end of a statement: the answer to come is that to the next. */
static void
end_statement(incload__pq *pq)
{
    if (pq->begins)
        pq->begins = false;
    else if (pq->posts.told < pq->posts.count)
        pq->posts.told++;
}

/* True when `result` is nobody's: rows that a posted statement gives. */
static bool
take_posted(incload__pq *pq, PGresult *result)
{
    const incload__pq_posts *posts = &pq->posts;
    ExecStatusType kind = PQresultStatus(result);

    if (pq->begins || posts->told == posts->count)
        return false;
    posts->answers[posts->told].failed = kind == PGRES_FATAL_ERROR;
    if (kind == PGRES_COMMAND_OK)
        posts->answers[posts->told].affected = incload__pq_affected(result);
    return kind == PGRES_SINGLE_TUPLE || kind == PGRES_TUPLES_OK;
}

bool
incload__pq_flight_passes(incload__pq *pq, PGresult **result, int32_t *status)
{
    ExecStatusType kind = PQresultStatus(*result);

    if (!pq->flies)
        return false;
    /* Once between two statements; twice only when nothing more can come. */
    if (*result == NULL && !pq->between && PQstatus(pq->pg) == CONNECTION_OK) {
        pq->between = true;
        end_statement(pq);
        PQsetSingleRowMode(pq->pg);
        return true;
    }
    pq->between = false;
    if (*result != NULL && kind != PGRES_PIPELINE_ABORTED && kind != PGRES_PIPELINE_SYNC) {
        if (!take_posted(pq, *result))
            return false;
        PQclear(*result);
        *result = NULL;
        return true;
    }
    bool ends = kind != PGRES_PIPELINE_ABORTED;
    PQclear(*result);
    *result = NULL;
    if (ends) {
        pq->flies = false;
        pq->posts.told = pq->posts.count;
        /* It stays in its pipeline where answers are missing. */
        *status = PQexitPipelineMode(pq->pg) == 1 ? INCLOAD_OK : INCLOAD_E_CONNECT;
    }
    return !ends;
}

#else

int32_t
incload__pq_flight_open(incload__pq *pq, const char *doing, incload_error **err)
{
    const char *begin = pq->begin;

    if (begin == NULL)
        return INCLOAD_OK;
    pq->begin = NULL;
    int32_t status = incload__pq_run(pq, begin, NULL, 0, true, doing, NULL, err);
    pq->extended = true;
    return status;
}

int
incload__pq_flight_close(incload__pq *pq, int sent)
{
    (void)pq;
    return sent;
}

void
incload__pq_flight_begin(incload__pq *pq)
{
    (void)pq;
}

void
incload__pq_flight_forget(incload__pq *pq)
{
    (void)pq;
}

bool
incload__pq_flight_passes(incload__pq *pq, PGresult **result, int32_t *status)
{
    (void)pq;
    (void)result;
    (void)status;
    return false;
}

#endif
