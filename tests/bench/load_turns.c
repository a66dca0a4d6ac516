/* SPDX-License-Identifier: Apache-2.0 */
/* Two loads of one table in turns, as a host does that keeps its handles: one line for each round, the microseconds of
 * either side.
 *
 *     load_turns ROUNDS SOURCE TABLE TARGET PRESET TABLE_A OPTIONS_A TABLE_B OPTIONS_B */
#include <incload/incload.h>

#include <stdio.h>
#include <stdlib.h>

typedef struct side {
    incload_database *source, *target;
    incload_step *step;
} side;

static side
side_begin(char **argv, const char *table, const char *options, incload_error **err)
{
    side s = { incload_database_new(argv[2], NULL, err), incload_database_new(argv[4], NULL, err), NULL };
    incload_strategy *strategy = incload_strategy_new(argv[5], options, err);

    s.step = incload_step_new_load(s.source, argv[3], s.target, table, strategy, err);
    incload_strategy_unref(strategy);
    return s;
}

static int64_t
side_load(const side *s, incload_error **err)
{
    incload_run *run = incload_step_run(s->step, NULL, err);
    int64_t us = incload_run_duration_us(run);

    incload_run_unref(run);
    return us;
}

static void
side_end(const side *s)
{
    incload_step_unref(s->step);
    incload_database_unref(s->target);
    incload_database_unref(s->source);
}

int
main(int argc, char **argv)
{
    if (argc != 10) {
        fprintf(stderr, "usage: load_turns ROUNDS SOURCE TABLE TARGET PRESET TABLE_A OPTIONS_A TABLE_B OPTIONS_B\n");
        return 2;
    }
    incload_error *err = NULL;
    side sides[2] = { side_begin(argv, argv[6], argv[7], &err), side_begin(argv, argv[8], argv[9], &err) };

    for (long round = 0; round < strtol(argv[1], NULL, 10) && err == NULL; round++) {
        int64_t us[2] = { 0, 0 };
        for (long turn = 0; turn < 2; turn++)
            us[(round + turn) % 2] = side_load(&sides[(round + turn) % 2], &err);
        if (err == NULL)
            printf("%lld %lld\n", (long long)us[0], (long long)us[1]);
    }
    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));

    int failed = err != NULL;
    side_end(&sides[1]);
    side_end(&sides[0]);
    incload_error_unref(err);
    return failed;
}
