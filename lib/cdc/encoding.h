/* SPDX-License-Identifier: Apache-2.0 */
/* How Debezium writes values into JSON: bytes in base64, exact decimals as such bytes, bits. Pure functions. */
#ifndef INCLOAD_LIB_CDC_ENCODING_H
#define INCLOAD_LIB_CDC_ENCODING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* The longest decimal number in bytes, and the most digits behind its point or zeros before it. */
enum { INCLOAD__DECIMAL_BYTES = 8192, INCLOAD__DECIMAL_SCALE = 16383 };

/* Appends the bytes. False for a text that is no base64 (either alphabet, padded or not). */
bool incload__base64_decode(const char *text, size_t length, incload__str *out);
/* Appends the decimal number of a two's-complement integer, most significant byte first, times ten to -scale. False
 * for no bytes, or more digits than a database keeps. */
bool incload__decimal_of_bytes(const unsigned char *bytes, size_t length, int64_t scale, incload__str *out);
/* Appends `bits` digits 0 or 1, most significant first, of bytes that begin with the least significant. False when the
 * bytes have fewer. */
bool incload__bits_of_bytes(const unsigned char *bytes, size_t length, int64_t bits, incload__str *out);

/* ---- the other way: encode.c ---- */

/* Appends them padded, in the alphabet with + and /. */
void incload__base64_encode(const unsigned char *bytes, size_t length, incload__str *out);
/* Appends the fewest bytes that hold the digits of a decimal number as an integer; the number is that integer times ten
 * to -*scale. False for other text, and for more than incload__decimal_of_bytes() reads. */
bool incload__bytes_of_decimal(const char *text, size_t length, int64_t *scale, incload__str *out);
/* Appends a string of JSON with its quotes. The text is valid UTF-8. */
void incload__json_string(const char *text, size_t length, incload__str *out);

#endif
