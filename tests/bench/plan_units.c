/* SPDX-License-Identifier: Apache-2.0 */
/* Plans a million units of one kind again and again: plan_units KIND ROUNDS prints two times in milliseconds of CPU, a
 * line for each round: the plan, which looks at every unit, its bounds and what was loaded of it before; and taking the
 * missing units in order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "run/selection.h"

enum { UNITS = 1000000 };

static double
now_ms(void)
{
    struct timespec at;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static incload__range *
time_range(const char *grain, const char *from, const char *to, const incload__zone *zone)
{
    incload__calendar calendar = { .zone = zone, .edges = INCLOAD__EDGES_EXPAND };

    if (incload__grain_parse(grain, &calendar.grain, NULL) != INCLOAD_OK)
        return NULL;
    return incload__range_instants(&incload__mem_libc, from, to, &calendar, NULL);
}

/* About a million units each. */
static incload__range *
make(const char *kind, const incload__zone *zone)
{
    if (strcmp(kind, "integers") == 0)
        return incload__range_integers(&incload__mem_libc, 0, INT64_C(1000) * UNITS, 1000, NULL);
    if (strcmp(kind, "minutes") == 0)
        return time_range("minute", "2023-01-01", "2024-11-26", zone);
    if (strcmp(kind, "hours") == 0)
        return time_range("hour", "1950-01-01", "2064-01-30", zone);
    return time_range("day", "0500-01-01", "3237-11-28", zone);
}

/* Every third stretch of a thousand units is loaded. */
static void
cover(const incload__range *range, incload__covers *coverage)
{
    for (int64_t i = 0; i + 1000 < incload__range_count(range); i += 3000) {
        incload__unit_part first = incload__range_at(range, i).parts[0];
        incload__unit_part last = incload__range_at(range, i + 999).parts[0];
        (void)incload__covers_add(coverage, first.lo, last.hi, INCLOAD__COVER_DONE, NULL);
    }
}

/* False when what was planned is not what was taken. */
static bool
one_round(const char *kind, const incload__zone *zone, const incload__covers *coverage)
{
    double began = now_ms();
    incload__range *range = make(kind, zone);
    incload__selection selection = { .range = range, .coverage = coverage };
    incload__unit_walk walk;
    incload__range_unit unit;
    incload__unit_plan plan;
    int64_t taken = 0;

    if (range == NULL)
        return false;
    incload__unit_plan_make(&selection, "1", &plan);
    double planned = now_ms();
    incload__unit_walk_init(&walk, &selection);
    while (incload__unit_walk_next(&walk, &unit))
        taken++;
    double ended = now_ms();
    printf("%.3f %.3f\n", planned - began, ended - planned);
    bool right = taken == plan.taken && plan.units >= UNITS && plan.units < UNITS + UNITS / 100 && taken < plan.units;
    incload__range_free(range);
    return right;
}

int
main(int argc, char **argv)
{
    if (argc != 3)
        return EXIT_FAILURE;
    incload__zone *zone = incload__zone_load(&incload__mem_libc, "Europe/Berlin", NULL);
    incload__range *range = make(argv[1], zone);
    incload__covers coverage = INCLOAD__COVERS(&incload__mem_libc);
    int status = zone != NULL && range != NULL ? EXIT_SUCCESS : EXIT_FAILURE;

    if (status == EXIT_SUCCESS)
        cover(range, &coverage);
    for (int i = 0; i < atoi(argv[2]) && status == EXIT_SUCCESS; i++) {
        if (!one_round(argv[1], zone, &coverage))
            status = EXIT_FAILURE;
    }
    incload__covers_free(&coverage);
    incload__range_free(range);
    incload__zone_free(zone);
    return status;
}
