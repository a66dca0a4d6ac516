/* SPDX-License-Identifier: Apache-2.0 */
/* The statements by which a window is bounded and read. */
#include "rig.h"

static rig r;

#define NO_POSITION "(\"updated\" IS NULL OR \"updated\" IN ('infinity', '-infinity'))"
#define FROM_ORDERS " FROM \"public\".\"orders\""
#define READ "SELECT \"id\", \"updated\"::text, \"item\"" FROM_ORDERS

static void
set_up(void)
{
    r = rig_new("postgres");
}

static void
tear_down(void)
{
    rig_free(&r);
}

/* The statement of the source that begins with that, `nth` from 0, with its parameters. */
static const char *
asked(const char *beginning, int nth)
{
    static char text[2048];

    for (int64_t i = 0; i < incload_mock_statement_count(r.from); i++) {
        if (strncmp(incload_mock_statement(r.from, i), beginning, strlen(beginning)) == 0 && nth-- == 0) {
            rig_write(&r, r.from, i, text, sizeof text);
            return text;
        }
    }
    return "";
}

static void
load_well(const char *preset, const char *options)
{
    incload_mock_clear_history(r.from, NULL);
    ck_assert_msg(rig_load(&r, preset, options) == INCLOAD_OK, "%s", incload_error_message(r.err));
}

START_TEST(a_first_load_reads_from_the_beginning_to_the_greatest_position)
{
    load_well(BY_TIME);
    ck_assert_str_eq(asked("SELECT (MAX", 0),
                     "SELECT (MAX(\"updated\"))::text" FROM_ORDERS " WHERE NOT (" NO_POSITION ")");
    ck_assert_str_eq(asked("SELECT \"id\"", 0), READ " WHERE NOT (" NO_POSITION ") AND \"updated\" <= $1::timestamp"
                                                     " {2024-01-02 08:00:00}");
}
END_TEST

START_TEST(initial_and_until_bound_the_window_by_hand)
{
    load_well("timestamp", "cursor=updated key=id initial='2023-01-01' until='2024-01-02 08:00:00'");
    ck_assert_str_eq(asked("SELECT (MAX", 0),
                     "SELECT (MAX(\"updated\"))::text" FROM_ORDERS " WHERE NOT (" NO_POSITION ")"
                     " AND \"updated\" >= $1::timestamp AND \"updated\" < $2::timestamp"
                     " {2023-01-01} {2024-01-02 08:00:00}");
    ck_assert_str_eq(asked("SELECT \"id\"", 0), READ
                     " WHERE NOT (" NO_POSITION ") AND \"updated\" >= $1::timestamp AND \"updated\" < $2::timestamp"
                     " AND \"updated\" <= $3::timestamp {2023-01-01} {2024-01-02 08:00:00} {2024-01-02 08:00:00}");
}
END_TEST

START_TEST(a_recorded_watermark_goes_over_initial)
{
    rig_tell_earlier_load(r.to);
    load_well("timestamp", "cursor=updated key=id initial='2030-01-01' deep=never");
    ck_assert_ptr_nonnull(strstr(asked("SELECT (MAX", 0), "{2024-01-01 08:00:00}"));
    ck_assert_ptr_null(strstr(asked("SELECT (MAX", 0), "2030"));
}
END_TEST

START_TEST(no_value_of_the_host_is_part_of_a_statements_text)
{
    load_well("timestamp", "cursor=updated key=id initial='x; DROP TABLE orders --' until='y'");
    for (int64_t i = 0; i < incload_mock_statement_count(r.from); i++)
        ck_assert_ptr_null(strstr(incload_mock_statement(r.from, i), "DROP"));
}
END_TEST

START_TEST(rows_without_a_position_are_read_in_a_part_of_their_own)
{
    static const char *const three[] = { "3" };

    incload_mock_answer_rows(r.from, "SELECT COUNT%", 0, "n", "bigint", three, 1, NULL);
    load_well("timestamp", "cursor=updated key=id null_cursor=include");
    ck_assert_ptr_nonnull(strstr(asked("SELECT \"id\"", 0), "\"updated\" <= $1"));
    ck_assert_str_eq(asked("SELECT \"id\"", 1), READ " WHERE (" NO_POSITION ")");
    ck_assert_str_eq(asked("SELECT \"id\"", 2), "");
}
END_TEST

START_TEST(a_source_without_such_rows_is_not_read_for_them)
{
    load_well("timestamp", "cursor=updated key=id null_cursor=include");
    ck_assert_str_eq(asked("SELECT \"id\"", 1), "");
}
END_TEST

START_TEST(a_cursor_that_cannot_be_null_or_infinite_is_not_counted)
{
    load_well("timestamp", "cursor=id key=id");
    ck_assert_str_eq(asked("SELECT COUNT", 0), "");
}
END_TEST

START_TEST(an_empty_window_reads_nothing_and_keeps_the_watermark)
{
    static const char *const nothing[] = { NULL };

    rig_tell_earlier_load(r.to);
    incload_mock_answer_affected(r.to, "INSERT INTO %orders% SELECT %", 0, 0, NULL);
    incload_mock_answer_rows(r.from, "SELECT (MAX%", 0, "high", "text", nothing, 1, NULL);
    load_well(BY_TIME);
    ck_assert_str_eq(asked("SELECT \"id\"", 0), "");
    ck_assert_int_eq(incload_run_rows_read(r.run), 0);
    ck_assert_str_eq(incload_run_watermark(r.run), "2024-01-01 08:00:00");
}
END_TEST

START_TEST(rows_of_a_key_that_repeats_are_read_in_the_cursors_order)
{
    incload_mock_table(r.from, "orders", "id,updated,item", "bigint,timestamp,text", NULL, NULL);
    load_well(BY_TIME);
    const char *read = asked("SELECT \"id\"", 0);
    ck_assert_ptr_nonnull(strstr(read, " ORDER BY \"updated\" {"));
    load_well("timestamp", "cursor=updated key=id latest_by=updated");
    ck_assert_ptr_null(strstr(asked("SELECT \"id\"", 0), "ORDER BY"));
}
END_TEST

START_TEST(an_append_by_cursor_tells_rows_it_has_by_the_greatest_cursor)
{
    char text[2048];
    int64_t found = 0;

    rig_tell_earlier_load(r.to);
    load_well("timestamp", "cursor=updated write=append");
    for (int64_t i = 0; i < incload_mock_statement_count(r.to); i++) {
        rig_write(&r, r.to, i, text, sizeof text);
        if (strncmp(text, "INSERT INTO \"public\".\"orders\"", 28) != 0)
            continue;
        ck_assert_ptr_nonnull(strstr(text, "s.\"updated\" <= (SELECT MAX(\"updated\") FROM \"public\".\"orders\")"));
        found++;
    }
    ck_assert_int_eq(found, 1);
}
END_TEST

START_TEST(a_query_is_read_as_a_table_with_its_text_whole)
{
    static const char *const newest[] = { "2024-01-02 08:00:00" }, *const none[] = { "0" };

    incload_mock_answer_rows(r.from, "DESCRIBE %", 0, "id,updated,item", "bigint,timestamp,text", NULL, 0, NULL);
    incload_mock_answer_rows(r.from, "SELECT COUNT%", 0, "n", "bigint", none, 1, NULL);
    incload_mock_answer_rows(r.from, "SELECT (MAX%", 0, "high", "text", newest, 1, NULL);
    r.strategy = incload_strategy_new_in(r.context, BY_TIME, &r.err);
    r.step = incload_step_new_query_load(r.source, "SELECT * FROM orders -- all of them", r.target, "orders",
                                         r.strategy, &r.err);
    ck_assert_msg(rig_run(&r) == INCLOAD_OK, "%s", incload_error_message(r.err));
    ck_assert_str_eq(asked("SELECT COUNT", 0),
                     "SELECT COUNT(*) FROM (SELECT * FROM orders -- all of them\n) AS q WHERE " NO_POSITION);
}
END_TEST

START_TEST(an_odd_cursor_is_quoted_wherever_it_stands)
{
    incload_mock_table(r.from, "orders", "id,o\"dd; --", "bigint,timestamp", "id", NULL);
    incload_mock_table(r.to, "orders", "id,o\"dd; --", "bigint,timestamp", "id", NULL);
    incload_mock_answer_rows(r.from, "SELECT \"id\"%", 0, "id,c", "bigint,timestamp", NULL, 0, NULL);
    static const char *const newest[] = { "2024-01-02 08:00:00" };
    incload_mock_answer_rows(r.from, "SELECT (MAX%", 0, "high", "text", newest, 1, NULL);
    load_well("timestamp", "cursor='o\"dd; --' key=id");
    for (int64_t i = 0; i < incload_mock_statement_count(r.from); i++) {
        const char *at = strstr(incload_mock_statement(r.from, i), "dd; --");
        if (at == NULL)
            continue;
        ck_assert_int_eq(memcmp(at - 4, "\"o\"\"dd; --\"", 11), 0);
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_first_load_reads_from_the_beginning_to_the_greatest_position);
    tcase_add_test(tests, initial_and_until_bound_the_window_by_hand);
    tcase_add_test(tests, a_recorded_watermark_goes_over_initial);
    tcase_add_test(tests, no_value_of_the_host_is_part_of_a_statements_text);
    tcase_add_test(tests, rows_without_a_position_are_read_in_a_part_of_their_own);
    tcase_add_test(tests, a_source_without_such_rows_is_not_read_for_them);
    tcase_add_test(tests, a_cursor_that_cannot_be_null_or_infinite_is_not_counted);
    tcase_add_test(tests, an_empty_window_reads_nothing_and_keeps_the_watermark);
    tcase_add_test(tests, rows_of_a_key_that_repeats_are_read_in_the_cursors_order);
    tcase_add_test(tests, an_append_by_cursor_tells_rows_it_has_by_the_greatest_cursor);
    tcase_add_test(tests, a_query_is_read_as_a_table_with_its_text_whole);
    tcase_add_test(tests, an_odd_cursor_is_quoted_wherever_it_stands);
}

HARNESS_MAIN("window", add_tests)
