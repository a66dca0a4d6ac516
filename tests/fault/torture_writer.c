/* SPDX-License-Identifier: Apache-2.0 */
/* A writer: a thread with a session, a seed and a log of its own, and rows that no other changes. */
#define _GNU_SOURCE
#include "torture.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_DOOMED = 1 << 20, SKEW_US = 10000000, AHEAD_US = 2000000 };

static const char *const settings[KINDS][4] = {
    [POSTGRES] = { "SET deadlock_timeout = '50ms'", "SET lock_timeout = '5s'" },
    [MARIADB] = { "SET SESSION innodb_lock_wait_timeout = 5, time_zone = '+00:00'",
                  "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED" },
    [SQLITE] = { "PRAGMA busy_timeout = 30000", "PRAGMA synchronous = OFF" },
};

void
writer_reconnect(writer *w)
{
    session_close(w->session);
    w->session = session_open(w->scene->url);
    for (int i = 0; settings[w->scene->plan->source][i] != NULL; i++) {
        /* Half of MariaDB's writers stay at its default, REPEATABLE READ. */
        if (i == 1 && w->scene->plan->source == MARIADB && w->number % 2 == 0)
            continue;
        session_must(w->session, "%s", settings[w->scene->plan->source][i]);
    }
}

static void *
writer_main(void *data)
{
    writer *w = data;

    while (!atomic_load(&w->scene->stopping)) {
        transaction_run(w);
        scene_rest(w->scene, draw_below(&w->seed, torture.pause_us + 1));
    }
    return NULL;
}

/* Not one of the writers: they may all wait for rows that prepared transactions hold. */
static void *
closer_main(void *data)
{
    writer *w = data;

    while (!atomic_load(&w->scene->closing)) {
        if (!prepared_end_one(w, atomic_load(&w->scene->stopping)))
            pause_us(5000);
    }
    return NULL;
}

void
writer_start(writer *w, scene *sc, int number, bool closer)
{
    memset(w, 0, sizeof *w);
    w->scene = sc;
    w->number = number;
    w->seed = sc->seed + (uint64_t)number * UINT64_C(0x9E3779B9);
    draw(&w->seed);
    w->first_id = w->next_id = (int64_t)(number + 1) * OWN_IDS + 1;
    w->skew_us = draw_below(&w->seed, SKEW_US) - SKEW_US + AHEAD_US;
    w->doomed = malloc(MOST_DOOMED * sizeof *w->doomed);
    if (w->doomed == NULL)
        report_die("no memory for a writer");
    log_begin(&w->log);
    writer_reconnect(w);
    if (pthread_create(&w->thread, NULL, closer ? closer_main : writer_main, w) != 0)
        report_die("no thread for a writer");
}

void
writer_join(writer *w)
{
    pthread_join(w->thread, NULL);
}

void
writer_end(writer *w)
{
    session_close(w->session);
    log_end(&w->log);
    list_free(&w->open);
    free(w->doomed);
}

bool
writer_dooms(const writer *w, int64_t id)
{
    int64_t count = atomic_load_explicit(&w->doomed_count, memory_order_acquire);

    for (int64_t i = count - 1; i >= 0; i--) {
        if (w->doomed[i] == id)
            return true;
    }
    return false;
}
