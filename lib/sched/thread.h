/* SPDX-License-Identifier: Apache-2.0 */
/* How the library makes its threads: with all signals blocked, so that a host's handlers never run on them. */
#ifndef INCLOAD_LIB_SCHED_THREAD_H
#define INCLOAD_LIB_SCHED_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* False when the system gives none. Without `thread` it is one that nobody can wait for. */
bool incload__thread_start(pthread_t *thread, size_t stack_size, void *(*main)(void *data), void *data);

#endif
