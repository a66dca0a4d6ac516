/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/env.h"

#include <limits.h>
#include <sys/random.h>
#include <time.h>

static int64_t
clock_us(clockid_t id)
{
    struct timespec now = { 0, 0 };

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void *
system_allocate(size_t size, void *user_data)
{
    (void)user_data;
    return incload__mem_libc.allocate(size, NULL);
}

static void *
system_reallocate(void *block, size_t size, void *user_data)
{
    (void)user_data;
    return incload__mem_libc.reallocate(block, size, NULL);
}

static void
system_release(void *block, void *user_data)
{
    (void)user_data;
    incload__mem_libc.release(block, NULL);
}

const incload__env incload__env_system = { .mem = { system_allocate, system_reallocate, system_release, NULL } };

int64_t
incload__monotonic_us(const incload__env *env)
{
    return env->monotonic_us != NULL ? env->monotonic_us(env->clock_data) : clock_us(CLOCK_MONOTONIC);
}

int64_t
incload__wall_us(const incload__env *env)
{
    return env->wall_us != NULL ? env->wall_us(env->clock_data) : clock_us(CLOCK_REALTIME);
}

uint64_t
incload__random(const incload__env *env)
{
    uint64_t value = 0;

    if (env->random != NULL)
        return env->random(env->random_data);
    /* getrandom() fails only before the kernel has entropy; the clocks are then a fair stand-in for a run id. */
    if (getrandom(&value, sizeof value, 0) != (ssize_t)sizeof value)
        value = (uint64_t)clock_us(CLOCK_REALTIME) * 0x9E3779B97F4A7C15u ^ (uint64_t)clock_us(CLOCK_MONOTONIC);
    return value;
}

int64_t
incload__deadline_in(const incload__env *env, int64_t duration_ms)
{
    if (duration_ms <= 0)
        return 0;
    if (duration_ms > INT64_MAX / 4000)
        duration_ms = INT64_MAX / 4000;
    return incload__monotonic_us(env) + duration_ms * 1000;
}

int
incload__deadline_left_ms(const incload__env *env, int64_t deadline_us)
{
    if (deadline_us == 0)
        return -1;
    int64_t left = (deadline_us - incload__monotonic_us(env) + 999) / 1000;
    if (left <= 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}
