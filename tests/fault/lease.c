/* SPDX-License-Identifier: Apache-2.0 */
/* Eight processes start one load again and again, with a lease of a fraction of a second. Some are stopped in the
 * middle of the unit, or in its last moments before COMMIT, for longer than their lease, and wake after another has
 * taken over.
 *
 *     lease [--starts N] [--seed S] [--kind postgres|mariadb|sqlite] [--seconds N]
 *
 * Each committed run adds its own marker to the target, so that a run that lands twice, or though it was told to have
 * failed, is seen. --starts: for each process on PostgreSQL (100), a fraction of it on the others. --seconds: starts go
 * on until so much time is over, however many that are. */
#define _GNU_SOURCE
#include <incload/incload.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "report.h"

enum { WORKERS = 8, ROWS = 3, LEASE_MS = 300, STOP_ONE_IN = 12, LAST_MOMENTS = 90, WORKER_LIMIT_S = 240 };

extern char **environ;

static const struct kind {
    const char *name;
    const char *variable; /* the environment's, with the database's URL */
    const char *ledger;   /* what stands before the names of its tables */
    const char *marker;   /* its type */
    int64_t share;        /* of the starts: one in so many */
} kinds[] = {
    { "postgres", "INCLOAD_TEST_POSTGRES", "lease_fault.", "text", 1 },
    { "mariadb", "INCLOAD_TEST_MARIADB", "lease_fault_", "varchar(60)", 4 },
    { "sqlite", "INCLOAD_TEST_SQLITE", "lease_fault_", "text", 6 },
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ---- a worker: a process of its own ---- */

/* When the process stops itself: in the process function, or when the library looks at the clock for the so many-th
 * time after it. */
static struct plan {
    bool in_function;
    atomic_bool armed;
    atomic_int looks;
} plan;

static void
stop_here(void)
{
    kill(getpid(), SIGSTOP);
}

static int64_t
clock_us(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t
look(clockid_t id)
{
    if (atomic_load(&plan.armed) && atomic_fetch_sub(&plan.looks, 1) == 1) {
        atomic_store(&plan.armed, false);
        stop_here();
    }
    return clock_us(id);
}

static int64_t
monotonic(void *data)
{
    (void)data;
    return look(CLOCK_MONOTONIC);
}

static int64_t
wall(void *data)
{
    (void)data;
    return look(CLOCK_REALTIME);
}

static int32_t
pass(incload_unit *unit, incload_batch *batch, void *data)
{
    bool *stops = data;
    (void)unit;
    (void)batch;

    if (*stops && plan.in_function)
        stop_here();
    else if (*stops)
        atomic_store(&plan.armed, true);
    *stops = false;
    return INCLOAD_DONE;
}

typedef struct worker {
    incload_context *context;
    incload_database *db;
    incload_strategy *how;
    uint64_t seed;
    int64_t number;
} worker;

/* The marker stands in the query, so that it lands with the rows. */
static incload_step *
step_for(const worker *w, int64_t turn, bool *stops, incload_error **err)
{
    char query[160];

    snprintf(query, sizeof query, "SELECT id, '%lld-%lld' AS marker FROM lease_fault_source", (long long)w->number,
             (long long)turn);
    incload_step *step = incload_step_new_query_load(w->db, query, w->db, "lease_fault_target", w->how, err);
    incload_step_set(step, "lease", "300ms", err);
    incload_step_set_batch_function(step, pass, stops, NULL, err);
    return step;
}

/* One line: what became of it, the run's id if it was committed, whether it was stopped. */
static void
start_once(worker *w, int64_t turn)
{
    incload_error *err = NULL;
    bool planned = draw_below(&w->seed, STOP_ONE_IN) == 0, stops = planned;
    bool waits = draw_below(&w->seed, 2) == 0;

    plan.in_function = draw_below(&w->seed, 2) == 0;
    atomic_store(&plan.looks, (int)draw_below(&w->seed, LAST_MOMENTS) + 1);
    incload_step *step = step_for(w, turn, &stops, &err);
    incload_run *run = incload_step_run(step, waits ? "wait=3s retry_delay=20ms" : "retry_delay=20ms", &err);
    bool stopped = planned && !stops && !atomic_exchange(&plan.armed, false);
    int32_t code = incload_error_code(err);
    const char *message = incload_error_message(err);
    if (code == INCLOAD_OK)
        printf("done %s %d\n", incload_run_id(run), stopped);
    else if (code == INCLOAD_E_BUSY)
        printf("%s - %d\n", strstr(message, "lost its lease") != NULL ? "lost" : "busy", stopped);
    else
        printf("wrong - %d %s: %s\n", stopped, incload_error_name(err), message);
    incload_run_unref(run);
    incload_step_unref(step);
    incload_error_unref(err);
}

/* lease --worker URL NUMBER STARTS SEED UNTIL_US */
static int
work(char **words)
{
    incload_error *err = NULL;
    incload_clock clock = { .struct_size = sizeof clock, .monotonic_us = monotonic, .wall_us = wall };
    worker w = { .number = strtoll(words[1], NULL, 10) };
    int64_t starts = strtoll(words[2], NULL, 10), until = strtoll(words[4], NULL, 10);

    w.seed = (uint64_t)strtoll(words[3], NULL, 10) + (uint64_t)w.number * 1000003;
    w.context = incload_context_new(NULL, &err);
    incload_context_set_clock(w.context, &clock, NULL, NULL, &err);
    w.db = incload_database_new_in(w.context, words[0], "ledger=lease_fault", &err);
    w.how = incload_strategy_new_in(w.context, "append", "append_to_rows=true create_target=false", &err);
    if (err != NULL)
        printf("wrong - 0 %s\n", incload_error_message(err));
    for (int64_t turn = 0; err == NULL && (until != 0 ? now_us() < until : turn < starts); turn++)
        start_once(&w, turn);
    incload_strategy_unref(w.how);
    incload_database_unref(w.db);
    incload_context_unref(w.context);
    incload_error_unref(err);
    return EXIT_SUCCESS;
}

/* ---- the program ---- */

typedef struct process {
    pid_t pid;
    int64_t wakes_us; /* 0: it is not stopped */
    bool ended;
    char path[160];
} process;

typedef struct counts {
    int64_t done, busy, lost, wrong, stops, missing;
} counts;

static void
prepare(client *c, const struct kind *kind)
{
    static const char *const tables[] = { "meta", "watermark", "watermark_history", "run", "lease", "lease_beat",
                                          "reject", "loaded_columns", "object", "pipeline_run", "run_key",
                                          "unit", "step", "worker", "applied", "coverage", "rate_limit" };

    client_try(c, "DROP TABLE IF EXISTS lease_fault_source");
    client_try(c, "DROP TABLE IF EXISTS lease_fault_target");
    if (strcmp(kind->name, "postgres") == 0)
        client_try(c, "DROP SCHEMA IF EXISTS lease_fault CASCADE");
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        client_try(c, "DROP TABLE IF EXISTS %s%s", kind->ledger, tables[i]);
    client_do(c, "CREATE TABLE lease_fault_source (id integer PRIMARY KEY)");
    client_do(c, "CREATE TABLE lease_fault_target (id integer, marker %s)", kind->marker);
    for (int i = 1; i <= ROWS; i++)
        client_do(c, "INSERT INTO lease_fault_source VALUES (%d)", i);
}

static void
spawn_worker(process *p, const char *directory, const char *url, int number, int64_t starts, int64_t seed,
             int64_t until)
{
    char texts[4][32];
    const char *words[] = { "lease", "--worker", url, texts[0], texts[1], texts[2], texts[3], NULL };
    posix_spawn_file_actions_t actions;

    snprintf(texts[0], 32, "%d", number);
    snprintf(texts[1], 32, "%lld", (long long)starts);
    snprintf(texts[2], 32, "%lld", (long long)seed);
    snprintf(texts[3], 32, "%lld", (long long)until);
    snprintf(p->path, sizeof p->path, "%s/%d", directory, number);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, p->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (posix_spawn(&p->pid, "/proc/self/exe", &actions, NULL, (char *const *)(uintptr_t)words, environ) != 0)
        report_die("the system starts no process");
    posix_spawn_file_actions_destroy(&actions);
}

/* What the system says of a worker: it has stopped itself, or has ended. */
static void
note_change(process *p, int status, uint64_t *seed, counts *sum)
{
    if (WIFSTOPPED(status)) {
        sum->stops++;
        p->wakes_us = now_us() + (LEASE_MS + 50 + draw_below(seed, LEASE_MS)) * 1000;
        return;
    }
    p->ended = true;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        report_wrong("a worker died: status %d", status);
        sum->wrong++;
    }
}

static void
tend(process workers[WORKERS], uint64_t *seed, counts *sum)
{
    int64_t limit = now_us() + (int64_t)WORKER_LIMIT_S * 10 * 1000000;

    for (int running = WORKERS; running > 0;) {
        running = 0;
        for (int i = 0; i < WORKERS; i++) {
            process *p = &workers[i];
            int status = 0;
            if (p->ended)
                continue;
            running++;
            if (waitpid(p->pid, &status, WNOHANG | WUNTRACED) == p->pid)
                note_change(p, status, seed, sum);
            if (p->wakes_us != 0 && now_us() >= p->wakes_us) {
                p->wakes_us = 0;
                kill(p->pid, SIGCONT);
            }
            if (now_us() > limit)
                report_die("worker %d does not end", i);
        }
        /* Its own timer: several workers are to be woken at moments of their own. */
        pause_us(2000);
    }
}

/* Adds up what the workers said, and looks each committed run up. */
static void
read_outcomes(client *c, const struct kind *kind, process workers[WORKERS], counts *sum)
{
    for (int i = 0; i < WORKERS; i++) {
        FILE *file = fopen(workers[i].path, "r");
        char line[1024];
        if (file == NULL)
            report_die("worker %d left no outcomes", i);
        while (fgets(line, sizeof line, file) != NULL) {
            sum->busy += strncmp(line, "busy", 4) == 0;
            sum->lost += strncmp(line, "lost", 4) == 0;
            if (strncmp(line, "done ", 5) == 0) {
                sum->done++;
                sum->missing +=
                    client_number(c, "SELECT COUNT(*) FROM %srun WHERE run_id = '%.32s'", kind->ledger, line + 5) != 1;
            } else if (strncmp(line, "wrong", 5) == 0) {
                sum->wrong++;
                line[strcspn(line, "\n")] = '\0';
                report_wrong("%s", line);
            }
        }
        fclose(file);
        unlink(workers[i].path);
    }
}

/* 0 when the ledger, the target and the workers agree on how often the load was committed. */
static int64_t
disagreements(client *c, const struct kind *kind, const counts *sum)
{
    const char *l = kind->ledger;
    int64_t runs = client_number(c, "SELECT COUNT(*) FROM %srun", l);
    int64_t versions = client_number(c, "SELECT COUNT(*) FROM %swatermark_history", l);
    int64_t last = client_number(c, "SELECT COALESCE(MAX(version), 0) FROM %swatermark_history", l);
    int64_t now = client_number(c, "SELECT COALESCE(MAX(version), 0) FROM %swatermark", l);
    int64_t joined =
        client_number(c, "SELECT COUNT(*) FROM %swatermark_history h JOIN %srun r ON r.run_id = h.run_id", l, l);
    int64_t rows = client_number(c, "SELECT COUNT(*) FROM lease_fault_target");
    int64_t markers = client_number(c, "SELECT COUNT(DISTINCT marker) FROM lease_fault_target");
    int64_t uneven = client_number(c, "SELECT COUNT(*) FROM (SELECT marker FROM lease_fault_target GROUP BY marker"
                                      " HAVING COUNT(*) <> %d OR COUNT(DISTINCT id) <> %d) x", ROWS, ROWS);
    int64_t epoch = client_number(c, "SELECT MAX(epoch) FROM %slease", l);

    report_say("%s: %lld done (%lld in the ledger, %lld versions up to %lld, %lld rows of %lld runs), %lld busy, "
               "%lld overtaken, %lld stops, epoch %lld",
               kind->name, (long long)sum->done, (long long)runs, (long long)versions, (long long)last,
               (long long)rows, (long long)markers, (long long)sum->busy, (long long)sum->lost, (long long)sum->stops,
               (long long)epoch);
    return llabs(runs - sum->done) + llabs(versions - runs) + llabs(last - runs) + llabs(now - runs)
           + llabs(joined - runs) + llabs(rows - runs * ROWS) + llabs(markers - runs) + uneven + sum->missing
           + (epoch < runs);
}

static void
bar_for(const char *what, const struct kind *kind, int64_t value, int64_t limit, bool at_most)
{
    char name[80];

    snprintf(name, sizeof name, "lease_%s_%s", what, kind->name);
    if (at_most)
        report_at_most(name, (double)value, (double)limit);
    else
        report_at_least(name, (double)value, (double)limit);
}

static void
trial(const struct kind *kind, int64_t starts, int64_t seconds, int64_t seed)
{
    const char *url = getenv(kind->variable);
    char directory[] = "/tmp/incload-lease-XXXXXX";
    process workers[WORKERS] = { 0 };
    counts sum = { 0 };
    uint64_t draws = (uint64_t)seed;

    if (url == NULL)
        report_die("%s is not set: run this by tests/fault/run.sh", kind->variable);
    if (mkdtemp(directory) == NULL)
        report_die("no temporary directory can be made");
    client *c = client_open(url);
    prepare(c, kind);
    int64_t until = seconds > 0 ? now_us() + seconds * 1000000 : 0;
    for (int i = 0; i < WORKERS; i++)
        spawn_worker(&workers[i], directory, url, i, starts, seed, until);
    tend(workers, &draws, &sum);
    read_outcomes(c, kind, workers, &sum);
    int64_t wrong = disagreements(c, kind, &sum);
    bar_for("double_commits", kind, wrong, 0, true);
    bar_for("wrong_errors", kind, sum.wrong, 0, true);
    bar_for("committed", kind, sum.done, 1, false);
    bar_for("stopped", kind, sum.stops, 1, false);
    client_close(c);
    rmdir(directory);
}

int
main(int argc, char **argv)
{
    static const char *const values[] = { "--starts", "--seconds", "--seed", "--kind", NULL };

    if (argc == 7 && strcmp(argv[1], "--worker") == 0) {
        setvbuf(stdout, NULL, _IOLBF, 0);
        return work(argv + 2);
    }
    if (!arguments_known(argc, argv, NULL, values))
        return 2;
    int64_t starts = argument_number(argc, argv, "--starts", 100);
    int64_t seconds = argument_number(argc, argv, "--seconds", 0);
    int64_t seed = argument_number(argc, argv, "--seed", 20240301);
    const char *only = argument_text(argc, argv, "--kind", NULL);
    report_begin(argument_flag(argc, argv, "--tap"));
    report_say("seed %lld", (long long)seed);
    for (int i = 0; i < KINDS; i++) {
        if (only == NULL || strcmp(only, kinds[i].name) == 0)
            trial(&kinds[i], starts / kinds[i].share > 0 ? starts / kinds[i].share : 1, seconds, seed);
    }
    return report_end();
}
