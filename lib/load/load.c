/* SPDX-License-Identifier: Apache-2.0 */
/* One unit from begin to end: connect, plan, and carry out, and start over what failed by an error that may pass. */
#include "load/load.h"

#include <string.h>

#include "load/internal.h"
#include "sched/backoff.h"
#include "state/heartbeat.h"

/* Loads of one source share its connection. */
static int32_t
connect_source(incload__load *load, incload_error **err)
{
    const incload__group *group = load->group;
    const incload__load_spec *spec = load->spec;

    if (spec->apply != NULL)
        return INCLOAD_OK;
    for (int32_t i = 0; group->loads[i] != load; i++) {
        if (group->loads[i]->spec->source == spec->source)
            load->from = group->loads[i]->from;
    }
    if (load->from != NULL)
        return INCLOAD_OK;
    int32_t status =
        incload__database_take(spec->source, INCLOAD__ROLE_READ, spec->deadline_us, spec->owner, &load->from, err);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "source");
}

static int32_t
read_position(incload__load *load, incload_error **err)
{
    if (incload__is_remembered(load))
        return INCLOAD_OK;
    return incload__ledger_read(&load->ledger, load->to, load->spec->name, &load->before, err);
}

/* The target first: a load that is busy needs no connection to the source. */
static int32_t
connect_all(incload__group *group, int64_t *wait_until_us, incload_error **err)
{
    int32_t status = incload__group_check_options(group, err);

    if (status == INCLOAD_OK)
        status = incload__turn_take(group, wait_until_us, err);
    if (status == INCLOAD_OK)
        status = incload__group_each(group, connect_source, err);
    return status == INCLOAD_OK ? incload__group_each(group, read_position, err) : status;
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
    for (int32_t i = 0; i < INCLOAD__SIDES; i++)
        incload__free(load->mem, load->versions[i]);
    incload__free(load->mem, load->session);
    incload__free(load->mem, load->bounds[0]);
    incload__free(load->mem, load->bounds[1]);
    incload__evolve_free(load);
    incload__free(load->mem, load);
}

/* What lasts over the attempts of one run. */
typedef struct campaign {
    const incload__load_part *parts;
    int32_t count;
    incload_unit *unit;
    const incload__load_spec *spec; /* what they have in common is read in the first */
    const incload__env *env;
    incload__lease *leases;
    int32_t *by_name;
    incload__heartbeat *heartbeat;
    int64_t *beating;     /* the epochs it renews */
    _Atomic int32_t lost; /* which lease was found to be another's */
    int64_t wait_until_us;
    atomic_bool settling;
} campaign;

/* One that shares its source's connection leaves it to the first of them. */
static bool
shares_source(const incload__group *group, int32_t index)
{
    for (int32_t i = 0; i < index; i++) {
        if (group->loads[i]->spec->source == group->loads[index]->spec->source)
            return true;
    }
    return false;
}

static void
group_free(const campaign *c, incload__group *group)
{
    for (int32_t i = 0; i < group->count; i++) {
        incload__load *load = group->loads[i];
        if (load->from == NULL || shares_source(group, i))
            continue;
        /* Its reading was left without waiting for the server's answer, which is here by now. */
        if (load->from->driver->leave != NULL && load->from->txn == INCLOAD__TXN_IDLE)
            load->from->driver->rollback(load->from, NULL);
        incload__database_give_back(load->spec->source, load->from);
    }
    if (group->count > 0 && group->loads[0]->to != NULL)
        incload__database_give_back(c->spec->target, group->loads[0]->to);
    for (int32_t i = 0; i < group->count; i++)
        incload__load_free(group->loads[i]);
    incload__free(&c->env->mem, group->loads);
}

/* On the heartbeat's thread. What the run does next fails, and the run tells why. */
static void
lose(void *data, int32_t which)
{
    campaign *c = data;

    if (atomic_load(&c->settling))
        return;
    atomic_store(&c->lost, which);
    atomic_store(&c->unit->lost, true);
    for (int32_t i = 0; i < c->count; i++)
        atomic_store(&c->parts[i].unit->lost, true);
    incload__unit_wake(c->unit);
    for (int32_t i = 0; i < c->count; i++) {
        if (c->parts[i].spec.source != NULL)
            incload__database_cancel(c->parts[i].spec.source, c->spec->owner);
    }
    incload__database_cancel(c->spec->target, c->spec->owner);
}

/* Where one writer has the whole database nobody can take the lease of a load at work, nor can it be renewed. */
static void
keep_leases_alive(campaign *c, const incload__group *group)
{
    bool held = false, same = true;

    for (int32_t i = 0; i < c->count; i++) {
        held = held || c->leases[i].epoch != 0;
        same = same && c->leases[i].epoch == c->beating[i];
        c->beating[i] = c->leases[i].epoch;
    }
    if (!held || same || group->loads[0]->to->dialect->one_writer)
        return;
    incload__heartbeat_stop(c->heartbeat);
    c->heartbeat = incload__heartbeat_start(c->spec->target, c->leases, c->count, lose, c);
    if (c->heartbeat == NULL && c->spec->notice != NULL)
        c->spec->notice(c->spec->unit_data, "the system gave no thread to renew the lease: a run that takes longer "
                                            "than the step's option 'lease' may be overtaken and keep nothing");
}

static incload__load *
load_new(campaign *c, int32_t index, incload__group *group)
{
    const incload__load_part *part = &c->parts[index];
    incload__load *load = incload__alloc(&c->env->mem, sizeof *load);

    if (load == NULL)
        return NULL;
    load->group = group;
    load->spec = &part->spec;
    load->how = part->spec.how;
    load->unit = part->unit;
    load->result = part->result;
    load->env = c->env;
    load->mem = &c->env->mem;
    load->lease = &c->leases[index];
    load->settling = &c->settling;
    incload__load_init(load);
    return load;
}

static bool
group_init(campaign *c, incload__group *group)
{
    *group = (incload__group){ .by_name = c->by_name, .unit = c->unit };
    group->loads = incload__alloc_array(&c->env->mem, (size_t)c->count, sizeof(incload__load *));
    atomic_store(&c->settling, false);
    if (group->loads == NULL)
        return false;
    for (; group->count < c->count; group->count++) {
        group->loads[group->count] = load_new(c, group->count, group);
        if (group->loads[group->count] == NULL)
            return false;
    }
    return true;
}

/* What a host streams in is gone once it was read. */
static bool
can_start_over(const incload__group *group)
{
    for (int32_t i = 0; i < group->count; i++) {
        if (group->loads[i]->from != NULL && group->loads[i]->from->spent)
            return false;
    }
    return true;
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
        c->spec->notice(c->spec->unit_data, incload__str_text(&text));
    incload__str_free(&text);
}

/* An interrupt that the heartbeat asked for is told as what it was, with the name of the load. */
static void
name_loss(campaign *c, incload_error **failure)
{
    incload_error *told = NULL;
    int32_t code = incload_error_code(*failure);

    /* Of a COMMIT without an answer nobody knows what was kept, whoever has the lease now. */
    if (!atomic_load(&c->unit->lost) || (code == INCLOAD_E_BUSY && c->count == 1) || code == INCLOAD_E_COMMIT_UNKNOWN)
        return;
    incload__lease_fail_lost(&c->leases[atomic_load(&c->lost)], &told);
    incload__error_set_cause(&told, *failure);
    *failure = told;
}

/* The transaction is its own; what it left open is undone. */
static int32_t
apply(incload__load *load, incload_error **err)
{
    const incload__apply *how = load->spec->apply;
    int32_t status = how->carry_out(load, how->data, err);

    if (status != INCLOAD_OK && load->to != NULL)
        load->to->driver->rollback(load->to, NULL);
    return status;
}

static int32_t
carry_out(campaign *c, incload__group *group, incload_error **err)
{
    int32_t status = incload__load_check(group->loads[0], err);

    if (status == INCLOAD_OK)
        status = connect_all(group, &c->wait_until_us, err);
    if (group->loads[0]->to != NULL)
        keep_leases_alive(c, group);
    if (c->spec->apply != NULL)
        return status == INCLOAD_OK ? apply(group->loads[0], err) : status;
    if (status == INCLOAD_OK)
        status = incload__group_each(group, incload__plan, err);
    if (status == INCLOAD_OK)
        status = incload__group_check_plan(group, err);
    return status == INCLOAD_OK ? incload__carry_out(group, err) : status;
}

/* One attempt at the unit, from the connections to the commit. *again: it failed, and is to be started over at
 * *when_us. */
static int32_t
attempt(campaign *c, bool *again, int64_t *when_us, incload_error **err)
{
    incload_error *failure = NULL;
    incload__group group;
    bool whole = group_init(c, &group);
    int32_t status = whole ? carry_out(c, &group, &failure) : incload__fail_memory(&failure);

    *again = false;
    if (status != INCLOAD_OK) {
        for (int32_t i = 0; i < group.count; i++)
            incload__withdraw_report(group.loads[i]);
        *again = whole && can_start_over(&group) && tries_again(c, failure, when_us);
        if (!*again) {
            incload__heartbeat_stop(c->heartbeat);
            c->heartbeat = NULL;
            /* Where the ledger could not be asked the leases cannot be given up. */
            if (whole && status != INCLOAD_E_COMMIT_UNKNOWN)
                incload__turn_end(&group);
        }
        name_loss(c, &failure);
        incload__error_pass(err, failure);
    }
    group_free(c, &group);
    return status;
}

static void
start_over(campaign *c)
{
    for (int32_t i = 0; i < c->count; i++) {
        incload__load_result_free(&c->env->mem, c->parts[i].result);
        if (c->parts[i].unit != c->unit)
            incload__unit_restart(c->parts[i].unit);
    }
    incload__unit_restart(c->unit);
}

static int32_t
try_until(campaign *c, incload_error **err)
{
    incload_error *failure = NULL;
    int64_t when = 0;
    bool again = false;
    int32_t status = attempt(c, &again, &when, &failure);

    while (again) {
        tell_retry(c, failure);
        /* Cancelled or lost while pausing: the next attempt says so at once, and gives the leases up. */
        incload__unit_pause(c->unit, when);
        start_over(c);
        incload_error_unref(failure);
        failure = NULL;
        status = attempt(c, &again, &when, &failure);
    }
    incload__heartbeat_stop(c->heartbeat);
    incload__error_pass(err, failure);
    return status;
}

/* By insertion: they are few. */
static void
sort_by_name(campaign *c)
{
    for (int32_t i = 0; i < c->count; i++) {
        int32_t at = i;
        for (; at > 0 && strcmp(c->parts[c->by_name[at - 1]].spec.name, c->parts[i].spec.name) > 0; at--)
            c->by_name[at] = c->by_name[at - 1];
        c->by_name[at] = i;
    }
}

static int32_t
run_parts(const incload__load_part *parts, int32_t count, incload_unit *unit, incload_error **err)
{
    campaign c = { .parts = parts,
                   .count = count,
                   .unit = unit,
                   .spec = &parts[0].spec,
                   .env = incload__database_env(parts[0].spec.target) };
    const incload__mem *mem = &c.env->mem;
    int32_t status = INCLOAD_OK;

    c.leases = incload__alloc_array(mem, (size_t)count, sizeof *c.leases);
    c.by_name = incload__alloc_array(mem, (size_t)count, sizeof *c.by_name);
    c.beating = incload__alloc_array(mem, (size_t)count, sizeof *c.beating);
    if (c.leases == NULL || c.by_name == NULL || c.beating == NULL)
        status = incload__fail_memory(err);
    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++) {
        const incload__load_spec *spec = &parts[i].spec;
        incload__lease_init(&c.leases[i], c.env, spec->name, parts[i].unit->run_id, spec->lease_ms,
                            incload__database_application(spec->target));
    }
    if (status == INCLOAD_OK) {
        sort_by_name(&c);
        status = try_until(&c, err);
    }
    incload__free(mem, c.leases);
    incload__free(mem, c.by_name);
    incload__free(mem, c.beating);
    return status;
}

/* The load of one part of a range: its bounds are asked for once the cursor is known. Rows that were only appended
 * would stand twice when the part is loaded again. */
static int32_t
run_interval(const incload__load_part *part, incload_unit *unit, incload_error **err)
{
    incload__strategy_values how = *part->spec.how;
    incload__load_part bounded = *part;

    how.window = INCLOAD__WINDOW_INTERVAL;
    how.initial = (char *)(uintptr_t) "";
    how.until = (char *)(uintptr_t) "";
    if (part->spec.interval->column != NULL)
        how.cursor = (char *)(uintptr_t)part->spec.interval->column;
    if (how.write == INCLOAD__WRITE_APPEND)
        how.write = INCLOAD__WRITE_REPLACE_INTERVAL;
    bounded.spec.how = &how;
    return run_parts(&bounded, 1, unit, err);
}

int32_t
incload__load_run(const incload__load_part *parts, int32_t count, incload_unit *unit, incload_error **err)
{
    incload__strategy_values how;
    incload__load_part replay = parts[0];

    if (parts[0].spec.interval != NULL)
        return run_interval(&parts[0], unit, err);

    if (!parts[0].spec.replay)
        return run_parts(parts, count, unit, err);
    int32_t status = incload__replay_spec(&parts[0].spec, &replay.spec, &how, err);
    return status == INCLOAD_OK ? run_parts(&replay, 1, unit, err) : status;
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
