/* SPDX-License-Identifier: Apache-2.0 */
#include "run/durable.h"

#include <string.h>
#include <unistd.h>

#include "run/durable_internal.h"
#include "sched/backoff.h"
#include "state/lease.h"

/* How long a call goes on through errors that may pass: that of a server's restart. */
enum { LIMIT_MS = 60000, FIRST_PAUSE_MS = 20, LONGEST_PAUSE_MS = 1000, LEAST_LEASE_MS = 100 };

/* ---- calls ---- */

static int64_t
limit_of(incload__durable *durable)
{
    int64_t hurry = atomic_load(&durable->hurry_ms), until = durable->hooks.deadline_us;
    int64_t usual = incload__deadline_in(durable->env, hurry != 0 ? hurry : LIMIT_MS);

    return hurry == 0 && until != 0 && until < usual ? until : usual;
}

int32_t
incload__durable_visit_once(incload__durable *durable, const void *owner, int64_t limit_us,
                            incload__durable_visit visit, void *data, incload_error **err)
{
    incload__ledger ledger = { 0 };
    incload__conn *conn = NULL;
    int32_t status = incload__database_take(durable->database, INCLOAD__ROLE_WRITE, limit_us, owner, &conn, err);

    if (status != INCLOAD_OK)
        return status;
    durable->one_writer = conn->dialect->one_writer;
    status = incload__ledger_init(&ledger, &durable->env->mem, conn->dialect,
                                  incload__database_ledger(durable->database), err);
    if (status == INCLOAD_OK)
        status = visit(&ledger, conn, data, err);
    incload__ledger_free(&ledger);
    incload__database_give_back(durable->database, conn);
    return status;
}

/* False when there is no time for another try. Who is told to hurry meanwhile has less of it from then on. */
static bool
pause_before(incload__durable *durable, int64_t *limit_us, int32_t failures)
{
    int64_t until = incload__monotonic_us(durable->env) + FIRST_PAUSE_MS * 100
                    + incload__backoff_us(durable->env, FIRST_PAUSE_MS, LONGEST_PAUSE_MS, failures);
    int64_t before = atomic_load(&durable->hurry_ms);

    incload__monitor_lock(&durable->monitor);
    while (until < *limit_us && incload__monotonic_us(durable->env) < until
           && atomic_load(&durable->hurry_ms) == before)
        incload__monitor_wait(&durable->monitor, durable->env, until);
    incload__monitor_unlock(&durable->monitor);
    int64_t now = limit_of(durable);
    *limit_us = now < *limit_us ? now : *limit_us;
    return until < *limit_us;
}

static bool
may_pass(const incload_error *failure, int32_t status)
{
    return status == INCLOAD_E_COMMIT_UNKNOWN
           || (status != INCLOAD_E_BUSY && status != INCLOAD_E_CANCELLED && incload_error_is_retryable(failure) != 0);
}

int32_t
incload__durable_call(incload__durable *durable, incload__durable_visit visit, void *data, incload_error **err)
{
    int64_t limit = limit_of(durable);

    for (int32_t failures = 1;; failures++) {
        incload_error *failure = NULL;
        int32_t status = incload__durable_visit_once(durable, durable, limit, visit, data, &failure);
        if (status == INCLOAD_OK || !may_pass(failure, status) || !pause_before(durable, &limit, failures)) {
            incload__error_pass(err, failure);
            return status;
        }
        incload_error_unref(failure);
    }
}

void
incload__durable_hurry(incload__durable *durable, int64_t limit_ms)
{
    atomic_store(&durable->hurry_ms, limit_ms > 0 ? limit_ms : 1);
    incload__monitor_lock(&durable->monitor);
    incload__monitor_notify(&durable->monitor);
    incload__monitor_unlock(&durable->monitor);
    incload__database_cancel(durable->database, durable);
}

/* ---- making ---- */

static int32_t
ensure_ledger(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    (void)data;
    return incload__ledger_ensure(ledger, conn, err);
}

incload__durable *
incload__durable_open(incload_database *ledger, int64_t lease_ms, const incload__durable_hooks *hooks,
                      incload_error **err)
{
    const incload__env *env = incload__database_env(ledger);
    incload__durable *durable = incload__alloc(&env->mem, sizeof *durable);
    incload__lease named;

    if (durable == NULL || incload__monitor_init(&durable->monitor) != INCLOAD_OK) {
        incload__free(&env->mem, durable);
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&durable->refs, 1);
    atomic_init(&durable->hurry_ms, 0);
    durable->pid = (int32_t)getpid();
    pthread_mutex_init(&durable->entering, NULL);
    durable->env = env;
    durable->database = incload_database_ref(ledger);
    durable->hooks = *hooks;
    durable->ttl_us = (lease_ms < LEAST_LEASE_MS ? LEAST_LEASE_MS : lease_ms) * 1000;
    durable->asked = INCLOAD__WANT_NOTHING;
    incload__lease_init(&named, env, "", "", 0, incload__database_application(ledger));
    memcpy(durable->holder, named.holder, sizeof durable->holder);
    if (incload__durable_call(durable, ensure_ledger, NULL, err) != INCLOAD_OK) {
        incload__durable_unref(durable);
        return NULL;
    }
    return durable;
}

void
incload__durable_unref(incload__durable *durable)
{
    if (atomic_fetch_sub_explicit(&durable->refs, 1, memory_order_acq_rel) != 1)
        return;
    const incload__mem *mem = &durable->env->mem;
    incload_database *database = durable->database;
    /* The other one may still be about to leave the lock under which it gave up its part. */
    incload__monitor_lock(&durable->monitor);
    incload__monitor_unlock(&durable->monitor);
    incload__monitor_free(&durable->monitor);
    pthread_mutex_destroy(&durable->entering);
    incload__pipeline_run_free(&durable->run);
    incload__free(mem, durable);
    /* Last: the memory is the context's, which the database holds. */
    incload_database_unref(database);
}

const incload__pipeline_run *
incload__durable_run(const incload__durable *durable)
{
    return &durable->run;
}

bool
incload__durable_one_writer(const incload__durable *durable)
{
    return durable->one_writer;
}

/* ---- entering ---- */

typedef struct entry {
    incload__durable *durable;
    const incload__run_spec *spec;
    int64_t run_no;
    bool created;
    incload__worker worker;
} entry;

/* The words for a key that belongs to other work, with the two specs at hand. */
static int32_t
name_conflict(const incload__ledger *ledger, incload__conn *conn, const incload__run_spec *spec, incload_error **err)
{
    incload__pipeline_run other = { 0 };
    incload__str words = INCLOAD__STR(ledger->mem);

    if (incload__pipeline_run_find(ledger, conn, spec->key, &other, NULL) == INCLOAD_OK && other.mem != NULL)
        incload__durable_difference(other.spec, spec->spec, &words);
    int32_t status = incload__fail(err, INCLOAD_E_CONFLICT,
                                   "run_key '%.64s' belongs to run %s of '%.64s', which was told other work%s%.300s: "
                                   "use another key, or tell it the same",
                                   spec->key, other.run_id, other.mem != NULL ? other.name : "",
                                   words.length > 0 ? ": " : "", incload__str_text(&words));
    incload__error_set_retryable(err, false);
    incload__str_free(&words);
    incload__pipeline_run_free(&other);
    return status;
}

static int32_t
visit_create(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    entry *e = data;
    incload_error *failure = NULL;

    incload__pipeline_run_free(&e->durable->run);
    int32_t status = incload__pipeline_run_create(ledger, conn, e->spec, &e->durable->run, &e->created, &failure);
    if (status == INCLOAD_E_CONFLICT && e->spec->key != NULL && incload_error_is_retryable(failure) == 0) {
        incload_error_unref(failure);
        return name_conflict(ledger, conn, e->spec, err);
    }
    incload__error_pass(err, failure);
    return status;
}

static int32_t
visit_read(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    entry *e = data;

    incload__pipeline_run_free(&e->durable->run);
    return incload__pipeline_run_read(ledger, conn, e->run_no, &e->durable->run, err);
}

static int32_t
visit_register(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    entry *e = data;
    incload__durable *durable = e->durable;

    return incload__worker_register(ledger, conn, durable->run.run_no, durable->holder, durable->ttl_us, &e->worker,
                                    err);
}

static int32_t
register_worker(incload__durable *durable, incload_error **err)
{
    entry e = { .durable = durable };
    int32_t status = incload__durable_call(durable, visit_register, &e, err);

    if (status != INCLOAD_OK)
        return status;
    incload__monitor_lock(&durable->monitor);
    durable->worker = e.worker;
    incload__monitor_unlock(&durable->monitor);
    return INCLOAD_OK;
}

/* A run that has ended needs no worker. */
static int32_t
begin_work(incload__durable *durable, incload_error **err)
{
    if (durable->run.status != INCLOAD__PIPELINE_RUNNING)
        return INCLOAD_OK;
    durable->want = durable->run.want;
    int32_t status = register_worker(durable, err);
    if (status == INCLOAD_OK && !incload__durable_start_heart(durable))
        status = incload__fail(err, INCLOAD_E_STATE,
                               "the system gave no thread to keep this process's lease on the "
                               "run: end other threads, or run it without a ledger");
    return status;
}

int32_t
incload__durable_enter(incload__durable *durable, const incload__run_spec *spec, bool *created, incload_error **err)
{
    char id[INCLOAD__RUN_ID_SIZE];
    incload__run_spec named = *spec;
    entry e = { .durable = durable, .spec = &named };

    /* Before the first try: a second one finds by it what the first has made. */
    incload__run_id(durable->env, id);
    if (named.run_id == NULL)
        named.run_id = id;
    int32_t status = incload__durable_call(durable, visit_create, &e, err);

    *created = e.created;
    return status == INCLOAD_OK ? begin_work(durable, err) : status;
}

int32_t
incload__durable_enter_run(incload__durable *durable, int64_t run_no, incload_error **err)
{
    entry e = { .durable = durable, .run_no = run_no };
    int32_t status = incload__durable_call(durable, visit_read, &e, err);

    return status == INCLOAD_OK ? begin_work(durable, err) : status;
}

/* ---- the worker ---- */

incload__worker
incload__durable_worker(incload__durable *durable)
{
    incload__monitor_lock(&durable->monitor);
    incload__worker worker = durable->worker;
    incload__monitor_unlock(&durable->monitor);
    return worker;
}

int32_t
incload__durable_renew(incload__durable *durable, int64_t worker_no, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    pthread_mutex_lock(&durable->entering);
    bool ours = incload__durable_worker(durable).worker_no == worker_no;
    if (ours)
        status = register_worker(durable, err);
    pthread_mutex_unlock(&durable->entering);
    if (ours && status == INCLOAD_OK)
        incload__durable_tell_lost(durable, worker_no);
    return status;
}

/* ---- units ---- */

static int32_t
visit_resolve(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    return incload__claim_resolve(ledger, conn, data, err);
}

typedef struct taking {
    incload__durable *durable;
    incload__worker worker;
    int32_t limit;
    int32_t again;
    incload__claim *out;
} taking;

static int32_t
visit_claim(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    const taking *t = data;

    return incload__units_claim_portion(ledger, conn, t->durable->run.run_no, &t->worker, t->limit, t->again, t->out,
                                        err);
}

int32_t
incload__durable_claim(incload__durable *durable, int32_t limit, int32_t again, incload__claim *out,
                       incload_error **err)
{
    int64_t until = limit_of(durable);

    for (int32_t failures = 1;; failures++) {
        taking t = { durable, incload__durable_worker(durable), limit, again, out };
        uint32_t said = incload__durable_said(durable);
        incload_error *failure = NULL;
        int32_t status = incload__durable_visit_once(durable, durable, until, visit_claim, &t, &failure);
        bool repeat = may_pass(failure, status);
        if (status == INCLOAD_E_COMMIT_UNKNOWN) {
            incload_error_unref(failure);
            failure = NULL;
            status = incload__durable_call(durable, visit_resolve, out, &failure);
            repeat = false;
        } else if (status == INCLOAD_E_BUSY) {
            incload_error_unref(failure);
            failure = NULL;
            status = incload__durable_renew(durable, t.worker.worker_no, &failure);
            repeat = status == INCLOAD_OK;
        }
        if (status == INCLOAD_OK && !repeat) {
            incload__durable_note_want(durable, out->want, said);
            return status;
        }
        if (!repeat || !pause_before(durable, &until, failures)) {
            incload__claim_free(out);
            if (failure == NULL)
                return incload__fail(err, INCLOAD_E_BUSY,
                                     "this process was lost for longer than its lease again and again while units "
                                     "were handed out: raise the option 'lease'");
            incload__error_pass(err, failure);
            return status;
        }
        incload_error_unref(failure);
    }
}

typedef struct reclaiming {
    int64_t run_no;
    int32_t crash_reason;
} reclaiming;

enum { RECLAIMED_MOST = 1000 };

static int32_t
visit_reclaim(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    const reclaiming *r = data;
    incload__reclaimed reclaimed;

    return incload__units_reclaim(ledger, conn, r->run_no, RECLAIMED_MOST, 0, r->crash_reason, &reclaimed, err);
}

int32_t
incload__durable_reclaim(incload__durable *durable, int32_t crash_reason, incload_error **err)
{
    reclaiming r = { durable->run.run_no, crash_reason };
    int64_t now = incload__monotonic_us(durable->env), last = atomic_load(&durable->reclaimed_us);

    if (last != 0 && now - last < durable->ttl_us / 3)
        return INCLOAD_OK;
    if (!atomic_compare_exchange_strong(&durable->reclaimed_us, &last, now))
        return INCLOAD_OK;
    return incload__durable_call(durable, visit_reclaim, &r, err);
}

typedef struct finishing {
    int64_t run_no;
    int64_t optional;
    int32_t status;
    bool finished;
} finishing;

static int32_t
visit_finish(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    finishing *f = data;

    return incload__pipeline_run_finish(ledger, conn, f->run_no, f->optional, &f->status, &f->finished, err);
}

int32_t
incload__durable_finish(incload__durable *durable, int64_t optional, int32_t *run_status, incload_error **err)
{
    finishing f = { .run_no = durable->run.run_no, .optional = optional, .status = durable->run.status };

    *run_status = f.status;
    if (durable->run.status != INCLOAD__PIPELINE_RUNNING)
        return INCLOAD_OK;
    int32_t status = incload__durable_call(durable, visit_finish, &f, err);
    *run_status = f.status;
    return status;
}
