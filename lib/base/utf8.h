/* SPDX-License-Identifier: Apache-2.0 */
/* Text rules that do not depend on the host's locale. */
#ifndef INCLOAD_LIB_BASE_UTF8_H
#define INCLOAD_LIB_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Strict UTF-8 (RFC 3629): no overlong forms, surrogates, or code points past U+10FFFF. NUL bytes are fine. */
bool incload__utf8_valid(const char *text, size_t length);
/* Bytes of the code point that `text` begins with; 0 at its NUL, and where it is not valid UTF-8. */
size_t incload__utf8_sequence(const char *text);
/* Code points in valid UTF-8. */
size_t incload__utf8_length(const char *text, size_t length);

/* ASCII only, whatever the locale. */
bool incload__ascii_equal(const char *a, const char *b);                 /* ignoring case */
bool incload__ascii_prefix(const char *text, const char *prefix);        /* ignoring case */
char incload__ascii_lower(char c);
bool incload__is_space(char c);
bool incload__is_digit(char c);

/* Behind the quoted text or name that begins at `at`: behind its `close`, or at the end of the text. Within it `close`
 * stands twice for once where `doubles` says so. */
const char *incload__skip_quoted(const char *at, char close, bool backslashes, bool doubles);

/* Whole-string integers with sign, no spaces; false on anything else or overflow. */
bool incload__parse_int64(const char *text, size_t length, int64_t *value);

#endif
