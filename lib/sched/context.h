/* SPDX-License-Identifier: Apache-2.0 */
/* The context behind the public handle: the surroundings (env) and the queue of events. */
#ifndef INCLOAD_LIB_SCHED_CONTEXT_H
#define INCLOAD_LIB_SCHED_CONTEXT_H

#include <incload/context.h>
#include <incload/event.h>

#include <stdbool.h>

#include "base/env.h"
#include "base/option.h"

extern const incload__option_table incload__context_options;

/* A context of the library's own, for objects made without one: it queues no events. */
incload_context *incload__context_private(incload_error **err);
const incload__env *incload__context_env(const incload_context *context);
/* From now on allocator, clock and random stay as they are: something was made with them. */
void incload__context_freeze(incload_context *context);

/* What an event says; strings are copied. */
typedef struct incload__event_facts {
    int32_t kind;
    int32_t status;
    const char *run_id;
    const char *step;
    const char *unit;
    const char *message;
    int64_t rows_read;
    int64_t rows_written;
    int64_t bytes;
} incload__event_facts;

/* A call into a driver was left behind at its deadline; what it was is told by an event. */
void incload__context_left_behind(incload_context *context, const char *what);
/* It has returned at last, and what it held is free. */
void incload__context_came_back(incload_context *context, const char *what);

/* Queues an event if the context keeps any. Losing one to lack of memory is not an error. */
void incload__context_post(incload_context *context, const incload__event_facts *facts);

#endif
