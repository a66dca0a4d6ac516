/* SPDX-License-Identifier: Apache-2.0 */
/* A host that drives: units by the library's threads, by the host's own, and pulled one by one. */
#include <incload/incload.h>

#include <stdio.h>
#include <string.h>

static int32_t
count(incload_unit *unit, void *user_data)
{
    (void)user_data;
    incload_unit_add_rows(unit, 10, 7);
    return incload_unit_set_result(unit, "seven", 5, NULL) == INCLOAD_OK ? INCLOAD_DONE : INCLOAD_FAIL;
}

static int32_t
sum(incload_unit *unit, void *user_data)
{
    size_t size = 0;
    const char *input = (const char *)incload_unit_input(unit, "count", &size);

    (void)user_data;
    printf("%s hears %.*s\n", incload_unit_step(unit), (int)size, input);
    return INCLOAD_DONE;
}

static int32_t
once_again(incload_unit *unit, void *user_data)
{
    (void)user_data;
    if (incload_unit_attempt(unit) > 1)
        return INCLOAD_DONE;
    incload_unit_again_in(unit, 1);
    return INCLOAD_RETRY;
}

static void
tell(const incload_run *run, const incload_error *err)
{
    printf("%s", incload_run_status_name(run));
    for (int32_t i = 0; i < incload_run_step_count(run); i++)
        printf(", %s %s %ld", incload_run_step_name(run, i), incload_run_step_status_name(run, i),
               (long)incload_run_rows_written(incload_run_step(run, i)));
    printf(", %s\n", err == NULL ? "no error" : incload_error_name(err));
}

static void
days(incload_error **err)
{
    incload_step *step = incload_step_new_backfill("2024-02-28", "2024-03-01", NULL, NULL, NULL, NULL, err);
    incload_run *run = incload_step_start(step, "parallel=0", err);
    incload_unit *unit;

    while ((unit = incload_run_next_unit(run, -1, err)) != NULL) {
        printf("%s of %ld s\n", incload_unit_label(unit),
               (long)((incload_unit_high(unit) - incload_unit_low(unit)) / 1000000));
        incload_unit_complete(unit, strcmp(incload_unit_label(unit), "2024-02-29") == 0 ? INCLOAD_FAIL : INCLOAD_DONE,
                              err);
    }
    incload_error *failure = NULL;
    printf("%d, ", (int)incload_run_wait(run, -1, &failure));
    incload_error_unref(failure);
    printf("%s, %d failed: %s\n", incload_run_status_name(run), (int)incload_run_failed_count(run),
           incload_run_failed_label(run, 0));
    incload_run_unref(run);
    incload_step_unref(step);
}

int
main(void)
{
    incload_error *err = NULL;
    incload_step *first = incload_step_new_function(count, NULL, NULL, &err);
    incload_step *again = incload_step_new_function(once_again, NULL, NULL, &err);
    incload_step *last = incload_step_new_function(sum, NULL, NULL, &err);
    incload_pipeline *all = incload_pipeline_new("all", NULL, &err);

    incload_pipeline_add(all, "count", first, NULL, &err);
    incload_pipeline_add(all, "again", again, NULL, &err);
    incload_pipeline_set(all, "again", "retries", "1", &err);
    incload_pipeline_add(all, "sum", last, "count again", &err);
    incload_run *run = incload_pipeline_run(all, "parallel=2", &err);
    tell(run, err);
    incload_run_unref(run);
    run = incload_pipeline_start(all, "parallel=0", &err);
    incload_run_participate(run, &err);
    incload_run_wait(run, -1, &err);
    tell(run, err);
    incload_run_unref(run);
    incload_error_unref(err);
    err = NULL;
    days(&err);
    incload_pipeline_unref(all);
    incload_step_unref(last);
    incload_step_unref(again);
    incload_step_unref(first);
    incload_error_unref(err);
    return 0;
}
