/* SPDX-License-Identifier: Apache-2.0 */
/* The rule for all years to come that ends a time zone file: POSIX TZ, such as CET-1CEST,M3.5.0,M10.5.0/3. */
#ifndef INCLOAD_LIB_BASE_TZRULE_H
#define INCLOAD_LIB_BASE_TZRULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct incload__tzrule_day {
    char form;     /* 'J': day 1 to 365, without 29 February; 'N': day 0 to 365; 'M': month, week, weekday */
    int32_t month; /* of 'M'; of the other two: the day */
    int32_t week;  /* 1 to 5; 5 is the last */
    int32_t weekday;
    int32_t time; /* seconds from midnight, of the clock that ends; may be negative or beyond a day */
} incload__tzrule_day;

typedef struct incload__tzrule {
    int32_t standard; /* seconds east of UTC */
    int32_t summer;
    bool changes; /* else `standard` holds for ever */
    incload__tzrule_day start;
    incload__tzrule_day end;
} incload__tzrule;

/* A change of the clock: from `at` (seconds since 1970 UTC) on `offset` holds. */
typedef struct incload__tzrule_event {
    int64_t at;
    int32_t offset;
} incload__tzrule_event;

/* The whole text, or false. */
bool incload__tzrule_parse(const char *text, size_t length, incload__tzrule *out);
/* The two changes that the rule makes in a year, the earlier first. */
void incload__tzrule_year(const incload__tzrule *rule, int64_t year, incload__tzrule_event out[2]);

#endif
