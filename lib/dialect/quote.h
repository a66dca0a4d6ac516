/* SPDX-License-Identifier: Apache-2.0 */
/* One way to quote identifiers, told by a rule per dialect. */
#ifndef INCLOAD_LIB_DIALECT_QUOTE_H
#define INCLOAD_LIB_DIALECT_QUOTE_H

#include "base/error.h"
#include "base/str.h"

typedef enum incload__name_unit {
    INCLOAD__NAME_BYTES,
    INCLOAD__NAME_CHARACTERS,
    INCLOAD__NAME_UTF16 /* code units */
} incload__name_unit;

typedef struct incload__quoting {
    const char *server; /* for messages */
    char open;
    char close; /* doubled inside the name */
    int32_t limit;
    incload__name_unit unit;
    bool bmp_only;          /* the server's catalog has no code points past U+FFFF */
    bool no_trailing_space; /* the server refuses the name */
} incload__quoting;

int32_t incload__quote_with(const incload__quoting *rule, incload__str *out, const char *what, const char *name,
                            incload_error **err);

#endif
