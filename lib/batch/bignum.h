/* SPDX-License-Identifier: Apache-2.0 */
/* Natural numbers of a bounded size, for floats whose digits 128 bits cannot decide. The callers stay below the bound
 * by their range checks: the longest is 770 decimal digits against 5^1120, under 2700 bits. */
#ifndef INCLOAD_LIB_BATCH_BIGNUM_H
#define INCLOAD_LIB_BATCH_BIGNUM_H

#include <stdbool.h>
#include <stdint.h>

enum { INCLOAD__BIG_WORDS = 96 };

typedef struct incload__big {
    int32_t count; /* words in use; the highest is not 0 */
    uint32_t words[INCLOAD__BIG_WORDS];
} incload__big;

void incload__big_set(incload__big *big, uint64_t value);
void incload__big_multiply_add(incload__big *big, uint32_t factor, uint32_t addend);
void incload__big_multiply_power_of_5(incload__big *big, int32_t exponent);
void incload__big_shift_left(incload__big *big, int32_t bits);
int32_t incload__big_bits(const incload__big *big);
/* Less than, equal to, or greater than 0 as a is to b. */
int incload__big_compare(const incload__big *a, const incload__big *b);
/* As above for a + b against c. */
int incload__big_compare_sum(const incload__big *a, const incload__big *b, const incload__big *c);
/* a must not be less than b. */
void incload__big_subtract(incload__big *a, const incload__big *b);

#endif
