/* SPDX-License-Identifier: Apache-2.0 */
/* A run as it goes on, for people: looked at now and then on the thread of the host that waits for it. */
#include <string.h>

#include "run/flow.h"
#include "run/report/progress.h"
#include "run/reporting.h"

enum { LOOK_EVERY_MS = 100, BATCH = 32, SHOWN_RUNNING = 64 };

typedef struct watch_values {
    int32_t form;
    int64_t width;
    bool colour;
    int64_t every;
} watch_values;

enum { FORM_LINES, FORM_BAR };

static const incload__option watch_option_list[] = {
    { "form", INCLOAD_OPTION_CHOICE, offsetof(watch_values, form), "lines", 0, 0, "", "lines bar", "0.1",
      "What is drawn. lines: a line for each unit that ended, and one for the whole now and then. bar: one line that "
      "is "
      "redrawn, for a terminal." },
    { "width", INCLOAD_OPTION_INTEGER, offsetof(watch_values, width), "80", 10, 10000, "columns", "", "0.1",
      "Columns of the terminal, for a bar that stays on its line." },
    { "colour", INCLOAD_OPTION_BOOLEAN, offsetof(watch_values, colour), "false", 0, 0, "", "", "0.1",
      "Colours by codes of ANSI. Marks say the same without them." },
    { "every", INCLOAD_OPTION_DURATION, offsetof(watch_values, every), "0", 0, 86400000, "ms", "", "0.1",
      "How often the bar is drawn, or the whole has a line. 0 is 100 ms for a bar and 30 s for lines." },
};

const incload__option_table incload__watching_options = INCLOAD__OPTION_TABLE("watch", watch_option_list);

typedef struct watch {
    incload_run *run;
    incload__progress progress;
    int64_t seen; /* the number of the last unit that was told */
    int64_t running_us[SHOWN_RUNNING];
} watch;

/* ---- units that have ended ---- */

typedef struct ended {
    int64_t key;
    int64_t rows;
    int64_t took_us;
    incload_error *error;
    int32_t node;
    int32_t status;
} ended;

/* The place of the first unit with a greater number. */
static int32_t
find_after(const incload__trail *trail, int64_t number)
{
    int32_t low = 0, high = trail->count;

    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (trail->units[middle].number <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int32_t
take_ended(watch *at, incload__flow *flow, ended *out)
{
    int32_t count = 0;

    pthread_mutex_lock(&flow->lock);
    const incload__trail *trail = &flow->trail;
    for (int32_t i = find_after(trail, at->seen); i < trail->count && count < BATCH; i++) {
        const incload__trail_unit *past = &trail->units[i];
        ended *one = &out[count++];
        at->seen = past->number;
        *one = (ended){ past->key, past->rows, 0, incload_error_ref(past->error), past->node, past->status };
        if (past->attempt_count > 0)
            one->took_us = past->attempts[past->attempt_count - 1].end_us - past->attempts[0].start_us;
    }
    pthread_mutex_unlock(&flow->lock);
    return count;
}

static void
tell_unit(watch *at, const incload__flow *flow, const ended *one)
{
    const incload__flow_node *node = &flow->nodes[one->node];
    incload__str label = INCLOAD__STR(&flow->env->mem);
    incload__backfill_unit unit;

    memset(&unit, 0, sizeof unit);
    if (node->walk != NULL)
        incload__backfill_unit_of(node->step, one->key, &unit, &label);
    incload__progress_unit(&at->progress, node->name, incload__str_text(&label), one->status, one->rows, one->took_us,
                           one->error != NULL ? incload_error_message(one->error) : NULL);
    incload__str_free(&label);
}

static void
tell_units(watch *at, incload__flow *flow)
{
    ended batch[BATCH];
    int32_t count;

    do {
        count = take_ended(at, flow, batch);
        for (int32_t i = 0; i < count; i++) {
            tell_unit(at, flow, &batch[i]);
            incload_error_unref(batch[i].error);
        }
    } while (count == BATCH);
}

/* ---- how it stands ---- */

/* Of a backfill its units, as far as they are known; another step is one. */
static void
add_step(const incload__flow *flow, int32_t index, incload__progress_state *state)
{
    const incload__flow_node *node = &flow->nodes[index];
    int32_t status = incload_run_status(node->run);
    int64_t total = node->walk != NULL ? incload__backfill_walk_total(node->walk) : 0;
    incload__sched_info info;

    memset(&info, 0, sizeof info);
    if (total > 0) {
        incload__sched_info_of(flow->sched, index, &info);
    } else {
        total = 1;
        info.succeeded = status == INCLOAD_STATUS_SUCCESS;
        info.failed = status == INCLOAD_STATUS_FAILED;
        info.skipped = status == INCLOAD_STATUS_SKIPPED;
    }
    state->total += total;
    state->done += info.succeeded;
    state->failed += info.failed;
    state->skipped += info.skipped;
}

static void
add_running(watch *at, incload__flow *flow, incload__progress_state *state)
{
    int64_t now = incload__monotonic_us(flow->env);

    pthread_mutex_lock(&flow->lock);
    for (const incload__flow_unit *unit = flow->open; unit != NULL; unit = unit->next) {
        const incload__trail_unit *past = &unit->trail;
        if (past->attempt_count == 0 || past->attempts[past->attempt_count - 1].end_us != 0)
            continue;
        if (state->running < SHOWN_RUNNING)
            at->running_us[state->running] = now - past->attempts[0].start_us;
        state->running++;
    }
    pthread_mutex_unlock(&flow->lock);
    state->running_us = state->running <= SHOWN_RUNNING ? at->running_us : NULL;
}

static void
look(watch *at, incload__progress_state *state)
{
    const incload_run *run = at->run;
    int32_t status = incload_run_status(run);

    *state = (incload__progress_state){ .parallel = 1 };
    state->rows = incload__run_total(run, offsetof(incload_unit, rows_written));
    if (run->flow == NULL) {
        state->total = 1;
        state->done = status == INCLOAD_STATUS_SUCCESS;
        state->failed = status == INCLOAD_STATUS_FAILED;
        state->running = status == INCLOAD_STATUS_RUNNING;
        return;
    }
    for (int32_t i = 0; i < atomic_load(&run->flow->count); i++)
        add_step(run->flow, i, state);
    add_running(at, run->flow, state);
    state->parallel = run->flow->values.parallel > 0 ? (int32_t)run->flow->values.parallel : state->running;
}

/* A load is told when it has ended, as a unit is. */
static void
tell_load(watch *at)
{
    const incload_run *run = at->run;

    incload__progress_unit(&at->progress, run->unit.step, "", incload_run_status(run),
                           incload__run_total(run, offsetof(incload_unit, rows_written)), incload_run_duration_us(run),
                           run->error != NULL ? incload_error_message(run->error) : NULL);
}

/* ---- the call ---- */

static int32_t
watch_to_the_end(watch *at, incload_error **err)
{
    const incload__env *env = at->run->env;
    incload__progress_state state = { 0 };

    while (at->progress.sink.status == INCLOAD_OK) {
        bool over =
            incload_run_wait(at->run, LOOK_EVERY_MS, NULL) != INCLOAD_E_TIMEOUT || incload__run_has_ended(at->run);
        if (at->run->flow != NULL)
            tell_units(at, at->run->flow);
        else if (over)
            tell_load(at);
        look(at, &state);
        if (over)
            break;
        incload__progress_tell(&at->progress, &state, incload__monotonic_us(env));
    }
    return incload__progress_end(&at->progress, &state, incload__monotonic_us(env), err);
}

int32_t
incload_run_watch(incload_run *run, const char *options, incload_write_fn write, void *user_data, incload_error **err)
{
    incload__writer to = { write, user_data };
    watch_values values = { 0 };
    watch at = { 0 };

    INCLOAD_ENTER(err);
    if (run == NULL || write == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the run and the function that takes the text must not be NULL");
    at.run = incload__run_root(run);
    const incload__env *env = at.run->env;
    int32_t status = incload__options_init(&incload__watching_options, &env->mem, &values, err);
    if (status == INCLOAD_OK)
        status = incload__options_parse(&incload__watching_options, &env->mem, &values, options, err);
    if (status != INCLOAD_OK)
        return status;
    incload__progress_style style = {
        .bar = values.form == FORM_BAR,
        .colour = values.colour,
        .width = (int32_t)values.width,
        .every_us = values.every * 1000,
    };
    incload_run_ref(run);
    incload__progress_begin(&at.progress, &env->mem, &style, incload__writer_pass, &to, incload__monotonic_us(env));
    status = watch_to_the_end(&at, err);
    if (status == INCLOAD_OK)
        status = incload_run_wait(at.run, 0, err);
    incload_run_unref(run);
    return status;
}
