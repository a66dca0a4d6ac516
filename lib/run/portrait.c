/* SPDX-License-Identifier: Apache-2.0 */
#include "run/portrait.h"

#include <string.h>

/* ---- texts ---- */

const char *
incload__portrait_keep(incload__portrait *portrait, const char *text)
{
    int64_t count = portrait->text_count;

    if (text == NULL || text[0] == '\0')
        return NULL;
    if ((count & (count - 1)) == 0) {
        size_t room = count > 0 ? 2 * (size_t)count : 1;
        char **texts = incload__realloc(portrait->mem, portrait->texts, room * sizeof *texts);
        if (texts == NULL) {
            portrait->failed = true;
            return NULL;
        }
        portrait->texts = texts;
    }
    char *copy = incload__strdup(portrait->mem, text);
    if (copy == NULL) {
        portrait->failed = true;
        return NULL;
    }
    portrait->texts[portrait->text_count++] = copy;
    return copy;
}

void
incload__portrait_free(incload__portrait *portrait)
{
    const incload__mem *mem = portrait->mem;

    for (int64_t i = 0; i < portrait->text_count; i++)
        incload__free(mem, portrait->texts[i]);
    incload__free(mem, portrait->texts);
    incload__free(mem, portrait->attempts);
    incload__free(mem, portrait->units);
    incload__free(mem, portrait->edges);
    incload__free(mem, portrait->tables);
    incload__free(mem, portrait->steps);
    memset(portrait, 0, sizeof *portrait);
}

/* ---- one step ---- */

int32_t
incload__portrait_steps(incload__portrait *portrait, int32_t count, incload_error **err)
{
    portrait->steps = incload__alloc_array(portrait->mem, (size_t)count, sizeof *portrait->steps);
    portrait->tables = incload__alloc_array(portrait->mem, (size_t)count * 2, sizeof *portrait->tables);
    portrait->picture.steps = portrait->steps;
    return portrait->steps != NULL && portrait->tables != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

static void
fill_times(const incload_run *run, int64_t offset_us, int64_t *start_us, int64_t *end_us)
{
    *start_us = atomic_load(&run->started_us) + offset_us;
    *end_us = incload__run_has_ended(run) ? atomic_load(&run->finished_us) + offset_us : 0;
}

static void
fill_figures(incload__portrait *portrait, const incload_run *run, incload__picture_step *out)
{
    out->status = incload_run_status(run);
    out->attempts = incload_unit_attempt(&run->unit);
    out->rows = incload__run_total(run, offsetof(incload_unit, rows_written));
    out->bytes = incload__run_total(run, offsetof(incload_unit, bytes));
    if (incload__run_has_ended(run))
        out->error = incload__portrait_keep(portrait, incload_error_message(run->error));
}

/* Until it has begun the scheduler alone knows about it. */
static void
fill_step(incload__portrait *portrait, const incload__flow *flow, int32_t index, incload__picture_step *out)
{
    const incload__flow_node *node = &flow->nodes[index];
    const char *reason = incload_run_step_reason(flow->run, index);

    fill_figures(portrait, node->run, out);
    out->reason = reason[0] != '\0' ? reason : NULL;
    int64_t first = atomic_load(&node->first_us);
    if (first != 0) {
        fill_times(node->run, flow->run->wall_offset_us, &out->start_us, &out->end_us);
        out->start_us = first + flow->run->wall_offset_us;
    } else {
        out->attempts = 0;
    }
    if (node->walk != NULL)
        out->unit_total = incload__backfill_walk_total(node->walk);
    if (node->as == NULL) {
        out->name = incload__portrait_keep(portrait, node->name);
        incload__portrait_kind(portrait, node->step, index);
    }
}

/* What the scheduler counted and the trail did not keep. */
static void
count_left_out(incload__portrait *portrait, const incload__flow *flow, int32_t index)
{
    incload__picture_step *step = &portrait->steps[index];
    incload__sched_info info;

    if (flow->nodes[index].walk == NULL)
        return;
    memset(&info, 0, sizeof info);
    incload__sched_info_of(flow->sched, index, &info);
    step->left_out[INCLOAD_STATUS_SUCCESS] = info.succeeded;
    step->left_out[INCLOAD_STATUS_FAILED] = info.failed;
    step->left_out[INCLOAD_STATUS_SKIPPED] = info.skipped;
    for (int64_t i = 0; i < portrait->picture.unit_count; i++) {
        const incload__picture_unit *unit = &portrait->units[i];
        if (unit->step == index)
            step->left_out[unit->status]--;
    }
    for (int32_t status = 0; status <= INCLOAD_STATUS_SKIPPED; status++) {
        if (step->left_out[status] < 0)
            step->left_out[status] = 0;
    }
}

/* ---- the run ---- */

static int32_t
state_of(const incload_run *run)
{
    int32_t status = incload_run_status(run);
    int32_t state = run->flow != NULL ? incload__sched_state(run->flow->sched) : 0;

    if (status == INCLOAD_STATUS_SUCCESS && state == INCLOAD__RUN_PARTIAL)
        return INCLOAD__PICTURE_PARTIAL;
    if (status == INCLOAD_STATUS_FAILED && atomic_load(&run->cancelled))
        return INCLOAD__PICTURE_CANCELLED;
    return status;
}

static void
fill_run(incload__portrait *portrait, const incload_run *run, int64_t offset_us)
{
    incload__picture *picture = &portrait->picture;

    picture->state = state_of(run);
    picture->run_id = incload__portrait_keep(portrait, run->id);
    picture->now_us = incload__monotonic_us(run->env) + offset_us;
    fill_times(run, offset_us, &picture->start_us, &picture->end_us);
    if (incload__run_has_ended(run))
        picture->error = incload__portrait_keep(portrait, incload_error_message(run->error));
}

/* How what failed is done again: the same once more. */
static void
name_resume(incload__portrait *portrait, const incload__flow *flow)
{
    incload__picture *picture = &portrait->picture;

    if (picture->state != INCLOAD_STATUS_FAILED && picture->state != INCLOAD__PICTURE_CANCELLED)
        return;
    if (flow == NULL) {
        picture->resume = "incload_step_run(step, NULL, &err)";
        picture->resume_note = "Run it again: the load goes on where its watermark stands";
    } else if (flow->ledger != NULL) {
        picture->resume = "incload_pipeline_resume(pipeline, NULL, NULL, &err)";
        picture->resume_note = "What succeeded is kept, with its result; the rest runs again";
    } else if (!flow->pipeline->single) {
        picture->resume = "incload_pipeline_run(pipeline, NULL, &err)";
        picture->resume_note = "Run it again: loads go on where their watermarks stand, recorded backfills do what is "
                               "missing, functions run once more";
    } else if (portrait->steps[0].unit_total > 0) {
        picture->resume = "incload_step_run(backfill, NULL, &err)";
        picture->resume_note = "Run it again: of a backfill that is recorded what is missing is done, and no more";
    }
}

/* Steps may be added meanwhile: `count` of them are in the picture. */
static int32_t
fill_flow(incload__portrait *portrait, incload__flow *flow, int32_t count, incload_error **err)
{
    int32_t status = incload__portrait_graph(portrait, flow->pipeline, count - flow->pipeline->node_count, err);

    if (status != INCLOAD_OK)
        return status;
    portrait->picture.step_count = count;
    for (int32_t i = 0; i < count; i++)
        fill_step(portrait, flow, i, &portrait->steps[i]);
    incload__portrait_edges_of_run(portrait, flow, count);
    status = incload__portrait_units(portrait, flow, err);
    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++)
        count_left_out(portrait, flow, i);
    return status;
}

static int32_t
fill_steps_of_flow(incload__portrait *portrait, incload__flow *flow, incload_error **err)
{
    /* A step that could not be added is taken back: none is while this is held. */
    pthread_mutex_lock(&flow->adding);
    int32_t status = fill_flow(portrait, flow, atomic_load(&flow->count), err);
    pthread_mutex_unlock(&flow->adding);
    return status;
}

/* A load, or the loads of a group, which land together. */
static int32_t
fill_loads(incload__portrait *portrait, const incload_run *run, int64_t offset_us, incload_error **err)
{
    int32_t count = incload_run_load_count(run);
    const char *group = run->load_count > 0 ? run->unit.step : NULL;

    int32_t status = incload__portrait_steps(portrait, count, err);
    if (status != INCLOAD_OK)
        return status;
    portrait->units = incload__alloc_array(portrait->mem, (size_t)count, sizeof *portrait->units);
    portrait->attempts = incload__alloc_array(portrait->mem, (size_t)count, sizeof *portrait->attempts);
    if (portrait->units == NULL || portrait->attempts == NULL)
        return incload__fail_memory(err);
    portrait->picture.name = incload__portrait_keep(portrait, run->unit.step);
    portrait->picture.units = portrait->units;
    for (int32_t i = 0; i < count; i++) {
        const incload_run *load = incload_run_load(run, i);
        incload__picture_step *step = &portrait->steps[i];
        incload__picture_attempt *attempt = &portrait->attempts[i];
        step->name = incload__portrait_keep(portrait, load->unit.step);
        incload__portrait_kind(portrait, load->step, i);
        step->group = incload__portrait_keep(portrait, group);
        fill_figures(portrait, load, step);
        if (load != run && incload__run_has_ended(run))
            step->error = portrait->picture.error;
        step->attempts = incload_unit_attempt(&run->unit);
        fill_times(run, offset_us, &step->start_us, &step->end_us);
        *attempt = (incload__picture_attempt){ step->start_us, step->end_us, NULL, NULL, i, step->status };
        portrait->units[i] = (incload__picture_unit){ .step = i,
                                                      .status = step->status,
                                                      .label = step->name,
                                                      .error = step->error,
                                                      .rows = step->rows,
                                                      .bytes = step->bytes,
                                                      .attempts = attempt,
                                                      .attempt_count = 1 };
    }
    portrait->picture.step_count = count;
    portrait->picture.unit_count = count;
    return INCLOAD_OK;
}

static int32_t
finish(incload__portrait *portrait, int32_t status, incload_error **err)
{
    if (status == INCLOAD_OK && portrait->failed)
        status = incload__fail_memory(err);
    if (status != INCLOAD_OK)
        incload__portrait_free(portrait);
    return status;
}

int32_t
incload__portrait_of_run(const incload_run *run, incload__portrait *out, incload_error **err)
{
    const incload_run *root = incload__run_root(run);
    int64_t offset_us = root->wall_offset_us;

    *out = (incload__portrait){ .mem = &root->env->mem };
    fill_run(out, root, offset_us);
    int32_t status =
        root->flow != NULL ? fill_steps_of_flow(out, root->flow, err) : fill_loads(out, root, offset_us, err);
    if (status == INCLOAD_OK)
        name_resume(out, root->flow);
    return finish(out, status, err);
}

int32_t
incload__portrait_of_pipeline(const incload_pipeline *pipeline, incload__portrait *out, incload_error **err)
{
    *out = (incload__portrait){ .mem = &pipeline->env->mem };
    return finish(out, incload__portrait_graph(out, pipeline, 0, err), err);
}
