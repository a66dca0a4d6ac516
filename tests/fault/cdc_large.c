/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction of millions of rows goes through a stream: in bounded memory, and without what a subtransaction
 * inside it had done before it was aborted, although that had been sent and was waiting for the end with the rest.
 *
 *     cdc-large [--rows N]
 *
 * The stream runs in a process of its own, whose peak of memory the kernel tells: for N rows (5,000,000) and for a
 * tenth of them. It may keep 16 MiB of messages, as much of open transactions, and as much of changes, which folding
 * doubles. */
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <incload/incload.h>

#include "client.h"
#include "report.h"

extern char **environ;

enum { FULL_ROWS = 5000000, TAP_ROWS = 200000, FULL_MIB = 16, TAP_MIB = 2, TIMES = 10, BASE_MIB = 32, GROWTH_MIB = 24 };

/* ---- the process that follows ---- */

static int
follow_main(const char *source, const char *target, const char *memory)
{
    char options[200];
    incload_error *err = NULL;
    incload_database *from = incload_database_new(source, NULL, &err);
    incload_database *to = incload_database_new(target, NULL, &err);

    snprintf(options, sizeof options,
             "slot=cdc_large publication=cdc_large until=caught_up timeout=10min memory=%s batch_bytes=%s", memory,
             memory);
    incload_stream *stream = incload_stream_new(from, to, options, &err);
    int32_t status = incload_stream_run(stream, &err);

    if (status != INCLOAD_OK)
        fprintf(stderr, "%s\n", incload_error_message(err));
    incload_error_unref(err);
    incload_stream_unref(stream);
    incload_database_unref(to);
    incload_database_unref(from);
    return status == INCLOAD_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- both databases ---- */

typedef struct pair {
    char source_url[1024], target_url[1024], memory[24];
    client *server, *source, *target;
    int differ;
} pair;

/* Its peak of memory in MiB. */
static double
follow(const pair *p)
{
    const char *words[] = { "cdc-large", "--follow", p->source_url, p->target_url, p->memory, NULL };
    char *argv[sizeof words / sizeof words[0]];
    struct rusage usage;
    pid_t process;
    int status = 0;

    memcpy(argv, words, sizeof argv);
    int failure = posix_spawn(&process, "/proc/self/exe", NULL, NULL, argv, environ);
    if (failure != 0)
        report_die("cannot start a process that follows: %s", strerror(failure));
    while (wait4(process, &status, 0, &usage) < 0 && errno == EINTR)
        continue;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
        report_die("the process that follows fails");
    return (double)usage.ru_maxrss / 1024;
}

/* ---- the transaction ---- */

static void
write_rows(client *c, int64_t first, int64_t last)
{
    client_do(c, "INSERT INTO large SELECT i, 'row ' || i, i / 7.0 FROM generate_series(%lld::bigint, %lld) i",
              (long long)first, (long long)last);
}

/* A tenth of the rows comes and goes in the middle of it; so does what happens to rows that were there before. */
static void
write_transaction(client *c, int64_t rows)
{
    client_do(c, "BEGIN");
    write_rows(c, 1, rows / 2);
    client_do(c, "SAVEPOINT outer_one");
    write_rows(c, rows + 1, rows + rows / 20);
    client_do(c, "SAVEPOINT inner_one");
    write_rows(c, rows + rows / 20 + 1, rows + rows / 10);
    client_do(c, "UPDATE large SET v = 'never' WHERE id <= %lld", (long long)rows / 100);
    client_do(c, "RELEASE inner_one");
    client_do(c, "DELETE FROM large WHERE id <= %lld", (long long)rows / 200);
    client_do(c, "ROLLBACK TO outer_one");
    write_rows(c, rows / 2 + 1, rows);
    client_do(c, "UPDATE large SET v = 'last' WHERE id %% 1000 = 0");
    client_do(c, "COMMIT");
}

static bool
same(client *one, client *other)
{
    static const char digest[] = "SELECT count(*), sum(id), sum(hashtextextended(v, id)), sum(n) FROM large";
    char *a = client_ask(one, digest), *b = client_ask(other, digest);
    bool equal = strcmp(a, b) == 0;

    report_say("source %.*s, target %.*s", (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
    free(a);
    free(b);
    return equal;
}

static client *
make_database(client *server, const char *name, char url[1024])
{
    const char *base = getenv("INCLOAD_TEST_POSTGRES");
    const char *at = base != NULL ? strstr(base, "@/") : NULL;

    if (at == NULL)
        report_die("INCLOAD_TEST_POSTGRES is not set: run this by tests/fault/run.sh");
    client_do(server, "CREATE DATABASE %s", name);
    snprintf(url, 1024, "%.*s@/%s%s", (int)(at - base), base, name, at + 2 + strcspn(at + 2, "?"));
    client *c = client_open(url);
    client_do(c, "CREATE TABLE large (id bigint PRIMARY KEY, v text, n numeric(14, 3))");
    return c;
}

static double
measure(pair *p, int64_t rows)
{
    client_do(p->source, "TRUNCATE large");
    int64_t began = now_us();
    write_transaction(p->source, rows);
    int64_t written = now_us();
    double peak = follow(p);
    report_say("%lld rows: written in %.1f s, followed in %.1f s with a peak of %.1f MiB", (long long)rows,
               (double)(written - began) / 1e6, (double)(now_us() - written) / 1e6, peak);
    p->differ += !same(p->source, p->target);
    return peak;
}

static void
tear_down(pair *p)
{
    client_close(p->source);
    client_close(p->target);
    client_do(p->server, "SELECT pg_drop_replication_slot('cdc_large')");
    client_do(p->server, "DROP DATABASE cdc_large_source WITH (FORCE)");
    client_do(p->server, "DROP DATABASE cdc_large_target WITH (FORCE)");
    client_close(p->server);
}

int
main(int argc, char **argv)
{
    static const char *const flags[] = { NULL };
    static const char *const values[] = { "--rows", "--mib", NULL };
    static pair p;
    bool tap = argument_flag(argc, argv, "--tap");

    if (argc == 5 && strcmp(argv[1], "--follow") == 0)
        return follow_main(argv[2], argv[3], argv[4]);
    if (!arguments_known(argc, argv, flags, values))
        return 2;
    report_begin(tap);
    int64_t rows = argument_number(argc, argv, "--rows", tap ? TAP_ROWS : FULL_ROWS);
    int64_t mib = argument_number(argc, argv, "--mib", tap ? TAP_MIB : FULL_MIB);
    snprintf(p.memory, sizeof p.memory, "%lld", (long long)mib << 20);
    p.server = client_open(getenv("INCLOAD_TEST_POSTGRES"));
    p.source = make_database(p.server, "cdc_large_source", p.source_url);
    p.target = make_database(p.server, "cdc_large_target", p.target_url);
    client_do(p.server, "ALTER DATABASE cdc_large_source SET logical_decoding_work_mem = '1MB'");
    /* Makes the slot, and copies a table without rows. */
    double idle = follow(&p);
    double small = measure(&p, rows / TIMES), large = measure(&p, rows);
    report_say("peaks: %.1f MiB with nothing to do, %.1f MiB, %.1f MiB", idle, small, large);
    report_at_least("cdc_large_transactions_in_parts",
                    (double)client_number(p.server, "SELECT coalesce(sum(stream_txns), 0)::bigint FROM "
                                                    "pg_stat_replication_slots WHERE slot_name = 'cdc_large'"),
                    1);
    report_at_most("cdc_large_tables_that_differ", (double)p.differ, 0);
    report_at_most("cdc_large_peak_mib", large, (double)(4 * mib + BASE_MIB));
    report_at_most("cdc_large_growth_mib", large - small, GROWTH_MIB);
    tear_down(&p);
    return report_end();
}
