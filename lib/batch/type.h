/* SPDX-License-Identifier: Apache-2.0 */
/* The types a value can have on its way from one database to another, and the shape of a table in them.
 * A kind says what the value is; `native` says what the database calls it. */
#ifndef INCLOAD_LIB_BATCH_TYPE_H
#define INCLOAD_LIB_BATCH_TYPE_H

#include <incload/arrow.h>
#include <incload/base.h>

#include <stdbool.h>

#include "base/mem.h"

/* The Arrow format of each kind stands behind it. */
typedef enum incload__kind {
    INCLOAD__UNKNOWN = 0,
    INCLOAD__BOOL,    /* b */
    INCLOAD__INT8,    /* c */
    INCLOAD__INT16,   /* s */
    INCLOAD__INT32,   /* i */
    INCLOAD__INT64,   /* l */
    INCLOAD__UINT64,  /* L: MariaDB's bigint unsigned */
    INCLOAD__FLOAT32, /* f */
    INCLOAD__FLOAT64, /* g */
    INCLOAD__DECIMAL, /* d:p,s with p <= 38, 0 <= s <= p: exact, no NaN */
    INCLOAD__NUMERIC, /* u: decimal text of any length, or NaN, Infinity, -Infinity; PostgreSQL's numeric, wide DECIMAL
                       */
    INCLOAD__DATE,    /* tdD: days since 1970-01-01, proleptic Gregorian */
    INCLOAD__TIME,    /* ttu: microseconds; a MariaDB TIME may lie outside 0..24 h */
    INCLOAD__TIMESTAMP,   /* tsu: microseconds since 1970-01-01 00:00:00 of an unnamed civil clock */
    INCLOAD__TIMESTAMPTZ, /* tsu:UTC */
    INCLOAD__TEXT,        /* u: valid UTF-8, may hold NUL bytes */
    INCLOAD__BINARY,      /* z */
    INCLOAD__UUID,        /* w:16, extension arrow.uuid */
    INCLOAD__JSON,        /* u, extension arrow.json: the server's text, never re-formatted */
    INCLOAD__NATIVE, /* u: the server's own text of a type that only the same dialect reads (inet, interval, int[], ...)
                      */
    INCLOAD__KIND_COUNT
} incload__kind;

typedef struct incload__type {
    incload__kind kind;
    int32_t precision; /* DECIMAL: 1..38; TEXT, BINARY: largest length in characters or bytes, 0 = no limit */
    int32_t scale;     /* DECIMAL: 0..precision; TIME, TIMESTAMP, TIMESTAMPTZ: fraction digits 0..6 */
} incload__type;

typedef struct incload__column {
    char *name;
    char *native; /* the database's own name of the type, as it may stand in a CREATE TABLE there; may be NULL */
    incload__type type;
    bool nullable;
    int32_t key_ordinal; /* 1..n in the primary key (or the chosen unique key), 0 = not in it */
    uint32_t native_id;  /* PostgreSQL: type OID; else 0 */
    bool generated;      /* computed by the database: readable, never written */
    bool required;       /* every new row must bring a value: NOT NULL, and nothing gives one */
} incload__column;

typedef struct incload__schema {
    const incload__mem *mem;
    incload__column *columns;
    int32_t count;
    int32_t capacity;
} incload__schema;

void incload__schema_init(incload__schema *schema, const incload__mem *mem);
void incload__schema_free(incload__schema *schema);
/* Copies name and native (may be NULL). The new column, or NULL when memory failed. */
incload__column *incload__schema_add(incload__schema *schema, const char *name, const char *native, incload__type type);
/* `to` is empty: initialised, or all zero (it then takes the memory of `from`); and empty again after a failure. */
int32_t incload__schema_copy(incload__schema *to, const incload__schema *from, incload_error **err);
/* Index of the column whose name is exactly these bytes, or -1. */
int32_t incload__schema_find(const incload__schema *schema, const char *name);

/* "int64", "decimal(12,2)", "timestamp(6) with time zone", ... for messages. `buffer` of at least 48 bytes; returned.
 */
const char *incload__type_text(incload__type type, char *buffer, size_t size);
bool incload__type_equal(incload__type a, incload__type b);
/* True when every value of `from` has an equal value in `to` (the widening lattice; NULLs aside). */
bool incload__type_holds(incload__type to, incload__type from);
/* The same, and every value is written as the same number or the same digits: whoever sends values one by one need not
 * convert them. */
bool incload__type_spells(incload__type to, incload__type from);

#endif
