/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused before a row is read, with the words in which it is refused. */
#include "rig.h"

static rig r;

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

/* The load is refused before its transactions: nothing was begun, nothing written. */
static void
refused(const char *preset, const char *options, int32_t code, const char *says)
{
    ck_assert_msg(rig_load(&r, preset, options) == code, "%s: %s %s", options != NULL ? options : "",
                  incload_error_name(r.err), incload_error_message(r.err));
    rig_assert_says(&r, says);
    ck_assert_int_eq(rig_count(r.to, "BEGIN"), 0);
    ck_assert_int_eq(rig_count(r.from, "BEGIN"), 0);
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
}

START_TEST(options_that_do_not_fit_together_are_refused)
{
    static const struct {
        const char *preset;
        const char *options;
        const char *says;
    } bad[] = {
        { "timestamp", "key=id", "window=since needs option 'cursor'" },
        { "timestamp", "cursor=updated", "write=merge needs option 'key'" },
        { "upsert", "key=id until=2024", "options 'initial' and 'until' need window=since" },
        { "append", "initial=2024", "options 'initial' and 'until' need window=since" },
        { "append", "window=since cursor=updated null_cursor=include", "null_cursor=include needs write=merge" },
        { "append", "window=since cursor=updated missing_state=full", "missing_state=full needs write=merge" },
        { "upsert", "key=id:no", "option 'key' takes the source's column names, without new names behind a colon" },
        { "upsert", "key=id columns=id,item,id", "option 'columns' names 'id' twice" },
        { "swap", "window=since cursor=updated", "write=swap needs window=all: the new table must have every row" },
        { "full_refresh", "window=since cursor=updated", "write=replace needs window=all" },
        { "interval", "cursor=updated", "window=interval needs options 'initial' and 'until'" },
        { "history", NULL, "write=scd2 needs option 'key': the columns that identify a row" },
        { "history", "key=id detect_deletes=keys", "detect_deletes needs write=merge" },
        { "upsert", "key=id allow_empty=true", "allow_empty needs write=replace or write=swap" },
        { "upsert", "key=id scd2_deletes=invalidate", "need write=scd2" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(bad[i].preset, bad[i].options, INCLOAD_E_INVALID, bad[i].says);
}
END_TEST

START_TEST(a_swap_takes_no_rows_out_of_its_new_table)
{
    refused("swap", "bad_rows=reject", INCLOAD_E_UNSUPPORTED, "bad_rows=reject is not possible with write=swap");
}
END_TEST

START_TEST(columns_that_are_not_there_are_named)
{
    static const struct {
        const char *options;
        const char *says;
    } bad[] = {
        { "cursor=changed key=id", "the cursor column 'changed' is not among the loaded columns of the source" },
        { "cursor=Updated key=id", "the cursor column 'Updated' is written 'updated' in the source" },
        { "cursor=updated key=id,nr", "the key column 'nr' is not among the loaded columns of the source" },
        { "cursor=updated key=id latest_by=nr", "the latest_by column 'nr' is not among the loaded columns" },
        { "cursor=updated key=id columns=id,updated,price",
          "option 'columns' names 'price', which the source does not have" },
        { "cursor=updated key=id columns=id,item", "the cursor column 'updated' is not among the loaded columns" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused("timestamp", bad[i].options, INCLOAD_E_NOT_FOUND, bad[i].says);
}
END_TEST

START_TEST(a_key_of_too_many_columns_is_refused)
{
    char options[400] = "key=id";

    for (int i = 0; i < 32; i++)
        strcat(options, ",id");
    refused("upsert", options, INCLOAD_E_INVALID, "option 'key' has 33 columns: 32 are the most");
}
END_TEST

static void
load_tables(const char *from, const char *to)
{
    incload_error_unref(r.err);
    r.err = NULL;
    incload_strategy_unref(r.strategy);
    incload_step_unref(r.step);
    r.strategy = incload_strategy_new_in(r.context, BY_TIME, &r.err);
    r.step = incload_step_new_load(r.source, from, r.target, to, r.strategy, &r.err);
    rig_run(&r);
}

START_TEST(a_source_table_that_is_not_there_is_named)
{
    load_tables("shop.invoices", "orders");
    ck_assert_int_eq(incload_error_code(r.err), INCLOAD_E_NOT_FOUND);
    rig_assert_says(&r, "source table: there is no table 'shop.invoices', or this user may not see it");
}
END_TEST

START_TEST(a_target_table_that_is_not_there_is_made)
{
    incload_mock_answer_rows(r.to, r.dialect->columns_query, 1, "a", NULL, NULL, 0, NULL);
    ck_assert_int_eq(rig_load(&r, BY_TIME), INCLOAD_OK);
    ck_assert_int_eq(rig_count(r.to, "CREATE TABLE IF NOT EXISTS \"public\".\"orders\""
                                     " (\"id\" bigint NOT NULL, \"updated\" timestamp, \"item\" text, "
                                     "PRIMARY KEY (\"id\"))"),
                     1);
}
END_TEST

START_TEST(a_target_table_is_not_made_when_that_is_forbidden)
{
    incload_mock_answer_rows(r.to, r.dialect->columns_query, 1, "a", NULL, NULL, 0, NULL);
    refused("timestamp", "cursor=updated key=id create_target=false", INCLOAD_E_NOT_FOUND,
            "target table: there is no table");
    ck_assert_int_eq(rig_count(r.to, "CREATE TABLE IF NOT EXISTS \"public\""), 0);
}
END_TEST

START_TEST(a_target_that_cannot_be_made_is_named)
{
    incload_mock_answer_rows(r.to, r.dialect->columns_query, 0, "a", NULL, NULL, 0, NULL);
    incload_mock_fail(r.to, "CREATE TABLE IF NOT EXISTS %orders%", 1, "42501", 0, "permission denied", NULL);
    refused(BY_TIME, INCLOAD_E_PERMISSION, "creating target table ");
}
END_TEST

START_TEST(a_target_without_the_column_is_refused)
{
    incload_mock_table(r.to, "orders", "id,updated", "bigint,timestamp", "id", NULL);
    refused(BY_TIME, INCLOAD_E_NOT_FOUND,
            "target table public.orders has no column 'item': add it there, or name the columns to load in option "
            "'columns'");
}
END_TEST

START_TEST(a_target_that_cannot_hold_a_column_is_refused_with_both_types)
{
    incload_mock_table(r.to, "orders", "id,updated,item", "bigint,boolean,text", "id", NULL);
    refused(BY_TIME, INCLOAD_E_TYPE,
            "which target table public.orders cannot hold in its column of type boolean: change the type there");
}
END_TEST

START_TEST(a_computed_column_of_the_target_is_refused)
{
    static const char *const cells[] = { "id",   "bigint", "0",   "0",    "0", "updated", "timestamp", "1",
                                         "0",    "0",      "item", "text", "1", "1",       "0" };

    incload_mock_answer_rows(r.to, r.dialect->columns_query, 0, "name,type,nullable,generated,id", NULL, cells, 3,
                             NULL);
    refused(BY_TIME, INCLOAD_E_TYPE,
            "column 'item' of target table public.orders is computed by the database: leave it out");
}
END_TEST

START_TEST(a_merge_needs_a_unique_key_on_exactly_its_columns)
{
    static const char *const says =
        "target table public.orders has no primary key or unique index on exactly the columns"
        " of option 'key'";

    incload_mock_table(r.to, "orders", "id,updated,item", "bigint,timestamp,text", NULL, NULL);
    refused(BY_TIME, INCLOAD_E_CONSTRAINT, says);
    incload_mock_table(r.to, "orders", "id,updated,item", "bigint,timestamp,text", "id,updated", NULL);
    refused(BY_TIME, INCLOAD_E_CONSTRAINT, says);
    incload_mock_table(r.to, "orders", "id,updated,item", "bigint,timestamp,text", "updated,id", NULL);
    ck_assert_int_eq(rig_load(&r, "timestamp", "cursor=updated key=id,updated"), INCLOAD_OK);
}
END_TEST

START_TEST(an_append_needs_no_key)
{
    incload_mock_table(r.to, "orders", "id,updated,item", "bigint,timestamp,text", NULL, NULL);
    ck_assert_int_eq(rig_load(&r, "append", NULL), INCLOAD_OK);
}
END_TEST

START_TEST(columns_can_be_left_out_and_renamed)
{
    incload_mock_table(r.to, "orders", "nr,at", "bigint,timestamp", "nr", NULL);
    incload_mock_answer_rows(r.from, "SELECT \"id\", \"updated\"::text FROM %", 0, "id,updated", "bigint,timestamp",
                             NULL, 0, NULL);
    ck_assert_msg(rig_load(&r, "timestamp", "cursor=updated key=id columns=id:nr,updated:at") == INCLOAD_OK, "%s",
                  incload_error_message(r.err));
    ck_assert_int_eq(rig_count(r.from, "SELECT \"id\", \"updated\"::text FROM \"public\".\"orders\""), 1);
}
END_TEST

/* ---- the state of the target ---- */

START_TEST(rows_without_a_watermark_are_refused_with_the_remedies)
{
    static const char *const one[] = { "1" };

    incload_mock_answer_rows(r.to, "SELECT CASE WHEN EXISTS%", 0, "has", NULL, one, 1, NULL);
    ck_assert_int_eq(rig_load(&r, BY_TIME), INCLOAD_E_STATE_MISSING);
    rig_assert_says(&r, "target table public.orders has rows, but load 'orders' has no watermark");
    rig_assert_says(&r, "incload_watermark_set()");
    rig_assert_says(&r, "missing_state=derive (take the greatest 'updated' in the target)");
    rig_assert_says(&r, "missing_state=full");
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);
}
END_TEST

START_TEST(a_watermark_is_derived_from_the_target_when_asked)
{
    static const char *const one[] = { "1" }, *const newest[] = { "2024-01-01 09:00:00" };

    incload_mock_answer_rows(r.to, "SELECT CASE WHEN EXISTS%", 0, "has", NULL, one, 1, NULL);
    incload_mock_answer_rows(r.to, "SELECT (MAX(\"updated\"))::text%", 0, "m", NULL, newest, 1, NULL);
    ck_assert_int_eq(rig_load(&r, "timestamp", "cursor=updated key=id missing_state=derive"), INCLOAD_OK);
    int64_t asked = 0;
    for (int64_t i = 0; i < incload_mock_statement_count(r.from); i++) {
        const char *low = incload_mock_statement_parameter(r.from, i, 0);
        asked += low != NULL && strcmp(low, newest[0]) == 0;
    }
    ck_assert_int_eq(asked, 2);
}
END_TEST

START_TEST(a_derived_watermark_never_is_the_end_of_time)
{
    static const char *const one[] = { "1" }, *const newest[] = { "2024-01-01 09:00:00" };

    incload_mock_answer_rows(r.to, "SELECT CASE WHEN EXISTS%", 0, "has", NULL, one, 1, NULL);
    incload_mock_answer_rows(r.to, "SELECT (MAX(\"updated\"))::text%", 0, "m", NULL, newest, 1, NULL);
    ck_assert_int_eq(rig_load(&r, "timestamp", "cursor=updated key=id missing_state=derive"), INCLOAD_OK);
    for (int64_t i = 0; i < incload_mock_statement_count(r.to); i++) {
        const char *sql = incload_mock_statement(r.to, i);
        if (strncmp(sql, "SELECT (MAX", 11) == 0)
            ck_assert_ptr_nonnull(strstr(sql, "infinity"));
    }
}
END_TEST

START_TEST(everything_is_read_again_when_asked)
{
    static const char *const one[] = { "1" };

    incload_mock_answer_rows(r.to, "SELECT CASE WHEN EXISTS%", 0, "has", NULL, one, 1, NULL);
    ck_assert_int_eq(rig_load(&r, "timestamp", "cursor=updated key=id missing_state=full"), INCLOAD_OK);
    ck_assert_int_eq(rig_count(r.from, "SELECT (MAX(\"updated\"))::text FROM \"public\".\"orders\" WHERE NOT ("), 1);
}
END_TEST

START_TEST(a_copy_into_a_table_with_rows_is_refused_unless_asked_for)
{
    static const char *const one[] = { "1" };

    incload_mock_answer_rows(r.to, "SELECT CASE WHEN EXISTS%", 0, "has", NULL, one, 1, NULL);
    ck_assert_int_eq(rig_load(&r, "append", NULL), INCLOAD_E_STATE);
    rig_assert_says(&r, "target table public.orders has rows");
    rig_assert_says(&r, "append_to_rows=true");
    ck_assert_int_eq(rig_load(&r, "append", "append_to_rows=true"), INCLOAD_OK);
}
END_TEST

START_TEST(rows_without_a_position_follow_the_policy)
{
    static const char *const three[] = { "3" };

    incload_mock_answer_rows(r.from, "SELECT COUNT%", 0, "n", "bigint", three, 1, NULL);
    ck_assert_int_eq(rig_load(&r, BY_TIME), INCLOAD_E_NULL_CURSOR);
    rig_assert_says(&r, "3 rows of the source have no position in 'updated' (NULL or infinite)");
    rig_assert_says(&r, "null_cursor=include or null_cursor=exclude");
    ck_assert_int_eq(incload_run_rows_without_cursor(r.run), 3);
    ck_assert_int_eq(incload_mock_commit_count(r.to), 0);

    ck_assert_int_eq(rig_load(&r, "timestamp", "cursor=updated key=id null_cursor=exclude"), INCLOAD_OK);
    ck_assert_int_eq(incload_run_rows_without_cursor(r.run), 3);
    ck_assert_int_eq(incload_run_rows_read(r.run), 2);

    ck_assert_int_eq(rig_load(&r, "timestamp", "cursor=updated key=id null_cursor=include"), INCLOAD_OK);
    ck_assert_int_eq(incload_run_rows_read(r.run), 4);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, options_that_do_not_fit_together_are_refused);
    tcase_add_test(tests, a_swap_takes_no_rows_out_of_its_new_table);
    tcase_add_test(tests, columns_that_are_not_there_are_named);
    tcase_add_test(tests, a_key_of_too_many_columns_is_refused);
    tcase_add_test(tests, a_source_table_that_is_not_there_is_named);
    tcase_add_test(tests, a_target_table_that_is_not_there_is_made);
    tcase_add_test(tests, a_target_table_is_not_made_when_that_is_forbidden);
    tcase_add_test(tests, a_target_that_cannot_be_made_is_named);
    tcase_add_test(tests, a_target_without_the_column_is_refused);
    tcase_add_test(tests, a_target_that_cannot_hold_a_column_is_refused_with_both_types);
    tcase_add_test(tests, a_computed_column_of_the_target_is_refused);
    tcase_add_test(tests, a_merge_needs_a_unique_key_on_exactly_its_columns);
    tcase_add_test(tests, an_append_needs_no_key);
    tcase_add_test(tests, columns_can_be_left_out_and_renamed);
    tcase_add_test(tests, rows_without_a_watermark_are_refused_with_the_remedies);
    tcase_add_test(tests, a_watermark_is_derived_from_the_target_when_asked);
    tcase_add_test(tests, a_derived_watermark_never_is_the_end_of_time);
    tcase_add_test(tests, everything_is_read_again_when_asked);
    tcase_add_test(tests, a_copy_into_a_table_with_rows_is_refused_unless_asked_for);
    tcase_add_test(tests, rows_without_a_position_follow_the_policy);
}

HARNESS_MAIN("plan", add_tests)
