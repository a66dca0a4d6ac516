/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for what another thread, process or server does: AWAIT(condition) looks again and again. After a while it
 * fails and says which condition did not come to be, where Check's own time limit would say nothing. */
#ifndef INCLOAD_TESTS_UNIT_AWAIT_H
#define INCLOAD_TESTS_UNIT_AWAIT_H

#include <check.h>
#include <stdint.h>
#include <time.h>

enum { AWAIT_SECONDS = 25 };

static inline void
await_look_again(int64_t *until_ns, const char *condition)
{
    const struct timespec moment = { .tv_nsec = 1000000 };
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    if (*until_ns == 0)
        *until_ns = ns + INT64_C(1000000000) * AWAIT_SECONDS;
    ck_assert_msg(ns < *until_ns, "within %d s this did not come to be: %s", AWAIT_SECONDS, condition);
    nanosleep(&moment, NULL);
}

#define AWAIT(condition)                                                                                              \
    for (int64_t await_until_ns = 0; !(condition);)                                                                   \
    await_look_again(&await_until_ns, #condition)

#endif
