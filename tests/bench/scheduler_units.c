/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a million empty units, timed from the first to the last:
 *
 *     scheduler_units SIDE SHAPE COUNT THREADS
 *
 * SIDE: `ours`; `full` (ours with pools, priorities, timeouts, retries and events); `bare` (a pool of a mutex, a
 * condition variable and counters, and nothing else); `check` (only checks the graph). SHAPE: `flat`, `chain`, `layers`
 * of 100 with 4 edges into each, `source` (ours only). Prints nanoseconds per unit on the clock, and of processor
 * time of all threads, bytes per unit, edges. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sched/scheduler.h"

enum { LAYER = 100, INTO = 4 };

typedef struct stopwatch {
    int64_t wall;
    int64_t cpu;
} stopwatch;

static int64_t
read_ns(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static stopwatch
start_watch(void)
{
    return (stopwatch){ read_ns(CLOCK_MONOTONIC), read_ns(CLOCK_PROCESS_CPUTIME_ID) };
}

static void
print_watch(stopwatch began, int32_t count, int64_t bytes, int64_t edges)
{
    stopwatch now = start_watch();

    printf("%.2f %.2f %.2f %lld\n", (double)(now.wall - began.wall) / count, (double)(now.cpu - began.cpu) / count,
           (double)bytes / count, (long long)edges);
}

static void
die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* ---- memory, counted ---- */

static _Atomic int64_t in_use;

static void *
counted_allocate(size_t size, void *data)
{
    size_t *block = malloc(size + 16);

    (void)data;
    if (block == NULL)
        return NULL;
    *block = size;
    in_use += (int64_t)size;
    return block + 2;
}

static void
counted_release(void *block, void *data)
{
    (void)data;
    if (block == NULL)
        return;
    in_use -= (int64_t)((size_t *)block)[-2];
    free((size_t *)block - 2);
}

static void *
counted_reallocate(void *block, size_t size, void *data)
{
    size_t before = block != NULL ? ((size_t *)block)[-2] : 0;
    void *after = counted_allocate(size, data);

    if (after == NULL)
        return NULL;
    if (block != NULL)
        memcpy(after, block, before < size ? before : size);
    counted_release(block, data);
    return after;
}

/* ---- shapes ---- */

static int32_t
upstream(const char *shape, int32_t node, int32_t which)
{
    if (strcmp(shape, "chain") == 0)
        return which == 0 ? node - 1 : -1;
    if (strcmp(shape, "layers") != 0 || node < LAYER || which >= INTO)
        return -1;
    return (node / LAYER - 1) * LAYER + (node % LAYER + which * 7) % LAYER;
}

static _Atomic int64_t ran;
static _Atomic int64_t events;

static void
run_nothing(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    static _Thread_local int64_t mine;

    (void)data;
    (void)unit;
    /* Counted without a shared line for each unit. */
    if ((++mine & 1023) == 0)
        atomic_fetch_add_explicit(&ran, 1024, memory_order_relaxed);
    outcome->kind = INCLOAD__OUTCOME_OK;
}

static void
count_event(void *data, const incload__sched_event *event)
{
    (void)data;
    (void)event;
    atomic_fetch_add_explicit(&events, 1, memory_order_relaxed);
}

typedef struct range {
    int64_t next;
    int64_t end;
} range;

static int32_t
next_unit(void *data, int64_t *key, int64_t *again_us)
{
    range *r = data;

    (void)again_us;
    if (r->next == r->end)
        return INCLOAD__SOURCE_END;
    *key = r->next++;
    return INCLOAD__SOURCE_UNIT;
}

static incload__graph *
make_graph(const incload__mem *mem, const char *shape, int32_t count, bool full)
{
    incload__graph *graph = incload__graph_new(mem);
    bool source = strcmp(shape, "source") == 0;

    if (source)
        count = 1;
    for (int32_t i = 0; i < count; i++) {
        incload__node_spec spec = { .flags = source ? INCLOAD__NODE_SOURCE : 0 };
        if (full) {
            spec.priority = i % 3;
            spec.weight = 1 + i % 5;
            spec.policy = i % 4;
        }
        if (incload__graph_add_node(graph, &spec) != i)
            die("no node");
    }
    for (int32_t i = 0; i < count; i++) {
        for (int32_t j = 0, from; (from = upstream(shape, i, j)) >= 0; j++) {
            if (incload__graph_add_edge(graph, from, i, 0) != INCLOAD_OK)
                die("no edge");
        }
    }
    return graph;
}

static void
run_ours(const char *shape, int32_t count, int32_t threads, bool full)
{
    const incload__sched_pool pools[] = { { "warehouse", 64 }, { "api", 32 } };
    const incload__sched_gate gates[] = { { .pools = { 0 }, .weights = { 1 }, .limit = { .max_running = 64 } },
                                          { .pools = { 0, 1 }, .weights = { 2, 1 } } };
    incload__sched_policy policies[4];
    range units = { 0, count };
    const incload__sched_source source = { .next = next_unit, .user_data = &units, .max_failures = -1,
                                           .limit = { .max_running = 64 } };
    incload__sched_config config = { .hooks = { .run = run_nothing } };
    incload__env env = incload__env_system;

    env.mem = (incload__mem){ counted_allocate, counted_reallocate, counted_release, NULL };
    for (int32_t i = 0; i < 4; i++)
        policies[i] = (incload__sched_policy){ .gate = i % 2, .attempts = 3, .retry = { .base_us = 1000 },
                                               .queue_us = 60000000, .attempt_us = 60000000, .total_us = 600000000,
                                               .heartbeat_us = 30000000, .grace_us = 1000000 };
    if (full) {
        config.pools = pools;
        config.pool_count = 2;
        config.gates = gates;
        config.gate_count = 2;
        config.policies = policies;
        config.policy_count = 4;
        config.hooks.event = count_event;
    }
    if (strcmp(shape, "source") == 0) {
        config.sources = &source;
        config.source_count = 1;
    }
    int64_t before = in_use;
    incload__graph *graph = make_graph(&env.mem, shape, count, full);
    if (incload__graph_freeze(graph, NULL, NULL) != INCLOAD_OK)
        die("the graph is refused");
    incload__sched *sched = incload__sched_new(&env, graph, &config, NULL);
    if (sched == NULL || incload__sched_start_pool(sched, threads, 0, NULL) != INCLOAD_OK)
        die("no scheduler");
    int64_t bytes = in_use - before;
    stopwatch began = start_watch();
    incload__sched_begin(sched);
    int32_t state = incload__sched_wait(sched, -1);
    print_watch(began, count, bytes, incload__graph_edge_count(graph));
    if (state != INCLOAD__RUN_SUCCESS || ran < count - 1024 * threads || (full && events < 3 * (int64_t)count))
        die("the run went wrong");
    incload__sched_free(sched);
    incload__graph_free(graph);
}

static void
run_check(const char *shape, int32_t count)
{
    incload__graph *graph = make_graph(&incload__mem_libc, shape, count, false);
    stopwatch began = start_watch();

    if (incload__graph_check(graph, NULL, NULL) != INCLOAD_OK)
        die("the graph is refused");
    print_watch(began, count, 0, incload__graph_edge_count(graph));
    incload__graph_free(graph);
}

/* ---- the least that can be done with a mutex ---- */

static struct bare {
    pthread_mutex_t lock;
    pthread_cond_t work;
    int32_t count;
    int32_t left;
    int32_t waiting;
    int32_t ready_count;
    int32_t *ready;
    int32_t *upstreams;
    int32_t *first;
    int32_t *to;
} bare;

static void *
bare_main(void *data)
{
    incload__sched_outcome outcome;
    incload__sched_unit unit = { .token = 0 };
    int32_t node = -1;

    (void)data;
    for (;;) {
        pthread_mutex_lock(&bare.lock);
        if (node >= 0) {
            bare.left--;
            for (int32_t i = bare.first[node]; i < bare.first[node + 1]; i++) {
                if (--bare.upstreams[bare.to[i]] == 0)
                    bare.ready[bare.ready_count++] = bare.to[i];
            }
        }
        while (bare.ready_count == 0 && bare.left > 0) {
            bare.waiting++;
            pthread_cond_wait(&bare.work, &bare.lock);
            bare.waiting--;
        }
        if (bare.left == 0 || bare.ready_count == 0) {
            pthread_cond_broadcast(&bare.work);
            pthread_mutex_unlock(&bare.lock);
            return NULL;
        }
        node = bare.ready[--bare.ready_count];
        if (bare.ready_count > 0 && bare.waiting > 0)
            pthread_cond_signal(&bare.work);
        pthread_mutex_unlock(&bare.lock);
        run_nothing(NULL, &unit, &outcome);
    }
}

static void
run_bare(const char *shape, int32_t count, int32_t threads)
{
    pthread_t handles[64];
    size_t size = (size_t)count + 1;

    pthread_mutex_init(&bare.lock, NULL);
    pthread_cond_init(&bare.work, NULL);
    bare.count = bare.left = count;
    bare.ready = calloc(size, sizeof *bare.ready);
    bare.upstreams = calloc(size, sizeof *bare.upstreams);
    bare.first = calloc(size + 1, sizeof *bare.first);
    bare.to = calloc(size * INTO, sizeof *bare.to);
    for (int32_t i = 0; i < count; i++) {
        for (int32_t j = 0; upstream(shape, i, j) >= 0; j++) {
            bare.first[upstream(shape, i, j) + 1]++;
            bare.upstreams[i]++;
        }
    }
    for (int32_t i = 0; i < count; i++)
        bare.first[i + 1] += bare.first[i];
    int32_t edges = bare.first[count];
    int32_t *at = calloc(size, sizeof *at);
    memcpy(at, bare.first, (size_t)count * sizeof *at);
    for (int32_t i = 0; i < count; i++) {
        for (int32_t j = 0; upstream(shape, i, j) >= 0; j++)
            bare.to[at[upstream(shape, i, j)]++] = i;
    }
    for (int32_t i = count - 1; i >= 0; i--) {
        if (bare.upstreams[i] == 0)
            bare.ready[bare.ready_count++] = i;
    }
    stopwatch began = start_watch();
    for (int32_t i = 0; i < threads; i++)
        pthread_create(&handles[i], NULL, bare_main, NULL);
    for (int32_t i = 0; i < threads; i++)
        pthread_join(handles[i], NULL);
    print_watch(began, count, 0, edges);
    free(at);
    free(bare.ready);
    free(bare.upstreams);
    free(bare.first);
    free(bare.to);
}

int
main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: scheduler_units ours|full|bare|check flat|chain|layers|source COUNT THREADS\n");
        return 2;
    }
    int32_t count = (int32_t)atol(argv[3]), threads = (int32_t)atol(argv[4]);
    if (threads < 1 || threads > 64)
        return 2;
    if (strcmp(argv[1], "bare") == 0)
        run_bare(argv[2], count, threads);
    else if (strcmp(argv[1], "check") == 0)
        run_check(argv[2], count);
    else
        run_ours(argv[2], count, threads, strcmp(argv[1], "full") == 0);
    return 0;
}
