/* SPDX-License-Identifier: Apache-2.0 */
/* Turns a cell into text that a database reads back as the same value, or refuses it: what a database cannot hold it
 * often changes in silence (MariaDB rounds decimals, SQLite turns NaN into NULL). */
#ifndef INCLOAD_LIB_DIALECT_ENCODE_H
#define INCLOAD_LIB_DIALECT_ENCODE_H

#include "batch/batch.h"

typedef struct incload__encoding {
    const char *server; /* for messages */
    bool nul_in_text;
    bool not_finite;      /* NaN and infinities in floats */
    bool not_finite_text; /* the same in NUMERIC, which is text */
    bool negative_zero;
    bool bool_digits;     /* 1 and 0 instead of true and false */
    bool civil_utc;       /* no "+00" behind a TIMESTAMPTZ */
    bool full_fraction;   /* always six digits, and a zone as +00:00: text order is time order */
    bool hex_binary;      /* BINARY as \x and hex; else the raw bytes */
    const char *infinity; /* how it reads one, without the sign; NULL: "Infinity" */
    int64_t first_day;    /* of DATE, TIMESTAMP and TIMESTAMPTZ */
    int64_t last_day;
    int64_t first_time; /* of TIME, in microseconds */
    int64_t last_time;
} incload__encoding;

enum { INCLOAD__DAY_OF_YEAR_1 = -719162, INCLOAD__DAY_OF_YEAR_9999_END = 2932896 };
#define INCLOAD__DAY_US INT64_C(86400000000)

int32_t incload__encode(const incload__encoding *rules, const incload__view *view, int32_t column, int64_t row,
                        const incload__column *target, incload__str *out, incload_error **err);

/* The message of every refusal: the column, never the value. */
int32_t incload__encode_refuse(const incload__encoding *rules, const incload__column *target, const char *what,
                               incload_error **err);
/* Where the digits of decimal text that are not 0 lie: the value fits decimal(p,s) when highest < p - s and
 * lowest >= -s. Both 0 for zero; false when the text is no finite decimal number. */
bool incload__decimal_span(const char *text, size_t length, int64_t *highest, int64_t *lowest);

#endif
