/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "driver/libpq/numeric.h"

#include <endian.h>
#include <string.h>

#include "base/utf8.h"

enum {
    SIGN_PLUS = 0x0000,
    SIGN_MINUS = 0x4000,
    SIGN_NAN = 0xC000,
    SIGN_INFINITY = 0xD000,
    SIGN_MINUS_INFINITY = 0xF000,
    BASE = 10000,
    MAX_WHOLE_DIGITS = 131072,
    MAX_FRACTION_DIGITS = 16383,
    MAX_GROUPS = 12 /* of a 38-digit value, split at its decimal point */
};

static const uint32_t powers[] = { 1, 10, 100, 1000, 10000 };

static uint16_t
get16(const uint8_t *bytes)
{
    uint16_t value;

    memcpy(&value, bytes, sizeof value);
    return be16toh(value);
}

static uint8_t *
put16(uint8_t *at, int32_t value)
{
    uint16_t big = htobe16((uint16_t)value);

    memcpy(at, &big, sizeof big);
    return at + sizeof big;
}

/* value * factor + add, or false past 127 bits. */
static bool
accumulate(unsigned __int128 *value, uint32_t factor, uint32_t add)
{
    unsigned __int128 product;

    if (*value <= (UINT64_MAX - BASE) / BASE) {
        *value = (uint64_t)*value * factor + add;
        return true;
    }
    if (__builtin_mul_overflow(*value, (unsigned __int128)factor, &product)
        || __builtin_add_overflow(product, (unsigned __int128)add, value))
        return false;
    return *value >> 127 == 0;
}

/* `shift` is the power of ten of the last group at the wanted scale. */
static incload__numeric_result
sum_groups(const uint8_t *groups, int32_t count, int32_t shift, unsigned __int128 *sum)
{
    *sum = 0;
    for (int32_t i = 0; i < count; i++) {
        uint32_t group = get16(groups + 2 * i);
        int32_t cut = i == count - 1 && shift < 0 ? -shift : 0;

        if (group >= BASE)
            return INCLOAD__NUMERIC_BROKEN;
        if (group % powers[cut] != 0)
            return INCLOAD__NUMERIC_TOO_FINE;
        if (!accumulate(sum, powers[4 - cut], group / powers[cut]))
            return INCLOAD__NUMERIC_TOO_BIG;
    }
    for (; shift > 0; shift -= shift < 4 ? shift : 4) {
        if (!accumulate(sum, powers[shift < 4 ? shift : 4], 0))
            return INCLOAD__NUMERIC_TOO_BIG;
    }
    return INCLOAD__NUMERIC_OK;
}

incload__numeric_result
incload__numeric_get(const uint8_t *bytes, size_t length, int32_t scale, __int128 *unscaled)
{
    if (length < 8)
        return INCLOAD__NUMERIC_BROKEN;
    int32_t count = get16(bytes);
    int32_t weight = (int16_t)get16(bytes + 2);
    int32_t sign = get16(bytes + 4);

    if (length != 8 + 2 * (size_t)count)
        return INCLOAD__NUMERIC_BROKEN;
    if (sign == SIGN_NAN || sign == SIGN_INFINITY || sign == SIGN_MINUS_INFINITY)
        return INCLOAD__NUMERIC_SPECIAL;
    if (sign != SIGN_PLUS && sign != SIGN_MINUS)
        return INCLOAD__NUMERIC_BROKEN;
    /* The server strips zero groups at the end; one that does not is still right. */
    while (count > 0 && get16(bytes + 8 + 2 * (count - 1)) == 0)
        count--;
    *unscaled = 0;
    if (count == 0)
        return INCLOAD__NUMERIC_OK;

    int32_t shift = 4 * (weight - count + 1) + scale;
    unsigned __int128 sum;
    if (shift <= -4)
        return INCLOAD__NUMERIC_TOO_FINE;
    incload__numeric_result result = sum_groups(bytes + 8, count, shift, &sum);
    if (result == INCLOAD__NUMERIC_OK)
        *unscaled = sign == SIGN_MINUS ? -(__int128)sum : (__int128)sum;
    return result;
}

static uint8_t *
put_head(uint8_t *at, int32_t count, int32_t weight, int32_t sign, int32_t scale)
{
    at = put16(at, count);
    at = put16(at, weight);
    at = put16(at, sign);
    return put16(at, scale);
}

/* The groups of a magnitude, the least first; the fraction's last group is padded to four digits. */
static int32_t
split(unsigned __int128 magnitude, int32_t scale, uint16_t *groups)
{
    int32_t count = 0;
    uint32_t odd = (uint32_t)scale % 4;

    if (odd != 0) {
        groups[count++] = (uint16_t)((uint32_t)(magnitude % powers[odd]) * powers[4 - odd]);
        magnitude /= powers[odd];
    }
    for (; magnitude > UINT64_MAX; magnitude /= BASE)
        groups[count++] = (uint16_t)(magnitude % BASE);
    /* 64-bit division is many times faster, and most values need no more. */
    for (uint64_t rest = (uint64_t)magnitude; rest > 0; rest /= BASE)
        groups[count++] = (uint16_t)(rest % BASE);
    return count;
}

size_t
incload__numeric_put(uint8_t *out, __int128 unscaled, int32_t scale)
{
    uint16_t groups[MAX_GROUPS];
    bool negative = unscaled < 0;
    unsigned __int128 magnitude = negative ? -(unsigned __int128)unscaled : (unsigned __int128)unscaled;
    int32_t count = split(magnitude, scale, groups);
    int32_t weight = count - (scale + 3) / 4 - 1;
    int32_t low = 0;

    while (low < count && groups[low] == 0)
        low++;
    while (count > low && groups[count - 1] == 0) {
        count--;
        weight--;
    }
    if (count == low)
        weight = 0;
    uint8_t *at = put_head(out, count - low, weight, negative && count > low ? SIGN_MINUS : SIGN_PLUS, scale);
    for (int32_t i = count - 1; i >= low; i--)
        at = put16(at, groups[i]);
    return (size_t)(at - out);
}

static bool
is_text(const char *text, size_t length, const char *word)
{
    return length == strlen(word) && memcmp(text, word, length) == 0;
}

static bool
special_sign(const char *text, size_t length, int32_t *sign)
{
    if (is_text(text, length, "NaN"))
        *sign = SIGN_NAN;
    else if (is_text(text, length, "Infinity"))
        *sign = SIGN_INFINITY;
    else if (is_text(text, length, "-Infinity"))
        *sign = SIGN_MINUS_INFINITY;
    else
        return false;
    return true;
}

static size_t
digits_at(const char *text, size_t length)
{
    size_t count = 0;

    while (count < length && incload__is_digit(text[count]))
        count++;
    return count;
}

/* The group whose first digit is at `position` counted from the decimal point (negative: whole digits). Digits outside
 * the text are 0. */
static int32_t
group_at(const char *whole, size_t whole_count, const char *fraction, size_t fraction_count, int64_t position)
{
    int32_t group = 0;

    for (int64_t at = position; at < position + 4; at++) {
        int32_t digit = 0;
        if (at < 0 && -at <= (int64_t)whole_count)
            digit = whole[(int64_t)whole_count + at] - '0';
        else if (at >= 0 && at < (int64_t)fraction_count)
            digit = fraction[at] - '0';
        group = group * 10 + digit;
    }
    return group;
}

incload__numeric_result
incload__numeric_put_text(incload__str *out, const char *text, size_t length)
{
    int32_t sign = SIGN_PLUS;

    if (special_sign(text, length, &sign)) {
        if (incload__str_reserve(out, 8))
            out->length = (size_t)(put_head((uint8_t *)out->data + out->length, 0, 0, sign, 0) - (uint8_t *)out->data);
        return INCLOAD__NUMERIC_OK;
    }
    if (length > 0 && *text == '-') {
        sign = SIGN_MINUS;
        text++;
        length--;
    }
    size_t whole_count = digits_at(text, length);
    bool point = whole_count < length && text[whole_count] == '.';
    const char *fraction = text + whole_count + (point ? 1 : 0);
    size_t fraction_count = point ? digits_at(fraction, length - whole_count - 1) : 0;
    if (whole_count + fraction_count == 0 || whole_count + fraction_count + (point ? 1 : 0) != length)
        return INCLOAD__NUMERIC_BROKEN;
    while (whole_count > 0 && *text == '0') {
        text++;
        whole_count--;
    }
    if (whole_count > MAX_WHOLE_DIGITS || fraction_count > MAX_FRACTION_DIGITS)
        return INCLOAD__NUMERIC_TOO_BIG;

    int64_t first = -(int64_t)((whole_count + 3) / 4);
    int64_t last = (int64_t)((fraction_count + 3) / 4) - 1;
    while (first <= last && group_at(text, whole_count, fraction, fraction_count, 4 * first) == 0)
        first++;
    while (last >= first && group_at(text, whole_count, fraction, fraction_count, 4 * last) == 0)
        last--;
    size_t count = (size_t)(last - first + 1);
    if (!incload__str_reserve(out, 8 + 2 * count))
        return INCLOAD__NUMERIC_OK;
    uint8_t *at = (uint8_t *)out->data + out->length;
    at = put_head(at, (int32_t)count, count > 0 ? (int32_t)-first - 1 : 0, count > 0 ? sign : SIGN_PLUS,
                  (int32_t)fraction_count);
    for (int64_t i = first; i <= last; i++)
        at = put16(at, group_at(text, whole_count, fraction, fraction_count, 4 * i));
    out->length = (size_t)(at - (uint8_t *)out->data);
    return INCLOAD__NUMERIC_OK;
}
