/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers to and from text, exactly and without the C library, whose point and thousands follow the host's locale and
 * whose results follow its rounding mode. */
#ifndef INCLOAD_LIB_BATCH_NUMBER_H
#define INCLOAD_LIB_BATCH_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for any of the writers below, NUL included. */
enum { INCLOAD__NUMBER_TEXT = 48 };

size_t incload__int_text(int64_t value, char *out);
size_t incload__uint_text(uint64_t value, char *out);
bool incload__parse_uint64(const char *text, size_t length, uint64_t *value);

/* The fewest digits that read back to the same bits, as PostgreSQL lays them out: plain from 0.0001 up to 15 digits
 * before the point (`single`: 6), else with an exponent of two digits or more. */
size_t incload__float_text(double value, bool single, char *out);
/* [sign]digits[.digits][e[sign]digits], NaN, [sign]Infinity or Inf (case ignored): rounded to the nearest, ties to
 * even, once. False for other text, and where a finite number would become infinite or a number that is not 0 would
 * become 0. */
bool incload__float_parse(const char *text, size_t length, bool single, double *value);

/* Exactly `scale` digits behind the point. */
size_t incload__decimal_text(__int128 unscaled, int32_t scale, char *out);
/* The same syntax as a float's numbers; false unless the value has at most 38 digits at that scale, exactly. */
bool incload__decimal_parse(const char *text, size_t length, int32_t scale, __int128 *unscaled);
/* Decimal text of any length, NaN, Infinity or -Infinity. */
bool incload__numeric_valid(const char *text, size_t length);
/* 10^exponent for 0..38. */
__int128 incload__power_of_ten(int32_t exponent);

/* The parts of a number's text, found by one scan that all parsers share. */
typedef struct incload__number_parts {
    bool negative;
    const char *digits; /* from the first digit that is not 0, the point perhaps among them */
    const char *end;    /* behind the last digit that is not 0 */
    int64_t count;      /* digits in between, without the point; 0 for zero */
    int64_t exponent;   /* the value is those digits as an integer, times ten to this */
} incload__number_parts;

bool incload__number_scan(const char *text, size_t length, incload__number_parts *parts);

#endif
