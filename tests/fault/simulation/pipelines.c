/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "pipelines.h"

#include <incload/incload.h>

#include <stdio.h>
#include <string.h>

#include "machine.h"

enum { MOST_STEPS = 8, MOST_RETRIES = 2, DONE_IN_TEN = 7 };

typedef struct step {
    int32_t number;
    unsigned after; /* bits: the steps it waits for */
    int32_t retries;
    bool in_pool;
    int32_t starts;
    bool runs;
    bool done;
    bool gave_up; /* it said that it failed for good */
} step;

static struct {
    step steps[MOST_STEPS];
    int32_t count;
    int32_t parallel;
    int32_t slots;
    int32_t run, run_in_pool; /* now */
    bool cancelled;
    void (*wrong)(const char *format, ...);
} p;

static void
check_start(const step *s)
{
    for (int32_t i = 0; i < p.count; i++) {
        if ((s->after >> i & 1) != 0 && !p.steps[i].done)
            p.wrong("step %d was started before step %d, which it waits for, had succeeded", (int)s->number, (int)i);
    }
    if (s->runs)
        p.wrong("step %d runs twice at once", (int)s->number);
    if (s->done || s->gave_up)
        p.wrong("step %d was started again after its end", (int)s->number);
    if (s->starts > s->retries)
        p.wrong("step %d was started %d times, with %d retries", (int)s->number, (int)s->starts + 1, (int)s->retries);
    if (p.run == p.parallel)
        p.wrong("more than %d steps run at once", (int)p.parallel);
    if (s->in_pool && p.run_in_pool == p.slots)
        p.wrong("more than %d steps of a pool run at once", (int)p.slots);
}

static int32_t
work(incload_unit *unit, void *data)
{
    step *s = data;

    (void)unit;
    check_start(s);
    machine_note("begins", NULL, s->number);
    s->starts++;
    s->runs = true;
    p.run++;
    p.run_in_pool += s->in_pool;
    machine_sleep(machine_draw(20000));
    p.run--;
    p.run_in_pool -= s->in_pool;
    s->runs = false;
    int64_t how = machine_draw(10);
    machine_note("ends", NULL, how);
    s->done = how < DONE_IN_TEN;
    s->gave_up = how == 9;
    return s->done ? INCLOAD_DONE : s->gave_up ? INCLOAD_FAIL : INCLOAD_RETRY;
}

static void
add_step(incload_pipeline *pipeline, int32_t number, incload_error **err)
{
    step *s = &p.steps[number];
    char name[16], after[64] = "", retries[16];
    incload_step *function = incload_step_new_function(work, s, NULL, err);

    *s = (step){ .number = number, .retries = (int32_t)machine_draw(MOST_RETRIES + 1), .in_pool = machine_odds(1, 3) };
    for (int32_t i = 0; i < number; i++) {
        if (!machine_odds(1, 3))
            continue;
        s->after |= 1u << i;
        snprintf(after + strlen(after), sizeof after - strlen(after), "s%d ", (int)i);
    }
    snprintf(name, sizeof name, "s%d", (int)number);
    snprintf(retries, sizeof retries, "%d", (int)s->retries);
    incload_pipeline_add(pipeline, name, function, after, err);
    incload_pipeline_set(pipeline, name, "retries", retries, err);
    incload_pipeline_set(pipeline, name, "retry_delay", "5ms", err);
    if (s->in_pool)
        incload_pipeline_set(pipeline, name, "pool", "few", err);
    incload_step_unref(function);
}

static bool
waits_for_none_that_failed(const incload_run *run, const step *s)
{
    for (int32_t i = 0; i < p.count; i++) {
        if ((s->after >> i & 1) != 0 && incload_run_step_status(run, i) != INCLOAD_STATUS_SUCCESS)
            return false;
    }
    return true;
}

static void
check_end(const incload_run *run, const step *s)
{
    int32_t status = incload_run_step_status(run, s->number);
    bool could = waits_for_none_that_failed(run, s);

    if ((status == INCLOAD_STATUS_SUCCESS) != s->done)
        p.wrong("step %d %s, and is told to be %s", (int)s->number, s->done ? "succeeded" : "did not succeed",
                incload_run_step_status_name(run, s->number));
    if (!could && (s->starts > 0 || status != INCLOAD_STATUS_SKIPPED))
        p.wrong("step %d is %s, though one that it waits for has not succeeded", (int)s->number,
                incload_run_step_status_name(run, s->number));
    if (could && !p.cancelled && !s->done && !s->gave_up && s->starts != s->retries + 1)
        p.wrong("step %d was started %d times and has not succeeded, with %d retries", (int)s->number, (int)s->starts,
                (int)s->retries);
}

bool
pipelines_run(void (*wrong)(const char *format, ...))
{
    char options[64];
    incload_error *err = NULL;

    memset(&p, 0, sizeof p);
    p.wrong = wrong;
    p.count = 2 + (int32_t)machine_draw(MOST_STEPS - 1);
    p.parallel = 1 + (int32_t)machine_draw(3);
    p.slots = 1 + (int32_t)machine_draw(2);
    p.cancelled = machine_odds(1, 8);
    incload_context *context = incload_context_new("events=0", &err);
    incload_pipeline *pipeline = incload_pipeline_new("simulated", context, &err);
    incload_pipeline_add_pool(pipeline, "few", p.slots, &err);
    for (int32_t i = 0; i < p.count; i++)
        add_step(pipeline, i, &err);
    snprintf(options, sizeof options, "parallel=%d", (int)p.parallel);
    incload_run *run = incload_pipeline_start(pipeline, options, &err);
    if (err != NULL)
        wrong("a pipeline does not start: %s", incload_error_message(err));
    if (p.cancelled) {
        machine_sleep(machine_draw(40000));
        incload_run_cancel(run);
    }
    incload_run_wait(run, -1, NULL);
    bool all = true;
    for (int32_t i = 0; i < p.count && run != NULL; i++) {
        check_end(run, &p.steps[i]);
        all = all && p.steps[i].done;
    }
    if (run != NULL && (incload_run_status(run) == INCLOAD_STATUS_SUCCESS) != all)
        wrong("a run is %s, and %s", incload_run_status_name(run), all ? "every step succeeded" : "not every step did");
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
    incload_context_unref(context);
    incload_error_unref(err);
    return all;
}
