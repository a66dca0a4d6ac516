/* SPDX-License-Identifier: Apache-2.0 */
/* Runs as the ledger keeps them. */
#include <incload/history.h>

#include <stdatomic.h>
#include <string.h>

#include "run/history.h"

enum { MOST = 1000 };

struct incload_history {
    atomic_int refs;
    incload_database *database;
    const incload__mem *mem;
    incload__pipeline_run *runs;
    int32_t count;
};

int32_t
incload__history_check(const incload_database *database, int32_t limit, incload_error **err)
{
    if (database == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the database must not be NULL");
    if (limit < 1 || limit > MOST)
        return incload__fail(err, INCLOAD_E_INVALID, "history tells of 1 to %d at once, not of %d", MOST, (int)limit);
    return INCLOAD_OK;
}

/* ---- runs ---- */

static int32_t
fill(incload_history *history, const char *name, int32_t limit, incload_error **err)
{
    incload__visit at;

    history->runs = incload__alloc_array(history->mem, (size_t)limit, sizeof *history->runs);
    if (history->runs == NULL)
        return incload__fail_memory(err);
    int32_t status = incload__visit_begin(&at, history->database, history, err);
    if (status == INCLOAD_OK && at.exists)
        status = incload__pipeline_run_list(&at.ledger, at.conn, name, 0, limit, history->runs, &history->count, err);
    incload__visit_end(&at);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "reading the history of runs");
}

incload_history *
incload_history_new(incload_database *database, const char *name, int32_t limit, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (incload__history_check(database, limit, err) != INCLOAD_OK)
        return NULL;
    const incload__mem *mem = &incload__database_env(database)->mem;
    incload_history *history = incload__alloc(mem, sizeof *history);
    if (history == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&history->refs, 1);
    history->mem = mem;
    history->database = incload_database_ref(database);
    if (fill(history, name, limit, err) != INCLOAD_OK) {
        incload_history_unref(history);
        return NULL;
    }
    return history;
}

incload_history *
incload_history_ref(incload_history *history)
{
    if (history != NULL)
        atomic_fetch_add_explicit(&history->refs, 1, memory_order_relaxed);
    return history;
}

void
incload_history_unref(incload_history *history)
{
    if (history == NULL || atomic_fetch_sub_explicit(&history->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload_database *database = history->database;
    for (int32_t i = 0; i < history->count; i++)
        incload__pipeline_run_free(&history->runs[i]);
    incload__free(history->mem, history->runs);
    incload__free(history->mem, history);
    incload_database_unref(database);
}

int32_t
incload_history_count(const incload_history *history)
{
    return history != NULL ? history->count : 0;
}

static const incload__pipeline_run *
run_at(const incload_history *history, int32_t index)
{
    return history != NULL && index >= 0 && index < history->count ? &history->runs[index] : NULL;
}

const char *
incload_history_run_id(const incload_history *history, int32_t index)
{
    const incload__pipeline_run *run = run_at(history, index);

    return run != NULL ? run->run_id : "";
}

const char *
incload_history_name(const incload_history *history, int32_t index)
{
    const incload__pipeline_run *run = run_at(history, index);

    return run != NULL ? incload__or_empty(run->name) : "";
}

const char *
incload_history_key(const incload_history *history, int32_t index)
{
    const incload__pipeline_run *run = run_at(history, index);

    return run != NULL ? incload__or_empty(run->key) : "";
}

const char *
incload_history_kind(const incload_history *history, int32_t index)
{
    const incload__pipeline_run *run = run_at(history, index);

    return run == NULL ? "" : run->kind == INCLOAD__RUN_OF_PIPELINE ? "pipeline" : "backfill";
}

int32_t
incload_history_status(const incload_history *history, int32_t index)
{
    const incload__pipeline_run *run = run_at(history, index);

    return run != NULL ? run->status : 0;
}

const char *
incload_history_status_name(const incload_history *history, int32_t index)
{
    return incload__status_word(incload_history_status(history, index));
}

int64_t
incload_history_started_us(const incload_history *history, int32_t index)
{
    const incload__pipeline_run *run = run_at(history, index);

    return run != NULL ? run->created_us : 0;
}

int64_t
incload_history_finished_us(const incload_history *history, int32_t index)
{
    const incload__pipeline_run *run = run_at(history, index);

    return run != NULL ? run->finished_us : 0;
}

int64_t
incload_history_units(const incload_history *history, int32_t index)
{
    const incload__pipeline_run *run = run_at(history, index);

    return run != NULL ? run->units : 0;
}

int64_t
incload_history_failed(const incload_history *history, int32_t index)
{
    const incload__pipeline_run *run = run_at(history, index);

    return run != NULL ? run->failed : 0;
}

int64_t
incload_history_attempt(const incload_history *history, int32_t index)
{
    const incload__pipeline_run *run = run_at(history, index);

    return run != NULL ? run->attempt : 0;
}

int32_t
incload_history_cancel(incload_history *history, int32_t index, incload_error **err)
{
    INCLOAD_ENTER(err);
    const incload__pipeline_run *run = run_at(history, index);
    incload__visit at;

    if (run == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the history has no run %d", (int)index);
    int32_t status = incload__visit_begin(&at, history->database, history, err);
    if (status == INCLOAD_OK)
        status = incload__pipeline_run_want(&at.ledger, at.conn, run->run_no, INCLOAD__WANT_CANCEL, NULL, err);
    incload__visit_end(&at);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "cancelling run %s", run->run_id);
}
