/* SPDX-License-Identifier: Apache-2.0 */
/* A load in a child is killed before and after every call on a socket (with SQLite: on the database's files), and run
 * again: the target must equal its source, with a ledger that tells of each run once and nothing left behind. The run
 * that goes on after a kill is killed as well. Then the same calls fail in place of killing.
 *
 *     crash [--seconds N] [--seed S]      0 seconds, the default: every call; else as many as fit, drawn by the seed
 *     crash --only WORDS [--at N --action ACTION]     one sweep, or one trial of it: what a report of a fault names */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <incload/incload.h>

#include "child.h"
#include "report.h"
#include "workers.h"

enum { TAP_SECONDS = 75, AGAIN_MS = 20000, COMMITS = 12 };

typedef enum manner {
    KILLS,    /* the load, then it runs again */
    RECOVERY, /* the load at any call, the next run at every call, then it runs again */
    FAULTS    /* a call fails */
} manner;

static const char *const manners[] = { "kill", "kill-recovery", "fault" };

static const struct sweep {
    kind from, to;
    bool first;
    manner manner;
    bool together; /* two loads as a group */
} sweeps[] = {
    { POSTGRES, POSTGRES, false, KILLS, false },
    { PG_ODBC, PG_ODBC, false, KILLS, false },
    { MARIADB, MARIADB, false, KILLS, false },
    { SQLITE, SQLITE, false, KILLS, false },
    { POSTGRES, POSTGRES, true, KILLS, false },
    { PG_ODBC, PG_ODBC, true, KILLS, false },
    { MARIADB, MARIADB, true, KILLS, false },
    { SQLITE, SQLITE, true, KILLS, false },
    { POSTGRES, MARIADB, false, KILLS, false },
    { MARIADB, SQLITE, false, KILLS, false },
    { SQLITE, PG_ODBC, false, KILLS, false },
    { PG_ODBC, POSTGRES, false, KILLS, false },
    { POSTGRES, POSTGRES, false, RECOVERY, false },
    { PG_ODBC, PG_ODBC, false, RECOVERY, false },
    { MARIADB, MARIADB, false, RECOVERY, false },
    { SQLITE, SQLITE, false, RECOVERY, false },
    { POSTGRES, POSTGRES, false, FAULTS, false },
    { PG_ODBC, PG_ODBC, false, FAULTS, false },
    { MARIADB, MARIADB, false, FAULTS, false },
    { SQLITE, SQLITE, false, FAULTS, false },
    { POSTGRES, POSTGRES, false, KILLS, true },
    { PG_ODBC, PG_ODBC, false, KILLS, true },
    { MARIADB, MARIADB, false, KILLS, true },
    { SQLITE, SQLITE, false, KILLS, true },
    { POSTGRES, POSTGRES, false, FAULTS, true },
    { MARIADB, MARIADB, false, FAULTS, true },
};
enum { SWEEPS = sizeof sweeps / sizeof sweeps[0] };

typedef struct trial {
    int at;
    shim_action action;
} trial;

/* What the workers count together. */
enum { TRIALS, HIT, LANDED, FAILED, DIFFERENT, ORPHANS, SESSIONS, UNCLEAN, COUNTED };

typedef struct job {
    const struct sweep *what;
    uint64_t seed;
    int64_t until; /* 0: to the end */
    const trial *only;
    counters *sum;
    _Atomic int64_t *calls;
} job;

/* Of this worker. */
static shim_page *page;
static uint64_t seed;

static void
title_of(const struct sweep *w, char out[96])
{
    snprintf(out, 96, "%s %s-%s %s", manners[w->manner], kind_names[w->from], kind_names[w->to],
             w->together ? "together" : w->first ? "first" : "increment");
}

static void
complain(const job *j, const trial *t, int counter, const char *what, const char *why)
{
    char title[96];

    title_of(j->what, title);
    if (atomic_fetch_add(&j->sum->of[counter], 1) < 5)
        report_wrong("%s: %s: %s (--only '%s' --at %d --action %s)", title, what, why, title, t->at,
                     shim_actions[t->action]);
}

static void
count(const job *j, int counter)
{
    atomic_fetch_add(&j->sum->of[counter], 1);
}

static child_end
run_child(const stage *s, const trial *t, char said[400])
{
    page->action = t->action;
    page->at = t->at;
    snprintf(page->files, sizeof page->files, "%s", "");
    /* With a source of files and a target of files both count. */
    if (s->from_kind == SQLITE || s->to_kind == SQLITE) {
        const char *directory = getenv("INCLOAD_TEST_DIR");
        snprintf(page->files, sizeof page->files, "%s/fault_", directory != NULL ? directory : "");
    }
    return child_run(s, said);
}

/* What the killed one has left at the server may be in the way for a moment; the loader says so then. */
static bool
run_again(const stage *s, char said[400])
{
    static const trial harmless = { 0, SHIM_COUNT };
    int64_t until = now_us() + AGAIN_MS * INT64_C(1000);

    for (;;) {
        child_end end = run_child(s, &harmless, said);
        if (end == CHILD_DONE)
            return true;
        if ((end != CHILD_BUSY && end != CHILD_UNKNOWN) || now_us() > until)
            return false;
        pause_us(5000);
    }
}

/* The end of every trial: one more run, and all must be well. */
static void
finish(const job *j, stage *s, const trial *t, int64_t runs)
{
    char why[256], said[400];

    if (!run_again(s, said)) {
        complain(j, t, UNCLEAN, "the next run failed", said);
        return;
    }
    if (!stage_alone(s))
        complain(j, t, SESSIONS, "a session stays", "it is on one of the two databases after five seconds");
    if (stage_look(s, runs, why) != LANDED_ALL)
        complain(j, t, DIFFERENT, "after the next run", why);
    if (!stage_tidy(s, why))
        complain(j, t, ORPHANS, "a table too many or too few", why);
}

/* Half of the trials look before the next run; the other half run at once, while the server may still be busy with the
 * one that is gone. */
static void
look_between(const job *j, stage *s, const trial *t, int64_t runs)
{
    char why[256];

    if (!stage_alone(s))
        complain(j, t, SESSIONS, "a session stays", "it is on one of the two databases after five seconds");
    landed found = stage_look(s, runs, why);
    /* A first load may have made the empty target and the ledger. */
    if (found == LANDED_WRONG)
        complain(j, t, DIFFERENT, "before the next run", why);
    if (found == LANDED_ALL)
        count(j, LANDED);
}

static void
try_kill(const job *j, stage *s, const trial *t)
{
    char said[400];
    child_end end = run_child(s, t, said);

    if (end == CHILD_KILLED)
        count(j, HIT);
    if (end != CHILD_KILLED && end != CHILD_DONE)
        complain(j, t, UNCLEAN, child_ends[end], said);
    if (draw(&seed) % 2 == 0)
        look_between(j, s, t, 1);
    finish(j, s, t, 2);
}

static void
try_recovery(const job *j, stage *s, const trial *t, int calls)
{
    trial before = { 1 + (int)draw_below(&seed, calls), draw(&seed) % 2 == 0 ? SHIM_KILL_BEFORE : SHIM_KILL_AFTER };
    char said[400];

    run_child(s, &before, said);
    child_end end = run_child(s, t, said);
    if (end == CHILD_KILLED)
        count(j, HIT);
    if (end == CHILD_FAILED || end == CHILD_CRASHED || end == CHILD_HUNG)
        complain(j, t, UNCLEAN, child_ends[end], said);
    finish(j, s, t, 3);
}

/* The loader must tell the truth: what it calls done is there, what it calls failed is not. */
static void
try_fault(const job *j, stage *s, const trial *t)
{
    char why[256], said[400];
    child_end end = run_child(s, t, said);

    if (atomic_load(&page->fired))
        count(j, HIT);
    if (end != CHILD_DONE)
        count(j, FAILED);
    if (end == CHILD_CRASHED || end == CHILD_HUNG || end == CHILD_KILLED)
        complain(j, t, UNCLEAN, child_ends[end], said);
    /* A look is two queries, and what an unknown COMMIT does may fall between them. */
    if (!stage_alone(s))
        complain(j, t, SESSIONS, "a session stays", "it is on one of the two databases after five seconds");
    landed found = stage_look(s, 1, why);
    bool true_words = end == CHILD_DONE      ? found == LANDED_ALL
                      : end == CHILD_UNKNOWN ? found != LANDED_WRONG
                                             : found == LANDED_NOT;
    if (!true_words) {
        char both[700];
        snprintf(both, sizeof both, "%s; the loader was %s: %s", why, child_ends[end], said);
        complain(j, t, DIFFERENT, "after the fault", both);
    }
    if (found == LANDED_ALL)
        count(j, LANDED);
    finish(j, s, t, 2);
}

/* How many calls an undisturbed load makes. */
static int
count_calls(stage *s, const struct sweep *w)
{
    static const trial harmless = { 0, SHIM_COUNT };
    char said[400];

    stage_reset(s, w->first);
    child_end end = run_child(s, &harmless, said);
    if (end != CHILD_DONE)
        report_die("an undisturbed load was %s: %s", child_ends[end], said);
    return atomic_load(&page->calls);
}

/* This worker's trials, in an order of the seed's, but those about the COMMIT before all others. */
static trial *
trials_of(const struct sweep *w, int calls, int worker, int *number)
{
    static const shim_action kills[] = { SHIM_KILL_BEFORE, SHIM_KILL_AFTER };
    static const shim_action socket_faults[] = { SHIM_RESET, SHIM_EINTR, SHIM_EAGAIN, SHIM_SHORT };
    static const shim_action file_faults[] = { SHIM_EIO, SHIM_ENOSPC, SHIM_EINTR };
    const shim_action *actions = w->manner != FAULTS ? kills : w->to == SQLITE ? file_faults : socket_faults;
    int kinds = w->manner != FAULTS ? 2 : w->to == SQLITE ? 3 : 4;
    trial *list = calloc((size_t)(calls * kinds + 1), sizeof *list);

    if (list == NULL)
        report_die("no memory");
    *number = 0;
    for (int i = worker; i < calls * kinds; i += WORKERS)
        list[(*number)++] = (trial){ 1 + i / kinds, actions[i % kinds] };
    for (int i = *number - 1; i > 0; i--) {
        int other = (int)draw_below(&seed, i + 1);
        trial kept = list[i];
        list[i] = list[other];
        list[other] = kept;
    }
    for (int i = 0, first = 0; i < *number; i++) {
        trial found = list[i];
        if (found.at <= calls - COMMITS)
            continue;
        list[i] = list[first];
        list[first++] = found;
    }
    return list;
}

static void
one_trial(const job *j, stage *s, const trial *t, int calls)
{
    stage_reset(s, j->what->first);
    count(j, TRIALS);
    if (j->what->manner == KILLS)
        try_kill(j, s, t);
    else if (j->what->manner == RECOVERY)
        try_recovery(j, s, t, calls);
    else
        try_fault(j, s, t);
}

static void
work(int worker, void *data)
{
    const job *j = data;
    char why[256];
    int number;

    page = child_prepare();
    seed = j->seed + (uint64_t)worker;
    stage *s = j->what->together ? stage_new_twins(j->what->from, j->what->to)
                                 : stage_new(j->what->from, j->what->to);
    int calls = count_calls(s, j->what);
    trial *list = trials_of(j->what, calls, worker, &number);
    atomic_store(j->calls, calls);
    if (j->only != NULL && worker == 0) {
        one_trial(j, s, j->only, calls);
        report_say("call %d was %s()", j->only->at, page->name);
    }
    /* Counting the calls may have taken all the time on a machine that is busy. */
    for (int i = 0; j->only == NULL && i < number && (j->until == 0 || i == 0 || now_us() < j->until); i++)
        one_trial(j, s, &list[i], calls);
    /* After a last load that nothing has troubled. */
    if (number > 0 && !stage_verify(s, why))
        complain(j, &list[0], DIFFERENT, "incload_verify() disagrees", why);
    free(list);
    stage_free(s);
}

static void
one_sweep(job *j, counters *all)
{
    int kinds = j->what->manner != FAULTS ? 2 : j->what->to == SQLITE ? 3 : 4;
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
    int64_t calls = atomic_load(j->calls);
    report_say("%-42s %4lld calls, %4lld of %4lld trials, %4lld hit, %4lld landed, %4lld failed; wrong: %lld %lld %lld"
               " %lld",
               title, (long long)calls, (long long)n[TRIALS], (long long)(calls * kinds), (long long)n[HIT],
               (long long)n[LANDED], (long long)n[FAILED], (long long)n[DIFFERENT], (long long)n[ORPHANS],
               (long long)n[SESSIONS], (long long)n[UNCLEAN]);
}

static bool
chosen(const struct sweep *w, const char *only)
{
    char title[96];

    title_of(w, title);
    return only == NULL || strstr(title, only) != NULL;
}

static shim_action
action_named(const char *name)
{
    for (int i = 0; i < SHIM_ACTIONS; i++) {
        if (strcmp(shim_actions[i], name) == 0)
            return (shim_action)i;
    }
    report_die("there is no action '%s'", name);
}

int
main(int argc, char **argv)
{
    static const char *const values[] = { "--seconds", "--seed", "--only", "--at", "--action", NULL };
    int left = 0;

    if (!arguments_known(argc, argv, NULL, values))
        return 2;
    bool tap = argument_flag(argc, argv, "--tap");
    const char *only = argument_text(argc, argv, "--only", NULL);
    int64_t seconds = argument_number(argc, argv, "--seconds", tap ? TAP_SECONDS : 0);
    trial one = { (int)argument_number(argc, argv, "--at", 0),
                  action_named(argument_text(argc, argv, "--action", "kill-before")) };

    counters *sum = counters_new(), *all = counters_new(), *calls = counters_new();

    report_begin(tap);
    uint64_t start = (uint64_t)argument_number(argc, argv, "--seed", now_us());
    report_say("seed %llu; %s", (unsigned long long)start,
               seconds == 0 ? "every call" : "as many calls as fit, drawn by the seed");
    report_say("wrong: targets that differ, tables left or lost, sessions left, runs that did not end well");
    for (int i = 0; i < SWEEPS; i++)
        left += chosen(&sweeps[i], only);
    int64_t end = now_us() + seconds * 1000000;
    for (int i = 0; i < SWEEPS; i++) {
        if (!chosen(&sweeps[i], only))
            continue;
        int64_t now = now_us();
        /* What one sweep does not need goes to the others. */
        int64_t until = seconds == 0 ? 0 : now + (end > now ? (end - now) / left : 1);
        job j = { &sweeps[i], start + (uint64_t)i * WORKERS, until, one.at > 0 ? &one : NULL, sum, calls->of };
        one_sweep(&j, all);
        left--;
    }
    int64_t trials = atomic_load(&all->of[TRIALS]), hit = atomic_load(&all->of[HIT]);
    report_at_most("crash-different", (double)atomic_load(&all->of[DIFFERENT]), 0);
    report_at_most("crash-orphans", (double)atomic_load(&all->of[ORPHANS]), 0);
    report_at_most("crash-sessions-left", (double)atomic_load(&all->of[SESSIONS]), 0);
    report_at_most("crash-unclean-ends", (double)atomic_load(&all->of[UNCLEAN]), 0);
    report_at_least("crash-hit-share", trials > 0 ? (double)hit / (double)trials : 0, 0.8);
    return report_end();
}
