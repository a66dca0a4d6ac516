/* SPDX-License-Identifier: Apache-2.0 */
/* At each failpoint of the library (lib/base/failpoint.h) that a piece of work meets, a child that does the work is
 * killed, fails, or is held up, and a plain run follows: the target must show what the source has, with no table, slot
 * or session left behind, no lease held and no unit at work. In some trials the run that repairs is killed or fails as
 * well, at a point of its own.
 *
 *     failpoints [--seconds N] [--seed S]    0 seconds, the default: every point in every manner; else as many as fit
 *     failpoints --pairs                     in place of that: every pair of points, the second within the recovery
 *     failpoints --only WORDS [--point NAME --action ACTION --nth N]      some of the work; one trial of it */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <incload/error.h>

#include "child.h"
#include "failpoints.h"
#include "report.h"
#include "workers.h"

enum { TAP_SECONDS = 30, AGAIN_MS = 20000, LEAST_POINTS = 60 };

typedef enum action { COUNTS, KILLS, FAILS, DELAYS, ACTIONS } action;

static const char *const actions[ACTIONS] = { "count", "kill", "error", "delay" };

/* Small batches and pages make many moments out of few rows; nobody gives up the lease of one that was killed. */
#define SINCE   "cursor=updated key=id batch_rows=16 page_rows=20"
#define ALL     "key=id batch_rows=16"
#define CAPTURE "key=id lease=150ms wait=20s retry_delay=5ms batch_rows=8"
#define FOLLOW                                                                                                        \
    "until=caught_up lease=300ms wait=20s retry_delay=5ms batch_events=20 batch_bytes=65536 memory=131072 "
#define STREAM FOLLOW "schema_changes=ignore"

/* What a child is told to do, and in what scene. */
static const struct work {
    const char *name;
    const char *does;    /* the loader's word */
    const char *ends;    /* takes away what is meant to stay; NULL: nothing is */
    const char *earlier; /* what has run before the source changed; NULL: this is the first run */
    const char *preset, *options;
    const char *rows;    /* of the target, those that the source has; NULL: all */
    bool has_target;     /* the target must be there */
    bool indexed;        /* it has an index beside its key */
    bool stream;         /* the source is PostgreSQL */
    bool alters;         /* the source gets a column, and the target after it */
    bool inside;         /* the target database is the source, too */
    bool ledger;         /* which the work makes as well */
} works[] = {
    { .name = "ledger", .does = "load", .preset = "timestamp", .options = SINCE, .ledger = true },
    { .name = "inside", .does = "load", .preset = "timestamp", .options = SINCE, .inside = true },
    { .name = "append", .does = "load", .preset = "timestamp", .options = "write=append " SINCE },
    { .name = "merge", .does = "load", .earlier = "load", .preset = "timestamp", .options = SINCE },
    { .name = "delete", .does = "load", .earlier = "load", .preset = "upsert", .options = ALL " detect_deletes=keys" },
    { .name = "replace", .does = "load", .earlier = "load", .preset = "full_refresh", .options = "batch_rows=16" },
    { .name = "swap", .does = "load", .earlier = "load", .preset = "swap", .options = "batch_rows=16",
      .indexed = true },
    { .name = "scd2", .does = "load", .earlier = "load", .preset = "history", .options = ALL " scd2_deletes=invalidate",
      .rows = "valid_to IS NULL" },
    { .name = "backfill", .does = "backfill", .preset = "interval", .options = "cursor=id" },
    { .name = "pipeline", .does = "pipeline", .preset = "timestamp", .options = SINCE },
    { .name = "install", .does = "install", .ends = "uninstall", .preset = "", .options = CAPTURE, .has_target = true },
    { .name = "change table", .does = "consume", .ends = "uninstall", .earlier = "install", .preset = "",
      .options = CAPTURE, .has_target = true },
    { .name = "snapshot", .does = "stream", .ends = "end-stream", .preset = "", .options = STREAM, .has_target = true,
      .stream = true },
    { .name = "stream", .does = "stream", .ends = "end-stream", .earlier = "stream", .preset = "", .options = STREAM,
      .has_target = true, .stream = true },
    { .name = "altered", .does = "stream", .ends = "end-stream", .earlier = "stream", .preset = "",
      .options = FOLLOW "schema_changes=apply", .has_target = true, .stream = true, .alters = true },
};
enum { WORKS = sizeof works / sizeof works[0] };

typedef struct fault {
    int32_t point; /* -1: none */
    action action;
    int64_t nth;
} fault;

static const fault no_fault = { -1, COUNTS, 0 };

typedef struct trial {
    fault first, second; /* the second in the run that repairs */
} trial;

/* What the workers count together. */
enum { TRIALS, HIT, PAIRS, DIFFERENT, ORPHANS, SESSIONS, LEASES, UNCLEAN, COUNTED };

typedef struct job {
    uint64_t seed;
    int64_t until; /* 0: to the end */
    const char *only;
    trial one; /* with a point: just this */
    bool pairs;
    counters *sum;
    _Atomic int64_t *ever; /* by point: undisturbed work has met it */
} job;

/* The source's table in the target's database. */
static const char copied[] = "items_there";

/* Of this worker. */
static points_page *page;
static uint64_t seed;
static char fd_word[16], loader[512];
static int made;         /* scenes */
static int64_t met[POINTS_MOST];     /* by the undisturbed work */
static int64_t repaired[POINTS_MOST]; /* by the runs after a fault of this work */
static int64_t all_met[POINTS_MOST]; /* by any child before the last */

/* ---- the scene of one trial ---- */

typedef struct scene {
    const struct work *what;
    stage *s;
    char name[48];   /* of the target, and of what comes with it */
    int64_t versions; /* rows of the target after undisturbed work; -1: not known yet */
    char *source_tables;
} scene;

static bool
has_schemas(kind which)
{
    return which == POSTGRES || which == PG_ODBC;
}

/* Of the ledger's tables. */
static void
prefix_of(const scene *sc, char out[64])
{
    snprintf(out, 64, "%s%s", sc->what->ledger ? sc->name : "incload", has_schemas(sc->s->to_kind) ? "." : "_");
}

static child_end
run_child(const scene *sc, const char *does, const fault *f, char said[400])
{
    bool inside = sc->what->inside;
    char target[64];

    /* The schema of the user's name would be the next to look in, were it not the ledger's. */
    snprintf(target, sizeof target, "%s%s", sc->what->ledger && has_schemas(sc->s->to_kind) ? "public." : "", sc->name);
    const char *words[] = { loader,
                            fd_word,
                            does,
                            inside ? sc->s->to_url : sc->s->from_url,
                            inside ? copied : stage_source,
                            sc->s->to_url,
                            target,
                            sc->what->ledger ? sc->name : "",
                            sc->what->preset,
                            sc->what->options,
                            NULL };

    for (int i = 0; i < POINTS_MOST; i++) {
        all_met[i] += atomic_load(&page->met[i]);
        atomic_store(&page->met[i], 0);
    }
    page->armed = f->point;
    page->action = (int32_t)f->action;
    page->nth = f->nth;
    return child_start(words, said);
}

/* What the killed one has left at the server may be in the way for a moment; the loader says so then. */
static bool
run_plainly(const scene *sc, const char *does, char said[400])
{
    int64_t until = now_us() + AGAIN_MS * INT64_C(1000);

    for (;;) {
        child_end end = run_child(sc, does, &no_fault, said);
        if (end == CHILD_DONE)
            return true;
        if ((end != CHILD_BUSY && end != CHILD_UNKNOWN) || now_us() > until)
            return false;
        pause_us(5000);
    }
}

static void
must_run(const scene *sc, const char *does)
{
    char said[400];

    if (!run_plainly(sc, does, said))
        report_die("%s, %s to %s: undisturbed, '%s' failed: %s", sc->what->name, kind_names[sc->s->from_kind],
                   kind_names[sc->s->to_kind], does, said);
}

/* Ten rows are changed, and but for the work that would not see it, five go and five come. */
static void
change_source(const scene *sc)
{
    static const char row[] = "'row, once changed, of some length to fill a line', 7";
    stage *s = sc->s;
    char stamp[40];

    snprintf(stamp, sizeof stamp, "2024-04-01 %02d:%02d:%02d.000001", made / 3600 % 24, made / 60 % 60, made % 60);
    client_do(s->from, "UPDATE %s SET amount = amount + 1, updated = '%s' WHERE id BETWEEN 11 AND 20", stage_source,
              stamp);
    bool lower = client_number(s->from, "SELECT count(*) FROM %s WHERE id = 56", stage_source) == 1;
    for (int id = 56; id <= 60 && strcmp(sc->what->name, "merge") != 0; id++) {
        client_do(s->from, "DELETE FROM %s WHERE id = %d", stage_source, lower ? id : id + 5);
        client_do(s->from, "INSERT INTO %s VALUES (%d, %s, '%s')", stage_source, lower ? id + 5 : id, row, stamp);
    }
    /* Between changes of one transaction, and with values that come by it alone. */
    if (sc->what->alters)
        client_do(s->from,
                  "BEGIN;\nUPDATE %s SET amount = amount + 1 WHERE id < 5;\nALTER TABLE %s ADD COLUMN note bigint;\n"
                  "UPDATE %s SET note = id WHERE id < 30;\nCOMMIT",
                  stage_source, stage_source, stage_source);
    /* One transaction that is larger than the memory for it. */
    if (sc->what->stream)
        client_do(s->from,
                  "BEGIN;\nINSERT INTO %s SELECT g, repeat('x', 70), g, '%s' FROM generate_series(1001, 2200) g;\n"
                  "DELETE FROM %s WHERE id > 1000;\nCOMMIT",
                  stage_source, stamp, stage_source);
}

static void
put_source_there(stage *s)
{
    stage_refresh(s);
    char *text = strdup(s->wanted), *line = NULL, *save = NULL;

    if (text == NULL)
        report_die("no memory");
    stage_make_table(s, copied);
    for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        char *field[4] = { line, NULL, NULL, NULL };
        for (int i = 1; i < 4; i++) {
            field[i] = strchr(field[i - 1], '|');
            *field[i]++ = '\0';
        }
        client_do(s->to, "INSERT INTO %s VALUES (%s, '%s', %s, '%s')", copied, field[0], field[1], field[2], field[3]);
    }
    free(text);
}

/* A ledger of the work's own. */
static void
drop_ledger(const scene *sc)
{
    client *to = sc->s->to;
    kind which = sc->s->to_kind;
    char name[64];

    if (has_schemas(which)) {
        client_do(to, "DROP SCHEMA IF EXISTS %s CASCADE", sc->name);
        return;
    }
    char *tables = stage_target_tables(sc->s);
    for (const char *at = tables; *at != '\0'; at += strcspn(at, "\n") + 1) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "\n"), at);
        size_t own = strlen(sc->name);
        if (strncmp(name, sc->name, own) == 0 && name[own] == '_')
            client_do(to, "DROP TABLE %s", name);
    }
    free(tables);
    if (which == MARIADB)
        client_do(to, "DROP SEQUENCE IF EXISTS %s_unit_epoch", sc->name);
}

static void
scene_make(scene *sc)
{
    stage *s = sc->s;

    /* Slots of all databases of a server share their names. */
    snprintf(sc->name, sizeof sc->name, "fp_%ld_%d", (long)getpid(), ++made);
    if (sc->what->inside)
        put_source_there(s);
    if (sc->what->has_target)
        stage_make_table(s, sc->name);
    if (sc->what->earlier != NULL) {
        must_run(sc, sc->what->earlier);
        if (sc->what->indexed)
            client_do(s->to, "CREATE INDEX %s_by_amount ON %s (amount)", sc->name, sc->name);
        change_source(sc);
    }
    stage_refresh(s);
}

static void
scene_end(scene *sc)
{
    char said[400];

    if (sc->what->ends != NULL && !run_plainly(sc, sc->what->ends, said))
        report_die("%s: '%s' failed: %s", sc->what->name, sc->what->ends, said);
    if (sc->what->stream)
        client_do(sc->s->from, "DROP PUBLICATION IF EXISTS %s", sc->name);
    if (sc->what->alters)
        client_do(sc->s->from, "ALTER TABLE %s DROP COLUMN note", stage_source);
    client_do(sc->s->to, "DROP TABLE IF EXISTS %s", sc->name);
    if (sc->what->inside)
        client_do(sc->s->to, "DROP TABLE IF EXISTS %s", copied);
    if (sc->what->ledger)
        drop_ledger(sc);
}

/* ---- looking ---- */

/* What the column that came has. */
static bool
same_notes(const scene *sc, char why[256])
{
    static const char notes[] = "SELECT id, note FROM %s WHERE note IS NOT NULL ORDER BY id";
    char *there = client_ask(sc->s->to, notes, sc->name), *wanted = client_ask(sc->s->from, notes, stage_source);
    bool same = strcmp(there, wanted) == 0 && wanted[0] != '\0';

    if (!same)
        snprintf(why, 256, "the new column has other values");
    free(there);
    free(wanted);
    return same;
}

static bool
same_rows(const scene *sc, char why[256])
{
    char part[120];

    snprintf(part, sizeof part, "%s%s%s", sc->name, sc->what->rows != NULL ? " WHERE " : "",
             sc->what->rows != NULL ? sc->what->rows : "");
    char *rows = stage_rows(sc->s, part);
    int64_t all = client_number(sc->s->to, "SELECT count(*) FROM %s", sc->name);
    bool same = strcmp(rows, sc->s->wanted) == 0;
    size_t at = 0;

    while (!same && rows[at] != '\0' && rows[at] == sc->s->wanted[at])
        at++;
    while (at > 0 && rows[at - 1] != '\n')
        at--;
    snprintf(why, 256, "the target has %lld rows, undisturbed %lld; it differs at '%.40s' from '%.40s'",
             (long long)all, (long long)sc->versions, same ? "" : rows + at, same ? "" : sc->s->wanted + at);
    free(rows);
    if (!same || (sc->versions >= 0 && all != sc->versions))
        return false;
    return !sc->what->alters || same_notes(sc, why);
}

static void
complain(const job *j, const scene *sc, const trial *t, int counter, const char *what, const char *why)
{
    const fault *f = &t->first, *g = &t->second;

    if (atomic_fetch_add(&j->sum->of[counter], 1) >= 40)
        return;
    report_wrong("%s %s: %s %s, meeting %lld%s%s%s%s: %s: %s", sc->what->name, kind_names[sc->s->to_kind],
                 actions[f->action], f->point < 0 ? "nothing" : page->names[f->point], (long long)f->nth,
                 g->point < 0 ? "" : ", then ", g->point < 0 ? "" : actions[g->action], g->point < 0 ? "" : " ",
                 g->point < 0 ? "" : page->names[g->point], what, why);
}

static void
check_ledger(const job *j, const scene *sc, const trial *t)
{
    static const struct {
        const char *table, *where, *what;
    } rules[] = {
        { "lease", "holder IS NOT NULL", "a lease is held" },
        { "object", "1 = 1", "a table of the library's own is written down" },
        { "unit", "status = 2", "a unit is at work" },
    };

    char prefix[64];

    prefix_of(sc, prefix);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        int64_t rows =
            client_number(sc->s->to, "SELECT count(*) FROM %s%s WHERE %s", prefix, rules[i].table, rules[i].where);
        if (rows != 0)
            complain(j, sc, t, LEASES, "in the ledger", rules[i].what);
    }
}

static void
check_orphans(const job *j, const scene *sc, const trial *t)
{
    char why[256];

    if (!stage_tidy(sc->s, why))
        complain(j, sc, t, ORPHANS, "a table too many or too few", why);
    char *tables = stage_source_tables(sc->s);
    if (strcmp(tables, sc->source_tables) != 0)
        complain(j, sc, t, ORPHANS, "tables of the source", tables);
    free(tables);
    if (sc->what->stream
        && client_number(sc->s->from, "SELECT count(*) FROM pg_replication_slots WHERE database = current_database()")
               != 0)
        complain(j, sc, t, ORPHANS, "a replication slot stays", "");
}

/* ---- trials ---- */

/* Whether the fault came. What says that it is done must be done. */
static bool
one_fault(const job *j, const scene *sc, const trial *t, const fault *f)
{
    char why[256], said[400];
    child_end end = run_child(sc, sc->what->does, f, said);
    bool hit = atomic_load(&page->met[f->point]) >= f->nth;

    if (end == CHILD_CRASHED || end == CHILD_HUNG || (f->action == KILLS && hit && end != CHILD_KILLED))
        complain(j, sc, t, UNCLEAN, child_ends[end], said);
    if (f->action == DELAYS && end == CHILD_FAILED)
        complain(j, sc, t, UNCLEAN, "a delay made it fail", said);
    if (end == CHILD_DONE && !same_rows(sc, why))
        complain(j, sc, t, DIFFERENT, "it said that it was done", why);
    return hit;
}

static void
one_trial(const job *j, scene *sc, const trial *t)
{
    char why[256], said[400];

    scene_make(sc);
    atomic_fetch_add(&j->sum->of[TRIALS], 1);
    if (one_fault(j, sc, t, &t->first))
        atomic_fetch_add(&j->sum->of[HIT], 1);
    if (t->second.point >= 0 && one_fault(j, sc, t, &t->second))
        atomic_fetch_add(&j->sum->of[PAIRS], 1);
    bool clean = run_plainly(sc, sc->what->does, said);
    for (int32_t i = 0; i < page->count; i++)
        repaired[i] += atomic_load(&page->met[i]);
    if (!clean)
        complain(j, sc, t, UNCLEAN, "the run that repairs failed", said);
    else if (!same_rows(sc, why))
        complain(j, sc, t, DIFFERENT, "after the run that repairs", why);
    if (!stage_alone(sc->s))
        complain(j, sc, t, SESSIONS, "a session stays", "after five seconds");
    check_ledger(j, sc, t);
    scene_end(sc);
    check_orphans(j, sc, t);
}

/* What undisturbed work meets, and how many rows its target has then. */
static void
learn(scene *sc)
{
    char why[256];

    memset(repaired, 0, sizeof repaired);
    sc->versions = -1;
    scene_make(sc);
    must_run(sc, sc->what->does);
    for (int32_t i = 0; i < page->count; i++) {
        met[i] = atomic_load(&page->met[i]);
    }
    sc->versions = client_number(sc->s->to, "SELECT count(*) FROM %s", sc->name);
    if (!same_rows(sc, why))
        report_die("%s, %s: undisturbed, the target differs: %s", sc->what->name, kind_names[sc->s->to_kind], why);
    scene_end(sc);
    free(sc->source_tables);
    sc->source_tables = stage_source_tables(sc->s);
}

static fault
any_fault(bool in_recovery)
{
    fault f = no_fault;

    /* What only a recovery meets is among the points of a second fault. */
    do
        f.point = (int32_t)draw_below(&seed, page->count);
    while (met[f.point] == 0 && !(in_recovery && repaired[f.point] > 0));
    f.nth = 1 + draw_below(&seed, met[f.point] > 0 ? met[f.point] : 1);
    f.action = (action)(KILLS + draw_below(&seed, in_recovery ? 2 : 3));
    return f;
}

/* The first meeting and the last. */
static int
list_faults(fault list[POINTS_MOST * 6])
{
    int count = 0;

    for (int32_t i = 0; i < page->count; i++) {
        for (int a = KILLS; a < ACTIONS && met[i] > 0; a++) {
            if (a == FAILS && page->codes[i] == INCLOAD_OK)
                continue;
            list[count++] = (fault){ i, (action)a, 1 };
            if (met[i] > 1)
                list[count++] = (fault){ i, (action)a, met[i] };
        }
    }
    return count;
}

static void
whole(const job *j, scene *sc, int worker)
{
    static fault list[POINTS_MOST * 6];
    int count = list_faults(list);

    for (int i = worker; i < count && !j->pairs; i += WORKERS)
        one_trial(j, sc, &(trial){ list[i], no_fault });
    for (int i = worker; i < count * count && j->pairs; i += WORKERS) {
        const trial t = { list[i / count], list[i % count] };
        if (t.first.action == KILLS && t.second.action != DELAYS)
            one_trial(j, sc, &t);
    }
}

static void
work_on(const job *j, scene *sc, int worker, int64_t until)
{
    learn(sc);
    if (j->one.first.point >= 0) {
        if (worker == 0)
            one_trial(j, sc, &j->one);
        return;
    }
    if (j->until == 0) {
        whole(j, sc, worker);
        return;
    }
    /* Learning may have taken all the time on a machine that is busy. */
    do {
        trial t = { any_fault(false), no_fault };
        if (draw(&seed) % 3 == 0)
            t.second = any_fault(true);
        one_trial(j, sc, &t);
    } while (now_us() < until);
}

static bool
chosen(const job *j, const struct work *w, kind to)
{
    char title[80];

    snprintf(title, sizeof title, "%s %s", w->name, kind_names[to]);
    return j->only == NULL || strstr(title, j->only) != NULL;
}

static bool
same_stage(const struct work *w, int group, kind *from, kind *to)
{
    *to = (kind)(group % KINDS);
    *from = group / KINDS == 0 ? *to : POSTGRES;
    return w->stream == (group / KINDS == 1);
}

static void
work(int worker, void *data)
{
    const job *j = data;
    int left = 0, number = 0, fd;
    kind from, to;

    page = child_share(sizeof *page, &fd);
    snprintf(fd_word, sizeof fd_word, "%d", fd);
    child_path(loader, sizeof loader, "", "failpoints-loader");
    seed = j->seed + (uint64_t)worker;
    for (int group = 0; group < 2 * KINDS; group++) {
        for (int i = 0; i < WORKS; i++)
            left += same_stage(&works[i], group, &from, &to) && chosen(j, &works[i], to);
    }
    for (int group = 0; group < 2 * KINDS; group++) {
        stage *s = NULL;
        for (int i = 0; i < WORKS; i++) {
            if (!same_stage(&works[i], group, &from, &to) || !chosen(j, &works[i], to))
                continue;
            /* With little time each does its share of the work, and all of that. */
            if (j->until != 0 && number++ % WORKERS != worker)
                continue;
            if (s == NULL)
                s = stage_new(from, to);
            scene sc = { .what = &works[i], .s = s };
            int64_t now = now_us();
            /* What one does not need goes to the others. */
            int share = j->until != 0 ? (left + WORKERS - 1) / WORKERS : left;
            work_on(j, &sc, worker, now + (j->until > now ? (j->until - now) / share : 0));
            free(sc.source_tables);
            left -= j->until != 0 ? WORKERS : 1;
        }
        if (s != NULL)
            stage_free(s);
    }
    for (int i = 0; i < POINTS_MOST; i++)
        atomic_fetch_add(&j->ever[i], all_met[i]);
}

/* ---- the report ---- */

/* The names, from a loader that does nothing else. */
static void
list_points(points_page *into)
{
    char said[400];
    int fd;

    page = child_share(sizeof *page, &fd);
    snprintf(fd_word, sizeof fd_word, "%d", fd);
    child_path(loader, sizeof loader, "", "failpoints-loader");
    page->armed = -1;
    const char *words[] = { loader, fd_word, "list", "mock:a", "", "mock:b", "", "", "", "", NULL };
    if (child_start(words, said) != CHILD_DONE)
        report_die("the loader does not start: %s", said);
    memcpy(into, page, sizeof *into);
}

static int32_t
point_named(const points_page *points, const char *name)
{
    for (int32_t i = 0; i < points->count; i++) {
        if (strcmp(points->names[i], name) == 0)
            return i;
    }
    report_die("there is no failpoint '%s'", name);
}

static action
action_named(const char *name)
{
    for (int i = 0; i < ACTIONS; i++) {
        if (strcmp(actions[i], name) == 0)
            return (action)i;
    }
    report_die("there is no action '%s'", name);
}

static int
count_unmet(const points_page *points, const _Atomic int64_t *ever)
{
    int unmet = 0;

    for (int32_t i = 0; i < points->count; i++) {
        if (atomic_load(&ever[i]) > 0)
            continue;
        report_say("nothing meets %s", points->names[i]);
        unmet++;
    }
    return unmet;
}

int
main(int argc, char **argv)
{
    static const char *const flags[] = { "--pairs", NULL };
    static const char *const values[] = { "--seconds", "--seed", "--only", "--point", "--action", "--nth", NULL };
    points_page points;

    if (!arguments_known(argc, argv, flags, values))
        return 2;
    bool tap = argument_flag(argc, argv, "--tap");
    int64_t seconds = argument_number(argc, argv, "--seconds", tap ? TAP_SECONDS : 0);
    const char *point = argument_text(argc, argv, "--point", NULL);
    size_t size = sizeof(_Atomic int64_t) * POINTS_MOST;
    _Atomic int64_t *ever = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (ever == MAP_FAILED)
        report_die("no memory to share among workers");

    report_begin(tap);
    list_points(&points);
    job j = { .seed = (uint64_t)argument_number(argc, argv, "--seed", now_us()),
              .until = seconds == 0 ? 0 : now_us() + seconds * 1000000,
              .only = argument_text(argc, argv, "--only", NULL),
              .one = { no_fault, no_fault },
              .pairs = argument_flag(argc, argv, "--pairs"),
              .sum = counters_new(),
              .ever = ever };
    if (point != NULL)
        j.one.first = (fault){ point_named(&points, point),
                               action_named(argument_text(argc, argv, "--action", "kill")),
                               argument_number(argc, argv, "--nth", 1) };
    report_say("seed %llu; %d points; %s", (unsigned long long)j.seed, points.count,
               seconds != 0 ? "as many trials as fit, drawn by the seed" : j.pairs ? "every pair" : "every point");
    workers_run(work, &j);
    int64_t n[COUNTED];
    for (int i = 0; i < COUNTED; i++)
        n[i] = atomic_load(&j.sum->of[i]);
    report_say("%lld trials, %lld hit, %lld of them in the recovery as well", (long long)n[TRIALS], (long long)n[HIT],
               (long long)n[PAIRS]);
    report_at_least("failpoints-named", points.count, LEAST_POINTS);
    if (j.only == NULL && seconds == 0)
        report_at_most("failpoints-not-met", count_unmet(&points, ever), 0);
    if (j.only == NULL && seconds != 0)
        report_at_least("failpoints-met", points.count - count_unmet(&points, ever), LEAST_POINTS);
    report_at_least("failpoints-hit", (double)n[HIT], 1);
    report_at_most("failpoints-different", (double)n[DIFFERENT], 0);
    report_at_most("failpoints-orphans", (double)n[ORPHANS], 0);
    report_at_most("failpoints-sessions-left", (double)n[SESSIONS], 0);
    report_at_most("failpoints-leases-held", (double)n[LEASES], 0);
    report_at_most("failpoints-unclean-ends", (double)n[UNCLEAN], 0);
    return report_end();
}
