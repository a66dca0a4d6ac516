/* SPDX-License-Identifier: Apache-2.0 */
#include "run/kept_result.h"

#include <string.h>

#include "base/utf8.h"

enum { CLOSED_DIGITS = 16, HEAD = 2 + CLOSED_DIGITS };

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* ---- writing ---- */

static bool
is_printable(const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)data[i] < ' ' || data[i] == 0x7F)
            return false;
    }
    return incload__utf8_valid(data, size);
}

static void
add_base64(incload__str *out, const unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t)data[i] << 16;
        group |= i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0;
        group |= i + 2 < size ? (uint32_t)data[i + 2] : 0;
        incload__str_add_char(out, base64_digits[group >> 18]);
        incload__str_add_char(out, base64_digits[group >> 12 & 63]);
        incload__str_add_char(out, i + 1 < size ? base64_digits[group >> 6 & 63] : '=');
        incload__str_add_char(out, i + 2 < size ? base64_digits[group & 63] : '=');
    }
}

void
incload__kept_result_write(const incload__kept_result *result, incload__str *out)
{
    if (!result->short_circuit && result->closed == 0 && result->data == NULL)
        return;
    incload__str_add_char(out, result->short_circuit ? 's' : '-');
    for (int32_t shift = 60; shift >= 0; shift -= 4)
        incload__str_add_char(out, hex_digits[result->closed >> shift & 15]);
    if (result->data == NULL) {
        incload__str_add_char(out, 'n');
    } else if (is_printable(result->data, result->size)) {
        incload__str_add_char(out, 't');
        incload__str_add_bytes(out, result->data, result->size);
    } else {
        incload__str_add_char(out, 'b');
        add_base64(out, result->data, result->size);
    }
}

/* ---- reading ---- */

/* The value of a digit, or -1. */
static int32_t
value_of(const char *digits, char digit)
{
    const char *at = digit != '\0' ? strchr(digits, digit) : NULL;

    return at != NULL ? (int32_t)(at - digits) : -1;
}

/* The size; -1 when it is no base64. */
static int64_t
read_base64(const char *text, size_t length, unsigned char *out)
{
    int64_t size = 0;

    if (length % 4 != 0)
        return -1;
    for (size_t i = 0; i < length; i += 4) {
        uint32_t group = 0;
        int32_t filled = 4;
        while (filled > 2 && text[i + (size_t)filled - 1] == '=')
            filled--;
        for (int32_t j = 0; j < 4; j++) {
            int32_t value = j < filled ? value_of(base64_digits, text[i + (size_t)j]) : 0;
            if (value < 0)
                return -1;
            group = group << 6 | (uint32_t)value;
        }
        for (int32_t j = 0; j < filled - 1; j++)
            out[size++] = (unsigned char)(group >> (16 - 8 * j));
    }
    return size;
}

static bool
read_data(const incload__mem *mem, char kind, const char *text, incload__kept_result *out)
{
    size_t length = strlen(text);

    if (kind == 'n')
        return length == 0;
    if (kind != 't' && kind != 'b')
        return false;
    unsigned char *data = incload__alloc(mem, length + 1);
    if (data == NULL)
        return false;
    int64_t size = (int64_t)length;
    if (kind == 'b')
        size = read_base64(text, length, data);
    else
        memcpy(data, text, length);
    if (size < 0) {
        incload__free(mem, data);
        return false;
    }
    data[size] = '\0';
    out->data = data;
    out->size = (size_t)size;
    return true;
}

bool
incload__kept_result_read(const incload__mem *mem, const char *text, incload__kept_result *out)
{
    memset(out, 0, sizeof *out);
    if (text == NULL)
        return true;
    if (strlen(text) < HEAD || (text[0] != '-' && text[0] != 's'))
        return false;
    out->short_circuit = text[0] == 's';
    for (int32_t i = 0; i < CLOSED_DIGITS; i++) {
        int32_t value = value_of(hex_digits, text[1 + i]);
        if (value < 0)
            return false;
        out->closed = out->closed << 4 | (uint64_t)value;
    }
    return read_data(mem, text[HEAD - 1], text + HEAD, out);
}
