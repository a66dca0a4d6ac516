/* SPDX-License-Identifier: Apache-2.0 */
/* Bulk writing: rows are gathered until there are enough of them, by count or by bytes, and sent by the method that
 * is right and fast with the driver. The caller gathers (gather.c), since the batch is its own; the worker sends what
 * was gathered before, at the same time. `sent` and what is prepared belong to the worker from the request until it is
 * done, `filling` always to the caller; only the caller changes places, and only when nothing is under way. */
#ifndef INCLOAD_LIB_DRIVER_ODBC_WRITER_H
#define INCLOAD_LIB_DRIVER_ODBC_WRITER_H

#include "driver/odbc/cell.h"

enum {
    INCLOAD__WRITE_BYTES = 4 << 20, /* gathered at most, one row apart; what is longer goes alone */
};

typedef struct incload__write_cell {
    bool is_null;
    bool has_nul; /* text that does not end at its first NUL */
    union {
        int64_t number;
        double real;
        size_t start; /* in the text of what was gathered */
    };
    size_t length;
} incload__write_cell;

typedef struct incload__gathered {
    incload__write_cell *cells; /* row by row */
    incload__str text;          /* of text and bytes cells */
    int32_t rows;
} incload__gathered;

typedef struct incload__odbc_writer incload__odbc_writer;

typedef struct incload__method {
    /* Sends the gathered rows and says how many the server took. */
    int32_t (*send)(incload__odbc_writer *writer, int64_t *taken, incload_error **err);
} incload__method;

struct incload__odbc_writer {
    incload__thing thing;
    incload__odbc_conn *conn;
    const incload__method *method;
    char *table;
    incload__schema schema;
    incload__cell *forms;
    incload__gathered gathered[2];
    incload__gathered *filling;
    incload__gathered *sent;
    int32_t max_rows;  /* gathered at most */
    int32_t step;      /* rows of one statement */
    SQLHSTMT prepared; /* for prepared_rows rows; 0: none yet */
    int32_t prepared_rows;
    SQLHSTMT counter; /* for method_values: the profile's changes_query, kept prepared */
    int64_t *numbers; /* for method_values: what is bound for one statement's ints and doubles */
    SQLLEN *lengths;  /* the same: of all its cells */
    char *slots;      /* the same: what its short texts are copied to, where they stay bound */
    bool *moved;      /* the same: which of its texts are bound elsewhere */
    char *block;      /* for method_array: what its arrays lie in, kept from one run to the next */
    size_t block_size;
};

/* Cells that are sent go through the methods in row order. */
static inline incload__write_cell *
incload__write_at(const incload__odbc_writer *writer, int32_t row, int32_t column)
{
    return &writer->sent->cells[(int64_t)row * writer->schema.count + column];
}

static inline void *
incload__write_bytes(const incload__odbc_writer *writer, const incload__write_cell *cell)
{
    return writer->sent->text.data + cell->start;
}

extern const incload__method incload__method_values; /* also one row a statement */
extern const incload__method incload__method_array;
extern const incload__method incload__method_unnest;

/* ---- gather.c, on the caller's side ---- */

/* A writer, which is one of the connection's things from then on. The connection is at rest. */
int32_t incload__gather_new(incload__odbc_conn *conn, const char *table, const incload__schema *schema,
                            incload__odbc_writer **out, incload_error **err);
/* Adds one row. */
int32_t incload__gather_row(incload__odbc_writer *writer, const incload__view *view, int64_t row, incload_error **err);
bool incload__gather_full(const incload__odbc_writer *writer);
/* What was gathered is what is sent next. */
void incload__gather_turn(incload__odbc_writer *writer);

/* ---- writer.c ---- */

/* Sends what was gathered, and forgets it. */
int32_t incload__write_send(incload__odbc_writer *writer, int64_t *taken, incload_error **err);
void incload__write_free(incload__thing *thing);

/* "INSERT INTO table (columns) ". */
int32_t incload__write_head(const incload__odbc_writer *writer, incload__str *sql, incload_error **err);
/* Prepares `sql` as writer->prepared for so many rows, in place of what was prepared before. */
int32_t incload__write_prepare(incload__odbc_writer *writer, const char *sql, int32_t rows, incload_error **err);
/* `sql` prepared on a handle of its own, which is freed with the writer. */
int32_t incload__write_prepare_on(incload__odbc_writer *writer, SQLHSTMT *handle, const char *sql,
                                  incload_error **err);
/* Runs what is prepared and adds the affected rows to *taken. */
int32_t incload__write_run(incload__odbc_writer *writer, int64_t *taken, incload_error **err);
int32_t incload__write_fail(incload__odbc_writer *writer, incload_error **err);

/* The statements of the methods, for one row: appended. */
int32_t incload__write_array_sql(const incload__odbc_writer *writer, incload__str *sql, incload_error **err);
int32_t incload__write_unnest_sql(const incload__odbc_writer *writer, incload__str *sql, incload_error **err);

#endif
