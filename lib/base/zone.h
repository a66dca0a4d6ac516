/* SPDX-License-Identifier: Apache-2.0 */
/* A time zone of the system's tzdata, read by the library itself: the C library's calendar looks at the environment,
 * has one zone for the whole process, and does not say where a clock skips or repeats. Immutable, so any number of
 * threads may use one. Instants are seconds since 1970 UTC, clocks the same count of what a clock on the wall shows. */
#ifndef INCLOAD_LIB_BASE_ZONE_H
#define INCLOAD_LIB_BASE_ZONE_H

#include "base/error.h"
#include "base/mem.h"

typedef struct incload__zone incload__zone;

/* The longest stretch around an instant in which the offset stays: [from, to), INT64_MIN and INT64_MAX where it has no
 * end. */
typedef struct incload__zone_span {
    int64_t from;
    int64_t to;
    int32_t offset; /* seconds east of UTC */
} incload__zone_span;

/* How often a clock shows a time. */
enum { INCLOAD__CLOCK_ONCE, INCLOAD__CLOCK_SKIPPED, INCLOAD__CLOCK_TWICE };

/* No clock is further from UTC than this (RFC 8536). */
enum { INCLOAD__ZONE_MOST_OFFSET = 26 * 3600 };

/* By its name, such as Europe/Berlin, from the system's files; "UTC" needs none. NULL on failure. */
incload__zone *incload__zone_load(const incload__mem *mem, const char *name, incload_error **err);
/* From the bytes of a file (TZif, version 2 or later). NULL on failure. */
incload__zone *incload__zone_parse(const incload__mem *mem, const char *name, const void *bytes, size_t length,
                                   incload_error **err);
void incload__zone_free(incload__zone *zone);
const char *incload__zone_name(const incload__zone *zone);

/* A NULL zone is UTC in what follows. Instants and clocks lie within the years -290000 to 290000. */
incload__zone_span incload__zone_span_at(const incload__zone *zone, int64_t instant);
int64_t incload__zone_clock(const incload__zone *zone, int64_t instant);
/* The first instant at which the clock shows this or more: where it is skipped, the jump itself. Never falls as the
 * clock rises, so what is cut at such instants has neither gaps nor overlaps. */
int64_t incload__zone_first(const incload__zone *zone, int64_t clock);
/* All instants at which the clock shows this: INCLOAD__CLOCK_... ; *first as above, *last is the latest of them. */
int32_t incload__zone_instants(const incload__zone *zone, int64_t clock, int64_t *first, int64_t *last);

#endif
