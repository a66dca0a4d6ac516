/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/encode.h"

#include <math.h>
#include <string.h>

#include "base/civil.h"
#include "base/utf8.h"

int32_t
incload__encode_refuse(const incload__encoding *rules, const incload__column *target, const char *what,
                       incload_error **err)
{
    return incload__fail(err, INCLOAD_E_DATA,
                         "column '%s': %s cannot hold %s; filter or convert such rows in the query or a process "
                         "function",
                         target->name, rules->server, what);
}

bool
incload__decimal_span(const char *text, size_t length, int64_t *highest, int64_t *lowest)
{
    size_t at = length > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    size_t first = at;
    size_t digits = 0;
    size_t point;
    int64_t exponent = 0;
    bool found = false;

    *highest = *lowest = 0;
    while (at < length && incload__is_digit(text[at]))
        at++;
    point = at;
    digits = at - first;
    if (at < length && text[at] == '.') {
        at++;
        while (at < length && incload__is_digit(text[at])) {
            at++;
            digits++;
        }
    }
    size_t end = at;
    if (at < length && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < length && text[at] == '+';
        if (!incload__parse_int64(text + at, length - at, &exponent) || exponent > INT32_MAX || exponent < INT32_MIN)
            return false;
        at = length;
    }
    if (at != length || digits == 0)
        return false;

    for (size_t i = first; i < end; i++) {
        int64_t power = i < point ? (int64_t)(point - i) - 1 : (int64_t)point - (int64_t)i;

        if (text[i] == '0' || text[i] == '.')
            continue;
        if (!found)
            *highest = power + exponent;
        *lowest = power + exponent;
        found = true;
    }
    return true;
}

static int32_t
encode_float(const incload__encoding *rules, const incload__view *view, int32_t column, int64_t row,
             const incload__column *target, incload__str *out, incload_error **err)
{
    double value = incload__get_float(view, column, row);

    if (!rules->not_finite && isnan(value))
        return incload__encode_refuse(rules, target, "NaN", err);
    if (isinf(value) && rules->infinity != NULL) {
        incload__str_add(out, value < 0 ? "-" : "");
        incload__str_add(out, rules->infinity);
        return INCLOAD_OK;
    }
    if (!rules->not_finite && isinf(value))
        return incload__encode_refuse(rules, target, "infinity", err);
    if (!rules->negative_zero && value == 0 && signbit(value))
        return incload__encode_refuse(rules, target, "a negative zero", err);
    incload__cell_text(view, column, row, out);
    return INCLOAD_OK;
}

static int32_t
encode_bytes(const incload__encoding *rules, const incload__view *view, int32_t column, int64_t row,
             const incload__column *target, incload__str *out, incload_error **err)
{
    size_t length;
    const char *bytes = incload__get_bytes(view, column, row, &length);
    int64_t highest;
    int64_t lowest;

    if (!rules->nul_in_text && length > 0 && memchr(bytes, '\0', length) != NULL)
        return incload__encode_refuse(rules, target, "a NUL byte in text", err);
    if (view->columns[column].type.kind == INCLOAD__NUMERIC && !rules->not_finite_text
        && !incload__decimal_span(bytes, length, &highest, &lowest))
        return incload__encode_refuse(rules, target, "a number that is NaN or infinite", err);
    incload__str_add_bytes(out, bytes, length);
    return INCLOAD_OK;
}

static int32_t
encode_binary(const incload__encoding *rules, const incload__view *view, int32_t column, int64_t row,
              incload__str *out)
{
    size_t length;
    const void *bytes = incload__get_bytes(view, column, row, &length);

    if (!rules->hex_binary) {
        incload__str_add_bytes(out, bytes, length);
        return INCLOAD_OK;
    }
    incload__str_add(out, "\\x");
    incload__cell_text(view, column, row, out);
    return INCLOAD_OK;
}

/* Adds the digits that the canonical form leaves out when the fraction is 0. */
static void
add_clock(const incload__encoding *rules, const char *text, size_t length, incload__str *out)
{
    incload__str_add_bytes(out, text, length);
    if (rules->full_fraction && memchr(text, '.', length) == NULL)
        incload__str_add(out, ".000000");
}

static int64_t
floor_days(int64_t us)
{
    return us / INCLOAD__DAY_US - (us % INCLOAD__DAY_US < 0);
}

static int32_t
encode_time(const incload__encoding *rules, const incload__view *view, int32_t column, int64_t row,
            const incload__column *target, incload__str *out, incload_error **err)
{
    incload__kind kind = view->columns[column].type.kind;
    int64_t value = incload__get_int(view, column, row);
    int64_t day = kind == INCLOAD__DATE ? value : floor_days(value);
    char text[64];

    if (kind == INCLOAD__TIME) {
        if (value < rules->first_time || value > rules->last_time)
            return incload__encode_refuse(rules, target, "a time of day out of its range", err);
        add_clock(rules, text, incload__format_time(value, text), out);
        return INCLOAD_OK;
    }
    if (day < rules->first_day || day > rules->last_day)
        return incload__encode_refuse(rules, target, "a date out of its range of years", err);
    if (kind == INCLOAD__DATE) {
        incload__str_add_bytes(out, text, incload__format_date(value, text));
        return INCLOAD_OK;
    }
    bool zone = kind == INCLOAD__TIMESTAMPTZ && !rules->civil_utc;
    add_clock(rules, text, incload__format_timestamp(value, zone && !rules->full_fraction, text), out);
    if (zone && rules->full_fraction)
        incload__str_add(out, "+00:00");
    return INCLOAD_OK;
}

int32_t
incload__encode(const incload__encoding *rules, const incload__view *view, int32_t column, int64_t row,
                const incload__column *target, incload__str *out, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    switch (view->columns[column].type.kind) {
    case INCLOAD__FLOAT32:
    case INCLOAD__FLOAT64:
        status = encode_float(rules, view, column, row, target, out, err);
        break;
    case INCLOAD__TEXT:
    case INCLOAD__JSON:
    case INCLOAD__NATIVE:
    case INCLOAD__NUMERIC:
        status = encode_bytes(rules, view, column, row, target, out, err);
        break;
    case INCLOAD__BINARY:
        status = encode_binary(rules, view, column, row, out);
        break;
    case INCLOAD__DATE:
    case INCLOAD__TIME:
    case INCLOAD__TIMESTAMP:
    case INCLOAD__TIMESTAMPTZ:
        status = encode_time(rules, view, column, row, target, out, err);
        break;
    case INCLOAD__BOOL:
        if (rules->bool_digits)
            incload__str_add_char(out, incload__get_int(view, column, row) != 0 ? '1' : '0');
        else
            incload__cell_text(view, column, row, out);
        break;
    default:
        incload__cell_text(view, column, row, out);
        break;
    }
    if (status == INCLOAD_OK && out->failed)
        return incload__fail_memory(err);
    return status;
}
