/* SPDX-License-Identifier: Apache-2.0 */
/* Loads a table and proves that the target equals the source; or tells which rows differ, and in which columns.
 *
 *     verify SOURCE_URL TARGET_URL */
#include <incload/incload.h>

#include <stdio.h>

static void
print(const incload_verification *found)
{
    static const char *const kinds[] = { "?", "missing", "extra", "changed", "duplicated" };

    if (incload_verification_is_equal(found)) {
        printf("%lld rows, equal\n", (long long)incload_verification_target_rows(found));
        return;
    }
    printf("%lld missing, %lld extra, %lld changed, %lld duplicated\n",
           (long long)incload_verification_missing(found), (long long)incload_verification_extra(found),
           (long long)incload_verification_changed(found), (long long)incload_verification_duplicated(found));
    for (int32_t i = 0; i < incload_verification_difference_count(found); i++) {
        printf("  %s: %s (%s)\n", kinds[incload_verification_difference_kind(found, i)],
               incload_verification_difference_key(found, i), incload_verification_difference_columns(found, i));
    }
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: verify SOURCE_URL TARGET_URL\n");
        return 2;
    }

    incload_error *err = NULL;
    incload_database *source = incload_database_new(argv[1], NULL, &err);
    incload_database *target = incload_database_new(argv[2], NULL, &err);
    incload_strategy *by_time = incload_strategy_new("timestamp", "cursor=updated key=id", &err);
    incload_step *quakes = incload_step_new_load(source, "earthquakes", target, "verified_earthquakes", by_time, &err);
    incload_run_unref(incload_step_run(quakes, NULL, &err));
    incload_verification *after_load = incload_verify(quakes, NULL, &err);
    if (after_load != NULL)
        print(after_load);

    /* Somebody changes the target by hand. */
    incload_database_execute(target,
                             "UPDATE verified_earthquakes SET mag = 99 WHERE id = "
                             "(SELECT id FROM (SELECT MIN(id) AS id FROM verified_earthquakes) AS first)",
                             NULL, &err);
    incload_verification *after_change = incload_verify(quakes, "list=10", &err);
    if (after_change != NULL)
        print(after_change);
    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));

    int failed = err != NULL;
    incload_verification_unref(after_change);
    incload_verification_unref(after_load);
    incload_step_unref(quakes);
    incload_strategy_unref(by_time);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_error_unref(err);
    return failed;
}
