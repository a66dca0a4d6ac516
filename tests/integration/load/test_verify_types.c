/* SPDX-License-Identifier: Apache-2.0 */
/* A single cell of each type: values that are not the same are found, values that are the same raise no alarm. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifying.h"

/* `a` is loaded, then the target's cell becomes `b`. */
typedef struct cell {
    const char *type, *a, *b;
    bool same; /* to the library, whatever they look like */
} cell;

static const cell postgres[] = {
    { "boolean", "true", "false", false },
    { "boolean", "false", "NULL", false },
    { "smallint", "1", "-1", false },
    { "integer", "0", "NULL", false },
    { "bigint", "1", "4294967296", false },
    { "bigint", "-1", "9223372036854775807", false },
    { "real", "0", "'-0'", false },
    { "real", "1", "1.0000001", false },
    { "double precision", "0", "'-0'", false },
    { "double precision", "'NaN'", "'infinity'", false },
    { "double precision", "'NaN'", "-'NaN'::float8", true },
    { "numeric", "1.0", "1.00", true },
    { "numeric", "100", "1e2", true },
    { "numeric", "1", "-1", false },
    { "numeric", "1", "10000", false },
    { "numeric", "'NaN'", "'infinity'", false },
    { "numeric", "0.1234567890123456789012345678901", "0.1234567890123456789012345678902", false },
    { "numeric(10,2)", "1.10", "1.11", false },
    { "numeric(38,10)", "-0.0000000001", "0.0000000001", false },
    { "date", "'2024-02-29'", "'2024-03-01'", false },
    { "date", "'infinity'", "'-infinity'", false },
    { "time", "'00:00:00'", "'24:00:00'", false },
    { "timestamp", "'2024-01-01 00:00:00'", "'2024-01-01 00:00:00.000001'", false },
    { "timestamp", "'infinity'", "'-infinity'", false },
    { "timestamp(3)", "'2024-01-01 00:00:00.001'", "'2024-01-01 00:00:00.002'", false },
    { "timestamptz", "'2024-01-01 00:00:00+00'", "'2024-01-01 01:00:00+01'", true },
    { "timestamptz", "'2024-01-01 00:00:00+00'", "'2024-01-01 00:00:00+01'", false },
    { "text", "'a'", "'a '", false },
    { "text", "'a'", "'A'", false },
    { "text", "''", "NULL", false },
    { "text", "'NULL'", "NULL", false },
    { "text", "U&'\\00E9'", "U&'e\\0301'", false },
    { "varchar(20)", "'x'", "'y'", false },
    { "character(5)", "'ab'", "'ab   '", true },
    { "character(5)", "'ab'", "' ab'", false },
    { "\"char\"", "'x'", "'y'", false },
    { "name", "'x'", "'y'", false },
    { "bytea", "'\\x00'", "'\\x0000'", false },
    { "bytea", "'\\x'", "NULL", false },
    { "uuid", "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000002'", false },
    { "json", "'{\"a\":1}'", "'{\"a\": 1}'", false },
    { "jsonb", "'1.0'", "'1.00'", false },
    { "jsonb", "'{\"a\":1}'", "'{\"a\": 1}'", true },
    { "jsonb", "'null'", "NULL", false },
    { "interval", "'1 mon'", "'30 days'", false },
    { "interval", "'1 day'", "'24 hours'", false },
    { "time with time zone", "'10:00+00'", "'11:00+01'", false },
    { "inet", "'10.0.0.1'", "'10.0.0.2'", false },
    { "bit(4)", "'1010'", "'1011'", false },
    { "money", "1", "2", false },
    { "xml", "'<a/>'", "'<a></a>'", false },
    { "integer[]", "'{1,NULL}'", "'{1,0}'", false },
    { "text[]", "'{a,b}'", "'{\"a,b\"}'", false },
    { "numrange", "'[1,2)'", "'[1,2]'", false },
    { "point", "'(0,0)'", "'(0,1)'", false },
    { "tsvector", "'a b'", "'a c'", false },
};

static const cell mariadb[] = {
    { "tinyint(1)", "0", "1", false },
    { "bigint", "1", "4294967296", false },
    { "bigint unsigned", "0", "18446744073709551615", false },
    { "bit(8)", "b'1'", "b'10'", false },
    { "float", "1", "1.0000001", false },
    { "double", "0.1", "0.10000000000000002", false },
    { "decimal(10,2)", "1.10", "1.11", false },
    { "decimal(65,30)", "1", "1.000000000000000000000000000001", false },
    { "date", "'2024-02-29'", "'2024-03-01'", false },
    { "time(6)", "'-838:59:59'", "'838:59:59'", false },
    { "datetime(6)", "'2024-01-01 00:00:00'", "'2024-01-01 00:00:00.000001'", false },
    { "timestamp(6) NULL", "'2024-01-01 00:00:00'", "'2024-01-01 00:00:00.000001'", false },
    { "varchar(20)", "'a'", "'A'", false },
    { "varchar(20)", "'a'", "'a '", false },
    { "varchar(20)", "''", "NULL", false },
    { "text", "'a'", "'b'", false },
    { "json", "'{\"a\":1}'", "'{\"a\": 1}'", false },
    { "enum('a','b')", "'a'", "'b'", false },
    { "binary(4)", "'a'", "'b'", false },
    { "blob", "x'00'", "x'0000'", false },
    { "uuid", "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000002'", false },
};

static const cell sqlite[] = {
    { "INTEGER", "1", "2", false },
    { "INTEGER", "1", "4294967296", false },
    { "REAL", "0.1", "0.10000000000000002", false },
    { "DECIMAL TEXT(10,2)", "'1.10'", "'1.11'", false },
    { "TEXT", "'a'", "'a '", false },
    { "TEXT", "'a'", "'A'", false },
    { "TEXT", "''", "NULL", false },
    { "TEXT", "'1'", "x'31'", false },
    { "TIMESTAMP TEXT", "'2024-01-01 00:00:00'", "'2024-01-01 00:00:00.000001'", false },
    { "BLOB", "x'00'", "x'0000'", false },
    { "", "1", "'2'", false },
};

static void
check(kind which, const cell *c, const char *digest)
{
    place from = place_open(which, 0), to = place_open(which, 1);
    load what = { .from = from, .to = to, .table = "cells", .options = "key=id", .preset = "upsert" };
    char words[100];

    verify_always = digest;
    table_drop(from, "cells");
    table_drop(to, "cells");
    sql(from, "CREATE TABLE cells (id bigint PRIMARY KEY, cell %s)", c->type);
    sql(from, "INSERT INTO cells VALUES (1, %s), (2, %s), (3, NULL)", c->a, c->a);
    load_counts(&what, 3, 3);
    verify_equal(&what, NULL, 3);
    sql(to, "UPDATE cells SET cell = %s WHERE id = 2", c->b);
    snprintf(words, sizeof words, "%s", c->same ? "" : "CHANGED id = 2 (cell)");
    verify_lists(&what, NULL, words);
    route_close(from, to);
}

START_TEST(a_changed_cell_is_found_in_postgres)
{
    check(POSTGRES, &postgres[_i], "");
}
END_TEST

START_TEST(a_changed_cell_is_found_by_postgres_itself)
{
    check(POSTGRES, &postgres[_i], "digest=database");
}
END_TEST

START_TEST(a_changed_cell_is_found_in_postgres_over_odbc)
{
    check(PG_ODBC, &postgres[_i], "");
}
END_TEST

START_TEST(a_changed_cell_is_found_in_mariadb)
{
    check(MARIADB, &mariadb[_i], "");
}
END_TEST

START_TEST(a_changed_cell_is_found_in_sqlite)
{
    check(SQLITE, &sqlite[_i], "");
}
END_TEST

/* Columns that differ in type, and what is asked of them. */
static const struct {
    const char *from, *to, *value, *same, *other;
} types[] = {
    { "integer", "bigint", "7", "7", "8" },
    { "varchar(10)", "text", "'a'", "'a'", "'a '" },
    { "text", "character(5)", "'ab'", "'ab'", "'abc'" },
    { "character(5)", "text", "'ab'", "'ab'", "'abc'" },
    { "numeric(10,2)", "numeric", "1.50", "1.5", "1.51" },
    { "numeric(10,2)", "numeric(12,4)", "1.50", "1.5", "1.5001" },
    { "timestamp(3)", "timestamp", "'2024-01-01'", "'2024-01-01'", "'2024-01-01 00:00:00.000001'" },
    { "interval", "text", "'1 mon'", "'1 mon'", "'30 days'" },
    { "uuid", "text", "'00000000-0000-0000-0000-00000000000a'", "'00000000-0000-0000-0000-00000000000a'", "'a'" },
};

START_TEST(columns_of_other_types_are_compared_by_value)
{
    static const char *const digests[] = { "digest=client", "digest=auto" };
    place from = place_open(POSTGRES, 0), to = place_open(POSTGRES, 1);
    load what = { .from = from, .to = to, .table = "typed", .options = "key=id", .preset = "upsert" };

    table_drop(from, "typed");
    table_drop(to, "typed");
    sql(from, "CREATE TABLE typed (id bigint PRIMARY KEY, cell %s)", types[_i].from);
    sql(to, "CREATE TABLE typed (id bigint PRIMARY KEY, cell %s)", types[_i].to);
    sql(from, "INSERT INTO typed VALUES (1, %s)", types[_i].value);
    for (int32_t i = 0; i < 2; i++) {
        verify_always = digests[i];
        sql(to, "DELETE FROM typed");
        sql(to, "INSERT INTO typed VALUES (1, %s)", types[_i].same);
        verify_equal(&what, NULL, 1);
        sql(to, "UPDATE typed SET cell = %s", types[_i].other);
        verify_lists(&what, NULL, "CHANGED id = 1 (cell)");
    }
    route_close(from, to);
}
END_TEST

/* A collation under which different texts are one. */
START_TEST(a_collation_that_knows_no_case_does_not_hide_a_difference)
{
    place from = place_open(POSTGRES, 0), to = place_open(POSTGRES, 1);
    load what = { .from = from, .to = to, .table = "collated", .options = "key=id", .preset = "upsert" };
    const place both[] = { from, to };

    for (int32_t i = 0; i < 2; i++) {
        table_drop(both[i], "collated");
        sql(both[i], "CREATE COLLATION IF NOT EXISTS caseless (provider = icu, locale = 'und-u-ks-level2', "
                     "deterministic = false)");
        sql(both[i], "CREATE TABLE collated (id text COLLATE caseless PRIMARY KEY, cell text COLLATE caseless)");
        sql(both[i], "INSERT INTO collated VALUES ('a', '%s'), ('%s', 'c')", i == 0 ? "x" : "X", i == 0 ? "b" : "B");
    }
    for (int32_t i = 0; i < 2; i++) {
        verify_always = i == 0 ? "digest=client" : "digest=database";
        verify_lists(&what, NULL, "CHANGED id = 'a' (cell)\nEXTRA id = 'B'\nMISSING id = 'b'");
    }
    route_close(from, to);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_changed_cell_is_found_in_postgres, 0, sizeof postgres / sizeof postgres[0]);
    tcase_add_loop_test(tests, a_changed_cell_is_found_by_postgres_itself, 0, sizeof postgres / sizeof postgres[0]);
    tcase_add_loop_test(tests, a_changed_cell_is_found_in_postgres_over_odbc, 0, sizeof postgres / sizeof postgres[0]);
    tcase_add_loop_test(tests, a_changed_cell_is_found_in_mariadb, 0, sizeof mariadb / sizeof mariadb[0]);
    tcase_add_loop_test(tests, a_changed_cell_is_found_in_sqlite, 0, sizeof sqlite / sizeof sqlite[0]);
    tcase_add_loop_test(tests, columns_of_other_types_are_compared_by_value, 0, sizeof types / sizeof types[0]);
    tcase_add_test(tests, a_collation_that_knows_no_case_does_not_hide_a_difference);
}

int
main(void)
{
    return run_tests("verify_types", 60, add_tests);
}
