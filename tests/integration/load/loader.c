/* SPDX-License-Identifier: Apache-2.0 */
/* One load in a process of its own, for tests that kill it:
 *
 *     loader SOURCE_URL SOURCE_TABLE TARGET_URL TARGET_TABLE OPTIONS
 *
 * Exit status: 0, or 1 with the reason on the standard error stream. */
#include <incload/incload.h>

#include <stdio.h>

int
main(int argc, char **argv)
{
    incload_error *err = NULL;

    if (argc != 6) {
        fprintf(stderr, "usage: loader SOURCE_URL SOURCE_TABLE TARGET_URL TARGET_TABLE OPTIONS\n");
        return 2;
    }
    incload_database *source = incload_database_new(argv[1], NULL, &err);
    incload_database *target = incload_database_new(argv[3], NULL, &err);
    incload_strategy *how = incload_strategy_new("timestamp", argv[5], &err);
    incload_step *step = incload_step_new_load(source, argv[2], target, argv[4], how, &err);
    incload_run *run = incload_step_run(step, NULL, &err);

    int failed = err != NULL;
    if (failed)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));
    incload_run_unref(run);
    incload_step_unref(step);
    incload_strategy_unref(how);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_error_unref(err);
    return failed;
}
