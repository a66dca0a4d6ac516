/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/widen.h"

#include "batch/kind.h"

enum { MAX_PRECISION = 38, UINT64_DIGITS = 20 };

typedef bool (*join_fn)(incload__type a, incload__type b, incload__type *out);

static bool
second(incload__type a, incload__type b, incload__type *out)
{
    (void)a;
    *out = b;
    return true;
}

static bool
none(incload__type a, incload__type b, incload__type *out)
{
    (void)a;
    (void)b;
    (void)out;
    return false;
}

static int32_t
greater(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* More digits than a DECIMAL has are a NUMERIC, which has no bounds. */
static bool
decimal_of(int32_t whole, int32_t scale, incload__type *out)
{
    bool fits = whole + scale <= MAX_PRECISION;

    *out = fits ? (incload__type){ INCLOAD__DECIMAL, whole + scale, scale }
                : (incload__type){ .kind = INCLOAD__NUMERIC };
    return true;
}

static bool
decimals(incload__type a, incload__type b, incload__type *out)
{
    return decimal_of(greater(a.precision - a.scale, b.precision - b.scale), greater(a.scale, b.scale), out);
}

static bool
whole_and_decimal(incload__type a, incload__type b, incload__type *out)
{
    return decimal_of(greater(incload__traits(a)->digits, b.precision - b.scale), b.scale, out);
}

static bool
signed_and_unsigned(incload__type a, incload__type b, incload__type *out)
{
    (void)a;
    (void)b;
    return decimal_of(UINT64_DIGITS, 0, out);
}

/* A float32 holds whole numbers of 24 bits only. */
static bool
int32_and_float(incload__type a, incload__type b, incload__type *out)
{
    (void)a;
    (void)b;
    *out = (incload__type){ .kind = INCLOAD__FLOAT64 };
    return true;
}

static bool
lengths(incload__type a, incload__type b, incload__type *out)
{
    bool bounded = a.precision > 0 && b.precision > 0;

    *out = (incload__type){ a.kind, bounded ? greater(a.precision, b.precision) : 0, 0 };
    return true;
}

static bool
fractions(incload__type a, incload__type b, incload__type *out)
{
    *out = (incload__type){ a.kind, 0, greater(a.scale, b.scale) };
    return true;
}

static const join_fn same_kind[INCLOAD__KIND_COUNT] = {
    [INCLOAD__UNKNOWN] = none,
    [INCLOAD__DECIMAL] = decimals,
    [INCLOAD__TIME] = fractions,
    [INCLOAD__TIMESTAMP] = fractions,
    [INCLOAD__TIMESTAMPTZ] = fractions,
    [INCLOAD__TEXT] = lengths,
    [INCLOAD__BINARY] = lengths,
};

#define K(kind) (1u << INCLOAD__##kind)
#define SMALL (K(BOOL) | K(INT8) | K(INT16))
#define SIGNED (K(INT8) | K(INT16) | K(INT32) | K(INT64))

/* Sets of kinds, the one that stands first in incload__kind on the left; the first rule that has both is the one. Kinds
 * of integers stand there in the order of their widths. */
static const struct {
    uint32_t low;
    uint32_t high;
    join_fn join;
} rules[] = {
    { K(BOOL) | SIGNED, SIGNED, second },
    { K(BOOL), K(UINT64), second },
    { SIGNED, K(UINT64), signed_and_unsigned },
    { SMALL, K(FLOAT32) | K(FLOAT64), second },
    { K(INT32), K(FLOAT32) | K(FLOAT64), int32_and_float },
    { K(FLOAT32), K(FLOAT64), second },
    { K(BOOL) | SIGNED | K(UINT64), K(DECIMAL), whole_and_decimal },
    { K(BOOL) | SIGNED | K(UINT64) | K(DECIMAL), K(NUMERIC), second },
    { K(DATE), K(TIMESTAMP), second },
};

static join_fn
find_rule(incload__type low, incload__type high)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if ((rules[i].low >> low.kind & 1) != 0 && (rules[i].high >> high.kind & 1) != 0)
            return rules[i].join;
    }
    return none;
}

bool
incload__type_join(incload__type a, incload__type b, incload__type *out)
{
    if (a.kind == b.kind)
        return (same_kind[a.kind] != NULL ? same_kind[a.kind] : second)(a, b, out);
    bool ordered = a.kind < b.kind;
    incload__type low = ordered ? a : b, high = ordered ? b : a;
    return find_rule(low, high)(low, high, out);
}
