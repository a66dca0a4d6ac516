/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "report.h"

enum { LINKS = 64, NUMBERS = 64, CHUNK = 65536 };

/* One connection: what waits to go each way is never more than a chunk, so nothing is lost in a slow peer. */
typedef struct stream {
    int from, to;
    size_t held, sent;
    bool ended; /* the sender has */
    char data[CHUNK];
} stream;

typedef struct pair {
    bool used;
    int32_t number; /* -1: of an earlier arming, never cut */
    stream ways[2];
} pair;

struct proxy {
    int listener, wake, port;
    char upstream[108];
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    bool stopping;
    int32_t which;
    way direction;
    int64_t after;
    cut how;
    bool has_cut;
    int32_t count;
    int64_t passed[NUMBERS][2];
    pair links[LINKS];
};

static void
set_nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static int
connect_upstream(const proxy *p)
{
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    struct sockaddr_in tcp = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    bool is_path = p->upstream[0] == '/';
    int fd = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), failed;

    if (is_path) {
        memcpy(local.sun_path, p->upstream, strlen(p->upstream) + 1);
        failed = connect(fd, (struct sockaddr *)&local, sizeof local);
    } else {
        tcp.sin_port = htons((uint16_t)atoi(p->upstream));
        failed = connect(fd, (struct sockaddr *)&tcp, sizeof tcp);
    }
    if (failed != 0) {
        close(fd);
        return -1;
    }
    set_nonblocking(fd);
    return fd;
}

/* A reset loses what the peer has not read yet; an orderly end does not. */
static void
close_socket(int fd, cut how)
{
    struct linger at_once = { 1, 0 };

    if (how == CUT_RST)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

static void
close_link(pair *one, cut how)
{
    close_socket(one->ways[TO_SERVER].from, how);
    close_socket(one->ways[TO_SERVER].to, how);
    one->used = false;
}

static void
take_client(proxy *p)
{
    int client = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), on = 1;
    pair *free_one = NULL;

    if (client < 0)
        return;
    for (int i = 0; i < LINKS && free_one == NULL; i++)
        free_one = p->links[i].used ? NULL : &p->links[i];
    int server = free_one != NULL ? connect_upstream(p) : -1;
    if (server < 0) {
        close_socket(client, CUT_RST);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    free_one->used = true;
    free_one->number = p->count < NUMBERS ? p->count++ : -1;
    for (int i = 0; i < 2; i++) {
        stream *s = &free_one->ways[i];
        s->from = i == TO_SERVER ? client : server;
        s->to = i == TO_SERVER ? server : client;
        s->held = s->sent = 0;
        s->ended = false;
    }
}

/* How many bytes may still pass on this way. */
static size_t
room(const proxy *p, const pair *one, way direction, size_t wanted)
{
    if (p->after < 0 || one->number != p->which || direction != p->direction)
        return wanted;
    int64_t left = p->after - p->passed[one->number][direction];
    return left < (int64_t)wanted ? (size_t)(left > 0 ? left : 0) : wanted;
}

static bool
is_due(const proxy *p, const pair *one)
{
    return p->after >= 0 && !p->has_cut && one->number >= 0 && one->number == p->which
           && p->passed[one->number][p->direction] >= p->after;
}

/* False when the connection is over. */
static bool
pump(proxy *p, pair *one, way direction)
{
    stream *s = &one->ways[direction];

    if (s->held == s->sent && !s->ended) {
        size_t most = room(p, one, direction, CHUNK);
        ssize_t got = most > 0 ? recv(s->from, s->data, most, 0) : 0;
        if (got < 0)
            return errno == EAGAIN || errno == EINTR;
        s->ended = most > 0 && got == 0;
        s->held = (size_t)got;
        s->sent = 0;
    }
    while (s->sent < s->held) {
        ssize_t put = send(s->to, s->data + s->sent, s->held - s->sent, MSG_NOSIGNAL);
        if (put < 0)
            return errno == EAGAIN || errno == EINTR;
        s->sent += (size_t)put;
        if (one->number >= 0)
            p->passed[one->number][direction] += put;
    }
    return !s->ended;
}

/* One round over a link that is ready. */
static void
serve(proxy *p, pair *one)
{
    bool on = true;

    for (int i = 0; i < 2 && on; i++) {
        on = pump(p, one, (way)i);
        if (is_due(p, one)) {
            p->has_cut = true;
            close_link(one, p->how);
            return;
        }
    }
    if (!on)
        close_link(one, CUT_FIN);
}

static int
list_polled(proxy *p, struct pollfd *fds, pair **owners)
{
    int count = 2;

    fds[0] = (struct pollfd){ .fd = p->wake, .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = p->listener, .events = POLLIN };
    for (int i = 0; i < LINKS; i++) {
        for (int w = 0; p->links[i].used && w < 2; w++) {
            const stream *s = &p->links[i].ways[w];
            bool waits = s->sent < s->held;
            owners[count] = &p->links[i];
            fds[count++] = (struct pollfd){ .fd = waits ? s->to : s->from, .events = waits ? POLLOUT : POLLIN };
        }
    }
    return count;
}

static void *
proxy_main(void *data)
{
    proxy *p = data;
    struct pollfd fds[2 + LINKS * 2];
    pair *owners[2 + LINKS * 2];
    bool on = true;

    while (on) {
        pthread_mutex_lock(&p->lock);
        int count = list_polled(p, fds, owners);
        pthread_mutex_unlock(&p->lock);
        if (poll(fds, (nfds_t)count, -1) < 0)
            continue;
        pthread_mutex_lock(&p->lock);
        for (int i = 2; i < count; i++) {
            if (fds[i].revents != 0 && owners[i]->used)
                serve(p, owners[i]);
        }
        if (fds[1].revents != 0)
            take_client(p);
        on = !p->stopping;
        pthread_mutex_unlock(&p->lock);
    }
    return NULL;
}

proxy *
proxy_new(const char *upstream)
{
    proxy *p = calloc(1, sizeof *p);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;

    if (p == NULL || strlen(upstream) >= sizeof p->upstream)
        report_die("no memory for a proxy");
    strcpy(p->upstream, upstream);
    p->after = -1;
    pthread_mutex_init(&p->lock, NULL);
    p->wake = eventfd(0, EFD_CLOEXEC);
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (p->wake < 0 || bind(p->listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(p->listener, 64) != 0
        || getsockname(p->listener, (struct sockaddr *)&at, &size) != 0)
        report_die("no port for a proxy: %s", strerror(errno));
    p->port = ntohs(at.sin_port);
    if (pthread_create(&p->thread, NULL, proxy_main, p) != 0)
        report_die("no thread for a proxy");
    return p;
}

void
proxy_free(proxy *p)
{
    uint64_t one = 1;

    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_mutex_unlock(&p->lock);
    if (write(p->wake, &one, sizeof one) != sizeof one)
        report_die("a proxy cannot be stopped");
    pthread_join(p->thread, NULL);
    for (int i = 0; i < LINKS; i++) {
        if (p->links[i].used)
            close_link(&p->links[i], CUT_FIN);
    }
    close(p->listener);
    close(p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

int32_t
proxy_port(const proxy *p)
{
    return p->port;
}

void
proxy_arm(proxy *p, int32_t which, way direction, int64_t after, cut how)
{
    pthread_mutex_lock(&p->lock);
    p->which = which;
    p->direction = direction;
    p->after = after;
    p->how = how;
    p->has_cut = false;
    p->count = 0;
    memset(p->passed, 0, sizeof p->passed);
    for (int i = 0; i < LINKS; i++)
        p->links[i].number = -1;
    pthread_mutex_unlock(&p->lock);
}

int64_t
proxy_passed(proxy *p, int32_t which, way direction)
{
    pthread_mutex_lock(&p->lock);
    int64_t passed = p->passed[which][direction];
    pthread_mutex_unlock(&p->lock);
    return passed;
}

int32_t
proxy_connections(proxy *p)
{
    pthread_mutex_lock(&p->lock);
    int32_t count = p->count;
    pthread_mutex_unlock(&p->lock);
    return count;
}

bool
proxy_has_cut(proxy *p)
{
    pthread_mutex_lock(&p->lock);
    bool has = p->has_cut;
    pthread_mutex_unlock(&p->lock);
    return has;
}
