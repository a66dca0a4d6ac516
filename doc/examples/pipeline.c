/* SPDX-License-Identifier: Apache-2.0 */
/* Loads two tables side by side, then reports; the report waits for both.
 *
 *     pipeline SOURCE_URL TARGET_URL */
#include <incload/incload.h>

#include <stdio.h>

static int32_t
write_report(incload_unit *unit, void *data)
{
    (void)data;
    printf("%s: both tables are there\n", incload_unit_step(unit));
    return INCLOAD_DONE;
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: pipeline SOURCE_URL TARGET_URL\n");
        return 2;
    }

    incload_error *err = NULL;
    incload_database *shop = incload_database_new(argv[1], NULL, &err);
    incload_database *lake = incload_database_new(argv[2], NULL, &err);
    incload_strategy *by_time = incload_strategy_new("timestamp", "cursor=updated key=id", &err);
    incload_step *orders = incload_step_new_load(shop, "orders", lake, "orders", by_time, &err);
    incload_step *customers = incload_step_new_load(shop, "customers", lake, "customers", by_time, &err);
    incload_step *report = incload_step_new_function(write_report, NULL, NULL, &err);

    incload_pipeline *nightly = incload_pipeline_new("nightly", NULL, &err);
    incload_pipeline_add(nightly, "orders", orders, NULL, &err);
    incload_pipeline_add(nightly, "customers", customers, NULL, &err);
    incload_pipeline_add(nightly, "report", report, "orders customers", &err);
    incload_run *run = incload_pipeline_run(nightly, "parallel=4", &err);
    for (int32_t i = 0; i < incload_run_step_count(run); i++)
        printf("%-10s %s %lld rows\n", incload_run_step_name(run, i), incload_run_step_status_name(run, i),
               (long long)incload_run_rows_written(incload_run_step(run, i)));
    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));

    int failed = err != NULL;
    incload_run_unref(run);
    incload_pipeline_unref(nightly);
    incload_step_unref(report);
    incload_step_unref(customers);
    incload_step_unref(orders);
    incload_strategy_unref(by_time);
    incload_database_unref(lake);
    incload_database_unref(shop);
    incload_error_unref(err);
    return failed;
}
