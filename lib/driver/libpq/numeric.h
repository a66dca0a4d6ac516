/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's binary numeric: groups of four decimal digits, the first worth 10000^weight. */
#ifndef INCLOAD_LIB_DRIVER_LIBPQ_NUMERIC_H
#define INCLOAD_LIB_DRIVER_LIBPQ_NUMERIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Bytes that incload__numeric_put() may need. */
enum { INCLOAD__NUMERIC_SIZE = 8 + 2 * 12 };

typedef enum incload__numeric_result {
    INCLOAD__NUMERIC_OK,
    INCLOAD__NUMERIC_SPECIAL,  /* NaN or an infinity */
    INCLOAD__NUMERIC_TOO_FINE, /* more fraction digits than the scale */
    INCLOAD__NUMERIC_TOO_BIG,
    INCLOAD__NUMERIC_BROKEN /* no numeric at all */
} incload__numeric_result;

/* The value times 10^scale, 0 <= scale <= 38. */
incload__numeric_result incload__numeric_get(const uint8_t *bytes, size_t length, int32_t scale, __int128 *unscaled);
/* Writes unscaled / 10^scale; the length is returned. */
size_t incload__numeric_put(uint8_t *out, __int128 unscaled, int32_t scale);
/* Appends the binary form of "[-]digits[.digits]", "NaN", "Infinity" or "-Infinity"; BROKEN for any other text, TOO_BIG
 * for more digits than the format holds. A failed allocation is told by out->failed. */
incload__numeric_result incload__numeric_put_text(incload__str *out, const char *text, size_t length);

#endif
