/* SPDX-License-Identifier: Apache-2.0 */
/* Many writers, loads every 50 ms, and nothing may be lost, stale, doubled or left over: after each load (a sample) and
 * at the end (all of it).
 *
 *     torture [--seconds N] [--seed S] [--scene NAME] [--naive] [--pause MS] [--interval MS]
 *
 *     --seconds    writing time, shared by the rounds of scenes (default 60)
 *     --scene      one scene alone, for all of the time
 *     --naive      loads by the bare cursor: the program then fails unless rows were lost
 *     --pause      a writer's rest between two transactions, at most (default 20)
 *     --interval   from the begin of a load to the next one's (default 50)
 *
 * One scene of PostgreSQL and one of MariaDB also have a loader by the bare cursor on the same history, which must be
 * seen to lose rows: a check that cannot fail is no check. */
#define _GNU_SOURCE
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

torture_options torture;

/* What all loaders from one kind of source came to. */
typedef struct totals {
    findings end;
    int64_t loaders, late, refused, fewest_loads, checked, verified, disagreements, naive_loaders, naive_found;
} totals;

static totals sums[KINDS];

static void
add_findings(findings *sum, const findings *one)
{
    sum->lost += one->lost;
    sum->stale += one->stale;
    sum->duplicated += one->duplicated;
    sum->ghosts += one->ghosts;
}

static int64_t
all_of(const findings *one)
{
    return one->lost + one->stale + one->duplicated + one->ghosts;
}

static void
add_up(const scene *sc)
{
    totals *sum = &sums[sc->plan->source];

    for (int i = 0; i < sc->loader_count; i++) {
        const loader *l = &sc->loaders[i];
        /* With the bare cursor's real losses this shows that the library's own verification is not blind. */
        sum->disagreements += memcmp(&l->end, &l->verified, sizeof l->end) != 0;
        if (loader_naive(l)) {
            sum->naive_loaders++;
            sum->naive_found += all_of(&l->end);
            continue;
        }
        add_findings(&sum->end, &l->end);
        sum->fewest_loads = sum->loaders == 0 || l->loads < sum->fewest_loads ? l->loads : sum->fewest_loads;
        sum->loaders++;
        sum->verified += all_of(&l->verified);
        sum->late += l->late_ever;
        sum->refused += l->refused;
        sum->checked += l->checked;
    }
}

static bool
plays(const scene_plan *plan, int round, const char *only)
{
    /* SQLite's writers exclude each other: the bare cursor is nearly right there, and need not lose. */
    if (torture.naive && plan->source == SQLITE)
        return false;
    return only != NULL ? round == 0 && strcmp(plan->name, only) == 0 : plan->round == round;
}

static bool
play_round(int round, const char *only, int64_t us)
{
    static scene scenes[MOST_SCENES];
    int count = 0;

    for (int i = 0; i < scene_plan_count; i++) {
        if (plays(&scene_plans[i], round, only))
            scene_begin(&scenes[count++], &scene_plans[i], torture.seed * 1000 + (uint64_t)i);
    }
    if (count == 0)
        return false;
    for (int i = 0; i < count; i++)
        scene_start(&scenes[i]);
    pause_us(us);
    for (int i = 0; i < count; i++) {
        scene_stop(&scenes[i]);
        scene_report(&scenes[i]);
        add_up(&scenes[i]);
    }
    for (int i = 0; i < count; i++)
        scene_end(&scenes[i]);
    return true;
}

static int
rounds_played(const char *only)
{
    int count = 0;

    for (int round = 0; round < rounds_of_scenes(); round++) {
        bool any = false;
        for (int i = 0; i < scene_plan_count; i++)
            any |= plays(&scene_plans[i], round, only);
        count += any;
    }
    return count;
}

static void
bar_of(kind which, const char *what, int64_t value, bool at_least, int64_t limit)
{
    char name[80];

    snprintf(name, sizeof name, "torture.%s.%s", kind_names[which], what);
    if (at_least)
        report_at_least(name, (double)value, (double)limit);
    else
        report_at_most(name, (double)value, (double)limit);
}

static void
bars_of(kind which)
{
    const totals *sum = &sums[which];

    if (sum->loaders > 0) {
        bar_of(which, "lost", sum->end.lost, false, 0);
        bar_of(which, "stale", sum->end.stale, false, 0);
        bar_of(which, "duplicated", sum->end.duplicated, false, 0);
        bar_of(which, "ghosts", sum->end.ghosts, false, 0);
        bar_of(which, "verified_differences", sum->verified, false, 0);
        bar_of(which, "late_in_a_load", sum->late, false, 0);
        bar_of(which, "loads_refused", sum->refused, false, 0);
        bar_of(which, "fewest_loads", sum->fewest_loads, true, 5);
        bar_of(which, "rows_looked_at", sum->checked, true, 100);
    }
    if (sum->loaders + sum->naive_loaders > 0)
        bar_of(which, "verify_and_plain_sql_disagree", sum->disagreements, false, 0);
    if (sum->naive_loaders > 0)
        bar_of(which, "lost_by_the_bare_cursor", sum->naive_found, true, 1);
}

int
main(int argc, char **argv)
{
    static const char *const flags[] = { "--naive", NULL };
    static const char *const values[] = { "--seconds", "--seed", "--scene", "--pause", "--interval", NULL };
    const char *only = argument_text(argc, argv, "--scene", NULL);

    report_begin(argument_flag(argc, argv, "--tap"));
    if (!arguments_known(argc, argv, flags, values))
        return 2;
    torture.seed = (uint64_t)argument_number(argc, argv, "--seed", (int64_t)time(NULL));
    torture.naive = argument_flag(argc, argv, "--naive");
    torture.pause_us = 1000 * argument_number(argc, argv, "--pause", 20);
    torture.interval_us = 1000 * argument_number(argc, argv, "--interval", 50);
    int64_t seconds = argument_number(argc, argv, "--seconds", 60);
    report_say("seed %lld", (long long)torture.seed);
    int rounds = rounds_played(only);
    if (rounds == 0)
        report_die("there is no scene '%s'", only);
    places_make();
    for (int round = 0; round < rounds_of_scenes(); round++)
        play_round(round, only, seconds * 1000000 / rounds);
    places_drop();
    for (int which = 0; which < KINDS; which++)
        bars_of((kind)which);
    return report_end();
}
