/* SPDX-License-Identifier: Apache-2.0 */
#include "lending.h"

#include <check.h>
#include <stdlib.h>
#include <time.h>

enum { LONGEST_S = 30 };

static bool
refuses(lender *from)
{
    return atomic_fetch_add(&from->made, 1) + 1 == from->fails;
}

static void *
lend(size_t size, void *data)
{
    lender *from = data;
    void *block = refuses(from) ? NULL : malloc(size);

    atomic_fetch_add(&from->live, block != NULL);
    return block;
}

static void *
lend_more(void *block, size_t size, void *data)
{
    lender *from = data;

    if (block == NULL)
        return lend(size, data);
    return refuses(from) ? NULL : realloc(block, size);
}

static void
take_back(void *block, void *data)
{
    lender *from = data;

    atomic_fetch_sub(&from->live, block != NULL);
    free(block);
}

static void
end(void *data)
{
    lender *from = data;

    pthread_mutex_lock(&from->lock);
    from->returned = true;
    pthread_cond_broadcast(&from->over);
    pthread_mutex_unlock(&from->lock);
}

incload_context *
lend_context(lender *from)
{
    incload_allocator allocator = {
        .struct_size = sizeof allocator, .allocate = lend, .reallocate = lend_more, .release = take_back
    };
    incload_context *context = incload_context_new(NULL, NULL);

    pthread_mutex_init(&from->lock, NULL);
    pthread_cond_init(&from->over, NULL);
    ck_assert_int_eq(incload_context_set_allocator(context, &allocator, from, end, NULL), INCLOAD_OK);
    return context;
}

bool
lender_refused(const lender *from)
{
    return from->fails > 0 && from->made >= from->fails;
}

/* Such as one that renewed a lease when the run ended. */
static void
wait_for_end(lender *from)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LONGEST_S;
    pthread_mutex_lock(&from->lock);
    while (!from->returned && pthread_cond_timedwait(&from->over, &from->lock, &until) == 0)
        continue;
    pthread_mutex_unlock(&from->lock);
}

void
lender_check(lender *from, const char *what, const incload_error *err)
{
    wait_for_end(from);
    long long fails = (long long)from->fails, live = (long long)from->live;
    ck_assert_msg(from->returned, "%s, allocation %lld: the context is never freed", what, fails);
    ck_assert_msg(live == 0, "%s, allocation %lld: %lld blocks are lost", what, fails, live);
    ck_assert_msg(err == NULL || lender_refused(from), "%s, without a failure: %s", what, incload_error_message(err));
    ck_assert_msg(err == NULL || incload_error_code(err) == INCLOAD_E_NO_MEMORY, "%s, allocation %lld: %s: %s", what,
                  fails, incload_error_name(err), incload_error_message(err));
}
