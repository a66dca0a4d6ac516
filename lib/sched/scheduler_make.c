/* SPDX-License-Identifier: Apache-2.0 */
/* A scheduler's making, from its graph and its settings, and its end. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sched/scheduler_internal.h"

static const incload__sched_gate open_gate = { .limit = { 0 } };
static const incload__sched_policy plain_policy = { .gate = 0 };

static int32_t
check_gate(const incload__sched_gate *gate, int32_t number, const incload__sched_config *c, incload_error **err)
{
    for (int32_t i = 0; i < INCLOAD__SCHED_GATE_POOLS; i++) {
        int32_t pool = gate->pools[i];
        int64_t slots = 0;
        if (gate->weights[i] < 0 || pool < 0 || (gate->weights[i] > 0 && pool >= c->pool_count))
            return incload__fail(err, INCLOAD_E_INVALID, "gate %d names a pool that does not exist", number);
        for (int32_t j = 0; j <= i; j++)
            slots += gate->pools[j] == pool ? gate->weights[j] : 0;
        if (gate->weights[i] > 0 && slots > c->pools[pool].slots)
            return incload__fail(err, INCLOAD_E_INVALID,
                                 "a unit needs %lld slots of pool '%s', which has %d: it could never start",
                                 (long long)slots, c->pools[pool].name, c->pools[pool].slots);
    }
    return INCLOAD_OK;
}

static int32_t
check_config(const incload__graph *graph, const incload__sched_config *c, incload_error **err)
{
    int32_t sources = 0, gates = c->gate_count > 0 ? c->gate_count : 1;

    if (!graph->frozen)
        return incload__fail(err, INCLOAD_E_STATE, "the graph must be frozen before it runs");
    if (graph->max_policy >= (c->policy_count > 0 ? c->policy_count : 1))
        return incload__fail(err, INCLOAD_E_INVALID, "a node names policy %d, which does not exist", graph->max_policy);
    for (int32_t i = 0; i < c->gate_count; i++) {
        if (check_gate(&c->gates[i], i, c, err) != INCLOAD_OK)
            return INCLOAD_E_INVALID;
    }
    for (int32_t i = 0; i < c->policy_count; i++) {
        if (c->policies[i].gate < 0 || c->policies[i].gate >= gates)
            return incload__fail(err, INCLOAD_E_INVALID, "policy %d names a gate that does not exist", i);
    }
    for (int32_t i = 0; i < graph->nodes; i++)
        sources += (graph->flags[i] & INCLOAD__NODE_SOURCE) != 0;
    for (int32_t i = 0; i < c->source_count; i++) {
        int32_t node = c->sources[i].node;
        if (node < 0 || node >= graph->nodes || (graph->flags[node] & INCLOAD__NODE_SOURCE) == 0
            || c->sources[i].next == NULL)
            return incload__fail(err, INCLOAD_E_INVALID, "source %d is for no node that takes one", i);
        for (int32_t j = 0; j < i; j++) {
            if (c->sources[j].node == node)
                return incload__fail(err, INCLOAD_E_INVALID, "node %d has two sources", node);
        }
    }
    return sources == c->source_count ? INCLOAD_OK
                                      : incload__fail(err, INCLOAD_E_INVALID, "a node is without its source");
}

static bool
copy(const incload__mem *mem, void *slot, const void *from, int32_t count, size_t size)
{
    void *block = incload__alloc_array(mem, (size_t)count, size);

    if (block == NULL)
        return false;
    if (count > 0)
        memcpy(block, from, (size_t)count * size);
    memcpy(slot, &block, sizeof block);
    return true;
}

static void
fill_gate(incload__sched_gate_state *gate, const incload__sched_gate *spec)
{
    *gate = (incload__sched_gate_state){ .spec.limit = spec->limit };
    for (int32_t i = 0; i < INCLOAD__SCHED_GATE_POOLS; i++) {
        int32_t at = 0;
        while (at < gate->pairs && gate->spec.pools[at] != spec->pools[i])
            at++;
        if (spec->weights[i] == 0)
            continue;
        gate->spec.pools[at] = spec->pools[i];
        gate->spec.weights[at] += spec->weights[i];
        gate->pairs += at == gate->pairs;
    }
    incload__limit_init(&gate->limit, &spec->limit);
}

static bool
has_limit(const incload__sched_gate_state *gate)
{
    return gate->spec.limit.max_running > 0 || gate->spec.limit.interval_us > 0;
}

static bool
same_pools(const incload__sched_gate *a, const incload__sched_gate *b)
{
    return memcmp(a->pools, b->pools, sizeof a->pools) == 0 && memcmp(a->weights, b->weights, sizeof a->weights) == 0;
}

/* Gates without a limit of their own that ask the same of the pools are one: each costs a look at every take. */
static bool
join_gates(incload__sched *s)
{
    int32_t *joined = incload__alloc_array(&s->env->mem, (size_t)s->gate_count, sizeof *joined);
    int32_t count = 0;

    if (joined == NULL)
        return false;
    for (int32_t i = 0; i < s->gate_count; i++) {
        int32_t at = has_limit(&s->gates[i]) ? count : 0;
        while (at < count && (has_limit(&s->gates[at]) || !same_pools(&s->gates[at].spec, &s->gates[i].spec)))
            at++;
        joined[i] = at;
        if (at == count)
            s->gates[count++] = s->gates[i];
    }
    for (int32_t i = 0; i < s->policy_count; i++)
        s->policies[i].gate = joined[s->policies[i].gate];
    s->gate_count = count;
    incload__free(&s->env->mem, joined);
    return true;
}

static void
measure_pools(incload__sched *s)
{
    for (int32_t i = 0; i < s->gate_count; i++) {
        for (int32_t j = 0; j < s->gates[i].pairs; j++) {
            incload__sched_pool_state *pool = &s->pools[s->gates[i].spec.pools[j]];
            if (s->gates[i].spec.weights[j] > pool->most)
                pool->most = s->gates[i].spec.weights[j];
        }
    }
}

/* One queue for each limit there is. */
static bool
make_queues(incload__sched *s)
{
    const incload__mem *mem = &s->env->mem;

    s->queue_of = incload__alloc_array(mem, (size_t)s->policy_count, sizeof *s->queue_of);
    s->queues = incload__alloc_array(mem, (size_t)s->policy_count, sizeof *s->queues);
    if (s->queue_of == NULL || s->queues == NULL)
        return false;
    for (int32_t i = 0; i < s->policy_count; i++) {
        const incload__sched_policy *p = &s->policies[i];
        int64_t limit = p->queue_us > 0 && (p->total_us <= 0 || p->queue_us < p->total_us) ? p->queue_us : p->total_us;
        int32_t at = 0;
        while (at < s->queue_count && s->queues[at].limit_us != limit)
            at++;
        s->queue_of[i] = limit > 0 ? at : -1;
        if (limit > 0 && at == s->queue_count)
            s->queues[s->queue_count++].limit_us = limit;
    }
    if (s->queue_count > 0)
        s->ready_us = incload__alloc_array(mem, (size_t)s->graph->nodes + (size_t)s->max_added, sizeof *s->ready_us);
    return s->queue_count == 0 || s->ready_us != NULL;
}

static bool
make_tables(incload__sched *s, const incload__sched_config *c)
{
    const incload__mem *mem = &s->env->mem;
    const incload__sched_gate *gates = c->gate_count > 0 ? c->gates : &open_gate;

    s->policy_count = c->policy_count > 0 ? c->policy_count : 1;
    s->gate_count = c->gate_count > 0 ? c->gate_count : 1;
    s->pool_count = c->pool_count;
    s->gates = incload__alloc_array(mem, (size_t)s->gate_count, sizeof *s->gates);
    /* One more, so that the entry that an unused pair names is there. */
    s->pools = incload__alloc_array(mem, (size_t)s->pool_count + 1, sizeof *s->pools);
    if (s->gates == NULL || s->pools == NULL
        || !copy(mem, &s->policies, c->policy_count > 0 ? c->policies : &plain_policy, s->policy_count,
                 sizeof *s->policies)
        || !copy(mem, &s->sources, c->sources, c->source_count, sizeof *s->sources))
        return false;
    for (int32_t i = 0; i < s->gate_count; i++) {
        fill_gate(&s->gates[i], &gates[i]);
        s->timed = s->timed || gates[i].limit.interval_us > 0;
    }
    if (!join_gates(s))
        return false;
    for (int32_t i = 0; i < s->pool_count; i++) {
        s->pools[i].slots = c->pools[i].slots;
        s->pools[i].name = incload__strdup(mem, c->pools[i].name);
        if (s->pools[i].name == NULL)
            return false;
    }
    measure_pools(s);
    for (int32_t i = 0; i < s->policy_count; i++) {
        const incload__sched_policy *p = &s->policies[i];
        const int64_t limits[] = { p->queue_us, p->attempt_us, p->total_us, p->heartbeat_us, p->grace_us };
        for (size_t j = 0; j < sizeof limits / sizeof limits[0]; j++) {
            s->deadlines = s->deadlines || limits[j] > 0;
            s->soonest_us = limits[j] > 0 && limits[j] < s->soonest_us ? limits[j] : s->soonest_us;
        }
    }
    s->timed = s->timed || s->deadlines || s->hooks.event != NULL || c->source_count > 0;
    return make_queues(s);
}

static bool
make_lanes(incload__sched *s, int32_t source_count)
{
    s->lane_count = s->gate_count + source_count;
    s->lanes = incload__alloc_array(&s->env->mem, (size_t)s->lane_count, sizeof *s->lanes);
    if (s->lanes == NULL)
        return false;
    for (int32_t i = 0; i < s->lane_count; i++) {
        incload__sched_lane *lane = &s->lanes[i];
        lane->retry_first = lane->retry_last = -1;
        if (i < s->gate_count) {
            lane->gate = i;
            lane->plain = s->gates[i].pairs == 0 && !has_limit(&s->gates[i]);
            if (!incload__ready_init(&lane->ready, &s->env->mem, s->graph->nodes))
                return false;
            continue;
        }
        lane->source = &s->sources[i - s->gate_count];
        lane->gate = s->policies[s->graph->policy[lane->source->node]].gate;
        lane->paused = lane->source->paused;
        lane->again_us = INT64_MIN;
        incload__limit_init(&lane->limit, &lane->source->limit);
    }
    return true;
}

static bool
make_nodes(incload__sched *s)
{
    const incload__graph *graph = s->graph;

    s->nodes = incload__alloc_array(&s->env->mem, (size_t)graph->nodes, sizeof *s->nodes);
    if (s->nodes == NULL)
        return false;
    for (int32_t i = 0; i < graph->nodes; i++) {
        incload__sched_node *node = &s->nodes[graph->by_place[i]];
        node->place = i;
        node->link = -1;
    }
    for (int32_t i = 0; i < graph->nodes; i++) {
        s->nodes[i].policy = graph->policy[i];
        s->nodes[i].rule = graph->rule[i];
        s->nodes[i].flags = graph->flags[i];
        if (graph->rules[graph->rule[i]].kind == INCLOAD__RULE_ALL_SUCCESS)
            s->nodes[i].flags |= NODE_ALL_SUCCESS;
        s->nodes[i].status = INCLOAD_STATUS_PENDING;
    }
    for (int32_t i = 0; i < graph->edges; i++)
        s->nodes[graph->to[i]].upstreams++;
    s->node_count = s->open_nodes = graph->nodes;
    return true;
}

static void
make_clockwork(incload__sched *s)
{
    pthread_mutexattr_t kind;
    pthread_condattr_t clock;

    pthread_mutexattr_init(&kind);
#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
    /* Held for less than a sleep costs. */
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
    pthread_mutex_init(&s->lock, &kind);
    pthread_mutexattr_destroy(&kind);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&s->work, &clock);
    pthread_cond_init(&s->timing, &clock);
    pthread_cond_init(&s->ending, &clock);
    pthread_condattr_destroy(&clock);
}

/* The first events are not lost, however little memory is left when they come. */
static bool
make_boxes(incload__sched *s)
{
    if (s->hooks.event == NULL)
        return true;
    s->outbox = incload__alloc_array(&s->env->mem, OUTBOX_FIRST, sizeof *s->outbox);
    s->spare = incload__alloc_array(&s->env->mem, OUTBOX_FIRST, sizeof *s->spare);
    s->outbox_capacity = s->spare_capacity = OUTBOX_FIRST;
    return s->outbox != NULL && s->spare != NULL;
}

incload__sched *
incload__sched_new(const incload__env *env, const incload__graph *graph, const incload__sched_config *config,
                   incload_error **err)
{
    if (check_config(graph, config, err) != INCLOAD_OK)
        return NULL;
    incload__sched *s = incload__alloc(&env->mem, sizeof *s);
    if (s == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    s->env = env;
    s->graph = graph;
    s->pid = (int32_t)getpid();
    s->hooks = config->hooks;
    s->paused = config->paused;
    s->max_added = config->max_added;
    s->state = INCLOAD__RUN_RUNNING;
    s->queues_us = s->watch_us = s->soonest_us = INT64_MAX;
    s->done = s->ask = s->mask_node = s->slot_free = -1;
    make_clockwork(s);
    if (!make_tables(s, config) || !make_lanes(s, config->source_count) || !make_nodes(s) || !make_boxes(s)) {
        incload__fail_memory(err);
        incload__sched_free(s);
        return NULL;
    }
    return s;
}

static void
stop_threads(incload__sched *s)
{
    incload__sched_enter(s);
    s->closing = true;
    pthread_cond_broadcast(&s->work);
    pthread_cond_broadcast(&s->timing);
    incload__sched_unlock(s);
    for (int32_t i = 0; i < s->thread_count; i++)
        pthread_join(s->threads[i], NULL);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->timing);
    pthread_cond_destroy(&s->ending);
    pthread_mutex_destroy(&s->lock);
}

void
incload__sched_free(incload__sched *s)
{
    if (s == NULL)
        return;
    const incload__mem *mem = &s->env->mem;
    /* A forked child has none of the threads, and perhaps a lock that nobody will give back. */
    if (s->pid == (int32_t)getpid())
        stop_threads(s);
    for (int32_t i = 0; s->lanes != NULL && i < s->lane_count; i++) {
        incload__ready_free(&s->lanes[i].ready, mem);
        incload__free(mem, s->lanes[i].added);
    }
    for (int32_t i = 0; s->pools != NULL && i < s->pool_count; i++)
        incload__free(mem, s->pools[i].name);
    incload__timer_free(&s->timer, mem);
    for (int32_t i = 0; s->queues != NULL && i < s->queue_count; i++)
        incload__free(mem, s->queues[i].nodes);
    void *const blocks[] = { s->nodes,      s->policies, s->gates,    s->pools,  s->sources, s->lanes,
                             s->slots,      s->rules,    s->links,    s->outbox, s->spare,   s->threads,
                             s->link_first, s->queue_of, s->ready_us, s->queues };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        incload__free(mem, blocks[i]);
    incload__free(mem, s);
}
