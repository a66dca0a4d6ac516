/* SPDX-License-Identifier: Apache-2.0 */
/* What an error tells: the first that occurs stays, and every call behind it does nothing.
 *
 *     errors SOURCE_URL TARGET_URL TABLE */
#include <incload/incload.h>

#include <stdio.h>

static void
tell(const incload_error *error)
{
    printf("%s (%d), %s\n  %s\n", incload_error_name(error), (int)incload_error_code(error),
           incload_error_is_retryable(error) ? "may pass by itself" : "something has to be changed",
           incload_error_message(error));
    for (int32_t i = 0; i < incload_error_detail_count(error); i++)
        printf("  %s: %s\n", incload_error_detail_key(error, i), incload_error_detail_value(error, i));
    if (incload_error_cause(error) != NULL)
        tell(incload_error_cause(error));
}

int
main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: errors SOURCE_URL TARGET_URL TABLE\n");
        return 2;
    }

    incload_error *err = NULL;
    incload_database *shop = incload_database_new(argv[1], NULL, &err);
    incload_database *lake = incload_database_new(argv[2], NULL, &err);
    incload_strategy *how = incload_strategy_new("timestamp", "cursor=updated_at key=id", &err);
    incload_step *step = incload_step_new_load(shop, argv[3], lake, argv[3], how, &err);
    incload_run *run = incload_step_run(step, NULL, &err);
    if (err != NULL)
        tell(err);
    else
        printf("%lld rows written\n", (long long)incload_run_rows_written(run));

    int failed = err != NULL;
    incload_run_unref(run);
    incload_step_unref(step);
    incload_strategy_unref(how);
    incload_database_unref(lake);
    incload_database_unref(shop);
    incload_error_unref(err);
    return failed;
}
