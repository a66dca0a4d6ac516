/* SPDX-License-Identifier: Apache-2.0 */
/* Native types read as kinds, kinds written as native types, and both ways round. */
#include "fixture.h"

typedef struct {
    const char *native;
    incload__type type;
} reading;

static void
expect_readings(const incload__dialect *dialect, const reading *readings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        incload__type type = dialect->type_of(readings[i].native);

        ck_assert_msg(type.kind == readings[i].type.kind && type.precision == readings[i].type.precision
                          && type.scale == readings[i].type.scale,
                      "%s: '%s' is %d(%d,%d)", dialect->name, readings[i].native, (int)type.kind, (int)type.precision,
                      (int)type.scale);
    }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(postgres_types_are_read_as_format_type_writes_them)
{
    static const reading readings[] = {
        { "boolean", { INCLOAD__BOOL, 0, 0 } },
        { "smallint", { INCLOAD__INT16, 0, 0 } },
        { "integer", { INCLOAD__INT32, 0, 0 } },
        { "bigint", { INCLOAD__INT64, 0, 0 } },
        { "real", { INCLOAD__FLOAT32, 0, 0 } },
        { "double precision", { INCLOAD__FLOAT64, 0, 0 } },
        { "numeric", { INCLOAD__NUMERIC, 0, 0 } },
        { "numeric(10,2)", { INCLOAD__DECIMAL, 10, 2 } },
        { "numeric(38,38)", { INCLOAD__DECIMAL, 38, 38 } },
        { "numeric(39,2)", { INCLOAD__NUMERIC, 0, 0 } },
        { "numeric(5,-2)", { INCLOAD__NUMERIC, 0, 0 } },
        { "numeric(3,5)", { INCLOAD__NUMERIC, 0, 0 } },
        { "date", { INCLOAD__DATE, 0, 0 } },
        { "time without time zone", { INCLOAD__TIME, 0, 6 } },
        { "time(3) without time zone", { INCLOAD__TIME, 0, 3 } },
        { "time with time zone", { INCLOAD__NATIVE, 0, 0 } },
        { "timestamp without time zone", { INCLOAD__TIMESTAMP, 0, 6 } },
        { "timestamp(0) without time zone", { INCLOAD__TIMESTAMP, 0, 0 } },
        { "timestamp(3) with time zone", { INCLOAD__TIMESTAMPTZ, 0, 3 } },
        { "text", { INCLOAD__TEXT, 0, 0 } },
        { "character varying", { INCLOAD__TEXT, 0, 0 } },
        { "character varying(20)", { INCLOAD__TEXT, 20, 0 } },
        { "character(5)", { INCLOAD__TEXT, 5, 0 } },
        { "bpchar", { INCLOAD__TEXT, 0, 0 } },
        { "\"char\"", { INCLOAD__TEXT, 0, 0 } },
        { "name", { INCLOAD__TEXT, 0, 0 } },
        { "bytea", { INCLOAD__BINARY, 0, 0 } },
        { "uuid", { INCLOAD__UUID, 0, 0 } },
        { "json", { INCLOAD__JSON, 0, 0 } },
        { "jsonb", { INCLOAD__JSON, 0, 0 } },
        { "inet", { INCLOAD__NATIVE, 0, 0 } },
        { "interval day to second(3)", { INCLOAD__NATIVE, 0, 0 } },
        { "numeric(10,2)[]", { INCLOAD__NATIVE, 0, 0 } },
        { "integer[]", { INCLOAD__NATIVE, 0, 0 } },
        { "bit(3)", { INCLOAD__NATIVE, 0, 0 } },
        { "s1.mood", { INCLOAD__NATIVE, 0, 0 } },
        { "\"integer \"", { INCLOAD__NATIVE, 0, 0 } },
        { "geometry(Point,4326)", { INCLOAD__NATIVE, 0, 0 } },
    };

    expect_readings(&incload__dialect_postgres, readings, COUNT(readings));
}
END_TEST

START_TEST(mariadb_types_are_read_as_its_catalog_writes_them)
{
    static const reading readings[] = {
        { "tinyint(1)", { INCLOAD__INT8, 0, 0 } },
        { "tinyint(4)", { INCLOAD__INT8, 0, 0 } },
        { "tinyint(3) unsigned", { INCLOAD__INT16, 0, 0 } },
        { "smallint(5) unsigned", { INCLOAD__INT32, 0, 0 } },
        { "mediumint(8) unsigned", { INCLOAD__INT32, 0, 0 } },
        { "int(11)", { INCLOAD__INT32, 0, 0 } },
        { "int(5) unsigned zerofill", { INCLOAD__INT64, 0, 0 } },
        { "bigint(20)", { INCLOAD__INT64, 0, 0 } },
        { "bigint(20) unsigned", { INCLOAD__UINT64, 0, 0 } },
        { "bit(7)", { INCLOAD__UINT64, 0, 0 } },
        { "year(4)", { INCLOAD__INT16, 0, 0 } },
        { "decimal(10,2) unsigned", { INCLOAD__DECIMAL, 10, 2 } },
        { "decimal(38,38)", { INCLOAD__DECIMAL, 38, 38 } },
        { "decimal(65,30)", { INCLOAD__NUMERIC, 0, 0 } },
        { "float(7,2)", { INCLOAD__FLOAT32, 0, 0 } },
        { "double unsigned", { INCLOAD__FLOAT64, 0, 0 } },
        { "date", { INCLOAD__DATE, 0, 0 } },
        { "time(2)", { INCLOAD__TIME, 0, 2 } },
        { "datetime", { INCLOAD__TIMESTAMP, 0, 0 } },
        { "datetime(6)", { INCLOAD__TIMESTAMP, 0, 6 } },
        { "timestamp(3)", { INCLOAD__TIMESTAMPTZ, 0, 3 } },
        { "varchar(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci", { INCLOAD__TEXT, 20, 0 } },
        { "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", { INCLOAD__TEXT, 0, 0 } },
        { "enum('a','b)') CHARACTER SET latin1 COLLATE latin1_swedish_ci", { INCLOAD__TEXT, 0, 0 } },
        { "set('x','y')", { INCLOAD__TEXT, 0, 0 } },
        { "binary(4)", { INCLOAD__BINARY, 4, 0 } },
        { "varbinary(9)", { INCLOAD__BINARY, 9, 0 } },
        { "mediumblob", { INCLOAD__BINARY, 0, 0 } },
        { "multipolygon", { INCLOAD__BINARY, 0, 0 } },
        { "uuid", { INCLOAD__UUID, 0, 0 } },
        { "inet6", { INCLOAD__NATIVE, 0, 0 } },
    };

    expect_readings(&incload__dialect_mariadb, readings, COUNT(readings));
}
END_TEST

START_TEST(sqlite_types_are_read_by_name_and_else_by_affinity)
{
    static const reading readings[] = {
        { "INTEGER", { INCLOAD__INT64, 0, 0 } },
        { "int", { INCLOAD__INT64, 0, 0 } },
        { "UNSIGNED BIG INT", { INCLOAD__INT64, 0, 0 } },
        { "tinyint(1)", { INCLOAD__INT64, 0, 0 } },
        { "BOOLEAN", { INCLOAD__BOOL, 0, 0 } },
        { "REAL", { INCLOAD__FLOAT64, 0, 0 } },
        { "FLOAT", { INCLOAD__FLOAT64, 0, 0 } },
        { "DOUBLE PRECISION", { INCLOAD__FLOAT64, 0, 0 } },
        { "DECIMAL(10,2)", { INCLOAD__DECIMAL, 10, 2 } },
        { "DECIMAL TEXT(38,9)", { INCLOAD__DECIMAL, 38, 9 } },
        { "DECIMAL", { INCLOAD__NUMERIC, 0, 0 } },
        { "NUMERIC", { INCLOAD__NUMERIC, 0, 0 } },
        { "NUMERIC(12,4)", { INCLOAD__DECIMAL, 12, 4 } },
        { "DATETIME", { INCLOAD__TIMESTAMP, 0, 6 } },
        { "TIMESTAMP", { INCLOAD__TIMESTAMP, 0, 6 } },
        { "DATE", { INCLOAD__DATE, 0, 0 } },
        { "VARCHAR(20)", { INCLOAD__TEXT, 0, 0 } },
        { "CLOB", { INCLOAD__TEXT, 0, 0 } },
        { "", { INCLOAD__TEXT, 0, 0 } },
        { "BLOB", { INCLOAD__BINARY, 0, 0 } },
        { "MY BLOB", { INCLOAD__BINARY, 0, 0 } },
        { "JSON", { INCLOAD__JSON, 0, 0 } },
        { "uuid", { INCLOAD__UUID, 0, 0 } },
        { "FLOATING POINT", { INCLOAD__FLOAT64, 0, 0 } },
        { "CHARINT", { INCLOAD__INT64, 0, 0 } },
        { "SOMETHING", { INCLOAD__TEXT, 0, 0 } },
    };

    expect_readings(&incload__dialect_sqlite, readings, COUNT(readings));
}
END_TEST

START_TEST(sqlserver_and_ansi_types_are_read)
{
    static const reading sqlserver[] = {
        { "bit", { INCLOAD__BOOL, 0, 0 } },
        { "tinyint", { INCLOAD__INT16, 0, 0 } },
        { "money", { INCLOAD__DECIMAL, 19, 4 } },
        { "decimal(12,3)", { INCLOAD__DECIMAL, 12, 3 } },
        { "datetime2(7)", { INCLOAD__TIMESTAMP, 0, 6 } },
        { "datetime", { INCLOAD__TIMESTAMP, 0, 3 } },
        { "datetimeoffset(3)", { INCLOAD__TIMESTAMPTZ, 0, 3 } },
        { "nvarchar(max) COLLATE Latin1_General_100_BIN2", { INCLOAD__TEXT, 0, 0 } },
        { "nvarchar(40)", { INCLOAD__TEXT, 40, 0 } },
        { "varbinary(16)", { INCLOAD__BINARY, 16, 0 } },
        { "uniqueidentifier", { INCLOAD__UUID, 0, 0 } },
        { "xml", { INCLOAD__NATIVE, 0, 0 } },
    };
    static const reading ansi[] = {
        { "CHARACTER VARYING(12)", { INCLOAD__TEXT, 12, 0 } },
        { "TIMESTAMP(3) WITH TIME ZONE", { INCLOAD__TIMESTAMPTZ, 0, 3 } },
        { "DECIMAL(9,3)", { INCLOAD__DECIMAL, 9, 3 } },
        { "LONG VARCHAR", { INCLOAD__TEXT, 0, 0 } },
    };

    expect_readings(&incload__dialect_sqlserver, sqlserver, COUNT(sqlserver));
    expect_readings(&incload__dialect_ansi, ansi, COUNT(ansi));
}
END_TEST

static const incload__type samples[] = {
    { INCLOAD__BOOL, 0, 0 },        { INCLOAD__INT8, 0, 0 },     { INCLOAD__INT16, 0, 0 },  { INCLOAD__INT32, 0, 0 },
    { INCLOAD__INT64, 0, 0 },       { INCLOAD__UINT64, 0, 0 },   { INCLOAD__FLOAT32, 0, 0 }, { INCLOAD__FLOAT64, 0, 0 },
    { INCLOAD__DECIMAL, 12, 3 },    { INCLOAD__NUMERIC, 0, 0 },  { INCLOAD__DATE, 0, 0 },   { INCLOAD__TIME, 0, 6 },
    { INCLOAD__TIMESTAMP, 0, 6 },   { INCLOAD__TIMESTAMPTZ, 0, 6 }, { INCLOAD__TEXT, 40, 0 }, { INCLOAD__BINARY, 0, 0 },
    { INCLOAD__UUID, 0, 0 },        { INCLOAD__JSON, 0, 0 },     { INCLOAD__NATIVE, 0, 0 },
};

/* Every kind, written and read again, by dialect: INCLOAD__UNKNOWN stands for "the same kind". */
static const incload__kind mapped[COUNT(samples)][DIALECT_COUNT] = {
    /* BOOL */ { 0, INCLOAD__INT8, 0, 0, 0 },
    /* INT8 */ { INCLOAD__INT16, 0, INCLOAD__INT64, INCLOAD__INT16, INCLOAD__INT16 },
    /* INT16 */ { 0, 0, INCLOAD__INT64, 0, 0 },
    /* INT32 */ { 0, 0, INCLOAD__INT64, 0, 0 },
    /* INT64 */ { 0, 0, 0, 0, 0 },
    /* UINT64 */ { INCLOAD__DECIMAL, 0, INCLOAD__DECIMAL, INCLOAD__DECIMAL, INCLOAD__DECIMAL },
    /* FLOAT32 */ { 0, 0, INCLOAD__FLOAT64, 0, 0 },
    /* FLOAT64 */ { 0, 0, 0, 0, 0 },
    /* DECIMAL */ { 0, 0, 0, 0, 0 },
    /* NUMERIC */ { 0, 0, 0, INCLOAD__TEXT, INCLOAD__TEXT },
    /* DATE */ { 0, 0, 0, 0, 0 },
    /* TIME */ { 0, 0, 0, 0, 0 },
    /* TIMESTAMP */ { 0, 0, 0, 0, 0 },
    /* TIMESTAMPTZ */ { 0, INCLOAD__TIMESTAMP, 0, 0, 0 },
    /* TEXT */ { 0, 0, 0, 0, 0 },
    /* BINARY */ { 0, 0, 0, 0, 0 },
    /* UUID */ { 0, 0, 0, 0, INCLOAD__TEXT },
    /* JSON */ { 0, INCLOAD__TEXT, 0, INCLOAD__TEXT, INCLOAD__TEXT },
    /* NATIVE */ { INCLOAD__TEXT, INCLOAD__TEXT, INCLOAD__TEXT, INCLOAD__TEXT, INCLOAD__TEXT },
};

START_TEST(every_kind_comes_back_as_itself_or_as_the_one_documented)
{
    for (size_t i = 0; i < COUNT(samples); i++) {
        for (int d = 0; d < DIALECT_COUNT; d++) {
            incload__kind expected = mapped[i][d] == INCLOAD__UNKNOWN ? samples[i].kind : mapped[i][d];
            incload__str sql = INCLOAD__STR(&incload__mem_libc);

            ck_assert_int_eq(all_dialects[d]->native_type(&sql, "c", samples[i], false, NULL), INCLOAD_OK);
            incload__type back = all_dialects[d]->type_of(incload__str_text(&sql));
            ck_assert_msg(back.kind == expected, "%s: kind %d as '%s' comes back as %d", all_dialects[d]->name,
                          (int)samples[i].kind, incload__str_text(&sql), (int)back.kind);
            if (expected == INCLOAD__DECIMAL && samples[i].kind == INCLOAD__DECIMAL)
                ck_assert(incload__type_equal(back, samples[i]));
            incload__str_free(&sql);
        }
    }
}
END_TEST

static void
expect_native(const incload__dialect *dialect, incload__type type, bool in_key, const char *expected)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    ck_assert_int_eq(dialect->native_type(&sql, "c", type, in_key, NULL), INCLOAD_OK);
    expect_sql(&sql, expected);
}

START_TEST(mariadb_text_compares_by_bytes_and_keys_are_bounded)
{
    const incload__dialect *mariadb = &incload__dialect_mariadb;
    incload__type text = { INCLOAD__TEXT, 0, 0 };

    expect_native(mariadb, text, false, "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin");
    expect_native(mariadb, text, true, "varchar(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin");
    text.precision = 20;
    expect_native(mariadb, text, true, "varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin");
    text.precision = 4000;
    expect_native(mariadb, text, false, "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin");
    expect_native(mariadb, (incload__type){ INCLOAD__BINARY, 0, 0 }, false, "longblob");
    expect_native(mariadb, (incload__type){ INCLOAD__BINARY, 0, 0 }, true, "varbinary(1024)");
    expect_native(mariadb, (incload__type){ INCLOAD__TIMESTAMPTZ, 0, 6 }, false, "datetime(6)");
    expect_native(mariadb, (incload__type){ INCLOAD__NUMERIC, 0, 0 }, false, "decimal(65,30)");
}
END_TEST

START_TEST(sqlite_types_that_must_stay_text_have_text_affinity)
{
    const incload__dialect *sqlite = &incload__dialect_sqlite;

    expect_native(sqlite, (incload__type){ INCLOAD__DECIMAL, 38, 9 }, false, "DECIMAL TEXT(38,9)");
    expect_native(sqlite, (incload__type){ INCLOAD__UINT64, 0, 0 }, false, "DECIMAL TEXT(20,0)");
    expect_native(sqlite, (incload__type){ INCLOAD__TIMESTAMPTZ, 0, 6 }, false, "TIMESTAMPTZ TEXT");
    expect_native(sqlite, (incload__type){ INCLOAD__INT32, 0, 0 }, true, "INTEGER");
}
END_TEST

START_TEST(postgres_json_in_a_key_is_text)
{
    expect_native(&incload__dialect_postgres, (incload__type){ INCLOAD__JSON, 0, 0 }, false, "json");
    expect_native(&incload__dialect_postgres, (incload__type){ INCLOAD__JSON, 0, 0 }, true, "text");
    expect_native(&incload__dialect_postgres, (incload__type){ INCLOAD__TIMESTAMP, 0, 3 }, false,
                  "timestamp(3) without time zone");
}
END_TEST

START_TEST(an_unknown_kind_is_refused_by_column)
{
    for (int i = 0; i < DIALECT_COUNT; i++) {
        incload__str sql = INCLOAD__STR(&incload__mem_libc);
        incload_error *err = NULL;

        incload__type unknown = { INCLOAD__UNKNOWN, 0, 0 };

        ck_assert_int_eq(all_dialects[i]->native_type(&sql, "price", unknown, false, &err), INCLOAD_E_TYPE);
        expect_error(&err, INCLOAD_E_TYPE, "column 'price'");
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, postgres_types_are_read_as_format_type_writes_them);
    tcase_add_test(tests, mariadb_types_are_read_as_its_catalog_writes_them);
    tcase_add_test(tests, sqlite_types_are_read_by_name_and_else_by_affinity);
    tcase_add_test(tests, sqlserver_and_ansi_types_are_read);
    tcase_add_test(tests, every_kind_comes_back_as_itself_or_as_the_one_documented);
    tcase_add_test(tests, mariadb_text_compares_by_bytes_and_keys_are_bounded);
    tcase_add_test(tests, sqlite_types_that_must_stay_text_have_text_affinity);
    tcase_add_test(tests, postgres_json_in_a_key_is_text);
    tcase_add_test(tests, an_unknown_kind_is_refused_by_column);
}

HARNESS_MAIN("dialect-types", add_tests)
