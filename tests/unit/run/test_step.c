/* SPDX-License-Identifier: Apache-2.0 */
/* Steps: what they take, what they refuse, when they freeze, and their process functions. */
#include "rig.h"

static rig r;

static void
set_up(void)
{
    r = rig_new("postgres");
    rig_plan(&r, BY_TIME);
}

static void
tear_down(void)
{
    rig_free(&r);
}

static void
count_call(void *data)
{
    ++*(int32_t *)data;
}

START_TEST(a_step_needs_all_its_parts)
{
    for (int missing = 0; missing < 5; missing++) {
        incload_error *err = NULL;
        ck_assert_ptr_null(incload_step_new_load(missing == 0 ? NULL : r.source, missing == 1 ? NULL : "orders",
                                                 missing == 2 ? NULL : r.target, missing == 3 ? NULL : "orders",
                                                 missing == 4 ? NULL : r.strategy, &err));
        ck_assert_int_eq(incload_error_code(err), INCLOAD_E_INVALID);
        ck_assert_ptr_nonnull(strstr(incload_error_message(err), "none may be NULL"));
        incload_error_unref(err);
    }
}
END_TEST

START_TEST(a_table_name_that_cannot_be_read_is_told_with_its_side)
{
    static const struct {
        const char *source;
        const char *target;
        const char *says;
    } bad[] = {
        { "", "orders", "source table: a table name must not be empty" },
        { "a.b.c", "orders", "source table: table name 'a.b.c'" },
        { "\"open", "orders", "source table: table name '\"open': a double quote is not closed" },
        { "orders", "my orders", "target table: table name 'my orders'" },
        { "orders", ".orders", "target table: a table name has an empty part" },
        { "\xff", "orders", "not valid UTF-8" },
        { "orders", "\xc0\x80", "not valid UTF-8" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        incload_error *err = NULL;
        ck_assert_ptr_null(incload_step_new_load(r.source, bad[i].source, r.target, bad[i].target, r.strategy, &err));
        ck_assert_int_eq(incload_error_code(err), INCLOAD_E_INVALID);
        ck_assert_msg(strstr(incload_error_message(err), bad[i].says) != NULL, "%s", incload_error_message(err));
        incload_error_unref(err);
    }
}
END_TEST

START_TEST(the_name_of_a_load_is_the_target_table_or_the_option)
{
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    ck_assert_str_eq(incload_unit_step(incload_run_unit(r.run, 0)), "orders");

    rig_plan(&r, BY_TIME);
    ck_assert_int_eq(incload_step_set(r.step, "name", "nightly", &r.err), INCLOAD_OK);
    incload_mock_clear_history(r.to, NULL);
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    ck_assert_str_eq(incload_unit_step(incload_run_unit(r.run, 0)), "nightly");
    for (int64_t i = 0; i < incload_mock_statement_count(r.to); i++) {
        if (strncmp(incload_mock_statement(r.to, i), "SELECT version, value", 21) == 0)
            ck_assert_str_eq(incload_mock_statement_parameter(r.to, i, 0), "nightly");
    }
}
END_TEST

START_TEST(an_unknown_option_is_told_with_the_nearest)
{
    ck_assert_int_eq(incload_step_set(r.step, "nam", "x", &r.err), INCLOAD_E_UNKNOWN_OPTION);
    rig_assert_says(&r, "a step has no option 'nam': did you mean 'name'?");
}
END_TEST

START_TEST(a_step_and_its_strategy_freeze_with_the_first_run)
{
    static const char *const frozen = "make a new one to change it";

    ck_assert_int_eq(incload_strategy_set(r.strategy, "batch_rows", "10", &r.err), INCLOAD_OK);
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    ck_assert_int_eq(incload_step_set(r.step, "name", "later", &r.err), INCLOAD_E_STATE);
    rig_assert_says(&r, frozen);
    incload_error_unref(r.err);
    r.err = NULL;
    ck_assert_int_eq(incload_strategy_set(r.strategy, "batch_rows", "20", &r.err), INCLOAD_E_STATE);
    rig_assert_says(&r, frozen);
    ck_assert_str_eq(incload_strategy_get(r.strategy, "batch_rows"), "10");
    ck_assert_int_eq(incload_step_set_batch_function(r.step, NULL, NULL, NULL, NULL), INCLOAD_E_STATE);
    ck_assert_int_eq(incload_step_bind(r.step, 1, "x", NULL), INCLOAD_E_STATE);
    ck_assert_int_eq(incload_database_set(r.source, "ledger", "x", NULL), INCLOAD_E_STATE);
}
END_TEST

/* ---- queries ---- */

static void
plan_query(const char *query)
{
    static const char *const cells[] = { "1", "2024-01-01 08:00:00", "tea" }, *const none[] = { "0" };

    incload_mock_answer_rows(r.from, "DESCRIBE %", 0, "id,updated,item", "bigint,timestamp,text", NULL, 0, NULL);
    incload_mock_answer_rows(r.from, "SELECT % FROM (SELECT%", 0, "id,updated,item", "bigint,timestamp,text", cells, 1,
                             NULL);
    incload_mock_answer_rows(r.from, "SELECT COUNT%", 0, "n", "bigint", none, 1, NULL);
    incload_mock_answer_rows(r.from, "SELECT (MAX(%", 0, "high", "text", cells + 1, 1, NULL);
    incload_step_unref(r.step);
    r.step = incload_step_new_query_load(r.source, query, r.target, "orders", r.strategy, &r.err);
    ck_assert_msg(r.err == NULL, "%s", incload_error_message(r.err));
}

START_TEST(parameters_of_a_query_reach_every_statement_that_holds_it)
{
    plan_query("SELECT * FROM orders WHERE shop = $1 AND kind = $2");
    incload_step_bind(r.step, 2, "o'dd", &r.err);
    incload_step_bind(r.step, 1, "7", &r.err);
    ck_assert_msg(rig_run(&r) == INCLOAD_OK, "%s", incload_error_message(r.err));
    int64_t seen = 0;
    for (int64_t i = 0; i < incload_mock_statement_count(r.from); i++) {
        const char *sql = incload_mock_statement(r.from, i);
        ck_assert_ptr_null(strstr(sql, "o'dd"));
        if (strncmp(sql, "DESCRIBE", 8) == 0 || strstr(sql, "AS q") == NULL)
            continue;
        ck_assert_str_eq(incload_mock_statement_parameter(r.from, i, 0), "7");
        ck_assert_str_eq(incload_mock_statement_parameter(r.from, i, 1), "o'dd");
        seen++;
    }
    ck_assert_int_eq(seen, 3);
}
END_TEST

START_TEST(a_parameter_that_is_not_bound_or_bound_to_null_is_null)
{
    plan_query("SELECT * FROM orders WHERE shop = $1 AND kind = $3");
    incload_step_bind(r.step, 3, "x", &r.err);
    incload_step_bind(r.step, 1, "gone", &r.err);
    incload_step_bind(r.step, 1, NULL, &r.err);
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    int64_t last = incload_mock_statement_count(r.from) - 2;
    ck_assert_ptr_null(incload_mock_statement_parameter(r.from, last, 0));
    ck_assert_ptr_null(incload_mock_statement_parameter(r.from, last, 1));
    ck_assert_str_eq(incload_mock_statement_parameter(r.from, last, 2), "x");
}
END_TEST

START_TEST(binding_is_refused_where_it_means_nothing)
{
    static const int32_t bad[] = { 0, -1, 1001, INT32_MAX, INT32_MIN };

    ck_assert_int_eq(incload_step_bind(r.step, 1, "x", &r.err), INCLOAD_E_INVALID);
    rig_assert_says(&r, "only a load of a query has parameters");
    incload_error_unref(r.err);
    r.err = NULL;
    plan_query("SELECT 1");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_int_eq(incload_step_bind(r.step, bad[i], "x", NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_step_bind(r.step, 1, "\xff", &r.err), INCLOAD_E_INVALID);
    rig_assert_says(&r, "the value of parameter 1 is not valid UTF-8");
    ck_assert_int_eq(incload_step_bind(r.step, 1000, "x", NULL), INCLOAD_OK);
}
END_TEST

/* ---- process functions ---- */

static int32_t
give(incload_unit *unit, incload_batch *batch, void *data)
{
    (void)unit;
    ck_assert_int_eq(incload_batch_rows(batch), 2);
    return *(const int32_t *)data;
}

START_TEST(only_the_word_done_is_success)
{
    static const int32_t answers[] = { 0, 1, -1, INCLOAD_DONE + 1, INT32_MIN };

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        int32_t answer = answers[i];
        rig_plan(&r, BY_TIME);
        incload_step_set_batch_function(r.step, give, &answer, NULL, &r.err);
        ck_assert_int_eq(rig_run(&r), INCLOAD_E_CALLBACK);
        rig_assert_says(&r, "it must return INCLOAD_DONE (114861) when all is well");
        ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
        incload_error_unref(r.err);
        r.err = NULL;
    }
}
END_TEST

static int32_t
refuse(incload_unit *unit, incload_batch *batch, void *data)
{
    (void)batch;
    (void)data;
    return incload_unit_fail(unit, "the shop is closed");
}

START_TEST(a_process_function_can_say_why_it_failed)
{
    incload_step_set_batch_function(r.step, refuse, NULL, NULL, &r.err);
    ck_assert_int_eq(rig_run(&r), INCLOAD_E_CALLBACK);
    rig_assert_says(&r, "the process function failed: the shop is closed");
    ck_assert_int_eq(incload_mock_row_count(r.to, "public.orders"), 0);
}
END_TEST

static int32_t
keep_first(incload_unit *unit, incload_batch *batch, void *data)
{
    uint8_t bits = 1;
    (void)unit;
    (void)data;
    return incload_batch_keep(batch, &bits, 1, NULL) == INCLOAD_OK ? INCLOAD_DONE : 0;
}

START_TEST(rows_that_a_process_function_drops_are_counted_as_skipped)
{
    rig_tell_earlier_load(r.to);
    incload_step_set_batch_function(r.step, keep_first, NULL, NULL, &r.err);
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    ck_assert_int_eq(incload_run_rows_read(r.run), 2);
    ck_assert_int_eq(incload_run_rows_written(r.run), 1);
    ck_assert_int_eq(incload_run_rows_skipped(r.run), 1);
    ck_assert_ptr_nonnull(strstr(incload_run_road_reason(r.run), "a process function sees the rows"));
    ck_assert_int_eq(incload_mock_row_count(r.to, "incload_staging_89abcdef"), 1);
}
END_TEST

START_TEST(user_data_is_given_back_once_when_the_step_is_freed)
{
    int32_t calls = 0;

    incload_step_set_batch_function(r.step, keep_first, &calls, count_call, &r.err);
    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    incload_step_unref(r.step);
    r.step = NULL;
    ck_assert_int_eq(calls, 0);
    incload_run_unref(r.run);
    r.run = NULL;
    ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(user_data_is_given_back_when_another_function_takes_its_place)
{
    int32_t first = 0, second = 0;

    incload_step_set_batch_function(r.step, keep_first, &first, count_call, &r.err);
    incload_step_set_batch_function(r.step, keep_first, &second, count_call, &r.err);
    ck_assert_int_eq(first, 1);
    incload_step_set_batch_function(r.step, NULL, NULL, NULL, &r.err);
    ck_assert_int_eq(first, 1);
    ck_assert_int_eq(second, 1);
}
END_TEST

START_TEST(user_data_is_given_back_at_once_when_registering_fails)
{
    int32_t calls = 0;
    incload_error *sticky = NULL;

    incload_step_set(r.step, "none", "", &sticky);
    ck_assert_int_eq(incload_step_set_batch_function(r.step, keep_first, &calls, count_call, &sticky),
                     INCLOAD_E_UNKNOWN_OPTION);
    ck_assert_int_eq(calls, 1);
    ck_assert_int_eq(incload_step_set_batch_function(NULL, keep_first, &calls, count_call, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(calls, 2);
    rig_run(&r);
    ck_assert_int_eq(incload_step_set_batch_function(r.step, keep_first, &calls, count_call, NULL), INCLOAD_E_STATE);
    ck_assert_int_eq(calls, 3);
    incload_error_unref(sticky);
}
END_TEST

START_TEST(everything_may_be_released_in_any_order)
{
    incload_run *run = incload_step_run(r.step, NULL, &r.err);

    incload_context_unref(r.context);
    incload_database_unref(r.source);
    incload_database_unref(r.target);
    incload_strategy_unref(r.strategy);
    incload_step_unref(r.step);
    r.context = NULL;
    r.source = r.target = NULL;
    r.strategy = NULL;
    r.step = NULL;
    ck_assert_str_eq(incload_run_status_name(run), "SUCCESS");
    ck_assert_str_eq(incload_unit_step(incload_run_unit(run, 0)), "orders");
    incload_run_unref(run);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_step_needs_all_its_parts);
    tcase_add_test(tests, a_table_name_that_cannot_be_read_is_told_with_its_side);
    tcase_add_test(tests, the_name_of_a_load_is_the_target_table_or_the_option);
    tcase_add_test(tests, an_unknown_option_is_told_with_the_nearest);
    tcase_add_test(tests, a_step_and_its_strategy_freeze_with_the_first_run);
    tcase_add_test(tests, parameters_of_a_query_reach_every_statement_that_holds_it);
    tcase_add_test(tests, a_parameter_that_is_not_bound_or_bound_to_null_is_null);
    tcase_add_test(tests, binding_is_refused_where_it_means_nothing);
    tcase_add_test(tests, only_the_word_done_is_success);
    tcase_add_test(tests, a_process_function_can_say_why_it_failed);
    tcase_add_test(tests, rows_that_a_process_function_drops_are_counted_as_skipped);
    tcase_add_test(tests, user_data_is_given_back_once_when_the_step_is_freed);
    tcase_add_test(tests, user_data_is_given_back_when_another_function_takes_its_place);
    tcase_add_test(tests, user_data_is_given_back_at_once_when_registering_fails);
    tcase_add_test(tests, everything_may_be_released_in_any_order);
}

HARNESS_MAIN("step", add_tests)
