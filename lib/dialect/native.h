/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the text of a native type, such as "timestamp(3) without time zone" or "DECIMAL(10,2) unsigned", by a table of
 * rules; and writes one by kind. */
#ifndef INCLOAD_LIB_DIALECT_NATIVE_H
#define INCLOAD_LIB_DIALECT_NATIVE_H

#include "base/error.h"
#include "base/str.h"
#include "batch/type.h"

typedef enum incload__native_args {
    INCLOAD__ARGS_NONE,
    INCLOAD__ARGS_LENGTH,   /* (n): precision */
    INCLOAD__ARGS_FRACTION, /* (n): scale */
    INCLOAD__ARGS_DECIMAL   /* (p[,s]): NUMERIC when DECIMAL cannot hold them */
} incload__native_args;

typedef struct incload__native_rule {
    const char *name; /* lower case, without arguments; ends in '*' to fit by its start */
    incload__kind kind;
    incload__native_args args;
    int32_t precision; /* when there are no arguments */
    int32_t scale;
} incload__native_rule;

typedef struct incload__native {
    char name[64];   /* lower case, one space between words, without arguments, character set, collation, zerofill */
    int32_t args[2];
    int32_t count; /* -1: arguments that are not one or two integers, or a name that is too long */
} incload__native;

void incload__native_parse(incload__native *out, const char *text);
/* Rules end with a NULL name; `unknown` is the kind when none fits. */
incload__type incload__native_type_of(const incload__native_rule *rules, incload__kind unknown, const char *text);

/* How each kind is written in a created table: '%p' is the precision, '%s' the scale. */
typedef struct incload__native_form {
    const char *plain;   /* NULL: there is no such type */
    const char *bounded; /* where the type has a length up to `longest`; NULL: as plain */
    int32_t longest;
    const char *key;     /* in a key, without a length that fits `key_longest`; NULL: as above */
    int32_t key_longest;
} incload__native_form;

int32_t incload__native_write(const incload__native_form *forms, incload__str *out, const char *column,
                              incload__type type, bool in_key, incload_error **err);

#endif
