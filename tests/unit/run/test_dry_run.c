/* SPDX-License-Identifier: Apache-2.0 */
/* A plan sends nothing but questions, and holds the statements that a run sends, in their order. */
#include "rig.h"

#include <stdlib.h>

/* What only passes rows on is no statement of its own. */
static bool
passes_rows(const char *statement)
{
    return strncmp(statement, "WRITE ROWS ", 11) == 0 || strncmp(statement, "WRITE END ", 10) == 0
           || strncmp(statement, "DESCRIBE ", 9) == 0;
}

static bool
is_question(const char *statement)
{
    return strncmp(statement, "SELECT ", 7) == 0 || strncmp(statement, "WITH ", 5) == 0
           || strncmp(statement, "EXPLAIN ", 8) == 0 || strncmp(statement, "BEGIN", 5) == 0
           || strncmp(statement, "START TRANSACTION", 17) == 0 || strcmp(statement, "ROLLBACK") == 0
           || strncmp(statement, "DESCRIBE ", 9) == 0;
}

/* The plan, for which the mocks have heard no more than questions. */
static incload_plan *
plan_of(rig *r)
{
    incload_plan *plan = incload_step_plan(r->step, &r->err);
    incload_mock *const both[] = { r->from, r->to };

    ck_assert_msg(plan != NULL, "%s", incload_error_message(r->err));
    for (int32_t i = 0; i < 2; i++) {
        for (int64_t n = 0; n < incload_mock_statement_count(both[i]); n++)
            ck_assert_msg(is_question(incload_mock_statement(both[i], n)), "%s", incload_mock_statement(both[i], n));
        incload_mock_clear_history(both[i], NULL);
    }
    return plan;
}

static int32_t
next_of_side(const incload_plan *plan, int32_t from, const char *side)
{
    while (from < incload_plan_statement_count(plan) && strcmp(incload_plan_statement_side(plan, from), side) != 0)
        from++;
    return from;
}

static void
expect_side(const incload_plan *plan, incload_mock *mock, const char *side)
{
    int32_t at = next_of_side(plan, 0, side);

    for (int64_t n = 0; n < incload_mock_statement_count(mock); n++) {
        const char *sent = incload_mock_statement(mock, n);
        if (passes_rows(sent))
            continue;
        ck_assert_msg(at < incload_plan_statement_count(plan), "%s: a run sends more: %s", side, sent);
        ck_assert_str_eq(incload_plan_statement(plan, at), sent);
        ck_assert_int_eq(incload_plan_statement_parameters(plan, at), incload_mock_statement_parameter_count(mock, n));
        at = next_of_side(plan, at + 1, side);
    }
    ck_assert_msg(at == incload_plan_statement_count(plan), "%s: a run sends less: no %s", side,
                  incload_plan_statement(plan, at));
}

static const char *const dialects[] = { "postgres", "mariadb", "sqlite" };

static const struct {
    const char *preset, *options;
    bool earlier;
} loads[] = {
    { "timestamp", "cursor=updated key=id horizon=none", false },
    { "timestamp", "cursor=updated key=id horizon=none deep=never", true },
    { "timestamp", "cursor=updated key=id horizon=none deep=always", true },
    { "timestamp", "cursor=updated key=id horizon=none detect_deletes=keys", true },
    { "timestamp", "cursor=updated write=append horizon=none deep=never", true },
    { "upsert", "key=id", false },
    { "upsert", "key=id latest_by=updated", true },
    { "append", "", false },
};

enum { LOADS = sizeof loads / sizeof loads[0] };

static void
expect_the_same(const char *dialect, int32_t load)
{
    static const char *const keys[] = { "1", "2" };
    rig r;

    /* A script cannot tell SQLite's reading of all keys from that of the rows. */
    if (strcmp(dialect, "sqlite") == 0 && strstr(loads[load].options, "detect_deletes") != NULL)
        return;
    r = rig_new(dialect);
    if (loads[load].earlier)
        rig_tell_earlier_load(r.to);
    incload_mock_answer_rows(r.from, strcmp(dialect, "mariadb") == 0 ? "SELECT `id` FROM%" : "SELECT \"id\" FROM%", 0,
                             "id", "bigint", keys, 2, NULL);
    rig_plan(&r, loads[load].preset, loads[load].options);
    incload_plan *plan = plan_of(&r);
    ck_assert_msg(rig_run(&r) == INCLOAD_OK, "%s", incload_error_message(r.err));
    expect_side(plan, r.from, "source");
    expect_side(plan, r.to, "target");
    incload_plan_unref(plan);
    rig_free(&r);
}

START_TEST(a_plan_has_the_statements_of_the_run)
{
    expect_the_same(dialects[_i / LOADS], _i % LOADS);
}
END_TEST

START_TEST(a_plan_tells_what_would_be_made)
{
    rig r = rig_new("postgres");

    rig_plan(&r, "timestamp", "cursor=updated key=id horizon=none");
    incload_plan *plan = plan_of(&r);
    ck_assert_int_eq(incload_plan_creates_ledger(plan), 1);
    ck_assert_int_eq(incload_plan_creates_target(plan), 0);
    ck_assert_str_eq(incload_plan_road(plan), "batches");
    ck_assert_str_eq(incload_plan_level(plan), "BEST_EFFORT");
    ck_assert_ptr_null(incload_plan_watermark(plan));
    ck_assert_ptr_null(incload_plan_low(plan));
    ck_assert_str_eq(incload_plan_high(plan), "2024-01-02 08:00:00");
    ck_assert_ptr_null(incload_plan_busy(plan));
    ck_assert_ptr_nonnull(strstr(incload_plan_text(plan), "the ledger is made"));
    ck_assert_ptr_nonnull(strstr(incload_plan_text(plan), "window: from the beginning to 2024-01-02 08:00:00"));
    ck_assert_ptr_nonnull(strstr(incload_plan_json(plan), "\"creates_ledger\":1"));
    incload_plan_unref(plan);
    rig_free(&r);
}
END_TEST

START_TEST(a_plan_goes_on_from_the_watermark)
{
    rig r = rig_new("postgres");

    rig_tell_earlier_load(r.to);
    rig_plan(&r, "timestamp", "cursor=updated key=id horizon=none deep=never");
    incload_plan *plan = plan_of(&r);
    ck_assert_int_eq(incload_plan_creates_ledger(plan), 0);
    ck_assert_str_eq(incload_plan_watermark(plan), "2024-01-01 08:00:00");
    ck_assert_str_eq(incload_plan_low(plan), "2024-01-01 08:00:00");
    incload_plan_unref(plan);
    rig_free(&r);
}
END_TEST

START_TEST(what_a_run_refuses_a_plan_refuses)
{
    rig r = rig_new("postgres");

    rig_plan(&r, "timestamp", "cursor=colour key=id");
    ck_assert_ptr_null(incload_step_plan(r.step, &r.err));
    ck_assert_int_eq(incload_error_code(r.err), INCLOAD_E_NOT_FOUND);
    rig_assert_says(&r, "'colour'");
    rig_free(&r);
}
END_TEST

START_TEST(a_planned_step_can_still_be_changed_and_run)
{
    rig r = rig_new("postgres");

    rig_plan(&r, "upsert", "key=id");
    incload_plan *plan = plan_of(&r);
    ck_assert_ptr_eq(incload_plan_ref(plan), plan);
    incload_plan_unref(plan);
    ck_assert_int_eq(incload_step_set(r.step, "name", "another", &r.err), INCLOAD_OK);
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    incload_plan_unref(plan);
    rig_free(&r);
}
END_TEST

START_TEST(locks_are_told_by_statement)
{
    rig r = rig_new("postgres");
    bool found = false;

    rig_tell_earlier_load(r.to);
    rig_plan(&r, "upsert", "key=id");
    incload_plan *plan = plan_of(&r);
    for (int32_t i = 0; i < incload_plan_statement_count(plan); i++) {
        const char *sql = incload_plan_statement(plan, i);
        if (strncmp(sql, "INSERT INTO \"public\".\"orders\"", 29) == 0) {
            found = true;
            ck_assert_str_eq(incload_plan_statement_purpose(plan, i), "write");
            ck_assert_ptr_nonnull(strstr(incload_plan_statement_lock(plan, i), "ROW EXCLUSIVE"));
        }
    }
    ck_assert(found);
    ck_assert_ptr_null(incload_plan_statement(plan, -1));
    ck_assert_ptr_null(incload_plan_statement_lock(plan, incload_plan_statement_count(plan)));
    incload_plan_unref(plan);
    rig_free(&r);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_plan_has_the_statements_of_the_run, 0, 3 * LOADS);
    tcase_add_test(tests, a_plan_tells_what_would_be_made);
    tcase_add_test(tests, a_plan_goes_on_from_the_watermark);
    tcase_add_test(tests, what_a_run_refuses_a_plan_refuses);
    tcase_add_test(tests, a_planned_step_can_still_be_changed_and_run);
    tcase_add_test(tests, locks_are_told_by_statement);
}

HARNESS_MAIN("dry-run", add_tests)
