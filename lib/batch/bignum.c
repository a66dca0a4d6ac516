/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/bignum.h"

#include <string.h>

static void
push(incload__big *big, uint32_t word)
{
    if (word != 0 && big->count < INCLOAD__BIG_WORDS)
        big->words[big->count++] = word;
}

static void
trim(incload__big *big)
{
    while (big->count > 0 && big->words[big->count - 1] == 0)
        big->count--;
}

void
incload__big_set(incload__big *big, uint64_t value)
{
    big->words[0] = (uint32_t)value;
    big->words[1] = (uint32_t)(value >> 32);
    big->count = 2;
    trim(big);
}

void
incload__big_multiply_add(incload__big *big, uint32_t factor, uint32_t addend)
{
    uint64_t carry = addend;

    for (int32_t i = 0; i < big->count; i++) {
        carry += (uint64_t)big->words[i] * factor;
        big->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    push(big, (uint32_t)carry);
}

void
incload__big_multiply_power_of_5(incload__big *big, int32_t exponent)
{
    static const uint32_t powers[] = { 1,     5,      25,      125,     625,      3125,      15625,
                                       78125, 390625, 1953125, 9765625, 48828125, 244140625, 1220703125 };

    for (; exponent > 13; exponent -= 13)
        incload__big_multiply_add(big, powers[13], 0);
    incload__big_multiply_add(big, powers[exponent], 0);
}

void
incload__big_shift_left(incload__big *big, int32_t bits)
{
    int32_t whole = bits / 32;

    if (big->count == 0 || big->count + whole > INCLOAD__BIG_WORDS)
        return;
    if (bits % 32 != 0)
        incload__big_multiply_add(big, (uint32_t)1 << (bits % 32), 0);
    if (whole == 0 || big->count + whole > INCLOAD__BIG_WORDS)
        return;
    memmove(big->words + whole, big->words, (size_t)big->count * sizeof big->words[0]);
    memset(big->words, 0, (size_t)whole * sizeof big->words[0]);
    big->count += whole;
}

int32_t
incload__big_bits(const incload__big *big)
{
    if (big->count == 0)
        return 0;
    return big->count * 32 - __builtin_clz(big->words[big->count - 1]);
}

int
incload__big_compare(const incload__big *a, const incload__big *b)
{
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (int32_t i = a->count - 1; i >= 0; i--) {
        if (a->words[i] != b->words[i])
            return a->words[i] < b->words[i] ? -1 : 1;
    }
    return 0;
}

int
incload__big_compare_sum(const incload__big *a, const incload__big *b, const incload__big *c)
{
    const incload__big *longer = a->count >= b->count ? a : b;
    const incload__big *shorter = longer == a ? b : a;
    int64_t rest = 0;

    /* A sum has the length of its longer part, or one word more. */
    if (longer->count + 1 < c->count)
        return -1;
    if (longer->count > c->count)
        return 1;
    /* What c has left over, from the top: 0 or 1 can still turn, more cannot. */
    for (int32_t i = c->count - 1; i >= 0; i--) {
        int64_t sum =
            (i < longer->count ? (int64_t)longer->words[i] : 0) + (i < shorter->count ? (int64_t)shorter->words[i] : 0);
        rest = (rest << 32) + (int64_t)c->words[i] - sum;
        if (rest > 1)
            return -1;
        if (rest < 0)
            return 1;
    }
    return rest > 0 ? -1 : 0;
}

void
incload__big_subtract(incload__big *a, const incload__big *b)
{
    int64_t borrow = 0;

    for (int32_t i = 0; i < a->count; i++) {
        int64_t word = (int64_t)a->words[i] - (i < b->count ? (int64_t)b->words[i] : 0) + borrow;
        a->words[i] = (uint32_t)word;
        borrow = word < 0 ? -1 : 0;
    }
    trim(a);
}
