/* SPDX-License-Identifier: Apache-2.0 */
/* A run on a thread of the library, and a host that changes its mind.
 *
 *     cancel */
#include <incload/incload.h>

#include <stdatomic.h>
#include <stdio.h>

typedef struct work {
    atomic_int begun;
    atomic_int given_back;
} work;

/* On a thread of the library, with no lock held: it may take as long as it likes, and looks up now and then. */
static int32_t
work_until_told(incload_unit *unit, void *user_data)
{
    work *mine = user_data;

    atomic_store(&mine->begun, 1);
    while (!incload_unit_is_cancelled(unit))
        incload_unit_beat(unit);
    return incload_unit_fail(unit, "stopped half way");
}

static void
give_back(void *user_data)
{
    work *mine = user_data;

    atomic_fetch_add(&mine->given_back, 1);
}

int
main(void)
{
    work mine;
    incload_error *err = NULL;

    atomic_init(&mine.begun, 0);
    atomic_init(&mine.given_back, 0);
    incload_step *step = incload_step_new_function(work_until_told, &mine, give_back, &err);
    incload_run *run = incload_step_start(step, "timeout=1min", &err);
    while (err == NULL && atomic_load(&mine.begun) == 0 && incload_run_wait(run, 10, &err) == INCLOAD_E_TIMEOUT)
        continue;
    printf("%s\n", incload_run_status_name(run));
    incload_run_cancel(run); /* from any thread; waits for nothing */
    incload_run_wait(run, -1, &err);
    printf("%s: %s\n", incload_run_status_name(run), incload_error_name(err));

    int failed = incload_error_code(err) != INCLOAD_E_CANCELLED;
    incload_run_unref(run);
    incload_step_unref(step);
    incload_error_unref(err);
    printf("given back %d time\n", atomic_load(&mine.given_back));
    return failed;
}
