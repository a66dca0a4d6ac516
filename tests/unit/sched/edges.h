/* SPDX-License-Identifier: Apache-2.0 */
/* A stage with policies, a source that gives keys from 0 on, and a note of what was told. */
#ifndef INCLOAD_TESTS_UNIT_SCHED_EDGES_H
#define INCLOAD_TESTS_UNIT_SCHED_EDGES_H

#include "lender.h"
#include "sched/stage.h"

#include "sched/scheduler_internal.h"

enum { MOST_EVENTS = 64, SECOND = 1000000 };

static incload__sched_event events[MOST_EVENTS];
static int32_t event_count;
static incload__sched_policy policies[3];
static incload__sched_source source;
static int64_t next_key, last_key;

static inline int32_t
give(void *data, int64_t *key, int64_t *again_us)
{
    (void)data;
    (void)again_us;
    if (next_key == last_key)
        return INCLOAD__SOURCE_END;
    *key = next_key++;
    return INCLOAD__SOURCE_UNIT;
}

static inline void
note(void *data, const incload__sched_event *event)
{
    (void)data;
    if (event_count < MOST_EVENTS)
        events[event_count++] = *event;
}

static inline int32_t
events_of(int32_t kind, int32_t reason)
{
    int32_t found = 0;

    for (int32_t i = 0; i < event_count; i++)
        found += events[i].kind == kind && events[i].reason == reason;
    return found;
}

static inline void
set_up(void)
{
    stage_set_up();
    event_count = 0;
    memset(policies, 0, sizeof policies);
    config.policies = policies;
    config.policy_count = 3;
    next_key = 0;
    last_key = 0;
    source = (incload__sched_source){ .next = give, .max_failures = -1 };
}

/* A node with that many units. */
static inline int32_t
source_of(int64_t units, int32_t flags, int32_t policy)
{
    source.node = node_with(INCLOAD__NODE_SOURCE | flags, INCLOAD__RULE_ALL_SUCCESS, policy);
    last_key = units;
    config.sources = &source;
    config.source_count = 1;
    return source.node;
}

static inline void
complete_with(incload__sched_unit unit, incload__sched_outcome outcome)
{
    ck_assert_int_eq(incload__sched_complete(sched, unit.token, &outcome), INCLOAD_OK);
}

#endif
