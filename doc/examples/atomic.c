/* SPDX-License-Identifier: Apache-2.0 */
/* A load that breaks in its middle leaves nothing behind, neither rows nor a watermark; the next one brings all.
 *
 *     atomic SOURCE_URL TARGET_URL [break] */
#include <incload/incload.h>

#include <stdio.h>
#include <string.h>

static int32_t
break_at_the_third_row(incload_unit *unit, incload_batch *batch, void *user_data)
{
    int64_t *seen = user_data;

    *seen += incload_batch_rows(batch);
    return *seen < 3 ? INCLOAD_DONE : incload_unit_fail(unit, "the third row is one too many");
}

int
main(int argc, char **argv)
{
    if (argc < 3 || argc > 4 || (argc == 4 && strcmp(argv[3], "break") != 0)) {
        fprintf(stderr, "usage: atomic SOURCE_URL TARGET_URL [break]\n");
        return 2;
    }

    incload_error *err = NULL, *unread = NULL;
    int64_t seen = 0;
    incload_database *shop = incload_database_new(argv[1], NULL, &err);
    incload_database *lake = incload_database_new(argv[2], NULL, &err);
    incload_strategy *how = incload_strategy_new("timestamp", "cursor=updated_at key=id batch_rows=1", &err);
    incload_step *orders = incload_step_new_load(shop, "orders", lake, "orders", how, &err);
    if (argc == 4)
        incload_step_set_batch_function(orders, break_at_the_third_row, &seen, NULL, &err);
    incload_run *run = incload_step_run(orders, NULL, &err);

    incload_watermark *mark = incload_watermark_open(lake, "orders", &unread);
    const char *value = incload_watermark_value(mark);
    printf("%s: %lld rows written, watermark %s\n", err != NULL ? incload_error_name(err) : "SUCCESS",
           (long long)incload_run_rows_written(run), value != NULL ? value : "none");

    int failed = err != NULL || unread != NULL;
    incload_watermark_unref(mark);
    incload_run_unref(run);
    incload_step_unref(orders);
    incload_strategy_unref(how);
    incload_database_unref(lake);
    incload_database_unref(shop);
    incload_error_unref(unread);
    incload_error_unref(err);
    return failed;
}
