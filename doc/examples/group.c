/* SPDX-License-Identifier: Apache-2.0 */
/* Loads orders and their lines together: whoever reads the target sees both as the source had them, or neither.
 *
 *     group SOURCE_URL TARGET_URL */
#include <incload/incload.h>

#include <stdio.h>

static void
print(const incload_run *run)
{
    for (int32_t i = 0; i < incload_run_load_count(run); i++) {
        const incload_run *load = incload_run_load(run, i);
        printf("%s: %lld rows written, watermark %s\n", incload_unit_step(incload_run_unit(load, 0)),
               (long long)incload_run_rows_written(load), incload_run_watermark(load));
    }
    printf("%s: %lld rows in one transaction\n", incload_run_status_name(run),
           (long long)incload_run_rows_written(run));
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: group SOURCE_URL TARGET_URL\n");
        return 2;
    }

    incload_error *err = NULL;
    incload_database *source = incload_database_new(argv[1], NULL, &err);
    incload_database *target = incload_database_new(argv[2], NULL, &err);
    incload_strategy *by_time = incload_strategy_new("timestamp", "cursor=updated key=id", &err);

    /* Orders first: they are published first, so that a line always finds its order. */
    incload_step *loads[] = {
        incload_step_new_load(source, "orders", target, "orders", by_time, &err),
        incload_step_new_load(source, "order_lines", target, "order_lines", by_time, &err),
    };
    incload_step *shop = incload_step_new_group(loads, 2, "name=shop", &err);
    incload_run *run = incload_step_run(shop, NULL, &err);
    if (err == NULL)
        print(run);
    else
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));

    int failed = err != NULL;
    incload_run_unref(run);
    incload_step_unref(shop);
    incload_step_unref(loads[1]);
    incload_step_unref(loads[0]);
    incload_strategy_unref(by_time);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_error_unref(err);
    return failed;
}
