/* SPDX-License-Identifier: Apache-2.0 */
#include "run/unit_bounds.h"

#include "batch/kind.h"
#include "load/interval.h"

#define US INT64_C(1000000)

enum { SECONDS_PER_DAY = 86400 };

static int64_t
floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

static bool
is_time(incload__family family)
{
    return family == INCLOAD__F_DATE || family == INCLOAD__F_TIMESTAMP || family == INCLOAD__F_TIMESTAMPTZ;
}

static int32_t
refuse_hours(const incload__column *cursor, const incload__zone *zone, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_TYPE,
                         "the cursor '%.64s' has no time zone, and the clock of %.64s shows an end of a unit twice: "
                         "take units of a day, a cursor with a time zone, or UTC",
                         cursor->name, incload__zone_name(zone));
}

int32_t
incload__bounds_check(const incload__bounds_spec *spec, const incload__range *range, int32_t axis, incload_error **err)
{
    incload__family family = incload__traits(spec->cursor->type)->family;
    int32_t kind = incload__range_kind(range, axis);

    if (kind == INCLOAD__RANGE_KEYS)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "a list of keys is no interval of the cursor '%.64s': give units of keys to a process "
                             "function",
                             spec->cursor->name);
    if (is_time(family) != (kind == INCLOAD__RANGE_TIME))
        return incload__fail(err, INCLOAD_E_TYPE, "the cursor '%.64s' is %s, the range is one of %s: take the other",
                             spec->cursor->name, is_time(family) ? "of time" : "not of time",
                             kind == INCLOAD__RANGE_TIME ? "time" : "integers");
    if (family == INCLOAD__F_DATE && incload__grain_is_short(incload__range_grain(range, axis)))
        return incload__fail(err, INCLOAD_E_TYPE,
                             "the cursor '%.64s' holds days, which units of hours or minutes would cut: take units of "
                             "a day or more",
                             spec->cursor->name);
    if (family == INCLOAD__F_TIMESTAMP && spec->naive == INCLOAD__NAIVE_LOCAL && incload__range_repeats(range, axis))
        return refuse_hours(spec->cursor, incload__range_zone(range, axis), err);
    return INCLOAD_OK;
}

/* Days begin at the first instant of theirs: only a clipped end does not. */
static int32_t
day_of(const incload__bounds_spec *spec, const incload__zone *zone, int64_t us, int64_t *days, incload_error **err)
{
    *days = floor_divide(incload__zone_clock(zone, floor_divide(us, US)), SECONDS_PER_DAY);
    if (incload__zone_first(zone, *days * SECONDS_PER_DAY) * US == us)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_TYPE,
                         "the cursor '%.64s' holds days, and an end of the range lies inside one: begin and end with "
                         "whole days",
                         spec->cursor->name);
}

/* Along the instants at which units begin the clock only rises, but for the second pass of what it shows twice. */
static int32_t
clock_of(const incload__bounds_spec *spec, const incload__zone *zone, int64_t us, int64_t *clock, incload_error **err)
{
    int64_t instant = floor_divide(us, US), first, last;
    int64_t shown = incload__zone_clock(zone, instant);

    if (incload__zone_instants(zone, shown, &first, &last) == INCLOAD__CLOCK_TWICE && first != instant)
        return refuse_hours(spec->cursor, zone, err);
    *clock = shown * US + (us - instant * US);
    return INCLOAD_OK;
}

static int32_t
value_of(const incload__bounds_spec *spec, const incload__zone *zone, int64_t bound, int64_t *value,
         incload_error **err)
{
    incload__family family = incload__traits(spec->cursor->type)->family;

    if (family == INCLOAD__F_DATE)
        return day_of(spec, zone, bound, value, err);
    if (family == INCLOAD__F_TIMESTAMP && spec->naive == INCLOAD__NAIVE_LOCAL)
        return clock_of(spec, zone, bound, value, err);
    *value = bound;
    return INCLOAD_OK;
}

int32_t
incload__bounds_of(const incload__bounds_spec *spec, const incload__range *range, const incload__range_unit *unit,
                   int32_t axis, char *bounds[2], incload_error **err)
{
    const incload__zone *zone = incload__range_zone(range, axis);
    int64_t ends[2] = { unit->parts[axis].lo, unit->parts[axis].hi };
    int32_t status = incload__bounds_check(spec, range, axis, err);
    int64_t value = 0;

    bounds[0] = NULL;
    bounds[1] = NULL;
    for (int i = 0; i < 2 && status == INCLOAD_OK; i++) {
        status = value_of(spec, zone, ends[i], &value, err);
        if (status == INCLOAD_OK)
            status = incload__interval_text(spec->mem, spec->dialect, spec->cursor, value, &bounds[i], err);
    }
    if (status != INCLOAD_OK) {
        incload__free(spec->mem, bounds[0]);
        bounds[0] = NULL;
    }
    return status;
}
