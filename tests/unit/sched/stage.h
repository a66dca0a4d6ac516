/* SPDX-License-Identifier: Apache-2.0 */
/* A scheduler on a stage: a graph of a few nodes, a clock that moves when told, a record of what happened. */
#ifndef INCLOAD_TESTS_UNIT_SCHED_STAGE_H
#define INCLOAD_TESTS_UNIT_SCHED_STAGE_H

#include "harness.h"

#include <stdatomic.h>
#include <string.h>

#include "sched/scheduler.h"

static incload__graph *graph;
static incload__sched *sched;
static incload__sched_config config;
static incload__env env;
static _Atomic int64_t now_us;

static inline int64_t
stage_clock(void *data)
{
    (void)data;
    return now_us;
}

/* Half of the range: jitter that can be foretold. */
static inline uint64_t
stage_random(void *data)
{
    (void)data;
    return 500;
}

static inline void
stage_set_up(void)
{
    env = incload__env_system;
    env.monotonic_us = stage_clock;
    env.random = stage_random;
    now_us = 1000;
    memset(&config, 0, sizeof config);
    graph = incload__graph_new(&env.mem);
    sched = NULL;
}

static inline void
stage_tear_down(void)
{
    incload__sched_free(sched);
    incload__graph_free(graph);
}

static inline int32_t
node_with(int32_t flags, int32_t rule, int32_t policy)
{
    const incload__node_spec spec = { .flags = flags, .policy = policy, .rule = { .kind = rule } };
    int32_t id = incload__graph_add_node(graph, &spec);

    ck_assert_int_ge(id, 0);
    return id;
}

static inline int32_t
node(void)
{
    return node_with(0, INCLOAD__RULE_ALL_SUCCESS, 0);
}

static inline void
edge(int32_t from, int32_t to)
{
    ck_assert_int_eq(incload__graph_add_edge(graph, from, to, 0), INCLOAD_OK);
}

static inline void
begin(void)
{
    incload_error *err = NULL;

    ck_assert_int_eq(incload__graph_freeze(graph, NULL, NULL), INCLOAD_OK);
    sched = incload__sched_new(&env, graph, &config, &err);
    ck_assert_msg(sched != NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(incload__sched_begin(sched), INCLOAD_OK);
}

/* The unit that is handed out now; its node is the one expected. */
static inline incload__sched_unit
pull(int32_t expected)
{
    incload__sched_unit unit = { .node = -1 };

    ck_assert_int_eq(incload__sched_pull(sched, &unit, 0), INCLOAD__PULL_UNIT);
    ck_assert_int_eq(unit.node, expected);
    return unit;
}

static inline void
pull_nothing(void)
{
    incload__sched_unit unit;

    ck_assert_int_eq(incload__sched_pull(sched, &unit, 0), INCLOAD__PULL_NONE);
}

static inline void
pull_end(int32_t state)
{
    incload__sched_unit unit;

    ck_assert_int_eq(incload__sched_pull(sched, &unit, 0), INCLOAD__PULL_END);
    ck_assert_int_eq(incload__sched_state(sched), state);
}

static inline void
complete(incload__sched_unit unit, int32_t kind)
{
    const incload__sched_outcome outcome = { .kind = kind };

    ck_assert_int_eq(incload__sched_complete(sched, unit.token, &outcome), INCLOAD_OK);
}

static inline void
complete_next(int32_t expected, int32_t kind)
{
    complete(pull(expected), kind);
}

static inline incload__sched_info
info(int32_t id)
{
    incload__sched_info found;

    ck_assert_int_eq(incload__sched_info_of(sched, id, &found), INCLOAD_OK);
    return found;
}

static inline void
expect(int32_t id, int32_t status, int32_t reason)
{
    incload__sched_info found = info(id);

    ck_assert_msg(found.status == status && found.reason == reason, "node %d is %d for %d, not %d for %d", id,
                  found.status, found.reason, status, reason);
}

#define OK INCLOAD__OUTCOME_OK
#define FAILED INCLOAD__OUTCOME_FAILED

#endif
