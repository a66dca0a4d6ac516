/* SPDX-License-Identifier: Apache-2.0 */
/* A host program's first load, from one SQLite file into another: load SOURCE_URL TARGET_URL */
#include <incload/incload.h>

#include <stdio.h>

static int64_t
load_once(incload_database *shop, incload_database *lake, incload_strategy *by_time, incload_error **err)
{
    incload_step *orders = incload_step_new_load(shop, "orders", lake, "orders", by_time, err);
    incload_run *run = incload_step_run(orders, NULL, err);
    int64_t rows = incload_run_rows_written(run);

    incload_run_unref(run);
    incload_step_unref(orders);
    return rows;
}

int
main(int argc, char **argv)
{
    if (argc != 3)
        return 2;

    incload_error *err = NULL;
    incload_database *shop = incload_database_new(argv[1], NULL, &err);
    incload_database *lake = incload_database_new(argv[2], NULL, &err);
    incload_strategy *by_time = incload_strategy_new("timestamp", "cursor=updated key=id", &err);

    incload_database_execute(shop, "CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT, updated TEXT NOT NULL)",
                             NULL, &err);
    incload_database_execute(shop,
                             "INSERT INTO orders VALUES (1, 'tea', '2024-01-01 08:00:00'), "
                             "(2, 'cake', '2024-01-01 09:00:00'), (3, 'milk', '2024-01-02 08:00:00')",
                             NULL, &err);
    int64_t first = load_once(shop, lake, by_time, &err);
    incload_database_execute(shop, "UPDATE orders SET item = 'pie', updated = '2024-01-03 08:00:00' WHERE id = 2", NULL,
                             &err);
    int64_t second = load_once(shop, lake, by_time, &err);

    int wrong = err != NULL || first != 3 || second != 1;
    printf("%lld rows, then %lld; %s\n", (long long)first, (long long)second, incload_error_message(err));
    incload_strategy_unref(by_time);
    incload_database_unref(lake);
    incload_database_unref(shop);
    incload_error_unref(err);
    return wrong;
}
