/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "sched/event.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct incload_event {
    atomic_int refs;
    incload__mem mem;
    int32_t kind;
    int32_t status;
    int64_t time_us;
    int64_t rows_read;
    int64_t rows_written;
    int64_t bytes;
    char *run_id;
    char *step;
    char *unit;
    char *message;
};

static char *
copy_or_empty(const incload__mem *mem, const char *text)
{
    return incload__strdup(mem, text != NULL ? text : "");
}

incload_event *
incload__event_new(const incload__env *env, const incload__event_facts *facts)
{
    /* An event may outlive the context and a lent allocator: it uses malloc, as errors do. */
    const incload__mem *mem = &incload__mem_libc;
    incload_event *event = incload__alloc(mem, sizeof *event);

    if (event == NULL)
        return NULL;
    atomic_init(&event->refs, 1);
    event->mem = *mem;
    event->kind = facts->kind;
    event->status = facts->status;
    event->time_us = incload__wall_us(env);
    event->rows_read = facts->rows_read;
    event->rows_written = facts->rows_written;
    event->bytes = facts->bytes;
    event->run_id = copy_or_empty(mem, facts->run_id);
    event->step = copy_or_empty(mem, facts->step);
    event->unit = copy_or_empty(mem, facts->unit);
    event->message = copy_or_empty(mem, facts->message);
    if (event->run_id == NULL || event->step == NULL || event->unit == NULL || event->message == NULL) {
        incload_event_unref(event);
        return NULL;
    }
    return event;
}

incload_event *
incload_event_ref(incload_event *event)
{
    if (event != NULL)
        atomic_fetch_add_explicit(&event->refs, 1, memory_order_relaxed);
    return event;
}

void
incload_event_unref(incload_event *event)
{
    if (event == NULL || atomic_fetch_sub_explicit(&event->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload__mem mem = event->mem;
    incload__free(&mem, event->run_id);
    incload__free(&mem, event->step);
    incload__free(&mem, event->unit);
    incload__free(&mem, event->message);
    incload__free(&mem, event);
}

int32_t
incload_event_kind(const incload_event *event)
{
    return event != NULL ? event->kind : 0;
}

int64_t
incload_event_time_us(const incload_event *event)
{
    return event != NULL ? event->time_us : 0;
}

const char *
incload_event_run_id(const incload_event *event)
{
    return event != NULL ? event->run_id : "";
}

const char *
incload_event_step(const incload_event *event)
{
    return event != NULL ? event->step : "";
}

const char *
incload_event_unit(const incload_event *event)
{
    return event != NULL ? event->unit : "";
}

int32_t
incload_event_status(const incload_event *event)
{
    return event != NULL ? event->status : 0;
}

int64_t
incload_event_rows_read(const incload_event *event)
{
    return event != NULL ? event->rows_read : 0;
}

int64_t
incload_event_rows_written(const incload_event *event)
{
    return event != NULL ? event->rows_written : 0;
}

int64_t
incload_event_bytes(const incload_event *event)
{
    return event != NULL ? event->bytes : 0;
}

const char *
incload_event_message(const incload_event *event)
{
    return event != NULL ? event->message : "";
}

int32_t
incload__event_queue_init(incload__event_queue *queue, const incload__mem *mem, int64_t limit)
{
    pthread_condattr_t attributes;

    memset(queue, 0, sizeof *queue);
    queue->fd = -1;
    queue->limit = (int32_t)limit;
    queue->ring = incload__alloc_array(mem, (size_t)limit, sizeof *queue->ring);
    if (queue->ring == NULL)
        return INCLOAD_E_NO_MEMORY;
    pthread_mutex_init(&queue->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->arrived, &attributes);
    pthread_condattr_destroy(&attributes);
    queue->ready = true;
    return INCLOAD_OK;
}

void
incload__event_queue_free(incload__event_queue *queue, const incload__mem *mem)
{
    if (!queue->ready)
        return;
    for (int32_t i = 0; i < queue->count; i++)
        incload_event_unref(queue->ring[(queue->first + i) % queue->limit]);
    incload__free(mem, queue->ring);
    pthread_cond_destroy(&queue->arrived);
    pthread_mutex_destroy(&queue->lock);
    if (queue->fd >= 0)
        close(queue->fd);
    queue->ready = false;
}

/* Takes out the event at `index` from the front; the order of the others stays. */
static incload_event *
remove_at(incload__event_queue *queue, int32_t index)
{
    incload_event *event = queue->ring[(queue->first + index) % queue->limit];

    for (int32_t i = index; i > 0; i--)
        queue->ring[(queue->first + i) % queue->limit] = queue->ring[(queue->first + i - 1) % queue->limit];
    queue->first = (queue->first + 1) % queue->limit;
    queue->count--;
    return event;
}

/* What to give up in a full queue: the oldest progress, else the oldest of all. */
static int32_t
least_needed(const incload__event_queue *queue)
{
    for (int32_t i = 0; i < queue->count; i++) {
        if (queue->ring[(queue->first + i) % queue->limit]->kind == INCLOAD_EVENT_PROGRESS)
            return i;
    }
    return 0;
}

static void
signal_fd(int fd, bool readable)
{
    uint64_t value = 1;
    ssize_t done;
    int saved = errno;

    if (fd < 0)
        return;
    done = readable ? write(fd, &value, sizeof value) : read(fd, &value, sizeof value);
    (void)done; /* a full or empty counter is as good as a signalled or cleared one */
    errno = saved;
}

void
incload__event_queue_push(incload__event_queue *queue, incload_event *event)
{
    incload_event *dropped = NULL;

    pthread_mutex_lock(&queue->lock);
    if (queue->count == queue->limit && event->kind == INCLOAD_EVENT_PROGRESS) {
        dropped = event;
    } else {
        if (queue->count == queue->limit)
            dropped = remove_at(queue, least_needed(queue));
        queue->ring[(queue->first + queue->count) % queue->limit] = event;
        queue->count++;
        if (queue->count == 1)
            signal_fd(queue->fd, true);
        pthread_cond_signal(&queue->arrived);
    }
    pthread_mutex_unlock(&queue->lock);
    incload_event_unref(dropped);
}

static void
wait_until(incload__event_queue *queue, int64_t timeout_ms)
{
    struct timespec until;

    if (timeout_ms < 0) {
        while (queue->count == 0)
            pthread_cond_wait(&queue->arrived, &queue->lock);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(timeout_ms / 1000);
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (queue->count == 0 && pthread_cond_timedwait(&queue->arrived, &queue->lock, &until) == 0)
        continue;
}

incload_event *
incload__event_queue_pop(incload__event_queue *queue, int64_t timeout_ms)
{
    incload_event *event = NULL;

    pthread_mutex_lock(&queue->lock);
    if (queue->count == 0 && timeout_ms != 0)
        wait_until(queue, timeout_ms);
    if (queue->count > 0) {
        event = remove_at(queue, 0);
        if (queue->count == 0)
            signal_fd(queue->fd, false);
    }
    pthread_mutex_unlock(&queue->lock);
    return event;
}

int
incload__event_queue_fd(incload__event_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    if (queue->fd < 0) {
        queue->fd = eventfd(queue->count > 0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    int fd = queue->fd;
    pthread_mutex_unlock(&queue->lock);
    return fd;
}
