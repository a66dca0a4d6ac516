/* SPDX-License-Identifier: Apache-2.0 */
/* The earthquakes of doc/examples/earthquakes.csv, a day of `updated` at a time. */
#ifndef INCLOAD_TESTS_INTEGRATION_LOAD_QUAKES_H
#define INCLOAD_TESTS_INTEGRATION_LOAD_QUAKES_H

#include "support.h"

enum { QUAKES = 1707, QUAKE_DAYS = 8 };

extern const char quake_columns[];

/* Reads the file that INCLOAD_TEST_EARTHQUAKES names. */
void quakes_read(void);
/* How many were updated on a day, 0 to QUAKE_DAYS - 1. */
int32_t quakes_on(int32_t day);
/* An empty table for them, with an index on `updated`. */
void quakes_make(place at, const char *table);
/* Puts the rows of one day in, in an order that the seed decides. */
void quakes_add(place at, const char *table, int32_t day, uint64_t seed);

#endif
