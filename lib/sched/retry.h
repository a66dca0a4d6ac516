/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before the next attempt, by kind of failure. */
#ifndef INCLOAD_LIB_SCHED_RETRY_H
#define INCLOAD_LIB_SCHED_RETRY_H

#include "base/env.h"

enum {
    INCLOAD__JITTER_FULL = 0,  /* uniform from 0 to the delay: what failed together does not come back together */
    INCLOAD__JITTER_EQUAL = 1, /* uniform from half the delay to the delay */
    INCLOAD__JITTER_NONE = 2
};

typedef struct incload__retry_rule {
    int64_t base_us;
    int64_t cap_us;          /* 0: 100 times the base */
    int32_t factor_percent;  /* 200 doubles with each failure; 0 is 200 */
    int32_t jitter;
} incload__retry_rule;

/* Before the attempt that follows `failures` failures, 1 and more. */
int64_t incload__retry_delay_us(const incload__env *env, const incload__retry_rule *rule, int32_t failures);

#endif
