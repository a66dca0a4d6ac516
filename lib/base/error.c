/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

enum { MAX_DETAILS = 16 };

struct incload_error {
    atomic_int refs;
    int32_t code;
    bool retryable;
    bool is_static;
    char sqlstate[6];
    int64_t native_code;
    char *message;
    char *step;
    char *unit;
    char *keys[MAX_DETAILS];
    char *values[MAX_DETAILS];
    int32_t detail_count;
    incload_error *cause;
};

static char no_memory_message[] = "out of memory";
static incload_error no_memory = {
    .code = INCLOAD_E_NO_MEMORY,
    .is_static = true,
    .message = no_memory_message,
};

/* Every code, and whether the same thing may succeed again though nobody changes anything, as doc/guide/errors.md tells
 * readers. Of a code that may pass each error says for itself; of the others none does. */
static const struct {
    int32_t code;
    const char *name;
    bool may_pass;
} statuses[] = {
    { INCLOAD_OK, "INCLOAD_OK", false },
    { INCLOAD_E_INVALID, "INCLOAD_E_INVALID", false },
    { INCLOAD_E_NO_MEMORY, "INCLOAD_E_NO_MEMORY", false },
    { INCLOAD_E_STATE, "INCLOAD_E_STATE", false },
    { INCLOAD_E_UNKNOWN_OPTION, "INCLOAD_E_UNKNOWN_OPTION", false },
    { INCLOAD_E_UNSUPPORTED, "INCLOAD_E_UNSUPPORTED", false },
    { INCLOAD_E_FORKED, "INCLOAD_E_FORKED", false },
    { INCLOAD_E_CONNECT, "INCLOAD_E_CONNECT", true },
    { INCLOAD_E_AUTH, "INCLOAD_E_AUTH", false },
    { INCLOAD_E_PERMISSION, "INCLOAD_E_PERMISSION", false },
    { INCLOAD_E_TIMEOUT, "INCLOAD_E_TIMEOUT", true },
    { INCLOAD_E_CANCELLED, "INCLOAD_E_CANCELLED", false },
    { INCLOAD_E_CONFLICT, "INCLOAD_E_CONFLICT", true },
    { INCLOAD_E_BUSY, "INCLOAD_E_BUSY", true },
    { INCLOAD_E_NOT_FOUND, "INCLOAD_E_NOT_FOUND", false },
    { INCLOAD_E_EXISTS, "INCLOAD_E_EXISTS", false },
    { INCLOAD_E_TYPE, "INCLOAD_E_TYPE", false },
    { INCLOAD_E_DATA, "INCLOAD_E_DATA", false },
    { INCLOAD_E_CONSTRAINT, "INCLOAD_E_CONSTRAINT", false },
    { INCLOAD_E_NULL_CURSOR, "INCLOAD_E_NULL_CURSOR", false },
    { INCLOAD_E_STATE_MISSING, "INCLOAD_E_STATE_MISSING", false },
    { INCLOAD_E_SQL, "INCLOAD_E_SQL", true },
    { INCLOAD_E_PROTOCOL, "INCLOAD_E_PROTOCOL", false },
    { INCLOAD_E_COMMIT_UNKNOWN, "INCLOAD_E_COMMIT_UNKNOWN", false },
    { INCLOAD_E_CALLBACK, "INCLOAD_E_CALLBACK", false },
    { INCLOAD_E_INTERNAL, "INCLOAD_E_INTERNAL", false },
    { INCLOAD_E_CHECK, "INCLOAD_E_CHECK", false },
};

int32_t
incload_status_count(void)
{
    return (int32_t)(sizeof statuses / sizeof statuses[0]);
}

int32_t
incload_status_code(int32_t index)
{
    return index >= 0 && index < incload_status_count() ? statuses[index].code : INCLOAD_OK;
}

const char *
incload_status_name(int32_t code)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].code == code)
            return statuses[i].name;
    }
    return "INCLOAD_E_?";
}

bool
incload__status_may_pass(int32_t code)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].code == code)
            return statuses[i].may_pass;
    }
    return false;
}

incload_error *
incload_error_ref(incload_error *error)
{
    if (error != NULL && !error->is_static)
        atomic_fetch_add_explicit(&error->refs, 1, memory_order_relaxed);
    return error;
}

static void
error_free(incload_error *error)
{
    const incload__mem *mem = &incload__mem_libc;

    incload__free(mem, error->message);
    incload__free(mem, error->step);
    incload__free(mem, error->unit);
    for (int32_t i = 0; i < error->detail_count; i++) {
        incload__free(mem, error->keys[i]);
        incload__free(mem, error->values[i]);
    }
    incload__free(mem, error);
}

void
incload_error_unref(incload_error *error)
{
    int saved = errno;

    while (error != NULL && !error->is_static
           && atomic_fetch_sub_explicit(&error->refs, 1, memory_order_acq_rel) == 1) {
        incload_error *cause = error->cause;
        error_free(error);
        error = cause;
    }
    errno = saved;
}

int32_t
incload_error_code(const incload_error *error)
{
    return error != NULL ? error->code : INCLOAD_OK;
}

const char *
incload_error_name(const incload_error *error)
{
    return incload_status_name(incload_error_code(error));
}

const char *
incload_error_message(const incload_error *error)
{
    return error != NULL ? error->message : "";
}

const char *
incload_error_sqlstate(const incload_error *error)
{
    return error != NULL ? error->sqlstate : "";
}

int64_t
incload_error_native_code(const incload_error *error)
{
    return error != NULL ? error->native_code : 0;
}

int32_t
incload_error_is_retryable(const incload_error *error)
{
    return error != NULL && error->retryable;
}

const char *
incload_error_step(const incload_error *error)
{
    return error != NULL && error->step != NULL ? error->step : "";
}

const char *
incload_error_unit(const incload_error *error)
{
    return error != NULL && error->unit != NULL ? error->unit : "";
}

int32_t
incload_error_detail_count(const incload_error *error)
{
    return error != NULL ? error->detail_count : 0;
}

const char *
incload_error_detail_key(const incload_error *error, int32_t index)
{
    return index >= 0 && index < incload_error_detail_count(error) ? error->keys[index] : NULL;
}

const char *
incload_error_detail_value(const incload_error *error, int32_t index)
{
    return index >= 0 && index < incload_error_detail_count(error) ? error->values[index] : NULL;
}

const incload_error *
incload_error_cause(const incload_error *error)
{
    return error != NULL ? error->cause : NULL;
}

int32_t
incload__entered_with(incload_error *const *err)
{
    return err != NULL && *err != NULL ? (*err)->code : INCLOAD_OK;
}

/* Messages are one line, since a server's line breaks would split a log entry, and UTF-8, also where a long value was
 * cut within a character. */
static void
clean(char *text)
{
    while (*text != '\0') {
        size_t length = incload__utf8_sequence(text);
        if (length == 0)
            *text = '?';
        else if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
        text += length > 0 ? length : 1;
    }
}

/* Errors use libc memory even in a context with an allocator: they outlive the context they came from. */
static incload_error *error_new(int32_t code, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

static incload_error *
error_new(int32_t code, const char *format, va_list args)
{
    incload_error *error = incload__alloc(&incload__mem_libc, sizeof *error);
    incload__str message = INCLOAD__STR(&incload__mem_libc);

    if (error == NULL)
        return NULL;
    incload__str_addv(&message, format, args);
    error->message = incload__str_take(&message);
    if (error->message == NULL) {
        incload__free(&incload__mem_libc, error);
        return NULL;
    }
    clean(error->message);
    atomic_init(&error->refs, 1);
    error->code = code;
    return error;
}

int32_t
incload__fail(incload_error **err, int32_t code, const char *format, ...)
{
    if (err == NULL || *err != NULL)
        return code;
    if (code == INCLOAD_E_NO_MEMORY)
        return incload__fail_memory(err);

    int saved = errno;
    va_list args;
    va_start(args, format);
    *err = error_new(code, format, args);
    va_end(args);
    if (*err == NULL)
        *err = &no_memory;
    errno = saved;
    return (*err)->code;
}

int32_t
incload__fail_memory(incload_error **err)
{
    if (err != NULL && *err == NULL)
        *err = &no_memory;
    return INCLOAD_E_NO_MEMORY;
}

/* The error behind err if it may still be filled in. */
static incload_error *
fillable(incload_error **err)
{
    return err != NULL && *err != NULL && !(*err)->is_static ? *err : NULL;
}

int32_t
incload__error_prefix(incload_error **err, const char *format, ...)
{
    incload_error *error = fillable(err);

    if (error == NULL)
        return err == NULL ? INCLOAD_E_STATE : incload__entered_with(err);

    incload__str message = INCLOAD__STR(&incload__mem_libc);
    va_list args;
    va_start(args, format);
    incload__str_addv(&message, format, args);
    va_end(args);
    incload__str_add(&message, ": ");
    incload__str_add(&message, error->message);
    char *text = incload__str_take(&message);
    if (text != NULL) {
        clean(text);
        incload__free(&incload__mem_libc, error->message);
        error->message = text;
    }
    return error->code;
}

void
incload__error_set_server(incload_error **err, const char *sqlstate, int64_t native_code, bool retryable)
{
    incload_error *error = fillable(err);

    if (error == NULL)
        return;
    if (sqlstate != NULL)
        snprintf(error->sqlstate, sizeof error->sqlstate, "%.5s", sqlstate);
    error->native_code = native_code;
    error->retryable = retryable && incload__status_may_pass(error->code);
}

void
incload__error_set_retryable(incload_error **err, bool retryable)
{
    incload_error *error = fillable(err);

    if (error != NULL)
        error->retryable = retryable && incload__status_may_pass(error->code);
}

static void
replace_text(char **slot, const char *text)
{
    if (text == NULL || *slot != NULL)
        return;
    *slot = incload__strdup(&incload__mem_libc, text);
}

void
incload__error_set_place(incload_error **err, const char *step, const char *unit)
{
    incload_error *error = fillable(err);

    if (error == NULL)
        return;
    replace_text(&error->step, step);
    replace_text(&error->unit, unit);
}

void
incload__error_add_detail(incload_error **err, const char *key, const char *value)
{
    incload_error *error = fillable(err);

    if (error == NULL || error->detail_count == MAX_DETAILS || value == NULL || value[0] == '\0')
        return;
    char *key_copy = incload__strdup(&incload__mem_libc, key);
    char *value_copy = incload__strdup(&incload__mem_libc, value);
    if (key_copy == NULL || value_copy == NULL) {
        incload__free(&incload__mem_libc, key_copy);
        incload__free(&incload__mem_libc, value_copy);
        return;
    }
    clean(value_copy);
    error->keys[error->detail_count] = key_copy;
    error->values[error->detail_count] = value_copy;
    error->detail_count++;
}

void
incload__error_set_cause(incload_error **err, incload_error *cause)
{
    incload_error *error = fillable(err);

    if (error == NULL || error->cause != NULL || error == cause)
        incload_error_unref(cause);
    else
        error->cause = cause;
}

int32_t
incload__error_pass(incload_error **err, incload_error *error)
{
    int32_t code = incload_error_code(error);

    if (err != NULL && *err == NULL)
        *err = error;
    else
        incload_error_unref(error);
    return code;
}
