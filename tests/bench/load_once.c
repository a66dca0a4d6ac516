/* SPDX-License-Identifier: Apache-2.0 */
/* One load by the library, as a benchmark's side: load_once SOURCE TABLE TARGET TABLE PRESET OPTIONS */
#include <incload/incload.h>

#include <stdio.h>

/* The most memory that this process ever held, in KiB; 0 where the system does not tell. */
static long
peak(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long kib = 0;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    }
    if (file != NULL)
        fclose(file);
    return kib;
}

int
main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: load_once SOURCE TABLE TARGET TABLE PRESET OPTIONS\n");
        return 2;
    }
    incload_error *err = NULL;
    incload_database *source = incload_database_new(argv[1], NULL, &err);
    incload_database *target = incload_database_new(argv[3], NULL, &err);
    incload_strategy *strategy = incload_strategy_new(argv[5], argv[6], &err);
    incload_step *step = incload_step_new_load(source, argv[2], target, argv[4], strategy, &err);
    incload_run *run = incload_step_run(step, NULL, &err);

    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));
    else
        printf("%lld rows written by %s with %ld KiB at most\n", (long long)incload_run_rows_written(run),
               incload_run_road(run), peak());

    int failed = err != NULL;
    incload_run_unref(run);
    incload_step_unref(step);
    incload_strategy_unref(strategy);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_error_unref(err);
    return failed;
}
