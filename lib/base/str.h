/* SPDX-License-Identifier: Apache-2.0 */
/* A growing string with a sticky failure: append without checks, ask once at the end. */
#ifndef INCLOAD_LIB_BASE_STR_H
#define INCLOAD_LIB_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/mem.h"

typedef struct incload__str {
    const incload__mem *mem;
    char *data; /* NUL-terminated once anything was added; NULL before */
    size_t length;
    size_t capacity;
    bool failed; /* an allocation failed: data is what was added before, and must not be used as a whole */
} incload__str;

#define INCLOAD__STR(mem_pointer) { .mem = (mem_pointer) }

void incload__str_add(incload__str *str, const char *text);
void incload__str_add_bytes(incload__str *str, const void *bytes, size_t length);
void incload__str_add_char(incload__str *str, char c);
/* Two digits for each byte, small letters. */
void incload__str_add_hex(incload__str *str, const void *bytes, size_t length);
/* Integers and strings only: the result must not depend on the host's locale. */
void incload__str_addf(incload__str *str, const char *format, ...) __attribute__((format(printf, 2, 3)));
void incload__str_addv(incload__str *str, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* Makes room for `extra` more bytes and a NUL; false on failure. */
bool incload__str_reserve(incload__str *str, size_t extra);
/* Forgets the content, keeps the memory. */
void incload__str_clear(incload__str *str);
/* "" while empty, NULL after a failure. Borrowed. */
const char *incload__str_text(const incload__str *str);
/* Hands the text over to the caller (never NULL unless a step failed) and empties the string. */
char *incload__str_take(incload__str *str);
void incload__str_free(incload__str *str);

/* "" for NULL. */
const char *incload__or_empty(const char *text);

#endif
