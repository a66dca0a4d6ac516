/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/context.h"

#include <stdatomic.h>
#include <string.h>

#include "sched/event.h"

typedef struct lent {
    void *user_data;
    incload_destroy_fn destroy;
} lent;

typedef struct context_values {
    int64_t events;
} context_values;

struct incload_context {
    atomic_int refs;
    atomic_bool frozen;
    incload__env env;
    context_values values;
    lent allocator;
    lent clock;
    lent random;
    incload__event_queue queue;
    _Atomic int64_t abandoned; /* calls that were left behind and have not come back */
};

static const incload__option context_option_list[] = {
    { "events", INCLOAD_OPTION_INTEGER, offsetof(context_values, events), "1024", 0, 1000000, "events", "", "0.1",
      "How many events wait for the host at the most; 0 keeps none. When the queue is full, progress events go "
      "first." },
};

const incload__option_table incload__context_options = INCLOAD__OPTION_TABLE("context", context_option_list);

static incload_context *
context_new(const char *options, incload_error **err)
{
    const incload__mem *mem = &incload__mem_libc;
    incload_context *context = incload__alloc(mem, sizeof *context);

    if (context == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&context->refs, 1);
    atomic_init(&context->frozen, false);
    context->env = incload__env_system;
    if (incload__options_init(&incload__context_options, mem, &context->values, err) != INCLOAD_OK
        || incload__options_parse(&incload__context_options, mem, &context->values, options, err) != INCLOAD_OK)
        goto failed;
    if (incload__event_queue_init(&context->queue, mem, context->values.events) != INCLOAD_OK) {
        incload__fail_memory(err);
        goto failed;
    }
    return context;

failed:
    incload_context_unref(context);
    return NULL;
}

incload_context *
incload_context_new(const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    return context_new(options, err);
}

incload_context *
incload__context_private(incload_error **err)
{
    return context_new("events=0", err);
}

incload_context *
incload_context_ref(incload_context *context)
{
    if (context != NULL)
        atomic_fetch_add_explicit(&context->refs, 1, memory_order_relaxed);
    return context;
}

static void
give_back(const lent *thing)
{
    if (thing->destroy != NULL)
        thing->destroy(thing->user_data);
}

void
incload_context_unref(incload_context *context)
{
    if (context == NULL || atomic_fetch_sub_explicit(&context->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload__event_queue_free(&context->queue, &incload__mem_libc);
    give_back(&context->allocator);
    give_back(&context->clock);
    give_back(&context->random);
    incload__free(&incload__mem_libc, context);
}

/* A table of a newer host may be larger: fine as long as what we do not know is zero. */
static bool
size_is_known(const void *table, size_t given, size_t own)
{
    const unsigned char *bytes = table;

    if (given < own || given > 4096)
        return false;
    for (size_t i = own; i < given; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

/* Common end of the three setters: on failure the user data is given back at once. */
static int32_t
lend(incload_context *context, lent *slot, void *user_data, incload_destroy_fn destroy, const char *what, bool valid,
     incload_error **err)
{
    int32_t status = incload__entered_with(err);

    if (status == INCLOAD_OK && context == NULL)
        status = incload__fail(err, INCLOAD_E_INVALID, "the context must not be NULL");
    else if (status == INCLOAD_OK && !valid)
        status = incload__fail(
            err, INCLOAD_E_INVALID,
            "the %s is incomplete: every function is needed, and struct_size must be the table's size", what);
    else if (status == INCLOAD_OK && atomic_load(&context->frozen))
        status = incload__fail(err, INCLOAD_E_STATE, "the %s must be set before anything is made in the context", what);
    if (status != INCLOAD_OK) {
        if (destroy != NULL)
            destroy(user_data);
        return status;
    }
    give_back(slot);
    slot->user_data = user_data;
    slot->destroy = destroy;
    return INCLOAD_OK;
}

int32_t
incload_context_set_allocator(incload_context *context, const incload_allocator *allocator, void *user_data,
                              incload_destroy_fn destroy, incload_error **err)
{
    bool valid = allocator != NULL && size_is_known(allocator, allocator->struct_size, sizeof *allocator)
                 && allocator->allocate != NULL && allocator->reallocate != NULL && allocator->release != NULL;
    int32_t status = lend(context, context != NULL ? &context->allocator : NULL, user_data, destroy, "allocator", valid,
                          err);

    if (status == INCLOAD_OK)
        context->env.mem = (incload__mem){ allocator->allocate, allocator->reallocate, allocator->release, user_data };
    return status;
}

int32_t
incload_context_set_clock(incload_context *context, const incload_clock *clock, void *user_data,
                          incload_destroy_fn destroy, incload_error **err)
{
    bool valid = clock != NULL && size_is_known(clock, clock->struct_size, sizeof *clock) && clock->monotonic_us != NULL
                 && clock->wall_us != NULL;
    int32_t status = lend(context, context != NULL ? &context->clock : NULL, user_data, destroy, "clock", valid, err);

    if (status == INCLOAD_OK) {
        context->env.monotonic_us = clock->monotonic_us;
        context->env.wall_us = clock->wall_us;
        context->env.clock_data = user_data;
    }
    return status;
}

int32_t
incload_context_set_random(incload_context *context, incload_random_fn random, void *user_data,
                           incload_destroy_fn destroy, incload_error **err)
{
    int32_t status = lend(context, context != NULL ? &context->random : NULL, user_data, destroy, "random function",
                          random != NULL, err);

    if (status == INCLOAD_OK) {
        context->env.random = random;
        context->env.random_data = user_data;
    }
    return status;
}

incload_event *
incload_context_next_event(incload_context *context, int64_t timeout_ms, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (context == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the context must not be NULL");
        return NULL;
    }
    return incload__event_queue_pop(&context->queue, timeout_ms);
}

int32_t
incload_context_event_fd(incload_context *context, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (context == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the context must not be NULL");
    int fd = incload__event_queue_fd(&context->queue);
    if (fd < 0)
        return incload__fail(err, INCLOAD_E_STATE, "the system gave no file descriptor for events");
    return fd;
}

int64_t
incload_context_abandoned_calls(const incload_context *context)
{
    return context != NULL ? atomic_load(&context->abandoned) : 0;
}

const incload__env *
incload__context_env(const incload_context *context)
{
    return &context->env;
}

void
incload__context_freeze(incload_context *context)
{
    atomic_store(&context->frozen, true);
}

void
incload__context_post(incload_context *context, const incload__event_facts *facts)
{
    if (context->values.events == 0)
        return;
    incload_event *event = incload__event_new(&context->env, facts);
    if (event != NULL)
        incload__event_queue_push(&context->queue, event);
}

void
incload__context_left_behind(incload_context *context, const char *what)
{
    incload__event_facts facts = { .kind = INCLOAD_EVENT_NOTICE, .status = INCLOAD_E_TIMEOUT, .message = what };

    atomic_fetch_add(&context->abandoned, 1);
    incload__context_post(context, &facts);
}

/* The count first: who has the event finds it lower. */
void
incload__context_came_back(incload_context *context, const char *what)
{
    incload__event_facts facts = { .kind = INCLOAD_EVENT_NOTICE, .status = INCLOAD_OK, .message = what };

    atomic_fetch_sub(&context->abandoned, 1);
    incload__context_post(context, &facts);
}

const char *
incload_version(void)
{
    return INCLOAD_VERSION;
}

int32_t
incload_version_number(void)
{
    return INCLOAD_VERSION_MAJOR * 1000000 + INCLOAD_VERSION_MINOR * 1000 + INCLOAD_VERSION_PATCH;
}

int32_t
incload_has_driver(const char *driver)
{
    static const char *const built[] = {
#ifdef INCLOAD_HAVE_LIBPQ
        "libpq",
#endif
#ifdef INCLOAD_HAVE_ODBC
        "odbc",
#endif
        "mock",
    };

    for (size_t i = 0; driver != NULL && i < sizeof built / sizeof built[0]; i++) {
        if (strcmp(driver, built[i]) == 0)
            return 1;
    }
    return 0;
}
