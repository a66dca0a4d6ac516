/* SPDX-License-Identifier: Apache-2.0 */
/* One verification, as a benchmark's side: verify_once SOURCE TABLE TARGET TABLE PRESET OPTIONS VERIFY_OPTIONS; or a
 * plain reading of every row, as what it is measured against: verify_once URL TABLE. */
#include <incload/incload.h>

#include <stdio.h>

static int
scan(const char *url, const char *table)
{
    char query[300];
    long long rows = 0;
    incload_error *err = NULL;
    struct ArrowArrayStream stream;
    incload_database *database = incload_database_new(url, NULL, &err);

    snprintf(query, sizeof query, "SELECT * FROM %s", table);
    if (incload_database_query(database, query, &stream, &err) == INCLOAD_OK) {
        struct ArrowArray batch;
        while (stream.get_next(&stream, &batch) == 0 && batch.release != NULL) {
            rows += batch.length;
            batch.release(&batch);
        }
        if (stream.get_last_error(&stream) != NULL)
            fprintf(stderr, "%s\n", stream.get_last_error(&stream));
        stream.release(&stream);
        printf("%lld rows\n", rows);
    } else {
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));
    }
    int failed = err != NULL;
    incload_error_unref(err);
    incload_database_unref(database);
    return failed;
}

int
main(int argc, char **argv)
{
    if (argc == 3)
        return scan(argv[1], argv[2]);
    if (argc != 8) {
        fprintf(stderr, "usage: verify_once SOURCE TABLE TARGET TABLE PRESET OPTIONS VERIFY_OPTIONS\n");
        return 2;
    }
    incload_error *err = NULL;
    incload_database *source = incload_database_new(argv[1], NULL, &err);
    incload_database *target = incload_database_new(argv[3], NULL, &err);
    incload_strategy *strategy = incload_strategy_new(argv[5], argv[6], &err);
    incload_step *step = incload_step_new_load(source, argv[2], target, argv[4], strategy, &err);
    incload_verification *found = incload_verify(step, argv[7], &err);

    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));
    else
        printf("%lld and %lld rows, %s by %s: %s\n", (long long)incload_verification_source_rows(found),
               (long long)incload_verification_target_rows(found),
               incload_verification_is_equal(found) ? "equal" : "not equal", incload_verification_digest(found),
               incload_verification_digest_reason(found));

    int failed = err != NULL || !incload_verification_is_equal(found);
    incload_verification_unref(found);
    incload_step_unref(step);
    incload_strategy_unref(strategy);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_error_unref(err);
    return failed;
}
