/* SPDX-License-Identifier: Apache-2.0 */
/* Follows a table whose database shows no log: triggers write down which rows were touched, and how these rows are now
 * is carried to the target. The first time with the word install, which makes the triggers and copies the table; then
 * as often as there may be changes.
 *
 *     change_table SOURCE_URL TARGET_URL [install] */
#include <incload/incload.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int
main(int argc, char **argv)
{
    int64_t waiting = 0, age = 0;

    if (argc < 3 || argc > 4 || (argc == 4 && strcmp(argv[3], "install") != 0)) {
        fprintf(stderr, "usage: change_table SOURCE_URL TARGET_URL [install]\n");
        return 2;
    }

    incload_error *err = NULL;
    incload_database *source = incload_database_new(argv[1], NULL, &err);
    incload_database *target = incload_database_new(argv[2], NULL, &err);
    incload_capture *changes = incload_capture_new(source, "customers", target, "customers_copy", "key=id", &err);

    /* In this order: what changes while the table is copied is caught already. */
    if (argc == 4) {
        incload_capture_install(changes, &err);
        incload_capture_load(changes, &err);
    }
    incload_capture_pending(changes, &waiting, &age, &err);
    incload_capture_run(changes, &err);
    if (err == NULL)
        printf("%" PRId64 " of %" PRId64 " changes consumed: %" PRId64 " rows written, %" PRId64 " deleted\n",
               incload_capture_consumed(changes), waiting, incload_capture_rows_written(changes),
               incload_capture_rows_deleted(changes));
    else
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));

    int failed = err != NULL;
    incload_capture_unref(changes);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_error_unref(err);
    return failed;
}
