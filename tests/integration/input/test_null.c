/* SPDX-License-Identifier: Apache-2.0 */
/* No public function crashes for want of an argument, and what cannot do without one says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <incload/incload.h>
#include <incload/mock.h>

#include <check.h>

static struct {
    incload_error *error;
    incload_context *context;
    incload_database *database;
    incload_strategy *strategy;
    incload_watermark *watermark;
    incload_watermark_list *watermark_list;
    incload_history *history;
    incload_step *step;
    incload_run *run;
    incload_verification *verification;
    incload_recommendation *recommendation;
    incload_plan *plan;
    incload_lint *lint;
    incload_pipeline *pipeline;
    incload_backfill_plan *backfill_plan;
    incload_changes *changes;
    incload_debezium *debezium;
    incload_capture *capture;
    incload_call *call;
    incload_stream *stream;
    incload_database *nowhere;
    incload_unit *unit;
    incload_event *event;
    incload_mock *mock;
    struct ArrowArrayStream array_stream;
    struct ArrowSchema schema;
    struct ArrowArray array;
    incload_allocator allocator;
    incload_clock clock;
    incload_random_fn random;
    incload_batch_fn batch_function;
    incload_check_fn check_function;
    incload_unit_fn unit_function;
    incload_write_fn write_function;
    incload_debezium_fn debezium_function;
    incload_changes_fetch_fn fetch_function;
    const uint8_t bits[1];
    const char *const texts[4];
    int64_t number;
    uint64_t place;
    incload_error *err; /* where the calls put theirs */
} valid = { .texts = { "1", "2", "3", "4" } };

static uint64_t
seven(void *data)
{
    (void)data;
    return 7;
}

static int32_t
pass(incload_unit *unit, incload_batch *batch, void *data)
{
    (void)unit;
    (void)batch;
    (void)data;
    return INCLOAD_DONE;
}

static int32_t
let_pass(incload_unit *unit, int64_t read, int64_t staged, void *data)
{
    (void)unit;
    (void)read;
    (void)staged;
    (void)data;
    return INCLOAD_DONE;
}

static int32_t
work(incload_unit *unit, void *data)
{
    (void)unit;
    (void)data;
    return INCLOAD_DONE;
}

static void
done(const char *call)
{
    (void)call;
    incload_error_unref(valid.err);
    valid.err = NULL;
    if (valid.array_stream.release != NULL)
        valid.array_stream.release(&valid.array_stream);
    memset(&valid.array_stream, 0, sizeof valid.array_stream);
}

/* What fails says so in both ways. */
static void
answered(int32_t status, const char *call)
{
    ck_assert_msg((status < 0) == (valid.err != NULL) || status == INCLOAD_E_TIMEOUT, "%s gave %d, and '%s'", call,
                  (int)status, incload_error_message(valid.err));
    ck_assert_msg(valid.err == NULL || strlen(incload_error_message(valid.err)) > 10, "%s says nothing", call);
    done(call);
}

static int32_t
take(const char *text, size_t size, void *data)
{
    (void)text;
    (void)size;
    (void)data;
    return INCLOAD_DONE;
}

static int32_t
fetch(incload_changes *changes, incload_unit *unit, void *data)
{
    (void)changes;
    (void)unit;
    (void)data;
    return INCLOAD_DONE;
}

static int32_t
take_message(const char *key, size_t key_size, const char *value, size_t value_size, void *data)
{
    (void)key;
    (void)key_size;
    (void)value;
    (void)value_size;
    (void)data;
    return INCLOAD_DONE;
}

/* Without a handle it needs. */
static void
refused(int32_t status, const char *call)
{
    ck_assert_msg(status == INCLOAD_E_INVALID, "%s gave %s", call, incload_status_name(status));
    answered(status, call);
}

#include "null_calls.h"

static void
set_up(void)
{
    incload_error *err = NULL;

    valid.mock = incload_mock_new(&err);
    incload_mock_table(valid.mock, "orders", "id", "bigint", "id", &err);
    incload_mock_table(valid.mock, "copies", "id", "bigint", "id", &err);
    valid.context = incload_context_new(NULL, &err);
    valid.database = incload_mock_database(valid.mock, valid.context, NULL, NULL, &err);
    valid.strategy = incload_strategy_new_in(valid.context, "append", NULL, &err);
    valid.step = incload_step_new_load(valid.database, "orders", valid.database, "copies", valid.strategy, &err);
    valid.run = incload_step_run(valid.step, NULL, &err);
    valid.verification = incload_verification_new(valid.step, NULL, &err);
    valid.recommendation = incload_strategy_recommend("rows=1", &err);
    valid.plan = incload_step_plan(valid.step, &err);
    valid.lint = incload_step_lint(valid.step, NULL);
    valid.pipeline = incload_pipeline_new("nightly", valid.context, &err);
    incload_step *days = incload_step_new_backfill("2024-01-01", "2024-01-31", NULL, work, NULL, NULL, &err);
    valid.backfill_plan = incload_backfill_plan_new(days, &err);
    incload_step_unref(days);
    valid.changes = incload_changes_new(valid.database, "copies", NULL, &err);
    valid.fetch_function = fetch;
    valid.debezium_function = take_message;
    valid.debezium = incload_debezium_new(valid.database, "copies", NULL, take_message, NULL, NULL, &err);
    valid.capture = incload_capture_new(valid.database, "orders", valid.database, "copies", NULL, &err);
    valid.call = incload_call_new(valid.database, &err);
    valid.nowhere = incload_database_new_in(valid.context, "postgresql://nobody@127.0.0.1:1/none", NULL, &err);
    valid.stream = incload_stream_new(valid.nowhere, valid.database, "retries=0", &err);
    valid.watermark = incload_watermark_open(valid.database, "copies", &err);
    valid.watermark_list = incload_watermark_list_new(valid.database, &err);
    valid.history = incload_history_new(valid.database, NULL, 1, &err);
    valid.event = incload_context_next_event(valid.context, 0, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_ptr_nonnull(valid.event);
    /* A host gets one to write to only inside a process function; it is the same object. */
    valid.unit = (incload_unit *)(uintptr_t)incload_run_unit(valid.run, 0);
    valid.random = seven;
    valid.batch_function = pass;
    valid.check_function = let_pass;
    valid.unit_function = work;
    valid.write_function = take;
    valid.error = NULL;
    incload_database_set(NULL, NULL, NULL, &valid.error);
    ck_assert_ptr_nonnull(valid.error);
}

static void
tear_down(void)
{
    incload_error_unref(valid.error);
    incload_event_unref(valid.event);
    incload_history_unref(valid.history);
    incload_watermark_list_unref(valid.watermark_list);
    incload_watermark_unref(valid.watermark);
    incload_run_unref(valid.run);
    incload_verification_unref(valid.verification);
    incload_recommendation_unref(valid.recommendation);
    incload_plan_unref(valid.plan);
    incload_lint_unref(valid.lint);
    incload_pipeline_unref(valid.pipeline);
    incload_backfill_plan_unref(valid.backfill_plan);
    incload_capture_unref(valid.capture);
    incload_call_unref(valid.call);
    incload_changes_unref(valid.changes);
    incload_debezium_unref(valid.debezium);
    incload_stream_unref(valid.stream);
    incload_database_unref(valid.nowhere);
    incload_step_unref(valid.step);
    incload_strategy_unref(valid.strategy);
    incload_database_unref(valid.database);
    incload_context_unref(valid.context);
    incload_mock_unref(valid.mock);
}

START_TEST(every_function_stands_missing_arguments)
{
    call_everything();
    ck_assert_int_gt(CALLS, 300);
}
END_TEST

START_TEST(a_sticky_error_stops_every_call_with_nothing_at_once)
{
    incload_error *sticky = incload_error_ref(valid.error);

    ck_assert_int_eq(incload_database_check(NULL, &sticky), INCLOAD_E_INVALID);
    ck_assert_ptr_null(incload_step_run(NULL, NULL, &sticky));
    ck_assert_ptr_null(incload_watermark_open(NULL, NULL, &sticky));
    ck_assert_int_eq(incload_run_wait(NULL, -1, &sticky), INCLOAD_E_INVALID);
    ck_assert_ptr_eq(sticky, valid.error);
    incload_error_unref(sticky);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("null");
    TCase *tests = tcase_create("null");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, every_function_stands_missing_arguments);
    tcase_add_test(tests, a_sticky_error_stops_every_call_with_nothing_at_once);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
