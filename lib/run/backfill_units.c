/* SPDX-License-Identifier: Apache-2.0 */
#include "run/backfill_units.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "driver/failpoint.h"
#include "driver/wait.h"
#include "run/backfill_internal.h"
#include "run/backfill_units_internal.h"
#include "state/args.h"

/* How soon the ledger is asked again when it has nothing; and how soon it is looked whether the units of this process
 * have ended. */
enum { FIRST_PAUSE_US = 10000, LONGEST_PAUSE_US = 500000, LOOK_AGAIN_US = 3000, PAUSED_US = 200000 };
/* How long units wait for a sign of life that does not get through, before the ledger is asked what is wrong. */
enum { PATIENCE_US = 60000000 };

/* ---- opening ---- */

static int32_t
visit_find(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    const incload__units_config *config = data;
    incload__pipeline_run run = { 0 };
    int32_t status = incload__pipeline_run_find(ledger, conn, config->run_key, &run, err);
    bool there = run.mem != NULL;

    incload__pipeline_run_free(&run);
    return status == INCLOAD_OK && !there ? INCLOAD_E_CONFLICT : status;
}

/* Of a run that was made from the plan the plan has changed as soon as a unit has landed. */
static int32_t
check_plan(incload__backfill_units *units, const incload__units_config *config)
{
    incload__units_config asked = *config;

    if (config->refusal == NULL)
        return INCLOAD_OK;
    return config->run_key != NULL ? incload__durable_call(units->durable, visit_find, &asked, NULL)
                                   : INCLOAD_E_CONFLICT;
}

static int32_t
enter(incload__backfill_units *units, const incload__units_config *config, const incload__taken *taken,
      incload_error **err)
{
    const incload_step *step = config->step;
    incload__str spec = INCLOAD__STR(units->mem), same = INCLOAD__STR(units->mem);
    char hash[INCLOAD__SPEC_HASH_SIZE];
    bool created = false;
    int32_t status = incload__backfill_spec_print(step, taken, &spec, err);

    if (status == INCLOAD_OK)
        status = incload__backfill_spec_print(step, NULL, &same, err);
    if (status == INCLOAD_OK) {
        incload__backfill_spec_hash(incload__str_text(&same), hash);
        incload__run_spec run = {
            .name = incload__backfill_record_name(step),
            .kind = INCLOAD__RUN_OF_BACKFILL,
            .key = config->run_key,
            .run_id = config->run_id,
            .hash = hash,
            .spec = incload__str_text(&spec),
            .units = taken->places,
            .max_failures = step->backfill->values.max_failures,
        };
        status = incload__durable_enter(units->durable, &run, &created, err);
    }
    incload__str_free(&spec);
    incload__str_free(&same);
    return status;
}

static int32_t
name_landing(incload__backfill_units *units, const incload_step *step, incload_error **err)
{
    const incload__pipeline_run *run = incload__durable_run(units->durable);
    const char *version = step->backfill->values.version;

    incload__landing_run(run, units->landing_run);
    units->landing = (incload__landing){ .load = incload__backfill_record_name(step),
                                         .code_version = version != NULL ? version : "",
                                         .run_id = units->landing_run,
                                         .run_no = run->run_no };
    return incload__backfill_spec_read(units->mem, run->spec, run->units, &units->sequence, err);
}

incload__backfill_units *
incload__backfill_units_open(const incload__units_config *config, const incload__taken *taken, incload_error **err)
{
    incload_database *home = incload__backfill_home(config->step);
    const incload__env *env = incload__database_env(home);
    incload__backfill_units *units = incload__alloc(&env->mem, sizeof *units);

    if (units == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    pthread_mutex_init(&units->lock, NULL);
    units->mem = &env->mem;
    units->env = env;
    units->step = config->step;
    units->home = incload_database_ref(home);
    incload__portion_init(&units->portion, (int32_t)config->step->backfill->values.parallel, config->lease_ms * 1000,
                          config->step->backfill->values.max_failures >= 0);
    units->durable = incload__durable_open(home, config->lease_ms, &config->hooks, err);
    if (units->durable != NULL && check_plan(units, config) != INCLOAD_OK) {
        incload__error_pass(err, incload_error_ref((incload_error *)(uintptr_t)config->refusal));
        incload__backfill_units_free(units);
        return NULL;
    }
    if (units->durable == NULL || enter(units, config, taken, err) != INCLOAD_OK
        || name_landing(units, config->step, err) != INCLOAD_OK) {
        incload__backfill_units_free(units);
        return NULL;
    }
    return units;
}

void
incload__backfill_units_free(incload__backfill_units *units)
{
    if (units == NULL)
        return;
    const incload__mem *mem = units->mem;
    incload_database *home = units->home;

    incload__durable_close(units->durable);
    while (units->held != NULL) {
        held_unit *next = units->held->next;
        incload__free(mem, units->held);
        units->held = next;
    }
    for (int32_t i = 0; i < units->failed_count; i++)
        incload__unit_row_free(&units->failed[i]);
    incload__free(mem, units->failed);
    incload__free(mem, units->own_failures);
    incload__sequence_free(&units->sequence);
    pthread_mutex_destroy(&units->lock);
    incload__free(mem, units);
    incload_database_unref(home);
}

/* ---- what this process has ---- */

const char *
incload__backfill_units_run_id(const incload__backfill_units *units)
{
    return incload__durable_run(units->durable)->run_id;
}

bool
incload__backfill_units_held(incload__backfill_units *units, int64_t key, incload__held *out)
{
    pthread_mutex_lock(&units->lock);
    const held_unit *unit = units->held;
    while (unit != NULL && unit->as.key != key)
        unit = unit->next;
    if (unit != NULL)
        *out = unit->as;
    pthread_mutex_unlock(&units->lock);
    return unit != NULL;
}

/* Takes out a unit; the lock is held. */
static held_unit *
take_out(incload__backfill_units *units, held_unit **at)
{
    held_unit *unit = *at;

    if (unit != NULL)
        *at = unit->next;
    units->held_count -= unit != NULL;
    return unit;
}

/* In the order in which they were handed out. */
static int32_t
keep(incload__backfill_units *units, const incload__claim *claim, incload_error **err)
{
    for (int32_t i = 0; i < claim->count; i++) {
        held_unit *unit = incload__alloc(units->mem, sizeof *unit);
        if (unit == NULL)
            return incload__fail_memory(err);
        unit->as.key = ++units->last_key;
        unit->as.seq = claim->units[i].seq;
        unit->as.ordinal = incload__sequence_at(&units->sequence, claim->units[i].seq);
        unit->as.epoch = claim->epoch;
        unit->as.worker_no = claim->worker_no;
        pthread_mutex_lock(&units->lock);
        held_unit **tail = &units->held;
        while (*tail != NULL)
            tail = &(*tail)->next;
        *tail = unit;
        units->held_count++;
        pthread_mutex_unlock(&units->lock);
    }
    return INCLOAD_OK;
}

/* The first that was not given yet. One that has lain here for longer than the lease may be another's by now, or not:
 * the next sign of life tells, and until then it *waits, as long as there is hope for one. What a worker took that this
 * process is no more is dropped. */
static bool
give(incload__backfill_units *units, int64_t *key, bool *waits)
{
    incload__worker worker = incload__durable_worker(units->durable);
    bool trusted = incload__worker_trusted(&worker, units->env), found = false;

    *waits = false;

    pthread_mutex_lock(&units->lock);
    for (held_unit **at = &units->held; *at != NULL && !found;) {
        held_unit *unit = *at;
        if (unit->given) {
            at = &unit->next;
            continue;
        }
        if (unit->as.worker_no != worker.worker_no) {
            incload__free(units->mem, take_out(units, at));
            continue;
        }
        if (!trusted) {
            *waits = incload__monotonic_us(units->env) < worker.trusted_until_us + PATIENCE_US;
            break;
        }
        unit->given = true;
        *key = unit->as.key;
        found = true;
    }
    pthread_mutex_unlock(&units->lock);
    return found;
}

static int64_t
held_count(incload__backfill_units *units)
{
    pthread_mutex_lock(&units->lock);
    int64_t count = units->held_count;
    pthread_mutex_unlock(&units->lock);
    return count;
}

/* ---- taking more ---- */

/* What fails the step when the run, in the ledger, did not succeed and nothing here says why. */
static int32_t
name_run_failure(incload__backfill_units *units, int32_t run_status, incload_error **err)
{
    const incload__pipeline_run *run = incload__durable_run(units->durable);

    if (run_status == INCLOAD__PIPELINE_SUCCESS || run_status == INCLOAD__PIPELINE_PARTIAL
        || units->own_failure_count > 0)
        return INCLOAD__SOURCE_END;
    if (run_status == INCLOAD__PIPELINE_CANCELLED)
        return incload__fail(err, INCLOAD_E_CANCELLED, "run %s of '%.64s' was cancelled", run->run_id, run->name);
    return incload__backfill_units_tell_failed(units, err);
}

/* Nothing is handed out any more: is the run at its end? */
static int32_t
end_run(incload__backfill_units *units, int64_t *pause_us, incload_error **err)
{
    int32_t run_status = INCLOAD__PIPELINE_RUNNING;
    int32_t status = incload__durable_finish(units->durable, 0, &run_status, err);

    if (status != INCLOAD_OK)
        return status;
    units->pause_us = units->pause_us == 0 ? FIRST_PAUSE_US : units->pause_us * 2;
    if (units->pause_us > LONGEST_PAUSE_US)
        units->pause_us = LONGEST_PAUSE_US;
    *pause_us = units->pause_us;
    if (run_status == INCLOAD__PIPELINE_RUNNING)
        return INCLOAD__SOURCE_LATER;
    units->run_status = run_status;
    return name_run_failure(units, run_status, err);
}

/* Why there is none now, and what to do about it. */
static int32_t
wait_or_end(incload__backfill_units *units, const incload__claim *claim, int64_t *pause_us, incload_error **err)
{
    *pause_us = PAUSED_US;
    if (claim->hold == INCLOAD__CLAIM_PAUSED)
        return INCLOAD__SOURCE_LATER;
    if (claim->hold == INCLOAD__CLAIM_LATER && claim->wait_us < LONGEST_PAUSE_US) {
        *pause_us = claim->wait_us > FIRST_PAUSE_US ? claim->wait_us : FIRST_PAUSE_US;
        return INCLOAD__SOURCE_LATER;
    }
    if (held_count(units) > 0 || claim->hold == INCLOAD__CLAIM_LATER || claim->hold == INCLOAD__CLAIM_LIMITED) {
        *pause_us = LONGEST_PAUSE_US;
        return INCLOAD__SOURCE_LATER;
    }
    return end_run(units, pause_us, err);
}

static int32_t
claim_more(incload__backfill_units *units, int64_t *pause_us, incload_error **err)
{
    incload__claim claim = { .mem = NULL };
    int32_t status = incload__durable_reclaim(units->durable, INCLOAD__REASON_CRASHED, err);

    *pause_us = 0;
    if (status == INCLOAD_OK)
        status = incload__durable_claim(units->durable,
                                        incload__portion_next(&units->portion, incload__monotonic_us(units->env)),
                                        units->portion.least, &claim, err);
    if (status != INCLOAD_OK)
        return status;
    incload__portion_took(&units->portion, &claim, incload__monotonic_us(units->env));
    if (claim.count > 0) {
        units->pause_us = 0;
        status = keep(units, &claim, err);
        status = status == INCLOAD_OK ? INCLOAD__SOURCE_UNIT : status;
    } else {
        status = wait_or_end(units, &claim, pause_us, err);
    }
    incload__claim_free(&claim);
    return status;
}

int32_t
incload__backfill_units_next(incload__backfill_units *units, int64_t *key, int64_t *again_us, incload_error **err)
{
    int32_t answer = INCLOAD__SOURCE_UNIT;

    if (incload__durable_run(units->durable)->status != INCLOAD__PIPELINE_RUNNING)
        return end_run(units, again_us, err);
    while (answer == INCLOAD__SOURCE_UNIT) {
        int64_t now = incload__monotonic_us(units->env), pause = 0;
        bool waits = false;
        *again_us = now + LOOK_AGAIN_US;
        if (incload__durable_wanted(units->durable) == INCLOAD__WANT_PAUSE)
            return INCLOAD__SOURCE_LATER;
        if (give(units, key, &waits))
            return INCLOAD__SOURCE_UNIT;
        if (waits)
            return INCLOAD__SOURCE_LATER;
        /* While this process has some, the end of one of them is the next thing that can happen. */
        bool has_some = held_count(units) > 0;
        if (now < units->ask_us && (has_some || units->waited_alone)) {
            *again_us = has_some ? *again_us : units->ask_us;
            return INCLOAD__SOURCE_LATER;
        }
        answer = claim_more(units, &pause, err);
        units->ask_us = now + pause;
        *again_us = now + (pause < LOOK_AGAIN_US ? pause : LOOK_AGAIN_US);
        units->waited_alone = held_count(units) == 0;
    }
    return answer;
}

/* ---- landing ---- */

static int32_t
fail_lost(const incload__backfill_units *units, incload_error **err)
{
    int32_t status = incload__unit_fail_fenced(units->landing.run_no, err);

    incload__error_set_retryable(err, false);
    return status;
}

static incload__held_unit
as_held(const incload__backfill_units *units, const incload__held *held)
{
    return (incload__held_unit){ .run_no = units->landing.run_no, .seq = held->seq, .epoch = held->epoch };
}

/* The unit's own key: by it the target knows what has landed. */
static int32_t
key_of(const incload__backfill_units *units, const incload__held *held, incload__range_unit *unit, incload__str *key,
       incload_error **err)
{
    const incload__range *range = units->step->backfill->range;

    *unit = incload__range_at(range, held->ordinal);
    incload__range_key(range, unit, key);
    return key->failed ? incload__fail_memory(err) : INCLOAD_OK;
}

int32_t
incload__backfill_units_fence(incload__backfill_units *units, int64_t key, const incload__ledger *ledger,
                              incload__conn *conn, int64_t *seen, incload_error **err)
{
    incload__str name = INCLOAD__STR(units->mem);
    incload__range_unit part;
    incload__held held;

    if (!incload__backfill_units_held(units, key, &held))
        return fail_lost(units, err);
    incload__held_unit unit = as_held(units, &held);
    int32_t status = key_of(units, &held, &part, &name, err);
    if (status == INCLOAD_OK)
        status = incload__unit_fence_key(ledger, conn, &unit, units->landing.load, incload__str_text(&name), seen, err);
    incload__str_free(&name);
    if (status == INCLOAD_E_BUSY)
        incload__error_set_retryable(err, false);
    return status;
}

int32_t
incload__backfill_units_overtaken(incload__backfill_units *units, int64_t key, const incload__ledger *ledger,
                                  incload__conn *conn, int64_t seen, incload_error **err)
{
    incload__str name = INCLOAD__STR(units->mem);
    incload__range_unit part;
    incload__held held;
    int64_t epoch = 0;
    bool by_run = false;

    if (!incload__backfill_units_held(units, key, &held))
        return fail_lost(units, err);
    int32_t status = key_of(units, &held, &part, &name, err);
    if (status == INCLOAD_OK)
        status = incload__applied_find(ledger, conn, &units->landing, incload__str_text(&name), &by_run, &epoch, err);
    incload__str_free(&name);
    if (status != INCLOAD_OK || seen == 0 || epoch == (seen == INCLOAD__SEEN_NOTHING ? 0 : seen))
        return status;
    status = incload__applied_fail_overtaken(&units->landing, err);
    incload__error_set_retryable(err, false);
    return status;
}

/* Of a unit whose row this transaction has locked: nobody else is applying it, so both statements go at once. */
static int32_t
end_held(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
         const incload__landed *landed, bool *taken_away, incload_error **err)
{
    incload_error *failure = NULL;
    incload__posted done;
    int32_t status = incload__unit_post_done(ledger, conn, landing, landed, &done, err);

    INCLOAD__FAILPOINT_ON(status, conn, "unit.posted", INCLOAD_E_CONNECT, err);
    *taken_away = status == INCLOAD_E_BUSY;
    if (status != INCLOAD_OK)
        return status;
    status = incload__applied_add(ledger, conn, landing, landed, 1, &failure);
    /* What the row says of the unit comes before what the key says. */
    if ((status == INCLOAD_OK || status == INCLOAD_E_BUSY)
        && incload__unit_end_done(conn, landing, &done, err) == INCLOAD_E_BUSY) {
        *taken_away = true;
        incload_error_unref(failure);
        return INCLOAD_E_BUSY;
    }
    incload__error_pass(err, failure);
    return status;
}

static int32_t
end_one_by_one(const incload__ledger *ledger, incload__conn *conn, const incload__landing *landing,
               const incload__landed *landed, bool superseded, bool *taken_away, incload_error **err)
{
    int32_t status = incload__units_done(ledger, conn, landing, landed, 1, err);

    INCLOAD__FAILPOINT_ON(status, conn, "unit.done", INCLOAD_E_CONFLICT, err);
    *taken_away = status == INCLOAD_E_BUSY;
    if (status == INCLOAD_OK && !superseded)
        status = incload__applied_add(ledger, conn, landing, landed, 1, err);
    return status;
}

/* `superseded`: another run has landed the same since, by a later claim; only the unit's own row is ended. */
static int32_t
land(incload__backfill_units *units, const incload__unit_landing *what, const incload__ledger *ledger,
     incload__conn *conn, bool superseded, bool *taken_away, incload_error **err)
{
    incload__landing landing = units->landing;
    incload__str name = INCLOAD__STR(units->mem);
    incload__range_unit unit;
    incload__landed landed;
    incload__held held;

    *taken_away = !incload__backfill_units_held(units, what->key, &held);
    if (*taken_away)
        return fail_lost(units, err);
    int32_t status = key_of(units, &held, &unit, &name, err);
    incload__past_landed(units->step->backfill->range, &unit, incload__str_text(&name), &landed);
    landed.seq = held.seq;
    landed.rows_written = what->rows_written;
    landed.seen = what->seen;
    landing.epoch = held.epoch;
    if (status == INCLOAD_OK)
        status = landed.seen != 0
                     ? end_held(ledger, conn, &landing, &landed, taken_away, err)
                     : end_one_by_one(ledger, conn, &landing, &landed, superseded, taken_away, err);
    INCLOAD__FAILPOINT_ON(status, conn, "unit.applied", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_E_BUSY)
        incload__error_set_retryable(err, false);
    incload__str_free(&name);
    return status;
}

int32_t
incload__backfill_units_land(incload__backfill_units *units, const incload__unit_landing *what,
                             const incload__ledger *ledger, incload__conn *conn, bool *taken_away, incload_error **err)
{
    return land(units, what, ledger, conn, false, taken_away, err);
}

typedef struct doing {
    incload__backfill_units *units;
    int64_t key;
    incload__held_unit unit;
    bool unknown; /* a COMMIT got no answer */
    bool superseded;
    bool taken_away;
} doing;

/* A transaction of its own. A second try begins with what became of the first. */
static int32_t
visit_done(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    doing *d = data;
    bool committed = false;
    int32_t status = INCLOAD_OK;

    if (d->unknown)
        status = incload__unit_resolve(ledger, conn, &d->unit, &committed, err);
    if (status != INCLOAD_OK || committed)
        return status;
    status = conn->driver->begin(conn, err);
    if (status != INCLOAD_OK)
        return status;
    const incload__unit_landing what = { .key = d->key };
    status = land(d->units, &what, ledger, conn, d->superseded, &d->taken_away, err);
    status = incload__state_end(conn, status, err);
    d->unknown = status == INCLOAD_E_COMMIT_UNKNOWN;
    return status;
}

int32_t
incload__backfill_units_done(incload__backfill_units *units, int64_t key, incload_error **err)
{
    doing d = { .units = units, .key = key };
    incload__held held;

    if (!incload__backfill_units_held(units, key, &held))
        return fail_lost(units, err);
    d.unit = as_held(units, &held);
    incload_error *failure = NULL;
    int32_t status = incload__durable_call(units->durable, visit_done, &d, &failure);
    d.superseded = status == INCLOAD_E_BUSY && !d.taken_away;
    if (d.superseded) {
        incload_error_unref(failure);
        failure = NULL;
        status = incload__durable_call(units->durable, visit_done, &d, &failure);
    }
    incload__error_pass(err, failure);
    return status;
}

/* ---- how it ended ---- */

typedef struct ending_of {
    incload__held_unit unit;
    int32_t ending;
    incload__unit_failure failure;
} ending_of;

static int32_t
visit_ending(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    const ending_of *e = data;

    switch (e->ending) {
    case INCLOAD__ENDING_FAILED:
        return incload__unit_fail(ledger, conn, &e->unit, &e->failure, err);
    case INCLOAD__ENDING_SKIPPED:
        return incload__unit_skip(ledger, conn, &e->unit, e->failure.reason, false, err);
    default:
        return incload__unit_release(ledger, conn, &e->unit, NULL, 0, false, err);
    }
}

/* Told as well as can be: what the ledger does not hear of this process's units it hears when they are reclaimed. */
static void
tell_ending(incload__backfill_units *units, const incload__held *held, int32_t ending, const incload_error *error,
            int32_t reason)
{
    ending_of e = { .unit = as_held(units, held), .ending = ending };

    if (ending == INCLOAD__ENDING_LANDED || ending == INCLOAD__ENDING_DROPPED)
        return;
    e.failure = (incload__unit_failure){ .code = incload_error_code(error),
                                         .reason = reason,
                                         .message = error != NULL ? incload_error_message(error) : NULL };
    incload__durable_call(units->durable, visit_ending, &e, NULL);
}

static void
note_failure(incload__backfill_units *units, int64_t seq)
{
    int64_t count = units->own_failure_count;

    if ((count & (count - 1)) == 0) {
        int64_t *wider =
            incload__realloc(units->mem, units->own_failures, (size_t)(count > 0 ? 2 * count : 1) * sizeof *wider);
        if (wider == NULL)
            return;
        units->own_failures = wider;
    }
    units->own_failures[units->own_failure_count++] = seq;
}

void
incload__backfill_units_ended(incload__backfill_units *units, int64_t key, int32_t ending, const incload_error *error,
                              int32_t reason)
{
    incload__held held;

    if (!incload__backfill_units_held(units, key, &held))
        return;
    /* Until it is told the unit counts as this process's: the run does not end before. */
    tell_ending(units, &held, ending, error, reason);
    incload__durable_count(units->durable, ending == INCLOAD__ENDING_LANDED, ending == INCLOAD__ENDING_FAILED, 0);
    pthread_mutex_lock(&units->lock);
    if (ending == INCLOAD__ENDING_FAILED)
        note_failure(units, held.seq);
    held_unit **at = &units->held;
    while (*at != NULL && (*at)->as.key != key)
        at = &(*at)->next;
    incload__free(units->mem, take_out(units, at));
    pthread_mutex_unlock(&units->lock);
}

void
incload__backfill_units_want(incload__backfill_units *units, int32_t want)
{
    pthread_mutex_lock(&units->lock);
    if (!units->closed)
        incload__durable_want(units->durable, want);
    pthread_mutex_unlock(&units->lock);
}

void
incload__backfill_units_hurry(incload__backfill_units *units)
{
    pthread_mutex_lock(&units->lock);
    if (!units->closed)
        incload__durable_hurry(units->durable, INCLOAD__UNITS_HURRY_MS);
    pthread_mutex_unlock(&units->lock);
}

int64_t
incload__backfill_units_total(const incload__backfill_units *units)
{
    return incload__durable_run(units->durable)->units;
}

int64_t
incload__backfill_units_ordinal(const incload__backfill_units *units, int64_t seq)
{
    return incload__sequence_at(&units->sequence, seq);
}

const incload__durable *
incload__backfill_units_durable(const incload__backfill_units *units)
{
    return units->durable;
}

/* What lies here, with the lock not held. */
static bool
pop(incload__backfill_units *units, incload__held *out)
{
    pthread_mutex_lock(&units->lock);
    held_unit *unit = take_out(units, &units->held);
    pthread_mutex_unlock(&units->lock);
    if (unit == NULL)
        return false;
    *out = unit->as;
    incload__free(units->mem, unit);
    return true;
}

enum { GIVEN_BACK = 256 };

typedef struct giving_back {
    int64_t run_no;
    int64_t worker_no;
    int64_t seqs[GIVEN_BACK];
    int32_t count;
} giving_back;

static int32_t
visit_give_back(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    const giving_back *g = data;

    return incload__units_give_back(ledger, conn, g->run_no, g->worker_no, g->seqs, g->count, err);
}

/* As well as can be: what the ledger does not hear of is reclaimed. */
void
incload__backfill_units_give_back(incload__backfill_units *units)
{
    giving_back g = { .run_no = units->landing.run_no };
    incload__held held;
    bool more = pop(units, &held);

    while (more) {
        g.worker_no = held.worker_no;
        g.count = 0;
        while (more && held.worker_no == g.worker_no && g.count < GIVEN_BACK) {
            g.seqs[g.count++] = held.seq;
            more = pop(units, &held);
        }
        incload__durable_call(units->durable, visit_give_back, &g, NULL);
    }
}
