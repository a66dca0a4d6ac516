/* SPDX-License-Identifier: Apache-2.0 */
/* How many may run at once and how often one may start. Pure bookkeeping; the owner's lock guards it. */
#ifndef INCLOAD_LIB_SCHED_LIMIT_H
#define INCLOAD_LIB_SCHED_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct incload__limit_spec {
    int32_t max_running; /* 0 sets no limit */
    int32_t min_running; /* below max_running: the limit adapts between the two; 0: it is fixed */
    int64_t interval_us; /* one start for each interval on average; 0 sets no rate */
    int32_t burst;       /* this many may start at once after a pause; 0 is 1 */
} incload__limit_spec;

typedef struct incload__limit {
    incload__limit_spec spec;
    int32_t running;
    int32_t now;      /* the limit as it stands; INT32_MAX without one */
    int32_t good;     /* ends without a complaint since it last changed */
    int32_t deaf;     /* ends that may still complain about the load before the last cut */
    int64_t arrival_us; /* of the generic cell rate algorithm: when the next start would be exactly in time */
} incload__limit;

enum { INCLOAD__LIMIT_FREE = 0, INCLOAD__LIMIT_FULL = 1, INCLOAD__LIMIT_RATE = 2 };

void incload__limit_init(incload__limit *limit, const incload__limit_spec *spec);
/* Whether one more may start. */
int32_t incload__limit_look(const incload__limit *limit, int64_t now_us);
/* When the rate lets the next one start. */
int64_t incload__limit_opens_us(const incload__limit *limit);
void incload__limit_start(incload__limit *limit, int64_t now_us);
/* `throttled`: the other side complained of load. An adaptive limit then falls by a tenth, once for all that ran under
 * the old one; it grows by one when as many as the limit ended well. True when it changed. */
bool incload__limit_end(incload__limit *limit, bool throttled);

#endif
