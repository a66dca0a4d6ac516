/* SPDX-License-Identifier: Apache-2.0 */
/* The commit of a set: a unit of the load engine, with its lease, deadline and attempts. */
#include "cdc/apply.h"
#include "driver/database.h"

enum { LEAST_LEASE_MS = 100 };

static void
fill_spec(incload__change_set *set, const incload__strategy_values *how, const incload__apply *apply,
          incload__load_spec *spec)
{
    const incload__changes_values *values = &set->values;
    int64_t deadline = incload__deadline_in(set->env, values->timeout);

    if (set->deadline_us != 0 && (deadline == 0 || set->deadline_us < deadline))
        deadline = set->deadline_us;
    *spec = (incload__load_spec){
        .name = set->name,
        .target = set->target,
        .target_table = set->count == 1 ? set->tables[0]->given : set->name,
        .how = how,
        .apply = apply,
        .owner = set->owner,
        .deadline_us = deadline,
        .lease_ms = values->lease != 0 && values->lease < LEAST_LEASE_MS ? LEAST_LEASE_MS : values->lease,
        .wait_ms = values->wait,
        .retries = (int32_t)values->retries,
        .retry_delay_ms = values->retry_delay,
        .retry_max_delay_ms = values->retry_max_delay,
    };
}

static void
set_at_work(incload__change_set *set, incload_unit *unit)
{
    pthread_mutex_lock(&set->lock);
    set->at_work = unit;
    pthread_mutex_unlock(&set->lock);
}

static int32_t
run(incload__change_set *set, incload_unit *unit, incload__changes_job *job, incload_error **err)
{
    incload__strategy_values how = { .window = INCLOAD__WINDOW_ALL, .write = INCLOAD__WRITE_MERGE };
    incload__apply apply = { incload__changes_apply, job };
    incload__load_result result = { .road_reason = NULL };
    incload__load_part part = { .unit = unit, .result = &result };

    fill_spec(set, &how, &apply, &part.spec);
    unit->cancelled = &set->cancelled;
    unit->told_to_stop = set->told_to_stop;
    unit->deadline_us = part.spec.deadline_us;
    set_at_work(set, unit);
    int32_t status = incload__load_run(&part, 1, unit, err);
    set_at_work(set, NULL);
    incload__load_result_free(set->mem, &result);
    return status;
}

static int32_t
run_unit(incload__change_set *set, incload__changes_job *job, incload_error **err)
{
    char id[INCLOAD__RUN_ID_SIZE];
    incload_unit *unit = incload__alloc(set->mem, sizeof *unit);
    int32_t status = INCLOAD_OK;

    if (unit == NULL)
        return incload__fail_memory(err);
    incload__run_id(set->env, id);
    if (incload__unit_init(unit, set->env, set->name, set->name, id) != INCLOAD_OK)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = run(set, unit, job, err);
    incload__unit_free(unit);
    incload__free(set->mem, unit);
    return status;
}

/* A failure that the host asked for is told as such, whatever the driver called it. */
static int32_t
tell(const incload__change_set *set, incload_error *failure, incload_error **err)
{
    int32_t code = incload_error_code(failure);
    bool asked = atomic_load(&set->cancelled) || (set->told_to_stop != NULL && atomic_load(set->told_to_stop));

    if (asked && code != INCLOAD_E_CANCELLED && code != INCLOAD_E_COMMIT_UNKNOWN) {
        incload_error *told = NULL;
        incload__fail(&told, INCLOAD_E_CANCELLED, "the changes were cancelled: nothing of them was kept");
        incload__error_set_cause(&told, failure);
        failure = told;
    }
    incload__error_prefix(&failure, "changes of %.80s", set->count == 1 ? set->tables[0]->given : set->name);
    return incload__error_pass(err, failure);
}

static void
take_over(incload__change_set *set, const incload__changes_job *job)
{
    for (int32_t i = 0; i < set->count; i++) {
        incload__change_count *done = &set->tables[i]->done;
        done->applied += job->counts[i].applied;
        done->skipped += job->counts[i].skipped;
        done->written += job->counts[i].written;
        done->deleted += job->counts[i].deleted;
    }
    if (incload__place_is_told(job->place))
        set->place = job->place;
    if (set->next_note == NULL)
        return;
    incload__free(set->mem, set->note);
    set->note = set->next_note;
    set->next_note = NULL;
}

int32_t
incload__change_set_commit(incload__change_set *set, incload_error **err)
{
    incload__changes_job job = { .set = set };
    incload_error *failure = NULL;

    if (set->log.count == 0 && incload__place_order(set->reached, set->place) <= 0)
        return INCLOAD_OK;
    job.counts = incload__alloc_array(set->mem, (size_t)set->count + 1, sizeof *job.counts);
    if (job.counts == NULL)
        return incload__fail_memory(err);
    int32_t status = run_unit(set, &job, &failure);
    if (status == INCLOAD_OK) {
        take_over(set, &job);
        incload__change_set_discard(set);
    }
    incload__free(set->mem, job.counts);
    return status == INCLOAD_OK ? status : tell(set, failure, err);
}

int32_t
incload__change_set_reach(incload__change_set *set, incload__place place, incload_error **err)
{
    if (!incload__place_is_told(place) || (set->log.count > 0 && !set->log.placed))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "some of the events have a position and some have none: give one to all of them, or to "
                             "none");
    if (incload__place_order(set->reached, place) < 0)
        set->reached = place;
    return INCLOAD_OK;
}

void
incload__change_set_discard(incload__change_set *set)
{
    incload__log_free(&set->log);
    set->reached = (incload__place){ 0, 0 };
    incload__free(set->mem, set->next_note);
    set->next_note = NULL;
    for (int32_t i = 0; i < set->count; i++)
        set->tables[i]->pending = 0;
}

void
incload__change_set_cancel(incload__change_set *set)
{
    atomic_store(&set->cancelled, true);
    incload__change_set_interrupt(set);
}

void
incload__change_set_interrupt(incload__change_set *set)
{
    pthread_mutex_lock(&set->lock);
    if (set->at_work != NULL)
        incload__unit_wake(set->at_work);
    pthread_mutex_unlock(&set->lock);
    incload__database_cancel(set->target, set->owner);
}
