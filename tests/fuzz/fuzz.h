/* SPDX-License-Identifier: Apache-2.0 */
/* What libFuzzer calls, and what it is to see as a failure. */
#ifndef INCLOAD_TESTS_FUZZ_FUZZ_H
#define INCLOAD_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Always 0; what must hold is held by fuzz_check(), and the rest by the sanitizers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
fuzz_check(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

#endif
