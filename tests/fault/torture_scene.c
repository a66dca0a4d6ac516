/* SPDX-License-Identifier: Apache-2.0 */
/* A scene from its tables to its figures. */
#define _GNU_SOURCE
#include "torture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NUMBERS = 300 };

/* The statement with the table's name in the places of @. */
static void
run_template(session *s, const char *sql, const char *table)
{
    char text[1024];
    size_t length = 0;

    for (; *sql != '\0'; sql++) {
        int added = snprintf(text + length, sizeof text - length, "%.*s", *sql == '@' ? (int)strlen(table) : 1,
                             *sql == '@' ? table : sql);
        length += (size_t)added;
        if (length >= sizeof text)
            report_die("a statement of scene %s is too long", table);
    }
    session_must(s, "%s", text);
}

/* 1 to 300, from which statements make their rows. */
static void
make_numbers(session *s)
{
    char text[NUMBERS * 6 + 64] = "INSERT INTO numbers VALUES ";
    size_t length = strlen(text);

    session_must(s, "CREATE TABLE IF NOT EXISTS numbers (n INTEGER PRIMARY KEY)");
    session_must(s, "DELETE FROM numbers");
    for (int i = 1; i <= NUMBERS; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s(%d)", i > 1 ? "," : "", i);
    session_must(s, "%s", text);
}

static void
make_tables(scene *sc)
{
    const scene_plan *plan = sc->plan;
    session *s = session_open(sc->url);

    make_numbers(s);
    for (int i = 0; i < MOST_STATEMENTS && plan->tables[i] != NULL; i++)
        run_template(s, plan->tables[i], sc->table);
    if ((plan->mix & MIX_SERIAL) == 0)
        session_must(s, "INSERT INTO %s (id, version, writer, how, note, at) SELECT n, 1, -1, 0, 'hot', "
                     "CURRENT_TIMESTAMP FROM numbers WHERE n <= %d", sc->table, (int)HOT_ROWS);
    if (plan->source == POSTGRES)
        session_must(s, "CREATE SCHEMA IF NOT EXISTS copies");
    session_close(s);
}

void
scene_begin(scene *sc, const scene_plan *plan, uint64_t seed)
{
    pthread_condattr_t attributes;

    memset(sc, 0, sizeof *sc);
    sc->plan = plan;
    sc->seed = seed;
    snprintf(sc->table, sizeof sc->table, "%s", plan->name);
    if (plan->source == SQLITE)
        place_file_url(sc->url, plan->name);
    else
        snprintf(sc->url, sizeof sc->url, "%s", place_url(plan->source, 0));
    pthread_mutex_init(&sc->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&sc->bell, &attributes);
    pthread_condattr_destroy(&attributes);
    make_tables(sc);
    while (sc->loader_count < MOST_LOADERS && plan->loaders[sc->loader_count].name != NULL)
        sc->loader_count++;
    sc->writer_count = plan->writers + 1;
    sc->writers = calloc((size_t)sc->writer_count, sizeof *sc->writers);
    sc->loaders = calloc((size_t)sc->loader_count, sizeof *sc->loaders);
    if (sc->writers == NULL || sc->loaders == NULL)
        report_die("no memory for scene %s", plan->name);
    for (int i = 0; i < sc->loader_count; i++)
        loader_begin(&sc->loaders[i], sc, &plan->loaders[i], seed + (uint64_t)i + 1000);
}

void
scene_start(scene *sc)
{
    for (int i = 0; i < sc->writer_count; i++)
        writer_start(&sc->writers[i], sc, i, i == sc->plan->writers);
    for (int i = 0; i < sc->loader_count; i++)
        loader_start(&sc->loaders[i]);
}

void
scene_rest(scene *sc, int64_t us)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + us % 1000000 * 1000;
    until.tv_sec += (time_t)(us / 1000000 + ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    pthread_mutex_lock(&sc->lock);
    while (!atomic_load(&sc->stopping) && pthread_cond_timedwait(&sc->bell, &sc->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&sc->lock);
}

void
scene_stop(scene *sc)
{
    pthread_mutex_lock(&sc->lock);
    atomic_store(&sc->stopping, true);
    pthread_cond_broadcast(&sc->bell);
    pthread_mutex_unlock(&sc->lock);
    for (int i = 0; i < sc->plan->writers; i++)
        writer_join(&sc->writers[i]);
    atomic_store(&sc->closing, true);
    writer_join(&sc->writers[sc->plan->writers]);
    while (prepared_end_one(&sc->writers[sc->plan->writers], true))
        ;
    for (int i = 0; i < sc->loader_count; i++)
        loader_join(&sc->loaders[i]);
    for (int i = 0; i < sc->loader_count; i++) {
        loader_last(&sc->loaders[i]);
        sc->loaders[i].end = compare_tables(&sc->loaders[i]);
        verify_tables(&sc->loaders[i]);
    }
}

static void
report_loader(loader *l)
{
    double changes = (double)atomic_load(&l->scene->changes);

    report_say("  %-6s %-13s %-16s %5lld %4lld %9lld %6.2f %6lld %5lld %6lld %6.2f   %lld/%lld/%lld/%lld",
               l->plan->name, l->road, l->level, (long long)l->loads, (long long)(l->failed + l->refused),
               (long long)l->rows_read, changes > 0 ? (double)l->rows_read / changes : 0, (long long)l->checked,
               (long long)l->late_ever, (long long)l->rows_late, loader_delay(l), (long long)l->end.lost,
               (long long)l->end.stale, (long long)l->end.duplicated, (long long)l->end.ghosts);
    if (l->reason[0] != '\0')
        report_say("         level: %s", l->reason);
    if (l->held_by[0] != '\0')
        report_say("         open longest, the last time: %s", l->held_by);
    if (l->first_late[0] != '\0' && !loader_naive(l))
        report_say("         first late row: %s", l->first_late);
    if (l->failure[0] != '\0')
        report_say("         first failed load: %s", l->failure);
}

void
scene_report(scene *sc)
{
    report_say("%s: %d writers, %lld transactions committed, %lld rolled back, %lld refused; %lld rows changed",
               sc->plan->name, sc->plan->writers, (long long)atomic_load(&sc->commits),
               (long long)atomic_load(&sc->rollbacks), (long long)atomic_load(&sc->failures),
               (long long)atomic_load(&sc->changes));
    if (sc->failure[0] != '\0')
        report_say("  first refused statement: %s", sc->failure);
    report_say("  %-6s %-13s %-16s %5s %4s %9s %6s %6s %5s %6s %6s   %s", "load", "road", "level", "loads", "fail",
               "rows read", "/chg", "looked", "late", "r.late", "p95 s", "lost/stale/duplicated/ghosts");
    for (int i = 0; i < sc->loader_count; i++)
        report_loader(&sc->loaders[i]);
}

void
scene_end(scene *sc)
{
    for (int i = 0; i < sc->loader_count; i++)
        loader_end(&sc->loaders[i]);
    for (int i = 0; i < sc->writer_count; i++)
        writer_end(&sc->writers[i]);
    free(sc->loaders);
    free(sc->writers);
    pthread_cond_destroy(&sc->bell);
    pthread_mutex_destroy(&sc->lock);
}
