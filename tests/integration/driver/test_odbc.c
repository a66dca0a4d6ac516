/* SPDX-License-Identifier: Apache-2.0 */
/* The ODBC driver against a real database: run once for each of SQLite, MariaDB and PostgreSQL, whose URL is in
 * INCLOAD_TEST_ODBC, or the variable named as the argument. Without it the program is skipped. */
#define _DEFAULT_SOURCE
#include <check.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "driver/driver.h"

#define ok(expression) ck_assert_msg((expression) == INCLOAD_OK, "%s", incload_error_message(err))

static const char *url;
static const incload__driver *const driver = &incload__driver_odbc;

/* ---- helpers ---- */

static incload__conn *
dial(incload__role role)
{
    incload_error *err = NULL;
    incload__conn *conn = NULL;
    incload__connect how = {
        .env = &incload__env_system, .url = url, .role = role, .application_name = "incload test"
    };

    ok(driver->connect(&how, &conn, &err));
    ck_assert_ptr_nonnull(conn);
    return conn;
}

static bool
is(const incload__conn *conn, const char *dialect)
{
    return strcmp(conn->dialect->name, dialect) == 0;
}

static bool
url_names(const char *part)
{
    return strstr(url, part) != NULL;
}

static void
run(incload__conn *conn, const char *sql)
{
    incload_error *err = NULL;

    ok(driver->execute(conn, sql, NULL, 0, NULL, &err));
}

static int64_t
number(incload__conn *conn, const char *sql)
{
    incload_error *err = NULL;
    incload__rows rows;
    int64_t value = -1;

    ok(driver->select(conn, sql, NULL, 0, &rows, &err));
    ck_assert_int_eq(rows.count, 1);
    const char *cell = incload__rows_get(&rows, 0, 0);
    ck_assert_ptr_nonnull(cell);
    ck_assert(incload__parse_int64(cell, strlen(cell), &value));
    incload__rows_free(&rows);
    return value;
}

static void
expect(int32_t status, int32_t code, incload_error **err)
{
    ck_assert_msg(status == code, "%s instead of %s: %s", incload_status_name(status), incload_status_name(code),
                  incload_error_message(*err));
    ck_assert_int_eq(incload_error_code(*err), code);
    incload_error_unref(*err);
    *err = NULL;
}

static incload__type
type_of(incload__kind kind, int32_t precision, int32_t scale)
{
    return (incload__type){ .kind = kind, .precision = precision, .scale = scale };
}

/* Adds a column in the database's own type; false when it has none for the kind. */
static bool
add_column(const incload__conn *conn, incload__schema *schema, const char *name, incload__type type)
{
    incload__str native = INCLOAD__STR(&incload__mem_libc);
    incload__str item = INCLOAD__STR(&incload__mem_libc);
    incload_error *err = NULL;
    incload__column probe = { .name = (char *)(uintptr_t)name, .type = type, .nullable = true };

    bool can = conn->dialect->native_type(&native, name, type, false, &err) == INCLOAD_OK;
    probe.native = native.data;
    can = can && conn->dialect->select_item(&item, &probe, INCLOAD__WIRE_TEXT, &err) == INCLOAD_OK;
    if (can) {
        incload__column *column = incload__schema_add(schema, name, native.data, type);
        ck_assert_ptr_nonnull(column);
        column->nullable = true;
    }
    incload_error_unref(err);
    incload__str_free(&native);
    incload__str_free(&item);
    return can;
}

/* Makes the table anew. */
static void
make_table(incload__conn *conn, const char *name, const incload__schema *schema)
{
    incload_error *err = NULL;
    incload__table table = { .name = (char *)(uintptr_t)name };
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    incload__str_addf(&sql, "DROP TABLE IF EXISTS %s", name);
    run(conn, sql.data);
    incload__str_clear(&sql);
    ok(conn->dialect->create_table(&sql, &table, schema, NULL, 0, &err));
    run(conn, sql.data);
    incload__str_free(&sql);
}

static void
write_all(incload__conn *conn, const char *table, const incload__schema *schema, const incload__view *view)
{
    incload_error *err = NULL;
    incload__writer *writer = NULL;
    int64_t rows = 0;

    ok(driver->begin(conn, &err));
    ok(driver->write_open(conn, table, schema, &writer, &err));
    ok(driver->write_batch(writer, view, &err));
    ok(driver->write_close(writer, &rows, &err));
    ck_assert_int_eq(rows, view->rows);
    ok(driver->commit(conn, &err));
}

static char *
select_text(incload__conn *conn, const char *table, const incload__schema *schema, const char *order)
{
    incload_error *err = NULL;
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    for (int32_t i = 0; i < schema->count; i++) {
        incload__str_add(&sql, i > 0 ? ", " : "SELECT ");
        ok(conn->dialect->select_item(&sql, &schema->columns[i], INCLOAD__WIRE_TEXT, &err));
    }
    incload__str_addf(&sql, " FROM %s ORDER BY %s", table, order);
    return incload__str_take(&sql);
}

/* Reads everything in steps of `step` rows into one array. */
static void
read_all(incload__conn *conn, const char *table, const incload__schema *schema, int64_t step, struct ArrowArray *out)
{
    incload_error *err = NULL;
    incload__reader *reader = NULL;
    incload__builder *builder = incload__builder_new(&incload__mem_libc, schema, &err);
    char *sql = select_text(conn, table, schema, schema->columns[0].name);
    int64_t rows;

    ok(driver->read_open(conn, sql, NULL, 0, schema, &reader, &err));
    do {
        ok(driver->read_next(reader, builder, step, 64 << 20, &rows, &err));
        ck_assert_int_le(rows, step);
    } while (rows > 0);
    driver->read_close(reader);
    ok(incload__builder_finish(builder, out, &err));
    incload__builder_free(builder);
    free(sql);
}

static void
expect_equal_cells(const incload__view *a, const incload__view *b)
{
    incload__str x = INCLOAD__STR(&incload__mem_libc);
    incload__str y = INCLOAD__STR(&incload__mem_libc);

    ck_assert_int_eq(a->rows, b->rows);
    for (int64_t row = 0; row < a->rows; row++) {
        for (int32_t i = 0; i < a->schema->count; i++) {
            const char *name = a->schema->columns[i].name;
            ck_assert_msg(incload__is_null(a, i, row) == incload__is_null(b, i, row),
                          "%s, row %" PRId64 ": NULL or not", name, row);
            if (incload__is_null(a, i, row))
                continue;
            incload__str_clear(&x);
            incload__str_clear(&y);
            incload__cell_text(a, i, row, &x);
            incload__cell_text(b, i, row, &y);
            ck_assert_msg(x.length == y.length && (x.length == 0 || memcmp(x.data, y.data, x.length) == 0),
                          "%s, row %" PRId64 ": wrote %.80s (%zu), read %.80s (%zu)", name, row, incload__str_text(&x),
                          x.length, incload__str_text(&y), y.length);
        }
    }
    incload__str_free(&x);
    incload__str_free(&y);
}

/* Writes what the builder holds into `table`, reads it back, compares. */
static void
expect_round_trip(incload__conn *conn, const char *table, const incload__schema *schema, incload__builder *builder)
{
    incload_error *err = NULL;
    struct ArrowArray wrote, got;
    incload__view a, b;
    incload__conn *reader = dial(INCLOAD__ROLE_READ);

    ok(incload__builder_finish(builder, &wrote, &err));
    ok(incload__view_init(&a, &incload__mem_libc, schema, &wrote, &err));
    write_all(conn, table, schema, &a);
    read_all(reader, table, schema, 700, &got);
    ok(incload__view_init(&b, &incload__mem_libc, schema, &got, &err));
    expect_equal_cells(&a, &b);
    incload__view_free(&a);
    incload__view_free(&b);
    incload__array_release(&wrote);
    incload__array_release(&got);
    incload__builder_free(builder);
    driver->close(reader);
}

static void
put(incload__builder *builder, int32_t column, const char *text)
{
    int32_t status = text == NULL ? incload__put_null(builder, column)
                                  : incload__put_text(builder, column, text, strlen(text));

    ck_assert_msg(status == INCLOAD_OK, "put %s", text);
}

/* A table `name` of an int64 column id and one column v of that type. */
static bool
two_columns(incload__conn *conn, const char *name, incload__type type, incload__schema *schema)
{
    incload__schema_init(schema, &incload__mem_libc);
    add_column(conn, schema, "id", type_of(INCLOAD__INT64, 0, 0));
    if (!add_column(conn, schema, "v", type))
        return false;
    make_table(conn, name, schema);
    return true;
}

/* Writes `count` texts and NULL between them into a column of that type and reads them back. */
static void
round_trip_texts(incload__type type, const char *const *texts, size_t count)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__schema schema;

    if (two_columns(conn, "t_kind", type, &schema)) {
        incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, &err);
        for (size_t i = 0; i < 2 * count; i++) {
            incload__put_int(builder, 0, (int64_t)i);
            put(builder, 1, i % 2 == 0 ? texts[i / 2] : NULL);
        }
        expect_round_trip(conn, "t_kind", &schema, builder);
    }
    incload__schema_free(&schema);
    driver->close(conn);
}

#define round_trip(type, ...)                                                                                        \
    do {                                                                                                              \
        static const char *const texts[] = { __VA_ARGS__ };                                                           \
        round_trip_texts(type, texts, sizeof texts / sizeof texts[0]);                                                \
    } while (0)

/* ---- connecting ---- */

START_TEST(connecting_finds_the_dialect_and_the_servers_version)
{
    if (url_names("SQLite"))
        driver->close(dial(INCLOAD__ROLE_WRITE)); /* makes the file */
    incload__conn *conn = dial(INCLOAD__ROLE_READ);
    incload_error *err = NULL;

    ck_assert(is(conn, "sqlite") || is(conn, "mariadb") || is(conn, "postgres"));
    ck_assert_int_ge(conn->server_version, 30000);
    ck_assert_int_eq(conn->wire, INCLOAD__WIRE_TEXT);
    ck_assert_int_eq(conn->streams, !is(conn, "mariadb"));
    ok(driver->ping(conn, &err));
    driver->close(conn);
}
END_TEST

static void
expect_refused(const char *text, int32_t code, const char *says)
{
    incload_error *err = NULL;
    incload__conn *conn = NULL;
    incload__connect how = { .env = &incload__env_system, .url = text, .role = INCLOAD__ROLE_READ };

    int32_t status = driver->connect(&how, &conn, &err);
    ck_assert_ptr_null(conn);
    ck_assert_msg(strstr(incload_error_message(err), says) != NULL, "%s: %s", text, incload_error_message(err));
    ck_assert_ptr_null(strstr(incload_error_message(err), "hush"));
    for (int32_t i = 0; i < incload_error_detail_count(err); i++)
        ck_assert_ptr_null(strstr(incload_error_detail_value(err, i), "hush"));
    expect(status, code, &err);
}

START_TEST(bad_connection_strings_are_refused_without_repeating_values)
{
    expect_refused("odbc:", INCLOAD_E_INVALID, "nothing stands behind");
    expect_refused("odbc:  ", INCLOAD_E_INVALID, "nothing stands behind");
    expect_refused("odbc:PWD=hush;UID=x", INCLOAD_E_INVALID, "names no driver");
    expect_refused("odbc:Driver=;PWD=hush", INCLOAD_E_INVALID, "names no driver");
    expect_refused("odbc:Driver=SQLite3;PWD={hush", INCLOAD_E_INVALID, "PWD has an opening brace");
    expect_refused("odbc:Driver=SQLite3;PWD={hush}}", INCLOAD_E_INVALID, "PWD has an opening brace");
    expect_refused("odbc:Driver=SQLite3;PWD={hush}hush;", INCLOAD_E_INVALID, "goes on behind its closing brace");
    expect_refused("odbc:Driver=SQLite3;PWD=hu}hush", INCLOAD_E_INVALID, "PWD holds braces");
    expect_refused("odbc:Driver=SQLite3;hush", INCLOAD_E_INVALID, "item 2");
    expect_refused("odbc:Driver=SQLite3;=hush", INCLOAD_E_INVALID, "item 2");
    expect_refused("odbc:Driver=SQLite3;PWD=hush;pwd=hush", INCLOAD_E_INVALID, "pwd twice");
    expect_refused("odbc:Driver=SQLite3;DSN=x;PWD=hush", INCLOAD_E_INVALID, "not both");
    expect_refused("odbc:Driver=SQLite3;LoadExt=hush", INCLOAD_E_INVALID, "loads code");
    expect_refused("odbc:Driver=SQLite3;tracefile={hush}", INCLOAD_E_INVALID, "writes row data");
    expect_refused("odbc:Driver=PostgreSQL Unicode;Protocol=7.4-1", INCLOAD_E_INVALID, "7.4-0");
    expect_refused("odbc:Driver=SQLite3", INCLOAD_E_INVALID, "Database=");
}
END_TEST

START_TEST(a_driver_that_is_not_installed_is_named_with_those_that_are)
{
    expect_refused("odbc:Driver=NoSuchDriver;PWD=hush", INCLOAD_E_NOT_FOUND, "'NoSuchDriver'");
    expect_refused("odbc:Driver=NoSuchDriver;PWD=hush", INCLOAD_E_NOT_FOUND, "installed drivers:");
    expect_refused("odbc:Driver=/nowhere/x.so;PWD=hush", INCLOAD_E_NOT_FOUND, "'/nowhere/x.so'");
    expect_refused("odbc:DSN=nosuchdsn;PWD=hush", INCLOAD_E_NOT_FOUND, "'nosuchdsn'");
}
END_TEST

/* The test's URL with one more item in front of its first, or with a key's value replaced. */
static char *
url_with(const char *key, const char *value)
{
    incload__str out = INCLOAD__STR(&incload__mem_libc);
    size_t length = strlen(key);

    incload__str_addf(&out, "odbc:%s=%s", key, value);
    for (const char *at = url + strlen("odbc:"); *at != '\0';) {
        size_t item = strcspn(at, ";"); /* the test's values hold no ; */
        if (!(incload__ascii_prefix(at, key) && at[length] == '='))
            incload__str_addf(&out, ";%.*s", (int)item, at);
        at += item + (at[item] == ';');
    }
    return incload__str_take(&out);
}

START_TEST(a_wrong_password_a_missing_database_and_a_dead_port_are_told_apart)
{
    if (url_names("SQLite")) {
        expect_refused("odbc:Driver=SQLite3;Database=/tmp/no-such-incload.db", INCLOAD_E_NOT_FOUND,
                       "/tmp/no-such-incload.db");
        ck_assert_int_ne(access("/tmp/no-such-incload.db", F_OK), 0);
        return;
    }
    char *bad = url_with("PWD", "hush");
    expect_refused(bad, INCLOAD_E_AUTH, "connecting by");
    free(bad);
    /* To a user without privileges on it MariaDB does not tell that a database is missing: ask as one who has them. */
    const char *mine = url, *all_privileges = getenv("INCLOAD_TEST_MARIADB");
    if (url_names("MariaDB") && all_privileges != NULL)
        url = all_privileges;
    bad = url_with("Database", "nosuchdb");
    expect_refused(bad, INCLOAD_E_NOT_FOUND, "nosuchdb");
    free(bad);
    url = mine;
    bad = url_with("Port", "1");
    expect_refused(bad, INCLOAD_E_CONNECT, "connecting by");
    free(bad);
}
END_TEST

START_TEST(a_target_file_in_a_missing_folder_is_refused)
{
    incload_error *err = NULL;
    incload__conn *conn = NULL;
    incload__connect how = { .env = &incload__env_system,
                             .url = "odbc:Driver=SQLite3;Database=/nowhere/x.db",
                             .role = INCLOAD__ROLE_WRITE };

    expect(driver->connect(&how, &conn, &err), INCLOAD_E_NOT_FOUND, &err);
}
END_TEST

/* ---- statements ---- */

START_TEST(parameters_of_every_form_reach_the_server)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__rows rows;
    incload__param params[] = {
        { .text = "-9223372036854775808", .length = 20, .kind = INCLOAD__INT64 },
        { .text = "it's \\ \"?\" $1 \xf0\x9f\x90\x98", .length = 18, .kind = INCLOAD__TEXT },
        { .text = NULL, .kind = INCLOAD__TEXT },
        { .text = "", .length = 0, .kind = INCLOAD__TEXT },
    };
    int64_t affected = 0;

    run(conn, "DROP TABLE IF EXISTS t_param");
    run(conn, "CREATE TABLE t_param (a bigint, b varchar(40), c varchar(40), d varchar(40))");
    ok(driver->execute(conn,
                       conn->dialect->numbered_params ? "INSERT INTO t_param VALUES ($1, $2, $3, $4)"
                                                      : "INSERT INTO t_param VALUES (?, ?, ?, ?)",
                       params, 4, &affected, &err));
    ck_assert_int_eq(affected, 1);
    ok(driver->select(conn,
                      conn->dialect->numbered_params
                          ? "SELECT b, c, d, a, '?', 'it''s $2' FROM t_param WHERE a = $1 AND b = $2 AND a = $1 -- $9 ?"
                          : "SELECT b, c, d, a, '?', 'it''s $2' FROM t_param WHERE a = ? AND b = ? -- ?",
                      params, 2, &rows, &err));
    ck_assert_int_eq(rows.count, 1);
    ck_assert_str_eq(incload__rows_get(&rows, 0, 0), params[1].text);
    ck_assert_ptr_null(incload__rows_get(&rows, 0, 1));
    ck_assert_str_eq(incload__rows_get(&rows, 0, 2), "");
    ck_assert_str_eq(incload__rows_get(&rows, 0, 3), params[0].text);
    ck_assert_str_eq(incload__rows_get(&rows, 0, 4), "?");
    ck_assert_str_eq(incload__rows_get(&rows, 0, 5), "it's $2");
    incload__rows_free(&rows);
    driver->close(conn);
}
END_TEST

START_TEST(an_update_of_no_row_succeeds_with_zero_affected)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    int64_t affected = -5;

    run(conn, "DROP TABLE IF EXISTS t_none");
    run(conn, "CREATE TABLE t_none (a bigint)");
    ok(driver->execute(conn, "UPDATE t_none SET a = 1", NULL, 0, &affected, &err));
    ck_assert_int_eq(affected, 0);
    driver->close(conn);
}
END_TEST

START_TEST(a_duplicate_key_is_a_constraint_with_sqlstate_and_without_the_value)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);

    run(conn, "DROP TABLE IF EXISTS t_dup");
    run(conn, "CREATE TABLE t_dup (a bigint PRIMARY KEY, b int NOT NULL)");
    run(conn, "INSERT INTO t_dup VALUES (777001, 1)");
    int32_t status = driver->execute(conn, "INSERT INTO t_dup VALUES (777001, 2)", NULL, 0, NULL, &err);
    ck_assert_int_eq((int)strlen(incload_error_sqlstate(err)), 5);
    ck_assert_ptr_null(strstr(incload_error_message(err), "777001"));
    expect(status, INCLOAD_E_CONSTRAINT, &err);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
    driver->close(conn);
}
END_TEST

START_TEST(a_missing_table_is_not_found)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__rows rows;

    expect(driver->execute(conn, "DELETE FROM t_nosuch", NULL, 0, NULL, &err), INCLOAD_E_NOT_FOUND, &err);
    expect(driver->select(conn, "SELECT 1 FROM t_nosuch", NULL, 0, &rows, &err), INCLOAD_E_NOT_FOUND, &err);
    driver->close(conn);
}
END_TEST

START_TEST(describe_tells_names_and_kinds_without_running)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__schema schema;

    run(conn, "DROP TABLE IF EXISTS t_shape");
    run(conn, "CREATE TABLE t_shape (id bigint, n int, v varchar(20), x double precision)");
    bool numbered = conn->dialect->numbered_params;
    ok(driver->describe(conn, numbered ? "SELECT id, n, v AS word, x FROM t_shape WHERE id > $1"
                                       : "SELECT id, n, v AS word, x FROM t_shape WHERE id > ?",
                        1, &schema, &err));
    ck_assert_int_eq(schema.count, 4);
    ck_assert_str_eq(schema.columns[0].name, "id");
    ck_assert_str_eq(schema.columns[2].name, "word");
    ck_assert_int_eq(schema.columns[0].type.kind, INCLOAD__INT64);
    ck_assert_int_eq(schema.columns[2].type.kind, INCLOAD__TEXT);
    ck_assert_int_eq(schema.columns[3].type.kind, INCLOAD__FLOAT64);
    incload__schema_free(&schema);
    expect(driver->describe(conn, "SELECT 1 FROM t_nosuch", 0, &schema, &err), INCLOAD_E_NOT_FOUND, &err);
    driver->close(conn);
}
END_TEST

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

/* ---- transactions ---- */

static void
fresh_counter(incload__conn *conn)
{
    run(conn, "DROP TABLE IF EXISTS t_txn");
    run(conn, "CREATE TABLE t_txn (a bigint PRIMARY KEY)");
    run(conn, "INSERT INTO t_txn VALUES (1)");
}

START_TEST(rollback_undoes_and_commit_keeps)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__conn *other = dial(INCLOAD__ROLE_WRITE);

    fresh_counter(conn);
    ok(driver->begin(conn, &err));
    run(conn, "INSERT INTO t_txn VALUES (2)");
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_txn"), 2);
    ck_assert_int_eq(number(other, "SELECT count(*) FROM t_txn"), 1);
    ok(driver->rollback(conn, &err));
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_txn"), 1);

    ok(driver->begin(conn, &err));
    run(conn, "INSERT INTO t_txn VALUES (3)");
    ok(driver->commit(conn, &err));
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
    ck_assert_int_eq(number(other, "SELECT count(*) FROM t_txn"), 2);
    ok(driver->rollback(conn, &err)); /* nothing is open: succeeds */
    driver->close(other);
    driver->close(conn);
}
END_TEST

START_TEST(closing_with_an_open_transaction_rolls_back)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);

    fresh_counter(conn);
    ok(driver->begin(conn, &err));
    run(conn, "INSERT INTO t_txn VALUES (2)");
    driver->close(conn);
    conn = dial(INCLOAD__ROLE_WRITE);
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_txn"), 1);
    run(conn, "INSERT INTO t_txn VALUES (5)"); /* no lock is left behind */
    driver->close(conn);
}
END_TEST

START_TEST(a_reading_transaction_sees_one_snapshot_while_another_connection_writes)
{
    incload_error *err = NULL;
    incload__conn *writer = dial(INCLOAD__ROLE_WRITE);
    incload__conn *reader = dial(INCLOAD__ROLE_READ);

    fresh_counter(writer);
    ok(driver->begin(reader, &err));
    ck_assert_int_eq(number(reader, "SELECT count(*) FROM t_txn"), 1);
    ok(driver->begin(writer, &err));
    run(writer, "INSERT INTO t_txn VALUES (2)");
    ok(driver->commit(writer, &err));
    ck_assert_int_eq(number(writer, "SELECT count(*) FROM t_txn"), 2);
    ck_assert_int_eq(number(reader, "SELECT count(*) FROM t_txn"), 1);
    ok(driver->commit(reader, &err));
    ck_assert_int_eq(number(reader, "SELECT count(*) FROM t_txn"), 2);
    driver->close(reader);
    driver->close(writer);
}
END_TEST

START_TEST(an_open_reader_keeps_its_snapshot_while_another_connection_deletes)
{
    incload_error *err = NULL;
    incload__conn *writer = dial(INCLOAD__ROLE_WRITE);
    incload__conn *conn = dial(INCLOAD__ROLE_READ);
    incload__schema schema;
    incload__reader *reader = NULL;
    int64_t rows = 0;
    int64_t total = 3;

    run(writer, "DROP TABLE IF EXISTS t_snap");
    run(writer, "CREATE TABLE t_snap (id bigint)");
    run(writer, "INSERT INTO t_snap VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)");
    for (int32_t i = 0; i < 9; i++)
        run(writer, "INSERT INTO t_snap SELECT id FROM t_snap");
    incload__schema_init(&schema, &incload__mem_libc);
    add_column(conn, &schema, "id", type_of(INCLOAD__INT64, 0, 0));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, &err);
    ok(driver->begin(conn, &err));
    ok(driver->read_open(conn, "SELECT id FROM t_snap", NULL, 0, &schema, &reader, &err));
    ok(driver->read_next(reader, builder, 3, 1 << 20, &rows, &err));
    ck_assert_int_eq(rows, 3);
    run(writer, "DELETE FROM t_snap");
    do {
        ok(driver->read_next(reader, builder, 999, 1 << 20, &rows, &err));
        total += rows;
    } while (rows > 0);
    driver->read_close(reader);
    ck_assert_int_eq(total, 5120);
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_snap"), 5120);
    ok(driver->rollback(conn, &err));
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_snap"), 0);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    driver->close(conn);
    driver->close(writer);
}
END_TEST

START_TEST(after_a_failed_statement_only_rollback_is_possible)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);

    fresh_counter(conn);
    ok(driver->begin(conn, &err));
    run(conn, "INSERT INTO t_txn VALUES (2)");
    expect(driver->execute(conn, "INSERT INTO t_txn VALUES (1)", NULL, 0, NULL, &err), INCLOAD_E_CONSTRAINT, &err);
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_FAILED);
    expect(driver->execute(conn, "INSERT INTO t_txn VALUES (3)", NULL, 0, NULL, &err), INCLOAD_E_STATE, &err);
    expect(driver->commit(conn, &err), INCLOAD_E_STATE, &err);
    ok(driver->rollback(conn, &err));
    ck_assert_int_eq(conn->txn, INCLOAD__TXN_IDLE);
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_txn"), 1);
    driver->close(conn);
}
END_TEST

START_TEST(a_bulk_write_that_hits_a_duplicate_fails_as_a_whole)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__schema schema;
    struct ArrowArray array;
    incload__view view;
    incload__writer *writer = NULL;

    fresh_counter(conn);
    incload__schema_init(&schema, &incload__mem_libc);
    add_column(conn, &schema, "a", type_of(INCLOAD__INT64, 0, 0));
    incload__builder *builder = incload__builder_new(&incload__mem_libc, &schema, &err);
    for (int64_t i = 0; i < 250; i++)
        incload__put_int(builder, 0, i == 180 ? 1 : 1000 + i);
    ok(incload__builder_finish(builder, &array, &err));
    ok(incload__view_init(&view, &incload__mem_libc, &schema, &array, &err));
    ok(driver->begin(conn, &err));
    ok(driver->write_open(conn, "t_txn", &schema, &writer, &err));
    int32_t status = driver->write_batch(writer, &view, &err);
    if (status == INCLOAD_OK)
        status = driver->write_close(writer, NULL, &err);
    else
        driver->write_abandon(writer);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "t_txn"));
    expect(status, INCLOAD_E_CONSTRAINT, &err);
    expect(driver->commit(conn, &err), INCLOAD_E_STATE, &err);
    ok(driver->rollback(conn, &err));
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_txn"), 1);
    incload__view_free(&view);
    incload__array_release(&array);
    incload__builder_free(builder);
    incload__schema_free(&schema);
    driver->close(conn);
}
END_TEST

START_TEST(writing_without_a_transaction_is_refused)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__schema schema;
    incload__writer *writer = NULL;

    incload__schema_init(&schema, &incload__mem_libc);
    add_column(conn, &schema, "a", type_of(INCLOAD__INT64, 0, 0));
    expect(driver->write_open(conn, "t_txn", &schema, &writer, &err), INCLOAD_E_STATE, &err);
    ck_assert_ptr_null(writer);
    incload__schema_free(&schema);
    driver->close(conn);
}
END_TEST

/* ---- cancel and deadlines ---- */

static const char *
slow_query(const incload__conn *conn)
{
    if (is(conn, "postgres"))
        return "SELECT count(*) FROM (SELECT pg_sleep(20)) s";
    if (is(conn, "mariadb"))
        return "SELECT sleep(20)";
    return "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 200000000) SELECT count(*) FROM c";
}

static void *
cancel_soon(void *conn)
{
    usleep(150000);
    driver->cancel(conn);
    return NULL;
}

START_TEST(cancel_from_another_thread_ends_the_running_query_soon)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_READ);
    incload__rows rows;
    pthread_t thread;

    int64_t start = incload__monotonic_us(&incload__env_system);
    pthread_create(&thread, NULL, cancel_soon, conn);
    int32_t status = driver->select(conn, slow_query(conn), NULL, 0, &rows, &err);
    pthread_join(thread, NULL);
    expect(status, INCLOAD_E_CANCELLED, &err);
    ck_assert_int_lt(incload__monotonic_us(&incload__env_system) - start, 3000000);
    expect(driver->ping(conn, &err), INCLOAD_E_CANCELLED, &err);
    driver->close(conn);
}
END_TEST

START_TEST(a_deadline_ends_the_running_query_and_the_transaction_can_be_rolled_back)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__rows rows;

    fresh_counter(conn);
    ok(driver->begin(conn, &err));
    run(conn, "INSERT INTO t_txn VALUES (2)");
    int64_t start = incload__monotonic_us(&incload__env_system);
    conn->deadline_us = start + 300000;
    expect(driver->select(conn, slow_query(conn), NULL, 0, &rows, &err), INCLOAD_E_TIMEOUT, &err);
    ck_assert_int_lt(incload__monotonic_us(&incload__env_system) - start, 3000000);
    ok(driver->rollback(conn, &err)); /* past its deadline */
    conn->deadline_us = 0;
    ck_assert_int_eq(number(conn, "SELECT count(*) FROM t_txn"), 1);
    driver->close(conn);
}
END_TEST

START_TEST(waiting_for_another_connections_lock_ends_at_the_deadline)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__conn *other = dial(INCLOAD__ROLE_WRITE);

    fresh_counter(conn);
    ok(driver->begin(conn, &err));
    run(conn, "UPDATE t_txn SET a = 10");
    int64_t start = incload__monotonic_us(&incload__env_system);
    other->deadline_us = start + 300000;
    int32_t status = driver->begin(other, &err);
    if (status == INCLOAD_OK)
        status = driver->execute(other, "UPDATE t_txn SET a = 20", NULL, 0, NULL, &err);
    expect(status, INCLOAD_E_TIMEOUT, &err);
    ck_assert_int_lt(incload__monotonic_us(&incload__env_system) - start, 3000000);
    ok(driver->rollback(other, &err));
    ok(driver->commit(conn, &err));
    driver->close(other);
    driver->close(conn);
}
END_TEST

static void *
commit_soon(void *data)
{
    incload__conn *conn = data;

    usleep(300000);
    ck_assert_int_eq(driver->commit(conn, NULL), INCLOAD_OK);
    return NULL;
}

START_TEST(a_lock_that_is_given_back_in_time_is_waited_for)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__conn *other = dial(INCLOAD__ROLE_WRITE);
    pthread_t thread;

    fresh_counter(conn);
    ok(driver->begin(conn, &err));
    run(conn, "UPDATE t_txn SET a = 10");
    pthread_create(&thread, NULL, commit_soon, conn);
    ok(driver->begin(other, &err));
    if (is(other, "postgres"))
        run(other, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
    int32_t status = driver->execute(other, "UPDATE t_txn SET a = 20", NULL, 0, NULL, &err);
    pthread_join(thread, NULL);
    ck_assert(status == INCLOAD_OK || status == INCLOAD_E_CONFLICT); /* a snapshot may refuse it, the wait may not */
    incload_error_unref(err);
    err = NULL;
    ok(driver->rollback(other, &err));
    driver->close(other);
    driver->close(conn);
}
END_TEST

/* A file without a write-ahead log, as other programs make them, locks its readers out while a commit is written. */
START_TEST(a_reader_waits_for_a_file_that_is_locked_for_a_moment)
{
    if (!url_names("SQLite"))
        return;
    incload_error *err = NULL;
    char *kept = (char *)(uintptr_t)url;
    char *rollback_journal = NULL;
    incload__str text = INCLOAD__STR(&incload__mem_libc);
    incload__str_addf(&text, "odbc:Driver=SQLite3;JournalMode=DELETE;Database=%s-journal.db",
                      strstr(url, "Database=") + 9);
    rollback_journal = incload__str_take(&text);
    url = rollback_journal;
    incload__conn *writer = dial(INCLOAD__ROLE_WRITE);
    fresh_counter(writer);
    incload__conn *reader = dial(INCLOAD__ROLE_READ);
    ck_assert_int_eq(number(reader, "SELECT count(*) FROM t_txn"), 1);
    pthread_t thread;

    run(writer, "BEGIN EXCLUSIVE");
    writer->txn = INCLOAD__TXN_OPEN;
    run(writer, "INSERT INTO t_txn VALUES (2)");
    pthread_create(&thread, NULL, commit_soon, writer);
    ok(driver->begin(reader, &err));
    ck_assert_int_eq(number(reader, "SELECT count(*) FROM t_txn"), 2);
    pthread_join(thread, NULL);
    driver->close(reader);
    driver->close(writer);
    free(rollback_journal);
    url = kept;
}
END_TEST

START_TEST(a_deadline_that_is_not_reached_does_no_harm)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_READ);

    for (int32_t i = 0; i < 200; i++) {
        conn->deadline_us = incload__monotonic_us(&incload__env_system) + 5000000;
        ok(driver->ping(conn, &err));
    }
    driver->close(conn);
}
END_TEST

START_TEST(a_forked_child_is_refused_and_does_not_touch_the_parents_connection)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_READ);

    conn->pid--; /* as the child of another process would find it */
    expect(driver->ping(conn, &err), INCLOAD_E_FORKED, &err);
    conn->pid++;
    ok(driver->ping(conn, &err));
    driver->close(conn);
}
END_TEST

/* The server ends the connection while a transaction is open. */
START_TEST(a_connection_ended_by_the_server_is_dead_and_never_reports_a_commit)
{
    incload_error *err = NULL;
    incload__conn *conn = dial(INCLOAD__ROLE_WRITE);
    incload__conn *killer = dial(INCLOAD__ROLE_WRITE);
    char sql[100];

    if (!is(conn, "sqlite")) {
        bool postgres = is(conn, "postgres");
        fresh_counter(conn);
        ok(driver->begin(conn, &err));
        run(conn, "INSERT INTO t_txn VALUES (2)");
        int64_t id = number(conn, postgres ? "SELECT pg_backend_pid()" : "SELECT connection_id()");
        snprintf(sql, sizeof sql, postgres ? "SELECT pg_terminate_backend(%" PRId64 ")" : "KILL %" PRId64, id);
        run(killer, sql);
        usleep(200000);
        int32_t status = driver->commit(conn, &err);
        ck_assert_int_eq(conn->txn, INCLOAD__TXN_DEAD);
        ck_assert_int_ne(status, INCLOAD_OK);
        ck_assert(status == INCLOAD_E_COMMIT_UNKNOWN || status == INCLOAD_E_CONNECT);
        incload_error_unref(err);
        err = NULL;
        ck_assert_int_ne(driver->rollback(conn, &err), INCLOAD_OK);
        incload_error_unref(err);
        ck_assert_int_eq(number(killer, "SELECT count(*) FROM t_txn"), 1);
    }
    driver->close(killer);
    driver->close(conn);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, connecting_finds_the_dialect_and_the_servers_version);
    tcase_add_test(tests, bad_connection_strings_are_refused_without_repeating_values);
    tcase_add_test(tests, a_driver_that_is_not_installed_is_named_with_those_that_are);
    tcase_add_test(tests, a_wrong_password_a_missing_database_and_a_dead_port_are_told_apart);
    tcase_add_test(tests, a_target_file_in_a_missing_folder_is_refused);
    tcase_add_test(tests, parameters_of_every_form_reach_the_server);
    tcase_add_test(tests, an_update_of_no_row_succeeds_with_zero_affected);
    tcase_add_test(tests, a_duplicate_key_is_a_constraint_with_sqlstate_and_without_the_value);
    tcase_add_test(tests, a_missing_table_is_not_found);
    tcase_add_test(tests, describe_tells_names_and_kinds_without_running);
    tcase_add_test(tests, integers_and_booleans_round_trip);
    tcase_add_test(tests, floats_round_trip_bit_for_bit);
    tcase_add_test(tests, decimals_round_trip_with_every_digit);
    tcase_add_test(tests, dates_and_times_round_trip_to_the_microsecond);
    tcase_add_test(tests, text_of_every_shape_round_trips);
    tcase_add_test(tests, a_nul_byte_in_text_is_kept_or_refused_but_never_cuts);
    tcase_add_test(tests, binary_round_trips_byte_for_byte);
    tcase_add_test(tests, values_of_five_megabytes_round_trip_beside_short_ones);
    tcase_add_test(tests, thousands_of_rows_keep_their_cells_across_blocks);
    tcase_add_test(tests, a_read_with_parameters_gives_the_rows_asked_for);
    tcase_add_test(tests, a_cell_that_is_not_of_its_kind_names_the_column_and_not_the_value);
    tcase_add_test(tests, an_early_close_of_a_reader_leaves_the_connection_usable);
    tcase_add_test(tests, rollback_undoes_and_commit_keeps);
    tcase_add_test(tests, closing_with_an_open_transaction_rolls_back);
    tcase_add_test(tests, a_reading_transaction_sees_one_snapshot_while_another_connection_writes);
    tcase_add_test(tests, an_open_reader_keeps_its_snapshot_while_another_connection_deletes);
    tcase_add_test(tests, after_a_failed_statement_only_rollback_is_possible);
    tcase_add_test(tests, a_bulk_write_that_hits_a_duplicate_fails_as_a_whole);
    tcase_add_test(tests, writing_without_a_transaction_is_refused);
    tcase_add_test(tests, cancel_from_another_thread_ends_the_running_query_soon);
    tcase_add_test(tests, a_deadline_ends_the_running_query_and_the_transaction_can_be_rolled_back);
    tcase_add_test(tests, waiting_for_another_connections_lock_ends_at_the_deadline);
    tcase_add_test(tests, a_lock_that_is_given_back_in_time_is_waited_for);
    tcase_add_test(tests, a_reader_waits_for_a_file_that_is_locked_for_a_moment);
    tcase_add_test(tests, a_deadline_that_is_not_reached_does_no_harm);
    tcase_add_test(tests, a_forked_child_is_refused_and_does_not_touch_the_parents_connection);
    tcase_add_test(tests, a_connection_ended_by_the_server_is_dead_and_never_reports_a_commit);
}

int
main(int argc, char **argv)
{
    url = getenv(argc > 1 ? argv[1] : "INCLOAD_TEST_ODBC");
    if (url == NULL || url[0] == '\0') {
        puts("1..0 # SKIP INCLOAD_TEST_ODBC names no database");
        return 0;
    }
    Suite *suite = suite_create("odbc");
    TCase *tests = tcase_create("odbc");
    tcase_set_timeout(tests, 60);
    add_tests(tests);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
