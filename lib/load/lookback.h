/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on a watermark's text, where no server is asked to do it. */
#ifndef INCLOAD_LIB_LOAD_LOOKBACK_H
#define INCLOAD_LIB_LOAD_LOOKBACK_H

#include "load/horizon.h"

enum { INCLOAD__LOOKBACK_TEXT = 64 };

/* A value of the cursor `distance` (microseconds, or a difference of numbers) before `value`, in the very form of that:
 * separator, digits behind the point and zone stay. Not before `initial` (may be NULL). False: it cannot be told. */
bool incload__look_back(incload__cursor_unit unit, const char *value, int64_t distance, const char *initial,
                        char out[INCLOAD__LOOKBACK_TEXT]);
/* How far `early` lies before `late`, in the same unit; false when it cannot be told. */
bool incload__distance_between(incload__cursor_unit unit, const char *early, const char *late, int64_t *distance);

#endif
