/* SPDX-License-Identifier: Apache-2.0 */
/* Units as text: what people read, and what the ledger keeps. */
#include <string.h>

#include "base/civil.h"
#include "run/range_internal.h"

enum { SECONDS_PER_DAY = 86400 };

typedef struct moment {
    int64_t year;
    int32_t month;
    int32_t day;
    int64_t clock; /* microseconds of the day */
    int32_t offset;
} moment;

static moment
moment_at(const incload__zone *zone, int64_t us)
{
    moment at;
    int64_t seconds = us / INCLOAD__US - (us % INCLOAD__US < 0 ? 1 : 0);

    at.offset = incload__zone_span_at(zone, seconds).offset;
    int64_t clock = us + at.offset * INCLOAD__US;
    int64_t days = clock / (SECONDS_PER_DAY * INCLOAD__US) - (clock % (SECONDS_PER_DAY * INCLOAD__US) < 0 ? 1 : 0);
    at.clock = clock - days * SECONDS_PER_DAY * INCLOAD__US;
    incload__civil_from_days(days, &at.year, &at.month, &at.day);
    return at;
}

static void
put_number(incload__str *out, int64_t value, int32_t digits)
{
    char text[20];
    int32_t at = (int32_t)sizeof text;

    /* Years of a zone's clock may touch 0 and 10000 at the very ends of time. */
    if (value < 0) {
        incload__str_add_char(out, '-');
        value = -value;
    }
    while (value > 0 || (int32_t)sizeof text - at < digits) {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    }
    incload__str_add_bytes(out, text + at, sizeof text - (size_t)at);
}

static void
put_month(incload__str *out, const moment *at)
{
    put_number(out, at->year, 4);
    incload__str_add_char(out, '-');
    put_number(out, at->month, 2);
}

static void
put_day(incload__str *out, const moment *at)
{
    put_month(out, at);
    incload__str_add_char(out, '-');
    put_number(out, at->day, 2);
}

/* Hours and minutes; seconds and their fraction only where there are some. */
static void
put_clock(incload__str *out, int64_t us)
{
    int64_t seconds = us / INCLOAD__US;

    put_number(out, seconds / 3600, 2);
    incload__str_add_char(out, ':');
    put_number(out, seconds / 60 % 60, 2);
    if (us % (60 * INCLOAD__US) != 0) {
        incload__str_add_char(out, ':');
        put_number(out, seconds % 60, 2);
    }
    if (us % INCLOAD__US != 0) {
        incload__str_add_char(out, '.');
        put_number(out, us % INCLOAD__US, 6);
    }
}

static void
put_offset(incload__str *out, const incload__zone *zone, int32_t offset)
{
    int32_t size = offset < 0 ? -offset : offset;

    if (zone == NULL || (offset == 0 && strcmp(incload__zone_name(zone), "UTC") == 0)) {
        incload__str_add_char(out, 'Z');
        return;
    }
    incload__str_add_char(out, offset < 0 ? '-' : '+');
    put_clock(out, size * INCLOAD__US);
}

static void
put_instant(incload__str *out, const incload__zone *zone, int64_t us)
{
    moment at = moment_at(zone, us);

    put_day(out, &at);
    incload__str_add_char(out, 'T');
    put_clock(out, at.clock);
    put_offset(out, zone, at.offset);
}

/* A whole month, quarter or year has a name of its own. */
static void
put_calendar(incload__str *out, incload__grain_base base, const moment *at)
{
    switch (base) {
    case INCLOAD__GRAIN_YEAR:
        put_number(out, at->year, 4);
        break;
    case INCLOAD__GRAIN_QUARTER:
        put_number(out, at->year, 4);
        incload__str_addf(out, "-Q%d", (at->month + 2) / 3);
        break;
    case INCLOAD__GRAIN_MONTH:
        put_month(out, at);
        break;
    default:
        put_day(out, at);
    }
}

/* Cut at an end of the range. */
static bool
is_part(const incload__axis *axis, const incload__unit_part *part)
{
    int64_t lo = incload__grid_find(&axis->grid, part->lo / INCLOAD__US - (part->lo % INCLOAD__US < 0 ? 1 : 0));

    return incload__grid_boundary(&axis->grid, lo) * INCLOAD__US != part->lo
           || incload__grid_boundary(&axis->grid, lo + 1) * INCLOAD__US != part->hi;
}

static void
put_time(incload__str *out, const incload__axis *axis, const incload__unit_part *part)
{
    const incload__zone *zone = axis->calendar.zone;
    incload__grain grain = axis->calendar.grain;
    moment first = moment_at(zone, part->lo);
    moment last = moment_at(zone, part->hi - 1);

    if (is_part(axis, part)) {
        put_instant(out, zone, part->lo);
        incload__str_add(out, "..");
        put_instant(out, zone, part->hi);
        return;
    }
    if (incload__grain_is_short(grain)) {
        put_instant(out, zone, part->lo);
        return;
    }
    put_calendar(out, grain.base, &first);
    if (grain.count > 1 || grain.base == INCLOAD__GRAIN_WEEK) {
        incload__str_add(out, "..");
        put_calendar(out, grain.base, &last);
    }
}

static void
put_part(incload__str *out, const incload__axis *axis, const incload__unit_part *part)
{
    switch (axis->kind) {
    case INCLOAD__RANGE_TIME:
        put_time(out, axis, part);
        break;
    case INCLOAD__RANGE_INTEGERS:
        incload__str_addf(out, "%lld..%lld", (long long)part->lo, (long long)part->hi - 1);
        break;
    default:
        incload__str_add(out, part->key);
    }
}

void
incload__range_label(const incload__range *range, const incload__range_unit *unit, incload__str *out)
{
    for (int32_t i = 0; i < range->axes; i++) {
        if (i > 0)
            incload__str_add(out, " x ");
        put_part(out, &range->axis[i], &unit->parts[i]);
    }
}

/* ---- the ledger's keys ---- */

/* What separates the parts of a key of the ledger, and what no line should hold, as %41. */
static void
put_escaped(incload__str *out, const char *key)
{
    static const char digits[] = "0123456789ABCDEF";

    for (; *key != '\0'; key++) {
        unsigned char byte = (unsigned char)*key;
        if (byte > ' ' && strchr("%&=/", byte) == NULL && byte != 127) {
            incload__str_add_char(out, *key);
            continue;
        }
        incload__str_add_char(out, '%');
        incload__str_add_char(out, digits[byte >> 4]);
        incload__str_add_char(out, digits[byte & 15]);
    }
}

/* In UTC, so that a name of a zone, or another cut of the same time, makes no difference. */
static void
put_key(incload__str *out, const incload__axis *axis, const incload__unit_part *part)
{
    switch (axis->kind) {
    case INCLOAD__RANGE_TIME:
        put_instant(out, NULL, part->lo);
        incload__str_add_char(out, '/');
        put_instant(out, NULL, part->hi);
        break;
    case INCLOAD__RANGE_INTEGERS:
        incload__str_addf(out, "%lld/%lld", (long long)part->lo, (long long)part->hi);
        break;
    default:
        incload__str_add_char(out, '=');
        put_escaped(out, part->key);
    }
}

void
incload__range_key(const incload__range *range, const incload__range_unit *unit, incload__str *out)
{
    for (int32_t i = 0; i < range->axes; i++) {
        if (i > 0)
            incload__str_add_char(out, '&');
        put_key(out, &range->axis[i], &unit->parts[i]);
    }
}
