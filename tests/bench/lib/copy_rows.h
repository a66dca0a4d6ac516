/* SPDX-License-Identifier: Apache-2.0 */
/* What the hand-written sides of tests/bench/odbc.py have in common: the rows of the bench's table as PostgreSQL's
 * binary COPY brings them, integers and doubles as they are, everything else as text. */
#ifndef INCLOAD_TESTS_BENCH_LIB_COPY_ROWS_H
#define INCLOAD_TESTS_BENCH_LIB_COPY_ROWS_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

enum { COLUMNS = 8, TEXT_SIZE = 64 };

typedef enum form { FORM_INT, FORM_DOUBLE, FORM_TEXT } form;

typedef struct cell {
    bool is_null;
    int64_t number;
    double real;
    const char *text; /* until the next row */
    int32_t length;
} cell;

typedef struct copy_rows {
    PGconn *conn;
    char *message;
    bool first;
} copy_rows;

extern const form forms[COLUMNS];
extern const char insert_columns[]; /* "(id, ...)" */

/* The way of a bench that cannot go on: says why and exits. */
void die(const char *what, const char *why);
void copy_open(copy_rows *rows, const char *url, const char *table);
/* False when there is no further row. */
bool copy_next(copy_rows *rows, cell *cells);
void copy_close(copy_rows *rows);

#endif
