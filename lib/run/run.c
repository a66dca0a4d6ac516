/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "run/run_internal.h"

#include <string.h>
#include <time.h>

#include "cdc/capture.h"
#include "cdc/debezium_out.h"
#include "cdc/stream.h"
#include "load/facts.h"
#include "load/verify.h"
#include "run/consumer.h"
#include "run/flow.h"
#include "run/pipeline.h"
#include "run/reporting.h"
#include "sched/thread.h"

enum { PROGRESS_EVERY_US = 100000, THREAD_STACK = 1 << 20 };

static const incload__option run_option_list[] = {
    { "timeout", INCLOAD_OPTION_DURATION, offsetof(incload__run_values, timeout), "0", 0, 2592000000, "ms", "", "0.1",
      "How long the run may take, connecting included; 0 sets no limit. When it is over, running SQL is interrupted "
      "and "
      "nothing of the open unit lands." },
    { "wait", INCLOAD_OPTION_DURATION, offsetof(incload__run_values, wait), "0", 0, 2592000000, "ms", "", "0.1",
      "How long to wait for another run of this load to end. Without waiting the run fails with INCLOAD_E_BUSY, which "
      "names the other." },
    { "retries", INCLOAD_OPTION_INTEGER, offsetof(incload__run_values, retries), "3", 0, 100, "attempts", "", "0.1",
      "How often a unit is started over after an error that may pass: a lost connection, a deadlock, a full disk. "
      "Never "
      "after its process function failed." },
    { "retry_delay", INCLOAD_OPTION_DURATION, offsetof(incload__run_values, retry_delay), "500ms", 0, 86400000, "ms",
      "", "0.1",
      "The longest pause before the first retry; it doubles with each one. The pause is drawn from 0 to that, so that "
      "runs that failed together do not come back together." },
    { "retry_max_delay", INCLOAD_OPTION_DURATION, offsetof(incload__run_values, retry_max_delay), "30s", 0, 86400000,
      "ms", "", "0.1", "What the longest pause does not grow past." },
};

const incload__option_table incload__run_options = INCLOAD__OPTION_TABLE("run", run_option_list);

const incload__option_table *const incload__option_tables[] = {
    &incload__context_options,  &incload__database_options,      &incload__strategy_options,
    &incload__step_options,     &incload__run_options,           &incload__verify_options,
    &incload__facts_options,    &incload__group_options,         &incload__pipeline_step_options,
    &incload__flow_options,     &incload__backfill_options,      &incload__reporting_options,
    &incload__watching_options, &incload__changes_options,       &incload__stream_options,
    &incload__debezium_options, &incload__changes_batch_options, &incload__changes_step_options,
    &incload__capture_options,  &incload__stream_step_options,   &incload__capture_step_options,
};
const int32_t incload__option_table_count = sizeof incload__option_tables / sizeof incload__option_tables[0];

/* Of one load of a group, the group's: they begin and end together. */
static incload_run *
whole_of(incload_run *run)
{
    return run->whole != NULL ? run->whole : run;
}

incload_run *
incload__run_root(const incload_run *run)
{
    if (run->whole != NULL)
        run = run->whole;
    while (run->parent != NULL)
        run = run->parent;
    return (incload_run *)(uintptr_t)run;
}

static void
load_free(const incload__mem *mem, incload_run *load)
{
    incload_step_unref(load->step);
    incload__unit_free(&load->unit);
    incload__load_result_free(mem, &load->result);
    incload__free(mem, load);
}

void
incload__run_free(incload_run *run)
{
    const incload__mem *mem = &run->env->mem;
    incload_step *step = run->step;
    /* Its context, with the memory of all that follows, goes last. */
    incload_pipeline *pipeline =
        run->parent == NULL && run->flow != NULL ? incload_pipeline_ref(run->flow->pipeline) : NULL;

    /* First what may still be at work. */
    if (run->parent == NULL)
        incload__flow_free(run->flow);
    for (int32_t i = 0; i < run->load_count; i++)
        load_free(mem, run->loads[i]);
    incload__free(mem, run->loads);
    incload__unit_free(&run->unit);
    incload__load_result_free(mem, &run->result);
    incload_error_unref(run->error);
    /* The thread may still be about to leave the lock under which it told the end. */
    pthread_mutex_lock(&run->lock);
    pthread_mutex_unlock(&run->lock);
    pthread_cond_destroy(&run->ended);
    pthread_mutex_destroy(&run->lock);
    incload__free(mem, run);
    incload_step_unref(step);
    incload_pipeline_unref(pipeline);
}

static void
drop_holder(incload_run *run)
{
    if (atomic_fetch_sub_explicit(&run->holders, 1, memory_order_acq_rel) == 1)
        incload__run_free(run);
}

/* What a group's run knows of one of its loads. Its id is the load's own in the ledger. */
static int32_t
add_load(incload_run *run, incload_step *step, incload_error **err)
{
    incload_run *load = incload__alloc(&run->env->mem, sizeof *load);

    if (load == NULL)
        return incload__fail_memory(err);
    run->loads[run->load_count++] = load;
    load->env = run->env;
    load->step = incload_step_ref(step);
    load->whole = run;
    load->context = run->context;
    load->node = -1;
    incload__run_id(run->env, load->id);
    if (incload__unit_init(&load->unit, run->env, incload__step_name(step), run->unit.label, load->id) != INCLOAD_OK)
        return incload__fail_memory(err);
    load->unit.cancelled = &run->cancelled;
    load->unit.deadline_us = run->unit.deadline_us;
    return INCLOAD_OK;
}

static int32_t
add_loads(incload_run *run, incload_error **err)
{
    int32_t count = incload__step_load_count(run->step), status = INCLOAD_OK;

    if (count == 0)
        return INCLOAD_OK;
    run->loads = incload__alloc_array(&run->env->mem, (size_t)count, sizeof(incload_run *));
    if (run->loads == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++)
        status = add_load(run, incload__step_load(run->step, i), err);
    return status;
}

incload_run *
incload__run_bare(const incload__env *env, incload_context *context, incload_step *step, const char *name,
                  const incload__run_values *values, incload_error **err)
{
    pthread_condattr_t attributes;
    incload_run *run = incload__alloc(&env->mem, sizeof *run);

    if (run == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&run->refs, 1);
    atomic_init(&run->holders, 1);
    atomic_init(&run->cancelled, false);
    atomic_init(&run->status, INCLOAD_STATUS_PENDING);
    run->env = env;
    run->context = context;
    run->step = incload_step_ref(step);
    run->values = *values;
    run->node = -1;
    incload__run_id(env, run->id);
    pthread_mutex_init(&run->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&run->ended, &attributes);
    pthread_condattr_destroy(&attributes);
    run->started_us = incload__monotonic_us(env);
    run->wall_offset_us = incload__wall_us(env) - run->started_us;
    if (name == NULL)
        name = incload__step_name(step);
    if (incload__unit_init(&run->unit, env, name, name, run->id) != INCLOAD_OK) {
        incload__fail_memory(err);
        incload__run_free(run);
        return NULL;
    }
    run->unit.cancelled = &run->cancelled;
    run->unit.deadline_us = incload__deadline_in(env, values->timeout);
    if (step != NULL && add_loads(run, err) != INCLOAD_OK) {
        incload__run_free(run);
        return NULL;
    }
    return run;
}

incload_run *
incload__run_within(incload_run *parent, incload_step *step, const incload__run_values *values, incload_error **err)
{
    incload_database *target = incload__step_target(step);
    incload_run *run = incload__run_bare(incload__database_env(target), parent->context, step, NULL, values, err);

    if (run != NULL)
        run->parent = parent;
    return run;
}

incload_run *
incload__run_new(incload_step *step, const char *options, incload_error **err)
{
    incload__run_values values = { 0 };

    if (step == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the step must not be NULL");
        return NULL;
    }
    if (step->kind != INCLOAD__STEP_LOAD)
        return incload__flow_of_step(step, options, err);
    const incload__env *env = incload__database_env(incload__step_target(step));
    if (incload__options_init(&incload__run_options, &env->mem, &values, err) != INCLOAD_OK
        || incload__options_parse(&incload__run_options, &env->mem, &values, options, err) != INCLOAD_OK)
        return NULL;
    incload__step_freeze(step);
    return incload__run_bare(env, incload__database_context(incload__step_target(step)), step, NULL, &values, err);
}

void
incload__run_set_replay(incload_run *run)
{
    run->replay = true;
}

int64_t
incload__run_total(const incload_run *run, size_t counter)
{
    const _Atomic int64_t *own = (const void *)((const char *)&run->unit + counter);
    int64_t sum = atomic_load(own);

    for (int32_t i = 0; i < run->load_count; i++)
        sum += incload__run_total(run->loads[i], counter);
    return run->flow != NULL && run->parent == NULL ? sum + incload__flow_total(run->flow, counter) : sum;
}

#define TOTAL(run, counter) incload__run_total(run, offsetof(incload_unit, counter))

void
incload__run_tell(incload_run *run, int32_t kind, int32_t status, const char *unit, const char *message)
{
    incload__event_facts facts = {
        .kind = kind,
        .status = status,
        .run_id = incload_run_id(incload__run_root(run)),
        .step = run->node < 0 && run->parent != NULL && run->whole == NULL ? run->parent->unit.step : run->unit.step,
        .unit = unit,
        .message = message,
        .rows_read = TOTAL(run, rows_read),
        .rows_written = TOTAL(run, rows_written),
        .bytes = TOTAL(run, bytes),
    };

    incload__context_post(run->context, &facts);
}

static void
post(incload_run *run, int32_t kind, int32_t status)
{
    bool of_run = kind == INCLOAD_EVENT_RUN_STARTED || kind == INCLOAD_EVENT_RUN_FINISHED;

    incload__run_tell(run, kind, status, of_run ? "" : run->unit.label,
                      run->error != NULL ? incload_error_message(run->error) : "");
}

static void
progress(void *data)
{
    incload_run *run = data;
    int64_t now = incload__monotonic_us(run->env);

    if (now - run->reported_us < PROGRESS_EVERY_US)
        return;
    run->reported_us = now;
    post(run, INCLOAD_EVENT_PROGRESS, 0);
}

/* Tells the end, and gives up `holders` before anyone can learn of it: a host that has waited is then the last to hold
 * the run, and what it releases is gone when it returns. True when nobody holds the run any more. */
static bool
finish(incload_run *run, int32_t status, int32_t holders)
{
    atomic_store(&run->finished_us, incload__monotonic_us(run->env));
    if (run->flow == NULL)
        post(run, INCLOAD_EVENT_UNIT_FINISHED, status);
    post(run, INCLOAD_EVENT_RUN_FINISHED, status);
    pthread_mutex_lock(&run->lock);
    bool last = atomic_fetch_sub_explicit(&run->holders, holders, memory_order_acq_rel) == holders;
    atomic_store_explicit(&run->status, status, memory_order_release);
    pthread_cond_broadcast(&run->ended);
    pthread_mutex_unlock(&run->lock);
    return last;
}

/* A failure that the host or its clock asked for is told as such, whatever the driver called it. */
static void
name_the_cause(incload_run *run, incload_error **failure)
{
    int32_t code = incload_error_code(*failure);

    /* Of a COMMIT without an answer nobody knows what was kept, and the host must. */
    if (atomic_load(&run->cancelled) && (code != INCLOAD_E_CANCELLED || atomic_load(&run->stop_late))
        && code != INCLOAD_E_COMMIT_UNKNOWN) {
        incload_error *told = NULL;
        if (atomic_load(&run->stop_late))
            incload__fail(&told, INCLOAD_E_TIMEOUT, "the time of this step was over: nothing of this unit was kept");
        else
            incload__fail(&told, INCLOAD_E_CANCELLED, "the run was cancelled: nothing of this unit was kept");
        incload__error_set_cause(&told, *failure);
        *failure = told;
    }
    /* A group's failure names the load that it came from. */
    if (incload_error_step(*failure)[0] == '\0')
        incload__error_set_place(failure, run->unit.step, run->unit.label);
}

static void
notice(void *data, const char *message)
{
    incload_run *run = data;

    incload__run_tell(run, INCLOAD_EVENT_NOTICE, 0, run->unit.label, message);
}

/* `load`: the run, or of a group one of its loads. */
static void
fill_part(incload_run *run, incload_run *load, incload__load_part *part)
{
    incload__load_spec *spec = &part->spec;

    incload__step_spec(load->step, spec);
    spec->owner = run;
    spec->deadline_us = run->unit.deadline_us;
    spec->wait_ms = run->values.wait;
    spec->retries = (int32_t)run->values.retries;
    spec->retry_delay_ms = run->values.retry_delay;
    spec->retry_max_delay_ms = run->values.retry_max_delay;
    spec->replay = run->replay;
    spec->interval = run->interval;
    spec->snapshot = run->snapshot;
    spec->landing = run->landing;
    spec->memo = run->memo;
    /* The claim of the unit is its lease. */
    if (run->landing != NULL)
        spec->lease_ms = 0;
    /* A part of a range is a load of its own to the ledger. */
    if (run->interval != NULL)
        spec->name = load->unit.step;
    spec->notice = notice;
    spec->progress = progress;
    spec->progress_data = load;
    spec->unit_data = run;
    part->unit = &load->unit;
    part->result = &load->result;
}

static int32_t
run_loads(incload_run *run, incload_error **err)
{
    int32_t count = run->load_count > 0 ? run->load_count : 1;
    incload__load_part *parts = incload__alloc_array(&run->env->mem, (size_t)count, sizeof *parts);

    if (parts == NULL)
        return incload__fail_memory(err);
    for (int32_t i = 0; i < count; i++) {
        incload_run *load = run->load_count > 0 ? run->loads[i] : run;
        fill_part(run, load, &parts[i]);
        /* One that was broken off and comes again, as when its process had stood still, has counted before. */
        incload__unit_clear(&load->unit);
        incload__load_result_free(&run->env->mem, &load->result);
    }
    int32_t status = incload__load_run(parts, count, &run->unit, err);
    incload__free(&run->env->mem, parts);
    return status;
}

/* What was counted on the way was undone. */
static void
withdraw_counts(incload_run *run)
{
    atomic_store(&run->unit.rows_written, 0);
    atomic_store(&run->unit.rows_rejected, 0);
    for (int32_t i = 0; i < run->load_count; i++)
        withdraw_counts(run->loads[i]);
}

int32_t
incload__run_load(incload_run *run)
{
    incload_error *failure = NULL;
    int32_t status = run_loads(run, &failure);

    if (status == INCLOAD_OK)
        return status;
    if (failure == NULL)
        incload__fail(&failure, status, "the load failed without a message: please report this");
    name_the_cause(run, &failure);
    run->error = failure;
    withdraw_counts(run);
    return incload_error_code(failure);
}

/* The status it ends with. */
static int32_t
drive(incload_run *run)
{
    atomic_store(&run->status, INCLOAD_STATUS_RUNNING);
    if (run->flow != NULL)
        incload__flow_enter(run->flow, &run->error);
    post(run, INCLOAD_EVENT_RUN_STARTED, 0);
    if (run->flow != NULL)
        return incload__flow_drive(run->flow);
    post(run, INCLOAD_EVENT_UNIT_STARTED, 0);
    return incload__run_load(run) == INCLOAD_OK ? INCLOAD_STATUS_SUCCESS : INCLOAD_STATUS_FAILED;
}

int32_t
incload__run_here(incload_run *run, incload_error **err)
{
    finish(run, drive(run), 0);
    return incload__error_pass(err, incload_error_ref(run->error));
}

static void *
thread_main(void *data)
{
    incload_run *run = data;

    if (finish(run, drive(run), 1))
        incload__run_free(run);
    return NULL;
}

incload_run *
incload__run_there(incload_run *run, incload_error **err)
{
    if (run == NULL)
        return NULL;
    atomic_fetch_add(&run->holders, 1);
    if (incload__thread_start(NULL, THREAD_STACK, thread_main, run))
        return run;
    atomic_fetch_sub(&run->holders, 1);
    incload__fail(err, INCLOAD_E_STATE, "the system gave no thread for the run: incload_step_run() needs none");
    incload_run_unref(run);
    return NULL;
}

incload_run *
incload_run_ref(incload_run *run)
{
    if (run != NULL)
        atomic_fetch_add_explicit(&incload__run_root(run)->refs, 1, memory_order_relaxed);
    return run;
}

void
incload_run_unref(incload_run *run)
{
    if (run == NULL)
        return;
    run = incload__run_root(run);
    if (atomic_fetch_sub_explicit(&run->refs, 1, memory_order_acq_rel) != 1)
        return;
    /* Nobody can ask about it any more: if it still goes on it may stop. */
    atomic_store(&run->left, true);
    if (atomic_load(&run->status) <= INCLOAD_STATUS_RUNNING)
        incload_run_cancel(run);
    drop_holder(run);
}

bool
incload__run_has_ended(const incload_run *run)
{
    return incload_run_status(run) > INCLOAD_STATUS_RUNNING;
}

int32_t
incload_run_wait(incload_run *run, int64_t timeout_ms, incload_error **err)
{
    struct timespec until;

    INCLOAD_ENTER(err);
    if (run == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the run must not be NULL");
    run = whole_of(run);
    clock_gettime(CLOCK_MONOTONIC, &until);
    if (timeout_ms > 0) {
        until.tv_sec += (time_t)(timeout_ms / 1000);
        until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
    }
    pthread_mutex_lock(&run->lock);
    int waited = 0;
    while (!incload__run_has_ended(run) && waited == 0) {
        if (timeout_ms < 0)
            pthread_cond_wait(&run->ended, &run->lock);
        else
            waited = pthread_cond_timedwait(&run->ended, &run->lock, &until);
    }
    pthread_mutex_unlock(&run->lock);
    if (!incload__run_has_ended(run))
        return INCLOAD_E_TIMEOUT;
    return incload__error_pass(err, incload_error_ref(run->error));
}

static void
cancel_step(const incload_run *run, const incload_step *step)
{
    incload__database_cancel(incload__step_source(step), run);
    if (incload__step_primary(step) != NULL)
        incload__database_cancel(incload__step_primary(step), run);
    incload__database_cancel(incload__step_target(step), run);
}

void
incload__run_stop(incload_run *run)
{
    atomic_store(&run->cancelled, true);
    incload__unit_wake(&run->unit);
    for (int32_t i = 0; i < run->load_count; i++)
        cancel_step(run, run->loads[i]->step);
    if (run->load_count == 0)
        cancel_step(run, run->step);
}

int32_t
incload_run_cancel(incload_run *run)
{
    if (run == NULL || incload__run_has_ended(run))
        return INCLOAD_OK;
    run = incload__run_root(run);
    if (run->flow != NULL)
        incload__flow_cancel(run->flow);
    else
        incload__run_stop(run);
    return INCLOAD_OK;
}

int32_t
incload_run_leave(incload_run *run)
{
    if (run == NULL || incload__run_has_ended(run))
        return INCLOAD_OK;
    run = incload__run_root(run);
    /* Who has cancelled it already meant all of it. */
    if (!atomic_load(&run->cancelled))
        atomic_store(&run->left, true);
    return incload_run_cancel(run);
}

/* ---- what it did ---- */

const char *
incload_run_id(const incload_run *run)
{
    const char *told = run != NULL ? atomic_load(&((incload_run *)(uintptr_t)run)->told_id) : NULL;

    return told != NULL ? told : run != NULL ? run->id : "";
}

int32_t
incload_run_status(const incload_run *run)
{
    if (run == NULL)
        return 0;
    return atomic_load_explicit(&(run->whole != NULL ? run->whole : run)->status, memory_order_acquire);
}

const char *
incload_run_status_name(const incload_run *run)
{
    static const char *const names[] = { "", "PENDING", "RUNNING", "SUCCESS", "FAILED", "SKIPPED" };

    return names[incload_run_status(run)];
}

incload_error *
incload_run_error(const incload_run *run)
{
    if (run == NULL || !incload__run_has_ended(run))
        return NULL;
    return incload_error_ref((run->whole != NULL ? run->whole : run)->error);
}

int64_t
incload_run_rows_read(const incload_run *run)
{
    return run != NULL ? TOTAL(run, rows_read) : 0;
}

int64_t
incload_run_rows_written(const incload_run *run)
{
    return run != NULL ? TOTAL(run, rows_written) : 0;
}

int64_t
incload_run_rows_skipped(const incload_run *run)
{
    return run != NULL ? TOTAL(run, rows_skipped) : 0;
}

int64_t
incload_run_rows_rejected(const incload_run *run)
{
    return run != NULL ? TOTAL(run, rows_rejected) : 0;
}

int64_t
incload_run_rows_without_cursor(const incload_run *run)
{
    return run != NULL ? TOTAL(run, rows_without_cursor) : 0;
}

int64_t
incload_run_bytes(const incload_run *run)
{
    return run != NULL ? TOTAL(run, bytes) : 0;
}

int64_t
incload_run_duration_us(const incload_run *run)
{
    if (run == NULL)
        return 0;
    if (run->whole != NULL)
        run = run->whole;
    return (incload__run_has_ended(run) ? atomic_load(&run->finished_us) : incload__monotonic_us(run->env))
           - run->started_us;
}

const char *
incload_run_road(const incload_run *run)
{
    const char *road = run != NULL ? atomic_load(&run->result.road) : NULL;

    return road != NULL ? road : "";
}

const char *
incload_run_road_reason(const incload_run *run)
{
    return run != NULL && incload__run_has_ended(run) && run->result.road_reason != NULL ? run->result.road_reason : "";
}

const char *
incload_run_watermark(const incload_run *run)
{
    return run != NULL && incload__run_has_ended(run) ? run->result.watermark : NULL;
}

const char *
incload_run_level(const incload_run *run)
{
    return run != NULL && incload__run_has_ended(run) && run->result.level != NULL ? run->result.level : "";
}

const char *
incload_run_level_reason(const incload_run *run)
{
    return run != NULL && incload__run_has_ended(run) && run->result.level_reason != NULL ? run->result.level_reason
                                                                                          : "";
}

const char *
incload_run_held_by(const incload_run *run)
{
    return run != NULL && incload__run_has_ended(run) && run->result.held_by != NULL ? run->result.held_by : "";
}

const char *
incload_run_schema_changes(const incload_run *run)
{
    return run != NULL && incload__run_has_ended(run) && run->result.schema_changes != NULL ? run->result.schema_changes
                                                                                            : "";
}

int64_t
incload_run_rows_late(const incload_run *run)
{
    int64_t sum = 0;

    if (run == NULL || !incload__run_has_ended(run))
        return 0;
    for (int32_t i = 0; i < run->load_count; i++)
        sum += run->loads[i]->result.rows_late;
    return sum + run->result.rows_late;
}

int64_t
incload_run_lateness(const incload_run *run)
{
    return run != NULL && incload__run_has_ended(run) ? run->result.lateness : 0;
}

int64_t
incload_run_rows_deleted(const incload_run *run)
{
    return run != NULL ? TOTAL(run, rows_deleted) : 0;
}

int64_t
incload_run_keys_read(const incload_run *run)
{
    int64_t sum = 0;

    if (run == NULL || !incload__run_has_ended(run))
        return 0;
    for (int32_t i = 0; i < run->load_count; i++)
        sum += run->loads[i]->result.keys_read;
    return sum + run->result.keys_read;
}

int32_t
incload_run_attempts(const incload_run *run)
{
    return run != NULL ? incload_unit_attempt(&run->unit) : 0;
}

int32_t
incload_run_unit_count(const incload_run *run)
{
    return run != NULL && run->flow == NULL ? 1 : 0;
}

const incload_unit *
incload_run_unit(const incload_run *run, int32_t index)
{
    return run != NULL && run->flow == NULL && index == 0 ? &run->unit : NULL;
}

int32_t
incload_run_load_count(const incload_run *run)
{
    if (run == NULL || (run->flow != NULL && (run->node < 0 || run->step->kind != INCLOAD__STEP_LOAD)))
        return 0;
    return run->load_count > 0 ? run->load_count : 1;
}

const incload_run *
incload_run_load(const incload_run *run, int32_t index)
{
    if (run == NULL || index < 0 || index >= incload_run_load_count(run))
        return NULL;
    return run->load_count > 0 ? run->loads[index] : run;
}
