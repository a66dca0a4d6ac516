/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/lanes.h"

#include "sched/thread.h"

enum { THREAD_STACK = 512 * 1024 };

typedef struct lane {
    incload__lanes *lanes;
    atomic_int *next;
    int32_t number;
    pthread_t thread;
    bool started;
    incload_error *failure; /* of the lane that failed first; others end for its sake */
} lane;

static void
work_on(lane *own)
{
    incload__lanes *lanes = own->lanes;

    while (!atomic_load(&lanes->failed)) {
        incload_error *failure = NULL;
        int32_t piece = atomic_fetch_add(own->next, 1);
        if (piece >= lanes->pieces)
            return;
        if (lanes->work(lanes->data, own->number, piece, &failure) == INCLOAD_OK)
            continue;
        if (atomic_exchange(&lanes->failed, true)) {
            incload_error_unref(failure);
            return;
        }
        own->failure = failure;
        lanes->stop(lanes->data);
    }
}

static void *
thread_main(void *data)
{
    work_on(data);
    return NULL;
}

static void
start(lane *own)
{
    own->started = incload__thread_start(&own->thread, THREAD_STACK, thread_main, own);
}

/* The caller's thread is always one. */
static int32_t
count_threads(const incload__lanes *lanes)
{
    int32_t count = lanes->count < lanes->pieces ? lanes->count : lanes->pieces;

    return count > 1 ? count : 1;
}

int32_t
incload__lanes_run(incload__lanes *lanes, const incload__mem *mem, incload_error **err)
{
    int32_t count = count_threads(lanes);
    lane *all = incload__alloc_array(mem, (size_t)count, sizeof *all);
    incload_error *failure = NULL;
    atomic_int next;

    if (all == NULL)
        return incload__fail_memory(err);
    atomic_init(&next, 0);
    for (int32_t i = 0; i < count; i++) {
        all[i] = (lane){ .lanes = lanes, .next = &next, .number = i };
        if (i > 0)
            start(&all[i]);
    }
    work_on(&all[0]);
    for (int32_t i = 0; i < count; i++) {
        if (all[i].started)
            pthread_join(all[i].thread, NULL);
        if (all[i].failure != NULL)
            failure = all[i].failure;
    }
    incload__free(mem, all);
    return incload__error_pass(err, failure);
}
