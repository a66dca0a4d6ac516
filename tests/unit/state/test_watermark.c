/* SPDX-License-Identifier: Apache-2.0 */
/* The watermark in the hands of a host: looking, moving, forgetting, history and list. */
#include "rig.h"

static rig r;
static incload_watermark *mark;

static void
set_up(void)
{
    r = rig_new("postgres");
    mark = NULL;
}

static void
tear_down(void)
{
    incload_watermark_unref(mark);
    rig_free(&r);
}

static void
open_mark(void)
{
    mark = incload_watermark_open(r.target, "orders", &r.err);
    ck_assert_msg(r.err == NULL, "%s", incload_error_message(r.err));
}

START_TEST(a_load_that_never_ran_has_an_empty_watermark)
{
    open_mark();
    ck_assert_str_eq(incload_watermark_load(mark), "orders");
    ck_assert_ptr_null(incload_watermark_value(mark));
    ck_assert_str_eq(incload_watermark_type(mark), "");
    ck_assert_str_eq(incload_watermark_document(mark), "");
    ck_assert_str_eq(incload_watermark_level(mark), "");
    ck_assert_int_eq(incload_watermark_version(mark), 0);
    ck_assert_int_eq(incload_watermark_updated_us(mark), 0);
    ck_assert_int_eq(rig_count(r.to, "CREATE"), 0);
}
END_TEST

START_TEST(a_watermark_tells_what_the_ledger_holds)
{
    rig_tell_earlier_load(r.to);
    open_mark();
    ck_assert_str_eq(incload_watermark_value(mark), "2024-01-01 08:00:00");
    ck_assert_str_eq(incload_watermark_type(mark), "timestamp");
    ck_assert_ptr_nonnull(strstr(incload_watermark_document(mark), "\"value\":\"2024-01-01 08:00:00\""));
    ck_assert_str_eq(incload_watermark_level(mark), "BEST_EFFORT");
    ck_assert_int_eq(incload_watermark_version(mark), 3);
    ck_assert_int_eq(incload_watermark_updated_us(mark), 5);
}
END_TEST

START_TEST(a_refresh_that_fails_keeps_the_old_picture)
{
    rig_tell_earlier_load(r.to);
    open_mark();
    incload_mock_fail(r.to, "SELECT version, value%", 1, "08006", 0, "gone", NULL);
    ck_assert_int_eq(incload_watermark_refresh(mark, &r.err), INCLOAD_E_CONNECT);
    ck_assert_int_eq(incload_watermark_version(mark), 3);
    ck_assert_str_eq(incload_watermark_value(mark), "2024-01-01 08:00:00");
}
END_TEST

START_TEST(setting_moves_from_the_version_that_was_seen)
{
    rig_tell_earlier_load(r.to);
    open_mark();
    incload_mock_clear_history(r.to, NULL);
    ck_assert_int_eq(incload_watermark_set(mark, "2023-01-01", &r.err), INCLOAD_OK);
    char text[1000];
    rig_write(&r, r.to, 2, text, sizeof text);
    ck_assert_str_eq(text, "UPDATE \"incload\".\"watermark\" SET version = $1, value = $2, type = $3, level = $4,"
                           " document = $5, run_id = $6, updated_us = $7 WHERE load_name = $8 AND version = $9"
                           " {4} {2023-01-01} {timestamp} {NULL} {NULL} {host} {1700000000000000} {orders} {3}");
    ck_assert_str_eq(incload_mock_statement(r.to, 4), "COMMIT");
    ck_assert_int_eq(incload_mock_commit_count(r.to), 1);
}
END_TEST

START_TEST(setting_the_first_watermark_makes_the_ledger)
{
    open_mark();
    ck_assert_int_eq(incload_watermark_set(mark, "5", &r.err), INCLOAD_OK);
    ck_assert_int_eq(rig_count(r.to, "CREATE TABLE"), 17);
    ck_assert_int_eq(rig_count(r.to, "INSERT INTO \"incload\".\"watermark\" "), 1);
}
END_TEST

START_TEST(resetting_forgets_the_value_and_keeps_counting)
{
    rig_tell_earlier_load(r.to);
    open_mark();
    incload_mock_clear_history(r.to, NULL);
    ck_assert_int_eq(incload_watermark_reset(mark, &r.err), INCLOAD_OK);
    ck_assert_str_eq(incload_mock_statement_parameter(r.to, 2, 0), "4");
    ck_assert_ptr_null(incload_mock_statement_parameter(r.to, 2, 1));
}
END_TEST

START_TEST(a_watermark_that_moved_meanwhile_is_busy_and_nothing_is_committed)
{
    rig_tell_earlier_load(r.to);
    open_mark();
    incload_mock_answer_affected(r.to, "UPDATE%", 1, 0, NULL);
    ck_assert_int_eq(incload_watermark_set(mark, "5", &r.err), INCLOAD_E_BUSY);
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
    ck_assert_str_eq(incload_mock_statement(r.to, incload_mock_statement_count(r.to) - 1), "ROLLBACK");
}
END_TEST

START_TEST(values_that_are_none_are_refused)
{
    open_mark();
    ck_assert_int_eq(incload_watermark_set(mark, NULL, NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_watermark_set(mark, "\xff", NULL), INCLOAD_E_INVALID);
    ck_assert_int_eq(incload_watermark_set(mark, "", &r.err), INCLOAD_E_INVALID);
    rig_assert_says(&r, "incload_watermark_reset() forgets the value");
    ck_assert_int_eq(rig_count(r.to, "INSERT"), 0);
}
END_TEST

START_TEST(names_that_are_none_open_nothing)
{
    static const char *const bad[] = { NULL, "", "\xff" };

    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_null(incload_watermark_open(r.target, bad[i], NULL));
    ck_assert_ptr_null(incload_watermark_open(NULL, "orders", NULL));
    ck_assert_int_eq(incload_mock_statement_count(r.to), 0);
}
END_TEST

START_TEST(the_history_is_read_latest_first)
{
    static const char *const cells[] = { "3", NULL, "host", "30", "2", "b", "0123", "20" };

    rig_tell_earlier_load(r.to);
    incload_mock_answer_rows(r.to, "SELECT version, value, run_id%", 0, "version,value,run_id,updated_us", NULL, cells,
                             2, NULL);
    open_mark();
    ck_assert_int_eq(incload_watermark_history_version(mark, 0), 0);
    ck_assert_int_eq(incload_watermark_history_count(mark, &r.err), 2);
    char text[400];
    rig_write(&r, r.to, incload_mock_statement_count(r.to) - 1, text, sizeof text);
    ck_assert_str_eq(text, "SELECT version, value, run_id, updated_us FROM \"incload\".\"watermark_history\""
                           " WHERE load_name = $1 AND version > -997 ORDER BY version DESC {orders}");
    ck_assert_int_eq(incload_watermark_history_version(mark, 0), 3);
    ck_assert_ptr_null(incload_watermark_history_value(mark, 0));
    ck_assert_str_eq(incload_watermark_history_run_id(mark, 0), "host");
    ck_assert_int_eq(incload_watermark_history_time_us(mark, 0), 30);
    ck_assert_str_eq(incload_watermark_history_value(mark, 1), "b");
    static const int32_t past[] = { 2, -1, INT32_MAX };
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(incload_watermark_history_version(mark, past[i]), 0);
        ck_assert_ptr_null(incload_watermark_history_run_id(mark, past[i]));
    }
}
END_TEST

START_TEST(without_a_ledger_there_is_no_history_and_no_list)
{
    open_mark();
    ck_assert_int_eq(incload_watermark_history_count(mark, &r.err), 0);
    incload_watermark_list *list = incload_watermark_list_new(r.target, &r.err);
    ck_assert_int_eq(incload_watermark_list_count(list), 0);
    ck_assert_ptr_null(incload_watermark_list_load(list, 0));
    incload_watermark_list_unref(list);
}
END_TEST

START_TEST(the_list_holds_every_load)
{
    static const char *const cells[] = { "items", NULL, "orders", "9" };

    rig_tell_earlier_load(r.to);
    incload_mock_answer_rows(r.to, "SELECT load_name, value%", 0, "load_name,value", NULL, cells, 2, NULL);
    incload_watermark_list *list = incload_watermark_list_new(r.target, &r.err);
    ck_assert_int_eq(incload_watermark_list_count(list), 2);
    ck_assert_str_eq(incload_watermark_list_load(list, 0), "items");
    ck_assert_ptr_null(incload_watermark_list_value(list, 0));
    ck_assert_str_eq(incload_watermark_list_value(list, 1), "9");
    ck_assert_ptr_null(incload_watermark_list_load(list, 2));
    ck_assert_ptr_null(incload_watermark_list_load(list, -1));
    incload_watermark_list_unref(list);
}
END_TEST

START_TEST(a_newer_ledger_opens_no_watermark)
{
    static const char *const version[] = { "99" };

    incload_mock_answer_rows(r.to, "SELECT MAX(version)%", 0, "version", "bigint", version, 1, NULL);
    ck_assert_ptr_null(incload_watermark_open(r.target, "orders", &r.err));
    ck_assert_int_eq(incload_error_code(r.err), INCLOAD_E_UNSUPPORTED);
    ck_assert_ptr_null(incload_watermark_list_new(r.target, NULL));
}
END_TEST

START_TEST(a_watermark_outlives_the_handles_it_was_made_from)
{
    rig_tell_earlier_load(r.to);
    open_mark();
    incload_database_unref(r.target);
    incload_context_unref(r.context);
    r.target = NULL;
    r.context = NULL;
    ck_assert_int_eq(incload_watermark_refresh(mark, &r.err), INCLOAD_OK);
    ck_assert_int_eq(incload_watermark_version(mark), 3);
    ck_assert_ptr_eq(incload_watermark_ref(mark), mark);
    incload_watermark_unref(mark);
}
END_TEST

/* ---- memory that runs out ---- */

static int64_t left;
static int64_t live;

static void *
scarce(size_t size, void *data)
{
    (void)data;
    void *block = left-- > 0 ? malloc(size) : NULL;
    live += block != NULL;
    return block;
}

static void *
scarce_again(void *block, size_t size, void *data)
{
    (void)data;
    return left-- > 0 ? realloc(block, size) : NULL;
}

static void
give_back(void *block, void *data)
{
    (void)data;
    live--;
    free(block);
}

static int32_t
use_it_all(incload_context *context, incload_mock *mock)
{
    incload_error *failure = NULL;
    incload_database *target = incload_mock_database(mock, context, NULL, NULL, &failure);
    incload_watermark *seen = incload_watermark_open(target, "orders", &failure);

    incload_watermark_set(seen, "5", &failure);
    incload_watermark_history_count(seen, &failure);
    incload_watermark_list *list = incload_watermark_list_new(target, &failure);
    int32_t code = incload_error_code(failure);
    incload_watermark_list_unref(list);
    incload_watermark_unref(seen);
    incload_database_unref(target);
    incload_error_unref(failure);
    return code;
}

START_TEST(every_allocation_may_fail)
{
    const incload_allocator allocator = { .struct_size = sizeof allocator, .allocate = scarce,
                                          .reallocate = scarce_again, .release = give_back };
    static const char *const cells[] = { "3", "a", "host", "30" }, *const loads[] = { "orders", "9" };
    int32_t code = INCLOAD_E_NO_MEMORY;
    int64_t tried = 0;

    rig_tell_earlier_load(r.to);
    incload_mock_answer_rows(r.to, "SELECT version, value, run_id%", 0, "version,value,run_id,updated_us", NULL, cells,
                             1, NULL);
    incload_mock_answer_rows(r.to, "SELECT load_name, value%", 0, "load_name,value", NULL, loads, 1, NULL);
    for (; code != INCLOAD_OK; tried++) {
        ck_assert_int_lt(tried, 2000);
        incload_context *context = rig_context();
        incload_context_set_allocator(context, &allocator, NULL, NULL, NULL);
        left = tried;
        code = use_it_all(context, r.to);
        incload_context_unref(context);
        ck_assert_msg(code == INCLOAD_OK || code == INCLOAD_E_NO_MEMORY, "%s", incload_status_name(code));
        ck_assert_msg(live == 0, "allocation %lld: %lld blocks were not given back", (long long)tried, (long long)live);
    }
    ck_assert_int_gt(tried, 60);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_load_that_never_ran_has_an_empty_watermark);
    tcase_add_test(tests, a_watermark_tells_what_the_ledger_holds);
    tcase_add_test(tests, a_refresh_that_fails_keeps_the_old_picture);
    tcase_add_test(tests, setting_moves_from_the_version_that_was_seen);
    tcase_add_test(tests, setting_the_first_watermark_makes_the_ledger);
    tcase_add_test(tests, resetting_forgets_the_value_and_keeps_counting);
    tcase_add_test(tests, a_watermark_that_moved_meanwhile_is_busy_and_nothing_is_committed);
    tcase_add_test(tests, values_that_are_none_are_refused);
    tcase_add_test(tests, names_that_are_none_open_nothing);
    tcase_add_test(tests, the_history_is_read_latest_first);
    tcase_add_test(tests, without_a_ledger_there_is_no_history_and_no_list);
    tcase_add_test(tests, the_list_holds_every_load);
    tcase_add_test(tests, a_newer_ledger_opens_no_watermark);
    tcase_add_test(tests, a_watermark_outlives_the_handles_it_was_made_from);
    tcase_add_test(tests, every_allocation_may_fail);
}

HARNESS_MAIN("watermark", add_tests)
