/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader of one source file cannot know, told to the tools of tests/static.sh: an error's code is never 0. */
#ifndef INCLOAD_TESTS_STATIC_KNOWN_H
#define INCLOAD_TESTS_STATIC_KNOWN_H

/* As some files ask for themselves, and nothing may be included before. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "base/error.h"

static inline int32_t
known_failure(int32_t status)
{
    if (status >= 0)
        __builtin_unreachable();
    return status;
}

#define incload__fail(...) known_failure(incload__fail(__VA_ARGS__))
#define incload__fail_memory(...) known_failure(incload__fail_memory(__VA_ARGS__))

#endif
