/* SPDX-License-Identifier: Apache-2.0 */
/* What a backfill covers, and the units that it is cut into. A range is a rule, not a list: any unit is told by its
 * ordinal, in the memory of the rule alone. Units cover [from, to) without gap or overlap. A range does not change once
 * it is made, so any number of threads may ask it. */
#ifndef INCLOAD_LIB_RUN_RANGE_H
#define INCLOAD_LIB_RUN_RANGE_H

#include "base/zone.h"
#include "run/grain.h"

typedef struct incload__range incload__range;

enum { INCLOAD__RANGE_TIME = 1, INCLOAD__RANGE_INTEGERS, INCLOAD__RANGE_KEYS };

/* What becomes of ends that lie inside a unit. */
enum {
    INCLOAD__EDGES_REFUSE,
    INCLOAD__EDGES_EXPAND, /* the whole unit */
    INCLOAD__EDGES_SHRINK, /* nothing of it */
    INCLOAD__EDGES_CLIP    /* the part of it */
};

/* The part of a unit on one axis. */
typedef struct incload__unit_part {
    int64_t lo;      /* time: microseconds since 1970 UTC; keys: the place in the list */
    int64_t hi;      /* the first that is not in it */
    const char *key; /* of keys: borrowed from the range; else NULL */
} incload__unit_part;

enum { INCLOAD__RANGE_AXES = 2 };

typedef struct incload__range_unit {
    int64_t ordinal; /* from 0 */
    incload__unit_part parts[INCLOAD__RANGE_AXES];
} incload__range_unit;

typedef struct incload__calendar {
    incload__grain grain;
    const incload__zone *zone; /* NULL is UTC; must outlive the range */
    int32_t edges;             /* INCLOAD__EDGES_... */
    int32_t first_weekday;     /* 1 (Monday) to 7; 0 is Monday */
} incload__calendar;

/* Whole days, both of them in it: "2024-01-01" through "2024-03-31". NULL on failure, as of the others. */
incload__range *incload__range_dates(const incload__mem *mem, const char *from, const char *through,
                                     const incload__calendar *calendar, incload_error **err);
/* From an instant up to but without another: "2024-01-01 06:00" is the zone's clock, "2024-01-01T06:00:00+01:00" is
 * exact, "2024-01-01" is where that day begins. */
incload__range *incload__range_instants(const incload__mem *mem, const char *from, const char *to,
                                        const incload__calendar *calendar, incload_error **err);
/* From a number up to but without another, in units of `step`; the last may be shorter. */
incload__range *incload__range_integers(const incload__mem *mem, int64_t from, int64_t to, int64_t step,
                                        incload_error **err);
/* One unit for each key; copied. */
incload__range *incload__range_keys(const incload__mem *mem, const char *const *keys, int64_t count,
                                    incload_error **err);
/* Every unit of one with every unit of the other, which changes first. Neither may be a product. Takes both over, also
 * when it fails; one that is NULL is a failure already told. */
incload__range *incload__range_product(incload__range *outer, incload__range *inner, incload_error **err);
void incload__range_free(incload__range *range);

int64_t incload__range_count(const incload__range *range);
/* The unit of an ordinal from 0 to count - 1. */
incload__range_unit incload__range_at(const incload__range *range, int64_t ordinal);
/* Where the last unit was, so that its neighbours are found sooner; zeroed at first, for one range. */
typedef struct incload__range_hint {
    int32_t piece[INCLOAD__RANGE_AXES];
} incload__range_hint;

incload__range_unit incload__range_near(const incload__range *range, int64_t ordinal, incload__range_hint *hint);
/* 1, or 2 of a product. */
int32_t incload__range_axes(const incload__range *range);
/* INCLOAD__RANGE_... of an axis. */
int32_t incload__range_kind(const incload__range *range, int32_t axis);
/* Of an axis: what the units cover together. */
incload__unit_part incload__range_whole(const incload__range *range, int32_t axis);
/* Of an axis of time; NULL is UTC. */
const incload__zone *incload__range_zone(const incload__range *range, int32_t axis);
incload__grain incload__range_grain(const incload__range *range, int32_t axis);
/* Some units of an axis of time lie in an hour that the clock shows twice. */
bool incload__range_repeats(const incload__range *range, int32_t axis);

/* For people: 2024-01-01, 2024-01, 2024-01-01T06:00+01:00, 0..999, a key; a product's two with " x " between. */
void incload__range_label(const incload__range *range, const incload__range_unit *unit, incload__str *out);
/* For the ledger: unlike for unlike units, and the same however the range around them was written. */
void incload__range_key(const incload__range *range, const incload__range_unit *unit, incload__str *out);

#endif
