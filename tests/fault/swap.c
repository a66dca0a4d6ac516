/* SPDX-License-Identifier: Apache-2.0 */
/* Loads with write=swap. First a load in a child is killed before and after every call on a socket (with SQLite: on the
 * database's file): readers must find the old rows or the new ones, whole, and the next run must land and leave nothing
 * of either run behind. Then loads swap a table under twenty readers, on each kind of database (swap_readers.c).
 *
 *     swap [--seconds N] [--swaps N] [--seed S] [--only SCENE]
 *
 * seconds are for the kills: 0, the default, is every call; --only plays the scenes of readers that have the word. */
#define _GNU_SOURCE
#include "swap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "report.h"
#include "workers.h"

enum { TAP_SECONDS = 24, TAP_SWAPS = 16, SWAPS = 200, AGAIN_MS = 20000 };

const char swap_source[] = "swap_items";
const char swap_target[] = "swap_copy";

static const kind kinds[] = { POSTGRES, PG_ODBC, MARIADB, SQLITE };
enum { TESTED = sizeof kinds / sizeof kinds[0] };

/* What the workers count together. */
enum { TRIALS, HIT, LANDED, TORN, UNCLEAN, ORPHANS, COUNTED };

typedef struct job {
    kind what;
    uint64_t seed;
    int64_t until; /* 0: to the end */
    counters *sum;
    _Atomic int64_t *calls;
} job;

static shim_page *page;

void
swap_prepare(stage *s)
{
    char *rows = NULL;
    size_t size = 0;

    client_do(s->from, "CREATE TABLE %s (id bigint NOT NULL PRIMARY KEY, generation bigint)", swap_source);
    client_do(s->to, "CREATE TABLE %s (id bigint NOT NULL PRIMARY KEY, generation bigint)", swap_target);
    FILE *out = open_memstream(&rows, &size);
    for (int i = 0; i < SWAP_ROWS; i++)
        fprintf(out, "%s(%d, 0)", i > 0 ? ", " : "", i);
    fclose(out);
    client_do(s->from, "INSERT INTO %s VALUES %s", swap_source, rows);
    client_do(s->to, "INSERT INTO %s VALUES %s", swap_target, rows);
    free(rows);
    client_do(s->to, "CREATE INDEX swap_by_generation ON %s (generation)", swap_target);
}

void
swap_generation(stage *s, int64_t generation)
{
    client_do(s->from, "UPDATE %s SET generation = %lld", swap_source, (long long)generation);
}

static void
complain(const job *j, int at, shim_action action, int counter, const char *what, const char *why)
{
    if (atomic_fetch_add(&j->sum->of[counter], 1) < 5)
        report_wrong("%s: %s: %s (call %d, %s)", kind_names[j->what], what, why, at, shim_actions[action]);
}

static child_end
run_child(const stage *s, int at, shim_action action, char said[400])
{
    page->action = action;
    page->at = at;
    page->files[0] = '\0';
    if (s->to_kind == SQLITE)
        snprintf(page->files, sizeof page->files, "%s/fault_", getenv("INCLOAD_TEST_DIR"));
    return child_load(s, swap_source, swap_target, "window=all write=swap", said);
}

static bool
run_again(const stage *s, char said[400])
{
    int64_t until = now_us() + AGAIN_MS * INT64_C(1000);

    for (;;) {
        child_end end = run_child(s, 0, SHIM_COUNT, said);
        if (end == CHILD_DONE)
            return true;
        if ((end != CHILD_BUSY && end != CHILD_UNKNOWN) || now_us() > until)
            return false;
        pause_us(5000);
    }
}

/* The generation that a reader finds, or -1 for anything but a whole one. */
static int64_t
look(stage *s)
{
    char *text = client_ask(s->to, "SELECT COUNT(*), MIN(generation), MAX(generation) FROM %s", swap_target);
    long long count = 0, least = 0, most = 0;
    bool whole = sscanf(text, "%lld|%lld|%lld", &count, &least, &most) == 3 && count == SWAP_ROWS && least == most;

    free(text);
    return whole ? least : -1;
}

/* Tables of ours, and rows that speak of them; NULL when there are none. Freed by the caller. */
static char *
left_behind(stage *s)
{
    bool postgres = s->to_kind == POSTGRES || s->to_kind == PG_ODBC;
    char *rows = client_ask(s->to, "SELECT object_name, state FROM %sobject", postgres ? "incload." : "incload_");

    if (rows[0] != '\0')
        return rows;
    free(rows);
    if (s->to_kind == SQLITE)
        rows = client_ask(s->to, "SELECT name FROM sqlite_master WHERE name GLOB 'incload_[0-9a-f]????????*'"
                                 " AND name NOT LIKE '%%watermark%%'");
    else
        rows = client_ask(s->to,
                          "SELECT table_name FROM information_schema.tables WHERE table_name LIKE"
                          " 'incload!_________________%%' ESCAPE '!' AND table_name NOT LIKE '%%watermark%%'"
                          " AND table_schema = %s",
                          postgres ? "'public'" : "DATABASE()");
    if (rows[0] != '\0')
        return rows;
    free(rows);
    return NULL;
}

static void
one_trial(const job *j, stage *s, int at, shim_action action, int64_t generation)
{
    char said[400], why[100];
    int64_t before = look(s);

    atomic_fetch_add(&j->sum->of[TRIALS], 1);
    swap_generation(s, generation);
    child_end end = run_child(s, at, action, said);
    if (end == CHILD_KILLED)
        atomic_fetch_add(&j->sum->of[HIT], 1);
    else if (end != CHILD_DONE)
        complain(j, at, action, UNCLEAN, child_ends[end], said);
    int64_t between = look(s);
    snprintf(why, sizeof why, "generation %lld in place of %lld or %lld", (long long)between, (long long)before,
             (long long)generation);
    if (between != before && between != generation)
        complain(j, at, action, TORN, "before the next run", why);
    if (between == generation)
        atomic_fetch_add(&j->sum->of[LANDED], 1);
    if (!run_again(s, said))
        complain(j, at, action, UNCLEAN, "the next run failed", said);
    if (look(s) != generation)
        complain(j, at, action, TORN, "after the next run", "not the new rows");
    char *left = left_behind(s);
    if (left != NULL)
        complain(j, at, action, ORPHANS, "left after the next run", left);
    free(left);
}

static void
work(int worker, void *data)
{
    const job *j = data;
    uint64_t seed = j->seed + (uint64_t)worker;
    char said[400];

    page = child_prepare();
    stage *s = stage_new(j->what, j->what);
    swap_prepare(s);
    swap_generation(s, 1);
    if (!run_again(s, said) || look(s) != 1)
        report_die("an undisturbed swap failed: %s", said);
    run_again(s, said);
    int calls = atomic_load(&page->calls);
    atomic_store(j->calls, calls);
    /* With a limit the calls are drawn, so that the late ones, where it matters, have their turn as well. */
    for (int i = worker; i < calls * 2 && (j->until == 0 || now_us() < j->until); i += WORKERS) {
        int at = j->until == 0 ? i / 2 : (int)draw_below(&seed, calls);
        one_trial(j, s, at + 1,
                  (j->until == 0 ? i : (int)draw_below(&seed, 2)) % 2 == 0 ? SHIM_KILL_BEFORE : SHIM_KILL_AFTER, 2 + i);
    }
    stage_free(s);
}

static void
kill_everywhere(int64_t seconds, uint64_t seed)
{
    counters *sum = counters_new(), *all = counters_new(), *calls = counters_new();
    int64_t n[COUNTED];

    for (int k = 0; k < TESTED; k++) {
        job j = { kinds[k], seed + (uint64_t)k * WORKERS, seconds == 0 ? 0 : now_us() + seconds * 1000000 / TESTED, sum,
                  calls->of };
        for (int i = 0; i < COUNTED; i++)
            atomic_store(&sum->of[i], 0);
        workers_run(work, &j);
        for (int i = 0; i < COUNTED; i++) {
            n[i] = atomic_load(&sum->of[i]);
            atomic_fetch_add(&all->of[i], n[i]);
        }
        report_say(
            "%-10s %4lld calls, %4lld trials, %4lld hit, %4lld landed; wrong: %lld torn, %lld unclean, %lld left",
            kind_names[kinds[k]], (long long)atomic_load(calls->of), (long long)n[TRIALS], (long long)n[HIT],
            (long long)n[LANDED], (long long)n[TORN], (long long)n[UNCLEAN], (long long)n[ORPHANS]);
    }
    report_at_most("swap-kill-torn", (double)atomic_load(&all->of[TORN]), 0);
    report_at_most("swap-kill-unclean", (double)atomic_load(&all->of[UNCLEAN]), 0);
    report_at_most("swap-kill-orphans", (double)atomic_load(&all->of[ORPHANS]), 0);
    int64_t trials = atomic_load(&all->of[TRIALS]);
    report_at_least("swap-kill-hit-share", trials > 0 ? (double)atomic_load(&all->of[HIT]) / (double)trials : 0, 0.8);
}

int
main(int argc, char **argv)
{
    static const char *const values[] = { "--seconds", "--seed", "--swaps", "--only", NULL };

    if (!arguments_known(argc, argv, NULL, values))
        return 2;
    bool tap = argument_flag(argc, argv, "--tap");
    int64_t seconds = argument_number(argc, argv, "--seconds", tap ? TAP_SECONDS : 0);
    const char *only = argument_text(argc, argv, "--only", NULL);
    uint64_t seed = (uint64_t)argument_number(argc, argv, "--seed", now_us());

    report_begin(tap);
    report_say("seed %llu", (unsigned long long)seed);
    if (only == NULL)
        kill_everywhere(seconds, seed);
    swap_under_readers(only, argument_number(argc, argv, "--swaps", tap ? TAP_SWAPS : SWAPS));
    return report_end();
}
