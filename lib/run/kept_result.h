/* SPDX-License-Identifier: Apache-2.0 */
/* What a step leaves for those behind it, as a text that every database takes and gives back the same: its result, and
 * which of them it left out.
 *
 * `-` or `s` (short circuit), the closed branches as 16 hexadecimal digits, then `n` for no result, `t` and the result
 * where it is printable UTF-8, or `b` and the result in base64. */
#ifndef INCLOAD_LIB_RUN_KEPT_RESULT_H
#define INCLOAD_LIB_RUN_KEPT_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

typedef struct incload__kept_result {
    bool short_circuit;
    uint64_t closed;
    const void *data; /* NULL: none */
    size_t size;
} incload__kept_result;

/* Nothing when there is nothing to keep. */
void incload__kept_result_write(const incload__kept_result *result, incload__str *out);
/* The data are allocated, with a zero byte behind them. False: the text is damaged, or there is no memory. */
bool incload__kept_result_read(const incload__mem *mem, const char *text, incload__kept_result *out);

#endif
