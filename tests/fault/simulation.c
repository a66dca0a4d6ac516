/* SPDX-License-Identifier: Apache-2.0 */
/* Seeds of a simulated machine (simulation/machine.h): processes of the real library, and databases between which and
 * them everything can go wrong, in virtual time. One seed is one trace, here and everywhere.
 *
 *     simulation [--seeds N] [--seed S] [--seconds N] [--processes N] [--trace]
 *
 * --seed: the first. --trace: prints the trace of that seed alone. --seconds: seeds go on until so much time is over,
 * however many that are. --processes: among which they are shared; as many as there are processors. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "simulation/world.h"

enum { SEEDS = 100000, TAP_SEEDS = 3000, TWICE = 200, MOST_TOLD = 5, PER_SECOND = 1000, MOST_PROCESSES = 64 };

typedef struct tally {
    int64_t seeds;
    int64_t wrong;
    int64_t different; /* another trace the second time */
    int64_t runs;
    int64_t landed;
    int64_t killed;
    int64_t virtual_us;
    uint64_t hash;
} tally;

static void
try_seed(uint64_t seed, tally *sum)
{
    world_result result;

    world_try(seed, false, &result);
    sum->seeds++;
    sum->runs += result.runs;
    sum->landed += result.landed;
    sum->killed += result.killed;
    sum->virtual_us += result.virtual_us;
    sum->hash += result.hash; /* in any order */
    if (result.wrong[0] == '\0')
        return;
    sum->wrong++;
    if (sum->wrong <= MOST_TOLD)
        report_wrong("seed %llu (%s): %s", (unsigned long long)seed, result.kind, result.wrong);
}

static void
try_twice(uint64_t seed, int64_t count, tally *sum)
{
    world_result first, second;

    for (int64_t i = 0; i < count; i++) {
        world_try(seed + (uint64_t)i, false, &first);
        world_try(seed + (uint64_t)i, false, &second);
        sum->different += first.hash != second.hash;
        if (first.hash != second.hash && sum->different <= MOST_TOLD)
            report_wrong("seed %llu (%s) has another trace the second time", (unsigned long long)(seed + (uint64_t)i),
                         first.kind);
    }
}

static int
trace(uint64_t seed)
{
    world_result result;

    world_try(seed, true, &result);
    printf("seed %llu: %s, %016llx, %s\n", (unsigned long long)seed, result.kind, (unsigned long long)result.hash,
           result.wrong[0] != '\0' ? result.wrong : "all that must hold holds");
    return result.wrong[0] != '\0';
}

/* What a number of processes share. */
typedef struct share {
    uint64_t seed; /* the first of all */
    int64_t seeds;
    int64_t until_us;
    int64_t processes;
    tally *tallies; /* one for each process */
} share;

static void
try_part(const share *all, int64_t which)
{
    for (int64_t i = which; i < all->seeds || now_us() < all->until_us; i += all->processes)
        try_seed(all->seed + (uint64_t)i, &all->tallies[which]);
}

static void
add(tally *sum, const tally *part)
{
    sum->seeds += part->seeds;
    sum->wrong += part->wrong;
    sum->runs += part->runs;
    sum->landed += part->landed;
    sum->killed += part->killed;
    sum->virtual_us += part->virtual_us;
    sum->hash += part->hash;
}

static void
try_all(const share *all, tally *sum)
{
    pid_t pids[MOST_PROCESSES];
    int status;

    fflush(stdout);
    for (int64_t i = 0; i < all->processes; i++) {
        pids[i] = fork();
        if (pids[i] < 0)
            report_die("no process for seeds");
        if (pids[i] > 0)
            continue;
        try_part(all, i);
        fflush(stdout);
        _exit(EXIT_SUCCESS);
    }
    for (int64_t i = 0; i < all->processes; i++) {
        if (waitpid(pids[i], &status, 0) != pids[i] || !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
            report_die("a process did not come to the end of its seeds");
        add(sum, &all->tallies[i]);
    }
}

int
main(int argc, char **argv)
{
    static const char *const flags[] = { "--trace", NULL };
    static const char *const values[] = { "--seeds", "--seed", "--seconds", "--processes", NULL };
    tally sum = { .seeds = 0 };

    if (!arguments_known(argc, argv, flags, values))
        return 2;
    bool tap = argument_flag(argc, argv, "--tap");
    int64_t seeds = argument_number(argc, argv, "--seeds", tap ? TAP_SEEDS : SEEDS);
    int64_t seconds = argument_number(argc, argv, "--seconds", 0);
    uint64_t seed = (uint64_t)argument_number(argc, argv, "--seed", 1);
    world_prepare();
    if (argument_flag(argc, argv, "--trace"))
        return trace(seed);
    report_begin(tap);
    int64_t began = now_us();
    share all = { .seed = seed,
                  .seeds = seeds,
                  .until_us = began + seconds * 1000000,
                  .processes = argument_number(argc, argv, "--processes", sysconf(_SC_NPROCESSORS_ONLN)) };
    all.processes = all.processes < 1 ? 1 : all.processes > MOST_PROCESSES ? MOST_PROCESSES : all.processes;
    all.tallies = mmap(NULL, MOST_PROCESSES * sizeof *all.tallies, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                       -1, 0);
    if (all.tallies == MAP_FAILED)
        report_die("no memory for what comes of the seeds");
    try_all(&all, &sum);
    double took = (double)(now_us() - began) / 1e6;
    try_twice(seed, seeds < TWICE ? seeds : TWICE, &sum);
    report_say("seeds from %llu on, %lld in %.1f s by %lld processes: %lld runs, %lld of them landed, %lld processes "
               "killed, %.1f hours of the machine's own, hash %016llx",
               (unsigned long long)seed, (long long)sum.seeds, took, (long long)all.processes,
               (long long)sum.runs, (long long)sum.landed, (long long)sum.killed, (double)sum.virtual_us / 3.6e9,
               (unsigned long long)sum.hash);
    report_at_most("simulation_wrong", (double)sum.wrong, 0);
    report_at_most("simulation_not_the_same_twice", (double)sum.different, 0);
    /* A test shares the machine with others. */
    if (tap)
        report_say("%.0f seeds a second", (double)sum.seeds / took);
    else
        report_at_least("simulation_seeds_per_second", (double)sum.seeds / took, PER_SECOND);
    return report_end();
}
