/* SPDX-License-Identifier: Apache-2.0 */
/* The ODBC driver: values of every kind through write and read. */
#include "odbc_support.h"

/* ---- values ---- */

START_TEST(integers_and_booleans_round_trip)
{
    round_trip(type_of(INCLOAD__BOOL, 0, 0), "true", "false");
    round_trip(type_of(INCLOAD__INT8, 0, 0), "-128", "127", "0");
    round_trip(type_of(INCLOAD__INT16, 0, 0), "-32768", "32767");
    round_trip(type_of(INCLOAD__INT32, 0, 0), "-2147483648", "2147483647");
    round_trip(type_of(INCLOAD__INT64, 0, 0), "-9223372036854775808", "9223372036854775807", "9007199254740993");
    round_trip(type_of(INCLOAD__UINT64, 0, 0), "0", "9223372036854775807");
}
END_TEST

START_TEST(floats_round_trip_bit_for_bit)
{
    round_trip(type_of(INCLOAD__FLOAT64, 0, 0), "0.30000000000000004", "0.1", "1.7976931348623157e308", "5e-324", "0",
               "2.2250738585072014e-308", "-1.7976931348623157e308", "123456789.123456789", "0.3333333333333333");
    round_trip(type_of(INCLOAD__FLOAT32, 0, 0), "0.1", "3.4028235e38", "1e-45", "16777216", "0.33333334");
    if (url_names("PostgreSQL")) { /* the others store -0 as 0 */
        round_trip(type_of(INCLOAD__FLOAT64, 0, 0), "-0");
        round_trip(type_of(INCLOAD__FLOAT32, 0, 0), "-0");
    }
}
END_TEST

START_TEST(decimals_round_trip_with_every_digit)
{
    round_trip(type_of(INCLOAD__DECIMAL, 38, 10), "1234567890123456789012345678.0123456789",
               "-9999999999999999999999999999.9999999999", "0.0000000001", "0.0000000000");
    round_trip(type_of(INCLOAD__DECIMAL, 12, 2), "0.10", "-9999999999.99");
    if (!url_names("MariaDB")) /* its widest decimal pads with zeros */
        round_trip(type_of(INCLOAD__NUMERIC, 0, 0), "123.4500", "-0.00000000000000000000001");
}
END_TEST

START_TEST(dates_and_times_round_trip_to_the_microsecond)
{
    round_trip(type_of(INCLOAD__DATE, 0, 0), "1970-01-01", "2024-02-29", "9999-12-31", "1000-01-01");
    round_trip(type_of(INCLOAD__TIME, 0, 6), "00:00:00", "23:59:59.999999", "12:00:00.000001");
    round_trip(type_of(INCLOAD__TIMESTAMP, 0, 6), "2024-03-31 02:30:00", "1999-12-31 23:59:59.999999",
               "2038-01-19 03:14:08.000001", "1969-07-20 20:17:40");
    round_trip(type_of(INCLOAD__TIMESTAMPTZ, 0, 6), "2024-03-31 01:30:00+00", "2024-10-27 00:59:59.999999+00");
}
END_TEST

/* A character of four bytes, as many as the column may hold. */
#define ELEPHANT "\xf0\x9f\x90\x98"
#define TEN_ELEPHANTS                                                                                                 \
    ELEPHANT ELEPHANT ELEPHANT ELEPHANT ELEPHANT ELEPHANT ELEPHANT ELEPHANT ELEPHANT ELEPHANT

START_TEST(text_of_every_shape_round_trips)
{
    round_trip(type_of(INCLOAD__TEXT, 0, 0), "", "NULL", "null", " ", "it's", "\"quoted\"", "back\\slash", "\\",
               "{a,b}", "a,b", "X'00'", "x'4142'", "\\x41", "\xf0\x9f\x90\x98 \xe2\x82\xac \xc3\xa9",
               "line\nbreak\r\n\ttab", "?", "$1", "{fn now()}", "trailing ", "%s", "0x41");
    round_trip(type_of(INCLOAD__TEXT, 40, 0), "", "NULL", "it's", "\\", "X'00'", ELEPHANT,
               TEN_ELEPHANTS TEN_ELEPHANTS TEN_ELEPHANTS TEN_ELEPHANTS);
    round_trip(type_of(INCLOAD__UUID, 0, 0), "00112233-4455-6677-8899-aabbccddeeff");
    round_trip(type_of(INCLOAD__JSON, 0, 0), "{\"a\": [1, 2.50, \"\\u00e9\"], \"b\": null}", "null", "\"x\"");
}
END_TEST

START_TEST(a_nul_byte_in_text_is_kept_or_refused_but_never_cuts)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__schema schema;

    ck_assert(two_columns(conn, "t_nul", type_of(INCLOAD__TEXT, 0, 0), &schema));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, &err);
    incload__put_int(builder, 0, 1);
    incload__put_bytes(builder, 1, "a\0b", 3);
    if (!is(conn, "postgres")) {
        expect_round_trip(conn, "t_nul", &schema, builder);
    } else {
        struct ArrowArray array;
        incload__view view;
        incload__writer *writer = NULL;
        ok(incload__builder_finish(builder, &array, &err));
        ok(incload__view_init(&view, &incload__mem_libc, &schema, &array, &err));
        ok(driver->begin(conn, &err));
        ok(driver->write_open(conn, "t_nul", &schema, &writer, &err));
        expect(driver->write_batch(writer, &view, &err), INCLOAD_E_DATA, &err);
        driver->write_abandon(writer);
        ok(driver->rollback(conn, &err));
        incload__view_free(&view);
        incload__array_release(&array);
        incload__builder_free(builder);
    }
    incload__schema_free(&schema);
    driver->close(conn);
}
END_TEST

START_TEST(binary_round_trips_byte_for_byte)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__schema schema;
    uint8_t bytes[512];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    ck_assert(two_columns(conn, "t_bin", type_of(INCLOAD__BINARY, 0, 0), &schema));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, &err);
    const size_t lengths[] = { 0, 1, 512, 3, 0, 100 };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        incload__put_int(builder, 0, (int64_t)(2 * i));
        incload__put_bytes(builder, 1, bytes, lengths[i]);
        incload__put_int(builder, 0, (int64_t)(2 * i + 1));
        incload__put_null(builder, 1);
    }
    expect_round_trip(conn, "t_bin", &schema, builder);
    incload__schema_free(&schema);
    driver->close(conn);
}
END_TEST

START_TEST(values_of_five_megabytes_round_trip_beside_short_ones)
{
    enum { LONG = 5 * 1000 * 1000 + 7 };
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__schema schema;
    char *text = malloc(LONG);

    for (size_t i = 0; i < LONG; i++)
        text[i] = (char)('a' + i % 26);
    memcpy(text + 1023, "\xf0\x9f\x90\x98", 4); /* across the first piece's end */
    incload__schema_init(&schema, &incload__mem_libc);
    add_column(conn, &schema, "id", type_of(INCLOAD__INT64, 0, 0));
    add_column(conn, &schema, "t", type_of(INCLOAD__TEXT, 0, 0));
    add_column(conn, &schema, "n", type_of(INCLOAD__INT32, 0, 0));
    add_column(conn, &schema, "b", type_of(INCLOAD__BINARY, 0, 0));
    add_column(conn, &schema, "d", type_of(INCLOAD__DECIMAL, 10, 2));
    make_table(conn, "t_long", &schema);
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, &err);
    for (int64_t i = 0; i < 40; i++) {
        incload__put_int(builder, 0, i);
        incload__put_bytes(builder, 1, text, i == 7 ? LONG : (size_t)i);
        incload__put_int(builder, 2, -i);
        incload__put_bytes(builder, 3, text, i == 9 ? LONG : (size_t)(1020 + i % 10));
        put(builder, 4, "12.50");
    }
    expect_round_trip(conn, "t_long", &schema, builder);
    incload__schema_free(&schema);
    free(text);
    driver->close(conn);
}
END_TEST

START_TEST(thousands_of_rows_keep_their_cells_across_blocks)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__schema schema;
    char text[64];

    incload__schema_init(&schema, &incload__mem_libc);
    add_column(conn, &schema, "id", type_of(INCLOAD__INT64, 0, 0));
    add_column(conn, &schema, "v", type_of(INCLOAD__TEXT, 50, 0));
    add_column(conn, &schema, "x", type_of(INCLOAD__FLOAT64, 0, 0));
    add_column(conn, &schema, "m", type_of(INCLOAD__TIMESTAMP, 0, 6));
    make_table(conn, "t_many", &schema);
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, &err);
    for (int64_t i = 0; i < 2500; i++) {
        incload__put_int(builder, 0, i);
        snprintf(text, sizeof text, "row %" PRId64 " %.*s", i, (int)(i % 30), "..............................");
        put(builder, 1, i % 7 == 0 ? NULL : text);
        if (i % 5 == 0)
            incload__put_null(builder, 2);
        else
            incload__put_float(builder, 2, (double)i / 3);
        incload__put_int(builder, 3, i * 1000003);
    }
    expect_round_trip(conn, "t_many", &schema, builder);
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_many"), 2500);
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_many WHERE x IS NULL"), 500);
    incload__schema_free(&schema);
    driver->close(conn);
}
END_TEST

START_TEST(texts_that_differ_from_one_statement_to_the_next_keep_no_trace_of_each_other)
{
    static const int64_t lengths[] = { 5, 63, 64, 0, 65, 500, 1, 62 };
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__schema schema;
    char text[512];

    ck_assert(two_columns(conn, "t_changing", type_of(INCLOAD__TEXT, 0, 0), &schema));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, &err);
    for (int64_t i = 0; i < 2250; i++) {
        int64_t turn = i + i / 200; /* another in each statement of SQLite's */
        size_t length = (size_t)lengths[turn % 8];
        memset(text, 'a' + (int)(i % 26), sizeof text);
        if (turn % 3 == 0 && length > 0 && !is(conn, "postgres"))
            text[length / 2] = '\0';
        incload__put_int(builder, 0, i);
        if (turn % 5 == 0)
            incload__put_null(builder, 1);
        else
            incload__put_bytes(builder, 1, text, length);
    }
    expect_round_trip(conn, "t_changing", &schema, builder);
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_changing"), 2250);
    incload__schema_free(&schema);
    driver->close(conn);
}
END_TEST

START_TEST(a_read_with_parameters_gives_the_rows_asked_for)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__schema schema;
    incload__reader *reader = NULL;
    int64_t rows = 0;

    run(conn, "DROP TABLE IF EXISTS t_ask");
    run(conn, "CREATE TABLE t_ask (id bigint, v varchar(20))");
    run(conn, "INSERT INTO t_ask VALUES (1, 'a'), (2, 'it''s'), (3, 'it''s'), (-4, 'it''s')");
    driver->close(conn);

    conn = dial(INCLOAD__ROLE_READ);
    incload__schema_init(&schema, &incload__mem_libc);
    add_column(conn, &schema, "id", type_of(INCLOAD__INT64, 0, 0));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, &err);
    incload__param params[] = { { .text = "it's", .length = 4, .kind = INCLOAD__TEXT },
                                { .text = "-3", .length = 2, .kind = INCLOAD__INT64 } };
    ok(driver->read_open(conn,
                         conn->dialect->numbered_params
                             ? "SELECT id FROM t_ask WHERE v = $1 AND id >= $2 ORDER BY id"
                             : "SELECT id FROM t_ask WHERE v = ? AND id >= ? ORDER BY id",
                         params, 2, &schema, &reader, &err));
    ok(driver->read_next(reader, builder, 10, 1 << 20, &rows, &err));
    ck_assert_int_eq(rows, 2);
    ok(driver->read_next(reader, builder, 10, 1 << 20, &rows, &err));
    ck_assert_int_eq(rows, 0);
    driver->read_close(reader);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    driver->close(conn);
}
END_TEST

START_TEST(a_cell_that_is_not_of_its_kind_names_the_column_and_not_the_value)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_READ);
    incload__schema schema;
    incload__reader *reader = NULL;
    int64_t rows = 0;

    incload__schema_init(&schema, &incload__mem_libc);
    incload__schema_add(&schema, "day", "date", type_of(INCLOAD__DATE, 0, 0));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, &err);
    ok(driver->read_open(conn, "SELECT 'hush'", NULL, 0, &schema, &reader, &err));
    int32_t status = driver->read_next(reader, builder, 10, 1 << 20, &rows, &err);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "column day"));
    ck_assert_ptr_null(strstr(incload_error_message(err), "hush"));
    expect(status, INCLOAD_E_DATA, &err);
    driver->read_close(reader);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    driver->close(conn);
}
END_TEST

START_TEST(an_early_close_of_a_reader_leaves_the_connection_usable)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__schema schema;
    incload__reader *reader = NULL;
    int64_t rows = 0;

    run(conn, "DROP TABLE IF EXISTS t_early");
    run(conn, "CREATE TABLE t_early (id bigint)");
    for (int32_t i = 0; i < 3; i++)
        run(conn, "INSERT INTO t_early VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)");
    driver->close(conn);
    conn = dial(INCLOAD__ROLE_READ);
    incload__schema_init(&schema, &incload__mem_libc);
    add_column(conn, &schema, "id", type_of(INCLOAD__INT64, 0, 0));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, &err);
    ok(driver->begin(conn, &err));
    ok(driver->read_open(conn, "SELECT id FROM t_early", NULL, 0, &schema, &reader, &err));
    ok(driver->read_next(reader, builder, 3, 1 << 20, &rows, &err));
    ck_assert_int_eq(rows, 3);
    driver->read_close(reader);
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_early"), 30);
    ok(driver->commit(conn, &err));
    incload__builder_free(builder);
    incload__schema_free(&schema);
    driver->close(conn);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, integers_and_booleans_round_trip);
    tcase_add_test(tests, floats_round_trip_bit_for_bit);
    tcase_add_test(tests, decimals_round_trip_with_every_digit);
    tcase_add_test(tests, dates_and_times_round_trip_to_the_microsecond);
    tcase_add_test(tests, text_of_every_shape_round_trips);
    tcase_add_test(tests, a_nul_byte_in_text_is_kept_or_refused_but_never_cuts);
    tcase_add_test(tests, binary_round_trips_byte_for_byte);
    tcase_add_test(tests, values_of_five_megabytes_round_trip_beside_short_ones);
    tcase_add_test(tests, thousands_of_rows_keep_their_cells_across_blocks);
    tcase_add_test(tests, texts_that_differ_from_one_statement_to_the_next_keep_no_trace_of_each_other);
    tcase_add_test(tests, a_read_with_parameters_gives_the_rows_asked_for);
    tcase_add_test(tests, a_cell_that_is_not_of_its_kind_names_the_column_and_not_the_value);
    tcase_add_test(tests, an_early_close_of_a_reader_leaves_the_connection_usable);
}

int
main(int argc, char **argv)
{
    return odbc_main(argc, argv, add_tests);
}
