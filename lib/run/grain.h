/* SPDX-License-Identifier: Apache-2.0 */
/* How long a unit of a time range is: "day", "6h", "2 weeks". */
#ifndef INCLOAD_LIB_RUN_GRAIN_H
#define INCLOAD_LIB_RUN_GRAIN_H

#include "base/error.h"
#include "base/str.h"

typedef enum incload__grain_base {
    INCLOAD__GRAIN_MINUTE,
    INCLOAD__GRAIN_HOUR,
    INCLOAD__GRAIN_DAY,
    INCLOAD__GRAIN_WEEK,
    INCLOAD__GRAIN_MONTH,
    INCLOAD__GRAIN_QUARTER,
    INCLOAD__GRAIN_YEAR
} incload__grain_base;

typedef struct incload__grain {
    incload__grain_base base;
    int32_t count; /* 1 to 10000 */
} incload__grain;

/* A number, or none for 1, and a word with or without a blank between. Minutes and hours must divide a day: units that
 * wandered through the days would begin at another hour in each. */
int32_t incload__grain_parse(const char *text, incload__grain *out, incload_error **err);
/* Seconds of a clock, or 0 for a grain of months; months, or 0. */
int64_t incload__grain_seconds(incload__grain grain);
int32_t incload__grain_months(incload__grain grain);
/* Shorter than a day. */
static inline bool
incload__grain_is_short(incload__grain grain)
{
    return grain.base <= INCLOAD__GRAIN_HOUR;
}
/* As it is parsed: "2 weeks". */
void incload__grain_text(incload__grain grain, incload__str *out);

#endif
