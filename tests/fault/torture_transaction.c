/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction of a writer: what it does is drawn from the seed. What it committed goes to the log when the server's
 * answer to COMMIT is there, and not before. */
#define _GNU_SOURCE
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FAILED_STATEMENT = -1, MOST_PREPARED = 5, IDLE_US = 3000000, HOT_US = 100000, SLOW_MS = 1500 };

static const struct tongue {
    const char *begin;
    const char *returning; /* of changes to rows of which the ids are not known, or whose versions are not */
} tongues[KINDS] = {
    [POSTGRES] = { "BEGIN", " RETURNING id, version" },
    [MARIADB] = { "START TRANSACTION", NULL },
    [SQLITE] = { "BEGIN IMMEDIATE", NULL },
};

static bool
chance(writer *w, int percent)
{
    return draw_below(&w->seed, 100) < percent;
}

static bool
mixes(const writer *w, int what)
{
    return (w->scene->plan->mix & what) != 0;
}

static bool
run_for(writer *w, const char *sql, row_fn row, void *user_data)
{
    if (session_each(w->session, sql, row, user_data))
        return true;
    pthread_mutex_lock(&w->scene->lock);
    if (w->scene->failure[0] == '\0')
        snprintf(w->scene->failure, sizeof w->scene->failure, "%.60s: %.180s", sql, session_error(w->session));
    pthread_mutex_unlock(&w->scene->lock);
    return false;
}

static bool
run(writer *w, const char *sql)
{
    return run_for(w, sql, NULL, NULL);
}

/* ---- stamps ---- */

static const stamp *
draw_stamp(writer *w)
{
    const stamp *stamps = w->scene->plan->stamps;
    int64_t total = 0;

    for (int i = 0; i < MOST_STAMPS; i++)
        total += stamps[i].weight;
    int64_t at = draw_below(&w->seed, total);
    while (at >= stamps->weight)
        at -= stamps++->weight;
    return stamps;
}

/* The writer's own clock, as a literal. */
static void
client_clock(const writer *w, char text[64])
{
    struct timespec now;
    struct tm parts;

    clock_gettime(CLOCK_REALTIME, &now);
    int64_t us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + w->skew_us;
    time_t seconds = (time_t)(us / 1000000);
    gmtime_r(&seconds, &parts);
    size_t length = strftime(text, 40, "'%Y-%m-%d %H:%M:%S", &parts);
    snprintf(text + length, 64 - length, ".%06d+00'", (int)(us % 1000000));
}

/* What one statement writes into the stamp: its SQL, or "" when the column is left out. */
typedef struct stamping {
    char text[64];
    int how;
} stamping;

/* `early`: a literal taken before the transaction began, used by half of the statements. */
static stamping
next_stamping(writer *w, const char *early)
{
    const stamp *drawn = draw_stamp(w);
    stamping made = { "", drawn->how };

    if (drawn->by_client && chance(w, 50))
        client_clock(w, made.text);
    else if (drawn->by_client)
        snprintf(made.text, sizeof made.text, "%.60s", early);
    else if (drawn->expression != NULL)
        snprintf(made.text, sizeof made.text, "%s", drawn->expression);
    return made;
}

/* ---- statements ---- */

static void
take_row(void *user_data, const char *const *cells)
{
    if (cells[0] != NULL && cells[1] != NULL)
        list_add(user_data, strtoll(cells[0], NULL, 10), strtoll(cells[1], NULL, 10));
}

static bool
run_for_rows(writer *w, const char *sql)
{
    return run_for(w, sql, take_row, &w->open);
}

/* `count` rows with the ids from first on, by one statement; the server's own ids when the table is serial. */
static bool
insert(writer *w, int64_t count, const char *early, int64_t slow_ms)
{
    bool serial = mixes(w, MIX_SERIAL);
    kind which = w->scene->plan->source;
    stamping stamped = next_stamping(w, early);
    int64_t first = w->next_id;
    char slow[80] = "", id[48] = "";

    if (slow_ms > 0)
        snprintf(slow, sizeof slow, " CROSS JOIN (SELECT SLEEP(%d.%03d) AS slept) AS s", (int)(slow_ms / 1000),
                 (int)(slow_ms % 1000));
    if (!serial)
        snprintf(id, sizeof id, "%lld + n, ", (long long)(first - 1));
    snprintf(w->sql, sizeof w->sql,
             "INSERT INTO %s (%sversion, writer, how, note%s) SELECT %s1, %d, %d, 'w%d %llx'%s%s FROM numbers%s"
             " WHERE n <= %lld%s",
             w->scene->table, serial ? "" : "id, ", stamped.text[0] != '\0' ? ", at" : "", id, w->number, stamped.how,
             w->number, (unsigned long long)draw(&w->seed), stamped.text[0] != '\0' ? ", " : "", stamped.text, slow,
             (long long)count, serial && which != SQLITE ? " RETURNING id, version" : "");
    if (serial && which != SQLITE)
        return run_for_rows(w, w->sql);
    if (!run(w, w->sql))
        return false;
    if (serial) { /* one writer at a time: a statement's ids are without holes */
        snprintf(w->sql, sizeof w->sql,
                 "SELECT id, version FROM %s WHERE id > last_insert_rowid() - %lld AND id <= last_insert_rowid()",
                 w->scene->table, (long long)count);
        return run_for_rows(w, w->sql);
    }
    for (int64_t i = 0; i < count; i++)
        list_add(&w->open, first + i, 1);
    w->next_id += count;
    return true;
}

static bool
update(writer *w, int64_t from, int64_t to, const char *early)
{
    const char *returning = tongues[w->scene->plan->source].returning;
    stamping stamped = next_stamping(w, early);
    char where[80];

    snprintf(where, sizeof where, "WHERE id BETWEEN %lld AND %lld", (long long)from, (long long)to);
    snprintf(w->sql, sizeof w->sql, "UPDATE %s SET version = version + 1, how = %d, note = 'w%d %llx'%s%s %s%s",
             w->scene->table, stamped.how, w->number, (unsigned long long)draw(&w->seed),
             stamped.text[0] != '\0' ? ", at = " : "", stamped.text, where, returning != NULL ? returning : "");
    if (returning != NULL)
        return run_for_rows(w, w->sql);
    if (!run(w, w->sql))
        return false;
    snprintf(w->sql, sizeof w->sql, "SELECT id, version FROM %s %s", w->scene->table, where);
    return run_for_rows(w, w->sql);
}

static bool
update_some(writer *w, const char *early, bool *hot)
{
    int64_t own = w->next_id - w->first_id;

    if (own == 0 || chance(w, 40)) {
        int64_t id = 1 + draw_below(&w->seed, HOT_ROWS);
        *hot = true;
        return update(w, id, id, early);
    }
    int64_t from = w->first_id + draw_below(&w->seed, own);
    int64_t length = mixes(w, MIX_BULK) && chance(w, 5) ? 50 + draw_below(&w->seed, 250) : 1;
    int64_t last = from + length - 1;
    return update(w, from, last < w->next_id ? last : w->next_id - 1, early);
}

static bool
delete_one(writer *w)
{
    int64_t own = w->next_id - w->first_id;

    if (own == 0)
        return true;
    int64_t id = w->first_id + draw_below(&w->seed, own);
    int64_t doomed = atomic_load_explicit(&w->doomed_count, memory_order_relaxed);
    w->doomed[doomed] = id;
    atomic_store_explicit(&w->doomed_count, doomed + 1, memory_order_release);
    snprintf(w->sql, sizeof w->sql, "DELETE FROM %s WHERE id = %lld", w->scene->table, (long long)id);
    if (!run(w, w->sql))
        return false;
    list_add(&w->open, id, GONE);
    return true;
}

/* One statement of a transaction. */
static bool
statement(writer *w, const char *early, bool *hot)
{
    if (mixes(w, MIX_DELETES) && chance(w, 15))
        return delete_one(w);
    if (mixes(w, MIX_UPDATES) && chance(w, 45))
        return update_some(w, early, hot);
    int64_t rows = mixes(w, MIX_BULK) && chance(w, 6) ? 50 + draw_below(&w->seed, 251) : 1;
    int64_t slow = mixes(w, MIX_SLOW) && chance(w, 12) ? 1 + draw_below(&w->seed, SLOW_MS) : 0;
    /* The sleep is once for each row of the join. */
    return insert(w, slow > 0 ? 1 : rows, early, slow);
}

/* ---- the end of a transaction ---- */

static void
committed(writer *w, claim_list *claims)
{
    log_add(&w->log, claims->items, claims->count, now_us());
    atomic_fetch_add(&w->scene->commits, 1);
    atomic_fetch_add(&w->scene->changes, claims->count);
    claims->count = 0;
}

static void
rolled_back(writer *w, bool failed)
{
    atomic_fetch_add(failed ? &w->scene->failures : &w->scene->rollbacks, 1);
    w->open.count = 0;
}

/* MariaDB lets another session end an XA transaction only when its own session is gone. */
static bool
prepare(writer *w, const char *gid)
{
    if (w->scene->plan->source == POSTGRES) {
        snprintf(w->sql, sizeof w->sql, "PREPARE TRANSACTION '%s'", gid);
        return run(w, w->sql);
    }
    snprintf(w->sql, sizeof w->sql, "XA END '%s'", gid);
    if (!run(w, w->sql))
        return false;
    snprintf(w->sql, sizeof w->sql, "XA PREPARE '%s'", gid);
    if (!run(w, w->sql))
        return false;
    writer_reconnect(w);
    return true;
}

static bool
prepare_and_leave(writer *w, const char *gid, bool hot)
{
    prepared *p = calloc(1, sizeof *p);

    if (p == NULL)
        report_die("no memory for a prepared transaction");
    if (!prepare(w, gid)) {
        free(p);
        return false;
    }
    snprintf(p->gid, sizeof p->gid, "%s", gid);
    p->claims = w->open;
    w->open = (claim_list){ 0 };
    p->due_us = now_us() + draw_below(&w->seed, hot ? HOT_US : IDLE_US);
    pthread_mutex_lock(&w->scene->lock);
    p->next = w->scene->prepared;
    w->scene->prepared = p;
    pthread_mutex_unlock(&w->scene->lock);
    return true;
}

static prepared *
take_prepared(scene *sc, bool all)
{
    prepared *found = NULL;
    int64_t now = now_us();

    pthread_mutex_lock(&sc->lock);
    for (prepared **at = &sc->prepared; *at != NULL; at = &(*at)->next) {
        if (all || (*at)->due_us <= now) {
            found = *at;
            *at = found->next;
            break;
        }
    }
    pthread_mutex_unlock(&sc->lock);
    return found;
}

bool
prepared_end_one(writer *w, bool all)
{
    prepared *p = take_prepared(w->scene, all);
    bool mariadb = w->scene->plan->source == MARIADB, commits = !chance(w, 10), good = false;

    if (p == NULL)
        return false;
    snprintf(w->sql, sizeof w->sql, "%s '%s'", mariadb ? commits ? "XA COMMIT" : "XA ROLLBACK"
             : commits ? "COMMIT PREPARED" : "ROLLBACK PREPARED", p->gid);
    /* MariaDB lets go of a session that was closed some moments later. */
    for (int tries = 0; !good && tries < 2000; tries++) {
        good = session_run(w->session, w->sql);
        if (!good)
            pause_us(5000);
    }
    if (!good)
        report_die("%s: %s", w->sql, session_error(w->session));
    if (commits)
        committed(w, &p->claims);
    else
        atomic_fetch_add(&w->scene->rollbacks, 1);
    list_free(&p->claims);
    pthread_mutex_lock(&w->scene->lock);
    w->scene->prepared_count--;
    pthread_mutex_unlock(&w->scene->lock);
    free(p);
    return true;
}

/* A place among those that may be prepared at one time: the server's room for them is small. */
static bool
may_prepare(writer *w)
{
    bool may = false;

    if (!mixes(w, MIX_PREPARED) || !chance(w, 10))
        return false;
    pthread_mutex_lock(&w->scene->lock);
    if (w->scene->prepared_count < MOST_PREPARED) {
        w->scene->prepared_count++;
        may = true;
    }
    pthread_mutex_unlock(&w->scene->lock);
    return may;
}

/* What a failed statement left of an XA transaction goes with its session. */
static void
not_prepared(writer *w, bool failed)
{
    pthread_mutex_lock(&w->scene->lock);
    w->scene->prepared_count--;
    pthread_mutex_unlock(&w->scene->lock);
    if (w->scene->plan->source == MARIADB)
        writer_reconnect(w);
    else
        session_run(w->session, "ROLLBACK");
    rolled_back(w, failed);
}

/* ---- transactions ---- */

static void
commit(writer *w)
{
    if (run(w, "COMMIT")) {
        committed(w, &w->open);
        return;
    }
    session_run(w->session, "ROLLBACK");
    rolled_back(w, true);
}

static bool
in_savepoint(writer *w, const char *early, bool *hot)
{
    int64_t before = w->open.count;

    if (!run(w, "SAVEPOINT inner_part") || !statement(w, early, hot))
        return false;
    if (chance(w, 40)) {
        w->open.count = before;
        return run(w, "ROLLBACK TO SAVEPOINT inner_part");
    }
    return run(w, "RELEASE SAVEPOINT inner_part");
}

/* Statements, savepoints, and a rest before the end; false when the server refused something. */
static bool
inside(writer *w, const char *early, bool *hot)
{
    int64_t statements = 1 + draw_below(&w->seed, 4);

    for (int64_t i = 0; i < statements; i++) {
        bool good = mixes(w, MIX_SAVEPOINTS) && chance(w, 25) ? in_savepoint(w, early, hot) : statement(w, early, hot);
        if (!good)
            return false;
    }
    /* SQLite's other writers, and who needs a hot row, wait meanwhile. */
    bool short_rest = *hot || w->scene->plan->source == SQLITE;
    if (!short_rest && chance(w, 6))
        scene_rest(w->scene, draw_below(&w->seed, IDLE_US));
    else if (chance(w, 40))
        scene_rest(w->scene, draw_below(&w->seed, short_rest ? 8000 : 100000));
    return true;
}

static void
block(writer *w, const char *early)
{
    kind which = w->scene->plan->source;
    bool hot = false, two_phases = may_prepare(w);
    char gid[64], begin[96];

    snprintf(gid, sizeof gid, "%s-%d-%d", w->scene->table, w->number, w->transactions);
    snprintf(begin, sizeof begin, "%s", tongues[which].begin);
    if (two_phases && which == MARIADB)
        snprintf(begin, sizeof begin, "XA START '%s'", gid);
    bool good = run(w, begin);
    if (good && mixes(w, MIX_IDLE) && which != SQLITE && chance(w, 15))
        scene_rest(w->scene, draw_below(&w->seed, IDLE_US));
    good = good && inside(w, early, &hot);
    if (two_phases) {
        /* MariaDB forgets a prepared transaction without a change when its session goes. */
        bool empty = good && w->open.count == 0;
        if (!good || empty || !prepare_and_leave(w, gid, hot))
            not_prepared(w, !empty);
    } else if (good && !chance(w, 10)) {
        commit(w);
    } else {
        session_run(w->session, "ROLLBACK");
        rolled_back(w, !good);
    }
}

void
transaction_run(writer *w)
{
    bool hot = false;
    char early[64] = "";

    w->transactions++;
    client_clock(w, early);
    if (chance(w, 35)) {
        if (statement(w, early, &hot))
            committed(w, &w->open);
        else
            rolled_back(w, true);
        return;
    }
    if (mixes(w, MIX_IDLE) && w->scene->plan->source == SQLITE && chance(w, 15))
        scene_rest(w->scene, draw_below(&w->seed, IDLE_US / 10));
    block(w, early);
}
