/* SPDX-License-Identifier: Apache-2.0 */
/* A process of the program chaos: it takes part in a backfill until that has landed as a whole.
 *
 *     chaos-worker URL UNITS KEY LEASE_MS PAUSE_MS RUNS
 *
 * Each unit is held up for PAUSE_MS in its process function, with its transaction open. A run that ends with failures
 * is followed by another, of what is missing still, up to RUNS of them. */
#define _GNU_SOURCE
#include <incload/incload.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TRIES = 300, BETWEEN_MS = 50 };

static void
pause_ms(int64_t ms)
{
    struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    nanosleep(&time, NULL);
}

static int32_t
hold_up(incload_unit *unit, incload_batch *batch, void *data)
{
    const int64_t *ms = data;

    (void)unit;
    (void)batch;
    pause_ms(*ms);
    return INCLOAD_DONE;
}

static incload_step *
backfill_of(incload_database *db, char **words, int64_t *pause, incload_error **err)
{
    /* Where the program looks, whether there is a schema of the user's name or not. */
    bool schemas = strncmp(words[1], "postgres", 8) == 0;
    incload_strategy *how = incload_strategy_new("interval", "cursor=n", err);
    incload_step *load = incload_step_new_load(db, schemas ? "public.chaos_source" : "chaos_source", db,
                                               schemas ? "public.chaos_target" : "chaos_target", how, err);

    incload_step_set(load, "name", "chaos", err);
    incload_step_set_batch_function(load, hold_up, pause, NULL, err);
    incload_step *all = incload_step_new_load_backfill_between(
        load, "0", words[2], "parallel=2 retries=20 retry_delay=5ms retry_max_delay=50ms", err);
    incload_step_unref(load);
    incload_strategy_unref(how);
    return all;
}

static bool
take_part(incload_database *db, char **words, int64_t *pause, int *number)
{
    char options[200];
    incload_error *err = NULL;

    snprintf(options, sizeof options, "run_key=%s-%d lease=%sms", words[3], *number, words[4]);
    incload_step *all = backfill_of(db, words, pause, &err);
    incload_run *run = incload_step_run(all, options, &err);
    bool done = err == NULL;
    if (incload_run_failed_count(run) > 0 && incload_run_status(run) == INCLOAD_STATUS_FAILED)
        ++*number;
    if (!done)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));
    incload_run_unref(run);
    incload_step_unref(all);
    incload_error_unref(err);
    return done;
}

int
main(int argc, char **argv)
{
    incload_error *err = NULL;
    int number = 0;

    if (argc != 7)
        return 2;
    int64_t pause = strtoll(argv[5], NULL, 10), runs = strtoll(argv[6], NULL, 10);
    incload_database *db = incload_database_new(argv[1], "ledger=chaos_fault application_name=chaos", &err);
    if (err != NULL)
        fprintf(stderr, "%s\n", incload_error_message(err));
    bool done = false;
    for (int i = 0; i < TRIES && err == NULL && !done; i++) {
        done = take_part(db, argv, &pause, &number) || number >= runs;
        if (!done)
            pause_ms(BETWEEN_MS);
    }
    incload_database_unref(db);
    incload_error_unref(err);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
