/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a whole load fails, one after the other: the load says so or does without it, nothing is leaked,
 * and no commit is kept silent. */
#include "lender.h"
#include "rig.h"

#include <stdint.h>

static int32_t
look(incload_unit *unit, incload_batch *batch, void *data)
{
    struct ArrowSchema schema;
    struct ArrowArray rows;
    uint8_t bits[] = { 0x01 };
    (void)unit;
    (void)data;

    if (incload_batch_export(batch, &schema, &rows, NULL) != INCLOAD_OK)
        return incload_unit_fail(unit, "no memory to look at the batch");
    if (incload_batch_keep(batch, bits, sizeof bits, NULL) != INCLOAD_OK) {
        schema.release(&schema);
        rows.release(&rows);
        return incload_unit_fail(unit, "no memory to filter the batch");
    }
    if (incload_batch_replace(batch, &schema, &rows, NULL) != INCLOAD_OK)
        return incload_unit_fail(unit, "no memory to replace the batch");
    return INCLOAD_DONE;
}

typedef struct scenario {
    const char *name;
    const char *dialect;
    const char *preset;
    const char *options;
    bool earlier;
    bool one_database;
    bool function;
    bool missing;
    bool rows_alone; /* in the target, without a watermark */
    bool group;
    bool history; /* the target keeps versions */
} scenario;

static const scenario scenarios[] = {
    { "first", "postgres", BY_TIME, .earlier = false },
    { "increment", "postgres", BY_TIME, .earlier = true },
    { "append", "sqlite", "append", NULL, .earlier = false },
    { "renamed", "mariadb", "timestamp", "cursor=updated key=id columns=id,updated,item latest_by=updated",
      .earlier = true },
    { "inside", "postgres", BY_TIME, .earlier = true, .one_database = true },
    { "function", "postgres", BY_TIME, .earlier = true, .function = true },
    { "created", "mariadb", "timestamp", "cursor=updated key=id until='2025-01-01 00:00:00'", .missing = true },
    { "derive", "postgres", "timestamp", "cursor=updated key=id missing_state=derive", .rows_alone = true },
    { "group", "postgres", BY_TIME, .earlier = true, .group = true },
    { "upsert", "mariadb", "upsert", "key=id", .earlier = false },
    { "replace", "postgres", "full_refresh", NULL, .earlier = false },
    { "delete_insert", "sqlite", "upsert", "key=id write=delete_insert", .earlier = false },
    { "insert_new", "postgres", "upsert", "key=id write=insert_new", .earlier = false },
    { "history", "postgres", "history", "key=id scd2_deletes=invalidate", .history = true },
    { "checked", "postgres", "timestamp", "cursor=updated key=id check_not_null=item check_unique=id min_rows=1",
      .earlier = false },
    { "rejecting", "postgres", "timestamp", "cursor=updated key=id bad_rows=reject", .earlier = false },
    { "paged", "sqlite", "timestamp", "cursor=updated key=id page_rows=1 batch_rows=1", .earlier = true },
    { "sqlserver", "sqlserver", BY_TIME, .earlier = false },
};

static void
tell_rows(incload_mock *mock)
{
    static const char *const one[] = { "1" }, *const newest[] = { "2024-01-01 08:00:00" };

    incload_mock_answer_rows(mock, "SELECT CASE WHEN EXISTS%", 0, "has", NULL, one, 1, NULL);
    incload_mock_answer_rows(mock, "SELECT (MAX(%", 0, "newest", NULL, newest, 1, NULL);
}

static void
tell_history(incload_mock *mock)
{
    static const char *const now[] = { "1700000000000000" };

    incload_mock_table(mock, "orders", "id,updated,item,valid_from,valid_to,is_current",
                       "bigint,timestamp,text,timestamp,timestamp,boolean", "id,valid_from", NULL);
    incload_mock_answer_rows(mock, "SELECT (EXTRACT(%", 0, "now", "bigint", now, 1, NULL);
}

static bool
acceptable(const rig *r, bool function)
{
    int32_t code = incload_error_code(r->err);

    return code == INCLOAD_OK || code == INCLOAD_E_NO_MEMORY || (function && code == INCLOAD_E_CALLBACK);
}

/* One load under that allocator; returns its error code. */
static int32_t
load_with(const scenario *how, lender *from)
{
    rig r = rig_new_in(lender_serve(from, rig_context()), how->dialect, how->one_database);

    if (how->earlier)
        rig_tell_earlier_load(r.to);
    if (how->missing)
        incload_mock_answer_rows(r.to, r.dialect->columns_query, 1, "a", NULL, NULL, 0, NULL);
    if (how->rows_alone)
        tell_rows(r.to);
    if (how->history)
        tell_history(r.to);
    rig_plan(&r, how->preset, how->options);
    if (how->function)
        incload_step_set_batch_function(r.step, look, NULL, NULL, &r.err);
    if (how->group)
        rig_group(&r);
    rig_run(&r);

    int32_t code = incload_error_code(r.err);
    int64_t commits = incload_mock_commit_count(r.to);
    ck_assert_msg(acceptable(&r, how->function), "%s, allocation %lld: %s", how->name, (long long)from->first,
                  incload_error_message(r.err));
    ck_assert_msg(commits == (code == INCLOAD_OK), "%s, allocation %lld: %lld commits, yet %s", how->name,
                  (long long)from->first, (long long)commits, incload_status_name(code));
    if (r.run != NULL)
        ck_assert_int_eq(incload_run_status(r.run),
                         code == INCLOAD_OK ? INCLOAD_STATUS_SUCCESS : INCLOAD_STATUS_FAILED);
    rig_free(&r);
    lender_expect_all_back(from, how->name);
    return code;
}

static int64_t
allocations_of(const scenario *how)
{
    lender from = { 0 };

    ck_assert_int_eq(load_with(how, &from), INCLOAD_OK);
    return from.made;
}

START_TEST(a_load_survives_each_single_failed_allocation)
{
    const scenario *how = &scenarios[_i];
    int64_t last = allocations_of(how);

    ck_assert_int_gt(last, 100);
    for (int64_t k = 1; k <= last; k++) {
        lender from = { .first = k, .failures = 1 };
        load_with(how, &from);
    }
}
END_TEST

START_TEST(a_load_survives_memory_that_runs_out_for_good)
{
    const scenario *how = &scenarios[_i];
    int64_t last = allocations_of(how);

    for (int64_t k = 1; k <= last; k++) {
        lender from = { .first = k, .failures = INT64_MAX };
        ck_assert_int_ne(load_with(how, &from), INCLOAD_OK);
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    int count = (int)(sizeof scenarios / sizeof scenarios[0]);

    tcase_add_loop_test(tests, a_load_survives_each_single_failed_allocation, 0, count);
    tcase_add_loop_test(tests, a_load_survives_memory_that_runs_out_for_good, 0, count);
}

HARNESS_MAIN("run memory", add_tests)
