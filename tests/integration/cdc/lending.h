/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator that refuses once, and counts what it has not got back: for tests in which each allocation fails. Any
 * thread. */
#ifndef INCLOAD_TESTS_INTEGRATION_CDC_LENDING_H
#define INCLOAD_TESTS_INTEGRATION_CDC_LENDING_H

#include <incload/incload.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct lender {
    _Atomic int64_t made;
    _Atomic int64_t live;
    int64_t fails; /* the allocation that does, from 1; 0: none */
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool returned; /* the context is gone, and with it all that had memory of it */
} lender;

/* A context whose databases have their memory from there. */
incload_context *lend_context(lender *from);
/* Whether the allocation that was to fail was ever made. */
bool lender_refused(const lender *from);
/* When the caller has given up the context: waits for those of the library's threads that still have a part of it. The
 * failure, if there was one, must be that of the memory, and everything must have come back. */
void lender_check(lender *from, const char *what, const incload_error *err);

#endif
