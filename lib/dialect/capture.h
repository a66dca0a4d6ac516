/* SPDX-License-Identifier: Apache-2.0 */
/* Change tables: triggers write down which rows of a table were touched, and a query tells how these rows are now.
 *
 * A row of a change table is a number, what happened ('R': a row was touched; 'T': all rows), when, and the key before
 * and behind it, which are the same but for an update of the key. The number names the row and nothing else: it is no
 * order of commits. */
#ifndef INCLOAD_LIB_DIALECT_CAPTURE_H
#define INCLOAD_LIB_DIALECT_CAPTURE_H

#include "dialect/clause.h"

/* The longest name of a change table, in bytes: behind it stands what tells its triggers apart. */
enum { INCLOAD__CAPTURE_NAME = 58 };

/* The columns of a unique key. */
typedef struct incload__capture_unique {
    int32_t *columns;
    int32_t count;
} incload__capture_unique;

typedef struct incload__capture {
    const incload__dialect *dialect;
    const incload__table *source;
    const incload__table *changes;
    const incload__schema *columns; /* the source's */
    const int32_t *key;
    int32_t key_count;
    const incload__capture_unique *others; /* the source's unique keys beside that */
    int32_t other_count;
    const char *mark; /* by which the change table is known as the library's own */
} incload__capture;

struct incload__capture_rules {
    /* Query (schema or NULL, change table): one row if there is such a table, its mark and how many triggers fill it.
     */
    const char *found;
    int32_t triggers; /* when all of them are there */
    /* Query (schema or NULL, table): what triggers would not see of the table, one row each, in words. */
    const char *obstacles;
    /* Query (schema or NULL, what every mark begins with): change tables whose source is gone and that nothing fills.
     */
    const char *orphans;
    int32_t (*make_table)(incload__statements *out, const incload__capture *capture, incload_error **err);
    /* Also where some are there already. */
    int32_t (*make_triggers)(incload__statements *out, const incload__capture *capture, incload_error **err);
    /* What there is of the triggers, then the table. */
    int32_t (*drop)(incload__statements *out, const incload__capture *capture, incload_error **err);
    /* An expression that is equal for two keys only when they are the same text, whatever the collation says. */
    const char *exact[2]; /* before and behind it */
    /* DELETE FROM and WHERE, up to the column of numbers: so that no row is locked but those that are named. */
    const char *remove[3]; /* before the table, behind it, before the list */
};

extern const incload__capture_rules incload__capture_postgres;
extern const incload__capture_rules incload__capture_mariadb;
extern const incload__capture_rules incload__capture_sqlite;

/* Query: numbers and what happened, the least numbers first. */
int32_t incload__capture_numbers(incload__str *out, const incload__capture *capture, int64_t limit,
                                 incload_error **err);
/* Query: the keys that were touched up to a number, each once, as incload_k0, incload_k1, ..., and the columns of the
 * source's row, which are all NULL where there is none. */
int32_t incload__capture_rows(incload__str *out, const incload__capture *capture, int64_t last, incload_error **err);
/* The same for touched keys that another query gives: what stands before and behind it. Its columns are incload_k0, ...
 * and incload_e0, ..., as incload__capture_key() writes them. */
void incload__capture_join_begin(incload__clause *clause, const incload__capture *capture);
void incload__capture_join_end(incload__clause *clause, const incload__capture *capture);
/* A column of the key as incload_k<index>, unless it is named so, and in a form that tells texts apart which a
 * collation takes for one, as incload_e<index>. */
void incload__capture_key(incload__clause *clause, const char *column, int32_t index, bool named);
/* Statement: takes out these numbers. */
int32_t incload__capture_remove(incload__str *out, const incload__capture *capture, const int64_t *numbers,
                                int64_t count, incload_error **err);
/* Query: how many rows there are, when the oldest was written, and the server's clock, in microseconds. */
int32_t incload__capture_pending(incload__str *out, const incload__capture *capture, incload_error **err);

/* ---- shared by the dialects ---- */

/* The change table's name with something behind it. */
void incload__capture_name(incload__clause *clause, const incload__capture *capture, const char *suffix);
/* The same within the change table's schema. */
void incload__capture_full_name(incload__clause *clause, const incload__capture *capture, const char *suffix);
/* INSERT INTO changes (...) VALUES ('R', now, the key before, the key behind), each with the row that has it; both
 * NULL:
 * ('T', now). `extra` is a column that stays NULL. */
void incload__capture_insert(incload__clause *clause, const incload__capture *capture, const char *before,
                             const char *behind, const char *extra);
/*  (incload_op, incload_us, the keys before and behind, extra); extra may be NULL. */
void incload__capture_columns(incload__clause *clause, const incload__capture *capture, const char *extra);
/* <separator>"key" AS incload_k0, ..., "key" AS incload_j0, ... */
void incload__capture_keys(incload__clause *clause, const incload__capture *capture, const char *separator);
/* A text between quotes. */
void incload__capture_literal(incload__clause *clause, const char *text);

/* Where each event has a trigger of its own. */
typedef struct incload__capture_trigger {
    const char *suffix;
    const char *event; /* up to the table */
    const char *before;
    const char *behind;
} incload__capture_trigger;

enum { INCLOAD__CAPTURE_TRIGGERS = 3 };
extern const incload__capture_trigger incload__capture_triggers[INCLOAD__CAPTURE_TRIGGERS];

/* The triggers with these suffixes, NULL behind the last, then the table. */
int32_t incload__capture_drop(incload__statements *out, const incload__capture *capture, const char *const *suffixes,
                              incload_error **err);

#endif
