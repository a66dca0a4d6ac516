/* SPDX-License-Identifier: Apache-2.0 */
/* A loader: the library's load of a scene's table, every so often, each one looked at by loader_check(). */
#define _GNU_SOURCE
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DELAYS = 1 << 16, LAST_TRIES = 50 };

bool
loader_naive(const loader *l)
{
    return torture.naive || l->plan->naive;
}

static bool
option_known(const char *name, size_t length)
{
    for (int32_t i = 0; i < incload_option_count("strategy"); i++) {
        const char *known = incload_option_name("strategy", i);
        if (strlen(known) == length && strncmp(known, name, length) == 0)
            return true;
    }
    return false;
}

/* The options that this build of the library has. */
static void
known_options(char out[512], const char *options)
{
    size_t length = 0;

    out[0] = '\0';
    while (*options != '\0') {
        size_t word = strcspn(options, " ");
        if (word > 0 && option_known(options, strcspn(options, "= ")))
            length += (size_t)snprintf(out + length, 512 - length, "%.*s ", (int)word, options);
        options += word + (options[word] == ' ');
    }
}

static void
target_url(loader *l)
{
    const scene_plan *plan = l->scene->plan;
    char name[96];

    snprintf(name, sizeof name, "%s_%s", plan->name, l->plan->name);
    if (l->plan->same_database)
        snprintf(l->url, sizeof l->url, "%s", l->scene->url);
    else if (l->plan->target == SQLITE)
        place_file_url(l->url, name);
    else
        snprintf(l->url, sizeof l->url, "%s", place_url(l->plan->target, 1));
    snprintf(l->target, sizeof l->target, "%s%s", l->plan->same_database && plan->source == POSTGRES ? "copies." : "",
             name);
}

void
loader_begin(loader *l, scene *sc, const loader_plan *plan, uint64_t seed)
{
    incload_error *err = NULL;
    char wanted[512], options[512];

    l->scene = sc;
    l->plan = plan;
    l->seed = seed;
    target_url(l);
    snprintf(wanted, sizeof wanted, "%s %s%s", sc->plan->strategy, plan->options,
             loader_naive(l) ? " horizon=none deep=never" : "");
    known_options(options, wanted);
    l->from = incload_database_new(plan->target == PG_ODBC ? place_url(PG_ODBC, 0) : sc->url, NULL, &err);
    l->to = incload_database_new(l->url, NULL, &err);
    incload_strategy *how = incload_strategy_new("timestamp", options, &err);
    l->step = incload_step_new_load(l->from, sc->table, l->to, l->target, how, &err);
    incload_strategy_unref(how);
    if (err != NULL)
        report_die("%s to %s: %s", sc->table, l->target, incload_error_message(err));
    l->session = session_open(l->url);
    l->seen = calloc((size_t)sc->writer_count, sizeof *l->seen);
    l->delays = calloc(MOST_DELAYS, sizeof *l->delays);
    if (l->seen == NULL || l->delays == NULL)
        report_die("no memory for a loader");
}

static void
remember_failure(loader *l, const incload_error *err)
{
    if (incload_error_is_retryable(err) != 0)
        l->failed++;
    else
        l->refused++;
    if (l->failure[0] == '\0')
        snprintf(l->failure, sizeof l->failure, "%s: %.220s", incload_error_name(err), incload_error_message(err));
}

static bool
load_once(loader *l)
{
    incload_error *err = NULL;
    int64_t began = now_us();
    incload_run *run = incload_step_run(l->step, "timeout=60s", &err);
    int64_t ended = now_us();
    bool good = err == NULL;

    if (!good) {
        remember_failure(l, err);
    } else {
        l->loads++;
        l->rows_read += incload_run_rows_read(run);
        l->rows_written += incload_run_rows_written(run);
        l->rows_late += incload_run_rows_late(run);
        if (incload_run_held_by(run)[0] != '\0')
            snprintf(l->held_by, sizeof l->held_by, "%.150s", incload_run_held_by(run));
        snprintf(l->level, sizeof l->level, "%s", incload_run_level(run));
        snprintf(l->road, sizeof l->road, "%s", incload_run_road(run));
        snprintf(l->reason, sizeof l->reason, "%.150s", incload_run_level_reason(run));
    }
    incload_run_unref(run);
    incload_error_unref(err);
    if (good)
        loader_check(l, began, ended);
    return good;
}

static void *
loader_main(void *data)
{
    loader *l = data;

    while (!atomic_load(&l->stopping)) {
        int64_t next = now_us() + torture.interval_us;
        load_once(l);
        int64_t left = next - now_us();
        if (left > 0)
            pause_us(left);
    }
    return NULL;
}

void
loader_start(loader *l)
{
    if (pthread_create(&l->thread, NULL, loader_main, l) != 0)
        report_die("no thread for a loader");
}

void
loader_join(loader *l)
{
    atomic_store(&l->stopping, true);
    pthread_join(l->thread, NULL);
}

void
loader_last(loader *l)
{
    for (int tries = 0; tries < LAST_TRIES; tries++) {
        if (load_once(l))
            return;
    }
    report_die("%s to %s: the last load fails: %s", l->scene->table, l->target, l->failure);
}

void
loader_end(loader *l)
{
    incload_step_unref(l->step);
    incload_database_unref(l->to);
    incload_database_unref(l->from);
    session_close(l->session);
    free(l->seen);
    free(l->late);
    free(l->delays);
}

static int
by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

double
loader_delay(loader *l)
{
    if (l->delay_count == 0)
        return 0;
    qsort(l->delays, (size_t)l->delay_count, sizeof *l->delays, by_size);
    return (double)l->delays[l->delay_count * 95 / 100] / 1e6;
}
