/* SPDX-License-Identifier: Apache-2.0 */
/* Making errors. `err` may be NULL everywhere: the code is then all that is told. The first error stays: a later one is
 * dropped, since what failed first is what the reader needs. */
#ifndef INCLOAD_LIB_BASE_ERROR_H
#define INCLOAD_LIB_BASE_ERROR_H

#include <incload/error.h>

#include <stdbool.h>

#include "base/mem.h"

/* Returns `code`, always, so that `return incload__fail(...)` reads well. */
int32_t incload__fail(incload_error **err, int32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The allocation-free error: reporting that there is no memory needs none. Returns INCLOAD_E_NO_MEMORY. */
int32_t incload__fail_memory(incload_error **err);
/* Puts `prefix: ` before the message of *err, which keeps everything else. For adding the object a lower layer did not
 * know. Returns the code of *err; where nobody is told (`err` NULL) INCLOAD_E_STATE, since it is of failures alone. */
int32_t incload__error_prefix(incload_error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The following fill in an error that was just made and is not yet shared; *err may be NULL. */
/* No error is retryable whose code never is. */
void incload__error_set_server(incload_error **err, const char *sqlstate, int64_t native_code, bool retryable);
void incload__error_set_retryable(incload_error **err, bool retryable);
void incload__error_set_place(incload_error **err, const char *step, const char *unit);
void incload__error_add_detail(incload_error **err, const char *key, const char *value);
/* Takes over the reference to `cause`. */
void incload__error_set_cause(incload_error **err, incload_error *cause);

/* Hands a local error on: *err gets it unless it holds one already. Returns its code. `error` may be NULL (INCLOAD_OK).
 */
int32_t incload__error_pass(incload_error **err, incload_error *error);

/* Whether errors with this code may be retryable: each says for itself whether it is. */
bool incload__status_may_pass(int32_t code);

/* A sticky error on entry of a public function: returns its code, or INCLOAD_OK. */
int32_t incload__entered_with(incload_error *const *err);

/* First line of every public fallible function that returns a status. */
#define INCLOAD_ENTER(err)                                                                                            \
    do {                                                                                                              \
        if (incload__entered_with(err) != INCLOAD_OK)                                                                 \
            return incload__entered_with(err);                                                                        \
    } while (0)

/* The same for one that returns a pointer. */
#define INCLOAD_ENTER_NULL(err)                                                                                       \
    do {                                                                                                              \
        if (incload__entered_with(err) != INCLOAD_OK)                                                                 \
            return NULL;                                                                                              \
    } while (0)

#endif
