/* SPDX-License-Identifier: Apache-2.0 */
/* One load of a stage in a process of its own, which the program `crash` kills and otherwise troubles; with a second
 * target a group of two:
 *
 *     crash-loader SOURCE_URL SOURCE_TABLE TARGET_URL TARGET_TABLE OPTIONS [SECOND_TARGET_TABLE]
 *
 * The exit status is 0, 2 when running it again may help, 1 for anything else; the reason goes to the standard error
 * stream. */
#include <incload/incload.h>

#include <stdio.h>

/* Nobody gives up the lease of one that was killed: it runs out soon, and the next waits for that. */
static incload_step *
load_into(incload_database *source, const char *from, incload_database *target, const char *to, incload_strategy *how,
          incload_error **err)
{
    incload_step *step = incload_step_new_load(source, from, target, to, how, err);

    incload_step_set(step, "lease", "150ms", err);
    return step;
}

int
main(int argc, char **argv)
{
    incload_error *err = NULL;
    int status = 0;

    if (argc != 6 && argc != 7) {
        fprintf(stderr, "usage: crash-loader SOURCE_URL SOURCE_TABLE TARGET_URL TARGET_TABLE OPTIONS"
                        " [SECOND_TARGET_TABLE]\n");
        return 1;
    }
    incload_database *source = incload_database_new(argv[1], NULL, &err);
    incload_database *target = incload_database_new(argv[3], NULL, &err);
    incload_strategy *how = incload_strategy_new("timestamp", argv[5], &err);
    incload_step *step = load_into(source, argv[2], target, argv[4], how, &err);
    if (argc == 7) {
        incload_step *loads[] = { step, load_into(source, argv[2], target, argv[6], how, &err) };
        step = incload_step_new_group(loads, 2, "name=twins", &err);
        incload_step_unref(loads[0]);
        incload_step_unref(loads[1]);
    }
    incload_run *run = incload_step_run(step, "wait=20s", &err);

    if (err != NULL) {
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));
        status = incload_error_is_retryable(err) || incload_error_code(err) == INCLOAD_E_BUSY ? 2 : 1;
    }
    incload_run_unref(run);
    incload_step_unref(step);
    incload_strategy_unref(how);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_error_unref(err);
    return status;
}
