/* SPDX-License-Identifier: Apache-2.0 */
#include "run/grid.h"

#include <string.h>

#include "base/civil.h"

enum { SECONDS_PER_DAY = 86400, MONDAY = -3 }; /* 1969-12-29 */

/* How far beyond the ends the grid reaches: any jump of the clock is over by then. */
enum { MARGIN = 3 * SECONDS_PER_DAY };

static int64_t
floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

static int64_t
ceiling(int64_t value, int64_t origin, int64_t step)
{
    return origin - floor_divide(origin - value, step) * step;
}

/* ---- steps of equal length on the clock ---- */

/* Walks over the changes of the clock. */
typedef struct walk {
    incload__grid *grid;
    int64_t origin;  /* on the clock */
    bool may_repeat; /* units that come twice are two */
    int64_t from;    /* the range itself, without the margin */
    int64_t to;
    int64_t reached; /* boundaries below this on the clock have been met */
} walk;

/* `count` boundaries from `first` on. */
static int32_t
add_piece(incload__grid *grid, int64_t first, int64_t count, incload_error **err)
{
    const incload__grid_piece *last = &grid->pieces[grid->count > 0 ? grid->count - 1 : 0];

    if (count <= 0)
        return INCLOAD_OK;
    bool goes_on = grid->count > 0 && last->first + (grid->boundaries - last->number) * grid->step == first;
    if (!goes_on && grid->count == grid->capacity) {
        int32_t capacity = grid->capacity > 0 ? 2 * grid->capacity : 16;
        void *grown = incload__realloc(grid->mem, grid->pieces, (size_t)capacity * sizeof *grid->pieces);
        if (grown == NULL)
            return incload__fail_memory(err);
        grid->pieces = grown;
        grid->capacity = capacity;
    }
    if (!goes_on)
        grid->pieces[grid->count++] = (incload__grid_piece){ grid->boundaries, first };
    grid->boundaries += count;
    return INCLOAD_OK;
}

/* The clock jumped to `clock` at `at`: does a unit begin there that does not begin on a multiple? */
static bool
jumps_into_unit(walk *w, int64_t at, int64_t clock, int64_t before)
{
    int64_t step = w->grid->step;

    if (w->may_repeat && before - clock >= step) {
        w->reached = clock;
        if (at + (before - clock) > w->from && at - (before - clock) < w->to)
            w->grid->repeats = true;
        return ceiling(clock, w->origin, step) != clock;
    }
    int64_t due = ceiling(w->reached, w->origin, step);
    return due < clock && ceiling(clock, w->origin, step) != clock;
}

/* A stretch [from, to) without a change of the clock, which showed `before` when the one before it ended. */
static int32_t
walk_span(walk *w, int64_t from, int64_t to, int32_t offset, int64_t before, incload_error **err)
{
    int64_t step = w->grid->step;
    int64_t clock = from + offset;
    int32_t status = INCLOAD_OK;

    if (jumps_into_unit(w, from, clock, before))
        status = add_piece(w->grid, from, 1, err);
    int64_t next = ceiling(clock > w->reached ? clock : w->reached, w->origin, step);
    int64_t end = to + offset;
    if (status == INCLOAD_OK && next < end)
        status = add_piece(w->grid, next - offset, floor_divide(end - 1 - next, step) + 1, err);
    if (w->reached < end)
        w->reached = end;
    return status;
}

static int32_t
walk_all(walk *w, const incload__zone *zone, int64_t from, int64_t to, incload_error **err)
{
    incload__zone_span span = incload__zone_span_at(zone, from);
    int64_t before = from + span.offset;
    int32_t status = INCLOAD_OK;

    w->reached = before;
    for (int64_t at = from; at < to && status == INCLOAD_OK; at = span.to) {
        span = incload__zone_span_at(zone, at);
        int64_t end = span.to < to ? span.to : to;
        status = walk_span(w, at, end, span.offset, before, err);
        before = end + span.offset;
    }
    return status;
}

/* Where multiples of days and weeks are counted from: on the clock. */
static int64_t
origin_of(const incload__grid_spec *spec)
{
    incload__grain one = { spec->grain.base, 1 };
    int64_t natural =
        spec->grain.base == INCLOAD__GRAIN_WEEK ? (MONDAY + (int64_t)spec->first_weekday - 1) * SECONDS_PER_DAY : 0;

    if (incload__grain_is_short(spec->grain))
        return 0;
    int64_t length = incload__grain_seconds(one);
    return natural + floor_divide(incload__zone_clock(spec->zone, spec->from) - natural, length) * length;
}

/* ---- months ---- */

static int64_t
month_of(const incload__zone *zone, int64_t instant)
{
    int64_t year;
    int32_t month, day;

    incload__civil_from_days(floor_divide(incload__zone_clock(zone, instant), SECONDS_PER_DAY), &year, &month, &day);
    return year * 12 + month - 1;
}

static int64_t
month_boundary(const incload__grid *grid, int64_t number)
{
    int64_t month = grid->first_month + number * grid->months;
    int64_t year = floor_divide(month, 12);
    int64_t days = incload__days_from_civil(year, (int32_t)(month - year * 12) + 1, 1);

    return incload__zone_first(grid->zone, days * SECONDS_PER_DAY);
}

static int64_t
find_month(const incload__grid *grid, int64_t instant)
{
    int64_t number = floor_divide(month_of(grid->zone, instant) - grid->first_month, grid->months);

    /* A clock that went back over midnight shows the old month once more. */
    return month_boundary(grid, number + 1) <= instant ? number + 1 : number;
}

static void
init_months(incload__grid *grid, const incload__grid_spec *spec)
{
    incload__grain one = { spec->grain.base, 1 };
    incload__grid natural = { .zone = spec->zone, .months = incload__grain_months(one) };

    grid->months = incload__grain_months(spec->grain);
    /* The natural grain that `from` lies in: the months of 0 begin quarters and years. */
    grid->first_month = find_month(&natural, spec->from) * natural.months;
}

/* ---- */

int32_t
incload__grid_init(incload__grid *grid, const incload__mem *mem, const incload__grid_spec *spec, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    *grid = (incload__grid){ .mem = mem, .zone = spec->zone };
    grid->step = incload__grain_seconds(spec->grain);
    if (grid->step == 0) {
        init_months(grid, spec);
        return INCLOAD_OK;
    }
    walk w = { .grid = grid,
               .origin = origin_of(spec),
               .may_repeat = incload__grain_is_short(spec->grain),
               .from = spec->from,
               .to = spec->to };
    status = walk_all(&w, spec->zone, spec->from - grid->step - MARGIN, spec->to + grid->step + MARGIN, err);
    if (status != INCLOAD_OK)
        incload__grid_free(grid);
    return status;
}

void
incload__grid_free(incload__grid *grid)
{
    incload__free(grid->mem, grid->pieces);
    grid->pieces = NULL;
}

static bool
is_in_piece(const incload__grid *grid, int64_t number, int32_t piece)
{
    return piece >= 0 && piece < grid->count && grid->pieces[piece].number <= number
           && (piece + 1 == grid->count || number < grid->pieces[piece + 1].number);
}

static int32_t
find_piece(const incload__grid *grid, int64_t number)
{
    int32_t low = 0, high = grid->count;

    while (high - low > 1) {
        int32_t middle = low + (high - low) / 2;
        if (grid->pieces[middle].number <= number)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int64_t
incload__grid_boundary_near(const incload__grid *grid, int64_t number, int32_t *piece)
{
    if (grid->step == 0)
        return month_boundary(grid, number);
    if (!is_in_piece(grid, number, *piece)) {
        if (is_in_piece(grid, number, *piece + 1))
            ++*piece;
        else if (is_in_piece(grid, number, *piece - 1))
            --*piece;
        else
            *piece = find_piece(grid, number);
    }
    return grid->pieces[*piece].first + (number - grid->pieces[*piece].number) * grid->step;
}

int64_t
incload__grid_boundary(const incload__grid *grid, int64_t number)
{
    int32_t piece = 0;

    return incload__grid_boundary_near(grid, number, &piece);
}

int64_t
incload__grid_find(const incload__grid *grid, int64_t instant)
{
    int32_t low = 0, high = grid->count;

    if (grid->step == 0)
        return find_month(grid, instant);
    while (high - low > 1) {
        int32_t middle = low + (high - low) / 2;
        if (grid->pieces[middle].first <= instant)
            low = middle;
        else
            high = middle;
    }
    int64_t number = grid->pieces[low].number + floor_divide(instant - grid->pieces[low].first, grid->step);
    int64_t end = low + 1 < grid->count ? grid->pieces[low + 1].number : grid->boundaries;
    return number < end ? number : end - 1;
}
