/* SPDX-License-Identifier: Apache-2.0 */
/* What the program `failpoints` and its loader share in memory. */
#ifndef INCLOAD_TESTS_FAULT_FAILPOINTS_H
#define INCLOAD_TESTS_FAULT_FAILPOINTS_H

#include <stdatomic.h>
#include <stdint.h>

enum { POINTS_MOST = 160, POINT_NAME = 40 };

typedef struct points_page {
    /* Filled in by the loader. */
    int32_t count;
    char names[POINTS_MOST][POINT_NAME];
    int32_t codes[POINTS_MOST]; /* of the error, 0 where none can come */
    _Atomic int64_t met[POINTS_MOST];
    /* For the loader. */
    int32_t armed; /* -1: none */
    int32_t action;
    int64_t nth;
} points_page;

#endif
