/* SPDX-License-Identifier: Apache-2.0 */
/* The library's side of the oracle: a stream from the source into its database, in this process or in one of its own
 * that can be killed. What its function saw is kept. */
#ifndef INCLOAD_TESTS_FAULT_CDC_FOLLOW_H
#define INCLOAD_TESTS_FAULT_CDC_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cdc_trace.h"
#include "client.h"

typedef struct follow {
    const char *source; /* urls */
    const char *target;
    const char *slot;
    const char *program; /* for a process of its own: this one */
    const char *seen;    /* the file for what the function sees */
    client *at_target;   /* a session there that is not the stream's */
    trace trace;
    int64_t commits; /* of runs in this process */
    int64_t amid;    /* runs that were killed when they had seen changes */
} follow;

/* Until it has what was committed before; false and why when it fails. */
bool follow_catch_up(follow *f, char why[400]);
/* A process that follows until it is killed. */
pid_t follow_start(const follow *f);
/* Until it has seen a change, or the time is over: there may be none. */
void follow_await(const follow *f, int64_t us);
/* Kills it, waits for its end, and for that of its sessions. False when it had ended by itself before, which is
 * told. */
bool follow_kill(follow *f, pid_t process, char why[200]);
/* The main function of that process, with the arguments behind --follow. */
int follow_main(char **arguments);

#endif
