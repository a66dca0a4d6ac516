/* SPDX-License-Identifier: Apache-2.0 */
/* A few changes of a large table of SQLite look at a few of its rows: by its key, or, without one, by any index. */
#include "odbc_support.h"

#include "dialect/dialect.h"

enum { ID, NAME, QTY, COLUMNS };

static const incload__dialect *const sqlite = &incload__dialect_sqlite;
static incload__table target = { NULL, (char *)"planned" };
static incload__schema columns;
static const int32_t key[] = { ID };

/* The table, with the one or the other, and some staged rows. */
static incload__conn *
begin(const char *index)
{
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    incload_error *err = NULL;

    incload__schema_init(&columns, &incload__mem_libc);
    add_column(conn, &columns, "id", type_of(INCLOAD__INT64, 0, 0));
    add_column(conn, &columns, "name", type_of(INCLOAD__TEXT, 0, 0));
    add_column(conn, &columns, "qty", type_of(INCLOAD__INT64, 0, 0));
    for (int32_t i = 0; i < COLUMNS; i++)
        columns.columns[i].nullable = true;
    run(conn, "DROP TABLE IF EXISTS planned");
    run(conn, "CREATE TABLE planned (id bigint, name text, qty bigint)");
    run(conn, index);
    ok(sqlite->create_staging(&sql, "g", &columns, &err));
    run(conn, incload__str_text(&sql));
    run(conn, "INSERT INTO temp.g (id, name, qty) VALUES (1, 'x', NULL), (2, NULL, 2)");
    incload__str_free(&sql);
    return conn;
}

static void
end(incload__conn *conn)
{
    incload__schema_free(&columns);
    driver->close(conn);
}

static incload__merge
merge_of(int32_t key_count)
{
    return (incload__merge){ .target = &target,
                             .staging = "g",
                             .columns = &columns,
                             .key = key,
                             .key_count = key_count,
                             .latest_by = -1,
                             .one_per_key = true };
}

/* How often the table is searched, and read from end to end, by the plan of a statement. */
static void
look(incload__conn *conn, const char *statement, int *searches, int *scans)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    incload_error *err = NULL;
    incload__rows rows;

    incload__str_addf(&sql, "EXPLAIN QUERY PLAN %s", statement);
    ok(driver->select(conn, incload__str_text(&sql), NULL, 0, &rows, &err));
    ck_assert_int_gt(rows.count, 0);
    for (int64_t i = 0; i < rows.count; i++) {
        const char *line = incload__rows_get(&rows, i, 3);
        ck_assert_ptr_nonnull(line);
        *searches += strncmp(line, "SEARCH t ", 9) == 0 || strncmp(line, "SEARCH planned ", 15) == 0;
        *scans += strcmp(line, "SCAN t") == 0 || strcmp(line, "SCAN planned") == 0;
    }
    incload__rows_free(&rows);
    incload__str_free(&sql);
}

static void
expect_searches(incload__conn *conn, const char *statement)
{
    int searches = 0, scans = 0;

    look(conn, statement, &searches, &scans);
    ck_assert_msg(scans == 0 && searches > 0, "%d searches, %d scans: %s", searches, scans, statement);
}

static void
expect_all_search(incload__conn *conn, incload__statements *list, int32_t status)
{
    ck_assert_int_eq(status, INCLOAD_OK);
    ck_assert_int_gt(list->count, 0);
    for (int32_t i = 0; i < list->count; i++)
        expect_searches(conn, list->items[i].sql);
    incload__statements_free(list);
}

START_TEST(rows_without_a_key_are_found_by_any_index)
{
    static const char *const indexes[] = { "CREATE INDEX planned_id ON planned (id)",
                                           "CREATE INDEX planned_two ON planned (qty, name)" };
    incload__conn *conn = begin(indexes[_i]);
    incload__merge merge = merge_of(0);
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    incload_error *err = NULL;

    ok(sqlite->remove_one(&sql, &merge, "1", &err));
    expect_searches(conn, incload__str_text(&sql));
    incload__str_free(&sql);
    end(conn);
}
END_TEST

START_TEST(rows_with_a_key_are_found_by_it)
{
    incload__conn *conn = begin("CREATE UNIQUE INDEX planned_key ON planned (id)");
    incload__merge merge = merge_of(1);
    incload__removal how = { .missing = false };
    incload__statements list = { .mem = &incload__mem_libc };

    expect_all_search(conn, &list, sqlite->remove_rows(&list, &merge, &how, NULL));
    expect_all_search(conn, &list, sqlite->update_rows(&list, &merge, NULL));
    end(conn);
}
END_TEST

/* The tests above could not fail without. */
START_TEST(a_table_without_an_index_is_seen_to_be_read_from_end_to_end)
{
    incload__conn *conn = begin("DROP INDEX IF EXISTS planned_none");
    incload__merge merge = merge_of(0);
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    incload_error *err = NULL;
    int searches = 0, scans = 0;

    ok(sqlite->remove_one(&sql, &merge, "1", &err));
    look(conn, incload__str_text(&sql), &searches, &scans);
    ck_assert_int_gt(scans, 0);
    incload__str_free(&sql);
    end(conn);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, rows_without_a_key_are_found_by_any_index, 0, 2);
    tcase_add_test(tests, rows_with_a_key_are_found_by_it);
    tcase_add_test(tests, a_table_without_an_index_is_seen_to_be_read_from_end_to_end);
}

int
main(int argc, char **argv)
{
    return odbc_main(argc, argv, add_tests);
}
