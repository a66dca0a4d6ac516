/* SPDX-License-Identifier: Apache-2.0 */
/* Which road the rows take, and what a run says about the faster ones. */
#include "rig.h"

static rig r;

static void
open_databases(bool one)
{
    r = rig_new_in(rig_context(), "postgres", one);
    incload_mock_answer_affected(r.to, "INSERT INTO % SELECT %", 0, 2, NULL);
}

static void
tear_down(void)
{
    rig_free(&r);
}

static void
takes(const char *options, const char *road, const char *reason)
{
    ck_assert_msg(rig_load(&r, "upsert", options) == INCLOAD_OK, "%s", incload_error_message(r.err));
    ck_assert_str_eq(incload_run_road(r.run), road);
    ck_assert_str_eq(incload_run_road_reason(r.run), reason);
}

static void
refuses(const char *options, const char *says)
{
    incload_mock_clear_history(r.to, NULL);
    ck_assert_int_eq(rig_load(&r, "upsert", options), INCLOAD_E_UNSUPPORTED);
    rig_assert_says(&r, says);
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
}

START_TEST(one_database_moves_its_rows_itself)
{
    open_databases(true);
    takes("key=id", "same-database", "");
    ck_assert_int_eq(incload_run_bytes(r.run), 0);
    ck_assert_int_eq(rig_count(r.from, "WRITE"), 0);
}
END_TEST

START_TEST(two_databases_need_the_host)
{
    open_databases(false);
    takes("key=id", "batches", "source and target are different databases; the relay needs libpq on both sides");
    refuses("key=id road=same-database", "road=same-database is closed: source and target are different databases");
    refuses("key=id road=relay", "road=relay is closed: ");
}
END_TEST

START_TEST(types_that_do_not_hold_each_other_close_the_road_inside)
{
    open_databases(true);
    incload_mock_table(r.to, "copies", "id,updated,item", "integer,timestamp,text", "id", NULL);
    takes("key=id", "batches",
          "column 'id' is bigint in the source and integer in the target; the relay needs libpq on both sides");
}
END_TEST

START_TEST(a_wider_target_keeps_the_road_inside_open)
{
    open_databases(true);
    incload_mock_table(r.from, "orders", "id,updated,item", "integer,timestamp,text", "id", NULL);
    takes("key=id", "same-database", "");
}
END_TEST

static int32_t
pass(incload_unit *unit, incload_batch *batch, void *data)
{
    (void)unit;
    (void)batch;
    (void)data;
    return INCLOAD_DONE;
}

START_TEST(a_process_function_must_see_the_rows)
{
    open_databases(true);
    rig_plan(&r, "upsert", "key=id");
    incload_step_set_batch_function(r.step, pass, NULL, NULL, &r.err);
    ck_assert_msg(rig_run(&r) == INCLOAD_OK, "%s", incload_error_message(r.err));
    ck_assert_str_eq(incload_run_road(r.run), "batches");
    ck_assert_str_eq(incload_run_road_reason(r.run), "a process function sees the rows");
}
END_TEST

START_TEST(a_slower_road_can_be_asked_for)
{
    open_databases(true);
    takes("key=id road=batches", "batches", "option 'road' asked for it");
}
END_TEST

START_TEST(a_table_is_not_loaded_into_itself)
{
    static const char *const names[] = { "orders", "public.orders", "\"orders\"", "public.\"orders\"" };

    open_databases(true);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        incload_error *err = NULL;
        incload_strategy *strategy = incload_strategy_new_in(r.context, "upsert", "key=id", &err);
        incload_step *step = incload_step_new_load(r.source, "orders", r.target, names[i], strategy, &err);
        incload_run_unref(incload_step_run(step, NULL, &err));
        ck_assert_int_eq(incload_error_code(err), INCLOAD_E_INVALID);
        ck_assert_ptr_nonnull(
            strstr(incload_error_message(err), "source and target are the same table of the same database"));
        incload_step_unref(step);
        incload_strategy_unref(strategy);
        incload_error_unref(err);
    }
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
}
END_TEST

START_TEST(a_server_that_does_not_say_how_many_rows_it_moved_is_not_believed)
{
    open_databases(true);
    incload_mock_answer_affected(r.from, "INSERT INTO \"public\".\"copies\" (%", 0, -1, NULL);
    ck_assert_int_eq(rig_load(&r, "append", NULL), INCLOAD_E_PROTOCOL);
    ck_assert_int_eq(incload_mock_commit_count(r.from), 0);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, one_database_moves_its_rows_itself);
    tcase_add_test(tests, two_databases_need_the_host);
    tcase_add_test(tests, types_that_do_not_hold_each_other_close_the_road_inside);
    tcase_add_test(tests, a_wider_target_keeps_the_road_inside_open);
    tcase_add_test(tests, a_process_function_must_see_the_rows);
    tcase_add_test(tests, a_slower_road_can_be_asked_for);
    tcase_add_test(tests, a_table_is_not_loaded_into_itself);
    tcase_add_test(tests, a_server_that_does_not_say_how_many_rows_it_moved_is_not_believed);
}

HARNESS_MAIN("road", add_tests)
