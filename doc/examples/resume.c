/* SPDX-License-Identifier: Apache-2.0 */
/* A pipeline of three steps whose run is kept: called again after a failure it goes on from the step that failed.
 *
 *     resume LEDGER_URL FILE */
#include <incload/incload.h>

#include <stdio.h>

static int32_t
fetch(incload_unit *unit, void *data)
{
    (void)data;
    printf("fetched\n");
    return incload_unit_set_result(unit, "3", 1, NULL) == INCLOAD_OK ? INCLOAD_DONE : INCLOAD_FAIL;
}

/* Sees what `fetch` left, in whichever process that was. */
static int32_t
check(incload_unit *unit, void *file_name)
{
    FILE *file = fopen(file_name, "r");
    size_t size = 0;

    if (file == NULL) {
        incload_unit_fail(unit, "there is no such file yet");
        return INCLOAD_FAIL;
    }
    fclose(file);
    const char *orders = incload_unit_input(unit, "fetch", &size);
    printf("checked what fetch left: %.*s orders\n", (int)size, orders);
    return INCLOAD_DONE;
}

static int32_t
publish(incload_unit *unit, void *data)
{
    (void)unit;
    (void)data;
    printf("published\n");
    return INCLOAD_DONE;
}

static void
add(incload_pipeline *pipeline, const char *name, incload_unit_fn function, void *data, const char *after,
    incload_error **err)
{
    incload_step *step = incload_step_new_function(function, data, NULL, err);

    incload_pipeline_add(pipeline, name, step, after, err);
    incload_step_unref(step);
}

/* The newest run of the pipeline, as the ledger knows it. */
static void
tell(incload_database *ledger, incload_error **err)
{
    incload_history *runs = incload_history_new(ledger, "nightly", 1, err);
    incload_unit_history *steps = incload_unit_history_new(ledger, incload_history_run_id(runs, 0), 0, 100, err);

    printf("%s, attempt %lld\n", incload_history_status_name(runs, 0), (long long)incload_history_attempt(runs, 0));
    for (int32_t i = 0; i < incload_unit_history_count(steps); i++)
        printf("  %-7s %s%s%s\n", incload_unit_history_label(steps, i), incload_unit_history_status_name(steps, i),
               incload_unit_history_error_code(steps, i) != 0 ? " " : "", incload_unit_history_error(steps, i));
    incload_unit_history_unref(steps);
    incload_history_unref(runs);
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: resume LEDGER_URL FILE\n");
        return 2;
    }

    incload_error *err = NULL, *failure = NULL;
    incload_database *ledger = incload_database_new(argv[1], NULL, &err);
    incload_pipeline *nightly = incload_pipeline_new("nightly", NULL, &err);
    incload_pipeline_set_ledger(nightly, ledger, &err);
    add(nightly, "fetch", fetch, NULL, NULL, &err);
    add(nightly, "check", check, argv[2], "fetch", &err);
    add(nightly, "publish", publish, NULL, "check", &err);

    incload_history *before = incload_history_new(ledger, "nightly", 1, &err);
    int failed_before =
        incload_history_count(before) > 0 && incload_history_status(before, 0) != INCLOAD_STATUS_SUCCESS;
    incload_run *run = NULL;
    if (err == NULL && failed_before)
        run = incload_pipeline_resume(nightly, incload_history_run_id(before, 0), NULL, &failure);
    else if (err == NULL)
        run = incload_pipeline_run(nightly, NULL, &failure);
    if (run != NULL)
        tell(ledger, &err);
    if (err != NULL || failure != NULL)
        fprintf(stderr, "%s\n", incload_error_message(err != NULL ? err : failure));

    int failed = err != NULL || failure != NULL;
    incload_run_unref(run);
    incload_history_unref(before);
    incload_pipeline_unref(nightly);
    incload_database_unref(ledger);
    incload_error_unref(failure);
    incload_error_unref(err);
    return failed;
}
