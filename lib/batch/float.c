/* SPDX-License-Identifier: Apache-2.0 */
/* Binary floats to and from text. Integers only: the host may have changed the rounding mode or flush subnormals to 0.
 */
#include "batch/number.h"

#include <string.h>

#include "base/utf8.h"
#include "batch/bignum.h"

/* A float is significand * 2^exponent. */
typedef struct float_format {
    int32_t significand_bits; /* with the leading 1 that is not stored */
    int32_t min_exponent;     /* of the last bit, for subnormals and the smallest normals */
    int32_t max_top_exponent; /* of the leading bit */
    int32_t sure_digits;      /* as many decimal digits survive */
    uint32_t exponent_mask;
} float_format;

static const float_format single_format = { 24, -149, 127, 6, 0xFF };
static const float_format double_format = { 53, -1074, 1023, 15, 0x7FF };

enum {
    MAX_DIGITS = 770,      /* no decimal that lies between two doubles needs more to tell on which side it is */
    EXACT_POWER_OF_5 = 27, /* the highest in 64 bits */
    LARGEST_DECIMAL_EXPONENT = 310,
    SMALLEST_DECIMAL_EXPONENT = -345,
};

static uint64_t
to_bits(double value, bool single)
{
    uint64_t bits = 0;

    if (single) {
        float narrow = (float)value;
        uint32_t word;
        memcpy(&word, &narrow, sizeof word);
        return word;
    }
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double
from_bits(uint64_t bits, bool single)
{
    double value;

    if (single) {
        uint32_t word = (uint32_t)bits;
        float narrow;
        memcpy(&narrow, &word, sizeof narrow);
        return (double)narrow;
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- text to float ---- */

/* Of a value that is not 0. */
static int32_t
bit_length(unsigned __int128 value)
{
    uint64_t high = (uint64_t)(value >> 64), low = (uint64_t)value;

    if (high != 0)
        return 128 - __builtin_clzll(high);
    return 64 - __builtin_clzll(low);
}

/* Rounds value * 2^exponent, a little more if `sticky`, to the bits of a float without sign. False outside the range.
 */
static bool
round_to(const float_format *format, unsigned __int128 value, bool sticky, int32_t exponent, uint64_t *bits)
{
    int32_t top = exponent + bit_length(value) - 1;
    int32_t last = top - format->significand_bits + 1;
    uint64_t significand;

    if (last < format->min_exponent)
        last = format->min_exponent;
    int32_t drop = last - exponent;
    if (drop > 127)
        return false;
    if (drop <= 0) {
        significand = (uint64_t)value << -drop;
    } else {
        unsigned __int128 half = (unsigned __int128)1 << (drop - 1);
        unsigned __int128 rest = value & (half | (half - 1));
        significand = (uint64_t)(value >> drop);
        if (rest > half || (rest == half && (sticky || (significand & 1) != 0)))
            significand++;
    }

    uint64_t hidden = (uint64_t)1 << (format->significand_bits - 1);
    if (significand == hidden << 1) {
        significand = hidden;
        last++;
    }
    if (significand == 0 || last + format->significand_bits - 1 > format->max_top_exponent)
        return false;
    *bits = significand;
    if (significand >= hidden)
        *bits += (uint64_t)(last - format->min_exponent) << (format->significand_bits - 1);
    return true;
}

static const uint64_t powers_of_5[EXACT_POWER_OF_5 + 1] = {
    1u,
    5u,
    25u,
    125u,
    625u,
    3125u,
    15625u,
    78125u,
    390625u,
    1953125u,
    9765625u,
    48828125u,
    244140625u,
    1220703125u,
    6103515625u,
    30517578125u,
    152587890625u,
    762939453125u,
    3814697265625u,
    19073486328125u,
    95367431640625u,
    476837158203125u,
    2384185791015625u,
    11920928955078125u,
    59604644775390625u,
    298023223876953125u,
    1490116119384765625u,
    7450580596923828125u,
};

/* digits * 10^exponent with the exponent within +-27 and digits not 0: one multiplication or division in 128 bits is
 * exact. */
static bool
nearest(const float_format *format, uint64_t digits, int32_t exponent, uint64_t *bits)
{
    if (exponent >= 0)
        return round_to(format, (unsigned __int128)digits * powers_of_5[exponent], false, exponent, bits);

    int32_t shift = __builtin_clzll(digits);
    unsigned __int128 dividend = (unsigned __int128)(digits << shift) << 64;
    unsigned __int128 quotient = dividend / powers_of_5[-exponent];
    bool sticky = quotient * powers_of_5[-exponent] != dividend;
    return round_to(format, quotient, sticky, exponent - 64 - shift, bits);
}

static bool
parse_short(const float_format *format, const incload__number_parts *parts, uint64_t *bits)
{
    uint64_t digits = 0;

    for (const char *at = parts->digits; at < parts->end; at++) {
        if (*at != '.')
            digits = digits * 10 + (uint64_t)(*at - '0');
    }
    return nearest(format, digits, (int32_t)parts->exponent, bits);
}

/* The first 66 bits of numerator / denominator, and whether there are more. */
static unsigned __int128
divide(incload__big *numerator, incload__big *denominator, int32_t *exponent, bool *sticky)
{
    int32_t longer = incload__big_bits(numerator) - incload__big_bits(denominator);
    unsigned __int128 quotient = 0;

    if (longer > 0)
        incload__big_shift_left(denominator, longer);
    else
        incload__big_shift_left(numerator, -longer);
    for (int32_t i = 0; i < 66; i++) {
        quotient <<= 1;
        if (incload__big_compare(numerator, denominator) >= 0) {
            incload__big_subtract(numerator, denominator);
            quotient |= 1;
        }
        incload__big_shift_left(numerator, 1);
    }
    *exponent += longer - 65;
    *sticky = numerator->count > 0;
    return quotient;
}

static bool
parse_long(const float_format *format, const incload__number_parts *parts, uint64_t *bits)
{
    incload__big numerator, denominator;
    int32_t exponent = (int32_t)(parts->exponent + parts->count);
    int32_t taken = 0;
    bool sticky;

    incload__big_set(&numerator, 0);
    incload__big_set(&denominator, 1);
    for (const char *at = parts->digits; at < parts->end && taken < MAX_DIGITS; at++) {
        if (*at == '.')
            continue;
        incload__big_multiply_add(&numerator, 10, (uint32_t)(*at - '0'));
        taken++;
    }
    exponent -= taken;
    if (taken < parts->count) {
        /* The rest is not 0: one more digit stands for it. */
        incload__big_multiply_add(&numerator, 10, 1);
        exponent--;
    }
    incload__big_multiply_power_of_5(exponent >= 0 ? &numerator : &denominator, exponent >= 0 ? exponent : -exponent);

    unsigned __int128 quotient = divide(&numerator, &denominator, &exponent, &sticky);
    return round_to(format, quotient, sticky, exponent, bits);
}

static bool
parse_word(const char *text, size_t length, double *value)
{
    static const struct {
        const char *word;
        uint64_t bits;
    } words[] = {
        { "nan", UINT64_C(0x7FF8000000000000) },       { "infinity", UINT64_C(0x7FF0000000000000) },
        { "+infinity", UINT64_C(0x7FF0000000000000) }, { "-infinity", UINT64_C(0xFFF0000000000000) },
        { "inf", UINT64_C(0x7FF0000000000000) },       { "+inf", UINT64_C(0x7FF0000000000000) },
        { "-inf", UINT64_C(0xFFF0000000000000) },
    };
    char copy[16] = { 0 };

    if (length >= sizeof copy || memchr(text, '\0', length) != NULL)
        return false;
    memcpy(copy, text, length);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!incload__ascii_equal(copy, words[i].word))
            continue;
        *value = from_bits(words[i].bits, false);
        return true;
    }
    return false;
}

bool
incload__float_parse(const char *text, size_t length, bool single, double *value)
{
    const float_format *format = single ? &single_format : &double_format;
    incload__number_parts parts;
    uint64_t bits = 0;

    if (!incload__number_scan(text, length, &parts))
        return parse_word(text, length, value);

    int64_t top = parts.exponent + parts.count;
    if (parts.count > 0) {
        if (top > LARGEST_DECIMAL_EXPONENT || top < SMALLEST_DECIMAL_EXPONENT)
            return false;
        bool is_short = parts.count <= 19 && parts.exponent >= -EXACT_POWER_OF_5 && parts.exponent <= EXACT_POWER_OF_5;
        if (!(is_short ? parse_short : parse_long)(format, &parts, &bits))
            return false;
    }
    if (parts.negative)
        bits |= single ? UINT64_C(1) << 31 : UINT64_C(1) << 63;
    *value = from_bits(bits, single);
    return true;
}

/* ---- float to text ---- */

/* 0.d1d2d3... * 10^exponent */
typedef struct decimal_digits {
    char digits[INCLOAD__NUMBER_TEXT];
    int32_t count;
    int32_t exponent;
} decimal_digits;

/* floor(log10(2^bit)): the constant is close enough for every exponent a double has. */
static int32_t
decimal_floor(int32_t bit)
{
    int64_t product = (int64_t)bit * 30103;

    return (int32_t)((product >= 0 ? product : product - 99999) / 100000);
}

/* The whole part of significand * 2^exponent * 10^scale, and whether anything is behind it. False where 128 bits are
 * too few. */
static bool
scaled(uint64_t significand, int32_t exponent, int32_t scale, uint64_t *whole, bool *rest)
{
    unsigned __int128 value = significand;
    int32_t shift = exponent + scale;

    if (scale < -EXACT_POWER_OF_5 || scale > EXACT_POWER_OF_5 || exponent > 127 - 53)
        return false;
    if (scale >= 0) {
        value *= powers_of_5[scale];
        if (shift >= 0)
            value <<= shift;
        *rest = shift < 0 && (value & (((unsigned __int128)1 << -shift) - 1)) != 0;
        *whole = (uint64_t)(shift < 0 ? value >> -shift : value);
        return true;
    }
    /* Scaled down are only numbers that are far above 1. */
    value <<= exponent;
    unsigned __int128 divisor = (unsigned __int128)powers_of_5[-scale] << -scale;
    *whole = (uint64_t)(value / divisor);
    *rest = value % divisor != 0;
    return true;
}

/* number / 10^drop to the nearest, ties to even; `rest` says that number itself was cut off. */
static uint64_t
round_digits(uint64_t number, bool rest, int32_t drop)
{
    uint64_t unit = (uint64_t)incload__power_of_ten(drop);
    uint64_t kept = number / unit;
    uint64_t cut = number % unit;

    if (cut > unit / 2 || (cut == unit / 2 && (rest || (kept & 1) != 0)))
        kept++;
    return kept;
}

/* The usual case. One digit more than ever needed is worked out exactly, and the first rounding of it that gives the
 * same bits back is taken. The fewest digits tried always survive, so there is no need to try still fewer: the zeros
 * behind go. */
static bool
digits_by_rounding(const float_format *format, uint64_t significand, int32_t exponent, int32_t top, uint64_t bits,
                   decimal_digits *out)
{
    int32_t most = format->sure_digits + (format == &double_format ? 3 : 4);
    int32_t scale = most - 1 - decimal_floor(top);
    uint64_t number, kept = 0, read_back = 0;
    int32_t drop;
    bool rest;

    /* Next to a power of two the interval is lopsided: the nearest decimal may lie outside while another is inside. */
    if (significand == (uint64_t)1 << (format->significand_bits - 1))
        return false;
    if (!scaled(significand, exponent, scale, &number, &rest))
        return false;
    /* One digit too many: the scale is far from where 128 bits end, so one less fits as well. */
    if (number >= (uint64_t)incload__power_of_ten(most))
        (void)scaled(significand, exponent, --scale, &number, &rest);

    /* All but the last digit always read back. */
    for (drop = most - format->sure_digits; drop > 1; drop--) {
        kept = round_digits(number, rest, drop);
        (void)nearest(format, kept, drop - scale, &read_back);
        if (read_back == bits)
            break;
    }
    if (drop == 1)
        kept = round_digits(number, rest, 1);
    for (; kept % 10 == 0; kept /= 10)
        drop++;
    out->count = (int32_t)incload__uint_text(kept, out->digits);
    out->exponent = out->count + drop - scale;
    return true;
}

/* A float as a fraction of whole numbers, value / unit, with the distances to the ends of the interval that reads back
 * to it: Steele and White's way to the fewest digits. */
typedef struct interval {
    incload__big value, unit, below, above;
    bool closed; /* the ends themselves round to an even significand, so they belong to it */
} interval;

static void
interval_set(interval *in, const float_format *format, uint64_t significand, int32_t exponent)
{
    bool lowest_of_binade =
        significand == (uint64_t)1 << (format->significand_bits - 1) && exponent > format->min_exponent;
    int32_t up = (exponent > 0 ? exponent : 0);
    int32_t down = (exponent < 0 ? -exponent : 0);
    int32_t extra = lowest_of_binade ? 2 : 1;

    incload__big_set(&in->value, significand);
    incload__big_shift_left(&in->value, up + extra);
    incload__big_set(&in->unit, 1);
    incload__big_shift_left(&in->unit, down + extra);
    incload__big_set(&in->below, 1);
    incload__big_shift_left(&in->below, up);
    incload__big_set(&in->above, 1);
    incload__big_shift_left(&in->above, up + extra - 1);
    in->closed = (significand & 1) == 0;
}

static void
interval_multiply_power_of_10(interval *in, int32_t exponent)
{
    incload__big *const parts[] = { &in->value, &in->below, &in->above };

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        incload__big_multiply_power_of_5(parts[i], exponent);
        incload__big_shift_left(parts[i], exponent);
    }
}

static bool
reaches_unit(const interval *in)
{
    int order = incload__big_compare_sum(&in->value, &in->above, &in->unit);

    return in->closed ? order >= 0 : order > 0;
}

static bool
reaches_zero(const interval *in)
{
    int order = incload__big_compare(&in->value, &in->below);

    return in->closed ? order <= 0 : order < 0;
}

static void
digits_of(interval *in, int32_t top, decimal_digits *out)
{
    bool low, high;

    out->count = 0;
    out->exponent = decimal_floor(top) + 1;
    if (out->exponent > 0) {
        incload__big_multiply_power_of_5(&in->unit, out->exponent);
        incload__big_shift_left(&in->unit, out->exponent);
    } else {
        interval_multiply_power_of_10(in, -out->exponent);
    }
    if (reaches_unit(in))
        out->exponent++;
    else
        interval_multiply_power_of_10(in, 1);

    for (;;) {
        char digit = '0';
        while (incload__big_compare(&in->value, &in->unit) >= 0) {
            incload__big_subtract(&in->value, &in->unit);
            digit++;
        }
        low = reaches_zero(in);
        high = reaches_unit(in);
        out->digits[out->count++] = digit;
        if (low || high)
            break;
        interval_multiply_power_of_10(in, 1);
    }
    /* Both ends in reach: the nearer one. Half way between are 2^-25 and, of singles, 2^-12 alone: both digits are
     * even, and stay. */
    char *last = &out->digits[out->count - 1];
    int order = incload__big_compare_sum(&in->value, &in->value, &in->unit);
    if (high && (!low || order > 0))
        *last = (char)(*last + 1);
}

static char *
put_zeros(char *out, int32_t count)
{
    for (; count > 0; count--)
        *out++ = '0';
    return out;
}

static char *
put_digits(char *out, const decimal_digits *number, int32_t from, int32_t to)
{
    if (to > number->count)
        to = number->count;
    memcpy(out, number->digits + from, (size_t)(to - from));
    return out + (to - from);
}

static char *
put_plain(char *out, const decimal_digits *number)
{
    if (number->exponent <= 0) {
        *out++ = '0';
        *out++ = '.';
        out = put_zeros(out, -number->exponent);
        return put_digits(out, number, 0, number->count);
    }
    out = put_digits(out, number, 0, number->exponent);
    out = put_zeros(out, number->exponent - number->count);
    if (number->count > number->exponent) {
        *out++ = '.';
        out = put_digits(out, number, number->exponent, number->count);
    }
    return out;
}

static char *
put_scientific(char *out, const decimal_digits *number)
{
    int32_t exponent = number->exponent - 1;

    *out++ = number->digits[0];
    if (number->count > 1) {
        *out++ = '.';
        out = put_digits(out, number, 1, number->count);
    }
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    if (exponent < 0)
        exponent = -exponent;
    if (exponent < 10)
        *out++ = '0';
    return out + incload__uint_text((uint64_t)exponent, out);
}

static size_t
put_word(char *out, const char *word)
{
    size_t length = strlen(word);

    memcpy(out, word, length + 1);
    return length;
}

size_t
incload__float_text(double value, bool single, char *out)
{
    const float_format *format = single ? &single_format : &double_format;
    int32_t stored_bits = format->significand_bits - 1;
    uint64_t bits = to_bits(value, single);
    uint64_t significand = bits & (((uint64_t)1 << stored_bits) - 1);
    uint32_t biased = (uint32_t)(bits >> stored_bits) & format->exponent_mask;
    bool negative = bits >> (single ? 31 : 63) != 0;
    decimal_digits number;
    char *at = out;

    if (biased == format->exponent_mask)
        return put_word(out, significand != 0 ? "NaN" : negative ? "-Infinity" : "Infinity");
    if (biased == 0 && significand == 0)
        return put_word(out, negative ? "-0" : "0");

    int32_t exponent = format->min_exponent + (biased > 0 ? (int32_t)biased - 1 : 0);
    if (biased > 0)
        significand |= (uint64_t)1 << stored_bits;
    int32_t top = exponent + bit_length(significand) - 1;
    uint64_t magnitude = bits & ~((uint64_t)1 << (single ? 31 : 63));
    if (biased == 0 || !digits_by_rounding(format, significand, exponent, top, magnitude, &number)) {
        interval in;
        interval_set(&in, format, significand, exponent);
        digits_of(&in, top, &number);
    }

    if (negative)
        *at++ = '-';
    bool plain = number.exponent > -4 && number.exponent <= format->sure_digits;
    at = plain ? put_plain(at, &number) : put_scientific(at, &number);
    *at = '\0';
    return (size_t)(at - out);
}
