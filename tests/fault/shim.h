/* SPDX-License-Identifier: Apache-2.0 */
/* What a fault program and the library that it preloads into a child (shim.c) share: one page of memory, by a file
 * descriptor that the child inherits. */
#ifndef INCLOAD_TESTS_FAULT_SHIM_H
#define INCLOAD_TESTS_FAULT_SHIM_H

#include <stdatomic.h>

#define SHIM_FD_VARIABLE "INCLOAD_FAULT_SHIM_FD"

typedef enum shim_action {
    SHIM_COUNT,       /* nothing but counting */
    SHIM_KILL_BEFORE, /* SIGKILL in place of the call */
    SHIM_KILL_AFTER,  /* SIGKILL when the call has returned */
    SHIM_RESET,       /* the call and all later ones on that socket fail with ECONNRESET */
    SHIM_EINTR,       /* the call fails once with EINTR */
    SHIM_EAGAIN,      /* the call fails once with EAGAIN */
    SHIM_SHORT,       /* every read and write passes one byte, from the call on */
    SHIM_EIO,         /* the call on a file fails once with EIO */
    SHIM_ENOSPC,      /* the call on a file, and all later ones, fail with ENOSPC */
    SHIM_ACTIONS
} shim_action;

typedef struct shim_page {
    shim_action action;
    int at;               /* the call that is meant, from 1 */
    char files[256];      /* calls on files whose path begins so count as well; "" for sockets alone */
    /* ---- written by the child ---- */
    atomic_int calls;
    atomic_int fired;
    atomic_int socket;    /* of SHIM_RESET, plus 1 */
    char name[16];        /* the function that was hit */
} shim_page;

#endif
