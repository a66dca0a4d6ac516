/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "victim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int64_t
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static pid_t
start(victim *v)
{
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;

    v->words[0] = getenv("INCLOAD_TEST_LOADER");
    ck_assert_msg(v->words[0] != NULL, "INCLOAD_TEST_LOADER is not set");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ck_assert_int_eq(posix_spawn(&pid, v->words[0], &actions, NULL, (char *const *)(uintptr_t)v->words, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static int
wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    return status;
}

/* A machine that is busy for a moment must not stretch all that follows. */
static void
learn(victim *v, int64_t took_us)
{
    v->usual_us = v->usual_us == 0 ? took_us : (v->usual_us + took_us) / 2;
}

/* False when it ended before that. */
static bool
still_at_work_after(pid_t pid, int64_t us)
{
    const struct timespec limit = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
    struct pollfd end = { .fd = pidfd_open(pid, 0), .events = POLLIN };

    ck_assert_int_ge(end.fd, 0);
    int ended = ppoll(&end, 1, &limit, NULL);
    ck_assert_int_ge(ended, 0);
    close(end.fd);
    return ended == 0;
}

void
victim_spare(victim *v)
{
    int64_t started = now_us();
    int status = wait_for(start(v));

    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the loader failed");
    learn(v, now_us() - started);
}

void
victim_kill(victim *v, int64_t after_permille)
{
    int64_t started = now_us();
    pid_t pid = start(v);

    if (still_at_work_after(pid, v->usual_us * after_permille / 1000))
        kill(pid, SIGKILL);
    else
        learn(v, now_us() - started);
    int status = wait_for(pid);
    ck_assert_msg(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "the loader failed by itself");
    v->killed += WIFSIGNALED(status);
}
