/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded queue of events of a context. */
#ifndef INCLOAD_LIB_SCHED_EVENT_H
#define INCLOAD_LIB_SCHED_EVENT_H

#include <pthread.h>

#include "sched/context.h"

typedef struct incload__event_queue {
    pthread_mutex_t lock; /* nothing else is locked under it */
    pthread_cond_t arrived;
    incload_event **ring;
    int32_t limit;
    int32_t first;
    int32_t count;
    int fd; /* eventfd, readable while count > 0; -1 until asked for */
    bool ready;
} incload__event_queue;

int32_t incload__event_queue_init(incload__event_queue *queue, const incload__mem *mem, int64_t limit);
void incload__event_queue_free(incload__event_queue *queue, const incload__mem *mem);
/* Takes the event over. */
void incload__event_queue_push(incload__event_queue *queue, incload_event *event);
/* Waits on the system's monotonic clock: a replayed clock cannot wake a thread. */
incload_event *incload__event_queue_pop(incload__event_queue *queue, int64_t timeout_ms);
int incload__event_queue_fd(incload__event_queue *queue);

incload_event *incload__event_new(const incload__env *env, const incload__event_facts *facts);

#endif
