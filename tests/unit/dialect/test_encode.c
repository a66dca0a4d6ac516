/* SPDX-License-Identifier: Apache-2.0 */
/* Cells as text: what each database reads back as the same value, and what it refuses. */
#include "fixture.h"

#include <math.h>

/* One cell of `type`, made from canonical text (or a double), encoded for a column of `native`. */
typedef struct {
    incload__type type;
    const char *text;
    size_t length;
    double number;
    const char *native;
} cell;

static int32_t
encode(const incload__dialect *dialect, cell value, incload__str *out, incload_error **err)
{
    incload__schema schema;
    incload__view view;
    struct ArrowArray array;

    incload__schema_init(&schema, &incload__mem_libc);
    add_column(&schema, "price", value.native, value.type, true);
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, NULL);
    ck_assert_ptr_nonnull(builder);
    if (value.type.kind == INCLOAD__FLOAT64)
        ck_assert_int_eq(incload__put_float(builder, 0, value.number), INCLOAD_OK);
    else if (value.type.kind == INCLOAD__BINARY || value.length > 0)
        ck_assert_int_eq(incload__put_bytes(builder, 0, value.text, value.length), INCLOAD_OK);
    else
        ck_assert_int_eq(incload__put_text(builder, 0, value.text, strlen(value.text)), INCLOAD_OK);
    ck_assert_int_eq(incload__builder_finish(builder, &array, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload__view_init(&view, &incload__mem_libc, &schema, &array, NULL), INCLOAD_OK);
    int32_t status = dialect->encode(&view, 0, 0, &schema.columns[0], out, err);
    incload__view_free(&view);
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    return status;
}

static void
expect_cell(const incload__dialect *dialect, cell value, const char *expected)
{
    incload__str out = INCLOAD__STR(&incload__mem_libc);
    incload_error *err = NULL;

    ck_assert_msg(encode(dialect, value, &out, &err) == INCLOAD_OK, "%s", incload_error_message(err));
    expect_sql(&out, expected);
}

static void
refuse_cell(const incload__dialect *dialect, cell value, const char *part)
{
    incload__str out = INCLOAD__STR(&incload__mem_libc);
    incload_error *err = NULL;

    ck_assert_int_eq(encode(dialect, value, &out, &err), INCLOAD_E_DATA);
    ck_assert(strstr(incload_error_message(err), "column 'price'") != NULL);
    expect_error(&err, INCLOAD_E_DATA, part);
    incload__str_free(&out);
}

static const incload__dialect *const postgres = &incload__dialect_postgres;
static const incload__dialect *const mariadb = &incload__dialect_mariadb;
static const incload__dialect *const sqlite = &incload__dialect_sqlite;
static const incload__dialect *const sqlserver = &incload__dialect_sqlserver;

#define OF(kind_name, text_value) (cell){ .type = { INCLOAD__##kind_name, 0, 6 }, .text = (text_value) }
#define NUMBER(value) (cell){ .type = { INCLOAD__FLOAT64, 0, 0 }, .number = (value) }

START_TEST(instants_are_written_as_each_database_reads_them)
{
    cell instant = OF(TIMESTAMPTZ, "2024-02-29 12:00:00.5+00");

    expect_cell(postgres, instant, "2024-02-29 12:00:00.500000+00");
    expect_cell(mariadb, instant, "2024-02-29 12:00:00.500000");
    expect_cell(sqlite, instant, "2024-02-29 12:00:00.500000+00:00");
    expect_cell(sqlserver, instant, "2024-02-29 12:00:00.500000+00:00");
}
END_TEST

START_TEST(sqlite_and_ansi_write_six_digits_even_if_they_are_zero)
{
    expect_cell(sqlite, OF(TIMESTAMP, "2024-02-29 12:00:00"), "2024-02-29 12:00:00.000000");
    expect_cell(sqlite, OF(TIME, "12:00:00"), "12:00:00.000000");
    expect_cell(sqlite, OF(TIMESTAMPTZ, "2024-02-29 12:00:00+00"), "2024-02-29 12:00:00.000000+00:00");
    expect_cell(postgres, OF(TIMESTAMP, "2024-02-29 12:00:00"), "2024-02-29 12:00:00");
}
END_TEST

START_TEST(years_that_a_database_does_not_have_are_refused)
{
    expect_cell(postgres, OF(DATE, "12024-02-29"), "12024-02-29");
    expect_cell(postgres, OF(DATE, "0044-03-15 BC"), "0044-03-15 BC");
    expect_cell(mariadb, OF(DATE, "9999-12-31"), "9999-12-31");
    expect_cell(mariadb, OF(DATE, "0001-01-01"), "0001-01-01");
    refuse_cell(mariadb, OF(DATE, "10000-01-01"), "years");
    refuse_cell(mariadb, OF(TIMESTAMP, "0001-12-31 23:59:59.999999 BC"), "years");
    refuse_cell(sqlite, OF(TIMESTAMP, "10000-01-01 00:00:00"), "years");
    expect_cell(sqlite, OF(TIMESTAMP, "9999-12-31 23:59:59.999999"), "9999-12-31 23:59:59.999999");
    refuse_cell(sqlserver, OF(DATE, "0001-12-31 BC"), "years");
}
END_TEST

START_TEST(times_beyond_a_day_are_for_mariadb_only)
{
    expect_cell(mariadb, OF(TIME, "-838:59:59.999999"), "-838:59:59.999999");
    refuse_cell(mariadb, OF(TIME, "839:00:00"), "time of day");
    refuse_cell(postgres, OF(TIME, "25:00:00"), "time of day");
    refuse_cell(sqlite, OF(TIME, "-00:00:01"), "time of day");
    expect_cell(postgres, OF(TIME, "24:00:00"), "24:00:00");
}
END_TEST

START_TEST(floats_that_would_change_are_refused)
{
    expect_cell(postgres, NUMBER((double)NAN), "NaN");
    expect_cell(postgres, NUMBER(-(double)INFINITY), "-Infinity");
    expect_cell(postgres, NUMBER(-0.0), "-0");
    refuse_cell(mariadb, NUMBER((double)NAN), "NaN");
    refuse_cell(mariadb, NUMBER((double)INFINITY), "infinity");
    refuse_cell(mariadb, NUMBER(-0.0), "negative zero");
    refuse_cell(sqlite, NUMBER((double)NAN), "NaN");
    refuse_cell(sqlite, NUMBER(-0.0), "negative zero");
    expect_cell(sqlite, NUMBER(-(double)INFINITY), "-9e999");
    expect_cell(sqlite, NUMBER(0.1), "0.1");
}
END_TEST

START_TEST(booleans_are_words_or_digits)
{
    expect_cell(postgres, OF(BOOL, "t"), "true");
    expect_cell(mariadb, OF(BOOL, "t"), "1");
    expect_cell(sqlite, OF(BOOL, "f"), "0");
    expect_cell(sqlserver, OF(BOOL, "t"), "1");
}
END_TEST

START_TEST(a_nul_byte_in_text_is_for_those_that_keep_it)
{
    cell text = { .type = { INCLOAD__TEXT, 0, 0 }, .text = "a\0b", .length = 3 };
    incload__str out = INCLOAD__STR(&incload__mem_libc);

    refuse_cell(postgres, text, "NUL byte");
    ck_assert_int_eq(encode(mariadb, text, &out, NULL), INCLOAD_OK);
    ck_assert_uint_eq(out.length, 3);
    incload__str_free(&out);
    ck_assert_int_eq(encode(sqlite, text, &out, NULL), INCLOAD_OK);
    ck_assert_uint_eq(out.length, 3);
    incload__str_free(&out);
}
END_TEST

START_TEST(binary_is_hex_for_postgres_and_bytes_elsewhere)
{
    cell bytes = { .type = { INCLOAD__BINARY, 0, 0 }, .text = "\x01\xff", .length = 2 };

    expect_cell(postgres, bytes, "\\x01ff");
    expect_cell(mariadb, bytes, "\x01\xff");
}
END_TEST

static cell
numeric(const char *text, const char *native)
{
    return (cell){ .type = { INCLOAD__NUMERIC, 0, 0 }, .text = text, .native = native };
}

START_TEST(mariadb_refuses_numbers_that_it_would_round)
{
    expect_cell(mariadb, numeric("99999999.99", "decimal(10,2)"), "99999999.99");
    expect_cell(mariadb, numeric("1.5000000", "decimal(10,2)"), "1.5000000");
    refuse_cell(mariadb, numeric("100000000", "decimal(10,2)"), "digits");
    refuse_cell(mariadb, numeric("0.001", "decimal(10,2)"), "digits");
    refuse_cell(mariadb, numeric("NaN", "decimal(65,30)"), "NaN");
    expect_cell(mariadb, numeric("-0.123456789012345678901234567890", "decimal(65,30)"),
                "-0.123456789012345678901234567890");
    refuse_cell(mariadb, numeric("0.1234567890123456789012345678901", "decimal(65,30)"), "digits");
}
END_TEST

START_TEST(sqlite_refuses_decimals_that_a_numeric_column_would_turn_into_doubles)
{
    cell value = { .type = { INCLOAD__DECIMAL, 20, 2 }, .text = "123456789012345.25" };

    value.native = "DECIMAL TEXT(20,2)";
    expect_cell(sqlite, value, "123456789012345.25");
    value.native = "DECIMAL(20,2)";
    refuse_cell(sqlite, value, "DECIMAL TEXT");
    value.text = "12345.25";
    expect_cell(sqlite, value, "12345.25");
    expect_cell(sqlite, numeric("NaN", "NUMERIC TEXT"), "NaN");
    refuse_cell(sqlite, numeric("NaN", "NUMERIC"), "DECIMAL TEXT");
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, instants_are_written_as_each_database_reads_them);
    tcase_add_test(tests, sqlite_and_ansi_write_six_digits_even_if_they_are_zero);
    tcase_add_test(tests, years_that_a_database_does_not_have_are_refused);
    tcase_add_test(tests, times_beyond_a_day_are_for_mariadb_only);
    tcase_add_test(tests, floats_that_would_change_are_refused);
    tcase_add_test(tests, booleans_are_words_or_digits);
    tcase_add_test(tests, a_nul_byte_in_text_is_for_those_that_keep_it);
    tcase_add_test(tests, binary_is_hex_for_postgres_and_bytes_elsewhere);
    tcase_add_test(tests, mariadb_refuses_numbers_that_it_would_round);
    tcase_add_test(tests, sqlite_refuses_decimals_that_a_numeric_column_would_turn_into_doubles);
}

HARNESS_MAIN("dialect-encode", add_tests)
