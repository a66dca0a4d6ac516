/* SPDX-License-Identifier: Apache-2.0 */
/* One backfill by days by the library, as a benchmark's side:
 *
 *     backfill_once SOURCE TABLE TARGET TABLE COLUMN FROM THROUGH WORKERS NAME
 *
 * NAME is the load's in the ledger: under a new one no day counts as done. */
#include <incload/incload.h>

#include <stdio.h>

int
main(int argc, char **argv)
{
    char cut[256], how[256];

    if (argc != 10) {
        fprintf(stderr, "usage: backfill_once SOURCE TABLE TARGET TABLE COLUMN FROM THROUGH WORKERS NAME\n");
        return 2;
    }
    snprintf(cut, sizeof cut, "grain=day parallel=%s", argv[8]);
    snprintf(how, sizeof how, "write=replace_interval cursor=%s road=relay create_target=false", argv[5]);
    incload_error *err = NULL;
    incload_database *source = incload_database_new(argv[1], NULL, &err);
    incload_database *target = incload_database_new(argv[3], NULL, &err);
    incload_strategy *strategy = incload_strategy_new("interval", how, &err);
    incload_step *load = incload_step_new_load(source, argv[2], target, argv[4], strategy, &err);
    incload_step_set(load, "name", argv[9], &err);
    incload_step *days = incload_step_new_load_backfill(load, argv[6], argv[7], cut, &err);
    incload_run *run = incload_step_run(days, NULL, &err);

    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));
    else
        printf("%lld\n", (long long)incload_run_duration_us(run));

    int failed = err != NULL;
    incload_run_unref(run);
    incload_step_unref(days);
    incload_step_unref(load);
    incload_strategy_unref(strategy);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_error_unref(err);
    return failed;
}
