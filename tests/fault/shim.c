/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into a child: counts its calls on sockets (and on a database's files), and does harm at the one that is
 * meant. Every call is passed on as a system call of its own, so nothing of libc stands between. */
#define _GNU_SOURCE
/* The headers' checked variants would be inline functions of the names that are defined here. */
#undef _FORTIFY_SOURCE
/* Both names of a call, the one with 64 bits as well, are to be had. */
#undef _FILE_OFFSET_BITS
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim.h"

#define PUBLIC __attribute__((visibility("default")))

static shim_page *page;

__attribute__((constructor)) static void
attach(void)
{
    const char *text = getenv(SHIM_FD_VARIABLE);
    void *at = text == NULL ? MAP_FAILED
                            : mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(text), 0);

    page = at != MAP_FAILED ? at : NULL;
}

static bool
is_socket(int fd)
{
    struct stat what;
    int saved = errno;
    bool is = fstat(fd, &what) == 0 && S_ISSOCK(what.st_mode);

    errno = saved;
    return is;
}

static bool
begins(const char *path)
{
    return page->files[0] != '\0' && strncmp(path, page->files, strlen(page->files)) == 0;
}

static bool
is_file(int fd)
{
    char link[40], path[512];
    int saved = errno;

    if (page->files[0] == '\0')
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length <= 0)
        return false;
    path[length] = '\0';
    return begins(path);
}

static void
die(void)
{
    syscall(SYS_kill, (long)getpid(), SIGKILL);
    for (;;)
        pause();
}

typedef struct call {
    bool counts;
    bool hit;     /* this is the one that is meant */
    bool refused; /* errno is set: the call must not be made */
    bool one;     /* pass one byte */
} call;

/* Before the call. */
static call
enter(const char *name, int fd, bool counts)
{
    call c = { .counts = page != NULL && counts };

    if (!c.counts)
        return c;
    c.hit = atomic_fetch_add(&page->calls, 1) + 1 == page->at;
    if (c.hit) {
        atomic_store(&page->fired, 1);
        snprintf(page->name, sizeof page->name, "%s", name);
    }
    bool fired = atomic_load(&page->fired) != 0;
    int refusal = 0;
    switch (page->action) {
    case SHIM_KILL_BEFORE:
        if (c.hit)
            die();
        break;
    case SHIM_RESET:
        if (c.hit)
            atomic_store(&page->socket, fd + 1);
        refusal = atomic_load(&page->socket) == fd + 1 ? ECONNRESET : 0;
        break;
    case SHIM_EINTR:
        refusal = c.hit ? EINTR : 0;
        break;
    case SHIM_EAGAIN:
        refusal = c.hit ? EAGAIN : 0;
        break;
    case SHIM_EIO:
        refusal = c.hit ? EIO : 0;
        break;
    case SHIM_ENOSPC:
        refusal = fired ? ENOSPC : 0;
        break;
    case SHIM_SHORT:
        c.one = fired;
        break;
    default:
        break;
    }
    c.refused = refusal != 0;
    if (c.refused)
        errno = refusal;
    return c;
}

static ssize_t
leave(const call *c, ssize_t result)
{
    if (c->hit && page->action == SHIM_KILL_AFTER)
        die();
    return result;
}

static size_t
length_of(const call *c, size_t length)
{
    return c->one && length > 1 ? 1 : length;
}

/* ---- sockets ---- */

PUBLIC ssize_t
send(int fd, const void *data, size_t length, int flags)
{
    call c = enter("send", fd, true);

    return c.refused ? -1 : leave(&c, syscall(SYS_sendto, fd, data, length_of(&c, length), flags, NULL, 0));
}

PUBLIC ssize_t
recv(int fd, void *data, size_t length, int flags)
{
    call c = enter("recv", fd, true);

    return c.refused ? -1 : leave(&c, syscall(SYS_recvfrom, fd, data, length_of(&c, length), flags, NULL, NULL));
}

PUBLIC ssize_t
sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t size)
{
    call c = enter("sendto", fd, true);

    return c.refused ? -1 : leave(&c, syscall(SYS_sendto, fd, data, length_of(&c, length), flags, to, size));
}

PUBLIC ssize_t
recvfrom(int fd, void *data, size_t length, int flags, struct sockaddr *from, socklen_t *size)
{
    call c = enter("recvfrom", fd, true);

    return c.refused ? -1 : leave(&c, syscall(SYS_recvfrom, fd, data, length_of(&c, length), flags, from, size));
}

PUBLIC ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
    call c = enter("sendmsg", fd, true);

    return c.refused ? -1 : leave(&c, syscall(SYS_sendmsg, fd, message, flags));
}

PUBLIC ssize_t
recvmsg(int fd, struct msghdr *message, int flags)
{
    call c = enter("recvmsg", fd, true);

    return c.refused ? -1 : leave(&c, syscall(SYS_recvmsg, fd, message, flags));
}

PUBLIC int
connect(int fd, const struct sockaddr *to, socklen_t size)
{
    call c = enter("connect", fd, true);

    return c.refused ? -1 : (int)leave(&c, syscall(SYS_connect, fd, to, size));
}

/* glibc declares that poll() only writes to the list, which is not so. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

/* A poll is a call on a socket when one of those polled is a socket. */
static int
socket_among(const struct pollfd *fds, nfds_t count)
{
    for (nfds_t i = 0; i < count; i++) {
        if (is_socket(fds[i].fd))
            return fds[i].fd;
    }
    return -1;
}

PUBLIC int
poll(struct pollfd *fds, nfds_t count, int timeout)
{
    int fd = socket_among(fds, count);
    call c = enter("poll", fd, fd >= 0);

    /* A reset is told by the read that follows. */
    if (c.refused && errno == ECONNRESET) {
        for (nfds_t i = 0; i < count; i++)
            fds[i].revents = fds[i].fd == fd ? fds[i].events : 0;
        return 1;
    }
    return c.refused ? -1 : (int)leave(&c, syscall(SYS_poll, fds, count, timeout));
}

PUBLIC int
ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    int fd = socket_among(fds, count);
    struct timespec rest = timeout != NULL ? *timeout : (struct timespec){ 0 };
    call c = enter("ppoll", fd, fd >= 0);

    if (c.refused && errno == ECONNRESET) {
        for (nfds_t i = 0; i < count; i++)
            fds[i].revents = fds[i].fd == fd ? fds[i].events : 0;
        return 1;
    }
    return c.refused
               ? -1
               : (int)leave(&c, syscall(SYS_ppoll, fds, count, timeout != NULL ? &rest : NULL, mask, _NSIG / 8));
}

/* ---- sockets and files ---- */

static bool
counts(int fd)
{
    return page != NULL && (is_socket(fd) || is_file(fd));
}

PUBLIC ssize_t
read(int fd, void *data, size_t length)
{
    call c = enter("read", fd, page != NULL && is_socket(fd));

    return c.refused ? -1 : leave(&c, syscall(SYS_read, fd, data, length_of(&c, length)));
}

PUBLIC ssize_t
readv(int fd, const struct iovec *parts, int count)
{
    call c = enter("readv", fd, page != NULL && is_socket(fd));

    return c.refused ? -1 : leave(&c, syscall(SYS_readv, fd, parts, count));
}

PUBLIC ssize_t
write(int fd, const void *data, size_t length)
{
    call c = enter("write", fd, counts(fd));

    return c.refused ? -1 : leave(&c, syscall(SYS_write, fd, data, length_of(&c, length)));
}

PUBLIC ssize_t
writev(int fd, const struct iovec *parts, int count)
{
    call c = enter("writev", fd, counts(fd));

    return c.refused ? -1 : leave(&c, syscall(SYS_writev, fd, parts, count));
}

PUBLIC int
close(int fd)
{
    call c = enter("close", fd, counts(fd));

    /* A descriptor is gone whatever close() says, and its number may be another socket's next. */
    if (page != NULL && atomic_load(&page->socket) == fd + 1)
        atomic_store(&page->socket, 0);
    return (int)leave(&c, syscall(SYS_close, fd));
}

/* ---- files ---- */

PUBLIC ssize_t
pwrite64(int fd, const void *data, size_t length, off64_t at)
{
    call c = enter("pwrite", fd, page != NULL && is_file(fd));

    return c.refused ? -1 : leave(&c, syscall(SYS_pwrite64, fd, data, length_of(&c, length), at));
}

PUBLIC ssize_t
pwrite(int fd, const void *data, size_t length, off_t at)
{
    return pwrite64(fd, data, length, at);
}

PUBLIC int
fsync(int fd)
{
    call c = enter("fsync", fd, page != NULL && is_file(fd));

    return c.refused ? -1 : (int)leave(&c, syscall(SYS_fsync, fd));
}

PUBLIC int
fdatasync(int fd)
{
    call c = enter("fdatasync", fd, page != NULL && is_file(fd));

    return c.refused ? -1 : (int)leave(&c, syscall(SYS_fdatasync, fd));
}

PUBLIC int
ftruncate64(int fd, off64_t length)
{
    call c = enter("ftruncate", fd, page != NULL && is_file(fd));

    return c.refused ? -1 : (int)leave(&c, syscall(SYS_ftruncate, fd, length));
}

PUBLIC int
ftruncate(int fd, off_t length)
{
    return ftruncate64(fd, length);
}

PUBLIC int
unlink(const char *path)
{
    call c = enter("unlink", -1, page != NULL && begins(path));

    return c.refused ? -1 : (int)leave(&c, syscall(SYS_unlink, path));
}

/* ---- what the checked headers of other libraries call ---- */

ssize_t __recv_chk(int fd, void *data, size_t length, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *data, size_t length, size_t room, int flags, struct sockaddr *from,
                       socklen_t *size);
ssize_t __read_chk(int fd, void *data, size_t length, size_t room);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t room);

PUBLIC ssize_t
__recv_chk(int fd, void *data, size_t length, size_t room, int flags)
{
    return recv(fd, data, length < room ? length : room, flags);
}

PUBLIC ssize_t
__recvfrom_chk(int fd, void *data, size_t length, size_t room, int flags, struct sockaddr *from, socklen_t *size)
{
    return recvfrom(fd, data, length < room ? length : room, flags, from, size);
}

PUBLIC ssize_t
__read_chk(int fd, void *data, size_t length, size_t room)
{
    return read(fd, data, length < room ? length : room);
}

PUBLIC int
__poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t room)
{
    (void)room;
    return poll(fds, count, timeout);
}
