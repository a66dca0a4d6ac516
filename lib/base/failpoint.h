/* SPDX-License-Identifier: Apache-2.0 */
/* Named places where a test kills the process, makes the library fail, or holds it up. They are in test programs alone,
 * which compile the files that have such places with INCLOAD_FAILPOINTS: what is released knows neither their names nor
 * the code (tests/abi/failpoints.py). */
#ifndef INCLOAD_LIB_BASE_FAILPOINT_H
#define INCLOAD_LIB_BASE_FAILPOINT_H

#ifdef INCLOAD_FAILPOINTS

#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"

typedef enum incload__failpoint_action {
    INCLOAD__FAILPOINT_COUNT,
    INCLOAD__FAILPOINT_KILL,
    INCLOAD__FAILPOINT_ERROR,
    INCLOAD__FAILPOINT_DELAY
} incload__failpoint_action;

typedef struct incload__failpoint {
    const char *name;
    int32_t code; /* of the error that can really come here; INCLOAD_OK: none can */
} incload__failpoint;

int32_t incload__failpoint_count(void);
const incload__failpoint *incload__failpoint_at(int32_t index);
/* Every meeting is counted in met[index], which the caller may share with another process. Before any other call. */
void incload__failpoint_watch(_Atomic int64_t *met);
/* The `nth` meeting of that point, from 1, is acted on, and no other. */
void incload__failpoint_arm(int32_t index, incload__failpoint_action action, int64_t nth);

/* For the macro. */
int32_t incload__failpoint_meet(const incload__failpoint *point, incload_error **err);

/* A meeting, unless something has failed before; `status` is a variable, and gets the point's code when it fails. */
#define INCLOAD__FAILPOINT(status, label, error, err)                                                                  \
    do {                                                                                                               \
        static const incload__failpoint failpoint_ __attribute__((section("incload_failpoints"), used)) = { label,     \
                                                                                                             error };  \
        if ((status) == INCLOAD_OK)                                                                                    \
            (status) = incload__failpoint_meet(&failpoint_, (err));                                                    \
    } while (0)

/* Where nothing can fail. */
#define INCLOAD__PASS(label)                                                                                           \
    do {                                                                                                               \
        int32_t passed_ = INCLOAD_OK;                                                                                  \
        INCLOAD__FAILPOINT(passed_, label, INCLOAD_OK, NULL);                                                          \
    } while (0)

#else

#define INCLOAD__FAILPOINT(status, label, error, err) ((void)0)
#define INCLOAD__PASS(label) ((void)0)

#endif

#endif
