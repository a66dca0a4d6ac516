/* SPDX-License-Identifier: Apache-2.0 */
/* What the library's files take from libc, for threads of the simulated machine. The linker puts each of these in the
 * place of its namesake (--wrap); outside of the machine they are what they were. A lock is the thread that has it. */
#define _GNU_SOURCE
#include "surroundings.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "machine.h"

enum { MICROSECOND = 1000, SECOND = 1000000 };

#define REAL(type, name, params) type __real_##name params; type __wrap_##name params

REAL(void *, malloc, (size_t size));
REAL(void *, realloc, (void *block, size_t size));
REAL(void, free, (void *block));
REAL(int, clock_gettime, (clockid_t id, struct timespec *out));
REAL(int, nanosleep, (const struct timespec *time, struct timespec *left));
REAL(int, clock_nanosleep, (clockid_t id, int flags, const struct timespec *time, struct timespec *left));
REAL(ssize_t, getrandom, (void *out, size_t size, unsigned flags));
REAL(pid_t, getpid, (void));
REAL(pid_t, getpgid, (pid_t pid));
REAL(int, gethostname, (char *out, size_t size));
REAL(int, pthread_sigmask, (int how, const sigset_t *set, sigset_t *before));
REAL(int, pthread_create, (pthread_t *out, const pthread_attr_t *how, void *(*main)(void *), void *data));
REAL(int, pthread_join, (pthread_t which, void **result));
REAL(int, pthread_mutex_init, (pthread_mutex_t *lock, const pthread_mutexattr_t *how));
REAL(int, pthread_mutex_destroy, (pthread_mutex_t *lock));
REAL(int, pthread_mutex_lock, (pthread_mutex_t *lock));
REAL(int, pthread_mutex_trylock, (pthread_mutex_t *lock));
REAL(int, pthread_mutex_unlock, (pthread_mutex_t *lock));
REAL(int, pthread_cond_init, (pthread_cond_t *cond, const pthread_condattr_t *how));
REAL(int, pthread_cond_destroy, (pthread_cond_t *cond));
REAL(int, pthread_cond_wait, (pthread_cond_t *cond, pthread_mutex_t *lock));
REAL(int, pthread_cond_timedwait, (pthread_cond_t *cond, pthread_mutex_t *lock, const struct timespec *until));
REAL(int, pthread_cond_signal, (pthread_cond_t *cond));
REAL(int, pthread_cond_broadcast, (pthread_cond_t *cond));

static bool
inside(void)
{
    return machine_process() != NULL;
}

/* ---- memory ---- */

void *
real_malloc(size_t size)
{
    return __real_malloc(size);
}

void *
real_realloc(void *block, size_t size)
{
    return __real_realloc(block, size);
}

void
real_free(void *block)
{
    __real_free(block);
}

void *
__wrap_malloc(size_t size)
{
    return inside() ? process_allocate(size) : __real_malloc(size);
}

void *
__wrap_realloc(void *block, size_t size)
{
    return inside() ? process_reallocate(block, size) : __real_realloc(block, size);
}

void
__wrap_free(void *block)
{
    if (inside())
        process_release(block);
    else
        __real_free(block);
}

/* ---- clocks and chance ---- */

int
real_clock_gettime(clockid_t id, struct timespec *out)
{
    return __real_clock_gettime(id, out);
}

/* All clocks are one: nothing in the library compares two of them. */
int
__wrap_clock_gettime(clockid_t id, struct timespec *out)
{
    if (!inside())
        return __real_clock_gettime(id, out);
    int64_t now = machine_now();
    *out = (struct timespec){ .tv_sec = now / SECOND, .tv_nsec = now % SECOND * MICROSECOND };
    return 0;
}

static int64_t
microseconds(const struct timespec *time)
{
    return (int64_t)time->tv_sec * SECOND + (time->tv_nsec + MICROSECOND - 1) / MICROSECOND;
}

int
__wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
    if (!inside())
        return __real_nanosleep(time, left);
    machine_sleep(microseconds(time));
    return 0;
}

int
__wrap_clock_nanosleep(clockid_t id, int flags, const struct timespec *time, struct timespec *left)
{
    if (!inside())
        return __real_clock_nanosleep(id, flags, time, left);
    machine_sleep(microseconds(time));
    return 0;
}

ssize_t
__wrap_getrandom(void *out, size_t size, unsigned flags)
{
    if (!inside())
        return __real_getrandom(out, size, flags);
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)out)[i] = (unsigned char)machine_draw(256);
    return (ssize_t)size;
}

/* ---- the process ---- */

pid_t
__wrap_getpid(void)
{
    return inside() ? process_pid(machine_process()) : __real_getpid();
}

pid_t
__wrap_getpgid(pid_t pid)
{
    if (!inside())
        return __real_getpgid(pid);
    if (process_lives(pid))
        return pid;
    errno = ESRCH;
    return -1;
}

int
__wrap_gethostname(char *out, size_t size)
{
    if (!inside())
        return __real_gethostname(out, size);
    strncpy(out, "simulated", size);
    return 0;
}

int
__wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *before)
{
    return inside() ? 0 : __real_pthread_sigmask(how, set, before);
}

/* ---- threads ---- */

int
__wrap_pthread_create(pthread_t *out, const pthread_attr_t *how, void *(*main)(void *), void *data)
{
    if (!inside())
        return __real_pthread_create(out, how, main, data);
    int detached = PTHREAD_CREATE_JOINABLE;
    pthread_attr_getdetachstate(how, &detached);
    *out = (pthread_t)(uintptr_t)machine_start_thread(machine_process(), detached == PTHREAD_CREATE_JOINABLE, main,
                                                      data);
    return 0;
}

int
__wrap_pthread_join(pthread_t which, void **result)
{
    if (!inside())
        return __real_pthread_join(which, result);
    machine_join((thread *)(uintptr_t)which);
    return 0;
}

/* ---- locks ---- */

static thread **
owner_of(pthread_mutex_t *lock)
{
    return (thread **)(void *)lock;
}

int
__wrap_pthread_mutex_init(pthread_mutex_t *lock, const pthread_mutexattr_t *how)
{
    if (!inside())
        return __real_pthread_mutex_init(lock, how);
    memset(lock, 0, sizeof *lock);
    return 0;
}

int
__wrap_pthread_mutex_destroy(pthread_mutex_t *lock)
{
    return inside() ? 0 : __real_pthread_mutex_destroy(lock);
}

int
__wrap_pthread_mutex_lock(pthread_mutex_t *lock)
{
    if (!inside())
        return __real_pthread_mutex_lock(lock);
    /* Threads meet at locks: another order of them is another trace. */
    if (machine_odds(1, 16))
        machine_yield();
    while (*owner_of(lock) != NULL)
        machine_wait(lock, MACHINE_FOREVER);
    *owner_of(lock) = machine_thread();
    return 0;
}

int
__wrap_pthread_mutex_trylock(pthread_mutex_t *lock)
{
    if (!inside())
        return __real_pthread_mutex_trylock(lock);
    if (*owner_of(lock) != NULL)
        return EBUSY;
    *owner_of(lock) = machine_thread();
    return 0;
}

int
__wrap_pthread_mutex_unlock(pthread_mutex_t *lock)
{
    if (!inside())
        return __real_pthread_mutex_unlock(lock);
    *owner_of(lock) = NULL;
    machine_wake(lock, true);
    return 0;
}

int
__wrap_pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *how)
{
    return inside() ? 0 : __real_pthread_cond_init(cond, how);
}

int
__wrap_pthread_cond_destroy(pthread_cond_t *cond)
{
    return inside() ? 0 : __real_pthread_cond_destroy(cond);
}

static int
wait_on(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_us)
{
    __wrap_pthread_mutex_unlock(lock);
    bool woken = machine_wait(cond, until_us);
    __wrap_pthread_mutex_lock(lock);
    return woken ? 0 : ETIMEDOUT;
}

int
__wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock)
{
    return inside() ? wait_on(cond, lock, MACHINE_FOREVER) : __real_pthread_cond_wait(cond, lock);
}

int
__wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *lock, const struct timespec *until)
{
    return inside() ? wait_on(cond, lock, microseconds(until)) : __real_pthread_cond_timedwait(cond, lock, until);
}

int
__wrap_pthread_cond_signal(pthread_cond_t *cond)
{
    if (!inside())
        return __real_pthread_cond_signal(cond);
    machine_wake(cond, false);
    return 0;
}

int
__wrap_pthread_cond_broadcast(pthread_cond_t *cond)
{
    if (!inside())
        return __real_pthread_cond_broadcast(cond);
    machine_wake(cond, true);
    return 0;
}
