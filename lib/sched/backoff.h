/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before trying again. */
#ifndef INCLOAD_LIB_SCHED_BACKOFF_H
#define INCLOAD_LIB_SCHED_BACKOFF_H

#include "base/env.h"

/* Exponential with full jitter: uniform from 0 to base * 2^(failures - 1), at most max_ms. Many that failed together do
 * not come back together. Microseconds. */
int64_t incload__backoff_us(const incload__env *env, int64_t base_ms, int64_t max_ms, int32_t failures);

#endif
