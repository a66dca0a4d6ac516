/* SPDX-License-Identifier: Apache-2.0 */
/* Pipelines of functions through the public interface: what runs, what is left out, and what is told of it. */
#include <incload/incload.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

/* ---- a pipeline whose steps do as they are told ---- */

typedef struct world {
    incload_error *err;
    incload_pipeline *pipeline;
    incload_run *run;
    pthread_mutex_t lock;
    char trace[512]; /* names of the steps that ran, in order */
    _Atomic int32_t at_once;
    _Atomic int32_t most_at_once;
} world;

typedef struct deed {
    world *w;
    int32_t answer;
    int32_t fails_first; /* this many attempts fail before that */
} deed;

static void
world_begin(world *w)
{
    memset(w, 0, sizeof *w);
    pthread_mutex_init(&w->lock, NULL);
    w->pipeline = incload_pipeline_new("nightly", NULL, &w->err);
    ck_assert_ptr_nonnull(w->pipeline);
}

static void
world_end(world *w)
{
    incload_run_unref(w->run);
    incload_pipeline_unref(w->pipeline);
    incload_error_unref(w->err);
    pthread_mutex_destroy(&w->lock);
}

static void
trace(world *w, const char *name)
{
    pthread_mutex_lock(&w->lock);
    strcat(w->trace, name);
    strcat(w->trace, " ");
    pthread_mutex_unlock(&w->lock);
}

static int32_t
act(incload_unit *unit, void *data)
{
    const deed *d = data;

    trace(d->w, incload_unit_step(unit));
    if (incload_unit_attempt(unit) <= d->fails_first)
        return incload_unit_fail(unit, "not yet");
    return d->answer;
}

static void
add_deed(world *w, const char *name, const char *depends, int32_t answer, int32_t fails_first)
{
    deed *d = malloc(sizeof *d);

    *d = (deed){ w, answer, fails_first };
    incload_step *step = incload_step_new_function(act, d, free, &w->err);
    incload_pipeline_add(w->pipeline, name, step, depends, &w->err);
    incload_step_unref(step);
    ck_assert_msg(w->err == NULL, "%s", incload_error_message(w->err));
}

static void
add(world *w, const char *name, const char *depends)
{
    add_deed(w, name, depends, INCLOAD_DONE, 0);
}

static int32_t
run(world *w, const char *options)
{
    w->run = incload_pipeline_run(w->pipeline, options, &w->err);
    return incload_error_code(w->err);
}

static int32_t
index_of(const world *w, const char *name)
{
    for (int32_t i = 0; i < incload_run_step_count(w->run); i++) {
        if (strcmp(incload_run_step_name(w->run, i), name) == 0)
            return i;
    }
    return -1;
}

static void
ended(const world *w, const char *name, const char *status, const char *reason)
{
    int32_t index = index_of(w, name);

    ck_assert_int_ge(index, 0);
    ck_assert_msg(strcmp(incload_run_step_status_name(w->run, index), status) == 0, "%s: %s", name,
                  incload_run_step_status_name(w->run, index));
    ck_assert_msg(strcmp(incload_run_step_reason(w->run, index), reason) == 0, "%s: %s", name,
                  incload_run_step_reason(w->run, index));
}

static void
says(const world *w, const char *words)
{
    ck_assert_msg(strstr(incload_error_message(w->err), words) != NULL, "%s", incload_error_message(w->err));
}

/* ---- order ---- */

START_TEST(a_step_runs_after_those_it_waits_for)
{
    world w;

    world_begin(&w);
    add(&w, "report", "orders, customers");
    add(&w, "orders", NULL);
    add(&w, "customers", "orders");
    ck_assert_int_eq(run(&w, NULL), INCLOAD_OK);
    ck_assert_str_eq(w.trace, "orders customers report ");
    ck_assert_int_eq(incload_run_status(w.run), INCLOAD_STATUS_SUCCESS);
    ck_assert_int_eq((int)incload_run_count_units(w.run, INCLOAD_STATUS_SUCCESS), 3);
    ended(&w, "report", "SUCCESS", "");
    world_end(&w);
}
END_TEST

typedef struct meeting {
    pthread_barrier_t barrier;
} meeting;

static int32_t
meet(incload_unit *unit, void *data)
{
    meeting *m = data;

    (void)unit;
    pthread_barrier_wait(&m->barrier);
    return INCLOAD_DONE;
}

START_TEST(independent_steps_run_side_by_side)
{
    world w;
    meeting m;

    world_begin(&w);
    pthread_barrier_init(&m.barrier, NULL, 2);
    for (int i = 0; i < 2; i++) {
        incload_step *step = incload_step_new_function(meet, &m, NULL, &w.err);
        incload_pipeline_add(w.pipeline, i == 0 ? "a" : "b", step, NULL, &w.err);
        incload_step_unref(step);
    }
    /* Each waits for the other to have begun. */
    ck_assert_int_eq(run(&w, "parallel=2"), INCLOAD_OK);
    pthread_barrier_destroy(&m.barrier);
    world_end(&w);
}
END_TEST

/* ---- what is wrong is told at once ---- */

START_TEST(all_that_is_wrong_with_a_pipeline_is_told_at_once)
{
    world w;

    world_begin(&w);
    add(&w, "orders", "lines");
    add(&w, "lines", "orders");
    add(&w, "report", "custmers");
    add(&w, "customers", NULL);
    add(&w, "customers", NULL);
    ck_assert_int_eq(incload_pipeline_validate(w.pipeline, &w.err), INCLOAD_E_INVALID);
    says(&w, "pipeline 'nightly' has 3 problems");
    says(&w, "orders -> lines -> orders");
    says(&w, "did you mean 'customers'");
    says(&w, "'customers' is there twice");
    world_end(&w);
}
END_TEST

START_TEST(what_was_wrong_can_be_made_good_before_the_run)
{
    world w;

    world_begin(&w);
    add(&w, "report", "orders");
    ck_assert_int_eq(incload_pipeline_validate(w.pipeline, NULL), INCLOAD_E_INVALID);
    add(&w, "orders", NULL);
    ck_assert_int_eq(incload_pipeline_validate(w.pipeline, &w.err), INCLOAD_OK);
    ck_assert_int_eq(run(&w, NULL), INCLOAD_OK);
    world_end(&w);
}
END_TEST

START_TEST(a_pipeline_stays_as_it_is_once_it_ran)
{
    world w;

    world_begin(&w);
    add(&w, "orders", NULL);
    ck_assert_int_eq(run(&w, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload_pipeline_set(w.pipeline, "orders", "optional", "true", NULL), INCLOAD_E_STATE);
    world_end(&w);
}
END_TEST

START_TEST(an_option_of_a_step_that_there_is_not_names_the_nearest)
{
    world w;

    world_begin(&w);
    add(&w, "orders", NULL);
    ck_assert_int_eq(incload_pipeline_set(w.pipeline, "order", "optional", "true", &w.err), INCLOAD_E_NOT_FOUND);
    says(&w, "did you mean 'orders'?");
    world_end(&w);
}
END_TEST

START_TEST(a_pool_that_there_is_not_is_told)
{
    world w;

    world_begin(&w);
    add(&w, "orders", NULL);
    incload_pipeline_set(w.pipeline, "orders", "pool", "erp", &w.err);
    ck_assert_int_eq(run(&w, NULL), INCLOAD_E_INVALID);
    says(&w, "needs pool 'erp'");
    ck_assert_ptr_null(w.run);
    world_end(&w);
}
END_TEST

/* ---- failures ---- */

START_TEST(a_failure_leaves_out_what_comes_after_it_and_nothing_else)
{
    world w;

    world_begin(&w);
    add_deed(&w, "orders", NULL, 0, 99);
    add(&w, "lines", "orders");
    add(&w, "report", "lines");
    add(&w, "customers", NULL);
    ck_assert_int_eq(run(&w, NULL), INCLOAD_E_CALLBACK);
    says(&w, "1 of 4 steps failed: 'orders': the function for 'orders' failed: not yet");
    ended(&w, "orders", "FAILED", "ERROR");
    ended(&w, "lines", "SKIPPED", "UPSTREAM_FAILED");
    ended(&w, "report", "SKIPPED", "UPSTREAM_FAILED");
    ended(&w, "customers", "SUCCESS", "");
    ck_assert_int_eq(incload_run_failed_count(w.run), 1);
    ck_assert_str_eq(incload_run_failed_label(w.run, 0), "orders");
    ck_assert_int_eq(incload_run_failed_attempts(w.run, 0), 1);
    world_end(&w);
}
END_TEST

START_TEST(the_failure_of_an_optional_step_does_not_fail_the_run)
{
    world w;

    world_begin(&w);
    add_deed(&w, "alert", NULL, INCLOAD_FAIL, 0);
    add(&w, "orders", NULL);
    incload_pipeline_set(w.pipeline, "alert", "optional", "true", &w.err);
    ck_assert_int_eq(run(&w, NULL), INCLOAD_OK);
    ended(&w, "alert", "FAILED", "ERROR");
    ck_assert_int_eq(incload_run_status(w.run), INCLOAD_STATUS_SUCCESS);
    world_end(&w);
}
END_TEST

START_TEST(a_step_with_retries_is_tried_again)
{
    world w;

    world_begin(&w);
    add_deed(&w, "orders", NULL, INCLOAD_DONE, 2);
    incload_pipeline_set(w.pipeline, "orders", "retries", "2", &w.err);
    incload_pipeline_set(w.pipeline, "orders", "retry_delay", "1ms", &w.err);
    ck_assert_int_eq(run(&w, NULL), INCLOAD_OK);
    ck_assert_str_eq(w.trace, "orders orders orders ");
    ended(&w, "orders", "SUCCESS", "");
    ck_assert_ptr_null(incload_run_error(incload_run_step(w.run, 0)));
    world_end(&w);
}
END_TEST

START_TEST(a_failure_for_good_is_not_tried_again)
{
    world w;

    world_begin(&w);
    add_deed(&w, "orders", NULL, INCLOAD_FAIL, 0);
    incload_pipeline_set(w.pipeline, "orders", "retries", "5", &w.err);
    ck_assert_int_eq(run(&w, NULL), INCLOAD_E_CALLBACK);
    ck_assert_str_eq(w.trace, "orders ");
    world_end(&w);
}
END_TEST

/* ---- rules, conditions, branches ---- */

START_TEST(a_rule_lets_a_step_run_though_one_before_it_failed)
{
    world w;

    world_begin(&w);
    add_deed(&w, "orders", NULL, INCLOAD_FAIL, 0);
    add(&w, "report", "orders");
    add(&w, "alert", "orders");
    incload_pipeline_set(w.pipeline, "report", "rule", "all_done", &w.err);
    incload_pipeline_set(w.pipeline, "alert", "rule", "one_failed", &w.err);
    ck_assert_int_eq(run(&w, NULL), INCLOAD_E_CALLBACK);
    ended(&w, "report", "SUCCESS", "");
    ended(&w, "alert", "SUCCESS", "");
    world_end(&w);
}
END_TEST

START_TEST(a_step_that_leaves_itself_out_leaves_out_those_after_it)
{
    world w;

    world_begin(&w);
    add_deed(&w, "orders", NULL, INCLOAD_SKIP, 0);
    add(&w, "lines", "orders");
    ck_assert_int_eq(run(&w, NULL), INCLOAD_OK);
    ended(&w, "orders", "SKIPPED", "SELF");
    ended(&w, "lines", "SKIPPED", "UPSTREAM_SKIPPED");
    world_end(&w);
}
END_TEST

START_TEST(a_short_circuit_succeeds_and_leaves_out_those_after_it)
{
    world w;

    world_begin(&w);
    add_deed(&w, "is_there_anything", NULL, INCLOAD_SHORT_CIRCUIT, 0);
    add(&w, "orders", "is_there_anything");
    ck_assert_int_eq(run(&w, NULL), INCLOAD_OK);
    ended(&w, "is_there_anything", "SUCCESS", "");
    ended(&w, "orders", "SKIPPED", "UPSTREAM_SKIPPED");
    world_end(&w);
}
END_TEST

START_TEST(a_condition_that_does_not_hold_leaves_the_step_out)
{
    static deed never;
    world w;

    world_begin(&w);
    never = (deed){ &w, INCLOAD_SKIP, 0 };
    add(&w, "monthly", NULL);
    add(&w, "invoices", "monthly");
    add(&w, "daily", NULL);
    incload_pipeline_set_condition(w.pipeline, "monthly", act, &never, NULL, &w.err);
    ck_assert_int_eq(run(&w, "parallel=1"), INCLOAD_OK);
    ended(&w, "monthly", "SKIPPED", "CONDITION");
    ended(&w, "invoices", "SKIPPED", "UPSTREAM_SKIPPED");
    ended(&w, "daily", "SUCCESS", "");
    world_end(&w);
}
END_TEST

static int32_t
take_the_left(incload_unit *unit, void *data)
{
    world *w = data;

    ck_assert_int_eq(incload_unit_leave_out(unit, "rigth", NULL), INCLOAD_E_NOT_FOUND);
    ck_assert_int_eq(incload_unit_leave_out(unit, "right", &w->err), INCLOAD_OK);
    return INCLOAD_DONE;
}

START_TEST(a_branch_that_is_not_taken_is_left_out)
{
    world w;

    world_begin(&w);
    incload_step *step = incload_step_new_function(take_the_left, &w, NULL, &w.err);
    incload_pipeline_add(w.pipeline, "fork", step, NULL, &w.err);
    add(&w, "left", "fork");
    add(&w, "right", "fork");
    ck_assert_int_eq(run(&w, NULL), INCLOAD_OK);
    ended(&w, "left", "SUCCESS", "");
    ended(&w, "right", "SKIPPED", "UPSTREAM_SKIPPED");
    incload_step_unref(step);
    world_end(&w);
}
END_TEST

/* ---- cleanup ---- */

START_TEST(a_cleanup_runs_after_a_failure_and_does_not_hide_it)
{
    world w;

    world_begin(&w);
    add(&w, "mount", NULL);
    add_deed(&w, "orders", "mount", INCLOAD_FAIL, 0);
    add(&w, "unmount", NULL);
    incload_pipeline_set(w.pipeline, "unmount", "cleanup_of", "mount", &w.err);
    ck_assert_int_eq(run(&w, NULL), INCLOAD_E_CALLBACK);
    ck_assert_str_eq(w.trace, "mount orders unmount ");
    ended(&w, "unmount", "SUCCESS", "");
    world_end(&w);
}
END_TEST

START_TEST(the_finish_step_runs_last_whatever_happened)
{
    world w;

    world_begin(&w);
    add(&w, "tell", NULL);
    add_deed(&w, "orders", NULL, INCLOAD_FAIL, 0);
    incload_pipeline_set(w.pipeline, "tell", "finish", "true", &w.err);
    ck_assert_int_eq(run(&w, NULL), INCLOAD_E_CALLBACK);
    ck_assert_str_eq(w.trace, "orders tell ");
    world_end(&w);
}
END_TEST

/* ---- results and steps that are added ---- */

static int32_t
leave_result(incload_unit *unit, void *data)
{
    world *w = data;

    ck_assert_int_eq(incload_unit_set_result(unit, "x", 65537, NULL), INCLOAD_E_INVALID);
    return incload_unit_set_result(unit, "orders.csv", 10, &w->err) == INCLOAD_OK ? INCLOAD_DONE : 0;
}

static int32_t
take_result(incload_unit *unit, void *data)
{
    size_t size = 0;
    const void *result = incload_unit_input(unit, "list", &size);

    (void)data;
    return size == 10 && memcmp(result, "orders.csv", 10) == 0 ? INCLOAD_DONE : 0;
}

START_TEST(a_result_is_passed_on)
{
    world w;
    size_t size;

    world_begin(&w);
    incload_step *list = incload_step_new_function(leave_result, &w, NULL, &w.err);
    incload_step *load = incload_step_new_function(take_result, &w, NULL, &w.err);
    incload_pipeline_add(w.pipeline, "list", list, NULL, &w.err);
    incload_pipeline_add(w.pipeline, "load", load, "list", &w.err);
    ck_assert_msg(run(&w, NULL) == INCLOAD_OK, "%s", incload_error_message(w.err));
    ck_assert_ptr_nonnull(incload_run_step_result(w.run, 0, &size));
    ck_assert_int_eq((int)size, 10);
    ck_assert_ptr_null(incload_run_step_result(w.run, 1, &size));
    incload_step_unref(list);
    incload_step_unref(load);
    world_end(&w);
}
END_TEST

static int32_t
add_two(incload_unit *unit, void *data)
{
    deed *d = data;
    incload_step *step = incload_step_new_function(act, d, NULL, &d->w->err);

    incload_unit_add_step(unit, "file 1", step, "report", &d->w->err);
    incload_unit_add_step(unit, "file 2", step, "report", &d->w->err);
    ck_assert_int_eq(incload_unit_add_step(unit, "file 1", step, NULL, NULL), INCLOAD_E_EXISTS);
    ck_assert_int_eq(incload_unit_add_step(unit, "file 3", step, "no such", NULL), INCLOAD_E_NOT_FOUND);
    ck_assert_int_eq(incload_unit_add_step(unit, "file 3", step, NULL, NULL), INCLOAD_E_STATE);
    incload_step_unref(step);
    return d->w->err == NULL ? INCLOAD_DONE : 0;
}

START_TEST(a_unit_adds_steps_to_the_run_before_others)
{
    static deed file;
    world w;

    world_begin(&w);
    file = (deed){ &w, INCLOAD_DONE, 0 };
    incload_step *list = incload_step_new_function(add_two, &file, NULL, &w.err);
    incload_pipeline_add(w.pipeline, "list", list, NULL, &w.err);
    add(&w, "report", "list");
    ck_assert_msg(run(&w, "parallel=1 max_added=2") == INCLOAD_OK, "%s", incload_error_message(w.err));
    ck_assert_int_eq(incload_run_step_count(w.run), 4);
    ck_assert_str_eq(w.trace, "file 1 file 2 report ");
    incload_step_unref(list);
    world_end(&w);
}
END_TEST

/* ---- stopping ---- */

static int32_t
wait_for_the_end(incload_unit *unit, void *data)
{
    world *w = data;

    atomic_fetch_add(&w->at_once, 1);
    while (incload_unit_is_cancelled(unit) == 0)
        sched_yield();
    return 0;
}

START_TEST(cancel_reaches_what_is_at_work_and_what_waits)
{
    world w;

    world_begin(&w);
    incload_step *step = incload_step_new_function(wait_for_the_end, &w, NULL, &w.err);
    incload_pipeline_add(w.pipeline, "long", step, NULL, &w.err);
    add(&w, "after", "long");
    add(&w, "clean", NULL);
    incload_pipeline_set(w.pipeline, "clean", "cleanup_of", "long", &w.err);
    w.run = incload_pipeline_start(w.pipeline, NULL, &w.err);
    while (atomic_load(&w.at_once) == 0)
        sched_yield();
    incload_run_cancel(w.run);
    ck_assert_int_eq(incload_run_wait(w.run, -1, &w.err), INCLOAD_E_CANCELLED);
    ended(&w, "long", "FAILED", "CANCELLED");
    ck_assert_str_eq(w.trace, "clean ");
    incload_step_unref(step);
    world_end(&w);
}
END_TEST

START_TEST(the_time_of_a_run_ends_it)
{
    world w;

    world_begin(&w);
    incload_step *step = incload_step_new_function(wait_for_the_end, &w, NULL, &w.err);
    incload_pipeline_add(w.pipeline, "long", step, NULL, &w.err);
    ck_assert_int_eq(run(&w, "timeout=20ms"), INCLOAD_E_TIMEOUT);
    incload_step_unref(step);
    world_end(&w);
}
END_TEST

START_TEST(the_time_of_a_step_ends_its_attempt)
{
    world w;

    world_begin(&w);
    incload_step *step = incload_step_new_function(wait_for_the_end, &w, NULL, &w.err);
    incload_pipeline_add(w.pipeline, "long", step, NULL, &w.err);
    incload_pipeline_set(w.pipeline, "long", "timeout", "20ms", &w.err);
    ck_assert_int_eq(run(&w, NULL), INCLOAD_E_TIMEOUT);
    ended(&w, "long", "FAILED", "TIMEOUT_ATTEMPT");
    incload_step_unref(step);
    world_end(&w);
}
END_TEST

START_TEST(a_paused_run_starts_nothing_until_it_goes_on)
{
    world w;

    world_begin(&w);
    add(&w, "orders", NULL);
    w.run = incload_pipeline_start(w.pipeline, "paused=true", &w.err);
    ck_assert_int_eq(incload_run_wait(w.run, 30, NULL), INCLOAD_E_TIMEOUT);
    ck_assert_str_eq(w.trace, "");
    ck_assert_str_eq(incload_run_step_reason(w.run, 0), "PAUSED");
    incload_run_continue(w.run);
    ck_assert_int_eq(incload_run_wait(w.run, -1, &w.err), INCLOAD_OK);
    ck_assert_str_eq(w.trace, "orders ");
    world_end(&w);
}
END_TEST

START_TEST(a_run_that_is_let_go_ends_by_itself)
{
    world w;

    world_begin(&w);
    incload_step *step = incload_step_new_function(wait_for_the_end, &w, NULL, &w.err);
    incload_pipeline_add(w.pipeline, "long", step, NULL, &w.err);
    incload_run *let_go = incload_pipeline_start(w.pipeline, NULL, &w.err);
    while (atomic_load(&w.at_once) == 0)
        sched_yield();
    incload_run_unref(let_go);
    incload_step_unref(step);
    world_end(&w);
}
END_TEST

/* ---- driven by the host ---- */

START_TEST(the_host_pulls_units_and_completes_them)
{
    world w;

    world_begin(&w);
    incload_step *step = incload_step_new_function(NULL, NULL, NULL, &w.err);
    incload_pipeline_add(w.pipeline, "a", step, NULL, &w.err);
    add(&w, "between", "a");
    incload_pipeline_add(w.pipeline, "b", step, "between", &w.err);
    ck_assert_ptr_null(incload_pipeline_start(w.pipeline, "parallel=2", NULL));
    w.run = incload_pipeline_start(w.pipeline, "parallel=0", &w.err);
    for (int i = 0; i < 2; i++) {
        incload_unit *unit = incload_run_next_unit(w.run, -1, &w.err);
        ck_assert_str_eq(incload_unit_step(unit), i == 0 ? "a" : "b");
        ck_assert_ptr_null(incload_run_next_unit(w.run, 0, &w.err));
        ck_assert_int_eq(incload_unit_complete(unit, INCLOAD_DONE, &w.err), INCLOAD_OK);
    }
    ck_assert_ptr_null(incload_run_next_unit(w.run, -1, &w.err));
    ck_assert_int_eq(incload_run_wait(w.run, -1, &w.err), INCLOAD_OK);
    ck_assert_str_eq(w.trace, "between ");
    incload_step_unref(step);
    world_end(&w);
}
END_TEST

START_TEST(a_thread_of_the_host_takes_part)
{
    world w;

    world_begin(&w);
    add(&w, "orders", NULL);
    add(&w, "report", "orders");
    w.run = incload_pipeline_start(w.pipeline, "parallel=0", &w.err);
    ck_assert_int_eq(incload_run_participate(w.run, &w.err), INCLOAD_OK);
    ck_assert_int_eq(incload_run_wait(w.run, -1, &w.err), INCLOAD_OK);
    ck_assert_str_eq(w.trace, "orders report ");
    world_end(&w);
}
END_TEST

/* ---- events ---- */

START_TEST(events_tell_the_steps_and_end_with_the_run)
{
    incload_error *err = NULL;
    incload_context *context = incload_context_new(NULL, &err);
    world w;
    char told[256] = "";

    world_begin(&w);
    incload_pipeline_unref(w.pipeline);
    w.pipeline = incload_pipeline_new("nightly", context, &w.err);
    add(&w, "orders", NULL);
    ck_assert_int_eq(run(&w, NULL), INCLOAD_OK);
    for (incload_event *event = NULL; (event = incload_context_next_event(context, 0, &err)) != NULL;) {
        char *at = told + strlen(told);
        ck_assert_str_eq(incload_event_run_id(event), incload_run_id(w.run));
        at[0] = (char)('0' + incload_event_kind(event));
        at[1] = '\0';
        incload_event_unref(event);
    }
    /* Run and unit started, unit, step and run finished. */
    ck_assert_str_eq(told, "12475");
    world_end(&w);
    incload_context_unref(context);
}
END_TEST

/* ---- without memory ---- */

typedef struct scarce {
    _Atomic int64_t left;
    _Atomic int64_t held;
} scarce;

static void *
scarce_allocate(size_t size, void *data)
{
    scarce *s = data;

    if (atomic_fetch_sub(&s->left, 1) == 1)
        return NULL;
    atomic_fetch_add(&s->held, 1);
    return malloc(size);
}

static void *
scarce_reallocate(void *block, size_t size, void *data)
{
    scarce *s = data;

    if (block == NULL)
        return scarce_allocate(size, data);
    return atomic_fetch_sub(&s->left, 1) == 1 ? NULL : realloc(block, size);
}

static void
scarce_release(void *block, void *data)
{
    scarce *s = data;

    atomic_fetch_sub(&s->held, block != NULL ? 1 : 0);
    free(block);
}

/* One allocation fails: of the whole run, the one with that number. True when none did any more. */
static bool
run_with_one_failure(int64_t number)
{
    static const incload_allocator allocator = { .struct_size = sizeof allocator,
                                                 .allocate = scarce_allocate,
                                                 .reallocate = scarce_reallocate,
                                                 .release = scarce_release };
    scarce s = { .left = number };
    incload_error *err = NULL;
    world w;

    world_begin(&w);
    incload_pipeline_unref(w.pipeline);
    incload_context *context = incload_context_new("events=0", &err);
    incload_context_set_allocator(context, &allocator, &s, NULL, &err);
    w.pipeline = incload_pipeline_new("nightly", context, &w.err);
    static deed d;
    d = (deed){ &w, INCLOAD_DONE, 0 };
    incload_step *step = incload_step_new_function(act, &d, NULL, &w.err);
    incload_pipeline_add(w.pipeline, "orders", step, NULL, &w.err);
    incload_pipeline_add(w.pipeline, "report", step, "orders", &w.err);
    incload_pipeline_set(w.pipeline, "report", "pool", "erp", &w.err);
    incload_pipeline_add_pool(w.pipeline, "erp", 1, &w.err);
    w.run = incload_pipeline_run(w.pipeline, "parallel=1 max_added=0", &w.err);
    if (w.err == NULL)
        ck_assert_str_eq(w.trace, "orders report ");
    else
        ck_assert_msg(incload_error_code(w.err) == INCLOAD_E_NO_MEMORY, "%d: %s", (int)number,
                      incload_error_message(w.err));
    incload_step_unref(step);
    world_end(&w);
    incload_context_unref(context);
    ck_assert_int_eq((int)s.held, 0);
    return s.left > 0;
}

START_TEST(every_allocation_that_fails_is_told_and_nothing_is_lost)
{
    int64_t number = 1;

    while (number < 1000 && !run_with_one_failure(number))
        number++;
    ck_assert_int_gt((int)number, 20);
    ck_assert_int_lt((int)number, 1000);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_step_runs_after_those_it_waits_for);
    tcase_add_test(tests, independent_steps_run_side_by_side);
    tcase_add_test(tests, all_that_is_wrong_with_a_pipeline_is_told_at_once);
    tcase_add_test(tests, what_was_wrong_can_be_made_good_before_the_run);
    tcase_add_test(tests, a_pipeline_stays_as_it_is_once_it_ran);
    tcase_add_test(tests, an_option_of_a_step_that_there_is_not_names_the_nearest);
    tcase_add_test(tests, a_pool_that_there_is_not_is_told);
    tcase_add_test(tests, a_failure_leaves_out_what_comes_after_it_and_nothing_else);
    tcase_add_test(tests, the_failure_of_an_optional_step_does_not_fail_the_run);
    tcase_add_test(tests, a_step_with_retries_is_tried_again);
    tcase_add_test(tests, a_failure_for_good_is_not_tried_again);
    tcase_add_test(tests, a_rule_lets_a_step_run_though_one_before_it_failed);
    tcase_add_test(tests, a_step_that_leaves_itself_out_leaves_out_those_after_it);
    tcase_add_test(tests, a_short_circuit_succeeds_and_leaves_out_those_after_it);
    tcase_add_test(tests, a_condition_that_does_not_hold_leaves_the_step_out);
    tcase_add_test(tests, a_branch_that_is_not_taken_is_left_out);
    tcase_add_test(tests, a_cleanup_runs_after_a_failure_and_does_not_hide_it);
    tcase_add_test(tests, the_finish_step_runs_last_whatever_happened);
    tcase_add_test(tests, a_result_is_passed_on);
    tcase_add_test(tests, a_unit_adds_steps_to_the_run_before_others);
    tcase_add_test(tests, cancel_reaches_what_is_at_work_and_what_waits);
    tcase_add_test(tests, the_time_of_a_run_ends_it);
    tcase_add_test(tests, the_time_of_a_step_ends_its_attempt);
    tcase_add_test(tests, a_paused_run_starts_nothing_until_it_goes_on);
    tcase_add_test(tests, a_run_that_is_let_go_ends_by_itself);
    tcase_add_test(tests, the_host_pulls_units_and_completes_them);
    tcase_add_test(tests, a_thread_of_the_host_takes_part);
    tcase_add_test(tests, events_tell_the_steps_and_end_with_the_run);
    tcase_add_test(tests, every_allocation_that_fails_is_told_and_nothing_is_lost);
}

HARNESS_MAIN("pipeline", add_tests)
