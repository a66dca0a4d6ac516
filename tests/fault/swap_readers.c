/* SPDX-License-Identifier: Apache-2.0 */
/* Swaps under twenty readers, each a process of its own: none of them may get an error, an empty table or half of one,
 * or wait for longer than lock_timeout and 50 ms; nor may one whose snapshot is older than the load find the table
 * empty. Each scene is played without a slow reader in the way and with one. What the machine itself makes a reader
 * wait is taken off: its own time without a processor, what one waits that reads a table that is never swapped, and
 * what the disk took to keep a block, as often as the server has it keep one while it holds the lock. */
#define _GNU_SOURCE
#include "swap.h"

#include <incload/incload.h>

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

enum {
    READERS = 20,
    PACE_US = 20000,
    LOCK_MS = 100,
    MARGIN_MS = 50,
    SLOW_MS = 300,
    RENAME_SYNCS = 12, /* fdatasync calls of one RENAME TABLE, as strace counts them */
    BUCKET_US = 250000,
    BUCKETS = 8000
};

/* A SQLite file with a rollback journal makes readers wait for a commit, however long those before them read: its
 * readers' time is shown, but stands for nothing. And a snapshot in it would keep the load from its commit. */
typedef struct setting {
    const char *name;
    kind what;
    bool slow;
    bool wal;
    bool snapshots;
    bool bounded;
    int syncs; /* of the server's files, while nobody may read */
} setting;

static const setting settings[] = {
    { "postgres", POSTGRES, .snapshots = true, .bounded = true },
    { "postgres-slow", POSTGRES, .slow = true, .snapshots = true, .bounded = true },
    { "mariadb", MARIADB, .snapshots = true, .bounded = true, .syncs = RENAME_SYNCS },
    { "mariadb-slow", MARIADB, .slow = true, .snapshots = true, .bounded = true, .syncs = RENAME_SYNCS },
    { "sqlite-wal", SQLITE, .wal = true, .snapshots = true, .bounded = true },
    { "sqlite-wal-slow", SQLITE, .wal = true, .slow = true, .snapshots = true, .bounded = true },
    { "sqlite-journal", SQLITE, .slow = false },
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

/* Shared by the processes of a scene. */
typedef struct scene {
    const setting *how;
    char url[1024]; /* of the target, once it is there */
    int64_t began;
    int64_t took;
    atomic_bool ready, over;
    _Atomic int64_t reads, errors, torn, slow_reads, old_snapshots, old_empty;
    _Atomic int64_t longest[BUCKETS]; /* of readers, by the time of their end */
    _Atomic int64_t control[BUCKETS];
    _Atomic int64_t disk[BUCKETS];
} scene;

typedef void (*act_fn)(scene *at, client *c);

static const char whole_query[] = "SELECT COUNT(*), MIN(generation), MAX(generation) FROM swap_copy";

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

static void
look(scene *at, client *c)
{
    char *text = client_ask(c, "%s", whole_query);

    if (!is_whole(text))
        atomic_fetch_add(&at->torn, 1);
    free(text);
}

/* How long this process was ready to run and had no processor, since it began: no wait for anybody's lock. 0 where the
 * system does not tell. */
static int64_t
queued_us(void)
{
    long long ran = 0, queued = 0;
    char text[100];
    int file = open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC);

    if (file < 0)
        return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = '\0';
    return sscanf(text, "%lld %lld", &ran, &queued) == 2 ? queued / 1000 : 0;
}

/* ---- the processes ---- */

static void
read_on(scene *at, client *c)
{
    int64_t queued = queued_us(), began = now_us();

    look(at, c);
    int64_t took = now_us() - began;
    note(at, at->longest, began, took - (queued_us() - queued));
    atomic_fetch_add(&at->reads, 1);
    pause_us(PACE_US);
}

static void
control(scene *at, client *c)
{
    int64_t began = now_us();

    free(client_ask(c, "SELECT COUNT(*), MIN(id), MAX(id) FROM swap_control"));
    note(at, at->control, began, now_us() - began);
    pause_us(PACE_US / 10);
}

/* Beside the servers' own files. */
static void
sync_on(scene *at, client *c)
{
    static int file = -1;
    char block[512] = { 0 };

    (void)c;
    if (file < 0)
        file = open(getenv("INCLOAD_TEST_DIR"), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    int64_t began = now_us();
    if (pwrite(file, block, sizeof block, 0) != (ssize_t)sizeof block || fdatasync(file) != 0)
        report_die("a file beside the servers' cannot be written");
    note(at, at->disk, began, now_us() - began);
    pause_us(PACE_US);
}

/* Holds the table's lock for longer than a try waits. */
static void
read_slowly(scene *at, client *c)
{
    client_do(c, "BEGIN");
    look(at, c);
    pause_us(SLOW_MS * 1000);
    client_do(c, "COMMIT");
    atomic_fetch_add(&at->slow_reads, 1);
    pause_us(SLOW_MS * 1000);
}

/* Before the database is there, so that no connection is carried into the process. */
static pid_t
start(scene *at, act_fn act)
{
    pid_t pid = fork();

    if (pid < 0)
        report_die("the system gave no process");
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (!atomic_load(&at->ready) && !atomic_load(&at->over))
        pause_us(1000);
    if (atomic_load(&at->over))
        _exit(0);
    client *c = client_open(at->url);
    while (!atomic_load(&at->over))
        act(at, c);
    client_close(c);
    _exit(0);
}

static void
collect(scene *at, const pid_t *pids, int count)
{
    int status;

    for (int i = 0; i < count; i++) {
        if (pids[i] > 0 && (waitpid(pids[i], &status, 0) != pids[i] || status != 0))
            atomic_fetch_add(&at->errors, 1);
    }
}

/* ---- the loads ---- */

static const char *
begin_snapshot(const setting *how)
{
    static const char *const words[KINDS] = {
        [POSTGRES] = "BEGIN ISOLATION LEVEL REPEATABLE READ",
        [MARIADB] = "START TRANSACTION WITH CONSISTENT SNAPSHOT",
        [SQLITE] = "BEGIN",
    };

    return words[how->what];
}

/* MariaDB tells such a reader that the table is another one (1412), which is no empty table. */
static void
look_again(scene *at, client *c)
{
    atomic_fetch_add(&at->old_snapshots, 1);
    if (at->how->what == MARIADB && !client_try(c, "%s", whole_query))
        return;
    char *text = client_ask(c, "%s", whole_query);
    if (!is_whole(text))
        atomic_fetch_add(&at->old_empty, 1);
    free(text);
}

static void
swap_once(scene *at, client *old, incload_step *step)
{
    incload_error *err = NULL;

    if (at->how->snapshots) {
        client_do(old, "%s", begin_snapshot(at->how));
        free(client_ask(old, "SELECT COUNT(*) FROM swap_control"));
    }
    incload_run_unref(incload_step_run(step, "retries=0", &err));
    if (err != NULL) {
        atomic_fetch_add(&at->errors, 1);
        report_wrong("%s: a swap failed: %s", at->how->name, incload_error_message(err));
    }
    incload_error_unref(err);
    if (at->how->snapshots) {
        look_again(at, old);
        client_do(old, "COMMIT");
    }
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

static void
swap_all(scene *at, int64_t swaps)
{
    incload_database *from, *to;
    stage *s = stage_new(POSTGRES, at->how->what);

    swap_prepare(s);
    if (at->how->wal)
        free(client_ask(s->to, "PRAGMA journal_mode = WAL"));
    client_do(s->to, "CREATE TABLE swap_control AS SELECT id FROM %s", swap_target);
    snprintf(at->url, sizeof at->url, "%s", s->to_url);
    incload_step *step = step_of(s, &from, &to);
    client *old = client_open(s->to_url);
    at->began = now_us();
    atomic_store(&at->ready, true);
    for (int64_t i = 0; i < swaps; i++) {
        swap_generation(s, i + 1);
        swap_once(at, old, step);
    }
    at->took = now_us() - at->began;
    atomic_store(&at->over, true);
    client_close(old);
    incload_step_unref(step);
    incload_database_unref(from);
    incload_database_unref(to);
    stage_free(s);
}

/* In a process of its own, so that the next scene begins without threads or connections. */
static void
play(scene *at, int64_t swaps)
{
    pid_t pids[READERS + 3], self = fork();
    int status = 0;

    if (self < 0)
        report_die("the system gave no process");
    if (self > 0) {
        if (waitpid(self, &status, 0) != self || status != 0)
            atomic_fetch_add(&at->errors, 1);
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < READERS; i++)
        pids[i] = start(at, read_on);
    pids[READERS] = start(at, control);
    pids[READERS + 1] = at->how->slow ? start(at, read_slowly) : 0;
    pids[READERS + 2] = at->how->syncs > 0 ? start(at, sync_on) : 0;
    swap_all(at, swaps);
    collect(at, pids, READERS + 3);
    fflush(stdout);
    _exit(0);
}

/* ---- the bars ---- */

static double
longest_wait_ms(const scene *at)
{
    int64_t longest = 0;

    for (int i = 0; i < BUCKETS; i++) {
        int64_t machine = atomic_load(&at->control[i]) + at->how->syncs * atomic_load(&at->disk[i]);
        int64_t wait = atomic_load(&at->longest[i]) - machine;
        longest = wait > longest ? wait : longest;
    }
    return (double)longest / 1000;
}

static void
bar_at_most(const scene *at, const char *what, double value, double limit)
{
    char name[80];

    snprintf(name, sizeof name, "swap-%s-%s", at->how->name, what);
    report_at_most(name, value, limit);
}

static void
bar_at_least(const scene *at, const char *what, double value, double limit)
{
    char name[80];

    snprintf(name, sizeof name, "swap-%s-%s", at->how->name, what);
    report_at_least(name, value, limit);
}

static void
tell(const scene *at, int64_t swaps)
{
    report_say("%-15s %lld swaps in %.1f s under %d readers: %lld reads, %lld slow ones; longest wait %.1f ms",
               at->how->name, (long long)swaps, (double)at->took / 1e6, (int)READERS, (long long)at->reads,
               (long long)at->slow_reads, longest_wait_ms(at));
    bar_at_most(at, "errors", (double)at->errors, 0);
    bar_at_most(at, "empty-or-half-reads", (double)at->torn, 0);
    bar_at_least(at, "reads", (double)at->reads, (double)swaps);
    if (at->how->snapshots)
        bar_at_most(at, "old-snapshots-empty", (double)at->old_empty, 0);
    if (at->how->bounded)
        bar_at_most(at, "longest-wait-ms", longest_wait_ms(at), LOCK_MS + MARGIN_MS);
    if (at->how->slow)
        bar_at_least(at, "slow-reads", (double)at->slow_reads, 1);
}

void
swap_under_readers(const char *only, int64_t swaps)
{
    for (int i = 0; i < SETTINGS; i++) {
        if (only != NULL && strstr(settings[i].name, only) == NULL)
            continue;
        scene *at = mmap(NULL, sizeof *at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED)
            report_die("no memory");
        at->how = &settings[i];
        fflush(stdout);
        play(at, swaps);
        tell(at, swaps);
        munmap(at, sizeof *at);
    }
}
