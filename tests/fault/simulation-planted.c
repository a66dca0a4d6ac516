/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated machine (simulation.c) with a library that has bugs: each must be seen within so many seeds.
 *
 *     simulation-planted [--seeds N] [--seed S] [--bug N] [--trace]
 *
 * --seeds: the most for each bug. --seed: the first. --bug: that one alone, by its place in simulation/planted.py.
 * --trace: prints the trace of the first seed that shows it. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "planted.h"
#include "report.h"
#include "simulation/world.h"

enum { SEEDS = 10000, BUGS = sizeof planted_bugs / sizeof planted_bugs[0], LEAST = 20 };

/* Which bug is awake; 0: none. */
extern int incload__planted;
int incload__planted;

/* The number of seeds it took; 0: it was not seen. */
static int64_t
seek(int bug, uint64_t seed, int64_t seeds, bool traces)
{
    world_result result;

    incload__planted = bug;
    for (int64_t i = 0; i < seeds; i++) {
        world_try(seed + (uint64_t)i, false, &result);
        if (result.wrong[0] == '\0')
            continue;
        report_say("%2d %-66s %5lld  %s: %.120s", bug, planted_bugs[bug - 1], (long long)i + 1, result.kind,
                   result.wrong);
        if (traces)
            world_try(seed + (uint64_t)i, true, &result);
        return i + 1;
    }
    report_wrong("%2d %-66s not seen in %lld seeds", bug, planted_bugs[bug - 1], (long long)seeds);
    return 0;
}

int
main(int argc, char **argv)
{
    static const char *const flags[] = { "--trace", NULL };
    static const char *const values[] = { "--seeds", "--seed", "--bug", NULL };
    int64_t seen = 0, tried = 0, most = 0;

    if (!arguments_known(argc, argv, flags, values))
        return 2;
    int64_t seeds = argument_number(argc, argv, "--seeds", SEEDS);
    uint64_t seed = (uint64_t)argument_number(argc, argv, "--seed", 1);
    int64_t only = argument_number(argc, argv, "--bug", 0);
    report_begin(argument_flag(argc, argv, "--tap"));
    world_prepare();
    for (int bug = 1; bug <= (int)BUGS; bug++) {
        if (only != 0 && bug != only)
            continue;
        int64_t took = seek(bug, seed, seeds, argument_flag(argc, argv, "--trace"));
        tried++;
        seen += took > 0;
        most = took > most ? took : most;
    }
    if (only == 0)
        report_at_least("simulation_planted_bugs", (double)tried, LEAST);
    report_at_most("simulation_planted_bugs_not_seen", (double)(tried - seen), 0);
    report_at_most("simulation_planted_bug_most_seeds", (double)most, (double)seeds);
    return report_end();
}
