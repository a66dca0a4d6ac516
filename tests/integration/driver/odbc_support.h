/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the ODBC driver share: the database under test, and short words for what they do with it. */
#ifndef INCLOAD_TESTS_INTEGRATION_ODBC_SUPPORT_H
#define INCLOAD_TESTS_INTEGRATION_ODBC_SUPPORT_H

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

extern const char *url; /* of the database under test */
extern const incload__driver *const driver;

incload__conn *dial(incload__role role);
bool is(const incload__conn *conn, const char *dialect);
bool url_names(const char *part);
void run(incload__conn *conn, const char *sql);
int64_t number(incload__conn *conn, const char *sql);
void expect(int32_t status, int32_t code, incload_error **err);
incload__type type_of(incload__kind kind, int32_t precision, int32_t scale);
/* Adds a column in the database's own type; false when it has none for the kind. */
bool add_column(const incload__conn *conn, incload__schema *schema, const char *name, incload__type type);
/* Makes the table anew. */
void make_table(incload__conn *conn, const char *name, const incload__schema *schema);
void write_all(incload__conn *conn, const char *table, const incload__schema *schema, const incload__view *view);
char *select_text(incload__conn *conn, const char *table, const incload__schema *schema, const char *order);
/* Reads everything in steps of `step` rows into one array. */
void read_all(incload__conn *conn, const char *table, const incload__schema *schema, int64_t step,
              struct ArrowArray *out);
void expect_equal_cells(const incload__view *a, const incload__view *b);
/* Writes what the builder holds into `table`, reads it back, compares. */
void expect_round_trip(incload__conn *conn, const char *table, const incload__schema *schema,
                       incload__builder *builder);
void put(incload__builder *builder, int32_t column, const char *text);
/* A table `name` of an int64 column id and one column v of that type. */
bool two_columns(incload__conn *conn, const char *name, incload__type type, incload__schema *schema);
/* Writes `count` texts and NULL between them into a column of that type and reads them back. */
void round_trip_texts(incload__type type, const char *const *texts, size_t count);

#define round_trip(type, ...)                                                                                        \
    do {                                                                                                              \
        static const char *const texts[] = { __VA_ARGS__ };                                                           \
        round_trip_texts(type, texts, sizeof texts / sizeof texts[0]);                                                \
    } while (0)

/* Runs the tests as a program: the database's URL is in the environment variable INCLOAD_TEST_ODBC, or in the one named
 * as the argument. Without it the program is skipped. */
int odbc_main(int argc, char **argv, void (*add_tests)(TCase *tests));

#endif
