/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a pipeline in which much goes wrong, and writes all reports of it into a folder, for tests that read them.
 *
 *     real_run SOURCE_URL TARGET_URL FOLDER
 *
 * The source has the tables orders and customers. Ends with 0 when the run failed as it must. */
#include <incload/incload.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
rest(long ms)
{
    struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

    nanosleep(&time, NULL);
}

/* ---- steps ---- */

/* The days that fail at first, and the one that always does. */
static int32_t
work_on_day(incload_unit *unit, void *data)
{
    const char *day = incload_unit_label(unit);
    bool bad = strcmp(day, "2024-02-10") == 0 || strcmp(day, "2024-02-11") == 0 || strcmp(day, "2024-03-03") == 0;

    (void)data;
    rest(2 + (day[9] - '0') * 2);
    if (strcmp(day, "2024-03-17") == 0) {
        incload_unit_fail(unit, "no file for this day <b>\"at all\"</b>");
        return INCLOAD_RETRY;
    }
    if (bad && incload_unit_attempt(unit) == 1)
        return INCLOAD_RETRY;
    incload_unit_add_rows(unit, 100, 100);
    return INCLOAD_DONE;
}

static int32_t
decide(incload_unit *unit, void *data)
{
    (void)data;
    rest(20);
    return incload_unit_leave_out(unit, "mail", NULL) == INCLOAD_OK ? INCLOAD_DONE : 0;
}

static int32_t
fail_at_first(incload_unit *unit, void *data)
{
    (void)data;
    rest(30);
    return incload_unit_attempt(unit) < 3 ? INCLOAD_RETRY : INCLOAD_DONE;
}

static int32_t
do_nothing(incload_unit *unit, void *data)
{
    (void)unit;
    (void)data;
    rest(10);
    return INCLOAD_DONE;
}

static int32_t
always_fail(incload_unit *unit, void *data)
{
    (void)data;
    incload_unit_fail(unit, "the mail server said no");
    return 0;
}

static incload_pipeline *
make(const char *source, const char *target, incload_error **err)
{
    incload_database *shop = incload_database_new(source, NULL, err);
    incload_database *lake = incload_database_new(target, NULL, err);
    incload_strategy *by_time = incload_strategy_new("timestamp", "cursor=updated key=id", err);
    incload_pipeline *pipeline = incload_pipeline_new("nightly", NULL, err);
    const struct {
        const char *name;
        const char *after;
        incload_step *step;
        const char *options[3][2];
    } steps[] = {
        { "orders", NULL, incload_step_new_load(shop, "orders", lake, "orders", by_time, err), { { NULL } } },
        { "customers", NULL, incload_step_new_load(shop, "customers", lake, "customers", by_time, err), { { NULL } } },
        { "history",
          "orders customers",
          incload_step_new_backfill("2024-01-01", "2024-03-31", "parallel=4 retries=2 retry_delay=20ms", work_on_day,
                                    NULL, NULL, err),
          { { NULL } } },
        { "decide which way to go", "orders", incload_step_new_function(decide, NULL, NULL, err), { { NULL } } },
        { "mail", "\"decide which way to go\"", incload_step_new_function(do_nothing, NULL, NULL, err), { { NULL } } },
        { "flaky",
          "\"decide which way to go\"",
          incload_step_new_function(fail_at_first, NULL, NULL, err),
          { { "retries", "3" }, { "retry_delay", "30ms" } } },
        { "report", "history flaky", incload_step_new_function(do_nothing, NULL, NULL, err), { { NULL } } },
        { "tell someone",
          "flaky",
          incload_step_new_function(always_fail, NULL, NULL, err),
          { { "optional", "true" } } },
        { "summary",
          "history mail",
          incload_step_new_function(do_nothing, NULL, NULL, err),
          { { "rule", "all_done" } } },
        { "unmount", NULL, incload_step_new_function(do_nothing, NULL, NULL, err), { { "cleanup_of", "orders" } } },
    };

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        incload_pipeline_add(pipeline, steps[i].name, steps[i].step, steps[i].after, err);
        for (int32_t j = 0; j < 3 && steps[i].options[j][0] != NULL; j++)
            incload_pipeline_set(pipeline, steps[i].name, steps[i].options[j][0], steps[i].options[j][1], err);
        incload_step_unref(steps[i].step);
    }
    incload_strategy_unref(by_time);
    incload_database_unref(lake);
    incload_database_unref(shop);
    return pipeline;
}

/* ---- reports ---- */

static int32_t
to_file(const char *text, size_t size, void *data)
{
    return fwrite(text, 1, size, data) == size ? INCLOAD_DONE : 0;
}

static FILE *
open_in(const char *folder, const char *name)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return fopen(path, "w");
}

static void
write_graph(incload_pipeline *pipeline, const char *folder, incload_error **err)
{
    static const char *const formats[] = { "dot", "mermaid" };

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "graph.%s", formats[i]);
        FILE *out = open_in(folder, name);
        if (out == NULL)
            continue;
        incload_pipeline_render(pipeline, formats[i], NULL, to_file, out, err);
        fclose(out);
    }
}

static void
write_reports(incload_run *run, const char *folder, const char *prefix, incload_error **err)
{
    static const char *const formats[] = { "html", "dot", "mermaid", "gantt", "trace", "openlineage" };

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s.%s", folder, prefix, formats[i]);
        incload_run_report_file(run, formats[i], NULL, path, err);
    }
}

int
main(int argc, char **argv)
{
    incload_error *err = NULL, *failure = NULL;

    if (argc != 4)
        return 2;
    incload_pipeline *pipeline = make(argv[1], argv[2], &err);
    write_graph(pipeline, argv[3], &err);
    incload_run *run = incload_pipeline_start(pipeline, "parallel=6", &err);
    FILE *lines = open_in(argv[3], "lines.txt");
    FILE *bar = open_in(argv[3], "bar.txt");
    if (lines == NULL || bar == NULL)
        return 2;
    incload_run_watch(run, "form=lines every=50ms", to_file, lines, &failure);
    /* Of one that has ended there is its end to be seen. */
    incload_error_unref(failure);
    failure = NULL;
    incload_run_watch(run, "form=bar width=100 colour=true", to_file, bar, &failure);
    fclose(lines);
    fclose(bar);
    write_reports(run, argv[3], "run", &err);
    if (err != NULL)
        fprintf(stderr, "%s\n", incload_error_message(err));
    int done = err == NULL && failure != NULL ? EXIT_SUCCESS : EXIT_FAILURE;
    incload_error_unref(failure);
    incload_error_unref(err);
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
    return done;
}
