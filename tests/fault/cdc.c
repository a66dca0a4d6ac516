/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a random workload go to one database by PostgreSQL's own subscription and to another by the library's
 * stream: both must hold the same rows in the end, those of the source. In the workload there are
 *
 *     four sessions whose transactions begin in another order than they commit; rolled back ones; subtransactions that
 *     are aborted, nested four deep; transactions that are prepared and then committed or rolled back, by which time
 *     others have committed (neither side asks for two phases: both get them with COMMIT PREPARED);
 *     keys that change and that are swapped, keys of two columns, replica identity full with a key, and a table
 *     without a key whose rows are equal by twos and threes;
 *     values that are stored apart and not sent again; TRUNCATE of one table and of several; messages of pg_logical;
 *     columns that come and go and change their type between, on both sides;
 *     transactions above the 64 kB that the source keeps of each, so that they are sent in parts, also those of which
 *     a part or all is taken back after it was sent.
 *
 *     cdc [--seeds N] [--seed S] [--steps N] [--kills]
 *
 * Seeds from S on, each a workload of that many steps; the stream catches up now and then, while transactions are open.
 * With --kills it runs in a process of its own meanwhile, which is killed at least a dozen times in each.
 *
 * Beside it a second stream runs once, undisturbed, at the end of each seed: the changes that landed by the first one,
 * in their order, with position, ordinal and content, must have the digest of those of the second. A change may come
 * again only when the commit that it was in did not land. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdc_follow.h"
#include "cdc_workload.h"
#include "client.h"
#include "report.h"

enum {
    TAP_SEEDS = 10,
    TAP_KILLED = 2,
    FULL_SEEDS = 100,
    STEPS = 250,
    SMALL = 100,
    KILLS = 12,
    WAIT_US = 60000000,
    AWAIT_US = 1500000
};

typedef struct oracle {
    char source_url[1024], native_url[1024], library_url[1024], calm_url[1024];
    char library_seen[1024], calm_seen[1024];
    client *server, *source, *native, *library, *calm;
    workload *w;
    follow f, undisturbed;
    bool kills;
    int steps;
    pid_t follower; /* 0: none */
    int64_t killed, ended, different, failed, other_digests;
    int64_t changes;                  /* that landed, by the undisturbed stream */
    int64_t following_us, waiting_us; /* for the stream, and for the subscription */
} oracle;

/* ---- databases ---- */

static void
make_database(oracle *o, const char *name, char url[1024], client **c)
{
    const char *base = getenv("INCLOAD_TEST_POSTGRES");
    const char *at = base != NULL ? strstr(base, "@/") : NULL;

    if (at == NULL)
        report_die("INCLOAD_TEST_POSTGRES is not set: run this by tests/fault/run.sh");
    client_do(o->server, "CREATE DATABASE %s", name);
    snprintf(url, 1024, "%.*s@/%s%s", (int)(at - base), base, name, at + 2 + strcspn(at + 2, "?"));
    *c = client_open(url);
    workload_make_tables(*c);
}

static void
set_up_stream(oracle *o, follow *f, const char *slot, const char *target, client *at_target, char seen[1024])
{
    char why[400];

    snprintf(seen, 1024, "%s/%s.seen", getenv("INCLOAD_TEST_DIR"), slot);
    *f = (follow){ .source = o->source_url,
                   .target = target,
                   .slot = slot,
                   .program = "/proc/self/exe",
                   .seen = seen,
                   .at_target = at_target };
    trace_begin(&f->trace);
    if (!follow_catch_up(f, why))
        report_die("stream %s does not begin: %s", slot, why);
}

static void
set_up(oracle *o)
{
    o->server = client_open(getenv("INCLOAD_TEST_POSTGRES"));
    make_database(o, "cdc_source", o->source_url, &o->source);
    make_database(o, "cdc_native", o->native_url, &o->native);
    make_database(o, "cdc_library", o->library_url, &o->library);
    make_database(o, "cdc_calm", o->calm_url, &o->calm);
    client_do(o->server, "ALTER DATABASE cdc_source SET logical_decoding_work_mem = '64kB'");
    client_do(o->source, "CREATE PUBLICATION cdc FOR ALL TABLES");
    /* Made by the subscription itself, the slot would wait for the transaction that makes it, on one server. */
    client_do(o->source, "SELECT pg_create_logical_replication_slot('cdc_native', 'pgoutput')");
    client_do(o->native,
              "CREATE SUBSCRIPTION cdc_native CONNECTION '%s' PUBLICATION cdc WITH (create_slot = false, slot_name = "
              "'cdc_native', copy_data = false, streaming = on)",
              o->source_url);
    set_up_stream(o, &o->f, "cdc_library", o->library_url, o->library, o->library_seen);
    set_up_stream(o, &o->undisturbed, "cdc_calm", o->calm_url, o->calm, o->calm_seen);
    o->w = workload_new(o->source_url);
}

static void
tear_down(oracle *o)
{
    workload_free(o->w);
    client_do(o->native, "ALTER SUBSCRIPTION cdc_native DISABLE");
    client_do(o->native, "ALTER SUBSCRIPTION cdc_native SET (slot_name = NONE)");
    client_do(o->native, "DROP SUBSCRIPTION cdc_native");
    client_close(o->native);
    client_close(o->library);
    client_close(o->calm);
    client_close(o->source);
    /* A walsender leaves its slot a moment after its reader is gone. */
    for (int64_t until = now_us() + WAIT_US; now_us() < until; pause_us(20000)) {
        if (client_number(o->server, "SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'cdc%%' AND "
                                     "active")
            == 0)
            break;
    }
    client_do(o->server, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE "
                         "'cdc%%'");
    for (const char *const *name = (const char *const[]){ "source", "native", "library", "calm", NULL }; *name != NULL;
         name++)
        client_do(o->server, "DROP DATABASE cdc_%s WITH (FORCE)", *name);
    client_close(o->server);
}

/* ---- both sides have everything ---- */

static bool
wait_for_native(oracle *o)
{
    char *end = client_ask(o->source, "SELECT pg_current_wal_lsn()");
    bool there = false;

    int64_t began = now_us();

    end[strcspn(end, "\n")] = '\0';
    for (int64_t until = now_us() + WAIT_US; !there && now_us() < until; pause_us(there ? 0 : 3000))
        there = client_number(o->source,
                              "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'cdc_native' AND "
                              "confirmed_flush_lsn >= '%s'",
                              end)
                == 1;
    free(end);
    o->waiting_us += now_us() - began;
    return there;
}

static void
print_rows(const char *side, client *c, const char *table, const char *what)
{
    char *rows = client_ask(c, "SELECT left(%s::text, 100) FROM %s t ORDER BY 1 LIMIT 60", what, table);

    report_say("%s of %s:", side, table);
    for (char *row = strtok(rows, "\n"); row != NULL; row = strtok(NULL, "\n"))
        report_say("    %s", row);
    free(rows);
}

static bool
same(oracle *o, uint64_t seed, const char *table, client *one, client *other, const char *what)
{
    static const char digest[] = "SELECT count(*), md5(string_agg(%s::text, '/' ORDER BY %s::text)) FROM %s t";
    char *a = client_ask(one, digest, what, what, table);
    char *b = client_ask(other, digest, what, what, table);
    bool equal = strcmp(a, b) == 0;

    if (!equal && o->different < 3) {
        report_wrong("seed %llu: table %s differs: %.*s and %.*s", (unsigned long long)seed, table,
                     (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
        print_rows("subscription or source", one, table, what);
        print_rows("stream", other, table, what);
    }
    free(a);
    free(b);
    return equal;
}

static void
compare(oracle *o, uint64_t seed)
{
    static const char *const own[] = { "(t.id, t.v, t.pad)", "(t.x, t.y, t.big, t.n)", "(t.id, t.v, t.big)",
                                       "(t.k, t.v, t.big, t.n)" };
    bool equal = true;

    for (int i = 0; workload_tables[i] != NULL; i++) {
        equal = same(o, seed, workload_tables[i], o->native, o->library, "t") && equal;
        /* Columns that come and go are not the same there. */
        equal = same(o, seed, workload_tables[i], o->source, o->library, own[i]) && equal;
    }
    o->different += !equal;
}

/* Order and completeness: the very same changes, at the same places. */
static void
compare_traces(oracle *o, uint64_t seed)
{
    const trace *one = &o->f.trace, *other = &o->undisturbed.trace;

    o->changes += other->changes;
    if (one->changes == other->changes && one->digest == other->digest)
        return;
    if (o->other_digests++ < 3)
        report_wrong("seed %llu: %lld changes with digest %016llx landed, and undisturbed %lld with %016llx",
                     (unsigned long long)seed, (long long)one->changes, (unsigned long long)one->digest,
                     (long long)other->changes, (unsigned long long)other->digest);
}

/* ---- one seed ---- */

static void
stop_follower(oracle *o)
{
    char why[200];

    if (o->follower == 0)
        return;
    if (follow_kill(&o->f, o->follower, why)) {
        o->killed++;
    } else {
        o->ended++;
        report_wrong("%s", why);
    }
    o->follower = 0;
}

static void
catch_up(oracle *o, follow *f, uint64_t seed)
{
    char why[400];
    int64_t began = now_us();
    bool good = follow_catch_up(f, why);

    o->following_us += now_us() - began;
    if (good)
        return;
    o->failed++;
    report_wrong("seed %llu: stream %s fails: %s", (unsigned long long)seed, f->slot, why);
}

/* The stream's turn, at a moment that the seed draws. */
static void
disturb(oracle *o, uint64_t seed, uint64_t *draws)
{
    if (!o->kills) {
        catch_up(o, &o->f, seed);
        return;
    }
    stop_follower(o);
    o->follower = follow_start(&o->f);
    /* At any moment at all, its beginning included, or while changes are on their way. */
    if (draw_below(draws, 3) == 0) {
        pause_us(draw_below(draws, 250000));
        return;
    }
    follow_await(&o->f, AWAIT_US);
    pause_us(draw_below(draws, 40000));
}

static void
run_seed(oracle *o, uint64_t seed)
{
    uint64_t draws = seed ^ 0x5ca1ab1e;
    /* Of a small workload one look in between is enough: most of a seed's time goes into those. */
    int between = o->kills ? o->steps / (KILLS + 1) : o->steps < SMALL ? o->steps / 2 + 1 : o->steps / 3;

    trace_begin(&o->f.trace);
    trace_begin(&o->undisturbed.trace);
    workload_begin(o->w, seed);
    for (int i = 1; i <= o->steps; i++) {
        workload_step(o->w);
        if (i % between == 0)
            disturb(o, seed, &draws);
        /* A stream that runs knows the target's columns as they were. */
        if (draw_below(&draws, 60) == 0) {
            stop_follower(o);
            workload_alter(o->w, (client *[]){ o->native, o->library, o->calm, NULL });
        }
    }
    workload_end(o->w);
    stop_follower(o);
    catch_up(o, &o->f, seed);
    catch_up(o, &o->undisturbed, seed);
    if (!wait_for_native(o))
        report_die("seed %llu: the subscription does not catch up", (unsigned long long)seed);
    compare(o, seed);
    compare_traces(o, seed);
}

int
main(int argc, char **argv)
{
    static const char *const flags[] = { "--kills", NULL };
    static const char *const values[] = { "--seeds", "--seed", "--steps", NULL };
    static oracle o;
    bool tap = argument_flag(argc, argv, "--tap");
    char told[256];

    if (argc == 6 && strcmp(argv[1], "--follow") == 0)
        return follow_main(argv + 2);
    if (!arguments_known(argc, argv, flags, values))
        return 2;
    report_begin(tap);
    int64_t seeds = argument_number(argc, argv, "--seeds", tap ? TAP_SEEDS : FULL_SEEDS);
    uint64_t first = (uint64_t)argument_number(argc, argv, "--seed", 1);
    o.steps = (int)argument_number(argc, argv, "--steps", STEPS);
    int64_t killed = argument_flag(argc, argv, "--kills") ? seeds : tap ? TAP_KILLED : 0;
    set_up(&o);
    for (int64_t i = 0; i < seeds; i++) {
        o.kills = i >= seeds - killed;
        run_seed(&o, first + (uint64_t)i);
        workload_tell(o.w, told);
        if (!tap || i == 0)
            report_say("seed %llu: %s", (unsigned long long)first + (unsigned long long)i, told);
    }
    report_say("%lld changes, %lld of them seen again; %lld kills, %lld amid changes; %.1f s for the streams, %.1f s "
               "for the subscription",
               (long long)o.changes, (long long)o.f.trace.again, (long long)o.killed, (long long)o.f.amid,
               (double)o.following_us / 1e6, (double)o.waiting_us / 1e6);
    /* What was not sent in parts was not tried. */
    report_at_least("cdc_transactions_in_parts",
                    (double)client_number(o.server, "SELECT coalesce(sum(stream_txns), 0)::bigint FROM "
                                                    "pg_stat_replication_slots WHERE slot_name = 'cdc_library'"),
                    1);
    report_at_most("cdc_seeds_that_differ", (double)o.different, 0);
    report_at_most("cdc_failures", (double)(o.failed + o.ended), 0);
    report_at_most("cdc_changes_out_of_order", (double)(o.f.trace.out_of_order + o.undisturbed.trace.out_of_order), 0);
    report_at_most("cdc_seeds_with_another_digest", (double)o.other_digests, 0);
    report_at_least("cdc_changes_digested", (double)o.changes, (double)seeds);
    if (killed > 0) {
        report_at_least("cdc_kills_per_seed", (double)o.killed / (double)killed, KILLS);
        report_at_least("cdc_kills_amid_changes", (double)o.f.amid, (double)killed);
    }
    tear_down(&o);
    return report_end();
}
