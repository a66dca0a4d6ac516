/* SPDX-License-Identifier: Apache-2.0 */
/* A PostgreSQL server that misbehaves on purpose: one connection on 127.0.0.1, served by a thread of the test. */
#ifndef INCLOAD_TESTS_INTEGRATION_FAKE_SERVER_H
#define INCLOAD_TESTS_INTEGRATION_FAKE_SERVER_H

#include <pthread.h>
#include <stddef.h>

typedef enum fake_manner {
    FAKE_SILENT,          /* never answers */
    FAKE_BAD_PASSWORD,    /* refuses with 28P01 */
    FAKE_STUCK_SESSION,   /* lets in, then is silent */
    FAKE_ENDLESS_NOTICES, /* lets in, then sends notices for ever */
    FAKE_LOST_COMMIT,     /* answers every statement and hangs up at COMMIT */
    FAKE_SPLIT_COPY       /* answers a COPY with one row in pieces of one byte */
} fake_manner;

typedef struct fake_server {
    int listening;
    int port;
    fake_manner manner;
    pthread_t thread;
    char url[160];
} fake_server;

void fake_server_start(fake_server *server, fake_manner manner);
void fake_server_stop(fake_server *server);

#endif
