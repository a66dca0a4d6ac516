/* SPDX-License-Identifier: Apache-2.0 */
/* Loads a table day by day, four days at a time, and says which days failed. Run again, it loads those alone.
 *
 *     backfill SOURCE_URL TARGET_URL FIRST_DAY LAST_DAY */
#include <incload/incload.h>

#include <stdio.h>

/* What is asked of the run is listed while `err` says that it failed. */
static void
list_failures(const incload_run *run)
{
    for (int32_t i = 0; i < incload_run_failed_count(run); i++) {
        incload_error *why = incload_run_failed_error(run, i);
        printf("failed: %s: %s\n", incload_run_failed_label(run, i), incload_error_message(why));
        incload_error_unref(why);
    }
}

int
main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: backfill SOURCE_URL TARGET_URL FIRST_DAY LAST_DAY\n");
        return 2;
    }

    incload_error *err = NULL;
    incload_database *shop = incload_database_new(argv[1], NULL, &err);
    incload_database *lake = incload_database_new(argv[2], NULL, &err);
    incload_strategy *by_day = incload_strategy_new("interval", "cursor=ordered_at", &err);
    incload_step *orders = incload_step_new_load(shop, "orders", lake, "orders", by_day, &err);
    incload_step *days = incload_step_new_load_backfill(orders, argv[3], argv[4], "grain=day parallel=4", &err);

    /* What would be done, before it is. */
    incload_backfill_plan *plan = incload_backfill_plan_new(days, &err);
    printf("%lld of %lld days are missing\n", (long long)incload_backfill_plan_taken(plan),
           (long long)incload_backfill_plan_units(plan));

    incload_run *run = incload_step_run(days, NULL, &err);
    printf("%lld days loaded, %lld rows\n", (long long)incload_run_count_units(run, INCLOAD_STATUS_SUCCESS),
           (long long)incload_run_rows_written(run));
    list_failures(run);
    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));

    int failed = err != NULL;
    incload_run_unref(run);
    incload_backfill_plan_unref(plan);
    incload_step_unref(days);
    incload_step_unref(orders);
    incload_strategy_unref(by_day);
    incload_database_unref(lake);
    incload_database_unref(shop);
    incload_error_unref(err);
    return failed;
}
