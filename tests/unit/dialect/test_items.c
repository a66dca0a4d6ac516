/* SPDX-License-Identifier: Apache-2.0 */
/* How columns are read, written, compared, and told apart from rows without a position. */
#include "fixture.h"

static incload__column
column_of(const char *native, incload__kind kind, int32_t precision, int32_t scale)
{
    return (incload__column){
        .name = (char *)"c", .native = (char *)native, .type = { kind, precision, scale }, .nullable = true,
    };
}

static void
expect_select(const incload__dialect *dialect, incload__column column, incload__wire wire, const char *expected)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    ck_assert_int_eq(dialect->select_item(&sql, &column, wire, NULL), INCLOAD_OK);
    expect_sql(&sql, expected);
}

static void
expect_bind(const incload__dialect *dialect, incload__column column, const char *expected)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    dialect->bind_item(&sql, &column, 2);
    expect_sql(&sql, expected);
}

static void
expect_param(const incload__dialect *dialect, incload__column column, const char *expected)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    dialect->param(&sql, &column, 2);
    expect_sql(&sql, expected);
}

static void
expect_exact(const incload__dialect *dialect, incload__column column, const char *expected)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    dialect->exact_text(&sql, &column, "MAX(c)");
    expect_sql(&sql, expected);
}

static void
expect_no_position(const incload__dialect *dialect, incload__column column, const char *expected)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    dialect->no_position(&sql, &column, "c");
    expect_sql(&sql, expected);
}

static const incload__dialect *const postgres = &incload__dialect_postgres;
static const incload__dialect *const mariadb = &incload__dialect_mariadb;
static const incload__dialect *const sqlite = &incload__dialect_sqlite;
static const incload__dialect *const sqlserver = &incload__dialect_sqlserver;

START_TEST(postgres_reads_fixed_binary_forms_as_they_are_and_others_as_text)
{
    const incload__wire wire = INCLOAD__WIRE_BINARY;

    expect_select(postgres, column_of("timestamp with time zone", INCLOAD__TIMESTAMPTZ, 0, 6), wire, "\"c\"");
    expect_select(postgres, column_of("numeric(10,2)", INCLOAD__DECIMAL, 10, 2), wire, "\"c\"");
    expect_select(postgres, column_of("uuid", INCLOAD__UUID, 0, 0), wire, "\"c\"");
    expect_select(postgres, column_of("character(5)", INCLOAD__TEXT, 5, 0), wire, "\"c\"");
    expect_select(postgres, column_of("\"char\"", INCLOAD__TEXT, 0, 0), wire, "\"c\"::text");
    expect_select(postgres, column_of("numeric", INCLOAD__NUMERIC, 0, 0), wire, "\"c\"::text");
    expect_select(postgres, column_of("jsonb", INCLOAD__JSON, 0, 0), wire, "\"c\"::text");
    expect_select(postgres, column_of("inet", INCLOAD__NATIVE, 0, 0), wire, "\"c\"::text");
}
END_TEST

START_TEST(postgres_over_text_lets_the_server_write_what_a_driver_would_bend)
{
    const incload__wire wire = INCLOAD__WIRE_TEXT;

    expect_select(postgres, column_of("date", INCLOAD__DATE, 0, 0), wire, "\"c\"::text");
    expect_select(postgres, column_of("numeric(10,2)", INCLOAD__DECIMAL, 10, 2), wire, "\"c\"::text");
    expect_select(postgres, column_of("uuid", INCLOAD__UUID, 0, 0), wire, "\"c\"::text");
    expect_select(postgres, column_of("bytea", INCLOAD__BINARY, 0, 0), wire, "\"c\"");
    expect_select(postgres, column_of("double precision", INCLOAD__FLOAT64, 0, 0), wire, "\"c\"::text");
    expect_select(postgres, column_of("real", INCLOAD__FLOAT32, 0, 0), wire, "\"c\"::text");
    expect_select(postgres, column_of("character(5)", INCLOAD__TEXT, 5, 0), wire, "\"c\"");
}
END_TEST

/* A SELECT item of SQLite: a value of the wrong storage class ends the query, in words of the library's own. */
#define SQLITE_REFUSAL                                                                                                 \
    "json_extract('{}', 'column \"c\" holds a value stored as ' || typeof(`c`) || "                                    \
    "', which does not fit its declared type: cast it in a query')"
#define SQLITE_ITEM(expression) "CASE typeof(`c`) WHEN 'blob' THEN " SQLITE_REFUSAL " ELSE " expression " END"

#define SQLITE_TEXT_ITEM                                                                                               \
    SQLITE_ITEM("CAST(CASE typeof(`c`) WHEN 'real' THEN printf('%!.20g', `c`) ELSE `c` END AS BLOB)")

START_TEST(a_value_that_travels_as_native_is_read_as_text_whatever_its_column)
{
    expect_select(postgres, column_of("timestamp with time zone", INCLOAD__NATIVE, 0, 0), INCLOAD__WIRE_BINARY,
                  "\"c\"::text");
    expect_select(mariadb, column_of("datetime(6)", INCLOAD__NATIVE, 0, 0), INCLOAD__WIRE_TEXT, "CAST(`c` AS CHAR)");
    expect_select(sqlite, column_of("TIMESTAMP TEXT", INCLOAD__NATIVE, 0, 0), INCLOAD__WIRE_TEXT,
                  SQLITE_TEXT_ITEM);
    expect_select(sqlserver, column_of("datetime2(7)", INCLOAD__NATIVE, 0, 0), INCLOAD__WIRE_TEXT,
                  "CONVERT(varchar(40), [c], 121)");
    expect_bind(postgres, column_of("timestamp(3) with time zone", INCLOAD__NATIVE, 0, 0),
                "$2::timestamp with time zone");
    expect_bind(sqlite, column_of("TIMESTAMP TEXT", INCLOAD__NATIVE, 0, 0), "?");
}
END_TEST

START_TEST(postgres_casts_never_name_a_length_that_would_cut)
{
    expect_bind(postgres, column_of("character varying(3)", INCLOAD__TEXT, 3, 0), "$2::character varying");
    expect_bind(postgres, column_of("character(3)", INCLOAD__TEXT, 3, 0), "$2::bpchar");
    expect_bind(postgres, column_of("character(3)[]", INCLOAD__NATIVE, 0, 0), "$2::bpchar[]");
    expect_bind(postgres, column_of("bit(3)", INCLOAD__NATIVE, 0, 0), "$2::bit varying");
    expect_bind(postgres, column_of("numeric(10,2)[]", INCLOAD__NATIVE, 0, 0), "$2::numeric[]");
    expect_bind(postgres, column_of("interval day to second(3)", INCLOAD__NATIVE, 0, 0), "$2::interval");
    expect_bind(postgres, column_of("time(3) without time zone", INCLOAD__TIME, 0, 3), "$2::time without time zone");
    expect_bind(postgres, column_of("geometry(Point,4326)", INCLOAD__NATIVE, 0, 0), "$2::geometry");
    expect_bind(postgres, column_of("\"odd (type)\"", INCLOAD__NATIVE, 0, 0), "$2::\"odd (type)\"");
    expect_bind(postgres, column_of("\"char\"", INCLOAD__TEXT, 0, 0), "$2::\"char\"");
    expect_bind(postgres, column_of("boolean", INCLOAD__BOOL, 0, 0), "$2::text::boolean");
    expect_bind(postgres, column_of(NULL, INCLOAD__UUID, 0, 0), "$2::uuid");
}
END_TEST

START_TEST(mariadb_casts_what_its_driver_misreads)
{
    const incload__wire wire = INCLOAD__WIRE_TEXT;

    expect_select(mariadb, column_of("bigint(20) unsigned", INCLOAD__UINT64, 0, 0), wire, "CAST(`c` AS CHAR)");
    expect_select(mariadb, column_of("bit(7)", INCLOAD__UINT64, 0, 0), wire, "CAST(CAST(`c` AS UNSIGNED) AS CHAR)");
    expect_select(mariadb, column_of("float", INCLOAD__FLOAT32, 0, 0), wire, "CAST(`c` AS DOUBLE)");
    expect_select(mariadb, column_of("time(6)", INCLOAD__TIME, 0, 6), wire, "CAST(`c` AS CHAR)");
    expect_select(mariadb, column_of("varchar(5)", INCLOAD__TEXT, 5, 0), wire, "`c`");
    expect_bind(mariadb, column_of("bit(7)", INCLOAD__UINT64, 0, 0), "CAST(? AS UNSIGNED)");
    expect_bind(mariadb, column_of("datetime(6)", INCLOAD__TIMESTAMP, 0, 6), "?");
}
END_TEST

START_TEST(mariadb_compares_decimals_as_decimals)
{
    expect_param(mariadb, column_of("decimal(10,2)", INCLOAD__DECIMAL, 10, 2), "CAST(? AS DECIMAL(10,2))");
    expect_param(mariadb, column_of("decimal(65,30)", INCLOAD__NUMERIC, 0, 0), "CAST(? AS DECIMAL(65,30))");
    expect_param(mariadb, column_of("bigint(20) unsigned", INCLOAD__UINT64, 0, 0), "CAST(? AS UNSIGNED)");
    expect_param(mariadb, column_of("datetime(6)", INCLOAD__TIMESTAMP, 0, 6), "?");
    expect_param(mariadb, column_of("bigint(20)", INCLOAD__INT64, 0, 0), "?");
    expect_param(mariadb, column_of("double", INCLOAD__FLOAT64, 0, 0), "CAST(? AS DOUBLE)");
}
END_TEST

START_TEST(sqlite_reads_doubles_with_all_digits)
{
    expect_select(sqlite, column_of("DOUBLE", INCLOAD__FLOAT64, 0, 0), INCLOAD__WIRE_TEXT,
                  SQLITE_ITEM("CASE WHEN typeof(`c`) <> 'real' THEN CAST(`c` AS TEXT) WHEN `c` = 9e999 THEN 'Infinity' "
                              "WHEN `c` = -9e999 THEN '-Infinity' ELSE printf('%!.20g', `c`) END"));
}
END_TEST

START_TEST(sqlite_reads_everything_so_that_a_wrong_storage_class_shows)
{
    const incload__wire wire = INCLOAD__WIRE_TEXT;

    expect_select(sqlite, column_of("INTEGER", INCLOAD__INT64, 0, 0), wire, SQLITE_ITEM("CAST(`c` AS TEXT)"));
    expect_select(sqlite, column_of("TEXT", INCLOAD__TEXT, 0, 0), wire, SQLITE_TEXT_ITEM);
    expect_select(sqlite, column_of("", INCLOAD__TEXT, 0, 0), wire,
                  SQLITE_TEXT_ITEM);
    expect_select(sqlite, column_of("DECIMAL(10,2)", INCLOAD__DECIMAL, 10, 2), wire, SQLITE_ITEM("CAST(`c` AS TEXT)"));
    expect_select(sqlite, column_of("DECIMAL(20,2)", INCLOAD__DECIMAL, 20, 2), wire,
                  SQLITE_ITEM("CASE WHEN typeof(`c`) <> 'real' OR CAST(CAST(`c` AS TEXT) AS REAL) = `c` "
                              "THEN CAST(`c` AS TEXT) ELSE printf('%!.20g', `c`) END"));
    expect_select(sqlite, column_of("DECIMAL TEXT(20,2)", INCLOAD__DECIMAL, 20, 2), wire,
                  SQLITE_ITEM("CAST(`c` AS TEXT)"));
    expect_select(sqlite, column_of("BLOB", INCLOAD__BINARY, 0, 0), wire,
                  "CASE typeof(`c`) WHEN 'blob' THEN `c` WHEN 'null' THEN NULL ELSE " SQLITE_REFUSAL " END");
}
END_TEST

START_TEST(sqlite_binds_values_as_what_they_are_to_be_stored_as)
{
    expect_bind(sqlite, column_of("TEXT", INCLOAD__TEXT, 0, 0), "?");
    expect_bind(sqlite, column_of("BIGINT", INCLOAD__INT64, 0, 0), "?");
    expect_bind(sqlite, column_of("BOOLEAN", INCLOAD__BOOL, 0, 0), "CAST(? AS INTEGER)");
    expect_bind(sqlite, column_of("DOUBLE", INCLOAD__FLOAT64, 0, 0), "?");
    expect_bind(sqlite, column_of("BLOB", INCLOAD__BINARY, 0, 0), "?");
    expect_param(sqlite, column_of("DOUBLE", INCLOAD__FLOAT64, 0, 0), "CAST(? AS REAL)");
    expect_param(sqlite, column_of("DECIMAL(10,2)", INCLOAD__DECIMAL, 10, 2), "CAST(? AS NUMERIC)");
    expect_param(sqlite, column_of("DECIMAL TEXT(10,2)", INCLOAD__DECIMAL, 10, 2), "CAST(? AS TEXT)");
}
END_TEST

START_TEST(watermark_values_lose_no_digit)
{
    expect_exact(postgres, column_of("timestamp with time zone", INCLOAD__TIMESTAMPTZ, 0, 6), "(MAX(c))::text");
    expect_exact(postgres, column_of("character(5)", INCLOAD__TEXT, 5, 0),
                 "CASE WHEN (MAX(c)) IS NOT NULL THEN format('%s', MAX(c)) END");
    expect_exact(mariadb, column_of("datetime(6)", INCLOAD__TIMESTAMP, 0, 6), "CAST(MAX(c) AS CHAR)");
    expect_exact(mariadb, column_of("float", INCLOAD__FLOAT32, 0, 0), "CAST(CAST(MAX(c) AS DOUBLE) AS CHAR)");
    expect_exact(mariadb, column_of("varchar(9)", INCLOAD__TEXT, 9, 0), "MAX(c)");
    expect_exact(sqlite, column_of("BIGINT", INCLOAD__INT64, 0, 0), "CAST(MAX(c) AS TEXT)");
    expect_exact(sqlserver, column_of("datetime2(6)", INCLOAD__TIMESTAMP, 0, 6), "CONVERT(varchar(40), MAX(c), 121)");
}
END_TEST

static void
expect_infinite(incload__column column, const char *expected)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    ck_assert_int_eq(postgres->infinite(&sql, &column, "c"), expected != NULL);
    ck_assert_pstr_eq(incload__str_text(&sql), expected != NULL ? expected : "");
    incload__str_free(&sql);
}

START_TEST(infinities_are_asked_for_alone_where_there_can_be_some)
{
    expect_infinite(column_of("date", INCLOAD__DATE, 0, 0), "c IN ('infinity', '-infinity')");
    expect_infinite(column_of("real", INCLOAD__FLOAT32, 0, 0), "c::text IN ('NaN', 'Infinity', '-Infinity')");
    expect_infinite(column_of("bigint", INCLOAD__INT64, 0, 0), NULL);
}
END_TEST

START_TEST(infinities_and_foreign_storage_classes_have_no_position)
{
    expect_no_position(postgres, column_of("date", INCLOAD__DATE, 0, 0),
                       "(c IS NULL OR c IN ('infinity', '-infinity'))");
    expect_no_position(postgres, column_of("timestamp with time zone", INCLOAD__NATIVE, 0, 0),
                       "(c IS NULL OR c IN ('infinity', '-infinity'))");
    expect_no_position(postgres, column_of("numeric", INCLOAD__NUMERIC, 0, 0),
                       "(c IS NULL OR c::text IN ('NaN', 'Infinity', '-Infinity'))");
    expect_no_position(postgres, column_of("bigint", INCLOAD__INT64, 0, 0), "c IS NULL");
    expect_no_position(mariadb, column_of("datetime", INCLOAD__TIMESTAMP, 0, 0), "c IS NULL");
    expect_no_position(sqlite, column_of("BIGINT", INCLOAD__INT64, 0, 0), "typeof(c) <> 'integer'");
    expect_no_position(sqlite, column_of("TIMESTAMP TEXT", INCLOAD__TIMESTAMP, 0, 6), "typeof(c) <> 'text'");
    expect_no_position(sqlite, column_of("TEXT", INCLOAD__TEXT, 0, 0), "typeof(c) <> 'text'");
    expect_no_position(sqlite, column_of("BLOB", INCLOAD__BINARY, 0, 0), "typeof(c) <> 'blob'");
    expect_no_position(sqlite, column_of("DECIMAL(10,2)", INCLOAD__DECIMAL, 10, 2),
                       "typeof(c) NOT IN ('integer', 'real')");
}
END_TEST

START_TEST(sqlite_orders_no_decimals_that_it_keeps_as_text)
{
    incload__column as_text = column_of("DECIMAL TEXT(10,2)", INCLOAD__DECIMAL, 10, 2);
    incload__column as_number = column_of("DECIMAL(10,2)", INCLOAD__DECIMAL, 10, 2);
    incload__column timestamp = column_of("TIMESTAMP TEXT", INCLOAD__TIMESTAMP, 0, 6);

    ck_assert(sqlite->misorders(&as_text));
    ck_assert(!sqlite->misorders(&as_number));
    ck_assert(!sqlite->misorders(&timestamp));
}
END_TEST

START_TEST(a_name_that_cannot_be_quoted_is_refused)
{
    for (int i = 0; i < DIALECT_COUNT; i++) {
        incload__str sql = INCLOAD__STR(&incload__mem_libc);
        incload__column column = column_of("x", INCLOAD__TEXT, 0, 0);

        column.name = (char *)"";
        ck_assert_int_eq(all_dialects[i]->select_item(&sql, &column, INCLOAD__WIRE_TEXT, NULL), INCLOAD_E_INVALID);
        incload__str_free(&sql);
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, postgres_reads_fixed_binary_forms_as_they_are_and_others_as_text);
    tcase_add_test(tests, postgres_over_text_lets_the_server_write_what_a_driver_would_bend);
    tcase_add_test(tests, a_value_that_travels_as_native_is_read_as_text_whatever_its_column);
    tcase_add_test(tests, postgres_casts_never_name_a_length_that_would_cut);
    tcase_add_test(tests, mariadb_casts_what_its_driver_misreads);
    tcase_add_test(tests, mariadb_compares_decimals_as_decimals);
    tcase_add_test(tests, sqlite_reads_doubles_with_all_digits);
    tcase_add_test(tests, sqlite_reads_everything_so_that_a_wrong_storage_class_shows);
    tcase_add_test(tests, sqlite_binds_values_as_what_they_are_to_be_stored_as);
    tcase_add_test(tests, watermark_values_lose_no_digit);
    tcase_add_test(tests, infinities_are_asked_for_alone_where_there_can_be_some);
    tcase_add_test(tests, infinities_and_foreign_storage_classes_have_no_position);
    tcase_add_test(tests, sqlite_orders_no_decimals_that_it_keeps_as_text);
    tcase_add_test(tests, a_name_that_cannot_be_quoted_is_refused);
}

HARNESS_MAIN("dialect-items", add_tests)
