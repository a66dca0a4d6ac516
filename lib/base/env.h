/* SPDX-License-Identifier: Apache-2.0 */
/* What the library takes from its surroundings: memory, clocks, randomness. Nothing else in lib/ asks the system for
 * these, so a test can replay them. A context owns one; everything made in that context borrows it. */
#ifndef INCLOAD_LIB_BASE_ENV_H
#define INCLOAD_LIB_BASE_ENV_H

#include "base/mem.h"

typedef struct incload__env {
    incload__mem mem;
    int64_t (*monotonic_us)(void *user_data); /* never goes back; NULL: the system's */
    int64_t (*wall_us)(void *user_data);      /* microseconds since 1970 UTC; NULL: the system's */
    void *clock_data;
    uint64_t (*random)(void *user_data); /* 64 uniform bits; NULL: the system's */
    void *random_data;
} incload__env;

/* libc memory, system clocks, system randomness. */
extern const incload__env incload__env_system;

int64_t incload__monotonic_us(const incload__env *env);
int64_t incload__wall_us(const incload__env *env);
uint64_t incload__random(const incload__env *env);

/* Absolute monotonic deadline for a duration; 0 (no limit) stays 0. */
int64_t incload__deadline_in(const incload__env *env, int64_t duration_ms);
/* Milliseconds left for poll(): -1 without a deadline, 0 when it has passed. */
int incload__deadline_left_ms(const incload__env *env, int64_t deadline_us);

#endif
