/* SPDX-License-Identifier: Apache-2.0 */
/* One load in a process of its own, for tests that kill it or watch its memory; with two further tables a group of two:
 *
 *     loader SOURCE_URL SOURCE_TABLE TARGET_URL TARGET_TABLE PRESET OPTIONS [SOURCE_TABLE TARGET_TABLE]
 *
 * Prints the road, the rows written and the most memory the process ever held, in KiB. Exit status: 0, or 1 with the
 * reason on the standard error stream. */
#include <incload/incload.h>

#include <stdio.h>

/* Not getrusage(): its figure begins with what the parent held. */
static long
peak_kib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[128];
    long peak = -1;

    if (file == NULL)
        return -1;
    while (peak < 0 && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmHWM: %ld kB", &peak) != 1)
            peak = -1;
    }
    fclose(file);
    return peak;
}

int
main(int argc, char **argv)
{
    incload_error *err = NULL;

    if (argc != 7 && argc != 9) {
        fprintf(stderr, "usage: loader SOURCE_URL SOURCE_TABLE TARGET_URL TARGET_TABLE PRESET OPTIONS"
                        " [SOURCE_TABLE TARGET_TABLE]\n");
        return 2;
    }
    incload_database *source = incload_database_new(argv[1], NULL, &err);
    incload_database *target = incload_database_new(argv[3], NULL, &err);
    incload_strategy *how = incload_strategy_new(argv[5], argv[6], &err);
    incload_step *step = incload_step_new_load(source, argv[2], target, argv[4], how, &err);
    if (argc == 9) {
        incload_step *loads[] = { step, incload_step_new_load(source, argv[7], target, argv[8], how, &err) };
        step = incload_step_new_group(loads, 2, "name=pair", &err);
        incload_step_unref(loads[0]);
        incload_step_unref(loads[1]);
    }
    incload_run *run = incload_step_run(step, NULL, &err);

    int failed = err != NULL;
    if (failed)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));
    else
        printf("%s %lld %ld\n", incload_run_road(run), (long long)incload_run_rows_written(run), peak_kib());
    incload_run_unref(run);
    incload_step_unref(step);
    incload_strategy_unref(how);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_error_unref(err);
    return failed;
}
