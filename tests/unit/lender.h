/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that runs out: an allocator for a context, of which the allocations of a test's choice fail. Any thread. */
#ifndef INCLOAD_TESTS_UNIT_LENDER_H
#define INCLOAD_TESTS_UNIT_LENDER_H

#include "harness.h"

#include <incload/incload.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

/* It fails from its `first` allocation on (1: the very first, 0: never), `failures` times. */
typedef struct lender {
    _Atomic int64_t made;
    int64_t first;
    int64_t failures;
    _Atomic int64_t live; /* blocks that were not given back */
} lender;

static inline bool
lender_refuses(lender *from)
{
    int64_t number = atomic_fetch_add(&from->made, 1) + 1;

    return from->first > 0 && number >= from->first && number - from->first < from->failures;
}

static inline void *
lender_allocate(size_t size, void *data)
{
    lender *from = data;
    void *block = lender_refuses(from) ? NULL : malloc(size);

    atomic_fetch_add(&from->live, block != NULL);
    return block;
}

static inline void *
lender_reallocate(void *block, size_t size, void *data)
{
    return lender_refuses(data) ? NULL : realloc(block, size);
}

static inline void
lender_release(void *block, void *data)
{
    lender *from = data;

    atomic_fetch_sub(&from->live, 1);
    free(block);
}

/* Returns the context, which has its memory from there from now on. */
static inline incload_context *
lender_serve(lender *from, incload_context *context)
{
    incload_allocator allocator = { .struct_size = sizeof allocator,
                                    .allocate = lender_allocate,
                                    .reallocate = lender_reallocate,
                                    .release = lender_release };

    ck_assert_int_eq(incload_context_set_allocator(context, &allocator, from, NULL, NULL), INCLOAD_OK);
    return context;
}

/* Everything has come back; a thread that renewed a lease may be a moment behind. */
static inline void
lender_expect_all_back(lender *from, const char *what)
{
    const struct timespec moment = { .tv_nsec = 2000000 };

    for (int32_t i = 0; i < 2500 && atomic_load(&from->live) > 0; i++)
        nanosleep(&moment, NULL);
    ck_assert_msg(atomic_load(&from->live) == 0, "%s, allocation %lld: %lld blocks were not given back", what,
                  (long long)from->first, (long long)atomic_load(&from->live));
}

#endif
