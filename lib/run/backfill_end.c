/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a backfill's run in one process: what is left goes back, and what others did is told. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "run/backfill_internal.h"
#include "run/backfill_units_internal.h"
#include "state/coverage.h"

enum { READ_AT_ONCE = 500, MOST_FAILED = 10000 };

/* ---- failures of other processes ---- */

static int
by_number(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

typedef struct reading {
    incload__backfill_units *units;
    incload__unit_row *rows;
    int64_t from;
    int32_t limit;
    int32_t count;
} reading;

static int32_t
visit_failed(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    reading *r = data;

    return incload__units_read(ledger, conn, incload__durable_run(r->units->durable)->run_no, r->from, r->limit,
                               INCLOAD_STATUS_FAILED, r->rows, &r->count, err);
}

static bool
is_own(const incload__backfill_units *units, int64_t seq)
{
    return units->own_failure_count > 0
           && bsearch(&seq, units->own_failures, (size_t)units->own_failure_count, sizeof seq, by_number) != NULL;
}

/* Of a batch that was read, those of others are kept. */
static void
keep_failed(incload__backfill_units *units, reading *r)
{
    for (int32_t i = 0; i < r->count; i++) {
        r->from = r->rows[i].seq + 1;
        if (is_own(units, r->rows[i].seq) || units->failed_count == MOST_FAILED)
            incload__unit_row_free(&r->rows[i]);
        else
            units->failed[units->failed_count++] = r->rows[i];
    }
}

static int32_t
read_failed(incload__backfill_units *units, incload_error **err)
{
    reading r = { .units = units, .limit = READ_AT_ONCE, .count = READ_AT_ONCE };
    int32_t status = INCLOAD_OK;

    if (units->failed != NULL)
        return INCLOAD_OK;
    units->failed = incload__alloc_array(units->mem, MOST_FAILED, sizeof *units->failed);
    r.rows = incload__alloc_array(units->mem, READ_AT_ONCE, sizeof *r.rows);
    if (units->failed == NULL || r.rows == NULL)
        status = incload__fail_memory(err);
    if (units->own_failure_count > 1)
        qsort(units->own_failures, (size_t)units->own_failure_count, sizeof *units->own_failures, by_number);
    while (status == INCLOAD_OK && r.count == r.limit && units->failed_count < MOST_FAILED) {
        r.count = 0;
        status = incload__durable_call(units->durable, visit_failed, &r, err);
        if (status == INCLOAD_OK)
            keep_failed(units, &r);
    }
    incload__free(units->mem, r.rows);
    return status;
}

int32_t
incload__backfill_units_tell_failed(incload__backfill_units *units, incload_error **err)
{
    const incload__pipeline_run *run = incload__durable_run(units->durable);
    const incload__range *range = units->step->backfill->range;
    incload__str label = INCLOAD__STR(units->mem);
    int32_t status = read_failed(units, err);

    if (status != INCLOAD_OK)
        return status;
    if (units->failed_count == 0)
        return incload__fail(err, INCLOAD_E_STATE, "run %s of '%.64s' failed: look for it in the ledger", run->run_id,
                             run->name);
    const incload__unit_row *first = &units->failed[0];
    incload__range_unit unit = incload__range_at(range, incload__sequence_at(&units->sequence, first->seq));
    incload__range_label(range, &unit, &label);
    status = incload__fail(err, first->error_code < 0 ? first->error_code : INCLOAD_E_STATE,
                           "%d of %lld units failed in other processes; the first, '%.64s': %s",
                           (int)units->failed_count, (long long)run->units, incload__str_text(&label),
                           first->error != NULL ? first->error : "its workers died with it too often");
    incload__str_free(&label);
    return status;
}

const incload__unit_row *
incload__backfill_units_failed(const incload__backfill_units *units, int32_t *count)
{
    *count = units->failed_count;
    return units->failed;
}

/* ---- the end ---- */

typedef struct last_word {
    incload__backfill_units *units;
    int32_t want;
    int64_t moved;
} last_word;

static int32_t
visit_want(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    const last_word *w = data;

    return incload__pipeline_run_want(ledger, conn, incload__durable_run(w->units->durable)->run_no, w->want, NULL,
                                      err);
}

static int32_t
visit_count(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    incload__backfill_units *units = data;

    return incload__units_count(ledger, conn, incload__durable_run(units->durable)->run_no, units->counts, err);
}

enum { MOVED_AT_ONCE = 20000, MOST_MOVING_US = 3000000 };

/* For longer than this no process is believed to be paused and to wake with a unit that it had. */
static const int64_t rows_are_kept_us = INT64_C(86400000000);

static int32_t
visit_coalesce(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    last_word *w = data;

    return incload__coverage_prune(ledger, conn, w->units->landing.load, rows_are_kept_us, MOVED_AT_ONCE, &w->moved,
                                   err);
}

/* What landed long ago need not be a row a unit any more. The next run goes on with what is left. */
static void
coalesce(incload__backfill_units *units)
{
    int64_t until = incload__monotonic_us(units->env) + MOST_MOVING_US;
    last_word w = { .units = units, .moved = 1 };

    while (w.moved > 0 && incload__monotonic_us(units->env) < until) {
        if (incload__durable_call(units->durable, visit_coalesce, &w, NULL) != INCLOAD_OK)
            return;
    }
}

/* As well as can be: a process that dies here leaves nothing else to others either. */
void
incload__backfill_units_close(incload__backfill_units *units, int32_t want, bool hurry)
{
    int32_t run_status = units->run_status;

    if (hurry)
        incload__durable_hurry(units->durable, INCLOAD__UNITS_HURRY_MS);
    if (want >= 0) {
        last_word w = { .units = units, .want = want };
        incload__durable_call(units->durable, visit_want, &w, NULL);
    }
    incload__backfill_units_give_back(units);
    if (run_status == 0)
        incload__durable_finish(units->durable, 0, &run_status, NULL);
    if (run_status > INCLOAD__PIPELINE_RUNNING && !hurry) {
        units->counted = incload__durable_call(units->durable, visit_count, units, NULL) == INCLOAD_OK;
        if (run_status == INCLOAD__PIPELINE_FAILED)
            read_failed(units, NULL);
    }
    if (run_status == INCLOAD__PIPELINE_SUCCESS && !hurry)
        coalesce(units);
    pthread_mutex_lock(&units->lock);
    units->closed = true;
    pthread_mutex_unlock(&units->lock);
    incload__durable_close(units->durable);
    units->durable = NULL;
}

bool
incload__backfill_units_counts(const incload__backfill_units *units, int64_t counts[INCLOAD_STATUS_SKIPPED + 1])
{
    if (units->counted)
        memcpy(counts, units->counts, sizeof units->counts);
    return units->counted;
}
