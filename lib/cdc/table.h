/* SPDX-License-Identifier: Apache-2.0 */
/* The table that changes are applied to, as it was found: what events may write, its key, and how it marks rows that
 * were deleted. */
#ifndef INCLOAD_LIB_CDC_TABLE_H
#define INCLOAD_LIB_CDC_TABLE_H

#include "base/option.h"
#include "cdc/event.h"
#include "load/internal.h"

/* Indexes into the words of the option table: the order is fixed. */
enum { INCLOAD__CHANGES_AUTO, INCLOAD__CHANGES_HARD, INCLOAD__CHANGES_SOFT };
enum { INCLOAD__UNKNOWN_ERROR, INCLOAD__UNKNOWN_IGNORE };
enum { INCLOAD__FULL_COMMIT, INCLOAD__FULL_REFUSE };
enum { INCLOAD__MATCH_KEY, INCLOAD__MATCH_WHOLE };

typedef struct incload__changes_values {
    char *key; /* list */
    int32_t deletes;
    char *deleted_column;
    char *deleted_at_column;
    char *name;
    int32_t unknown_columns;
    int64_t memory;
    int32_t full;
    int32_t debezium_decimal;
    int32_t debezium_time;
    char *debezium_unavailable;
    int64_t timeout; /* ms, as all below */
    int64_t lease;
    int64_t wait;
    int64_t retries;
    int64_t retry_delay;
    int64_t retry_max_delay;
    int32_t match;
} incload__changes_values;

extern const incload__option_table incload__changes_options;

typedef struct incload__change_table {
    const incload__mem *mem;
    const incload__dialect *dialect; /* NULL: the columns are those of a schema, of no database */
    incload__table name;
    incload__schema columns;  /* that events write */
    incload__schema computed; /* that the database fills: events may bring them for nothing */
    incload__schema marks;    /* of deleted rows, flag and time; none: they are taken out */
    int32_t key[INCLOAD__CHANGE_KEY];
    int32_t key_count;        /* 0: it has none, and rows are told by all of their columns */
    incload__rows parents;    /* tables that its foreign keys refer to, as parents_query gives them */
    incload__builder *builder; /* for one row at a time; NULL: to be made */
} incload__change_table;

/* On a connection to the target, outside of a transaction. `table` is all zero. */
int32_t incload__change_table_open(incload__change_table *table, const incload__mem *mem, incload__conn *conn,
                                   const char *name, const incload__changes_values *values, incload_error **err);
void incload__change_table_close(incload__change_table *table);
/* Whether these are its names, as catalogs give them. */
bool incload__change_table_is(const incload__change_table *table, const char *schema, const char *name);

/* A value of an event into a batch, as the text of its column's type. INCLOAD_E_DATA without a message. */
int32_t incload__change_put(const incload__change_table *table, incload__builder *builder, int32_t at, int32_t column,
                            const char *text, size_t length);
/* Whether the row can be written, and the texts of its key in one form, each empty where the key's column is NULL or
 * absent. `cells` in the order of their columns. INCLOAD_E_DATA names the column. */
int32_t incload__change_check(incload__change_table *table, const incload__cell *cells, int32_t count,
                              incload__str key[INCLOAD__CHANGE_KEY], incload_error **err);
/* Index among the key's columns, or -1. */
int32_t incload__change_key_at(const incload__change_table *table, int32_t column);

#endif
