/* SPDX-License-Identifier: Apache-2.0 */
/* Swaps under twenty readers of PostgreSQL: none of them may get an error, an empty table or half of one, or wait for
 * longer than lock_timeout and 50 ms; nor may one whose snapshot is older than the load find the table empty. In the
 * second half of the swaps a slow reader is in the way as well. What the machine itself makes a reader wait is told by
 * one that reads a table that is never swapped, and is taken off. */
#define _GNU_SOURCE
#include "swap.h"

#include <incload/incload.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum {
    READERS = 20,
    PACE_US = 20000,
    LOCK_MS = 100,
    MARGIN_MS = 50,
    SLOW_MS = 300,
    BUCKET_US = 250000,
    BUCKETS = 8000
};

typedef struct scene {
    stage *s;
    int64_t began;
    atomic_bool over, slow;
    _Atomic int64_t reads, errors, torn, slow_reads, old_snapshots, old_empty;
    _Atomic int64_t longest[BUCKETS]; /* of readers, by the time of their end */
    _Atomic int64_t control[BUCKETS];
} scene;

static void
note(scene *at, _Atomic int64_t *buckets, int64_t began, int64_t took)
{
    /* A wait counts for all the time that it lasted. */
    for (int64_t i = (began - at->began) / BUCKET_US; i <= (began + took - at->began) / BUCKET_US; i++) {
        if (i < 0 || i >= BUCKETS)
            continue;
        int64_t was = atomic_load(&buckets[i]);
        while (took > was && !atomic_compare_exchange_weak(&buckets[i], &was, took))
            ;
    }
}

static bool
is_whole(const char *text)
{
    long long count = 0, least = 0, most = 0;

    return sscanf(text, "%lld|%lld|%lld", &count, &least, &most) == 3 && count == SWAP_ROWS && least == most;
}

static void *
read_on(void *data)
{
    scene *at = data;
    client *c = client_open(at->s->to_url);

    while (!atomic_load(&at->over)) {
        int64_t began = now_us();
        char *text = client_ask(c, "SELECT COUNT(*), MIN(generation), MAX(generation) FROM %s", swap_target);
        note(at, at->longest, began, now_us() - began);
        atomic_fetch_add(&at->reads, 1);
        if (!is_whole(text))
            atomic_fetch_add(&at->torn, 1);
        free(text);
        pause_us(PACE_US);
    }
    client_close(c);
    return NULL;
}

static void *
control(void *data)
{
    scene *at = data;
    client *c = client_open(at->s->to_url);

    while (!atomic_load(&at->over)) {
        int64_t began = now_us();
        free(client_ask(c, "SELECT COUNT(*), MIN(id), MAX(id) FROM swap_control"));
        note(at, at->control, began, now_us() - began);
        pause_us(PACE_US / 10);
    }
    client_close(c);
    return NULL;
}

/* Holds the table's lock for longer than a try waits. */
static void *
read_slowly(void *data)
{
    scene *at = data;
    client *c = client_open(at->s->to_url);

    while (!atomic_load(&at->over)) {
        if (atomic_load(&at->slow)) {
            client_do(c, "BEGIN");
            char *text = client_ask(c, "SELECT COUNT(*), MIN(generation), MAX(generation) FROM %s", swap_target);
            if (!is_whole(text))
                atomic_fetch_add(&at->torn, 1);
            free(text);
            pause_us(SLOW_MS * 1000);
            client_do(c, "COMMIT");
            atomic_fetch_add(&at->slow_reads, 1);
        }
        pause_us(SLOW_MS * 1000);
    }
    client_close(c);
    return NULL;
}

/* Takes its snapshot before the load and looks after the swap. */
static void
with_old_snapshot(scene *at, client *c, incload_step *step)
{
    incload_error *err = NULL;

    client_do(c, "BEGIN ISOLATION LEVEL REPEATABLE READ");
    free(client_ask(c, "SELECT 1"));
    incload_run_unref(incload_step_run(step, "retries=0", &err));
    if (err != NULL) {
        atomic_fetch_add(&at->errors, 1);
        report_say("a swap failed: %s", incload_error_message(err));
    }
    incload_error_unref(err);
    char *text = client_ask(c, "SELECT COUNT(*), MIN(generation), MAX(generation) FROM %s", swap_target);
    atomic_fetch_add(&at->old_snapshots, 1);
    if (!is_whole(text))
        atomic_fetch_add(&at->old_empty, 1);
    free(text);
    client_do(c, "COMMIT");
}

static incload_step *
step_of(stage *s, incload_database **from, incload_database **to)
{
    incload_error *err = NULL;
    char options[100];

    *from = incload_database_new(s->from_url, NULL, &err);
    *to = incload_database_new(s->to_url, NULL, &err);
    snprintf(options, sizeof options, "lock_timeout=%d swap_wait=1min", (int)LOCK_MS);
    incload_strategy *how = incload_strategy_new("swap", options, &err);
    incload_step *step = incload_step_new_load(*from, swap_source, *to, swap_target, how, &err);
    incload_strategy_unref(how);
    if (err != NULL)
        report_die("%s", incload_error_message(err));
    return step;
}

static double
longest_wait_ms(const scene *at)
{
    int64_t longest = 0;

    for (int i = 0; i < BUCKETS; i++) {
        int64_t machine = atomic_load(&at->control[i]);
        int64_t wait = atomic_load(&at->longest[i]) - machine;
        longest = wait > longest ? wait : longest;
    }
    return (double)longest / 1000;
}

void
swap_under_readers(int64_t swaps)
{
    scene *at = calloc(1, sizeof *at);
    pthread_t threads[READERS + 2];
    incload_database *from, *to;

    if (at == NULL)
        report_die("no memory");
    at->s = stage_new(POSTGRES, POSTGRES);
    swap_prepare(at->s);
    client_do(at->s->to, "CREATE TABLE swap_control AS SELECT id FROM %s", swap_target);
    at->began = now_us();
    incload_step *step = step_of(at->s, &from, &to);
    client *old = client_open(at->s->to_url);
    for (int i = 0; i < READERS + 2; i++)
        pthread_create(&threads[i], NULL, i < READERS ? read_on : i == READERS ? control : read_slowly, at);
    for (int64_t i = 0; i < swaps; i++) {
        atomic_store(&at->slow, i >= swaps / 2);
        swap_generation(at->s, i + 1);
        with_old_snapshot(at, old, step);
    }
    atomic_store(&at->over, true);
    for (int i = 0; i < READERS + 2; i++)
        pthread_join(threads[i], NULL);
    report_say("%lld swaps in %.1f s under %d readers: %lld reads, %lld of them slow", (long long)swaps,
               (double)(now_us() - at->began) / 1e6, (int)READERS, (long long)at->reads, (long long)at->slow_reads);
    report_at_most("swap-errors", (double)at->errors, 0);
    report_at_most("swap-empty-or-half-reads", (double)at->torn, 0);
    report_at_most("swap-old-snapshots-empty", (double)at->old_empty, 0);
    report_at_most("swap-longest-wait-ms", longest_wait_ms(at), LOCK_MS + MARGIN_MS);
    report_at_least("swap-slow-reads", (double)at->slow_reads, 1);
    incload_step_unref(step);
    incload_database_unref(from);
    incload_database_unref(to);
    client_close(old);
    stage_free(at->s);
    free(at);
}
