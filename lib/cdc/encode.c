/* SPDX-License-Identifier: Apache-2.0 */
/* Values on their way into Debezium's JSON. */
#include "base/utf8.h"
#include "cdc/encoding.h"

enum { PART = 1000000000, PART_DIGITS = 9 };

/* ---- bytes ---- */

void
incload__base64_encode(const unsigned char *bytes, size_t length, incload__str *out)
{
    static const char sextets[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    if (length > SIZE_MAX / 2 || !incload__str_reserve(out, length / 3 * 4 + 4)) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < length; i += 3) {
        size_t rest = length - i;
        uint32_t held = (uint32_t)bytes[i] << 16 | (rest > 1 ? (uint32_t)bytes[i + 1] << 8 : 0)
                        | (rest > 2 ? (uint32_t)bytes[i + 2] : 0);
        incload__str_add_char(out, sextets[held >> 18]);
        incload__str_add_char(out, sextets[held >> 12 & 63]);
        incload__str_add_char(out, rest > 1 ? sextets[held >> 6 & 63] : '=');
        incload__str_add_char(out, rest > 2 ? sextets[held & 63] : '=');
    }
}

void
incload__json_string(const char *text, size_t length, incload__str *out)
{
    incload__str_add_char(out, '"');
    for (size_t i = 0, plain = 0; i <= length; i++) {
        unsigned char c = i < length ? (unsigned char)text[i] : 0;
        if (c != '"' && c != '\\' && c >= 0x20)
            continue;
        incload__str_add_bytes(out, text + plain, i - plain);
        plain = i + 1;
        if (i == length)
            break;
        if (c == '"' || c == '\\')
            incload__str_addf(out, "\\%c", c);
        else
            incload__str_addf(out, "\\u%04x", c);
    }
    incload__str_add_char(out, '"');
}

/* ---- decimals, as bytes that begin with the least significant ---- */

static void
multiply_add(incload__str *number, uint32_t factor, uint32_t more)
{
    uint64_t carry = more;

    for (size_t i = 0; i < number->length; i++) {
        carry += (uint64_t)(unsigned char)number->data[i] * factor;
        number->data[i] = (char)(carry & 0xff);
        carry >>= 8;
    }
    for (; carry > 0; carry >>= 8)
        incload__str_add_char(number, (char)(carry & 0xff));
}

/* Digits and at most one point up to an exponent or the end; where that is, or NULL. */
static const char *
read_digits(const char *at, const char *end, int64_t *behind_point, incload__str *number)
{
    uint32_t part = 0, unit = 1;
    int64_t count = 0;
    bool point = false;

    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.' && !point) {
            point = true;
            continue;
        }
        if (!incload__is_digit(*at) || number->length > INCLOAD__DECIMAL_BYTES)
            return NULL;
        part = part * 10 + (uint32_t)(*at - '0');
        unit *= 10;
        count++;
        *behind_point += point;
        if (count % PART_DIGITS == 0) {
            multiply_add(number, unit, part);
            part = 0;
            unit = 1;
        }
    }
    multiply_add(number, unit, part);
    return count > 0 ? at : NULL;
}

/* Into two's complement, in the fewest bytes and with the most significant first. */
static void
write_signed(incload__str *number, bool negative, incload__str *out)
{
    uint32_t carry = 1;

    incload__str_add_char(number, 0);
    if (number->failed) {
        out->failed = true;
        return;
    }
    unsigned char *bytes = (unsigned char *)number->data;
    for (size_t i = 0; negative && i < number->length; i++) {
        carry += (unsigned char)~bytes[i];
        bytes[i] = (unsigned char)carry;
        carry >>= 8;
    }
    size_t length = number->length;
    while (length > 1
           && ((bytes[length - 1] == 0 && bytes[length - 2] < 0x80)
               || (bytes[length - 1] == 0xff && bytes[length - 2] >= 0x80)))
        length--;
    while (length > 0)
        incload__str_add_char(out, (char)bytes[--length]);
}

bool
incload__bytes_of_decimal(const char *text, size_t length, int64_t *scale, incload__str *out)
{
    const char *end = text + length;
    bool negative = length > 0 && *text == '-';
    const char *at = text + (negative || (length > 0 && *text == '+'));
    incload__str number = INCLOAD__STR(out->mem);
    int64_t exponent = 0;

    *scale = 0;
    at = read_digits(at, end, scale, &number);
    bool sound = at != NULL && number.length <= INCLOAD__DECIMAL_BYTES - 1
                 && (at == end || incload__parse_int64(at + 1, (size_t)(end - at - 1), &exponent))
                 && exponent <= INCLOAD__DECIMAL_SCALE && exponent >= -INCLOAD__DECIMAL_SCALE;
    *scale -= exponent;
    sound = sound && *scale <= INCLOAD__DECIMAL_SCALE && *scale >= -INCLOAD__DECIMAL_SCALE;
    if (sound)
        write_signed(&number, negative, out);
    incload__str_free(&number);
    return sound;
}
