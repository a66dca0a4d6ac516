/* SPDX-License-Identifier: Apache-2.0 */
/* Integers and decimals to and from text. */
#include "batch/number.h"

#include <string.h>

#include "base/utf8.h"

/* Exponents past this are past every type; held there so that sums of them cannot overflow. */
#define EXPONENT_LIMIT INT64_C(1000000000)

enum { DECIMAL_DIGITS = 38 };

size_t
incload__uint_text(uint64_t value, char *out)
{
    char digits[20];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    for (size_t i = 0; i < count; i++)
        out[i] = digits[count - 1 - i];
    out[count] = '\0';
    return count;
}

size_t
incload__int_text(int64_t value, char *out)
{
    if (value >= 0)
        return incload__uint_text((uint64_t)value, out);
    *out = '-';
    return 1 + incload__uint_text(-(uint64_t)value, out + 1);
}

bool
incload__parse_uint64(const char *text, size_t length, uint64_t *value)
{
    size_t at = length > 1 && text[0] == '+' ? 1 : 0;
    uint64_t sum = 0;

    if (length == 0)
        return false;
    for (; at < length; at++) {
        if (!incload__is_digit(text[at]) || __builtin_mul_overflow(sum, 10, &sum)
            || __builtin_add_overflow(sum, (uint64_t)(text[at] - '0'), &sum))
            return false;
    }
    *value = sum;
    return true;
}

__int128
incload__power_of_ten(int32_t exponent)
{
    static const uint64_t powers[] = {
        1u,
        10u,
        100u,
        1000u,
        10000u,
        100000u,
        1000000u,
        10000000u,
        100000000u,
        1000000000u,
        10000000000u,
        100000000000u,
        1000000000000u,
        10000000000000u,
        100000000000000u,
        1000000000000000u,
        10000000000000000u,
        100000000000000000u,
        1000000000000000000u,
        10000000000000000000u,
    };
    int32_t half = exponent / 2;

    return (__int128)powers[half] * (__int128)powers[exponent - half];
}

/* Digits and at most one point; the first and last digit that are not 0 are noted on the way. */
static const char *
scan_digits(const char *at, const char *end, incload__number_parts *parts, int64_t *before_point, bool *any)
{
    bool point = false;
    int64_t seen = 0, first = 0, last = 0;

    for (; at < end; at++) {
        if (*at == '.' && !point) {
            point = true;
            *before_point = seen;
            continue;
        }
        if (!incload__is_digit(*at))
            break;
        if (*at != '0') {
            if (parts->digits == NULL) {
                parts->digits = at;
                first = seen;
            }
            parts->end = at + 1;
            last = seen + 1;
        }
        seen++;
    }
    if (!point)
        *before_point = seen;
    *any = seen > 0;
    parts->count = last - first;
    parts->exponent = *before_point - last;
    return at;
}

static bool
scan_exponent(const char *at, const char *end, int64_t *exponent)
{
    bool negative = at < end && *at == '-';

    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at == end)
        return false;
    for (; at < end; at++) {
        if (!incload__is_digit(*at))
            return false;
        if (*exponent < EXPONENT_LIMIT)
            *exponent = *exponent * 10 + (*at - '0');
    }
    if (negative)
        *exponent = -*exponent;
    return true;
}

bool
incload__number_scan(const char *text, size_t length, incload__number_parts *parts)
{
    const char *at = text, *end = text + length;
    int64_t before_point = 0, exponent = 0;
    bool any = false;

    *parts = (incload__number_parts){ .negative = length > 0 && *text == '-' };
    if (length > 0 && (*text == '-' || *text == '+'))
        at++;
    at = scan_digits(at, end, parts, &before_point, &any);
    if (!any)
        return false;
    if (at < end && ((*at != 'e' && *at != 'E') || !scan_exponent(at + 1, end, &exponent)))
        return false;
    parts->exponent += exponent;
    return true;
}

size_t
incload__decimal_text(__int128 unscaled, int32_t scale, char *out)
{
    unsigned __int128 rest = unscaled < 0 ? -(unsigned __int128)unscaled : (unsigned __int128)unscaled;
    char digits[48];
    int32_t count = 0;
    char *at = out;

    for (; rest > UINT64_MAX; rest /= 10)
        digits[count++] = (char)('0' + (int)(rest % 10));
    /* One 0 before the point at least. */
    for (uint64_t low = (uint64_t)rest; low > 0 || count <= scale; low /= 10)
        digits[count++] = (char)('0' + low % 10);
    if (unscaled < 0)
        *at++ = '-';
    while (count > scale)
        *at++ = digits[--count];
    if (scale > 0)
        *at++ = '.';
    while (count > 0)
        *at++ = digits[--count];
    *at = '\0';
    return (size_t)(at - out);
}

bool
incload__decimal_parse(const char *text, size_t length, int32_t scale, __int128 *unscaled)
{
    incload__number_parts parts;
    __int128 sum = 0;

    if (!incload__number_scan(text, length, &parts))
        return false;
    *unscaled = 0;
    if (parts.count == 0)
        return true;

    /* The last digit is not 0, so any digit past the scale is a loss. */
    int64_t zeros = parts.exponent + scale;
    if (zeros < 0 || parts.count + zeros > DECIMAL_DIGITS)
        return false;
    for (const char *at = parts.digits; at < parts.end; at++) {
        if (*at != '.')
            sum = sum * 10 + (*at - '0');
    }
    sum *= incload__power_of_ten((int32_t)zeros);
    *unscaled = parts.negative ? -sum : sum;
    return true;
}

bool
incload__numeric_valid(const char *text, size_t length)
{
    static const char *const words[] = { "NaN", "Infinity", "-Infinity" };
    incload__number_parts parts;

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i]) == length && memcmp(words[i], text, length) == 0)
            return true;
    }
    return incload__number_scan(text, length, &parts);
}
