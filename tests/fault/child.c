/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

extern char **environ;

enum { CHILD_MS = 30000, VARIABLES = 200 };

const char *const child_ends[] = { "done", "failed", "busy", "unknown", "killed", "crashed", "hung" };
const char *const shim_actions[SHIM_ACTIONS] = { "count", "kill-before", "kill-after", "reset", "eintr",
                                                 "eagain", "short", "eio", "enospc" };

static shim_page *page;
static int said_fd;
static char loader[512], preload[600], shim_fd[64];
static char *variables[VARIABLES];

void
child_path(char *out, size_t size, const char *before, const char *name)
{
    char own[512];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);

    if (length <= 0)
        report_die("cannot tell where this program is");
    own[length] = '\0';
    *strrchr(own, '/') = '\0';
    snprintf(out, size, "%s%s/%s", before, own, name);
}

void *
child_share(size_t size, int *fd)
{
    /* Inherited: not closed by exec. */
    *fd = memfd_create("shared", 0);
    said_fd = memfd_create("said", MFD_CLOEXEC);
    if (*fd < 0 || said_fd < 0 || ftruncate(*fd, (off_t)size) != 0)
        report_die("no memory to share with a child: %s", strerror(errno));
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (shared == MAP_FAILED)
        report_die("no memory to share with a child: %s", strerror(errno));
    return shared;
}

shim_page *
child_prepare(void)
{
    int count = 0, fd = -1;

    page = child_share(sizeof *page, &fd);
    child_path(loader, sizeof loader, "", "crash-loader");
    child_path(preload, sizeof preload, "LD_PRELOAD=", "libfault-shim.so");
    snprintf(shim_fd, sizeof shim_fd, "%s=%d", SHIM_FD_VARIABLE, fd);
    variables[count++] = preload;
    variables[count++] = shim_fd;
    for (char **next = environ; *next != NULL && count < VARIABLES - 1; next++)
        variables[count++] = *next;
    return page;
}

static void
what_it_said(char said[400])
{
    ssize_t length = pread(said_fd, said, 399, 0);

    said[length > 0 ? length : 0] = '\0';
    said[strcspn(said, "\n")] = '\0';
}

static child_end
end_of(int status, const char *said)
{
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGKILL ? CHILD_KILLED : CHILD_CRASHED;
    if (strncmp(said, "INCLOAD_E_COMMIT_UNKNOWN", 24) == 0)
        return CHILD_UNKNOWN;
    switch (WEXITSTATUS(status)) {
    case 0:
        return CHILD_DONE;
    case 1:
        return CHILD_FAILED;
    case 2:
        return CHILD_BUSY;
    default:
        return CHILD_CRASHED;
    }
}

child_end
child_run(const stage *s, char said[400])
{
    return child_load(s, stage_source, stage_target, stage_options, said);
}

child_end
child_load(const stage *s, const char *source, const char *target, const char *options, char said[400])
{
    const char *words[] = { loader, s->from_url, source, s->to_url, target, options,
                            s->twins ? stage_twin : NULL, NULL };

    atomic_store(&page->calls, 0);
    atomic_store(&page->fired, 0);
    atomic_store(&page->socket, 0);
    return child_start(words, said);
}

child_end
child_start(const char *const *words, char said[400])
{
    posix_spawn_file_actions_t actions;
    int status = 0;
    pid_t pid = 0;
    bool hung;

    if (ftruncate(said_fd, 0) != 0 || lseek(said_fd, 0, SEEK_SET) != 0)
        report_die("a file in memory cannot be emptied");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, said_fd, STDERR_FILENO);
    int failed = posix_spawn(&pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words,
                             variables[0] != NULL ? variables : environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0)
        report_die("cannot start %s: %s", words[0], strerror(failed));

    struct pollfd ended = { .fd = pidfd_open(pid, 0), .events = POLLIN };
    hung = poll(&ended, 1, CHILD_MS) == 0;
    if (hung)
        kill(pid, SIGKILL);
    close(ended.fd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    what_it_said(said);
    return hung ? CHILD_HUNG : end_of(status, said);
}
