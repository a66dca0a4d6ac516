/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of loads against the mock: what may stand together, and that every fault keeps all or nothing. */
#include "rig.h"

/* ---- what may stand together ---- */

typedef struct pair {
    rig r;
    incload_step *loads[3];
} pair;

static pair
pair_new(void)
{
    pair p = { .r = rig_new("postgres") };

    p.r.strategy = incload_strategy_new_in(p.r.context, BY_TIME, &p.r.err);
    p.loads[0] = incload_step_new_load(p.r.source, "orders", p.r.target, "orders", p.r.strategy, &p.r.err);
    p.loads[1] = incload_step_new_load(p.r.source, "orders", p.r.target, "lines", p.r.strategy, &p.r.err);
    return p;
}

static void
pair_free(pair *p)
{
    for (int i = 0; i < 3; i++)
        incload_step_unref(p->loads[i]);
    rig_free(&p->r);
}

static void
refused(pair *p, int32_t count, const char *options, int32_t code, const char *words)
{
    incload_step *group = incload_step_new_group(p->loads, count, options, &p->r.err);

    ck_assert_ptr_null(group);
    ck_assert_int_eq(incload_error_code(p->r.err), code);
    rig_assert_says(&p->r, words);
}

START_TEST(a_group_has_at_least_two_loads)
{
    pair p = pair_new();

    refused(&p, 1, "name=shop", INCLOAD_E_INVALID, "2 to 64 loads, not 1");
    pair_free(&p);
}
END_TEST

START_TEST(a_group_has_at_most_64_loads)
{
    pair p = pair_new();

    refused(&p, 65, "name=shop", INCLOAD_E_INVALID, "2 to 64 loads, not 65");
    pair_free(&p);
}
END_TEST

START_TEST(a_missing_load_is_named_by_its_place)
{
    pair p = pair_new();

    refused(&p, 3, "name=shop", INCLOAD_E_INVALID, "load 2 of the group");
    pair_free(&p);
}
END_TEST

START_TEST(a_group_needs_a_name)
{
    pair p = pair_new();

    refused(&p, 2, NULL, INCLOAD_E_INVALID, "needs a name");
    pair_free(&p);
}
END_TEST

START_TEST(the_name_of_a_load_is_not_the_group_s)
{
    pair p = pair_new();

    refused(&p, 2, "name=lines", INCLOAD_E_INVALID, "has the name of its load 'lines'");
    pair_free(&p);
}
END_TEST

START_TEST(an_option_of_loads_is_none_of_groups)
{
    pair p = pair_new();

    refused(&p, 2, "name=shop lease=10s", INCLOAD_E_UNKNOWN_OPTION, "lease");
    pair_free(&p);
}
END_TEST

START_TEST(two_loads_of_one_name_are_refused)
{
    pair p = pair_new();

    incload_step_set(p.loads[1], "name", "orders", &p.r.err);
    refused(&p, 2, "name=shop", INCLOAD_E_INVALID, "the name 'orders'");
    pair_free(&p);
}
END_TEST

START_TEST(two_loads_into_one_table_are_refused)
{
    pair p = pair_new();

    incload_step_set(p.loads[1], "name", "other", &p.r.err);
    incload_step_unref(p.loads[0]);
    p.loads[0] = incload_step_new_load(p.r.source, "orders", p.r.target, "lines", p.r.strategy, &p.r.err);
    refused(&p, 2, "name=shop", INCLOAD_E_INVALID, "same target table lines");
    pair_free(&p);
}
END_TEST

START_TEST(loads_of_two_targets_are_refused)
{
    pair p = pair_new();

    p.loads[2] = incload_step_new_load(p.r.source, "orders", p.r.source, "copies", p.r.strategy, &p.r.err);
    refused(&p, 3, "name=shop", INCLOAD_E_INVALID, "loads 'orders' and 'copies' have different targets");
    pair_free(&p);
}
END_TEST

START_TEST(groups_do_not_nest)
{
    pair p = pair_new();

    p.loads[2] = incload_step_new_group(p.loads, 2, "name=inner", &p.r.err);
    refused(&p, 3, "name=outer", INCLOAD_E_INVALID, "'inner' is a group itself");
    pair_free(&p);
}
END_TEST

START_TEST(a_load_in_a_group_stays_as_it_is)
{
    pair p = pair_new();

    p.loads[2] = incload_step_new_group(p.loads, 2, "name=shop", &p.r.err);
    ck_assert_int_eq(incload_step_set(p.loads[1], "name", "orders", &p.r.err), INCLOAD_E_STATE);
    rig_assert_says(&p.r, "put into a group");
    pair_free(&p);
}
END_TEST

static int32_t
look(incload_unit *unit, incload_batch *batch, void *data)
{
    (void)unit;
    (void)batch;
    (void)data;
    return INCLOAD_DONE;
}

START_TEST(what_belongs_to_one_load_is_asked_of_that)
{
    static const char *const words[] = { "of its own: give them to its loads", "replay those of its loads",
                                         "plan its loads", "lint its loads", "verify its loads" };
    pair p = pair_new();

    incload_step *group = p.loads[2] = incload_step_new_group(p.loads, 2, "name=shop", &p.r.err);
    switch (_i) {
    case 0:
        incload_step_set_batch_function(group, look, NULL, NULL, &p.r.err);
        break;
    case 1:
        ck_assert_ptr_null(incload_step_replay_rejects(group, NULL, &p.r.err));
        break;
    case 2:
        ck_assert_ptr_null(incload_step_plan(group, &p.r.err));
        break;
    case 3:
        ck_assert_ptr_null(incload_step_lint(group, &p.r.err));
        break;
    default:
        ck_assert_ptr_null(incload_verify(group, NULL, &p.r.err));
    }
    ck_assert_int_eq(incload_error_code(p.r.err), INCLOAD_E_UNSUPPORTED);
    rig_assert_says(&p.r, words[_i]);
    rig_assert_says(&p.r, "group 'shop'");
    pair_free(&p);
}
END_TEST

/* ---- one transaction ---- */

static rig
group_prepared(void)
{
    rig r = rig_new("postgres");

    rig_tell_earlier_load(r.to);
    rig_plan(&r, BY_TIME);
    rig_group(&r);
    return r;
}

START_TEST(one_commit_holds_both_watermarks_and_three_runs)
{
    rig r = group_prepared();

    ck_assert_msg(rig_run(&r) == INCLOAD_OK, "%s", incload_error_message(r.err));
    ck_assert_int_eq(incload_mock_commit_count(r.to), 1);
    ck_assert_int_eq(rig_count(r.to, "COMMIT"), 1);
    ck_assert_int_eq(rig_count(r.to, "UPDATE \"incload\".\"watermark\""), 2);
    ck_assert_int_eq(rig_count(r.to, "INSERT INTO \"incload\".\"run\""), 3);
    ck_assert_int_eq(incload_mock_connection_count(r.from), 1);
    ck_assert_int_eq(rig_count(r.from, "BEGIN"), 1);
    ck_assert_int_eq(incload_mock_connection_count(r.to), 1);
    rig_free(&r);
}
END_TEST

static int64_t
first_like(incload_mock *mock, const char *beginning, int64_t from)
{
    for (int64_t i = from; i < incload_mock_statement_count(mock); i++) {
        if (strncmp(incload_mock_statement(mock, i), beginning, strlen(beginning)) == 0)
            return i;
    }
    return -1;
}

START_TEST(all_is_staged_before_anything_is_published_in_the_order_given)
{
    rig r = group_prepared();

    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    int64_t staged = first_like(r.to, "CREATE TEMP", 0);
    staged = first_like(r.to, "CREATE TEMP", staged + 1);
    int64_t orders = first_like(r.to, "INSERT INTO \"public\".\"orders\"", 0);
    int64_t lines = first_like(r.to, "INSERT INTO \"public\".\"lines\"", 0);
    ck_assert_int_gt(staged, 0);
    ck_assert_int_gt(orders, staged);
    ck_assert_int_gt(lines, orders);
    rig_free(&r);
}
END_TEST

/* `orders` is given first; its name comes last. */
START_TEST(leases_are_taken_and_fenced_in_the_order_of_the_names)
{
    rig r = group_prepared();
    int64_t at = -1;

    ck_assert_int_eq(rig_run(&r), INCLOAD_OK);
    for (int i = 0; i < 4; i++) {
        at = first_like(r.to, i < 2 ? "INSERT INTO \"incload\".\"lease\"" : "UPDATE \"incload\".\"lease\" SET holder",
                        at + 1);
        ck_assert_int_ge(at, 0);
        ck_assert_str_eq(incload_mock_statement_parameter(r.to, at, 0), i % 2 == 0 ? "lines" : "orders");
    }
    rig_free(&r);
}
END_TEST

enum { FAULT_ERROR, FAULT_BEFORE, FAULT_AFTER, FAULT_CANCEL, FAULTS };

static void
script(incload_mock *mock, int fault, int64_t nth)
{
    if (fault == FAULT_ERROR)
        incload_mock_fail(mock, "%", nth, "42601", 0, "syntax error", NULL);
    else if (fault == FAULT_CANCEL)
        incload_mock_cancel(mock, "%", nth, NULL);
    else
        incload_mock_disconnect(mock, "%", nth, fault == FAULT_BEFORE ? INCLOAD_MOCK_BEFORE : INCLOAD_MOCK_AFTER, NULL);
    /* What the ledger answers once the runs are in it. */
    if (fault == FAULT_AFTER)
        incload_mock_fail(mock, "INSERT INTO %run% (run_id%", 4, "23505", 0, "duplicate key", NULL);
}

/* Runs with the fault at statement `nth`; false when there is no such statement. */
static bool
fail_at(int fault, bool at_source, int64_t nth)
{
    rig r = group_prepared();
    incload_mock *mock = at_source ? r.from : r.to;

    script(mock, fault, nth);
    int32_t code = rig_run(&r);
    const char *statement = incload_mock_statement(mock, nth - 1);
    int64_t commits = incload_mock_commit_count(r.to);
    if (statement != NULL) {
        bool harmless =
            strcmp(statement, "ROLLBACK") == 0 || (strcmp(statement, "COMMIT") == 0 && fault >= FAULT_AFTER);
        ck_assert_msg((code == INCLOAD_OK) == harmless, "fault %d at '%s': %s %s", fault, statement,
                      incload_status_name(code), incload_error_message(r.err));
        ck_assert_msg(commits == (code == INCLOAD_OK), "fault %d at '%s': %lld commits", fault, statement,
                      (long long)commits);
        for (int32_t i = 0; i < incload_run_load_count(r.run) && code != INCLOAD_OK; i++) {
            ck_assert_int_eq(incload_run_rows_written(incload_run_load(r.run, i)), 0);
            ck_assert_ptr_null(incload_run_watermark(incload_run_load(r.run, i)));
        }
    }
    rig_free(&r);
    return statement != NULL;
}

START_TEST(a_fault_at_any_statement_keeps_all_or_nothing)
{
    int64_t nth = 1;

    while (fail_at(_i % FAULTS, _i / FAULTS == 1, nth))
        nth++;
    ck_assert_int_gt(nth, _i / FAULTS == 1 ? 10 : 30);
}
END_TEST

START_TEST(a_commit_whose_answer_is_lost_is_looked_up_for_all)
{
    rig r = group_prepared();
    char probe[2048];

    incload_mock_disconnect(r.to, "COMMIT", 1, INCLOAD_MOCK_AFTER, NULL);
    incload_mock_fail(r.to, "INSERT INTO %run% (run_id%", 4, "23505", 0, "duplicate key", NULL);
    ck_assert_msg(rig_run(&r) == INCLOAD_OK, "%s", incload_error_message(r.err));
    ck_assert_int_eq(rig_count(r.to, "INSERT INTO \"incload\".\"run\""), 4);
    int64_t last = incload_mock_statement_count(r.to) - 1;
    rig_write(&r, r.to, last - 1, probe, sizeof probe);
    ck_assert_ptr_nonnull(strstr(probe, incload_run_id(r.run)));
    for (int32_t i = 0; i < 2; i++)
        ck_assert_str_eq(incload_run_watermark(incload_run_load(r.run, i)), "2024-01-02 08:00:00");
    rig_free(&r);
}
END_TEST

START_TEST(a_commit_that_stays_unknown_is_told_with_the_group_s_run)
{
    rig r = group_prepared();

    incload_mock_disconnect(r.to, "COMMIT", 1, INCLOAD_MOCK_AFTER, NULL);
    incload_mock_fail(r.to, "CONNECT", 2, "28P01", 0, "password changed", NULL);
    ck_assert_int_eq(rig_run(&r), INCLOAD_E_COMMIT_UNKNOWN);
    rig_assert_says(&r, incload_run_id(r.run));
    rig_free(&r);
}
END_TEST

START_TEST(a_retry_starts_all_loads_over)
{
    rig r = group_prepared();

    r.run_options = "retries=3 retry_delay=0";
    incload_mock_fail(r.to, "INSERT INTO %lines% SELECT %", 1, "40P01", 0, "deadlock detected", NULL);
    ck_assert_msg(rig_run(&r) == INCLOAD_OK, "%s", incload_error_message(r.err));
    ck_assert_int_eq(incload_run_attempts(r.run), 2);
    ck_assert_int_eq(incload_run_attempts(incload_run_load(r.run, 1)), 2);
    ck_assert_int_eq(rig_count(r.to, "INSERT INTO \"public\".\"orders\""), 2);
    ck_assert_int_eq(incload_mock_commit_count(r.to), 1);
    ck_assert_int_eq(incload_run_rows_read(r.run), 4);
    rig_free(&r);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_group_has_at_least_two_loads);
    tcase_add_test(tests, a_group_has_at_most_64_loads);
    tcase_add_test(tests, a_missing_load_is_named_by_its_place);
    tcase_add_test(tests, a_group_needs_a_name);
    tcase_add_test(tests, the_name_of_a_load_is_not_the_group_s);
    tcase_add_test(tests, an_option_of_loads_is_none_of_groups);
    tcase_add_test(tests, two_loads_of_one_name_are_refused);
    tcase_add_test(tests, two_loads_into_one_table_are_refused);
    tcase_add_test(tests, loads_of_two_targets_are_refused);
    tcase_add_test(tests, groups_do_not_nest);
    tcase_add_test(tests, a_load_in_a_group_stays_as_it_is);
    tcase_add_loop_test(tests, what_belongs_to_one_load_is_asked_of_that, 0, 5);
    tcase_add_test(tests, one_commit_holds_both_watermarks_and_three_runs);
    tcase_add_test(tests, all_is_staged_before_anything_is_published_in_the_order_given);
    tcase_add_test(tests, leases_are_taken_and_fenced_in_the_order_of_the_names);
    tcase_add_loop_test(tests, a_fault_at_any_statement_keeps_all_or_nothing, 0, 2 * FAULTS);
    tcase_add_test(tests, a_commit_whose_answer_is_lost_is_looked_up_for_all);
    tcase_add_test(tests, a_commit_that_stays_unknown_is_told_with_the_group_s_run);
    tcase_add_test(tests, a_retry_starts_all_loads_over);
}

HARNESS_MAIN("groups", add_tests)
