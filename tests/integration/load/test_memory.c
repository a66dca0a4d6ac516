/* SPDX-License-Identifier: Apache-2.0 */
/* A host's memory does not grow with the table: each road loads a table like TPC-H's lineitem in a process of its own,
 * at one size and at ten times that, and the most memory that process ever held is compared.
 *
 * INCLOAD_TEST_ROWS: the larger size on the roads from libpq to libpq (default 500,000; .ci/run takes 3,000,000). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

enum { LIMIT_KIB = 40 * 1024, DEFAULT_ROWS = 500000, TIMES = 10, SMALLEST = 10000 };

extern char **environ;

static const char source_table[] =
    "CREATE UNLOGGED TABLE %s AS SELECT g AS l_orderkey, (g * 7 %% 200000)::integer AS l_partkey,"
    " (g * 3 %% 10000)::integer AS l_suppkey, (g %% 7)::integer AS l_linenumber, (g %% 50)::numeric(15,2)"
    " AS l_quantity,"
    " (g * 13 %% 100000 / 7.0)::numeric(15,2) AS l_extendedprice, (g %% 11 / 100.0)::numeric(15,2) AS l_discount,"
    " (g %% 9 / 100.0)::numeric(15,2) AS l_tax, chr(65 + (g %% 3)::integer)::char(1) AS l_returnflag,"
    " chr(70 + (g %% 2)::integer)::char(1) AS l_linestatus, date '1992-01-01' + (g %% 2500)::integer AS l_shipdate,"
    " date '1992-02-01' + (g %% 2500)::integer AS l_commitdate, date '1992-03-01' + (g %% 2500)::integer"
    " AS l_receiptdate,"
    " 'DELIVER IN PERSON'::char(25) AS l_shipinstruct, 'TRUCK'::char(10) AS l_shipmode,"
    " ('the carefully final packages ' || g)::varchar(44) AS l_comment,"
    " timestamptz '2024-01-01' + g * interval '1 millisecond' AS l_updated FROM generate_series(1, %lld::bigint) AS g";

/* Roads by ODBC are an order of magnitude slower, so their tables are smaller by `divisor`. */
static const struct {
    const char *name;
    kind from, to;
    int32_t number;
    const char *road;
    int64_t divisor;
} roads[] = {
    { "inside one database", POSTGRES, POSTGRES, 0, "same-database", 1 },
    { "relay", POSTGRES, POSTGRES, 1, "relay", 1 },
    { "batches", POSTGRES, POSTGRES, 1, "batches", 1 },
    { "psqlODBC to psqlODBC", PG_ODBC, PG_ODBC, 1, "batches", 25 },
    { "libpq to MariaDB", POSTGRES, MARIADB, 0, "batches", 25 },
    { "libpq to SQLite", POSTGRES, SQLITE, 0, "batches", 25 },
};

enum { ROADS_MEASURED = sizeof roads / sizeof roads[0] };

static int64_t
large_size(void)
{
    const char *text = getenv("INCLOAD_TEST_ROWS");
    long long rows = text != NULL ? atoll(text) : 0;

    return rows >= 1000 ? rows : DEFAULT_ROWS;
}

/* Runs the loader; its peak of memory in KiB. */
static long
load_alone(int32_t which, const char *source, const char *target, int64_t rows)
{
    const char *path = getenv("INCLOAD_TEST_LOADER");
    char options[64], road[32] = "";
    long long written = -1;
    long peak = -1;
    int ends[2], status = 0;
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;

    ck_assert_msg(path != NULL, "INCLOAD_TEST_LOADER is not set");
    snprintf(options, sizeof options, "road=%s", roads[which].road);
    const char *words[] = { path,    place_url(roads[which].from, 0),
                            source,  place_url(roads[which].to, roads[which].number),
                            target,  "append",
                            options, NULL };
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    ck_assert_int_eq(posix_spawn(&pid, path, &actions, NULL, (char *const *)(uintptr_t)words, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *told = fdopen(ends[0], "r");
    int fields = fscanf(told, "%31s %lld %ld", road, &written, &peak);
    fclose(told);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0 && fields == 3, "the loader failed");
    ck_assert_str_eq(road, roads[which].road);
    ck_assert_int_eq(written, rows);
    return peak;
}

static long
measure(int32_t which, int64_t rows)
{
    place from = place_open(POSTGRES, 0), to = place_open(roads[which].to, roads[which].number);
    char source[64], target[64], *text = NULL;

    snprintf(source, sizeof source, "lineitem_%lld", (long long)rows);
    snprintf(target, sizeof target, "copy_%d_%lld", (int)which, (long long)rows);
    if (ask_number(from, "SELECT COUNT(*) AS c FROM pg_class WHERE relname = '%s'", source) == 0) {
        ck_assert_int_gt(asprintf(&text, source_table, source, (long long)rows), 0);
        sql(from, "%s", text);
        free(text);
    }
    /* A target that writes no log, since this is no test of the disk. */
    if (to.kind == POSTGRES || to.kind == PG_ODBC) {
        ck_assert_int_gt(asprintf(&text, source_table, target, 0LL), 0);
        sql(to, "%s", text);
        free(text);
    }
    int64_t started = now_ms();
    long peak = load_alone(which, source, target, rows);
    printf("# %s: %lld rows, %.1f s, peak memory %.1f MiB\n", roads[which].name, (long long)rows,
           (double)(now_ms() - started) / 1000.0, (double)peak / 1024.0);
    fflush(stdout);
    ck_assert_int_eq(ask_number(to, "SELECT COUNT(*) AS c FROM %s", target), rows);
    table_drop(to, target);
    route_close(from, to);
    return peak;
}

START_TEST(memory_is_small_and_does_not_grow_with_the_table)
{
    int64_t large = large_size() / roads[_i].divisor;

    /* Below this the smaller table would not fill a batch, which is what memory is bounded by. */
    if (large < SMALLEST * TIMES)
        large = SMALLEST * TIMES;
    long at_small = measure(_i, large / TIMES), at_large = measure(_i, large);

    ck_assert_msg(at_large < LIMIT_KIB, "%s: %ld KiB for %lld rows", roads[_i].name, at_large, (long long)large);
    ck_assert_msg(at_large <= at_small + at_small / 10, "%s: %ld KiB for %lld rows, %ld KiB for %lld", roads[_i].name,
                  at_small, (long long)(large / TIMES), at_large, (long long)large);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, memory_is_small_and_does_not_grow_with_the_table, 0, ROADS_MEASURED);
}

int
main(void)
{
    return run_tests("memory", 900, add_tests);
}
