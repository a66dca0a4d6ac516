/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <stdio.h>
#include <string.h>

bool
incload__str_reserve(incload__str *str, size_t extra)
{
    size_t needed;

    if (str->failed)
        return false;
    if (__builtin_add_overflow(str->length, extra, &needed) || needed == SIZE_MAX) {
        str->failed = true;
        return false;
    }
    needed += 1;
    if (needed <= str->capacity)
        return true;

    size_t capacity = str->capacity < 64 ? 64 : str->capacity;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    char *data = incload__realloc(str->mem, str->data, capacity);
    if (data == NULL) {
        str->failed = true;
        return false;
    }
    str->data = data;
    str->capacity = capacity;
    str->data[str->length] = '\0';
    return true;
}

void
incload__str_add_bytes(incload__str *str, const void *bytes, size_t length)
{
    if (!incload__str_reserve(str, length))
        return;
    if (length > 0)
        memcpy(str->data + str->length, bytes, length);
    str->length += length;
    str->data[str->length] = '\0';
}

void
incload__str_add(incload__str *str, const char *text)
{
    incload__str_add_bytes(str, text, strlen(text));
}

void
incload__str_add_char(incload__str *str, char c)
{
    if (!incload__str_reserve(str, 1))
        return;
    str->data[str->length++] = c;
    str->data[str->length] = '\0';
}

void
incload__str_add_hex(incload__str *str, const void *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = bytes;

    if (length > SIZE_MAX / 2 || !incload__str_reserve(str, 2 * length)) {
        str->failed = true;
        return;
    }
    for (size_t i = 0; i < length; i++) {
        str->data[str->length++] = digits[from[i] >> 4];
        str->data[str->length++] = digits[from[i] & 15];
    }
    str->data[str->length] = '\0';
}

void
incload__str_addv(incload__str *str, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length < 0)
        str->failed = true;
    else if (incload__str_reserve(str, (size_t)length)) {
        vsnprintf(str->data + str->length, (size_t)length + 1, format, again);
        str->length += (size_t)length;
    }
    va_end(again);
}

void
incload__str_addf(incload__str *str, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    incload__str_addv(str, format, args);
    va_end(args);
}

void
incload__str_clear(incload__str *str)
{
    str->length = 0;
    str->failed = false;
    if (str->data != NULL)
        str->data[0] = '\0';
}

const char *
incload__str_text(const incload__str *str)
{
    if (str->failed)
        return NULL;
    return str->data != NULL ? str->data : "";
}

char *
incload__str_take(incload__str *str)
{
    char *text = NULL;

    if (!str->failed && incload__str_reserve(str, 0)) {
        text = str->data;
        str->data = NULL;
    }
    incload__str_free(str);
    return text;
}

void
incload__str_free(incload__str *str)
{
    incload__free(str->mem, str->data);
    str->data = NULL;
    str->length = 0;
    str->capacity = 0;
    str->failed = false;
}

const char *
incload__or_empty(const char *text)
{
    return text != NULL ? text : "";
}
