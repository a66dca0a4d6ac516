/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite: every type, from every database into every database, through the public API alone.
 *
 * What a value must become is written down in columns_*.c, or computed by the databases; never by the library's own
 * conversions. How a program finds its two databases, fills tables and reads them back is in support.c. */
#ifndef INCLOAD_TESTS_CONFORMANCE_H
#define INCLOAD_TESTS_CONFORMANCE_H

#include <check.h>
#include <incload/incload.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dialect { POSTGRES, MARIADB, SQLITE, DIALECTS };

/* Two drivers speak PostgreSQL. */
enum party { POSTGRES_BY_LIBPQ, POSTGRES_BY_ODBC, MARIADB_BY_ODBC, SQLITE_BY_ODBC, PARTIES };

struct party_kind {
    const char *name; /* on the command line and in messages */
    const char *variable;
    enum dialect dialect;
};

extern const struct party_kind parties[PARTIES];

/* ---- what is expected (columns_*.c) ---- */

/* How a column is read back, as text that leaves nothing out. SQLite's storage class is checked on the way. */
enum shown {
    WORDS,      /* the server's own text; in SQLite stored as text */
    WHOLE,      /* a whole number; in SQLite stored as an integer */
    CHARACTERS, /* byte by byte, since servers call different texts equal; "hex:..." where bytes are no printable text
                 */
    BYTES,      /* hexadecimal digits */
    SINGLE,     /* all 32 bits of a float, by its value as a double */
    DOUBLE,     /* all 64 bits of a double */
    SHOWN
};

/* In place of a text: the load must fail, name the column, show no value, and leave nothing behind. */
#define REFUSED "\001refused"

struct value {
    const char *what;         /* for people; NULL: the sql says it */
    const char *sql;          /* in the source's own SQL */
    const char *text;         /* as the source shows it; NULL for SQL NULL */
    const char *in[DIALECTS]; /* what is found in the target, where that is another text or REFUSED */
    const char *typed;        /* the same between two databases of one kind when a process function sees typed values */
    const char *inside; /* the same inside one database, where the server moves its values itself; by default `text` */
};

struct column {
    const char *type;           /* in CREATE TABLE */
    const char *made[DIALECTS]; /* the target column's type as the catalog there names it */
    enum shown shown;
    const char *own; /* the expression that shows it where a server of the source's kind holds it, if it is special */
    struct value values[16]; /* up to the first without sql */
};

/* Up to the first without a type. */
extern const struct column postgres_columns[];
extern const struct column mariadb_columns[];
extern const struct column sqlite_columns[];

const struct column *columns_of(enum dialect dialect);
const char *outcome_of(const struct value *value, enum dialect from, enum dialect to, bool typed);

/* ---- support.c ---- */

struct side {
    const struct party_kind *party;
    incload_database *database;
};

/* Set up once, by main(). */
extern struct side source, target;
/* The source's database by the target's driver, where both speak one dialect; else NULL. */
extern incload_database *beside_source;

/* Of the two databases' names: programs for one pair run at the same time. */
extern const char *place_prefix;

bool find_sides(const char *from, const char *to);
const char *missing_server(void); /* the variable that does not name one, or NULL */
void open_sides(void);            /* once; what is open stays */
void close_sides(void);

void run_sql(incload_database *database, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct rows {
    int64_t count;
    int32_t columns;
    char **cells; /* row by row; NULL for SQL NULL */
};

/* Columns of the query must be text. */
struct rows read_rows(incload_database *database, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *cell(const struct rows *rows, int64_t row, int32_t column);
void free_rows(struct rows *rows);
/* One row of one column; the caller frees it. */
char *read_one(incload_database *database, const char *format, ...) __attribute__((format(printf, 2, 3)));
void expect_one(incload_database *database, const char *expected, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct outcome {
    int32_t code;
    long long rows_read, rows_written, rows_skipped, rows_rejected;
    char road[24];
    char words[4096]; /* the error: messages and details, also of its causes */
};

struct load {
    incload_database *from;
    const char *source; /* a table, or a query when `query` is true */
    incload_database *to;
    const char *target;
    const char *preset;
    const char *options;
    bool query;
    bool typed;      /* by the road "batches", with a process function */
    bool not_proved; /* no verification is asked of it */
};

struct outcome run_load(const struct load *load);
/* Source and target must be found equal by incload_verify(); true when it could be asked. */
bool expect_verified(const struct load *load, const char *digest, const char *why);
void expect_load(const struct load *load, long long read, long long written, const char *why);

/* An expression as text; in a buffer that the next call uses again. */
const char *text_of(const char *expression, enum dialect dialect);

/* The expression that gives a column's text, around the quoted or plain name `payload`. */
const char *show(enum shown shown, enum dialect dialect);
/* What `text` of the tables looks like when it is shown so; the caller frees it. */
char *as_shown(enum shown shown, const char *text);
/* Whether a shown text is the expected one; floats are compared bit by bit. */
bool same_shown(enum shown shown, const char *expected, const char *found);

/* ---- the tests ---- */

/* A case of the suite whose tests find both databases open. */
TCase *add_case(Suite *suite, const char *name);

void add_type_tests(Suite *suite);
void add_key_tests(Suite *suite);
void add_cursor_tests(Suite *suite);
void add_shape_tests(Suite *suite);
void add_large_tests(Suite *suite);
void print_types(void);

#endif
