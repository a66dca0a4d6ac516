/* SPDX-License-Identifier: Apache-2.0 */
/* The main job: each run brings what is new or changed since the last one into the target.
 *
 *     quickstart SOURCE_URL TARGET_URL
 *
 * where a URL is postgresql://user@host/database or odbc:Driver=SQLite3;Database=lake.db and the like. */
#include <incload/incload.h>

#include <stdio.h>
#include <unistd.h>

static void
show_progress(const incload_run *run, const char *end)
{
    printf("%-8s %lld rows read, %lld written%s", incload_run_status_name(run), (long long)incload_run_rows_read(run),
           (long long)incload_run_rows_written(run), end);
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: quickstart SOURCE_URL TARGET_URL\n");
        return 2;
    }

    incload_error *err = NULL;
    incload_database *source = incload_database_new(argv[1], NULL, &err);
    incload_database *target = incload_database_new(argv[2], NULL, &err);
    incload_strategy *by_time = incload_strategy_new("timestamp", "cursor=updated key=id", &err);
    incload_step *quakes = incload_step_new_load(source, "earthquakes", target, "earthquakes", by_time, &err);
    incload_run *run = incload_step_start(quakes, "timeout=5min", &err);

    /* One line that is written over on a terminal, lines of a log elsewhere. */
    const char *end = isatty(STDOUT_FILENO) ? "\r" : "\n";
    while (incload_run_wait(run, 100, &err) == INCLOAD_E_TIMEOUT && err == NULL)
        show_progress(run, end);

    if (err != NULL) {
        fprintf(stderr, "\n%s: %s\n", incload_error_name(err), incload_error_message(err));
    } else {
        show_progress(run, "\n");
        printf("road:      %s\n", incload_run_road(run));
        if (incload_run_road_reason(run)[0] != '\0')
            printf("           (%s)\n", incload_run_road_reason(run));
        printf("watermark: %s (%s)\n", incload_run_watermark(run), incload_run_level(run));
        if (incload_run_rows_written(run) == 0)
            printf("nothing to do: the target is up to date\n");
    }

    int failed = err != NULL;
    incload_run_unref(run);
    incload_step_unref(quakes);
    incload_strategy_unref(by_time);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_error_unref(err);
    return failed;
}
