/* SPDX-License-Identifier: Apache-2.0 */
/* The ODBC driver: connecting and statements. */
#include "odbc_support.h"

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
    expect_refused("odbc:Driver=SQLite3;PWD=hush;pwd=hush", INCLOAD_E_INVALID, "PWD twice");
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
}

int
main(int argc, char **argv)
{
    return odbc_main(argc, argv, add_tests);
}
