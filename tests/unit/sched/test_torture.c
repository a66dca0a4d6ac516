/* SPDX-License-Identifier: Apache-2.0 */
/* Random graphs of all kinds of nodes under random pools, limits and retries, driven in three ways at once, with steps
 * added and a cancel somewhere on the way: what must hold then holds, and without a cancel every node ends as a naive
 * model says. */
#include "stage.h"

#include <pthread.h>

enum { FIRST = 60, ADDED = 30, MOST = FIRST + ADDED + 4, KEYS = 12, POOLS = 3, GATES = 4, POLICIES = 6 };
enum { ROUNDS = 100, TOLD_SKIP_BELOW = 1, THREADS_MOST = 8 };

static uint64_t state_of_random;

static uint64_t
mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static uint64_t
seeded_random(void *data)
{
    (void)data;
    return mix(__atomic_add_fetch(&state_of_random, 1, __ATOMIC_RELAXED));
}

static int32_t
draw(int32_t below)
{
    return (int32_t)(incload__random(&env) % (uint64_t)below);
}

/* ---- what a round is made of ---- */

static uint64_t seed;
static incload__sched_pool pools[POOLS];
static incload__sched_gate gates[GATES];
static incload__sched_policy policies[POLICIES];
static incload__sched_source sources[MOST];
static int64_t next_key[MOST];
static int64_t last_key[MOST];
static incload__node_spec specs[MOST];
static _Atomic bool edges[MOST][MOST];
static _Atomic int32_t nodes; /* those added included */
static int32_t cancel_after;  /* units; 0: no cancel */
static int32_t cancel_level;
static bool deadlines;

/* ---- what happened ---- */

static _Atomic int32_t runs[MOST];
static _Atomic int32_t calls[MOST][KEYS];
static _Atomic bool busy[MOST][KEYS];
static _Atomic bool succeeded[MOST];
static _Atomic bool closed[MOST];
static _Atomic int32_t in_pool[POOLS];
static _Atomic int32_t in_gate[GATES];
static _Atomic int32_t in_source[MOST];
static _Atomic int32_t late, started;
static _Atomic bool cancelled;
static const char *_Atomic broken; /* what must hold and did not; checked by the test's own thread */

/* As the events tell it: by unit, whether an attempt is open, and how often it ended. */
static bool open[MOST][KEYS];
static int32_t ends_of[MOST][KEYS];
static int32_t unit_starts, node_ends[MOST], run_ends, last_event;

static void
must(bool holds, const char *what)
{
    if (!holds)
        broken = what;
}

static bool
is_spared(int32_t id)
{
    return (specs[id].flags & (INCLOAD__NODE_CLEANUP | INCLOAD__NODE_FINISH)) != 0;
}

static int32_t
give_key(void *data, int64_t *key, int64_t *again_us)
{
    int32_t id = (int32_t)((int64_t *)data - next_key);

    (void)again_us;
    if (next_key[id] == last_key[id])
        return INCLOAD__SOURCE_END;
    *key = next_key[id]++;
    return INCLOAD__SOURCE_UNIT;
}

/* Steps behind the unit's own, perhaps before one of those that wait for it. Which graph comes of it depends on the
 * threads; that it ends as the model says does not. */
static void
add_steps(const incload__sched_unit *unit, uint64_t chance)
{
    const incload__node_spec added[2] = { { .policy = unit->node % POLICIES },
                                          { .rule = { .kind = INCLOAD__RULE_ALL_DONE } } };
    int32_t below = unit->node + 1 + (int32_t)(chance % FIRST);
    const incload__sched_added_edge links[] = { { unit->node, -1 }, { -1, -2 }, { -2, below } };
    int32_t count = below < FIRST && edges[unit->node][below] ? 3 : 2;

    /* One at a time: the first new number tells where both are. */
    static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&adding);
    int32_t first = nodes;
    specs[first] = added[0];
    specs[first + 1] = added[1];
    edges[unit->node][first] = edges[first][first + 1] = true;
    bool before = count == 3;
    if (before)
        edges[first + 1][below] = true;
    nodes = first + 2;
    int32_t got = incload__sched_add(sched, unit->token, added, 2, links, count);
    if (got != first) {
        must(got < 0, "a new node has an unexpected number");
        nodes = first;
        edges[unit->node][first] = edges[first][first + 1] = false;
        if (before)
            edges[first + 1][below] = false;
    }
    pthread_mutex_unlock(&adding);
}

static void
enter(const incload__sched_unit *unit)
{
    const incload__sched_gate *gate = &gates[policies[specs[unit->node].policy].gate];
    int32_t number = (int32_t)(gate - gates);

    for (int32_t i = 0; i < 2; i++) {
        int32_t pool = gate->pools[i], before = atomic_fetch_add(&in_pool[pool], gate->weights[i]);
        must(before + gate->weights[i] <= pools[pool].slots, "a pool is over its slots");
    }
    must(++in_gate[number] <= gate->limit.max_running || gate->limit.max_running == 0, "a gate is over its limit");
    if ((specs[unit->node].flags & INCLOAD__NODE_SOURCE) != 0)
        must(++in_source[unit->node] <= 4, "a source is over its limit");
    for (int32_t i = 0; i < nodes && specs[unit->node].rule.kind == INCLOAD__RULE_ALL_SUCCESS; i++)
        must(!edges[i][unit->node] || succeeded[i], "a step began before those above it ended");
}

static void
leave(const incload__sched_unit *unit)
{
    const incload__sched_gate *gate = &gates[policies[specs[unit->node].policy].gate];

    for (int32_t i = 0; i < 2; i++)
        in_pool[gate->pools[i]] -= gate->weights[i];
    in_gate[gate - gates]--;
    in_source[unit->node]--;
}

static int32_t
kind_of(uint64_t chance, int32_t call, bool source)
{
    static const int32_t usual[] = { INCLOAD__OUTCOME_RETRY, INCLOAD__OUTCOME_FAILED, INCLOAD__OUTCOME_SKIP,
                                     INCLOAD__OUTCOME_SHORT_CIRCUIT, INCLOAD__OUTCOME_THROTTLED,
                                     INCLOAD__OUTCOME_YIELD, 99 };
    uint64_t which = chance % 28;

    if (which >= sizeof usual / sizeof usual[0] || (usual[which] == INCLOAD__OUTCOME_SHORT_CIRCUIT && source))
        return OK;
    bool comes_back = usual[which] == INCLOAD__OUTCOME_THROTTLED || usual[which] == INCLOAD__OUTCOME_YIELD;
    return comes_back && call > 3 ? OK : usual[which];
}

static void
run_one(void *data, const incload__sched_unit *unit, incload__sched_outcome *outcome)
{
    int32_t key = (int32_t)unit->key, call = ++calls[unit->node][key];
    bool source = (specs[unit->node].flags & INCLOAD__NODE_SOURCE) != 0;
    uint64_t chance = mix(seed ^ (uint64_t)unit->node << 40 ^ (uint64_t)key << 20 ^ (uint64_t)call);

    (void)data;
    runs[unit->node]++;
    late += cancelled && !is_spared(unit->node);
    must(unit->attempt <= policies[specs[unit->node].policy].attempts, "there were more attempts than allowed");
    if (!deadlines) {
        must(!busy[unit->node][key], "a unit runs twice at once");
        busy[unit->node][key] = true;
        enter(unit);
    }
    if (call == 1 && !source && !is_spared(unit->node) && unit->node < FIRST && chance >> 32 & 1)
        add_steps(unit, chance >> 33);
    if (++started == cancel_after) {
        incload__sched_cancel(sched, cancel_level);
        cancelled = true;
    }
    if ((chance & 7) == 0)
        incload__sched_beat(sched, unit->token);
    outcome->kind = kind_of(chance >> 8, call, source);
    outcome->after_us = (int64_t)(chance >> 16 & 63);
    succeeded[unit->node] = succeeded[unit->node] || source || outcome->kind == OK;
    closed[unit->node] = outcome->kind == INCLOAD__OUTCOME_SHORT_CIRCUIT;
    if (!deadlines) {
        leave(unit);
        busy[unit->node][key] = false;
    }
}

static void
see(void *data, const incload__sched_event *event)
{
    (void)data;
    last_event = event->kind;
    if (event->kind == INCLOAD__SCHED_UNIT_STARTED) {
        must(!open[event->node][event->key], "a unit is told to start twice");
        must(ends_of[event->node][event->key] == 0, "a unit that has ended is told to start");
        open[event->node][event->key] = true;
        unit_starts++;
    }
    if (event->kind == INCLOAD__SCHED_UNIT_FINISHED || event->kind == INCLOAD__SCHED_UNIT_WAITS)
        open[event->node][event->key] = false;
    if (event->kind == INCLOAD__SCHED_UNIT_FINISHED)
        must(++ends_of[event->node][event->key] == 1, "a unit is told to end twice");
    run_ends += event->kind == INCLOAD__SCHED_RUN_FINISHED;
    if (event->kind == INCLOAD__SCHED_NODE_FINISHED)
        node_ends[event->node]++;
}

/* ---- making a round ---- */

static void
make_gates(void)
{
    static const char *const names[POOLS] = { "a", "b", "c" };

    for (int32_t i = 0; i < POOLS; i++)
        pools[i] = (incload__sched_pool){ names[i], 1 + draw(4) };
    for (int32_t i = 0; i < GATES; i++) {
        int32_t one = draw(POOLS), other = (one + 1) % POOLS;
        gates[i] = (incload__sched_gate){ .pools = { one, other }, .limit.max_running = draw(3) * 2 };
        gates[i].weights[0] = draw(pools[one].slots + 1);
        gates[i].weights[1] = draw(pools[other].slots + 1);
    }
    for (int32_t i = 0; i < POLICIES; i++) {
        policies[i] = (incload__sched_policy){ .gate = draw(GATES), .attempts = 1 + draw(3), .retry.base_us = 40,
                                               .throttled.base_us = 20 };
        if (deadlines) {
            policies[i].attempt_us = 1 + draw(200);
            policies[i].grace_us = 1 + draw(50);
            policies[i].queue_us = 20000;
        } else if (draw(2) == 0) {
            policies[i].total_us = policies[i].queue_us = 600000000;
        }
    }
}

static void
make_source(int32_t id)
{
    next_key[id] = 0;
    last_key[id] = draw(KEYS);
    succeeded[id] = last_key[id] == 0; /* without ever running */
    sources[config.source_count++] = (incload__sched_source){
        .node = id, .next = give_key, .user_data = &next_key[id], .max_failures = -1,
        .limit = { .max_running = 4, .min_running = draw(2) }
    };
}

static void
make_nodes(void)
{
    int32_t count = 20 + draw(FIRST - 20);

    for (int32_t i = 0; i < count; i++) {
        int32_t ups = 0;
        for (int32_t k = i == 0 ? 0 : draw(4); k > 0; k--) {
            int32_t from = draw(i);
            ups += !edges[from][i];
            edges[from][i] = true;
        }
        specs[i] = (incload__node_spec){ .policy = draw(POLICIES), .priority = draw(3) };
        specs[i].rule.kind = ups > 0 && draw(2) == 0 ? draw(INCLOAD__RULE_MIN_SUCCESS + 1) : 0;
        specs[i].rule.least = ups > 0 ? draw(ups + 1) : 0;
        if (draw(8) == 0)
            specs[i].flags = INCLOAD__NODE_SOURCE;
        else if (draw(8) == 0)
            specs[i].flags = INCLOAD__NODE_OPTIONAL;
        if (specs[i].flags == INCLOAD__NODE_SOURCE)
            make_source(i);
        ck_assert_int_eq(incload__graph_add_node(graph, &specs[i]), i);
    }
    nodes = count;
    for (int32_t i = 0; i < 3; i++) {
        specs[nodes] = (incload__node_spec){ .flags = INCLOAD__NODE_CLEANUP, .setup = draw(count) };
        if (i == 2)
            specs[nodes] = (incload__node_spec){ .flags = INCLOAD__NODE_FINISH };
        if ((specs[specs[nodes].setup].flags & INCLOAD__NODE_SOURCE) != 0 && i < 2)
            continue;
        ck_assert_int_eq(incload__graph_add_node(graph, &specs[nodes]), nodes);
        nodes++;
    }
    for (int32_t i = 0; i < count; i++) {
        for (int32_t j = 0; j < count; j++) {
            if (edges[i][j])
                edge(i, j);
        }
    }
}

static void
set_up_round(int32_t round)
{
    stage_set_up();
    env = incload__env_system;
    env.random = seeded_random;
    state_of_random = seed = (uint64_t)round * 1000003;
    memset(edges, 0, sizeof edges);
    memset(runs, 0, sizeof runs);
    memset(calls, 0, sizeof calls);
    memset(succeeded, 0, sizeof succeeded);
    memset(closed, 0, sizeof closed);
    memset(in_source, 0, sizeof in_source);
    memset(node_ends, 0, sizeof node_ends);
    memset(open, 0, sizeof open);
    memset(ends_of, 0, sizeof ends_of);
    unit_starts = run_ends = last_event = 0;
    late = started = 0;
    cancelled = false;
    broken = NULL;
    deadlines = round % 4 == 3;
    cancel_after = round % 3 == 2 ? 1 + draw(40) : 0;
    cancel_level = 1 + draw(2);
    config = (incload__sched_config){ .pools = pools, .pool_count = POOLS, .gates = gates, .gate_count = GATES,
                                      .policies = policies, .policy_count = POLICIES, .sources = sources,
                                      .max_added = ADDED, .hooks = { .run = run_one, .event = see } };
    make_gates();
    make_nodes();
}

/* ---- driving ---- */

static void *
take_part(void *data)
{
    (void)data;
    incload__sched_participate(sched);
    return NULL;
}

static void *
pull_and_complete(void *data)
{
    incload__sched_unit unit;

    (void)data;
    while (incload__sched_pull(sched, &unit, -1) == INCLOAD__PULL_UNIT) {
        incload__sched_outcome outcome = { .kind = 0 };
        run_one(NULL, &unit, &outcome);
        incload__sched_complete(sched, unit.token, &outcome);
    }
    return NULL;
}

/* A host that looks, pauses and goes on while others work. */
static void *
meddle(void *data)
{
    (void)data;
    for (int32_t i = 0; incload__sched_state(sched) == INCLOAD__RUN_RUNNING; i++) {
        incload__sched_info found;
        incload__sched_pause(sched, -1, (i & 3) == 0);
        incload__sched_info_of(sched, i % FIRST, &found);
        incload__sched_tick(sched);
        incload__sched_memory(sched);
        incload__sched_pause(sched, -1, false);
        incload__sched_wait(sched, 200);
    }
    return NULL;
}

static int32_t
drive(void)
{
    static void *(*const ways[])(void *) = { take_part, pull_and_complete, meddle, pull_and_complete, take_part };
    pthread_t threads[THREADS_MOST];
    int32_t count = 1 + draw(5), of_pool = draw(3);

    begin();
    ck_assert_int_eq(incload__sched_start_pool(sched, of_pool, 0, NULL), INCLOAD_OK);
    for (int32_t i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, ways[i], NULL);
    int32_t ended = incload__sched_wait(sched, -1);
    for (int32_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_le(late, count + of_pool);
    return ended;
}

/* ---- what must have come of it ---- */

static int32_t
class_below(int32_t id)
{
    incload__sched_info found = info(id);

    if (closed[id] || (found.status == INCLOAD_STATUS_SKIPPED && found.reason != INCLOAD__REASON_UPSTREAM_FAILED))
        return TOLD_SKIP_BELOW;
    return found.status == INCLOAD_STATUS_SUCCESS ? 0 : 2;
}

static void
check_node(int32_t id)
{
    int32_t ends[3] = { 0, 0, 0 };
    incload__rule_counts counts = { .ok = 0 };

    for (int32_t i = 0; i < nodes; i++) {
        if (edges[i][id])
            ends[class_below(i)]++;
    }
    counts = (incload__rule_counts){ ends[0], ends[1], ends[2], ends[0] + ends[1] + ends[2] };
    switch (incload__rule_decide(&specs[id].rule, &counts)) {
    case INCLOAD__DECIDE_RUN:
        ck_assert_msg(runs[id] > 0 || (specs[id].flags & INCLOAD__NODE_SOURCE) != 0, "node %d did not run", id);
        break;
    case INCLOAD__DECIDE_SKIP_BAD:
        expect(id, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_UPSTREAM_FAILED);
        break;
    default:
        expect(id, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_UPSTREAM_SKIPPED);
    }
}

static void
check_all(int32_t ended)
{
    int32_t failed = 0, aside = 0;

    ck_assert_msg(broken == NULL, "%s", broken);
    for (int32_t i = 0; i < nodes; i++) {
        incload__sched_info found = info(i);
        ck_assert_msg(found.status >= INCLOAD_STATUS_SUCCESS, "node %d has not ended", i);
        ck_assert_int_eq(node_ends[i], 1);
        if (found.status == INCLOAD_STATUS_SKIPPED && found.reason != INCLOAD__REASON_SELF)
            ck_assert_int_eq(runs[i], 0);
        if ((specs[i].flags & INCLOAD__NODE_CLEANUP) != 0 && !deadlines)
            ck_assert_int_eq(runs[i] > 0, runs[specs[i].setup] > 0);
        bool bad = found.status == INCLOAD_STATUS_FAILED;
        failed += bad && !is_spared(i) && (specs[i].flags & INCLOAD__NODE_OPTIONAL) == 0;
        aside += bad;
        if (cancel_after == 0 && !deadlines && !is_spared(i))
            check_node(i);
    }
    /* What was given up as lost may not even have begun to run. */
    if (!deadlines)
        ck_assert_int_eq(unit_starts, started);
    for (int32_t i = 0; i < nodes * KEYS; i++)
        ck_assert(!open[i / KEYS][i % KEYS]);
    ck_assert_int_eq(run_ends, 1);
    ck_assert_int_eq(last_event, INCLOAD__SCHED_RUN_FINISHED);
    if (cancel_after == 0)
        ck_assert_int_eq(ended, failed > 0  ? INCLOAD__RUN_FAILED
                                : aside > 0 ? INCLOAD__RUN_PARTIAL
                                            : INCLOAD__RUN_SUCCESS);
}

START_TEST(whatever_happens_every_step_ends_once_and_as_the_rules_say)
{
    for (int32_t round = _i * ROUNDS; round < (_i + 1) * ROUNDS; round++) {
        set_up_round(round);
        check_all(drive());
        stage_tear_down();
    }
    stage_set_up();
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, stage_tear_down);
    tcase_add_loop_test(tests, whatever_happens_every_step_ends_once_and_as_the_rules_say, 0, 4);
}

HARNESS_MAIN("scheduler_torture", add_tests)
