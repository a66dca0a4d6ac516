/* SPDX-License-Identifier: Apache-2.0 */
/* The text behind "odbc:": Key=Value;Key={va}}lue};... No message repeats a value: any of them may be a secret. */
#ifndef INCLOAD_LIB_DRIVER_ODBC_CONNSTR_H
#define INCLOAD_LIB_DRIVER_ODBC_CONNSTR_H

#include "base/error.h"
#include "base/str.h"
#include "driver/odbc/profile.h"

typedef struct incload__connstr_item {
    char *key;
    char *raw;   /* as the user wrote it, braces and all: drivers differ in what they unquote */
    char *value; /* without braces */
} incload__connstr_item;

typedef struct incload__connstr {
    const incload__mem *mem;
    incload__connstr_item *items;
    int32_t count;
} incload__connstr;

/* Parses and refuses: nothing behind odbc:, no Driver or DSN, both, unbalanced braces, text behind a closing brace,
 * a key twice, and keys or values that load code, write files or break transactions. */
int32_t incload__connstr_parse(const incload__mem *mem, const char *url, incload__connstr *out, incload_error **err);
/* Wipes the values. */
void incload__connstr_free(incload__connstr *list);
/* The value of a key, whatever its case, or NULL. Borrowed. */
const char *incload__connstr_get(const incload__connstr *list, const char *key);
/* The text for SQLDriverConnect: the user's items as written, then the profile's options for that role that the user
 * did not set. */
void incload__connstr_text(const incload__connstr *list, const incload__odbc_profile *profile, bool writer,
                           int64_t connect_seconds, incload__str *out);
/* For messages: Driver, DSN, Server, Port and Database in clear, other values and keys that are not known as "...". */
void incload__connstr_scrubbed(const incload__connstr *list, incload__str *out);

#endif
