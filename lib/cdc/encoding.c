/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/encoding.h"

enum { PART = 1000000000, PART_DIGITS = 9 };

/* ---- bytes ---- */

static int32_t
sextet_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

bool
incload__base64_decode(const char *text, size_t length, incload__str *out)
{
    uint32_t held = 0;
    int32_t bits = 0;

    if (length > 0 && length % 4 == 0 && text[length - 1] == '=')
        length -= text[length - 2] == '=' ? 2 : 1;
    if (length % 4 == 1)
        return false;
    for (size_t i = 0; i < length; i++) {
        int32_t sextet = sextet_of(text[i]);
        if (sextet < 0)
            return false;
        held = held << 6 | (uint32_t)sextet;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        incload__str_add_char(out, (char)(held >> bits & 0xff));
    }
    return true;
}

/* ---- decimals ---- */

/* Divides the number by PART and returns the rest. */
static uint32_t
divide(unsigned char *bytes, size_t length)
{
    uint64_t rest = 0;

    for (size_t i = 0; i < length; i++) {
        uint64_t value = rest << 8 | bytes[i];
        bytes[i] = (unsigned char)(value / PART);
        rest = value % PART;
    }
    return (uint32_t)rest;
}

static void
negate(unsigned char *bytes, size_t length)
{
    uint32_t carry = 1;

    for (size_t i = length; i-- > 0;) {
        carry += (unsigned char)~bytes[i];
        bytes[i] = (unsigned char)carry;
        carry >>= 8;
    }
}

/* The digits of a number without sign, least significant first. */
static void
add_digits(unsigned char *bytes, size_t length, incload__str *out)
{
    size_t first = 0;

    while (first < length && bytes[first] == 0)
        first++;
    while (first < length) {
        uint32_t part = divide(bytes + first, length - first);
        while (first < length && bytes[first] == 0)
            first++;
        for (int32_t i = 0; i < PART_DIGITS && (first < length || part > 0); i++, part /= 10)
            incload__str_add_char(out, (char)('0' + part % 10));
    }
}

/* From digits that begin with the least significant. */
static void
write_decimal(const incload__str *digits, bool negative, int64_t scale, incload__str *out)
{
    int64_t count = (int64_t)digits->length;

    incload__str_add(out, negative && count > 0 ? "-" : "");
    if (count <= scale || count == 0)
        incload__str_add_char(out, '0');
    for (int64_t i = count > scale ? count : scale; i-- > 0;) {
        if (i == scale - 1)
            incload__str_add_char(out, '.');
        incload__str_add_char(out, i < count ? digits->data[i] : '0');
    }
    for (int64_t i = scale; i < 0 && count > 0; i++)
        incload__str_add_char(out, '0');
}

bool
incload__decimal_of_bytes(const unsigned char *bytes, size_t length, int64_t scale, incload__str *out)
{
    incload__str number = INCLOAD__STR(out->mem), digits = INCLOAD__STR(out->mem);

    if (length == 0 || length > INCLOAD__DECIMAL_BYTES || scale > INCLOAD__DECIMAL_SCALE
        || scale < -INCLOAD__DECIMAL_SCALE)
        return false;
    bool negative = (bytes[0] & 0x80) != 0;
    incload__str_add_bytes(&number, bytes, length);
    if (!number.failed && negative)
        negate((unsigned char *)number.data, length);
    if (!number.failed)
        add_digits((unsigned char *)number.data, length, &digits);
    if (number.failed || digits.failed)
        out->failed = true;
    else
        write_decimal(&digits, negative, scale, out);
    incload__str_free(&number);
    incload__str_free(&digits);
    return true;
}

bool
incload__bits_of_bytes(const unsigned char *bytes, size_t length, int64_t bits, incload__str *out)
{
    if (bits < 0 || (uint64_t)bits > (uint64_t)length * 8)
        return false;
    for (int64_t i = bits; i-- > 0;)
        incload__str_add_char(out, bytes[i / 8] >> (i % 8) & 1 ? '1' : '0');
    return true;
}
