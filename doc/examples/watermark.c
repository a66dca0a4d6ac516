/* SPDX-License-Identifier: Apache-2.0 */
/* Loads what is new, tells where the load stands, puts the watermark back and loads from there again.
 *
 *     watermark SOURCE_URL TARGET_URL FROM */
#include <incload/incload.h>

#include <stdio.h>

static void
load(incload_database *shop, incload_database *lake, incload_error **err)
{
    incload_strategy *how = incload_strategy_new("timestamp", "cursor=updated_at key=id", err);
    incload_step *orders = incload_step_new_load(shop, "orders", lake, "orders", how, err);
    incload_run *run = incload_step_run(orders, NULL, err);
    printf("%lld rows read, %lld written\n", (long long)incload_run_rows_read(run),
           (long long)incload_run_rows_written(run));
    incload_run_unref(run);
    incload_step_unref(orders);
    incload_strategy_unref(how);
}

int
main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: watermark SOURCE_URL TARGET_URL FROM\n");
        return 2;
    }

    incload_error *err = NULL;
    incload_database *shop = incload_database_new(argv[1], NULL, &err);
    incload_database *lake = incload_database_new(argv[2], NULL, &err);
    load(shop, lake, &err);

    incload_watermark *mark = incload_watermark_open(lake, "orders", &err);
    printf("%s: %s\n", incload_watermark_level(mark), incload_watermark_describe(mark));
    incload_watermark_set(mark, argv[3], &err); /* what lies behind it is read again, and merged */
    load(shop, lake, &err);

    for (int32_t i = 0; i < incload_watermark_history_count(mark, &err); i++)
        printf("version %lld: %s\n", (long long)incload_watermark_history_version(mark, i),
               incload_watermark_history_value(mark, i));
    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));

    int failed = err != NULL;
    incload_watermark_unref(mark);
    incload_database_unref(lake);
    incload_database_unref(shop);
    incload_error_unref(err);
    return failed;
}
