/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of time: ends as people write them, and what becomes of ends inside a unit. */
#include <string.h>

#include "base/civil.h"
#include "run/range_internal.h"

enum { SECONDS_PER_DAY = 86400, FIRST_DAY = -719162, LAST_DAY = 2932896 };

/* One of the ends; `exact` when the text named its offset. */
typedef struct instant {
    int64_t us;
    const char *text;
} instant;

static int64_t
floor_seconds(int64_t us)
{
    return us / INCLOAD__US - (us % INCLOAD__US < 0 ? 1 : 0);
}

static int64_t
day_begins(const incload__zone *zone, int64_t days)
{
    return incload__zone_first(zone, days * SECONDS_PER_DAY) * INCLOAD__US;
}

static int32_t
fail_instant(const char *text, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_INVALID,
                         "'%.64s' is no end of a range of time: write a day from 0001-01-01 to 9999-12-31, or an "
                         "instant such as 2024-01-01T06:00:00+01:00",
                         text);
}

/* A day's text, or false. */
static bool
parse_day(const char *text, int64_t *days)
{
    size_t length = text != NULL ? strlen(text) : 0;

    return length > 0 && incload__parse_date(text, length, days) && *days >= FIRST_DAY && *days <= LAST_DAY;
}

/* What the clock of the zone showed, which must have been so once. */
static int32_t
from_clock(const incload__zone *zone, const char *text, int64_t clock_us, int64_t *us, incload_error **err)
{
    int64_t seconds = floor_seconds(clock_us), first, last;
    int32_t shown = incload__zone_instants(zone, seconds, &first, &last);

    if (shown == INCLOAD__CLOCK_ONCE) {
        *us = first * INCLOAD__US + (clock_us - seconds * INCLOAD__US);
        return INCLOAD_OK;
    }
    return incload__fail(err, INCLOAD_E_INVALID,
                         shown == INCLOAD__CLOCK_TWICE
                             ? "the clock of %.64s shows '%.64s' twice: write the offset from UTC behind it"
                             : "the clock of %.64s skips '%.64s': write a time that it shows, or one in UTC",
                         incload__zone_name(zone), text);
}

static int32_t
parse_instant(const incload__zone *zone, const char *text, int64_t *us, incload_error **err)
{
    size_t length = text != NULL ? strlen(text) : 0;
    int64_t days;
    bool exact;
    int32_t offset;

    if (parse_day(text, &days)) {
        *us = day_begins(zone, days);
        return INCLOAD_OK;
    }
    if (length == 0 || !incload__parse_timestamp(text, length, us, &exact, &offset)
        || *us < FIRST_DAY * (int64_t)SECONDS_PER_DAY * INCLOAD__US
        || *us >= (LAST_DAY + INT64_C(1)) * SECONDS_PER_DAY * INCLOAD__US)
        return fail_instant(text != NULL ? text : "", err);
    if (!exact)
        return from_clock(zone, text, *us, us, err);
    *us -= offset * INCLOAD__US;
    return INCLOAD_OK;
}

/* ---- ends inside a unit ---- */

static void
write_instant(const incload__zone *zone, int64_t seconds, char out[48])
{
    (void)incload__format_timestamp(incload__zone_clock(zone, seconds) * INCLOAD__US, false, out);
}

static int32_t
refuse_edge(const incload__axis *axis, const char *text, int64_t lower, int64_t upper, incload_error **err)
{
    const incload__zone *zone = axis->calendar.zone;
    char before[48], after[48];
    incload__grain grain = axis->calendar.grain;
    incload__str name = INCLOAD__STR(axis->grid.mem);

    write_instant(zone, lower, before);
    write_instant(zone, upper, after);
    incload__grain_text(grain, &name);
    if (name.failed)
        return incload__fail_memory(err);
    int32_t status = incload__fail(err, INCLOAD_E_INVALID,
                                   "the end '%.64s' of the range lies inside a unit of %s, which goes from %s to %s in "
                                   "%.64s: move it there, or let the range expand, shrink or clip",
                                   text, incload__str_text(&name), before, after, incload__zone_name(zone));
    incload__str_free(&name);
    return status;
}

/* Sets the boundary at which the units begin or end, and moves the end there unless it clips. */
static int32_t
settle_edge(const incload__axis *axis, bool is_end, const char *text, int64_t *us, int64_t *number, incload_error **err)
{
    int64_t below = incload__grid_find(&axis->grid, floor_seconds(*us));
    int64_t lower = incload__grid_boundary(&axis->grid, below);

    *number = below;
    if (lower * INCLOAD__US == *us)
        return INCLOAD_OK;
    int64_t upper = incload__grid_boundary(&axis->grid, below + 1);
    int32_t edges = axis->calendar.edges;
    if (edges == INCLOAD__EDGES_REFUSE)
        return refuse_edge(axis, text, lower, upper, err);

    bool grows = edges != INCLOAD__EDGES_SHRINK;
    *number = below + (grows == is_end ? 1 : 0);
    if (edges != INCLOAD__EDGES_CLIP)
        *us = *number == below ? lower * INCLOAD__US : upper * INCLOAD__US;
    return INCLOAD_OK;
}

static int32_t
settle(incload__range *range, const instant *from, const instant *to, incload_error **err)
{
    incload__axis *axis = &range->axis[0];
    int64_t last = 0;
    incload__grid_spec spec = { axis->calendar.grain, axis->calendar.zone, axis->calendar.first_weekday,
                                floor_seconds(from->us), floor_seconds(to->us) + 1 };

    axis->from = from->us;
    axis->to = to->us;
    int32_t status = incload__grid_init(&axis->grid, range->mem, &spec, err);
    if (status == INCLOAD_OK)
        status = settle_edge(axis, false, from->text, &axis->from, &axis->first, err);
    if (status == INCLOAD_OK)
        status = settle_edge(axis, true, to->text, &axis->to, &last, err);
    if (status != INCLOAD_OK)
        return status;

    /* Within one unit nothing is left after shrinking; an empty range has no unit, wherever it lies. */
    bool empty = last <= axis->first || from->us == to->us;
    axis->count = empty ? 0 : last - axis->first;
    if (empty)
        axis->to = axis->from;
    range->count = axis->count;
    return INCLOAD_OK;
}

static incload__range *
new_range(const incload__mem *mem, const instant *from, const instant *to, const incload__calendar *calendar,
          incload_error **err)
{
    if (from->us > to->us) {
        (void)incload__fail(err, INCLOAD_E_INVALID, "the range ends at '%.64s', before it begins at '%.64s'", to->text,
                            from->text);
        return NULL;
    }
    incload__range *range = incload__range_new(mem, INCLOAD__RANGE_TIME, err);
    if (range == NULL)
        return NULL;
    range->axis[0].calendar = *calendar;
    if (calendar->first_weekday == 0)
        range->axis[0].calendar.first_weekday = 1;
    if (settle(range, from, to, err) == INCLOAD_OK)
        return range;
    incload__range_free(range);
    return NULL;
}

incload__range *
incload__range_instants(const incload__mem *mem, const char *from, const char *to, const incload__calendar *calendar,
                        incload_error **err)
{
    instant begin = { 0, from }, end = { 0, to };

    if (parse_instant(calendar->zone, from, &begin.us, err) != INCLOAD_OK
        || parse_instant(calendar->zone, to, &end.us, err) != INCLOAD_OK)
        return NULL;
    return new_range(mem, &begin, &end, calendar, err);
}

incload__range *
incload__range_dates(const incload__mem *mem, const char *from, const char *through, const incload__calendar *calendar,
                     incload_error **err)
{
    int64_t first, last;

    if (!parse_day(from, &first) || !parse_day(through, &last)) {
        const char *wrong = parse_day(from, &first) ? through : from;
        (void)incload__fail(err, INCLOAD_E_INVALID,
                            "'%.64s' is no day: write one from 0001-01-01 to 9999-12-31, such as 2024-01-31",
                            wrong != NULL ? wrong : "");
        return NULL;
    }
    if (first > last) {
        (void)incload__fail(err, INCLOAD_E_INVALID, "the range goes through '%.64s', which is before '%.64s'", through,
                            from);
        return NULL;
    }
    instant begin = { day_begins(calendar->zone, first), from };
    instant end = { day_begins(calendar->zone, last + 1), through };
    return new_range(mem, &begin, &end, calendar, err);
}
