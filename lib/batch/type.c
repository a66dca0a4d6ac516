/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/type.h"

#include <stdio.h>

#include "batch/kind.h"

#define FIXED INCLOAD__STORE_FIXED
#define VARIABLE INCLOAD__STORE_VARIABLE
#define DATE_MIN INT32_MIN
#define DATE_MAX INT32_MAX

/* Sign, point and the 0 before it. */
enum { DECIMAL_SIGNS = 3 };

const incload__kind_traits incload__kinds[INCLOAD__KIND_COUNT] = {
    [INCLOAD__UNKNOWN] = { "unknown", "", NULL, INCLOAD__STORE_NONE, INCLOAD__F_NONE, 0, 0, 0, 0, 0 },
    [INCLOAD__BOOL] = { "bool", "b", NULL, INCLOAD__STORE_BITS, INCLOAD__F_BOOL, 0, 0, 1, 1, 5 },
    [INCLOAD__INT8] = { "int8", "c", NULL, FIXED, INCLOAD__F_INT, 1, INT8_MIN, INT8_MAX, 3, 4 },
    [INCLOAD__INT16] = { "int16", "s", NULL, FIXED, INCLOAD__F_INT, 2, INT16_MIN, INT16_MAX, 5, 6 },
    [INCLOAD__INT32] = { "int32", "i", NULL, FIXED, INCLOAD__F_INT, 4, INT32_MIN, INT32_MAX, 10, 11 },
    [INCLOAD__INT64] = { "int64", "l", NULL, FIXED, INCLOAD__F_INT, 8, INT64_MIN, INT64_MAX, 19, 20 },
    [INCLOAD__UINT64] = { "uint64", "L", NULL, FIXED, INCLOAD__F_UINT, 8, 0, INT64_MAX, 20, 20 },
    [INCLOAD__FLOAT32] = { "float32", "f", NULL, FIXED, INCLOAD__F_FLOAT, 4, 0, 0, 24, 15 },
    [INCLOAD__FLOAT64] = { "float64", "g", NULL, FIXED, INCLOAD__F_FLOAT, 8, 0, 0, 53, 24 },
    [INCLOAD__DECIMAL] = { "decimal", "d:", NULL, FIXED, INCLOAD__F_DECIMAL, 16, 0, 0, 0, 41 },
    [INCLOAD__NUMERIC] = { "numeric", "u", NULL, VARIABLE, INCLOAD__F_NUMERIC, 0, 0, 0, 0, 0 },
    [INCLOAD__DATE] = { "date", "tdD", NULL, FIXED, INCLOAD__F_DATE, 4, DATE_MIN, DATE_MAX, 0, 16 },
    [INCLOAD__TIME] = { "time", "ttu", NULL, FIXED, INCLOAD__F_TIME, 8, INT64_MIN, INT64_MAX, 0, 24 },
    [INCLOAD__TIMESTAMP] = { "timestamp", "tsu:", NULL, FIXED, INCLOAD__F_TIMESTAMP, 8, INT64_MIN, INT64_MAX, 0, 31 },
    [INCLOAD__TIMESTAMPTZ] = { "timestamp", "tsu:UTC", NULL, FIXED, INCLOAD__F_TIMESTAMPTZ, 8, INT64_MIN, INT64_MAX, 0,
                               34 },
    [INCLOAD__TEXT] = { "text", "u", NULL, VARIABLE, INCLOAD__F_TEXT, 0, 0, 0, 0, 0 },
    [INCLOAD__BINARY] = { "binary", "z", NULL, VARIABLE, INCLOAD__F_BINARY, 0, 0, 0, 0, 0 },
    [INCLOAD__UUID] = { "uuid", "w:16", "arrow.uuid", FIXED, INCLOAD__F_UUID, 16, 0, 0, 0, 36 },
    [INCLOAD__JSON] = { "json", "u", "arrow.json", VARIABLE, INCLOAD__F_JSON, 0, 0, 0, 0, 0 },
    [INCLOAD__NATIVE] = { "native", "u", NULL, VARIABLE, INCLOAD__F_NATIVE, 0, 0, 0, 0, 0 },
};

const char *
incload__type_text(incload__type type, char *buffer, size_t size)
{
    const char *name = incload__traits(type)->name;

    switch (type.kind) {
    case INCLOAD__DECIMAL:
        snprintf(buffer, size, "%s(%d,%d)", name, type.precision, type.scale);
        break;
    case INCLOAD__TEXT:
    case INCLOAD__BINARY:
        if (type.precision > 0)
            snprintf(buffer, size, "%s(%d)", name, type.precision);
        else
            snprintf(buffer, size, "%s", name);
        break;
    case INCLOAD__TIME:
    case INCLOAD__TIMESTAMP:
        snprintf(buffer, size, "%s(%d)", name, type.scale);
        break;
    case INCLOAD__TIMESTAMPTZ:
        snprintf(buffer, size, "%s(%d) with time zone", name, type.scale);
        break;
    default:
        snprintf(buffer, size, "%s", name);
    }
    return buffer;
}

static bool
has_precision(incload__kind kind)
{
    return kind == INCLOAD__DECIMAL || kind == INCLOAD__TEXT || kind == INCLOAD__BINARY;
}

static bool
has_scale(incload__kind kind)
{
    return kind == INCLOAD__DECIMAL || kind == INCLOAD__TIME || kind == INCLOAD__TIMESTAMP
           || kind == INCLOAD__TIMESTAMPTZ;
}

bool
incload__type_equal(incload__type a, incload__type b)
{
    return a.kind == b.kind && (!has_precision(a.kind) || a.precision == b.precision)
           && (!has_scale(a.kind) || a.scale == b.scale);
}

/* ---- the widening lattice: one function a target family ---- */

static bool
int_holds(incload__type to, incload__type from)
{
    const incload__kind_traits *wide = incload__traits(to), *narrow = incload__traits(from);

    switch (narrow->family) {
    case INCLOAD__F_BOOL:
        return true;
    case INCLOAD__F_INT:
        /* All of them reach as far up as down. */
        return wide->min <= narrow->min;
    case INCLOAD__F_DECIMAL:
        return to.kind != INCLOAD__UINT64 && from.scale == 0 && from.precision < wide->digits;
    default:
        return to.kind == INCLOAD__UINT64 && from.kind == INCLOAD__UINT64;
    }
}

static bool
float_holds(incload__type to, incload__type from)
{
    static const int32_t int_bits[INCLOAD__KIND_COUNT] = {
        [INCLOAD__INT8] = 8, [INCLOAD__INT16] = 16, [INCLOAD__INT32] = 32, [INCLOAD__INT64] = 64, [INCLOAD__UINT64] = 64
    };
    int32_t bits = incload__traits(to)->digits;

    if (incload__traits(from)->family == INCLOAD__F_FLOAT)
        return incload__traits(from)->digits <= bits;
    return int_bits[from.kind] > 0 && int_bits[from.kind] <= bits;
}

static bool
decimal_holds(incload__type to, incload__type from)
{
    incload__family family = incload__traits(from)->family;

    if (family == INCLOAD__F_INT || family == INCLOAD__F_UINT)
        return to.precision - to.scale >= incload__traits(from)->digits;
    return family == INCLOAD__F_DECIMAL && to.scale >= from.scale
           && to.precision - to.scale >= from.precision - from.scale;
}

static bool
numeric_holds(incload__type to, incload__type from)
{
    incload__family family = incload__traits(from)->family;

    (void)to;
    return family == INCLOAD__F_INT || family == INCLOAD__F_UINT || family == INCLOAD__F_DECIMAL
           || family == INCLOAD__F_NUMERIC;
}

static bool
same_family_holds(incload__type to, incload__type from)
{
    return incload__traits(to)->family == incload__traits(from)->family;
}

static bool
clock_holds(incload__type to, incload__type from)
{
    /* A date past the year 294246 is no timestamp, and no database has a timestamp there either: a table that goes from
     * date to timestamp must not be refused for it. The conversion checks each cell. */
    if (to.kind == INCLOAD__TIMESTAMP && from.kind == INCLOAD__DATE)
        return true;
    return to.kind == from.kind && to.scale >= from.scale;
}

static bool
length_holds(incload__type to, int32_t limit)
{
    return to.precision == 0 || (limit > 0 && limit <= to.precision);
}

static bool
text_holds(incload__type to, incload__type from)
{
    switch (from.kind) {
    case INCLOAD__BINARY:
        return false;
    case INCLOAD__TEXT:
        return length_holds(to, from.precision);
    case INCLOAD__DECIMAL:
        return length_holds(to, from.precision + DECIMAL_SIGNS);
    default:
        return length_holds(to, incload__traits(from)->text_limit);
    }
}

static bool
binary_holds(incload__type to, incload__type from)
{
    return from.kind == INCLOAD__BINARY && length_holds(to, from.precision);
}

bool
incload__type_holds(incload__type to, incload__type from)
{
    static bool (*const holds[INCLOAD__F_COUNT])(incload__type to, incload__type from) = {
        [INCLOAD__F_BOOL] = same_family_holds,   [INCLOAD__F_INT] = int_holds,
        [INCLOAD__F_UINT] = int_holds,           [INCLOAD__F_FLOAT] = float_holds,
        [INCLOAD__F_DECIMAL] = decimal_holds,    [INCLOAD__F_NUMERIC] = numeric_holds,
        [INCLOAD__F_DATE] = same_family_holds,   [INCLOAD__F_TIME] = clock_holds,
        [INCLOAD__F_TIMESTAMP] = clock_holds,    [INCLOAD__F_TIMESTAMPTZ] = clock_holds,
        [INCLOAD__F_TEXT] = text_holds,          [INCLOAD__F_BINARY] = binary_holds,
        [INCLOAD__F_UUID] = same_family_holds,   [INCLOAD__F_JSON] = same_family_holds,
        [INCLOAD__F_NATIVE] = same_family_holds,
    };
    incload__family family = incload__traits(to)->family;

    if (from.kind == INCLOAD__UNKNOWN || holds[family] == NULL)
        return false;
    return holds[family](to, from);
}

bool
incload__type_spells(incload__type to, incload__type from)
{
    incload__family wide = incload__traits(to)->family, narrow = incload__traits(from)->family;

    return (wide == INCLOAD__F_INT && narrow == INCLOAD__F_INT && int_holds(to, from))
           || (wide == INCLOAD__F_NUMERIC && narrow == INCLOAD__F_DECIMAL);
}

bool
incload__type_same_cells(incload__type to, incload__type from)
{
    incload__store store = incload__traits(to)->store;

    if (to.kind == from.kind)
        return incload__type_holds(to, from) && (to.kind != INCLOAD__DECIMAL || to.scale == from.scale);
    /* Kinds that are UTF-8 in the same layout. NATIVE and JSON take text as it is: only the server can judge it. */
    if (store != INCLOAD__STORE_VARIABLE || incload__traits(from)->store != INCLOAD__STORE_VARIABLE)
        return false;
    if (to.kind == INCLOAD__TEXT)
        return text_holds(to, from);
    return from.kind == INCLOAD__TEXT && (to.kind == INCLOAD__JSON || to.kind == INCLOAD__NATIVE);
}
