/* SPDX-License-Identifier: Apache-2.0 */
/* Where units of time begin: the boundaries of a grain in the civil time of a zone, as instants, by number. A boundary
 * is never told by adding hours to the one before: days have 23 to 25 of them, and some days do not exist.
 *
 * A grain of days or more begins at the first instant at which the clock shows its midnight or more. A shorter grain
 * begins wherever the clock shows a multiple of it or jumps over one; where the clock goes back by a whole unit or
 * more, units that come twice are two, and where it goes back by less, the unit is longer. */
#ifndef INCLOAD_LIB_RUN_GRID_H
#define INCLOAD_LIB_RUN_GRID_H

#include "base/zone.h"
#include "run/grain.h"

/* Boundaries that follow each other at equal distances. */
typedef struct incload__grid_piece {
    int64_t number; /* of the first of them */
    int64_t first;  /* seconds since 1970 UTC */
} incload__grid_piece;

typedef struct incload__grid {
    const incload__mem *mem;
    const incload__zone *zone;
    int64_t step;                /* seconds; 0: months */
    incload__grid_piece *pieces; /* of steps: memory grows with the changes of the clock, not with the units */
    int32_t count;
    int32_t capacity;
    int64_t boundaries;
    bool repeats; /* between `from` and `to` the clock shows some units twice */
    int32_t months;
    int64_t first_month; /* months since January of year 0 */
} incload__grid;

typedef struct incload__grid_spec {
    incload__grain grain;
    const incload__zone *zone; /* NULL is UTC; borrowed, as long as the grid */
    int32_t first_weekday;     /* of weeks: 1 is Monday, 7 is Sunday */
    int64_t from;              /* instants that the grid must reach beyond, on both sides */
    int64_t to;
} incload__grid_spec;

/* Multiples of days and more are counted from the grain (of one) that `from` lies in. */
int32_t incload__grid_init(incload__grid *grid, const incload__mem *mem, const incload__grid_spec *spec,
                           incload_error **err);
void incload__grid_free(incload__grid *grid);
/* The instant of a boundary, for numbers that incload__grid_find() gave, and one more. */
int64_t incload__grid_boundary(const incload__grid *grid, int64_t number);
/* The same, faster for numbers near the last one asked for: *piece begins as 0. */
int64_t incload__grid_boundary_near(const incload__grid *grid, int64_t number, int32_t *piece);
/* The last boundary at or before an instant from `from` to `to`. */
int64_t incload__grid_find(const incload__grid *grid, int64_t instant);

#endif
