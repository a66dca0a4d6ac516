/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <string.h>

#include "driver/mock_fixture.h"

static incload_mock *mock;
static incload__conn *conn;

static void
set_up(void)
{
    mock = incload_mock_new(NULL);
    conn = mock_connection(mock, "mock:");
}

static void
tear_down(void)
{
    DRIVER->close(conn);
    incload_mock_unref(mock);
}

static int32_t
begin(void)
{
    return DRIVER->begin(conn, NULL);
}

static int32_t
commit(void)
{
    return DRIVER->commit(conn, NULL);
}

static int32_t
rollback(void)
{
    return DRIVER->rollback(conn, NULL);
}

static const char *
last_statement(void)
{
    return incload_mock_statement(mock, incload_mock_statement_count(mock) - 1);
}

START_TEST(told_tables_answer_the_dialects_questions)
{
    incload__param params[] = { { NULL, 0, INCLOAD__TEXT }, { "orders", 6, INCLOAD__TEXT } };
    incload__rows rows;

    incload_mock_table(mock, "orders", "id,updated", "bigint,numeric(10,2)", "id", NULL);
    ck_assert_int_eq(DRIVER->select(conn, conn->dialect->columns_query, params, 2, &rows, NULL), INCLOAD_OK);
    ck_assert_int_eq(rows.count, 2);
    ck_assert_str_eq(incload__rows_get(&rows, 0, 0), "id");
    ck_assert_str_eq(incload__rows_get(&rows, 0, 2), "0");
    ck_assert_str_eq(incload__rows_get(&rows, 1, 1), "numeric(10,2)");
    ck_assert_str_eq(incload__rows_get(&rows, 1, 2), "1");
    incload__rows_free(&rows);
    ck_assert_int_eq(DRIVER->select(conn, conn->dialect->keys_query, params, 2, &rows, NULL), INCLOAD_OK);
    ck_assert_int_eq(rows.count, 1);
    ck_assert_str_eq(incload__rows_get(&rows, 0, 3), "id");
    incload__rows_free(&rows);
    ck_assert_int_eq(DRIVER->select(conn, conn->dialect->schema_query, params, 2, &rows, NULL), INCLOAD_OK);
    ck_assert_str_eq(incload__rows_get(&rows, 0, 0), "public");
    incload__rows_free(&rows);
    params[1] = (incload__param){ "others", 6, INCLOAD__TEXT };
    ck_assert_int_eq(DRIVER->select(conn, conn->dialect->columns_query, params, 2, &rows, NULL), INCLOAD_OK);
    ck_assert_int_eq(rows.count, 0);
}
END_TEST

START_TEST(connections_of_one_mock_are_to_one_database)
{
    incload_mock *another = incload_mock_new(NULL);
    incload__conn *same = mock_connection(mock, "mock:");
    incload__conn *different = mock_connection(another, "mock:");
    incload__conn *all[] = { conn, same, different };
    incload__rows rows[3];

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(DRIVER->select(all[i], conn->dialect->identity_query, NULL, 0, &rows[i], NULL), INCLOAD_OK);
    ck_assert_str_eq(incload__rows_get(&rows[0], 0, 0), incload__rows_get(&rows[1], 0, 0));
    ck_assert_str_ne(incload__rows_get(&rows[0], 0, 0), incload__rows_get(&rows[2], 0, 0));
    for (int i = 0; i < 3; i++)
        incload__rows_free(&rows[i]);
    DRIVER->close(same);
    DRIVER->close(different);
    incload_mock_unref(another);
}
END_TEST

START_TEST(a_query_is_described_by_its_scripted_answer)
{
    incload__schema schema;

    incload_mock_answer_rows(mock, "SELECT%", 0, "id,name", "bigint,text", NULL, 0, NULL);
    ck_assert_int_eq(DRIVER->describe(conn, "SELECT id, name FROM a", 0, &schema, NULL), INCLOAD_OK);
    ck_assert_int_eq(schema.count, 2);
    ck_assert_str_eq(schema.columns[0].name, "id");
    ck_assert_int_eq(schema.columns[0].type.kind, INCLOAD__INT64);
    ck_assert(schema.columns[0].nullable);
    ck_assert_str_eq(last_statement(), "DESCRIBE SELECT id, name FROM a");
    incload__schema_free(&schema);
    ck_assert_int_eq(DRIVER->describe(conn, "VALUES (1)", 0, &schema, NULL), INCLOAD_E_SQL);
}
END_TEST

static void
two_columns(incload__schema *schema)
{
    incload__schema_init(schema, &incload__mem_libc);
    incload__schema_add(schema, "id", "bigint", (incload__type){ .kind = INCLOAD__INT64 });
    incload__schema_add(schema, "name", "text", (incload__type){ .kind = INCLOAD__TEXT });
}

START_TEST(scripted_rows_are_read_in_batches)
{
    const char *cells[] = { "1", "a", "2", NULL, "3", "c" };
    incload__reader *reader;
    incload__schema schema;
    int64_t rows, read[3] = { 0 };

    two_columns(&schema);
    incload_mock_answer_rows(mock, "SELECT%", 0, "id,name", NULL, cells, 3, NULL);
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, NULL);
    ck_assert_int_eq(DRIVER->read_open(conn, "SELECT", NULL, 0, &schema, &reader, NULL), INCLOAD_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(DRIVER->read_next(reader, builder, 2, 0, &rows, NULL), INCLOAD_OK);
        read[i] = rows;
    }
    ck_assert_int_eq(read[0], 2);
    ck_assert_int_eq(read[1], 1);
    ck_assert_int_eq(read[2], 0);
    ck_assert_int_eq(incload__builder_rows(builder), 3);
    DRIVER->read_close(reader);
    incload__builder_free(builder);
    incload__schema_free(&schema);
}
END_TEST

START_TEST(a_reader_can_lose_its_connection_between_batches)
{
    const char *cells[] = { "1", "a", "2", "b" };
    incload__reader *reader;
    incload__schema schema;
    int64_t rows;

    two_columns(&schema);
    incload_mock_answer_rows(mock, "SELECT%", 0, "id,name", NULL, cells, 2, NULL);
    incload_mock_disconnect(mock, "FETCH", 2, INCLOAD_MOCK_BEFORE, NULL);
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, NULL);
    ck_assert_int_eq(DRIVER->read_open(conn, "SELECT", NULL, 0, &schema, &reader, NULL), INCLOAD_OK);
    ck_assert_int_eq(DRIVER->read_next(reader, builder, 1, 0, &rows, NULL), INCLOAD_OK);
    ck_assert_int_eq(DRIVER->read_next(reader, builder, 1, 0, &rows, NULL), INCLOAD_E_CONNECT);
    DRIVER->read_close(reader);
    incload__builder_free(builder);
    incload__schema_free(&schema);
}
END_TEST

START_TEST(a_scripted_cell_of_the_wrong_type_names_column_and_type_but_not_the_value)
{
    const char *cells[] = { "secret", "a" };
    incload_error *err = NULL;
    incload__reader *reader;
    incload__schema schema;
    int64_t rows;

    two_columns(&schema);
    incload_mock_answer_rows(mock, "SELECT%", 0, "id,name", NULL, cells, 1, NULL);
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, NULL);
    ck_assert_int_eq(DRIVER->read_open(conn, "SELECT", NULL, 0, &schema, &reader, NULL), INCLOAD_OK);
    ck_assert_int_eq(DRIVER->read_next(reader, builder, 9, 0, &rows, &err), INCLOAD_E_DATA);
    ck_assert(contains(incload_error_message(err), "'id' is no int64"));
    ck_assert(!contains(incload_error_message(err), "secret"));
    DRIVER->read_close(reader);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    incload_error_unref(err);
}
END_TEST

/* Writes the rows (1, "a") and (2, NULL), and returns what the end of the write said. */
static int32_t
write_two_rows(incload__conn *to, const char *table)
{
    incload__writer *writer;
    incload__schema schema;
    incload__view view;
    struct ArrowArray array;
    int64_t rows = 0;

    two_columns(&schema);
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, NULL);
    incload__put_int(builder, 0, 1);
    incload__put_bytes(builder, 1, "a", 1);
    incload__put_int(builder, 0, 2);
    incload__put_null(builder, 1);
    ck_assert_int_eq(incload__builder_finish(builder, &array, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__view_init(&view, &incload__mem_libc, &schema, &array, NULL), INCLOAD_OK);
    int32_t status = DRIVER->write_open(to, table, &schema, &writer, NULL);
    if (status == INCLOAD_OK) {
        status = DRIVER->write_batch(writer, &view, NULL);
        if (status == INCLOAD_OK)
            status = DRIVER->write_close(writer, &rows, NULL);
        else
            DRIVER->write_abandon(writer);
    }
    if (status == INCLOAD_OK)
        ck_assert_int_eq(rows, 2);
    incload__view_free(&view);
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    return status;
}

START_TEST(written_rows_count_once_their_commit_took_effect)
{
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(write_two_rows(conn, "\"orders\""), INCLOAD_OK);
    ck_assert_int_eq(incload_mock_row_count(mock, "orders"), 0);
    ck_assert_int_eq(commit(), INCLOAD_OK);
    ck_assert_int_eq(incload_mock_row_count(mock, "orders"), 2);
    ck_assert_int_eq(incload_mock_row_count(mock, "\"orders\""), 2);
    ck_assert_int_eq(incload_mock_row_count(mock, "others"), 0);
    ck_assert_str_eq(incload_mock_cell(mock, "orders", 0, 0), "1");
    ck_assert_str_eq(incload_mock_cell(mock, "orders", 0, 1), "a");
    ck_assert_str_eq(incload_mock_cell(mock, "orders", 1, 0), "2");
    ck_assert_ptr_null(incload_mock_cell(mock, "orders", 1, 1));
    ck_assert_ptr_null(incload_mock_cell(mock, "orders", 2, 0));
    ck_assert_ptr_null(incload_mock_cell(mock, "orders", 0, 2));
    ck_assert_str_eq(incload_mock_statement(mock, 1), "WRITE \"orders\"");
    ck_assert_str_eq(incload_mock_statement(mock, 2), "WRITE ROWS \"orders\"");
    ck_assert_str_eq(incload_mock_statement(mock, 3), "WRITE END \"orders\"");
}
END_TEST

START_TEST(rows_that_were_rolled_back_do_not_count)
{
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(write_two_rows(conn, "t"), INCLOAD_OK);
    ck_assert_int_eq(rollback(), INCLOAD_OK);
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(commit(), INCLOAD_OK);
    ck_assert_int_eq(incload_mock_row_count(mock, "t"), 0);
}
END_TEST

START_TEST(rows_count_when_only_the_answer_of_their_commit_was_lost)
{
    incload_mock_disconnect(mock, "COMMIT", 1, INCLOAD_MOCK_AFTER, NULL);
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(write_two_rows(conn, "t"), INCLOAD_OK);
    ck_assert_int_eq(commit(), INCLOAD_E_COMMIT_UNKNOWN);
    ck_assert_int_eq(incload_mock_row_count(mock, "t"), 2);
}
END_TEST

START_TEST(rows_of_two_transactions_stand_in_the_order_of_their_commits)
{
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(begin(), INCLOAD_OK);
        ck_assert_int_eq(write_two_rows(conn, "t"), INCLOAD_OK);
        ck_assert_int_eq(write_two_rows(conn, "u"), INCLOAD_OK);
        ck_assert_int_eq(commit(), INCLOAD_OK);
    }
    ck_assert_int_eq(incload_mock_row_count(mock, "t"), 4);
    ck_assert_str_eq(incload_mock_cell(mock, "t", 3, 0), "2");
}
END_TEST

START_TEST(a_write_needs_an_open_transaction)
{
    ck_assert_int_eq(write_two_rows(conn, "t"), INCLOAD_E_STATE);
}
END_TEST

START_TEST(a_write_that_fails_midway_fails_its_transaction)
{
    incload_mock_fail(mock, "WRITE ROWS%", 0, "23505", 0, "duplicate key", NULL);
    ck_assert_int_eq(begin(), INCLOAD_OK);
    ck_assert_int_eq(write_two_rows(conn, "t"), INCLOAD_E_CONSTRAINT);
    ck_assert_int_eq(commit(), INCLOAD_E_STATE);
    ck_assert_int_eq(rollback(), INCLOAD_OK);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, told_tables_answer_the_dialects_questions);
    tcase_add_test(tests, connections_of_one_mock_are_to_one_database);
    tcase_add_test(tests, a_query_is_described_by_its_scripted_answer);
    tcase_add_test(tests, scripted_rows_are_read_in_batches);
    tcase_add_test(tests, a_reader_can_lose_its_connection_between_batches);
    tcase_add_test(tests, a_scripted_cell_of_the_wrong_type_names_column_and_type_but_not_the_value);
    tcase_add_test(tests, written_rows_count_once_their_commit_took_effect);
    tcase_add_test(tests, rows_that_were_rolled_back_do_not_count);
    tcase_add_test(tests, rows_count_when_only_the_answer_of_their_commit_was_lost);
    tcase_add_test(tests, rows_of_two_transactions_stand_in_the_order_of_their_commits);
    tcase_add_test(tests, a_write_needs_an_open_transaction);
    tcase_add_test(tests, a_write_that_fails_midway_fails_its_transaction);
}

HARNESS_MAIN("mock_rows", add_tests)
