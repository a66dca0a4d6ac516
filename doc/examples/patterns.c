/* SPDX-License-Identifier: Apache-2.0 */
/* The five patterns, one after the other, of one table of orders.
 *
 *     patterns SOURCE_URL TARGET_URL */
#include <incload/incload.h>

#include <inttypes.h>
#include <stdio.h>

static void
run(const char *what, incload_step *step, incload_error **err)
{
    incload_run *done = incload_step_run(step, NULL, err);

    if (*err == NULL)
        printf("%s: %" PRId64 " rows\n", what, incload_run_rows_written(done));
    incload_run_unref(done);
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: patterns SOURCE_URL TARGET_URL\n");
        return 2;
    }

    static const char *const names[] = { "id" }, *const gone[] = { "2" };
    incload_error *err = NULL;
    incload_database *shop = incload_database_new(argv[1], NULL, &err);
    incload_database *lake = incload_database_new(argv[2], NULL, &err);

    /* What is new or changed since the last run, merged by its key. */
    incload_strategy *newer = incload_strategy_new("timestamp", "cursor=updated_at key=id", &err);
    incload_step *orders = incload_step_new_load(shop, "orders", lake, "orders", newer, &err);
    run("timestamp", orders, &err);

    /* Every row anew, inside one transaction. */
    incload_strategy *anew = incload_strategy_new("full_refresh", NULL, &err);
    incload_step *small = incload_step_new_load(shop, "orders", lake, "orders_anew", anew, &err);
    run("full_refresh", small, &err);

    /* Every row into a new table, which takes the old one's place under its readers. */
    incload_strategy *beside = incload_strategy_new("swap", NULL, &err);
    incload_step *large = incload_step_new_load(shop, "orders", lake, "orders_swapped", beside, &err);
    run("swap", large, &err);

    /* A range in units, four at a time; run again, what is missing of it. */
    incload_strategy *by_day = incload_strategy_new("interval", "cursor=updated_at", &err);
    incload_step *each = incload_step_new_load(shop, "orders", lake, "orders_by_day", by_day, &err);
    incload_step *may = incload_step_new_load_backfill(each, "2024-05-01", "2024-05-31", "parallel=4", &err);
    run("backfill", may, &err);

    /* Change events, from wherever the host reads them; a log or triggers are followed by the library itself. */
    incload_changes *changes = incload_changes_new(lake, "orders", "key=id", &err);
    incload_changes_push(changes, INCLOAD_CHANGE_DELETE, names, gone, 1, 1, 0, &err);
    incload_changes_commit(changes, &err);

    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));
    else
        printf("changes: %" PRId64 " deleted\n", incload_changes_rows_deleted(changes));

    int failed = err != NULL;
    incload_changes_unref(changes);
    incload_step_unref(may);
    incload_step_unref(each);
    incload_strategy_unref(by_day);
    incload_step_unref(large);
    incload_strategy_unref(beside);
    incload_step_unref(small);
    incload_strategy_unref(anew);
    incload_step_unref(orders);
    incload_strategy_unref(newer);
    incload_database_unref(lake);
    incload_database_unref(shop);
    incload_error_unref(err);
    return failed;
}
