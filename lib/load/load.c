/* SPDX-License-Identifier: Apache-2.0 */
/* One load from begin to end: connect, plan, and carry out, and start over what failed by an error that may pass. */
#include "load/load.h"

#include <string.h>

#include "load/internal.h"
#include "sched/backoff.h"
#include "state/heartbeat.h"

/* The target first: a load that is busy needs no connection to the source. */
static int32_t
connect_both(incload__load *load, int64_t *wait_until_us, incload_error **err)
{
    const incload__load_spec *spec = load->spec;
    int32_t status = incload__turn_take(load, wait_until_us, err);

    if (status != INCLOAD_OK)
        return status;
    status =
        incload__database_take(spec->source, INCLOAD__ROLE_READ, spec->deadline_us, spec->owner, &load->from, err);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "source");
    return incload__ledger_read(&load->ledger, load->to, spec->name, &load->before, err);
}

void
incload__load_init(incload__load *load)
{
    load->cursor = -1;
    load->latest_by = -1;
    load->stamp = -1;
    load->marker = -1;
    load->started_us = incload__wall_us(load->env);
    incload__schema_init(&load->shape, load->mem);
    incload__schema_init(&load->travel, load->mem);
    incload__schema_init(&load->target, load->mem);
    incload__schema_init(&load->write, load->mem);
    incload__schema_init(&load->history, load->mem);
    incload__schema_init(&load->compared, load->mem);
    incload__schema_init(&load->marks, load->mem);
}

void
incload__load_free(incload__load *load)
{
    incload__ledger_free(&load->ledger);
    incload__position_free(&load->before);
    incload__table_free(load->mem, &load->source_name);
    incload__table_free(load->mem, &load->target_name);
    incload__schema_free(&load->shape);
    incload__schema_free(&load->travel);
    incload__schema_free(&load->target);
    incload__schema_free(&load->write);
    incload__schema_free(&load->history);
    incload__schema_free(&load->compared);
    incload__schema_free(&load->marks);
    incload__free(load->mem, load->destination);
    incload__free(load->mem, load->high);
    incload__free(load->mem, load->only_source);
    incload__free(load->mem, load->only_target);
    incload__window_free(load);
    incload__free(load->mem, load->session);
    incload__evolve_free(load);
    incload__free(load->mem, load);
}

static void
load_free(incload__load *load)
{
    if (load->from != NULL)
        incload__database_give_back(load->spec->source, load->from);
    if (load->to != NULL)
        incload__database_give_back(load->spec->target, load->to);
    incload__load_free(load);
}

/* What lasts over the attempts of one run. */
typedef struct campaign {
    const incload__load_spec *spec;
    incload_unit *unit;
    const incload__env *env;
    incload__load_result *result;
    incload__lease lease;
    incload__heartbeat *heartbeat;
    int64_t beating; /* the epoch it renews */
    int64_t wait_until_us;
    atomic_bool settling;
} campaign;

/* On the heartbeat's thread. What the run does next fails, and the run tells why. */
static void
lose(void *data)
{
    campaign *c = data;

    if (atomic_load(&c->settling))
        return;
    atomic_store(&c->unit->lost, true);
    incload__unit_wake(c->unit);
    incload__database_cancel(c->spec->source, c->spec->owner);
    incload__database_cancel(c->spec->target, c->spec->owner);
}

/* Where one writer has the whole database nobody can take the lease of a load at work, nor can it be renewed. */
static void
keep_lease_alive(campaign *c, const incload__load *load)
{
    if (c->lease.epoch == 0 || c->beating == c->lease.epoch || load->to->dialect->one_writer)
        return;
    incload__heartbeat_stop(c->heartbeat);
    c->heartbeat = incload__heartbeat_start(c->spec->target, &c->lease, lose, c);
    c->beating = c->lease.epoch;
    if (c->heartbeat == NULL && c->spec->notice != NULL)
        c->spec->notice(c->spec->progress_data, "the system gave no thread to renew the lease: a run that takes longer "
                                                "than the step's option 'lease' may be overtaken and keep nothing");
}

static incload__load *
load_new(campaign *c)
{
    incload__load *load = incload__alloc(&c->env->mem, sizeof *load);

    if (load == NULL)
        return NULL;
    load->spec = c->spec;
    load->how = c->spec->how;
    load->unit = c->unit;
    load->result = c->result;
    load->env = c->env;
    load->mem = &c->env->mem;
    load->lease = &c->lease;
    load->settling = &c->settling;
    atomic_store(&c->settling, false);
    incload__load_init(load);
    return load;
}

/* Whether the unit is started over, and when. Only what may pass by itself, as long as there is time, and never what
 * the process function did: the class of its errors is not one that passes. */
static bool
tries_again(const campaign *c, const incload_error *failure, int64_t *when_us)
{
    const incload__load_spec *spec = c->spec;
    int32_t attempt = incload_unit_attempt(c->unit);

    if (incload_error_is_retryable(failure) == 0 || attempt > spec->retries || incload_unit_is_cancelled(c->unit) != 0)
        return false;
    *when_us = incload__monotonic_us(c->env)
               + incload__backoff_us(c->env, spec->retry_delay_ms, spec->retry_max_delay_ms, attempt);
    return spec->deadline_us == 0 || *when_us < spec->deadline_us;
}

static void
tell_retry(const campaign *c, const incload_error *failure)
{
    incload__str text = INCLOAD__STR(&c->env->mem);

    if (c->spec->notice == NULL)
        return;
    incload__str_addf(&text, "attempt %d failed and is started over, at most %d times: %s",
                      (int)incload_unit_attempt(c->unit), (int)c->spec->retries, incload_error_message(failure));
    if (!text.failed)
        c->spec->notice(c->spec->progress_data, incload__str_text(&text));
    incload__str_free(&text);
}

/* An interrupt that the heartbeat asked for is told as what it was. */
static void
name_loss(campaign *c, incload_error **failure)
{
    incload_error *told = NULL;
    int32_t code = incload_error_code(*failure);

    /* Of a COMMIT without an answer nobody knows what was kept, whoever has the lease now. */
    if (!atomic_load(&c->unit->lost) || code == INCLOAD_E_BUSY || code == INCLOAD_E_COMMIT_UNKNOWN)
        return;
    incload__lease_fail_lost(&c->lease, &told);
    incload__error_set_cause(&told, *failure);
    *failure = told;
}

/* One attempt at the unit, from the connections to the commit. *again: it failed, and is to be started over at
 * *when_us. */
static int32_t
attempt(campaign *c, bool *again, int64_t *when_us, incload_error **err)
{
    incload_error *failure = NULL;
    incload__load *load = load_new(c);

    *again = false;
    if (load == NULL)
        return incload__fail_memory(err);
    int32_t status = incload__load_check(load, &failure);
    if (status == INCLOAD_OK)
        status = connect_both(load, &c->wait_until_us, &failure);
    if (load->to != NULL)
        keep_lease_alive(c, load);
    if (status == INCLOAD_OK)
        status = incload__plan(load, &failure);
    if (status == INCLOAD_OK)
        status = incload__carry_out(load, &failure);
    if (status != INCLOAD_OK) {
        incload__withdraw_report(load);
        *again = tries_again(c, failure, when_us);
        if (!*again) {
            incload__heartbeat_stop(c->heartbeat);
            c->heartbeat = NULL;
            /* Where the ledger could not be asked the lease cannot be given up. */
            if (status != INCLOAD_E_COMMIT_UNKNOWN)
                incload__turn_end(load);
        }
        name_loss(c, &failure);
        incload__error_pass(err, failure);
    }
    load_free(load);
    return status;
}

int32_t
incload__load_run(const incload__load_spec *spec, incload_unit *unit, incload__load_result *result, incload_error **err)
{
    incload__strategy_values replay_how;
    incload__load_spec replay;
    incload_error *failure = NULL;
    int64_t when = 0;
    bool again = false;

    if (spec->replay) {
        int32_t prepared = incload__replay_spec(spec, &replay, &replay_how, err);
        if (prepared != INCLOAD_OK)
            return prepared;
        spec = &replay;
    }
    campaign c = { .spec = spec, .unit = unit, .env = incload__database_env(spec->target), .result = result };
    incload__lease_init(&c.lease, c.env, spec->name, unit->run_id, spec->lease_ms,
                        incload__database_application(spec->target));
    int32_t status = attempt(&c, &again, &when, &failure);
    while (again) {
        tell_retry(&c, failure);
        /* Cancelled or lost while pausing: the next attempt says so at once, and gives the lease up. */
        incload__unit_pause(unit, when);
        incload__load_result_free(&c.env->mem, result);
        incload__unit_restart(unit);
        incload_error_unref(failure);
        failure = NULL;
        status = attempt(&c, &again, &when, &failure);
    }
    incload__heartbeat_stop(c.heartbeat);
    incload__error_pass(err, failure);
    return status;
}

void
incload__load_result_free(const incload__mem *mem, incload__load_result *result)
{
    incload__free(mem, result->road_reason);
    incload__free(mem, result->watermark);
    incload__free(mem, result->level_reason);
    incload__free(mem, result->held_by);
    incload__free(mem, result->schema_changes);
    result->road_reason = NULL;
    result->watermark = NULL;
    result->level_reason = NULL;
    result->held_by = NULL;
    result->schema_changes = NULL;
}
