/* SPDX-License-Identifier: Apache-2.0 */
/* One piece of work in a process of its own, built with failpoints, for the program `failpoints`:
 *
 *     failpoints-loader FD WORK SOURCE_URL SOURCE TARGET_URL TARGET LEDGER PRESET OPTIONS
 *
 * FD is the memory that both share (failpoints.h). The exit status is 0, 2 when running it again may help, 1 for
 * anything else; the reason goes to the standard error stream. */
#include <incload/incload.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/failpoint.h"
#include "failpoints.h"

enum { RUNS_MOST = 4 };

typedef struct job {
    incload_database *source, *target;
    const char *from, *name, *preset, *options;
} job;

static incload_step *
load_step(const job *j, incload_error **err)
{
    incload_strategy *how = incload_strategy_new(j->preset, j->options, err);
    incload_step *step = incload_step_new_load(j->source, j->from, j->target, j->name, how, err);

    /* Nobody gives up the lease of one that was killed. */
    incload_step_set(step, "lease", "150ms", err);
    incload_strategy_unref(how);
    return step;
}

static void
run_step(incload_step *step, const char *options, incload_error **err)
{
    incload_run *run = incload_step_run(step, options, err);

    incload_run_unref(run);
    incload_step_unref(step);
}

static void
work_load(const job *j, incload_error **err)
{
    run_step(load_step(j, err), "wait=20s retry_delay=5ms", err);
}

/* One that only goes on with what another has left: a run by its key, and the next where that one has failed. */
static void
join_runs(incload_run *(*join)(void *data, const char *options, incload_error **err), void *data, const char *name,
          incload_error **err)
{
    int32_t status = INCLOAD_STATUS_FAILED;
    char options[100];

    for (int i = 0; i < RUNS_MOST && status == INCLOAD_STATUS_FAILED; i++) {
        incload_error_unref(*err);
        *err = NULL;
        snprintf(options, sizeof options, "run_key=%s-%d lease=150ms", name, i);
        incload_run *run = join(data, options, err);
        status = incload_run_status(run);
        incload_run_unref(run);
    }
}

static incload_run *
join_step(void *data, const char *options, incload_error **err)
{
    return incload_step_run(data, options, err);
}

static void
work_backfill(const job *j, incload_error **err)
{
    incload_step *load = load_step(j, err);
    incload_step *all =
        incload_step_new_load_backfill_between(load, "0", "100", "step=25 parallel=2 retry_delay=5ms", err);

    if (*err == NULL)
        join_runs(join_step, all, j->name, err);
    incload_step_unref(all);
    incload_step_unref(load);
}

static incload_run *
join_pipeline(void *data, const char *options, incload_error **err)
{
    return incload_pipeline_run(data, options, err);
}

static void
work_pipeline(const job *j, incload_error **err)
{
    incload_pipeline *pipeline = incload_pipeline_new(j->name, NULL, err);
    incload_step *load = load_step(j, err);

    incload_pipeline_set_ledger(pipeline, j->target, err);
    incload_pipeline_add(pipeline, "load", load, NULL, err);
    if (*err == NULL)
        join_runs(join_pipeline, pipeline, j->name, err);
    incload_step_unref(load);
    incload_pipeline_unref(pipeline);
}

static incload_capture *
change_table(const job *j, incload_error **err)
{
    return incload_capture_new(j->source, j->from, j->target, j->name, j->options, err);
}

static void
work_install(const job *j, incload_error **err)
{
    incload_capture *table = change_table(j, err);

    incload_capture_install(table, err);
    incload_capture_load(table, err);
    incload_capture_unref(table);
}

static void
work_consume(const job *j, incload_error **err)
{
    incload_capture *table = change_table(j, err);

    incload_capture_run(table, err);
    incload_capture_unref(table);
}

static void
work_uninstall(const job *j, incload_error **err)
{
    incload_capture *table = change_table(j, err);

    incload_capture_remove(table, err);
    incload_capture_unref(table);
}

static incload_stream *
stream_of(const job *j, incload_error **err)
{
    char options[400];

    snprintf(options, sizeof options, "%s publication=%s slot=%s tables='%s:%s'", j->options, j->name, j->name,
             j->from, j->name);
    return incload_stream_new(j->source, j->target, options, err);
}

static void
work_stream(const job *j, incload_error **err)
{
    incload_stream *stream = stream_of(j, err);

    incload_stream_run(stream, err);
    incload_stream_unref(stream);
}

static void
work_end_stream(const job *j, incload_error **err)
{
    incload_stream *stream = stream_of(j, err);

    incload_stream_remove(stream, err);
    incload_stream_unref(stream);
}

static void
work_list(const job *j, incload_error **err)
{
    (void)j;
    (void)err;
}

static const struct {
    const char *name;
    void (*work)(const job *, incload_error **);
} works[] = {
    { "load", work_load },           { "backfill", work_backfill },   { "pipeline", work_pipeline },
    { "install", work_install },     { "consume", work_consume },     { "uninstall", work_uninstall },
    { "stream", work_stream },       { "end-stream", work_end_stream }, { "list", work_list },
};

/* Tells the points, and takes the orders. */
static void
attach(points_page *page)
{
    page->count = incload__failpoint_count();
    for (int32_t i = 0; i < page->count && i < POINTS_MOST; i++) {
        snprintf(page->names[i], POINT_NAME, "%s", incload__failpoint_at(i)->name);
        page->codes[i] = incload__failpoint_at(i)->code;
    }
    incload__failpoint_watch(page->met);
    incload__failpoint_arm(page->armed, (incload__failpoint_action)page->action, page->nth);
}

int
main(int argc, char **argv)
{
    incload_error *err = NULL;
    char ledger[100];
    int status = 0;

    if (argc != 10)
        return 1;
    points_page *page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[1]), 0);
    if (page == MAP_FAILED || incload__failpoint_count() > POINTS_MOST) {
        fprintf(stderr, "there are more than %d points, or no memory to share\n", (int)POINTS_MOST);
        return 1;
    }
    attach(page);
    snprintf(ledger, sizeof ledger, argv[7][0] != '\0' ? "ledger=%s" : "%s", argv[7]);
    incload_database *source = incload_database_new(argv[3], NULL, &err);
    /* One database is one object: that is what rows that never leave it are known by. */
    bool one = strcmp(argv[3], argv[5]) == 0;
    incload_database *target = one ? incload_database_ref(source) : incload_database_new(argv[5], ledger, &err);
    job j = { source, target, argv[4], argv[6], argv[8], argv[9] };
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        if (strcmp(works[i].name, argv[2]) == 0)
            works[i].work(&j, &err);
    }
    if (err != NULL) {
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));
        status = incload_error_is_retryable(err) || incload_error_code(err) == INCLOAD_E_BUSY ? 2 : 1;
    }
    incload_database_unref(j.target);
    incload_database_unref(j.source);
    incload_error_unref(err);
    return status;
}
