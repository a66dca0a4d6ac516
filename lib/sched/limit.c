/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/limit.h"

void
incload__limit_init(incload__limit *limit, const incload__limit_spec *spec)
{
    *limit = (incload__limit){ .spec = *spec, .arrival_us = INT64_MIN / 2 };
    if (limit->spec.burst < 1)
        limit->spec.burst = 1;
    if (spec->max_running <= 0)
        limit->now = INT32_MAX;
    else if (spec->min_running > 0 && spec->min_running < spec->max_running)
        limit->now = spec->min_running;
    else
        limit->now = spec->max_running;
}

int64_t
incload__limit_opens_us(const incload__limit *limit)
{
    return limit->arrival_us - limit->spec.interval_us * (limit->spec.burst - 1);
}

int32_t
incload__limit_look(const incload__limit *limit, int64_t now_us)
{
    if (limit->running >= limit->now)
        return INCLOAD__LIMIT_FULL;
    if (limit->spec.interval_us > 0 && incload__limit_opens_us(limit) > now_us)
        return INCLOAD__LIMIT_RATE;
    return INCLOAD__LIMIT_FREE;
}

void
incload__limit_start(incload__limit *limit, int64_t now_us)
{
    limit->running++;
    if (limit->spec.interval_us > 0)
        limit->arrival_us = (limit->arrival_us > now_us ? limit->arrival_us : now_us) + limit->spec.interval_us;
}

static bool
adapts(const incload__limit *limit)
{
    return limit->spec.min_running > 0 && limit->spec.min_running < limit->spec.max_running;
}

bool
incload__limit_end(incload__limit *limit, bool throttled)
{
    int32_t before = limit->now;
    bool deaf = limit->deaf > 0;

    limit->running--;
    if (!adapts(limit))
        return false;
    if (deaf)
        limit->deaf--;
    if (throttled && !deaf) {
        limit->now -= limit->now / 10 > 1 ? limit->now / 10 : 1;
        if (limit->now < limit->spec.min_running)
            limit->now = limit->spec.min_running;
        limit->deaf = limit->running;
    }
    limit->good = throttled ? 0 : limit->good + 1;
    if (limit->good >= limit->now && limit->now < limit->spec.max_running) {
        limit->now++;
        limit->good = 0;
    }
    return limit->now != before;
}
