/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that keeps a worker alive: it renews the lease each third of its time, hears what is wanted of the run,
 * and writes what the host wants. */
#define _GNU_SOURCE
#include <unistd.h>

#include "run/durable_internal.h"
#include "sched/thread.h"

enum { THREAD_STACK = 1 << 20, STOP_WAIT_MS = 25, RETIRE_MS = 2000 };

/* Hooks are called one by one, and by nobody once it is about to be closed. */
static bool
begin_telling(incload__durable *durable)
{
    incload__monitor_lock(&durable->monitor);
    while (durable->telling)
        incload__monitor_wait(&durable->monitor, durable->env, 0);
    durable->telling = !durable->stopping;
    bool tells = durable->telling;
    incload__monitor_unlock(&durable->monitor);
    return tells;
}

static void
end_telling(incload__durable *durable)
{
    incload__monitor_lock(&durable->monitor);
    durable->telling = false;
    incload__monitor_notify(&durable->monitor);
    incload__monitor_unlock(&durable->monitor);
}

void
incload__durable_tell_lost(incload__durable *durable, int64_t worker_no)
{
    if (durable->hooks.lost == NULL || !begin_telling(durable))
        return;
    durable->hooks.lost(durable->hooks.data, worker_no);
    end_telling(durable);
}

void
incload__durable_note_want(incload__durable *durable, int32_t want, uint32_t said)
{
    incload__monitor_lock(&durable->monitor);
    /* What the host said since is newer than what was heard. */
    bool news = durable->want != want && durable->said == said && durable->asked == INCLOAD__WANT_NOTHING;
    if (news)
        durable->want = want;
    incload__monitor_unlock(&durable->monitor);
    if (!news || durable->hooks.wanted == NULL || !begin_telling(durable))
        return;
    durable->hooks.wanted(durable->hooks.data, want);
    end_telling(durable);
}

/* ---- what the thread does ---- */

typedef struct beating {
    incload__durable *durable;
    incload__worker worker;
    incload__worker_progress progress;
    int32_t asked;
    int32_t want;
    uint32_t said;
} beating;

static int32_t
write_want(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    const beating *b = data;
    incload_error *failure = NULL;
    int32_t status = incload__pipeline_run_want(ledger, conn, b->durable->run.run_no, b->asked, NULL, &failure);

    /* A run that has ended wants nothing any more. */
    if (status == INCLOAD_E_STATE) {
        incload_error_unref(failure);
        return INCLOAD_OK;
    }
    incload__error_pass(err, failure);
    return status;
}

static int32_t
beat(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    beating *b = data;
    int32_t run_status = 0;
    int32_t status = b->asked != INCLOAD__WANT_NOTHING ? write_want(ledger, conn, b, err) : INCLOAD_OK;

    if (status == INCLOAD_OK)
        status = incload__worker_beat(ledger, conn, &b->worker, &b->progress, err);
    if (status == INCLOAD_OK)
        status = incload__pipeline_run_wanted(ledger, conn, b->durable->run.run_no, &run_status, &b->want, err);
    return status;
}

static beating
look(incload__durable *durable)
{
    incload__monitor_lock(&durable->monitor);
    beating b = { durable, durable->worker, durable->progress, durable->asked, durable->want,
                  durable->said };
    incload__monitor_unlock(&durable->monitor);
    return b;
}

static void
take_over(incload__durable *durable, const beating *b)
{
    incload__monitor_lock(&durable->monitor);
    if (durable->worker.worker_no == b->worker.worker_no)
        durable->worker = b->worker;
    if (durable->asked == b->asked)
        durable->asked = INCLOAD__WANT_NOTHING;
    incload__monitor_unlock(&durable->monitor);
}

/* A failure other than a lost lease is no news for anyone: it is tried again, and the fence decides. */
static int32_t
beat_once(incload__durable *durable)
{
    beating b = look(durable);
    int64_t limit = incload__monotonic_us(durable->env) + durable->ttl_us / 3;
    int32_t status = incload__durable_visit_once(durable, &durable->worker, limit, beat, &b, NULL);

    if (status == INCLOAD_OK) {
        take_over(durable, &b);
        incload__durable_note_want(durable, b.want, b.said);
    }
    if (status == INCLOAD_E_BUSY)
        status = incload__durable_renew(durable, b.worker.worker_no, NULL);
    return status;
}

static bool
last_leaves(incload__durable *durable)
{
    /* Given up before anyone can learn of the end: who has waited for it is then the last. */
    bool last = atomic_fetch_sub_explicit(&durable->refs, 1, memory_order_acq_rel) == 1;

    if (last)
        atomic_store(&durable->refs, 1);
    durable->ended = true;
    incload__monitor_notify(&durable->monitor);
    return last;
}

static void *
thread_main(void *data)
{
    incload__durable *durable = data;
    int64_t next = incload__monotonic_us(durable->env) + durable->ttl_us / 3;

    incload__monitor_lock(&durable->monitor);
    while (!durable->stopping) {
        bool due = durable->asked != INCLOAD__WANT_NOTHING || incload__monotonic_us(durable->env) >= next;
        if (!due) {
            incload__monitor_wait(&durable->monitor, durable->env, next);
            continue;
        }
        incload__monitor_unlock(&durable->monitor);
        int32_t status = beat_once(durable);
        next = incload__monotonic_us(durable->env) + durable->ttl_us / (status == INCLOAD_OK ? 3 : 12);
        incload__monitor_lock(&durable->monitor);
        /* What could not be written waits as well. */
        while (status != INCLOAD_OK && !durable->stopping && incload__monotonic_us(durable->env) < next)
            incload__monitor_wait(&durable->monitor, durable->env, next);
    }
    bool last = last_leaves(durable);
    incload__monitor_unlock(&durable->monitor);
    if (last)
        incload__durable_unref(durable);
    return NULL;
}

bool
incload__durable_start_heart(incload__durable *durable)
{
    atomic_fetch_add(&durable->refs, 1);
    durable->beating = true;
    if (incload__thread_start(NULL, THREAD_STACK, thread_main, durable))
        return true;
    durable->beating = false;
    atomic_fetch_sub(&durable->refs, 1);
    return false;
}

/* ---- its end ---- */

/* A thread that is within a call of the server which cannot be interrupted ends by itself. */
static void
stop_heart(incload__durable *durable)
{
    incload__monitor_lock(&durable->monitor);
    durable->stopping = true;
    bool ended = !durable->beating || durable->ended;
    incload__monitor_notify(&durable->monitor);
    incload__monitor_unlock(&durable->monitor);
    if (ended)
        return;
    incload__database_cancel(durable->database, &durable->worker);
    int64_t until = incload__deadline_in(&incload__env_system, STOP_WAIT_MS);
    incload__monitor_lock(&durable->monitor);
    while (!durable->ended && (durable->telling || incload__monotonic_us(&incload__env_system) < until))
        incload__monitor_wait(&durable->monitor, &incload__env_system, durable->telling ? 0 : until);
    incload__monitor_unlock(&durable->monitor);
}

static int32_t
retire(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    const beating *b = data;
    int32_t status = b->asked != INCLOAD__WANT_NOTHING ? write_want(ledger, conn, data, err) : INCLOAD_OK;

    return status == INCLOAD_OK ? incload__worker_retire(ledger, conn, &b->worker, &b->progress, err) : status;
}

void
incload__durable_close(incload__durable *durable)
{
    /* In a forked child there is no such thread, and its locks may be held for ever. */
    if (durable == NULL || durable->pid != (int32_t)getpid())
        return;
    stop_heart(durable);
    beating b = look(durable);
    if (b.worker.worker_no != 0) {
        incload__durable_hurry(durable, RETIRE_MS);
        incload__durable_call(durable, retire, &b, NULL);
    }
    incload__durable_unref(durable);
}

/* ---- what the host wants, and what it did ---- */

void
incload__durable_want(incload__durable *durable, int32_t want)
{
    incload__monitor_lock(&durable->monitor);
    /* Also what seems to be wanted already: the ledger may have been told otherwise by what was said before. */
    if (durable->run.status == INCLOAD__PIPELINE_RUNNING) {
        durable->want = want;
        durable->asked = want;
        durable->said++;
        incload__monitor_notify(&durable->monitor);
    }
    incload__monitor_unlock(&durable->monitor);
}

uint32_t
incload__durable_said(incload__durable *durable)
{
    incload__monitor_lock(&durable->monitor);
    uint32_t said = durable->said;
    incload__monitor_unlock(&durable->monitor);
    return said;
}

int32_t
incload__durable_wanted(incload__durable *durable)
{
    incload__monitor_lock(&durable->monitor);
    int32_t want = durable->want;
    incload__monitor_unlock(&durable->monitor);
    return want;
}

void
incload__durable_count(incload__durable *durable, int64_t done, int64_t bad, int64_t rows_written)
{
    incload__monitor_lock(&durable->monitor);
    durable->progress.units_done += done;
    durable->progress.units_bad += bad;
    durable->progress.rows_written += rows_written;
    incload__monitor_unlock(&durable->monitor);
}
