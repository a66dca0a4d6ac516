/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation behind each family of public functions fails, one after the other, once and for good: the call says
 * so or does without it, what it says it has done is done, and everything is given back. */
#include "lender.h"
#include "rig.h"

#include <incload/advice.h>
#include <incload/debezium.h>
#include <incload/history.h>

/* One life of the objects of a family in that context. */
typedef void (*face_fn)(incload_context *context, incload_error **err);

/* ---- what they need ---- */

typedef struct place {
    incload_mock *mock;
    incload_database *database;
} place;

/* With the source's rows, or an empty table of the same shape. */
static place
place_open(incload_context *context, bool rows, incload_error **err)
{
    static const char *const version[] = { "4" };
    const char *types = rig_types("postgres");
    place at = { .mock = incload_mock_new(NULL) };

    if (rows)
        rig_tell_source(at.mock, types);
    else
        incload_mock_table(at.mock, "orders", "id,updated,item", types, "id", NULL);
    incload_mock_answer_rows(at.mock, "SELECT MAX(version)%", 0, "version", "bigint", version, 1, NULL);
    at.database = incload_mock_database(at.mock, context, "mock:dialect=postgres", NULL, err);
    return at;
}

static void
place_close(place *at)
{
    incload_database_unref(at->database);
    incload_mock_unref(at->mock);
}

static int32_t
write_nothing(const char *text, size_t size, void *data)
{
    (void)text;
    *(int64_t *)data += (int64_t)size;
    return INCLOAD_DONE;
}

static int32_t
count_unit(incload_unit *unit, void *data)
{
    atomic_fetch_add((_Atomic int32_t *)data, 1);
    incload_unit_add_rows(unit, 3, 2);
    return INCLOAD_DONE;
}

static int32_t
hand_over(incload_unit *unit, void *data)
{
    incload_error *err = NULL;

    atomic_fetch_add((_Atomic int32_t *)data, 1);
    int32_t status = incload_unit_set_result(unit, "tea", 4, &err);
    incload_error_unref(err);
    return status == INCLOAD_OK ? INCLOAD_DONE : incload_unit_fail(unit, "no memory for the result");
}

static int32_t
take_over(incload_unit *unit, void *data)
{
    size_t size = 0;
    const char *text = incload_unit_input(unit, "first", &size);

    atomic_fetch_add((_Atomic int32_t *)data, 1);
    return text != NULL && size == 4 && strcmp(text, "tea") == 0 ? INCLOAD_DONE
                                                                 : incload_unit_fail(unit, "the result is gone");
}

/* A step of an own function, in the context. */
static incload_step *
function_step(incload_context *context, incload_unit_fn function, _Atomic int32_t *calls, incload_error **err)
{
    incload_step *step = incload_step_new_function(function, calls, NULL, err);

    incload_step_set_context(step, context, err);
    return step;
}

/* first -> second -> third, and one beside them. */
static incload_pipeline *
pipeline_of_four(incload_context *context, _Atomic int32_t *calls, incload_error **err)
{
    static const struct {
        const char *name, *behind;
        incload_unit_fn function;
    } steps[] = {
        { "first", NULL, hand_over },
        { "second", "first", take_over },
        { "third", "first,second", count_unit },
        { "beside", NULL, count_unit },
    };
    incload_pipeline *pipeline = incload_pipeline_new("shop", context, err);

    incload_pipeline_add_pool(pipeline, "narrow", 1, err);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        incload_step *step = function_step(context, steps[i].function, calls, err);
        incload_pipeline_add(pipeline, steps[i].name, step, steps[i].behind, err);
        incload_step_unref(step);
    }
    incload_pipeline_set(pipeline, "third", "pool", "narrow", err);
    return pipeline;
}

static void
expect_success(incload_run *run, const incload_error *err, const _Atomic int32_t *calls, int32_t all)
{
    bool well = incload_run_status(run) == INCLOAD_STATUS_SUCCESS;

    ck_assert_msg(!well || atomic_load(calls) >= all, "a run that went well made %d calls of %d",
                  (int)atomic_load(calls), (int)all);
    ck_assert(err != NULL || run == NULL || well);
}

/* ---- databases ---- */

static void
face_execute(incload_context *context, incload_error **err)
{
    place at = place_open(context, true, err);
    int64_t rows = -1;

    incload_mock_answer_affected(at.mock, "DELETE %", 0, 2, NULL);
    incload_database_check(at.database, err);
    incload_database_dialect(at.database, err);
    if (incload_database_execute(at.database, "DELETE FROM orders", &rows, err) == INCLOAD_OK)
        ck_assert_int_eq(rows, 2);
    place_close(&at);
}

static void
face_database_options(incload_context *context, incload_error **err)
{
    incload_database *database =
        incload_database_new_in(context, "mock:dialect=mariadb", "ledger=books application_name=tea", err);

    incload_database_set(database, "connect_timeout", "3s", err);
    incload_database_unref(database);
}

static void
face_query(incload_context *context, incload_error **err)
{
    place at = place_open(context, true, err);
    struct ArrowArrayStream stream = { .release = NULL };
    struct ArrowSchema schema = { .release = NULL };
    int64_t rows = 0;
    int status = 0;

    if (incload_database_query(at.database, "SELECT id, updated, item FROM orders", &stream, err) == INCLOAD_OK) {
        status = stream.get_schema(&stream, &schema);
        while (status == 0) {
            struct ArrowArray array = { .release = NULL };
            status = stream.get_next(&stream, &array);
            if (status != 0 || array.release == NULL)
                break;
            rows += array.length;
            array.release(&array);
        }
        ck_assert(status != 0 || rows == 2);
        if (schema.release != NULL)
            schema.release(&schema);
        stream.release(&stream);
    }
    place_close(&at);
}

static void
face_arrow_source(incload_context *context, incload_error **err)
{
    place from = place_open(context, true, err), to = place_open(context, false, err);
    struct ArrowArrayStream stream = { .release = NULL };

    incload_database_query(from.database, "SELECT id, updated, item FROM orders", &stream, err);
    incload_database *rows = incload_database_new_arrow(context, &stream, NULL, err);
    incload_strategy *how = incload_strategy_new_in(context, "append", NULL, err);
    incload_step *step = incload_step_new_load(rows, "rows", to.database, "orders", how, err);
    incload_run *run = incload_step_run(step, "retries=0", err);
    if (run != NULL && incload_run_status(run) == INCLOAD_STATUS_SUCCESS)
        ck_assert_int_eq(incload_run_rows_read(run), 2);
    incload_run_unref(run);
    incload_step_unref(step);
    incload_strategy_unref(how);
    incload_database_unref(rows);
    if (stream.release != NULL)
        stream.release(&stream);
    place_close(&to);
    place_close(&from);
}

/* ---- strategies and steps ---- */

static void
face_strategy(incload_context *context, incload_error **err)
{
    static const char *const settings[][2] = {
        { "cursor", "updated" },    { "key", "id" },        { "columns", "id, updated, item" },
        { "latest_by", "updated" }, { "lookback", "5min" }, { "delete_marker", "gone" },
    };
    incload_strategy *how = incload_strategy_new_in(context, "timestamp", "page_rows=7 batch_rows=3", err);

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        incload_strategy_set(how, settings[i][0], settings[i][1], err);
    if (*err == NULL) {
        const char *got = incload_strategy_get(how, "cursor");
        ck_assert(got == NULL || strcmp(got, "updated") == 0);
    }
    incload_strategy_unref(how);
}

/* A load of everything from one mock into another. */
typedef struct load {
    place from, to;
    incload_strategy *how;
    incload_step *step;
} load;

static load
load_open(incload_context *context, const char *preset, const char *options, incload_error **err)
{
    load l = { .from = place_open(context, true, err), .to = place_open(context, false, err) };

    l.how = incload_strategy_new_in(context, preset, options, err);
    l.step = incload_step_new_load(l.from.database, "orders", l.to.database, "orders", l.how, err);
    return l;
}

static void
load_close(load *l)
{
    incload_step_unref(l->step);
    incload_strategy_unref(l->how);
    place_close(&l->to);
    place_close(&l->from);
}

static void
face_step(incload_context *context, incload_error **err)
{
    load l = load_open(context, BY_TIME, err);

    incload_step_set(l.step, "name", "shop", err);
    incload_step_set(l.step, "lease", "10s", err);
    incload_step_add_check(l.step, "whole", "SELECT COUNT(*) FROM {staging} WHERE id IS NULL", err);
    incload_step_set_primary(l.step, l.from.database, err);
    load_close(&l);
}

static void
face_query_load(incload_context *context, incload_error **err)
{
    load l = load_open(context, "append", NULL, err);
    incload_step *step = incload_step_new_query_load(
        l.from.database, "SELECT id, updated, item FROM orders WHERE id > ?", l.to.database, "orders", l.how, err);

    incload_step_bind(step, 1, "0", err);
    incload_step_unref(step);
    load_close(&l);
}

static void
face_plan(incload_context *context, incload_error **err)
{
    load l = load_open(context, BY_TIME, err);
    incload_plan *plan = incload_step_plan(l.step, err);

    if (plan != NULL) {
        ck_assert_ptr_nonnull(incload_plan_text(plan));
        ck_assert_ptr_nonnull(incload_plan_json(plan));
        ck_assert_int_gt(incload_plan_statement_count(plan), 0);
    }
    incload_plan_unref(plan);
    load_close(&l);
}

static void
face_lint(incload_context *context, incload_error **err)
{
    load l = load_open(context, BY_TIME, err);
    incload_lint *found = incload_step_lint(l.step, err);

    if (found != NULL)
        ck_assert_ptr_nonnull(incload_lint_text(found));
    incload_lint_unref(found);
    load_close(&l);
}

static void
face_verify(incload_context *context, incload_error **err)
{
    static const char *const ends[] = { "1", "2" };
    place from = place_open(context, true, err), to = place_open(context, true, err);

    incload_mock_answer_rows(from.mock, "SELECT (SELECT MIN(%", 0, "low,high", "bigint,bigint", ends, 1, NULL);
    incload_mock_answer_rows(to.mock, "SELECT (SELECT MIN(%", 0, "low,high", "bigint,bigint", ends, 1, NULL);
    incload_strategy *how = incload_strategy_new_in(context, "upsert", "key=id", err);
    incload_step *step = incload_step_new_load(from.database, "orders", to.database, "orders", how, err);
    incload_verification *found = incload_verify(step, "digest=client", err);
    if (found != NULL) {
        ck_assert_int_eq(incload_verification_source_rows(found), 2);
        ck_assert_int_eq(incload_verification_is_equal(found), 1);
    }
    incload_verification_unref(found);
    incload_step_unref(step);
    incload_strategy_unref(how);
    place_close(&to);
    place_close(&from);
}

static void
face_recommend(incload_context *context, incload_error **err)
{
    incload_recommendation *answer =
        incload_strategy_recommend_in(context, "rows=5000000 cursor=at key=id critical=true", err);

    if (answer != NULL) {
        ck_assert_str_eq(incload_recommendation_strategy(answer), "swap");
        ck_assert_ptr_nonnull(incload_recommendation_json(answer));
    }
    incload_recommendation_unref(answer);
}

static void
face_recommend_for(incload_context *context, incload_error **err)
{
    load l = load_open(context, BY_TIME, err);
    incload_recommendation *answer = incload_strategy_recommend_for(l.from.database, "orders", l.to.database, "orders",
                                                                    "rows=5000000 cursor=updated key=id", err);

    if (answer != NULL)
        ck_assert_ptr_nonnull(incload_recommendation_text(answer));
    incload_recommendation_unref(answer);
    load_close(&l);
}

static void
face_watermark(incload_context *context, incload_error **err)
{
    place at = place_open(context, true, err);

    rig_tell_earlier_load(at.mock);
    incload_watermark *mark = incload_watermark_open(at.database, "orders", err);
    incload_watermark_refresh(mark, err);
    incload_watermark_history_count(mark, err);
    if (mark != NULL && *err == NULL) {
        ck_assert_str_eq(incload_watermark_value(mark), "2024-01-01 08:00:00");
        incload_watermark_describe(mark);
    }
    incload_watermark_set(mark, "2024-01-01 09:00:00", err);
    incload_watermark_unref(mark);
    incload_watermark_list *list = incload_watermark_list_new(at.database, err);
    incload_watermark_list_unref(list);
    place_close(&at);
}

static void
face_histories(incload_context *context, incload_error **err)
{
    place at = place_open(context, true, err);
    incload_history *runs = incload_history_new(at.database, "shop", 10, err);
    if (runs != NULL)
        ck_assert_int_eq(incload_history_count(runs), 0);
    incload_history_unref(runs);
    place_close(&at);
}

/* ---- runs ---- */

static void
face_function(incload_context *context, incload_error **err)
{
    _Atomic int32_t calls = 0;
    incload_step *step = function_step(context, count_unit, &calls, err);
    incload_run *run = incload_step_run(step, NULL, err);

    expect_success(run, *err, &calls, 1);
    incload_run_unref(run);
    incload_step_unref(step);
}

static void
run_pipeline(incload_context *context, const char *options, incload_error **err)
{
    _Atomic int32_t calls = 0;
    incload_pipeline *pipeline = pipeline_of_four(context, &calls, err);
    incload_run *run = incload_pipeline_run(pipeline, options, err);

    expect_success(run, *err, &calls, 4);
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
}

static void
face_pipeline(incload_context *context, incload_error **err)
{
    run_pipeline(context, "parallel=1", err);
}

static void
face_pipeline_threads(incload_context *context, incload_error **err)
{
    run_pipeline(context, "parallel=3", err);
}

static void
face_participate(incload_context *context, incload_error **err)
{
    _Atomic int32_t calls = 0;
    incload_pipeline *pipeline = pipeline_of_four(context, &calls, err);
    incload_run *run = incload_pipeline_start(pipeline, "parallel=0", err);

    incload_run_participate(run, err);
    incload_run_wait(run, -1, err);
    expect_success(run, *err, &calls, 4);
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
}

static void
face_pull(incload_context *context, incload_error **err)
{
    incload_step *step = function_step(context, NULL, NULL, err);
    incload_run *run = incload_step_start(step, "parallel=0", err);
    incload_unit *unit = incload_run_next_unit(run, 5000, err);

    if (unit != NULL)
        incload_unit_complete(unit, INCLOAD_DONE, NULL);
    incload_run_unref(run);
    incload_step_unref(step);
}

static void
face_events(incload_context *context, incload_error **err)
{
    run_pipeline(context, "parallel=1", err);
    for (int i = 0; i < 100; i++) {
        incload_event *event = incload_context_next_event(context, 0, NULL);
        if (event == NULL)
            break;
        incload_event_unref(event);
    }
}

static void
report_as(incload_context *context, const char *format, incload_error **err)
{
    _Atomic int32_t calls = 0;
    int64_t bytes = 0;
    incload_pipeline *pipeline = pipeline_of_four(context, &calls, err);
    incload_run *run = incload_pipeline_run(pipeline, "parallel=1", err);

    if (incload_run_report(run, format, NULL, write_nothing, &bytes, err) == INCLOAD_OK)
        ck_assert_int_gt(bytes, 50);
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
}

static void
face_report_html(incload_context *context, incload_error **err)
{
    report_as(context, "html", err);
}

static void
face_report_trace(incload_context *context, incload_error **err)
{
    report_as(context, "trace", err);
}

static void
face_report_lineage(incload_context *context, incload_error **err)
{
    report_as(context, "openlineage", err);
}

static void
face_render(incload_context *context, incload_error **err)
{
    _Atomic int32_t calls = 0;
    int64_t bytes = 0;
    incload_pipeline *pipeline = pipeline_of_four(context, &calls, err);

    incload_pipeline_validate(pipeline, err);
    incload_pipeline_render(pipeline, "dot", NULL, write_nothing, &bytes, err);
    if (incload_pipeline_render(pipeline, "mermaid", NULL, write_nothing, &bytes, err) == INCLOAD_OK)
        ck_assert_int_gt(bytes, 50);
    incload_pipeline_unref(pipeline);
}

/* ---- backfills ---- */

static void
run_backfill(incload_context *context, incload_step *step, _Atomic int32_t *calls, int32_t units, incload_error **err)
{
    incload_step_set_context(step, context, err);
    incload_run *run = incload_step_run(step, NULL, err);
    expect_success(run, *err, calls, units);
    incload_run_unref(run);
    incload_step_unref(step);
}

static void
face_backfill_days(incload_context *context, incload_error **err)
{
    _Atomic int32_t calls = 0;

    run_backfill(context,
                 incload_step_new_backfill("2024-03-28", "2024-04-02", "zone=Europe/Berlin parallel=2", count_unit,
                                           &calls, NULL, err),
                 &calls, 6, err);
}

static void
face_backfill_numbers(incload_context *context, incload_error **err)
{
    _Atomic int32_t calls = 0;

    run_backfill(context,
                 incload_step_new_backfill_between("0", "40", "step=10 order=bisect", count_unit, &calls, NULL, err),
                 &calls, 4, err);
}

static void
face_backfill_keys(incload_context *context, incload_error **err)
{
    static const char *const keys[] = { "north", "south", "west" };
    _Atomic int32_t calls = 0;

    run_backfill(context, incload_step_new_backfill_keys(keys, 3, NULL, count_unit, &calls, NULL, err), &calls, 3, err);
}

static void
face_backfill_of_a_load(incload_context *context, incload_error **err)
{
    load l = load_open(context, "interval", "cursor=id", err);
    incload_step *step = incload_step_new_load_backfill_between(l.step, "0", "10", "step=5", err);

    incload_step_unref(step);
    load_close(&l);
}

/* ---- changes ---- */

static int32_t
count_message(const char *key, size_t key_size, const char *value, size_t value_size, void *data)
{
    (void)key;
    (void)key_size;
    (void)value;
    (void)value_size;
    ++*(int32_t *)data;
    return INCLOAD_DONE;
}

static void
face_debezium(incload_context *context, incload_error **err)
{
    static const char *const names[] = { "id", "updated", "item" }, *const values[] = { "1", NULL, "tea" };
    place at = place_open(context, true, err);
    int32_t messages = 0;
    incload_debezium *writer =
        incload_debezium_new(at.database, "orders", NULL, count_message, &messages, NULL, err);

    if (incload_debezium_write(writer, INCLOAD_CHANGE_INSERT, NULL, NULL, 0, names, values, 3, 1, 0, 0, err)
        == INCLOAD_OK)
        ck_assert_int_eq(messages, 1);
    incload_debezium_unref(writer);
    place_close(&at);
}

static void
face_changes(incload_context *context, incload_error **err)
{
    static const char *const names[] = { "id", "item" }, *const values[] = { "1", "tea" };
    place at = place_open(context, true, err);

    incload_changes *changes = incload_changes_new(at.database, "orders", "key=id", err);
    incload_changes_push(changes, INCLOAD_CHANGE_INSERT, names, values, 2, 1, 0, err);
    incload_changes_push_update(changes, names, values, 1, names, values, 2, 2, 0, err);
    incload_changes_push_debezium(changes, "{\"id\":4}", "{\"op\":\"c\",\"after\":{\"id\":4,\"item\":\"four\"}}", 3, 0,
                                  err);
    if (*err == NULL && changes != NULL)
        ck_assert_int_eq(incload_changes_pending(changes), 3);
    incload_changes_discard(changes);
    incload_changes_unref(changes);
    place_close(&at);
}

/* ---- the table ---- */

static const struct {
    const char *name;
    face_fn live;
} faces[] = {
    { "execute", face_execute },
    { "database options", face_database_options },
    { "query", face_query },
    { "arrow source", face_arrow_source },
    { "strategy", face_strategy },
    { "step", face_step },
    { "query load", face_query_load },
    { "plan", face_plan },
    { "lint", face_lint },
    { "verify", face_verify },
    { "recommend", face_recommend },
    { "recommend for", face_recommend_for },
    { "watermark", face_watermark },
    { "histories", face_histories },
    { "function", face_function },
    { "pipeline", face_pipeline },
    { "pipeline on threads", face_pipeline_threads },
    { "participate", face_participate },
    { "pull", face_pull },
    { "events", face_events },
    { "report as html", face_report_html },
    { "report as trace", face_report_trace },
    { "report as openlineage", face_report_lineage },
    { "render", face_render },
    { "backfill of days", face_backfill_days },
    { "backfill of numbers", face_backfill_numbers },
    { "backfill of keys", face_backfill_keys },
    { "backfill of a load", face_backfill_of_a_load },
    { "debezium", face_debezium },
    { "changes", face_changes },
};
enum { FACES = sizeof faces / sizeof faces[0] };

/* The number of allocations. A unit's function that got no memory says that it failed. */
static int64_t
live_with(int which, int64_t first, int64_t failures)
{
    lender from = { .first = first, .failures = failures };
    incload_context *context = incload_context_new(NULL, NULL);
    incload_error *err = NULL;

    faces[which].live(lender_serve(&from, context), &err);
    int32_t code = incload_error_code(err);
    bool fits = code == INCLOAD_OK
                || (first > 0 && (code == INCLOAD_E_NO_MEMORY || code == INCLOAD_E_CALLBACK));
    ck_assert_msg(fits, "%s, allocation %lld: %s: %s", faces[which].name, (long long)first, incload_error_name(err),
                  incload_error_message(err));
    incload_error_unref(err);
    incload_context_unref(context);
    lender_expect_all_back(&from, faces[which].name);
    return from.made;
}

START_TEST(one_allocation_fails)
{
    int64_t made = live_with(_i, 0, 0);

    ck_assert_msg(made > 1, "%s: %lld allocations", faces[_i].name, (long long)made);
    for (int64_t k = 1; live_with(_i, k, 1) >= k; k++)
        continue;
}
END_TEST

START_TEST(memory_runs_out_for_good)
{
    for (int64_t k = 1; live_with(_i, k, INT64_MAX) >= k; k++)
        continue;
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, one_allocation_fails, 0, FACES);
    tcase_add_loop_test(tests, memory_runs_out_for_good, 0, FACES);
}

HARNESS_MAIN("memory faces", add_tests)
