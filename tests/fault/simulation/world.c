/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "world.h"

#include <incload/incload.h>

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../report.h"
#include "driver/database.h"
#include "pipelines.h"
#include "server.h"
#include "state/ledger.h"

enum {
    LOADERS = 3,
    MOST_RUNS = 2,
    KEYS = 6,      /* of the source of increments */
    VERSIONS = 96, /* of its rows */
    FIGURES = 5,   /* rows of the source that is replaced as a whole */
    UNITS = 5,     /* of a backfill */
    UNIT_ROWS = 2,
    TRIES = 60,
    LEASE_MS = 300,
    LIMIT_US = 300000000
};

typedef enum kind { INCREMENTS, REPLACEMENTS, SWAPS, BACKFILL, PIPELINES, KINDS } kind;

static const char *const kind_names[KINDS] = { "increments", "replacements", "swaps", "backfill", "pipelines" };

/* A row of the source as it was committed. */
typedef struct version {
    int32_t id;
    char stamp[32];
    char item[16];
} version;

typedef struct outcome {
    char run_id[40];
    int32_t code;
} outcome;

/* The lease as the last commit left it. */
typedef struct seen_lease {
    int64_t epoch;
    int64_t expires_us;
    int64_t lapsed_us; /* when it was renewed though it had expired */
    int64_t versions;  /* of the watermark */
    bool held;
    int32_t pid; /* of its holder */
} seen_lease;

static struct world {
    uint64_t seed;
    kind kind;
    bool leases;
    seen_lease lease;
    int32_t source, target; /* bases */
    server_faults faults;
    world_result *result;
    version versions[VERSIONS];
    int32_t version_count;
    outcome outcomes[LOADERS * MOST_RUNS + 1];
    int32_t outcome_count;
    int64_t generation; /* of the figures that readers saw last */
    process *loaders[LOADERS + 1];
    int32_t loader_count;
    int32_t at_work; /* loaders that have not ended */
    int32_t transactions;
    bool closing;
    bool closed;
} w;

static void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The first counts: the others may follow from it. */
static void
wrong(const char *format, ...)
{
    va_list args;

    if (w.result->wrong[0] != '\0')
        return;
    va_start(args, format);
    vsnprintf(w.result->wrong, sizeof w.result->wrong, format, args);
    va_end(args);
    machine_note("WRONG", w.result->wrong, 0);
}

/* ---- what must hold whenever the target has committed ---- */

static bool
later(const char *a, const char *b)
{
    return strcmp(a, b) > 0;
}

/* What the target may hold of one key when all up to `mark` has landed: its last version before the mark or, of those
 * at the mark, any that came later. */
static bool
may_be(int32_t id, const char *mark, const char *stamp, const char *item)
{
    bool found = false;

    for (int32_t i = 0; i < w.version_count; i++) {
        const version *v = &w.versions[i];
        if (v->id != id || later(v->stamp, mark))
            continue;
        bool same = strcmp(v->stamp, stamp) == 0 && strcmp(v->item, item) == 0;
        found = strcmp(v->stamp, mark) == 0 ? found || same : same;
    }
    return found;
}

static bool
must_be(int32_t id, const char *mark)
{
    for (int32_t i = 0; i < w.version_count; i++) {
        if (w.versions[i].id == id && later(mark, w.versions[i].stamp))
            return true;
    }
    return false;
}

typedef struct copies {
    const char *mark;
    bool there[KEYS + 1];
} copies;

static void
check_copy(void *data, const char *const *cells)
{
    copies *found = data;
    int32_t id = cells[0][0] - '0';

    if (id < 1 || id > KEYS || cells[0][1] != '\0')
        wrong("the target has a row %s that the source never had", cells[0]);
    else if (found->there[id])
        wrong("the target has row %s twice", cells[0]);
    else if (!may_be(id, found->mark, cells[1], cells[2]))
        wrong("the watermark is %s, and row %s of the target is not as it was then: %s, %s", found->mark, cells[0],
              cells[1], cells[2]);
    if (id >= 1 && id <= KEYS)
        found->there[id] = true;
}

static void
check_increments(void)
{
    server_answer mark = server_ask(w.target, "SELECT value FROM incload_watermark WHERE load_name = 'copies'");
    copies found = { .mark = mark.rows > 0 ? mark.text : "" };

    server_each(w.target, "SELECT id, updated, item FROM copies", check_copy, &found);
    for (int32_t id = 1; id <= KEYS; id++) {
        if (!found.there[id] && must_be(id, found.mark))
            wrong("the watermark is %s, and row %d is not in the target", found.mark, id);
    }
}

/* Readers see the old rows or the new ones: all of them, of one generation, and never an older one than before. */
static void
check_figures(void)
{
    server_answer seen = server_look(w.target, "SELECT COUNT(*) * 1000000 + COUNT(DISTINCT generation) * 100000"
                                               " + COALESCE(MAX(generation), 0) FROM shown");
    int64_t rows = seen.number / 1000000, kinds = seen.number / 100000 % 10, generation = seen.number % 100000;

    if (seen.rows != 1)
        wrong("readers of the target meet: %s", seen.text);
    else if (w.generation == 0 && rows == 0)
        return;
    else if (rows != FIGURES || kinds != 1)
        wrong("readers of the target see %lld rows of %lld generations", (long long)rows, (long long)kinds);
    else if (generation < w.generation)
        wrong("generation %lld landed behind %lld", (long long)generation, (long long)w.generation);
    w.generation = generation > w.generation ? generation : w.generation;
}

static void
check_landed(void)
{
    server_answer twice = server_ask(w.target, "SELECT COUNT(*) - COUNT(DISTINCT n) FROM landed");
    server_answer known = server_ask(w.target, "SELECT (SELECT COUNT(*) FROM landed) - %d * (SELECT COUNT(*) FROM"
                                               " incload_applied)", (int)UNIT_ROWS);

    server_answer again = server_ask(w.target, "SELECT COUNT(*) - COUNT(DISTINCT load_name) FROM incload_run");

    if (twice.number != 0)
        wrong("%lld rows landed twice", (long long)twice.number);
    if (again.number != 0)
        wrong("%lld units landed twice", (long long)again.number);
    if (known.number != 0)
        wrong("the rows that landed are %lld more than the ledger's units have", (long long)known.number);
}

/* Whoever lands has the lease and gives it up with that; it is taken from nobody who has it still. */
static void
check_lease(void)
{
    enum { CLOCK_US = 1000, RACE_US = 5000000 };
    seen_lease *before = &w.lease, now = { .lapsed_us = before->lapsed_us };
    server_answer row = server_ask(w.target, "SELECT l.epoch FROM incload_lease l");
    server_answer by = server_ask(w.target, "SELECT COALESCE(l.holder, '') FROM incload_lease l");
    server_answer until = server_ask(w.target, "SELECT MAX(l.taken_us + l.ttl_us, COALESCE((SELECT b.expires_us"
                                               " FROM incload_lease_beat b WHERE b.epoch = l.epoch), 0))"
                                               " FROM incload_lease l");
    server_answer versions = server_ask(w.target, "SELECT COUNT(*) FROM incload_watermark_history");
    server_answer owns = server_ask(w.target, "SELECT COUNT(*) FROM incload_lease l WHERE l.holder IS NULL"
                                              " AND l.run_id = (SELECT h.run_id FROM incload_watermark_history h"
                                              " ORDER BY h.version DESC LIMIT 1)");

    if (row.rows == 0)
        return;
    now.epoch = row.number;
    now.expires_us = until.number;
    now.versions = versions.number;
    now.held = by.text[0] != '\0';
    sscanf(by.text, "simulated pid %d", &now.pid);
    bool expired = before->expires_us <= machine_now() + CLOCK_US;
    if (now.epoch == before->epoch && now.expires_us != before->expires_us && expired)
        now.lapsed_us = machine_now();
    /* A renewal that comes between a look at the lease and its taking is met by the fence. */
    bool raced = now.lapsed_us != 0 && machine_now() - now.lapsed_us < RACE_US;
    if (now.epoch > before->epoch && before->held && !expired && !raced && process_lives(before->pid))
        wrong("the lease was taken from process %d, which has it for %lld us more", (int)before->pid,
              (long long)(before->expires_us - machine_now()));
    if (now.versions > before->versions && owns.number != 1)
        wrong("a run landed that does not have the lease");
    *before = now;
}

/* Versions of a watermark follow each other, and each is one run's. */
static void
check_ledger(void)
{
    server_answer gaps = server_ask(w.target, "SELECT COUNT(*) FROM (SELECT load_name FROM incload_watermark_history"
                                              " GROUP BY load_name HAVING COUNT(*) <> MAX(version)"
                                              " OR COUNT(DISTINCT run_id) <> COUNT(*))");
    server_answer last = server_ask(w.target, "SELECT COUNT(*) FROM incload_watermark m WHERE m.version <> (SELECT"
                                              " MAX(h.version) FROM incload_watermark_history h"
                                              " WHERE h.load_name = m.load_name)");

    server_answer runs = server_ask(w.target, "SELECT (SELECT COUNT(*) FROM incload_run) - (SELECT COUNT(*) FROM"
                                              " incload_watermark_history)");

    if (w.kind != BACKFILL && runs.number != 0)
        wrong("the ledger has %lld more runs than versions of the watermark", (long long)runs.number);
    if (gaps.number != 0)
        wrong("the versions of a watermark do not follow each other, one for each run");
    if (last.number != 0)
        wrong("a watermark is not the last of its history");
}

static void
committed(int32_t base)
{
    static void (*const checks[KINDS])(void) = { check_increments, check_figures, check_figures, check_landed, NULL };

    if (base != w.target || w.result == NULL || checks[w.kind] == NULL)
        return;
    checks[w.kind]();
    check_ledger();
    if (w.leases && w.kind != BACKFILL)
        check_lease();
}

/* ---- loading ---- */

static incload_step *
step_of(incload_context *context, incload_database *source, incload_database *target, incload_error **err)
{
    static const struct {
        const char *preset;
        const char *options;
        const char *from;
        const char *to;
    } loads[KINDS] = {
        { "timestamp", "cursor=updated key=id", "orders", "copies" },
        { "full_refresh", "", "figures", "shown" },
        { "swap", "swap_wait=2s", "figures", "shown" },
        { "interval", "cursor=n", "events", "landed" },
    };
    char lease[24];

    incload_strategy *how = incload_strategy_new_in(context, loads[w.kind].preset, loads[w.kind].options, err);
    if (w.kind == INCREMENTS && machine_odds(1, 2))
        incload_strategy_set(how, "batch_rows", "2", err);
    incload_step *load = incload_step_new_load(source, loads[w.kind].from, target, loads[w.kind].to, how, err);
    incload_strategy_unref(how);
    snprintf(lease, sizeof lease, "%dms", w.leases ? (int)LEASE_MS : 0);
    incload_step_set(load, "lease", lease, err);
    if (w.kind != BACKFILL)
        return load;
    char end[24];
    snprintf(end, sizeof end, "%d", (int)UNITS * UNIT_ROWS);
    incload_step *all = incload_step_new_load_backfill_between(
        load, "0", end, "step=2 parallel=2 retries=5 retry_delay=5ms retry_max_delay=50ms", err);
    incload_step_unref(load);
    return all;
}

/* What may come of harm. Everything else is a fault of the library. */
static bool
is_excused(int32_t code)
{
    static const int32_t codes[] = { INCLOAD_OK,     INCLOAD_E_CONNECT,        INCLOAD_E_TIMEOUT, INCLOAD_E_CONFLICT,
                                     INCLOAD_E_BUSY, INCLOAD_E_COMMIT_UNKNOWN, INCLOAD_E_SQL };

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i] == code)
            return true;
    }
    return false;
}

static void
note_outcome(const incload_run *run, const incload_error *err)
{
    const char *id = incload_run_id(run);
    int32_t code = incload_error_code(err);

    machine_note("outcome", err != NULL ? incload_error_message(err) : "done", code);
    w.result->runs++;
    w.result->landed += code == INCLOAD_OK;
    bool poison = w.kind == BACKFILL && code == INCLOAD_E_STATE
                  && strstr(incload_error_message(err), "workers died") != NULL;
    if (!is_excused(code) && !poison)
        wrong("a run ended in %s: %s", incload_error_name(err), incload_error_message(err));
    if (w.kind == BACKFILL || id == NULL || w.outcome_count == LOADERS * MOST_RUNS + 1)
        return;
    outcome *o = &w.outcomes[w.outcome_count++];
    snprintf(o->run_id, sizeof o->run_id, "%s", id);
    o->code = code;
}

static int32_t
load_once(const char *options)
{
    static const char *const urls[BASES] = { "mock:shop", "mock:house" };
    incload_error *err = NULL;
    incload_context *context = incload_context_new("events=0", &err);
    incload_database *target = incload_database_new_in(context, urls[w.target], NULL, &err);
    incload_database *source = w.source == w.target ? incload_database_ref(target)
                                                    : incload_database_new_in(context, urls[w.source], NULL, &err);
    incload_step *step = step_of(context, source, target, &err);
    incload_run *run = incload_step_run(step, options, &err);

    note_outcome(run, err);
    int32_t code = incload_error_code(err);
    incload_run_unref(run);
    incload_step_unref(step);
    incload_database_unref(source);
    incload_database_unref(target);
    incload_context_unref(context);
    incload_error_unref(err);
    return code;
}

static const char *
run_options(void)
{
    static const char *const usual[] = { "retries=0", "retries=2 retry_delay=10ms", "retries=2 retry_delay=10ms",
                                         "retries=1 retry_delay=10ms wait=1s", "retries=1 timeout=150ms" };

    if (w.kind == BACKFILL)
        return "run_key=all lease=300ms";
    return usual[machine_draw(sizeof usual / sizeof usual[0])];
}

static void
director(void *data)
{
    (void)data;
    w.result->runs++;
    w.result->landed += pipelines_run(wrong);
    w.at_work--;
}

static void
loader(void *data)
{
    int64_t runs = 1 + machine_draw(MOST_RUNS);

    (void)data;
    for (int64_t i = 0; i < runs; i++) {
        machine_sleep(machine_draw(60000));
        if (load_once(run_options()) == INCLOAD_OK && w.kind == BACKFILL)
            break;
    }
    w.at_work--;
}

/* When nothing does harm any more, one load brings everything. */
static void
closer(void *data)
{
    (void)data;
    for (int32_t i = 0; i < TRIES && !w.closed; i++) {
        int32_t code = load_once(w.kind == BACKFILL && i > 0 ? "lease=300ms" : run_options());
        w.closed = code == INCLOAD_OK;
        if (!w.closed)
            machine_sleep(200000);
    }
    if (!w.closed)
        wrong("no load comes to its end although nothing does harm any more");
}

/* ---- the others ---- */

static void
remember_version(int32_t id, const char *stamp, const char *item)
{
    version *v = &w.versions[w.version_count++];

    v->id = id;
    snprintf(v->stamp, sizeof v->stamp, "%.31s", stamp);
    snprintf(v->item, sizeof v->item, "%s", item);
}

/* Rows stamped by SQL inside the transaction, as it is meant to be. */
static void
change_orders(server_link *link)
{
    server_answer stamp;
    char sql[200], item[16];
    int32_t before = w.version_count;
    int64_t rows = 1 + machine_draw(3);

    if (w.version_count + rows > VERSIONS || !server_do(link, "BEGIN IMMEDIATE", NULL))
        return;
    bool good = server_do(link, "SELECT substr(strftime('%Y-%m-%d %H:%M:%f', 'now'), 1, 22) || '0'", &stamp);
    for (int64_t i = 0; i < rows && good; i++) {
        int32_t id = 1 + (int32_t)machine_draw(KEYS);
        snprintf(item, sizeof item, "i%d", (int)w.version_count);
        snprintf(sql, sizeof sql, "INSERT INTO orders (id, updated, item) VALUES (%d, '%.31s', '%s') ON CONFLICT (id)"
                                  " DO UPDATE SET updated = excluded.updated, item = excluded.item", (int)id,
                 stamp.text, item);
        good = server_do(link, sql, NULL);
        remember_version(id, stamp.text, item);
    }
    if (!good || !server_do(link, "COMMIT", NULL))
        w.version_count = before;
}

static void
change_figures(server_link *link)
{
    if (server_do(link, "BEGIN IMMEDIATE", NULL)
        && server_do(link, "UPDATE figures SET generation = generation + 1", NULL))
        server_do(link, "COMMIT", NULL);
}

static void
writer(void *data)
{
    server_link *link = server_open(w.source);

    (void)data;
    for (int32_t i = 0; i < w.transactions; i++) {
        /* Several in ten milliseconds, which is as fine as the stamps are. */
        machine_sleep(machine_odds(1, 2) ? 0 : machine_draw(20000));
        if (w.kind == INCREMENTS)
            change_orders(link);
        else
            change_figures(link);
    }
    server_close(link);
}

/* Holds snapshots of the target, which nothing of a load may change under it. */
static void
reader(void *data)
{
    server_link *link = server_open(w.target);
    server_answer first, second;

    (void)data;
    for (int32_t i = 0; i < 4; i++) {
        machine_sleep(machine_draw(80000));
        if (!server_do(link, "BEGIN", NULL) || !server_do(link, "SELECT SUM(generation) FROM shown", &first))
            continue;
        machine_sleep(machine_draw(30000));
        if (server_do(link, "SELECT SUM(generation) FROM shown", &second) && strcmp(first.text, second.text) != 0)
            wrong("a reader's snapshot changed from %s to %s", first.text, second.text);
        server_do(link, "COMMIT", NULL);
    }
    server_close(link);
}

/* Kills and stops processes wherever they are. */
static void
nemesis(void *data)
{
    int64_t deeds = machine_draw(4);

    (void)data;
    for (int64_t i = 0; i < deeds && w.at_work > 0; i++) {
        machine_sleep(machine_draw(150000));
        process *victim = w.loaders[machine_draw(w.loader_count)];
        if (!process_lives(process_pid(victim)))
            continue;
        if (machine_odds(1, 3)) {
            server_client_dies(victim);
            process_kill(victim);
            w.result->killed++;
        } else {
            process_stall(victim, 1 + machine_draw(3 * LEASE_MS * 1000));
        }
    }
}

/* ---- a seed ---- */

/* Each seed has its own kinds of harm, and most of them lack some. */
static void
draw_faults(server_faults *f)
{
    *f = (server_faults){ .latency_us = machine_odds(1, 2) ? 300 : 3000, .stall_us = 3 * LEASE_MS * 1000 };
    if (machine_odds(1, 6))
        return;
    f->victims = "loader";
    f->linger_us = machine_odds(1, 2) ? 100000 : 2000000;
    f->lost = machine_odds(1, 2) ? (int32_t)machine_draw(300) : 0;
    f->refused = machine_odds(1, 3) ? (int32_t)machine_draw(200) : 0;
    f->killed = machine_odds(1, 3) ? (int32_t)machine_draw(60) : 0;
    f->stalled = machine_odds(1, 2) ? (int32_t)machine_draw(150) : 0;
    f->commits_lost = machine_odds(1, 2) ? (int32_t)machine_draw(400) : 0;
}

static void
nothing(void *data)
{
    (void)data;
}

static void
start_all(void)
{
    w.loader_count = w.kind == PIPELINES ? 1 : 1 + (int32_t)machine_draw(machine_odds(1, 2) ? 2 : LOADERS);
    w.at_work = w.loader_count;
    w.transactions = 1 + (int32_t)machine_draw(12);
    for (int32_t i = 0; i < w.loader_count && w.kind == PIPELINES; i++)
        w.loaders[i] = machine_start("loader", director, NULL);
    if (w.kind == PIPELINES)
        return;
    for (int32_t i = 0; i < w.loader_count; i++)
        w.loaders[i] = machine_start("loader", loader, NULL);
    if (w.kind != BACKFILL)
        machine_start("writer", writer, NULL);
    if (w.kind == REPLACEMENTS || w.kind == SWAPS)
        machine_start("reader", reader, NULL);
    if (w.faults.victims != NULL)
        machine_start("nemesis", nemesis, NULL);
}

static void
check_memory(const char *who, const process *which)
{
    if (process_blocks(which) != 0)
        wrong("%s has not given back %lld blocks of memory", who, (long long)process_blocks(which));
}

/* What a run was told of its end is what became of it. */
static void
check_outcomes(void)
{
    for (int32_t i = 0; i < w.outcome_count; i++) {
        const outcome *o = &w.outcomes[i];
        int64_t rows = server_ask(w.target, "SELECT COUNT(*) FROM incload_run WHERE run_id = '%s'", o->run_id).number;
        if (o->code == INCLOAD_OK && rows != 1)
            wrong("run %s was told to have landed, and the ledger has it %lld times", o->run_id, (long long)rows);
        if (o->code != INCLOAD_OK && o->code != INCLOAD_E_COMMIT_UNKNOWN && rows != 0)
            wrong("run %s was told to have failed (%d), and the ledger has it", o->run_id, (int)o->code);
    }
}

static void
check_equal(void)
{
    if (w.kind == INCREMENTS) {
        static const char all[] = "SELECT group_concat(id || updated || item) FROM (SELECT * FROM %s ORDER BY id)";
        server_answer last = server_ask(w.source, all, "orders"), copy = server_ask(w.target, all, "copies");
        if (strcmp(last.text, copy.text) != 0)
            wrong("at the end the source has %.200s, the target %.200s", last.text, copy.text);
    }
    if (w.kind == REPLACEMENTS || w.kind == SWAPS) {
        int64_t last = server_ask(w.source, "SELECT MAX(generation) FROM figures").number;
        if (last != w.generation)
            wrong("at the end the source is at generation %lld, the target at %lld", (long long)last,
                  (long long)w.generation);
    }
    if (w.kind == BACKFILL) {
        int64_t rows = server_ask(w.target, "SELECT COUNT(*) FROM landed").number;
        int64_t covered = server_ask(w.target, "SELECT SUM(high - low) FROM (SELECT low, high FROM incload_applied)")
                              .number;
        if (rows != (int64_t)UNITS * UNIT_ROWS)
            wrong("at the end %lld of %d rows have landed", (long long)rows, (int)UNITS * UNIT_ROWS);
        if (covered != (int64_t)UNITS * UNIT_ROWS)
            wrong("at the end the ledger covers %lld of %d numbers", (long long)covered, (int)UNITS * UNIT_ROWS);
    }
}

static void
check_leftovers(void)
{
    server_answer tables = server_ask(w.target, "SELECT group_concat(name) FROM main.sqlite_master WHERE name NOT IN"
                                                " (SELECT name FROM kept.sqlite_master) AND type = 'table'");
    server_answer held = server_ask(w.target, "SELECT COUNT(*) FROM incload_lease WHERE holder IS NOT NULL");

    if (tables.text[0] != '\0')
        wrong("tables are left over: %s", tables.text);
    if (held.number != 0 && w.kind != BACKFILL)
        wrong("a lease is held although the last run has landed");
    if (server_sessions() != 0)
        wrong("%d sessions are left over", (int)server_sessions());
}

/* A loop in which no virtual time passes can be ended from outside alone. */
static void
hangs(int number)
{
    (void)number;
    report_die("seed %llu goes round in circles: none of its threads waits for anything", (unsigned long long)w.seed);
}

void
world_try(uint64_t seed, bool tells, world_result *out)
{
    enum { MOST_S = 60 };
    static const kind drawn[] = { INCREMENTS, INCREMENTS, INCREMENTS, REPLACEMENTS, REPLACEMENTS, BACKFILL, BACKFILL,
                                  SWAPS, PIPELINES, PIPELINES };

    memset(&w, 0, sizeof w);
    w.seed = seed;
    alarm(MOST_S);
    *out = (world_result){ .wrong = "" };
    machine_begin(seed, tells);
    w.kind = drawn[machine_draw(sizeof drawn / sizeof drawn[0])];
    w.leases = w.kind == BACKFILL || machine_odds(3, 4);
    w.source = 0;
    w.target = w.kind == SWAPS || machine_odds(1, 2) ? 1 : 0;
    draw_faults(&w.faults);
    server_begin(machine_start("server", nothing, NULL), &w.faults);
    w.result = out;
    out->kind = kind_names[w.kind];
    start_all();
    if (!machine_run(LIMIT_US))
        wrong("the processes wait for each other, or have not ended after %d seconds", (int)(LIMIT_US / 1000000));
    for (int32_t i = 0; i < w.loader_count && out->wrong[0] == '\0'; i++)
        check_memory("a loader", w.loaders[i]);
    if (out->wrong[0] == '\0' && w.kind != PIPELINES) {
        server_set_faults(&(server_faults){ .latency_us = 100 });
        process *last = machine_start("closer", closer, NULL);
        if (!machine_run(2 * (int64_t)LIMIT_US))
            wrong("the last load does not end");
        check_memory("the last loader", last);
        check_equal();
        check_outcomes();
        check_leftovers();
    }
    out->virtual_us = machine_elapsed();
    out->hash = machine_hash();
    machine_end();
    alarm(0);
    w.result = NULL;
}

/* ---- before the first ---- */

static void
make_ledger(void *data)
{
    const char *url = data;
    incload_error *err = NULL;
    incload__ledger ledger = { 0 };
    incload__conn *conn = NULL;
    incload_database *db = incload_database_new(url, NULL, &err);

    if (db != NULL && incload__database_take(db, INCLOAD__ROLE_WRITE, 0, NULL, &conn, &err) == INCLOAD_OK
        && incload__ledger_init(&ledger, &incload__database_env(db)->mem, conn->dialect, "incload", &err) == INCLOAD_OK)
        incload__ledger_ensure(&ledger, conn, &err);
    if (err != NULL)
        report_die("making the ledger: %s", incload_error_message(err));
    incload__ledger_free(&ledger);
    incload__database_give_back(db, conn);
    incload_database_unref(db);
}

static void
make_tables(void *data)
{
    static const char *const tables[] = {
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, updated timestamp NOT NULL, item text)",
        "CREATE INDEX orders_updated ON orders (updated)",
        "CREATE TABLE copies (id INTEGER PRIMARY KEY, updated timestamp NOT NULL, item text)",
        "CREATE TABLE figures (id INTEGER PRIMARY KEY, generation integer NOT NULL, item text)",
        "CREATE TABLE shown (id INTEGER PRIMARY KEY, generation integer NOT NULL, item text)",
        "CREATE TABLE events (n INTEGER PRIMARY KEY, item text)",
        "CREATE TABLE landed (n integer, item text)",
    };
    char sql[160];

    (void)data;
    for (int32_t at = 0; at < BASES; at++) {
        server_link *link = server_open(at);
        bool good = true;
        for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
            good = good && server_do(link, tables[i], NULL);
        for (int32_t i = 1; i <= FIGURES; i++) {
            snprintf(sql, sizeof sql, "INSERT INTO figures VALUES (%d, 1, 'f')", (int)i);
            good = good && server_do(link, sql, NULL);
        }
        for (int32_t i = 0; i < UNITS * UNIT_ROWS; i++) {
            snprintf(sql, sizeof sql, "INSERT INTO events VALUES (%d, 'e')", (int)i);
            good = good && server_do(link, sql, NULL);
        }
        server_close(link);
        if (!good)
            report_die("the simulated tables are not made");
    }
}

void
world_prepare(void)
{
    signal(SIGALRM, hangs);
    server_install();
    server_watch(committed);
    machine_begin(1, false);
    server_begin(machine_start("server", nothing, NULL), &(server_faults){ .latency_us = 1 });
    machine_start("tables", make_tables, NULL);
    machine_start("ledger", make_ledger, (void *)(uintptr_t)"mock:shop");
    machine_start("ledger", make_ledger, (void *)(uintptr_t)"mock:house");
    if (!machine_run(LIMIT_US))
        report_die("the simulated databases are not made");
    machine_end();
    server_remember();
}
