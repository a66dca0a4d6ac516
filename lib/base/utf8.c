/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

/* Most text is ASCII: eight bytes at a time until one is not. */
static size_t
ascii_run(const unsigned char *text, size_t length)
{
    size_t at = 0;
    uint64_t word;

    for (; length - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text + at, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (at < length && text[at] < 0x80)
        at++;
    return at;
}

/* The length of the sequence that starts with `lead`, and what its second byte may be: there overlong forms, surrogates
 * and code points past U+10FFFF show. */
static size_t
sequence_of(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF) {
        *low = lead == 0xE0 ? 0xA0 : 0x80;
        *high = lead == 0xED ? 0x9F : 0xBF;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        *low = lead == 0xF0 ? 0x90 : 0x80;
        *high = lead == 0xF4 ? 0x8F : 0xBF;
        return 4;
    }
    return 0;
}

bool
incload__utf8_valid(const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t at = 0;

    while ((at += ascii_run(bytes + at, length - at)) < length) {
        unsigned char low, high;
        size_t size = sequence_of(bytes[at], &low, &high);

        if (size == 0 || length - at < size || bytes[at + 1] < low || bytes[at + 1] > high)
            return false;
        for (size_t i = 2; i < size; i++) {
            if ((bytes[at + i] & 0xC0) != 0x80)
                return false;
        }
        at += size;
    }
    return true;
}

size_t
incload__utf8_sequence(const char *text)
{
    unsigned char low, high;
    size_t size = (unsigned char)*text < 0x80 ? *text != '\0' : sequence_of((unsigned char)*text, &low, &high);

    return strnlen(text, size) == size && incload__utf8_valid(text, size) ? size : 0;
}

size_t
incload__utf8_length(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

char
incload__ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool
incload__ascii_equal(const char *a, const char *b)
{
    while (*a != '\0' && incload__ascii_lower(*a) == incload__ascii_lower(*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

bool
incload__ascii_prefix(const char *text, const char *prefix)
{
    while (*prefix != '\0' && incload__ascii_lower(*text) == incload__ascii_lower(*prefix)) {
        text++;
        prefix++;
    }
    return *prefix == '\0';
}

bool
incload__is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool
incload__is_digit(char c)
{
    return c >= '0' && c <= '9';
}

const char *
incload__skip_quoted(const char *at, char close, bool backslashes, bool doubles)
{
    for (at++; *at != '\0'; at++) {
        if ((backslashes && *at == '\\' && at[1] != '\0') || (doubles && *at == close && at[1] == close))
            at++;
        else if (*at == close)
            return at + 1;
    }
    return at;
}

bool
incload__parse_int64(const char *text, size_t length, int64_t *value)
{
    bool negative = length > 0 && text[0] == '-';
    size_t at = length > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    int64_t sum = 0;

    if (at == length)
        return false;
    /* Summed below zero, since INT64_MIN has no positive counterpart. */
    for (; at < length; at++) {
        if (!incload__is_digit(text[at]) || __builtin_mul_overflow(sum, 10, &sum)
            || __builtin_sub_overflow(sum, text[at] - '0', &sum))
            return false;
    }
    if (!negative && sum == INT64_MIN)
        return false;
    *value = negative ? sum : -sum;
    return true;
}
