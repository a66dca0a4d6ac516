/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_server.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
send_all(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;

    while (length > 0) {
        ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        length -= (size_t)sent;
    }
    return true;
}

static bool
receive_all(int fd, void *bytes, size_t length)
{
    char *at = bytes;

    while (length > 0) {
        ssize_t got = recv(fd, at, length, 0);
        if (got <= 0)
            return false;
        at += got;
        length -= (size_t)got;
    }
    return true;
}

static bool
message(int fd, char type, const void *body, size_t length)
{
    uint32_t size = htonl((uint32_t)length + 4);

    return send_all(fd, &type, 1) && send_all(fd, &size, 4) && send_all(fd, body, length);
}

static bool
ready(int fd)
{
    return message(fd, 'Z', "I", 1);
}

static bool
parameter(int fd, const char *name, const char *value)
{
    char body[128];
    int length = snprintf(body, sizeof body, "%s%c%s", name, 0, value);

    return message(fd, 'S', body, (size_t)length + 1);
}

/* The startup packet; a request for TLS or GSS before it is declined. */
static bool
receive_startup(int fd)
{
    char body[2048];

    for (;;) {
        uint32_t size;
        if (!receive_all(fd, &size, 4) || ntohl(size) < 8 || ntohl(size) > sizeof body)
            return false;
        if (!receive_all(fd, body, ntohl(size) - 4))
            return false;
        uint32_t code;
        memcpy(&code, body, 4);
        if (ntohl(code) >> 16 == 3)
            return true;
        if (!send_all(fd, "N", 1))
            return false;
    }
}

static bool
let_in(int fd)
{
    static const char key[] = { 0, 0, 0, 1, 0, 0, 0, 2 };

    return message(fd, 'R', "\0\0\0\0", 4) && parameter(fd, "server_version", "15.3")
           && parameter(fd, "client_encoding", "UTF8") && parameter(fd, "standard_conforming_strings", "on")
           && parameter(fd, "integer_datetimes", "on") && message(fd, 'K', key, sizeof key) && ready(fd);
}

static void
wait_for_hang_up(int fd)
{
    char ignored[1024];

    while (recv(fd, ignored, sizeof ignored, 0) > 0)
        ;
}

static void
send_notices(int fd)
{
    static const char notice[] = "SNOTICE\0VNOTICE\0C00000\0Mhello\0";

    while (message(fd, 'N', notice, sizeof notice))
        ;
}

/* Answers each simple query with the tag that its first word stands for. */
static void
answer_until_commit(int fd)
{
    char type;
    uint32_t size;
    char body[2048];
    bool open = false;

    while (receive_all(fd, &type, 1) && receive_all(fd, &size, 4) && ntohl(size) - 4 < sizeof body
           && receive_all(fd, body, ntohl(size) - 4)) {
        if (type != 'Q')
            return;
        if (strncmp(body, "COMMIT", 6) == 0)
            return;
        open = open || strstr(body, "BEGIN") != NULL || strstr(body, "START") != NULL;
        if (!message(fd, 'C', open ? "BEGIN" : "SET", open ? 6 : 4) || !message(fd, 'Z', open ? "T" : "I", 1))
            return;
    }
}

static const char copy_stream[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"
                                  "\0\1\0\0\0\5hello"
                                  "\377\377";

static bool
send_copy_bytes(int fd)
{
    for (size_t i = 0; i < sizeof copy_stream - 1; i++) {
        if (!message(fd, 'd', copy_stream + i, 1))
            return false;
    }
    return message(fd, 'c', "", 0) && message(fd, 'C', "COPY 1", 7) && ready(fd);
}

/* One text column, COPY cut into single bytes. */
static void
answer_copy(int fd)
{
    static const char row[] = "\0\1c\0\0\0\0\0\0\0\0\0\0\31\377\377\377\377\377\377\0\0";
    char type;
    uint32_t size;
    char body[2048];

    while (receive_all(fd, &type, 1) && receive_all(fd, &size, 4) && ntohl(size) - 4 < sizeof body
           && receive_all(fd, body, ntohl(size) - 4)) {
        bool sent = true;
        if (type == 'Q' && strncmp(body, "COPY", 4) == 0)
            sent = message(fd, 'H', "\1\0\1\0\1", 5) && send_copy_bytes(fd);
        else if (type == 'Q')
            sent = message(fd, 'C', "SET", 4) && ready(fd);
        else if (type == 'P')
            sent = message(fd, '1', "", 0);
        else if (type == 'D')
            sent = message(fd, 't', "\0\0", 2) && message(fd, 'T', row, sizeof row - 1);
        else if (type == 'S')
            sent = ready(fd);
        if (!sent)
            return;
    }
}

static void
serve(const fake_server *server, int fd)
{
    static const char refusal[] = "SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"x\"\0";

    if (server->manner == FAKE_SILENT)
        wait_for_hang_up(fd);
    if (server->manner == FAKE_SILENT || !receive_startup(fd))
        return;
    if (server->manner == FAKE_BAD_PASSWORD) {
        message(fd, 'E', refusal, sizeof refusal);
        return;
    }
    if (!let_in(fd))
        return;
    if (server->manner == FAKE_STUCK_SESSION)
        wait_for_hang_up(fd);
    else if (server->manner == FAKE_ENDLESS_NOTICES)
        send_notices(fd);
    else if (server->manner == FAKE_LOST_COMMIT)
        answer_until_commit(fd);
    else
        answer_copy(fd);
}

static void *
run(void *data)
{
    const fake_server *server = data;

    for (;;) {
        int fd = accept(server->listening, NULL, NULL);
        if (fd < 0)
            return NULL;
        serve(server, fd);
        close(fd);
    }
}

void
fake_server_start(fake_server *server, fake_manner manner)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;

    server->manner = manner;
    server->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(server->listening, 0);
    ck_assert_int_eq(bind(server->listening, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(server->listening, 8), 0);
    ck_assert_int_eq(getsockname(server->listening, (struct sockaddr *)&address, &length), 0);
    server->port = ntohs(address.sin_port);
    snprintf(server->url, sizeof server->url, "postgresql://somebody:s3kret@127.0.0.1:%d/db?sslmode=disable",
             server->port);
    ck_assert_int_eq(pthread_create(&server->thread, NULL, run, server), 0);
}

void
fake_server_stop(fake_server *server)
{
    shutdown(server->listening, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listening);
}
