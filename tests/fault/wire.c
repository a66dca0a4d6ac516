/* SPDX-License-Identifier: Apache-2.0 */
/* The wire between a load and one of its databases is cut after every byte, either way, by an orderly end and by a
 * reset: what the run says of itself must be true, and the next run must complete what is missing.
 *
 *     wire [--seconds N] [--seed S]     0 seconds, the default: every byte of libpq, every 16th of the ODBC drivers;
 *                                       else as many as fit, drawn by the seed
 *     wire --only WORDS [--at N --way server|client --how fin|rst]    one sweep, or one cut of it */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <incload/incload.h>

#include "proxy.h"
#include "report.h"
#include "stage.h"
#include "workers.h"

enum { TAP_SECONDS = 75, LATE_US = 10000000, COMMIT_BYTES = 300 };

static const char *const way_names[] = { "server", "client" };
static const char *const cut_names[] = { "fin", "rst" };

static const struct sweep {
    kind kind;
    bool on_target; /* else on the source */
    bool retries;
    int every; /* byte */
} sweeps[] = {
    { POSTGRES, true, false, 1 },  { POSTGRES, false, false, 1 },  { POSTGRES, true, true, 1 },
    { POSTGRES, false, true, 4 },  { PG_ODBC, true, false, 16 },   { PG_ODBC, false, false, 16 },
    { PG_ODBC, true, true, 16 },   { MARIADB, true, false, 16 },   { MARIADB, false, false, 16 },
    { MARIADB, true, true, 16 },
};
enum { SWEEPS = sizeof sweeps / sizeof sweeps[0] };

typedef struct point {
    int32_t after;
    way way;
    cut how;
} point;

/* What the workers count together: of the sweep, and of all. */
enum { POINTS, CUTS, SUCCESS, FAILED, UNKNOWN, LANDED, WRONG, STUCK, LATE, GAVE_UP, COUNTED };

typedef struct job {
    const struct sweep *what;
    uint64_t seed;
    int64_t until; /* 0: to the end */
    const point *only;
    counters *sum;
    _Atomic int64_t *bytes; /* each way */
} job;

static void
title_of(const struct sweep *w, char out[96])
{
    snprintf(out, 96, "%s %s%s", kind_names[w->kind], w->on_target ? "target" : "source",
             w->retries ? " with retries" : "");
}

/* ---- the same database through the proxy ---- */

/* The value behind `name` in a url, up to one of `ends`. */
static void
word_after(char *out, size_t size, const char *url, const char *name, const char *ends)
{
    const char *at = strstr(url, name);

    if (at == NULL)
        report_die("a database's url has no '%s'", name);
    at += strlen(name);
    snprintf(out, size, "%.*s", (int)strcspn(at, ends), at);
}

static void
upstream_of(kind which, const char *url, char out[108])
{
    char directory[90], port[16];

    if (which == MARIADB) {
        word_after(out, 108, url, "Socket=", ";");
        return;
    }
    word_after(directory, sizeof directory, url, which == POSTGRES ? "host=" : "Servername=", "&;");
    word_after(port, sizeof port, url, which == POSTGRES ? "port=" : "Port=", "&;");
    snprintf(out, 108, "%s/.s.PGSQL.%.8s", directory, port);
}

static void
proxied_url(kind which, const char *url, int32_t port, char out[1024])
{
    char name[128], password[128];

    word_after(name, sizeof name, url, which == POSTGRES ? "@/" : "Database=", "?;");
    if (which == POSTGRES) {
        snprintf(out, 1024, "postgresql://incload@127.0.0.1:%d/%s?sslmode=disable&gssencmode=disable", (int)port, name);
    } else if (which == PG_ODBC) {
        snprintf(out, 1024,
                 "odbc:Driver=PostgreSQL Unicode;Servername=127.0.0.1;Port=%d;Database=%s;UID=incload;SSLmode=disable",
                 (int)port, name);
    } else {
        word_after(password, sizeof password, url, "PWD=", ";");
        snprintf(out, 1024, "odbc:Driver=MariaDB Unicode;Server=127.0.0.1;Port=%d;Database=%s;UID=incload;PWD=%s",
                 (int)port, name, password);
    }
}

/* ---- one cut ---- */

typedef struct trial_stage {
    stage *s;
    proxy *p;
    char from_url[1024], to_url[1024];
} trial_stage;

static void
complain(const job *j, const point *at, int counter, const char *what, const outcome *said, const char *why)
{
    char title[96];

    title_of(j->what, title);
    if (atomic_fetch_add(&j->sum->of[counter], 1) < 5)
        report_wrong("%s: %s: the run said %s; %s (--only '%s' --at %d --way %s --how %s)", title, what,
                     said->status == INCLOAD_STATUS_SUCCESS ? "SUCCESS" : said->message, why, title, (int)at->after,
                     way_names[at->way], cut_names[at->how]);
}

static void
count(const job *j, int counter)
{
    atomic_fetch_add(&j->sum->of[counter], 1);
}

static bool
run_is_recorded(const stage *s, const char *run_id)
{
    const char *table = s->to_kind == MARIADB ? "incload_run" : "incload.run";

    return client_number(s->to, "SELECT count(*) FROM %s WHERE run_id = '%s'", table, run_id) == 1;
}

static void
judge(const job *j, const point *at, trial_stage *t, const outcome *said)
{
    char why[256];
    landed found = stage_look(t->s, 1, why);
    bool done = said->status == INCLOAD_STATUS_SUCCESS, unknown = said->code == INCLOAD_E_COMMIT_UNKNOWN;

    count(j, done ? SUCCESS : unknown ? UNKNOWN : FAILED);
    if (found == LANDED_ALL)
        count(j, LANDED);
    if (found == LANDED_WRONG || (done && found != LANDED_ALL) || (!done && !unknown && found != LANDED_NOT))
        complain(j, at, WRONG, "not as it said", said, why);
    else if (run_is_recorded(t->s, said->run_id) != (found == LANDED_ALL))
        complain(j, at, WRONG, "the ledger and the rows differ", said, why);
    if (j->what->retries && !done && found != LANDED_WRONG)
        complain(j, at, GAVE_UP, "retried in vain", said, why);
    if (said->took_us > LATE_US)
        complain(j, at, LATE, "it took too long", said, "");
}

static void
one_cut(const job *j, trial_stage *t, const point *at)
{
    char why[256];

    stage_reset(t->s, false);
    proxy_arm(t->p, 0, at->way, at->after, at->how);
    outcome said = stage_load(t->from_url, t->to_url, j->what->retries ? "retries=3" : "retries=0");
    count(j, POINTS);
    if (proxy_has_cut(t->p))
        count(j, CUTS);
    proxy_arm(t->p, 0, TO_SERVER, -1, CUT_FIN);
    judge(j, at, t, &said);

    outcome again = stage_load_warm(t->s);
    if (again.status != INCLOAD_STATUS_SUCCESS)
        complain(j, at, STUCK, "the next run failed", &again, "");
    else if (stage_look(t->s, 2, why) != LANDED_ALL)
        complain(j, at, WRONG, "after the next run", &said, why);
}

/* ---- a sweep ---- */

static trial_stage
open_stage(const struct sweep *w)
{
    trial_stage t = { .s = stage_new(w->kind, w->kind) };
    const char *url = w->on_target ? t.s->to_url : t.s->from_url;
    char upstream[108];

    upstream_of(w->kind, url, upstream);
    t.p = proxy_new(upstream);
    snprintf(t.from_url, sizeof t.from_url, "%s", t.s->from_url);
    snprintf(t.to_url, sizeof t.to_url, "%s", t.s->to_url);
    proxied_url(w->kind, url, proxy_port(t.p), w->on_target ? t.to_url : t.from_url);
    return t;
}

/* The bytes that an undisturbed load sends and gets on the connection that will be cut. */
static void
measure(trial_stage *t, int32_t bytes[2])
{
    char why[256];

    stage_reset(t->s, false);
    proxy_arm(t->p, 0, TO_SERVER, -1, CUT_FIN);
    outcome done = stage_load(t->from_url, t->to_url, NULL);
    if (done.status != INCLOAD_STATUS_SUCCESS || stage_look(t->s, 1, why) != LANDED_ALL)
        report_die("an undisturbed load through the proxy failed: %s", done.message);
    bytes[TO_SERVER] = (int32_t)proxy_passed(t->p, 0, TO_SERVER);
    bytes[TO_CLIENT] = (int32_t)proxy_passed(t->p, 0, TO_CLIENT);
}

/* Half of what comes first is near the end, where COMMIT is: that is where an outcome can be unknown. */
static void
put_ends_first(point *list, int32_t number, const int32_t bytes[2])
{
    for (int32_t next = 0, look = 0; next < number; next += 2, look = look > next ? look : next) {
        while (look < number && list[look].after + COMMIT_BYTES < bytes[list[look].way])
            look++;
        if (look == number)
            return;
        point kept = list[next];
        list[next] = list[look];
        list[look++] = kept;
    }
}

/* This worker's points, in an order of the seed's. */
static point *
points_of(const struct sweep *w, const int32_t bytes[2], int worker, uint64_t seed, int32_t *number)
{
    int32_t room = 2 * (bytes[0] + bytes[1] + 2), all = 0;
    point *list = calloc((size_t)room, sizeof *list);

    if (list == NULL)
        report_die("no memory");
    *number = 0;
    for (int32_t i = 0; i < 4; i++) {
        way direction = (way)(i % 2);
        for (int32_t n = (int32_t)draw_below(&seed, w->every); n <= bytes[direction]; n += w->every, all++) {
            if (all % WORKERS == worker)
                list[(*number)++] = (point){ n, direction, (cut)(i / 2) };
        }
    }
    for (int32_t i = *number - 1; i > 0; i--) {
        int32_t other = (int32_t)draw_below(&seed, i + 1);
        point kept = list[i];
        list[i] = list[other];
        list[other] = kept;
    }
    put_ends_first(list, *number, bytes);
    return list;
}

static void
work(int worker, void *data)
{
    const job *j = data;
    trial_stage t = open_stage(j->what);
    char why[256];
    int32_t bytes[2], number;

    measure(&t, bytes);
    atomic_store(&j->bytes[TO_SERVER], bytes[TO_SERVER]);
    atomic_store(&j->bytes[TO_CLIENT], bytes[TO_CLIENT]);
    point *list = points_of(j->what, bytes, worker, j->seed, &number);
    if (j->only != NULL && worker == 0)
        one_cut(j, &t, j->only);
    for (int32_t i = 0; j->only == NULL && i < number && (j->until == 0 || now_us() < j->until); i++)
        one_cut(j, &t, &list[i]);
    /* After a last load that nothing has troubled. */
    outcome last = stage_load_warm(t.s);
    if (!stage_verify(t.s, why))
        complain(j, &list[0], WRONG, "incload_verify() disagrees", &last, why);
    free(list);
    proxy_free(t.p);
    stage_free(t.s);
}

static void
one_sweep(job *j, counters *all)
{
    char title[96];
    int64_t n[COUNTED];

    for (int i = 0; i < COUNTED; i++)
        atomic_store(&j->sum->of[i], 0);
    workers_run(work, j);
    for (int i = 0; i < COUNTED; i++) {
        n[i] = atomic_load(&j->sum->of[i]);
        atomic_fetch_add(&all->of[i], n[i]);
    }
    title_of(j->what, title);
    int64_t bytes = atomic_load(&j->bytes[0]) + atomic_load(&j->bytes[1]) + 2;
    report_say("%-30s %5lld + %5lld bytes, %5lld of %5lld points, %5lld cut: %5lld success, %5lld failed, %3lld"
               " unknown; %5lld landed; wrong: %lld %lld %lld",
               title, (long long)atomic_load(&j->bytes[0]), (long long)atomic_load(&j->bytes[1]), (long long)n[POINTS],
               (long long)(2 * bytes / j->what->every), (long long)n[CUTS], (long long)n[SUCCESS],
               (long long)n[FAILED], (long long)n[UNKNOWN], (long long)n[LANDED], (long long)n[WRONG],
               (long long)n[STUCK], (long long)n[LATE]);
}

static bool
chosen(const struct sweep *w, const char *only)
{
    char title[96];

    title_of(w, title);
    return only == NULL || strcmp(title, only) == 0;
}

int
main(int argc, char **argv)
{
    static const char *const values[] = { "--seconds", "--seed", "--only", "--at", "--way", "--how", NULL };
    int left = 0;

    if (!arguments_known(argc, argv, NULL, values))
        return 2;
    bool tap = argument_flag(argc, argv, "--tap");
    const char *only = argument_text(argc, argv, "--only", NULL);
    int64_t seconds = argument_number(argc, argv, "--seconds", tap ? TAP_SECONDS : 0);
    point one = { (int32_t)argument_number(argc, argv, "--at", -1),
                  strcmp(argument_text(argc, argv, "--way", "server"), "client") == 0 ? TO_CLIENT : TO_SERVER,
                  strcmp(argument_text(argc, argv, "--how", "fin"), "rst") == 0 ? CUT_RST : CUT_FIN };
    counters *sum = counters_new(), *all = counters_new(), *bytes = counters_new();

    report_begin(tap);
    uint64_t seed = (uint64_t)argument_number(argc, argv, "--seed", now_us());
    report_say("seed %llu; %s", (unsigned long long)seed,
               seconds == 0 ? "every byte, with ODBC every 16th" : "as many bytes as fit, drawn by the seed");
    report_say("wrong: runs that were not as they said, next runs that failed, runs that took more than ten seconds");
    for (int i = 0; i < SWEEPS; i++)
        left += chosen(&sweeps[i], only);
    int64_t end = now_us() + seconds * 1000000;
    for (int i = 0; i < SWEEPS; i++) {
        if (!chosen(&sweeps[i], only))
            continue;
        int64_t now = now_us();
        /* What one sweep does not need goes to the others. */
        int64_t until = seconds == 0 ? 0 : now + (end > now ? (end - now) / left : 1);
        job j = { &sweeps[i], seed + (uint64_t)i, until, one.after >= 0 ? &one : NULL, sum, bytes->of };
        one_sweep(&j, all);
        left--;
    }
    report_at_most("wire-wrong-outcomes", (double)atomic_load(&all->of[WRONG]), 0);
    report_at_most("wire-unknown-unresolved", (double)atomic_load(&all->of[UNKNOWN]), 0);
    report_at_most("wire-next-runs-failed", (double)atomic_load(&all->of[STUCK]), 0);
    report_at_most("wire-late", (double)atomic_load(&all->of[LATE]), 0);
    report_at_most("wire-retried-in-vain-share",
                   (double)atomic_load(&all->of[GAVE_UP]) / (double)(atomic_load(&all->of[POINTS]) + 1), 0.01);
    report_at_least("wire-cuts", (double)atomic_load(&all->of[CUTS]), 1);
    return report_end();
}
