/* SPDX-License-Identifier: Apache-2.0 */
/* The databases of a test program: made by main(), opened by tests, dropped by main(). */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const kind_names[KINDS] = { "postgres", "mariadb", "sqlite", "postgres by odbc" };

enum { NUMBERS = 2 };

static char urls[KINDS][NUMBERS][1024];
static char names[NUMBERS][64];

static const char *
variable(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL) {
        fprintf(stderr, "%s is not set: run the tests by tests/run.sh\n", name);
        exit(EXIT_FAILURE);
    }
    return value;
}

/* `url` with the word behind `before` replaced. */
static void
with_name(char out[1024], const char *url, const char *before, const char *name)
{
    const char *at = strstr(url, before);

    if (at == NULL) {
        fprintf(stderr, "a database's url has no '%s'\n", before);
        exit(EXIT_FAILURE);
    }
    at += strlen(before);
    snprintf(out, 1024, "%.*s%s%s", (int)(at - url), url, name, at + strcspn(at, "?;"));
}

static void
administer(const char *url, const char *verb, const char *name)
{
    incload_error *err = NULL;
    incload_database *db = incload_database_new(url, NULL, &err);
    char text[160];

    snprintf(text, sizeof text, "%s %s", verb, name);
    if (incload_database_execute(db, text, NULL, &err) != INCLOAD_OK) {
        fprintf(stderr, "%s: %s\n", text, incload_error_message(err));
        exit(EXIT_FAILURE);
    }
    incload_error_unref(err);
    incload_database_unref(db);
}

void
places_make(const char *program)
{
    for (int32_t i = 0; i < NUMBERS; i++) {
        char file[512];

        snprintf(names[i], sizeof names[i], "load_%s_%ld_%d", program, (long)getpid(), (int)i);
        with_name(urls[POSTGRES][i], variable("INCLOAD_TEST_POSTGRES"), "@/", names[i]);
        with_name(urls[PG_ODBC][i], variable("INCLOAD_TEST_PG_ODBC"), "Database=", names[i]);
        with_name(urls[MARIADB][i], variable("INCLOAD_TEST_MARIADB"), "Database=", names[i]);
        snprintf(file, sizeof file, "%s/%s.db", variable("INCLOAD_TEST_DIR"), names[i]);
        with_name(urls[SQLITE][i], variable("INCLOAD_TEST_SQLITE"), "Database=", file);
        administer(variable("INCLOAD_TEST_POSTGRES"), "CREATE DATABASE", names[i]);
        administer(variable("INCLOAD_TEST_MARIADB"), "CREATE DATABASE", names[i]);
    }
}

void
places_drop(void)
{
    for (int32_t i = 0; i < NUMBERS; i++) {
        char text[160];
        snprintf(text, sizeof text, "%s WITH (FORCE)", names[i]);
        administer(variable("INCLOAD_TEST_POSTGRES"), "DROP DATABASE", text);
        administer(variable("INCLOAD_TEST_MARIADB"), "DROP DATABASE", names[i]);
        unlink(strstr(urls[SQLITE][i], "Database=") + strlen("Database="));
    }
}

const char *
place_url(kind which, int32_t number)
{
    return urls[which][number];
}

place
place_open_with(incload_context *context, kind which, int32_t number, const char *options)
{
    incload_error *err = NULL;
    place at = { which, NULL };

    if (context != NULL)
        at.db = incload_database_new_in(context, urls[which][number], options, &err);
    else
        at.db = incload_database_new(urls[which][number], options, &err);
    ck_assert_msg(at.db != NULL, "%s", incload_error_message(err));
    return at;
}

place
place_open(kind which, int32_t number)
{
    return place_open_with(NULL, which, number, NULL);
}

void
place_close(place at)
{
    incload_database_unref(at.db);
}

void
route_open(int32_t number, place *from, place *to)
{
    if (number == ODBC_ROUTE) {
        *from = place_open(PG_ODBC, 0);
        *to = place_open(PG_ODBC, 1);
    } else if (number >= PAIRS) {
        *from = place_open((kind)(number - PAIRS), 0);
        *to = place_open((kind)(number - PAIRS), 0);
    } else {
        *from = place_open((kind)(number / DATABASES), 0);
        *to = place_open((kind)(number % DATABASES), from->kind == (kind)(number % DATABASES) ? 1 : 0);
    }
}

void
route_close(place from, place to)
{
    place_close(from);
    place_close(to);
}

const char *
named(const char *name, int32_t route)
{
    static char texts[8][64];
    static int32_t next;
    char *text = texts[next++ % 8];

    snprintf(text, sizeof texts[0], "%s_%d", name, (int)route);
    return text;
}

int
run_tests(const char *title, int timeout_s, add_tests_fn add_tests)
{
    Suite *suite = suite_create(title);
    TCase *tests = tcase_create(title);

    tcase_set_timeout(tests, timeout_s);
    add_tests(tests);
    suite_add_tcase(suite, tests);
    places_make(title);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    places_drop();
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
