/* SPDX-License-Identifier: Apache-2.0 */
/* Six processes share a backfill of 1,500 units, and none is safe: they are stopped for longer than their lease and
 * woken, killed and started again, and their sessions are ended by the server in the middle of their transactions. At
 * the end every unit has landed once. The same with workers built without the fence lands some twice: so the trial
 * would see it.
 *
 *     chaos [--units N] [--seed S] [--kind postgres|mariadb|sqlite] [--seconds N]
 *
 * --seconds: trials go on until so much time is over for each kind of database. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "report.h"

enum { PROCESSES = 6, MOST_STOPPED = 3, LEASE_MS = 600, LIMIT_S = 600, UNITS = 1500, TAP_UNITS = 200, MOST_RUNS = 20 };

extern char **environ;

static const struct kind {
    const char *name;
    const char *variable;      /* the environment's, with the database's URL */
    const char *ledger;        /* what stands before the names of its tables */
    const char *victims;       /* query: sessions of workers, one of them at random; NULL: there are none */
    const char *cut, *cut_end; /* around its number */
    int64_t pause_ms;
} kinds[] = {
    { "postgres", "INCLOAD_TEST_POSTGRES", "chaos_fault.",
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'chaos' ORDER BY random() LIMIT 1",
      "SELECT pg_terminate_backend(", ")", 25 },
    { "mariadb", "INCLOAD_TEST_MARIADB", "chaos_fault_",
      "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user <> 'system user'"
      " ORDER BY RAND() LIMIT 1",
      "KILL ", "", 25 },
    { "sqlite", "INCLOAD_TEST_SQLITE", "chaos_fault_", NULL, NULL, NULL, 2 },
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

typedef struct process {
    pid_t pid;
    int64_t wakes_us; /* 0: it is not stopped */
    bool done;
} process;

typedef struct trial {
    const struct kind *kind;
    const char *worker; /* the program */
    const char *url;
    bool unfenced; /* one run alone: what another of them lands again is no news */
    int64_t units;
    char key[40];
    uint64_t seed;
    client *c;
    process processes[PROCESSES];
    int64_t stopped, killed, cut, gave_up;
    int64_t duplicated, missing;
} trial;

/* ---- before ---- */

static void
prepare(const trial *t)
{
    static const char *const tables[] = {
        "meta",           "watermark", "watermark_history", "run",       "lease", "lease_beat", "reject",
        "loaded_columns", "object",    "pipeline_run",      "run_key",   "unit",  "step",       "worker",
        "applied",        "coverage",  "rate_limit",        "unit_epoch"
    };

    client_try(t->c, "DROP TABLE IF EXISTS chaos_source");
    client_try(t->c, "DROP TABLE IF EXISTS chaos_target");
    if (strcmp(t->kind->name, "postgres") == 0)
        client_try(t->c, "DROP SCHEMA IF EXISTS chaos_fault CASCADE");
    if (strcmp(t->kind->name, "mariadb") == 0)
        client_try(t->c, "DROP SEQUENCE IF EXISTS chaos_fault_unit_epoch");
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        client_try(t->c, "DROP TABLE IF EXISTS %s%s", t->kind->ledger, tables[i]);
    client_do(t->c, "CREATE TABLE chaos_source (n integer PRIMARY KEY)");
    /* MariaDB recurses 1,000 times at the most. */
    for (int64_t from = 0; from < t->units; from += 500)
        client_do(t->c,
                  "INSERT INTO chaos_source WITH RECURSIVE s (n) AS (SELECT %lld UNION ALL SELECT n + 1 FROM s"
                  " WHERE n < %lld) SELECT n FROM s",
                  (long long)from, (long long)(from + 500 < t->units ? from + 499 : t->units - 1));
}

static void
spawn(const trial *t, process *p)
{
    char texts[4][32];
    const char *words[] = { t->worker, t->url, texts[0], t->key, texts[1], texts[2], texts[3], NULL };
    posix_spawn_file_actions_t actions;

    snprintf(texts[0], 32, "%lld", (long long)t->units);
    snprintf(texts[1], 32, "%d", LEASE_MS);
    snprintf(texts[2], 32, "%lld", (long long)t->kind->pause_ms);
    snprintf(texts[3], 32, "%d", t->unfenced ? 1 : MOST_RUNS);
    *p = (process){ .pid = 0 };
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&p->pid, t->worker, &actions, NULL, (char *const *)(uintptr_t)words, environ) != 0)
        report_die("the system starts no process %s", t->worker);
    posix_spawn_file_actions_destroy(&actions);
}

/* ---- deeds ---- */

static process *
some_process(trial *t)
{
    process *p = &t->processes[draw_below(&t->seed, PROCESSES)];

    return p->done || p->wakes_us != 0 ? NULL : p;
}

static void
stop_one(trial *t)
{
    process *p = some_process(t);
    int stopped = 0;

    for (int i = 0; i < PROCESSES; i++)
        stopped += t->processes[i].wakes_us != 0;
    if (p == NULL || stopped == MOST_STOPPED || kill(p->pid, SIGSTOP) != 0)
        return;
    p->wakes_us = now_us() + (LEASE_MS * 3 / 2 + draw_below(&t->seed, LEASE_MS)) * 1000;
    t->stopped++;
}

static void
kill_one(trial *t)
{
    process *p = some_process(t);
    int status;

    if (p == NULL || kill(p->pid, SIGKILL) != 0)
        return;
    waitpid(p->pid, &status, 0);
    spawn(t, p);
    t->killed++;
}

/* Whoever has just been chosen may have gone. */
static void
cut_one(trial *t)
{
    if (t->kind->victims == NULL)
        return;
    char *victim = client_ask(t->c, "%s", t->kind->victims);
    long long id = strtoll(victim, NULL, 10);
    free(victim);
    if (id > 0 && client_try(t->c, "%s%lld%s", t->kind->cut, id, t->kind->cut_end))
        t->cut++;
}

static void
do_one(trial *t)
{
    static void (*const deeds[])(trial *) = { stop_one, stop_one, kill_one, cut_one };

    deeds[draw_below(&t->seed, sizeof deeds / sizeof deeds[0])](t);
}

static bool
tend(trial *t)
{
    bool running = false;

    for (int i = 0; i < PROCESSES; i++) {
        process *p = &t->processes[i];
        int status = 0;
        if (p->wakes_us != 0 && now_us() >= p->wakes_us) {
            p->wakes_us = 0;
            kill(p->pid, SIGCONT);
        }
        if (!p->done && waitpid(p->pid, &status, WNOHANG) == p->pid) {
            p->done = true;
            t->gave_up += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
        }
        running = running || !p->done;
    }
    return running;
}

static void
give_up(const trial *t)
{
    for (int i = 0; i < PROCESSES; i++) {
        if (!t->processes[i].done)
            kill(t->processes[i].pid, SIGKILL);
    }
    report_die("%s: the processes do not end", t->kind->name);
}

/* ---- after ---- */

static void
reckon(trial *t)
{
    const char *l = t->kind->ledger;
    int64_t twice = client_number(t->c,
                                  "SELECT COALESCE(SUM(c - 1), 0) FROM (SELECT COUNT(*) AS c FROM %srun"
                                  " GROUP BY load_name) x",
                                  l);
    int64_t rows = client_number(t->c, "SELECT COUNT(*) FROM chaos_target");
    int64_t values = client_number(t->c, "SELECT COUNT(DISTINCT n) FROM chaos_target");
    int64_t landed = client_number(t->c, "SELECT COUNT(DISTINCT load_name) FROM %srun", l);

    t->duplicated = twice + rows - values;
    t->missing = (t->units - values) + (t->units - landed);
}

static trial
try_once(const struct kind *kind, const char *worker, bool unfenced, int64_t units, uint64_t seed)
{
    trial t = { .kind = kind,
                .worker = worker,
                .url = getenv(kind->variable),
                .unfenced = unfenced,
                .units = units,
                .seed = seed };
    int64_t limit = now_us() + (int64_t)LIMIT_S * 1000000;

    if (t.url == NULL)
        report_die("%s is not set: run this by tests/fault/run.sh", kind->variable);
    snprintf(t.key, sizeof t.key, "chaos-%llu", (unsigned long long)seed);
    t.c = client_open(t.url);
    prepare(&t);
    for (int i = 0; i < PROCESSES; i++)
        spawn(&t, &t.processes[i]);
    for (int64_t next = now_us() + 300000; tend(&t);) {
        if (now_us() > limit)
            give_up(&t);
        if (now_us() >= next) {
            do_one(&t);
            next = now_us() + 60000 + draw_below(&t.seed, 120000);
        }
        pause_us(2000);
    }
    reckon(&t);
    report_say("%-9s%s %lld units, %lld stalls, %lld kills, %lld cuts: %lld duplicated, %lld missing", kind->name,
               unfenced ? " unfenced:" : ":", (long long)units, (long long)t.stopped, (long long)t.killed,
               (long long)t.cut, (long long)t.duplicated, (long long)t.missing);
    client_close(t.c);
    return t;
}

static void
bar_for(const char *what, const struct kind *kind, int64_t value, int64_t limit, bool at_most)
{
    char name[80];

    snprintf(name, sizeof name, "chaos_%s_%s", what, kind->name);
    if (at_most)
        report_at_most(name, (double)value, (double)limit);
    else
        report_at_least(name, (double)value, (double)limit);
}

static void
try_kind(const struct kind *kind, const char *const workers[2], int64_t units, int64_t seconds, uint64_t seed)
{
    trial sum = { .kind = kind };
    int64_t until = now_us() + seconds * 1000000;

    do {
        trial t = try_once(kind, workers[0], false, units, draw(&seed) >> 40);
        sum.duplicated += t.duplicated;
        sum.missing += t.missing;
        sum.gave_up += t.gave_up;
        sum.stopped += t.stopped;
        sum.killed += t.killed;
        sum.cut += t.cut;
    } while (now_us() < until);
    bar_for("duplicated", kind, sum.duplicated, 0, true);
    bar_for("missing", kind, sum.missing, 0, true);
    bar_for("gave_up", kind, sum.gave_up, 0, true);
    bar_for("stalls", kind, sum.stopped, 1, false);
    bar_for("kills", kind, sum.killed, 1, false);
    if (kind->victims != NULL)
        bar_for("cuts", kind, sum.cut, 1, false);
    trial unfenced = { .duplicated = 0 };
    for (int i = 0; i < 5 && unfenced.duplicated == 0; i++)
        unfenced = try_once(kind, workers[1], true, units, draw(&seed) >> 40);
    bar_for("duplicated_unfenced", kind, unfenced.duplicated, 1, false);
}

/* The workers lie beside this program. */
static void
find_worker(const char *name, char out[4096])
{
    ssize_t length = readlink("/proc/self/exe", out, 4000);

    if (length <= 0)
        report_die("the program does not find itself");
    out[length] = '\0';
    char *slash = strrchr(out, '/');
    snprintf(slash + 1, 90, "%s", name);
}

int
main(int argc, char **argv)
{
    static const char *const values[] = { "--units", "--seconds", "--seed", "--kind", NULL };
    static char fenced[4096], unfenced[4096];
    const char *const workers[] = { fenced, unfenced };

    if (!arguments_known(argc, argv, NULL, values))
        return 2;
    bool tap = argument_flag(argc, argv, "--tap");
    int64_t units = argument_number(argc, argv, "--units", tap ? TAP_UNITS : UNITS);
    int64_t seconds = argument_number(argc, argv, "--seconds", 0);
    int64_t seed = argument_number(argc, argv, "--seed", 20240301);
    const char *only = argument_text(argc, argv, "--kind", NULL);
    find_worker("chaos-worker", fenced);
    find_worker("chaos-worker-unfenced", unfenced);
    report_begin(tap);
    report_say("seed %lld", (long long)seed);
    for (int i = 0; i < KINDS; i++) {
        if (only == NULL || strcmp(only, kinds[i].name) == 0)
            try_kind(&kinds[i], workers, units, seconds, (uint64_t)seed);
    }
    return report_end();
}
