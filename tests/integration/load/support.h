/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of loads share: private databases of each kind, tables made and read in a form that is the same in all
 * of them, and loads that must succeed or must be refused. Only the library's public face is used. */
#ifndef INCLOAD_TESTS_INTEGRATION_LOAD_SUPPORT_H
#define INCLOAD_TESTS_INTEGRATION_LOAD_SUPPORT_H

#include <incload/incload.h>

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../unit/await.h"

/* ---- databases ---- */

typedef enum kind { POSTGRES, MARIADB, SQLITE, PG_ODBC, KINDS } kind;

/* The kinds that differ as databases; PG_ODBC is POSTGRES by another road. */
enum { DATABASES = 3, PAIRS = DATABASES * DATABASES };

typedef struct place {
    kind kind;
    incload_database *db;
} place;

extern const char *const kind_names[KINDS];

/* Two databases of each kind (0 and 1), for this program alone. In main(), before and after all tests. */
void places_make(const char *program);
void places_drop(void);
const char *place_url(kind which, int32_t number);
place place_open(kind which, int32_t number);
place place_open_with(incload_context *context, kind which, int32_t number, const char *options);
void place_close(place at);

/* One statement, which must succeed. */
void sql(place at, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What a query gives: fields with '|' between them, a line break behind each row, rows sorted; NULL as NULL. Freed by
 * the caller. */
char *ask(place at, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, compared with what it must be. */
void expect(place at, const char *expected, const char *format, ...) __attribute__((format(printf, 3, 4)));
int64_t ask_number(place at, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Asks until the number is that, or greater. */
void await_number(place at, int64_t number, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What the names of the ledger's tables begin with. */
const char *ledger_of(place at);

/* The routes that a test of loads takes, by number: each kind into each, then each into a table of its own database. */
enum { ROUTES = PAIRS + DATABASES };
/* Behind them: PostgreSQL by ODBC into PostgreSQL by ODBC. */
enum { ODBC_ROUTE = ROUTES, ROUTES_AND_ODBC };
void route_open(int32_t number, place *from, place *to);
void route_close(place from, place to);
/* A table's name for one route: databases are shared by the tests of a program. Static text, good for 8 calls. */
const char *named(const char *name, int32_t route);

/* ---- tables ---- */

/* Columns are written "id:s at:t size:i": a letter for the type. s text, i integer, f double, t timestamp with
 * microseconds, z the same with a time zone (where there is one). */
void table_make(place at, const char *table, const char *columns, const char *key);
void table_drop(place at, const char *table);
bool table_has_column(place at, const char *table, const char *column);
/* Rows as VALUES, portable to all kinds: quoted text, plain numbers, 'YYYY-MM-DD HH:MM:SS.ffffff'. */
void table_add(place at, const char *table, const char *values);
/* All rows as ask() gives them, each value brought to one form by the test itself. */
char *contents(place at, const char *table, const char *columns);
void expect_rows(place at, const char *table, const char *columns, const char *expected);
void expect_equal(place source, place target, const char *source_table, const char *target_table, const char *columns);
/* Temporary tables that a load left behind. */
int64_t staging_tables(place at);

/* ---- loads ---- */

typedef struct load {
    place from, to;
    const char *table;    /* in the source */
    const char *query;    /* or */
    const char *target;   /* by default the table's name */
    const char *preset;   /* by default timestamp */
    const char *options;  /* of the strategy */
    const char *name;     /* of the load, by default the target */
    const char *run;      /* options of the run */
    const char *const *bound; /* parameters of the query, NULL behind the last */
    incload_batch_fn function;
    void *user_data;
    incload_destroy_fn destroy;
} load;

incload_step *load_step(const load *what, incload_error **err);
/* The run, failed or not. */
incload_run *load_run(const load *what, incload_error **err);
/* Must succeed; the counts must add up. */
incload_run *load_ok(const load *what);
/* Must succeed with these counts. */
void load_counts(const load *what, int64_t read, int64_t written);
/* Must fail with the code, and a message that holds each of the words (divided by '|'). */
void load_fails(const load *what, int32_t code, const char *words);
void expect_words(const char *text, const char *words);
/* Waits until the run tells of so many rows; it must not tell of more. */
void await_written(const incload_run *run, int64_t rows);

/* One test's own tables and load. A program's tests share its databases and ledgers, so each has names of its own. */
typedef struct scene {
    place from, to;
    char *source, *target;
    load what;
} scene;

/* An empty source, and no target yet. */
scene scene_begin(const char *name, int32_t route, const char *columns, const char *key, const char *options);
void scene_end(scene *s);

/* ---- the rest ---- */

int64_t now_ms(void);
void pause_ms(int64_t ms);
/* The same numbers for one seed, on any machine. */
uint64_t draw(uint64_t *seed);

typedef void (*add_tests_fn)(TCase *tests);
int run_tests(const char *title, int timeout_s, add_tests_fn add_tests);

#endif
