/* SPDX-License-Identifier: Apache-2.0 */
/* A PostgreSQL server that says what it was given, to a client in the same thread: it acts when the client waits, which
 * is in poll(), and time is what the client has waited. So nothing is left to chance but the threads of cancel
 * requests, whose connections are closed at once. */
#ifndef INCLOAD_TESTS_FUZZ_SERVER_H
#define INCLOAD_TESTS_FUZZ_SERVER_H

#include "driver/driver.h"

typedef enum server_pace {
    BY_TURN,    /* up to where a server waits for its client */
    BY_MESSAGE, /* one, whenever the client waits */
    BY_BYTE,    /* the same, for as long as that is cheap */
    AHEAD       /* what is left, as soon as the session is set up: before it is asked */
} server_pace;

/* Before a client connects. `silent`: at the end of what it says it stays, else it goes. */
void server_begin(server_pace pace, bool silent);
/* What the next connection is told; borrowed until the end. Its number: 0, 1. */
int32_t server_play(const uint8_t *bytes, size_t length);
/* What the connection was told by now, at the most, wherever its messages begin for who reads them: statements that
 * were completed or empty, rows, a COPY of so many rows, a COMMIT since the last one was asked for. */
int64_t server_completed(int32_t number);
int64_t server_rows(int32_t number);
bool server_copied(int32_t number, int64_t rows);
bool server_committed(int32_t number);
/* Whether any COMMIT was asked for. */
bool server_was_asked(int32_t number);
/* Both (the other may be NULL) are cancelled when their thread waits for the `wait`th time from now. */
void server_cancel(incload__conn *conn, incload__conn *other, int32_t wait);
/* Monotonic microseconds; and when the cancel came, 0: it did not. */
int64_t server_now(void);
int64_t server_cancelled(void);
void server_end(void);

/* "@name": where it listens. */
const char *server_host(void);
/* With its clock. */
const incload__env *server_env(void);

#endif
