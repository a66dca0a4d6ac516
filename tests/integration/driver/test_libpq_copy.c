/* SPDX-License-Identifier: Apache-2.0 */
/* The libpq driver's readers, writers and relay: COPY against a real server. */
#include "../../unit/harness.h"
#include "fake_server.h"
#include "pq_support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* ---- reading and writing ---- */

/* Describes `table` and writes the select list that reads it. */
static void
plan_table(incload__conn *conn, const char *table, incload__schema *schema, incload__str *select)
{
    incload_error *err = NULL;
    char sql[128];

    snprintf(sql, sizeof sql, "SELECT * FROM %s", table);
    pq_expect(pq->describe(conn, sql, 0, schema, &err), INCLOAD_OK, &err);
    incload__str_add(select, "SELECT ");
    for (int32_t i = 0; i < schema->count; i++) {
        incload__str_add(select, i > 0 ? ", " : "");
        pq_expect(conn->dialect->select_item(select, &schema->columns[i], conn->wire, &err), INCLOAD_OK, &err);
    }
    incload__str_addf(select, " FROM %s", table);
}

/* Reads `select` in batches of max_rows and writes them; returns the rows. */
static int64_t
copy_rows(incload__conn *from, const char *select, const incload__schema *schema, incload__conn *to, const char *table,
          int64_t max_rows)
{
    incload_error *err = NULL;
    incload__reader *reader = NULL;
    incload__writer *writer = NULL;
    int64_t total = 0;
    int64_t rows = 0;

    incload__builder *builder = incload__builder_new(mem, schema, &err);
    ck_assert_ptr_nonnull(builder);
    pq_expect(pq->read_open(from, select, NULL, 0, schema, &reader, &err), INCLOAD_OK, &err);
    pq_expect(pq->write_open(to, table, schema, &writer, &err), INCLOAD_OK, &err);
    for (;;) {
        struct ArrowArray array = { 0 };
        incload__view view;
        pq_expect(pq->read_next(reader, builder, max_rows, 1 << 20, &rows, &err), INCLOAD_OK, &err);
        if (rows == 0)
            break;
        ck_assert_int_le(rows, max_rows);
        total += rows;
        pq_expect(incload__builder_finish(builder, &array, &err), INCLOAD_OK, &err);
        pq_expect(incload__view_init(&view, mem, schema, &array, &err), INCLOAD_OK, &err);
        pq_expect(pq->write_batch(writer, &view, &err), INCLOAD_OK, &err);
        incload__view_free(&view);
        incload__array_release(&array);
    }
    pq->read_close(reader);
    pq_expect(pq->write_close(writer, &rows, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(rows, total);
    incload__builder_free(builder);
    return total;
}

/* Everything in one table must be in the other, the text of each row alike. */
static void
expect_round_trip(const char *columns, const char *rows, int64_t max_rows)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload__conn *from = pq_open(INCLOAD__ROLE_READ);
    incload_error *err = NULL;
    incload__schema schema;
    incload__str select = INCLOAD__STR(mem);
    incload__str sql = INCLOAD__STR(mem);

    incload__schema_init(&schema, mem);
    pq_run(conn, "DROP TABLE IF EXISTS pq_a, pq_b");
    incload__str_addf(&sql, "CREATE TABLE pq_a(%s)", columns);
    pq_run(conn, sql.data);
    pq_run(conn, "CREATE TABLE pq_b(LIKE pq_a)");
    incload__str_clear(&sql);
    incload__str_addf(&sql, "INSERT INTO pq_a %s", rows);
    pq_run(conn, sql.data);

    plan_table(from, "pq_a", &schema, &select);
    pq_begin(from);
    pq_begin(conn);
    copy_rows(from, select.data, &schema, conn, "pq_b", max_rows);
    pq_expect(pq->commit(conn, &err), INCLOAD_OK, &err);
    pq_roll_back(from);
    pq_expect_text(conn, "SELECT count(*) > 0 AND count(*) = (SELECT count(*) FROM pq_b) FROM pq_a", "t");
    pq_expect_text(
        conn, "SELECT count(*) FROM (SELECT pq_a::text FROM pq_a EXCEPT ALL SELECT pq_b::text FROM pq_b) AS d", "0");
    pq_run(conn, "DROP TABLE pq_a, pq_b");
    incload__schema_free(&schema);
    incload__str_free(&select);
    incload__str_free(&sql);
    pq->close(conn);
    pq->close(from);
}

START_TEST(whole_numbers_and_booleans_make_the_round_trip)
{
    expect_round_trip("a boolean, b smallint, c integer, d bigint, e oid",
                      "VALUES (true, -32768, -2147483648, -9223372036854775808, 0), (false, 32767, 2147483647, "
                      "9223372036854775807, 4294967295), (NULL, NULL, NULL, NULL, NULL), (true, 0, 0, 0, 1)",
                      2);
}
END_TEST

START_TEST(fractions_make_the_round_trip)
{
    expect_round_trip(
        "a real, b double precision, c numeric(12,2), d numeric, e numeric(38,38), f numeric(38,0), g numeric(9,1)",
        "VALUES ('NaN', 'NaN', -9999999999.99, 'NaN', 0.99999999999999999999999999999999999999, "
        "99999999999999999999999999999999999999, 0.1), "
        "('Infinity', '-Infinity', 0.01, '-Infinity', -1e-38, -1, -10000.0), "
        "('-0', '-0', 0, '-0.000', 0, 0, 0), "
        "(1.17549435e-38, 4.9406564584124654e-324, 1234.5, 123456789012345678901234567890.000000000000000012300, "
        "0.00010001, 100000000, 12345678.9), "
        "(0.1, 0.1, -0.1, 1e100, 0.5, 10000, 1000), "
        "(NULL, NULL, NULL, NULL, NULL, NULL, NULL), "
        "(1, 1, 10000, 0.00001, 1e-5, 20000000000000000000000000000000000000, 99999999.9)",
        100);
}
END_TEST

START_TEST(dates_and_times_make_the_round_trip)
{
    expect_round_trip(
        "a date, b time, c timestamp, d timestamptz, e timestamptz(3)",
        "VALUES ('4713-01-01 BC', '00:00:00', '4713-01-01 00:00:00 BC', '2000-01-01 00:00:00+00', now()), "
        "('1969-12-31', '23:59:59.999999', '1969-12-31 23:59:59.999999', '1970-01-01 00:00:00+00', now()), "
        "('9999-12-31', '24:00:00', '294246-01-01 00:00:00', '294246-01-01 00:00:00+00', NULL), "
        "('0001-01-01', '12:00', '0044-03-15 12:00:00 BC', '2024-03-31 02:30:00+01', NULL), "
        "(NULL, NULL, NULL, NULL, NULL)",
        100);
}
END_TEST

START_TEST(texts_and_bytes_make_the_round_trip)
{
    expect_round_trip("a text, b varchar(20), c char(5), d bytea, e uuid, f json, g jsonb, h text",
                      "VALUES ('', '', '', '', '00000000-0000-0000-0000-000000000000', '{}', '{}', NULL), "
                      "('tab\tnew\nline\\back', 'caf\u00e9', 'ab', '\\x00ff10', gen_random_uuid(), '{ \"a\" :  1 }', "
                      "'{\"b\": [1, 2]}', '\\N'), "
                      "(repeat('x', 200000), NULL, NULL, NULL, NULL, NULL, NULL, repeat('y', 70000))",
                      1);
}
END_TEST

START_TEST(types_that_only_the_server_parses_make_the_round_trip)
{
    expect_round_trip(
        "a int, b inet, c interval, d int[], e text, f numrange, g bytea, h timestamptz, i numeric, j bit(3)",
        "VALUES (1, '10.0.0.1/8', '1 year 2 days 03:04:05.6', '{1,NULL,3}', E'a\\tb\\nc\\\\d\\re\\bf\\vg', "
        "'[1,2)', '\\x005c', '2024-01-01 00:00:00.000001+00', 1.50, B'101'), "
        "(NULL, NULL, NULL, NULL, '\\N', NULL, NULL, NULL, NULL, NULL), "
        "(2, '::1', '-1 day', '{}', '', 'empty', '', '0044-03-15 12:00:00 BC', 'NaN', B'000')",
        100);
}
END_TEST

START_TEST(a_huge_row_passes_through_reader_and_writer)
{
    expect_round_trip("a int, b text, c bytea",
                      "VALUES (1, repeat('x', 20000000), NULL), (2, 'y', decode(repeat('00ff', 5000000), 'hex')), "
                      "(3, NULL, '')",
                      100);
}
END_TEST

START_TEST(many_rows_come_in_batches_of_the_size_asked_for)
{
    expect_round_trip("a int, b text, c timestamptz, d numeric(12,2)",
                      "SELECT g, md5(g::text), now() + g * interval '1 s', g / 100.0 FROM generate_series(1, 50000) g",
                      777);
}
END_TEST

static void
expect_read_refused(const char *select, const char *cast, int32_t code)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);
    incload_error *err = NULL;
    incload__schema schema;
    incload__reader *reader = NULL;
    int64_t rows = 0;

    incload__schema_init(&schema, mem);
    pq_expect(pq->describe(conn, cast, 0, &schema, &err), INCLOAD_OK, &err);
    incload__builder *builder = incload__builder_new(mem, &schema, &err);
    pq_begin(conn);
    int32_t status = pq->read_open(conn, select, NULL, 0, &schema, &reader, &err);
    if (status == INCLOAD_OK) {
        status = pq->read_next(reader, builder, 100, 1 << 20, &rows, &err);
        pq->read_close(reader);
    }
    ck_assert_msg(status == code, "%s: %s", select, incload_error_message(err));
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "'x'"));
    incload_error_unref(err);
    pq_expect_usable(conn);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    pq->close(conn);
}

START_TEST(infinity_and_nan_are_refused_by_the_columns_name)
{
    expect_read_refused("SELECT timestamptz 'infinity' AS x", "SELECT now() AS x", INCLOAD_E_DATA);
    expect_read_refused("SELECT timestamp '-infinity' AS x", "SELECT localtimestamp AS x", INCLOAD_E_DATA);
    expect_read_refused("SELECT date 'infinity' AS x", "SELECT current_date AS x", INCLOAD_E_DATA);
    expect_read_refused("SELECT numeric 'NaN' AS x", "SELECT 1::numeric(5,2) AS x", INCLOAD_E_DATA);
    expect_read_refused("SELECT timestamp '294276-12-31 23:59:59' AS x", "SELECT localtimestamp AS x", INCLOAD_E_DATA);
}
END_TEST

START_TEST(a_column_whose_type_has_changed_is_refused)
{
    expect_read_refused("SELECT 1.5::float8 AS x", "SELECT 1::int8 AS x", INCLOAD_E_TYPE);
    expect_read_refused("SELECT 1::int8 AS x", "SELECT now() AS x", INCLOAD_E_TYPE);
}
END_TEST

START_TEST(copy_data_cut_anywhere_is_put_together)
{
    incload__conn *conn = NULL;
    incload_error *err = NULL;
    incload__schema schema;
    incload__reader *reader = NULL;
    fake_server server;
    int64_t rows = 0;
    size_t length = 0;

    fake_server_start(&server, FAKE_SPLIT_COPY);
    pq_expect(pq_connect_to(server.url, INCLOAD__ROLE_READ, 5000, &conn, &err), INCLOAD_OK, &err);
    incload__schema_init(&schema, mem);
    incload__schema_add(&schema, "c", "text", (incload__type){ INCLOAD__TEXT, 0, 0 });
    incload__builder *builder = incload__builder_new(mem, &schema, &err);
    pq_expect(pq->read_open(conn, "SELECT c FROM t", NULL, 0, &schema, &reader, &err), INCLOAD_OK, &err);
    pq_expect(pq->read_next(reader, builder, 100, 1 << 20, &rows, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(rows, 1);
    struct ArrowArray array = { 0 };
    incload__view view;
    pq_expect(incload__builder_finish(builder, &array, &err), INCLOAD_OK, &err);
    pq_expect(incload__view_init(&view, mem, &schema, &array, &err), INCLOAD_OK, &err);
    ck_assert_mem_eq(incload__get_bytes(&view, 0, 0, &length), "hello", 5);
    ck_assert_uint_eq(length, 5);
    pq_expect(pq->read_next(reader, builder, 100, 1 << 20, &rows, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(rows, 0);
    pq->read_close(reader);
    incload__view_free(&view);
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    pq->close(conn);
    fake_server_stop(&server);
}
END_TEST

/* Reads one text column with parameters and gives the first row's text. */
static void
expect_param_text(incload__conn *conn, const char *select, const incload__param *params, int32_t count,
                  const char *expected)
{
    incload_error *err = NULL;
    incload__schema schema;
    incload__reader *reader = NULL;
    int64_t rows = 0;
    size_t length = 0;
    struct ArrowArray array = { 0 };
    incload__view view;

    incload__schema_init(&schema, mem);
    pq_expect(pq->describe(conn, select, count, &schema, &err), INCLOAD_OK, &err);
    incload__builder *builder = incload__builder_new(mem, &schema, &err);
    pq_expect(pq->read_open(conn, select, params, count, &schema, &reader, &err), INCLOAD_OK, &err);
    pq_expect(pq->read_next(reader, builder, 100, 1 << 20, &rows, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(rows, 1);
    pq_expect(incload__builder_finish(builder, &array, &err), INCLOAD_OK, &err);
    pq_expect(incload__view_init(&view, mem, &schema, &array, &err), INCLOAD_OK, &err);
    const char *text = incload__get_bytes(&view, 0, 0, &length);
    ck_assert_msg(length == strlen(expected) && memcmp(text, expected, length) == 0, "%.*s", (int)length, text);
    pq_expect(pq->read_next(reader, builder, 100, 1 << 20, &rows, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(rows, 0);
    pq->read_close(reader);
    incload__view_free(&view);
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
}

START_TEST(a_reader_takes_parameters_with_quotes)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);
    const char *nasty = "o'Reilly\\') TO STDOUT; DROP TABLE x; -- $2 \xE2\x82\xAC";
    incload__param params[] = { pq_text_param(nasty), pq_text_param("2024-03-01"), pq_text_param(NULL),
                                pq_text_param("ab   ") };
    const char *select = "SELECT $1::text AS a -- $9 is a comment\n WHERE '$9' = '$9' AND date '2024-03-02' > $2 "
                         "AND $3::int IS NULL AND $4::bpchar = 'ab' AND \"length\"($1) > 10; -- done";

    pq_begin(conn);
    expect_param_text(conn, select, params, 4, nasty);
    pq_roll_back(conn);
    expect_param_text(conn, select, params, 4, nasty);
    pq_expect_text(conn, "SELECT coalesce(current_setting('incload.p1', true), '')", "");
    pq->close(conn);
}
END_TEST

/* No setting is made for them, inside a transaction or outside. */
START_TEST(a_reader_writes_numbers_and_times_into_its_statement)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);
    incload__param params[] = {
        pq_text_param("-7"),         pq_text_param("-9223372036854775808"), pq_text_param("-1.50"),
        pq_text_param("NaN"),        pq_text_param("0044-03-15 BC"),        pq_text_param("2024-03-01 10:11:12.000013"),
        pq_text_param("2024-03-01 10:11:12+02"),
    };

    pq_begin(conn);
    expect_param_text(conn,
                      "SELECT concat_ws(' ', -abs($1::int2), $2::int8, $3::numeric, $4::float8, $5::date, "
                      "$6::timestamp, $7::timestamptz AT TIME ZONE 'UTC') WHERE $1 < 0 OR $2 < 0", params, 7,
                      "-7 -9223372036854775808 -1.50 NaN 0044-03-15 BC 2024-03-01 10:11:12.000013 2024-03-01 08:11:12");
    pq_expect_text(conn, "SELECT coalesce(current_setting('incload.p1', true), 'never set')", "never set");
    pq_roll_back(conn);
    pq->close(conn);
}
END_TEST

START_TEST(a_number_that_is_none_is_no_part_of_the_statement)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);
    incload__param param = pq_text_param("1'::int); DROP TABLE x; --");
    incload__schema schema;
    incload__reader *reader = NULL;
    incload_error *err = NULL;

    incload__schema_init(&schema, mem);
    pq_expect(pq->describe(conn, "SELECT $1::int AS a", 1, &schema, &err), INCLOAD_OK, &err);
    int32_t status = pq->read_open(conn, "SELECT $1::int AS a", &param, 1, &schema, &reader, &err);
    if (status == INCLOAD_OK) {
        incload__builder *builder = incload__builder_new(mem, &schema, NULL);
        int64_t rows = 0;
        status = pq->read_next(reader, builder, 1, 1 << 20, &rows, &err);
        incload__builder_free(builder);
    }
    ck_assert_str_eq(incload_error_sqlstate(err), "22P02");
    pq_expect(status, INCLOAD_E_DATA, &err);
    pq->read_close(reader);
    incload__schema_free(&schema);
    pq->close(conn);
}
END_TEST

START_TEST(a_reader_takes_a_keyset_with_parameters_in_brackets)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);
    incload__param params[] = { pq_text_param("7"), pq_text_param("b"), pq_text_param(NULL) };

    expect_param_text(
        conn,
        "SELECT string_agg(a || b, ',' ORDER BY a, b) FROM (VALUES (7, 'a'), (7, 'c'), (8, 'a')) AS t(a, b) "
        "WHERE a >= $1 AND (a > $1 OR b > $2 OR b = $3)",
        params, 3, "7c,8a");
    pq->close(conn);
}
END_TEST

START_TEST(a_parameter_can_use_an_index)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;
    incload__rows rows = { .mem = mem };
    bool found = false;

    pq_run(conn,
           "CREATE TEMP TABLE t AS SELECT g AS id, now() + g * interval '1 s' AS ts FROM generate_series(1, 20000) g");
    pq_run(conn, "CREATE INDEX ON t(ts)");
    pq_run(conn, "ANALYZE t");
    pq_begin(conn);
    pq_run(conn, "SELECT set_config('incload.p1', (now() + interval '19900 s')::text, true)");
    pq_expect(pq->select(conn,
                         "EXPLAIN SELECT * FROM t WHERE ts >= (pg_catalog.current_setting('incload.p1')::timestamptz)",
                         NULL, 0, &rows, &err),
              INCLOAD_OK, &err);
    for (int64_t i = 0; i < rows.count; i++)
        found = found || strstr(incload__rows_get(&rows, i, 0), "Index Cond") != NULL;
    ck_assert(found);
    incload__rows_free(&rows);
    pq_roll_back(conn);
    pq->close(conn);
}
END_TEST

START_TEST(an_error_of_the_query_ends_the_reading)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);
    incload_error *err = NULL;
    incload__schema schema;
    incload__reader *reader = NULL;
    int64_t rows = 1;
    int32_t status = INCLOAD_OK;

    incload__schema_init(&schema, mem);
    pq_expect(pq->describe(conn, "SELECT 1 AS a", 0, &schema, &err), INCLOAD_OK, &err);
    incload__builder *builder = incload__builder_new(mem, &schema, &err);
    pq_begin(conn);
    pq_expect(pq->read_open(conn, "SELECT 10 / (50000 - a) AS a FROM generate_series(1, 100000) a", NULL, 0, &schema,
                            &reader, &err),
              INCLOAD_OK, &err);
    while (status == INCLOAD_OK && rows > 0)
        status = pq->read_next(reader, builder, 10000, 1 << 20, &rows, &err);
    pq_expect(status, INCLOAD_E_DATA, &err);
    pq->read_close(reader);
    pq_expect_usable(conn);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    pq->close(conn);
}
END_TEST

START_TEST(describe_gives_names_and_types_and_runs_nothing)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);
    incload_error *err = NULL;
    incload__schema schema;

    incload__schema_init(&schema, mem);
    pq_expect(
        pq->describe(
            conn,
            "SELECT 1::int8 AS a, 'x'::varchar(7) AS \"B b\", $1::numeric(12,2) AS c, '{}'::int[] AS d, 'u' AS e, "
            "1/0 AS f",
            1, &schema, &err),
        INCLOAD_OK, &err);
    ck_assert_int_eq(schema.count, 6);
    ck_assert_int_eq(schema.columns[0].type.kind, INCLOAD__INT64);
    ck_assert_str_eq(schema.columns[1].name, "B b");
    ck_assert_str_eq(schema.columns[1].native, "character varying(7)");
    ck_assert_int_eq(schema.columns[2].type.kind, INCLOAD__DECIMAL);
    ck_assert_int_eq(schema.columns[2].type.scale, 2);
    ck_assert_int_eq(schema.columns[3].type.kind, INCLOAD__NATIVE);
    ck_assert_int_eq(schema.columns[4].type.kind, INCLOAD__TEXT);
    ck_assert(schema.columns[0].nullable);
    ck_assert_int_eq(schema.columns[0].native_id, 20);
    incload__schema_free(&schema);
    pq_expect(pq->describe(conn, "SELECT $1::int AS a", 0, &schema, &err), INCLOAD_E_INVALID, &err);
    pq->close(conn);
}
END_TEST

/* One column, one cell, into `table`. */
static int32_t
write_cell(incload__conn *conn, const char *table, incload__type type, const char *bytes, size_t length, int64_t times,
           incload_error **err)
{
    incload__schema schema;
    incload__writer *writer = NULL;
    struct ArrowArray array = { 0 };
    incload__view view;
    int64_t rows = 0;

    incload__schema_init(&schema, mem);
    incload__schema_add(&schema, "a", NULL, type);
    incload__builder *builder = incload__builder_new(mem, &schema, err);
    for (int64_t i = 0; i < times; i++)
        ck_assert_int_eq(incload__put_bytes(builder, 0, bytes, length), INCLOAD_OK);
    ck_assert_int_eq(incload__builder_finish(builder, &array, err), INCLOAD_OK);
    ck_assert_int_eq(incload__view_init(&view, mem, &schema, &array, err), INCLOAD_OK);
    int32_t status = pq->write_open(conn, table, &schema, &writer, err);
    if (status == INCLOAD_OK)
        status = pq->write_batch(writer, &view, err);
    if (status == INCLOAD_OK)
        status = pq->write_close(writer, &rows, err);
    else
        pq->write_abandon(writer);
    incload__view_free(&view);
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    return status;
}

START_TEST(a_nul_byte_in_a_text_is_refused_by_the_columns_name)
{
    static const char *const tables[] = { "CREATE TEMP TABLE t(a text)", "CREATE TEMP TABLE u(a inet)" };

    for (int i = 0; i < 2; i++) {
        incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
        incload_error *err = NULL;
        pq_run(conn, tables[i]);
        pq_begin(conn);
        ck_assert_int_eq(
            write_cell(conn, i == 0 ? "t" : "u", (incload__type){ INCLOAD__TEXT, 0, 0 }, "a\0b", 3, 1, &err),
            INCLOAD_E_DATA);
        ck_assert_msg(strstr(incload_error_message(err), "'a'") != NULL, "%s", incload_error_message(err));
        incload_error_unref(err);
        ck_assert_int_eq(conn->txn, INCLOAD__TXN_FAILED);
        pq_expect_usable(conn);
        pq->close(conn);
    }
}
END_TEST

START_TEST(a_row_that_breaks_a_constraint_fails_the_writing)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;

    pq_run(conn, "CREATE TEMP TABLE t(a text CONSTRAINT t_a_once UNIQUE)");
    pq_begin(conn);
    ck_assert_int_eq(write_cell(conn, "t", (incload__type){ INCLOAD__TEXT, 0, 0 }, "secret-4111", 11, 300000, &err),
                     INCLOAD_E_CONSTRAINT);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "t_a_once"));
    ck_assert_ptr_null(strstr(incload_error_message(err), "4111"));
    incload_error_unref(err);
    pq_expect_usable(conn);
    pq->close(conn);
}
END_TEST

START_TEST(rows_that_a_trigger_drops_are_an_error)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;

    pq_run(conn, "CREATE TEMP TABLE t(a text)");
    pq_run(conn, "CREATE FUNCTION pg_temp.drop_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
    pq_run(conn, "CREATE TRIGGER d BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.drop_row()");
    pq_begin(conn);
    pq_expect(write_cell(conn, "t", (incload__type){ INCLOAD__TEXT, 0, 0 }, "x", 1, 10, &err), INCLOAD_E_DATA, &err);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_FAILED);
    pq_expect_usable(conn);
    pq->close(conn);
}
END_TEST

START_TEST(an_abandoned_write_leaves_nothing)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;
    incload__schema schema;
    incload__writer *writer = NULL;

    incload__schema_init(&schema, mem);
    pq_run(conn, "CREATE TEMP TABLE t(a text)");
    pq_expect(pq->describe(conn, "SELECT * FROM t", 0, &schema, &err), INCLOAD_OK, &err);
    pq_begin(conn);
    pq_expect(pq->write_open(conn, "t", &schema, &writer, &err), INCLOAD_OK, &err);
    pq->write_abandon(writer);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_FAILED);
    pq_expect_usable(conn);
    pq_expect_text(conn, "SELECT count(*) FROM t", "0");
    incload__schema_free(&schema);
    pq->close(conn);
}
END_TEST

/* ---- relay ---- */

typedef struct relay_pair {
    incload__conn *from;
    incload__conn *to;
} relay_pair;

static relay_pair
open_relay(const char *target_columns)
{
    relay_pair pair = { pq_open(INCLOAD__ROLE_READ), pq_open(INCLOAD__ROLE_WRITE) };
    char sql[256];

    pq_run(pair.to, "DROP TABLE IF EXISTS pq_from, pq_to");
    pq_run(pair.to, "CREATE TABLE pq_from(a int, b text, c numeric)");
    snprintf(sql, sizeof sql, "CREATE TABLE pq_to(%s)", target_columns);
    pq_run(pair.to, sql);
    pq_run(pair.to,
           "INSERT INTO pq_from SELECT g, repeat(md5(g::text), 1 + g % 5), g / 7.0 FROM generate_series(1, 100000) g");
    pq_begin(pair.from);
    pq_begin(pair.to);
    return pair;
}

static void
close_relay(relay_pair *pair)
{
    pq_expect_usable(pair->from);
    pq_expect_usable(pair->to);
    pq_run(pair->to, "DROP TABLE pq_from, pq_to");
    pq->close(pair->from);
    pq->close(pair->to);
}

static int32_t
count_calls(int64_t bytes, void *data)
{
    int64_t *last = data;

    ck_assert_int_gt(bytes, *last);
    *last = bytes;
    return INCLOAD_OK;
}

START_TEST(a_relay_copies_every_row_as_it_is)
{
    relay_pair pair = open_relay("a int, b text, c numeric");
    incload_error *err = NULL;
    incload__param param = pq_text_param("90000");
    int64_t rows = 0;
    int64_t bytes = 0;
    int64_t last = 0;

    pq_expect(pq->relay(pair.from, "SELECT a, b, c FROM pq_from WHERE a <= $1::int", &param, 1, pair.to, "pq_to",
                        "a, b, c", count_calls, &last, &rows, &bytes, &err),
              INCLOAD_OK, &err);
    ck_assert_int_eq(rows, 90000);
    ck_assert_int_gt(last, 0);
    ck_assert_int_le(last, bytes);
    pq_expect(pq->commit(pair.to, &err), INCLOAD_OK, &err);
    pq_roll_back(pair.from);
    pq_expect_text(pair.to,
                   "SELECT (SELECT sum(hashtextextended(pq_to::text, 0)::numeric) FROM pq_to) = "
                   "(SELECT sum(hashtextextended(pq_from::text, 0)::numeric) FROM pq_from WHERE a <= 90000)",
                   "t");
    close_relay(&pair);
}
END_TEST

START_TEST(an_error_of_the_target_leaves_both_sides_of_a_relay_usable)
{
    relay_pair pair = open_relay("a int CONSTRAINT a_is_small CHECK (a < 5000), b text, c numeric");
    incload_error *err = NULL;
    int64_t rows = 0;
    int64_t bytes = 0;

    int32_t status = pq->relay(pair.from, "SELECT a, b, c FROM pq_from", NULL, 0, pair.to, "pq_to", "a, b, c", NULL,
                               NULL, &rows, &bytes, &err);
    ck_assert_int_eq(status, INCLOAD_E_CONSTRAINT);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "a_is_small"));
    incload_error_unref(err);
    ck_assert_int_eq(pair.from->txn, INCLOAD__TXN_FAILED);
    ck_assert_int_eq(pair.to->txn, INCLOAD__TXN_FAILED);
    close_relay(&pair);
}
END_TEST

START_TEST(an_error_of_the_source_leaves_both_sides_of_a_relay_usable)
{
    relay_pair pair = open_relay("a int, b text, c numeric");
    incload_error *err = NULL;
    int64_t rows = 0;
    int64_t bytes = 0;

    pq_expect(pq->relay(pair.from, "SELECT 1 / (50000 - a), b, c FROM pq_from", NULL, 0, pair.to, "pq_to", "a, b, c",
                        NULL, NULL, &rows, &bytes, &err),
              INCLOAD_E_DATA, &err);
    close_relay(&pair);
}
END_TEST

START_TEST(a_relay_between_unequal_types_is_refused)
{
    relay_pair pair = open_relay("a real, b text, c numeric");
    incload_error *err = NULL;
    int64_t rows = 0;
    int64_t bytes = 0;

    pq_expect(pq->relay(pair.from, "SELECT a, b, c FROM pq_from", NULL, 0, pair.to, "pq_to", "a, b, c", NULL, NULL,
                        &rows, &bytes, &err),
              INCLOAD_E_TYPE, &err);
    close_relay(&pair);
}
END_TEST

START_TEST(a_huge_row_passes_through_a_relay)
{
    relay_pair pair = open_relay("a int, b text, c numeric");
    incload_error *err = NULL;
    int64_t rows = 0;
    int64_t bytes = 0;

    pq_expect(pq->relay(pair.from,
                        "SELECT a, CASE WHEN a % 50000 = 0 THEN repeat('x', 10000000 + a) ELSE b END, c FROM pq_from",
                        NULL, 0, pair.to, "pq_to", "a, b, c", NULL, NULL, &rows, &bytes, &err),
              INCLOAD_OK, &err);
    ck_assert_int_eq(rows, 100000);
    pq_expect_text(pair.to, "SELECT count(*) FROM pq_to WHERE length(b) = 10000000 + a", "2");
    close_relay(&pair);
}
END_TEST

START_TEST(a_relay_into_a_locked_table_ends_at_the_deadline)
{
    relay_pair pair = open_relay("a int, b text, c numeric");
    incload__conn *other = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;
    int64_t rows = 0;
    int64_t bytes = 0;

    pq_begin(other);
    pq_run(other, "LOCK TABLE pq_to IN ACCESS EXCLUSIVE MODE");
    pq_deadline(pair.to, 300);
    int64_t start = pq_now_ms();
    pq_expect(pq->relay(pair.from, "SELECT a, b, c FROM pq_from", NULL, 0, pair.to, "pq_to", "a, b, c", NULL, NULL,
                        &rows, &bytes, &err),
              INCLOAD_E_TIMEOUT, &err);
    ck_assert_int_le(pq_now_ms() - start, 1000);
    pq_roll_back(other);
    pq->close(other);
    close_relay(&pair);
}
END_TEST

static int32_t
stop_at_once(int64_t bytes, void *data)
{
    (void)bytes;
    (void)data;
    return INCLOAD_E_CANCELLED;
}

START_TEST(progress_stops_a_relay)
{
    relay_pair pair = open_relay("a int, b text, c numeric");
    incload_error *err = NULL;
    int64_t rows = 0;
    int64_t bytes = 0;

    pq_expect(pq->relay(pair.from, "SELECT a, b, c FROM pq_from", NULL, 0, pair.to, "pq_to", "a, b, c", stop_at_once,
                        NULL, &rows, &bytes, &err),
              INCLOAD_E_CANCELLED, &err);
    close_relay(&pair);
}
END_TEST

START_TEST(cancel_stops_a_relay_whose_source_is_slow)
{
    relay_pair pair = open_relay("a int, b text, c numeric");
    incload_error *err = NULL;
    int64_t rows = 0;
    int64_t bytes = 0;
    /* The target comes to its COPY when the source has sent its first rows. */
    pq_cancelling cancelling = _i == 0 ? pq_to_cancel(pair.from, "PgSleep") : pq_to_cancel(pair.to, "ClientRead");
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, pq_cancel_waiting, &cancelling), 0);
    pq_expect(pq->relay(pair.from, "SELECT a, b, c FROM pq_from WHERE pg_sleep(0.01) IS NOT NULL", NULL, 0, pair.to,
                        "pq_to", "a, b, c", NULL, NULL, &rows, &bytes, &err),
              INCLOAD_E_CANCELLED, &err);
    int64_t returned = pq_now_ms();
    pthread_join(thread, NULL);
    ck_assert_int_le(returned - cancelling.at_ms, 600);
    close_relay(&pair);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, whole_numbers_and_booleans_make_the_round_trip);
    tcase_add_test(tests, fractions_make_the_round_trip);
    tcase_add_test(tests, dates_and_times_make_the_round_trip);
    tcase_add_test(tests, texts_and_bytes_make_the_round_trip);
    tcase_add_test(tests, types_that_only_the_server_parses_make_the_round_trip);
    tcase_add_test(tests, a_huge_row_passes_through_reader_and_writer);
    tcase_add_test(tests, many_rows_come_in_batches_of_the_size_asked_for);
    tcase_add_test(tests, infinity_and_nan_are_refused_by_the_columns_name);
    tcase_add_test(tests, a_column_whose_type_has_changed_is_refused);
    tcase_add_test(tests, copy_data_cut_anywhere_is_put_together);
    tcase_add_test(tests, a_reader_takes_parameters_with_quotes);
    tcase_add_test(tests, a_reader_writes_numbers_and_times_into_its_statement);
    tcase_add_test(tests, a_number_that_is_none_is_no_part_of_the_statement);
    tcase_add_test(tests, a_reader_takes_a_keyset_with_parameters_in_brackets);
    tcase_add_test(tests, a_parameter_can_use_an_index);
    tcase_add_test(tests, an_error_of_the_query_ends_the_reading);
    tcase_add_test(tests, describe_gives_names_and_types_and_runs_nothing);
    tcase_add_test(tests, a_nul_byte_in_a_text_is_refused_by_the_columns_name);
    tcase_add_test(tests, a_row_that_breaks_a_constraint_fails_the_writing);
    tcase_add_test(tests, rows_that_a_trigger_drops_are_an_error);
    tcase_add_test(tests, an_abandoned_write_leaves_nothing);
    tcase_add_test(tests, a_relay_copies_every_row_as_it_is);
    tcase_add_test(tests, an_error_of_the_target_leaves_both_sides_of_a_relay_usable);
    tcase_add_test(tests, an_error_of_the_source_leaves_both_sides_of_a_relay_usable);
    tcase_add_test(tests, a_relay_between_unequal_types_is_refused);
    tcase_add_test(tests, a_huge_row_passes_through_a_relay);
    tcase_add_test(tests, a_relay_into_a_locked_table_ends_at_the_deadline);
    tcase_add_test(tests, progress_stops_a_relay);
    tcase_add_loop_test(tests, cancel_stops_a_relay_whose_source_is_slow, 0, 2);
}

HARNESS_MAIN("libpq_copy", add_tests)
