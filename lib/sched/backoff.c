/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/backoff.h"

int64_t
incload__backoff_us(const incload__env *env, int64_t base_ms, int64_t max_ms, int32_t failures)
{
    int64_t ceiling = base_ms;

    for (int32_t i = 1; i < failures && ceiling < max_ms; i++)
        ceiling *= 2;
    if (ceiling > max_ms)
        ceiling = max_ms;
    return (int64_t)(incload__random(env) % ((uint64_t)ceiling * 1000 + 1));
}
