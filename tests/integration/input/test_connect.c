/* SPDX-License-Identifier: Apache-2.0 */
/* Databases that cannot be used: the message says which, why and what to do, in time and without a secret. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "canary.h"

/* ---- passwords and names ---- */

START_TEST(a_wrong_password_is_told_with_the_user)
{
    const char *pq = variable("INCLOAD_TEST_POSTGRES_PASSWORD_URL");
    const char *psql = variable("INCLOAD_TEST_PG_ODBC_PASSWORD_URL");
    const char *mariadb = variable("INCLOAD_TEST_MARIADB_PASSWORD_URL");

    url_refused(replaced(pq, "correct%20horse", CANARY_PASSWORD), NULL, INCLOAD_E_AUTH,
                "refused user \"incload_password\"|check user, password and pg_hba.conf");
    url_refused(replaced(psql, "correct horse", CANARY_PASSWORD), NULL, INCLOAD_E_AUTH,
                "password authentication failed for user \"incload_password\"|check user and password");
    url_refused(replaced(mariadb, "correct horse", CANARY_PASSWORD), NULL, INCLOAD_E_AUTH,
                "Access denied for user 'incload_password'|check user and password");
}
END_TEST

START_TEST(a_password_left_out_is_told_as_one)
{
    const char *pq = variable("INCLOAD_TEST_POSTGRES_PASSWORD_URL");
    const char *psql = variable("INCLOAD_TEST_PG_ODBC_PASSWORD_URL");
    const char *mariadb = variable("INCLOAD_TEST_MARIADB_PASSWORD_URL");

    url_refused(replaced(pq, ":correct%20horse", ""), NULL, INCLOAD_E_AUTH, "password");
    url_refused(replaced(psql, ";PWD={correct horse}", ""), NULL, INCLOAD_E_AUTH, "password");
    url_refused(replaced(mariadb, ";PWD={correct horse}", ""), NULL, INCLOAD_E_AUTH, "check user and password");
}
END_TEST

START_TEST(a_database_that_is_not_there_is_named)
{
    const char *pq = variable("INCLOAD_TEST_POSTGRES_PASSWORD_URL");
    const char *psql = variable("INCLOAD_TEST_PG_ODBC_PASSWORD_URL");
    const char *mariadb = variable("INCLOAD_TEST_MARIADB");
    char url[1024];

    snprintf(url, sizeof url, "%.*s/nowhere", (int)(strrchr(pq, '/') - pq), pq);
    url_refused(url, NULL, INCLOAD_E_NOT_FOUND, "there is no database \"nowhere\"|check the connection string");
    url_refused(replaced(psql, "Database=incload", "Database=nowhere"), NULL, INCLOAD_E_NOT_FOUND,
                "database \"nowhere\" does not exist|check the name of the database, or create it");
    url_refused(replaced(mariadb, "Database=incload", "Database=nowhere"), NULL, INCLOAD_E_NOT_FOUND,
                "Unknown database 'nowhere'|check the name of the database, or create it");
}
END_TEST

START_TEST(a_file_that_cannot_be_a_database_is_named)
{
    char url[1024], file[512];

    url_refused("odbc:Driver=SQLite3;Database=/no/such/folder/x.db", NULL, INCLOAD_E_NOT_FOUND,
                "database file /no/such/folder/x.db");
    url_refused("odbc:Driver=SQLite3", NULL, INCLOAD_E_INVALID, "names no file: add Database=");
    snprintf(url, sizeof url, "odbc:Driver=SQLite3;Database=%s", variable("INCLOAD_TEST_DIR"));
    url_refused(url, NULL, INCLOAD_E_CONNECT, "connect");
    snprintf(file, sizeof file, "%s/not_a_database.txt", variable("INCLOAD_TEST_DIR"));
    FILE *text = fopen(file, "w");
    ck_assert_ptr_nonnull(text);
    for (int i = 0; i < 100; i++)
        fputs("this file holds words and " CANARY_VALUE "\n", text);
    fclose(text);
    snprintf(url, sizeof url, "odbc:Driver=SQLite3;Database=%s", file);
    url_refused(url, NULL, INCLOAD_E_CONNECT, "file is not a database");
    unlink(file);
}
END_TEST

/* ---- servers that are not there ---- */

/* A port of 127.0.0.1 on which nobody listens, or somebody who never answers. */
static int
bound_socket(bool listening, int *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    if (listening)
        ck_assert_int_eq(listen(fd, 64), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static const char *const forms[] = {
    "postgresql://someone:" CANARY_PASSWORD "@127.0.0.1:%d/orders",
    "odbc:Driver=PostgreSQL Unicode;Servername=127.0.0.1;Port=%d;Database=orders;UID=someone;PWD=" CANARY_PASSWORD,
    "odbc:Driver=MariaDB Unicode;Server=127.0.0.1;Port=%d;Database=orders;UID=someone;PWD=" CANARY_PASSWORD,
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static const char *
url_at(int form, int port)
{
    static char url[400];

    snprintf(url, sizeof url, forms[form], port);
    return url;
}
#pragma GCC diagnostic pop

START_TEST(a_closed_port_is_told_at_once_and_may_be_tried_again)
{
    static const char *const says[] = {
        "cannot reach the server at 127.0.0.1|check host and port, and that it is running",
        "psqlODBC|127.0.0.1|check host and port",
        "MariaDB|127.0.0.1|check host and port",
    };
    incload_error *err = NULL;
    int port, fd = bound_socket(false, &port);

    int64_t begin = now_ms();
    url_refused(url_at(_i, port), NULL, INCLOAD_E_CONNECT, says[_i]);
    ck_assert_int_lt(now_ms() - begin, 2000);
    incload_database *database = incload_database_new(url_at(_i, port), NULL, &err);
    incload_database_check(database, &err);
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    incload_error_unref(err);
    incload_database_unref(database);
    close(fd);
}
END_TEST

START_TEST(a_host_that_is_not_known_is_named)
{
    url_refused("postgresql://someone:" CANARY_PASSWORD "@nowhere.invalid/orders", NULL, INCLOAD_E_CONNECT,
                "nowhere.invalid|check host and port");
    url_refused("odbc:Driver=MariaDB Unicode;Server=nowhere.invalid;Database=x;UID=u;PWD=" CANARY_PASSWORD, NULL,
                INCLOAD_E_CONNECT, "nowhere.invalid|check host and port");
    url_refused("odbc:Driver=PostgreSQL Unicode;Servername=nowhere.invalid;Database=x;UID=u;PWD=" CANARY_PASSWORD, NULL,
                INCLOAD_E_CONNECT, "nowhere.invalid|check host and port");
}
END_TEST

/* ODBC drivers count connect timeouts in whole seconds, psqlODBC from 2 on. */
static const struct {
    int form;
    const char *timeout;
    int64_t ms;
} silences[] = {
    { 0, "connect_timeout=400ms", 400 },
    { 1, "connect_timeout=2s", 2000 },
    { 2, "connect_timeout=1s", 1000 },
    { 2, "connect_timeout=2500ms", 2500 },
};

START_TEST(a_server_that_never_answers_is_left_by_the_deadline)
{
    incload_error *err = NULL;
    int port, fd = bound_socket(true, &port);
    incload_database *database = incload_database_new(url_at(silences[_i].form, port), silences[_i].timeout, &err);

    int64_t begin = now_ms();
    incload_database_check(database, &err);
    int64_t took = now_ms() - begin;
    ck_assert_msg(took <= silences[_i].ms + 250, "%s took %lld ms", silences[_i].timeout, (long long)took);
    ck_assert_msg(took >= silences[_i].ms - 600, "%s took %lld ms", silences[_i].timeout, (long long)took);
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    refused_with(err, INCLOAD_E_TIMEOUT, "check host and port|timeout");
    incload_database_unref(database);
    close(fd);
}
END_TEST

START_TEST(a_run_leaves_a_silent_server_by_its_own_timeout)
{
    incload_error *err = NULL;
    int port, fd = bound_socket(true, &port);
    incload_database *source = incload_database_new(url_at(silences[_i].form, port), NULL, &err);
    incload_database *target = incload_database_new("odbc:Driver=SQLite3;Database=:memory:", NULL, &err);
    incload_strategy *how = incload_strategy_new("append", NULL, &err);
    incload_step *step = incload_step_new_load(source, "orders", target, "orders", how, &err);
    char options[40];

    snprintf(options, sizeof options, "timeout=%lld", (long long)silences[_i].ms);
    int64_t begin = now_ms();
    incload_run *run = incload_step_run(step, options, &err);
    int64_t took = now_ms() - begin;
    ck_assert_msg(took <= silences[_i].ms + 250, "%s took %lld ms", options, (long long)took);
    refused_with(err, INCLOAD_E_TIMEOUT, "source: |127.0.0.1|check host and port");
    incload_run_unref(run);
    incload_step_unref(step);
    incload_strategy_unref(how);
    incload_database_unref(target);
    incload_database_unref(source);
    close(fd);
}
END_TEST

/* ---- strings that cannot be read ---- */

static const struct {
    const char *url;
    int32_t code;
    const char *says;
} malformed[] = {
    { "", INCLOAD_E_INVALID, "a database is named postgresql://... or odbc:Driver=" },
    { CANARY_PASSWORD, INCLOAD_E_INVALID, "a database is named postgresql://... or odbc:Driver=" },
    { "mysql://u:" CANARY_PASSWORD "@h/d", INCLOAD_E_INVALID, "a database is named" },
    { "POSTGRESQL://u:" CANARY_PASSWORD "@h/d", INCLOAD_E_INVALID, "a database is named" },
    { "host=h password=" CANARY_PASSWORD, INCLOAD_E_INVALID, "a database is named" },
    { "postgresql:/u:" CANARY_PASSWORD "@h/d", INCLOAD_E_INVALID, "a database is named" },
    { "\xff\xfe", INCLOAD_E_INVALID, "url is not valid UTF-8" },
    { "postgresql://u:" CANARY_PASSWORD "%zz@h/d", INCLOAD_E_INVALID, "check it for unescaped %" },
    { "postgresql://u:" CANARY_PASSWORD "%@h/d", INCLOAD_E_INVALID, "connection string is not valid" },
    { "postgresql://u:%00" CANARY_PASSWORD "@h/d", INCLOAD_E_INVALID, "connection string is not valid" },
    { "postgresql://u:" CANARY_PASSWORD "@h/d?no_such_key=1", INCLOAD_E_INVALID, "connection string is not valid" },
    { "postgresql://u:" CANARY_PASSWORD "@h/d?sslmode", INCLOAD_E_INVALID, "connection string is not valid" },
    { "postgresql://u:" CANARY_PASSWORD "@h:port/d", INCLOAD_E_INVALID, "connection string is not valid" },
    { "postgresql://u:" CANARY_PASSWORD "/x@h/d", INCLOAD_E_INVALID, "connection string is not valid" },
    { "postgresql://u:" CANARY_PASSWORD "@[::1/d", INCLOAD_E_INVALID, "connection string is not valid" },
    { "odbc:", INCLOAD_E_INVALID, "nothing stands behind 'odbc:'" },
    { "odbc:   ", INCLOAD_E_INVALID, "nothing stands behind 'odbc:'" },
    { "odbc:;;;", INCLOAD_E_INVALID, "names no driver: add Driver=... or DSN=..." },
    { "odbc:PWD=" CANARY_PASSWORD, INCLOAD_E_INVALID, "names no driver: add Driver=... or DSN=..." },
    { "odbc:Driver=;PWD=" CANARY_PASSWORD, INCLOAD_E_INVALID, "names no driver" },
    { "odbc:Driver=SQLite3;DSN=x;PWD=" CANARY_PASSWORD, INCLOAD_E_INVALID, "either Driver= or DSN=, not both" },
    { "odbc:Driver=SQLite3;" CANARY_PASSWORD, INCLOAD_E_INVALID, "item 2 of the connection string is not Key=Value" },
    { "odbc:" CANARY_PASSWORD ";Driver=SQLite3", INCLOAD_E_INVALID,
      "item 1 of the connection string is not Key=Value" },
    { "odbc:Driver=SQLite3;=" CANARY_PASSWORD, INCLOAD_E_INVALID, "item 2 of the connection string has no key" },
    { "odbc:Driver=SQLite3;PWD={" CANARY_PASSWORD, INCLOAD_E_INVALID,
      "the value of PWD has an opening brace and no closing one" },
    { "odbc:Driver={SQLite3", INCLOAD_E_INVALID, "the value of Driver has an opening brace and no closing one" },
    { "odbc:Driver=SQLite3;PWD={a}" CANARY_PASSWORD, INCLOAD_E_INVALID,
      "the value of PWD goes on behind its closing brace; write }} for a brace inside" },
    { "odbc:Driver=SQLite3;PWD=" CANARY_PASSWORD "}", INCLOAD_E_INVALID,
      "the value of PWD holds braces; put the whole value in {...}" },
    { "odbc:Driver=SQLite3;PWD=a{" CANARY_PASSWORD "}", INCLOAD_E_INVALID, "the value of PWD holds braces" },
    { "odbc:Driver=SQLite3;PWD=" CANARY_PASSWORD ";pwd=x", INCLOAD_E_INVALID, "gives PWD twice" },
    /* A semicolon in a password ends it: what is left of it looks like a key. */
    { "odbc:Driver=SQLite3;PWD=a;" CANARY_PASSWORD "={", INCLOAD_E_INVALID,
      "the value of item 3 has an opening brace" },
    { "odbc:Driver=SQLite3;PWD=a;" CANARY_PASSWORD "=1;" CANARY_PASSWORD "=2", INCLOAD_E_INVALID,
      "gives item 4 twice" },
    { "odbc:Driver=SQLite3;PWD=a;+" CANARY_PASSWORD "=1", INCLOAD_E_INVALID,
      "the key of item 3 of the connection string is no word; put a value that holds semicolons in {...}" },
    { "odbc:Driver=No Such Driver;PWD=a;" CANARY_PASSWORD "=1", INCLOAD_E_NOT_FOUND, "the driver 'No Such Driver'" },
    { "odbc:Driver=No Such Driver;Server={a;PWD=" CANARY_PASSWORD "}", INCLOAD_E_NOT_FOUND,
      "the driver 'No Such" },
    { "odbc:Driver=SQLite3;Database=x;TranslationDLL=/x.so", INCLOAD_E_INVALID,
      "TranslationDLL is refused|loads code" },
    { "odbc:Driver=SQLite3;Database=x;LoadExt=/x.so", INCLOAD_E_INVALID, "LoadExt is refused|loads code" },
    { "odbc:Driver=MariaDB Unicode;SaveFile=/x;PWD=" CANARY_PASSWORD, INCLOAD_E_INVALID, "SaveFile is refused" },
    { "odbc:Driver=No Such Driver;PWD=" CANARY_PASSWORD, INCLOAD_E_NOT_FOUND,
      "the driver 'No Such Driver' cannot be loaded|installed drivers: |PostgreSQL Unicode|MariaDB Unicode|SQLite3" },
    { "odbc:Driver=/no/such/driver.so;PWD=" CANARY_PASSWORD, INCLOAD_E_NOT_FOUND,
      "the driver '/no/such/driver.so' cannot be loaded|installed drivers: |SQLite3" },
    { "odbc:DSN=no_such_source;PWD=" CANARY_PASSWORD, INCLOAD_E_NOT_FOUND,
      "the data source 'no_such_source' is not known|installed drivers: |SQLite3" },
    { "mock:", INCLOAD_E_INVALID, "a mock: database needs its mock: make it with incload_mock_database()" },
};

START_TEST(strings_that_cannot_be_read_are_refused_without_being_repeated)
{
    url_refused(malformed[_i].url, NULL, malformed[_i].code, malformed[_i].says);
}
END_TEST

START_TEST(a_string_cut_anywhere_is_refused_or_refused_by_the_server_but_never_told)
{
    static const char *const whole[] = {
        "postgresql://someone:" CANARY_PASSWORD "@127.0.0.1:1/orders?connect_timeout=1&application_name=x",
        "odbc:Driver={PostgreSQL Unicode};Servername=127.0.0.1;Port=1;UID=someone;PWD={" CANARY_PASSWORD "};Database=x",
        "odbc:Driver=MariaDB Unicode;Server=127.0.0.1;Port=1;UID=someone;PWD=" CANARY_PASSWORD ";Database=orders",
    };
    char url[300];

    for (size_t length = 0; length < strlen(whole[_i]); length++) {
        incload_error *err = NULL;
        snprintf(url, sizeof url, "%.*s", (int)length, whole[_i]);
        /* Without a port the strings name a real server's place. */
        if (strstr(url, "127.0.0.1") != NULL && strstr(url, ":1/") == NULL && strstr(url, "Port=1") == NULL)
            continue;
        incload_database *database = incload_database_new(url, "connect_timeout=2s", &err);
        incload_database_check(database, &err);
        ck_assert_msg(err != NULL, "'%s' was taken", url);
        no_canary(err);
        incload_error_unref(err);
        incload_database_unref(database);
    }
}
END_TEST

START_TEST(options_of_a_database_are_checked_when_it_is_named)
{
    static const struct {
        const char *options;
        int32_t code;
        const char *says;
    } bad[] = {
        { "connect_timeout=0", INCLOAD_E_INVALID, "option 'connect_timeout' of a database takes a duration|from 1 to" },
        { "connect_timeout=soon", INCLOAD_E_INVALID, "option 'connect_timeout' of a database|not 'soon'" },
        { "statement_timeout=-1", INCLOAD_E_INVALID, "option 'statement_timeout' of a database" },
        { "max_connections=0", INCLOAD_E_INVALID, "option 'max_connections' of a database takes a number from 1" },
        { "max_connection=5", INCLOAD_E_UNKNOWN_OPTION, "did you mean 'max_connections'?" },
        { "password=" CANARY_PASSWORD, INCLOAD_E_UNKNOWN_OPTION, "a database has no option 'password'" },
        { "ledger", INCLOAD_E_INVALID, "'=' is missing behind 'ledger'" },
        { "ledger='open", INCLOAD_E_INVALID, "the value of option 'ledger' of a database has no closing quote" },
        { "application_name='a'b", INCLOAD_E_INVALID, "a space is missing" },
        { "ledger=\xff", INCLOAD_E_INVALID, "not valid UTF-8" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        url_refused(variable("INCLOAD_TEST_SQLITE"), bad[i].options, bad[i].code, bad[i].says);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_wrong_password_is_told_with_the_user);
    tcase_add_test(tests, a_password_left_out_is_told_as_one);
    tcase_add_test(tests, a_database_that_is_not_there_is_named);
    tcase_add_test(tests, a_file_that_cannot_be_a_database_is_named);
    tcase_add_loop_test(tests, a_closed_port_is_told_at_once_and_may_be_tried_again, 0, 3);
    tcase_add_test(tests, a_host_that_is_not_known_is_named);
    tcase_add_loop_test(tests, a_server_that_never_answers_is_left_by_the_deadline, 0,
                        (int)(sizeof silences / sizeof silences[0]));
    tcase_add_loop_test(tests, a_run_leaves_a_silent_server_by_its_own_timeout, 0,
                        (int)(sizeof silences / sizeof silences[0]));
    tcase_add_loop_test(tests, strings_that_cannot_be_read_are_refused_without_being_repeated, 0,
                        (int)(sizeof malformed / sizeof malformed[0]));
    tcase_add_loop_test(tests, a_string_cut_anywhere_is_refused_or_refused_by_the_server_but_never_told, 0, 3);
    tcase_add_test(tests, options_of_a_database_are_checked_when_it_is_named);
}

int
main(void)
{
    return run_tests("connect", 60, add_tests);
}
