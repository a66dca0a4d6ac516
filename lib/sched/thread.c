/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "sched/thread.h"

#include <signal.h>

bool
incload__thread_start(pthread_t *thread, size_t stack_size, void *(*main)(void *data), void *data)
{
    pthread_attr_t attributes;
    pthread_t alone;
    sigset_t all, before;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    if (thread == NULL)
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, stack_size);
    /* The new thread inherits the mask. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread != NULL ? thread : &alone, &attributes, main, data);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return failed == 0;
}
