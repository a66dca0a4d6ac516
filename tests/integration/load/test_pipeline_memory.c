/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of a run that a ledger keeps fails once: the run says so or does without it, gives all back, and can
 * be gone on with. */
#include "pipelines.h"

#include <stdlib.h>

/* An allocator of which one allocation fails. */
typedef struct lender {
    atomic_llong made;
    long long failing;
    atomic_llong live;
} lender;

static bool
refuses(lender *from)
{
    return atomic_fetch_add(&from->made, 1) + 1 == from->failing;
}

static void *
lend(size_t size, void *data)
{
    lender *from = data;
    void *block = refuses(from) ? NULL : malloc(size);

    atomic_fetch_add(&from->live, block != NULL);
    return block;
}

static void *
lend_more(void *block, size_t size, void *data)
{
    lender *from = data;
    void *larger = refuses(from) ? NULL : realloc(block, size);

    atomic_fetch_add(&from->live, larger != NULL && block == NULL);
    return larger;
}

static void
take_back(void *block, void *data)
{
    lender *from = data;

    atomic_fetch_sub(&from->live, 1);
    free(block);
}

/* By the lender's memory from the beginning: NULL when the pipeline could not even be made. */
static int32_t
run_lent(lender *from, place at, const char *name, const char *options)
{
    incload_allocator allocator = {
        .struct_size = sizeof allocator, .allocate = lend, .reallocate = lend_more, .release = take_back
    };
    incload_error *err = NULL;
    incload_context *context = incload_context_new(NULL, &err);

    well(incload_context_set_allocator(context, &allocator, from, NULL, &err));
    incload_database *ledger = incload_database_new_in(context, place_url(at.kind, 0), NULL, &err);
    incload_pipeline *pipeline = incload_pipeline_new(name, context, &err);
    incload_step *fetch = incload_step_new_function(name_files, &seen->begun[FILES], NULL, &err);
    incload_step *left = incload_step_new_function(count, &seen->begun[REPORT], NULL, &err);
    incload_pipeline_set_ledger(pipeline, ledger, &err);
    incload_pipeline_add(pipeline, "files", fetch, NULL, &err);
    incload_pipeline_add(pipeline, "report", left, "files", &err);
    incload_run *run = incload_pipeline_run(pipeline, options, &err);
    int32_t code = incload_error_code(err);
    ck_assert_msg((code == 0) == (run != NULL && incload_run_status(run) == INCLOAD_STATUS_SUCCESS),
                  "allocation %lld: %s", from->failing, incload_error_message(err));
    /* The function fails when there is no memory for its result. */
    ck_assert_msg(code == 0 || code == INCLOAD_E_NO_MEMORY || code == INCLOAD_E_CALLBACK, "allocation %lld: %s",
                  from->failing, incload_error_message(err));
    incload_run_unref(run);
    incload_step_unref(fetch);
    incload_step_unref(left);
    incload_pipeline_unref(pipeline);
    incload_database_unref(ledger);
    incload_context_unref(context);
    forget(&err);
    /* The thread that kept the lease may be the last to go. */
    for (int64_t until = now_ms() + 5000; atomic_load(&from->live) != 0 && now_ms() < until;)
        pause_ms(1);
    ck_assert_msg(atomic_load(&from->live) == 0, "allocation %lld: %lld blocks were not given back", from->failing,
                  (long long)atomic_load(&from->live));
    return code;
}

START_TEST(a_run_with_a_ledger_survives_each_single_failed_allocation)
{
    enum { STRIDE = 3 };
    place at = place_open(SQLITE, 0);
    lender all = { .failing = 0 };
    char options[80];
    int failed = 0;

    share();
    ck_assert_int_eq(run_lent(&all, at, "memory", "parallel=1"), INCLOAD_OK);
    long long last = atomic_load(&all.made);
    ck_assert_int_gt(last, 100);
    for (long long i = 1 + _i; i <= last; i += STRIDE) {
        lender from = { .failing = i }, again = { .failing = 0 };
        snprintf(options, sizeof options, "parallel=1 lease=200 run_key=memory-%lld", i);
        int32_t code = run_lent(&from, at, "memory", options);
        failed += code != INCLOAD_OK;
        /* What was written of it is in order: it goes on to its end, or is told as it ended. */
        if (i % 5 == 0 && code == INCLOAD_OK)
            ck_assert_int_eq(run_lent(&again, at, "memory", options), INCLOAD_OK);
    }
    printf("# %d of %lld allocations failed the run\n", failed * STRIDE, last);
    ck_assert_int_gt(failed, 20);
    place_close(at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_run_with_a_ledger_survives_each_single_failed_allocation, 0, 3);
}

int
main(void)
{
    return run_tests("pipeline_memory", 120, add_tests);
}
