/* SPDX-License-Identifier: Apache-2.0 */
/* Types as the cursor: three increments with ties, each of exactly the rows that are new. The values are such that
 * their order as text, or as floats, is not their own. */
#include "conformance.h"

#include <stdio.h>
#include <string.h>

struct cursor {
    const char *name;
    const char *type;
    const char *values[4]; /* SQL, growing */
    bool refused;          /* the source cannot order them: the load says so */
};

static const struct cursor postgres_cursors[] = {
    { "cursor: integer", "integer", { "-5", "9", "10", "100" } },
    { "cursor: bigint",
      "bigint",
      { "9007199254740992", "9007199254740993", "9223372036854775806", "9223372036854775807" } },
    { "cursor: numeric(38,10)",
      "numeric(38,10)",
      { "-1", "9.5", "1234567890123456789012345678.0000000001", "1234567890123456789012345678.0000000002" } },
    { "cursor: numeric", "numeric", { "9", "9.50", "10", "123456789012345678901234567890.6" } },
    { "cursor: date", "date", { "'0001-01-01'", "'1969-12-31'", "'2024-02-29'", "'9999-12-31'" } },
    { "cursor: timestamp",
      "timestamp",
      { "'2024-02-29 12:34:56'", "'2024-02-29 12:34:56.000001'", "'2024-02-29 12:34:56.000002'",
        "'2024-02-29 12:34:56.1'" } },
    { "cursor: timestamptz",
      "timestamptz",
      { "'2024-03-31 03:30:00.000001+02'", "'2024-03-31 01:30:00.000002+00'", "'2024-03-31 01:30:00.000003+00'",
        "'2024-03-30 23:30:00.000004-02'" } },
    { "cursor: text", "text", { "''", "'a'", "'ab'", "U&'\\+01F600'" } },
    { .name = NULL },
};

static const struct cursor mariadb_cursors[] = {
    { "cursor: int", "int", { "-5", "9", "10", "100" } },
    { "cursor: bigint unsigned",
      "bigint unsigned",
      { "9007199254740993", "9223372036854775807", "9223372036854775808", "18446744073709551615" } },
    { "cursor: decimal(38,10)",
      "decimal(38,10)",
      { "-1", "9.5", "1234567890123456789012345678.0000000001", "1234567890123456789012345678.0000000002" } },
    { "cursor: date", "date", { "'0001-01-01'", "'1969-12-31'", "'2024-02-29'", "'9999-12-31'" } },
    { "cursor: datetime(6)",
      "datetime(6)",
      { "'2024-02-29 12:34:56'", "'2024-02-29 12:34:56.000001'", "'2024-02-29 12:34:56.000002'",
        "'2024-02-29 12:34:56.1'" } },
    { "cursor: timestamp(6)",
      "timestamp(6) NULL",
      { "'2024-03-31 01:30:00.000001'", "'2024-03-31 01:30:00.000002'", "'2024-03-31 01:30:00.000003'",
        "'2024-10-27 01:30:00'" } },
    { "cursor: varchar", "varchar(20)", { "''", "'a'", "'ab'", "_utf8mb4 x'f09f9880'" } },
    { .name = NULL },
};

static const struct cursor sqlite_cursors[] = {
    { "cursor: INTEGER", "INTEGER", { "-5", "9", "10", "9223372036854775807" } },
    { "cursor: REAL", "REAL", { "-5", "9.5", "10.25", "1e300" } },
    { "cursor: DECIMAL", "DECIMAL(10,2)", { "-5", "9.5", "10", "10.25" } },
    { "cursor: DECIMAL TEXT",
      "DECIMAL TEXT(38,10)",
      { "'9.0000000000'", "'9.5000000000'", "'10.0000000000'", "'10.25'" },
      true },
    { "cursor: DATE TEXT", "DATE TEXT", { "'0001-01-01'", "'1969-12-31'", "'2024-02-29'", "'9999-12-31'" } },
    { "cursor: DATETIME",
      "DATETIME",
      { "'2024-02-29 12:34:56'", "'2024-02-29 12:34:56.000001'", "'2024-02-29 12:34:56.000002'",
        "'2024-02-29 12:34:56.1'" } },
    { "cursor: TIMESTAMPTZ TEXT",
      "TIMESTAMPTZ TEXT",
      { "'2024-02-29 12:34:56.000000+00:00'", "'2024-02-29 12:34:56.000001+00:00'",
        "'2024-02-29 12:34:56.000002+00:00'", "'2024-02-29 12:34:56.100000+00:00'" } },
    { "cursor: TEXT", "TEXT", { "''", "'a'", "'ab'", "char(128512)" } },
    { .name = NULL },
};

static const struct cursor *const cursors[DIALECTS] = { postgres_cursors, mariadb_cursors, sqlite_cursors };

static void
add_row(const char *table, int id, const char *value)
{
    run_sql(source.database, "INSERT INTO %s VALUES (%d, %s, 'first')", table, id, value);
}

/* Rows at the watermark come again to be compared, but not where rows are told by their transaction. */
static long long
again(long long rows)
{
    return source.party->dialect == POSTGRES ? 0 : rows;
}

static void
check_cursor(const struct cursor *cursor, const char *table, bool typed)
{
    const char *const *v = cursor->values;
    struct load load = { source.database,       table,         target.database, table, "timestamp",
                         "cursor=moved key=id", .typed = typed };

    run_sql(source.database, "CREATE TABLE %s (id bigint NOT NULL PRIMARY KEY, moved %s, note varchar(20))", table,
            cursor->type);
    add_row(table, 1, v[0]);
    add_row(table, 2, v[1]);
    add_row(table, 3, v[1]);
    if (cursor->refused) {
        struct outcome out = run_load(&load);
        ck_assert_msg(out.code == INCLOAD_E_TYPE, "%s, not a refusal: %s", incload_status_name(out.code), out.words);
        ck_assert_msg(strstr(out.words, "'moved'") != NULL, "the message names no column: %s", out.words);
        return;
    }
    expect_load(&load, 3, 3, "first load");

    add_row(table, 4, v[1]);
    add_row(table, 5, v[2]);
    expect_load(&load, 2 + again(2), 2, "second load: a late tie at the watermark (row 4), and row 5");

    run_sql(source.database, "UPDATE %s SET moved = %s, note = 'moved' WHERE id = 1", table, v[3]);
    add_row(table, 6, v[3]);
    expect_load(&load, 2 + again(1), 2, "third load: row 1 has moved, row 6 is new");

    expect_load(&load, again(2), 0, "fourth load: nothing has changed");
    expect_one(target.database, "6", "SELECT %s FROM %s", text_of("count(*)", target.party->dialect), table);
    expect_one(target.database, "1", "SELECT %s FROM %s WHERE note = 'moved'",
               text_of("max(id)", target.party->dialect), table);
}

START_TEST(each_increment_is_what_is_new)
{
    char table[40];

    snprintf(table, sizeof table, "cursor_%d_plain", _i);
    check_cursor(&cursors[source.party->dialect][_i], table, false);
}
END_TEST

START_TEST(each_increment_is_what_is_new_through_a_process_function)
{
    char table[40];

    snprintf(table, sizeof table, "cursor_%d_typed", _i);
    check_cursor(&cursors[source.party->dialect][_i], table, true);
}
END_TEST

/* A query's expression has no type in SQLite, so numbers of it would be compared with text: always less. */
START_TEST(an_expression_is_a_cursor_or_is_refused)
{
    struct load load = { source.database, "SELECT id, moved + 0 AS moved FROM computed",
                         target.database, "computed",
                         "timestamp",     "cursor=moved key=id",
                         .query = true };

    run_sql(source.database, "CREATE TABLE computed (id bigint NOT NULL PRIMARY KEY, moved bigint)");
    run_sql(source.database, "INSERT INTO computed VALUES (1, 9), (2, 10)");
    if (source.party->dialect == SQLITE) {
        struct outcome out = run_load(&load);
        ck_assert_msg(out.code == INCLOAD_E_NULL_CURSOR, "%s, not a refusal: %s", incload_status_name(out.code),
                      out.words);
        ck_assert_msg(strstr(out.words, "moved") != NULL, "the message names no column: %s", out.words);
        return;
    }
    expect_load(&load, 2, 2, "first load");
    run_sql(source.database, "INSERT INTO computed VALUES (3, 100)");
    expect_load(&load, 2, 1, "second load: row 2 at the watermark, and row 3");
}
END_TEST

void
add_cursor_tests(Suite *suite)
{
    const struct cursor *list = cursors[source.party->dialect];

    for (int i = 0; list[i].name != NULL; i++) {
        TCase *tests = add_case(suite, list[i].name);
        tcase_add_loop_test(tests, each_increment_is_what_is_new, i, i + 1);
        tcase_add_loop_test(tests, each_increment_is_what_is_new_through_a_process_function, i, i + 1);
    }
    tcase_add_test(add_case(suite, "cursor: an expression"), an_expression_is_a_cursor_or_is_refused);
}
