/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/retry.h"

enum { DOUBLING = 200, CAP_OF_BASES = 100, LONGEST_S = 2592000 };

static int64_t
ceiling(const incload__retry_rule *rule, int32_t failures)
{
    const int64_t month_us = (int64_t)LONGEST_S * 1000000;
    int64_t factor = rule->factor_percent > 0 ? rule->factor_percent : DOUBLING;
    int64_t delay = rule->base_us < month_us ? rule->base_us : month_us;
    int64_t cap = rule->cap_us > 0 ? rule->cap_us : delay * CAP_OF_BASES;

    if (cap > month_us)
        cap = month_us;
    for (int32_t i = 1; i < failures && delay < cap && factor > 100; i++)
        delay = delay / 100 * factor + delay % 100 * factor / 100;
    return delay < cap ? delay : cap;
}

int64_t
incload__retry_delay_us(const incload__env *env, const incload__retry_rule *rule, int32_t failures)
{
    int64_t delay = ceiling(rule, failures);
    int64_t fixed = rule->jitter == INCLOAD__JITTER_EQUAL ? delay / 2 : 0;

    if (rule->jitter == INCLOAD__JITTER_NONE || delay <= 0)
        return delay;
    return fixed + (int64_t)(incload__random(env) % (uint64_t)(delay - fixed + 1));
}
