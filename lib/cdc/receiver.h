/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a server's log on a thread of its own: it takes messages in while there is room, and tells the server now
 * and then that we live and what is kept for good, whatever the target does meanwhile. */
#ifndef INCLOAD_LIB_CDC_RECEIVER_H
#define INCLOAD_LIB_CDC_RECEIVER_H

#include "driver/replication.h"

typedef struct incload__receiver incload__receiver;

typedef struct incload__receiver_config {
    const incload__env *env;
    incload_context *context; /* the one that owns env, or NULL */
    incload__conn *conn;      /* whose stream was started. The receiver's from now on, also when this fails */
    int64_t memory;           /* bytes of messages that wait; a single larger one still passes */
    int64_t interval_ms;      /* between two words to the server, at the latest */
    incload__lsn durable;     /* what is kept already */
} incload__receiver_config;

/* What it has seen. */
typedef struct incload__received {
    incload__lsn position; /* the end of the last message */
    incload__lsn told;     /* what the server was told to be durable */
    int64_t sent_us;       /* when the server sent the last one */
    int64_t bytes;         /* of all messages */
    int64_t waiting;       /* bytes of those that were not taken */
} incload__received;

int32_t incload__receiver_start(const incload__receiver_config *config, incload__receiver **out, incload_error **err);
/* The next message, in their order: it is good until the next call. INCLOAD__LOG_NOTHING at `until_us` (0: no end).
 * Once all were taken, the failure that ended the stream. One thread. */
int32_t incload__receiver_take(incload__receiver *receiver, int64_t until_us, const incload__log_message **out,
                               incload_error **err);
/* All commits up to there are kept for good. Any thread. */
void incload__receiver_confirm(incload__receiver *receiver, incload__lsn durable);
/* A keepalive is wanted soon: it tells how far the stream has come. Any thread. */
void incload__receiver_ask(incload__receiver *receiver);
/* Lets a take() that waits, or the next that would, return with nothing. Any thread. */
void incload__receiver_wake(incload__receiver *receiver);
/* Ends a take() that waits, and all later ones, with INCLOAD_E_CANCELLED. Any thread. */
void incload__receiver_cancel(incload__receiver *receiver);
void incload__receiver_look(incload__receiver *receiver, incload__received *out);
/* Tells the server the last word, ends the stream and the thread. NULL is nothing to stop. */
void incload__receiver_stop(incload__receiver *receiver);

#endif
