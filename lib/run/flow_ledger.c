/* SPDX-License-Identifier: Apache-2.0 */
/* The run as a whole: how this process comes to it, and how it leaves. */
#include "run/flow_ledger.h"

#include <stdio.h>
#include <string.h>

#include "run/pipeline_spec.h"

/* Of the run of a backfill: 32 digits and two numbers. */
enum { KEY_SIZE = 90 };
enum { SKIPPED_AT_ONCE = 1000, LOOK_EVERY_US = 50000, LEASES_TO_WAIT = 3, HURRY_MS = 2000 };

/* ---- what is heard of the run ---- */

static void
lost(void *data, int64_t worker_no)
{
    incload__flow *flow = data;
    incload__flow_ledger *ledger = flow->ledger;

    for (int32_t i = 0; i < ledger->count; i++) {
        incload__kept_step *kept = &ledger->steps[i];
        /* Nobody can have taken what writes where there is one writer: its fence tells when it lands. */
        if (ledger->one_writer && incload__step_is_load(flow->nodes[i].step)
            && incload__step_target(flow->nodes[i].step) == flow->pipeline->ledger)
            continue;
        incload__monitor_lock(&ledger->monitor);
        bool had = kept->keeping == INCLOAD__KEPT_HELD && kept->worker_no == worker_no;
        if (had)
            kept->keeping = INCLOAD__KEPT_LOST;
        incload__monitor_unlock(&ledger->monitor);
        if (had)
            incload__flow_units_stop(flow, i);
    }
}

static void
wanted(void *data, int32_t want)
{
    incload__flow *flow = data;

    if (want == INCLOAD__WANT_CANCEL)
        incload__flow_stop(flow, INCLOAD__CANCEL_NOW);
    else if (want == INCLOAD__WANT_DRAIN)
        incload__flow_stop(flow, INCLOAD__CANCEL_DRAIN);
    else
        incload__sched_pause(flow->sched, -1, want == INCLOAD__WANT_PAUSE);
}

void
incload__flow_ledger_want(const incload__flow *flow, int32_t want)
{
    incload__flow_ledger *ledger = flow->ledger;

    if (ledger == NULL || !ledger->entered)
        return;
    incload__monitor_lock(&ledger->monitor);
    if (ledger->durable != NULL)
        incload__durable_want(ledger->durable, want);
    incload__monitor_unlock(&ledger->monitor);
}

int32_t
incload__flow_ledger_call(incload__flow_ledger *ledger, incload__durable_visit visit, void *data, incload_error **err)
{
    incload__monitor_lock(&ledger->monitor);
    incload__durable *durable = ledger->durable;
    ledger->users += durable != NULL;
    incload__monitor_unlock(&ledger->monitor);
    if (durable == NULL)
        return incload__fail(err, INCLOAD_E_STATE, "the run has ended");
    int32_t status = incload__durable_call(durable, visit, data, err);
    incload__monitor_lock(&ledger->monitor);
    ledger->users--;
    incload__monitor_notify(&ledger->monitor);
    incload__monitor_unlock(&ledger->monitor);
    return status;
}

/* ---- coming ---- */

static incload__flow_ledger *
ledger_new(incload__flow *flow, incload_error **err)
{
    const incload__mem *mem = &flow->env->mem;
    size_t count = (size_t)flow->pipeline->node_count;
    incload__flow_ledger *ledger = incload__alloc(mem, sizeof *ledger);

    if (ledger == NULL || incload__monitor_init(&ledger->monitor) != INCLOAD_OK) {
        incload__free(mem, ledger);
        incload__fail_memory(err);
        return NULL;
    }
    ledger->env = flow->env;
    ledger->lease_ms = flow->values.lease;
    ledger->steps = incload__alloc_array(mem, count, sizeof *ledger->steps);
    ledger->skips = incload__alloc_array(mem, count, sizeof *ledger->skips);
    if (ledger->steps == NULL || ledger->skips == NULL) {
        incload__flow_ledger_free(ledger);
        incload__fail_memory(err);
        return NULL;
    }
    ledger->count = flow->pipeline->node_count;
    return ledger;
}

void
incload__flow_ledger_free(incload__flow_ledger *ledger)
{
    if (ledger == NULL)
        return;
    const incload__mem *mem = &ledger->env->mem;

    incload__durable_close(ledger->durable);
    for (int32_t i = 0; i < ledger->count; i++) {
        incload__unit_row_free(&ledger->steps[i].row);
        incload__free(mem, ledger->steps[i].result);
    }
    incload__free(mem, ledger->steps);
    incload__free(mem, ledger->skips);
    incload__monitor_free(&ledger->monitor);
    incload__free(mem, ledger);
}

/* What the visits of one coming share. */
typedef struct coming {
    incload__flow *flow;
    const incload__pipeline_spec *spec;
    int64_t run_no;
    bool resumed;
} coming;

static int32_t
check_same(const incload__pipeline_run *run, const incload__pipeline_spec *spec, incload_error **err)
{
    incload__str words = INCLOAD__STR(spec->mem);

    if (run->kind == INCLOAD__RUN_OF_PIPELINE && strcmp(run->hash, spec->hash) == 0)
        return INCLOAD_OK;
    incload__durable_difference(run->spec, incload__str_text(&spec->text), &words);
    int32_t status = incload__fail(err, INCLOAD_E_CONFLICT,
                                   "run %s is of '%.64s', which was another%s%.300s: resume it with the pipeline that "
                                   "it was started with, or start a new run",
                                   run->run_id, run->name, words.length > 0 ? ": " : "", incload__str_text(&words));
    incload__error_set_retryable(err, false);
    incload__str_free(&words);
    return status;
}

enum { LISTED = 100 };

/* The newest run of that name that has not succeeded. */
static int32_t
find_newest(const incload__ledger *ledger, incload__conn *conn, const coming *c, incload__pipeline_run *out,
            incload_error **err)
{
    incload__pipeline_run *runs = incload__alloc_array(ledger->mem, LISTED, sizeof *runs);
    const char *name = c->flow->pipeline->name;
    int64_t before = 0;
    int32_t count = LISTED, status = runs != NULL ? INCLOAD_OK : incload__fail_memory(err);

    while (status == INCLOAD_OK && out->mem == NULL && count == LISTED) {
        status = incload__pipeline_run_list(ledger, conn, name, before, LISTED, runs, &count, err);
        for (int32_t i = 0; i < count && status == INCLOAD_OK; i++) {
            before = runs[i].run_no;
            if (out->mem != NULL || runs[i].kind != INCLOAD__RUN_OF_PIPELINE
                || runs[i].status == INCLOAD__PIPELINE_SUCCESS) {
                incload__pipeline_run_free(&runs[i]);
                continue;
            }
            *out = runs[i];
        }
    }
    incload__free(ledger->mem, runs);
    if (status != INCLOAD_OK || out->mem != NULL)
        return status;
    return incload__fail(err, INCLOAD_E_NOT_FOUND,
                         "there is no run of pipeline '%.64s' to be resumed: all that the ledger knows have succeeded",
                         name);
}

static int32_t
visit_resume(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    coming *c = data;
    incload__pipeline_run run = { 0 };
    bool resumed = false;
    int32_t status = c->flow->resume_id != NULL
                         ? incload__pipeline_run_by_id(ledger, conn, c->flow->resume_id, &run, err)
                         : find_newest(ledger, conn, c, &run, err);

    if (status == INCLOAD_OK)
        status = check_same(&run, c->spec, err);
    if (status == INCLOAD_OK && run.status == INCLOAD__PIPELINE_SUCCESS)
        status = incload__fail(err, INCLOAD_E_STATE, "run %s has succeeded: there is nothing to resume", run.run_id);
    if (status == INCLOAD_OK) {
        c->run_no = run.run_no;
        status = incload__steps_resume(ledger, conn, run.run_no, c->spec->steps, c->spec->count, &resumed, err);
    }
    c->resumed = c->resumed || resumed;
    incload__pipeline_run_free(&run);
    return status;
}

static int32_t
visit_ensure(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    const coming *c = data;

    return incload__steps_ensure(ledger, conn, c->run_no, c->spec->steps, c->spec->count, err);
}

static bool
same_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* Who joins runs the same code; only a resume changes it. */
static int32_t
check_versions(const coming *c, const incload__step_row *rows, int32_t count, incload_error **err)
{
    if (count != c->spec->count)
        return incload__fail(err, INCLOAD_E_STATE, "the ledger has %d of %d steps of the run: it was damaged",
                             (int)count, (int)c->spec->count);
    for (int32_t i = 0; i < count; i++) {
        const incload__step_plan *step = &c->spec->steps[i];
        if (same_text(rows[i].code_version, step->code_version))
            continue;
        int32_t status =
            incload__fail(err, INCLOAD_E_CONFLICT,
                          "step '%.64s' is of version '%.60s' in the run and '%.60s' here: resume the run "
                          "with the new one once it has ended, or use another run_key",
                          step->name, rows[i].code_version != NULL ? rows[i].code_version : "", step->code_version);
        incload__error_set_retryable(err, false);
        return status;
    }
    return INCLOAD_OK;
}

/* Those that have ended are known without asking for each. */
static int32_t
take_rows(incload__flow_ledger *ledger, incload__step_row *rows, incload__unit_row *units, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        incload__kept_step *kept = &ledger->steps[i];
        if (units[i].status < INCLOAD_STATUS_SUCCESS || units[i].seq != i)
            continue;
        kept->row = units[i];
        kept->result = rows[i].result;
        kept->keeping = INCLOAD__KEPT_ENDED;
        kept->known = true;
        memset(&units[i], 0, sizeof units[i]);
        rows[i].result = NULL;
    }
    return INCLOAD_OK;
}

static int32_t
read_units(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, incload__unit_row *units, int32_t room,
           int32_t *count, incload_error **err)
{
    int32_t status = INCLOAD_OK, part = 1;

    *count = 0;
    while (status == INCLOAD_OK && *count < room && part > 0) {
        status = incload__units_read(ledger, conn, run_no, *count, room - *count, 0, units + *count, &part, err);
        *count += status == INCLOAD_OK ? part : 0;
    }
    return status;
}

static int32_t
visit_read(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    const coming *c = data;
    int32_t count = c->spec->count, found = 0, read = 0;
    incload__step_row *rows = incload__alloc_array(ledger->mem, (size_t)count, sizeof *rows);
    incload__unit_row *units = incload__alloc_array(ledger->mem, (size_t)count, sizeof *units);
    int32_t status = rows != NULL && units != NULL
                         ? incload__steps_read(ledger, conn, c->run_no, count, rows, &found, err)
                         : incload__fail_memory(err);

    if (status == INCLOAD_OK)
        status = check_versions(c, rows, found, err);
    if (status == INCLOAD_OK)
        status = read_units(ledger, conn, c->run_no, units, count, &read, err);
    if (status == INCLOAD_OK)
        status = take_rows(c->flow->ledger, rows, units, read < found ? read : found);
    for (int32_t i = 0; i < found; i++)
        incload__step_row_free(&rows[i]);
    for (int32_t i = 0; i < read; i++)
        incload__unit_row_free(&units[i]);
    incload__free(ledger->mem, rows);
    incload__free(ledger->mem, units);
    return status;
}

static int32_t
come_to_run(incload__flow *flow, coming *c, incload_error **err)
{
    incload__durable *durable = flow->ledger->durable;
    bool created = false;
    incload__run_spec spec = {
        .run_id = flow->run->id,
        .name = flow->pipeline->name,
        .kind = INCLOAD__RUN_OF_PIPELINE,
        .key = flow->values.run_key,
        .hash = c->spec->hash,
        .spec = incload__str_text(&c->spec->text),
        .units = c->spec->count,
        .max_failures = -1,
    };
    int32_t status = flow->resumes ? incload__durable_call(durable, visit_resume, c, err) : INCLOAD_OK;

    if (status != INCLOAD_OK)
        return status;
    status = flow->resumes ? incload__durable_enter_run(durable, c->run_no, err)
                           : incload__durable_enter(durable, &spec, &created, err);
    if (status != INCLOAD_OK)
        return status;
    c->run_no = incload__durable_run(durable)->run_no;
    status = incload__durable_call(durable, visit_ensure, c, err);
    return status == INCLOAD_OK ? incload__durable_call(durable, visit_read, c, err) : status;
}

/* The run of a backfill belongs to this attempt of the pipeline's: a later one selects anew what is missing. */
static void
name_backfills(incload__flow *flow)
{
    const incload__pipeline_run *run = incload__durable_run(flow->ledger->durable);

    for (int32_t i = 0; i < flow->ledger->count; i++) {
        if (flow->nodes[i].run_key != NULL)
            snprintf(flow->nodes[i].run_key, KEY_SIZE, "%s/%d.%lld", run->run_id, (int)i, (long long)run->attempt);
    }
}

int32_t
incload__flow_ledger_enter(incload__flow *flow, incload_error **err)
{
    const incload__durable_hooks hooks = { .lost = lost,
                                           .wanted = wanted,
                                           .data = flow,
                                           .deadline_us = incload__deadline_in(flow->env, flow->values.timeout) };
    incload__pipeline_spec spec = { 0 };

    if (flow->pipeline->ledger == NULL || flow->ledger != NULL)
        return INCLOAD_OK;
    flow->ledger = ledger_new(flow, err);
    if (flow->ledger == NULL)
        return INCLOAD_E_NO_MEMORY;
    int32_t status = incload__pipeline_spec_init(&spec, flow->pipeline, err);
    if (status == INCLOAD_OK) {
        flow->ledger->durable = incload__durable_open(flow->pipeline->ledger, flow->ledger->lease_ms, &hooks, err);
        status = flow->ledger->durable != NULL ? INCLOAD_OK : INCLOAD_E_STATE;
    }
    coming c = { .flow = flow, .spec = &spec };
    if (status == INCLOAD_OK)
        status = come_to_run(flow, &c, err);
    if (status == INCLOAD_OK) {
        incload__flow_ledger *ledger = flow->ledger;
        memcpy(ledger->run_id, incload__durable_run(ledger->durable)->run_id, sizeof ledger->run_id);
        ledger->run_no = c.run_no;
        ledger->one_writer = incload__durable_one_writer(ledger->durable);
        name_backfills(flow);
        ledger->entered = true;
        atomic_store(&flow->run->told_id, ledger->run_id);
        if (incload__durable_wanted(ledger->durable) != INCLOAD__WANT_RUN)
            wanted(flow, incload__durable_wanted(ledger->durable));
    }
    incload__pipeline_spec_free(&spec);
    return status;
}

/* ---- leaving ---- */

typedef struct skipping {
    int64_t run_no;
    const int64_t *seqs;
    int32_t count;
    int32_t reason;
} skipping;

static int32_t
visit_skip(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    const skipping *s = data;
    int64_t skipped = 0;

    return incload__units_skip_pending(ledger, conn, s->run_no, s->seqs, s->count, s->reason,
                                       s->reason == INCLOAD__REASON_UPSTREAM_FAILED, &skipped, err);
}

static int32_t
write_skips(incload__flow_ledger *ledger, int32_t reason, incload_error **err)
{
    int64_t seqs[SKIPPED_AT_ONCE / 4];
    skipping s = { .run_no = ledger->run_no, .seqs = seqs, .reason = reason };
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i <= ledger->skip_count && status == INCLOAD_OK; i++) {
        bool full = s.count == SKIPPED_AT_ONCE / 4 || i == ledger->skip_count;
        if (full && s.count > 0) {
            status = incload__durable_call(ledger->durable, visit_skip, &s, err);
            s.count = 0;
        }
        if (i < ledger->skip_count && ledger->skips[i].reason == reason)
            seqs[s.count++] = ledger->skips[i].node;
    }
    return status;
}

/* Failed steps that do not fail the run. */
static int64_t
count_optional(const incload__flow *flow)
{
    int64_t count = 0;

    for (int32_t i = 0; i < flow->ledger->count; i++) {
        const incload__node_values *values = &flow->pipeline->nodes[i].values;
        bool counts = !values->optional && ((values->cleanup_of == NULL && !values->finish) || values->fails_run);
        count +=
            !counts && flow->ledger->steps[i].known && incload_run_status(flow->nodes[i].run) == INCLOAD_STATUS_FAILED;
    }
    return count;
}

static void
rest(incload__flow_ledger *ledger)
{
    int64_t until = incload__monotonic_us(ledger->env) + LOOK_EVERY_US;

    incload__monitor_lock(&ledger->monitor);
    while (incload__monotonic_us(ledger->env) < until)
        incload__monitor_wait(&ledger->monitor, ledger->env, until);
    incload__monitor_unlock(&ledger->monitor);
}

/* What the host wants is written by the heart soon; here it decides how the run ends. */
static int32_t
visit_want(const incload__ledger *ledger, incload__conn *conn, void *data, incload_error **err)
{
    incload__flow_ledger *of = data;
    incload_error *failure = NULL;
    int32_t status =
        incload__pipeline_run_want(ledger, conn, of->run_no, incload__durable_wanted(of->durable), NULL, &failure);

    if (status == INCLOAD_E_STATE) {
        incload_error_unref(failure);
        return INCLOAD_OK;
    }
    incload__error_pass(err, failure);
    return status;
}

/* All steps have ended here, or the run is to stop: then others may still be at it, and are waited for as long as a
 * dead one would be. */
static int32_t
finish(incload__flow *flow, bool late, int32_t *run_status, incload_error **err)
{
    incload__flow_ledger *ledger = flow->ledger;
    int64_t until = incload__deadline_in(ledger->env, LEASES_TO_WAIT * ledger->lease_ms);
    int64_t optional = count_optional(flow);
    bool stops = incload__durable_wanted(ledger->durable) >= INCLOAD__WANT_DRAIN;
    int32_t status = stops ? incload__durable_call(ledger->durable, visit_want, ledger, err) : INCLOAD_OK;

    while (status == INCLOAD_OK) {
        status = incload__durable_finish(ledger->durable, optional, run_status, err);
        if (status != INCLOAD_OK || *run_status != INCLOAD__PIPELINE_RUNNING || late || !stops
            || incload__monotonic_us(ledger->env) > until)
            break;
        rest(ledger);
        incload__durable_reclaim(ledger->durable, INCLOAD__REASON_CRASHED, NULL);
    }
    return status;
}

/* Nothing of this process is heard after it. */
static void
close_durable(incload__flow_ledger *ledger)
{
    incload__monitor_lock(&ledger->monitor);
    incload__durable *durable = ledger->durable;
    ledger->durable = NULL;
    while (ledger->users > 0)
        incload__monitor_wait(&ledger->monitor, ledger->env, 0);
    incload__monitor_unlock(&ledger->monitor);
    incload__durable_close(durable);
}

int32_t
incload__flow_ledger_leave(incload__flow *flow, bool late, incload_error **err)
{
    incload__flow_ledger *ledger = flow->ledger;
    int32_t run_status = INCLOAD__PIPELINE_RUNNING;

    if (ledger == NULL || !ledger->entered)
        return INCLOAD_OK;
    if (late)
        incload__durable_hurry(ledger->durable, HURRY_MS);
    /* It may have been cancelled before it came to the ledger. */
    if (atomic_load(&flow->run->cancelled) && !atomic_load(&flow->run->left))
        incload__durable_want(ledger->durable, INCLOAD__WANT_CANCEL);
    int32_t status = write_skips(ledger, INCLOAD__REASON_UPSTREAM_FAILED, err);
    if (status == INCLOAD_OK)
        status = write_skips(ledger, INCLOAD__REASON_UPSTREAM_SKIPPED, err);
    if (status == INCLOAD_OK)
        status = finish(flow, late, &run_status, err);
    close_durable(ledger);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "ending the run in the ledger");
}
