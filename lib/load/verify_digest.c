/* SPDX-License-Identifier: Apache-2.0 */
#include "load/verify_digest.h"

#include <string.h>

/* Header only: nothing of it is linked at run time. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "batch/kind.h"
#include "batch/number.h"

void
incload__bucket_add(incload__bucket *bucket, incload__digest row)
{
    bucket->rows++;
    bucket->sum.high += row.high + __builtin_add_overflow(bucket->sum.low, row.low, &bucket->sum.low);
}

void
incload__bucket_join(incload__bucket *bucket, const incload__bucket *other)
{
    bucket->rows += other->rows - 1;
    incload__bucket_add(bucket, other->sum);
}

bool
incload__bucket_equal(const incload__bucket *a, const incload__bucket *b)
{
    return a->rows == b->rows && incload__digest_equal(a->sum, b->sum);
}

/* Small parts by the billion: without a call where there is room. */
static inline void
add_raw(incload__str *out, const void *bytes, size_t length)
{
    if (out->capacity - out->length <= length) {
        incload__str_add_bytes(out, bytes, length);
        return;
    }
    if (length > 0)
        memcpy(out->data + out->length, bytes, length);
    out->length += length;
}

static inline void
add_number(incload__str *out, uint64_t value)
{
    add_raw(out, &value, sizeof value);
}

static inline void
add_byte(incload__str *out, char byte)
{
    add_raw(out, &byte, 1);
}

static void
add_bytes(incload__str *out, const void *bytes, size_t length)
{
    add_number(out, length);
    add_raw(out, bytes, length);
}

/* Sign, exponent and digits without the zeros on both ends. */
static void
add_decimal_text(incload__str *out, const char *text, size_t length)
{
    incload__number_parts parts;

    if (!incload__number_scan(text, length, &parts)) {
        add_bytes(out, text, length); /* NaN, Infinity */
        return;
    }
    if (parts.count == 0) {
        add_number(out, 0);
        return;
    }
    add_number(out, (uint64_t)parts.count + 2);
    add_byte(out, parts.negative ? '-' : '+');
    add_number(out, (uint64_t)parts.exponent);
    for (const char *at = parts.digits; at < parts.end; at++) {
        if (*at != '.')
            add_byte(out, *at);
    }
}

/* All bits, so that -0 is not 0; but one NaN is as good as another. */
static void
add_float(incload__str *out, double value)
{
    uint64_t bits = UINT64_C(0x7ff8000000000000);

    if (!__builtin_isnan(value))
        memcpy(&bits, &value, sizeof bits);
    add_number(out, bits);
}

static void
add_text(incload__str *out, const incload__view *view, int32_t column, int64_t row, uint8_t rule)
{
    size_t length;
    const char *text = incload__get_bytes(view, column, row, &length);

    if (rule == INCLOAD__CELL_NUMBER) {
        add_decimal_text(out, text, length);
        return;
    }
    while (rule == INCLOAD__CELL_PADDED && length > 0 && text[length - 1] == ' ')
        length--;
    add_bytes(out, text, length);
}

static void
add_cell(incload__str *out, const incload__view *view, int32_t column, int64_t row, uint8_t rule)
{
    const incload__kind_traits *traits = incload__traits(view->columns[column].type);
    __int128 decimal;

    if (incload__is_null(view, column, row)) {
        add_byte(out, '\0');
        return;
    }
    add_byte(out, (char)(1 + traits->family));
    switch (traits->family) {
    case INCLOAD__F_FLOAT:
        add_float(out, incload__get_float(view, column, row));
        break;
    case INCLOAD__F_DECIMAL:
        decimal = incload__get_decimal(view, column, row);
        add_raw(out, &decimal, sizeof decimal);
        break;
    case INCLOAD__F_NUMERIC:
        add_text(out, view, column, row, INCLOAD__CELL_NUMBER);
        break;
    case INCLOAD__F_TEXT:
    case INCLOAD__F_BINARY:
    case INCLOAD__F_UUID:
    case INCLOAD__F_JSON:
    case INCLOAD__F_NATIVE:
        add_text(out, view, column, row, rule);
        break;
    default:
        add_number(out, incload__get_uint(view, column, row));
        break;
    }
}

bool
incload__hash_cells(incload__hasher *hasher, const incload__view *view, const int32_t *columns, int32_t count,
                    int64_t row, incload__digest *out)
{
    incload__str_clear(&hasher->bytes);
    for (int32_t i = 0; i < count; i++)
        add_cell(&hasher->bytes, view, columns[i], row, hasher->rules[columns[i]]);
    if (hasher->bytes.failed)
        return false;
    XXH128_hash_t hash = XXH3_128bits_withSeed(hasher->bytes.data, hasher->bytes.length, hasher->seed);
    *out = (incload__digest){ hash.low64, hash.high64 };
    return true;
}
